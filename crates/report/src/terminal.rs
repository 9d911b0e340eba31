//! A review for a person at a terminal.
//!
//! Everything is written through [`Page`], which wraps prose, paints with our own SGR sequences only, and
//! ends lines; no other control character leaves this file.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};
use base::{Budget, CheckState, Finding, Piece, Review, Severity, SourceMap, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::{
    Options, excerpt, safe,
    words::{self, Field, Numbers, Place},
};

/// Prose is never set wider than this, however wide the terminal.
const WIDEST_PROSE: usize = 110;
/// Kinds of gaps listed before "and N more", unless all are asked for.
const GAP_GROUPS: usize = 20;
/// The column at which the words of a field begin.
const FIELD: usize = 18;
/// The column at which excerpts begin: left of the words, since code needs the room.
const EXCERPT: usize = 6;

/// Renders the review.
pub fn render(review: &Review, sources: &SourceMap, options: &Options) -> String {
    let mut page = Page::new(options);
    let numbers = Numbers::of(review);
    head(&mut page, review);
    for severity in words::SEVERITIES {
        section(&mut page, review, sources, &numbers, severity);
    }
    refuted(&mut page, review, sources);
    strengths(&mut page, review, sources);
    stages(&mut page, review, &numbers);
    budgets(&mut page, &review.budgets);
    escalations(&mut page, review, &numbers);
    gaps(&mut page, review, sources);
    page.blank();
    if !review.findings.is_empty() {
        page.words(0, 0, &[Run::dim(words::EVIDENCE_LEGEND)]);
    }
    page.words(0, 0, &[Run::bold("Summary: "), Run::plain(words::summary_line(review))]);
    page.out
}

fn head(page: &mut Page<'_>, review: &Review) {
    page.words(0, 0, &[Run::bold("Backend review"), Run::dim(format!(" · specialist {}", review.version))]);
    page.blank();
    for (name, value) in words::examined(review) {
        page.words(2, 14, &[Run::dim(format!("{name:<12}")), Run::plain(safe::prose(&value))]);
    }
}

fn section(page: &mut Page<'_>, review: &Review, sources: &SourceMap, numbers: &Numbers<'_>, severity: Severity) {
    let found: Vec<_> = numbers.findings(review, severity).collect();
    page.heading(&words::heading(severity, found.len()));
    if found.is_empty() {
        page.words(2, 2, &[Run::dim("None found in what was examined.")]);
    }
    for (at, (label, finding)) in found.into_iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        finding_lines(page, review, sources, label, finding);
    }
}

fn finding_lines(page: &mut Page<'_>, review: &Review, sources: &SourceMap, label: &str, finding: &Finding) {
    let mut title = vec![
        Run::new(page.severity(finding.severity), label),
        Run::plain("  "),
        Run::bold(finding.rule),
        Run::dim(format!(" · {}", words::evidence(finding.evidence))),
    ];
    if let Some(endpoint) = &finding.endpoint {
        title.extend([Run::dim(" · "), Run::plain(safe::code(endpoint))]);
    }
    let references = words::references(review, finding.rule);
    if !references.is_empty() {
        title.push(Run::dim(format!(" · {references}")));
    }
    page.words(0, 4, &title);
    for field in words::fields(finding) {
        match field {
            Field::Words(name, text) => page.field(name, text),
            Field::Location => {
                let place = Place::of(sources, finding.span).precise();
                page.words(
                    2,
                    FIELD,
                    &[Run::bold(label_of("Location")), Run::new(page.path_style(), safe::code(&place))],
                );
                page.excerpt(sources, finding.span);
            }
        }
    }
    steps(page, sources, "Trace", finding.trace.iter().map(|s| (s.span, &s.message)), true);
    steps(page, sources, "Related", finding.related.iter().map(|r| (r.span, &r.message)), false);
}

fn steps<'t>(
    page: &mut Page<'_>,
    sources: &SourceMap,
    name: &str,
    steps: impl ExactSizeIterator<Item = (Span, &'t Text)>,
    numbered: bool,
) {
    let total = steps.len();
    let limit = if page.options.verbose { total } else { 12 };
    for (at, (span, message)) in steps.take(limit).enumerate() {
        let mark = if numbered { format!("{}. ", at + 1) } else { "- ".to_owned() };
        let mut runs = vec![
            Run::bold(label_of(if at == 0 { name } else { "" })),
            Run::plain(mark.clone()),
            Run::new(page.path_style(), safe::code(&Place::of(sources, span).short())),
            Run::plain("  "),
        ];
        runs.extend(page.inline(message));
        page.words(2, FIELD + mark.len(), &runs);
        page.blocks(FIELD + mark.len(), message);
    }
    if total > limit {
        page.words(FIELD, FIELD, &[Run::dim(format!("and {} more", total - limit))]);
    }
}

