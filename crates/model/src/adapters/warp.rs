//! warp: chains of filters that end in a handler. What the filters extract, in order, is what it is given.

use base::{Language, Symbol};
use ir::{Arg, CallKind, ExprId, ExprKind};
use program::{ExprRef, ModuleId};

use super::{Adapter, Context, Found};
use crate::entities::{Input, Place, join_path};
use crate::{Guard, Method, Route};

/// The adapter.
pub(crate) struct Warp;

/// How deep filters are looked for in functions and variables.
const MAX_DEPTH: u32 = 8;

impl Adapter for Warp {
    fn name(&self) -> &'static str {
        "Warp"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Rust && context.imports(module, "warp")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        for id in context.modules().filter(|id| self.uses(context, *id)) {
            let module = context.program.module(id);
            for (call, _) in context.program.calls(id) {
                let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                if !matches!(name.as_str(), "map" | "then" | "and_then" | "untuple_one") || args.len() != 1 {
                    continue;
                }
                let mut filter = Filter::default();
                filter.add(context, ExprRef { module: id, expr: *object }, 0);
                if !filter.is_route {
                    continue;
                }
                let mut handler = context.handler(ExprRef { module: id, expr: args[0].value });
                if handler.function.is_none()
                    && let ExprKind::Name(name) = &module.expr(args[0].value).kind
                {
                    // `let create = path("todos").and_then(create)`: the function of that name
                    let named = module.functions().find(|(_, f)| f.name == Some(*name) && f.parent.is_none());
                    handler.function = named.map(|(function, _)| program::FnId { module: id, function });
                }
                let path = join_path("", &filter.path);
                let span = super::actix::last_call_span(context, ExprRef { module: id, expr: call });
                let method = filter.method.unwrap_or(Method::Any);
                let params = handler.function.map(|f| context.program.function(f).params.clone()).unwrap_or_default();
                let mut route = Route::new("Warp", method, path, span, Some(handler), filter.guards);
                route.inputs.clear();
                for (param, place) in params.iter().zip(filter.extracted) {
                    let Some(place) = place else { continue };
                    route.inputs.push(Input {
                        name: param.name.to_string(),
                        place,
                        ty: None,
                        constraints: Vec::new(),
                        validated: false,
                        span: None,
                    });
                }
                found.routes.push(route);
            }
        }
    }
}

/// What a filter says.
#[derive(Default)]
struct Filter {
    /// Whether it looks at requests at all: it has a path or a method.
    is_route: bool,
    path: String,
    method: Option<Method>,
    guards: Vec<Guard>,
    /// What it gives the handler; nothing known of what other filters make.
    extracted: Vec<Option<Place>>,
}

