//! Whether code speaks of the caller: who is asking, and what they may do.
//!
//! Here by names: code that never names the caller does not compare anything with them. What code that names
//! them does with them is in [`crate::binding`].

use base::{Language, Symbol};
use ir::{Expr, ExprId, ExprKind, Literal, Module, Part};
use program::FnId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::guards::words;
use crate::{GuardKind, Model, Route};

/// Calls below a handler that are still its doing.
const DEPTH: usize = 5;

/// How many functions are looked at for one handler.
const MAX_FUNCTIONS: usize = 400;

/// Words by which code names the caller.
const CALLER: [&str; 25] = [
    "current",
    "principal",
    "claims",
    "claim",
    "identity",
    "me",
    "my",
    "viewer",
    "caller",
    "actor",
    "logged",
    "loggedin",
    "signed",
    "jwt",
    "auth",
    "authed",
    "authenticated",
    "authentication",
    "whoami",
    "requester",
    "requestor",
    "subject",
    "sub",
    "securitycontext",
    "requesting",
];

/// Words by which code speaks of what a caller may do, and of whose a thing is.
const AUTHORITY: [&str; 29] = [
    "perm",
    "perms",
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
    "abac",
    "tenant",
    "owner",
    "owns",
    "owned",
    "ownership",
    "belongs",
    "allowed",
    "can",
    "scope",
    "scopes",
    "accessible",
];

/// Words of what some callers are and others are not.
const PRIVILEGE: [&str; 12] = [
    "admin",
    "administrator",
    "administrative",
    "superuser",
    "superadmin",
    "moderator",
    "staff",
    "role",
    "roles",
    "privilege",
    "privileges",
    "privileged",
];

/// Words of what a request carries about its user.
const USER: [&str; 6] = ["user", "userid", "uid", "id", "account", "info"];

/// What code does with the caller, from nothing to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speech {
    /// Never names the caller.
    Silent,
    /// Names the caller, and compares nothing with them and looks nothing up by them.
    Names,
    /// Compares something with the caller, looks something up by them, or speaks of what a caller may do.
    Binds,
}

/// What was found out about functions, kept between routes.
#[derive(Default)]
pub struct Heard {
    own: FxHashMap<FnId, Speech>,
}

