//! Statements that go beside the transaction that is open around them: over the pool, and not over its handle.

use base::{Evidence, Symbol};
use ir::{ExprId, ExprKind, StmtKind};
use program::{ExprRef, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Access;
use super::held::place_of;
use super::transactions::{Form, Transaction};
use crate::adapters::Context;

/// A statement beside the transaction that is open around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// The transaction, among all.
    pub transaction: u32,
    /// The access, among all.
    pub access: u32,
    /// A call that goes over the transaction.
    pub over: ExprRef,
    /// The call that leads to it, where it stands in another function.
    pub by: Option<ExprRef>,
    /// What the transaction is reached by.
    pub handle: String,
    /// How sure it is.
    pub evidence: Evidence,
}

/// Finds them.
pub(super) fn collect(context: &Context<'_>, accesses: &[Access], transactions: &[Transaction]) -> Vec<Outside> {
    let by_call: FxHashMap<ExprRef, u32> =
        accesses.iter().enumerate().map(|(at, access)| (access.call, at as u32)).collect();
    let mut of_function: FxHashMap<FnId, u32> = FxHashMap::default();
    for (at, access) in accesses.iter().enumerate().rev() {
        if let Some(function) = access.function.filter(|_| !access.is_lazy) {
            of_function.insert(function, at as u32);
        }
    }
    let mut found: Vec<Outside> = Vec::new();
    for (at, transaction) in transactions.iter().enumerate() {
        let Some(opening) = Opening::of(context, transaction) else { continue };
        let within: Vec<u32> = transaction.calls.iter().filter_map(|c| by_call.get(c).copied()).collect();
        let goes_over = |c: &&ExprRef| c.module == transaction.opened.module && opening.is_asked(c.expr);
        let Some(over) = transaction.calls.iter().find(goes_over).copied() else { continue };
        for access in within {
            let is_told = found.iter().any(|o| o.access == access);
            let known = &accesses[access as usize];
            if !is_told && opening.goes_beside(known) {
                let evidence = known.evidence.min(transaction.evidence);
                let handle = opening.handle.to_string();
                found.push(Outside { transaction: at as u32, access, by: None, over, handle, evidence });
            }
        }
        for call in &transaction.calls {
            let Some(access) = opening.leads_beside(context, *call, &of_function) else { continue };
            let evidence = accesses[access as usize].evidence.min(transaction.evidence);
            let handle = opening.handle.to_string();
            found.push(Outside { transaction: at as u32, access, by: Some(*call), over, handle, evidence });
        }
    }
    found.sort_by_key(|o| (o.by.unwrap_or(accesses[o.access as usize].call), o.access));
    found.dedup_by_key(|o| o.by.unwrap_or(accesses[o.access as usize].call));
    found
}

/// What a transaction was opened on, and what it is reached by.
struct Opening<'c> {
    module: &'c ir::Module,
    /// `db` of `db.Begin()`.
    on: String,
    /// `tx`.
    handle: Symbol,
    /// Variables that were made of the handle.
    made: FxHashSet<Symbol>,
}

