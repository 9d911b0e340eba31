//! Expressions, patterns and assignment targets.

use base::Symbol;
use ir::{
    Arg, BinaryOp, Block, CallKind, Entry, ExprId, ExprKind, FunctionKind, Import, ImportKind, Literal, LogicalOp,
    Part, StmtKind, UnaryOp,
};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
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

fn all<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<ExprId> {
    named_children(node).into_iter().map(|c| lower(l, c)).collect()
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" => {
            let name = l.symbol(node);
            let callee = ExprKind::Name(name);
            if l.locals.contains(&name) {
                callee
            } else {
                // a call without arguments
                let callee = l.ir.expr(callee, at);
                ExprKind::Call { callee, args: Vec::new(), block: None, kind: CallKind::Call }
            }
        }
        "constant" | "instance_variable" | "class_variable" | "global_variable" | "keyword__FILE__" | "file"
        | "line" | "encoding" => ExprKind::Name(l.symbol(node)),
        "self" => ExprKind::This,
        // without parentheses: a call with the arguments of the method around
        "super" => {
            let callee = l.ir.expr(ExprKind::Super, at);
            ExprKind::Call { callee, args: Vec::new(), block: None, kind: CallKind::Call }
        }
        "nil" => ExprKind::Literal(Literal::Null),
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "integer" => ExprKind::Literal(integer(l.str(node))),
        "float" | "rational" | "complex" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "simple_symbol" | "hash_key_symbol" | "bare_symbol_name" => {
            ExprKind::Literal(Literal::Str(stmt::plain(l.str(node))))
        }
        "character" => ExprKind::Literal(Literal::Str(Symbol::new(l.str(node).trim_start_matches('?')))),
        "string" | "delimited_symbol" | "bare_string" | "bare_symbol" | "heredoc_body" => {
            let parts = parts(l, node);
            return l.ir.template(parts, at);
        }
        "chained_string" => {
            let mut joined = Vec::new();
            for child in named_children(node) {
                joined.extend(parts(l, child));
            }
            return l.ir.template(joined, at);
        }
        "heredoc_beginning" => return heredoc(l, node),
        "subshell" => {
            let parts = parts(l, node);
            let value = l.ir.template(parts, at);
            let callee = l.ir.expr(ExprKind::Name(Symbol::new("`")), at);
            ExprKind::Call { callee, args: vec![Arg { name: None, value }], block: None, kind: CallKind::Call }
        }
        "regex" => {
            let parts = parts(l, node);
            match parts.iter().all(|p| matches!(p, Part::Text(_))) {
                true => {
                    let text: String = parts
                        .iter()
                        .map(|p| match p {
                            Part::Text(t) => t.as_str(),
                            Part::Hole(_) => "",
                        })
                        .collect();
                    ExprKind::Literal(Literal::Regex(Symbol::new(&text)))
                }
                false => {
                    let value = l.ir.template(parts, at);
                    let callee = l.ir.expr(ExprKind::Name(Symbol::new("Regexp")), at);
                    ExprKind::Call { callee, args: vec![Arg { name: None, value }], block: None, kind: CallKind::New }
                }
            }
        }
        "string_array"
        | "symbol_array"
        | "array"
        | "argument_list"
        | "right_assignment_list"
        | "exceptions"
        | "array_pattern"
        | "find_pattern"
        | "pattern" => ExprKind::List(all(l, node)),
        "hash" => ExprKind::Map(entries(l, node)),
        "pair" => {
            let entry = entry(l, node);
            ExprKind::Map(vec![entry])
        }
        "parenthesized_statements"
        | "begin"
        | "if"
        | "unless"
        | "if_modifier"
        | "unless_modifier"
        | "case"
        | "case_match"
        | "while"
        | "until"
        | "while_modifier"
        | "until_modifier"
        | "for"
        | "rescue_modifier"
        | "method"
        | "singleton_method"
        | "class"
        | "module"
        | "singleton_class"
        | "return"
        | "break"
        | "next"
        | "redo"
        | "retry"
        | "elsif"
        | "then"
        | "do"
        | "block_body"
        | "body_statement" => {
            let list = named_children(node);
            if node.kind() == "parenthesized_statements" && list.len() == 1 {
                return lower(l, list[0]);
            }
            let mut out = Block::new();
            stmt::lower(l, node, &mut out);
            ExprKind::Do(out)
        }
        "scope_resolution" => {
            let Some(name) = node.child_by_field_name("name") else { return l.unknown(node, lower) };
            match node.child_by_field_name("scope") {
                Some(scope) => {
                    let object = lower(l, scope);
                    ExprKind::Member { object, name: l.symbol(name), name_range: range(name), optional: false }
                }
                None => ExprKind::Name(l.symbol(name)),
            }
        }
        "call" | "method_call" | "command_call" => return call(l, node),
        "element_reference" => {
            let object = field(l, node, "object");
            let object_node = node.child_by_field_name("object").map(|o| o.id());
            let list = named_children(node).into_iter().filter(|c| Some(c.id()) != object_node);
            let items: Vec<ExprId> = list.map(|c| lower(l, c)).collect();
            let index = match items.as_slice() {
                [one] => *one,
                _ => l.ir.expr(ExprKind::List(items), at),
            };
            ExprKind::Index { object, index }
        }
        "lambda" => {
            let function = items::block(l, node, FunctionKind::Lambda);
            ExprKind::Lambda(function)
        }
        "block" | "do_block" => ExprKind::Lambda(items::block(l, node, FunctionKind::Block)),
        "yield" => {
            let args = named_children(node).first().map(|a| first_argument(l, *a));
            ExprKind::Yield(args)
        }
        "unary" => {
            let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let op = match operator {
                "!" | "not" => UnaryOp::Not,
                "-" => UnaryOp::Neg,
                _ => UnaryOp::Other,
            };
            ExprKind::Unary { op, operand: field(l, node, "operand") }
        }
        "binary" => return binary(l, node),
        "conditional" => {
            let cond = field(l, node, "condition");
            let then = field(l, node, "consequence");
            let otherwise = field(l, node, "alternative");
            ExprKind::Ternary { cond, then, otherwise }
        }
        "range" => {
            let left = field(l, node, "begin");
            let right = field(l, node, "end");
            ExprKind::Binary { op: BinaryOp::Range, left, right }
        }
        "assignment" => {
            let value = field(l, node, "right");
            match node.child_by_field_name("left") {
                Some(left) => ExprKind::Assign { target: target(l, left), op: None, value },
                None => return value,
            }
        }
        "operator_assignment" => {
            let value = field(l, node, "right");
            let Some(left) = node.child_by_field_name("left") else { return value };
            let target = target(l, left);
            let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let (op, value) = stmt::compound(l, operator, target, value, at);
            ExprKind::Assign { target, op, value }
        }
        "splat_argument" | "hash_splat_argument" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(lower(l, *inner)),
            None => ExprKind::Spread(l.ir.expr(ExprKind::Unknown(Vec::new()), at)),
        },
        "block_argument" => match named_children(node).first() {
            Some(inner) => ExprKind::Unary { op: UnaryOp::Ref, operand: lower(l, *inner) },
            None => ExprKind::Unary { op: UnaryOp::Ref, operand: l.ir.expr(ExprKind::Unknown(Vec::new()), at) },
        },
        "test_pattern" | "match_pattern" => {
            let value = field(l, node, "value");
            match node.child_by_field_name("pattern") {
                Some(pattern) => ExprKind::Assign { target: target(l, pattern), op: None, value },
                None => return value,
            }
        }
        "interpolation" => match named_children(node).as_slice() {
            [] => ExprKind::Unknown(Vec::new()),
            [inner] => return lower(l, *inner),
            _ => ExprKind::Do(stmt::block(l, node)),
        },
        "operator" | "setter" | "forward_argument" | "escape_sequence" | "string_content" | "heredoc_content"
        | "heredoc_end" | "empty_statement" | "alias" | "undef" | "uninterpreted" => ExprKind::Unknown(Vec::new()),
        "left_assignment_list"
        | "rest_assignment"
        | "destructured_left_assignment"
        | "hash_pattern"
        | "keyword_pattern"
        | "as_pattern"
        | "alternative_pattern"
        | "parenthesized_pattern"
        | "variable_reference_pattern"
        | "expression_reference_pattern" => return target(l, node),
        "rescue" | "ensure" | "else" | "ERROR" | "when" | "in_clause" => ExprKind::Unknown(all(l, node)),
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
        _ => clean.parse().ok(),
    })
}

