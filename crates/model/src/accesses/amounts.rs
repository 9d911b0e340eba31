//! How many rows a request may ask for and how far into a list: amounts that the caller chooses and nothing caps.

mod words;

use std::sync::{Arc, OnceLock, RwLock};

use base::{Span, Symbol};
use flow::{Holds, Meaning, Place, Semantics};
use ir::{BinaryOp, ExprId, ExprKind, Literal, Module, UnaryOp};
use program::{Binding, ExprRef, FnId, PathStep, Value};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sql::query::Operand;

use self::words::{is_amount_name, is_cap, says_maximum, turns};
use super::{Access, Accesses, Does, statements};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::entities::Route;
use crate::facts::{Kind, RecordId};
use crate::{GuardKind, Place as From};

/// How many steps back a value is followed.
const MAX_STEPS: u32 = 16;

/// How many expressions are looked at for one amount.
const MAX_LOOKS: u32 = 200;

/// How many callers of a function are asked what they give.
const MAX_CALLERS: usize = 8;

/// What an amount says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// How many rows come back at most.
    Limit,
    /// How many rows, or pages, are passed over.
    Offset,
}

/// An amount that comes from the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// What it says.
    pub says: Says,
    /// The access, among all; none where only a description of the page is made.
    pub access: Option<u32>,
    /// The amount as the query has it.
    pub value: ExprRef,
    /// The record of the call that takes it.
    pub record: RecordId,
    /// The way of it, from where the request gives it to the query.
    pub way: Vec<Span>,
    /// Whether a limit is set to a maximum somewhere on the way. (An offset needs none.)
    pub is_capped: bool,
}

/// Finds them.
pub(crate) fn collect(
    context: &Context<'_>,
    semantics: &dyn Semantics,
    routes: &[Route],
    effects: &[Effect],
    accesses: &Accesses,
) -> Vec<Amount> {
    let mut handlers: FxHashMap<FnId, Vec<&Route>> = FxHashMap::default();
    for route in routes {
        if let Some(function) = route.handler.as_ref().and_then(|h| h.function) {
            handlers.entry(function).or_default().push(route);
        }
    }
    let tracer = Tracer { context, semantics, handlers, capped: OnceLock::new(), caps: RwLock::default() };
    let lists = accesses
        .all
        .par_iter()
        .enumerate()
        .filter(|(_, a)| a.does == Does::List && !a.links.is_empty() || a.is_limited);
    let mut found: Vec<Amount> = lists
        .flat_map_iter(|(at, access)| {
            let values = Values { context, access }.all();
            values.into_iter().map(move |(says, value, record)| (Some(at as u32), says, value, record))
        })
        .filter_map(|(access, says, value, record)| tracer.amount(access, says, value, record))
        .collect();
    // descriptions of pages: `PageRequest.of(page, size)`
    let describes = |e: &&Effect| {
        e.kind == Kind::Clause
            && !context.facts.record(e.record).names.is_empty()
            && !accesses
                .all
                .iter()
                .any(|a| a.links.iter().any(|(link, _)| *link == e.call.expr) && a.call.module == e.call.module)
    };
    let labelled = |e: &&Effect| {
        let record = context.facts.record(e.record);
        e.kind == Kind::Clause && record.arg.is_some() && matches!(record.label.as_deref(), Some("limit" | "offset"))
    };
    for effect in effects.iter().filter(labelled).filter(describes) {
        let Some((says, value)) = of_clause(context, effect.call, effect.record) else { continue };
        found.extend(tracer.amount(None, says, value, effect.record));
    }
    found.sort_by_key(|a| (a.value, a.says, a.access));
    found.dedup_by_key(|a| (a.value, a.says));
    found
}

