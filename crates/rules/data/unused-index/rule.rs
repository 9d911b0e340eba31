//! Indexes that a running database never used.

use base::Evidence;
use base::{RuleInfo, Severity, Stage, Text};
use live::{count, size};
use model::Model;
use model::running::RunningTable;

use crate::running::{proven, said, since};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unused-index",
            "An index that no query used",
            Severity::Suggestion,
            Stage::Data,
            &["W3.4", "C4.query-analysis.2"],
            &[1089],
            &[],
        )
    },
    check,
};

/// Bytes under which an index is not worth a word.
const SMALLEST: i64 = 1 << 20;
/// Bytes from which it costs everybody something.
const LARGE: i64 = 100 << 20;
/// Seconds of statistics that are enough to say that nobody uses it.
const LONG_ENOUGH: i64 = 7 * 86_400;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let snapshot = &running.snapshot;
        // a replica knows only what was asked of itself
        if snapshot.server.is_replica || snapshot.activity.seconds.is_none_or(|s| s < LONG_ENOUGH) {
            continue;
        }
        for table in running.tables() {
            for (index, span) in table.indexes() {
                let bytes = index.bytes.unwrap_or(0);
                let keeps = index.unique || index.of_constraint || index.is_identity || index.invalid;
                if index.scans != Some(0) || keeps || bytes < SMALLEST || is_asked_for(model, &table, &index.name) {
                    continue;
                }
                let name = table.name();
                let issue =
                    Text::say("No query used the index `{}` of `{}`{}.", &[&index.name, &name, &since(running)]);
                let mut finding = proven(report, format!("index {name} {}", index.name), span, issue);
                if bytes >= LARGE {
                    finding.severity = Severity::Important;
                }
                let writes = table.measured().writes.unwrap_or(0);
                finding.details =
                    Text::say("It takes {}; {} rows were written meanwhile.", &[&size(bytes), &count(writes)]);
                if !snapshot.replicas.is_empty() {
                    finding.evidence = Evidence::Shown;
                    finding.details = finding.details.and(
                        " There are replicas, which count what is asked of them by themselves: ask each of them too.",
                        &[],
                    );
                }
                finding.impact = Text::from(
                    "Every write keeps it up to date, it takes memory that the cache could use, and backups and VACUUM read it.",
                );
                let drop = format!("DROP INDEX CONCURRENTLY {};", said(&table.measured().schema, &index.name));
                finding.fix = Text::from("Drop it in a migration of its own, and keep its definition at hand:")
                    .block("sql", drop);
                finding.verification = Text::say(
                    "`SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = {}` is still 0 after the jobs of a whole month ran.",
                    &[&format!("'{}'", index.name.replace('\'', "''"))],
                );
                finding.trade_offs = Text::from(
                    "A report that runs once a quarter may need it; and an index on an expression also gives the planner statistics.",
                );
                report.add(finding);
            }
        }
    }
}

/// Whether code asks by what the index begins with: it may be younger than the statistics.
fn is_asked_for(model: &Model, table: &RunningTable<'_>, index: &str) -> bool {
    let made = table.made().and_then(|t| t.indexes.iter().find(|i| i.name == index));
    let Some(first) = made.and_then(|i| i.columns.first()).and_then(|c| c.column.as_deref()) else { return false };
    model.questions.iter().filter(|q| q.table.name == table.measured().name).any(|q| {
        let ordered = q.order.iter().map(|(name, _)| name);
        q.equal.iter().chain(&q.ranges).chain(ordered).any(|c| c == first)
    })
}
