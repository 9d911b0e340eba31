//! Tables with more dead rows than VACUUM leaves.

use base::{RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::{proven, said};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "dead-rows",
            "VACUUM does not keep up with a table",
            Severity::Suggestion,
            Stage::Data,
            &["C3.relational-databases-sql.10"],
            &[1089],
            &[],
        )
    },
    check,
};

/// Dead rows from which it is worth a word, and from which it is felt.
const DEAD: [i64; 2] = [10_000, 1_000_000];
/// Of a hundred rows, how many are dead.
const SHARE: i64 = 40;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for table in running.tables() {
            let measured = table.measured();
            let (Some(rows), Some(dead)) = (measured.rows, measured.dead_rows) else { continue };
            if dead < DEAD[0] || dead * 100 < (rows + dead) * SHARE {
                continue;
            }
            let name = table.name();
            let share = (dead * 100 / (rows + dead)).to_string();
            let issue = Text::say(
                "`{}` holds {} dead rows beside {} that live: {} in a hundred.",
                &[&name, &count(dead), &count(rows), &share],
            );
            let mut finding = proven(report, format!("dead rows {name}"), table.span(), issue);
            if dead >= DEAD[1] {
                finding.severity = Severity::Important;
            }
            finding.details = Text::from(
                "VACUUM begins by itself when a fifth of a table is dead. That it is more says that it does not come often enough, or that something still sees the old rows: a transaction that stays open, a replication slot, a prepared transaction.",
            );
            finding.impact =
                Text::from("Every query reads past them, and the table and its indexes grow and do not shrink again.");
            let change = format!(
                "ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = 0.02);",
                said(&measured.schema, &measured.name)
            );
            finding.fix =
                Text::from("End what holds the old rows; let VACUUM come earlier to this table:").block("sql", change);
            finding.verification =
                Text::from("`n_dead_tup` in `pg_stat_user_tables` stays below a fifth of `n_live_tup`.");
            finding.trade_offs = Text::from("VACUUM then runs more often, each time for less.");
            report.add(finding);
        }
    }
}
