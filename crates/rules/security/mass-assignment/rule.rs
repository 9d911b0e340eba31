//! A caller can set any field of a stored object.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        ..info(
            "mass-assignment",
            "A caller can set any field of a stored object",
            Severity::Important,
            Stage::Security,
            &["C10.input-validation.5", "W2.6"],
            &[915],
            &["A08:2021", "API3:2023"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::MassAssignment],
    becomes: "sets the fields of a stored object as a whole",
    sink: "every field that it names is set.",
    details: "Fields that the form does not show can be sent all the same.",
    impact: "A caller sets fields such as a role, an owner or a price.",
    fix: "Name the fields that may be set:",
    payload: "true",
    expect: "After sending an extra field such as `role` the stored object must not have it.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
