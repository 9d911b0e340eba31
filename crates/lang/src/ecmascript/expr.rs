//! Expressions and patterns.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, Entry, ExprId, ExprKind, FunctionKind, Literal, LogicalOp, Part, Range, UnaryOp};

use super::{items, stmt, types};
use crate::{
    lowering::{Lowering, children, named_children, range},
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
    match named_children(node).first() {
        Some(child) => lower(l, *child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier"
        | "property_identifier"
        | "shorthand_property_identifier"
        | "statement_identifier"
        | "private_property_identifier"
        | "shorthand_property_identifier_pattern"
        | "type_identifier"
        | "meta_property"
        | "import" => ExprKind::Name(l.symbol(node)),
        "undefined" | "null" => ExprKind::Literal(Literal::Null),
        "this" => ExprKind::This,
        "super" => ExprKind::Super,
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "number" => ExprKind::Literal(number(l.str(node))),
        "string" => ExprKind::Literal(Literal::Str(Symbol::new(&string_text(l, node)))),
        "regex" => {
            let pattern = node.child_by_field_name("pattern").map_or("", |p| l.str(p));
            ExprKind::Literal(Literal::Regex(Symbol::new(pattern)))
        }
        "template_string" => return template(l, node),
        "parenthesized_expression" => return first(l, node),
        "sequence_expression" => {
            let mut block = Vec::new();
            for child in named_children(node) {
                let value = lower(l, child);
                block.push(l.ir.stmt(ir::StmtKind::Expr(value), range(child)));
            }
            ExprKind::Do(block)
        }
        "member_expression" | "nested_identifier" => {
            let object = field(l, node, "object");
            let Some(property) = node.child_by_field_name("property") else { return object };
            let optional = children(node).iter().any(|c| c.kind() == "optional_chain");
            ExprKind::Member { object, name: l.symbol(property), name_range: range(property), optional }
        }
        "subscript_expression" => {
            let object = field(l, node, "object");
            let index = field(l, node, "index");
            ExprKind::Index { object, index }
        }
        "call_expression" => return call(l, node),
        "new_expression" => {
            let callee = field(l, node, "constructor");
            let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
            ExprKind::Call { callee, args, block: None, kind: CallKind::New }
        }
        "arrow_function"
        | "function_expression"
        | "function"
        | "generator_function"
        | "function_declaration"
        | "generator_function_declaration" => ExprKind::Lambda(items::function(l, node)),
        "class" | "class_declaration" => ExprKind::ClassExpr(items::class(l, node)),
        "array" => ExprKind::List(items_in_place(l, node, lower)),
        "object" => ExprKind::Map(object(l, node)),
        "unary_expression" => {
            let operand = field(l, node, "argument");
            let op = match node.child_by_field_name("operator").map_or("", |o| o.kind()) {
                "!" => UnaryOp::Not,
                "-" => UnaryOp::Neg,
                "delete" => UnaryOp::Delete,
                _ => UnaryOp::Other,
            };
            ExprKind::Unary { op, operand }
        }
        "update_expression" => ExprKind::Unary { op: UnaryOp::Other, operand: field(l, node, "argument") },
        // the grammar takes `a + b!` for `(a + b)!`, and `f<T>`…`` for `f<T>!`…``
        "non_null_expression"
            if named_children(node).first().is_some_and(|c| c.kind() == "binary_expression")
                || node.children().any(Node::is_missing) =>
        {
            return first(l, node);
        }
        "non_null_expression" => ExprKind::Unary { op: UnaryOp::NonNull, operand: first(l, node) },
        "binary_expression" => return binary(l, node),
        "ternary_expression" => {
            let cond = field(l, node, "condition");
            let then = field(l, node, "consequence");
            let otherwise = field(l, node, "alternative");
            ExprKind::Ternary { cond, then, otherwise }
        }
        "assignment_expression" => {
            let value = field(l, node, "right");
            let target = match node.child_by_field_name("left") {
                Some(left) => pattern(l, left),
                None => return value,
            };
            ExprKind::Assign { target, op: None, value }
        }
        "augmented_assignment_expression" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            let op = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let (op, value) = compound(l, op, target, value, at);
            ExprKind::Assign { target, op, value }
        }
        "await_expression" => ExprKind::Await(first(l, node)),
        "yield_expression" => {
            let value = named_children(node).first().map(|c| lower(l, *c));
            ExprKind::Yield(value)
        }
        "spread_element" | "rest_pattern" => ExprKind::Spread(first(l, node)),
        "as_expression" | "satisfies_expression" | "type_assertion" => return cast(l, node),
        "instantiation_expression" => return first(l, node),
        "jsx_element" | "jsx_self_closing_element" | "jsx_fragment" => return jsx(l, node),
        "jsx_expression" => return first(l, node),
        "jsx_text" | "jsx_namespace_name" | "html_character_reference" => {
            ExprKind::Literal(Literal::Str(Symbol::new(l.str(node).trim())))
        }
        "array_pattern" | "object_pattern" | "assignment_pattern" => return pattern(l, node),
        "computed_property_name" => return first(l, node),
        "decorator" => return items::decorator(l, node),
        "statement_block" => ExprKind::Do(stmt::block(l, node)),
        "optional_chain" | "escape_sequence" => ExprKind::Unknown(Vec::new()),
        "ERROR" => ExprKind::Unknown(named_children(node).into_iter().map(|c| lower(l, c)).collect()),
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

fn number(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect::<String>().trim_end_matches('n').to_lowercase();
    let parsed = match clean.get(..2) {
        Some("0x") => i64::from_str_radix(&clean[2..], 16).ok(),
        Some("0o") => i64::from_str_radix(&clean[2..], 8).ok(),
        Some("0b") => i64::from_str_radix(&clean[2..], 2).ok(),
        _ => clean.parse().ok(),
    };
    match parsed {
        Some(number) => Literal::Int(Some(number)),
        None if clean.contains(['.', 'e']) => Literal::Float(Symbol::new(text)),
        None => Literal::Int(None),
    }
}

/// The text of a string literal, quotes off and escapes resolved.
pub fn string_text<'t>(l: &Lowering<'t>, node: Node<'t>) -> String {
    let raw = l.str(node);
    let inner = raw.strip_prefix(['"', '\'', '`']).and_then(|r| r.strip_suffix(['"', '\'', '`'])).unwrap_or(raw);
    text::unescape(inner, &text::ECMASCRIPT)
}

fn template<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let mut parts = Vec::new();
    // some grammar versions leave the text between the holes out of the tree
    let mut at = node.start_byte() + 1;
    let end = node.end_byte().saturating_sub(1);
    for child in named_children(node) {
        if child.start_byte() > at {
            parts.push(Part::Text(Symbol::new(l.text.get(at..child.start_byte()).unwrap_or(""))));
        }
        match child.kind() {
            "template_substitution" => {
                let hole = first(l, child);
                parts.extend(l.ir.parts_of(hole));
            }
            "escape_sequence" => parts.push(Part::Text(Symbol::new(&text::unescape(l.str(child), &text::ECMASCRIPT)))),
            _ => parts.push(Part::Text(l.symbol(child))),
        }
        at = child.end_byte();
    }
    if end > at {
        parts.push(Part::Text(Symbol::new(l.text.get(at..end).unwrap_or(""))));
    }
    l.ir.template(parts, range(node))
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let callee = field(l, node, "function");
    let args = match node.child_by_field_name("arguments") {
        Some(template) if template.kind() == "template_string" => {
            let value = lower(l, template);
            let args = tagged(l, value, range(template));
            // the grammar takes `await f<T>`…`` for `(await f<T>)`…``
            if let ExprKind::Await(callee) = l.ir.module.expr(callee).kind {
                let call = ExprKind::Call { callee, args, block: None, kind: CallKind::Call };
                let call = l.ir.expr(call, range(node));
                return l.ir.expr(ExprKind::Await(call), range(node));
            }
            args
        }
        Some(list) => arguments(l, list),
        None => Vec::new(),
    };
    // `"a".concat(b)` builds a string
    if let ExprKind::Member { object, name, .. } = &l.ir.module.expr(callee).kind
        && *name == "concat"
        && matches!(l.ir.module.expr(*object).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_))
    {
        let mut parts = l.ir.parts_of(*object);
        for arg in &args {
            parts.extend(l.ir.parts_of(arg.value));
        }
        return l.ir.template(parts, range(node));
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, range(node))
}