impl Model {
    /// Whether a handler lets in only what another system has signed, or who knows a secret:
    /// `if request.headers.get("X-Secret") != CALLBACK_SECRET`.
    pub fn asks_for_signature(&self, function: program::FnId) -> bool {
        let says = |text: &str, list: &[&str]| words(text).iter().any(|w| list.contains(&w.as_str()));
        let nearby = self.reachable(function, 1).into_iter().chain([function]);
        let is_signed = nearby.into_iter().any(|f| {
            let module = self.program.module(f.module);
            module.exprs_within(module.function(f.function).range).any(|(id, e)| match &e.kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => says(name.as_str(), &["signature", "hmac"]),
                _ => module.string(id).is_some_and(|s| s.as_str().len() < 40 && says(s.as_str(), &["signature"])),
            })
        });
        let module = self.program.module(function.module);
        let names_secret = |e: ir::ExprId| match &module.expr(e).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => says(name.as_str(), &["secret"]),
            _ => false,
        };
        is_signed
            || module.exprs_within(module.function(function.function).range).any(|(_, e)| match &e.kind {
                ExprKind::Binary { op: ir::BinaryOp::Eq | ir::BinaryOp::Ne, left, right } => {
                    names_secret(*left) || names_secret(*right)
                }
                _ => false,
            })
    }

    /// What a route's handler, and what it calls, does with the caller. What stands before the handler counts
    /// when it binds.
    pub fn speech_of(&self, route: &Route, function: FnId, heard: &mut Heard) -> Speech {
        let promises = |name: &str| words(name).iter().any(|w| matches!(w.as_str(), "owner" | "ownership" | "author"));
        if route.guards.iter().any(|g| promises(&g.name)) {
            return Speech::Binds;
        }
        let before = route
            .guards
            .iter()
            .filter(|g| !matches!(g.kind, GuardKind::Authentication | GuardKind::OptionalAuthentication))
            .filter_map(|g| g.function)
            .flat_map(|f| self.reachable(f, DEPTH))
            .any(|f| self.heard(f, heard) == Speech::Binds);
        if before {
            return Speech::Binds;
        }
        let mut starts = vec![function];
        // views and controllers that are classes: what belongs to the class counts
        if let Some(class) = self.program.classes().class_of(function)
            && self.program.module(function.module).language == Language::Python
        {
            for class in self.program.classes().lineage(class) {
                let methods = &self.program.class(class).methods;
                starts.extend(methods.iter().map(|m| FnId { module: class.module, function: *m }));
            }
        }
        let mut speech = self.signature(function);
        for f in self.doing(starts) {
            speech = speech.max(self.heard(f, heard));
            if speech == Speech::Binds {
                break;
            }
        }
        speech
    }

    /// What a function and those that it calls itself do with the caller, no further.
    pub fn speech_nearby(&self, function: FnId, heard: &mut Heard) -> Speech {
        let near = self.reachable(function, 1).into_iter().chain([function]);
        near.map(|f| self.heard(f, heard)).max().unwrap_or(Speech::Silent).max(self.signature(function))
    }

    /// Whether the class of a handler, or a base of it, is annotated by something that is named for asking who
    /// calls: `[AuthorizeAdmin]` on a base controller.
    pub fn class_asks(&self, function: FnId) -> bool {
        let Some(class) = self.program.classes().class_of(function) else { return false };
        let mut line = self.program.classes().lineage(class);
        // a base that no import leads to, by its name where there is only one
        let mut at = 0;
        while at < line.len() && line.len() < 20 {
            let (module, item) = (self.program.module(line[at].module), self.program.class(line[at]));
            at += 1;
            for base in &item.bases {
                let text = self.sources.text(module.span(module.ty(*base).range));
                if let [only] = self.program.classes().named(Symbol::new(text))
                    && !line.contains(only)
                {
                    line.push(*only);
                }
            }
        }
        line.into_iter().any(|c| {
            let module = self.program.module(c.module);
            self.program.class(c).annotations.iter().any(|a| {
                let ExprKind::Call { callee, .. } = &module.expr(*a).kind else { return false };
                let name = module.dotted(*callee).unwrap_or_default();
                let said = words(&name);
                let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
                has(&[
                    "authorize",
                    "authorized",
                    "authenticated",
                    "authentication",
                    "permission",
                    "permissions",
                    "secured",
                ]) && !has(&["anonymous", "allow"])
            })
        })
    }

    /// Whether a function's own code speaks of what a caller may do.
    pub fn weighs_rights(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let range = module.function(function.function).range;
        module.exprs_within(range).any(|(_, e)| speaks_of_authority(module, e))
    }

    /// Whether the project has a middleware of its own that is named for asking every request for a login.
    pub fn asks_every_request(&self) -> bool {
        self.program.classes().all().into_iter().any(|(class, _)| {
            let said = words(self.program.class(class).name.as_str());
            let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
            has(&["middleware"])
                && has(&["login", "auth", "authentication"])
                && has(&["required", "require", "enforce"])
        })
    }

    /// What functions reach, without what only makes the answer.
    fn doing(&self, starts: Vec<FnId>) -> Vec<FnId> {
        let mut found: Vec<(FnId, usize)> = starts.into_iter().map(|f| (f, 0)).collect();
        let mut seen: FxHashSet<FnId> = found.iter().map(|(f, _)| *f).collect();
        let mut at = 0;
        while at < found.len() && found.len() < MAX_FUNCTIONS {
            let (function, distance) = found[at];
            at += 1;
            let below = self.nested(function).into_iter().map(|f| (f, distance));
            let called = self.callees(function).into_iter().filter(|_| distance < DEPTH).map(|f| (f, distance + 1));
            for (next, distance) in below.chain(called).collect::<Vec<_>>() {
                if seen.insert(next) && !self.only_shows(next) {
                    found.push((next, distance));
                }
            }
        }
        found.into_iter().map(|(f, _)| f).collect()
    }

    fn heard(&self, function: FnId, heard: &mut Heard) -> Speech {
        if let Some(known) = heard.own.get(&function) {
            return *known;
        }
        let speech = crate::binding::of_function(self, function);
        heard.own.insert(function, speech);
        speech
    }

    /// Whether a function makes an answer of what is there: what it says of the caller protects nothing.
    fn only_shows(&self, function: FnId) -> bool {
        self.program.function(function).name.is_some_and(|name| {
            let said = words(name.as_str());
            let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
            has(&["response", "serialize", "serializer", "serialized", "representation", "json", "dto"])
                && !has(&["create", "update", "delete", "remove", "set", "put", "patch", "save", "handle"])
        })
    }

    /// Parameters and annotations of a handler: an extractor of the caller names them, an expression over
    /// the parameters binds.
    fn signature(&self, function: FnId) -> Speech {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let expression = item.annotations.iter().any(|a| {
            let text = self.sources.text(module.expr_span(*a));
            // `@PreAuthorize("#id == principal.id")`, `@PostAuthorize("returnObject.owner == …")`
            let range = module.expr(*a).range;
            let speaks = module.exprs_within(range).filter_map(|(id, _)| module.string(id)).any(|s| {
                s.as_str().contains('#') || s.as_str().contains("returnObject") || s.as_str().contains("principal")
            });
            speaks
                || words(text).iter().any(|w| {
                    AUTHORITY.contains(&w.as_str())
                        && !matches!(w.as_str(), "authorize" | "authorization" | "scopes" | "scope")
                })
        });
        if expression {
            return Speech::Binds;
        }
        match item.params.iter().any(|p| self.is_caller_param(module, p)) {
            true => Speech::Names,
            false => Speech::Silent,
        }
    }

    /// `user: AuthUser`, `principal: Principal`, `current_user=Depends(…)`.
    pub(crate) fn is_caller_param(&self, module: &ir::Module, param: &ir::Param) -> bool {
        let ty = param.ty.map_or("", |t| self.sources.text(module.span(module.ty(t).range)));
        let extracted = words(ty);
        let annotated = param.annotations.iter().any(|a| says_caller(self.sources.text(module.expr_span(*a))));
        // `user=Depends(current_user)`
        let given = param.default.is_some_and(|d| says_caller(self.sources.text(module.expr_span(d))));
        annotated
            || given
            || says_caller(ty)
            || says_caller(param.name.as_str())
            // an extractor: `user: AuthUser`, `local_user_view: LocalUserView`
            || module.language == Language::Rust
                && extracted.iter().any(|w| matches!(w.as_str(), "user" | "account" | "session"))
                && !extracted.iter().any(|w| matches!(w.as_str(), "json" | "query" | "path" | "form" | "data" | "create" | "update" | "new" | "service" | "repository" | "dto"))
    }
}

