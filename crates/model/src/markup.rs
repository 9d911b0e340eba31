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

/// Whether a server that looks at the answer to find its type takes it for plain text: it begins with a text
/// of ours that is no markup, and nothing around speaks of markup.
pub fn is_found_to_be_text(program: &Program, at: ExprRef) -> bool {
    let module = program.module(at.module);
    if module.language != base::Language::Go {
        return false;
    }
    let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return false };
    let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &module.expr(*callee).kind else { return false };
    if !matches!(name.as_str(), "Fprintf" | "Fprint" | "Fprintln" | "Write" | "WriteString") {
        return false;
    }
    let begins = args.iter().rev().find_map(|arg| beginning(program, ExprRef { expr: arg.value, ..at }));
    if !begins.is_some_and(|text| !text.trim_start().is_empty() && !text.trim_start().starts_with('<')) {
        return false;
    }
    let mut function = program.scopes(at.module).owner(at.expr).function;
    while let Some(outer) = function.and_then(|f| module.function(f).parent) {
        function = Some(outer);
    }
    let Some(function) = function else { return false };
    let is_markup = |text: &str| {
        let tag = text
            .match_indices('<')
            .any(|(open, _)| text[open + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')));
        tag || text.starts_with("text/html")
    };
    !module.exprs_within(module.function(function).range).any(|(_, item)| match &item.kind {
        ExprKind::Literal(ir::Literal::Str(text)) => is_markup(text.as_str()),
        ExprKind::Template(parts) => {
            parts.iter().any(|p| matches!(p, ir::Part::Text(text) if is_markup(text.as_str())))
        }
        _ => false,
    })
}

/// The text that a value begins with.
fn beginning(program: &Program, at: ExprRef) -> Option<String> {
    let mut at = at;
    for _ in 0..24 {
        let module = program.module(at.module);
        if let Some(text) = module.string(at.expr) {
            return Some(text.to_string());
        }
        at = match &module.expr(at.expr).kind {
            ExprKind::Binary { left, .. } => ExprRef { expr: *left, ..at },
            ExprKind::Cast { value, .. } => ExprRef { expr: *value, ..at },
            ExprKind::Template(parts) => match parts.first()? {
                ir::Part::Text(text) => return Some(text.to_string()),
                ir::Part::Hole(hole) => ExprRef { expr: *hole, ..at },
            },
            ExprKind::Name(_) => program.definition(at).filter(|d| *d != at)?,
            _ => return None,
        };
    }
    None
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

/// Whether what is made is given on as plain text or JSON: `render plain: text.html_safe`.
pub fn is_given_as_text(program: &Program, at: ExprRef) -> bool {
    let module = program.module(at.module);
    let Some(function) = program.scopes(at.module).owner(at.expr).function else { return false };
    let here = module.expr(at.expr).range;
    module.exprs_within(module.function(function).range).any(|(_, e)| match &e.kind {
        ExprKind::Call { args, .. } => args.iter().any(|arg| {
            let range = module.expr(arg.value).range;
            arg.name.is_some_and(|name| matches!(name.as_str(), "plain" | "json"))
                && range.start <= here.start
                && here.end <= range.end
        }),
        _ => false,
    })
}