/// The text and holes of a string-like node.
fn parts<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Part> {
    let mut parts = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "interpolation" => {
                if !named_children(child).is_empty() {
                    let hole = lower(l, child);
                    parts.extend(l.ir.parts_of(hole));
                }
            }
            "escape_sequence" => parts.push(Part::Text(Symbol::new(&escape(l.str(child))))),
            "heredoc_end" => {}
            _ => parts.push(Part::Text(l.symbol(child))),
        }
    }
    parts
}

fn escape(text: &str) -> String {
    let Some(rest) = text.strip_prefix('\\') else { return text.to_owned() };
    match rest.chars().next() {
        Some('n') => "\n".into(),
        Some('t') => "\t".into(),
        Some('r') => "\r".into(),
        Some('e') => "\u{1b}".into(),
        Some('s') => " ".into(),
        Some('0') => "\0".into(),
        Some('u') => {
            let digits: String = rest.chars().filter(char::is_ascii_hexdigit).collect();
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).map(String::from).unwrap_or_default()
        }
        Some('\n') | None => String::new(),
        Some(c) => c.to_string(),
    }
}

/// A heredoc's contents stand in the body node after the line that opens it: the n-th opening has the
/// n-th body.
fn heredoc<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let bodies = l.heredocs(node);
    let Some(body) = bodies else { return l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)) };
    let parts = parts(l, body);
    l.ir.template(parts, range(node))
}

