//! What a project brings of its own: facts of its libraries, and what holds for parts of its tree.

use std::{fs, path::Path};

use base::{Finding, SourceMap};
use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::{Error, Override};

/// Where a project's own facts are.
const FACTS: &str = ".specialist/facts";
/// Most files, and most bytes of one, that are read.
const MAX_FILES: usize = 200;
const MAX_BYTES: u64 = 256 * 1024;

/// The project's own facts: name and text, in order of name. Links are not followed.
pub(crate) fn read(root: &Path) -> Result<Vec<(String, String)>, Error> {
    read_from(&root.join(FACTS), FACTS)
}

/// The facts in a directory that the user names, told under that name.
pub(crate) fn read_from(dir: &Path, told: &str) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for language in entries(dir) {
        let folder = language.file_name().to_string_lossy().into_owned();
        if !language.file_type().is_ok_and(|t| t.is_dir()) {
            continue;
        }
        for file in entries(&language.path()) {
            let name = format!("{told}/{folder}/{}", file.file_name().to_string_lossy());
            if !name.ends_with(".toml") || !file.file_type().is_ok_and(|t| t.is_file()) {
                continue;
            }
            let bad = |reason: String| Error::OwnFacts { file: name.clone(), reason };
            if found.len() == MAX_FILES {
                return Err(bad(format!("there are more than {MAX_FILES} files of facts")));
            }
            if file.metadata().map_err(|e| bad(e.to_string()))?.len() > MAX_BYTES {
                return Err(bad(format!("it is larger than {} KiB", MAX_BYTES / 1024)));
            }
            let text = fs::read_to_string(file.path()).map_err(|e| bad(e.to_string()))?;
            found.push((name, text));
        }
    }
    found.sort();
    Ok(found)
}

fn entries(dir: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(dir).into_iter().flatten().flatten().collect()
}

/// Takes out and regrades findings by the paths that they stand in; the last override that speaks counts.
pub(crate) fn override_findings(
    findings: &mut Vec<Finding>,
    overrides: &[Override],
    sources: &SourceMap,
) -> Result<(), Error> {
    for one in overrides {
        let paths = globs(&one.paths)?;
        findings.retain_mut(|finding| {
            if !paths.is_match(&sources.file(finding.span.file).path) {
                return true;
            }
            if let Some(severity) = one.severity.get(finding.rule) {
                finding.severity = *severity;
            }
            !one.skip.iter().any(|rule| rule == finding.rule)
        });
    }
    Ok(())
}

fn globs(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern)
            .map_err(|e| Error::Pattern { pattern: pattern.clone(), reason: e.kind().to_string() })?;
        set.add(glob);
    }
    set.build().map_err(|e| Error::Pattern { pattern: patterns.join(", "), reason: e.to_string() })
}
