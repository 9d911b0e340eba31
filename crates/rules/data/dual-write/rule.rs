//! A row that is written and a message about it that nothing keeps together.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;

use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "dual-write",
            "A row is written and a message sent, and a crash between them loses one",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C11.acid-properties.1"],
            &[662],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for dual in &model.accesses.duals {
        let span = model.program.span(dual.sends);
        let write = &model.accesses.all[dual.write as usize];
        let name = model.program.function_name(dual.function);
        let subject = format!("dual {} {}", path(model, span), around(model, dual.sends));
        let issue = Text::say(
            "`{}` writes to the database and then sends a message: when the process dies between them, the message is lost.",
            &[&name],
        );
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(dual.evidence);
        let held = model.accesses.transactions.iter().any(|t| t.calls.contains(&dual.sends));
        match model.route_served(dual.function) {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => {
                finding.severity = Severity::Suggestion;
                finding.details = Text::from("No route was found that comes here.");
            }
        }
        let sent = match held {
            true => {
                "2. The message leaves before the commit. 3. The process dies, or the transaction is rolled back: others act on a row that is not there."
            }
            false => {
                "2. The process dies here, or the broker does not answer. 3. The row is there, and nobody is ever told of it."
            }
        };
        finding.trace = vec![
            TraceStep { span: write.span, message: Text::from("1. The row is written.") },
            TraceStep { span, message: Text::from(sent) },
        ];
        finding.impact = Text::from(
            "The systems that live by these messages drift away from the database, one deployment or broker failure at a time: an order that is never shipped, a search index that misses a row. Trying again does not help, since the caller may never come back.",
        );
        finding.fix = Text::from(
            "Write the message into a table in the same transaction as the row and let a worker send it and mark it as sent (an outbox), or read the changes from the database's log (change data capture). Consumers must then bear to get a message twice.",
        );
        finding.verification = Text::from(
            "Stop the broker and send the request, then kill the service and start both again: the message must arrive.",
        );
        report.add_for_auditors(finding);
    }
}
