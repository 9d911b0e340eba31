//! Connexion: routes that an OpenAPI document declares, with handlers by their `operationId`.

use base::{Evidence, Language, Symbol};
use program::{FnId, ModuleId, Value};

use super::{Adapter, Context, Found};
use crate::config::{self, ConfigEntry};
use crate::{Guard, GuardKind, Handler, Input, Method, Place, Route};

pub struct Connexion;

impl Adapter for Connexion {
    fn name(&self) -> &'static str {
        "Connexion"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Python && context.imports(module, "connexion")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let (entries, _) = config::read(context.sources);
        for entry in &entries {
            let Some(operation) = entry.key.strip_suffix(".operationId") else { continue };
            let Some((path, method)) = operation.strip_prefix("paths.").and_then(|o| o.rsplit_once('.')) else {
                continue;
            };
            let of_file = |e: &&ConfigEntry| e.span.file == entry.span.file;
            let here = entries.iter().filter(of_file);
            let Some(method) = Method::of(method) else { continue };
            let base = here.clone().find(|e| e.key == "basePath").map_or("", |e| e.value.trim_end_matches('/'));
            let function = handler(context, &entry.value);
            if function.is_none() {
                found.gap("an operation whose function is not found", entry.span);
            }
            let guards = secured(here, operation, entry);
            let span = function.map_or(entry.span, |f| context.function_span(f));
            let handler = Handler { name: entry.value.clone(), function, span };
            let mut route = Route::new("Connexion", method, format!("{base}{path}"), entry.span, Some(handler), guards);
            if let Some(function) = function {
                inputs(context, function, &mut route);
            }
            found.routes.push(route);
        }
    }
}

/// `package.module.function`
fn handler(context: &Context<'_>, id: &str) -> Option<FnId> {
    let (module, name) = id.rsplit_once('.')?;
    let ending = format!("/{}.py", module.replace('.', "/"));
    let module = context.modules().find(|m| format!("/{}", context.program.path(*m)).ends_with(&ending))?;
    context.evaluator(module).lookup(Symbol::new(name)).into_iter().find_map(|value| match value {
        Value::Function(function) => Some(function),
        _ => None,
    })
}

/// What the operation, or else the document, asks of callers.
fn secured<'e>(
    entries: impl Iterator<Item = &'e ConfigEntry> + Clone,
    operation: &str,
    at: &ConfigEntry,
) -> Vec<Guard> {
    let own = format!("{operation}.security");
    let is_open = entries.clone().any(|e| e.key == own && e.value == "[]");
    let of = |prefix: &str| {
        let prefix = format!("{prefix}.");
        entries.clone().find_map(|e| e.key.strip_prefix(&prefix).map(str::to_owned))
    };
    let scheme = of(&own).or_else(|| if is_open { None } else { of("security") });
    let guard = |name: String| Guard {
        kind: GuardKind::Authentication,
        name,
        span: at.span,
        function: None,
        evidence: Evidence::Shown,
    };
    scheme.map(guard).into_iter().collect()
}

/// Parameters that are no part of the path come from the query, or are the body.
fn inputs(context: &Context<'_>, function: FnId, route: &mut Route) {
    for param in &context.program.function(function).params {
        let name = param.name.to_string();
        if name.is_empty() || route.inputs.iter().any(|i| i.name == name) || param.kind != ir::ParamKind::Normal {
            continue;
        }
        let place = if name == "body" { Place::Body } else { Place::Query };
        let (ty, constraints, span) = (None, Vec::new(), None);
        route.inputs.push(Input { name, place, ty, constraints, validated: true, span });
    }
}
