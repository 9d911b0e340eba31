//! What an expression stands for.
//!
//! Names are in `eval/names.rs`, written types in `eval/types.rs`.

mod names;
mod types;

use std::collections::hash_map::Entry;

use base::{Language, Symbol};
use ir::{CallKind, ClassId, ExprId, ExprKind, FunctionKind, Module, StmtKind};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    ClassRef, Def, ExprRef, FnId, Library, MAX_VALUES, ModuleId, Owner, PathStep, Program, Value, Values,
    resolve::Target, rounds::Key,
};

/// How many names, calls and members an evaluation follows.
const MAX_STEPS: u32 = 48;

/// How many objects spread into each other are followed.
const MAX_SPREADS: u32 = 3;

/// Evaluates the expressions of one module. Keeps what it found; make one per module and thread.
pub struct Evaluator<'p> {
    program: &'p Program,
    library: &'p dyn Library,
    id: ModuleId,
    module: &'p Module,
    found: FxHashMap<ExprId, Values>,
    depth: u32,
    spreads: u32,
    joined: FxHashMap<(Symbol, char, Symbol), Symbol>,
    around: FxHashMap<Option<ClassId>, Vec<Symbol>>,
    wildcards: FxHashMap<Symbol, Values>,
    /// Names that nothing in the module binds, by the class around where that counts.
    unbound: FxHashMap<(Symbol, Option<ClassId>), Values>,
    /// The members of namespaces that were looked for.
    held: FxHashMap<(Symbol, Symbol), Values>,
    /// The members of namespaces that are being looked for.
    asked: Vec<(Symbol, Symbol)>,
    /// What the tables were asked, where somebody wants to know.
    pub(crate) reads: Option<FxHashSet<Key>>,
}

pub(crate) fn push(values: &mut Values, value: Value) {
    if values.len() < MAX_VALUES && !values.contains(&value) {
        values.push(value);
    }
}

/// Whether an expression of this kind is a plain value, of which nothing is known but that.
fn stands_for_nothing(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Literal(_)
            | ExprKind::Template(_)
            | ExprKind::List(_)
            | ExprKind::Binary { .. }
            | ExprKind::Yield(_)
            | ExprKind::Spread(_)
            | ExprKind::IsType { .. }
            | ExprKind::Unknown(_)
    )
}

impl<'p> Evaluator<'p> {
    pub(crate) fn new(program: &'p Program, library: &'p dyn Library, id: ModuleId) -> Self {
        Self {
            program,
            library,
            id,
            module: program.module(id),
            found: FxHashMap::default(),
            depth: 0,
            spreads: 0,
            joined: FxHashMap::default(),
            around: FxHashMap::default(),
            wildcards: FxHashMap::default(),
            unbound: FxHashMap::default(),
            held: FxHashMap::default(),
            asked: Vec::new(),
            reads: None,
        }
    }

    /// One that will evaluate most of its module.
    pub(crate) fn of_all(program: &'p Program, library: &'p dyn Library, id: ModuleId) -> Self {
        let mut evaluator = Self::new(program, library, id);
        evaluator.found.reserve(evaluator.module.exprs().len() / 3);
        evaluator
    }

