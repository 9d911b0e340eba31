//! Whether a hash is made of a password, to be kept.

use ir::{ExprKind, Module, Range};
use model::guards::words;
use model::{Effect, Model};
use program::{ExprRef, FnId};

const PASSWORD: [&str; 6] = ["password", "passwd", "pwd", "passphrase", "passwort", "pass"];

/// Whether a name is a password's.
pub fn names_password(text: &str) -> bool {
    let words = words(text);
    words.iter().any(|w| PASSWORD.contains(&w.as_str()))
        // tokens that reset a password are no passwords
        && !words.iter().any(|w| matches!(w.as_str(), "token" | "code" | "reset" | "otp" | "salt" | "link" | "strength" | "pwned" | "prefix" | "file" | "breached" | "leaked" | "reused" | "compromised" | "authorize" | "limit" | "merchant" | "encryption" | "signing" | "sign"))
}

/// Whether a function, or what it calls, names a password.
pub fn speaks_of_password(model: &Model, function: FnId) -> bool {
    model.reachable(function, 3).into_iter().chain([function]).any(|f| {
        let module = model.program.module(f.module);
        let range = module.function(f.function).range;
        module.exprs_within(range).any(|(id, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => names_password(name.as_str()),
            _ => module.string(id).is_some_and(|s| s.as_str().len() < 40 && names_password(s.as_str())),
        })
    })
}

/// The algorithm of a call that hashes, in lower case.
pub fn algorithm(model: &Model, effect: &Effect) -> Option<String> {
    let record = model.facts.record(effect.record);
    if let Some(algorithm) = &record.algorithm {
        return Some(algorithm.clone());
    }
    let argument = model::effects::argument(&model.program, effect.call, record.algorithm_arg, None)?;
    let text = model.text_of(ExprRef { module: effect.call.module, expr: argument.value })?;
    Some(text.to_ascii_lowercase())
}

/// Whether a call hashes a password that is kept.
pub fn is_of_password(model: &Model, effect: &Effect) -> bool {
    let record = model.facts.record(effect.record);
    // one of the older encoders that a delegating one still reads
    if record.label.is_some() && is_listed(model, effect.call) {
        return false;
    }
    record.label.as_deref() == Some("password") || is_kept_password(model, effect.call, effect.function)
}

/// The calls of the small function around a hash (`md5Hex(text)`) that give it a password to keep.
pub fn through_callers(model: &Model, effect: &Effect) -> Vec<(ExprRef, Option<FnId>)> {
    let is_other = names_token(model, effect.function) || names_other(model, effect.call, effect.function);
    if is_of_password(model, effect) || is_other {
        return Vec::new();
    }
    let sites = wrapper_calls(model, effect);
    sites.into_iter().filter(|(call, caller)| is_kept_password(model, *call, *caller)).collect()
}

/// Longest function that only wraps a hash.
const LONGEST_WRAPPER: u32 = 1_500;

/// Where a function that only wraps one call is called.
pub fn wrapper_calls(model: &Model, effect: &Effect) -> Vec<(ExprRef, Option<FnId>)> {
    let Some(function) = effect.function else { return Vec::new() };
    let item = model.program.function(function);
    let module = model.program.module(function.module);
    let hash = module.expr(effect.call.expr).range;
    let is_given = |name: base::Symbol| item.params.iter().any(|p| p.name == name);
    let gives_back = model.program.scopes(function.module).returns[function.function.0 as usize].iter().any(|value| {
        let range = module.expr(*value).range;
        range.contains(hash)
            || module.exprs_within(range).any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if !is_given(n)))
    });
    if item.params.is_empty() || !gives_back || item.range.width() > LONGEST_WRAPPER {
        return Vec::new();
    }
    let sites = model.program.callers(function).iter();
    let calls = sites.map(|s| (ExprRef { module: s.module, expr: s.expr }, s.caller));
    calls.filter(|(call, _)| crate::support::is_production(model, model.program.span(*call))).collect()
}

fn is_kept_password(model: &Model, call: ExprRef, function: Option<FnId>) -> bool {
    hashes_password(model, call, function)
        && !names_token(model, function)
        && !names_other(model, call, function)
        && !is_stretched(model, function)
        && !is_of_stored(model, call)
}

