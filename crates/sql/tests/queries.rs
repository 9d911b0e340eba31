//! Queries as plain data.

use specialist_sql::{
    Dialect, Query, StatementKind, parse,
    query::{Column, LockStrength, LockWait, Operand, Operation, Operator, SubqueryPlace, UpsertAction},
};

fn query(text: &str, dialect: Dialect) -> Query {
    let mut statements = parse(text, dialect);
    match statements.remove(0).kind {
        StatementKind::Query(query) => *query,
        other => panic!("{text}: {other:?}"),
    }
}

fn postgres(text: &str) -> Query {
    query(text, Dialect::Postgres)
}

fn shown(column: &Column) -> String {
    let table = column.table.as_ref().map_or("?".to_owned(), ToString::to_string);
    format!("{table}.{}", column.name)
}

#[test]
fn tables_joins_and_predicates_know_their_columns() {
    let text = "SELECT u.id, count(*) FROM users u LEFT JOIN orders AS o ON o.user_id = u.id AND o.state = 'open' \
                WHERE lower(u.email) = $1 AND (u.age > 18 OR u.vip) AND u.name LIKE '%x' AND o.total BETWEEN 1 AND $2 \
                AND NOT u.gone GROUP BY u.id ORDER BY u.created DESC, random() LIMIT 20 OFFSET $3";
    let made = postgres(text);
    assert_eq!(made.operation, Operation::Select);
    let tables: Vec<_> =
        made.tables.iter().map(|t| (t.name.name.as_str(), t.alias.as_deref(), t.is_optional)).collect();
    assert_eq!(tables, [("users", Some("u"), false), ("orders", Some("o"), true)]);
    let joins: Vec<_> = made.joins.iter().map(|j| (shown(&j.left), shown(&j.right), j.is_outer)).collect();
    assert_eq!(joins, [("orders.user_id".to_owned(), "users.id".to_owned(), true)]);
    let find = |name: &str| made.predicates.iter().find(|p| p.column.name == name).expect("a predicate");
    assert_eq!(find("email").function.as_deref(), Some("lower"));
    assert_eq!(find("email").expression.map(|r| r.of(text)), Some("lower(u.email)"));
    assert_eq!(find("email").against, Operand::Placeholder("$1".into()));
    assert_eq!((find("age").operator, find("age").alternative), (Operator::Gt, true));
    assert_eq!(find("vip").operator, Operator::IsTrue);
    assert!(find("name").leading_wildcard);
    assert_eq!(find("total").operator, Operator::Between);
    assert!(find("gone").negated);
    assert_eq!(shown(&find("state").column), "orders.state");
    assert_eq!(made.group_by.iter().map(shown).collect::<Vec<_>>(), ["users.id"]);
    assert!(made.order_by[0].descending && made.order_by[1].is_random);
    assert_eq!(made.aggregates[0].function, "count");
    assert_eq!(made.limit, Some(Operand::Literal { text: "20".into(), is_string: false }));
    assert_eq!(made.offset, Some(Operand::Placeholder("$3".into())));
    assert!(!made.is_star && made.has_where && !made.has_cross_join);
}

#[test]
fn a_bare_column_is_of_the_only_table() {
    let made = query("SELECT * FROM shop.users WHERE id = ?", Dialect::MySql);
    assert!(made.is_star);
    assert_eq!(shown(&made.predicates[0].column), "shop.users.id");
    let made = postgres("SELECT a FROM t, s WHERE b = 1");
    assert_eq!(shown(&made.predicates[0].column), "?.b");
    assert!(made.has_cross_join);
    assert!(!postgres("SELECT a FROM t, s WHERE t.x = s.x").has_cross_join);
}

#[test]
fn writes_name_their_columns_and_whether_they_read_themselves() {
    let made =
        postgres("UPDATE accounts SET balance = balance - $1, changed = now(), note = NULL WHERE id = $2 RETURNING id");
    assert_eq!(made.operation, Operation::Update);
    assert_eq!(made.written_table().map(|t| t.name.name.as_str()), Some("accounts"));
    let writes: Vec<_> = made.writes.iter().map(|w| (shown(&w.column), w.reads_itself)).collect();
    let expected = [
        ("accounts.balance".to_owned(), true),
        ("accounts.changed".to_owned(), false),
        ("accounts.note".to_owned(), false),
    ];
    assert_eq!(writes, expected);
    assert_eq!(made.writes[1].value, Operand::Function("now".into()));
    assert_eq!(made.writes[2].value, Operand::Null);
    assert!(made.is_returning);
    let made = query("DELETE FROM sessions", Dialect::Sqlite);
    assert!(made.operation == Operation::Delete && !made.has_where && made.tables[0].is_written);
}

