//! Rust's modules: the crate of a file by its `Cargo.toml`, its module path by its place under `src`.

use base::{SourceMap, Symbol};

use super::{Target, parent};

#[derive(Debug, Default)]
pub(crate) struct Crates {
    /// Directory of the manifest, crate name with `_`; deepest first.
    crates: Vec<(String, String)>,
}

impl Crates {
    pub fn read(sources: &SourceMap) -> Self {
        let mut crates = Vec::new();
        for (_, file) in sources.files() {
            if file.path.rsplit('/').next() != Some("Cargo.toml") {
                continue;
            }
            let Ok(manifest) = file.text.parse::<toml::Table>() else { continue };
            let lib = manifest.get("lib").and_then(|l| l.get("name"));
            let package = manifest.get("package").and_then(|p| p.get("name"));
            if let Some(name) = lib.or(package).and_then(|n| n.as_str()) {
                crates.push((parent(&file.path).to_owned(), name.replace('-', "_")));
            }
        }
        crates.sort_by_key(|(dir, _)| std::cmp::Reverse(dir.len()));
        Self { crates }
    }

    fn crate_of(&self, path: &str) -> (&str, &str) {
        self.crates
            .iter()
            .find(|(dir, _)| dir.is_empty() || path.strip_prefix(dir.as_str()).is_some_and(|r| r.starts_with('/')))
            .map_or(("", "crate"), |(dir, name)| (dir, name))
    }

    /// `name.users.models` for `src/users/models.rs`. Binaries share the root with the library.
    pub fn module_path(&self, path: &str) -> String {
        let (dir, name) = self.crate_of(path);
        let rest = path.strip_prefix(dir).unwrap_or(path).trim_start_matches('/');
        let rest = rest.strip_prefix("src/").unwrap_or(rest);
        let rest = rest.strip_suffix(".rs").unwrap_or(rest);
        let mut parts = vec![name];
        parts.extend(rest.split('/').filter(|p| !p.is_empty()));
        if matches!(parts.last(), Some(&"mod" | &"lib" | &"main")) && parts.len() > 1 {
            parts.pop();
        }
        parts.join(".")
    }

    /// The namespace that a path's first name is: `crate`, or a crate of the workspace.
    pub fn root(&self, from: &str, name: &str) -> Option<String> {
        match name {
            "crate" => Some(self.crate_of(from).1.to_owned()),
            name => self.crates.iter().find(|(_, n)| n == name).map(|(_, n)| n.clone()),
        }
    }

    /// Resolves `crate.a`, `self.a`, `super.a`, `name_of_a_workspace_crate.a`; a sibling module as well.
    pub fn resolve(&self, from: &str, module: &str) -> Target {
        let (first, rest) = module.split_once('.').unwrap_or((module, ""));
        let with = |base: &str| {
            Target::Namespace(Symbol::new(&if rest.is_empty() { base.to_owned() } else { format!("{base}.{rest}") }))
        };
        match first {
            "crate" => with(self.crate_of(from).1),
            "self" => with(&self.module_path(from)),
            "super" => {
                let here = self.module_path(from);
                let mut base = here.rsplit_once('.').map_or(here.as_str(), |(b, _)| b);
                let mut rest = rest;
                while let Some(after) = rest.strip_prefix("super") {
                    base = base.rsplit_once('.').map_or(base, |(b, _)| b);
                    rest = after.trim_start_matches('.');
                }
                let full = if rest.is_empty() { base.to_owned() } else { format!("{base}.{rest}") };
                Target::Namespace(Symbol::new(&full))
            }
            first if self.crates.iter().any(|(_, name)| name == first) => with(first),
            _ => Target::External(Symbol::new(module)),
        }
    }
}
