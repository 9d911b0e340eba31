//! Uniqueness that only the code checks.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::DatabaseSchema;
use model::stored::Stored;
use sql::Dialect;
use sql::schema::{Index, Table};

use crate::running::{seen, seen_there};
use crate::support::{info, is_production};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-constraint",
            "Uniqueness that only the code checks",
            Severity::Important,
            Stage::Data,
            &["W3.1", "W3.6"],
            &[362],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut told: Vec<(String, String)> = Vec::new();
    for stored in model.stored.all.iter().filter(|s| !s.is_document) {
        let Some((database, table)) = table_of(model, stored) else { continue };
        for (columns, span) in &stored.checked_unique {
            let mut sorted = columns.clone();
            sorted.sort();
            let key = (table.name.to_string(), sorted.join(" "));
            if !is_production(model, *span) || !is_missing(database, table, columns) || told.contains(&key) {
                continue;
            }
            told.push(key);
            add(model, report, stored, (database, table), columns, *span);
        }
    }
}

/// The table of something that is stored, where one database alone has it.
fn table_of<'m>(model: &'m Model, stored: &Stored) -> Option<(&'m DatabaseSchema, &'m Table)> {
    let mut found = model.schemas.iter().filter_map(|d| Some((d, d.schema.table(&stored.table)?)));
    found.next().filter(|_| found.next().is_none())
}

/// Whether the table has the columns, and no unique index lies within them. What an index says of some rows only, or of
/// letters in one case, is taken for what the code means.
fn is_missing(database: &DatabaseSchema, table: &Table, columns: &[String]) -> bool {
    let dialect = database.schema.dialect;
    columns.iter().all(|c| table.column(c, dialect).is_some()) && lacks(table, columns, dialect)
}

/// Whether no unique index of the table lies within the columns.
fn lacks(table: &Table, columns: &[String], dialect: Dialect) -> bool {
    let named = |name: &str| columns.iter().any(|c| dialect.is_same(c, name));
    let covers = |index: &Index| {
        index.unique
            && index.columns.iter().all(|c| match (&c.column, &c.expression) {
                (Some(column), _) => named(column),
                (None, Some(expression)) => words(expression).any(named),
                (None, None) => false,
            })
    };
    !table.indexes.iter().any(covers)
}

/// The names in an expression.
fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty())
}

fn add(
    model: &Model,
    report: &mut Report<'_>,
    stored: &Stored,
    (database, table): (&DatabaseSchema, &Table),
    columns: &[String],
    span: base::Span,
) {
    let (name, listed) = (table.name.name.as_str(), columns.join(", "));
    let subject = format!("unique {name} {listed}");
    let problem = match columns {
        [one] => Text::say("Only the code keeps `{}.{}` unique: no unique index of the table does.", &[name, one]),
        _ => Text::say("Only the code keeps `{}` unique by ({}): no unique index of the table does.", &[name, &listed]),
    };
    let mut finding = report.finding(subject, span, problem);
    finding.details = Text::say(
        "`{}` asks whether such a row is there, and then writes its own. 1. One request asks: none is there. 2. Another asks the same before the first has written: none is there. 3. Both write.",
        &[&stored.name],
    );
    finding.impact = Text::from(
        "Two requests at once (a double click, a retry) leave two rows that should be one. What looks one up by these columns then takes either, and the rows refuse every later change that is checked.",
    );
    let statement = database.unique_index_statement(table, columns);
    finding.fix = Text::from(
        "Join the duplicates that are there, then add a unique index in a migration of its own, and answer its error like that of the check:",
    )
    .block("sql", statement);
    finding.verification = Text::say(
        "`SELECT {} FROM {} GROUP BY {} HAVING count(*) > 1` gives no rows, and of two inserts of the same values at once one fails.",
        &[&listed, name, &listed],
    );
    finding.trade_offs = Text::from(
        "Each index makes writes a little slower and takes space. Where the check overlooks the case of letters, the index is on the lowered column; where it holds for some rows only, it is partial.",
    );
    finding.related = vec![Related { span: table.origin.made, message: Text::from("The table is made here.") }];
    if let Some(running) = seen(model, database, table) {
        if running.made().is_some_and(|made| !lacks(made, columns, database.schema.dialect)) {
            let reason =
                Text::say("The running database has a unique index for it on `{}`, which nothing here makes.", &[name]);
            return report.refute(finding, reason);
        }
        seen_there(&mut finding, &running);
    }
    report.add(finding);
}
