//! Expressions and patterns.

use base::Symbol;
use ir::{Arg, Arm, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, Part, Range, StmtKind, UnaryOp};

use smallvec::smallvec;

use super::{items, patterns, stmt};
use crate::{
    lowering::{Lowering, alternatives, has_token, named_children, range},
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

/// What stands first in a node.
pub fn first<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    match named_children(node).first() {
        Some(child) => lower(l, *child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn all<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    named_children(node).into_iter().map(|c| lower(l, c)).collect()
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" | "discard" | "predefined_type" | "implicit_parameter" => ExprKind::Name(l.symbol(node)),
        "this_expression" | "this" => ExprKind::This,
        "base_expression" | "base" => ExprKind::Super,
        "null_literal" | "default_expression" => ExprKind::Literal(Literal::Null),
        "boolean_literal" => ExprKind::Literal(Literal::Bool(l.str(node) == "true")),
        "integer_literal" => ExprKind::Literal(integer(l.str(node))),
        "real_literal" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "string_literal" | "character_literal" | "verbatim_string_literal" | "raw_string_literal" => {
            ExprKind::Literal(Literal::Str(Symbol::new(&string_text(l.str(node)))))
        }
        "interpolated_string_expression" => return interpolated(l, node),
        "parenthesized_expression"
        | "ref_expression"
        | "checked_expression"
        | "constant_pattern"
        | "argument"
        | "collection_element"
        | "parenthesized_pattern"
        | "global_statement"
        | "arrow_expression_clause"
        | "subpattern_value"
        | "expression_element" => {
            return first(l, node);
        }
        "generic_name" => return first(l, node),
        "qualified_name" | "alias_qualified_name" => {
            let parts = named_children(node);
            let mut whole = first(l, node);
            for part in parts.iter().skip(1) {
                let text = l.str(*part).split('<').next().unwrap_or("");
                whole = l.ir.expr(
                    ExprKind::Member {
                        object: whole,
                        name: Symbol::new(text),
                        name_range: range(*part),
                        optional: false,
                    },
                    at,
                );
            }
            return whole;
        }
        "member_access_expression" => {
            let object = field(l, node, "expression");
            return member(l, node, object, false);
        }
        "conditional_access_expression" => {
            let parts = named_children(node);
            let [object, rest, ..] = parts.as_slice() else { return first(l, node) };
            let object = lower(l, *object);
            return conditional(l, *rest, object);
        }
        "element_access_expression" => {
            let object = field(l, node, "expression");
            let index = node.child_by_field_name("subscript").map(|s| arguments(l, s)).unwrap_or_default();
            return index_of(l, object, index, at);
        }
        "invocation_expression" => return call(l, node),
        "object_creation_expression" | "implicit_object_creation_expression" => {
            return creation(l, node, node.child_by_field_name("type"));
        }
        "anonymous_object_creation_expression" => ExprKind::Map(anonymous(l, node)),
        "array_creation_expression"
        | "implicit_array_creation_expression"
        | "stackalloc_expression"
        | "implicit_stackalloc_expression" => {
            if let Some(initializer) = named_children(node).into_iter().find(|c| c.kind() == "initializer_expression") {
                return lower(l, initializer);
            }
            let Some(ty) = node.child_by_field_name("type") else {
                return l.ir.expr(ExprKind::List(Vec::new()), at);
            };
            let sizes = ty.child_by_field_name("rank").map(named_children).unwrap_or_default();
            let args = sizes.into_iter().map(|c| Arg { name: None, value: lower(l, c) }).collect();
            let ty = items::ty(l, ty);
            let callee = l.ir.expr(ExprKind::TypeExpr(ty), at);
            ExprKind::Call { callee, args, block: None, kind: CallKind::New }
        }
        "initializer_expression" => return initializer(l, node),
        "collection_expression" | "tuple_pattern" => ExprKind::List(all(l, node)),
        "list_pattern" => ExprKind::List(patterns::list_pattern(l, node)),
        "spread_element" => ExprKind::Spread(first(l, node)),
        "tuple_expression" => {
            let items = arguments(l, node).into_iter().map(|a| a.value).collect();
            ExprKind::List(items)
        }
        "lambda_expression" | "anonymous_method_expression" => ExprKind::Lambda(items::lambda(l, node)),
        "prefix_unary_expression" => {
            let text = l.str(node);
            let op = match text.chars().next() {
                Some('!') => UnaryOp::Not,
                Some('-') if !text.starts_with("--") => UnaryOp::Neg,
                Some('&') => UnaryOp::Ref,
                Some('*') => UnaryOp::Deref,
                _ => UnaryOp::Other,
            };
            ExprKind::Unary { op, operand: first(l, node) }
        }
        "postfix_unary_expression" => {
            let op = if l.str(node).ends_with('!') { UnaryOp::NonNull } else { UnaryOp::Other };
            ExprKind::Unary { op, operand: first(l, node) }
        }
        "binary_expression" => return binary(l, node),
        "as_expression" => {
            let value = field(l, node, "left");
            match node.child_by_field_name("right") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "cast_expression" => {
            let value = field(l, node, "value");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "is_expression" | "is_pattern_expression" => return patterns::is(l, node),
        "conditional_expression" => {
            let cond = field(l, node, "condition");
            let then = field(l, node, "consequence");
            let otherwise = field(l, node, "alternative");
            ExprKind::Ternary { cond, then, otherwise }
        }
        "assignment_expression" => {
            let target = field(l, node, "left");
            let value = field(l, node, "right");
            let operator = node.child_by_field_name("operator").map_or("=", |o| l.str(o));
            let (op, value) = compound(l, operator, target, value, at);
            ExprKind::Assign { target, op, value }
        }
        "await_expression" => ExprKind::Await(first(l, node)),
        "throw_expression" => {
            let value = first(l, node);
            let stmt = l.ir.stmt(StmtKind::Throw(Some(value)), at);
            ExprKind::Do(vec![stmt])
        }
        "switch_expression" => return switch(l, node),
        // `a with { X = 1 }`: a copy of `a` but for X
        "with_expression" => {
            let copied = first(l, node);
            let value = l.ir.expr(ExprKind::Spread(copied), at);
            let mut entries = vec![Entry { key: None, value }];
            for child in named_children(node).into_iter().filter(|c| c.kind() == "with_initializer") {
                if let [name, value, ..] = named_children(child).as_slice() {
                    let symbol = l.symbol(*name);
                    let key = Some(l.ir.expr(ExprKind::Literal(Literal::Str(symbol)), range(*name)));
                    entries.push(Entry { key, value: lower(l, *value) });
                }
            }
            ExprKind::Map(entries)
        }
        "typeof_expression" | "sizeof_expression" => match named_children(node).first() {
            Some(ty) => ExprKind::TypeExpr(items::ty(l, *ty)),
            None => ExprKind::Unknown(Vec::new()),
        },
        "query_expression" => return query(l, node),
        "range_expression" => {
            let bounds = all(l, node);
            ExprKind::List(bounds)
        }
        "declaration_pattern" if patterns::names_type(l, node) => {
            let value = field(l, node, "name");
            match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Cast { ty: items::ty(l, ty), value },
                None => return value,
            }
        }
        "declaration_expression" | "declaration_pattern" | "var_pattern" => match node.child_by_field_name("name") {
            Some(name) => return lower(l, name),
            None => match named_children(node).last() {
                Some(name) => return lower(l, *name),
                None => ExprKind::Unknown(Vec::new()),
            },
        },
        "parenthesized_variable_designation" => ExprKind::List(all(l, node)),
        "recursive_pattern" => return patterns::recursive_pattern(l, node),
        "property_pattern_clause" => ExprKind::Map(patterns::property_patterns(l, node)),
        "positional_pattern_clause" => ExprKind::List(all(l, node)),
        "subpattern" => match named_children(node).last() {
            Some(inner) => return lower(l, *inner),
            None => ExprKind::Unknown(Vec::new()),
        },
        "and_pattern" | "or_pattern" => {
            let left = field(l, node, "left");
            let right = field(l, node, "right");
            let op = if node.kind() == "and_pattern" { LogicalOp::And } else { LogicalOp::Or };
            ExprKind::Logical { op, left, right }
        }
        "negated_pattern" => ExprKind::Unary { op: UnaryOp::Not, operand: first(l, node) },
        // `> 5` is no value to compare with
        "relational_pattern" => ExprKind::Unary { op: UnaryOp::Other, operand: first(l, node) },
        "type_pattern" | "nullable_type" | "array_type" | "tuple_type" | "pointer_type" => {
            let inner = if node.kind() == "type_pattern" {
                named_children(node).first().copied().unwrap_or(node)
            } else {
                node
            };
            ExprKind::TypeExpr(items::ty(l, inner))
        }
        "element_binding_expression" | "member_binding_expression" => {
            let object = l.ir.expr(ExprKind::This, at);
            return conditional(l, node, object);
        }
        "block" => ExprKind::Do(stmt::block(l, node)),
        "attribute_list"
        | "modifier"
        | "implicit_type"
        | "string_literal_content"
        | "escape_sequence"
        | "type_argument_list"
        | "argument_list"
        | "makeref_expression"
        | "bracketed_argument_list" => ExprKind::Unknown(Vec::new()),
        "ERROR" => ExprKind::Unknown(all(l, node)),
        // the condition of `#if` is no code
        kind if kind.starts_with("preproc") => {
            let code = named_children(node).into_iter().filter(|c| !c.is_field("condition"));
            ExprKind::Unknown(code.map(|c| lower(l, c)).collect())
        }
        _ => return l.unknown(node, lower),
    };
    l.ir.expr(kind, at)
}

fn integer(text: &str) -> Literal {
    let clean: String = text.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let clean = clean.trim_end_matches(['l', 'u']);
    Literal::Int(match clean.get(..2) {
        Some("0x") => i64::from_str_radix(&clean[2..], 16).ok(),
        Some("0b") => i64::from_str_radix(&clean[2..], 2).ok(),
        _ => clean.parse().ok(),
    })
}

/// The text of a string or character literal, escapes resolved.
fn string_text(raw: &str) -> String {
    let raw = raw.strip_suffix("u8").unwrap_or(raw);
    if let Some(verbatim) = raw.strip_prefix("@\"") {
        return verbatim.strip_suffix('"').unwrap_or(verbatim).replace("\"\"", "\"");
    }
    if raw.starts_with("\"\"\"") {
        let inner = raw.trim_matches('"');
        let Some((_, lines)) = inner.split_once('\n') else { return inner.to_owned() };
        // what stands before the closing quotes stands before no line
        let (lines, last) = lines.rsplit_once('\n').unwrap_or(("", lines));
        let lines = lines.split('\n').map(|line| text::outdented(line.trim_end_matches('\r'), last.len()));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let inner = raw.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\''])).unwrap_or(raw);
    text::unescape(inner, &text::CSHARP)
}

