//! FastAPI: routers with prefixes and dependencies, `include_router`, `Depends` at every level.

use base::{Language, Span};
use ir::{ExprKind, FunctionId, TypeKind};
use program::{ExprRef, FnId, ModuleId, Value};

use super::rounds::rounds;
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::{Guard, GuardKind, Handler, Input, Method, Place, Route};

/// The adapter.
pub(crate) struct FastApi;

const TYPES: [&str; 3] = ["fastapi.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter"];

impl Adapter for FastApi {
    fn name(&self) -> &'static str {
        "FastAPI"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Python && context.imports(module, "fastapi")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut includes = Vec::new();
        let mut routes = Vec::new();
        let mut before = Vec::new();
        for id in context.modules() {
            if context.program.module(id).language == Language::Python {
                included(context, id, &mut includes);
                registered(context, id, &mut routes);
                added(context, id, &mut routes);
                middleware(context, id, &mut before);
            }
        }
        for route in routes {
            for (prefix, mut guards) in places(context, &includes, &before, route.router, &mut Vec::new()) {
                guards.extend(route.guards.iter().cloned());
                let path = join_path(&prefix, &route.path);
                let mut made =
                    Route::new(self.name(), route.method, path, route.span, Some(route.handler.clone()), guards);
                for input in &route.inputs {
                    match made.inputs.iter_mut().find(|i| i.name == input.name && i.place == Place::Path) {
                        Some(path) => *path = Input { place: Place::Path, ..input.clone() },
                        None => made.inputs.push(input.clone()),
                    }
                }
                found.routes.push(made);
            }
        }
    }
}

struct Include {
    parent: ExprRef,
    child: ExprRef,
    prefix: String,
    guards: Vec<Guard>,
}

struct Registered {
    router: ExprRef,
    method: Method,
    path: String,
    span: Span,
    handler: Handler,
    guards: Vec<Guard>,
    inputs: Vec<Input>,
}

fn routers_of(context: &Context<'_>, at: ExprRef) -> Vec<ExprRef> {
    let is_router = |o: &ExprRef| {
        context.eval(*o).iter().any(|v| matches!(v, Value::ExternalInstance(n) if TYPES.contains(&n.as_str())))
    };
    context.origins(at).into_iter().filter(is_router).collect()
}

fn keyword(context: &Context<'_>, call: ExprRef, name: &str) -> Option<ExprRef> {
    let arg = crate::effects::argument(context.program, call, None, Some(name))?;
    Some(ExprRef { module: call.module, expr: arg.value })
}

/// `dependencies=[Depends(f), …]`
fn dependencies(context: &Context<'_>, call: ExprRef) -> Vec<Guard> {
    let Some(list) = keyword(context, call, "dependencies") else { return Vec::new() };
    let module = context.program.module(list.module);
    let ExprKind::List(items) = &module.expr(list.expr).kind else { return Vec::new() };
    items.iter().filter_map(|i| dependency(context, ExprRef { module: list.module, expr: *i })).collect()
}

/// `Depends(f)` and `Security(f)` as the guard that `f` is; `f` may be a call that makes it.
fn dependency(context: &Context<'_>, at: ExprRef) -> Option<Guard> {
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else {
        // an alias of `Annotated[T, Depends(f)]`
        return None;
    };
    let name = module.dotted(*callee)?;
    if !matches!(name.rsplit('.').next(), Some("Depends" | "Security")) {
        return None;
    }
    let target = ExprRef { module: at.module, expr: args.first()?.value };
    Some(context.dependency_guard(target, 0))
}

impl Context<'_> {
    /// What a dependency does, by its own code and that of the dependencies in its signature.
    fn dependency_guard(&self, at: ExprRef, depth: usize) -> Guard {
        let mut guard = self.guard(at);
        if self.is_switched_off(at) {
            return guard;
        }
        if let Some(function) = guard.function
            && depth < 6
            && !crate::Route::auth_of(std::slice::from_ref(&guard)).eq(&crate::Auth::Required)
        {
            for inner in signature(self, function, depth + 1) {
                if crate::Route::auth_of(std::slice::from_ref(&inner))
                    > crate::Route::auth_of(std::slice::from_ref(&guard))
                {
                    guard.kind = inner.kind;
                    guard.evidence = inner.evidence;
                }
            }
        }
        guard
    }
}