/// A field's name with its colon, padded to where its words begin.
fn label_of(name: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!("{name}:") };
    format!("{name:<width$}", width = FIELD - 2)
}

fn strengths(page: &mut Page<'_>, review: &Review, sources: &SourceMap) {
    page.heading(words::STRENGTHS);
    if review.strengths.is_empty() {
        page.words(2, 2, &[Run::dim("None recognised in what was examined.")]);
    }
    for strength in &review.strengths {
        let mut runs = vec![Run::plain("- ")];
        runs.extend(page.inline(&strength.text));
        let places: Vec<Place> = strength.origins.iter().map(|s| Place::of(sources, *s)).collect();
        let more = page.places(&places, strength.count);
        if !more.is_empty() {
            runs.push(Run::dim(format!(" ({more})")));
        }
        page.words(2, 4, &runs);
    }
}

fn stages(page: &mut Page<'_>, review: &Review, numbers: &Numbers<'_>) {
    if !review.stages.is_empty() {
        page.heading("The five stages");
    }
    for (at, stage) in review.stages.iter().enumerate() {
        if at > 0 {
            page.blank();
        }
        page.words(2, 2, &[Run::bold(format!("{}. {}", at + 1, stage.stage.title()))]);
        for item in &stage.items {
            let (mark, style, lead, text) = match &item.state {
                CheckState::Passed { evidence } => ("☑ ", page.good(), " — ", Ok(evidence)),
                CheckState::Failed { findings } => ("☒ ", page.bad(), " → ", Err(numbers.list(findings))),
                CheckState::NotApplicable { reason } => ("– ", DIM, " — not applicable: ", Ok(reason)),
                CheckState::NotExamined { reason } => ("? ", page.unknown(), " — not examined, because ", Ok(reason)),
            };
            let mut runs = vec![Run::new(style, mark), Run::plain(item.text)];
            match text {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    runs.push(Run::dim(lead));
                    runs.extend(page.inline(text));
                }
                Err(list) => runs.push(Run::new(style, format!("{lead}{list}"))),
            }
            page.words(4, 6, &runs);
        }
    }
}

fn refuted(page: &mut Page<'_>, review: &Review, sources: &SourceMap) {
    if review.refuted.is_empty() {
        return;
    }
    page.heading(words::REFUTED);
    for refuted in &review.refuted {
        let place = safe::code(&words::Place::of(sources, refuted.span).short());
        let (issue, reason) = (safe::prose(&refuted.issue.plain()), safe::prose(&refuted.reason.plain()));
        page.words(
            2,
            4,
            &[
                Run::plain("- "),
                Run::bold(refuted.rule),
                Run::dim(format!(" {place}: ")),
                Run::plain(format!("{issue} {reason}")),
            ],
        );
    }
}

fn budgets(page: &mut Page<'_>, budgets: &[Budget]) {
    if budgets.is_empty() {
        return;
    }
    page.heading("Performance Benchmarks");
    let width = |of: fn(&Budget) -> usize| budgets.iter().map(of).max().unwrap_or(0);
    let (name, target) = (width(|b| b.name.width()), width(|b| b.target.width()));
    for budget in budgets {
        let pad = |text: &str, to: usize| format!("{text}{}", " ".repeat(to.saturating_sub(text.width()) + 2));
        let mut runs = vec![Run::plain(pad(budget.name, name)), Run::dim(pad(budget.target, target))];
        match &budget.measured {
            Some(measured) => {
                let style = match budget.met {
                    Some(true) => page.good(),
                    Some(false) => page.bad(),
                    None => Style::new(),
                };
                runs.push(Run::new(
                    style,
                    format!("{} ({})", safe::prose(measured), words::budget_verdict(budget.met)),
                ));
            }
            None => runs.push(Run::dim("not measured")),
        }
        page.words(2, 4, &runs);
    }
}

fn escalations(page: &mut Page<'_>, review: &Review, numbers: &Numbers<'_>) {
    if review.escalations.is_empty() {
        return;
    }
    page.heading("When to Escalate");
    for call in &review.escalations {
        let (topic, whom) = call.escalation.words();
        let list = numbers.list(&call.findings);
        let list = if list.is_empty() { String::new() } else { format!(" ({list})") };
        page.words(2, 4, &[Run::plain("- "), Run::bold(topic), Run::plain(format!(": {whom}{list}"))]);
    }
}

