//! An index that is made or dropped while it blocks a table in use.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, steps::NewStep};
use sql::locks::Blocked;
use sql::{Step, TableAction};

use crate::migrating::{finding, remedy, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "blocking-index",
            "A migration blocks a table while it changes an index",
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
        if step.is_refused() {
            refused(model, report, database, step);
            continue;
        }
        if !step.blocks() {
            continue;
        }
        match step.change() {
            Some(Step::CreateIndex(index)) if !index.only && !step.is_empty => {
                let name = index.name.clone().unwrap_or_default();
                blocked(model, report, database, step, "Building the index", &name);
            }
            Some(Step::DropIndex { names, .. }) => {
                let name = names.first().map(|n| n.name.clone()).unwrap_or_default();
                blocked(model, report, database, step, "Dropping the index", &name);
            }
            Some(Step::Reindex { .. }) => blocked(model, report, database, step, "Building anew the index", ""),
            _ => match step.action() {
                Some((_, TableAction::AddIndex { index })) => {
                    let name = index.name.clone().unwrap_or_default();
                    blocked(model, report, database, step, "Building the index", &name);
                }
                Some((_, TableAction::DetachPartition { partition, concurrently: false })) => {
                    blocked(model, report, database, step, "Detaching the partition", &partition.name);
                }
                _ => {}
            },
        }
    }
}

fn blocked(model: &Model, report: &mut Report<'_>, database: &DatabaseSchema, step: &NewStep, what: &str, name: &str) {
    let table = step.table_name();
    // one lock for each table: several indexes of it are one finding
    let migration = &database.set.migrations[step.migration];
    let subject = format!("index {table} {what} {} {}", migration.version, migration.name);
    let reads_too = step.blocks == Blocked::Everything;
    let whom = if reads_too { "everybody who reads or writes" } else { "every write to" };
    let issue = match (name.is_empty(), table.is_empty() || table == name) {
        (true, true) => Text::say(&format!("{what} blocks {whom} its table."), &[]),
        (true, false) => Text::say(&format!("{what} blocks {whom} `{{}}`."), &[&table]),
        (false, true) => Text::say(&format!("{what} `{{}}` blocks {whom} its table."), &[name]),
        (false, false) => Text::say(&format!("{what} `{{}}` blocks {whom} `{{}}`."), &[name, &table]),
    };
    let mut finding = finding(report, model, database, step, name, (subject, issue));
    finding.impact = match reads_too {
        true => {
            // it is quick once it has its lock: the queue before it is what hurts
            finding.severity = Severity::Suggestion;
            Text::from(
                "It waits for every transaction that uses the table, and all that come after it wait behind it, reads among them.",
            )
        }
        false => Text::from(
            "Requests that write there wait until the index is built, which takes minutes on a large table, and longer where the transaction goes on; connections run out meanwhile.",
        ),
    };
    remedy(&mut finding, database, step, "Do it while the table is small, or in a window without traffic.");
    finding.verification = Text::from(
        "Run the migration on a copy of the production data and write to the table from a second connection meanwhile: the write must not wait.",
    );
    finding.trade_offs = Text::from(
        "Without blocking it takes longer, and what fails half-way leaves an invalid index that must be dropped by hand. On a table that stays small it does not matter.",
    );
    report.add(finding);
}

fn refused(model: &Model, report: &mut Report<'_>, database: &DatabaseSchema, step: &NewStep) {
    let table = step.table_name();
    let by_tool = step.transaction.is_some_and(|t| t.by_tool);
    let word = "CONCURRENTLY";
    let subject = format!("concurrently {table} {}", model.sources.text(step.span).lines().next().unwrap_or_default());
    let issue = match by_tool {
        true => Text::from("`CONCURRENTLY` is refused in the transaction that the migration tool opens."),
        false => Text::from("`CONCURRENTLY` is refused inside a transaction, and this migration opens one."),
    };
    let mut finding = finding(report, model, database, step, word, (subject, issue));
    finding.impact = Text::from("The migration fails, and with it the deployment that waits for it.");
    finding.fix = Text::say("Put the statement alone into a migration that runs without a transaction. ", &[])
        .and(database.outside_transaction(), &[]);
    finding.verification = Text::from("Run the migrations against an empty database with the project's own tool.");
    report.add(finding);
}
