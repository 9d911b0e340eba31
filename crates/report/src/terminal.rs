//! For people at a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use base::{CheckState, Finding, Piece, Review, Severity, SourceMap, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::{Options, fields, grouped_gaps, heading, letter, number, place, safe};

/// Columns of an excerpt.
const COLUMNS: usize = 160;

struct Pen {
    out: String,
    color: bool,
}

impl Pen {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    fn severity(&self, severity: Severity, text: &str) -> String {
        let color = match severity {
            Severity::Critical => AnsiColor::Red,
            Severity::Important => AnsiColor::Yellow,
            Severity::Suggestion => AnsiColor::Cyan,
        };
        self.paint(Style::new().bold().fg_color(Some(color.into())), text)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn text(&self, text: &Text, indent: &str) -> String {
        let mut out = String::new();
        for piece in &text.0 {
            match piece {
                Piece::Plain(s) => out.push_str(&safe::line(s)),
                Piece::Code(s) => out.push_str(&self.bold(&safe::line(s))),
                Piece::Block { code, .. } => {
                    for line in safe::lines(code).trim_end().lines() {
                        let _ = write!(out, "\n{indent}    {line}");
                    }
                }
            }
        }
        out
    }
}

pub fn render(review: &Review, sources: &SourceMap, options: Options) -> String {
    let mut pen = Pen { out: String::new(), color: options.color };
    let s = &review.summary;
    let languages: Vec<String> = s.languages.iter().map(|(l, n)| format!("{l} {n}")).collect();
    pen.line(&format!(
        "{} {} files, {} lines ({}); {} routes{}.",
        pen.bold("Reviewed"),
        s.files,
        s.lines,
        languages.join(", "),
        s.routes,
        if s.frameworks.is_empty() { String::new() } else { format!(" in {}", s.frameworks.join(", ")) }
    ));
    for severity in [Severity::Critical, Severity::Important, Severity::Suggestion] {
        let findings: Vec<&Finding> = review.of(severity).collect();
        pen.line("");
        let title = pen.severity(severity, &heading(severity, findings.len()));
        pen.line(&title);
        for (at, one) in findings.iter().enumerate() {
            finding(&mut pen, one, &format!("{}{}", letter(severity), at + 1), sources);
        }
    }
    pen.line("");
    let title = pen.bold("✅ Strengths");
    pen.line(&title);
    for strength in &review.strengths {
        let places: Vec<String> = strength.origins.iter().take(2).map(|o| safe::line(&place(sources, *o))).collect();
        let text = pen.text(&strength.text, "  ");
        let places = pen.dim(&places.join(", "));
        pen.line(&format!("  - {text} {places}"));
    }
    checklists(&mut pen, review);
    gaps(&mut pen, review, sources);
    let count = |s| review.of(s).count();
    let mut last = format!(
        "{} critical, {} important, {} suggestions",
        count(Severity::Critical),
        count(Severity::Important),
        count(Severity::Suggestion)
    );
    if review.suppressed > 0 {
        let _ = write!(last, "; {} suppressed or in the baseline", review.suppressed);
    }
    pen.line("");
    let last = pen.bold(&last);
    pen.line(&format!("{last}. `specialist explain RULE` says more."));
    pen.out
}

fn finding(pen: &mut Pen, finding: &Finding, number: &str, sources: &SourceMap) {
    let evidence = match finding.evidence {
        base::Evidence::Suspected => "suspected",
        base::Evidence::Shown => "shown",
        base::Evidence::Proven => "proven",
    };
    pen.line("");
    let head = pen.severity(finding.severity, number);
    let rule = pen.dim(&format!("{} · {evidence}", finding.rule));
    pen.line(&format!("  {head} {rule}"));
    for (name, text) in fields(finding) {
        match text {
            None => {
                let mut at = safe::line(&place(sources, finding.span));
                if let Some(endpoint) = &finding.endpoint {
                    let _ = write!(at, " ({})", safe::line(endpoint));
                }
                let name = pen.bold(name);
                pen.line(&format!("    {name}: {at}"));
                excerpt(pen, finding.span, sources);
                for (step, one) in finding.trace.iter().enumerate() {
                    let text = pen.text(&one.message, "      ");
                    let at = safe::line(&place(sources, one.span));
                    pen.line(&format!("      {}. {at} {text}", step + 1));
                }
                for related in finding.related.iter().take(5) {
                    let text = pen.text(&related.message, "      ");
                    let at = safe::line(&place(sources, related.span));
                    pen.line(&format!("      also {at} {text}"));
                }
                if finding.related.len() > 5 {
                    pen.line(&format!("      and {} more places", finding.related.len() - 5));
                }
            }
            Some(text) if text.is_empty() => {}
            Some(text) => {
                let body = pen.text(text, "    ");
                let name = pen.bold(name);
                pen.line(&format!("    {name}: {body}"));
            }
        }
    }
}

/// The first line of a span with a mark under it.
fn excerpt(pen: &mut Pen, span: Span, sources: &SourceMap) {
    let start = sources.start(span);
    let shown = sources.shown_line(span.file, start.line);
    if shown.trim().is_empty() {
        return;
    }
    let file = sources.file(span.file);
    let range = file.line_range(start.line);
    let before = file.text.get(range.start..(span.start as usize).max(range.start)).unwrap_or("");
    let masked = shown.as_str() != file.text.get(range.clone()).unwrap_or("");
    let line = safe::cut(&safe::line(&shown), COLUMNS);
    let number = start.line.to_string();
    let gutter = pen.dim(&format!("{number} |"));
    pen.line(&format!("      {gutter} {line}"));
    if masked {
        return;
    }
    let from = UnicodeWidthStr::width(safe::line(before).as_str());
    let within = (span.end as usize).min(range.end).saturating_sub((span.start as usize).max(range.start));
    let text = file.text.get(span.start as usize..span.start as usize + within).unwrap_or("");
    let width = UnicodeWidthStr::width(safe::line(text).as_str()).clamp(1, COLUMNS);
    if from + width <= COLUMNS {
        let mark = pen.severity(Severity::Critical, &"^".repeat(width));
        let blank = " ".repeat(number.len());
        pen.line(&format!("      {blank} {} {}{mark}", pen.dim("|"), " ".repeat(from)));
    }
}

fn checklists(pen: &mut Pen, review: &Review) {
    for (at, stage) in review.stages.iter().enumerate() {
        pen.line("");
        let title = pen.bold(&format!("{}. {}", at + 1, stage.stage.title()));
        pen.line(&title);
        for item in &stage.items {
            let (mark, words) = match &item.state {
                CheckState::Passed { evidence } => ("☑", pen.text(evidence, "    ")),
                CheckState::Failed { findings } => {
                    let numbers: Vec<String> = findings.iter().filter_map(|f| number(review, f)).collect();
                    let more = numbers.len().saturating_sub(8);
                    let mut list = numbers.into_iter().take(8).collect::<Vec<_>>().join(", ");
                    if more > 0 {
                        let _ = write!(list, " and {more} more");
                    }
                    ("☒", list)
                }
                CheckState::NotApplicable { reason } => ("–", format!("not applicable: {}", pen.text(reason, "    "))),
                CheckState::NotExamined { reason } => {
                    ("?", format!("not examined, because {}", pen.text(reason, "    ")))
                }
            };
            let words = pen.dim(&words);
            pen.line(&format!("  {mark} {}: {words}", item.text));
        }
    }
    pen.line("");
    let title = pen.bold("Performance Benchmarks");
    pen.line(&title);
    for budget in &review.budgets {
        let measured = budget.measured.as_deref().unwrap_or("not measured");
        pen.line(&format!("  {:28} {:32} {}", budget.name, budget.target, safe::line(measured)));
    }
    if !review.escalations.is_empty() {
        pen.line("");
        let title = pen.bold("When to Escalate");
        pen.line(&title);
        for call in &review.escalations {
            let (topic, whom) = call.escalation.words();
            let numbers: Vec<String> = call.findings.iter().filter_map(|f| number(review, f)).take(12).collect();
            pen.line(&format!("  {topic}: {whom} ({})", numbers.join(", ")));
        }
    }
}

fn gaps(pen: &mut Pen, review: &Review, sources: &SourceMap) {
    let groups = grouped_gaps(review, sources);
    if groups.is_empty() {
        return;
    }
    pen.line("");
    let title = pen.bold("Not examined");
    pen.line(&title);
    for (what, count, places) in groups.iter().take(20) {
        let places = safe::line(&places.join(", "));
        let places = pen.dim(&safe::cut(&places, 140));
        pen.line(&format!("  {count:5} × {} {places}", safe::line(what)));
    }
    if groups.len() > 20 {
        pen.line(&format!("  and {} further causes (see --format json)", groups.len() - 20));
    }
}
