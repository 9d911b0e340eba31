//! Callers that choose their own rights: a role or an administrator's mark that comes from the request.

use std::collections::BTreeSet;

use base::{Span, Symbol};
use ir::{BinaryOp, ExprId, ExprKind, Module, Range, StmtKind, TypeId, TypeKind, UnaryOp};
use model::guards::words;
use model::{Auth, Kind, Model, Route};
use program::FnId;

use crate::roles::asks_for_role;
use crate::support::{handler, is_production, routes};

/// A privilege that a caller can give to itself.
pub struct Given<'m> {
    /// Where it is taken over.
    pub span: Span,
    /// The field.
    pub name: String,
    /// The route, where one is known.
    pub route: Option<&'m Route>,
    /// Whether whole objects are bound, and the field is one of theirs.
    pub is_bound: bool,
}

/// Whether a field says what its owner may do.
pub fn is_privilege(name: &str) -> bool {
    let words = words(name);
    let joined = words.join("");
    matches!(
        joined.as_str(),
        "admin"
            | "isadmin"
            | "administrator"
            | "isadministrator"
            | "superuser"
            | "issuperuser"
            | "superadmin"
            | "issuperadmin"
            | "staff"
            | "isstaff"
            | "role"
            | "roles"
            | "roleid"
            | "roleids"
            | "userrole"
            | "userroles"
            | "isroot"
            | "privilege"
            | "privileges"
            | "ismoderator"
    )
}

/// Everything that is found, in order of place.
pub fn given(model: &Model) -> Vec<Given<'_>> {
    let mut found = permitted(model);
    for route in routes(model) {
        if !matches!(route.method.name(), "POST" | "PUT" | "PATCH" | "ANY") || is_for_administrators(model, route) {
            continue;
        }
        if let Some(function) = handler(route) {
            taken(model, route, function, &mut found);
            bound(model, route, function, &mut found);
        }
    }
    found.sort_by_key(|g| g.span);
    found.dedup_by_key(|g| g.span);
    found
}

fn names_administrators(text: &str) -> bool {
    words(text).iter().any(|w| {
        w.starts_with("admin")
            || matches!(
                w.as_str(),
                "superuser"
                    | "staff"
                    | "backoffice"
                    | "manage"
                    | "management"
                    | "manager"
                    | "sys"
                    | "system"
                    | "internal"
                    | "root"
                    | "dashboard"
                    | "console"
                    | "setup"
                    | "install"
                    | "seed"
            )
    })
}

/// Whether only people who may give rights get here.
fn is_for_administrators(model: &Model, route: &Route) -> bool {
    let file = model.sources.file(route.span.file).path.rsplit('/').next().unwrap_or("");
    let is_asked = |g: &model::Guard| {
        names_administrators(&g.name)
            || words(&g.name).iter().any(|w| {
                matches!(w.as_str(), "authorize" | "permission" | "permissions" | "policy" | "can" | "role" | "roles")
            })
    };
    asks_for_role(model, route)
        || route.guards.iter().any(is_asked)
        || names_administrators(&route.path)
        || names_administrators(file)
        || route.handler.as_ref().is_some_and(|h| names_administrators(&h.name))
        || handler(route).is_some_and(|f| weighs(model, f))
}

/// Whether a function asks for the rights of whoever calls, or for the value of the field.
fn weighs(model: &Model, function: FnId) -> bool {
    let module = model.program.module(function.module);
    let range = model.program.function(function).range;
    let says = |e: ExprId| match &module.expr(e).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            let said = words(name.as_str());
            said.iter().any(|w| {
                w.starts_with("admin")
                    || w.starts_with("role")
                    || w.starts_with("permission")
                    || matches!(
                        w.as_str(),
                        "authorize" | "authorized" | "policy" | "can" | "ability" | "superuser" | "staff"
                    )
            })
        }
        _ => false,
    };
    let asks = |range: Range| module.exprs_within(range).any(|(id, _)| says(id));
    module.exprs_within(range).any(|(_, e)| match &e.kind {
        ExprKind::Binary { op, left, right } => {
            matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::In | BinaryOp::NotIn) && (says(*left) || says(*right))
        }
        ExprKind::Unary { op: UnaryOp::Not, operand } => asks(module.expr(*operand).range),
        // `ROLES.includes(role)`, `can?(:promote, user)`
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { name, .. } | ExprKind::Name(name) => {
                let first = words(name.as_str()).first().cloned().unwrap_or_default();
                matches!(
                    first.as_str(),
                    "includes" | "include" | "contains" | "can" | "authorize" | "check" | "validate" | "has"
                ) && (says(*callee)
                    || args.iter().any(|a| asks(module.expr(a.value).range))
                    || matches!(first.as_str(), "can" | "authorize"))
            }
            _ => false,
        },
        _ => false,
    })
}

