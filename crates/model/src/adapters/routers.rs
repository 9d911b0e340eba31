//! Routers that are objects: made, nested, given middleware and routes by calls (Express, Gin and kin).
//!
//! Each router is known by the expression that makes it. What stands before a route is the middleware
//! registered earlier on its router, and on the routers around it before it was mounted.

use ir::{ExprId, FunctionId};
use program::{ExprRef, FnId};
use rustc_hash::FxHashMap;

use super::{Context, Found};
use crate::entities::join_path;
use crate::{Guard, Handler, Method, Route};

/// A router mounted in another, or made from it.
#[derive(Clone, Debug)]
struct Mount {
    parent: ExprRef,
    child: ExprRef,
    at: ExprRef,
    prefix: String,
    guards: Vec<Guard>,
}

#[derive(Clone, Debug)]
struct Middleware {
    router: ExprRef,
    at: ExprRef,
    prefix: String,
    guards: Vec<Guard>,
}

#[derive(Clone, Debug)]
struct Registered {
    router: ExprRef,
    at: ExprRef,
    method: Method,
    path: String,
    guards: Vec<Guard>,
    handler: Option<Handler>,
}

/// Everything said about routers, to be put together at the end.
#[derive(Debug, Default)]
pub(crate) struct Routers {
    mounts: Vec<Mount>,
    middleware: Vec<Middleware>,
    routes: Vec<Registered>,
    order: FxHashMap<ExprRef, ()>,
}

/// A prefix, and the guards behind it with the path that each is limited to.
type Position = (String, Vec<(String, Guard)>, bool);

/// Mounts are followed this deep.
const MAX_DEPTH: usize = 12;

impl Routers {
    pub fn mount(&mut self, parent: ExprRef, child: ExprRef, at: ExprRef, prefix: String, guards: Vec<Guard>) {
        if parent != child {
            self.mounts.push(Mount { parent, child, at, prefix, guards });
        }
    }

    pub fn middleware(&mut self, router: ExprRef, at: ExprRef, prefix: String, guards: Vec<Guard>) {
        self.order.insert(router, ());
        self.middleware.push(Middleware { router, at, prefix, guards });
    }

    pub fn route(
        &mut self,
        router: ExprRef,
        at: ExprRef,
        method: Method,
        path: String,
        guards: Vec<Guard>,
        handler: Option<Handler>,
    ) {
        self.routes.push(Registered { router, at, method, path, guards, handler });
    }

    /// The routes with their full paths and guards. A router mounted in several places gives its routes
    /// in each.
    pub fn finish(self, framework: &'static str, context: &Context<'_>, found: &mut Found) {
        for route in &self.routes {
            for (prefix, mut guards, reached) in self.places(context, route.router, route.at, &mut Vec::new()) {
                let full = join_path(&prefix, &route.path);
                guards.retain(|(scope, _)| scope.is_empty() || starts_with(&full, scope));
                let mut guards: Vec<Guard> = guards.into_iter().map(|(_, guard)| guard).collect();
                guards.extend(route.guards.iter().cloned());
                let span = registration_span(context, route.at);
                if !reached {
                    found.gap("a router that nothing mounts", span);
                }
                found.routes.push(Route::new(framework, route.method, full, span, route.handler.clone(), guards));
            }
        }
    }

    /// Prefixes and guards (with the path they are limited to) of a router, as seen from `at`.
    /// `within`: the routers on the way here, none of which is mounted in itself.
    fn places(&self, context: &Context<'_>, router: ExprRef, at: ExprRef, within: &mut Vec<ExprRef>) -> Vec<Position> {
        let own: Vec<(String, Guard)> = self
            .middleware
            .iter()
            .filter(|m| m.router == router && is_before(context, m.at, at))
            .flat_map(|m| m.guards.iter().map(|g| (m.prefix.clone(), g.clone())))
            .collect();
        within.push(router);
        let mounts: Vec<&Mount> =
            self.mounts.iter().filter(|m| m.child == router && !within.contains(&m.parent)).collect();
        if mounts.is_empty() || within.len() > MAX_DEPTH {
            within.pop();
            return vec![(String::new(), own, true)];
        }
        let mut places = Vec::new();
        for mount in mounts {
            for (prefix, mut guards, reached) in self.places(context, mount.parent, mount.at, within) {
                let prefix = join_path(&prefix, &mount.prefix);
                guards.extend(mount.guards.iter().map(|g| (String::new(), g.clone())));
                guards.extend(own.iter().map(|(scope, guard)| {
                    let scope = if scope.is_empty() { String::new() } else { join_path(&prefix, scope) };
                    (scope, guard.clone())
                }));
                places.push((prefix, guards, reached));
            }
        }
        within.pop();
        places
    }
}

/// Where a route is registered: the call up to its first argument, without the handlers.
pub(super) fn registration_span(context: &Context<'_>, at: ExprRef) -> base::Span {
    let module = context.program.module(at.module);
    let mut range = module.expr(at.expr).range;
    if let ir::ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind {
        if let ir::ExprKind::Member { name_range, .. } = &module.expr(*callee).kind {
            range.end = name_range.end;
            // a chained call is registered where its method is
            if module.expr(*callee).range.start + 200 < name_range.start {
                range.start = name_range.start;
            }
        }
        if let Some(first) = args.first() {
            let first = module.expr(first.value).range;
            if first.end - range.start < 200 {
                range.end = first.end;
            }
        }
    }
    module.span(range)
}

/// Within a file, order is that of the text, where a function counts at the call that runs it; between files,
/// middleware is taken to come first.
fn is_before(context: &Context<'_>, first: ExprRef, second: ExprRef) -> bool {
    if first.module != second.module {
        return true;
    }
    let owner = |at: ExprRef| context.program.scopes(at.module).owner(at.expr).function;
    let (around_first, around_second) = (owner(first), owner(second));
    let (reached, run) = run_from(context, second, around_first);
    if reached == around_first {
        return first.expr < run;
    }
    let (reached, ran) = run_from(context, first, around_second);
    if reached == around_second {
        return ran < second.expr;
    }
    if ran == run { first.expr < second.expr } else { ran < run }
}

/// Where in `target`, or else in the outermost function that calls of the same file lead to, a place is run.
fn run_from(context: &Context<'_>, at: ExprRef, target: Option<FunctionId>) -> (Option<FunctionId>, ExprId) {
    let module = context.program.module(at.module);
    let scopes = context.program.scopes(at.module);
    let (mut function, mut run) = (scopes.owner(at.expr).function, at.expr);
    for _ in 0..MAX_DEPTH {
        let Some(inner) = function.filter(|f| Some(*f) != target) else { break };
        let calls = context.program.callers(FnId { module: at.module, function: inner }).iter();
        match calls.filter(|site| site.module == at.module).map(|site| site.expr).max() {
            Some(call) => (function, run) = (scopes.owner(call).function, call),
            None => function = module.function(inner).parent,
        }
    }
    (function, run)
}

fn starts_with(path: &str, scope: &str) -> bool {
    path == scope || path.strip_prefix(scope).is_some_and(|rest| rest.starts_with('/') || scope == "/")
}
