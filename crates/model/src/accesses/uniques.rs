//! Whether rows with the same values can be there twice, as far as schemas, migrations and models say.

use base::FileRole;
use rustc_hash::FxHashSet;

use super::checks::word;
use crate::Model;

/// What is known of rows with the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// At most one can be there.
    Unique,
    /// The schema lets many be there.
    Many,
    /// Nothing says.
    Unknown,
}

/// How many lines before or after the word `unique` may name the columns that it speaks of.
const MAX_LINES: usize = 6;

/// The names that stand beside the word `unique`, place by place, wherever the repository says it.
#[derive(Debug, Default)]
pub struct Uniques {
    places: Vec<FxHashSet<String>>,
}

impl Model {
    /// What the repository says to be unique.
    pub fn uniques(&self) -> Uniques {
        let mut places = Vec::new();
        for (_, file) in self.sources.files() {
            if file.role == FileRole::Test || !says_unique(&file.text) {
                continue;
            }
            let lines: Vec<&str> = file.text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                if says_unique(line) {
                    places.push(lines[about(&lines, at)].iter().flat_map(|l| names(l)).collect());
                }
            }
        }
        Uniques { places }
    }

    /// Whether two rows of `subject` can have the same values in `keys`.
    pub fn uniqueness(&self, subject: &str, keys: &[String], said: &Uniques) -> Uniqueness {
        // `findByClusterName` of a cluster asks for its `name`, and a user's `user` is its `user_id`
        let columns_of = |key: &String| {
            let key = plain(key);
            let own = key.strip_prefix(subject).filter(|rest| !rest.is_empty()).map(str::to_owned);
            [Some(format!("{key}id")), own, Some(key)].into_iter().flatten().collect::<Vec<String>>()
        };
        let keys: Vec<Vec<String>> = keys.iter().map(columns_of).collect();
        let is_key = |column: &str| {
            let column = plain(column);
            keys.iter().flatten().any(|k| *k == column)
        };
        let mut known = false;
        for database in &self.schemas {
            for table in database.schema.tables.values().filter(|t| word(&t.name.name) == subject) {
                // columns that the table does not have are those of another
                known |= keys.iter().all(|k| table.columns.iter().any(|c| k.contains(&plain(&c.name))));
                let covers = table.indexes.iter().any(|i| {
                    i.unique
                        && !i.columns.is_empty()
                        && i.columns.iter().all(|c| {
                            c.column.as_deref().is_some_and(is_key)
                                || c.expression.as_deref().is_some_and(|e| names(e).any(|n| is_key(&n)))
                        })
                });
                if covers {
                    return Uniqueness::Unique;
                }
            }
        }
        if known {
            return Uniqueness::Many;
        }
        let is_said = said.places.iter().any(|place| keys.iter().flatten().any(|k| place.contains(k)));
        if is_said { Uniqueness::Unique } else { Uniqueness::Unknown }
    }
}

/// The lines that name what a line with the word `unique` speaks of.
fn about(lines: &[&str], at: usize) -> std::ops::Range<usize> {
    let line = lines[at].trim();
    let opens = |l: &str| l.trim_end().ends_with(['{', '(', '[']);
    // `email: {`, `unique: true`: an option on a line of its own
    if line.starts_with("unique") && !line.contains('[') {
        let from = (at.saturating_sub(MAX_LINES)..at).rev().find(|i| opens(lines[*i])).unwrap_or(at);
        // `@Column({`: what it is written above
        let to = if lines[from].trim_start().starts_with('@') { at + 4 } else { at + 1 };
        return from..to.min(lines.len());
    }
    let goes_on = opens(line) || line.starts_with(['@', '[']) || line.contains("UNIQUE") && !line.ends_with(';');
    let to = if goes_on { at + 4 } else { at + 1 };
    at..to.min(lines.len())
}

fn says_unique(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("nique") {
        let after = &rest[at + 5..];
        let before = rest[..at].chars().last();
        let is_error = rest[..at].ends_with("NotU") || after.starts_with("Violation") || after.starts_with("ness");
        if matches!(before, Some('u' | 'U')) && !is_error {
            return true;
        }
        rest = after;
    }
    text.contains("UNIQUE")
}

fn names(line: &str) -> impl Iterator<Item = String> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|n| n.len() > 1).map(plain)
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "")
}
