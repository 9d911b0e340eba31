//! What stands before handlers: what it does, from facts, from its code, and from its name last.

use std::sync::{Mutex, PoisonError};

use base::{Evidence, Span};
use ir::{ExprKind, Literal, Part, StmtKind, Visit};
use program::{ExprRef, FnId, Program, Value};
use rustc_hash::FxHashMap;

use crate::adapters::Context;
use crate::facts::{GuardFact, Kind, Record};
use crate::{Guard, GuardKind};

/// How many calls deep a guard's code is read.
const MAX_DEPTH: u32 = 4;

impl From<GuardFact> for GuardKind {
    fn from(fact: GuardFact) -> Self {
        match fact {
            GuardFact::Authentication => GuardKind::Authentication,
            GuardFact::OptionalAuthentication => GuardKind::OptionalAuthentication,
            GuardFact::Authorization => GuardKind::Authorization,
            GuardFact::Anonymous => GuardKind::Anonymous,
            GuardFact::Csrf => GuardKind::Csrf,
            GuardFact::RateLimit => GuardKind::RateLimit,
            GuardFact::Validation => GuardKind::Validation,
            GuardFact::Cors => GuardKind::Cors,
            GuardFact::Other => GuardKind::Other,
        }
    }
}

/// What a piece of guarding code was seen to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Answers 401, or raises an error of that meaning.
    pub rejects_401: bool,
    /// Answers 403, or raises an error of that meaning.
    pub rejects_403: bool,
    /// Answers 429.
    pub rejects_429: bool,
    /// Verifies a token, or asks for the caller.
    pub identifies: bool,
    /// Sends to a login page.
    pub to_login: bool,
    /// Throws.
    pub throws: bool,
    /// Speaks of a session, a user, the caller.
    pub asks: bool,
}

/// What was seen of each function that was looked at: the same few guards stand before many routes.
#[derive(Default)]
pub struct Known(Mutex<FxHashMap<FnId, Seen>>);

