//! How each language finds what an import names.
//!
//! Every module belongs to a namespace: its own path (ECMAScript, Python), its directory (Go), its
//! package (Java), its namespace (C#), its module path (Rust), or the one of all constants (Ruby).

mod ecmascript;
pub(crate) mod go;
mod python;
mod rust;

use base::{Language, SourceMap, Symbol};
use ir::{Import, Module};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::{ClassRef, Def, FnId, ModuleId, Program, Scopes, scope::Binding};

/// What an import names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A namespace of the repository.
    Namespace(Symbol),
    /// A name in a namespace of the repository.
    Member(Symbol, Symbol),
    /// Something in a library.
    External(Symbol),
}

/// What the build files and the tree say about where modules are.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    files: FxHashMap<String, ModuleId>,
    /// The same by their names as namespaces.
    namespaces: FxHashMap<Symbol, ModuleId>,
    ecmascript: ecmascript::Packages,
    go: go::Modules,
    rust: rust::Crates,
    python: python::Roots,
}

impl Resolver {
    pub fn new(sources: &SourceMap, paths: &[String]) -> Self {
        let files = || paths.iter().enumerate().map(|(i, path)| (path, ModuleId(i as u32)));
        Self {
            files: files().map(|(path, id)| (path.clone(), id)).collect(),
            namespaces: files().map(|(path, id)| (Symbol::new(path), id)).collect(),
            ecmascript: ecmascript::Packages::read(sources),
            go: go::Modules::read(sources),
            rust: rust::Crates::read(sources),
            python: python::Roots::new(paths),
        }
    }

    pub fn module_at(&self, path: &str) -> Option<ModuleId> {
        self.files.get(path).copied()
    }

    /// The module that is this namespace by its path.
    pub fn module_of_namespace(&self, namespace: Symbol) -> Option<ModuleId> {
        self.namespaces.get(&namespace).copied()
    }

    pub fn namespace(&self, module: &Module, path: &str) -> Symbol {
        match module.language {
            Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Python => Symbol::new(path),
            Language::Go => {
                // tests of a package may live beside it under another name
                let package = module.package.filter(|p| p.as_str().ends_with("_test"));
                let dir = parent(path);
                match package {
                    Some(package) => Symbol::new(&format!("{dir}#{package}")),
                    None => Symbol::new(if dir.is_empty() { "." } else { dir }),
                }
            }
            Language::Java | Language::CSharp => module.package.unwrap_or(Symbol::new("")),
            Language::Rust => Symbol::new(&self.rust.module_path(path)),
            Language::Ruby => Symbol::new(""),
        }
    }

    /// Whether what one file calls may be in another, as far as manifests say.
    pub fn reaches(&self, language: Language, from: &str, to: &str) -> bool {
        !language.is_ecmascript() || self.ecmascript.reaches(from, to)
    }

    /// Rust: what a name is when nothing binds it.
    pub fn crate_root(&self, from: &str, name: &str) -> Option<Symbol> {
        self.rust.root(from, name).map(|root| Symbol::new(&root))
    }

    /// What a module specifier or path names, from a file. `None` for what is not written as an import
    /// of the repository.
    pub fn module_specifier(&self, language: Language, from: &str, specifier: &str) -> Target {
        let found = match language {
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                self.ecmascript.resolve(from, specifier, &|p| self.module_at(p).is_some())
            }
            Language::Python => self.python.resolve(from, specifier, &|p| self.module_at(p).is_some()),
            Language::Go => self.go.resolve(specifier),
            _ => None,
        };
        match found {
            Some(path) => Target::Namespace(Symbol::new(&path)),
            // `node:fs` is `fs`
            None if language.is_ecmascript() => {
                Target::External(Symbol::new(specifier.strip_prefix("node:").unwrap_or(specifier)))
            }
            None if language == Language::Go => Target::External(Symbol::new(&go::without_version(specifier))),
            None => Target::External(Symbol::new(specifier)),
        }
    }
}

/// The namespaces that a module passes on whole.
pub(crate) fn passed_on((module, targets): (&Module, &Vec<Target>)) -> Vec<Symbol> {
    let whole = |(import, target): (&Import, &Target)| match target {
        Target::Namespace(namespace) if import.name.is_some_and(|n| n == "*") => Some(*namespace),
        _ => None,
    };
    module.imports.iter().zip(targets).filter_map(whole).collect()
}

