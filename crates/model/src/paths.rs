//! What becomes of paths beside the flow of data: code that looks at them segment by segment, and parts of a
//! request's path that are one segment.

use base::{Language, SourceMap, Span};
use flow::{Flow, Kind, Place};
use ir::ExprKind;
use program::{FnId, Program};

use crate::{Model, Route};

/// Whether one of the functions that a name of a file goes through asks for the segments that lead upwards:
/// `path.components().any(|c| c == Component::ParentDir)`.
pub(crate) fn is_taken_apart(program: &Program, flow: &Flow) -> bool {
    if flow.sink.kind != Kind::Path {
        return false;
    }
    let at = flow.sink.at;
    let module = program.module(at.module);
    if module.language != Language::Rust {
        return false;
    }
    let mut function = program.scopes(at.module).owner(at.expr).function;
    while let Some(outer) = function.and_then(|f| module.function(f).parent) {
        function = Some(outer);
    }
    function.is_some_and(|function| asks_for_segments(program, FnId { module: at.module, function }))
}

/// Whether data is an upload whose name the framework has cut down to its last segment: Django's.
pub(crate) fn is_named_by_framework(sources: &SourceMap, flow: &Flow) -> bool {
    let at = flow.source.span;
    flow.sink.kind == Kind::Path
        && flow.source.place == Place::File
        && sources.file(at.file).language == Some(Language::Python)
        && sources.text(at).contains(".FILES")
}

fn asks_for_segments(program: &Program, function: FnId) -> bool {
    let module = program.module(function.module);
    module.exprs_within(module.function(function.function).range).any(|(_, item)| {
        matches!(&item.kind, ExprKind::Member { name, object, .. }
            if matches!(name.as_str(), "ParentDir" | "Normal")
                && module.dotted(*object).is_some_and(|d| d == "Component" || d.ends_with(".Component")))
    })
}

/// Frameworks whose path parameters are matched against the decoded path and hold no separator.
const ONE_SEGMENT: [&str; 3] = ["FastAPI", "Flask", "Django"];

/// Frameworks whose servers refuse or keep an encoded separator in a path, unless they are told otherwise.
const USUALLY_ONE_SEGMENT: [&str; 2] = ["Spring Boot", "ASP.NET Core"];

impl Model {
    /// Whether what flows is a part of the path that cannot hold a separator: the file it names lies in one
    /// folder, whatever the caller sends.
    pub fn is_one_segment(&self, flow: &Flow) -> bool {
        self.is_segment_of(flow, &ONE_SEGMENT)
    }

    /// Whether what flows is a part of the path into which the server lets no separator as it is delivered.
    /// Rack cuts the name of an upload down to its last segment.
    pub fn is_usually_one_segment(&self, flow: &Flow) -> bool {
        let at = |span: Span| {
            self.sources.file(span.file).language == Some(Language::Ruby)
                && self.sources.text(span).contains("original_filename")
        };
        let mut places = flow.steps.iter().map(|s| s.span).chain([self.program.span(flow.sink.at)]);
        places.any(at) || self.is_segment_of(flow, &USUALLY_ONE_SEGMENT)
    }

    fn is_segment_of(&self, flow: &Flow, frameworks: &[&str]) -> bool {
        let (Place::Path, Some(name)) = (flow.source.place, flow.source.name) else { return false };
        let takes = |route: &&Route| {
            let handler = route.handler.as_ref().and_then(|h| h.function);
            frameworks.contains(&route.framework)
                && route.inputs.iter().any(|i| i.place == crate::Place::Path && name == i.name.as_str())
                && handler.is_some_and(|f| {
                    let module = self.program.module(f.module);
                    module.file == flow.source.span.file
                        && module.function(f.function).range.contains(flow.source.span.into())
                })
        };
        let mut routes = self.routes.iter().filter(takes).peekable();
        routes.peek().is_some()
            && routes.all(|route| {
                let declared = self.sources.text(route.span);
                let many = ["<path:", ":path}", "re_path", "(?P", "url(", "**", "{*"];
                !many.iter().any(|many| declared.contains(many) || route.path.contains(many))
            })
    }
}
