//! Which migrations there are, and in which order they run: Django's loader and graph.

use std::collections::{BTreeMap, BTreeSet};

use base::{FileRole, Language, Symbol};
use ir::{ExprKind, StmtKind};
use program::{ExprRef, ModuleId};

use super::fields::Reading;
use super::state::Key;
use crate::adapters::Context;
use crate::constants::Constant;

/// The label of an app, and the name of a migration.
pub(super) type NodeKey = (String, String);

/// A migration.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub app: String,
    pub name: String,
    pub module: ModuleId,
    pub dependencies: Vec<(NodeKey, ir::Range)>,
    pub operations: Vec<ExprRef>,
    pub is_atomic: bool,
    replaces: Vec<NodeKey>,
}

/// The label of the app that a file belongs to: the nearest folder around it that is one, by its configuration or its
/// migrations; else the folder above `models`, `migrations`, or the one it is in.
pub(crate) fn app_of(context: &Context<'_>, path: &str) -> String {
    let folder = app_folder(path);
    let is_app = |folder: &str| {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        ["apps.py", "migrations/__init__.py"]
            .iter()
            .any(|f| context.program.module_at(&format!("{prefix}{f}")).is_some())
    };
    let around = std::iter::successors(Some(folder), |f| f.rsplit_once('/').map(|(above, _)| above));
    label(context, around.into_iter().find(|f| is_app(f)).unwrap_or(folder))
}

fn app_folder(path: &str) -> &str {
    let parent = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut end = 0;
    for part in parent.split('/') {
        if end > 0 && (part.ends_with("migrations") || part == "models") {
            return parent[..end].trim_end_matches('/');
        }
        end += part.len() + 1;
    }
    parent
}

/// The label of the app in a folder: what its configuration says, or else the folder's name.
fn label(context: &Context<'_>, folder: &str) -> String {
    let by_name = || folder.rsplit('/').next().unwrap_or_default().to_owned();
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let program = context.program;
    let Some(id) = program.module_at(&format!("{prefix}apps.py")) else { return by_name() };
    let module = program.module(id);
    let said = module.classes().flat_map(|(_, c)| &c.fields).find(|f| f.name == "label").and_then(|f| f.init);
    said.and_then(|expr| context.string(ExprRef { module: id, expr })).map_or_else(by_name, |label| label.to_string())
}

/// Whether a file holds a migration.
fn is_migration(context: &Context<'_>, id: ModuleId) -> bool {
    let program = context.program;
    program.module(id).language == Language::Python
        && program.path(id).contains("migrations/")
        && context.imports(id, "django")
        && !matches!(context.sources.file(program.module(id).file).role, FileRole::Test | FileRole::Example)
}

/// The migrations of each project: the folder of its `manage.py`, and the migrations.
pub(super) fn projects(context: &Context<'_>, reading: &Reading<'_>) -> BTreeMap<String, Vec<Node>> {
    let mut roots: Vec<&str> = context
        .sources
        .files()
        .filter_map(|(_, f)| f.path.strip_suffix("manage.py").filter(|p| p.is_empty() || p.ends_with('/')))
        .collect();
    roots.sort_by_key(|r| std::cmp::Reverse(r.len()));
    let shortest = roots.last().map_or("", |r| r);
    let mut projects: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    for id in context.modules().filter(|m| is_migration(context, *m)) {
        let path = context.program.path(id);
        let root = roots.iter().find(|r| path.starts_with(*r)).copied().unwrap_or(shortest);
        if let Some(node) = node(context, reading, id) {
            projects.entry(root.trim_end_matches('/').to_owned()).or_default().push(node);
        }
    }
    projects
}

fn node(context: &Context<'_>, reading: &Reading<'_>, id: ModuleId) -> Option<Node> {
    let module = context.program.module(id);
    let (_, class) = module.classes().find(|(_, c)| c.name == "Migration")?;
    let path = context.program.path(id);
    let app = app_of(context, path);
    let name = path.rsplit('/').next()?.strip_suffix(".py")?.to_owned();
    let here = |expr: ir::ExprId| ExprRef { module: id, expr };
    let all = |wanted: &str| {
        let fields = class.fields.iter().filter(|f| f.name == wanted).filter_map(|f| f.init);
        let added = class.body.iter().filter_map(|s| match &module.stmt(*s).kind {
            StmtKind::Assign { target, value: Some(value), op: Some(_), .. } => {
                matches!(&module.expr(*target).kind, ExprKind::Name(n) if *n == wanted).then_some(*value)
            }
            _ => None,
        });
        let mut values: Vec<ir::ExprId> = fields.chain(added).collect();
        values.sort_by_key(|v| module.expr(*v).range.start);
        values.dedup();
        values.into_iter().flat_map(|v| reading.items(here(v))).collect::<Vec<_>>()
    };
    let pair = |at: ExprRef| -> Option<NodeKey> {
        let parts = reading.items(at);
        if let [app, name] = parts.as_slice() {
            return Some((reading.string(*app)?, reading.string(*name)?));
        }
        // `migrations.swappable_dependency(settings.AUTH_USER_MODEL)`
        let call = reading.call(at).filter(|c| c.name == "swappable_dependency")?;
        let (app, _) = reading.model_key(call.arg(0, "value")?, "", "")?;
        Some((app, "__first__".to_owned()))
    };
    let dependencies = all("dependencies").into_iter().filter_map(|d| Some((pair(d)?, reading.range(d)))).collect();
    let atomic = class.fields.iter().find(|f| f.name == "atomic").and_then(|f| f.init);
    let is_atomic = atomic.and_then(|a| context.constant(here(a))) != Some(Constant::Bool(false));
    let replaces = all("replaces").into_iter().filter_map(pair).collect();
    Some(Node { app, name, module: id, dependencies, operations: all("operations"), is_atomic, replaces })
}

