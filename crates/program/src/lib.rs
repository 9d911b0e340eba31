//! The whole repository: names, types and calls across files.
//!
//! Takes the modules of `ir` and answers, for any expression, what it stands for ([`Value`]): a function
//! or class of the repository, an instance of one, or a thing of a library by its qualified name
//! (`pg.Pool#query`, `django.db.models.Manager#filter`). From that comes the call graph.
//!
//! It knows how each language finds modules ([`resolve`]) but no library and no framework: what a
//! library's calls return is asked of a [`Library`], which `model` implements from its facts.
//! It does no I/O; build files (`package.json`, `go.mod`, `Cargo.toml` …) come in the source map.
//!
//! Evaluation is flow-insensitive. What crosses functions goes through tables (returns, parameters,
//! fields, globals) that are computed in a few rounds, each only from the one before, so the result does
//! not depend on the number of threads. Everything is bounded.
//!
//! Begin reading at [`Program::build`], then [`eval`].

pub mod calls;
mod classes;
pub mod eval;
mod items;
mod origin;
mod resolve;
mod rounds;
mod scope;

use base::{FileId, SourceMap, Span, Symbol};
use ir::{ClassId, ExprId, FunctionId, Module};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

pub use calls::{CallSite, Callee};
pub use classes::{ClassInfo, Classes};
pub use eval::Evaluator;
pub use items::LoopVariable;
pub use resolve::go::without_version;
pub use scope::{Binding, Owner, PathStep, Scopes, hands_on_elements};

/// A module (file) of the repository: an index into [`Program::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u32);

/// A function of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FnId {
    /// Its module.
    pub module: ModuleId,
    /// Within the module.
    pub function: FunctionId,
}

/// A class of the repository; of a class in parts (partial, reopened, `impl`), the first part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassRef {
    /// Its module.
    pub module: ModuleId,
    /// Within the module.
    pub class: ClassId,
}

/// An expression of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprRef {
    /// Its module.
    pub module: ModuleId,
    /// Within the module.
    pub expr: ExprId,
}

/// What an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// A function of the repository.
    Function(FnId),
    /// A class of the repository, itself.
    Class(ClassRef),
    /// An instance of a class of the repository.
    Instance(ClassRef),
    /// A namespace of the repository: a file (ECMAScript, Python), a package, a module path.
    Namespace(Symbol),
    /// An object literal.
    Object(ExprRef),
    /// A thing in a library, by its qualified name: `express.Router`, `pg.Pool#query`.
    /// Names that nothing defines (`eval`, `fetch`) are things of no library.
    External(Symbol),
    /// A value made by a library: of a type (`pg.Pool`), or what a call gave back (`express()`).
    ExternalInstance(Symbol),
}

/// What an expression may stand for; empty is unknown. At most [`MAX_VALUES`].
pub type Values = SmallVec<[Value; 2]>;

/// How many things an expression may stand for before the rest is dropped.
pub const MAX_VALUES: usize = 6;

/// What libraries mean, as far as names and types go.
pub trait Library: Sync {
    /// The type of what a call of `qualified` gives back, as a qualified name (`express` →
    /// `express.Application`).
    fn returns(&self, qualified: Symbol) -> Option<Symbol>;

    /// Whether `T<X>` stands for `X` (`std.sync.Arc`, `actix_web.web.Data`).
    fn is_transparent(&self, qualified: Symbol) -> bool;

    /// Whether some record speaks of this name: decides which wildcard import a name comes from.
    fn is_known(&self, qualified: Symbol) -> bool;

    /// Whether some record speaks of methods of this name: a call without a receiver may be one of a library's.
    fn names_method(&self, _name: Symbol) -> bool {
        false
    }

    /// The type of the parameter at a place that has no written type, by the names of all parameters, with
    /// the packages one of which the repository must import (none: any repository).
    fn parameter(&self, _language: base::Language, _names: &[Symbol], _at: usize) -> Option<(Symbol, &[String])> {
        None
    }
}

/// The knowledge of no library, for tests.
#[derive(Debug)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn returns(&self, _: Symbol) -> Option<Symbol> {
        None
    }
    fn is_transparent(&self, _: Symbol) -> bool {
        false
    }
    fn is_known(&self, _: Symbol) -> bool {
        false
    }
}

