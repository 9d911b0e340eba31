//! A key, token or password that stands in the code or its configuration.

use base::{Escalation, Evidence, FileRole, RuleInfo, Severity, Span, Stage, Text};
use model::Model;
use model::guards::words;
use model::keyed::{Given, KeyedConstant};
use model::literals::LiteralUse;

use crate::secrets::{compared, encodes_filler, in_url, is_placeholder, is_set_apart, is_uuid, looks_secret, shape};
use crate::support::{info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "hardcoded-secret",
            "A secret stands in the code or its configuration",
            Severity::Critical,
            Stage::Security,
            &["W2.7", "K.critical-issues.4"],
            &[798, 259, 321],
            &["A07:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let keys: Vec<&KeyedConstant> = model.keyed.iter().filter(|k| is_key(k) && is_production(model, k.used)).collect();
    for key in &keys {
        let kind = match key.given {
            Given::TokenKey => "key that signs tokens",
            _ => "key",
        };
        let usage = if key.is_fallback { LiteralUse::Fallback } else { LiteralUse::Bare };
        tell(model, report, kind, &key.value, key.span, "", usage, key.evidence);
    }
    for literal in &model.literals {
        // `"lib/cancellationToken.js": "d0426…"`: the name of a file
        if literal.name.contains('/') {
            continue;
        }
        let kind = shape(literal.value).or_else(|| {
            let parts = words(literal.name);
            named(&parts, literal.value).or_else(|| own_key(parts, literal.value))
        });
        if let Some(kind) = kind
            && keys.iter().all(|k| k.span != literal.span)
        {
            let evidence = if literal.usage == LiteralUse::Bare || kind != "secret" {
                Evidence::Shown
            } else {
                Evidence::Suspected
            };
            tell(model, report, kind, literal.value, literal.span, literal.name, literal.usage, evidence);
        }
    }
    for (span, name, value) in compared(model).into_iter().filter(|(span, ..)| is_production(model, *span)) {
        tell(model, report, "password", value, span, name, LiteralUse::Bare, Evidence::Shown);
    }
    for entries in model.config.chunk_by(|a, b| a.span.file == b.span.file) {
        let Some(first) = entries.first() else { continue };
        if first.role != FileRole::Production || is_ignored(path(model, first.span)) {
            continue;
        }
        for entry in entries {
            let is_apart = |k: &str| matches!(k, "development" | "test" | "dev" | "local" | "example" | "examples");
            if entry.key.split('.').any(is_apart) {
                continue;
            }
            let name = entry.key.rsplit('.').next().unwrap_or(&entry.key);
            let kind = shape(&entry.value)
                .or_else(|| named(&words(name), &entry.value))
                .or_else(|| in_url(&entry.value))
                .or_else(|| own_password(name, &entry.value))
                .or_else(|| own_key(words(name), &entry.value));
            if let Some(kind) = kind {
                tell(model, report, kind, &entry.value, entry.span, name, LiteralUse::Named, Evidence::Shown);
            }
        }
    }
}

/// Whether a constant is a key that must be secret. Words as the key of a keyed hash may only part its uses.
fn is_key(constant: &KeyedConstant) -> bool {
    match constant.given {
        Given::TokenKey | Given::Key => true,
        Given::Mac => {
            looks_secret(&constant.value)
                || words(&constant.value)
                    .iter()
                    .any(|w| ["secret", "key", "password", "passphrase", "private"].iter().any(|s| w.contains(s)))
        }
        Given::Nonce | Given::Salt => false,
    }
}

/// Files that hold settings of tools and translations, not of the application.
fn is_ignored(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or("");
    // settings of tools and of build machines; `.env` is the application's
    if parts.iter().any(|p| p.starts_with('.') && !p.starts_with(".env"))
        || name.contains("pipelines")
        || name.contains("-ci.")
    {
        return true;
    }
    parts.iter().any(|p| {
        matches!(
            *p,
            "locales" | "i18n" | "locale" | "lang" | "langs" | "translations" | "language" | "languages" | "test_data"
        )
    }) || name.contains("docker-compose")
        || name.contains("test")
        || name.contains(".dev")
        || name.contains("-dev")
        || name.contains("local")
        || name.contains("swagger")
        || name.contains("openapi")
}

#[allow(clippy::too_many_arguments)]
fn tell(
    model: &Model,
    report: &mut Report<'_>,
    kind: &'static str,
    value: &str,
    span: Span,
    name: &str,
    usage: LiteralUse,
    evidence: Evidence,
) {
    // whatever is decided below, no output shows it
    report.mask(span);
    let is_fake = words(name).iter().any(|w| ["test", "fake", "dummy", "sample", "mock"].contains(&w.as_str()));
    if !matches!(model.role(span), FileRole::Production) || is_fake || is_set_apart(model, span) {
        return;
    }
    let file = path(model, span).to_owned();
    let named_for_development = kind == "secret"
        && file.rsplit('/').next().is_some_and(|n| {
            n.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| matches!(w, "dev" | "development" | "local" | "ci"))
        });
    // a key that only lets in what is counted: it goes out with every copy of the program
    let counts = |text: &str| words(text).iter().any(|w| matches!(w.as_str(), "analytics" | "telemetry"));
    let of_counter = kind == "secret"
        && words(name).last().is_some_and(|w| w == "key" || w == "apikey")
        && (counts(name) || counts(&file));
    // what an application on a phone carries is public: the key is bound to the application
    let of_client = file.ends_with("google-services.json") || file.ends_with("GoogleService-Info.plist");
    if named_for_development || of_client || of_counter {
        return;
    }
    let shown = redacted(value);
    let issue = match name.is_empty() {
        true => Text::say("A {} stands in the code: `{}`.", &[kind, &shown]),
        false => Text::say("A {} stands in the code as `{}`: `{}`.", &[kind, name, &shown]),
    };
    let subject = format!("secret {file} {name} {}", base::source_hash(&[value]));
    let mut finding = report.finding(subject, span, issue);
    finding.evidence = evidence;
    finding.details = match usage {
        LiteralUse::Fallback => Text::from(
            "It stands in when the setting is missing, so a deployment that forgets the setting runs with a key that everyone can read.",
        ),
        _ => Text::from("It is in the repository, in every clone and in its history."),
    };
    finding.impact = match kind {
        "key that signs tokens" => Text::from(
            "Whoever has read the repository can sign tokens for any user and log in as them, administrators included.",
        ),
        _ => Text::from("Whoever has read the repository, or a copy of it, can use it until it is changed."),
    };
    finding.fix = Text::from(
        "Revoke it and make a new one. Read it from the environment or a secret store, refuse to start when it is missing, and take it out of the history if the repository is shared.",
    );
    finding.verification = Text::say(
        "Start the service without the setting: it must stop with an error. `git log -S` for the first characters shows where else it was; a new scan of `{}` finds nothing.",
        &[&file],
    );
    report.add(finding);
}

