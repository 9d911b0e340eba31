//! The specification's headings and field names, word for word, and what every format counts and groups
//! in the same way: finding numbers, places, gaps.

use std::collections::{BTreeMap, HashMap};

use base::{CheckState, Evidence, Finding, GapKind, Persona, Review, Severity, SourceMap, Span, Text};

/// How many places are listed before "and N more", unless the reader asked for all.
pub const PLACES: usize = 3;

/// The longest path shown, in characters.
const LONGEST_PATH: usize = 200;

/// The heading of a severity's section.
pub fn heading(severity: Severity, count: usize) -> String {
    match severity {
        Severity::Critical => format!("🚨 Critical Issues ({count} issues found)"),
        Severity::Important => format!("⚠️ Important Issues ({count} issues found)"),
        Severity::Suggestion => format!("💡 Suggestions ({count} suggestions)"),
    }
}

/// The heading of the strengths.
pub const STRENGTHS: &str = "✅ Strengths";

/// The heading of what running systems refute.
pub const REFUTED: &str = "Refuted by running systems";

/// The severities, worst first.
pub const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Important, Severity::Suggestion];

/// A severity in one word.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Important => "important",
        Severity::Suggestion => "suggestion",
    }
}

/// An evidence grade in one word.
pub fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Suspected => "suspected",
        Evidence::Shown => "shown",
        Evidence::Proven => "proven",
    }
}

/// A persona in one word.
pub fn persona(persona: Persona) -> &'static str {
    match persona {
        Persona::Regular => "regular",
        Persona::Auditor => "auditor",
        Persona::Pedantic => "pedantic",
    }
}

/// What the grades mean, for the foot of a review.
pub const EVIDENCE_LEGEND: &str =
    "Evidence: suspected = a heuristic; shown = a complete argument from code or schema; proven = seen live.";

/// One line of a finding.
pub enum Field<'f> {
    /// A field of words.
    Words(&'static str, &'f Text),
    /// The place, with its excerpt.
    Location,
}

/// The fields of a finding under the names that the specification gives them for its severity, in its
/// order. Fields without words are left out.
pub fn fields(finding: &Finding) -> Vec<Field<'_>> {
    use Field::{Location, Words};
    let f = finding;
    let fields = match f.severity {
        Severity::Critical => vec![
            Words("Issue", &f.issue),
            Location,
            Words("Details", &f.details),
            Words("Impact", &f.impact),
            Words("Fix", &f.fix),
            Words("Verification", &f.verification),
            Words("Trade-offs", &f.trade_offs),
        ],
        Severity::Important => vec![
            Words("Issue", &f.issue),
            Location,
            Words("Details", &f.details),
            Words("Recommendation", &f.fix),
            Words("Impact", &f.impact),
            Words("Verification", &f.verification),
            Words("Trade-offs", &f.trade_offs),
        ],
        Severity::Suggestion => vec![
            Words("Opportunity", &f.issue),
            Location,
            Words("Rationale", &f.details),
            Words("Impact", &f.impact),
            Words("Implementation", &f.fix),
            Words("Verification", &f.verification),
            Words("Trade-offs", &f.trade_offs),
        ],
    };
    fields.into_iter().filter(|f| !matches!(f, Words(_, text) if text.is_empty())).collect()
}

/// The numbers of the findings: C1, C2, … I1, … S1, … in the order of the review.
pub struct Numbers<'r> {
    by_fingerprint: HashMap<&'r str, usize>,
    labels: Vec<String>,
}

impl<'r> Numbers<'r> {
    /// Numbers the findings of a review.
    pub fn of(review: &'r Review) -> Self {
        let mut next = [0usize; 3];
        let mut by_fingerprint = HashMap::new();
        let mut labels = Vec::with_capacity(review.findings.len());
        for (at, finding) in review.findings.iter().enumerate() {
            let (slot, letter) = match finding.severity {
                Severity::Critical => (0, 'C'),
                Severity::Important => (1, 'I'),
                Severity::Suggestion => (2, 'S'),
            };
            next[slot] += 1;
            labels.push(format!("{letter}{}", next[slot]));
            by_fingerprint.entry(finding.fingerprint.as_str()).or_insert(at);
        }
        Self { by_fingerprint, labels }
    }

