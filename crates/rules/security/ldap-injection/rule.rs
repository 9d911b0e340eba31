//! Untrusted data changes an LDAP query.

use base::{Escalation, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "ldap-injection",
            "Untrusted data changes an LDAP query",
            Severity::Critical,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[90],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Ldap],
    becomes: "becomes part of an LDAP query",
    sink: "the directory reads the query.",
    details: "Parentheses and asterisks in the value change the filter.",
    impact: "A caller can sign in as another user or list the directory.",
    fix: "Escape the value for filters (RFC 4515) or give it as an argument:",
    payload: "*",
    expect: "The answer must be that of a value that does not exist.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