/// The first characters and the length: never the value.
fn redacted(value: &str) -> String {
    let first: String = value.chars().take(2).collect();
    format!("{first}… ({} characters)", value.chars().count())
}

/// A value that a name, cut into its words, calls a secret and that looks like one.
fn named(parts: &[String], value: &str) -> Option<&'static str> {
    let has = |list: &[&str]| parts.iter().any(|p| list.contains(&p.as_str()));
    let last = parts.last().map_or("", String::as_str);
    // what is about a secret is none
    let about = [
        "url",
        "uri",
        "path",
        "field",
        "header",
        "name",
        "length",
        "type",
        "regex",
        "pattern",
        "label",
        "message",
        "hint",
        "expiry",
        "ttl",
        "prefix",
        "suffix",
        "endpoint",
        "file",
        "error",
        "text",
        "title",
        "description",
        "placeholder",
        "expires",
        "policy",
        "algorithm",
        "provider",
        "class",
        "selector",
        "template",
        "reset",
        "confirmation",
        "id",
        "column",
        "param",
        "parameter",
        "format",
        "event",
        "scope",
        "view",
        "route",
        "action",
        "schema",
        "cookie",
        "issuer",
        "info",
        "manager",
    ];
    // `reset_password` is something that one does
    let doing =
        ["reset", "change", "forgot", "recover", "verify", "validate", "confirm", "invalid", "wrong", "missing"];
    // what may be seen: public keys, hashes, what stands in place of a secret
    let shown = ["public", "redacted", "masked", "blank", "hash", "hashed", "encrypted", "stamp"];
    if has(&shown) || about.contains(&last) || parts.first().is_some_and(|w| doing.contains(&w.as_str())) {
        return None;
    }
    let secret = has(&["password", "passwd", "pwd", "passphrase", "secret", "apikey", "credential", "credentials"])
        || has(&["token"]) && parts.len() > 1
        || last == "key"
            && has(&["api", "secret", "private", "signing", "encryption", "access", "jwt", "auth", "master"])
        || last == "base" && has(&["secret"]);
    if !secret || !looks_secret(value) || is_placeholder(value) {
        return None;
    }
    // what is installed on the devices of its users keeps no secret
    let of_device = has(&["client"]) && has(&["android", "ios", "mobile", "desktop"]);
    let of_thing = of_device || matches!(last, "password") && is_uuid(value) || says_a_name(parts, value);
    if of_thing || encodes_filler(value) {
        return None;
    }
    // `ATTR_ES256_PRIVATE_KEY = "es256_private_key"`
    let says_itself = words(value).iter().all(|w| parts.contains(w));
    (!says_itself).then_some("secret")
}

