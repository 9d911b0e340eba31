//! Paths that an authentication guard lets through by a list of its own: `SKIP_AUTH_ROUTES`,
//! `publicPaths.includes(req.path)`, `.unless({ path: […] })`.

use ir::{ExprId, ExprKind, Literal, Module, StmtId, StmtKind};
use program::{ExprRef, FnId};
use rustc_hash::FxHashMap;

use crate::adapters::Context;
use crate::guards::{declared, words};
use crate::{GuardKind, Method, Route};

/// How many calls below the guard its lists are looked for.
const DEPTH: u32 = 3;

/// One path of such a list.
#[derive(Clone, Debug, PartialEq)]
struct Exemption {
    method: Option<Method>,
    path: String,
    span: base::Span,
}

/// Opens the routes that their guards let through.
pub(crate) fn open(context: &Context<'_>, routes: &mut [Route]) {
    let mut known: FxHashMap<FnId, Vec<Exemption>> = FxHashMap::default();
    let mut spans: FxHashMap<base::Span, Vec<Exemption>> = FxHashMap::default();
    for route in routes {
        let mut opened = None;
        for guard in route.guards.iter().filter(|g| g.kind == GuardKind::Authentication) {
            let by_code = guard.function.map(|function| {
                known.entry(function).or_insert_with(|| {
                    let mut found = Vec::new();
                    in_function(context, function, 0, &mut vec![function], &mut found);
                    found
                })
            });
            let by_call = spans.entry(guard.span).or_insert_with(|| unless(context, guard.span));
            let lists = by_code.into_iter().flat_map(|l| l.iter()).chain(by_call.iter());
            if let Some(found) = lists.into_iter().find(|e| e.matches(route)) {
                opened = Some((guard.name.clone(), found.span));
            }
        }
        if let Some((name, span)) = opened {
            route.guards.push(declared(GuardKind::Anonymous, &format!("{name}: exempt"), span));
            route.auth = Route::auth_of(&route.guards);
        }
    }
}

impl Exemption {
    fn matches(&self, route: &Route) -> bool {
        let parts = |p: &str| p.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (wanted, path) = (parts(&self.path), parts(&route.path));
        let open_end = wanted.last().is_some_and(|l| l.starts_with('*'));
        let fixed = wanted.len() - usize::from(open_end);
        self.method.is_none_or(|m| m == route.method)
            && (path.len() == wanted.len() || open_end && path.len() >= fixed)
            && wanted.iter().take(fixed).zip(&path).all(|(w, p)| w == p || w.starts_with(['{', ':', '<']) || w == "*")
    }
}

fn promises_opening(name: &str) -> bool {
    words(name).iter().any(|w| {
        matches!(
            w.as_str(),
            "skip"
                | "skipped"
                | "public"
                | "whitelist"
                | "whitelisted"
                | "white"
                | "allowlist"
                | "exclude"
                | "excluded"
                | "exempt"
                | "exempted"
                | "ignore"
                | "ignored"
                | "open"
                | "unauthenticated"
                | "anonymous"
                | "bypass"
                | "unprotected"
                | "noauth"
        )
    })
}

/// The lists that a guard's code and what it calls name.
fn in_function(context: &Context<'_>, function: FnId, depth: u32, seen: &mut Vec<FnId>, found: &mut Vec<Exemption>) {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let by_function = item.name.is_some_and(|n| promises_opening(n.as_str()));
    for (expr, node) in module.exprs_within(item.range) {
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &node.kind else { continue };
        if !by_function && !promises_opening(name.as_str()) {
            continue;
        }
        for origin in context.origins(ExprRef { module: function.module, expr }) {
            list(context.program.module(origin.module), origin.expr, found);
        }
    }
    if depth == 0 {
        for stmt in item.body.iter().flatten() {
            if let StmtKind::If { cond, then, .. } = &module.stmt(*stmt).kind
                && goes_on(module, then)
            {
                by_address(module, *cond, found);
            }
        }
    }
    if depth >= DEPTH {
        return;
    }
    for call in context.program.calls_in(function) {
        let Some(callee) = context.program.call(ExprRef { module: function.module, expr: *call }) else { continue };
        for next in &callee.functions {
            if !seen.contains(next) && seen.len() < 40 {
                seen.push(*next);
                in_function(context, *next, depth + 1, seen, found);
            }
        }
    }
}

