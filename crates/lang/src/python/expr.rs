//! Expressions and patterns.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, ParamKind, Part, StmtKind, UnaryOp};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
    text,
    tree::Node,
};

/// Lowers an expression or pattern.
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

fn all<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    named_children(node).into_iter().map(|c| lower(l, c)).collect()
}

/// Whether a name is the receiver of the method around.
fn is_receiver(l: &Lowering<'_>, name: &str) -> bool {
    let mut function = l.function;
    while let Some(id) = function {
        let item = l.ir.module.function(id);
        if let Some(receiver) = item.params.first().filter(|p| p.kind == ParamKind::Receiver) {
            return receiver.name == name;
        }
        function = item.parent;
    }
    false
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" | "keyword_identifier" => match is_receiver(l, l.str(node)) {
            true => ExprKind::This,
            false => ExprKind::Name(l.symbol(node)),
        },
        "dotted_name" => return dotted(l, node),
        "integer" => ExprKind::Literal(integer(l.str(node))),
        "float" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "none" | "ellipsis" => ExprKind::Literal(Literal::Null),
        "string" | "concatenated_string" => {
            let parts = string_parts(l, node);
            return l.ir.template(parts, at);
        }
        "parenthesized_expression" | "interpolation" => return first(l, node),
        "case_pattern" => match pattern_parts(l, node).first() {
            Some(inner) => return *inner,
            None => ExprKind::Name(Symbol::new("_")),
        },
        "attribute" => {
            let object = field(l, node, "object");
            let Some(name) = node.child_by_field_name("attribute") else { return object };
            ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
        }
        "subscript" => {
            let object = field(l, node, "value");
            let parts: Vec<ExprId> = field_children(node, "subscript").into_iter().map(|c| lower(l, c)).collect();
            let index = match parts.as_slice() {
                [one] => *one,
                _ => l.ir.expr(ExprKind::List(parts), at),
            };
            ExprKind::Index { object, index }
        }
        "slice" => ExprKind::List(all(l, node)),
        "call" => return call(l, node),
        "lambda" => ExprKind::Lambda(items::lambda(l, node)),
        "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern" | "list_pattern" => {
            ExprKind::List(all(l, node))
        }
        "dictionary" => ExprKind::Map(entries(l, node)),
        "dict_pattern" => ExprKind::Map(pattern_entries(l, node)),
        "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
            return comprehension(l, node);
        }
        "not_operator" => ExprKind::Unary { op: UnaryOp::Not, operand: field(l, node, "argument") },
        "unary_operator" => {
            let op = if has_token(node, "-") { UnaryOp::Neg } else { UnaryOp::Other };
            ExprKind::Unary { op, operand: field(l, node, "argument") }
        }
        "binary_operator" => return binary(l, node),
        "boolean_operator" => {
            let left = field(l, node, "left");
            let right = field(l, node, "right");
            let op = if has_token(node, "and") { LogicalOp::And } else { LogicalOp::Or };
            ExprKind::Logical { op, left, right }
        }
        "comparison_operator" => return comparison(l, node),
        "conditional_expression" => {
            let parts = named_children(node);
            let [then, cond, otherwise] = parts.as_slice() else { return l.unknown(node, lower) };
            let then = lower(l, *then);
            let cond = lower(l, *cond);
            let otherwise = lower(l, *otherwise);
            ExprKind::Ternary { cond, then, otherwise }
        }
        "named_expression" => {
            let target = field(l, node, "name");
            let value = field(l, node, "value");
            ExprKind::Assign { target, op: None, value }
        }
        "assignment" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            ExprKind::Assign { target, op: None, value }
        }
        "await" => ExprKind::Await(first(l, node)),
        "yield" => {
            let value = named_children(node).first().map(|c| lower(l, *c));
            ExprKind::Yield(value)
        }
        "list_splat"
        | "dictionary_splat"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "parenthesized_list_splat"
        | "splat_pattern" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(lower(l, *inner)),
            // `*_`
            None => ExprKind::Spread(l.ir.expr(ExprKind::Name(Symbol::new("_")), at)),
        },
        "type" => return first(l, node),
        "as_pattern" | "as_pattern_target" => {
            let parts = named_children(node);
            match parts.as_slice() {
                [value, alias] => {
                    let value = lower(l, *value);
                    let target = lower(l, *alias);
                    ExprKind::Assign { target, op: None, value }
                }
                [one] => return lower(l, *one),
                _ => ExprKind::Unknown(Vec::new()),
            }
        }
        "union_pattern" => {
            let parts = pattern_parts(l, node);
            let whole = parts
                .into_iter()
                .reduce(|left, right| l.ir.expr(ExprKind::Logical { op: LogicalOp::Or, left, right }, at));
            return whole.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
        }
        "complex_pattern" => ExprKind::List(all(l, node)),
        "class_pattern" => {
            let parts = named_children(node);
            let callee = match parts.first() {
                Some(name) => lower(l, *name),
                None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
            };
            let args = parts.into_iter().skip(1).map(|part| {
                let inner = named_children(part).into_iter().find(|p| p.kind() == "keyword_pattern");
                let name = inner.and_then(|k| named_children(k).first().copied()).map(|n| l.symbol(n));
                Arg { name, value: lower(l, part) }
            });
            let args = args.collect();
            ExprKind::Call { callee, args, block: None, kind: CallKind::New }
        }
        "keyword_pattern" => {
            // `_` has no node
            match pattern_parts(l, node).get(1) {
                Some(value) => return *value,
                None => ExprKind::Name(Symbol::new("_")),
            }
        }
        "keyword_argument" => return field(l, node, "value"),
        "format_expression"
        | "type_conversion"
        | "format_specifier"
        | "line_continuation"
        | "escape_sequence"
        | "escape_interpolation"
        | "string_start"
        | "string_end"
        | "string_content" => ExprKind::Unknown(Vec::new()),
        "generic_type" | "union_type" | "member_type" | "constrained_type" | "splat_type" => {
            ExprKind::TypeExpr(items::ty(l, node))
        }
        "chevron" | "ERROR" => ExprKind::Unknown(all(l, node)),
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