/// The guards in a function's signature: defaults and `Annotated`.
fn signature(context: &Context<'_>, function: FnId, depth: usize) -> Vec<Guard> {
    let module = context.program.module(function.module);
    let mut guards = Vec::new();
    for param in &module.function(function.function).params {
        let here = |expr| ExprRef { module: function.module, expr };
        let mut found: Vec<ExprRef> = param.default.map(here).into_iter().collect();
        if let Some(ty) = param.ty {
            annotated(context, function.module, ty, &mut found, 0);
        }
        for at in found {
            let inner = context.program.module(at.module);
            if let ExprKind::Call { callee, args, .. } = &inner.expr(at.expr).kind
                && let Some(name) = inner.dotted(*callee)
                && matches!(name.rsplit('.').next(), Some("Depends" | "Security"))
                && let Some(arg) = args.first()
            {
                let target = ExprRef { module: at.module, expr: arg.value };
                guards.push(context.dependency_guard(target, depth));
            }
        }
    }
    guards
}

/// The expressions in `Annotated[T, …]`, through aliases.
fn annotated(context: &Context<'_>, module_id: ModuleId, ty: ir::TypeId, out: &mut Vec<ExprRef>, depth: usize) {
    let module = context.program.module(module_id);
    let TypeKind::Named { path, args } = &module.ty(ty).kind else { return };
    if path.as_str().ends_with("Annotated") {
        for arg in args.iter().skip(1) {
            if let TypeKind::Expr(expr) = module.ty(*arg).kind {
                out.push(ExprRef { module: module_id, expr });
            }
        }
        return;
    }
    if depth > 3 {
        return;
    }
    // `deps.CurrentUser`: a member of an imported module
    let (home, path) = match path.as_str().rsplit_once('.') {
        None => (Some(module_id), *path),
        Some((holder, last)) => {
            let values = context.evaluator(module_id).lookup(base::Symbol::new(holder));
            let home = values.iter().find_map(|v| match v {
                Value::Namespace(namespace) => context.program.module_at(namespace.as_str()),
                _ => None,
            });
            (home, base::Symbol::new(last))
        }
    };
    let Some(home) = home else { return };
    // `CurrentUser = Annotated[User, Depends(get_current_user)]`, here or imported
    for (at, index) in context.program.named_values(home, path) {
        let module = context.program.module(at);
        if let ExprKind::Index { object, index } = &module.expr(index).kind
            && module.dotted(*object).is_some_and(|d| d.ends_with("Annotated"))
            && let ExprKind::List(items) = &module.expr(*index).kind
        {
            out.extend(items.iter().skip(1).map(|expr| ExprRef { module: at, expr: *expr }));
        }
    }
}

fn included(context: &Context<'_>, id: ModuleId, includes: &mut Vec<Include>) {
    let module = context.program.module(id);
    for (call, callee) in context.program.calls(id) {
        if callee.name.is_none_or(|n| n != "include_router" && n != "mount") {
            continue;
        }
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let at = ExprRef { module: id, expr: call };
        let here = |expr| ExprRef { module: id, expr };
        let positional = if *name == "mount" { args.get(1) } else { args.first() };
        let child = positional.filter(|a| a.name.is_none()).map(|a| here(a.value));
        let child = child.or_else(|| keyword(context, at, if *name == "mount" { "app" } else { "router" }));
        let Some(child) = child else { continue };
        let path = args.first().filter(|a| a.name.is_none()).map(|a| here(a.value));
        let prefix =
            if *name == "mount" { path.or(keyword(context, at, "path")) } else { keyword(context, at, "prefix") };
        let guards = dependencies(context, at);
        let mut values = vec![child];
        values.extend(prefix);
        for round in rounds(context, &values) {
            let prefix = prefix.map(|p| round.string(context, 1).unwrap_or_else(|| setting(context, p)));
            for parent in routers_of(context, here(*object)) {
                for child in routers_of(context, round.args[0]) {
                    let prefix = prefix.clone().unwrap_or_default();
                    includes.push(Include { parent, child, prefix, guards: guards.clone() });
                }
            }
        }
    }
}

/// A prefix from the application's settings: the default of the field of that name.
fn setting(context: &Context<'_>, at: ExprRef) -> String {
    let module = context.program.module(at.module);
    if let ExprKind::Member { name, .. } = &module.expr(at.expr).kind {
        for id in context.modules() {
            let module = context.program.module(id);
            for (_, class) in module.classes() {
                for field in class.fields.iter().filter(|f| f.name == *name) {
                    if let Some(text) = field.init.and_then(|i| module.string(i)) {
                        return text.to_string();
                    }
                }
            }
        }
    }
    String::new()
}

