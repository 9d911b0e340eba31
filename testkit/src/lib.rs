//! Strict fixtures: real-looking files whose marks must match what the program reports, both ways.
//!
//! A mark is a comment at the end of a line, opened by `~` (`//~`, `#~`, `--~`): `~ rule-id` a finding
//! starts on this line; `~ ok rule-id` a near miss that must stay silent; `~ miss rule-id` and
//! `~ noise rule-id` a known miss and a known false alarm, which fail as soon as they are mended; `~^ …`
//! speaks of the line above. Files whose lines cannot hold a mark have an `expect.txt` beside them with
//! lines `FILE:LINE rule-id`. No mark means silence of the rule under test. Files named `snapshot.json` are what running
//! databases said; the lines of their texts are named by words that stand on one line alone:
//! `live/postgresql/shop:CREATE INDEX a rule-id`, `… ok rule-id`.
//!
//! Begin reading at [`check`].

pub mod servers;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use engine::{Options, Session, base::Persona};
use live::Snapshot;

/// A place in a fixture: file and line.
pub type Place = (String, u32);

/// What the marks of a fixture ask for one rule.
#[derive(Debug, Default, PartialEq)]
pub struct Marks {
    /// Findings that must be there (known false alarms too).
    pub findings: BTreeSet<Place>,
    /// Near misses.
    pub silent: BTreeSet<Place>,
}

/// Checks one fixture folder for one rule; gives what is wrong, nothing when all is right.
///
/// # Errors
/// The folder cannot be reviewed.
pub fn check(dir: &Path, rule: &str) -> Result<Vec<String>, String> {
    let marks = marks(dir, rule)?;
    let options = Options {
        only: vec![rule.to_owned()],
        persona: Persona::Pedantic,
        threads: 1,
        snapshots: snapshot(dir)?.into_iter().map(Arc::new).collect(),
        ..Options::default()
    };
    let mut session = Session::open(dir, options).map_err(|e| format!("{}: {e}", dir.display()))?;
    let review = session.review().map_err(|e| e.to_string())?;
    let found: BTreeSet<Place> = review
        .findings
        .iter()
        .flat_map(|f| std::iter::once(f.span).chain(f.related.iter().filter(|r| r.is_again()).map(|r| r.span)))
        .map(|span| (session.sources.file(span.file).path.clone(), session.sources.start(span).line))
        .collect();
    let mut wrong = Vec::new();
    for (file, line) in marks.findings.difference(&found) {
        wrong.push(format!("{}/{file}:{line}: {rule} is marked and not reported", dir.display()));
    }
    for (file, line) in found.difference(&marks.findings) {
        wrong.push(format!("{}/{file}:{line}: {rule} is reported and not marked", dir.display()));
    }
    for (file, line) in marks.silent.intersection(&found) {
        wrong.push(format!("{}/{file}:{line}: {rule} is reported where it must stay silent", dir.display()));
    }
    Ok(wrong)
}

/// The marks of one rule in all files of a folder.
///
/// # Errors
/// A file cannot be read.
pub fn marks(dir: &Path, rule: &str) -> Result<Marks, String> {
    let mut marks = Marks::default();
    let mut queue: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(here) = queue.pop() {
        for entry in fs::read_dir(&here).map_err(|e| format!("{}: {e}", here.display()))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                queue.push(path);
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let name = path.strip_prefix(dir).unwrap_or(&path).display().to_string();
            if name.ends_with("expect.txt") {
                expected(&text, rule, snapshot(dir)?.as_ref(), &mut marks)?;
            } else {
                in_file(&name, &text, rule, &mut marks);
            }
        }
    }
    Ok(marks)
}

/// What a running database said, where the folder has it.
fn snapshot(dir: &Path) -> Result<Option<Snapshot>, String> {
    let file = dir.join("snapshot.json");
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    Snapshot::from_json(&text).map(Some).map_err(|e| format!("{}: {e}", file.display()))
}

fn expected(text: &str, rule: &str, snapshot: Option<&Snapshot>, marks: &mut Marks) -> Result<(), String> {
    for line in text.lines() {
        let Some((place, id)) = line.trim_end().rsplit_once(' ') else { continue };
        let (place, is_silent) = match place.strip_suffix(" ok") {
            Some(place) => (place, true),
            None => (place, false),
        };
        let Some((file, at)) = place.split_once(':') else { continue };
        if id != rule {
            continue;
        }
        let place = (file.to_owned(), line_of(at, snapshot)?);
        if is_silent {
            marks.silent.insert(place)
        } else {
            marks.findings.insert(place)
        };
    }
    Ok(())
}

/// A line by its number, or by words that stand on one line of the snapshot's text alone.
fn line_of(at: &str, snapshot: Option<&Snapshot>) -> Result<u32, String> {
    if let Ok(line) = at.parse() {
        return Ok(line);
    }
    let text = snapshot.map(|s| live::written(s).0).unwrap_or_default();
    let found: Vec<usize> = text.lines().enumerate().filter(|(_, l)| l.contains(at)).map(|(line, _)| line).collect();
    match found.as_slice() {
        [line] => Ok(*line as u32 + 1),
        _ => Err(format!("`{at}` stands on {} lines of the snapshot's text:\n{text}", found.len())),
    }
}

fn in_file(name: &str, text: &str, rule: &str, marks: &mut Marks) {
    for (at, line) in text.lines().enumerate() {
        for opener in ["//~", "#~", "--~"] {
            let Some((_, mark)) = line.split_once(opener) else { continue };
            let above = mark.starts_with('^');
            let words: Vec<&str> = mark.trim_start_matches('^').split_whitespace().collect();
            let place = (name.to_owned(), at as u32 + 1 - u32::from(above));
            match words.as_slice() {
                ["ok" | "miss", id, ..] if *id == rule => {
                    marks.silent.insert(place);
                }
                ["noise", id, ..] | [id, ..] if *id == rule => {
                    marks.findings.insert(place);
                }
                _ => {}
            }
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_with_their_kind_and_line() {
        let mut marks = Marks::default();
        in_file("a.py", "x = 1  #~ my-rule\ny = 2  #~ ok my-rule\n#~^ other\n", "my-rule", &mut marks);
        assert_eq!(marks.findings, BTreeSet::from([("a.py".to_owned(), 1)]));
        assert_eq!(marks.silent, BTreeSet::from([("a.py".to_owned(), 2)]));
    }
}
