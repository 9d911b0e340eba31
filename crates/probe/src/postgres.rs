//! PostgreSQL 12 and later.
//!
//! `postgres/catalogue.rs` has every statement that is sent, `postgres/tls.rs` how the server is known,
//! `postgres/asking.rs` what happens when a question is refused. This file connects and puts the answers together.

mod asking;
mod catalogue;
mod tls;

use std::{collections::BTreeMap, time::Duration};

use live::{Column, Constraint, Index, Snapshot, System, Table, Unseen};
use serde::Deserialize;
use sql::Dialect;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, Config, config::SslMode, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    Error, Probe, Settings,
    target::{self, Host, Target, Tls},
};
use asking::Asking;

/// How long it may take to be let in.
const CONNECT: Duration = Duration::from_secs(10);
/// How long all questions may take.
const WHOLE: Duration = Duration::from_secs(60);
/// How long to wait until a cancelled statement has ended.
const CANCEL: Duration = Duration::from_secs(2);
/// Characters of a statement that are kept.
const LONGEST_STATEMENT: usize = 600;
/// Statements that are kept.
const MOST_STATEMENTS: usize = 200;

pub(crate) struct Postgres;

impl Probe for Postgres {
    fn schemes(&self) -> &'static [&'static str] {
        &["postgres", "postgresql"]
    }

    fn probe(&self, address: &str, settings: &Settings<'_>) -> Result<Snapshot, Error> {
        let target = target::read(address, settings.variable)?;
        let connect = |e: String| Error::Connect { host: target.shown(), reason: e };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| connect(e.to_string()))?;
        let tls = MakeRustlsConnect::new(tls::config(&target).map_err(connect)?);
        runtime.block_on(async {
            let connected = settings.interrupt.or(connected(&target, &tls)).await;
            let client = connected.ok_or(Error::Interrupted)??;
            let cancel = client.cancel_token();
            match settings.interrupt.or(ask(&client, &target)).await {
                Some(snapshot) => snapshot,
                None => {
                    let _ = timeout(CANCEL, cancel.cancel_query(tls)).await;
                    Err(Error::Interrupted)
                }
            }
        })
    }
}

/// A session that can only read, where the server or what stands before it lets sessions say so.
async fn connected(target: &Target, tls: &MakeRustlsConnect) -> Result<Client, Error> {
    let failed = |reason: String| Error::Connect { host: target.shown(), reason };
    let mut config = Config::new();
    match &target.host {
        Host::Name(name) => config.host(name),
        #[cfg(unix)]
        Host::Socket(path) => config.host_path(path),
        #[cfg(not(unix))]
        Host::Socket(_) => return Err(failed("there are no sockets of this kind here".into())),
    };
    config
        .port(target.port)
        .user(&target.user)
        .dbname(&target.database)
        .application_name(concat!("specialist/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .ssl_mode(match target.tls {
            Tls::Off => SslMode::Disable,
            Tls::Tried => SslMode::Prefer,
            Tls::Required | Tls::Chain | Tls::Full => SslMode::Require,
        })
        .options(catalogue::SESSION_OPTIONS);
    if matches!(target.host, Host::Socket(_)) {
        config.ssl_mode(SslMode::Disable);
    }
    if let Some(password) = &target.password {
        config.password(&password.0);
    }
    let connect = async |config: &Config| match timeout(CONNECT, config.connect(tls.clone())).await {
        Ok(result) => result.map_err(Some),
        Err(_) => Err(None),
    };
    let mut result = connect(&config).await;
    let refused = [SqlState::PROTOCOL_VIOLATION, SqlState::FEATURE_NOT_SUPPORTED];
    if let Err(Some(error)) = &result
        && error.code().is_some_and(|code| refused.contains(code))
    {
        config.options("");
        result = connect(&config).await;
    }
    match result {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Ok(client)
        }
        Err(Some(error)) => Err(failed(asking::reason(&error))),
        Err(None) => Err(failed("it did not answer within ten seconds".into())),
    }
}