/// What a call of a clause is given as an amount.
fn of_clause(context: &Context<'_>, call: ExprRef, record: RecordId) -> Option<(Says, ExprRef)> {
    let of = context.facts.record(record);
    let says = match of.label.as_deref()? {
        "limit" => Says::Limit,
        "offset" => Says::Offset,
        _ => return None,
    };
    let ExprKind::Call { args, .. } = &context.program.expr(call).kind else { return None };
    let named = of.keyword.as_deref().and_then(|k| args.iter().find(|a| a.name.is_some_and(|n| n == k)));
    let given = || args.iter().filter(|a| a.name.is_none()).nth(of.arg? as usize);
    let value = named.or_else(given)?.value;
    Some((says, ExprRef { module: call.module, expr: value }))
}

/// The amounts that an access is given.
struct Values<'c> {
    context: &'c Context<'c>,
    access: &'c Access,
}

impl Values<'_> {
    fn all(&self) -> Vec<(Says, ExprRef, RecordId)> {
        let id = self.access.call.module;
        let module = self.context.program.module(id);
        let mut found = Vec::new();
        for (call, record) in &self.access.links {
            let at = ExprRef { module: id, expr: *call };
            let of = self.context.facts.record(*record);
            if of.kind == Kind::Clause {
                found.extend(of_clause(self.context, at, *record).map(|(says, value)| (says, value, *record)));
                continue;
            }
            for (says, names) in [(Says::Limit, &of.limits), (Says::Offset, &of.offsets)] {
                let value = option(module, *call, names);
                found.extend(value.map(|expr| (says, ExprRef { module: id, expr }, *record)));
            }
        }
        found.extend(self.of_statement());
        if let Some(bounds) = self.slice() {
            found.extend(bounds.into_iter().map(|(says, value)| (says, value, self.access.record)));
        }
        found
    }

    /// `rows[offset:offset + limit]`.
    fn slice(&self) -> Option<Vec<(Says, ExprRef)>> {
        let module = self.context.program.module(self.access.call.module);
        let span = self.access.span;
        let range = ir::Range { start: span.start, end: span.end + 80 };
        let (_, item) = module.exprs_within(range).find(|(_, item)| match item.kind {
            ExprKind::Index { object, .. } => module.expr_span(object) == span,
            _ => false,
        })?;
        let ExprKind::Index { index, .. } = item.kind else { return None };
        let ExprKind::List(bounds) = &module.expr(index).kind else { return None };
        let text = self.context.sources.text(module.expr_span(index));
        let here = |expr: &ExprId| ExprRef { module: self.access.call.module, expr: *expr };
        Some(match bounds.as_slice() {
            [from, to] => vec![(Says::Offset, here(from)), (Says::Limit, here(to))],
            [to] if text.starts_with(':') => vec![(Says::Limit, here(to))],
            [from] => vec![(Says::Offset, here(from))],
            _ => Vec::new(),
        })
    }

    /// `LIMIT $2 OFFSET $3`, with what is given for them.
    fn of_statement(&self) -> Vec<(Says, ExprRef, RecordId)> {
        let record = self.context.facts.record(self.access.record);
        if record.access != Some(crate::facts::AccessFact::Statement) {
            return Vec::new();
        }
        let arg = record.arg.unwrap_or(0);
        let Some(text) = statements::written(self.context, self.access.call, arg) else { return Vec::new() };
        let Some(query) = statements::query_of(&text) else { return Vec::new() };
        let mut found = Vec::new();
        for (says, operand, word) in [(Says::Limit, &query.limit, "LIMIT"), (Says::Offset, &query.offset, "OFFSET")] {
            let value = match operand {
                Some(Operand::Placeholder(place)) => self.bound(&text, place, word, arg),
                Some(Operand::Hole) => self.hole(word, arg),
                _ => None,
            };
            found.extend(value.map(|value| (says, value, self.access.record)));
        }
        found
    }

    /// The value for a placeholder.
    fn bound(&self, text: &str, place: &str, word: &str, arg: u32) -> Option<ExprRef> {
        let id = self.access.call.module;
        let module = self.context.program.module(id);
        let ExprKind::Call { args, .. } = &module.expr(self.access.call.expr).kind else { return None };
        let rest: Vec<ExprId> =
            args.iter().filter(|a| a.name.is_none()).skip(arg as usize + 1).map(|a| a.value).collect();
        let values = match rest.as_slice() {
            [one] => match &module.expr(*one).kind {
                ExprKind::List(items) => items.clone(),
                _ => rest.clone(),
            },
            _ => rest.clone(),
        };
        let number = place.trim_start_matches(['$', '?']).parse::<usize>().ok();
        let value = match number {
            Some(number) => values.get(number.checked_sub(1)?).copied(),
            None if matches!(place, "?" | "%s") => {
                let end = text.to_ascii_uppercase().rfind(word)?;
                let before = text.get(..end)?.matches(place).count();
                values.get(before).copied()
            }
            None => {
                let name = place.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').trim_end_matches(")s");
                let named = args.iter().find(|a| a.name.is_some_and(|n| n == name)).map(|a| a.value);
                named.or_else(|| args.iter().find_map(|a| entry(module, a.value, name)))
            }
        };
        value.map(|expr| ExprRef { module: id, expr })
    }

    /// The value that is put into the text after a word.
    fn hole(&self, word: &str, arg: u32) -> Option<ExprRef> {
        let ExprKind::Call { args, .. } = &self.context.program.expr(self.access.call).kind else { return None };
        let given = args.iter().filter(|a| a.name.is_none()).nth(arg as usize)?;
        let mut at = ExprRef { module: self.access.call.module, expr: given.value };
        for _ in 0..3 {
            if let ExprKind::Template(parts) = &self.context.program.expr(at).kind {
                let follows = |pair: &[ir::Part]| match pair {
                    [ir::Part::Text(text), ir::Part::Hole(hole)] => {
                        text.as_str().trim_end().to_ascii_uppercase().ends_with(word).then_some(*hole)
                    }
                    _ => None,
                };
                let hole = parts.windows(2).find_map(follows)?;
                return Some(ExprRef { module: at.module, expr: hole });
            }
            at = self.context.program.definition(at)?;
        }
        None
    }
}

