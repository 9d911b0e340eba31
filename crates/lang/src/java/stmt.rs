//! Statements.

use ir::{Arm, Block, Catch, ExprId, ExprKind, StmtKind};

use super::{expr, items};
use crate::{
    lowering::{Lowering, children, field_children, named_children, range},
    tree::Node,
};

/// The statements of a block.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let mut out = Block::new();
    for child in named_children(node) {
        lower(l, child, &mut out);
    }
    out
}

fn body_of<'t>(l: &mut Lowering<'t>, node: Option<Node<'t>>) -> Block {
    let Some(node) = node else { return Block::new() };
    if node.kind() == "block" {
        return block(l, node);
    }
    let mut out = Block::new();
    lower(l, node, &mut out);
    out
}

/// Lowers a statement onto the end of `out`.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    if !l.enter(node) {
        return;
    }
    lower_kind(l, node, out);
    l.leave();
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> ExprId {
    match node.child_by_field_name(name) {
        Some(child) => expr::lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        kind if items::is_class(kind) => {
            let class = items::class(l, node);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
        }
        "expression_statement" => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "explicit_constructor_invocation" => {
            let callee = field(l, node, "constructor");
            let args = node.child_by_field_name("arguments").map(|a| expr::arguments(l, a)).unwrap_or_default();
            let call = ExprKind::Call { callee, args, block: None, kind: ir::CallKind::Call };
            let call = l.ir.expr(call, at);
            out.push(l.ir.stmt(StmtKind::Expr(call), at));
        }
        "local_variable_declaration" => {
            let declared = node.child_by_field_name("type");
            // `var` says nothing
            let ty = declared.filter(|t| l.str(*t) != "var").map(|t| items::ty(l, t));
            for declarator in field_children(node, "declarator") {
                let target = field(l, declarator, "name");
                let value = declarator.child_by_field_name("value").map(|v| expr::lower(l, v));
                out.push(
                    l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: true }, range(declarator)),
                );
            }
        }
        "block" => {
            let block = block(l, node);
            out.push(l.ir.stmt(StmtKind::Block(block), at));
        }
        "if_statement" => {
            let cond = field(l, node, "condition");
            let then = body_of(l, node.child_by_field_name("consequence"));
            let otherwise = body_of(l, node.child_by_field_name("alternative"));
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
        }
        "for_statement" => {
            for init in field_children(node, "init") {
                lower(l, init, out);
            }
            let cond = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
            let mut body = body_of(l, node.child_by_field_name("body"));
            for step in field_children(node, "update") {
                expression(l, step, &mut body);
            }
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "enhanced_for_statement" => {
            let mut pattern = node.child_by_field_name("name").map(|n| expr::lower(l, n));
            if let (Some(value), Some(ty)) = (pattern, node.child_by_field_name("type"))
                && l.str(ty) != "var"
            {
                let ty = items::ty(l, ty);
                pattern = Some(l.ir.expr(ExprKind::Cast { ty, value }, at));
            }
            let iter = Some(field(l, node, "value"));
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
        }
        "while_statement" | "do_statement" => {
            let cond = Some(field(l, node, "condition"));
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "switch_expression" | "switch_statement" => {
            let switch = switch(l, node);
            out.push(switch);
        }
        "try_statement" | "try_with_resources_statement" => try_(l, node, out),
        "synchronized_statement" => {
            let parts = named_children(node);
            let mut resources = Block::new();
            if let Some(lock) = parts.first() {
                let value = expr::lower(l, *lock);
                resources.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::With { resources, body }, at));
        }
        "return_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "yield_statement" => {
            for child in named_children(node) {
                let value = expr::lower(l, child);
                out.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
        }
        "throw_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Throw(value), at));
        }
        "assert_statement" => {
            for child in named_children(node).into_iter().take(1) {
                let value = expr::lower(l, child);
                out.push(l.ir.stmt(StmtKind::Assert(value), at));
            }
        }
        "break_statement" => out.push(l.ir.stmt(StmtKind::Break, at)),
        "continue_statement" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "labeled_statement" | "ERROR" => {
            for child in named_children(node) {
                if child.kind() != "identifier" {
                    lower(l, child, out);
                }
            }
        }
        // of a file that is a program by itself
        "method_declaration" => {
            let function = items::method(l, node, None);
            out.push(l.ir.stmt(StmtKind::Function(function), at));
        }
        "import_declaration" | "package_declaration" => items::top_level(l, node, out),
        "empty_statement" | "modifiers" => {}
        _ => expression(l, node, out),
    }
}

