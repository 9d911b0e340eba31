//! Whether code looks at a path segment by segment before it is used.

use flow::{Flow, Kind};
use ir::ExprKind;
use program::{FnId, Program};

/// Whether one of the functions that a name of a file goes through asks for the segments that lead upwards:
/// `path.components().any(|c| c == Component::ParentDir)`.
pub(crate) fn is_taken_apart(program: &Program, flow: &Flow) -> bool {
    if flow.sink.kind != Kind::Path {
        return false;
    }
    let at = flow.sink.at;
    let module = program.module(at.module);
    if module.language != base::Language::Rust {
        return false;
    }
    let mut function = program.scopes(at.module).owner(at.expr).function;
    while let Some(outer) = function.and_then(|f| module.function(f).parent) {
        function = Some(outer);
    }
    function.is_some_and(|function| asks_for_segments(program, FnId { module: at.module, function }))
}

fn asks_for_segments(program: &Program, function: FnId) -> bool {
    let module = program.module(function.module);
    module.exprs_within(module.function(function.function).range).any(|(_, item)| {
        matches!(&item.kind, ExprKind::Member { name, object, .. }
            if matches!(name.as_str(), "ParentDir" | "Normal")
                && module.dotted(*object).is_some_and(|d| d == "Component" || d.ends_with(".Component")))
    })
}