/// The migrations in the order in which an empty database gets them.
pub(super) fn in_order(nodes: Vec<Node>) -> Vec<Node> {
    let mut by_key: BTreeMap<NodeKey, Node> = BTreeMap::new();
    for node in nodes {
        by_key.entry((node.app.clone(), node.name.clone())).or_insert(node);
    }
    let replaced = replaced(&by_key);
    let firsts = firsts(&by_key, &replaced);
    let mut parents: BTreeMap<NodeKey, BTreeSet<NodeKey>> = BTreeMap::new();
    for (key, node) in &by_key {
        let stands_for = final_of(key, &replaced);
        let to = parents.entry(stands_for.clone()).or_default();
        for (dependency, _) in &node.dependencies {
            let found = match dependency.1.as_str() {
                "__first__" => firsts.get(&dependency.0).cloned(),
                "__latest__" => by_key.keys().rfind(|k| k.0 == dependency.0 && !replaced.contains_key(*k)).cloned(),
                _ => Some(final_of(dependency, &replaced)),
            };
            to.extend(found.filter(|f| *f != stands_for && by_key.contains_key(f)));
        }
    }
    let children: BTreeSet<&NodeKey> =
        parents.iter().flat_map(|(key, own)| own.iter().filter(move |p| p.0 == key.0)).collect();
    let leaves: Vec<&NodeKey> = parents.keys().filter(|k| !children.contains(k)).collect();
    let mut order: Vec<NodeKey> = Vec::new();
    let mut done: BTreeSet<NodeKey> = BTreeSet::new();
    for leaf in leaves {
        visit(leaf, &parents, &mut done, &mut order);
    }
    for key in parents.keys() {
        visit(key, &parents, &mut done, &mut order);
    }
    order.into_iter().filter_map(|k| by_key.remove(&k)).collect()
}

/// Parents first, without recursion: chains are long.
fn visit(
    start: &NodeKey,
    parents: &BTreeMap<NodeKey, BTreeSet<NodeKey>>,
    done: &mut BTreeSet<NodeKey>,
    order: &mut Vec<NodeKey>,
) {
    let mut open: BTreeSet<NodeKey> = BTreeSet::new();
    let mut stack = vec![(start.clone(), false)];
    while let Some((key, is_ready)) = stack.pop() {
        if is_ready {
            if done.insert(key.clone()) {
                order.push(key);
            }
            continue;
        }
        if done.contains(&key) || !open.insert(key.clone()) {
            continue;
        }
        stack.push((key.clone(), true));
        let own = parents.get(&key).into_iter().flatten().rev();
        stack.extend(own.filter(|p| !done.contains(*p)).map(|p| (p.clone(), false)));
    }
}

/// Migrations that a squashed one stands for, with that one.
fn replaced(by_key: &BTreeMap<NodeKey, Node>) -> BTreeMap<NodeKey, NodeKey> {
    let mut replaced = BTreeMap::new();
    for (key, node) in by_key {
        for old in node.replaces.iter().filter(|old| *old != key) {
            replaced.insert(old.clone(), key.clone());
        }
    }
    replaced
}

fn final_of(key: &NodeKey, replaced: &BTreeMap<NodeKey, NodeKey>) -> NodeKey {
    let mut found = key;
    for _ in 0..20 {
        match replaced.get(found) {
            Some(next) => found = next,
            None => break,
        }
    }
    found.clone()
}

/// The first migration of each app: it depends on none of its app.
fn firsts(by_key: &BTreeMap<NodeKey, Node>, replaced: &BTreeMap<NodeKey, NodeKey>) -> BTreeMap<String, NodeKey> {
    let mut firsts = BTreeMap::new();
    for (key, node) in by_key.iter().filter(|(key, _)| !replaced.contains_key(*key)) {
        if !node.dependencies.iter().any(|(d, _)| d.0 == key.0) {
            firsts.entry(key.0.clone()).or_insert_with(|| key.clone());
        }
    }
    firsts
}

/// What the settings say of an option: the first text that is given to it.
pub(crate) fn setting(context: &Context<'_>, name: &str) -> Option<String> {
    let wanted = Symbol::new(name);
    for id in context.modules().filter(|m| context.program.module(*m).language == Language::Python) {
        let module = context.program.module(id);
        if !context.program.path(id).contains("settings") && !context.program.scopes(id).top.contains_key(&wanted) {
            continue;
        }
        for stmt in &module.body {
            if let StmtKind::Assign { target, value: Some(value), .. } = &module.stmt(*stmt).kind
                && matches!(&module.expr(*target).kind, ExprKind::Name(n) if *n == wanted)
                && let Some(text) = context.string(ExprRef { module: id, expr: *value })
            {
                return Some(text.to_string());
            }
        }
    }
    None
}

/// The model of users.
pub(crate) fn user_model(context: &Context<'_>) -> Key {
    let said = setting(context, "AUTH_USER_MODEL");
    let pair = said.as_deref().and_then(|s| s.split_once('.'));
    pair.map_or_else(|| ("auth".to_owned(), "user".to_owned()), |(app, name)| (app.to_owned(), name.to_lowercase()))
}
