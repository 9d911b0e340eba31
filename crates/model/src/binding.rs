//! What code that names the caller does with them: whether anything is compared with them or looked up by
//! them.
//!
//! Each place that names the caller is followed upwards through the expressions around it, into variables and
//! into functions of the repository. A comparison, a condition of a query or a call that takes the caller
//! together with something else binds; what only writes down who did it, logs it or shows it does not. What
//! is not understood binds.

use base::{Language, Symbol};
use ir::{CallKind, Expr, ExprId, ExprKind, Module, Range, StmtKind};
use program::{ExprRef, FnId};
use rustc_hash::FxHashSet;

use crate::Model;
use crate::caller::{Speech, gives_caller, is_request_name, names_caller, says_privilege, speaks_of_authority};
use crate::guards::words;

/// How many functions deep the caller is followed as an argument.
const DEPTH: u32 = 3;

/// Calls that tell, show or record: what they are given protects nothing.
const TELLS: [&str; 42] = [
    "log",
    "logger",
    "logging",
    "info",
    "debug",
    "warn",
    "warning",
    "error",
    "trace",
    "print",
    "println",
    "printf",
    "console",
    "audit",
    "track",
    "analytics",
    "redirect",
    "render",
    "flash",
    "path",
    "url",
    "json",
    "send",
    "respond",
    "response",
    "responds",
    "emit",
    "publish",
    "broadcast",
    "dispatch",
    "enqueue",
    "notify",
    "deliver",
    "perform",
    "view",
    "template",
    "format",
    "sprintf",
    "metrics",
    "event",
    "ok",
    "serializer",
];

/// Calls that store what they are given as it is.
const STORES: [&str; 14] = [
    "create", "insert", "save", "add", "new", "build", "push", "persist", "set", "append", "assign", "store", "put",
    "init",
];

/// Calls that give what belongs to their argument.
const GIVES: [&str; 14] =
    ["find", "get", "load", "fetch", "lookup", "parse", "string", "str", "int", "to", "of", "value", "read", "first"];

/// What a function's own code does with the caller.
pub(crate) fn of_function(model: &Model, function: FnId) -> Speech {
    let module = model.program.module(function.module);
    let item = module.function(function.function);
    if item.name.is_some_and(|n| gives_caller(n.as_str())) {
        return Speech::Names;
    }
    let own: Vec<Symbol> = item
        .params
        .iter()
        .filter(|p| model.is_caller_param(module, p))
        .map(|p| p.name)
        .filter(|n| !n.is_empty())
        .collect();
    let mut following = Following { model, visited: FxHashSet::default() };
    let found = following.within(function, own.clone(), true, 0);
    if own.is_empty() { found } else { found.max(Speech::Names) }
}

struct Following<'m> {
    model: &'m Model,
    visited: FxHashSet<(FnId, usize)>,
}

/// Where a value that stems from the caller ends.
enum End {
    /// Nowhere of interest.
    Nothing,
    /// Something is bound to the caller.
    Binds,
    /// In a variable.
    Variable(Symbol),
}

