//! Statements.

use base::Symbol;
use ir::{Arg, Arm, BinaryOp, Block, CallKind, Catch, ExprId, ExprKind, Literal, LogicalOp, StmtKind, UnaryOp};

use smallvec::smallvec;

use super::{expr, items};
use crate::{
    lowering::{Lowering, field_children, named_children, range},
    tree::Node,
};

/// The statements below a node, its `rescue`, `else` and `ensure` included.
pub fn block<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Block {
    let list = named_children(node);
    statements(l, &list, range(node))
}

/// Statements, with the clauses among them around those before.
pub fn statements<'t>(l: &mut Lowering<'t>, list: &[Node<'t>], at: ir::Range) -> Block {
    let mut out = Block::new();
    let (mut catches, mut finally, mut protected) = (Vec::new(), Block::new(), false);
    for child in list {
        match child.kind() {
            "rescue" => {
                protected = true;
                catches.push(catch(l, *child));
            }
            "ensure" => {
                protected = true;
                finally = block(l, *child);
            }
            "else" => out.extend(block(l, *child)),
            _ => lower(l, *child, &mut out),
        }
    }
    if protected {
        return vec![l.ir.stmt(StmtKind::Try { body: out, catches, finally }, at)];
    }
    out
}

fn catch<'t>(l: &mut Lowering<'t>, node: Node<'t>) -> Catch {
    let types = node.child_by_field_name("exceptions").map(named_children).unwrap_or_default();
    let types = types.into_iter().map(|t| items::ty(l, t)).collect();
    let binding = node.child_by_field_name("variable").and_then(|v| named_children(v).first().copied());
    let binding = binding.map(|b| l.symbol(b));
    l.locals.extend(binding);
    let body = node.child_by_field_name("body").map(|b| block(l, b)).unwrap_or_default();
    Catch { types, binding, body, range: range(node) }
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

fn body_of<'t>(l: &mut Lowering<'t>, node: Node<'t>, name: &str) -> Block {
    let Some(child) = node.child_by_field_name(name) else { return Block::new() };
    match child.kind() {
        "then" | "do" | "else" | "block_body" | "body_statement" => block(l, child),
        "elsif" => {
            let mut out = Block::new();
            lower(l, child, &mut out);
            out
        }
        _ => {
            let mut out = Block::new();
            lower(l, child, &mut out);
            out
        }
    }
}

fn negated(l: &mut Lowering<'_>, operand: ExprId, negate: bool) -> ExprId {
    if !negate {
        return operand;
    }
    let at = l.ir.module.expr(operand).range;
    l.ir.expr(ExprKind::Unary { op: UnaryOp::Not, operand }, at)
}

