//! Which languages each rule's fixtures are written in: the stacks that it claims.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

const LANGUAGES: [(&str, &str); 11] = [
    ("js", "JavaScript"),
    ("ts", "TypeScript"),
    ("py", "Python"),
    ("go", "Go"),
    ("java", "Java"),
    ("rs", "Rust"),
    ("cs", "C#"),
    ("rb", "Ruby"),
    ("sql", "SQL"),
    ("properties", "configuration"),
    // the only JSON in fixtures that is no part of a project: what a running system said
    ("snapshot.json", "running system"),
];

fn languages(dir: &Path, found: &mut BTreeSet<usize>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            languages(&path, found);
        } else if let Some(at) = LANGUAGES
            .iter()
            .position(|(e, _)| path.extension().is_some_and(|x| x == *e) || path.file_name().is_some_and(|n| n == *e))
        {
            found.insert(at);
        }
    }
}

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let mut rules = Vec::new();
    for area in fs::read_dir(&root).into_iter().flatten().flatten() {
        if area.file_name() == "src" || !area.path().is_dir() {
            continue;
        }
        println!("cargo::rerun-if-changed={}", area.path().display());
        for rule in fs::read_dir(area.path()).into_iter().flatten().flatten() {
            let mut found = BTreeSet::new();
            languages(&rule.path().join("fixtures"), &mut found);
            rules.push((rule.file_name().to_string_lossy().into_owned(), found));
        }
    }
    rules.sort();
    let mut code = String::from("&[\n");
    for (id, found) in rules {
        let names: Vec<&str> = found.into_iter().map(|at| LANGUAGES[at].1).collect();
        let _ = writeln!(code, "    ({id:?}, &{names:?}),");
    }
    code.push(']');
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("stacks.rs");
    if let Err(error) = fs::write(&out, code) {
        panic!("cannot write {}: {error}", out.display());
    }
}