fn interpolated<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let whole = l.str(node);
    let prefix = &whole[..whole.find('"').unwrap_or(0)];
    let is_raw = whole[prefix.len()..].starts_with("\"\"\"");
    let is_verbatim = prefix.contains('@');
    // a raw string over lines begins behind the first and ends before the last, which says its indentation
    let body = whole[prefix.len()..].trim_matches('"');
    let (mut start, mut end, mut width) = (node.start_byte(), node.end_byte(), 0);
    if is_raw && let (Some(first), Some(last)) = (body.find('\n'), body.rfind('\n')) {
        let from = node.start_byte() + (body.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        (start, end, width) = (from + first + 1, from + last, body.len() - last - 1);
    }
    let mut parts = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "interpolation" => {
                let inner = named_children(child).into_iter().find(|c| c.kind() != "interpolation_brace");
                if let Some(inner) = inner {
                    let hole = lower(l, inner);
                    parts.extend(l.ir.parts_of(hole));
                }
            }
            "interpolation_start" | "interpolation_quote" => {}
            _ if is_raw => {
                let from = child.start_byte().max(start);
                let Some(text) = l.text.get(from..child.end_byte().min(end).max(from)) else { continue };
                let mut at = from;
                let mut dedented = String::with_capacity(text.len());
                for line in text.split_inclusive('\n') {
                    let starts = l.text[..at].ends_with('\n');
                    dedented.push_str(if starts { text::outdented(line, width) } else { line });
                    at += line.len();
                }
                parts.push(Part::Text(Symbol::new(&dedented)));
            }
            _ => {
                let text = l.str(child).replace("{{", "{").replace("}}", "}");
                let text = match is_verbatim {
                    true => text.replace("\"\"", "\""),
                    false => text::unescape(&text, &text::CSHARP),
                };
                parts.push(Part::Text(Symbol::new(&text)));
            }
        }
    }
    l.ir.template(parts, range(node))
}

