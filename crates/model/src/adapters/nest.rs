//! NestJS: controllers, the global prefix, versions in paths, guards of every level, middleware of modules.

mod application;
mod guards;

use base::Symbol;
use ir::{ExprId, ExprKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};

use super::express::brace;
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::guards::declared;
use crate::{GuardKind, Handler, Input, Method, Place, Route};
use application::Application;

/// The adapter.
pub(crate) struct Nest;

impl Adapter for Nest {
    fn name(&self) -> &'static str {
        "NestJS"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language.is_ecmascript() && context.imports(module, "@nestjs/common")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let applications = application::all(context);
        for (class, info) in context.program.classes().all() {
            if !context.program.module(class.module).language.is_ecmascript() || context.is_test(class.module) {
                continue;
            }
            let item = context.program.class(class);
            let of_class = marks(context, class.module, &item.annotations);
            if of_class.iter().any(|m| m.name == "Resolver") {
                found.gap("a GraphQL resolver", context.program.module(class.module).span(item.name_range));
            }
            let Some(controller) = of_class.iter().find(|m| m.name == "Controller") else { continue };
            let application = Application::of(&applications, context.program.path(class.module));
            let mut methods: Vec<FnId> = info.methods.values().flatten().copied().collect();
            for base in context.program.classes().lineage(class).into_iter().skip(1) {
                let inherited = context.program.classes().info(base).into_iter().flat_map(|i| i.methods.iter());
                methods.extend(
                    inherited.filter(|(n, _)| !info.methods.contains_key(*n)).flat_map(|(_, m)| m.iter().copied()),
                );
            }
            methods.sort();
            for method in methods {
                let here = Controller { class, mark: controller, marks: &of_class, application };
                routes(context, &here, method, found);
            }
        }
    }
}

/// A decorator, with those that a decorator of the repository puts together.
pub(super) struct Mark {
    /// Its name in the library, such as `UseGuards`.
    pub name: Symbol,
    /// Where it is called.
    pub at: ExprRef,
}

impl Mark {
    fn args(&self, context: &Context<'_>) -> Vec<ExprRef> {
        let module = context.program.module(self.at.module);
        match &module.expr(self.at.expr).kind {
            ExprKind::Call { args, .. } => {
                args.iter().map(|a| ExprRef { module: self.at.module, expr: a.value }).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What the decorators of a class, method or parameter amount to.
pub(super) fn marks(context: &Context<'_>, module: ModuleId, annotations: &[ExprId]) -> Vec<Mark> {
    let mut found = Vec::new();
    for annotation in annotations {
        collect(context, ExprRef { module, expr: *annotation }, 3, &mut found);
    }
    found
}

fn collect(context: &Context<'_>, at: ExprRef, depth: u32, found: &mut Vec<Mark>) {
    let Some(callee) = context.program.call(at) else { return };
    if let Some(name) = callee.external.iter().find(|n| n.as_str().starts_with("@nestjs/")) {
        let name = name.as_str().rsplit(['.', '#']).next().unwrap_or_default();
        found.push(Mark { name: Symbol::new(name), at });
        return;
    }
    if callee.functions.is_empty() {
        // `const Roles = Reflector.createDecorator<string[]>()`, `const Public = SetMetadata('public', true)`
        let module = context.program.module(at.module);
        let ExprKind::Call { callee: maker, .. } = &module.expr(at.expr).kind else { return };
        let maker = ExprRef { module: at.module, expr: *maker };
        let Some(made) = context.program.definition(maker).filter(|_| depth > 0) else { return };
        match is_created(context, made) {
            true => found.push(Mark { name: Symbol::new("createDecorator"), at }),
            false => collect(context, made, depth - 1, found),
        }
        return;
    }
    for function in callee.functions.iter().filter(|_| depth > 0) {
        let module = context.program.module(function.module);
        let range = module.function(function.function).range;
        let calls = module.exprs_within(range).filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }));
        for (expr, _) in calls {
            collect(context, ExprRef { module: function.module, expr }, depth - 1, found);
        }
    }
}

fn is_created(context: &Context<'_>, at: ExprRef) -> bool {
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, .. } = &module.expr(at.expr).kind else { return false };
    matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "createDecorator")
}

