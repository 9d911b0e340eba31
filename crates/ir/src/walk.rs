//! Walking the tree.

use crate::*;

/// Visits everything in a tree below a statement or expression, in source order, parents first.
/// Nested functions and classes are visited only where the callbacks go into them.
pub trait Visit {
    /// Called for each expression; `false` leaves out what is below.
    fn expr(&mut self, _id: ExprId) -> bool {
        true
    }

    /// Called for each statement; `false` leaves out what is below.
    fn stmt(&mut self, _id: StmtId) -> bool {
        true
    }

    /// Called for each lambda, block and nested function; `true` walks its body.
    fn function(&mut self, _id: FunctionId) -> bool {
        false
    }
}

impl Module {
    /// The expressions that stand within a range: a function's, a statement's, another expression's.
    pub fn exprs_within(&self, range: Range) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs().filter(move |(_, e)| range.start <= e.range.start && e.range.end <= range.end)
    }

    /// The expressions directly below `id`, in order. Functions below are given to `functions`,
    /// statements to `stmts`.
    pub fn children(
        &self,
        id: ExprId,
        exprs: &mut Vec<ExprId>,
        stmts: &mut Vec<StmtId>,
        functions: &mut Vec<FunctionId>,
    ) {
        match &self.expr(id).kind {
            ExprKind::Name(_)
            | ExprKind::This
            | ExprKind::Super
            | ExprKind::Literal(_)
            | ExprKind::ClassExpr(_)
            | ExprKind::TypeExpr(_) => {}
            ExprKind::Template(parts) => exprs.extend(parts.iter().filter_map(|p| match p {
                Part::Hole(e) => Some(*e),
                Part::Text(_) => None,
            })),
            ExprKind::Member { object, .. } => exprs.push(*object),
            ExprKind::Index { object, index } => exprs.extend([*object, *index]),
            ExprKind::Call { callee, args, block, .. } => {
                exprs.push(*callee);
                exprs.extend(args.iter().map(|a| a.value));
                functions.extend(*block);
            }
            ExprKind::Lambda(function) => functions.push(*function),
            ExprKind::List(items) | ExprKind::Unknown(items) => exprs.extend(items),
            ExprKind::Map(entries) => {
                for entry in entries {
                    exprs.extend(entry.key);
                    exprs.push(entry.value);
                }
            }
            ExprKind::Unary { operand, .. } => exprs.push(*operand),
            ExprKind::Binary { left, right, .. } | ExprKind::Logical { left, right, .. } => {
                exprs.extend([*left, *right]);
            }
            ExprKind::Ternary { cond, then, otherwise } => exprs.extend([*cond, *then, *otherwise]),
            ExprKind::Assign { target, value, .. } => exprs.extend([*target, *value]),
            ExprKind::Await(e) | ExprKind::Spread(e) => exprs.push(*e),
            ExprKind::Yield(e) => exprs.extend(*e),
            ExprKind::Cast { value, .. } | ExprKind::IsType { value, .. } => exprs.push(*value),
            ExprKind::Do(block) => stmts.extend(block),
        }
    }

    /// Walks a block.
    pub fn walk_block<V: Visit + ?Sized>(&self, block: &[StmtId], visit: &mut V) {
        for stmt in block {
            self.walk_stmt(*stmt, visit);
        }
    }

    /// Walks a function's body.
    pub fn walk_function<V: Visit + ?Sized>(&self, id: FunctionId, visit: &mut V) {
        if let Some(body) = &self.function(id).body {
            self.walk_block(body, visit);
        }
    }

    /// Walks an expression and what is below.
    pub fn walk_expr<V: Visit + ?Sized>(&self, id: ExprId, visit: &mut V) {
        if !visit.expr(id) {
            return;
        }
        let (mut exprs, mut stmts, mut functions) = (Vec::new(), Vec::new(), Vec::new());
        self.children(id, &mut exprs, &mut stmts, &mut functions);
        for expr in exprs {
            self.walk_expr(expr, visit);
        }
        self.walk_block(&stmts, visit);
        for function in functions {
            if visit.function(function) {
                self.walk_function(function, visit);
            }
        }
    }

    /// Walks a statement and what is below.
    pub fn walk_stmt<V: Visit + ?Sized>(&self, id: StmtId, visit: &mut V) {
        if !visit.stmt(id) {
            return;
        }
        match &self.stmt(id).kind {
            StmtKind::Assign { target, value, .. } => {
                self.walk_expr(*target, visit);
                if let Some(value) = value {
                    self.walk_expr(*value, visit);
                }
            }
            StmtKind::Expr(e) | StmtKind::Defer(e) | StmtKind::Spawn(e) | StmtKind::Assert(e) => {
                self.walk_expr(*e, visit);
            }
            StmtKind::If { cond, then, otherwise } => {
                self.walk_expr(*cond, visit);
                self.walk_block(then, visit);
                self.walk_block(otherwise, visit);
            }
            StmtKind::Loop { pattern, iter, cond, body } => {
                for e in [pattern, iter, cond].into_iter().flatten() {
                    self.walk_expr(*e, visit);
                }
                self.walk_block(body, visit);
            }
            StmtKind::Switch { subject, arms } => {
                if let Some(subject) = subject {
                    self.walk_expr(*subject, visit);
                }
                for arm in arms {
                    for e in arm.patterns.iter().chain(&arm.guard) {
                        self.walk_expr(*e, visit);
                    }
                    self.walk_block(&arm.body, visit);
                }
            }
            StmtKind::Try { body, catches, finally } => {
                self.walk_block(body, visit);
                for catch in catches {
                    self.walk_block(&catch.body, visit);
                }
                self.walk_block(finally, visit);
            }
            StmtKind::With { resources, body } => {
                self.walk_block(resources, visit);
                self.walk_block(body, visit);
            }
            StmtKind::Return(e) | StmtKind::Throw(e) => {
                if let Some(e) = e {
                    self.walk_expr(*e, visit);
                }
            }
            StmtKind::Block(block) => self.walk_block(block, visit),
            StmtKind::Function(function) => {
                if visit.function(*function) {
                    self.walk_function(*function, visit);
                }
            }
            StmtKind::Break | StmtKind::Continue | StmtKind::Class(_) | StmtKind::Import(_) => {}
        }
    }
}
