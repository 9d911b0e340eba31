//! Pages and schemas that the program writes, and whether the committed ones are fresh.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// Where the rules' pages are.
pub const RULES: &str = "docs/rules";
/// Where the schemas are.
pub const SCHEMAS: &str = "docs/schema";

/// The schemas that the program prints.
const SCHEMA_NAMES: [&str; 4] = ["review", "map", "config", "facts"];

/// Writes `docs/rules` (a page for each rule and the matrix), or compares it.
pub fn docs(root: &Path, check: bool) -> anyhow::Result<()> {
    let fresh = emptied(root, "docs")?;
    write_rule_pages(root, &fresh)?;
    if read(&fresh)?.is_empty() {
        bail!("the program wrote no pages");
    }
    settle(&fresh, &root.join(RULES), check, "cargo xtask docs")
}

/// The one place that knows how the program is asked for its pages.
fn write_rule_pages(root: &Path, into: &Path) -> anyhow::Result<()> {
    let dir = into.to_string_lossy();
    program(root, &["rules", "--docs", &dir])
        .context("`specialist rules --docs DIR` did not work: the program cannot write its pages yet, or failed")?;
    Ok(())
}

/// Writes `docs/schema`, or compares it.
pub fn schemas(root: &Path, check: bool) -> anyhow::Result<()> {
    let fresh = emptied(root, "schema")?;
    for name in SCHEMA_NAMES {
        let text =
            program(root, &["schema", name]).with_context(|| format!("`specialist schema {name}` did not work"))?;
        let schema: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("schema {name}"))?;
        fs::write(fresh.join(format!("{name}.json")), serde_json::to_string_pretty(&schema)? + "\n")?;
    }
    settle(&fresh, &root.join(SCHEMAS), check, "cargo xtask schema")
}

/// Runs the program as it stands in the sources; its standard output.
fn program(root: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--package", "specialist-cli", "--"])
        .args(args)
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("it wrote something that is not UTF-8")
}

/// An empty folder below `target`.
fn emptied(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let dir = root.join("target/xtask").join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// Compares the fresh folder with the committed one, or puts it in its place.
fn settle(fresh: &Path, committed: &Path, check: bool, command: &str) -> anyhow::Result<()> {
    let (new, old) = (read(fresh)?, read(committed)?);
    let differences = differences(&old, &new);
    if check {
        if !differences.is_empty() {
            bail!("{} is not fresh (`{command}` writes it):\n{}", committed.display(), differences.join("\n"));
        }
        return Ok(());
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        fs::remove_file(committed.join(path))?;
    }
    for (path, content) in &new {
        let file = committed.join(path);
        if let Some(dir) = file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(file, content)?;
    }
    println!("{}: {} files, {} changed", committed.display(), new.len(), differences.len());
    Ok(())
}

fn differences(old: &BTreeMap<PathBuf, Vec<u8>>, new: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
    let changed = new.iter().filter_map(|(path, content)| match old.get(path) {
        None => Some(format!("  missing: {}", path.display())),
        Some(before) if before != content => Some(format!("  differs: {}", path.display())),
        Some(_) => None,
    });
    let gone = old.keys().filter(|p| !new.contains_key(*p)).map(|p| format!("  no longer written: {}", p.display()));
    changed.chain(gone).collect()
}

/// Every file below a folder with its content; nothing if there is no such folder.
fn read(dir: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut queue = vec![dir.to_owned()];
    while let Some(next) = queue.pop() {
        if !next.exists() {
            continue;
        }
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let content = fs::read(&path)?;
                found.insert(path.strip_prefix(dir)?.to_owned(), content);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
        files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn stale_missing_and_leftover_pages_are_found() {
        let old = folder(&[("a.md", "1"), ("b.md", "1"), ("c.md", "1")]);
        let new = folder(&[("a.md", "1"), ("b.md", "2"), ("d.md", "1")]);
        assert_eq!(differences(&old, &new), ["  differs: b.md", "  missing: d.md", "  no longer written: c.md"]);
        assert!(differences(&old, &old).is_empty());
    }
}