/// Whether a chain of calls begins with what the request sent.
fn is_of_request(model: &Model, effect: &model::Effect) -> bool {
    let module = model.program.module(effect.call.module);
    let inputs = Inputs { names: BTreeSet::new() };
    inputs.is_request(module, effect.call.expr)
}

/// Whether a class asks anywhere what callers may do.
fn speaks_of_rights(module: &Module, range: Range) -> bool {
    module.exprs_within(range).any(|(id, e)| {
        let said = match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str()),
            _ => module.string(id).map(|s| words(s.as_str())).filter(|w| w.len() < 5).unwrap_or_default(),
        };
        said.len() > 1 && said.iter().any(|w| w.starts_with("admin"))
            || said.iter().any(|w| {
                matches!(
                    w.as_str(),
                    "authorize"
                        | "authorized"
                        | "can"
                        | "policy"
                        | "privileges"
                        | "allowed"
                        | "permission"
                        | "permissions"
                        | "ability"
                        | "superuser"
                )
            })
    })
}

/// `params.require(:user).permit(:name, :admin)`: a list of fields that may be set names a privilege.
fn permitted(model: &Model) -> Vec<Given<'_>> {
    let mut found = Vec::new();
    for effect in model.effects.iter().filter(|e| e.kind == Kind::Sanitizer && is_production(model, e.span)) {
        let record = model.facts.record(effect.record);
        let Some(function) = effect.function else { continue };
        if record.clears != ["fields"] || record.receiver.is_some() || !is_of_request(model, effect) {
            continue;
        }
        let module = model.program.module(effect.call.module);
        let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { continue };
        let named = |text: Symbol| is_privilege(text.as_str()).then_some(text);
        let name = args.iter().find_map(|a| match &module.expr(a.value).kind {
            // lists of values and of nested fields
            ExprKind::Map(entries) => entries.iter().find_map(|e| module.string(e.key?).and_then(named)),
            _ => a.name.and_then(named).or_else(|| module.string(a.value).and_then(named)),
        });
        let path = model.program.path(effect.call.module);
        let owner = model.program.scopes(effect.call.module).owner(effect.call.expr);
        let class = owner.class.map(|c| module.class(c).name);
        // one of several lists for callers of different rights
        let is_chosen = model.program.scopes(effect.call.module).conditionals.iter().any(|c| {
            c.code.contains(module.expr(effect.call.expr).range)
                && model.program.function(function).range.contains(c.code)
        });
        if let Some(name) = name
            && !is_chosen
            && !weighs(model, function)
            && !owner.class.is_some_and(|c| speaks_of_rights(module, module.class(c).range))
            && !path.split('/').any(names_administrators)
            && !class.is_some_and(|c| names_administrators(c.as_str()))
            && !model.program.function(function).name.is_some_and(|n| names_administrators(n.as_str()))
        {
            let users: Vec<&Route> = routes(model)
                .filter(|r| handler(r).is_some_and(|h| h == function || model.reachable(h, 2).contains(&function)))
                .collect();
            if users.iter().any(|r| is_for_administrators(model, r)) {
                continue;
            }
            let route = users.first().copied();
            found.push(Given { span: effect.span, name: name.to_string(), route, is_bound: false });
        }
    }
    found
}

