//! Echo and Fiber: groups, middleware in order, handlers with middleware of their own.

use base::Language;
use ir::ExprKind;
use program::{ExprRef, ModuleId};

use super::express::brace;
use super::go_routers::{self, callback, first_parameter, method_of, methods};
use super::rounds::{Round, rounds};
use super::routers::Routers;
use super::{Adapter, Context, Found};
use crate::{Guard, Method};

/// The adapter of Echo.
pub(crate) struct Echo;

/// The adapter of Fiber.
pub(crate) struct Fiber;

impl Adapter for Echo {
    fn name(&self) -> &'static str {
        "Echo"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Go && context.imports(module, "github.com/labstack/echo")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let is_type =
            |ty: &str| ty.starts_with("github.com/labstack/echo") && (ty.ends_with(".Echo") || ty.ends_with(".Group"));
        read(self, context, &is_type, false, found);
    }
}

impl Adapter for Fiber {
    fn name(&self) -> &'static str {
        "Fiber"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Go && context.imports(module, "github.com/gofiber/fiber")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let is_type = |ty: &str| {
            ty.starts_with("github.com/gofiber/fiber")
                && (ty.ends_with(".App") || ty.ends_with(".Router") || ty.ends_with(".Group"))
        };
        read(self, context, &is_type, true, found);
    }
}

/// `handler_last`: Fiber's handlers come after their middleware, Echo's before.
fn read(
    adapter: &dyn Adapter,
    context: &Context<'_>,
    is_type: &dyn Fn(&str) -> bool,
    handler_last: bool,
    found: &mut Found,
) {
    let mut routers = Routers::default();
    for id in context.modules().filter(|m| context.program.module(*m).language == Language::Go) {
        let module = context.program.module(id);
        for (call, _) in context.program.calls(id) {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            let name = name.as_str();
            let verb = if handler_last { name.starts_with(char::is_uppercase) } else { name == name.to_uppercase() };
            let method = Method::of(name).filter(|_| verb || name == "Any");
            if method.is_none() && !matches!(name, "Use" | "Pre" | "Group" | "Route" | "Add" | "Match" | "Mount") {
                continue;
            }
            let object = ExprRef { module: id, expr: *object };
            if args.is_empty() || !go_routers::is_router(context, object, is_type) {
                continue;
            }
            let at = ExprRef { module: id, expr: call };
            let values: Vec<ExprRef> = args.iter().map(|a| ExprRef { module: id, expr: a.value }).collect();
            let routers_of = |at| {
                let same = |n: &str| handler_last && (n == "Use" || Method::of(n).is_some());
                go_routers::routers_of(context, at, is_type, &same)
            };
            for router in routers_of(object) {
                match name {
                    "Use" | "Pre" => {
                        let prefix = context.string(values[0]).map(|p| brace(p.as_str()));
                        let rest = if prefix.is_some() { &values[1..] } else { &values[..] };
                        let guards: Vec<Guard> = rest.iter().map(|g| context.guard(*g)).collect();
                        routers.middleware(router, at, prefix.unwrap_or_default(), guards);
                    }
                    "Group" | "Route" => {
                        let prefix = text(context, values[0]);
                        // `app.Route("/api", func(api fiber.Router) { … })`
                        let inner = values.get(1).and_then(|f| callback(context, *f)).filter(|_| name == "Route");
                        let child = inner.and_then(|f| first_parameter(context, f)).unwrap_or(at);
                        let before = if inner.is_some() { &values[2..] } else { &values[1..] };
                        let guards = before.iter().map(|g| context.guard(*g)).collect();
                        routers.mount(router, child, at, prefix, guards);
                    }
                    "Mount" => {
                        let prefix = text(context, values[0]);
                        for child in values.get(1).map(|v| routers_of(*v)).unwrap_or_default() {
                            routers.mount(router, child, at, prefix.clone(), Vec::new());
                        }
                    }
                    _ => {
                        for round in rounds(context, &values) {
                            let (methods, from) = match name {
                                "Add" => (vec![method_of(context, round.args[0]).unwrap_or(Method::Any)], 1),
                                "Match" => (methods(context, round.args[0]), 1),
                                _ => (method.into_iter().collect(), 0),
                            };
                            for method in methods {
                                register(context, &mut routers, router, at, method, &round, from, handler_last);
                            }
                        }
                    }
                }
            }
        }
    }
    routers.finish(adapter.name(), context, found);
}

fn text(context: &Context<'_>, at: ExprRef) -> String {
    let known = context.string(at).map(|p| p.to_string()).or_else(|| context.known_part(at));
    known.map_or_else(|| "/{?}".to_owned(), |p| brace(&p))
}

#[allow(clippy::too_many_arguments)]
fn register(
    context: &Context<'_>,
    routers: &mut Routers,
    router: ExprRef,
    at: ExprRef,
    method: Method,
    round: &Round,
    from: usize,
    handler_last: bool,
) {
    let Some((path, chain)) = round.rest(from).split_first() else { return };
    let parts = if handler_last { chain.split_last() } else { chain.split_first() };
    let Some((handler, before)) = parts else { return };
    let path = round.string(context, from).map_or_else(|| text(context, *path), |p| brace(&p));
    let mut guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
    let inner = go_routers::unwrapped(context, *handler, &mut guards, 0);
    routers.route(router, at, method, path, guards, Some(context.handler(inner)));
}
