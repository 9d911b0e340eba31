//! The schemas of a repository's databases: as its migrations make them, or as its classes declare them; and what the
//! new ones among the migrations do.
//!
//! Migrations in SQL and change logs are found by `sql::migrations`; those in a programming language by one file for
//! each tool here. To support a tool is to write `schemas/<tool>.rs` and to name it in [`WRITTEN_IN_CODE`].
//! `schemas/recent.rs` says which are new, `steps.rs` what they do to tables in use, `usage.rs` whether code still names
//! what they take away, `remedies.rs` what is written instead, `server.rs` which server they run on.

mod kept;
mod recent;
mod remedies;
mod server;
pub mod steps;
mod usage;

pub(crate) mod alembic;
mod dialect;
pub(crate) mod digest;
pub(crate) mod django;
mod ef_core;
pub mod mismatch;
mod new_migration;
pub(crate) mod node;
mod rails;
mod sea_orm;
pub(crate) mod sender;
pub(crate) mod sqlalchemy;
pub(crate) mod table;
pub(crate) mod typeorm_names;
pub(crate) mod written;

use std::panic::{AssertUnwindSafe, catch_unwind};

use base::{FileId, FileRole, Gap, GapKind, SourceFile, SourceMap, Span, Text};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use sql::Dialect;
use sql::locks::Server;
use sql::migrations::{self, Body, File, Migration, MigrationSet, Tool, TransactionMode};
use sql::schema::Table;
use sql::{Statement, StatementKind, Step};

use crate::adapters::Context;
use crate::running::Running;
use crate::stored::{self, StoredThings};

pub(crate) use ef_core::columns as ef_columns;
pub use kept::is_of_tools;
pub use recent::Told;
pub use remedies::Remedy;
pub use server::limits_waiting;
use steps::NewStep;
pub use usage::Use;

/// The schema of one database.
#[derive(Debug)]
pub struct DatabaseSchema {
    /// The migrations; with [`Tool::Models`] what classes declare where no migration makes it. The file of a migration
    /// is the number of a [`FileId`].
    pub set: MigrationSet,
    /// What they make.
    pub schema: sql::Schema,
    /// The server that they run on.
    pub server: Server,
    /// How new ones were told from old ones.
    pub told: Told,
    /// For each migration whether it is new.
    pub new: Vec<bool>,
    /// The file of each migration.
    pub files: Vec<FileId>,
    /// What the new ones do to tables in use, in order.
    pub steps: Vec<NewStep>,
    /// Names that tables made by new migrations took over: those before were copied.
    pub replaced: Vec<sql::Name>,
    /// It is one of documents: its tables are collections, its statements those of the database's own shell.
    pub is_document: bool,
}

