//! Patterns of `is` and `switch`.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, TypeKind, UnaryOp};

use super::{expr, items};
use crate::{
    lowering::{Lowering, named_children, range},
    tree::Node,
};

/// `value is pattern`
pub fn is<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let left = node.child_by_field_name("expression").or_else(|| node.child_by_field_name("left"));
    let right = node.child_by_field_name("pattern").or_else(|| node.child_by_field_name("right"));
    let (Some(left), Some(right)) = (left, right) else { return expr::first(l, node) };
    let value = expr::lower(l, left);
    matched(l, value, right)
}

/// Whether a value matches a pattern, as a condition.
fn matched<'t>(l: &mut Lowering<'t>, value: ExprId, pattern: Node<'t>) -> ExprId {
    let at = range(pattern);
    if !l.enter(pattern) {
        return value;
    }
    let inner = named_children(pattern).first().copied();
    let kind = match (pattern.kind(), inner) {
        ("parenthesized_pattern", Some(inner)) => {
            let id = matched(l, value, inner);
            l.leave();
            return id;
        }
        ("negated_pattern", Some(inner)) => {
            let operand = matched(l, value, inner);
            match l.ir.module.expr(operand).kind {
                ExprKind::Binary { op: BinaryOp::Eq, left, right } => {
                    ExprKind::Binary { op: BinaryOp::Ne, left, right }
                }
                _ => ExprKind::Unary { op: UnaryOp::Not, operand },
            }
        }
        ("and_pattern" | "or_pattern", _) => {
            let op = if pattern.kind() == "and_pattern" { LogicalOp::And } else { LogicalOp::Or };
            let sides = [pattern.child_by_field_name("left"), pattern.child_by_field_name("right")];
            let [left, right] = sides.map(|side| side.map_or(value, |side| matched(l, value, side)));
            ExprKind::Logical { op, left, right }
        }
        ("relational_pattern", Some(inner)) => {
            let text = l.str(pattern);
            let sign = text.get(..inner.start_byte() - pattern.start_byte()).unwrap_or("");
            let op = expr::binary_op(sign.trim());
            ExprKind::Binary { op, left: value, right: expr::lower(l, inner) }
        }
        // `x is Name` is a type more often than a constant
        ("constant_pattern", Some(inner)) if is_type_name(l, inner) => {
            ExprKind::IsType { value, ty: items::ty(l, inner), binding: None }
        }
        ("constant_pattern", Some(inner)) => {
            ExprKind::Binary { op: BinaryOp::Eq, left: value, right: expr::lower(l, inner) }
        }
        ("type_pattern", Some(inner)) => ExprKind::IsType { value, ty: items::ty(l, inner), binding: None },
        ("declaration_pattern", _) if names_type(l, pattern) => {
            let ty = pattern.child_by_field_name("type").map(|t| items::ty(l, t));
            let ty = ty.unwrap_or_else(|| l.ir.ty(TypeKind::Unknown, at));
            let binding = pattern.child_by_field_name("name").map(|n| l.symbol(n));
            ExprKind::IsType { value, ty, binding }
        }
        (kind, _) if kind.ends_with("pattern") => ExprKind::Assign { target: expr::lower(l, pattern), op: None, value },
        _ => ExprKind::IsType { value, ty: items::ty(l, pattern), binding: None },
    };
    l.leave();
    l.ir.expr(kind, at)
}

/// Whether a declaration in a pattern has a type, and no `var`.
pub fn names_type(l: &Lowering<'_>, node: Node<'_>) -> bool {
    node.child_by_field_name("type").is_some_and(|t| t.kind() != "implicit_type" && l.str(t) != "var")
}

fn is_type_name(l: &Lowering<'_>, node: Node<'_>) -> bool {
    let text = l.str(node);
    node.kind() == "generic_name"
        || node.kind() == "identifier"
            && text.starts_with(char::is_uppercase)
            && (text.len() == 1 || text.contains(char::is_lowercase))
}

/// `Type(a, b) { C: d } name`
pub fn recursive_pattern<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let (mut args, mut map) = (Vec::new(), None);
    for child in named_children(node) {
        match child.kind() {
            "positional_pattern_clause" => {
                args.extend(named_children(child).into_iter().map(|c| expr::lower(l, c)).collect::<Vec<_>>())
            }
            "property_pattern_clause" => {
                let entries = property_patterns(l, child);
                map = Some(l.ir.expr(ExprKind::Map(entries), range(child)));
            }
            _ => {}
        }
    }
    let whole = match (node.child_by_field_name("type"), map) {
        (None, Some(map)) if args.is_empty() => map,
        (None, map) => {
            args.extend(map);
            l.ir.expr(ExprKind::List(args), at)
        }
        (Some(ty), map) => {
            args.extend(map);
            let args = args.into_iter().map(|value| Arg { name: None, value }).collect();
            let callee = expr::lower(l, ty);
            l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at)
        }
    };
    match node.child_by_field_name("name") {
        Some(name) => {
            let target = expr::lower(l, name);
            l.ir.expr(ExprKind::Assign { target, op: None, value: whole }, at)
        }
        None => whole,
    }
}

/// `[first, .., last]`
pub fn list_pattern<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    let (mut items, mut is_rest) = (Vec::new(), false);
    for child in node.children().filter(|c| !c.is_extra()) {
        match child.kind() {
            ".." => is_rest = true,
            "," | "]" if std::mem::take(&mut is_rest) => {
                let rest = l.ir.expr(ExprKind::Name(Symbol::new("_")), range(child));
                items.push(l.ir.expr(ExprKind::Spread(rest), range(child)));
            }
            _ if child.is_named() => {
                let item = expr::lower(l, child);
                items.push(match std::mem::take(&mut is_rest) {
                    true => l.ir.expr(ExprKind::Spread(item), range(child)),
                    false => item,
                });
            }
            _ => {}
        }
    }
    items
}

/// `{ A: pattern }`
pub fn property_patterns<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "property_pattern_clause" | "positional_pattern_clause" => entries.extend(property_patterns(l, child)),
            "subpattern" => {
                let parts = named_children(child);
                let key = match parts.as_slice() {
                    [name, _] => {
                        let symbol = l.symbol(*name);
                        Some(l.ir.expr(ExprKind::Literal(Literal::Str(symbol)), range(*name)))
                    }
                    _ => None,
                };
                let value = expr::lower(l, child);
                entries.push(Entry { key, value });
            }
            _ => {}
        }
    }
    entries
}
