//! For programs: `specialist-review/v1`.

use base::{Finding, Review, SourceMap, Span};
use serde_json::{Value, json};

use crate::markdown::text;

fn location(sources: &SourceMap, span: Span) -> Value {
    let (start, end) = (sources.start(span), sources.end(span));
    json!({
        "file": sources.file(span.file).path,
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn finding(finding: &Finding, sources: &SourceMap) -> Value {
    let steps: Vec<Value> = finding
        .trace
        .iter()
        .map(|s| json!({"location": location(sources, s.span), "message": text(&s.message)}))
        .collect();
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|s| json!({"location": location(sources, s.span), "message": text(&s.message)}))
        .collect();
    json!({
        "rule": finding.rule,
        "severity": finding.severity,
        "evidence": finding.evidence,
        "fingerprint": finding.fingerprint,
        "subject": finding.subject,
        "endpoint": finding.endpoint,
        "location": location(sources, finding.span),
        "issue": text(&finding.issue),
        "details": text(&finding.details),
        "impact": text(&finding.impact),
        "fix": text(&finding.fix),
        "verification": text(&finding.verification),
        "tradeOffs": text(&finding.trade_offs),
        "trace": steps,
        "related": related,
    })
}

pub fn render(review: &Review, sources: &SourceMap) -> String {
    let strengths: Vec<Value> = review
        .strengths
        .iter()
        .map(|s| {
            let places: Vec<Value> = s.origins.iter().map(|o| location(sources, *o)).collect();
            json!({"id": s.id, "text": text(&s.text), "count": s.count, "places": places, "rows": s.rows})
        })
        .collect();
    let gaps: Vec<Value> = review
        .gaps
        .iter()
        .map(|g| json!({"kind": g.kind, "what": g.what, "path": g.path, "location": g.span.map(|s| location(sources, s))}))
        .collect();
    let stages: Vec<Value> = review
        .stages
        .iter()
        .map(|s| {
            let items: Vec<Value> = s
                .items
                .iter()
                .map(|i| {
                    let (state, words, findings) = match &i.state {
                        base::CheckState::Passed { evidence } => ("passed", text(evidence), Vec::new()),
                        base::CheckState::Failed { findings } => ("failed", String::new(), findings.clone()),
                        base::CheckState::NotApplicable { reason } => ("not-applicable", text(reason), Vec::new()),
                        base::CheckState::NotExamined { reason } => ("not-examined", text(reason), Vec::new()),
                    };
                    json!({"row": i.row, "text": i.text, "state": state, "words": words, "findings": findings})
                })
                .collect();
            json!({"stage": s.stage, "title": s.stage.title(), "items": items})
        })
        .collect();
    let findings: Vec<Value> = review.findings.iter().map(|f| finding(f, sources)).collect();
    let whole = json!({
        "schema": "specialist-review/v1",
        "version": review.version,
        "summary": review.summary,
        "findings": findings,
        "suppressed": review.suppressed,
        "strengths": strengths,
        "stages": stages,
        "budgets": review.budgets,
        "escalations": review.escalations,
        "gaps": gaps,
        "incomplete": review.incomplete,
    });
    let mut out = serde_json::to_string_pretty(&whole).unwrap_or_default();
    out.push('\n');
    out
}
