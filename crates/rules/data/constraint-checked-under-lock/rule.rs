//! A constraint whose check of all rows keeps others out.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, steps::NewStep};
use sql::locks::{Blocked, Work};
use sql::{ConstraintDefinition, ConstraintKind, TableAction};

use crate::migrating::{because, finding, remedy, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "constraint-checked-under-lock",
            "A constraint is checked for all rows while others wait",
            Severity::Important,
            Stage::Data,
            &["W3.8", "C3.schema-evolution.1"],
            &[400],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for (database, step) in steps(model) {
        let Some((table, action)) = step.action() else { continue };
        match action {
            TableAction::AddConstraint { constraint }
                if step.effect().is_some_and(|e| e.work >= Work::Scan && e.blocks > Blocked::Nothing) =>
            {
                added(model, report, database, step, constraint);
            }
            TableAction::AddColumn { column, .. } => {
                let checks = step.effect().is_some_and(|e| matches!(e.work, Work::Scan | Work::BuildIndex));
                if let Some(constraint) = column.constraints.first().filter(|_| checks && step.blocks()) {
                    added(model, report, database, step, constraint);
                }
            }
            TableAction::ValidateConstraint { name } => {
                let adds = |s: &&NewStep| {
                    matches!(s.action(), Some((other, TableAction::AddConstraint { constraint }))
                        if other == table && constraint.name.as_ref() == Some(name))
                };
                let held = step.transaction.is_some();
                let same = |s: &&NewStep| s.transaction == step.transaction && s.span < step.span;
                if let Some(first) = database.steps.iter().filter(same).find(adds).filter(|_| held) {
                    validated(model, report, database, (step, first), name);
                }
            }
            _ => {}
        }
    }
}

fn added(
    model: &Model,
    report: &mut Report<'_>,
    database: &DatabaseSchema,
    step: &NewStep,
    constraint: &ConstraintDefinition,
) {
    let table = step.table_name();
    let (what, name) = words(constraint);
    let subject = format!("constraint {table} {what} {}", database.set.migrations[step.migration].version);
    let builds = step.effect().is_some_and(|e| e.work == Work::BuildIndex);
    let copies = step.effect().is_some_and(|e| e.work == Work::Rewrite);
    let how = match (builds, copies) {
        (true, _) => "builds its index",
        (_, true) => "copies the table",
        _ => "checks every row",
    };
    let whom = if step.blocks == Blocked::Everything { "reads nor writes" } else { "writes" };
    let not = if step.blocks == Blocked::Everything { "neither " } else { "no " };
    let issue = Text::say(&format!("{what} on `{{}}` {how} and lets {not}{whom} through meanwhile."), &[&table]);
    let mut finding = finding(report, model, database, step, &name, (subject, issue));
    if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind {
        because(&mut finding, Text::say("It locks `{}` against writes as well.", &[&references.to_string()]));
    }
    finding.impact = Text::from(
        "Requests wait as long as the check takes: minutes on a large table; and where a row does not fit, the migration fails after all of it.",
    );
    remedy(&mut finding, database, step, "Do it while the table is small, or in a window without traffic.");
    finding.verification = Text::from(
        "Run the migration on a copy of the production data, and write to the table from a second connection meanwhile: it must not wait.",
    );
    finding.trade_offs = Text::from(
        "Two deployments instead of one; until the second the rows that were there before are not checked. On a table that stays small they are not worth it.",
    );
    report.add(finding);
}

/// What a constraint is, and a word of its statement.
fn words(constraint: &ConstraintDefinition) -> (&'static str, String) {
    let of = |columns: &[sql::IndexColumn]| columns.first().and_then(|c| c.column.clone()).unwrap_or_default();
    match &constraint.kind {
        ConstraintKind::ForeignKey { columns, references, .. } => {
            ("The foreign key", columns.first().cloned().unwrap_or_else(|| references.name.clone()))
        }
        ConstraintKind::Check { .. } => ("The check", "CHECK".to_owned()),
        ConstraintKind::PrimaryKey { columns, .. } => ("The primary key", of(columns)),
        ConstraintKind::Unique { columns, .. } => ("The unique constraint", of(columns)),
        ConstraintKind::Exclude { .. } => ("The exclusion constraint", "EXCLUDE".to_owned()),
    }
}

fn validated(
    model: &Model,
    report: &mut Report<'_>,
    database: &DatabaseSchema,
    (step, first): (&NewStep, &NewStep),
    name: &str,
) {
    let table = step.table_name();
    let subject = format!("validate {table} {name}");
    let issue = Text::say(
        "`{}` is added and validated in one transaction: `{}` stays locked while every row is checked.",
        &[name, &table],
    );
    let mut finding = finding(report, model, database, step, name, (subject, issue));
    finding.related.push(base::Related { span: first.span, message: Text::from("The lock is taken here.") });
    finding.impact = Text::from(
        "The lock of the first statement is held to the end of the transaction, so nothing is won by `NOT VALID`.",
    );
    finding.fix = Text::from("Validate it in a migration of its own.");
    finding.verification = Text::from(
        "Run the migrations on a copy of the production data, and write to the table from a second connection meanwhile: it must not wait.",
    );
    report.add(finding);
}
