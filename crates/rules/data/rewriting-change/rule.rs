//! A change that writes a whole table anew while others wait.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::steps::NewStep;
use sql::locks::{Blocked, Work};
use sql::{Step, TableAction};

use crate::migrating::{because, finding, remedy, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "rewriting-change",
            "A migration writes a whole table anew while others wait",
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
        let Some((word, why)) = reason(step).filter(|_| step.blocks()) else { continue };
        let table = step.table_name();
        let table = if table.is_empty() { "every table".to_owned() } else { table };
        let subject = format!("rewrite {table} {}", database.set.migrations[step.migration].version);
        let whom = match step.blocks {
            Blocked::Everything => "neither reads nor writes come through",
            _ => "no write comes through",
        };
        let issue =
            Text::say("`{}` is written anew, row by row, and ", &[&table]).and(whom, &[]).and(" meanwhile.", &[]);
        let mut finding = finding(report, model, database, step, &word, (subject, issue));
        because(&mut finding, why);
        if let Some((_, TableAction::SetType { column, .. } | TableAction::ModifyColumn { column, .. })) = step.action()
            && step.column(column).is_none()
        {
            finding.evidence = Evidence::Suspected;
        }
        // the whole column is written, whatever of it changes
        let is_guess = matches!(step.action(), Some((_, TableAction::ModifyColumn { column, .. })) if step.column(column).is_none());
        finding.impact = Text::from(
            "Requests that come to the table wait as long as the database needs to copy it with all its indexes: minutes to hours on a large table, with twice its space on the disk.",
        );
        remedy(
            &mut finding,
            database,
            step,
            "Do it with a tool that copies the table in the background, or in a window without traffic.",
        );
        finding.verification = Text::from(
            "Run the migration on a copy of the production data, and read and write the table from a second connection meanwhile: neither must wait.",
        );
        finding.trade_offs = Text::from(
            "The way without waiting takes several deployments; on a table that stays small it is not worth them.",
        );
        match is_guess {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}

/// What it does to the table, in words, where that writes it anew; and the word that says so.
fn reason(step: &NewStep) -> Option<(String, Text)> {
    if let Some(Step::RewriteTable { .. }) = step.change() {
        return Some(("FULL".to_owned(), Text::from("The statement copies the table into a new file.")));
    }
    let work = step.effect()?.work;
    if work < Work::Rewrite {
        // what hangs on a column whose type changes
        let Some((_, TableAction::SetType { column, data_type, .. })) = step.action() else { return None };
        let why =
            "The column `{}` becomes `{}`; checks that name it, or indexes that are ordered by it, are made again.";
        return (work > Work::Catalog).then(|| (column.clone(), Text::say(why, &[column, &data_type.to_string()])));
    }
    let from = |column: &str| step.column(column).map(|c| c.data_type.to_string());
    let change = |column: &str, to: String| match from(column).filter(|f| *f != to) {
        Some(from) => {
            Text::say("The column `{}` becomes `{}`, and is kept in another way than `{}`.", &[column, &to, &from])
        }
        None => {
            Text::say("The column `{}` becomes `{}`; what it was is not known, or does not hold on.", &[column, &to])
        }
    };
    let (_, action) = step.action()?;
    Some(match action {
        TableAction::SetType { column, data_type, .. } => (column.clone(), change(column, data_type.to_string())),
        TableAction::ModifyColumn { column, definition } => {
            (column.clone(), change(column, definition.data_type.to_string()))
        }
        TableAction::AddColumn { column, .. } => {
            let name = column.name.as_str();
            let why = match (&column.default, column.generated.is_some()) {
                (_, true) => Text::say("The new column `{}` is computed and stored for every row.", &[name]),
                (Some(default), _) => Text::say(
                    "The new column `{}` gets another value for every row: `{}`.",
                    &[name, &default.expression],
                ),
                (None, _) if column.identity.is_some() => {
                    Text::say("The new column `{}` gets a number for every row.", &[name])
                }
                (None, _) => {
                    Text::say("The new column `{}` alone would be free: the statement asks for a copy.", &[name])
                }
            };
            (column.name.clone(), why)
        }
        TableAction::SetStorage { what } => (String::new(), Text::say("`SET {}` moves all rows.", &[what])),
        TableAction::SetOption { name, value } => (name.clone(), Text::say("`{} {}` copies all rows.", &[name, value])),
        TableAction::DropConstraint { name, .. } => {
            (name.clone(), Text::from("Rows are kept in the order of the primary key, which goes."))
        }
        _ => return None,
    })
}
