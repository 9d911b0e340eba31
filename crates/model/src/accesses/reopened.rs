//! Clients, pools and connections that code which answers requests makes for itself, once for each call.

use base::{Evidence, FileRole, Symbol};
use ir::{ExprId, ExprKind, FunctionKind, Module, Range, StmtKind};
use program::{Binding, ExprRef, FnId};
use rustc_hash::FxHashMap;

use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{Kind, RecordId};
use crate::guards::words;

/// How many functions a client that is given back is followed through.
const MAX_CALLERS: u32 = 3;

/// Words of functions and classes that keep what they make, or make it to see whether it can be made.
const ONCE: [&str; 37] = [
    "test",
    "tests",
    "check",
    "verify",
    "ping",
    "validate",
    "setup",
    "install",
    "init",
    "initialize",
    "bootstrap",
    "start",
    "startup",
    "health",
    "migrate",
    "migration",
    "backup",
    "restore",
    "export",
    "import",
    "seed",
    "factory",
    "singleton",
    "cached",
    "memo",
    "shared",
    "main",
    "configure",
    "register",
    "lazy",
    "instance",
    "reload",
    "refresh",
    "reconnect",
    "rotate",
    "probe",
    "build",
];

/// A client that is made for each call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reopened {
    /// The function.
    pub function: FnId,
    /// The call that makes it.
    pub call: ExprRef,
    /// The record of it.
    pub record: RecordId,
    /// What makes it, as written.
    pub name: Symbol,
}

/// Finds them: by `opens` records that are `shared`.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], serves: &FxHashMap<FnId, u32>) -> Vec<Reopened> {
    let makes = |e: &&Effect| {
        e.kind == Kind::Opens
            && e.evidence == Evidence::Shown
            && context.facts.record(e.record).shared
            && context.sources.file(e.span.file).role == FileRole::Production
    };
    let mut found = Vec::new();
    for effect in effects.iter().filter(makes) {
        let Some(function) = effect.function else { continue };
        let outer = outermost(context, function);
        if !serves.contains_key(&function) && !serves.contains_key(&outer) {
            continue;
        }
        let kept = Kept { context, serves };
        if kept.is_made_once(function) || kept.is_kept(effect.call, function, 0) {
            continue;
        }
        found.push(Reopened { function, call: effect.call, record: effect.record, name: effect.name });
    }
    found.sort_by_key(|r| r.call);
    found.dedup_by_key(|r| r.call);
    found
}

fn outermost(context: &Context<'_>, function: FnId) -> FnId {
    let module = context.program.module(function.module);
    let mut at = function.function;
    while let Some(parent) = module.function(at).parent {
        at = parent;
    }
    FnId { module: function.module, function: at }
}

struct Kept<'c> {
    context: &'c Context<'c>,
    serves: &'c FxHashMap<FnId, u32>,
}

