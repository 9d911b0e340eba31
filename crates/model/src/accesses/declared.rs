//! Methods without a body that a declaration stands for: those of repositories, and those that an annotation or a
//! mapper file gives a statement.

use base::{Evidence, FileRole};
use ir::{TypeId, TypeKind};
use program::{ExprRef, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Access, Does};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{AccessFact, Kind, RecordId};
use crate::mappers;

/// Calls of methods that interfaces of repositories declare without a body.
pub(super) fn by_repositories(context: &Context<'_>) -> Vec<Access> {
    let program = context.program;
    let mut bases: Vec<(RecordId, &str)> = Vec::new();
    for (id, record) in context.facts.records() {
        if record.kind == Kind::Query && record.access == Some(AccessFact::Declared) {
            bases.extend(record.names.iter().map(|n| (id, n.as_str())));
        }
    }
    let mut found = Vec::new();
    let classes = program.classes();
    for (class, info) in classes.all() {
        let external = classes.external_bases(class);
        let Some((record, _)) = bases.iter().find(|(_, name)| external.iter().any(|e| *e == *name)) else { continue };
        let methods = info.methods.values().flatten().filter(|m| program.function(**m).body.is_none());
        for method in methods {
            let item = program.function(*method);
            let Some(name) = item.name else { continue };
            let module = program.module(method.module);
            let (does, is_limited) = by_declaration(module, item, name.as_str());
            for site in program.callers(*method) {
                let module = program.module(site.module);
                if context.sources.file(module.file).role != FileRole::Production {
                    continue;
                }
                found.push(Access {
                    call: ExprRef { module: site.module, expr: site.expr },
                    span: module.expr_span(site.expr),
                    function: site.caller,
                    does,
                    is_lazy: false,
                    is_limited,
                    is_filtered: !item.params.is_empty(),
                    links: Vec::new(),
                    name: program.function_name(*method),
                    record: *record,
                    evidence: Evidence::Shown,
                });
            }
        }
    }
    found
}

/// Calls of methods that are given a statement, in an annotation or a mapper file, beside those that are known.
pub(super) fn by_statements(context: &Context<'_>, effects: &[Effect], known: &[Access]) -> Vec<Access> {
    let program = context.program;
    let mut records: Vec<(&str, RecordId)> = Vec::new();
    for (id, record) in context.facts.records() {
        if record.kind == Kind::Query
            && record.access == Some(AccessFact::Declared)
            && let Some(label) = record.label.as_deref()
        {
            records.push((label, id));
        }
    }
    let mut given: FxHashMap<FnId, (Does, RecordId)> = FxHashMap::default();
    let (annotated, methods) = mappers::bodiless(context);
    for effect in effects.iter().filter(|e| e.kind == Kind::Query) {
        let Some((label, record)) = records.iter().find(|(_, id)| *id == effect.record) else { continue };
        let Some(function) = annotated.get(&effect.call) else { continue };
        let text = context.sources.text(program.span(effect.call));
        given.insert(*function, (by_statement(context, *function, label, text), *record));
    }
    for (_, file) in context.sources.files().filter(|(_, f)| mappers::is_mapper(&f.path)) {
        for (method, tag, text) in mappers::statements(&file.text) {
            let Some((_, record)) = records.iter().find(|(label, _)| *label == tag) else { continue };
            for function in methods.get(&method).into_iter().flatten() {
                given.entry(*function).or_insert_with(|| (by_statement(context, *function, tag, text), *record));
            }
        }
    }
    made_of_statements(context, &records, &mut given);
    let mut found = Vec::new();
    for (function, (does, record)) in given {
        for site in program.callers(function) {
            let module = program.module(site.module);
            if context.sources.file(module.file).role != FileRole::Production {
                continue;
            }
            found.push(Access {
                call: ExprRef { module: site.module, expr: site.expr },
                span: module.expr_span(site.expr),
                function: site.caller,
                does,
                is_lazy: false,
                // what pages the rows may stand in a plugin
                is_limited: true,
                is_filtered: true,
                links: Vec::new(),
                name: program.function_name(function),
                record,
                evidence: Evidence::Shown,
            });
        }
    }
    let known: FxHashSet<ExprRef> = known.iter().map(|a| a.call).collect();
    found.retain(|a| !known.contains(&a.call));
    found.sort_by_key(|a| (a.span, a.call));
    found
}

