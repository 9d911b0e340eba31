//! Axum: routers built by chains of calls, nested and merged; layers around what was added before them;
//! extractors as guards.

use base::{Language, Symbol};
use ir::{Arg, ExprId, ExprKind};
use program::{Binding, ExprRef, FnId, ModuleId, Value};

use super::actix::extractors;
use super::express::brace;
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::{Guard, Handler, Method, Route};

/// The adapter.
pub(crate) struct Axum;

/// Calls that give a router back.
const BUILDERS: [&str; 17] = [
    "route",
    "route_service",
    "nest",
    "nest_service",
    "merge",
    "layer",
    "route_layer",
    "with_state",
    "fallback",
    "fallback_service",
    "method_not_allowed_fallback",
    "routes",
    "api_route",
    "into_make_service",
    "into_make_service_with_connect_info",
    "split_for_parts",
    "into_service",
];

impl Adapter for Axum {
    fn name(&self) -> &'static str {
        "Axum"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Rust
            && (context.imports(module, "axum") || context.imports(module, "utoipa_axum"))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut reader = Reader { context, found: Vec::new(), reached: Vec::new(), within: Vec::new() };
        let mut starts = Vec::new();
        for id in context.modules().filter(|m| context.program.module(*m).language == Language::Rust) {
            starts.extend(chains(context, id));
        }
        // what others take in is no start
        for at in &starts {
            reader.router(*at, "", &[]);
        }
        let reached = std::mem::take(&mut reader.reached);
        reader.found.clear();
        for at in starts.iter().filter(|s| !reached.contains(s)) {
            reader.router(*at, "", &[]);
        }
        let mut routes = reader.found;
        routes.dedup_by(|a, b| a.span == b.span && a.path == b.path && a.method == b.method);
        found.routes.extend(routes);
    }
}

struct Reader<'c> {
    context: &'c Context<'c>,
    found: Vec<Route>,
    /// Chains that another chain takes in.
    reached: Vec<ExprRef>,
    /// The chains that are being read.
    within: Vec<ExprRef>,
}

/// The longest chains of router calls in a module.
fn chains(context: &Context<'_>, id: ModuleId) -> Vec<ExprRef> {
    let module = context.program.module(id);
    let mut inner = vec![false; module.exprs().len()];
    let mut all = Vec::new();
    for (expr, node) in module.exprs() {
        let ExprKind::Call { callee, .. } = &node.kind else { continue };
        match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } if BUILDERS.contains(&name.as_str()) => {
                inner[object.0 as usize] = true;
                all.push(expr);
            }
            _ if is_new(context, ExprRef { module: id, expr }) => all.push(expr),
            _ => {}
        }
    }
    all.into_iter().filter(|e| !inner[e.0 as usize]).map(|expr| ExprRef { module: id, expr }).collect()
}

/// `Router::new()`
fn is_new(context: &Context<'_>, at: ExprRef) -> bool {
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, .. } = &module.expr(at.expr).kind else { return false };
    let dotted = module.dotted(*callee).unwrap_or_default();
    let mut parts = dotted.rsplit('.');
    let made = matches!(parts.next(), Some("new" | "default" | "with_openapi"));
    made && matches!(parts.next(), Some("Router" | "OpenApiRouter" | "ApiRouter" | "AxumRouter"))
}