fn member<'t>(l: &mut Lowering<'t>, node: Node<'t>, object: ExprId, optional: bool) -> ExprId {
    let Some(name) = node.child_by_field_name("name") else { return object };
    // type arguments are no part of the name
    let name = match name.kind() {
        "generic_name" => named_children(name).first().copied().unwrap_or(name),
        _ => name,
    };
    l.ir.expr(ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional }, range(node))
}

fn index_of(l: &mut Lowering<'_>, object: ExprId, index: Vec<Arg>, at: Range) -> ExprId {
    let index = match index.as_slice() {
        [one] => one.value,
        many => {
            let items = many.iter().map(|a| a.value).collect();
            l.ir.expr(ExprKind::List(items), at)
        }
    };
    l.ir.expr(ExprKind::Index { object, index }, at)
}

/// What stands behind `?`: a chain whose innermost part binds to `object`.
fn conditional<'t>(l: &mut Lowering<'t>, node: Node<'t>, object: ExprId) -> ExprId {
    if !l.enter(node) {
        return object;
    }
    let at = range(node);
    let result = match node.kind() {
        "member_binding_expression" => member(l, node, object, true),
        "element_binding_expression" => {
            let list = named_children(node).into_iter().find(|c| c.kind().ends_with("argument_list")).unwrap_or(node);
            let index = arguments(l, list);
            index_of(l, object, index, at)
        }
        "invocation_expression" => {
            let callee = match node.child_by_field_name("function") {
                Some(function) => conditional(l, function, object),
                None => object,
            };
            let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
            l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
        }
        "member_access_expression" => {
            let inner = match node.child_by_field_name("expression") {
                Some(inner) => conditional(l, inner, object),
                None => object,
            };
            member(l, node, inner, false)
        }
        "element_access_expression" => {
            let inner = match node.child_by_field_name("expression") {
                Some(inner) => conditional(l, inner, object),
                None => object,
            };
            let index = node.child_by_field_name("subscript").map(|s| arguments(l, s)).unwrap_or_default();
            index_of(l, inner, index, at)
        }
        "conditional_access_expression" => {
            let parts = named_children(node);
            match parts.as_slice() {
                [head, rest, ..] => {
                    let inner = conditional(l, *head, object);
                    conditional(l, *rest, inner)
                }
                _ => object,
            }
        }
        "postfix_unary_expression" => {
            let inner = match named_children(node).first() {
                Some(inner) => conditional(l, *inner, object),
                None => object,
            };
            l.ir.expr(ExprKind::Unary { op: UnaryOp::NonNull, operand: inner }, at)
        }
        _ => lower(l, node),
    };
    l.leave();
    result
}

