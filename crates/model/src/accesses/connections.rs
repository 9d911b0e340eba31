//! Connections, clients and open results that are taken and, on some way out, not given back.

use base::{Evidence, FileRole, Language, Span};
use ir::{ExprId, ExprKind, FunctionId, Range, StmtKind};
use program::{ExprRef, FnId};
use rayon::prelude::*;

use super::held::{self, Taken, place_of};
use super::transactions::{Later, Transaction, escapes};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{Kind, RecordId};

/// Something taken that must be given back.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// The function.
    pub function: FnId,
    /// The call that takes it.
    pub taken: ExprRef,
    /// The record of that call.
    pub record: RecordId,
    /// How sure it is.
    pub evidence: Evidence,
    /// Whether anything in the function gives it back.
    pub is_ended: bool,
    /// Ways out on which it is kept.
    pub exits: Vec<Span>,
    /// A call that keeps it when it throws.
    pub throws: Option<ExprRef>,
}

/// Finds them: by `opens` records that are labelled `connection` or `rows`.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], later: &Later) -> Vec<Leak> {
    let takes = |e: &&Effect| {
        e.kind == Kind::Opens
            && matches!(context.facts.record(e.record).label.as_deref(), Some("connection" | "rows"))
            && context.sources.file(e.span.file).role == FileRole::Production
    };
    let all: Vec<&Effect> = effects.iter().filter(takes).collect();
    let mut found: Vec<Leak> = all.par_iter().filter_map(|effect| leak(context, effect, later)).collect();
    found.sort_by_key(|l| l.taken);
    found.dedup_by_key(|l| l.taken);
    found
}

fn leak(context: &Context<'_>, effect: &Effect, later: &Later) -> Option<Leak> {
    let id = effect.call.module;
    let module = context.program.module(id);
    let function = context.program.scopes(id).owner(effect.call.expr).function?;
    let is_rows = context.facts.record(effect.record).label.as_deref() == Some("rows");
    let range = module.function(function).range;
    let (kept, error) = module.stmts().filter(|s| range.contains(s.range)).find_map(|s| match s.kind {
        StmtKind::Assign { target, value: Some(value), .. } if gives(module, value, effect.call.expr) => {
            match &module.expr(target).kind {
                ExprKind::List(items) => Some((*items.first()?, items.get(1).copied())),
                _ => Some((target, None)),
            }
        }
        _ => None,
    })?;
    // what a field holds lives on
    let ExprKind::Name(name) = module.expr(kept).kind else { return None };
    if name == "_" || context.program.scopes(id).loop_depth(effect.call.expr) > 0 {
        return None;
    }
    let place = name.as_str().to_owned();
    if escapes(module, &place, function, true) || is_rows && is_handed_on(module, &place, range) {
        return None;
    }
    let error = error.and_then(|e| match module.expr(e).kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    });
    let ends = |call: ExprId| ends(module, call, &place);
    let is_later = |f: FunctionId| later.functions.contains(&FnId { module: id, function: f });
    let taken =
        Taken { module, call: effect.call.expr, place: Some(place.clone()), error, ends: &ends, is_later: &is_later };
    let holding = held::follow(&taken, function);
    if holding.is_ended_within {
        return None;
    }
    // rows that are gone through to the end close themselves
    let gone_through = is_rows.then(|| gone_through(module, &place, range)).flatten();
    let exits: Vec<Span> = holding
        .exits
        .iter()
        .filter(|exit| gone_through.is_none_or(|end| exit.start < end))
        .map(|exit| module.span(*exit))
        .collect();
    let throws = holding.throws.filter(|_| Transaction::is_left_by_throwing(module.language));
    if exits.is_empty() && throws.is_none() || module.language == Language::Rust {
        return None;
    }
    Some(Leak {
        function: FnId { module: id, function },
        taken: effect.call,
        record: effect.record,
        evidence: effect.evidence,
        is_ended: holding.is_ended,
        exits,
        throws: throws.map(|expr| ExprRef { module: id, expr }),
    })
}

/// Whether a value is what a call gives, and not a link after it.
fn gives(module: &ir::Module, value: ExprId, call: ExprId) -> bool {
    let mut at = value;
    for _ in 0..6 {
        if at == call {
            return true;
        }
        at = match &module.expr(at).kind {
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => *inner,
            ExprKind::Unary { operand, .. } => *operand,
            _ => return false,
        };
    }
    false
}

/// `client.release()`, `rows.Close()`, `pool.putconn(connection)`.
fn ends(module: &ir::Module, call: ExprId, place: &str) -> bool {
    let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return false };
    let is_it = |e: ExprId| place_of(module, e).as_deref() == Some(place);
    let ends_by = |name: &str| {
        let plain = name.to_ascii_lowercase().replace('_', "");
        [
            "close",
            "release",
            "dispose",
            "end",
            "destroy",
            "putconn",
            "checkin",
            "giveback",
            "quit",
            "disconnect",
            "terminate",
            "cleanup",
            "hijack",
        ]
        .iter()
        .any(|w| plain.starts_with(w))
    };
    let named = match &module.expr(*callee).kind {
        ExprKind::Member { object, name, .. } => {
            if is_it(*object) && ends_by(name.as_str()) {
                return true;
            }
            *name
        }
        ExprKind::Name(name) => *name,
        _ => return false,
    };
    let hands_on = |e: ExprId| matches!(&module.expr(e).kind, ExprKind::Member { object, name, .. } if is_it(*object) && ends_by(name.as_str()));
    args.iter().any(|a| {
        hands_on(a.value)
            || is_it(a.value) && (ends_by(named.as_str()) || named.as_str().to_ascii_lowercase().contains("close"))
    })
}

/// Whether open rows are given to anything that may close them.
fn is_handed_on(module: &ir::Module, place: &str, range: Range) -> bool {
    module.exprs_within(range).any(|(id, e)| match &e.kind {
        ExprKind::Call { args, .. } => {
            !ends(module, id, place) && args.iter().any(|a| place_of(module, a.value).as_deref() == Some(place))
        }
        _ => false,
    })
}

/// Where the loop ends that goes through rows: `for rows.Next()`.
fn gone_through(module: &ir::Module, place: &str, range: Range) -> Option<u32> {
    let next = format!("{place}.Next()");
    module
        .stmts()
        .filter(|s| range.contains(s.range))
        .filter(|s| match s.kind {
            StmtKind::Loop { cond: Some(cond), .. } => place_of(module, cond).as_deref() == Some(next.as_str()),
            _ => false,
        })
        .map(|s| s.range.end)
        .max()
}
