//! Statements.

use ir::{Arm, Block, Catch, ExprId, ExprKind, StmtKind};

use super::{expr, items};
use crate::{
    lowering::{Lowering, alternatives, has_token, named_children, range},
    tree::Node,
};

/// The statements of a block. What follows a `using var` is the body of its `With`.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let list = named_children(node);
    sequence(l, &list)
}

fn sequence<'t>(l: &mut Lowering<'t>, list: &[Node<'t>]) -> Block {
    let mut out = Block::new();
    for (at, child) in list.iter().enumerate() {
        if child.kind() == "local_declaration_statement" && has_token(*child, "using") && l.enter(*child) {
            let mut resources = Block::new();
            declaration(l, *child, &mut resources);
            let body = sequence(l, &list[at + 1..]);
            out.push(l.ir.stmt(StmtKind::With { resources, body }, range(*child)));
            l.leave();
            return out;
        }
        lower(l, *child, &mut out);
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
        "expression_statement" => {
            for child in named_children(node) {
                expression(l, child, out);
            }
        }
        "local_declaration_statement" => declaration(l, node, out),
        "variable_declaration" => variables(l, node, out),
        "local_function_statement" => {
            let function = items::function(l, node);
            out.push(l.ir.stmt(StmtKind::Function(function), at));
        }
        kind if items::is_type(kind) => {
            let class = items::class(l, node, None);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
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
            for init in crate::lowering::field_children(node, "initializer") {
                lower(l, init, out);
            }
            let cond = node.child_by_field_name("condition").map(|c| expr::lower(l, c));
            let mut body = body_of(l, node.child_by_field_name("body"));
            for step in crate::lowering::field_children(node, "update") {
                expression(l, step, &mut body);
            }
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "foreach_statement" => {
            let left = node.child_by_field_name("left");
            let mut pattern = left.map(|p| expr::lower(l, p));
            let ty = node.child_by_field_name("type").filter(|t| t.kind() != "implicit_type");
            if let (Some(value), Some(ty)) = (pattern, ty) {
                let ty = items::ty(l, ty);
                pattern = Some(l.ir.expr(ExprKind::Cast { ty, value }, at));
            }
            let iter = Some(field(l, node, "right"));
            let body = body_of(l, node.child_by_field_name("body"));
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
        }
        "while_statement" | "do_statement" => {
            let cond = Some(field(l, node, "condition"));
            let body = node.child_by_field_name("body");
            let body = body_of(l, body.or_else(|| named_children(node).into_iter().find(|c| c.kind() == "block")));
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond, body }, at));
        }
        "switch_statement" => switch(l, node, out),
        "try_statement" => try_(l, node, out),
        "using_statement" | "lock_statement" | "fixed_statement" => {
            let body_node = node.child_by_field_name("body").or_else(|| named_children(node).last().copied());
            let mut resources = Block::new();
            for child in named_children(node) {
                if Some(child.id()) != body_node.map(|b| b.id()) {
                    lower(l, child, &mut resources);
                }
            }
            let body = body_of(l, body_node);
            out.push(l.ir.stmt(StmtKind::With { resources, body }, at));
        }
        "return_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "throw_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            out.push(l.ir.stmt(StmtKind::Throw(value), at));
        }
        "yield_statement" => {
            let value = named_children(node).first().map(|e| expr::lower(l, *e));
            let value = l.ir.expr(ExprKind::Yield(value), at);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
        "break_statement" => out.push(l.ir.stmt(StmtKind::Break, at)),
        "continue_statement" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "checked_statement"
        | "unsafe_statement"
        | "labeled_statement"
        | "ERROR"
        | "preproc_if"
        | "preproc_else"
        | "preproc_elif"
        | "preproc_if_in_expression"
        | "global_statement" => {
            // the condition of `#if` is no code
            for child in named_children(node).into_iter().filter(|c| !c.is_field("condition")) {
                lower(l, child, out);
            }
        }
        "empty_statement" | "goto_statement" | "modifier" => {}
        kind if kind.starts_with("preproc") => {}
        _ => expression(l, node, out),
    }
}

fn declaration<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    for child in named_children(node) {
        if child.kind() == "variable_declaration" {
            variables(l, child, out);
        }
    }
}

fn variables<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let declared = node.child_by_field_name("type");
    let ty = declared.filter(|t| t.kind() != "implicit_type" && l.str(*t) != "var").map(|t| items::ty(l, t));
    for declarator in named_children(node).into_iter().filter(|c| c.kind() == "variable_declarator") {
        let name = declarator.child_by_field_name("name").or_else(|| named_children(declarator).first().copied());
        let Some(name) = name else { continue };
        let target = expr::lower(l, name);
        let value = initializer(l, declarator, declared);
        let kind = StmtKind::Assign { target, ty, op: None, value, declares: true };
        out.push(l.ir.stmt(kind, range(declarator)));
    }
}

