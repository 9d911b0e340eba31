//! Texts into statements: what is split where, what is read from it, what is a gap.

use specialist_sql::{
    Dialect, HOLE, HolePosition, Range, Statement, StatementKind, Step, TableAction, Transaction, Volatility,
    fingerprint, parse,
};

fn texts<'t>(text: &'t str, statements: &[Statement]) -> Vec<&'t str> {
    statements.iter().map(|s| s.range.of(text)).collect()
}

fn kinds(statements: &[Statement]) -> Vec<&'static str> {
    let one = |s: &Statement| match &s.kind {
        StatementKind::Query(_) => "query",
        StatementKind::Change(_) => "change",
        StatementKind::Transaction(_) => "transaction",
        StatementKind::Set { .. } => "set",
        StatementKind::Load { .. } => "load",
        StatementKind::Block(_) => "block",
        StatementKind::Other { .. } => "other",
        StatementKind::Unknown { .. } => "unknown",
    };
    statements.iter().map(one).collect()
}

#[test]
fn statements_end_at_semicolons_outside_of_quotes_and_comments() {
    let text =
        "SELECT ';' -- a; b\n, \";\" /* ; /* ; */ */ FROM t; DELETE FROM t WHERE a = $$;$$;\n\nSELECT $x$ $$; $x$";
    let statements = parse(text, Dialect::Postgres);
    let expected =
        ["SELECT ';' -- a; b\n, \";\" /* ; /* ; */ */ FROM t", "DELETE FROM t WHERE a = $$;$$", "SELECT $x$ $$; $x$"];
    assert_eq!(texts(text, &statements), expected);
    assert_eq!(kinds(&statements), ["query", "query", "query"]);
}

#[test]
fn a_statement_that_is_not_understood_is_a_gap_between_its_neighbours() {
    let text = "CREATE TABLE a (id int); SELEKT 1; CREATE TABLE b (id int; CREATE TABLE c (id int);";
    let statements = parse(text, Dialect::Postgres);
    assert_eq!(kinds(&statements), ["change", "unknown", "unknown", "change"]);
    let StatementKind::Unknown { reason } = &statements[1].kind else { panic!("{statements:?}") };
    assert_eq!(reason, "no statement begins with `SELEKT`");
    assert_eq!(statements[1].range.of(text), "SELEKT 1");
}

#[test]
fn a_quote_that_never_ends_costs_its_line_only() {
    let text = "SELECT 'open FROM t\n; CREATE TABLE b (id int);";
    let statements = parse(text, Dialect::Sqlite);
    assert_eq!(kinds(&statements), ["unknown", "change"]);
}

#[test]
fn bodies_of_routines_are_one_statement() {
    let text = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN y THEN 1 ELSE 2 END; DELETE FROM b; END;\n\
                CREATE TABLE c (id int);";
    assert_eq!(kinds(&parse(text, Dialect::Sqlite)), ["change", "change"]);
    let text = "DELIMITER $$\nCREATE PROCEDURE p()\nBEGIN\n IF 1 THEN SELECT 1; END IF;\nEND$$\nDELIMITER ;\nSELECT 2;";
    let statements = parse(text, Dialect::MySql);
    assert_eq!(kinds(&statements), ["change", "query"]);
    assert_eq!(statements[1].range.of(text), "SELECT 2");
    let text = "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SET c = 1; END WHILE; END; SELECT 2";
    assert_eq!(kinds(&parse(text, Dialect::MySql)), ["change", "query"]);
    let text = "CREATE OR REPLACE PROCEDURE p AS v NUMBER; BEGIN v := 1; END;\n/\nCREATE TABLE t (id NUMBER(10));";
    assert_eq!(kinds(&parse(text, Dialect::Oracle)), ["change", "change"]);
}

#[test]
fn batches_of_sql_server_are_split_by_go_and_by_lines() {
    let text = "CREATE TABLE [dbo].[a] ([id] INT IDENTITY(1,1) NOT NULL)\nGO\nALTER TABLE a\nADD b NVARCHAR(50) NULL\nGO 2\n\
                CREATE INDEX i ON a (b)\nINSERT INTO a (b)\nSELECT @p FROM c\nDROP TABLE c";
    let statements = parse(text, Dialect::SqlServer);
    assert_eq!(kinds(&statements), ["change", "change", "change", "query", "change"]);
}

