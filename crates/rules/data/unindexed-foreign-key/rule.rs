//! A foreign key that no index of its table serves.

use base::{Finding, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, place_of};
use model::stored::{Stored, StoredField};
use sql::schema::{ForeignKey, Index, Table};
use sql::{Dialect, ReferentialAction};

use crate::running::add_missing_index;
use crate::support::info;
use crate::unserved::{declarations, source_of, unserved};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unindexed-foreign-key",
            "A foreign key without an index",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.4"],
            &[1066, 1067],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let asked = unserved(model);
    for (at, database) in model.schemas.iter().enumerate() {
        let schema = &database.schema;
        for table in schema.tables.values().filter(|t| t.partition_of.is_none()) {
            // where code asks by it, `missing-index` says so
            let is_asked = |first: Option<&String>| {
                asked.keys().any(|(schema, name, columns)| {
                    *schema == at as u32 && **name == table.name && columns.first() == first
                })
            };
            for key in table.unindexed_foreign_keys(schema.dialect) {
                if !is_asked(key.columns.first()) {
                    let finding = declared(model, report, database, table, key);
                    let serves = |index: &Index| serves(index, &key.columns, schema.dialect);
                    add_missing_index(model, report, (database, table), finding, serves);
                }
            }
            // where changes did not fit, a key may have been lost
            let is_whole = schema.misfits.is_empty() && (database.is_kept_up() || !database.is_migrated());
            let stored =
                model.stored.all.iter().filter(|s| is_whole && s.table.name == table.name.name && !s.is_document);
            for stored in stored {
                for field in &stored.fields {
                    if let Some(column) = refers_alone(database, table, field)
                        && !is_asked(Some(&column))
                    {
                        let columns = [column.clone()];
                        let finding = by_code(model, report, database, table, stored, (field, column));
                        let serves = |index: &Index| serves(index, &columns, schema.dialect);
                        add_missing_index(model, report, (database, table), finding, serves);
                    }
                }
            }
        }
    }
}

/// Whether an index begins with these columns, in any order.
fn serves(index: &Index, columns: &[String], dialect: Dialect) -> bool {
    let leading: Vec<&str> = index.leading_columns().take(columns.len()).collect();
    leading.len() == columns.len() && columns.iter().all(|c| leading.iter().any(|l| dialect.is_same(l, c)))
}

/// A foreign key of the database.
fn declared(model: &Model, report: &Report<'_>, database: &DatabaseSchema, table: &Table, key: &ForeignKey) -> Finding {
    let columns = key.columns.join(", ");
    let name = table.name.name.as_str();
    let first = key.columns.first().map_or("", String::as_str);
    let made = place_of(&model.sources, key.origin.made, first);
    // whoever lets a library write the migrations changes the class
    let source = source_of(model, table, first).filter(|_| database.is_migrated());
    let span = source.unwrap_or(made);
    let issue = Text::say("`{}.{}` references `{}` and has no index.", &[name, &columns, &key.references.name]);
    let mut finding = report.finding(format!("foreign key {name} {columns}"), span, issue);
    let spreads = matches!(key.on_delete, ReferentialAction::Cascade | ReferentialAction::SetNull);
    if spreads {
        finding.severity = Severity::Important;
    }
    finding.details = database.provenance();
    finding.impact = Text::from(match spreads {
        true => {
            "Whenever a row there is deleted, the database reads this whole table to find what goes with it, row by row, and holds locks meanwhile; joins and lists by this key read it as well."
        }
        false => {
            "Deleting a row there, or changing its key, reads this whole table to see that nothing references it; joins and lists by this key read it as well."
        }
    });
    mend(&mut finding, model, database, table, &key.columns);
    finding
}

/// A reference that only the code declares: the database checks nothing, and lists by it are read as a whole.
fn by_code(
    model: &Model,
    report: &Report<'_>,
    database: &DatabaseSchema,
    table: &Table,
    stored: &Stored,
    (field, column): (&StoredField, String),
) -> Finding {
    let name = table.name.name.as_str();
    let issue = Text::say("`{}` belongs to another by `{}.{}`, which has no index.", &[&stored.name, name, &column]);
    let mut finding = report.finding(format!("foreign key {name} {column}"), field.span, issue);
    finding.details = database.provenance();
    finding.impact = Text::from(
        "All that belongs to one row is found by reading this whole table: lists, counts, and what goes with a row that is deleted.",
    );
    mend(&mut finding, model, database, table, &[column]);
    finding
}

/// The column of a field that leads to one other row, where the database has neither a key nor an index for it.
fn refers_alone(database: &DatabaseSchema, table: &Table, field: &StoredField) -> Option<String> {
    let dialect = database.schema.dialect;
    field.relation.as_ref().filter(|r| !r.is_many)?;
    let column = table.column(field.column.as_deref()?, dialect)?.name.clone();
    let is_key = table.foreign_keys.iter().any(|k| k.columns.iter().any(|c| dialect.is_same(c, &column)));
    // the kind of an owner of any kind comes before its number
    let kind = column.strip_suffix("_id").map(|stem| format!("{stem}_type"));
    let begins = |c: &str| dialect.is_same(c, &column) || kind.as_deref().is_some_and(|k| dialect.is_same(c, k));
    let is_served = table.indexes.iter().filter_map(|i| i.columns.first()?.column.as_deref()).any(begins);
    (!is_key && !is_served).then_some(column)
}

fn mend(finding: &mut Finding, model: &Model, database: &DatabaseSchema, table: &Table, columns: &[String]) {
    finding.trace = declarations(model, database, table, columns);
    finding.fix = database.how_to_add().block(database.language(), database.index_statement(table, columns));
    finding.new_files = database.index_migration(&model.sources, table, columns);
    finding.verification = Text::say(
        "`EXPLAIN SELECT * FROM {} WHERE {} = …` must show an index scan on a table with a realistic number of rows.",
        &[&database.table_said(table), &database.said(columns.first().map_or("", String::as_str))],
    );
    finding.trade_offs = Text::from("Each index makes writes a little slower and takes space.");
}