/// The arguments of a call or index.
pub fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    let mut args = Vec::new();
    for child in named_children(node) {
        if child.kind() != "argument" {
            args.push(Arg { name: None, value: lower(l, child) });
            continue;
        }
        let name = child.child_by_field_name("name");
        // `this` has no node of the grammar
        let value = crate::lowering::children(child).into_iter().rfind(|c| {
            Some(c.id()) != name.map(|n| n.id())
                && !c.is_extra()
                && (c.is_named() || matches!(c.kind(), "this" | "base"))
        });
        let Some(value) = value else { continue };
        let name = name.map(|n| Symbol::new(l.str(n).trim_end_matches(':').trim()));
        let mut lowered = lower(l, value);
        // what the call may set
        if has_token(child, "out") || has_token(child, "ref") {
            lowered = l.ir.expr(ExprKind::Unary { op: UnaryOp::Ref, operand: lowered }, range(child));
        }
        args.push(Arg { name, value: lowered });
    }
    args
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let function = node.child_by_field_name("function");
    let callee = field(l, node, "function");
    let mut args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    match l.ir.module.dotted(callee).as_deref() {
        Some("nameof") => {
            if let Some(dotted) = args.first().and_then(|a| l.ir.module.dotted(a.value)) {
                let last = dotted.rsplit('.').next().unwrap_or("").to_owned();
                return l.ir.expr(ExprKind::Literal(Literal::Str(Symbol::new(&last))), at);
            }
        }
        Some("string.Format" | "String.Format") => {
            let format = args.iter().position(|a| l.ir.module.string(a.value).is_some());
            if let Some((position, text)) = format.and_then(|p| Some((p, l.ir.module.string(args[p].value)?))) {
                let values: Vec<ExprId> = args[position + 1..].iter().map(|a| a.value).collect();
                let parts = text::fill(&mut l.ir, text::braces(text.as_str()), &values, |_, _| None);
                return l.ir.template(parts, at);
            }
        }
        Some("string.Concat" | "String.Concat") => {
            let parts = args.iter().flat_map(|a| l.ir.parts_of(a.value)).collect();
            return l.ir.template(parts, at);
        }
        _ => {}
    }
    // type arguments come after the others: `services.AddScoped<IUsers, Users>()`
    let name = function.and_then(|f| if f.kind() == "generic_name" { Some(f) } else { f.child_by_field_name("name") });
    if let Some(generic) = name.filter(|n| n.kind() == "generic_name") {
        let list = named_children(generic).into_iter().find(|c| c.kind() == "type_argument_list");
        for ty in list.map(named_children).unwrap_or_default() {
            let at = range(ty);
            let ty = items::ty(l, ty);
            let value = l.ir.expr(ExprKind::TypeExpr(ty), at);
            args.push(Arg { name: Some(Symbol::new("<type>")), value });
        }
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at)
}

