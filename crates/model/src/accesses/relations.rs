//! Relations between stored things that are read when they are first asked for: `article.author`.
//!
//! In a loop over articles each of them sends a query, unless the query that gave the articles brought the
//! authors along.

use base::{Evidence, Language, Symbol};
use ir::{ExprId, ExprKind, FunctionKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::shown;
use crate::adapters::Context;
use crate::adapters::serializers::{self, Asked, SerializedList};
use crate::effects::Effect;
use crate::facts::{Kind, RecordId};

/// How many links of a chain are looked at for what a list holds.
const MAX_CHAIN: usize = 24;

/// A relation that is read late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relation {
    /// What says so.
    pub record: RecordId,
    /// Whether it leads to many.
    pub is_many: bool,
}

/// All relations that are read late, and what brings them along.
#[derive(Debug, Default)]
pub(super) struct Relations {
    of: FxHashMap<(ClassRef, Symbol), Relation>,
    /// The classes that have a relation of a name.
    named: FxHashMap<Symbol, Vec<ClassRef>>,
    /// Classes by name in lower case without underscores.
    classes: FxHashMap<String, Vec<ClassRef>>,
    /// Functions that ask for related rows, with the names that they give; empty for all.
    eager: FxHashMap<FnId, FxHashSet<Symbol>>,
    /// Those of them that are relations of the rows themselves, and not of what they lead to.
    eager_direct: FxHashMap<FnId, FxHashSet<Symbol>>,
    /// The same at the top of modules and classes.
    eager_outside: FxHashSet<Symbol>,
    /// Names of relations that other classes have for something else.
    plain: FxHashSet<Symbol>,
    /// Methods of classes with relations that ask for one of their own, with the first.
    asking: FxHashMap<FnId, (Symbol, ExprId)>,
}

impl Relations {
    pub(super) fn read(context: &Context<'_>, effects: &[Effect]) -> Relations {
        let mut found = Relations::default();
        let records: FxHashMap<ExprRef, RecordId> =
            effects.iter().filter(|e| e.kind == Kind::Relation).map(|e| (e.call, e.record)).collect();
        if records.is_empty() {
            return found;
        }
        for (class, info) in context.program.classes().all() {
            for part in &info.parts {
                found.add_class(context, &records, class, *part);
            }
        }
        for (class, info) in context.program.classes().all() {
            let fields = info.parts.iter().flat_map(|p| context.program.class(*p).fields.iter().map(|f| f.name));
            let others = info.methods.keys().copied().chain(fields).filter(|name| found.named.contains_key(name));
            let others: Vec<Symbol> = others.filter(|name| !found.of.contains_key(&(class, *name))).collect();
            found.plain.extend(others);
        }
        found.asking = found.asking(context);
        for effect in effects.iter().filter(|e| e.kind == Kind::Clause) {
            if context.facts.record(effect.record).label.as_deref() != Some("eager") {
                continue;
            }
            let names = named_in(context, effect.call);
            match effect.function {
                Some(function) => {
                    found.eager_direct.entry(function).or_default().extend(direct_in(context, effect.call, &names));
                    found.eager.entry(function).or_default().extend(names);
                }
                None => found.eager_outside.extend(names),
            }
        }
        found
    }

