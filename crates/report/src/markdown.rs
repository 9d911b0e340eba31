//! A review as Markdown, for a pull request's comment or a file.
//!
//! Prose is escaped, code is quoted, and nothing from outside becomes HTML, a link, an image, a mention or
//! a reference. Where the text has a limit, whole findings are cut, the least severe first, and the text
//! says how many.

use base::{Budget, CheckState, Finding, Piece, Review, Severity, SourceMap, Text};

use crate::{
    Options, excerpt, safe,
    words::{self, Field, Numbers, Place},
};

/// Kinds of gaps listed before "and N more", unless all are asked for.
const GAP_GROUPS: usize = 20;
/// Steps of a trace that are listed.
const STEPS: usize = 20;

/// Renders the review.
pub fn render(review: &Review, sources: &SourceMap, options: &Options) -> String {
    let numbers = Numbers::of(review);
    let sections = words::SEVERITIES.map(|severity| {
        let findings = numbers.findings(review, severity);
        let texts = findings.map(|(label, f)| finding_text(review, sources, options, label, f)).collect();
        Section { severity, findings: texts, cut: 0 }
    });
    let tail = |verbose| harmless(&tail(review, sources, &numbers, verbose));
    let mut parts = Parts { head: harmless(&head(review)), sections, tail: tail(options.verbose) };
    let Some(max) = options.max_chars else { return parts.text() };
    if parts.chars() > max {
        parts.tail = tail(false);
    }
    parts.cut_to(max);
    let text = parts.text();
    if chars(&text) <= max { text } else { cut_lines(&text, max) }
}

/// The text with no line that a CI runner would obey in its log.
fn harmless(text: &str) -> String {
    text.split('\n').map(safe::no_command).collect::<Vec<_>>().join("\n")
}

/// Only the fields of one finding, as a list: for data formats that hold Markdown.
pub fn fields(finding: &Finding) -> String {
    let mut out = String::new();
    for field in words::fields(finding) {
        if let Field::Words(name, text) = field {
            push_field(&mut out, name, text);
        }
    }
    out
}

/// A text as Markdown.
pub fn text(text: &Text) -> String {
    let mut out = inline(text);
    push_blocks(&mut out, text, "");
    out.trim().to_owned()
}

struct Section {
    severity: Severity,
    findings: Vec<String>,
    cut: usize,
}

impl Section {
    fn text(&self) -> String {
        let mut out = format!("\n### {}\n\n", words::heading(self.severity, self.findings.len() + self.cut));
        if self.findings.is_empty() && self.cut == 0 {
            out.push_str("None found in what was examined.\n");
        }
        out.push_str(&self.findings.join("\n"));
        if self.cut > 0 {
            let what = words::count(self.cut, "finding is", "findings are");
            out.push_str(&format!("\n*{what} not shown here: the text would grow too long.*\n"));
        }
        out
    }
}

struct Parts {
    head: String,
    sections: [Section; 3],
    tail: String,
}

impl Parts {
    fn text(&self) -> String {
        let sections: String = self.sections.iter().map(Section::text).collect();
        format!("{}{sections}{}", self.head, self.tail)
    }

    fn chars(&self) -> usize {
        chars(&self.text())
    }