/// An option of a call by one of these names: a keyword argument, or an entry of a map that it is given.
fn option(module: &Module, call: ExprId, names: &[String]) -> Option<ExprId> {
    let ExprKind::Call { args, .. } = &module.expr(call).kind else { return None };
    names.iter().find_map(|name| {
        let named = args.iter().find(|a| a.name.is_some_and(|n| n == name.as_str())).map(|a| a.value);
        named.or_else(|| args.iter().find_map(|a| entry(module, a.value, name)))
    })
}

fn entry(module: &Module, map: ExprId, name: &str) -> Option<ExprId> {
    let ExprKind::Map(entries) = &module.expr(map).kind else { return None };
    let entry = entries.iter().find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == name));
    entry.map(|e| e.value)
}

/// What a value holds.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    /// What the caller sent.
    Data,
    /// The request, of this type.
    Request(Symbol),
}

/// Follows values back to the request.
struct Tracer<'c> {
    context: &'c Context<'c>,
    semantics: &'c dyn Semantics,
    handlers: FxHashMap<FnId, Vec<&'c Route>>,
    /// What each folder's declarations give a maximum.
    capped: OnceLock<FxHashMap<String, Vec<Symbol>>>,
    /// What each function that was looked at holds below a maximum, as it is written.
    caps: RwLock<FxHashMap<FnId, Arc<FxHashSet<&'c str>>>>,
}

/// One way back, and what was met on it.
#[derive(Default)]
struct Way {
    /// The expressions, the first one last.
    places: Vec<ExprRef>,
    /// Whether something on it caps the value.
    is_capped: bool,
    /// Expressions that led nowhere, and those that are on the way: nobody looks there again.
    nowhere: FxHashSet<ExprRef>,
    /// How many expressions were looked at.
    looks: u32,
}

