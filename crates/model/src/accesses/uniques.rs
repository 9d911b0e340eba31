//! Whether rows with the same values can be there twice, as far as schemas, migrations and models say.

use base::{FileId, FileRole};
use rustc_hash::{FxHashMap, FxHashSet};

use super::checks::word;
use crate::Model;

/// What is known of rows with the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// At most one can be there: the schema has the index, or the class of the rows says so.
    Unique,
    /// Something in the repository says so.
    Said,
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
    /// What is said within each class, by the word that says what its rows are.
    of_classes: FxHashMap<String, FxHashSet<String>>,
}

impl Model {
    /// What the repository says to be unique.
    pub fn uniques(&self) -> Uniques {
        let mut found = Uniques::default();
        for (id, file) in self.sources.files() {
            if file.role == FileRole::Test || !says_unique(&file.text) {
                continue;
            }
            let lines: Vec<&str> = file.text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                if !says_unique(line) {
                    continue;
                }
                let place: FxHashSet<String> = lines[about(&lines, at)].iter().flat_map(|l| names(l)).collect();
                if let Some(class) = self.class_at(id, file.line_range(at as u32 + 1).start as u32) {
                    found.of_classes.entry(class).or_default().extend(place.iter().cloned());
                }
                found.places.push(place);
            }
        }
        found
    }

    /// The word of the outermost class around a place.
    fn class_at(&self, file: FileId, offset: u32) -> Option<String> {
        let module = self.program.module(self.program.module_of_file(file)?);
        let around = module
            .classes()
            .find(|(_, c)| c.outer.is_none() && c.range.start <= offset && offset < c.range.end && !c.name.is_empty());
        around.map(|(_, c)| word(c.name.as_str()))
    }

    /// Whether two rows of `subject` can have the same values in `keys`, where they are looked for in what belongs
    /// to `owners`.
    pub fn uniqueness(&self, subject: &str, keys: &[String], owners: &[String], said: &Uniques) -> Uniqueness {
        // `findByClusterName` of a cluster asks for its `name`, and a user's `user` is its `user_id`
        let columns_of = |key: &String| {
            let key = plain(key);
            let own = key.strip_prefix(subject).filter(|rest| !rest.is_empty()).map(str::to_owned);
            [Some(format!("{key}id")), Some(format!("{key}type")), own, Some(key)]
                .into_iter()
                .flatten()
                .collect::<Vec<String>>()
        };
        let owners: Vec<Vec<String>> = owners.iter().map(columns_of).collect();
        let keys: Vec<Vec<String>> = keys.iter().map(columns_of).collect();
        let is_key = |column: &str| {
            let column = plain(column);
            keys.iter().chain(&owners).flatten().any(|k| *k == column)
        };
        let mut known = false;
        for database in &self.schemas {
            let tables = || database.schema.tables.values();
            let exact = tables().any(|t| word(&t.name.name) == subject);
            // `shop_orders`: a prefix tells the application, where one table ends so
            let ends = |name: &str| {
                let mut at = 0;
                std::iter::from_fn(|| {
                    at += name[at..].find('_')? + 1;
                    Some(at)
                })
                .any(|at| word(&name[at..]) == subject)
            };
            let is_meant = |name: &str| if exact { word(name) == subject } else { ends(name) };
            if !exact && tables().filter(|t| ends(&t.name.name)).count() > 1 {
                continue;
            }
            for table in tables().filter(|t| is_meant(&t.name.name)) {
                // columns that the table does not have are those of another
                known |= keys.iter().all(|k| table.columns.iter().any(|c| k.contains(&plain(&c.name))));
                let covers = table.indexes.iter().any(|i| {
                    i.unique
                        && !i.columns.is_empty()
                        && i.columns.iter().all(|c| {
                            c.column.as_deref().is_some_and(|c| is_key(c) || is_of_deletion(c))
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
        // the class itself says it, column by column
        if said.of_classes.get(subject).is_some_and(|names| keys.iter().all(|k| k.iter().any(|k| names.contains(k)))) {
            return Uniqueness::Unique;
        }
        let is_said = said.places.iter().any(|place| keys.iter().flatten().any(|k| place.contains(k)));
        if is_said { Uniqueness::Said } else { Uniqueness::Unknown }
    }
}

/// A column that only says whether a row was put aside.
fn is_of_deletion(column: &str) -> bool {
    matches!(plain(column).as_str(), "deletedat" | "isdeleted" | "deleted" | "deletedon" | "removedat")
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