/// Whether an expression names the caller.
pub(crate) fn names_caller(module: &Module, e: &Expr) -> bool {
    let is_request = |e: ExprId| match &module.expr(e).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => is_request_name(name.as_str()),
        // Ruby: `request`
        ExprKind::Call { callee, args, .. } if args.is_empty() => {
            matches!(&module.expr(*callee).kind, ExprKind::Name(name) if is_request_name(name.as_str()))
        }
        ExprKind::This => true,
        _ => false,
    };
    match &e.kind {
        ExprKind::Name(name) => says_caller(name.as_str()) || *name == "User" && module.language == Language::CSharp,
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
        _ => false,
    }
}

/// Whether a name is one of a request or of what carries it.
pub(crate) fn is_request_name(name: &str) -> bool {
    words(name).iter().any(|w| {
        matches!(
            w.as_str(),
            "req" | "request" | "ctx" | "context" | "locals" | "state" | "g" | "this" | "c" | "httpcontext"
        )
    })
}

/// Whether an expression speaks of what a caller may do, or of whose a thing is.
pub(crate) fn speaks_of_authority(module: &Module, e: &Expr) -> bool {
    let has = |text: &str, list: &[&str]| words(text).iter().any(|w| list.contains(&w.as_str()));
    let says = |text: &str| has(text, &AUTHORITY) && !text.eq_ignore_ascii_case("authorization");
    let of_another = |object: ExprId| match &module.expr(object).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => has(name.as_str(), &["user", "account", "member"]),
        ExprKind::Call { .. } => true,
        _ => false,
    };
    match &e.kind {
        ExprKind::Name(name) if has(name.as_str(), &PRIVILEGE) => true,
        // `this.isAdmin()`, but not `user.admin`: whose role that is, is not known here
        ExprKind::Member { object, name, .. } if has(name.as_str(), &PRIVILEGE) => !of_another(*object),
        ExprKind::Name(name) | ExprKind::Member { name, .. } => says(name.as_str()),
        ExprKind::Literal(Literal::Str(text)) => {
            text.as_str().len() < 60 && !text.as_str().contains(' ') && says(text.as_str())
        }
        ExprKind::Template(parts) => parts.iter().any(|p| matches!(p, Part::Text(t) if t.as_str().contains("owner"))),
        _ => false,
    }
}

/// Whether a name says what some callers are and others are not.
pub(crate) fn says_privilege(name: &str) -> bool {
    words(name).iter().any(|w| PRIVILEGE.contains(&w.as_str()))
}

/// Whether a function of this name gives the caller: `current_user`, `getAuthenticatedUser`, `authenticate`.
pub(crate) fn gives_caller(name: &str) -> bool {
    let parts = words(name);
    let has = |list: &[&str]| parts.iter().any(|w| list.contains(&w.as_str()));
    says_caller(name)
        && has(&["user", "userid", "member", "account", "principal", "id", "identity", "claims"])
        && !has(&["my", "check", "verify", "ensure", "require", "can", "is"])
        || parts.len() == 1
            && has(&["authenticated", "authenticate", "whoami", "principal", "identity", "claims", "auth"])
}

/// Whether a name says that it is the caller's.
pub(crate) fn says_caller(name: &str) -> bool {
    let parts = words(name);
    let has = |list: &[&str]| parts.iter().any(|w| list.contains(&w.as_str()));
    // `userIDFromToken(c)`, `@LoginUser`
    let carried = has(&["user", "userid", "uid", "account", "member"])
        && has(&["token", "context", "ctx", "request", "session", "login", "header", "headers", "cookie"])
        && !has(&["create", "new", "update", "dto", "form", "service"]);
    carried || has(&CALLER) || has(&["http"]) && has(&["session"]) || has(&["self"]) && parts.len() > 1
}
