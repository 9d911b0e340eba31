//! A lock on rows that holds nothing.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::accesses::Misuse;

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "lock-misuse",
            "A lock on rows holds nothing",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C11.transaction-patterns.2", "I.race-conditions.2", "C4.common-problems-solutions.6"],
            &[667, 413],
            &["API6:2023"],
        )
    },
    check,
};

const NEVER_SENT: &str = "This query is to lock its rows, but nobody goes through what it gives: it is never sent.";
const OF_NUMBER: &str = "This query is to lock its rows, but it asks for a number: the lock is left out of it.";
const ALONE: &str = "This locks a row while no transaction is open: the lock is gone before the next statement.";
const BEFORE: &str = "This locks a row before the transaction begins that it should hold in: the lock is gone by then.";

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for lock in &model.accesses.locks {
        let span = model.program.span(lock.call);
        let issue = match (lock.misuse, lock.before) {
            (Misuse::NeverSent, _) => NEVER_SENT,
            (Misuse::OfNumber, _) => OF_NUMBER,
            (Misuse::Alone, None) => ALONE,
            (Misuse::Alone, Some(_)) => BEFORE,
        };
        let subject = format!("lock {} {}", path(model, span), around(model, lock.call));
        let mut finding = report.finding(numbered(&mut seen, subject), span, Text::from(issue));
        finding.evidence = finding.evidence.min(lock.evidence);
        match model.route_served(lock.function) {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => finding.details = Text::from("No route was found that comes here."),
        }
        finding.trace.push(TraceStep {
            span,
            message: Text::from("1. Request A comes here and locks nothing that lasts. 2. So does request B."),
        });
        if let Some(begun) = lock.before {
            finding.trace.push(TraceStep {
                span: model.program.span(begun),
                message: Text::from("3. Each begins its transaction and works with the row that it read before."),
            });
        }
        finding.impact = Text::from(
            "The code behind it counts on being alone with the row and is not: two requests at once both read the old state, and the second writes over the first or does the same thing again.",
        );
        finding.fix = Text::from(match lock.misuse {
            Misuse::NeverSent => {
                "Go through the query (read the rows, or their keys as a list) inside the transaction, so that it is sent and locks."
            }
            Misuse::OfNumber => {
                "Lock a row that stands for all that is counted (the parent) and count after that, or take an advisory lock for it; for numbers use a sequence."
            }
            Misuse::Alone => {
                "Open the transaction first, lock within it, and read what is decided by only after the lock; a lock ends with its transaction."
            }
        });
        finding.verification = Text::from(
            "Stop one request right after this line (a breakpoint) and send another: it must wait. The statement log must show the lock between BEGIN and COMMIT.",
        );
        report.add_for_auditors(finding);
    }
}
