//! Macro calls: their tokens are parsed again as arguments.

use base::Symbol;
use ir::{Arg, CallKind, ExprId, ExprKind, Part, Range};

use super::{expr, items};
use crate::{
    lowering::{Lowering, range},
    tree::{Node, Tree},
};

/// How large a macro's tokens may be to be parsed again.
const MAX_TOKENS: usize = 64 * 1024;

/// `m!(…)`
pub fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let name = node.child_by_field_name("macro");
    let callee = match name {
        Some(name) => expr::lower(l, name),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let tokens = node.children().find(|c| c.kind() == "token_tree");
    let mut args = tokens.map(|t| arguments(l, t)).unwrap_or_default();
    let last = items::path(name.map_or("", |n| l.str(n)));
    let last = last.rsplit('.').next().unwrap_or("");
    if last == "vec" {
        let items = args.iter().map(|a| a.value).collect();
        return l.ir.expr(ExprKind::List(items), at);
    }
    if is_formatting(last)
        && let Some(position) = args.iter().position(|a| l.ir.module.string(a.value).is_some())
        && let Some(text) = l.ir.module.string(args[position].value)
        && (text.as_str().contains('{') || last == "format")
    {
        let parts = format_parts(l, text.as_str(), &args[position + 1..], at);
        let value = l.ir.template(parts, at);
        if last == "format" {
            return value;
        }
        args.truncate(position);
        args.push(Arg { name: None, value });
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Macro }, at)
}

fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "format"
            | "print"
            | "println"
            | "eprint"
            | "eprintln"
            | "panic"
            | "write"
            | "writeln"
            | "info"
            | "warn"
            | "error"
            | "debug"
            | "trace"
            | "anyhow"
            | "bail"
            | "ensure"
            | "format_args"
            | "unreachable"
    )
}

fn format_parts(l: &mut Lowering<'_>, text: &str, holes: &[Arg], at: Range) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut next = 0;
    while let Some(open) = rest.find('{') {
        parts.push(Part::Text(Symbol::new(&rest[..open])));
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            parts.push(Part::Text(Symbol::new("{")));
            rest = after;
            continue;
        }
        let Some(close) = rest.find('}') else { break };
        let name = rest[..close].split(':').next().unwrap_or("").trim();
        rest = &rest[close + 1..];
        let positional = || holes.iter().filter(|a| a.name.is_none());
        if name.is_empty() {
            parts.extend(positional().nth(next).map(|a| Part::Hole(a.value)));
            next += 1;
        } else if let Ok(number) = name.parse::<usize>() {
            parts.extend(positional().nth(number).map(|a| Part::Hole(a.value)));
        } else if let Some(arg) = holes.iter().find(|a| a.name.is_some_and(|n| n == name)) {
            parts.push(Part::Hole(arg.value));
        } else {
            let hole = l.ir.expr(ExprKind::Name(Symbol::new(name)), at);
            parts.push(Part::Hole(hole));
        }
    }
    parts.push(Part::Text(Symbol::new(&rest.replace("}}", "}"))));
    parts
}

/// The arguments in a token tree, as far as they parse as expressions; `name = value` keeps its name.
/// The tokens are split at their commas and each part is parsed on its own, so that one that is no
/// expression costs only itself.
pub fn arguments<'t>(l: &mut Lowering<'t>, tokens: Node<'t>) -> Vec<Arg> {
    let start = tokens.start_byte() + 1;
    let end = tokens.end_byte().saturating_sub(1);
    let mut args = Vec::new();
    if end <= start || end - start > MAX_TOKENS || !l.enter(tokens) {
        return args;
    }
    // without the brackets around
    let mut children = tokens.children().filter(|t| (start..end).contains(&t.start_byte())).peekable();
    let mut from = start;
    while from < end {
        let mut part: Vec<Node<'t>> = Vec::new();
        while let Some(token) = children.next_if(|t| !matches!(t.kind(), "," | ";")) {
            part.push(token);
        }
        let cut = children.next().map_or(end, |t| t.start_byte());
        match &part[..] {
            // most arguments are one token, which stands in this tree already
            [token] if is_atom(*token) => args.push(Arg { name: None, value: expr::lower(l, *token) }),
            [name, equals, token] if name.kind() == "identifier" && equals.kind() == "=" && is_atom(*token) => {
                args.push(Arg { name: Some(l.symbol(*name)), value: expr::lower(l, *token) });
            }
            [callee, list] if callee.kind() == "identifier" && is_list_of_atoms(*list) => {
                let at = Range { start: range(*callee).start, end: range(*list).end };
                let callee = expr::lower(l, *callee);
                let atoms = list.children().filter(|t| is_atom(*t));
                let inner = atoms.map(|t| Arg { name: None, value: expr::lower(l, t) }).collect();
                let call = ExprKind::Call { callee, args: inner, block: None, kind: CallKind::Call };
                args.push(Arg { name: None, value: l.ir.expr(call, at) });
            }
            _ => {
                let text = l.text.get(from..cut.min(end)).unwrap_or("");
                if !text.trim().is_empty() {
                    args.extend(argument(l, text, from));
                }
            }
        }
        from = cut + 1;
    }
    l.leave();
    args
}

/// Whether a token of a macro is what the same text is as an expression.
fn is_atom(token: Node<'_>) -> bool {
    matches!(token.kind(), "identifier" | "string_literal" | "integer_literal" | "boolean_literal" | "self")
}

/// `(A, B)` with one token between commas, as in `derive(A, B)`.
fn is_list_of_atoms(list: Node<'_>) -> bool {
    let mut tokens = list.children().map(|t| (t, t.kind()));
    if tokens.next().is_none_or(|(_, kind)| kind != "(") {
        return false;
    }
    loop {
        match tokens.next() {
            Some((_, ")")) => return tokens.next().is_none(),
            Some((token, _)) if is_atom(token) => {}
            _ => return false,
        }
        match tokens.next() {
            Some((_, ")")) => return tokens.next().is_none(),
            Some((_, ",")) => {}
            _ => return false,
        }
    }
}

fn argument(l: &mut Lowering<'_>, part: &str, offset: usize) -> Option<Arg> {
    if let Some((name, value)) = named(part) {
        let inner = offset + (value.as_ptr() as usize).saturating_sub(part.as_ptr() as usize);
        return Some(Arg { name: Some(Symbol::new(name)), value: parse(l, value, inner)? });
    }
    Some(Arg { name: None, value: parse(l, part, offset)? })
}

/// `name = value`, but not `a == b` or `a => b`.
fn named(part: &str) -> Option<(&str, &str)> {
    let (name, value) = part.split_once('=')?;
    let name = name.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '.');
    (plain && !value.starts_with(['=', '>'])).then_some((name, value))
}

/// Parses one expression and lowers it with its place in the file.
fn parse(l: &mut Lowering<'_>, text: &str, offset: usize) -> Option<ExprId> {
    // what tracing writes before a value
    let trimmed = text.trim_start_matches(['%', '?']);
    let offset = offset + (text.len() - trimmed.len());
    const BEFORE: &str = "fn f() { g(";
    let wrapped = format!("{BEFORE}{trimmed}); }}");
    let tree = crate::parse(base::Language::Rust, &wrapped)?;
    if tree.root_node().has_error() {
        return None;
    }
    let tree = Tree::new(base::Language::Rust, &tree);
    let list = tree.nodes().find(|n| n.kind() == "arguments")?;
    let value = list.children().find(|n| n.is_named())?;
    Some(l.lower_part(&wrapped, offset as i64 - BEFORE.len() as i64, value, expr::lower))
}
