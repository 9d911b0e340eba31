//! Identities of findings, and suppressions in the code.

use base::{FileRole, Finding, Gap, GapKind, SourceMap, Span};
use model::Model;

/// The fingerprint of each finding: rule, subject, and the code at its place without white space. It
/// survives moved lines and reformatting.
pub(crate) fn fingerprint(findings: &mut [Finding], sources: &SourceMap) {
    for finding in findings {
        // what was measured changes with the hour
        let is_live = sources.file(finding.span.file).role == FileRole::Live;
        let text: String = sources
            .shown_line(finding.span.file, sources.start(finding.span).line)
            .chars()
            .filter(|c| !is_live && !c.is_whitespace())
            .collect();
        finding.fingerprint = base::source_hash(&[finding.rule, &finding.subject, &text]);
    }
}

struct Allowed {
    span: Span,
    line: u32,
    rule: String,
    used: bool,
}

/// Takes out findings that a comment `specialist: allow <rule>, because <reason>` on the same line or
/// the one above allows. Gives the comments that allowed nothing, and those without a reason.
pub(crate) fn apply(findings: &mut Vec<Finding>, model: &Model, sources: &SourceMap) -> (Vec<Gap>, Vec<Gap>) {
    let mut allowed: Vec<Allowed> = Vec::new();
    let mut malformed = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        for comment in &module.comments {
            let span = module.span(*comment);
            let Some((_, rest)) = sources.text(span).split_once("specialist: allow ") else { continue };
            let (rules, reason) = rest.split_once(", because ").unwrap_or((rest, ""));
            if reason.trim().is_empty() {
                malformed.push(note("a suppression without `, because <reason>` is not obeyed", span));
                continue;
            }
            let line = sources.end(span).line;
            for rule in rules.split([',', ' ']).filter(|r| !r.is_empty()) {
                allowed.push(Allowed { span, line, rule: rule.to_owned(), used: false });
            }
        }
    }
    let mut is_allowed = |rule: &str, span: Span| {
        let line = sources.start(span).line;
        let hit = allowed
            .iter_mut()
            .find(|a| a.span.file == span.file && a.rule == rule && (a.line == line || a.line + 1 == line));
        hit.map(|allowed| allowed.used = true).is_some()
    };
    findings.retain_mut(|finding| {
        let rule = finding.rule;
        finding.related.retain(|r| !r.is_again() || !is_allowed(rule, r.span));
        if !is_allowed(rule, finding.span) {
            return true;
        }
        // the same defect at a place of which the comment does not speak
        let Some(next) = finding.related.iter().position(base::Related::is_again) else { return false };
        finding.span = finding.related.remove(next).span;
        finding.trace.clear();
        finding.edits.clear();
        true
    });
    let unused = allowed.iter().filter(|a| !a.used).map(|a| note("a suppression that suppresses nothing", a.span));
    (unused.collect(), malformed)
}

fn note(what: &str, span: Span) -> Gap {
    Gap { kind: GapKind::Configuration, what: what.to_owned(), span: Some(span), path: None }
}
