//! Expressions and patterns.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, ExprId, ExprKind, Literal, LogicalOp, Part, StmtKind, TypeKind, UnaryOp};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, named_children, range},
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

/// The arguments of a call.
pub fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    named_children(node).into_iter().map(|c| Arg { name: None, value: lower(l, c) }).collect()
}

/// A type where an expression names it: names and members for a plain path.
fn type_name<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let inner = match node.kind() {
        "generic_type" => named_children(node).first().copied().unwrap_or(node),
        _ => node,
    };
    let text: String = l.str(inner).chars().filter(|c| !c.is_whitespace()).collect();
    let at = range(inner);
    let mut parts = text.split('.');
    let mut whole = l.ir.expr(ExprKind::Name(Symbol::new(parts.next().unwrap_or(""))), at);
    for part in parts {
        whole =
            l.ir.expr(ExprKind::Member { object: whole, name: Symbol::new(part), name_range: at, optional: false }, at);
    }
    whole
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" | "type_identifier" | "underscore_pattern" => ExprKind::Name(l.symbol(node)),
        "scoped_identifier" | "scoped_type_identifier" => return type_name(l, node),
        "this" => ExprKind::This,
        "super" => ExprKind::Super,
        "null_literal" => ExprKind::Literal(Literal::Null),
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "decimal_integer_literal" | "hex_integer_literal" | "octal_integer_literal" | "binary_integer_literal" => {
            ExprKind::Literal(integer(l.str(node)))
        }
        "decimal_floating_point_literal" | "hex_floating_point_literal" => {
            ExprKind::Literal(Literal::Float(l.symbol(node)))
        }
        "character_literal" | "string_literal" | "string_fragment" | "multiline_string_fragment" => {
            ExprKind::Literal(Literal::Str(Symbol::new(&string_text(l.str(node)))))
        }
        "template_expression" => ExprKind::Unknown(named_children(node).into_iter().map(|c| lower(l, c)).collect()),
        "parenthesized_expression" => return first(l, node),
        "field_access" => {
            let object = field(l, node, "object");
            let Some(name) = node.child_by_field_name("field") else { return object };
            if name.kind() == "this" {
                return l.ir.expr(ExprKind::This, at);
            }
            ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
        }
        "array_access" => {
            let object = field(l, node, "array");
            let index = field(l, node, "index");
            ExprKind::Index { object, index }
        }
        "method_invocation" => return call(l, node),
        "object_creation_expression" => return creation(l, node),
        "array_creation_expression" => match node.child_by_field_name("value") {
            Some(value) => return lower(l, value),
            None => {
                let sizes = crate::lowering::field_children(node, "dimensions");
                let sizes = sizes.into_iter().flat_map(named_children);
                let args = sizes.map(|c| Arg { name: None, value: lower(l, c) }).collect();
                let element = node.child_by_field_name("type").map(|t| items::ty(l, t));
                let element = element.unwrap_or_else(|| l.ir.ty(TypeKind::Unknown, at));
                let ty = l.ir.ty(TypeKind::Array(element), at);
                let callee = l.ir.expr(ExprKind::TypeExpr(ty), at);
                ExprKind::Call { callee, args, block: None, kind: CallKind::New }
            }
        },
        "array_initializer" | "element_value_array_initializer" => {
            ExprKind::List(named_children(node).into_iter().map(|c| lower(l, c)).collect())
        }
        "lambda_expression" => ExprKind::Lambda(items::lambda(l, node)),
        "method_reference" => {
            let parts = named_children(node);
            let object = match parts.first() {
                Some(object) if object.kind().contains("type") && object.kind() != "type_arguments" => {
                    type_name(l, *object)
                }
                Some(object) => lower(l, *object),
                None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
            };
            let name = match parts.last().filter(|_| parts.len() > 1) {
                Some(name) => l.symbol(*name),
                None => Symbol::new("new"),
            };
            ExprKind::Member { object, name, name_range: at, optional: false }
        }
        "class_literal" => match named_children(node).first() {
            Some(inner) => ExprKind::TypeExpr(items::ty(l, *inner)),
            None => ExprKind::Unknown(Vec::new()),
        },
        "unary_expression" => {
            let op = match node.child_by_field_name("operator").map_or("", |o| o.kind()) {
                "!" => UnaryOp::Not,
                "-" => UnaryOp::Neg,
                _ => UnaryOp::Other,
            };
            ExprKind::Unary { op, operand: field(l, node, "operand") }
        }
        "update_expression" => ExprKind::Unary { op: UnaryOp::Other, operand: first(l, node) },
        "binary_expression" => {
            let operator = node.child_by_field_name("operator").map_or("", |o| o.kind());
            let left = field(l, node, "left");
            let right = field(l, node, "right");
            match operator {
                "&&" => ExprKind::Logical { op: LogicalOp::And, left, right },
                "||" => ExprKind::Logical { op: LogicalOp::Or, left, right },
                "+" => return l.ir.add(left, right, at),
                op => ExprKind::Binary { op: binary_op(op), left, right },
            }
        }
        "instanceof_expression" => {
            let value = field(l, node, "left");
            let binding = node.child_by_field_name("name").map(|n| l.symbol(n));
            let right = node.child_by_field_name("right").or_else(|| node.child_by_field_name("pattern"));
            // `o instanceof Point(int x, int y)` takes apart
            if let Some(pattern) = right.filter(|r| r.kind() == "record_pattern") {
                let target = lower(l, pattern);
                return l.ir.expr(ExprKind::Assign { target, op: None, value }, at);
            }
            let (ty, binding) = match right {
                Some(pattern) if pattern.kind().ends_with("pattern") => {
                    let parts = named_children(pattern);
                    let ty = parts.first().map(|t| items::ty(l, *t));
                    let name = parts.last().filter(|n| n.kind() == "identifier").map(|n| l.symbol(*n));
                    (ty, name.or(binding))
                }
                Some(right) => (Some(items::ty(l, right)), binding),
                None => (None, binding),
            };
            let ty = ty.unwrap_or_else(|| l.ir.ty(TypeKind::Unknown, at));
            ExprKind::IsType { value, ty, binding }
        }
        "ternary_expression" => {
            let cond = field(l, node, "condition");
            let then = field(l, node, "consequence");
            let otherwise = field(l, node, "alternative");
            ExprKind::Ternary { cond, then, otherwise }
        }
        "assignment_expression" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            let operator = node.child_by_field_name("operator").map_or("=", |o| o.kind());
            let op = (operator != "=").then(|| binary_op(operator.trim_end_matches('=')));
            ExprKind::Assign { target, op, value }
        }
        "cast_expression" => {
            let value = field(l, node, "value");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "switch_expression" => ExprKind::Do(vec![stmt::switch(l, node)]),
        "block" => ExprKind::Do(stmt::block(l, node)),
        "expression_statement" | "pattern" => return first(l, node),
        "throw_statement" => {
            let value = first(l, node);
            let stmt = l.ir.stmt(StmtKind::Throw(Some(value)), at);
            ExprKind::Do(vec![stmt])
        }
        "annotation" | "marker_annotation" => return items::annotation(l, node),
        "type_pattern" => {
            let parts = named_children(node);
            match parts.as_slice() {
                [ty, name, ..] => {
                    let ty = items::ty(l, *ty);
                    let value = lower(l, *name);
                    ExprKind::Cast { ty, value }
                }
                _ => ExprKind::Unknown(Vec::new()),
            }
        }
        "record_pattern" => {
            let parts = named_children(node);
            let callee = match parts.first() {
                Some(name) => type_name(l, *name),
                None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
            };
            let inner = parts.get(1).map(|b| named_children(*b)).unwrap_or_default();
            let args = inner.into_iter().map(|c| Arg { name: None, value: lower(l, c) }).collect();
            ExprKind::Call { callee, args, block: None, kind: CallKind::New }
        }
        "record_pattern_component" => match named_children(node).as_slice() {
            [ty, name] if l.str(*ty) != "var" => {
                let ty = items::ty(l, *ty);
                let value = lower(l, *name);
                ExprKind::Cast { ty, value }
            }
            [.., name] => return lower(l, *name),
            [] => ExprKind::Unknown(Vec::new()),
        },
        "integral_type" | "floating_point_type" | "boolean_type" | "void_type" | "generic_type" | "array_type" => {
            ExprKind::TypeExpr(items::ty(l, node))
        }
        "type_arguments" | "escape_sequence" => ExprKind::Unknown(Vec::new()),
        "ERROR" => ExprKind::Unknown(named_children(node).into_iter().map(|c| lower(l, c)).collect()),
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

fn integer(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let clean = clean.trim_end_matches('l');
    Literal::Int(match clean.get(..2) {
        Some("0x") => i64::from_str_radix(&clean[2..], 16).ok(),
        Some("0b") => i64::from_str_radix(&clean[2..], 2).ok(),
        Some(start) if start.starts_with('0') => i64::from_str_radix(clean, 8).ok(),
        _ => clean.parse().ok(),
    })
}

/// The text of a string, character or text block, escapes resolved.
pub fn string_text(raw: &str) -> String {
    let Some(block) = raw.strip_prefix("\"\"\"").and_then(|r| r.strip_suffix("\"\"\"")) else {
        let inner = raw.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\''])).unwrap_or(raw);
        return text::unescape(inner, &text::JAVA);
    };
    // a text block: what all lines are indented by, the last one with its quotes too, is not in it
    let lines: Vec<&str> = block.split_once('\n').map_or(block, |(_, lines)| lines).split('\n').collect();
    let last = lines.last().copied().unwrap_or("");
    let mut width = text::indentation(lines.iter().copied());
    if last.trim().is_empty() {
        width = width.min(last.len());
    }
    let lines = lines.iter().map(|line| text::outdented(line, width).trim_end_matches([' ', '\t', '\r']));
    text::unescape(&lines.collect::<Vec<_>>().join("\n"), &text::JAVA)
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let Some(name) = node.child_by_field_name("name") else { return l.unknown(node, lower) };
    let callee = match node.child_by_field_name("object") {
        Some(object) => {
            let object = lower(l, object);
            let kind = ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false };
            l.ir.expr(kind, ir::Range { start: at.start, end: range(name).end })
        }
        None => lower(l, name),
    };
    let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    if let Some(parts) = formatted(l, callee, &args) {
        return l.ir.template(parts, at);
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
}