fn gaps(page: &mut Page<'_>, review: &Review, sources: &SourceMap) {
    page.heading("Not examined, and why");
    let groups = words::gap_groups(review, sources);
    if groups.is_empty() {
        page.words(
            2,
            2,
            &[Run::dim(
                "No file and no construct was passed over. Checklist lines that were not examined are marked ? above.",
            )],
        );
    }
    let limit = if page.options.verbose { groups.len() } else { GAP_GROUPS };
    let mut kind = None;
    for group in groups.iter().take(limit) {
        if kind.replace(group.kind) != Some(group.kind) {
            page.words(2, 4, &[Run::plain(words::gap_kind(group.kind))]);
        }
        let mut runs =
            vec![Run::plain(format!("{}× ", words::grouped(group.count))), Run::plain(safe::code(&group.what))];
        let places = page.places(&group.places, group.count);
        if !places.is_empty() {
            runs.push(Run::dim(format!(" ({places})")));
        }
        page.words(4, 6, &runs);
    }
    if groups.len() > limit {
        let rest: usize = groups[limit..].iter().map(|g| g.count).sum();
        page.words(
            2,
            4,
            &[Run::dim(format!(
                "and {} more in {} kinds (--verbose lists them)",
                words::grouped(rest),
                groups.len() - limit
            ))],
        );
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Text in one style, already safe.
struct Run {
    style: Style,
    text: String,
}

impl Run {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }

    fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::new(), text)
    }

    fn bold(text: impl Into<String>) -> Self {
        Self::new(BOLD, text)
    }

    fn dim(text: impl Into<String>) -> Self {
        Self::new(DIM, text)
    }
}

/// The output, line by line.
struct Page<'o> {
    options: &'o Options,
    out: String,
}

impl<'o> Page<'o> {
    fn new(options: &'o Options) -> Self {
        Self { options, out: String::new() }
    }

    fn severity(&self, severity: Severity) -> Style {
        let color = match severity {
            Severity::Critical => AnsiColor::Red,
            Severity::Important => AnsiColor::Yellow,
            Severity::Suggestion => AnsiColor::Cyan,
        };
        BOLD.fg_color(Some(color.into()))
    }

    fn good(&self) -> Style {
        Style::new().fg_color(Some(AnsiColor::Green.into()))
    }

    fn bad(&self) -> Style {
        Style::new().fg_color(Some(AnsiColor::Red.into()))
    }

    fn unknown(&self) -> Style {
        Style::new().fg_color(Some(AnsiColor::Yellow.into()))
    }

    fn path_style(&self) -> Style {
        Style::new().fg_color(Some(AnsiColor::Blue.into()))
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        self.words(0, 0, &[Run::bold(text)]);
        self.blank();
    }

    fn field(&mut self, name: &str, text: &Text) {
        let mut runs = vec![Run::bold(label_of(name))];
        runs.extend(self.inline(text));
        self.words(2, FIELD, &runs);
        self.blocks(FIELD, text);
    }

    /// The pieces that stand in a line, up to the blocks.
    fn inline(&self, text: &Text) -> Vec<Run> {
        let code = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
        let mut runs = Vec::new();
        for piece in &text.0 {
            match piece {
                Piece::Plain(text) => runs.push(Run::plain(safe::prose(text))),
                Piece::Code(text) => runs.push(Run::new(code, format!("`{}`", safe::code(text)))),
                Piece::Block { .. } => {}
            }
        }
        runs
    }

    /// The blocks of a text, after its lines.
    fn blocks(&mut self, indent: usize, text: &Text) {
        for piece in &text.0 {
            if let Piece::Block { code, .. } = piece {
                for line in safe::block(code) {
                    self.line(indent + 2, &[Run::plain(line)]);
                }
            }
        }
    }

    /// Up to three places, and how many more there are.
    fn places(&self, places: &[Place], count: usize) -> String {
        let limit = if self.options.verbose { places.len() } else { words::PLACES };
        let mut parts: Vec<String> = places.iter().take(limit).map(|p| safe::code(&p.short())).collect();
        if count > parts.len() && !parts.is_empty() {
            parts.push(format!("and {} more", words::grouped(count - parts.len())));
        }
        parts.join(", ")
    }