/// What stands in a pattern, minus signs and `_` included, which have no nodes of their own.
pub fn pattern_parts<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    let (mut parts, mut is_negative) = (Vec::new(), false);
    for child in children(node).into_iter().filter(|c| !c.is_extra()) {
        let at = range(child);
        if child.is_named() {
            let operand = lower(l, child);
            parts.push(match std::mem::take(&mut is_negative) {
                true => l.ir.expr(ExprKind::Unary { op: UnaryOp::Neg, operand }, at),
                false => operand,
            });
        } else if l.str(child) == "-" {
            is_negative = true;
        } else if l.str(child) == "_" {
            parts.push(l.ir.expr(ExprKind::Name(Symbol::new("_")), at));
        }
    }
    parts
}

/// `{"key": value, **rest}` of a pattern.
fn pattern_entries<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut key = None;
    for child in named_children(node) {
        let lowered = lower(l, child);
        match key.take() {
            _ if child.is_field("key") => key = Some(lowered),
            key => entries.push(Entry { key, value: lowered }),
        }
    }
    entries
}

fn dotted<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let mut parts = named_children(node).into_iter();
    let Some(head) = parts.next() else { return l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)) };
    let mut object = lower(l, head);
    for part in parts {
        let mut at = range(node);
        at.end = range(part).end;
        let name = l.symbol(part);
        object = l.ir.expr(ExprKind::Member { object, name, name_range: range(part), optional: false }, at);
    }
    object
}

fn integer(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    Literal::Int(match clean.get(..2) {
        Some("0x") => i64::from_str_radix(&clean[2..], 16).ok(),
        Some("0o") => i64::from_str_radix(&clean[2..], 8).ok(),
        Some("0b") => i64::from_str_radix(&clean[2..], 2).ok(),
        _ => clean.parse().ok(),
    })
}

