//! Where code treats the stored password as the one that was typed: it looks users up by it, or compares
//! the two. Both work only where passwords are stored as they are.

use base::{Span, Symbol};
use ir::{BinaryOp, ExprId, ExprKind, Literal, Module, Part, Range};
use model::guards::words;
use model::{Kind, Model};
use program::{ExprRef, FnId};
use rustc_hash::FxHashSet;

use crate::support::is_production;

/// How the password is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It filters a query.
    Asked,
    /// It is compared with what is stored.
    Compared,
}

/// One such place.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where it is told.
    pub span: Span,
    /// How.
    pub usage: Use,
}

/// All such places in production code, in order.
pub fn places(model: &Model) -> Vec<Place> {
    let queries: FxHashSet<ExprRef> = model
        .effects
        .iter()
        .filter(|e| matches!(e.kind, Kind::Query | Kind::Clause) && !is_write(model, e))
        .map(|e| e.call)
        .collect();
    let mut found: Vec<Place> = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        if !is_production(model, module.span(Range { start: 0, end: 0 })) {
            continue;
        }
        // what a function of the project does is read there
        let has_body = |f: &FnId| model.program.function(*f).body.is_some();
        let calls = model.program.calls(id).filter(|(_, c)| !c.functions.iter().any(has_body));
        let declared: FxHashSet<ExprId> = calls.map(|(expr, _)| expr).collect();
        for (expr, item) in module.exprs() {
            let at = ExprRef { module: id, expr };
            let usage = match &item.kind {
                ExprKind::Template(parts) => asks_in_text(module, &text_of(module, parts, &mut Vec::new())),
                ExprKind::Literal(Literal::Str(text)) => asks_in_text(module, &Written::fixed(text.as_str())),
                ExprKind::Call { callee, args, .. } => {
                    queries.contains(&at) && asks_in_call(module, expr)
                        || declared.contains(&expr) && asks_by_name(module, *callee, args.len())
                }
                _ => false,
            }
            .then_some(Use::Asked);
            let usage = usage.or_else(|| compares(module, expr).then_some(Use::Compared));
            if let Some(usage) = usage
                && !is_hashed_near(model, at)
            {
                found.push(Place { span: module.expr_span(expr), usage });
            }
        }
    }
    // a statement within the call that sends it is one place
    let spans: Vec<Span> = found.iter().map(|p| p.span).collect();
    let is_inner = |p: &Place| {
        spans.iter().any(|s| s.file == p.span.file && *s != p.span && s.start <= p.span.start && p.span.end <= s.end)
    };
    found.retain(|p| !is_inner(p));
    found
}

fn is_write(model: &Model, effect: &model::Effect) -> bool {
    let record = model.facts.record(effect.record);
    matches!(record.operation.as_deref(), Some("write" | "delete"))
        || ["create", "insert", "save", "update", "add", "build", "new", "upsert"].iter().any(|w| {
            words(effect.name.as_str().rsplit(['.', '#']).next().unwrap_or("")).first().is_some_and(|n| n == w)
        })
}

/// Whether a name is a plain password's: no hash of one, no repetition of one.
pub fn is_plain_password(name: &str) -> bool {
    const OTHER: [&str; 32] = [
        "confirm",
        "confirmation",
        "confirmed",
        "repeat",
        "repeated",
        "again",
        "retype",
        "hash",
        "hashed",
        "encrypted",
        "encoded",
        "encoder",
        "digest",
        "default",
        "random",
        "dummy",
        "fake",
        "placeholder",
        "empty",
        "crypted",
        "reset",
        "md5",
        "sha",
        "salted",
        "smtp",
        "proxy",
        "generated",
        "generate",
        "must",
        "change",
        "has",
        "show",
    ];
    let words = words(name);
    matches!(words.last().map(String::as_str), Some("password" | "passwd" | "pwd"))
        && !words.iter().any(|w| OTHER.contains(&w.as_str()))
}

