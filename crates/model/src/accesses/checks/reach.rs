//! Functions that look for rows or write new ones, directly or by what they call.

use base::FileRole;
use ir::ExprKind;
use program::{CallSite, ExprRef, FnId};
use rustc_hash::FxHashMap;

use super::super::ways::is_meant;
use super::super::{Access, Does};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// How many calls lie between a function and what looks or writes at most.
const MAX_WAY: usize = 3;

/// How a function comes to an access.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    /// The access, where a library's call is one.
    pub access: Option<u32>,
    /// Whether it stands in the function itself.
    pub is_own: bool,
}

/// What functions come to.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub looks: FxHashMap<FnId, Reached>,
    pub writes: FxHashMap<FnId, Reached>,
}

/// Finds what functions come to.
pub(super) fn reach(context: &Context<'_>, effects: &[Effect], accesses: &[Access]) -> Reach {
    let of = |is: &dyn Fn(&Access) -> bool| {
        let meant = accesses.iter().enumerate().filter(|(_, a)| is(a));
        meant.filter_map(|(at, a)| Some((a.function?, Some(at as u32)))).collect::<Vec<_>>()
    };
    let looks = of(&|a| matches!(a.does, Does::One | Does::Count) || a.does == Does::List && a.is_filtered);
    let mut writes = of(&|a| a.does == Does::Insert);
    let inserts =
        |e: &&Effect| e.kind == Kind::Clause && context.facts.record(e.record).label.as_deref() == Some("inserts");
    writes.extend(effects.iter().filter(inserts).filter_map(|e| Some((e.function?, None))));
    writes.extend(added(context).into_iter().map(|f| (f, None)));
    Reach { looks: spread(context, looks), writes: spread(context, writes) }
}

/// Functions that add a row to what a session sends later.
fn added(context: &Context<'_>) -> Vec<FnId> {
    let mut found = Vec::new();
    for id in context.program.ids() {
        let module = context.program.module(id);
        if context.sources.file(module.file).role != FileRole::Production {
            continue;
        }
        for (expr, callee) in context.program.calls(id) {
            if callee.name.is_some_and(|n| super::is_add(n.as_str()))
                && super::adds_to_session(module, expr)
                && let Some(function) = context.program.scopes(id).owner(expr).function
            {
                found.push(FnId { module: id, function });
            }
        }
    }
    found
}

fn spread(context: &Context<'_>, seeds: Vec<(FnId, Option<u32>)>) -> FxHashMap<FnId, Reached> {
    let mut reached: FxHashMap<FnId, Reached> = FxHashMap::default();
    let mut level: Vec<FnId> = Vec::new();
    for (function, access) in seeds {
        let mut at = Some(function);
        // a callback is the doing of the function that it stands in
        while let Some(here) = at {
            if reached.contains_key(&here) {
                break;
            }
            reached.insert(here, Reached { access, is_own: true });
            level.push(here);
            let item = context.program.function(here);
            let is_callback = matches!(item.kind, ir::FunctionKind::Lambda | ir::FunctionKind::Block);
            at = item.parent.filter(|_| is_callback).map(|function| FnId { module: here.module, function });
        }
    }
    for _ in 1..MAX_WAY {
        level.sort_unstable();
        let mut next = Vec::new();
        for function in std::mem::take(&mut level) {
            let access = reached[&function].access;
            for CallSite { module, expr, caller } in context.program.callers(function) {
                let call = ExprRef { module: *module, expr: *expr };
                let is_only = || context.program.call(call).is_some_and(|c| c.functions.len() == 1);
                let is_made = matches!(context.program.expr(call).kind, ExprKind::Call { kind: ir::CallKind::New, .. });
                let Some(caller) = caller.filter(|_| is_meant(context, call) || is_only() && !is_made) else {
                    continue;
                };
                if let std::collections::hash_map::Entry::Vacant(free) = reached.entry(caller) {
                    free.insert(Reached { access, is_own: false });
                    next.push(caller);
                }
            }
        }
        level = next;
    }
    reached
}
