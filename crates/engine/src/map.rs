//! The model itself, for people and for programs. Tables and queries are in `map/data.rs`, pictures in `map/diagram.rs`.

mod data;
mod diagram;

pub use diagram::{dot, mermaid};

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
        "databases": data::schemas(session),
        "queries": data::queries(session),
        "gaps": gaps,
    })
}

/// The JSON schema of [`json`].
pub fn schema() -> Value {
    let place = json!({
        "type": "object",
        "required": ["file", "line"],
        "properties": {"file": {"type": "string"}, "line": {"type": "integer", "minimum": 1}},
    });
    let optional = |ty: &str| json!({"type": [ty, "null"]});
    let (databases, queries) = data::json_schemas(&place);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "specialist-map/v1",
        "type": "object",
        "required": ["schema", "summary", "services", "routes", "databases", "queries", "gaps"],
        "properties": {
            "schema": {"const": "specialist-map/v1"},
            "summary": {"type": "object"},
            "services": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "root"],
                    "properties": {"name": {"type": "string"}, "root": {"type": "string"}},
                },
            },
            "routes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["method", "path", "file", "line", "handler", "auth", "guards", "inputs", "framework", "service"],
                    "properties": {
                        "method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "ANY"]},
                        "path": {"type": "string", "description": "Parameters as {name}."},
                        "file": {"type": "string"},
                        "line": {"type": "integer", "minimum": 1},
                        "handler": {"anyOf": [{"type": "null"}, {
                            "type": "object",
                            "required": ["name", "file", "line"],
                            "properties": {"name": {"type": "string"}, "file": {"type": "string"}, "line": {"type": "integer"}},
                        }]},
                        "auth": {"enum": ["required", "optional", "none"]},
                        "guards": {"type": "array", "items": {
                            "type": "object",
                            "required": ["kind", "name", "evidence", "at"],
                            "properties": {
                                "kind": {"enum": [
                                    "authentication", "optional-authentication", "authorization", "anonymous", "csrf",
                                    "rate-limit", "validation", "cors", "other",
                                ]},
                                "name": {"type": "string"},
                                "evidence": {"enum": ["suspected", "shown", "proven"]},
                                "at": place,
                            },
                        }},
                        "inputs": {"type": "array", "items": {
                            "type": "object",
                            "required": ["name", "in", "type", "constraints", "validated"],
                            "properties": {
                                "name": {"type": "string"},
                                "in": {"enum": ["path", "query", "body", "header", "cookie", "file"]},
                                "type": optional("string"),
                                "constraints": {"type": "array", "items": {"type": "string"}},
                                "validated": {"type": "boolean"},
                            },
                        }},
                        "framework": {"type": "string"},
                        "service": {"type": "string"},
                    },
                },
            },
            "databases": databases,
            "queries": queries,
            "gaps": {"type": "array", "items": {
                "type": "object",
                "required": ["what", "at"],
                "properties": {"what": {"type": "string"}, "at": {"anyOf": [{"type": "null"}, place]}},
            }},
        },
    })
}

/// The model as a table by service, then the tables of its databases.
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
    data::table(session, &mut out);
    let gaps = session.gaps().iter().filter(|g| g.kind == GapKind::Framework).count();
    if gaps > 0 {
        let _ = writeln!(out, "\n{gaps} places where routing could not be resolved (see --format json).");
    }
    out
}
