//! Summaries of all functions, in rounds.

use std::collections::hash_map::Entry;

use base::Symbol;
use program::{ClassRef, FnId, Program};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Flow, Semantics,
    interpret::{Run, Summary},
    value::Value,
};

/// How far data is followed through functions that call each other.
const ROUNDS: usize = 8;

pub type Summaries = FxHashMap<FnId, Summary>;
/// Outside data in fields of objects.
pub type Fields = FxHashMap<(ClassRef, Symbol), Value>;

pub fn run(program: &Program, semantics: &dyn Semantics) -> Vec<Flow> {
    let mut fields = Fields::default();
    let mut summaries = settle(program, semantics, &fields, Summaries::default());
    // what methods keep in fields, other methods of the class read
    for (class, name, value) in kept(&summaries) {
        fields.entry((class, name)).or_default().join(&value);
    }
    if !fields.is_empty() {
        summaries = settle(program, semantics, &fields, summaries);
    }
    let tops: Vec<Vec<Flow>> = program
        .ids()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|id| Run::new(program, semantics, &summaries, &fields, id).top().flows)
        .collect();
    let mut flows: Vec<Flow> = tops.into_iter().flatten().collect();
    flows.extend(summaries.into_values().flat_map(|s| s.flows));
    shortest(program, flows)
}

fn kept(summaries: &Summaries) -> Vec<(ClassRef, Symbol, Value)> {
    let mut ids: Vec<&FnId> = summaries.keys().collect();
    ids.sort_unstable();
    ids.into_iter().flat_map(|id| summaries[id].kept.iter().cloned()).collect()
}

/// Computes summaries from those of the round before until none changes.
fn settle(program: &Program, semantics: &dyn Semantics, fields: &Fields, before: Summaries) -> Summaries {
    let mut summaries = before;
    let all: Vec<FnId> = program
        .ids()
        .flat_map(|module| program.module(module).functions().map(move |(function, _)| FnId { module, function }))
        .collect();
    let mut due: Vec<FnId> = all;
    for _ in 0..ROUNDS {
        let made: Vec<(FnId, Summary)> = due
            .par_iter()
            .map(|id| (*id, Run::new(program, semantics, &summaries, fields, id.module).function(id.function)))
            .collect();
        let mut changed: Vec<FnId> = Vec::new();
        for (id, summary) in made {
            match summaries.entry(id) {
                Entry::Occupied(mut known) => {
                    if known.get().shape() != summary.shape() {
                        changed.push(id);
                    }
                    known.insert(summary);
                }
                Entry::Vacant(free) => {
                    if !summary.shape().is_empty() {
                        changed.push(id);
                    }
                    free.insert(summary);
                }
            }
        }
        let mut next: FxHashSet<FnId> = FxHashSet::default();
        for id in changed {
            for site in program.callers(id) {
                // a lambda runs in the functions around it too
                let mut caller = site.caller;
                while let Some(at) = caller {
                    next.insert(at);
                    let parent = program.function(at).parent;
                    caller = parent.map(|function| FnId { module: at.module, function });
                }
            }
        }
        if next.is_empty() {
            break;
        }
        due = next.into_iter().collect();
        due.sort_unstable();
    }
    summaries
}

/// One flow for each dangerous call and kind: the shortest.
fn shortest(program: &Program, mut flows: Vec<Flow>) -> Vec<Flow> {
    flows.sort_by(|a, b| {
        let key = |f: &Flow| (program.span(f.sink), f.kind, f.steps.len(), f.source.span, f.source.place);
        key(a).cmp(&key(b)).then_with(|| {
            let spans = |f: &Flow| f.steps.iter().map(|s| s.span).collect::<Vec<_>>();
            spans(a).cmp(&spans(b))
        })
    });
    flows.dedup_by(|later, first| later.sink == first.sink && later.kind == first.kind);
    flows
}
