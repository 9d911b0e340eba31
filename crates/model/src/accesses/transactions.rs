//! Transactions: where one is open, what is called meanwhile, and on which ways it stays open.

use base::{Evidence, FileRole, Language, Span, Symbol};
use ir::{ExprId, ExprKind, FunctionId, FunctionKind, Literal, Range, StmtKind, Visit};
use program::{CallSite, ExprRef, FnId, ModuleId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::held::{self, Holding, Taken, place_of};
use super::statements;
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{AccessFact, Kind, RecordId};

/// How often functions that open transactions for others are looked for again.
const ROUNDS: usize = 2;

/// How a transaction is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By an annotation, for a whole function.
    Declared,
    /// By a call that is given what to do in it.
    Scoped,
    /// By a call, until another one ends it.
    Begun,
}

/// A transaction, as far as one function shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// The function in which it is open.
    pub function: FnId,
    /// The call or annotation that opens it.
    pub opened: ExprRef,
    /// The record of what opens it; none for functions of the project's own that open one for others.
    pub record: Option<RecordId>,
    /// How sure it is.
    pub evidence: Evidence,
    /// How it is opened.
    pub form: Form,
    /// What is called while it is open.
    pub calls: Vec<ExprRef>,
    /// Ways out of the function on which it stays open.
    pub exits: Vec<Span>,
    /// A call that leaves it open when it throws.
    pub throws: Option<ExprRef>,
    /// The code in which it is open, where that is one piece.
    within: Option<Range>,
}

/// What runs when the function around it is long done.
#[derive(Debug, Default)]
pub(super) struct Later {
    pub functions: FxHashSet<FnId>,
    pub calls: FxHashSet<ExprRef>,
}

/// Calls that run what they are given later, or elsewhere.
const RUN_LATER: [&str; 38] = [
    "setTimeout",
    "setImmediate",
    "nextTick",
    "queueMicrotask",
    "submit",
    "execute",
    "runAsync",
    "supplyAsync",
    "Run",
    "StartNew",
    "QueueUserWorkItem",
    "QueueBackgroundWorkItem",
    "spawn",
    "spawn_blocking",
    "spawn_local",
    "on_commit",
    "afterCommit",
    "after_commit",
    "AfterCommit",
    "registerSynchronization",
    "schedule",
    "defer",
    "on",
    "once",
    "addListener",
    "addEventListener",
    "subscribe",
    "create_task",
    "ensure_future",
    "start_soon",
    "add_task",
    "waitUntil",
    "doOnComplete",
    "doOnError",
    "doOnSuccess",
    "doOnTerminate",
    "doFinally",
    "after",
];

/// Finds what runs later.
pub(super) fn later(context: &Context<'_>, effects: &[Effect]) -> Later {
    let label = |e: &Effect| context.facts.record(e.record).label.as_deref() == Some("after-commit");
    let afterwards: FxHashSet<ExprRef> = effects
        .iter()
        .filter(|e| e.kind == Kind::Spawns || e.kind == Kind::Transaction && label(e))
        .map(|e| e.call)
        .collect();
    let opens: FxHashSet<ExprRef> =
        effects.iter().filter(|e| e.kind == Kind::Transaction && !label(e)).map(|e| e.call).collect();
    let ids: Vec<ModuleId> = context.program.ids().collect();
    let of_module = |id: ModuleId| {
        let module = context.program.module(id);
        let mut later = Later::default();
        for (expr, callee) in context.program.calls(id) {
            let at = ExprRef { module: id, expr };
            let is_named = callee.name.is_some_and(|n| RUN_LATER.contains(&n.as_str())) && !opens.contains(&at);
            let ExprKind::Call { args, block, callee: written, .. } = &module.expr(expr).kind else { continue };
            let is_thread = matches!(&module.expr(*written).kind, ExprKind::Name(n) if n == "Thread")
                || matches!(&module.expr(*written).kind, ExprKind::Member { object, name, .. }
                    if (name == "new" || name == "start") && matches!(module.expr(*object).kind, ExprKind::Name(n) if n == "Thread"));
            if !is_named && !is_thread && !afterwards.contains(&at) {
                continue;
            }
            let lambdas = args.iter().filter_map(|a| match module.expr(a.value).kind {
                ExprKind::Lambda(f) => Some(f),
                _ => None,
            });
            later.functions.extend(lambdas.chain(*block).map(|function| FnId { module: id, function }));
        }
        for stmt in module.stmts() {
            let StmtKind::Spawn(expr) = stmt.kind else { continue };
            later.calls.insert(ExprRef { module: id, expr });
            for (_, item) in module.exprs_within(module.expr(expr).range) {
                if let ExprKind::Lambda(function) = item.kind {
                    later.functions.insert(FnId { module: id, function });
                }
            }
        }
        later
    };
    let mut all = Later::default();
    let found: Vec<Later> = ids.into_par_iter().map(of_module).collect();
    for later in found {
        all.functions.extend(later.functions);
        all.calls.extend(later.calls);
    }
    all
}

