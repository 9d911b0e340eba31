//! Which files are migrations, in which order, and what of them goes forward.

use base::FileId;
use specialist_sql::{
    Dialect, Name,
    migrations::{Body, File, MigrationSet, Tool, TransactionMode, find},
};

fn sets<'f>(files: &[(&'f str, &'f str)]) -> (Vec<File<'f>>, Vec<MigrationSet>) {
    let files: Vec<File> = files.iter().map(|(path, text)| File { path, text }).collect();
    let found = find(&files, None);
    (files, found)
}

fn versions(set: &MigrationSet) -> Vec<&str> {
    set.migrations.iter().map(|m| m.version.as_str()).collect()
}

fn forward(files: &[File], set: &MigrationSet, at: usize) -> String {
    let migration = &set.migrations[at];
    let Body::Sql(parts) = &migration.forward else { panic!("{migration:?}") };
    parts.iter().map(|p| p.of(files[migration.file].text).trim()).collect::<Vec<_>>().join("|")
}

#[test]
fn golang_migrate_runs_by_number_and_goes_up() {
    let (files, found) = sets(&[
        ("db/10_c.up.sql", "CREATE TABLE c (id serial)"),
        ("db/9_b.up.sql", "CREATE TABLE b (id serial)"),
        ("db/9_b.down.sql", "DROP TABLE b"),
        ("go.mod", ""),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].tool, found[0].dialect), (Tool::GolangMigrate, Dialect::Postgres));
    assert_eq!(versions(&found[0]), ["9", "10"]);
    assert!(found[0].migrations[0].is_reversible && !found[0].migrations[1].is_reversible);
    assert_eq!(forward(&files, &found[0], 0), "CREATE TABLE b (id serial)");
}

#[test]
fn goose_and_dbmate_and_sql_migrate_have_sections() {
    let goose = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY a ON b (c);\n-- +goose Down\nDROP INDEX a;\n";
    let (files, found) = sets(&[("m/001_a.sql", goose)]);
    assert_eq!((found[0].tool, found[0].migrations[0].transaction), (Tool::Goose, TransactionMode::None));
    assert_eq!(forward(&files, &found[0], 0), "CREATE INDEX CONCURRENTLY a ON b (c);");
    assert!(found[0].migrations[0].is_reversible);

    let dbmate = "-- migrate:up transaction:false\nALTER TYPE a ADD VALUE 'b';\n\n-- migrate:down\n";
    let (files, found) = sets(&[("db/migrations/2020_a.sql", dbmate), ("db/schema.sql", "CREATE TABLE x (id serial)")]);
    assert_eq!(found.len(), 1, "a dump beside migrations is none: {found:?}");
    assert_eq!((found[0].tool, found[0].migrations[0].transaction), (Tool::Dbmate, TransactionMode::None));
    assert_eq!(forward(&files, &found[0], 0), "ALTER TYPE a ADD VALUE 'b';");

    let (_, found) = sets(&[("x/1.sql", "-- +migrate Up\nSELECT 1;\n-- +migrate Down\n")]);
    assert_eq!((found[0].tool, found[0].migrations[0].transaction), (Tool::SqlMigrate, TransactionMode::Whole));
}

#[test]
fn flyway_orders_versions_by_their_numbers_and_repeats_last() {
    let (_, found) = sets(&[
        ("r/db/migration/R__views.sql", "CREATE VIEW v AS SELECT 1"),
        ("r/db/migration/V1_10__x.sql", "CREATE INDEX CONCURRENTLY i ON t (a); SELECT a::text"),
        ("r/db/migration/V1_9__y.sql", "CREATE TABLE t (a serial)"),
        ("r/db/migration/V2__z.sql", "ALTER TABLE t ADD b jsonb"),
        ("r/db/migration/V2__z.sql.conf", "executeInTransaction=false\n"),
        ("r/db/migration/U2__z.sql", "ALTER TABLE t DROP b"),
    ]);
    assert_eq!(found[0].tool, Tool::Flyway);
    assert_eq!(versions(&found[0]), ["1_9", "1_10", "2", ""]);
    let modes: Vec<TransactionMode> = found[0].migrations.iter().map(|m| m.transaction).collect();
    use TransactionMode::{None, Whole};
    assert_eq!(modes, [Whole, None, None, Whole]);
    assert!(found[0].migrations[3].is_repeatable && found[0].migrations[2].is_reversible);
}