    /// Cuts findings, the least severe first and the last first, until the text fits.
    fn cut_to(&mut self, max: usize) {
        let mut total = self.chars();
        if total <= max {
            return;
        }
        // the sentences that say what was cut
        const SENTENCES: usize = 3 * 90;
        for at in (0..self.sections.len()).rev() {
            while total + SENTENCES > max
                && let Some(text) = self.sections[at].findings.pop()
            {
                self.sections[at].cut += 1;
                total = total.saturating_sub(chars(&text) + 1);
            }
        }
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The last resort: whole lines, an open fence closed, and a sentence that says so.
fn cut_lines(text: &str, max: usize) -> String {
    const END: &str = "\n*The rest is cut: the text would grow too long.*\n";
    let room = max.saturating_sub(chars(END) + 80);
    let mut out = String::new();
    let mut used = 0;
    let mut fence: Option<String> = None;
    for line in text.split_inclusive('\n') {
        used += chars(line);
        if used > room {
            break;
        }
        let marks: String = line.trim_start().chars().take_while(|c| *c == '`').collect();
        if marks.len() >= 3 {
            fence = match fence {
                None => Some(marks),
                Some(open) if marks == open && line.trim() == open => None,
                open => open,
            };
        }
        out.push_str(line);
    }
    if let Some(fence) = fence.filter(|f| f.len() < 70) {
        out.push_str(&format!("  {fence}\n"));
    }
    out.push_str(END);
    if chars(&out) <= max { out } else { safe::shortened(END.trim(), max) }
}

fn head(review: &Review) -> String {
    let mut out = format!("## Backend review\n\n{}\n\n", safe::markdown(&words::summary_line(review)));
    for (name, value) in words::examined(review) {
        out.push_str(&format!("- {name}: {}\n", safe::markdown(&value)));
    }
    out
}

fn finding_text(review: &Review, sources: &SourceMap, options: &Options, label: &str, finding: &Finding) -> String {
    let mut out = format!("#### {label} {} · {}", safe::markdown_code(finding.rule), words::evidence(finding.evidence));
    if let Some(endpoint) = &finding.endpoint {
        out.push_str(&format!(" · {}", safe::markdown_code(endpoint)));
    }
    let references = words::references(review, finding.rule);
    if !references.is_empty() {
        out.push_str(&format!(" · {references}"));
    }
    out.push_str("\n\n");
    for field in words::fields(finding) {
        match field {
            Field::Words(name, text) => push_field(&mut out, name, text),
            Field::Location => {
                out.push_str(&format!("- **Location**: {}\n", place(&Place::of(sources, finding.span).precise())));
                if options.show_excerpts {
                    out.push_str(&excerpt_text(sources, finding));
                }
            }
        }
    }
    if !finding.trace.is_empty() {
        out.push_str("- **Trace**:\n");
        for (at, step) in finding.trace.iter().take(STEPS).enumerate() {
            let at = at + 1;
            out.push_str(&format!(
                "  {at}. {}: {}\n",
                place(&Place::of(sources, step.span).short()),
                flat(&step.message)
            ));
        }
        push_rest(&mut out, finding.trace.len());
    }
    if !finding.related.is_empty() {
        out.push_str("- **Related**:\n");
        for related in finding.related.iter().take(STEPS) {
            out.push_str(&format!(
                "  - {}: {}\n",
                place(&Place::of(sources, related.span).short()),
                flat(&related.message)
            ));
        }
        push_rest(&mut out, finding.related.len());
    }
    harmless(&out)
}

fn push_rest(out: &mut String, total: usize) {
    if total > STEPS {
        out.push_str(&format!("  - and {} more\n", total - STEPS));
    }
}

fn excerpt_text(sources: &SourceMap, finding: &Finding) -> String {
    let excerpt = excerpt::of(sources, finding.span, excerpt::COLUMNS);
    let tag = sources.file(finding.span.file).language.map_or("", |l| l.tag());
    let mut lines: Vec<String> = excerpt.lines.iter().map(|l| safe::no_command(&l.text).into_owned()).collect();
    if excerpt.omitted > 0 {
        lines.push(format!("… {} more lines", excerpt.omitted));
    }
    safe::markdown_block(tag, &lines, "  ")
}

fn push_field(out: &mut String, name: &str, text: &Text) {
    out.push_str(&format!("- **{name}**: {}\n", inline(text)));
    push_blocks(out, text, "  ");
}

fn push_blocks(out: &mut String, text: &Text, indent: &str) {
    for piece in &text.0 {
        if let Piece::Block { language, code } = piece {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&safe::markdown_block(language, &safe::block(code), indent));
        }
    }
}

/// The pieces that stand in a line.
fn inline(text: &Text) -> String {
    let mut out = String::new();
    for piece in &text.0 {
        let next = match piece {
            Piece::Plain(text) => safe::markdown(text),
            Piece::Code(code) => safe::markdown_code(code),
            Piece::Block { .. } => continue,
        };
        // two quoted pieces may not touch: their backticks would run together
        if out.ends_with('`') && next.starts_with('`') {
            out.push(' ');
        }
        out.push_str(&next);
    }
    safe::markdown_start(out.trim().to_owned())
}

/// A whole text in one line: blocks become inline code.
fn flat(text: &Text) -> String {
    let pieces = text.0.iter().map(|p| match p {
        Piece::Block { code, .. } => Piece::Code(code.trim().to_owned()),
        piece => piece.clone(),
    });
    inline(&Text(pieces.collect()))
}

fn place(place: &str) -> String {
    safe::markdown_code(place)
}

fn tail(review: &Review, sources: &SourceMap, numbers: &Numbers<'_>, verbose: bool) -> String {
    let mut out = refuted(review, sources);
    out.push_str(&format!("\n### {}\n\n", words::STRENGTHS));
    if review.strengths.is_empty() {
        out.push_str("None recognised in what was examined.\n");
    }
    for strength in &review.strengths {
        let places: Vec<Place> = strength.origins.iter().map(|s| Place::of(sources, *s)).collect();
        let list = place_list(&places, strength.count, verbose);
        let list = if list.is_empty() { list } else { format!(" ({list})") };
        out.push_str(&format!("- {}{list}\n", flat(&strength.text)));
    }
    stages(&mut out, review, numbers);
    budgets(&mut out, &review.budgets);
    if !review.escalations.is_empty() {
        out.push_str("\n### When to Escalate\n\n");
        for call in &review.escalations {
            let (topic, whom) = call.escalation.words();
            let list = numbers.list(&call.findings);
            let list = if list.is_empty() { list } else { format!(" ({list})") };
            out.push_str(&format!("- **{topic}**: {whom}{list}\n"));
        }
    }
    gaps(&mut out, review, sources, verbose);
    if !review.findings.is_empty() {
        out.push_str(&format!("\n*{}*\n", words::EVIDENCE_LEGEND));
    }
    out
}

fn refuted(review: &Review, sources: &SourceMap) -> String {
    if review.refuted.is_empty() {
        return String::new();
    }
    let mut out = format!("\n### {}\n\n", words::REFUTED);
    for refuted in &review.refuted {
        let at = place(&Place::of(sources, refuted.span).short());
        out.push_str(&format!("- {} {at}: {} {}\n", refuted.rule, flat(&refuted.issue), flat(&refuted.reason)));
    }
    out
}

fn stages(out: &mut String, review: &Review, numbers: &Numbers<'_>) {
    if !review.stages.is_empty() {
        out.push_str("\n### The five stages\n");
    }
    for (at, stage) in review.stages.iter().enumerate() {
        out.push_str(&format!("\n#### {}. {}\n\n", at + 1, safe::markdown(stage.stage.title())));
        for item in &stage.items {
            let text = safe::markdown(item.text);
            let (done, said) = match &item.state {
                CheckState::Passed { evidence } => ('x', format!(" — {}", flat(evidence))),
                CheckState::Failed { findings } => (' ', format!(" — **failed**: {}", numbers.list(findings))),
                CheckState::NotApplicable { reason } => (' ', format!(" — not applicable: {}", flat(reason))),
                CheckState::NotExamined { reason } => (' ', format!(" — not examined, because {}", flat(reason))),
            };
            out.push_str(&format!("- [{done}] {text}{said}\n"));
        }
    }
}

fn budgets(out: &mut String, budgets: &[Budget]) {
    if budgets.is_empty() {
        return;
    }
    out.push_str(
        "\n### Performance Benchmarks\n\n| Target metric | Target | Measured | |\n| --- | --- | --- | --- |\n",
    );
    for budget in budgets {
        let measured = budget.measured.as_deref().map_or("not measured".to_owned(), safe::markdown);
        let verdict = if budget.measured.is_some() { words::budget_verdict(budget.met) } else { "" };
        let (name, target) = (safe::markdown(budget.name), safe::markdown(budget.target));
        out.push_str(&format!("| {name} | {target} | {measured} | {verdict} |\n"));
    }
}

fn gaps(out: &mut String, review: &Review, sources: &SourceMap, verbose: bool) {
    out.push_str("\n### Not examined, and why\n\n");
    let groups = words::gap_groups(review, sources);
    if groups.is_empty() {
        out.push_str("No file and no construct was passed over. Checklist lines say what was not examined.\n");
    }
    let limit = if verbose { groups.len() } else { GAP_GROUPS };
    for group in groups.iter().take(limit) {
        let places = place_list(&group.places, group.count, verbose);
        let places = if places.is_empty() { places } else { format!(" ({places})") };
        let (kind, what) = (words::gap_kind(group.kind), safe::markdown_code(&group.what));
        out.push_str(&format!("- {kind}: {}× {what}{places}\n", words::grouped(group.count)));
    }
    if groups.len() > limit {
        let rest: usize = groups[limit..].iter().map(|g| g.count).sum();
        out.push_str(&format!("- and {} more in {} kinds\n", words::grouped(rest), groups.len() - limit));
    }
}

fn place_list(places: &[Place], count: usize, verbose: bool) -> String {
    let limit = if verbose { places.len() } else { words::PLACES };
    let mut parts: Vec<String> = places.iter().take(limit).map(|p| place(&p.short())).collect();
    if count > parts.len() && !parts.is_empty() {
        parts.push(format!("and {} more", words::grouped(count - parts.len())));
    }
    parts.join(", ")
}
