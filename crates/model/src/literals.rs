//! Strings in code with the names that they are given, and handlers of errors.

use base::{FileRole, SourceMap, Span};
use ir::{ExprId, ExprKind, Module, StmtKind};
use program::Program;
use rayon::prelude::*;

/// How a string is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralUse {
    /// Assigned, or the value of a key, keyword or default.
    Named,
    /// What stands in when a setting is missing: `env.X || "…"`.
    Fallback,
    /// Only there.
    Bare,
}

/// A string in code.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLiteral {
    /// The name it is given; empty for a bare one.
    pub name: &'static str,
    /// The string.
    pub value: &'static str,
    /// Where it is.
    pub span: Span,
    /// How it is used.
    pub usage: LiteralUse,
}

/// A handler of errors.
#[derive(Clone, Debug, PartialEq)]
pub struct CatchSite {
    /// Where it is.
    pub span: Span,
    /// The types as written; empty catches everything.
    pub types: Vec<String>,
    /// Whether it does nothing at all, and no comment says why.
    pub is_empty: bool,
    /// Whether it gives an empty value instead: `return null`, `rescue nil`.
    pub falls_back: bool,
    /// The code that is tried.
    pub body: Span,
    /// What is tried, in how many statements.
    pub tried: usize,
    /// Whether what is tried only ends something (closes, deletes, cancels) or only reads a value from a text:
    /// to fail at that is an answer.
    pub is_harmless: bool,
    /// Whether the error is a value that is kept in a variable and never looked at.
    pub is_value: bool,
    /// What the file is for.
    pub role: FileRole,
}

/// All strings of at least six characters with a name, and bare ones of at least sixteen.
pub(crate) fn collect(program: &Program) -> Vec<NamedLiteral> {
    let mut all: Vec<NamedLiteral> =
        program.ids().collect::<Vec<_>>().into_par_iter().flat_map_iter(|id| of_module(program.module(id))).collect();
    all.sort_by_key(|a| a.span);
    all.dedup_by(|a, b| a.span == b.span);
    all
}

fn of_module(module: &Module) -> Vec<NamedLiteral> {
    let mut found = Vec::new();
    for (id, expr) in module.exprs() {
        match &expr.kind {
            ExprKind::Map(entries) => {
                for entry in entries {
                    if let Some(name) = entry.key.and_then(|k| module.string(k)) {
                        value(module, name.as_str(), entry.value, &mut found);
                    }
                }
            }
            ExprKind::Call { args, .. } => {
                for arg in args {
                    if let Some(name) = arg.name {
                        value(module, name.as_str(), arg.value, &mut found);
                    }
                }
            }
            ExprKind::Assign { target, value: assigned, .. } => {
                if let Some(name) = target_name(module, *target) {
                    value(module, name, *assigned, &mut found);
                }
            }
            _ => {
                if let Some(text) = module.string(id)
                    && text.as_str().len() >= 16
                {
                    let span = module.expr_span(id);
                    found.push(NamedLiteral { name: "", value: text.as_str(), span, usage: LiteralUse::Bare });
                }
            }
        }
    }
    for stmt in module.stmts() {
        if let StmtKind::Assign { target, value: Some(assigned), op: None, .. } = &stmt.kind
            && let Some(name) = target_name(module, *target)
        {
            value(module, name, *assigned, &mut found);
        }
    }
    for (_, class) in module.classes() {
        for field in &class.fields {
            if let Some(init) = field.init {
                value(module, field.name.as_str(), init, &mut found);
            }
        }
    }
    for (_, function) in module.functions() {
        for param in &function.params {
            if let Some(default) = param.default {
                value(module, param.name.as_str(), default, &mut found);
            }
        }
    }
    found.sort_by_key(|l| (l.span, l.name.is_empty()));
    found.dedup_by(|later, first| later.span == first.span);
    found
}