/// `user.role = req.body.role`, `User(admin=data["admin"])`, `{ role: req.body.role }`, where anyone may call.
fn taken<'m>(model: &'m Model, route: &'m Route, function: FnId, found: &mut Vec<Given<'m>>) {
    if route.auth != Auth::None {
        return;
    }
    let module = model.program.module(function.module);
    let body = model.program.function(function).range;
    let inputs = Inputs::of(module, body);
    let mut add = |at: ExprId, name: &str| {
        let span = module.expr_span(at);
        found.push(Given { span, name: name.to_owned(), route: Some(route), is_bound: false });
    };
    let writes = model
        .reachable(function, 3)
        .into_iter()
        .chain([function])
        .any(|f| model.effects_of(f).any(|e| e.kind == Kind::Query));
    let assigned = module.stmts().filter(|s| body.contains(s.range)).filter_map(|s| match &s.kind {
        StmtKind::Assign { target, value: Some(value), op: None, .. } => Some((*target, *value)),
        _ => None,
    });
    let within = module.exprs_within(body).filter_map(|(_, e)| match &e.kind {
        ExprKind::Assign { target, value, op: None } => Some((*target, *value)),
        _ => None,
    });
    for (target, value) in assigned.chain(within) {
        if let ExprKind::Member { object, name, .. } = &module.expr(target).kind
            && is_privilege(name.as_str())
            && inputs.are(module, value)
            && writes
            && !inputs.are(module, *object)
            && !matches!(module.expr(*object).kind, ExprKind::This)
        {
            add(value, name.as_str());
        }
    }
    for (_, item) in module.exprs_within(body) {
        let ExprKind::Call { args, callee, .. } = &item.kind else { continue };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
            continue;
        };
        let makes = model.stored.named(name.as_str()).is_some()
            || writes && words(name.as_str()).iter().any(|w| w == "create" || w == "user");
        for arg in args.iter().filter(|_| makes) {
            match &module.expr(arg.value).kind {
                ExprKind::Map(entries) => {
                    for entry in entries {
                        if let Some(key) = entry.key.and_then(|k| module.string(k))
                            && is_privilege(key.as_str())
                            && inputs.are(module, entry.value)
                        {
                            add(entry.value, key.as_str());
                        }
                    }
                }
                _ => {
                    if let Some(name) = arg.name.filter(|n| is_privilege(n.as_str()))
                        && inputs.are(module, arg.value)
                    {
                        add(arg.value, name.as_str());
                    }
                }
            }
        }
    }
}

/// Names of a function that hold what the request sent.
struct Inputs {
    names: BTreeSet<Symbol>,
}

const REQUEST: [&str; 13] =
    ["req", "request", "body", "params", "payload", "form", "dto", "input", "data", "ctx", "query", "json", "args"];

impl Inputs {
    /// Variables made of the request, and those set where a condition asks the request: `if data["admin"]: admin = True`.
    fn of(module: &Module, body: Range) -> Self {
        let mut inputs = Inputs { names: BTreeSet::new() };
        for _ in 0..2 {
            for stmt in module.stmts().filter(|s| body.contains(s.range)) {
                match &stmt.kind {
                    StmtKind::Assign { target, value: Some(value), .. }
                        if inputs.are(module, *value) || inputs.is_request(module, *value) =>
                    {
                        let range = module.expr(*target).range;
                        let named = module.exprs_within(range).filter_map(|(_, e)| match &e.kind {
                            ExprKind::Name(n) if is_privilege(n.as_str()) => Some(*n),
                            _ => None,
                        });
                        inputs.names.extend(named.collect::<Vec<_>>());
                        if let ExprKind::Map(entries) = &module.expr(*target).kind {
                            let keys = entries.iter().filter_map(|e| module.string(e.key?));
                            inputs.names.extend(keys.filter(|k| is_privilege(k.as_str())));
                        }
                    }
                    StmtKind::If { cond, .. } if inputs.are(module, *cond) => {
                        let set =
                            module.stmts().filter(|s| stmt.range.contains(s.range)).filter_map(|s| match &s.kind {
                                StmtKind::Assign { target, .. } => match module.expr(*target).kind {
                                    ExprKind::Name(n) if is_privilege(n.as_str()) => Some(n),
                                    _ => None,
                                },
                                _ => None,
                            });
                        inputs.names.extend(set.collect::<Vec<_>>());
                    }
                    _ => {}
                }
            }
        }
        inputs
    }

    /// Whether an expression is the request or a part of it, by its name.
    fn is_request(&self, module: &Module, at: ExprId) -> bool {
        let mut root = at;
        loop {
            root = match &module.expr(root).kind {
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => *object,
                ExprKind::Call { callee, .. } => *callee,
                ExprKind::Await(inner) => *inner,
                ExprKind::Unary { operand, .. } => *operand,
                _ => break,
            };
        }
        match &module.expr(root).kind {
            ExprKind::Name(name) => words(name.as_str()).iter().any(|w| REQUEST.contains(&w.as_str())),
            _ => false,
        }
    }

    /// Whether an expression is the privilege that the request names: `req.body.role`, `data["admin"]`, `dto.getRole()`.
    fn are(&self, module: &Module, at: ExprId) -> bool {
        match &module.expr(at).kind {
            ExprKind::Name(name) => self.names.contains(name),
            ExprKind::Member { object, name, .. } => is_privilege(name.as_str()) && self.is_request(module, *object),
            ExprKind::Index { object, index } => {
                module.string(*index).is_some_and(|n| is_privilege(n.as_str())) && self.is_request(module, *object)
            }
            ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => {
                    let getter =
                        name.as_str().strip_prefix("get").or(name.as_str().strip_prefix("is")).unwrap_or(name.as_str());
                    let named = args.is_empty() && is_privilege(getter)
                        || args.first().and_then(|a| module.string(a.value)).is_some_and(|n| is_privilege(n.as_str()));
                    named && self.is_request(module, *object)
                }
                _ => false,
            },
            // `req.body.role || "user"`
            ExprKind::Logical { left, .. } => self.are(module, *left),
            ExprKind::Cast { value, .. } => self.are(module, *value),
            ExprKind::Unary { operand, .. } => self.are(module, *operand),
            _ => false,
        }
    }
}

