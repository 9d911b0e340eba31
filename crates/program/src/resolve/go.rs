//! Go modules: `go.mod` names the import path of its directory.

use base::SourceMap;

use super::parent;

/// A name of a library without the major version that its import path holds: `github.com/labstack/echo/v4.New`
/// is `github.com/labstack/echo.New`, `gopkg.in/yaml.v3` is `gopkg.in/yaml`.
pub fn without_version(name: &str) -> String {
    let marks: &[&str] = if name.starts_with("gopkg.in/") { &["/v", ".v"] } else { &["/v"] };
    for mark in marks {
        for (at, _) in name.match_indices(mark) {
            let rest = &name[at + mark.len()..];
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let has_number = after.len() < rest.len() && !rest.starts_with('0');
            if has_number && (after.is_empty() || after.starts_with(['/', '.', '#', '('])) {
                return format!("{}{after}", &name[..at]);
            }
        }
    }
    name.to_owned()
}

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

#[cfg(test)]
mod tests {
    use super::without_version;

    #[test]
    fn a_major_version_is_no_part_of_a_name() {
        assert_eq!(
            without_version("github.com/labstack/echo/v4.Context#Param"),
            "github.com/labstack/echo.Context#Param"
        );
        assert_eq!(without_version("github.com/jackc/pgx/v5/pgxpool.New"), "github.com/jackc/pgx/pgxpool.New");
        assert_eq!(without_version("gopkg.in/yaml.v3.Unmarshal"), "gopkg.in/yaml.Unmarshal");
        assert_eq!(without_version("github.com/v2fly/core"), "github.com/v2fly/core");
        assert_eq!(without_version("net/http.Get"), "net/http.Get");
    }
}
