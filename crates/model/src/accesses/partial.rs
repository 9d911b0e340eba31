//! Writes that belong together and that nothing holds together.

use base::{FileRole, Symbol};
use ir::{Block, Child, ExprId, ExprKind, FunctionId, FunctionKind, StmtId, StmtKind};
use program::{ExprRef, FnId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::transactions::Later;
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

/// Whether an access writes rows of a store that has transactions, and not all that was changed so far at once.
pub(super) fn is_write(context: &Context<'_>, access: &Access) -> bool {
    let is_commit = matches!(&context.program.expr(access.call).kind, ExprKind::Call { callee, args, block: None, .. }
        if args.is_empty() && access.does == Does::Update && !is_of_row(context, access.call.module, *callee));
    matches!(access.does, Does::Insert | Does::InsertMany | Does::Update | Does::Delete)
        && !is_commit
        && context.facts.record(access.record).label.as_deref() != Some("document")
}

/// `row.save()`, and not `session.commit()`.
fn is_of_row(context: &Context<'_>, module: program::ModuleId, callee: ExprId) -> bool {
    let module = context.program.module(module);
    matches!(&module.expr(callee).kind, ExprKind::Member { name, .. } if name.as_str().to_ascii_lowercase().contains("save") && !name.as_str().contains("hanges"))
}

/// Finds them.
pub(super) fn collect(
    context: &Context<'_>,
    effects: &[Effect],
    accesses: &[Access],
    serves: &FxHashMap<FnId, u32>,
    later: &Later,
) -> Vec<Partial> {
    let direct: FxHashMap<ExprRef, u32> =
        accesses.iter().enumerate().filter(|(_, a)| is_write(context, a)).map(|(at, a)| (a.call, at as u32)).collect();
    if direct.is_empty() {
        return Vec::new();
    }
    let mut together: FxHashSet<FnId> =
        effects.iter().filter(|e| e.kind == Kind::Transaction).filter_map(|e| e.function).collect();
    // `s := newSession()`, which begins one and hands it on
    let handed: Vec<FnId> = together.iter().copied().filter(|f| !ends_one(context, *f)).collect();
    for function in handed {
        together.extend(context.program.callers(function).iter().filter_map(|c| c.caller));
    }
    let annotations: FxHashSet<ExprRef> =
        effects.iter().filter(|e| e.kind == Kind::Transaction && e.function.is_none()).map(|e| e.call).collect();
    // how many writes stand in each function, callbacks within it included
    let mut writes: FxHashMap<FnId, u32> = FxHashMap::default();
    for access in accesses.iter().filter(|a| direct.contains_key(&a.call)) {
        let mut at = access.function;
        while let Some(here) = at {
            *writes.entry(here).or_default() += 1;
            let parent = context.program.function(here).parent;
            at = parent.map(|function| FnId { module: here.module, function });
        }
    }
    let has_many = |f: &FnId| writes.get(f).is_some_and(|n| *n > 1) && serves.contains_key(f);
    let mut functions: Vec<FnId> =
        writes.keys().copied().filter(has_many).filter(|f| is_candidate(context, *f)).collect();
    functions.sort_unstable();
    together.extend(functions.iter().copied().filter(|f| is_annotated(context, *f, &annotations)));
    let whole: FxHashSet<base::Language> = requests_held(context);
    functions
        .par_iter()
        .filter(|f| !whole.contains(&context.program.module(f.module).language))
        .filter(|f| !is_held(context, **f, &together, &annotations, 0))
        .filter_map(|function| {
            let module = context.program.module(function.module);
            let mut walk = Walk {
                function: *function,
                module,
                direct: &direct,
                later,
                path: Vec::new(),
                found: Vec::new(),
                holds: false,
            };
            walk.function(function.function);
            if walk.holds {
                return None;
            }
            let writes = walk.together();
            // what only deletes can be done again
            let changes = writes.iter().any(|w| accesses[*w as usize].does != Does::Delete);
            (writes.len() > 1 && changes).then_some(Partial { function: *function, writes })
        })
        .collect()
}

/// A type without what it is wrapped in: of `*Session`, `Session`.
fn bare(module: &ir::Module, ty: ir::TypeId) -> &ir::Type {
    match &module.ty(ty).kind {
        ir::TypeKind::Ref(inner) | ir::TypeKind::Optional(inner) => bare(module, *inner),
        _ => module.ty(ty),
    }
}

/// Whether something in a function ends a transaction.
fn ends_one(context: &Context<'_>, function: FnId) -> bool {
    let module = context.program.module(function.module);
    module.exprs_within(module.function(function.function).range).any(|(_, e)| match &e.kind {
        ExprKind::Call { block: Some(_), .. } => true,
        ExprKind::Call { args, .. } => args.iter().any(|a| matches!(module.expr(a.value).kind, ExprKind::Lambda(_))),
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            name.as_str().to_ascii_lowercase().starts_with("commit")
        }
        _ => false,
    })
}

