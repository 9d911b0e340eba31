//! Where a value comes from: the expressions that make it, followed through variables, imports, fields,
//! parameters and returns.

use base::Symbol;
use ir::{ExprId, ExprKind};

use crate::{Binding, Callee, Def, ExprRef, FnId, Library, ModuleId, Program, Value, resolve::Target};

/// How many steps back are followed, and how many makers are kept.
const MAX_STEPS: usize = 64;

impl Program {
    /// The expressions that make what `at` stands for. An expression that is nobody's alias is its own.
    pub fn origins(&self, at: ExprRef, library: &dyn Library) -> Vec<ExprRef> {
        self.back(at, library, false)
    }

    /// As [`Program::origins`], but no further than calls: what a call of the repository gives is its own.
    pub fn origins_before_calls(&self, at: ExprRef, library: &dyn Library) -> Vec<ExprRef> {
        self.back(at, library, true)
    }

    fn back(&self, at: ExprRef, library: &dyn Library, stops_at_calls: bool) -> Vec<ExprRef> {
        let mut found = Vec::new();
        let mut queue = vec![at];
        let mut seen: Vec<ExprRef> = Vec::new();
        let mut next = 0;
        while next < queue.len() && next < MAX_STEPS {
            let here = queue[next];
            next += 1;
            if seen.contains(&here) {
                continue;
            }
            seen.push(here);
            let is_call = matches!(&self.expr(here).kind, ExprKind::Call { callee, .. }
                if !matches!(&self.module(here.module).expr(*callee).kind, ExprKind::Name(n) if *n == "require" || *n == "import"));
            let before = if stops_at_calls && is_call { Vec::new() } else { self.makers(here, library) };
            if before.is_empty() {
                if !found.contains(&here) {
                    found.push(here);
                }
            } else {
                queue.extend(before);
            }
        }
        found
    }

