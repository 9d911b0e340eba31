//! What hooks do, through what instances and requests were decorated with.

use base::Evidence;
use ir::{ExprId, ExprKind, Range, StmtKind, Visit};
use program::{ExprRef, FnId};

use super::super::express::flatten;
use super::Reader;
use crate::{Guard, GuardKind};

/// How many decorators are followed, one from the other.
const MAX_DEPTH: u32 = 4;

impl Reader<'_> {
    /// The guards that a hook stands for: one, or those of a list.
    pub fn guards(&self, at: ExprRef) -> Vec<Guard> {
        let mut all = Vec::new();
        flatten(self.context, at, 8, &mut all);
        all.into_iter().map(|at| self.guard(at, 0)).collect()
    }

    fn guard(&self, at: ExprRef, depth: u32) -> Guard {
        let context = self.context;
        let mut guard = context.guard(at);
        // `fastify.authenticate`
        if guard.function.is_none()
            && depth < MAX_DEPTH
            && let ExprKind::Member { name, .. } = &context.program.expr(at).kind
            && let Some(decorator) = self.decorators.get(name)
        {
            let behind = self.guard(*decorator, depth + 1);
            if behind.kind != GuardKind::Other || guard.kind == GuardKind::Other {
                (guard.kind, guard.evidence) = (behind.kind, behind.evidence);
            }
            guard.function = behind.function;
        }
        if let Some(function) = guard.function
            && matches!(guard.kind, GuardKind::Other | GuardKind::OptionalAuthentication)
            && let Some(kind) = self.asked(function, depth)
        {
            (guard.kind, guard.evidence) = (kind, Evidence::Shown);
        }
        guard
    }

    /// What a hook asks of the request or instance: `request.jwtVerify()`, `request.isAdmin(reply)`.
    fn asked(&self, function: FnId, depth: u32) -> Option<GuardKind> {
        let module = self.context.program.module(function.module);
        let range = module.function(function.function).range;
        for (call, expr) in module.exprs_within(range) {
            let ExprKind::Call { callee, .. } = &expr.kind else { continue };
            let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
            // it throws, and the framework answers 401
            if *name == "jwtVerify" {
                let mut tries = Tries { module, call: module.expr(call).range, forgives: false };
                module.walk_function(function.function, &mut tries);
                return Some(match tries.forgives {
                    true => GuardKind::OptionalAuthentication,
                    false => GuardKind::Authentication,
                });
            }
            let decorator = self.decorators.get(name).filter(|_| depth < MAX_DEPTH);
            let kind = decorator.map(|at| self.guard(*at, depth + 1).kind);
            if matches!(kind, Some(GuardKind::Authentication | GuardKind::Authorization)) {
                return kind;
            }
        }
        None
    }
}

/// Looks for a `try` around a call whose handlers let the request go on.
struct Tries<'m> {
    module: &'m ir::Module,
    call: Range,
    forgives: bool,
}

impl Visit for Tries<'_> {
    fn expr(&mut self, _: ExprId) -> bool {
        true
    }

    fn stmt(&mut self, id: ir::StmtId) -> bool {
        if let StmtKind::Try { body, catches, .. } = &self.module.stmt(id).kind {
            let within = |range: Range| range.start <= self.call.start && self.call.end <= range.end;
            let is_around = body.iter().any(|s| within(self.module.stmt(*s).range));
            let turns_away = catches.iter().flat_map(|c| &c.body).any(|stmt| {
                let item = self.module.stmt(*stmt);
                matches!(item.kind, StmtKind::Throw(_)) || self.answers(item.range)
            });
            self.forgives |= is_around && !turns_away;
        }
        true
    }

    fn function(&mut self, _: ir::FunctionId) -> bool {
        true
    }
}

impl Tries<'_> {
    /// Whether something is answered, or thrown further down.
    fn answers(&self, range: Range) -> bool {
        self.module.exprs_within(range).any(|(_, e)| match &e.kind {
            ExprKind::Call { callee, .. } => matches!(&self.module.expr(*callee).kind, ExprKind::Member { name, .. }
                if matches!(name.as_str(), "send" | "code" | "status" | "redirect" | "unauthorized" | "forbidden")),
            _ => false,
        })
    }
}
