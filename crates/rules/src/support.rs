//! What several rules ask of the model.

use base::{FileRole, Severity, Span, Stage};
use model::{Effect, Kind, Model, Route};
use program::{ExprRef, FnId};

/// Calls below a handler that are still its doing.
pub const HANDLER_DEPTH: usize = 5;

/// Whether a place is production code.
pub fn is_production(model: &Model, span: Span) -> bool {
    matches!(model.role(span), FileRole::Production)
}

/// Routes of production code.
pub fn routes(model: &Model) -> impl Iterator<Item = &Route> {
    model.routes.iter().filter(|r| is_production(model, r.span))
}

/// The function that answers a route.
pub fn handler(route: &Route) -> Option<FnId> {
    route.handler.as_ref().and_then(|h| h.function)
}

/// The effects of a route's handler and what it calls.
pub fn route_effects<'m>(model: &'m Model, route: &Route) -> Vec<&'m Effect> {
    handler(route).map(|f| model.effects_from(f, HANDLER_DEPTH)).unwrap_or_default()
}

/// Effects of one kind in production code.
pub fn effects(model: &Model, kind: Kind) -> impl Iterator<Item = &Effect> {
    model.effects.iter().filter(move |e| e.kind == kind && is_production(model, e.span))
}

/// The function around an expression, by its name; empty at the top of a file.
pub fn around(model: &Model, at: ExprRef) -> String {
    let owner = model.program.scopes(at.module).owner(at.expr);
    owner
        .function
        .map_or_else(String::new, |function| model.program.function_name(FnId { module: at.module, function }))
}

/// The path of a span's file.
pub fn path(model: &Model, span: Span) -> &str {
    &model.sources.file(span.file).path
}

/// The language tag for code blocks at a span.
pub fn tag(model: &Model, span: Span) -> &'static str {
    model.sources.file(span.file).language.map_or("", |l| l.tag())
}

/// The stage and severity that a rule's metadata starts from; keeps rule files short.
pub const fn info(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    stage: Stage,
    rows: &'static [&'static str],
    cwe: &'static [u32],
    owasp: &'static [&'static str],
) -> base::RuleInfo {
    base::RuleInfo {
        id,
        title,
        severity,
        persona: base::Persona::Regular,
        stage,
        rows,
        cwe,
        owasp,
        security_severity: None,
        escalation: None,
        page: "",
    }
}