    /// The number of the finding at an index of `review.findings`.
    pub fn label(&self, index: usize) -> &str {
        &self.labels[index]
    }

    /// The findings of one severity with their numbers.
    pub fn findings<'s>(
        &'s self,
        review: &'r Review,
        severity: Severity,
    ) -> impl Iterator<Item = (&'s str, &'r Finding)> {
        let labels = self.labels.iter().map(String::as_str);
        labels.zip(&review.findings).filter(move |(_, f)| f.severity == severity)
    }

    /// The numbers behind fingerprints, in order; fingerprints that are not shown in this review (silenced
    /// ones) are counted instead.
    pub fn list(&self, fingerprints: &[String]) -> String {
        let mut at: Vec<usize> =
            fingerprints.iter().filter_map(|f| self.by_fingerprint.get(f.as_str()).copied()).collect();
        let hidden = fingerprints.len() - at.len();
        at.sort_unstable();
        at.dedup();
        let mut parts: Vec<String> = at.iter().take(12).map(|i| self.labels[*i].clone()).collect();
        if at.len() > 12 {
            parts.push(format!("{} more", at.len() - 12));
        }
        if hidden > 0 {
            parts.push(format!("{hidden} silenced"));
        }
        parts.join(", ")
    }
}

/// `1 file`, `2 files`, `1,234 files`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A number with its thousands apart.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What was examined, in lines of a name and a value. Outside strings in it are raw.
pub fn examined(review: &Review) -> Vec<(&'static str, String)> {
    let s = &review.summary;
    let mut out =
        vec![("Examined", format!("{}, {}", count(s.files, "file", "files"), count(s.lines, "line", "lines")))];
    let mut languages: Vec<(&str, usize)> = s.languages.iter().map(|(n, l)| (*n, *l)).collect();
    languages.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let none_found = || "none found".to_owned();
    let or_none = |list: &[String]| if list.is_empty() { none_found() } else { list.join(", ") };
    out.push((
        "Languages",
        if languages.is_empty() {
            none_found()
        } else {
            languages.iter().map(|(n, l)| format!("{n} ({})", grouped(*l))).collect::<Vec<_>>().join(", ")
        },
    ));
    out.push(("Frameworks", or_none(&s.frameworks)));
    out.push(("Services", or_none(&s.services)));
    out.push(("Routes", grouped(s.routes)));
    if s.calls > 0 {
        out.push(("Calls", format!("{} of {} resolved", grouped(s.calls_resolved), grouped(s.calls))));
    }
    if s.nodes_unknown > 0 {
        out.push(("Syntax", format!("{} of {} nodes not understood", grouped(s.nodes_unknown), grouped(s.nodes))));
    }
    out
}

/// The states of all checklist lines: passed, failed, not applicable, not examined.
pub fn check_counts(review: &Review) -> [usize; 4] {
    let mut counts = [0; 4];
    for item in review.stages.iter().flat_map(|s| &s.items) {
        counts[match item.state {
            CheckState::Passed { .. } => 0,
            CheckState::Failed { .. } => 1,
            CheckState::NotApplicable { .. } => 2,
            CheckState::NotExamined { .. } => 3,
        }] += 1;
    }
    counts
}

/// The review in one line.
pub fn summary_line(review: &Review) -> String {
    let of = |severity| review.of(severity).count();
    let [passed, failed, not_applicable, not_examined] = check_counts(review);
    let mut out = format!(
        "{} critical, {} important, {}, {}; checklist: {passed} passed, {failed} failed, {not_applicable} not applicable, {not_examined} not examined",
        of(Severity::Critical),
        of(Severity::Important),
        count(of(Severity::Suggestion), "suggestion", "suggestions"),
        count(review.strengths.len(), "strength", "strengths"),
    );
    if review.suppressed > 0 {
        out.push_str(&format!("; {} silenced", count(review.suppressed, "finding", "findings")));
    }
    out.push('.');
    if review.incomplete {
        out.push_str(" Incomplete: a requested source could not be examined.");
    }
    out
}