/// Something with a name in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Def {
    /// A function.
    Function(FnId),
    /// A class.
    Class(ClassRef),
    /// A variable or constant.
    Global(ModuleId),
    /// Brought in from elsewhere, and visible to importers.
    Import(ModuleId, ir::ImportId),
}

/// The repository, resolved.
pub struct Program {
    modules: Vec<Module>,
    paths: Vec<String>,
    scopes: Vec<Scopes>,
    by_file: FxHashMap<FileId, ModuleId>,
    pub(crate) namespaces: FxHashMap<Symbol, FxHashMap<Symbol, SmallVec<[Def; 1]>>>,
    /// The namespace of a name within a namespace: `a.b` and `C` give `a.b.C`.
    pub(crate) inner_namespaces: FxHashMap<(Symbol, Symbol), Symbol>,
    pub(crate) namespace_of: Vec<Symbol>,
    pub(crate) imports: Vec<Vec<resolve::Target>>,
    /// Namespaces that a module passes on whole: `export * from`, `from x import *`.
    passed_on: Vec<Vec<Symbol>>,
    pub(crate) resolver: resolve::Resolver,
    classes: Classes,
    pub(crate) tables: rounds::Tables,
    /// By module, each in order of the tree.
    calls: Vec<Vec<(ExprId, Callee)>>,
    /// By module and function, as `calls_in`.
    callers: Vec<Vec<Vec<CallSite>>>,
    calls_in: Vec<Vec<Vec<ExprId>>>,
    unique_methods: FxHashMap<Symbol, FnId>,
    /// What each module imports, with every prefix that names a package or a part of it.
    imported: Vec<FxHashSet<Symbol>>,
    imported_anywhere: FxHashSet<Symbol>,
}

impl Program {
    /// Resolves a repository. `modules` are in the order of their files.
    pub fn build(modules: Vec<Module>, sources: &SourceMap, library: &dyn Library) -> Program {
        let scopes: Vec<Scopes> = modules.par_iter().map(scope::survey).collect();
        let paths: Vec<String> = modules.iter().map(|m| sources.file(m.file).path.clone()).collect();
        let by_file = modules.iter().enumerate().map(|(i, m)| (m.file, ModuleId(i as u32))).collect();
        let resolver = resolve::Resolver::new(sources, &paths);
        let namespace_of: Vec<Symbol> =
            modules.par_iter().zip(&paths).map(|(m, path)| resolver.namespace(m, path)).collect();
        let namespaces = resolve::namespaces(&modules, &scopes, &namespace_of);
        let inner = |full: &Symbol| {
            let (prefix, name) = resolve::split_last(full.as_str());
            ((Symbol::new(prefix), Symbol::new(name)), *full)
        };
        let inner_namespaces = namespaces.par_iter().map(|(full, _)| inner(full)).collect::<Vec<_>>();
        let inner_namespaces = inner_namespaces.into_iter().collect();
        let mut program = Program {
            modules,
            paths,
            scopes,
            by_file,
            namespaces,
            inner_namespaces,
            namespace_of,
            imports: Vec::new(),
            passed_on: Vec::new(),
            resolver,
            classes: Classes::default(),
            tables: rounds::Tables::default(),
            calls: Vec::new(),
            callers: Vec::new(),
            calls_in: Vec::new(),
            unique_methods: FxHashMap::default(),
            imported: Vec::new(),
            imported_anywhere: FxHashSet::default(),
        };
        program.imported = program.modules.par_iter().map(resolve::imported).collect();
        program.imported_anywhere = program.imported.iter().flatten().copied().collect();
        program.imports =
            (0..program.modules.len()).into_par_iter().map(|m| program.resolve_imports(ModuleId(m as u32))).collect();
        program.passed_on = program.modules.iter().zip(&program.imports).map(resolve::passed_on).collect();
        program.classes = classes::collect(&program, library);
        program.unique_methods = program.classes.unique_methods(&program);
        rounds::run(&mut program, library);
        program.calls = (0..program.modules.len())
            .into_par_iter()
            .map(|m| calls::resolve_module(&program, library, ModuleId(m as u32)))
            .collect();
        (program.callers, program.calls_in) = rayon::join(|| calls::callers(&program), || calls::calls_in(&program));
        program
    }

