//! The real projects: what a change gains and loses on them.
//!
//! `corpus/projects.tsv` names each project, its repository and the commit that is reviewed. This task
//! fetches nothing: it reviews what is checked out as `$SPECIALIST_CORPUS/<name>` and compares the findings
//! with `corpus/findings/<name>.tsv`, one `rule<TAB>file:line` a line, sorted.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use serde_json::Value;

/// One project of the list.
#[derive(Debug, PartialEq)]
struct Project {
    name: String,
    repository: String,
    commit: String,
}

/// Reviews every project that is checked out, and compares or records its findings.
pub fn run(root: &Path, bless: bool) -> anyhow::Result<()> {
    let list = root.join("corpus/projects.tsv");
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let projects = projects(&text)?;
    let checkouts = std::env::var_os("SPECIALIST_CORPUS")
        .map(PathBuf::from)
        .context("set SPECIALIST_CORPUS to the folder that holds the checkouts, one folder per project")?;
    super::cargo(&["build", "--quiet", "--release", "--locked", "--package", "specialist-cli"])?;
    let program = target_directory(root)?.join("release").join(format!("specialist{}", std::env::consts::EXE_SUFFIX));

    let mut total: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let (mut reviewed, mut changed, mut absent) = (0, 0, Vec::new());
    for project in &projects {
        let dir = checkouts.join(&project.name);
        if !dir.is_dir() {
            absent.push(project.name.as_str());
            continue;
        }
        expect_commit(project, &dir)?;
        let found = review(&program, &dir).with_context(|| project.name.clone())?;
        reviewed += 1;
        let record = root.join("corpus/findings").join(format!("{}.tsv", project.name));
        let recorded = fs::read_to_string(&record).unwrap_or_default();
        let recorded: Vec<String> = recorded.lines().map(str::to_owned).collect();
        let (gained, lost) = compare(&recorded, &found);
        if !gained.is_empty() || !lost.is_empty() {
            changed += 1;
            println!("{}: {} gained, {} lost of {}", project.name, gained.len(), lost.len(), recorded.len());
        }
        for (lines, mark, slot) in [(gained, '+', 0), (lost, '-', 1)] {
            for line in lines {
                println!("  {mark} {}", line.replace('\t', "  "));
                let rule = line.split('\t').next().unwrap_or("").to_owned();
                total.entry(rule).or_default()[slot] += 1;
            }
        }
        if bless {
            fs::create_dir_all(root.join("corpus/findings"))?;
            fs::write(record, found.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        }
    }
    println!("{reviewed} projects reviewed, {changed} changed");
    for (rule, [gained, lost]) in &total {
        println!("  {rule}: +{gained} -{lost}");
    }
    if !absent.is_empty() {
        println!("not checked out: {}", absent.join(", "));
    }
    if reviewed == 0 {
        bail!("no project of corpus/projects.tsv is checked out under {}", checkouts.display());
    }
    if changed > 0 && !bless {
        bail!("findings changed: look at each, then `cargo xtask corpus --bless` records them");
    }
    Ok(())
}

/// Where cargo builds: `target`, unless its settings say otherwise.
fn target_directory(root: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata gave no JSON")?;
    let directory = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(directory))
}

/// The list: name, repository, commit; empty lines, `#` lines and a heading are passed over.
fn projects(text: &str) -> anyhow::Result<Vec<Project>> {
    let mut projects = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') || line.starts_with("name\t") {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, repository, commit, ..] = fields.as_slice() else {
            bail!("corpus/projects.tsv:{}: expected name, repository and commit between tabs", at + 1);
        };
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.chars().all(is_safe) || name.starts_with('.') || name.is_empty() {
            bail!("corpus/projects.tsv:{}: `{name}` is no folder name", at + 1);
        }
        projects.push(Project {
            name: (*name).to_owned(),
            repository: (*repository).to_owned(),
            commit: (*commit).to_owned(),
        });
    }
    Ok(projects)
}

/// A checkout of another commit would be compared with the wrong record.
fn expect_commit(project: &Project, dir: &Path) -> anyhow::Result<()> {
    if !dir.join(".git").exists() {
        return Ok(());
    }
    let output =
        Command::new("git").arg("-C").arg(dir).args(["rev-parse", "HEAD"]).output().context("cannot run git")?;
    let head = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !head.is_empty() && !head.starts_with(project.commit.as_str()) {
        bail!("{}: checked out at {head}, listed at {} of {}", project.name, project.commit, project.repository);
    }
    Ok(())
}

/// The findings of a review, sorted.
fn review(program: &Path, dir: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new(program)
        .args(["review", "--format", "json", "--fail-on", "never", "--no-config"])
        .arg(dir)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    // 0: reviewed; 4: reviewed, and the review says what it could not examine
    if !matches!(output.status.code(), Some(0 | 4)) {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let review: Value = serde_json::from_slice(&output.stdout).context("the review is no JSON")?;
    findings(&review)
}

fn findings(review: &Value) -> anyhow::Result<Vec<String>> {
    let list = review["findings"].as_array().context("the review has no findings")?;
    let mut lines = Vec::with_capacity(list.len());
    for finding in list {
        let location = &finding["location"];
        let (rule, file) = (finding["rule"].as_str(), location["file"].as_str());
        let (Some(rule), Some(file), Some(line)) = (rule, file, location["line"].as_u64()) else {
            bail!("a finding without rule, file or line: {finding}");
        };
        let file: String = file.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        lines.push(format!("{rule}\t{file}:{line}"));
    }
    lines.sort();
    Ok(lines)
}

/// What is new and what is gone; several findings of one rule on one line count each.
fn compare(recorded: &[String], found: &[String]) -> (Vec<String>, Vec<String>) {
    let mut counts: BTreeMap<&str, isize> = BTreeMap::new();
    for line in found {
        *counts.entry(line).or_default() += 1;
    }
    for line in recorded {
        *counts.entry(line).or_default() -= 1;
    }
    let of = |sign: isize| {
        let some = counts.iter().filter(move |(_, n)| n.signum() == sign);
        some.flat_map(|(line, n)| std::iter::repeat_n((*line).to_owned(), n.unsigned_abs())).collect()
    };
    (of(1), of(-1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_is_read_and_odd_names_are_refused() {
        let text = "name\trepository\tcommit\n# comment\nshop\thttps://example.org/shop\tabc\n\n";
        let shop = Project { name: "shop".into(), repository: "https://example.org/shop".into(), commit: "abc".into() };
        assert_eq!(projects(text).expect("a good list"), [shop]);
        assert!(projects("../shop\tx\ty").is_err());
        assert!(projects("shop only").is_err());
    }

    #[test]
    fn findings_become_sorted_lines() {
        let review = json!({ "findings": [
            { "rule": "b", "location": { "file": "x.py", "line": 2 } },
            { "rule": "a", "location": { "file": "y.py", "line": 9 } },
        ] });
        assert_eq!(findings(&review).expect("a good review"), ["a\ty.py:9", "b\tx.py:2"]);
        assert!(findings(&json!({ "findings": [{ "rule": "a" }] })).is_err());
    }

    #[test]
    fn gains_and_losses_are_counted_each() {
        let lines = |all: &[&str]| all.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let (gained, lost) = compare(&lines(&["a\tx:1", "b\tx:2"]), &lines(&["a\tx:1", "a\tx:1", "c\tx:3"]));
        assert_eq!((gained, lost), (lines(&["a\tx:1", "c\tx:3"]), lines(&["b\tx:2"])));
    }
}
