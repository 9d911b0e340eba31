//! A list without a limit.

use base::{RuleInfo, Severity, Stage, Text};
use model::accesses::Does;
use model::{Method, Model};

use crate::running::weigh_by_rows;
use crate::support::{apply_paged, around, info, path, words_of};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unbounded-query",
            "A request reads as many rows as there are",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7", "W4.3", "W4.6"],
            &[770, 1049],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let lists = model.accesses.all.iter().enumerate().filter(|(_, a)| a.does == Does::List && !a.is_limited);
    for (at, access) in lists {
        let Some(function) = access.function else { continue };
        let Some(route) = model.route_served(function) else { continue };
        let shows = route.method.is_safe() || route.method == Method::Any;
        if !shows || access.is_filtered || model.speaks_of_pages(function) {
            continue;
        }
        let subject = format!("unbounded {} {} {}", path(model, access.span), around(model, access.call), access.name);
        let mut finding = report.finding(
            subject,
            access.span,
            Text::say("`{}` reads all rows of its table, however many there are.", &[&access.name]),
        );
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        finding.evidence = finding.evidence.min(access.evidence);
        finding.impact = Text::from(
            "The answer grows with the table: latency and memory with it, until a few requests at once exhaust the process. Whoever may call it can do that on purpose.",
        );
        finding.fix = Text::from(
            "Give it a limit with a maximum of your own and a way to the next page (by the last key seen rather than by an offset).",
        );
        apply_paged(model, &mut finding, access.record, &words_of(model, at as u32));
        finding.verification =
            Text::from("Put 100,000 rows into the table and call it: size and time of the answer must not follow.");
        weigh_by_rows(model, access, &mut finding);
        report.add(finding);
    }
}
