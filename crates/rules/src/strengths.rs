//! Controls found in place.

use base::{Evidence, Span, Strength, Text};
use model::{Auth, GuardKind, Kind, Model, Route};

use crate::support::{effects, handler, is_production, routes};

/// Most places that a strength names.
const PLACES: usize = 5;

/// All strengths, in a fixed order.
pub fn all(model: &Model) -> Vec<Strength> {
    let mut found = Vec::new();
    let by_effect: [(&'static str, Kind, &str, &'static [&'static str]); 7] = [
        (
            "password-hashing",
            Kind::PasswordHash,
            "Passwords are hashed with a slow hash made for it.",
            &["W2.1", "C2.security-best-practices.1"],
        ),
        (
            "input-validation",
            Kind::Validator,
            "Input is checked by a validation library.",
            &["W2.5", "C10.input-validation.6"],
        ),
        ("security-headers", Kind::SecurityHeaders, "Security headers are set.", &["W2.8"]),
        ("transactions", Kind::Transaction, "Transactions are used.", &["W3.5"]),
        ("caching", Kind::Cache, "A cache is used.", &["W4.2"]),
        ("logging", Kind::Logs, "A logging library is used.", &["W5.7"]),
        ("monitoring", Kind::Observes, "Metrics, traces or error reports are collected.", &["W5.8"]),
    ];
    for (id, kind, text, rows) in by_effect {
        let mut places: Vec<Span> = model
            .effects
            .iter()
            .filter(|e| e.kind == kind && e.evidence >= Evidence::Shown && is_production(model, e.span))
            .map(|e| e.span)
            .collect();
        if kind == Kind::Validator {
            // bodies whose declared types check them
            places.extend(routes(model).filter_map(|r| model.declared_body(r, handler(r)?)));
        }
        add(&mut found, id, Text::from(text), places, rows);
    }
    let guarded: Vec<Span> = routes(model).filter(|r| r.auth == Auth::Required).map(|r| r.span).collect();
    let total = routes(model).count();
    let text = Text::say(
        "{} of {} routes require an authenticated caller.",
        &[&guarded.len().to_string(), &total.to_string()],
    );
    add(&mut found, "authentication", text, guarded, &["W2.1"]);
    for (id, kind, text, rows) in [
        ("authorization", GuardKind::Authorization, "Routes check roles, permissions or scopes.", &["W2.3"] as &[_]),
        ("rate-limiting", GuardKind::RateLimit, "Rates are limited.", &["W1.8"]),
        ("csrf-protection", GuardKind::Csrf, "Routes check a CSRF token.", &["W2.2"]),
    ] {
        let mut places: Vec<Span> =
            routes(model).filter_map(|r| r.guards.iter().find(|g| g.kind == kind)).map(|g| g.span).collect();
        // a limiter that a library makes, wherever it is put
        places.extend(effects(model, Kind::Guard).filter(|e| e.evidence >= Evidence::Shown).filter_map(|e| {
            let guard = model.facts.record(e.record).guard.map(GuardKind::from)?;
            (guard == kind && kind == GuardKind::RateLimit).then_some(e.span)
        }));
        add(&mut found, id, Text::from(text), places, rows);
    }
    let health: Vec<Span> = routes(model).filter(|r| answers_health(r)).map(|r| r.span).collect();
    add(&mut found, "health-checks", Text::from("A route answers health checks."), health, &["W5.8"]);
    let tests: Vec<Span> = model
        .sources
        .files()
        .filter(|(_, f)| f.role == base::FileRole::Test && f.language.is_some())
        .map(|(id, _)| Span::new(id, 0, 0))
        .collect();
    let text = Text::say("There are tests, in {} files.", &[&tests.len().to_string()]);
    add(&mut found, "tests", text, tests, &["W5.1"]);
    let migrations: Vec<Span> = model
        .sources
        .files()
        .filter(|(_, f)| f.role == base::FileRole::Migration)
        .map(|(id, _)| Span::new(id, 0, 0))
        .collect();
    let text = Text::say("The schema changes by migrations ({} files).", &[&migrations.len().to_string()]);
    add(&mut found, "migrations", text, migrations, &["W3.8"]);
    found
}

/// `GET /health`, `/healthz`, `/readyz`.
fn answers_health(route: &Route) -> bool {
    let last = route.path.rsplit('/').next().unwrap_or("").to_lowercase();
    let plain: String = last.chars().filter(|c| c.is_alphanumeric()).collect();
    route.method.is_safe()
        && matches!(
            plain.as_str(),
            "health"
                | "healthz"
                | "healthcheck"
                | "ready"
                | "readyz"
                | "readiness"
                | "livez"
                | "liveness"
                | "heartbeat"
        )
}

fn add(found: &mut Vec<Strength>, id: &'static str, text: Text, mut places: Vec<Span>, rows: &'static [&'static str]) {
    places.sort();
    places.dedup();
    if places.is_empty() {
        return;
    }
    let count = places.len();
    places.truncate(PLACES);
    found.push(Strength { id, text, origins: places, count, rows });
}