impl Context<'_> {
    /// The guard that an expression puts before a route: a middleware, a decorator, a filter.
    pub fn guard(&self, at: ExprRef) -> Guard {
        let module = self.program.module(at.module);
        let span = module.expr_span(at.expr);
        let mut name = guard_name(self.program, at);
        let function = self.function(at);
        // `from_fn(require_user)` is what the function is
        if name.rsplit('.').next().is_some_and(|n| n.starts_with("from_fn"))
            && let Some(function) = function.filter(|f| self.program.function(*f).name.is_some())
        {
            name = self.program.function_name(function);
        }
        if let Some(kind) = self.guard_fact(at) {
            return Guard { kind, name, span, function, evidence: Evidence::Shown };
        }
        let (mut kind, evidence) = match function {
            Some(function) => self.function_guard(function, &name),
            None => (by_name(&name), Evidence::Suspected),
        };
        if matches!(kind, GuardKind::Authentication | GuardKind::Authorization) && self.is_switched_off(at) {
            kind = GuardKind::OptionalAuthentication;
        }
        Guard { kind, name, span, function, evidence }
    }

    /// What the facts say of an expression: of what it stands for, or of what it calls.
    pub fn guard_fact(&self, at: ExprRef) -> Option<GuardKind> {
        let language = self.program.module(at.module).language;
        let of = |name: base::Symbol| {
            let records = self.facts.of(language, name).map(|id| self.facts.record(id));
            let mut guards = records.filter(|r| r.kind == Kind::Guard);
            guards.find(|r| self.guards_so(r, at)).and_then(|r| r.guard).map(GuardKind::from)
        };
        for value in self.eval(at) {
            if let Value::External(name) | Value::ExternalInstance(name) = value
                // `const signedIn = expressjwt({ … })` is what the call is
                && let Some(kind) =
                    of(name).or_else(|| name.as_str().strip_suffix("()").and_then(|made| of(base::Symbol::new(made))))
            {
                return Some(kind);
            }
        }
        // `expressjwt({ … }).unless({ … })`
        let module = self.program.module(at.module);
        if let ExprKind::Call { callee, .. } = &module.expr(at.expr).kind
            && let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
            && *name == "unless"
        {
            return self.guard_fact(ExprRef { module: at.module, expr: *object });
        }
        // `const reader = jwt({ … })`
        let made = match &module.expr(at.expr).kind {
            ExprKind::Name(_) | ExprKind::Member { .. } => self.origins(at),
            _ => vec![at],
        };
        let mut callees = made.into_iter().filter_map(|at| self.program.call(at));
        callees.find_map(|callee| callee.external.iter().find_map(|name| of(*name)))
    }

    /// Whether the conditions of a record hold where a guard is made: `jwt({ passthrough: true })`.
    fn guards_so(&self, record: &Record, at: ExprRef) -> bool {
        let is_plain = record.only.is_empty() && record.unless.is_empty() && record.first.is_none();
        is_plain || self.origins(at).iter().any(|made| crate::effects::holds(self, made.module, record, made.expr))
    }

    /// `auth(false)`, where the guard's maker asks its parameter before it turns anyone away.
    pub(crate) fn is_switched_off(&self, at: ExprRef) -> bool {
        let module = self.program.module(at.module);
        let ExprKind::Call { args, .. } = &module.expr(at.expr).kind else { return false };
        let off =
            args.iter().position(|a| matches!(module.expr(a.value).kind, ExprKind::Literal(Literal::Bool(false))));
        let (Some(position), Some(callee)) = (off, self.program.call(at)) else { return false };
        callee.functions.iter().any(|function| {
            let by_position = self.program.function(*function).params.get(position).map(|p| p.name);
            let name = args[position].name.or(by_position);
            let inner = self.program.module(function.module);
            let range = inner.function(function.function).range;
            inner.exprs_within(range).any(|(_, e)| matches!(&e.kind, ExprKind::Name(n) if Some(*n) == name))
        })
    }

    /// What a function of the repository does as a guard: by what it was seen to do, else by its name.
    pub fn function_guard(&self, function: FnId, name: &str) -> (GuardKind, Evidence) {
        let seen = self.seen(function);
        let named = by_name(name);
        let authenticates = named == GuardKind::Authentication || named == GuardKind::Authorization;
        if seen.rejects_429 {
            return (GuardKind::RateLimit, Evidence::Shown);
        }
        // what turns away a broken token may still let in who sends none
        if named == GuardKind::OptionalAuthentication {
            return (named, Evidence::Suspected);
        }
        if seen.rejects_401 || seen.to_login && (seen.identifies || authenticates || seen.asks) {
            return (GuardKind::Authentication, Evidence::Shown);
        }
        // what forbids without asking who calls is no authorization
        if seen.rejects_403 && (seen.asks || seen.identifies || named != GuardKind::Other) {
            return (
                if named == GuardKind::Csrf { GuardKind::Csrf } else { GuardKind::Authorization },
                Evidence::Shown,
            );
        }
        // `get_current_user` gives the caller or throws
        let tokens = words(name);
        let has = |list: &[&str]| tokens.iter().any(|w| list.contains(&w.as_str()));
        let gives_caller =
            has(&["current", "authenticated", "active"]) && has(&["user", "account", "principal", "member"]);
        if seen.throws && gives_caller && !has(&["optional", "maybe"]) {
            return (GuardKind::Authentication, Evidence::Suspected);
        }
        if seen.identifies {
            return (GuardKind::OptionalAuthentication, Evidence::Shown);
        }
        (named, Evidence::Suspected)
    }

    /// What a function and what it calls was seen to do.
    pub fn seen(&self, function: FnId) -> Seen {
        let known = || self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = known().get(&function) {
            return *seen;
        }
        let mut seen = Seen::default();
        let mut visited = vec![function];
        self.look(function, 0, &mut visited, &mut seen);
        known().insert(function, seen);
        seen
    }

    fn look(&self, function: FnId, depth: u32, visited: &mut Vec<FnId>, seen: &mut Seen) {
        let module = self.program.module(function.module);
        let mut look = Look { context: self, at: function, seen, calls: Vec::new() };
        module.walk_function(function.function, &mut look);
        let calls = look.calls;
        if depth >= MAX_DEPTH {
            return;
        }
        for call in calls {
            let Some(callee) = self.program.call(call) else { continue };
            for next in &callee.functions {
                if !visited.contains(next) && visited.len() < 60 {
                    visited.push(*next);
                    self.look(*next, depth + 1, visited, seen);
                }
            }
        }
    }
}

