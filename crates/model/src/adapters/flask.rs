//! Flask: applications and blueprints, decorators, method views, hooks before requests; the resources of
//! Flask-RESTful, Flask-RESTX and Flask-Smorest. Quart has the same shape.

use base::{Evidence, Language, Span, Symbol};
use ir::{ExprId, ExprKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};

use super::rounds::rounds;
use super::{Adapter, Context, Found};
use crate::entities::{braced, join_path};
use crate::{Guard, GuardKind, Handler, Method, Route};

/// The adapter.
pub(crate) struct Flask;

const LIBRARIES: [&str; 7] =
    ["flask", "flask_restful", "flask_restx", "flask_restplus", "flask_smorest", "quart", "apiflask"];

/// What routes are registered on.
const TYPES: [&str; 9] =
    ["Flask", "Quart", "Blueprint", "Api", "Namespace", "APIFlask", "APIBlueprint", "OpenAPI", "ApiBlueprint"];

impl Adapter for Flask {
    fn name(&self) -> &'static str {
        "Flask"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Python
            && LIBRARIES.iter().any(|l| context.imports(module, l))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut reader = Reader { context, mounts: Vec::new(), hooks: Vec::new(), routes: Vec::new() };
        // blueprints are often registered in files that import nothing of Flask
        for id in context.modules().filter(|m| context.program.module(*m).language == Language::Python) {
            reader.calls(id);
            reader.functions(id);
            reader.classes(id);
        }
        for route in &reader.routes {
            for (prefix, mut guards) in reader.places(route.router, &mut Vec::new()) {
                let path = join_path(&prefix, &route.path);
                guards.retain(|h| !h.spares(context, route));
                let mut all: Vec<Guard> = guards.into_iter().map(|h| h.guard).collect();
                all.extend(route.guards.iter().cloned());
                found.routes.push(Route::new("Flask", route.method, path, route.span, route.handler.clone(), all));
            }
        }
    }
}

/// How many wrappers around a view are taken off.
const MAX_WRAPPERS: u32 = 8;

/// A blueprint registered on another or on the application.
struct Mount {
    parent: ExprRef,
    child: ExprRef,
    /// Given where it is registered; takes the place of the blueprint's own.
    prefix: Option<String>,
}

/// A function that runs before requests.
#[derive(Clone)]
struct Hook {
    router: ExprRef,
    guard: Guard,
    /// Whether it runs for all of the application, though a blueprint has it.
    everywhere: bool,
}

impl Hook {
    /// `if request.endpoint in ("auth.login", "static"): return`
    fn spares(&self, context: &Context<'_>, route: &Registered) -> bool {
        let (Some(hook), Some(handler)) = (self.guard.function, &route.handler) else { return false };
        let module = context.program.module(hook.module);
        let range = module.function(hook.function).range;
        let by_endpoint = module.exprs_within(range).any(
            |(_, e)| matches!(&e.kind, ExprKind::Member { name, .. } if *name == "endpoint" || *name == "blueprint"),
        );
        let name = handler.name.rsplit('.').next().unwrap_or("");
        by_endpoint
            && module.exprs_within(range).any(|(_, e)| match &e.kind {
                ExprKind::Literal(ir::Literal::Str(text)) => text.as_str().rsplit('.').next() == Some(name),
                _ => false,
            })
    }
}

struct Registered {
    router: ExprRef,
    method: Method,
    path: String,
    span: Span,
    handler: Option<Handler>,
    guards: Vec<Guard>,
}

struct Reader<'c> {
    context: &'c Context<'c>,
    mounts: Vec<Mount>,
    hooks: Vec<Hook>,
    routes: Vec<Registered>,
}