fn lower_kind<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    match node.kind() {
        "method" | "singleton_method" => {
            let function = items::method(l, node);
            out.push(l.ir.stmt(StmtKind::Function(function), at));
        }
        "class" | "module" | "singleton_class" => {
            let class = items::class(l, node);
            out.push(l.ir.stmt(StmtKind::Class(class), at));
        }
        "assignment" | "operator_assignment" => assignment(l, node, out),
        "if" | "unless" | "elsif" => {
            let cond = field(l, node, "condition");
            let cond = negated(l, cond, node.kind() == "unless");
            let then = body_of(l, node, "consequence");
            let otherwise = body_of(l, node, "alternative");
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise }, at));
        }
        "if_modifier" | "unless_modifier" => {
            let cond = field(l, node, "condition");
            let cond = negated(l, cond, node.kind() == "unless_modifier");
            let then = body_of(l, node, "body");
            out.push(l.ir.stmt(StmtKind::If { cond, then, otherwise: Block::new() }, at));
        }
        "while" | "until" | "while_modifier" | "until_modifier" => {
            let cond = field(l, node, "condition");
            let cond = negated(l, cond, node.kind().starts_with("until"));
            let body = body_of(l, node, "body");
            out.push(l.ir.stmt(StmtKind::Loop { pattern: None, iter: None, cond: Some(cond), body }, at));
        }
        "for" => {
            let pattern = node.child_by_field_name("pattern").map(|p| expr::target(l, p));
            let value = node.child_by_field_name("value");
            let value =
                value.map(|v| if v.kind() == "in" { named_children(v).first().copied().unwrap_or(v) } else { v });
            let iter = value.map(|v| expr::lower(l, v));
            let body = body_of(l, node, "body");
            out.push(l.ir.stmt(StmtKind::Loop { pattern, iter, cond: None, body }, at));
        }
        "case" | "case_match" => case(l, node, out),
        "begin" => out.extend(block(l, node)),
        "begin_block" | "end_block" | "parenthesized_statements" | "body_statement" | "then" | "do" | "block_body" => {
            out.extend(block(l, node));
        }
        "rescue_modifier" => {
            let body = body_of(l, node, "body");
            let handler = body_of(l, node, "handler");
            let catch = Catch { types: Vec::new(), binding: None, body: handler, range: at };
            out.push(l.ir.stmt(StmtKind::Try { body, catches: vec![catch], finally: Block::new() }, at));
        }
        "return" => {
            let value = named_children(node).first().map(|a| expr::first_argument(l, *a));
            out.push(l.ir.stmt(StmtKind::Return(value), at));
        }
        "break" => {
            for argument in named_children(node) {
                let value = expr::first_argument(l, argument);
                out.push(l.ir.stmt(StmtKind::Expr(value), at));
            }
            out.push(l.ir.stmt(StmtKind::Break, at));
        }
        "next" => {
            let value = named_children(node).first().map(|a| expr::first_argument(l, *a));
            let kind = if value.is_some() { StmtKind::Return(value) } else { StmtKind::Continue };
            out.push(l.ir.stmt(kind, at));
        }
        "redo" | "retry" => out.push(l.ir.stmt(StmtKind::Continue, at)),
        "alias" | "undef" => {
            // `alias a b` as the call `alias_method "a", "b"`
            let name = if node.kind() == "alias" { "alias_method" } else { "undef_method" };
            let callee = l.ir.expr(ExprKind::Name(Symbol::new(name)), at);
            let names = named_children(node);
            let args = names.into_iter().map(|n| {
                let text = plain(l.str(n));
                Arg { name: None, value: l.ir.expr(ExprKind::Literal(Literal::Str(text)), range(n)) }
            });
            let args = args.collect();
            let call = ExprKind::Call { callee, args, block: None, kind: CallKind::Call };
            let call = l.ir.expr(call, at);
            out.push(l.ir.stmt(StmtKind::Expr(call), at));
        }
        "empty_statement" | "uninterpreted" | "heredoc_body" | "heredoc_end" => {}
        "ERROR" => {
            for child in named_children(node) {
                lower(l, child, out);
            }
        }
        _ => {
            let value = expr::lower(l, node);
            // `raise X, "…"` leaves like a throw
            if let Some(thrown) = expr::raised(l, value) {
                out.push(l.ir.stmt(StmtKind::Throw(thrown), at));
                return;
            }
            expr::import_of(l, value, out);
            out.push(l.ir.stmt(StmtKind::Expr(value), at));
        }
    }
}

fn assignment<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let at = range(node);
    let Some(left) = node.child_by_field_name("left") else { return };
    if node.kind() == "assignment"
        && left.kind() == "constant"
        && let Some(class) = node.child_by_field_name("right").and_then(|made| items::made_class(l, left, made))
    {
        out.push(l.ir.stmt(StmtKind::Class(class), at));
        return;
    }
    let value = node.child_by_field_name("right").map(|right| match right.kind() {
        "right_assignment_list" => {
            let items = named_children(right).into_iter().map(|c| expr::lower(l, c)).collect();
            l.ir.expr(ExprKind::List(items), range(right))
        }
        _ => expr::lower(l, right),
    });
    let target = expr::target(l, left);
    if node.kind() == "assignment" {
        out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op: None, value, declares: false }, at));
        return;
    }
    let operator = node.child_by_field_name("operator").map_or("", |o| l.str(o));
    let Some(value) = value else { return };
    let (op, value) = compound(l, operator, target, value, at);
    out.push(l.ir.stmt(StmtKind::Assign { target, ty: None, op, value: Some(value), declares: false }, at));
}

