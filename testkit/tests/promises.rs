//! The promises of DESIGN.md that a review of a folder can show.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use engine::{Options, Session};
use report::Format;

fn bookshop() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/bookshop")
}

/// Copies a folder, its entries made in the reverse order of their names.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut entries: Vec<_> = fs::read_dir(from).unwrap().flatten().collect();
    entries.sort_by_key(|e| std::cmp::Reverse(e.file_name()));
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(|_| ()).unwrap()
        }
    }
}

fn reviewed(root: &Path, threads: usize) -> Vec<String> {
    let mut session = Session::open(root, Options { threads, ..Options::default() }).unwrap();
    let review = session.review().unwrap();
    Format::ALL.iter().map(|f| report::render(*f, &review, &session.sources, &report::Options::default())).collect()
}

#[test]
fn the_bytes_are_the_same_from_one_thread_and_eight_and_from_another_path_in_another_order() {
    let first = reviewed(&bookshop(), 1);
    assert!(first.iter().all(|text| text.contains("hardcoded-secret")));
    assert_eq!(first, reviewed(&bookshop(), 8));
    let elsewhere = tempfile::tempdir().unwrap();
    let root = elsewhere.path().join("another/checkout");
    copy(&bookshop(), &root);
    assert_eq!(first, reviewed(&root, 2));
}

#[test]
fn a_secret_is_in_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = ["k3J9vQ2mX7pL0sWd", "AKIAZ7Q2M4X9P1L8S0WD", "superSecretSigner"];
    fs::write(
        dir.path().join("app.js"),
        format!(
            "const jwt = require('jsonwebtoken');\nconst apiSecret = '{}'; const id = '{}';\nmodule.exports = (u) => jwt.sign(u, process.env.K || '{}');\n",
            secrets[0], secrets[1], secrets[2]
        ),
    )
    .unwrap();
    fs::write(dir.path().join(".env"), format!("DB_PASSWORD={}\n", secrets[0])).unwrap();
    let outputs = reviewed(dir.path(), 1);
    for output in outputs {
        assert!(output.contains("hardcoded-secret"), "{output}");
        for secret in secrets {
            assert!(!output.contains(secret), "{secret} in {output}");
        }
    }
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_not_read_and_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app.py"), "x = 1\n").unwrap();
    let outside = tempfile::NamedTempFile::with_suffix(".py").unwrap();
    fs::write(outside.path(), "API_TOKEN = \"k3J9vQ2mX7pL0sWd\"\n").unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("link.py")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("pipe.py")).status().unwrap();
    assert!(made.success());
    let mut session = Session::open(dir.path(), Options::default()).unwrap();
    let review = session.review().unwrap();
    assert_eq!(review.summary.files, 1);
    let told: Vec<&str> = review.gaps.iter().filter_map(|g| g.path.as_deref()).collect();
    assert!(told.contains(&"link.py") && told.contains(&"pipe.py"), "{told:?}");
}

#[test]
fn a_suppression_needs_a_reason_and_is_told_when_it_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("a.js"),
        "try { f(); } catch (e) {} // specialist: allow swallowed-error, because f only warms a cache\n",
    )
    .unwrap();
    fs::write(dir.path().join("b.js"), "try { f(); }\n// specialist: allow swallowed-error\ncatch (e) {}\n").unwrap();
    fs::write(dir.path().join("c.js"), "// specialist: allow swallowed-error, because there was one\nf();\n").unwrap();
    let mut session = Session::open(dir.path(), Options::default()).unwrap();
    let review = session.review().unwrap();
    let found: Vec<&str> = review.findings.iter().map(|f| session.sources.file(f.span.file).path.as_str()).collect();
    assert_eq!(found, ["b.js"]);
    let gaps: Vec<&str> = review.gaps.iter().map(|g| g.what.as_str()).collect();
    assert!(
        gaps.iter().any(|g| g.contains("without")) && gaps.iter().any(|g| g.contains("suppresses nothing")),
        "{gaps:?}"
    );
}

#[test]
fn nothing_to_review_and_no_directory_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Session::open(dir.path(), Options::default()), Err(engine::Error::Nothing(_))));
    assert!(matches!(Session::open(&dir.path().join("no"), Options::default()), Err(engine::Error::Root { .. })));
}

#[test]
fn objects_spread_into_themselves_end() {
    let dir = tempfile::tempdir().unwrap();
    let text = "let state = {};\nfunction set(a) {\n  state = { ...state, ...a };\n  state = { ...state, b: state };\n  return state.x.y();\n}\nset(state).z();\n";
    fs::write(dir.path().join("state.js"), text).unwrap();
    assert_eq!(reviewed(dir.path(), 1).len(), Format::ALL.len());
}
