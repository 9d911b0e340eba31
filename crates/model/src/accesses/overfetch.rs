//! Related rows that are loaded with each row and then only counted, or looked through for one.

use base::Symbol;
use ir::{Child, ExprId, ExprKind, Literal, Module};
use program::{ExprRef, ModuleId};
use rustc_hash::FxHashMap;

use super::Access;
use crate::adapters::Context;
use crate::stored::StoredThings;

/// How deep options of options are read.
const MAX_DEPTH: u32 = 5;

/// A relation that comes along for nothing but its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Overfetch {
    /// The access, among all.
    pub access: u32,
    /// The option that brings it.
    pub option: ExprRef,
    /// The relation.
    pub relation: Symbol,
    /// Where its rows are counted or looked through.
    pub uses: Vec<ExprRef>,
}

/// Finds them.
pub(crate) fn collect(context: &Context<'_>, stored: &StoredThings, accesses: &[Access]) -> Vec<Overfetch> {
    let is_many = |name: Symbol| {
        let named = |f: &crate::stored::StoredField| f.name == name && f.relation.as_ref().is_some_and(|r| r.is_many);
        stored.all.iter().any(|s| s.fields.iter().any(named))
    };
    let mut found: Vec<Overfetch> = Vec::new();
    for (at, access) in accesses.iter().enumerate().filter(|(_, a)| a.does.reads()) {
        let module = context.program.module(access.call.module);
        let mut options = Vec::new();
        for (call, _) in &access.links {
            let ExprKind::Call { args, .. } = &module.expr(*call).kind else { continue };
            args.iter().for_each(|a| brought(module, a.value, false, 0, &mut options));
        }
        for (option, relation) in options {
            if is_many(relation) {
                let option = ExprRef { module: access.call.module, expr: option };
                found.push(Overfetch { access: at as u32, option, relation, uses: Vec::new() });
            }
        }
    }
    if found.is_empty() {
        return found;
    }
    // nothing but its number is asked for, wherever it is used
    let mut uses: FxHashMap<Symbol, Option<Vec<ExprRef>>> = FxHashMap::default();
    found.iter().for_each(|o| drop(uses.insert(o.relation, Some(Vec::new()))));
    for id in context.program.ids() {
        add_uses(context, id, &mut uses);
    }
    found.retain_mut(|o| match &uses[&o.relation] {
        Some(all) if !all.is_empty() => {
            o.uses.clone_from(all);
            true
        }
        _ => false,
    });
    found
}

/// The entries below `include`, `with` and `relations` that bring a relation as it is: `favoritedBy: true`.
fn brought(module: &Module, value: ExprId, is_within: bool, depth: u32, found: &mut Vec<(ExprId, Symbol)>) {
    let ExprKind::Map(entries) = &module.expr(value).kind else { return };
    if depth > MAX_DEPTH {
        return;
    }
    for entry in entries {
        let Some(key) = entry.key.and_then(|k| module.string(k)) else { continue };
        let brings = matches!(key.as_str(), "include" | "with" | "relations" | "select");
        match &module.expr(entry.value).kind {
            ExprKind::Literal(Literal::Bool(true)) if is_within => found.push((entry.value, key)),
            ExprKind::Map(_) if key != "_count" => {
                brought(module, entry.value, is_within || brings, depth + 1, found);
            }
            _ => {}
        }
    }
}

/// Where the members of these names are used in a module; none where one is used for more than its number.
fn add_uses(context: &Context<'_>, id: ModuleId, uses: &mut FxHashMap<Symbol, Option<Vec<ExprRef>>>) {
    let module = context.program.module(id);
    if !module.language.is_ecmascript() || context.sources.file(module.file).role == base::FileRole::Test {
        return;
    }
    let is_wanted = |kind: &ExprKind| matches!(kind, ExprKind::Member { name, .. } if uses.contains_key(name));
    let members: Vec<ExprId> = module.exprs().filter(|(_, e)| is_wanted(&e.kind)).map(|(id, _)| id).collect();
    if members.is_empty() {
        return;
    }
    let mut parents: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for (parent, _) in module.exprs() {
        module.children(parent, |child| {
            if let Child::Expr(child) = child {
                parents.insert(child, parent);
            }
        });
    }
    for member in members {
        let ExprKind::Member { name, object, .. } = module.expr(member).kind else { continue };
        // the number itself
        if module.dotted(object).is_some_and(|o| o.ends_with("_count")) {
            continue;
        }
        let above = parents.get(&member).map(|p| &module.expr(*p).kind);
        let counts = matches!(above, Some(ExprKind::Member { name, .. })
            if matches!(name.as_str(), "length" | "some" | "every" | "includes"));
        let known = uses.entry(name).or_insert(None);
        match known {
            Some(all) if counts => all.push(ExprRef { module: id, expr: member }),
            _ => *known = None,
        }
    }
}
