//! Tokens that are believed without proof, or for ever.

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use ir::{ExprKind, Part};
use model::guards::words;
use model::{Kind, Model, SettingKind};
use program::{ExprRef, FnId};

use crate::support::{apply_mended, around, effects, info, is_login, path, production_settings};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "unverified-token",
            "A token is believed without proof",
            Severity::Critical,
            Stage::Security,
            &["C2.authentication-methods.1", "W2.2", "K.critical-issues.2"],
            &[347, 345, 613],
            &["A02:2021", "A07:2021", "API2:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    decoded(model, report);
    switched_off(model, report);
    endless(model, report);
}

/// Tokens that are read without being verified, in functions that verify none.
fn decoded(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::DecodesToken).filter(|e| e.evidence > Evidence::Suspected) {
        // what was signed a moment ago needs no proof
        let own = effect.function.is_some_and(|f| model.effects_of(f).any(|e| e.kind == Kind::SignsToken));
        let verified = effect.function.is_some_and(|f| verifies(model, f));
        if own
            || verified
            || looks_for_key(model, effect.function)
            || asks_only_for_times(model, effect.call, effect.function)
        {
            continue;
        }
        let subject = format!("token {} {}", path(model, effect.span), around(model, effect.call));
        let issue = Text::say("`{}` reads a token without verifying its signature.", &[effect.name.as_str()]);
        let mut finding = report.finding(subject, effect.span, issue);
        // it may be read here only to find the key that verifies it next door
        let beside = model.effects.iter().any(|e| {
            e.kind == Kind::VerifiesToken && e.call.module == effect.call.module && e.evidence > Evidence::Suspected
        });
        if beside {
            finding.severity = Severity::Important;
            finding.evidence = Evidence::Suspected;
        }
        finding.details = Text::from(
            "Nothing in this function verifies the token: what it says may have been written by the caller.",
        );
        finding.impact = Text::from("Anyone can make a token that names another user, or a role, and is that user.");
        finding.fix = Text::from("Verify the signature, the algorithm and the expiry, then read the claims:");
        apply_mended(model, &mut finding, effect.record);
        finding.verification =
            Text::from("Change one character of the payload of a valid token: the request must be refused with 401.");
        // beside what verifies, most are read for a key or a name alone
        match beside {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}

/// Whether a function is there to find the key that a token says it was signed with.
fn looks_for_key(model: &Model, function: Option<FnId>) -> bool {
    let name = function.and_then(|f| model.program.function(f).name);
    name.is_some_and(|n| words(n.as_str()).iter().any(|w| matches!(w.as_str(), "key" | "keys" | "kid" | "issuer")))
}

/// Whether nothing is read of a decoded token but how long it is good for, as clients do with their own, or
/// whose it is, to find the key.
fn asks_only_for_times(model: &Model, call: ExprRef, function: Option<FnId>) -> bool {
    let module = model.program.module(call.module);
    let Some(function) = function else { return false };
    let range = module.function(function.function).range;
    let holder = module.stmts().find_map(|s| match &s.kind {
        ir::StmtKind::Assign { target, value: Some(value), .. } if *value == call.expr => {
            match module.expr(*target).kind {
                ExprKind::Name(name) => Some(name),
                _ => None,
            }
        }
        _ => None,
    });
    let is_token = |object: ir::ExprId| {
        let mut object = object;
        loop {
            match &module.expr(object).kind {
                ExprKind::Cast { value, .. } => object = *value,
                ExprKind::Unary { operand, .. } => object = *operand,
                ExprKind::Member { object: inner, name, .. } if *name == "payload" || *name == "claims" => {
                    object = *inner
                }
                ExprKind::Name(name) => return holder == Some(*name),
                _ => return object == call.expr,
            }
        }
    };
    let read: Vec<Vec<String>> = module
        .exprs_within(range)
        .filter_map(|(_, e)| match &e.kind {
            ExprKind::Member { object, name, .. } => is_token(*object).then(|| words(name.as_str())),
            _ => None,
        })
        .collect();
    // `decoded.payload.exp`, `decoded.get("exp")`, `decoded["exp"]`
    let keyed = module.exprs_within(range).filter_map(|(_, e)| match &e.kind {
        ExprKind::Index { object, index } if is_token(*object) => module.string(*index).map(|k| words(k.as_str())),
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } if *name == "get" && is_token(*object) => {
                args.first().and_then(|a| module.string(a.value)).map(|k| words(k.as_str()))
            }
            _ => None,
        },
        _ => None,
    });
    let read: Vec<Vec<String>> = read
        .into_iter()
        .filter(|name| !matches!(name.last().map(String::as_str), Some("get" | "payload" | "claims")))
        .chain(keyed)
        .collect();
    let is_time = |w: &String| {
        matches!(
            w.as_str(),
            "exp" | "expires" | "expiry" | "expiration" | "valid" | "issued" | "iat" | "iss" | "issuer" | "kid"
        )
    };
    !read.is_empty() && read.iter().all(|name| name.iter().any(is_time))
}

