//! `net/http` and the routers that speak its types: `ServeMux`, httprouter, gorilla/mux, chi.

use base::Language;
use ir::{Arg, ExprId, ExprKind};
use program::{ExprRef, ModuleId, Value};
use rustc_hash::FxHashMap;

use super::express::brace;
use super::go_routers::{self, asked_methods, callback, first_parameter, method_of, unwrapped};
use super::rounds::rounds;
use super::routers::Routers;
use super::{Adapter, Context, Found};
use crate::{Guard, Method};

/// The adapter.
pub(crate) struct NetHttp;

const PACKAGES: [&str; 4] =
    ["net/http", "github.com/go-chi/chi", "github.com/gorilla/mux", "github.com/julienschmidt/httprouter"];

impl Adapter for NetHttp {
    fn name(&self) -> &'static str {
        "net/http"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Go
            && PACKAGES.iter().any(|p| context.imports(module, p))
            // a client or another framework imports `net/http` too
            && context.program.calls(module).any(|(_, c)| {
                c.external.iter().any(|n| {
                    let n = n.as_str();
                    matches!(n, "net/http.HandleFunc" | "net/http.Handle" | "net/http.NewServeMux")
                        || n.starts_with("net/http.ServeMux#")
                        || PACKAGES[1..].iter().any(|p| n.starts_with(p))
                })
            })
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut reader = Reader { context, routers: Routers::default(), default: None };
        for module in context.modules().filter(|m| context.program.module(*m).language == Language::Go) {
            reader.module(module);
        }
        for module in context.modules().filter(|m| context.program.module(*m).language == Language::Go) {
            reader.servers(module);
        }
        reader.routers.finish(self.name(), context, found);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    ServeMux,
    HttpRouter,
    Gorilla,
    Chi,
}

fn kind_of(ty: &str) -> Option<Kind> {
    Some(match ty {
        "net/http.ServeMux" => Kind::ServeMux,
        "github.com/julienschmidt/httprouter.Router" => Kind::HttpRouter,
        "github.com/gorilla/mux.Router" => Kind::Gorilla,
        _ if ty.starts_with("github.com/go-chi/chi") && (ty.ends_with(".Mux") || ty.ends_with(".Router")) => Kind::Chi,
        _ => return None,
    })
}

struct Reader<'c> {
    context: &'c Context<'c>,
    routers: Routers,
    /// What stands for `http.DefaultServeMux`: the first call that registers on it.
    default: Option<ExprRef>,
}

