//! A transaction that is still open on a way out of the function that began it.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::accesses::Transaction;

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unclosed-transaction",
            "A transaction stays open when the function is left early",
            Severity::Important,
            Stage::Data,
            &["W3.5", "W4.5", "C11.acid-properties.1", "K.performance-issues.6", "I.memory-leaks.1"],
            &[772, 404],
            &["API4:2023"],
        )
    },
    check,
};

/// How many ways out are shown.
const MAX_EXITS: usize = 3;

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for transaction in &model.accesses.transactions {
        let language = model.program.module(transaction.function.module).language;
        let throws = transaction.throws.filter(|_| Transaction::is_left_by_throwing(language));
        if transaction.exits.is_empty() && throws.is_none() {
            continue;
        }
        let span = model.program.span(transaction.opened);
        let route = model.route_served(transaction.function);
        let name = model.program.function_name(transaction.function);
        let subject = format!("unclosed {} {}", path(model, span), around(model, transaction.opened));
        let issue = match transaction.exits.is_empty() {
            false => Text::say("`{}` can return with this transaction still open.", &[&name]),
            true => Text::say("When a call in `{}` throws, this transaction stays open.", &[&name]),
        };
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(transaction.evidence);
        match route {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => {
                finding.severity = Severity::Suggestion;
                finding.details = Text::from("No route was found that comes here.");
            }
        }
        finding.trace.push(TraceStep { span, message: Text::from("It is begun here.") });
        for exit in transaction.exits.iter().take(MAX_EXITS) {
            let message = Text::from("Here the function is left, with neither a commit nor a rollback before.");
            finding.trace.push(TraceStep { span: *exit, message });
        }
        if let Some(call) = throws.filter(|_| transaction.exits.is_empty()) {
            let message = Text::from("When this throws, nothing rolls it back.");
            finding.trace.push(TraceStep { span: model.program.span(call), message });
        }
        finding.impact = Text::from(
            "The transaction keeps its locks and its connection: after a few such requests the pool is empty and every request waits. Or the connection goes back to the pool with it still open, and the next request's writes are rolled back with it.",
        );
        finding.fix = Text::from(
            "Roll back on every way out: in what always runs when the function is left (`defer`, `finally`, `using`), where a rollback after a commit does nothing; or let the library open it around a function and end it by itself.",
        );
        finding.verification = Text::from(
            "Let the step after the beginning fail, as often as the pool has connections: the next request must still be answered, and the database must show no session that is idle in a transaction.",
        );
        report.add_for_auditors(finding);
    }
}
