//! A session cookie that scripts can read, or that goes over plain connections.

use base::{RuleInfo, Severity, Stage, Text};
use model::guards::words;
use model::{Model, Setting, SettingKind};

use crate::support::{apply_mended, info, production_settings, settings_by_group};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.4),
        ..info(
            "insecure-cookie",
            "A session cookie without its flags",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.9", "W2.2"],
            &[1004, 614, 1275],
            &["A05:2021", "A07:2021"],
        )
    },
    check,
};

/// Words of cookies that prove who is calling.
const SENSITIVE: [&str; 16] = [
    "session",
    "sess",
    "sid",
    "sessionid",
    "token",
    "jwt",
    "auth",
    "access",
    "refresh",
    "remember",
    "rememberme",
    "login",
    "identity",
    "connect",
    "uid",
    "userid",
];

fn is_sensitive(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    // a CSRF token must be read by scripts, and a last-visit cookie says nothing
    has(&SENSITIVE)
        && !has(&[
            "csrf", "xsrf", "theme", "lang", "locale", "expires", "expiry", "state", "redirect", "return", "next",
        ])
}

/// Whether a cookie only keeps a preference, by its name.
fn is_harmless(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|w| {
        matches!(
            w.as_str(),
            "theme"
                | "lang"
                | "language"
                | "locale"
                | "consent"
                | "timezone"
                | "tz"
                | "currency"
                | "visited"
                | "flash"
                | "dark"
        )
    })
}

fn off(group: &[&Setting], kind: SettingKind) -> Option<(base::Span, bool)> {
    let setting = group.iter().find(|s| s.kind == kind)?;
    (setting.value.as_deref() == Some("false")).then_some((setting.span, setting.is_default))
}

/// A cookie that is deleted carries nothing.
fn is_deletion(model: &Model, group: &[&Setting]) -> bool {
    let text = group.first().map_or("", |s| model.sources.text(s.group)).to_ascii_lowercase();
    ["maxage: 0", "maxage: -1", "maxage(0)", "max_age=0", "expires=0", "make_removal", "new date(0)", "maxage(duration::zero"]
        .iter()
        .any(|w| text.contains(w))
        // `cookie('token', 'none', …)`: what is fixed proves nothing
        || text.split_once('(').and_then(|(_, args)| args.split_once(',')).is_some_and(|(name, rest)| {
            name.trim_start().starts_with(['"', '\'']) && rest.trim_start().starts_with(['"', '\''])
        })
}

fn check(model: &Model, report: &mut Report<'_>) {
    let kinds = [SettingKind::CookieHttpOnly, SettingKind::CookieSecure, SettingKind::CookieSameSite];
    // a switch for all cookies that is not plainly off
    let all_secure =
        production_settings(model).any(|s| s.kind == SettingKind::SecureCookies && s.value.as_deref() != Some("false"));
    for group in settings_by_group(model, &kinds) {
        let Some(first) = group.first() else { continue };
        let Some(subject) = first.subject.as_deref().or(model.facts.record(first.record).label.as_deref()) else {
            continue;
        };
        if is_deletion(model, &group) {
            continue;
        }
        let sensitive = is_sensitive(subject);
        let scripts = off(&group, SettingKind::CookieHttpOnly).filter(|_| sensitive);
        // of other cookies only what is switched off on purpose
        let plain = off(&group, SettingKind::CookieSecure)
            .filter(|(_, by_default)| sensitive || !by_default && !is_harmless(subject))
            .filter(|(_, by_default)| !(*by_default && all_secure));
        let (span, issue, severity, impact) = match (scripts, plain) {
            (Some((span, _)), Some(_)) => (
                span,
                "The cookie `{}` can be read by scripts and goes over plain connections.",
                Severity::Important,
                "One cross-site scripting flaw, or one request over plain HTTP, gives the session away.",
            ),
            (Some((span, _)), None) => (
                span,
                "The cookie `{}` can be read by scripts.",
                Severity::Important,
                "One cross-site scripting flaw anywhere on the site gives the session away.",
            ),
            (None, Some((span, _))) => (
                span,
                "The cookie `{}` goes over plain connections too.",
                Severity::Suggestion,
                "One request over plain HTTP, which anyone on the way can provoke, shows the session to the network.",
            ),
            (None, None) => continue,
        };
        let mut finding = report.finding(
            format!("cookie {subject} {}", crate::support::path(model, span)),
            span,
            Text::say(issue, &[subject]),
        );
        finding.severity = severity;
        let flag = |found: Option<(base::Span, bool)>, name: &str| match found {
            Some((_, true)) => format!("`{name}` is not set and off by default. "),
            Some((_, false)) => format!("`{name}` is switched off. "),
            None => String::new(),
        };
        let details = format!("{}{}", flag(scripts, "HttpOnly"), flag(plain, "Secure"));
        finding.details = Text::from(details.trim());
        finding.impact = Text::from(impact);
        finding.fix = Text::from("Set the flags:");
        apply_mended(model, &mut finding, first.record);
        finding.verification = Text::from(
            "Sign in and look at the `Set-Cookie` header: it must say `HttpOnly; Secure; SameSite=Lax` (or `Strict`).",
        );
        finding.trade_offs = Text::from("`Secure` cookies need HTTPS in every environment but localhost.");
        report.add(finding);
    }
}
