//! What is gone through: whether it is a list at all, and whether it may be long.

use base::Language;
use ir::{BinaryOp, ExprId, ExprKind, FunctionId, Literal, TypeKind};
use program::{Binding, ExprRef, Value};

use crate::adapters::Context;

/// How many links of a chain are looked at.
const MAX_CHAIN: usize = 24;

/// Whether what functions are called with the elements of is a list at all: where the language has methods of the
/// same names on single values, or on queries, the chain must say so.
pub(super) fn is_list(context: &Context<'_>, over: ExprRef, callback: Option<FunctionId>) -> bool {
    match context.program.module(over.module).language {
        Language::Java => !is_single_in_java(context, over),
        Language::Rust => is_iterator(context, over),
        Language::CSharp => is_in_memory(context, over, callback),
        _ => true,
    }
}

/// Java: `optional.map(…)`, `mono.flatMap(…)`, and chains that neither say stream nor flux.
fn is_single_in_java(context: &Context<'_>, over: ExprRef) -> bool {
    let module = context.program.module(over.module);
    let mut at = over.expr;
    for _ in 0..MAX_CHAIN {
        let ExprKind::Call { callee, .. } = &module.expr(at).kind else { break };
        let ExprKind::Member { object, name, .. } = module.expr(*callee).kind else { break };
        match name.as_str() {
            "stream" | "parallelStream" | "flatMapMany" | "flatMapIterable" | "fromIterable" | "fromStream"
            | "fromArray" | "boxed" | "mapToObj" => return false,
            // what makes one of many
            "collectList" | "collectMap" | "collect" | "next" | "single" | "singleOrEmpty" | "then" | "thenReturn"
            | "reduce" | "count" | "last" | "findFirst" | "findAny" | "max" | "min" | "just" | "justOrEmpty"
            | "fromCallable" | "fromSupplier" | "ofNullable" => return true,
            _ => {}
        }
        let call = ExprRef { module: over.module, expr: at };
        let own = context.program.call(call).into_iter().flat_map(|c| &c.functions).find_map(|f| {
            let ret = context.program.function(*f).ret?;
            match &context.program.module(f.module).ty(ret).kind {
                TypeKind::Named { path, .. } => path.as_str().rsplit('.').next(),
                _ => None,
            }
        });
        if let Some(given) = own {
            return !matches!(given, "Flux" | "Stream" | "List" | "Set" | "Collection" | "Iterable" | "Multi");
        }
        at = object;
    }
    if let ExprKind::Call { .. } = module.expr(over.expr).kind {
        let text = context.sources.text(context.program.span(over));
        return !text.contains("tream(") && !text.contains("Flux.");
    }
    declared_type(context, over)
        .is_some_and(|name| matches!(name, "Mono" | "Optional" | "CompletableFuture" | "Uni" | "Try" | "Option"))
}

/// The last name of the type that a variable is declared with.
fn declared_type<'c>(context: &Context<'c>, at: ExprRef) -> Option<&'c str> {
    let module = context.program.module(at.module);
    let ExprKind::Name(name) = &module.expr(at.expr).kind else { return None };
    let scopes = context.program.scopes(at.module);
    let mut function = scopes.owner(at.expr).function;
    while let Some(id) = function {
        if let Some(bindings) = scopes.functions[id.0 as usize].get(name) {
            let ty = bindings.iter().find_map(|b| match b {
                Binding::Typed(ty) => Some(*ty),
                Binding::Param(function, at, path) if path.is_empty() => {
                    module.function(*function).params.get(*at as usize)?.ty
                }
                _ => None,
            })?;
            return match &module.ty(ty).kind {
                TypeKind::Named { path, .. } => path.as_str().rsplit('.').next(),
                TypeKind::Optional(_) => Some("Optional"),
                _ => None,
            };
        }
        function = module.function(id).parent;
    }
    None
}

/// Rust: `xs.iter().map(…)`, also where a variable holds the first links.
fn is_iterator(context: &Context<'_>, over: ExprRef) -> bool {
    let module = context.program.module(over.module);
    if context.sources.text(context.program.span(over)).contains("iter") {
        return matches!(module.expr(over.expr).kind, ExprKind::Call { .. });
    }
    let mut at = over.expr;
    for _ in 0..MAX_CHAIN {
        at = match &module.expr(at).kind {
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Member { object, .. } => *object,
            ExprKind::Name(_) => {
                let made = context.program.definition(ExprRef { module: over.module, expr: at });
                return made.is_some_and(|made| {
                    let text = context.sources.text(context.program.span(made));
                    // what ends an iterator gives something else
                    let is_ended = ["collect", "unwrap", ".next()", ".sum", ".fold(", ".max(", ".min(", ".find("];
                    text.contains("iter()") && !is_ended.iter().any(|w| last_link(text).contains(w))
                });
            }
            _ => return false,
        };
    }
    false
}

