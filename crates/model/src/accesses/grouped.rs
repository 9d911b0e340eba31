//! Accesses and locks by the named function around them, callbacks counted to it.

use program::FnId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Access;
use super::relations::outermost_of;
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// The functions that take a lock, of the process or on rows.
pub(super) fn locked(context: &Context<'_>, effects: &[Effect]) -> FxHashSet<FnId> {
    let locks = |e: &&Effect| e.kind == Kind::Lock || is_row_lock(context, e);
    effects.iter().filter(locks).filter_map(|e| e.function).map(|f| outermost_of(context, f)).collect()
}

/// The accesses of each function, by their numbers, in order.
pub(super) fn by_function(context: &Context<'_>, accesses: &[Access]) -> FxHashMap<FnId, Vec<u32>> {
    let mut grouped: FxHashMap<FnId, Vec<u32>> = FxHashMap::default();
    for (at, access) in accesses.iter().enumerate() {
        if let Some(function) = access.function {
            grouped.entry(outermost_of(context, function)).or_default().push(at as u32);
        }
    }
    grouped
}

/// Whether a call tells a query to lock the rows that it reads.
pub(super) fn is_row_lock(context: &Context<'_>, effect: &Effect) -> bool {
    let label = context.facts.record(effect.record).label.as_deref();
    effect.kind == Kind::Clause && matches!(label, Some("lock" | "lock-alone"))
}
