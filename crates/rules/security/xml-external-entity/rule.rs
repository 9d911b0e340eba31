//! Untrusted XML is parsed with external entities.

use base::{Escalation, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.2),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "xml-external-entity",
            "Untrusted XML is parsed with external entities",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.5", "W2.6"],
            &[611],
            &["A05:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Xml],
    becomes: "is parsed as XML with external entities allowed",
    sink: "the parser resolves entities.",
    details: "A document can name files and addresses that the parser then reads.",
    impact: "A caller reads files of the server, reaches internal hosts, or exhausts memory with nested entities.",
    fix: "Switch document types and external entities off:",
    payload: "%3C!DOCTYPE%20a%20%5B%3C!ENTITY%20b%20SYSTEM%20%22file:///etc/hostname%22%3E%5D%3E%3Ca%3E%26b;%3C/a%3E",
    expect: "The answer must be 400, without the contents of that file.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
