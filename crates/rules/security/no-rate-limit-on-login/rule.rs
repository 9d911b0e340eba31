//! A login that may be tried as often as one likes.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use model::{Auth, GuardKind, Method, Model, Route, SettingKind};

use crate::passwords::{names_password, speaks_of_password};
use crate::support::{apply_mended, handler, info, is_login, place_of, production_settings, routes, way_in};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        ..info(
            "no-rate-limit-on-login",
            "A login has no rate limit",
            Severity::Important,
            Stage::Security,
            &["W1.8", "K.important-issues.3", "C2.security-best-practices.7"],
            &[307, 770],
            &["A07:2021", "API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    unlocked(model, report);
    let limited: Vec<&Route> = routes(model).filter(|r| r.has_guard(GuardKind::RateLimit)).collect();
    // something limits rates, and where is not known; accounts are locked after too many attempts
    if limited.is_empty() && model.limits_rates() || model.locks_accounts() {
        return;
    }
    for route in routes(model).filter(|r| is_login(r) && !r.has_guard(GuardKind::RateLimit)) {
        if handler(route).is_some_and(|f| model.counts_attempts(f)) {
            continue;
        }
        // what gives tokens may give them to who is signed in, or for codes that cannot be guessed
        let gives_tokens = route.path.trim_end_matches('/').ends_with("token");
        let takes_password = route.inputs.iter().any(|i| names_password(&i.name))
            || handler(route).is_none_or(|f| speaks_of_password(model, f));
        if gives_tokens && (route.auth == Auth::Required || !takes_password) {
            continue;
        }
        // a page with the form, whose password goes elsewhere
        if route.method == Method::Any && !takes_password {
            continue;
        }
        // a library's handler calls back for the check of the password, and of the captcha
        if handler(route).is_none() && model.knows_captchas() {
            continue;
        }
        let name = route.name();
        // `if (limit > 0) with(limiter).post("/login") else post("/login")`
        if limited.iter().any(|r| r.path == route.path && r.method == route.method) {
            continue;
        }
        let elsewhere = limited.iter().find(|r| r.service == route.service);
        if elsewhere.is_none() && !limited.is_empty() {
            continue;
        }
        let issue = match elsewhere {
            Some(_) => Text::say("`{}` may be tried as often as one likes, while other routes are limited.", &[&name]),
            None => {
                Text::say("`{}` may be tried as often as one likes: nothing in the project limits rates.", &[&name])
            }
        };
        let mut finding = report.finding(format!("route {name}"), place_of(model, route), issue);
        finding.endpoint = Some(name.clone());
        finding.trace = way_in(model, route);
        finding.evidence = if elsewhere.is_some() { Evidence::Suspected } else { Evidence::Shown };
        finding.details = match elsewhere {
            Some(other) => Text::say(
                "`{}` has a limit; none was found on this route or around it. A gateway in front may do it; the code does not show it.",
                &[&other.name()],
            ),
            None => Text::from(
                "No guard, middleware or library that limits rates was found, on this route or around it. A gateway in front may do it; the code does not show it.",
            ),
        };
        finding.impact = Text::from(
            "Passwords can be guessed at the speed of the network, and lists of leaked passwords tried on every account.",
        );
        finding.fix = Text::from(
            "Limit attempts per account and per address (a few per minute, then growing delays), answer 429 with `Retry-After`, and keep the counters where all instances see them.",
        );
        finding.verification = Text::say(
            "Send twenty wrong passwords in a row; the last must be answered with 429: `{}`",
            &[&format!(
                "for i in $(seq 20); do curl -s -o /dev/null -w '%{{http_code}} ' -X POST \"$BASE_URL{}\" -d '{{}}'; done",
                route.path.replace(['{', '}', '\'', '"', '`', '$', '\\'], "")
            )],
        );
        report.add(finding);
    }
}

/// Accounts that are never locked, by a setting.
fn unlocked(model: &Model, report: &mut Report<'_>) {
    let off = |s: &&model::Setting| s.kind == SettingKind::Lockout && s.value.as_deref() == Some("false");
    let Some(setting) = production_settings(model).find(off) else { return };
    if model.routes.iter().any(|r| r.has_guard(GuardKind::RateLimit)) {
        return;
    }
    let issue = Text::from("Accounts are not locked however often a wrong password is tried.");
    let mut finding = report.finding("setting lockout".to_owned(), setting.span, issue);
    finding.details = Text::from("The lock after too many attempts is switched off.");
    finding.impact = Text::from("Passwords of an account can be guessed for as long as it takes.");
    finding.fix = Text::from("Switch it on, and limit the rate of the login as well:");
    apply_mended(model, &mut finding, setting.record);
    finding.verification =
        Text::from("Try a new account's wrong password ten times: the right one must be refused then.");
    report.add(finding);
}
