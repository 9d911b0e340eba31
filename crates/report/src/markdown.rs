//! For pull requests and files.

use std::fmt::Write as _;

use base::{CheckState, Finding, Piece, Review, Severity, SourceMap, Text};

use crate::{fields, grouped_gaps, heading, letter, number, place, safe};

/// A text as Markdown.
pub fn text(text: &Text) -> String {
    let mut out = String::new();
    for piece in &text.0 {
        match piece {
            Piece::Plain(s) => out.push_str(&safe::markdown(s)),
            Piece::Code(s) => out.push_str(&safe::inline_code(s)),
            Piece::Block { language, code } => {
                let _ = write!(out, "\n\n{}\n", safe::fence(language, code));
            }
        }
    }
    out
}

/// A block within a list item keeps its indentation.
fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

pub fn render(review: &Review, sources: &SourceMap) -> String {
    let mut out = String::from("# Backend review\n\n");
    let s = &review.summary;
    let _ = writeln!(
        out,
        "{} files, {} lines; {} routes{}.\n",
        s.files,
        s.lines,
        s.routes,
        if s.frameworks.is_empty() {
            String::new()
        } else {
            format!(" in {}", safe::markdown(&s.frameworks.join(", ")))
        }
    );
    for severity in [Severity::Critical, Severity::Important, Severity::Suggestion] {
        let findings: Vec<&Finding> = review.of(severity).collect();
        let _ = writeln!(out, "### {}\n", heading(severity, findings.len()));
        for (at, one) in findings.iter().enumerate() {
            finding(&mut out, one, &format!("{}{}", letter(severity), at + 1), sources);
        }
    }
    out.push_str("### ✅ Strengths\n\n");
    for strength in &review.strengths {
        let places: Vec<String> =
            strength.origins.iter().take(2).map(|o| safe::inline_code(&place(sources, *o))).collect();
        let _ = writeln!(out, "- {} {}", text(&strength.text), places.join(", "));
    }
    for (at, stage) in review.stages.iter().enumerate() {
        let _ = writeln!(out, "\n### {}. {}\n", at + 1, stage.stage.title());
        for item in &stage.items {
            let (mark, words) = match &item.state {
                CheckState::Passed { evidence } => ("x", text(evidence)),
                CheckState::Failed { findings } => {
                    let numbers: Vec<String> = findings.iter().filter_map(|f| number(review, f)).collect();
                    (" ", format!("**failed**: {}", numbers.join(", ")))
                }
                CheckState::NotApplicable { reason } => (" ", format!("not applicable: {}", text(reason))),
                CheckState::NotExamined { reason } => (" ", format!("*not examined, because {}*", text(reason))),
            };
            let _ = writeln!(out, "- [{mark}] {}: {}", item.text, words);
        }
    }
    out.push_str("\n### Performance Benchmarks\n\n| target | budget | measured |\n|---|---|---|\n");
    for budget in &review.budgets {
        let measured = budget.measured.as_deref().map_or("not measured".to_owned(), safe::markdown);
        let _ = writeln!(out, "| {} | {} | {measured} |", budget.name, budget.target);
    }
    if !review.escalations.is_empty() {
        out.push_str("\n### When to Escalate\n\n");
        for call in &review.escalations {
            let (topic, whom) = call.escalation.words();
            let numbers: Vec<String> = call.findings.iter().filter_map(|f| number(review, f)).collect();
            let _ = writeln!(out, "- **{topic}**: {whom} ({})", numbers.join(", "));
        }
    }
    let groups = grouped_gaps(review, sources);
    if !groups.is_empty() {
        out.push_str("\n### Not examined\n\n");
        for (what, count, places) in groups {
            let places: Vec<String> = places.iter().map(|p| safe::inline_code(p)).collect();
            let _ = writeln!(out, "- {count} × {} {}", safe::markdown(&what), places.join(", "));
        }
    }
    out
}

fn finding(out: &mut String, finding: &Finding, number: &str, sources: &SourceMap) {
    let evidence = match finding.evidence {
        base::Evidence::Suspected => "suspected",
        base::Evidence::Shown => "shown",
        base::Evidence::Proven => "proven",
    };
    let _ = writeln!(out, "#### {number} `{}` ({evidence})\n", finding.rule);
    for (name, words) in fields(finding) {
        match words {
            None => {
                let mut at = safe::inline_code(&place(sources, finding.span));
                if let Some(endpoint) = &finding.endpoint {
                    let _ = write!(at, " ({})", safe::inline_code(endpoint));
                }
                let _ = writeln!(out, "- **{name}**: {at}");
                let line = sources.start(finding.span).line;
                let shown = safe::cut(sources.shown_line(finding.span.file, line).trim(), 200);
                if !shown.is_empty() {
                    let language = sources.file(finding.span.file).language.map_or("", |l| l.tag());
                    let _ = writeln!(out, "\n  {}\n", indented(&safe::fence(language, &shown)));
                }
                for (step, one) in finding.trace.iter().enumerate() {
                    let at = safe::inline_code(&place(sources, one.span));
                    let _ = writeln!(out, "  {}. {at} {}", step + 1, text(&one.message));
                }
                for related in finding.related.iter().take(10) {
                    let at = safe::inline_code(&place(sources, related.span));
                    let _ = writeln!(out, "  - {at} {}", text(&related.message));
                }
            }
            Some(words) if words.is_empty() => {}
            Some(words) => {
                let _ = writeln!(out, "- **{name}**: {}", indented(&text(words)));
            }
        }
    }
    out.push('\n');
}
