//! What the routers of Go have in common: values passed on, fields of servers, wrapped handlers.

use base::Symbol;
use ir::ExprKind;
use program::{ClassRef, ExprRef, FnId, Value};

use super::Context;
use crate::Guard;

/// Whether an expression is a router of one of these types.
pub(super) fn is_router(context: &Context<'_>, at: ExprRef, is_type: &dyn Fn(&str) -> bool) -> bool {
    context.eval(at).iter().any(|v| matches!(v, Value::ExternalInstance(n) if is_type(n.as_str())))
}

/// The routers that an expression stands for: what makes them; a parameter that nothing passes and a field
/// that nothing fills stand for themselves. `same` are the calls that give their receiver back.
pub(super) fn routers_of(
    context: &Context<'_>,
    at: ExprRef,
    is_type: &dyn Fn(&str) -> bool,
    same: &dyn Fn(&str) -> bool,
) -> Vec<ExprRef> {
    let mut found = Vec::new();
    let mut queue = vec![at];
    let mut next = 0;
    while let Some(at) = queue.get(next).copied() {
        next += 1;
        for origin in context.origins(at) {
            let module = context.program.module(origin.module);
            let more: Option<ExprRef> = match &module.expr(origin.expr).kind {
                // `r.Use(…)` gives the router back
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } if same(name.as_str()) => {
                        Some(ExprRef { module: origin.module, expr: *object })
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(object) = more {
                // `r = r.Use(…)` comes back to itself
                if !queue.contains(&object) {
                    queue.push(object);
                }
                continue;
            }
            if !is_router(context, origin, is_type) {
                continue;
            }
            match &module.expr(origin.expr).kind {
                ExprKind::Name(name) => {
                    found.push(parameter(context, origin, *name).unwrap_or(origin));
                }
                ExprKind::Member { object, name, .. } => {
                    let object = ExprRef { module: origin.module, expr: *object };
                    let fillers = fillers(context, object, *name);
                    let fresh: Vec<ExprRef> = fillers.iter().copied().filter(|f| !queue.contains(f)).collect();
                    if fillers.is_empty() {
                        found.push(first_use(context, object, *name).unwrap_or(origin));
                    }
                    queue.extend(fresh);
                }
                _ => found.push(origin),
            }
        }
    }
    found.dedup();
    found
}

/// All uses of one parameter count as one router: its first use.
pub(super) fn parameter(context: &Context<'_>, at: ExprRef, name: Symbol) -> Option<ExprRef> {
    let owner = context.program.scopes(at.module).owner(at.expr).function?;
    use_in(context, FnId { module: at.module, function: owner }, name)
}

fn use_in(context: &Context<'_>, function: FnId, name: Symbol) -> Option<ExprRef> {
    let module = context.program.module(function.module);
    let scopes = context.program.scopes(function.module);
    // a function inside may use what is the outer one's
    let mut declared = Some(function.function);
    while let Some(id) = declared {
        if module.function(id).params.iter().any(|p| p.name == name) {
            break;
        }
        declared = module.function(id).parent;
    }
    let declared = declared.unwrap_or(function.function);
    let first = module.exprs().find(|(id, e)| {
        matches!(&e.kind, ExprKind::Name(n) if *n == name) && {
            let mut owner = scopes.owner(*id).function;
            while let Some(id) = owner.filter(|o| *o != declared) {
                if module.function(id).params.iter().any(|p| p.name == name) {
                    return false;
                }
                owner = module.function(id).parent;
            }
            owner == Some(declared)
        }
    });
    first.map(|(expr, _)| ExprRef { module: function.module, expr })
}

/// The router that a function is given as its first parameter.
pub(super) fn first_parameter(context: &Context<'_>, function: FnId) -> Option<ExprRef> {
    let item = context.program.function(function);
    let param = item.params.iter().find(|p| p.kind != ir::ParamKind::Receiver)?;
    use_in(context, function, param.name)
}

fn class_of(context: &Context<'_>, object: ExprRef) -> Option<ClassRef> {
    context.eval(object).into_iter().find_map(|v| match v {
        Value::Instance(class) => Some(class),
        _ => None,
    })
}

/// What is put into a field: `&Server{router: r}`, `s.router = r`.
fn fillers(context: &Context<'_>, object: ExprRef, name: Symbol) -> Vec<ExprRef> {
    let Some(class) = class_of(context, object) else { return Vec::new() };
    let mut found = Vec::new();
    for id in context.modules() {
        let module = context.program.module(id);
        if module.language != base::Language::Go {
            continue;
        }
        for (expr, node) in module.exprs() {
            let ExprKind::Call { args, kind: ir::CallKind::New, .. } = &node.kind else { continue };
            let Some(arg) = args.first() else { continue };
            let entry = context.entry(ExprRef { module: id, expr: arg.value }, name.as_str());
            let Some(entry) = entry else { continue };
            if class_of(context, ExprRef { module: id, expr }) == Some(class) {
                found.push(entry);
            }
        }
        for stmt in module.stmts() {
            let ir::StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind else { continue };
            let ExprKind::Member { object, name: member, .. } = &module.expr(*target).kind else { continue };
            if *member == name && class_of(context, ExprRef { module: id, expr: *object }) == Some(class) {
                found.push(ExprRef { module: id, expr: *value });
            }
        }
    }
    found
}

/// All uses of a field of a class count as one router: the first.
fn first_use(context: &Context<'_>, object: ExprRef, name: Symbol) -> Option<ExprRef> {
    let class = class_of(context, object)?;
    for id in context.modules() {
        let module = context.program.module(id);
        if module.language != base::Language::Go {
            continue;
        }
        let mut uses = module.exprs().filter_map(|(expr, e)| match &e.kind {
            ExprKind::Member { object, name: member, .. } if *member == name => Some((expr, *object)),
            _ => None,
        });
        let first = uses.find(|(_, object)| class_of(context, ExprRef { module: id, expr: *object }) == Some(class));
        if let Some((expr, _)) = first {
            return Some(ExprRef { module: id, expr });
        }
    }
    None
}

/// The lambda or named function that an expression is.
pub(super) fn callback(context: &Context<'_>, at: ExprRef) -> Option<FnId> {
    context.eval(at).into_iter().find_map(|v| match v {
        Value::Function(function) => Some(function),
        _ => None,
    })
}

/// A handler without what is wrapped around it, and the wrappers as guards, outermost first.
pub(super) fn unwrapped(context: &Context<'_>, at: ExprRef, guards: &mut Vec<Guard>, depth: u32) -> ExprRef {
    let module = context.program.module(at.module);
    let here = |expr| ExprRef { module: at.module, expr };
    match &module.expr(at.expr).kind {
        ExprKind::Cast { value, .. } if depth < 8 => return unwrapped(context, here(*value), guards, depth + 1),
        ExprKind::Name(name) if depth < 8 => {
            // `handler = auth(handler)`
            let owner = context.program.scopes(at.module).owner(at.expr).function;
            let mut wraps = Vec::new();
            for stmt in module.stmts() {
                let ir::StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind else { continue };
                let ExprKind::Call { callee, args, .. } = &module.expr(*value).kind else { continue };
                let is_name = |expr| matches!(&module.expr(expr).kind, ExprKind::Name(n) if n == name);
                if is_name(*target)
                    && args.iter().any(|a| is_name(a.value))
                    && context.program.scopes(at.module).owner(*target).function == owner
                {
                    wraps.push(context.guard(here(*callee)));
                }
            }
            if !wraps.is_empty() {
                // the last one put on is the outermost
                guards.extend(wraps.into_iter().rev());
                let router = context.origins(at).into_iter().find(|o| serves(context, *o));
                return router.unwrap_or(at);
            }
            if let Some(definition) = context.program.definition(at)
                && matches!(context.program.expr(definition).kind, ExprKind::Call { .. })
                && callback(context, at).is_none()
            {
                return unwrapped(context, definition, guards, depth + 1);
            }
        }
        ExprKind::Call { callee, args, .. } if depth < 8 => {
            let name = match &module.expr(*callee).kind {
                ExprKind::Member { name, .. } | ExprKind::Name(name) => name.as_str(),
                _ => "",
            };
            match (name, args.as_slice()) {
                ("HandlerFunc" | "StripPrefix" | "TimeoutHandler" | "MaxBytesHandler", [.., _]) => {
                    let inner = if name == "StripPrefix" { args.last() } else { args.first() };
                    if let Some(inner) = inner {
                        return unwrapped(context, here(inner.value), guards, depth + 1);
                    }
                }
                // `alice.New(a, b).Then(h)`
                ("Then" | "ThenFunc", [inner]) => {
                    if let ExprKind::Member { object, .. } = &module.expr(*callee).kind {
                        chain(context, here(*object), guards, 0);
                    }
                    return unwrapped(context, here(inner.value), guards, depth + 1);
                }
                _ => {
                    let inner = args.iter().rev().find(|a| is_handler(context, here(a.value), 0));
                    if let Some(inner) = inner {
                        guards.push(context.guard(here(*callee)));
                        return unwrapped(context, here(inner.value), guards, depth + 1);
                    }
                    // a function of the repository that puts a router together
                    let functions = context.program.call(at).map(|c| c.functions.clone()).unwrap_or_default();
                    let made = functions.iter().find_map(|f| {
                        let returns = &context.program.scopes(f.module).returns[f.function.0 as usize];
                        let made = returns.iter().map(|expr| ExprRef { module: f.module, expr: *expr });
                        let is_lambda = |o: &ExprRef| callback(context, *o).is_some();
                        made.filter(|o| !is_lambda(o)).find(|o| serves(context, *o) || is_wrapped(context, *o))
                    });
                    if let Some(made) = made {
                        return unwrapped(context, made, guards, depth + 1);
                    }
                }
            }
        }
        _ => {}
    }
    at
}

/// The middleware of `alice.New(a, b).Append(c)`.
fn chain(context: &Context<'_>, at: ExprRef, guards: &mut Vec<Guard>, depth: u32) {
    for origin in context.origins(at) {
        let module = context.program.module(origin.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(origin.expr).kind else { continue };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
        let here = |expr| ExprRef { module: origin.module, expr };
        if *name == "Append" && depth < 6 {
            chain(context, here(*object), guards, depth + 1);
        }
        guards.extend(args.iter().map(|a| context.guard(here(a.value))));
    }
}

/// Whether an argument is a handler: a function that takes a writer and a request, or something around one.
fn is_handler(context: &Context<'_>, at: ExprRef, depth: u32) -> bool {
    if let Some(function) = callback(context, at) {
        let item = context.program.function(function);
        let module = context.program.module(function.module);
        return item.params.iter().any(|p| {
            let ty = p.ty.map_or("", |t| context.sources.text(module.span(module.ty(t).range)));
            ty.contains("ResponseWriter") || ty.contains("http.Request") || ty.contains("Context") || ty.contains("Ctx")
        });
    }
    let module = context.program.module(at.module);
    let here = |expr| ExprRef { module: at.module, expr };
    match &module.expr(at.expr).kind {
        ExprKind::Cast { value, .. } => is_handler(context, here(*value), depth + 1),
        ExprKind::Call { args, .. } if depth < 6 => {
            args.iter().any(|a| is_handler(context, here(a.value), depth + 1)) || serves(context, at)
        }
        _ => serves(context, at),
    }
}

/// Whether a call is given a handler.
fn is_wrapped(context: &Context<'_>, at: ExprRef) -> bool {
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Call { args, .. } => {
            args.iter().any(|a| is_handler(context, ExprRef { module: at.module, expr: a.value }, 0))
        }
        _ => false,
    }
}

/// Whether a value of the repository or of `net/http` serves requests.
fn serves(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| match v {
        Value::Instance(class) => context.method(*class, "ServeHTTP").is_some(),
        Value::ExternalInstance(name) => matches!(
            name.as_str(),
            "net/http.Handler" | "net/http.HandlerFunc" | "net/http.ServeMux" | "github.com/gorilla/mux.Router"
        ),
        _ => false,
    })
}

