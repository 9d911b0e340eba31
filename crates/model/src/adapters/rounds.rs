//! Registration in loops: `for (const r of routes) app.use(r.path, r.router)` stands for one call an element.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, Part};
use program::{ExprRef, PathStep};

use super::Context;

/// Arguments of a call in one round of the loop around it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// What the arguments stand for.
    pub args: Vec<ExprRef>,
    /// Strings that only the round makes: `"/" + name`.
    texts: Vec<Option<String>>,
}

impl Round {
    /// The string that an argument is.
    pub fn string(&self, context: &Context<'_>, at: usize) -> Option<String> {
        let own = self.texts.get(at).cloned().flatten();
        own.or_else(|| self.args.get(at).and_then(|a| context.string(*a)).map(|s| s.to_string()))
    }

    /// The round without its first arguments.
    pub fn rest(&self, from: usize) -> &[ExprRef] {
        self.args.get(from..).unwrap_or(&[])
    }
}

/// An element of a list, or an entry of a map.
#[derive(Clone, Copy, Debug)]
enum Element {
    One(ExprRef),
    Entry(ExprRef, ExprRef),
}

/// The rounds of the loop that the arguments speak of; a single one where there is no loop to be read.
pub(crate) fn rounds(context: &Context<'_>, args: &[ExprRef]) -> Vec<Round> {
    let plain = || vec![Round { args: args.to_vec(), texts: vec![None; args.len()] }];
    let Some(list) = args.iter().find_map(|a| list_of(context, *a, 0)) else { return plain() };
    let elements = elements(context, list);
    if elements.is_empty() {
        return plain();
    }
    let round = |element: &Element| {
        let known = args.iter().map(|a| substituted(context, *a, list, *element, 0)).collect::<Vec<_>>();
        let texts = args.iter().zip(&known).map(|(a, k)| match k {
            Some(_) => None,
            None => text(context, *a, list, *element),
        });
        let texts = texts.collect();
        Round { args: known.iter().zip(args).map(|(k, a)| k.unwrap_or(*a)).collect(), texts }
    };
    elements.iter().map(round).collect()
}

/// The list that an expression's loop variable goes through.
fn list_of(context: &Context<'_>, at: ExprRef, depth: u32) -> Option<ExprRef> {
    if depth > 4 {
        return None;
    }
    let module = context.program.module(at.module);
    let inner = |expr: ExprId| list_of(context, ExprRef { module: at.module, expr }, depth + 1);
    match &module.expr(at.expr).kind {
        ExprKind::Name(_) => context.program.loop_variable(at).map(|v| v.list),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => inner(*object),
        ExprKind::Await(value) | ExprKind::Spread(value) | ExprKind::Unary { operand: value, .. } => inner(*value),
        ExprKind::Template(parts) => parts.iter().find_map(|p| match p {
            Part::Hole(hole) => inner(*hole),
            Part::Text(_) => None,
        }),
        ExprKind::Call { callee, args, .. } => {
            args.iter().find_map(|a| inner(a.value)).or_else(|| match &module.expr(*callee).kind {
                ExprKind::Member { object, .. } => inner(*object),
                _ => None,
            })
        }
        _ => None,
    }
}

fn elements(context: &Context<'_>, list: ExprRef) -> Vec<Element> {
    let module = context.program.module(list.module);
    let mut list = list;
    // `Object.entries(map)`, `map.items()`
    let mut of_map = module.language == Language::Go;
    if let ExprKind::Call { callee, args, .. } = &module.expr(list.expr).kind
        && let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
    {
        let inner = match (name.as_str(), args.as_slice()) {
            ("entries", [map]) => Some(map.value),
            ("items", []) => Some(*object),
            _ => None,
        };
        if let Some(expr) = inner {
            of_map = true;
            list = ExprRef { module: list.module, expr };
        }
    }
    if of_map {
        for origin in context.origins(list) {
            let module = context.program.module(origin.module);
            let ExprKind::Map(entries) = &module.expr(origin.expr).kind else { continue };
            let at = |expr: ExprId| ExprRef { module: origin.module, expr };
            return entries.iter().filter_map(|e| Some(Element::Entry(at(e.key?), at(e.value)))).collect();
        }
    }
    let mut items = context.program.items(list);
    if items.is_empty() {
        items = context.origins(list).into_iter().flat_map(|o| context.program.items(o)).collect();
    }
    items.into_iter().filter(|i| !context.is_test(i.module)).map(Element::One).collect()
}