    /// All module ids in order of path.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = ModuleId> + use<> {
        (0..self.modules.len() as u32).map(ModuleId)
    }

    /// The module.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The path of a module, relative to the root.
    pub fn path(&self, id: ModuleId) -> &str {
        &self.paths[id.0 as usize]
    }

    /// The module of a file.
    pub fn module_of_file(&self, file: FileId) -> Option<ModuleId> {
        self.by_file.get(&file).copied()
    }

    /// The module at a path.
    pub fn module_at(&self, path: &str) -> Option<ModuleId> {
        self.resolver.module_at(path)
    }

    pub(crate) fn module_of_namespace(&self, namespace: Symbol) -> Option<ModuleId> {
        self.resolver.module_of_namespace(namespace)
    }

    /// The scopes of a module.
    pub fn scopes(&self, id: ModuleId) -> &Scopes {
        &self.scopes[id.0 as usize]
    }

    /// The classes.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The function.
    pub fn function(&self, id: FnId) -> &ir::Function {
        self.module(id.module).function(id.function)
    }

    /// The class (its first part).
    pub fn class(&self, id: ClassRef) -> &ir::Class {
        self.module(id.module).class(id.class)
    }

    /// The expression.
    pub fn expr(&self, id: ExprRef) -> &ir::Expr {
        self.module(id.module).expr(id.expr)
    }

    /// The span of an expression.
    pub fn span(&self, id: ExprRef) -> Span {
        self.module(id.module).expr_span(id.expr)
    }

    /// A function's name with its class, for people: `UserController.update`.
    pub fn function_name(&self, id: FnId) -> String {
        let module = self.module(id.module);
        let function = module.function(id.function);
        let Some(name) = function.name else {
            return match function.parent {
                Some(parent) => format!("{} (inner)", self.function_name(FnId { module: id.module, function: parent })),
                None => "(anonymous)".to_owned(),
            };
        };
        match self.classes.class_of(id).or(function.class.map(|class| ClassRef { module: id.module, class })) {
            Some(class) => format!("{}.{name}", self.class(class).name),
            None => name.to_string(),
        }
    }

    /// The class that a type's name means in a module, by its last part.
    pub fn class_named(&self, module: ModuleId, path: Symbol) -> Option<ClassRef> {
        self.lookup_class(module, path).map(|class| self.classes.canonical(class))
    }

    /// Whether a module imports a library, by the name of its package or a prefix of it.
    pub fn imports_library(&self, module: ModuleId, library: &str) -> bool {
        self.imported[module.0 as usize].contains(&Symbol::new(library))
    }

    /// Whether any module imports a library.
    pub fn is_imported(&self, library: &str) -> bool {
        self.imported_anywhere.contains(&Symbol::new(library))
    }

    /// An evaluator for one module, on the finished tables.
    pub fn evaluator<'p>(&'p self, module: ModuleId, library: &'p dyn Library) -> Evaluator<'p> {
        Evaluator::new(self, library, module)
    }

    /// What a call expression calls.
    pub fn call(&self, at: ExprRef) -> Option<&Callee> {
        let calls = &self.calls[at.module.0 as usize];
        calls.binary_search_by_key(&at.expr, |(expr, _)| *expr).ok().map(|at| &calls[at].1)
    }

    /// All calls of a module, by position in the tree.
    pub fn calls(&self, module: ModuleId) -> impl ExactSizeIterator<Item = (ExprId, &Callee)> {
        self.calls[module.0 as usize].iter().map(|(expr, callee)| (*expr, callee))
    }

    /// The calls that stand in a function itself, in order of the tree.
    pub fn calls_in(&self, id: FnId) -> &[ExprId] {
        by_function(&self.calls_in, id)
    }

    /// The expression that gives a constant its value: a variable assigned once, a field with an
    /// initialiser, in this module or the one it is imported from.
    pub fn definition(&self, at: ExprRef) -> Option<ExprRef> {
        let module = self.module(at.module);
        match &module.expr(at.expr).kind {
            ir::ExprKind::Name(name) => {
                let owner = self.scopes(at.module).owner(at.expr);
                let mut function = owner.function;
                while let Some(id) = function {
                    if let Some(bindings) = self.scopes(at.module).functions[id.0 as usize].get(name) {
                        return only_value(at.module, bindings);
                    }
                    function = module.function(id).parent;
                }
                let mut class = owner.class;
                while let Some(id) = class {
                    let field = module.class(id).fields.iter().find(|f| f.name == *name);
                    if let Some(field) = field {
                        return field.init.map(|expr| ExprRef { module: at.module, expr });
                    }
                    class = module.class(id).outer;
                }
                if let Some(bindings) = self.scopes(at.module).top.get(name) {
                    if let [Binding::Import(import)] = bindings.as_slice() {
                        let target = self.imports.get(at.module.0 as usize)?.get(import.0 as usize)?;
                        return match target {
                            resolve::Target::Member(namespace, name) => self.global(*namespace, *name),
                            resolve::Target::External(path) => self.static_field(path.as_str()),
                            resolve::Target::Namespace(_) => None,
                        };
                    }
                    return only_value(at.module, bindings);
                }
                self.global(self.namespace_of[at.module.0 as usize], *name)
            }
            ir::ExprKind::Member { object, name, .. } => {
                let mut evaluator = self.evaluator(at.module, &NoLibrary);
                for value in evaluator.eval(*object) {
                    let found = match value {
                        Value::Namespace(namespace) => self.global(namespace, *name),
                        Value::Class(class) | Value::Instance(class) => {
                            self.classes.field(class, *name).and_then(|(part, index)| {
                                let expr = self.class(part).fields[index as usize].init?;
                                Some(ExprRef { module: part.module, expr })
                            })
                        }
                        Value::Object(object) => {
                            let module = self.module(object.module);
                            let ir::ExprKind::Map(entries) = &module.expr(object.expr).kind else { continue };
                            entries
                                .iter()
                                .find(|e| e.key.and_then(|k| module.string(k)) == Some(*name))
                                .map(|e| ExprRef { module: object.module, expr: e.value })
                        }
                        _ => None,
                    };
                    if found.is_some() {
                        return found;
                    }
                }
                None
            }
            _ => None,
        }
    }

    fn global(&self, namespace: Symbol, name: Symbol) -> Option<ExprRef> {
        let defs = self.namespaces.get(&namespace)?.get(&name)?;
        defs.iter().find_map(|def| match def {
            Def::Global(module) => only_value(*module, self.scopes(*module).top.get(&name)?),
            _ => None,
        })
    }

    /// The value of a field of a class by its full name: `import static shop.Texts.SEPARATOR`.
    fn static_field(&self, path: &str) -> Option<ExprRef> {
        let (class, name) = path.rsplit_once('.')?;
        let (namespace, class) = class.rsplit_once('.')?;
        let defs = self.namespaces.get(&Symbol::new(namespace))?.get(&Symbol::new(class))?;
        let class = defs.iter().find_map(|def| match def {
            Def::Class(class) => Some(*class),
            _ => None,
        })?;
        let (part, index) = self.classes.field(class, Symbol::new(name))?;
        let expr = self.class(part).fields[index as usize].init?;
        Some(ExprRef { module: part.module, expr })
    }

    /// Who calls a function, in order of module and position.
    pub fn callers(&self, id: FnId) -> &[CallSite] {
        by_function(&self.callers, id)
    }

    /// The method of this name, if the repository has exactly one.
    pub(crate) fn unique_method(&self, name: Symbol) -> Option<FnId> {
        self.unique_methods.get(&name).copied()
    }
}

/// What a table has of a function.
fn by_function<T>(table: &[Vec<Vec<T>>], id: FnId) -> &[T] {
    table.get(id.module.0 as usize).and_then(|m| m.get(id.function.0 as usize)).map_or(&[], Vec::as_slice)
}

fn only_value(module: ModuleId, bindings: &[Binding]) -> Option<ExprRef> {
    let mut values = bindings.iter().filter_map(|b| match b {
        Binding::Value(expr, path) if path.is_empty() => Some(*expr),
        _ => None,
    });
    let expr = values.next()?;
    values.next().is_none().then_some(ExprRef { module, expr })
}
