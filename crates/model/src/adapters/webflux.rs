//! Spring's functional routes: `RouterFunctions.route(GET("/books"), handler::list)`, the builder
//! `route().GET("/books", handler::list).nest(path("/pens"), …).build()`, in WebFlux and in MVC.

use base::Language;
use ir::{ExprId, ExprKind, Range};
use program::{ExprRef, FnId, ModuleId};

use super::Context;
use crate::Method;
use crate::entities::join_path;

/// How many functions that give routes to others are followed.
const MAX_HOPS: u32 = 4;

/// One functional route.
pub(super) struct Functional {
    pub module: ModuleId,
    pub method: Method,
    pub path: String,
    pub handler: ExprRef,
    pub range: Range,
}

/// All functional routes of the repository.
pub(super) fn read(context: &Context<'_>) -> Vec<Functional> {
    let mut all = Vec::new();
    for id in context.modules() {
        let module = context.program.module(id);
        let uses = module.language == Language::Java
            && (context.imports(id, "org.springframework.web.reactive.function.server")
                || context.imports(id, "org.springframework.web.servlet.function"));
        if !uses {
            continue;
        }
        for (call, callee) in context.program.calls(id) {
            let Some(name) = callee.name else { continue };
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let here = |expr: ExprId| ExprRef { module: id, expr };
            let found = match (name.as_str(), args.as_slice()) {
                // `.GET("/books", handler)`, `.GET("/books", accept(JSON), handler)`
                (verb, [path, .., handler]) if Method::of(verb).is_some() && verb != "any" => {
                    // a predicate of the same name has one argument, and stands where a path may
                    let is_builder = matches!(&module.expr(*callee).kind, ExprKind::Member { .. });
                    let path = context.string(here(path.value)).filter(|_| is_builder);
                    // springdoc's builder takes what documents the route last
                    let documented = matches!(&module.expr(handler.value).kind, ExprKind::Lambda(_)) && args.len() == 3;
                    let handler = if documented { &args[1] } else { handler };
                    Method::of(verb).zip(path).map(|(m, p)| (m, p.to_string(), handler.value))
                }
                // `route(GET("/books").and(…), handler)`, `.andRoute(…)`
                ("route" | "andRoute", [predicate, handler]) => {
                    predicate_of(context, id, predicate.value).map(|(m, p)| (m, p, handler.value))
                }
                _ => None,
            };
            let Some((method, path, handler)) = found else { continue };
            let range = module.expr(call).range;
            for prefix in prefixes(context, id, module.expr(handler).range, 0) {
                all.push(Functional {
                    module: id,
                    method,
                    path: join_path(&prefix, &path),
                    handler: here(handler),
                    range,
                });
            }
        }
    }
    all
}

/// `GET("/books")`, `GET("/books").and(accept(JSON))`, `method(HttpMethod.GET).and(path("/books"))`.
fn predicate_of(context: &Context<'_>, id: ModuleId, expr: ExprId) -> Option<(Method, String)> {
    let module = context.program.module(id);
    let range = module.expr(expr).range;
    let (mut method, mut path) = (None, None);
    for (_, node) in module.exprs_within(range) {
        let ExprKind::Call { callee, args, .. } = &node.kind else { continue };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { continue };
        let first = args.first().map(|a| ExprRef { module: id, expr: a.value });
        let text = first.and_then(|a| context.string(a)).map(|s| s.to_string());
        match name.as_str() {
            "path" => path = path.or(text),
            "method" => {
                let named = first.and_then(|a| module.dotted(a.expr));
                method = method.or_else(|| Method::of(named?.rsplit('.').next()?));
            }
            verb if text.is_some() && Method::of(verb).is_some() => {
                method = Method::of(verb);
                path = text;
            }
            _ => {}
        }
    }
    Some((method.unwrap_or(Method::Any), path?))
}

/// The paths that nests put before what stands at `range`: those around it in its function, before those
/// of the places that the function gives its routes to.
fn prefixes(context: &Context<'_>, id: ModuleId, range: Range, hops: u32) -> Vec<String> {
    let module = context.program.module(id);
    let holds = |r: Range| r.contains(range);
    let mut around: Vec<(u32, String)> = Vec::new();
    for (_, node) in module.exprs() {
        let ExprKind::Call { callee, args, .. } = &node.kind else { continue };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { continue };
        let ([first, rest @ ..], "nest" | "path" | "andNest") = (args.as_slice(), name.as_str()) else { continue };
        if !rest.iter().any(|a| holds(module.expr(a.value).range)) {
            continue;
        }
        let at = ExprRef { module: id, expr: first.value };
        let text = context.string(at).map(|s| s.to_string());
        let text = text.or_else(|| predicate_of(context, id, first.value).map(|(_, path)| path));
        around.push((node.range.width(), text.unwrap_or_default()));
    }
    // the widest is the outermost
    around.sort_by_key(|(width, _)| std::cmp::Reverse(*width));
    let own = around.iter().fold(String::new(), |all, (_, part)| join_path(&all, part));
    let function = module
        .functions()
        .filter(|(_, f)| f.name.is_some() && holds(f.range))
        .min_by_key(|(_, f)| f.range.width())
        .map(|(function, _)| FnId { module: id, function });
    let mut outer: Vec<String> = Vec::new();
    if let Some(function) = function.filter(|_| hops < MAX_HOPS) {
        for site in context.program.callers(function) {
            let at = context.program.module(site.module).expr(site.expr).range;
            for prefix in prefixes(context, site.module, at, hops + 1) {
                if !outer.contains(&prefix) {
                    outer.push(prefix);
                }
            }
        }
    }
    match outer.is_empty() {
        true => vec![own],
        false => outer.into_iter().map(|prefix| join_path(&prefix, &own)).collect(),
    }
}
