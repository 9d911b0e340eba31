//! Untrusted data becomes markup.

use base::{Escalation, Finding, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::{Flow, Kind};

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "cross-site-scripting",
            "Untrusted data becomes markup",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.1"],
            &[79],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Html],
    becomes: "is sent to the browser as markup",
    sink: "it becomes part of the page.",
    details: "The text is put into HTML without escaping, so it can bring its own elements and scripts.",
    impact: "A script of somebody else runs in the visitor's session and does what the visitor may do.",
    fix: "Let the template escape it, escape it yourself, or answer with a type that is not HTML:",
    payload: "%3Cb%3Ex%3C%2Fb%3E",
    expect: "The answer must hold `&lt;b&gt;`, not `<b>`, or not be HTML.",
};

fn check(model: &Model, report: &mut Report<'_>) {
    // plain text and JSON are no markup
    let judge = |flow: &Flow, _: &mut Finding| !model::markup::is_declared_otherwise(&model.program, flow.sink.at);
    injection::report(model, report, &WORDS, &judge);
}