/// The languages in which a setting puts every request into a transaction.
fn requests_held(context: &Context<'_>) -> FxHashSet<base::Language> {
    let records = context.facts.records().map(|(_, r)| r);
    let names: Vec<&str> = records
        .filter(|r| r.kind == Kind::Transaction && r.label.as_deref() == Some("every-request"))
        .flat_map(|r| r.options.iter().map(String::as_str))
        .collect();
    let mut found = FxHashSet::default();
    for id in context.program.ids() {
        let module = context.program.module(id);
        if context.sources.file(module.file).role != FileRole::Production
            || !names.iter().any(|n| context.sources.file(module.file).text.contains(n))
        {
            continue;
        }
        let is_on = |value: ExprId| !matches!(module.expr(value).kind, ExprKind::Literal(ir::Literal::Bool(false)));
        let is_named = |key: ExprId| module.string(key).is_some_and(|k| names.contains(&k.as_str()));
        let in_map = module.exprs().any(|(_, e)| match &e.kind {
            ExprKind::Map(entries) => entries.iter().any(|e| e.key.is_some_and(is_named) && is_on(e.value)),
            _ => false,
        });
        let is_set = module.stmts().any(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => {
                matches!(module.expr(target).kind, ExprKind::Index { index, .. } if is_named(index)) && is_on(value)
            }
            _ => false,
        });
        if in_map || is_set {
            found.insert(module.language);
        }
    }
    found
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

/// Where transactions are opened, for those who ask what is open around a function.
pub(super) struct Around<'c> {
    context: &'c Context<'c>,
    together: FxHashSet<FnId>,
    annotations: FxHashSet<ExprRef>,
}

impl<'c> Around<'c> {
    pub(super) fn new(context: &'c Context<'c>, effects: &[Effect]) -> Self {
        let all = || effects.iter().filter(|e| e.kind == Kind::Transaction);
        Self {
            context,
            together: all().filter_map(|e| e.function).collect(),
            annotations: all().filter(|e| e.function.is_none()).map(|e| e.call).collect(),
        }
    }

    /// Whether an annotation opens one for a function, or what calls it may have opened one.
    pub(super) fn is_held_above(&self, function: FnId) -> bool {
        let callers = self.context.program.callers(function).iter().filter_map(|c| c.caller);
        is_annotated(self.context, function, &self.annotations)
            || callers
                .filter(|f| *f != function)
                .any(|f| self.speaks(f) || is_held(self.context, f, &self.together, &self.annotations, 1))
    }

    /// Whether something in a function is named for a transaction.
    pub(super) fn speaks(&self, function: FnId) -> bool {
        let module = self.context.program.module(function.module);
        let item = module.function(function.function);
        item.params.iter().any(|p| speaks_of_transaction(p.name))
            || module.exprs_within(item.range).any(|(_, e)| match &e.kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => speaks_of_transaction(*name),
                _ => false,
            })
    }
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

/// A branch that is being walked: its statement, and which of its arms.
type Branch = (StmtId, usize);

struct Walk<'c> {
    function: FnId,
    module: &'c ir::Module,
    direct: &'c FxHashMap<ExprRef, u32>,
    later: &'c Later,
    path: Vec<Branch>,
    found: Vec<(u32, Vec<Branch>)>,
    /// Whether something here speaks of a transaction.
    holds: bool,
}

impl Walk<'_> {
    fn function(&mut self, id: FunctionId) {
        let item = self.module.function(id);
        // who is given a session writes within what the giver began
        let is_session = |p: &ir::Param| {
            let Some(ir::TypeKind::Named { path, .. }) = p.ty.map(|t| &bare(self.module, t).kind) else { return false };
            path.as_str().ends_with("Session")
        };
        self.holds |= item.params.iter().any(|p| speaks_of_transaction(p.name) || is_session(p));
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
        self.path.push((stmt, at));
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
                let before = self.found.len();
                self.expr(*cond);
                // `if !save() { undo() }`, `if err != nil { undo() }`: what mends a failure is no second step
                let asks = self.found.len() > before;
                let of_failure = self.speaks_of_failure(*cond);
                for (at, block) in [then, otherwise].into_iter().enumerate() {
                    let before = self.found.len();
                    self.arm(id, at, block);
                    if of_failure && at == 0 || asks && at == 1 {
                        self.found.truncate(before);
                    }
                }
            }
            StmtKind::Loop { iter, cond, body, .. } => {
                iter.iter().chain(cond).for_each(|e| self.expr(*e));
                self.arm(id, 0, body);
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
                    let before = self.found.len();
                    self.arm(id, at + 1, &catch.body);
                    self.found.truncate(before);
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
                Child::Function(function) => {
                    let at = FnId { module: self.function.module, function };
                    if !self.later.functions.contains(&at) {
                        self.function(function);
                    }
                }
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

    fn speaks_of_failure(&self, cond: ExprId) -> bool {
        self.module.exprs_within(self.module.expr(cond).range).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                let plain = name.as_str().to_ascii_lowercase();
                plain.ends_with("err") || plain.contains("error") || plain.contains("fail")
            }
            _ => false,
        })
    }

    /// The most writes that happen one after the other, with nothing to decide between them.
    fn together(&self) -> Vec<u32> {
        let mut best: Vec<u32> = Vec::new();
        for (_, path) in &self.found {
            let run: Vec<u32> =
                self.found.iter().filter(|(_, other)| other == path).map(|(access, _)| *access).collect();
            if run.len() > best.len() {
                best = run;
            }
        }
        best
    }
}

pub(super) fn speaks_of_transaction(name: Symbol) -> bool {
    let plain = name.as_str().to_ascii_lowercase().replace('_', "");
    matches!(plain.as_str(), "tx" | "trx" | "txn" | "uow" | "begin" | "atomic" | "rollback" | "savepoint")
        || plain.contains("transaction")
        || plain.contains("unitofwork")
}
