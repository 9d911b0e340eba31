//! Things that are taken and given back: what is called meanwhile, and on which ways out of the function they are
//! still held.

use base::Symbol;
use ir::{BinaryOp, Block, Child, ExprId, ExprKind, FunctionId, Literal, Range, StmtId, StmtKind, Visit};

/// What is held so far, as a set: on some ways it may be, on others not.
type State = u8;
const BEFORE: State = 1;
const OPEN: State = 2;
const CLOSED: State = 4;

/// Calls that do not come back.
const ENDS_ALL: [&str; 8] = ["Fatal", "Fatalf", "Fatalln", "Exit", "exit", "panic", "abort!", "process::exit"];

/// What is known of one thing that is taken.
pub(super) struct Taken<'c> {
    pub module: &'c ir::Module,
    /// The call that takes it.
    pub call: ExprId,
    /// Where it is kept: `tx`, `this.client`.
    pub place: Option<String>,
    /// The name that tells whether taking it failed.
    pub error: Option<Symbol>,
    /// Whether a call gives it back.
    pub ends: &'c dyn Fn(ExprId) -> bool,
    /// Whether a function runs when this one is long done.
    pub is_later: &'c dyn Fn(FunctionId) -> bool,
}

/// What happens while it is held.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// Calls that are made while it is held, in order of place.
    pub calls: Vec<ExprId>,
    /// Ways out of the function on which it is still held.
    pub exits: Vec<Range>,
    /// The first call that would leave it held by throwing.
    pub throws: Option<ExprId>,
    /// Whether anything here gives it back.
    pub is_ended: bool,
    /// Whether a function within this one gives it back.
    pub is_ended_within: bool,
}

/// Follows a function's body, and what happens in it to one thing that it takes.
pub(super) fn follow(taken: &Taken<'_>, function: FunctionId) -> Holding {
    let item = taken.module.function(function);
    let mut walk = Walk {
        taken,
        module: taken.module,
        state: BEFORE,
        exit_safe: 0,
        throw_safe: 0,
        fresh: false,
        tries: Vec::new(),
        loops: Vec::new(),
        out: Holding::default(),
    };
    if let Some(body) = &item.body {
        walk.block(body);
    }
    let end = Range { start: item.range.end.saturating_sub(1), end: item.range.end };
    walk.leave(end);
    walk.out.calls.sort_by_key(|call| taken.module.expr(*call).range.start);
    walk.out
}

/// Follows a block in which something is held from its beginning.
pub(super) fn follow_block(taken: &Taken<'_>, block: &Block) -> Holding {
    let mut walk = Walk {
        taken,
        module: taken.module,
        state: OPEN,
        exit_safe: 1,
        throw_safe: 1,
        fresh: false,
        tries: Vec::new(),
        loops: Vec::new(),
        out: Holding::default(),
    };
    walk.block(block);
    walk.out
}

