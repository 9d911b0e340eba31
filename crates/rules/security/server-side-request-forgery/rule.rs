//! Untrusted data chooses where the server sends a request.

use base::{Escalation, RuleInfo, Severity, Stage};
use ir::ExprKind;
use model::Model;
use model::flow::{Flow, Kind};
use model::guards::words;

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
    injection::report(model, report, &WORDS, &|flow, _| !looks_at_addresses(model, flow));
}

/// Whether a function that the address goes through asks for addresses of the own network: `IsNonPublicIP(ip)`,
/// `address.isLoopbackAddress()`, `only_public_connections do`.
fn looks_at_addresses(model: &Model, flow: &Flow) -> bool {
    injection::functions_of(model, flow).into_iter().any(|id| {
        let module = model.program.module(id.module);
        let mut function = id.function;
        while let Some(outer) = module.function(function).parent {
            function = outer;
        }
        module.exprs_within(module.function(function).range).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => asks_for_inner(name.as_str()),
            _ => false,
        })
    })
}

fn asks_for_inner(name: &str) -> bool {
    let named = words(name);
    let has = |wanted: &[&str]| named.iter().any(|w| wanted.contains(&w.as_str()));
    has(&["loopback", "ssrf"])
        || has(&["private", "public", "internal"])
            && has(&["ip", "ips", "network", "networks", "address", "addresses", "connections"])
}
