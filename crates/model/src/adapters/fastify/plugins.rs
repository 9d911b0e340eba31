//! Which functions are registered as plugins: by name, by import, from a directory.

use base::Symbol;
use ir::{ExprKind, Literal};
use program::{ExprRef, FnId, ModuleId, Value};

use super::super::Context;
use super::entry;
use crate::adapters::express::brace;
use crate::entities::join_path;

/// A function that is given an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plugin {
    pub function: FnId,
    /// Whether it works on its parent: `fp(…)`.
    pub is_parents: bool,
}

/// A plugin found in a directory.
#[derive(Debug)]
pub(super) struct Loaded {
    pub plugin: Plugin,
    pub prefix: String,
    /// The plugins that set hooks for its directory.
    pub hooks: Vec<FnId>,
}

/// The plugins that an expression stands for.
pub(super) fn plugins_of(context: &Context<'_>, at: ExprRef) -> Vec<Plugin> {
    let mut found: Vec<Plugin> = Vec::new();
    for origin in context.origins(at) {
        let module = context.program.module(origin.module);
        let plugin = match &module.expr(origin.expr).kind {
            ExprKind::Call { args, .. } if calls(context, origin, "fastify-plugin") => {
                let inner = args.first().map(|a| ExprRef { module: origin.module, expr: a.value });
                let function = inner.and_then(|at| context.function(at));
                function.map(|function| Plugin { function, is_parents: true })
            }
            _ => context.function(origin).map(|function| Plugin { function, is_parents: false }),
        };
        found.extend(plugin);
    }
    if found.is_empty() {
        // `import('./routes/users.js')`, `import * as users`
        let namespaces = context.eval(at).into_iter().filter_map(|v| match v {
            Value::Namespace(path) => context.program.module_at(path.as_str()),
            _ => None,
        });
        found.extend(namespaces.chain(imported(context, at)).flat_map(|module| exported(context, module)));
    }
    found.dedup();
    found
}

/// `import('./users.js')`
fn imported(context: &Context<'_>, at: ExprRef) -> Option<ModuleId> {
    let module = context.program.module(at.module);
    let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
    let is_import = matches!(module.expr(*callee).kind, ExprKind::Name(n) if n == "import");
    let specifier = args.first().filter(|_| is_import).and_then(|a| module.string(a.value))?;
    context.program.module_named(at.module, specifier.as_str())
}

fn exported(context: &Context<'_>, module: ModuleId) -> Vec<Plugin> {
    let mut found: Vec<Plugin> = Vec::new();
    for export in context.program.exported_from(module) {
        let is_call_of_itself = export.module == module;
        found.extend(plugins_of(context, export).into_iter().filter(|_| is_call_of_itself));
    }
    if found.is_empty() {
        // `export default async function (fastify) { … }`
        let scopes = context.program.scopes(module);
        let declared = scopes.top.get(&Symbol::new("default")).into_iter().flatten();
        found.extend(declared.filter_map(|b| match b {
            program::Binding::Function(function) => {
                Some(Plugin { function: FnId { module, function: *function }, is_parents: false })
            }
            _ => None,
        }));
    }
    if found.is_empty() {
        // `export default async function orders (fastify) { … }`
        let items = context.program.module(module).functions().filter(|(_, f)| f.parent.is_none());
        let all = items.into_iter().map(|(function, _)| FnId { module, function });
        let meant = all.filter(|f| super::tree::is_meant_as_plugin(context, super::Instance::Plugin(*f)));
        found.extend(meant.map(|function| Plugin { function, is_parents: false }));
    }
    found.dedup();
    found
}

fn calls(context: &Context<'_>, at: ExprRef, library: &str) -> bool {
    let is = |name: &Symbol| {
        name.as_str().strip_prefix(library).is_some_and(|rest| matches!(rest, "" | ".default" | ".fastifyPlugin"))
    };
    context.program.call(at).is_some_and(|c| c.external.iter().any(is))
}

/// Whether plugins are loaded from a directory.
pub(super) fn is_autoload(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| {
        matches!(v, Value::External(name) | Value::ExternalInstance(name)
            if ["@fastify/autoload", "fastify-autoload"].iter().any(|l| name.as_str().starts_with(l)))
    })
}