struct Walk<'c> {
    taken: &'c Taken<'c>,
    module: &'c ir::Module,
    state: State,
    /// How many things around give it back whenever the function is left.
    exit_safe: u32,
    /// How many things around catch what is thrown.
    throw_safe: u32,
    /// Whether it was taken by the statement before.
    fresh: bool,
    /// For each `try` around, the states in which something may be thrown.
    tries: Vec<State>,
    /// For each loop and switch around: whether it is a loop, and the states in which it is left.
    loops: Vec<(bool, State)>,
    out: Holding,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) {
        for stmt in block {
            if self.state == 0 {
                return;
            }
            let was_fresh = self.fresh;
            self.stmt(*stmt);
            if was_fresh && !matches!(self.module.stmt(*stmt).kind, StmtKind::Defer(_)) {
                self.fresh = false;
            }
        }
    }

    fn stmt(&mut self, id: StmtId) {
        let stmt = self.module.stmt(id);
        match &stmt.kind {
            StmtKind::Assign { target, value, .. } => {
                value.iter().for_each(|v| self.expr(*v));
                self.expr(*target);
            }
            StmtKind::Expr(e) | StmtKind::Assert(e) => {
                self.expr(*e);
                if self.ends_all(*e) {
                    self.state = 0;
                }
            }
            StmtKind::Defer(e) => {
                if self.has_end_in_expr(*e) {
                    self.exit_safe += 1;
                    self.throw_safe += 1;
                    self.out.is_ended = true;
                }
            }
            StmtKind::If { cond, then, otherwise } => self.branch(*cond, then, otherwise),
            StmtKind::Loop { iter, cond, body, .. } => {
                iter.iter().chain(cond).for_each(|e| self.expr(*e));
                let before = self.state;
                self.loops.push((true, 0));
                self.block(body);
                let (_, left) = self.loops.pop().unwrap_or_default();
                let is_endless = iter.is_none() && cond.is_none();
                self.state = left | if is_endless { 0 } else { before | self.state };
            }
            StmtKind::Switch { subject, arms } => {
                subject.iter().for_each(|e| self.expr(*e));
                let before = self.state;
                let mut after = if arms.iter().any(|a| a.patterns.is_empty()) { 0 } else { before };
                self.loops.push((false, 0));
                for arm in arms {
                    self.state = before;
                    arm.guard.iter().for_each(|e| self.expr(*e));
                    self.block(&arm.body);
                    after |= self.state;
                }
                let (_, left) = self.loops.pop().unwrap_or_default();
                self.state = after | left;
            }
            StmtKind::Try { body, catches, finally } => self.attempt(body, catches, finally),
            StmtKind::With { resources, body } => {
                let is_scoped = resources.iter().any(|s| self.speaks_of_it(*s));
                let safe = u32::from(is_scoped);
                self.exit_safe += safe;
                self.throw_safe += safe;
                self.block(resources);
                self.block(body);
                self.exit_safe -= safe;
                self.throw_safe -= safe;
                if is_scoped {
                    self.out.is_ended = true;
                    self.close();
                }
            }
            StmtKind::Return(e) => {
                e.iter().for_each(|e| self.expr(*e));
                self.leave(stmt.range);
            }
            StmtKind::Throw(e) => {
                e.iter().for_each(|e| self.expr(*e));
                if self.throw_safe == 0 {
                    self.leave(stmt.range);
                } else {
                    let found = if self.exit_safe > 0 { self.state & !OPEN } else { self.state };
                    if let Some(seen) = self.tries.last_mut() {
                        *seen |= found;
                    }
                }
                self.state = 0;
            }
            StmtKind::Break => {
                if let Some((_, left)) = self.loops.last_mut() {
                    *left |= self.state;
                }
                self.state = 0;
            }
            StmtKind::Continue => {
                if let Some((_, left)) = self.loops.iter_mut().rev().find(|(is_loop, _)| *is_loop) {
                    *left |= self.state;
                }
                self.state = 0;
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Spawn(_) | StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) => {}
        }
    }

    fn branch(&mut self, cond: ExprId, then: &Block, otherwise: &Block) {
        self.expr(cond);
        let (of_failure, is_turned) = match self.fresh && self.asks_for_failure(cond) {
            true => (true, self.is_turned(cond)),
            false => (false, false),
        };
        let before = self.state;
        let failed = before & !OPEN | BEFORE;
        self.fresh = false;
        self.state = if of_failure && !is_turned { failed } else { before };
        self.block(then);
        let mut after_then = self.state;
        self.state = if of_failure && is_turned { failed } else { before };
        self.block(otherwise);
        let mut after_otherwise = self.state;
        // `if (tx) await tx.rollback()`: on the other way there is none
        if before & OPEN != 0 && self.mentions_it(cond) {
            let ends = |after: State| after & OPEN == 0 && after != 0;
            if ends(after_then) && self.has_end(then) {
                after_otherwise = after_otherwise & !OPEN | CLOSED;
            } else if ends(after_otherwise) && self.has_end(otherwise) {
                after_then = after_then & !OPEN | CLOSED;
            }
        }
        self.state = after_then | after_otherwise;
    }

    fn attempt(&mut self, body: &Block, catches: &[ir::Catch], finally: &Block) {
        let ends_finally = self.has_end(finally);
        let safe = u32::from(ends_finally);
        let caught = u32::from(!catches.is_empty());
        let before = self.state & !OPEN | CLOSED;
        self.exit_safe += safe;
        self.throw_safe += safe + caught;
        self.tries.push(0);
        self.block(body);
        let seen = self.tries.pop().unwrap_or_default();
        self.throw_safe -= caught;
        let mut after = self.state;
        for catch in catches {
            // where nothing is known to throw, something may all the same before it is taken
            self.state = if seen == 0 { before } else { seen };
            // what it does before it gives it back is not expected to throw
            let ends = u32::from(self.has_end(&catch.body));
            self.throw_safe += ends;
            self.block(&catch.body);
            self.throw_safe -= ends;
            after |= self.state;
        }
        self.state = if after == 0 { seen } else { after };
        self.block(finally);
        self.exit_safe -= safe;
        self.throw_safe -= safe;
        if ends_finally {
            self.close();
        }
        if after == 0 {
            self.state = 0;
        }
    }

    fn expr(&mut self, id: ExprId) {
        let mut below = Vec::new();
        self.module.children(id, |child| below.push(child));
        for child in below {
            match child {
                Child::Expr(expr) => self.expr(expr),
                Child::Stmt(stmt) => {
                    if self.state != 0 {
                        self.stmt(stmt);
                    }
                }
                Child::Function(function) => self.within(function),
            }
        }
        if !matches!(self.module.expr(id).kind, ExprKind::Call { .. }) {
            return;
        }
        let ends = (self.taken.ends)(id);
        // what throws leaves it as it was; what cannot be ended is not held
        if !ends && !self.is_of_taking(id) || id == self.taken.call {
            let found = if self.exit_safe > 0 { self.state & !OPEN } else { self.state };
            if let Some(seen) = self.tries.last_mut() {
                *seen |= found;
            }
        }
        if id == self.taken.call {
            self.state = OPEN;
            self.fresh = true;
        } else if ends {
            self.out.is_ended = true;
            self.close();
        } else if self.state & OPEN != 0 && !self.is_of_taking(id) {
            self.out.calls.push(id);
            if self.throw_safe == 0 && self.exit_safe == 0 {
                self.out.throws.get_or_insert(id);
            }
        }
    }

    /// A link of the chain that takes it: `begin().ConfigureAwait(false)`.
    fn is_of_taking(&self, id: ExprId) -> bool {
        self.module.expr(id).range.contains(self.module.expr(self.taken.call).range)
    }

    /// A function within this one: what it calls is called meanwhile.
    fn within(&mut self, function: FunctionId) {
        let mut calls = Calls { taken: self.taken, calls: Vec::new(), has_end: false };
        self.module.walk_function(function, &mut calls);
        self.out.is_ended_within |= calls.has_end;
        if self.state & OPEN != 0 && !(self.taken.is_later)(function) {
            self.out.calls.extend(calls.calls);
        }
    }

    fn close(&mut self) {
        if self.state & OPEN != 0 {
            self.state = self.state & !OPEN | CLOSED;
        }
    }

    fn leave(&mut self, range: Range) {
        if self.state & OPEN != 0 && self.exit_safe == 0 {
            self.out.exits.push(range);
        }
        self.state = 0;
    }

    fn has_end(&self, block: &Block) -> bool {
        let mut calls = Calls { taken: self.taken, calls: Vec::new(), has_end: false };
        self.module.walk_block(block, &mut calls);
        calls.has_end
    }

    fn has_end_in_expr(&self, id: ExprId) -> bool {
        let mut calls = Calls { taken: self.taken, calls: Vec::new(), has_end: false };
        self.module.walk_expr(id, &mut calls);
        calls.has_end
    }

    fn ends_all(&self, id: ExprId) -> bool {
        let ExprKind::Call { callee, .. } = &self.module.expr(id).kind else { return false };
        matches!(&self.module.expr(*callee).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if ENDS_ALL.contains(&n.as_str()))
    }

    /// Whether a resource of a `with` is the thing itself.
    fn speaks_of_it(&self, stmt: StmtId) -> bool {
        let stmt = self.module.stmt(stmt);
        let value = match stmt.kind {
            StmtKind::Assign { target, .. } if self.is_it(target) => return true,
            StmtKind::Assign { value: Some(value), .. } | StmtKind::Expr(value) => value,
            _ => return false,
        };
        // `closing(connection)`
        let is_given = || match &self.module.expr(value).kind {
            ExprKind::Call { args, .. } => args.iter().any(|a| self.is_it(a.value)),
            _ => false,
        };
        stmt.range.contains(self.module.expr(self.taken.call).range) || self.is_it(value) || is_given()
    }

    fn is_it(&self, id: ExprId) -> bool {
        self.taken.place.is_some() && place_of(self.module, id) == self.taken.place
    }

    fn mentions_it(&self, id: ExprId) -> bool {
        self.module.exprs_within(self.module.expr(id).range).any(|(id, _)| self.is_it(id))
    }

    /// Whether a condition right after it was taken asks whether that went well.
    fn asks_for_failure(&self, cond: ExprId) -> bool {
        self.module.exprs_within(self.module.expr(cond).range).any(|(id, item)| match &item.kind {
            ExprKind::Name(name) => self.taken.error == Some(*name) || self.is_it(id),
            _ => self.is_it(id),
        })
    }

    /// `err == nil`, `tx != null`: it went well.
    fn is_turned(&self, cond: ExprId) -> bool {
        let is_error = |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Name(n) if self.taken.error == Some(n));
        let is_null = |e: ExprId| match self.module.expr(e).kind {
            ExprKind::Literal(Literal::Null) => true,
            ExprKind::Name(n) => n == "nil",
            _ => false,
        };
        match self.module.expr(cond).kind {
            ExprKind::Binary { op: BinaryOp::Eq, left, right } => is_error(left) && is_null(right),
            ExprKind::Binary { op: BinaryOp::Ne, left, right } => !is_error(left) && is_null(right),
            ExprKind::Name(_) => !is_error(cond),
            _ => false,
        }
    }
}

