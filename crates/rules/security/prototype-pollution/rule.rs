//! Untrusted keys change the prototype of all objects.

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
            "prototype-pollution",
            "Untrusted keys change the prototype of all objects",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.7", "W2.6"],
            &[1321],
            &["A08:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Prototype],
    becomes: "is merged into an object key by key",
    sink: "keys of the caller's choice are set.",
    details: "The key `__proto__` leads to the prototype that all objects share.",
    impact: "A caller gives every object a property: checks such as `if (user.isAdmin)` pass, or the server stops.",
    fix: "Copy the fields that you know, refuse `__proto__`, `constructor` and `prototype`, or use a `Map`:",
    payload: "x",
    expect: "After a body of `{\"__proto__\": {\"polluted\": 1}}` the expression `({}).polluted` must be undefined.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