struct Controller<'a> {
    class: ClassRef,
    mark: &'a Mark,
    marks: &'a [Mark],
    application: Option<&'a Application>,
}

/// A string, strings, or an object with `path`; one empty path where there is none.
fn paths(context: &Context<'_>, mark: &Mark) -> Vec<String> {
    let Some(first) = mark.args(context).first().copied() else { return vec![String::new()] };
    let given = object(context, first);
    let at = match given {
        Some(object) => match context.entry(object, "path") {
            Some(path) => path,
            None => return vec![String::new()],
        },
        None => first,
    };
    strings(context, at)
}

/// The object literal that an expression stands for.
fn object(context: &Context<'_>, at: ExprRef) -> Option<ExprRef> {
    let is_map = |at: &ExprRef| matches!(context.program.expr(*at).kind, ExprKind::Map(_));
    Some(at).filter(is_map).or_else(|| context.program.definition(at).filter(is_map))
}

/// A string or a list of strings; what is computed as `{?}`.
fn strings(context: &Context<'_>, at: ExprRef) -> Vec<String> {
    let module = context.program.module(at.module);
    let items = match &module.expr(at.expr).kind {
        ExprKind::List(items) if !items.is_empty() => items.clone(),
        _ => vec![at.expr],
    };
    let text = |expr| context.string(ExprRef { module: at.module, expr });
    items.into_iter().map(|e| text(e).map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str()))).collect()
}

fn verb(name: &str) -> Option<Method> {
    Some(match name {
        "Get" | "Sse" => Method::Get,
        "Post" => Method::Post,
        "Put" => Method::Put,
        "Patch" => Method::Patch,
        "Delete" => Method::Delete,
        "Head" => Method::Head,
        "Options" => Method::Options,
        "All" => Method::Any,
        _ => return None,
    })
}

fn routes(context: &Context<'_>, controller: &Controller<'_>, method: FnId, found: &mut Found) {
    let item = context.program.function(method);
    let own = marks(context, method.module, &item.annotations);
    for mapping in &own {
        let Some(verb) = verb(mapping.name.as_str()) else { continue };
        let module = context.program.module(mapping.at.module);
        // a decorator of the repository stands where it is used
        let span = match mapping.at.module == method.module && item.annotations.contains(&mapping.at.expr) {
            true => module.expr_span(mapping.at.expr),
            false => context.function_span(method),
        };
        for prefix in paths(context, controller.mark) {
            for path in paths(context, mapping) {
                let local = join_path(&prefix, &path);
                for path in full_paths(context, controller, &own, verb, &local) {
                    let guards = guards::before(context, controller, &own, verb, &local, &path);
                    let name = context.program.function_name(method);
                    let handler = Handler { name, function: Some(method), span: context.function_span(method) };
                    let mut route = Route::new("NestJS", verb, path, span, Some(handler), guards);
                    inputs(context, controller, &own, method, &mut route);
                    found.routes.push(route);
                }
            }
        }
    }
}

/// The global prefix, the version in the path, the path of the controller and the method.
fn full_paths(
    context: &Context<'_>,
    controller: &Controller<'_>,
    own: &[Mark],
    verb: Method,
    local: &str,
) -> Vec<String> {
    let Some(application) = controller.application else { return vec![join_path("", local)] };
    let prefix = match application.excludes(verb, local) {
        true => "",
        false => application.prefix.as_str(),
    };
    let Some(version_prefix) = &application.versions else { return vec![join_path(prefix, local)] };
    let of_method = own.iter().find(|m| m.name == "Version").and_then(|m| m.args(context).first().copied());
    let first = controller.mark.args(context).first().copied();
    let of_class = first.and_then(|at| object(context, at)).and_then(|o| context.entry(o, "version"));
    let versions = match of_method.or(of_class) {
        Some(at) => versions(context, at),
        None => application.default_versions.clone(),
    };
    if versions.is_empty() {
        return vec![join_path(prefix, local)];
    }
    let with = |version: &Option<String>| match version {
        Some(version) => join_path(&join_path(prefix, &format!("/{version_prefix}{version}")), local),
        None => join_path(prefix, local),
    };
    versions.iter().map(with).collect()
}

