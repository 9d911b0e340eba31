//! What the rules about new migrations say in common.

use base::{Evidence, Finding, Span, Text};
use model::Model;
use model::schemas::{DatabaseSchema, Told, place_of, steps::NewStep};

use crate::Report;

/// Every step of a new migration that touches a table in use.
pub fn steps(model: &Model) -> impl Iterator<Item = (&DatabaseSchema, &NewStep)> {
    model.schemas.iter().flat_map(|database| database.steps.iter().map(move |step| (database, step)))
}

/// A finding about a step, where its statement says `word`.
pub fn finding(
    report: &Report<'_>,
    model: &Model,
    database: &DatabaseSchema,
    step: &NewStep,
    word: &str,
    (subject, issue): (String, Text),
) -> Finding {
    at(report, model, database, place_of(&model.sources, step.span, word), (subject, issue))
}

/// A finding about a new migration.
pub fn at(
    report: &Report<'_>,
    model: &Model,
    database: &DatabaseSchema,
    span: Span,
    (subject, issue): (String, Text),
) -> Finding {
    let mut finding = report.finding(subject, span, issue);
    finding.details = told(model, database);
    if database.told == Told::ByPlace {
        finding.evidence = Evidence::Suspected;
    }
    finding
}

/// Why the migration counts as new.
pub fn told(model: &Model, database: &DatabaseSchema) -> Text {
    let before = model.sources.before().map_or("", |b| b.name.as_str());
    match database.told {
        Told::ByBase => Text::say("This migration is new: it is not in `{}`.", &[before]),
        Told::ByPlace => Text::say(
            "It is among the last migrations of `{}`, which are judged as if they had not run yet; `--diff BASE` says exactly which are new.",
            &[&database.set.directory],
        ),
    }
}

/// Why this change is one, and then why its migration counts as new.
pub fn because(finding: &mut Finding, why: Text) {
    let told = std::mem::take(&mut finding.details);
    finding.details = why.and(" ", &[]);
    finding.details.0.extend(told.0);
}

/// Fills in what is written instead.
pub fn remedy(finding: &mut Finding, database: &DatabaseSchema, step: &NewStep, otherwise: &str) {
    finding.fix = match database.remedy(step) {
        Some(remedy) if remedy.sql.is_empty() => Text::say(&remedy.say, &[]),
        Some(remedy) => {
            let outside = remedy.sql.contains("CONCURRENTLY").then(|| database.outside_transaction());
            let said = Text::say(&remedy.say, &[]);
            let said = outside.map_or(said.clone(), |outside| said.and(" ", &[]).and(outside, &[]));
            said.block("sql", remedy.sql)
        }
        None => Text::say(otherwise, &[]),
    };
}
