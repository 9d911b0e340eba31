//! Walks through what a revision does, with loops over lists that are written down and functions of the project.

use base::{FileId, Symbol};
use ir::{Block, ExprId, ExprKind, FunctionId, StmtId, StmtKind};
use program::{ExprRef, FnId, ModuleId};
use sql::Dialect;

use crate::schemas::sqlalchemy::{Call, Maker, Reading};

/// How many rounds of loops and calls within calls are followed.
const MAX_ROUNDS: usize = 300;
const MAX_CALLS: usize = 5;

/// One walk.
pub(super) struct Run<'c> {
    pub reading: Reading<'c>,
    pub maker: Maker,
    /// The names of `batch_alter_table`, with their tables.
    pub batches: Vec<(Symbol, String)>,
    /// Some of it runs outside a transaction.
    pub commits: bool,
    file: FileId,
    depth: usize,
}

impl<'c> Run<'c> {
    pub(super) fn new(reading: Reading<'c>, maker: Maker) -> Self {
        Run { reading, maker, batches: Vec::new(), commits: false, file: FileId(0), depth: 0 }
    }

    /// Another file.
    pub(super) fn begin(&mut self, file: FileId) {
        self.file = file;
        self.maker.file = file;
        self.commits = false;
        self.batches.clear();
        self.reading.bound.clear();
    }

    pub(super) fn function(&mut self, module: ModuleId, function: FunctionId) {
        let body = self.reading.context.program.module(module).function(function).body.clone();
        self.block(module, &body.unwrap_or_default());
    }

    fn block(&mut self, module: ModuleId, block: &Block) {
        for stmt in block {
            self.statement(module, *stmt);
        }
    }

    fn statement(&mut self, id: ModuleId, stmt: StmtId) {
        let program = self.reading.context.program;
        let module = program.module(id);
        match &module.stmt(stmt).kind {
            StmtKind::Expr(expr) | StmtKind::Return(Some(expr)) => self.expression(ExprRef { module: id, expr: *expr }),
            StmtKind::Assign { target, value: Some(value), .. } => {
                let at = ExprRef { module: id, expr: *value };
                self.expression(at);
                if let ExprKind::Name(name) = &module.expr(*target).kind {
                    // what a loop or a call gave holds here
                    let known = self.reading.resolved(at);
                    if !self.reading.bound.is_empty() && known != at {
                        self.reading.bound.push((*name, known));
                    }
                }
            }
            StmtKind::If { cond, then, otherwise } => self.choice(id, *cond, then, otherwise),
            StmtKind::Loop { pattern, iter, body, .. } => self.rounds(id, *pattern, *iter, body),
            StmtKind::Try { body, finally, .. } => {
                self.block(id, body);
                self.block(id, finally);
            }
            StmtKind::With { resources, body } => self.with(id, resources, body),
            StmtKind::Block(body) => self.block(id, body),
            _ => {}
        }
    }

