//! What must never be, tested from the manifests and the sources.
//!
//! Each invariant has the name by which ARCHITECTURE.md explains it; a fault begins with that name. A check
//! is a pure function over [`Repository`], so that its tests can show that it fails.

mod rust;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use rust::Tokens;
use serde_json::Value;

/// The layer of each crate, those to come included. A crate may use only crates of lower layers.
const LAYERS: [(&str, u32); 20] = [
    ("base", 0),
    ("ir", 1),
    ("sql", 1),
    ("live", 1),
    ("contract", 1),
    ("load", 1),
    ("report", 1),
    ("lang", 2),
    ("program", 2),
    ("flow", 3),
    ("model", 4),
    ("rules", 5),
    ("probe", 5),
    ("engine", 6),
    ("cli", 7),
    ("server", 7),
    ("lsp", 7),
    ("mcp", 7),
    ("testkit", 8),
    ("benches", 8),
];

/// Crates that may do input and output: the two that speak to running systems, engine, and what is above it.
const DOES_IO: [&str; 8] = ["probe", "load", "engine", "cli", "server", "lsp", "mcp", "testkit"];

/// Crates that write to standard output.
const PRINTS: [&str; 4] = ["cli", "server", "lsp", "mcp"];

/// Crates that may wait for a network.
const ASYNC: [&str; 5] = ["probe", "load", "server", "lsp", "mcp"];

/// Libraries that bring an asynchronous runtime or a network client.
const RUNTIMES: [&str; 10] =
    ["tokio", "async-std", "smol", "hyper", "reqwest", "ureq", "axum", "sqlx", "tokio-postgres", "redis"];

/// Languages and frameworks: words that a rule must not know.
const NAMES: [&str; 39] = [
    "actix",
    "aspnet",
    "axum",
    "csharp",
    "django",
    "dotnet",
    "drf",
    "efcore",
    "express",
    "fastapi",
    "fastify",
    "flask",
    "gin",
    "golang",
    "gorm",
    "hibernate",
    "java",
    "javascript",
    "kotlin",
    "laravel",
    "mongoose",
    "nestjs",
    "nodejs",
    "php",
    "prisma",
    "python",
    "quarkus",
    "rails",
    "ruby",
    "rust",
    "sequelize",
    "sinatra",
    "spring",
    "springboot",
    "sqlalchemy",
    "tsx",
    "typeorm",
    "typescript",
    "activerecord",
];

/// A rule file and a word that it may name all the same, with the reason.
type ExcusedName = (&'static str, &'static str, &'static str);

/// Rules that still name a language or framework.
const EXCUSED_NAMES: [ExcusedName; 0] = [];

/// Most lines of a rule.
const RULE_LINES: usize = 400;
/// Most lines of any other module.
const MODULE_LINES: usize = 800;

/// What the checks look at.
#[derive(Default)]
struct Repository {
    crates: Vec<Crate>,
    sources: Vec<Source>,
    rules: Vec<RuleFolder>,
    /// Facts files: path and text.
    facts: Vec<(String, String)>,
    /// The folders that `crates/rules/src/lib.rs` names, such as `security/hardcoded-secret`.
    listed_rules: Vec<String>,
    /// The workspace forbids unsafe code.
    forbids_unsafe: bool,
    architecture: String,
}

struct Crate {
    /// Without `specialist-`.
    name: String,
    /// Names of all dependencies, and whether each is for tests only.
    dependencies: Vec<(String, bool)>,
    inherits_lints: bool,
}

struct Source {
    path: String,
    /// Of the crate.
    krate: String,
    text: String,
    tokens: Tokens,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let mut parts = path.split('/');
        let krate = match parts.next() {
            Some("crates") => parts.next().unwrap_or(""),
            first => first.unwrap_or(""),
        };
        let tokens = Tokens::of(text);
        Self { path: path.to_owned(), krate: krate.to_owned(), text: text.to_owned(), tokens }
    }

    fn is_rule(&self) -> bool {
        self.path.ends_with("/rule.rs")
    }
}

struct RuleFolder {
    /// Such as `security/hardcoded-secret`.
    folder: String,
    /// Names of what is in it; an empty folder is not named.
    parts: Vec<String>,
}

impl RuleFolder {
    fn id(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or("")
    }
}

type Faults = Vec<String>;