    /// One step back; empty when `at` makes its value itself.
    fn makers(&self, at: ExprRef, library: &dyn Library) -> Vec<ExprRef> {
        let module = self.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Name(name) => self.makers_of_name(at, *name, library),
            ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => vec![here(*inner)],
            ExprKind::Cast { value, .. } | ExprKind::Assign { value, .. } => vec![here(*value)],
            ExprKind::Logical { left, right, .. } => vec![here(*left), here(*right)],
            ExprKind::Ternary { then, otherwise, .. } => vec![here(*then), here(*otherwise)],
            ExprKind::Member { object, name, .. } => {
                let mut makers = Vec::new();
                for value in self.evaluator(at.module, library).eval(*object) {
                    makers.extend(self.makers_of_member(value, *name));
                }
                makers
            }
            ExprKind::Call { callee, args, .. } => {
                if let ExprKind::Name(name) = &module.expr(*callee).kind
                    && (*name == "require" || *name == "import")
                    && module.language.is_ecmascript()
                    && let Some(specifier) = args.first().and_then(|a| module.string(a.value))
                {
                    let path = self.path(at.module);
                    let target = self.resolver.module_specifier(module.language, path, specifier.as_str());
                    let Target::Namespace(namespace) = target else { return Vec::new() };
                    return self.exported(namespace, None, 0);
                }
                let Some(Callee { functions, .. }) = self.call(at) else { return Vec::new() };
                let mut makers = Vec::new();
                for function in functions {
                    let returns = &self.scopes(function.module).returns[function.function.0 as usize];
                    makers.extend(returns.iter().map(|expr| ExprRef { module: function.module, expr: *expr }));
                }
                makers
            }
            _ => Vec::new(),
        }
    }

    fn makers_of_name(&self, at: ExprRef, name: Symbol, library: &dyn Library) -> Vec<ExprRef> {
        let module = self.module(at.module);
        let scopes = self.scopes(at.module);
        let mut function = scopes.owner(at.expr).function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                return self.makers_of_bindings(at.module, name, bindings, library);
            }
            function = module.function(id).parent;
        }
        if let Some(bindings) = scopes.top.get(&name) {
            return self.makers_of_bindings(at.module, name, bindings, library);
        }
        self.exported(self.namespace_of[at.module.0 as usize], Some(name), 0)
    }

    fn makers_of_bindings(
        &self,
        module: ModuleId,
        name: Symbol,
        bindings: &[Binding],
        library: &dyn Library,
    ) -> Vec<ExprRef> {
        let mut makers = Vec::new();
        for binding in bindings {
            match binding {
                Binding::Value(expr, path) => {
                    let whole = ExprRef { module, expr: *expr };
                    // what is only bound to itself (`x = x || y`) is no maker of itself
                    if matches!(self.expr(whole).kind, ExprKind::Name(n) if n == name) {
                        continue;
                    }
                    match path.first() {
                        None | Some(crate::PathStep::Index(0)) => makers.push(whole),
                        Some(crate::PathStep::Key(key)) => {
                            for value in self.evaluator(module, library).eval(*expr) {
                                makers.extend(self.makers_of_member(value, *key));
                            }
                        }
                        _ => {}
                    }
                }
                Binding::Import(import) => {
                    let target = self.imports.get(module.0 as usize).and_then(|i| i.get(import.0 as usize));
                    match target {
                        Some(Target::Member(namespace, name)) => {
                            makers.extend(self.exported(*namespace, Some(*name), 0))
                        }
                        Some(Target::Namespace(namespace)) => makers.extend(self.exported(*namespace, None, 0)),
                        _ => {}
                    }
                }
                Binding::Param(function, at, path) => {
                    let given = self.arguments_for(FnId { module, function: *function }, *at);
                    match path.as_slice() {
                        [] => makers.extend(given),
                        // `({ app }) => …` called with `{ app: server }`
                        [crate::PathStep::Key(key)] => {
                            for arg in given {
                                makers.extend(self.made_members(arg, *key, library));
                            }
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        makers
    }

    /// The expressions that make the member of a value: an entry of an object, what a class gives a field.
    pub fn made_members(&self, at: ExprRef, name: Symbol, library: &dyn Library) -> Vec<ExprRef> {
        let mut makers = Vec::new();
        for value in self.evaluator(at.module, library).eval(at.expr) {
            for maker in self.makers_of_member(value, name) {
                if !makers.contains(&maker) {
                    makers.push(maker);
                }
            }
        }
        makers
    }

    fn makers_of_member(&self, value: Value, name: Symbol) -> Vec<ExprRef> {
        match value {
            Value::Namespace(namespace) => self.exported(namespace, Some(name), 0),
            Value::Object(object) => {
                let module = self.module(object.module);
                let ExprKind::Map(entries) = &module.expr(object.expr).kind else { return Vec::new() };
                let entry = entries.iter().find(|e| e.key.and_then(|k| module.string(k)) == Some(name));
                entry.map(|e| ExprRef { module: object.module, expr: e.value }).into_iter().collect()
            }
            Value::Instance(class) | Value::Class(class) => {
                let mut makers = Vec::new();
                for class in self.classes().lineage(class) {
                    let Some(info) = self.classes().info(class) else { continue };
                    for part in &info.parts {
                        let members = &self.scopes(part.module).members;
                        makers.extend(
                            members
                                .iter()
                                .filter(|(owner, _, member, _)| *owner == Some(part.class) && *member == name)
                                .map(|(.., value)| ExprRef { module: part.module, expr: *value }),
                        );
                        let fields = self.class(*part).fields.iter().filter(|f| f.name == name);
                        makers.extend(fields.filter_map(|f| f.init).map(|expr| ExprRef { module: part.module, expr }));
                    }
                }
                makers
            }
            _ => Vec::new(),
        }
    }

    /// What a module exports: as a whole, by default, or as `router`.
    pub fn exported_from(&self, module: ModuleId) -> Vec<ExprRef> {
        let namespace = self.namespace_of[module.0 as usize];
        let mut found = self.exported(namespace, None, 0);
        for name in ["default", "router"] {
            for maker in self.exported(namespace, Some(Symbol::new(name)), 0) {
                if !found.contains(&maker) {
                    found.push(maker);
                }
            }
        }
        found
    }

    /// What a namespace gives by a name, or as a whole (`module.exports = …`).
    pub(crate) fn exported(&self, namespace: Symbol, name: Option<Symbol>, hops: u32) -> Vec<ExprRef> {
        let mut makers = Vec::new();
        if let Some(module) = self.module_at(namespace.as_str()) {
            for (exported, expr) in &self.scopes(module).exports {
                let whole = exported.is_none() && name.is_none_or(|n| n == "default");
                if whole || exported.is_some() && *exported == name {
                    makers.push(ExprRef { module, expr: *expr });
                }
            }
        }
        let Some(name) = name else { return makers };
        let Some(defs) = self.namespaces.get(&namespace).and_then(|n| n.get(&name)) else { return makers };
        for def in defs {
            match def {
                Def::Global(module) => {
                    for binding in self.scopes(*module).top.get(&name).into_iter().flatten() {
                        if let Binding::Value(expr, path) = binding
                            && (path.is_empty() || matches!(path.first(), Some(crate::PathStep::Index(0))))
                        {
                            makers.push(ExprRef { module: *module, expr: *expr });
                        }
                    }
                }
                Def::Import(module, import) => {
                    let target = self.imports.get(module.0 as usize).and_then(|i| i.get(import.0 as usize));
                    if let Some(Target::Member(inner, inner_name)) = target
                        && hops < 8
                    {
                        // two modules may pass each other's names on
                        makers.extend(self.exported(*inner, Some(*inner_name), hops + 1));
                    }
                }
                _ => {}
            }
        }
        makers
    }

    /// The module that a dotted or relative specifier names, as seen from another.
    pub fn module_named(&self, from: ModuleId, specifier: &str) -> Option<ModuleId> {
        let language = self.module(from).language;
        match self.resolver.module_specifier(language, self.path(from), specifier) {
            Target::Namespace(path) => self.module_at(path.as_str()),
            _ => None,
        }
    }

    /// The expressions that a module-level name stands for, here or where it is imported from.
    pub fn named_values(&self, module: ModuleId, name: Symbol) -> Vec<(ModuleId, ExprId)> {
        let bindings = self.scopes(module).top.get(&name).map(|b| b.to_vec()).unwrap_or_default();
        let makers = self.makers_of_bindings(module, name, &bindings, &crate::NoLibrary);
        makers.into_iter().map(|m| (m.module, m.expr)).collect()
    }

    /// The arguments that calls in the repository pass for a parameter.
    pub fn arguments_for(&self, function: FnId, parameter: u32) -> Vec<ExprRef> {
        let item = self.function(function);
        let skip = u32::from(item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver));
        let name = item.params.get(parameter as usize).map(|p| p.name);
        let mut found = Vec::new();
        for site in self.callers(function) {
            let module = self.module(site.module);
            let ExprKind::Call { args, .. } = &module.expr(site.expr).kind else { continue };
            let arg = args
                .iter()
                .find(|a| a.name.is_some() && a.name == name)
                .or_else(|| args.iter().filter(|a| a.name.is_none()).nth(parameter.checked_sub(skip)? as usize));
            found.extend(arg.map(|a| ExprRef { module: site.module, expr: a.value }));
        }
        found
    }
}
