//! What a statement of DDL does to a schema, as plain data. One `ALTER TABLE` makes one [`Change`] per action.

use serde::{Deserialize, Serialize};

use crate::{Query, Range, SqlType};

/// The name of a table, type, view or other object of a schema, folded as the dialect folds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// The schema, where it is written. In a [`crate::Schema`] it is always filled in.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

impl Name {
    /// A name without a schema.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name with its schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) if !schema.is_empty() => write!(f, "{schema}.{}", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

/// One step of a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it is written: the statement, or its action within `ALTER TABLE`.
    pub range: Range,
    /// Inside `DO $$ … $$` or an `IF`: it may not happen, or happens only where it had not yet.
    pub conditional: bool,
    /// What it does.
    pub step: Step,
}

impl Change {
    /// Puts it, with the columns, constraints and indexes that it defines, where `to` says.
    pub(crate) fn relocate(&mut self, to: &impl Fn(Range) -> Range) {
        fn column(column: &mut ColumnDefinition, to: &impl Fn(Range) -> Range) {
            column.range = to(column.range);
            column.constraints.iter_mut().for_each(|c| c.range = to(c.range));
        }
        self.range = to(self.range);
        match &mut self.step {
            Step::CreateTable(table) => {
                table.columns.iter_mut().for_each(|c| column(c, to));
                table.constraints.iter_mut().for_each(|c| c.range = to(c.range));
                table.indexes.iter_mut().for_each(|i| i.range = to(i.range));
            }
            Step::CreateIndex(index) => index.range = to(index.range),
            Step::AlterTable { action, .. } => match action {
                TableAction::AddColumn { column: added, .. } => column(added, to),
                TableAction::ModifyColumn { definition, .. } => column(definition, to),
                TableAction::AddConstraint { constraint } => constraint.range = to(constraint.range),
                TableAction::AddIndex { index } => index.range = to(index.range),
                _ => {}
            },
            _ => {}
        }
    }
}

