//! Every rule against its fixtures, strictly both ways.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

#[test]
fn every_rule_reports_what_its_fixtures_mark_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/rules");
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for rule in engine::all_rules() {
        let area = fs::read_dir(&root)
            .unwrap()
            .flatten()
            .map(|area| area.path().join(rule.id).join("fixtures"))
            .find(|fixtures| fixtures.is_dir());
        let Some(fixtures) = area else {
            wrong.push(format!("{}: has no fixtures", rule.id));
            continue;
        };
        let (mut hits, mut silent) = (0, 0);
        for case in fs::read_dir(fixtures).unwrap().flatten().filter(|c| c.path().is_dir()) {
            let marks = specialist_testkit::marks(&case.path(), rule.id).unwrap();
            hits += marks.findings.len();
            silent += marks.silent.len();
            wrong.extend(specialist_testkit::check(&case.path(), rule.id).unwrap());
            checked += 1;
        }
        if hits == 0 || silent == 0 {
            wrong.push(format!("{}: needs at least one hit and one near miss", rule.id));
        }
    }
    assert!(checked > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
