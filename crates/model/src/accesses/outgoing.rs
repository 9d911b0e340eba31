//! Calls of other systems while a transaction is open.

use std::collections::hash_map::Entry;

use base::{Evidence, FileRole};
use ir::{CallKind, ExprKind, FunctionKind, Literal, StmtKind};
use program::{CallSite, ExprRef, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::transactions::{Later, Transaction};
use super::ways;
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{Kind, RecordId};

/// How many calls lie between a transaction and what leaves the process at most.
const MAX_WAY: usize = 3;

/// A call of another system while a transaction is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The transaction, among all.
    pub transaction: u32,
    /// The call in the transaction: the one that leaves the process, or what leads to it.
    pub call: ExprRef,
    /// The calls from there to the one that leaves the process, `call` left out.
    pub way: Vec<ExprRef>,
    /// The record of the call that leaves the process.
    pub record: RecordId,
    /// What that is called.
    pub name: String,
    /// How sure it is.
    pub evidence: Evidence,
}

/// How a function comes to a call that leaves the process.
#[derive(Clone, Debug)]
struct Way {
    effect: usize,
    calls: Vec<ExprRef>,
}

/// Finds them: one for each transaction and thing that leaves the process.
pub(super) fn collect(
    context: &Context<'_>,
    effects: &[Effect],
    transactions: &[Transaction],
    later: &Later,
) -> Vec<Outgoing> {
    let leaves = |e: &Effect| {
        matches!(e.kind, Kind::Outbound | Kind::Publishes)
            && context.sources.file(e.span.file).role == FileRole::Production
            && !matches!(context.program.expr(e.call).kind, ExprKind::Call { kind: CallKind::Annotation, .. })
            && is_waited_for(context, e.call)
            && !later.calls.contains(&e.call)
    };
    let mut direct: FxHashMap<ExprRef, usize> =
        effects.iter().enumerate().filter(|(_, e)| leaves(e)).map(|(at, e)| (e.call, at)).collect();
    for (at, call) in calls_of_clients(context, effects) {
        direct.entry(call).or_insert(at);
    }
    if direct.is_empty() || transactions.is_empty() {
        return Vec::new();
    }
    let held: FxHashSet<ExprRef> = transactions.iter().flat_map(|t| t.calls.iter().copied()).collect();
    let ways = ways_out(context, effects, &direct, &held, later);
    let mut found: Vec<Outgoing> = Vec::new();
    for (at, transaction) in transactions.iter().enumerate() {
        let mut seen: FxHashSet<ExprRef> = FxHashSet::default();
        for call in &transaction.calls {
            let (effect, way) = match direct.get(call) {
                Some(effect) => (*effect, Vec::new()),
                None => {
                    if !is_followed(context, later, *call) {
                        continue;
                    }
                    let Some(callee) = context.program.call(*call) else { continue };
                    let Some(way) = callee.functions.iter().find_map(|f| ways.get(f)) else { continue };
                    (way.effect, way.calls.clone())
                }
            };
            let effect = &effects[effect];
            // an inner transaction of the same function has told it already
            let told = found.iter().any(|o| o.call == *call);
            let last = way.last().copied().unwrap_or(*call);
            if told || !seen.insert(last) {
                continue;
            }
            found.push(Outgoing {
                transaction: at as u32,
                call: *call,
                way,
                record: effect.record,
                name: name_of(context, last),
                evidence: effect.evidence.min(transaction.evidence),
            });
        }
    }
    found.sort_by_key(|o| o.call);
    found
}

