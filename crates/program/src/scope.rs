//! Which names each function and module binds, and in which function each expression stands.

use base::{Language, Symbol};
use ir::{
    Block, Child, ClassId, ExprId, ExprKind, FunctionId, ImportId, LogicalOp, Module, Range, StmtId, StmtKind, TypeId,
};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A step into a taken-apart value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// The member of this name.
    Key(Symbol),
    /// The element at this position.
    Index(u32),
    /// The rest.
    Rest,
}

/// How a name gets its value.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A function declared here.
    Function(FunctionId),
    /// A class declared here.
    Class(ClassId),
    /// An import.
    Import(ImportId),
    /// A parameter, or a part of it.
    Param(FunctionId, u32, SmallVec<[PathStep; 1]>),
    /// The value of an expression, or a part of it.
    Value(ExprId, SmallVec<[PathStep; 1]>),
    /// An element of what an expression gives.
    Element(ExprId, SmallVec<[PathStep; 1]>),
    /// Of a declared type.
    Typed(TypeId),
    /// A caught error and the like.
    Opaque,
}

/// The bindings of one scope.
pub type Bindings = FxHashMap<Symbol, SmallVec<[Binding; 1]>>;

/// In which function and class an expression stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The innermost function.
    pub function: Option<FunctionId>,
    /// The innermost class.
    pub class: Option<ClassId>,
}

/// Code that runs only when a condition holds, or only when it does not.
#[derive(Clone, Copy, Debug)]
pub struct Conditional {
    /// The condition.
    pub cond: ExprId,
    /// Whether it must hold.
    pub holds: bool,
    /// The code.
    pub code: Range,
}

/// The scopes of one module.
#[derive(Debug, Default)]
pub struct Scopes {
    /// Names of the module itself.
    pub top: Bindings,
    /// Names of each function.
    pub functions: Vec<Bindings>,
    /// For each expression, its place in `places`.
    place_of: Vec<u32>,
    places: Vec<Place>,
    /// Assignments to members of `this`: class, member, value.
    pub members: Vec<(Option<ClassId>, Option<FunctionId>, Symbol, ExprId)>,
    /// ECMAScript: assignments to a prototype (`F.prototype.name = value`): constructor, member, value.
    pub prototypes: Vec<(Symbol, Symbol, ExprId)>,
    /// ECMAScript: what the module exports by `module.exports` and `exports.name` (`None`: all of it).
    pub exports: Vec<(Option<Symbol>, ExprId)>,
    /// The functions directly in each function.
    nested: Vec<Vec<FunctionId>>,
    /// Values that each function returns (`return` and expression bodies), nested functions apart.
    pub returns: Vec<Vec<ExprId>>,
    /// Branches of `if`, of `a ? b : c`, of `switch` with one pattern, and what follows `&&`.
    pub conditionals: Vec<Conditional>,
    /// Functions that are called with each element of what an expression gives: `xs.forEach(f)`.
    pub(crate) iterated: FxHashMap<FunctionId, ExprId>,
    /// What is added to lists: the function that has the list (`None`: the module, the package), its name,
    /// the element. `x.push(v)`, `x = append(x, v)`.
    pub(crate) appended: Vec<(Option<FunctionId>, Symbol, ExprId)>,
}

/// Where many expressions stand at once.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    owner: Owner,
    loops: u32,
}

impl Scopes {
    /// Whether a function outside any class assigns to members of `this`: it is a constructor (ECMAScript).
    pub(crate) fn constructs(&self, function: FunctionId) -> bool {
        self.members.iter().any(|(class, owner, ..)| class.is_none() && *owner == Some(function))
    }

