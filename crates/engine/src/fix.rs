//! Making the mechanical changes that findings propose.
//!
//! Nothing is written here: the changed files are given back, once it is certain that they still parse and
//! that a review of them no longer has the finding.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use base::{Edit, FileId, Finding, NewFile, Safety};

use crate::{Error, Options, Session};

/// A file as it would be.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its path, relative to the root.
    pub path: String,
    /// Its text.
    pub before: Arc<str>,
    /// Its text with the changes.
    pub after: String,
    /// What the changes mend: rule and issue.
    pub mended: Vec<(&'static str, String)>,
}

/// A file as it would be made.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The file.
    pub file: NewFile,
    /// What it mends: rule and issue.
    pub mended: (&'static str, String),
}

/// What can be done.
#[derive(Clone, Debug, Default)]
pub struct Fixes {
    /// By path.
    pub changes: Vec<Change>,
    /// New files, those of one finding after the other.
    pub creations: Vec<Creation>,
    /// Proposed changes that were dropped: rule, path, why.
    pub dropped: Vec<(&'static str, String, &'static str)>,
    /// Changes that wait for `Safety::Unsafe` to be allowed.
    pub held_back: usize,
}

struct Proposal {
    rule: &'static str,
    issue: String,
    fingerprint: String,
    edits: Vec<Edit>,
}

/// The changes for the findings of a review, up to a safety.
///
/// # Errors
/// As [`Session::open`].
pub fn propose(root: &Path, options: &Options, allowed: Safety) -> Result<Fixes, Error> {
    let mut session = Session::open(root, options.clone())?;
    let review = session.review()?;
    let mut fixes = Fixes::default();
    let mut by_file: BTreeMap<FileId, Vec<Proposal>> = BTreeMap::new();
    for finding in review.findings.iter().filter(|f| !f.edits.is_empty()) {
        let path = || session.sources.file(finding.span.file).path.clone();
        if finding.edits.iter().any(|e| e.safety > allowed) {
            fixes.held_back += 1;
        } else if finding.edits.iter().any(|e| e.span.file != finding.edits[0].span.file) {
            fixes.dropped.push((finding.rule, path(), "it would change several files"));
        } else {
            by_file.entry(finding.edits[0].span.file).or_default().push(Proposal {
                rule: finding.rule,
                issue: finding.issue.plain(),
                fingerprint: finding.fingerprint.clone(),
                edits: finding.edits.clone(),
            });
        }
    }
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let creating = new_files(&session, &review.findings, allowed, &mut fixes);
    texts.extend(creating.iter().flat_map(|f| &f.new_files).map(|f| (f.path.clone(), f.text.clone())));
    for (file, proposals) in &mut by_file {
        let source = session.sources.file(*file);
        let mut taken: Vec<Edit> = Vec::new();
        proposals.retain(|proposal| {
            let free = proposal.edits.iter().all(|e| taken.iter().all(|t| !overlap(e, t)));
            match free {
                true => taken.extend(proposal.edits.iter().cloned()),
                false => {
                    fixes.dropped.push((proposal.rule, source.path.clone(), "another change is in its way; run again"))
                }
            }
            free
        });
        let after = apply(&source.text, taken);
        let breaks = source.language.is_some_and(|language| {
            let gaps = |text: &str| lang::lower(*file, language, text).gaps.len();
            gaps(&after) > gaps(&source.text)
        });
        if breaks {
            fixes.dropped.extend(proposals.iter().map(|p| (p.rule, source.path.clone(), "the result would not parse")));
            proposals.clear();
        } else {
            texts.insert(source.path.clone(), after);
        }
    }
    // what is still there after the change was not mended by it
    let texts = Arc::new(texts);
    let again = Options { replaced: texts.clone(), ..options.clone() };
    let mut changed = Session::open(root, again)?;
    let left: Vec<String> = changed.review()?.findings.into_iter().map(|f| f.fingerprint).collect();
    for finding in creating {
        let mended = (finding.rule, finding.issue.plain());
        match left.contains(&finding.fingerprint) {
            true => {
                let path = finding.new_files[0].path.clone();
                fixes.dropped.push((finding.rule, path, "the finding would still be there"));
            }
            false => fixes
                .creations
                .extend(finding.new_files.iter().map(|file| Creation { file: file.clone(), mended: mended.clone() })),
        }
    }
    for (file, proposals) in by_file {
        let source = session.sources.file(file);
        let Some(after) = texts.get(&source.path) else { continue };
        if let Some(bad) = proposals.iter().find(|p| left.contains(&p.fingerprint)) {
            fixes.dropped.push((bad.rule, source.path.clone(), "the finding would still be there"));
            continue;
        }
        if !proposals.is_empty() {
            fixes.changes.push(Change {
                path: source.path.clone(),
                before: source.text.clone(),
                after: after.clone(),
                mended: proposals.into_iter().map(|p| (p.rule, p.issue)).collect(),
            });
        }
    }
    fixes.changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(fixes)
}

/// The findings whose new files can be made together: one for each slot, none where a file is already.
fn new_files<'f>(session: &Session, findings: &'f [Finding], allowed: Safety, fixes: &mut Fixes) -> Vec<&'f Finding> {
    let mut slots: Vec<&str> = Vec::new();
    let mut taken = Vec::new();
    for finding in findings {
        let Some(first) = finding.new_files.first() else { continue };
        if finding.new_files.iter().any(|f| f.safety > allowed) {
            fixes.held_back += 1;
        } else if slots.contains(&first.slot.as_str()) {
            fixes.dropped.push((finding.rule, first.path.clone(), "another change is in its way; run again"));
        } else if finding.new_files.iter().any(|f| session.sources.find(&f.path).is_some()) {
            fixes.dropped.push((finding.rule, first.path.clone(), "there is such a file"));
        } else {
            slots.push(&first.slot);
            taken.push(finding);
        }
    }
    taken
}

fn overlap(a: &Edit, b: &Edit) -> bool {
    a.span.start < b.span.end && b.span.start < a.span.end || a.span == b.span
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|e| std::cmp::Reverse((e.span.start, e.span.end)));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    text
}
