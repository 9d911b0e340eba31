//! Handlers that no route was found for.

use flow::Holds;
use program::FnId;
use rustc_hash::FxHashMap;

use super::{Meanings, meaning};
use crate::adapters::Context;
use crate::facts::Kind;

/// Functions that are given parts of the request and give back an answer, though no route of theirs was found:
/// they are registered while the program runs.
pub(super) fn handlers(
    context: &Context<'_>,
    params: &FxHashMap<(FnId, u32), Holds>,
    returns: &mut FxHashMap<FnId, Meanings>,
) {
    let mut functions: Vec<FnId> = params
        .iter()
        .filter(|((function, at), holds)| {
            let module = context.program.module(function.module);
            module.language == base::Language::Java
                && matches!(holds, Holds::Data(_))
                && !returns.contains_key(function)
                && module
                    .function(function.function)
                    .params
                    .get(*at as usize)
                    .is_some_and(|p| !p.annotations.is_empty())
        })
        .map(|((function, _), _)| *function)
        .collect();
    functions.sort();
    functions.dedup();
    for function in functions {
        let Some(class) = context.program.classes().class_of(function) else { continue };
        let Some(gives) = crate::adapters::spring::gives(context, class, function) else { continue };
        for (id, record) in context.facts.records() {
            if record.gives == Some(gives)
                && record.kind == Kind::Sink
                && let Some(meaning) = meaning(id, record)
            {
                returns.entry(function).or_default().push(meaning);
            }
        }
    }
}