/// The plugins of a directory: directories are prefixes, files are not.
pub(super) fn autoloaded(context: &Context<'_>, options: ExprRef) -> Vec<Loaded> {
    let Some(dir) = entry(context, options, "dir").and_then(|d| directory(context, d)) else { return Vec::new() };
    let says = |key: &str, yes: bool| {
        let given = entry(context, options, key).map(|at| &context.program.expr(at).kind);
        matches!(given, Some(ExprKind::Literal(Literal::Bool(b))) if *b == yes)
    };
    let given = entry(context, options, "options").and_then(|o| entry(context, o, "prefix"));
    let base = given.and_then(|p| context.string(p)).map(|p| brace(p.as_str())).unwrap_or_default();
    let (has_hooks, cascades) = (says("autoHooks", true), says("cascadeHooks", true));
    let (no_prefixes, has_params) = (says("dirNameRoutePrefix", false), says("routeParams", true));
    let mut files: Vec<(ModuleId, &str, &str)> = Vec::new();
    for id in context.modules().filter(|m| context.program.module(*m).language.is_ecmascript()) {
        let Some(inner) = context.program.path(id).strip_prefix(dir.as_str()) else { continue };
        let (folder, file) = inner.rsplit_once('/').unwrap_or(("", inner));
        files.push((id, folder, file.split_once('.').map_or(file, |(stem, _)| stem)));
    }
    let is_hooks = |file: &str| has_hooks && file.eq_ignore_ascii_case("autohooks");
    let has_index = |folder: &str| files.iter().any(|(_, f, file)| *f == folder && *file == "index");
    let mut found = Vec::new();
    for (id, folder, file) in files.iter().filter(|(_, _, file)| !is_hooks(file)) {
        // the index of a folder stands for all of its files
        if *file != "index" && has_index(folder) {
            continue;
        }
        let own = |name: &str| {
            let values = context.program.named_values(*id, Symbol::new(name));
            values.into_iter().find_map(|(module, expr)| context.string(ExprRef { module, expr }))
        };
        let mut prefix = String::new();
        if let Some(instead) = own("prefixOverride") {
            prefix.push_str(&brace(instead.as_str()));
        } else {
            for part in folder.split('/').filter(|p| !p.is_empty() && !no_prefixes) {
                let part =
                    part.strip_prefix('_').filter(|_| has_params).map_or(part.to_owned(), |p| format!("{{{p}}}"));
                prefix = join_path(&prefix, &format!("/{part}"));
            }
            if let Some(more) = own("autoPrefix") {
                prefix = join_path(&prefix, &brace(more.as_str()));
            }
        }
        let above = |hooks: &str| match cascades {
            true => hooks.is_empty() || *folder == hooks || folder.starts_with(&format!("{hooks}/")),
            false => *folder == hooks,
        };
        let hooks = files.iter().filter(|(_, f, file)| is_hooks(file) && above(f));
        let hooks: Vec<FnId> = hooks.flat_map(|(id, ..)| exported(context, *id)).map(|p| p.function).collect();
        let prefix = join_path(&base, &prefix);
        let loaded = exported(context, *id).into_iter();
        found.extend(loaded.map(|plugin| Loaded { plugin, prefix: prefix.clone(), hooks: hooks.clone() }));
    }
    found
}

/// `path.join(__dirname, 'routes')`, `join(import.meta.dirname, 'routes')`, with a slash at its end.
fn directory(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let at = context.origins(at).first().copied().unwrap_or(at);
    let module = context.program.module(at.module);
    let own = context.program.path(at.module).rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut text = String::new();
    match &module.expr(at.expr).kind {
        ExprKind::Call { args, .. } => {
            for arg in args {
                match module.string(arg.value) {
                    Some(part) => text.push_str(part.as_str()),
                    // only the first is where the file stands
                    None if text.is_empty() => {}
                    None => return None,
                }
                text.push('/');
            }
        }
        ExprKind::Template(parts) => {
            for part in parts {
                match part {
                    ir::Part::Text(part) => text.push_str(part.as_str()),
                    ir::Part::Hole(_) if text.is_empty() => {}
                    ir::Part::Hole(_) => return None,
                }
            }
        }
        _ => return None,
    }
    crate::entities::folder_from(own, &text)
}
