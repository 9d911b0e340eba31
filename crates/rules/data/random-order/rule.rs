//! All rows are sorted by chance to take some.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::accesses::Does;

use crate::support::{around, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "random-order",
            "All rows are sorted by chance to take a few",
            Severity::Suggestion,
            Stage::Data,
            &["W3.2"],
            &[1049],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for access in &model.accesses.all {
        if !matches!(access.does, Does::List | Does::One) || !is_production(model, access.span) {
            continue;
        }
        let Some(route) = access.function.and_then(|f| model.route_served(f)) else { continue };
        if !model.sorts_by_chance(access) {
            continue;
        }
        let subject = format!("chance {} {}", path(model, access.span), around(model, access.call));
        let issue = Text::say("`{}` sorts all rows by chance.", &[&access.name]);
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        finding.impact = Text::from(
            "The database gives every row a random number and sorts all of them, for each request: no index helps, and the time grows with the table.",
        );
        finding.fix = Text::from(
            "Choose random keys in the code and read those rows (`WHERE id >= chosen ORDER BY id LIMIT 1`), or keep a column of random numbers with an index.",
        );
        finding.verification = Text::from("`EXPLAIN` on a large table must show no sort of all rows.");
        report.add_for_auditors(finding);
    }
}
