//! Macro calls: their tokens are parsed again as arguments.

use base::Symbol;
use ir::{Arg, CallKind, Entry, ExprId, ExprKind, Part, Range};

use super::{expr, items, tokens};
use crate::{
    lowering::{Lowering, range},
    text,
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
    if last == "concat" {
        let parts = args.iter().flat_map(|a| l.ir.parts_of(a.value)).collect();
        return l.ir.template(parts, at);
    }
    if is_formatting(last)
        && let Some(position) = args.iter().position(|a| a.name.is_none() && l.ir.module.string(a.value).is_some())
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

fn format_parts(l: &mut Lowering<'_>, text: &str, args: &[Arg], at: Range) -> Vec<Part> {
    let values: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
    text::fill(&mut l.ir, text::braces(text), &values, |ir, name| {
        let given = args.iter().find(|a| a.name.is_some_and(|n| n == name)).map(|a| a.value);
        // `{name}` is the variable around
        Some(given.unwrap_or_else(|| ir.expr(ExprKind::Name(Symbol::new(name)), at)))
    })
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
    let children: Vec<Node<'t>> =
        tokens.children().filter(|t| !t.is_extra() && (start..end).contains(&t.start_byte())).collect();
    for part in parts(&children) {
        match argument(l, part) {
            Some(arg) => args.push(arg),
            None => l.tokens_not_understood(at_of(part)),
        }
    }
    l.leave();
    args
}

/// Tokens cut at commas and semicolons, and behind the block of an arm `… => { … }`.
fn parts<'n, 't>(tokens: &'n [Node<'t>]) -> Vec<&'n [Node<'t>]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is_arm = token.kind() == "token_tree" && at > from && tokens[at - 1].kind() == "=>";
        let is_cut = matches!(token.kind(), "," | ";");
        if is_arm || is_cut {
            parts.push(&tokens[from..if is_cut { at } else { at + 1 }]);
            from = at + 1;
        }
    }
    parts.push(&tokens[from..]);
    parts.retain(|p| !p.is_empty());
    parts
}

pub(super) fn at_of(tokens: &[Node<'_>]) -> Range {
    let (start, end) = (tokens.first().map_or(0, |t| t.start_byte()), tokens.last().map_or(0, |t| t.end_byte()));
    Range { start: start as u32, end: end as u32 }
}

/// The text of tokens and where it begins.
fn text_of<'t>(l: &Lowering<'t>, tokens: &[Node<'t>]) -> (&'t str, usize) {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return ("", 0) };
    (l.text.get(first.start_byte()..last.end_byte()).unwrap_or(""), first.start_byte())
}

fn argument<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> Option<Arg> {
    if let Some(value) = tokens::expression(l, tokens) {
        return Some(Arg { name: None, value });
    }
    if let [name, sign, value @ ..] = tokens
        && name.kind() == "identifier"
        && matches!(sign.kind(), "=" | ":")
        && let Some(value) = tokens::expression(l, value)
    {
        return Some(Arg { name: Some(l.symbol(*name)), value });
    }
    let (part, offset) = text_of(l, tokens);
    if let Some(value) = arm(l, tokens) {
        return Some(Arg { name: None, value });
    }
    let is_none = tokens::is_none(tokens);
    if !is_none && let Some((name, value)) = named(part) {
        let inner = offset + (value.as_ptr() as usize).saturating_sub(part.as_ptr() as usize);
        if let Some(value) = parse(l, value, inner) {
            return Some(Arg { name: Some(Symbol::new(name)), value });
        }
    }
    let is_braced = matches!(tokens, [one] if one.kind() == "token_tree" && part.starts_with(['{', '[']));
    let value = match is_braced || is_none {
        true => None,
        false => parse(l, part, offset),
    };
    let value = match (value, tokens) {
        (Some(value), _) => value,
        // `{ "key": value }` and `[value]`, as in JSON
        (None, [one]) if is_braced => braced(l, *one)?,
        (None, _) => item(l, part, offset).or_else(|| blocks(l, tokens))?,
    };
    Some(Arg { name: None, value })
}

