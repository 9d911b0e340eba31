//! The schemas of a repository's databases: as its migrations make them, or as its classes declare them.
//!
//! Migrations in SQL and change logs are found by `sql::migrations`; those in a programming language by one file for
//! each tool here. To support a tool is to write `schemas/<tool>.rs` and to name it in [`WRITTEN_IN_CODE`].

mod dialect;
pub(crate) mod node;
pub(crate) mod table;
pub(crate) mod typeorm_names;
pub(crate) mod written;

use base::{FileId, FileRole, SourceFile, SourceMap, Span, Text};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use sql::Dialect;
use sql::migrations::{self, Body, File, Migration, MigrationSet, Tool, TransactionMode};
use sql::schema::{Index, Table};
use sql::{Statement, StatementKind, Step};

use crate::adapters::Context;
use crate::stored::{self, StoredThings};

/// The schema of one database.
#[derive(Debug)]
pub struct DatabaseSchema {
    /// The migrations; with [`Tool::Models`] what classes declare where no migration makes it. The file of a migration
    /// is the number of a [`FileId`].
    pub set: MigrationSet,
    /// What they make.
    pub schema: sql::Schema,
    /// It is one of documents: its tables are collections, its statements those of the database's own shell.
    pub is_document: bool,
}

/// Migrations of one tool that are written in code, as the statements that it sends. It is given the dialect that the
/// project's drivers say.
type Reader = fn(&Context<'_>, Dialect) -> Vec<MigrationSet>;

/// Every tool whose migrations are code.
const WRITTEN_IN_CODE: &[Reader] = &[node::sets];

impl DatabaseSchema {
    /// Whether migrations make it, and not only classes.
    pub fn is_migrated(&self) -> bool {
        self.set.tool != Tool::Models
    }

    /// Says where the schema comes from.
    pub fn told(&self) -> Text {
        match self.set.tool {
            Tool::Models => Text::from("So the code declares it, and no migration makes it."),
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
        let name = format!("{}_{}_idx", table.name.name, columns.join("_"));
        format!("{create} {name} ON {} ({});", table.name, columns.join(", "))
    }

    /// The statement that drops an index.
    pub fn drop_index_statement(&self, table: &Table, index: &Index) -> String {
        if self.is_document {
            return format!("db.{}.dropIndex(\"{}\");", table.name.name, index.name);
        }
        match self.schema.dialect {
            Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {};", index.name),
            Dialect::MySql => format!("ALTER TABLE {} DROP INDEX {};", table.name, index.name),
            Dialect::SqlServer => format!("DROP INDEX {} ON {};", index.name, table.name),
            _ => format!("DROP INDEX {};", index.name),
        }
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

/// Reads what is stored and the schemas that migrations and classes make; those of tests and examples are left out.
pub(crate) fn read(context: &Context<'_>) -> (StoredThings, Vec<DatabaseSchema>) {
    let sources = context.sources;
    let dialect = dialect::known(sources).unwrap_or(Dialect::Postgres);
    let (stored, sets) = rayon::join(|| stored::read(context, dialect), || sets(context, dialect));
    let replayed = |set: MigrationSet| {
        let schema = set.schema(|file| &*sources.file(FileId(file as u32)).text, |file| FileId(file as u32));
        DatabaseSchema { set, schema, is_document: false }
    };
    let is_of_rows = |database: &DatabaseSchema| {
        let engine = |t: &Table| t.options.get("engine").is_some_and(|e| e.contains("MergeTree"));
        !database.set.directory.to_ascii_lowercase().contains("clickhouse")
            && !database.schema.tables.values().any(engine)
    };
    // databases that keep columns apart have keys and indexes of another kind
    let mut schemas: Vec<DatabaseSchema> = sets.into_par_iter().map(replayed).filter(is_of_rows).collect();
    let declared = declared(&stored, &schemas, dialect);
    schemas.extend(declared.into_iter().map(|(set, is_document)| DatabaseSchema { is_document, ..replayed(set) }));
    (stored, schemas)
}

/// All sets of migrations.
fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    let files: Vec<File<'_>> = context.sources.files().map(|(_, file)| as_migration(file)).collect();
    let mut sets = match files.iter().any(|f| !f.text.is_empty()) {
        true => migrations::find(&files, None),
        false => Vec::new(),
    };
    sets.extend(WRITTEN_IN_CODE.par_iter().flat_map_iter(|reader| reader(context, dialect)).collect::<Vec<_>>());
    sets
}

/// A file as the finder of migrations takes it: empty where it is left out. Files of other kinds only say by their names
/// which tools are used.
fn as_migration(file: &SourceFile) -> File<'_> {
    if matches!(file.role, FileRole::Test | FileRole::Example | FileRole::Generated) {
        return File { path: "", text: "" };
    }
    let is_text = file.path.ends_with(".sql") || is_change_log(&file.path);
    File { path: &file.path, text: if is_text { &file.text } else { "" } }
}

/// What classes declare and no migration makes, by library.
fn declared(stored: &StoredThings, schemas: &[DatabaseSchema], dialect: Dialect) -> Vec<(MigrationSet, bool)> {
    let declared: Vec<&stored::Stored> = stored.all.iter().filter(|s| !s.statements.is_empty()).collect();
    if declared.is_empty() {
        return Vec::new();
    }
    let tables = schemas.iter().flat_map(|s| s.schema.tables.keys());
    let made: FxHashSet<String> = tables.map(|n| n.name.to_lowercase()).collect();
    let mut libraries: Vec<&str> = declared.iter().map(|s| s.library).collect();
    libraries.sort_unstable();
    libraries.dedup();
    let of = |library: &str| {
        let missing = |s: &&&stored::Stored| s.library == library && !made.contains(&s.table.name.to_lowercase());
        let ours: Vec<&stored::Stored> = declared.iter().filter(missing).copied().collect();
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

/// Change logs in another form than SQL.
fn is_change_log(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".xml", ".yaml", ".yml"].iter().any(|e| lower.ends_with(e))
        && ["changelog", "liquibase", "changeset"].iter().any(|w| lower.contains(w))
}