impl<'c> Tracer<'c> {
    fn amount(&self, access: Option<u32>, says: Says, value: ExprRef, record: RecordId) -> Option<Amount> {
        let mut way = Way::default();
        if self.held(value, 0, &mut way)? != Held::Data {
            return None;
        }
        let source = way.places.first().copied().unwrap_or(value);
        let mut spans: Vec<Span> = Vec::new();
        for place in &way.places {
            let span = self.context.program.span(*place);
            // one step for each line
            let line = |span: Span| (span.file, self.context.sources.start(span).line);
            match spans.last_mut() {
                Some(last) if line(*last) == line(span) => *last = span,
                _ => spans.push(span),
            }
        }
        let is_capped = way.is_capped || self.is_declared_capped(source) || self.is_validated(source);
        Some(Amount { says, access, value, record, way: spans, is_capped })
    }

    /// What a value holds, with the way that it came.
    fn held(&self, at: ExprRef, depth: u32, way: &mut Way) -> Option<Held> {
        way.looks += 1;
        if depth > MAX_STEPS || way.looks > MAX_LOOKS || !way.nowhere.insert(at) {
            return None;
        }
        let (places, capped) = (way.places.len(), way.is_capped);
        let held = self.step(at, depth, way);
        match held {
            Some(Held::Data) => way.places.push(at),
            Some(_) => {}
            None => {
                way.places.truncate(places);
                way.is_capped = capped;
            }
        }
        if held.is_some() {
            way.nowhere.remove(&at);
        }
        held
    }

