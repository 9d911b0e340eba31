//! Strict fixtures: real-looking files whose marks must match what the program reports, both ways.
//!
//! A mark is a comment at the end of a line, opened by `~` (`//~`, `#~`, `--~`): `~ rule-id` a finding
//! starts on this line; `~ ok rule-id` a near miss that must stay silent; `~ miss rule-id` and
//! `~ noise rule-id` a known miss and a known false alarm, which fail as soon as they are mended; `~^ …`
//! speaks of the line above. Files whose lines cannot hold a mark have an `expect.txt` beside them with
//! lines `FILE:LINE rule-id`. No mark means silence of the rule under test.
//!
//! Begin reading at [`check`].

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use engine::{Options, Session, base::Persona};

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
    let options = Options { only: vec![rule.to_owned()], persona: Persona::Pedantic, threads: 1, ..Options::default() };
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
                expected(&text, rule, &mut marks);
            } else {
                in_file(&name, &text, rule, &mut marks);
            }
        }
    }
    Ok(marks)
}

fn expected(text: &str, rule: &str, marks: &mut Marks) {
    for line in text.lines() {
        let Some((place, id)) = line.split_once(' ') else { continue };
        let Some((file, line)) = place.rsplit_once(':') else { continue };
        if id.trim() == rule
            && let Ok(line) = line.parse()
        {
            marks.findings.insert((file.to_owned(), line));
        }
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