/// Names of what makes a password unreadable.
const HASHING: [&str; 25] = [
    "hash",
    "hashed",
    "hasher",
    "hashes",
    "hashpw",
    "hashing",
    "md5",
    "md5hex",
    "md5sum",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "digest",
    "hexdigest",
    "encrypt",
    "encrypted",
    "encryptor",
    "crypt",
    "bcrypt",
    "scrypt",
    "argon2",
    "pbkdf2",
    "encoder",
    "encrypts",
];

fn says_hashing(text: &str) -> bool {
    words(text).iter().any(|w| {
        HASHING.contains(&w.as_str()) || w.starts_with("encrypt") || w.starts_with("md5") || w.starts_with("sha256")
    })
}

/// Whether code in a range names something that hashes.
fn names_hashing(module: &Module, range: Range) -> bool {
    module.exprs_within(range).any(|(_, e)| match &e.kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => says_hashing(name.as_str()),
        _ => false,
    })
}

/// Whether the function around a place hashes, or whoever gives it the password does.
pub fn is_hashed_near(model: &Model, at: ExprRef) -> bool {
    let module = model.program.module(at.module);
    let mut function = model.program.scopes(at.module).owner(at.expr).function;
    if function.is_none() {
        let range = module.statement_around(module.expr(at.expr).range).map(|s| s.range);
        return names_hashing(module, range.unwrap_or(module.expr(at.expr).range));
    }
    // lambdas are part of the function around them
    while let Some(parent) = function.and_then(|f| module.function(f).parent) {
        function = Some(parent);
    }
    let Some(function) = function else { return false };
    let mut asked = vec![FnId { module: at.module, function }];
    let mut from = 0;
    for _ in 0..3 {
        let to = asked.len();
        for at in from..to {
            let id = asked[at];
            let item = model.program.function(id);
            if names_hashing(model.program.module(id.module), item.range)
                || item.name.is_some_and(|n| says_hashing(n.as_str()))
            {
                return true;
            }
            let is_given = |p: &ir::Param| {
                words(p.name.as_str()).last().is_some_and(|w| w.contains("pass") || w.contains("pwd") || w == "user")
            };
            if !item.params.iter().any(is_given) {
                continue;
            }
            for caller in model.program.callers(id).iter().filter_map(|c| c.caller) {
                if !asked.contains(&caller) && asked.len() < 40 {
                    asked.push(caller);
                }
            }
        }
        from = to;
    }
    false
}

/// Text with the values that are put into it.
struct Written {
    text: String,
    /// Where values stand in the text.
    holes: Vec<(usize, ExprId)>,
}

impl Written {
    fn fixed(text: &str) -> Self {
        Self { text: text.to_owned(), holes: Vec::new() }
    }
}

fn text_of(module: &Module, parts: &[Part], holes: &mut Vec<(usize, ExprId)>) -> Written {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(fixed) => text.push_str(fixed.as_str()),
            Part::Hole(value) => match module.string(*value) {
                Some(fixed) => text.push_str(fixed.as_str()),
                None => {
                    holes.push((text.len(), *value));
                    text.push('?');
                }
            },
        }
    }
    Written { text, holes: std::mem::take(holes) }
}

/// `select … where … password = ?`
fn asks_in_text(module: &Module, written: &Written) -> bool {
    if written.text.len() < 30 || written.text.len() > 4_000 {
        return false;
    }
    let lower = written.text.to_ascii_lowercase();
    let Some(select) = lower.find("select ") else { return false };
    let Some(condition) = lower[select..].find("where").map(|at| select + at + 5) else { return false };
    password_is_given(module, written, &lower, condition)
}

