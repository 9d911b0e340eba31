//! A secret made of random numbers that can be foretold.

use std::collections::BTreeSet;

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Symbol, Text};
use ir::{ExprId, ExprKind, Module, Range, StmtKind};
use model::guards::words;
use model::{Effect, Kind, Model};
use program::{ExprRef, FnId};

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
        if let Some(secret) = becomes {
            tell(model, report, effect, &secret);
        }
    }
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
    report.add(finding);
}

/// What is followed: a place in the code, or all uses of a name.
#[derive(Clone, Copy)]
enum Seed {
    Place(Range),
    Name(Symbol),
}

/// The variable or field that a value outside of functions is given to.
fn made_for_all(module: &Module, range: Range) -> Option<Symbol> {
    let inside = |e: ExprId| {
        let outer = module.expr(e).range;
        outer.start <= range.start && range.end <= outer.end
    };
    let mut fields = module.classes().flat_map(|(_, c)| c.fields.iter());
    if let Some(field) = fields.find(|f| f.init.is_some_and(inside)) {
        return Some(field.name);
    }
    module.stmts().find_map(|s| match &s.kind {
        StmtKind::Assign { target, value: Some(value), .. } if inside(*value) => name_of(module, *target),
        _ => None,
    })
}

fn name_of(module: &Module, at: ExprId) -> Option<Symbol> {
    match &module.expr(at).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        _ => None,
    }
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

/// Whether an expression makes a thing of named parts: the parts' names say what each is.
fn is_structure(module: &Module, at: ExprId) -> bool {
    match &module.expr(at).kind {
        ExprKind::Map(_) => true,
        ExprKind::Call { kind: ir::CallKind::New, args, .. } => {
            args.iter().any(|a| a.name.is_some() || matches!(module.expr(a.value).kind, ExprKind::Map(_)))
        }
        ExprKind::Unary { operand, .. } => is_structure(module, *operand),
        _ => false,
    }
}

/// Values followed by the names that they are given, within one function.
struct Follow<'m> {
    module: &'m Module,
    body: Range,
    place: Option<Range>,
    names: BTreeSet<Symbol>,
}

impl Follow<'_> {
    /// Whether an expression holds the value; a condition that only asks for it does not.
    fn holds(&self, at: ExprId) -> bool {
        let range = self.module.expr(at).range;
        self.place.is_some_and(|p| range.start <= p.start && p.end <= range.end)
            || self.module.exprs_within(range).any(|(_, e)| match e.kind {
                ExprKind::Name(n) | ExprKind::Member { name: n, .. } => self.names.contains(&n),
                _ => false,
            })
    }

    /// Whether the value picks: which element, how many. What is picked is made of the value only if it is
    /// letters; a comparison is not.
    fn is_asked(&self, at: ExprId) -> bool {
        matches!(
            &self.module.expr(at).kind,
            ExprKind::Binary {
                op: ir::BinaryOp::Lt
                    | ir::BinaryOp::Gt
                    | ir::BinaryOp::Le
                    | ir::BinaryOp::Ge
                    | ir::BinaryOp::Eq
                    | ir::BinaryOp::Ne,
                ..
            } | ExprKind::Ternary { .. }
                | ExprKind::Lambda(_)
        )
    }

    /// Takes the targets of assignments as names; gives the first that is a secret's.
    fn assignments(&mut self) -> Option<String> {
        let module = self.module;
        let body = self.body;
        let inside = |r: Range| body.start <= r.start && r.end <= body.end;
        let statements = module.stmts().filter(|s| inside(s.range)).filter_map(|s| match &s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => Some((*target, *value)),
            _ => None,
        });
        let expressions = module.exprs_within(body).filter_map(|(_, e)| match &e.kind {
            ExprKind::Assign { target, value, .. } => Some((*target, *value)),
            _ => None,
        });
        for (target, value) in statements.chain(expressions).collect::<Vec<_>>() {
            if !self.holds(value) || self.is_asked(value) {
                continue;
            }
            if let Some(secret) = self.secret_target(target) {
                return Some(secret);
            }
            match &module.expr(target).kind {
                // how much or which one: nothing is made of the value itself
                ExprKind::Name(name) if words(name.as_str()).iter().any(|w| MEASURES.contains(&w.as_str())) => {}
                ExprKind::Name(name) => {
                    self.names.insert(*name);
                }
                ExprKind::Index { object, .. } => self.names.extend(name_of(module, *object)),
                _ => {}
            }
        }
        // `builder.append(value)`, `random.nextBytes(bytes)`
        for (_, item) in module.exprs_within(body) {
            let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            let adds = matches!(
                name.as_str().to_ascii_lowercase().as_str(),
                "append"
                    | "push"
                    | "add"
                    | "insert"
                    | "writestring"
                    | "writebyte"
                    | "writerune"
                    | "push_str"
                    | "concat"
            );
            if adds && args.iter().any(|a| self.holds(a.value)) {
                self.names.extend(name_of(module, *object));
            }
            if matches!(name.as_str().to_ascii_lowercase().as_str(), "nextbytes" | "read" | "fill" | "fill_bytes")
                && (self.holds(*object) || self.place.is_some_and(|p| p == item.range))
            {
                let inner = |at: ExprId| match &module.expr(at).kind {
                    ExprKind::Unary { operand, .. } => name_of(module, *operand),
                    _ => name_of(module, at),
                };
                self.names.extend(args.first().and_then(|a| inner(a.value)));
            }
        }
        None
    }

    fn secret_target(&self, target: ExprId) -> Option<String> {
        match &self.module.expr(target).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                names_secret(name.as_str()).then(|| name.to_string())
            }
            // `session["reset"] = …`, `codes[email] = …`
            ExprKind::Index { object, index } => {
                let key = self.module.string(*index).or_else(|| name_of(self.module, *index));
                let holder = name_of(self.module, *object);
                key.filter(|k| names_secret(k.as_str()))
                    .or(holder.filter(|h| names_secret(h.as_str()) || is_session(h.as_str())))
                    .map(|n| n.to_string())
            }
            _ => None,
        }
    }

    /// Keys of maps, named arguments and setters that take the value.
    fn given(&self) -> Option<String> {
        let module = self.module;
        module.exprs_within(self.body).find_map(|(_, item)| match &item.kind {
            ExprKind::Map(entries) => entries.iter().find_map(|e| {
                let key = e.key.and_then(|k| module.string(k))?;
                (names_secret(key.as_str()) && self.holds(e.value) && !self.is_asked(e.value)).then(|| key.to_string())
            }),
            ExprKind::Call { callee, args, .. } => {
                let named = args.iter().find_map(|a| {
                    let name = a.name?;
                    (names_secret(name.as_str()) && self.holds(a.value) && !self.is_asked(a.value))
                        .then(|| name.to_string())
                });
                named.or_else(|| {
                    let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { return None };
                    let sets = words(name.as_str()).first().is_some_and(|w| w == "set") && names_secret(name.as_str());
                    (sets && args.iter().any(|a| self.holds(a.value) && !self.is_asked(a.value)))
                        .then(|| name.to_string())
                })
            }
            _ => None,
        })
    }

    /// The cookie whose value it is.
    fn cookie(&self, model: &Model, function: FnId) -> Option<String> {
        model.effects_of(function).filter(|e| e.kind == Kind::Cookie).find_map(|e| {
            let ExprKind::Call { args, .. } = &self.module.expr(e.call.expr).kind else { return None };
            let value = args.get(1).filter(|a| self.holds(a.value))?;
            let name = args.first().filter(|a| a.value != value.value)?;
            let name = model.context().string(ExprRef { module: e.call.module, expr: name.value });
            name.filter(|n| names_secret(n.as_str())).map(|n| n.to_string())
        })
    }
}

