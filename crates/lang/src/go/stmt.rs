//! Statements.

use ir::{Arm, BinaryOp, Block, ExprId, ExprKind, Literal, StmtKind, TypeKind, UnaryOp};
use smallvec::smallvec;

use super::{expr, items};
use crate::{
    lowering::{Lowering, field_children, has_token, named_children, range},
    tree::Node,
};

/// The statements of a block.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let mut out = Block::new();
    for child in named_children(node) {
        if child.kind() == "statement_list" {
            for child in named_children(child) {
                lower(l, child, &mut out);
            }
        } else {
            lower(l, child, &mut out);
        }
    }
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

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "expression_statement" => {
            for child in named_children(node) {
                let value = expr::lower(l, child);
                out.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
        }
        "short_var_declaration" | "assignment_statement" => assignment(l, node, out),
        "var_declaration" | "const_declaration" => {
            for child in named_children(node) {
                let specs = if child.kind() == "var_spec_list" { named_children(child) } else { smallvec![child] };
                for spec in specs {
                    variables(l, spec, out);
                }
            }
        }
        "type_declaration" => items::types(l, node, out),
        "function_declaration" | "method_declaration" | "import_declaration" | "package_clause" => {
            items::top_level(l, node, out);
        }
        "block" => {
            let block = block(l, node);
            out.push(l.ir.stmt(StmtKind::Block(block), at));
        }
        "statement_list" => {
            for child in named_children(node) {
                lower(l, child, out);
            }
        }
        "if_statement" => {
            if let Some(init) = node.child_by_field_name("initializer") {
                lower(l, init, out);
            }
            let cond = field(l, node, "condition");
            let then = node.child_by_field_name("consequence").map(|b| block(l, b)).unwrap_or_default();
            let otherwise = match node.child_by_field_name("alternative") {
                Some(b) if b.kind() == "block" => block(l, b),
                Some(other) => {
                    let mut inner = Block::new();
                    lower(l, other, &mut inner);
                    inner
                }
                None => Block::new(),
            };
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
        }
        "for_statement" => for_(l, node, out),
        "expression_switch_statement" | "type_switch_statement" | "select_statement" => switch(l, node, out),
        "return_statement" => {
            let values = named_children(node).first().map(|v| expr::list(l, *v));
            out.push(l.ir.stmt(StmtKind::Return(values), at));
        }
        "defer_statement" | "go_statement" => {
            let Some(call) = named_children(node).first().copied() else { return };
            let call = expr::lower(l, call);
            let kind = if node.kind() == "go_statement" { StmtKind::Spawn(call) } else { StmtKind::Defer(call) };
            out.push(l.ir.stmt(kind, at));
        }
        "inc_statement" | "dec_statement" => {
            let Some(target) = named_children(node).first().copied() else { return };
            let target = expr::lower(l, target);
            let one = l.ir.expr(ExprKind::Literal(Literal::Int(Some(1))), at);
            let op = Some(if node.kind() == "inc_statement" { BinaryOp::Add } else { BinaryOp::Sub });
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value: Some(one), declares: false }, at));
        }
        "send_statement" => {
            let left = field(l, node, "channel");
            let right = field(l, node, "value");
            let value = l.ir.expr(ExprKind::Binary { op: BinaryOp::Other, left, right }, at);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
        "receive_statement" => assignment(l, node, out),
        "labeled_statement" | "ERROR" => {
            for child in named_children(node) {
                if child.kind() != "label_name" {
                    lower(l, child, out);
                }
            }
        }
        "break_statement" => out.push(l.ir.stmt(StmtKind::Break, at)),
        "continue_statement" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "goto_statement" | "fallthrough_statement" | "empty_statement" => {}
        _ => {
            let value = expr::lower(l, node);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
    }
}

fn field<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> ExprId {
    match node.child_by_field_name(name) {
        Some(child) => expr::lower(l, child),
        None => l.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
    }
}

fn assignment<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    let value = node.child_by_field_name("right").map(|r| expr::list(l, r));
    let Some(left) = node.child_by_field_name("left") else {
        if let Some(value) = value {
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
        return;
    };
    let target = expr::list(l, left);
    let operator = node.child_by_field_name("operator").map_or("=", |o| l.str(o));
    let op = match operator {
        "=" | ":=" => None,
        op => Some(expr::binary_op(op.trim_end_matches('='))),
    };
    let declares = node.kind() == "short_var_declaration" || has_token(node, ":=");
    // `a, b := x, y` is one assignment each
    if let (Some(value), None) = (value, op)
        && let (ExprKind::List(targets), ExprKind::List(values)) =
            (l.ir.module.expr(target).kind.clone(), l.ir.module.expr(value).kind.clone())
        && targets.len() == values.len()
        && node.child_by_field_name("right").is_some_and(|r| r.kind() == "expression_list")
        && targets.len() > 1
        && !is_swap(l, &targets, &values)
    {
        for (target, value) in targets.into_iter().zip(values) {
            out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value: Some(value), declares }, at));
        }
        return;
    }
    out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value, declares }, at));
}

