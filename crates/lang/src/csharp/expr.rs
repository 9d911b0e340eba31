//! Expressions and patterns.

use base::Symbol;
use ir::{
    Arg, Arm, BinaryOp, CallKind, Entry, ExprId, ExprKind, Literal, LogicalOp, Part, Range, StmtKind, TypeKind, UnaryOp,
};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, named_children, range},
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
            match named_children(node).into_iter().find(|c| c.kind() == "initializer_expression") {
                Some(initializer) => return lower(l, initializer),
                None => ExprKind::List(Vec::new()),
            }
        }
        "initializer_expression" => return initializer(l, node),
        "collection_expression" | "list_pattern" | "tuple_pattern" => ExprKind::List(all(l, node)),
        "collection_element" | "spread_element" => ExprKind::Spread(first(l, node)),
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
        "is_expression" | "is_pattern_expression" => return is(l, node),
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
        "with_expression" => {
            let value = first(l, node);
            let parts = all(l, node);
            let mut args = vec![Arg { name: None, value }];
            args.extend(parts.into_iter().skip(1).map(|value| Arg { name: None, value }));
            let callee = l.ir.expr(ExprKind::Name(Symbol::new("with")), at);
            ExprKind::Call { callee, args, block: None, kind: CallKind::Call }
        }
        "with_initializer" => {
            let target = first(l, node);
            let parts = all(l, node);
            let value = parts.last().copied().unwrap_or(target);
            ExprKind::Assign { target, op: None, value }
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
        "declaration_expression" | "declaration_pattern" | "var_pattern" => match node.child_by_field_name("name") {
            Some(name) => return lower(l, name),
            None => match named_children(node).last() {
                Some(name) => return lower(l, *name),
                None => ExprKind::Unknown(Vec::new()),
            },
        },
        "parenthesized_variable_designation" => ExprKind::List(all(l, node)),
        "recursive_pattern" | "property_pattern_clause" | "positional_pattern_clause" => {
            ExprKind::Map(property_patterns(l, node))
        }
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
        "relational_pattern" => return first(l, node),
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
        kind if kind.starts_with("preproc") => ExprKind::Unknown(all(l, node)),
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
        return raw.trim_matches('"').trim().to_owned();
    }
    let inner = raw.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\''])).unwrap_or(raw);
    unescape(inner)
}

fn unescape(inner: &str) -> String {
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

fn interpolated<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
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
            "string_content" | "escape_sequence" => {
                parts.push(Part::Text(Symbol::new(&unescape(l.str(child)))));
            }
            "interpolation_start" | "interpolation_quote" => {}
            _ => parts.push(Part::Text(l.symbol(child))),
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
        let value = named_children(child).into_iter().rfind(|c| Some(c.id()) != name.map(|n| n.id()));
        if let Some(value) = value {
            let name = name.map(|n| Symbol::new(l.str(n).trim_end_matches(':').trim()));
            args.push(Arg { name, value: lower(l, value) });
        }
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
                let parts = format_parts(text.as_str(), &args[position + 1..]);
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

fn format_parts(text: &str, holes: &[Arg]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        parts.push(Part::Text(Symbol::new(&rest[..open])));
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            parts.push(Part::Text(Symbol::new("{")));
            rest = after;
            continue;
        }
        let Some(close) = rest.find('}') else { break };
        let number = rest[..close].split([',', ':']).next().and_then(|n| n.trim().parse::<usize>().ok());
        parts.extend(number.and_then(|n| holes.get(n)).map(|a| Part::Hole(a.value)));
        rest = &rest[close + 1..];
    }
    parts.push(Part::Text(Symbol::new(rest)));
    parts
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
    let mut args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    if let Some(list) = node.child_by_field_name("initializer") {
        args.push(Arg { name: None, value: lower(l, list) });
    }
    l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::New }, at)
}