impl Reader<'_> {
    /// The applications and blueprints that an expression stands for.
    fn routers(&self, at: ExprRef) -> Vec<ExprRef> {
        let is_router = |o: &ExprRef| {
            self.context.eval(*o).iter().any(|v| match v {
                Value::ExternalInstance(name) => is_router_type(name.as_str()),
                // `class Shop(Flask)`
                Value::Instance(class) => {
                    self.context.program.classes().external_bases(*class).iter().any(|b| is_router_type(b.as_str()))
                }
                _ => false,
            })
        };
        let origins = self.context.origins(at);
        let found: Vec<ExprRef> = origins.iter().copied().filter(is_router).collect();
        if !found.is_empty() || !LIBRARIES.iter().any(|l| self.context.imports(at.module, l)) {
            return found;
        }
        // a parameter that nothing in the repository passes
        let module = self.context.program.module(at.module);
        let unknown = |o: &ExprRef| match &self.context.program.module(o.module).expr(o.expr).kind {
            ExprKind::Name(name) => matches!(name.as_str(), "app" | "application" | "bp" | "blueprint" | "server"),
            _ => false,
        };
        match &module.expr(at.expr).kind {
            ExprKind::Name(_) => origins.into_iter().filter(unknown).collect(),
            _ => found,
        }
    }

    fn argument(&self, call: ExprRef, position: Option<u32>, name: &str) -> Option<ExprRef> {
        let arg = crate::effects::argument(self.context.program, call, position, Some(name))?;
        Some(ExprRef { module: call.module, expr: arg.value })
    }

    fn text(&self, at: ExprRef) -> String {
        self.context.string(at).map_or_else(|| "/{?}".to_owned(), |p| braced(p.as_str()))
    }

    fn calls(&mut self, id: ModuleId) {
        let module = self.context.program.module(id);
        for (call, _) in self.context.program.calls(id) {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let at = ExprRef { module: id, expr: call };
            let here = |expr: ExprId| ExprRef { module: id, expr };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else {
                self.constructed(at);
                continue;
            };
            match name.as_str() {
                "register_blueprint" | "add_namespace" => {
                    let prefix_name = if *name == "add_namespace" { "path" } else { "url_prefix" };
                    let Some(child) = args.first().map(|a| here(a.value)) else { continue };
                    let prefix = self.argument(at, (*name == "add_namespace").then_some(1), prefix_name);
                    let mut values = vec![child];
                    values.extend(prefix);
                    for round in rounds(self.context, &values) {
                        let given = prefix.map(|p| {
                            let known = round.string(self.context, 1).map(|p| braced(&p));
                            known.unwrap_or_else(|| self.text(p))
                        });
                        for parent in self.routers(here(*object)) {
                            for child in self.routers(round.args[0]) {
                                self.mounts.push(Mount { parent, child, prefix: given.clone() });
                            }
                        }
                    }
                }
                "init_app" => {
                    let Some(parent) = args.first().map(|a| here(a.value)) else { continue };
                    for child in self.routers(here(*object)) {
                        for parent in self.routers(parent) {
                            self.mounts.push(Mount { parent, child, prefix: None });
                        }
                    }
                }
                "before_request" | "before_app_request" if !args.is_empty() => {
                    let hook = here(args[0].value);
                    let guard = self.context.guard(hook);
                    self.hook(here(*object), guard, *name == "before_app_request");
                }
                "add_url_rule" => {
                    let rule = self.argument(at, Some(0), "rule");
                    let view = self.argument(at, Some(2), "view_func");
                    let (Some(rule), Some(view)) = (rule, view) else { continue };
                    let methods = self.argument(at, None, "methods");
                    for round in rounds(self.context, &[rule, view]) {
                        let path = round.string(self.context, 0).map_or_else(|| "/{?}".to_owned(), |p| braced(&p));
                        for router in self.routers(here(*object)) {
                            self.view(router, &path, round.args[1], methods, at);
                        }
                    }
                }
                "add_resource" => {
                    let paths: Vec<String> =
                        args.iter().skip(1).filter(|a| a.name.is_none()).map(|a| self.text(here(a.value))).collect();
                    let Some(class) = args.first().and_then(|a| self.class(here(a.value))) else { continue };
                    for router in self.routers(here(*object)) {
                        for path in &paths {
                            self.method_view(router, path, class, None, module.expr_span(call));
                        }
                    }
                }
                _ => self.constructed(at),
            }
        }
    }

    /// `Api(app, prefix="/api")`, `Api(blueprint)`
    fn constructed(&mut self, at: ExprRef) {
        let made = self.context.eval(at);
        let is_api = made.iter().any(|v| {
            matches!(v, Value::ExternalInstance(n) if n.as_str().starts_with("flask_") && n.as_str().ends_with(".Api"))
        });
        if !is_api || !self.context.origins(at).contains(&at) {
            return;
        }
        if let Some(parent) = self.argument(at, Some(0), "app") {
            for parent in self.routers(parent) {
                self.mounts.push(Mount { parent, child: at, prefix: None });
            }
        }
    }

    fn hook(&mut self, router: ExprRef, guard: Guard, everywhere: bool) {
        // what only has the name of a guard may do anything before a request
        if guard.kind == GuardKind::Other || guard.evidence == Evidence::Suspected && guard.function.is_some() {
            return;
        }
        for router in self.routers(router) {
            self.hooks.push(Hook { router, guard: guard.clone(), everywhere });
        }
    }

    fn functions(&mut self, id: ModuleId) {
        let module = self.context.program.module(id);
        for (function, item) in module.functions() {
            for annotation in &item.annotations {
                let at = ExprRef { module: id, expr: *annotation };
                let ExprKind::Call { callee, .. } = &module.expr(*annotation).kind else { continue };
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                let object = ExprRef { module: id, expr: *object };
                let target = FnId { module: id, function };
                if matches!(name.as_str(), "before_request" | "before_app_request") {
                    let mut guards = self.decorators(id, &item.annotations);
                    let name = self.context.program.function_name(target);
                    let (kind, evidence) = self.context.function_guard(target, &name);
                    let span = self.context.function_span(target);
                    guards.push(Guard { kind, name, span, function: Some(target), evidence });
                    let everywhere = module.dotted(*callee).is_some_and(|d| d.ends_with("before_app_request"));
                    for guard in guards {
                        self.hook(object, guard, everywhere);
                    }
                    continue;
                }
                let methods = self.methods_of(at, name.as_str());
                if methods.is_empty() {
                    continue;
                }
                let rule = self.argument(at, Some(0), "rule");
                let Some(path) = rule.map(|r| self.text(r)) else { continue };
                for router in self.routers(object) {
                    for method in &methods {
                        self.routes.push(Registered {
                            router,
                            method: *method,
                            path: path.clone(),
                            span: module.expr_span(*annotation),
                            handler: Some(self.handler(target)),
                            guards: self.decorators(id, &item.annotations),
                        });
                    }
                }
            }
        }
    }

    /// `@ns.route("/x")` and `@blp.route("/x")` on a class.
    fn classes(&mut self, id: ModuleId) {
        let module = self.context.program.module(id);
        for (class_id, item) in module.classes() {
            for annotation in &item.annotations {
                let at = ExprRef { module: id, expr: *annotation };
                let ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { continue };
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                if *name != "route" && *name != "resource" {
                    continue;
                }
                let class = self.context.program.classes().canonical(ClassRef { module: id, class: class_id });
                for router in self.routers(ExprRef { module: id, expr: *object }) {
                    for arg in args.iter().filter(|a| a.name.is_none()) {
                        let path = self.text(ExprRef { module: id, expr: arg.value });
                        self.method_view(router, &path, class, None, self.context.program.span(at));
                    }
                }
            }
        }
    }

    fn methods_of(&self, at: ExprRef, name: &str) -> Vec<Method> {
        if name != "route" {
            let verb = matches!(name, "get" | "post" | "put" | "patch" | "delete");
            return Method::of(name).filter(|_| verb).into_iter().collect();
        }
        match self.argument(at, None, "methods") {
            Some(list) => self.listed(list),
            None => vec![Method::Get],
        }
    }

    fn listed(&self, list: ExprRef) -> Vec<Method> {
        let items = self.context.program.items(list);
        let methods: Vec<Method> =
            items.into_iter().filter_map(|i| self.context.string(i)).filter_map(|m| Method::of(m.as_str())).collect();
        if methods.is_empty() { vec![Method::Any] } else { methods }
    }

    fn handler(&self, function: FnId) -> Handler {
        Handler {
            name: self.context.program.function_name(function),
            function: Some(function),
            span: self.context.function_span(function),
        }
    }

    fn class(&self, at: ExprRef) -> Option<ClassRef> {
        self.context.eval(at).into_iter().find_map(|v| match v {
            Value::Class(class) => Some(class),
            _ => None,
        })
    }

    /// What `add_url_rule` is given: a function, `View.as_view("name")`, either of them wrapped.
    fn view(&mut self, router: ExprRef, path: &str, view: ExprRef, methods: Option<ExprRef>, at: ExprRef) {
        self.wrapped(router, path, view, methods, at, 0);
    }

    /// `depth`: how many wrappers were taken off. A view may be wrapped in its own name: `view = guard(view)`.
    fn wrapped(
        &mut self,
        router: ExprRef,
        path: &str,
        view: ExprRef,
        methods: Option<ExprRef>,
        at: ExprRef,
        depth: u32,
    ) {
        let view = self.context.program.definition(view).unwrap_or(view);
        let module = self.context.program.module(view.module);
        let span = self.context.program.span(at);
        if let ExprKind::Call { callee, args, .. } = &module.expr(view.expr).kind {
            if let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
                && *name == "as_view"
                && let Some(class) = self.class(ExprRef { module: view.module, expr: *object })
            {
                self.method_view(router, path, class, methods, span);
                return;
            }
            // `login_required(view)`
            if let Some(inner) = args.first().filter(|_| depth < MAX_WRAPPERS) {
                let guard = self.context.guard(ExprRef { module: view.module, expr: *callee });
                let before = self.routes.len();
                let inner = ExprRef { module: view.module, expr: inner.value };
                self.wrapped(router, path, inner, methods, at, depth + 1);
                for route in &mut self.routes[before..] {
                    route.guards.insert(0, guard.clone());
                }
                return;
            }
        }
        let methods = methods.map_or_else(|| vec![Method::Get], |m| self.listed(m));
        let handler = self.context.handler(view);
        let mut guards = Vec::new();
        if let Some(function) = handler.function {
            let annotations = self.context.program.function(function).annotations.clone();
            guards = self.decorators(function.module, &annotations);
        }
        for method in methods {
            let (path, handler, guards) = (path.to_owned(), Some(handler.clone()), guards.clone());
            self.routes.push(Registered { router, method, path, span, handler, guards });
        }
    }

    /// A class with a method for each verb, or with `dispatch_request`.
    fn method_view(&mut self, router: ExprRef, path: &str, class: ClassRef, methods: Option<ExprRef>, span: Span) {
        let mut shared = Vec::new();
        let item = self.context.program.class(class);
        shared.extend(self.decorators(class.module, &item.annotations));
        for name in ["decorators", "method_decorators"] {
            let Some((part, index)) = self.context.program.classes().field(class, Symbol::new(name)) else { continue };
            let Some(init) = self.context.program.class(part).fields[index as usize].init else { continue };
            for item in self.context.program.items(ExprRef { module: part.module, expr: init }) {
                shared.extend(self.decorator(item));
            }
        }
        let allowed = methods.map(|m| self.listed(m));
        let mut any = false;
        for verb in ["get", "post", "put", "patch", "delete"] {
            let (Some(function), Some(method)) = (self.context.method(class, verb), Method::of(verb)) else { continue };
            if allowed.as_ref().is_some_and(|a| !a.contains(&method) && !a.contains(&Method::Any)) {
                continue;
            }
            any = true;
            let annotations = self.context.program.function(function).annotations.clone();
            let mut guards = shared.clone();
            guards.extend(self.decorators(function.module, &annotations));
            let handler = Some(self.handler(function));
            self.routes.push(Registered { router, method, path: path.to_owned(), span, handler, guards });
        }
        if let Some(function) = self.context.method(class, "dispatch_request").filter(|_| !any) {
            let own = self.context.program.classes().field(class, Symbol::new("methods"));
            let own = own.and_then(|(part, index)| {
                let init = self.context.program.class(part).fields[index as usize].init?;
                Some(self.listed(ExprRef { module: part.module, expr: init }))
            });
            for method in allowed.or(own).unwrap_or_else(|| vec![Method::Get]) {
                let handler = Some(self.handler(function));
                let guards = shared.clone();
                self.routes.push(Registered { router, method, path: path.to_owned(), span, handler, guards });
            }
        }
    }

    /// The guards among the decorators of a handler.
    fn decorators(&self, id: ModuleId, annotations: &[ExprId]) -> Vec<Guard> {
        annotations.iter().filter_map(|expr| self.decorator(ExprRef { module: id, expr: *expr })).collect()
    }

    fn decorator(&self, at: ExprRef) -> Option<Guard> {
        let module = self.context.program.module(at.module);
        let (target, args): (ExprId, &[ir::Arg]) = match &module.expr(at.expr).kind {
            ExprKind::Call { callee, args, .. } => (*callee, args),
            _ => (at.expr, &[]),
        };
        let dotted = module.dotted(target)?;
        let last = dotted.rsplit('.').next().unwrap_or(&dotted);
        // registration and documentation are no guards
        if matches!(
            last,
            "route"
                | "get"
                | "post"
                | "put"
                | "patch"
                | "delete"
                | "response"
                | "arguments"
                | "doc"
                | "expect"
                | "marshal_with"
                | "swag_from"
                | "before_request"
                | "before_app_request"
                | "errorhandler"
        ) {
            return None;
        }
        let mut guard = self.context.guard(at);
        if guard.kind == GuardKind::Other
            && let Some(kind) = self.context.guard_fact(ExprRef { module: at.module, expr: target })
        {
            guard.kind = kind;
            guard.evidence = Evidence::Shown;
        }
        if guard.kind == GuardKind::Other {
            return None;
        }
        // `@jwt_required(optional=True)`
        let optional = args.iter().any(|a| {
            a.name.is_some_and(|n| n == "optional")
                && matches!(module.expr(a.value).kind, ExprKind::Literal(ir::Literal::Bool(true)))
        });
        if optional || last.ends_with("_optional") {
            guard.kind = GuardKind::OptionalAuthentication;
        }
        guard.name = last.to_owned();
        Some(guard)
    }

    /// Prefixes of a router and the hooks before its routes, in each place where it is registered.
    /// `within`: the routers on the way here.
    fn places(&self, router: ExprRef, within: &mut Vec<ExprRef>) -> Vec<(String, Vec<Hook>)> {
        let own_prefix = self.own_prefix(router);
        let own: Vec<Hook> = self.hooks.iter().filter(|h| h.router == router || h.everywhere).cloned().collect();
        let mut found: Vec<(String, Vec<Hook>)> = Vec::new();
        within.push(router);
        if within.len() < 12 {
            for mount in self.mounts.iter().filter(|m| m.child == router) {
                if within.contains(&mount.parent) {
                    continue;
                }
                for (prefix, mut hooks) in self.places(mount.parent, within) {
                    let given = mount.prefix.as_ref().unwrap_or(&own_prefix);
                    hooks.extend(own.iter().filter(|h| !h.everywhere).cloned());
                    let place = join_path(&prefix, given);
                    // one blueprint on two applications of the same tests or deployments is there once
                    if !found.iter().any(|(p, _)| *p == place) {
                        found.push((place, hooks));
                    }
                }
            }
        }
        within.pop();
        if found.is_empty() {
            found.push((own_prefix, own));
        }
        found
    }

    /// `Blueprint("users", __name__, url_prefix="/users")`, `Namespace("users")`, `Api(app, prefix="/api")`
    fn own_prefix(&self, router: ExprRef) -> String {
        for name in ["url_prefix", "prefix", "path"] {
            if let Some(given) = self.argument(router, None, name) {
                return self.text(given);
            }
        }
        let is_namespace = self
            .context
            .eval(router)
            .iter()
            .any(|v| matches!(v, Value::ExternalInstance(n) if n.as_str().ends_with(".Namespace")));
        match self.argument(router, Some(0), "name").filter(|_| is_namespace) {
            Some(name) => self.text(name),
            None => String::new(),
        }
    }
}

fn is_router_type(name: &str) -> bool {
    let (library, last) = name.split_once('.').map_or(("", name), |(l, _)| (l, name.rsplit('.').next().unwrap_or("")));
    (LIBRARIES.contains(&library) || library.starts_with("flask_")) && TYPES.contains(&last)
}
