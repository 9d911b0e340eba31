//! Lists that an action hands to a page, which asks each element for a relation that did not come along.

use base::{Evidence, Language, Span};
use ir::{ExprId, ExprKind, StmtKind};
use program::{ExprRef, FnId};
use rustc_hash::FxHashSet;

use super::pages::{Over, Pages};
use super::relations::{Relations, Shown};
use super::repeats::{Late, Repeat};
use crate::adapters::Context;
use crate::entities::Route;

/// How many calls below an action still make what it shows.
const MAX_CALLS: usize = 3;

/// How many relations of one list are named.
const MAX_NAMED: usize = 4;

/// What an action gives a page: names with what they stand for.
type Given = Vec<(String, ExprRef)>;

/// The lists of which pages ask each element for something.
pub(super) fn lists(context: &Context<'_>, routes: &[Route], relations: &Relations) -> Vec<Late> {
    let mut found = Vec::new();
    if relations.is_empty() {
        return found;
    }
    let pages = Pages::index(context.sources);
    let mut done: FxHashSet<FnId> = FxHashSet::default();
    for route in routes {
        let Some(action) = route.handler.as_ref().and_then(|h| h.function) else { continue };
        if !done.insert(action) {
            continue;
        }
        let filters: Vec<FnId> = route.guards.iter().filter_map(|g| g.function).collect();
        let made_by = made_by(context, action, &filters);
        let shows = match context.program.module(action.module).language {
            Language::Ruby => by_convention(context, &pages, action, &made_by),
            Language::Python => by_name(context, &pages, action),
            _ => continue,
        };
        for (page, given) in shows {
            add(context, &pages, relations, (action, page), &given, &made_by, &mut found);
        }
    }
    found
}

fn add(
    context: &Context<'_>,
    pages: &Pages,
    relations: &Relations,
    (action, page): (FnId, base::FileId),
    given: &Given,
    made_by: &FxHashSet<FnId>,
    found: &mut Vec<Late>,
) {
    let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let mut of_list: Vec<(Over, Vec<(Span, Shown)>)> = Vec::new();
    for asked in pages.asked(context.sources, page, &names) {
        let (list, through) = match &asked.over {
            Over::List(list) => (Some(given[*list].1), None),
            Over::Of(through) => (None, Some(through)),
        };
        let Some(shown) = relations.shown(context, list, through, &asked, made_by) else { continue };
        let at = match of_list.iter().position(|(over, _)| *over == asked.over) {
            Some(at) => at,
            None => {
                of_list.push((asked.over.clone(), Vec::new()));
                of_list.len() - 1
            }
        };
        let known = &mut of_list[at].1;
        if known.len() < MAX_NAMED && !known.iter().any(|(_, s)| s.name == shown.name) {
            known.push((asked.span, shown));
        }
    }
    for (over, asked) in of_list {
        let Some((_, first)) = asked.first() else { continue };
        let names: Vec<&str> = asked.iter().map(|(_, s)| s.name.as_str()).collect();
        let class = context.program.class(first.class).name;
        let class = class.as_str().rsplit('.').next().unwrap_or_default();
        let list = match &over {
            Over::List(list) => Some(made_at(context, given[*list].1)),
            Over::Of(_) => None,
        };
        let Some(call) = list.or_else(|| first_call(context, action)) else { continue };
        found.push(Late {
            name: Some(format!("{class}.{}", names.join(", "))),
            relation: first.relation,
            evidence: asked.iter().map(|(_, s)| s.evidence).min().unwrap_or(Evidence::Suspected),
            repeat: Repeat {
                call,
                function: Some(action),
                access: 0,
                way: asked.iter().filter_map(|(_, s)| s.at).collect(),
                over: list,
                view: None,
                field: None,
                page: asked.iter().map(|(span, _)| *span).collect(),
            },
        });
    }
}

/// The query that a variable holds, where it stands in the same function.
fn made_at(context: &Context<'_>, list: ExprRef) -> ExprRef {
    let module = context.program.module(list.module);
    if !matches!(module.expr(list.expr).kind, ExprKind::Name(_)) {
        return list;
    }
    let owner = context.program.scopes(list.module).owner(list.expr).function;
    let origins = context.program.origins_before_calls(list, context.facts);
    let here =
        |o: &&ExprRef| o.module == list.module && context.program.scopes(o.module).owner(o.expr).function == owner;
    origins.iter().rfind(here).copied().unwrap_or(list)
}

/// Something of an action that stands for it.
fn first_call(context: &Context<'_>, action: FnId) -> Option<ExprRef> {
    let range = context.program.function(action).range;
    let (expr, _) = context.program.module(action.module).exprs_within(range).next()?;
    Some(ExprRef { module: action.module, expr })
}

