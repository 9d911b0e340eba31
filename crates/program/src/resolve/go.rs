//! Go modules: `go.mod` names the import path of its directory.

use base::SourceMap;

use super::parent;

#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// Import path, directory.
    modules: Vec<(String, String)>,
}

impl Modules {
    pub fn read(sources: &SourceMap) -> Self {
        let mut modules = Vec::new();
        for (_, file) in sources.files() {
            if file.path.rsplit('/').next() == Some("go.mod") {
                let name = file.text.lines().find_map(|l| l.trim().strip_prefix("module "));
                if let Some(name) = name {
                    let name = name.split("//").next().unwrap_or("").trim().trim_matches('"').to_owned();
                    modules.push((name, parent(&file.path).to_owned()));
                }
            }
        }
        modules.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { modules }
    }

    /// The directory of an import path (`.` for the root).
    pub fn resolve(&self, specifier: &str) -> Option<String> {
        for (name, dir) in &self.modules {
            let Some(rest) = specifier.strip_prefix(name.as_str()) else { continue };
            if rest.is_empty() || rest.starts_with('/') {
                let path = [dir.as_str(), rest.trim_start_matches('/')];
                let path: Vec<&str> = path.into_iter().filter(|p| !p.is_empty()).collect();
                return Some(if path.is_empty() { ".".to_owned() } else { path.join("/") });
            }
        }
        None
    }
}
