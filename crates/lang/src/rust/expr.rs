//! Expressions and patterns.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, UnaryOp};

use super::{items, macros, stmt};
use crate::{
    lowering::{Lowering, named_children, range},
    text,
    tree::Node,
};

/// Lowers an expression.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    l.deeper(node, lower_kind)
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> ExprId {
    match node.child_by_field_name(name) {
        Some(child) => lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn first<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    match named_children(node).into_iter().find(|c| c.kind() != "mutable_specifier") {
        Some(child) => lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier"
        | "type_identifier"
        | "field_identifier"
        | "primitive_type"
        | "crate"
        | "super"
        | "metavariable"
        | "shorthand_field_identifier" => ExprKind::Name(l.symbol(node)),
        "self" => ExprKind::This,
        "scoped_identifier" | "scoped_type_identifier" => {
            let Some(name) = node.child_by_field_name("name") else { return l.unknown(node, lower) };
            match node.child_by_field_name("path") {
                Some(path) => {
                    let object = lower(l, path);
                    ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
                }
                None => ExprKind::Name(l.symbol(name)),
            }
        }
        "generic_type" | "generic_type_with_turbofish" => return field(l, node, "type"),
        "generic_function" => return field(l, node, "function"),
        "bracketed_type" => return first(l, node),
        // `<T as U>::v` is found on T
        "qualified_type" => return field(l, node, "type"),
        "boolean_literal" => ExprKind::Literal(Literal::Bool(l.str(node) == "true")),
        "integer_literal" => ExprKind::Literal(integer(l.str(node))),
        "float_literal" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "string_literal" | "raw_string_literal" | "char_literal" => {
            ExprKind::Literal(Literal::Str(Symbol::new(&string_text(l.str(node)))))
        }
        "unit_expression" => ExprKind::List(Vec::new()),
        "parenthesized_expression" | "expression_statement" => return first(l, node),
        "negative_literal" => ExprKind::Unary { op: UnaryOp::Neg, operand: first(l, node) },
        "field_expression" => {
            let object = field(l, node, "value");
            let Some(name) = node.child_by_field_name("field") else { return object };
            ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
        }
        "index_expression" => {
            let parts = named_children(node);
            let [object, index, ..] = parts.as_slice() else { return first(l, node) };
            let object = lower(l, *object);
            let index = lower(l, *index);
            ExprKind::Index { object, index }
        }
        "call_expression" => {
            let callee = field(l, node, "function");
            let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
            let call = ExprKind::Call { callee, args, block: None, kind: CallKind::Call };
            match named_result(l, node) {
                Some(ty) => ExprKind::Cast { ty, value: l.ir.expr(call, at) },
                None => call,
            }
        }
        "macro_invocation" => return macros::call(l, node),
        "struct_expression" => {
            let callee = field(l, node, "name");
            let value = match node.child_by_field_name("body") {
                Some(body) => {
                    let entries = entries(l, body);
                    l.ir.expr(ExprKind::Map(entries), range(body))
                }
                None => l.ir.expr(ExprKind::Map(Vec::new()), at),
            };
            ExprKind::Call { callee, args: vec![Arg { name: None, value }], block: None, kind: CallKind::New }
        }
        "closure_expression" => ExprKind::Lambda(items::closure(l, node)),
        "array_expression" | "tuple_expression" => {
            let list = named_children(node).into_iter().filter(|c| c.kind() != "attribute_item");
            ExprKind::List(list.map(|c| lower(l, c)).collect())
        }
        "reference_expression" => ExprKind::Unary { op: UnaryOp::Ref, operand: field(l, node, "value") },
        "unary_expression" => {
            let op = match l.str(node).chars().next() {
                Some('!') => UnaryOp::Not,
                Some('-') => UnaryOp::Neg,
                _ => UnaryOp::Deref,
            };
            ExprKind::Unary { op, operand: first(l, node) }
        }
        "try_expression" => ExprKind::Unary { op: UnaryOp::Try, operand: first(l, node) },
        "await_expression" => ExprKind::Await(first(l, node)),
        "yield_expression" => {
            let value = named_children(node).first().map(|c| lower(l, *c));
            ExprKind::Yield(value)
        }
        "binary_expression" => {
            let operator = node.child_by_field_name("operator").map_or("", |o| o.kind());
            let left = field(l, node, "left");
            let right = field(l, node, "right");
            match operator {
                "&&" => ExprKind::Logical { op: LogicalOp::And, left, right },
                "||" => ExprKind::Logical { op: LogicalOp::Or, left, right },
                "+" => {
                    let (left, right) = (owned_text(l, left), owned_text(l, right));
                    return l.ir.add(left, right, at);
                }
                op => ExprKind::Binary { op: binary_op(op), left, right },
            }
        }
        "range_expression" => {
            let (left, right) = bounds(l, node, lower);
            ExprKind::Binary { op: BinaryOp::Range, left, right }
        }
        "type_cast_expression" => {
            let value = field(l, node, "value");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "assignment_expression" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            ExprKind::Assign { target, op: None, value }
        }
        "compound_assignment_expr" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            ExprKind::Assign { target, op: Some(binary_op(operator.trim_end_matches('='))), value }
        }
        // `if let` and `while let`
        "let_condition" => {
            let value = field(l, node, "value");
            match node.child_by_field_name("pattern") {
                Some(inner) => {
                    let target = pattern(l, inner);
                    let assign = l.ir.expr(ExprKind::Assign { target, op: None, value }, at);
                    // the names it binds are bound by a statement before what it guards
                    return assign;
                }
                None => return value,
            }
        }
        "let_chain" => {
            let parts: Vec<ExprId> = named_children(node).into_iter().map(|c| lower(l, c)).collect();
            let mut parts = parts.into_iter();
            let Some(mut whole) = parts.next() else { return l.unknown(node, lower) };
            for right in parts {
                whole = l.ir.expr(ExprKind::Logical { op: LogicalOp::And, left: whole, right }, at);
            }
            return whole;
        }
        "block" => {
            let block = stmt::block(l, node);
            ExprKind::Do(block)
        }
        "async_block" | "unsafe_block" | "const_block" | "gen_block" | "try_block" => {
            let mut out = Vec::new();
            for child in named_children(node) {
                if child.kind() == "block" {
                    out = stmt::block(l, child);
                }
            }
            ExprKind::Do(out)
        }
        "if_expression"
        | "match_expression"
        | "loop_expression"
        | "while_expression"
        | "for_expression"
        | "return_expression"
        | "break_expression"
        | "continue_expression" => {
            let mut out = Vec::new();
            stmt::lower(l, node, Vec::new(), &mut out);
            ExprKind::Do(out)
        }
        "token_tree" | "token_repetition" | "attribute_item" | "label" | "mutable_specifier" | "lifetime"
        | "escape_sequence" | "string_content" => ExprKind::Unknown(Vec::new()),
        "ERROR" => ExprKind::Unknown(named_children(node).into_iter().map(|c| lower(l, c)).collect()),
        kind if kind.ends_with("_pattern") => return pattern(l, node),
        kind if kind.ends_with("_type") => ExprKind::TypeExpr(items::ty(l, node)),
        kind if kind.ends_with("_item") || kind == "use_declaration" || kind == "let_declaration" => {
            let mut out = Vec::new();
            stmt::lower(l, node, Vec::new(), &mut out);
            ExprKind::Do(out)
        }
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

/// The type that a method is asked for: `text.parse::<i64>()`, `request.param::<Uuid>("id")`.
fn named_result<'t>(l: &mut Lowering<'t>, call: Node<'t>) -> Option<ir::TypeId> {
    let generic = call.child_by_field_name("function").filter(|f| f.kind() == "generic_function")?;
    let method = generic.child_by_field_name("function").filter(|f| f.kind() == "field_expression")?;
    let name = method.child_by_field_name("field").map_or("", |f| l.str(f));
    if !matches!(name, "parse" | "param" | "query" | "header" | "form") {
        return None;
    }
    let types = generic.child_by_field_name("type_arguments").map(named_children)?;
    match types.as_slice() {
        [one] if l.str(*one) != "_" => Some(items::ty(l, *one)),
        _ => None,
    }
}

fn integer(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect();
    let radix = match clean.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { clean.as_str() } else { &clean[2..] };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    Literal::Int(i64::from_str_radix(&digits[..end], radix).ok())
}

fn string_text(raw: &str) -> String {
    let body = raw.trim_start_matches(['b', 'c']);
    if let Some(rest) = body.strip_prefix('r') {
        return rest.trim_matches('#').trim_matches('"').to_owned();
    }
    let inner = body.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\''])).unwrap_or(body);
    text::unescape(inner, &text::RUST)
}

