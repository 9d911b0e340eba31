//! What each language's constructs become, in `ir`'s printed form.
//!
//! `shapes/<language>.txt` has cases: a line `=== what it shows`, the source, a line `---`, the tree.
//! `UPDATE_EXPECT=1` writes the trees that are; read the difference.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use base::{FileId, Language};
use specialist_lang::lower;

struct Case {
    title: String,
    source: String,
    expected: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_tree = false;
    for line in text.split_inclusive('\n') {
        if let Some(title) = line.strip_prefix("=== ") {
            let title = title.trim_end().to_owned();
            cases.push(Case { title, source: String::new(), expected: String::new() });
            in_tree = false;
        } else if line == "---\n" {
            in_tree = true;
        } else {
            let case = cases.last_mut().expect("a case begins with `=== `");
            if in_tree { &mut case.expected } else { &mut case.source }.push_str(line);
        }
    }
    cases
}

/// Compares every case of a language; nothing in a case may be left as not understood.
fn check(language: Language, name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/shapes").join(name).with_extension("txt");
    let text = std::fs::read_to_string(&path).unwrap();
    let cases = cases(&text);
    assert!(cases.len() >= 20, "{name}: {} cases", cases.len());
    let (mut written, mut wrong) = (String::new(), Vec::new());
    for case in &cases {
        let lowered = lower(FileId(0), language, &case.source);
        let tree = ir::print_flat(&lowered.module);
        if !lowered.gaps.is_empty() {
            let gaps: Vec<_> = lowered.gaps.iter().map(|g| format!("{:?} {}", g.kind, g.what)).collect();
            wrong.push(format!("{name}: {}: not understood: {}", case.title, gaps.join(", ")));
        }
        written += &format!("=== {}\n{}---\n{tree}\n", case.title, case.source);
        if tree.trim_end() != case.expected.trim_end() {
            wrong.push(format!("{name}: {}\nexpected\n{}got\n{tree}", case.title, case.expected));
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, written).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! languages {
    ($($test:ident $language:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            check(Language::$language, $name);
        }
    )*};
}

languages! {
    javascript_becomes_the_tree_that_is_written JavaScript "javascript"
    typescript_becomes_the_tree_that_is_written TypeScript "typescript"
    tsx_becomes_the_tree_that_is_written Tsx "tsx"
    python_becomes_the_tree_that_is_written Python "python"
    go_becomes_the_tree_that_is_written Go "go"
    java_becomes_the_tree_that_is_written Java "java"
    rust_becomes_the_tree_that_is_written Rust "rust"
    csharp_becomes_the_tree_that_is_written CSharp "csharp"
    ruby_becomes_the_tree_that_is_written Ruby "ruby"
}