/// Migrations of one tool that are written in code, as the statements that it sends. It is given the dialect that the
/// project's drivers say.
type Reader = fn(&Context<'_>, Dialect) -> Vec<MigrationSet>;

/// Every tool whose migrations are code.
const WRITTEN_IN_CODE: &[Reader] =
    &[alembic::sets, django::sets, ef_core::sets, node::sets, rails::sets, sea_orm::sets];

impl DatabaseSchema {
    /// Whether migrations make it, and not only classes.
    pub fn is_migrated(&self) -> bool {
        !matches!(self.set.tool, Tool::Models | Tool::Live)
    }

    /// Whether it is that of a running database.
    pub fn is_live(&self) -> bool {
        self.set.tool == Tool::Live
    }

    /// Whether it changes with the code, by migrations: a lone file with a schema may be old.
    pub fn is_kept_up(&self) -> bool {
        !matches!(self.set.tool, Tool::Models | Tool::Dump)
    }

    /// Says where a new index goes.
    pub fn how_to_add(&self) -> Text {
        match self.set.tool {
            Tool::Models => Text::from("Declare the index where the table is declared; in the database it is:"),
            Tool::Live => Text::from("Make the index, with the tool that made the table:"),
            _ => Text::from("Add the index in a migration of its own:"),
        }
    }

    /// Says where the schema comes from.
    pub fn provenance(&self) -> Text {
        match self.set.tool {
            Tool::Models => Text::from("So the code declares it, and no migration makes it."),
            Tool::Live => Text::say("So the running database has it (`{}`).", &[&self.set.directory]),
            _ => Text::say("So the migrations of `{}` leave it, up to the last one.", &[&self.set.directory]),
        }
    }

    /// The language of the statements that it is changed with.
    pub fn language(&self) -> &'static str {
        if self.is_document { "javascript" } else { "sql" }
    }

    /// The statement that makes an index on these columns without stopping writes, where the database can.
    pub fn index_statement(&self, table: &Table, columns: &[String]) -> String {
        if self.is_document {
            let keys: Vec<String> = columns.iter().map(|c| format!("\"{c}\": 1")).collect();
            return format!("db.{}.createIndex({{ {} }});", table.name.name, keys.join(", "));
        }
        let create = match self.schema.dialect {
            Dialect::Postgres => "CREATE INDEX CONCURRENTLY",
            _ => "CREATE INDEX",
        };
        let columns_said: Vec<String> = columns.iter().map(|c| self.said(c)).collect();
        let name = self.said(&index_name(table, columns));
        format!("{create} {name} ON {} ({});", self.table_said(table), columns_said.join(", "))
    }

    /// The statement that makes a unique index on these columns, without stopping writes where the database can.
    pub fn unique_index_statement(&self, table: &Table, columns: &[String]) -> String {
        let create = match self.schema.dialect {
            Dialect::Postgres => "CREATE UNIQUE INDEX CONCURRENTLY",
            _ => "CREATE UNIQUE INDEX",
        };
        let name: String = format!("{}_{}_key", table.name.name, columns.join("_"));
        let columns: Vec<String> = columns.iter().map(|c| self.said(c)).collect();
        format!("{create} {} ON {} ({});", self.said(&name), self.table_said(table), columns.join(", "))
    }

    /// The statement that makes an index for comparing a text in one case, or for finding a text anywhere in it; none
    /// where the database has no such index.
    pub fn text_index_statement(&self, table: &Table, column: &str, anywhere: bool) -> Option<String> {
        let (table, column) = (self.table_said(table), self.said(column));
        match (self.schema.dialect, anywhere) {
            (Dialect::Postgres, true) => {
                Some(format!("CREATE INDEX CONCURRENTLY ON {table} USING gin ({column} gin_trgm_ops);"))
            }
            (Dialect::Postgres, false) => Some(format!("CREATE INDEX CONCURRENTLY ON {table} (lower({column}));")),
            _ => None,
        }
    }

    /// The statement that drops an index.
    pub fn drop_index_statement(&self, table: &Table, index: &str) -> String {
        if self.is_document {
            return format!("db.{}.dropIndex(\"{index}\");", table.name.name);
        }
        let (table, index) = (self.table_said(table), self.said(index));
        match self.schema.dialect {
            Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {index};"),
            Dialect::MySql => format!("ALTER TABLE {table} DROP INDEX {index};"),
            Dialect::SqlServer => format!("DROP INDEX {index} ON {table};"),
            _ => format!("DROP INDEX {index};"),
        }
    }

    /// A table's name as a statement says it: with its schema where that is not the one that is taken anyway.
    pub fn table_said(&self, table: &Table) -> String {
        let name = self.said(&table.name.name);
        match table.name.schema.as_deref() {
            Some(schema) if !schema.is_empty() && schema != self.schema.dialect.default_schema() => {
                format!("{}.{name}", self.said(schema))
            }
            _ => name,
        }
    }

    /// A name as a statement says it: in quotes where it needs them.
    pub fn said(&self, name: &str) -> String {
        const RESERVED: [&str; 17] = [
            "user",
            "order",
            "group",
            "table",
            "column",
            "index",
            "key",
            "select",
            "from",
            "where",
            "to",
            "end",
            "check",
            "default",
            "primary",
            "references",
            "case",
        ];
        let dialect = self.schema.dialect;
        let is_plain = name.chars().enumerate().all(|(at, c)| {
            c == '_'
                || c.is_ascii_lowercase()
                || at > 0 && c.is_ascii_digit()
                || dialect != Dialect::Postgres && c.is_ascii_alphabetic()
        });
        let is_reserved = RESERVED.iter().any(|r| name.eq_ignore_ascii_case(r));
        if is_plain && !is_reserved && !name.is_empty() { name.to_owned() } else { written::quoted_name(dialect, name) }
    }

    /// Whether a table has a column of this name after all migrations.
    pub fn has_column(&self, table: &sql::Name, column: &str) -> bool {
        self.schema.table(table).is_some_and(|t| t.column(column, self.schema.dialect).is_some())
    }

    /// Tables whose rows nothing tells apart: no primary key, and no unique index on columns that are never null.
    /// SQLite numbers the rows of every table.
    pub fn tables_without_key(&self) -> Vec<&Table> {
        let dialect = self.schema.dialect;
        let has_key = |table: &Table| {
            table.indexes.iter().any(|index| {
                let never_null = |name: &str| table.column(name, dialect).is_some_and(|column| column.not_null);
                index.unique
                    && index.predicate.is_none()
                    && index.columns.iter().all(|c| c.column.as_deref().is_some_and(never_null))
            })
        };
        let without = self.schema.tables_without_key().filter(|t| t.inherits.is_empty() && !t.unlogged && !has_key(t));
        match dialect {
            Dialect::Sqlite => Vec::new(),
            _ => without.collect(),
        }
    }
}

