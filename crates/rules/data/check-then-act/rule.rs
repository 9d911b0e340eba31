//! A row that is looked for and written when it is not there, with nothing that keeps a second one out.

use std::collections::BTreeMap;

use base::{Evidence, RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::accesses::Uniqueness;

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "check-then-act",
            "Two requests at once both find no row and both write one",
            Severity::Important,
            Stage::Data,
            &["K.critical-issues.8", "W3.5", "C11.isolation-levels.2", "I.race-conditions.4"],
            &[367, 362],
            &["API6:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    if model.accesses.checks.is_empty() {
        return;
    }
    let said = model.uniques();
    let mut seen = BTreeMap::new();
    for check in &model.accesses.checks {
        // where nothing is known to come here, one process may be all there is
        let Some(route) = model.route_served(check.function) else { continue };
        let uniqueness = model.uniqueness(&check.subject, &check.keys, &said);
        if uniqueness == Uniqueness::Unique {
            continue;
        }
        let span = model.program.span(check.write);
        let keys = check.keys.join(", ");
        let subject = format!("check {} {} {}", path(model, span), around(model, check.write), check.subject);
        let issue = Text::say(
            "`{}` writes because none with the same `{}` was found: two requests at once both find none and both write.",
            &[&check.name, &keys],
        );
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(check.evidence);
        finding.endpoint = Some(route.name());
        finding.details = match uniqueness {
            Uniqueness::Many => {
                Text::say("`{}` comes here. The schema has no unique index on `{}`.", &[&route.name(), &keys])
            }
            _ => {
                finding.evidence = Evidence::Suspected;
                Text::say(
                    "`{}` comes here. Nothing in the repository says that `{}` is unique.",
                    &[&route.name(), &keys],
                )
            }
        };
        finding.trace = vec![
            TraceStep {
                span: model.program.span(check.read),
                message: Text::from("1. Request A looks and finds none. 2. Request B looks and finds none either."),
            },
            TraceStep {
                span: check.decides,
                message: Text::from("3. Each decides by what it found, which no longer holds."),
            },
            TraceStep { span, message: Text::from("4. A writes its row. 5. B writes a second one.") },
        ];
        finding.impact = Text::from(
            "There are two rows where the code believes in one: a name taken twice, a coupon used twice, a thing counted twice; and code that expects one row fails later, elsewhere. A transaction around both does not help at the usual isolation level (read committed).",
        );
        finding.fix = Text::from(
            "Let the database keep the second one out: a unique index on these columns, and an insert that takes its refusal as the answer (`INSERT … ON CONFLICT DO NOTHING`, or catch the violation). The look before may stay, as a kind answer for the usual case.",
        );
        finding.verification = Text::from(
            "Send the same request twenty times at once with a fresh value: one row must be there afterwards.",
        );
        report.add(finding);
    }
}