    fn excerpt(&mut self, sources: &SourceMap, span: Span) {
        if !self.options.show_excerpts {
            return;
        }
        let width = self.options.width.max(60);
        let last = sources.end(span).line.to_string().len();
        let excerpt = excerpt::of(sources, span, width.saturating_sub(EXCERPT + last + 5));
        let gutter = self.severity(Severity::Suggestion);
        let many = excerpt.lines.len() > 1;
        for line in &excerpt.lines {
            let side = if many { "│ " } else { "" };
            let number = format!("{:>last$} │ {side}", line.number);
            self.line(EXCERPT, &[Run::new(gutter, number), Run::plain(line.text.clone())]);
            if !many {
                let marks = "^".repeat(line.marked.1 - line.marked.0);
                let blank = format!("{:last$} │ ", "");
                let lead = " ".repeat(line.marked.0);
                self.line(EXCERPT, &[Run::new(gutter, blank), Run::plain(lead), Run::new(self.bad(), marks)]);
            }
        }
        if excerpt.omitted > 0 {
            let more = format!("{:last$} │ … {} more lines", "", excerpt.omitted);
            self.line(EXCERPT, &[Run::new(gutter, more)]);
        }
    }

    fn paint(&mut self, style: Style, text: &str) {
        if self.options.color && style != Style::new() && !text.is_empty() {
            self.out.push_str(&format!("{}{text}{}", style.render(), style.render_reset()));
        } else {
            self.out.push_str(text);
        }
    }

    /// One line, as it is, unless a CI runner would obey it.
    fn line(&mut self, indent: usize, runs: &[Run]) {
        let text: String = runs.iter().map(|r| r.text.as_str()).collect();
        let text = text.trim_end_matches(' ');
        if !text.is_empty() {
            self.out.push_str(&" ".repeat(indent));
        }
        match safe::no_command(text) {
            Cow::Borrowed(_) => self.paint_all(runs, text.len()),
            Cow::Owned(text) => self.out.push_str(&text),
        }
        self.out.push('\n');
    }

    /// Paints the first bytes of some runs; neighbours of one style, and the spaces after them, together.
    fn paint_all(&mut self, runs: &[Run], mut bytes: usize) {
        let mut pending = Run::plain("");
        for run in runs {
            let text = &run.text[..run.text.len().min(bytes)];
            bytes -= text.len();
            if run.style == pending.style || text.trim_start_matches(' ').is_empty() {
                pending.text.push_str(text);
            } else {
                self.paint(pending.style, &pending.text);
                pending = Run::new(run.style, text);
            }
        }
        self.paint(pending.style, &pending.text);
    }

    /// Runs wrapped at spaces: the first line begins at column `first`, the others at `rest`.
    fn words(&mut self, first: usize, rest: usize, runs: &[Run]) {
        let width = self.options.width.clamp(40, WIDEST_PROSE).max(rest + 24);
        let mut lines: Vec<Vec<Run>> = Vec::new();
        let mut line: Vec<Run> = Vec::new();
        let mut column = first;
        let mut fresh = true;
        for word in split_words(runs) {
            let wide: usize = word.parts.iter().map(|p| p.text.as_str().width()).sum();
            if !fresh && column + word.spaces + wide > width {
                lines.push(std::mem::take(&mut line));
                column = rest;
                fresh = true;
            }
            // spaces at a wrapped line's start are dropped, our own padding in the first line is kept
            if !fresh || lines.is_empty() {
                line.push(Run::plain(" ".repeat(word.spaces)));
                column += word.spaces;
            }
            column += wide;
            line.extend(word.parts);
            fresh = false;
        }
        lines.push(line);
        for (at, line) in lines.into_iter().enumerate() {
            self.line(if at == 0 { first } else { rest }, &line);
        }
    }
}

/// A word: parts that touch each other, after some spaces.
struct Word {
    spaces: usize,
    parts: Vec<Run>,
}

fn split_words(runs: &[Run]) -> Vec<Word> {
    let mut words = vec![Word { spaces: 0, parts: Vec::new() }];
    for run in runs {
        let mut rest = run.text.as_str();
        while !rest.is_empty() {
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            let end = rest[spaces..].find(' ').map_or(rest.len(), |at| at + spaces);
            if spaces > 0 {
                let pending = words.last().filter(|w| w.parts.is_empty()).map_or(0, |w| w.spaces);
                if pending > 0 || words.last().is_some_and(|w| w.parts.is_empty()) {
                    words.pop();
                }
                words.push(Word { spaces: pending + spaces, parts: Vec::new() });
            }
            if end > spaces
                && let Some(word) = words.last_mut()
            {
                word.parts.push(Run::new(run.style, &rest[spaces..end]));
            }
            rest = &rest[end..];
        }
    }
    words.retain(|w| !w.parts.is_empty());
    words
}
