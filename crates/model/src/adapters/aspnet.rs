//! ASP.NET Core: controllers with attribute and conventional routes, minimal APIs, authorization.

use base::{Language, Span, Symbol};
use ir::{ExprId, ExprKind, Visibility};
use program::{ClassRef, ExprRef, FnId, ModuleId};

use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::guards::{declared, unread};
use crate::{Guard, GuardKind, Handler, Input, Method, Place, Route};

/// The adapter.
pub(crate) struct AspNet;

impl Adapter for AspNet {
    fn name(&self) -> &'static str {
        "ASP.NET Core"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        let item = context.program.module(module);
        item.language == Language::CSharp
            && (context.imports(module, "Microsoft.AspNetCore")
                || context
                    .program
                    .calls(module)
                    .any(|(_, c)| c.name.is_some_and(|n| n == "MapControllers" || n == "MapGet" || n == "MapPost")))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let fallback = global_guards(context);
        for (class, info) in context.program.classes().all() {
            if context.program.module(class.module).language != Language::CSharp || context.is_test(class.module) {
                continue;
            }
            if !is_controller(context, class) {
                continue;
            }
            let mut methods: Vec<FnId> = info.methods.values().flatten().copied().collect();
            methods.sort();
            for method in methods {
                controller_routes(context, class, method, &fallback, found);
            }
        }
        for module in context.modules() {
            if context.program.module(module).language == Language::CSharp {
                minimal(context, module, &fallback, found);
            }
        }
    }
}

/// The attribute's name without `Attribute`.
fn attribute_name(context: &Context<'_>, module: ModuleId, annotation: ExprId) -> Symbol {
    let module = context.program.module(module);
    let ExprKind::Call { callee, .. } = &module.expr(annotation).kind else { return Symbol::new("") };
    match &module.expr(*callee).kind {
        ExprKind::Name(n) | ExprKind::Member { name: n, .. } => {
            Symbol::new(n.as_str().strip_suffix("Attribute").unwrap_or(n.as_str()))
        }
        _ => Symbol::new(""),
    }
}

fn class_attributes(context: &Context<'_>, class: ClassRef) -> Vec<(ModuleId, ExprId)> {
    let mut found = Vec::new();
    // nearest last, so that the class itself has the last word
    for class in context.program.classes().lineage(class).into_iter().rev() {
        let parts = context.program.classes().info(class).map(|i| i.parts.clone()).unwrap_or_default();
        for part in parts {
            found.extend(context.program.class(part).annotations.iter().map(|a| (part.module, *a)));
        }
    }
    found
}

fn is_controller(context: &Context<'_>, class: ClassRef) -> bool {
    let item = context.program.class(class);
    if item.is_abstract || item.kind != ir::ClassKind::Class {
        return false;
    }
    let bases = context.program.classes().external_bases(class);
    let by_base = bases.iter().any(|b| {
        let last = b.as_str().rsplit('.').next().unwrap_or("");
        matches!(last, "ControllerBase" | "Controller" | "ODataController" | "ApiController")
            || last.ends_with("Controller")
            || last.ends_with("ControllerBase")
    });
    let attributes = class_attributes(context, class);
    let has = |name: &str| attributes.iter().any(|(m, a)| attribute_name(context, *m, *a) == name);
    (by_base || has("ApiController") || item.name.as_str().ends_with("Controller") && has("Route"))
        && !has("NonController")
}

fn verb_of(name: &str) -> Option<Method> {
    Some(match name {
        "HttpGet" => Method::Get,
        "HttpPost" => Method::Post,
        "HttpPut" => Method::Put,
        "HttpPatch" => Method::Patch,
        "HttpDelete" => Method::Delete,
        "HttpHead" => Method::Head,
        "HttpOptions" => Method::Options,
        _ => return None,
    })
}

