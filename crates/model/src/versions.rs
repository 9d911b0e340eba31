//! Which releases of packages a project asks for, by its manifests.

use base::SourceMap;
use rustc_hash::FxHashMap;
use serde_json::Value;

type Version = (u32, u32, u32);

/// Per directory of a manifest: the first release that a package's range leaves out.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    below: FxHashMap<String, FxHashMap<String, Option<Version>>>,
}

impl Versions {
    /// Reads every `package.json`.
    pub fn read(sources: &SourceMap) -> Versions {
        let mut versions = Versions::default();
        for (_, file) in sources.files() {
            let (dir, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            if name != "package.json" {
                continue;
            }
            let Ok(json) = serde_json::from_str::<Value>(&file.text) else { continue };
            let own = versions.below.entry(dir.to_owned()).or_default();
            for list in ["peerDependencies", "devDependencies", "dependencies"] {
                for (package, range) in json[list].as_object().into_iter().flatten() {
                    own.insert(package.clone(), range.as_str().and_then(upper));
                }
            }
        }
        versions
    }

    /// Whether a record with `below = "package version"` counts in a file: the nearest manifest that names
    /// the package asks for nothing but older releases.
    pub fn allow(&self, path: &str, below: Option<&str>) -> bool {
        let Some((package, version)) = below.and_then(|b| b.split_once(' ')) else { return below.is_none() };
        let wanted = parse(version);
        let mut dir = path;
        while !dir.is_empty() {
            dir = dir.rsplit_once('/').map_or("", |(d, _)| d);
            if let Some(upper) = self.below.get(dir).and_then(|own| own.get(package)) {
                return upper.is_some_and(|upper| upper <= wanted);
            }
        }
        false
    }
}

/// The first release above a range: `^3.1.2` leaves out 4.0.0, `3.1.2` leaves out 3.1.3.
fn upper(range: &str) -> Option<Version> {
    let range = range.trim();
    let (sign, rest) = match range.strip_prefix(['^', '~', '=', 'v']) {
        Some(rest) => (range.chars().next()?, rest.trim()),
        None => ('=', range),
    };
    if !rest.starts_with(|c: char| c.is_ascii_digit()) || rest.contains([' ', '|', '<', '>']) {
        return None;
    }
    let (major, minor, patch) = parse(rest);
    let given = rest.split('.').take_while(|p| p.starts_with(|c: char| c.is_ascii_digit())).count();
    Some(match (sign, given) {
        ('^', _) if major > 0 => (major + 1, 0, 0),
        (_, 1) => (major + 1, 0, 0),
        ('~' | '^', _) | (_, 2) => (major, minor + 1, 0),
        _ => (major, minor, patch + 1),
    })
}

fn parse(version: &str) -> Version {
    let mut numbers = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::upper;

    #[test]
    fn a_range_ends_where_npm_says() {
        assert_eq!(upper("^3.13.1"), Some((4, 0, 0)));
        assert_eq!(upper("~3.13.1"), Some((3, 14, 0)));
        assert_eq!(upper("3.x"), Some((4, 0, 0)));
        assert_eq!(upper("3.13.1"), Some((3, 13, 2)));
        assert_eq!(upper("^0.2.1"), Some((0, 3, 0)));
        assert_eq!(upper(">=3"), None);
        assert_eq!(upper("latest"), None);
        assert_eq!(upper("workspace:*"), None);
    }
}