    /// The values that a constructor function gives a member of what it makes.
    pub(crate) fn constructed(&self, program: &crate::Program, function: crate::FnId, name: Symbol) -> Vec<ExprId> {
        let mut values: Vec<ExprId> = self
            .members
            .iter()
            .filter(|(class, owner, member, _)| class.is_none() && *owner == Some(function.function) && *member == name)
            .map(|(.., value)| *value)
            .collect();
        if values.is_empty() && self.prototypes.iter().any(|(_, member, _)| *member == name) {
            let module = program.module(function.module);
            let is_bound = |binding: &Binding| match binding {
                Binding::Function(id) => *id == function.function,
                Binding::Value(expr, path) => {
                    path.is_empty()
                        && matches!(module.expr(*expr).kind, ExprKind::Lambda(id) if id == function.function)
                }
                _ => false,
            };
            let mut of = self.prototypes.iter().filter(|(owner, member, _)| {
                *member == name && self.top.get(owner).is_some_and(|bindings| bindings.iter().any(is_bound))
            });
            values.extend(of.next().map(|(.., value)| *value));
        }
        values
    }

    /// The functions that stand directly in a function, in order.
    pub fn nested(&self, function: FunctionId) -> &[FunctionId] {
        self.nested.get(function.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Where an expression stands.
    pub fn owner(&self, expr: ExprId) -> Owner {
        self.place(expr).owner
    }

    /// What a function is called with the elements of, one by one: `xs` of `xs.forEach(f)`.
    pub fn iterated(&self, function: FunctionId) -> Option<ExprId> {
        self.iterated.get(&function).copied()
    }

    /// How many loops within its function an expression stands in.
    pub fn loop_depth(&self, expr: ExprId) -> u32 {
        self.place(expr).loops
    }

    fn place(&self, expr: ExprId) -> Place {
        let place = self.place_of.get(expr.0 as usize).and_then(|at| self.places.get(*at as usize));
        place.copied().unwrap_or_default()
    }
}

/// Whether a method of this name calls what it is given with each element of a list.
pub fn hands_on_elements(language: Language, name: &str) -> bool {
    if matches!(name, "forEach" | "map" | "each" | "for_each" | "flatMap" | "ForEach") {
        return true;
    }
    match language {
        Language::Java => matches!(
            name,
            "flatMapSequential"
                | "flatMapIterable"
                | "concatMap"
                | "mapToObj"
                | "mapToLong"
                | "mapToInt"
                | "anyMatch"
                | "allMatch"
                | "noneMatch"
                | "peek"
                | "removeIf"
                | "filter"
        ),
        Language::CSharp => matches!(name, "Select" | "SelectMany" | "ForEachAsync" | "ToDictionary" | "RemoveAll"),
        Language::Rust => {
            matches!(name, "filter_map" | "flat_map" | "try_for_each" | "for_each_concurrent" | "then")
        }
        language if language.is_ecmascript() => matches!(
            name,
            "filter" | "some" | "every" | "eachSeries" | "eachLimit" | "mapSeries" | "mapLimit" | "forEachSeries"
        ),
        _ => false,
    }
}

/// One pass over a module.
pub(crate) fn survey(module: &Module) -> Scopes {
    let mut survey = Survey {
        module,
        scopes: Scopes {
            functions: vec![Bindings::default(); module.functions.len()],
            place_of: vec![0; module.exprs().len()],
            places: vec![Place::default()],
            returns: vec![Vec::new(); module.functions.len()],
            nested: nested(module),
            ..Scopes::default()
        },
        here: Place::default(),
        place: 0,
        seen_functions: vec![false; module.functions.len()],
        seen_classes: vec![false; module.classes.len()],
    };
    for annotation in &module.annotations {
        survey.expr(*annotation);
    }
    survey.block(&module.body);
    // what a front end did not place in a block still gets its scope
    for (id, _) in module.classes() {
        survey.class(id);
    }
    for (id, _) in module.functions() {
        survey.function(id);
    }
    for (at, import) in module.imports.iter().enumerate() {
        if !import.alias.is_empty() && import.kind != ir::ImportKind::Export {
            let bound = survey.scopes.top.entry(import.alias).or_default();
            let id = ImportId(at as u32);
            if !bound.iter().any(|b| matches!(b, Binding::Import(i) if *i == id)) {
                bound.push(Binding::Import(id));
            }
        }
    }
    survey.scopes
}

fn nested(module: &Module) -> Vec<Vec<FunctionId>> {
    let mut nested = vec![Vec::new(); module.functions.len()];
    for (id, function) in module.functions() {
        if let Some(parent) = function.parent {
            nested[parent.0 as usize].push(id);
        }
    }
    nested
}

struct Survey<'m> {
    module: &'m Module,
    scopes: Scopes,
    here: Place,
    /// Where `here` is among the places.
    place: u32,
    seen_functions: Vec<bool>,
    seen_classes: Vec<bool>,
}

impl Survey<'_> {
    /// Goes to another place; gives back what [`Self::leave`] needs.
    fn enter(&mut self, here: Place) -> (Place, u32) {
        let before = (self.here, self.place);
        self.place = self.scopes.places.len() as u32;
        self.scopes.places.push(here);
        self.here = here;
        before
    }