fn entries<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Entry> {
    named_children(node)
        .into_iter()
        .map(|child| match child.kind() {
            "pair" => entry(l, child),
            _ => Entry { key: None, value: lower(l, child) },
        })
        .collect()
}

fn entry<'t>(l: &mut Lowering<'t>, pair: Node<'t>) -> Entry {
    let key = pair.child_by_field_name("key");
    let key_id = key.map(|k| lower(l, k));
    let value = match (pair.child_by_field_name("value"), key) {
        (Some(value), _) => lower(l, value),
        // `{a:}` is `{a: a}`
        (None, Some(key)) => {
            let name = stmt::plain(l.str(key));
            l.ir.expr(ExprKind::Name(name), range(key))
        }
        (None, None) => l.ir.expr(ExprKind::Unknown(Vec::new()), range(pair)),
    };
    Entry { key: key_id, value }
}

/// Arguments: symbol keys become names, other pairs one trailing map.
fn arguments<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Arg> {
    let mut args = Vec::new();
    let mut pairs = Vec::new();
    for child in named_children(node) {
        if child.kind() == "pair" {
            let key = child.child_by_field_name("key");
            let arrow = has_token(child, "=>");
            let entry = entry(l, child);
            let symbol = key.filter(|k| matches!(k.kind(), "hash_key_symbol" | "simple_symbol"));
            match symbol {
                Some(key) if !arrow || key.kind() == "simple_symbol" => {
                    args.push(Arg { name: Some(stmt::plain(l.str(key))), value: entry.value });
                }
                _ => pairs.push(entry),
            }
        } else {
            args.push(Arg { name: None, value: lower(l, child) });
        }
    }
    if !pairs.is_empty() {
        let value = l.ir.expr(ExprKind::Map(pairs), range(node));
        args.push(Arg { name: None, value });
    }
    args
}

/// The value behind `return`, `next`, `yield`: a list when there are several.
pub fn first_argument<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    if node.kind() != "argument_list" {
        return lower(l, node);
    }
    let items = all(l, node);
    match items.as_slice() {
        [one] => *one,
        _ => l.ir.expr(ExprKind::List(items), range(node)),
    }
}

