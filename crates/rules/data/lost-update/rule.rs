//! A value that is read, changed in memory and written back.

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::guards::words;

use crate::support::{apply_mended_with, around, info, path, words_of};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "lost-update",
            "Two requests at once lose a change",
            Severity::Important,
            Stage::Data,
            &[
                "K.critical-issues.8",
                "W3.5",
                "C11.transaction-patterns.1",
                "C11.transaction-patterns.2",
                "I.race-conditions.1",
            ],
            &[362, 367],
            &["API6:2023"],
        )
    },
    check,
};

/// Words of what costs money or goods when a change of it is lost.
const PRECIOUS: [&str; 16] = [
    "balance",
    "stock",
    "quantity",
    "qty",
    "credit",
    "credits",
    "amount",
    "inventory",
    "seats",
    "points",
    "coins",
    "funds",
    "wallet",
    "available",
    "remaining",
    "quota",
];

fn check(model: &Model, report: &mut Report<'_>) {
    for update in &model.accesses.updates {
        let span = update.change;
        let route = model.route_served(update.function);
        let access = &model.accesses.all[update.access as usize];
        let subject = format!("update {} {} {}", path(model, span), around(model, update.write), update.what);
        let issue = Text::say(
            "`{}` is read, changed in memory and written back: of two requests at once one is lost.",
            &[&update.what],
        );
        let mut finding = report.finding(subject, span, issue);
        let is_precious = words(update.field.as_str()).iter().any(|w| PRECIOUS.contains(&w.as_str()));
        finding.severity = match (route.is_some(), is_precious) {
            (true, true) => Severity::Critical,
            (true, false) => Severity::Important,
            _ => Severity::Suggestion,
        };
        finding.evidence = finding.evidence.min(access.evidence);
        match route {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => finding.details = Text::from("No route was found that comes here."),
        }
        finding.trace = vec![
            TraceStep {
                span: model.program.span(update.read),
                message: Text::from(
                    "1. Request A reads the row. 2. Request B reads the same row, with the same value.",
                ),
            },
            TraceStep { span, message: Text::from("3. Each makes its new value from the old one that it read.") },
            TraceStep {
                span: model.program.span(update.write),
                message: Text::from("4. A writes its value. 5. B writes its own over it: A's change is gone."),
            },
        ];
        finding.impact = Text::from(
            "The value drifts from what happened: money, stock or counts are wrong, and nothing in the logs says why. A transaction around it does not help at the usual isolation level (read committed).",
        );
        if update.is_whole {
            finding.impact = Text::from(
                "The whole is written back as it was read, with one change: what another request put into it meanwhile is gone, and nothing in the logs says so. A transaction around it does not help at the usual isolation level (read committed).",
            );
        }
        finding.fix = Text::from(
            "Let the database do the arithmetic in one statement (`SET n = n + 1`, with the condition that must hold in its WHERE), or lock the row when it is read, or write only if a version column is still the one that was read.",
        );
        let mut said = words_of(model, update.access);
        said.push(("changed", update.field.to_string()));
        apply_mended_with(model, &mut finding, access.record, &said);
        finding.verification = Text::from(
            "Send the same request fifty times at once to a fresh row: the value must have changed by exactly fifty.",
        );
        // where nobody is known to come, it may be what runs once, when the program starts
        match update.is_whole && route.is_none() {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}
