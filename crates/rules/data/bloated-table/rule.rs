//! Tables that are mostly empty space.

use base::Evidence;
use base::{RuleInfo, Severity, Stage, Text};
use live::size;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "bloated-table",
            "A table that is mostly empty space",
            Severity::Suggestion,
            Stage::Data,
            &["C3.relational-databases-sql.10"],
            &[1089],
            &[],
        )
    },
    check,
};

/// Bytes of empty space from which it is worth a word, and from which it is felt.
const WASTED: [i64; 2] = [100 << 20, 10 << 30];

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for table in running.tables() {
            let measured = table.measured();
            let (Some(bytes), Some(expected)) = (measured.bytes, measured.expected_bytes) else { continue };
            let wasted = bytes - expected;
            // the estimate is rough: less than half is nothing to speak of
            if wasted < WASTED[0] || wasted * 2 < bytes {
                continue;
            }
            let name = table.name();
            let issue = Text::say("About {} of the {} of `{}` are empty space.", &[&size(wasted), &size(bytes), &name]);
            let mut finding = proven(report, format!("bloat {name}"), table.span(), issue);
            // the server does not say it, its statistics do
            finding.evidence = Evidence::Shown;
            if wasted >= WASTED[1] {
                finding.severity = Severity::Important;
            }
            finding.details =
                Text::from("By what the planner knows of the width of its columns; `pgstattuple_approx` counts it.");
            finding.impact = Text::from(
                "Every scan reads it, it is kept in memory and in backups, and VACUUM does not give it back.",
            );
            finding.fix = Text::from(
                "See to it that VACUUM comes often enough, then write the table anew: with `pg_repack` while it is used, or `VACUUM FULL` while nobody uses it.",
            );
            finding.verification =
                Text::say("`SELECT * FROM pgstattuple_approx('{}')`: `approx_free_percent` is below 30.", &[&name]);
            finding.trade_offs =
                Text::from("`VACUUM FULL` locks the table as long as it writes it, and needs the space twice.");
            report.add(finding);
        }
    }
}
