//! A caller can set any field of a stored object.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::privileges;
use crate::support::{info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        ..info(
            "mass-assignment",
            "A caller can set any field of a stored object",
            Severity::Important,
            Stage::Security,
            &["C10.input-validation.5", "W2.6"],
            &[915],
            &["A08:2021", "API3:2023"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::MassAssignment],
    becomes: "sets the fields of a stored object as a whole",
    sink: "every field that it names is set.",
    details: "Fields that the form does not show can be sent all the same.",
    impact: "A caller sets fields such as a role, an owner or a price.",
    fix: "Name the fields that may be set:",
    payload: "true",
    expect: "After sending an extra field such as `role` the stored object must not have it.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
    own_rights(model, report);
}

/// A role or an administrator's mark that the caller names.
fn own_rights(model: &Model, report: &mut Report<'_>) {
    for given in privileges::given(model) {
        let subject =
            format!("privilege {} {} {}", path(model, given.span), given.name, model.sources.start(given.span).line);
        let issue = match given.is_bound {
            true => Text::say("The request is read into a stored object as a whole, `{}` included.", &[&given.name]),
            false => Text::say("The caller chooses `{}`, which says what the account may do.", &[&given.name]),
        };
        let mut finding = report.finding(subject, given.span, issue);
        finding.evidence = Evidence::Shown;
        finding.endpoint = given.route.map(model::Route::name);
        finding.details = Text::from("Nothing on the way asks whether the caller may give such a right.");
        finding.impact = Text::from("Anyone makes an administrator's account, or turns the own one into one.");
        finding.fix = Text::say(
            "Take `{}` out of what callers may set, and set it in the code; let a route for administrators change it.",
            &[&given.name],
        );
        finding.verification =
            Text::say("Send the request with `{}` set: the stored object must keep its default.", &[&given.name]);
        report.add(finding);
    }
}