/// A call that opens a transaction.
#[derive(Clone, Copy, Debug)]
struct Opening {
    call: ExprRef,
    record: Option<RecordId>,
    evidence: Evidence,
    /// Whether a statement that is sent does it.
    is_statement: bool,
}

/// Finds the transactions of production code.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], later: &Later) -> Vec<Transaction> {
    let mut by_module: FxHashMap<ModuleId, Openings> = FxHashMap::default();
    for effect in effects {
        let record = context.facts.record(effect.record);
        let call = effect.call;
        if !is_production(context, call.module) {
            continue;
        }
        let opening = Opening { call, record: Some(effect.record), evidence: effect.evidence, is_statement: false };
        match (effect.kind, record.access, record.label.as_deref()) {
            (Kind::Transaction, _, None | Some("of-context")) => {
                let all = &mut by_module.entry(call.module).or_default().all;
                if !all.iter().any(|o| o.call == call) {
                    all.push(opening);
                }
            }
            (Kind::Query, Some(AccessFact::Statement), _) => {
                let Some(word) = statements::first_word(context, call, record.arg.unwrap_or(0)) else { continue };
                let of = by_module.entry(call.module).or_default();
                match word.as_str() {
                    "BEGIN" | "START" if !of.all.iter().any(|o| o.call == call) => {
                        of.all.push(Opening { is_statement: true, ..opening });
                    }
                    "COMMIT" | "ROLLBACK" | "END" | "ABORT" => {
                        of.ended.insert(call.expr);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let mut modules: Vec<(ModuleId, Openings)> = by_module.into_iter().collect();
    modules.sort_by_key(|(id, _)| *id);
    let mut found: Vec<Transaction> = modules
        .par_iter()
        .flat_map_iter(|(id, openings)| {
            let reader = Reader { context, later, id: *id, module: context.program.module(*id), openings };
            reader.transactions()
        })
        .collect();
    found.extend(declared(context, effects, later));
    let mut from = 0;
    for _ in 0..ROUNDS {
        let more = opened_for_others(context, later, &found[from..], &found);
        from = found.len();
        found.extend(more);
    }
    found.sort_by_key(|t| (t.opened, t.function));
    found
}

fn is_production(context: &Context<'_>, id: ModuleId) -> bool {
    context.sources.file(context.program.module(id).file).role == FileRole::Production
}

/// What opens and ends transactions in one module.
#[derive(Debug, Default)]
struct Openings {
    all: Vec<Opening>,
    /// Statements that end one.
    ended: FxHashSet<ExprId>,
}

struct Reader<'c> {
    context: &'c Context<'c>,
    later: &'c Later,
    id: ModuleId,
    module: &'c ir::Module,
    openings: &'c Openings,
}

impl Reader<'_> {
    fn transactions(&self) -> Vec<Transaction> {
        self.openings.all.iter().filter_map(|opening| self.transaction(opening)).collect()
    }

    fn transaction(&self, opening: &Opening) -> Option<Transaction> {
        let call = opening.call.expr;
        let ExprKind::Call { args, block, kind, .. } = &self.module.expr(call).kind else { return None };
        if *kind == ir::CallKind::Annotation {
            return None;
        }
        let function = FnId { module: self.id, function: self.context.program.scopes(self.id).owner(call).function? };
        let lambda = args.iter().find_map(|a| match self.module.expr(a.value).kind {
            ExprKind::Lambda(f) => Some(f),
            _ => None,
        });
        let mut made = Transaction {
            function,
            opened: opening.call,
            record: opening.record,
            evidence: opening.evidence,
            form: Form::Scoped,
            calls: Vec::new(),
            exits: Vec::new(),
            throws: None,
            within: None,
        };
        if let Some(inner) = lambda.or(*block) {
            made.calls = calls_of(self.context, self.later, FnId { module: self.id, function: inner });
            made.within = Some(self.module.function(inner).range);
            return Some(made);
        }
        let range = self.module.expr(call).range;
        let around = self.module.stmts().find_map(|s| match &s.kind {
            StmtKind::With { resources, body }
                if resources.iter().any(|r| self.module.stmt(*r).range.contains(range)) =>
            {
                Some((s.range, body, resources))
            }
            _ => None,
        });
        let assigned = self.module.stmts().find_map(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), .. } if self.leads_to(value, call) => Some(target),
            _ => None,
        });
        let in_expression = || {
            let mut all = self.module.exprs_within(self.module.function(function.function).range);
            all.find_map(|(_, e)| match e.kind {
                ExprKind::Assign { target, value, .. } if self.leads_to(value, call) => Some(target),
                _ => None,
            })
        };
        let target = assigned.or_else(in_expression);
        let (kept, error) = match target.map(|t| &self.module.expr(t).kind) {
            Some(ExprKind::List(items)) => (items.first().copied(), items.get(1).copied()),
            _ => (target, None),
        };
        let receiver = self.receiver(call);
        let variable = kept.and_then(|k| place_of(self.module, k));
        let place = variable.clone().or_else(|| receiver.clone());
        let error = error.or(kept.filter(|_| receiver.is_some() && variable.as_deref() == Some("err")));
        let error = error.and_then(|e| match self.module.expr(e).kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        });
        // `if err := session.Begin(); err != nil`
        let is_status = variable.as_deref().is_some_and(|v| v == "err" || v == "_" || v == "error");
        let place = if is_status { receiver.clone() } else { place };
        let ends = |id: ExprId| {
            self.openings.ended.contains(&id)
                || self.ends(id, place.as_deref(), receiver.as_deref(), opening.is_statement)
        };
        let is_later = |f: FunctionId| self.later.functions.contains(&FnId { module: self.id, function: f });
        let taken = Taken { module: self.module, call, place: place.clone(), error, ends: &ends, is_later: &is_later };
        let holding = match around {
            Some((range, body, _)) => {
                made.within = Some(range);
                held::follow_block(&taken, body)
            }
            None => held::follow(&taken, function.function),
        };
        if around.is_none() {
            made.form = Form::Begun;
            // who ends it elsewhere keeps it open for longer than this function shows
            if !holding.is_ended {
                return None;
            }
            // where values end with their scope, so does what they hold
            let of_context =
                opening.record.is_some_and(|r| self.context.facts.record(r).label.as_deref() == Some("of-context"));
            let ends_itself = self.module.language == Language::Rust && !opening.is_statement || of_context;
            if !ends_itself && self.may_be_left(&holding, place.as_deref(), function.function) {
                // what one round of a loop begins, a later round may end
                let round = self.round(call);
                let exits = holding.exits.iter().filter(|exit| round.is_none_or(|round| round.contains(**exit)));
                made.exits = exits.map(|r| self.module.span(*r)).collect();
                made.throws = holding.throws.map(|expr| ExprRef { module: self.id, expr });
            }
        }
        made.calls = holding.calls.iter().map(|expr| ExprRef { module: self.id, expr: *expr }).collect();
        Some(made)
    }

    /// The innermost loop around a call.
    fn round(&self, call: ExprId) -> Option<Range> {
        let range = self.module.expr(call).range;
        let loops = self.module.stmts().filter(|s| matches!(s.kind, StmtKind::Loop { .. }) && s.range.contains(range));
        loops
            .map(|s| s.range)
            .min_by_key(|r| r.width())
            .filter(|_| self.context.program.scopes(self.id).loop_depth(call) > 0)
    }

    /// Whether what a value is comes from a call: through `await`, `?`, casts, and links of its chain.
    fn leads_to(&self, value: ExprId, call: ExprId) -> bool {
        let mut at = value;
        for _ in 0..8 {
            if at == call {
                return true;
            }
            at = match &self.module.expr(at).kind {
                ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => *inner,
                ExprKind::Unary { operand, .. } => *operand,
                ExprKind::Member { object, .. } => *object,
                ExprKind::Call { callee, .. } => *callee,
                _ => return false,
            };
        }
        false
    }

    /// What a call is made on, as text.
    fn receiver(&self, call: ExprId) -> Option<String> {
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        match &self.module.expr(*callee).kind {
            ExprKind::Member { object, .. } => place_of(self.module, *object),
            _ => None,
        }
    }

    /// Whether a call ends the transaction that is kept at a place, or that was begun on a receiver.
    fn ends(&self, id: ExprId, place: Option<&str>, receiver: Option<&str>, is_statement: bool) -> bool {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(id).kind else { return false };
        let name = match &self.module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => {
                let on = place_of(self.module, *object);
                if on.is_some() && on.as_deref() == place && ends_by_name(*name, args.is_empty()) {
                    return true;
                }
                let is_begun_on = on.is_some() && on.as_deref() == receiver;
                let turned_on = || {
                    name == "setAutoCommit"
                        && args.first().is_some_and(|a| {
                            !matches!(self.module.expr(a.value).kind, ExprKind::Literal(Literal::Bool(false)))
                        })
                };
                if is_begun_on && (turned_on() || speaks_of_end(*name) && !is_statement) {
                    return true;
                }
                *name
            }
            ExprKind::Name(name) => *name,
            _ => return false,
        };
        // `defer rollbackOnError(ctx, tx.Rollback)`
        let hands_on = |value: ExprId| {
            matches!(&self.module.expr(value).kind, ExprKind::Member { object, name, .. }
                if speaks_of_end(*name) && place.is_some() && place_of(self.module, *object).as_deref() == place)
        };
        if args.iter().any(|a| hands_on(a.value)) {
            return true;
        }
        // `finish(tx, err)`
        let given = args.iter().position(|a| {
            let value = match self.module.expr(a.value).kind {
                ExprKind::Unary { operand, .. } => operand,
                _ => a.value,
            };
            place.is_some() && place_of(self.module, value).as_deref() == place
        });
        let Some(given) = given else { return false };
        let plain = name.as_str().to_ascii_lowercase();
        if ["commit", "rollback", "close", "finish", "release", "cleanup", "abort", "endtx"]
            .iter()
            .any(|w| plain.contains(w))
        {
            return true;
        }
        let at = ExprRef { module: self.id, expr: id };
        self.context.program.call(at).is_some_and(|c| c.functions.iter().any(|f| self.ends_parameter(*f, given)))
    }

    /// Whether a function ends the transaction that it is given.
    fn ends_parameter(&self, function: FnId, given: usize) -> bool {
        let module = self.context.program.module(function.module);
        let item = module.function(function.function);
        let skipped = item.params.iter().filter(|p| p.kind == ir::ParamKind::Receiver).count();
        let Some(param) = item.params.get(given + skipped) else { return false };
        module.exprs_within(item.range).any(|(_, e)| {
            let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return false };
            ends_by_name(*name, args.is_empty())
                && matches!(module.expr(*object).kind, ExprKind::Name(n) if n == param.name)
        })
    }

    /// Whether ways out on which it stays open are a mistake: it is this function's own, and nothing else has it.
    fn may_be_left(&self, holding: &Holding, place: Option<&str>, function: FunctionId) -> bool {
        let Some(place) = place else { return false };
        !holding.is_ended_within && !self.escapes(place, function)
    }

    /// Whether somebody else gets hold of what is kept at a place: it is given back or put into something.
    fn escapes(&self, place: &str, function: FunctionId) -> bool {
        escapes(self.module, place, function, false)
    }
}

