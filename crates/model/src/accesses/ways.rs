//! How functions come to accesses: directly, or by calls.

use ir::{CallKind, ExprId, ExprKind, FunctionKind, LogicalOp, StmtKind};
use program::{CallSite, ClassRef, ExprRef, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Access;
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;
use crate::stored::StoredThings;

/// How many calls lie between a function and an access at most.
const MAX_WAY: usize = 4;

/// How many functions a call may mean before it says too little.
const MAX_CANDIDATES: usize = 3;

/// How a function comes to an access.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The access, among all.
    pub access: u32,
    /// The calls on the way.
    pub calls: Vec<ExprRef>,
}

/// For each function that comes to an access, the shortest way.
#[derive(Debug)]
pub(super) struct Ways {
    pub of: FxHashMap<FnId, Way>,
}

impl Ways {
    /// The access that a function comes to.
    pub(super) fn access(&self, function: FnId) -> Option<u32> {
        self.of.get(&function).map(|way| way.access)
    }
}

/// Finds the ways.
pub(super) fn ways(context: &Context<'_>, effects: &[Effect], accesses: &[Access], stored: &StoredThings) -> Ways {
    let mut keeps: FxHashSet<FnId> =
        effects.iter().filter(|e| e.kind == Kind::Cache).filter_map(|e| e.function).collect();
    keeps.extend(set_aside(context, effects));
    keeps.extend(remembered(context, stored));
    let mut ways: FxHashMap<FnId, Way> = FxHashMap::default();
    let mut level: Vec<FnId> = Vec::new();
    let add = |ways: &mut FxHashMap<FnId, Way>, level: &mut Vec<FnId>, function: FnId, way: Way| {
        let mut at = Some(function);
        while let Some(here) = at {
            if keeps.contains(&here) || ways.contains_key(&here) {
                return;
            }
            ways.insert(here, way.clone());
            level.push(here);
            // a callback is the doing of the function that it stands in
            let item = context.program.function(here);
            let is_callback = matches!(item.kind, FunctionKind::Lambda | FunctionKind::Block);
            at = item.parent.filter(|_| is_callback).map(|function| FnId { module: here.module, function });
        }
    };
    for (at, access) in accesses.iter().enumerate() {
        let Some(function) = access.function.filter(|_| !access.is_lazy) else { continue };
        add(&mut ways, &mut level, function, Way { access: at as u32, calls: Vec::new() });
    }
    for _ in 1..MAX_WAY {
        level.sort_unstable();
        let mut next = Vec::new();
        for function in std::mem::take(&mut level) {
            let way = ways[&function].clone();
            for CallSite { module, expr, caller } in context.program.callers(function) {
                let call = ExprRef { module: *module, expr: *expr };
                let Some(caller) = caller.filter(|_| is_meant(context, call)) else { continue };
                let calls = std::iter::once(call).chain(way.calls.iter().copied()).collect();
                add(&mut ways, &mut next, caller, Way { access: way.access, calls });
            }
        }
        level = next;
    }
    Ways { of: ways }
}

/// Functions that an annotation sends to a queue or another thread, or whose result it keeps: calling them sends
/// nothing.
pub(super) fn set_aside(context: &Context<'_>, effects: &[Effect]) -> Vec<FnId> {
    let kept = |e: &&Effect| matches!(e.kind, Kind::Spawns | Kind::Cache);
    let annotations: FxHashSet<ExprRef> = effects.iter().filter(kept).map(|e| e.call).collect();
    if annotations.is_empty() {
        return Vec::new();
    }
    // decorators of the project's own that hand on what they are given
    let mut own: FxHashSet<FnId> = FxHashSet::default();
    for function in effects.iter().filter(kept).filter_map(|e| e.function) {
        let mut at = Some(function.function);
        while let Some(here) = at {
            own.insert(FnId { module: function.module, function: here });
            at = context.program.module(function.module).function(here).parent;
        }
    }
    let says = |annotation: ExprRef| {
        annotations.contains(&annotation)
            || context.program.call(annotation).is_some_and(|c| c.functions.iter().any(|f| own.contains(f)))
    };
    let mut found = Vec::new();
    for id in context.program.ids() {
        for (function, item) in context.program.module(id).functions() {
            if item.annotations.iter().any(|expr| says(ExprRef { module: id, expr: *expr })) {
                found.push(FnId { module: id, function });
            }
        }
    }
    found
}

/// Methods that keep what they gave: `@prices ||= Price.all`. Those of rows keep it for each row apart.
fn remembered(context: &Context<'_>, stored: &StoredThings) -> Vec<FnId> {
    let mut found = Vec::new();
    for id in context.program.ids() {
        let module = context.program.module(id);
        let is_kept = |value: ExprId| {
            let value = match module.expr(value).kind {
                ExprKind::Assign { value, .. } => value,
                _ => value,
            };
            matches!(module.expr(value).kind, ExprKind::Logical { op: LogicalOp::Or, left, .. }
                if matches!(module.expr(left).kind, ExprKind::Name(n) if n.as_str().starts_with('@')))
        };
        for (function, item) in module.functions() {
            let Some([only]) = item.body.as_deref() else { continue };
            let keeps = match module.stmt(*only).kind {
                StmtKind::Assign { value: Some(value), .. } | StmtKind::Expr(value) | StmtKind::Return(Some(value)) => {
                    is_kept(value)
                }
                _ => false,
            };
            let class = item.class.map(|class| context.program.classes().canonical(ClassRef { module: id, class }));
            if keeps && class.is_none_or(|c| stored.of_class(c).is_none()) {
                found.push(FnId { module: id, function });
            }
        }
    }
    found
}

/// Whether it is known well enough what a call calls. What makes an object sends nothing.
pub(super) fn is_meant(context: &Context<'_>, call: ExprRef) -> bool {
    if matches!(context.program.expr(call).kind, ExprKind::Call { kind: CallKind::New | CallKind::Annotation, .. }) {
        return false;
    }
    // what an interface declares does nothing by itself
    let does = |f: &&FnId| context.program.function(**f).body.is_some();
    context.program.call(call).is_some_and(|c| c.certain && c.functions.iter().filter(does).count() <= MAX_CANDIDATES)
}
