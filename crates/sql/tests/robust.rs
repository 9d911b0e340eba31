//! No text makes the parser panic or slow: odd text, nested text, every prefix of the project's own files.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use specialist_sql::{Dialect, Schema, fingerprint, migrations, parse};

const DIALECTS: &[Dialect] =
    &[Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::SqlServer, Dialect::Oracle, Dialect::Generic];

/// Everything that the crate does with a text.
fn read_all(text: &str) {
    for dialect in DIALECTS {
        let statements = parse(text, *dialect);
        let mut end = 0;
        for statement in &statements {
            assert!(statement.range.start >= end, "statements are in order: {text:?}");
            assert!(statement.range.end as usize <= text.len(), "ranges lie in the text: {text:?}");
            assert!(text.is_char_boundary(statement.range.start as usize));
            assert!(text.is_char_boundary(statement.range.end as usize));
            end = statement.range.end;
        }
        let mut schema = Schema::new(*dialect);
        schema.replay(&statements, base::FileId(0), 0);
        let _ = schema.describe();
        let _ = fingerprint(text, *dialect);
    }
    for path in ["db/migrations/001_a.sql", "db/changelog.xml", "db/changelog.yaml", "migrations/2020-01-01_a/up.sql"] {
        let file = migrations::File { path, text };
        for set in migrations::find(&[file], None) {
            let _ = set.schema(|_| file.text, |_| base::FileId(0));
        }
    }
}

fn within_a_second(name: &str, text: &str) {
    for dialect in DIALECTS {
        let started = Instant::now();
        let statements = parse(text, *dialect);
        let mut schema = Schema::new(*dialect);
        schema.replay(&statements, base::FileId(0), 0);
        let took = started.elapsed();
        // an unoptimised build is many times slower than what users have
        let limit = if cfg!(debug_assertions) { 15 } else { 1 };
        assert!(took < Duration::from_secs(limit), "{name} in {dialect:?} took {took:?}");
    }
}

/// Words that make text look enough like SQL to get far.
fn words() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        Just("select"),
        Just("from"),
        Just("where"),
        Just("insert into"),
        Just("values"),
        Just("update"),
        Just("set"),
        Just("create table"),
        Just("create index"),
        Just("alter table"),
        Just("add column"),
        Just("drop"),
        Just("("),
        Just(")"),
        Just(","),
        Just(";"),
        Just("'"),
        Just("\""),
        Just("`"),
        Just("$$"),
        Just("$x$"),
        Just("--"),
        Just("/*"),
        Just("*/"),
        Just("/*!40101"),
        Just("["),
        Just("]"),
        Just("."),
        Just("::"),
        Just(":a"),
        Just("?"),
        Just("%s"),
        Just("$1"),
        Just("#{x}"),
        Just("${x}"),
        Just("\u{fffc}"),
        Just("a"),
        Just("t1"),
        Just("ü"),
        Just("1.5e"),
        Just("="),
        Just("case"),
        Just("when"),
        Just("end"),
        Just("begin"),
        Just("delimiter //"),
        Just("\n"),
        Just("\ngo\n"),
        Just("copy t from stdin;\n"),
        Just("\\."),
        Just("with"),
        Just("as"),
        Just("union"),
        Just("on conflict"),
        Just("partition of"),
        Just("references"),
        Just("check"),
        Just("default"),
        Just("not null"),
        Just("primary key"),
        Just("do"),
        Just("if exists"),
        Just("rename"),
        Just("to"),
        Just("type"),
        Just("enum"),
        Just("constraint"),
        Just("create trigger"),
        Just("for update"),
        Just("limit"),
        Just("generated always as"),
        Just("exclude"),
    ];
    proptest::collection::vec(one, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn odd_text_is_read_without_a_panic(text in "\\PC{0,200}") {
        read_all(&text);
    }

    #[test]
    fn odd_statements_are_read_without_a_panic(text in words()) {
        read_all(&text);
    }
}

#[test]
fn every_prefix_of_real_looking_files_is_read_without_a_panic() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut folders = vec![root];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            seen += 1;
            // each prefix in one dialect, so that the test stays quick
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                let dialect = DIALECTS[end % DIALECTS.len()];
                let statements = parse(&text[..end], dialect);
                Schema::new(dialect).replay(&statements, base::FileId(0), 0);
            }
        }
    }
    assert!(seen > 5, "the files were found");
}

#[test]
fn nested_text_takes_bounded_time_and_no_stack() {
    let deep = 20_000;
    let cases = [
        ("parentheses", format!("select {}1{}", "(".repeat(deep), ")".repeat(deep))),
        ("open parentheses", format!("select * from {}", "(".repeat(deep))),
        ("calls", format!("select {}1{} from t", "f(".repeat(deep), ")".repeat(deep))),
        ("few calls", format!("select {}1{} from t", "f(".repeat(45), ")".repeat(45))),
        ("few parentheses in from", format!("select * from {}t{}", "(".repeat(45), ")".repeat(45))),
        ("subqueries", format!("select * from {}t{}", "(select * from ".repeat(deep), ") x".repeat(deep))),
        ("few subqueries", format!("select * from {}t{}", "(select * from ".repeat(25), ") x".repeat(25))),
        ("cases", format!("select {}1{}", "case when a then ".repeat(deep), " end".repeat(deep))),
        ("conditions", format!("select * from t where a = 1 {}", "and a = 1 ".repeat(deep))),
        ("alternatives", format!("select * from t where a = 1 {}", "or a = 1 ".repeat(3000))),
        ("nots", format!("select * from t where {} a", "not ".repeat(deep))),
        ("lists", format!("select * from t where a in ({}1)", "1,".repeat(deep))),
        ("rows", format!("insert into t values {}(1)", "(1, 'a'),".repeat(deep))),
        ("unions", format!("select 1 {}", "union select 1 ".repeat(3000))),
        ("comments", "/*".repeat(deep)),
        ("quotes", "'\n".repeat(deep)),
        ("dollars", "$a$ ".repeat(deep)),
        ("brackets", format!("create table t (a int default {})", "[".repeat(deep))),
        ("checks", format!("create table t (a int check {}a{})", "(".repeat(deep), ")".repeat(deep))),
        ("columns", format!("create table t ({}z int)", (0..3000).map(|n| format!("a{n} int,")).collect::<String>())),
        ("blocks", "do $$ begin ".repeat(deep)),
        ("begins", format!("create procedure p() {}", "begin ".repeat(deep))),
    ];
    for (name, text) in &cases {
        within_a_second(name, text);
    }
}
