//! Functions that are given to calls: lambdas, blocks, functions by their name.

use ir::{ExprId, ExprKind, UnaryOp};
use program::FnId;
use smallvec::SmallVec;

use crate::{
    Event, Meaning,
    calls::Call,
    interpret::Run,
    names::{answers_about, gives_items, makes_numbers},
    places::harmful,
    value::{From, Key, Taint, Value},
};

impl Run<'_> {
    /// Whether what a function makes of the items is all that is left of them: `keys.map(k -> COLUMNS.get(k))`,
    /// `ids.map(&:to_i)`, `ids.map(Number)`.
    fn is_made_anew(&self, call: &Call<'_>, lambdas: usize) -> bool {
        if !gives_items(call.name()) || !call.functions.is_empty() {
            return false;
        }
        match call.args {
            [] => lambdas == 1,
            [given] => match self.module.expr(given.value).kind {
                ExprKind::Lambda(_) => lambdas == 1,
                ExprKind::Unary { op: UnaryOp::Ref, operand } => {
                    self.module.string(operand).is_some_and(|name| answers_about(name.as_str()))
                }
                ExprKind::Name(name) | ExprKind::Member { name, .. } => makes_numbers(name.as_str()),
                _ => false,
            },
            _ => false,
        }
    }

    /// Lambdas and functions that are given to the call run with what it holds.
    pub fn callbacks(
        &mut self,
        call: &Call<'_>,
        block: Option<ir::FunctionId>,
        meanings: &[Meaning],
        mut value: Value,
    ) -> Value {
        let answers = meanings.iter().any(|m| matches!(m, Meaning::Answers)) && !call.asks_a_chosen_one(meanings);
        let module = self.module;
        let known = self.known;
        // what a function of the repository calls it with is known
        let is_called = |at: usize| {
            let calls =
                |f: &FnId| known.of(*f).is_some_and(|s| s.calls_back.iter().any(|(number, _)| *number as usize == at));
            !call.functions.is_empty() && call.functions.iter().all(calls)
        };
        let lambdas: SmallVec<[ir::FunctionId; 2]> = call
            .args
            .iter()
            .enumerate()
            .filter(|(at, _)| !is_called(*at))
            .filter_map(|(_, a)| match module.expr(a.value).kind {
                ExprKind::Lambda(function) => Some(function),
                _ => None,
            })
            .chain(block)
            .collect();
        let source = meanings.iter().any(|m| matches!(m, Meaning::Source(_) | Meaning::Request(_)));
        let is_made_anew = self.is_made_anew(call, lambdas.len());
        let given = match answers {
            true => Value::default(),
            false if source || !is_made_anew && value.is_from_outside() && call.functions.is_empty() => value.clone(),
            false => {
                let mut given = call.receiver.element();
                given.taints.retain(|t| !matches!(t.from, From::Request(_)));
                if call.receiver.taints.iter().any(|t| matches!(t.from, From::Request(_))) {
                    // `request.files.map(file => …)`
                    given.join(&self.part(&call.receiver, Key::Any, call.expr));
                }
                // an object that is handed on to the function keeps its fields apart
                let is_object = |v: &Value| {
                    self.module.language == base::Language::Go
                        && !v.parts().is_empty()
                        && v.parts().iter().all(|(key, _)| matches!(key, Key::Name(_)))
                };
                call.values.iter().for_each(|v| {
                    let mut flat = if is_object(v) { v.clone() } else { v.flat() };
                    flat.taints.retain(|t| !matches!(t.from, From::Request(_)));
                    given.join(&flat);
                });
                given.constant = None;
                given
            }
        };
        if is_made_anew {
            value = Value::default();
        }
        for function in lambdas {
            let back = self.lambda(function, Some(&given));
            if back.is_tainted() && call.functions.is_empty() && !answers && !answers_about(call.name()) {
                match gives_items(call.name()) && !back.parts().is_empty() {
                    // each item keeps its fields
                    true => value.part_mut(Key::Any).join(&back),
                    false => value.join(&back.flat()),
                }
                value.constant = None;
            }
        }
        if call.functions.is_empty() && given.is_tainted() {
            for arg in call.args {
                let Some(function) = self.function_named(arg.value) else { continue };
                let back = self.apply(function, call.expr, &|_| given.clone());
                if back.is_tainted() && !answers {
                    value.join(&back.flat());
                    value.constant = None;
                }
            }
        }
        value
    }

    /// A function that is called with one value for each parameter.
    pub fn apply(&mut self, function: FnId, at: ExprId, give: &dyn Fn(u8) -> Value) -> Value {
        let known = self.known;
        let Some(summary) = known.of(function) else { return Value::default() };
        let step = self.step(at, Event::Passed);
        for used in &summary.uses {
            let From::Param(number, path) = used.from else { continue };
            let given = self.along(&give(number), path, at);
            self.used(used, &given, step);
        }
        let back = self.step(at, Event::Returned);
        let run: &Run<'_> = self;
        summary.returns.put_in(&|number, path| run.along(&give(number), path, at), back, 0)
    }

    /// A dangerous use of a parameter that gets a value.
    pub fn used(&mut self, used: &crate::summaries::Use, given: &Value, step: crate::Step) {
        let mut found: Vec<Taint> = Vec::new();
        harmful(used.sink.kind, given, &mut |t| found.push(t.clone()));
        for taint in found {
            let way = taint.way.then(step).followed_by(&used.way);
            self.reach(used.sink, taint.from, taint.cleared.with(used.cleared), &way);
        }
    }
}