/// What a new index on these columns is called; no name of a project leaves letters, digits and `_`.
fn index_name(table: &Table, columns: &[String]) -> String {
    let name = format!("{}_{}_idx", table.name.name, columns.join("_"));
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Reads what is stored and the schemas that migrations and classes make; those of tests and examples are left out.
pub(crate) fn read(context: &Context<'_>, running: &[Running]) -> (StoredThings, Vec<DatabaseSchema>, Vec<Gap>) {
    let sources = context.sources;
    let of_running = running.first().map(|r| r.schema.dialect);
    let dialect = of_running.or_else(|| dialect::known(sources)).unwrap_or(Dialect::Postgres);
    let ((stored, mut gaps), (sets, more)) = rayon::join(|| stored::read(context, dialect), || sets(context, dialect));
    gaps.extend(more);
    let replayed = |set: MigrationSet| {
        let id = |file: usize| FileId(file as u32);
        let server = server::server(sources, set.dialect);
        let (told, new) = recent::new_ones(&set, sources, id);
        let (made, steps, replaced) =
            steps::replay(&set, &new, server, |file| (id(file), sources.file(id(file)).text.clone()));
        // old migrations may be gone, the tool's own picture of the whole has them
        let schema = match set.dump {
            Some(_) => set.schema(|file| &*sources.file(id(file)).text, id),
            None => made,
        };
        let files = set.migrations.iter().map(|m| id(m.file)).collect();
        DatabaseSchema { set, files, schema, server, told, new, steps, replaced, is_document: false }
    };
    let is_of_rows = |database: &DatabaseSchema| {
        let engine = |t: &Table| t.options.get("engine").is_some_and(|e| e.contains("MergeTree"));
        !database.set.directory.to_ascii_lowercase().contains("clickhouse")
            && !database.schema.tables.values().any(engine)
    };
    // databases that keep columns apart have keys and indexes of another kind
    let made: Vec<Result<DatabaseSchema, Gap>> =
        sets.into_par_iter().map(|set| caught("migrations", || replayed(set))).collect();
    let (schemas, failed) = apart(made);
    gaps.extend(failed);
    let mut schemas: Vec<DatabaseSchema> = schemas.into_iter().filter(is_of_rows).collect();
    let declared = declared(&stored, &schemas, dialect);
    let (more, failed) = apart(
        declared
            .into_iter()
            .map(|(set, is_document)| caught("stored classes", || DatabaseSchema { is_document, ..replayed(set) }))
            .collect(),
    );
    schemas.extend(more);
    gaps.extend(failed);
    let declared = schemas.len();
    for database in running {
        schemas.extend(database.undeclared(sources, &schemas[..declared]));
    }
    (stored, schemas, gaps)
}

/// What a reader gives; where it panics, the gap that it leaves. What a stranger writes must not end the review.
pub(crate) fn caught<T>(what: &str, read: impl FnOnce() -> T) -> Result<T, Gap> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| Gap {
        kind: GapKind::Internal,
        what: format!("panic while {what} were read"),
        span: None,
        path: None,
    })
}

/// What was read, and the gaps.
pub(crate) fn apart<T>(results: Vec<Result<T, Gap>>) -> (Vec<T>, Vec<Gap>) {
    let mut read = Vec::new();
    let mut gaps = Vec::new();
    for result in results {
        match result {
            Ok(found) => read.push(found),
            Err(gap) => gaps.push(gap),
        }
    }
    (read, gaps)
}

/// All sets of migrations.
fn sets(context: &Context<'_>, dialect: Dialect) -> (Vec<MigrationSet>, Vec<Gap>) {
    let files: Vec<File<'_>> = context.sources.files().map(|(_, file)| as_migration(file)).collect();
    let mut sets = match files.iter().any(|f| !f.text.is_empty() && !is_setting(f.path)) {
        true => migrations::find(&files, None),
        false => Vec::new(),
    };
    let read = WRITTEN_IN_CODE.par_iter().map(|reader| caught("migrations", || reader(context, dialect))).collect();
    let (found, gaps) = apart(read);
    let written: Vec<MigrationSet> = found.into_iter().flatten().collect();
    // a file with the whole schema that belongs to migrations does not count again
    let dumps: FxHashSet<usize> = written.iter().filter_map(|s| s.dump.as_ref()).map(|d| d.file).collect();
    sets.retain(|s| s.tool != Tool::Dump || !s.migrations.iter().any(|m| dumps.contains(&m.file)));
    sets.extend(written);
    (sets, gaps)
}