#[test]
fn dumps_are_read_past_their_data_and_client_commands() {
    let text = "\\connect shop\nSET search_path = public;\nCOPY public.a (id, t) FROM stdin;\n1\tit's; here\n2\t$$\n\\.\n\n\
                ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);\n\\.\nSELECT 1;";
    assert_eq!(kinds(&parse(text, Dialect::Postgres)), ["set", "load", "change", "query"]);
}

#[test]
fn placeholders_of_every_driver_are_placeholders() {
    for (placeholder, dialect) in [
        ("?", Dialect::MySql),
        ("?1", Dialect::Sqlite),
        ("?", Dialect::Postgres),
        ("$1", Dialect::Postgres),
        (":name", Dialect::Postgres),
        ("%s", Dialect::Postgres),
        ("%(name)s", Dialect::Postgres),
        ("@p", Dialect::SqlServer),
        ("@name", Dialect::Postgres),
        ("#{user.id}", Dialect::MySql),
    ] {
        let text = format!("SELECT a FROM t WHERE b = {placeholder} AND c IN ({placeholder}) LIMIT {placeholder}");
        let statements = parse(&text, dialect);
        let StatementKind::Query(query) = &statements[0].kind else { panic!("{text}: {statements:?}") };
        let wanted = specialist_sql::query::Operand::Placeholder(placeholder.into());
        assert_eq!(query.predicates[0].against, wanted, "{text}");
        assert_eq!(query.predicates[1].against, wanted, "{text}");
        assert_eq!(query.limit, Some(wanted), "{text}");
    }
}

#[test]
fn operators_that_look_like_placeholders_are_operators() {
    let text = "SELECT a::int, b FROM t WHERE tags ? 'x' AND c % 2 = 0 AND d @> '{}'::jsonb AND e ?| ARRAY['a']";
    let statements = parse(text, Dialect::Postgres);
    assert_eq!(kinds(&statements), ["query"], "{statements:?}");
}

#[test]
fn holes_say_what_they_stand_for() {
    let hole = HOLE.to_string();
    let text = format!("SELECT {hole} FROM {hole} WHERE a = {hole} AND b LIKE '%{hole}%' {hole} ORDER BY {hole}");
    let statements = parse(&text, Dialect::Postgres);
    assert_eq!(kinds(&statements), ["query"], "{statements:?}");
    let positions: Vec<HolePosition> = statements[0].holes.iter().map(|h| h.position).collect();
    use HolePosition::{Clause, InString, Name, Table, Value};
    assert_eq!(positions, [Name, Table, Value, InString, Clause, Name]);
    let prefix = format!("SELECT a FROM {hole}_users u WHERE u.id = 1");
    assert_eq!(kinds(&parse(&prefix, Dialect::MySql)), ["query"]);
    for text in [
        format!("SELECT * FROM ({hole}) f JOIN %s g ON f.a = g.a {hole} ORDER BY f.b {hole} LIMIT ${hole}::int"),
        format!("INSERT INTO t (a, b) VALUES {hole} ON CONFLICT DO NOTHING"),
        format!("WITH x AS ({hole}) SELECT a FROM x WHERE {hole}"),
        "SELECT e.%[1]s FROM %s e WHERE e.id = %d ORDER BY e.%[1]s".to_owned(),
    ] {
        let statements = parse(&text, Dialect::Postgres);
        assert_eq!(kinds(&statements), ["query"], "{text}: {statements:?}");
    }
    assert_eq!(kinds(&parse("SELECT a FROM ${table} WHERE id = #{id}", Dialect::MySql)), ["query"]);
}

