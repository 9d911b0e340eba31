//! Gin: engines and groups, middleware in order, handler chains, registration in other functions.

use base::Language;
use ir::ExprKind;
use program::{ExprRef, ModuleId, Value};

use super::express::brace;
use super::rounds::{Round, rounds};
use super::routers::Routers;
use super::{Adapter, Context, Found};
use crate::{Guard, Method};

/// The adapter.
pub(crate) struct Gin;

const PACKAGE: &str = "github.com/gin-gonic/gin";
const TYPES: [&str; 4] = [
    "github.com/gin-gonic/gin.Engine",
    "github.com/gin-gonic/gin.RouterGroup",
    "github.com/gin-gonic/gin.IRouter",
    "github.com/gin-gonic/gin.IRoutes",
];

impl Adapter for Gin {
    fn name(&self) -> &'static str {
        "Gin"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Go && context.imports(module, PACKAGE)
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut routers = Routers::default();
        for module in context.modules().filter(|m| self.uses(context, *m)) {
            read_module(context, module, &mut routers);
        }
        routers.finish(self.name(), context, found);
    }
}

fn is_router(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| matches!(v, Value::ExternalInstance(n) if TYPES.contains(&n.as_str())))
}

/// The routers that an expression stands for: what made them, or the parameter itself when no call of
/// the repository passes one.
fn routers_of(context: &Context<'_>, at: ExprRef) -> Vec<ExprRef> {
    let mut found = Vec::new();
    let mut queue = vec![at];
    let mut next = 0;
    while let Some(at) = queue.get(next).copied() {
        next += 1;
        for origin in context.origins(at) {
            let module = context.program.module(origin.module);
            // `r.Use(…)` and `r.GET(…)` give the router back
            if let ExprKind::Call { callee, .. } = &module.expr(origin.expr).kind
                && let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
                && (*name == "Use" || Method::of(name.as_str()).is_some())
            {
                let object = ExprRef { module: origin.module, expr: *object };
                // `r = r.Use(…)` comes back to itself
                if !queue.contains(&object) {
                    queue.push(object);
                }
            } else if is_router(context, origin) {
                // a parameter that nothing passes: one router per function
                found.push(match &module.expr(origin.expr).kind {
                    ExprKind::Name(name) => parameter(context, origin, *name).unwrap_or(origin),
                    _ => origin,
                });
            }
        }
    }
    found
}

/// All uses of one parameter count as one router: its first use.
fn parameter(context: &Context<'_>, at: ExprRef, name: base::Symbol) -> Option<ExprRef> {
    let module = context.program.module(at.module);
    let owner = context.program.scopes(at.module).owner(at.expr);
    let first = module.exprs().find(|(id, e)| {
        matches!(&e.kind, ExprKind::Name(n) if *n == name)
            && context.program.scopes(at.module).owner(*id).function == owner.function
    });
    first.map(|(expr, _)| ExprRef { module: at.module, expr })
}

fn read_module(context: &Context<'_>, id: ModuleId, routers: &mut Routers) {
    let module = context.program.module(id);
    for (call, _) in context.program.calls(id) {
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let name = name.as_str();
        let verb = name.chars().all(|c| c.is_uppercase()) || name == "Any";
        let method = Method::of(name).filter(|_| verb);
        if method.is_none() && !matches!(name, "Use" | "Group" | "Handle" | "Match") {
            continue;
        }
        let at = ExprRef { module: id, expr: call };
        let object = ExprRef { module: id, expr: *object };
        if !is_router(context, object) {
            continue;
        }
        let values: Vec<ExprRef> = args.iter().map(|a| ExprRef { module: id, expr: a.value }).collect();
        if values.is_empty() {
            continue;
        }
        for router in routers_of(context, object) {
            match (name, values.as_slice()) {
                ("Use", middleware) => {
                    let guards = middleware.iter().map(|g| context.guard(*g)).collect();
                    routers.middleware(router, at, String::new(), guards);
                }
                ("Group", [path, rest @ ..]) => {
                    let prefix = context.string(*path).map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str()));
                    let guards = rest.iter().map(|g| context.guard(*g)).collect();
                    routers.mount(router, at, at, prefix, guards);
                }
                _ => {
                    for round in rounds(context, &values) {
                        let (methods, from) = match name {
                            "Handle" => {
                                let verb = round.args.first().and_then(|v| method_of(context, *v));
                                (vec![verb.unwrap_or(Method::Any)], 1)
                            }
                            "Match" => (methods(context, round.args[0]), 1),
                            _ => (method.into_iter().collect(), 0),
                        };
                        for method in methods {
                            register(context, routers, router, at, method, &round, from);
                        }
                    }
                }
            }
        }
    }
}

/// `[]string{"GET", http.MethodHead}`
fn methods(context: &Context<'_>, at: ExprRef) -> Vec<Method> {
    let items = context.program.items(at);
    items.into_iter().filter_map(|i| method_of(context, i)).collect()
}

/// `"GET"`, `http.MethodGet`
pub(crate) fn method_of(context: &Context<'_>, at: ExprRef) -> Option<Method> {
    if let Some(text) = context.string(at) {
        return Method::of(text.as_str());
    }
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Member { name, .. } => Method::of(name.as_str().strip_prefix("Method")?),
        _ => None,
    }
}

fn register(
    context: &Context<'_>,
    routers: &mut Routers,
    router: ExprRef,
    at: ExprRef,
    method: Method,
    round: &Round,
    from: usize,
) {
    let Some((path, chain)) = round.rest(from).split_first() else { return };
    let Some((last, before)) = chain.split_last() else { return };
    let path = round.string(context, from).or_else(|| known_part(context, *path));
    let path = path.map_or_else(|| "/{?}".to_owned(), |p| brace(&p));
    let guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
    routers.route(router, at, method, path, guards, Some(context.handler(*last)));
}

/// A path put together of what is known and what is not.
pub(crate) fn known_part(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let module = context.program.module(at.module);
    let ExprKind::Template(parts) = &module.expr(at.expr).kind else { return None };
    let part = |part: &ir::Part| match part {
        ir::Part::Text(text) => text.to_string(),
        ir::Part::Hole(hole) => context
            .string(ExprRef { module: at.module, expr: *hole })
            .map_or_else(|| "{?}".to_owned(), |s| s.to_string()),
    };
    Some(parts.iter().map(part).collect())
}
