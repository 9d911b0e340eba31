//! What a handler looks up by an id that the request names: in its path, its query or its body.

use base::Span;
use ir::{Expr, ExprId, ExprKind, Module, StmtKind};
use program::FnId;

use crate::caller::is_request_name;
use crate::entities::path_parameters;
use crate::guards::words;
use crate::{GuardKind, Model, Place, Route};

/// Something looked up by an id from the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The id's name as written.
    pub name: String,
    /// Where the request carries it.
    pub place: Place,
    /// Where the handler takes it.
    pub taken: Span,
    /// The call that is given it.
    pub span: Span,
    /// Whether the call is named for looking up, changing or deleting.
    pub by_verb: bool,
}

/// Words of calls that look up, change or delete.
const VERBS: [&str; 32] = [
    "find", "get", "first", "where", "delete", "update", "save", "remove", "destroy", "select", "query", "execute",
    "exec", "filter", "load", "fetch", "take", "set", "create", "insert", "lookup", "findone", "scan", "one", "single",
    "exists", "patch", "cancel", "read", "retrieve", "by", "raw",
];

/// Words of calls that only turn a value into another.
const TURNS: [&str; 28] = [
    "parse", "int", "str", "string", "number", "atoi", "uint", "objectid", "uuid", "guid", "log", "logger", "info",
    "debug", "error", "warn", "print", "println", "printf", "redirect", "render", "format", "sprintf", "json", "send",
    "valid", "validate", "encode",
];

/// A value that stems from the request.
#[derive(Clone, PartialEq)]
struct Id {
    name: String,
    place: Place,
    /// Where it is taken.
    span: Span,
}

impl Model {
    /// The lookups of a route's handler, of the methods that it calls and of what stands before it, in order;
    /// the first of each id.
    pub fn lookups(&self, route: &Route, function: FnId) -> Vec<Lookup> {
        let mut places = vec![function];
        places.extend(self.reachable(function, 1).into_iter().filter(|f| *f != function));
        places.extend(
            route
                .guards
                .iter()
                .filter(|g| !matches!(g.kind, GuardKind::Authentication | GuardKind::OptionalAuthentication))
                .filter_map(|g| g.function),
        );
        let mut found: Vec<Lookup> = Vec::new();
        for place in places {
            for lookup in (Reading { model: self, route, function: place, is_handler: place == function }).lookups() {
                match found.iter_mut().find(|l| l.name == lookup.name && l.place == lookup.place) {
                    Some(known) if known.by_verb || !lookup.by_verb => {}
                    Some(known) => *known = lookup,
                    None => found.push(lookup),
                }
            }
        }
        found
    }
}

struct Reading<'m> {
    model: &'m Model,
    route: &'m Route,
    function: FnId,
    is_handler: bool,
}

