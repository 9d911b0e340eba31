//! The dialects of SQL, and how each reads names.

use serde::{Deserialize, Serialize};

/// Whose SQL a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// PostgreSQL and what speaks its language.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
    /// Microsoft SQL Server.
    SqlServer,
    /// Oracle Database.
    Oracle,
    /// Not known: what most of them accept.
    Generic,
}

impl Dialect {
    /// The name as the database keeps it: PostgreSQL folds what is not quoted to small letters, Oracle to capitals,
    /// the others keep it.
    pub fn fold(self, name: &str, quoted: bool) -> String {
        match self {
            Dialect::Postgres if !quoted => shortened(name.to_ascii_lowercase(), 63),
            Dialect::Postgres => shortened(name.to_owned(), 63),
            Dialect::Oracle if !quoted => name.to_uppercase(),
            _ => name.to_owned(),
        }
    }

    /// What two names share when the database takes them for the same.
    pub fn key(self, name: &str) -> String {
        match self {
            Dialect::Postgres | Dialect::Oracle => name.to_owned(),
            _ => name.to_lowercase(),
        }
    }

    /// Whether the database takes two names for the same.
    pub fn is_same(self, one: &str, other: &str) -> bool {
        match self {
            Dialect::Postgres | Dialect::Oracle => one == other,
            _ => one.eq_ignore_ascii_case(other) || (!one.is_ascii() && one.to_lowercase() == other.to_lowercase()),
        }
    }

    /// The schema of what is named without one, before any `SET search_path`; empty where there is only one.
    pub fn default_schema(self) -> &'static str {
        match self {
            Dialect::Postgres => "public",
            Dialect::SqlServer => "dbo",
            _ => "",
        }
    }

    /// How many bytes of an identifier the database keeps.
    pub fn identifier_limit(self) -> usize {
        match self {
            Dialect::Postgres => 63,
            Dialect::MySql => 64,
            Dialect::SqlServer | Dialect::Oracle => 128,
            Dialect::Sqlite | Dialect::Generic => usize::MAX,
        }
    }

    /// Whether a statement of the schema is undone by a rollback.
    pub fn has_transactional_ddl(self) -> bool {
        !matches!(self, Dialect::MySql | Dialect::Oracle)
    }

    pub(crate) fn has_backslash_escapes(self) -> bool {
        self == Dialect::MySql
    }

    pub(crate) fn has_bracket_names(self) -> bool {
        matches!(self, Dialect::SqlServer | Dialect::Sqlite)
    }
}

/// A name cut to a number of bytes, on a character's border.
pub(crate) fn shortened(mut name: String, limit: usize) -> String {
    if name.len() > limit {
        let mut end = limit;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
    }
    name
}