impl Reader<'_> {
    /// The calls of a chain in order, and what it begins with.
    fn chain(&self, at: ExprRef) -> (ExprId, Vec<(Symbol, Vec<Arg>, ExprId)>) {
        let module = self.context.program.module(at.module);
        let mut calls = Vec::new();
        let mut current = at.expr;
        loop {
            match &module.expr(current).kind {
                ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } if BUILDERS.contains(&name.as_str()) => {
                        calls.push((*name, args.clone(), current));
                        current = *object;
                    }
                    _ => break,
                },
                ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => current = *inner,
                _ => break,
            }
        }
        calls.reverse();
        (current, calls)
    }

    /// All routes of what an expression stands for.
    fn router(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        if self.within.contains(&at) || self.within.len() > 60 {
            return;
        }
        self.within.push(at);
        let here = |expr| ExprRef { module: at.module, expr };
        let (base, calls) = self.chain(at);
        // a layer is around what stands before it in the chain
        let mut layers: Vec<Guard> = Vec::new();
        for (name, args, call) in calls.iter().rev() {
            let all = |layers: &[Guard]| guards.iter().chain(layers).cloned().collect::<Vec<_>>();
            match (name.as_str(), args.as_slice()) {
                ("layer" | "route_layer", [layer]) => layers.extend(self.layers(here(layer.value))),
                ("route" | "api_route", [path, handlers]) => {
                    let path = join_path(prefix, &self.path(here(path.value)));
                    self.route(here(handlers.value), &path, here(*call), &all(&layers));
                }
                ("nest", [path, inner]) => {
                    let path = join_path(prefix, &self.path(here(path.value)));
                    self.taken(here(inner.value), &path, &all(&layers));
                }
                ("merge", [inner]) => self.taken(here(inner.value), prefix, &all(&layers)),
                ("routes", [handlers]) => self.documented(here(handlers.value), prefix, &all(&layers)),
                ("nest_service" | "route_service", [path, service]) => {
                    let mut path = join_path(prefix, &self.path(here(path.value)));
                    if *name == "nest_service" {
                        path = join_path(&path, "{*}");
                    }
                    let handler = self.context.handler(here(service.value));
                    self.push(Method::Any, path, here(*call), Some(handler), all(&layers));
                }
                _ => {}
            }
        }
        if !is_new(self.context, here(base)) {
            let all: Vec<Guard> = guards.iter().chain(&layers).cloned().collect();
            self.base(here(base), prefix, &all);
        }
        self.within.pop();
    }

    /// A router that another takes in.
    fn taken(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        self.reached.push(at);
        self.router(at, prefix, guards);
    }

    /// What a chain begins with: a variable, a parameter, a call of the repository.
    fn base(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Name(name) => {
                for value in self.values(at, *name) {
                    self.taken(value, prefix, guards);
                }
            }
            ExprKind::Call { .. } => {
                let functions = self.context.program.call(at).map(|c| c.functions.clone()).unwrap_or_default();
                for function in functions {
                    let scopes = self.context.program.scopes(function.module);
                    for expr in scopes.returns[function.function.0 as usize].clone() {
                        self.taken(ExprRef { module: function.module, expr }, prefix, guards);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a variable holds where it is read: the last value given to it before, or what callers pass.
    fn values(&self, at: ExprRef, name: Symbol) -> Vec<ExprRef> {
        let module = self.context.program.module(at.module);
        let scopes = self.context.program.scopes(at.module);
        let start = module.expr(at.expr).range.start;
        let mut function = scopes.owner(at.expr).function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                let given = bindings.iter().filter_map(|b| match b {
                    Binding::Value(expr, path) if path.is_empty() => Some(*expr),
                    // `let (router, api) = …split_for_parts()`
                    Binding::Value(expr, path) if matches!(path.first(), Some(program::PathStep::Index(0))) => {
                        Some(*expr)
                    }
                    _ => None,
                });
                let last =
                    given.filter(|e| module.expr(*e).range.end <= start).max_by_key(|e| module.expr(*e).range.end);
                if let Some(expr) = last {
                    return vec![ExprRef { module: at.module, expr }];
                }
                let passed = bindings.iter().find_map(|b| match b {
                    Binding::Param(f, index, path) if path.is_empty() => Some((*f, *index)),
                    _ => None,
                });
                return passed.map_or(Vec::new(), |(f, index)| {
                    self.context.program.arguments_for(FnId { module: at.module, function: f }, index)
                });
            }
            function = module.function(id).parent;
        }
        self.context.origins(at).into_iter().filter(|o| *o != at).collect()
    }

    fn path(&self, at: ExprRef) -> String {
        let known = self.context.string(at).map(|p| p.to_string());
        let known = known.or_else(|| self.context.known_part(at));
        known.map_or_else(|| "/{?}".to_owned(), |p| brace(&p.replace("{*", "{")))
    }

    /// `get(list).post(create).layer(auth)`
    fn route(&mut self, at: ExprRef, path: &str, call: ExprRef, guards: &[Guard]) {
        let module = self.context.program.module(at.module);
        let here = |expr| ExprRef { module: at.module, expr };
        let mut layers: Vec<Guard> = Vec::new();
        let mut current = at.expr;
        for _ in 0..30 {
            let ExprKind::Call { callee, args, .. } = &module.expr(current).kind else { break };
            let (name, object) = match &module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => (*name, Some(*object)),
                ExprKind::Name(name) => (*name, None),
                _ => break,
            };
            let verb = name.as_str().trim_end_matches("_service").trim_end_matches("_with");
            let method = match (verb, args.as_slice()) {
                ("on", [filter, _]) => module.dotted(filter.value).and_then(|d| Method::of(d.rsplit('.').next()?)),
                _ => Method::of(verb),
            };
            let handler = if verb == "on" { args.get(1) } else { args.first() };
            if let (Some(method), Some(handler)) = (method, handler) {
                let all: Vec<Guard> = guards.iter().chain(&layers).cloned().collect();
                let made = self.context.handler(here(handler.value));
                self.push(method, path.to_owned(), call, Some(made), all);
            } else if let ("merge", Some(_), [inner]) = (name.as_str(), object, args.as_slice()) {
                let all: Vec<Guard> = guards.iter().chain(&layers).cloned().collect();
                self.route(here(inner.value), path, call, &all);
            } else if matches!(name.as_str(), "layer" | "route_layer") {
                layers.extend(args.first().map(|a| self.layers(here(a.value))).unwrap_or_default());
            } else if object.is_none_or(|o| module.dotted(o).is_some()) {
                // a function that gives the handlers of a path
                let functions = self.context.program.call(here(current)).map(|c| c.functions.clone());
                let all: Vec<Guard> = guards.iter().chain(&layers).cloned().collect();
                for function in functions.unwrap_or_default() {
                    let scopes = self.context.program.scopes(function.module);
                    for expr in scopes.returns[function.function.0 as usize].clone() {
                        let inner = ExprRef { module: function.module, expr };
                        if inner != at {
                            self.route(inner, path, call, &all);
                        }
                    }
                }
                return;
            }
            match object {
                Some(object) => current = object,
                None => break,
            }
        }
    }

    /// `routes!(list, create)` of handlers with `#[utoipa::path(get, path = "/x")]`.
    fn documented(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        let module = self.context.program.module(at.module);
        let ExprKind::Call { args, .. } = &module.expr(at.expr).kind else { return };
        for arg in args {
            for value in self.context.eval(ExprRef { module: at.module, expr: arg.value }) {
                let Value::Function(function) = value else { continue };
                let inner = self.context.program.module(function.module);
                for annotation in &inner.function(function.function).annotations {
                    let ExprKind::Call { callee, args, .. } = &inner.expr(*annotation).kind else { continue };
                    if !inner.dotted(*callee).is_some_and(|d| d == "utoipa.path" || d == "path") {
                        continue;
                    }
                    let method = args.iter().find_map(|a| match &inner.expr(a.value).kind {
                        ExprKind::Name(name) => Method::of(name.as_str()),
                        _ => None,
                    });
                    let path = args.iter().find(|a| a.name.is_some_and(|n| n == "path"));
                    let path = path.and_then(|a| inner.string(a.value));
                    if let (Some(method), Some(path)) = (method, path) {
                        let handler = Handler {
                            name: self.context.program.function_name(function),
                            function: Some(function),
                            span: self.context.function_span(function),
                        };
                        let full = join_path(prefix, path.as_str());
                        let place = ExprRef { module: function.module, expr: *annotation };
                        self.push(method, full, place, Some(handler), guards.to_vec());
                    }
                }
            }
        }
    }

    fn push(&mut self, method: Method, path: String, at: ExprRef, handler: Option<Handler>, mut guards: Vec<Guard>) {
        if let Some(function) = handler.as_ref().and_then(|h| h.function) {
            guards.extend(extractors(self.context, function));
        }
        let span = super::actix::last_call_span(self.context, at);
        self.found.push(Route::new("Axum", method, join_path("", &path), span, handler, guards));
    }

    /// The guards of a layer; `ServiceBuilder::new().layer(a).layer(b)` has several.
    fn layers(&self, at: ExprRef) -> Vec<Guard> {
        let module = self.context.program.module(at.module);
        let mut found = Vec::new();
        let mut current = at.expr;
        while let ExprKind::Call { callee, args, .. } = &module.expr(current).kind {
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { break };
            if *name == "layer"
                && let Some(arg) = args.first()
            {
                found.push(self.context.guard(ExprRef { module: at.module, expr: arg.value }));
            }
            current = *object;
        }
        if found.is_empty() {
            let value = self.context.program.definition(at).unwrap_or(at);
            found.push(self.context.guard(value));
        }
        found
    }
}