    fn expression(&mut self, at: ExprRef) {
        let module = self.reading.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Await(inner) => self.expression(ExprRef { module: at.module, expr: *inner }),
            ExprKind::Do(block) => self.block(at.module, &block.clone()),
            ExprKind::Call { .. } => {
                let Some(call) = self.reading.call(at) else { return };
                if module.file == self.file {
                    self.maker.at = module.expr(at.expr).range;
                }
                if !self.operation(&call) {
                    self.own_function(&call);
                }
            }
            _ => {}
        }
    }

    /// A function of the project, with its parameters.
    fn own_function(&mut self, call: &Call) {
        let program = self.reading.context.program;
        let Some(callee) = program.call(call.at) else { return };
        let [only] = callee.functions.as_slice() else { return };
        let FnId { module, function } = *only;
        let item = program.module(module).function(function);
        if self.depth >= MAX_CALLS || item.class.is_some() {
            return;
        }
        let mark = self.reading.bound.len();
        for (position, param) in item.params.iter().enumerate() {
            let given = call.arg(position, param.name.as_str()).map(|a| self.reading.resolved(a));
            let given = given.or_else(|| param.default.map(|expr| ExprRef { module, expr }));
            if let Some(given) = given {
                self.reading.bound.push((param.name, given));
            }
        }
        self.depth += 1;
        self.function(module, function);
        self.depth -= 1;
        self.reading.bound.truncate(mark);
    }

    /// A branch: by the dialect where the condition asks for it, else the first one that does something.
    fn choice(&mut self, id: ModuleId, cond: ExprId, then: &Block, otherwise: &Block) {
        match self.asks_dialect(ExprRef { module: id, expr: cond }) {
            Some(true) => self.block(id, then),
            Some(false) => self.block(id, otherwise),
            None => match self.does_something(id, then) {
                true => self.block(id, then),
                false => self.block(id, otherwise),
            },
        }
    }

    /// Whether a block calls anything at all.
    fn does_something(&self, id: ModuleId, block: &Block) -> bool {
        let module = self.reading.context.program.module(id);
        block
            .iter()
            .any(|s| !matches!(module.stmt(*s).kind, StmtKind::Return(None) | StmtKind::Throw(_) | StmtKind::Continue))
    }

    /// `bind.dialect.name == "postgresql"`: what it comes to.
    fn asks_dialect(&self, at: ExprRef) -> Option<bool> {
        let module = self.reading.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Binary { op, left, right } => {
                let names: Vec<String> = self.reading.texts(here(*right));
                let known = ["postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle"];
                let text = self.reading.context.sources.text(module.expr_span(*left));
                let speaks = text.contains("dialect")
                    || text.contains("url")
                    || names.iter().all(|n| known.contains(&n.as_str()));
                if names.is_empty() || !speaks || !names.iter().any(|n| known.iter().any(|k| n.starts_with(k))) {
                    return None;
                }
                let ours: &[&str] = match self.reading.dialect {
                    Dialect::MySql => &["mysql", "mariadb"],
                    Dialect::Sqlite => &["sqlite"],
                    Dialect::SqlServer => &["mssql"],
                    Dialect::Oracle => &["oracle"],
                    _ => &["postgres"],
                };
                let is_ours = names.iter().any(|n| ours.iter().any(|o| n.starts_with(o)));
                match op {
                    ir::BinaryOp::Eq | ir::BinaryOp::In => Some(is_ours),
                    ir::BinaryOp::Ne | ir::BinaryOp::NotIn => Some(!is_ours),
                    _ => None,
                }
            }
            ExprKind::Unary { op: ir::UnaryOp::Not, operand } => self.asks_dialect(here(*operand)).map(|known| !known),
            // `if not exists` alone is no question of the dialect
            ExprKind::Name(_) => {
                let made = self.reading.resolved(at);
                if made == at { None } else { self.asks_dialect(made) }
            }
            _ => None,
        }
    }

    /// A loop over what is written down.
    fn rounds(&mut self, id: ModuleId, pattern: Option<ExprId>, iter: Option<ExprId>, body: &Block) {
        let (Some(pattern), Some(iter)) = (pattern, iter) else { return };
        let elements = self.elements(ExprRef { module: id, expr: iter });
        for element in elements.into_iter().take(MAX_ROUNDS) {
            let mark = self.reading.bound.len();
            self.bind(ExprRef { module: id, expr: pattern }, &element);
            self.block(id, body);
            self.reading.bound.truncate(mark);
        }
    }

    /// What a loop goes through: each element, or key and value.
    fn elements(&self, at: ExprRef) -> Vec<Vec<ExprRef>> {
        let program = self.reading.context.program;
        if let Some(call) = self.reading.call(self.reading.resolved(at)) {
            let inner = call.object.map(|o| self.reading.resolved(o));
            let map = inner.filter(|_| matches!(call.name.as_str(), "items" | "keys" | "values"));
            if let Some(map) = map
                && let ExprKind::Map(entries) = &program.module(map.module).expr(map.expr).kind
            {
                let here = |expr: ExprId| ExprRef { module: map.module, expr };
                let pair = |e: &ir::Entry| {
                    let key = here(e.key?);
                    Some(match call.name.as_str() {
                        "keys" => vec![key],
                        "values" => vec![here(e.value)],
                        _ => vec![key, here(e.value)],
                    })
                };
                return entries.iter().filter_map(pair).collect();
            }
        }
        self.reading.items(at).into_iter().map(|item| vec![item]).collect()
    }

    fn bind(&mut self, pattern: ExprRef, values: &[ExprRef]) {
        let module = self.reading.context.program.module(pattern.module);
        match (&module.expr(pattern.expr).kind, values) {
            (ExprKind::Name(name), [value, ..]) => self.reading.bound.push((*name, *value)),
            (ExprKind::List(parts), [value]) => {
                let inner = self.reading.items(*value);
                for (part, value) in parts.iter().zip(inner) {
                    self.bind(ExprRef { module: pattern.module, expr: *part }, &[value]);
                }
            }
            (ExprKind::List(parts), values) => {
                for (part, value) in parts.iter().zip(values) {
                    self.bind(ExprRef { module: pattern.module, expr: *part }, &[*value]);
                }
            }
            _ => {}
        }
    }

    /// `with op.batch_alter_table("orders") as batch_op`, `with op.get_context().autocommit_block()`.
    fn with(&mut self, id: ModuleId, resources: &Block, body: &Block) {
        let module = self.reading.context.program.module(id);
        let mark = self.batches.len();
        for resource in resources {
            let (target, value) = match &module.stmt(*resource).kind {
                StmtKind::Assign { target, value: Some(value), .. } => (Some(*target), *value),
                StmtKind::Expr(value) => (None, *value),
                _ => continue,
            };
            let Some(call) = self.reading.call(ExprRef { module: id, expr: value }) else { continue };
            match call.name.as_str() {
                "autocommit_block" => self.commits = true,
                "batch_alter_table" => {
                    let table = self.table(&call, 0, "table_name", "schema");
                    if let (Some(table), Some(ExprKind::Name(name))) = (table, target.map(|t| &module.expr(t).kind)) {
                        self.batches.push((*name, table));
                    }
                }
                _ => {}
            }
        }
        self.block(id, body);
        self.batches.truncate(mark);
    }
}