/// What a module imports from outside, and every prefix of it: `a`, `a/b` of `a/b`; `require` in the middle
/// of an expression too.
pub(crate) fn imported(module: &Module) -> FxHashSet<Symbol> {
    let mut all = FxHashSet::default();
    let mut add = |name: &str| {
        all.insert(Symbol::new(name));
        let ends = name.match_indices(['.', '/', ':']).filter(|(end, _)| *end > 0);
        ends.for_each(|(end, _)| _ = all.insert(Symbol::new(&name[..end])));
    };
    for import in &module.imports {
        add(import.module.as_str());
        if let Some(name) = import.name {
            add(&format!("{}.{name}", import.module));
        }
    }
    if module.language.is_ecmascript() {
        for (_, expr) in module.exprs() {
            if let ir::ExprKind::Call { callee, args, .. } = &expr.kind
                && matches!(&module.expr(*callee).kind, ir::ExprKind::Name(n) if *n == "require" || *n == "import")
                && let Some(specifier) = args.first().and_then(|a| module.string(a.value))
            {
                add(specifier.as_str());
            }
        }
    }
    all
}

/// The directory of a path, without a slash; empty for the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// `dir/relative` with `.` and `..` resolved; `None` when it leaves the root.
pub(crate) fn join(dir: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|p| !p.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The full name of a class: namespace, outer classes, name.
pub(crate) fn class_name(module: &Module, namespace: Symbol, id: ir::ClassId) -> String {
    let class = module.class(id);
    let prefix = match class.outer {
        Some(outer) if outer != id => class_name(module, namespace, outer),
        _ => match (module.language, class.namespace) {
            (Language::Java | Language::CSharp | Language::Ruby, Some(namespace)) => namespace.to_string(),
            (Language::Rust, Some(inner)) => format!("{namespace}.{inner}"),
            _ => namespace.to_string(),
        },
    };
    if prefix.is_empty() { class.name.to_string() } else { format!("{prefix}.{}", class.name) }
}

/// Splits `a.b.C` into `a.b` and `C`.
pub(crate) fn split_last(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

type Namespaces = FxHashMap<Symbol, FxHashMap<Symbol, SmallVec<[Def; 1]>>>;

/// Everything that has a name outside functions.
pub(crate) fn namespaces(modules: &[Module], scopes: &[Scopes], namespace_of: &[Symbol]) -> Namespaces {
    let named = |(at, module): (usize, &Module)| names_of(module, &scopes[at], ModuleId(at as u32), namespace_of[at]);
    let found: Vec<_> = modules.par_iter().enumerate().map(named).collect();
    let mut all = Namespaces::default();
    for (module, names) in found.into_iter().enumerate() {
        // a module that only declares others is there too
        all.entry(namespace_of[module]).or_default();
        for (namespace, name, def) in names {
            let defs = all.entry(namespace).or_default().entry(name).or_default();
            if !defs.contains(&def) {
                defs.push(def);
            }
        }
    }
    all
}

/// What a module names outside functions, each with its namespace.
fn names_of(module: &Module, scopes: &Scopes, id: ModuleId, namespace: Symbol) -> Vec<(Symbol, Symbol, Def)> {
    let mut found = Vec::new();
    let mut names: Vec<_> = scopes.top.iter().collect();
    names.sort_by_key(|(name, _)| **name);
    for (name, bindings) in names {
        for binding in bindings {
            match binding {
                Binding::Function(function) => {
                    found.push((namespace, *name, Def::Function(FnId { module: id, function: *function })));
                }
                Binding::Class(_) => {}
                Binding::Import(import) => {
                    let import_ = module.import(*import);
                    let visible = import_.kind == ir::ImportKind::Reexport || module.language == Language::Python;
                    if visible {
                        found.push((namespace, *name, Def::Import(id, *import)));
                    }
                }
                _ => found.push((namespace, *name, Def::Global(id))),
            }
        }
    }
    for (class, item) in module.classes() {
        if item.function.is_some() || item.name.is_empty() || item.kind == ir::ClassKind::Impl {
            continue;
        }
        let full = class_name(module, namespace, class);
        let by_path = module.language.is_ecmascript() || matches!(module.language, Language::Python | Language::Go);
        let (prefix, name) = match by_path {
            // a path has dots of its own, and Go's root is one
            true => full.split_at(full.len() - item.name.as_str().len()),
            false => split_last(&full),
        };
        let def = Def::Class(ClassRef { module: id, class });
        let prefix = if by_path { prefix.strip_suffix('.').unwrap_or(prefix) } else { prefix.trim_end_matches('.') };
        found.push((Symbol::new(prefix), Symbol::new(name.trim_start_matches('.')), def));
    }
    for (index, item) in module.imports.iter().enumerate().filter(|(_, i)| i.kind == ir::ImportKind::Export) {
        if item.alias != item.name.unwrap_or(item.alias) {
            found.push((namespace, item.alias, Def::Import(id, ir::ImportId(index as u32))));
        }
    }
    found
}

impl Program {
    pub(crate) fn resolve_imports(&self, id: ModuleId) -> Vec<Target> {
        let module = self.module(id);
        // names taken from one module stand beside each other
        let mut last: Option<(Symbol, Target)> = None;
        let mut base = |import: &Import| match last {
            Some((specifier, target)) if specifier == import.module => target,
            _ => last.insert((import.module, self.resolve_module(id, module, import))).1,
        };
        module.imports.iter().map(|import| self.resolve_import(id, module, import, &mut base)).collect()
    }

    /// The module that an import names, without the name taken from it.
    fn resolve_module(&self, id: ModuleId, module: &Module, import: &Import) -> Target {
        let from = self.path(id);
        match module.language {
            Language::Rust => match self.resolver.rust.resolve(from, import.module.as_str()) {
                Target::External(path) => {
                    // `use users::routes` beside `mod users;`
                    let here = self.namespace_of[id.0 as usize];
                    let inner = Symbol::new(&format!("{here}.{path}"));
                    match self.namespaces.contains_key(&inner) {
                        true => Target::Namespace(inner),
                        false => Target::External(path),
                    }
                }
                target => target,
            },
            Language::Java | Language::CSharp => match self.namespaces.contains_key(&import.module) {
                true => Target::Namespace(import.module),
                false => Target::External(import.module),
            },
            Language::Ruby => Target::External(import.module),
            language => self.resolver.module_specifier(language, from, import.module.as_str()),
        }
    }

    fn resolve_import(
        &self,
        id: ModuleId,
        module: &Module,
        import: &Import,
        base: &mut dyn FnMut(&Import) -> Target,
    ) -> Target {
        let name = import.name.filter(|n| *n != "*");
        if import.kind == ir::ImportKind::Export {
            return Target::Member(self.namespace_of[id.0 as usize], import.name.unwrap_or(import.alias));
        }
        let base = base(import);
        let Some(name) = name else { return base };
        match base {
            Target::Namespace(namespace) => {
                let has = |ns: &Symbol| self.namespaces.get(ns).is_some_and(|n| n.contains_key(&name));
                if !has(&namespace) {
                    // a submodule: `from package import module`, `use crate::users`
                    let path = namespace.as_str();
                    let inner = match module.language {
                        Language::Python => {
                            let dir = if path.ends_with("/__init__.py") { parent(path) } else { path };
                            [format!("{dir}/{name}.py"), format!("{dir}/{name}/__init__.py")]
                                .into_iter()
                                .find(|p| self.resolver.module_at(p).is_some())
                        }
                        Language::Rust => {
                            Some(format!("{path}.{name}")).filter(|p| self.namespaces.contains_key(&Symbol::new(p)))
                        }
                        _ => None,
                    };
                    if let Some(inner) = inner {
                        return Target::Namespace(Symbol::new(&inner));
                    }
                }
                Target::Member(namespace, name)
            }
            Target::External(external) if module.language.is_ecmascript() && name == "default" => {
                Target::External(external)
            }
            Target::External(external) => {
                // a package without `__init__.py`
                if module.language == Language::Python {
                    let dot = if external.as_str().ends_with('.') { "" } else { "." };
                    let full = format!("{external}{dot}{name}");
                    if let namespace @ Target::Namespace(_) =
                        self.resolver.module_specifier(module.language, self.path(id), &full)
                    {
                        return namespace;
                    }
                }
                Target::External(Symbol::new(&format!("{external}.{name}")))
            }
            member => member,
        }
    }
}
