//! Fastify: instances and plugins, prefixes, hooks, route options, schemas, plugins loaded from a directory.

mod guards;
mod plugins;
mod schemas;
mod tree;

use base::Symbol;
use ir::ExprKind;
use program::{ExprRef, FnId, ModuleId, Value};
use rustc_hash::FxHashMap;

use self::tree::{Declared, Hook, Registered, Tree};
use super::express::{brace, paths};
use super::rounds::rounds;
use super::{Adapter, Context, Found};
use crate::{Guard, Method};

/// The adapter.
pub(crate) struct Fastify;

/// What registers hooks before a handler, of instances and in the options of routes, in their order.
const HOOKS: [&str; 4] = ["onRequest", "preParsing", "preValidation", "preHandler"];

/// Something that routes are registered on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instance {
    /// `fastify()`
    Made(ExprRef),
    /// What a plugin is given.
    Plugin(FnId),
}

impl Adapter for Fastify {
    fn name(&self) -> &'static str {
        "Fastify"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language.is_ecmascript()
            && ["fastify", "fastify-plugin", "fastify-cli"].iter().any(|l| context.imports(module, l))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let modules: Vec<ModuleId> = context.ecmascript_modules().collect();
        let decorators = modules.iter().flat_map(|m| decorators(context, *m)).collect();
        let mut reader = Reader { context, decorators, tree: Tree::default() };
        modules.iter().for_each(|m| reader.read(*m));
        reader.tree.finish(self.name(), context, found);
    }
}

/// `fastify.decorate('authenticate', async (request, reply) => …)`
fn decorators(context: &Context<'_>, id: ModuleId) -> Vec<(Symbol, ExprRef)> {
    let module = context.program.module(id);
    let calls = context.program.calls(id).filter_map(|(call, _)| {
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return None };
        let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { return None };
        let [key, value, ..] = args.as_slice() else { return None };
        let decorates = matches!(name.as_str(), "decorate" | "decorateRequest" | "decorateReply");
        let name = module.string(key.value).filter(|_| decorates)?;
        Some((name, ExprRef { module: id, expr: value.value }))
    });
    calls.collect()
}

struct Reader<'c> {
    context: &'c Context<'c>,
    decorators: FxHashMap<Symbol, ExprRef>,
    tree: Tree,
}

impl Reader<'_> {
    fn read(&mut self, id: ModuleId) {
        let context = self.context;
        let module = context.program.module(id);
        for (call, _) in context.program.calls(id) {
            let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
            let here = |expr| ExprRef { module: id, expr };
            let method = verb(name.as_str());
            if method.is_none() && !matches!(name.as_str(), "route" | "register" | "addHook") {
                continue;
            }
            let instances = instances_of(context, here(*object));
            let values: Vec<ExprRef> = args.iter().map(|a| here(a.value)).collect();
            if values.is_empty() {
                continue;
            }
            for instance in instances {
                match (name.as_str(), method) {
                    ("register", _) => self.register(instance, here(call), &values),
                    ("addHook", _) => self.hook(instance, here(call), &values),
                    ("route", _) => {
                        for round in rounds(context, &values) {
                            self.full_route(instance, here(call), round.args[0]);
                        }
                    }
                    (_, Some(method)) => self.short_route(instance, here(call), method, &values),
                    _ => {}
                }
            }
        }
    }

    fn hook(&mut self, instance: Instance, at: ExprRef, values: &[ExprRef]) {
        let [name, hook, ..] = values else { return };
        let is_before = self.context.string(*name).is_some_and(|n| HOOKS.contains(&n.as_str()));
        if is_before {
            let guards = self.guards(*hook);
            self.tree.hooks.extend(guards.into_iter().map(|guard| Hook { instance, at, guard }));
        }
    }

    fn register(&mut self, parent: Instance, at: ExprRef, values: &[ExprRef]) {
        let options = values.get(1).copied();
        if plugins::is_autoload(self.context, values[0]) {
            let loaded = options.map(|o| plugins::autoloaded(self.context, o)).unwrap_or_default();
            for one in loaded {
                let is_parents = one.plugin.is_parents;
                let (child, prefix, with) = (one.plugin.function, one.prefix, one.hooks);
                self.tree.registered.push(Registered { parent, child, at, prefix, is_parents, waits: false, with });
            }
            return;
        }
        let prefix = options.and_then(|o| entry(self.context, o, "prefix"));
        let text = |at| self.context.string(at).map_or_else(|| "/{?}".to_owned(), |p| brace(p.as_str()));
        let prefix = prefix.map_or_else(String::new, text);
        for plugin in plugins::plugins_of(self.context, values[0]) {
            self.tree.registered.push(Registered {
                parent,
                child: plugin.function,
                at,
                prefix: prefix.clone(),
                is_parents: plugin.is_parents,
                waits: is_awaited(self.context, at),
                with: Vec::new(),
            });
        }
    }

    /// `fastify.get(path, options, handler)`
    fn short_route(&mut self, instance: Instance, at: ExprRef, method: Method, values: &[ExprRef]) {
        let (path, options, handler) = match values {
            [path, handler] if is_options(self.context, *handler) => (path, Some(*handler), None),
            [path, handler] => (path, None, Some(*handler)),
            [path, options, handler, ..] => (path, Some(*options), Some(*handler)),
            _ => return,
        };
        let handler = handler.or_else(|| options.and_then(|o| entry(self.context, o, "handler")));
        self.declare(instance, at, &[method], *path, options, handler);
    }

    /// `fastify.route({ method, url, handler })`
    fn full_route(&mut self, instance: Instance, at: ExprRef, options: ExprRef) {
        let context = self.context;
        let Some(path) = ["url", "path"].iter().find_map(|k| entry(context, options, k)) else { return };
        let Some(method) = entry(context, options, "method") else { return };
        let named = |at: ExprRef| context.string(at).and_then(|m| verb(&m.as_str().to_ascii_lowercase()));
        let methods: Vec<Method> = match &context.program.expr(method).kind {
            ExprKind::List(items) => {
                items.iter().filter_map(|m| named(ExprRef { module: method.module, expr: *m })).collect()
            }
            _ => named(method).into_iter().collect(),
        };
        let handler = entry(context, options, "handler");
        self.declare(instance, at, &methods, path, Some(options), handler);
    }

    fn declare(
        &mut self,
        instance: Instance,
        at: ExprRef,
        methods: &[Method],
        path: ExprRef,
        options: Option<ExprRef>,
        handler: Option<ExprRef>,
    ) {
        let context = self.context;
        let mut guards: Vec<Guard> = Vec::new();
        for hook in HOOKS {
            let given = options.and_then(|o| entry(context, o, hook));
            guards.extend(given.into_iter().flat_map(|at| self.guards(at)));
        }
        let schema = options.and_then(|o| entry(context, o, "schema"));
        let inputs = schema.map(|s| schemas::inputs(context, s)).unwrap_or_default();
        guards.extend(schema.and_then(|s| schemas::guard(context, s, &inputs)));
        // a route that is an object elsewhere is declared there
        let call = context.program.expr(at).range;
        let is_here = path.module == at.module && {
            let range = context.program.expr(path).range;
            call.start <= range.start && range.end <= call.end
        };
        let span = match is_here {
            true => super::routers::registration_span(context, at),
            false => context.program.span(path),
        };
        for method in methods {
            for path in paths(context, path) {
                self.tree.routes.push(Declared {
                    instance,
                    method: *method,
                    path,
                    span,
                    guards: guards.clone(),
                    inputs: inputs.clone(),
                    handler: handler.map(|h| context.handler(h)),
                });
            }
        }
    }
}

