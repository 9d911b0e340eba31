//! What new migrations do to tables that are in use, statement by statement.
//!
//! A table that a new migration makes is empty when the others run, and nobody reads it yet: what is done to it is not
//! told. Each step knows the schema before it, its transaction and whether waiting for its lock was limited.

use std::sync::Arc;

use base::{FileId, Span};
use sql::locks::{self, Blocked, Effect, Server, Work};
use sql::migrations::{Body, Migration, MigrationSet, TransactionMode};
use sql::query::{Operand, Operation, Operator, Query};
use sql::schema::{Column, Table};
use sql::{
    Change, ColumnDefinition, ConstraintKind, Dialect, Name, Schema, Statement, StatementKind, Step, TableAction,
    Transaction,
};

use super::DatabaseSchema;

/// One change or write of a new migration that touches a table in use.
#[derive(Clone, Debug)]
pub struct NewStep {
    /// Its migration: an index into [`MigrationSet::migrations`].
    pub migration: usize,
    /// Where it is written.
    pub span: Span,
    /// What it does.
    pub deed: Deed,
    /// The tables that it names, those in use only.
    pub tables: Vec<Name>,
    /// What it does to them, as far as locks of this database are known.
    pub effects: Vec<Effect>,
    /// What others cannot do with a table in use while it runs.
    pub blocks: Blocked,
    /// The migration took all rows out of its table before.
    pub is_empty: bool,
    /// The schema before its statement.
    pub before: Arc<Schema>,
    /// The transaction that it runs in.
    pub transaction: Option<Held>,
    /// The transaction of the migration was limited in how long it waits for locks.
    pub limits_waiting: bool,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// It changes the schema.
    Change(Box<Change>),
    /// It changes rows.
    Write(Box<Query>),
}

/// A transaction around steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The same for all steps in it.
    pub number: usize,
    /// The tool opens it, and not the migration itself.
    pub by_tool: bool,
}

impl NewStep {
    /// The change of the schema that it is.
    pub fn change(&self) -> Option<&Step> {
        match &self.deed {
            Deed::Change(change) => Some(&change.step),
            Deed::Write(_) => None,
        }
    }

    /// The action of `ALTER TABLE` that it is, with its table in use.
    pub fn action(&self) -> Option<(&Name, &TableAction)> {
        match self.change()? {
            Step::AlterTable { table, action, .. } if self.tables.contains(table) => Some((table, action)),
            _ => None,
        }
    }

    /// Its table as it was before.
    pub fn table(&self) -> Option<&Table> {
        self.before.table(self.tables.first()?)
    }

    /// A column of its table as it was before.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.table()?.column(name, self.before.dialect)
    }

    /// What it does to the table that it speaks of.
    pub fn effect(&self) -> Option<&Effect> {
        let named = self.tables.first();
        self.effects.iter().find(|e| Some(&e.table) == named)
    }

    /// Whether it keeps others from a table in use.
    pub fn blocks(&self) -> bool {
        self.blocks > Blocked::Nothing
    }

    /// What it validates, with the table.
    fn validated(&self) -> Option<(&Name, &str)> {
        match self.action()? {
            (table, TableAction::ValidateConstraint { name }) => Some((table, name)),
            _ => None,
        }
    }

    /// The name of its table, of what it drops where that is not known, or nothing.
    pub fn table_name(&self) -> String {
        let of_index = match self.change() {
            Some(Step::DropIndex { names, .. }) => names.first(),
            _ => None,
        };
        self.tables
            .first()
            .or(self.effects.first().map(|e| &e.table))
            .or(of_index)
            .map_or_else(String::new, Name::to_string)
    }

    /// A column that it adds to a table in use, with rows that cannot have a value for it.
    pub fn column_without_value(&self) -> Option<&ColumnDefinition> {
        let (_, TableAction::AddColumn { column, .. }) = self.action()? else { return None };
        let is_key = column.constraints.iter().any(|c| matches!(c.kind, ConstraintKind::PrimaryKey { .. }));
        let has_value = column.default.is_some() || column.identity.is_some() || column.generated.is_some();
        ((column.not_null == Some(true) || is_key) && !has_value && !self.is_empty).then_some(column)
    }

    /// Whether a write of it may change many rows: no key is compared with one value.
    pub fn writes_many(&self, query: &Query) -> bool {
        let is_key = |name: &str| {
            let dialect = self.before.dialect;
            match query.tables.first().and_then(|t| self.before.table(&t.name)) {
                Some(table) => table
                    .indexes
                    .iter()
                    .any(|i| i.unique && i.columns.len() == 1 && i.leading_columns().any(|c| dialect.is_same(c, name))),
                None => name.eq_ignore_ascii_case("id"),
            }
        };
        let is_one = |p: &sql::query::Predicate| {
            !p.negated
                && !p.alternative
                && matches!(p.operator, Operator::Eq | Operator::In)
                && matches!(p.against, Operand::Literal { .. } | Operand::List(_))
                && is_key(&p.column.name)
        };
        match query.operation {
            Operation::Select => false,
            Operation::Insert => query.rows == 0 && query.tables.len() + query.subqueries.len() > 1,
            _ => !query.predicates.iter().any(is_one),
        }
    }

    /// Whether the database refuses it in the transaction that it runs in.
    pub fn is_refused(&self) -> bool {
        matches!(&self.deed, Deed::Change(change) if locks::refuses_transaction(change)) && self.transaction.is_some()
    }
}

