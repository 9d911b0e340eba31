//! A connection, or an open result on one, that is not given back on some way out.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;

use crate::support::{apply_mended, around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "connection-leak",
            "A connection is not given back when something goes wrong",
            Severity::Important,
            Stage::Data,
            &["I.memory-leaks.1", "K.performance-issues.6", "W4.5", "C3.relational-databases-sql.11"],
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
    for leak in &model.accesses.leaks {
        let span = model.program.span(leak.taken);
        let name = model.program.function_name(leak.function);
        let subject = format!("leak {} {}", path(model, span), around(model, leak.taken));
        let issue = match (leak.is_ended, leak.exits.is_empty()) {
            (false, _) => Text::say("`{}` takes this and never gives it back.", &[&name]),
            (true, false) => Text::say("`{}` can return without giving this back.", &[&name]),
            (true, true) => Text::say("When a call in `{}` throws, this is not given back.", &[&name]),
        };
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.evidence = finding.evidence.min(leak.evidence);
        match model.route_served(leak.function) {
            Some(route) => {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            None => {
                finding.severity = Severity::Suggestion;
                finding.details = Text::from("No route was found that comes here.");
            }
        }
        finding.trace.push(TraceStep { span, message: Text::from("It is taken here.") });
        for exit in leak.exits.iter().take(MAX_EXITS) {
            let message = Text::from("Here the function is left, and it was not given back before.");
            finding.trace.push(TraceStep { span: *exit, message });
        }
        if let Some(call) = leak.throws.filter(|_| leak.exits.is_empty()) {
            let message = Text::from("When this throws, nothing gives it back.");
            finding.trace.push(TraceStep { span: model.program.span(call), message });
        }
        finding.impact = Text::from(
            "Each such request keeps a connection for good. When the pool is empty every request waits and then fails, until the process is started again.",
        );
        finding.fix = Text::from(
            "Give it back in what always runs when the function is left: `defer`, `finally`, `using`, `with`, try-with-resources.",
        );
        apply_mended(model, &mut finding, leak.record);
        finding.verification = Text::from(
            "Let the step after it fail more often than the pool has connections: the next request must still be answered.",
        );
        report.add_for_auditors(finding);
    }
}
