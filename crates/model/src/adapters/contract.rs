//! OpenAPI documents of the repository, where code serves what a document declares.

use base::{Evidence, Span};

use super::Context;
use crate::config::{self, ConfigEntry};
use crate::{Guard, GuardKind, Method};

/// An operation that a document declares.
pub struct Operation {
    pub method: Method,
    /// Its path, after the document's `basePath` (OpenAPI 2).
    pub path: String,
    /// The `operationId`.
    pub id: String,
    /// Where that stands.
    pub span: Span,
    /// What the operation, or else the document, asks of callers.
    pub guards: Vec<Guard>,
}

/// The operations of all documents that have an `operationId`.
pub fn operations(context: &Context<'_>) -> Vec<Operation> {
    let entries = config::contracts(context.sources);
    let mut found = Vec::new();
    for document in entries.chunk_by(|a, b| a.span.file == b.span.file) {
        let base = document.iter().find(|e| e.key == "basePath").map_or("", |e| e.value.trim_end_matches('/'));
        for entry in document {
            let Some(operation) = entry.key.strip_suffix(".operationId") else { continue };
            let named = operation.strip_prefix("paths.").and_then(|o| o.rsplit_once('.'));
            let Some((path, Some(method))) = named.map(|(path, method)| (path, Method::of(method))) else { continue };
            found.push(Operation {
                method,
                path: format!("{base}{path}"),
                id: entry.value.clone(),
                span: entry.span,
                guards: secured(document, operation, entry.span),
            });
        }
    }
    found
}

fn secured(document: &[ConfigEntry], operation: &str, span: Span) -> Vec<Guard> {
    let own = format!("{operation}.security");
    let is_open = document.iter().any(|e| e.key == own && e.value == "[]");
    let of = |prefix: &str| {
        let prefix = format!("{prefix}.");
        document.iter().find_map(|e| e.key.strip_prefix(&prefix).map(str::to_owned))
    };
    let scheme = of(&own).or_else(|| if is_open { None } else { of("security") });
    let guard = |name| Guard { kind: GuardKind::Authentication, name, span, function: None, evidence: Evidence::Shown };
    scheme.map(guard).into_iter().collect()
}