#[test]
fn upserts_say_on_what_and_what_then() {
    let made = postgres(
        "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) WHERE b > 0 DO UPDATE SET b = excluded.b",
    );
    let upsert = made.upsert.expect("an upsert");
    assert_eq!((upsert.columns, upsert.action), (vec!["a".to_owned()], UpsertAction::Update));
    assert_eq!(made.rows, 2);
    assert_eq!(made.writes.iter().map(|w| w.column.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(made.writes[0].value, Operand::Placeholder("$1".into()));
    let action = |text: &str, dialect| query(text, dialect).upsert.map(|u| u.action);
    assert_eq!(action("INSERT IGNORE INTO t (a) VALUES (1)", Dialect::MySql), Some(UpsertAction::Nothing));
    assert_eq!(action("REPLACE INTO t (a) VALUES (1)", Dialect::MySql), Some(UpsertAction::Replace));
    assert_eq!(action("INSERT OR REPLACE INTO t (a) VALUES (1)", Dialect::Sqlite), Some(UpsertAction::Replace));
    let made = query("INSERT INTO t (a, n) VALUES (1, 1) ON DUPLICATE KEY UPDATE n = n + 1", Dialect::MySql);
    assert!(made.writes.iter().any(|w| w.column.name == "n" && w.reads_itself));
    assert_eq!(action("INSERT INTO t (a) VALUES (1)", Dialect::Postgres), None);
}

#[test]
fn locks_have_a_strength_and_a_wait() {
    let lock = |text: &str, dialect| query(text, dialect).lock.map(|l| (l.strength, l.wait));
    let strongest = Some((LockStrength::Update, LockWait::SkipsLocked));
    assert_eq!(lock("SELECT id FROM jobs LIMIT 1 FOR UPDATE SKIP LOCKED", Dialect::Postgres), strongest);
    let no_key = Some((LockStrength::NoKeyUpdate, LockWait::NoWait));
    assert_eq!(lock("SELECT id FROM jobs FOR NO KEY UPDATE NOWAIT", Dialect::Postgres), no_key);
    let share = Some((LockStrength::KeyShare, LockWait::Blocks));
    assert_eq!(lock("SELECT id FROM jobs FOR KEY SHARE", Dialect::Postgres), share);
    let old = Some((LockStrength::Share, LockWait::Blocks));
    assert_eq!(lock("SELECT id FROM jobs LOCK IN SHARE MODE", Dialect::MySql), old);
    let hint = Some((LockStrength::Update, LockWait::Blocks));
    assert_eq!(lock("SELECT TOP 1 id FROM jobs WITH (UPDLOCK) WHERE a = @p", Dialect::SqlServer), hint);
    assert_eq!(lock("SELECT id FROM jobs", Dialect::Postgres), None);
}

#[test]
fn subqueries_say_where_they_stand_and_whether_they_look_outside() {
    let made = postgres(
        "WITH recent AS (SELECT id FROM posts WHERE at > $1) SELECT p.id, (SELECT count(*) FROM comments c WHERE c.post_id = p.id) \
         FROM recent p JOIN (SELECT 1 AS one) x ON true WHERE EXISTS (SELECT FROM likes l WHERE l.post_id = p.id) \
         AND p.id NOT IN (SELECT post_id FROM hidden) UNION ALL SELECT id FROM drafts",
    );
    let all: Vec<_> =
        made.all().iter().flat_map(|q| &q.subqueries).map(|s| (s.place.clone(), s.is_correlated)).collect();
    for wanted in [
        (SubqueryPlace::With("recent".into()), false),
        (SubqueryPlace::Branch, false),
        (SubqueryPlace::Value, true),
        (SubqueryPlace::From("x".into()), false),
        (SubqueryPlace::Exists, true),
        (SubqueryPlace::NotIn, false),
    ] {
        assert!(all.contains(&wanted), "{wanted:?} in {all:?}");
    }
    let inner = made.all().into_iter().find(|q| q.tables.iter().any(|t| t.name.name == "likes")).expect("the subquery");
    assert!(inner.joins[0].right.is_outer);
}

#[test]
fn a_write_behind_a_common_table_expression_is_the_query() {
    let made = postgres("WITH old AS (DELETE FROM a WHERE x < 1 RETURNING *) INSERT INTO b SELECT * FROM old");
    assert_eq!(made.operation, Operation::Insert);
    assert_eq!(made.written_table().map(|t| t.name.name.as_str()), Some("b"));
    assert!(made.all().iter().any(|q| q.operation == Operation::Delete));
}

#[test]
fn lists_and_arrays_are_one_of_many() {
    let made = postgres("SELECT a FROM t WHERE b = ANY($1) AND c IN (1, 2, 3) AND (d, e) > ($2, $3)");
    let found: Vec<_> = made.predicates.iter().map(|p| (p.column.name.as_str(), p.operator)).collect();
    assert_eq!(found, [("b", Operator::In), ("c", Operator::In), ("d", Operator::Gt), ("e", Operator::Gt)]);
    assert_eq!(made.predicates[1].against, Operand::List(3));
    // gorm and mysql2 fill in the list themselves
    for text in ["SELECT a FROM t WHERE b IN ?", "SELECT a FROM t WHERE b IN (?)"] {
        let made = query(text, Dialect::MySql);
        assert_eq!(made.predicates[0].operator, Operator::In, "{text}");
    }
}

#[test]
fn merges_write_their_target() {
    let made = query(
        "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v);",
        Dialect::SqlServer,
    );
    assert_eq!(made.operation, Operation::Merge);
    assert_eq!(made.written_table().map(|t| t.name.name.as_str()), Some("t"));
    assert_eq!(made.joins.len(), 1);
    assert!(made.writes.iter().any(|w| w.column.name == "v"));
}
