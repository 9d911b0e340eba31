//! Accesses to databases: what each call sends, how much comes back, what bounds it, and where it is repeated.
//!
//! [`Access`] is one call that goes to a database. [`Repeat`] is one that a loop sends again for each element of
//! a list ([`repeats`]). Both are read from the facts' `query` and `clause` records; rules judge.

mod amounts;
mod checks;
mod conditions;
mod connections;
mod declared;
mod derived;
mod duals;
mod existence;
mod grouped;
mod held;
mod isolation;
mod lists;
mod locks;
mod orders;
mod outgoing;
mod outside;
mod overfetch;
mod pages;
mod partial;
mod questions;
mod refusals;
mod relations;
mod reopened;
mod repeats;
mod rows;
mod shown;
mod statements;
mod targets;
mod transactions;
mod uniques;
mod updates;
mod ways;

use std::collections::hash_map::Entry;

use base::{Evidence, FileRole, Language, Span, Symbol};
use ir::{ExprId, ExprKind, FunctionKind, StmtKind};
use program::{Binding, ClassRef, ExprRef, FnId, ModuleId};
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use amounts::collect as amounts;
pub use amounts::{Amount, Says};
pub use checks::{Check, Manner};
pub use conditions::How;
pub use connections::Leak;
pub use duals::Dual;
pub use existence::{Existence, Pick};
pub use locks::{Lock, Misuse};
pub use outgoing::Outgoing;
pub use outside::Outside;
pub use overfetch::Overfetch;
pub(crate) use overfetch::collect as overfetches;
pub use partial::Partial;
pub use questions::Question;
pub(crate) use questions::collect as questions;
pub use reopened::Reopened;
pub use repeats::Repeat;
pub use transactions::{Form, Transaction};
pub use uniques::{Uniqueness, Uniques};
pub use updates::Update;

use crate::adapters::Context;
use crate::effects::Effect;
use crate::entities::Route;
use crate::facts::{AccessFact, Kind, RecordId};
use crate::stored::StoredThings;
use crate::{Model, facts};

/// How many links of a chain of calls are looked at.
const MAX_CHAIN: usize = 24;

/// How many calls below a handler still answer its request.
const REQUEST_DEPTH: usize = 6;

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Does {
    /// Reads as many rows as there are.
    List,
    /// Reads one row.
    One,
    /// Reads one number or truth.
    Count,
    /// Writes one new row.
    Insert,
    /// Writes many new rows.
    InsertMany,
    /// Changes rows.
    Update,
    /// Deletes rows.
    Delete,
    /// Something else.
    Other,
}

impl Does {
    /// Whether it only reads.
    pub fn reads(self) -> bool {
        matches!(self, Does::List | Does::One | Does::Count)
    }
}

/// One call that goes to a database.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// The call that sends it.
    pub call: ExprRef,
    /// All of its chain of calls.
    pub span: Span,
    /// The function that it stands in.
    pub function: Option<FnId>,
    /// What it does.
    pub does: Does,
    /// Whether it is sent only when somebody goes through what the call gives.
    pub is_lazy: bool,
    /// Whether something limits how many rows come back.
    pub is_limited: bool,
    /// Whether something says which rows are meant.
    pub is_filtered: bool,
    /// The calls that say what is asked, with the record that says so.
    pub links: Vec<(ExprId, RecordId)>,
    /// What it is called, for people.
    pub name: String,
    /// The record; none for methods that a declaration stands for.
    pub record: RecordId,
    /// How sure it is.
    pub evidence: Evidence,
}

