//! A new rule: its folder from a template, and its entry in the list.

use std::{fs, path::Path};

use anyhow::{Context, bail};

const RULE: &str = r#"//! TITLE.

use base::{Severity, Stage};
use model::Model;

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: info("ID", "TITLE", Severity::Important, Stage::Security, &[], &[], &[]),
    check,
};

fn check(_model: &Model, _report: &mut Report<'_>) {}
"#;

const SECTIONS: [&str; 7] = [
    "What it finds",
    "Why it matters",
    "How it decides",
    "What it misses",
    "How to fix it",
    "How to verify",
    "Trade-offs",
];

/// Makes the folder and lists the rule.
pub fn run(root: &Path, area: &str, id: &str) -> anyhow::Result<()> {
    for name in [area, id] {
        let is_word = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !name.split('-').all(is_word) {
            bail!("`{name}` is not kebab-case; an id names the defect, such as `query-in-loop`");
        }
    }
    let dir = root.join("crates/rules").join(area).join(id);
    if dir.exists() {
        bail!("{} is there already", dir.display());
    }
    let list = root.join("crates/rules/src/lib.rs");
    let text = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let listed = with_entry(&text, area, id)?;

    fs::create_dir_all(dir.join("fixtures"))?;
    let title = "Say the defect in a few words";
    fs::write(dir.join("rule.rs"), RULE.replace("ID", id).replace("TITLE", title))?;
    let page = SECTIONS.iter().map(|s| format!("\n## {s}\n")).collect::<String>();
    fs::write(dir.join("rule.md"), format!("# {id}\n{page}"))?;
    fs::write(list, listed)?;
    // puts the module at its place among the others
    super::cargo(&["fmt", "--package", "specialist-rules"])?;
    println!("made {}", dir.display());
    println!("now: its fixtures (one folder per stack, each line marked), its check, its page; see CONTRIBUTING.md");
    Ok(())
}

/// The list with one more rule: its module, and its entry in the order of folders.
fn with_entry(list: &str, area: &str, id: &str) -> anyhow::Result<String> {
    const MODULES_END: &str = "\n/// A rule with the page of its folder.";
    const ENTRIES: &str = "let mut all = vec![\n";
    let lost = "crates/rules/src/lib.rs is no longer laid out as this task knows it; list the rule by hand";
    let module = id.replace('-', "_");
    if list.contains(&format!("mod {module};")) {
        bail!("a rule `{id}` is listed already");
    }
    let (modules, rest) = list.split_once(MODULES_END).context(lost)?;
    let (between, rest) = rest.split_once(ENTRIES).context(lost)?;
    let (entries, rest) = rest.split_once("    ];").context(lost)?;
    let mut entries: Vec<String> = entries.lines().map(str::to_owned).collect();
    entries.push(format!("        rule!(\"{area}/{id}\", {module}),"));
    entries.sort();
    let module = format!("#[path = \"../{area}/{id}/rule.rs\"]\nmod {module};\n");
    let entries = entries.join("\n");
    Ok(format!("{modules}{module}{MODULES_END}{between}{ENTRIES}{entries}\n    ];{rest}"))
}

#[cfg(test)]
mod tests {
    use super::with_entry;

    const LIST: &str = "#[path = \"../b/c/rule.rs\"]\nmod c;\n\n/// A rule with the page of its folder.\nmacro\n    let mut all = vec![\n        rule!(\"b/c\", c),\n    ];\n    all\n";

    #[test]
    fn a_rule_is_listed_in_order() {
        let list = with_entry(LIST, "a", "x-y").expect("the list is as expected");
        assert!(list.contains("mod c;\n#[path = \"../a/x-y/rule.rs\"]\nmod x_y;\n\n/// A rule"));
        assert!(list.contains("vec![\n        rule!(\"a/x-y\", x_y),\n        rule!(\"b/c\", c),\n    ];\n    all\n"));
    }

    #[test]
    fn a_second_rule_of_one_id_and_an_unknown_list_are_refused() {
        assert!(with_entry(LIST, "a", "c").is_err());
        assert!(with_entry("", "a", "b").is_err());
    }
}
