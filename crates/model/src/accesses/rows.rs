//! Which rows an expression stands for: one of a class, or many, followed through variables, parameters, relations,
//! methods and functions; and, from a root (the element of a loop, a parameter), over which relations.
//!
//! [`asks`] says what of this goes to the database again for each row.

mod asks;
mod loops;

use base::{Evidence, Language, Symbol};
use ir::{CallKind, ExprId, ExprKind, FunctionKind, UnaryOp};
use program::{Binding, ClassRef, ExprRef, FnId, PathStep, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::relations::{Relation, Relations, outermost_of, plain_name, singular};
use super::ways::Ways;
use crate::adapters::Context;
use crate::facts::{AccessFact, Kind};
use crate::stored::{Stored, StoredThings};

pub(super) use asks::{Ask, Asks};
pub(super) use loops::repeats;

/// How many steps one question takes at most.
const FUEL: u32 = 400;

/// How many callers are asked what they hand over.
const MAX_CALLERS: usize = 6;

/// Relations one after another.
pub(super) type Path = SmallVec<[Symbol; 4]>;

/// What a path of relations begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Root {
    /// The object that a method is called on.
    Receiver(FnId),
    /// A parameter, by its place among all.
    Param(FnId, u32),
    /// The element of a list.
    Element(ExprRef),
}

/// Rows that an expression stands for.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub class: ClassRef,
    pub is_many: bool,
    /// It is the class itself.
    is_class: bool,
    pub evidence: Evidence,
    pub root: Option<Root>,
    /// The class at the root.
    pub start: ClassRef,
    /// From the root.
    pub path: Path,
    /// The functions that gave them.
    pub via: SmallVec<[FnId; 2]>,
    /// The query, as far as one expression says it.
    pub made: Option<ExprRef>,
}

impl Rows {
    fn of(class: ClassRef, is_many: bool, evidence: Evidence) -> Rows {
        let (root, path, via) = (None, Path::new(), SmallVec::new());
        Rows { class, is_many, is_class: false, evidence, root, start: class, path, via, made: None }
    }

    /// One of a class, as far as can be guessed.
    pub(super) fn guess(class: ClassRef) -> Rows {
        Rows::of(class, false, Evidence::Suspected)
    }

    /// Whether one can go through them: the class itself stands for all of its rows.
    pub(super) fn is_list(&self) -> bool {
        self.is_many || self.is_class
    }

    /// Many of them.
    pub(super) fn many(self) -> Rows {
        Rows { is_many: true, ..self }
    }

    /// One of them.
    pub(super) fn one(self) -> Rows {
        Rows { is_many: false, is_class: false, ..self }
    }

    fn rooted(self, root: Root) -> Rows {
        Rows { root: Some(root), start: self.class, path: Path::new(), ..self }
    }
}

/// Where a relation leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// None where it may lead to several, or to a class of a library.
    pub to: Option<ClassRef>,
    pub is_many: bool,
}

/// What is known of all rows.
pub(super) struct Known<'c> {
    pub context: &'c Context<'c>,
    pub relations: &'c Relations,
    pub ways: &'c Ways,
    links: FxHashMap<(ClassRef, Symbol), Link>,
    names: FxHashSet<Symbol>,
    /// Classes by what one of their rows is called; none where it may be of several.
    called: FxHashMap<String, Option<ClassRef>>,
    /// Relations that lead back over a declared one.
    backward: FxHashMap<(ClassRef, Symbol), Relation>,
    /// Fields of classes.
    columns: FxHashSet<(ClassRef, Symbol)>,
    /// Classes with rows.
    stored: FxHashSet<ClassRef>,
    /// Queries that classes have names for: `scope :recent, -> { … }`.
    scopes: FxHashMap<(ClassRef, Symbol), FnId>,
    /// What instance variables are set to, by class and name.
    kept: FxHashMap<(ClassRef, Symbol), Vec<ExprRef>>,
}

