//! Classes with all their parts: partial and reopened classes, `impl` blocks, Go's methods.

mod interfaces;

use base::{Language, Symbol};
use ir::{ClassKind, ExprKind, FunctionKind, ParamKind, StmtKind, TypeKind};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::{ClassRef, Def, Evaluator, FnId, Library, ModuleId, Program, Value, resolve};

/// A class, put together.
#[derive(Clone, Debug, Default)]
pub struct ClassInfo {
    /// Namespace, outer classes and name, dotted.
    pub full_name: Option<Symbol>,
    /// All parts, the first part first.
    pub parts: Vec<ClassRef>,
    /// Methods by name, own ones only.
    pub methods: FxHashMap<Symbol, SmallVec<[FnId; 1]>>,
    /// Fields by name: the part and the index in its `fields`.
    pub fields: FxHashMap<Symbol, (ClassRef, u32)>,
    /// Bases, as far as resolved: classes of the repository or things of libraries.
    pub bases: Vec<Value>,
    /// Classes that name this one as a base.
    pub derived: Vec<ClassRef>,
    /// Its bases in the repository and theirs, nearest first.
    ancestors: Vec<ClassRef>,
    /// The library classes that it descends from, nearest first.
    external_bases: Vec<Symbol>,
}

/// All classes.
#[derive(Debug, Default)]
pub struct Classes {
    infos: FxHashMap<ClassRef, ClassInfo>,
    /// A part to its first part.
    canonical: FxHashMap<ClassRef, ClassRef>,
    /// Methods to their class.
    class_of: FxHashMap<FnId, ClassRef>,
    /// First parts in order.
    order: Vec<ClassRef>,
    /// First parts by the name as written, in order.
    by_name: FxHashMap<Symbol, Vec<ClassRef>>,
    /// By the last part of their names, in small letters without separators.
    by_plain_name: FxHashMap<String, Vec<ClassRef>>,
}

/// The name under which constructors are kept, whatever the language calls them.
const CONSTRUCTOR: &str = "constructor";

/// How many bases up a member is looked for.
const MAX_BASES: usize = 24;

impl Classes {
    /// The first part.
    pub fn canonical(&self, class: ClassRef) -> ClassRef {
        self.canonical.get(&class).copied().unwrap_or(class)
    }

    /// The class, put together.
    pub fn info(&self, class: ClassRef) -> Option<&ClassInfo> {
        self.infos.get(&self.canonical(class))
    }

    /// All classes, by their first part.
    pub fn all(&self) -> Vec<(ClassRef, &ClassInfo)> {
        self.order.iter().filter_map(|class| Some((*class, self.infos.get(class)?))).collect()
    }

    /// The classes of this name, whatever their namespace.
    pub fn named(&self, name: Symbol) -> &[ClassRef] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The class that a method belongs to.
    pub fn class_of(&self, function: FnId) -> Option<ClassRef> {
        self.class_of.get(&function).copied()
    }

    /// A class and its bases in the repository, nearest first.
    pub fn lineage(&self, class: ClassRef) -> Vec<ClassRef> {
        self.line(class).collect()
    }

    pub(crate) fn line(&self, class: ClassRef) -> impl Iterator<Item = ClassRef> {
        let class = self.canonical(class);
        let ancestors = self.infos.get(&class).into_iter().flat_map(|i| &i.ancestors);
        std::iter::once(class).chain(ancestors.copied())
    }

    /// The names of the library classes that a class descends from, nearest first.
    pub fn external_bases(&self, class: ClassRef) -> Vec<Symbol> {
        self.info(class).map(|i| i.external_bases.clone()).unwrap_or_default()
    }

    /// The methods of this name, from the class or the nearest base that has it.
    pub fn method(&self, class: ClassRef, name: Symbol) -> SmallVec<[FnId; 1]> {
        self.line(class).find_map(|c| self.infos.get(&c)?.methods.get(&name).cloned()).unwrap_or_default()
    }

    /// The constructors of a class or of the nearest base that has any.
    pub fn constructors(&self, class: ClassRef) -> SmallVec<[FnId; 1]> {
        self.method(class, Symbol::new(CONSTRUCTOR))
    }

    /// The field of this name, from the class or the nearest base that has it.
    pub fn field(&self, class: ClassRef, name: Symbol) -> Option<(ClassRef, u32)> {
        self.line(class).find_map(|c| self.infos.get(&c)?.fields.get(&name).copied())
    }

