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

/// What stands directly below an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// An expression.
    Expr(ExprId),
    /// A statement of an [`ExprKind::Do`].
    Stmt(StmtId),
    /// A lambda or a block.
    Function(FunctionId),
}

/// How many expressions, one after the other, share what is known of where they start.
pub(crate) const BLOCK: usize = 64;

impl Module {
    /// A chain of names and members as written, dotted: `a.b.c`; `this`/`self` is `this`.
    pub fn dotted(&self, id: ExprId) -> Option<String> {
        match &self.expr(id).kind {
            ExprKind::Name(name) => Some(name.as_str().to_owned()),
            ExprKind::This => Some("this".to_owned()),
            ExprKind::Super => Some("super".to_owned()),
            ExprKind::Member { object, name, .. } => Some(format!("{}.{name}", self.dotted(*object)?)),
            _ => None,
        }
    }

    /// The expressions that stand within a range: a function's, a statement's, another expression's.
    pub fn exprs_within(&self, range: Range) -> impl Iterator<Item = (ExprId, &Expr)> {
        let starts_here = move |at: usize| match self.starts.get(at) {
            Some((first, last)) => *first <= range.end && range.start <= *last,
            None => true,
        };
        self.exprs
            .chunks(BLOCK)
            .enumerate()
            .filter(move |(at, _)| starts_here(*at))
            .flat_map(|(at, block)| block.iter().enumerate().map(move |(i, e)| (ExprId((at * BLOCK + i) as u32), e)))
            .filter(move |(_, e)| range.contains(e.range))
    }

    /// The innermost function around a range.
    pub fn function_around(&self, range: Range) -> Option<(FunctionId, &Function)> {
        self.functions().filter(|(_, f)| f.range.contains(range)).min_by_key(|(_, f)| f.range.width())
    }

    /// The innermost statement around a range.
    pub fn statement_around(&self, range: Range) -> Option<&Stmt> {
        self.stmts().filter(|s| s.range.contains(range)).min_by_key(|s| s.range.width())
    }

    /// What stands directly below `id`, in order.
    pub fn children(&self, id: ExprId, mut see: impl FnMut(Child)) {
        match &self.expr(id).kind {
            ExprKind::Name(_)
            | ExprKind::This
            | ExprKind::Super
            | ExprKind::Literal(_)
            | ExprKind::ClassExpr(_)
            | ExprKind::TypeExpr(_)
            | ExprKind::Yield(None) => {}
            ExprKind::Template(parts) => {
                for part in parts {
                    if let Part::Hole(e) = part {
                        see(Child::Expr(*e));
                    }
                }
            }
            ExprKind::Call { callee, args, block, .. } => {
                see(Child::Expr(*callee));
                args.iter().for_each(|arg| see(Child::Expr(arg.value)));
                block.iter().for_each(|block| see(Child::Function(*block)));
            }
            ExprKind::Lambda(function) => see(Child::Function(*function)),
            ExprKind::List(items) | ExprKind::Unknown(items) => items.iter().for_each(|e| see(Child::Expr(*e))),
            ExprKind::Map(entries) => {
                for entry in entries {
                    entry.key.iter().for_each(|key| see(Child::Expr(*key)));
                    see(Child::Expr(entry.value));
                }
            }
            ExprKind::Member { object: e, .. }
            | ExprKind::Unary { operand: e, .. }
            | ExprKind::Await(e)
            | ExprKind::Spread(e)
            | ExprKind::Yield(Some(e))
            | ExprKind::Cast { value: e, .. }
            | ExprKind::IsType { value: e, .. } => see(Child::Expr(*e)),
            ExprKind::Index { object: first, index: second }
            | ExprKind::Binary { left: first, right: second, .. }
            | ExprKind::Logical { left: first, right: second, .. }
            | ExprKind::Assign { target: first, value: second, .. } => {
                see(Child::Expr(*first));
                see(Child::Expr(*second));
            }
            ExprKind::Ternary { cond, then, otherwise } => {
                [cond, then, otherwise].into_iter().for_each(|e| see(Child::Expr(*e)));
            }
            ExprKind::Do(block) => block.iter().for_each(|stmt| see(Child::Stmt(*stmt))),
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
        self.children(id, |child| match child {
            Child::Expr(expr) => self.walk_expr(expr, visit),
            Child::Stmt(stmt) => self.walk_stmt(stmt, visit),
            Child::Function(function) => {
                if visit.function(function) {
                    self.walk_function(function, visit);
                }
            }
        });
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
