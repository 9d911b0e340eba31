//! Expressions, patterns and assignment targets.

use base::Symbol;
use ir::{
    Arg, BinaryOp, Block, CallKind, Entry, ExprId, ExprKind, FunctionKind, Import, ImportKind, Literal, LogicalOp,
    Part, StmtKind, UnaryOp,
};

use super::{items, stmt};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
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
            let args = items::arguments_passed_on(l, at);
            ExprKind::Call { callee, args, block: None, kind: CallKind::Call }
        }
        "nil" => ExprKind::Literal(Literal::Null),
        "true" => ExprKind::Literal(Literal::Bool(true)),
        "false" => ExprKind::Literal(Literal::Bool(false)),
        "integer" => ExprKind::Literal(integer(l.str(node))),
        "float" | "rational" | "complex" => ExprKind::Literal(Literal::Float(l.symbol(node))),
        "simple_symbol" | "hash_key_symbol" | "bare_symbol_name" => {
            ExprKind::Literal(Literal::Str(stmt::plain(l.str(node))))
        }
        "character" => {
            let text = l.str(node);
            let text = text::unescape(text.strip_prefix('?').unwrap_or(text), &text::RUBY);
            ExprKind::Literal(Literal::Str(Symbol::new(&text)))
        }
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
            let parts = raw_parts(l, node);
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
            let string = node.child_by_field_name("operand").is_some_and(|o| o.kind() == "string");
            let op = match operator {
                // `+"…"` and `-"…"` are about freezing
                "+" | "-" if string => return field(l, node, "operand"),
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
            let mut bound = |name| match node.child_by_field_name(name) {
                Some(bound) => lower(l, bound),
                None => l.ir.expr(ExprKind::Literal(Literal::Null), at),
            };
            let (left, right) = (bound("begin"), bound("end"));
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
            // the parameter without a name, whose name is its sign
            None => ExprKind::Spread(l.ir.expr(ExprKind::Name(l.symbol(node)), at)),
        },
        "forward_argument" => ExprKind::Spread(l.ir.expr(ExprKind::Name(l.symbol(node)), at)),
        "block_argument" => {
            let operand = match named_children(node).first() {
                Some(inner) => lower(l, *inner),
                None => l.ir.expr(ExprKind::Name(l.symbol(node)), at),
            };
            ExprKind::Unary { op: UnaryOp::Ref, operand }
        }
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
        "operator" | "setter" | "escape_sequence" | "string_content" | "heredoc_content" | "heredoc_end"
        | "empty_statement" | "alias" | "undef" | "uninterpreted" => ExprKind::Unknown(Vec::new()),
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
        Some(start) if start.starts_with('0') => i64::from_str_radix(&clean, 8).ok(),
        _ => clean.trim_start_matches("0d").parse().ok(),
    })
}

/// The text and holes of a string-like node.
fn parts<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Part> {
    let plain = is_single_quoted(l, node);
    parts_of(l, node, |text, is_escape| match (is_escape, plain) {
        (true, _) => text::unescape(text, &text::RUBY),
        (false, Some(close)) => single_quoted(text, close),
        (false, None) => text.to_owned(),
    })
}

/// The text and holes of a regular expression: its escapes are its own.
fn raw_parts<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Vec<Part> {
    parts_of(l, node, |text, _| text.to_owned())
}

fn parts_of<'t>(l: &mut Lowering<'t>, node: Node<'t>, resolve: impl Fn(&str, bool) -> String) -> Vec<Part> {
    let mut parts = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "interpolation" => {
                if !named_children(child).is_empty() {
                    let hole = lower(l, child);
                    parts.extend(l.ir.parts_of(hole));
                }
            }
            "heredoc_end" => {}
            kind => parts.push(Part::Text(Symbol::new(&resolve(l.str(child), kind == "escape_sequence")))),
        }
    }
    parts
}

