//! What a query does, as plain data.
//!
//! `query/parse.rs` gets a syntax tree from `sqlparser`, `query/read.rs` reads it into a [`Query`], `query/scope.rs`
//! finds whose a column is.

mod dialect;
mod parse;
mod read;
mod scope;

pub(crate) use parse::{begins_query, parse_tokens};

use crate::{Name, Range, SqlType};

/// What a query does to its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Operation {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
}

/// One `SELECT`, `INSERT`, `UPDATE`, `DELETE` or `MERGE`. The branches of a `UNION` are its [`Query::subqueries`].
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it does.
    pub operation: Operation,
    /// The tables it speaks of itself, those of its subqueries not among them. The first one of a write is written.
    pub tables: Vec<TableUse>,
    /// The columns that it reads, each once, with the first place.
    pub reads: Vec<Column>,
    /// The columns that it writes.
    pub writes: Vec<Write>,
    /// The conditions of `WHERE`, `HAVING` and of joins (those that are no pair of columns).
    pub predicates: Vec<Predicate>,
    /// Pairs of columns that join tables.
    pub joins: Vec<Join>,
    /// Tables that stand side by side with no condition between them.
    pub has_cross_join: bool,
    /// `ORDER BY`.
    pub order_by: Vec<Order>,
    /// The columns of `GROUP BY`.
    pub group_by: Vec<Column>,
    /// Whether it groups at all.
    pub is_grouped: bool,
    /// `LIMIT`, `TOP` or `FETCH FIRST`.
    pub limit: Option<Operand>,
    /// `OFFSET`.
    pub offset: Option<Operand>,
    /// `FOR UPDATE` and its kin.
    pub lock: Option<Lock>,
    /// Aggregate functions of the projection and of `HAVING`.
    pub aggregates: Vec<Aggregate>,
    /// Its projection has `*`.
    pub is_star: bool,
    /// `SELECT DISTINCT`.
    pub is_distinct: bool,
    /// It has a `WHERE`.
    pub has_where: bool,
    /// `RETURNING` or `OUTPUT`.
    pub is_returning: bool,
    /// How many rows `VALUES` has; 0 when there is none.
    pub rows: usize,
    /// `ON CONFLICT`, `ON DUPLICATE KEY`, `INSERT IGNORE`, `REPLACE`.
    pub upsert: Option<Upsert>,
    /// Queries inside it.
    pub subqueries: Vec<Subquery>,
    /// The output columns' names, where they are known.
    pub outputs: Vec<Output>,
    /// Where it is.
    pub range: Range,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The name it goes by.
    pub name: String,
    /// The column that it is, when it is one.
    pub column: Option<Column>,
    /// The column whose type it has: the same, or the one inside `max`, `coalesce` and their like.
    pub typed_as: Option<Column>,
    /// Its type, where the expression says it: a cast, a literal, `count`.
    pub data_type: Option<SqlType>,
}

/// A table, view or table expression that a query names.
#[derive(Clone, Debug, PartialEq)]
pub struct TableUse {
    /// Its name; of a subquery or function the alias.
    pub name: Name,
    /// The alias.
    pub alias: Option<String>,
    /// It is no table of the schema: a subquery, a common table expression, a function.
    pub is_derived: bool,
    /// The query changes its rows.
    pub is_written: bool,
    /// An outer join may leave it without a row.
    pub is_optional: bool,
    /// Where it is named.
    pub range: Range,
}

/// A column that a query names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The table, where it is known: by its alias, or since there is only one.
    pub table: Option<Name>,
    /// What stood before the dot.
    pub qualifier: Option<String>,
    /// Its name; `*` for all.
    pub name: String,
    /// It is of a query around this one.
    pub is_outer: bool,
    /// Where it is named.
    pub range: Range,
}

/// What a column is compared with or set to.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A placeholder, as written.
    Placeholder(String),
    /// A literal: its text, and whether it is a string.
    Literal {
        /// The text, without quotes.
        text: String,
        /// It stood in quotes.
        is_string: bool,
    },
    /// `NULL`, or nothing (`IS NULL`).
    Null,
    /// Another column.
    Column(Column),
    /// A function of no column of this query: `now()`.
    Function(String),
    /// A list of so many values.
    List(usize),
    /// A query.
    Subquery,
    /// A hole of the template.
    Hole,
    /// Something else.
    Expression,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Operator {
    Eq,
    NotEq,
    Lt,
    LtEq,
    Gt,
    GtEq,
    Between,
    /// `IN (…)` and `= ANY (…)`.
    In,
    NotIn,
    Like,
    NotLike,
    ILike,
    Regex,
    IsNull,
    IsNotNull,
    /// The column alone is the condition: `WHERE active`.
    IsTrue,
    /// `@>`, `&&`, `?`, `@@`: what special indexes serve.
    Contains,
    Other,
}

