//! A template prints a value with escaping off.

use base::{Evidence, RuleInfo, Severity, Stage};
use model::Model;
use model::guards::words;

use crate::injection;
use crate::support::{info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.4),
        ..info(
            "unescaped-output",
            "A template prints a value without escaping it",
            Severity::Suggestion,
            Stage::Security,
            &["C10.sanitization.1", "W2.6"],
            &[79],
            &["A03:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    // what comes straight from the request is told elsewhere
    for output in model.outputs.iter().filter(|o| !o.is_request) {
        let mut finding = injection::unescaped(model, report, output);
        finding.evidence = Evidence::Suspected;
        // a mail in plain text escapes nothing
        let is_mail = path(model, output.span).to_ascii_lowercase().contains("mail");
        match is_plain_text(&output.value) && !is_mail {
            true => {
                finding.severity = Severity::Important;
                report.add(finding);
            }
            // much else is markup that the application made itself
            false => report.add_for_auditors(finding),
        }
    }
}

/// Whether a value is what people write in plain words: names, addresses, comments.
fn is_plain_text(value: &str) -> bool {
    let parts: Vec<Vec<String>> =
        value.split(['.', '[', ']', '\'', '"', '?', '!']).map(words).filter(|w| !w.is_empty()).collect();
    let [.., owner, last] = parts.as_slice() else { return false };
    let of = |list: &[&str]| owner.last().is_some_and(|w| list.contains(&w.as_str()));
    let joined = last.join("");
    let is_personal = matches!(
        joined.as_str(),
        "firstname"
            | "lastname"
            | "fullname"
            | "username"
            | "nickname"
            | "displayname"
            | "email"
            | "city"
            | "street"
            | "phone"
    );
    let of_person =
        of(&["user", "author", "customer", "owner", "member", "sender", "student", "employee", "account", "profile"]);
    let written = matches!(
        joined.as_str(),
        "content" | "contents" | "body" | "text" | "message" | "comment" | "title" | "subject" | "author"
    );
    // fields of a form are markup
    is_personal && !of(&["form"])
        || of_person && joined == "name"
        || written && of(&["comment", "review", "reply", "feedback", "testimonial", "guestbook", "complaint"])
        || of(&["response"]) && joined == "contents"
}
