//! Calls that answer the caller: with which status, and with what of an error.

use base::{Language, Span, Symbol};
use ir::{Arg, ExprId, ExprKind, Literal, Module, ParamKind, Part, Range, StmtKind, TypeKind};
use program::{ExprRef, Program};
use rustc_hash::FxHashMap;

use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// One answer that sends something of an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The call.
    pub at: ExprRef,
    /// Where.
    pub span: Span,
    /// The status, when it is a constant.
    pub status: Option<u16>,
    /// What of an error is sent, and where it stands.
    pub error: (ErrorPart, Span),
    /// Whether the error may be any: what catches it names no narrower type.
    pub is_any: bool,
    /// Whether a condition around asks for a development environment.
    pub development_only: bool,
}

/// All answers that send something of an error, in order of place.
pub(crate) fn collect(context: &Context<'_>, effects: &[Effect]) -> Vec<Answer> {
    let mut known: FxHashMap<u32, Vec<Named>> = FxHashMap::default();
    let mut all = Vec::new();
    for effect in effects.iter().filter(|e| e.kind == Kind::Responds) {
        let module = context.program.module(effect.call.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(effect.call.expr).kind else { continue };
        if module.language.is_ecmascript() && !answers_by_parameter(context.program, effect, module, *callee) {
            continue;
        }
        let names = known.entry(effect.call.module.0).or_insert_with(|| error_names(module));
        let range = module.expr(effect.call.expr).range;
        let errors: Vec<Symbol> = names.iter().filter(|n| n.range.contains(range)).map(|n| n.name).collect();
        let is_any = names.iter().any(|n| n.is_any && n.range.contains(range));
        let record = context.facts.record(effect.record);
        let mut status = below(module, *callee).into_iter().find_map(|e| status_of(module, e));
        let mut content = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            match status_of_argument(module, arg) {
                Some(found) => status = status.or(Some(found)),
                None if record.arg.is_none_or(|wanted| wanted as usize == at || arg.name.is_some()) => {
                    content.push(arg.value);
                }
                None => {}
            }
        }
        let error = content
            .iter()
            .find_map(|e| error_part(module, *e, &errors))
            .or_else(|| content.iter().find_map(|e| put_into(module, *e, range, names)));
        // elsewhere an error as such is no text: it is a cause, or becomes an empty object
        let is_text = module.language.is_ecmascript() || module.language == Language::Rust;
        let error = error.filter(|(part, _)| *part != ErrorPart::Whole || is_text);
        let Some((part, place)) = error else { continue };
        all.push(Answer {
            at: effect.call,
            span: effect.span,
            status,
            error: (part, module.expr_span(place)),
            is_any: is_any || names.iter().any(|n| n.is_any && n.range.contains(module.expr(place).range)),
            development_only: context.is_development_only(effect.call),
        });
    }
    all.sort_by_key(|a| a.span);
    all.dedup_by_key(|a| a.span);
    all
}

/// ECMAScript: `res.status(…).json(…)` is an answer when `res` is a parameter of a function around.
fn answers_by_parameter(program: &Program, effect: &Effect, module: &Module, callee: ExprId) -> bool {
    let mut root = callee;
    loop {
        root = match &module.expr(root).kind {
            ExprKind::Member { object, .. } => *object,
            ExprKind::Call { callee, .. } => *callee,
            _ => break,
        };
    }
    let ExprKind::Name(name) = module.expr(root).kind else { return false };
    let words = crate::guards::words(name.as_str());
    if !words.iter().any(|w| matches!(w.as_str(), "res" | "resp" | "response" | "reply" | "ctx")) {
        return false;
    }
    let mut function = program.scopes(effect.call.module).owner(effect.call.expr).function;
    while let Some(id) = function {
        if module.function(id).params.iter().any(|p| p.name == name) {
            return true;
        }
        function = module.function(id).parent;
    }
    false
}

/// The parts of a chain of calls: names and arguments below the last.
fn below(module: &Module, callee: ExprId) -> Vec<ExprId> {
    let mut parts = Vec::new();
    let mut at = callee;
    loop {
        parts.push(at);
        at = match &module.expr(at).kind {
            ExprKind::Member { object, .. } => *object,
            ExprKind::Call { callee, args, .. } => {
                parts.extend(args.iter().map(|a| a.value));
                *callee
            }
            _ => break,
        };
    }
    parts
}

fn status_of_argument(module: &Module, arg: &Arg) -> Option<u16> {
    let named = arg.name.is_none_or(|n| n.as_str().to_ascii_lowercase().contains("status") || n == "code");
    if !named {
        return None;
    }
    if arg.name.is_none() && matches!(module.expr(arg.value).kind, ExprKind::Literal(Literal::Str(_))) {
        return None;
    }
    status_of(module, arg.value)
}

/// The status that an expression is, by number or by the name of RFC 9110.
fn status_of(module: &Module, expr: ExprId) -> Option<u16> {
    match &module.expr(expr).kind {
        ExprKind::Literal(Literal::Int(Some(status))) => u16::try_from(*status).ok().filter(|s| (100..600).contains(s)),
        ExprKind::Literal(Literal::Str(name)) | ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            status_named(name.as_str())
        }
        _ => None,
    }
}