/// For `'…'`, `%q(…)` and the words of `%w[…]` the bracket that closes them.
fn is_single_quoted(l: &Lowering<'_>, node: Node<'_>) -> Option<char> {
    match node.kind() {
        "string" | "delimited_symbol" => {
            let text = l.str(node);
            let single = text.starts_with(['\'']) || text.starts_with("%q") || text.starts_with(":'");
            (single || text.starts_with("%s")).then(|| text.chars().last().unwrap_or('\''))
        }
        // `%W` has escapes as children; in `%w` a backslash takes a space or a bracket
        "bare_string" | "bare_symbol" => Some(' '),
        _ => None,
    }
}

/// `\\` and the quotes are all that can be escaped.
fn single_quoted(text: &str, close: char) -> String {
    let open = match close {
        ')' => '(',
        ']' => '[',
        '}' => '{',
        '>' => '<',
        other => other,
    };
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && (*next == '\\' || *next == close || *next == open) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// A heredoc's contents stand in the body node after the line that opens it: the n-th opening has the
/// n-th body.
fn heredoc<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let at = range(node);
    let opening = l.str(node);
    let Some(body) = l.heredocs(node) else { return l.ir.expr(ExprKind::Unknown(Vec::new()), at) };
    let end = named_children(body).into_iter().find(|c| c.kind() == "heredoc_end");
    let end = end.map_or(body.end_byte(), Node::start_byte);
    // the lines between the one that opens it and the one that closes it
    let start =
        l.text.get(body.start_byte()..end).and_then(|t| t.find('\n')).map_or(end, |n| body.start_byte() + n + 1);
    let lines = l.text.get(start..end).unwrap_or("");
    let end = start + lines.rfind('\n').map_or(0, |n| n + 1);
    let width = if opening.starts_with("<<~") { text::indentation(lines[..end - start].lines()) } else { 0 };
    let mut parts = Vec::new();
    for child in named_children(body) {
        match child.kind() {
            "heredoc_end" => {}
            "interpolation" => {
                if !named_children(child).is_empty() {
                    let hole = lower(l, child);
                    parts.extend(l.ir.parts_of(hole));
                }
            }
            "escape_sequence" => {
                let text = text::unescape(l.str(child), &text::RUBY);
                parts.push(Part::Text(Symbol::new(&text)));
            }
            _ => {
                let (from, to) = (child.start_byte().max(start), child.end_byte().min(end));
                let Some(text) = l.text.get(from..to) else { continue };
                let mut dedented = String::with_capacity(text.len());
                let mut at = from;
                for line in text.split_inclusive('\n') {
                    let starts = l.text[..at].ends_with('\n');
                    dedented.push_str(if starts { text::outdented(line, width) } else { line });
                    at += line.len();
                }
                parts.push(Part::Text(Symbol::new(&dedented)));
            }
        }
    }
    l.ir.template(parts, at)
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
fn formatted(l: &mut Lowering<'_>, callee: ExprId, args: &[Arg]) -> Option<Vec<Part>> {
    match l.ir.module.dotted(callee).as_deref() {
        Some("format" | "sprintf" | "Kernel.format" | "Kernel.sprintf") => {}
        _ => return None,
    }
    let (format, values) = args.split_first()?;
    let text = l.ir.module.string(format.value)?;
    Some(percent(l, text.as_str(), values))
}

/// A format with its values. Named ones stand in the arguments or in a hash that one of them is.
fn percent(l: &mut Lowering<'_>, text: &str, args: &[Arg]) -> Vec<Part> {
    let values: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
    text::fill(&mut l.ir, text::percent(text, false), &values, |ir, name| {
        if let Some(arg) = args.iter().find(|a| a.name.is_some_and(|n| n == name)) {
            return Some(arg.value);
        }
        let object = *values.last()?;
        let at = ir.module.expr(object).range;
        let object = match &ir.module.expr(object).kind {
            ExprKind::Map(entries) => {
                let found = entries.iter().find(|e| e.key.and_then(|k| ir.module.string(k)).is_some_and(|k| k == name));
                return found.map(|e| e.value);
            }
            ExprKind::Spread(inner) => *inner,
            _ => object,
        };
        let index = ir.expr(ExprKind::Literal(Literal::Str(Symbol::new(name))), at);
        Some(ir.expr(ExprKind::Index { object, index }, at))
    })
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
        "%" if is_text(l, left) => {
            let values = match &l.ir.module.expr(right).kind {
                ExprKind::List(items) => items.clone(),
                _ => vec![right],
            };
            let args: Vec<Arg> = values.into_iter().map(|value| Arg { name: None, value }).collect();
            let mut parts = Vec::new();
            for part in l.ir.parts_of(left) {
                match part {
                    Part::Text(text) => parts.extend(percent(l, text.as_str(), &args)),
                    hole @ Part::Hole(_) => parts.push(hole),
                }
            }
            return l.ir.template(parts, at);
        }
        "!~" => {
            let operand = l.ir.expr(ExprKind::Binary { op: BinaryOp::Match, left, right }, at);
            ExprKind::Unary { op: UnaryOp::Not, operand }
        }
        op => ExprKind::Binary { op: binary_op(op), left, right },
    };
    l.ir.expr(kind, at)
}

