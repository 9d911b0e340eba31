//! A call of another system while a transaction is open.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::accesses::Form;
use model::{Kind, Model};

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "outbound-call-in-transaction",
            "Another system is called while a transaction is open",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C4.common-problems-solutions.6", "K.performance-issues.6"],
            &[833, 667],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for outgoing in &model.accesses.outgoing {
        let transaction = &model.accesses.transactions[outgoing.transaction as usize];
        let span = model.program.span(outgoing.call);
        let route = model.route_served(transaction.function);
        let record = model.facts.record(outgoing.record);
        let what = match (record.kind, record.label.as_deref()) {
            (Kind::Publishes, Some("mail")) => "sends a mail",
            (Kind::Publishes, Some("job")) => "hands a job to a queue",
            (Kind::Publishes, _) => "sends a message",
            _ => "calls another system",
        };
        let subject = format!("outgoing {} {} {}", path(model, span), around(model, outgoing.call), outgoing.name);
        let issue = Text::say("`{}` {} while a transaction is open.", &[&outgoing.name, what]);
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(outgoing.evidence);
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
        let opened = match transaction.form {
            Form::Declared => "All of this function runs in a transaction.",
            Form::Scoped | Form::Begun => "The transaction is opened here.",
        };
        finding.trace.push(TraceStep { span: model.program.span(transaction.opened), message: Text::from(opened) });
        if !outgoing.way.is_empty() {
            finding.trace.push(TraceStep { span, message: Text::from("While it is open, this is called.") });
        }
        for (at, call) in outgoing.way.iter().enumerate() {
            let message = match at + 1 == outgoing.way.len() {
                true => "This leaves the process.",
                false => "This leads on.",
            };
            finding.trace.push(TraceStep { span: model.program.span(*call), message: Text::from(message) });
        }
        finding.impact = match record.kind {
            Kind::Publishes => Text::from(
                "Whoever gets it may act before the rows are committed, and does not see them. When the transaction is rolled back, it is out all the same; and while the server that takes it is slow, the locks and the connection are kept.",
            ),
            _ => Text::from(
                "The transaction keeps its locks and its connection until the other system answers. When that is slow, requests wait for the rows and then for a free connection, and all of the service stands still. What was done there stays done when the transaction is rolled back.",
            ),
        };
        finding.fix = Text::from(
            "Commit first and call then; or call first and write what came back in a short transaction afterwards. Where neither may be lost, write what is to be sent into a table in the same transaction and let a worker send it (an outbox).",
        );
        finding.verification = Text::from(
            "Let the other system answer after thirty seconds and look at the database's open transactions meanwhile: there must be none of this request.",
        );
        report.add(finding);
    }
}