/// For each function that comes to something that leaves the process, the shortest way; what a transaction holds
/// already is told there and leads no further.
fn ways_out(
    context: &Context<'_>,
    effects: &[Effect],
    direct: &FxHashMap<ExprRef, usize>,
    held: &FxHashSet<ExprRef>,
    later: &Later,
) -> FxHashMap<FnId, Way> {
    let aside: FxHashSet<FnId> = ways::set_aside(context, effects).into_iter().collect();
    let mut ways: FxHashMap<FnId, Way> = FxHashMap::default();
    let mut level: Vec<FnId> = Vec::new();
    let add = |ways: &mut FxHashMap<FnId, Way>, level: &mut Vec<FnId>, function: FnId, way: Way| {
        let mut at = Some(function);
        while let Some(here) = at {
            if later.functions.contains(&here) || aside.contains(&here) {
                return;
            }
            match ways.entry(here) {
                Entry::Occupied(_) => return,
                Entry::Vacant(free) => free.insert(way.clone()),
            };
            level.push(here);
            let item = context.program.function(here);
            let is_callback = matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block);
            at = item.parent.filter(|_| is_callback).map(|function| FnId { module: here.module, function });
        }
    };
    let mut seeds: Vec<(&ExprRef, &usize)> = direct.iter().filter(|(call, _)| !held.contains(*call)).collect();
    seeds.sort_unstable();
    for (call, effect) in seeds {
        if let Some(function) = context.program.scopes(call.module).owner(call.expr).function {
            let way = Way { effect: *effect, calls: vec![*call] };
            add(&mut ways, &mut level, FnId { module: call.module, function }, way);
        }
    }
    for _ in 1..MAX_WAY {
        level.sort_unstable();
        let mut next = Vec::new();
        for function in std::mem::take(&mut level) {
            let way = ways[&function].clone();
            for CallSite { module, expr, caller } in context.program.callers(function) {
                let call = ExprRef { module: *module, expr: *expr };
                let meant = is_followed(context, later, call) && !held.contains(&call);
                let Some(caller) = caller.filter(|_| meant) else { continue };
                let calls = std::iter::once(call).chain(way.calls.iter().copied()).collect();
                add(&mut ways, &mut next, caller, Way { effect: way.effect, calls });
            }
        }
        level = next;
    }
    ways
}

/// Calls of methods that an interface declares and that a library makes into calls of another system, with the
/// effect of its annotation.
fn calls_of_clients(context: &Context<'_>, effects: &[Effect]) -> Vec<(usize, ExprRef)> {
    let annotations: FxHashMap<ExprRef, usize> = effects
        .iter()
        .enumerate()
        .filter(|(_, e)| {
            e.kind == Kind::Outbound
                && matches!(context.program.expr(e.call).kind, ExprKind::Call { kind: CallKind::Annotation, .. })
        })
        .map(|(at, e)| (e.call, at))
        .collect();
    if annotations.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (class, info) in context.program.classes().all() {
        let own = &context.program.class(class).annotations;
        let effect = own.iter().find_map(|a| annotations.get(&ExprRef { module: class.module, expr: *a }));
        let Some(effect) = effect else { continue };
        for method in info.methods.values().flatten() {
            let callers = context.program.callers(*method).iter();
            found.extend(
                callers
                    .filter(|c| {
                        context.sources.file(context.program.module(c.module).file).role == FileRole::Production
                    })
                    .map(|c| (*effect, ExprRef { module: c.module, expr: c.expr })),
            );
        }
    }
    found
}

/// Whether what a call calls is done now, and it is known what that is.
fn is_followed(context: &Context<'_>, later: &Later, call: ExprRef) -> bool {
    !later.calls.contains(&call)
        && ways::is_meant(context, call)
        && is_waited_for(context, call)
        && !is_switched_off(context, call)
}

/// Whether a call is told not to do something: `save(broadcast=False)`. What lies behind it may not be done.
fn is_switched_off(context: &Context<'_>, call: ExprRef) -> bool {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    args.iter().any(|a| matches!(module.expr(a.value).kind, ExprKind::Literal(Literal::Bool(false))))
}

/// Whether what a call does is done when the next statement runs: in ECMAScript nobody waits for a promise that
/// stands alone in an asynchronous function.
fn is_waited_for(context: &Context<'_>, call: ExprRef) -> bool {
    let module = context.program.module(call.module);
    if !module.language.is_ecmascript() {
        return true;
    }
    let range = module.expr(call.expr).range;
    let alone = |s: &ir::Stmt| match s.kind {
        StmtKind::Expr(e) => {
            let item = module.expr(e);
            item.range.start == range.start && item.range.contains(range) && matches!(item.kind, ExprKind::Call { .. })
        }
        _ => false,
    };
    let owner = context.program.scopes(call.module).owner(call.expr).function;
    let is_async = owner.is_some_and(|f| module.function(f).is_async);
    !(is_async && module.stmts().any(alone))
}

fn name_of(context: &Context<'_>, call: ExprRef) -> String {
    let module = context.program.module(call.module);
    let ExprKind::Call { callee, .. } = &module.expr(call.expr).kind else { return String::new() };
    if let Some(name) = module.dotted(*callee) {
        return name;
    }
    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return String::new() };
    let mut root = *object;
    for _ in 0..12 {
        if let Some(object) = module.dotted(root) {
            return format!("{object}…{name}");
        }
        root = match &module.expr(root).kind {
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Member { object, .. } => *object,
            ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => *inner,
            _ => break,
        };
    }
    name.to_string()
}
