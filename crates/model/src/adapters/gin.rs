//! Gin: engines and groups, middleware in order, handler chains, registration in other functions.

use base::Language;
use ir::ExprKind;
use program::{ExprRef, ModuleId};

use super::express::brace;
use super::go_routers::{is_router, method_of, methods, routers_of};
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

fn read_module(context: &Context<'_>, id: ModuleId, routers: &mut Routers) {
    let module = context.program.module(id);
    let is_type = |name: &str| TYPES.contains(&name);
    // `r.Use(…)` and `r.GET(…)` give the router back
    let same = |name: &str| name == "Use" || Method::of(name).is_some();
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
        if !is_router(context, object, &is_type) {
            continue;
        }
        let values: Vec<ExprRef> = args.iter().map(|a| ExprRef { module: id, expr: a.value }).collect();
        if values.is_empty() {
            continue;
        }
        for router in routers_of(context, object, &is_type, &same) {
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
    let path = round.string(context, from).or_else(|| context.known_part(*path));
    let path = path.map_or_else(|| "/{?}".to_owned(), |p| brace(&p));
    let guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
    routers.route(router, at, method, path, guards, Some(context.handler(*last)));
}
