//! Summaries of all functions: from the callees up, then once more where fields carry data.

use std::sync::Arc;

use base::{Span, Symbol};
use program::{ClassRef, FnId, ModuleId, Program};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Flow, Flows, Kinds, Semantics, Sink,
    interpret::Run,
    order::Order,
    value::{From, Value, Way},
};

/// How often the functions of a circle are looked at.
const ROUNDS: usize = 4;

/// What several functions can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// A field of the objects of a class.
    Field(ClassRef, Symbol),
    /// A variable of a module.
    Global(ModuleId, Symbol),
}

/// Outside data in slots.
pub type Slots = FxHashMap<Slot, Value>;

/// A dangerous use of what a parameter holds.
#[derive(Clone, Debug)]
pub struct Use {
    pub sink: Sink,
    pub from: From,
    pub cleared: Kinds,
    pub way: Way,
}

/// What calling a function does to data.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What it gives back.
    pub returns: Value,
    /// What it does to `this` ([`crate::value::THIS`]) and its parameters.
    pub changes: Vec<(u8, Value)>,
    /// Dangerous uses of parameters.
    pub uses: Vec<Use>,
    /// Flows within it.
    pub flows: Vec<Flow>,
    /// Outside data kept where other functions see it.
    pub kept: Vec<(Slot, Value)>,
    /// Slots that it reads.
    pub reads: FxHashSet<Slot>,
    /// Parameters that are followed.
    pub entered: Vec<u8>,
    /// Parameters that are cleared when it comes back.
    pub checks: Vec<(u8, Kinds)>,
    /// Parameters that are called, and with what: `callback(null, rows)`.
    pub calls_back: Vec<(u8, Vec<Value>)>,
    /// Whether a bound cut it off.
    pub is_cut: bool,
}

impl Summary {
    fn shape(&self) -> Vec<(From, Kinds)> {
        let mut shape = Vec::new();
        self.returns.shape(&mut shape, 0);
        for (param, value) in &self.changes {
            shape.push((From::Param(*param, Default::default()), Kinds::ALL));
            value.shape(&mut shape, 0);
        }
        for (param, values) in &self.calls_back {
            shape.push((From::Param(*param, Default::default()), Kinds::NONE));
            values.iter().for_each(|v| v.shape(&mut shape, 0));
        }
        shape.extend(self.uses.iter().map(|u| (u.from, u.cleared.with(Kinds::only(u.sink.kind)))));
        shape.extend(self.checks.iter().map(|(param, kinds)| (From::Param(*param, Default::default()), *kinds)));
        shape
    }

    fn says_something(&self) -> bool {
        !self.returns.is_blank()
            || !self.changes.is_empty()
            || !self.uses.is_empty()
            || !self.checks.is_empty()
            || !self.calls_back.is_empty()
    }
}

/// The summaries so far.
pub struct Known {
    pub order: Order,
    summaries: Vec<Option<Arc<Summary>>>,
}

impl Known {
    pub fn of(&self, id: FnId) -> Option<&Summary> {
        self.summaries[self.order.number(id)].as_deref()
    }
}

pub fn run(program: &Program, semantics: &dyn Semantics) -> Flows {
    let order = Order::new(program, &|module| semantics.is_followed(module));
    let summaries = vec![None; order.len()];
    let mut known = Known { order, summaries };
    let mut slots = Slots::default();
    let mut every = vec![true; known.order.len()];
    settle(program, semantics, &mut known, &slots, &mut every);
    let followed: Vec<ModuleId> = program.ids().filter(|m| semantics.is_followed(*m)).collect();
    let top = |known: &Known, slots: &Slots, id| Run::new(program, semantics, known, slots, id).top();
    let mut tops: Vec<Summary> = followed.par_iter().map(|id| top(&known, &slots, *id)).collect();
    collect_kept(&known, &tops, &mut slots);
    if !slots.is_empty() {
        let mut due = readers(&known, &slots);
        settle(program, semantics, &mut known, &slots, &mut due);
        let is_due = |id: ModuleId, summary: &Summary| {
            summary.reads.iter().any(|slot| slots.contains_key(slot))
                || program.calls(id).any(|(_, call)| call.functions.iter().any(|f| due[known.order.number(*f)]))
        };
        tops = followed
            .into_par_iter()
            .zip(tops)
            .map(|(id, summary)| if is_due(id, &summary) { top(&known, &slots, id) } else { summary })
            .collect();
    }
    let mut flows: Vec<Flow> = tops.into_iter().flat_map(|t| t.flows).collect();
    let mut cut = Vec::new();
    for (number, summary) in known.summaries.iter().enumerate() {
        let Some(summary) = summary else { continue };
        flows.extend(summary.flows.iter().cloned());
        if summary.is_cut {
            cut.push(known.order.id(number as u32));
        }
    }
    Flows { all: shortest(program, flows), cut }
}