/// Whether a condition in the text says that a password's column equals what is put in.
fn password_is_given(module: &Module, written: &Written, lower: &str, from: usize) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = from;
    while let Some(found) = lower[at..].find("pass").into_iter().chain(lower[at..].find("pwd")).min() {
        let start = lower[..at + found].rfind(|c| !is_word(c)).map_or(0, |b| b + 1);
        let end = lower[at + found..].find(|c| !is_word(c)).map_or(lower.len(), |e| at + found + e);
        at = end;
        let column = &lower[start..end];
        let is_column = matches!(column, "pass" | "user_pass" | "userpass") || is_plain_password(column);
        // a parameter's name is no column
        let before = lower[..start].chars().next_back().unwrap_or(' ');
        if !is_column || matches!(before, ':' | '@' | '{' | '$' | '%') {
            continue;
        }
        let rest = lower[end..].trim_start_matches(['`', '"', ']', '\'']).trim_start();
        let Some(value) = rest.strip_prefix("==").or(rest.strip_prefix('=')).or(rest.strip_prefix("like")) else {
            continue;
        };
        let value = value.trim_start().trim_start_matches(['\'', '"', '%', '\\', '(']);
        let place = lower.len() - value.len();
        let hole = written.holes.iter().find(|(p, _)| *p == place);
        let is_value = hole.is_some()
            || value.starts_with(['?', '$', ':', '@', '{'])
            || value.starts_with("#{")
            || value.starts_with("%s")
            || rest.contains("%s") && value.starts_with("s");
        let is_hashed = hole.is_some_and(|(_, e)| names_hashing(module, module.expr(*e).range));
        if is_value && !is_hashed {
            return true;
        }
    }
    false
}

/// Whether a query is filtered by a password and something else: `filter(username=u, password=p)`,
/// `findOne({ email, password })`, `Where("name = ? AND password = ?")`, `u => u.Name == n && u.Password == p`.
fn asks_in_call(module: &Module, call: ExprId) -> bool {
    let ExprKind::Call { args, .. } = &module.expr(call).kind else { return false };
    let named = args.iter().filter_map(|a| Some((a.name?, a.value)));
    if filters(module, named) {
        return true;
    }
    args.iter().any(|a| match &module.expr(a.value).kind {
        ExprKind::Map(_) => filters_by_map(module, a.value, 0),
        ExprKind::Lambda(function) => {
            let item = module.function(*function);
            let is_row = |e: ExprId| matches!(module.expr(e).kind, ExprKind::Name(n) if item.params.iter().any(|p| p.name == n));
            module.exprs_within(item.range).any(|(_, e)| {
                let ExprKind::Binary { op: BinaryOp::Eq, left, right } = &e.kind else { return false };
                let stored = |e: ExprId| matches!(&module.expr(e).kind, ExprKind::Member { object, name, .. } if is_plain_password(name.as_str()) && is_row(*object));
                (stored(*left) && is_typed(module, *right)) || (stored(*right) && is_typed(module, *left))
            })
        }
        ExprKind::Literal(Literal::Str(text)) => asks_in_fragment(module, &Written::fixed(text.as_str())),
        ExprKind::Template(parts) => asks_in_fragment(module, &text_of(module, parts, &mut Vec::new())),
        _ => false,
    })
}

fn asks_in_fragment(module: &Module, written: &Written) -> bool {
    let lower = written.text.to_ascii_lowercase();
    lower.len() < 500
        && lower.contains(" and ")
        && !lower.contains("insert ")
        && !lower.contains("update ")
        && password_is_given(module, written, &lower, 0)
}

fn filters_by_map(module: &Module, map: ExprId, depth: u32) -> bool {
    let ExprKind::Map(entries) = &module.expr(map).kind else { return false };
    let named = entries.iter().filter_map(|e| Some((module.string(e.key?)?, e.value)));
    filters(module, named)
        || depth < 2
            && entries.iter().any(|e| {
                let is_where = e
                    .key
                    .and_then(|k| module.string(k))
                    .is_some_and(|k| matches!(k.as_str(), "where" | "$and" | "selector" | "filter"));
                is_where && filters_by_map(module, e.value, depth + 1)
            })
}

fn filters(module: &Module, named: impl Iterator<Item = (Symbol, ExprId)>) -> bool {
    let (mut by_password, mut by_other) = (false, false);
    for (name, value) in named {
        match is_plain_password(name.as_str()) {
            true => by_password |= is_typed(module, value),
            false => {
                by_other |= words(name.as_str()).iter().any(|w| {
                    matches!(
                        w.as_str(),
                        "user"
                            | "username"
                            | "email"
                            | "mail"
                            | "login"
                            | "name"
                            | "id"
                            | "account"
                            | "phone"
                            | "mobile"
                            | "nick"
                            | "uname"
                    )
                });
            }
        }
    }
    by_password && by_other
}

