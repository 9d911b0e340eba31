//! Expressions.

use base::Symbol;
use ir::{Arg, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, ParamKind, TypeKind};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, named_children, range},
    text,
    tree::Node,
};

/// Lowers an expression.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    l.deeper(node, lower_kind)
}

/// An expression list: the expression itself when it holds one.
pub fn list<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    if node.kind() != "expression_list" {
        return lower(l, node);
    }
    let items: Vec<ExprId> = named_children(node).into_iter().map(|c| lower(l, c)).collect();
    match items.as_slice() {
        [one] => *one,
        _ => l.ir.expr(ExprKind::List(items), range(node)),
    }
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> ExprId {
    match node.child_by_field_name(name) {
        Some(child) => lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn is_receiver(l: &Lowering<'_>, name: &str) -> bool {
    let mut function = l.function;
    while let Some(id) = function {
        let item = l.ir.module.function(id);
        if let Some(receiver) = item.params.first().filter(|p| p.kind == ParamKind::Receiver) {
            return receiver.name == name;
        }
        if item.params.iter().any(|p| p.name == name) {
            return false;
        }
        function = item.parent;
    }
    false
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" | "field_identifier" | "package_identifier" | "type_identifier" | "label_name" => {
            match l.str(node) {
                "_" => ExprKind::Name(Symbol::new("")),
                name if is_receiver(l, name) => ExprKind::This,
                name => ExprKind::Name(Symbol::new(name)),
            }
        }
        "nil" => ExprKind::Literal(Literal::Null),
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "iota" => ExprKind::Literal(Literal::Int(None)),
        "int_literal" => ExprKind::Literal(integer(l.str(node))),
        "float_literal" | "imaginary_literal" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "rune_literal" | "interpreted_string_literal" | "raw_string_literal" => {
            ExprKind::Literal(Literal::Str(Symbol::new(&items::string_text(l, node))))
        }
        "parenthesized_expression" | "literal_element" => match named_children(node).first() {
            Some(inner) => return lower(l, *inner),
            None => ExprKind::Unknown(Vec::new()),
        },
        "expression_list" => return list(l, node),
        "selector_expression" => {
            let object = field(l, node, "operand");
            let Some(name) = node.child_by_field_name("field") else { return object };
            ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
        }
        "index_expression" => {
            let object = field(l, node, "operand");
            let index = field(l, node, "index");
            ExprKind::Index { object, index }
        }
        "slice_expression" => {
            let object = field(l, node, "operand");
            let bounds = ["start", "end", "capacity"].into_iter().filter_map(|f| node.child_by_field_name(f));
            let bounds: Vec<ExprId> = bounds.map(|b| lower(l, b)).collect();
            let index = l.ir.expr(ExprKind::List(bounds), at);
            ExprKind::Index { object, index }
        }
        "call_expression" => return call(l, node),
        // `f[T](x)` is read as a conversion
        "type_conversion_expression"
            if node.child_by_field_name("type").is_some_and(|t| t.kind() == "generic_type") =>
        {
            let ty = node.child_by_field_name("type").unwrap_or(node);
            let callee = field(l, ty, "type");
            let args = vec![Arg { name: None, value: field(l, node, "operand") }];
            ExprKind::Call { callee, args, block: None, kind: CallKind::Call }
        }
        "type_conversion_expression" => {
            let value = field(l, node, "operand");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "type_assertion_expression" => {
            let value = field(l, node, "operand");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "type_instantiation_expression" | "generic_type" => match node.child_by_field_name("type") {
            Some(inner) => return lower(l, inner),
            None => ExprKind::Unknown(Vec::new()),
        },
        "func_literal" => ExprKind::Lambda(items::function(l, node)),
        "composite_literal" => return composite(l, node),
        "literal_value" => return literal_value(l, node, false),
        "unary_expression" => {
            let operator = node.child_by_field_name("operator").map_or("", |o| o.kind());
            let operand = field(l, node, "operand");
            match operator {
                "<-" => ExprKind::Await(operand),
                op => ExprKind::Unary { op: stmt::unary_op(op), operand },
            }
        }
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
        "variadic_argument" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(lower(l, *inner)),
            None => ExprKind::Unknown(Vec::new()),
        },
        "slice_type" | "array_type" | "map_type" | "pointer_type" | "channel_type" | "function_type"
        | "interface_type" | "struct_type" | "qualified_type" | "parenthesized_type" => {
            ExprKind::TypeExpr(items::ty(l, node))
        }
        "type_elem" => match named_children(node).first() {
            Some(inner) => return lower(l, *inner),
            None => ExprKind::Unknown(Vec::new()),
        },
        "type_arguments" | "ERROR" | "escape_sequence" => {
            ExprKind::Unknown(named_children(node).into_iter().map(|c| lower(l, c)).collect())
        }
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

fn integer(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    Literal::Int(match clean.get(..2) {
        Some("0x") => i64::from_str_radix(&clean[2..], 16).ok(),
        Some("0b") => i64::from_str_radix(&clean[2..], 2).ok(),
        Some("0o") => i64::from_str_radix(&clean[2..], 8).ok(),
        Some(start) if start.starts_with('0') => i64::from_str_radix(&clean, 8).ok(),
        _ => clean.parse().ok(),
    })
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let callee = field(l, node, "function");
    let list = node.child_by_field_name("arguments").map(named_children).unwrap_or_default();
    let mut args: Vec<Arg> = list.into_iter().map(|a| Arg { name: None, value: lower(l, a) }).collect();
    // `string(x)`
    if let (Some(function), [one]) = (node.child_by_field_name("function"), args.as_slice())
        && function.kind() == "identifier"
        && is_predeclared(l.str(function))
    {
        let value = one.value;
        let path = l.symbol(function);
        let ty = l.ir.ty(TypeKind::Named { path, args: Vec::new() }, range(function));
        return l.ir.expr(ExprKind::Cast { ty, value }, at);
    }
    // `[]byte(x)`
    if let (ExprKind::TypeExpr(ty), [one]) = (l.ir.module.expr(callee).kind.clone(), args.as_slice()) {
        let value = one.value;
        return l.ir.expr(ExprKind::Cast { ty, value }, at);
    }
    if let Some(position) = format_position(l.ir.module.dotted(callee).as_deref())
        && let Some(format) = args.get(position)
        && let Some(text) = l.ir.module.string(format.value)
    {
        let holes: Vec<ExprId> = args[position + 1..].iter().map(|a| a.value).collect();
        let parts = text::fill(&mut l.ir, text::percent(text.as_str(), false), &holes, |_, _| None);
        if l.ir.module.dotted(callee).as_deref() == Some("fmt.Sprintf") {
            return l.ir.template(parts, at);
        }
        let value = l.ir.template(parts, at);
        args.truncate(position);
        args.push(Arg { name: None, value });
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
}

/// Whether a name is a type that every file has.
fn is_predeclared(name: &str) -> bool {
    let number = name.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(name, "string" | "bool" | "byte" | "rune" | "any" | "uintptr")
        || matches!(number, "int" | "uint" | "float" | "complex")
}

/// Where the format string of a formatting function of the standard library is.
fn format_position(callee: Option<&str>) -> Option<usize> {
    match callee? {
        "fmt.Sprintf" | "fmt.Errorf" | "fmt.Printf" | "log.Printf" | "log.Fatalf" | "log.Panicf" => Some(0),
        "fmt.Fprintf" => Some(1),
        _ => None,
    }
}

/// `T{…}` makes a `T`; slices and maps are plain lists and maps.
fn composite<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let ty = node.child_by_field_name("type");
    let body = match node.child_by_field_name("body") {
        Some(body) if ty.is_some_and(|t| t.kind() == "map_type") => literal_value(l, body, true),
        Some(body) => lower(l, body),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
    };
    let Some(ty) = ty else { return body };
    let callee = match ty.kind() {
        "type_identifier" => {
            let name = l.symbol(ty);
            l.ir.expr(ExprKind::Name(name), range(ty))
        }
        "qualified_type" => {
            let parts = named_children(ty);
            let [package, name, ..] = parts.as_slice() else { return body };
            let object = lower(l, *package);
            let symbol = l.symbol(*name);
            l.ir.expr(ExprKind::Member { object, name: symbol, name_range: range(*name), optional: false }, range(ty))
        }
        "generic_type" => field(l, ty, "type"),
        _ => return body,
    };
    let args = vec![Arg { name: None, value: body }];
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at)
}

/// `{a: b}`: of a map the keys are values, elsewhere names of fields.
fn literal_value<'t>(l: &mut Lowering<'t>, node: Node<'t>, is_map: bool) -> ExprId {
    let at = range(node);
    let children = named_children(node);
    if children.iter().any(|c| c.kind() == "keyed_element") {
        let mut entries = Vec::new();
        for child in children {
            let parts = named_children(child);
            let [key, value] = parts.as_slice() else {
                let value = lower(l, child);
                entries.push(Entry { key: None, value });
                continue;
            };
            let name = named_children(*key).first().copied().unwrap_or(*key);
            let key = match name.kind() {
                "identifier" | "field_identifier" if !is_map => {
                    let symbol = l.symbol(name);
                    l.ir.expr(ExprKind::Literal(Literal::Str(symbol)), range(name))
                }
                _ => lower(l, *key),
            };
            let value = lower(l, *value);
            entries.push(Entry { key: Some(key), value });
        }
        return l.ir.expr(ExprKind::Map(entries), at);
    }
    let items = children.into_iter().map(|c| lower(l, c)).collect();
    l.ir.expr(ExprKind::List(items), at)
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
