//! Statements and imports.

use base::Symbol;
use ir::{Arg, Arm, BinaryOp, Block, CallKind, Catch, ExprKind, Import, ImportKind, StmtKind, UnaryOp};
use smallvec::smallvec;

use super::{expr, items};
use crate::{
    lowering::{Lowering, children, field_children, has_token, named_children, range},
    tree::Node,
};

/// The statements below a module or block node.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let mut out = Block::new();
    for child in named_children(node) {
        lower(l, child, &mut out);
    }
    out
}

fn body_of<'t>(l: &mut Lowering<'t>, node: Node<'t>, field: &str) -> Block {
    node.child_by_field_name(field).map(|b| block(l, b)).unwrap_or_default()
}

/// Lowers a statement onto the end of `out`.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    if !l.enter(node) {
        return;
    }
    lower_kind(l, node, out);
    l.leave();
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "expression_statement" => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "function_definition" | "class_definition" | "decorated_definition" => items::definition(l, node, out),
        "import_statement" | "import_from_statement" | "future_import_statement" => import(l, node, out),
        "if_statement" => conditional(l, node, out),
        "for_statement" => {
            let pattern = node.child_by_field_name("left").map(|p| expr::lower(l, p));
            let iter = node.child_by_field_name("right").map(|e| expr::lower(l, e));
            let body = body_of(l, node, "body");
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
            alternative(l, node, out);
        }
        "while_statement" => {
            let cond = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
            let body = body_of(l, node, "body");
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
            alternative(l, node, out);
        }
        "try_statement" => try_(l, node, out),
        "with_statement" => with(l, node, out),
        "match_statement" => match_(l, node, out),
        "return_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "raise_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Throw(value), at));
        }
        "assert_statement" => {
            for child in named_children(node).into_iter().take(1) {
                let value = expr::lower(l, child);
                out.push(l.ir.stmt(StmtKind::Assert(value), at));
            }
        }
        "delete_statement" => {
            for child in named_children(node) {
                let operand = expr::lower(l, child);
                let value = l.ir.expr(ExprKind::Unary { op: UnaryOp::Delete, operand }, at);
                out.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
        }
        "break_statement" => out.push(l.ir.stmt(StmtKind::Break, at)),
        "continue_statement" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "pass_statement" | "global_statement" | "nonlocal_statement" => {}
        "type_alias_statement" => {
            let class = items::alias(l, node);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
        }
        // of Python 2: the calls that they became
        "print_statement" | "exec_statement" => {
            let name = if node.kind() == "exec_statement" { "exec" } else { "print" };
            let callee = l.ir.expr(ExprKind::Name(Symbol::new(name)), at);
            let args = named_children(node).into_iter().map(|child| match child.kind() {
                "chevron" => {
                    let file = named_children(child).first().copied().unwrap_or(child);
                    Arg { name: Some(Symbol::new("file")), value: expr::lower(l, file) }
                }
                _ => Arg { name: None, value: expr::lower(l, child) },
            });
            let args = args.collect();
            let call = l.ir.expr(ExprKind::Call { callee, args, block: None, kind: CallKind::Call }, at);
            out.push(l.ir.stmt(StmtKind::Expr(call), at));
        }
        "ERROR" => {
            for child in named_children(node) {
                lower(l, child, out);
            }
        }
        "block" => {
            let block = block(l, node);
            out.push(l.ir.stmt(StmtKind::Block(block), at));
        }
        _ => expression(l, node, out),
    }
}

fn expression<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "assignment" => {
            let Some(left) = node.child_by_field_name("left") else { return };
            let ty = node.child_by_field_name("type").map(|t| items::ty(l, t));
            let value = match node.child_by_field_name("right") {
                // `a = b = c` is two statements, the last first
                Some(right) if right.kind() == "assignment" && l.enter(right) => {
                    expression(l, right, out);
                    l.leave();
                    right.child_by_field_name("left").map(|inner| expr::lower(l, inner))
                }
                Some(right) => Some(expr::lower(l, right)),
                None => None,
            };
            let target = expr::lower(l, left);
            out.push(l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: false }, at));
        }
        "augmented_assignment" => {
            let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
            else {
                return;
            };
            let target = expr::lower(l, left);
            let value = Some(expr::lower(l, right));
            let op = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let op = Some(binary_op(op.trim_end_matches('=')));
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value, declares: false }, at));
        }
        _ => {
            let value = expr::lower(l, node);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
    }
}

/// `else` of a loop.
fn alternative<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    if let Some(clause) = node.child_by_field_name("alternative") {
        let block = body_of(l, clause, "body");
        out.push(l.ir.stmt(StmtKind::Block(block), range(clause)));
    }
}

fn conditional<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let cond = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
    let then = body_of(l, node, "consequence");
    // clauses from the last to the first, each the `otherwise` of the one before
    let clauses = field_children(node, "alternative");
    let mut otherwise = Block::new();
    let mut lowered = Vec::new();
    for clause in &clauses {
        match clause.kind() {
            "elif_clause" => {
                let cond = clause.child_by_field_name("condition").map(|c| expr::lower(l, c));
                let then = body_of(l, *clause, "consequence");
                lowered.push((range(*clause), cond, then));
            }
            _ => otherwise = body_of(l, *clause, "body"),
        }
    }
    for (at, cond, then) in lowered.into_iter().rev() {
        let cond = cond.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
        let inner = l.ir.stmt(StmtKind::If { cond, then, otherwise }, at);
        otherwise = vec![inner];
    }
    let at = range(node);
    let cond = cond.unwrap_or_else(|| l.ir.expr(ExprKind::Unknown(Vec::new()), at));
    out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
}