/// `new T(a) { B = c }`; `ty` is the type, written or declared around.
pub fn creation<'t>(l: &mut Lowering<'t>, node: Node<'t>, ty: Option<Node<'t>>) -> ExprId {
    let at = range(node);
    let callee = match ty {
        Some(ty) => {
            let inner =
                if ty.kind() == "nullable_type" { named_children(ty).first().copied().unwrap_or(ty) } else { ty };
            lower(l, inner)
        }
        None => l.ir.expr(ExprKind::Name(Symbol::new("new")), at),
    };
    let list = node.child_by_field_name("arguments");
    let list = list.or_else(|| named_children(node).into_iter().find(|c| c.kind() == "argument_list"));
    let mut args = list.map(|a| arguments(l, a)).unwrap_or_default();
    if let Some(list) = node.child_by_field_name("initializer") {
        args.push(Arg { name: None, value: lower(l, list) });
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at)
}

fn initializer<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let children = named_children(node);
    let is_pair = |c: &Node<'t>| c.kind() == "initializer_expression" && named_children(*c).len() == 2;
    let keyed = children.iter().any(|c| c.kind() == "assignment_expression") || children.iter().all(is_pair);
    let keyed = keyed && !children.is_empty();
    if !keyed {
        let items = children.into_iter().map(|c| lower(l, c)).collect();
        return l.ir.expr(ExprKind::List(items), at);
    }
    let mut entries = Vec::new();
    for child in children {
        let (Some(left), Some(right)) = (child.child_by_field_name("left"), child.child_by_field_name("right")) else {
            // `{ key, value }`
            let parts = if is_pair(&child) { named_children(child) } else { smallvec![child] };
            let parts: Vec<ExprId> = parts.into_iter().map(|p| lower(l, p)).collect();
            let (key, value) = match parts.as_slice() {
                [key, value] => (Some(*key), *value),
                _ => (None, parts[0]),
            };
            entries.push(Entry { key, value });
            continue;
        };
        let key = match left.kind() {
            "identifier" => {
                let name = l.symbol(left);
                l.ir.expr(ExprKind::Literal(Literal::Str(name)), range(left))
            }
            // `["key"] = value`
            "element_binding_expression" | "element_access_expression" | "implicit_element_access" => {
                let list =
                    named_children(left).into_iter().rfind(|c| c.kind().ends_with("argument_list")).unwrap_or(left);
                let args = arguments(l, list);
                match args.first() {
                    Some(arg) => arg.value,
                    None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(left)),
                }
            }
            _ => lower(l, left),
        };
        let value = lower(l, right);
        entries.push(Entry { key: Some(key), value });
    }
    l.ir.expr(ExprKind::Map(entries), at)
}