impl Filter {
    fn add(&mut self, context: &Context<'_>, at: ExprRef, depth: u32) {
        if depth > MAX_DEPTH {
            return;
        }
        let module = context.program.module(at.module);
        let here = |expr| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Call { callee, args, kind, .. } => {
                let dotted = module.dotted(*callee).unwrap_or_default();
                let known = dotted.strip_prefix("warp.").map(str::to_owned);
                let known = known.or_else(|| {
                    let external = context.program.call(at)?.external.first()?;
                    external.as_str().strip_prefix("warp.").filter(|n| !n.contains('#')).map(str::to_owned)
                });
                if let Some(known) = known {
                    return self.builtin(context, &known, *kind, args, at);
                }
                if let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind {
                    self.add(context, here(*object), depth + 1);
                    return self.combined(context, *name, args, at.module, depth);
                }
                self.function(context, at, depth);
            }
            ExprKind::Name(_) => {
                if let Some(defined) = context.program.definition(at).filter(|d| *d != at) {
                    self.add(context, defined, depth + 1);
                }
            }
            ExprKind::Unary { operand, .. } => self.add(context, here(*operand), depth + 1),
            _ => {}
        }
    }

    /// `.and(other)`, `.map(|| …)`
    fn combined(&mut self, context: &Context<'_>, name: Symbol, args: &[Arg], module: ModuleId, depth: u32) {
        match (name.as_str(), args) {
            ("and", [other]) => self.add(context, ExprRef { module, expr: other.value }, depth + 1),
            ("map" | "and_then" | "then", [_]) => self.extracted = vec![None],
            ("or", [_]) => {
                self.extracted.clear();
                self.is_route = false;
            }
            _ => {}
        }
    }

    /// A filter that a function of the repository makes.
    fn function(&mut self, context: &Context<'_>, at: ExprRef, depth: u32) {
        let functions = context.program.call(at).map(|c| c.functions.clone()).unwrap_or_default();
        let Some(function) = functions.first() else {
            self.extracted.push(None);
            return;
        };
        let scopes = context.program.scopes(function.module);
        let Some(expr) = scopes.returns[function.function.0 as usize].first().copied() else { return };
        let mut inner = Filter::default();
        inner.add(context, ExprRef { module: function.module, expr }, depth + 1);
        let name = context.program.function_name(*function);
        let (kind, evidence) = context.function_guard(*function, &name);
        if kind != crate::GuardKind::Other {
            let span = context.program.span(at);
            self.guards.push(Guard { kind, name, span, function: Some(*function), evidence });
        }
        self.is_route |= inner.is_route;
        self.path.push_str(&inner.path);
        self.method = self.method.or(inner.method);
        self.guards.extend(inner.guards);
        self.extracted.extend(inner.extracted);
    }

    /// A filter of the library, by its name below `warp`.
    fn builtin(&mut self, context: &Context<'_>, name: &str, kind: CallKind, args: &[Arg], at: ExprRef) {
        let text = |arg: &Arg| context.string(ExprRef { module: at.module, expr: arg.value });
        match name {
            "path" if kind == CallKind::Macro => args.iter().for_each(|a| self.segments(context, at.module, a.value)),
            "path" | "path.path" => {
                self.is_route = true;
                let segment = args.first().and_then(text).map_or("{?}".to_owned(), |s| s.to_string());
                self.path.push_str(&format!("/{segment}"));
            }
            "path.param" => {
                self.segment();
                // `path::param::<u64>()`
                let written = context.sources.text(context.program.span(at));
                if written.contains("::<") && !written.contains("String") {
                    self.extracted.pop();
                    self.extracted.push(None);
                }
            }
            "path.tail" | "path.full" | "path.peek" => {
                self.is_route |= name == "path.tail";
                self.extracted.push(Some(Place::Path));
            }
            "path.end" => self.is_route = true,
            "query" | "query.query" | "query.raw" | "filters.query.query" | "filters.query.raw" => {
                self.extracted.push(Some(Place::Query));
            }
            "body.json" | "body.form" | "body.bytes" | "body.aggregate" | "body.stream" => {
                self.extracted.push(Some(Place::Body));
            }
            "multipart.form" => self.extracted.push(Some(Place::File)),
            "header" | "header.header" | "header.optional" | "header.value" | "header.headers_cloned" => {
                self.extracted.push(Some(Place::Header));
            }
            "cookie" | "cookie.cookie" | "cookie.optional" => self.extracted.push(Some(Place::Cookie)),
            "ws" | "method" | "addr.remote" | "ext.get" | "ext.optional" | "fs.dir" | "fs.file" => {
                self.extracted.push(None);
            }
            _ => {
                if let Some(method) = Method::of(name) {
                    self.is_route = true;
                    self.method = Some(method).filter(|m| *m != Method::Any);
                }
            }
        }
    }

    fn segment(&mut self) {
        self.is_route = true;
        self.path.push_str("/{?}");
        self.extracted.push(Some(Place::Path));
    }

    /// `path!("users" / u32 / "posts")`
    fn segments(&mut self, context: &Context<'_>, id: ModuleId, expr: ExprId) {
        let module = context.program.module(id);
        match &module.expr(expr).kind {
            ExprKind::Binary { left, right, .. } => {
                let (left, right) = (*left, *right);
                self.segments(context, id, left);
                self.segments(context, id, right);
            }
            ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::TypeExpr(_) => self.segment(),
            _ => {
                self.is_route = true;
                if let Some(text) = module.string(expr) {
                    self.path.push_str(&format!("/{text}"));
                }
            }
        }
    }
}