/// An action, its filters and what they call.
pub(super) fn made_by(context: &Context<'_>, action: FnId, filters: &[FnId]) -> FxHashSet<FnId> {
    let mut all: FxHashSet<FnId> = filters.iter().copied().chain([action]).collect();
    let mut level: Vec<FnId> = all.iter().copied().collect();
    for _ in 0..MAX_CALLS {
        let mut next = Vec::new();
        for function in level {
            let mut bodies = vec![function];
            while let Some(here) = bodies.pop() {
                let inner = context.program.scopes(here.module).nested(here.function);
                bodies.extend(inner.iter().map(|f| FnId { module: here.module, function: *f }));
                for call in context.program.calls_in(here) {
                    let callee = context.program.call(ExprRef { module: here.module, expr: *call });
                    for called in callee.iter().flat_map(|c| &c.functions) {
                        if all.insert(*called) {
                            next.push(*called);
                        }
                    }
                }
            }
        }
        level = next;
    }
    all
}

/// Rails: `PostsController#index` shows `views/posts/index` with the variables of its instance.
fn by_convention(
    context: &Context<'_>,
    pages: &Pages,
    action: FnId,
    made_by: &FxHashSet<FnId>,
) -> Vec<(base::FileId, Given)> {
    let module = context.program.module(action.module);
    let path = &context.sources.file(module.file).path;
    let Some((root, rest)) = path.rsplit_once("controllers/") else { return Vec::new() };
    let Some(folder) = rest.strip_suffix("_controller.rb") else { return Vec::new() };
    let Some(name) = module.function(action.function).name else { return Vec::new() };
    let mut shown: Vec<base::FileId> = pages.at(&format!("{root}views/{folder}/{name}")).to_vec();
    for call in context.program.calls_in(action) {
        let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { continue };
        if matches!(module.expr(*callee).kind, ExprKind::Name(n) if n == "render")
            && let Some(other) = args.first().filter(|a| a.name.is_none()).and_then(|a| module.string(a.value))
        {
            let folder = if other.as_str().contains('/') { "" } else { folder };
            shown.extend(pages.at(format!("{root}views/{folder}/{other}").replace("//", "/").as_str()));
        }
    }
    if shown.is_empty() {
        return Vec::new();
    }
    let mut given = Given::new();
    for function in made_by.iter().filter(|f| f.module == action.module) {
        let item = module.function(function.function);
        let set = module.stmts().filter(|s| item.range.contains(s.range)).filter_map(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => Some((target, value)),
            _ => None,
        });
        let inline = module.exprs_within(item.range).filter_map(|(_, e)| match e.kind {
            ExprKind::Assign { target, value, .. } => Some((target, value)),
            _ => None,
        });
        for (target, value) in set.chain(inline) {
            if let ExprKind::Name(name) = module.expr(target).kind
                && name.as_str().starts_with('@')
            {
                given.push((name.to_string(), ExprRef { module: action.module, expr: value }));
            }
        }
    }
    // the last value is what is shown
    given.sort_by_key(|(name, value)| (name.clone(), std::cmp::Reverse(module.expr(value.expr).range.start)));
    given.dedup_by(|a, b| a.0 == b.0);
    shown.into_iter().map(|page| (page, given.clone())).collect()
}

/// `render(request, "feed.html", {"posts": posts})`, `render_template("feed.html", posts=posts)`.
fn by_name(context: &Context<'_>, pages: &Pages, action: FnId) -> Vec<(base::FileId, Given)> {
    let module = context.program.module(action.module);
    let mut found = Vec::new();
    for call in context.program.calls_in(action) {
        let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { continue };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = module.expr(*callee).kind else { continue };
        if !matches!(name.as_str(), "render" | "render_template" | "TemplateResponse") {
            continue;
        }
        let template = args.iter().filter(|a| a.name.is_none()).find_map(|a| module.string(a.value));
        let Some(page) = template.and_then(|t| pages.named(t.as_str()).first()) else { continue };
        let mut given = Given::new();
        for arg in args {
            match arg.name {
                Some(name) if name != "context" => {
                    given.push((name.to_string(), ExprRef { module: action.module, expr: arg.value }));
                }
                _ => entries(context, ExprRef { module: action.module, expr: arg.value }, 0, &mut given),
            }
        }
        found.push((*page, given));
    }
    found
}

/// The entries of a dictionary, also of one that a variable holds.
fn entries(context: &Context<'_>, at: ExprRef, depth: usize, given: &mut Given) {
    let module = context.program.module(at.module);
    let here = |expr: ExprId| ExprRef { module: at.module, expr };
    match &module.expr(at.expr).kind {
        ExprKind::Map(all) => {
            for entry in all {
                match entry.key.and_then(|k| module.string(k)) {
                    Some(key) => given.push((key.to_string(), here(entry.value))),
                    None => {
                        if let ExprKind::Spread(inner) = module.expr(entry.value).kind {
                            entries(context, here(inner), depth + 1, given);
                        }
                    }
                }
            }
        }
        ExprKind::Name(_) if depth < 3 => {
            for origin in context.program.origins_before_calls(at, context.facts) {
                if origin != at {
                    entries(context, origin, depth + 1, given);
                }
            }
        }
        _ => {}
    }
}
