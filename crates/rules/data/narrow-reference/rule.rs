//! Columns that reference a wider key than they can hold.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::place_of;
use sql::schema::{Column, Table};
use sql::{Dialect, Schema, TypeClass};

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "narrow-reference",
            "A reference that is narrower than its key",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.6"],
            &[190, 681],
            &[],
        )
    },
    check,
};

/// How many columns are shown.
const MAX_PLACES: usize = 5;

/// One finding for each database: whoever made keys wider forgot what refers to them.
fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let schema = &database.schema;
        let found: Vec<Narrow<'_>> = schema.tables.values().flat_map(|table| narrower(schema, table)).collect();
        let [first, others @ ..] = found.as_slice() else { continue };
        let at =
            |c: &Column| place_of(&model.sources, c.origin.changed.last().copied().unwrap_or(c.origin.made), &c.name);
        let (own, theirs) = (first.column.data_type.to_string(), first.key.data_type.to_string());
        let subject = format!("narrow references {}", database.set.directory);
        let mut finding = report.finding(subject, at(first.column), said(first));
        finding.details = match others.len() {
            0 => database.provenance(),
            more => {
                database.provenance().and(" {} more references are narrower than their keys.", &[&more.to_string()])
            }
        };
        finding.related.push(Related { span: at(first.key), message: Text::from("The key is declared here.") });
        let related = |other: &Narrow<'_>| Related { span: at(other.column), message: said(other) };
        finding.related.extend(others.iter().take(MAX_PLACES).map(related));
        finding.impact = Text::say(
            "The key can grow beyond what `{}` holds. From then on no row can refer to the new ones, and the change of the column writes the whole table anew while everybody waits.",
            &[&own],
        );
        finding.fix = Text::say(
            "Give it the type of its key (`{}`) while the table is small; a large one gets a new column that is filled in batches.",
            &[&theirs],
        );
        finding.verification =
            Text::from("Compare the two types in the catalog (`information_schema.columns`): they are the same.");
        report.add(finding);
    }
}

/// A column that holds less than the key that it refers to.
struct Narrow<'s> {
    table: &'s Table,
    column: &'s Column,
    other: &'s Table,
    key: &'s Column,
}

fn said(narrow: &Narrow<'_>) -> Text {
    let Narrow { table, column, other, key } = narrow;
    Text::say(
        "`{}.{}` is `{}` and references `{}.{}`, which is `{}`.",
        &[
            &table.name.name,
            &column.name,
            &column.data_type.to_string(),
            &other.name.name,
            &key.name,
            &key.data_type.to_string(),
        ],
    )
}

/// References that hold fewer bytes than what they refer to. SQLite stores every number alike; MySQL refuses such keys.
fn narrower<'s>(schema: &'s Schema, table: &'s Table) -> Vec<Narrow<'s>> {
    let bytes = |c: &Column| match c.data_type.class() {
        TypeClass::Integer { bytes } => Some(bytes),
        _ => None,
    };
    let mut found = Vec::new();
    if table.partition_of.is_some() || matches!(schema.dialect, Dialect::Sqlite | Dialect::MySql) {
        return found;
    }
    for reference in &table.foreign_keys {
        let Some(other) = schema.table(&reference.references) else { continue };
        for (own, theirs) in reference.columns.iter().zip(&reference.referenced) {
            let pair = table.column(own, schema.dialect).zip(other.column(theirs, schema.dialect));
            let Some((column, key)) = pair else { continue };
            if bytes(column).zip(bytes(key)).is_some_and(|(a, b)| a < b) {
                found.push(Narrow { table, column, other, key });
            }
        }
    }
    found
}