/// A file as the finder of migrations takes it: empty where it is left out. Files of other kinds only say by their names
/// which tools are used.
fn as_migration(file: &SourceFile) -> File<'_> {
    if matches!(file.role, FileRole::Test | FileRole::Example | FileRole::Generated | FileRole::Live) {
        return File { path: "", text: "" };
    }
    let is_text = file.path.ends_with(".sql") || is_change_log(&file.path) || is_setting(&file.path);
    File { path: &file.path, text: if is_text { &file.text } else { "" } }
}

/// What classes declare and no migration makes, by library.
fn declared(stored: &StoredThings, schemas: &[DatabaseSchema], dialect: Dialect) -> Vec<(MigrationSet, bool)> {
    let declared: Vec<&stored::Stored> = stored.all.iter().filter(|s| s.is_made && !s.statements.is_empty()).collect();
    if declared.is_empty() {
        return Vec::new();
    }
    let tables = schemas.iter().flat_map(|s| s.schema.tables.keys());
    let made: FxHashSet<String> = tables.map(|n| n.name.to_lowercase()).collect();
    let is_made = |s: &stored::Stored| made.contains(&s.table.name.to_lowercase());
    let mut libraries: Vec<&str> = declared.iter().map(|s| s.library).collect();
    libraries.sort_unstable();
    libraries.dedup();
    // where migrations make some of a library's tables, those that they do not make are others', or called otherwise
    let is_by_tool = |s: &&DatabaseSchema| matches!(s.set.tool, Tool::EfCore | Tool::Django);
    libraries.retain(|library| {
        let ours = || declared.iter().filter(|s| s.library == *library);
        let by_tool = matches!(*library, "Django" | "Entity Framework Core") && schemas.iter().any(|s| is_by_tool(&s));
        ours().all(|s| s.is_document) || !by_tool && !ours().any(|s| is_made(s))
    });
    let of = |library: &str| {
        let ours: Vec<&stored::Stored> =
            declared.iter().filter(|s| s.library == library && !is_made(s)).copied().collect();
        let part = |stored: &stored::Stored, tables: bool| {
            let is_table = |s: &&Statement| match &s.kind {
                StatementKind::Change(changes) => changes.iter().any(|c| matches!(c.step, Step::CreateTable(_))),
                _ => false,
            };
            let statements = stored.statements.iter().filter(|s| is_table(s) == tables).cloned().collect();
            Migration {
                version: String::new(),
                name: stored.name.clone(),
                file: stored.span.file.0 as usize,
                forward: Body::Statements(statements),
                is_reversible: false,
                transaction: TransactionMode::None,
                is_repeatable: false,
            }
        };
        // tables come before what references them
        let migrations = ours.iter().map(|s| part(s, true)).chain(ours.iter().map(|s| part(s, false))).collect();
        let is_document = ours.iter().any(|s| s.is_document);
        // names of indexes are those of their collection, as MySQL has it
        let dialect = if is_document { Dialect::MySql } else { dialect };
        (MigrationSet { directory: String::new(), tool: Tool::Models, dialect, migrations, dump: None }, is_document)
    };
    libraries.into_iter().map(of).filter(|(set, _)| !set.migrations.is_empty()).collect()
}

/// Where a statement first says a word, such as the name of a column; all of it where it does not.
pub fn place_of(sources: &SourceMap, statement: Span, word: &str) -> Span {
    let text = sources.text(statement);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone =
        |(at, _): &(usize, &str)| !text[..*at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part);
    let found = text.match_indices(word).filter(|_| !word.is_empty()).find(stands_alone);
    found.map_or(statement, |(at, _)| {
        let start = statement.start + at as u32;
        Span { file: statement.file, start, end: start + word.len() as u32 }
    })
}

/// What tools read beside migrations.
fn is_setting(path: &str) -> bool {
    ["metadata.toml", "migration_lock.toml", ".sql.conf"].iter().any(|end| path.ends_with(end))
}

/// Files of migrations that are written on, whose older text says what is new in them.
pub fn is_written_on(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    is_change_log(path)
        || (lower.ends_with(".sql") && ["changelog", "liquibase", "changeset"].iter().any(|w| lower.contains(w)))
}

/// Change logs in another form than SQL.
fn is_change_log(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".xml", ".yaml", ".yml"].iter().any(|e| lower.ends_with(e))
        && ["changelog", "liquibase", "changeset"].iter().any(|w| lower.contains(w))
}
