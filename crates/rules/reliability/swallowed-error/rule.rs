//! An error that is caught and forgotten.

use base::{FileRole, Severity, Stage, Text};
use model::{Kind, Model};

use crate::support::{info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: info(
        "swallowed-error",
        "An error is caught and forgotten",
        Severity::Important,
        Stage::Reliability,
        &["W5.2", "K.code-quality-issues.1"],
        &[390, 391],
        &[],
    ),
    check,
};

/// Types that catch everything.
const ALL: [&str; 6] = ["Exception", "BaseException", "Throwable", "Error", "StandardError", "RuntimeException"];

fn check(model: &Model, report: &mut Report<'_>) {
    for site in model.catches.iter().filter(|c| c.is_empty && c.role == FileRole::Production) {
        let catches_all =
            site.types.is_empty() || site.types.iter().any(|t| ALL.contains(&t.rsplit('.').next().unwrap_or(t)));
        if !catches_all || site.tried == 0 {
            continue;
        }
        let reaches_out = reaches_out(model, site.body);
        // `parse(x) rescue nil` is an answer; a write or a call to elsewhere that fails is news
        if (site.falls_back || site.is_harmless) && !reaches_out {
            continue;
        }
        let file = path(model, site.span).to_owned();
        let line = model.sources.start(site.span).line;
        let mut finding = report.finding(
            format!("catch {file} {}", text_before(model, site.span)),
            site.span,
            Text::from(match site.is_value {
                true => "The error of this call is kept in a variable that nothing looks at.",
                false => "Every error is caught here and forgotten: nothing is logged, returned or raised again.",
            }),
        );
        if !reaches_out {
            finding.severity = Severity::Suggestion;
        }
        finding.details = Text::from(match site.is_value {
            true => "No statement after it reads the variable.",
            false => "The handler is empty and no comment says why.",
        });
        finding.impact = Text::from(
            "When this fails, the caller goes on as if it had worked, and nobody can find out that it did not, or why.",
        );
        finding.fix = Text::from(
            "Catch the narrowest type that you expect, log it with its context, and raise, return or count what you do not expect. If it really may be ignored, say why in a comment.",
        );
        finding.verification = Text::say(
            "Make the call above line {} fail in a test: the failure must show up in the answer or in the log.",
            &[&line.to_string()],
        );
        report.add(finding);
    }
}

/// Whether code writes or asks another system, as far as the facts know.
fn reaches_out(model: &Model, body: base::Span) -> bool {
    model.effects.iter().any(|e| {
        matches!(e.kind, Kind::Outbound | Kind::Query | Kind::Publishes)
            && body.file == e.span.file
            && body.start <= e.span.start
            && e.span.end <= body.end
    })
}

/// What stands before the handler, for an identity that moved lines do not change.
fn text_before(model: &Model, span: base::Span) -> String {
    let text = &model.sources.file(span.file).text;
    let mut start = (span.start as usize).saturating_sub(160);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    base::source_hash(&[&text[start..span.start as usize].split_whitespace().collect::<String>()])
}