/// Whether a value is a password as somebody typed it.
fn is_typed(module: &Module, value: ExprId) -> bool {
    let is_name = match &module.expr(value).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            let words = words(name.as_str());
            is_plain_password(name.as_str())
                || words.last().is_some_and(|w| matches!(w.as_str(), "pass" | "pw" | "pword" | "passw"))
        }
        ExprKind::Index { index, .. } => module.string(*index).is_some_and(|n| is_plain_password(n.as_str())),
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            // `getPassword()`, `form.get("password")`
            ExprKind::Member { name, .. } => {
                args.is_empty() && is_plain_password(name.as_str().trim_start_matches("get"))
                    || args.first().and_then(|a| module.string(a.value)).is_some_and(|n| is_plain_password(n.as_str()))
            }
            // a lone word of Ruby
            ExprKind::Name(name) => args.is_empty() && is_plain_password(name.as_str()),
            _ => false,
        },
        ExprKind::Unary { operand, .. } => return is_typed(module, *operand),
        _ => false,
    };
    is_name && !names_hashing(module, module.expr(value).range)
}

/// `repository.findByUsernameAndPassword(name, password)`: a query that its name declares.
fn asks_by_name(module: &Module, callee: ExprId, given: usize) -> bool {
    let ExprKind::Member { name, .. } = &module.expr(callee).kind else { return false };
    if given < 2 || name.as_str().len() < 16 {
        return false;
    }
    const ASKS: [&str; 8] = ["find", "get", "exists", "query", "select", "read", "fetch", "search"];
    let words = words(name.as_str());
    let by = words.iter().position(|w| w == "by");
    let and = words.iter().rposition(|w| w == "and");
    words.first().is_some_and(|w| ASKS.contains(&w.as_str()))
        && words.last().is_some_and(|w| matches!(w.as_str(), "password" | "passwd" | "pwd"))
        && by.is_some_and(|b| and.is_some_and(|a| a > b))
}

/// `user.getPassword().equals(password)`, and a function that compares its two parameters and is given both.
fn compares(module: &Module, expr: ExprId) -> bool {
    let ExprKind::Call { callee, args, .. } = &module.expr(expr).kind else { return false };
    let (stored, given) = match (&module.expr(*callee).kind, args.as_slice()) {
        (ExprKind::Member { object, name, .. }, [arg])
            if matches!(name.as_str(), "equals" | "Equals" | "eql?" | "eq") =>
        {
            (*object, arg.value)
        }
        _ => return false,
    };
    is_stored(module, stored) && is_typed(module, given) && !is_stored(module, given)
        || is_stored(module, given) && is_typed(module, stored) && !is_stored(module, stored)
}