/// Whether the function around a hash is named for tokens, which are too long to be guessed.
fn names_token(model: &Model, function: Option<FnId>) -> bool {
    let name = function.and_then(|f| model.program.function(f).name);
    name.is_some_and(|n| words(n.as_str()).iter().any(|w| w == "token"))
}

/// Whether the function around a hash takes rounds for a slow one, which is given the fast hash.
fn is_stretched(model: &Model, function: Option<FnId>) -> bool {
    function.is_some_and(|f| {
        model.program.function(f).params.iter().any(|p| {
            words(p.name.as_str()).iter().any(|w| matches!(w.as_str(), "rounds" | "iterations" | "cost" | "cycles"))
        })
    })
}

/// Whether what is stored as a password is hashed into something else: the mark of a session, a proof for
/// another system. `user.password = md5(user.password)` is no such thing.
fn is_of_stored(model: &Model, call: ExprRef) -> bool {
    let module = model.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    let range = module.expr(call.expr).range;
    let is_stored = args.iter().any(|a| {
        module.exprs_within(module.expr(a.value).range).any(|(_, e)| match &e.kind {
            ExprKind::Member { object, .. } => {
                is_password_name(&e.kind)
                    && matches!(&module.expr(*object).kind, ExprKind::Name(n) if words(n.as_str()).iter().any(|w| matches!(w.as_str(), "user" | "account")))
            }
            _ => false,
        })
    });
    let Some(statement) = module.statement_around(range) else { return false };
    let stays =
        module.exprs_within(statement.range).any(|(_, e)| !range.contains(e.range) && is_password_name(&e.kind));
    is_stored && !stays
}

/// Whether what is hashed is not kept: it is compared in constant time, looked up in a list of leaked
/// passwords, or names something (the key of a limit or cache).
pub fn names_other(model: &Model, call: ExprRef, function: Option<FnId>) -> bool {
    let module = model.program.module(call.module);
    let range = module.expr(call.expr).range;
    let compared = module.exprs().any(|(id, e)| {
        let ExprKind::Call { callee, .. } = &e.kind else { return false };
        let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &module.expr(*callee).kind else { return false };
        let plain = name.as_str().to_ascii_lowercase().replace('_', "");
        id != call.expr
            && e.range.contains(range)
            && ["securecompare", "comparedigest", "timingsafeequal", "fixedtimeequals", "constanttimecompare"]
                .iter()
                .any(|w| plain.contains(w))
    });
    let names_thing = |text: &str| {
        words(text).iter().any(|w| {
            matches!(
                w.as_str(),
                "pwned"
                    | "breached"
                    | "leaked"
                    | "identity"
                    | "fingerprint"
                    | "cache"
                    | "etag"
                    | "limit"
                    | "checksum"
                    // the hash that the protocol prescribes
                    | "ntlm"
            )
        })
    };
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    // `usedforsecurity=False`
    let disclaimed = args.iter().any(|a| {
        a.name.is_some_and(|n| n == "usedforsecurity")
            && matches!(module.expr(a.value).kind, ExprKind::Literal(ir::Literal::Bool(false)))
    });
    let target = module.stmts().find_map(|s| match &s.kind {
        ir::StmtKind::Assign { target, .. } if s.range.start <= range.start && range.end <= s.range.end => {
            match module.expr(*target).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name),
                _ => None,
            }
        }
        _ => None,
    });
    let function = function.and_then(|f| model.program.function(f).name);
    let file = model.program.path(call.module).rsplit('/').next().unwrap_or("");
    disclaimed
        || compared
        || target.is_some_and(|n| names_thing(n.as_str()))
        // `key_iv = bytes_to_key(passphrase, salt)`
        || target.is_some_and(|n| words(n.as_str()).iter().any(|w| matches!(w.as_str(), "key" | "iv")))
        // pages in the browser store nothing
        || file.ends_with(".component.ts")
        // `self.wallet_name = sha256(…)`
        || target.is_some_and(|n| words(n.as_str()).last().is_some_and(|w| w == "name"))
        || function.is_some_and(|n| names_thing(n.as_str()) || makes_key(n.as_str()))
        || names_thing(file)
        || names_realm(module, range)
}

/// Whether a function makes a key of what it is given: `derive_secret_key(user, password)`.
fn makes_key(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    has(&["key", "keys"]) && has(&["derive", "signing", "secret", "encryption", "make", "get"])
}

