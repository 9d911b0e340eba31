//! A template prints a value with escaping off.

use base::{Evidence, Persona, RuleInfo, Severity, Stage};
use model::Model;

use crate::injection;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.4),
        persona: Persona::Auditor,
        ..info(
            "unescaped-output",
            "A template prints a value without escaping it",
            Severity::Suggestion,
            Stage::Security,
            &["C10.sanitization.1", "W2.6"],
            &[79],
            &["A03:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    // what comes straight from the request is told elsewhere
    for output in model.outputs.iter().filter(|o| !o.is_request) {
        let mut finding = injection::unescaped(model, report, output);
        finding.evidence = Evidence::Suspected;
        report.add(finding);
    }
}
