//! Databases that find too little in their memory.

use base::Related;
use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::{proven, since};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::PerformanceBudget),
        ..info(
            "low-cache-hit-rate",
            "The database reads from disk what memory should hold",
            Severity::Important,
            Stage::Data,
            &["W4.4", "B.4"],
            &[1067],
            &[],
        )
    },
    check,
};

/// Of a hundred blocks, how many must be found in memory, by the specification's budget.
const BUDGET: i64 = 80;
/// Blocks under which the share says nothing.
const BLOCKS: i64 = 1_000_000;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let activity = &running.snapshot.activity;
        let (Some(hit), Some(read)) = (activity.blocks_hit, activity.blocks_read) else { continue };
        let share = hit * 100 / (hit + read).max(1);
        if hit + read < BLOCKS || share >= BUDGET {
            continue;
        }
        let issue = Text::say(
            "Of a hundred blocks that the database needs {} are in its memory; the budget is 80.",
            &[&share.to_string()],
        );
        let mut finding = proven(report, "cache".to_owned(), running.span(&running.lines.activity), issue);
        finding.details = Text::say("{} blocks were asked of the system{}.", &[&count(read), &since(running)]);
        let mut scanned: Vec<_> = running.tables().filter(|t| t.measured().sequential_rows.unwrap_or(0) > 0).collect();
        scanned.sort_by_key(|t| std::cmp::Reverse(t.measured().sequential_rows));
        finding.related = scanned
            .iter()
            .take(3)
            .map(|t| Related { span: t.span(), message: Text::from("Among the tables that are read as a whole most.") })
            .collect();
        finding.impact = Text::from(
            "A block from memory takes microseconds, one from disk up to milliseconds: everything is slower, and more so under load.",
        );
        finding.fix = Text::from(
            "First the indexes that are missing: tables that are read as a whole push out the rest. Then `shared_buffers`, about a quarter of the machine's memory.",
        );
        finding.verification = Text::from(
            "`SELECT blks_hit * 100 / (blks_hit + blks_read) FROM pg_stat_database` of this database, after a reset and a day of usual work.",
        );
        finding.trade_offs = Text::from(
            "Memory for the database is none for others. What is asked of the system may be in the system's own cache.",
        );
        report.add(finding);
    }
}