/// An invariant: its name, and its check.
type Invariant = (&'static str, fn(&Repository) -> Faults);

/// Every invariant.
const CHECKS: [Invariant; 14] = [
    ("arrows-point-down", arrows_point_down),
    ("only-lang-sees-a-grammar", only_lang_sees_a_grammar),
    ("async-stays-outside", async_stays_outside),
    ("no-io-below-engine", no_io_below_engine),
    ("only-cli-prints", only_cli_prints),
    ("rules-know-no-language", rules_know_no_language),
    ("facts-name-no-rule", facts_name_no_rule),
    ("a-rule-is-a-folder", a_rule_is_a_folder),
    ("names-say-what-things-are", names_say_what_things_are),
    ("files-stay-small", files_stay_small),
    ("crates-introduce-themselves", crates_introduce_themselves),
    ("lints-are-inherited", lints_are_inherited),
    ("no-unsafe-code", no_unsafe_code),
    ("invariants-are-written", invariants_are_written),
];

/// Runs all checks and names everything that is wrong.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let repository = read(root)?;
    let faults: Vec<String> = CHECKS
        .iter()
        .flat_map(|(name, check)| check(&repository).into_iter().map(move |fault| format!("{name}: {fault}")))
        .collect();
    if !faults.is_empty() {
        bail!("{} things are not tidy:\n{}", faults.len(), faults.join("\n"));
    }
    println!("tidy: {} invariants hold in {} files", CHECKS.len(), repository.sources.len());
    Ok(())
}

fn arrows_point_down(repository: &Repository) -> Faults {
    let layer = |name: &str| LAYERS.iter().find(|(n, _)| *n == name).map(|(_, layer)| *layer);
    let mut faults = Vec::new();
    for krate in repository.crates.iter().filter(|k| k.name != "xtask") {
        let Some(own) = layer(&krate.name) else {
            faults.push(format!("{}: has no layer; give it one in xtask/src/tidy.rs and ARCHITECTURE.md", krate.name));
            continue;
        };
        let used = krate.dependencies.iter().filter(|(_, for_tests)| !for_tests);
        for other in used.filter_map(|(name, _)| name.strip_prefix("specialist-")) {
            if layer(other).is_none_or(|theirs| theirs >= own) {
                faults.push(format!("{} uses {other}, which is not below it", krate.name));
            }
        }
    }
    for krate in repository.crates.iter().filter(|k| k.name == "xtask") {
        for (other, _) in krate.dependencies.iter().filter(|(name, _)| name.starts_with("specialist-")) {
            faults.push(format!("xtask uses {other}; it runs the program instead"));
        }
    }
    faults
}

fn only_lang_sees_a_grammar(repository: &Repository) -> Faults {
    let others = repository.crates.iter().filter(|k| k.name != "lang");
    let uses = others.flat_map(|k| k.dependencies.iter().map(move |(name, _)| (&k.name, name)));
    uses.filter(|(_, name)| name.starts_with("tree-sitter"))
        .map(|(krate, name)| format!("{krate} uses {name}; only lang sees a grammar"))
        .collect()
}

fn async_stays_outside(repository: &Repository) -> Faults {
    let inside = repository.crates.iter().filter(|k| !ASYNC.contains(&k.name.as_str()));
    let uses = inside.flat_map(|k| k.dependencies.iter().map(move |(name, _)| (&k.name, name)));
    uses.filter(|(_, name)| RUNTIMES.contains(&name.as_str()))
        .map(|(krate, name)| format!("{krate} uses {name}; networks and runtimes stay in {}", ASYNC.join(", ")))
        .collect()
}

fn no_io_below_engine(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    for source in repository.sources.iter().filter(|s| s.krate != "xtask" && !DOES_IO.contains(&s.krate.as_str())) {
        for (module, line) in source.tokens.std_modules() {
            if matches!(module, "fs" | "net" | "process" | "env") {
                faults.push(format!("{}:{line}: std::{module} below engine", source.path));
            }
        }
    }
    faults
}

fn only_cli_prints(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    let silent = repository.sources.iter().filter(|s| s.krate != "xtask" && !PRINTS.contains(&s.krate.as_str()));
    for source in silent {
        for name in ["print", "println", "eprint", "eprintln", "dbg"] {
            faults.extend(source.tokens.macros(name).map(|line| format!("{}:{line}: {name}!", source.path)));
        }
    }
    faults
}

fn rules_know_no_language(repository: &Repository) -> Faults {
    names_in_rules(repository, &EXCUSED_NAMES)
}

