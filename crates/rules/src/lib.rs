//! Judgements over the model: one folder per rule, `crates/rules/<area>/<rule-id>/`.
//!
//! A rule is a pure function of the model. It touches no file and no socket, names no language, library
//! or framework, and runs no regular expression over source text. Its page (`rule.md`) is its
//! documentation, its help text and its promise; its fixtures hold code in every stack that it claims.
//!
//! To add a rule: `cargo xtask new-rule <area> <id>`, then name it below, as a module and in [`all`].
//! [`strengths`] are the controls found in place.

pub mod strengths;
pub mod support;

use base::{Evidence, Finding, RuleInfo, Span, Text};
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

#[path = "../reliability/swallowed-error/rule.rs"]
mod swallowed_error;

#[path = "../security/hardcoded-secret/rule.rs"]
mod hardcoded_secret;
#[path = "../security/no-rate-limit-on-login/rule.rs"]
mod no_rate_limit_on_login;
#[path = "../security/unguarded-write/rule.rs"]
mod unguarded_write;

/// A rule with the page of its folder.
macro_rules! rule {
    ($folder:literal, $module:ident) => {{
        let mut rule = $module::RULE;
        rule.info.page = include_str!(concat!("../", $folder, "/rule.md"));
        rule
    }};
}

/// Every rule, by id.
pub fn all() -> Vec<Rule> {
    let mut all = vec![
        rule!("reliability/swallowed-error", swallowed_error),
        rule!("security/hardcoded-secret", hardcoded_secret),
        rule!("security/no-rate-limit-on-login", no_rate_limit_on_login),
        rule!("security/unguarded-write", unguarded_write),
    ];
    all.sort_by_key(|r| r.info.id);
    all
}
