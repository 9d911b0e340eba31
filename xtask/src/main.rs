//! The project's own tasks: `cargo xtask <ready|test|tidy|docs|new-rule|corpus|schema>`.
//!
//! Nothing here is part of the program. It knows the repository's folders and runs cargo, git and the
//! program itself; it must never know what a rule decides or how a review is made.
//!
//! Begin reading at `ready`, which is exactly what CI runs. `tidy` holds the invariants that
//! ARCHITECTURE.md names.

mod corpus;
mod new_rule;
mod pages;
mod tidy;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, bail};

const USAGE: &str = "usage: cargo xtask TASK

  ready             exactly what CI runs: format, clippy, tidy, tests, pages fresh
  test              all tests
  tidy              what must never be: layers, input and output, names, sizes, rule folders
  docs [--check]    write docs/rules from the rules, or say whether it is fresh
  schema [--check]  write docs/schema from the program, or say whether it is fresh
  new-rule AREA ID  make a rule's folder and list it
  fuzz LANGUAGE [SECONDS]
                    feed a front end odd text, a minute by default (needs cargo-fuzz and nightly Rust)
  corpus [--bless]  review the real projects under $SPECIALIST_CORPUS and compare the findings with the
                    recorded ones, or record them";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ready"] => ready(),
        ["test"] => test(),
        ["tidy"] => tidy::run(&root()),
        ["docs"] => pages::docs(&root(), false),
        ["docs", "--check"] => pages::docs(&root(), true),
        ["schema"] => pages::schemas(&root(), false),
        ["schema", "--check"] => pages::schemas(&root(), true),
        ["new-rule", area, id] => new_rule::run(&root(), area, id),
        ["fuzz", language] => fuzz(language, "60"),
        ["fuzz", language, seconds] => fuzz(language, seconds),
        ["corpus"] => corpus::run(&root(), false),
        ["corpus", "--bless"] => corpus::run(&root(), true),
        _ => bail!("{USAGE}"),
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Exactly what CI runs.
fn ready() -> anyhow::Result<()> {
    let root = root();
    let started = Instant::now();
    step("format", "cargo fmt --all", || cargo(&["fmt", "--all", "--check"]))?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    step("clippy", "mend what it says; `cargo clippy --fix` mends some", || cargo(&clippy))?;
    step("tidy", "mend each line; the reasons are in ARCHITECTURE.md", || tidy::run(&root))?;
    step("test", "`cargo xtask test` runs them again", test)?;
    if root.join(pages::RULES).exists() {
        step("docs", "`cargo xtask docs` writes them anew", || pages::docs(&root, true))?;
    }
    if root.join(pages::SCHEMAS).exists() {
        step("schema", "`cargo xtask schema` writes them anew", || pages::schemas(&root, true))?;
    }
    // not part of the gate where it is not installed: it reads an advisory database from the network
    if root.join("deny.toml").exists() && cargo_has("deny") {
        step("deny", "see deny.toml", || cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
    }
    println!("== ready: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// All tests. Servers that tests need will be started here.
fn test() -> anyhow::Result<()> {
    servers()?;
    cargo(&["test", "--workspace", "--locked"])
}

/// Installs the servers that the tests of `sql` start for themselves, where they are missing and may be installed.
fn servers() -> anyhow::Result<()> {
    let in_paths = |name: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|p| p.join(name).is_file()) || Path::new("/usr/sbin").join(name).is_file()
    };
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let has_postgres = in_paths("initdb") || versions.map(|v| v.path().join("bin/initdb")).any(|p| p.is_file());
    let mut missing = Vec::new();
    missing.extend((!has_postgres).then_some("postgresql"));
    missing.extend((!in_paths("mariadbd")).then_some("mariadb-server"));
    if missing.is_empty() {
        return Ok(());
    }
    println!("== installing {}", missing.join(", "));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args).status().is_ok_and(|s| s.success())
    };
    let install = [&["install", "-y", "-qq", "--no-install-recommends"][..], &missing].concat();
    if !apt(&["update", "-qq"]) || !apt(&install) {
        bail!("the tests need {0}: `apt-get install {0}` as root, or the like on your system", missing.join(" "));
    }
    Ok(())
}

/// Fuzzes one front end for some seconds.
fn fuzz(language: &str, seconds: &str) -> anyhow::Result<()> {
    if !cargo_has("fuzz") {
        bail!("cargo-fuzz is missing: `cargo install cargo-fuzz`; it needs the nightly toolchain");
    }
    let limit = format!("-max_total_time={seconds}");
    cargo(&["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", language, "--", &limit])
}

fn step(name: &str, advice: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let started = Instant::now();
    println!("== {name}");
    run().with_context(|| format!("`{name}` failed: {advice}"))?;
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

fn cargo_has(command: &str) -> bool {
    let output = Command::new("cargo").args([command, "--version"]).output();
    output.is_ok_and(|o| o.status.success())
}
