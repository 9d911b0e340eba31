//! Connexion: routes that an OpenAPI document declares, with handlers by their `operationId`.

use base::{Language, Symbol};
use program::{FnId, ModuleId, Value};

use super::contract::{self, Operation};
use super::{Adapter, Context, Found};
use crate::{Handler, Input, Place, Route};

pub struct Connexion;

impl Adapter for Connexion {
    fn name(&self) -> &'static str {
        "Connexion"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Python && context.imports(module, "connexion")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let operations = contract::operations(context);
        if operations.is_empty()
            && let Some(module) = context.modules().find(|m| self.uses(context, *m))
        {
            let start = context.program.module(module).span(ir::Range::default());
            found.gap("routes of a document that is not in the repository", start);
        }
        for operation in operations {
            let function = handler(context, &operation.id);
            if function.is_none() {
                found.gap("an operation whose function is not found", operation.span);
            }
            let span = function.map_or(operation.span, |f| context.function_span(f));
            let Operation { method, path, id, span: declared, guards } = operation;
            let handler = Handler { name: id, function, span };
            let mut route = Route::new("Connexion", method, path, declared, Some(handler), guards);
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
