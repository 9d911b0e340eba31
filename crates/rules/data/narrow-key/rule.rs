//! Primary keys that end at two thousand million.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, place_of};
use sql::schema::{Column, Table};
use sql::{Dialect, TypeClass};

use crate::support::info;
use crate::unserved::stays_small;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info("narrow-key", "Keys that count up in 32 bits", Severity::Suggestion, Stage::Data, &["W3.1"], &[190], &[])
    },
    check,
};

/// How many tables are shown.
const MAX_PLACES: usize = 5;

/// One finding for each database: it is one habit, and one decision.
fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let narrow: Vec<(&Table, &Column)> = database
            .schema
            .tables
            .values()
            .filter(|t| t.partition_of.is_none() && !t.temporary && !stays_small(t))
            .filter_map(|t| Some((t, narrow_key(database, t)?)))
            .collect();
        let Some((table, column)) = narrow.first() else { continue };
        let span = |column: &Column| place_of(&model.sources, column.origin.made, &column.name);
        let count = narrow.len().to_string();
        let issue = match narrow.len() {
            1 => Text::say("The key of `{}` counts up in 32 bits.", &[&table.name.name]),
            _ => Text::say("The keys of {} tables count up in 32 bits, `{}` among them.", &[&count, &table.name.name]),
        };
        let subject = format!("narrow keys {}", database.set.directory);
        let mut finding = report.finding(subject, span(column), issue);
        finding.details = database.provenance();
        let related = |(table, column): &(&Table, &Column)| Related {
            span: span(column),
            message: Text::say("The key of `{}`.", &[&table.name.name]),
        };
        finding.related = narrow.iter().skip(1).take(MAX_PLACES).map(related).collect();
        finding.impact = Text::from(
            "After 2,147,483,647 rows were ever inserted (deleted and failed ones count) no row can be added, from one moment to the next; the change to 64 bits then writes the whole table and everything that references it anew.",
        );
        finding.fix = Text::from(
            "Make the keys of new tables `bigint`, and change those of tables that grow fast (events, messages, logs, line items) while they are small.",
        );
        finding.verification = Text::from(
            "Look at the highest key of each of these tables and at how fast it grows: none may reach the end within the life of the system.",
        );
        finding.trade_offs = Text::from("Four more bytes for each key and each reference to it.");
        report.add(finding);
    }
}

/// The key of a table that counts up by itself in 32 bits. SQLite's have 64 whatever is written.
fn narrow_key<'t>(database: &DatabaseSchema, table: &'t Table) -> Option<&'t Column> {
    let dialect = database.schema.dialect;
    let [key] = table.primary_key()?.columns.as_slice() else { return None };
    let column = table.column(key.column.as_deref()?, dialect)?;
    let is_narrow = matches!(column.data_type.class(), TypeClass::Integer { bytes: 1..=4 });
    let refers = table.foreign_keys.iter().any(|f| f.columns.iter().any(|c| dialect.is_same(c, &column.name)));
    (is_narrow && column.identity.is_some() && !refers && dialect != Dialect::Sqlite).then_some(column)
}
