//! A secret made of random numbers that can be foretold.

use std::collections::BTreeSet;

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Symbol, Text};
use ir::{ExprId, ExprKind, Module, Range, StmtKind};
use model::guards::words;
use model::{Effect, Kind, Model};
use program::{ExprRef, FnId};

use crate::following::{Follow, is_structure, name_of, names_secret};
use crate::support::{apply_mended, around, effects, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.5),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "weak-random-for-secret",
            "A secret is made of random numbers that can be foretold",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.2"],
            &[330, 338],
            &["A02:2021", "A07:2021"],
        )
    },
    check,
};

/// How many functions up a value is followed.
const MAX_CALLERS: u32 = 2;

fn check(model: &Model, report: &mut Report<'_>) {
    of_known_things(model, report);
    for effect in effects(model, Kind::Random).filter(|e| e.evidence > Evidence::Suspected) {
        if model.facts.record(effect.record).secure != Some(false) {
            continue;
        }
        let module = model.program.module(effect.call.module);
        let range = module.expr(effect.call.expr).range;
        let becomes = match effect.function {
            Some(function) => becomes_secret(model, function, Seed::Place(range), 0),
            None => made_for_all(module, range).and_then(|name| {
                let mut functions = module.functions().filter(|(_, f)| {
                    module.exprs_within(f.range).any(
                        |(_, e)| matches!(e.kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if n == name),
                    )
                });
                functions.find_map(|(function, _)| {
                    becomes_secret(model, FnId { module: effect.call.module, function }, Seed::Name(name), 0)
                })
            }),
        };
        // a value at the top of a file
        let becomes = becomes.or_else(|| match effect.function {
            None => made_for_all(module, range).filter(|n| names_secret(n.as_str())).map(|n| n.to_string()),
            Some(_) => None,
        });
        if let Some(secret) = becomes
            && !is_given_a_source(model, effect.call)
        {
            tell(model, report, effect, &secret);
        }
    }
}

/// Secrets that are made of what others know: `token = md5(email)`, `sha1(user.id + now)`.
fn of_known_things(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::Hashes).filter(|e| e.evidence > Evidence::Suspected) {
        let Some(function) = effect.function else { continue };
        let module = model.program.module(effect.call.module);
        let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { continue };
        let given: Vec<Range> = args.iter().map(|a| module.expr(a.value).range).collect();
        let Some(known) = known_thing(module, &given) else { continue };
        let place = module.expr(effect.call.expr).range;
        let secret = becomes_secret(model, function, Seed::Place(place), 1);
        // what a caller proves itself with; a mark of a session may stand beside a secret
        let Some(secret) = secret.filter(|s| words(s).iter().any(|w| matches!(w.as_str(), "token" | "reset" | "code")))
        else {
            continue;
        };
        if names_more(model, function) {
            continue;
        }
        let subject = format!("known {} {} {secret}", path(model, effect.span), around(model, effect.call));
        let issue = Text::say("`{}` is made of `{}`, which others know.", &[&secret, &known]);
        let mut finding = report.finding(subject, effect.span, issue);
        finding.details = Text::from("A hash of something known can be computed by everyone who knows it.");
        finding.impact = Text::from(
            "Whoever knows the value computes the token: a password is reset, or an account entered, without it ever being sent.",
        );
        finding.fix = Text::from(
            "Take at least 128 bits from the generator of the operating system, keep only their hash, and let it expire.",
        );
        finding.verification = Text::from("Ask for two tokens of one account: nothing in them may be the same.");
        report.add(finding);
    }
}

/// The known thing that is hashed, where nothing else is: an address, a name, a number, the time.
fn known_thing(module: &Module, given: &[Range]) -> Option<String> {
    let mut known = None;
    for (_, item) in given.iter().flat_map(|r| module.exprs_within(*r)) {
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &item.kind else { continue };
        let said = words(name.as_str());
        let Some(last) = said.last() else { continue };
        match last.as_str() {
            "email" | "mail" | "username" | "login" | "id" | "phone" | "uid" | "userid" => {
                known = known.or(Some(name.to_string()))
            }
            // owners, conversions and the time
            "user" | "account" | "member" | "self" | "this" | "name" | "encode" | "string" | "str" | "bytes" | "to"
            | "s" | "now" | "time" | "date" | "timestamp" | "getbytes" | "unix" | "datetime" | "format" | "utcnow"
            | "utf8" | "lower" | "downcase" | "strip" | "fmt" | "sprintf" | "i" => {}
            _ => return None,
        }
    }
    known
}