/// `user.password`, `account.getPassword()`.
pub fn is_stored(module: &Module, side: ExprId) -> bool {
    match &module.expr(side).kind {
        ExprKind::Member { object, name, .. } => is_plain_password(name.as_str()) && is_account(module, *object),
        ExprKind::Call { callee, args, .. } if args.is_empty() => match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => {
                is_plain_password(name.as_str().trim_start_matches("get")) && is_account(module, *object)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether the owner of a member is a stored account by its name.
pub fn is_account(module: &Module, object: ExprId) -> bool {
    let name = match &module.expr(object).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
        ExprKind::Unary { operand, .. } => return is_account(module, *operand),
        _ => return false,
    };
    let words = words(name.as_str());
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    has(&[
        "user", "users", "account", "admin", "member", "customer", "person", "employee", "record", "row", "found",
        "existing", "doc", "result",
    ]) && !has(&[
        "request", "req", "dto", "form", "input", "body", "payload", "param", "params", "vo", "cmd", "command", "data",
    ])
}

/// Small functions that only compare two of their parameters, with the calls that give them a stored password
/// and a typed one.
pub fn through_comparers(model: &Model) -> Vec<(Place, Span)> {
    let mut found = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        for (expr, item) in module.exprs() {
            let ExprKind::Binary { op: BinaryOp::Eq | BinaryOp::Ne, left, right } = &item.kind else { continue };
            let (ExprKind::Name(a), ExprKind::Name(b)) = (&module.expr(*left).kind, &module.expr(*right).kind) else {
                continue;
            };
            let Some(function) = model.program.scopes(id).owner(expr).function else { continue };
            let params = &module.function(function).params;
            let both = params.iter().any(|p| p.name == *a) && params.iter().any(|p| p.name == *b);
            let at = ExprRef { module: id, expr };
            if !both
                || params.len() > 3
                || module.function(function).range.width() > 600
                || !is_production(model, module.expr_span(expr))
            {
                continue;
            }
            let calls = model.program.callers(FnId { module: id, function });
            let given = calls.iter().find(|site| {
                let module = model.program.module(site.module);
                let ExprKind::Call { args, .. } = &module.expr(site.expr).kind else { return false };
                let stored = args.iter().position(|a| is_stored(module, a.value));
                let typed = args.iter().position(|a| is_typed(module, a.value) && !is_stored(module, a.value));
                stored.is_some() && typed.is_some()
            });
            if let Some(site) = given
                && !is_hashed_near(model, at)
                && !is_hashed_near(model, ExprRef { module: site.module, expr: site.expr })
            {
                let call = model.program.span(ExprRef { module: site.module, expr: site.expr });
                found.push((Place { span: module.expr_span(expr), usage: Use::Compared }, call));
            }
        }
    }
    found
}

/// Where accounts keep their passwords: fields of stored things that are named for people.
pub fn fields(model: &Model) -> Vec<Span> {
    const PEOPLE: [&str; 15] = [
        "user",
        "users",
        "account",
        "accounts",
        "admin",
        "admins",
        "member",
        "members",
        "customer",
        "customers",
        "employee",
        "employees",
        "person",
        "login",
        "student",
    ];
    let of_people = |name: &str| words(name).iter().any(|w| PEOPLE.contains(&w.as_str()));
    let stored = model.stored.all.iter().filter(|s| is_production(model, s.span) && of_people(&s.name));
    stored.flat_map(|s| s.fields.iter()).filter(|f| is_plain_password(f.name.as_str())).map(|f| f.span).collect()
}

/// Where what was typed is kept in an account as it is: `user.password = body["password"]`, `User(password=password)`,
/// `const user = { name, password }` in a function that writes.
pub fn writes(model: &Model) -> Vec<Span> {
    let mut found = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        if !is_production(model, module.span(Range { start: 0, end: 0 })) {
            continue;
        }
        let assigned = module.stmts().filter_map(|s| match &s.kind {
            ir::StmtKind::Assign { target, value: Some(value), op: None, .. } => Some((*target, *value)),
            _ => None,
        });
        let within = module.exprs().filter_map(|(_, e)| match &e.kind {
            ExprKind::Assign { target, value, op: None } => Some((*target, *value)),
            _ => None,
        });
        for (target, value) in assigned.chain(within) {
            if is_stored(module, target) && is_typed(module, value) && !is_stored(module, value) {
                keep(model, ExprRef { module: id, expr: target }, &mut found);
            }
            // `const user = { name, password }`
            if let ExprKind::Map(entries) = &module.expr(value).kind
                && is_account(module, target)
                && let Some(entry) = entries.iter().find(|e| {
                    e.key.and_then(|k| module.string(k)).is_some_and(|k| is_plain_password(k.as_str()))
                        && is_typed(module, e.value)
                })
            {
                keep(model, ExprRef { module: id, expr: entry.value }, &mut found);
            }
        }
        for (_, item) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
            let is_class = matches!(&module.expr(*callee).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. }
                if model.stored.named(n.as_str()).is_some());
            let given = args
                .iter()
                .find(|a| a.name.is_some_and(|n| is_plain_password(n.as_str())) && is_typed(module, a.value));
            if let Some(given) = given.filter(|_| is_class) {
                keep(model, ExprRef { module: id, expr: given.value }, &mut found);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn keep(model: &Model, at: ExprRef, found: &mut Vec<Span>) {
    if !is_hashed_near(model, at) {
        found.push(model.program.span(at));
    }
}