/// The last link of a chain, closures left out: `.zip(ys)`.
fn last_link(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' | '}' | ']' => depth += 1,
            '(' | '{' | '[' => depth -= 1,
            '.' if depth == 0 => return &text[at..],
            _ => {}
        }
    }
    text
}

/// C#: what has been read, and no query that the database goes through itself.
fn is_in_memory(context: &Context<'_>, over: ExprRef, callback: Option<FunctionId>) -> bool {
    let module = context.program.module(over.module);
    // no query can hold what waits
    if callback.is_some_and(|f| module.function(f).is_async) {
        return true;
    }
    let reads = |text: &str| ["ToList", "ToArray", "AsEnumerable", "ToDictionary"].iter().any(|w| text.contains(w));
    if reads(context.sources.text(context.program.span(over))) {
        return true;
    }
    let values = context.program.evaluator(over.module, context.facts).eval(over.expr);
    values.iter().any(|v| match v {
        Value::ExternalInstance(name) | Value::External(name) => {
            let last = name.as_str().rsplit(['.', '#']).next().unwrap_or_default();
            let is_list = matches!(
                last,
                "List"
                    | "IList"
                    | "IReadOnlyList"
                    | "ICollection"
                    | "IReadOnlyCollection"
                    | "HashSet"
                    | "ISet"
                    | "Array"
            );
            is_list || reads(name.as_str())
        }
        _ => false,
    })
}

/// Whether a list is not one of a few that the code itself writes down, nor one of batches.
pub(super) fn may_be_long(context: &Context<'_>, iter: ExprRef) -> bool {
    let module = context.program.module(iter.module);
    let is_long = |expr: ExprId| may_be_long(context, ExprRef { module: iter.module, expr });
    match &module.expr(iter.expr).kind {
        ExprKind::List(items) => items.iter().any(|i| matches!(module.expr(*i).kind, ExprKind::Spread(_))),
        ExprKind::Map(_) | ExprKind::Literal(_) => false,
        // `FIELDS[::-1]`
        ExprKind::Index { object, index } if matches!(module.expr(*index).kind, ExprKind::List(_)) => is_long(*object),
        ExprKind::Binary { op: BinaryOp::Range, right, .. } => {
            !matches!(module.expr(*right).kind, ExprKind::Literal(Literal::Int(_)))
        }
        ExprKind::Call { callee, args, .. } => {
            let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
                return true;
            };
            let plain = name.as_str().to_ascii_lowercase().replace('_', "");
            let in_batches = ["chunk", "batch", "slice", "partition", "ingroups", "window", "stepby", "page"];
            let is_stepped = plain == "range"
                && (args.len() == 3
                    || args.iter().all(|a| matches!(module.expr(a.value).kind, ExprKind::Literal(Literal::Int(_)))));
            // `xs.items()`, `enumerate(xs)`, `Object.keys(xs)`: as what they go through
            let inner = match (plain.as_str(), &module.expr(*callee).kind) {
                (
                    "items" | "keys" | "values" | "entries" | "iter" | "intoiter" | "stream" | "each" | "withindex"
                    | "eachwithindex",
                    ExprKind::Member { object, .. },
                ) if args.is_empty() => Some(*object),
                (
                    "enumerate" | "sorted" | "reversed" | "list" | "set" | "keys" | "values" | "entries" | "of"
                    | "aslist",
                    _,
                ) if args.len() == 1 => Some(args[0].value),
                ("of" | "aslist" | "values", _) => return false,
                _ => None,
            };
            !is_stepped && !in_batches.iter().any(|w| plain.contains(w)) && inner.is_none_or(is_long)
        }
        ExprKind::Name(name) if is_of_batches(name.as_str()) => false,
        _ => {
            let constant = context.program.definition(iter).is_some_and(|d| {
                let module = context.program.module(d.module);
                matches!(&module.expr(d.expr).kind, ExprKind::List(items) if !items.is_empty()
                    && !items.iter().any(|i| matches!(module.expr(*i).kind, ExprKind::Spread(_))))
                    || matches!(&module.expr(d.expr).kind, ExprKind::Map(entries) if !entries.is_empty())
            });
            !constant
        }
    }
}

/// `for batch in batches`: what is asked for each of them is asked for many at once.
fn is_of_batches(list: &str) -> bool {
    let plain = list.to_ascii_lowercase();
    ["batches", "chunks"].iter().any(|w| plain.ends_with(w))
}