impl Kept<'_> {
    /// Whether a function is one that runs once, or whose result somebody keeps.
    fn is_made_once(&self, function: FnId) -> bool {
        let module = self.context.program.module(function.module);
        let mut at = Some(function.function);
        while let Some(id) = at {
            let item = module.function(id);
            let says = |name: &str| words(name).iter().any(|w| ONCE.contains(&w.as_str()));
            let of_annotation = |annotation: &ExprId| {
                let text = self.context.sources.text(module.expr_span(*annotation)).to_ascii_lowercase();
                ["cache", "memo", "once", "bean", "provides", "singleton", "fixture", "lazy"]
                    .iter()
                    .any(|w| text.contains(w))
            };
            if matches!(item.kind, FunctionKind::Constructor | FunctionKind::Accessor)
                || item.name.is_some_and(|n| says(n.as_str()) || n.as_str().starts_with("New"))
                || item.annotations.iter().any(of_annotation)
            {
                return true;
            }
            at = item.parent;
        }
        false
    }

    /// Whether what a call makes outlives the function: it goes to a field, a global, a map, or to who keeps it.
    fn is_kept(&self, call: ExprRef, function: FnId, depth: u32) -> bool {
        let module = self.context.program.module(call.module);
        let range = module.function(function.function).range;
        let made = module.expr(call.expr).range;
        let mut local: Option<Symbol> = None;
        let assigns = module.stmts().filter_map(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => Some((target, value)),
            _ => None,
        });
        let inner = module.exprs_within(range).filter_map(|(_, e)| match e.kind {
            ExprKind::Assign { target, value, .. } => Some((target, value)),
            _ => None,
        });
        for (target, value) in assigns.chain(inner) {
            if !module.expr(value).range.contains(made) || !range.contains(module.expr(value).range) {
                continue;
            }
            // the body of a function that is assigned makes no value of its own
            if module.functions().any(|(_, f)| module.expr(value).range.contains(f.range) && f.range.contains(made)) {
                continue;
            }
            let first = match &module.expr(target).kind {
                ExprKind::List(items) => items.first().copied().unwrap_or(target),
                _ => target,
            };
            match &module.expr(first).kind {
                ExprKind::Name(name) if self.is_local(function, *name) => local = Some(*name),
                // a global that each call sets anew keeps nothing
                ExprKind::Name(name) if !self.is_asked_before(function, *name, made) => continue,
                _ => return true,
            }
        }
        let given_back = |wanted: &dyn Fn(ExprId) -> bool| {
            module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
                StmtKind::Return(Some(value)) => wanted(value),
                StmtKind::Expr(value) => {
                    matches!(module.expr(value).kind, ExprKind::Yield(Some(inner)) if wanted(inner))
                }
                _ => false,
            })
        };
        let (is_kept_later, is_given_back) = match local {
            Some(name) => {
                (is_put_away(self, module, range, name, function), given_back(&|value| mentions(module, value, name)))
            }
            None => (false, given_back(&|value| is_itself(module, value, call.expr))),
        };
        if is_kept_later {
            return true;
        }
        if !is_given_back {
            return false;
        }
        if depth >= MAX_CALLERS {
            return true;
        }
        // at the top of a file it is made once; so it is where no request comes
        let comes = |caller: &FnId| {
            self.serves.contains_key(caller) || self.serves.contains_key(&outermost(self.context, *caller))
        };
        let sites = self.context.program.callers(function);
        sites.iter().filter_map(|site| Some((site, site.caller.filter(comes)?))).all(|(site, caller)| {
            self.is_made_once(caller)
                || self.is_kept(ExprRef { module: site.module, expr: site.expr }, caller, depth + 1)
        })
    }

    /// Whether a function asks for a global before it sets it: `if (!client) { client = … }`.
    fn is_asked_before(&self, function: FnId, name: Symbol, made: Range) -> bool {
        let module = self.context.program.module(function.module);
        let outer = outermost(self.context, function);
        if outer != function || name.as_str().starts_with(['@', '$']) {
            return true;
        }
        let range = module.function(function.function).range;
        let mentions = |within: ExprId| {
            let mut all = module.exprs_within(module.expr(within).range);
            all.any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == name))
        };
        module.stmts().filter(|s| range.contains(s.range) && s.range.start < made.start).any(|s| match s.kind {
            StmtKind::If { cond, .. } => mentions(cond),
            StmtKind::Switch { subject: Some(subject), .. } => mentions(subject),
            _ => false,
        }) || module.exprs_within(range).any(|(_, e)| match e.kind {
            ExprKind::Logical { left, right, .. } => module.expr(right).range.contains(made) && mentions(left),
            ExprKind::Ternary { cond, .. } => mentions(cond),
            ExprKind::Assign { target, .. } => e.range.contains(made) && mentions(target),
            _ => false,
        })
    }

    fn is_local(&self, function: FnId, name: Symbol) -> bool {
        let module = self.context.program.module(function.module);
        let scopes = self.context.program.scopes(function.module);
        // a name of the file that the function does not declare again
        let range = module.function(function.function).range;
        let is_declared = || {
            module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
                StmtKind::Assign { target, declares: true, .. } => {
                    let mut within = module.exprs_within(module.expr(target).range);
                    within.any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == name))
                }
                _ => false,
            })
        };
        let is_param = module.function(function.function).params.iter().any(|p| p.name == name);
        if (scopes.top.contains_key(&name) || module.language.is_ecmascript()) && !is_param && !is_declared() {
            return false;
        }
        let mut at = Some(function.function);
        while let Some(id) = at {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(&name) {
                return bindings.iter().any(|b| !matches!(b, Binding::Import(_)))
                    && !name.as_str().starts_with(['@', '$']);
            }
            at = module.function(id).parent;
        }
        false
    }
}

/// Whether a variable is put into a field, a global or a map, or handed to another call or object.
fn is_put_away(kept: &Kept<'_>, module: &Module, range: Range, name: Symbol, function: FnId) -> bool {
    let named = |value: ExprId| matches!(module.expr(value).kind, ExprKind::Name(n) if n == name);
    let assigned = module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
        StmtKind::Assign { target, value: Some(value), .. } if named(value) => match &module.expr(target).kind {
            ExprKind::Name(other) => !kept.is_local(function, *other),
            _ => true,
        },
        _ => false,
    });
    assigned
        || module.exprs_within(range).any(|(_, e)| match &e.kind {
            ExprKind::Assign { target, value, .. } if named(*value) => {
                !matches!(&module.expr(*target).kind, ExprKind::Name(other) if kept.is_local(function, *other))
            }
            // `cache.set(key, client)`
            ExprKind::Call { callee, args, .. } => {
                let puts = match &module.expr(*callee).kind {
                    ExprKind::Member { name, .. } | ExprKind::Name(name) => {
                        matches!(
                            name.as_str(),
                            "set"
                                | "put"
                                | "Store"
                                | "Set"
                                | "add"
                                | "push"
                                | "append"
                                | "insert"
                                | "TryAdd"
                                | "Add"
                                | "GetOrAdd"
                        )
                    }
                    _ => false,
                };
                puts && args.iter().any(|a| named(a.value))
            }
            ExprKind::Map(entries) => entries.iter().any(|e| named(e.value)),
            _ => false,
        })
}

fn mentions(module: &Module, value: ExprId, name: Symbol) -> bool {
    match &module.expr(value).kind {
        ExprKind::Name(n) => *n == name,
        ExprKind::List(items) => items.iter().any(|i| mentions(module, *i, name)),
        ExprKind::Map(entries) => entries.iter().any(|e| mentions(module, e.value, name)),
        ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => mentions(module, *inner, name),
        ExprKind::Call { args, kind: ir::CallKind::New, .. } => args.iter().any(|a| mentions(module, a.value, name)),
        _ => false,
    }
}

/// Whether a value is what a call gives, or wraps it, and not what comes of using it.
fn is_itself(module: &Module, value: ExprId, call: ExprId) -> bool {
    if value == call {
        return true;
    }
    match &module.expr(value).kind {
        ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } | ExprKind::Cast { value: inner, .. } => {
            is_itself(module, *inner, call)
        }
        ExprKind::List(items) => items.iter().any(|i| is_itself(module, *i, call)),
        ExprKind::Call { args, .. } => args.iter().any(|a| is_itself(module, a.value, call)),
        ExprKind::Map(entries) => entries.iter().any(|e| is_itself(module, e.value, call)),
        _ => false,
    }
}
