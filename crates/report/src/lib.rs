//! A review in words: one file per format.
//!
//! Every string from outside is made safe for the format it goes to ([`safe`]), and source text comes only
//! through [`base::SourceMap::shown_line`], which masks secrets. No I/O, no clock.
//!
//! Begin reading at [`render`].

mod json;
mod markdown;
pub mod safe;
mod sarif;
mod terminal;

use std::str::FromStr;

use base::{Finding, Review, Severity, SourceMap};

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// For pull requests and files.
    Markdown,
    /// For programs: versioned, `specialist-review/v1`.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "terminal" | "text" => Ok(Format::Terminal),
            "markdown" | "md" => Ok(Format::Markdown),
            "json" => Ok(Format::Json),
            "sarif" => Ok(Format::Sarif),
            _ => Err(format!("unknown format `{name}`: use terminal, markdown, json or sarif")),
        }
    }
}

/// How to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Colours (terminal only).
    pub color: bool,
}

/// Writes a review.
pub fn render(format: Format, review: &Review, sources: &SourceMap, options: Options) -> String {
    match format {
        Format::Terminal => terminal::render(review, sources, options),
        Format::Markdown => markdown::render(review, sources),
        Format::Json => json::render(review, sources),
        Format::Sarif => sarif::render(review, sources),
    }
}

/// The number of a finding within its section, such as `C1`.
fn number(review: &Review, fingerprint: &str) -> Option<String> {
    for severity in [Severity::Critical, Severity::Important, Severity::Suggestion] {
        if let Some(at) = review.of(severity).position(|f| f.fingerprint == fingerprint) {
            return Some(format!("{}{}", letter(severity), at + 1));
        }
    }
    None
}

fn letter(severity: Severity) -> char {
    match severity {
        Severity::Critical => 'C',
        Severity::Important => 'I',
        Severity::Suggestion => 'S',
    }
}

/// The specification's heading of a section.
fn heading(severity: Severity, count: usize) -> String {
    match severity {
        Severity::Critical => format!("🚨 Critical Issues ({count} issues found)"),
        Severity::Important => format!("⚠️ Important Issues ({count} issues found)"),
        Severity::Suggestion => format!("💡 Suggestions ({count} suggestions)"),
    }
}

/// The specification's fields of a finding, in its order and words. `None` stands for the location.
fn fields(finding: &Finding) -> Vec<(&'static str, Option<&base::Text>)> {
    match finding.severity {
        Severity::Critical => vec![
            ("Issue", Some(&finding.issue)),
            ("Location", None),
            ("Impact", Some(&finding.impact)),
            ("Fix", Some(&finding.fix)),
            ("Verification", Some(&finding.verification)),
        ],
        Severity::Important => vec![
            ("Issue", Some(&finding.issue)),
            ("Location", None),
            ("Details", Some(&finding.details)),
            ("Recommendation", Some(&finding.fix)),
            ("Impact", Some(&finding.impact)),
            ("Verification", Some(&finding.verification)),
        ],
        Severity::Suggestion => vec![
            ("Opportunity", Some(&finding.issue)),
            ("Location", None),
            ("Rationale", Some(&finding.details)),
            ("Implementation", Some(&finding.fix)),
            ("Trade-offs", Some(&finding.trade_offs)),
        ],
    }
}

/// `path:line` of a span.
fn place(sources: &SourceMap, span: base::Span) -> String {
    format!("{}:{}", sources.file(span.file).path, sources.start(span).line)
}

/// Gaps of one cause: what, how many, the first places.
fn grouped_gaps(review: &Review, sources: &SourceMap) -> Vec<(String, usize, Vec<String>)> {
    let mut groups: Vec<(String, usize, Vec<String>)> = Vec::new();
    for gap in &review.gaps {
        let kind = serde_json::to_value(gap.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let what = format!("{kind}: {}", gap.what);
        let at = gap.path.clone().or_else(|| gap.span.map(|s| place(sources, s)));
        match groups.iter_mut().find(|(w, ..)| *w == what) {
            Some((_, count, places)) => {
                *count += 1;
                if places.len() < 3 {
                    places.extend(at);
                }
            }
            None => groups.push((what, 1, at.into_iter().collect())),
        }
    }
    groups
}