/// Handlers that ask for the caller themselves: a call of a function of the project that takes the request
/// and turns away who is not authenticated.
pub(crate) fn in_handlers(context: &Context<'_>, routes: &mut [crate::Route]) {
    for route in routes.iter_mut().filter(|r| r.auth == crate::Auth::None) {
        let Some(handler) = route.handler.as_ref().and_then(|h| h.function) else { continue };
        let module = context.program.module(handler.module);
        route.guards.extend(own_check(context, handler));
        // a promise's or future's closure is the handler's own code
        let within = |call: &ir::ExprId| {
            let mut owner = context.program.scopes(handler.module).owner(*call).function;
            while let Some(id) = owner.filter(|id| *id != handler.function) {
                owner = module.function(id).parent;
            }
            owner.is_some()
        };
        let range = module.function(handler.function).range;
        let mut calls: Vec<ir::ExprId> = module.exprs_within(range).map(|(e, _)| e).filter(within).collect();
        calls.retain(|e| matches!(module.expr(*e).kind, ExprKind::Call { .. }));
        for call in &calls {
            let at = ExprRef { module: handler.module, expr: *call };
            let Some(callee) = context.program.call(at).filter(|c| c.certain) else { continue };
            for function in &callee.functions {
                let name = context.program.function(*function).name.map_or("", |n| n.as_str());
                let tokens = words(name);
                let asks = tokens
                    .iter()
                    .any(|w| w.starts_with("auth") || matches!(w.as_str(), "current" | "session" | "principal"));
                let logs_in =
                    tokens.iter().any(|w| matches!(w.as_str(), "login" | "signin" | "password" | "credentials"));
                if !asks || logs_in || !takes_request(context, *function) || !context.seen(*function).rejects_401 {
                    continue;
                }
                let kind = match is_forgiven(context, module, *call) {
                    true => GuardKind::OptionalAuthentication,
                    false => GuardKind::Authentication,
                };
                route.guards.push(Guard {
                    kind,
                    name: name.to_owned(),
                    span: module.expr_span(*call),
                    function: Some(*function),
                    evidence: Evidence::Suspected,
                });
            }
        }
        route.auth = crate::Route::auth_of(&route.guards);
    }
}

/// How many statements into a handler its own check of the caller is looked for.
const FIRST_STATEMENTS: usize = 6;

/// `if (!req.user) return res.sendStatus(401)`, `if (userId == null) return unauthorized()` of a parameter
/// that stands for the caller: a handler that turns callers away itself.
fn own_check(context: &Context<'_>, handler: FnId) -> Option<Guard> {
    let module = context.program.module(handler.module);
    let item = module.function(handler.function);
    for stmt in item.body.as_ref()?.iter().take(FIRST_STATEMENTS) {
        let StmtKind::If { cond, then, .. } = &module.stmt(*stmt).kind else { continue };
        let leaves = then.last().is_some_and(|last| {
            matches!(module.stmt(*last).kind, StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Expr(_))
        });
        if !leaves || !asks_for_caller(module, item, *cond) {
            continue;
        }
        let mut seen = Seen::default();
        let mut look = Look { context, at: handler, seen: &mut seen, calls: Vec::new() };
        for inner in then {
            for (expr, _) in module.exprs_within(module.stmt(*inner).range) {
                look.expr(expr);
            }
        }
        if seen.rejects_401 || seen.to_login {
            let span = module.expr_span(*cond);
            let name = context.sources.text(span).lines().next().unwrap_or("").to_owned();
            let kind = GuardKind::Authentication;
            return Some(Guard { kind, name, span, function: None, evidence: Evidence::Suspected });
        }
    }
    None
}

