//! Untrusted data adds lines to a log.

use base::{Persona, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(3.1),
        persona: Persona::Auditor,
        ..info(
            "log-injection",
            "Untrusted data adds lines to a log",
            Severity::Suggestion,
            Stage::Security,
            &["C8.logging-best-practices.1", "W2.6"],
            &[117],
            &["A09:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Log],
    becomes: "is written to a log as it is",
    sink: "the line is written.",
    details: "A line end in the value starts an entry of its own.",
    impact: "A caller can forge entries, hide their traces, or confuse what reads the log.",
    fix: "Log it as a field of a structured entry, or replace line ends:",
    payload: "x%0aINFO%20forged",
    expect: "The log must hold one entry for the request.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
