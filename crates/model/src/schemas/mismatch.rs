//! Where classes and migrations disagree about a table.
//!
//! What a class declares is replayed like a migration, so both sides speak in the words of one catalog. They are
//! compared only where both are sure: the table stands in one database alone, whose migrations are kept up, and the
//! class itself says the column.

use base::{FileId, Span};
use sql::schema::{Column, Table};
use sql::{Dialect, Schema, TypeClass};

use super::DatabaseSchema;
use crate::stored::{Stored, StoredField, StoredThings};

/// A class whose columns are not those of its table.
#[derive(Clone, Debug)]
pub struct Mismatch<'m> {
    /// The class.
    pub stored: &'m Stored,
    /// The database.
    pub database: &'m DatabaseSchema,
    /// The table as the migrations leave it.
    pub table: &'m Table,
    /// What differs, in the order of the class, with where it is declared.
    pub differences: Vec<(Difference, Span)>,
}

/// How a column of a class is not that of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// No migration makes it.
    NoColumn(String),
    /// The class never leaves it empty, the table takes `NULL`.
    MayBeNull(String),
    /// Values of the one do not fit the other.
    Type {
        /// The column.
        column: String,
        /// Its type as the class has it.
        declared: String,
        /// As the migrations have it.
        made: String,
    },
}

/// From how many columns on that a whole database lacks its migrations are held for misread: whoever forgets a
/// migration forgets the columns of one change.
const TOO_MANY: usize = 6;

/// All disagreements, in order of the classes.
pub fn mismatches<'m>(stored: &'m StoredThings, databases: &'m [DatabaseSchema]) -> Vec<Mismatch<'m>> {
    let kept = || databases.iter().filter(|d| d.is_kept_up() && !d.is_document);
    let of_rows = stored.all.iter().filter(|s| !s.is_document && !s.statements.is_empty());
    let compared = of_rows.filter_map(|thing| {
        let mut having = kept().filter_map(|d| Some((d, d.schema.table(&thing.table)?)));
        let (database, table) = having.next()?;
        having.next().is_none().then(|| compare(thing, database, table))
    });
    let mut found: Vec<Mismatch<'m>> = compared.filter(|m| !m.differences.is_empty()).collect();
    let lacks = |m: &Mismatch<'_>| m.differences.iter().filter(|d| matches!(d.0, Difference::NoColumn(_))).count();
    let is_same = |a: &DatabaseSchema, b: &DatabaseSchema| std::ptr::eq(a, b);
    let misread: Vec<&DatabaseSchema> = kept()
        .filter(|d| found.iter().filter(|m| is_same(m.database, d)).map(lacks).sum::<usize>() >= TOO_MANY)
        .collect();
    found.retain(|m| !misread.iter().any(|d| is_same(m.database, d)));
    found
}

/// Compares what a class declares with the table.
fn compare<'m>(stored: &'m Stored, database: &'m DatabaseSchema, table: &'m Table) -> Mismatch<'m> {
    let dialect = database.schema.dialect;
    let mut declared = Schema::new(dialect);
    declared.replay(&stored.statements, FileId(stored.span.file.0), 0);
    let columns = declared.table(&stored.table).map_or(&[][..], |t| &t.columns);
    let mut differences = Vec::new();
    for column in columns {
        // what a library or a base in another file adds stands where the class is named
        let is_own = |f: &&StoredField| {
            f.span.file == stored.span.file
                && f.span != stored.span
                && f.column.as_deref().is_some_and(|c| dialect.is_same(c, &column.name))
        };
        let Some(field) = stored.fields.iter().find(is_own) else { continue };
        let difference = match table.column(&column.name, dialect) {
            None => {
                let is_sure = column.data_type.is_known() && !is_of_system(&column.name, dialect);
                is_sure.then(|| Difference::NoColumn(column.name.clone()))
            }
            Some(made) => differing_types(column, made, stored.is_made, dialect).or_else(|| {
                let may_be_null = column.not_null && !made.not_null;
                may_be_null.then(|| Difference::MayBeNull(column.name.clone()))
            }),
        };
        differences.extend(difference.map(|d| (d, field.span)));
    }
    Mismatch { stored, database, table, differences }
}

/// A column that every table has.
fn is_of_system(name: &str, dialect: Dialect) -> bool {
    let own: &[&str] = match dialect {
        Dialect::Postgres => &["xmin", "xmax", "cmin", "cmax", "ctid", "tableoid"],
        Dialect::Sqlite => &["rowid"],
        _ => &[],
    };
    own.iter().any(|o| name.eq_ignore_ascii_case(o))
}

/// The two types, where values of the one do not fit the other. SQLite takes any value; where the library does not make
/// the tables, a narrower number is as good as the one of the language.
fn differing_types(declared: &Column, made: &Column, is_of_library: bool, dialect: Dialect) -> Option<Difference> {
    let (ours, theirs) = (&declared.data_type, &made.data_type);
    if !ours.is_known() || !theirs.is_known() || ours.array != theirs.array || dialect == Dialect::Sqlite {
        return None;
    }
    let length = |c: &Column| c.data_type.arguments.first().and_then(|a| a.parse::<u64>().ok());
    let differs = match (ours.class(), theirs.class()) {
        (TypeClass::Integer { bytes: ours }, TypeClass::Integer { bytes: theirs }) => is_of_library && theirs < ours,
        (TypeClass::Text, TypeClass::Text) => match (length(declared), length(made)) {
            // 255 is what libraries take where nothing is said
            (Some(ours), Some(theirs)) => theirs < ours && ours != 255,
            _ => false,
        },
        (ours, theirs) => family(ours).zip(family(theirs)).is_some_and(|(a, b)| a != b),
    };
    let (column, declared, made) = (declared.name.clone(), ours.to_string(), theirs.to_string());
    differs.then_some(Difference::Type { column, declared, made })
}

/// Kinds of which one cannot hold the other; none for those that stand for many.
fn family(class: TypeClass) -> Option<&'static str> {
    match class {
        TypeClass::Integer { .. } => Some("number"),
        TypeClass::Float | TypeClass::Decimal => Some("fraction"),
        TypeClass::Text => Some("text"),
        TypeClass::Bytes => Some("bytes"),
        TypeClass::Date | TypeClass::Timestamp { .. } => Some("time"),
        _ => None,
    }
}