/// The ends of a range; what is not written is null.
fn bounds<'t>(
    l: &mut Lowering<'t>,
    node: Node<'t>,
    lower: fn(&mut Lowering<'t>, Node<'t>) -> ExprId,
) -> (ExprId, ExprId) {
    let (mut left, mut right, mut is_behind) = (None, None, false);
    for child in node.children().filter(|c| !c.is_extra()) {
        match child.is_named() {
            true if is_behind => right = Some(lower(l, child)),
            true => left = Some(lower(l, child)),
            false => is_behind |= child.kind().starts_with(".."),
        }
    }
    let mut null = || l.ir.expr(ExprKind::Literal(Literal::Null), range(node));
    (left.unwrap_or_else(&mut null), right.unwrap_or_else(&mut null))
}

/// The literal in `"…".to_owned()`, `"…".to_string()` and `String::from("…")`.
fn owned_text(l: &Lowering<'_>, id: ExprId) -> ExprId {
    let module = &l.ir.module;
    let ExprKind::Call { callee, args, kind: CallKind::Call, .. } = &module.expr(id).kind else { return id };
    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return id };
    let inner = match (name.as_str(), args.as_slice()) {
        ("to_owned" | "to_string" | "into", []) => *object,
        ("from", [one]) if module.dotted(*object).is_some_and(|d| d == "String") => one.value,
        _ => return id,
    };
    match module.expr(inner).kind {
        ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_) => inner,
        _ => id,
    }
}

fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    let list = named_children(node).into_iter().filter(|c| c.kind() != "attribute_item");
    list.map(|c| Arg { name: None, value: lower(l, c) }).collect()
}

fn string_key<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let name = l.symbol(node);
    l.ir.expr(ExprKind::Literal(Literal::Str(name)), range(node))
}

fn entries<'t>(l: &mut Lowering<'t>, body: Node<'t>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for child in named_children(body) {
        match child.kind() {
            "field_initializer" => {
                let name = child.child_by_field_name("field").or_else(|| child.child_by_field_name("name"));
                let key = name.map(|n| string_key(l, n));
                let value = field(l, child, "value");
                entries.push(Entry { key, value });
            }
            "shorthand_field_initializer" => {
                let Some(name) = named_children(child).into_iter().find(|c| c.kind() == "identifier") else { continue };
                let key = Some(string_key(l, name));
                let value = lower(l, name);
                entries.push(Entry { key, value });
            }
            "base_field_initializer" => {
                let inner = first(l, child);
                let value = l.ir.expr(ExprKind::Spread(inner), range(child));
                entries.push(Entry { key: None, value });
            }
            _ => {}
        }
    }
    entries
}

/// Lowers a pattern.
pub fn pattern<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    l.deeper(node, pattern_kind)
}

fn pattern_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    // `_` has no node of the grammar
    let parts = |skip: Option<Node<'t>>| {
        let all = node.children().filter(move |c| !c.is_extra() && Some(c.id()) != skip.map(|s| s.id()));
        all.filter(|c| c.is_named() || c.kind() == "_")
    };
    let kind = match node.kind() {
        "tuple_struct_pattern" => {
            let ty = node.child_by_field_name("type");
            let callee = field(l, node, "type");
            let args = parts(ty).map(|c| Arg { name: None, value: pattern(l, c) }).collect();
            ExprKind::Call { callee, args, block: None, kind: CallKind::Call }
        }
        "struct_pattern" => {
            let callee = field(l, node, "type");
            let mut entries = Vec::new();
            for child in named_children(node).into_iter().filter(|c| c.kind() == "field_pattern") {
                let Some(name) = child.child_by_field_name("name") else { continue };
                let key = Some(string_key(l, name));
                let value = match child.child_by_field_name("pattern") {
                    Some(inner) => pattern(l, inner),
                    None => lower(l, name),
                };
                entries.push(Entry { key, value });
            }
            let value = l.ir.expr(ExprKind::Map(entries), at);
            ExprKind::Call { callee, args: vec![Arg { name: None, value }], block: None, kind: CallKind::New }
        }
        "tuple_pattern" | "slice_pattern" => ExprKind::List(parts(None).map(|c| pattern(l, c)).collect()),
        "or_pattern" => {
            let parts: Vec<ExprId> = parts(None).map(|c| pattern(l, c)).collect();
            let whole = parts
                .into_iter()
                .reduce(|left, right| l.ir.expr(ExprKind::Logical { op: LogicalOp::Or, left, right }, at));
            return whole.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
        }
        "ref_pattern" | "mut_pattern" | "reference_pattern" | "match_pattern" => {
            match named_children(node).into_iter().find(|c| c.kind() != "mutable_specifier") {
                Some(inner) => return pattern(l, inner),
                None => ExprKind::Unknown(Vec::new()),
            }
        }
        "captured_pattern" => {
            let parts = named_children(node);
            match parts.as_slice() {
                [name, inner, ..] => {
                    let target = lower(l, *name);
                    let value = pattern(l, *inner);
                    ExprKind::Assign { target, op: None, value }
                }
                _ => ExprKind::Unknown(Vec::new()),
            }
        }
        "range_pattern" => {
            let (left, right) = bounds(l, node, pattern);
            ExprKind::Binary { op: BinaryOp::Range, left, right }
        }
        "wildcard_pattern" | "_" => ExprKind::Name(Symbol::new("_")),
        "remaining_field_pattern" => ExprKind::Spread(l.ir.expr(ExprKind::Name(Symbol::new("_")), at)),
        "const_block" | "generic_pattern" => ExprKind::Unknown(Vec::new()),
        _ => return lower(l, node),
    };
    l.ir.expr(kind, at)
}

/// A binary operator.
pub fn binary_op(op: &str) -> BinaryOp {
    match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" => BinaryOp::Eq,
        "!=" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "<<" => BinaryOp::Shl,
        _ => BinaryOp::Other,
    }
}