impl Following<'_> {
    /// What a function does with the variables that hold the caller; with `by_name`, with what names them too.
    fn within(&mut self, function: FnId, mut variables: Vec<Symbol>, by_name: bool, depth: u32) -> Speech {
        let module = self.model.program.module(function.module);
        let item = module.function(function.function);
        // annotations are read with the signature
        let annotations: Vec<Range> = item.annotations.iter().map(|a| module.expr(*a).range).collect();
        let is_code = |r: Range| !annotations.iter().any(|a| a.contains(r));
        let all: Vec<(ExprId, &Expr)> = module.exprs_within(item.range).filter(|(_, e)| is_code(e.range)).collect();
        if by_name && all.iter().any(|(_, e)| speaks_of_authority(module, e)) {
            return Speech::Binds;
        }
        let mut speech = Speech::Silent;
        let mut done: FxHashSet<ExprId> = FxHashSet::default();
        loop {
            let before = variables.len();
            for (id, e) in &all {
                let held = matches!(e.kind, ExprKind::Name(name) if variables.contains(&name));
                let named = held || by_name && names_caller(module, e);
                if !named || !done.insert(*id) {
                    continue;
                }
                speech = speech.max(Speech::Names);
                match self.follow(function, *id, &all, depth) {
                    End::Binds => return Speech::Binds,
                    End::Variable(name) if !variables.contains(&name) => variables.push(name),
                    _ => {}
                }
            }
            if variables.len() == before {
                return speech;
            }
        }
    }

    fn follow(&mut self, function: FnId, start: ExprId, all: &[(ExprId, &Expr)], depth: u32) -> End {
        let module = self.model.program.module(function.module);
        let range = module.expr(start).range;
        let innermost = module.function_around(range).map(|(id, _)| id);
        let mut at = start;
        let mut in_record = false;
        let mut in_data = false;
        let around = all.iter().filter(|(id, e)| *id > start && e.range.contains(range));
        let limit = innermost.map_or(module.function(function.function).range, |f| module.function(f).range);
        for (id, e) in around {
            if !limit.contains(e.range) {
                break;
            }
            match &e.kind {
                ExprKind::Member { object, name, .. } if *object == at && says_privilege(name.as_str()) => {
                    return End::Binds;
                }
                ExprKind::Call { callee, args, kind, .. } if *callee == at => {
                    if *kind == CallKind::New {
                        return End::Nothing;
                    }
                    // `caller(…).map_err(…)?` is the caller still
                    if goes_on(module, at) {
                        at = *id;
                        continue;
                    }
                    // `current_user.orders.find(id)`; `c.Get("user")` gives the caller
                    if is_member(module, at) && args.iter().any(|a| !is_fixed(module, a.value)) {
                        return End::Binds;
                    }
                }
                ExprKind::Call { callee, args, kind, .. } if args.iter().any(|a| a.value == at) => {
                    let call = ExprRef { module: function.module, expr: *id };
                    match self.as_argument(call, *callee, args, *kind, at, (in_record, in_data), depth) {
                        Passed::Binds => return End::Binds,
                        Passed::Ends => return End::Nothing,
                        Passed::Record => in_record = true,
                        Passed::Gives => in_record = false,
                    }
                }
                ExprKind::Map(entries) => {
                    in_record = true;
                    let key = entries.iter().find(|x| x.value == at).and_then(|x| module.string(x.key?));
                    in_data |= key.is_some_and(|k| {
                        matches!(k.as_str(), "data" | "$set" | "set" | "create" | "values" | "defaults")
                    });
                }
                ExprKind::List(_) => in_record = true,
                ExprKind::Binary { op, .. } => {
                    use ir::BinaryOp::{Eq, Ge, Gt, In, Le, Lt, Match, Ne, NotIn};
                    let against_nothing = compares_with_nothing(module, e);
                    if matches!(op, Eq | Ne | In | NotIn | Lt | Le | Gt | Ge | Match) {
                        return if against_nothing { End::Nothing } else { End::Binds };
                    }
                }
                ExprKind::Index { index, .. } if *index == at => return End::Binds,
                ExprKind::Assign { target, value, .. } => {
                    return if *value == at { assigned(module, *target) } else { End::Nothing };
                }
                // what stands in a function within is looked at there
                ExprKind::Lambda(inner) if Some(*inner) == innermost => break,
                _ => {}
            }
            at = *id;
        }
        self.statement(function, at, innermost, in_record)
    }

    /// The statement that the outermost expression stands in.
    fn statement(&self, function: FnId, at: ExprId, innermost: Option<ir::FunctionId>, in_record: bool) -> End {
        let module = self.model.program.module(function.module);
        for stmt in module.stmts() {
            match &stmt.kind {
                StmtKind::Assign { target, value: Some(value), .. } if *value == at => {
                    return if in_record { End::Nothing } else { assigned(module, *target) };
                }
                StmtKind::Loop { iter: Some(iter), .. } if *iter == at => return End::Binds,
                StmtKind::Switch { subject: Some(subject), .. } if *subject == at => return End::Binds,
                StmtKind::Return(Some(value)) if *value == at => {
                    let around = innermost.unwrap_or(function.function);
                    let name = module.function(around).name.map_or("", |n| n.as_str());
                    // a function that gives the caller is named for it; others give what is the caller's
                    let gives = gives_caller(name) || words(name).iter().any(|w| w == "user" || w == "userid");
                    let is_handler =
                        matches!(module.language, Language::Ruby | Language::JavaScript | Language::TypeScript)
                            && name.is_empty();
                    return if gives || is_handler || in_record { End::Nothing } else { End::Binds };
                }
                _ => {}
            }
        }
        End::Nothing
    }

    #[allow(clippy::too_many_arguments)]
    fn as_argument(
        &mut self,
        call: ExprRef,
        callee: ExprId,
        args: &[ir::Arg],
        kind: CallKind,
        at: ExprId,
        (in_record, in_data): (bool, bool),
        depth: u32,
    ) -> Passed {
        let module = self.model.program.module(call.module);
        let (name, object) = match &module.expr(callee).kind {
            ExprKind::Name(name) => (name.as_str(), None),
            ExprKind::Member { name, object, .. } => (name.as_str(), Some(*object)),
            _ => ("", None),
        };
        let said = words(name);
        let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
        let by_receiver = object.and_then(|o| module.dotted(o)).is_some_and(|o| {
            words(&o).iter().any(|w| {
                matches!(w.as_str(), "logger" | "log" | "console" | "res" | "response" | "flash" | "audit" | "metrics")
            })
        });
        if has(&TELLS) && !has(&["find", "get", "where"]) || by_receiver {
            return Passed::Ends;
        }
        if kind == CallKind::New || constructs(module, name, object) {
            return Passed::Record;
        }
        if in_record && (has(&STORES) || in_data) {
            return Passed::Ends;
        }
        if is_comparison(&said) {
            return Passed::Binds;
        }
        let alone = args.len() == 1 && args[0].name.is_none();
        let single_record =
            alone && matches!(&module.expr(args[0].value).kind, ExprKind::Map(entries) if entries.len() == 1);
        let gives = has(&GIVES) && !has(&["by", "for"]) || has(&["find", "get", "load", "fetch"]);
        if alone && (!in_record || single_record) {
            // what belongs to the caller alone: their record, their cart
            if gives && object.is_none_or(|o| is_service(module, o)) || has(&GIVES) && object.is_none() {
                return Passed::Gives;
            }
        }
        let functions: Vec<FnId> =
            self.model.program.call(call).filter(|c| c.certain).map(|c| c.functions.to_vec()).unwrap_or_default();
        if alone && object.is_none_or(|o| is_service(module, o)) && !functions.is_empty() && !in_record {
            return Passed::Gives;
        }
        if !functions.is_empty() && !in_record && depth < DEPTH {
            let position = args.iter().position(|a| a.value == at).unwrap_or(0);
            return match functions.iter().any(|f| self.passed(*f, position, args[position].name, depth)) {
                true => Passed::Binds,
                // what is made of the caller carries them on
                // `DeleteEvent::from_parts(caller, filter)`, `to_identity(caller, now)`
                false if args.len() > 1 && said.iter().any(|w| w == "from" || w == "to") => Passed::Gives,
                false => Passed::Ends,
            };
        }
        if alone && has(&STORES) {
            return Passed::Ends;
        }
        Passed::Binds
    }

    /// Whether a function binds something to the caller whom it is given.
    fn passed(&mut self, function: FnId, position: usize, name: Option<Symbol>, depth: u32) -> bool {
        if !self.visited.insert((function, position)) {
            return false;
        }
        let item = self.model.program.function(function);
        let declared: Vec<_> = item.params.iter().filter(|p| p.kind != ir::ParamKind::Receiver).collect();
        let param = declared.iter().find(|p| name == Some(p.name)).or_else(|| declared.get(position));
        // without a body or with a pattern for a parameter: not known, so it may
        match param {
            Some(param) if item.body.is_some() && !param.name.is_empty() => {
                let variables = vec![param.name];
                self.within(function, variables, false, depth + 1) == Speech::Binds
            }
            _ => true,
        }
    }
}

