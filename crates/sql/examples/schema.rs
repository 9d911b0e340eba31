//! The schema that a project's migrations make, one line for each object:
//! `cargo run -p specialist-sql --example schema -- DIR [FOLDER [DIALECT]]`. Without a folder it lists the sets of migrations.
//! `--statements` counts the statements by kind and prints those that were not understood.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use specialist_sql::{
    self as sql, Dialect, StatementKind,
    migrations::{self, File, MigrationSet},
};

const DIALECTS: [Dialect; 5] =
    [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::SqlServer, Dialect::Oracle];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (flags, rest): (Vec<&String>, Vec<&String>) = args.iter().partition(|a| a.starts_with("--"));
    let Some(root) = rest.first() else {
        eprintln!("usage: schema DIR [FOLDER [DIALECT]] [--statements] [--order]");
        return ExitCode::FAILURE;
    };
    let mut paths = Vec::new();
    walk(Path::new(root), &mut paths);
    paths.sort();
    let texts: Vec<(String, String)> = paths
        .iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(root).ok()?.to_string_lossy().into_owned();
            let wanted =
                [".sql", ".xml", ".yaml", ".yml", ".toml", "go.mod", ".conf"].iter().any(|e| relative.ends_with(e));
            let bytes = if wanted { std::fs::read(path).ok()? } else { return None };
            Some((relative, String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect();
    let files: Vec<File> = texts.iter().map(|(path, text)| File { path, text }).collect();
    // the dialect is what the project's drivers would say
    let known =
        rest.get(2).and_then(|name| DIALECTS.iter().copied().find(|d| format!("{d:?}").eq_ignore_ascii_case(name)));
    let sets = migrations::find(&files, known);
    let chosen = rest.get(1).and_then(|folder| {
        let mut found = sets.iter().filter(|s| s.directory == **folder);
        found.find(|s| known.is_none_or(|d| s.dialect == d))
    });
    match chosen {
        None => {
            sets.iter().for_each(|s| println!("{:?} {:?} {} {}", s.tool, s.dialect, s.migrations.len(), s.directory))
        }
        Some(set) if flags.iter().any(|f| *f == "--statements") => statements(set, &files),
        Some(set) if flags.iter().any(|f| *f == "--order") => order(set, &files),
        Some(set) => {
            let schema = set.schema(|at| files[at].text, |at| base::FileId(at as u32));
            schema.describe().iter().for_each(|line| println!("{line}"));
            for misfit in &schema.misfits {
                let file = &files[misfit.at.file.0 as usize];
                let text = file.text.get(misfit.at.start as usize..misfit.at.end as usize).unwrap_or("");
                eprintln!("misfit {}: {}: {}", file.path, misfit.reason, text.lines().next().unwrap_or(""));
            }
        }
    }
    ExitCode::SUCCESS
}

/// Where each migration's forward part is: file, first byte, last byte.
fn order(set: &MigrationSet, files: &[File]) {
    for migration in &set.migrations {
        if let migrations::Body::Sql(parts) = &migration.forward {
            parts.iter().for_each(|p| println!("{}\t{}\t{}", files[migration.file].path, p.start, p.end));
        }
    }
}

fn statements(set: &MigrationSet, files: &[File]) {
    let mut counts = std::collections::BTreeMap::new();
    for migration in &set.migrations {
        let file = files[migration.file];
        count(&migration.statements(file.text, set.dialect), &file, &mut counts);
    }
    println!("{counts:?}");
}

fn count(statements: &[sql::Statement], file: &File, counts: &mut std::collections::BTreeMap<&'static str, usize>) {
    for statement in statements {
        let kind = match &statement.kind {
            StatementKind::Query(_) => "query",
            StatementKind::Change(_) => "change",
            StatementKind::Transaction(_) => "transaction",
            StatementKind::Set { .. } => "set",
            StatementKind::Load { .. } => "load",
            StatementKind::Block(inner) => {
                count(inner, file, counts);
                "block"
            }
            StatementKind::Other { .. } => "other",
            StatementKind::Unknown { reason } => {
                let text = statement.range.of(file.text);
                let shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
                println!("{}: {reason}: {shown}", file.path);
                "unknown"
            }
        };
        *counts.entry(kind).or_default() += 1;
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && !path.is_symlink() {
            if name != "node_modules" && name != ".git" && name != "target" {
                walk(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}
