//! The five stages' checklists, filled in. What nobody looked at is never shown as fine.

use base::{CheckItem, CheckState, Finding, RuleInfo, Stage, StageReport, Strength, Text};
use model::accesses::Does;
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
            ("W1.5", "Examine error handling format", "no route was recognised"),
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
            ("W2.7", "Check for hardcoded secrets", "no file was read"),
            ("W2.8", "Review security headers", "no security headers were recognised"),
        ],
    ),
    (
        Stage::Data,
        [
            ("W3.1", "Review schema design", "neither migrations nor stored classes were recognised"),
            ("W3.2", "Analyze query patterns", "no access to a database was recognised"),
            ("W3.3", "Check for N+1 queries", "no access to a database was recognised"),
            ("W3.4", "Verify index usage", "no live database given, and no schema was recognised"),
            ("W3.5", "Review transaction handling", "no transactions were recognised"),
            ("W3.6", "Check data consistency rules", "neither migrations nor stored classes were recognised"),
            ("W3.7", "Analyze query performance", "no live database given"),
            ("W3.8", "Review migration approach", "no migrations were found"),
        ],
    ),
    (
        Stage::Performance,
        [
            ("W4.1", "Identify slow endpoints", "no live service or load run given"),
            ("W4.2", "Review caching strategy", "no live cache given"),
            ("W4.3", "Check pagination implementation", "no request that lists rows was recognised"),
            ("W4.4", "Analyze database query performance", "no live database given"),
            ("W4.5", "Review connection pooling", "no access to a database was recognised"),
            ("W4.6", "Check for inefficient algorithms", "no rule on algorithms yet"),
            ("W4.7", "Verify load testing results", "no load run given"),
            ("W4.8", "Review scaling strategy", "needs people: what load is expected is not in the code"),
        ],
    ),
    (
        Stage::Reliability,
        [
            ("W5.1", "Review test coverage", "no tests were found"),
            ("W5.2", "Check error handling completeness", "no handler of errors was recognised"),
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
/// pass it with that as the evidence, and what is left was not examined. `all` are the rules that there are, `rules`
/// those of them that ran.
pub(crate) fn fill(
    model: &Model,
    all: &[RuleInfo],
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
            return CheckState::Passed { evidence: nothing_found(&names) };
        }
        let was_left_out = speaking.is_empty() && all.iter().any(|r| r.rows.contains(&row));
        let reason = if was_left_out { "its rules were left out" } else { reason };
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

/// How many rules are named.
const MAX_NAMES: usize = 4;

/// That rules ran and found nothing.
fn nothing_found(rules: &[&str]) -> Text {
    let mut text = Text::from("Checked, nothing found: ");
    for (at, rule) in rules.iter().take(MAX_NAMES).enumerate() {
        text = text.and(if at == 0 { "`{}`" } else { ", `{}`" }, &[rule]);
    }
    match rules.len().saturating_sub(MAX_NAMES) {
        0 => text.and(".", &[]),
        more => text.and(" and {} more.", &[&more.to_string()]),
    }
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
        "W3.1" | "W3.4" | "W3.6" => !model.schemas.is_empty() || !model.stored.all.is_empty(),
        "W3.2" | "W3.3" | "W3.5" | "W3.7" | "W4.5" => !model.accesses.all.is_empty(),
        "W3.8" => model.schemas.iter().any(|s| s.is_migrated()),
        "W4.3" => model.accesses.all.iter().any(|a| {
            let lists = matches!(a.does, Does::List);
            lists && a.function.is_some_and(|f| model.route_served(f).is_some())
        }),
        "W5.2" => !model.catches.is_empty() || !model.routes.is_empty(),
        // a call that blocks is no algorithm
        "W4.6" => false,
        "W5.3" => has_effect(&[Kind::Outbound, Kind::Opens]),
        _ => !model.routes.is_empty(),
    }
}