/// All accesses with what repeats them.
#[derive(Debug, Default)]
pub struct Accesses {
    /// In order of place; after them what declared statements send, and relations that loops ask for.
    pub all: Vec<Access>,
    /// Those in loops, in order of place.
    pub repeats: Vec<Repeat>,
    /// Values that are read, changed and written back without a lock.
    pub updates: Vec<Update>,
    /// Writes that follow each other without a transaction, where requests come.
    pub partials: Vec<Partial>,
    /// Rows that are written when a look found none.
    pub checks: Vec<Check>,
    /// Where transactions are open, in order of place.
    pub transactions: Vec<Transaction>,
    /// Connections and rows that are not given back on some way out.
    pub leaks: Vec<Leak>,
    /// Calls of other systems while one is open.
    pub outgoing: Vec<Outgoing>,
    /// Locks on rows that hold nothing.
    pub locks: Vec<Lock>,
    /// Statements that go beside the transaction around them.
    pub outside: Vec<Outside>,
    /// Rows that are written and told of by messages, with nothing that keeps both together.
    pub duals: Vec<Dual>,
    /// Transactions that the database may refuse, which nothing here does again.
    pub refused: Vec<ExprRef>,
    /// Counts and lists that only answer whether there is anything.
    pub existences: Vec<Existence>,
    /// Lists that are picked from in memory.
    pub picks: Vec<Pick>,
    /// Clients that are made for each call.
    pub reopened: Vec<Reopened>,
    /// Relations that are loaded for their number.
    pub overfetches: Vec<Overfetch>,
    /// Amounts that callers choose.
    pub amounts: Vec<Amount>,
    /// For each function that answers requests, directly or by calls, the first route that it answers.
    pub serves: FxHashMap<FnId, u32>,
}

/// Finds the accesses of production code.
pub(crate) fn collect(context: &Context<'_>, effects: &[Effect], routes: &[Route], stored: &StoredThings) -> Accesses {
    let mut all = Vec::new();
    let of_module = |effects: &[Effect]| {
        let Some(first) = effects.first() else { return Vec::new() };
        let id = first.call.module;
        match context.sources.file(context.program.module(id).file).role {
            FileRole::Production => Reader::new(context, id, effects).accesses(),
            _ => Vec::new(),
        }
    };
    let mut rest = effects;
    while let Some(first) = rest.first() {
        let id = first.call.module;
        let end = rest.iter().position(|e| e.call.module != id).unwrap_or(rest.len());
        let (here, after) = rest.split_at(end);
        all.extend(of_module(here));
        rest = after;
    }
    all.extend(declared::by_repositories(context));
    all.sort_by_key(|a: &Access| (a.span, a.call));
    let serves = serves(context, routes);
    let ways = ways::ways(context, effects, &all, stored);
    let later = transactions::later(context, effects);
    let partials = partial::collect(context, effects, &all, &serves, &later);
    let updates = updates::collect(context, effects, &all, &ways);
    let checks = checks::collect(context, effects, &all, &ways);
    // of statements that stand apart from the code only their repetition is judged
    let mapped = declared::by_statements(context, effects, &all);
    let has_more = !mapped.is_empty();
    all.extend(mapped);
    let ways = if has_more { ways::ways(context, effects, &all, stored) } else { ways };
    let repeats = repeats::collect(context, effects, routes, &mut all, &ways, stored);
    let transactions = transactions::collect(context, effects, &later);
    let leaks = connections::collect(context, effects, &later);
    let outgoing = outgoing::collect(context, effects, &transactions, &later);
    let locks = locks::collect(context, effects, &all, &transactions);
    let outside = outside::collect(context, &all, &transactions);
    let duals = duals::collect(context, effects, &all, &later);
    let refused = isolation::collect(context, &transactions);
    let (existences, picks) = existence::collect(context, &all);
    let reopened = reopened::collect(context, effects, &serves);
    Accesses {
        all,
        repeats,
        updates,
        partials,
        checks,
        transactions,
        leaks,
        outgoing,
        locks,
        outside,
        duals,
        refused,
        existences,
        picks,
        reopened,
        overfetches: Vec::new(),
        amounts: Vec::new(),
        serves,
    }
}

/// Which functions answer requests, with the first route of each.
fn serves(context: &Context<'_>, routes: &[Route]) -> FxHashMap<FnId, u32> {
    let mut serves: FxHashMap<FnId, u32> = FxHashMap::default();
    let mut level: Vec<FnId> = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        let guards = route.guards.iter().filter_map(|g| g.function);
        let handler = route.handler.as_ref().and_then(|h| h.function);
        for function in handler.into_iter().chain(guards) {
            if let Entry::Vacant(free) = serves.entry(function) {
                free.insert(at as u32);
                level.push(function);
            }
        }
    }
    for _ in 0..REQUEST_DEPTH {
        let mut next = Vec::new();
        for function in level {
            let route = serves[&function];
            let mut queue = vec![function];
            while let Some(here) = queue.pop() {
                for inner in context.program.scopes(here.module).nested(here.function) {
                    let inner = FnId { module: here.module, function: *inner };
                    if let Entry::Vacant(free) = serves.entry(inner) {
                        free.insert(route);
                        queue.push(inner);
                    }
                }
                for call in context.program.calls_in(here) {
                    let Some(callee) = context.program.call(ExprRef { module: here.module, expr: *call }) else {
                        continue;
                    };
                    for called in &callee.functions {
                        if let Entry::Vacant(free) = serves.entry(*called) {
                            free.insert(route);
                            next.push(*called);
                        }
                    }
                }
            }
        }
        level = next;
    }
    serves
}

