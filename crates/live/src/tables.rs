//! Tables and what belongs to them.

use serde::{Deserialize, Serialize};

/// A table, a partitioned table with all its partitions, or a materialized view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `table`, `partitioned table` or `materialized view`.
    pub kind: String,
    /// In the order of the table.
    pub columns: Vec<Column>,
    /// Its keys and checks.
    pub constraints: Vec<Constraint>,
    /// All indexes, those of keys among them.
    pub indexes: Vec<Index>,
    /// It was locked, so that nothing of it was examined but its name.
    pub locked: bool,
    /// Its rows, as the server estimates them.
    pub rows: Option<i64>,
    /// Bytes of its rows.
    pub bytes: Option<i64>,
    /// How it is partitioned, as the server writes it.
    pub partitioned_by: Option<String>,
    /// It is empty after a crash.
    pub unlogged: bool,
    /// Options of storage, as the server writes them: `autovacuum_enabled=false`.
    pub options: Vec<String>,
    /// How often it was read from its first to its last row.
    pub sequential_scans: Option<i64>,
    /// Rows that these read.
    pub sequential_rows: Option<i64>,
    /// How often an index was used.
    pub index_scans: Option<i64>,
    /// Rows inserted, changed and deleted.
    pub writes: Option<i64>,
    /// Rows that no transaction sees any more.
    pub dead_rows: Option<i64>,
    /// Rows changed since the planner's statistics were taken.
    pub changed_since_analyze: Option<i64>,
    /// The planner's statistics were taken at some time.
    pub analyzed: Option<bool>,
    /// Bytes that its rows should take, by the planner's statistics.
    pub expected_bytes: Option<i64>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the server writes it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// It refuses `NULL`.
    pub not_null: bool,
    /// Its default, as the server writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// `always` or `by default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// It is computed: its default is the expression.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
}

/// A key or a check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// As the server writes it: `FOREIGN KEY (a) REFERENCES public.b(id)`.
    pub definition: String,
    /// Rows that were there before it may break it.
    pub unvalidated: bool,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The statement that makes it, as the server writes it.
    pub definition: String,
    /// Two rows with the same values are refused.
    pub unique: bool,
    /// It stands for a constraint of its name.
    pub of_constraint: bool,
    /// It was not finished, or broke: it may not be used.
    pub invalid: bool,
    /// Rows are told apart by it in replication.
    pub is_identity: bool,
    /// Bytes that it takes.
    pub bytes: Option<i64>,
    /// How often it was used.
    pub scans: Option<i64>,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sequence {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The last number that it gave; none before the first, or where it may not be read.
    pub last: Option<i64>,
    /// The last number that it, and the column that it goes with, can hold.
    pub end: i64,
    /// It begins again after its end.
    pub cycles: bool,
    /// The schema of the table that it goes with.
    pub table_schema: Option<String>,
    /// That table.
    pub table: Option<String>,
    /// And the column.
    pub column: Option<String>,
}