/// A list, a map of `key: value` or `key => value`, or a block.
fn braced<'t>(l: &mut Lowering<'t>, tokens: Node<'t>) -> Option<ExprId> {
    let all: Vec<Node<'t>> = tokens.children().filter(|t| !t.is_extra()).collect();
    let inner = all.get(1..all.len().saturating_sub(1))?;
    let at = range(tokens);
    if !l.enter(tokens) {
        return None;
    }
    let colon = |part: &[Node<'t>]| part.iter().position(|t| matches!(t.kind(), ":" | "=>"));
    let parts = parts(inner);
    let is_code = !parts.iter().any(|part| tokens::is_types(part));
    let kind = if l.str(tokens).starts_with('[') {
        let items = parts.into_iter().filter_map(|part| argument(l, part)).map(|a| a.value).collect();
        Some(ExprKind::List(items))
    } else if parts.is_empty() || parts.iter().any(|part| colon(part).is_some()) {
        let mut entries = Vec::new();
        for part in parts {
            let (key, value) = match colon(part) {
                Some(colon) => (argument(l, &part[..colon]).map(|a| a.value), &part[colon + 1..]),
                None => (None, part),
            };
            if let Some(value) = argument(l, value) {
                entries.push(Entry { key, value: value.value });
            }
        }
        Some(ExprKind::Map(entries))
    } else {
        None
    };
    let id = match kind {
        Some(kind) => Some(l.ir.expr(kind, at)),
        None if is_code => parsed(l, &[tokens]),
        None => None,
    };
    l.leave();
    id
}

/// `pattern => value`, as in `select!` and `hashmap!`: a map of one entry.
fn arm<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> Option<ExprId> {
    let arrow = tokens.iter().position(|t| t.kind() == "=>")?;
    let (key, value) = (&tokens[..arrow], &tokens[arrow + 1..]);
    if !l.enter(*tokens.first()?) {
        return None;
    }
    let key = parsed(l, key);
    let value = parsed(l, value).or_else(|| argument(l, value).map(|a| a.value));
    l.leave();
    Some(l.ir.expr(ExprKind::Map(vec![Entry { key, value: value? }]), at_of(tokens)))
}

/// The code in braces behind words of the macro's own: `sqlite { … } mysql { … }`.
fn blocks<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> Option<ExprId> {
    let code = tokens.iter().filter(|t| t.kind() == "token_tree" && l.str(**t).starts_with('{'));
    let code: Vec<Node<'t>> = code.copied().collect();
    let code: Vec<ExprId> = code.into_iter().filter_map(|block| braced(l, block)).collect();
    (!code.is_empty()).then(|| l.ir.expr(ExprKind::Unknown(code), at_of(tokens)))
}

/// An item or statement: `static A: T = b`; `static ref` is `lazy_static!`'s.
fn item(l: &mut Lowering<'_>, text: &str, offset: usize) -> Option<ExprId> {
    const BEFORE: &str = "fn f() { ";
    if !["static ", "pub ", "const ", "let ", "fn "].iter().any(|start| text.starts_with(start)) {
        return None;
    }
    // the same length, so that places stay
    let wrapped = format!("{BEFORE}{}; }}", text.replacen("static ref ", "static     ", 1));
    let tree = crate::parse(base::Language::Rust, &wrapped)?;
    if tree.root_node().has_error() {
        return None;
    }
    let tree = Tree::new(base::Language::Rust, &tree);
    let block = tree.nodes().find(|n| n.kind() == "block")?;
    Some(l.lower_part(&wrapped, offset as i64 - BEFORE.len() as i64, block, expr::lower))
}

/// `name = value` and `name: value`, but not `a == b` or `a => b`.
fn named(part: &str) -> Option<(&str, &str)> {
    let at = part.find(['=', ':'])?;
    let (name, value) = (part[..at].trim(), &part[at + 1..]);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    (plain && !value.starts_with(['=', '>', ':'])).then_some((name, value))
}

/// The expression that tokens are.
fn parsed<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> Option<ExprId> {
    tokens::expression(l, tokens).or_else(|| {
        let (text, offset) = text_of(l, tokens);
        parse(l, text, offset)
    })
}

/// Parses one expression and lowers it with its place in the file.
fn parse(l: &mut Lowering<'_>, text: &str, offset: usize) -> Option<ExprId> {
    // what tracing writes before a value
    let trimmed = text.trim_start().trim_start_matches(['%', '?']);
    let offset = offset + (text.len() - trimmed.len());
    const BEFORE: &str = "g(";
    let wrapped = format!("{BEFORE}{trimmed});");
    let tree = crate::parse(base::Language::Rust, &wrapped)?;
    if tree.root_node().has_error() {
        return None;
    }
    let tree = Tree::new(base::Language::Rust, &tree);
    let list = tree.nodes().find(|n| n.kind() == "arguments")?;
    let value = list.children().find(|n| n.is_named() && !n.is_extra())?;
    Some(l.lower_part(&wrapped, offset as i64 - BEFORE.len() as i64, value, expr::lower))
}
