//! What a change does to a live table: which lock it takes, what it keeps others from, how much it reads or writes.
//!
//! It knows PostgreSQL (11 and later) and MySQL 8.0 with MariaDB; `locks/mysql.rs` has the latter. The lock of a change
//! is held to the end of its transaction; whether the table is new, small or used is not known here.

mod mysql;

use crate::{
    Change, ColumnDefinition, ConstraintDefinition, ConstraintKind, Dialect, Identity, Name, Schema, SqlType, Step,
    TableAction, Volatility, cursor, schema::Table,
};

/// The server that a change runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its dialect.
    pub dialect: Dialect,
    /// Its major version: `15` of PostgreSQL 15.4, `8` of MySQL 8.0.
    pub major: u16,
}

/// The locks of PostgreSQL on tables, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// What others cannot do while a change runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocked {
    /// Rows are read and written meanwhile.
    Nothing,
    /// Rows are read but not written.
    Writes,
    /// Rows are neither read nor written.
    Everything,
}

/// How much a change has to do, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// It changes the catalog only, in no time once it has its lock.
    Catalog,
    /// It reads every row.
    Scan,
    /// It reads every row and writes an index.
    BuildIndex,
    /// It writes every row anew, with all indexes.
    Rewrite,
}

/// What a change does to one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The table, as the change names it.
    pub table: Name,
    /// PostgreSQL's lock.
    pub lock: Option<LockMode>,
    /// What others cannot do.
    pub blocks: Blocked,
    /// How much it has to do while it holds the lock.
    pub work: Work,
    /// It fails where the table has rows: `ADD COLUMN … NOT NULL` without a default.
    pub fails_on_rows: bool,
}

impl LockMode {
    /// What it keeps others from.
    pub fn blocks(self) -> Blocked {
        match self {
            LockMode::AccessExclusive => Blocked::Everything,
            LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => Blocked::Writes,
            _ => Blocked::Nothing,
        }
    }
}

/// What a change does to the tables that it touches; the one that it names comes first. `before` is the schema before
/// the change. Empty for what touches no table that is there, and for dialects that are not known here.
pub fn effects(change: &Change, before: &Schema, server: Server) -> Vec<Effect> {
    match server.dialect {
        Dialect::Postgres => Postgres { before, major: server.major }.step(&change.step),
        Dialect::MySql => mysql::step(&change.step, before),
        _ => Vec::new(),
    }
}

/// What a statement itself asks of a server of MySQL: `ALGORITHM = COPY`, `LOCK = SHARED`. What it asks not to be
/// blocked is refused where it must be, and blocks nobody.
pub fn as_asked<'o>(effects: &mut [Effect], options: impl Iterator<Item = (&'o str, &'o str)>) {
    for (name, value) in options {
        for effect in effects.iter_mut() {
            match (name, value.to_lowercase().as_str()) {
                ("algorithm", "copy") => {
                    effect.blocks = effect.blocks.max(Blocked::Writes);
                    effect.work = Work::Rewrite;
                }
                ("lock", "shared") => effect.blocks = effect.blocks.max(Blocked::Writes),
                ("lock", "exclusive") => effect.blocks = Blocked::Everything,
                ("lock", "none") | ("algorithm", "instant") => effect.blocks = Blocked::Nothing,
                _ => {}
            }
        }
    }
}

/// Whether PostgreSQL refuses the change inside a transaction.
pub fn refuses_transaction(change: &Change) -> bool {
    match &change.step {
        Step::CreateIndex(index) => index.concurrently,
        Step::DropIndex { concurrently, .. } | Step::Reindex { concurrently } => *concurrently,
        Step::AlterTable { action: TableAction::DetachPartition { concurrently, .. }, .. } => *concurrently,
        _ => false,
    }
}

struct Postgres<'s> {
    before: &'s Schema,
    major: u16,
}

fn effect(table: &Name, lock: LockMode, work: Work) -> Effect {
    Effect { table: table.clone(), lock: Some(lock), blocks: lock.blocks(), work, fails_on_rows: false }
}

