//! Strong locks that are waited for without an end.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::limits_waiting;
use sql::locks::Blocked;

use crate::migrating::finding;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "no-lock-timeout",
            "A migration waits for a lock without an end",
            Severity::Suggestion,
            Stage::Data,
            &["W3.8", "C3.schema-evolution.1"],
            &[400],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let waits = |s: &&model::schemas::steps::NewStep| s.blocks == Blocked::Everything && !s.limits_waiting;
        let all: Vec<_> = database.steps.iter().filter(waits).collect();
        let Some(step) = all.first() else { continue };
        if limits_waiting(&model.sources) {
            continue;
        }
        let table = step.table_name();
        let subject = format!("lock timeout {}", database.set.directory);
        let issue = Text::say("The lock on `{}` is waited for without an end.", &[&table]);
        let mut finding = finding(report, model, database, step, &table, (subject, issue));
        finding.impact = Text::from(
            "One long query or forgotten transaction on the table makes the migration wait, and every request that comes after it waits behind the migration, reads among them.",
        );
        finding.fix = Text::from("Give up soon and try again, in each migration or for the role that runs them:")
            .block("sql", "SET lock_timeout = '5s';");
        finding.verification = Text::from(
            "Hold a transaction on the table open and run the migration: it must fail after that time, and others must go on.",
        );
        finding.trade_offs = Text::from("A migration may have to be started again; so it must be able to.");
        report.add_for_auditors(finding);
    }
}
