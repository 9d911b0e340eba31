//! What tools for safe migrations warn of, told by what the change does: for each of squawk's rules its kind of bad
//! example and of good one. That the locks are those of PostgreSQL is in `truth.rs`.

use base::FileId;
use specialist_sql::{
    Change, Dialect, Schema, StatementKind, Step, TableAction,
    locks::{Blocked, Effect, Server, Work, effects, refuses_transaction},
    parse,
};

const POSTGRES: &str = "
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE orders (id bigint PRIMARY KEY, user_id int, state text, total numeric(8,2), note varchar(20));
    CREATE INDEX orders_state ON orders (state);
    CREATE UNIQUE INDEX orders_note ON orders (note);
    ALTER TABLE orders ADD CONSTRAINT state_there CHECK (state IS NOT NULL) NOT VALID;
    ALTER TABLE orders VALIDATE CONSTRAINT state_there;";

const MYSQL: &str = "
    CREATE TABLE users (id INT PRIMARY KEY);
    CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id INT, state ENUM('a','b') NOT NULL, note VARCHAR(20), body TEXT);";

fn change(text: &str, dialect: Dialect) -> Change {
    match &parse(text, dialect)[0].kind {
        StatementKind::Change(changes) => changes[0].clone(),
        other => panic!("{text}: {other:?}"),
    }
}

fn first(tables: &str, text: &str, dialect: Dialect) -> Effect {
    let mut schema = Schema::new(dialect);
    schema.replay(&parse(tables, dialect), FileId(0), 0);
    assert_eq!(schema.misfits, []);
    let major = if dialect == Dialect::Postgres { 15 } else { 8 };
    effects(&change(text, dialect), &schema, Server { dialect, major }).remove(0)
}

#[test]
fn what_squawk_warns_of_blocks_works_or_fails() {
    use Blocked::{Everything, Nothing, Writes};
    use Work::{BuildIndex, Catalog, Rewrite, Scan};
    for (rule, text, blocks, work, fails) in [
        ("require-concurrent-index-creation", "CREATE INDEX a ON orders (user_id)", Writes, BuildIndex, false),
        ("… good", "CREATE INDEX CONCURRENTLY a ON orders (user_id)", Nothing, BuildIndex, false),
        ("require-concurrent-index-deletion", "DROP INDEX orders_state", Everything, Catalog, false),
        ("… good", "DROP INDEX CONCURRENTLY orders_state", Nothing, Catalog, false),
        (
            "adding-foreign-key-constraint",
            "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users",
            Writes,
            Scan,
            false,
        ),
        ("… good", "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID", Writes, Catalog, false),
        ("constraint-missing-not-valid", "ALTER TABLE orders ADD CHECK (total > 0)", Everything, Scan, false),
        ("… good", "ALTER TABLE orders ADD CHECK (total > 0) NOT VALID", Everything, Catalog, false),
        ("… good", "ALTER TABLE orders VALIDATE CONSTRAINT state_there", Nothing, Scan, false),
        ("adding-required-field", "ALTER TABLE orders ADD COLUMN a text NOT NULL", Everything, Catalog, true),
        ("… good", "ALTER TABLE orders ADD COLUMN a text NOT NULL DEFAULT 'x'", Everything, Catalog, false),
        (
            "adding-field-with-default",
            "ALTER TABLE orders ADD COLUMN a uuid DEFAULT gen_random_uuid()",
            Everything,
            Rewrite,
            false,
        ),
        ("adding-serial-primary-key-field", "ALTER TABLE orders ADD COLUMN a bigserial", Everything, Rewrite, false),
        ("adding-not-nullable-field", "ALTER TABLE orders ALTER COLUMN note SET NOT NULL", Everything, Scan, false),
        ("… good", "ALTER TABLE orders ALTER COLUMN state SET NOT NULL", Everything, Catalog, false),
        ("changing-column-type", "ALTER TABLE orders ALTER COLUMN user_id TYPE bigint", Everything, Rewrite, false),
        ("… good", "ALTER TABLE orders ALTER COLUMN note TYPE varchar(80)", Everything, Catalog, false),
        ("disallowed-unique-constraint", "ALTER TABLE orders ADD UNIQUE (state)", Everything, BuildIndex, false),
        ("… good", "ALTER TABLE orders ADD CONSTRAINT u UNIQUE USING INDEX orders_note", Everything, Catalog, false),
        ("ban-drop-column", "ALTER TABLE orders DROP COLUMN note", Everything, Catalog, false),
        ("ban-drop-table", "DROP TABLE orders", Everything, Catalog, false),
        ("renaming-column", "ALTER TABLE orders RENAME COLUMN note TO memo", Everything, Catalog, false),
        ("renaming-table", "ALTER TABLE orders RENAME TO sales", Everything, Catalog, false),
        ("ban-truncate-cascade", "TRUNCATE orders CASCADE", Everything, Catalog, false),
    ] {
        let found = first(POSTGRES, text, Dialect::Postgres);
        assert_eq!((found.blocks, found.work, found.fails_on_rows), (blocks, work, fails), "{rule}: {text}");
    }
}

