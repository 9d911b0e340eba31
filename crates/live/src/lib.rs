//! What running systems say of themselves, as plain data: their schema, and what was measured.
//!
//! A [`Snapshot`] is what one database said at one moment. `probe` takes it, a file keeps it, the model reads it; it is
//! the same wherever it comes from. [`written`] puts it in words that people read, as SQL with what was measured beside
//! it, so that findings about a running system have lines to stand on.
//!
//! This crate opens no connection and no file, and judges nothing. It holds no secrets and no values of rows: texts of
//! statements are kept without their values.
//!
//! Begin reading at [`Snapshot`].

mod sessions;
mod tables;
mod text;

use serde::{Deserialize, Serialize};

pub use sessions::{Account, Entry, Prepared, Replica, Session, Slot};
pub use tables::{Column, Constraint, Index, Sequence, Table};
pub use text::{Lines, count, size, span_of_time, written};

/// The form of snapshots that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Whose system it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum System {
    #[default]
    PostgreSql,
}

impl System {
    /// Its name, as its makers write it.
    pub fn name(self) -> &'static str {
        match self {
            System::PostgreSql => "PostgreSQL",
        }
    }
}

/// What one running database said at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    /// The form of this data, [`FORMAT`].
    pub format: u32,
    /// Whose system.
    pub system: System,
    /// The server, its version and what it counted as a whole.
    pub server: Server,
    /// What this database counted.
    pub activity: Activity,
    /// Settings that rules ask for, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Tables and materialized views; the partitions of a table count as part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Sequences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<Sequence>,
    /// Statements that took most of the time, most first; without values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Statement>,
    /// Connections of clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<Session>,
    /// Transactions that were prepared and not ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prepared: Vec<Prepared>,
    /// Replication slots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// Replicas that are connected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<Replica>,
    /// Accounts that may sign in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
    /// Who may come in how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// Why it was left before all was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// The server and the role that asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where it was reached, without account and password: `db.example.com:5432`.
    pub host: String,
    /// The database.
    pub database: String,
    /// As the server writes it: `15.4 (Debian 15.4-1)`.
    pub version: String,
    /// The first number of the version.
    pub major: u32,
    /// When it was asked, by its own clock: `2026-01-31T12:00:00Z`.
    pub taken_at: String,
    /// The role that asked.
    pub role: String,
    /// It is a superuser.
    pub is_superuser: bool,
    /// It is a replica.
    pub is_replica: bool,
    /// Seconds since it started.
    pub uptime: Option<i64>,
    /// Bytes of a block.
    pub block_size: i64,
    /// Connections that are open.
    pub connections: Option<i64>,
    /// Connections that clients without special rights may have.
    pub max_connections: Option<i64>,
    /// Transactions since the oldest one that some database still needs, and that database.
    pub oldest_transaction: Option<i64>,
    /// The database with it.
    pub oldest_database: Option<String>,
    /// The same for transactions of several holders of one row.
    pub oldest_multixact: Option<i64>,
    /// Write-ahead log files that could not be archived after the last one that could.
    pub archive_failed: Option<bool>,
    /// It counts statements: `pg_stat_statements` is there and answers.
    pub counts_statements: Option<bool>,
}

/// What a database counted since its statistics began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activity {
    /// Seconds since the statistics began, as far as is known for sure.
    pub seconds: Option<i64>,
    /// Blocks found in memory.
    pub blocks_hit: Option<i64>,
    /// Blocks that were asked of the system.
    pub blocks_read: Option<i64>,
    /// Deadlocks.
    pub deadlocks: Option<i64>,
    /// Temporary files.
    pub temporary_files: Option<i64>,
    /// Their bytes.
    pub temporary_bytes: Option<i64>,
    /// Transactions that were committed.
    pub commits: Option<i64>,
    /// Transactions that were rolled back.
    pub rollbacks: Option<i64>,
}

/// A setting of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as a new session has it.
    pub value: String,
    /// The unit of the value: `ms`, `8kB`.
    pub unit: Option<String>,
}

/// A statement, by its text without values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statement {
    /// With `?` in the place of values, and lists of them as one.
    pub text: String,
    /// How often it ran.
    pub calls: i64,
    /// Milliseconds of all runs.
    pub total_ms: f64,
    /// Milliseconds of the longest.
    pub max_ms: f64,
    /// Rows that all runs gave or changed.
    pub rows: i64,
    /// Blocks found in memory.
    pub blocks_hit: i64,
    /// Blocks asked of the system.
    pub blocks_read: i64,
    /// Blocks written to temporary files.
    pub temporary_blocks: i64,
}

impl Statement {
    /// Milliseconds of a run on average.
    pub fn mean_ms(&self) -> f64 {
        if self.calls > 0 { self.total_ms / self.calls as f64 } else { 0.0 }
    }
}

/// What could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unseen {
    /// What: `texts of other roles' statements`.
    pub what: String,
    /// Why, and where it helps the statement that would show it.
    pub why: String,
}

/// A snapshot that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no snapshot.
    #[error("it is no snapshot (`specialist probe db URL --save FILE` writes one): {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by another version.
    #[error("it has the form {0}, and this version reads {FORMAT}; take it again")]
    Version(u32),
}

impl Snapshot {
    /// Reads what [`Snapshot::to_json`] wrote.
    ///
    /// # Errors
    /// It is none, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Form {
            #[serde(default)]
            format: u32,
        }
        let Form { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(Error::Version(format));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// As a file keeps it.
    ///
    /// # Errors
    /// None is known; numbers that are none would be.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// A path for what it says, which no file of a tree should have: `live/postgresql/shop`.
    pub fn path(&self) -> String {
        let name = self.server.database.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' });
        format!("live/{}/{}", self.system.name().to_lowercase(), name.collect::<String>())
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|s| s.name == name).map(|s| s.value.as_str())
    }

    /// The table of this name.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.schema == schema && t.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_the_same_after_a_file_kept_it() {
        let mut snapshot = Snapshot { format: FORMAT, ..Snapshot::default() };
        snapshot.tables.push(Table { name: "a\"; DROP".into(), rows: Some(4), ..Table::default() });
        let kept = snapshot.to_json().expect("it can be written");
        assert_eq!(Snapshot::from_json(&kept).expect("it can be read"), snapshot);
    }

    #[test]
    fn what_is_no_snapshot_and_what_another_version_wrote_is_refused() {
        assert!(matches!(Snapshot::from_json("{\"format\": 99}"), Err(Error::Version(99))));
        assert!(matches!(Snapshot::from_json("{}"), Err(Error::Version(0))));
        assert!(matches!(Snapshot::from_json("\"x\""), Err(Error::Form(_))));
        assert!(matches!(Snapshot::from_json("{\"format\": 1, \"tabels\": []}"), Err(Error::Form(_))));
    }
}
