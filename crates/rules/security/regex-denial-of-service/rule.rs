//! Regular expressions that untrusted data keeps busy.

use base::{RuleInfo, Severity, Span, Stage, Text, TraceStep};
use model::flow::{Flow, Kind};
use model::patterns::{self, Growth};
use model::{Kind as Fact, Model};

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.3),
        ..info(
            "regex-denial-of-service",
            "Untrusted data keeps a regular expression busy",
            Severity::Important,
            Stage::Security,
            &["C10.input-validation.4", "W2.6"],
            &[1333, 400],
            &["API4:2023"],
        )
    },
    check,
};

const CHOSEN: Words = Words {
    kinds: &[Kind::Regex],
    becomes: "becomes a regular expression",
    sink: "the pattern is compiled.",
    details: "A caller can send a pattern that takes exponential time, or one that matches everything.",
    impact: "One request keeps a thread busy for minutes; a few of them stop the server.",
    fix: "Escape the data, or match it as plain text:",
    payload: "(a%2B)%2B%24",
    expect: "The answer must come as fast as for a plain word.",
    stored: false,
};

const MATCHED: Words = Words {
    kinds: &[Kind::Matched],
    becomes: "is matched by a pattern that can take very long",
    sink: "the pattern is matched.",
    details: "",
    impact: "One request with a long value keeps a thread busy; a few of them stop the server.",
    fix: "Write the pattern so that each text can be read in one way only, and limit the length of the value first.",
    payload: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    expect: "The answer must come as fast as for a short value, also when the letters are those that the loop reads.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &CHOSEN, &injection::as_is);
    injection::report(model, report, &MATCHED, &|flow, finding| {
        let Some((pattern, growth, written)) = slow_pattern(model, flow) else { return false };
        let is_new = finding.trace.iter().all(|s| s.span != written);
        let before = finding.trace.len().saturating_sub(1);
        if is_new {
            finding
                .trace
                .insert(before, TraceStep { span: written, message: Text::from("The pattern is written here.") });
        }
        finding.details = match growth {
            Growth::Exponential => Text::say(
                "`{}` can read the same text in several ways within one loop: each further character doubles the time when nothing matches.",
                &[&pattern],
            ),
            Growth::Polynomial => Text::say(
                "`{}` has two loops in a row that read the same text: time grows with the square of the length when nothing matches.",
                &[&pattern],
            ),
        };
        if growth == Growth::Polynomial {
            finding.severity = Severity::Suggestion;
        }
        true
    });
}

/// The slowest pattern that the call matches with.
fn slow_pattern(model: &Model, flow: &Flow) -> Option<(String, Growth, Span)> {
    let at = flow.sink.at;
    let by_record =
        model.effects.iter().any(|e| e.call == at && e.kind == Fact::Sink && e.record.0 == flow.sink.record);
    let whole = matches!(injection::callee(model, at).as_str(), "matches" | "fullmatch" | "full_match");
    patterns::of_call(&model.context(), at, by_record)
        .into_iter()
        .filter_map(|w| {
            Some((w.pattern.to_string(), patterns::growth(w.pattern.as_str(), whole)?, model.program.span(w.at)))
        })
        .max_by_key(|(_, growth, _)| *growth)
}