/// One question: what it has asked already.
pub(super) struct Asking {
    fuel: u32,
    seen: Vec<ExprRef>,
}

impl Asking {
    pub(super) fn new() -> Asking {
        Asking { fuel: FUEL, seen: Vec::new() }
    }
}

impl<'c> Known<'c> {
    pub(super) fn read(
        context: &'c Context<'c>,
        relations: &'c Relations,
        ways: &'c Ways,
        stored: &StoredThings,
    ) -> Known<'c> {
        let mut known = Known {
            context,
            relations,
            ways,
            links: FxHashMap::default(),
            names: FxHashSet::default(),
            called: FxHashMap::default(),
            backward: FxHashMap::default(),
            columns: FxHashSet::default(),
            stored: FxHashSet::default(),
            scopes: FxHashMap::default(),
            kept: FxHashMap::default(),
        };
        let named = by_name(stored);
        for thing in &stored.all {
            let Some(class) = thing.class else { continue };
            if reads_late(context, class) {
                known.stored.insert(class);
                known.add_scopes(class);
            }
            let plain = plain_name(&thing.name);
            known.called.entry(plain).and_modify(|c| *c = c.filter(|c| *c == class)).or_insert(Some(class));
        }
        let classes = known.called.clone();
        for thing in &stored.all {
            let Some(class) = thing.class.filter(|c| reads_late(context, *c)) else { continue };
            known.columns.extend(thing.fields.iter().map(|f| (class, f.name)));
            for field in &thing.fields {
                let Some(relation) = &field.relation else { continue };
                let Some(to) = nearest(context, class, named.get(relation.to.as_str())) else { continue };
                known.add(class, field.name, Link { to: Some(to), is_many: relation.is_many }, &classes);
                if let Some((name, is_many)) = &relation.back {
                    known.add(to, *name, Link { to: Some(class), is_many: *is_many }, &classes);
                    if let Some(relation) = relations.of(class, field.name) {
                        known.backward.insert((to, *name), Relation { is_many: *is_many, ..relation });
                    }
                }
            }
        }
        for (class, name, is_many) in relations.all() {
            if reads_late(context, class) {
                known.add(class, name, Link { to: None, is_many }, &classes);
            }
        }
        for id in context.program.ids() {
            let module = context.program.module(id);
            if module.language != Language::Ruby {
                continue;
            }
            let scopes = context.program.scopes(id);
            for (function, item) in module.functions() {
                let Some(class) = item.class else { continue };
                let class = context.program.classes().canonical(ClassRef { module: id, class });
                for (name, bindings) in &scopes.functions[function.0 as usize] {
                    if !name.as_str().starts_with('@') {
                        continue;
                    }
                    for binding in bindings {
                        if let Binding::Value(expr, path) = binding
                            && path.is_empty()
                        {
                            let value = ExprRef { module: id, expr: *expr };
                            known.kept.entry((class, *name)).or_default().push(value);
                        }
                    }
                }
            }
        }
        known.kept.values_mut().for_each(|all| all.sort_unstable());
        known
    }

    fn add(&mut self, class: ClassRef, name: Symbol, link: Link, classes: &FxHashMap<String, Option<ClassRef>>) {
        if self.links.contains_key(&(class, name)) {
            return;
        }
        self.links.insert((class, name), link);
        self.names.insert(name);
        // `author` is a user where every relation of that name leads to one
        let plain = plain_name(name.as_str());
        let one = if link.is_many { singular(&plain).unwrap_or(plain) } else { plain };
        if !classes.contains_key(&one) {
            self.called.entry(one).and_modify(|c| *c = c.filter(|c| Some(*c) == link.to)).or_insert(link.to);
        }
    }

    fn add_scopes(&mut self, class: ClassRef) {
        let program = self.context.program;
        let parts = program.classes().lineage(class).into_iter().filter_map(|c| program.classes().info(c));
        for part in parts.flat_map(|i| &i.parts) {
            let module = program.module(part.module);
            let body = &program.class(*part).body;
            let calls = body.iter().filter_map(|s| match module.stmt(*s).kind {
                ir::StmtKind::Expr(expr) | ir::StmtKind::Return(Some(expr)) => Some(expr),
                _ => None,
            });
            for call in calls {
                let ExprKind::Call { args, .. } = &module.expr(call).kind else { continue };
                if let [name, query, ..] = args.as_slice()
                    && let Some(name) = module.string(name.value)
                    && let ExprKind::Lambda(function) = module.expr(query.value).kind
                {
                    self.scopes.insert((class, name), FnId { module: part.module, function });
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Whether some class has a relation of this name.
    pub(super) fn is_link(&self, name: Symbol) -> bool {
        self.names.contains(&name)
    }

    pub(super) fn link(&self, class: ClassRef, name: Symbol) -> Option<Link> {
        self.context.program.classes().lineage(class).iter().find_map(|c| self.links.get(&(*c, name))).copied()
    }

    /// What a thing of this name is.
    pub(super) fn called(&self, name: Symbol) -> Option<Rows> {
        let plain = name.as_str().trim_start_matches('@');
        let plain = plain_name(plain.strip_prefix("current_").unwrap_or(plain));
        if let Some(class) = self.called.get(&plain).copied() {
            return Some(Rows::of(class?, false, Evidence::Suspected));
        }
        let class = (*self.called.get(&singular(&plain)?)?)?;
        Some(Rows::of(class, true, Evidence::Suspected))
    }

    /// The rows that an expression stands for.
    pub(super) fn rows(&self, at: ExprRef) -> Option<Rows> {
        self.follow(at, &mut Asking::new())
    }

    pub(super) fn follow(&self, at: ExprRef, asking: &mut Asking) -> Option<Rows> {
        if asking.fuel == 0 || asking.seen.contains(&at) {
            return None;
        }
        asking.fuel -= 1;
        asking.seen.push(at);
        let found = self.follow_one(at, asking);
        asking.seen.pop();
        found
    }

    fn follow_one(&self, at: ExprRef, asking: &mut Asking) -> Option<Rows> {
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Await(inner) | ExprKind::Spread(inner) | ExprKind::Cast { value: inner, .. } => {
                self.follow(here(*inner), asking)
            }
            ExprKind::Assign { value, .. } => self.follow(here(*value), asking),
            ExprKind::Ternary { then, otherwise, .. } => {
                self.follow(here(*then), asking).or_else(|| self.follow(here(*otherwise), asking))
            }
            ExprKind::Logical { left, right, .. } => {
                // `a and a.b` is the second, `a or b` the first
                let (first, second) = match module.expr(at.expr).kind {
                    ExprKind::Logical { op: ir::LogicalOp::And, .. } => (*right, *left),
                    _ => (*left, *right),
                };
                self.follow(here(first), asking).or_else(|| self.follow(here(second), asking))
            }
            ExprKind::Index { object, index } => {
                let rows = self.follow(here(*object), asking).filter(|r| r.is_many)?;
                match module.expr(*index).kind {
                    ExprKind::List(_) => Some(rows),
                    _ => Some(Rows { root: None, is_many: false, ..rows }),
                }
            }
            ExprKind::This => self.own(at),
            ExprKind::Name(name) => self.variable(at, *name, asking),
            ExprKind::Member { object, name, .. } => match self.follow(here(*object), asking) {
                Some(rows) => self.member(rows, *name, (module.language, Some(at)), false, asking),
                None => self.evaluated(at).or_else(|| match module.language {
                    // `self.articles`, `request.user`
                    Language::Python => self.called(*name),
                    _ => None,
                }),
            },
            ExprKind::Call { callee, args, kind: CallKind::Call | CallKind::New, .. } => {
                self.given_by(at, *callee, args, asking)
            }
            _ => None,
        }
    }

    /// What a call gives.
    fn given_by(&self, at: ExprRef, callee: ExprId, args: &[ir::Arg], asking: &mut Asking) -> Option<Rows> {
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        let is_lone = args.is_empty() && module.language == Language::Ruby;
        match &module.expr(callee).kind {
            ExprKind::Member { object, name, .. } => {
                if let Some(rows) = self.follow(here(*object), asking) {
                    return self.member(rows, *name, (module.language, Some(at)), true, asking);
                }
                let given = self.returned_by(at, asking).or_else(|| self.handed_on(at, args, asking));
                given.or_else(|| self.called(*name).filter(|_| is_lone))
            }
            ExprKind::Name(name) => {
                if let Some(own) = self.own(here(callee)).filter(|_| module.language == Language::Ruby)
                    && !own.is_class
                    && self.link(own.class, *name).is_some()
                {
                    return self.member(own, *name, (module.language, Some(at)), true, asking);
                }
                if module.language == Language::Ruby
                    && let Some(own) = self.own(here(callee)).filter(|o| o.is_class)
                    && self.returned_by(at, asking).is_none()
                {
                    return self.member(own, *name, (module.language, Some(at)), true, asking);
                }
                let given = self.returned_by(at, asking).or_else(|| self.handed_on(at, args, asking));
                given.or_else(|| self.called(*name).filter(|_| is_lone))
            }
            _ => None,
        }
    }

    /// What the functions give that a call means.
    fn returned_by(&self, call: ExprRef, asking: &mut Asking) -> Option<Rows> {
        let callee = self.context.program.call(call)?;
        if callee.functions.len() > 2 {
            return None;
        }
        callee.functions.iter().find_map(|f| {
            let rows = self.returned(*f, asking)?;
            // what it was given, as it was given here
            let Some(Root::Param(function, at)) = rows.root.filter(|_| rows.path.is_empty()) else { return Some(rows) };
            let given = self.argument(call, function, at).filter(|_| function == *f)?;
            let found = self.follow(given, asking)?;
            Some(Rows { is_many: rows.is_many, ..found })
        })
    }

    /// What a call hands over for a parameter.
    fn argument(&self, call: ExprRef, function: FnId, at: u32) -> Option<ExprRef> {
        let item = self.context.program.function(function);
        let skip = usize::from(item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver));
        let name = item.params.get(at as usize)?.name;
        let ExprKind::Call { args, .. } = &self.context.program.expr(call).kind else { return None };
        let by_place = || args.iter().filter(|a| a.name.is_none()).nth((at as usize).checked_sub(skip)?);
        let arg = args.iter().find(|a| a.name == Some(name)).or_else(by_place)?;
        Some(ExprRef { module: call.module, expr: arg.value })
    }

    /// What a function gives back.
    pub(super) fn returned(&self, function: FnId, asking: &mut Asking) -> Option<Rows> {
        let returns = &self.context.program.scopes(function.module).returns[function.function.0 as usize];
        let here = |expr: ExprId| ExprRef { module: function.module, expr };
        let mut rows = returns.iter().find_map(|expr| self.follow(here(*expr), asking))?;
        // what else it may give was asked for somewhere as well
        rows.via.push(function);
        Some(rows)
    }

    /// `list(articles)`, `paginate(request, articles)`, `select(Article)`: about as many of the same.
    fn handed_on(&self, at: ExprRef, args: &[ir::Arg], asking: &mut Asking) -> Option<Rows> {
        let plain = args.iter().take(3).filter(|a| a.name.is_none_or(|n| n == "queryset" || n == "object_list"));
        for arg in plain {
            let Some(rows) = self.follow(ExprRef { module: at.module, expr: arg.value }, asking) else { continue };
            if rows.is_class || rows.is_many {
                let made = rows.made.filter(|_| !rows.is_class).or(Some(at));
                return Some(Rows { is_class: false, is_many: true, made, ..rows });
            }
        }
        None
    }

    /// The object that code stands in, or its class.
    fn own(&self, at: ExprRef) -> Option<Rows> {
        let owner = self.context.program.scopes(at.module).owner(at.expr);
        let class = ClassRef { module: at.module, class: owner.class? };
        let class = self.context.program.classes().canonical(class);
        if !self.has_rows(class) {
            return None;
        }
        let rows = Rows::of(class, false, Evidence::Shown);
        let Some(function) = owner.function else { return Some(Rows { is_class: true, ..rows }) };
        let function = outermost_of(self.context, FnId { module: at.module, function });
        let item = self.context.program.function(function);
        // a block in the body of a class: `scope :recent, -> { … }`
        if item.is_static || matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block) {
            return Some(Rows { is_class: true, ..rows });
        }
        Some(rows.rooted(Root::Receiver(function)))
    }

    fn has_rows(&self, class: ClassRef) -> bool {
        self.context.program.classes().lineage(class).iter().any(|c| self.stored.contains(c))
    }

    fn variable(&self, at: ExprRef, name: Symbol, asking: &mut Asking) -> Option<Rows> {
        let program = self.context.program;
        let module = program.module(at.module);
        let scopes = program.scopes(at.module);
        let owner = scopes.owner(at.expr);
        let mut function = owner.function;
        if name.as_str().starts_with('@') && module.language == Language::Ruby {
            let class = owner.class.map(|class| program.classes().canonical(ClassRef { module: at.module, class }));
            let values = class.and_then(|c| self.kept.get(&(c, name)));
            let set = values.into_iter().flatten().rev().take(4).find_map(|v| self.follow(*v, asking));
            return set.or_else(|| self.called(name));
        }
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                let found = bindings.iter().rev().find_map(|b| self.bound(at, b, asking));
                return found.or_else(|| self.called(name).filter(|_| !self.is_filled_here(at, bindings)));
            }
            function = module.function(id).parent;
        }
        if let Some(found) = self.evaluated(at) {
            return Some(found);
        }
        if let Some(bindings) = scopes.top.get(&name)
            && !bindings.iter().all(|b| matches!(b, Binding::Import(_)))
        {
            return bindings.iter().rev().find_map(|b| self.bound(at, b, asking));
        }
        self.called(name)
    }

    /// Whether a variable holds something that the code puts together: its elements may be anything.
    fn is_filled_here(&self, at: ExprRef, bindings: &[Binding]) -> bool {
        let module = self.context.program.module(at.module);
        bindings.iter().any(|b| match b {
            Binding::Value(expr, _) => !matches!(
                module.expr(*expr).kind,
                ExprKind::Call { .. } | ExprKind::Member { .. } | ExprKind::Name(_) | ExprKind::Await(_)
            ),
            Binding::Class(_) | Binding::Function(_) | Binding::Opaque | Binding::Typed(_) => true,
            _ => false,
        })
    }

    fn bound(&self, at: ExprRef, binding: &Binding, asking: &mut Asking) -> Option<Rows> {
        let program = self.context.program;
        let module = program.module(at.module);
        let scopes = program.scopes(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match binding {
            Binding::Value(expr, path) if path.is_empty() => self.follow(here(*expr), asking),
            Binding::Element(list, path) => self.element(here(*list), path, asking),
            Binding::Param(function, place, path) => {
                if let Some(list) = scopes.iterated(*function) {
                    return (*place == 0).then(|| self.element(here(list), path, asking))?;
                }
                let item = module.function(*function);
                if !path.is_empty() || matches!(item.kind, FunctionKind::Block | FunctionKind::Lambda) {
                    return None;
                }
                let id = FnId { module: at.module, function: *function };
                let root = Root::Param(id, *place);
                let declared = self.evaluated(at);
                let found = declared.or_else(|| {
                    let given = program.arguments_for(id, *place);
                    given.into_iter().take(MAX_CALLERS).find_map(|a| self.follow(a, asking))
                });
                let rows =
                    found.filter(|r| !r.is_class).or_else(|| self.called(item.params.get(*place as usize)?.name))?;
                Some(rows.rooted(root))
            }
            _ => None,
        }
    }

    /// An element of a list; of one of tuples, the first.
    fn element(&self, list: ExprRef, path: &[PathStep], asking: &mut Asking) -> Option<Rows> {
        let module = self.context.program.module(list.module);
        let mut over = list;
        let mut first = 0;
        if let ExprKind::Call { callee, args, .. } = &module.expr(list.expr).kind
            && matches!(module.expr(*callee).kind, ExprKind::Name(n) if n == "enumerate")
            && let Some(arg) = args.first()
        {
            over = ExprRef { module: list.module, expr: arg.value };
            first = 1;
        }
        let is_element = match path {
            [] => first == 0,
            [PathStep::Index(at)] => *at == first,
            _ => false,
        };
        let rows = self.follow(over, asking).filter(|r| r.is_many && is_element)?;
        Some(Rows { is_many: false, ..rows }.rooted(Root::Element(over)))
    }

    /// What is known of an expression's class by its type.
    fn evaluated(&self, at: ExprRef) -> Option<Rows> {
        let values = self.context.program.evaluator(at.module, self.context.facts).eval(at.expr);
        values.iter().find_map(|v| match v {
            Value::Instance(class) if self.has_rows(*class) => Some(Rows::of(*class, false, Evidence::Shown)),
            Value::Class(class) if self.has_rows(*class) => {
                Some(Rows { is_class: true, ..Rows::of(*class, false, Evidence::Shown) })
            }
            _ => None,
        })
    }

    /// What a member of rows stands for, or what calling it gives.
    fn member(
        &self,
        rows: Rows,
        name: Symbol,
        (language, made): (Language, Option<ExprRef>),
        is_call: bool,
        asking: &mut Asking,
    ) -> Option<Rows> {
        let program = self.context.program;
        if !rows.is_class && !rows.is_many {
            if let Some(link) = self.link(rows.class, name) {
                let mut path = rows.path;
                path.push(name);
                // `has_many :comments, -> { includes(:author) }`
                let mut via = rows.via;
                let lineage = program.classes().lineage(rows.class);
                via.extend(lineage.iter().filter_map(|c| self.scopes.get(&(*c, name))).copied());
                // what is called as a class and has its relation is one of it
                let evidence = if rows.root.is_none() { Evidence::Shown } else { rows.evidence };
                return Some(Rows { class: link.to?, is_many: link.is_many, path, via, made: None, evidence, ..rows });
            }
            let method = program.classes().method(rows.class, name).first().copied()?;
            let found = self.returned(method, asking)?;
            let mut via = rows.via;
            via.extend(found.via.iter().copied());
            return match found.root {
                Some(Root::Receiver(f)) if f == method => {
                    let mut path = rows.path;
                    path.extend(found.path.iter().copied());
                    Some(Rows { root: rows.root, start: rows.start, path, via, ..found })
                }
                _ => Some(Rows { root: None, path: Path::new(), via, ..found }),
            };
        }
        // `Article.author_id` in a condition
        if rows.is_class && !is_call && self.columns.contains(&(rows.class, name)) {
            return None;
        }
        // a function of the class: a scope, or what the project calls its queries
        let own = program.classes().method(rows.class, name);
        let mut via = rows.via.clone();
        via.extend(own.iter().copied());
        let lineage = program.classes().lineage(rows.class);
        via.extend(lineage.iter().filter_map(|c| self.scopes.get(&(*c, name))).copied());
        if let Some(method) = own.first()
            && let Some(found) = self.returned(*method, asking)
        {
            via.extend(found.via.iter().copied());
            return Some(Rows { root: rows.root, start: rows.start, path: rows.path, via, made, ..found });
        }
        let kinds = || self.context.facts.of_method(language, name).map(|(id, _)| self.context.facts.record(id));
        let gives = kinds().filter(|r| r.kind == Kind::Query).find_map(|r| r.access);
        if gives_values(name) {
            return None;
        }
        let one = Rows { root: None, path: Path::new(), is_class: false, is_many: false, made, ..rows.clone() };
        match gives {
            Some(AccessFact::One) => Some(one),
            Some(AccessFact::Count | AccessFact::Insert | AccessFact::Update | AccessFact::Delete) => None,
            _ if rows.is_class && !is_call && language == Language::Ruby => None,
            _ if rows.is_class && is_call && name == "new" => Some(one),
            _ => Some(Rows { is_class: false, is_many: true, via, made, ..rows }),
        }
    }

    /// The same for a page, which says only names.
    pub(super) fn named_member(&self, rows: Rows, name: Symbol, language: Language) -> Option<Rows> {
        let made = rows.made;
        self.member(rows, name, (language, made), true, &mut Asking::new())
    }

    /// Whether a method of a relation to many sends a query of its own, whatever was loaded before.
    pub(super) fn asks_again(&self, class: ClassRef, name: Symbol) -> bool {
        self.asks_again_in(self.context.program.module(class.module).language, name)
    }

    fn asks_again_in(&self, language: Language, name: Symbol) -> bool {
        let facts = self.context.facts;
        facts.of_method(language, name).any(|(id, _)| {
            let record = facts.record(id);
            record.kind == Kind::Clause && record.label.as_deref() == Some("again")
        })
    }

    /// Whether what is gone through with a function named by a symbol: `posts.map(&:author)`.
    pub(super) fn by_symbol(&self, at: ExprRef) -> Option<(ExprRef, Symbol)> {
        let module = self.context.program.module(at.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
        let ExprKind::Member { object, .. } = module.expr(*callee).kind else { return None };
        let last = args.last()?;
        let ExprKind::Unary { op: UnaryOp::Ref, operand } = module.expr(last.value).kind else { return None };
        Some((ExprRef { module: at.module, expr: object }, module.string(operand)?))
    }
}

/// Whether a method of a list gives values of its rows, and no rows.
fn gives_values(name: Symbol) -> bool {
    matches!(
        name.as_str(),
        "values"
            | "values_list"
            | "pluck"
            | "ids"
            | "map"
            | "collect"
            | "flat_map"
            | "filter_map"
            | "group_by"
            | "index_by"
            | "to_h"
            | "each_with_object"
            | "sum"
            | "zip"
            | "each_slice"
            | "in_groups_of"
            | "tally"
            | "size"
            | "length"
            | "name"
            | "model"
            | "table_name"
            | "to_sql"
            | "exists"
            | "any?"
            | "none?"
            | "empty?"
            | "present?"
            | "include?"
    )
}

/// Whether a class is of a language whose libraries read relations when they are first asked for, and where names
/// say what rows are.
fn reads_late(context: &Context<'_>, class: ClassRef) -> bool {
    matches!(context.program.module(class.module).language, Language::Ruby | Language::Python)
}

fn by_name(stored: &StoredThings) -> FxHashMap<&str, Vec<ClassRef>> {
    let mut named: FxHashMap<&str, Vec<ClassRef>> = FxHashMap::default();
    let classes = |s: &'_ Stored| s.class;
    for thing in &stored.all {
        named.entry(thing.name.as_str()).or_default().extend(classes(thing));
    }
    named
}

/// Of the classes of one name, the one nearest to another.
fn nearest(context: &Context<'_>, from: ClassRef, classes: Option<&Vec<ClassRef>>) -> Option<ClassRef> {
    let classes = classes?;
    if let [only] = classes.as_slice() {
        return Some(*only);
    }
    let full = |class: ClassRef| context.program.classes().info(class).and_then(|i| i.full_name);
    let around = |class: ClassRef| {
        let name = full(class).map(|n| n.to_string()).unwrap_or_default();
        name.rsplit_once('.').map(|(around, _)| around.to_owned()).unwrap_or_default()
    };
    let home = around(from);
    let mut same = classes.iter().filter(|c| around(**c) == home || c.module == from.module);
    match (same.next(), same.next()) {
        (Some(only), None) => Some(*only),
        _ => None,
    }
}
