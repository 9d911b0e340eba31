//! Untrusted data adds headers.

use base::{Persona, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::{Kind, Place};

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.1),
        // most containers refuse line ends by themselves
        persona: Persona::Auditor,
        ..info(
            "header-injection",
            "Untrusted data adds headers",
            Severity::Important,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[113],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Header],
    becomes: "becomes part of a header",
    sink: "the header is set.",
    details: "A line end in the value starts a header of its own, or the answer itself.",
    impact: "A caller can set cookies for others or put an answer of their own into a cache.",
    fix: "Refuse values with line ends, or encode the value:",
    payload: "x%0d%0aX-Test:%201",
    expect: "The answer must not have a header `X-Test`.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    // the value of a header holds no line ends
    injection::report(model, report, &WORDS, &|flow, _| flow.source.place != Place::Header);
}