#[test]
fn a_foreign_key_locks_the_table_that_it_references() {
    let mut schema = Schema::new(Dialect::Postgres);
    schema.replay(&parse(POSTGRES, Dialect::Postgres), FileId(0), 0);
    let text = "CREATE TABLE lines (order_id bigint REFERENCES orders)";
    let server = Server { dialect: Dialect::Postgres, major: 15 };
    let found = effects(&change(text, Dialect::Postgres), &schema, server);
    let shown: Vec<(String, Blocked)> = found.iter().map(|e| (e.table.to_string(), e.blocks)).collect();
    assert_eq!(shown, [("orders".to_owned(), Blocked::Writes)]);
}

#[test]
fn versions_differ() {
    let mut schema = Schema::new(Dialect::Postgres);
    schema.replay(&parse(POSTGRES, Dialect::Postgres), FileId(0), 0);
    let work = |text: &str, major| {
        effects(&change(text, Dialect::Postgres), &schema, Server { dialect: Dialect::Postgres, major })[0].work
    };
    let default = "ALTER TABLE orders ADD COLUMN a int DEFAULT 1";
    assert_eq!((work(default, 10), work(default, 11)), (Work::Rewrite, Work::Catalog));
    let proved = "ALTER TABLE orders ALTER COLUMN state SET NOT NULL";
    assert_eq!((work(proved, 11), work(proved, 12)), (Work::Scan, Work::Catalog));
}

#[test]
fn mysql_changes_in_place_what_it_can() {
    use Blocked::{Nothing, Writes};
    use Work::{BuildIndex, Catalog, Rewrite};
    for (text, blocks, work) in [
        ("ALTER TABLE orders ADD COLUMN a INT", Nothing, Catalog),
        ("CREATE INDEX i ON orders (user_id)", Nothing, BuildIndex),
        ("ALTER TABLE orders ADD FULLTEXT INDEX f (body)", Writes, BuildIndex),
        ("ALTER TABLE orders MODIFY note VARCHAR(60)", Nothing, Catalog),
        ("ALTER TABLE orders MODIFY note VARCHAR(255)", Writes, Rewrite),
        ("ALTER TABLE orders MODIFY note VARCHAR(20) NOT NULL", Nothing, Rewrite),
        ("ALTER TABLE orders MODIFY user_id BIGINT", Writes, Rewrite),
        ("ALTER TABLE orders MODIFY state ENUM('a','b','c') NOT NULL", Nothing, Catalog),
        ("ALTER TABLE orders MODIFY state ENUM('b','a') NOT NULL", Writes, Rewrite),
        ("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)", Writes, Rewrite),
        ("ALTER TABLE orders CONVERT TO CHARACTER SET utf8mb4", Writes, Rewrite),
        ("ALTER TABLE orders DROP PRIMARY KEY", Writes, Rewrite),
    ] {
        let found = first(MYSQL, text, Dialect::MySql);
        assert_eq!((found.blocks, found.work), (blocks, work), "{text}");
    }
}

#[test]
fn what_postgresql_refuses_in_a_transaction_is_told() {
    for (text, wanted) in [
        ("CREATE INDEX CONCURRENTLY a ON b (c)", true),
        ("DROP INDEX CONCURRENTLY a", true),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", true),
        ("REINDEX INDEX CONCURRENTLY a", true),
        ("CREATE INDEX a ON b (c)", false),
    ] {
        assert_eq!(refuses_transaction(&change(text, Dialect::Postgres)), wanted, "{text}");
    }
    let made = change("ALTER TABLE a ALTER b TYPE int USING b::int", Dialect::Postgres);
    assert!(matches!(made.step, Step::AlterTable { action: TableAction::SetType { using: Some(_), .. }, .. }));
}