/// The state of a budget.
pub fn budget_verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "missed",
        None => "not judged",
    }
}

/// A place, raw: to be made safe by the format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The relative path.
    pub path: String,
    /// Line and column, where the file was read.
    pub at: Option<(u32, u32)>,
}

impl Place {
    /// The start of a span.
    pub fn of(sources: &SourceMap, span: Span) -> Self {
        let start = sources.start(span);
        Self { path: sources.file(span.file).path.clone(), at: Some((start.line, start.column)) }
    }

    /// `path:line:column`, raw.
    pub fn precise(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}:{line}:{column}", self.path_end()),
            None => self.path_end(),
        }
    }

    /// `path:line`, raw.
    pub fn short(&self) -> String {
        match self.at {
            Some((line, _)) => format!("{}:{line}", self.path_end()),
            None => self.path_end(),
        }
    }

    /// The path; of a very long one, its end.
    fn path_end(&self) -> String {
        match self.path.char_indices().rev().nth(LONGEST_PATH) {
            None => self.path.clone(),
            Some((at, first)) => format!("…{}", &self.path[at + first.len_utf8()..]),
        }
    }
}

/// Gaps of one kind and cause.
pub struct GapGroup {
    /// Why.
    pub kind: GapKind,
    /// The cause, raw.
    pub what: String,
    /// How many.
    pub count: usize,
    /// Where, in order, at most [`PLACES`].
    pub places: Vec<Place>,
}

/// The gaps grouped by kind and cause: kinds in their own order, most frequent causes first.
pub fn gap_groups(review: &Review, sources: &SourceMap) -> Vec<GapGroup> {
    let mut groups: BTreeMap<(GapKind, &str), (usize, Vec<Place>)> = BTreeMap::new();
    for gap in &review.gaps {
        let (count, places) = groups.entry((gap.kind, gap.what.as_str())).or_default();
        *count += 1;
        if places.len() < PLACES {
            let place = match (gap.span, &gap.path) {
                (Some(span), _) => Some(Place::of(sources, span)),
                (None, Some(path)) => Some(Place { path: path.clone(), at: None }),
                (None, None) => None,
            };
            places.extend(place.filter(|p| !places.contains(p)));
        }
    }
    let mut groups: Vec<GapGroup> = groups
        .into_iter()
        .map(|((kind, what), (count, places))| GapGroup { kind, what: what.to_owned(), count, places })
        .collect();
    groups.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.count.cmp(&a.count)).then(a.what.cmp(&b.what)));
    groups
}

/// A kind of gap in words.
pub fn gap_kind(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Syntax => "Syntax errors, read around",
        GapKind::Construct => "Constructs not understood",
        GapKind::TooDeep => "Code nested deeper than the limit",
        GapKind::TooLarge => "Files over the size limit",
        GapKind::Unreadable => "Files that could not be read",
        GapKind::LeftOut => "Left out: vendored, generated or minified",
        GapKind::Framework => "Routes, guards or mounts not resolved",
        GapKind::Configuration => "Configuration not understood",
        GapKind::Bound => "Bounds of the analysis reached",
        GapKind::Unseen => "Running systems: not seen",
        GapKind::Internal => "Errors of our own, caught",
    }
}

/// A kind of gap as an identifier.
pub fn gap_id(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Syntax => "syntax",
        GapKind::Construct => "construct",
        GapKind::TooDeep => "too-deep",
        GapKind::TooLarge => "too-large",
        GapKind::Unreadable => "unreadable",
        GapKind::LeftOut => "left-out",
        GapKind::Framework => "framework",
        GapKind::Configuration => "configuration",
        GapKind::Bound => "bound",
        GapKind::Unseen => "unseen",
        GapKind::Internal => "internal",
    }
}

/// The rule's references, such as `CWE-89, A03:2021`.
pub fn references(review: &Review, rule: &str) -> String {
    let Some(info) = review.rule(rule) else { return String::new() };
    let cwe = info.cwe.iter().map(|n| format!("CWE-{n}"));
    cwe.chain(info.owasp.iter().map(|o| (*o).to_owned())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "file", "files"), "1 file");
    }
}