/// The methods that a handler asks for itself: `if r.Method != http.MethodPost`, `switch r.Method`.
pub(super) fn asked_methods(context: &Context<'_>, function: FnId) -> Vec<crate::Method> {
    let module = context.program.module(function.module);
    let range = module.function(function.function).range;
    let is_method = |expr| matches!(&module.expr(expr).kind, ExprKind::Member { name, .. } if *name == "Method");
    let mut found = Vec::new();
    let mut add = |expr| {
        let at = ExprRef { module: function.module, expr };
        found.extend(method_of(context, at));
    };
    for (_, node) in module.exprs_within(range) {
        if let ExprKind::Binary { op: ir::BinaryOp::Eq | ir::BinaryOp::Ne, left, right } = &node.kind {
            if is_method(*left) {
                add(*right);
            } else if is_method(*right) {
                add(*left);
            }
        }
    }
    for stmt in module.stmts().filter(|s| range.contains(s.range)) {
        if let ir::StmtKind::Switch { subject: Some(subject), arms } = &stmt.kind
            && is_method(*subject)
        {
            arms.iter().flat_map(|a| &a.patterns).for_each(|p| add(*p));
        }
    }
    found.retain(|m| *m != crate::Method::Options);
    found.sort();
    found.dedup();
    found
}

/// `[]string{"GET", http.MethodHead}`
pub(super) fn methods(context: &Context<'_>, at: ExprRef) -> Vec<crate::Method> {
    let items = context.program.items(at);
    items.into_iter().filter_map(|i| method_of(context, i)).collect()
}

/// `"GET"`, `http.MethodGet`
pub(super) fn method_of(context: &Context<'_>, at: ExprRef) -> Option<crate::Method> {
    if let Some(text) = context.string(at) {
        return crate::Method::of(text.as_str());
    }
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Member { name, .. } => crate::Method::of(name.as_str().strip_prefix("Method")?),
        _ => None,
    }
}
