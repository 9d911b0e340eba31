//! Liquibase: formatted SQL, and change sets in XML and YAML, read into [`Change`]s.

mod changes;
mod tree;

use super::{Body, File, Migration, MigrationSet, Tool, TransactionMode, guess, sections};
use crate::{Dialect, Range, Statement};
use tree::Node;

/// How deep change logs may include others.
const DEPTH: u8 = 8;

/// The sets of change logs: one for each log that no other includes.
pub(super) fn sets(files: &[File<'_>], order: &[usize], known: Option<Dialect>) -> Vec<MigrationSet> {
    let logs: Vec<(usize, Log)> = order.iter().filter_map(|at| Some((*at, Log::read(&files[*at])?))).collect();
    let included: Vec<usize> = logs.iter().flat_map(|(at, log)| log.includes(files, *at)).collect();
    let mut sets: Vec<MigrationSet> = Vec::new();
    for (at, _) in logs.iter().filter(|(at, _)| !included.contains(at)) {
        let mut reached = Vec::new();
        reach(files, &logs, *at, DEPTH, &mut reached);
        let dialect = guess::by_path(files[*at].path).or(known).unwrap_or_else(|| dialect(files, &reached));
        let mut collected = Collected { files, logs: &logs, dialect, properties: Vec::new(), migrations: Vec::new() };
        for file in &reached {
            collected.add_properties(*file);
        }
        collected.add(*at, DEPTH, &mut Vec::new());
        let migrations = collected.migrations;
        if migrations.is_empty() {
            continue;
        }
        let directory = files[*at].path.rsplit_once('/').map_or("", |(d, _)| d).to_owned();
        // logs of formatted SQL in one folder with no log above them run in the order of their names
        match sets.iter_mut().find(|s| s.directory == directory) {
            Some(set) => set.migrations.extend(migrations),
            None => sets.push(MigrationSet { directory, tool: Tool::Liquibase, dialect, migrations, dump: None }),
        }
    }
    sets
}

enum Log {
    Formatted(Vec<sections::FormattedChangeSet>),
    Tree(Node),
}

impl Log {
    fn read(file: &File<'_>) -> Option<Log> {
        let path = file.path.to_ascii_lowercase();
        if path.ends_with(".sql") {
            return sections::formatted(file.text).map(Log::Formatted);
        }
        if !file.text.contains("databaseChangeLog") {
            return None;
        }
        if path.ends_with(".xml") {
            return tree::from_xml(file.text).map(Log::Tree);
        }
        if path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json") {
            return tree::from_yaml(file.text).map(Log::Tree);
        }
        None
    }

    /// The files that a log includes, in order.
    fn includes(&self, files: &[File<'_>], at: usize) -> Vec<usize> {
        let Log::Tree(root) = self else { return Vec::new() };
        root.children.iter().flat_map(|child| included_by(child, files, at)).collect()
    }
}

fn included_by(node: &Node, files: &[File<'_>], at: usize) -> Vec<usize> {
    let directory = files[at].path.rsplit_once('/').map_or("", |(d, _)| d);
    match node.name.as_str() {
        "include" => node.attribute("file").and_then(|wanted| find(files, directory, &wanted)).into_iter().collect(),
        "includeAll" => {
            let Some(wanted) = node.attribute("path") else { return Vec::new() };
            let wanted = wanted.trim_start_matches("classpath:").trim_matches('/').trim_start_matches("./").to_owned();
            let mut found: Vec<usize> = (0..files.len())
                .filter(|f| {
                    let folder = files[*f].path.rsplit_once('/').map_or("", |(d, _)| d);
                    *f != at
                        && (folder == format!("{directory}/{wanted}")
                            || folder.ends_with(&format!("/{wanted}"))
                            || folder == wanted)
                })
                .collect();
            found.sort_by_key(|f| files[*f].path);
            found
        }
        _ => Vec::new(),
    }
}

/// The file that a log names: beside it, or anywhere with this end.
fn find(files: &[File<'_>], directory: &str, wanted: &str) -> Option<usize> {
    let wanted = wanted.trim_start_matches("classpath:").trim_start_matches('/').trim_start_matches("./");
    let beside = format!("{directory}/{wanted}");
    let is = |path: &str| files.iter().position(|f| f.path == path);
    is(&beside).or_else(|| is(wanted)).or_else(|| {
        let end = format!("/{wanted}");
        files.iter().position(|f| f.path.ends_with(&end))
    })
}

/// The logs that one includes, itself first.
fn reach(files: &[File<'_>], logs: &[(usize, Log)], at: usize, depth: u8, seen: &mut Vec<usize>) {
    let Some((_, log)) = logs.iter().find(|(own, _)| *own == at) else { return };
    if depth == 0 || seen.contains(&at) {
        return;
    }
    seen.push(at);
    for included in log.includes(files, at) {
        reach(files, logs, included, depth - 1, seen);
    }
}

/// The dialect of logs: formatted SQL is SQL, the others say it where a change set is for one database only.
fn dialect(files: &[File<'_>], reached: &[usize]) -> Dialect {
    let texts = || reached.iter().map(|f| files[*f].text);
    let formatted: Vec<&str> = texts().filter(|t| sections::formatted(t).is_some()).collect();
    if !formatted.is_empty() {
        return guess::dialect_of(&formatted.join("\n"));
    }
    let count = |name: &str| texts().map(|t| t.matches(name).count()).sum::<usize>();
    let postgres = count("dbms=\"postgresql") + count("dbms: postgresql");
    let mysql = count("dbms=\"mysql") + count("dbms=\"mariadb") + count("dbms: mysql");
    match (postgres, mysql) {
        (0, 0) => Dialect::Generic,
        _ if postgres >= mysql => Dialect::Postgres,
        _ => Dialect::MySql,
    }
}

/// Whether what is for these databases is for this one: `postgresql, h2`, `!mysql`.
fn is_for(dbms: &str, dialect: Dialect) -> bool {
    let name = match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::Sqlite => "sqlite",
        Dialect::SqlServer => "mssql",
        Dialect::Oracle => "oracle",
        Dialect::Generic => return true,
    };
    let words: Vec<&str> = dbms.split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
    let is = |word: &str| word.eq_ignore_ascii_case(name) || (name == "mysql" && word.eq_ignore_ascii_case("mariadb"));
    if words.iter().any(|w| w.strip_prefix('!').is_some_and(is)) {
        return false;
    }
    let positive: Vec<&&str> = words.iter().filter(|w| !w.starts_with('!')).collect();
    positive.is_empty() || positive.iter().any(|w| is(w) || w.eq_ignore_ascii_case("all"))
}

/// The databases that a node's context names, as `dbms` would: projects use contexts for that too.
fn databases_of(node: &Node) -> String {
    let context = node.attribute("context").or_else(|| node.attribute("contextFilter")).unwrap_or_default();
    let words = context.split(|c: char| !(c.is_alphanumeric() || c == '!' || c == '_'));
    let named: Vec<&str> =
        words.filter(|w| matches!(w.trim_start_matches('!'), "mysql" | "mariadb" | "postgresql")).collect();
    named.join(",")
}

struct Collected<'c, 'f> {
    files: &'c [File<'f>],
    logs: &'c [(usize, Log)],
    dialect: Dialect,
    properties: Vec<(String, String)>,
    migrations: Vec<Migration>,
}

impl Collected<'_, '_> {
    fn log(&self, at: usize) -> Option<&Log> {
        self.logs.iter().find(|(own, _)| *own == at).map(|(_, log)| log)
    }

    fn add_properties(&mut self, at: usize) {
        let Some(Log::Tree(root)) = self.log(at) else { return };
        let mut found = Vec::new();
        for child in root.all("property") {
            let dbms = child.attribute("dbms").unwrap_or_default();
            if let (Some(name), Some(value)) = (child.attribute("name"), child.attribute("value"))
                && is_for(&dbms, self.dialect)
                && is_for(&databases_of(child), self.dialect)
            {
                found.push((name, value));
            }
        }
        self.properties.extend(found);
    }

    fn add(&mut self, at: usize, depth: u8, seen: &mut Vec<usize>) {
        if depth == 0 || seen.contains(&at) {
            return;
        }
        seen.push(at);
        let mut made = Vec::new();
        let mut included = Vec::new();
        match self.log(at) {
            None => return,
            Some(Log::Formatted(change_sets)) => {
                let wanted = change_sets.iter().filter(|s| is_for(s.dbms.as_deref().unwrap_or_default(), self.dialect));
                made.extend(wanted.map(|set| Migration {
                    version: set.id.clone(),
                    name: set.dbms.clone().unwrap_or_default(),
                    file: at,
                    forward: Body::Sql(vec![set.range]),
                    is_reversible: set.has_rollback,
                    transaction: set.transaction,
                    is_repeatable: false,
                }));
            }
            Some(Log::Tree(root)) => {
                for child in &root.children {
                    let for_us = is_for(&child.attribute("dbms").unwrap_or_default(), self.dialect)
                        && is_for(&databases_of(child), self.dialect);
                    if !for_us {
                        continue;
                    }
                    if child.name == "changeSet" {
                        made.push(change_set(child, self.files, at, &self.properties, self.dialect));
                    }
                    // what is included runs where it is named
                    included.extend(included_by(child, self.files, at).into_iter().map(|file| (made.len(), file)));
                }
            }
        }
        let mut done = 0;
        for (before, file) in included {
            self.migrations.extend(made.drain(..before - done));
            done = before;
            self.add(file, depth - 1, seen);
        }
        self.migrations.extend(made);
    }
}

fn change_set(
    node: &Node,
    files: &[File<'_>],
    at: usize,
    properties: &[(String, String)],
    dialect: Dialect,
) -> Migration {
    let id = node.attribute("id").unwrap_or_default();
    let author = node.attribute("author").unwrap_or_default();
    let is = |name: &str, value: &str| node.attribute(name).is_some_and(|v| v == value);
    let changes = changes::read(node, files, at, properties, dialect);
    let transaction = if is("runInTransaction", "false") { TransactionMode::None } else { TransactionMode::Whole };
    Migration {
        version: format!("{author}:{id}"),
        name: node.attribute("dbms").unwrap_or_default(),
        file: at,
        forward: Body::Statements(changes.into_iter().map(Statement::of).collect()),
        is_reversible: node.children.iter().any(|c| c.name == "rollback"),
        transaction,
        is_repeatable: is("runOnChange", "true") || is("runAlways", "true"),
    }
}

/// Where a node is, for changes.
fn range(node: &Node) -> Range {
    node.range
}