/// `return`, `return next()`: the request goes on to its handler.
fn goes_on(module: &Module, block: &[StmtId]) -> bool {
    let [only] = block else { return false };
    let StmtKind::Return(value) = &module.stmt(*only).kind else { return false };
    value.is_none_or(|value| match &module.expr(value).kind {
        ExprKind::Call { callee, args, .. } => {
            args.is_empty() && matches!(module.expr(*callee).kind, ExprKind::Name(n) if n == "next" || n == "done")
        }
        _ => false,
    })
}

/// `request.url.startsWith('/login')`, `req.path === '/health'`, one or the other.
fn by_address(module: &Module, cond: ExprId, found: &mut Vec<Exemption>) {
    let is_address = |expr: ExprId| {
        matches!(&module.expr(expr).kind, ExprKind::Member { name, .. }
            if matches!(name.as_str(), "url" | "path" | "originalUrl" | "routerPath" | "pathname"))
    };
    let (text, is_open) = match &module.expr(cond).kind {
        ExprKind::Logical { op: ir::LogicalOp::Or, left, right } => {
            by_address(module, *left, found);
            return by_address(module, *right, found);
        }
        ExprKind::Binary { op: ir::BinaryOp::Eq, left, right } if is_address(*left) => (*right, false),
        ExprKind::Call { callee, args, .. } => match (&module.expr(*callee).kind, args.as_slice()) {
            (ExprKind::Member { object, name, .. }, [only]) if *name == "startsWith" && is_address(*object) => {
                (only.value, true)
            }
            _ => return,
        },
        _ => return,
    };
    let Some(path) = module.string(text).filter(|t| t.as_str().starts_with('/')) else { return };
    let span = module.expr_span(text);
    let mut add = |path: String| found.push(Exemption { method: None, path, span });
    add(path.to_string());
    if is_open {
        add(format!("{}/*", path.as_str().trim_end_matches('/')));
    }
}

/// `expressjwt({ … }).unless({ path: ["/login"] })`.
fn unless(context: &Context<'_>, span: base::Span) -> Vec<Exemption> {
    let mut found = Vec::new();
    let Some(id) = context.program.module_of_file(span.file) else { return found };
    let module = context.program.module(id);
    for (_, node) in module.exprs().filter(|(_, e)| e.range.start == span.start && e.range.end == span.end) {
        let ExprKind::Call { callee, args, .. } = &node.kind else { continue };
        let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
        if *name != "unless" {
            continue;
        }
        for arg in args {
            let at = ExprRef { module: id, expr: arg.value };
            if let Some(paths) = context.entry(at, "path") {
                for origin in context.origins(paths) {
                    list(context.program.module(origin.module), origin.expr, &mut found);
                }
            }
        }
    }
    found
}

/// Elements of a list: paths, or objects with a path and perhaps a method.
fn list(module: &Module, expr: ExprId, found: &mut Vec<Exemption>) {
    let items = match &module.expr(expr).kind {
        ExprKind::List(items) => items.clone(),
        ExprKind::Call { args, .. } => args.iter().map(|a| a.value).collect(),
        ExprKind::Map(entries) => entries.iter().filter_map(|e| e.key).collect(),
        ExprKind::Unary { operand, .. } => return list(module, *operand, found),
        _ => return,
    };
    for item in items {
        let range = module.expr(item).range;
        let (mut path, mut method) = (None, None);
        for (_, node) in module.exprs_within(range) {
            match &node.kind {
                ExprKind::Literal(Literal::Str(text)) if text.as_str().starts_with('/') => path = path.or(Some(*text)),
                ExprKind::Literal(Literal::Str(text)) => method = method.or_else(|| Method::of(text.as_str())),
                ExprKind::Member { name, .. } => method = method.or_else(|| Method::of(name.as_str())),
                _ => {}
            }
        }
        if let Some(path) = path {
            let exemption = Exemption { method, path: path.to_string(), span: module.span(range) };
            if !found.contains(&exemption) {
                found.push(exemption);
            }
        }
    }
}