impl Reading<'_> {
    fn lookups(&self) -> Vec<Lookup> {
        let module = self.model.program.module(self.function.module);
        let item = module.function(self.function.function);
        let all: Vec<(ExprId, &Expr)> = module.exprs_within(item.range).collect();
        let variables = self.variables(module, &all);
        let mut found: Vec<Lookup> = Vec::new();
        for (_, e) in &all {
            let ExprKind::Call { callee, args, kind, .. } = &e.kind else { continue };
            // a message that is made is looked up elsewhere, if at all
            if *kind == ir::CallKind::New {
                continue;
            }
            let name = match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                _ => continue,
            };
            let said = words(name);
            let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
            if has(&TURNS) && !has(&["find", "update", "delete", "where"]) {
                continue;
            }
            for arg in args {
                let range = module.expr(arg.value).range;
                let inside = all.iter().filter(|(_, x)| range.contains(x.range));
                for (id, x) in inside {
                    let source = match &x.kind {
                        ExprKind::Name(n) => variables.iter().find(|(v, _)| v == n.as_str()).map(|(_, s)| s.clone()),
                        _ => None,
                    };
                    let Some(source) = source.or_else(|| self.source(module, *id)) else { continue };
                    // `c.Param("id")` is no lookup of itself
                    if self.source_is(module, e, &source) {
                        continue;
                    }
                    let by_verb = has(&VERBS);
                    let lookup = Lookup {
                        name: source.name,
                        place: source.place,
                        taken: source.span,
                        span: module.span(e.range),
                        by_verb,
                    };
                    match found.iter_mut().find(|l| l.name == lookup.name && l.place == lookup.place) {
                        Some(known) if known.by_verb || !by_verb => {}
                        Some(known) => *known = lookup,
                        None => found.push(lookup),
                    }
                }
            }
        }
        found
    }

    fn source_is(&self, module: &Module, e: &Expr, source: &Id) -> bool {
        matches!(&e.kind, ExprKind::Call { args, .. }
            if args.first().and_then(|a| module.string(a.value)).is_some_and(|s| s.as_str() == source.name))
    }

    /// Variables that hold something of the request.
    fn variables(&self, module: &Module, all: &[(ExprId, &Expr)]) -> Vec<(String, Id)> {
        let item = module.function(self.function.function);
        let mut found: Vec<(String, Id)> = Vec::new();
        if self.is_handler {
            for param in &item.params {
                if let Some(id) = self.parameter(module, param) {
                    found.push((param.name.as_str().to_owned(), id));
                }
                // `Path(id): Path<i32>`, `(id,)`
                if let Some(pattern) = param.pattern
                    && let Some(path) = self.path_parameter(None)
                {
                    let range = module.expr(pattern).range;
                    for (_, e) in all.iter().filter(|(_, e)| range.contains(e.range)) {
                        if let ExprKind::Name(name) = e.kind
                            && name.as_str().starts_with(char::is_lowercase)
                        {
                            let name = name.as_str().to_owned();
                            let path = self.path_parameter(Some(&name)).unwrap_or_else(|| path.clone());
                            found.push((name, Id { name: path, place: Place::Path, span: module.span(e.range) }));
                        }
                    }
                }
            }
        }
        let statements = module.stmts().filter(|s| item.range.contains(s.range)).filter_map(|s| match &s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => Some((*target, *value)),
            _ => None,
        });
        let expressions = all.iter().filter_map(|(_, e)| match &e.kind {
            ExprKind::Assign { target, value, .. } => Some((*target, *value)),
            _ => None,
        });
        for (target, value) in statements.chain(expressions).collect::<Vec<_>>() {
            match &module.expr(target).kind {
                ExprKind::Name(name) => {
                    if let Some(id) = self.turned(module, value, &found) {
                        found.push((name.as_str().to_owned(), id));
                    }
                }
                ExprKind::List(items) => {
                    if let Some(ExprKind::Name(name)) = items.first().map(|i| &module.expr(*i).kind)
                        && let Some(id) = self.turned(module, value, &found)
                    {
                        found.push((name.as_str().to_owned(), id));
                    }
                }
                // `const { orderId } = req.body`
                ExprKind::Map(entries) => {
                    let Some(place) = module.dotted(value).and_then(|d| place_of(d.rsplit('.').next().unwrap_or("")))
                    else {
                        continue;
                    };
                    for entry in entries {
                        if let (Some(key), ExprKind::Name(name)) =
                            (entry.key.and_then(|k| module.string(k)), &module.expr(entry.value).kind)
                        {
                            let span = module.expr_span(entry.value);
                            let id = Id { name: key.as_str().to_owned(), place, span };
                            found.push((name.as_str().to_owned(), id));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What a value that is only turned stems from: `parseInt(req.params.id, 10)`.
    fn turned(&self, module: &Module, value: ExprId, known: &[(String, Id)]) -> Option<Id> {
        if let Some(id) = self.source(module, value) {
            return Some(id);
        }
        match &module.expr(value).kind {
            ExprKind::Name(name) => known.iter().find(|(v, _)| v == name.as_str()).map(|(_, id)| id.clone()),
            ExprKind::Call { callee, args, .. } => {
                let (name, object) = match &module.expr(*callee).kind {
                    ExprKind::Name(name) => (name.as_str(), None),
                    ExprKind::Member { name, object, .. } => (name.as_str(), Some(*object)),
                    _ => return None,
                };
                let said = words(name);
                let turns = said.iter().any(|w| {
                    TURNS.contains(&w.as_str())
                        || matches!(w.as_str(), "to" | "into" | "inner" | "clone" | "from" | "convert" | "trim" | "new")
                });
                turns
                    .then(|| args.iter().map(|a| a.value).chain(object).find_map(|a| self.turned(module, a, known)))
                    .flatten()
            }
            ExprKind::Await(e) | ExprKind::Cast { value: e, .. } | ExprKind::Unary { operand: e, .. } => {
                self.turned(module, *e, known)
            }
            ExprKind::Logical { left, .. } => self.turned(module, *left, known),
            _ => None,
        }
    }

    /// A path parameter by its name, or the last one.
    fn path_parameter(&self, name: Option<&str>) -> Option<String> {
        let all: Vec<&str> = path_parameters(&self.route.path).collect();
        match name {
            Some(name) => all.iter().find(|p| plain(p) == plain(name)).map(|p| (*p).to_owned()),
            None => all.last().map(|p| (*p).to_owned()),
        }
    }

    fn parameter(&self, module: &Module, param: &ir::Param) -> Option<Id> {
        if param.name.is_empty() || self.model.is_caller_param(module, param) {
            return None;
        }
        let name = param.name.as_str();
        if let Some(path) = self.path_parameter(Some(name)) {
            return Some(Id { name: path, place: Place::Path, span: module.span(param.range) });
        }
        let ty = param.ty.map_or("", |t| self.model.sources.text(module.span(module.ty(t).range)));
        if words(ty).first().is_some_and(|w| w == "path") || ty.contains("Path<") {
            let span = module.span(param.range);
            return self.path_parameter(None).map(|name| Id { name, place: Place::Path, span });
        }
        let input =
            self.route.inputs.iter().find(|i| i.name == name && matches!(i.place, Place::Query | Place::Body))?;
        Some(Id { name: name.to_owned(), place: input.place, span: module.span(param.range) })
    }

    /// What an expression takes from the request.
    fn source(&self, module: &Module, e: ExprId) -> Option<Id> {
        let carrier = |object: ExprId| -> Option<Place> {
            let last = match &module.expr(object).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                    _ => return None,
                },
                _ => return None,
            };
            place_of(last)
        };
        let span = module.expr_span(e);
        let named = |name: &str, place: Place| {
            let path = self.path_parameter(Some(name));
            match (path, place) {
                (Some(path), Place::Path) => Some(Id { name: path, place, span }),
                (None, Place::Path) => Some(Id { name: name.to_owned(), place: Place::Query, span }),
                _ => Some(Id { name: name.to_owned(), place, span }),
            }
        };
        match &module.expr(e).kind {
            ExprKind::Member { object, name, .. } => match carrier(*object) {
                Some(place) => named(name.as_str(), place),
                // `dto.userId`
                None if self.is_body(module, *object) => named(name.as_str(), Place::Body),
                None => None,
            },
            ExprKind::Index { object, index } => named(module.string(*index)?.as_str(), carrier(*object)?),
            ExprKind::Call { callee, args, .. } => {
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
                if args.is_empty() {
                    // `dto.getUserId()`
                    let field = name.as_str().strip_prefix("get")?;
                    return (self.is_body(module, *object)).then(|| named(&lower_first(field), Place::Body)).flatten();
                }
                let key = module.string(args.first()?.value)?;
                let said = words(name.as_str());
                let has = |w: &str| said.iter().any(|x| x == w);
                let of_request = matches!(&module.expr(*object).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if is_request_name(n.as_str()));
                if of_request && (has("param") || has("parameter") || has("query") || has("form")) {
                    let place = match (has("query"), has("form")) {
                        (true, _) => Place::Query,
                        (_, true) => Place::Body,
                        _ => Place::Path,
                    };
                    return named(key.as_str(), place);
                }
                (matches!(name.as_str(), "get" | "fetch" | "dig" | "pop"))
                    .then(|| named(key.as_str(), carrier(*object)?))
                    .flatten()
            }
            _ => None,
        }
    }

    /// Whether an expression is the body as a handler gets it: a parameter, or what a request was bound to.
    fn is_body(&self, module: &Module, object: ExprId) -> bool {
        let ExprKind::Name(name) = module.expr(object).kind else { return false };
        let item = module.function(self.function.function);
        let declared = self.is_handler
            && self.route.inputs.iter().any(|i| i.place == Place::Body)
            && item.params.iter().any(|p| {
                // `CancelRequest request` is a body, `Request req` and `HttpServletRequest request` are not
                let ty = p.ty.map_or("", |t| self.model.sources.text(module.span(module.ty(t).range)));
                let typed = words(ty);
                let declared = typed.len() > 1
                    && !typed.iter().any(|w| matches!(w.as_str(), "http" | "servlet" | "web" | "server"));
                p.name == name
                    && (!is_request_name(name.as_str()) || declared)
                    && !self.model.is_caller_param(module, p)
                    && (p.ty.is_some() || !p.annotations.is_empty())
            });
        declared
            || self.model.program.calls_in(self.function).iter().any(|call| {
                let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { return false };
                let ExprKind::Member { name: method, .. } = &module.expr(*callee).kind else { return false };
                method.as_str().contains("Bind")
                    && args.iter().any(|a| match &module.expr(a.value).kind {
                        ExprKind::Unary { operand, .. } => {
                            matches!(module.expr(*operand).kind, ExprKind::Name(n) if n == name)
                        }
                        ExprKind::Name(n) => *n == name,
                        _ => false,
                    })
            })
    }
}

/// Where names of this kind come from in a request.
fn place_of(carrier: &str) -> Option<Place> {
    Some(match carrier {
        "params" | "kwargs" | "path_params" | "match_info" | "pathParams" | "view_args" => Place::Path,
        "query" | "args" | "GET" | "query_params" | "queryParams" => Place::Query,
        "body" | "data" | "POST" | "form" | "json" | "get_json" | "payload" | "validated_data" => Place::Body,
        _ => return None,
    })
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
