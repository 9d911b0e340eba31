//! A login that tells whether an account exists.

use base::{Evidence, RuleInfo, Severity, Span, Stage, Symbol, Text, TraceStep};
use ir::{ExprId, ExprKind, Module, Part, Range, StmtKind};
use model::guards::words;
use model::{Kind, Model};
use program::FnId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::support::{handler, info, is_login, is_production, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.3),
        ..info(
            "user-enumeration",
            "A login tells whether an account exists",
            Severity::Suggestion,
            Stage::Security,
            &["W2.2"],
            &[204, 203],
            &["A07:2021", "API2:2023"],
        )
    },
    check,
};

/// Calls below a login's handler whose texts come back to the caller.
const DEPTH: usize = 3;

/// Words of functions that take a name and a password.
const LETS_IN: [&str; 6] = ["login", "signin", "authenticate", "logon", "authorize", "credentials"];

fn check(model: &Model, report: &mut Report<'_>) {
    let mut told = FxHashSet::default();
    for function in lets_in(model) {
        let module = model.program.module(function.module);
        let item = module.function(function.function);
        if !is_production(model, module.span(item.name_range)) {
            continue;
        }
        let texts = texts(model, function);
        let unknown = texts.iter().find(|(_, text)| says_unknown(text));
        let wrong = texts.iter().find(|(_, text)| says_wrong_password(text));
        let (Some((unknown, said)), Some((wrong, _))) = (unknown, wrong) else { continue };
        // what is nested in a function stands in it too
        if in_one_answer(module, item.range, *unknown, *wrong) || !told.insert(module.expr_span(*unknown)) {
            continue;
        }
        let place = |text: ExprId| used(module, item.range, text).unwrap_or_else(|| module.expr_span(text));
        let span = place(*unknown);
        let name = model.program.function_name(function);
        let subject = format!("login {} {name}", crate::support::path(model, span));
        let issue = match name.contains('(') {
            true => Text::from("This login tells an unknown account from a wrong password."),
            false => Text::say("`{}` tells an unknown account from a wrong password.", &[&name]),
        };
        let mut finding = report.finding(subject, span, issue);
        finding.evidence = Evidence::Suspected;
        finding.details = Text::say("An unknown account is answered with `{}`, a wrong password otherwise.", &[said]);
        finding.impact = Text::from(
            "Whoever sends a list of addresses learns which of them have an account: what lists of leaked passwords and phishing begin with.",
        );
        finding.fix = Text::from(
            "Answer both cases with one text and one status (\"wrong name or password\"), and check a password in both cases, so that the time tells nothing either.",
        );
        finding.verification = Text::from(
            "Sign in with an unknown name and with a wrong password: the answers must be the same, byte for byte.",
        );
        let step = |span: Span, message| TraceStep { span, message: Text::from(message) };
        finding.trace = vec![
            step(place(*wrong), "A wrong password is answered with this."),
            step(span, "An unknown account is answered with this."),
        ];
        report.add(finding);
    }
}

/// Functions that answer logins: what login routes call, and what is named for it.
fn lets_in(model: &Model) -> Vec<FnId> {
    let mut all: FxHashSet<FnId> = FxHashSet::default();
    for route in routes(model).filter(|r| is_login(r)) {
        all.extend(handler(route).into_iter().flat_map(|f| model.reachable(f, DEPTH)));
    }
    let mut known: FxHashMap<Symbol, bool> = FxHashMap::default();
    for id in model.program.ids() {
        let module = model.program.module(id);
        for (function, item) in module.functions() {
            // a closure is named as the function around
            let mut around = item;
            while let (None, Some(parent)) = (around.name, around.parent) {
                around = module.function(parent);
            }
            let Some(name) = around.name else { continue };
            if *known.entry(name).or_insert_with(|| is_named_for_login(name)) {
                all.insert(FnId { module: id, function });
            }
        }
    }
    let mut all: Vec<FnId> = all.into_iter().collect();
    all.sort_unstable();
    all
}

fn is_named_for_login(name: Symbol) -> bool {
    let words = words(name.as_str().rsplit('.').next().unwrap_or(""));
    words.iter().any(|w| LETS_IN.contains(&w.as_str())) || words.concat().contains("signin")
}