/// Whether somebody else gets hold of what is kept at a place: it is given back, or put into something that lives on.
/// What it is put into may be the options of a call.
pub(super) fn escapes(module: &ir::Module, place: &str, function: FunctionId, in_options: bool) -> bool {
    let range = module.function(function).range;
    let is_it = |id: ExprId| {
        let id = match module.expr(id).kind {
            ExprKind::Unary { operand, .. } => operand,
            _ => id,
        };
        place_of(module, id).as_deref() == Some(place)
    };
    let holds = |id: ExprId| {
        is_it(id) || matches!(&module.expr(id).kind, ExprKind::List(items) if items.iter().any(|i| is_it(*i)))
    };
    let by_stmt = module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
        StmtKind::Return(Some(value)) => {
            // `return connection.cursor()`
            let is_link = |call: ExprId| {
                matches!(&module.expr(call).kind, ExprKind::Call { callee, .. }
                if matches!(&module.expr(*callee).kind, ExprKind::Member { object, .. } if is_it(*object)))
            };
            holds(value) || in_options && is_link(value)
        }
        StmtKind::Assign { target, value: Some(value), .. } => {
            let is_told = match &module.expr(target).kind {
                ExprKind::Name(name) => *name == "_",
                // `command.Transaction = transaction`
                ExprKind::Member { name, .. } => name == "Transaction",
                _ => false,
            };
            is_it(value) && !is_told
        }
        _ => false,
    });
    by_stmt
        || module.exprs_within(range).any(|(_, e)| match &e.kind {
            ExprKind::Map(entries) if in_options => entries.iter().any(|e| is_it(e.value)),
            ExprKind::Assign { value, .. } => is_it(*value),
            ExprKind::Yield(Some(value)) => holds(*value),
            ExprKind::Call { args, kind: ir::CallKind::New, .. } => args.iter().any(|a| is_it(a.value)),
            ExprKind::Call { callee, args, .. } => {
                let keeps = match &module.expr(*callee).kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                        let plain = name.as_str();
                        plain.starts_with("New")
                            || plain.starts_with("With")
                            || matches!(plain, "set" | "Set" | "WithValue" | "push" | "append" | "put" | "resolve")
                    }
                    _ => false,
                };
                keeps && args.iter().any(|a| is_it(a.value))
            }
            _ => false,
        })
}

