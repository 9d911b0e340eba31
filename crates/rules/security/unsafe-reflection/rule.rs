//! Untrusted data chooses a class or method.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.3),
        ..info(
            "unsafe-reflection",
            "Untrusted data chooses a class or method",
            Severity::Important,
            Stage::Security,
            &["C10.input-validation.5", "W2.6"],
            &[470],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Reflection],
    becomes: "chooses a class or method to use",
    sink: "it is looked up by name.",
    details: "Every class and method that the process can see can be named, not only those that were meant.",
    impact: "A caller calls methods that were never meant to be reached, in the worst case running code.",
    fix: "Look the name up in a table of what may be called:",
    payload: "x",
    expect: "An unknown name must be answered with 400.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