/// What becomes of the caller as an argument.
enum Passed {
    Binds,
    Ends,
    Record,
    Gives,
}

fn is_member(module: &Module, e: ExprId) -> bool {
    matches!(module.expr(e).kind, ExprKind::Member { .. })
}

/// Whether a method of a result gives what it holds.
fn goes_on(module: &Module, callee: ExprId) -> bool {
    module.language == Language::Rust
        && matches!(&module.expr(callee).kind, ExprKind::Member { name, .. } if matches!(name.as_str(),
            "map_err" | "ok_or" | "ok_or_else" | "expect" | "unwrap_or_else" | "inspect_err" | "context" | "with_context"))
}

fn is_fixed(module: &Module, e: ExprId) -> bool {
    match &module.expr(e).kind {
        ExprKind::Literal(_) | ExprKind::TypeExpr(_) => true,
        // `ClaimTypes.NameIdentifier`, `contextKey`
        ExprKind::Member { name, .. } | ExprKind::Name(name) => {
            name.as_str().starts_with(char::is_uppercase)
                || words(name.as_str()).iter().any(|w| w == "key" || w == "claim")
        }
        _ => false,
    }
}

/// `x != nil`: whether there is a caller, not who.
fn compares_with_nothing(module: &Module, e: &Expr) -> bool {
    let ExprKind::Binary { left, right, .. } = &e.kind else { return false };
    [left, right].into_iter().any(|side| {
        matches!(&module.expr(*side).kind, ExprKind::Literal(ir::Literal::Null | ir::Literal::Bool(_)))
            || matches!(&module.expr(*side).kind, ExprKind::Literal(ir::Literal::Int(Some(0))))
            || module.string(*side).is_some_and(|s| s.is_empty())
    })
}