impl DatabaseSchema {
    /// A column that a step adds as `NOT NULL` with a default that a later step takes away again: the rows that are there
    /// have a value, and those that running code inserts have none.
    pub fn column_losing_default<'s>(&'s self, step: &'s NewStep) -> Option<(&'s str, &'s NewStep)> {
        let (table, TableAction::AddColumn { column, .. }) = step.action()? else { return None };
        if column.not_null != Some(true) || column.default.is_none() {
            return None;
        }
        let sets = |s: &&NewStep| matches!(s.action(), Some((other, TableAction::SetDefault { column: c, .. })) if other == table && *c == column.name);
        let last = self.steps.iter().filter(sets).rfind(|s| (s.migration, s.span) > (step.migration, step.span))?;
        let is_dropped = matches!(last.action(), Some((_, TableAction::SetDefault { default: None, .. })));
        is_dropped.then_some((column.name.as_str(), last))
    }

    /// Whether new migrations prove, before a step, that a column of its table is never null, where the table itself is
    /// not known: a check that they validate, unless they say themselves that it speaks of something else.
    pub fn proves_not_null(&self, step: &NewStep, column: &str) -> bool {
        if step.table().is_some() || self.server.major < 12 {
            return false;
        }
        let earlier = || {
            self.steps.iter().filter(|s| (s.migration, s.span) < (step.migration, step.span) && s.tables == step.tables)
        };
        let speaks_of_other = |name: &str| {
            earlier().filter_map(|s| s.action()).any(|(_, action)| match action {
                TableAction::AddConstraint { constraint } => {
                    let check = match &constraint.kind {
                        ConstraintKind::Check { expression, .. } => expression.to_lowercase(),
                        _ => String::new(),
                    };
                    constraint.name.as_deref() == Some(name) && !check.contains(&column.to_lowercase())
                }
                _ => false,
            })
        };
        earlier().filter_map(|s| s.validated()).any(|(_, name)| !speaks_of_other(name))
    }
}

/// Replays a set; `new` says for each migration whether its steps are wanted.
pub(super) fn replay(
    set: &MigrationSet,
    new: &[bool],
    server: Server,
    file: impl Fn(usize) -> (FileId, Arc<str>),
) -> (Schema, Vec<NewStep>, Vec<Name>) {
    let mut replay = Replay {
        schema: Schema::new(set.dialect),
        server,
        steps: Vec::new(),
        made: Vec::new(),
        transactions: 0,
        held: None,
        limits_waiting: false,
        unchecked: false,
        emptied: Vec::new(),
        replaced: Vec::new(),
    };
    for (at, migration) in set.migrations.iter().enumerate() {
        let (id, text) = file(migration.file);
        let path = replay.schema.search_path.clone();
        let statements = migration.statements(&text, set.dialect);
        match new.get(at) {
            Some(true) => replay.new_migration(at, migration, &statements, id),
            _ => replay.schema.replay(&statements, id, 0),
        }
        // what a migration sets for its session does not reach the next one
        replay.schema.search_path = path;
    }
    (replay.schema, replay.steps, replay.replaced)
}

struct Replay {
    schema: Schema,
    server: Server,
    steps: Vec<NewStep>,
    /// Where new migrations are written.
    made: Vec<Span>,
    transactions: usize,
    held: Option<Held>,
    limits_waiting: bool,
    /// `SET foreign_key_checks = 0`.
    unchecked: bool,
    /// Tables that the migration took all rows out of, by their full names.
    emptied: Vec<Option<Name>>,
    /// Names that tables made by new migrations took over.
    replaced: Vec<Name>,
}

