//! Routes that take a body which nobody checks.

use base::{Evidence, Finding, RuleInfo, Severity, Span, Stage, Text};
use model::{GuardKind, Model, Route};

use crate::support::{handler, info, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.3),
        ..info(
            "unvalidated-body",
            "A body is used that nobody checks",
            Severity::Important,
            Stage::Security,
            &["W2.5", "K.critical-issues.9", "C10.input-validation.6"],
            &[20, 1284, 915],
            &["A03:2021", "A04:2021", "API3:2023"],
        )
    },
    check,
};

/// As many unchecked bodies are told one by one.
const ALONE: usize = 5;

fn check(model: &Model, report: &mut Report<'_>) {
    for service in &model.services {
        let mut unchecked: Vec<(&Route, Span)> = Vec::new();
        let mut taken = rustc_hash::FxHashSet::default();
        for route in routes(model).filter(|r| r.service == service.name && !r.method.is_safe()) {
            let Some(function) = handler(route) else { continue };
            let Some((body, validated)) = model.body_of(route, function) else { continue };
            // one handler may answer under several routes
            if !taken.insert((function, body)) {
                continue;
            }
            if !validated && !route.has_guard(GuardKind::Validation) {
                unchecked.push((route, body));
            }
        }
        // a few are told one by one, many together
        let groups: Vec<&[(&Route, Span)]> = match unchecked.len() {
            0 => continue,
            n if n <= ALONE => unchecked.chunks(1).collect(),
            _ => vec![unchecked.as_slice()],
        };
        let most = unchecked.len() * 2 > taken.len() && taken.len() > 2;
        let counts = (unchecked.len(), taken.len());
        for group in groups.into_iter().filter(|g| !g.is_empty()) {
            let finding = of_group(report, &service.name, group, counts, most);
            // where most bodies are checked, the others are often checked by other means; what is stored as it
            // came is not
            let is_stored = group.iter().any(|(r, _)| handler(r).is_some_and(|f| model.binds_entity(r, f)));
            match most || is_stored {
                true => report.add(finding),
                false => report.add_for_auditors(finding),
            }
        }
    }
}

/// The finding about some routes.
fn of_group(
    report: &Report<'_>,
    service: &str,
    group: &[(&Route, Span)],
    (unchecked, taken): (usize, usize),
    most: bool,
) -> Finding {
    let (first, span) = group[0];
    let (subject, issue) = match group {
        [_] => (format!("body {}", first.name()), Text::say("`{}` uses its body unchecked.", &[&first.name()])),
        _ => (
            format!("bodies {service}"),
            Text::say(
                "{} of the {} handlers that take a body use it unchecked.",
                &[&unchecked.to_string(), &taken.to_string()],
            ),
        ),
    };
    let mut finding = report.finding(subject, span, issue);
    finding.endpoint = Some(first.name());
    finding.evidence = Evidence::Suspected;
    finding.severity = if most { Severity::Important } else { Severity::Suggestion };
    finding.details = Text::from(
        "No schema, validator or check that answers 400 or 422 was found in the handler, in what it calls, or before it.",
    );
    finding.impact = Text::from(
        "Missing fields end as errors 500, wrong types as wrong data, unexpected fields as changes that nobody meant to allow; and every injection begins with input that nobody looked at.",
    );
    finding.fix = Text::from(
        "Declare the shape of each body once (types, lengths, ranges, allowed fields), check it before the handler, answer 400 or 422 with what is wrong, and refuse fields that are not declared.",
    );
    finding.verification = Text::say(
        "Send `{}` an empty object, wrong types, a very long string and an unknown field: each must be answered with 400 or 422.",
        &[&first.name()],
    );
    for (route, place) in group.iter().skip(1).take(20) {
        let message = Text::say("`{}` takes its body here.", &[&route.name()]);
        finding.related.push(base::Related { span: *place, message });
    }
    finding
}