fn registered(context: &Context<'_>, id: ModuleId, routes: &mut Vec<Registered>) {
    let module = context.program.module(id);
    for (function, item) in module.functions() {
        for annotation in &item.annotations {
            let at = ExprRef { module: id, expr: *annotation };
            let ExprKind::Call { callee, .. } = &module.expr(*annotation).kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            let methods = methods(context, at, name.as_str());
            if methods.is_empty() {
                continue;
            }
            let path = crate::effects::argument(context.program, at, Some(0), Some("path"));
            let path = path.map(|a| ExprRef { module: id, expr: a.value });
            let path =
                path.and_then(|p| context.string(p)).map_or(String::new(), |p| p.as_str().replace(":path}", "}"));
            let target = FnId { module: id, function };
            let handler = Handler {
                name: context.program.function_name(target),
                function: Some(target),
                span: context.function_span(target),
            };
            let mut guards = dependencies(context, at);
            guards.extend(signature(context, target, 0));
            guards.extend(of_class(context, id, item));
            for router in routers_of(context, ExprRef { module: id, expr: *object }) {
                for method in &methods {
                    routes.push(Registered {
                        router,
                        method: *method,
                        path: path.clone(),
                        span: module.expr_span(*annotation),
                        handler: handler.clone(),
                        guards: guards.clone(),
                        inputs: inputs(context, id, function, &path),
                    });
                }
            }
        }
    }
}

/// The dependencies that a class-based view keeps in its fields.
fn of_class(context: &Context<'_>, id: ModuleId, item: &ir::Function) -> Vec<Guard> {
    let module = context.program.module(id);
    let Some(class) = item.class.map(|c| module.class(c)) else { return Vec::new() };
    let inits = class.fields.iter().filter_map(|f| f.init);
    inits.filter_map(|expr| dependency(context, ExprRef { module: id, expr })).collect()
}