/// `commit`, `Rollback`, `abortTransaction`, `close`.
fn ends_by_name(name: Symbol, is_bare: bool) -> bool {
    let plain = name.as_str().to_ascii_lowercase().replace(['_', '!'], "");
    speaks_of_end(name)
        || is_bare && matches!(plain.as_str(), "close" | "dispose" | "disposeasync" | "end" | "endsession" | "done")
}

fn speaks_of_end(name: Symbol) -> bool {
    let plain = name.as_str().to_ascii_lowercase().replace('_', "");
    ["commit", "rollback", "abort"].iter().any(|w| plain.starts_with(w)) || plain == "complete"
}

/// What a function calls, callbacks in it included that do not run later.
fn calls_of(context: &Context<'_>, later: &Later, function: FnId) -> Vec<ExprRef> {
    struct Calls<'c> {
        module: &'c ir::Module,
        id: ModuleId,
        later: &'c Later,
        found: Vec<ExprRef>,
    }
    impl Visit for Calls<'_> {
        fn expr(&mut self, expr: ExprId) -> bool {
            if matches!(self.module.expr(expr).kind, ExprKind::Call { .. }) {
                self.found.push(ExprRef { module: self.id, expr });
            }
            true
        }

        fn stmt(&mut self, id: ir::StmtId) -> bool {
            !matches!(self.module.stmt(id).kind, StmtKind::Spawn(_))
        }

        fn function(&mut self, function: FunctionId) -> bool {
            !self.later.functions.contains(&FnId { module: self.id, function })
        }
    }
    let module = context.program.module(function.module);
    let mut calls = Calls { module, id: function.module, later, found: Vec::new() };
    module.walk_function(function.function, &mut calls);
    calls.found
}

