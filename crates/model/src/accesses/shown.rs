//! Lists that an action hands to a page, which asks each element for a relation that did not come along.

use base::{Evidence, Language, Span, Symbol};
use ir::{ExprKind, StmtKind};
use program::{ClassRef, ExprRef, FnId};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::pages::{self, Base, Over, Pages};
use super::relations::Relation;
use super::repeats::{Late, Repeat};
use super::rows::{Ask, Asks, Known, Path, Root, Rows};
use crate::adapters::Context;
use crate::adapters::views::{self, Given, entries};
use crate::entities::Route;

/// How many calls below an action still make what it shows.
const MAX_CALLS: usize = 3;

/// How many relations of one list are named.
const MAX_NAMED: usize = 4;

/// The lists of which pages ask each element for something.
pub(super) fn lists(known: &Known<'_>, asks: &Asks, routes: &[Route]) -> (Vec<Late>, Vec<Repeat>) {
    let (mut found, mut queries) = (Vec::new(), Vec::new());
    if known.is_empty() {
        return (found, queries);
    }
    let context = known.context;
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
            add(known, &pages, asks, (action, page), &given, &made_by, (&mut found, &mut queries));
        }
    }
    for shown in views::shown(context) {
        let Some(page) = pages.named(&shown.template).first() else { continue };
        let made_by = made_by(context, shown.action, &shown.others);
        let (late, sent) = (found.len(), queries.len());
        add(known, &pages, asks, (shown.action, *page), &shown.given, &made_by, (&mut found, &mut queries));
        found[late..].iter_mut().for_each(|l| l.repeat.view = shown.view);
        queries[sent..].iter_mut().for_each(|q| q.view = shown.view);
    }
    (found, queries)
}

/// What one page asks each row of a list for.
struct OfList {
    over: Over,
    class: ClassRef,
    /// What gives the rows.
    rows: Option<Rows>,
    /// The class of the one thing whose rows these are: of `@post.comments`.
    owner: Option<ClassRef>,
    asked: Vec<(Span, Missing)>,
}

/// What did not come along.
struct Missing {
    name: String,
    relation: Relation,
    evidence: Evidence,
    way: Vec<ExprRef>,
}

fn add(
    known: &Known<'_>,
    pages: &Pages,
    asks: &Asks,
    (action, page): (FnId, base::FileId),
    given: &Given,
    made_by: &FxHashSet<FnId>,
    (found, queries): (&mut Vec<Late>, &mut Vec<Repeat>),
) {
    let context = known.context;
    let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let mut lists: Vec<OfList> = Vec::new();
    for asked in pages.asked(context.sources, page, &names) {
        let at = match lists.iter().position(|l| l.over == asked.over) {
            Some(at) => at,
            None => {
                let Some((class, rows)) = gone_through(known, given, &asked) else { continue };
                let owner = owner_of(known, given, &asked.over);
                lists.push(OfList { over: asked.over.clone(), class, rows, owner, asked: Vec::new() });
                lists.len() - 1
            }
        };
        let of = &mut lists[at];
        let list = match of.over.base {
            Base::Given(list) if of.owner.is_none() => Some(given[list].1),
            _ => None,
        };
        let place = list.or_else(|| of.rows.as_ref()?.made).or_else(|| first_call(context, action));
        let Some(place) = place else { continue };
        for ask in asked_of(known, asks, of, place, &asked) {
            match ask {
                Found::Relation(ask) => {
                    let rows = of.rows.clone().unwrap_or_else(|| Rows::guess(of.class));
                    let Some((length, relation)) = known.missing(&ask, list, &rows, Some((made_by, of.owner))) else {
                        continue;
                    };
                    let name: Vec<&str> = ask.path[..length].iter().map(|n| n.as_str()).collect();
                    let name = name.join(".");
                    if of.asked.len() < MAX_NAMED && !of.asked.iter().any(|(_, m)| m.name == name) {
                        let evidence = ask.evidence.min(rows.evidence);
                        of.asked.push((asked.span, Missing { name, relation, evidence, way: ask.way.to_vec() }));
                    }
                }
                Found::Query(access, way) => {
                    let call = list.map(|l| made_at(context, l)).or_else(|| first_call(context, action));
                    let Some(call) = call else { continue };
                    queries.push(Repeat {
                        call,
                        function: Some(action),
                        access,
                        way,
                        over: list,
                        made: None,
                        view: None,
                        field: None,
                        page: vec![asked.span],
                    });
                }
            }
        }
    }
    for OfList { over, class, rows, owner, asked } in lists {
        let Some((_, first)) = asked.first() else { continue };
        let names: Vec<&str> = asked.iter().map(|(_, m)| m.name.as_str()).collect();
        let class = context.program.class(class).name;
        let class = class.as_str().rsplit('.').next().unwrap_or_default();
        let list = match over.base {
            Base::Given(list) if owner.is_none() => Some(made_at(context, given[list].1)),
            _ => None,
        };
        let Some(call) = list.or_else(|| first_call(context, action)) else { continue };
        found.push(Late {
            name: Some(format!("{class}.{}", names.join(", "))),
            relation: first.relation,
            evidence: asked.iter().map(|(_, m)| m.evidence).min().unwrap_or(Evidence::Suspected),
            repeat: Repeat {
                call,
                function: Some(action),
                access: 0,
                way: asked.iter().flat_map(|(_, m)| m.way.iter().copied()).collect(),
                over: list,
                made: rows.and_then(|r| r.made).filter(|made| Some(*made) != list),
                view: None,
                field: None,
                page: asked.iter().map(|(span, _)| *span).collect(),
            },
        });
    }
}

