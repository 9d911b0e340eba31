//! The revisions of each folder, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};

use base::{FileRole, Language};
use ir::{ExprKind, FunctionId, StmtKind};
use program::{ExprRef, ModuleId};

use crate::adapters::Context;
use crate::constants::Constant;

/// A revision.
pub(super) struct Revision {
    pub id: String,
    pub name: String,
    pub module: ModuleId,
    pub upgrade: Option<FunctionId>,
    pub is_reversible: bool,
    before: Vec<String>,
}

/// The revisions by folder.
pub(super) fn folders(context: &Context<'_>) -> BTreeMap<String, Vec<Revision>> {
    let mut folders: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
    for id in context.modules().filter(|m| context.program.module(*m).language == Language::Python) {
        let role = context.sources.file(context.program.module(id).file).role;
        let path = context.program.path(id);
        if matches!(role, FileRole::Test | FileRole::Example)
            || !context.program.scopes(id).top.contains_key(&"down_revision".into())
        {
            continue;
        }
        if let Some(revision) = revision(context, id) {
            folders.entry(folder_of(path)).or_default().push(revision);
        }
    }
    folders
}

/// The folder of all revisions: `versions`, or else the one that the file is in.
fn folder_of(path: &str) -> String {
    let parent = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match format!("{parent}/").find("/versions/") {
        Some(at) => parent[..at + "/versions".len()].to_owned(),
        None => parent.to_owned(),
    }
}

fn revision(context: &Context<'_>, id: ModuleId) -> Option<Revision> {
    let module = context.program.module(id);
    let value = |wanted: &str| {
        module.body.iter().find_map(|s| match &module.stmt(*s).kind {
            StmtKind::Assign { target, value: Some(value), .. } => {
                let is_it = matches!(&module.expr(*target).kind, ExprKind::Name(n) if *n == wanted);
                is_it.then(|| context.constant(ExprRef { module: id, expr: *value }))?
            }
            _ => None,
        })
    };
    let texts = |value: Option<Constant>| match value {
        Some(Constant::Str(text)) => vec![text.to_string()],
        Some(Constant::List(all)) => all.iter().map(Constant::text).collect(),
        _ => Vec::new(),
    };
    let own = texts(value("revision")).into_iter().next()?;
    let mut before = texts(value("down_revision"));
    before.extend(texts(value("depends_on")));
    let function = |name: &str| {
        let named = |(_, f): &(FunctionId, &ir::Function)| {
            f.parent.is_none() && f.class.is_none() && f.name.is_some_and(|n| n == name)
        };
        module.functions().find(named)
    };
    let down = function("downgrade").and_then(|(_, f)| f.body.clone());
    let is_reversible = down.is_some_and(|body| {
        body.iter().any(|s| match &module.stmt(*s).kind {
            StmtKind::Throw(_) => false,
            StmtKind::Expr(e) => !matches!(module.expr(*e).kind, ExprKind::Literal(_)),
            _ => true,
        }) && !body.iter().any(|s| matches!(module.stmt(*s).kind, StmtKind::Throw(_)))
    });
    let file = context.program.path(id).rsplit('/').next()?.trim_end_matches(".py");
    Some(Revision {
        name: file.trim_start_matches(own.as_str()).trim_start_matches('_').to_owned(),
        id: own,
        module: id,
        upgrade: function("upgrade").map(|(id, _)| id),
        is_reversible,
        before,
    })
}

/// Each after those that it names; of several that may come, the one whose chain was begun.
pub(super) fn in_order(revisions: Vec<Revision>) -> Vec<Revision> {
    let mut by_id: BTreeMap<String, Revision> = BTreeMap::new();
    for revision in revisions {
        by_id.entry(revision.id.clone()).or_insert(revision);
    }
    // `down_revision` may be the beginning of an id
    let ids: Vec<String> = by_id.keys().cloned().collect();
    let whole = |part: &String| match by_id.contains_key(part) {
        true => Some(part.clone()),
        false => ids.iter().find(|id| part.len() >= 4 && id.starts_with(part.as_str())).cloned(),
    };
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut next: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, revision) in &by_id {
        let before: BTreeSet<String> = revision.before.iter().filter_map(whole).collect();
        for one in &before {
            next.entry(one.clone()).or_default().push(id.clone());
        }
        waits.insert(id.clone(), before);
    }
    let mut ready: Vec<String> = waits.iter().filter(|(_, w)| w.is_empty()).map(|(id, _)| id.clone()).rev().collect();
    let mut order = Vec::new();
    while let Some(id) = ready.pop() {
        for follower in next.get(&id).into_iter().flatten().rev() {
            let Some(waiting) = waits.get_mut(follower) else { continue };
            waiting.remove(&id);
            if waiting.is_empty() {
                ready.push(follower.clone());
            }
        }
        order.push(id);
    }
    order.into_iter().filter_map(|id| by_id.remove(&id)).collect()
}

/// The naming convention of the project's metadata.
pub(crate) fn naming_convention(context: &Context<'_>) -> Vec<(String, String)> {
    for id in context.modules().filter(|m| context.program.module(*m).language == Language::Python) {
        if !context.imports(id, "sqlalchemy")
            && !context.imports(id, "flask_sqlalchemy")
            && !context.imports(id, "sqlmodel")
        {
            continue;
        }
        let module = context.program.module(id);
        for (_, expr) in module.exprs() {
            let ExprKind::Map(entries) = &expr.kind else { continue };
            let pair = |entry: &ir::Entry| {
                let key = module.string(entry.key?)?;
                let value = context.string(ExprRef { module: id, expr: entry.value })?;
                let known = ["ix", "uq", "ck", "fk", "pk"].contains(&key.as_str()) && value.as_str().contains("%(");
                known.then(|| (key.to_string(), value.to_string()))
            };
            let pairs: Vec<(String, String)> = entries.iter().filter_map(pair).collect();
            if pairs.len() >= 2 {
                return pairs;
            }
        }
    }
    Vec::new()
}
