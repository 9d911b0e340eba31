//! Schemas as changes make them, and what rules ask of them. That they are what servers make is in `truth.rs`.

use base::{FileId, Span};
use specialist_sql::{
    Dialect, Name, Schema, TypeClass, parse,
    schema::{Table, Wanted},
};

fn schema(text: &str, dialect: Dialect) -> Schema {
    let mut schema = Schema::new(dialect);
    schema.replay(&parse(text, dialect), FileId(0), 0);
    schema
}

fn table<'s>(schema: &'s Schema, name: &str) -> &'s Table {
    schema.table(&Name::bare(name)).unwrap_or_else(|| panic!("no {name}: {:?}", schema.misfits))
}

#[test]
fn things_keep_the_place_that_made_them_and_those_that_changed_them() {
    let text = "CREATE TABLE a (b int);\nALTER TABLE a ALTER b TYPE bigint;";
    let made = schema(text, Dialect::Postgres);
    let column = &table(&made, "a").columns[0];
    assert_eq!(column.origin.made, Span::new(FileId(0), 0, 22));
    assert_eq!(column.origin.changed, [Span::new(FileId(0), 38, 57)]);
    assert_eq!(column.data_type.class(), TypeClass::Integer { bytes: 8 });
}

#[test]
fn names_are_folded_as_the_dialect_folds_them() {
    let made =
        schema("CREATE TABLE Users (Id int, \"Mail\" text); ALTER TABLE USERS DROP COLUMN ID;", Dialect::Postgres);
    let columns: Vec<&str> = table(&made, "users").columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(columns, ["Mail"]);
    let made = schema("CREATE TABLE Users (Id int); ALTER TABLE users ADD mail text", Dialect::Sqlite);
    assert_eq!(table(&made, "USERS").columns.len(), 2);
    let made = schema("CREATE TABLE users (id NUMBER(10), name VARCHAR2(20))", Dialect::Oracle);
    assert_eq!(table(&made, "USERS").columns[1].name, "NAME");
}

#[test]
fn what_does_not_fit_is_told_and_the_rest_goes_on() {
    let made =
        schema("ALTER TABLE nothing ADD a int; DROP TABLE IF EXISTS b; CREATE TABLE c (id int)", Dialect::Postgres);
    let reasons: Vec<&str> = made.misfits.iter().map(|m| m.reason.as_str()).collect();
    assert_eq!(reasons, ["no table `nothing`"]);
    assert!(made.table(&Name::bare("c")).is_some());
}

#[test]
fn sqlite_tables_that_are_made_anew_keep_the_keys_of_others() {
    let text = "CREATE TABLE p (id integer primary key autoincrement, x text);
        CREATE TABLE c (p_id int REFERENCES p (id) ON DELETE CASCADE);
        CREATE TABLE p_new (id integer primary key, y text NOT NULL);
        INSERT INTO p_new SELECT id, x FROM p;
        DROP TABLE p; ALTER TABLE p_new RENAME TO p;";
    let made = schema(text, Dialect::Sqlite);
    assert_eq!(table(&made, "p").columns[1].name, "y");
    assert_eq!(table(&made, "c").foreign_keys[0].references.name, "p");
    assert_eq!(made.misfits, []);
}

#[test]
fn sql_server_columns_and_names_are_changed_by_its_own_statements() {
    let text = "CREATE TABLE [dbo].[Orders] ([Id] INT IDENTITY(1,1) NOT NULL CONSTRAINT [PK_Orders] PRIMARY KEY CLUSTERED, [Total] FLOAT NULL)
GO
ALTER TABLE [Orders] ALTER COLUMN [Total] DECIMAL(18,2) NOT NULL
ALTER TABLE Orders ADD Note NVARCHAR(MAX) NULL, Paid BIT NOT NULL CONSTRAINT DF_Paid DEFAULT 0
EXEC sp_rename 'dbo.Orders.Note', 'Remark', 'COLUMN';
EXEC sp_rename 'Orders', 'Sales'
GO
CREATE NONCLUSTERED INDEX IX_Sales_Paid ON dbo.Sales (Paid) INCLUDE (Total) WHERE Paid = 1";
    let made = schema(text, Dialect::SqlServer);
    assert_eq!(made.misfits, []);
    let sales = table(&made, "sales");
    let columns: Vec<String> = sales.columns.iter().map(|c| format!("{} {}", c.name, c.data_type)).collect();
    assert_eq!(columns, ["Id int", "Total decimal(18,2)", "Remark nvarchar(MAX)", "Paid bit"]);
    assert!(sales.columns[1].not_null && sales.columns[3].default.is_some());
    assert_eq!(sales.indexes[1].include, ["Total"]);
}