/// The calls below something, functions within included.
struct Calls<'c> {
    taken: &'c Taken<'c>,
    calls: Vec<ExprId>,
    has_end: bool,
}

impl Visit for Calls<'_> {
    fn expr(&mut self, id: ExprId) -> bool {
        if matches!(self.taken.module.expr(id).kind, ExprKind::Call { .. }) {
            match (self.taken.ends)(id) {
                true => self.has_end = true,
                false => self.calls.push(id),
            }
        }
        true
    }

    fn stmt(&mut self, id: StmtId) -> bool {
        !matches!(self.taken.module.stmt(id).kind, StmtKind::Spawn(_))
    }

    fn function(&mut self, id: FunctionId) -> bool {
        !(self.taken.is_later)(id)
    }
}

/// A variable, a member of one, or what a call without arguments on one gives, as text.
pub(super) fn place_of(module: &ir::Module, id: ExprId) -> Option<String> {
    match &module.expr(id).kind {
        ExprKind::Name(name) => Some(name.as_str().to_owned()),
        ExprKind::This => Some("this".to_owned()),
        ExprKind::Member { object, name, .. } => Some(format!("{}.{name}", place_of(module, *object)?)),
        ExprKind::Call { callee, args, block: None, .. } if args.is_empty() => {
            Some(format!("{}()", place_of(module, *callee)?))
        }
        ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } if name == "ConfigureAwait" => place_of(module, *object),
            _ => None,
        },
        ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => place_of(module, *inner),
        ExprKind::Unary { op: ir::UnaryOp::NonNull | ir::UnaryOp::Deref | ir::UnaryOp::Try, operand } => {
            place_of(module, *operand)
        }
        _ => None,
    }
}
