//! Express: applications and routers, `route()`, mounting, `use` in order.

use base::Symbol;
use ir::{ExprKind, Part};
use program::{ExprRef, ModuleId, Value};
use rustc_hash::FxHashSet;

use super::rounds::{Round, rounds};
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
        for module in context.ecmascript_modules() {
            read_module(context, module, &mut routers);
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
        let at = ExprRef { module: id, expr: call };
        let here = |expr| ExprRef { module: id, expr };
        let mut values: Vec<ExprRef> = args.iter().map(|a| here(a.value)).collect();
        if values.is_empty() {
            continue;
        }
        match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => {
                let method = Method::of(name.as_str()).filter(|_| *name != "any");
                if method.is_none() && *name != "use" {
                    continue;
                }
                let targets = routers_of(context, here(*object));
                if targets.is_empty() {
                    continue;
                }
                for round in rounds(context, &values) {
                    register(context, routers, &targets, at, method, &round, 0);
                }
            }
            // `router[route.method](route.path, route.handler)`
            ExprKind::Index { object, index } => {
                let targets = routers_of(context, here(*object));
                if targets.is_empty() {
                    continue;
                }
                values.insert(0, here(*index));
                for round in rounds(context, &values) {
                    let method = round.string(context, 0).and_then(|m| Method::of(&m)).unwrap_or(Method::Any);
                    register(context, routers, &targets, at, Some(method), &round, 1);
                }
            }
            _ => {}
        }
    }
}

/// One call: a route, a mounted router, middleware. Its arguments begin at `from`.
fn register(
    context: &Context<'_>,
    routers: &mut Routers,
    targets: &[(ExprRef, Option<String>)],
    at: ExprRef,
    method: Option<Method>,
    round: &Round,
    from: usize,
) {
    let args = round.rest(from);
    let Some(first) = args.first().copied() else { return };
    let mut rest = Vec::new();
    for arg in &args[1..] {
        flatten(context, *arg, 8, &mut rest);
    }
    for (router, route_path) in targets {
        if let Some(method) = method {
            let (paths, chain) = match route_path {
                Some(path) => {
                    let mut all = Vec::new();
                    flatten(context, first, 8, &mut all);
                    all.extend(rest.iter().copied());
                    (vec![path.clone()], all)
                }
                // `app.get("setting")` reads a setting
                None if rest.is_empty() => continue,
                None => match round.string(context, from) {
                    Some(path) => (vec![brace(&path)], rest.clone()),
                    None => (paths(context, first), rest.clone()),
                },
            };
            let Some((last, before)) = chain.split_last() else { continue };
            let guards: Vec<Guard> = before.iter().map(|g| context.guard(*g)).collect();
            for path in paths {
                routers.route(*router, at, method, path, guards.clone(), Some(context.handler(*last)));
            }
            continue;
        }
        if mount_directory(context, routers, *router, at, round, from) {
            continue;
        }
        let mut prefixes: Vec<String> = match round.string(context, from) {
            Some(prefix) => vec![brace(&prefix)],
            None => path_list(context, first),
        };
        let mut values = rest.clone();
        if prefixes.is_empty() {
            // a path that is computed
            match unknown_path(context, first).filter(|_| !rest.is_empty()) {
                Some(path) => prefixes.push(path),
                None => {
                    values.clear();
                    flatten(context, first, 8, &mut values);
                    values.extend(rest.iter().copied());
                    prefixes.push(route_path.clone().unwrap_or_default());
                }
            }
        }
        for prefix in prefixes {
            let mut guards = Vec::new();
            let mut mounts = false;
            for value in &values {
                let children = routers_of(context, *value);
                if children.is_empty() {
                    guards.push(context.guard(*value));
                }
                for (child, _) in children {
                    mounts = true;
                    routers.mount(*router, child, at, prefix.clone(), guards.clone());
                }
            }
            if !mounts {
                routers.middleware(*router, at, prefix, guards);
            }
        }
    }
}

/// `app.use("/" + name, require("./" + name))` for the files of a directory.
fn mount_directory(
    context: &Context<'_>,
    routers: &mut Routers,
    parent: ExprRef,
    at: ExprRef,
    round: &Round,
    from: usize,
) -> bool {
    let args = round.rest(from);
    let Some(last) = args.last().copied() else { return false };
    let Some(directory) = required_directory(context, last) else { return false };
    let own = context.program.path(at.module);
    let module = context.program.module(at.module);
    // `if (name !== "index")`: files that the loop passes over
    let passed_over: Vec<String> = module
        .exprs()
        .filter_map(|(_, e)| match &e.kind {
            ExprKind::Binary { op: ir::BinaryOp::Ne, left, right } => {
                module.string(*right).or_else(|| module.string(*left)).map(|s| s.to_string())
            }
            _ => None,
        })
        .collect();
    let mut mounted = false;
    for id in context.modules().filter(|m| context.program.module(*m).language.is_ecmascript()) {
        let path = context.program.path(id);
        let Some(name) = path.strip_prefix(&directory).filter(|_| path != own) else { continue };
        let file = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let stem = file.strip_suffix("/index").unwrap_or(file);
        if stem.contains('/') || stem == "index" || passed_over.iter().any(|p| p == stem || p == name) {
            continue;
        }
        let prefix = match args.len() {
            1 => String::new(),
            // the name of the file is what changes from one to the next
            _ => round.string(context, from).or_else(|| filled(context, args[0], stem)).unwrap_or_default(),
        };
        for child in context.program.exported_from(id) {
            for (child, _) in routers_of(context, child) {
                mounted = true;
                routers.mount(parent, child, at, brace(&prefix), Vec::new());
            }
        }
    }
    mounted
}

