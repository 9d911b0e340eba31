//! Untrusted data changes an XPath expression.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.5),
        ..info(
            "xpath-injection",
            "Untrusted data changes an XPath expression",
            Severity::Important,
            Stage::Security,
            &["C10.sanitization.5", "W2.6"],
            &[643],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::XPath],
    becomes: "becomes part of an XPath expression",
    sink: "the expression is evaluated.",
    details: "A quote in the value ends its string and goes on with conditions of its own.",
    impact: "A caller selects nodes that were not meant for them, such as the entry of another user.",
    fix: "Bind the value as a variable of the expression, or allow only letters and digits:",
    payload: "x%27%20or%20%271%27=%271",
    expect: "The answer must be that of a value that does not exist.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