fn verb(name: &str) -> Option<Method> {
    match name {
        "all" => Some(Method::Any),
        _ => Method::of(name).filter(|_| name != "any"),
    }
}

/// Whether the last argument of a route is its options, the handler among them.
fn is_options(context: &Context<'_>, at: ExprRef) -> bool {
    context.origins(at).iter().any(|o| matches!(context.program.expr(*o).kind, ExprKind::Map(_)))
}

/// The entry of an object, wherever it was written, also of one that it spreads.
fn entry(context: &Context<'_>, at: ExprRef, key: &str) -> Option<ExprRef> {
    entry_within(context, at, key, 0)
}

fn entry_within(context: &Context<'_>, at: ExprRef, key: &str, depth: u32) -> Option<ExprRef> {
    context.origins(at).into_iter().find_map(|origin| {
        let ExprKind::Map(entries) = &context.program.expr(origin).kind else { return None };
        let spread = || {
            let spreads = entries.iter().filter(|e| e.key.is_none() && depth < 4);
            spreads.into_iter().find_map(|e| {
                let value = ExprRef { module: origin.module, expr: e.value };
                let value = match context.program.expr(value).kind {
                    ExprKind::Spread(inner) => ExprRef { module: origin.module, expr: inner },
                    _ => value,
                };
                entry_within(context, value, key, depth + 1)
            })
        };
        context.entry(origin, key).or_else(spread)
    })
}

fn is_awaited(context: &Context<'_>, at: ExprRef) -> bool {
    let module = context.program.module(at.module);
    module.exprs().any(|(_, e)| matches!(e.kind, ExprKind::Await(inner) if inner == at.expr))
}

/// Methods that give back the instance that they are called on.
fn gives_instance(name: &str) -> bool {
    verb(name).is_some()
        || name.starts_with("set")
        || name.starts_with("decorate")
        || matches!(name, "route" | "register" | "addHook" | "after" | "withTypeProvider" | "addSchema")
}

/// The instances that an expression stands for.
fn instances_of(context: &Context<'_>, at: ExprRef) -> Vec<Instance> {
    let mut found: Vec<Instance> = Vec::new();
    let mut queue = vec![at];
    let mut next = 0;
    while let Some(at) = queue.get(next).copied() {
        next += 1;
        for origin in context.origins(at) {
            let module = context.program.module(origin.module);
            let instance = match &module.expr(origin.expr).kind {
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } if gives_instance(name.as_str()) => {
                        let object = ExprRef { module: origin.module, expr: *object };
                        if !queue.contains(&object) && queue.len() < 64 {
                            queue.push(object);
                        }
                        None
                    }
                    _ => is_made(context, origin).then_some(Instance::Made(origin)),
                },
                ExprKind::Name(name) => given_to(context, origin, *name).map(Instance::Plugin),
                _ => None,
            };
            found.extend(instance.filter(|i| !found.contains(i)));
        }
    }
    found
}

fn is_made(context: &Context<'_>, at: ExprRef) -> bool {
    context.eval(at).iter().any(|v| {
        matches!(v, Value::ExternalInstance(name)
            if matches!(name.as_str(), "fastify()" | "fastify.default()" | "fastify.fastify()"))
    })
}

/// The function whose first parameter a name is.
fn given_to(context: &Context<'_>, at: ExprRef, name: Symbol) -> Option<FnId> {
    let module = context.program.module(at.module);
    let scopes = context.program.scopes(at.module);
    let mut function = scopes.owner(at.expr).function;
    while let Some(id) = function {
        let item = module.function(id);
        if scopes.functions[id.0 as usize].contains_key(&name) {
            let is_first = item.params.first().is_some_and(|p| p.name == name);
            return is_first.then_some(FnId { module: at.module, function: id });
        }
        function = item.parent;
    }
    None
}