    fn table(&mut self, key: Key) -> Option<&'p Values> {
        if let Some(reads) = &mut self.reads {
            reads.insert(key);
        }
        self.program.tables.get(key)
    }

    /// The module whose expressions are evaluated.
    pub fn module_id(&self) -> ModuleId {
        self.id
    }

    /// What a name means at the top of the module.
    pub fn lookup(&mut self, name: Symbol) -> Values {
        self.name(name, Owner::default())
    }

    /// What an expression may stand for.
    pub fn eval(&mut self, expr: ExprId) -> Values {
        if stands_for_nothing(&self.module.expr(expr).kind) {
            return Values::new();
        }
        match self.found.entry(expr) {
            Entry::Occupied(found) => return found.get().clone(),
            Entry::Vacant(_) if self.depth >= MAX_STEPS => return Values::new(),
            // a cycle finds nothing
            Entry::Vacant(free) => free.insert(Values::new()),
        };
        self.depth += 1;
        let values = self.eval_kind(expr);
        self.depth -= 1;
        if !values.is_empty() {
            self.found.insert(expr, values.clone());
        }
        values
    }

    fn eval_kind(&mut self, expr: ExprId) -> Values {
        let module = self.module;
        let mut out = Values::new();
        match &module.expr(expr).kind {
            ExprKind::Name(name) => return self.name(*name, self.owner(expr)),
            ExprKind::This => return self.this(self.owner(expr)),
            ExprKind::Super => {
                for value in self.this(self.owner(expr)) {
                    let (Value::Instance(class) | Value::Class(class)) = value else { continue };
                    for base in self.bases(class) {
                        push(
                            &mut out,
                            match base {
                                Value::Class(c) => Value::Instance(c),
                                Value::External(n) => Value::ExternalInstance(n),
                                base => base,
                            },
                        );
                    }
                }
            }
            ExprKind::Member { object, name, .. } => {
                let objects = self.eval(*object);
                return self.members(&objects, *name);
            }
            ExprKind::Index { object, index } => {
                if let Some(ty) = types::annotated(module, expr) {
                    return self.eval(ty);
                }
                let objects = self.eval(*object);
                if let Some(name) = module.string(*index) {
                    return self.members(&objects, name);
                }
                if let ExprKind::Literal(ir::Literal::Int(Some(at))) = module.expr(*index).kind
                    && let Ok(at) = usize::try_from(at)
                    && let Some(item) = self.program.items(ExprRef { module: self.id, expr: *object }).get(at)
                {
                    return self.foreign(item.module, item.expr);
                }
            }
            ExprKind::Call { callee, kind, args, .. } => {
                if let Some(target) = self.required(*callee, args) {
                    return target;
                }
                if let Some(member) = self.reflected(*callee, args) {
                    return member;
                }
                let callees = self.eval(*callee);
                for callee in callees {
                    // `promisify(exec)` stands for `exec`
                    if let Value::External(name) = callee
                        && self.module.language.is_ecmascript()
                        && self.library.is_transparent(name)
                        && let Some(first) = args.first()
                    {
                        for value in self.eval(first.value) {
                            push(&mut out, value);
                        }
                        continue;
                    }
                    let given = match self.given_itself(expr, &callee) {
                        Some(itself) => itself,
                        None => self.call_result(callee, *kind),
                    };
                    given.into_iter().for_each(|value| push(&mut out, value));
                }
            }
            ExprKind::Lambda(function) => {
                push(&mut out, Value::Function(FnId { module: self.id, function: *function }));
            }
            ExprKind::ClassExpr(class) => {
                let class = self.class_ref(*class);
                let instance = module.class(class.class).name.is_empty() && module.language == Language::Java;
                push(&mut out, if instance { Value::Instance(class) } else { Value::Class(class) });
            }
            ExprKind::Map(_) => push(&mut out, Value::Object(ExprRef { module: self.id, expr })),
            // `directory / name` is a path as the directory is
            ExprKind::Binary { op: ir::BinaryOp::Div, left, .. } if module.language == Language::Python => {
                let values = self.eval(*left).into_iter();
                out.extend(values.filter(|v| matches!(v, Value::ExternalInstance(_) | Value::Instance(_))));
            }
            ExprKind::Unary { operand, .. } => return self.eval(*operand),
            ExprKind::Logical { left, right, .. } => {
                out = self.eval(*left);
                for value in self.eval(*right) {
                    push(&mut out, value);
                }
            }
            ExprKind::Ternary { then, otherwise, .. } => {
                out = self.eval(*then);
                for value in self.eval(*otherwise) {
                    push(&mut out, value);
                }
            }
            ExprKind::Assign { value, .. } => return self.eval(*value),
            ExprKind::Await(inner) => return self.eval(*inner),
            ExprKind::Cast { ty, value } => {
                out = self.type_values(*ty, self.owner(expr).class);
                if out.is_empty() {
                    return self.eval(*value);
                }
            }
            ExprKind::TypeExpr(ty) => {
                for value in self.type_values(*ty, self.owner(expr).class) {
                    push(
                        &mut out,
                        match value {
                            Value::Instance(c) => Value::Class(c),
                            Value::ExternalInstance(n) => Value::External(n),
                            value => value,
                        },
                    );
                }
            }
            ExprKind::Do(block) => {
                if let Some(last) = block.last()
                    && let StmtKind::Expr(e) | StmtKind::Return(Some(e)) = module.stmt(*last).kind
                {
                    return self.eval(e);
                }
            }
            _ => {}
        }
        out
    }

    /// `prefix.name`, `Type#name`.
    fn join(&mut self, prefix: Symbol, separator: char, name: Symbol) -> Symbol {
        if prefix.is_empty() {
            return name;
        }
        let joined = self.joined.entry((prefix, separator, name));
        *joined.or_insert_with(|| {
            let (prefix, name) = (prefix.as_str(), name.as_str());
            let mut text = String::with_capacity(prefix.len() + 1 + name.len());
            text.push_str(prefix);
            text.push(separator);
            text.push_str(name);
            Symbol::new(&text)
        })
    }

    fn owner(&self, expr: ExprId) -> Owner {
        self.program.scopes(self.id).owner(expr)
    }

    fn class_ref(&self, class: ClassId) -> ClassRef {
        self.program.classes().canonical(ClassRef { module: self.id, class })
    }

    fn bases(&self, class: ClassRef) -> Vec<Value> {
        self.program.classes().info(class).map(|i| i.bases.clone()).unwrap_or_default()
    }

    /// `require("x")` gives what the module exports.
    fn required(&mut self, callee: ExprId, args: &[ir::Arg]) -> Option<Values> {
        let module = self.module;
        if !module.language.is_ecmascript() {
            return None;
        }
        let ExprKind::Name(name) = &module.expr(callee).kind else { return None };
        if *name != "require" && *name != "import" {
            return None;
        }
        let specifier = module.string(args.first()?.value)?;
        let path = self.program.path(self.id);
        let target = self.program.resolver.module_specifier(module.language, path, specifier.as_str());
        Some(self.target(target))
    }

    /// `getattr(module, name)`: that member, or where the name is computed any class of a module of ours.
    fn reflected(&mut self, callee: ExprId, args: &[ir::Arg]) -> Option<Values> {
        let module = self.module;
        let ExprKind::Name(name) = &module.expr(callee).kind else { return None };
        if module.language != Language::Python || *name != "getattr" || args.len() < 2 {
            return None;
        }
        let objects = self.eval(args[0].value);
        if let Some(name) = module.string(args[1].value) {
            return Some(self.members(&objects, name)).filter(|m| !m.is_empty());
        }
        let mut classes: Vec<ClassRef> = Vec::new();
        for object in &objects {
            let Value::Namespace(namespace) = object else { continue };
            let names = self.program.namespaces.get(namespace).into_iter().flatten();
            classes.extend(names.flat_map(|(_, defs)| defs).filter_map(|def| match def {
                Def::Class(class) => Some(self.program.classes().canonical(*class)),
                _ => None,
            }));
        }
        classes.sort_unstable();
        let mut out = Values::new();
        classes.into_iter().for_each(|c| push(&mut out, Value::Class(c)));
        (!out.is_empty()).then_some(out)
    }

    /// What iterating gives, where a literal or the declared type says so.
    fn elements(&mut self, expr: ExprId) -> Values {
        let mut out = Values::new();
        for item in self.program.items(ExprRef { module: self.id, expr }).into_iter().take(MAX_VALUES) {
            for value in self.foreign(item.module, item.expr) {
                push(&mut out, value);
            }
        }
        if out.is_empty()
            && let Some(ty) = self.program.element_type(self.id, expr)
        {
            out = self.type_values(ty, self.owner(expr).class);
        }
        out
    }

    fn path(&mut self, mut values: Values, path: &[PathStep]) -> Values {
        for step in path {
            values = match step {
                PathStep::Key(name) => self.members(&values, *name),
                // Go's and others' `value, err := f()`: the value keeps its type
                PathStep::Index(0) => values,
                PathStep::Index(_) | PathStep::Rest => Values::new(),
            };
        }
        values
    }

    pub(crate) fn this(&mut self, owner: Owner) -> Values {
        let mut function = owner.function;
        while let Some(id) = function {
            let item = self.module.function(id);
            let this = FnId { module: self.id, function: id };
            if let Some(class) = self.program.classes().class_of(this) {
                let is_class = item.is_static && self.module.language != Language::Rust;
                let value = if is_class { Value::Class(class) } else { Value::Instance(class) };
                return [value].into_iter().collect();
            }
            if owner.class.is_none() && self.program.scopes(self.id).constructs(id) {
                return [Value::Function(this)].into_iter().collect();
            }
            function = item.parent;
        }
        match owner.class {
            Some(class) => [Value::Class(self.class_ref(class))].into_iter().collect(),
            None => Values::new(),
        }
    }

    /// The members of this name; what no class of the repository has comes from its library bases.
    pub fn members(&mut self, objects: &Values, name: Symbol) -> Values {
        let out = self.members_within(objects, name);
        if !out.is_empty() {
            return out;
        }
        let mut out = Values::new();
        for object in objects {
            let (class, separator) = match object {
                Value::Instance(class) => (*class, '#'),
                Value::Class(class) => (*class, '.'),
                _ => continue,
            };
            for base in self.program.classes().external_bases(class) {
                let full = self.join(base, separator, name);
                push(&mut out, Value::External(full));
            }
        }
        out
    }

    fn members_within(&mut self, objects: &Values, name: Symbol) -> Values {
        let program = self.program;
        let mut out = Values::new();
        for object in objects {
            match object {
                Value::Namespace(namespace) => {
                    for value in self.namespace_member(*namespace, name) {
                        push(&mut out, value);
                    }
                }
                Value::External(prefix) => {
                    // `shop.orders.Store` written in full, without an import
                    let own = match self.module.language {
                        Language::Java if program.namespaces.contains_key(prefix) => {
                            self.namespace_member(*prefix, name)
                        }
                        _ => Values::new(),
                    };
                    match own.is_empty() {
                        true => {
                            let full = self.join(*prefix, '.', name);
                            push(&mut out, self.submodule(*prefix, full).unwrap_or(Value::External(full)));
                        }
                        false => own.into_iter().for_each(|v| push(&mut out, v)),
                    }
                }
                Value::ExternalInstance(ty) => push(&mut out, Value::External(self.join(*ty, '#', name))),
                Value::Object(object) => {
                    for value in self.entry(*object, name) {
                        push(&mut out, value);
                    }
                }
                Value::Function(function) if name == "prototype" || name == "bind" => {
                    push(&mut out, Value::Function(*function));
                }
                Value::Function(function) => {
                    for value in program.scopes(function.module).constructed(program, *function, name) {
                        for value in self.foreign(function.module, value) {
                            push(&mut out, value);
                        }
                    }
                }
                Value::Class(class) | Value::Instance(class) => {
                    if self.module.language == Language::Ruby && name == "new" {
                        push(&mut out, Value::Class(*class));
                        continue;
                    }
                    for method in program.classes().method(*class, name) {
                        push(&mut out, Value::Function(method));
                    }
                    let field = program.classes().field(*class, name);
                    if let Some(values) = field
                        .map(|(part, _)| program.classes().canonical(part))
                        .into_iter()
                        .chain(program.classes().line(*class))
                        .find_map(|c| self.table(Key::Field(c, name)))
                    {
                        values.iter().for_each(|v| push(&mut out, *v));
                    }
                    if out.is_empty() {
                        // while classes are put together none has its full name yet
                        let full = program.classes().info(*class).and_then(|i| i.full_name).unwrap_or_else(|| {
                            let namespace = program.namespace_of[class.module.0 as usize];
                            Symbol::new(&crate::resolve::class_name(
                                program.module(class.module),
                                namespace,
                                class.class,
                            ))
                        });
                        for value in self.namespace_member(full, name) {
                            push(&mut out, value);
                        }
                    }
                }
            }
        }
        out
    }

    /// `import package.module` of a Python package without `__init__.py`.
    fn submodule(&self, package: Symbol, full: Symbol) -> Option<Value> {
        if self.module.language != Language::Python {
            return None;
        }
        let is_package = |import: &ir::Import| {
            import
                .module
                .as_str()
                .strip_prefix(package.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if !self.module.imports.iter().any(is_package) {
            return None;
        }
        let path = self.program.path(self.id);
        match self.program.resolver.module_specifier(Language::Python, path, full.as_str()) {
            Target::Namespace(namespace) => Some(Value::Namespace(namespace)),
            _ => None,
        }
    }

    fn entry(&mut self, object: ExprRef, name: Symbol) -> Values {
        let module = self.program.module(object.module);
        let ExprKind::Map(entries) = &module.expr(object.expr).kind else { return Values::new() };
        let mut spread = Values::new();
        for entry in entries {
            match entry.key {
                Some(key) if module.string(key) == Some(name) => return self.foreign(object.module, entry.value),
                None => {
                    if let ExprKind::Spread(inner) = module.expr(entry.value).kind
                        && self.spreads < MAX_SPREADS
                    {
                        // an object may be spread into itself: `state = { ...state, a }`
                        self.spreads += 1;
                        let values = self.foreign(object.module, inner);
                        for value in self.members(&values, name) {
                            push(&mut spread, value);
                        }
                        self.spreads -= 1;
                    }
                }
                _ => {}
            }
        }
        spread
    }

    /// What calling gives.
    fn call_result(&mut self, callee: Value, kind: CallKind) -> Values {
        let mut out = Values::new();
        match callee {
            Value::Function(function) => {
                let item = self.program.function(function);
                // a constructor function: what it makes is known by what it assigns to `this`
                if kind == CallKind::New && self.module.language.is_ecmascript() {
                    push(&mut out, callee);
                    return out;
                }
                if item.kind == FunctionKind::Constructor
                    && let Some(class) = self.program.classes().class_of(function)
                {
                    push(&mut out, Value::Instance(class));
                    return out;
                }
                return self.table(Key::Return(function)).cloned().unwrap_or_default();
            }
            Value::Class(class) => push(&mut out, Value::Instance(class)),
            Value::External(name) => {
                if let Some(ty) = self.library.returns(name) {
                    push(&mut out, Value::ExternalInstance(ty));
                } else if kind == CallKind::New {
                    push(&mut out, Value::ExternalInstance(name));
                } else {
                    push(&mut out, Value::ExternalInstance(self.made_by(name.as_str())));
                }
            }
            // what a library made is called itself: `knex("users")`
            Value::ExternalInstance(ty) if self.module.language.is_ecmascript() => {
                let name = self.join(ty, '#', Symbol::new("call"));
                if let Some(ty) = self.library.returns(name) {
                    push(&mut out, Value::ExternalInstance(ty));
                }
            }
            _ => {}
        }
        out
    }

    /// The type of what calling a library's `name` gives, by the conventions of the language.
    fn made_by(&self, name: &str) -> Symbol {
        let last = name.rsplit(['.', '#']).next().unwrap_or(name);
        let class_like = last.starts_with(|c: char| c.is_uppercase()) && !name.contains('#');
        match self.module.language {
            Language::Python if class_like => Symbol::new(name),
            Language::Ruby | Language::Rust if last == "new" => Symbol::new(name.trim_end_matches(".new")),
            Language::Rust if keeps_type(name, last) => {
                Symbol::new(name.rsplit_once(['.', '#']).map_or(name, |(ty, _)| ty))
            }
            // `Client::builder().timeout(t).build()` gives a `Client`, and so does `ClientBuilder::new()…build()`
            Language::Rust if last == "build" => {
                let ty = name.split_once('#').map_or(name, |(ty, _)| ty);
                Symbol::new(ty.strip_suffix("Builder").filter(|t| !t.ends_with('.')).unwrap_or(ty))
            }
            _ => Symbol::new(&format!("{name}()")),
        }
    }
}

/// Rust's functions that give a value of the type they belong to, or take it out of what it is wrapped in.
fn keeps_type(name: &str, last: &str) -> bool {
    let of_type = || {
        let ty = name.rsplit(['.', '#']).nth(1);
        ty.is_some_and(|ty| ty.starts_with(char::is_uppercase))
    };
    match last {
        "default" | "from" | "builder" | "clone" | "as_ref" | "as_mut" => true,
        "unwrap" | "expect" | "unwrap_or_default" | "map_err" | "context" | "with_context" => name.contains('#'),
        "connect" | "connect_lazy" | "open" | "open_in_memory" | "establish" | "try_new" => of_type(),
        _ => false,
    }
}