/// Words of numbers that measure or pick.
const MEASURES: [&str; 11] =
    ["length", "len", "size", "count", "index", "idx", "offset", "position", "delay", "timeout", "limit"];

fn is_session(name: &str) -> bool {
    words(name).last().is_some_and(|w| w.ends_with("session") || w == "cookies")
}

/// Whether a name is of something that must not be guessed.
fn names_secret(name: &str) -> bool {
    let parts = words(name);
    let has = |list: &[&str]| parts.iter().any(|p| list.contains(&p.as_str()));
    // what is about a secret, and what only sounds like one
    if has(&[
        "count",
        "counts",
        "max",
        "min",
        "limit",
        "num",
        "number",
        "usage",
        "index",
        "idx",
        "length",
        "len",
        "size",
        "position",
        "type",
        "price",
        "cost",
        "ttl",
        "expiry",
        "expires",
        "expiration",
        "delay",
        "duration",
        "interval",
        "timeout",
        "time",
        "jitter",
        "test",
        "mock",
        "fake",
        "dummy",
        "sample",
        "rate",
        "weight",
        "bucket",
        "tokens",
        "color",
        "content",
        "text",
        "label",
        "name",
        "url",
        "is",
        "has",
        "should",
        "invalid",
        "valid",
    ]) {
        return false;
    }
    let last = parts.last().map_or("", String::as_str);
    has(&[
        "token",
        "password",
        "passwd",
        "pwd",
        "passcode",
        "passphrase",
        "secret",
        "otp",
        "totp",
        "csrf",
        "xsrf",
        "nonce",
        "salt",
        "credential",
        "credentials",
        "apikey",
        "sessionid",
        "accesskey",
        "secretkey",
        "authcode",
    ]) || last == "key"
        && has(&[
            "api",
            "secret",
            "access",
            "private",
            "encryption",
            "remember",
            "activation",
            "session",
            "auth",
            "reset",
            "signing",
            "jwt",
            "license",
        ])
        || matches!(last, "code" | "pin")
            && has(&[
                "verification",
                "verify",
                "reset",
                "auth",
                "sms",
                "confirm",
                "confirmation",
                "activation",
                "recovery",
                "backup",
                "mfa",
                "2fa",
                "login",
                "security",
                "pin",
                "email",
                "otp",
            ])
        || last == "id" && has(&["session"])
        || last == "pin" && parts.len() == 1
        || last == "remember"
        || has(&["remember"]) && has(&["me"])
}
