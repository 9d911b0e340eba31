//! Writes to a database and messages about them that nothing keeps together.

use base::{Evidence, FileRole};
use program::{CallSite, ExprRef, FnId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::relations::outermost_of;
use super::transactions::Later;
use super::{Access, grouped, partial, ways};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// How many calls lie between a function and what sends a message at most.
const MAX_WAY: usize = 2;

/// A row that is written and a message that is sent about it, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Dual {
    /// The function.
    pub function: FnId,
    /// The write, among all accesses.
    pub write: u32,
    /// The call that sends the message, or leads to it.
    pub sends: ExprRef,
    /// How sure it is.
    pub evidence: Evidence,
}

/// Finds them: one for each function.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], accesses: &[Access], later: &Later) -> Vec<Dual> {
    let sends = |e: &&Effect| {
        e.kind == Kind::Publishes
            && context.facts.record(e.record).label.as_deref() == Some("queue")
            && context.sources.file(e.span.file).role == FileRole::Production
            && !later.calls.contains(&e.call)
    };
    let direct: FxHashMap<ExprRef, Evidence> = effects.iter().filter(sends).map(|e| (e.call, e.evidence)).collect();
    if direct.is_empty() {
        return Vec::new();
    }
    let leads = leading(context, &direct);
    let mut functions: Vec<(FnId, Vec<u32>)> = grouped::by_function(context, accesses).into_iter().collect();
    functions.sort_unstable_by_key(|(f, _)| *f);
    functions
        .par_iter()
        .filter_map(|(function, all)| of_function(context, accesses, &direct, &leads, *function, all))
        .collect()
}

/// Functions that come to what sends a message.
fn leading(context: &Context<'_>, direct: &FxHashMap<ExprRef, Evidence>) -> FxHashSet<FnId> {
    let owner = |at: &ExprRef| {
        let function = context.program.scopes(at.module).owner(at.expr).function?;
        Some(outermost_of(context, FnId { module: at.module, function }))
    };
    let mut level: Vec<FnId> = direct.keys().filter_map(owner).collect();
    let mut found: FxHashSet<FnId> = level.iter().copied().collect();
    for _ in 1..MAX_WAY {
        let mut next = Vec::new();
        for CallSite { module, expr, caller } in level.iter().flat_map(|f| context.program.callers(*f)) {
            let meant = ways::is_meant(context, ExprRef { module: *module, expr: *expr });
            next.extend(caller.filter(|_| meant).map(|f| outermost_of(context, f)).filter(|f| found.insert(*f)));
        }
        level = next;
    }
    found
}

fn of_function(
    context: &Context<'_>,
    accesses: &[Access],
    direct: &FxHashMap<ExprRef, Evidence>,
    leads: &FxHashSet<FnId>,
    function: FnId,
    all: &[u32],
) -> Option<Dual> {
    let module = context.program.module(function.module);
    let range = module.function(function.function).range;
    let write = *all.iter().find(|a| partial::is_write(context, &accesses[**a as usize]))?;
    let text = context.sources.text(module.span(range)).to_ascii_lowercase();
    if text.contains("outbox") {
        return None;
    }
    let start = accesses[write as usize].span.start;
    let mut calls = context.program.calls(function.module).filter_map(|(expr, callee)| {
        let at = ExprRef { module: function.module, expr };
        if !range.contains(module.expr(expr).range) || module.expr_span(expr).start < start {
            return None;
        }
        let leads_on = || {
            let one = callee.functions.len() == 1 && ways::is_meant(context, at);
            (one && callee.functions[0] != function && leads.contains(&callee.functions[0])).then_some(Evidence::Shown)
        };
        Some((at, direct.get(&at).copied().or_else(leads_on)?))
    });
    let (sends, evidence) = calls.next()?;
    let evidence = evidence.min(accesses[write as usize].evidence);
    Some(Dual { function, write, sends, evidence })
}
