//! Each check can fail, and is silent about what is right.

use super::*;

fn with_source(path: &str, text: &str) -> Repository {
    Repository { sources: vec![Source::new(path, text)], ..Repository::default() }
}

fn with_crate(name: &str, dependencies: &[&str]) -> Repository {
    let dependencies = dependencies.iter().map(|d| ((*d).to_owned(), false)).collect();
    let krate = Crate { name: name.to_owned(), dependencies, inherits_lints: true };
    Repository { crates: vec![krate], ..Repository::default() }
}

fn rule(folder: &str, parts: &[&str]) -> RuleFolder {
    RuleFolder { folder: folder.to_owned(), parts: parts.iter().map(|p| (*p).to_owned()).collect() }
}

#[test]
fn an_arrow_that_points_up_or_sideways_is_found() {
    assert!(arrows_point_down(&with_crate("rules", &["specialist-model", "serde"])).is_empty());
    assert_eq!(arrows_point_down(&with_crate("model", &["specialist-rules"])).len(), 1);
    assert_eq!(arrows_point_down(&with_crate("program", &["specialist-lang"])).len(), 1);
    assert_eq!(arrows_point_down(&with_crate("cli", &["specialist-testkit"])).len(), 1);
    assert_eq!(arrows_point_down(&with_crate("newcomer", &[])).len(), 1);
    assert_eq!(arrows_point_down(&with_crate("xtask", &["specialist-engine"])).len(), 1);
    let mut tests_only = with_crate("model", &["specialist-testkit"]);
    tests_only.crates[0].dependencies[0].1 = true;
    assert!(arrows_point_down(&tests_only).is_empty());
}

#[test]
fn a_grammar_outside_lang_is_found() {
    assert!(only_lang_sees_a_grammar(&with_crate("lang", &["tree-sitter-go"])).is_empty());
    assert_eq!(only_lang_sees_a_grammar(&with_crate("model", &["tree-sitter-go"])).len(), 1);
}

#[test]
fn a_runtime_inside_is_found() {
    assert!(async_stays_outside(&with_crate("probe", &["tokio"])).is_empty());
    assert_eq!(async_stays_outside(&with_crate("engine", &["tokio"])).len(), 1);
}

#[test]
fn input_and_output_below_engine_is_found() {
    for text in
        ["use std::fs;", "use std::{fs, fmt};", "fn f() { std::process::exit(1) }", "use std::{\n  env::var,\n};"]
    {
        assert_eq!(no_io_below_engine(&with_source("crates/model/src/a.rs", text)).len(), 1, "{text}");
        assert!(no_io_below_engine(&with_source("crates/engine/src/a.rs", text)).is_empty());
        let in_tests = format!("#[cfg(test)]\nmod tests {{ {text} }}");
        assert!(no_io_below_engine(&with_source("crates/model/src/a.rs", &in_tests)).is_empty());
    }
    assert!(no_io_below_engine(&with_source("crates/model/src/a.rs", "// std::fs\nlet x = \"std::fs\";")).is_empty());
}

#[test]
fn printing_is_found() {
    let text = "fn f() { println!(\"x\"); }";
    assert_eq!(only_cli_prints(&with_source("crates/report/src/a.rs", text)).len(), 1);
    assert!(only_cli_prints(&with_source("crates/cli/src/a.rs", text)).is_empty());
    assert!(only_cli_prints(&with_source("crates/report/src/a.rs", "let println = \"println!\";")).is_empty());
}

#[test]
fn a_rule_that_names_a_language_or_framework_is_found() {
    let path = "crates/rules/security/a/rule.rs";
    for text in [
        "if f == \"Django\" {}",
        "Language::TypeScript",
        "Language::CSharp",
        "let is_spring_boot = 1;",
        "\"java.lang.Object\"",
        "fn isRails() {}",
    ] {
        assert!(!rules_know_no_language(&with_source(path, text)).is_empty(), "{text}");
    }
    for text in ["// Django does it too", "let began = origin;", "\"springs\"", "let expressions = 1;"] {
        assert!(rules_know_no_language(&with_source(path, text)).is_empty(), "{text}");
    }
    assert!(rules_know_no_language(&with_source("crates/model/src/a.rs", "\"Django\"")).is_empty());
    let excuses = [(path, "django", "a reason")];
    assert!(names_in_rules(&with_source(path, "\"Django\""), &excuses).is_empty());
    assert_eq!(names_in_rules(&with_source(path, ""), &excuses).len(), 1, "a stale excuse is a fault");
}