impl Reader<'_> {
    fn kind(&self, at: ExprRef) -> Option<Kind> {
        self.context.eval(at).iter().find_map(|v| match v {
            Value::ExternalInstance(name) => kind_of(name.as_str()),
            _ => None,
        })
    }

    fn routers_of(&self, at: ExprRef) -> Vec<ExprRef> {
        let same = |name: &str| matches!(name, "StrictSlash" | "SkipClean" | "UseEncodedPath");
        go_routers::routers_of(self.context, at, &|ty| kind_of(ty).is_some(), &same)
    }

    fn module(&mut self, id: ModuleId) {
        let module = self.context.program.module(id);
        // the call that is made on a call: `HandleFunc(…).Methods(…)`
        let mut next: FxHashMap<ExprId, ExprId> = FxHashMap::default();
        for (expr, node) in module.exprs() {
            if let ExprKind::Call { callee, .. } = &node.kind
                && let ExprKind::Member { object, .. } = &module.expr(*callee).kind
            {
                next.insert(*object, expr);
            }
        }
        for (call, target) in self.context.program.calls(id) {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            let at = ExprRef { module: id, expr: call };
            let object = ExprRef { module: id, expr: *object };
            let on_default = target.external.iter().any(|n| *n == "net/http.HandleFunc" || *n == "net/http.Handle");
            if on_default {
                let router = *self.default.get_or_insert(at);
                self.serve_mux(&[router], at, args);
                continue;
            }
            let Some(kind) = self.kind(object).or_else(|| self.is_route(object).then_some(Kind::Gorilla)) else {
                continue;
            };
            match kind {
                Kind::ServeMux if matches!(name.as_str(), "Handle" | "HandleFunc") => {
                    let targets = self.routers_of(object);
                    self.serve_mux(&targets, at, args);
                }
                Kind::ServeMux => {}
                Kind::HttpRouter => self.http_router(object, name.as_str(), at, args),
                Kind::Gorilla => self.gorilla(object, name.as_str(), at, args, &next),
                Kind::Chi => self.chi(object, name.as_str(), at, args),
            }
        }
    }

    fn is_route(&self, at: ExprRef) -> bool {
        self.context
            .eval(at)
            .iter()
            .any(|v| matches!(v, Value::ExternalInstance(n) if *n == "github.com/gorilla/mux.Route"))
    }

    /// `mux.HandleFunc("GET /users/{id}", h)`
    fn serve_mux(&mut self, targets: &[ExprRef], at: ExprRef, args: &[Arg]) {
        let [pattern, handler, ..] = args else { return };
        let here = |expr| ExprRef { module: at.module, expr };
        for round in rounds(self.context, &[here(pattern.value), here(handler.value)]) {
            let text = round.string(self.context, 0).or_else(|| self.context.known_part(round.args[0]));
            let text = text.unwrap_or_else(|| "/{?}".to_owned());
            let (method, path) = match text.split_once(' ') {
                Some((method, path)) => (Method::of(method), path.trim()),
                None => (None, text.as_str()),
            };
            // a host stands before the first slash
            let path = path.find('/').map_or(path, |slash| &path[slash..]);
            let path = braced(path.trim_end_matches("{$}"));
            self.handle(targets, at, method, &path, round.args[1], &[]);
        }
    }

    /// A handler on a path; a router as handler is mounted.
    fn handle(
        &mut self,
        targets: &[ExprRef],
        at: ExprRef,
        method: Option<Method>,
        path: &str,
        handler: ExprRef,
        before: &[Guard],
    ) {
        let mut guards = before.to_vec();
        let inner = unwrapped(self.context, handler, &mut guards, 0);
        let children = if self.kind(inner).is_some() { self.routers_of(inner) } else { Vec::new() };
        if !children.is_empty() {
            // without `StripPrefix` the patterns of the inner router are whole paths
            let prefix = if self.strips(handler) { path.to_owned() } else { String::new() };
            for target in targets {
                for child in &children {
                    self.routers.mount(*target, *child, at, prefix.clone(), guards.clone());
                }
            }
            return;
        }
        let made = self.context.handler(inner);
        let methods = match method {
            Some(method) => vec![method],
            None => {
                let asked = made.function.map_or_else(Vec::new, |f| asked_methods(self.context, f));
                if asked.is_empty() { vec![Method::Any] } else { asked }
            }
        };
        for target in targets {
            for method in &methods {
                self.routers.route(*target, at, *method, path.to_owned(), guards.clone(), Some(made.clone()));
            }
        }
    }

    fn strips(&self, at: ExprRef) -> bool {
        let text = self.context.sources.text(self.context.program.span(at));
        text.contains("StripPrefix")
    }

    fn http_router(&mut self, object: ExprRef, name: &str, at: ExprRef, args: &[Arg]) {
        let here = |a: &Arg| ExprRef { module: at.module, expr: a.value };
        let verb = name.chars().all(|c| c.is_uppercase()).then(|| Method::of(name)).flatten();
        let values: Vec<ExprRef> = args.iter().map(here).collect();
        if verb.is_none() && !matches!(name, "Handle" | "Handler" | "HandlerFunc") || values.len() < 2 {
            return;
        }
        let targets = self.routers_of(object);
        for round in rounds(self.context, &values) {
            let (method, from) = match verb {
                Some(verb) => (verb, 0),
                None => (method_of(self.context, round.args[0]).unwrap_or(Method::Any), 1),
            };
            let path = round.string(self.context, from).map_or("/{?}".to_owned(), |p| brace(&p));
            let Some(handler) = round.args.get(from + 1) else { continue };
            self.handle(&targets, at, Some(method), &path, *handler, &[]);
        }
    }

    fn gorilla(&mut self, object: ExprRef, name: &str, at: ExprRef, args: &[Arg], next: &FxHashMap<ExprId, ExprId>) {
        let module = self.context.program.module(at.module);
        let here = |a: &Arg| ExprRef { module: at.module, expr: a.value };
        match (name, args) {
            ("Use", _) => {
                let guards: Vec<Guard> = args.iter().map(|a| self.context.guard(here(a))).collect();
                for router in self.routers_of(object) {
                    self.routers.middleware(router, at, String::new(), guards.clone());
                }
            }
            ("HandleFunc" | "Handle", [path, handler]) => {
                // what follows in the chain
                let mut methods = Vec::new();
                let mut current = at.expr;
                while let Some(call) = next.get(&current) {
                    let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { break };
                    if matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "Methods") {
                        methods.extend(args.iter().filter_map(|a| method_of(self.context, here(a))));
                    }
                    current = *call;
                }
                let (prefix, earlier, routers) = self.route_parts(object);
                methods.extend(earlier);
                for round in rounds(self.context, &[here(path), here(handler)]) {
                    let text = round.string(self.context, 0).or_else(|| self.context.known_part(round.args[0]));
                    let path = crate::entities::join_path(&prefix, &braced(&text.unwrap_or("/{?}".to_owned())));
                    self.all(&routers, at, &methods, &path, round.args[1]);
                }
            }
            ("Handler" | "HandlerFunc", [handler]) => {
                let (mut prefix, methods, routers) = self.route_parts(object);
                if self.chain_has(object, "PathPrefix") {
                    prefix = crate::entities::join_path(&prefix, "{*}");
                }
                self.all(&routers, at, &methods, &prefix, here(handler));
            }
            ("Subrouter", []) => {
                let (prefix, _, routers) = self.route_parts(object);
                for router in routers {
                    self.routers.mount(router, at, at, prefix.clone(), Vec::new());
                }
            }
            _ => {}
        }
    }

    fn all(&mut self, routers: &[ExprRef], at: ExprRef, methods: &[Method], path: &str, handler: ExprRef) {
        if methods.is_empty() {
            self.handle(routers, at, None, path, handler, &[]);
        }
        for method in methods.iter().filter(|m| **m != Method::Options || methods.len() == 1) {
            self.handle(routers, at, Some(*method), path, handler, &[]);
        }
    }

    fn chain_has(&self, at: ExprRef, wanted: &str) -> bool {
        let module = self.context.program.module(at.module);
        let mut current = at.expr;
        while let ExprKind::Call { callee, .. } = &module.expr(current).kind {
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return false };
            if *name == wanted {
                return true;
            }
            current = *object;
        }
        false
    }

    /// `r.PathPrefix("/api").Methods("GET")`: the path, the methods, and the router that it starts from.
    fn route_parts(&self, at: ExprRef) -> (String, Vec<Method>, Vec<ExprRef>) {
        let (mut prefix, mut methods) = (String::new(), Vec::new());
        let mut current = at;
        for _ in 0..10 {
            if self.kind(current).is_some() {
                return (prefix, methods, self.routers_of(current));
            }
            let origin = self.context.program.definition(current).unwrap_or(current);
            let module = self.context.program.module(origin.module);
            let ExprKind::Call { callee, args, .. } = &module.expr(origin.expr).kind else { break };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { break };
            let here = |expr| ExprRef { module: origin.module, expr };
            match name.as_str() {
                "PathPrefix" | "Path" => {
                    let text = args.first().and_then(|a| self.context.string(here(a.value)));
                    let part = text.map_or("/{?}".to_owned(), |t| braced(t.as_str()));
                    prefix = crate::entities::join_path(&part, &prefix);
                }
                "Methods" => methods.extend(args.iter().filter_map(|a| method_of(self.context, here(a.value)))),
                _ => {}
            }
            current = here(*object);
        }
        (prefix, methods, Vec::new())
    }

    fn chi(&mut self, object: ExprRef, name: &str, at: ExprRef, args: &[Arg]) {
        let here = |a: &Arg| ExprRef { module: at.module, expr: a.value };
        let targets = self.routers_of(object);
        let path_of = |reader: &Self, a: &Arg| {
            let text = reader.context.string(here(a)).map(|s| s.to_string());
            text.or_else(|| reader.context.known_part(here(a))).map_or("/{?}".to_owned(), |p| braced(&p))
        };
        match (name, args) {
            ("Use", _) => {
                let guards: Vec<Guard> = args.iter().map(|a| self.context.guard(here(a))).collect();
                for router in targets {
                    self.routers.middleware(router, at, String::new(), guards.clone());
                }
            }
            // the router that it gives stands for its own call
            ("With", _) => {
                let guards: Vec<Guard> = args.iter().map(|a| self.context.guard(here(a))).collect();
                for router in targets {
                    self.routers.mount(router, at, at, String::new(), guards.clone());
                }
            }
            ("Group", [function]) | ("Route", [_, function]) => {
                let prefix = if name == "Route" { path_of(self, &args[0]) } else { String::new() };
                let inner = callback(self.context, here(function));
                let child = inner.and_then(|f| first_parameter(self.context, f));
                for router in targets {
                    if let Some(child) = child {
                        self.routers.mount(router, child, at, prefix.clone(), Vec::new());
                    }
                }
            }
            ("Mount", [prefix, handler]) => {
                let prefix = path_of(self, prefix);
                let mut guards = Vec::new();
                let inner = unwrapped(self.context, here(handler), &mut guards, 0);
                for child in self.routers_of(inner) {
                    for router in &targets {
                        self.routers.mount(*router, child, at, prefix.clone(), guards.clone());
                    }
                }
            }
            ("Handle" | "HandleFunc", [path, handler]) => {
                let path = path_of(self, path);
                self.handle(&targets, at, None, &path, here(handler), &[]);
            }
            ("Method" | "MethodFunc", [_, _, _]) => {
                let values: Vec<ExprRef> = args.iter().map(here).collect();
                for round in rounds(self.context, &values) {
                    let method = method_of(self.context, round.args[0]).unwrap_or(Method::Any);
                    let path = round.string(self.context, 1).map_or("/{?}".to_owned(), |p| braced(&p));
                    self.handle(&targets, at, Some(method), &path, round.args[2], &[]);
                }
            }
            (verb, [path, handler]) => {
                let Some(method) = Method::of(verb).filter(|_| verb != "Any") else { return };
                let path = path_of(self, path);
                self.handle(&targets, at, Some(method), &path, here(handler), &[]);
            }
            _ => {}
        }
    }

    /// What is wrapped around a router where the server is given it.
    fn servers(&mut self, id: ModuleId) {
        let module = self.context.program.module(id);
        let mut served: Vec<ExprId> = Vec::new();
        for (call, callee) in self.context.program.calls(id) {
            let ExprKind::Call { args, .. } = &module.expr(call).kind else { continue };
            let name = callee.name.map_or("", |n| n.as_str());
            match (name, args.len()) {
                ("ListenAndServe", 2) => served.push(args[1].value),
                ("ListenAndServeTLS", 4) => served.push(args[3].value),
                ("Serve", 2) => served.push(args[1].value),
                ("Server", 1) => {
                    if let Some(entry) = self.context.entry(ExprRef { module: id, expr: args[0].value }, "Handler") {
                        served.push(entry.expr);
                    }
                }
                _ => {}
            }
        }
        for expr in served {
            let at = ExprRef { module: id, expr };
            for origin in self.context.origins(at) {
                let mut guards = Vec::new();
                let inner = unwrapped(self.context, origin, &mut guards, 0);
                if guards.is_empty() || self.kind(inner).is_none() {
                    continue;
                }
                for child in self.routers_of(inner) {
                    self.routers.mount(at, child, at, String::new(), guards.clone());
                }
            }
        }
    }
}

/// `{id:[0-9]+}` and `{rest...}` as names alone, `*` as a rest.
fn braced(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let mut depth = 1;
        let end = after.find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        let Some(end) = end else { break };
        let name = after[..end].split(':').next().unwrap_or("").trim_end_matches("...");
        out.push_str(&format!("{{{name}}}"));
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    match out.strip_suffix('*') {
        Some(prefix) => format!("{prefix}{{*}}"),
        None => out,
    }
}
