//! Databases that write much to temporary files.

use base::Related;
use base::{RuleInfo, Severity, Stage, Text};
use live::{count, size};
use model::Model;

use crate::running::{proven, since};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "temporary-files",
            "Queries that sort and join on disk",
            Severity::Suggestion,
            Stage::Data,
            &["W4.4"],
            &[1067],
            &[],
        )
    },
    check,
};

/// Bytes of temporary files in a day.
const BYTES: i64 = 1 << 30;
/// Seconds of statistics that are enough to speak of days.
const LONG_ENOUGH: i64 = 86_400;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let activity = &running.snapshot.activity;
        let (Some(seconds), Some(bytes)) = (activity.seconds, activity.temporary_bytes) else { continue };
        let days = seconds / 86_400;
        if seconds < LONG_ENOUGH || bytes / days < BYTES {
            continue;
        }
        let issue = Text::say("Queries write {} of temporary files a day.", &[&size(bytes / days)]);
        let mut finding = proven(report, "temporary files".to_owned(), running.span(&running.lines.activity), issue);
        let files = count(activity.temporary_files.unwrap_or(0));
        finding.details = Text::say(
            "{} files{}: what does not fit into `work_mem` is sorted and joined on disk.",
            &[&files, &since(running)],
        );
        let statements = running.snapshot.statements.iter().zip(&running.lines.statements);
        let mut writing: Vec<_> = statements.filter(|(s, _)| s.temporary_blocks > 0).collect();
        writing.sort_by_key(|(s, _)| std::cmp::Reverse(s.temporary_blocks));
        finding.related = writing
            .iter()
            .take(3)
            .map(|(_, line)| Related {
                span: running.span(line),
                message: Text::from("Among those that write most of them."),
            })
            .collect();
        finding.impact =
            Text::from("Such a query takes many times as long as in memory, and the disk is busy for everyone.");
        finding.fix = Text::from(
            "Give the statements that write most of them an index in the order they sort by, or fewer rows; then more `work_mem` for the roles and statements that need it, not for all.",
        );
        finding.verification = Text::from("`temp_bytes` in `pg_stat_database` no longer grows by a GB a day.");
        finding.trade_offs = Text::from(
            "Each sort of each session may take `work_mem`: a high value for all can take the memory of the machine.",
        );
        report.add(finding);
    }
}