/// `new { a, b.C, D = e }`
fn anonymous<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    let children = crate::lowering::children(node);
    let mut entries = Vec::new();
    let mut name: Option<Node<'t>> = None;
    for (at, child) in children.iter().enumerate() {
        if !child.is_named() || child.is_extra() {
            continue;
        }
        if child.kind() == "assignment_expression" {
            if let (Some(left), Some(right)) = (child.child_by_field_name("left"), child.child_by_field_name("right")) {
                let symbol = l.symbol(left);
                let key = l.ir.expr(ExprKind::Literal(Literal::Str(symbol)), range(left));
                let value = lower(l, right);
                entries.push(Entry { key: Some(key), value });
            }
            continue;
        }
        if children.get(at + 1).is_some_and(|n| n.kind() == "=") {
            name = Some(*child);
            continue;
        }
        let value = lower(l, *child);
        let symbol = match name.take() {
            Some(name) => Some(l.symbol(name)),
            None => match &l.ir.module.expr(value).kind {
                ExprKind::Name(n) | ExprKind::Member { name: n, .. } => Some(*n),
                _ => None,
            },
        };
        let key = symbol.map(|s| l.ir.expr(ExprKind::Literal(Literal::Str(s)), range(*child)));
        entries.push(Entry { key, value });
    }
    entries
}

fn binary<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
    let left = field(l, node, "left");
    let right = field(l, node, "right");
    let op = match operator {
        "&&" => Some(LogicalOp::And),
        "||" => Some(LogicalOp::Or),
        "??" => Some(LogicalOp::Coalesce),
        _ => None,
    };
    if let Some(op) = op {
        return l.ir.expr(ExprKind::Logical { op, left, right }, at);
    }
    if operator == "+" {
        return l.ir.add(left, right, at);
    }
    l.ir.expr(ExprKind::Binary { op: binary_op(operator), left, right }, at)
}

/// A compound assignment: `??=` assigns `a ?? b`.
pub fn compound(
    l: &mut Lowering<'_>,
    op: &str,
    target: ExprId,
    value: ExprId,
    at: Range,
) -> (Option<BinaryOp>, ExprId) {
    match op {
        "=" => (None, value),
        "??=" => {
            let kind = ExprKind::Logical { op: LogicalOp::Coalesce, left: target, right: value };
            (None, l.ir.expr(kind, at))
        }
        op => (Some(binary_op(op.trim_end_matches('='))), value),
    }
}