/// The parts of a string, f-string or implicit concatenation.
fn string_parts<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Part> {
    let mut parts = Vec::new();
    if node.kind() == "concatenated_string" {
        for child in named_children(node) {
            parts.extend(string_parts(l, child));
        }
        return parts;
    }
    let mut raw = false;
    for child in named_children(node) {
        match child.kind() {
            "string_start" => {
                raw = l.str(child).chars().take_while(|c| c.is_alphabetic()).any(|c| matches!(c, 'r' | 'R'));
            }
            "string_content" => {
                // escapes are children; the text between them is not
                let mut at = child.start_byte();
                for escape in named_children(child) {
                    parts.push(Part::Text(Symbol::new(l.text.get(at..escape.start_byte()).unwrap_or(""))));
                    let text = l.str(escape);
                    let resolved = if raw { text.to_owned() } else { unescape(text) };
                    parts.push(Part::Text(Symbol::new(&resolved)));
                    at = escape.end_byte();
                }
                parts.push(Part::Text(Symbol::new(l.text.get(at..child.end_byte()).unwrap_or(""))));
            }
            "interpolation" => {
                let Some(inner) = child.child_by_field_name("expression").or(named_children(child).first().copied())
                else {
                    continue;
                };
                // `{x=}`
                if has_token(child, "=") {
                    parts.push(Part::Text(Symbol::new(&format!("{}=", l.str(inner)))));
                }
                let hole = lower(l, inner);
                parts.extend(l.ir.parts_of(hole));
                // values in the specification: `{x:{width}}`
                for spec in child.child_by_field_name("format_specifier").map(named_children).unwrap_or_default() {
                    if let Some(inner) = spec.child_by_field_name("expression") {
                        let hole = lower(l, inner);
                        parts.push(Part::Hole(hole));
                    }
                }
            }
            _ => {}
        }
    }
    parts
}

fn unescape(text: &str) -> String {
    match text.starts_with('\\') {
        true => text::unescape(text, &text::PYTHON),
        // `{{` and `}}` of an f-string
        false => text.chars().next().map(String::from).unwrap_or_default(),
    }
}

fn entries<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "pair" => {
                let key = Some(field(l, child, "key"));
                let value = field(l, child, "value");
                entries.push(Entry { key, value });
            }
            _ => {
                let value = lower(l, child);
                entries.push(Entry { key: None, value });
            }
        }
    }
    entries
}

/// Arguments, keywords kept.
pub fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    if node.kind() == "generator_expression" {
        return vec![Arg { name: None, value: lower(l, node) }];
    }
    let mut args = Vec::new();
    for child in named_children(node) {
        let name = match child.kind() {
            "keyword_argument" => child.child_by_field_name("name").map(|n| l.symbol(n)),
            _ => None,
        };
        args.push(Arg { name, value: lower(l, child) });
    }
    args
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let function = node.child_by_field_name("function");
    if function.is_some_and(|f| f.kind() == "identifier" && l.str(f) == "super") {
        return l.ir.expr(ExprKind::Super, at);
    }
    let callee = field(l, node, "function");
    let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    // `"…".format(a, b=c)` builds a string
    if let ExprKind::Member { object, name, .. } = &l.ir.module.expr(callee).kind
        && let Some(text) = l.ir.module.string(*object)
    {
        let parts = match name.as_str() {
            "format" => Some(format_parts(l, text.as_str(), &args)),
            "format_map" => args.first().map(|map| {
                let value = l.ir.expr(ExprKind::Spread(map.value), at);
                format_parts(l, text.as_str(), &[Arg { name: None, value }])
            }),
            _ => None,
        };
        if let Some(parts) = parts {
            return l.ir.template(parts, at);
        }
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
}

fn format_parts(l: &mut Lowering<'_>, text: &str, args: &[Arg]) -> Vec<Part> {
    let values: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
    text::fill(&mut l.ir, text::braces(text), &values, |ir, name| {
        if let Some(arg) = args.iter().find(|a| a.name.is_some_and(|n| n == name)) {
            return Some(arg.value);
        }
        // what `**values` has under the name
        let spread = values.iter().rev().find_map(|v| match ir.module.expr(*v).kind {
            ExprKind::Spread(inner) => Some(inner),
            _ => None,
        });
        spread.map(|object| named_value(ir, object, name))
    })
}