impl<'c> Opening<'c> {
    fn of(context: &'c Context<'_>, transaction: &Transaction) -> Option<Self> {
        let module = context.program.module(transaction.opened.module);
        let call = transaction.opened.expr;
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return None };
        let ExprKind::Member { object, .. } = module.expr(*callee).kind else { return None };
        let on = place_of(module, object)?;
        let range = module.function(transaction.function.function).range;
        let handle = match transaction.form {
            Form::Declared => return None,
            // `prisma.$transaction(async (tx) => …)`
            Form::Scoped => {
                let lambda = args.iter().find_map(|a| match module.expr(a.value).kind {
                    ExprKind::Lambda(f) => Some(f),
                    _ => None,
                })?;
                module.function(lambda).params.first()?.name
            }
            // `tx, err := db.Begin()`
            Form::Begun => {
                let holds = |value: ExprId| module.expr(value).range.contains(module.expr(call).range);
                module.stmts().filter(|s| range.contains(s.range)).find_map(|s| match s.kind {
                    StmtKind::Assign { target, value: Some(value), .. } if holds(value) => first_name(module, target),
                    _ => None,
                })?
            }
        };
        if handle.is_empty() || on == handle.as_str() || handle == "_" || handle == "err" {
            return None;
        }
        let mut made: FxHashSet<Symbol> = FxHashSet::default();
        made.insert(handle);
        for stmt in module.stmts().filter(|s| range.contains(s.range)) {
            if let StmtKind::Assign { target, value: Some(value), .. } = stmt.kind
                && mentions(module, value, &made)
            {
                made.extend(first_name(module, target));
            }
        }
        Some(Self { module, on, handle, made })
    }

    /// Whether a call is made on the handle, or on what was made of it, or is given it.
    fn is_asked(&self, call: ExprId) -> bool {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(call).kind else { return false };
        let is_made = |expr: ExprId| matches!(self.module.expr(expr).kind, ExprKind::Name(n) if self.made.contains(&n));
        let ends = match &self.module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => {
                let plain = name.as_str().to_ascii_lowercase();
                let is_end = ["commit", "rollback", "close", "done"].iter().any(|w| plain.starts_with(w));
                !is_end && mentions(self.module, *object, &self.made)
            }
            _ => false,
        };
        ends || args.iter().any(|a| is_made(a.value))
    }

    /// Whether an access begins with what the transaction was opened on, and speaks of the handle nowhere.
    fn goes_beside(&self, access: &Access) -> bool {
        let is_on = self.begins(access.call.expr) || self.is_given(access.call.expr);
        is_on && !mentions(self.module, self.whole(access), &self.made)
    }

    /// `query(…).execute(&pool)`
    fn is_given(&self, call: ExprId) -> bool {
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return false };
        args.iter().any(|a| {
            let value = match self.module.expr(a.value).kind {
                ExprKind::Unary { operand, .. } => operand,
                _ => a.value,
            };
            place_of(self.module, value).as_deref() == Some(self.on.as_str())
        })
    }

    /// The access of a function that is called while the transaction is open, and that gets to know nothing of it.
    fn leads_beside(&self, context: &Context<'_>, call: ExprRef, of_function: &FxHashMap<FnId, u32>) -> Option<u32> {
        let called = context.program.call(call).filter(|c| c.certain && c.functions.len() == 1)?;
        let ExprKind::Call { callee, args, .. } = &self.module.expr(call.expr).kind else { return None };
        // a context may bring it along
        let may_bring = |expr: ExprId| match &self.module.expr(expr).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                let plain = name.as_str().to_ascii_lowercase();
                ["ctx", "context", "session", "opt", "trans", "conn", "client", "manager", "em", "repo", "dao", "store"]
                    .iter()
                    .any(|w| plain.contains(w))
                    || matches!(plain.as_str(), "c" | "s" | "q" | "tx" | "db")
            }
            ExprKind::Map(_) => true,
            _ => false,
        };
        let is_told = mentions(self.module, *callee, &self.made)
            || args.iter().any(|a| may_bring(a.value) || mentions(self.module, a.value, &self.made));
        // what an object holds may be the transaction
        let is_plain = match &self.module.expr(*callee).kind {
            ExprKind::Name(_) => true,
            ExprKind::Member { object, .. } => {
                let made = context.program.function(called.functions[0]);
                !made.params.iter().any(|p| p.kind == ir::ParamKind::Receiver)
                    && matches!(self.module.expr(*object).kind, ExprKind::Name(_))
            }
            _ => false,
        };
        if is_told || !is_plain || context.program.classes().class_of(called.functions[0]).is_some() {
            return None;
        }
        of_function.get(&called.functions[0]).copied()
    }

    /// All of an access's chain, by its longest link.
    fn whole(&self, access: &Access) -> ExprId {
        let start = access.span.start;
        let links = self.module.exprs_within(ir::Range { start, end: access.span.end });
        let longest = links.filter(|(_, e)| e.range.start == start).max_by_key(|(_, e)| e.range.end);
        longest.map_or(access.call.expr, |(expr, _)| expr)
    }

    fn begins(&self, call: ExprId) -> bool {
        let mut at = call;
        for _ in 0..24 {
            if place_of(self.module, at).as_deref() == Some(self.on.as_str()) {
                return true;
            }
            at = match &self.module.expr(at).kind {
                ExprKind::Call { callee, .. } => *callee,
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => *object,
                ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => *inner,
                ExprKind::Unary { operand, .. } => *operand,
                _ => return false,
            };
        }
        false
    }
}

fn mentions(module: &ir::Module, expr: ExprId, names: &FxHashSet<Symbol>) -> bool {
    let mut all = module.exprs_within(module.expr(expr).range);
    all.any(|(_, e)| matches!(e.kind, ExprKind::Name(name) if names.contains(&name)))
}

fn first_name(module: &ir::Module, target: ExprId) -> Option<Symbol> {
    match &module.expr(target).kind {
        ExprKind::Name(name) => Some(*name),
        ExprKind::List(items) => items.first().and_then(|i| first_name(module, *i)),
        _ => None,
    }
}