fn status_named(name: &str) -> Option<u16> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    const NAMES: [(&str, u16); 17] = [
        ("servererror", 500),
        ("internalservererror", 500),
        ("notimplemented", 501),
        ("badgateway", 502),
        ("serviceunavailable", 503),
        ("gatewaytimeout", 504),
        ("badrequest", 400),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("notfound", 404),
        ("methodnotallowed", 405),
        ("conflict", 409),
        ("unprocessableentity", 422),
        ("unprocessablecontent", 422),
        ("toomanyrequests", 429),
        ("statusok", 200),
        ("created", 201),
    ];
    let plain = plain.trim_start_matches("error");
    NAMES
        .iter()
        .find(|(n, _)| {
            plain == *n
                || plain.strip_prefix("status").is_some_and(|p| p == *n)
                || plain.ends_with(n) && plain.starts_with("http")
        })
        .map(|(_, s)| *s)
        .or_else(|| matches!(plain, "problem").then_some(500))
}

/// A name that holds an error.
struct Named {
    /// Where it does.
    range: Range,
    name: Symbol,
    /// Whether it may be any error.
    is_any: bool,
}

/// What of an error was put into a thing that an answer shows: `model.Message = ex.Message; return View(model)`.
fn put_into(module: &Module, shown: ExprId, answer: Range, names: &[Named]) -> Option<(ErrorPart, ExprId)> {
    let ExprKind::Name(thing) = module.expr(shown).kind else { return None };
    let (_, around) = module.function_around(answer)?;
    let root_of = |mut e: ExprId| loop {
        e = match &module.expr(e).kind {
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => *object,
            ExprKind::Name(name) => return Some(*name),
            _ => return None,
        }
    };
    module.stmts().filter(|s| around.range.contains(s.range) && s.range.start < answer.start).find_map(|s| {
        let (target, value) = match &s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => (*target, *value),
            StmtKind::Expr(e) => match module.expr(*e).kind {
                ExprKind::Assign { target, value, .. } => (target, value),
                _ => return None,
            },
            _ => return None,
        };
        let is_part = matches!(module.expr(target).kind, ExprKind::Member { .. } | ExprKind::Index { .. });
        if !is_part || root_of(target) != Some(thing) {
            return None;
        }
        let errors: Vec<Symbol> = names.iter().filter(|n| n.range.contains(s.range)).map(|n| n.name).collect();
        error_part(module, value, &errors)
    })
}

/// Types that hold every error.
fn is_every(module: &Module, types: &[ir::TypeId]) -> bool {
    let named = |ty: &ir::TypeId| match &module.ty(*ty).kind {
        TypeKind::Named { path, .. } => {
            let last = path.as_str().rsplit('.').next().unwrap_or("");
            matches!(last, "Exception" | "BaseException" | "Throwable" | "StandardError")
        }
        _ => false,
    };
    // what JavaScript catches is anything, its own complaints about input too
    !module.language.is_ecmascript() && (types.is_empty() || types.iter().any(named))
}

/// Names that hold an error, each with the range where they do.
fn error_names(module: &Module) -> Vec<Named> {
    let mut any: Vec<Range> = Vec::new();
    let mut names: Vec<(Range, Symbol)> = Vec::new();
    for stmt in module.stmts() {
        match &stmt.kind {
            StmtKind::Try { catches, .. } => {
                names.extend(catches.iter().filter_map(|c| Some((c.range, c.binding?))));
                any.extend(catches.iter().filter(|c| is_every(module, &c.types)).map(|c| c.range));
            }
            StmtKind::Switch { arms, .. } => {
                for arm in arms {
                    names.extend(arm.patterns.iter().filter_map(|p| Some((arm.range, error_pattern(module, *p)?))));
                }
            }
            StmtKind::If { cond, .. } => {
                if let ExprKind::Assign { target, .. } = &module.expr(*cond).kind {
                    names.extend(error_pattern(module, *target).map(|n| (stmt.range, n)));
                }
            }
            StmtKind::Assign { target, .. } if module.language == Language::Go => {
                let mut targets = vec![*target];
                if let ExprKind::List(items) = &module.expr(*target).kind {
                    targets.extend(items);
                }
                for target in targets {
                    if let ExprKind::Name(name) = module.expr(target).kind
                        && (name == "err" || name.as_str().ends_with("Err"))
                    {
                        // until the end of the function around
                        let around = module.function_around(stmt.range);
                        names.extend(around.map(|(_, f)| (f.range, name)));
                    }
                }
            }
            _ => {}
        }
    }
    for (_, function) in module.functions() {
        for (at, param) in function.params.iter().enumerate().filter(|(_, p)| p.kind == ParamKind::Normal) {
            let typed = param.ty.is_some_and(|ty| match &module.ty(ty).kind {
                TypeKind::Named { path, .. } => {
                    let last = path.as_str().rsplit('.').next().unwrap_or("");
                    last.ends_with("Exception") || last == "Throwable" || last == "Error"
                }
                _ => false,
            });
            let called_back = at == 0
                && module.language.is_ecmascript()
                && matches!(param.name.as_str(), "err" | "error" | "e" | "ex");
            if typed || called_back {
                names.push((function.range, param.name));
            }
        }
    }
    // `map_err(|e| …)`, `.catch(e => …)`
    for (_, item) in module.exprs() {
        let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
        let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
        if !matches!(name.as_str(), "map_err" | "or_else" | "unwrap_or_else" | "catch") {
            continue;
        }
        for arg in args {
            if let ExprKind::Lambda(function) = module.expr(arg.value).kind {
                let function = module.function(function);
                names.extend(function.params.first().map(|p| (function.range, p.name)));
            }
        }
    }
    names.retain(|(_, n)| !n.is_empty() && *n != "_");
    names.into_iter().map(|(range, name)| Named { range, name, is_any: any.contains(&range) }).collect()
}

