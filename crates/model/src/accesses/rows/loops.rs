//! Loops that ask each row for what its list did not bring along.

use base::{Evidence, Language, Symbol};
use ir::{ExprId, ExprKind, FunctionKind};
use program::{ClassRef, ExprRef, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Ask, Asks, Known, Root, Rows};
use crate::accesses::relations::{Relation, leads_back, outermost, outermost_of};
use crate::accesses::repeats::{Late, Repeat};

/// The relations that loops ask their rows for; and the queries that methods of the rows send.
pub(in crate::accesses) fn repeats(known: &Known<'_>, asks: &Asks) -> (Vec<Late>, Vec<Repeat>) {
    let mut lists: FxHashMap<ExprRef, Option<Rows>> = FxHashMap::default();
    let mut late: Vec<Late> = Vec::new();
    let mut said: FxHashSet<(ExprRef, String)> = FxHashSet::default();
    let mut all: Vec<&Ask> = asks.of_elements.iter().collect();
    // what the loop itself asks for is told rather than what it calls asks for
    all.sort_by_key(|a| (a.way.len(), a.at));
    for ask in all {
        let Root::Element(list) = ask.root else { continue };
        let Some(rows) = lists.entry(list).or_insert_with(|| known.rows(list)) else { continue };
        let Some((length, relation)) = known.missing(ask, Some(list), rows, None) else { continue };
        let names: Vec<&str> = ask.path[..length].iter().map(|n| n.as_str()).collect();
        let names = names.join(".");
        if !said.insert((list, names.clone())) {
            continue;
        }
        let class = known.context.program.class(ask.start).name;
        let class = class.as_str().rsplit('.').next().unwrap_or_default();
        late.push(Late {
            name: (!ask.way.is_empty()).then(|| format!("{class}.{names}")),
            relation,
            evidence: ask.evidence.min(rows.evidence),
            repeat: Repeat {
                call: ask.at,
                function: function_of(known, ask.at),
                access: 0,
                way: ask.way.to_vec(),
                over: Some(list),
                made: rows.made,
                view: None,
                field: None,
                page: Vec::new(),
            },
        });
    }
    (late, by_methods(known))
}

fn function_of(known: &Known<'_>, at: ExprRef) -> Option<FnId> {
    let function = known.context.program.scopes(at.module).owner(at.expr).function?;
    Some(FnId { module: at.module, function })
}