#[test]
fn one_alter_table_makes_one_change_for_each_action() {
    let text = "ALTER TABLE ONLY a ADD COLUMN b int DEFAULT random() NOT NULL, DROP c CASCADE, ALTER d TYPE text USING d::text";
    let statements = parse(text, Dialect::Postgres);
    let StatementKind::Change(changes) = &statements[0].kind else { panic!("{statements:?}") };
    let actions: Vec<&TableAction> = changes
        .iter()
        .map(|c| match &c.step {
            Step::AlterTable { action, only: true, .. } => action,
            other => panic!("{other:?}"),
        })
        .collect();
    let TableAction::AddColumn { column, .. } = actions[0] else { panic!("{actions:?}") };
    assert_eq!(column.not_null, Some(true));
    assert_eq!(column.default.as_ref().map(|d| d.volatility), Some(Volatility::Volatile));
    assert!(matches!(actions[1], TableAction::DropColumn { column, cascade: true, .. } if column == "c"));
    assert!(matches!(actions[2], TableAction::SetType { using: Some(using), .. } if using == "d::text"));
    assert_eq!(changes[1].range.of(text), "DROP c CASCADE");
}

#[test]
fn defaults_are_constant_stable_or_volatile() {
    for (default, wanted) in [
        ("'{}'::jsonb", Volatility::Constant),
        ("-1", Volatility::Constant),
        ("now()", Volatility::Stable),
        ("CURRENT_TIMESTAMP", Volatility::Stable),
        ("gen_random_uuid()", Volatility::Volatile),
        ("clock_timestamp()", Volatility::Volatile),
        ("my_own('x')", Volatility::Volatile),
    ] {
        let text = format!("ALTER TABLE a ADD COLUMN b text DEFAULT {default} NOT NULL");
        let statements = parse(&text, Dialect::Postgres);
        let StatementKind::Change(changes) = &statements[0].kind else { panic!("{statements:?}") };
        let Step::AlterTable { action: TableAction::AddColumn { column, .. }, .. } = &changes[0].step else {
            panic!("{changes:?}")
        };
        let made = column.default.as_ref().expect("a default");
        assert_eq!((made.expression.as_str(), made.volatility), (default, wanted));
        assert_eq!(column.not_null, Some(true), "{default}");
    }
}

#[test]
fn transactions_and_settings_are_told() {
    let text = "BEGIN; SET LOCAL lock_timeout = '5s'; COMMIT; START TRANSACTION; ROLLBACK; PRAGMA foreign_keys = ON";
    let statements = parse(text, Dialect::Postgres);
    assert_eq!(kinds(&statements), ["transaction", "set", "transaction", "transaction", "transaction", "set"]);
    assert_eq!(statements[0].kind, StatementKind::Transaction(Transaction::Begin));
    let set = StatementKind::Set { name: "lock_timeout".into(), value: "'5s'".into(), local: true };
    assert_eq!(statements[1].kind, set);
}

#[test]
fn statements_inside_blocks_are_conditional() {
    let text = "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE TYPE mood AS ENUM ('sad'); END IF; END $$;";
    let statements = parse(text, Dialect::Postgres);
    let StatementKind::Block(inner) = &statements[0].kind else { panic!("{statements:?}") };
    let StatementKind::Change(changes) = &inner[0].kind else { panic!("{inner:?}") };
    assert!(changes[0].conditional);
    assert_eq!(inner[0].range.of(text), "CREATE TYPE mood AS ENUM ('sad')");
}

#[test]
fn queries_that_differ_in_values_only_have_one_fingerprint() {
    let one = fingerprint("SELECT a FROM `T` WHERE b IN (1, 2,3) AND c = 'x' -- note", Dialect::MySql);
    let other = fingerprint("select  a from t where b in (?) and c = ?;", Dialect::MySql);
    assert_eq!(one, other);
    assert_eq!(one, "select a from t where b in ( ? ) and c = ?");
    let one = fingerprint("INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)", Dialect::Postgres);
    assert_eq!(one, fingerprint("INSERT INTO t (a,b) VALUES (1,2)", Dialect::Postgres));
    assert_ne!(one, fingerprint("INSERT INTO t (a) VALUES (1)", Dialect::Postgres).replace('a', "a , b"));
}

#[test]
fn ranges_are_bytes_of_the_text() {
    let text = "-- ü\nSELECT 'ö' FROM tä;";
    let statements = parse(text, Dialect::Postgres);
    assert_eq!(statements[0].range, Range::new(6, 26));
    assert_eq!(statements[0].range.of(text), "SELECT 'ö' FROM tä");
}
