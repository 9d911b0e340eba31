//! What the crate makes of migrations against what a real server makes of them, object by object.
//!
//! Each test starts a server of its own in a temporary folder, on a socket in that folder and no port, and stops it. A
//! server that is not installed is a failure and not a skip: `.ci/run` installs both.

#![allow(clippy::unwrap_used)] // a test may fail

#[path = "../../../testkit/src/servers.rs"]
mod servers;

use std::{
    fs,
    path::{Path, PathBuf},
};

use servers::{MariaDb, Postgres};

use specialist_sql::{
    Dialect, Schema,
    migrations::{self, Body, File},
    schema::comparable,
};

#[test]
fn the_schema_of_postgresql_migrations_is_the_catalog_of_postgresql() {
    let project = Project::read("ledger");
    let server = Postgres::start();
    server.run(&project.script("RESET search_path;"));
    let catalog = server.run(include_str!("catalog/postgres.sql"));
    project.compare(&catalog, Dialect::Postgres);
}

#[test]
fn the_schema_of_mysql_migrations_is_the_catalog_of_mariadb() {
    let project = Project::read("shop");
    let server = MariaDb::start();
    server.run(&project.script(""));
    let catalog = server.run(include_str!("catalog/mariadb.sql"));
    project.compare(&catalog, Dialect::MySql);
}

/// A project below `tests/projects`, with one set of migrations.
struct Project {
    texts: Vec<(String, String)>,
}

impl Project {
    fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name);
        let mut paths = Vec::new();
        walk(&root, &mut paths);
        paths.sort();
        let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let texts = paths.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect();
        Self { texts }
    }

    fn files(&self) -> Vec<File<'_>> {
        self.texts.iter().map(|(path, text)| File { path, text }).collect()
    }

    /// What the tool would run, one migration after the other.
    fn script(&self, between: &str) -> String {
        let files = self.files();
        let sets = migrations::find(&files, None);
        assert_eq!(sets.len(), 1, "one set of migrations: {sets:?}");
        let mut script = String::new();
        for migration in &sets[0].migrations {
            let Body::Sql(parts) = &migration.forward else { panic!("SQL: {migration:?}") };
            for part in parts {
                script.push_str(part.of(files[migration.file].text));
                script.push_str("\n;\n");
                script.push_str(between);
                script.push('\n');
            }
        }
        script
    }

    fn schema(&self) -> Schema {
        let files = self.files();
        migrations::find(&files, None)[0].schema(|at| files[at].text, |at| base::FileId(at as u32))
    }

    fn compare(&self, catalog: &str, dialect: Dialect) {
        let schema = self.schema();
        assert_eq!(schema.misfits, [], "every change fits");
        let ours = schema.describe();
        let mut theirs: Vec<String> =
            catalog.lines().filter(|line| !line.is_empty()).map(|line| without_marks(line, dialect)).collect();
        theirs.sort();
        let missing: Vec<&String> = theirs.iter().filter(|line| !ours.contains(line)).collect();
        let invented: Vec<&String> = ours.iter().filter(|line| !theirs.contains(line)).collect();
        assert!(theirs.len() > 40, "the catalog was read: {catalog}");
        assert!(
            missing.is_empty() && invented.is_empty(),
            "only in the catalog: {missing:#?}\nonly here: {invented:#?}"
        );
    }
}

