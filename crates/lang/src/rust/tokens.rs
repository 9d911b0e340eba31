//! Expressions in macros that need no parser: names, paths, fields, calls and literals are read from their
//! tokens, which stand in the tree already.

use ir::{Arg, CallKind, ExprId, ExprKind, Range, UnaryOp};

use super::{expr, macros};
use crate::{
    lowering::{Lowering, range},
    tree::Node,
};

/// How deep lists of arguments may nest to be read here.
const MAX_NESTED: u32 = 8;
/// How many tokens an expression may have: what is longer nests too deep.
const MAX_TOKENS: usize = 32;

/// The expression that tokens are, if it is one of those that can be read here.
pub fn expression<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> Option<ExprId> {
    let tokens = match tokens {
        // what tracing writes before a value
        [mark, value @ ..] if matches!(mark.kind(), "%" | "?") => value,
        _ => tokens,
    };
    is_expression(tokens, 0).then(|| lower(l, tokens))
}

/// Whether tokens surely are no expression, so that no parser need be asked: code in braces behind a word of
/// the macro's own (`sqlite { … }`, `users (id) { … }`, `smtp: _enabled { … }`), or types (`id -> Text`).
pub fn is_none(tokens: &[Node<'_>]) -> bool {
    match tokens {
        [word, code, ..] if is_word(*word) && is_tree(*code, "{") => !is_fields(*code),
        [word, list, code] if is_word(*word) && is_tree(*list, "(") && is_tree(*code, "{") => true,
        [name, sign, value @ ..] if is_word(*name) && matches!(sign.kind(), ":" | "=") => is_none(value),
        _ => is_types(tokens),
    }
}

/// `id -> Text`
pub fn is_types(tokens: &[Node<'_>]) -> bool {
    matches!(tokens, [name, arrow, ..] if is_word(*name) && arrow.kind() == "->")
}

fn is_word(token: Node<'_>) -> bool {
    token.kind() == "identifier"
}

fn is_tree(token: Node<'_>, open: &str) -> bool {
    token.kind() == "token_tree" && token.children().next().is_some_and(|first| first.kind() == open)
}

/// What may stand in the braces of a struct: `a, b: c, ..d`.
fn is_fields(code: Node<'_>) -> bool {
    let all = without_comments(code);
    let inner = all.get(1..all.len().saturating_sub(1)).unwrap_or_default();
    inner.split(|t| t.kind() == ",").all(|field| match field {
        [] => true,
        [first, ..] if matches!(first.kind(), ".." | "#" | "integer_literal") => true,
        [name, rest @ ..] => is_word(*name) && rest.first().is_none_or(|sign| sign.kind() == ":"),
    })
}

/// `&` before, then a literal or name, then paths, fields, calls and `?` behind.
fn is_expression(tokens: &[Node<'_>], nested: u32) -> bool {
    if tokens.len() > MAX_TOKENS || nested > MAX_NESTED {
        return false;
    }
    let (first, mut rest) = match tokens {
        [and, first, rest @ ..] if and.kind() == "&" => (*first, rest),
        [first, rest @ ..] => (*first, rest),
        [] => return false,
    };
    let mut is_path = match first.kind() {
        "identifier" | "primitive_type" | "default" => true,
        "crate" | "super" if rest.first().is_some_and(|next| next.kind() == "::") => true,
        "self" | "string_literal" => false,
        "integer_literal" | "boolean_literal" => return rest.is_empty(),
        _ => return false,
    };
    while let [next, behind @ ..] = rest {
        rest = match (next.kind(), behind) {
            ("::", [name, behind @ ..]) if is_path && name.kind() == "identifier" => behind,
            (".", [name, behind @ ..]) if matches!(name.kind(), "identifier" | "await") => {
                is_path = false;
                behind
            }
            ("?", behind) => {
                is_path = false;
                behind
            }
            ("token_tree", behind) if is_list(*next, nested) => {
                is_path = false;
                behind
            }
            _ => return false,
        };
    }
    true
}

/// `(a, b.c, d())`
fn is_list(list: Node<'_>, nested: u32) -> bool {
    let all = without_comments(list);
    let [open, inner @ .., close] = all.as_slice() else { return false };
    if open.kind() != "(" || close.kind() != ")" {
        return false;
    }
    let mut items = inner.split(|t| t.kind() == ",").peekable();
    while let Some(item) = items.next() {
        // nothing, or nothing behind the last comma
        let is_end = item.is_empty() && items.peek().is_none();
        if !is_end && !is_expression(item, nested + 1) {
            return false;
        }
    }
    true
}

fn without_comments(list: Node<'_>) -> Vec<Node<'_>> {
    list.children().filter(|t| !t.is_extra()).collect()
}

fn lower<'t>(l: &mut Lowering<'t>, tokens: &[Node<'t>]) -> ExprId {
    match tokens {
        [and, inner @ ..] if and.kind() == "&" => {
            let operand = lower(l, inner);
            l.ir.expr(ExprKind::Unary { op: UnaryOp::Ref, operand }, macros::at_of(tokens))
        }
        _ => {
            let mut value = match tokens[0].kind() {
                // a keyword only in some places
                "default" => l.ir.expr(ExprKind::Name(l.symbol(tokens[0])), range(tokens[0])),
                _ => expr::lower(l, tokens[0]),
            };
            let mut end = 1;
            while let Some(next) = tokens.get(end) {
                let is_member = matches!(next.kind(), "." | "::");
                let last = if is_member { end + 1 } else { end };
                let at = Range { start: range(tokens[0]).start, end: range(tokens[last]).end };
                value = after(l, value, tokens[last], at);
                end = last + 1;
            }
            value
        }
    }
}

/// A value with what stands behind it: the name of a member, `await`, `?`, a list of arguments.
fn after<'t>(l: &mut Lowering<'t>, value: ExprId, token: Node<'t>, at: Range) -> ExprId {
    let kind = match token.kind() {
        "await" => ExprKind::Await(value),
        "?" => ExprKind::Unary { op: UnaryOp::Try, operand: value },
        "token_tree" => {
            let all = without_comments(token);
            let inner = &all[1..all.len() - 1];
            let items = inner.split(|t| t.kind() == ",").filter(|item| !item.is_empty());
            let args = items.map(|item| Arg { name: None, value: lower(l, item) }).collect();
            ExprKind::Call { callee: value, args, block: None, kind: CallKind::Call }
        }
        _ => ExprKind::Member { object: value, name: l.symbol(token), name_range: range(token), optional: false },
    };
    l.ir.expr(kind, at)
}
