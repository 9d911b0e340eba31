//! Clients that are made again for each request.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::support::{apply_mended, around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "connection-per-request",
            "A client or pool is made for each request",
            Severity::Important,
            Stage::Data,
            &["W4.5"],
            &[772, 400],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for made in &model.accesses.reopened {
        let span = model.program.span(made.call);
        let Some(route) = model.route_served(made.function) else { continue };
        if route.path.contains("test") || is_given_pool(model, made.call) {
            continue;
        }
        let name = made.name.as_str();
        let subject = format!("made {} {} {name}", path(model, span), around(model, made.call));
        let issue = Text::say("`{}` is made anew for each request.", &[name]);
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here, and nothing keeps what is made.", &[&route.name()]);
        finding.impact = Text::from(
            "Each request opens connections of its own: several round trips before the first useful one, and under load more connections than the other side accepts. What is not closed stays open.",
        );
        finding.fix = Text::from("Make it once when the application starts, and use it everywhere:");
        if model.facts.record(made.record).label.as_deref() == Some("pool") {
            apply_mended(model, &mut finding, made.record);
        } else {
            finding.fix = Text::from(
                "Make a pool once when the application starts, and take a connection out of it for each request.",
            );
        }
        finding.verification = Text::from(
            "Send a hundred requests at once and count the connections on the other side: there must be no more than the pool allows, and no new ones with the next hundred.",
        );
        report.add_for_auditors(finding);
    }
}

/// Whether it is given a pool that others share.
fn is_given_pool(model: &Model, call: program::ExprRef) -> bool {
    let module = model.program.module(call.module);
    let ir::ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    args.iter().any(|a| a.name.is_some_and(|n| n.as_str().contains("pool")))
}