/// Whether a function, or one that calls it with the same token, verifies.
fn verifies(model: &Model, function: FnId) -> bool {
    let own = |f: FnId| model.effects_from(f, 2).iter().any(|e| e.kind == Kind::VerifiesToken);
    own(function) || model.program.callers(function).iter().filter_map(|c| c.caller).any(own)
}

/// Options that switch verification off, or allow the algorithm `none`.
fn switched_off(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model) {
        let value = setting.value.as_deref().unwrap_or("");
        let around = model.effects.iter().find(|e| {
            matches!(e.kind, Kind::VerifiesToken | Kind::DecodesToken)
                && e.span.file == setting.span.file
                && e.span.start <= setting.span.start
                && setting.span.end <= e.span.end
        });
        let harmless = around.is_some_and(|e| {
            looks_for_key(model, e.function)
                || asks_only_for_times(model, e.call, e.function)
                || setting.kind == SettingKind::TokenExpiry && is_of_expired(model, e.function)
        });
        if harmless {
            continue;
        }
        let (issue, details, severity) = match setting.kind {
            SettingKind::TokenSignature if value == "false" => (
                "Verification of a token's signature is switched off.",
                "The token is read, whoever made it.",
                Severity::Critical,
            ),
            SettingKind::TokenAlgorithm if value.split(',').any(|a| a.trim().eq_ignore_ascii_case("none")) => {
                ("Tokens without a signature are accepted.", "The algorithm `none` is allowed.", Severity::Critical)
            }
            SettingKind::TokenExpiry if value == "false" && !checks_expiry(model, setting.span) => (
                "Tokens are accepted after they have expired.",
                "The check of the expiry is switched off.",
                Severity::Important,
            ),
            _ => continue,
        };
        let mut finding = report.finding(
            format!("token {:?} {}", setting.kind, path(model, setting.span)),
            setting.span,
            Text::from(issue),
        );
        finding.severity = severity;
        finding.details = Text::from(details);
        finding.impact = match severity {
            Severity::Critical => {
                Text::from("Anyone can make a token that names another user, or a role, and is that user.")
            }
            _ => Text::from("A token that once leaked opens the account for ever."),
        };
        finding.fix = Text::from("Leave verification on and name the algorithm:");
        apply_mended(model, &mut finding, setting.record);
        finding.verification = Text::from(
            "Send a token with a changed payload, one with the algorithm `none`, and one that has expired: each must be refused with 401.",
        );
        report.add(finding);
    }
}

/// Whether a function says by its name that it reads expired tokens, to renew them.
fn is_of_expired(model: &Model, function: Option<FnId>) -> bool {
    let name = function.and_then(|f| model.program.function(f).name);
    name.is_some_and(|n| words(n.as_str()).iter().any(|w| matches!(w.as_str(), "expired" | "refresh" | "renew")))
}

/// Whether the file around a place looks at the expiry itself.
fn checks_expiry(model: &Model, span: base::Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return false };
    let module = model.program.module(id);
    module.exprs().any(
        |(_, e)| matches!(&e.kind, ExprKind::Member { name, .. } if *name == "exp" || name.as_str().contains("expir")),
    )
}

