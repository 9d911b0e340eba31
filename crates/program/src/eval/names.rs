//! What names mean: in functions and classes, modules, namespaces and what they pass on.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, FunctionId};

use super::{Evaluator, MAX_STEPS, push};
use crate::{Binding, Def, FnId, ModuleId, Owner, Value, Values, resolve::Target, rounds::Key};

impl Evaluator<'_> {
    pub(super) fn target(&mut self, target: Target) -> Values {
        let mut out = Values::new();
        match target {
            Target::Namespace(namespace) => out = self.namespace_value(namespace),
            Target::Member(namespace, name) => out = self.namespace_member(namespace, name),
            Target::External(name) => push(&mut out, Value::External(name)),
        }
        out
    }

    /// A whole module: what `module.exports = x` says where there is one.
    fn namespace_value(&mut self, namespace: Symbol) -> Values {
        let mut out = Values::new();
        if let Some(module) = self.program.module_of_namespace(namespace)
            && self.program.module(module).language.is_ecmascript()
        {
            let scopes = self.program.scopes(module);
            for (name, value) in &scopes.exports {
                if name.is_none() {
                    for value in self.foreign(module, *value) {
                        push(&mut out, value);
                    }
                }
            }
        }
        push(&mut out, Value::Namespace(namespace));
        out
    }

    /// Evaluates an expression of another module, through a fresh evaluator bounded by our depth.
    pub(super) fn foreign(&mut self, module: ModuleId, expr: ExprId) -> Values {
        if module == self.id {
            return self.eval(expr);
        }
        let mut other = Evaluator::new(self.program, self.library, module);
        other.depth = self.depth + 4;
        other.spreads = self.spreads;
        other.reads = self.reads.take();
        let values = other.eval(expr);
        self.reads = other.reads;
        values
    }

    /// What a namespace holds under a name, its own or passed on from others.
    pub(super) fn namespace_member(&mut self, namespace: Symbol, name: Symbol) -> Values {
        // namespaces may pass each other's names on
        if self.depth >= MAX_STEPS || self.asked.contains(&(namespace, name)) {
            return Values::new();
        }
        // what is found while another is asked for, or deep down, may lack something
        let is_whole = self.asked.is_empty() && self.depth < MAX_STEPS / 2;
        if is_whole && let Some(known) = self.held.get(&(namespace, name)) {
            return known.clone();
        }
        self.asked.push((namespace, name));
        self.depth += 3;
        let values = self.held(namespace, name);
        self.depth -= 3;
        self.asked.pop();
        if is_whole {
            self.held.insert((namespace, name), values.clone());
        }
        values
    }

    fn held(&mut self, namespace: Symbol, name: Symbol) -> Values {
        let mut out = Values::new();
        let program = self.program;
        if let Some(defs) = program.namespaces.get(&namespace).and_then(|n| n.get(&name)) {
            for def in defs {
                match def {
                    Def::Function(function) => push(&mut out, Value::Function(*function)),
                    Def::Class(class) => push(&mut out, Value::Class(program.classes().canonical(*class))),
                    Def::Global(module) => {
                        for value in self.table(Key::Global(*module, name)).into_iter().flatten() {
                            push(&mut out, *value);
                        }
                    }
                    Def::Import(module, import) => {
                        let target = program.imports.get(module.0 as usize).and_then(|i| i.get(import.0 as usize));
                        let values = match target {
                            Some(Target::Member(ns, n)) if (*ns, *n) != (namespace, name) => {
                                self.namespace_member(*ns, *n)
                            }
                            Some(Target::Namespace(ns)) => self.namespace_value(*ns),
                            Some(Target::External(n)) => [Value::External(*n)].into_iter().collect(),
                            _ => Values::new(),
                        };
                        for value in values {
                            push(&mut out, value);
                        }
                    }
                }
            }
        }
        if !out.is_empty() {
            return out;
        }
        if let Some(module) = program.module_of_namespace(namespace) {
            let path = namespace.as_str();
            let scopes = program.scopes(module);
            if program.module(module).language.is_ecmascript() {
                for (exported, value) in &scopes.exports {
                    if exported.is_some_and(|exported| exported != name) {
                        continue;
                    }
                    let values = self.foreign(module, *value);
                    // `module.exports = …` seen through `import x` or a member of it
                    let inner = match exported.is_some() || name == "default" {
                        true => values,
                        false => self.members(&values, name),
                    };
                    inner.iter().for_each(|v| push(&mut out, *v));
                }
            }
            // `export * from`, `from x import *`
            if out.is_empty() {
                for inner in program.passed_on.get(module.0 as usize).into_iter().flatten() {
                    if *inner != namespace {
                        for value in self.namespace_member(*inner, name) {
                            push(&mut out, value);
                        }
                    }
                }
            }
            // a submodule of a Python package
            if out.is_empty() && program.module(module).language == Language::Python && path.ends_with("/__init__.py") {
                let dir = crate::resolve::parent(path);
                for inner in [format!("{dir}/{name}.py"), format!("{dir}/{name}/__init__.py")] {
                    if program.module_at(&inner).is_some() {
                        push(&mut out, Value::Namespace(Symbol::new(&inner)));
                    }
                }
            }
        }
        if out.is_empty()
            && let Some(inner) = program.inner_namespaces.get(&(namespace, name))
        {
            push(&mut out, Value::Namespace(*inner));
        }
        out
    }

    /// What a name means where it stands.
    pub(super) fn name(&mut self, name: Symbol, owner: Owner) -> Values {
        let program = self.program;
        let scopes = program.scopes(self.id);
        let mut function = owner.function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                return self.bindings(bindings, owner);
            }
            function = self.module.function(id).parent;
        }
        let through_class = matches!(self.module.language, Language::Java | Language::CSharp | Language::Ruby);
        if through_class {
            let values = self.class_name(name, owner);
            if !values.is_empty() {
                return values;
            }
        }
        if let Some(bindings) = scopes.top.get(&name) {
            let values = self.bindings(bindings, Owner::default());
            if !values.is_empty() || bindings.iter().all(|b| !matches!(b, Binding::Import(_))) {
                return values;
            }
        }
        let around = owner.class.filter(|_| through_class);
        // what is found while a namespace is asked may lack what is being looked for
        if !self.asked.is_empty() {
            return self.outside(name, owner);
        }
        if let Some(known) = self.unbound.get(&(name, around)) {
            return known.clone();
        }
        let values = self.outside(name, owner);
        self.unbound.insert((name, around), values.clone());
        values
    }

    /// What a name means that nothing in the module binds.
    fn outside(&mut self, name: Symbol, owner: Owner) -> Values {
        let own = self.program.namespace_of[self.id.0 as usize];
        // what a module exports is no name within it
        if !self.module.language.is_ecmascript() {
            let values = self.namespace_member(own, name);
            if !values.is_empty() {
                return values;
            }
        }
        if let Some(value) = self.enclosing_namespaces(name, owner, own) {
            return [value].into_iter().collect();
        }
        self.wildcard(name)
    }

    /// A member of the classes around, or a class nested in them.
    fn class_name(&mut self, name: Symbol, owner: Owner) -> Values {
        let program = self.program;
        let mut class = owner.class;
        let mut steps = 0;
        while let Some(id) = class
            && steps < 8
        {
            let this = self.class_ref(id);
            let own = [Value::Instance(this)].into_iter().collect();
            let values = self.members_within(&own, name);
            if !values.is_empty() {
                return values;
            }
            if let Some(full) = program.classes().info(this).and_then(|i| i.full_name) {
                let values = self.namespace_member(full, name);
                if !values.is_empty() {
                    return values;
                }
            }
            class = self.module.class(id).outer;
            steps += 1;
        }
        Values::new()
    }

    /// Classes of the namespaces around: C#'s enclosing ones, Ruby's lexical nesting.
    pub(super) fn enclosing_namespaces(&mut self, name: Symbol, owner: Owner, own: Symbol) -> Option<Value> {
        let program = self.program;
        if !matches!(self.module.language, Language::CSharp | Language::Ruby | Language::Java) {
            return None;
        }
        let module = self.module;
        let around = self.around.entry(owner.class).or_insert_with(|| {
            let mut prefix = match owner.class {
                Some(class) => crate::resolve::class_name(module, own, class),
                None => own.to_string(),
            };
            let mut all = vec![Symbol::new(&prefix)];
            while !prefix.is_empty() {
                prefix = crate::resolve::split_last(&prefix).0.to_owned();
                all.push(Symbol::new(&prefix));
            }
            all
        });
        for prefix in around.iter() {
            if let Some(defs) = program.namespaces.get(prefix).and_then(|n| n.get(&name)) {
                for def in defs {
                    if let Def::Class(class) = def {
                        return Some(Value::Class(program.classes().canonical(*class)));
                    }
                }
            }
            // a namespace that no file declares by itself: `class Mod::NotesController`
            if module.language == Language::Ruby
                && let Some(inner) = program.inner_namespaces.get(&(*prefix, name))
            {
                return Some(Value::Namespace(*inner));
            }
        }
        None
    }

    /// A name from a wildcard import, or of nobody: then it is a thing of no library.
    fn wildcard(&mut self, name: Symbol) -> Values {
        if let Some(known) = self.wildcards.get(&name) {
            return known.clone();
        }
        let values = self.through_wildcards(name);
        self.wildcards.insert(name, values.clone());
        values
    }

    fn through_wildcards(&mut self, name: Symbol) -> Values {
        let program = self.program;
        let module = self.module;
        if module.language == Language::Rust
            && let Some(root) = program.resolver.crate_root(program.path(self.id), name.as_str())
        {
            return [Value::Namespace(root)].into_iter().collect();
        }
        let mut external = None;
        for (at, import) in module.imports.iter().enumerate() {
            if import.name.is_none_or(|n| n != "*") {
                continue;
            }
            match program.imports.get(self.id.0 as usize).and_then(|i| i.get(at)) {
                Some(Target::Namespace(namespace)) => {
                    let values = self.namespace_member(*namespace, name);
                    if !values.is_empty() {
                        return values;
                    }
                }
                Some(Target::External(prefix)) => {
                    let full = self.join(*prefix, '.', name);
                    if external.is_none() && self.library.is_known(full) {
                        external = Some(full);
                    }
                }
                _ => {}
            }
        }
        [Value::External(external.unwrap_or(name))].into_iter().collect()
    }

    pub(crate) fn bindings(&mut self, bindings: &[Binding], owner: Owner) -> Values {
        let program = self.program;
        let mut out = Values::new();
        let typed = bindings.iter().any(|b| matches!(b, Binding::Typed(_)));
        for binding in bindings {
            let values = match binding {
                Binding::Function(function) => {
                    [Value::Function(FnId { module: self.id, function: *function })].into_iter().collect()
                }
                Binding::Class(class) => [Value::Class(self.class_ref(*class))].into_iter().collect(),
                Binding::Import(import) => match program.imports[self.id.0 as usize].get(import.0 as usize) {
                    Some(target) => self.target(*target),
                    None => Values::new(),
                },
                Binding::Param(function, at, path) => {
                    let mut values = self.param(*function, *at);
                    if *at == 0
                        && values.is_empty()
                        && let Some(list) = program.scopes(self.id).iterated.get(function)
                    {
                        values = self.elements(*list);
                    }
                    self.path(values, path)
                }
                Binding::Value(expr, path) => {
                    let values = self.eval(*expr);
                    self.path(values, path)
                }
                Binding::Element(expr, path) => match crate::items::element_path(self.module.language, path) {
                    Some(path) => {
                        let values = self.elements(*expr);
                        self.path(values, path)
                    }
                    None => Values::new(),
                },
                Binding::Typed(ty) => self.type_values(*ty, owner.class),
                Binding::Opaque => Values::new(),
            };
            for value in values {
                push(&mut out, value);
            }
            // the declared type decides, unless it says nothing
            if typed && matches!(binding, Binding::Typed(_)) && !out.is_empty() {
                self.made_types(bindings, &mut out);
                break;
            }
        }
        out
    }

    /// What a library makes may be known more closely than by the type that the variable is declared with:
    /// `PrintWriter out = response.getWriter()`.
    fn made_types(&mut self, bindings: &[Binding], out: &mut Values) {
        if self.module.language != Language::Java || !matches!(out.as_slice(), [Value::ExternalInstance(_)]) {
            return;
        }
        for binding in bindings {
            let Binding::Value(expr, path) = binding else { continue };
            if !path.is_empty() || !matches!(self.module.expr(*expr).kind, ExprKind::Call { .. }) {
                continue;
            }
            for value in self.eval(*expr) {
                if let Value::ExternalInstance(name) = value
                    && self.library.is_known(name)
                {
                    push(out, value);
                }
            }
        }
    }

    fn param(&mut self, function: FunctionId, at: u32) -> Values {
        let item = self.module.function(function);
        let Some(param) = item.params.get(at as usize) else { return Values::new() };
        if let Some(ty) = param.ty {
            let values = self.type_values(ty, item.class);
            if !values.is_empty() {
                return values;
            }
        }
        let key = Key::Param(FnId { module: self.id, function }, at);
        let mut values = self.table(key).cloned().unwrap_or_default();
        if let Some(default) = param.default {
            for value in self.eval(default) {
                push(&mut values, value);
            }
        }
        if values.is_empty() && param.ty.is_none() && self.module.language.is_ecmascript() && !param.name.is_empty() {
            let names: Vec<Symbol> = item.params.iter().map(|p| p.name).collect();
            if let Some((ty, packages)) = self.library.parameter(self.module.language, &names, at as usize)
                && (packages.is_empty() || packages.iter().any(|p| self.program.is_imported(p)))
            {
                push(&mut values, Value::ExternalInstance(ty));
            }
        }
        values
    }
}
