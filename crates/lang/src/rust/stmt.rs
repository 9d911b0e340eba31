//! Statements.

use ir::{Arm, Block, ExprId, ExprKind, StmtKind, UnaryOp};

use super::{expr, items};
use crate::{
    lowering::{Lowering, alternatives, named_children, range},
    tree::Node,
};

/// The statements of a block or file; attributes go to the item behind them.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let mut out = Block::new();
    let mut attributes = Vec::new();
    for child in named_children(node) {
        match child.kind() {
            "attribute_item" => attributes.push(items::attribute(l, child)),
            "inner_attribute_item" => {
                let attribute = items::attribute(l, child);
                l.ir.module.annotations.push(attribute);
            }
            _ => lower(l, child, std::mem::take(&mut attributes), &mut out),
        }
    }
    out
}

/// The statements of a function's or closure's body: the last expression is what it returns.
pub fn body<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let out = if node.kind() == "block" {
        block(l, node)
    } else {
        let value = expr::lower(l, node);
        vec![l.ir.stmt(StmtKind::Expr(value), range(node))]
    };
    let ends_in_value = named_children(node)
        .last()
        .is_none_or(|last| last.kind() != "expression_statement" || !l.str(*last).ends_with(';'));
    if ends_in_value || node.kind() != "block" {
        return_last(l, &out);
    }
    out
}

/// Makes the last value of a block its result, through `if` and `match`.
fn return_last(l: &mut Lowering<'_>, body: &[ir::StmtId]) {
    let Some(last) = body.last().copied() else { return };
    match l.ir.module.stmt(last).kind.clone() {
        StmtKind::Expr(value) => l.ir.set_stmt(last, StmtKind::Return(Some(value))),
        StmtKind::If { then, otherwise, .. } => {
            return_last(l, &then);
            return_last(l, &otherwise);
        }
        StmtKind::Switch { arms, .. } => {
            for arm in arms {
                return_last(l, &arm.body);
            }
        }
        StmtKind::Block(inner) => return_last(l, &inner),
        _ => {}
    }
}

/// Lowers a statement or item onto the end of `out`.
pub fn lower<'t>(l: &mut Lowering<'t>, node: Node<'t>, attributes: Vec<ExprId>, out: &mut Block) {
    if !l.enter(node) {
        return;
    }
    lower_kind(l, node, attributes, out);
    l.leave();
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> ExprId {
    match node.child_by_field_name(name) {
        Some(child) => expr::lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, attributes: Vec<ExprId>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "expression_statement" => {
            for child in named_children(node) {
                lower(l, child, Vec::new(), out);
            }
        }
        "let_declaration" => {
            let value = node.child_by_field_name("value").map(|v| expr::lower(l, v));
            let ty = node.child_by_field_name("type").map(|t| items::ty(l, t));
            let Some(pattern) = node.child_by_field_name("pattern") else { return };
            let target = expr::pattern(l, pattern);
            // `let A(b) = c else { … }` leaves where the pattern does not match
            if let (Some(otherwise), Some(value)) = (node.child_by_field_name("alternative"), value) {
                let operand = l.ir.expr(ExprKind::Assign { target, op: None, value }, at);
                let cond = l.ir.expr(ExprKind::Unary { op: UnaryOp::Not, operand }, at);
                let then = block(l, otherwise);
                out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise: Block::new() }, at));
                return;
            }
            out.push(l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: true }, at));
        }
        "const_item" | "static_item" => {
            let value = node.child_by_field_name("value").map(|v| expr::lower(l, v));
            let ty = node.child_by_field_name("type").map(|t| items::ty(l, t));
            let target = field(l, node, "name");
            out.push(l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: true }, at));
        }
        "function_item" | "function_signature_item" => {
            let function = items::function(l, node, attributes);
            out.push(l.ir.stmt(StmtKind::Function(function), at));
        }
        "struct_item" | "enum_item" | "union_item" | "trait_item" | "impl_item" | "type_item" => {
            let class = items::class(l, node, attributes);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
        }
        "mod_item" => items::module(l, node, attributes, out),
        "use_declaration" | "extern_crate_declaration" => items::import(l, node, out),
        "foreign_mod_item" => {
            if let Some(body) = node.child_by_field_name("body") {
                out.extend(block(l, body));
            }
        }
        "block" => {
            let block = block(l, node);
            out.push(l.ir.stmt(StmtKind::Block(block), at));
        }
        "unsafe_block" => {
            for child in named_children(node) {
                lower(l, child, Vec::new(), out);
            }
        }
        "if_expression" => {
            let cond = field(l, node, "condition");
            let then = node.child_by_field_name("consequence").map(|b| block(l, b)).unwrap_or_default();
            let mut otherwise = Block::new();
            for child in node.child_by_field_name("alternative").map(named_children).unwrap_or_default() {
                if child.kind() == "block" {
                    otherwise = block(l, child);
                } else {
                    lower(l, child, Vec::new(), &mut otherwise);
                }
            }
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
        }
        "while_expression" | "loop_expression" => {
            let cond = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
            let body = node.child_by_field_name("body").map(|b| block(l, b)).unwrap_or_default();
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "for_expression" => {
            let pattern = node.child_by_field_name("pattern").map(|p| expr::pattern(l, p));
            let iter = Some(field(l, node, "value"));
            let body = node.child_by_field_name("body").map(|b| block(l, b)).unwrap_or_default();
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
        }
        "match_expression" => {
            let subject = Some(field(l, node, "value"));
            let mut arms = Vec::new();
            for arm in node.child_by_field_name("body").map(named_children).unwrap_or_default() {
                if arm.kind() == "match_arm" {
                    arms.push(match_arm(l, arm));
                }
            }
            out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, at));
        }
        "return_expression" => {
            let value = named_children(node).first().map(|v| expr::lower(l, *v));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "break_expression" => {
            for child in named_children(node).into_iter().filter(|c| c.kind() != "label") {
                let value = expr::lower(l, child);
                out.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
            out.push(l.ir.stmt(StmtKind::Break, at));
        }
        "continue_expression" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "assignment_expression" => {
            let target = field(l, node, "left");
            let value = Some(field(l, node, "right"));
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op: None, value, declares: false }, at));
        }
        "compound_assignment_expr" => {
            let target = field(l, node, "left");
            let value = Some(field(l, node, "right"));
            let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
            let op = Some(expr::binary_op(operator.trim_end_matches('=')));
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value, declares: false }, at));
        }
        "macro_definition"
        | "empty_statement"
        | "attribute_item"
        | "inner_attribute_item"
        | "associated_type"
        | "label"
        | "shebang" => {}
        "ERROR" => out.extend(block(l, node)),
        _ => {
            let value = expr::lower(l, node);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
    }
}

fn match_arm<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Arm {
    let (mut patterns, mut guard) = (Vec::new(), None);
    if let Some(pattern) = node.child_by_field_name("pattern") {
        let inner = named_children(pattern);
        if let Some(first) = inner.first()
            && l.str(pattern) != "_"
            && first.kind() != "wildcard_pattern"
        {
            let list = if first.kind() == "or_pattern" { alternatives(*first) } else { vec![*first] };
            patterns.extend(list.into_iter().map(|p| expr::pattern(l, p)));
        }
        guard = pattern.child_by_field_name("condition").map(|c| expr::lower(l, c));
    }
    let mut body = Block::new();
    if let Some(value) = node.child_by_field_name("value") {
        match value.kind() {
            "block" => body = block(l, value),
            _ => lower(l, value, Vec::new(), &mut body),
        }
    }
    Arm { patterns, guard, body, range: range(node) }
}