fn expression<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    if node.kind() == "assignment_expression" {
        let target = field(l, node, "left");
        let value = Some(field(l, node, "right"));
        let operator = node.child_by_field_name("operator").map_or("=", |o| o.kind());
        let op = (operator != "=").then(|| expr::binary_op(operator.trim_end_matches('=')));
        out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value, declares: false }, at));
        return;
    }
    let value = expr::lower(l, node);
    out.push(l.ir.stmt(StmtKind::Expr(value), at));
}

/// A switch statement or expression.
pub fn switch<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> ir::StmtId {
    let subject = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
    let mut arms: Vec<Arm> = Vec::new();
    // labels of groups without statements belong to the next group with some
    let (mut patterns, mut guard, mut is_default) = (Vec::new(), None, false);
    let mut groups = node.child_by_field_name("body").map(named_children).unwrap_or_default().into_iter().peekable();
    while let Some(group) = groups.next() {
        let mut body = Block::new();
        for child in named_children(group) {
            match child.kind() {
                "switch_label" => {
                    let labels = named_children(child);
                    // `default` alone has no node of its own
                    is_default |= labels.is_empty();
                    for label in labels {
                        match label.kind() {
                            "guard" => guard = named_children(label).first().map(|g| expr::lower(l, *g)),
                            _ if l.str(label) == "default" => is_default = true,
                            _ => patterns.push(expr::lower(l, label)),
                        }
                    }
                }
                "block" if group.kind() == "switch_rule" => body.extend(block(l, child)),
                _ => lower(l, child, &mut body),
            }
        }
        if body.is_empty() && group.kind() == "switch_block_statement_group" && groups.peek().is_some() {
            continue;
        }
        let mut labels = std::mem::take(&mut patterns);
        if std::mem::take(&mut is_default) {
            labels.clear();
        }
        arms.push(Arm { patterns: labels, guard: guard.take(), body, range: range(group) });
    }
    l.ir.stmt(StmtKind::Switch { subject, arms }, range(node))
}

fn try_<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    let mut resources = Block::new();
    for resource in node.child_by_field_name("resources").map(named_children).unwrap_or_default() {
        match (resource.child_by_field_name("name"), resource.child_by_field_name("value")) {
            (Some(name), Some(value)) => {
                let value = Some(expr::lower(l, value));
                let target = expr::lower(l, name);
                let ty = resource.child_by_field_name("type").filter(|t| l.str(*t) != "var").map(|t| items::ty(l, t));
                let kind = StmtKind::Assign { target, ty, op: None, value, declares: true };
                resources.push(l.ir.stmt(kind, range(resource)));
            }
            _ => {
                for child in named_children(resource) {
                    let value = expr::lower(l, child);
                    resources.push(l.ir.stmt(StmtKind::Expr(value), range(resource)));
                }
            }
        }
    }
    let mut body = body_of(l, node.child_by_field_name("body"));
    if !resources.is_empty() {
        body = vec![l.ir.stmt(StmtKind::With { resources, body }, at)];
    }
    let (mut catches, mut finally) = (Vec::new(), Block::new());
    for clause in named_children(node) {
        match clause.kind() {
            "catch_clause" => {
                let param = named_children(clause).into_iter().find(|c| c.kind() == "catch_formal_parameter");
                let binding = param.and_then(|p| p.child_by_field_name("name")).map(|n| l.symbol(n));
                let caught = param.map(named_children).unwrap_or_default();
                let caught = caught.into_iter().filter(|c| c.kind() == "catch_type").flat_map(named_children);
                let types = caught.map(|t| items::ty(l, t)).collect();
                let body = body_of(l, clause.child_by_field_name("body"));
                catches.push(Catch { types, binding, body, range: range(clause) });
            }
            "finally_clause" => finally = body_of(l, children(clause).into_iter().find(|c| c.kind() == "block")),
            _ => {}
        }
    }
    if catches.is_empty() && finally.is_empty() {
        out.extend(body);
    } else {
        out.push(l.ir.stmt(StmtKind::Try { body, catches, finally }, at));
    }
}
