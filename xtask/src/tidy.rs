//! What must never be, tested from the manifests and the sources. ARCHITECTURE.md names each invariant.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use serde_json::Value;

/// The layer of each crate; a crate may use only crates of lower layers.
const LAYERS: [(&str, u32); 11] = [
    ("base", 0),
    ("ir", 1),
    ("report", 1),
    ("lang", 2),
    ("program", 2),
    ("model", 4),
    ("rules", 5),
    ("engine", 6),
    ("cli", 7),
    ("testkit", 8),
    ("xtask", 8),
];

/// Words that a rule must not know.
const NAMES: [&str; 20] = [
    "django", "flask", "fastapi", "express", "nestjs", "rails", "sinatra", "spring", "aspnet", "actix", "axum", "gin",
    "python", "javascript", "typescript", "golang", "ruby", "java", "csharp", "rust",
];

/// Files over the limit, with the reason.
const LONG: [(&str, &str); 3] = [
    ("crates/ir/src/lib.rs", "the whole tree in one place"),
    ("crates/program/src/eval.rs", "one evaluator; to be parted with the flow analysis"),
    ("crates/model/src/adapters/", "one framework is one file"),
];

/// Runs all checks and names everything that is wrong.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    layers(root, &mut wrong)?;
    for file in sources(&root.join("crates")) {
        let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let text = fs::read_to_string(&file).with_context(|| path.clone())?;
        wrong.extend(source(&path, &text));
    }
    rules(root, &mut wrong)?;
    if !wrong.is_empty() {
        bail!("{} things are not tidy:\n{}", wrong.len(), wrong.join("\n"));
    }
    println!("tidy");
    Ok(())
}

fn layer(name: &str) -> Option<u32> {
    let name = name.strip_prefix("specialist-").unwrap_or(name);
    LAYERS.iter().find(|(n, _)| *n == name).map(|(_, l)| *l)
}

fn layers(root: &Path, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let out = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&out.stdout).context("cargo metadata gave no JSON")?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or("");
        let Some(own) = layer(name) else {
            wrong.push(format!("{name}: has no layer; add it to LAYERS"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or("");
            wrong.extend(dependency_fault(name, own, other));
        }
    }
    Ok(())
}

/// Arrows point down only; only `lang` sees a grammar.
fn dependency_fault(name: &str, own: u32, other: &str) -> Option<String> {
    if other.starts_with("tree-sitter") && name != "specialist-lang" {
        return Some(format!("{name}: depends on {other}; only lang may see a grammar"));
    }
    if other.starts_with("specialist-")
        && let Some(theirs) = layer(other)
        && theirs >= own
    {
        return Some(format!("{name}: depends on {other}, which is not below it"));
    }
    None
}

/// All Rust sources below a directory.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut queue = vec![dir.to_owned()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "fixtures" | "tests" | "examples" | "target") {
                    queue.push(path);
                }
            } else if name.ends_with(".rs") && name != "build.rs" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What is wrong with one source file.
fn source(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let does_io = path.starts_with("crates/engine/") || path.starts_with("crates/cli/");
    for word in ["std::fs", "std::net", "std::process", "std::env::", "fs::read", "Command::new"] {
        if !does_io && code.contains(word) {
            wrong.push(format!("{path}: `{word}`: nothing below engine does I/O"));
        }
    }
    for word in ["println!", "print!(", "eprintln!", "eprint!("] {
        if !path.starts_with("crates/cli/") && !path.starts_with("crates/lang/src/rust") && code.contains(word) {
            wrong.push(format!("{path}: `{word}`: only cli prints"));
        }
    }
    let lines = code.lines().count();
    let limit = if path.ends_with("/rule.rs") { 400 } else { 800 };
    if lines > limit && !LONG.iter().any(|(excused, _)| path.starts_with(excused)) {
        wrong.push(format!("{path}: {lines} lines, more than {limit}"));
    }
    if path.ends_with("src/lib.rs") {
        let head = text.lines().take_while(|l| l.starts_with("//!")).count();
        if head < 4 {
            wrong.push(format!("{path}: opens with {head} lines of what it is; at least 4"));
        }
    }
    if path.ends_with("/rule.rs") {
        wrong.extend(rule_names(path, code));
    }
    wrong
}

/// A rule names no language and no framework.
fn rule_names(path: &str, code: &str) -> Vec<String> {
    let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let lower = code.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let named = NAMES.iter().filter(|n| words.contains(n));
    named.map(|n| format!("{path}: names `{n}`; rules know no language and no framework")).collect()
}

/// Every rule's folder is complete and listed.
fn rules(root: &Path, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let list = fs::read_to_string(root.join("crates/rules/src/lib.rs"))?;
    for area in fs::read_dir(root.join("crates/rules"))?.flatten() {
        if !area.path().is_dir() || matches!(area.file_name().to_string_lossy().as_ref(), "src" | "tests") {
            continue;
        }
        for rule in fs::read_dir(area.path())?.flatten().filter(|r| r.path().is_dir()) {
            let id = rule.file_name().to_string_lossy().into_owned();
            for part in ["rule.rs", "rule.md", "fixtures"] {
                if !rule.path().join(part).exists() {
                    wrong.push(format!("rule {id}: has no {part}"));
                }
            }
            if !list.contains(&format!("/{id}\"")) {
                wrong.push(format!("rule {id}: is not listed in crates/rules/src/lib.rs"));
            }
            let code = fs::read_to_string(rule.path().join("rule.rs")).unwrap_or_default();
            if !code.contains(&format!("{id:?}")) {
                wrong.push(format!("rule {id}: its rule.rs has another id"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_that_points_up_is_found() {
        assert!(dependency_fault("specialist-program", 2, "specialist-lang").is_some());
        assert!(dependency_fault("specialist-model", 4, "specialist-program").is_none());
        assert!(dependency_fault("specialist-model", 4, "tree-sitter-go").is_some());
    }

    #[test]
    fn input_and_output_below_engine_is_found() {
        assert!(!source("crates/model/src/a.rs", "use std::fs;").is_empty());
        assert!(source("crates/engine/src/a.rs", "use std::fs;").is_empty());
        assert!(!source("crates/rules/src/a.rs", "fn f() { println!(\"x\"); }").is_empty());
    }

    #[test]
    fn a_rule_that_names_a_framework_is_found() {
        assert_eq!(rule_names("r", "if route.framework == \"Django\" {}").len(), 1);
        assert!(rule_names("r", "// Django does it too\nlet began = 1;").is_empty());
    }
}
