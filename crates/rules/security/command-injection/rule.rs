//! Untrusted data runs as a command.

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
            "command-injection",
            "Untrusted data runs as a command",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.4", "W2.6"],
            &[78, 77],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Command],
    becomes: "becomes part of a command",
    sink: "the system runs the command.",
    details: "A shell reads separators and substitutions in the value, and a program reads options in it.",
    impact: "A caller can run programs on the server with its rights.",
    fix: "Run the program itself, without a shell, with a list of arguments; allow only values that you know:",
    payload: "1;id",
    expect: "The answer must not show what `id` prints, and nothing may have been run.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
