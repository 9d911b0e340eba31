//! Who is connected, who may be, and where data goes.

use serde::{Deserialize, Serialize};

/// A connection of a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// The server's number for it.
    pub pid: i64,
    /// Its database.
    pub database: Option<String>,
    /// Its role.
    pub role: Option<String>,
    /// The role is a superuser.
    pub is_superuser: bool,
    /// What the client calls itself.
    pub application: Option<String>,
    /// It comes over a network from another machine.
    pub is_remote: bool,
    /// Its traffic is encrypted; not known without the right to see it.
    pub encrypted: Option<bool>,
    /// `active`, `idle`, `idle in transaction` …
    pub state: Option<String>,
    /// What it waits for: `Lock`, `Client`.
    pub waits_for: Option<String>,
    /// Seconds since its transaction began.
    pub transaction_seconds: Option<i64>,
    /// Seconds since it came into its state.
    pub state_seconds: Option<i64>,
    /// Sessions that hold what it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<i64>,
    /// Its last statement, without values.
    pub statement: Option<String>,
}

/// A transaction that was prepared and not ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// Its database.
    pub database: String,
    /// Seconds since it was prepared.
    pub seconds: i64,
}

/// A replication slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// Somebody reads from it.
    pub active: bool,
    /// It goes with its session.
    pub temporary: bool,
    /// Bytes of the write-ahead log that are kept for it.
    pub kept_bytes: Option<i64>,
}

/// A replica that is connected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replica {
    /// What it calls itself.
    pub name: String,
    /// `streaming`, `catchup` …
    pub state: Option<String>,
    /// Bytes that it has not replayed yet.
    pub behind_bytes: Option<i64>,
    /// Seconds between writing here and replaying there.
    pub behind_seconds: Option<f64>,
}

/// An account that may sign in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Nothing is refused to it.
    pub is_superuser: bool,
}

/// A line that says who may come in how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// The line of its file.
    pub line: i64,
    /// `local`, `host`, `hostssl` …
    pub kind: String,
    /// Databases.
    pub databases: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// From where, with the mask; none for sockets of the machine itself.
    pub address: Option<String>,
    /// `trust`, `scram-sha-256` …
    pub method: String,
}
