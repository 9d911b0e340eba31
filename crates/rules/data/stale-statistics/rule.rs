//! Tables that the planner knows badly.

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
            "stale-statistics",
            "The planner does not know a table",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7", "C3.relational-databases-sql.10"],
            &[1067],
            &[],
        )
    },
    check,
};

/// Rows from which a wrong plan is felt.
const ROWS: i64 = 10_000;
/// Of a hundred rows, how many changed since the planner looked.
const CHANGED: i64 = 50;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for table in running.tables() {
            let measured = table.measured();
            let Some(rows) = measured.rows.filter(|rows| *rows >= ROWS) else { continue };
            let changed = measured.changed_since_analyze.unwrap_or(0);
            let name = table.name();
            let issue = match measured.analyzed {
                // statistics of the server may be younger than those of the planner
                Some(false) if changed > 0 => {
                    Text::say("The planner never looked at `{}`, which has {} rows.", &[&name, &count(rows)])
                }
                Some(true) if changed * 100 >= rows * CHANGED => Text::say(
                    "{} rows of `{}` changed since the planner looked at it; it has {}.",
                    &[&count(changed), &name, &count(rows)],
                ),
                _ => continue,
            };
            let mut finding = proven(report, format!("statistics {name}"), table.span(), issue);
            finding.impact = Text::from(
                "It plans by what the table was: it reads all of it where an index would do, or goes row by row where it should not.",
            );
            finding.fix = Text::from("Let it look now, and after every load of many rows:")
                .block("sql", format!("ANALYZE {};", said(&measured.schema, &measured.name)));
            finding.verification = Text::from(
                "`last_analyze` or `last_autoanalyze` in `pg_stat_user_tables` has a time, and `EXPLAIN ANALYZE` shows estimates near to what comes.",
            );
            report.add(finding);
        }
    }
}
