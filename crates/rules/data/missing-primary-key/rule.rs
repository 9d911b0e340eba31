//! A table without a primary key.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::place_of;

use crate::running::{seen, seen_there};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-primary-key",
            "A table without a primary key",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1"],
            &[1066],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        for table in database.tables_without_key() {
            let name = table.name.name.as_str();
            let subject = format!("table {name}");
            let issue = Text::say("The table `{}` has no primary key.", &[name]);
            let mut finding = report.finding(subject, place_of(&model.sources, table.origin.made, name), issue);
            finding.details = database.provenance();
            finding.impact = Text::from(
                "The same row can be there twice and cannot be told apart; logical replication cannot update or delete its rows, and tools that change tables online refuse it.",
            );
            finding.fix = Text::from("Make the columns that tell its rows apart its key, or give it one of its own:")
                .block("sql", format!("ALTER TABLE {} ADD PRIMARY KEY (…);", table.name));
            finding.verification = Text::from("Insert the same row twice: the second must be refused.");
            if let Some(running) = seen(model, database, table) {
                if running.made().is_some_and(|t| t.primary_key().is_some()) {
                    let reason = Text::say("The running database has one on `{}`, which nothing here makes.", &[name]);
                    report.refute(finding, reason);
                    continue;
                }
                seen_there(&mut finding, &running);
            }
            report.add(finding);
        }
    }
}