/// Tokens that are signed without an expiry.
fn endless(model: &Model, report: &mut Report<'_>) {
    let context = model.context();
    for effect in effects(model, Kind::SignsToken).filter(|e| e.evidence > Evidence::Suspected) {
        let record = model.facts.record(effect.record);
        if record.expiry.is_empty() || expires(model, effect.call, effect.function, &record.expiry) {
            continue;
        }
        if !matches!(context.option(effect.call, &record.expiry), model::options::OptionValue::Unset) {
            continue;
        }
        if is_state(model, effect.call) {
            continue;
        }
        let subject = format!("endless token {} {}", path(model, effect.span), around(model, effect.call));
        let mut finding = report.finding(subject, effect.span, Text::from("A token is signed that never expires."));
        finding.severity = Severity::Important;
        finding.evidence = Evidence::Suspected;
        finding.details =
            Text::say("Neither `{}` nor a claim of that meaning is set here.", &[&record.expiry.join("`, `")]);
        finding.impact = Text::from(
            "A token that leaks once (a log, a proxy, a shared computer) opens the account for ever; signing out does not help.",
        );
        finding.fix = Text::from("Let it expire after minutes, and renew it:");
        apply_mended(model, &mut finding, effect.record);
        finding.verification = Text::from("Decode a fresh token: it must hold an `exp` claim.");
        finding.trade_offs = Text::from("Short lives need a way to renew, with refresh tokens that can be revoked.");
        // keys of programs and links in mails live long on purpose; who signs in should not stay signed in for ever
        let signs_in = effect.function.and_then(|f| model.route_served(f)).is_some_and(is_login);
        match signs_in {
            true => report.add(finding),
            false => report.add_for_auditors(finding),
        }
    }
}

/// Whether a token is what comes back from a redirection, not what signs a caller in.
fn is_state(model: &Model, call: ExprRef) -> bool {
    let module = model.program.module(call.module);
    let is_named = |name: base::Symbol, value: ir::ExprId| name == "state" && value == call.expr;
    module.exprs().any(|(_, e)| match &e.kind {
        ExprKind::Map(entries) => {
            entries.iter().any(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| is_named(k, e.value)))
        }
        ExprKind::Call { args, .. } => args.iter().any(|a| a.name.is_some_and(|n| is_named(n, a.value))),
        _ => false,
    })
}

/// Whether the functions around speak of an expiry: a claim, a field, a call of that name.
fn expires(model: &Model, call: ExprRef, function: Option<FnId>, names: &[String]) -> bool {
    let said = |text: &str| {
        let plain = text.to_ascii_lowercase().replace(['_', '-'], "");
        plain == "exp"
            || plain.contains("expir")
            || plain.contains("ttl")
            || names.iter().any(|n| n.eq_ignore_ascii_case(text))
    };
    let speaks = |f: FnId| {
        let module = model.program.module(f.module);
        let range = model.program.function(f).range;
        module.exprs_within(range).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => said(name.as_str()),
            ExprKind::Literal(ir::Literal::Str(text)) => said(text.as_str()),
            ExprKind::Call { args, .. } => args.iter().any(|a| a.name.is_some_and(|n| said(n.as_str()))),
            ExprKind::Template(parts) => parts.iter().any(|p| matches!(p, Part::Text(t) if said(t.as_str()))),
            _ => false,
        })
    };
    let Some(function) = function else {
        let module = model.program.module(call.module);
        return module
            .exprs()
            .any(|(_, e)| matches!(&e.kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if said(n.as_str())));
    };
    let callers = model.program.callers(function).iter().filter_map(|c| c.caller);
    let callees = model
        .program
        .calls_in(function)
        .iter()
        .filter_map(|c| model.program.call(ExprRef { module: function.module, expr: *c }))
        .flat_map(|c| c.functions.iter().copied());
    std::iter::once(function).chain(callers).chain(callees).any(speaks)
        // claims of a type of their own
        || model.program.classes().all().iter().any(|(class, _)| {
            let item = model.program.class(*class);
            item.name.as_str().to_ascii_lowercase().contains("claim") && item.fields.iter().any(|f| said(f.name.as_str()))
        })
}