#[test]
fn diesel_sqlx_and_prisma_are_told_by_their_files() {
    let (_, found) = sets(&[
        ("migrations/2020-01-02-000000_b/up.sql", "ALTER TABLE a ADD b int"),
        ("migrations/2020-01-02-000000_b/down.sql", "ALTER TABLE a DROP b"),
        ("migrations/2020-01-02-000000_b/metadata.toml", "run_in_transaction = false\n"),
        ("migrations/20190101000000_a/up.sql", "CREATE TABLE a (id serial)"),
    ]);
    assert_eq!(found[0].tool, Tool::Diesel);
    assert_eq!(versions(&found[0]), ["20190101000000", "2020-01-02-000000"]);
    assert_eq!(found[0].migrations[1].transaction, TransactionMode::None);

    let (_, found) = sets(&[
        ("Cargo.toml", ""),
        ("migrations/20200101_a.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY a ON b (c)"),
    ]);
    assert_eq!((found[0].tool, found[0].migrations[0].transaction), (Tool::Sqlx, TransactionMode::None));

    let (_, found) = sets(&[
        ("prisma/migrations/20200101_init/migration.sql", "CREATE TABLE `A` (`id` INTEGER NOT NULL)"),
        ("prisma/migrations/migration_lock.toml", "provider = \"sqlite\"\n"),
    ]);
    assert_eq!((found[0].tool, found[0].dialect), (Tool::Prisma, Dialect::Sqlite));
}

#[test]
fn folders_of_several_databases_are_several_sets() {
    let (_, found) = sets(&[
        ("store/migration/mysql/0.9/00__a.sql", "CREATE TABLE a (id INT)"),
        ("store/migration/mysql/0.10/00__b.sql", "CREATE TABLE b (id INT)"),
        ("store/migration/sqlite/0.9/00__a.sql", "CREATE TABLE a (id INT)"),
    ]);
    let shown: Vec<(&str, Dialect)> = found.iter().map(|s| (s.directory.as_str(), s.dialect)).collect();
    assert_eq!(shown, [("store/migration/mysql", Dialect::MySql), ("store/migration/sqlite", Dialect::Sqlite)]);
    assert_eq!(versions(&found[0]), ["0.9/00", "0.10/00"]);
}

#[test]
fn files_named_for_one_database_take_the_place_of_those_for_all() {
    let (files, found) = sets(&[
        ("sql/1_a.up.sql", "CREATE TABLE a (id INT)"),
        ("sql/2_b.up.sql", "CREATE TABLE b (id INT)"),
        ("sql/2_b.mysql.up.sql", "CREATE TABLE b (id BIGINT)"),
        ("sql/2_b.cockroach.up.sql", "CREATE TABLE b (id STRING)"),
        ("sql/3_c.postgres.up.sql", "CREATE TABLE c (id SERIAL)"),
    ]);
    let shown: Vec<(Dialect, Vec<&str>)> = found.iter().map(|s| (s.dialect, versions(s))).collect();
    assert_eq!(shown, [(Dialect::Postgres, vec!["1", "2", "3"]), (Dialect::MySql, vec!["1", "2"])]);
    assert_eq!(forward(&files, &found[0], 1), "CREATE TABLE b (id INT)");
    assert_eq!(forward(&files, &found[1], 1), "CREATE TABLE b (id BIGINT)");
}

