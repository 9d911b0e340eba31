//! Untrusted data chooses where a browser is sent.

use base::{Evidence, Finding, RuleInfo, Severity, Stage, Text};
use ir::{ExprKind, Literal};
use model::Model;
use model::flow::{Flow, Kind, Place};

use crate::injection::{self, Words, callee};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.1),
        ..info(
            "open-redirect",
            "Untrusted data chooses where a browser is sent",
            Severity::Important,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[601],
            &["A01:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Redirect],
    becomes: "chooses where the browser is sent",
    sink: "the browser is sent there.",
    details: "A link to your site can end on any other.",
    impact: "Visitors who trust your address are led to a copy of your login page; tokens in the address go along.",
    fix: "Allow only paths of your own site, or look the target up in a list:",
    payload: "https%3A%2F%2Fexample.org%2F",
    expect: "The answer must not have `Location: https://example.org/`.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &|flow, finding| !tells_of_a_new(model, flow) && judge(flow, finding));
}

/// Whether a header tells where a new thing is, with an answer that sends no browser anywhere: `201 Created`.
fn tells_of_a_new(model: &Model, flow: &Flow) -> bool {
    let sends = callee(model, flow.sink.at).to_ascii_lowercase().contains("redirect");
    let module = model.program.module(flow.sink.at.module);
    let around = model.program.scopes(flow.sink.at.module).owner(flow.sink.at.expr).function;
    !sends
        && around.is_some_and(|function| {
            module.exprs_within(module.function(function).range).any(|(_, e)| match &e.kind {
                ExprKind::Literal(Literal::Int(Some(201))) => true,
                ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                    matches!(name.as_str(), "CREATED" | "Created" | "StatusCreated" | "HTTP_201_CREATED")
                }
                _ => false,
            })
        })
}

/// A visitor's browser sends the headers and cookies, and no link of a stranger chooses them: what remains
/// are caches, proxies and neighbours of the same domain. The page that a visitor came from is no secret place.
fn judge(flow: &Flow, finding: &mut Finding) -> bool {
    match flow.source.place {
        Place::Header | Place::Cookie => {
            finding.severity = Severity::Suggestion;
            finding.evidence = Evidence::Suspected;
            finding.details = Text::from(
                "Whoever can set it (another host of the domain, a proxy, a cache) sends visitors to any other site.",
            );
            !flow.source.name.is_some_and(|name| name.as_str().to_ascii_lowercase().starts_with("refer"))
        }
        _ => true,
    }
}
