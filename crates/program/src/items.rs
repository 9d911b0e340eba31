//! What lists hold, and what the variables of loops over them stand for.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, FunctionId, TypeId, TypeKind};

use crate::{Binding, Def, ExprRef, FnId, ModuleId, PathStep, Program, resolve::Target};

/// How many names deep a list is looked for, and how many of its elements are kept.
const MAX_DEPTH: u32 = 6;
const MAX_ITEMS: usize = 200;

/// The way from an element to a variable of a loop; `None` when the variable counts. Go's `range` gives
/// the index first.
pub(crate) fn element_path(language: Language, path: &[PathStep]) -> Option<&[PathStep]> {
    if language != Language::Go {
        return Some(path);
    }
    match path {
        [PathStep::Index(1), rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A variable of a loop: what is gone through, and the way from an element to the variable.
#[derive(Clone, Debug)]
pub struct LoopVariable {
    /// The list.
    pub list: ExprRef,
    /// From an element to the variable. Go's `range` gives the index or key, then the element.
    pub path: Vec<PathStep>,
}

impl Program {
    /// The elements of a list, as far as the repository writes them down: in a literal, by adding to it.
    pub fn items(&self, at: ExprRef) -> Vec<ExprRef> {
        let mut found = Vec::new();
        self.add_items(at, 0, &mut found);
        found.truncate(MAX_ITEMS);
        found
    }

    fn add_items(&self, at: ExprRef, depth: u32, found: &mut Vec<ExprRef>) {
        if depth > MAX_DEPTH || found.len() > MAX_ITEMS {
            return;
        }
        let module = self.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::List(items) => {
                for item in items {
                    match &module.expr(*item).kind {
                        ExprKind::Spread(inner) => self.add_items(here(*inner), depth + 1, found),
                        _ if found.contains(&here(*item)) => {}
                        _ => found.push(here(*item)),
                    }
                }
            }
            ExprKind::Name(name) => self.items_of_name(at, *name, depth, found),
            ExprKind::Member { object, name, .. } if matches!(module.expr(*object).kind, ExprKind::This) => {
                let class = self.scopes(at.module).owner(at.expr).class;
                for (owner, _, member, value) in &self.scopes(at.module).members {
                    if *owner == class && member == name {
                        self.add_items(here(*value), depth + 1, found);
                    }
                }
                let fields = class.into_iter().flat_map(|c| &module.class(c).fields);
                for init in fields.filter(|f| f.name == *name).filter_map(|f| f.init) {
                    self.add_items(here(init), depth + 1, found);
                }
            }
            ExprKind::Cast { value: inner, .. } | ExprKind::Unary { operand: inner, .. } | ExprKind::Await(inner) => {
                self.add_items(here(*inner), depth + 1, found);
            }
            ExprKind::Binary { left, right, .. } | ExprKind::Logical { left, right, .. } => {
                self.add_items(here(*left), depth + 1, found);
                self.add_items(here(*right), depth + 1, found);
            }
            // `List.of(a, b)`, `vec![a, b]`
            ExprKind::Call { callee, args, .. } => {
                let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { return };
                match name.as_str() {
                    "of" | "asList" | "vec" => found.extend(args.iter().map(|a| here(a.value))),
                    "require" if module.language.is_ecmascript() => {
                        let path = args.first().and_then(|a| module.string(a.value));
                        let target = path.and_then(|p| self.module_named(at.module, p.as_str()));
                        for maker in target.into_iter().flat_map(|t| self.exported_from(t)) {
                            self.add_items(maker, depth + 1, found);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn items_of_name(&self, at: ExprRef, name: Symbol, depth: u32, found: &mut Vec<ExprRef>) {
        let module = self.module(at.module);
        let scopes = self.scopes(at.module);
        let mut function = scopes.owner(at.expr).function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                for binding in bindings {
                    self.items_of_binding(at.module, binding, depth, found);
                }
                self.added(at.module, Some(id), name, found);
                return;
            }
            function = module.function(id).parent;
        }
        let mut homes = vec![at.module];
        for binding in scopes.top.get(&name).into_iter().flatten() {
            self.items_of_binding(at.module, binding, depth, found);
            if let Binding::Import(import) = binding
                && let Some(Target::Member(namespace, name)) = self.imports[at.module.0 as usize].get(import.0 as usize)
            {
                homes.extend(self.homes(*namespace, *name));
            }
        }
        if module.language == Language::Go {
            let namespace = self.namespace_of[at.module.0 as usize];
            for home in self.homes(namespace, name) {
                for binding in self.scopes(home).top.get(&name).into_iter().flatten().filter(|_| home != at.module) {
                    self.items_of_binding(home, binding, depth, found);
                }
            }
            // every file of a package may add to its variables
            homes.extend(self.ids().filter(|m| self.namespace_of[m.0 as usize] == namespace && *m != at.module));
        }
        homes.sort();
        homes.dedup();
        for home in homes {
            self.added(home, None, name, found);
        }
    }

    /// The modules that have a variable of this name in a namespace.
    fn homes(&self, namespace: Symbol, name: Symbol) -> Vec<ModuleId> {
        let defs = self.namespaces.get(&namespace).and_then(|n| n.get(&name));
        let home = |def: &Def| match def {
            Def::Global(module) => Some(*module),
            _ => None,
        };
        defs.into_iter().flatten().filter_map(home).collect()
    }

    fn added(&self, module: ModuleId, function: Option<FunctionId>, name: Symbol, found: &mut Vec<ExprRef>) {
        for (owner, list, value) in &self.scopes(module).appended {
            let at = ExprRef { module, expr: *value };
            if *owner == function && *list == name && !found.contains(&at) {
                found.push(at);
            }
        }
    }

    fn items_of_binding(&self, module: ModuleId, binding: &Binding, depth: u32, found: &mut Vec<ExprRef>) {
        match binding {
            Binding::Value(expr, path) if path.is_empty() => {
                self.add_items(ExprRef { module, expr: *expr }, depth + 1, found);
            }
            Binding::Param(function, at, path) if path.is_empty() => {
                for given in self.arguments_for(FnId { module, function: *function }, *at) {
                    self.add_items(given, depth + 1, found);
                }
            }
            Binding::Import(import) => {
                let target = self.imports.get(module.0 as usize).and_then(|i| i.get(import.0 as usize));
                let made = match target {
                    Some(Target::Member(namespace, name)) => self.exported(*namespace, Some(*name), 0),
                    Some(Target::Namespace(namespace)) => self.exported(*namespace, None, 0),
                    _ => Vec::new(),
                };
                for maker in made {
                    self.add_items(maker, depth + 1, found);
                }
            }
            _ => {}
        }
    }

    /// The declared type of the elements of a variable.
    pub(crate) fn element_type(&self, id: ModuleId, expr: ExprId) -> Option<TypeId> {
        let module = self.module(id);
        let ExprKind::Name(name) = &module.expr(expr).kind else { return None };
        let scopes = self.scopes(id);
        let element = |ty: TypeId| match module.ty(ty).kind {
            TypeKind::Array(inner) => Some(inner),
            _ => None,
        };
        let typed = |bindings: &[Binding]| {
            bindings.iter().find_map(|b| match b {
                Binding::Typed(ty) => element(*ty),
                Binding::Param(function, at, path) if path.is_empty() => {
                    module.function(*function).params.get(*at as usize)?.ty.and_then(element)
                }
                _ => None,
            })
        };
        let mut function = scopes.owner(expr).function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(name) {
                return typed(bindings);
            }
            function = module.function(id).parent;
        }
        scopes.top.get(name).and_then(|b| typed(b))
    }

    /// The loop that a name is a variable of: `for x of xs`, `xs.forEach(x => …)`.
    pub fn loop_variable(&self, at: ExprRef) -> Option<LoopVariable> {
        self.loop_variable_at(at, 0)
    }

    fn loop_variable_at(&self, at: ExprRef, depth: u32) -> Option<LoopVariable> {
        if depth > MAX_DEPTH {
            return None;
        }
        let module = self.module(at.module);
        let ExprKind::Name(name) = &module.expr(at.expr).kind else { return None };
        let scopes = self.scopes(at.module);
        let of = |bindings: &[Binding]| {
            bindings.iter().find_map(|b| match b {
                Binding::Element(expr, path) => {
                    Some(LoopVariable { list: ExprRef { module: at.module, expr: *expr }, path: path.to_vec() })
                }
                Binding::Param(function, 0, path) => {
                    let list = *scopes.iterated.get(function)?;
                    Some(LoopVariable { list: ExprRef { module: at.module, expr: list }, path: path.to_vec() })
                }
                _ => None,
            })
        };
        let mut function = scopes.owner(at.expr).function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(name) {
                // `const { path } = route` of the variable of a loop
                let inner = bindings.iter().find_map(|b| match b {
                    Binding::Value(expr, path) if !path.is_empty() => {
                        let whole = ExprRef { module: at.module, expr: *expr };
                        let mut outer = self.loop_variable_at(whole, depth + 1)?;
                        outer.path.extend(path.iter().cloned());
                        Some(outer)
                    }
                    _ => None,
                });
                return of(bindings).or(inner);
            }
            function = module.function(id).parent;
        }
        scopes.top.get(name).and_then(|b| of(b))
    }
}
