//! A row that is looked for and written when it is not there, with nothing that keeps a second one out.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use base::{Evidence, RuleInfo, Severity, Stage};
use model::Model;
use model::accesses::{Manner, Uniqueness};

use crate::races;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "check-then-act",
            "Two requests at once both find no row and both write one",
            Severity::Important,
            Stage::Data,
            &["K.critical-issues.8", "W3.5", "C11.isolation-levels.2", "I.race-conditions.4"],
            &[367, 362],
            &["API6:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    if model.accesses.checks.is_empty() {
        return;
    }
    let said = model.uniques();
    let handles = OnceCell::new();
    let mut seen = BTreeMap::new();
    for check in &model.accesses.checks {
        // what only a stricter isolation would keep right is told by the rule about isolation
        if races::is_in_transaction(model, check) && matches!(check.manner, Manner::Limit | Manner::Next) {
            continue;
        }
        let uniqueness = races::uniqueness(model, check, &said);
        let is_refused = uniqueness == Uniqueness::Unique;
        let is_told = match check.manner {
            Manner::Row if is_refused => !check.is_caught && !*handles.get_or_init(|| model.answers_refusals()),
            Manner::Row | Manner::Next | Manner::Free if uniqueness == Uniqueness::Said => false,
            Manner::Row => !check.is_expected,
            Manner::GetOrCreate => uniqueness == Uniqueness::Many,
            Manner::Next | Manner::Free if is_refused => {
                !check.is_caught && !*handles.get_or_init(|| model.answers_refusals())
            }
            Manner::Limit | Manner::Next | Manner::Free => !check.is_expected,
        };
        if !is_told {
            continue;
        }
        let route = model.route_served(check.function);
        let finding = races::finding(model, report, check, uniqueness, &mut seen);
        // where nothing is known to come here, one process may be all there is
        let is_shown =
            route.is_some() && check.manner == Manner::Row && (!is_refused || finding.evidence > Evidence::Suspected);
        match is_shown {
            true => report.add(finding),
            false => report.add_for_auditors(finding),
        }
    }
}