/// Reads the accesses of one module.
struct Reader<'c> {
    context: &'c Context<'c>,
    id: ModuleId,
    module: &'c ir::Module,
    effects: &'c [Effect],
    /// The effects of each call.
    of_call: FxHashMap<ExprId, Vec<usize>>,
    /// For what a call is made on, the call.
    called_on: FxHashMap<ExprId, ExprId>,
    /// What calls that add to queries are given.
    given: FxHashSet<ExprId>,
}

/// What the links of a chain add to a query.
#[derive(Default)]
struct Clauses {
    limited: bool,
    filtered: bool,
    links: Vec<(ExprId, RecordId)>,
}

impl<'c> Reader<'c> {
    fn new(context: &'c Context<'c>, id: ModuleId, effects: &'c [Effect]) -> Self {
        let module = context.program.module(id);
        let mut of_call: FxHashMap<ExprId, Vec<usize>> = FxHashMap::default();
        for (at, effect) in effects.iter().enumerate() {
            let says_nothing = context.facts.record(effect.record).label.as_deref() == Some("again");
            if matches!(effect.kind, Kind::Query | Kind::Clause) && !says_nothing {
                of_call.entry(effect.call.expr).or_default().push(at);
            }
        }
        let mut called_on = FxHashMap::default();
        let mut given = FxHashSet::default();
        if !of_call.is_empty() {
            for (call, _) in context.program.calls(id) {
                if let ExprKind::Call { callee, args, .. } = &module.expr(call).kind
                    && let ExprKind::Member { name, .. } | ExprKind::Name(name) = &module.expr(*callee).kind
                    && (of_call.contains_key(&call) || takes_query(*name, args))
                {
                    given.extend(args.iter().map(|a| a.value));
                }
                if let Some(object) = receiver(module, call) {
                    called_on.insert(object, call);
                }
            }
        }
        Self { context, id, module, effects, of_call, called_on, given }
    }

    fn accesses(&self) -> Vec<Access> {
        let mut found: Vec<Access> = Vec::new();
        for effect in self.effects.iter().filter(|e| e.kind == Kind::Query) {
            let Some(access) = self.record(effect).access else { continue };
            if access == AccessFact::Declared || found.iter().any(|a| a.call == effect.call) {
                continue;
            }
            // a query that is only put together further is sent by the last link
            if access == AccessFact::Lazy && self.begins_before(effect.call.expr) {
                continue;
            }
            found.extend(self.access(effect, access));
        }
        found
    }

