//! Actix Web: applications, scopes, resources, `configure`, route macros, `wrap`, extractors as guards.

use base::{Language, Span};
use ir::{Arg, ExprId, ExprKind, ParamKind};
use program::{ExprRef, FnId, ModuleId, Value};

use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::{Guard, GuardKind, Handler, Method, Route};

/// The adapter.
pub(crate) struct Actix;

impl Adapter for Actix {
    fn name(&self) -> &'static str {
        "Actix Web"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Rust && context.imports(module, "actix_web")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut reader = Reader { context, found, placing: Vec::new(), configuring: Vec::new() };
        for id in context.modules() {
            if context.program.module(id).language != Language::Rust {
                continue;
            }
            for at in outermost(context, id) {
                let chain = reader.chain(at);
                if chain.base == Base::App {
                    reader.place(at, "", &[]);
                } else if chain.base == Base::Name && reader.is_application(at) {
                    reader.calls(&chain, "", &[]);
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Base {
    App,
    Scope(String),
    Resource(String),
    Name,
    Other,
}

/// A builder: what it starts with, and the calls on it in order.
struct Chain {
    base: Base,
    calls: Vec<(String, Vec<Arg>, ExprId)>,
    module: ModuleId,
}

struct Reader<'c, 'f> {
    context: &'c Context<'c>,
    found: &'f mut Found,
    /// The builders and `configure` functions that are being read: one may hold itself.
    placing: Vec<ExprRef>,
    configuring: Vec<FnId>,
}

/// Calls that no other call is made on.
fn outermost(context: &Context<'_>, id: ModuleId) -> Vec<ExprRef> {
    let module = context.program.module(id);
    let mut inner = vec![false; module.exprs().len()];
    for (_, expr) in module.exprs() {
        if let ExprKind::Call { callee, .. } = &expr.kind
            && let ExprKind::Member { object, .. } = &module.expr(*callee).kind
        {
            inner[object.0 as usize] = true;
        }
    }
    context
        .program
        .calls(id)
        .map(|(e, _)| e)
        .filter(|e| !inner[e.0 as usize])
        .map(|expr| ExprRef { module: id, expr })
        .collect()
}

impl Reader<'_, '_> {
    fn chain(&self, at: ExprRef) -> Chain {
        let module = self.context.program.module(at.module);
        let mut calls = Vec::new();
        let mut current = at.expr;
        let base = loop {
            match &module.expr(current).kind {
                ExprKind::Call { callee, args, .. } => {
                    let dotted = module.dotted(*callee).unwrap_or_default();
                    let path =
                        args.first().and_then(|a| self.context.string(ExprRef { module: at.module, expr: a.value }));
                    let path = path.map_or(String::new(), |p| clean(p.as_str()));
                    match dotted.as_str() {
                        "App.new" | "actix_web.App.new" => break Base::App,
                        "web.scope" | "actix_web.web.scope" | "scope" | "Scope.new" => break Base::Scope(path),
                        "web.resource" | "actix_web.web.resource" | "resource" | "Resource.new" => {
                            break Base::Resource(path);
                        }
                        _ => {}
                    }
                    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { break Base::Other };
                    calls.push((name.to_string(), args.clone(), current));
                    current = *object;
                }
                ExprKind::Name(_) | ExprKind::This => break Base::Name,
                ExprKind::Unary { operand, .. } => current = *operand,
                _ => break Base::Other,
            }
        };
        calls.reverse();
        Chain { base, calls, module: at.module }
    }

    /// Whether a chain starts from a variable that holds an application: `let app = App::new(); app.service(…)`.
    fn is_application(&self, at: ExprRef) -> bool {
        let module = self.context.program.module(at.module);
        let mut current = at.expr;
        while let ExprKind::Call { callee, .. } = &module.expr(current).kind {
            let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { return false };
            current = *object;
        }
        if current == at.expr {
            return false;
        }
        let origins = self.context.origins(ExprRef { module: at.module, expr: current });
        origins.into_iter().any(|o| self.chain(o).base == Base::App)
    }

    /// Everything that a builder registers, under a prefix and behind guards.
    fn place(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        if self.placing.contains(&at) {
            return;
        }
        self.placing.push(at);
        let chain = self.chain(at);
        match &chain.base {
            Base::App => self.calls(&chain, prefix, guards),
            Base::Scope(path) => self.calls(&chain, &join_path(prefix, path), guards),
            Base::Resource(path) => self.calls(&chain, &join_path(prefix, path), guards),
            Base::Name | Base::Other => self.service(at, prefix, guards),
        }
        self.placing.pop();
    }

    fn calls(&mut self, chain: &Chain, prefix: &str, guards: &[Guard]) {
        let here = |expr: ExprId| ExprRef { module: chain.module, expr };
        // a wrapper is around all of what it is put on, wherever it stands in the chain
        let mut all = guards.to_vec();
        for (name, args, _) in &chain.calls {
            if matches!(name.as_str(), "wrap" | "wrap_fn")
                && let Some(arg) = args.first()
            {
                all.push(self.wrapper(here(arg.value)));
            }
        }
        for (name, args, call) in &chain.calls {
            match (name.as_str(), args.as_slice()) {
                ("service", [arg]) => self.service(here(arg.value), prefix, &all),
                ("configure", [arg]) => self.configure(here(arg.value), prefix, &all),
                ("route", [path, spec]) => {
                    let path = self.context.string(here(path.value)).map_or("/{?}".to_owned(), |p| clean(p.as_str()));
                    self.route(here(spec.value), &join_path(prefix, &path), *call, &all);
                }
                ("route", [spec]) => self.route(here(spec.value), prefix, *call, &all),
                ("get" | "post" | "put" | "patch" | "delete", [handler]) => {
                    let method = Method::of(name).unwrap_or(Method::Any);
                    self.add(method, prefix, here(handler.value), here(*call), &all);
                }
                ("to", [handler]) => self.add(Method::Any, prefix, here(handler.value), here(*call), &all),
                _ => {}
            }
        }
    }

    /// `web::get().to(handler)`
    fn route(&mut self, spec: ExprRef, path: &str, call: ExprId, guards: &[Guard]) {
        let module = self.context.program.module(spec.module);
        let (mut method, mut handler, mut all) = (Method::Any, None, guards.to_vec());
        let mut current = spec.expr;
        while let ExprKind::Call { callee, args, .. } = &module.expr(current).kind {
            let (name, object) = match &module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => (*name, Some(*object)),
                ExprKind::Name(name) => (*name, None),
                _ => break,
            };
            match name.as_str() {
                "to" | "to_async" => handler = args.first().map(|a| a.value),
                "wrap" => {
                    all.extend(args.first().map(|a| self.wrapper(ExprRef { module: spec.module, expr: a.value })))
                }
                "method" => {
                    let named = args.first().and_then(|a| module.dotted(a.value));
                    method = named.and_then(|n| Method::of(n.rsplit('.').next().unwrap_or(""))).unwrap_or(method);
                }
                verb => method = Method::of(verb).unwrap_or(method),
            }
            match object {
                Some(object) => current = object,
                None => break,
            }
        }
        let at = ExprRef { module: spec.module, expr: call };
        if let Some(handler) = handler {
            self.add(method, path, ExprRef { module: spec.module, expr: handler }, at, &all);
        }
    }

    fn add(&mut self, method: Method, path: &str, handler: ExprRef, at: ExprRef, guards: &[Guard]) {
        let handler = self.context.handler(handler);
        let mut all = guards.to_vec();
        if let Some(function) = handler.function {
            all.extend(extractors(self.context, function));
        }
        let span = last_call_span(self.context, at);
        let path = join_path("", path);
        self.found.routes.push(Route::new("Actix Web", method, path, span, Some(handler), all));
    }

    /// What `service(…)` takes: a builder, a handler with a route macro, several of them.
    fn service(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::List(items) => {
                for item in items.clone() {
                    self.service(ExprRef { module: at.module, expr: item }, prefix, guards);
                }
                return;
            }
            // `services![a, b]`
            ExprKind::Call { kind: ir::CallKind::Macro, args, .. } => {
                for arg in args.clone() {
                    self.service(ExprRef { module: at.module, expr: arg.value }, prefix, guards);
                }
                return;
            }
            _ => {}
        }
        if matches!(self.chain(at).base, Base::Scope(_) | Base::Resource(_)) {
            self.place(at, prefix, guards);
            return;
        }
        for value in self.context.eval(at) {
            if let Value::Function(function) = value {
                self.macros(function, prefix, guards);
            }
        }
        for origin in self.context.origins(at) {
            if origin != at && matches!(self.chain(origin).base, Base::Scope(_) | Base::Resource(_)) {
                self.place(origin, prefix, guards);
            }
        }
    }

    /// `#[get("/x")]`, `#[route("/x", method = "GET")]` on a handler.
    fn macros(&mut self, function: FnId, prefix: &str, guards: &[Guard]) {
        let module = self.context.program.module(function.module);
        let item = module.function(function.function);
        for annotation in item.annotations.clone() {
            let ExprKind::Call { callee, args, .. } = &module.expr(annotation).kind else { continue };
            let name = module.dotted(*callee).unwrap_or_default();
            let last = name.rsplit('.').next().unwrap_or("");
            let mut methods: Vec<Method> = Method::of(last).into_iter().collect();
            if last == "route" {
                let named = args.iter().filter(|a| a.name.is_some_and(|n| n == "method"));
                methods = named.filter_map(|a| module.string(a.value)).filter_map(|m| Method::of(m.as_str())).collect();
            }
            let path = args.iter().find(|a| a.name.is_none()).and_then(|a| module.string(a.value));
            let Some(path) = path else { continue };
            let mut all = guards.to_vec();
            for arg in args.iter().filter(|a| a.name.is_some_and(|n| n == "wrap")) {
                let text = module.string(arg.value).map_or("", |s| s.as_str());
                let kind = crate::guards::by_name(text);
                all.push(Guard {
                    kind,
                    name: text.to_owned(),
                    span: module.expr_span(annotation),
                    function: None,
                    evidence: base::Evidence::Suspected,
                });
            }
            all.extend(extractors(self.context, function));
            let handler = Handler {
                name: self.context.program.function_name(function),
                function: Some(function),
                span: self.context.function_span(function),
            };
            let full = join_path(prefix, &clean(path.as_str()));
            let span = module.expr_span(annotation);
            for method in methods {
                let route = Route::new("Actix Web", method, full.clone(), span, Some(handler.clone()), all.clone());
                self.found.routes.push(route);
            }
        }
    }

    /// A function that takes the service configuration and registers on it.
    fn configure(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        let functions: Vec<FnId> = self
            .context
            .eval(at)
            .into_iter()
            .filter_map(|v| match v {
                Value::Function(function) => Some(function),
                _ => None,
            })
            .collect();
        if functions.is_empty() {
            self.found.gap("a configure function that was not found", self.context.program.span(at));
        }
        for function in functions {
            if self.configuring.contains(&function) {
                continue;
            }
            self.configuring.push(function);
            let module = self.context.program.module(function.module);
            let parameter = module.function(function.function).params.iter().find(|p| p.kind != ParamKind::Receiver);
            let name = parameter.map(|p| p.name);
            self.pass_on(function, name, prefix, guards);
            for call in outermost(self.context, function.module) {
                let owner = self.context.program.scopes(function.module).owner(call.expr);
                if owner.function != Some(function.function) {
                    continue;
                }
                let chain = self.chain(call);
                let on_parameter = chain.base == Base::Name && {
                    let mut current = call.expr;
                    loop {
                        match &module.expr(current).kind {
                            ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                                ExprKind::Member { object, .. } => current = *object,
                                _ => break false,
                            },
                            ExprKind::Name(n) => break Some(*n) == name,
                            _ => break false,
                        }
                    }
                };
                if on_parameter {
                    self.calls(&chain, prefix, guards);
                }
            }
            self.configuring.pop();
        }
    }

    /// `|cfg| routes::config(cfg, …)`: the configuration goes on to another function.
    fn pass_on(&mut self, function: FnId, name: Option<base::Symbol>, prefix: &str, guards: &[Guard]) {
        let module = self.context.program.module(function.module);
        for call in self.context.program.calls_in(function).to_vec() {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let passes = args.iter().any(|a| {
                let inner = match &module.expr(a.value).kind {
                    ExprKind::Unary { operand, .. } => *operand,
                    _ => a.value,
                };
                matches!(&module.expr(inner).kind, ExprKind::Name(n) if Some(*n) == name)
            });
            if passes && name.is_some() {
                self.configure(ExprRef { module: function.module, expr: *callee }, prefix, guards);
            }
        }
    }

    /// What is put around a service: middleware of the project by the code of its `call`, of a library by
    /// its facts, else by its name.
    fn wrapper(&self, at: ExprRef) -> Guard {
        let mut guard = self.context.guard(at);
        if guard.kind != GuardKind::Other && guard.evidence > base::Evidence::Suspected {
            return guard;
        }
        for value in self.context.eval(at) {
            let (Value::Instance(class) | Value::Class(class)) = value else { continue };
            // the service that does the work stands beside the type that makes it
            for (other, info) in self.context.program.classes().all() {
                if other.module != class.module {
                    continue;
                }
                if let Some(call) = info.methods.get(&base::Symbol::new("call")).and_then(|m| m.first()) {
                    let name = self.context.program.class(class).name;
                    let (kind, evidence) = self.context.function_guard(*call, name.as_str());
                    guard.kind = kind;
                    guard.evidence = evidence;
                    guard.function = Some(*call);
                    guard.name = name.to_string();
                }
            }
        }
        guard
    }
}

/// Extractors that turn callers away: parameter types of the project with a `from_request` that
/// answers 401, types of libraries by their facts.
pub(super) fn extractors(context: &Context<'_>, function: FnId) -> Vec<Guard> {
    let module = context.program.module(function.module);
    let mut guards = Vec::new();
    let mut evaluator = context.evaluator(function.module);
    for param in &module.function(function.function).params {
        let Some(ty) = param.ty else { continue };
        let span = module.span(param.range);
        let optional = matches!(module.ty(ty).kind, ir::TypeKind::Optional(_));
        for value in evaluator.type_values(ty, None) {
            let mut guard = match value {
                Value::Instance(class) => {
                    let found = context.method(class, "from_request");
                    let found = found.or_else(|| context.method(class, "from_request_parts"));
                    let Some(extractor) = found else { continue };
                    let name = context.program.class(class).name;
                    let (mut kind, evidence) = context.function_guard(extractor, name.as_str());
                    // a type that stands for the caller, and cannot be made without one
                    let parts = crate::guards::words(name.as_str());
                    let caller =
                        ["user", "claims", "identity", "session", "principal", "account", "admin", "auth", "token"];
                    if kind == GuardKind::Other && parts.iter().any(|w| caller.contains(&w.as_str())) {
                        kind = GuardKind::Authentication;
                    }
                    Guard { kind, name: name.to_string(), span, function: Some(extractor), evidence }
                }
                Value::ExternalInstance(name) => {
                    let fact = context.facts.find(base::Language::Rust, name, crate::Kind::Guard).and_then(|r| r.guard);
                    let Some(fact) = fact else { continue };
                    let name = name.to_string();
                    Guard { kind: fact.into(), name, span, function: None, evidence: base::Evidence::Shown }
                }
                _ => continue,
            };
            let by_name = crate::guards::words(&guard.name);
            let optional = optional || by_name.iter().any(|w| matches!(w.as_str(), "maybe" | "optional"));
            if optional && guard.kind == GuardKind::Authentication {
                guard.kind = GuardKind::OptionalAuthentication;
            }
            guards.push(guard);
        }
    }
    guards
}

/// `{id:\d+}` as `{id}`.
fn clean(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once('}') else { break };
        out.push_str(&format!("{{{}}}", inner.split(':').next().unwrap_or(inner)));
        rest = tail;
    }
    out + rest
}

/// The place of a call in a chain: from its name on, not from the start of the chain.
pub(super) fn last_call_span(context: &Context<'_>, at: ExprRef) -> Span {
    let module = context.program.module(at.module);
    let whole = module.expr(at.expr).range;
    match &module.expr(at.expr).kind {
        ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { name_range, .. } => module.span(ir::Range { start: name_range.start, end: whole.end }),
            _ => module.span(whole),
        },
        _ => module.span(whole),
    }
}
