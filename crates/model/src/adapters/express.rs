//! Express: applications and routers, `route()`, mounting, `use` in order.

use ir::ExprKind;
use program::{ExprRef, ModuleId, Value};

use super::routers::Routers;
use super::{Adapter, Context, Found};
use crate::{Guard, Method};

/// The adapter.
pub(crate) struct Express;

const TYPES: [&str; 2] = ["express.Application", "express.Router"];

impl Adapter for Express {
    fn name(&self) -> &'static str {
        "Express"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        if !context.program.module(module).language.is_ecmascript() {
            return false;
        }
        context.imports(module, "express")
            || context
                .program
                .calls(module)
                .any(|(_, c)| c.external.iter().any(|n| *n == "express" || n.as_str().starts_with("express.")))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut routers = Routers::default();
        for module in context.modules() {
            if context.program.module(module).language.is_ecmascript() {
                read_module(context, module, &mut routers);
            }
        }
        routers.finish(self.name(), context, found);
    }
}

fn is_router(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| matches!(v, Value::ExternalInstance(n) if TYPES.contains(&n.as_str())))
}

/// The routers that an expression stands for, by what made them, with the path that `route()` adds.
fn routers_of(context: &Context<'_>, at: ExprRef) -> Vec<(ExprRef, Option<String>)> {
    let mut found = Vec::new();
    let mut queue: Vec<(ExprRef, Option<String>)> = vec![(at, None)];
    let mut next = 0;
    while let Some((at, path)) = queue.get(next).cloned() {
        next += 1;
        for origin in context.origins(at) {
            let module = context.program.module(origin.module);
            let here = |expr| ExprRef { module: origin.module, expr };
            let ExprKind::Call { callee, args, .. } = &module.expr(origin.expr).kind else { continue };
            // `router.get(…).post(…)`: the receiver is the router
            let receiver = match &module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } if *name == "route" && args.len() == 1 => {
                    let added = context.string(here(args[0].value));
                    Some((here(*object), Some(added.map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str())))))
                }
                ExprKind::Member { object, name, .. } if Method::of(name.as_str()).is_some() || *name == "use" => {
                    Some((here(*object), None))
                }
                _ => None,
            };
            match receiver {
                // `x = x.get(…)` comes back to itself
                Some((object, _)) if queue.iter().any(|(seen, _)| *seen == object) => {}
                Some((object, added)) => queue.push((object, path.clone().or(added))),
                None if is_router(context, origin) => found.push((origin, path.clone())),
                None => {}
            }
        }
    }
    found
}

fn read_module(context: &Context<'_>, id: ModuleId, routers: &mut Routers) {
    let module = context.program.module(id);
    for (call, _) in context.program.calls(id) {
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let at = ExprRef { module: id, expr: call };
        let object = ExprRef { module: id, expr: *object };
        let method = Method::of(name.as_str()).filter(|_| *name != "any");
        if args.is_empty() || method.is_none() && *name != "use" {
            continue;
        }
        let mut values: Vec<ExprRef> = Vec::new();
        for arg in args {
            flatten(context, ExprRef { module: id, expr: arg.value }, 8, &mut values);
        }
        let targets = routers_of(context, object);
        for (router, route_path) in &targets {
            match method {
                Some(method) => {
                    let (path, rest) = match route_path {
                        Some(path) => (vec![path.clone()], values.as_slice()),
                        // `app.get("setting")` reads a setting
                        None if values.len() < 2 => continue,
                        None => (paths(context, values[0]), &values[1..]),
                    };
                    let Some((last, before)) = rest.split_last() else { continue };
                    let guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
                    for path in path {
                        routers.route(*router, at, method, path, guards.clone(), Some(context.handler(*last)));
                    }
                }
                None => {
                    let prefix = context.string(values[0]).map(|p| brace(p.as_str()));
                    let rest = if prefix.is_some() { &values[1..] } else { values.as_slice() };
                    let mut guards = Vec::new();
                    for value in rest {
                        let children = routers_of(context, *value);
                        if children.is_empty() {
                            guards.push(context.guard(*value));
                        }
                        for (child, _) in children {
                            let prefix = prefix.clone().unwrap_or_default();
                            routers.mount(*router, child, at, prefix, guards.clone());
                        }
                    }
                    let only_guards = rest.iter().all(|v| routers_of(context, *v).is_empty());
                    if only_guards {
                        routers.middleware(*router, at, prefix.unwrap_or_default(), guards);
                    }
                }
            }
        }
    }
}

/// Arrays of middleware stand for their elements, arrays in arrays too.
fn flatten(context: &Context<'_>, at: ExprRef, levels: u32, out: &mut Vec<ExprRef>) {
    let module = context.program.module(at.module);
    let origin = match &module.expr(at.expr).kind {
        ExprKind::Name(_) => context.program.definition(at).unwrap_or(at),
        _ => at,
    };
    let origin_module = context.program.module(origin.module);
    let within = |expr| ExprRef { module: origin.module, expr };
    match &origin_module.expr(origin.expr).kind {
        ExprKind::List(items) if levels > 0 && out.len() < 64 && !items.is_empty() => {
            if items.iter().all(|i| origin_module.string(*i).is_some()) {
                out.push(at);
                return;
            }
            for item in items {
                flatten(context, within(*item), levels - 1, out);
            }
        }
        ExprKind::Spread(inner) if levels > 0 => flatten(context, within(*inner), levels - 1, out),
        _ => out.push(at),
    }
}

/// The paths of a route: a string, an array of strings, a pattern.
fn paths(context: &Context<'_>, at: ExprRef) -> Vec<String> {
    if let Some(path) = context.string(at) {
        return vec![brace(path.as_str())];
    }
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::List(items) => {
            let items = items.iter().filter_map(|i| module.string(*i));
            items.map(|p| brace(p.as_str())).collect()
        }
        ExprKind::Literal(ir::Literal::Regex(pattern)) => {
            vec![format!("/{{~{}}}", pattern.as_str().replace(['{', '}'], ""))]
        }
        _ => vec!["/{?}".to_owned()],
    }
}

/// `:name` and `*` as `{name}`.
pub(crate) fn brace(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let mut out = String::new();
        let mut rest = segment;
        while let Some(at) = rest.find([':', '*']) {
            out.push_str(&rest[..at]);
            let is_star = rest[at..].starts_with('*');
            let after = &rest[at + 1..];
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
            let name = if end == 0 && is_star { "*" } else { &after[..end] };
            out.push_str(&format!("{{{name}}}"));
            rest = after[end..].trim_start_matches('?');
            // a pattern in parentheses
            if let Some(pattern) = rest.strip_prefix('(') {
                rest = pattern.split_once(')').map_or("", |(_, r)| r);
            }
        }
        out + rest
    });
    segments.collect::<Vec<_>>().join("/")
}
