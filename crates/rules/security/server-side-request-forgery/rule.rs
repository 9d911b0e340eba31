//! Untrusted data chooses where the server sends a request.

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
            "server-side-request-forgery",
            "Untrusted data chooses where the server sends a request",
            Severity::Critical,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[918],
            &["A10:2021", "API7:2023"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Url],
    becomes: "chooses where the server sends a request",
    sink: "the request is sent.",
    details: "The server reaches hosts that the caller cannot: metadata services, internal interfaces, the machine itself.",
    impact: "A caller can read internal services and, in a cloud, credentials of the machine.",
    fix: "Choose the host from a list of your own, refuse private and link-local addresses after resolution, and follow no redirects:",
    payload: "http%3A%2F%2F127.0.0.1%3A9%2F",
    expect: "The answer must be 400, and nothing may connect to that address.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
