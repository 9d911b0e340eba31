//! Whether an answer says that it is no markup.

use base::Symbol;
use ir::{ExprId, ExprKind, Module};
use program::{ExprRef, Program};

/// Whether the functions around a place give their answer a type, and one that browsers do not render.
pub fn is_declared_otherwise(program: &Program, at: ExprRef) -> bool {
    let module = program.module(at.module);
    let mut function = program.scopes(at.module).owner(at.expr).function;
    let (mut renders, mut other) = (false, false);
    while let Some(id) = function {
        let range = module.function(id).range;
        for (expr, item) in module.exprs_within(range) {
            let declared = match &item.kind {
                ExprKind::Call { .. } => of_call(module, expr),
                ExprKind::Assign { target, value, .. } => of_assignment(module, *target, *value),
                ExprKind::Map(entries) => entries.iter().find_map(|e| {
                    let key = module.string(e.key?)?;
                    is_header(key).then(|| module.string(e.value)).flatten()
                }),
                _ => None,
            };
            if let Some(declared) = declared {
                match renders_markup(declared.as_str()) {
                    true => renders = true,
                    false => other = true,
                }
            }
        }
        for stmt in module.stmts() {
            if let ir::StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind
                && range.contains(module.expr(*target).range)
                && let Some(declared) = of_assignment(module, *target, *value)
            {
                match renders_markup(declared.as_str()) {
                    true => renders = true,
                    false => other = true,
                }
            }
        }
        function = module.function(id).parent;
        // what the functions around declare counts only where this one says nothing
        if renders || other {
            break;
        }
    }
    other && !renders
}

/// `setHeader("Content-Type", "text/plain")`, `type("json")`.
fn of_call(module: &Module, call: ExprId) -> Option<Symbol> {
    let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return None };
    let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &module.expr(*callee).kind else { return None };
    let first = module.string(args.first()?.value)?;
    if matches!(name.as_str(), "type" | "contentType" | "setContentType" | "content_type") {
        return Some(first);
    }
    is_header(first).then(|| module.string(args.get(1)?.value)).flatten()
}

/// `response.contentType = "text/plain"`, `headers["Content-Type"] = …`.
fn of_assignment(module: &Module, target: ExprId, value: ExprId) -> Option<Symbol> {
    let is_type = match &module.expr(target).kind {
        ExprKind::Member { name, .. } => {
            matches!(name.as_str(), "type" | "contentType" | "ContentType" | "content_type")
        }
        ExprKind::Index { index, .. } => module.string(*index).is_some_and(is_header),
        _ => false,
    };
    is_type.then(|| module.string(value)).flatten()
}

fn is_header(name: Symbol) -> bool {
    name.as_str().eq_ignore_ascii_case("content-type")
}

fn renders_markup(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    ["html", "xml", "svg"].iter().any(|m| media.contains(m))
}