    fn leave(&mut self, before: (Place, u32)) {
        (self.here, self.place) = before;
    }

    fn bind(&mut self, name: Symbol, binding: Binding) {
        if name.is_empty() {
            return;
        }
        let scope = match self.here.owner.function {
            Some(function) => &mut self.scopes.functions[function.0 as usize],
            None => &mut self.scopes.top,
        };
        scope.entry(name).or_default().push(binding);
    }

    fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(*stmt);
        }
    }

    fn stmt(&mut self, id: StmtId) {
        match &self.module.stmt(id).kind {
            StmtKind::Assign { target, ty, value, declares, op } => {
                self.expr(*target);
                if let Some(value) = value {
                    self.expr(*value);
                }
                if op.is_none() {
                    self.assign(*target, *value, *ty, *declares);
                }
            }
            StmtKind::Expr(e) | StmtKind::Defer(e) | StmtKind::Spawn(e) | StmtKind::Assert(e) => self.expr(*e),
            StmtKind::If { cond, then, otherwise } => {
                self.expr(*cond);
                for (block, holds) in [(then, true), (otherwise, false)] {
                    if let (Some(first), Some(last)) = (block.first(), block.last()) {
                        let (start, end) = (self.module.stmt(*first).range.start, self.module.stmt(*last).range.end);
                        self.scopes.conditionals.push(Conditional { cond: *cond, holds, code: Range { start, end } });
                    }
                    self.block(block);
                }
            }
            StmtKind::Loop { pattern, iter, cond, body } => {
                if let Some(iter) = iter {
                    self.expr(*iter);
                }
                let before = self.enter(Place { loops: self.here.loops + 1, ..self.here });
                if let Some(cond) = cond {
                    self.expr(*cond);
                }
                if let Some(pattern) = pattern {
                    self.expr(*pattern);
                    if let Some(iter) = iter {
                        self.pattern(*pattern, &mut SmallVec::new(), &|path| Binding::Element(*iter, path));
                    }
                }
                self.block(body);
                self.leave(before);
            }
            StmtKind::Switch { subject, arms } => {
                if let Some(subject) = subject {
                    self.expr(*subject);
                }
                for arm in arms {
                    for pattern in &arm.patterns {
                        self.expr(*pattern);
                        if let Some(subject) = subject {
                            self.match_pattern(*pattern, *subject);
                        }
                    }
                    if let Some(guard) = arm.guard {
                        self.expr(guard);
                    }
                    // `case Dev:` holds where nothing else leads into the arm
                    if let ([only], Some(first), Some(last)) =
                        (arm.patterns.as_slice(), arm.body.first(), arm.body.last())
                    {
                        let (start, end) = (self.module.stmt(*first).range.start, self.module.stmt(*last).range.end);
                        self.scopes.conditionals.push(Conditional {
                            cond: *only,
                            holds: true,
                            code: Range { start, end },
                        });
                    }
                    self.block(&arm.body);
                }
            }
            StmtKind::Try { body, catches, finally } => {
                self.block(body);
                for catch in catches {
                    if let Some(name) = catch.binding {
                        let binding = match catch.types.as_slice() {
                            [ty] => Binding::Typed(*ty),
                            _ => Binding::Opaque,
                        };
                        self.bind(name, binding);
                    }
                    self.block(&catch.body);
                }
                self.block(finally);
            }
            StmtKind::With { resources, body } => {
                self.block(resources);
                self.block(body);
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(*value);
                    if let Some(function) = self.here.owner.function {
                        self.scopes.returns[function.0 as usize].push(*value);
                    }
                }
            }
            StmtKind::Throw(value) => {
                if let Some(value) = value {
                    self.expr(*value);
                }
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Function(function) => {
                if let Some(name) = self.module.function(*function).name {
                    self.bind(name, Binding::Function(*function));
                }
                self.function(*function);
            }
            StmtKind::Class(class) => {
                self.bind(self.module.class(*class).name, Binding::Class(*class));
                self.class(*class);
            }
            StmtKind::Import(import) => {
                let bound = self.module.import(*import);
                if bound.kind != ir::ImportKind::Export {
                    self.bind(bound.alias, Binding::Import(*import));
                }
            }
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn assign(&mut self, target: ExprId, value: Option<ExprId>, ty: Option<TypeId>, declares: bool) {
        match (&self.module.expr(target).kind, value) {
            (ExprKind::Name(name), Some(value)) if !declares && self.is_append_to_outer(*name, value) => {}
            (ExprKind::Name(name), value) => {
                // a name of the module that a function assigns without declaring it stays the module's
                let outer = !declares
                    && self.here.owner.function.is_some()
                    && self.module.language.is_ecmascript()
                    && self.scopes.top.contains_key(name)
                    && !self.is_bound_locally(*name);
                let mut bindings: SmallVec<[Binding; 2]> = SmallVec::new();
                bindings.extend(ty.map(Binding::Typed));
                bindings.extend(value.map(|v| Binding::Value(v, SmallVec::new())));
                // and one of a function around stays that function's
                let binder = match !declares && self.module.language.is_ecmascript() {
                    true => self.binder(*name),
                    false => None,
                };
                for binding in bindings {
                    if outer {
                        self.scopes.top.entry(*name).or_default().push(binding);
                    } else if let Some(function) = binder {
                        self.scopes.functions[function.0 as usize].entry(*name).or_default().push(binding);
                    } else {
                        self.bind(*name, binding);
                    }
                }
            }
            (ExprKind::Member { object, name, .. }, Some(value)) => {
                let name = *name;
                match &self.module.expr(*object).kind {
                    ExprKind::Member { object: owner, name: prototype, .. } if *prototype == "prototype" => {
                        if let ExprKind::Name(owner) = self.module.expr(*owner).kind {
                            self.scopes.prototypes.push((owner, name, value));
                        }
                    }
                    ExprKind::This => {
                        let Owner { class, function } = self.here.owner;
                        self.scopes.members.push((class, function, name, value));
                    }
                    ExprKind::Name(object) if *object == "module" && name == "exports" => {
                        self.scopes.exports.push((None, value));
                    }
                    ExprKind::Name(object) if *object == "exports" => {
                        self.scopes.exports.push((Some(name), value));
                    }
                    ExprKind::Member { object: outer, name: middle, .. } if *middle == "exports" => {
                        if matches!(&self.module.expr(*outer).kind, ExprKind::Name(n) if *n == "module") {
                            self.scopes.exports.push((Some(name), value));
                        }
                    }
                    _ => {}
                }
            }
            (_, Some(value)) => {
                self.pattern(target, &mut SmallVec::new(), &|path| Binding::Value(value, path));
            }
            _ => {}
        }
    }

    fn is_bound_locally(&self, name: Symbol) -> bool {
        self.binder(name).is_some()
    }

    /// The function around that has a variable of this name.
    fn binder(&self, name: Symbol) -> Option<FunctionId> {
        let mut function = self.here.owner.function;
        while let Some(id) = function {
            if self.scopes.functions[id.0 as usize].contains_key(&name) {
                return Some(id);
            }
            function = self.module.function(id).parent;
        }
        None
    }

    /// Calls that hand on each element of a list, or add to one.
    fn list_call(&mut self, callee: ExprId, args: &[ir::Arg], block: Option<FunctionId>) {
        match &self.module.expr(callee).kind {
            ExprKind::Member { object, name, .. } => match name.as_str() {
                list if hands_on_elements(self.module.language, list) => {
                    let lambda_of = |value: ExprId| match self.module.expr(value).kind {
                        ExprKind::Lambda(function) => Some(function),
                        _ => None,
                    };
                    let first = args.first().map(|a| a.value);
                    // `Promise.map(xs, x => …)`, `Parallel.ForEach(xs, x => …)`
                    let after = args.iter().skip(1).find_map(|a| lambda_of(a.value));
                    match (first.and_then(lambda_of).or(block), after, first) {
                        (Some(function), ..) => {
                            self.scopes.iterated.insert(function, *object);
                        }
                        (None, Some(function), Some(list)) => {
                            self.scopes.iterated.insert(function, list);
                        }
                        _ => {}
                    }
                }
                // Ruby's, which take a block for each element
                "collect" | "flat_map" | "collect_concat" | "each_with_index" | "each_with_object" | "each_entry"
                | "reverse_each" | "find_each" | "select" | "filter" | "reject" | "filter_map" | "sort_by"
                | "group_by" | "index_by" | "index_with" | "partition" | "sum" | "min_by" | "max_by" | "any?"
                | "all?" | "none?" | "detect" | "find_all" | "find_index" | "to_h" | "uniq" | "map!" | "select!"
                | "reject!" | "delete_if" | "keep_if" | "count" | "take_while" | "drop_while" => {
                    if let Some(function) = block {
                        self.scopes.iterated.insert(function, *object);
                    }
                }
                "push" | "append" | "add" | "Add" if args.len() == 1 => {
                    if let ExprKind::Name(list) = self.module.expr(*object).kind {
                        let binder = self.binder(list);
                        self.scopes.appended.push((binder, list, args[0].value));
                    }
                }
                _ => {}
            },
            ExprKind::Name(name) if *name == "append" => {
                if let Some((first, rest)) = args.split_first()
                    && let ExprKind::Name(list) = self.module.expr(first.value).kind
                {
                    let binder = self.binder(list);
                    self.scopes.appended.extend(rest.iter().map(|a| (binder, list, a.value)));
                }
            }
            _ => {}
        }
    }

    /// `x = append(x, …)` of a variable around the function declares nothing.
    fn is_append_to_outer(&self, name: Symbol, value: ExprId) -> bool {
        if let ExprKind::Call { callee, args, .. } = &self.module.expr(value).kind
            && matches!(self.module.expr(*callee).kind, ExprKind::Name(n) if n == "append")
            && let Some(first) = args.first()
        {
            return matches!(self.module.expr(first.value).kind, ExprKind::Name(n) if n == name)
                && self.here.owner.function.is_some()
                && !self.is_bound_locally(name);
        }
        false
    }

    /// Binds the names of a pattern. Call-like patterns (`Some(x)`, `Ok(x)`) pass their only argument on.
    fn pattern(
        &mut self,
        pattern: ExprId,
        path: &mut SmallVec<[PathStep; 1]>,
        make: &dyn Fn(SmallVec<[PathStep; 1]>) -> Binding,
    ) {
        if path.len() > 8 {
            return;
        }
        match &self.module.expr(pattern).kind {
            ExprKind::Name(name) => {
                let name = *name;
                self.bind(name, make(path.clone()));
            }
            ExprKind::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(PathStep::Index(at as u32));
                    self.pattern(*item, path, make);
                    path.pop();
                }
            }
            ExprKind::Map(entries) => {
                for entry in entries {
                    let step = entry.key.and_then(|k| self.module.string(k)).map_or(PathStep::Rest, PathStep::Key);
                    path.push(step);
                    self.pattern(entry.value, path, make);
                    path.pop();
                }
            }
            ExprKind::Assign { target, value, .. } => {
                self.pattern(*target, path, make);
                // `name @ pattern`; ECMAScript has a default there
                if !self.module.language.is_ecmascript() {
                    self.pattern(*value, path, make);
                }
            }
            // `a | b`
            ExprKind::Logical { left, right, .. } => {
                self.pattern(*left, path, make);
                self.pattern(*right, path, make);
            }
            ExprKind::Spread(inner) => {
                path.push(PathStep::Rest);
                self.pattern(*inner, path, make);
                path.pop();
            }
            ExprKind::Unary { operand, .. } => self.pattern(*operand, path, make),
            ExprKind::Cast { ty, value } => {
                if let ExprKind::Name(name) = &self.module.expr(*value).kind {
                    self.bind(*name, Binding::Typed(*ty));
                }
                self.pattern(*value, path, make);
            }
            ExprKind::Call { args, .. } => {
                let one = args.len() == 1;
                for (at, arg) in args.iter().enumerate() {
                    if !one {
                        path.push(PathStep::Index(at as u32));
                    }
                    self.pattern(arg.value, path, make);
                    if !one {
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    /// Binds the names of a match arm's pattern; a lone name is a value to compare with unless it is
    /// lower case.
    fn match_pattern(&mut self, pattern: ExprId, subject: ExprId) {
        if let ExprKind::Name(name) = &self.module.expr(pattern).kind
            && !name.as_str().starts_with(|c: char| c.is_lowercase())
        {
            return;
        }
        self.pattern(pattern, &mut SmallVec::new(), &|path| Binding::Value(subject, path));
    }

    fn expr(&mut self, id: ExprId) {
        self.scopes.place_of[id.0 as usize] = self.place;
        match &self.module.expr(id).kind {
            ExprKind::Assign { target, op: None, value } => self.assign(*target, Some(*value), None, false),
            ExprKind::IsType { ty, binding: Some(name), .. } => self.bind(*name, Binding::Typed(*ty)),
            ExprKind::ClassExpr(class) => self.class(*class),
            ExprKind::Call { callee, args, block, .. } => self.list_call(*callee, args, *block),
            ExprKind::Ternary { cond, then, otherwise } => {
                for (branch, holds) in [(*then, true), (*otherwise, false)] {
                    let code = self.module.expr(branch).range;
                    self.scopes.conditionals.push(Conditional { cond: *cond, holds, code });
                }
            }
            ExprKind::Logical { op: LogicalOp::And, left, right } => {
                let code = self.module.expr(*right).range;
                self.scopes.conditionals.push(Conditional { cond: *left, holds: true, code });
            }
            _ => {}
        }
        self.module.children(id, |child| match child {
            Child::Expr(expr) => self.expr(expr),
            Child::Stmt(stmt) => self.stmt(stmt),
            Child::Function(function) => self.function(function),
        });
    }

    fn function(&mut self, id: FunctionId) {
        if std::mem::replace(&mut self.seen_functions[id.0 as usize], true) {
            return;
        }
        let function = self.module.function(id);
        for annotation in &function.annotations {
            self.expr(*annotation);
        }
        let owner = Owner { function: Some(id), class: function.class.or(self.here.owner.class) };
        let before = self.enter(Place { owner, loops: 0 });
        for (at, param) in function.params.iter().enumerate() {
            for e in param.annotations.iter().chain(&param.default) {
                self.expr(*e);
            }
            self.bind(param.name, Binding::Param(id, at as u32, SmallVec::new()));
            if let Some(pattern) = param.pattern {
                self.expr(pattern);
                self.pattern(pattern, &mut SmallVec::new(), &|path| Binding::Param(id, at as u32, path));
            }
        }
        if let Some(body) = &function.body {
            self.block(body);
        }
        self.leave(before);
    }

    fn class(&mut self, id: ClassId) {
        if std::mem::replace(&mut self.seen_classes[id.0 as usize], true) {
            return;
        }
        let class = self.module.class(id);
        for annotation in &class.annotations {
            self.expr(*annotation);
        }
        let owner = Owner { class: Some(id), ..self.here.owner };
        let before = self.enter(Place { owner, ..self.here });
        for field in &class.fields {
            for e in field.annotations.iter().chain(&field.init) {
                self.expr(*e);
            }
        }
        // names bound in a class body are members, not variables of the function around it
        for stmt in &class.body {
            match &self.module.stmt(*stmt).kind {
                StmtKind::Class(inner) => self.class(*inner),
                StmtKind::Function(inner) => self.function(*inner),
                StmtKind::Expr(e) => self.expr(*e),
                _ => self.stmt(*stmt),
            }
        }
        for method in &class.methods {
            self.function(*method);
        }
        self.leave(before);
    }
}
