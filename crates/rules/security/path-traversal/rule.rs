//! Untrusted data names a file.

use base::{Escalation, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.6),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "path-traversal",
            "Untrusted data names a file",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.6", "W2.6"],
            &[22, 73],
            &["A01:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Path],
    becomes: "names a file on the server",
    sink: "the file is opened.",
    details: "With `..` or an absolute path the name leaves the directory that was meant.",
    impact: "A caller can read files such as configuration and keys, or overwrite what the server runs.",
    fix: "Take the base name only, or resolve the path and check that it is still inside the directory:",
    payload: "..%2f..%2f..%2fetc%2fpasswd",
    expect: "The answer must be 400 or 404, without the contents of that file.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