/// Whether a value reads what an assignment before it sets: `a, b = b, a`.
fn is_swap(l: &Lowering<'_>, targets: &[ExprId], values: &[ExprId]) -> bool {
    let module = &l.ir.module;
    let written: Vec<String> = targets.iter().filter_map(|t| module.dotted(*t)).filter(|t| !t.is_empty()).collect();
    values.iter().skip(1).any(|value| {
        // what stands below an expression was made right before it
        let at = module.expr(*value).range;
        let below = (0..=value.0).rev().map(ExprId).take_while(|id| {
            let range = module.expr(*id).range;
            at.contains(range)
        });
        below.into_iter().any(|id| module.dotted(id).is_some_and(|read| written.contains(&read)))
    })
}

fn variables<'t>(l: &mut Lowering<'t>, spec: Node<'t>, out: &mut Block) {
    let at = range(spec);
    let ty = spec.child_by_field_name("type").map(|t| items::ty(l, t));
    let values = spec.child_by_field_name("value").map(named_children).unwrap_or_default();
    let values: Vec<ExprId> = values.into_iter().map(|v| expr::lower(l, v)).collect();
    let names: Vec<ExprId> = field_children(spec, "name").into_iter().map(|n| expr::lower(l, n)).collect();
    if names.len() > 1 && values.len() == 1 {
        let target = l.ir.expr(ExprKind::List(names), at);
        let value = values.first().copied();
        out.push(l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: true }, at));
        return;
    }
    for (index, target) in names.into_iter().enumerate() {
        let value = values.get(index).copied();
        out.push(l.ir.stmt(StmtKind::Assign { target, ty, op: None, value, declares: true }, at));
    }
}

fn for_<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let (mut pattern, mut iter, mut cond, mut step) = (None, None, None, None);
    let body = node.child_by_field_name("body");
    for clause in named_children(node) {
        match clause.kind() {
            "range_clause" => {
                pattern = clause.child_by_field_name("left").map(|p| expr::list(l, p));
                iter = Some(field(l, clause, "right"));
            }
            "for_clause" => {
                if let Some(init) = clause.child_by_field_name("initializer") {
                    lower(l, init, out);
                }
                cond = clause.child_by_field_name("condition").map(|c| expr::lower(l, c));
                step = clause.child_by_field_name("update");
            }
            "block" => {}
            _ => cond = Some(expr::lower(l, clause)),
        }
    }
    let mut block = body.map(|b| block(l, b)).unwrap_or_default();
    if let Some(step) = step {
        lower(l, step, &mut block);
    }
    out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond, body: block }, range(node)));
}

fn switch<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    if let Some(init) = node.child_by_field_name("initializer") {
        lower(l, init, out);
    }
    let subject = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let binding = node.child_by_field_name("alias").and_then(|a| named_children(a).first().copied());
    let mut arms = Vec::new();
    for case in named_children(node) {
        let mut patterns = Vec::new();
        let mut body = Block::new();
        match case.kind() {
            "expression_case" => {
                if let Some(values) = case.child_by_field_name("value") {
                    patterns.extend(named_children(values).into_iter().map(|v| expr::lower(l, v)).collect::<Vec<_>>());
                }
            }
            "type_case" => {
                for ty in field_children(case, "type") {
                    let at = range(ty);
                    let ty = items::ty(l, ty);
                    let is_nil = matches!(&l.ir.module.ty(ty).kind, TypeKind::Named { path, .. } if *path == "nil");
                    let null = ExprKind::Literal(Literal::Null);
                    patterns.push(l.ir.expr(if is_nil { null } else { ExprKind::TypeExpr(ty) }, at));
                }
            }
            "communication_case" => {
                if let Some(communication) = case.child_by_field_name("communication") {
                    lower(l, communication, &mut body);
                }
            }
            "default_case" => {}
            _ => continue,
        }
        // the name has the type of its arm when that is one
        if let (Some(name), Some(mut value), "type_case" | "default_case") = (binding, subject, case.kind()) {
            let at = range(case);
            if let [pattern] = patterns.as_slice()
                && let ExprKind::TypeExpr(ty) = l.ir.module.expr(*pattern).kind
            {
                let at = l.ir.module.expr(*pattern).range;
                value = l.ir.expr(ExprKind::Cast { ty, value }, at);
            }
            let target = expr::lower(l, name);
            let kind = StmtKind::Assign { target, ty: None, op: None, value: Some(value), declares: true };
            body.push(l.ir.stmt(kind, at));
        }
        let labels = ["value", "type", "communication"];
        let skip: Vec<u32> = labels.iter().flat_map(|f| field_children(case, f)).map(|n| n.id()).collect();
        for child in named_children(case).into_iter().filter(|c| !skip.contains(&c.id())) {
            lower(l, child, &mut body);
        }
        arms.push(Arm { patterns, guard: None, body, range: range(case) });
    }
    out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, range(node)));
}

/// The operator of a unary expression.
pub fn unary_op(op: &str) -> UnaryOp {
    match op {
        "!" => UnaryOp::Not,
        "-" => UnaryOp::Neg,
        "&" => UnaryOp::Ref,
        "*" => UnaryOp::Deref,
        _ => UnaryOp::Other,
    }
}