impl Replay {
    fn new_migration(&mut self, at: usize, migration: &Migration, statements: &[Statement], file: FileId) {
        let span = |range: sql::Range| Span::new(file, range.start, range.end);
        match &migration.forward {
            Body::Sql(parts) => self.made.extend(parts.iter().map(|part| span(*part))),
            Body::Statements(statements) => self.made.extend(statements.iter().map(|s| span(s.range))),
        }
        self.limits_waiting = false;
        self.unchecked = false;
        self.emptied.clear();
        self.held = None;
        if migration.transaction == TransactionMode::Whole && self.schema.dialect.has_transactional_ddl() {
            self.open(true);
        }
        self.statements(at, statements, file);
    }

    fn open(&mut self, by_tool: bool) {
        self.transactions += 1;
        self.held = Some(Held { number: self.transactions, by_tool });
    }

    fn statements(&mut self, migration: usize, statements: &[Statement], file: FileId) {
        for statement in statements {
            let mut found = Vec::new();
            match &statement.kind {
                StatementKind::Block(inner) => {
                    self.statements(migration, inner, file);
                    continue;
                }
                StatementKind::Transaction(step) => self.transaction(*step),
                StatementKind::Set { name, value, .. } => {
                    self.limits_waiting |= limits_waiting(name);
                    if name == "foreign_key_checks" {
                        self.unchecked = value.trim() == "0";
                    }
                }
                StatementKind::Change(changes) => {
                    found.extend(changes.iter().map(|c| (c.range, Deed::Change(Box::new(c.clone())))));
                }
                StatementKind::Query(query) if query.operation != Operation::Select => {
                    found.push((statement.range, Deed::Write(query.clone())));
                }
                // `SELECT set_config('lock_timeout', …)`
                StatementKind::Query(query) if query.outputs.iter().any(|o| o.name == "set_config") => {
                    self.limits_waiting = true;
                }
                _ => {}
            }
            let options: Vec<(String, String)> = found.iter().flat_map(|(_, deed)| options(deed)).collect();
            let mut before = None;
            for (range, deed) in found {
                self.step(migration, Span::new(file, range.start, range.end), (deed, &options), &mut before);
            }
            self.schema.replay(std::slice::from_ref(statement), file, 0);
        }
    }

    fn transaction(&mut self, step: Transaction) {
        match step {
            Transaction::Begin if self.held.is_none() && self.schema.dialect.has_transactional_ddl() => {
                self.open(false);
            }
            Transaction::Commit | Transaction::Rollback => self.held = None,
            _ => {}
        }
    }

    /// Whether a table was made by a new migration. What is not known was there.
    fn is_new(&self, name: &Name) -> bool {
        match self.schema.table(name) {
            Some(table) => {
                let made = table.origin.made;
                table.temporary || self.made.iter().any(|part| part.contains(made))
            }
            None => self.is_view(name),
        }
    }

    fn is_view(&self, name: &Name) -> bool {
        self.schema.views.values().any(|view| view.name.name == name.name)
    }

