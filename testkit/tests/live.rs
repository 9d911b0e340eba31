//! Running databases, from the server to the review: faults are found, healthy twins are left alone, and nothing is
//! written.
//!
//! Each test starts a PostgreSQL of its own.

#![allow(clippy::unwrap_used)] // a test may fail

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Child, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use engine::{Options, Session, base::Evidence, base::Review, base::Severity};
use live::Snapshot;
use probe::{Interrupt, Settings};
use specialist_testkit::servers::Postgres;

const DAY: i64 = 86_400;

fn probed(server: &Postgres, database: &str, role: &str) -> Snapshot {
    let url = format!("postgres://{role}@/{database}?host={}", server.folder().display());
    let interrupt = Interrupt::default();
    probe::probe(&url, &Settings { variable: &|_| None, interrupt: &interrupt }).unwrap()
}

/// The review of a tree with what a database said.
fn reviewed(root: &Path, snapshot: &Snapshot) -> Review {
    let options = Options { snapshots: vec![Arc::new(snapshot.clone())], threads: 1, ..Options::default() };
    Session::open(root, options).unwrap().review().unwrap()
}

fn said(review: &Review) -> BTreeSet<String> {
    review.findings.iter().map(|f| format!("{} {}", f.rule, f.subject)).collect()
}

/// A session that stays as it is until it is dropped.
struct Held(Child);