fn collect_kept(known: &Known, tops: &[Summary], slots: &mut Slots) {
    for summary in known.summaries.iter().flatten().map(AsRef::as_ref).chain(tops) {
        for (slot, value) in &summary.kept {
            slots.entry(*slot).or_default().join(value);
        }
    }
}

/// The functions that read a slot with outside data.
fn readers(known: &Known, slots: &Slots) -> Vec<bool> {
    known
        .summaries
        .par_iter()
        .map(|s| s.as_ref().is_some_and(|s| s.reads.iter().any(|slot| slots.contains_key(slot))))
        .collect()
}

/// Sums up the functions that are due, and those that call one whose summary changed.
fn settle(program: &Program, semantics: &dyn Semantics, known: &mut Known, slots: &Slots, due: &mut [bool]) {
    for level in 0..known.order.levels.len() {
        let mut now: Vec<u32> = known.order.levels[level].iter().copied().filter(|f| due[*f as usize]).collect();
        for round in 0..ROUNDS {
            let made: Vec<(u32, Summary)> = now
                .par_iter()
                .map(|number| {
                    let id = known.order.id(*number);
                    (*number, Run::new(program, semantics, known, slots, id.module).function(id.function))
                })
                .collect();
            let mut again: Vec<u32> = Vec::new();
            for (number, summary) in made {
                let before = &known.summaries[number as usize];
                let changed = match before {
                    Some(before) => before.shape() != summary.shape(),
                    None => summary.says_something(),
                };
                if changed {
                    for caller in known.order.callers(number) {
                        due[*caller as usize] = true;
                        // callers in the same circle are of the same level
                        if known.order.in_circle[number as usize] && known.order.in_circle[*caller as usize] {
                            again.push(*caller);
                        }
                    }
                }
                known.summaries[number as usize] = Some(Arc::new(summary));
            }
            let here: FxHashSet<u32> = known.order.levels[level].iter().copied().collect();
            again.retain(|f| here.contains(f));
            again.sort_unstable();
            again.dedup();
            if again.is_empty() || round + 1 == ROUNDS {
                break;
            }
            now = again;
        }
    }
}

/// One flow for each dangerous call, kind and place of entry: the shortest.
fn shortest(program: &Program, mut flows: Vec<Flow>) -> Vec<Flow> {
    let place =
        |f: &Flow| -> (Span, crate::Kind, crate::Place) { (program.span(f.sink.at), f.sink.kind, f.source.place) };
    flows.sort_by(|a, b| {
        place(a)
            .cmp(&place(b))
            .then_with(|| a.source.is_part.cmp(&b.source.is_part))
            .then_with(|| a.steps.len().cmp(&b.steps.len()))
            .then_with(|| a.source.cmp(&b.source))
            .then_with(|| a.steps.cmp(&b.steps))
            .then_with(|| a.sink.cmp(&b.sink))
    });
    flows.dedup_by(|later, first| {
        later.sink.at == first.sink.at
            && later.sink.kind == first.sink.kind
            && later.source.place == first.source.place
            && later.source.is_part == first.source.is_part
    });
    flows
}
