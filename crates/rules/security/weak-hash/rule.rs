//! A broken hash function, where more than chance may hand it two inputs of one hash.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::guards::words;
use model::{Effect, Kind, Model};
use program::FnId;

use crate::naming::{Names, around_call};
use crate::support::{around, effects, handler, info, path, routes};
use crate::{Report, Rule, passwords};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.9),
        ..info(
            "weak-hash",
            "A broken hash function",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.7"],
            &[328, 327],
            &["A02:2021"],
        )
    },
    check,
};

/// Words of values that somebody gains from forging.
const SECURITY: [&str; 31] = [
    "token",
    "signature",
    "signed",
    "sign",
    "signing",
    "sig",
    "hmac",
    "mac",
    "secret",
    "auth",
    "authenticate",
    "authentication",
    "authorization",
    "session",
    "csrf",
    "nonce",
    "credential",
    "credentials",
    "password",
    "passwd",
    "pwd",
    "salt",
    "otp",
    "activation",
    "verify",
    "verification",
    "certificate",
    "integrity",
    "license",
    "encrypt",
    "encryption",
];

/// Words of values that only tell things apart: two that collide by intent harm whoever made them.
const HARMLESS: [&str; 86] = [
    "etag",
    "etags",
    "cache",
    "cached",
    "caching",
    "checksum",
    "checksums",
    "gravatar",
    "avatar",
    "fingerprint",
    "dedup",
    "dedupe",
    "deduplicate",
    "duplicate",
    "bucket",
    "shard",
    "partition",
    "uuid",
    "guid",
    "uid",
    "filename",
    "file",
    "files",
    "filepath",
    "path",
    "dir",
    "thumbnail",
    "image",
    "photo",
    "picture",
    "icon",
    "color",
    "colour",
    "asset",
    "assets",
    "version",
    "content",
    "contents",
    "md5sum",
    "sha1sum",
    "blob",
    "chunk",
    "chunks",
    "url",
    "uri",
    "slug",
    "index",
    "lock",
    "schema",
    "revision",
    "build",
    "package",
    "commit",
    "advisory",
    "query",
    "sql",
    "template",
    "snapshot",
    "snap",
    "split",
    "rollout",
    "survey",
    "percentile",
    "lines",
    "feed",
    "ruleset",
    "ring",
    "consistent",
    "archive",
    "slice",
    "subscription",
    "compare",
    "changed",
    "unchanged",
    "dirty",
    "buffer",
    "media",
    "sync",
    "chunked",
    "upload",
    "download",
    "metadata",
    "usedforsecurity",
    "ratelimit",
    "throttle",
    "emailhash",
];

fn check(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::Hashes).filter(|e| e.evidence > Evidence::Suspected) {
        let Some(algorithm) = passwords::algorithm(model, effect) else { continue };
        let Some(shown) = broken(&algorithm) else { continue };
        // another rule's, and graver; or no hash of the project's choice
        if model.facts.record(effect.record).label.is_some()
            || passwords::is_of_password(model, effect)
            || passwords::names_other(model, effect.call, effect.function)
            || !passwords::through_callers(model, effect).is_empty()
        {
            continue;
        }
        let Some(severity) = gravity_of(model, effect) else { continue };
        // what only the program itself hashes, for a reason that nothing tells, is a checksum more often than not
        if severity == Severity::Suggestion && !is_at_the_edge(model, effect.function) {
            continue;
        }
        tell(model, report, effect, shown, severity);
    }
}

/// Whether a file speaks with another system, which says how requests to it are signed.
fn speaks_with_others(path: &str) -> bool {
    path.to_ascii_lowercase().split('/').rev().skip(1).any(|dir| {
        matches!(
            dir,
            "driver"
                | "drivers"
                | "provider"
                | "providers"
                | "sdk"
                | "integration"
                | "integrations"
                | "payment"
                | "payments"
                | "gateway"
                | "gateways"
                | "connector"
                | "connectors"
                | "oss"
                | "aliyun"
                | "tencent"
                | "qiniu"
                | "upyun"
                | "wechat"
                | "alipay"
        )
    })
}