/// The texts of a function but those that are only logged, in plain words.
fn texts(model: &Model, function: FnId) -> Vec<(ExprId, String)> {
    let module = model.program.module(function.module);
    let range = module.function(function.function).range;
    let mut inner = vec![function];
    let mut at = 0;
    while at < inner.len() {
        inner.extend(model.nested(inner[at]));
        at += 1;
    }
    let effects = inner.into_iter().flat_map(|f| model.effects_of(f)).filter(|e| e.kind == Kind::Logs);
    let mut logged: Vec<Range> = effects.map(|e| module.expr(e.call.expr).range).collect();
    // a log that no library is known of: `log.info`, `this.logger.warn`
    logged.extend(module.exprs_within(range).filter(|(_, e)| is_log(module, &e.kind)).map(|(_, e)| e.range));
    let mut all: Vec<(ExprId, String)> = Vec::new();
    for (id, expr) in module.exprs_within(range) {
        if logged.iter().any(|l| l.contains(expr.range)) {
            continue;
        }
        let text = match &expr.kind {
            ExprKind::Template(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Hole(hole) => model.sources.text(module.expr_span(*hole)),
                })
                .collect::<Vec<_>>()
                .join(" "),
            ExprKind::Literal(ir::Literal::Str(text)) => text.to_string(),
            _ => continue,
        };
        if (8..200).contains(&text.len()) {
            all.push((id, text.to_lowercase().replace(['_', '-'], " ").replace('\u{2019}', "'")));
        }
    }
    all.sort_by_key(|(id, _)| module.expr(*id).range.start);
    all
}

fn is_log(module: &Module, kind: &ExprKind) -> bool {
    let ExprKind::Call { callee, .. } = kind else { return false };
    // `this.logFailure(req, "User not found")`
    if let ExprKind::Name(name) | ExprKind::Member { name, .. } = module.expr(*callee).kind
        && words(name.as_str()).first().is_some_and(|w| matches!(w.as_str(), "log" | "audit" | "trace"))
    {
        return true;
    }
    let ExprKind::Member { object, .. } = module.expr(*callee).kind else { return false };
    let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = module.expr(object).kind else { return false };
    words(name.as_str()).iter().any(|w| matches!(w.as_str(), "log" | "logger" | "logging" | "console"))
}

fn has_any(text: &str, list: &[&str]) -> bool {
    list.iter().any(|w| text.contains(w))
}

fn says_unknown(text: &str) -> bool {
    let of_account = has_any(text, &["user", "email", "e mail", "account", "member", "customer", "login"]);
    let missing = has_any(
        text,
        &[
            "not found",
            "not exist",
            "n't exist",
            "no user",
            "no account",
            "no such user",
            "unknown user",
            "unknown email",
            "not registered",
            "invalid user",
            "incorrect user",
            "wrong user",
            "invalid login name",
            "incorrect email",
            "wrong email",
            "not find user",
            "not find account",
            "isn't registered",
        ],
    );
    of_account && missing && !has_any(text, &["password", "credential", " or ", "token", "role", "select ", "session"])
}

fn says_wrong_password(text: &str) -> bool {
    let wrong = has_any(text, &["incorrect", "wrong", "invalid", "not match", "n't match", "mismatch", "not correct"]);
    // a changed password is asked for twice, and a pair is no telling apart
    text.contains("password")
        && wrong
        && !has_any(
            text,
            &[
                " or ",
                " and ",
                "/",
                "&",
                ",",
                "credential",
                "confirm",
                "current",
                "old ",
                "new ",
                "passwords",
                "format",
                "length",
                "hash",
                "combination",
                "reset",
            ],
        )
}

/// Whether both texts are entries of one list or object: callers get them together.
fn in_one_answer(module: &Module, range: Range, one: ExprId, other: ExprId) -> bool {
    let holds = |r: Range| r.contains(module.expr(one).range) && r.contains(module.expr(other).range);
    module.exprs_within(range).any(|(_, e)| {
        matches!(e.kind, ExprKind::List(_) | ExprKind::Map(_))
            && holds(e.range)
            && !module.functions().any(|(_, f)| e.range.contains(f.range) && holds(f.range))
    })
}

/// Where a text that is kept in a variable of the function is used.
fn used(module: &Module, range: Range, text: ExprId) -> Option<Span> {
    let name = module.stmts().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { target, value: Some(value), declares: true, .. } if *value == text => {
            let ExprKind::Name(name) = module.expr(*target).kind else { return None };
            Some((name, module.expr(*target).range))
        }
        _ => None,
    });
    let (name, declared) = name?;
    let uses = module
        .exprs_within(range)
        .filter(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == name) && e.range.start > declared.end);
    uses.min_by_key(|(_, e)| e.range.start).map(|(id, _)| module.expr_span(id))
}