impl Postgres<'_> {
    fn step(&self, step: &Step) -> Vec<Effect> {
        use LockMode::{AccessExclusive, Exclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
        match step {
            Step::CreateTable(table) => {
                let constraints = table.columns.iter().flat_map(|c| &c.constraints).chain(&table.constraints);
                let mut found: Vec<Effect> = constraints.filter_map(|c| self.referenced(c)).collect();
                found.extend(table.partition_of.iter().map(|p| effect(p, AccessExclusive, Work::Catalog)));
                found.extend(table.inherits.iter().map(|p| effect(p, ShareUpdateExclusive, Work::Catalog)));
                found
            }
            Step::DropTable { names, .. } => {
                let mut found: Vec<Effect> = names.iter().map(|n| effect(n, AccessExclusive, Work::Catalog)).collect();
                let targets = names.iter().filter_map(|n| self.before.table(n)).flat_map(|t| &t.foreign_keys);
                found.extend(targets.map(|f| effect(&f.references, AccessExclusive, Work::Catalog)));
                found
            }
            Step::Truncate { names, .. } => names.iter().map(|n| effect(n, AccessExclusive, Work::Catalog)).collect(),
            Step::RenameTable { from: table, .. } | Step::SetTableSchema { table, .. } => {
                vec![effect(table, AccessExclusive, Work::Catalog)]
            }
            Step::CreateIndex(index) => {
                let lock = if index.concurrently { ShareUpdateExclusive } else { Share };
                vec![effect(&index.table, lock, Work::BuildIndex)]
            }
            Step::DropIndex { names, concurrently, .. } => {
                let lock = if *concurrently { ShareUpdateExclusive } else { AccessExclusive };
                let tables = names.iter().filter_map(|n| self.table_of_index(n));
                tables.map(|t| effect(&t.name, lock, Work::Catalog)).collect()
            }
            Step::CreateTrigger { table, .. } => vec![effect(table, ShareRowExclusive, Work::Catalog)],
            Step::DropTrigger { table: Some(table), .. }
            | Step::CreatePolicy { table, .. }
            | Step::AlterPolicy { table, .. }
            | Step::DropPolicy { table, .. } => vec![effect(table, AccessExclusive, Work::Catalog)],
            Step::RefreshView { name, concurrently } => {
                vec![effect(name, if *concurrently { Exclusive } else { AccessExclusive }, Work::Rewrite)]
            }
            Step::RewriteTable { table: Some(table) } => vec![effect(table, AccessExclusive, Work::Rewrite)],
            Step::LockTable { names, mode } => {
                names.iter().map(|n| effect(n, lock_mode(mode), Work::Catalog)).collect()
            }
            Step::AlterTable { table, action, .. } => self.action(table, action),
            _ => Vec::new(),
        }
    }

    fn table_of_index(&self, name: &Name) -> Option<&Table> {
        self.before.tables.values().find(|t| t.indexes.iter().any(|i| i.name == name.name))
    }

    /// The table that a foreign key references.
    fn referenced(&self, constraint: &ConstraintDefinition) -> Option<Effect> {
        match &constraint.kind {
            ConstraintKind::ForeignKey { references, .. } => {
                Some(effect(references, LockMode::ShareRowExclusive, Work::Catalog))
            }
            _ => None,
        }
    }

    fn action(&self, table: &Name, action: &TableAction) -> Vec<Effect> {
        use LockMode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
        let one = |lock, work| vec![effect(table, lock, work)];
        match action {
            TableAction::AddColumn { column, .. } => self.add_column(table, column),
            TableAction::SetType { column, data_type, using, .. } => {
                let from = self.before.table(table).and_then(|t| t.column(column, Dialect::Postgres));
                let plain = using.as_ref().is_none_or(|u| is_plain_cast(u, column));
                let work = match from {
                    Some(from) if plain => {
                        let own = type_change(&from.data_type, data_type, self.before);
                        own.max(self.hanging(table, column, &from.data_type, data_type))
                    }
                    _ => Work::Rewrite,
                };
                one(AccessExclusive, work)
            }
            TableAction::SetNotNull { column } => {
                let proved =
                    self.major >= 12 && self.before.table(table).is_some_and(|t| is_proved_not_null(t, column));
                let known = self.before.table(table).and_then(|t| t.column(column, Dialect::Postgres));
                let already = known.is_some_and(|c| c.not_null);
                one(AccessExclusive, if proved || already { Work::Catalog } else { Work::Scan })
            }
            TableAction::AddConstraint { constraint } => self.add_constraint(table, constraint),
            TableAction::ValidateConstraint { name } => {
                let mut found = one(ShareUpdateExclusive, Work::Scan);
                let key = self.before.table(table).and_then(|t| t.foreign_keys.iter().find(|f| f.name == *name));
                found.extend(key.map(|f| effect(&f.references, LockMode::RowShare, Work::Catalog)));
                found
            }
            TableAction::DropConstraint { name, .. } => {
                let mut found = one(AccessExclusive, Work::Catalog);
                let key = self.before.table(table).and_then(|t| t.foreign_keys.iter().find(|f| f.name == *name));
                found.extend(key.map(|f| effect(&f.references, AccessExclusive, Work::Catalog)));
                found
            }
            TableAction::AttachPartition { partition, .. } => {
                let lock = if self.major >= 12 { ShareUpdateExclusive } else { AccessExclusive };
                vec![effect(table, lock, Work::Catalog), effect(partition, AccessExclusive, Work::Scan)]
            }
            TableAction::DetachPartition { partition, concurrently } => {
                let lock = if *concurrently { ShareUpdateExclusive } else { AccessExclusive };
                vec![effect(table, lock, Work::Catalog), effect(partition, AccessExclusive, Work::Catalog)]
            }
            TableAction::Trigger { .. } => one(ShareRowExclusive, Work::Catalog),
            TableAction::SetStorage { .. } => one(AccessExclusive, Work::Rewrite),
            TableAction::SetOption { name, .. } if name == "storage" => one(ShareUpdateExclusive, Work::Catalog),
            TableAction::AddIdentity { .. } => one(AccessExclusive, Work::Catalog),
            TableAction::Inherit { parent } => {
                vec![effect(table, AccessExclusive, Work::Catalog), effect(parent, ShareUpdateExclusive, Work::Catalog)]
            }
            TableAction::Other { what } => {
                let what = what.to_lowercase();
                let weak =
                    what.contains("set statistics") || what.starts_with("cluster") || what.contains("n_distinct");
                one(if weak { ShareUpdateExclusive } else { AccessExclusive }, Work::Catalog)
            }
            _ => one(AccessExclusive, Work::Catalog),
        }
    }

    /// What hangs on a column whose type changes: checks are made again, and indexes whose order becomes another.
    fn hanging(&self, table: &Name, column: &str, from: &SqlType, to: &SqlType) -> Work {
        let Some(found) = self.before.table(table).filter(|_| base_of(from, self.before) != base_of(to, self.before))
        else {
            return Work::Catalog;
        };
        let names = |text: &str| {
            let tokens = crate::lex::tokens(text, Dialect::Postgres);
            tokens.iter().any(|t| t.name().eq_ignore_ascii_case(column))
        };
        let reorders = (from.name == "citext") != (to.name == "citext");
        let indexed = found.indexes.iter().any(|index| {
            let mut columns = index.columns.iter();
            columns.any(|c| c.column.as_deref() == Some(column) || c.expression.as_deref().is_some_and(names))
        });
        match found.checks.iter().any(|check| names(&check.expression)) {
            _ if reorders && indexed => Work::BuildIndex,
            true => Work::Scan,
            false => Work::Catalog,
        }
    }

    fn add_column(&self, table: &Name, column: &ColumnDefinition) -> Vec<Effect> {
        let mut work = Work::Catalog;
        let constrained = self.before.domains.values().any(|d| d.name.name == column.data_type.name);
        let rewrites = match (&column.default, column.identity) {
            (_, Some(Identity::Serial | Identity::Always | Identity::ByDefault)) => true,
            (Some(default), _) => self.major < 11 || default.volatility == Volatility::Volatile,
            (None, _) => false,
        } || column.generated.as_ref().is_some_and(|g| g.stored);
        if rewrites || (constrained && column.default.is_some()) {
            work = Work::Rewrite;
        }
        let mut found = Vec::new();
        for constraint in &column.constraints {
            work = work.max(match constraint.kind {
                ConstraintKind::Check { .. } => Work::Scan,
                ConstraintKind::ForeignKey { .. } if column.default.is_some() => Work::Scan,
                ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } => Work::BuildIndex,
                _ => Work::Catalog,
            });
            found.extend(self.referenced(constraint));
        }
        let mut own = effect(table, LockMode::AccessExclusive, work);
        let primary = column.constraints.iter().any(|c| matches!(c.kind, ConstraintKind::PrimaryKey { .. }));
        own.fails_on_rows = (column.not_null == Some(true) || primary)
            && column.default.is_none()
            && column.identity.is_none()
            && column.generated.is_none();
        found.insert(0, own);
        found
    }

    fn add_constraint(&self, table: &Name, constraint: &ConstraintDefinition) -> Vec<Effect> {
        use LockMode::{AccessExclusive, ShareRowExclusive};
        let checked = if constraint.not_valid { Work::Catalog } else { Work::Scan };
        let (lock, work) = match &constraint.kind {
            ConstraintKind::ForeignKey { .. } => (ShareRowExclusive, checked),
            ConstraintKind::Check { .. } => (AccessExclusive, checked),
            ConstraintKind::PrimaryKey { using_index: Some(index), .. } => {
                let found = self.before.table(table);
                let key = found.and_then(|t| t.indexes.iter().find(|i| i.name == *index));
                let nullable = found.zip(key).is_some_and(|(t, key)| {
                    key.leading_columns().any(|c| t.column(c, Dialect::Postgres).is_some_and(|c| !c.not_null))
                });
                (AccessExclusive, if nullable { Work::Scan } else { Work::Catalog })
            }
            ConstraintKind::Unique { using_index: Some(_), .. } => (AccessExclusive, Work::Catalog),
            _ => (AccessExclusive, Work::BuildIndex),
        };
        let mut found = vec![effect(table, lock, work)];
        found.extend(self.referenced(constraint));
        found
    }
}

