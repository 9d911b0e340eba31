//! Which database a project speaks to, by its drivers and settings.

use base::{FileRole, SourceMap};
use sql::Dialect;

/// Files that say it by a line: drivers of packages, adapters, addresses of databases.
const FILES: &[&str] = &[
    "package.json",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Cargo.toml",
    "Gemfile",
    "database.yml",
    "schema.prisma",
    "diesel.toml",
    "ormconfig.json",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "appsettings.json",
];

/// What each says, with how much it weighs: SQLite and H2 serve tests beside another.
const SIGNS: &[(&str, Dialect, u32)] = &[
    ("postgres", Dialect::Postgres, 3),
    ("\"pg\"", Dialect::Postgres, 3),
    ("'pg'", Dialect::Postgres, 3),
    ("psycopg", Dialect::Postgres, 3),
    ("asyncpg", Dialect::Postgres, 3),
    ("npgsql", Dialect::Postgres, 3),
    ("jackc/pgx", Dialect::Postgres, 3),
    ("lib/pq", Dialect::Postgres, 3),
    ("mysql", Dialect::MySql, 3),
    ("mariadb", Dialect::MySql, 3),
    ("pomelo.entityframeworkcore", Dialect::MySql, 3),
    ("sqlserver", Dialect::SqlServer, 3),
    ("mssql", Dialect::SqlServer, 3),
    ("tedious", Dialect::SqlServer, 3),
    ("ojdbc", Dialect::Oracle, 2),
    ("cx_oracle", Dialect::Oracle, 2),
    ("oracledb", Dialect::Oracle, 2),
    ("sqlite", Dialect::Sqlite, 1),
];

/// The dialect that most files say; none where nothing does.
pub(super) fn known(sources: &SourceMap) -> Option<Dialect> {
    let mut votes: Vec<(Dialect, u32)> = Vec::new();
    for (_, file) in sources.files() {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let says = FILES.contains(&name)
            || name.ends_with(".csproj")
            || name.starts_with("settings") && name.ends_with(".py")
            || name.starts_with("application") && [".yml", ".yaml", ".properties"].iter().any(|e| name.ends_with(e));
        if !says || matches!(file.role, FileRole::Test | FileRole::Browser) || file.text.len() > 400_000 {
            continue;
        }
        let text = file.text.to_ascii_lowercase();
        for (sign, dialect, weight) in SIGNS {
            if text.contains(sign) {
                match votes.iter_mut().find(|(d, _)| d == dialect) {
                    Some((_, votes)) => *votes += weight,
                    None => votes.push((*dialect, *weight)),
                }
            }
        }
    }
    votes.into_iter().max_by_key(|(dialect, votes)| (*votes, std::cmp::Reverse(*dialect))).map(|(dialect, _)| dialect)
}