fn initializer<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let children = named_children(node);
    let keyed = children.iter().any(|c| c.kind() == "assignment_expression");
    if !keyed {
        let items = children.into_iter().map(|c| lower(l, c)).collect();
        return l.ir.expr(ExprKind::List(items), at);
    }
    let mut entries = Vec::new();
    for child in children {
        let (Some(left), Some(right)) = (child.child_by_field_name("left"), child.child_by_field_name("right")) else {
            let value = lower(l, child);
            entries.push(Entry { key: None, value });
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

fn is<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let left = node.child_by_field_name("expression").or_else(|| node.child_by_field_name("left"));
    let right = node.child_by_field_name("pattern").or_else(|| node.child_by_field_name("right"));
    let (Some(left), Some(right)) = (left, right) else { return first(l, node) };
    let value = lower(l, left);
    match right.kind() {
        "constant_pattern" | "negated_pattern" | "relational_pattern" | "or_pattern" | "and_pattern" => {
            let negated = right.kind() == "negated_pattern";
            let right = lower(l, right);
            let right = match &l.ir.module.expr(right).kind {
                ExprKind::Unary { op: UnaryOp::Not, operand } if negated => *operand,
                _ => right,
            };
            let op = if negated { BinaryOp::Ne } else { BinaryOp::Eq };
            l.ir.expr(ExprKind::Binary { op, left: value, right }, at)
        }
        _ => {
            let binding = right.child_by_field_name("name").map(|n| l.symbol(n));
            let ty = right.child_by_field_name("type");
            let ty = match (ty, right.kind()) {
                (Some(ty), _) => items::ty(l, ty),
                (None, kind) if kind.ends_with("pattern") && kind != "type_pattern" => {
                    let pattern = lower(l, right);
                    l.ir.ty(TypeKind::Expr(pattern), range(right))
                }
                (None, "type_pattern") => {
                    let inner = named_children(right).first().copied().unwrap_or(right);
                    items::ty(l, inner)
                }
                _ => items::ty(l, right),
            };
            l.ir.expr(ExprKind::IsType { value, ty, binding }, at)
        }
    }
}

fn property_patterns<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
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
                let value = lower(l, child);
                entries.push(Entry { key, value });
            }
            _ => {}
        }
    }
    entries
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
        let patterns = if pattern.kind() == "discard" { Vec::new() } else { vec![lower(l, *pattern)] };
        let guard = parts.iter().find(|p| p.kind() == "when_clause").map(|g| first(l, *g));
        let value_id = lower(l, *value);
        let body = vec![l.ir.stmt(StmtKind::Expr(value_id), range(*value))];
        arms.push(Arm { patterns, guard, body, range: range(arm) });
    }
    let stmt = l.ir.stmt(StmtKind::Switch { subject, arms }, at);
    l.ir.expr(ExprKind::Do(vec![stmt]), at)
}

/// A query expression: its clauses as loops, conditions and values, in order.
fn query<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let mut heads = Vec::new();
    let mut last = None;
    for clause in named_children(node) {
        let clause_at = range(clause);
        match clause.kind() {
            "from_clause" | "join_clause" => {
                let pattern = clause.child_by_field_name("name").map(|n| lower(l, n));
                let parts = named_children(clause);
                let name = clause.child_by_field_name("name").map(|n| n.id());
                let iter = parts.into_iter().find(|p| Some(p.id()) != name && !p.kind().ends_with("type"));
                let iter = iter.map(|i| lower(l, i));
                heads.push((clause_at, pattern, iter, None));
            }
            "where_clause" => {
                let cond = first(l, clause);
                heads.push((clause_at, None, None, Some(cond)));
            }
            _ => {
                let values = all(l, clause);
                last = Some(l.ir.expr(ExprKind::List(values), clause_at));
            }
        }
    }
    let value = last.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
    let mut inner = l.ir.stmt(StmtKind::Expr(value), at);
    for (clause, pattern, iter, cond) in heads.into_iter().rev() {
        let kind = match cond {
            Some(cond) => StmtKind::If { cond, then: vec![inner], otherwise: Vec::new() },
            None => StmtKind::Loop { pattern, iter, cond: None, body: vec![inner] },
        };
        inner = l.ir.stmt(kind, clause);
    }
    l.ir.expr(ExprKind::Do(vec![inner]), at)
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