    fn record(&self, effect: &Effect) -> &'c facts::Record {
        self.context.facts.record(effect.record)
    }

    /// Whether what a call is made on is a query already, so that this call only adds to it.
    fn begins_before(&self, call: ExprId) -> bool {
        let lazy = |e: &usize| {
            let effect = &self.effects[*e];
            effect.kind == Kind::Query && self.record(effect).access == Some(AccessFact::Lazy)
        };
        self.chain_below(call).iter().any(|link| self.of_call.get(link).is_some_and(|all| all.iter().any(lazy)))
    }

    /// The calls that a call is made on, nearest first.
    fn chain_below(&self, call: ExprId) -> Vec<ExprId> {
        let mut found = Vec::new();
        let mut at = receiver(self.module, call);
        while let Some(expr) = at {
            if found.len() >= MAX_CHAIN {
                break;
            }
            at = match &self.module.expr(expr).kind {
                ExprKind::Call { .. } => {
                    found.push(expr);
                    receiver(self.module, expr)
                }
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => Some(*object),
                ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => Some(*inner),
                ExprKind::Unary { operand, .. } => Some(*operand),
                _ => None,
            };
        }
        found
    }

    /// The calls that are made on what a call gives, nearest first.
    fn chain_above(&self, call: ExprId) -> Vec<ExprId> {
        let mut found = Vec::new();
        let mut at = call;
        while let Some(above) = self.called_on.get(&at) {
            found.push(*above);
            if found.len() >= MAX_CHAIN {
                break;
            }
            at = *above;
        }
        found
    }

    fn access(&self, effect: &Effect, access: AccessFact) -> Option<Access> {
        let record = self.record(effect);
        let call = effect.call.expr;
        // `rows.first()` of a slice is not `query.first(connection)`, and a closure of Rust is no connection
        let is_lambda = |a: &ir::Arg| matches!(self.module.expr(a.value).kind, ExprKind::Lambda(_));
        let is_one = |a: &ir::Arg| self.module.language != Language::Rust || !is_lambda(a);
        let given =
            matches!(&self.module.expr(call).kind, ExprKind::Call { args, .. } if args.first().is_some_and(is_one));
        if effect.evidence == Evidence::Suspected && record.arg.is_some() && !given {
            return None;
        }
        let below = self.chain_below(call);
        let above = self.chain_above(call);
        let mut clauses = Clauses::default();
        // what is called on a list that came asks the database nothing more
        let is_loaded = access == AccessFact::List && !record.roots.is_empty();
        let asks = above.iter().filter(|_| !is_loaded);
        for link in below.iter().chain(asks).chain([&call]) {
            self.add_clauses(*link, &mut clauses);
        }
        self.add_named(effect.call, &mut clauses);
        clauses.filtered |= self.is_made_elsewhere(call, &below, access == AccessFact::Lazy);
        self.add_of_variable(call, &below, &mut clauses);
        let text = match access {
            AccessFact::Statement => {
                Some(statements::read(self.context, effect.call, record.arg.unwrap_or(0)).unwrap_or_default())
            }
            _ => None,
        };
        let mut does = match access {
            AccessFact::List | AccessFact::Lazy => Does::List,
            AccessFact::One => Does::One,
            AccessFact::Count => Does::Count,
            AccessFact::Insert => Does::Insert,
            AccessFact::InsertMany => Does::InsertMany,
            AccessFact::Update => Does::Update,
            AccessFact::Delete => Does::Delete,
            AccessFact::Statement => text.as_ref().map_or(Does::Other, |t| t.does),
            AccessFact::Declared => return None,
        };
        // what ends the chain says what is asked of a lazy list
        let mut is_lazy = access == AccessFact::Lazy;
        if is_lazy {
            for link in &above {
                let ends = self.of_call.get(link).into_iter().flatten().find_map(|e| {
                    let effect = &self.effects[*e];
                    self.record(effect).access.filter(|a| *a != AccessFact::Lazy && effect.kind == Kind::Query)
                });
                // that link is an access of its own
                if ends.is_some() {
                    return None;
                }
            }
            let goes_on = |link: &ExprId| !self.of_call.contains_key(link);
            is_lazy = !above.iter().any(goes_on) && !self.is_gone_through(above.last().copied().unwrap_or(call));
        }
        if let Some(text) = &text {
            clauses.limited |= text.is_limited;
            clauses.filtered |= text.is_filtered;
        }
        if does == Does::List && self.is_sliced(call, &above, &mut does) {
            clauses.limited = true;
        }
        let whole = above.last().copied().unwrap_or(call);
        // `query = query.filter(…)`: another step of a query that something else sends
        let first = receiver(self.module, below.last().copied().unwrap_or(call));
        if is_lazy
            && first.is_some_and(|f| matches!(self.module.expr(f).kind, ExprKind::Name(_)))
            && self.is_made_elsewhere(call, &below, true)
        {
            return None;
        }
        // `relation.or(Story.where(…))`: a part of another query
        if is_lazy && (self.given.contains(&whole) || self.is_part(whole)) {
            return None;
        }
        // a link that only queries have and a connection are no chance together
        let is_clause =
            |link: &ExprId| self.of_call.get(link).into_iter().flatten().any(|e| self.effects[*e].kind == Kind::Clause);
        let evidence = match effect.evidence {
            Evidence::Suspected if record.arg.is_some() && below.iter().any(is_clause) => Evidence::Shown,
            evidence => evidence,
        };
        Some(Access {
            call: effect.call,
            span: self.module.expr_span(whole),
            function: effect.function,
            does,
            is_lazy,
            is_limited: clauses.limited,
            is_filtered: clauses.filtered,
            links: clauses.links,
            name: self.name(call),
            record: effect.record,
            evidence,
        })
    }

    /// Whether a query speaks of the rows of one around it.
    fn is_part(&self, whole: ExprId) -> bool {
        let span = self.module.expr_span(whole);
        let within = |e: &Effect| span.start <= e.span.start && e.span.end <= span.end;
        self.effects
            .iter()
            .any(|e| e.kind == Kind::Clause && self.record(e).label.as_deref() == Some("outer") && within(e))
    }

    /// `for x in query`, `list(query)`, `len(query)`.
    fn is_gone_through(&self, whole: ExprId) -> bool {
        let in_loop =
            self.module.stmts().any(|s| matches!(s.kind, StmtKind::Loop { iter: Some(iter), .. } if iter == whole));
        let range = self.module.expr(whole).range;
        let near = ir::Range { start: range.start.saturating_sub(12), end: range.end + 2 };
        in_loop
            || self.module.exprs_within(near).any(|(_, item)| match &item.kind {
                ExprKind::Call { callee, args, .. } => {
                    args.iter().any(|a| a.value == whole)
                        && matches!(self.module.expr(*callee).kind, ExprKind::Name(n) if matches!(n.as_str(), "list" | "len" | "tuple" | "set" | "sorted" | "any" | "all" | "bool" | "sum" | "dict"))
                }
                _ => false,
            })
    }

    /// `objects.filter(…)[:20]`, `[0]`.
    fn is_sliced(&self, call: ExprId, above: &[ExprId], does: &mut Does) -> bool {
        let whole = above.last().copied().unwrap_or(call);
        let range = self.module.expr(whole).range;
        let around = self.module.exprs_within(ir::Range { start: range.start, end: range.end + 40 });
        let mut sliced = false;
        for (_, item) in around {
            if let ExprKind::Index { object, index } = item.kind
                && (object == whole || object == call)
            {
                sliced = true;
                if !matches!(self.module.expr(index).kind, ExprKind::List(_)) {
                    *does = Does::One;
                }
            }
        }
        sliced
    }

    /// Whether a query comes from a function of the repository or a variable that is set more than once: what was
    /// asked before is not known. One that only goes on with the query of a variable (`goes_on`) is not its own.
    fn is_made_elsewhere(&self, call: ExprId, below: &[ExprId], goes_on: bool) -> bool {
        let own = |link: &ExprId| {
            let at = ExprRef { module: self.id, expr: *link };
            self.context.program.call(at).is_some_and(|c| !c.functions.is_empty())
        };
        if below.iter().any(own) {
            return true;
        }
        // `@user.subscriptions.pluck(:id)`: what belongs to one record
        if self.module.language == Language::Ruby
            && let Some(first) = below.last().or(Some(&call)).and_then(|link| receiver(self.module, *link))
            && matches!(&self.module.expr(first).kind, ExprKind::Name(n) if !n.as_str().starts_with(|c: char| c.is_ascii_uppercase()))
            && (below.len() > 1 || goes_on)
        {
            return true;
        }
        let Some(mut root) = receiver(self.module, below.last().copied().unwrap_or(call)) else { return false };
        while let ExprKind::Member { object, .. } = self.module.expr(root).kind {
            root = object;
        }
        let ExprKind::Name(name) = self.module.expr(root).kind else { return false };
        let Some(function) = self.context.program.scopes(self.id).owner(call).function else { return false };
        let bound = self.context.program.scopes(self.id).functions[function.0 as usize].get(&name);
        let many = if goes_on { 0 } else { 1 };
        bound.is_some_and(|bindings| {
            bindings.iter().filter(|b| matches!(b, Binding::Value(..) | Binding::Param(..))).count() > many
        })
    }

    /// What was asked of the variable that holds a query: in its initialiser, and in calls on it before the one that
    /// sends it (`session := db.In(…); session.Where(…); session.Find(&rows)`).
    fn add_of_variable(&self, call: ExprId, below: &[ExprId], clauses: &mut Clauses) {
        let Some(ExprKind::Name(name)) =
            receiver(self.module, below.last().copied().unwrap_or(call)).map(|r| &self.module.expr(r).kind)
        else {
            return;
        };
        let scopes = self.context.program.scopes(self.id);
        let Some(function) = scopes.owner(call).function else { return };
        let Some(bindings) = scopes.functions[function.0 as usize].get(name) else { return };
        for binding in bindings {
            let Binding::Value(value, _) = binding else { continue };
            let mut links = self.chain_below(*value);
            links.push(*value);
            links.iter().for_each(|link| self.add_clauses(*link, clauses));
        }
        let end = self.module.expr(call).range.start;
        for (object, on) in &self.called_on {
            let item = self.module.expr(*object);
            let is_same = matches!(item.kind, ExprKind::Name(n) if n == *name) && item.range.end <= end;
            if is_same && scopes.owner(*object).function == Some(function) && *on != call {
                self.add_clauses(*on, clauses);
            }
        }
    }

    /// The links of a chain that variables stand between, by the qualified name: `DbSet#Where()#Take()#ToList`.
    fn add_named(&self, call: ExprRef, clauses: &mut Clauses) {
        let Some(callee) = self.context.program.call(call) else { return };
        for name in &callee.external {
            let links = name.as_str().split(['#', '.']).filter_map(|link| link.strip_suffix("()"));
            for link in links.filter(|l| !l.is_empty()) {
                for (record, _) in self.context.facts.of_method(self.module.language, Symbol::new(link)) {
                    let record = self.context.facts.record(record);
                    clauses.limited |= record.kind == Kind::Clause && record.label.as_deref() == Some("limit");
                }
            }
        }
    }

    fn add_clauses(&self, link: ExprId, clauses: &mut Clauses) {
        // `collection.find({ state })` of something that is not known better
        if !self.of_call.contains_key(&link)
            && let ExprKind::Call { callee, args, .. } = &self.module.expr(link).kind
            && let ExprKind::Member { name, .. } = &self.module.expr(*callee).kind
            && matches!(name.as_str(), "find" | "where" | "filter" | "aggregate" | "match")
        {
            clauses.filtered |= args.first().is_some_and(|a| self.says_which(a.value));
        }
        for at in self.of_call.get(&link).into_iter().flatten() {
            let effect = &self.effects[*at];
            let record = self.record(effect);
            let ExprKind::Call { args, block, .. } = &self.module.expr(link).kind else { continue };
            if !clauses.links.iter().any(|(known, _)| *known == link) {
                clauses.links.push((link, effect.record));
            }
            if effect.kind == Kind::Clause {
                match record.label.as_deref() {
                    Some("limit") => clauses.limited = true,
                    Some("filter") => {
                        clauses.filtered |= block.is_some() || args.iter().any(|a| self.says_which(a.value));
                    }
                    _ => {}
                }
                continue;
            }
            let has = |names: &[String]| {
                names.iter().any(|name| {
                    args.iter().any(|a| {
                        a.name.is_some_and(|n| n == name.as_str())
                            || matches!(&self.module.expr(a.value).kind, ExprKind::Map(entries)
                                if entries.iter().any(|e| e.key.and_then(|k| self.module.string(k)).is_some_and(|k| k == name.as_str())))
                    })
                })
            };
            clauses.limited |= has(&record.limits);
            if record.access == Some(AccessFact::Statement) {
                continue;
            }
            // what comes before the condition says where rows go
            let first = record.arg.unwrap_or(0) as usize;
            let filters = args.iter().skip(first).any(|a| a.name.is_none_or(is_filter) && self.says_which(a.value));
            clauses.filtered |= filters || block.is_some();
        }
    }

    /// Whether a condition asks for rows by something that differs from request to request. What only names
    /// constants (`{ state: "open" }`, `o => !o.Closed`) holds for more rows each day; options that say how rows
    /// come (`include`, `orderBy`) ask for none.
    fn says_which(&self, value: ExprId) -> bool {
        let module = self.module;
        if let ExprKind::Map(entries) = &module.expr(value).kind {
            return entries.iter().any(|e| match e.key.and_then(|k| module.string(k)) {
                Some(key) => is_filter(key) && self.says_which(e.value),
                None => true,
            });
        }
        let range = module.expr(value).range;
        let own: Vec<Symbol> = module
            .functions()
            .filter(|(_, f)| range.contains(f.range))
            .flat_map(|(_, f)| f.params.iter().map(|p| p.name))
            .collect();
        module.exprs_within(range).any(|(expr, item)| match &item.kind {
            ExprKind::Name(name) => {
                let is_constant = name.as_str().starts_with(|c: char| c.is_uppercase())
                    || matches!(name.as_str(), "Op" | "true" | "false" | "nil" | "None");
                !own.contains(name) && !is_constant
            }
            ExprKind::This | ExprKind::Spread(_) | ExprKind::Template(_) => true,
            // `"user_id = ?"`: its values follow
            ExprKind::Literal(ir::Literal::Str(_)) => {
                module.string(expr).is_some_and(|s| statements::has_placeholder(s.as_str()))
            }
            _ => false,
        })
    }

    fn name(&self, call: ExprId) -> String {
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return String::new() };
        match &self.module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => {
                let mut root = *object;
                let mut is_chain = false;
                while let ExprKind::Call { .. } | ExprKind::Await(_) = self.module.expr(root).kind {
                    is_chain = true;
                    root = match &self.module.expr(root).kind {
                        ExprKind::Await(inner) => *inner,
                        _ => match receiver(self.module, root) {
                            Some(below) => below,
                            None => return name.to_string(),
                        },
                    };
                }
                match self.module.dotted(root) {
                    Some(object) => format!("{object}{}{name}", if is_chain { "…" } else { "." }),
                    None => name.to_string(),
                }
            }
            ExprKind::Name(name) => name.to_string(),
            _ => String::new(),
        }
    }
}

