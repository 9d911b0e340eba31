//! Constraints that never checked the rows that were there.

use base::{Finding, RuleInfo, Severity, Span, Stage, Text};
use model::Model;
use model::schemas::DatabaseSchema;
use sql::schema::Table;

use crate::running::{proven, said, seen, seen_there};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unvalidated-constraint",
            "A constraint that old rows may break",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.6", "W3.8"],
            &[1289],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut told: Vec<(String, String)> = Vec::new();
    for database in model.schemas.iter().filter(|d| d.is_migrated()) {
        for table in database.schema.tables.values() {
            for (name, span) in open(table) {
                let mut finding = by_migrations(report, (database, table), name, span);
                let running = seen(model, database, table);
                let there = running.as_ref().and_then(|r| r.measured().constraints.iter().find(|c| c.name == name));
                match (&running, there) {
                    (_, Some(constraint)) if !constraint.unvalidated => {
                        report.refute(finding, Text::from("The running database has validated it."));
                        continue;
                    }
                    (Some(running), Some(_)) => {
                        seen_there(&mut finding, running);
                        told.push((running.name(), name.to_owned()));
                    }
                    _ => {}
                }
                report.add(finding);
            }
        }
    }
    for running in &model.running {
        for table in running.tables() {
            let lines = &running.lines.constraints[table.at];
            for (constraint, line) in table.measured().constraints.iter().zip(lines).filter(|(c, _)| c.unvalidated) {
                let key = (table.name(), constraint.name.clone());
                if told.contains(&key) {
                    continue;
                }
                let issue = Text::say("Rows of `{}` that were there before it may break `{}`.", &[&key.0, &key.1]);
                let mut finding = proven(report, subject(&key.0, &key.1), running.span(line), issue);
                finding.details = Text::from("It was added with `NOT VALID`, and never validated.");
                let measured = table.measured();
                let name = format!("\"{}\"", constraint.name.replace('"', "\"\""));
                mend(&mut finding, &said(&measured.schema, &measured.name), &name);
                report.add(finding);
            }
        }
    }
}

/// Constraints of a table that no migration validates, with where they are made.
fn open(table: &Table) -> impl Iterator<Item = (&str, Span)> {
    let keys = table.foreign_keys.iter().map(|k| (k.name.as_str(), k.validated, k.origin.made));
    let checks = table.checks.iter().map(|c| (c.name.as_str(), c.validated, c.origin.made));
    keys.chain(checks).filter(|(_, validated, _)| !validated).map(|(name, _, span)| (name, span))
}

fn subject(table: &str, constraint: &str) -> String {
    format!("constraint {table} {constraint}")
}

fn by_migrations(report: &Report<'_>, (database, table): (&DatabaseSchema, &Table), name: &str, span: Span) -> Finding {
    let of = table.name.name.as_str();
    let issue = Text::say("`{}` of `{}` is added without a check of the rows that are there.", &[name, of]);
    let mut finding = report.finding(subject(of, name), span, issue);
    finding.details = Text::from("No later migration validates it.");
    mend(&mut finding, &database.table_said(table), &database.said(name));
    finding
}

fn mend(finding: &mut Finding, table: &str, name: &str) {
    finding.impact = Text::from(
        "New rows keep to it, old ones may not: code and joins that count on it meet rows that should not be there, and the planner cannot use it. A later change of such a row fails.",
    );
    finding.fix = Text::from(
        "Mend the rows that break it, then validate it in a migration of its own; that reads the table and does not stop writes:",
    )
    .block("sql", format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"));
    finding.verification = Text::from("`SELECT conname FROM pg_constraint WHERE NOT convalidated` gives no rows.");
}