fn try_<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let mut body = body_of(l, node, "body");
    let (mut catches, mut finally) = (Vec::new(), Block::new());
    for clause in named_children(node) {
        match clause.kind() {
            "except_clause" | "except_group_clause" => catches.push(catch(l, clause)),
            "else_clause" => body.extend(body_of(l, clause, "body")),
            "finally_clause" => {
                finally = named_children(clause).last().map(|b| block(l, *b)).unwrap_or_default();
            }
            _ => {}
        }
    }
    out.push(l.ir.stmt(StmtKind::Try { body, catches, finally }, range(node)));
}

fn catch<'t>(l: &mut Lowering<'t>, clause: Node<'t>) -> Catch {
    let mut types = Vec::new();
    let mut binding = None;
    let mut body = Block::new();
    let mut value = clause.child_by_field_name("value");
    if let Some(alias) = clause.child_by_field_name("alias") {
        binding = Some(l.symbol(alias));
    }
    for child in named_children(clause) {
        if child.kind() == "block" {
            body = block(l, child);
        } else if value.is_none() {
            value = Some(child);
        }
    }
    if let Some(mut value) = value {
        if value.kind() == "as_pattern" {
            if let Some(alias) = value.child_by_field_name("alias") {
                binding = Some(l.symbol(alias));
            }
            value = named_children(value).first().copied().unwrap_or(value);
        }
        match value.kind() {
            "tuple" | "parenthesized_expression" => {
                types.extend(named_children(value).into_iter().map(|t| items::ty(l, t)));
            }
            _ => types.push(items::ty(l, value)),
        }
    }
    Catch { types, binding, body, range: range(clause) }
}

fn with<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let mut resources = Block::new();
    let clauses = named_children(node).into_iter().filter(|c| c.kind() == "with_clause");
    for item in clauses.flat_map(named_children) {
        let value = item.child_by_field_name("value").unwrap_or(item);
        let at = range(item);
        // `(a as b, c as d)` may come as a tuple
        let parts = if value.kind() == "tuple" { named_children(value) } else { smallvec![value] };
        for value in parts {
            if value.kind() == "as_pattern" {
                let inner = named_children(value).first().copied().unwrap_or(value);
                let resource = expr::lower(l, inner);
                if let Some(alias) = value.child_by_field_name("alias") {
                    let alias = named_children(alias).first().copied().unwrap_or(alias);
                    let target = expr::lower(l, alias);
                    let kind = StmtKind::Assign { target, ty: None, op: None, value: Some(resource), declares: true };
                    resources.push(l.ir.stmt(kind, at));
                }
            } else {
                let resource = expr::lower(l, value);
                resources.push(l.ir.stmt(StmtKind::Expr(resource), at));
            }
        }
    }
    let body = body_of(l, node, "body");
    out.push(l.ir.stmt(StmtKind::With { resources, body }, range(node)));
}

fn match_<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let subject = node.child_by_field_name("subject").map(|s| expr::lower(l, s));
    let mut arms = Vec::new();
    let cases = node.child_by_field_name("body").map(named_children).unwrap_or_default();
    for case in cases.into_iter().filter(|c| c.kind() == "case_clause") {
        let mut patterns = Vec::new();
        for pattern in named_children(case).into_iter().filter(|p| p.kind() == "case_pattern") {
            let inner = named_children(pattern);
            match inner.as_slice() {
                _ if l.str(pattern) == "_" => {}
                [union] if union.kind() == "union_pattern" => patterns.extend(expr::pattern_parts(l, *union)),
                _ => patterns.push(expr::lower(l, pattern)),
            }
        }
        let guard = case.child_by_field_name("guard").and_then(|g| named_children(g).first().copied());
        let guard = guard.map(|g| expr::lower(l, g));
        let body = body_of(l, case, "consequence");
        arms.push(Arm { patterns, guard, body, range: range(case) });
    }
    out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, range(node)));
}

fn import<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let from = node.child_by_field_name("module_name").map(|m| l.str(m).replace(char::is_whitespace, ""));
    let is_from = has_token(node, "from");
    let mut add = |l: &mut Lowering<'t>, module: &str, name: Option<&str>, alias: &str| {
        let import = Import {
            module: Symbol::new(module),
            name: name.map(Symbol::new),
            alias: Symbol::new(alias),
            kind: ImportKind::Import,
            range: range(node),
        };
        let import = l.ir.import(import);
        out.push(l.ir.stmt(StmtKind::Import(import), range(node)));
    };
    if is_from {
        let module = from.unwrap_or_else(|| "__future__".to_owned());
        if children(node).iter().any(|c| c.kind() == "wildcard_import") {
            add(l, &module, Some("*"), "");
        }
        for item in field_children(node, "name") {
            let name = item.child_by_field_name("name").unwrap_or(item);
            let alias = item.child_by_field_name("alias").unwrap_or(name);
            add(l, &module, Some(l.str(name)), l.str(alias));
        }
        return;
    }
    for item in field_children(node, "name") {
        match item.child_by_field_name("alias") {
            Some(alias) => {
                let module = item.child_by_field_name("name").map_or("", |n| l.str(n));
                add(l, module, None, l.str(alias));
            }
            None => {
                // `import a.b` binds `a`
                let module = l.str(item);
                let first = module.split('.').next().unwrap_or(module);
                add(l, first, None, first);
                if first != module {
                    add(l, module, None, "");
                }
            }
        }
    }
}

/// A binary operator.
pub fn binary_op(op: &str) -> BinaryOp {
    match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" | "//" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" | "is" => BinaryOp::Eq,
        "!=" | "<>" | "is not" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        "in" => BinaryOp::In,
        "not in" => BinaryOp::NotIn,
        "<<" => BinaryOp::Shl,
        "&" => BinaryOp::Meet,
        _ => BinaryOp::Other,
    }
}
