//! Untrusted data runs as code.

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
            "code-injection",
            "Untrusted data runs as code",
            Severity::Critical,
            Stage::Security,
            &["C10.security-libraries.1", "C10.sanitization.4", "W2.6"],
            &[94, 95],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Code],
    becomes: "is run as code",
    sink: "the text is run.",
    details: "Whatever the text says is done with the rights of the server.",
    impact: "A caller takes over the process, its data and its credentials.",
    fix: "Do not run text as code: parse it as data, or choose from a table of functions:",
    payload: "7*7",
    expect: "The answer must not hold `49`.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
