//! What a function reaches through calls.

use program::FnId;
use rustc_hash::FxHashSet;

use crate::{Effect, Model};

/// How many functions a walk over the call graph visits.
const MAX_FUNCTIONS: usize = 400;

impl Model {
    /// A function and what it calls, nearest first, with functions nested in them; at most `depth` calls
    /// away and 400 in number.
    pub fn reachable(&self, from: FnId, depth: usize) -> Vec<FnId> {
        let mut seen: FxHashSet<FnId> = FxHashSet::default();
        let mut order = vec![(from, 0)];
        seen.insert(from);
        let mut at = 0;
        while at < order.len() && order.len() < MAX_FUNCTIONS {
            let (function, distance) = order[at];
            at += 1;
            for inner in self.nested(function) {
                if seen.insert(inner) {
                    order.push((inner, distance));
                }
            }
            if distance >= depth {
                continue;
            }
            for callee in self.callees(function) {
                if seen.insert(callee) {
                    order.push((callee, distance + 1));
                }
            }
        }
        order.into_iter().map(|(f, _)| f).collect()
    }

    /// The functions that stand directly in a function: lambdas, blocks, local functions.
    pub fn nested(&self, function: FnId) -> Vec<FnId> {
        let children = self.program.scopes(function.module).nested(function.function);
        children.iter().map(|id| FnId { module: function.module, function: *id }).collect()
    }

    /// The functions of the repository that a function's own calls name.
    pub fn callees(&self, function: FnId) -> Vec<FnId> {
        let mut found = Vec::new();
        for call in self.calls_in(function) {
            if let Some(callee) = self.program.call(call) {
                for function in &callee.functions {
                    if !found.contains(function) {
                        found.push(*function);
                    }
                }
            }
        }
        found
    }

    /// The calls that stand in a function, nested functions apart.
    pub fn calls_in(&self, function: FnId) -> Vec<program::ExprRef> {
        self.program.calls_in(function).iter().map(|e| program::ExprRef { module: function.module, expr: *e }).collect()
    }

    /// The effects of everything reachable from a function.
    pub fn effects_from(&self, function: FnId, depth: usize) -> Vec<&Effect> {
        self.reachable(function, depth).into_iter().flat_map(|f| self.effects_of(f)).collect()
    }
}
