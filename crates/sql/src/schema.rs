//! A schema as the changes make it, one after the other.
//!
//! `schema/apply.rs` replays statements, `alter.rs` the actions of `ALTER TABLE`, `keys.rs` constraints and indexes with
//! the names that the database gives them, `other.rs` types, views and the rest; `ask.rs` answers what rules ask.

mod alter;
mod apply;
mod ask;
mod describe;
mod keys;
mod names;
mod other;
mod result;

pub(crate) use ask::normalised;
pub use ask::{Served, Wanted};
pub use describe::comparable;

use std::collections::BTreeMap;

use base::Span;

use crate::{
    Default, Dialect, Generated, Identity, IndexColumn, Name, PartitionBy, Policy, Query, ReferentialAction, SqlType,
};

/// Tables, types and what belongs to them. Names carry their schema; maps are keyed by what the dialect takes for the
/// same name.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Whose schema it is.
    pub dialect: Dialect,
    /// Where names without a schema are looked for; the first one is where they are made.
    pub search_path: Vec<String>,
    /// Schemas that were made.
    pub schemas: Vec<String>,
    /// Tables, partitions among them.
    pub tables: BTreeMap<Name, Table>,
    /// Enums.
    pub enums: BTreeMap<Name, Enum>,
    /// Domains.
    pub domains: BTreeMap<Name, Domain>,
    /// Other types of the project's own.
    pub types: BTreeMap<Name, Origin>,
    /// Views, materialized ones among them.
    pub views: BTreeMap<Name, View>,
    /// Sequences, those of `serial` and identity columns among them.
    pub sequences: BTreeMap<Name, Sequence>,
    /// Functions and procedures, by name.
    pub functions: BTreeMap<Name, Function>,
    /// Extensions.
    pub extensions: BTreeMap<String, Origin>,
    /// Changes that did not fit what was there.
    pub misfits: Vec<Misfit>,
}

/// Where a thing was made, and where it was changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The change that made it.
    pub made: Span,
    /// Those that changed it, in order.
    pub changed: Vec<Span>,
}

/// A change that did not fit: it names what is not there, or makes what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The change.
    pub at: Span,
    /// What did not fit.
    pub reason: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name, with the schema.
    pub name: Name,
    /// In the order of the table.
    pub columns: Vec<Column>,
    /// All indexes, those of keys among them.
    pub indexes: Vec<Index>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// How it is partitioned.
    pub partition_by: Option<PartitionBy>,
    /// The table that it is a partition of, and the bound as written.
    pub partition_of: Option<(Name, String)>,
    /// The tables that it inherits from.
    pub inherits: Vec<Name>,
    /// Row-level security is on.
    pub row_security: bool,
    /// It holds for the owner as well.
    pub forced_row_security: bool,
    /// Policies by name.
    pub policies: BTreeMap<String, (Policy, Origin)>,
    /// Triggers by name.
    pub triggers: BTreeMap<String, Trigger>,
    /// Options as written: `engine`, `charset`, `strict`, storage parameters.
    pub options: BTreeMap<String, String>,
    /// It lives as long as the session.
    pub temporary: bool,
    /// It is not written to the log, and empty after a crash.
    pub unlogged: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the catalog's words; [`SqlType::unknown`] where it comes from a query that was not understood.
    pub data_type: SqlType,
    /// It refuses `NULL`, as a key's column does too.
    pub not_null: bool,
    /// Its default; none for `DEFAULT NULL`.
    pub default: Option<Default>,
    /// How it counts up.
    pub identity: Option<Identity>,
    /// How it is computed.
    pub generated: Option<Generated>,
    /// Its collation, where written.
    pub collation: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub on_update: Option<String>,
    /// It comes from a parent table only.
    pub is_inherited: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// What an index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum IndexRole {
    /// An index, unique or not.
    Plain,
    PrimaryKey,
    UniqueConstraint,
    Exclusion,
}

/// An index.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name, as written or as the database makes it.
    pub name: String,
    /// What it stands for.
    pub role: IndexRole,
    /// Two rows with the same values are refused.
    pub unique: bool,
    /// `btree`, `hash`, `gin`, `gist`, `brin`, `fulltext` …
    pub method: String,
    /// Its columns and expressions, in order.
    pub columns: Vec<IndexColumn>,
    /// Columns that it only carries.
    pub include: Vec<String>,
    /// The condition of a partial index, as written.
    pub predicate: Option<String>,
    /// `NULL`s count as the same.
    pub nulls_not_distinct: bool,
    /// MySQL made it for a foreign key.
    pub is_generated: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it references.
    pub references: Name,
    /// The columns there.
    pub referenced: Vec<String>,
    /// What happens when the row there is deleted.
    pub on_delete: ReferentialAction,
    /// What happens when its key changes.
    pub on_update: ReferentialAction,
    /// `MATCH FULL`.
    pub match_full: bool,
    /// It was checked for the rows that were there.
    pub validated: bool,
    /// It can wait for the commit.
    pub deferrable: bool,
    /// It is written with its column, where MySQL before 9.0 passes over it.
    pub of_column: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Its expression as written.
    pub expression: String,
    /// The columns that it names.
    pub columns: Vec<String>,
    /// It was checked for the rows that were there.
    pub validated: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// `before`, `after` or `instead of`.
    pub timing: String,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<String>,
    /// The function that it calls.
    pub function: Option<Name>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// An enum.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// Its name.
    pub name: Name,
    /// Its values in order.
    pub values: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Its name.
    pub name: Name,
    /// The type below.
    pub base: SqlType,
    /// It refuses `NULL`.
    pub not_null: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// A view.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name.
    pub name: Name,
    /// Its rows are kept.
    pub materialized: bool,
    /// Its columns with their types, as far as they are known.
    pub columns: Vec<(String, SqlType)>,
    /// Its query, where it was understood.
    pub query: Option<Box<Query>>,
    /// Indexes of a materialized view.
    pub indexes: Vec<Index>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub data_type: SqlType,
    /// The column that it goes with.
    pub owned_by: Option<(Name, String)>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A function or procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// It is a procedure.
    pub procedure: bool,
    /// It runs with the rights of its owner.
    pub security_definer: bool,
    /// It fixes its search path.
    pub sets_search_path: bool,
    /// Where it comes from.
    pub origin: Origin,
}

impl Origin {
    /// Made here and not changed since.
    pub fn new(made: Span) -> Self {
        Self { made, changed: Vec::new() }
    }

    pub(crate) fn touch(&mut self, at: Span) {
        if self.changed.last() != Some(&at) {
            self.changed.push(at);
        }
    }
}

impl Schema {
    /// An empty schema.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            search_path: vec![dialect.default_schema().to_owned()],
            schemas: Vec::new(),
            tables: BTreeMap::new(),
            enums: BTreeMap::new(),
            domains: BTreeMap::new(),
            types: BTreeMap::new(),
            views: BTreeMap::new(),
            sequences: BTreeMap::new(),
            functions: BTreeMap::new(),
            extensions: BTreeMap::new(),
            misfits: Vec::new(),
        }
    }

    /// The table of this name, looked for as the database does.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&self.table_key(name)?)
    }
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str, dialect: Dialect) -> Option<&Column> {
        self.columns.iter().find(|c| dialect.is_same(&c.name, name))
    }

    /// The primary key.
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|i| i.role == IndexRole::PrimaryKey)
    }
}

impl Index {
    /// The names of its columns, as far as the first one that is an expression.
    pub fn leading_columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map_while(|c| c.column.as_deref())
    }
}