    /// Methods that implement or override `function` in derived classes, at most `limit`.
    pub fn overrides(&self, program: &Program, function: FnId, limit: usize) -> Vec<FnId> {
        let (Some(class), Some(name)) = (self.class_of(function), program.function(function).name) else {
            return Vec::new();
        };
        let (mut found, mut queue, mut at) = (Vec::new(), vec![class], 0);
        while at < queue.len() && queue.len() < 200 {
            for derived in self.infos.get(&queue[at]).into_iter().flat_map(|i| &i.derived) {
                if !queue.contains(derived) {
                    queue.push(*derived);
                    let own = self.infos.get(derived).and_then(|i| i.methods.get(&name));
                    match own {
                        Some(own) => found.extend(own),
                        // Go: what implements an interface may embed what has the method
                        None if program.module(derived.module).language == Language::Go => {
                            for embedded in self.method(*derived, name) {
                                if embedded != function && !found.contains(&embedded) {
                                    found.push(embedded);
                                }
                            }
                        }
                        None => {}
                    }
                }
            }
            at += 1;
        }
        found.truncate(limit);
        found
    }

    /// The classes that a variable of this name, in small letters without separators, is named for.
    pub(crate) fn called(&self, plain: &str) -> &[ClassRef] {
        self.by_plain_name.get(plain).map_or(&[], Vec::as_slice)
    }

    /// Names that exactly one method of the repository has.
    pub(crate) fn unique_methods(&self, program: &Program) -> FxHashMap<Symbol, FnId> {
        let mut counts: FxHashMap<Symbol, (FnId, usize)> = FxHashMap::default();
        for function in self.class_of.keys() {
            if let Some(name) = program.function(*function).name {
                counts.entry(name).or_insert((*function, 0)).1 += 1;
            }
        }
        counts.into_iter().filter(|(_, (_, n))| *n == 1).map(|(name, (f, _))| (name, f)).collect()
    }
}

pub(crate) fn collect(program: &Program, library: &dyn Library) -> Classes {
    let mut classes = Classes::default();
    gather_parts(program, &mut classes);
    attach_impls(program, &mut classes);
    attach_go_methods(program, &mut classes);
    classes.order = classes.infos.keys().copied().collect();
    classes.order.sort();
    for class in &classes.order {
        let name = program.class(*class).name;
        classes.by_name.entry(name).or_default().push(*class);
        let last = name.as_str().rsplit('.').next().unwrap_or("").replace('_', "").to_ascii_lowercase();
        classes.by_plain_name.entry(last).or_default().push(*class);
    }
    resolve_bases(program, library, &mut classes);
    interfaces::implement(program, &mut classes);
    descend(&mut classes);
    classes
}

/// Fills in what all classes descend from.
fn descend(classes: &mut Classes) {
    let bases = |class: &ClassRef| classes.infos.get(class).into_iter().flat_map(|i| &i.bases);
    let descents: Vec<_> = classes
        .infos
        .par_iter()
        .filter(|(_, info)| !info.bases.is_empty())
        .map(|(class, _)| {
            let mut line = vec![*class];
            let mut at = 0;
            while at < line.len() && line.len() < MAX_BASES {
                for base in bases(&line[at]) {
                    if let Value::Class(base) = base
                        && !line.contains(base)
                    {
                        line.push(*base);
                    }
                }
                at += 1;
            }
            let mut external = Vec::new();
            for base in line.iter().flat_map(bases) {
                if let Value::External(name) = base
                    && !external.contains(name)
                {
                    external.push(*name);
                }
            }
            line.remove(0);
            (*class, line, external)
        })
        .collect();
    for (class, ancestors, external_bases) in descents {
        if let Some(info) = classes.infos.get_mut(&class) {
            (info.ancestors, info.external_bases) = (ancestors, external_bases);
        }
    }
}

