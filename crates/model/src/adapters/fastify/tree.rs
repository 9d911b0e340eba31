//! How instances stand in each other, and what stands before a route therefore.

use base::Span;
use program::{ExprRef, FnId};

use super::super::{Context, Found};
use super::Instance;
use crate::entities::join_path;
use crate::{Guard, Handler, Input, Method, Route};

/// Plugins are followed this deep.
const MAX_DEPTH: usize = 12;

/// A plugin that is registered on an instance.
#[derive(Debug)]
pub(super) struct Registered {
    pub parent: Instance,
    pub child: FnId,
    pub at: ExprRef,
    pub prefix: String,
    /// Whether it works on its parent and not on an instance of its own.
    pub is_parents: bool,
    /// Whether it is loaded before what follows: `await fastify.register(…)`.
    pub waits: bool,
    /// Plugins whose hooks stand before it alone.
    pub with: Vec<FnId>,
}

#[derive(Debug)]
pub(super) struct Hook {
    pub instance: Instance,
    pub at: ExprRef,
    pub guard: Guard,
}

#[derive(Debug)]
pub(super) struct Declared {
    pub instance: Instance,
    pub method: Method,
    pub path: String,
    pub span: Span,
    pub guards: Vec<Guard>,
    pub inputs: Vec<Input>,
    pub handler: Option<Handler>,
}

/// Everything said about instances.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub registered: Vec<Registered>,
    pub hooks: Vec<Hook>,
    pub routes: Vec<Declared>,
}

impl Tree {
    /// The routes with their full paths and guards; a plugin that is registered twice gives its routes twice.
    pub fn finish(self, framework: &'static str, context: &Context<'_>, found: &mut Found) {
        for route in &self.routes {
            let is_registered = match route.instance {
                Instance::Made(_) => true,
                Instance::Plugin(function) => self.registered.iter().any(|r| r.child == function),
            };
            if !is_registered {
                if !is_meant_as_plugin(context, route.instance) {
                    continue;
                }
                found.gap("a plugin that nothing registers", route.span);
            }
            for (prefix, mut guards) in self.places(route.instance, None, 0) {
                guards.extend(route.guards.iter().cloned());
                let path = join_path(&prefix, &route.path);
                let handler = route.handler.clone();
                let mut made = Route::new(framework, route.method, path, route.span, handler, guards);
                super::schemas::add(&mut made, &route.inputs);
                found.routes.push(made);
            }
        }
    }

    /// Prefixes and guards of an instance: as its own routes see them, or a plugin that is registered on it.
    fn places(&self, instance: Instance, seen_by: Option<&Registered>, depth: usize) -> Vec<(String, Vec<Guard>)> {
        let own = self.visible(instance, seen_by, depth);
        let Instance::Plugin(function) = instance else { return vec![(String::new(), own)] };
        let mut places = Vec::new();
        for registered in self.registered.iter().filter(|r| r.child == function && depth < MAX_DEPTH) {
            if registered.is_parents && seen_by.is_none() {
                // its hooks are among those of the parent
                places.extend(self.places(registered.parent, None, depth + 1));
                continue;
            }
            let prefix = if registered.is_parents { "" } else { registered.prefix.as_str() };
            for (outer, mut guards) in self.places(registered.parent, Some(registered), depth + 1) {
                for with in &registered.with {
                    guards.extend(self.visible(Instance::Plugin(*with), None, depth + 1));
                }
                guards.extend(own.iter().cloned());
                places.push((join_path(&outer, prefix), guards));
            }
        }
        if places.is_empty() { vec![(String::new(), own)] } else { places }
    }

    /// The hooks of an instance, those of plugins that work on it included. A plugin on an instance of its own has
    /// the hooks that its parent has when it is loaded: all that the parent's code adds, since plugins are
    /// loaded after it, and those of plugins registered before.
    fn visible(&self, instance: Instance, seen_by: Option<&Registered>, depth: usize) -> Vec<Guard> {
        let is_before = |at: ExprRef| {
            seen_by.is_none_or(|r| r.at.module != at.module || at.expr < r.at.expr || r.parent != instance)
        };
        let waits = seen_by.is_some_and(|r| r.waits);
        let mut found: Vec<(ExprRef, Vec<Guard>)> = Vec::new();
        for hook in self.hooks.iter().filter(|h| h.instance == instance && (!waits || is_before(h.at))) {
            found.push((hook.at, vec![hook.guard.clone()]));
        }
        for inner in self.registered.iter().filter(|r| r.is_parents && r.parent == instance && depth < MAX_DEPTH) {
            if is_before(inner.at) && seen_by.is_none_or(|r| !std::ptr::eq(r, inner)) {
                found.push((inner.at, self.visible(Instance::Plugin(inner.child), None, depth + 1)));
            }
        }
        found.sort_by_key(|(at, _)| (at.module, at.expr));
        found.into_iter().flat_map(|(_, guards)| guards).collect()
    }
}

/// Whether a function that nothing registers takes an instance, by its type or the name that all plugins use.
pub(super) fn is_meant_as_plugin(context: &Context<'_>, instance: Instance) -> bool {
    let Instance::Plugin(function) = instance else { return true };
    let module = context.program.module(function.module);
    context.program.function(function).params.first().is_some_and(|p| {
        let ty = p.ty.map_or("", |t| context.sources.text(module.span(module.ty(t).range)));
        ty.starts_with("Fastify") || p.name == "fastify"
    })
}