/// One condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The column.
    pub column: Column,
    /// The function or cast around it, which keeps a plain index from serving: `lower`, `cast`, `date`, `->>`.
    pub function: Option<String>,
    /// The text of what is compared, when it is more than the column.
    pub expression: Option<Range>,
    /// How.
    pub operator: Operator,
    /// With what.
    pub against: Operand,
    /// A `LIKE` that begins with `%` or `_`, or may (`'%' || $1`).
    pub leading_wildcard: bool,
    /// Inside `NOT (…)`.
    pub negated: bool,
    /// One side of an `OR`.
    pub alternative: bool,
    /// Where.
    pub range: Range,
}

/// Two columns that join tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// One.
    pub left: Column,
    /// The other.
    pub right: Column,
    /// A left, right or full join.
    pub is_outer: bool,
}

/// One key of `ORDER BY`.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The column, when it is one.
    pub column: Option<Column>,
    /// `DESC`.
    pub descending: bool,
    /// It orders by `random()` or its kin.
    pub is_random: bool,
    /// Where.
    pub range: Range,
}

/// A column that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The column.
    pub column: Column,
    /// What it becomes.
    pub value: Operand,
    /// What it becomes is computed from what it was: `n = n + 1`.
    pub reads_itself: bool,
}

/// A lock on the rows that a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// How strong.
    pub strength: LockStrength,
    /// What happens when another holds it.
    pub wait: LockWait,
}

/// The strength of a lock on rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LockStrength {
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

/// What a query does about rows that another transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// It waits.
    Blocks,
    /// It fails.
    NoWait,
    /// It passes over them.
    SkipsLocked,
}

/// An aggregate function.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Its name, in small letters.
    pub function: String,
    /// Of which column.
    pub column: Option<Column>,
    /// `count(DISTINCT …)`.
    pub is_distinct: bool,
}

/// What an insert does about a row that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upsert {
    /// The columns of the conflict; empty where none are named (any unique key of MySQL, `DO NOTHING`).
    pub columns: Vec<String>,
    /// `ON CONFLICT ON CONSTRAINT`.
    pub constraint: Option<String>,
    /// What it does.
    pub action: UpsertAction,
}

/// What an upsert does about a row that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertAction {
    /// It leaves it.
    Nothing,
    /// It changes it.
    Update,
    /// It deletes it and inserts the new one.
    Replace,
}

/// A query inside another.
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    /// Where it stands.
    pub place: SubqueryPlace,
    /// It names columns of the query around it.
    pub is_correlated: bool,
    /// The query.
    pub query: Query,
}

/// Where a subquery stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubqueryPlace {
    /// A common table expression of this name.
    With(String),
    /// In `FROM`, by this alias.
    From(String),
    /// `EXISTS`.
    Exists,
    /// `IN`.
    In,
    /// `NOT IN`.
    NotIn,
    /// As a value, in the projection or elsewhere.
    Value,
    /// A branch of a `UNION`, `INTERSECT` or `EXCEPT`.
    Branch,
    /// The rows of an insert.
    Source,
}

impl Query {
    pub(crate) fn new(operation: Operation, range: Range) -> Self {
        Self {
            operation,
            tables: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            predicates: Vec::new(),
            joins: Vec::new(),
            has_cross_join: false,
            order_by: Vec::new(),
            group_by: Vec::new(),
            is_grouped: false,
            limit: None,
            offset: None,
            lock: None,
            aggregates: Vec::new(),
            is_star: false,
            is_distinct: false,
            has_where: false,
            is_returning: false,
            rows: 0,
            upsert: None,
            subqueries: Vec::new(),
            outputs: Vec::new(),
            range,
        }
    }

    /// This query and all inside it, outermost first.
    pub fn all(&self) -> Vec<&Query> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(query) = found.get(at).copied() {
            found.extend(query.subqueries.iter().map(|s| &s.query));
            at += 1;
        }
        found
    }

    /// The table that a write changes.
    pub fn written_table(&self) -> Option<&TableUse> {
        self.tables.iter().find(|t| t.is_written)
    }
}