/// `'1'`, `['1', VERSION_NEUTRAL]`; `None` is the neutral version.
fn versions(context: &Context<'_>, at: ExprRef) -> Vec<Option<String>> {
    let module = context.program.module(at.module);
    let items = match &module.expr(at.expr).kind {
        ExprKind::List(items) => items.clone(),
        _ => vec![at.expr],
    };
    let version = |expr| {
        let neutral = module.dotted(expr).is_some_and(|n| n.ends_with("VERSION_NEUTRAL"));
        let text = context.string(ExprRef { module: at.module, expr }).map(|v| v.to_string());
        (!neutral).then(|| text.unwrap_or_else(|| "{?}".to_owned()))
    };
    items.into_iter().map(version).collect()
}

/// The classes that an expression stands for, itself or an instance.
pub(super) fn class_of(context: &Context<'_>, at: ExprRef) -> Option<ClassRef> {
    context.eval(at).iter().find_map(|v| match v {
        Value::Class(class) | Value::Instance(class) => Some(*class),
        _ => None,
    })
}

fn inputs(context: &Context<'_>, controller: &Controller<'_>, own: &[Mark], method: FnId, route: &mut Route) {
    let module = context.program.module(method.module);
    let is_piped = controller.application.is_some_and(|a| a.validates)
        || own.iter().chain(controller.marks).any(|m| m.name == "UsePipes" && names_pipe(context, m));
    for param in &module.function(method.function).params {
        for mark in marks(context, method.module, &param.annotations) {
            let place = match mark.name.as_str() {
                "Param" => Place::Path,
                "Query" => Place::Query,
                "Body" => Place::Body,
                "Headers" => Place::Header,
                "UploadedFile" | "UploadedFiles" => Place::File,
                _ => continue,
            };
            let args = mark.args(context);
            let name = args.first().and_then(|a| context.string(*a)).map(|n| n.to_string()).unwrap_or_default();
            let ty = param.ty.map(|t| context.sources.text(module.span(module.ty(t).range)).to_owned());
            let is_class = param.ty.is_some_and(|t| match &module.ty(t).kind {
                ir::TypeKind::Named { path, .. } => {
                    context.program.class_named(method.module, *path).is_some_and(|c| is_annotated(context, c))
                }
                _ => false,
            });
            let validated = names_pipe(context, &mark) || is_piped && is_class;
            let span = Some(module.span(param.range));
            let input = Input { name, place, ty, constraints: Vec::new(), validated, span };
            match route.inputs.iter_mut().find(|i| i.place == place && i.name == input.name) {
                Some(existing) => *existing = input,
                None => route.inputs.push(input),
            }
        }
    }
    if own.iter().chain(controller.marks).any(|m| m.name == "UsePipes" && names_pipe(context, m)) {
        route.guards.push(declared(GuardKind::Validation, "@UsePipes", route.span));
    }
}

/// Whether a decorator is given a pipe that checks: `ParseIntPipe`, `new ValidationPipe()`, one of the
/// repository's.
fn names_pipe(context: &Context<'_>, mark: &Mark) -> bool {
    mark.args(context).into_iter().any(|at| {
        let module = context.program.module(at.module);
        let callee = match &module.expr(at.expr).kind {
            ExprKind::Call { callee, .. } => *callee,
            _ => at.expr,
        };
        module.dotted(callee).is_some_and(|n| n.ends_with("Pipe") && !n.ends_with("DefaultValuePipe"))
    })
}

/// Whether the fields of a class say what they let through.
fn is_annotated(context: &Context<'_>, class: ClassRef) -> bool {
    let lineage = context.program.classes().lineage(class);
    lineage.into_iter().any(|c| context.program.class(c).fields.iter().any(|f| !f.annotations.is_empty()))
}