fn names_in_rules(repository: &Repository, excuses: &[ExcusedName]) -> Faults {
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for source in repository.sources.iter().filter(|s| s.is_rule()) {
        for (text, line) in source.tokens.names().chain(source.tokens.texts()) {
            for word in words(text).into_iter().filter(|w| NAMES.contains(&w.as_str())) {
                if excuses.iter().any(|(path, excused, _)| *path == source.path && *excused == word) {
                    used.insert((source.path.as_str(), word));
                } else {
                    faults.push(format!("{}:{line}: names `{word}`; let the model or a fact say it", source.path));
                }
            }
        }
    }
    let stale = excuses.iter().filter(|(path, word, _)| {
        repository.sources.iter().any(|s| s.path == *path) && !used.contains(&(*path, (*word).to_owned()))
    });
    faults.extend(stale.map(|(path, word, _)| format!("{path}: no longer names `{word}`; take the excuse away")));
    faults
}

/// The words of an identifier or string, in lower case: its parts, and a name with its parts joined.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for run in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        out.push(run.replace('_', "").to_lowercase());
        for part in run.split('_') {
            out.push(part.to_lowercase());
            let mut word = String::new();
            for c in part.chars() {
                if c.is_uppercase() && word.chars().last().is_some_and(|last| !last.is_uppercase()) {
                    out.push(std::mem::take(&mut word));
                }
                word.extend(c.to_lowercase());
            }
            out.push(word);
        }
    }
    out.retain(|w| !w.is_empty());
    out.sort();
    out.dedup();
    out
}

fn facts_name_no_rule(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    for (path, text) in &repository.facts {
        for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with('#')) {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let id = words.find(|w| w.contains('-') && repository.rules.iter().any(|r| r.id() == *w));
            faults.extend(id.map(|id| format!("{path}:{}: names the rule {id}", at + 1)));
        }
    }
    faults
}

fn a_rule_is_a_folder(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    for rule in &repository.rules {
        let (folder, id) = (&rule.folder, rule.id());
        let is_kebab = !id.is_empty()
            && id.split('-').all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        if !is_kebab {
            faults.push(format!("{folder}: an id is kebab-case"));
        }
        for part in ["rule.rs", "rule.md", "fixtures"] {
            if !rule.parts.iter().any(|p| p == part) {
                faults.push(format!("{folder}: has no {part}, or it is empty"));
            }
        }
        let path = format!("crates/rules/{folder}/rule.rs");
        if let Some(source) = repository.sources.iter().find(|s| s.path == path)
            && !source.tokens.texts().any(|(text, _)| text == id)
        {
            faults.push(format!("{folder}: its rule.rs does not say the id {id:?}"));
        }
        if !repository.listed_rules.contains(folder) {
            faults.push(format!("{folder}: is not listed in crates/rules/src/lib.rs"));
        }
        let twins = repository.rules.iter().filter(|r| r.id() == id).count();
        if twins > 1 {
            faults.push(format!("{folder}: {twins} folders have this id"));
        }
    }
    for listed in &repository.listed_rules {
        if !repository.rules.iter().any(|r| r.folder == *listed) {
            faults.push(format!("{listed}: is listed in crates/rules/src/lib.rs and has no folder"));
        }
    }
    faults
}

fn names_say_what_things_are(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    let is_vague_module = |name: &str| matches!(name, "utils" | "util" | "helpers" | "helper");
    for source in &repository.sources {
        let file = source.path.rsplit('/').next().unwrap_or("").trim_end_matches(".rs");
        if is_vague_module(file) {
            faults.push(format!("{}: name the module after what is in it", source.path));
        }
        let names: Vec<(&str, usize)> = source.tokens.names().collect();
        for pair in names.windows(2) {
            let [(keyword, _), (name, line)] = pair else { continue };
            let is_vague = match *keyword {
                "struct" | "enum" | "trait" | "type" => name.ends_with("Manager") || name.ends_with("Helper"),
                "mod" => is_vague_module(name),
                _ => false,
            };
            if is_vague {
                faults.push(format!("{}:{line}: `{name}` does not say what it is", source.path));
            }
        }
    }
    faults
}

fn files_stay_small(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    for source in &repository.sources {
        let limit = if source.is_rule() { RULE_LINES } else { MODULE_LINES };
        let lines = source.tokens.lines;
        if lines > limit {
            faults.push(format!("{}: {lines} lines without tests, more than {limit}", source.path));
        }
    }
    faults
}

fn crates_introduce_themselves(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    let is_root =
        |s: &&Source| s.path.ends_with("/src/lib.rs") || (s.path.ends_with("/src/main.rs") && s.krate != "xtask");
    for source in repository.sources.iter().filter(is_root) {
        let lines = source.text.lines().take_while(|l| l.starts_with("//!")).count();
        let least = if source.path.ends_with("lib.rs") { 5 } else { 1 };
        if !(least..=40).contains(&lines) {
            faults.push(format!(
                "{}: opens with {lines} lines of what it is, must never know, and where to begin; {least} to 40",
                source.path
            ));
        }
    }
    faults
}