/// Functions that a generator made of statements which stand in the same file, each below a line that says what the
/// function is called and what it gives: `-- name: FindUser :one`.
fn made_of_statements(
    context: &Context<'_>,
    records: &[(&str, RecordId)],
    given: &mut FxHashMap<FnId, (Does, RecordId)>,
) {
    let program = context.program;
    for id in program.ids() {
        let module = program.module(id);
        let file = context.sources.file(module.file);
        if file.role != FileRole::Generated {
            continue;
        }
        let named: FxHashMap<&str, (Does, &str)> = mappers::named_statements(&file.text)
            .into_iter()
            .map(|(name, gives, text)| (name, (by_first_word(gives, text), gives)))
            .collect();
        for (function, item) in module.functions().filter(|(_, f)| f.body.is_some()) {
            let Some((does, gives)) = item.name.and_then(|name| named.get(name.as_str())) else { continue };
            let Some((_, record)) = records.iter().find(|(label, _)| label == gives) else { continue };
            given.insert(FnId { module: id, function }, (*does, *record));
        }
    }
}

fn by_first_word(gives: &str, text: &str) -> Does {
    let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    match (word.as_str(), gives) {
        (_, "batch") => Does::InsertMany,
        ("insert", _) => Does::Insert,
        ("update", _) => Does::Update,
        ("delete", _) => Does::Delete,
        (_, "many") => Does::List,
        (_, "one") => Does::One,
        _ => Does::Other,
    }
}

/// What a statement does, by what it is declared as, by its text and by what the method gives.
fn by_statement(context: &Context<'_>, function: FnId, label: &str, text: &str) -> Does {
    let module = context.program.module(function.module);
    let item = context.program.function(function);
    match label {
        "insert"
            if text.contains("<foreach") || item.params.iter().filter_map(|p| p.ty).any(|t| is_many(module, t)) =>
        {
            Does::InsertMany
        }
        "many-rows" => Does::InsertMany,
        "insert" => Does::Insert,
        "update" | "changed" => Does::Update,
        "delete" => Does::Delete,
        _ if item.ret.is_some_and(|ty| is_many(module, ty)) => Does::List,
        _ => match item.name {
            Some(name) => by_declaration(module, item, name.as_str()).0,
            None => Does::One,
        },
    }
}

/// What a declared method does, by the words of its name and its result.
fn by_declaration(module: &ir::Module, item: &ir::Function, name: &str) -> (Does, bool) {
    let starts = |words: &[&str]| words.iter().any(|w| name.starts_with(w));
    let is_paged = |ty: TypeId| {
        let TypeKind::Named { path, .. } = &module.ty(ty).kind else { return false };
        let last = path.as_str().rsplit('.').next().unwrap_or_default();
        matches!(last, "Page" | "Slice" | "Pageable" | "PageRequest" | "Limit" | "Window")
    };
    let is_limited = item.ret.is_some_and(is_paged)
        || item.params.iter().filter_map(|p| p.ty).any(is_paged)
        || ["findTop", "findFirst"].iter().any(|w| name.starts_with(w));
    let does = if starts(&["count", "exists"]) {
        Does::Count
    } else if starts(&["delete", "remove"]) {
        Does::Delete
    } else if starts(&["save", "insert"]) {
        Does::Insert
    } else if item.ret.is_some_and(|ty| is_many(module, ty)) {
        Does::List
    } else if item.ret.is_none() || starts(&["update", "set", "mark", "increment"]) {
        Does::Update
    } else {
        Does::One
    };
    (does, is_limited)
}

fn is_many(module: &ir::Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Array(_) => true,
        TypeKind::Named { path, .. } => {
            let last = path.as_str().rsplit('.').next().unwrap_or_default();
            matches!(
                last,
                "List" | "Set" | "Collection" | "Iterable" | "Stream" | "Page" | "Slice" | "Flux" | "Streamable"
            )
        }
        _ => false,
    }
}