fn assigned(module: &Module, target: ExprId) -> End {
    match &module.expr(target).kind {
        ExprKind::Name(name) => End::Variable(*name),
        ExprKind::Member { .. } => End::Nothing,
        // `user, err := …`, `const { id } = req.user`
        ExprKind::List(items) => match items.first().map(|i| &module.expr(*i).kind) {
            Some(ExprKind::Name(name)) => End::Variable(*name),
            _ => End::Binds,
        },
        ExprKind::Map(entries) => match entries.as_slice() {
            [only] => assigned(module, only.value),
            _ => End::Binds,
        },
        _ => End::Binds,
    }
}

/// `Order(user=…)` in Python, `Order::new(…)`, `Order.new(…)`.
fn constructs(module: &Module, name: &str, object: Option<ExprId>) -> bool {
    let capital = name.starts_with(char::is_uppercase);
    match module.language {
        Language::Python => capital,
        Language::Rust => capital || name == "new" && object.is_some(),
        Language::Ruby => name == "new",
        Language::Java => object.and_then(|o| module.dotted(o)).is_some_and(|o| o.to_lowercase().contains("builder")),
        _ => false,
    }
}

fn is_comparison(said: &[String]) -> bool {
    let first = said.first().map(String::as_str);
    matches!(
        first,
        Some(
            "equals"
                | "equal"
                | "eq"
                | "ne"
                | "compare"
                | "includes"
                | "include"
                | "contains"
                | "has"
                | "is"
                | "exists"
                | "where"
                | "filter"
                | "scoped"
        )
    ) || said.iter().any(|w| matches!(w.as_str(), "where" | "filter" | "equals" | "exclude"))
}

/// Whether a receiver is one that gives things, not a thing itself: `userService`, `repo`, `db`, `User`.
fn is_service(module: &Module, object: ExprId) -> bool {
    let name = match &module.expr(object).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
        ExprKind::This => return true,
        ExprKind::Call { callee, .. } => return is_service(module, *callee),
        _ => return false,
    };
    name.starts_with(char::is_uppercase)
        || is_request_name(name)
        || words(name).iter().any(|w| {
            matches!(
                w.as_str(),
                "service"
                    | "services"
                    | "repo"
                    | "repository"
                    | "repositories"
                    | "dao"
                    | "db"
                    | "store"
                    | "prisma"
                    | "session"
                    | "model"
                    | "models"
                    | "manager"
                    | "objects"
                    | "context"
                    | "client"
                    | "mapper"
                    | "users"
                    | "em"
                    | "dal"
            )
        })
}
