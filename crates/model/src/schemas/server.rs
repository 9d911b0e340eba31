//! Which server the migrations run on, and how long it waits for a lock, as the project's files say it.

use base::{FileRole, SourceMap};
use sql::Dialect;
use sql::locks::Server;

/// The server of a dialect: the oldest that a file of containers or of continuous integration names, else what is
/// common.
pub(super) fn server(sources: &SourceMap, dialect: Dialect) -> Server {
    let (images, usual): (&[&str], u16) = match dialect {
        Dialect::Postgres => (&["postgres", "postgis", "pgvector", "postgresql"], 14),
        Dialect::MySql => (&["mysql"], 8),
        _ => (&[], 0),
    };
    let files = sources.files().map(|(_, file)| file).filter(|f| names_images(&f.path));
    let named = files.filter_map(|f| images.iter().filter_map(|image| version(&f.text, image)).min()).min();
    Server { dialect, major: named.unwrap_or(usual) }
}

fn names_images(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    is_yaml && (path.contains("compose") || path.contains(".github/") || path.contains("gitlab-ci"))
}

/// The lowest version of an image that a text names: `image: postgres:15-alpine`.
fn version(text: &str, image: &str) -> Option<u16> {
    let lines = text.lines().filter(|l| l.contains("image"));
    let named = lines.flat_map(|line| line.match_indices(image).map(move |(at, _)| &line[at + image.len()..]));
    let read = |rest: &str| {
        let rest = rest.strip_prefix(':')?;
        // `pgvector:pg16`
        let rest = rest.strip_prefix("pg").unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse::<u16>().ok().filter(|major| (5..100).contains(major))
    };
    named.filter_map(read).min()
}

/// Whether anything of the project says how long to wait for a lock: a setting of the role or the connection.
pub fn limits_waiting(sources: &SourceMap) -> bool {
    let speaks = |text: &str| ["lock_timeout", "lock_wait_timeout", "LOCK_TIMEOUT"].iter().any(|w| text.contains(w));
    sources
        .files()
        .map(|(_, file)| file)
        .filter(|f| !matches!(f.role, FileRole::Test | FileRole::Example) && !f.path.ends_with(".sql"))
        .any(|f| speaks(&f.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_images() {
        let text = "services:\n  db:\n    image: \"postgres:15-alpine\"\n    URL: postgres://postgres:9fe@db:5432/a\n";
        assert_eq!(version(text, "postgres"), Some(15));
        assert_eq!(version("image: pgvector/pgvector:pg16", "pgvector"), Some(16));
        assert_eq!(version("image: postgres:latest", "postgres"), None);
    }
}