/// A stored object with a privilege among its fields is bound from the request and written as it is.
fn bound<'m>(model: &'m Model, route: &'m Route, function: FnId, found: &mut Vec<Given<'m>>) {
    if route.auth != Auth::None {
        return;
    }
    let module = model.program.module(function.module);
    let item = model.program.function(function);
    let mut held: Vec<(Symbol, String, Span)> = Vec::new();
    for param in &item.params {
        if let Some(field) = param.ty.and_then(|ty| privilege_of(model, module, ty)) {
            held.push((param.name, field, module.span(param.range)));
        }
    }
    for (name, field, span) in held {
        let holds =
            |range: Range| module.exprs_within(range).any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == name));
        // its own value is put over what was sent
        let is_set = module.exprs_within(item.range).any(|(_, e)| match &e.kind {
            ExprKind::Assign { target, .. } => sets(module, *target, name, &field),
            ExprKind::Call { callee, .. } => matches!(&module.expr(*callee).kind, ExprKind::Member { object, name: n, .. }
                if matches!(module.expr(*object).kind, ExprKind::Name(o) if o == name) && words(n.as_str()).first().is_some_and(|w| w == "set") && n.as_str().to_ascii_lowercase().ends_with(&field.to_ascii_lowercase())),
            _ => false,
        }) || module.stmts().filter(|s| item.range.contains(s.range)).any(|s| matches!(&s.kind, StmtKind::Assign { target, .. } if sets(module, *target, name, &field)));
        let is_written = model.effects_of(function).any(|e| {
            let record = model.facts.record(e.record);
            e.kind == Kind::Query
                && !matches!(record.operation.as_deref(), Some("read" | "delete"))
                && !words(e.name.as_str().rsplit(['.', '#']).next().unwrap_or("")).first().is_some_and(|w| matches!(w.as_str(), "find" | "get" | "exists" | "delete" | "remove" | "count"))
                && matches!(&module.expr(e.call.expr).kind, ExprKind::Call { args, .. }
                    if args.iter().any(|a| matches!(module.expr(a.value).kind, ExprKind::Name(_) | ExprKind::Unary { .. }) && holds(module.expr(a.value).range)))
        });
        if is_written && !is_set {
            found.push(Given { span, name: field, route: Some(route), is_bound: true });
        }
    }
}

fn sets(module: &Module, target: ExprId, name: Symbol, field: &str) -> bool {
    matches!(&module.expr(target).kind, ExprKind::Member { object, name: member, .. }
        if member.as_str().eq_ignore_ascii_case(field) && matches!(module.expr(*object).kind, ExprKind::Name(o) if o == name))
}

/// The privilege among the fields of the stored thing that a type names.
fn privilege_of(model: &Model, module: &Module, ty: TypeId) -> Option<String> {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let name = path.as_str().rsplit('.').next().unwrap_or("");
            if let Some(stored) = model.stored.named(name) {
                let field =
                    stored.fields.iter().find(|f| is_privilege(f.name.as_str()) && !is_hidden(model, f.span))?;
                return Some(field.name.to_string());
            }
            args.iter().find_map(|a| privilege_of(model, module, *a))
        }
        TypeKind::Ref(inner) | TypeKind::Optional(inner) => privilege_of(model, module, *inner),
        _ => None,
    }
}

/// Whether a field is left out when objects are read from a request: `@JsonIgnore`, `json:"-"`.
fn is_hidden(model: &Model, span: Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return false };
    let module = model.program.module(id);
    let range: Range = span.into();
    let field = module
        .classes()
        .flat_map(|(_, c)| c.fields.iter())
        .find(|f| f.range.contains(range) || range.contains(f.range));
    field.is_some_and(|f| {
        f.annotations.iter().any(|a| {
            let text = model.sources.text(module.expr_span(*a)).to_ascii_lowercase();
            text.contains("ignore")
                || text.contains("json:\"-\"")
                || text.contains("read_only")
                || text.contains("neverbind")
                || text.contains("bindnever")
        })
    })
}