/// Classes of one full name in one namespace system are parts of one class where the language says so.
fn gather_parts(program: &Program, classes: &mut Classes) {
    let mut by_name: FxHashMap<Symbol, ClassRef> = FxHashMap::default();
    let full_names = |id: ModuleId| {
        let (module, namespace) = (program.module(id), program.namespace_of[id.0 as usize]);
        module.classes().map(|(class, _)| Symbol::new(&resolve::class_name(module, namespace, class))).collect()
    };
    let full_names: Vec<Vec<Symbol>> = program.ids().collect::<Vec<_>>().into_par_iter().map(full_names).collect();
    for id in program.ids() {
        let module = program.module(id);
        for (class, item) in module.classes() {
            if item.kind == ClassKind::Impl {
                continue;
            }
            let this = ClassRef { module: id, class };
            let full = full_names[id.0 as usize][class.0 as usize];
            let reopens =
                matches!(module.language, Language::Ruby | Language::CSharp) || module.language.is_ecmascript();
            let first = match reopens && item.function.is_none() {
                true => *by_name.entry(full).or_insert(this),
                false => this,
            };
            classes.canonical.insert(this, first);
            let info = classes.infos.entry(first).or_default();
            info.full_name = Some(full);
            add_part(program, info, this, &mut classes.class_of, first);
        }
    }
}

fn add_part(
    program: &Program,
    info: &mut ClassInfo,
    part: ClassRef,
    class_of: &mut FxHashMap<FnId, ClassRef>,
    first: ClassRef,
) {
    let item = program.class(part);
    info.parts.push(part);
    for method in &item.methods {
        let id = FnId { module: part.module, function: *method };
        class_of.insert(id, first);
        let function = program.function(id);
        let name = match function.kind {
            FunctionKind::Constructor => Symbol::new(CONSTRUCTOR),
            _ => match function.name {
                Some(name) => name,
                None => continue,
            },
        };
        info.methods.entry(name).or_default().push(id);
    }
    if program.module(part.module).language == Language::Ruby {
        add_aliases(program.module(part.module), info, &item.body);
    }
    for (at, field) in item.fields.iter().enumerate() {
        info.fields.entry(field.name).or_insert((part, at as u32));
    }
}

/// `alias_method :new, :old`, and `alias new old`, which front ends write so.
fn add_aliases(module: &ir::Module, info: &mut ClassInfo, body: &[ir::StmtId]) {
    for stmt in body {
        let StmtKind::Expr(value) = module.stmt(*stmt).kind else { continue };
        let ExprKind::Call { callee, args, .. } = &module.expr(value).kind else { continue };
        let [new, old] = args.as_slice() else { continue };
        let is_alias = matches!(&module.expr(*callee).kind, ExprKind::Name(name) if *name == "alias_method");
        if let (true, Some(new), Some(old)) = (is_alias, module.string(new.value), module.string(old.value))
            && let Some(methods) = info.methods.get(&old).cloned()
        {
            info.methods.entry(new).or_default().extend(methods);
        }
    }
}

fn attach_impls(program: &Program, classes: &mut Classes) {
    for id in program.ids() {
        let module = program.module(id);
        if module.language != Language::Rust {
            continue;
        }
        for (class, item) in module.classes() {
            if item.kind != ClassKind::Impl {
                continue;
            }
            let this = ClassRef { module: id, class };
            let name = Symbol::new(resolve::split_last(item.name.as_str()).1);
            let found = program.lookup_class(id, name);
            let first = found.map_or(this, |c| classes.canonical(c));
            classes.canonical.insert(this, first);
            let info = classes.infos.entry(first).or_default();
            add_part(program, info, this, &mut classes.class_of, first);
        }
    }
}

fn attach_go_methods(program: &Program, classes: &mut Classes) {
    for id in program.ids() {
        let module = program.module(id);
        if module.language != Language::Go {
            continue;
        }
        for (function, item) in module.functions() {
            let Some(receiver) = item.params.first().filter(|p| p.kind == ParamKind::Receiver) else { continue };
            let Some(mut ty) = receiver.ty else { continue };
            while let TypeKind::Ref(inner) = module.ty(ty).kind {
                ty = inner;
            }
            let TypeKind::Named { path, .. } = &module.ty(ty).kind else { continue };
            let Some(class) = program.lookup_class(id, *path) else { continue };
            let class = classes.canonical(class);
            let this = FnId { module: id, function };
            classes.class_of.insert(this, class);
            if let (Some(info), Some(name)) = (classes.infos.get_mut(&class), item.name) {
                info.methods.entry(name).or_default().push(this);
            }
        }
    }
}

fn resolve_bases(program: &Program, library: &dyn Library, classes: &mut Classes) {
    let bases: Vec<Vec<Value>> =
        classes.order.par_iter().map(|class| bases_of(program, library, classes, *class)).collect();
    for (class, bases) in classes.order.iter().copied().zip(bases) {
        for base in &bases {
            if let Value::Class(base) = base
                && let Some(info) = classes.infos.get_mut(base)
            {
                info.derived.push(class);
            }
        }
        if let Some(info) = classes.infos.get_mut(&class) {
            info.bases = bases;
        }
    }
}

