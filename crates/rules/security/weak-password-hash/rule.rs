//! Passwords hashed with a fast hash, too cheaply, or not at all.

use base::{Escalation, Evidence, Finding, Related, RuleInfo, Severity, Span, Stage, Text, TraceStep};
use ir::{BinaryOp, ExprKind};
use model::guards::words;
use model::{Kind, Model, SettingKind};
use program::ExprRef;

use crate::cleartext::{self, Place, Use, is_account, is_plain_password, is_stored};
use crate::passwords;
use crate::support::{around, effects, info, is_production, mended, path, production_settings, tag};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "weak-password-hash",
            "Passwords are stored so that they can be got back",
            Severity::Critical,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.1"],
            &[916, 256, 328, 759],
            &["A02:2021", "A07:2021"],
        )
    },
    check,
};

/// Least rounds of bcrypt (OWASP Password Storage Cheat Sheet).
const LEAST_ROUNDS: i64 = 10;

fn check(model: &Model, report: &mut Report<'_>) {
    fast_hashes(model, report);
    cheap_hashes(model, report);
    plain(model, report);
}

fn fast_hashes(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::Hashes).filter(|e| e.evidence > Evidence::Suspected) {
        let Some(algorithm) = passwords::algorithm(model, effect) else { continue };
        let mut places: Vec<(Span, String, Option<Span>)> = Vec::new();
        // a hash of old is verified once more, and made anew
        if effect.function.is_some_and(|f| hashes_well(model, f)) {
            continue;
        }
        if passwords::is_of_password(model, effect) {
            places.push((effect.span, around(model, effect.call), None));
        } else {
            let calls = passwords::through_callers(model, effect);
            let calls = calls.into_iter().filter(|(_, caller)| caller.is_none_or(|f| !hashes_well(model, f)));
            places.extend(calls.map(|(call, _)| (model.program.span(call), around(model, call), Some(effect.span))));
        }
        for (span, function, made) in places {
            let mut finding = fast_hash(model, report, &algorithm, span, &function);
            if let Some(made) = made {
                finding.trace = vec![
                    TraceStep { span, message: Text::from("The password is given to a function that hashes.") },
                    TraceStep { span: made, message: Text::from("The hash is made here.") },
                ];
            }
            report.add(finding);
        }
    }
}

fn fast_hash(model: &Model, report: &Report<'_>, algorithm: &str, span: Span, function: &str) -> Finding {
    let subject = format!("hash {} {function} {algorithm}", path(model, span));
    let issue = match algorithm {
        "plain" => Text::from("Passwords are stored as they are."),
        _ => Text::say("Passwords are hashed with {}, which is made to be fast.", &[&shown(algorithm)]),
    };
    let mut finding = report.finding(subject, span, issue);
    finding.details = Text::from(
        "A graphics card tries billions of such hashes a second. Password hashes are slow on purpose and carry a salt of their own.",
    );
    explain(model, &mut finding, span);
    finding
}

/// Whether a function hashes passwords slowly too.
fn hashes_well(model: &Model, function: program::FnId) -> bool {
    effects(model, Kind::PasswordHash).any(|e| e.function == Some(function) && e.evidence > Evidence::Suspected)
}

fn shown(algorithm: &str) -> String {
    match algorithm {
        "sha256" | "sha-256" => "SHA-2".to_owned(),
        other => other.to_uppercase(),
    }
}

fn explain(model: &Model, finding: &mut base::Finding, span: Span) {
    finding.impact = Text::from(
        "Whoever gets a copy of the table has most passwords within hours, and with them the accounts of these people elsewhere.",
    );
    finding.fix = Text::from("Hash with Argon2id, scrypt or bcrypt, and hash anew at the next sign-in of each user:");
    if let Some(text) = mended(model, Kind::PasswordHash, span) {
        finding.fix = std::mem::take(&mut finding.fix).block(tag(model, span), text);
    }
    finding.verification = Text::from(
        "Two users with the same password must have different hashes, and one hash must take more than 50 ms.",
    );
}

fn cheap_hashes(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model).filter(|s| s.kind == SettingKind::HashCost) {
        let Some(cost) = setting.value.as_deref().and_then(|v| v.parse::<i64>().ok()) else { continue };
        if cost >= LEAST_ROUNDS || cost <= 0 {
            continue;
        }
        let mut finding = report.finding(
            format!("hash cost {}", path(model, setting.span)),
            setting.span,
            Text::say(
                "Passwords are hashed with a cost of {}; at least {} is needed.",
                &[&cost.to_string(), &LEAST_ROUNDS.to_string()],
            ),
        );
        finding.severity = Severity::Important;
        finding.details = Text::from("Each step less halves the work of whoever guesses.");
        explain(model, &mut finding, setting.span);
        report.add(finding);
    }
}