    /// `def summary: self.author.name`, in the class that has the relation.
    fn asking(&self, context: &Context<'_>) -> FxHashMap<FnId, (Symbol, ExprId)> {
        let mut asking = FxHashMap::default();
        let mut classes: Vec<ClassRef> = self.of.keys().map(|(class, _)| *class).collect();
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            let Some(info) = context.program.classes().info(class) else { continue };
            for method in info.methods.values().flatten() {
                let module = context.program.module(method.module);
                let item = module.function(method.function);
                if item.is_static || matches!(item.kind, FunctionKind::Constructor) {
                    continue;
                }
                let set: Vec<ExprId> = module
                    .stmts()
                    .filter(|s| item.range.contains(s.range))
                    .filter_map(|s| match s.kind {
                        ir::StmtKind::Assign { target, .. } => Some(target),
                        _ => None,
                    })
                    .collect();
                let first = module.exprs_within(item.range).find_map(|(expr, item)| {
                    let name = match &item.kind {
                        ExprKind::Member { object, name, .. }
                            if matches!(module.expr(*object).kind, ExprKind::This) =>
                        {
                            *name
                        }
                        ExprKind::Call { callee, args, .. } if args.is_empty() && module.language == Language::Ruby => {
                            match module.expr(*callee).kind {
                                ExprKind::Name(name) => name,
                                _ => return None,
                            }
                        }
                        _ => return None,
                    };
                    (self.of.contains_key(&(class, name)) && !set.contains(&expr)).then_some((name, expr))
                });
                // what a class calls its relations is no method of its own
                if let Some(first) = first
                    && item.name.is_some_and(|n| property(n.as_str()) != first.0)
                {
                    asking.insert(*method, first);
                }
            }
        }
        asking
    }

    /// The relation that a method asks of the object that it is called on: `book.json()`, `Book.json(book)`.
    pub(super) fn asked_by(
        &self,
        context: &Context<'_>,
        method: FnId,
        object: ExprRef,
        list: Option<ExprRef>,
    ) -> Option<(Relation, ExprRef)> {
        let (name, at) = self.asking.get(&method)?;
        let class = context.program.classes().class_of(method)?;
        let relation = self.of.get(&(class, *name))?;
        let comes = self.comes_along(context, object, *name, list, class);
        (!comes).then_some((*relation, ExprRef { module: method.module, expr: *at }))
    }

    /// The relation of a class by its name, where it is read late.
    pub(super) fn of(&self, class: ClassRef, name: Symbol) -> Option<Relation> {
        self.of.get(&(class, name)).copied()
    }

    /// All of them, in order: the class, the name, whether it leads to many.
    pub(super) fn all(&self) -> Vec<(ClassRef, Symbol, bool)> {
        let mut all: Vec<_> = self.of.iter().map(|((class, name), r)| (*class, *name, r.is_many)).collect();
        all.sort_unstable_by_key(|(class, name, _)| (*class, name.as_str()));
        all
    }

    /// Whether any code asks for a relation of this name to come along.
    pub(super) fn is_eager_anywhere(&self, name: Symbol) -> bool {
        self.eager_outside.contains(&name) || self.eager.values().any(|names| names.contains(&name))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    fn add_class(
        &mut self,
        context: &Context<'_>,
        records: &FxHashMap<ExprRef, RecordId>,
        class: ClassRef,
        part: ClassRef,
    ) {
        let module = context.program.module(part.module);
        let item = module.class(part.class);
        let here = |expr: ExprId| ExprRef { module: part.module, expr };
        let add = |this: &mut Self, name: Symbol, record: RecordId| {
            let is_many = context.facts.record(record).label.as_deref() == Some("many");
            if this.of.insert((class, name), Relation { record, is_many }).is_none() {
                this.named.entry(name).or_default().push(class);
                let plain = item.name.as_str().rsplit('.').next().unwrap_or_default();
                let known = this.classes.entry(plain_name(plain)).or_default();
                if !known.contains(&class) {
                    known.push(class);
                }
            }
        };
        for field in &item.fields {
            let declared = field.init.into_iter().chain(field.annotations.iter().copied());
            for expr in declared {
                if let Some(record) = records.get(&here(expr)) {
                    add(self, field.name, *record);
                }
            }
        }
        for method in &item.methods {
            let method = module.function(*method);
            let name = method.name.map(|n| property(n.as_str()));
            for annotation in &method.annotations {
                if let (Some(record), Some(name)) = (records.get(&here(*annotation)), name) {
                    add(self, name, *record);
                }
            }
        }
        // `belongs_to :author`
        for stmt in &item.body {
            let (ir::StmtKind::Expr(expr) | ir::StmtKind::Return(Some(expr))) = module.stmt(*stmt).kind else {
                continue;
            };
            let Some(record) = records.get(&here(expr)) else { continue };
            let ExprKind::Call { args, .. } = &module.expr(expr).kind else { continue };
            if let Some(name) = args.first().and_then(|a| module.string(a.value)) {
                add(self, name, *record);
            }
        }
    }

    /// The relation that a variable of a loop is asked for: `article.author`, `order.getItems()`. `list` is what
    /// is gone through.
    pub(super) fn asked(
        &self,
        context: &Context<'_>,
        object: ExprRef,
        member: Symbol,
        list: Option<ExprRef>,
    ) -> Option<(Relation, Evidence)> {
        let module = context.program.module(object.module);
        let name = match module.language {
            Language::Java => property(member.as_str()),
            _ => member,
        };
        self.named.get(&name)?;
        let (class, evidence) = self.class_of(context, object, list, name)?;
        let lineage = context.program.classes().lineage(class);
        let relation = lineage.iter().find_map(|c| self.of.get(&(*c, name)))?;
        if !relation.is_many && list.is_some_and(|list| leads_back(context, list, name)) {
            return None;
        }
        // where the class is a guess, so is which query gave it
        let is_guess = evidence == Evidence::Suspected;
        if self.comes_along(context, object, name, list, class)
            || is_guess && self.eager.values().any(|n| n.contains(&name))
        {
            return None;
        }
        Some((*relation, evidence))
    }

    /// The lists whose rows a serializer asks for relations that the list does not bring along; with the first.
    pub(super) fn serialized(&self, context: &Context<'_>) -> Vec<(SerializedList, Relation)> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        for mut list in serializers::lists(context) {
            let classes = context.program.classes();
            let view = classes.lineage(list.view);
            let models: Vec<ModuleId> =
                list.asked.iter().flat_map(|a| classes.lineage(a.model)).map(|c| c.module).collect();
            let counts = |f: FnId| models.contains(&f.module) || classes.class_of(f).is_some_and(|c| view.contains(&c));
            let relation = |asked: &Asked| {
                let lineage = context.program.classes().lineage(asked.model);
                lineage.iter().find_map(|c| self.of.get(&(*c, asked.name))).copied()
            };
            // what the rows lead to is only judged where it comes along itself: then what it leads to was forgotten
            let below = list.function.map(|f| shown::made_by(context, f, &[])).unwrap_or_default();
            let counts = |f: FnId| counts(f) || below.contains(&outermost_of(context, f));
            let came: Vec<Symbol> = list
                .asked
                .iter()
                .filter(|a| a.is_direct && self.is_eager_of_rows(a.name, counts))
                .map(|a| a.name)
                .collect();
            list.asked.retain(|a| {
                relation(a).is_some()
                    && (a.is_direct || a.under.is_some_and(|u| came.contains(&u)))
                    && !self.is_eager(a.name, counts)
            });
            if let Some(first) = list.asked.first().and_then(relation) {
                found.push((list, first));
            }
        }
        found
    }

    /// As [`Relations::is_eager`], for relations of the rows of a list themselves.
    pub(super) fn is_eager_of_rows(&self, name: Symbol, counts: impl Fn(FnId) -> bool) -> bool {
        self.eager_outside.contains(&name)
            || self
                .eager_direct
                .iter()
                .any(|(function, names)| (names.is_empty() || names.contains(&name)) && counts(*function))
    }

    /// Whether one of these functions asks for a relation to come along, or code outside functions.
    pub(super) fn is_eager(&self, name: Symbol, counts: impl Fn(FnId) -> bool) -> bool {
        self.eager_outside.contains(&name)
            || self
                .eager
                .iter()
                .any(|(function, names)| (names.is_empty() || names.contains(&name)) && counts(*function))
    }

    fn class_of(
        &self,
        context: &Context<'_>,
        object: ExprRef,
        list: Option<ExprRef>,
        asked: Symbol,
    ) -> Option<(ClassRef, Evidence)> {
        let values = context.program.evaluator(object.module, context.facts).eval(object.expr);
        let class = values.iter().find_map(|v| match v {
            Value::Instance(class) => Some(*class),
            _ => None,
        });
        if let Some(class) = class {
            return Some((class, Evidence::Shown));
        }
        if let Some(class) = list.and_then(|list| self.held_by(context, list)) {
            return Some((class, Evidence::Shown));
        }
        // `for a in self.articles`: a relation of the class itself
        if let Some(class) = list.and_then(|list| self.of_own_relation(context, list)) {
            return Some((class, Evidence::Shown));
        }
        // `for article in articles` where only one class is called so
        let ExprKind::Name(name) = context.program.expr(object).kind else { return None };
        if let Some([only]) = self.classes.get(&plain_name(name.as_str())).map(Vec::as_slice) {
            return Some((*only, Evidence::Suspected));
        }
        // `for a in articles`
        if let Some(class) = list.and_then(|list| self.called(last_name(context, list)?)) {
            return Some((class, Evidence::Suspected));
        }
        self.only_with(asked).map(|class| (class, Evidence::Suspected))
    }

    /// The class whose rows are called so: `articles`, `recentArticles` no.
    fn called(&self, list: Symbol) -> Option<ClassRef> {
        let one = singular(&plain_name(list.as_str()))?;
        match self.classes.get(&one)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The class that a list of the class around it leads to, by the name of its relation to many.
    fn of_own_relation(&self, context: &Context<'_>, list: ExprRef) -> Option<ClassRef> {
        let module = context.program.module(list.module);
        let name = match &module.expr(list.expr).kind {
            ExprKind::Member { object, name, .. } if matches!(module.expr(*object).kind, ExprKind::This) => *name,
            ExprKind::Name(name) if module.language == Language::Ruby => *name,
            ExprKind::Call { callee, args, .. } if args.is_empty() && module.language == Language::Ruby => {
                match module.expr(*callee).kind {
                    ExprKind::Name(name) => name,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let class = context.program.scopes(list.module).owner(list.expr).class?;
        let class = context.program.classes().canonical(ClassRef { module: list.module, class });
        let lineage = context.program.classes().lineage(class);
        lineage.iter().find_map(|c| self.of.get(&(*c, name))).filter(|r| r.is_many)?;
        self.called(name)
    }

    /// The only class that has a relation of this name, where nothing else in the code is called so.
    fn only_with(&self, name: Symbol) -> Option<ClassRef> {
        match self.named.get(&name)?.as_slice() {
            [only] if name.as_str().contains('_') && !self.plain.contains(&name) => Some(*only),
            _ => None,
        }
    }

    /// What a list holds, by the class that its query begins with: `Article.objects.filter(…)`,
    /// `session.query(Article)`.
    fn held_by(&self, context: &Context<'_>, list: ExprRef) -> Option<ClassRef> {
        for origin in context.program.origins_before_calls(list, context.facts) {
            let module = context.program.module(origin.module);
            let mut evaluator = context.program.evaluator(origin.module, context.facts);
            let mut class_of = |expr: ExprId| {
                evaluator.eval(expr).iter().find_map(|v| match v {
                    Value::Class(class) => Some(*class),
                    _ => None,
                })
            };
            let mut at = origin.expr;
            for _ in 0..MAX_CHAIN {
                at = match &module.expr(at).kind {
                    ExprKind::Call { callee, args, .. } => {
                        if let Some(class) = args.first().and_then(|a| class_of(a.value)) {
                            return Some(class);
                        }
                        *callee
                    }
                    ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => *object,
                    ExprKind::Await(inner) => *inner,
                    ExprKind::Name(_) => match class_of(at) {
                        Some(class) => return Some(class),
                        None => break,
                    },
                    _ => break,
                };
            }
        }
        None
    }

    /// Whether a query that gives the list brings the relation along, as far as that can be seen: in the function
    /// and in what gives classes their rows, where the query stands there; else anywhere in the files that the list
    /// comes from.
    pub(super) fn comes_along(
        &self,
        context: &Context<'_>,
        object: ExprRef,
        name: Symbol,
        list: Option<ExprRef>,
        class: ClassRef,
    ) -> bool {
        let home = outermost(context, object);
        let origins = list.map(|list| context.program.origins(list, context.facts)).unwrap_or_default();
        let is_here = home.is_some()
            && !origins.is_empty()
            && origins.iter().all(|o| {
                matches!(context.program.expr(*o).kind, ExprKind::Call { .. } | ExprKind::Index { .. })
                    && outermost(context, *o) == home
            });
        if is_here {
            let models: Vec<ModuleId> = context.program.classes().lineage(class).iter().map(|c| c.module).collect();
            return self
                .is_eager_of_rows(name, |f| Some(outermost_of(context, f)) == home || models.contains(&f.module));
        }
        let mut modules = vec![object.module];
        // a filter of the base class may have loaded them
        if let Some(class) = context.program.scopes(object.module).owner(object.expr).class {
            let class = ClassRef { module: object.module, class };
            let lineage = context.program.classes().lineage(context.program.classes().canonical(class));
            modules.extend(lineage.iter().map(|c| c.module));
        }
        modules.extend(origins.iter().map(|o| o.module));
        if let Some(list) = list {
            let owner = context.program.scopes(list.module).owner(list.expr).function;
            let owner = owner.map(|function| FnId { module: list.module, function });
            modules.extend(owner.into_iter().flat_map(|f| context.program.callers(f)).map(|c| c.module));
        }
        self.is_eager(name, |f| modules.contains(&f.module))
    }
}

/// The names that an eager load gives: `includes(:author, comments: :user)`, `select_related("author__profile")`,
/// `joinedload(Article.author)`.
fn named_in(context: &Context<'_>, call: ExprRef) -> Vec<Symbol> {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return Vec::new() };
    let mut found = Vec::new();
    for arg in args {
        found.extend(arg.name);
        for (expr, item) in module.exprs_within(module.expr(arg.value).range) {
            if let Some(text) = module.string(expr) {
                let text = text.as_str();
                found.extend(
                    text.split("__")
                        .flat_map(|part| part.split(['.', ' ', ',']))
                        .filter(|p| !p.is_empty())
                        .map(Symbol::new),
                );
            }
            if let ExprKind::Member { name, .. } = item.kind {
                found.push(name);
            }
        }
    }
    found
}

/// Those names of an eager load that are relations of the rows themselves: `author` of
/// `includes(:author, comments: :user)` and of `select_related("author__profile")`.
fn direct_in(context: &Context<'_>, call: ExprRef, all: &[Symbol]) -> Vec<Symbol> {
    let module = context.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return all.to_vec() };
    let mut found = Vec::new();
    for arg in args {
        found.extend(arg.name);
        let mut values = vec![arg.value];
        while let Some(value) = values.pop().filter(|_| arg.name.is_none()) {
            match &module.expr(value).kind {
                ExprKind::List(items) => values.extend(items),
                ExprKind::Map(entries) => {
                    found.extend(entries.iter().filter_map(|e| e.key.and_then(|k| module.string(k))));
                }
                _ => match module.string(value) {
                    Some(text) => found.extend(text.as_str().split("__").next().map(Symbol::new)),
                    // what is put together elsewhere may name anything
                    None => return all.to_vec(),
                },
            }
        }
    }
    found
}

/// The named function around a place.
pub(super) fn outermost(context: &Context<'_>, at: ExprRef) -> Option<FnId> {
    let function = context.program.scopes(at.module).owner(at.expr).function?;
    Some(outermost_of(context, FnId { module: at.module, function }))
}

/// The named function around a callback; else the function itself.
pub(super) fn outermost_of(context: &Context<'_>, function: FnId) -> FnId {
    let mut here = function;
    loop {
        let item = context.program.function(here);
        match item.parent {
            Some(parent) if matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block) => {
                here = FnId { module: here.module, function: parent };
            }
            _ => return here,
        }
    }
}

/// Whether the rows of a list were asked of what a relation of theirs leads to: `post.author` of `author.posts`
/// knows the author already.
pub(super) fn leads_back(context: &Context<'_>, list: ExprRef, name: Symbol) -> bool {
    for origin in context.program.origins_before_calls(list, context.facts).into_iter().chain([list]) {
        let module = context.program.module(origin.module);
        let mut at = origin.expr;
        for _ in 0..MAX_CHAIN {
            at = match &module.expr(at).kind {
                ExprKind::Call { callee, .. } => *callee,
                ExprKind::Index { object, .. } => *object,
                ExprKind::Await(inner) => *inner,
                ExprKind::Member { object, name: link, .. } => {
                    if is_called(link.as_str(), name) {
                        return true;
                    }
                    *object
                }
                ExprKind::Name(owner) => {
                    if is_called(owner.as_str(), name) {
                        return true;
                    }
                    break;
                }
                ExprKind::This => {
                    let class = context.program.scopes(origin.module).owner(at).class;
                    if class.is_some_and(|c| is_called(module.class(c).name.as_str(), name)) {
                        return true;
                    }
                    break;
                }
                _ => break,
            };
        }
    }
    false
}

/// Whether a thing is called as a relation to it is: `@author`, `current_author` and `author`.
fn is_called(thing: &str, relation: Symbol) -> bool {
    let thing = plain_name(thing.trim_start_matches('@'));
    thing.ends_with(&plain_name(relation.as_str()))
}

/// The last name of a list: `comments` of `post.comments.order(:id)` is not that of a relation.
fn last_name(context: &Context<'_>, list: ExprRef) -> Option<Symbol> {
    let module = context.program.module(list.module);
    match &module.expr(list.expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        ExprKind::Call { callee, args, .. } if args.is_empty() => {
            last_name(context, ExprRef { module: list.module, expr: *callee })
        }
        _ => None,
    }
}

/// One of many: `categories`, `boxes`, `articles`.
pub(super) fn singular(many: &str) -> Option<String> {
    if let Some(stem) = many.strip_suffix("ies") {
        return Some(format!("{stem}y"));
    }
    for ending in ["sses", "xes", "ches", "shes"] {
        if many.ends_with(ending) {
            return Some(many[..many.len() - 2].to_owned());
        }
    }
    many.strip_suffix('s').filter(|m| m.len() > 2).map(str::to_owned)
}

pub(super) fn plain_name(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// The property that a getter gives: `getItems` and `items` are `items`.
fn property(name: &str) -> Symbol {
    let rest = name.strip_prefix("get").filter(|r| r.starts_with(|c: char| c.is_uppercase()));
    match rest {
        Some(rest) => {
            let mut letters = rest.chars();
            let first = letters.next().map(|c| c.to_ascii_lowercase());
            Symbol::new(&first.into_iter().chain(letters).collect::<String>())
        }
        None => Symbol::new(name),
    }
}