/// The directory of `require("./" + file)` and `require(path.join(__dirname, file))`, with a slash at its end.
fn required_directory(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let at = context.program.definition(at).unwrap_or(at);
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else {
        return match &module.expr(at.expr).kind {
            ExprKind::Await(inner) => required_directory(context, ExprRef { module: at.module, expr: *inner }),
            ExprKind::Member { object, name, .. } if *name == "default" || *name == "router" => {
                required_directory(context, ExprRef { module: at.module, expr: *object })
            }
            _ => None,
        };
    };
    if !matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "require" || *n == "import") {
        return None;
    }
    let own = context.program.path(at.module).rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut text = String::new();
    match &module.expr(args.first()?.value).kind {
        ExprKind::Template(parts) => {
            for part in parts {
                match part {
                    Part::Text(part) => text.push_str(part.as_str()),
                    Part::Hole(hole) if module.dotted(*hole).as_deref() == Some("__dirname") => text.push('.'),
                    Part::Hole(_) => break,
                }
            }
        }
        ExprKind::Call { args, .. } => {
            let (last, before) = args.split_last()?;
            let computed = module.string(last.value).is_none();
            let parts = before.iter().filter_map(|a| module.string(a.value).map(|s| s.to_string()));
            text = parts.collect::<Vec<_>>().join("/");
            if !computed || !before.iter().any(|a| module.dotted(a.value).as_deref() == Some("__dirname")) {
                return None;
            }
            text.push('/');
        }
        _ => return None,
    }
    let text = text.rsplit_once('/').map_or("", |(dir, _)| dir);
    crate::entities::folder_from(own, text)
}

/// A template with its unknown parts filled in.
fn filled(context: &Context<'_>, at: ExprRef, name: &str) -> Option<String> {
    let module = context.program.module(at.module);
    let ExprKind::Template(parts) = &module.expr(at.expr).kind else { return None };
    let part = |part: &Part| match part {
        Part::Text(text) => text.to_string(),
        Part::Hole(hole) => context
            .string(ExprRef { module: at.module, expr: *hole })
            .map_or_else(|| name.to_owned(), |s| s.to_string()),
    };
    Some(parts.iter().map(part).collect())
}

/// A path that is computed, as far as it is known; `None` for what is no path.
fn unknown_path(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Template(_) => filled(context, at, "{?}").map(|p| brace(&p)),
        ExprKind::Name(_) | ExprKind::Member { .. } => {
            let nothing_known = context.eval(at).is_empty() && context.function(at).is_none();
            (nothing_known && routers_of(context, at).is_empty()).then(|| "/{?}".to_owned())
        }
        _ => None,
    }
}

/// `["/users", "/people"]`
fn path_list(context: &Context<'_>, at: ExprRef) -> Vec<String> {
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::List(items) if !items.is_empty() && items.iter().all(|i| module.string(*i).is_some()) => {
            paths(context, at)
        }
        _ => Vec::new(),
    }
}

/// Arrays of middleware stand for their elements, arrays in arrays too.
pub(super) fn flatten(context: &Context<'_>, at: ExprRef, levels: u32, out: &mut Vec<ExprRef>) {
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
pub(super) fn paths(context: &Context<'_>, at: ExprRef) -> Vec<String> {
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
        ExprKind::Template(_) => vec![unknown_path(context, at).unwrap_or_else(|| "/{?}".to_owned())],
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

/// Parameters of paths that a check of the whole application lets through only in a fixed form:
/// `app.param('id', (req, res, next, id) => /^[a-z0-9]+$/.test(id) ? next() : next(error))`.
pub(crate) fn checked_params(context: &Context<'_>) -> FxHashSet<Symbol> {
    let mut checked = FxHashSet::default();
    for id in context.modules() {
        let module = context.program.module(id);
        if !module.language.is_ecmascript() {
            continue;
        }
        for (_, expr) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
            let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
            let [first, second] = args.as_slice() else { continue };
            let (true, Some(param)) = (*name == "param", module.string(first.value)) else { continue };
            let Some(check) = context.function(ExprRef { module: id, expr: second.value }) else { continue };
            let module = context.program.module(check.module);
            let matches = module.exprs_within(module.function(check.function).range).any(|(_, e)| match &e.kind {
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Member { name, .. } => matches!(name.as_str(), "match" | "test" | "isValid" | "validate"),
                    ExprKind::Name(name) => name.as_str().to_lowercase().contains("valid"),
                    _ => false,
                },
                _ => false,
            });
            if matches {
                checked.insert(param);
            }
        }
    }
    checked
}
