//! A statement that goes beside the transaction that is open around it.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "statement-outside-transaction",
            "A statement goes beside the transaction around it",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C11.acid-properties.1", "C11.acid-properties.3"],
            &[662],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for outside in &model.accesses.outside {
        let access = &model.accesses.all[outside.access as usize];
        let transaction = &model.accesses.transactions[outside.transaction as usize];
        let at = outside.by.unwrap_or(access.call);
        let span = outside.by.map_or(access.span, |call| model.program.span(call));
        let subject = format!("outside {} {}", path(model, span), around(model, at));
        let issue = match outside.by {
            None => Text::say(
                "`{}` goes over another connection than the transaction `{}` that is open around it.",
                &[&access.name, &outside.handle],
            ),
            Some(_) => Text::say(
                "This call leads to `{}`, which knows nothing of the transaction `{}` that is open around it and goes over another connection.",
                &[&access.name, &outside.handle],
            ),
        };
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(outside.evidence);
        if access.does.reads() {
            finding.severity = Severity::Suggestion;
        }
        match model.route_served(transaction.function) {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => {
                finding.severity = Severity::Suggestion;
                finding.details = Text::from("No route was found that comes here.");
            }
        }
        finding.trace = vec![
            TraceStep {
                span: model.program.span(transaction.opened),
                message: Text::from("The transaction begins here."),
            },
            TraceStep { span: model.program.span(outside.over), message: Text::from("This goes over it.") },
            TraceStep {
                span: access.span,
                message: Text::from(
                    "This does not: it takes a second connection, sees nothing of what the transaction wrote, and stays when it is rolled back.",
                ),
            },
        ];
        if outside.by.is_some() {
            finding.trace.insert(2, TraceStep { span, message: Text::from("This leads on, without the transaction.") });
        }
        finding.impact = Text::from(
            "A read misses the rows that the transaction just wrote; a write stays when the rest is rolled back, or waits for a row that the own transaction has locked. And each such request holds two connections: when all of the pool's are taken by transactions that wait for a second one, the service stands still.",
        );
        finding.fix = Text::say("Send it over `{}`, as the others are.", &[&outside.handle]);
        finding.verification = Text::from(
            "Give the pool a single connection and send the request: it must answer. The statement log must show all of it between one BEGIN and its COMMIT.",
        );
        report.add_for_auditors(finding);
    }
}