fn target_name(module: &Module, target: ExprId) -> Option<&'static str> {
    match &module.expr(target).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
        ExprKind::Index { index, .. } => module.string(*index).map(|s| s.as_str()),
        _ => None,
    }
}

fn value(module: &Module, name: &'static str, expr: ExprId, found: &mut Vec<NamedLiteral>) {
    let mut add = |expr: ExprId, usage: LiteralUse| {
        if let Some(text) = module.string(expr)
            && text.as_str().len() >= 6
        {
            found.push(NamedLiteral { name, value: text.as_str(), span: module.expr_span(expr), usage });
        }
    };
    match &module.expr(expr).kind {
        ExprKind::Logical { right, .. } => add(*right, LiteralUse::Fallback),
        // `getenv("X", "…")`, `ENV.fetch("X", "…")`
        ExprKind::Call { callee, args, .. } if args.len() == 2 => {
            let called = module.dotted(*callee).unwrap_or_default().to_lowercase();
            if called.contains("env") || called.ends_with("config") {
                add(args[1].value, LiteralUse::Fallback);
            }
        }
        // `[]byte("…")`, `"…".getBytes()`, `Buffer.from("…")`
        ExprKind::Cast { value, .. } => add(*value, LiteralUse::Named),
        ExprKind::Call { callee, args, .. } if args.len() <= 1 => {
            if let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
                && ["getBytes", "from", "GetBytes", "encode", "to_string", "to_owned"].contains(&name.as_str())
            {
                add(*object, LiteralUse::Named);
                args.iter().for_each(|a| add(a.value, LiteralUse::Named));
            }
        }
        _ => add(expr, LiteralUse::Named),
    }
}

/// Whether every statement only ends something or reads a value from a text.
fn is_harmless(module: &Module, body: &[ir::StmtId]) -> bool {
    let called = |expr: ExprId| {
        let mut expr = expr;
        loop {
            match &module.expr(expr).kind {
                ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => expr = *inner,
                ExprKind::Unary { operand, .. } => expr = *operand,
                ExprKind::Call { callee, .. } => {
                    return match &module.expr(*callee).kind {
                        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                            name.as_str().to_ascii_lowercase().replace('_', "")
                        }
                        _ => String::new(),
                    };
                }
                _ => return String::new(),
            }
        }
    };
    let ends = |name: &str| {
        let ways = [
            "close",
            "dispose",
            "kill",
            "delete",
            "unlink",
            "remove",
            "rm",
            "cancel",
            "disconnect",
            "destroy",
            "shutdown",
            "release",
            "abort",
            "terminate",
            "detach",
            "quit",
            "stop",
            "flush",
            "cleanup",
            "logout",
            "rollback",
        ];
        ways.iter().any(|w| name.starts_with(w))
    };
    let reads = |name: &str| {
        let ways = ["parse", "deserialize", "fromjson", "decode", "valueof", "toint", "convert", "loads", "readvalue"];
        name == "int" || name == "float" || ways.iter().any(|w| name.contains(w))
    };
    body.iter().all(|stmt| match &module.stmt(*stmt).kind {
        StmtKind::Expr(expr) => ends(&called(*expr)) || reads(&called(*expr)),
        StmtKind::Assign { value: Some(value), .. } | StmtKind::Return(Some(value)) => reads(&called(*value)),
        _ => false,
    })
}

