//! Pages of rows that come in no order.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::accesses::Says;

use crate::support::{around, info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unordered-page",
            "Pages of rows that come in no order",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7"],
            &[1049],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for amount in model.accesses.amounts.iter().filter(|a| a.says == Says::Offset) {
        let Some(access) = amount.access.map(|at| &model.accesses.all[at as usize]) else { continue };
        if model.is_ordered(access) != Some(false) {
            continue;
        }
        let Some(route) = access.function.and_then(|f| model.route_served(f)) else { continue };
        let subject = format!("unordered {} {}", path(model, access.span), around(model, access.call));
        let issue = Text::say("`{}` gives pages of rows, and nothing says in which order.", &[&access.name]);
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        finding.impact = Text::from(
            "Without an order the database may give rows in another one each time: a row is on two pages, or on none, as soon as rows change or a plan does.",
        );
        finding.fix = Text::from(
            "Order by what the reader expects and, last, by the primary key, so that no two rows are equal.",
        );
        finding.verification = Text::from(
            "Change a row between two requests for neighbouring pages: together they must hold each row once.",
        );
        report.add_for_auditors(finding);
    }
}