/// Whether a condition is about the caller alone: a member of the request or session, a parameter that is
/// declared as the caller.
fn asks_for_caller(module: &ir::Module, item: &ir::Function, cond: ir::ExprId) -> bool {
    if matches!(module.expr(cond).kind, ExprKind::Logical { op: ir::LogicalOp::And, .. }) {
        return false;
    }
    let of_caller = |name: &str| {
        let all = words(name);
        all.iter().any(|w| {
            matches!(
                w.as_str(),
                "user"
                    | "uid"
                    | "session"
                    | "auth"
                    | "authenticated"
                    | "anonymous"
                    | "account"
                    | "identity"
                    | "principal"
                    | "login"
                    | "loggedin"
                    | "logged"
            )
        })
    };
    let declared_caller = |name: base::Symbol| {
        item.params.iter().any(|p| {
            p.name == name
                && p.annotations.iter().any(|a| match &module.expr(*a).kind {
                    ExprKind::Call { callee, .. } => module.dotted(*callee).is_some_and(|d| of_caller(&d)),
                    _ => false,
                })
        })
    };
    module.exprs_within(module.expr(cond).range).any(|(_, e)| match &e.kind {
        ExprKind::Member { object, name, .. } => {
            let holder = match &module.expr(*object).kind {
                ExprKind::Name(n) | ExprKind::Member { name: n, .. } => n.as_str(),
                ExprKind::This => "this",
                _ => "",
            };
            let decides = words(name.as_str())
                .iter()
                .any(|w| matches!(w.as_str(), "authenticated" | "anonymous" | "loggedin" | "logged"));
            decides
                || matches!(
                    holder,
                    "req" | "request" | "ctx" | "context" | "c" | "r" | "session" | "locals" | "state" | "g"
                ) && of_caller(name.as_str())
        }
        ExprKind::Name(name) => {
            matches!(name.as_str(), "session" | "current_user" | "currentUser") || declared_caller(*name)
        }
        _ => false,
    })
}

/// `current_user(&req).ok()`: who is not known goes on.
fn is_forgiven(context: &Context<'_>, module: &ir::Module, call: ir::ExprId) -> bool {
    let after = module.exprs().skip(call.0 as usize);
    let member = after.take(8).find_map(|(id, e)| match &e.kind {
        ExprKind::Member { object, name, .. } if *object == call => Some((id, *name)),
        _ => None,
    });
    let Some((member, name)) = member else { return false };
    match name.as_str() {
        "ok" | "is_ok" | "unwrap_or" | "unwrap_or_default" | "unwrap_or_else" => true,
        // `.then(|caller| find(caller.ok()))`
        "then" => module.exprs().skip(member.0 as usize).any(|(_, e)| match &e.kind {
            ExprKind::Call { callee, args, .. } if *callee == member => args.iter().any(|a| {
                let text = context.sources.text(module.expr_span(a.value));
                text.contains(".ok()")
            }),
            _ => false,
        }),
        _ => false,
    }
}

fn takes_request(context: &Context<'_>, function: FnId) -> bool {
    let item = context.program.function(function);
    let module = context.program.module(function.module);
    item.params.iter().any(|p| {
        let ty = p.ty.map_or("", |t| context.sources.text(module.span(module.ty(t).range)));
        let tokens = words(&format!("{} {ty}", p.name));
        tokens.iter().any(|w| matches!(w.as_str(), "req" | "request" | "ctx" | "context" | "headers" | "c"))
    })
}

struct Look<'c, 's> {
    context: &'c Context<'c>,
    at: FnId,
    seen: &'s mut Seen,
    calls: Vec<ExprRef>,
}

