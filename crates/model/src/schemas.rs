//! The schemas that the migrations of a repository make.

use base::{FileId, FileRole, SourceMap, Span};
use rayon::prelude::*;
use sql::migrations::{self, File, MigrationSet};

/// The schema of one database, as its migrations make it.
#[derive(Debug)]
pub struct DatabaseSchema {
    /// The migrations.
    pub set: MigrationSet,
    /// What they make.
    pub schema: sql::Schema,
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
        let is_text = file.path.ends_with(".sql") || is_change_log(&file.path);
        files.push(File { path: &file.path, text: if is_text { &file.text } else { "" } });
        ids.push(id);
    }
    if !files.iter().any(|f| !f.text.is_empty()) {
        return Vec::new();
    }
    let sets = migrations::find(&files, None);
    let schema = |set: MigrationSet| {
        let schema = set.schema(&files, |at| ids[at]);
        DatabaseSchema { set, schema }
    };
    let is_of_rows = |database: &DatabaseSchema| {
        let engine = |t: &sql::schema::Table| t.options.get("engine").is_some_and(|e| e.contains("MergeTree"));
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

/// Change logs in another form than SQL.
fn is_change_log(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".xml", ".yaml", ".yml"].iter().any(|e| lower.ends_with(e))
        && ["changelog", "liquibase", "changeset"].iter().any(|w| lower.contains(w))
}