/// A tag is given the texts of its template, and then what stands in the holes, apart from them.
fn tagged(l: &mut Lowering<'_>, template: ExprId, at: Range) -> Vec<Arg> {
    let parts = match &l.ir.module.expr(template).kind {
        ExprKind::Template(parts) if parts.iter().any(|p| matches!(p, Part::Hole(_))) => parts.clone(),
        _ => return vec![Arg { name: None, value: template }],
    };
    let mut texts = Vec::new();
    let mut holes = Vec::new();
    for part in &parts {
        match part {
            Part::Text(text) => texts.push(l.ir.expr(ExprKind::Literal(Literal::Str(*text)), at)),
            Part::Hole(hole) => holes.push(Arg { name: None, value: *hole }),
        }
    }
    let texts = Arg { name: None, value: l.ir.expr(ExprKind::List(texts), at) };
    std::iter::once(texts).chain(holes).collect()
}

/// The arguments of a call.
pub fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    named_children(node).into_iter().map(|c| Arg { name: None, value: lower(l, c) }).collect()
}

/// A key as an expression: a string for a plain name.
fn key<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    match node.kind() {
        "property_identifier"
        | "shorthand_property_identifier"
        | "shorthand_property_identifier_pattern"
        | "private_property_identifier"
        | "number" => {
            let name = l.symbol(node);
            l.ir.expr(ExprKind::Literal(Literal::Str(name)), at)
        }
        _ => lower(l, node),
    }
}