impl Held {
    fn by(server: &Postgres, application: &str, script: &str) -> Self {
        let mut client = server.client("psql");
        client.args(["-X", "-q"]).env("PGAPPNAME", application).stdin(Stdio::piped());
        let mut child = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // the input stays open, and so does the session
        child.stdin.as_mut().unwrap().write_all(format!("{script}\n").as_bytes()).unwrap();
        child.stdin.as_mut().unwrap().flush().unwrap();
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(server: &Postgres, question: &str) {
    let started = Instant::now();
    while server.run(question).trim() != "t" {
        assert!(started.elapsed() < Duration::from_secs(30), "{question}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn each_fault_of_a_database_is_found() {
    let server = Postgres::start_with(&["shared_preload_libraries=pg_stat_statements", "track_functions=none"]);
    server.run(include_str!("live/faulty.sql"));
    // a unique index over rows that are alike is left behind unfinished
    let failed = server
        .client("psql")
        .args(["-X", "-c", "CREATE UNIQUE INDEX CONCURRENTLY customers_code_key ON customers (code)"])
        .output();
    assert!(!failed.unwrap().status.success());
    server.run(&"SELECT count(*) FROM orders WHERE customer_id = 7;\n".repeat(110));
    server.run(&"SELECT pg_sleep(0.11) FROM customers WHERE id = 3;\n".repeat(21));
    let _web = Held::by(&server, "web", "BEGIN; UPDATE customers SET code = 'x' WHERE id = 1;");
    wait_until(
        &server,
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'web' AND state LIKE 'idle in%'",
    );
    let _job = Held::by(&server, "job", "UPDATE customers SET code = 'y' WHERE id = 1;");
    wait_until(&server, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    // counters reach the statistics when their session is idle
    wait_until(&server, "SELECT seq_scan > 100 FROM pg_stat_user_tables WHERE relname = 'orders'");
    wait_until(&server, "SELECT n_dead_tup >= 30000 FROM pg_stat_user_tables WHERE relname = 'events'");

    let mut snapshot = probed(&server, "postgres", "postgres");
    assert_eq!(snapshot.unseen, []);
    // what only time makes
    snapshot.activity.seconds = Some(30 * DAY);
    for session in &mut snapshot.sessions {
        session.state_seconds = session.state_seconds.map(|s| s + 600);
        session.transaction_seconds = session.transaction_seconds.map(|s| s + 600);
    }
    let empty = tempfile::tempdir().unwrap();
    let review = reviewed(empty.path(), &snapshot);
    let found = said(&review);
    let expected = [
        "autovacuum-off table events",
        "blocking-session blocking postgres web",
        "dead-rows dead rows events",
        "duplicate-index index customers customers_mail_idx",
        "durability-off setting fsync",
        "inactive-replication-slot slot forgotten",
        "invalid-index index customers customers_code_key",
        "long-transaction transaction postgres web",
        "missing-primary-key table events",
        "passwordless-access entry host 127.0.0.1 255.255.255.255 all all",
        "passwordless-access entry host ::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff all all",
        "sequence-near-end sequence orders.id",
        "sequential-scans scans orders",
        "slow-statement statement select pg_sleep ( ? ) from customers where id = ?",
        "stale-statistics statistics events",
        "superuser-application superuser postgres",
        "unindexed-foreign-key foreign key orders customer_id",
        "unused-index index orders orders_note_idx",
        "unvalidated-constraint constraint orders orders_note_check",
    ];
    for wanted in expected {
        assert!(found.contains(wanted), "{wanted} is not among {found:#?}");
    }
    let key = review.findings.iter().find(|f| f.rule == "unindexed-foreign-key").unwrap();
    assert_eq!(key.evidence, Evidence::Proven);
    assert!(key.details.plain().contains("60,000 rows"), "{}", key.details.plain());
}

#[test]
fn a_healthy_database_is_left_alone() {
    let hba = tempfile::NamedTempFile::new().unwrap();
    fs::write(hba.path(), "local all all trust\n").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(hba.path(), open).unwrap();
    let hba = format!("hba_file={}", hba.path().display());
    let server = Postgres::start_with(&["shared_preload_libraries=pg_stat_statements", "fsync=on", &hba]);
    server.run(include_str!("live/healthy.sql"));
    // what a session has written is counted at its end, after its own ANALYZE
    server.run("ANALYZE");
    wait_until(&server, "SELECT sum(n_mod_since_analyze) = 0 FROM pg_stat_user_tables");
    server.run(&"SELECT count(*) FROM orders WHERE customer_id = 7;\nSELECT mail FROM customers WHERE mail = 'a';\nSELECT count(*) FROM visits WHERE at = '2026-02-02';\n".repeat(30));
    server.run("CREATE ROLE app LOGIN; CREATE ROLE watch LOGIN; GRANT pg_monitor TO watch;");
    wait_until(&server, "SELECT idx_scan >= 30 FROM pg_stat_user_indexes WHERE indexrelname = 'customers_mail_idx'");
    let mut snapshot = probed(&server, "postgres", "postgres");
    assert_eq!(snapshot.unseen, []);
    snapshot.activity.seconds = Some(30 * DAY);
    let empty = tempfile::tempdir().unwrap();
    let review = reviewed(empty.path(), &snapshot);
    assert_eq!(said(&review), BTreeSet::new());
    assert!(!review.incomplete);
    let visits = snapshot.table("public", "visits").unwrap();
    assert_eq!((visits.rows, visits.kind.as_str()), (Some(20_000), "partitioned table"));
    assert!(snapshot.table("public", "visits_2025").is_none());
}

#[test]
fn nothing_is_written_and_every_statement_is_of_the_catalogue() {
    let logs = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(logs.path(), open).unwrap();
    let directory = format!("log_directory={}", logs.path().display());
    let settings = [
        "logging_collector=on",
        &directory,
        "log_filename=log",
        "log_file_mode=0644",
        "log_statement=all",
        "log_line_prefix=<%a>",
    ];
    let server = Postgres::start_with(&settings);
    server.run("CREATE TABLE t (id int PRIMARY KEY, secret text); INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 5000) n; ANALYZE t;");
    // a later pg_dump brackets its text with a random word
    let dumped = || {
        let dump = server.client("pg_dump").arg("postgres").output().unwrap();
        let text = String::from_utf8(dump.stdout).unwrap();
        let lines: Vec<&str> =
            text.lines().filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict")).collect();
        lines.join("\n")
    };
    let counted = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), sum(seq_tup_read) FROM pg_stat_user_tables";
    let before = dumped();
    wait_until(&server, "SELECT sum(seq_tup_read) >= 5000 FROM pg_stat_user_tables");
    std::thread::sleep(Duration::from_secs(1));
    let rows_before = server.run(counted);
    let snapshot = probed(&server, "postgres", "postgres");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(server.run(counted), rows_before, "no row is read or written");
    assert_eq!(dumped(), before);
    assert!(!snapshot.to_json().unwrap().contains(&"5".repeat(32)));

    let log = fs::read_to_string(logs.path().join("log")).unwrap();
    let ours: Vec<&str> = log.lines().filter(|l| l.starts_with("<specialist/")).collect();
    assert!(ours.len() > 50, "{log}");
    for line in ours {
        let Some((_, statement)) = line.split_once("<unnamed>: ") else {
            assert!(!line.contains("statement:"), "{line}");
            continue;
        };
        let known = [
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
            "SET LOCAL ",
            "SAVEPOINT question",
            "RELEASE SAVEPOINT question",
            "ROLLBACK",
            "SELECT row_to_json(found)::text FROM (",
        ];
        assert!(known.iter().any(|k| statement.starts_with(k)), "{statement}");
    }
}

#[test]
fn a_locked_table_is_not_examined_and_costs_less_than_a_second() {
    let server = Postgres::start();
    server.run("CREATE TABLE busy (id serial PRIMARY KEY, a text DEFAULT 'x'); CREATE INDEX busy_a ON busy (a); CREATE TABLE free (id int PRIMARY KEY, busy_id int REFERENCES busy (id));");
    let started = Instant::now();
    probed(&server, "postgres", "postgres");
    let usual = started.elapsed();
    let _holder = Held::by(&server, "migration", "BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE;");
    wait_until(
        &server,
        "SELECT count(*) = 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'busy'::regclass",
    );
    let started = Instant::now();
    let snapshot = probed(&server, "postgres", "postgres");
    let took = started.elapsed();
    // a machine that is busy with other tests answers later in any case
    assert!(took < usual * 2 + Duration::from_secs(1), "{took:?} against {usual:?}");
    let unseen: Vec<String> = snapshot.unseen.iter().map(|u| format!("{}: {}", u.what, u.why)).collect();
    assert_eq!(unseen, ["the table public.busy: not examined: locked"]);
    assert!(snapshot.table("public", "busy").unwrap().locked);
    assert!(!snapshot.table("public", "free").unwrap().columns.is_empty());
    let empty = tempfile::tempdir().unwrap();
    let found = said(&reviewed(empty.path(), &snapshot));
    assert!(!found.iter().any(|f| f.contains("busy")), "{found:?}");
}

#[test]
fn a_role_without_rights_is_told_the_grant() {
    let server = Postgres::start_with(&["shared_preload_libraries=pg_stat_statements"]);
    server.run(
        "CREATE ROLE \"ga\"\"st\" LOGIN; CREATE EXTENSION pg_stat_statements; CREATE TABLE t (id int PRIMARY KEY);",
    );
    let snapshot = probed(&server, "postgres", "ga%22st");
    let unseen: Vec<&str> = snapshot.unseen.iter().map(|u| u.why.as_str()).collect();
    assert_eq!(
        unseen,
        [
            "the role has no right to it: `GRANT pg_monitor TO \"ga\"\"st\";`",
            "the role has no right to it: `GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO \"ga\"\"st\"; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO \"ga\"\"st\";`",
        ]
    );
    assert_eq!(snapshot.tables.len(), 1);
    server.run("GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO \"ga\"\"st\"; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO \"ga\"\"st\"; GRANT pg_monitor TO \"ga\"\"st\";");
    assert_eq!(probed(&server, "postgres", "ga%22st").unseen, []);
}

#[test]
fn hostile_names_break_nothing() {
    let server = Postgres::start();
    let long = "x".repeat(63);
    let names =
        ["a\"; DROP TABLE t; --", "line\nbreak", "tab\tand \u{1b}[31m", "ünïcödé", "'quoted'", "*/ end", long.as_str()];
    for (at, name) in names.iter().enumerate() {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        server.run(&format!("CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} ({quoted} int PRIMARY KEY, b text DEFAULT $x${name}$x$, c int REFERENCES {quoted}.{quoted}); CREATE INDEX \"i{at}\" ON {quoted}.{quoted} ({quoted}, (upper(b))) WHERE b <> $x${name}$x$;"));
    }
    // functions and tables that call themselves as the server's own
    server.run("CREATE FUNCTION public.pg_get_indexdef(oid) RETURNS text LANGUAGE sql AS $$ SELECT 'DROP TABLE x' $$; CREATE TABLE public.pg_class (oid oid PRIMARY KEY);");
    let snapshot = probed(&server, "postgres", "postgres");
    assert_eq!(snapshot.unseen, []);
    for name in names {
        let table = snapshot.table(name, name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(table.columns[0].name, name);
    }
    let empty = tempfile::tempdir().unwrap();
    let options = Options { snapshots: vec![Arc::new(snapshot)], threads: 1, ..Options::default() };
    let mut session = Session::open(empty.path(), options).unwrap();
    assert_eq!(session.model.running[0].schema.misfits, []);
    let tables = &session.model.running[0].schema.tables;
    for name in names {
        let table = &tables[&sql::Name::new(name, name)];
        assert_eq!(table.foreign_keys.len(), 1, "{name}");
        assert_eq!(table.indexes.len(), 2, "{name}: {:?}", table.indexes);
    }
    let review = session.review().unwrap();
    assert!(review.findings.iter().any(|f| f.rule == "unindexed-foreign-key"));
    for format in report::Format::ALL {
        let text = report::render(format, &review, &session.sources, &report::Options::default());
        assert!(!text.contains("\u{1b}[31m"), "{format:?}");
    }
}

#[test]
fn a_server_without_room_is_left_at_once() {
    let server = Postgres::start_with(&["max_connections=10", "superuser_reserved_connections=3"]);
    let _held: Vec<Held> = (0..6).map(|_| Held::by(&server, "web", "SELECT 1;")).collect();
    wait_until(&server, "SELECT count(*) = 6 FROM pg_stat_activity WHERE application_name = 'web'");
    let snapshot = probed(&server, "postgres", "postgres");
    assert!(snapshot.stopped.is_some() && snapshot.tables.is_empty());
    let empty = tempfile::tempdir().unwrap();
    let review = reviewed(empty.path(), &snapshot);
    assert!(review.incomplete);
    let found = review.findings.iter().find(|f| f.rule == "connections-near-limit").unwrap();
    assert_eq!(found.severity, Severity::Critical);
}

#[test]
fn what_migrations_suggest_the_database_proves_or_refutes() {
    let server = Postgres::start();
    let migration = "CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id));\nCREATE TABLE notes (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id));\nCREATE TABLE tags (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers (id));\nCREATE TABLE logs (at timestamptz);\n";
    let project = tempfile::tempdir().unwrap();
    fs::create_dir(project.path().join("migrations")).unwrap();
    fs::write(project.path().join("migrations/000001_shop.up.sql"), migration).unwrap();
    server.run(migration);
    server.run("CREATE INDEX by_hand ON orders (customer_id); ALTER TABLE logs ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY; INSERT INTO customers SELECT generate_series(1, 1000); INSERT INTO notes SELECT n, n % 1000 + 1 FROM generate_series(1, 120000) n; INSERT INTO tags SELECT n, n FROM generate_series(1, 40) n; ANALYZE;");
    let snapshot = probed(&server, "postgres", "postgres");

    let before = {
        let mut session = Session::open(project.path(), Options { threads: 1, ..Options::default() }).unwrap();
        session.review().unwrap()
    };
    let grades = |review: &Review| -> Vec<(String, Evidence, Severity)> {
        let of = review.findings.iter().filter(|f| ["unindexed-foreign-key", "missing-primary-key"].contains(&f.rule));
        let mut all: Vec<_> = of.map(|f| (f.subject.clone(), f.evidence, f.severity)).collect();
        all.sort();
        all
    };
    let shown = |subject: &str| (subject.to_owned(), Evidence::Shown, Severity::Suggestion);
    assert_eq!(
        grades(&before),
        [
            "foreign key notes customer_id",
            "foreign key orders customer_id",
            "foreign key tags customer_id",
            "table logs"
        ]
        .map(shown)
    );

    let after = reviewed(project.path(), &snapshot);
    assert_eq!(
        grades(&after),
        [
            ("foreign key notes customer_id".to_owned(), Evidence::Proven, Severity::Important),
            ("foreign key tags customer_id".to_owned(), Evidence::Proven, Severity::Suggestion),
        ]
    );
    let refuted: Vec<(&str, &str)> = after.refuted.iter().map(|r| (r.rule, r.subject.as_str())).collect();
    assert_eq!(
        refuted,
        [("unindexed-foreign-key", "foreign key orders customer_id"), ("missing-primary-key", "table logs")]
    );
    assert!(after.refuted[0].reason.plain().contains("by_hand"));
}

#[test]
fn what_code_asks_of_a_database_without_migrations_is_judged_by_the_database() {
    let project = tempfile::tempdir().unwrap();
    let app = "import psycopg\nfrom flask import Flask, jsonify\n\napp = Flask(__name__)\ndb = psycopg.connect(\"dbname=shop\")\n\n\n@app.get(\"/events/<int:user>\")\ndef events(user):\n    cur = db.cursor()\n    cur.execute(\"SELECT * FROM events WHERE user_id = %s LIMIT 20\", (user,))\n    return jsonify(cur.fetchall())\n";
    fs::write(project.path().join("app.py"), app).unwrap();
    let column = |name: &str| live::Column {
        name: name.into(),
        data_type: "bigint".into(),
        not_null: true,
        ..live::Column::default()
    };
    let mut snapshot = Snapshot { format: live::FORMAT, ..Snapshot::default() };
    snapshot.server.database = "shop".into();
    snapshot.tables.push(live::Table {
        schema: "public".into(),
        name: "events".into(),
        kind: "table".into(),
        rows: Some(2_000_000),
        columns: vec![column("id"), column("user_id")],
        constraints: vec![live::Constraint {
            name: "events_pkey".into(),
            definition: "PRIMARY KEY (id)".into(),
            unvalidated: false,
        }],
        ..live::Table::default()
    });
    snapshot.statements.push(live::Statement {
        text: "select * from events where user_id = ? limit ?".into(),
        calls: 900,
        total_ms: 450_000.0,
        ..live::Statement::default()
    });
    let review = reviewed(project.path(), &snapshot);
    let of = |rule: &str| {
        review.findings.iter().find(|f| f.rule == rule).unwrap_or_else(|| panic!("{rule}: {:#?}", said(&review)))
    };
    let slow = of("slow-statement");
    assert!(slow.endpoint.as_deref().is_some_and(|e| e.contains("/events/")), "{slow:#?}");
    assert_eq!(slow.related.len(), 1);
    let index = of("missing-index");
    assert_eq!((index.evidence, index.severity), (Evidence::Proven, Severity::Important));
    assert!(index.details.plain().contains("2,000,000 rows"));
    let budget = review.budgets.iter().find(|b| b.name == "Database Query (p95)").unwrap();
    assert_eq!(budget.met, Some(false));
}

#[test]
fn a_server_that_is_not_who_it_says_is_refused() {
    let keys = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(keys.path(), open).unwrap();
    let at = |name: &str| keys.path().join(name).display().to_string();
    fs::write(at("extensions"), "subjectAltName=DNS:elsewhere\n").unwrap();
    let openssl = |words: &str| {
        let words = words.split(' ').map(|w| w.strip_prefix('@').map_or_else(|| w.to_owned(), at));
        let mut command = std::process::Command::new("openssl");
        assert!(command.args(words).stderr(Stdio::null()).status().expect("openssl").success());
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout @ca.key -out @ca.crt");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=elsewhere -keyout @key -out @csr");
    openssl("x509 -req -in @csr -CA @ca.crt -CAkey @ca.key -CAcreateserial -days 2 -extfile @extensions -out @crt");
    let (key, certificate) = (keys.path().join("key"), keys.path().join("crt"));
    // the server's user must own its key
    let owner = |who: &str| std::process::Command::new("chown").arg(who).arg(&key).status();
    let _ = owner("postgres");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_key_file={}", key.display()),
        format!("ssl_cert_file={}", certificate.display()),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
    ];
    let server = Postgres::start_at(port, &settings.each_ref().map(String::as_str));
    let ask = |options: &str| {
        let url = format!("postgres://postgres:hunter2@127.0.0.1:{port}/postgres?{options}");
        probe::probe(&url, &Settings { variable: &|_| None, interrupt: &Interrupt::default() })
    };
    let root = format!("sslrootcert={}", at("ca.crt"));
    for refused in [&format!("sslmode=verify-full&{root}"), "sslmode=verify-full", "sslmode=verify-ca"] {
        let error = ask(refused).unwrap_err().to_string();
        assert!(error.contains("certificate") && !error.contains("hunter2"), "{refused}: {error}");
    }
    for taken in [&format!("sslmode=verify-ca&{root}"), "sslmode=require", "sslmode=disable", ""] {
        assert_eq!(ask(taken).unwrap().server.database, "postgres", "{taken}");
    }
    drop(server);
}

#[test]
fn a_query_without_a_limit_is_as_grave_as_its_table_is_long() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/rules/data/unbounded-query/fixtures/django");
    let graded = |rows: i64| {
        let mut snapshot = Snapshot { format: live::FORMAT, ..Snapshot::default() };
        let column = live::Column { name: "id".into(), data_type: "bigint".into(), ..live::Column::default() };
        snapshot.tables.push(live::Table {
            schema: "public".into(),
            name: "shop_product".into(),
            kind: "table".into(),
            rows: Some(rows),
            columns: vec![column],
            ..live::Table::default()
        });
        let review = reviewed(&project, &snapshot);
        let found = review.findings.iter().find(|f| f.rule == "unbounded-query").unwrap();
        (found.evidence, found.severity)
    };
    assert_eq!(graded(40), (Evidence::Proven, Severity::Suggestion));
    assert_eq!(graded(2_000_000), (Evidence::Proven, Severity::Important));
}