    fn step(
        &mut self,
        migration: usize,
        span: Span,
        (deed, options): (Deed, &[(String, String)]),
        before: &mut Option<Arc<Schema>>,
    ) {
        let mut effects = match &deed {
            Deed::Change(change) => locks::effects(change, &self.schema, self.server),
            Deed::Write(_) => Vec::new(),
        };
        locks::as_asked(&mut effects, options.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if self.unchecked && matches!(&deed, Deed::Change(change) if is_foreign_key(&change.step)) {
            // in place, and without looking at rows
            effects.clear();
        }
        if let Deed::Change(change) = &deed
            && let Step::RenameTable { from, to } = &change.step
            && self.is_new(from)
        {
            self.replaced.push(to.clone());
        }
        let is_empty = |name: &Name| self.emptied.contains(&(self.schema.table(name).map(|t| t.name.clone())));
        // nobody waits long for what is done to no rows
        effects.iter_mut().filter(|e| is_empty(&e.table)).for_each(|e| e.work = Work::Catalog);
        effects.retain(|effect| !self.is_new(&effect.table));
        let mut tables: Vec<Name> = match &deed {
            Deed::Change(change) => self.named(&change.step),
            Deed::Write(query) => query.tables.first().map(|t| t.name.clone()).into_iter().collect(),
        };
        let is_empty = tables.first().is_some_and(is_empty);
        self.note_rows(&deed);
        tables.retain(|table| !self.is_new(table));
        let reaches_far = matches!(&deed, Deed::Change(change) if self.reaches_unnamed(&change.step));
        if tables.is_empty() && effects.is_empty() && !reaches_far {
            return;
        }
        let before = before.get_or_insert_with(|| Arc::new(self.schema.clone())).clone();
        let mut blocks = effects.iter().map(|e| e.blocks).max().unwrap_or(Blocked::Nothing);
        if reaches_far && let Deed::Change(change) = &deed {
            blocks = blocks.max(self.blocks_unnamed(&change.step));
        }
        let (transaction, limits_waiting) = (self.held, self.limits_waiting);
        self.steps.push(NewStep {
            migration,
            span,
            deed,
            tables,
            effects,
            blocks,
            is_empty,
            before,
            transaction,
            limits_waiting,
        });
    }

    /// Keeps which tables have no rows any more.
    fn note_rows(&mut self, deed: &Deed) {
        let (names, empties): (Vec<&Name>, bool) = match deed {
            Deed::Write(query) => {
                let empties = query.operation == Operation::Delete && !query.has_where && query.joins.is_empty();
                (query.tables.first().map(|t| &t.name).into_iter().collect(), empties)
            }
            Deed::Change(change) => match &change.step {
                Step::Truncate { names, .. } => (names.iter().collect(), true),
                _ => return,
            },
        };
        for name in names {
            let known = self.schema.table(name).map(|t| t.name.clone());
            match empties {
                true => self.emptied.push(known),
                false => self.emptied.retain(|e| *e != known),
            }
        }
    }

    /// Whether a change reaches tables that it does not name, or whose name is not known.
    fn reaches_unnamed(&self, step: &Step) -> bool {
        let is_known = |name: &Name| {
            let mut indexes = self.schema.tables.values().flat_map(|t| &t.indexes);
            let mut of_views = self.schema.views.values().flat_map(|v| &v.indexes);
            indexes.any(|i| self.schema.dialect.is_same(&i.name, &name.name)) || of_views.any(|i| i.name == name.name)
        };
        match step {
            Step::Reindex { .. } | Step::RewriteTable { table: None } | Step::DropSchema { .. } => true,
            Step::RenameSchema { .. } => true,
            Step::RenameEnumValue { name, .. } => {
                let made = self.schema.enums.values().find(|e| e.name.name == name.name).map(|e| e.origin.made);
                !made.is_some_and(|made| self.made.iter().any(|part| part.contains(made)))
            }
            Step::DropIndex { names, table: None, .. } => !names.iter().any(is_known),
            _ => false,
        }
    }

    /// What others cannot do with a table that is not known.
    fn blocks_unnamed(&self, step: &Step) -> Blocked {
        match step {
            _ if self.server.dialect != Dialect::Postgres => Blocked::Nothing,
            Step::Reindex { concurrently: false } => Blocked::Writes,
            Step::DropIndex { concurrently: false, .. } | Step::RewriteTable { .. } => Blocked::Everything,
            _ => Blocked::Nothing,
        }
    }

    /// The tables that a change names.
    fn named(&self, step: &Step) -> Vec<Name> {
        match step {
            Step::DropTable { names, .. } | Step::Truncate { names, .. } | Step::LockTable { names, .. } => {
                names.clone()
            }
            Step::RenameTable { from: table, .. }
            | Step::SetTableSchema { table, .. }
            | Step::AlterTable { table, .. }
            | Step::CreateTrigger { table, .. }
            | Step::DropTrigger { table: Some(table), .. }
            | Step::RewriteTable { table: Some(table) } => vec![table.clone()],
            Step::CreateIndex(index) => vec![index.table.clone()],
            Step::DropIndex { names, table, .. } => {
                let of_index = |name: &Name| {
                    let has = |t: &&Table| t.indexes.iter().any(|i| self.schema.dialect.is_same(&i.name, &name.name));
                    self.schema.tables.values().find(has).map(|t| t.name.clone())
                };
                table.iter().cloned().chain(names.iter().filter_map(of_index)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What a part of a statement asks of the server for all of it.
fn options(deed: &Deed) -> Vec<(String, String)> {
    match deed {
        Deed::Change(change) => match &change.step {
            Step::CreateIndex(index) => index.options.clone(),
            Step::AlterTable { action: TableAction::SetOption { name, value }, .. } => {
                vec![(name.clone(), value.clone())]
            }
            _ => Vec::new(),
        },
        Deed::Write(_) => Vec::new(),
    }
}

fn is_foreign_key(step: &Step) -> bool {
    matches!(step, Step::AlterTable { action: TableAction::AddConstraint { constraint }, .. }
        if matches!(constraint.kind, ConstraintKind::ForeignKey { .. }))
}

fn limits_waiting(setting: &str) -> bool {
    ["lock_timeout", "statement_timeout", "lock_wait_timeout", "innodb_lock_wait_timeout"].contains(&setting)
}
