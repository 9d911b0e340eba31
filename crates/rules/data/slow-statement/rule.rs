//! Statements that take more than their budget.

use base::Related;
use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::{proven, senders};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::PerformanceBudget),
        ..info(
            "slow-statement",
            "A statement that takes more than its budget",
            Severity::Important,
            Stage::Data,
            &["W3.7", "W4.4"],
            &[1067],
            &[],
        )
    },
    check,
};

/// Milliseconds that a statement may take on average, by the specification's budget.
const BUDGET: f64 = 100.0;
/// Calls that are more than a report now and then.
const CALLS: i64 = 20;
/// How many are told: those that take most of the time.
const MOST: usize = 10;
/// How many places of the code are shown.
const MOST_PLACES: usize = 5;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let all = &running.snapshot.statements;
        let whole: f64 = all.iter().map(|s| s.total_ms).sum();
        let slow = all.iter().zip(&running.lines.statements).filter(|(s, _)| s.mean_ms() > BUDGET && s.calls >= CALLS);
        for (statement, line) in slow.take(MOST) {
            let mean = format!("{:.0}", statement.mean_ms());
            let issue = Text::say(
                "A statement takes {} ms on average, over {} calls: `{}`.",
                &[&mean, &count(statement.calls), &statement.text],
            );
            let mut finding = proven(report, format!("statement {}", statement.text), running.span(line), issue);
            let share = format!("{:.0}", 100.0 * statement.total_ms / whole.max(1.0));
            let blocks = (statement.blocks_hit + statement.blocks_read) / statement.calls.max(1);
            finding.details = Text::say(
                "That is {} in a hundred of the time of all statements. The longest took {} ms; a call gives or changes {} rows and reads {} blocks.",
                &[
                    &share,
                    &format!("{:.0}", statement.max_ms),
                    &count(statement.rows / statement.calls.max(1)),
                    &count(blocks),
                ],
            );
            if statement.temporary_blocks > 0 {
                finding.details =
                    finding.details.and(" It sorts or joins on disk, since `work_mem` does not hold it.", &[]);
            }
            let senders = senders(model, running, &statement.text);
            let route = senders.iter().find_map(|a| model.route_served(a.function?));
            finding.endpoint = route.map(|r| r.name());
            finding.related = senders
                .iter()
                .take(MOST_PLACES)
                .map(|a| Related { span: a.span, message: Text::from("Sent here, by its table and conditions.") })
                .collect();
            finding.impact = Text::from(
                "Whoever waits for it waits more than the 100 ms that a query may take, and the connection is held as long.",
            );
            finding.fix = Text::from(
                "Look at its plan. Many blocks for few rows: an index that begins with the columns of its conditions. Many rows: a page of them, or sums that are kept. Few blocks: look for locks.",
            );
            finding.verification = Text::from(
                "`EXPLAIN (ANALYZE, BUFFERS)` with usual values on a copy of the data; then `mean_exec_time` in `pg_stat_statements` after a reset.",
            );
            report.add(finding);
        }
    }
}