/// `user.password == request.password`: what is stored is the password itself.
fn plain_comparisons(model: &Model) -> Vec<(Place, Option<Span>)> {
    let mut found = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        for (expr, item) in module.exprs() {
            let ExprKind::Binary { op: BinaryOp::Eq | BinaryOp::Ne, left, right } = &item.kind else { continue };
            let span = module.expr_span(expr);
            if !is_production(model, span) {
                continue;
            }
            let stored = |side: ir::ExprId| is_stored(module, side);
            let given = |side: ir::ExprId| match &module.expr(side).kind {
                ExprKind::Name(name) => is_plain_password(name.as_str()),
                ExprKind::Member { object, name, .. } => {
                    is_plain_password(name.as_str()) && !is_account(module, *object) && !is_kept(module, *object)
                }
                // `body.get("password")`, `form["password"]`
                ExprKind::Call { callee, args, .. } if args.len() == 1 => {
                    matches!(module.expr(*callee).kind, ExprKind::Member { .. })
                        && module.string(args[0].value).is_some_and(|n| is_plain_password(n.as_str()))
                }
                ExprKind::Index { object, index } => {
                    module.string(*index).is_some_and(|n| is_plain_password(n.as_str())) && !is_account(module, *object)
                }
                _ => false,
            };
            if !(stored(*left) && given(*right) || stored(*right) && given(*left)) {
                continue;
            }
            let at = ExprRef { module: id, expr };
            if is_asked_for_change(model, at) || cleartext::is_hashed_near(model, at) {
                continue;
            }
            found.push((Place { span, usage: Use::Compared }, None));
        }
    }
    found
}

/// Passwords that are stored as they are: what reads them says so. Where they are kept and written is told with
/// the first of these places.
fn plain(model: &Model, report: &mut Report<'_>) {
    let mut places: Vec<(Place, Option<Span>)> = plain_comparisons(model);
    places.extend(cleartext::places(model).into_iter().map(|p| (p, None)));
    places.extend(cleartext::through_comparers(model).into_iter().map(|(place, call)| (place, Some(call))));
    places.sort_by_key(|(p, _)| p.span);
    places.dedup_by_key(|(p, _)| p.span);
    let mut kept: Vec<Span> = match places.is_empty() {
        true => Vec::new(),
        false => cleartext::fields(model).into_iter().chain(cleartext::writes(model)).collect(),
    };
    for (place, call) in places {
        let issue = match place.usage {
            Use::Asked => "Users are looked up by the password that was typed: passwords are stored as they are.",
            Use::Compared => "A stored password is compared with the one given: passwords are stored as they are.",
        };
        // one cause, in however many places it shows
        let mut finding = report.finding("plain passwords".to_owned(), place.span, Text::from(issue));
        finding.evidence = match place.usage {
            Use::Asked => Evidence::Shown,
            Use::Compared => Evidence::Suspected,
        };
        finding.details = Text::from("A comparison of hashes would go through the hashing library, in constant time.");
        explain(model, &mut finding, place.span);
        finding.related.extend(std::mem::take(&mut kept).into_iter().map(Related::again));
        finding
            .related
            .extend(call.map(|span| Related { span, message: Text::from("It is given the stored password here.") }));
        report.add(finding);
    }
}

/// Whether a comparison only asks if a password was changed, to hash the new one.
fn is_asked_for_change(model: &Model, at: ExprRef) -> bool {
    let module = model.program.module(at.module);
    if !matches!(module.expr(at.expr).kind, ExprKind::Binary { op: BinaryOp::Ne, .. }) {
        return false;
    }
    let place = module.expr(at.expr).range;
    let scopes = model.program.scopes(at.module);
    let mut depending = scopes.conditionals.iter().filter(|c| {
        let cond = module.expr(c.cond).range;
        c.holds && cond.contains(place)
    });
    depending.any(|c| {
        module.exprs_within(c.code).any(|(_, e)| match &e.kind {
            ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str())
                    .iter()
                    .any(|w| matches!(w.as_str(), "hash" | "hashpw" | "encode" | "encrypt" | "bcrypt")),
                _ => false,
            },
            _ => false,
        })
    })
}

/// Whether the owner of a member is what is kept of an account: both sides of a comparison are stored then.
fn is_kept(module: &ir::Module, object: ir::ExprId) -> bool {
    let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(object).kind else { return false };
    let words = words(name.as_str());
    words.iter().any(|w| {
        matches!(
            w.as_str(),
            "config"
                | "configuration"
                | "settings"
                | "options"
                | "stored"
                | "saved"
                | "cached"
                | "old"
                | "previous"
                | "original"
        )
    })
}