/// Whether a call makes a query a part of another: `relation.or(…)`, `Subquery(…)`, `Prefetch(queryset=…)`; but a
/// serializer is given one to go through (`many=True`).
fn takes_query(name: Symbol, args: &[ir::Arg]) -> bool {
    let makes = name.as_str().starts_with(|c: char| c.is_ascii_uppercase())
        && !args.iter().any(|a| a.name.is_some_and(|n| n == "many"));
    makes || matches!(name.as_str(), "or" | "and" | "or!" | "and!" | "merge" | "union" | "except")
}

/// Whether an option by this name says which rows are meant, and not how they come.
fn is_filter(name: Symbol) -> bool {
    !matches!(
        name.as_str(),
        "include"
            | "attributes"
            | "order"
            | "orderBy"
            | "select"
            | "relations"
            | "raw"
            | "lean"
            | "sort"
            | "projection"
    )
}

/// What a call is made on.
fn receiver(module: &ir::Module, call: ExprId) -> Option<ExprId> {
    let ExprKind::Call { callee, .. } = &module.expr(call).kind else { return None };
    match &module.expr(*callee).kind {
        ExprKind::Member { object, .. } => Some(*object),
        _ => None,
    }
}

impl Model {
    /// The first route that a view answers with a list, else the first that it answers.
    pub fn route_of_view(&self, view: ClassRef) -> Option<&Route> {
        let name = self.program.class(view).name;
        let of_view = |r: &&Route| {
            let handler = r.handler.as_ref().map_or("", |h| h.name.as_str());
            handler.split('.').any(|part| name == part)
        };
        let lists = |r: &&Route| r.method == crate::Method::Get && !r.path.ends_with('}');
        self.routes.iter().filter(of_view).find(lists).or_else(|| self.routes.iter().find(of_view))
    }

    /// The route that a function answers, directly or as something that a handler calls.
    pub fn route_served(&self, function: FnId) -> Option<&Route> {
        let mut at = Some(function);
        while let Some(here) = at {
            if let Some(route) = self.accesses.serves.get(&here) {
                return self.routes.get(*route as usize);
            }
            let item = self.program.function(here);
            at = item
                .parent
                .filter(|_| matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block))
                .map(|function| FnId { module: here.module, function });
        }
        None
    }

    /// Whether a function, or one that it stands in, says something of pages or limits.
    pub fn speaks_of_pages(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let mut outer = function.function;
        while let Some(parent) = module.function(outer).parent {
            outer = parent;
        }
        let item = module.function(outer);
        let named = |name: &str| {
            let plain = name.to_ascii_lowercase().replace('_', "");
            ["limit", "page", "pagin", "pagy", "offset", "cursor"].iter().any(|w| plain.contains(w))
        };
        item.params.iter().any(|p| named(p.name.as_str()))
            || module.exprs_within(item.range).any(|(_, e)| match &e.kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => named(name.as_str()),
                _ => false,
            })
    }
}
