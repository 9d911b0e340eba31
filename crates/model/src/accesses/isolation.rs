//! Transactions that the database may refuse because others went first, and that nothing does again.

use ir::ExprKind;
use program::{ExprRef, FnId};

use super::transactions::Transaction;
use crate::adapters::Context;

/// How many calls above a transaction may do it again.
const MAX_CALLERS: usize = 3;

/// Serializable transactions that neither their function nor what calls it repeats.
pub(super) fn collect(context: &Context<'_>, transactions: &[Transaction]) -> Vec<ExprRef> {
    let mut found: Vec<ExprRef> = transactions
        .iter()
        .filter(|t| is_serializable(context, t.opened) && !is_repeated(context, t.function))
        .map(|t| t.opened)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a call that opens a transaction asks for the strictest isolation.
fn is_serializable(context: &Context<'_>, opened: ExprRef) -> bool {
    let module = context.program.module(opened.module);
    let ExprKind::Call { args, .. } = &module.expr(opened.expr).kind else { return false };
    args.iter().filter(|a| !matches!(module.expr(a.value).kind, ExprKind::Lambda(_))).any(|a| {
        let text = context.sources.text(module.expr_span(a.value)).to_ascii_lowercase();
        text.contains("serializable") && text.len() < 400
    })
}

fn is_repeated(context: &Context<'_>, function: FnId) -> bool {
    let mut level = vec![function];
    for _ in 0..=MAX_CALLERS {
        if level.iter().any(|f| speaks_of_repeating(context, *f)) {
            return true;
        }
        let callers = level.iter().flat_map(|f| context.program.callers(*f)).filter_map(|c| c.caller);
        level = callers.take(12).collect();
    }
    false
}

fn speaks_of_repeating(context: &Context<'_>, function: FnId) -> bool {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let annotations = item.annotations.iter().map(|a| module.expr_span(*a));
    annotations.chain([module.span(item.range)]).any(|span| {
        let text = context.sources.text(span).to_ascii_lowercase();
        ["retr", "40001", "serialization", "attempt", "again", "deadlock", "p2034", "backoff", "conflict"]
            .iter()
            .any(|w| text.contains(w))
    })
}