impl Visit for Look<'_, '_> {
    fn expr(&mut self, id: ir::ExprId) -> bool {
        let program = self.context.program;
        let module = program.module(self.at.module);
        match &module.expr(id).kind {
            ExprKind::Literal(Literal::Int(Some(status))) => self.status(*status),
            ExprKind::Literal(Literal::Str(text)) => self.word(text.as_str()),
            ExprKind::Template(parts) => {
                for part in parts {
                    if let Part::Text(text) = part {
                        self.word(text.as_str());
                    }
                }
            }
            ExprKind::Member { name, .. } | ExprKind::Name(name) => self.error_name(name.as_str()),
            ExprKind::Call { .. } => {
                let at = ExprRef { module: self.at.module, expr: id };
                self.calls.push(at);
                if let Some(callee) = program.call(at) {
                    for name in &callee.external {
                        for record in self.context.facts.of(module.language, *name) {
                            let kind = self.context.facts.record(record).kind;
                            self.seen.identifies |= matches!(kind, Kind::VerifiesToken | Kind::Principal);
                        }
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn stmt(&mut self, id: ir::StmtId) -> bool {
        self.seen.throws |= matches!(self.context.program.module(self.at.module).stmt(id).kind, StmtKind::Throw(_));
        !matches!(self.context.program.module(self.at.module).stmt(id).kind, StmtKind::Import(_))
    }

    fn function(&mut self, _: ir::FunctionId) -> bool {
        true
    }
}

impl Look<'_, '_> {
    fn status(&mut self, status: i64) {
        self.seen.rejects_401 |= status == 401;
        self.seen.rejects_403 |= status == 403;
        self.seen.rejects_429 |= status == 429;
    }

    fn word(&mut self, text: &str) {
        let lower = text.to_ascii_lowercase();
        self.seen.to_login |= lower.starts_with('/')
            && (lower.contains("login") || lower.contains("signin") || lower.contains("sign_in"));
        self.seen.rejects_401 |= lower == "unauthorized" || lower == "unauthenticated" || lower == "not authenticated";
        self.seen.rejects_403 |= lower == "forbidden";
    }

    /// Names of statuses and errors, whatever the case: `StatusUnauthorized`, `HTTP_401_UNAUTHORIZED`,
    /// `UnauthorizedException`, `:unauthorized`.
    fn error_name(&mut self, name: &str) {
        self.seen.asks |= !self.seen.asks && words(name).iter().any(|w| ASKS.contains(&w.as_str()));
        let lower: String = name.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
        self.seen.rejects_401 |= lower.contains("unauthorized")
            || lower.contains("unauthenticated")
            || lower.contains("notauthenticated")
            || lower.contains("authenticationfailed")
            || lower.contains("notloggedin")
            || lower.contains("unlogin")
            || lower.contains("invalidcredential");
        self.seen.rejects_403 |=
            lower.contains("forbidden") || lower.contains("permissiondenied") || lower.contains("accessdenied");
        self.seen.rejects_429 |= lower.contains("toomanyrequests");
    }
}

/// Words of code that speaks of the caller.
const ASKS: [&str; 12] = [
    "session",
    "user",
    "authorization",
    "apikey",
    "token",
    "cookie",
    "role",
    "roles",
    "permission",
    "permissions",
    "claims",
    "principal",
];

fn guard_name(program: &Program, at: ExprRef) -> String {
    let module = program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Call { callee, .. } => module.dotted(*callee),
        _ => module.dotted(at.expr),
    }
    .unwrap_or_else(|| UNREAD.to_owned())
}

/// What a name promises. Only whole words count: `authorize`, not `authorizeUrlBuilder`'s neighbours.
pub fn by_name(name: &str) -> GuardKind {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    if has(&["validates", "validators", "validations"]) {
        GuardKind::Validation
    } else if has(&["csrf", "xsrf"]) {
        GuardKind::Csrf
    } else if has(&["cors"]) {
        GuardKind::Cors
    } else if has(&["ratelimit", "ratelimiter", "throttle", "throttling", "limiter", "slowdown"])
        || has(&["limit"])
            && (words.first().is_some_and(|w| w == "limit")
                || has(&["rate", "request", "requests", "ip", "login", "auth", "attempt", "attempts", "api", "calls"]))
            && !has(&["size", "body", "upload", "length", "payload", "memory", "page", "file", "bytes"])
    {
        GuardKind::RateLimit
    } else if has(&["validate", "validator", "validation", "schema", "celebrate"])
        && !has(&["token", "jwt", "session", "auth", "login", "user"])
    {
        GuardKind::Validation
    } else if has(&["optional", "maybe"])
        && has(&["auth", "jwt", "authenticate", "authentication", "authenticated", "user", "login", "token"])
    {
        GuardKind::OptionalAuthentication
    } else if has(&[
        "admin",
        "moderator",
        "staff",
        "superuser",
        "permission",
        "permissions",
        "role",
        "roles",
        "authorize",
        "authorized",
        "authorization",
        "acl",
        "can",
        "scope",
        "scopes",
        "policy",
    ]) {
        GuardKind::Authorization
    } else if has(&[
        "auth",
        "authenticate",
        "authenticated",
        "authentication",
        "jwt",
        "login",
        "loggedin",
        "logged",
        "signin",
        "protect",
        "protected",
        "bearer",
        "authguard",
    ]) && !has(&["no", "skip", "without", "init", "initialize", "not"])
        || has(&["anonymous", "unauthenticated", "guest", "guests", "visitors"])
            && has(&["reject", "deny", "block", "forbid", "redirect", "no", "disallow"])
        || has(&["session", "token", "user"])
            && has(&[
                "require", "required", "requires", "check", "verify", "validate", "ensure", "needs", "must", "only",
            ])
            && !has(&["csrf", "no", "skip", "without"])
    {
        GuardKind::Authentication
    } else {
        GuardKind::Other
    }
}

/// The words of a name in lower case: `requireLogin`, `require_login` and `RequireLogin` are two.
pub fn words(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return ascii_words(name);
    }
    let mut words: Vec<String> = Vec::new();
    let mut before_lower = false;
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().copied().enumerate() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            before_lower = false;
            continue;
        }
        // `JWTSecret` is `JWT` and `Secret`; `IDs` stays one
        let ends_acronym = at > 0
            && chars[at - 1].is_uppercase()
            && chars.get(at + 1).is_some_and(|n| n.is_lowercase())
            && chars.get(at + 2).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (before_lower || ends_acronym) || words.is_empty() {
            words.push(String::new());
        }
        before_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// The same for ASCII, as nearly all names are: words are cut out whole.
fn ascii_words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let is = |at: usize, test: fn(&u8) -> bool| bytes.get(at).is_some_and(test);
    let mut words = Vec::new();
    let mut start = 0;
    let mut end_word = |start: usize, end: usize| {
        if start < end {
            words.push(name[start..end].to_ascii_lowercase());
        }
    };
    for (at, c) in bytes.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            end_word(start, at);
            start = at + 1;
            continue;
        }
        let before_lower = at > start && (is(at - 1, u8::is_ascii_lowercase) || is(at - 1, u8::is_ascii_digit));
        let ends_acronym = at > start
            && is(at - 1, u8::is_ascii_uppercase)
            && is(at + 1, u8::is_ascii_lowercase)
            && is(at + 2, u8::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (before_lower || ends_acronym) {
            end_word(start, at);
            start = at;
        }
    }
    end_word(start, name.len());
    words
}

/// The name of what stands before a handler and cannot be read.
pub const UNREAD: &str = "(inline)";

/// What stands before a handler and cannot be read: it may ask who calls.
pub fn unread(span: Span) -> Guard {
    let kind = GuardKind::Other;
    Guard { kind, name: UNREAD.to_owned(), span, function: None, evidence: Evidence::Suspected }
}

impl Guard {
    /// Whether it cannot be read, so that it may ask who calls.
    pub fn is_unread(&self) -> bool {
        self.kind == GuardKind::Other
            && self.evidence == Evidence::Suspected
            && self.function.is_none()
            && self.name == UNREAD
    }
}

/// A guard that a framework declares by itself, without an expression to look at.
pub fn declared(kind: GuardKind, name: &str, span: Span) -> Guard {
    Guard { kind, name: name.to_owned(), span, function: None, evidence: Evidence::Shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_alike_with_and_without_letters_beyond_ascii() {
        let names = ["requireLogin", "JWTSecret", "userIDs", "a2B_c", "HTTPServer2Go", "x", "", "_A", "ABc", "ABcd"];
        for name in names {
            assert_eq!(words(&format!("é {name}"))[1..], words(name), "{name}");
        }
        assert_eq!(words("JWTSecret"), ["jwt", "secret"]);
        assert_eq!(words("userIDs"), ["user", "ids"]);
    }

    #[test]
    fn names_are_read_by_their_words() {
        assert_eq!(by_name("requireLogin"), GuardKind::Authentication);
        assert_eq!(by_name("auth.optional"), GuardKind::OptionalAuthentication);
        assert_eq!(by_name("isAdmin"), GuardKind::Authorization);
        assert_eq!(by_name("rateLimit"), GuardKind::RateLimit);
        assert_eq!(by_name("loginLimit"), GuardKind::RateLimit);
        assert_eq!(by_name("limitRequests"), GuardKind::RateLimit);
        assert_eq!(by_name("check_guest_limit"), GuardKind::Other);
        assert_eq!(by_name("bodyParser.json"), GuardKind::Other);
        assert_eq!(by_name("loadAuthor"), GuardKind::Other);
        assert_eq!(by_name("verifyToken"), GuardKind::Authentication);
        assert_eq!(by_name("SessionMiddleware.new"), GuardKind::Other);
        assert_eq!(by_name("session"), GuardKind::Other);
        assert_eq!(words("JWTSecret"), ["jwt", "secret"]);
        assert_eq!(words("userIDs"), ["user", "ids"]);
        assert_eq!(words("load_HTTP_session"), ["load", "http", "session"]);
    }
}
