//! Embeds every `facts/<language>/<library>.toml`: to support a library is to add its file.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("facts");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for language in fs::read_dir(&root).into_iter().flatten().flatten() {
        println!("cargo::rerun-if-changed={}", language.path().display());
        for file in fs::read_dir(language.path()).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|e| e == "toml") {
                files.push(file.path());
            }
        }
    }
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    code.push(']');
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("facts.rs");
    if let Err(error) = fs::write(&out, code) {
        panic!("cannot write {}: {error}", out.display());
    }
}
