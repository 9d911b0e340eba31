//! Untrusted data becomes objects of any type.

use base::{Escalation, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.8),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "unsafe-deserialization",
            "Untrusted data becomes objects of any type",
            Severity::Critical,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[502],
            &["A08:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Deserialization],
    becomes: "is turned into objects of any type",
    sink: "objects are made of it.",
    details: "The format names the types to make, and making some of them runs code.",
    impact: "A caller runs code on the server.",
    fix: "Use a format that holds data only, such as JSON, with a declared type:",
    payload: "AAAA",
    expect: "The answer must be 400 before any object is made: the format must be refused, not only this value.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
