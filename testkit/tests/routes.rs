//! Routes, their full paths and whether they need a caller, for every framework: strict both ways.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use engine::{Options, Session};

/// `METHOD PATH auth=X` of each `~ route` mark.
fn marks(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            marks(&entry.path(), found);
            continue;
        }
        for line in fs::read_to_string(entry.path()).unwrap_or_default().lines() {
            if let Some((_, mark)) = line.split_once("~ route ") {
                found.insert(mark.trim().to_owned());
            }
        }
    }
}

#[test]
fn the_routes_of_every_framework_are_as_marked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/routes");
    let mut frameworks = 0;
    for case in fs::read_dir(root).unwrap().flatten() {
        let mut wanted = BTreeSet::new();
        marks(&case.path(), &mut wanted);
        let session = Session::open(&case.path(), Options { threads: 1, ..Options::default() }).unwrap();
        let found: BTreeSet<String> = session
            .model
            .routes
            .iter()
            .map(|r| format!("{} {} auth={}", r.method.name(), r.path, format!("{:?}", r.auth).to_lowercase()))
            .collect();
        assert_eq!(found, wanted, "{}", case.path().display());
        frameworks += 1;
    }
    assert!(frameworks >= 17);
}
