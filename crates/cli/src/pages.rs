//! The pages of the rules: one each, and the matrix of rules and stacks.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context;
use base::RuleInfo;

/// Columns of the matrix.
const STACKS: [&str; 9] = ["JavaScript", "TypeScript", "Python", "Go", "Java", "Rust", "C#", "Ruby", "configuration"];

/// Writes `<id>.md` for each rule, and `README.md` with the matrix.
///
/// # Errors
/// A file cannot be written.
pub fn write(dir: &Path) -> anyhow::Result<()> {
    let rules = engine::all_rules();
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for rule in &rules {
        let file = dir.join(format!("{}.md", rule.id));
        fs::write(&file, page(rule)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let file = dir.join("README.md");
    fs::write(&file, matrix(&rules)).with_context(|| format!("cannot write {}", file.display()))
}

fn page(rule: &RuleInfo) -> String {
    let mut out = rule.page.trim_end().to_owned();
    let cwe: Vec<String> = rule.cwe.iter().map(|c| format!("CWE-{c}")).collect();
    let _ = write!(
        out,
        "\n\n## About this rule\n| | |\n|---|---|\n| Title | {} |\n| Severity | {} |\n| Heard by | {} |\n| Stage | {} |\n| Stacks | {} |\n| CWE | {} |\n| OWASP | {} |\n| Specification | {} |\n",
        rule.title,
        format!("{:?}", rule.severity).to_lowercase(),
        format!("{:?}", rule.persona).to_lowercase(),
        rule.stage.title(),
        rule.stacks.join(", "),
        cwe.join(", "),
        rule.owasp.join(", "),
        rule.rows.join(", "),
    );
    out
}

/// A rule claims the stacks that its fixtures are written in.
fn matrix(rules: &[RuleInfo]) -> String {
    let mut out = String::from(
        "# Rules\n\nA rule claims a stack when it has fixtures in it: hits and near misses that the tests hold it to.\n\n",
    );
    let _ = writeln!(out, "| Rule | {} |\n|---|{}", STACKS.join(" | "), "---|".repeat(STACKS.len()));
    for rule in rules {
        let _ = write!(out, "| [{0}]({0}.md) |", rule.id);
        for stack in STACKS {
            out.push_str(if rule.stacks.contains(&stack) { " ✓ |" } else { " |" });
        }
        out.push('\n');
    }
    out
}
