//! Which files are migrations, in which order they run, which part of each goes forward, and in what transaction.
//!
//! `migrations/layout.rs` reads paths, `sections.rs` the comments that tools read, `guess.rs` the dialect,
//! `liquibase.rs` change sets in XML and YAML. Nothing is read from a disk: the caller brings paths and texts.

mod guess;
mod layout;
mod liquibase;
mod sections;

use base::FileId;

use crate::{Dialect, Range, Schema, Statement, parse_part};

pub use guess::{by_path as dialect_of_path, dialect_of};

/// A file of the project.
#[derive(Clone, Copy, Debug)]
pub struct File<'f> {
    /// Path relative to the root, with `/`.
    pub path: &'f str,
    /// Its text; empty for files that only say which tools are used (`go.mod`, `Cargo.toml`, `package.json`).
    pub text: &'f str,
}

/// The tool that runs migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Tool {
    /// Numbered files, and no sign of a tool.
    Plain,
    GolangMigrate,
    Goose,
    SqlMigrate,
    Dbmate,
    Flyway,
    Sqlx,
    Diesel,
    Prisma,
    NodePgMigrate,
    Postgrator,
    Liquibase,
    /// No migrations: the whole schema in one file.
    Dump,
    // migrations in a programming language
    Rails,
    Django,
    Alembic,
    Knex,
    DbMigrate,
    Sequelize,
    TypeOrm,
    MikroOrm,
    EfCore,
    FluentMigrator,
    SeaOrm,
    /// No migrations: the tables that classes of the code declare.
    Models,
    /// No migrations: the tables that a running database has.
    Live,
}

/// In what transaction a migration runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMode {
    /// All its statements in one (as far as the database has transactions for DDL).
    Whole,
    /// Each statement for itself.
    None,
}

/// Migrations that run one after the other against one database.
#[derive(Clone, Debug, PartialEq)]
pub struct MigrationSet {
    /// The folder that holds them.
    pub directory: String,
    /// The tool.
    pub tool: Tool,
    /// The dialect, by the folder's name, the tool's configuration or the text.
    pub dialect: Dialect,
    /// In the order in which they run.
    pub migrations: Vec<Migration>,
    /// The whole schema as the tool wrote it after the last of them (`schema.rb`). It counts in their place: old
    /// migrations may be gone.
    pub dump: Option<Migration>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// Its version as written; of a change set `author:id`.
    pub version: String,
    /// The rest of its name.
    pub name: String,
    /// The file: an index into what was given.
    pub file: usize,
    /// What it does going forward.
    pub forward: Body,
    /// There is a way back, in this file or another.
    pub is_reversible: bool,
    /// In what transaction it runs.
    pub transaction: TransactionMode,
    /// It runs again whenever its text changes.
    pub is_repeatable: bool,
}

/// What a migration does.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// SQL: parts of the file.
    Sql(Vec<Range>),
    /// What is written in another form, with its places in the file.
    Statements(Vec<Statement>),
}

impl Migration {
    /// Its statements; `text` is the whole file.
    pub fn statements(&self, text: &str, dialect: Dialect) -> Vec<Statement> {
        match &self.forward {
            Body::Sql(parts) => parts.iter().flat_map(|part| parse_part(text, *part, dialect)).collect(),
            Body::Statements(statements) => statements.clone(),
        }
    }
}

impl MigrationSet {
    /// The schema after all of them. `text` gives a migration's file, `id` says which file of the review it is.
    pub fn schema<'t>(&self, text: impl Fn(usize) -> &'t str, id: impl Fn(usize) -> FileId) -> Schema {
        let mut schema = Schema::new(self.dialect);
        let all = self.dump.as_ref().map_or(self.migrations.as_slice(), std::slice::from_ref);
        for migration in all {
            let path = schema.search_path.clone();
            schema.replay(&migration.statements(text(migration.file), self.dialect), id(migration.file), 0);
            // what a migration sets for its session does not reach the next one
            schema.search_path = path;
        }
        schema
    }
}

/// The migrations of a project, by folder; one folder for several databases gives a set for each. The order of `files`
/// does not matter. `known` is the dialect that the project's drivers or settings say: it counts where neither a folder
/// nor the tool's own files say another.
pub fn find(files: &[File<'_>], known: Option<Dialect>) -> Vec<MigrationSet> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|at| files[*at].path);
    let mut sets = layout::sql_sets(files, &order, known);
    sets.extend(liquibase::sets(files, &order, known));
    layout::add_dumps(files, &order, known, &mut sets);
    sets.sort_by(|a, b| (&a.directory, a.tool, a.dialect).cmp(&(&b.directory, b.tool, b.dialect)));
    sets
}
