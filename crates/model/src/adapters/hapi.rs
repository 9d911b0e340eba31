//! hapi: routes that are objects, strategies of authentication with their default, validation.

use ir::{ExprKind, Literal};
use program::{ExprRef, ModuleId, Value};

use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::guards::declared;
use crate::{Guard, GuardKind, Input, Method, Place, Route};

/// The adapter.
pub(crate) struct Hapi;

impl Adapter for Hapi {
    fn name(&self) -> &'static str {
        "hapi"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language.is_ecmascript()
            && ["@hapi/hapi", "hapi"].iter().any(|l| context.imports(module, l))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let modules: Vec<ModuleId> = context.ecmascript_modules().collect();
        let defaults = modules.iter().find_map(|m| default_auth(context, *m));
        let prefixes: Vec<(ModuleId, String)> = modules.iter().flat_map(|m| prefixes(context, *m)).collect();
        for id in modules {
            let module = context.program.module(id);
            let prefix = prefixes.iter().find(|(m, _)| *m == id).map_or("", |(_, p)| p.as_str());
            for (expr, _) in module.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Map(_))) {
                route(context, ExprRef { module: id, expr }, prefix, defaults.as_ref(), found);
            }
        }
    }
}

/// `server.auth.default('session')`.
fn default_auth(context: &Context<'_>, id: ModuleId) -> Option<Guard> {
    let module = context.program.module(id);
    context.program.calls(id).find_map(|(call, _)| {
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return None };
        let is_default = module.dotted(*callee).is_some_and(|n| n.ends_with(".auth.default"));
        args.first().filter(|_| is_default).and_then(|a| auth(context, ExprRef { module: id, expr: a.value }))
    })
}

/// `server.register({ plugin: orders, routes: { prefix: '/orders' } })`: the module of the plugin.
fn prefixes(context: &Context<'_>, id: ModuleId) -> Vec<(ModuleId, String)> {
    let module = context.program.module(id);
    let maps = module.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Map(_)));
    let prefix = |at: ExprRef| {
        let routes = context.entry(at, "routes")?;
        let prefix = context.string(context.entry(routes, "prefix")?)?;
        let plugin = context.entry(at, "plugin")?;
        let made = context.origins(plugin).into_iter().map(|o| o.module);
        let files = context.eval(plugin).into_iter().filter_map(|v| match v {
            Value::Namespace(path) => context.program.module_at(path.as_str()),
            Value::Object(at) => Some(at.module),
            _ => None,
        });
        let home = made.chain(files).find(|m| *m != id)?;
        Some((home, prefix.to_string()))
    };
    maps.filter_map(|(expr, _)| prefix(ExprRef { module: id, expr })).collect()
}

/// What `auth` says: `None` where it says nothing that is known.
fn auth(context: &Context<'_>, at: ExprRef) -> Option<Guard> {
    let span = context.program.span(at);
    let name = |at| context.string(at).map_or_else(|| "auth".to_owned(), |s| s.to_string());
    match &context.program.expr(at).kind {
        ExprKind::Literal(Literal::Bool(false)) => Some(declared(GuardKind::Anonymous, "auth: false", span)),
        ExprKind::Map(_) => {
            let mode = context.entry(at, "mode").and_then(|m| context.string(m));
            let is_open = mode.is_some_and(|m| matches!(m.as_str(), "try" | "optional"));
            let asks = ["scope", "access"].iter().any(|k| context.entry(at, k).is_some());
            let kind = match (is_open, asks) {
                (true, _) => GuardKind::OptionalAuthentication,
                (_, true) => GuardKind::Authorization,
                _ => GuardKind::Authentication,
            };
            let strategy = context.entry(at, "strategy").map_or_else(|| "auth".to_owned(), name);
            Some(declared(kind, &strategy, span))
        }
        _ => Some(declared(GuardKind::Authentication, &name(at), span)),
    }
}

fn route(context: &Context<'_>, at: ExprRef, prefix: &str, defaults: Option<&Guard>, found: &mut Found) {
    let Some(path) = context.entry(at, "path").and_then(|p| context.string(p)) else { return };
    let Some(method) = context.entry(at, "method") else { return };
    let options = ["options", "config"].iter().find_map(|k| context.entry(at, k)).map(|o| origin(context, o));
    let handler = context.entry(at, "handler").or_else(|| options.and_then(|o| context.entry(o, "handler")));
    let Some(handler) = handler else { return };
    if !path.as_str().starts_with('/') {
        return;
    }
    let methods: Vec<Method> = match &context.program.expr(method).kind {
        ExprKind::List(items) => {
            items.iter().filter_map(|e| verb(context, ExprRef { module: at.module, expr: *e })).collect()
        }
        _ => verb(context, method).into_iter().collect(),
    };
    // what a route says replaces the default
    let own = options.and_then(|o| context.entry(o, "auth")).and_then(|a| auth(context, a));
    let mut guards: Vec<Guard> = own.or_else(|| defaults.cloned()).into_iter().collect();
    let validate = options.and_then(|o| context.entry(o, "validate"));
    if let Some(validate) = validate {
        guards.push(declared(GuardKind::Validation, "validate", context.program.span(validate)));
    }
    let pre = options.and_then(|o| context.entry(o, "pre"));
    if let Some(pre) = pre
        && let ExprKind::List(items) = &context.program.expr(pre).kind
    {
        for item in items {
            let item = ExprRef { module: pre.module, expr: *item };
            guards.push(context.guard(context.entry(item, "method").unwrap_or(item)));
        }
    }
    let path = join_path(prefix, &plain(path.as_str()));
    let span = context.program.span(method);
    for method in methods {
        let mut route = Route::new("hapi", method, path.clone(), span, Some(context.handler(handler)), guards.clone());
        if let Some(validate) = validate {
            inputs(context, validate, &mut route);
        }
        found.routes.push(route);
    }
}

fn origin(context: &Context<'_>, at: ExprRef) -> ExprRef {
    match context.program.expr(at).kind {
        ExprKind::Map(_) => at,
        _ => context.program.definition(at).unwrap_or(at),
    }
}

fn verb(context: &Context<'_>, at: ExprRef) -> Option<Method> {
    context.string(at).and_then(|m| Method::of(m.as_str()))
}

/// `{id?}` and `{rest*2}` as `{id}` and `{rest}`.
fn plain(path: &str) -> String {
    let mut out = String::new();
    let mut skips = false;
    for c in path.chars() {
        skips = match c {
            '?' | '*' => true,
            '}' => false,
            _ => skips,
        };
        if !skips {
            out.push(c);
        }
    }
    out
}

/// What `validate` checks: `payload`, `query`, `params`, `headers`.
fn inputs(context: &Context<'_>, validate: ExprRef, route: &mut Route) {
    let validate = origin(context, validate);
    let places =
        [("payload", Place::Body), ("query", Place::Query), ("params", Place::Path), ("headers", Place::Header)];
    for (key, place) in places {
        let Some(schema) = context.entry(validate, key) else { continue };
        for input in route.inputs.iter_mut().filter(|i| i.place == place) {
            input.validated = true;
        }
        if place != Place::Path {
            let span = Some(context.program.span(schema));
            let input = Input { name: String::new(), place, ty: None, constraints: Vec::new(), validated: true, span };
            route.inputs.push(input);
        }
    }
}
