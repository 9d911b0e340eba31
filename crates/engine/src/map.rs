//! The model itself, for people and for programs.

use std::fmt::Write as _;

use base::{GapKind, Span};
use serde_json::{Value, json};

use crate::Session;

/// The model as versioned JSON (`specialist-map/v1`). Paths are relative, path parameters `{name}`.
pub fn json(session: &Session) -> Value {
    let sources = &session.sources;
    let place = |span: Span| {
        let at = sources.start(span);
        json!({"file": sources.file(span.file).path, "line": at.line})
    };
    let routes: Vec<Value> = session
        .model
        .routes
        .iter()
        .map(|route| {
            let at = sources.start(route.span);
            let handler = route.handler.as_ref().map(|h| {
                let at = sources.start(h.span);
                json!({"name": h.name, "file": sources.file(h.span.file).path, "line": at.line})
            });
            let guards: Vec<Value> = route
                .guards
                .iter()
                .map(|g| {
                    let mut value = json!({"kind": g.kind, "name": g.name, "evidence": g.evidence});
                    value["at"] = place(g.span);
                    value
                })
                .collect();
            let inputs: Vec<Value> = route
                .inputs
                .iter()
                .map(|i| json!({"name": i.name, "in": i.place, "type": i.ty, "constraints": i.constraints, "validated": i.validated}))
                .collect();
            json!({
                "method": route.method.name(),
                "path": route.path,
                "file": sources.file(route.span.file).path,
                "line": at.line,
                "handler": handler,
                "auth": route.auth,
                "guards": guards,
                "inputs": inputs,
                "framework": route.framework,
                "service": route.service,
            })
        })
        .collect();
    let gaps: Vec<Value> = session
        .gaps()
        .iter()
        .filter(|g| g.kind == GapKind::Framework)
        .map(|g| json!({"what": g.what, "at": g.span.map(place)}))
        .collect();
    json!({
        "schema": "specialist-map/v1",
        "summary": session.summary(),
        "services": session.model.services,
        "routes": routes,
        "gaps": gaps,
    })
}

/// The model as a table by service.
pub fn table(session: &Session) -> String {
    let mut out = String::new();
    let model = &session.model;
    let summary = session.summary();
    let _ = writeln!(
        out,
        "{} routes in {} files ({}); {} of {} calls resolved.",
        summary.routes,
        summary.files,
        if summary.frameworks.is_empty() { "no framework found".to_owned() } else { summary.frameworks.join(", ") },
        summary.calls_resolved,
        summary.calls
    );
    for service in &model.services {
        let routes: Vec<_> = model.routes.iter().filter(|r| r.service == service.name).collect();
        let name = if service.name == "." { "(root)" } else { &service.name };
        let _ = writeln!(out, "\n{name}");
        let width = routes.iter().map(|r| r.path.chars().count()).max().unwrap_or(0).min(60);
        for route in routes {
            let guards: Vec<&str> = route.guards.iter().map(|g| g.name.as_str()).collect();
            let auth = serde_json::to_value(route.auth).ok();
            let auth = auth.as_ref().and_then(Value::as_str).unwrap_or("");
            let handler = route.handler.as_ref().map_or("?", |h| h.name.as_str());
            let at = session.sources.start(route.span);
            let _ = writeln!(
                out,
                "  {:7} {:width$}  {:8}  {}  [{}]  {}:{}",
                route.method.name(),
                route.path,
                auth,
                handler,
                guards.join(", "),
                session.sources.file(route.span.file).path,
                at.line
            );
        }
    }
    let gaps = session.gaps().iter().filter(|g| g.kind == GapKind::Framework).count();
    if gaps > 0 {
        let _ = writeln!(out, "\n{gaps} places where routing could not be resolved (see --format json).");
    }
    out
}
