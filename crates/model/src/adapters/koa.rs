//! Koa: applications and routers, prefixes, `use` in order, nested routers, mounted applications.

use ir::ExprKind;
use program::{ExprRef, ModuleId, Value};

use super::express::{brace, flatten, paths};
use super::routers::Routers;
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::{Guard, Method};

/// The adapter.
pub(crate) struct Koa;

const MAKERS: [&str; 5] = ["koa", "koa-router", "@koa/router", "koa-better-router", "koa-tree-router"];

impl Adapter for Koa {
    fn name(&self) -> &'static str {
        "Koa"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language.is_ecmascript() && MAKERS.iter().any(|l| context.imports(module, l))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut routers = Routers::default();
        for module in context.ecmascript_modules() {
            read_module(context, module, &mut routers);
        }
        routers.finish(self.name(), context, found);
    }
}

fn is_router(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| match v {
        Value::ExternalInstance(name) => {
            let name = name.as_str().trim_end_matches("()");
            let name = [".default", ".Router", "#Router"].iter().fold(name, |n, end| n.strip_suffix(end).unwrap_or(n));
            MAKERS.contains(&name)
        }
        _ => false,
    })
}

/// The routers that an expression stands for: `router`, `router.routes()`, `router.get(…)`.
fn routers_of(context: &Context<'_>, at: ExprRef) -> Vec<ExprRef> {
    let mut found: Vec<ExprRef> = Vec::new();
    let mut queue = vec![at];
    let mut next = 0;
    while let Some(at) = queue.get(next).copied() {
        next += 1;
        for origin in context.origins(at) {
            let ExprKind::Call { callee, .. } = &context.program.expr(origin).kind else { continue };
            let through = match &context.program.module(origin.module).expr(*callee).kind {
                ExprKind::Member { object, name, .. }
                    if matches!(name.as_str(), "routes" | "middleware" | "use" | "prefix" | "param")
                        || verb(name.as_str()).is_some() =>
                {
                    Some(ExprRef { module: origin.module, expr: *object })
                }
                _ => None,
            };
            match through {
                Some(object) if queue.contains(&object) => {}
                Some(object) => queue.push(object),
                None if is_router(context, origin) && !found.contains(&origin) => found.push(origin),
                None => {}
            }
        }
    }
    found
}

fn verb(name: &str) -> Option<Method> {
    if name == "del" { Some(Method::Delete) } else { Method::of(name).filter(|_| name != "any") }
}

/// `new Router({ prefix: '/users' })` and `router.prefix('/users')`.
fn own_prefix(context: &Context<'_>, router: ExprRef) -> String {
    let module = context.program.module(router.module);
    let ExprKind::Call { args, .. } = &module.expr(router.expr).kind else { return String::new() };
    let options = args.first().map(|a| ExprRef { module: router.module, expr: a.value });
    let given = options.and_then(|o| context.entry(o, "prefix"));
    let later = || {
        context.program.calls(router.module).find_map(|(call, _)| {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return None };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
            let object = ExprRef { module: router.module, expr: *object };
            let is_own = *name == "prefix" && routers_of(context, object).contains(&router);
            args.first().filter(|_| is_own).map(|a| ExprRef { module: router.module, expr: a.value })
        })
    };
    match given.or_else(later) {
        Some(at) => context.string(at).map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str())),
        None => String::new(),
    }
}

fn read_module(context: &Context<'_>, id: ModuleId, routers: &mut Routers) {
    let module = context.program.module(id);
    for (call, _) in context.program.calls(id) {
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let method = verb(name.as_str());
        if args.is_empty() || method.is_none() && *name != "use" {
            continue;
        }
        let here = |expr| ExprRef { module: id, expr };
        let mut values: Vec<ExprRef> = args.iter().map(|a| here(a.value)).collect();
        for router in routers_of(context, here(*object)) {
            let prefix = own_prefix(context, router);
            match method {
                Some(method) => {
                    // `router.get('user', '/users/:id', …)`
                    if values.len() > 2 && values[..2].iter().all(|v| context.string(*v).is_some()) {
                        values.remove(0);
                    }
                    route(context, routers, router, here(call), (method, &prefix), &values);
                }
                None => middleware(context, routers, router, here(call), &prefix, &values),
            }
        }
    }
}

fn route(
    context: &Context<'_>,
    routers: &mut Routers,
    router: ExprRef,
    at: ExprRef,
    (method, prefix): (Method, &str),
    values: &[ExprRef],
) {
    let mut chain = Vec::new();
    for value in values.get(1..).unwrap_or_default() {
        flatten(context, *value, 8, &mut chain);
    }
    let Some((last, before)) = chain.split_last() else { return };
    let guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
    for path in paths(context, values[0]) {
        let path = join_path(prefix, &path);
        routers.route(router, at, method, path, guards.clone(), Some(context.handler(*last)));
    }
}

fn middleware(
    context: &Context<'_>,
    routers: &mut Routers,
    router: ExprRef,
    at: ExprRef,
    prefix: &str,
    values: &[ExprRef],
) {
    let is_path = |at: &ExprRef| match &context.program.expr(*at).kind {
        ExprKind::List(items) => {
            items.iter().all(|i| context.string(ExprRef { module: at.module, expr: *i }).is_some())
        }
        _ => context.string(*at).is_some(),
    };
    let scopes = values.first().filter(|v| is_path(v)).map(|v| paths(context, *v));
    let mut chain = Vec::new();
    for value in &values[usize::from(scopes.is_some())..] {
        flatten(context, *value, 8, &mut chain);
    }
    for scope in scopes.unwrap_or_else(|| vec![String::new()]) {
        let mut guards = Vec::new();
        let mut mounts = false;
        for value in &chain {
            let (path, value) = mounted(context, *value);
            let children = routers_of(context, value);
            if children.is_empty() {
                guards.push(context.guard(value));
            }
            for child in children {
                mounts = true;
                let path = join_path(&join_path(prefix, &scope), &path);
                routers.mount(router, child, at, path, guards.clone());
            }
        }
        if !mounts {
            let scope = if scope.is_empty() { String::new() } else { join_path(prefix, &scope) };
            routers.middleware(router, at, scope, guards);
        }
    }
}

/// `mount('/api', app)` of koa-mount.
fn mounted(context: &Context<'_>, at: ExprRef) -> (String, ExprRef) {
    let module = context.program.module(at.module);
    let here = |expr| ExprRef { module: at.module, expr };
    if let ExprKind::Call { args, .. } = &module.expr(at.expr).kind
        && let [path, child] = args.as_slice()
        && context.program.call(at).is_some_and(|c| c.external.iter().any(|n| *n == "koa-mount"))
    {
        let path = context.string(here(path.value)).map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str()));
        return (path, here(child.value));
    }
    (String::new(), at)
}
