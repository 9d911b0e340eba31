//! Node's and TypeScript's module resolution, within the tree: relative paths, `tsconfig` `paths` and
//! `baseUrl`, packages of a workspace, `#imports` of a package.

use base::SourceMap;
use serde_json::Value;

use super::{join, parent};

const ENDINGS: [&str; 13] = [
    "",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    "/index.ts",
    "/index.js",
    "/index.tsx",
    "/index.mjs",
];

/// A pattern of `paths` and what it stands for.
type Pattern = (String, Vec<String>);

#[derive(Debug, Default)]
pub(crate) struct Packages {
    /// Directory of a `tsconfig.json`/`jsconfig.json`, `baseUrl` directory, patterns.
    configs: Vec<(String, String, Vec<Pattern>)>,
    /// Package name, directory, entry point.
    packages: Vec<(String, String, Option<String>)>,
    /// Directory of each package, the deepest first, with its name and what it depends on.
    needs: Vec<(String, String, Vec<String>)>,
}

impl Packages {
    pub fn read(sources: &SourceMap) -> Self {
        let mut read = Self::default();
        for (_, file) in sources.files() {
            let name = file.path.rsplit('/').next().unwrap_or("");
            let dir = parent(&file.path).to_owned();
            if name == "package.json" {
                let Ok(json) = serde_json::from_str::<Value>(&file.text) else { continue };
                let lists = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
                let needed = lists.iter().flat_map(|list| json[*list].as_object().into_iter().flatten());
                let needed = needed.map(|(package, _)| package.clone()).collect();
                read.needs.push((dir.clone(), json["name"].as_str().unwrap_or("").to_owned(), needed));
                if let Some(package) = json["name"].as_str() {
                    let main = ["source", "types", "module", "main"].iter().find_map(|k| json[*k].as_str());
                    read.packages.push((package.to_owned(), dir, main.map(str::to_owned)));
                }
            } else if (name.starts_with("tsconfig") || name.starts_with("jsconfig")) && name.ends_with(".json") {
                let Some(json) = parse_with_comments(&file.text) else { continue };
                let options = &json["compilerOptions"];
                let base_url = options["baseUrl"].as_str();
                let Some(base) = join(&dir, base_url.unwrap_or(".")) else { continue };
                let mut patterns = Vec::new();
                if let Some(paths) = options["paths"].as_object() {
                    for (pattern, targets) in paths {
                        let targets = targets.as_array().into_iter().flatten();
                        let targets = targets.filter_map(|t| t.as_str().map(str::to_owned)).collect();
                        patterns.push((pattern.clone(), targets));
                    }
                }
                if base_url.is_some() {
                    patterns.push(("*".to_owned(), vec!["*".to_owned()]));
                }
                if !patterns.is_empty() {
                    read.configs.push((dir, base, patterns));
                }
            }
        }
        read.needs.sort_by_key(|(dir, ..)| std::cmp::Reverse(dir.len()));
        // the nearest configuration first
        read.configs.sort_by_key(|(dir, ..)| std::cmp::Reverse(dir.len()));
        read
    }

    /// Whether code of one file may run in a package: its own, that of the root, or one that it depends on,
    /// also through others.
    pub fn reaches(&self, from: &str, to: &str) -> bool {
        let package_of = |path: &str| {
            let within = |dir: &str| dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
            self.needs.iter().position(|(dir, ..)| within(dir))
        };
        let (Some(from), Some(to)) = (package_of(from), package_of(to)) else { return true };
        if from == to || self.needs[to].0.is_empty() {
            return true;
        }
        let mut reached = vec![from];
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            for (other, (_, name, _)) in self.needs.iter().enumerate() {
                if !reached.contains(&other) && self.needs[at].2.contains(name) {
                    reached.push(other);
                }
            }
        }
        reached.contains(&to)
    }

    pub fn resolve(&self, from: &str, specifier: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        if specifier.starts_with('.') {
            return file(&join(parent(from), specifier)?, exists);
        }
        for (dir, base, patterns) in &self.configs {
            if !(dir.is_empty() || from.starts_with(&format!("{dir}/"))) {
                continue;
            }
            for (pattern, targets) in patterns {
                let Some(star) = matches_pattern(pattern, specifier) else { continue };
                for target in targets {
                    let found = join(base, &target.replace('*', star)).and_then(|p| file(&p, exists));
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        for (package, dir, main) in &self.packages {
            let Some(rest) = specifier.strip_prefix(package.as_str()) else { continue };
            if rest.is_empty() {
                let entries = main.iter().map(String::as_str).chain(["src/index", "index", "src"]);
                let found = entries.filter_map(|e| join(dir, e)).find_map(|p| file(&p, exists));
                if found.is_some() {
                    return found;
                }
            } else if let Some(rest) = rest.strip_prefix('/') {
                let tries = [join(dir, rest), join(dir, &format!("src/{rest}"))];
                let found = tries.into_iter().flatten().find_map(|p| file(&p, exists));
                if found.is_some() {
                    return found;
                }
            }
        }
        // `src/…` and `/…` from the nearest package or the root, as many bundlers and runners have it
        if let Some(rest) = specifier.strip_prefix("~/").or(specifier.strip_prefix("@/")) {
            return [join("", rest), join("src", rest)].into_iter().flatten().find_map(|p| file(&p, exists));
        }
        None
    }
}

fn matches_pattern<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == specifier).then_some(""),
    }
}

fn file(path: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut full = String::with_capacity(path.len() + 10);
    full.push_str(path);
    for ending in ENDINGS {
        full.truncate(path.len());
        full.push_str(ending);
        if exists(&full) {
            return Some(full);
        }
    }
    // `./users.js` in TypeScript names `users.ts`
    let (stem, extension) = path.rsplit_once('.')?;
    let other: &[&str] = match extension {
        "js" => &[".ts", ".tsx"],
        "mjs" => &[".mts"],
        "cjs" => &[".cts"],
        "jsx" => &[".tsx"],
        _ => &[],
    };
    other.iter().map(|e| format!("{stem}{e}")).find(|p| exists(p))
}

/// JSON with comments and trailing commas, as TypeScript has it.
fn parse_with_comments(text: &str) -> Option<Value> {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string => {
                clean.push(c);
                clean.extend(chars.next());
            }
            '"' => {
                in_string = !in_string;
                clean.push(c);
            }
            '/' if !in_string && chars.peek() == Some(&'/') => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            '/' if !in_string && chars.peek() == Some(&'*') => {
                chars.next();
                let mut before = ' ';
                for c in chars.by_ref() {
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            ']' | '}' if !in_string => {
                let end = clean.trim_end().len();
                if clean[..end].ends_with(',') {
                    clean.truncate(end - 1);
                }
                clean.push(c);
            }
            c => clean.push(c),
        }
    }
    serde_json::from_str(&clean).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_may_hold_comments_and_trailing_commas() {
        let json = parse_with_comments("{ // a\n \"x\": \"/*no*/\", /* b */ \"y\": [1,], }").unwrap();
        assert_eq!(json["x"], "/*no*/");
        assert_eq!(json["y"][0], 1);
    }

    #[test]
    fn a_js_specifier_names_a_ts_file() {
        let packages = Packages::default();
        let found = packages.resolve("src/app.ts", "./users.js", &|p| p == "src/users.ts");
        assert_eq!(found.as_deref(), Some("src/users.ts"));
    }
}