/// `String.format("…", a)`, `"…".formatted(a)`, `MessageFormat.format("…", a)` and `"…".concat(a)`.
fn formatted(l: &mut Lowering<'_>, callee: ExprId, args: &[Arg]) -> Option<Vec<Part>> {
    let ExprKind::Member { object, name, .. } = l.ir.module.expr(callee).kind else { return None };
    let of = l.ir.module.dotted(object);
    let (pieces, args) = match (name.as_str(), of.as_deref()) {
        ("format", Some("String")) => {
            // a locale may stand first
            let at = args.iter().take(2).position(|a| l.ir.module.string(a.value).is_some())?;
            (text::percent(l.ir.module.string(args[at].value)?.as_str(), true), &args[at + 1..])
        }
        ("formatted", _) => (text::percent(l.ir.module.string(object)?.as_str(), true), args),
        ("format", Some("MessageFormat")) => {
            let (format, args) = args.split_first()?;
            // quotes are doubled there
            let text = l.ir.module.string(format.value)?.as_str().replace("''", "'");
            (text::braces(&text), args)
        }
        ("concat", _) if !args.is_empty() => {
            let is_text = |id: ExprId| {
                matches!(l.ir.module.expr(id).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_))
            };
            if !is_text(object) {
                return None;
            }
            let mut parts = l.ir.parts_of(object);
            parts.extend(args.iter().flat_map(|a| l.ir.parts_of(a.value)));
            return Some(parts);
        }
        _ => return None,
    };
    let values: Vec<ExprId> = args.iter().map(|a| a.value).collect();
    Some(text::fill(&mut l.ir, pieces, &values, |_, _| None))
}

fn creation<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let ty = node.child_by_field_name("type");
    let callee = match ty {
        Some(ty) => type_name(l, ty),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    let made = l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at);
    let body = named_children(node).into_iter().find(|c| c.kind() == "class_body");
    match body {
        Some(body) => {
            let class = items::anonymous(l, body, ty, made);
            l.ir.expr(ExprKind::ClassExpr(class), at)
        }
        None => made,
    }
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