async fn ask(client: &Client, target: &Target) -> Result<Snapshot, Error> {
    let lost = |error: tokio_postgres::Error| Error::Lost { host: target.shown(), reason: asking::reason(&error) };
    for statement in catalogue::BEGIN {
        client.query_typed(statement, &[]).await.map_err(lost)?;
    }
    let mut snapshot = Snapshot { format: live::FORMAT, system: System::PostgreSql, ..Snapshot::default() };
    let mut asking = Asking::new(client, Instant::now() + WHOLE);
    snapshot.server = asking.first(&catalogue::SERVER).await.map_err(lost)?.unwrap_or_default();
    snapshot.server.host = target.shown();
    asking.role = snapshot.server.role.clone();
    let notes = target.notes.iter().map(|n| Unseen { what: "the password file".into(), why: n.clone() });
    snapshot.unseen.extend(notes);
    if !target.is_local() && matches!(target.tls, Tls::Off | Tls::Tried | Tls::Required) {
        let why = "sslmode does not verify the server's certificate; `sslmode=verify-full` does";
        snapshot.unseen.push(Unseen { what: "whether this is the server that was meant".into(), why: why.into() });
    }
    let (used, most) = (snapshot.server.connections.unwrap_or(0), snapshot.server.max_connections.unwrap_or(0));
    if most > 0 && used * 10 > most * 9 {
        snapshot.stopped =
            Some(format!("{used} of {most} connections were in use, so that it left at once to make room"));
    } else {
        everything(&mut asking, &mut snapshot).await.map_err(lost)?;
    }
    snapshot.unseen.extend(asking.unseen);
    client.query_typed(catalogue::END, &[]).await.map_err(lost)?;
    Ok(snapshot)
}

/// What is said of a thing of a table.
#[derive(Deserialize)]
struct Of<T> {
    schema: String,
    table: String,
    #[serde(flatten)]
    thing: T,
}

#[derive(Deserialize)]
struct Sized {
    schema: String,
    name: String,
    bytes: i64,
}

#[derive(Deserialize)]
struct Rights {
    sees_statistics: bool,
    sees_settings: bool,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn everything(asking: &mut Asking<'_>, snapshot: &mut Snapshot) -> Result<(), tokio_postgres::Error> {
    let rights: Option<Rights> = asking.first(&catalogue::RIGHTS).await?;
    let quoted_role = catalogue::quoted(&asking.role);
    if rights.as_ref().is_some_and(|r| !r.sees_statistics || !r.sees_settings) {
        let why = format!("the role has no right to it: `GRANT pg_monitor TO {quoted_role};`");
        asking.unseen.push(Unseen { what: "what other roles' sessions and statements do".into(), why });
    }
    snapshot.activity = asking.first(&catalogue::ACTIVITY).await?.unwrap_or_default();
    snapshot.settings = asking.all(&catalogue::SETTINGS).await?;
    asking.look_for_locks().await?;
    snapshot.tables = asking.all_of_tables(&catalogue::TABLES).await?;
    let columns: Vec<Of<Column>> = asking.all_of_tables(&catalogue::COLUMNS).await?;
    let constraints: Vec<Of<Constraint>> = asking.all_of_tables(&catalogue::CONSTRAINTS).await?;
    let indexes: Vec<Of<Index>> = asking.all_of_tables(&catalogue::INDEXES).await?;
    put_together(&mut snapshot.tables, columns, constraints, indexes);
    let sizes: Vec<Sized> = asking.all_of_tables(&catalogue::SIZES).await?;
    let expected: Vec<Sized> = asking.all(&catalogue::EXPECTED).await?;
    put_sizes(&mut snapshot.tables, &sizes, &expected);
    snapshot.sequences = asking.all_of_tables(&catalogue::SEQUENCES).await?;
    for table in snapshot.tables.iter().filter(|t| t.locked) {
        let what = format!("the table {}.{}", table.schema, table.name);
        asking.unseen.push(Unseen { what, why: "not examined: locked".into() });
    }
    statements(asking, snapshot).await?;
    snapshot.sessions = asking.all(&catalogue::SESSIONS).await?;
    for session in &mut snapshot.sessions {
        let seen = session.statement.take().filter(|s| !s.is_empty() && s != "<insufficient privilege>");
        session.statement = seen.map(|s| without_values(&s));
    }
    snapshot.prepared = asking.all(&catalogue::PREPARED).await?;
    snapshot.slots = asking.all(&catalogue::SLOTS).await?;
    snapshot.replicas = asking.all(&catalogue::REPLICAS).await?;
    snapshot.accounts = asking.all(&catalogue::ACCOUNTS).await?;
    snapshot.entries = asking.all(&catalogue::ENTRIES).await?;
    Ok(())
}

/// Statements, where the extension that counts them is there.
async fn statements(asking: &mut Asking<'_>, snapshot: &mut Snapshot) -> Result<(), tokio_postgres::Error> {
    let Some(Named { name: schema }) = asking.first(&catalogue::STATISTICS_SCHEMA).await? else {
        snapshot.server.counts_statements = Some(false);
        return Ok(());
    };
    let before = asking.unseen.len();
    let text = catalogue::STATEMENTS.text().replace("{schema}", &catalogue::quoted(&schema));
    let found: Vec<live::Statement> = asking.rows(&catalogue::STATEMENTS, &text, false).await?;
    snapshot.server.counts_statements = Some(asking.unseen.len() == before);
    // texts that differ in their values only are one statement
    let mut statements: BTreeMap<String, live::Statement> = BTreeMap::new();
    for statement in found {
        let text = without_values(&statement.text);
        if !is_of_application(&text) {
            continue;
        }
        let sum = statements.entry(text.clone()).or_default();
        sum.text = text;
        sum.calls += statement.calls;
        sum.total_ms += statement.total_ms;
        sum.max_ms = sum.max_ms.max(statement.max_ms);
        sum.rows += statement.rows;
        sum.blocks_hit += statement.blocks_hit;
        sum.blocks_read += statement.blocks_read;
        sum.temporary_blocks += statement.temporary_blocks;
    }
    let mut statements: Vec<live::Statement> = statements.into_values().collect();
    statements.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms).then_with(|| a.text.cmp(&b.text)));
    statements.truncate(MOST_STATEMENTS);
    snapshot.statements = statements;
    Ok(())
}

