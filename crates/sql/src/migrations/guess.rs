//! Whose SQL a text is, by what only one dialect writes.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::Dialect;

/// The dialect that the names of a path say.
pub fn by_path(path: &str) -> Option<Dialect> {
    let path = path.to_ascii_lowercase();
    let words: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let names: [(Dialect, &[&str]); 6] = [
        (Dialect::Generic, &["clickhouse", "h2", "hsqldb", "derby", "snowflake", "bigquery"]),
        (Dialect::Postgres, &["postgres", "postgresql", "pg", "pgsql", "cockroach", "cockroachdb", "psql"]),
        (Dialect::MySql, &["mysql", "mariadb"]),
        (Dialect::Sqlite, &["sqlite", "sqlite3"]),
        (Dialect::SqlServer, &["mssql", "sqlserver"]),
        (Dialect::Oracle, &["oracle"]),
    ];
    // the last word that speaks of one
    let of_word = |word: &&str| names.iter().find(|(_, known)| known.contains(word)).map(|(dialect, _)| *dialect);
    words.iter().rev().find_map(of_word)
}

/// The dialect that a text is written in; [`Dialect::Generic`] when nothing says so.
pub fn dialect_of(text: &str) -> Dialect {
    const SIGNS: &[(Dialect, &[&str])] = &[
        (
            Dialect::Postgres,
            &[
                "serial",
                "::",
                "timestamptz",
                "$$",
                "jsonb",
                "concurrently",
                "plpgsql",
                "bytea",
                "gen_random_uuid",
                "text[]",
                "create extension",
                "alter column",
                "using gin",
                "character varying",
                "with time zone",
                "create type",
                "uuid_generate",
                "owner to",
                "pg_catalog",
                "language sql",
                " boolean",
                "uuid",
            ],
        ),
        (
            Dialect::MySql,
            &[
                "`",
                "engine=",
                "engine =",
                "auto_increment",
                "unsigned",
                "utf8mb4",
                "modify column",
                " modify ",
                " add index ",
                "datetime(",
                "mediumtext",
            ],
        ),
        (Dialect::Sqlite, &["autoincrement", "pragma ", "without rowid", "sqlite_", "datetime('now'", "strftime("]),
        (
            Dialect::SqlServer,
            &["nvarchar", "[dbo]", "\ngo\n", "\ngo\r\n", "identity(", "datetime2", "uniqueidentifier"],
        ),
        (Dialect::Oracle, &["varchar2", "number(", "sysdate", "clob", "nocache"]),
    ];
    let mut start = text.len().min(200_000);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    static SIGN: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let sign = SIGN.get_or_init(|| {
        let all = SIGNS.iter().flat_map(|(_, signs)| signs.iter());
        AhoCorasick::builder().ascii_case_insensitive(true).build(all).ok()
    });
    let mut seen: Vec<usize> = SIGNS.iter().flat_map(|(_, signs)| signs.iter().map(|_| 0)).collect();
    for found in sign.iter().flat_map(|s| s.find_overlapping_iter(&text[..start])) {
        seen[found.pattern().as_usize()] += 1;
    }
    let mut seen = seen.into_iter();
    let mut count = |signs: &[&str]| -> usize { seen.by_ref().take(signs.len()).map(|n| n.min(20)).sum() };
    let best =
        SIGNS.iter().map(|(dialect, signs)| (count(signs), *dialect)).max_by_key(|(n, d)| (*n, std::cmp::Reverse(*d)));
    match best {
        Some((count, dialect)) if count > 0 => dialect,
        _ => Dialect::Generic,
    }
}