/// `a ||= b` assigns `a || b`; others keep their operator.
pub fn compound(
    l: &mut Lowering<'_>,
    op: &str,
    target: ExprId,
    value: ExprId,
    at: ir::Range,
) -> (Option<BinaryOp>, ExprId) {
    let logical = match op {
        "||=" => LogicalOp::Or,
        "&&=" => LogicalOp::And,
        _ => return (Some(expr::binary_op(op.trim_end_matches('='))), value),
    };
    (None, l.ir.expr(ExprKind::Logical { op: logical, left: target, right: value }, at))
}

fn case<'t>(l: &mut Lowering<'t>, node: Node<'t>, out: &mut Block) {
    let subject = node.child_by_field_name("value").map(|v| expr::lower(l, v));
    let mut arms = Vec::new();
    for clause in named_children(node) {
        let (mut patterns, mut guard) = (Vec::new(), None);
        let body = match clause.kind() {
            "when" => {
                for pattern in field_children(clause, "pattern") {
                    for inner in named_children(pattern) {
                        patterns.push(expr::lower(l, inner));
                    }
                }
                body_of(l, clause, "body")
            }
            "in_clause" => {
                if let Some(pattern) = clause.child_by_field_name("pattern") {
                    let list = if pattern.kind() == "alternative_pattern" {
                        named_children(pattern)
                    } else {
                        smallvec![pattern]
                    };
                    patterns.extend(list.into_iter().map(|p| expr::target(l, p)));
                }
                if let Some(clause) = clause.child_by_field_name("guard") {
                    guard = named_children(clause).first().map(|g| expr::lower(l, *g));
                    guard = guard.map(|g| negated(l, g, clause.kind() == "unless_guard"));
                }
                body_of(l, clause, "body")
            }
            "else" => block(l, clause),
            _ => continue,
        };
        arms.push(Arm { patterns, guard, body, range: range(clause) });
    }
    out.push(l.ir.stmt(StmtKind::Switch { subject, arms }, range(node)));
}

/// Makes the last value of a body its result.
pub fn return_last(l: &mut Lowering<'_>, body: &[ir::StmtId]) {
    let Some(last) = body.last().copied() else { return };
    match l.ir.module.stmt(last).kind.clone() {
        StmtKind::Expr(value) => l.ir.set_stmt(last, StmtKind::Return(Some(value))),
        // an assignment's value is what is assigned
        StmtKind::Assign { target, op, value: Some(value), .. } => {
            let at = l.ir.module.stmt(last).range;
            let value = l.ir.expr(ExprKind::Assign { target, op, value }, at);
            l.ir.set_stmt(last, StmtKind::Return(Some(value)));
        }
        StmtKind::If { then, otherwise, .. } => {
            return_last(l, &then);
            return_last(l, &otherwise);
        }
        StmtKind::Switch { arms, .. } => {
            for arm in arms {
                return_last(l, &arm.body);
            }
        }
        StmtKind::Try { body, catches, .. } => {
            return_last(l, &body);
            for catch in catches {
                return_last(l, &catch.body);
            }
        }
        StmtKind::Block(inner) => return_last(l, &inner),
        _ => {}
    }
}

/// A symbol without its sigil.
pub fn plain(text: &str) -> Symbol {
    Symbol::new(text.trim_start_matches(['&', '*', ':']).trim_end_matches(':'))
}