#[test]
fn a_dump_counts_where_there_are_no_migrations() {
    let (_, found) = sets(&[("sql/schema.sql", "CREATE TABLE a (id serial);"), ("sql/queries.sql", "SELECT 1;")]);
    assert_eq!(found.iter().map(|s| s.tool).collect::<Vec<_>>(), [Tool::Dump]);
    let (_, found) = sets(&[("src/init.sql", "SELECT 1")]);
    assert_eq!(found, []);
}

const XML: &str = r#"<?xml version="1.0"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">
  <property name="text" value="varchar(80)" dbms="postgresql"/>
  <include file="more.yaml" relativeToChangelogFile="true"/>
  <changeSet id="1" author="ann">
    <createTable tableName="users">
      <column name="id" type="bigint" autoIncrement="true"><constraints primaryKey="true" nullable="false"/></column>
      <column name="name" type="${text}" defaultValue="x"><constraints nullable="false" unique="true"/></column>
    </createTable>
    <createIndex tableName="users" indexName="by_name"><column name="name" descending="true"/></createIndex>
    <rollback/>
  </changeSet>
  <changeSet id="2" author="ann" runInTransaction="false">
    <addForeignKeyConstraint constraintName="fk" baseTableName="users" baseColumnNames="team_id"
      referencedTableName="teams" referencedColumnNames="id" onDelete="CASCADE"/>
    <sql>CREATE INDEX CONCURRENTLY by_team ON users (team_id)</sql>
  </changeSet>
</databaseChangeLog>"#;

const YAML: &str = "databaseChangeLog:
  - changeSet:
      id: 0
      author: bob
      changes:
        - createTable:
            tableName: teams
            columns:
              - column:
                  name: id
                  type: int
                  constraints:
                    primaryKey: true
  - changeSet:
      id: later
      author: bob
      changes:
        - addColumn:
            tableName: teams
            columns:
              - column: {name: title, type: clob}
";

#[test]
fn liquibase_change_sets_are_read_from_xml_and_yaml() {
    let users = XML.replace(
        "<createIndex",
        "<addColumn tableName=\"users\"><column name=\"team_id\" type=\"int\"/></addColumn><createIndex",
    );
    let (files, found) = sets(&[("db/changelog-master.xml", &users), ("db/more.yaml", YAML)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(versions(&found[0]), ["bob:0", "bob:later", "ann:1", "ann:2"]);
    assert_eq!(found[0].migrations[3].transaction, TransactionMode::None);
    assert!(found[0].migrations[2].is_reversible);
    let Body::Statements(statements) = &found[0].migrations[1].forward else { panic!("{found:?}") };
    assert!(statements[0].range.of(YAML).contains("id: later"));
    let found = find(&files, Some(Dialect::Postgres));
    let schema = found[0].schema(|at| files[at].text, |at| FileId(at as u32));
    assert_eq!(schema.misfits, []);
    let lines = schema.describe();
    for line in [
        "column public.teams.title text",
        "column public.users.id bigint not null identity",
        "column public.users.name character varying(80) not null default",
        "primary key public.teams (id)",
        "index public.users by_name btree (name desc)",
        "index public.users by_team btree (team_id)",
        "foreign key public.users fk (team_id) -> public.teams (id) on delete cascade",
        "unique public.users users_name_key (name)",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:#?}");
    }
    assert!(schema.table(&Name::bare("users")).is_some());
}

#[test]
fn liquibase_formatted_sql_has_change_sets() {
    let text = "--liquibase formatted sql\n\n--changeset ann:1\nCREATE TABLE a (id serial);\n--rollback DROP TABLE a;\n\
                -- changeset ann:2 runInTransaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n";
    let (files, found) = sets(&[("db/001.sql", text)]);
    assert_eq!(found[0].tool, Tool::Liquibase);
    assert_eq!(versions(&found[0]), ["ann:1", "ann:2"]);
    assert_eq!(found[0].migrations[1].transaction, TransactionMode::None);
    assert!(forward(&files, &found[0], 1).starts_with("CREATE INDEX CONCURRENTLY"));
}