/// Functions that an annotation, of themselves or of their class, puts into a transaction.
fn declared(context: &Context<'_>, effects: &[Effect], later: &Later) -> Vec<Transaction> {
    let mut annotations: FxHashMap<ExprRef, &Effect> = FxHashMap::default();
    for effect in effects.iter().filter(|e| e.kind == Kind::Transaction) {
        let ExprKind::Call { kind: ir::CallKind::Annotation, .. } = context.program.expr(effect.call).kind else {
            continue;
        };
        let text = context.sources.text(effect.span);
        if !["NOT_SUPPORTED", "NEVER", "SUPPORTS"].iter().any(|w| text.contains(w)) {
            annotations.insert(effect.call, effect);
        }
    }
    // `@transaction.atomic` without arguments is no call of what it names where decorators are names
    if annotations.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for id in context.program.ids().filter(|id| is_production(context, *id)) {
        let module = context.program.module(id);
        for (function, item) in module.functions() {
            if item.body.is_none() || matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block) {
                continue;
            }
            let function = FnId { module: id, function };
            let own = item.annotations.iter().find_map(|a| annotations.get(&ExprRef { module: id, expr: *a }));
            let refuses = || {
                item.annotations.iter().any(|a| {
                    let text = context.sources.text(module.expr_span(*a));
                    ["NOT_SUPPORTED", "NEVER"].iter().any(|w| text.contains(w))
                })
            };
            let is_open = matches!(item.visibility, ir::Visibility::Public) && item.kind != FunctionKind::Constructor;
            let of_class = || {
                let class = context.program.classes().class_of(function).filter(|_| is_open && !refuses())?;
                context.program.classes().lineage(class).into_iter().find_map(|c| {
                    let info = context.program.class(c);
                    info.annotations.iter().find_map(|a| annotations.get(&ExprRef { module: c.module, expr: *a }))
                })
            };
            let Some(effect) = own.or_else(of_class) else { continue };
            found.push(Transaction {
                function,
                opened: effect.call,
                record: Some(effect.record),
                evidence: effect.evidence,
                form: Form::Declared,
                calls: calls_of(context, later, function),
                exits: Vec::new(),
                throws: None,
                within: Some(item.range),
            });
        }
    }
    found
}