fn call<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let method = node.child_by_field_name("method");
    let callee = match (node.child_by_field_name("receiver"), method) {
        (Some(receiver), Some(method)) => {
            let object = lower(l, receiver);
            let optional = children(node).iter().any(|c| l.str(*c) == "&.");
            let name = l.symbol(method);
            let member = ExprKind::Member { object, name, name_range: range(method), optional };
            l.ir.expr(member, ir::Range { start: at.start, end: range(method).end })
        }
        // `f.(x)`
        (Some(receiver), None) => lower(l, receiver),
        (None, Some(method)) if method.kind() == "super" => l.ir.expr(ExprKind::Super, range(method)),
        (None, Some(method)) => {
            let name = l.symbol(method);
            l.ir.expr(ExprKind::Name(name), range(method))
        }
        (None, None) => return l.unknown(node, lower),
    };
    let args = node.child_by_field_name("arguments").map(|a| arguments(l, a)).unwrap_or_default();
    if let Some(parts) = formatted(l, callee, &args) {
        return l.ir.template(parts, at);
    }
    let block = node.child_by_field_name("block").map(|b| items::block(l, b, FunctionKind::Block));
    l.ir.expr(ExprKind::Call { callee, args, block, kind: CallKind::Call }, at)
}

/// `format("…", a)`, `sprintf("…", a)`.
fn formatted(l: &Lowering<'_>, callee: ExprId, args: &[Arg]) -> Option<Vec<Part>> {
    let ExprKind::Name(name) = l.ir.module.expr(callee).kind else { return None };
    if name != "format" && name != "sprintf" {
        return None;
    }
    let text = l.ir.module.string(args.first()?.value)?;
    let holes: Vec<ExprId> = args[1..].iter().map(|a| a.value).collect();
    Some(percent(text.as_str(), &holes))
}

fn percent(text: &str, holes: &[ExprId]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut next = 0;
    while let Some(open) = rest.find('%') {
        parts.push(Part::Text(Symbol::new(&rest[..open])));
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            parts.push(Part::Text(Symbol::new("%")));
            rest = after;
            continue;
        }
        parts.extend(holes.get(next).map(|h| Part::Hole(*h)));
        next += 1;
        let close = match rest.chars().next() {
            Some('{') => rest.find('}').map(|e| e + 1),
            _ => rest.find(|c: char| c.is_ascii_alphabetic()).map(|e| e + 1),
        };
        rest = &rest[close.unwrap_or(rest.len())..];
    }
    parts.push(Part::Text(Symbol::new(rest)));
    parts.extend(holes.iter().skip(next).map(|h| Part::Hole(*h)));
    parts
}

fn binary<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
    let left = field(l, node, "left");
    let right = field(l, node, "right");
    let kind = match operator {
        "&&" | "and" => ExprKind::Logical { op: LogicalOp::And, left, right },
        "||" | "or" => ExprKind::Logical { op: LogicalOp::Or, left, right },
        "+" => return l.ir.add(left, right, at),
        "%" if l.ir.module.string(left).is_some() => {
            let holes = match &l.ir.module.expr(right).kind {
                ExprKind::List(items) => items.clone(),
                _ => vec![right],
            };
            let text = l.ir.module.string(left).map_or("", Symbol::as_str);
            return l.ir.template(percent(text, &holes), at);
        }
        op => ExprKind::Binary { op: binary_op(op), left, right },
    };
    l.ir.expr(kind, at)
}

/// An assignment's target or a pattern. Plain names become locals.
pub fn target<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    l.deeper(node, target_kind)
}