/// A statement as it is kept: values of rows and passwords have no place in a snapshot.
fn without_values(text: &str) -> String {
    let plain = sql::fingerprint(text, Dialect::Postgres);
    match plain.char_indices().nth(LONGEST_STATEMENT) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// Whether a statement reads or writes rows, and not those of the server's own catalogs, as we and others like us do.
fn is_of_application(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    let asks_catalogs = ["from pg_", "join pg_", "pg_catalog .", "information_schema .", "row_to_json ( found )"]
        .iter()
        .any(|w| text.contains(w));
    matches!(first, "select" | "insert" | "update" | "delete" | "with" | "merge" | "(") && !asks_catalogs
}

fn put_together(
    tables: &mut [Table],
    columns: Vec<Of<Column>>,
    constraints: Vec<Of<Constraint>>,
    indexes: Vec<Of<Index>>,
) {
    let at = places(tables);
    for Of { schema, table, thing } in columns {
        if let Some(at) = at.get(&(schema, table)) {
            tables[*at].columns.push(thing);
        }
    }
    for Of { schema, table, thing } in constraints {
        if let Some(at) = at.get(&(schema, table)) {
            tables[*at].constraints.push(thing);
        }
    }
    for Of { schema, table, thing } in indexes {
        if let Some(at) = at.get(&(schema, table)) {
            tables[*at].indexes.push(thing);
        }
    }
}

fn places(tables: &[Table]) -> BTreeMap<(String, String), usize> {
    tables.iter().enumerate().map(|(at, t)| ((t.schema.clone(), t.name.clone()), at)).collect()
}

fn put_sizes(tables: &mut [Table], sizes: &[Sized], expected: &[Sized]) {
    let of = |list: &[Sized]| -> BTreeMap<(String, String), i64> {
        list.iter().map(|s| ((s.schema.clone(), s.name.clone()), s.bytes)).collect()
    };
    let (sizes, expected) = (of(sizes), of(expected));
    for table in tables {
        let key = (table.schema.clone(), table.name.clone());
        table.bytes = sizes.get(&key).copied().or(table.bytes);
        table.expected_bytes = expected.get(&key).copied();
        for index in &mut table.indexes {
            let key = (table.schema.clone(), index.name.clone());
            index.bytes = sizes.get(&key).copied().or(index.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_statement_holds_no_values() {
        let kept =
            without_values("SELECT * FROM users WHERE mail = 'a@b.example' AND age IN (3, 4) AND note = $tag$x$tag$");
        assert_eq!(kept, "select * from users where mail = ? and age in ( ? ) and note = ?");
        assert!(!without_values("ALTER ROLE app PASSWORD 'hunter2'").contains("hunter2"));
        assert!(!without_values("UPDATE users SET token = 'cut off in the midd").contains("cut"));
    }

    #[test]
    fn statements_on_the_catalogs_are_not_of_the_application() {
        assert!(is_of_application("select * from orders where id = ?"));
        assert!(!is_of_application("select relname from pg_class"));
        assert!(!is_of_application("vacuum orders"));
    }
}