fn bases_of(program: &Program, library: &dyn Library, classes: &Classes, class: ClassRef) -> Vec<Value> {
    let mut bases = Vec::new();
    for part in &classes.infos[&class].parts {
        let mut evaluator = Evaluator::new(program, library, part.module);
        for base in &program.class(*part).bases {
            for value in evaluator.type_values(*base, Some(part.class)) {
                let value = match value {
                    Value::Instance(c) | Value::Class(c) => Value::Class(classes.canonical(c)),
                    Value::ExternalInstance(name) => Value::External(name),
                    value => value,
                };
                if !bases.contains(&value) && value != Value::Class(class) {
                    bases.push(value);
                }
            }
        }
        // Ruby's `include Concern` mixes in
        for stmt in &program.class(*part).body {
            if program.module(part.module).language == Language::Ruby {
                mixins(program, &mut evaluator, *part, *stmt, classes, &mut bases);
            }
        }
    }
    bases
}

fn mixins(
    program: &Program,
    evaluator: &mut Evaluator<'_>,
    part: ClassRef,
    stmt: ir::StmtId,
    classes: &Classes,
    bases: &mut Vec<Value>,
) {
    let module = program.module(part.module);
    let ir::StmtKind::Expr(call) = module.stmt(stmt).kind else { return };
    let ir::ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return };
    if !matches!(&module.expr(*callee).kind, ir::ExprKind::Name(n) if *n == "include" || *n == "prepend") {
        return;
    }
    for arg in args {
        for value in evaluator.eval(arg.value) {
            let value = match value {
                Value::Class(c) => Value::Class(classes.canonical(c)),
                value => value,
            };
            if matches!(value, Value::Class(_) | Value::External(_)) && !bases.contains(&value) {
                bases.push(value);
            }
        }
    }
}

impl Program {
    /// The class of this name as seen from a module, its namespace included.
    pub(crate) fn lookup_class(&self, module: ModuleId, name: Symbol) -> Option<ClassRef> {
        let namespace = self.namespace_of[module.0 as usize];
        let in_namespace = |ns: Symbol, name: Symbol| self.class_in(ns, name, 0);
        if let Some(found) = in_namespace(namespace, name) {
            return Some(found);
        }
        let item = self.module(module);
        let targets = self.imports.get(module.0 as usize)?;
        // `model.Article`, by the name of its package
        if item.language == base::Language::Go
            && let Some((package, name)) = name.as_str().split_once('.')
        {
            return item.imports.iter().zip(targets).find_map(|(import, target)| match target {
                resolve::Target::Namespace(ns) if import.alias == package => in_namespace(*ns, Symbol::new(name)),
                _ => None,
            });
        }
        item.imports.iter().zip(targets).find_map(|(import, target)| match target {
            resolve::Target::Member(ns, member) if import.alias == name => in_namespace(*ns, *member),
            resolve::Target::Namespace(ns) if import.name.is_some_and(|n| n == "*") => in_namespace(*ns, name),
            _ => None,
        })
    }

    /// A class by its name in a namespace, also where that passes it on from elsewhere: `pub use v3::ids;`.
    fn class_in(&self, namespace: Symbol, name: Symbol, depth: u32) -> Option<ClassRef> {
        if depth > 4 {
            return None;
        }
        let target = |def: &Def| match def {
            Def::Import(module, import) => self.imports.get(module.0 as usize)?.get(import.0 as usize).copied(),
            _ => None,
        };
        let Some(names) = self.namespaces.get(&namespace) else {
            let (around, last) = namespace.as_str().rsplit_once('.')?;
            let defs = self.namespaces.get(&Symbol::new(around))?.get(&Symbol::new(last))?;
            return defs.iter().filter_map(target).find_map(|target| match target {
                resolve::Target::Namespace(inner) => self.class_in(inner, name, depth + 1),
                resolve::Target::Member(ns, member) => {
                    self.class_in(Symbol::new(&format!("{ns}.{member}")), name, depth + 1)
                }
                resolve::Target::External(_) => None,
            });
        };
        names.get(&name)?.iter().find_map(|def| match (def, target(def)) {
            (Def::Class(class), _) => Some(*class),
            (_, Some(resolve::Target::Member(ns, member))) if (ns, member) != (namespace, name) => {
                self.class_in(ns, member, depth + 1)
            }
            _ => None,
        })
    }
}
