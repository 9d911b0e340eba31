//! Untrusted data is kept in the session as if it were trusted.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(3.5),
        ..info(
            "trust-boundary",
            "Untrusted data is kept in the session as if it were trusted",
            Severity::Suggestion,
            Stage::Security,
            &["C10.input-validation.7", "W2.6"],
            &[501],
            &["A04:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Trust],
    becomes: "is kept in the session",
    sink: "the session keeps it.",
    details: "Code that reads the session takes what is there as checked.",
    impact: "A value that nobody checked is used later where only checked values are expected.",
    fix: "Check the value before it is kept, or keep it apart from what is trusted:",
    payload: "x",
    expect: "A value that is not allowed must be refused before it is kept.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
