//! The schemas that the migrations of a repository make, and what the new ones among these do.
//!
//! `schemas/recent.rs` says which are new, `steps.rs` what they do to tables in use, `usage.rs` whether code still names
//! what they take away, `remedies.rs` what is written instead, `server.rs` which server they run on.

mod recent;
mod remedies;
mod server;
pub mod steps;
mod usage;

use base::{FileId, FileRole, SourceMap, Span};
use rayon::prelude::*;
use sql::Dialect;
use sql::locks::Server;
use sql::migrations::{self, File, MigrationSet};
use sql::schema::{Index, Table};

pub use recent::Told;
pub use remedies::Remedy;
pub use server::limits_waiting;
use steps::NewStep;
pub use usage::Use;

/// The schema of one database, as its migrations make it.
#[derive(Debug)]
pub struct DatabaseSchema {
    /// The migrations.
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
}

impl DatabaseSchema {
    /// The statement that makes an index on these columns without stopping writes, where the database can.
    pub fn index_statement(&self, table: &Table, columns: &[String]) -> String {
        let create = match self.schema.dialect {
            Dialect::Postgres => "CREATE INDEX CONCURRENTLY",
            _ => "CREATE INDEX",
        };
        let name = format!("{}_{}_idx", table.name.name, columns.join("_"));
        format!("{create} {name} ON {} ({});", table.name, columns.join(", "))
    }

    /// The statement that drops an index.
    pub fn drop_index_statement(&self, table: &Table, index: &Index) -> String {
        match self.schema.dialect {
            Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {};", index.name),
            Dialect::MySql => format!("ALTER TABLE {} DROP INDEX {};", table.name, index.name),
            Dialect::SqlServer => format!("DROP INDEX {} ON {};", index.name, table.name),
            _ => format!("DROP INDEX {};", index.name),
        }
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

/// Replays all sets of migrations; those of tests and examples are left out.
pub(crate) fn read(sources: &SourceMap) -> Vec<DatabaseSchema> {
    let mut ids: Vec<FileId> = Vec::new();
    let mut files: Vec<File<'_>> = Vec::new();
    for (id, file) in sources.files() {
        if matches!(file.role, FileRole::Test | FileRole::Example | FileRole::Generated) {
            continue;
        }
        // other files only say by their names which tools are used
        let is_text = file.path.ends_with(".sql") || is_change_log(&file.path) || is_setting(&file.path);
        files.push(File { path: &file.path, text: if is_text { &file.text } else { "" } });
        ids.push(id);
    }
    if !files.iter().any(|f| !f.text.is_empty() && !is_setting(f.path)) {
        return Vec::new();
    }
    let sets = migrations::find(&files, None);
    let schema = |set: MigrationSet| {
        let server = server::server(sources, set.dialect);
        let (told, new) = recent::new_ones(&set, sources, |at| ids[at]);
        let (schema, steps, replaced) =
            steps::replay(&set, &new, server, |at| (ids[at], sources.file(ids[at]).text.clone()));
        let files = set.migrations.iter().map(|m| ids[m.file]).collect();
        DatabaseSchema { set, files, schema, server, told, new, steps, replaced }
    };
    let is_of_rows = |database: &DatabaseSchema| {
        let engine = |t: &Table| t.options.get("engine").is_some_and(|e| e.contains("MergeTree"));
        !database.set.directory.to_ascii_lowercase().contains("clickhouse")
            && !database.schema.tables.values().any(engine)
    };
    // databases that keep columns apart have keys and indexes of another kind
    sets.into_par_iter().map(schema).filter(is_of_rows).collect()
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
