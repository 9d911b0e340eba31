//! A page that is found by counting the rows before it.

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::accesses::Says;
use model::{Method, Model};

use crate::support::{around, info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "deep-offset",
            "A page is found by counting all rows before it",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7"],
            &[1049, 400],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for amount in model.accesses.amounts.iter().filter(|a| a.says == Says::Offset && !a.is_capped) {
        let Some(access) = amount.access.map(|at| &model.accesses.all[at as usize]) else { continue };
        let Some(route) = access.function.and_then(|f| model.route_served(f)) else { continue };
        if !(route.method.is_safe() || route.method == Method::Any) {
            continue;
        }
        let span = model.program.span(amount.value);
        let written = model.sources.text(span);
        let subject = format!("offset {} {} {written}", path(model, span), around(model, amount.value));
        let issue =
            Text::say("The caller chooses how many rows are passed over (`{}`), as many as there are.", &[written]);
        let mut finding = report.finding(subject, span, issue);
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        for (at, place) in amount.way.iter().enumerate() {
            let message = if at == 0 { "The request says where to begin." } else { "It goes on here." };
            finding.trace.push(TraceStep { span: *place, message: Text::from(message) });
        }
        finding.impact = Text::from(
            "The database reads and throws away every row before the page: the last pages of a large table take as long as reading all of it. Rows that come in meanwhile appear twice or not at all.",
        );
        finding.fix = Text::from(
            "Go on from the last key that the caller has seen (`WHERE id < last ORDER BY id DESC LIMIT n`, with an index on that order), and give the caller that key as a cursor. Where pages must have numbers, cap the offset.",
        );
        finding.verification = Text::from(
            "Ask for a page far behind on a table with a million rows: it must take no longer than the first.",
        );
        finding.trade_offs = Text::from("A cursor cannot jump to a page by its number.");
        report.add_for_auditors(finding);
    }
}
