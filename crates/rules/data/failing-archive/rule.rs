//! Archives of the write-ahead log that fail.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "failing-archive",
            "The log for restoring is not kept",
            Severity::Important,
            Stage::Data,
            &["C14.infrastructure-considerations.7"],
            &[1188],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in model.running.iter().filter(|r| r.snapshot.server.archive_failed == Some(true)) {
        let issue =
            Text::from("The write-ahead log could not be archived since it last could: the archive has a hole.");
        let span = running.span(&running.lines.server);
        let mut finding = proven(report, "archive".to_owned(), span, issue);
        finding.impact = Text::from(
            "A backup cannot be brought forward past the hole, so that all since then is lost with the machine; and the log stays on the disk until it is full.",
        );
        finding.fix = Text::from(
            "Look at what `archive_command` says in the server's log, mend it, and take a new base backup where a file was lost.",
        );
        finding.verification = Text::from(
            "`SELECT last_archived_time > last_failed_time FROM pg_stat_archiver` is true, and a restore to a time after it works.",
        );
        report.add(finding);
    }
}