/// What a [`Change`] does.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // the fields are the clauses of SQL, by their own names
pub enum Step {
    CreateSchema {
        name: String,
        if_not_exists: bool,
    },
    DropSchema {
        names: Vec<String>,
        if_exists: bool,
        cascade: bool,
    },
    RenameSchema {
        from: String,
        to: String,
    },
    CreateTable(Box<TableDefinition>),
    DropTable {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    Truncate {
        names: Vec<Name>,
        cascade: bool,
    },
    RenameTable {
        from: Name,
        to: Name,
    },
    SetTableSchema {
        table: Name,
        schema: String,
    },
    /// An action of `ALTER TABLE` (or a statement that stands for one).
    AlterTable {
        table: Name,
        if_exists: bool,
        only: bool,
        action: TableAction,
    },
    CreateIndex(Box<IndexDefinition>),
    DropIndex {
        names: Vec<Name>,
        table: Option<Name>,
        concurrently: bool,
        if_exists: bool,
        cascade: bool,
    },
    RenameIndex {
        table: Option<Name>,
        from: Name,
        to: String,
        if_exists: bool,
    },
    Reindex {
        concurrently: bool,
    },
    CreateEnum {
        name: Name,
        values: Vec<String>,
    },
    AddEnumValue {
        name: Name,
        value: String,
        place: EnumPlace,
        if_not_exists: bool,
    },
    RenameEnumValue {
        name: Name,
        from: String,
        to: String,
    },
    CreateDomain {
        name: Name,
        base: SqlType,
        not_null: bool,
        has_check: bool,
    },
    /// A composite, range or base type.
    CreateType {
        name: Name,
    },
    RenameType {
        from: Name,
        to: String,
    },
    SetTypeSchema {
        name: Name,
        schema: String,
    },
    DropType {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    CreateView {
        name: Name,
        materialized: bool,
        or_replace: bool,
        columns: Vec<String>,
        query: Option<Box<Query>>,
    },
    RenameView {
        from: Name,
        to: String,
        materialized: bool,
    },
    DropView {
        names: Vec<Name>,
        materialized: bool,
        if_exists: bool,
        cascade: bool,
    },
    RefreshView {
        name: Name,
        concurrently: bool,
    },
    CreateTrigger {
        name: String,
        table: Name,
        timing: String,
        events: Vec<String>,
        function: Option<Name>,
    },
    DropTrigger {
        name: String,
        table: Option<Name>,
        if_exists: bool,
    },
    CreateFunction {
        name: Name,
        or_replace: bool,
        procedure: bool,
        security_definer: bool,
        sets_search_path: bool,
    },
    DropFunction {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    CreatePolicy {
        name: String,
        table: Name,
        policy: Policy,
    },
    AlterPolicy {
        name: String,
        table: Name,
    },
    DropPolicy {
        name: String,
        table: Name,
        if_exists: bool,
    },
    CreateSequence {
        name: Name,
        data_type: Option<SqlType>,
        owned_by: Option<(Name, String)>,
        if_not_exists: bool,
    },
    AlterSequence {
        name: Name,
        owned_by: Option<(Name, String)>,
    },
    RenameSequence {
        from: Name,
        to: String,
    },
    DropSequence {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    CreateExtension {
        name: String,
    },
    DropExtension {
        name: String,
        cascade: bool,
    },
    /// `VACUUM FULL` and `CLUSTER`, which write a table anew.
    RewriteTable {
        table: Option<Name>,
    },
    /// `LOCK TABLE`.
    LockTable {
        names: Vec<Name>,
        mode: String,
    },
}

/// Where a new value of an enum goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnumPlace {
    /// At the end.
    Last,
    /// Before this value.
    Before(String),
    /// After this value.
    After(String),
}

/// A policy of row-level security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `all`, `select`, `insert`, `update` or `delete`.
    pub command: String,
    /// `AS RESTRICTIVE`.
    pub restrictive: bool,
    /// The roles it is for; empty for everyone.
    pub roles: Vec<String>,
    /// The text of `USING (…)`.
    pub using: Option<String>,
    /// The text of `WITH CHECK (…)`.
    pub check: Option<String>,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct TableDefinition {
    pub name: Name,
    pub if_not_exists: bool,
    pub or_replace: bool,
    pub temporary: bool,
    pub unlogged: bool,
    pub columns: Vec<ColumnDefinition>,
    pub constraints: Vec<ConstraintDefinition>,
    /// Keys that are no constraints: `KEY`, `INDEX`, `FULLTEXT`, `SPATIAL`.
    pub indexes: Vec<IndexDefinition>,
    /// `LIKE other`, with what it includes.
    pub like: Vec<LikeClause>,
    pub inherits: Vec<Name>,
    /// `PARTITION OF parent`.
    pub partition_of: Option<Name>,
    /// The bound of a partition, as written; `DEFAULT` for the one that takes the rest.
    pub partition_bound: Option<String>,
    pub partition_by: Option<PartitionBy>,
    /// Options such as `engine`, `charset`, `fillfactor`, `strict`, with small letters.
    pub options: Vec<(String, String)>,
    /// `AS SELECT …`.
    pub query: Option<Box<Query>>,
}

/// `LIKE other INCLUDING …`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LikeClause {
    pub table: Name,
    pub defaults: bool,
    pub constraints: bool,
    pub indexes: bool,
    pub identity: bool,
    pub generated: bool,
}

/// `PARTITION BY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionBy {
    /// `range`, `list`, `hash` or `key`.
    pub strategy: String,
    /// Columns, or expressions as written.
    pub columns: Vec<String>,
}

/// A column as written.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ColumnDefinition {
    pub name: String,
    pub range: Range,
    pub data_type: SqlType,
    /// `Some(true)` for `NOT NULL`, `Some(false)` for `NULL`.
    pub not_null: Option<bool>,
    pub default: Option<Default>,
    pub identity: Option<Identity>,
    pub generated: Option<Generated>,
    pub collation: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub on_update: Option<String>,
    pub comment: Option<String>,
    /// Constraints written with the column.
    pub constraints: Vec<ConstraintDefinition>,
    /// A key of MySQL that is none of the constraints (`KEY` alone after a column is its primary key).
    pub place: ColumnPlace,
}

/// Where MySQL puts a column.
#[derive(Clone, Debug, PartialEq, Eq, std::default::Default)]
pub enum ColumnPlace {
    /// At the end, or where it was.
    #[default]
    Last,
    /// Before all others.
    First,
    /// After this column.
    After(String),
}

/// How a column counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// `serial` and its kin: a default from a sequence of its own.
    Serial,
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
    /// `AUTO_INCREMENT`, `AUTOINCREMENT`, `IDENTITY(…)`.
    AutoIncrement,
}

/// `GENERATED ALWAYS AS (…)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression as written.
    pub expression: String,
    /// Kept in the row, and not computed at each read.
    pub stored: bool,
}

/// A default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Default {
    /// The expression as written.
    pub expression: String,
    /// How often it is evaluated.
    pub volatility: Volatility,
}

/// Whether an expression gives the same for every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volatility {
    /// A constant, or an operation on constants.
    Constant,
    /// The same within one statement: `now()`, `current_user`.
    Stable,
    /// Another for every row: `random()`, `gen_random_uuid()`, `nextval(…)`, and functions that are not known.
    Volatile,
}

/// A constraint as written.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ConstraintDefinition {
    pub name: Option<String>,
    pub range: Range,
    pub kind: ConstraintKind,
    pub not_valid: bool,
    pub deferrable: bool,
    pub initially_deferred: bool,
    /// `NOT ENFORCED`.
    pub not_enforced: bool,
    /// It is written with its column. MySQL before 9.0 passes over `REFERENCES` there, MariaDB since 10.5 does not.
    pub of_column: bool,
}

