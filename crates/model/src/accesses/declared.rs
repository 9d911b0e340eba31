//! Methods that interfaces of repositories declare, and that a library writes.

use base::{Evidence, FileRole};
use ir::{TypeId, TypeKind};
use program::ExprRef;

use super::{Access, Does};
use crate::adapters::Context;
use crate::facts::{AccessFact, Kind, RecordId};

/// Calls of methods that interfaces of repositories declare without a body.
pub(super) fn collect(context: &Context<'_>) -> Vec<Access> {
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
