//! Schemas of routes: requests that do not fit are turned away before the handler.

use ir::ExprKind;
use program::ExprRef;

use super::super::Context;
use super::entry;
use crate::guards::declared;
use crate::{Guard, GuardKind, Input, Place, Route};

const PLACES: [(&str, Place); 5] = [
    ("body", Place::Body),
    ("querystring", Place::Query),
    ("query", Place::Query),
    ("params", Place::Path),
    ("headers", Place::Header),
];

/// What a schema checks: each property where they are known, else the place as a whole (with no name).
pub(super) fn inputs(context: &Context<'_>, schema: ExprRef) -> Vec<Input> {
    let mut found = Vec::new();
    for (key, place) in PLACES {
        let Some(at) = entry(context, schema, key) else { continue };
        let span = Some(context.program.span(at));
        let input = |name: &str, ty: Option<String>| Input {
            name: name.to_owned(),
            place,
            ty,
            constraints: Vec::new(),
            validated: true,
            span,
        };
        let known = properties(context, at);
        match known.is_empty() {
            true => found.push(input("", None)),
            false => found.extend(known.into_iter().map(|(name, ty)| input(&name, ty))),
        }
    }
    found
}

/// A schema that checks nothing of the request (only answers, or words for the documentation) guards nothing.
pub(super) fn guard(context: &Context<'_>, schema: ExprRef, inputs: &[Input]) -> Option<Guard> {
    let is_known = context.origins(schema).iter().any(|o| matches!(context.program.expr(*o).kind, ExprKind::Map(_)));
    (!inputs.is_empty() || !is_known).then(|| declared(GuardKind::Validation, "schema", context.program.span(schema)))
}

/// Adds what a schema says to the inputs of a route.
pub(super) fn add(route: &mut Route, inputs: &[Input]) {
    for input in inputs {
        if input.place != Place::Path {
            route.inputs.push(input.clone());
            continue;
        }
        for own in route.inputs.iter_mut().filter(|i| i.place == Place::Path) {
            if input.name.is_empty() || own.name == input.name {
                own.validated = true;
                own.ty = input.ty.clone().or(own.ty.take());
            }
        }
    }
}

/// `{ type: 'object', properties: { id: { type: 'integer' } } }`, `Type.Object({ id: Type.Integer() })`.
fn properties(context: &Context<'_>, at: ExprRef) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for origin in context.origins(at) {
        let fields = match &context.program.expr(origin).kind {
            ExprKind::Map(_) => entry(context, origin, "properties"),
            ExprKind::Call { args, .. } => args.first().map(|a| ExprRef { module: origin.module, expr: a.value }),
            _ => None,
        };
        let Some(fields) = fields else { continue };
        for fields in context.origins(fields) {
            let module = context.program.module(fields.module);
            let ExprKind::Map(entries) = &module.expr(fields.expr).kind else { continue };
            for field in entries {
                let Some(name) = field.key.and_then(|k| module.string(k)) else { continue };
                found.push((name.to_string(), type_of(context, ExprRef { module: fields.module, expr: field.value })));
            }
        }
    }
    found
}

/// `{ type: 'integer' }`, `Type.Optional(Type.Integer())`, `z.coerce.number().min(1)`.
fn type_of(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Map(_) => entry(context, at, "type").and_then(|t| context.string(t)).map(|t| t.to_string()),
        ExprKind::Call { .. } => module.exprs_within(module.expr(at.expr).range).find_map(|(_, e)| {
            let ExprKind::Member { name, .. } = &e.kind else { return None };
            let name = name.as_str().to_ascii_lowercase();
            matches!(name.as_str(), "number" | "integer" | "boolean" | "string" | "array" | "object" | "date")
                .then_some(name)
        }),
        _ => None,
    }
}