fn object<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "pair" => {
                let key = child.child_by_field_name("key").map(|k| key(l, k));
                let value = field(l, child, "value");
                entries.push(Entry { key, value });
            }
            "shorthand_property_identifier" => {
                let name = key(l, child);
                let value = lower(l, child);
                entries.push(Entry { key: Some(name), value });
            }
            "method_definition" => {
                let name = child.child_by_field_name("name").map(|k| key(l, k));
                let function = items::function(l, child);
                // a method of an object literal is no method of the class around it
                let item = l.ir.function_mut(function);
                item.kind = FunctionKind::Lambda;
                item.class = None;
                let value = l.ir.expr(ExprKind::Lambda(function), range(child));
                entries.push(Entry { key: name, value });
            }
            _ => {
                let value = lower(l, child);
                entries.push(Entry { key: None, value });
            }
        }
    }
    entries
}

fn binary<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let operator = node.child_by_field_name("operator").map_or("", |o| o.kind());
    // the grammar takes `f<T>`…`` for two comparisons
    if let (">", Some(tag), Some(template)) =
        (operator, node.child_by_field_name("left"), node.child_by_field_name("right"))
        && template.kind() == "template_string"
        && tag.child_by_field_name("operator").is_some_and(|o| o.kind() == "<")
    {
        let callee = field(l, tag, "left");
        let value = lower(l, template);
        let args = tagged(l, value, range(template));
        return l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at);
    }
    let left = field(l, node, "left");
    if operator == "instanceof" {
        let Some(right) = node.child_by_field_name("right") else { return left };
        let ty = types::of_expression(l, right);
        return l.ir.expr(ExprKind::IsType { value: left, ty, binding: None }, at);
    }
    let right = field(l, node, "right");
    let logical = match operator {
        "&&" => Some(LogicalOp::And),
        "||" => Some(LogicalOp::Or),
        "??" => Some(LogicalOp::Coalesce),
        _ => None,
    };
    if let Some(op) = logical {
        return l.ir.expr(ExprKind::Logical { op, left, right }, at);
    }
    if operator == "+" {
        return l.ir.add(left, right, at);
    }
    l.ir.expr(ExprKind::Binary { op: stmt::binary_op(operator), left, right }, at)
}

/// `a += b` keeps its operator; `a ||= b` assigns `a || b`.
pub fn compound(
    l: &mut Lowering<'_>,
    op: &str,
    target: ExprId,
    value: ExprId,
    at: Range,
) -> (Option<BinaryOp>, ExprId) {
    let logical = match op {
        "&&=" => LogicalOp::And,
        "||=" => LogicalOp::Or,
        "??=" => LogicalOp::Coalesce,
        _ => return (Some(stmt::binary_op(op.trim_end_matches('='))), value),
    };
    (None, l.ir.expr(ExprKind::Logical { op: logical, left: target, right: value }, at))
}

fn cast<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let parts = named_children(node);
    let (value, ty) = match (node.kind(), parts.as_slice()) {
        // `<T>value`
        ("type_assertion", [ty, value]) => (*value, Some(named_children(*ty).first().copied().unwrap_or(*ty))),
        (_, [value, ty, ..]) => (*value, Some(*ty)),
        (_, [value]) => (*value, None),
        _ => return l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    };
    let value = lower(l, value);
    match ty {
        // `as const` has no type
        Some(ty) if ty.kind() != "const" => {
            let ty = types::lower(l, ty);
            l.ir.expr(ExprKind::Cast { ty, value }, range(node))
        }
        _ => value,
    }
}

