//! The five stages' checklists, filled in. What nobody looked at is never shown as fine.

use base::{CheckItem, CheckState, Finding, RuleInfo, Stage, StageReport, Strength, Text};
use model::{Auth, Kind, Model, SettingKind};

/// Row, words, and what it would take to examine it when no rule or strength speaks of it.
type Line = (&'static str, &'static str, &'static str);

const STAGES: [(Stage, [Line; 8]); 5] = [
    (
        Stage::Api,
        [
            ("W1.1", "Review endpoint design and URLs", "no rule on URL design yet"),
            ("W1.2", "Verify HTTP method usage", "no rule on method semantics yet"),
            ("W1.3", "Check request/response payloads", "no contract was given"),
            ("W1.4", "Validate status codes usage", "no rule on status codes yet"),
            ("W1.5", "Examine error handling format", "no rule on error formats yet"),
            ("W1.6", "Review API documentation", "no contract was given"),
            ("W1.7", "Check versioning strategy", "no rule on versioning yet"),
            ("W1.8", "Analyze rate limiting setup", "no rate limiting was found and no rule asked for it here"),
        ],
    ),
    (
        Stage::Security,
        [
            ("W2.1", "Verify authentication method", "no authentication was recognised"),
            ("W2.2", "Check token/session handling", "no token or session handling was recognised"),
            ("W2.3", "Review authorization rules", "no authorization was recognised"),
            ("W2.4", "Validate CORS configuration", "no CORS configuration was recognised"),
            ("W2.5", "Check input validation", "no validation was recognised"),
            ("W2.6", "Verify sanitization", "no untrusted data was recognised"),
            ("W2.7", "Check for hardcoded secrets", "the rule did not run"),
            ("W2.8", "Review security headers", "no security headers were recognised"),
        ],
    ),
    (
        Stage::Data,
        [
            ("W3.1", "Review schema design", "the schema is not read yet"),
            ("W3.2", "Analyze query patterns", "queries are not read yet"),
            ("W3.3", "Check for N+1 queries", "queries are not read yet"),
            ("W3.4", "Verify index usage", "no live database given, and the schema is not read yet"),
            ("W3.5", "Review transaction handling", "no transactions were recognised"),
            ("W3.6", "Check data consistency rules", "the schema is not read yet"),
            ("W3.7", "Analyze query performance", "no live database given"),
            ("W3.8", "Review migration approach", "no migrations were found"),
        ],
    ),
    (
        Stage::Performance,
        [
            ("W4.1", "Identify slow endpoints", "no live service or load run given"),
            ("W4.2", "Review caching strategy", "no live cache given"),
            ("W4.3", "Check pagination implementation", "no rule on pagination yet"),
            ("W4.4", "Analyze database query performance", "no live database given"),
            ("W4.5", "Review connection pooling", "no live database given"),
            ("W4.6", "Check for inefficient algorithms", "no rule on algorithms yet"),
            ("W4.7", "Verify load testing results", "no load run given"),
            ("W4.8", "Review scaling strategy", "needs people: what load is expected is not in the code"),
        ],
    ),
    (
        Stage::Reliability,
        [
            ("W5.1", "Review test coverage", "no tests were found"),
            ("W5.2", "Check error handling completeness", "the rule did not run"),
            ("W5.3", "Verify timeout configuration", "no outbound call was recognised"),
            ("W5.4", "Review retry strategies", "no rule on retries yet"),
            ("W5.5", "Check circuit breaker setup", "no rule on circuit breakers yet"),
            ("W5.6", "Analyze failure scenarios", "no live system given"),
            ("W5.7", "Review logging completeness", "no logging library was recognised"),
            ("W5.8", "Check monitoring setup", "no monitoring was recognised"),
        ],
    ),
];

/// The stack of rules that look at running systems alone.
const RUNNING: &str = "running system";

/// Fills every line: findings fail it, strengths pass it, rules that ran over routes and found nothing
/// pass it with that as the evidence, and what is left was not examined.
pub(crate) fn fill(
    model: &Model,
    rules: &[RuleInfo],
    findings: &[Finding],
    strengths: &[Strength],
) -> Vec<StageReport> {
    let state = |row: &str, reason: &str| {
        // what only a running system shows was not looked at without one
        let could_look = |r: &&RuleInfo| !model.running.is_empty() || r.stacks != [RUNNING];
        let speaking: Vec<&RuleInfo> = rules.iter().filter(|r| r.rows.contains(&row)).filter(could_look).collect();
        let failed: Vec<String> = findings
            .iter()
            .filter(|f| speaking.iter().any(|r| r.id == f.rule))
            .map(|f| f.fingerprint.clone())
            .collect();
        if !failed.is_empty() {
            return CheckState::Failed { findings: failed };
        }
        if let Some(strength) = strengths.iter().find(|s| s.rows.contains(&row)) {
            return CheckState::Passed { evidence: strength.text.clone() };
        }
        if !speaking.is_empty() && has_subject(model, row) {
            let names: Vec<&str> = speaking.iter().map(|r| r.id).collect();
            let evidence = Text::say("Checked, nothing found: `{}`.", &[&names.join(", ")]);
            return CheckState::Passed { evidence };
        }
        CheckState::NotExamined { reason: Text::say("{}", &[reason]) }
    };
    STAGES
        .iter()
        .map(|(stage, lines)| StageReport {
            stage: *stage,
            items: lines.iter().map(|(row, text, reason)| CheckItem { row, text, state: state(row, reason) }).collect(),
        })
        .collect()
}

/// Whether there is anything that a line is about. A rule that had nothing to look at has found nothing fine.
fn has_subject(model: &Model, row: &str) -> bool {
    let has_effect = |kinds: &[Kind]| model.effects.iter().any(|e| kinds.contains(&e.kind));
    let has_setting = |kinds: &[SettingKind]| model.settings.iter().any(|s| kinds.contains(&s.kind));
    let asks_callers = || model.routes.iter().any(|r| r.auth != Auth::None);
    match row {
        "W2.7" => true,
        // of a system that was left before all was asked little is known
        "W3.4" | "W3.7" | "W4.4" | "W4.5" if !model.running.is_empty() => {
            model.running.iter().all(|r| r.snapshot.stopped.is_none())
        }
        "W2.1" => asks_callers() || has_effect(&[Kind::PasswordHash, Kind::Hashes, Kind::VerifiesToken]),
        "W2.2" => {
            has_effect(&[Kind::Cookie, Kind::SignsToken, Kind::VerifiesToken])
                || has_setting(&[SettingKind::CookieHttpOnly, SettingKind::CookieSecure])
        }
        "W2.3" => asks_callers(),
        "W2.4" => has_effect(&[Kind::Cors]) || has_setting(&[SettingKind::CorsOrigin]),
        "W2.5" => model.routes.iter().any(|r| !r.method.is_safe()),
        "W1.8" => model.routes.iter().any(|r| {
            let path = r.path.to_lowercase();
            ["login", "signin", "sign_in", "sign-in", "token", "session", "authenticate"]
                .iter()
                .any(|w| path.contains(w))
        }),
        "W2.8" => has_effect(&[Kind::SecurityHeaders]),
        // a call that blocks is no algorithm
        "W4.6" => false,
        "W5.3" => has_effect(&[Kind::Outbound, Kind::Opens]),
        _ => !model.routes.is_empty(),
    }
}
