//! The schemas that the migrations of a repository make.

use base::{FileId, FileRole, SourceMap};
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
    sets.into_par_iter().map(schema).collect()
}

/// Change logs in another form than SQL.
fn is_change_log(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".xml", ".yaml", ".yml"].iter().any(|e| lower.ends_with(e))
        && ["changelog", "liquibase", "changeset"].iter().any(|w| lower.contains(w))
}