    fn step(&self, at: ExprRef, depth: u32, way: &mut Way) -> Option<Held> {
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        for meaning in self.semantics.of_call(at) {
            match meaning {
                Meaning::Source(place) if is_of_request(*place) => return Some(Held::Data),
                Meaning::Request(ty) => return Some(Held::Request(*ty)),
                _ => {}
            }
        }
        match &module.expr(at.expr).kind {
            ExprKind::Name(name) => {
                way.is_capped |= self.is_capped(at);
                self.of_name(at, *name, depth, way)
            }
            ExprKind::Member { object, name, .. } => {
                way.is_capped |= self.is_capped(at);
                if let Some(held) = held_of(self.semantics.of_name(at, *name)) {
                    return Some(held);
                }
                match self.held(here(*object), depth + 1, way)? {
                    Held::Request(ty) => held_of(self.semantics.of_request(ty, *name)),
                    Held::Data => {
                        way.is_capped |= self.is_field_capped(here(*object), *name);
                        Some(Held::Data)
                    }
                }
            }
            ExprKind::Index { object, index } => {
                way.is_capped |= self.is_capped(at);
                match self.held(here(*object), depth + 1, way)? {
                    Held::Request(ty) => held_of(self.semantics.of_request(ty, module.string(*index)?)),
                    Held::Data => Some(Held::Data),
                }
            }
            ExprKind::Call { .. } => self.of_call(at, depth, way),
            ExprKind::Unary { op: UnaryOp::Not, .. } => None,
            ExprKind::Unary { operand: inner, .. } | ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => {
                self.held(here(*inner), depth + 1, way)
            }
            ExprKind::Assign { value, .. } => self.held(here(*value), depth + 1, way),
            ExprKind::Logical { left, right, .. } => {
                self.held(here(*left), depth + 1, way).or_else(|| self.held(here(*right), depth + 1, way))
            }
            ExprKind::Ternary { cond, then, otherwise } => {
                let held =
                    self.held(here(*then), depth + 1, way).or_else(|| self.held(here(*otherwise), depth + 1, way));
                way.is_capped |= held.is_some() && !caps_in(module, module.expr(*cond).range).is_empty();
                held
            }
            ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, left, right } => {
                self.held(here(*left), depth + 1, way).or_else(|| self.held(here(*right), depth + 1, way))
            }
            _ => None,
        }
    }

    fn of_name(&self, at: ExprRef, name: Symbol, depth: u32, way: &mut Way) -> Option<Held> {
        let program = self.context.program;
        let module = program.module(at.module);
        let scopes = program.scopes(at.module);
        let mut function = scopes.owner(at.expr).function;
        let bindings = loop {
            let Some(id) = function else { break scopes.top.get(&name) };
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                break Some(bindings);
            }
            function = module.function(id).parent;
        };
        let Some(bindings) = bindings else { return held_of(self.semantics.of_name(at, name)) };
        // `c.ShouldBindQuery(&query)`
        if let Some(id) = function
            && self.is_filled(FnId { module: at.module, function: id }, name)
        {
            return Some(Held::Data);
        }
        let mut found = None;
        for binding in bindings {
            let nowhere = std::mem::take(&mut way.nowhere);
            let mut own = Way { nowhere, looks: way.looks, ..Way::default() };
            let held = self.of_binding(at, name, binding, depth, &mut own);
            (way.nowhere, way.looks) = (std::mem::take(&mut own.nowhere), own.looks);
            // a function that is not known makes it of itself: `let limit = checked(limit)?`
            let is_remade =
                matches!(binding, Binding::Value(value, _) if held.is_none() && makes_of(module, *value, name));
            way.is_capped |= own.is_capped || is_remade;
            if found.is_none() && held.is_some() {
                found = held;
                way.places.append(&mut own.places);
            }
        }
        found
    }

    fn of_binding(&self, at: ExprRef, name: Symbol, binding: &Binding, depth: u32, way: &mut Way) -> Option<Held> {
        let program = self.context.program;
        let module = program.module(at.module);
        match binding {
            Binding::Param(function, index, path) => {
                self.of_param(FnId { module: at.module, function: *function }, *index, path, depth, way)
            }
            Binding::Value(value, path) => {
                // what is only bound to itself (`x = x || y`) is no maker of itself
                if matches!(module.expr(*value).kind, ExprKind::Name(n) if n == name)
                    || contains(module, *value, at.expr)
                {
                    return None;
                }
                let whole = ExprRef { module: at.module, expr: *value };
                let is_first = matches!(path.first(), None | Some(PathStep::Index(0)));
                match self.held(whole, depth + 1, way) {
                    Some(held) => part_of(self.semantics, held, path),
                    None if !is_first && let [PathStep::Key(key)] = path.as_slice() => {
                        let made = program.made_members(whole, *key, self.context.facts);
                        made.into_iter().take(MAX_CALLERS).find_map(|made| self.held(made, depth + 1, way))
                    }
                    None => None,
                }
            }
            _ => None,
        }
    }

    fn of_param(&self, function: FnId, index: u32, path: &[PathStep], depth: u32, way: &mut Way) -> Option<Held> {
        let program = self.context.program;
        if let Some(held) = held_of(self.semantics.of_param(function, index as usize)) {
            return part_of(self.semantics, held, path);
        }
        let item = program.function(function);
        let module = program.module(function.module);
        let param = item.params.get(index as usize)?;
        // numbers that a framework takes out of the query
        if path.is_empty()
            && let Some(routes) = self.handlers.get(&function)
        {
            let input = routes.iter().flat_map(|r| &r.inputs).find(|i| {
                !i.name.is_empty()
                    && param.name == i.name.as_str()
                    && matches!(i.place, From::Query | From::Path | From::Body)
            });
            if let Some(input) = input
                && !(input.validated && module.language.is_ecmascript())
            {
                let text = self.context.sources.text(module.span(param.range));
                way.is_capped |= says_maximum(text) || input.constraints.iter().any(|c| says_maximum(c));
                return Some(Held::Data);
            }
        }
        for given in program.arguments_for(function, index).into_iter().take(MAX_CALLERS) {
            let held = match self.held(given, depth + 1, way) {
                Some(held) => part_of(self.semantics, held, path),
                None => match path {
                    [PathStep::Key(key)] => {
                        let made = program.made_members(given, *key, self.context.facts);
                        made.into_iter().take(MAX_CALLERS).find_map(|made| self.held(made, depth + 1, way))
                    }
                    _ => None,
                },
            };
            if held.is_some() {
                return held;
            }
        }
        None
    }

    fn of_call(&self, at: ExprRef, depth: u32, way: &mut Way) -> Option<Held> {
        let program = self.context.program;
        let module = program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
        let (name, object) = match &module.expr(*callee).kind {
            ExprKind::Name(name) => (*name, None),
            ExprKind::Member { object, name, .. } => (*name, Some(*object)),
            _ => return None,
        };
        // `params[:limit]`
        if object.is_none()
            && args.is_empty()
            && let Some(held) = held_of(self.semantics.of_name(at, name))
        {
            return Some(held);
        }
        let is_cap = is_cap(name.as_str());
        let own = program.call(at).map(|c| c.functions.as_slice()).unwrap_or_default();
        if !own.is_empty() {
            let given = args.iter().find_map(|a| match self.held(here(a.value), depth + 1, way) {
                Some(Held::Data) => Some(Held::Data),
                _ => None,
            });
            let held = given.or_else(|| {
                own.iter().take(2).find_map(|function| {
                    let returns = &program.scopes(function.module).returns[function.function.0 as usize];
                    let mut all = returns.iter().map(|expr| ExprRef { module: function.module, expr: *expr });
                    all.find_map(|made| self.held(made, depth + 1, way))
                })
            });
            way.is_capped |= held.is_some() && (is_cap || own.iter().any(|f| self.caps_anything(*f, 0)));
            return held;
        }
        if let Some(object) = object {
            match self.held(here(object), depth + 1, way) {
                Some(Held::Request(ty)) => {
                    if let Some(held) = held_of(self.semantics.of_request(ty, name)) {
                        return Some(held);
                    }
                }
                Some(Held::Data)
                    if turns(name.as_str())
                        || is_cap
                        || args.first().is_some_and(|a| module.string(a.value).is_some()) =>
                {
                    way.is_capped |= is_cap;
                    return Some(Held::Data);
                }
                _ => {}
            }
        }
        // `schema.parse(req.query)` checks what `Number(x)` and `parseInt(x)` only turn
        let is_schema = name == "parse" && object.is_some() && module.language.is_ecmascript();
        if !(turns(name.as_str()) || is_cap) || is_schema {
            return None;
        }
        let items = args.iter().flat_map(|a| match &module.expr(a.value).kind {
            ExprKind::List(items) => items.clone(),
            _ => vec![a.value],
        });
        let of_list = object.map(|o| match &module.expr(o).kind {
            ExprKind::List(items) => items.clone(),
            _ => Vec::new(),
        });
        let mut all = items.chain(of_list.into_iter().flatten());
        let held = all.find_map(|value| self.held(here(value), depth + 1, way).filter(|h| *h == Held::Data));
        way.is_capped |= held.is_some() && is_cap;
        held
    }

    /// Whether a function, or one that it calls, holds anything below a maximum.
    fn caps_anything(&self, function: FnId, depth: u32) -> bool {
        let module = self.context.program.module(function.module);
        !caps_in(module, module.function(function.function).range).is_empty()
            || depth < 2
                && self.context.program.calls_in(function).iter().any(|call| {
                    let callee = self.context.program.call(ExprRef { module: function.module, expr: *call });
                    callee.is_some_and(|c| c.functions.iter().any(|f| self.caps_anything(*f, depth + 1)))
                })
    }

    /// Whether a call of the function puts what the request says into a variable.
    fn is_filled(&self, function: FnId, name: Symbol) -> bool {
        let module = self.context.program.module(function.module);
        self.context.program.calls_in(function).iter().any(|call| {
            let at = ExprRef { module: function.module, expr: *call };
            let ExprKind::Call { args, .. } = &module.expr(*call).kind else { return false };
            self.semantics.of_call(at).iter().any(|meaning| {
                let Meaning::Fills(flow::Argument::At(arg), place) = meaning else { return false };
                is_of_request(*place)
                    && args.get(*arg as usize).is_some_and(|a| {
                        let inner = match module.expr(a.value).kind {
                            ExprKind::Unary { operand, .. } => operand,
                            _ => a.value,
                        };
                        matches!(module.expr(inner).kind, ExprKind::Name(n) if n == name)
                    })
            })
        })
    }

    /// Whether the function around holds a value below a maximum, by its text.
    fn is_capped(&self, at: ExprRef) -> bool {
        let module = self.context.program.module(at.module);
        let Some(mut function) = self.context.program.scopes(at.module).owner(at.expr).function else { return false };
        while let Some(parent) = module.function(function).parent {
            function = parent;
        }
        let text = |expr: ExprId| self.context.sources.text(module.expr_span(expr));
        let key = FnId { module: at.module, function };
        if let Some(known) = self.caps.read().ok().and_then(|caps| caps.get(&key).cloned()) {
            return known.contains(text(at.expr));
        }
        let caps: FxHashSet<&str> = caps_in(module, module.function(function).range).into_iter().map(text).collect();
        let is_capped = caps.contains(text(at.expr));
        if let Ok(mut known) = self.caps.write() {
            known.insert(key, Arc::new(caps));
        }
        is_capped
    }

    /// Whether the declaration of a field gives it a maximum: an annotation, a tag, a type.
    fn is_field_capped(&self, object: ExprRef, name: Symbol) -> bool {
        let program = self.context.program;
        let values = program.evaluator(object.module, self.context.facts).eval(object.expr);
        values.into_iter().any(|value| {
            let (Value::Instance(class) | Value::Class(class)) = value else { return false };
            program.classes().lineage(class).into_iter().any(|class| {
                let module = program.module(class.module);
                let fields = program.class(class).fields.iter().filter(|f| f.name == name);
                fields.into_iter().any(|f| says_maximum(self.context.sources.text(module.span(f.range))))
            })
        })
    }

    /// Whether a schema near the place gives what has its name a maximum: `limit: z.number().max(100)`.
    fn is_declared_capped(&self, source: ExprRef) -> bool {
        let module = self.context.program.module(source.module);
        let name = match &module.expr(source.expr).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
            ExprKind::Index { index, .. } => match module.string(*index) {
                Some(name) => name,
                None => return false,
            },
            ExprKind::Call { args, .. } => match args.first().and_then(|a| module.string(a.value)) {
                Some(name) => name,
                None => return false,
            },
            _ => return false,
        };
        let capped = self.capped.get_or_init(|| self.declared_caps());
        let here = folder(self.context.program.path(source.module));
        let near = |of: &str| of == here || folder(here) == of || folder(of) == here || folder(of) == folder(here);
        capped.iter().any(|(of, names)| near(of) && names.contains(&name))
    }

    fn declared_caps(&self) -> FxHashMap<String, Vec<Symbol>> {
        let program = self.context.program;
        let mut found: FxHashMap<String, Vec<Symbol>> = FxHashMap::default();
        for id in program.ids() {
            let module = program.module(id);
            let mut add = |name: Symbol| {
                let names = found.entry(folder(program.path(id)).to_owned()).or_default();
                if !names.contains(&name) {
                    names.push(name);
                }
            };
            for (_, item) in module.exprs() {
                let ExprKind::Map(entries) = &item.kind else { continue };
                for entry in entries {
                    if let Some(key) = entry.key.and_then(|k| module.string(k))
                        && is_amount_name(key.as_str())
                        && matches!(module.expr(entry.value).kind, ExprKind::Call { .. } | ExprKind::Map(_))
                        && says_maximum(self.context.sources.text(module.expr_span(entry.value)))
                    {
                        add(key);
                    }
                }
            }
        }
        found
    }

    /// Whether the route that a place answers has its input checked before.
    fn is_validated(&self, source: ExprRef) -> bool {
        let Some(mut function) = self.context.program.scopes(source.module).owner(source.expr).function else {
            return false;
        };
        let module = self.context.program.module(source.module);
        loop {
            let of = FnId { module: source.module, function };
            if let Some(routes) = self.handlers.get(&of) {
                return routes.iter().any(|r| r.guards.iter().any(|g| g.kind == GuardKind::Validation));
            }
            match module.function(function).parent {
                Some(parent) => function = parent,
                None => return false,
            }
        }
    }
}