/// Whether a function puts something secret in as well, or signs with a key.
fn names_more(model: &Model, function: FnId) -> bool {
    let module = model.program.module(function.module);
    module.exprs_within(model.program.function(function).range).any(|(_, e)| match &e.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str()).iter().any(|w| {
            matches!(
                w.as_str(),
                "secret"
                    | "salt"
                    | "key"
                    | "hmac"
                    | "random"
                    | "rand"
                    | "uuid"
                    | "nonce"
                    | "sign"
                    | "signature"
                    | "secrets"
                    | "urandom"
            )
        }),
        _ => false,
    })
}

fn tell(model: &Model, report: &mut Report<'_>, effect: &Effect, secret: &str) {
    let name = effect.name.as_str();
    let subject = format!("random {} {} {secret}", path(model, effect.span), around(model, effect.call));
    let issue = Text::say("`{}` makes `{}`, which must not be guessed.", &[name, secret]);
    let mut finding = report.finding(subject, effect.span, issue);
    finding.details = Text::from(
        "The generator is made for games and statistics: its numbers follow from a small state, which some of them give away.",
    );
    finding.impact = Text::from(
        "Whoever sees a few values, or knows about when one was made, computes the next: the token of somebody else's password reset or session.",
    );
    finding.fix = Text::from("Take them from the generator of the operating system:");
    apply_mended(model, &mut finding, effect.record);
    finding.verification = Text::from(
        "Search for the weak generator in what makes secrets: nothing may be left. New values must have at least 128 bits.",
    );
    // a salt must be new, and may be known
    match words(secret).iter().any(|w| w == "salt") {
        true => report.add_for_auditors(finding),
        false => report.add(finding),
    }
}

/// `RandomStringUtils.random(length, 0, 0, true, true, chars, SECURE)`: the last says where it comes from.
fn is_given_a_source(model: &Model, call: ExprRef) -> bool {
    let module = model.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    let last = args.last().filter(|_| args.len() > 1);
    last.is_some_and(|a| {
        module.dotted(a.value).is_some_and(|n| {
            let lower = n.to_ascii_lowercase();
            lower.contains("random") || lower.contains("secure") || lower.ends_with("rng")
        })
    })
}

/// What is followed: a place in the code, or all uses of a name.
#[derive(Clone, Copy)]
enum Seed {
    Place(Range),
    Name(Symbol),
}

/// The variable or field that a value outside of functions is given to.
fn made_for_all(module: &Module, range: Range) -> Option<Symbol> {
    let inside = |e: ExprId| module.expr(e).range.contains(range);
    let mut fields = module.classes().flat_map(|(_, c)| c.fields.iter());
    if let Some(field) = fields.find(|f| f.init.is_some_and(inside)) {
        return Some(field.name);
    }
    module.stmts().find_map(|s| match &s.kind {
        StmtKind::Assign { target, value: Some(value), .. } if inside(*value) => name_of(module, *target),
        _ => None,
    })
}

/// The name of the secret that a value becomes in a function, or in those that call it.
fn becomes_secret(model: &Model, function: FnId, seed: Seed, depth: u32) -> Option<String> {
    let module = model.program.module(function.module);
    let body = model.program.function(function).range;
    let mut follow = Follow { module, body, place: None, names: BTreeSet::new() };
    match seed {
        Seed::Place(range) => follow.place = Some(range),
        Seed::Name(name) => {
            follow.names.insert(name);
        }
    }
    // each round finds what was made of what the last one found
    for _ in 0..4 {
        let before = follow.names.len();
        if let Some(found) = follow.assignments() {
            return Some(found);
        }
        if follow.names.len() == before {
            break;
        }
    }
    if let Some(found) = follow.given().or_else(|| follow.cookie(model, function)) {
        return Some(found);
    }
    if !model.program.scopes(function.module).returns[function.function.0 as usize]
        .iter()
        .any(|e| follow.holds(*e) && !is_structure(module, *e))
    {
        return None;
    }
    let own = model.program.function(function).name;
    if let Some(name) = own.filter(|n| names_secret(n.as_str())) {
        return Some(name.to_string());
    }
    if depth == MAX_CALLERS {
        return None;
    }
    model.program.callers(function).iter().find_map(|site| {
        let caller = site.caller?;
        let span = model.program.span(ExprRef { module: site.module, expr: site.expr });
        let range = model.program.module(site.module).expr(site.expr).range;
        is_production(model, span).then(|| becomes_secret(model, caller, Seed::Place(range), depth + 1)).flatten()
    })
}