impl Known<'_> {
    /// How many relations of a path it takes to come to one that was not loaded, with that one.
    pub(in crate::accesses) fn missing(
        &self,
        ask: &Ask,
        list: Option<ExprRef>,
        rows: &Rows,
        page: Option<(&FxHashSet<FnId>, Option<ClassRef>)>,
    ) -> Option<(usize, Relation)> {
        let mut class = ask.start;
        let mut before: Option<ClassRef> = page.and_then(|(_, owner)| owner);
        for (at, name) in ask.path.iter().enumerate() {
            let link = self.link(class, *name)?;
            // `comment.post` of the comments of a post
            let is_back = !link.is_many
                && (at == 0 && list.is_some_and(|list| leads_back(self.context, list, *name))
                    || before.is_some() && before == link.to);
            if is_back {
                return None;
            }
            let is_last = at + 1 == ask.path.len();
            let asks_again = is_last && ask.is_again;
            // a relation that its class loads always, or that leads back over a declared one
            let relation = self.late(class, *name);
            if let Some(relation) = relation
                && (asks_again
                    || !self.comes_along(ask, list, rows, (at, *name, class), page.map(|(made_by, _)| made_by)))
            {
                return Some((at + 1, relation));
            }
            before = Some(class);
            class = link.to?;
        }
        None
    }

    fn late(&self, class: ClassRef, name: Symbol) -> Option<Relation> {
        let lineage = self.context.program.classes().lineage(class);
        lineage.iter().find_map(|c| self.relations.of(*c, name).or_else(|| self.backward.get(&(*c, name)).copied()))
    }

    /// Whether the relation at a place of the path comes with the list.
    fn comes_along(
        &self,
        ask: &Ask,
        list: Option<ExprRef>,
        rows: &Rows,
        (at, name, class): (usize, Symbol, ClassRef),
        made_by: Option<&FxHashSet<FnId>>,
    ) -> bool {
        let is_guess = rows.evidence == Evidence::Suspected || ask.evidence == Evidence::Suspected;
        if is_guess && made_by.is_none() && self.relations.is_eager_anywhere(name) {
            return true;
        }
        // a relation of the rows of another list comes with that list
        let mut base = rows.clone();
        let mut is_direct = at == 0 && rows.path.is_empty();
        let mut outer: Vec<ExprRef> = Vec::new();
        while base.made.is_none()
            && let Some(Root::Element(list)) = base.root
            && !outer.contains(&list)
            && let Some(rows) = self.rows(list)
        {
            is_direct = false;
            outer.push(list);
            base = rows;
        }
        if base.made.is_none() && made_by.is_none() {
            let modules: Vec<_> = list.iter().chain(&outer).chain([&ask.at]).map(|p| p.module).collect();
            let by_name = !is_direct && self.relations.is_eager(name, |f| modules.contains(&f.module));
            let along = |list| self.relations.comes_along(self.context, ask.at, name, Some(list), class);
            let by_scope = self.relations.is_eager(name, |f| rows.via.contains(&outermost_of(self.context, f)));
            return by_name || by_scope || list.is_none_or(along);
        }
        let context = self.context;
        let lineage = context.program.classes().lineage(class);
        let mut given: FxHashSet<FnId> = rows.via.iter().chain(&base.via).chain(&ask.via).copied().collect();
        given.extend(made_by.into_iter().flatten().copied());
        given.extend(
            [Some(ask.at), list, base.made]
                .into_iter()
                .chain(outer.iter().map(|o| Some(*o)))
                .flatten()
                .filter_map(|p| outermost(context, p)),
        );
        if [rows.root, base.root].iter().any(|r| matches!(r, Some(Root::Param(..)))) {
            let callers = outermost(context, ask.at).into_iter().flat_map(|f| context.program.callers(f));
            given.extend(callers.filter_map(|c| c.caller).map(|f| outermost_of(context, f)));
        }
        // what gives a class its rows always: its manager, its default scope
        let always = |f: FnId| {
            let item = context.program.function(f);
            let of_rows = context.program.classes().class_of(f).is_some_and(|c| self.has_rows(c));
            lineage.iter().any(|c| c.module == f.module)
                && match item.kind {
                    FunctionKind::Block => item.parent.is_none(),
                    FunctionKind::Lambda => false,
                    _ => !of_rows,
                }
        };
        let counts = |f: FnId| {
            let f = outermost_of(context, f);
            // who made rows that only their names tell is not known
            given.contains(&f) || always(f) || is_guess && lineage.iter().any(|c| c.module == f.module)
        };
        match is_direct {
            true => self.relations.is_eager_of_rows(name, counts),
            false => self.relations.is_eager(name, counts),
        }
    }
}

/// Methods of rows that send queries, where only the rows say which methods are meant.
fn by_methods(known: &Known<'_>) -> Vec<Repeat> {
    let context = known.context;
    let classes = context.program.classes();
    let mut names: FxHashSet<Symbol> = FxHashSet::default();
    for function in known.ways.of.keys() {
        if classes.class_of(*function).is_some_and(|c| known.has_rows(c)) {
            names.extend(context.program.function(*function).name);
        }
    }
    let mut found = Vec::new();
    let mut said: FxHashSet<(ExprRef, FnId)> = FxHashSet::default();
    for id in context.program.ids() {
        let module = context.program.module(id);
        let is_read = matches!(module.language, Language::Ruby | Language::Python)
            && context.sources.file(module.file).role == base::FileRole::Production;
        if !is_read || names.is_empty() {
            continue;
        }
        let calls: FxHashMap<ExprId, ExprId> = context
            .program
            .calls(id)
            .filter_map(|(call, _)| match &module.expr(call).kind {
                ExprKind::Call { callee, .. } => Some((*callee, call)),
                _ => None,
            })
            .collect();
        for (member, expr) in module.exprs() {
            let ExprKind::Member { object, name, .. } = expr.kind else { continue };
            if !names.contains(&name) {
                continue;
            }
            let call = ExprRef { module: id, expr: calls.get(&member).copied().unwrap_or(member) };
            if context.program.call(call).is_some_and(|c| c.certain && !c.functions.is_empty()) {
                continue;
            }
            let object = ExprRef { module: id, expr: object };
            let Some(rows) = known.rows(object).filter(|r| !r.is_many && !r.is_class) else { continue };
            let Some(Root::Element(list)) = rows.root else { continue };
            if known.link(rows.class, name).is_some() || rows.evidence == Evidence::Suspected {
                continue;
            }
            let Some(method) = classes.method(rows.class, name).first().copied() else { continue };
            let Some(way) = known.ways.of.get(&method) else { continue };
            if context.program.function(method).is_static || !said.insert((list, method)) {
                continue;
            }
            found.push(Repeat {
                call,
                function: function_of(known, call),
                access: way.access,
                way: way.calls.clone(),
                over: Some(list),
                made: None,
                view: None,
                field: None,
                page: Vec::new(),
            });
        }
    }
    found
}
