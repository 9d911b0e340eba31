//! One realistic review in every format, compared with the files under `expected/`.
//! `UPDATE_EXPECT=1 cargo test -p specialist-report` writes them anew.

mod common;

use specialist_report::{Format, Options, render};

fn compare(name: &str, actual: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, actual).expect("the expected file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((at, (a, e))) = actual.lines().zip(expected.lines()).enumerate().find(|(_, (a, e))| a != e) {
        panic!("{name}:{}: expected\n{e}\ngot\n{a}\n(UPDATE_EXPECT=1 accepts it)", at + 1);
    }
    assert_eq!(actual.len(), expected.len(), "{name}: lengths differ (UPDATE_EXPECT=1 accepts it)");
}

#[test]
fn a_realistic_review_reads_as_expected() {
    let (review, sources) = common::bookshop();
    for (format, name) in [
        (Format::Terminal, "bookshop.txt"),
        (Format::Markdown, "bookshop.md"),
        (Format::Json, "bookshop.json"),
        (Format::Sarif, "bookshop.sarif"),
    ] {
        compare(name, &render(format, &review, &sources, &Options::default()));
    }
    let color = Options { color: true, width: 72, ..Options::default() };
    compare("bookshop-color.txt", &render(Format::Terminal, &review, &sources, &color));
}

#[test]
fn a_review_without_findings_says_what_was_not_examined() {
    let text = render(Format::Terminal, &common::empty(), &base::SourceMap::default(), &Options::default());
    compare("empty.txt", &text);
}
