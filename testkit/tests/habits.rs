//! What a project brings of its own, and what the program prints for others.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::Path};

use engine::base::Severity;
use engine::{Error, Options, Override, Session};

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

const APP: &str = "const express = require('express');
const { gate } = require('acme-gate');
const app = express();
app.get('/books', gate, (req, res) => res.json([]));
";

const FACTS: &str = "library = \"Acme Gate\"
imports = [\"acme-gate\"]

[[record]]
kind = \"guard\"
names = [\"acme-gate.gate\"]
guard = \"authentication\"
";

fn auth(root: &Path, own_facts: bool) -> engine::model::Auth {
    let session = Session::open(root, Options { threads: 1, own_facts, ..Options::default() }).unwrap();
    session.model.routes[0].auth
}

#[test]
fn facts_of_the_project_are_believed_unless_they_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "app.js", APP);
    assert_eq!(auth(dir.path(), true), engine::model::Auth::None);
    write(dir.path(), ".specialist/facts/javascript/acme.toml", FACTS);
    assert_eq!(auth(dir.path(), true), engine::model::Auth::Required);
    assert_eq!(auth(dir.path(), false), engine::model::Auth::None);
    let session = Session::open(dir.path(), Options { threads: 1, ..Options::default() }).unwrap();
    assert!(session.gaps().iter().any(|g| g.path.as_deref() == Some(".specialist/facts/javascript/acme.toml")));
}

#[test]
fn facts_that_are_wrong_name_their_file() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "app.js", APP);
    write(dir.path(), ".specialist/facts/javascript/acme.toml", "library = \"x\"\n[[record]]\nkind = \"regex\"\n");
    let error = Session::open(dir.path(), Options::default()).err().unwrap();
    assert!(matches!(error, Error::Facts(_)));
    assert!(error.to_string().contains(".specialist/facts/javascript/acme.toml"), "{error}");
}

#[test]
fn overrides_hold_for_their_paths_only() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["app.py", "legacy/app.py"] {
        write(
            dir.path(),
            path,
            "import requests\n\ndef rates():\n    return requests.get(\"https://rates.example.com\")\n",
        );
    }
    let found = |overrides: Vec<Override>| {
        let options = Options { overrides, only: vec!["missing-timeout".into()], ..Options::default() };
        let mut session = Session::open(dir.path(), options)?;
        let review = session.review()?;
        let path = |f: &engine::base::Finding| session.sources.file(f.span.file).path.clone();
        Ok::<_, Error>(review.findings.iter().map(|f| (path(f), f.severity)).collect::<BTreeMap<_, _>>())
    };
    assert_eq!(found(Vec::new()).unwrap().len(), 2);
    let legacy = |skip: &[&str], severity: &[(&str, Severity)]| Override {
        paths: vec!["legacy/**".into()],
        skip: skip.iter().map(|s| (*s).to_owned()).collect(),
        severity: severity.iter().map(|(rule, severity)| ((*rule).to_owned(), *severity)).collect(),
    };
    let skipped = found(vec![legacy(&["missing-timeout"], &[])]).unwrap();
    assert_eq!(skipped, BTreeMap::from([("app.py".to_owned(), Severity::Important)]));
    let graded = found(vec![legacy(&[], &[("missing-timeout", Severity::Suggestion)])]).unwrap();
    assert_eq!(graded["legacy/app.py"], Severity::Suggestion);
    assert_eq!(graded["app.py"], Severity::Important);
    assert!(matches!(found(vec![legacy(&["no-such-rule"], &[])]), Err(Error::NoSuchRule(_))));
}

#[test]
fn a_map_is_as_its_schema_has_it() {
    let bookshop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/bookshop");
    let session = Session::open(&bookshop, Options::default()).unwrap();
    let map = engine::map::json(&session);
    assert!(!map["routes"].as_array().unwrap().is_empty());
    let schema = jsonschema::validator_for(&engine::map::schema()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&map).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
