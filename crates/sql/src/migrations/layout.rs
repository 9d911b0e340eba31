//! What the paths of SQL files say: tools, versions, order.

use std::collections::BTreeMap;

use super::{Body, File, Migration, MigrationSet, Tool, TransactionMode, guess, sections};
use crate::{Dialect, Range};

/// How names of files say that each of their statements commits by itself: `1_a.autocommit.up.sql`.
const AUTOCOMMIT: &str = ".autocommit";

/// A file that takes part in a set.
#[derive(Clone)]
struct Candidate {
    tool: Tool,
    directory: String,
    version: String,
    name: String,
    file: usize,
    goes_back: bool,
    repeatable: bool,
    /// The database that the file's name says it is for: `1_a.mysql.up.sql`.
    dialect: Option<Dialect>,
}

/// Sets of SQL files; `order` has their indexes by path.
pub(super) fn sql_sets(files: &[File<'_>], order: &[usize], known: Option<Dialect>) -> Vec<MigrationSet> {
    let mut groups: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for at in order {
        let file = &files[*at];
        if !has_extension(file.path, ".sql") || sections::formatted(file.text).is_some() {
            continue;
        }
        if let Some(candidate) = candidate(file, *at) {
            groups.entry(candidate.directory.clone()).or_default().push(candidate);
        }
    }
    let mut sets = Vec::new();
    for (directory, found) in groups {
        let mut dialects: Vec<Option<Dialect>> = found.iter().map(|c| c.dialect).filter(Option::is_some).collect();
        dialects.sort();
        dialects.dedup();
        if dialects.is_empty() {
            dialects.push(None);
        }
        for dialect in dialects {
            let own = of_dialect(files, &found, dialect);
            sets.extend(set(files, directory.clone(), own, dialect, known));
        }
    }
    sets
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.len() >= extension.len()
        && path.is_char_boundary(path.len() - extension.len())
        && path[path.len() - extension.len()..].eq_ignore_ascii_case(extension)
}

/// The folder and the last part of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether a folder's name says that it holds migrations.
fn says_migrations(directory: &str) -> bool {
    let words =
        ["migrations", "migration", "migrate", "changelog", "changelogs", "deltas", "delta", "updates", "upgrades"];
    directory.to_ascii_lowercase().split('/').any(|part| part.split(['-', '_', '.']).any(|word| words.contains(&word)))
}

/// The digits at the beginning of a name, and what follows.
fn numbered(name: &str) -> Option<(&str, &str)> {
    let end = name.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '_' || c == '.')).unwrap_or(name.len());
    let version = name[..end].trim_end_matches(['-', '_', '.']);
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((version, name[version.len()..].trim_start_matches(['-', '_', '.'])))
}

fn candidate(file: &File<'_>, at: usize) -> Option<Candidate> {
    let (directory, base) = split(file.path);
    let stem = &base[..base.len() - 4];
    let (above, folder) = split(directory);
    let made = |tool, directory: &str, version: &str, name: &str| Candidate {
        tool,
        directory: directory.to_owned(),
        version: version.to_owned(),
        name: name.to_owned(),
        file: at,
        goes_back: false,
        repeatable: false,
        dialect: None,
    };
    // a folder for each migration
    if matches!(base, "up.sql" | "down.sql") && numbered(folder).is_some() {
        let (version, name) = numbered(folder)?;
        return Some(Candidate { goes_back: base == "down.sql", ..made(Tool::Diesel, above, version, name) });
    }
    if base == "migration.sql" {
        let (version, name) = numbered(folder).unwrap_or((folder, ""));
        return Some(made(Tool::Prisma, above, version, name));
    }
    if let Some(found) = flyway(stem) {
        let (kind, version, name) = found;
        let candidate = made(Tool::Flyway, directory, version, name);
        return Some(Candidate { goes_back: kind == 'U', repeatable: kind == 'R', ..candidate });
    }
    for (end, goes_back) in [(".up", false), (".down", true)] {
        if let Some(stem) = stem.strip_suffix(end) {
            let stem = stem.strip_suffix(AUTOCOMMIT).unwrap_or(stem);
            let (version, name) = numbered(stem).unwrap_or((stem, ""));
            let dialect = name.rsplit_once('.').and_then(|(_, last)| guess::by_path(last));
            return Some(Candidate { goes_back, dialect, ..made(Tool::GolangMigrate, directory, version, name) });
        }
    }
    for (middle, goes_back) in [(".do.", false), (".undo.", true)] {
        if let Some((version, name)) = stem.split_once(middle)
            && numbered(version).is_some_and(|(_, rest)| rest.is_empty())
        {
            return Some(Candidate { goes_back, ..made(Tool::Postgrator, directory, version, name) });
        }
    }
    let sections = sections::read(file.text);
    if let Some(tool) = sections.tool {
        let (version, name) = numbered(stem).unwrap_or((stem, ""));
        return Some(made(tool, directory, version, name));
    }
    let (version, name) = numbered(stem)?;
    // `0.17/00__inbox.sql`: a folder for each release
    let release = folder.trim_start_matches('v');
    if numbered(release).is_some_and(|(_, rest)| rest.is_empty()) && says_migrations(above) {
        let version = format!("{release}/{version}");
        return Some(made(Tool::Plain, above, &version, name));
    }
    says_migrations(directory).then(|| made(Tool::Plain, directory, version, name))
}

