//! Whether code speaks of the caller: who is asking, and what they may do.
//!
//! Names are all that is looked at. That is too much for a check (a handler may name the caller for another
//! reason) and enough for its absence: code that never names the caller does not compare anything with them.

use base::{Language, Symbol};
use ir::{ExprKind, Literal, Part};
use program::FnId;
use rustc_hash::FxHashMap;

use crate::guards::words;
use crate::{GuardKind, Model, Route};

/// Calls below a handler that are still its doing.
const DEPTH: usize = 5;

/// Words by which code speaks of the caller, or of what the caller may do.
const CALLER: [&str; 43] = [
    "current",
    "principal",
    "claims",
    "claim",
    "identity",
    "me",
    "viewer",
    "caller",
    "actor",
    "logged",
    "loggedin",
    "signed",
    "authorize",
    "authorized",
    "authorization",
    "authorizer",
    "unauthorized",
    "forbidden",
    "permission",
    "permissions",
    "permitted",
    "permit",
    "policy",
    "policies",
    "ability",
    "acl",
    "rbac",
    "tenant",
    "owner",
    "owns",
    "owned",
    "ownership",
    "belongs",
    "jwt",
    "auth",
    "authenticated",
    "authentication",
    "whoami",
    "requester",
    "subject",
    "securitycontext",
    "allowed",
    "can",
];

/// Words of what a request carries about its user.
const USER: [&str; 6] = ["user", "userid", "uid", "id", "account", "info"];

impl Model {
    /// Whether the handler, what it calls, or the route's own middleware speaks of the caller.
    pub fn speaks_of_caller(&self, route: &Route, function: FnId, known: &mut FxHashMap<FnId, bool>) -> bool {
        let mut starts = vec![function];
        starts.extend(
            route
                .guards
                .iter()
                .filter(|g| !matches!(g.kind, GuardKind::Authentication | GuardKind::OptionalAuthentication))
                .filter_map(|g| g.function),
        );
        // views and controllers that are classes: what belongs to the class counts
        let module = self.program.module(function.module);
        if let Some(class) = self.program.classes().class_of(function)
            && module.language == Language::Python
        {
            for class in self.program.classes().lineage(class) {
                let methods = &self.program.class(class).methods;
                starts.extend(methods.iter().map(|m| FnId { module: class.module, function: *m }));
            }
        }
        starts
            .into_iter()
            .flat_map(|f| self.reachable(f, DEPTH))
            .any(|f| *known.entry(f).or_insert_with(|| self.mentions_caller(f)))
            || self.signature_names_caller(function)
    }

    /// Whether the parameters or annotations of a handler speak of the caller.
    fn signature_names_caller(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        item.params.iter().any(|p| {
            let ty = p.ty.map_or("", |t| self.sources.text(module.span(module.ty(t).range)));
            let extracted = words(ty);
            // an extractor of the user: `user: User`, `AuthUser`, `Authentication`
            says_caller(ty)
                || says_caller(p.name.as_str())
                || extracted.last().is_some_and(|w| w == "user" || w == "guard")
                    && words(p.name.as_str()).contains(&"user".to_owned())
        }) || item.annotations.iter().any(|a| {
            let text = self.sources.text(module.expr_span(*a));
            says_caller(text)
        })
    }

    /// Whether a function's own code has a name that speaks of the caller.
    fn mentions_caller(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let is_request = |e: ir::ExprId| match &module.expr(e).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => words(name.as_str()).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "req" | "request" | "ctx" | "context" | "locals" | "state" | "g" | "this" | "c" | "httpcontext"
                )
            }),
            ExprKind::This => true,
            _ => false,
        };
        let said = |e: &ir::Expr| match &e.kind {
            ExprKind::Name(name) => {
                says_caller(name.as_str()) || *name == "@user" || *name == "User" && module.language == Language::CSharp
            }
            ExprKind::Member { object, name, .. } => {
                says_caller(name.as_str())
                    || is_request(*object) && matches!(name.as_str(), "session" | "Session")
                    || is_request(*object) && words(name.as_str()).iter().all(|w| USER.contains(&w.as_str()))
            }
            // `session["user"]`, but not the database's session
            ExprKind::Index { object, .. } => {
                let object = match &module.expr(*object).kind {
                    ExprKind::Call { callee, .. } => *callee,
                    _ => *object,
                };
                matches!(&module.expr(object).kind, ExprKind::Name(name) if *name == "session")
            }
            // `c.Get("user")`, `c.MustGet("my_user")`
            ExprKind::Call { callee, args, .. } => {
                let gets = matches!(&module.expr(*callee).kind, ExprKind::Member { object, name, .. }
                if words(name.as_str()).iter().any(|w| matches!(w.as_str(), "get" | "value" | "must" | "locals")) && is_request(*object));
                gets && args.iter().any(|a| {
                    let text = match &module.expr(a.value).kind {
                        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
                        _ => module.string(a.value),
                    };
                    text.is_some_and(|t: Symbol| {
                        words(t.as_str()).iter().any(|w| USER.contains(&w.as_str()) || CALLER.contains(&w.as_str()))
                    })
                })
            }
            ExprKind::Literal(Literal::Str(text)) => {
                let text = text.as_str();
                text.len() < 60 && !text.contains(' ') && says_caller(text)
            }
            ExprKind::Template(parts) => {
                parts.iter().any(|p| matches!(p, Part::Text(t) if t.as_str().contains("owner")))
            }
            _ => false,
        };
        module.exprs_within(item.range).any(|(_, e)| said(e))
    }
}

fn says_caller(name: &str) -> bool {
    let parts = words(name);
    let has = |word: &str| parts.iter().any(|w| w == word);
    parts.iter().any(|w| CALLER.contains(&w.as_str()))
        || has("http") && has("session")
        || parts.iter().any(|w| w == "my" || w == "self" && parts.len() > 1)
}