#[test]
fn facts_that_name_a_rule_are_found() {
    let facts = |text: &str| Repository {
        rules: vec![rule("security/weak-hash", &[])],
        facts: vec![("f.toml".into(), text.into())],
        ..Repository::default()
    };
    assert_eq!(facts_name_no_rule(&facts("rule = \"weak-hash\"")).len(), 1);
    assert!(facts_name_no_rule(&facts("# weak-hash\nnames = [\"very-weak-hash\", \"hash\"]")).is_empty());
}

#[test]
fn an_incomplete_or_unlisted_rule_is_found() {
    let whole = ["rule.rs", "rule.md", "fixtures"];
    let repository = |folder: &str, parts: &[&str], listed: &str, id: &str| Repository {
        rules: vec![rule(folder, parts)],
        listed_rules: vec![listed.to_owned()],
        sources: vec![Source::new(&format!("crates/rules/{folder}/rule.rs"), &format!("info({id:?})"))],
        ..Repository::default()
    };
    assert!(a_rule_is_a_folder(&repository("a/b-c", &whole, "a/b-c", "b-c")).is_empty());
    assert_eq!(a_rule_is_a_folder(&repository("a/b-c", &whole[..2], "a/b-c", "b-c")).len(), 1);
    assert_eq!(a_rule_is_a_folder(&repository("a/b-c", &whole, "a/b-c", "b-d")).len(), 1);
    assert_eq!(a_rule_is_a_folder(&repository("a/b_C", &whole, "a/b_C", "b_C")).len(), 1);
    assert_eq!(a_rule_is_a_folder(&repository("a/b-c", &whole, "x/b-c", "b-c")).len(), 2, "unlisted, and no folder");
}

#[test]
fn the_list_of_rules_is_read_from_its_entries() {
    let tokens =
        Tokens::of("macro_rules! rule { }\nvec![rule!(\"a/b\", b), /* rule!(\"c/d\", d) */ rule!(\"e/f\", f)]");
    assert_eq!(listed_rules(&tokens), ["a/b", "e/f"]);
}

#[test]
fn vague_names_are_found() {
    for text in ["struct QueryManager;", "pub mod utils;", "enum PathHelper {}", "type ConfigManager = ();"] {
        assert_eq!(names_say_what_things_are(&with_source("crates/a/src/b.rs", text)).len(), 1, "{text}");
    }
    assert_eq!(names_say_what_things_are(&with_source("crates/a/src/utils.rs", "")).len(), 1);
    // names of other people's types are no types of ours
    assert!(names_say_what_things_are(&with_source("crates/a/src/b.rs", "let x = EntityManager::new();")).is_empty());
}

#[test]
fn long_files_are_found() {
    let lines = "fn f() {}\n".repeat(500);
    assert_eq!(files_stay_small(&with_source("crates/rules/a/b/rule.rs", &lines)).len(), 1);
    assert!(files_stay_small(&with_source("crates/a/src/b.rs", &lines)).is_empty());
    let tests = format!("{lines}#[cfg(test)]\nmod tests {{\n{lines}\n}}\n");
    assert!(files_stay_small(&with_source("crates/a/src/b.rs", &tests)).is_empty());
    assert_eq!(files_stay_small(&with_source("crates/a/src/b.rs", &lines.repeat(2))).len(), 1);
}

#[test]
fn a_crate_without_an_introduction_is_found() {
    assert_eq!(crates_introduce_themselves(&with_source("crates/a/src/lib.rs", "//! One line.\n")).len(), 1);
    assert!(crates_introduce_themselves(&with_source("crates/a/src/lib.rs", &"//! Line.\n".repeat(6))).is_empty());
}

#[test]
fn missing_lints_and_unsafe_code_are_found() {
    let mut repository = with_crate("a", &[]);
    assert!(lints_are_inherited(&repository).is_empty());
    repository.crates[0].inherits_lints = false;
    assert_eq!(lints_are_inherited(&repository).len(), 1);
    assert_eq!(no_unsafe_code(&repository).len(), 1);
    let allowed = Repository { forbids_unsafe: true, ..with_source("crates/a/src/b.rs", "unsafe { f() }") };
    assert_eq!(no_unsafe_code(&allowed).len(), 1);
}

#[test]
fn an_invariant_that_nobody_explains_is_found() {
    let mut repository = Repository::default();
    assert_eq!(invariants_are_written(&repository).len(), CHECKS.len());
    repository.architecture = CHECKS.iter().map(|(name, _)| format!("`{name}`")).collect();
    assert!(invariants_are_written(&repository).is_empty());
}
