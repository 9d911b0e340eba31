//! Locks on rows that hold nothing: never sent, on a query that takes none, or given back at once.

use base::{Evidence, FileRole};
use ir::{ExprId, ExprKind, Literal, StmtKind};
use program::{ExprRef, FnId, ModuleId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::relations::outermost_of;
use super::transactions::{Form, Transaction};
use super::{Access, grouped, partial, statements};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{AccessFact, Kind};

/// Why a lock holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// Nobody goes through the query that would take it.
    NeverSent,
    /// The query asks for a number, which takes no lock.
    OfNumber,
    /// No transaction is open: it is given back as soon as it is taken.
    Alone,
}

/// A lock on rows that holds nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// The function.
    pub function: FnId,
    /// What would take it.
    pub call: ExprRef,
    /// Why it holds nothing.
    pub misuse: Misuse,
    /// A transaction that the same function opens afterwards.
    pub before: Option<ExprRef>,
    /// How sure it is.
    pub evidence: Evidence,
}

/// Finds them in production code.
pub(super) fn collect(
    context: &Context<'_>,
    effects: &[Effect],
    accesses: &[Access],
    transactions: &[Transaction],
) -> Vec<Lock> {
    let locks: Vec<&Effect> =
        effects.iter().filter(|e| grouped::is_row_lock(context, e) && is_production(context, e.call.module)).collect();
    let mut found: Vec<Lock> = Vec::new();
    found.extend(locks.iter().filter_map(|e| never_sent(context, e)));
    found.extend(of_numbers(context, effects, &locks));
    found.extend(alone(context, effects, accesses, transactions, &locks));
    found.sort_by_key(|l| l.call);
    found.dedup_by_key(|l| l.call);
    found
}

fn is_production(context: &Context<'_>, id: ModuleId) -> bool {
    context.sources.file(context.program.module(id).file).role == FileRole::Production
}

/// The last call of the chain that a call stands in.
fn whole(module: &ir::Module, call: ExprId) -> ExprId {
    let start = module.expr(call).range.start;
    let links = module.exprs_within(ir::Range { start, end: module.expr(call).range.end + 4000 });
    let mut at = call;
    for (expr, item) in links {
        let on = match &item.kind {
            ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                ExprKind::Member { object, .. } => *object,
                _ => continue,
            },
            ExprKind::Await(inner) => *inner,
            ExprKind::Index { object, .. } => *object,
            _ => continue,
        };
        if on == at && item.range.start <= start {
            at = expr;
        }
    }
    at
}

/// A query with a lock that stands alone, or whose variable nobody reads: where libraries send a query only when
/// somebody goes through what it gives, it is never sent.
fn never_sent(context: &Context<'_>, effect: &Effect) -> Option<Lock> {
    let module = context.program.module(effect.call.module);
    let function = effect.function?;
    if context.facts.record(effect.record).label.as_deref() != Some("lock") {
        return None;
    }
    let range = module.expr(effect.call.expr).range;
    let around = module.function(function.function).range;
    let is_chain = |value: ExprId| {
        let item = module.expr(value);
        item.range.start == range.start && item.range.end >= range.end && only_adds(context, module, value, effect)
    };
    let is_read = |name: base::Symbol, target: ExprId| {
        let mut all = module.exprs_within(around);
        all.any(|(e, item)| e != target && matches!(item.kind, ExprKind::Name(n) if n == name))
    };
    let is_lost = module.stmts().filter(|s| s.range.contains(range)).any(|s| match s.kind {
        StmtKind::Expr(value) => is_chain(value),
        StmtKind::Assign { target, value: Some(value), .. } => match module.expr(target).kind {
            ExprKind::Name(name) => is_chain(value) && !is_read(name, target),
            _ => false,
        },
        _ => false,
    });
    is_lost.then_some(Lock {
        function,
        call: effect.call,
        misuse: Misuse::NeverSent,
        before: None,
        evidence: effect.evidence,
    })
}

/// Whether all links of a chain, down to the one that locks, only add to a query.
fn only_adds(context: &Context<'_>, module: &ir::Module, value: ExprId, effect: &Effect) -> bool {
    let mut at = value;
    for _ in 0..24 {
        let ExprKind::Call { callee, .. } = &module.expr(at).kind else { return false };
        let ExprKind::Member { object, name, .. } = module.expr(*callee).kind else { return false };
        let adds = at == effect.call.expr
            || context.facts.of_method(module.language, name).any(|(record, _)| {
                let record = context.facts.record(record);
                record.kind == Kind::Clause || record.access == Some(AccessFact::Lazy)
            });
        if !adds {
            return false;
        }
        if at == effect.call.expr {
            return true;
        }
        at = object;
    }
    false
}

