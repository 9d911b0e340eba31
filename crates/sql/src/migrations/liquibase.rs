//! Liquibase: formatted SQL, and change sets in XML and YAML, read into [`Change`]s.

mod changes;
mod tree;

use super::{Body, File, Migration, MigrationSet, Tool, TransactionMode, guess, sections};
use crate::{Dialect, Range};
use tree::Node;

/// How deep change logs may include others.
const DEPTH: u8 = 8;

/// The sets of change logs: one for each log that no other includes.
pub(super) fn sets(files: &[File<'_>], order: &[usize]) -> Vec<MigrationSet> {
    let logs: Vec<(usize, Log)> = order.iter().filter_map(|at| Some((*at, Log::read(&files[*at])?))).collect();
    let included: Vec<usize> = logs.iter().flat_map(|(at, log)| log.includes(files, *at)).collect();
    let mut sets: Vec<MigrationSet> = Vec::new();
    for (at, _) in logs.iter().filter(|(at, _)| !included.contains(at)) {
        let mut migrations = Vec::new();
        let mut seen = Vec::new();
        collect(files, &logs, *at, DEPTH, &mut seen, &mut migrations);
        if migrations.is_empty() {
            continue;
        }
        let directory = files[*at].path.rsplit_once('/').map_or("", |(d, _)| d).to_owned();
        let texts: String = seen.iter().map(|f| files[*f].text).collect::<Vec<_>>().join("\n");
        let dialect = guess::by_path(files[*at].path).unwrap_or_else(|| guess::dialect_of(&texts));
        // logs of formatted SQL in one folder with no log above them run in the order of their names
        match sets.iter_mut().find(|s| s.directory == directory) {
            Some(set) => set.migrations.extend(migrations),
            None => sets.push(MigrationSet { directory, tool: Tool::Liquibase, dialect, migrations }),
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

fn collect(
    files: &[File<'_>],
    logs: &[(usize, Log)],
    at: usize,
    depth: u8,
    seen: &mut Vec<usize>,
    made: &mut Vec<Migration>,
) {
    let Some((_, log)) = logs.iter().find(|(own, _)| *own == at) else {
        // a plain SQL file that a log includes
        return;
    };
    if depth == 0 || seen.contains(&at) {
        return;
    }
    seen.push(at);
    match log {
        Log::Formatted(change_sets) => {
            made.extend(change_sets.iter().map(|set| Migration {
                version: set.id.clone(),
                name: set.dbms.clone().unwrap_or_default(),
                file: at,
                forward: Body::Sql(vec![set.range]),
                is_reversible: set.has_rollback,
                transaction: set.transaction,
                is_repeatable: false,
            }));
        }
        Log::Tree(root) => {
            let mut properties = Vec::new();
            for child in &root.children {
                match child.name.as_str() {
                    "property" => {
                        let dbms = child.attribute("dbms").unwrap_or_default();
                        let wanted = dbms.is_empty() || dbms.contains("postgres");
                        if let (Some(name), Some(value), true) =
                            (child.attribute("name"), child.attribute("value"), wanted)
                        {
                            properties.push((name, value));
                        }
                    }
                    "changeSet" => made.push(change_set(child, files, at, &properties)),
                    _ => {
                        for file in included_by(child, files, at) {
                            collect(files, logs, file, depth - 1, seen, made);
                        }
                    }
                }
            }
        }
    }
}

fn change_set(node: &Node, files: &[File<'_>], at: usize, properties: &[(String, String)]) -> Migration {
    let id = node.attribute("id").unwrap_or_default();
    let author = node.attribute("author").unwrap_or_default();
    let is = |name: &str, value: &str| node.attribute(name).is_some_and(|v| v == value);
    let transaction = if is("runInTransaction", "false") { TransactionMode::None } else { TransactionMode::Whole };
    let dbms = node.attribute("dbms").unwrap_or_default().to_lowercase();
    let dialect = guess::by_path(&dbms).or_else(|| guess::by_path(files[at].path)).unwrap_or(Dialect::Postgres);
    let changes = changes::read(node, files, at, properties, dialect);
    let is_reversible = node.children.iter().any(|c| c.name == "rollback");
    Migration {
        version: format!("{author}:{id}"),
        name: dbms,
        file: at,
        forward: Body::Changes(changes),
        is_reversible,
        transaction,
        is_repeatable: is("runOnChange", "true") || is("runAlways", "true"),
    }
}

/// Where a node is, for changes.
fn range(node: &Node) -> Range {
    node.range
}