/// `app.add_api_route("/x", handler, methods=["GET"])`
fn added(context: &Context<'_>, id: ModuleId, routes: &mut Vec<Registered>) {
    let module = context.program.module(id);
    for (call, callee) in context.program.calls(id) {
        if callee.name.is_none_or(|n| n != "add_api_route") {
            continue;
        }
        let ExprKind::Call { callee, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { continue };
        let at = ExprRef { module: id, expr: call };
        let given = |position: u32, name: &str| {
            let arg = crate::effects::argument(context.program, at, Some(position), Some(name))?;
            Some(ExprRef { module: id, expr: arg.value })
        };
        let (Some(path), Some(endpoint)) = (given(0, "path"), given(1, "endpoint")) else { continue };
        for round in rounds(context, &[path, endpoint]) {
            let path = round.string(context, 0).unwrap_or_else(|| "/{?}".to_owned()).replace(":path}", "}");
            let handler = context.handler(round.args[1]);
            let mut guards = dependencies(context, at);
            let mut taken = Vec::new();
            if let Some(function) = handler.function {
                guards.extend(signature(context, function, 0));
                taken = inputs(context, function.module, function.function, &path);
            }
            for router in routers_of(context, ExprRef { module: id, expr: *object }) {
                for method in methods(context, at, "api_route") {
                    routes.push(Registered {
                        router,
                        method,
                        path: path.clone(),
                        span: module.expr_span(call),
                        handler: handler.clone(),
                        guards: guards.clone(),
                        inputs: taken.clone(),
                    });
                }
            }
        }
    }
}

/// Middleware that turns callers away: `@app.middleware("http")`, `app.add_middleware(TokenMiddleware)`.
fn middleware(context: &Context<'_>, id: ModuleId, found: &mut Vec<(ExprRef, Guard)>) {
    let module = context.program.module(id);
    let mut note = |app: ExprRef, function: FnId, name: &str, span: Span| {
        let (kind, evidence) = context.function_guard(function, name);
        if kind == GuardKind::Authentication && evidence > base::Evidence::Suspected {
            for router in routers_of(context, app) {
                let guard = Guard { kind, name: name.to_owned(), span, function: Some(function), evidence };
                found.push((router, guard));
            }
        }
    };
    for (call, callee) in context.program.calls(id) {
        if callee.name.is_none_or(|n| n != "add_middleware") {
            continue;
        }
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { continue };
        let Some(arg) = args.first() else { continue };
        for value in context.eval(ExprRef { module: id, expr: arg.value }) {
            let Value::Class(class) = value else { continue };
            let method = context.method(class, "dispatch").or_else(|| context.method(class, "__call__"));
            if let Some(function) = method {
                let name = context.program.class(class).name;
                note(ExprRef { module: id, expr: *object }, function, name.as_str(), module.expr_span(call));
            }
        }
    }
    for (function, item) in module.functions() {
        for annotation in &item.annotations {
            let ExprKind::Call { callee, .. } = &module.expr(*annotation).kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            if *name == "middleware" {
                let target = FnId { module: id, function };
                let name = item.name.map_or("", |n| n.as_str());
                note(ExprRef { module: id, expr: *object }, target, name, module.expr_span(*annotation));
            }
        }
    }
}

fn methods(context: &Context<'_>, at: ExprRef, name: &str) -> Vec<Method> {
    if name == "api_route" || name == "route" {
        let list = keyword(context, at, "methods");
        let module = context.program.module(at.module);
        if let Some(list) = list
            && let ExprKind::List(items) = &module.expr(list.expr).kind
        {
            return items.iter().filter_map(|i| module.string(*i)).filter_map(|m| Method::of(m.as_str())).collect();
        }
        return vec![Method::Get];
    }
    let lower = name.chars().all(|c| c.is_lowercase());
    Method::of(name).filter(|m| lower && *m != Method::Any).into_iter().collect()
}

const SCALARS: [&str; 9] = ["int", "float", "bool", "UUID", "UUID4", "datetime", "date", "Decimal", "EmailStr"];

fn inputs(context: &Context<'_>, id: ModuleId, function: FunctionId, path: &str) -> Vec<Input> {
    let module = context.program.module(id);
    let mut inputs = Vec::new();
    for param in &module.function(function).params {
        let name = param.name.to_string();
        let ty = param.ty.map(|t| context.sources.text(module.span(module.ty(t).range)).to_owned());
        let maker = param.default.and_then(|d| match &module.expr(d).kind {
            ExprKind::Call { callee, .. } => module.dotted(*callee),
            _ => None,
        });
        let place = match maker.as_deref().and_then(|m| m.rsplit('.').next()) {
            Some("Depends" | "Security") => continue,
            Some("Query") => Place::Query,
            Some("Path") => Place::Path,
            Some("Header") => Place::Header,
            Some("Cookie") => Place::Cookie,
            Some("File") => Place::File,
            Some("Body" | "Form") => Place::Body,
            _ if crate::entities::path_parameters(path).any(|p| p == name) => Place::Path,
            _ => {
                let class = param.ty.is_some_and(|t| {
                    let mut evaluator = context.evaluator(id);
                    evaluator.type_values(t, None).iter().any(|v| matches!(v, Value::Instance(_)))
                });
                // dictionaries and lists come in the body too
                let whole = ty.as_deref().is_some_and(|t| {
                    ["dict", "Dict", "list", "List"].contains(&t.split(['[', ' ']).next().unwrap_or(""))
                });
                if class || whole { Place::Body } else { Place::Query }
            }
        };
        let text = ty.clone().unwrap_or_default();
        let validated = place == Place::Body && !text.is_empty() && !text.to_lowercase().starts_with("dict")
            || SCALARS.iter().any(|s| text.contains(s));
        let span = Some(module.span(param.range));
        inputs.push(Input { name, place, ty, constraints: Vec::new(), validated, span });
    }
    inputs
}

/// Prefixes and guards of a router in each place where it is included. `within`: the routers on the way
/// here, none of which is included in itself.
fn places(
    context: &Context<'_>,
    includes: &[Include],
    before: &[(ExprRef, Guard)],
    router: ExprRef,
    within: &mut Vec<ExprRef>,
) -> Vec<(String, Vec<Guard>)> {
    let own_prefix = keyword(context, router, "prefix").and_then(|p| context.string(p));
    let own_prefix = own_prefix.map_or("", |p| p.as_str());
    let mut own_guards: Vec<Guard> = before.iter().filter(|(r, _)| *r == router).map(|(_, g)| g.clone()).collect();
    own_guards.extend(dependencies(context, router));
    let mut found = Vec::new();
    within.push(router);
    if within.len() < 12 {
        for include in includes.iter().filter(|i| i.child == router) {
            if within.contains(&include.parent) {
                continue;
            }
            for (prefix, mut guards) in places(context, includes, before, include.parent, within) {
                guards.extend(include.guards.iter().cloned());
                guards.extend(own_guards.iter().cloned());
                found.push((join_path(&join_path(&prefix, &include.prefix), own_prefix), guards));
            }
        }
    }
    within.pop();
    if found.is_empty() {
        found.push((own_prefix.to_owned(), own_guards));
    }
    found
}
