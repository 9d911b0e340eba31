//! Judgements over the model: one folder per rule, `crates/rules/<area>/<rule-id>/`.
//!
//! A rule is a pure function of the model. It touches no file and no socket, names no language, library
//! or framework, and runs no regular expression over source text. Its page (`rule.md`) is its
//! documentation, its help text and its promise; its fixtures hold code in every stack that it claims.
//!
//! To add a rule: `cargo xtask new-rule <area> <id>`, then name it in [`rules!`] below.
//! [`strengths`] are the controls found in place.

pub mod strengths;
pub mod support;

use base::{Evidence, Finding, RuleInfo, Severity, Span, Text};
use model::Model;

/// A rule: what is always true of it, and its check.
pub struct Rule {
    /// Its metadata.
    pub info: RuleInfo,
    /// Reads the model, reports findings.
    pub check: fn(&Model, &mut Report<'_>),
}

/// Collects the findings of one rule.
pub struct Report<'r> {
    info: &'r RuleInfo,
    findings: Vec<Finding>,
    masks: Vec<Span>,
}

impl<'r> Report<'r> {
    /// An empty report for a rule.
    pub fn new(info: &'r RuleInfo) -> Self {
        Self { info, findings: Vec::new(), masks: Vec::new() }
    }

    /// A finding about `subject` at `span`, with the rule's own severity and shown evidence, to be
    /// filled in and given to [`Report::add`].
    pub fn finding(&self, subject: String, span: Span, issue: Text) -> Finding {
        Finding {
            rule: self.info.id,
            severity: self.info.severity,
            evidence: Evidence::Shown,
            subject,
            endpoint: None,
            span,
            issue,
            details: Text::new(),
            impact: Text::new(),
            fix: Text::new(),
            verification: Text::new(),
            trade_offs: Text::new(),
            related: Vec::new(),
            trace: Vec::new(),
            fingerprint: String::new(),
        }
    }

    /// Reports a finding.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Marks a span that no output may show.
    pub fn mask(&mut self, span: Span) {
        self.masks.push(span);
    }

    /// What was reported, and what must be masked. Findings about one subject are one: the first stays,
    /// the places of the others become related.
    pub fn finish(mut self) -> (Vec<Finding>, Vec<Span>) {
        self.findings.sort_by(|a, b| (&a.subject, a.span).cmp(&(&b.subject, b.span)));
        let mut merged: Vec<Finding> = Vec::new();
        for finding in self.findings {
            match merged.last_mut() {
                Some(last) if last.subject == finding.subject => {
                    if last.span != finding.span && last.related.iter().all(|r| r.span != finding.span) {
                        last.related.push(base::Related { span: finding.span, message: Text::from("Also here.") });
                    }
                    last.severity = last.severity.max(finding.severity);
                }
                _ => merged.push(finding),
            }
        }
        (merged, self.masks)
    }
}

/// Brings in the rules' folders: area, then the ids with their module names.
macro_rules! rules {
    ($($area:literal: $($id:literal $module:ident),+ $(,)?;)*) => {
        $($(
            #[path = concat!("../", $area, "/", $id, "/rule.rs")]
            mod $module;
        )+)*

        /// Every rule, by id.
        pub fn all() -> Vec<Rule> {
            let mut all = vec![$($(rule_with_page($module::RULE, include_str!(concat!("../", $area, "/", $id, "/rule.md")))),+),*];
            all.sort_by_key(|r: &Rule| r.info.id);
            all
        }
    };
}

fn rule_with_page(mut rule: Rule, page: &'static str) -> Rule {
    rule.info.page = page;
    rule
}

rules! {}

/// Severity in words, for messages.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Important => "important",
        Severity::Suggestion => "suggestion",
    }
}
