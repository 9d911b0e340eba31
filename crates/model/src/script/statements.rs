//! Statements, and what patterns bind.

use std::rc::Rc;

use ir::{Block, ExprId, ExprKind, StmtKind};
use program::{ExprRef, FnId, ModuleId};

use super::{Env, MAX_ROUNDS, Run, Tool, Val, What};

/// How a statement ends.
pub(crate) enum Flow {
    Next,
    Return(Val),
    /// `throw`.
    Throw,
    Break,
    Continue,
}

impl Run<'_, '_> {
    pub(super) fn block(&mut self, module: ModuleId, block: &Block, env: &Env, tool: &mut dyn Tool) -> Flow {
        for stmt in block {
            match self.statement(module, *stmt, env, tool) {
                Flow::Next => {}
                ended => return ended,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, module: ModuleId, stmt: ir::StmtId, env: &Env, tool: &mut dyn Tool) -> Flow {
        let item = self.context.program.module(module);
        match &item.stmt(stmt).kind {
            StmtKind::Assign { target, value: Some(value), declares, op: None, .. } => {
                let value = self.eval(module, *value, env, tool);
                match declares {
                    true => self.bind(module, *target, value, env, tool),
                    false => self.assign(module, *target, &value, env),
                }
            }
            StmtKind::Expr(expr) => {
                self.eval(module, *expr, env, tool);
            }
            StmtKind::If { cond, then, otherwise } => return self.branch(module, *cond, then, otherwise, env, tool),
            StmtKind::Loop { pattern: Some(pattern), iter: Some(iter), body, .. } => {
                let list = self.eval(module, *iter, env, tool);
                return self.rounds(module, *pattern, &list, body, env, tool);
            }
            StmtKind::Switch { subject: Some(subject), arms } => return self.switch(module, *subject, arms, env, tool),
            StmtKind::Try { body, finally, .. } => {
                let flow = self.block(module, body, env, tool);
                let after = self.block(module, finally, env, tool);
                return match (after, flow) {
                    (Flow::Next, flow) => flow,
                    (after, _) => after,
                };
            }
            StmtKind::With { resources, body } => {
                self.block(module, resources, env, tool);
                return self.block(module, body, env, tool);
            }
            StmtKind::Block(block) => return self.block(module, block, env, tool),
            StmtKind::Return(value) => {
                let value = match value {
                    Some(value) => self.eval(module, *value, env, tool),
                    None => Val::new(What::Null, self.site),
                };
                return Flow::Return(value);
            }
            StmtKind::Throw(_) => return Flow::Throw,
            StmtKind::Break => return Flow::Break,
            StmtKind::Continue => return Flow::Continue,
            StmtKind::Function(function) => {
                let f = item.function(*function);
                if let (Some(name), Some(scope)) = (f.name, env) {
                    let what = What::Function(FnId { module, function: *function }, env.clone());
                    scope.set(name, Val::new(what, self.place(module, f.name_range)));
                }
            }
            _ => {}
        }
        Flow::Next
    }

    /// A condition that is not known holds, unless all that it does is to leave.
    fn branch(
        &mut self,
        module: ModuleId,
        cond: ExprId,
        then: &Block,
        otherwise: &Block,
        env: &Env,
        tool: &mut dyn Tool,
    ) -> Flow {
        match self.eval(module, cond, env, tool).truth() {
            Some(true) => self.block(module, then, env, tool),
            Some(false) => self.block(module, otherwise, env, tool),
            None => {
                let item = self.context.program.module(module);
                let leaves = |s: &ir::StmtId| {
                    matches!(
                        item.stmt(*s).kind,
                        StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Continue | StmtKind::Break
                    )
                };
                let only_leaves = then.last().is_some_and(leaves);
                let chosen = if only_leaves { otherwise } else { then };
                match self.block(module, chosen, env, tool) {
                    Flow::Return(_) | Flow::Throw | Flow::Break | Flow::Continue => Flow::Next,
                    next => next,
                }
            }
        }
    }

    fn rounds(
        &mut self,
        module: ModuleId,
        pattern: ExprId,
        list: &Val,
        body: &Block,
        env: &Env,
        tool: &mut dyn Tool,
    ) -> Flow {
        // `for (const key in object)`
        let keys = list.entries().iter().map(|e| Val::new(What::Text(Rc::clone(&e.key)), e.at));
        let rounds: Vec<Val> = list.items().iter().cloned().chain(keys).take(MAX_ROUNDS).collect();
        for value in rounds {
            self.bind(module, pattern, value, env, tool);
            match self.block(module, body, env, tool) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                ended => return ended,
            }
        }
        Flow::Next
    }

    fn switch(&mut self, module: ModuleId, subject: ExprId, arms: &[ir::Arm], env: &Env, tool: &mut dyn Tool) -> Flow {
        let subject = self.eval(module, subject, env, tool);
        let mut default = None;
        for (at, arm) in arms.iter().enumerate() {
            if arm.patterns.is_empty() {
                default = Some(at);
            }
            for pattern in &arm.patterns {
                let value = self.eval(module, *pattern, env, tool);
                if self.are_equal(&subject, &value) == Some(true) {
                    return self.arms(module, &arms[at..], env, tool);
                }
            }
        }
        match default {
            Some(at) => self.arms(module, &arms[at..], env, tool),
            None => Flow::Next,
        }
    }

    /// Arms from one on: empty ones fall through.
    fn arms(&mut self, module: ModuleId, arms: &[ir::Arm], env: &Env, tool: &mut dyn Tool) -> Flow {
        let Some(arm) = arms.iter().find(|a| !a.body.is_empty()) else { return Flow::Next };
        match self.block(module, &arm.body, env, tool) {
            Flow::Break => Flow::Next,
            flow => flow,
        }
    }

    /// Binds what a pattern names.
    pub(super) fn bind(&mut self, module: ModuleId, pattern: ExprId, value: Val, env: &Env, tool: &mut dyn Tool) {
        let Some(scope) = env else { return };
        // the program knows better what a file gives
        if value.as_call().is_some_and(|c| c.on.is_none() && c.last() == "require") {
            return;
        }
        let item = self.context.program.module(module);
        match &item.expr(pattern).kind {
            ExprKind::Name(name) => scope.set(*name, value),
            ExprKind::Map(entries) => {
                for entry in entries {
                    let part = match entry.key.and_then(|k| item.string(k)) {
                        Some(key) => self.member(&value, key.as_str(), value.at),
                        None => value.clone(),
                    };
                    self.bind(module, entry.value, part, env, tool);
                }
            }
            ExprKind::List(items) => {
                for (at, pattern) in items.iter().enumerate() {
                    let part = match (&item.expr(*pattern).kind, &value.what) {
                        (ExprKind::Spread(_), What::List(list)) => {
                            let rest = list.get(at..).unwrap_or_default().to_vec();
                            Val::new(What::List(Rc::new(rest)), value.at)
                        }
                        (_, What::List(list)) => {
                            list.get(at).cloned().unwrap_or_else(|| Val::new(What::Null, value.at))
                        }
                        _ => Val::new(What::Unknown, value.at),
                    };
                    self.bind(module, *pattern, part, env, tool);
                }
            }
            // a default
            ExprKind::Assign { target, value: default, .. } => {
                let value = match value.is_null() {
                    true => self.eval(module, *default, env, tool),
                    false => value,
                };
                self.bind(module, *target, value, env, tool);
            }
            ExprKind::Spread(inner) => self.bind(module, *inner, value, env, tool),
            _ => {}
        }
    }

    /// Sets a variable or an entry of an object that a variable holds.
    pub(super) fn assign(&mut self, module: ModuleId, target: ExprId, value: &Val, env: &Env) {
        let Some(scope) = env else { return };
        let item = self.context.program.module(module);
        match &item.expr(target).kind {
            ExprKind::Name(name) if !scope.assign(*name, value) => {
                scope.set(*name, value.clone());
            }
            ExprKind::Member { object, name, .. } => {
                let ExprKind::Name(holder) = &item.expr(*object).kind else { return };
                let Some(Val { what: What::Map(entries), at }) = scope.get(*holder) else { return };
                let mut entries = entries.to_vec();
                entries.retain(|e| *e.key != *name.as_str());
                entries.push(super::Entry { key: name.as_str().into(), at: value.at, value: value.clone() });
                scope.assign(*holder, &Val::new(What::Map(Rc::new(entries)), at));
            }
            _ => {}
        }
    }

    /// Evaluates a constant of a module once.
    pub(super) fn constant(&mut self, at: ExprRef, tool: &mut dyn Tool) -> Val {
        if let Some(found) = self.constants.get(&at) {
            return found.clone();
        }
        // one that is made of itself is not known
        self.constants.insert(at, Val::new(What::Unknown, self.site));
        let value = self.eval(at.module, at.expr, &None, tool);
        self.constants.insert(at, value.clone());
        value
    }
}