/// Errors as values that nothing reads after the last call that gave one: `err = db.Save(&order)` and no more.
fn unread_errors(module: &Module, sources: &SourceMap, role: FileRole) -> Vec<CatchSite> {
    let mut found = Vec::new();
    for stmt in module.stmts() {
        let StmtKind::Assign { target, value: Some(value), op: None, .. } = &stmt.kind else { continue };
        let ExprKind::Call { .. } = module.expr(*value).kind else { continue };
        let targets = match &module.expr(*target).kind {
            ExprKind::List(items) => items.clone(),
            _ => vec![*target],
        };
        let Some((last, name)) = targets.last().and_then(|t| match module.expr(*t).kind {
            ExprKind::Name(name) if name == "err" => Some((*t, name)),
            _ => None,
        }) else {
            continue;
        };
        // closures may read what the function around them keeps, and results with names are read by `return`
        let around: Vec<&ir::Function> =
            module.functions().map(|(_, f)| f).filter(|f| f.range.contains(stmt.range)).collect();
        let Some(outermost) = around.iter().map(|f| f.range).max_by_key(|r| r.width()) else { continue };
        let has_named_result = around.iter().any(|f| {
            let start = f.body.as_ref().and_then(|b| b.first()).map_or(f.range.end, |s| module.stmt(*s).range.start);
            let head = sources.text(module.span(ir::Range { start: f.range.start, end: start }));
            head.contains(&format!("{name} "))
        });
        // to write an answer that nobody waits for any more fails as it may
        let called = match &module.expr(*value).kind {
            ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str().to_ascii_lowercase(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        let is_harmless = ["write", "close", "flush", "fprint", "copy", "remove"].iter().any(|w| called.starts_with(w));
        let in_loop = module.stmts().any(|s| matches!(s.kind, StmtKind::Loop { .. }) && s.range.contains(stmt.range));
        let read_after = module.exprs_within(outermost).any(|(e, x)| {
            e != last && x.range.start >= stmt.range.start && matches!(x.kind, ExprKind::Name(n) if n == name)
        });
        if has_named_result || in_loop || read_after || is_harmless {
            continue;
        }
        found.push(CatchSite {
            span: module.span(stmt.range),
            types: Vec::new(),
            is_empty: true,
            falls_back: false,
            body: module.span(stmt.range),
            tried: 1,
            is_harmless: false,
            is_value: true,
            role,
        });
    }
    found
}

/// Every handler of errors, in order.
pub(crate) fn catches(program: &Program, sources: &SourceMap) -> Vec<CatchSite> {
    let mut found = Vec::new();
    for id in program.ids() {
        let module = program.module(id);
        let role = sources.file(module.file).role;
        for stmt in module.stmts() {
            let StmtKind::Try { body, catches, .. } = &stmt.kind else { continue };
            for catch in catches {
                let commented = module.comments.iter().any(|c| {
                    catch.range.start <= c.start
                        && c.end <= catch.range.end.saturating_add(80)
                        && (c.start < catch.range.end || c.start == catch.range.end + 1)
                });
                // `catch (IOException ignored)` says that it is meant
                let meant = catch.binding.is_some_and(|b| {
                    crate::guards::words(b.as_str())
                        .iter()
                        .any(|w| matches!(w.as_str(), "ignored" | "ignore" | "expected" | "unused" | "suppressed"))
                });
                let types =
                    catch.types.iter().map(|t| sources.text(module.span(module.ty(*t).range)).to_owned()).collect();
                let does_nothing = catch.body.iter().all(|s| {
                    matches!(&module.stmt(*s).kind, StmtKind::Expr(e) | StmtKind::Return(Some(e))
                        if matches!(module.expr(*e).kind, ExprKind::Literal(ir::Literal::Null)))
                });
                let start = body.first().map_or(stmt.range.start, |s| module.stmt(*s).range.start);
                let end = body.last().map_or(start, |s| module.stmt(*s).range.end);
                found.push(CatchSite {
                    body: module.span(ir::Range { start, end }),
                    falls_back: !catch.body.is_empty(),
                    span: module.span(catch.range),
                    types,
                    is_empty: does_nothing && !commented && !meant,
                    is_harmless: is_harmless(module, body),
                    tried: body.len(),
                    is_value: false,
                    role,
                });
            }
        }
        if module.language == base::Language::Go {
            found.extend(unread_errors(module, sources, role));
        }
    }
    found.sort_by_key(|c| c.span);
    found
}
