//! Writes that belong together and that nothing holds together.

use base::{FileRole, Symbol};
use ir::{Block, Child, ExprId, ExprKind, FunctionId, FunctionKind, StmtId, StmtKind};
use program::{ExprRef, FnId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Access, Does};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// Writes of one function that happen one after the other without a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// The function.
    pub function: FnId,
    /// The writes in order, among all accesses.
    pub writes: Vec<u32>,
}

/// Whether an access writes rows of a store that has transactions.
pub(super) fn is_write(context: &Context<'_>, access: &Access) -> bool {
    matches!(access.does, Does::Insert | Does::InsertMany | Does::Update | Does::Delete)
        && context.facts.record(access.record).label.as_deref() != Some("document")
}

/// Finds them.
pub(super) fn collect(
    context: &Context<'_>,
    effects: &[Effect],
    accesses: &[Access],
    serves: &FxHashMap<FnId, u32>,
) -> Vec<Partial> {
    let direct: FxHashMap<ExprRef, u32> =
        accesses.iter().enumerate().filter(|(_, a)| is_write(context, a)).map(|(at, a)| (a.call, at as u32)).collect();
    if direct.is_empty() {
        return Vec::new();
    }
    let mut together: FxHashSet<FnId> =
        effects.iter().filter(|e| e.kind == Kind::Transaction).filter_map(|e| e.function).collect();
    let annotations: FxHashSet<ExprRef> =
        effects.iter().filter(|e| e.kind == Kind::Transaction && e.function.is_none()).map(|e| e.call).collect();
    let mut functions: Vec<FnId> = serves.keys().copied().filter(|f| is_candidate(context, *f)).collect();
    functions.sort_unstable();
    together.extend(functions.iter().copied().filter(|f| is_annotated(context, *f, &annotations)));
    functions
        .par_iter()
        .filter(|f| !is_held(context, **f, &together, &annotations, 0))
        .filter_map(|function| {
            let module = context.program.module(function.module);
            let mut walk = Walk {
                function: *function,
                module,
                direct: &direct,
                path: Vec::new(),
                found: Vec::new(),
                holds: false,
            };
            walk.function(function.function);
            if walk.holds {
                return None;
            }
            let writes = walk.together();
            (writes.len() > 1).then_some(Partial { function: *function, writes })
        })
        .collect()
}

fn is_candidate(context: &Context<'_>, function: FnId) -> bool {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let is_inner = item.parent.is_some() && matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block);
    let is_handed = is_inner && !module.functions().any(|(id, f)| Some(id) == item.parent && f.name.is_none());
    (!is_inner || is_handed) && context.sources.file(module.file).role == FileRole::Production
}

fn is_annotated(context: &Context<'_>, function: FnId, annotations: &FxHashSet<ExprRef>) -> bool {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let of_class =
        context.program.classes().class_of(function).into_iter().flat_map(|c| context.program.classes().lineage(c));
    let here = |expr: &ExprId| annotations.contains(&ExprRef { module: function.module, expr: *expr });
    item.annotations.iter().any(here)
        || of_class.into_iter().any(|c| {
            let class = context.program.class(c);
            class.annotations.iter().any(|a| annotations.contains(&ExprRef { module: c.module, expr: *a }))
        })
}

/// Whether a transaction is open around a function: its own, or one of what calls it.
fn is_held(
    context: &Context<'_>,
    function: FnId,
    together: &FxHashSet<FnId>,
    annotations: &FxHashSet<ExprRef>,
    depth: usize,
) -> bool {
    if together.contains(&function) || is_annotated(context, function, annotations) {
        return true;
    }
    let item = context.program.function(function);
    let around = item.parent.map(|parent| FnId { module: function.module, function: parent });
    let callers = context.program.callers(function).iter().filter_map(|c| c.caller);
    depth < 4
        && around
            .into_iter()
            .chain(callers)
            .any(|f| f != function && is_held(context, f, together, annotations, depth + 1))
}

/// A branch that is being walked: its statement, which of its arms, and whether the arm leaves the function.
type Branch = (StmtId, usize, bool);

struct Walk<'c> {
    function: FnId,
    module: &'c ir::Module,
    direct: &'c FxHashMap<ExprRef, u32>,
    path: Vec<Branch>,
    found: Vec<(u32, Vec<Branch>)>,
    /// Whether something here speaks of a transaction.
    holds: bool,
}

