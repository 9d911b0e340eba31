//! Untrusted data chooses where a browser is sent.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::flow::{Kind, Place};

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.1),
        ..info(
            "open-redirect",
            "Untrusted data chooses where a browser is sent",
            Severity::Important,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[601],
            &["A01:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Redirect],
    becomes: "chooses where the browser is sent",
    sink: "the browser is sent there.",
    details: "A link to your site can end on any other.",
    impact: "Visitors who trust your address are led to a copy of your login page; tokens in the address go along.",
    fix: "Allow only paths of your own site, or look the target up in a list:",
    payload: "https%3A%2F%2Fexample.org%2F",
    expect: "The answer must not have `Location: https://example.org/`.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    // nobody else sets the headers and cookies that a visitor's browser sends
    injection::report(model, report, &WORDS, &|flow, _| !matches!(flow.source.place, Place::Header | Place::Cookie));
}
