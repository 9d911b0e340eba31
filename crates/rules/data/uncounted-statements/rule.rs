//! Servers that do not count statements.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "uncounted-statements",
            "Nobody knows which statements take the time",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7", "W4.4"],
            &[778],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let snapshot = &running.snapshot;
        if snapshot.server.counts_statements != Some(false) || snapshot.tables.is_empty() {
            continue;
        }
        let issue = Text::from("The server does not count statements: which of them takes the time cannot be said.");
        let mut finding = proven(report, "statements".to_owned(), running.span(&running.lines.server), issue);
        finding.impact = Text::from("What is slow is found by guessing, or when users say so.");
        finding.fix = Text::from("Load the extension at the start of the server (`shared_preload_libraries`), then:")
            .block("sql", "CREATE EXTENSION pg_stat_statements;");
        finding.verification = Text::from("`SELECT count(*) FROM pg_stat_statements` gives a number.");
        finding.trade_offs = Text::from(
            "It takes a few MB of memory and about one in a hundred of the time. The server must be started anew.",
        );
        report.add(finding);
    }
}