/// Whether a validated check says that the column is not null.
fn is_proved_not_null(table: &Table, column: &str) -> bool {
    let wanted = format!("{column} is not null");
    table.checks.iter().any(|check| {
        check.validated
            && crate::schema::normalised(&check.expression, Dialect::Postgres)
                .split(" and ")
                .any(|part| part.trim_matches(['(', ')', ' ']) == wanted)
    })
}

/// Whether `USING` says no more than the change itself: the column, or a cast of it.
fn is_plain_cast(using: &str, column: &str) -> bool {
    let text = crate::schema::normalised(using, Dialect::Postgres);
    let column = column.to_lowercase();
    text == column || text.starts_with(&format!("{column} ::")) && !text.contains('(')
}

/// What PostgreSQL has to do when a column's type changes.
fn type_change(from: &SqlType, to: &SqlType, schema: &Schema) -> Work {
    let texts = ["character varying", "text"];
    let (from, to) = (base_of(from, schema), base_of(to, schema));
    if from == to {
        return Work::Catalog;
    }
    // each element is cast anew, whatever the types
    if from.array || to.array {
        return Work::Rewrite;
    }
    let length = |t: &SqlType| t.length().unwrap_or(u64::MAX);
    let widens = length(&to) >= length(&from);
    let free = if texts.contains(&from.name.as_str()) && texts.contains(&to.name.as_str()) {
        widens
    } else if from.name == "numeric" && to.name == "numeric" {
        to.arguments.is_empty()
            || (from.arguments.get(1) == to.arguments.get(1) && widens && !from.arguments.is_empty())
    } else if from.name == to.name && ["bit varying", "timestamp", "time", "interval"].contains(&from.name.as_str()) {
        // a precision of 6 is all there is
        let precision = |t: &SqlType| if t.name == "bit varying" { length(t) } else { t.length().unwrap_or(6) };
        from.suffix == to.suffix && precision(&to) >= precision(&from)
    } else {
        from.name == "cidr" && to.name == "inet"
            || texts.contains(&from.name.as_str()) && to.name == "citext" && to.arguments.is_empty()
            || from.name == "citext" && texts.contains(&to.name.as_str()) && to.arguments.is_empty()
    };
    if free { Work::Catalog } else { Work::Rewrite }
}

/// The type below a domain, without what was written.
fn base_of(data_type: &SqlType, schema: &Schema) -> SqlType {
    let domain = schema.domains.values().find(|d| d.name.name == data_type.name);
    let mut base = domain.map_or_else(|| data_type.clone(), |d| d.base.clone());
    base.alias = None;
    base
}

fn lock_mode(text: &str) -> LockMode {
    let tokens = crate::lex::tokens(text, Dialect::Postgres);
    let cursor = cursor::Cursor::new(&tokens, text, Dialect::Postgres);
    for (words, mode) in [
        (&["access", "share"][..], LockMode::AccessShare),
        (&["row", "share"], LockMode::RowShare),
        (&["row", "exclusive"], LockMode::RowExclusive),
        (&["share", "update", "exclusive"], LockMode::ShareUpdateExclusive),
        (&["share", "row", "exclusive"], LockMode::ShareRowExclusive),
        (&["share"], LockMode::Share),
        (&["exclusive"], LockMode::Exclusive),
    ] {
        if cursor.are(words) {
            return mode;
        }
    }
    LockMode::AccessExclusive
}
