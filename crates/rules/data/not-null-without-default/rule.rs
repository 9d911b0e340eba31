//! A column that must have a value, in rows that have none.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, steps::NewStep};
use sql::TableAction;
use sql::locks::Work;

use crate::migrating::{because, finding, remedy, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "not-null-without-default",
            "A migration demands a value that the rows do not have",
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
        if let Some(column) = step.column_without_value() {
            let name = column.name.clone();
            added(model, report, database, step, &name);
        } else if let Some((column, later)) = database.column_losing_default(step) {
            loses_default(model, report, database, (step, later), column);
        } else if let Some((_, TableAction::SetNotNull { column })) = step.action()
            && step.effect().is_some_and(|e| e.work >= Work::Scan)
            && !database.proves_not_null(step, column)
        {
            let name = column.clone();
            demanded(model, report, database, step, &name);
        }
    }
}

fn added(model: &Model, report: &mut Report<'_>, database: &DatabaseSchema, step: &NewStep, column: &str) {
    let table = step.table_name();
    let subject = format!("not null {table} {}", database.set.migrations[step.migration].version);
    let issue =
        Text::say("`{}.{}` is added as `NOT NULL` without a default, to a table that is in use.", &[&table, column]);
    let mut finding = finding(report, model, database, step, column, (subject, issue));
    finding.impact = Text::from(
        "Where the table has a row the migration fails, or each row gets an empty value that means nothing; and the version of the code that still runs does not know the column, so that every row it inserts is refused.",
    );
    remedy(&mut finding, database, step, "Give it a default, or add it without `NOT NULL` and fill it first.");
    finding.verification =
        Text::from("Run the migration on a table with rows, and then the last version's tests that insert there.");
    report.add(finding);
}

fn loses_default(
    model: &Model,
    report: &mut Report<'_>,
    database: &DatabaseSchema,
    (step, later): (&NewStep, &NewStep),
    column: &str,
) {
    let table = step.table_name();
    let subject = format!("default of {table} {column}");
    let issue = Text::say("`{}.{}` is added as `NOT NULL`, and its default is taken away again.", &[&table, column]);
    let mut finding = finding(report, model, database, step, column, (subject, issue));
    finding.related.push(base::Related { span: later.span, message: Text::from("The default goes here.") });
    finding.impact = Text::from(
        "The version of the code that still runs while the new one is rolled out does not know the column: every row that it inserts is refused. So it is after a rollback of the code alone.",
    );
    finding.fix = Text::from(
        "Leave the default in the database for this release, and take it away in a later one, when all code that runs gives the column a value.",
    );
    finding.verification =
        Text::from("Run the last version's tests that insert there against the schema after the migration.");
    report.add(finding);
}

fn demanded(model: &Model, report: &mut Report<'_>, database: &DatabaseSchema, step: &NewStep, column: &str) {
    let table = step.table_name();
    let subject = format!("set not null {table} {}", database.set.migrations[step.migration].version);
    let issue =
        Text::say("`SET NOT NULL` on `{}.{}` reads the whole table under its strongest lock.", &[&table, column]);
    let mut finding = finding(report, model, database, step, column, (subject, issue));
    because(
        &mut finding,
        Text::say("No validated check says yet that `{}` is never null, so every row is read to see it.", &[column]),
    );
    finding.impact = Text::from(
        "Nobody reads or writes the table until all of it was read; one row without a value makes the migration fail, and so does code that still inserts none.",
    );
    remedy(&mut finding, database, step, "Prove it by a check that is validated before.");
    finding.verification = Text::from(
        "Run the migration on a copy of the production data, and read the table from a second connection meanwhile: it must not wait.",
    );
    finding.trade_offs = Text::from("Three statements more; on a table that stays small they are not worth it.");
    report.add(finding);
}