/// The part of what is held that a pattern takes out.
fn part_of(semantics: &dyn Semantics, held: Held, path: &[PathStep]) -> Option<Held> {
    path.iter().try_fold(held, |held, step| match (held, step) {
        (Held::Request(ty), PathStep::Key(key)) => held_of(semantics.of_request(ty, *key)),
        (held, _) => Some(held),
    })
}

fn held_of(holds: Holds) -> Option<Held> {
    match holds {
        Holds::Request(ty) => Some(Held::Request(ty)),
        Holds::Data(place) | Holds::Named(place, _) if is_of_request(place) => Some(Held::Data),
        _ => None,
    }
}

/// Whether a place is what a caller over the network writes.
fn is_of_request(place: Place) -> bool {
    matches!(place, Place::Path | Place::Query | Place::Body | Place::Header | Place::Request)
}

/// Whether a value is what a call makes of a variable.
fn makes_of(module: &Module, value: ExprId, name: Symbol) -> bool {
    let mut at = value;
    while let ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } = module.expr(at).kind {
        at = inner;
    }
    matches!(module.expr(at).kind, ExprKind::Call { .. })
        && module.exprs_within(module.expr(at).range).any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == name))
}

fn contains(module: &Module, outer: ExprId, inner: ExprId) -> bool {
    module.expr(outer).range.contains(module.expr(inner).range)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The expressions within a range that something holds below a maximum: sides of comparisons with more than zero and
/// one, and what is given to calls that cap.
fn caps_in(module: &Module, range: ir::Range) -> Vec<ExprId> {
    let mut whole: Vec<ExprId> = Vec::new();
    let is_least = |expr: ExprId| {
        matches!(&module.expr(expr).kind,
            ExprKind::Literal(Literal::Int(Some(n))) if *n <= 1)
            || matches!(
                &module.expr(expr).kind,
                ExprKind::Unary { op: UnaryOp::Neg, .. } | ExprKind::Literal(Literal::Null | Literal::Str(_))
            )
    };
    for (_, item) in module.exprs_within(range) {
        match &item.kind {
            ExprKind::Binary { op: BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, left, right }
                if !is_least(*left) && !is_least(*right) =>
            {
                whole.extend([*left, *right]);
            }
            ExprKind::Binary { op: BinaryOp::In | BinaryOp::NotIn, left, .. } => whole.push(*left),
            ExprKind::Call { callee, args, .. } => {
                let (name, object) = match &module.expr(*callee).kind {
                    ExprKind::Name(name) => (name.as_str(), None),
                    ExprKind::Member { object, name, .. } => (name.as_str(), Some(*object)),
                    _ => continue,
                };
                if is_cap(name) || matches!(name, "includes" | "contains" | "Contains" | "include?") {
                    whole.extend(args.iter().map(|a| a.value).chain(object));
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for within in whole {
        let named = module.exprs_within(module.expr(within).range).filter(|(_, e)| {
            matches!(
                e.kind,
                ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::Call { .. }
            )
        });
        found.extend(named.map(|(id, _)| id));
    }
    found
}
