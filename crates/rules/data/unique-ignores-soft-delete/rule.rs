//! Unique indexes that deleted rows still hold.

use base::{Evidence, RuleInfo, Severity, Span, Stage, Text};
use model::Model;
use model::guards::words;
use model::schemas::{DatabaseSchema, place_of};
use sql::schema::{Column, Index, IndexRole, Table};
use sql::{Dialect, TypeClass};

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unique-ignores-soft-delete",
            "Rows that are only marked as deleted block their successors",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.6"],
            &[],
            &[],
        )
    },
    check,
};

/// What people choose, and choose again.
const CHOSEN: [&str; 12] =
    ["email", "username", "login", "name", "slug", "title", "phone", "handle", "nickname", "domain", "label", "code"];

fn check(model: &Model, report: &mut Report<'_>) {
    for database in model.schemas.iter().filter(|d| !d.is_document) {
        for table in database.schema.tables.values() {
            let Some(mark) = table.columns.iter().find(|c| marks_deleted(c)) else { continue };
            for index in table.indexes.iter().filter(|i| holds_deleted(i, mark)) {
                let (of, name) = (table.name.name.as_str(), index.name.as_str());
                let columns: Vec<&str> = columns(index).collect();
                let issue = Text::say("`{}` is unique in `{}` among deleted rows as well.", &[&columns.join(", "), of]);
                let mut finding = report.finding(format!("deleted {of} {name}"), place(model, index), issue);
                finding.evidence = Evidence::Suspected;
                finding.details = Text::say(
                    "Rows are marked as deleted in `{}`, which the index `{}` does not know.",
                    &[&mark.name, name],
                );
                finding.impact =
                    Text::from("Whoever deletes one and makes it again is refused, by a row that nobody can see.");
                finding.fix = match database.schema.dialect {
                    Dialect::MySql => Text::from(
                        "Add a generated column that is null for deleted rows to the index, or give deleted rows another value.",
                    ),
                    _ => Text::from("Let the index hold the rows that live:")
                        .block("sql", living(database, table, index, mark)),
                };
                finding.verification = Text::from("Make one, delete it and make it again: it is there.");
                finding.trade_offs = Text::from("Where a name must never be given twice, the index is right as it is.");
                // some of these are meant so: names that must never come back
                report.add_for_auditors(finding);
            }
        }
    }
}

/// Where an index is named, or its first column.
fn place(model: &Model, index: &Index) -> Span {
    let made = index.origin.made;
    let column = index.columns.iter().find_map(|c| c.column.as_deref()).unwrap_or_default();
    match place_of(&model.sources, made, &index.name) {
        found if found != made => found,
        _ => place_of(&model.sources, made, column),
    }
}

/// The columns of an index as they are written.
fn columns(index: &Index) -> impl Iterator<Item = &str> {
    index.columns.iter().filter_map(|c| c.column.as_deref().or(c.expression.as_deref()))
}

/// `deleted_at`, `is_deleted`.
fn marks_deleted(column: &Column) -> bool {
    let is_mark =
        matches!(column.data_type.class(), TypeClass::Boolean | TypeClass::Timestamp { .. } | TypeClass::Date);
    let names = words(&column.name);
    let plain = ["is", "deleted", "at", "on", "date", "time"];
    is_mark && names.iter().any(|w| w == "deleted") && names.iter().all(|w| plain.contains(&w.as_str()))
}

/// A unique index of what people choose that does not tell deleted rows apart.
fn holds_deleted(index: &Index, mark: &Column) -> bool {
    let is_chosen = |column: &str| words(column).iter().any(|w| CHOSEN.contains(&w.as_str()));
    index.unique
        && index.role != IndexRole::PrimaryKey
        && index.predicate.is_none()
        && columns(index).any(is_chosen)
        && !columns(index).any(|c| c.contains(mark.name.as_str()))
}

/// The index for the rows that are not deleted.
fn living(database: &DatabaseSchema, table: &Table, index: &Index, mark: &Column) -> String {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|c| c.column.as_ref().map_or_else(|| c.expression.clone().unwrap_or_default(), |c| database.said(c)))
        .collect();
    let mark_said = database.said(&mark.name);
    let lives = match mark.data_type.class() {
        TypeClass::Boolean => format!("NOT {mark_said}"),
        _ => format!("{mark_said} IS NULL"),
    };
    format!(
        "CREATE UNIQUE INDEX {} ON {} ({}) WHERE {lives};",
        database.said(&format!("{}_living", index.name)),
        database.table_said(table),
        columns.join(", "),
    )
}
