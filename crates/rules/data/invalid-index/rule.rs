//! Indexes that were not finished.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::{proven, said};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "invalid-index",
            "An index that cannot be used",
            Severity::Important,
            Stage::Data,
            &["W3.4"],
            &[1089],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let builds = |name: &str| {
            let statements = running.snapshot.sessions.iter().filter_map(|s| s.statement.as_deref());
            let mut making = statements.filter(|s| s.starts_with("create ") || s.starts_with("reindex "));
            making.any(|s| s.contains(&name.to_lowercase()) || s.starts_with("reindex "))
        };
        for table in running.tables() {
            for (index, span) in table.indexes().filter(|(i, _)| i.invalid && !builds(&i.name)) {
                let name = table.name();
                let issue =
                    Text::say("The index `{}` of `{}` was not finished: no query can use it.", &[&index.name, &name]);
                let mut finding = proven(report, format!("index {name} {}", index.name), span, issue);
                finding.details = Text::from(
                    "That is what `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` leave behind when they fail: by a duplicate, a deadlock, a timeout or a lost connection.",
                );
                finding.impact = Text::from(match index.unique {
                    true => {
                        "Writes keep it up to date and queries do not get faster by it; and that two rows are alike is not kept out for rows that were there."
                    }
                    false => {
                        "Writes keep it up to date, and queries do not get faster by it. A migration with `IF NOT EXISTS` takes it for done."
                    }
                });
                let full = said(&table.measured().schema, &index.name);
                finding.fix = Text::from("Build it again, or drop it where a failed REINDEX left it:").block(
                    "sql",
                    format!("REINDEX INDEX CONCURRENTLY {full};\n-- or\nDROP INDEX CONCURRENTLY {full};"),
                );
                finding.verification =
                    Text::from("`SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid` gives no rows.");
                report.add(finding);
            }
        }
    }
}