/// What an expression stands for in a round.
fn substituted(context: &Context<'_>, at: ExprRef, list: ExprRef, element: Element, depth: u32) -> Option<ExprRef> {
    if depth > 4 {
        return None;
    }
    let module = context.program.module(at.module);
    let inner = |expr: ExprId| substituted(context, ExprRef { module: at.module, expr }, list, element, depth + 1);
    match &module.expr(at.expr).kind {
        ExprKind::Name(_) => {
            let variable = context.program.loop_variable(at).filter(|v| v.list == list)?;
            let mut path = variable.path.as_slice();
            let mut value = match element {
                Element::One(value) => {
                    if module.language == Language::Go {
                        path = path.strip_prefix(&[PathStep::Index(1)])?;
                    }
                    value
                }
                Element::Entry(key, value) => {
                    let (first, rest) = path.split_first()?;
                    path = rest;
                    if *first == PathStep::Index(0) { key } else { value }
                }
            };
            for step in path {
                value = match step {
                    PathStep::Key(key) => part(context, value, *key)?,
                    PathStep::Index(index) => nth(context, value, *index)?,
                    PathStep::Rest => return None,
                };
            }
            Some(value)
        }
        ExprKind::Member { object, name, .. } => part(context, inner(*object)?, *name),
        ExprKind::Index { object, index } => {
            let whole = inner(*object)?;
            match &module.expr(*index).kind {
                ExprKind::Literal(ir::Literal::Int(Some(at))) => nth(context, whole, u32::try_from(*at).ok()?),
                _ => part(context, whole, module.string(*index)?),
            }
        }
        ExprKind::Await(value) | ExprKind::Spread(value) => inner(*value),
        // a getter: `route.getRouter()`
        ExprKind::Call { callee, args, .. } if args.is_empty() => {
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
            getter(context, inner(*object)?, *name)
        }
        _ => None,
    }
}

/// What a method without parameters of an instance returns.
fn getter(context: &Context<'_>, at: ExprRef, name: Symbol) -> Option<ExprRef> {
    for value in context.eval(at) {
        let program::Value::Instance(class) = value else { continue };
        let method = context.method(class, name.as_str())?;
        let returned = context.program.scopes(method.module).returns[method.function.0 as usize].first()?;
        return Some(ExprRef { module: method.module, expr: *returned });
    }
    None
}

fn nth(context: &Context<'_>, at: ExprRef, index: u32) -> Option<ExprRef> {
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::List(items) => items.get(index as usize).map(|expr| ExprRef { module: at.module, expr: *expr }),
        _ => None,
    }
}

/// A member of an element: an entry, a named argument of what makes it, a field of its class.
fn part(context: &Context<'_>, at: ExprRef, name: Symbol) -> Option<ExprRef> {
    let origin = context.origins(at).first().copied().unwrap_or(at);
    let module = context.program.module(origin.module);
    let here = |expr: ExprId| ExprRef { module: origin.module, expr };
    match &module.expr(origin.expr).kind {
        ExprKind::Map(_) => return context.entry(origin, name.as_str()),
        ExprKind::Unary { operand, .. } => return part(context, here(*operand), name),
        ExprKind::List(items) => {
            let at = position(context, items.len(), name)?;
            return items.get(at).map(|e| here(*e));
        }
        ExprKind::Call { args, .. } => {
            if let Some(named) = args.iter().find(|a| a.name == Some(name)) {
                return Some(here(named.value));
            }
            if let [only] = args.as_slice() {
                match &module.expr(only.value).kind {
                    ExprKind::Map(_) => {
                        if let Some(found) = context.entry(here(only.value), name.as_str()) {
                            return Some(found);
                        }
                    }
                    ExprKind::List(items) if module.language == Language::Go => {
                        let at = position(context, items.len(), name)?;
                        return items.get(at).map(|e| here(*e));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    context.program.made_members(origin, name, context.facts).first().copied()
}

/// Where a field stands in Go's structs of so many fields, if they agree.
fn position(context: &Context<'_>, fields: usize, name: Symbol) -> Option<usize> {
    let mut found = None;
    for (class, _) in context.program.classes().all() {
        let item = context.program.class(class);
        if context.program.module(class.module).language != Language::Go || item.fields.len() != fields {
            continue;
        }
        if let Some(at) = item.fields.iter().position(|f| f.name == name) {
            if found.is_some_and(|f| f != at) {
                return None;
            }
            found = Some(at);
        }
    }
    found
}

/// A string that the round makes.
fn text(context: &Context<'_>, at: ExprRef, list: ExprRef, element: Element) -> Option<String> {
    let module = context.program.module(at.module);
    let ExprKind::Template(parts) = &module.expr(at.expr).kind else { return None };
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text.as_str()),
            Part::Hole(hole) => {
                let hole = ExprRef { module: at.module, expr: *hole };
                let value = substituted(context, hole, list, element, 0).unwrap_or(hole);
                out.push_str(context.string(value)?.as_str());
            }
        }
    }
    Some(out)
}