fn switch<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let mut subject = None;
    let mut arms = Vec::new();
    let mut list: Vec<Node<'t>> = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "switch_expression_arm" => list.push(child),
            "switch_body" => list.extend(named_children(child)),
            _ if subject.is_none() => subject = Some(lower(l, child)),
            _ => {}
        }
    }
    for arm in list.into_iter().filter(|c| c.kind() == "switch_expression_arm") {
        let parts = named_children(arm);
        let (Some(pattern), Some(value)) = (parts.first(), parts.last()) else { continue };
        let patterns = if pattern.kind() == "discard" { Vec::new() } else { alternatives(*pattern) };
        let patterns = patterns.into_iter().map(|p| lower(l, p)).collect();
        let guard = parts.iter().find(|p| p.kind() == "when_clause").map(|g| first(l, *g));
        let kind = match value.kind() {
            "throw_expression" => StmtKind::Throw(Some(first(l, *value))),
            _ => StmtKind::Expr(lower(l, *value)),
        };
        let body = vec![l.ir.stmt(kind, range(*value))];
        arms.push(Arm { patterns, guard, body, range: range(arm) });
    }
    let stmt = l.ir.stmt(StmtKind::Switch { subject, arms }, at);
    l.ir.expr(ExprKind::Do(vec![stmt]), at)
}

/// A query expression: its clauses as loops, conditions and values, in order.
fn query<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let mut heads: Vec<(Range, Head)> = Vec::new();
    let mut last = None;
    for clause in named_children(node) {
        let clause_at = range(clause);
        match clause.kind() {
            "from_clause" => {
                let name = clause.child_by_field_name("name");
                let pattern = name.map(|n| lower(l, n));
                let iter = named_children(clause).into_iter().rfind(|p| Some(p.id()) != name.map(|n| n.id()));
                let iter = iter.map(|i| lower(l, i));
                heads.push((clause_at, Head::Loop(pattern, iter)));
            }
            // `join T x in xs on a equals b`
            "join_clause" => {
                let parts: Vec<Node<'t>> =
                    named_children(clause).into_iter().filter(|c| c.kind() != "join_into_clause").collect();
                let parts = &parts[parts.len().saturating_sub(4)..];
                if let [name, iter, left, right] = parts {
                    let (pattern, iter) = (lower(l, *name), lower(l, *iter));
                    heads.push((clause_at, Head::Loop(Some(pattern), Some(iter))));
                    let (left, right) = (lower(l, *left), lower(l, *right));
                    let cond = l.ir.expr(ExprKind::Binary { op: BinaryOp::Eq, left, right }, clause_at);
                    heads.push((clause_at, Head::If(cond)));
                }
            }
            "where_clause" => {
                let cond = first(l, clause);
                heads.push((clause_at, Head::If(cond)));
            }
            "let_clause" => {
                if let [name, value, ..] = named_children(clause).as_slice() {
                    let (target, value) = (lower(l, *name), lower(l, *value));
                    heads.push((clause_at, Head::Let(target, value)));
                }
            }
            // `into name`: what was selected goes on under a name
            "identifier" => {
                if let Some(value) = last.take() {
                    let target = lower(l, clause);
                    heads.push((clause_at, Head::Let(target, value)));
                }
            }
            "select_clause" | "group_clause" => {
                let parts = all(l, clause);
                if let [value, key] = parts.as_slice() {
                    heads.push((clause_at, Head::Value(*key)));
                    last = Some(*value);
                } else {
                    last = parts.first().copied();
                }
            }
            _ => heads.extend(all(l, clause).into_iter().map(|value| (clause_at, Head::Value(value)))),
        }
    }
    let value = last.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
    let mut inner = vec![l.ir.stmt(StmtKind::Expr(value), at)];
    for (clause, head) in heads.into_iter().rev() {
        let kind = match head {
            Head::Loop(pattern, iter) => StmtKind::Loop { pattern, iter, cond: None, body: std::mem::take(&mut inner) },
            Head::If(cond) => StmtKind::If { cond, then: std::mem::take(&mut inner), otherwise: Vec::new() },
            Head::Let(target, value) => {
                StmtKind::Assign { target, ty: None, op: None, value: Some(value), declares: true }
            }
            Head::Value(value) => StmtKind::Expr(value),
        };
        inner.insert(0, l.ir.stmt(kind, clause));
    }
    l.ir.expr(ExprKind::Do(inner), at)
}

/// A clause of a query before its last.
enum Head {
    Loop(Option<ExprId>, Option<ExprId>),
    If(ExprId),
    Let(ExprId, ExprId),
    Value(ExprId),
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