/// Whether what is hashed is a random token, which nobody makes a second one of: `sha1(token)` to look it up.
fn is_of_token(model: &Model, effect: &Effect) -> bool {
    let module = model.program.module(effect.call.module);
    let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { return false };
    let [arg] = args.as_slice() else { return false };
    let says_random = |text: &str| words(text).iter().any(|w| matches!(w.as_str(), "token" | "random" | "uuid"));
    let is_reset = effect.function.is_some_and(|f| {
        let file = model.program.path(f.module).to_ascii_lowercase();
        file.contains("reset")
    });
    match &module.expr(arg.value).kind {
        ExprKind::Name(name) => says_random(name.as_str()),
        // `find_by_token(sha1(params[:id]))`
        ExprKind::Index { .. } => is_reset,
        _ => false,
    }
}

fn broken(algorithm: &str) -> Option<&'static str> {
    let plain: String = algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.as_str() {
        "md2" => Some("MD2"),
        "md4" => Some("MD4"),
        "md5" => Some("MD5"),
        "sha1" | "sha" => Some("SHA-1"),
        _ => None,
    }
}

/// How grave a hash is; where it is only wrapped, by what the calls of the wrapper are for.
fn gravity_of(model: &Model, effect: &Effect) -> Option<Severity> {
    let own = gravity(&around_call(model, effect.call, effect.function));
    if own != Some(Severity::Suggestion) {
        return own;
    }
    let calls = passwords::wrapper_calls(model, effect);
    if calls.is_empty() {
        return own;
    }
    let mut found = None;
    for (call, caller) in calls {
        found = found.max(gravity(&around_call(model, call, caller)));
    }
    found
}

/// How grave it is by what code around is called: what is near decides before what is far.
fn gravity(names: &Names) -> Option<Severity> {
    if names.near_has(&HARMLESS) {
        None
    } else if names.near_has(&SECURITY) {
        Some(Severity::Important)
    } else if names.far_has(&HARMLESS) {
        None
    } else if names.far_has(&SECURITY) {
        Some(Severity::Important)
    } else {
        Some(Severity::Suggestion)
    }
}

/// Whether a function answers requests: it is a handler, or takes a request.
fn is_at_the_edge(model: &Model, function: Option<FnId>) -> bool {
    let Some(function) = function else { return false };
    let module = model.program.module(function.module);
    let answers = |f: FnId| routes(model).any(|r| handler(r) == Some(f));
    let mut at = Some(function.function);
    while let Some(id) = at {
        let item = module.function(id);
        let takes = item.params.iter().any(|p| {
            words(p.name.as_str()).iter().any(|w| matches!(w.as_str(), "request" | "req"))
                || p.ty.is_some_and(|t| model.sources.text(module.span(module.ty(t).range)).contains("Request"))
        });
        // `request.cookies`, `params[:id]` of what surrounds every handler
        let reads = || {
            module.exprs_within(item.range).any(|(_, e)| match e.kind {
                ExprKind::Member { object, .. } => {
                    matches!(module.expr(object).kind, ExprKind::Name(n) if n == "request" || n == "req")
                }
                _ => false,
            })
        };
        if takes || answers(FnId { module: function.module, function: id }) || reads() {
            return true;
        }
        at = item.parent;
    }
    false
}

fn tell(model: &Model, report: &mut Report<'_>, effect: &Effect, algorithm: &str, severity: Severity) {
    let subject = format!("hash {} {} {algorithm}", path(model, effect.span), around(model, effect.call));
    let issue = Text::say("{} is used, which is broken.", &[algorithm]);
    let mut finding = report.finding(subject, effect.span, issue);
    finding.severity = severity;
    finding.evidence = Evidence::Suspected;
    finding.details = match severity {
        Severity::Suggestion => Text::from(
            "What callers send is hashed, and nothing says what for: it matters if anybody gains from a forged input.",
        ),
        _ => Text::from("The names around it say that the hash protects something."),
    };
    finding.impact = Text::from(
        "Two inputs of one hash are made within seconds (MD5) or for the price of a car (SHA-1): what was checked by the hash can be exchanged.",
    );
    finding.fix = Text::from(
        "Use SHA-256 (or BLAKE2, SHA-3) of the same library; for what must not be forged, an HMAC with a secret key; for passwords, Argon2id or bcrypt. Values that are stored need both forms for a while.",
    );
    finding.verification = Text::from(
        "Search for the algorithm's name again, and test that stored values of the old form still work or are renewed.",
    );
    finding.trade_offs =
        Text::from("A checksum against accidents may stay as it is: name it so, and say it in a comment.");
    let is_prescribed = speaks_with_others(path(model, effect.span)) || is_of_token(model, effect);
    match is_prescribed {
        true => report.add_for_auditors(finding),
        false => report.add(finding),
    }
}