#[test]
fn the_index_that_serves_best_is_found() {
    let made = schema(
        "CREATE TABLE t (a int, b int, c int, d text, e int);
         CREATE INDEX one ON t (a);
         CREATE INDEX two ON t (a, b, c DESC);
         CREATE INDEX part ON t (e) WHERE d IS NULL;
         CREATE INDEX lowered ON t (lower(d));
         CREATE INDEX gin ON t USING gin (d);",
        Dialect::Postgres,
    );
    let t = table(&made, "t");
    let best = |wanted: Wanted| {
        t.index_for(&wanted, Dialect::Postgres)
            .map(|s| (s.index.name.clone(), s.equal, s.ranges, s.orders, s.is_partial))
    };
    let wanted = Wanted { equal: &["b", "a"], ..Wanted::default() };
    assert_eq!(best(wanted), Some(("two".into(), 2, false, false, false)));
    let wanted = Wanted { equal: &["a"], range: Some("b"), ..Wanted::default() };
    assert_eq!(best(wanted), Some(("two".into(), 1, true, false, false)));
    let wanted = Wanted { equal: &["a", "b"], order: &[("c", true)], ..Wanted::default() };
    assert_eq!(best(wanted), Some(("two".into(), 2, false, true, false)));
    assert_eq!(best(Wanted { equal: &["a"], ..Wanted::default() }).map(|b| b.0), Some("one".into()));
    assert_eq!(best(Wanted { equal: &["b"], ..Wanted::default() }), None);
    assert_eq!(best(Wanted { equal: &["e"], ..Wanted::default() }), Some(("part".into(), 1, false, false, true)));
    assert_eq!(best(Wanted { equal: &["d"], ..Wanted::default() }), None);
    let found = t.index_on_expression("LOWER( d )", Dialect::Postgres).map(|i| i.name.as_str());
    assert_eq!(found, Some("lowered"));
}

#[test]
fn redundant_indexes_are_prefixes_and_doubles_that_enforce_nothing() {
    let made = schema(
        "CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b int, c int);
         CREATE INDEX prefix ON t (b);
         CREATE INDEX longer ON t (b, c);
         CREATE INDEX double ON t (a);
         CREATE UNIQUE INDEX enforces ON t (b, id);
         CREATE INDEX other_way ON t (c DESC);
         CREATE INDEX partial ON t (b) WHERE c > 0;
         CREATE INDEX hashed ON t USING hash (b);",
        Dialect::Postgres,
    );
    let t = table(&made, "t");
    let found: Vec<(&str, &str)> =
        t.redundant_indexes(Dialect::Postgres).iter().map(|(a, b)| (a.name.as_str(), b.name.as_str())).collect();
    assert_eq!(found, [("prefix", "longer"), ("double", "t_a_key")]);
}

#[test]
fn foreign_keys_without_an_index_and_tables_without_a_key_are_found() {
    let text = "CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE c (a int REFERENCES p, b int REFERENCES p, d int REFERENCES p, e int REFERENCES p);
        CREATE INDEX ON c (a, b); CREATE INDEX ON c (d) WHERE d IS NOT NULL; CREATE INDEX ON c (e) WHERE a > 1;";
    let made = schema(text, Dialect::Postgres);
    let found: Vec<&str> =
        table(&made, "c").unindexed_foreign_keys(Dialect::Postgres).iter().map(|f| f.name.as_str()).collect();
    assert_eq!(found, ["c_b_fkey", "c_e_fkey"]);
    let keyless: Vec<&str> = made.tables_without_key().map(|t| t.name.name.as_str()).collect();
    assert_eq!(keyless, ["c"]);
    assert_eq!(made.references_to(table(&made, "p")).count(), 4);
    // MySQL makes the index itself
    assert_eq!(
        table(
            &schema(
                "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (a int, FOREIGN KEY (a) REFERENCES p (id))",
                Dialect::MySql
            ),
            "c"
        )
        .unindexed_foreign_keys(Dialect::MySql)
        .len(),
        0
    );
}

#[test]
fn uniqueness_needs_a_whole_index_within_the_columns() {
    let made = schema(
        "CREATE TABLE t (a int, b int, c text); CREATE UNIQUE INDEX ON t (a, b); CREATE UNIQUE INDEX ON t (c) WHERE a > 0;",
        Dialect::Postgres,
    );
    let t = table(&made, "t");
    assert!(t.is_unique(&["b", "c", "a"], Dialect::Postgres));
    assert!(!t.is_unique(&["a"], Dialect::Postgres) && !t.is_unique(&["c"], Dialect::Postgres));
}

#[test]
fn types_have_a_class_in_every_dialect() {
    let class = |text: &str, dialect| {
        let made = schema(&format!("CREATE TABLE t (a {text})"), dialect);
        made.tables.values().next().expect("a table").columns[0].data_type.class()
    };
    assert_eq!(class("timestamptz(3)", Dialect::Postgres), TypeClass::Timestamp { zoned: true });
    assert_eq!(class("timestamp", Dialect::Postgres), TypeClass::Timestamp { zoned: false });
    assert_eq!(class("serial", Dialect::Postgres), TypeClass::Integer { bytes: 4 });
    assert_eq!(class("money", Dialect::Postgres), TypeClass::Money);
    assert_eq!(class("BOOLEAN", Dialect::MySql), TypeClass::Boolean);
    assert_eq!(class("JSON", Dialect::MySql), TypeClass::Json { binary: false });
    assert_eq!(class("DOUBLE PRECISION", Dialect::MySql), TypeClass::Float);
    assert_eq!(class("VARCHAR2(10 CHAR)", Dialect::Oracle), TypeClass::Text);
    assert_eq!(class("UNIQUEIDENTIFIER", Dialect::SqlServer), TypeClass::Uuid);
}
