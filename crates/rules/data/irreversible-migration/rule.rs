//! A migration without a way back, among others that have one.

use base::{RuleInfo, Severity, Span, Stage, Text};
use model::Model;

use crate::migrating::at;
use crate::support::info;
use crate::{Report, Rule};

/// How many of ten migrations must have a way back where one without is told.
const USUAL: usize = 8;

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "irreversible-migration",
            "A migration has no way back",
            Severity::Suggestion,
            Stage::Data,
            &["W3.8", "C3.schema-evolution.4"],
            &[],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let all: Vec<_> = database.set.migrations.iter().filter(|m| !m.is_repeatable).collect();
        let with = all.iter().filter(|m| m.is_reversible).count();
        // some teams go forward only
        if all.len() < 3 || with * 10 < all.len() * USUAL {
            continue;
        }
        for ((migration, is_new), file) in database.set.migrations.iter().zip(&database.new).zip(&database.files) {
            if !is_new || migration.is_reversible || migration.is_repeatable {
                continue;
            }
            let subject = format!("irreversible {} {}", database.set.directory, migration.version);
            let issue = Text::say("The migration `{}` cannot be taken back.", &[&migration.version]);
            let mut finding = at(report, model, database, Span::new(*file, 0, 0), (subject, issue));
            let (with, of) = (with.to_string(), all.len().to_string());
            finding.details = finding.details.and(" {} of the {} migrations here have a way back.", &[&with, &of]);
            finding.impact = Text::from(
                "When the release must be rolled back, the tool stops at it, and somebody writes the way back by hand in the middle of an outage.",
            );
            finding.fix = Text::from(
                "Write what undoes it, or say in its place why nothing can and what is done instead (a backup, a release forward).",
            );
            finding.verification = Text::from("Run it, take it back, run it again, on a database with data.");
            report.add_for_auditors(finding);
        }
    }
}
