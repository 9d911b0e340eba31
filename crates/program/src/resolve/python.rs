//! Python's packages: absolute names from any directory that could be on the path, relative ones from
//! the package of the file.

use rustc_hash::FxHashSet;

use super::{join, parent};

#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Directories that hold top-level packages or modules, shortest first.
    roots: Vec<String>,
    /// Names of all modules and directories: nothing else can be imported from the tree.
    names: FxHashSet<String>,
}

impl Roots {
    pub fn new(paths: &[String]) -> Self {
        let mut roots: Vec<String> = paths
            .iter()
            .filter(|p| p.ends_with(".py"))
            .map(|p| {
                // climb out of packages
                let mut dir = parent(p);
                while !dir.is_empty() && paths.binary_search(&format!("{dir}/__init__.py")).is_ok() {
                    dir = parent(dir);
                }
                dir.to_owned()
            })
            .collect();
        roots.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        roots.dedup();
        let modules = paths.iter().filter_map(|p| p.strip_suffix(".py"));
        let names = modules.flat_map(|p| p.split('/')).map(str::to_owned).collect();
        Self { roots, names }
    }

    pub fn resolve(&self, from: &str, specifier: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        let dots = specifier.len() - specifier.trim_start_matches('.').len();
        let rest = specifier[dots..].replace('.', "/");
        let find = |dir: &str| {
            let mut path = join(dir, &rest)?;
            if path.is_empty() {
                path.push_str("__init__.py");
                return exists(&path).then_some(path);
            }
            let length = path.len();
            // a package hides a module of its name
            ["/__init__.py", ".py"].into_iter().find_map(|ending| {
                path.truncate(length);
                path.push_str(ending);
                exists(&path).then(|| path.clone())
            })
        };
        if dots > 0 {
            let mut dir = parent(from);
            for _ in 1..dots {
                dir = parent(dir);
            }
            return find(dir);
        }
        if !self.names.contains(specifier.split('.').next().unwrap_or("")) {
            return None;
        }
        // the roots around the file first, nearest first; then all others
        let mut dir = parent(from);
        loop {
            if let Some(found) = find(dir) {
                return Some(found);
            }
            if dir.is_empty() {
                break;
            }
            dir = parent(dir);
        }
        self.roots.iter().find_map(|root| find(root))
    }
}