/// Whether a value is the name under which a secret is looked up: `ENV_SECRET_KEY = "app_secretKey"`,
/// `APP_HMAC_KEY = "app-hmac-key-v2"`.
fn says_a_name(parts: &[String], value: &str) -> bool {
    let said = words(value);
    let is_version =
        |w: &String| w.strip_prefix('v').is_some_and(|n| n.len() <= 2 && n.chars().all(|c| c.is_ascii_digit()));
    let is_own = said.len() > 1 && said.iter().all(|w| parts.contains(w) || is_version(w));
    let names = parts.iter().any(|p| {
        matches!(
            p.as_str(),
            "env" | "docker" | "property" | "prop" | "attribute" | "attr" | "arg" | "argument" | "option"
        )
    });
    let tail = parts.len().saturating_sub(2);
    is_own
        || names
            && said.ends_with(&parts[tail..])
            && value.chars().all(|c| c.is_ascii_alphabetic() || "_-.".contains(c))
}

/// What a schema says of a field.
const SCHEMA: [&str; 8] = ["required", "omitempty", "optional", "nullable", "string", "text", "password", "hidden"];

/// A key of the application's own, by the words of its name: whatever its value looks like, it signs or encrypts.
fn own_key(mut parts: Vec<String>, value: &str) -> Option<&'static str> {
    // `#secret-key` finds an element of a page
    if value.starts_with(['#', '.', '/', '[']) {
        return None;
    }
    // `sessionkey`
    if let [.., last] = parts.as_slice()
        && let Some(end) = ["key", "secret"].into_iter().find(|e| last.len() > e.len() && last.ends_with(e))
    {
        let first = last[..last.len() - end.len()].to_owned();
        parts.pop();
        parts.extend([first, end.to_owned()]);
    }
    let has = |list: &[&str]| parts.iter().any(|p| list.contains(&p.as_str()));
    let is_key = match parts.last().map(String::as_str) {
        Some("secret") => has(&["jwt", "session", "cookie", "token", "signing", "auth", "app", "hmac"]),
        Some("key") => {
            // a session's or cookie's key is more often its name
            has(&["secret", "signing", "jwt", "encryption", "crypto", "hmac"])
                || has(&["session", "cookie"]) && (looks_secret(value) || is_mixed(value))
        }
        Some("base") => has(&["secret"]) && has(&["key"]),
        Some("password") => has(&["secret"]),
        _ => false,
    };
    if !is_key {
        return None;
    }
    let length = value.chars().count();
    // a name of a setting, or what the name says again
    let says_itself = words(value).iter().all(|w| parts.contains(w) || SCHEMA.contains(&w.as_str()))
        || says_a_name(&parts, value)
        || value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let is_reference =
        value.contains("://") || value.contains(['{', '<', '/', '.', ':']) || value.starts_with(['$', '%', '@']);
    ((5..=512).contains(&length) && !says_itself && !is_reference && !is_placeholder(value)).then_some("secret")
}

/// Short, but neither a word nor a name: `G0Vw444`.
fn is_mixed(value: &str) -> bool {
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    value.len() >= 6
        && value.chars().all(|c| c.is_ascii_alphanumeric())
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && value.chars().filter(char::is_ascii_digit).count() >= 2
}

/// A password in configuration that somebody made up.
fn own_password(name: &str, value: &str) -> Option<&'static str> {
    if !matches!(words(name).last().map(String::as_str), Some("password" | "passwd" | "pwd")) {
        return None;
    }
    let mixed = value.chars().any(|c| c.is_ascii_uppercase()) && value.chars().any(|c| c.is_ascii_lowercase());
    let signs = value.chars().any(|c| c.is_ascii_punctuation() && !matches!(c, '_' | '-' | '.'));
    let is_reference = value.contains(char::is_whitespace)
        || value.contains(['{', '<', '(', '/', ':'])
        || value.starts_with(['$', '%', '!', '*', '@']);
    ((6..=128).contains(&value.chars().count())
        && mixed
        && signs
        && !is_reference
        && !is_placeholder(value)
        && !encodes_filler(value))
    .then_some("password")
}