/// `<Tag a={b}>c</Tag>` is a call of `Tag` with its attributes and children.
fn jsx<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let open = node.child_by_field_name("open_tag").unwrap_or(node);
    let callee = match open.child_by_field_name("name") {
        Some(name) if l.str(name).starts_with(|c: char| c.is_lowercase()) => {
            let name = l.symbol(name);
            l.ir.expr(ExprKind::Literal(Literal::Str(name)), at)
        }
        Some(name) => lower(l, name),
        None => l.ir.expr(ExprKind::Literal(Literal::Str(Symbol::new(""))), at),
    };
    let mut entries = Vec::new();
    for attribute in crate::lowering::field_children(open, "attribute") {
        match (attribute.kind(), named_children(attribute).as_slice()) {
            ("jsx_attribute", [name, value, ..]) => {
                let symbol = l.symbol(*name);
                let key = l.ir.expr(ExprKind::Literal(Literal::Str(symbol)), range(*name));
                let value = lower(l, *value);
                entries.push(Entry { key: Some(key), value });
            }
            ("jsx_attribute", _) => {}
            _ => {
                let value = lower(l, attribute);
                entries.push(Entry { key: None, value });
            }
        }
    }
    let attributes = l.ir.expr(ExprKind::Map(entries), at);
    let mut args = vec![Arg { name: None, value: attributes }];
    for child in named_children(node) {
        // `{/* a comment */}`
        let is_empty = child.kind() == "jsx_expression" && named_children(child).is_empty();
        if !is_empty
            && !matches!(child.kind(), "jsx_opening_element" | "jsx_closing_element" | "jsx_attribute" | "jsx_text")
            && node.kind() != "jsx_self_closing_element"
        {
            args.push(Arg { name: None, value: lower(l, child) });
        }
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
}

/// The items of an array or its pattern; a hole keeps its place.
fn items_in_place<'t>(
    l: &mut Lowering<'t>,
    node: Node<'t>,
    lower: fn(&mut Lowering<'t>, Node<'t>) -> ExprId,
) -> Vec<ExprId> {
    let (mut items, mut filled) = (Vec::new(), false);
    for child in children(node) {
        match child.kind() {
            "," => {
                if !filled {
                    items.push(l.ir.expr(ExprKind::Literal(Literal::Null), range(child)));
                }
                filled = false;
            }
            _ if child.is_named() && !child.is_extra() => {
                items.push(lower(l, child));
                filled = true;
            }
            _ => {}
        }
    }
    items
}

/// Lowers a pattern: the target of an assignment, a parameter, a loop's binding.
pub fn pattern<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    l.deeper(node, pattern_kind)
}

fn pattern_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "object_pattern" | "object" => {
            let mut entries = Vec::new();
            for child in named_children(node) {
                match child.kind() {
                    "pair_pattern" | "pair" => {
                        let name = child.child_by_field_name("key").map(|k| key(l, k));
                        if let Some(value) = child.child_by_field_name("value") {
                            let value = pattern(l, value);
                            entries.push(Entry { key: name, value });
                        }
                    }
                    "object_assignment_pattern" => {
                        if let (Some(left), Some(right)) =
                            (child.child_by_field_name("left"), child.child_by_field_name("right"))
                        {
                            let name = key(l, left);
                            let target = pattern(l, left);
                            let value = lower(l, right);
                            let value = l.ir.expr(ExprKind::Assign { target, op: None, value }, range(child));
                            entries.push(Entry { key: Some(name), value });
                        }
                    }
                    "rest_pattern" | "spread_element" => {
                        let value = lower(l, child);
                        entries.push(Entry { key: None, value });
                    }
                    _ => {
                        let name = key(l, child);
                        let value = lower(l, child);
                        entries.push(Entry { key: Some(name), value });
                    }
                }
            }
            ExprKind::Map(entries)
        }
        "array_pattern" | "array" => ExprKind::List(items_in_place(l, node, pattern)),
        "assignment_pattern" => {
            let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
            else {
                return l.ir.expr(ExprKind::Unknown(Vec::new()), at);
            };
            let target = pattern(l, left);
            let value = lower(l, right);
            ExprKind::Assign { target, op: None, value }
        }
        "rest_pattern" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(pattern(l, *inner)),
            None => ExprKind::Unknown(Vec::new()),
        },
        _ => return lower(l, node),
    };
    l.ir.expr(kind, at)
}
