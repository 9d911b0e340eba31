//! Values that become secrets: how they are followed by the names that they are given, within one function,
//! and which names are those of secrets.

use std::collections::BTreeSet;

use base::Symbol;
use ir::{ExprId, ExprKind, Module, Range, StmtKind};
use model::guards::words;
use model::{Kind, Model};
use program::{ExprRef, FnId};

/// Whether an expression makes a thing of named parts: the parts' names say what each is.
pub fn is_structure(module: &Module, at: ExprId) -> bool {
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
pub struct Follow<'m> {
    pub module: &'m Module,
    pub body: Range,
    pub place: Option<Range>,
    pub names: BTreeSet<Symbol>,
}

impl Follow<'_> {
    /// Whether an expression holds the value; a condition that only asks for it does not.
    pub fn holds(&self, at: ExprId) -> bool {
        let range = self.module.expr(at).range;
        self.place.is_some_and(|p| range.contains(p))
            || self.module.exprs_within(range).any(|(_, e)| match e.kind {
                ExprKind::Name(n) | ExprKind::Member { name: n, .. } => self.names.contains(&n),
                _ => false,
            })
    }

    /// Whether the value picks: which element, how many. What is picked is made of the value only if it is
    /// letters; a comparison is not.
    pub fn is_asked(&self, at: ExprId) -> bool {
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
    pub fn assignments(&mut self) -> Option<String> {
        let module = self.module;
        let body = self.body;
        let statements = module.stmts().filter(|s| body.contains(s.range)).filter_map(|s| match &s.kind {
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

    pub fn secret_target(&self, target: ExprId) -> Option<String> {
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
    pub fn given(&self) -> Option<String> {
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
    pub fn cookie(&self, model: &Model, function: FnId) -> Option<String> {
        model.effects_of(function).filter(|e| e.kind == Kind::Cookie).find_map(|e| {
            let ExprKind::Call { args, .. } = &self.module.expr(e.call.expr).kind else { return None };
            let value = args.get(1).filter(|a| self.holds(a.value))?;
            let name = args.first().filter(|a| a.value != value.value)?;
            let name = model.context().string(ExprRef { module: e.call.module, expr: name.value });
            name.filter(|n| names_secret(n.as_str())).map(|n| n.to_string())
        })
    }
}

pub fn name_of(module: &Module, at: ExprId) -> Option<Symbol> {
    match &module.expr(at).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        _ => None,
    }
}

/// Words of numbers that measure or pick.
const MEASURES: [&str; 11] =
    ["length", "len", "size", "count", "index", "idx", "offset", "position", "delay", "timeout", "limit"];

pub fn is_session(name: &str) -> bool {
    words(name).last().is_some_and(|w| w.ends_with("session") || w == "cookies")
}

/// Whether a name is of something that must not be guessed.
pub fn names_secret(name: &str) -> bool {
    let parts = words(name);
    let has = |list: &[&str]| parts.iter().any(|p| list.contains(&p.as_str()));
    // the nonce of a signed request only tells it from others
    if has(&["nonce"]) && has(&["signature", "sign", "oauth"]) {
        return false;
    }
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
                "approval",
                "invite",
                "invitation",
                "access",
                "unlock",
                "redeem",
                "voucher",
            ])
        || last == "id" && has(&["session"])
        || last == "pin" && parts.len() == 1
        || last == "remember"
        || has(&["remember"]) && has(&["me"])
}
