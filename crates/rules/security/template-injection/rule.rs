//! Untrusted data becomes a template.

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
            "template-injection",
            "Untrusted data becomes a template",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.8", "W2.6"],
            &[1336, 94],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Template],
    becomes: "becomes part of a template",
    sink: "the template is run.",
    details: "Expressions of the template language in the text are run on the server.",
    impact: "In most template languages a caller reads the configuration and runs code.",
    fix: "Keep the template fixed and give the data as a variable:",
    payload: "%7B%7B7*7%7D%7D",
    expect: "The answer must hold `{{7*7}}`, not `49`.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