/// `V1_2__name`, `R__name`, `U1_2__name`, `B1__name`.
fn flyway(stem: &str) -> Option<(char, &str, &str)> {
    let kind = stem.chars().next()?;
    if !matches!(kind, 'V' | 'R' | 'U' | 'B') {
        return None;
    }
    let (version, name) = stem[1..].split_once("__")?;
    let fits = if kind == 'R' { version.is_empty() } else { version.starts_with(|c: char| c.is_ascii_digit()) };
    fits.then_some((kind, version, name))
}

/// The numbers of a version, so that `10` comes after `9` and `1_10` after `1_9`.
fn version_key(version: &str) -> (Vec<u64>, &str) {
    let numbers = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    (numbers.map(|part| part.parse().unwrap_or(u64::MAX)).collect(), version)
}

/// The files for one database: its own, and those for all where it has none of its own.
fn of_dialect(files: &[File<'_>], found: &[Candidate], dialect: Option<Dialect>) -> Vec<Candidate> {
    // `cockroach` speaks PostgreSQL's language, and has files of its own
    let is_other = |c: &Candidate| files[c.file].path.contains(".cockroach.");
    let owned = |c: &Candidate| c.dialect == dialect && !(dialect == Some(Dialect::Postgres) && is_other(c));
    let has_own = |c: &Candidate| {
        found.iter().any(|o| o.dialect.is_some() && owned(o) && o.version == c.version && o.goes_back == c.goes_back)
    };
    let wanted = |c: &&Candidate| owned(c) || (c.dialect.is_none() && !has_own(c));
    found.iter().filter(wanted).cloned().collect()
}

fn set(
    files: &[File<'_>],
    directory: String,
    mut found: Vec<Candidate>,
    named: Option<Dialect>,
    known: Option<Dialect>,
) -> Option<MigrationSet> {
    let marker = |name: &str| {
        let above = |path: &str| {
            let (folder, base) = split(path);
            base == name && (folder.is_empty() || directory == folder || directory.starts_with(&format!("{folder}/")))
        };
        files.iter().any(|f| above(f.path))
    };
    let mut tool = found.iter().find(|c| !c.goes_back).map(|c| c.tool)?;
    if matches!(tool, Tool::GolangMigrate | Tool::Plain) && marker("Cargo.toml") && !marker("go.mod") {
        tool = Tool::Sqlx;
    }
    let text = |c: &Candidate| files[c.file].text;
    let forward: Vec<&Candidate> = found.iter().filter(|c| !c.goes_back).collect();
    let said = named.or_else(|| configured(files, &directory)).or_else(|| guess::by_path(&directory)).or(known);
    let dialect = said.unwrap_or_else(|| {
        let whole: String = forward.iter().map(|c| text(c)).collect::<Vec<_>>().join("\n");
        guess::dialect_of(&whole)
    });
    let backward: Vec<String> = found.iter().filter(|c| c.goes_back).map(|c| c.version.clone()).collect();
    found.retain(|c| !c.goes_back);
    match tool {
        // by name, as these tools do
        Tool::Prisma => found.sort_by(|a, b| files[a.file].path.cmp(files[b.file].path)),
        // `2017-09-23-182408` and `20170309122510` are of one kind
        Tool::Diesel => found.sort_by_key(|c| c.version.replace('-', "")),
        _ => found.sort_by(|a, b| {
            let key = |c: &Candidate| (c.repeatable, version_key(&c.version).0);
            key(a).cmp(&key(b)).then_with(|| files[a.file].path.cmp(files[b.file].path))
        }),
    }
    let migrations = found
        .into_iter()
        .map(|candidate| {
            let sections = sections::read(text(&candidate));
            let is_reversible = sections.has_backward || backward.contains(&candidate.version);
            let transaction = transaction(files, &candidate, tool, dialect, sections.transaction);
            Migration {
                version: candidate.version,
                name: candidate.name,
                file: candidate.file,
                forward: Body::Sql(sections.forward),
                is_reversible,
                transaction,
                is_repeatable: candidate.repeatable,
            }
        })
        .collect();
    Some(MigrationSet { directory, tool, dialect, migrations, dump: None })
}

/// What the tool's own files say of the database.
fn configured(files: &[File<'_>], directory: &str) -> Option<Dialect> {
    let lock = format!("{directory}/migration_lock.toml");
    let text = files.iter().find(|f| f.path == lock)?.text;
    let provider = text.lines().find_map(|line| line.trim().strip_prefix("provider"))?;
    let provider = provider.trim_start_matches([' ', '=']).trim().trim_matches('"');
    match provider {
        "postgresql" | "cockroachdb" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        "sqlite" => Some(Dialect::Sqlite),
        "sqlserver" => Some(Dialect::SqlServer),
        _ => None,
    }
}

fn transaction(
    files: &[File<'_>],
    candidate: &Candidate,
    tool: Tool,
    dialect: Dialect,
    written: Option<TransactionMode>,
) -> TransactionMode {
    if let Some(mode) = written {
        return mode;
    }
    let path = files[candidate.file].path;
    let beside = |name: &str| files.iter().find(|f| f.path == name).map(|f| f.text.to_ascii_lowercase());
    let is_false = |text: String, option: &str| {
        text.lines().any(|line| {
            let line: String = line.split_whitespace().collect();
            line.starts_with(option) && line.ends_with("=false")
        })
    };
    let off = match tool {
        Tool::Diesel => {
            beside(&format!("{}/metadata.toml", split(path).0)).is_some_and(|t| is_false(t, "run_in_transaction"))
        }
        // Flyway looks for statements that cannot run in a transaction
        Tool::Flyway => {
            beside(&format!("{path}.conf")).is_some_and(|t| is_false(t, "executeintransaction"))
                || (dialect == Dialect::Postgres && refuses_transaction(files[candidate.file].text))
        }
        // they send the whole file at once: PostgreSQL makes one transaction of several statements, and none of one
        Tool::GolangMigrate | Tool::Prisma | Tool::Postgrator => {
            path.contains(AUTOCOMMIT) || (dialect == Dialect::Postgres && is_single(files[candidate.file].text))
        }
        Tool::Plain | Tool::Dump => true,
        _ => false,
    };
    if off { TransactionMode::None } else { TransactionMode::Whole }
}

/// Whether a text is one statement.
fn is_single(text: &str) -> bool {
    crate::split::split(text, Dialect::Postgres).len() <= 1
}

/// Whether a text has a statement that PostgreSQL refuses in a transaction.
fn refuses_transaction(text: &str) -> bool {
    let tokens = crate::lex::tokens(text, Dialect::Postgres);
    tokens.windows(2).any(|w| w[0].is("index") && w[1].is("concurrently")) || tokens.iter().any(|t| t.is("vacuum"))
}

/// Files that hold the whole schema, where there are no migrations beside, above or below them.
pub(super) fn add_dumps(files: &[File<'_>], order: &[usize], known: Option<Dialect>, sets: &mut Vec<MigrationSet>) {
    const NAMES: &[&str] =
        &["schema", "structure", "init", "create", "tables", "ddl", "dump", "database", "db", "setup"];
    let taken: Vec<(String, Dialect)> = sets.iter().map(|s| (s.directory.clone(), s.dialect)).collect();
    for at in order {
        let file = &files[*at];
        let (directory, base) = split(file.path);
        if !has_extension(base, ".sql") {
            continue;
        }
        let stem = base[..base.len() - 4].to_ascii_lowercase();
        let is_named = stem.split(['-', '_', '.']).any(|word| NAMES.contains(&word));
        let used = sets.iter().any(|s| s.migrations.iter().any(|m| m.file == *at));
        let dialect = guess::by_path(file.path).or(known).unwrap_or_else(|| guess::dialect_of(file.text));
        let near = |other: &str| {
            let above = split(directory).0;
            other == directory
                || other.starts_with(&format!("{directory}/"))
                || directory.is_empty()
                || split(other).0 == directory
                || (!above.is_empty() && (other == above || split(other).0 == above))
        };
        let beside = taken
            .iter()
            .any(|(other, d)| near(other) && (*d == dialect || dialect == Dialect::Generic || *d == Dialect::Generic));
        let makes_tables = || {
            let lower = file.text.to_ascii_lowercase();
            lower.contains("create table")
        };
        if !is_named || used || beside || !makes_tables() {
            continue;
        }
        let part = |at: usize, name: String| Migration {
            version: String::new(),
            name,
            file: at,
            forward: Body::Sql(vec![Range::new(0, files[at].text.len())]),
            is_reversible: false,
            transaction: TransactionMode::None,
            is_repeatable: false,
        };
        let mut migrations = vec![part(*at, stem.clone())];
        // `schema-indexes.sql` beside `schema.sql`
        for other in order {
            let (folder, name) = split(files[*other].path);
            let name = name.to_ascii_lowercase();
            if folder == directory && other != at && is_rest_of(&name, &stem) && !files[*other].text.is_empty() {
                migrations.push(part(*other, name));
            }
        }
        sets.push(MigrationSet { directory: directory.to_owned(), tool: Tool::Dump, dialect, migrations, dump: None });
    }
}

/// Whether a file's name says that it adds indexes or keys to the tables of another (`stem`).
fn is_rest_of(name: &str, stem: &str) -> bool {
    const WORDS: [&str; 6] = ["idx", "index", "indexes", "indices", "constraints", "keys"];
    let Some(name) = name.strip_suffix(".sql") else { return false };
    let mut words = name.split(['-', '_', '.']);
    words.any(|word| WORDS.contains(&word)) && name.split(['-', '_', '.']).next() == stem.split(['-', '_', '.']).next()
}
