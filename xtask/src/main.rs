//! The project's own tasks: `cargo xtask ready|test|tidy|new-rule AREA ID`.

mod tidy;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ready"] => ready(),
        ["test"] => test(),
        ["tidy"] => tidy::run(&root()),
        ["new-rule", area, id] => new_rule(area, id),
        _ => bail!("usage: cargo xtask ready | test | tidy | new-rule AREA ID"),
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Exactly what CI runs.
fn ready() -> anyhow::Result<()> {
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    step("tidy", || tidy::run(&root()))?;
    step("test", test)
}

/// All tests. Servers that tests need will be started here.
fn test() -> anyhow::Result<()> {
    cargo(&["test", "--workspace", "--locked"])
}

fn step(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let started = Instant::now();
    println!("== {name}");
    run().with_context(|| format!("`{name}` failed; run `cargo xtask ready` again when it is mended"))?;
    println!("== {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn cargo(args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("cargo").args(args).current_dir(root()).status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo {} failed", args.join(" "));
    }
    Ok(())
}

const RULE: &str = r#"//! TITLE

use base::{Severity, Stage};
use model::Model;

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: info("ID", "TITLE", Severity::Important, Stage::Security, &[], &[], &[]),
    check,
};

fn check(_model: &Model, _report: &mut Report<'_>) {}
"#;

fn new_rule(area: &str, id: &str) -> anyhow::Result<()> {
    let dir = root().join("crates/rules").join(area).join(id);
    if dir.exists() {
        bail!("{} is there already", dir.display());
    }
    fs::create_dir_all(dir.join("fixtures"))?;
    fs::write(dir.join("rule.rs"), RULE.replace("ID", id).replace("TITLE", "Say the defect in a few words"))?;
    fs::write(dir.join("rule.md"), format!("# {id}\n\n## What it finds\n\n## Why it matters\n\n## How it decides\n\n## What it misses\n\n## How to fix it\n\n## How to verify\n\n## Trade-offs\n"))?;
    println!("{}: name it in crates/rules/src/lib.rs, then write its fixtures", dir.display());
    Ok(())
}