fn lints_are_inherited(repository: &Repository) -> Faults {
    let without = repository.crates.iter().filter(|k| !k.inherits_lints);
    without.map(|k| format!("{}: its Cargo.toml lacks `[lints] workspace = true`", k.name)).collect()
}

fn no_unsafe_code(repository: &Repository) -> Faults {
    let mut faults = Vec::new();
    if !repository.forbids_unsafe {
        faults.push("Cargo.toml: [workspace.lints.rust] must say unsafe_code = \"forbid\"".to_owned());
    }
    for source in &repository.sources {
        let keyword = source.tokens.names().filter(|(name, _)| *name == "unsafe");
        faults.extend(keyword.map(|(_, line)| format!("{}:{line}: unsafe", source.path)));
    }
    faults
}

fn invariants_are_written(repository: &Repository) -> Faults {
    let missing = CHECKS.iter().filter(|(name, _)| !repository.architecture.contains(&format!("`{name}`")));
    missing.map(|(name, _)| format!("ARCHITECTURE.md does not explain `{name}`")).collect()
}

fn read(root: &Path) -> anyhow::Result<Repository> {
    let workspace: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let lint = workspace.get("workspace").and_then(|w| w.get("lints")?.get("rust")?.get("unsafe_code"));
    let mut repository = Repository {
        crates: crates(root)?,
        rules: rule_folders(root)?,
        forbids_unsafe: lint.and_then(toml::Value::as_str) == Some("forbid"),
        architecture: fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default(),
        ..Repository::default()
    };
    for part in ["crates", "testkit", "xtask"] {
        for file in files(&root.join(part), "rs") {
            let path = relative(root, &file);
            // build scripts run at build time, examples and tests are not the program
            if path.contains("/src/") || path.ends_with("/rule.rs") {
                let text = fs::read_to_string(&file).with_context(|| path.clone())?;
                repository.sources.push(Source::new(&path, &text));
            }
        }
    }
    for file in files(&root.join("crates/model/facts"), "toml") {
        repository.facts.push((relative(root, &file), fs::read_to_string(&file)?));
    }
    let lists = repository.sources.iter().filter(|s| s.path == "crates/rules/src/lib.rs");
    repository.listed_rules = lists.flat_map(|s| listed_rules(&s.tokens)).collect();
    Ok(repository)
}

/// The folders in `rule!("area/id", module)` entries.
fn listed_rules(tokens: &Tokens) -> Vec<String> {
    use rust::Token::{Mark, Name, Text};
    let entries = tokens.tokens.windows(4).filter_map(|window| match window {
        [(Name(name), _), (Mark('!'), _), (Mark('('), _), (Text(folder), _)] if name == "rule" => Some(folder.clone()),
        _ => None,
    });
    entries.collect()
}

fn crates(root: &Path) -> anyhow::Result<Vec<Crate>> {
    let out = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&out.stdout).context("cargo metadata gave no JSON")?;
    let mut crates = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let manifest: toml::Table = fs::read_to_string(text(&package["manifest_path"]))?.parse()?;
        crates.push(Crate {
            name: text(&package["name"]).trim_start_matches("specialist-").to_owned(),
            dependencies: dependencies.map(|d| (text(&d["name"]), d["kind"] == "dev")).collect(),
            inherits_lints: manifest.get("lints").and_then(|l| l.get("workspace")?.as_bool()) == Some(true),
        });
    }
    Ok(crates)
}

fn rule_folders(root: &Path) -> anyhow::Result<Vec<RuleFolder>> {
    let mut rules = Vec::new();
    for area in folders(&root.join("crates/rules"))? {
        let name = file_name(&area);
        if matches!(name.as_str(), "src" | "tests") {
            continue;
        }
        for rule in folders(&area)? {
            let parts = fs::read_dir(&rule)?.flatten().map(|entry| entry.path());
            let filled = parts.filter(|p| match p.is_dir() {
                true => fs::read_dir(p).is_ok_and(|mut entries| entries.next().is_some()),
                false => fs::metadata(p).is_ok_and(|m| m.len() > 0),
            });
            let parts = filled.map(|p| file_name(&p)).collect();
            rules.push(RuleFolder { folder: format!("{name}/{}", file_name(&rule)), parts });
        }
    }
    Ok(rules)
}

fn folders(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn relative(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

/// All files of one kind below a folder, fixtures left out.
fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut queue = vec![dir.to_owned()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !matches!(file_name(&path).as_str(), "fixtures" | "tests" | "examples" | "target") {
                    queue.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests;
