//! What keeps a second one out, or expects that something does.

use base::Span;
use ir::{ExprId, ExprKind};
use program::FnId;

use super::Reader;

/// How many calls above a function may catch what it throws.
const MAX_CALLERS: usize = 3;

impl Reader<'_> {
    /// Whether something takes care that only one gets here at a time.
    pub(super) fn is_guarded(&self) -> bool {
        let text = self.context.sources.text(self.module.span(self.range()));
        if ["FOR UPDATE", "SERIALIZABLE", "Serializable", "advisory", "synchronized"].iter().any(|w| text.contains(w)) {
            return true;
        }
        let item = self.module.function(self.function.function);
        let annotations = item.annotations.iter().map(|a| self.module.expr(*a).range);
        let parts = annotations.chain([self.range()]);
        parts.flat_map(|range| self.module.exprs_within(range)).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => keeps_out(name.as_str()),
            _ => false,
        })
    }

    /// Whether what follows a write, or catches what it throws, speaks of a row that is there already.
    pub(super) fn is_taken_care_of(&self, write: ExprId) -> bool {
        let span = self.module.span(self.range());
        let start = self.module.expr(write).range.start.max(self.range().start);
        speaks_of_refusal(self.context.sources.text(Span { start, ..span }))
    }

    /// Whether that, what is called, or what calls this speaks of a row that is there already.
    pub(super) fn is_caught(&self, write: ExprId) -> bool {
        if self.is_taken_care_of(write) {
            return true;
        }
        let called = self.context.program.call(self.at(write));
        if called.is_some_and(|c| c.functions.iter().any(|f| self.refuses(*f))) {
            return true;
        }
        let mut level = vec![self.function];
        for _ in 0..MAX_CALLERS {
            let callers = level.iter().flat_map(|f| self.context.program.callers(*f)).filter_map(|c| c.caller);
            level = callers.take(12).collect();
            if level.iter().any(|f| self.refuses(*f)) {
                return true;
            }
        }
        false
    }

    /// Whether a function speaks of a row that is there already.
    fn refuses(&self, function: FnId) -> bool {
        let module = self.context.program.module(function.module);
        speaks_of_refusal(self.context.sources.text(module.span(module.function(function.function).range)))
    }
}

/// Whether a name speaks of a lock: `with_lock`, `asyncLock`, `mutex`; but not `block`, `clock` or `is_locked`.
pub(in crate::accesses) fn keeps_out(name: &str) -> bool {
    let parts = super::keys::parts(name);
    parts.iter().any(|p| {
        matches!(p.as_str(), "lock" | "locker" | "locking" | "mutex" | "semaphore" | "redlock" | "rwmutex" | "rwlock")
    }) || name.contains("lock!")
}

fn speaks_of_refusal(text: &str) -> bool {
    let plain = text.to_ascii_lowercase().replace("findunique", "").replace("find_unique", "");
    ["integrity", "duplicate", "unique", "p2002", "23505", "11000", "1062", "dbupdateexception", "constraint"]
        .iter()
        .any(|w| plain.contains(w))
}