/// What a page goes through in the end: the class of the rows, and the rows as the outermost list gives them.
fn gone_through(known: &Known<'_>, given: &Given, asked: &pages::Asked) -> Option<(ClassRef, Option<Rows>)> {
    let (base, language) = match asked.over.base {
        Base::Given(list) => {
            let (name, at) = &given[list];
            let rows = known.rows(*at).or_else(|| known.called(Symbol::new(name)));
            (rows, known.context.program.module(at.module).language)
        }
        Base::Named(name) => {
            // a name alone says too little; what something of a name has says more
            asked.over.steps.first().filter(|step| !step.is_empty())?;
            let is_variable = name.as_str().starts_with('@');
            (known.called(name), if is_variable { Language::Ruby } else { Language::Python })
        }
    };
    let mut rows = base;
    for step in &asked.over.steps {
        let through = rows
            .take()
            .and_then(|rows| step.iter().try_fold(rows, |rows, name| known.named_member(rows, *name, language)));
        match through.filter(|r| r.is_list()) {
            Some(many) => rows = Some(many.one()),
            None => break,
        }
    }
    match rows {
        Some(rows) => Some((rows.class, Some(rows))),
        // `@things.each do |post|`
        None if asked.over.steps.len() == 1 => {
            let rows = known.called(asked.element).filter(|r| !r.is_many)?;
            Some((rows.class, None))
        }
        None => None,
    }
}

/// The class of the one thing whose rows a page goes through: of `@post.comments`.
fn owner_of(known: &Known<'_>, given: &Given, over: &Over) -> Option<ClassRef> {
    let rows = match over.base {
        Base::Given(list) => known.rows(given[list].1).or_else(|| known.called(Symbol::new(&given[list].0))),
        Base::Named(name) => known.called(name),
    };
    rows.filter(|r| !r.is_many && over.steps.len() == 1).map(|r| r.class)
}

/// What an element is asked for.
enum Found {
    Relation(Ask),
    Query(u32, Vec<ExprRef>),
}

fn asked_of(known: &Known<'_>, asks: &Asks, of: &OfList, at: ExprRef, asked: &pages::Asked) -> Vec<Found> {
    let classes = known.context.program.classes();
    let evidence = of.rows.as_ref().map_or(Evidence::Suspected, |r| r.evidence);
    let ask = |path: Path, is_again: bool, way: SmallVec<[ExprRef; 3]>| Ask {
        root: Root::Element(at),
        start: of.class,
        path,
        at,
        way,
        is_again,
        via: SmallVec::new(),
        evidence,
    };
    let below = |path: &Path, asks: &[Ask], root: &dyn Fn(&Ask) -> bool| -> Vec<Found> {
        let joined = |below: &Ask| {
            let mut path = path.clone();
            path.extend(below.path.iter().copied());
            let way = std::iter::once(below.at).chain(below.way.iter().copied()).collect();
            Found::Relation(ask(path, below.is_again, way))
        };
        asks.iter().filter(|a| root(a)).map(joined).collect()
    };
    if let Some((name, place)) = asked.handed {
        let is_asked = |a: &Ask, f: FnId| {
            let parameter = matches!(a.root, Root::Param(_, at) if at == place + u32::from(skips(known, f)));
            parameter && a.start == of.class
        };
        let Some(function) = asks.only_named(known, name) else { return Vec::new() };
        let all = asks.of_functions.get(&function).map_or(&[][..], Vec::as_slice);
        return below(&Path::new(), all, &|a| is_asked(a, function));
    }
    let mut path = Path::new();
    let mut class = of.class;
    let mut found = Vec::new();
    let mut is_many = false;
    for (at, name) in asked.members.iter().enumerate() {
        if is_many {
            // `post.comments.first.user`
            let language = known.context.program.module(class.module).language;
            let rows = Rows::guess(class).many();
            match known.named_member(rows, *name, language) {
                Some(rows) => is_many = rows.is_many,
                None => break,
            }
            continue;
        }
        if let Some(link) = known.link(class, *name) {
            path.push(*name);
            let next = asked.members.get(at + 1);
            let is_again = link.is_many && next.is_some_and(|n| known.asks_again(class, *n));
            found.push(Found::Relation(ask(path.clone(), is_again, SmallVec::new())));
            let Some(to) = link.to else { break };
            (class, is_many) = (to, link.is_many);
            continue;
        }
        let Some(method) = classes.method(class, *name).first().copied() else { break };
        let all = asks.of_functions.get(&method).map_or(&[][..], Vec::as_slice);
        found.extend(below(&path, all, &|a| a.root == Root::Receiver(method)));
        if let Some(way) = known.ways.of.get(&method)
            && evidence == Evidence::Shown
            && !known.context.program.function(method).is_static
            && !leads_away(known, class, &way.calls)
        {
            found.push(Found::Query(way.access, way.calls.clone()));
        }
        break;
    }
    found
}

/// Whether a call on the way is, by its name, a relation of the row, which no function of another class is.
fn leads_away(known: &Known<'_>, class: ClassRef, calls: &[ExprRef]) -> bool {
    calls.first().is_some_and(|call| {
        let module = known.context.program.module(call.module);
        let ExprKind::Call { callee, .. } = &module.expr(call.expr).kind else { return false };
        matches!(module.expr(*callee).kind, ExprKind::Name(name) if known.link(class, name).is_some())
    })
}

/// Whether the first parameter is not one that callers give.
fn skips(known: &Known<'_>, function: FnId) -> bool {
    let item = known.context.program.function(function);
    item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver)
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