/// What a constraint says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ConstraintKind {
    PrimaryKey {
        columns: Vec<IndexColumn>,
        /// `USING INDEX name`.
        using_index: Option<String>,
        include: Vec<String>,
    },
    Unique {
        columns: Vec<IndexColumn>,
        using_index: Option<String>,
        include: Vec<String>,
        nulls_not_distinct: bool,
    },
    ForeignKey {
        columns: Vec<String>,
        references: Name,
        /// Empty: the primary key.
        referenced: Vec<String>,
        on_delete: ReferentialAction,
        on_update: ReferentialAction,
        match_full: bool,
        /// MySQL: the name of the index that it may make.
        index_name: Option<String>,
    },
    Check {
        expression: String,
        no_inherit: bool,
    },
    Exclude {
        method: String,
        elements: Vec<IndexColumn>,
        predicate: Option<String>,
    },
}

/// What happens to rows whose referenced row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// An index as written.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct IndexDefinition {
    pub name: Option<String>,
    pub range: Range,
    pub table: Name,
    pub only: bool,
    /// `btree`, `hash`, `gin`, `gist`, `brin`, `fulltext`, `spatial` …
    pub method: String,
    pub unique: bool,
    pub columns: Vec<IndexColumn>,
    pub include: Vec<String>,
    /// The text after `WHERE`.
    pub predicate: Option<String>,
    pub nulls_not_distinct: bool,
    pub concurrently: bool,
    pub if_not_exists: bool,
    /// `ALGORITHM =`, `LOCK =`, `ONLINE`, storage parameters; small letters.
    pub options: Vec<(String, String)>,
}

/// One column or expression of an index or key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IndexColumn {
    /// The column, when it is one.
    pub column: Option<String>,
    /// The expression as written, when it is none.
    pub expression: Option<String>,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS FIRST` or `LAST`, where written.
    pub nulls_first: Option<bool>,
    /// The operator class, such as `gin_trgm_ops`; of `EXCLUDE` the operator.
    pub operator_class: Option<String>,
    /// The collation, where written.
    pub collation: Option<String>,
    /// MySQL: only so many characters are kept.
    pub length: Option<u32>,
}

impl IndexColumn {
    /// A plain column.
    pub fn plain(column: impl Into<String>) -> Self {
        Self {
            column: Some(column.into()),
            expression: None,
            descending: false,
            nulls_first: None,
            operator_class: None,
            collation: None,
            length: None,
        }
    }
}

/// One action of `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TableAction {
    AddColumn {
        column: Box<ColumnDefinition>,
        if_not_exists: bool,
    },
    DropColumn {
        column: String,
        if_exists: bool,
        cascade: bool,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    /// A type, with the expression of `USING`.
    SetType {
        column: String,
        data_type: SqlType,
        using: Option<String>,
        collation: Option<String>,
    },
    /// The whole column written anew: MySQL's `MODIFY` and `CHANGE`, SQL Server's `ALTER COLUMN`, Oracle's `MODIFY`.
    ModifyColumn {
        column: String,
        definition: Box<ColumnDefinition>,
    },
    SetDefault {
        column: String,
        default: Option<Default>,
    },
    SetNotNull {
        column: String,
    },
    DropNotNull {
        column: String,
    },
    AddIdentity {
        column: String,
        identity: Identity,
    },
    DropIdentity {
        column: String,
        if_exists: bool,
    },
    DropExpression {
        column: String,
    },
    AddConstraint {
        constraint: Box<ConstraintDefinition>,
    },
    DropConstraint {
        name: String,
        kind: DroppedKind,
        if_exists: bool,
        cascade: bool,
    },
    ValidateConstraint {
        name: String,
    },
    RenameConstraint {
        from: String,
        to: String,
    },
    AlterConstraint {
        name: String,
    },
    /// MySQL's `ADD INDEX`.
    AddIndex {
        index: Box<IndexDefinition>,
    },
    DropIndex {
        name: String,
        if_exists: bool,
    },
    RenameIndex {
        from: String,
        to: String,
    },
    AttachPartition {
        partition: Name,
        bound: String,
    },
    DetachPartition {
        partition: Name,
        concurrently: bool,
    },
    Inherit {
        parent: Name,
    },
    NoInherit {
        parent: Name,
    },
    RowSecurity {
        enabled: Option<bool>,
        forced: Option<bool>,
    },
    ReplicaIdentity {
        identity: String,
    },
    /// `SET LOGGED`, `SET UNLOGGED`, `SET TABLESPACE`, `SET ACCESS METHOD`: the table is written anew.
    SetStorage {
        what: String,
    },
    /// `ENGINE =`, `CONVERT TO CHARACTER SET`, `ALGORITHM =`, `LOCK =`, storage parameters: small letters.
    SetOption {
        name: String,
        value: String,
    },
    /// Enabling and disabling of triggers.
    Trigger {
        name: String,
        enabled: bool,
    },
    /// What changes neither rows nor columns: `OWNER TO`, `SET STATISTICS`, `COMMENT` …
    Other {
        what: String,
    },
}

/// What `DROP` speaks of in `ALTER TABLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DroppedKind {
    Constraint,
    PrimaryKey,
    ForeignKey,
    Check,
}
