//! Answers that tell callers what went wrong inside.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::answers::ErrorPart;

use crate::support::{around, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(4.3),
        ..info(
            "error-detail-leak",
            "An answer tells what went wrong inside",
            Severity::Important,
            Stage::Api,
            &["W1.5", "K.important-issues.2", "C8.error-response-design.6"],
            &[209, 550],
            &["A05:2021", "API8:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for answer in model.answers.iter().filter(|a| is_production(model, a.span) && !a.development_only) {
        let (what, span) = answer.error;
        let server_fault = answer.status.is_some_and(|s| s >= 500);
        // with 4xx, messages tell callers what they did wrong
        let is_told = match what {
            ErrorPart::Stack => true,
            ErrorPart::Whole => !answer.status.is_some_and(|s| (400..500).contains(&s)),
            ErrorPart::Message => server_fault || answer.is_any && answer.status.is_none_or(|s| s < 400),
        };
        if !is_told {
            continue;
        }
        let issue = match what {
            ErrorPart::Stack => "A stack trace is sent to the caller.",
            ErrorPart::Whole => "The error is sent to the caller as it is.",
            ErrorPart::Message => "The text of an internal error is sent to the caller.",
        };
        let subject = format!("answer {} {}", path(model, answer.span), around(model, answer.at));
        let mut finding = report.finding(subject, span, Text::from(issue));
        finding.severity = if what == ErrorPart::Stack { Severity::Important } else { Severity::Suggestion };
        finding.evidence = Evidence::Shown;
        finding.details = match answer.status {
            Some(status) => Text::say("The answer has status {}.", &[&status.to_string()]),
            None => Text::from("The status of the answer is not set here."),
        };
        finding.impact = Text::from(
            "Messages of drivers and libraries hold queries, paths, host names and versions: what an attacker needs next. And callers begin to depend on texts that nobody meant to promise.",
        );
        finding.fix = Text::from(
            "Log the error with an identifier, and answer with that identifier and a fixed text; one place for all routes is enough (an error handler, a filter, an exception mapper).",
        );
        finding.verification =
            Text::from("Stop the database and call the route: the answer must not name it, and the log must.");
        report.add(finding);
    }
}