/// Whether the statement around hashes for HTTP's digest authentication, which prescribes the hash:
/// `md5(user + ":" + realm + ":" + password)`.
fn names_realm(module: &Module, range: Range) -> bool {
    let around = module.functions().filter(|(_, f)| f.range.contains(range)).min_by_key(|(_, f)| f.range.width());
    let Some((_, function)) = around else { return false };
    module.exprs_within(function.range).any(|(_, e)| match &e.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str()).iter().any(|w| w == "realm"),
        _ => false,
    })
}

/// Whether a call's value is put in a map under a name.
fn is_listed(model: &Model, call: ExprRef) -> bool {
    let module = model.program.module(call.module);
    module.exprs().any(|(_, e)| match &e.kind {
        ExprKind::Call { args, callee, .. } => {
            args.iter().any(|a| a.value == call.expr)
                && matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "put")
        }
        _ => false,
    })
}

/// Whether what is hashed is who somebody is, or a code that is sent: an address, a name, a token.
fn is_of_identity(module: &Module, range: Range) -> bool {
    module.exprs_within(range).any(|(_, e)| match &e.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str())
            .iter()
            .any(|w| matches!(w.as_str(), "email" | "username" | "ip" | "address" | "phone" | "token" | "otp")),
        _ => false,
    })
}

/// Whether what is hashed, where it goes to, or the function around it is named for passwords.
fn hashes_password(model: &Model, call: ExprRef, function: Option<FnId>) -> bool {
    let module = model.program.module(call.module);
    let item = function.map(|f| model.program.function(f));
    let named = item.and_then(|f| f.name).is_some_and(|n| names_password(n.as_str()));
    if named && !is_of_identity(module, module.expr(call.expr).range) {
        return true;
    }
    // the whole statement: its target, what is hashed, and updates of the hash on following lines
    let range = module.expr(call.expr).range;
    let Some(statement) = module.statement_around(range) else { return false };
    if statement.range.width() > crate::naming::LONGEST {
        return module.exprs_within(range).any(|(_, e)| is_password_name(&e.kind));
    }
    let mut holder = None;
    if let ir::StmtKind::Assign { target, .. } = &statement.kind
        && let ExprKind::Name(name) = module.expr(*target).kind
    {
        holder = Some(name);
    }
    // of several things put together none is what is kept: a fingerprint, the key of a cache; and a local
    // variable may name what a foreign system calls a password
    let is_mixture = |e: &ir::Expr| matches!(&e.kind, ExprKind::Template(parts) if parts.iter().filter(|p| matches!(p, ir::Part::Hole(_))).count() > 2);
    let range = match holder {
        Some(_) => range,
        None => statement.range,
    };
    if module.exprs_within(range).any(|(_, e)| is_password_name(&e.kind)) || takes_password(module, range) {
        return !module.exprs_within(range).any(|(_, e)| is_mixture(e));
    }
    // `md.update(password.getBytes())` on the variable that holds the hash
    let (Some(holder), Some(item)) = (holder, item) else { return false };
    module.exprs_within(item.range).any(|(_, e)| {
        let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { return false };
        matches!(module.expr(*object).kind, ExprKind::Name(n) if n == holder)
            && args
                .iter()
                .any(|a| module.exprs_within(module.expr(a.value).range).any(|(_, e)| is_password_name(&e.kind)))
    })
}

/// Whether code takes a password out of something by its name: `md5(request.form["password"])`,
/// `md5sum(r.FormValue("password"))`.
fn takes_password(module: &Module, range: Range) -> bool {
    let names = |at: ir::ExprId| {
        module.string(at).is_some_and(|s| {
            s.as_str().len() < 24 && !s.as_str().contains([' ', ':', '/', '%']) && names_password(s.as_str())
        })
    };
    module.exprs_within(range).any(|(_, e)| match &e.kind {
        ExprKind::Index { index, .. } => names(*index),
        // what is hashed itself is no name
        ExprKind::Call { callee, args, .. } => {
            let first = words(match &module.expr(*callee).kind {
                ExprKind::Member { name, .. } => name.as_str(),
                _ => "",
            });
            let takes = first.first().is_some_and(|w| {
                matches!(
                    w.as_str(),
                    "get" | "form" | "query" | "param" | "params" | "post" | "fetch" | "value" | "input"
                )
            });
            takes && args.first().is_some_and(|a| names(a.value))
        }
        _ => false,
    })
}

fn is_password_name(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => names_password(name.as_str()),
        _ => false,
    }
}