fn is_text(l: &Lowering<'_>, id: ExprId) -> bool {
    matches!(l.ir.module.expr(id).kind, ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_))
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
        "left_assignment_list" | "destructured_left_assignment" | "destructured_parameter" => {
            ExprKind::List(named_children(node).into_iter().map(|c| target(l, c)).collect())
        }
        "array_pattern" | "find_pattern" => {
            let class = node.child_by_field_name("class");
            let items = named_children(node).into_iter().filter(|c| Some(c.id()) != class.map(|c| c.id()));
            let items: Vec<ExprId> = items.map(|c| target(l, c)).collect();
            match class {
                // `Point[x, y]`, `Point(x, y)`
                Some(class) => {
                    let args = items.into_iter().map(|value| Arg { name: None, value }).collect();
                    ExprKind::Call { callee: lower(l, class), args, block: None, kind: CallKind::New }
                }
                None => ExprKind::List(items),
            }
        }
        "alternative_pattern" => return alternatives(l, node),
        "rest_assignment" | "splat_parameter" | "hash_splat_parameter" => match named_children(node).first() {
            Some(inner) => ExprKind::Spread(target(l, *inner)),
            None => ExprKind::Spread(l.ir.expr(ExprKind::Name(Symbol::new("_")), at)),
        },
        "hash_pattern" => {
            let list = named_children(node).into_iter();
            let list = list.filter(|c| matches!(c.kind(), "keyword_pattern" | "hash_splat_parameter"));
            let entries = list
                .map(|pair| {
                    if pair.kind() == "hash_splat_parameter" {
                        return Entry { key: None, value: target(l, pair) };
                    }
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
            match node.child_by_field_name("class") {
                // `Point(x:)`
                Some(class) => {
                    let callee = lower(l, class);
                    let value = l.ir.expr(ExprKind::Map(entries), at);
                    let args = vec![Arg { name: None, value }];
                    ExprKind::Call { callee, args, block: None, kind: CallKind::New }
                }
                None => ExprKind::Map(entries),
            }
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

/// `a | b` within a pattern.
fn alternatives<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ExprId {
    let mut parts = named_children(node).into_iter();
    let Some(first) = parts.next() else { return l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)) };
    let mut left = target(l, first);
    for part in parts {
        let right = target(l, part);
        left = l.ir.expr(ExprKind::Logical { op: LogicalOp::Or, left, right }, range(node));
    }
    left
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
        "=~" => BinaryOp::Match,
        "<<" => BinaryOp::Shl,
        "&" => BinaryOp::Meet,
        _ => BinaryOp::Other,
    }
}