/// What a dictionary has under a name.
fn named_value(ir: &mut ir::Builder, object: ExprId, name: &str) -> ExprId {
    if let ExprKind::Map(entries) = &ir.module.expr(object).kind
        && let Some(entry) = entries.iter().find(|e| e.key.and_then(|k| ir.module.string(k)).is_some_and(|k| k == name))
    {
        return entry.value;
    }
    let at = ir.module.expr(object).range;
    let index = ir.expr(ExprKind::Literal(Literal::Str(Symbol::new(name))), at);
    ir.expr(ExprKind::Index { object, index }, at)
}

fn binary<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let operator = node.child_by_field_name("operator").map_or("", |o| o.kind());
    let left = field(l, node, "left");
    let right = field(l, node, "right");
    if operator == "+" {
        return l.ir.add(left, right, at);
    }
    let is_text = matches!(l.ir.module.expr(left).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_));
    if operator == "%" && is_text {
        return percent(l, left, right, at);
    }
    l.ir.expr(ExprKind::Binary { op: stmt::binary_op(operator), left, right }, at)
}

/// `"… %s …" % value`
fn percent(l: &mut Lowering<'_>, left: ExprId, right: ExprId, at: ir::Range) -> ExprId {
    let values = match &l.ir.module.expr(right).kind {
        ExprKind::List(items) => items.clone(),
        _ => vec![right],
    };
    let mut parts = Vec::new();
    for part in l.ir.parts_of(left) {
        match part {
            Part::Text(text) => {
                let pieces = text::percent(text.as_str(), false);
                let filled = text::fill(&mut l.ir, pieces, &values, |ir, name| Some(named_value(ir, right, name)));
                parts.extend(filled);
            }
            hole @ Part::Hole(_) => parts.push(hole),
        }
    }
    l.ir.template(parts, at)
}

/// `a < b <= c` is `a < b and b <= c`.
fn comparison<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let operands = all(l, node);
    let operators: Vec<BinaryOp> = children(node)
        .into_iter()
        .filter(|c| !c.is_named() || matches!(c.kind(), "not in" | "is not"))
        .map(|c| stmt::binary_op(c.kind()))
        .collect();
    let mut whole: Option<ExprId> = None;
    for (pair, op) in operands.windows(2).zip(operators) {
        let [left, right] = pair else { continue };
        let one = l.ir.expr(ExprKind::Binary { op, left: *left, right: *right }, at);
        whole = Some(match whole {
            Some(before) => l.ir.expr(ExprKind::Logical { op: LogicalOp::And, left: before, right: one }, at),
            None => one,
        });
    }
    whole.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(operands), at))
}

/// A comprehension is a loop whose body is the element.
fn comprehension<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let clauses: Vec<_> =
        named_children(node).into_iter().filter(|c| matches!(c.kind(), "for_in_clause" | "if_clause")).collect();
    let mut heads = Vec::new();
    for clause in clauses {
        if clause.kind() == "for_in_clause" {
            let pattern = field(l, clause, "left");
            let rights: Vec<ExprId> = field_children(clause, "right").into_iter().map(|c| lower(l, c)).collect();
            let iter = match rights.as_slice() {
                [one] => *one,
                _ => l.ir.expr(ExprKind::List(rights), range(clause)),
            };
            heads.push((range(clause), Some((pattern, iter)), None));
        } else {
            let cond = first(l, clause);
            heads.push((range(clause), None, Some(cond)));
        }
    }
    let body = node.child_by_field_name("body");
    let element = match body {
        Some(pair) if pair.kind() == "pair" => {
            let key = Some(field(l, pair, "key"));
            let value = field(l, pair, "value");
            l.ir.expr(ExprKind::Map(vec![Entry { key, value }]), range(pair))
        }
        Some(body) => lower(l, body),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let mut inner = l.ir.stmt(StmtKind::Expr(element), body.map_or(at, range));
    for (clause, head, cond) in heads.into_iter().rev() {
        let kind = match (head, cond) {
            (Some((pattern, iter)), _) => {
                StmtKind::Loop { pattern: Some(pattern), iter: Some(iter), cond: None, body: vec![inner] }
            }
            (_, Some(cond)) => StmtKind::If { cond, then: vec![inner], otherwise: Vec::new() },
            _ => continue,
        };
        inner = l.ir.stmt(kind, clause);
    }
    l.ir.expr(ExprKind::Do(vec![inner]), at)
}