/// The value of a declarator.
pub fn initializer<'t>(l: &mut Lowering<'t>, declarator: Node<'t>, declared: Option<Node<'t>>) -> Option<ExprId> {
    let name = declarator.child_by_field_name("name").or_else(|| named_children(declarator).first().copied());
    let value = named_children(declarator)
        .into_iter()
        .rfind(|c| Some(c.id()) != name.map(|n| n.id()) && c.kind() != "bracketed_argument_list")?;
    let value = match value.kind() {
        "equals_value_clause" => named_children(value).first().copied()?,
        _ => value,
    };
    Some(typed(l, value, declared))
}

/// A value where a type is declared: `new()` makes that type.
pub fn typed<'t>(l: &mut Lowering<'t>, value: Node<'t>, declared: Option<Node<'t>>) -> ExprId {
    match (value.kind(), declared) {
        ("implicit_object_creation_expression", Some(ty)) => expr::creation(l, value, Some(ty)),
        _ => expr::lower(l, value),
    }
}

fn expression<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    if node.kind() == "assignment_expression" {
        let target = field(l, node, "left");
        let value = field(l, node, "right");
        let operator = node.child_by_field_name("operator").map_or("=", |o| l.str(o));
        let (op, value) = expr::compound(l, operator, target, value, at);
        out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value: Some(value), declares: false }, at));
        return;
    }
    let value = expr::lower(l, node);
    out.push(l.ir.stmt(StmtKind::Expr(value), at));
}

fn switch<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let subject = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let mut arms: Vec<Arm> = Vec::new();
    // labels of sections without statements belong to the next section with some
    let (mut patterns, mut is_default) = (Vec::new(), false);
    let mut sections = node.child_by_field_name("body").map(named_children).unwrap_or_default().into_iter().peekable();
    while let Some(section) = sections.next() {
        let (mut guard, mut body, mut is_empty) = (None, Block::new(), true);
        is_default |= has_token(section, "default");
        for child in named_children(section) {
            match child.kind() {
                "when_clause" => guard = named_children(child).first().map(|g| expr::lower(l, *g)),
                kind if kind.ends_with("_pattern") || kind.ends_with("literal") || is_label(child) => {
                    patterns.extend(alternatives(child).into_iter().map(|p| expr::lower(l, p)));
                }
                _ => {
                    is_empty = false;
                    lower(l, child, &mut body);
                }
            }
        }
        if is_empty && guard.is_none() && sections.peek().is_some() {
            continue;
        }
        let mut labels = std::mem::take(&mut patterns);
        if std::mem::take(&mut is_default) {
            labels.clear();
        }
        arms.push(Arm { patterns: labels, guard, body, range: range(section) });
    }
    out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, range(node)));
}

fn is_label(node: Node<'_>) -> bool {
    matches!(node.kind(), "identifier" | "member_access_expression" | "qualified_name" | "declaration_expression")
        || node.kind().ends_with("expression") && !node.kind().ends_with("statement")
}

fn try_<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let body = body_of(l, node.child_by_field_name("body"));
    let (mut catches, mut finally) = (Vec::new(), Block::new());
    for clause in named_children(node) {
        match clause.kind() {
            "catch_clause" => {
                let declaration = named_children(clause).into_iter().find(|c| c.kind() == "catch_declaration");
                let types = declaration.and_then(|d| d.child_by_field_name("type")).map(|t| items::ty(l, t));
                let binding = declaration.and_then(|d| d.child_by_field_name("name")).map(|n| l.symbol(n));
                let mut body = body_of(l, clause.child_by_field_name("body"));
                let filter = named_children(clause).into_iter().find(|c| c.kind() == "catch_filter_clause");
                if let Some(filter) = filter.and_then(|f| named_children(f).first().copied()) {
                    let cond = expr::lower(l, filter);
                    body = vec![l.ir.stmt(StmtKind::If { cond, then: body, otherwise: Block::new() }, range(filter))];
                }
                catches.push(Catch { types: types.into_iter().collect(), binding, body, range: range(clause) });
            }
            "finally_clause" => {
                finally = body_of(l, named_children(clause).into_iter().find(|c| c.kind() == "block"));
            }
            _ => {}
        }
    }
    out.push(l.ir.stmt(StmtKind::Try { body, catches, finally }, range(node)));
}