fn template(context: &Context<'_>, module_id: ModuleId, annotation: ExprId) -> Option<String> {
    let module = context.program.module(module_id);
    let ExprKind::Call { args, .. } = &module.expr(annotation).kind else { return None };
    let arg = args.iter().find(|a| a.name.is_none_or(|n| n == "template" || n == "Template"))?;
    Some(
        context
            .string(ExprRef { module: module_id, expr: arg.value })
            .map_or_else(|| "{?}".to_owned(), |s| s.to_string()),
    )
}

/// `{id:int}`, `{id?}`, `{*rest}` as `{id}`; `[controller]` and `[action]` filled in.
fn clean(template: &str, controller: &str, action: &str) -> String {
    let filled = template
        .replace("[controller]", controller)
        .replace("[Controller]", controller)
        .replace("[action]", action)
        .replace("[area]", "{area}");
    let mut out = String::new();
    let mut rest = filled.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let name = inner.trim_start_matches('*').split([':', '?', '=']).next().unwrap_or(inner);
        out.push_str(&format!("{{{name}}}"));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn guard_of(context: &Context<'_>, module: ModuleId, annotation: ExprId) -> Option<Guard> {
    let span = context.program.module(module).expr_span(annotation);
    let name = attribute_name(context, module, annotation);
    let text = context.sources.text(span);
    let kind = match name.as_str() {
        "Authorize" if text.contains("Roles") || text.contains("Policy") || text.contains("(\"") => {
            GuardKind::Authorization
        }
        "Authorize" => GuardKind::Authentication,
        "AllowAnonymous" => GuardKind::Anonymous,
        "ValidateAntiForgeryToken" | "AutoValidateAntiforgeryToken" => GuardKind::Csrf,
        "EnableRateLimiting" => GuardKind::RateLimit,
        "EnableCors" => GuardKind::Cors,
        other if other.contains("Authorize") || other.contains("Permission") => GuardKind::Authorization,
        _ => return filter_of(context, module, annotation, name),
    };
    Some(declared(kind, &format!("[{name}]"), span))
}

/// A filter of the project's own as an attribute, by what it answers.
fn filter_of(context: &Context<'_>, module: ModuleId, annotation: ExprId, name: Symbol) -> Option<Guard> {
    const STEPS: [&str; 6] = [
        "OnAuthorization",
        "OnAuthorizationAsync",
        "OnActionExecuting",
        "OnActionExecutionAsync",
        "OnResourceExecuting",
        "OnResourceExecutionAsync",
    ];
    let ExprKind::Call { callee, .. } = &context.program.module(module).expr(annotation).kind else { return None };
    // `[Inject]` is `InjectAttribute`
    let mut evaluated = context.eval(ExprRef { module, expr: *callee });
    evaluated.extend(context.evaluator(module).lookup(Symbol::new(&format!("{name}Attribute"))));
    let class = evaluated.iter().find_map(|v| match v {
        program::Value::Class(class) => Some(*class),
        _ => None,
    })?;
    // `class StaffOnlyAttribute : AuthorizeAttribute { … Roles = "Staff" … }`
    let of_library = context.program.classes().external_bases(class);
    if of_library.iter().any(|b| b.as_str().ends_with("AuthorizeAttribute")) {
        let part = context.program.module(class.module);
        let text = context.sources.text(part.span(context.program.class(class).range));
        let kind = match text.contains("Roles") || text.contains("Policy") {
            true => GuardKind::Authorization,
            false => GuardKind::Authentication,
        };
        return Some(declared(kind, &format!("[{name}]"), context.program.module(module).expr_span(annotation)));
    }
    // a route that exists under a condition of the project's own, such as a mode for tests
    let info = context.program.classes().info(class);
    let is_condition = |base: &program::Value| matches!(base, program::Value::External(n) if n.as_str().ends_with("IActionConstraint"));
    if info.is_some_and(|i| i.bases.iter().any(is_condition)) || context.method(class, "Accept").is_some() {
        return Some(unread(context.program.module(module).expr_span(annotation)));
    }
    let function = STEPS.iter().find_map(|step| context.method(class, step))?;
    let (kind, evidence) = context.function_guard(function, name.as_str());
    let span = context.program.module(module).expr_span(annotation);
    let asks = matches!(kind, GuardKind::Authentication | GuardKind::Authorization | GuardKind::RateLimit);
    asks.then(|| Guard { kind, name: format!("[{name}]"), span, function: Some(function), evidence })
}

fn controller_routes(context: &Context<'_>, class: ClassRef, method: FnId, fallback: &[Guard], found: &mut Found) {
    let module = context.program.module(method.module);
    let item = module.function(method.function);
    let is_action = item.kind == ir::FunctionKind::Method && item.visibility == Visibility::Public && !item.is_static;
    let names: Vec<(ExprId, Symbol)> =
        item.annotations.iter().map(|a| (*a, attribute_name(context, method.module, *a))).collect();
    if !is_action || names.iter().any(|(_, n)| *n == "NonAction") {
        return;
    }
    let class_name = context.program.class(class).name;
    let controller = class_name.as_str().strip_suffix("Controller").unwrap_or(class_name.as_str());
    let action = item.name.map_or("", Symbol::as_str);
    let attributes = class_attributes(context, class);
    let mut prefixes: Vec<String> = attributes
        .iter()
        .filter(|(m, a)| attribute_name(context, *m, *a) == "Route")
        .filter_map(|(m, a)| template(context, *m, *a))
        .collect();
    if prefixes.len() > 1 && prefixes.iter().all(|p| p == &prefixes[0]) {
        prefixes.truncate(1);
    }
    let verbs: Vec<(Method, ExprId)> = names.iter().filter_map(|(a, n)| verb_of(n.as_str()).map(|m| (m, *a))).collect();
    let own: Vec<String> =
        names.iter().filter(|(_, n)| *n == "Route").filter_map(|(a, _)| template(context, method.module, *a)).collect();
    let mut registered: Vec<(Method, String, Span)> = Vec::new();
    for (verb, annotation) in &verbs {
        let span = module.expr_span(*annotation);
        let paths = match template(context, method.module, *annotation) {
            Some(path) => vec![path],
            None if !own.is_empty() => own.clone(),
            None => vec![String::new()],
        };
        registered.extend(paths.into_iter().map(|p| (*verb, p, span)));
    }
    if verbs.is_empty() {
        let span = context.function_span(method);
        if !own.is_empty() {
            registered.extend(own.iter().map(|p| (Method::Any, p.clone(), span)));
        } else if prefixes.is_empty() && !has_api(context, &attributes) {
            // the conventional route {controller}/{action}/{id?}
            let path = if action == "Index" { controller.to_owned() } else { format!("{controller}/{action}") };
            let takes_id = item.params.iter().any(|p| p.name == "id");
            registered.push((Method::Any, if takes_id { format!("{path}/{{id}}") } else { path }, span));
        } else if prefixes.iter().any(|p| p.contains("[action]")) {
            // the class names the path of each
            registered.push((Method::Any, String::new(), span));
        } else {
            return;
        }
    }
    if prefixes.is_empty() {
        let conventional =
            verbs.iter().any(|_| registered.iter().all(|(_, p, _)| p.is_empty())) && !has_api(context, &attributes);
        prefixes.push(if conventional { format!("{controller}/{action}") } else { String::new() });
    }
    let mut guards: Vec<Guard> = fallback.to_vec();
    guards.extend(attributes.iter().filter_map(|(m, a)| guard_of(context, *m, *a)));
    guards.extend(names.iter().filter_map(|(a, _)| guard_of(context, method.module, *a)));
    // an anonymous controller wins over what its actions ask
    for (verb, path, span) in registered {
        for prefix in &prefixes {
            let absolute = path.starts_with('/') || path.starts_with("~/");
            let full = match absolute {
                true => path.trim_start_matches('~').to_owned(),
                false => join_path(prefix, &path),
            };
            let full = join_path("", &clean(&full, controller, action));
            let handler = Handler {
                name: context.program.function_name(method),
                function: Some(method),
                span: context.function_span(method),
            };
            let mut route = Route::new("ASP.NET Core", verb, full, span, Some(handler), guards.clone());
            inputs(context, method, &mut route);
            found.routes.push(route);
        }
    }
}

fn has_api(context: &Context<'_>, attributes: &[(ModuleId, ExprId)]) -> bool {
    attributes.iter().any(|(m, a)| attribute_name(context, *m, *a) == "ApiController")
}

const SCALARS: [&str; 11] =
    ["int", "long", "bool", "Guid", "DateTime", "decimal", "double", "short", "DateOnly", "float", "DateTimeOffset"];

fn inputs(context: &Context<'_>, method: FnId, route: &mut Route) {
    let module = context.program.module(method.module);
    for param in &module.function(method.function).params {
        let ty = param.ty.map(|t| context.sources.text(module.span(module.ty(t).range)).to_owned());
        let text = ty.clone().unwrap_or_default();
        let bare = text.trim_end_matches('?');
        if matches!(bare, "CancellationToken" | "HttpContext" | "HttpRequest" | "ClaimsPrincipal" | "HttpResponse") {
            continue;
        }
        let named = param.annotations.iter().map(|a| attribute_name(context, method.module, *a));
        let mut place = None;
        for name in named {
            place = match name.as_str() {
                "FromBody" | "FromForm" => Some(Place::Body),
                "FromQuery" => Some(Place::Query),
                "FromRoute" => Some(Place::Path),
                "FromHeader" => Some(Place::Header),
                "FromServices" => return,
                _ => place,
            };
        }
        let name = param.name.to_string();
        let in_path = route.inputs.iter().position(|i| i.name.eq_ignore_ascii_case(&name));
        let scalar = SCALARS.contains(&bare);
        let place = place.unwrap_or(match in_path {
            Some(_) => Place::Path,
            None if scalar || bare == "string" || bare.ends_with("[]") => Place::Query,
            None if route.method.is_safe() => Place::Query,
            None => Place::Body,
        });
        let input =
            Input { name, place, ty, constraints: Vec::new(), validated: scalar, span: Some(module.span(param.range)) };
        match in_path {
            Some(at) => route.inputs[at] = input,
            None => route.inputs.push(input),
        }
    }
}

/// A fallback policy, a global filter, or `MapControllers().RequireAuthorization()`.
fn global_guards(context: &Context<'_>) -> Vec<Guard> {
    let mut guards = Vec::new();
    for id in context.modules() {
        let module = context.program.module(id);
        if module.language != Language::CSharp {
            continue;
        }
        for (expr, item) in module.exprs() {
            match &item.kind {
                ExprKind::Member { name, .. } if *name == "FallbackPolicy" => {
                    guards.push(declared(GuardKind::Authentication, "FallbackPolicy", module.expr_span(expr)));
                }
                ExprKind::Call { callee, .. } => {
                    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                    let span = module.expr_span(expr);
                    let inner = match &module.expr(*object).kind {
                        ExprKind::Call { callee, .. } => module.dotted(*callee).unwrap_or_default(),
                        _ => String::new(),
                    };
                    if *name == "RequireAuthorization" && inner.ends_with("MapControllers") {
                        guards.push(declared(GuardKind::Authentication, "RequireAuthorization", span));
                    } else if *name == "Add" && context.sources.text(span).contains("AuthorizeFilter") {
                        guards.push(declared(GuardKind::Authentication, "AuthorizeFilter", span));
                    }
                }
                _ => {}
            }
        }
    }
    guards
}

/// `app.MapGet("/x", handler)` and groups.
fn minimal(context: &Context<'_>, id: ModuleId, fallback: &[Guard], found: &mut Found) {
    let module = context.program.module(id);
    for (call, callee) in context.program.calls(id) {
        let Some(name) = callee.name else { continue };
        let Some(verb) = name.as_str().strip_prefix("Map").and_then(Method::of) else { continue };
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { continue };
        let positional: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
        // `MapGet("/x", handler)`; some projects have `MapGet(handler, "/x")`
        let at = |e: ExprId| ExprRef { module: id, expr: e };
        let path = positional.iter().find_map(|e| context.string(at(*e)));
        let handler = positional.iter().find(|e| context.string(at(**e)).is_none());
        let Some(handler) = handler else { continue };
        let (prefix, mut guards) = group(context, at(*object), 0);
        let mut all = fallback.to_vec();
        all.append(&mut guards);
        all.extend(suffix_guards(context, id, call));
        let handler = context.handler(at(*handler));
        if let Some(function) = handler.function {
            let item = context.program.function(function);
            all.extend(item.annotations.iter().filter_map(|a| guard_of(context, function.module, *a)));
        }
        let full = join_path(&prefix, &clean(path.map_or("", Symbol::as_str), "", ""));
        let mut route = Route::new("ASP.NET Core", verb, full, module.expr_span(call), Some(handler), all);
        if let Some(function) = route.handler.as_ref().and_then(|h| h.function) {
            inputs(context, function, &mut route);
        }
        found.routes.push(route);
    }
}

/// Prefix and guards of what a route is mapped on.
fn group(context: &Context<'_>, at: ExprRef, depth: usize) -> (String, Vec<Guard>) {
    if depth > 8 {
        return (String::new(), Vec::new());
    }
    for origin in context.origins(at) {
        let module = context.program.module(origin.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(origin.expr).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let object = ExprRef { module: origin.module, expr: *object };
        let (mut prefix, mut guards) = group(context, object, depth + 1);
        if *name == "MapGroup" {
            let path = args.first().and_then(|a| context.string(ExprRef { module: origin.module, expr: a.value }));
            prefix = join_path(&prefix, &clean(path.map_or("", Symbol::as_str), "", ""));
        }
        guards.extend(endpoint_guard(name.as_str(), module.expr_span(origin.expr)));
        // `group.RequireAuthorization();` as a statement of its own
        guards.extend(statement_guards(context, at));
        return (prefix, guards);
    }
    (String::new(), statement_guards(context, at))
}

fn endpoint_guard(name: &str, span: Span) -> Option<Guard> {
    let kind = match name {
        "RequireAuthorization" => GuardKind::Authentication,
        "AllowAnonymous" => GuardKind::Anonymous,
        "RequireRateLimiting" => GuardKind::RateLimit,
        "RequireCors" => GuardKind::Cors,
        "ValidateAntiforgery" => GuardKind::Csrf,
        "AddEndpointFilter" => GuardKind::Other,
        _ => return None,
    };
    Some(declared(kind, name, span))
}

fn statement_guards(context: &Context<'_>, at: ExprRef) -> Vec<Guard> {
    let module = context.program.module(at.module);
    let ExprKind::Name(name) = &module.expr(at.expr).kind else { return Vec::new() };
    let owner = context.program.scopes(at.module).owner(at.expr).function;
    let mut guards = Vec::new();
    for (expr, item) in module.exprs() {
        let ExprKind::Call { callee, .. } = &item.kind else { continue };
        let ExprKind::Member { object, name: method, .. } = &module.expr(*callee).kind else { continue };
        let same = matches!(&module.expr(*object).kind, ExprKind::Name(n) if n == name);
        if same && context.program.scopes(at.module).owner(expr).function == owner {
            guards.extend(endpoint_guard(method.as_str(), module.expr_span(expr)));
        }
    }
    guards
}

/// What is chained behind `MapGet(…)`: the calls around it.
fn suffix_guards(context: &Context<'_>, id: ModuleId, call: ExprId) -> Vec<Guard> {
    let module = context.program.module(id);
    let mut guards = Vec::new();
    let mut current = call;
    'outer: for _ in 0..16 {
        for (expr, item) in module.exprs() {
            let ExprKind::Call { callee, .. } = &item.kind else { continue };
            if let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
                && *object == current
            {
                guards.extend(endpoint_guard(name.as_str(), module.expr_span(expr)));
                current = expr;
                continue 'outer;
            }
        }
        break;
    }
    guards
}
