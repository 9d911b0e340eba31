//! Rocket: handlers with route attributes, mounted under a path; request guards are types of parameters.

use base::{Language, Symbol};
use ir::{CallKind, ExprKind, TypeId, TypeKind};
use program::{ExprRef, FnId, ModuleId, Value};

use super::actix::extractors;
use super::{Adapter, Context, Found};
use crate::entities::{Input, Place, join_path};
use crate::{Handler, Method, Route};

/// The adapter.
pub(crate) struct Rocket;

impl Adapter for Rocket {
    fn name(&self) -> &'static str {
        "Rocket"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Rust && context.imports(module, "rocket")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut mounted: Vec<FnId> = Vec::new();
        for id in rust_modules(context) {
            for (call, _) in context.program.calls(id) {
                let module = context.program.module(id);
                let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
                let (true, [path, handlers]) = (*name == "mount", args.as_slice()) else { continue };
                let here = |expr| ExprRef { module: id, expr };
                let prefix = context.string(here(path.value)).map_or_else(|| "/{?}".to_owned(), |p| p.to_string());
                let mut functions = Vec::new();
                listed(context, here(handlers.value), 0, &mut functions);
                for function in functions {
                    mounted.push(function);
                    routes(context, function, &prefix, found);
                }
            }
        }
        // mounted in a way that was not understood: by a list that is made elsewhere
        for id in rust_modules(context).filter(|id| self.uses(context, *id)) {
            for (function, _) in context.program.module(id).functions() {
                let function = FnId { module: id, function };
                if !mounted.contains(&function) {
                    routes(context, function, "", found);
                }
            }
        }
    }
}

fn rust_modules<'c>(context: &'c Context<'c>) -> impl Iterator<Item = ModuleId> + 'c {
    context.modules().filter(|id| context.program.module(*id).language == Language::Rust)
}

/// The handlers that `routes![a, b]` names, also where a function or variable gives the list.
fn listed(context: &Context<'_>, at: ExprRef, depth: u32, found: &mut Vec<FnId>) {
    if depth > 6 {
        return;
    }
    let module = context.program.module(at.module);
    let here = |expr| ExprRef { module: at.module, expr };
    match &module.expr(at.expr).kind {
        ExprKind::Call { kind: CallKind::Macro, args, .. } => {
            for arg in args {
                let values = context.eval(here(arg.value)).into_iter();
                found.extend(values.filter_map(|v| if let Value::Function(f) = v { Some(f) } else { None }));
            }
        }
        ExprKind::Call { .. } => {
            for function in context.program.call(at).map(|c| c.functions.clone()).unwrap_or_default() {
                let scopes = context.program.scopes(function.module);
                for expr in scopes.returns[function.function.0 as usize].clone() {
                    listed(context, ExprRef { module: function.module, expr }, depth + 1, found);
                }
            }
        }
        ExprKind::Name(_) => {
            if let Some(defined) = context.program.definition(at).filter(|d| *d != at) {
                listed(context, defined, depth + 1, found);
            }
        }
        _ => {}
    }
}

/// Whether a segment of a path may be any text: a `PathBuf` leads nowhere else, and the project's own types say
/// themselves what they are made of.
fn is_text(module: &ir::Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or("");
            matches!(last, "String" | "str" | "RawStr") || args.first().is_some_and(|inner| is_text(module, *inner))
        }
        TypeKind::Ref(inner) | TypeKind::Optional(inner) => is_text(module, *inner),
        _ => true,
    }
}

/// The routes that the attributes of a handler declare: `#[get("/users/<id>?<page>", data = "<body>")]`.
fn routes(context: &Context<'_>, function: FnId, prefix: &str, found: &mut Found) {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    for annotation in &item.annotations {
        let ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { continue };
        let name = module.dotted(*callee).unwrap_or_default();
        let mut method = Method::of(name.rsplit('.').next().unwrap_or("")).filter(|m| *m != Method::Any);
        let mut texts = args.iter().filter(|a| a.name.is_none());
        if name.ends_with("route") {
            method = texts.next().and_then(|a| module.dotted(a.value)).and_then(|m| Method::of(&m));
        }
        let uri = args.iter().find(|a| a.name.is_some_and(|n| n == "uri" || n == "path"));
        let uri = uri.or_else(|| texts.next()).and_then(|a| module.string(a.value));
        let (Some(method), Some(uri)) = (method, uri) else { continue };
        let data = args.iter().find(|a| a.name.is_some_and(|n| n == "data")).and_then(|a| module.string(a.value));
        let (path, query) = uri.as_str().split_once('?').unwrap_or((uri.as_str(), ""));
        let handler = Handler {
            name: context.program.function_name(function),
            function: Some(function),
            span: context.function_span(function),
        };
        let full = join_path(prefix, &path.replace("..>", ">").replace('<', "{").replace('>', "}"));
        let span = module.expr_span(*annotation);
        let guards = extractors(context, function);
        let mut route = Route::new("Rocket", method, full, span, Some(handler), guards);
        let data = data.map_or("", Symbol::as_str);
        for (names, place) in [(query, Place::Query), (data, Place::Body)] {
            let names = names.split('&').filter_map(|part| part.split_once('<')?.1.strip_suffix('>'));
            route.inputs.extend(names.map(|name| Input {
                name: name.trim_end_matches("..").to_owned(),
                place,
                ty: None,
                constraints: Vec::new(),
                validated: false,
                span: None,
            }));
        }
        route.inputs.retain(|input| {
            let param = item.params.iter().find(|p| p.name == input.name.as_str());
            input.place != Place::Path || param.and_then(|p| p.ty).is_none_or(|ty| is_text(module, ty))
        });
        found.routes.push(route);
    }
}
