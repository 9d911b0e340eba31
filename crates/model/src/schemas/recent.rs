//! Which migrations are new: those that were not there at the merge base; where that is not known, the last ones.
//!
//! A migration that ran long ago is history: what it blocked, it blocked then. So only what is about to run is judged.

use base::{Before, FileId, SourceMap};
use sql::migrations::{Body, Migration, MigrationSet, Tool};

/// How far apart, in days, migrations with dates were plausibly released together.
const TOGETHER: u32 = 7;
/// How many are taken for new at most where the merge base is not known.
const MOST: usize = 10;

/// How new migrations were told from old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// By the tree at the merge base.
    ByBase,
    /// The last one, and those that were plausibly released with it.
    ByPlace,
}

/// For each migration of a set whether it is new.
pub(super) fn new_ones(set: &MigrationSet, sources: &SourceMap, id: impl Fn(usize) -> FileId) -> (Told, Vec<bool>) {
    match sources.before() {
        Some(before) => {
            let is_new = |m: &Migration| was_not_there(m, before, sources, id(m.file));
            (Told::ByBase, set.migrations.iter().map(is_new).collect())
        }
        None => (Told::ByPlace, last_ones(set)),
    }
}

fn was_not_there(migration: &Migration, before: &Before, sources: &SourceMap, file: FileId) -> bool {
    let file = sources.file(file);
    if !before.paths.contains(&file.path) {
        return true;
    }
    // a change log that was written on: what its older text holds is old
    let Some(older) = before.texts.get(&file.path) else { return false };
    let parts: Vec<sql::Range> = match &migration.forward {
        Body::Sql(parts) => parts.clone(),
        Body::Statements(statements) => statements.iter().map(|s| s.range).collect(),
    };
    let is_old = |part: &sql::Range| {
        let text = file.text.get(part.start as usize..part.end as usize).unwrap_or("").trim();
        older.contains(text)
    };
    !parts.iter().all(is_old)
}

fn last_ones(set: &MigrationSet) -> Vec<bool> {
    let mut new = vec![false; set.migrations.len()];
    let Some(last) = set.migrations.iter().rposition(|m| !m.is_repeatable) else { return new };
    if matches!(set.tool, Tool::Dump | Tool::Models | Tool::Live) {
        return new;
    }
    new[last] = true;
    for at in (0..last).rev().take(MOST - 1) {
        if !released_together(&set.migrations[at], &set.migrations[last]) {
            break;
        }
        new[at] = true;
    }
    new
}

fn released_together(one: &Migration, last: &Migration) -> bool {
    // a folder for each release
    if let Some((release, _)) = last.version.rsplit_once('/') {
        return one.version.rsplit_once('/').is_some_and(|(other, _)| other == release);
    }
    match (day(&one.version), day(&last.version)) {
        (Some(one), Some(last)) => last.abs_diff(one) <= TOGETHER,
        _ => false,
    }
}

/// The day that a version says, counted roughly: `20240131120000`, `2024-01-31-120000`, seconds or milliseconds.
fn day(version: &str) -> Option<u32> {
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let (year, month, date) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    if (1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&date) {
        return Some(year * 372 + month * 31 + date);
    }
    match digits.len() {
        10 | 13 => Some(number(0, 10)? / 86_400),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_from_dates_and_seconds() {
        let apart = |a: &str, b: &str| day(a).zip(day(b)).map(|(a, b)| a.abs_diff(b));
        assert_eq!(apart("20240131120000", "2024-02-01-080000"), Some(1));
        assert_eq!(apart("1700000000", "1700086400000"), Some(1));
        assert_eq!(apart("0012", "0013"), None);
    }
}