fn target_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let kind = match node.kind() {
        "identifier" => {
            let name = l.symbol(node);
            l.locals.push(name);
            ExprKind::Name(name)
        }
        "left_assignment_list"
        | "destructured_left_assignment"
        | "array_pattern"
        | "find_pattern"
        | "alternative_pattern" => ExprKind::List(named_children(node).into_iter().map(|c| target(l, c)).collect()),
        "rest_assignment" | "splat_parameter" | "hash_splat_parameter" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(target(l, *inner)),
            None => ExprKind::Spread(l.ir.expr(ExprKind::Unknown(Vec::new()), at)),
        },
        "hash_pattern" => {
            let list = named_children(node).into_iter().filter(|c| c.kind() == "keyword_pattern");
            let entries = list
                .map(|pair| {
                    let key = pair.child_by_field_name("key");
                    let key_id = key.map(|k| lower(l, k));
                    let value = match (pair.child_by_field_name("value"), key) {
                        (Some(value), _) => target(l, value),
                        (None, Some(key)) => {
                            let name = stmt::plain(l.str(key));
                            l.locals.push(name);
                            l.ir.expr(ExprKind::Name(name), range(key))
                        }
                        _ => l.ir.expr(ExprKind::Unknown(Vec::new()), at),
                    };
                    Entry { key: key_id, value }
                })
                .collect();
            ExprKind::Map(entries)
        }
        "as_pattern" => {
            let value = node.child_by_field_name("value").map(|v| target(l, v));
            match (node.child_by_field_name("name"), value) {
                (Some(name), Some(value)) => {
                    let target = target(l, name);
                    ExprKind::Assign { target, op: None, value }
                }
                (_, Some(value)) => return value,
                _ => ExprKind::Unknown(Vec::new()),
            }
        }
        "parenthesized_pattern" | "variable_reference_pattern" | "expression_reference_pattern" => {
            match named_children(node).first() {
                Some(inner) => return target(l, *inner),
                None => ExprKind::Unknown(Vec::new()),
            }
        }
        // `x.y = v` assigns to the member
        "call" => {
            let Some(method) = node.child_by_field_name("method") else { return lower(l, node) };
            let Some(receiver) = node.child_by_field_name("receiver") else { return lower(l, node) };
            let object = lower(l, receiver);
            let optional = field_children(node, "operator").iter().any(|o| l.str(*o) == "&.");
            ExprKind::Member { object, name: l.symbol(method), name_range: range(method), optional }
        }
        "keyword_pattern" => match node.child_by_field_name("value") {
            Some(value) => return target(l, value),
            None => ExprKind::Unknown(Vec::new()),
        },
        _ => return lower(l, node),
    };
    l.ir.expr(kind, at)
}

/// What a `raise` throws: `Some(None)` for a bare one, `None` for any other expression.
pub fn raised(l: &mut Lowering<'_>, value: ExprId) -> Option<Option<ExprId>> {
    let ExprKind::Call { callee, args, .. } = &l.ir.module.expr(value).kind else { return None };
    let ExprKind::Name(name) = &l.ir.module.expr(*callee).kind else { return None };
    if *name != "raise" && *name != "fail" {
        return None;
    }
    if args.is_empty() {
        return Some(None);
    }
    Some(Some(value))
}

/// The import of a `require`, `require_relative`, `load` or `autoload`.
pub fn import_of(l: &mut Lowering<'_>, value: ExprId, out: &mut Block) {
    let ExprKind::Call { callee, args, .. } = &l.ir.module.expr(value).kind else { return };
    let ExprKind::Name(name) = &l.ir.module.expr(*callee).kind else { return };
    if !matches!(name.as_str(), "require" | "require_relative" | "load" | "autoload") {
        return;
    }
    let Some(module) = args.last().and_then(|a| l.ir.module.string(a.value)) else { return };
    let at = l.ir.module.expr(value).range;
    let import = Import { module, name: None, alias: Symbol::new(""), kind: ImportKind::Import, range: at };
    let import = l.ir.import(import);
    out.push(l.ir.stmt(StmtKind::Import(import), at));
}

/// A binary operator.
pub fn binary_op(op: &str) -> BinaryOp {
    match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" | "===" => BinaryOp::Eq,
        "!=" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "=~" | "!~" => BinaryOp::Match,
        "<<" => BinaryOp::Shl,
        _ => BinaryOp::Other,
    }
}