impl Walk<'_> {
    fn function(&mut self, id: FunctionId) {
        let item = self.module.function(id);
        self.holds |= item.params.iter().any(|p| speaks_of_transaction(p.name));
        if let Some(body) = &item.body {
            self.block(body);
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(*stmt);
        }
    }

    fn arm(&mut self, stmt: StmtId, at: usize, block: &Block) {
        let leaves = block.last().is_some_and(|last| {
            matches!(
                self.module.stmt(*last).kind,
                StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Continue | StmtKind::Break
            )
        });
        self.path.push((stmt, at, leaves));
        self.block(block);
        self.path.pop();
    }

    fn stmt(&mut self, id: StmtId) {
        match &self.module.stmt(id).kind {
            StmtKind::Assign { target, value, .. } => {
                value.iter().for_each(|v| self.expr(*v));
                self.expr(*target);
            }
            StmtKind::Expr(e) | StmtKind::Defer(e) | StmtKind::Spawn(e) | StmtKind::Assert(e) => self.expr(*e),
            StmtKind::If { cond, then, otherwise } => {
                self.expr(*cond);
                self.arm(id, 0, then);
                self.arm(id, 1, otherwise);
            }
            StmtKind::Loop { iter, cond, body, .. } => {
                iter.iter().chain(cond).for_each(|e| self.expr(*e));
                self.block(body);
            }
            StmtKind::Switch { subject, arms } => {
                subject.iter().for_each(|e| self.expr(*e));
                for (at, arm) in arms.iter().enumerate() {
                    self.arm(id, at, &arm.body);
                }
            }
            StmtKind::Try { body, catches, finally } => {
                self.block(body);
                // what mends a failure is no second step
                for (at, catch) in catches.iter().enumerate() {
                    self.path.push((id, at + 1, true));
                    let before = self.found.len();
                    self.block(&catch.body);
                    self.found.truncate(before);
                    self.path.pop();
                }
                self.block(finally);
            }
            StmtKind::With { resources, body } => {
                self.block(resources);
                self.block(body);
            }
            StmtKind::Return(e) | StmtKind::Throw(e) => e.iter().for_each(|e| self.expr(*e)),
            StmtKind::Block(block) => self.block(block),
            _ => {}
        }
    }

    fn expr(&mut self, id: ExprId) {
        let mut below = Vec::new();
        self.module.children(id, |child| below.push(child));
        for child in below {
            match child {
                Child::Expr(expr) => self.expr(expr),
                Child::Stmt(stmt) => self.stmt(stmt),
                Child::Function(function) => self.function(function),
            }
        }
        match &self.module.expr(id).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => self.holds |= speaks_of_transaction(*name),
            ExprKind::Call { args, .. } => {
                self.holds |= args.iter().any(|a| a.name.is_some_and(speaks_of_transaction));
                let call = ExprRef { module: self.function.module, expr: id };
                if let Some(access) = self.direct.get(&call) {
                    self.found.push((*access, self.path.clone()));
                }
            }
            _ => {}
        }
    }

    /// The most writes that happen in one run.
    fn together(&self) -> Vec<u32> {
        let mut best: Vec<u32> = Vec::new();
        for (at, first) in self.found.iter().enumerate() {
            let mut run = vec![first];
            for next in &self.found[at + 1..] {
                if run.iter().all(|before| may_follow(&before.1, &next.1)) {
                    run.push(next);
                }
            }
            if run.len() > best.len() {
                best = run.into_iter().map(|(access, _)| *access).collect();
            }
        }
        best
    }
}

/// Whether what stands in one branch may happen before what stands later in another, in one run.
fn may_follow(before: &[Branch], after: &[Branch]) -> bool {
    let shared = before.iter().zip(after).take_while(|(a, b)| a.0 == b.0 && a.1 == b.1).count();
    let exclusive = before.get(shared).zip(after.get(shared)).is_some_and(|(a, b)| a.0 == b.0);
    !exclusive && !before[shared..].iter().any(|branch| branch.2)
}

fn speaks_of_transaction(name: Symbol) -> bool {
    let plain = name.as_str().to_ascii_lowercase().replace('_', "");
    matches!(plain.as_str(), "tx" | "trx" | "txn" | "uow" | "begin" | "atomic" | "rollback" | "savepoint")
        || plain.contains("transaction")
        || plain.contains("unitofwork")
}