/// Locks on queries that ask for a number, and take none whatever they were told.
fn of_numbers(context: &Context<'_>, effects: &[Effect], locks: &[&Effect]) -> Vec<Lock> {
    let unlocks: FxHashMap<ExprRef, &Effect> = effects
        .iter()
        .filter(|e| e.kind == Kind::Clause)
        .filter(|e| context.facts.record(e.record).label.as_deref() == Some("unlocks"))
        .map(|e| (e.call, e))
        .collect();
    let mut found = Vec::new();
    for lock in locks {
        let module = context.program.module(lock.call.module);
        let range = module.expr(lock.call.expr).range;
        // the links above a call begin where it begins
        let above = unlocks.keys().find(|u| {
            let r = context.program.expr(**u).range;
            u.module == lock.call.module && r.start == range.start && r.end > range.end
        });
        if let (Some(call), Some(function)) = (above, lock.function) {
            let evidence = lock.evidence;
            found.push(Lock { function, call: *call, misuse: Misuse::OfNumber, before: None, evidence });
        }
    }
    found
}

/// Locks that are taken where no transaction is open.
fn alone(
    context: &Context<'_>,
    effects: &[Effect],
    accesses: &[Access],
    transactions: &[Transaction],
    locks: &[&Effect],
) -> Vec<Lock> {
    let mut taken: Vec<(ExprRef, FnId, Evidence)> = locks
        .iter()
        .filter(|e| context.facts.record(e.record).label.as_deref() == Some("lock-alone"))
        .filter(|e| is_asked_for(context, e.call))
        .filter_map(|e| Some((e.call, e.function?, e.evidence)))
        .collect();
    for access in accesses {
        let record = context.facts.record(access.record);
        if record.access == Some(AccessFact::Statement)
            && let Some(function) = access.function
            && let Some(query) = statements::query(context, access.call, record.arg.unwrap_or(0))
            && query.lock.is_some()
        {
            taken.push((access.call, function, access.evidence));
        }
    }
    if taken.is_empty() {
        return Vec::new();
    }
    // what opens a transaction itself locks within it
    let opens: FxHashSet<ExprRef> = effects.iter().filter(|e| e.kind == Kind::Transaction).map(|e| e.call).collect();
    let held: FxHashSet<ExprRef> = transactions.iter().flat_map(|t| t.calls.iter().copied()).collect();
    let around = partial::Around::new(context, effects);
    taken
        .into_iter()
        .filter(|(call, ..)| !opens.contains(call) && !held.contains(call))
        .filter_map(|(call, function, evidence)| {
            let outer = outermost_of(context, function);
            let span = context.program.span(call);
            let own: Vec<&Transaction> =
                transactions.iter().filter(|t| outermost_of(context, t.function) == outer).collect();
            // the function opens one itself: what stands before it is not in it
            let is_later =
                |t: &&&Transaction| t.form == Form::Scoped && context.program.span(t.opened).start >= span.end;
            let before = own.iter().find(is_later).map(|t| t.opened);
            if before.is_none() && (!own.is_empty() || around.speaks(outer)) {
                return None;
            }
            if around.is_held_above(outer) || is_given_one(context, call) {
                return None;
            }
            // where nobody is known who calls it, who does may have opened one
            let is_called = !context.program.callers(outer).is_empty();
            (before.is_some() || is_called).then_some(Lock {
                function: outer,
                call,
                misuse: Misuse::Alone,
                before,
                evidence,
            })
        })
        .collect()
}

/// Whether a lock is taken whatever a variable says: not `lock(options[:lock])`.
fn is_asked_for(context: &Context<'_>, call: ExprRef) -> bool {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    args.first().is_none_or(|a| match &module.expr(a.value).kind {
        ExprKind::Literal(Literal::Bool(value)) => *value,
        kind => matches!(kind, ExprKind::Literal(_)),
    })
}

/// Whether a call goes over something that a transaction gave: `tx.query(…)`, `find(…, { transaction })`.
fn is_given_one(context: &Context<'_>, call: ExprRef) -> bool {
    let module = context.program.module(call.module);
    let end = whole(module, call.expr);
    let range = module.expr(end).range;
    module.exprs_within(range).any(|(_, e)| {
        let name = match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
            _ => return false,
        };
        let plain = name.as_str().to_ascii_lowercase().replace('_', "");
        partial::speaks_of_transaction(name)
            || ["client", "conn", "connection", "session", "manager", "runner", "queryrunner", "ctx", "c", "s", "q"]
                .contains(&plain.as_str())
    })
}