/// What functions are given that they call within a transaction: `withTransaction(async (tx) => …)`.
fn opened_for_others(
    context: &Context<'_>,
    later: &Later,
    new: &[Transaction],
    known: &[Transaction],
) -> Vec<Transaction> {
    let mut found: Vec<Transaction> = Vec::new();
    let mut wrappers: Vec<(FnId, Option<usize>, &Transaction)> = Vec::new();
    for open in new.iter().filter(|t| t.form != Form::Declared) {
        let module = context.program.module(open.opened.module);
        for call in &open.calls {
            let ExprKind::Call { callee, .. } = &module.expr(call.expr).kind else { continue };
            let callee = match &module.expr(*callee).kind {
                // `block.call`, `action.Invoke()`, `callback.apply(tx)`
                ExprKind::Member { object, name, .. }
                    if matches!(name.as_str(), "call" | "Invoke" | "apply" | "accept" | "get" | "run") =>
                {
                    *object
                }
                _ => *callee,
            };
            let ExprKind::Name(name) = module.expr(callee).kind else { continue };
            let mut at = context.program.scopes(call.module).owner(call.expr).function;
            while let Some(here) = at {
                let item = module.function(here);
                let given = item.params.iter().filter(|p| p.kind != ir::ParamKind::Receiver);
                if let Some(place) = given.clone().position(|p| p.name == name) {
                    wrappers.push((FnId { module: call.module, function: here }, Some(place), open));
                    break;
                }
                at = item.parent;
            }
        }
        if let Some(within) = open.within
            && module.exprs_within(within).any(|(_, e)| matches!(e.kind, ExprKind::Yield(_)))
        {
            wrappers.push((open.function, None, open));
        }
    }
    wrappers.sort_by_key(|(f, place, _)| (*f, *place));
    wrappers.dedup_by_key(|(f, place, _)| (*f, *place));
    for (function, place, open) in wrappers {
        for CallSite { module: id, expr, caller } in context.program.callers(function) {
            let at = ExprRef { module: *id, expr: *expr };
            let Some(caller) = caller.filter(|_| is_production(context, *id)) else { continue };
            if known.iter().chain(&found).any(|t| t.opened == at) {
                continue;
            }
            let module = context.program.module(*id);
            let ExprKind::Call { args, block, .. } = &module.expr(*expr).kind else { continue };
            let lambda = place.and_then(|p| args.get(p)).and_then(|a| match module.expr(a.value).kind {
                ExprKind::Lambda(f) => Some(f),
                _ => None,
            });
            let range = module.expr(*expr).range;
            let (calls, within) = match lambda.or(*block) {
                Some(inner) => {
                    let inner = FnId { module: *id, function: inner };
                    (calls_of(context, later, inner), module.function(inner.function).range)
                }
                None if place.is_none() => {
                    let body = module.stmts().find_map(|s| match &s.kind {
                        StmtKind::With { resources, body }
                            if resources.iter().any(|r| module.stmt(*r).range.contains(range)) =>
                        {
                            Some((s.range, body))
                        }
                        _ => None,
                    });
                    let Some((within, body)) = body else { continue };
                    let is_later = |f: FunctionId| later.functions.contains(&FnId { module: *id, function: f });
                    let taken =
                        Taken { module, call: *expr, place: None, error: None, ends: &|_| false, is_later: &is_later };
                    let holding = held::follow_block(&taken, body);
                    (holding.calls.iter().map(|e| ExprRef { module: *id, expr: *e }).collect(), within)
                }
                None => continue,
            };
            found.push(Transaction {
                function: caller,
                opened: at,
                record: open.record,
                evidence: open.evidence,
                form: Form::Scoped,
                calls,
                exits: Vec::new(),
                throws: None,
                within: Some(within),
            });
        }
    }
    found
}

impl Transaction {
    /// Whether the language of the function throws from calls, so that every call is a way out.
    pub fn is_left_by_throwing(language: Language) -> bool {
        !matches!(language, Language::Go | Language::Rust)
    }
}
