//! The statements that are sent, all of them: files of SQL beside this one. None comes from outside.

/// One question to the database.
pub(super) struct Question {
    /// What it would show, for when it is refused.
    pub(super) what: &'static str,
    /// Its text.
    pub(super) sql: &'static str,
    /// The statement that gives the right to ask it, with `{role}` in the place of the role.
    pub(super) grant: Option<&'static str>,
}

const fn question(what: &'static str, sql: &'static str) -> Question {
    Question { what, sql, grant: None }
}

pub(super) const SERVER: Question = question("the server", include_str!("server.sql"));
pub(super) const RIGHTS: Question = question("the rights of the role", include_str!("rights.sql"));
pub(super) const ACTIVITY: Question = question("what the database counted", include_str!("activity.sql"));
pub(super) const SETTINGS: Question = question("settings", include_str!("settings.sql"));
pub(super) const LOCKED: Question = question("locks", include_str!("locked.sql"));
pub(super) const TABLES: Question = question("tables", include_str!("tables.sql"));
pub(super) const COLUMNS: Question = question("columns", include_str!("columns.sql"));
pub(super) const CONSTRAINTS: Question = question("keys and checks", include_str!("constraints.sql"));
pub(super) const INDEXES: Question = question("indexes", include_str!("indexes.sql"));
pub(super) const SIZES: Question =
    question("sizes of tables and indexes (those of the last VACUUM count)", include_str!("sizes.sql"));
pub(super) const EXPECTED: Question = question("what rows should take", include_str!("expected.sql"));
pub(super) const SEQUENCES: Question = question("sequences", include_str!("sequences.sql"));
pub(super) const STATISTICS_SCHEMA: Question = question("extensions", include_str!("statistics_schema.sql"));
pub(super) const STATEMENTS: Question = Question {
    grant: Some("GRANT pg_read_all_stats TO {role};"),
    ..question("statements", include_str!("statements.sql"))
};
pub(super) const SESSIONS: Question = question("sessions", include_str!("sessions.sql"));
pub(super) const PREPARED: Question = question("prepared transactions", include_str!("prepared.sql"));
pub(super) const SLOTS: Question = question("replication slots", include_str!("slots.sql"));
pub(super) const REPLICAS: Question = question("replicas", include_str!("replicas.sql"));
pub(super) const ACCOUNTS: Question = question("accounts", include_str!("accounts.sql"));
pub(super) const ENTRIES: Question = Question {
    grant: Some(
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO {role}; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO {role};",
    ),
    ..question("who may come in how (`pg_hba.conf`)", include_str!("entries.sql"))
};

/// What is sent once, before all questions: one transaction that can only read, sees one state of the catalogs, and
/// waits for nothing long. Names are those of the server's own catalog, whatever a schema calls its functions.
pub(super) const BEGIN: [&str; 5] = [
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL statement_timeout = '5s'",
    "SET LOCAL lock_timeout = '100ms'",
    "SET LOCAL idle_in_transaction_session_timeout = '10s'",
    "SET LOCAL search_path = pg_catalog",
];

/// The session is read-only even outside the transaction. Some poolers refuse to be told so; then the transaction alone
/// holds.
pub(super) const SESSION_OPTIONS: &str = "-c default_transaction_read_only=on";

pub(super) const SAVEPOINT: &str = "SAVEPOINT question";
pub(super) const BACK: &str = "ROLLBACK TO SAVEPOINT question";
pub(super) const RELEASE: &str = "RELEASE SAVEPOINT question";
pub(super) const END: &str = "ROLLBACK";

impl Question {
    /// Its text, with each row as one JSON object.
    pub(super) fn text(&self) -> String {
        // the comment at its beginning ends with its line
        format!("SELECT row_to_json(found)::text FROM (\n{}) AS found", self.sql)
    }
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