/// Expressions, which stand between the bytes 1 and 2, in the form of `describe`.
fn without_marks(line: &str, dialect: Dialect) -> String {
    let mut made = String::new();
    let mut rest = line;
    while let Some((before, marked)) = rest.split_once('\u{1}') {
        let (expression, after) = marked.split_once('\u{2}').unwrap();
        made.push_str(before);
        made.push_str(&comparable(expression, dialect));
        rest = after;
    }
    made.push_str(rest);
    made
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Statements against the tables below, with the lock on `t`, whether its rows are read, and whether they are written
/// anew. What PostgreSQL does is asked of PostgreSQL; what the crate says must be the same.
const CHANGES: &[&str] = &[
    "ALTER TABLE t ADD COLUMN x int",
    "ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 0",
    "ALTER TABLE t ADD COLUMN x timestamptz NOT NULL DEFAULT now()",
    "ALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp()",
    "ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE t ADD COLUMN x serial",
    "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (small + 1) STORED",
    "ALTER TABLE t ADD COLUMN x int UNIQUE",
    "ALTER TABLE t ADD COLUMN x int CHECK (x > 0)",
    "ALTER TABLE t ADD COLUMN x int REFERENCES p (id)",
    "ALTER TABLE t DROP COLUMN small",
    "ALTER TABLE t RENAME COLUMN small TO tiny",
    "ALTER TABLE t RENAME TO other",
    "ALTER TABLE t ALTER COLUMN small TYPE bigint",
    "ALTER TABLE t ALTER COLUMN small TYPE int",
    "ALTER TABLE t ALTER COLUMN short TYPE varchar(40)",
    "ALTER TABLE t ALTER COLUMN short TYPE varchar(10)",
    "ALTER TABLE t ALTER COLUMN short TYPE varchar",
    "ALTER TABLE t ALTER COLUMN short TYPE text",
    "ALTER TABLE t ALTER COLUMN long TYPE varchar",
    "ALTER TABLE t ALTER COLUMN long TYPE varchar(50)",
    "ALTER TABLE t ALTER COLUMN long TYPE text USING upper(long)",
    "ALTER TABLE t ALTER COLUMN long TYPE jsonb USING long::jsonb",
    "ALTER TABLE t ALTER COLUMN money TYPE numeric(14,2)",
    "ALTER TABLE t ALTER COLUMN money TYPE numeric(14,4)",
    "ALTER TABLE t ALTER COLUMN money TYPE numeric",
    "ALTER TABLE t ALTER COLUMN stamp TYPE timestamp(6)",
    "ALTER TABLE t ALTER COLUMN stamp TYPE timestamp(0)",
    "ALTER TABLE t ALTER COLUMN net TYPE inet",
    "ALTER TABLE t ALTER COLUMN fixed TYPE char(20)",
    "ALTER TABLE t ALTER COLUMN tags TYPE text[]",
    "ALTER TABLE t ALTER COLUMN small SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN checked SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN id SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN small DROP NOT NULL",
    "ALTER TABLE t ALTER COLUMN small SET DEFAULT 1",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (small > 0)",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (small > 0) NOT VALID",
    "ALTER TABLE t VALIDATE CONSTRAINT unchecked",
    "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (small) REFERENCES p (id)",
    "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (small) REFERENCES p (id) NOT VALID",
    "ALTER TABLE t DROP CONSTRAINT t_parent_fkey",
    "ALTER TABLE t ADD CONSTRAINT u UNIQUE (long)",
    "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX t_small_unique",
    "CREATE INDEX i ON t (long)",
    "CREATE UNIQUE INDEX i ON t (long)",
    "DROP INDEX t_small_unique",
    "ALTER TABLE t SET (fillfactor = 70)",
    "ALTER TABLE t SET UNLOGGED",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t DISABLE TRIGGER ALL",
    "ALTER TABLE t ALTER COLUMN small SET STATISTICS 500",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY y ON t USING (true)",
    "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE",
    "TRUNCATE t",
];

const TABLES: &str = "
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (
  id int PRIMARY KEY, parent int REFERENCES p (id), small int, short varchar(20), long text, money numeric(10,2),
  stamp timestamp(3), net cidr, fixed char(10), tags varchar(10)[], checked int, CHECK (checked IS NOT NULL)
);
CREATE UNIQUE INDEX t_small_unique ON t (small);
INSERT INTO p VALUES (1);
INSERT INTO t VALUES (1, 1, 1, 'a', '1', 1, now(), '10.0.0.0/8', 'a', '{a}', 1);
ALTER TABLE t ADD CONSTRAINT unchecked CHECK (small < 1000) NOT VALID;
";

#[test]
fn locks_scans_and_rewrites_are_those_of_postgresql() {
    use specialist_sql::locks::{self, LockMode, Work};
    let server = Postgres::start();
    let version = server.run("SHOW server_version_num;");
    let major: u16 = version.trim().parse::<u32>().map(|n| (n / 10_000) as u16).unwrap();
    server.run(TABLES);
    let mut before = Schema::new(Dialect::Postgres);
    before.replay(&specialist_sql::parse(TABLES, Dialect::Postgres), base::FileId(0), 0);
    assert_eq!(before.misfits, []);
    let mut wrong = Vec::new();
    for change in CHANGES {
        let statements = specialist_sql::parse(change, Dialect::Postgres);
        let specialist_sql::StatementKind::Change(changes) = &statements[0].kind else { panic!("{change}") };
        let on = specialist_sql::locks::Server { dialect: Dialect::Postgres, major };
        let effects = locks::effects(&changes[0], &before, on);
        let ours = (effects[0].lock.unwrap(), effects[0].work > Work::Catalog, effects[0].work == Work::Rewrite);
        // by number, since the table may have another name afterwards
        let answer = server.run(&format!(
            "SELECT 't'::regclass::oid AS t, pg_relation_filenode('t') AS file \\gset\nBEGIN;\n{change};\n\
             SELECT string_agg(mode, ',') FROM pg_locks WHERE relation = :t AND pid = pg_backend_pid();\n\
             SELECT pg_stat_get_xact_numscans(:t) > 0;\nSELECT pg_relation_filenode(:t::oid::regclass) <> :file;\nROLLBACK;\n"
        ));
        let lines: Vec<&str> = answer.lines().collect();
        let strongest = lines[0].split(',').filter_map(mode_of).max().unwrap();
        // a table that is emptied has a new file and nothing to write
        let emptied = change.starts_with("TRUNCATE");
        let theirs = (strongest, (lines[1] == "t" || lines[2] == "t") && !emptied, lines[2] == "t" && !emptied);
        if ours != theirs {
            wrong.push(format!("{change}: here {ours:?}, there {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    fn mode_of(name: &str) -> Option<LockMode> {
        Some(match name {
            "AccessShareLock" => LockMode::AccessShare,
            "RowShareLock" => LockMode::RowShare,
            "RowExclusiveLock" => LockMode::RowExclusive,
            "ShareUpdateExclusiveLock" => LockMode::ShareUpdateExclusive,
            "ShareLock" => LockMode::Share,
            "ShareRowExclusiveLock" => LockMode::ShareRowExclusive,
            "ExclusiveLock" => LockMode::Exclusive,
            "AccessExclusiveLock" => LockMode::AccessExclusive,
            _ => return None,
        })
    }
}