/// `Err(e)`.
fn error_pattern(module: &Module, pattern: ExprId) -> Option<Symbol> {
    let ExprKind::Call { callee, args, .. } = &module.expr(pattern).kind else { return None };
    let ExprKind::Name(name) = module.expr(*callee).kind else { return None };
    let [arg] = args.as_slice() else { return None };
    match module.expr(arg.value).kind {
        ExprKind::Name(bound) if name == "Err" => Some(bound),
        _ => None,
    }
}

/// What of an error an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorPart {
    /// Its stack trace.
    Stack,
    /// The error as it is.
    Whole,
    /// Its text.
    Message,
}

/// What of an error an expression gives away: `err.stack`, `err`, `err.message`, `str(e)`, `err.Error()`.
fn error_part(module: &Module, expr: ExprId, errors: &[Symbol]) -> Option<(ErrorPart, ExprId)> {
    let is_error = |e: ExprId| matches!(module.expr(e).kind, ExprKind::Name(n) if errors.contains(&n));
    match &module.expr(expr).kind {
        ExprKind::Name(_) if is_error(expr) => Some((ErrorPart::Whole, expr)),
        ExprKind::Member { object, name, .. } if is_error(*object) => {
            let part = match name.as_str() {
                "stack" | "backtrace" | "StackTrace" | "full_message" | "__traceback__" => ErrorPart::Stack,
                "message" | "Message" | "args" | "sqlMessage" | "InnerException" => ErrorPart::Message,
                _ => return None,
            };
            Some((part, expr))
        }
        ExprKind::Call { callee, args, .. } => {
            let name = match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                _ => "",
            };
            if let ExprKind::Member { object, .. } = &module.expr(*callee).kind
                && is_error(*object)
            {
                let part = match name {
                    "getMessage" | "getLocalizedMessage" | "Error" | "message" | "to_string" | "to_s" | "inspect" => {
                        ErrorPart::Message
                    }
                    "ToString" | "toString" => {
                        if module.language == Language::CSharp {
                            ErrorPart::Stack
                        } else {
                            ErrorPart::Message
                        }
                    }
                    "backtrace" | "getStackTrace" | "full_message" => ErrorPart::Stack,
                    _ => return None,
                };
                return Some((part, expr));
            }
            match name {
                "format_exc" | "getStackTraceAsString" | "getStackTrace" | "print_exc" => {
                    Some((ErrorPart::Stack, expr))
                }
                // `fmt.Sprintf`, `str(e)`, `repr(e)`, `String(err)`, `JSON.stringify(err)`
                "str" | "repr" | "String" | "stringify" | "Sprint" | "valueOf" => {
                    args.iter().any(|a| is_error(a.value)).then_some((ErrorPart::Message, expr))
                }
                // an object made for callers: its arguments are what it tells
                _ if name.starts_with(char::is_uppercase)
                    || matches!(name, "dict" | "of" | "json" | "body" | "error" | "fail" | "put") =>
                {
                    args.iter().find_map(|a| error_part(module, a.value, errors)).map(|(l, e)| match l {
                        // what a class makes of an error is not known
                        ErrorPart::Whole => (ErrorPart::Message, e),
                        l => (l, e),
                    })
                }
                _ => None,
            }
        }
        ExprKind::Template(parts) => parts.iter().find_map(|p| match p {
            Part::Hole(hole) => error_part(module, *hole, errors)
                .map(|(l, e)| (if l == ErrorPart::Whole { ErrorPart::Message } else { l }, e)),
            Part::Text(_) => None,
        }),
        ExprKind::Map(entries) => entries.iter().find_map(|e| error_part(module, e.value, errors)),
        ExprKind::List(items) => items.iter().find_map(|e| error_part(module, *e, errors)),
        ExprKind::Binary { left, right, .. } => {
            error_part(module, *left, errors).or_else(|| error_part(module, *right, errors))
        }
        // `err.message || "…"`
        ExprKind::Logical { left, right, .. } => {
            error_part(module, *left, errors).or_else(|| error_part(module, *right, errors))
        }
        ExprKind::Unary { operand, .. } | ExprKind::Cast { value: operand, .. } => error_part(module, *operand, errors),
        ExprKind::Literal(Literal::Null) => None,
        _ => None,
    }
}
