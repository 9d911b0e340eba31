//! Migrations of SeaORM: `impl MigrationTrait`, in the order in which a `MigratorTrait` lists them.
//!
//! `sea_orm/builders.rs` reads the builders of SeaQuery, `sea_orm/names.rs` what names tables and columns.

mod builders;
mod names;

use base::Language;
use ir::{Block, ClassKind, ExprId, ExprKind, FunctionId, Module, StmtKind, TypeKind};
use program::{ExprRef, ModuleId};
use rustc_hash::FxHashMap;
use sql::Dialect;
use sql::migrations::{Body, Migration, MigrationSet, Tool, TransactionMode};

use super::written::Written;
use crate::adapters::Context;

/// How deep functions of the same file are followed.
const MAX_DEPTH: u32 = 4;

/// All sets.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    let program = context.program;
    if !program.is_imported("sea_orm_migration") && !program.is_imported("sea_orm") {
        return Vec::new();
    }
    let mut folders: FxHashMap<String, Vec<(ModuleId, FunctionId, bool)>> = FxHashMap::default();
    let mut lists: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for id in context.modules().filter(|id| program.module(*id).language == Language::Rust) {
        let module = program.module(id);
        let folder = program.path(id).rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        for (_, class) in module.classes().filter(|(_, c)| c.kind == ClassKind::Impl) {
            let method = |name: &str| {
                let is_named = |f: &&FunctionId| module.function(**f).name.is_some_and(|n| n == name);
                class.methods.iter().find(is_named).copied()
            };
            match class.bases.first().map(|base| last_of_type(module, *base)) {
                Some("MigrationTrait") => {
                    if let Some(up) = method("up") {
                        let down = method("down").and_then(|d| module.function(d).body.as_ref());
                        folders.entry(folder.clone()).or_default().push((
                            id,
                            up,
                            down.is_some_and(|b| b.len() > 1 || has_call(module, b)),
                        ));
                    }
                }
                Some("MigratorTrait") => {
                    if let Some(list) = method("migrations") {
                        lists.insert(folder.clone(), listed(module, list));
                    }
                }
                _ => {}
            }
        }
    }
    let mut sets: Vec<MigrationSet> = folders
        .into_iter()
        .map(|(folder, mut found)| {
            let stem = |id: ModuleId| stem_of(program.path(id));
            // those that are not listed do not run
            match lists.get(&folder).filter(|list| found.iter().any(|(id, ..)| list.contains(&stem(*id)))) {
                Some(list) => {
                    let place = |id: ModuleId| list.iter().position(|s| *s == stem(id));
                    found.retain(|(id, ..)| place(*id).is_some());
                    found.sort_by_key(|(id, ..)| place(*id));
                }
                None => found.sort_by_key(|(id, ..)| stem(*id)),
            }
            let migrations = found.iter().map(|(id, up, has_down)| migration(context, *id, *up, *has_down, dialect));
            MigrationSet {
                migrations: migrations.collect(),
                directory: folder,
                tool: Tool::SeaOrm,
                dialect,
                dump: None,
            }
        })
        .collect();
    sets.sort_by(|a, b| a.directory.cmp(&b.directory));
    sets
}

/// The name of a file's module.
fn stem_of(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "mod.rs" | "lib.rs" => folder.rsplit('/').next().unwrap_or_default().to_owned(),
        file => file.trim_end_matches(".rs").to_owned(),
    }
}

fn last_of_type(module: &Module, ty: ir::TypeId) -> &'static str {
    match &module.ty(ty).kind {
        TypeKind::Named { path, .. } => path.as_str().rsplit('.').next().unwrap_or_default(),
        _ => "",
    }
}

fn has_call(module: &Module, block: &Block) -> bool {
    block.iter().any(|stmt| {
        let range = module.stmt(*stmt).range;
        module.exprs_within(range).any(|(_, e)| {
            matches!(&e.kind, ExprKind::Call { callee, .. } if matches!(module.expr(*callee).kind, ExprKind::Member { .. }))
        })
    })
}

/// `vec![Box::new(m2022_users::Migration), …]`: the modules.
fn listed(module: &Module, function: FunctionId) -> Vec<String> {
    let range = module.function(function).range;
    let mut found: Vec<(u32, String)> = Vec::new();
    for (_, expr) in module.exprs_within(range) {
        let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
        let is_box = module.dotted(*callee).is_some_and(|d| d == "Box.new");
        let Some(path) = args.first().filter(|_| is_box).and_then(|a| module.dotted(a.value)) else { continue };
        if let Some(stem) = path.rsplit('.').nth(1) {
            found.push((expr.range.start, stem.to_owned()));
        }
    }
    found.sort();
    found.into_iter().map(|(_, stem)| stem).collect()
}

fn migration(context: &Context<'_>, id: ModuleId, up: FunctionId, is_reversible: bool, dialect: Dialect) -> Migration {
    let module = context.program.module(id);
    let mut reader = Reader { context, id, module, written: Written::new(dialect), depth: 0 };
    if let Some(body) = &module.function(up).body {
        reader.block(body);
    }
    let stem = stem_of(context.program.path(id));
    let name = stem.trim_start_matches(|c: char| c == 'm' || c == '_' || c.is_ascii_digit());
    Migration {
        version: stem[..stem.len() - name.len()].trim_matches(['m', '_']).to_owned(),
        name: name.to_owned(),
        file: module.file.0 as usize,
        forward: Body::Statements(reader.written.statements()),
        is_reversible,
        // only PostgreSQL runs them in one
        transaction: if dialect == Dialect::Postgres { TransactionMode::Whole } else { TransactionMode::None },
        is_repeatable: false,
    }
}

/// Reads the body of a migration.
struct Reader<'c, 'p> {
    context: &'c Context<'p>,
    id: ModuleId,
    module: &'p Module,
    written: Written,
    depth: u32,
}

impl<'p> Reader<'_, 'p> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef { module: self.id, expr }
    }

    fn block(&mut self, block: &'p Block) {
        for stmt in block {
            match &self.module.stmt(*stmt).kind {
                StmtKind::Expr(expr) | StmtKind::Return(Some(expr)) => self.expr(*expr),
                StmtKind::Assign { value: Some(value), .. } => self.expr(*value),
                StmtKind::Block(inner) => self.block(inner),
                StmtKind::If { cond, then, otherwise } => match self.backend(*cond) {
                    Some(false) => self.block(otherwise),
                    Some(true) => self.block(then),
                    None => {
                        // `if !manager.has_column(…)`: as on a new database
                        let is_denied =
                            matches!(self.module.expr(*cond).kind, ExprKind::Unary { op: ir::UnaryOp::Not, .. });
                        self.block(if is_denied || otherwise.is_empty() { then } else { otherwise });
                    }
                },
                StmtKind::Switch { arms, .. } => {
                    let fits = |arm: &&ir::Arm| arm.patterns.iter().any(|p| self.names_backend(*p) == Some(true));
                    let arm = arms
                        .iter()
                        .find(fits)
                        .or_else(|| arms.iter().find(|a| a.patterns.iter().all(|p| self.names_backend(*p).is_none())));
                    if let Some(arm) = arm {
                        self.block(&arm.body);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a condition says that the database is the one at hand.
    fn backend(&self, cond: ExprId) -> Option<bool> {
        match &self.module.expr(cond).kind {
            ExprKind::Unary { op: ir::UnaryOp::Not, operand } => self.backend(*operand).map(|b| !b),
            ExprKind::Binary { op, left, right } => {
                let says = self.names_backend(*left).or_else(|| self.names_backend(*right))?;
                Some(says == (*op == ir::BinaryOp::Eq))
            }
            ExprKind::Call { args, .. } => args.iter().find_map(|a| self.names_backend(a.value)),
            _ => None,
        }
    }

    /// `DbBackend::Postgres`
    fn names_backend(&self, expr: ExprId) -> Option<bool> {
        match &self.module.expr(expr).kind {
            ExprKind::Logical { left, right, .. } => {
                let both = [self.names_backend(*left), self.names_backend(*right)];
                both.into_iter().flatten().reduce(|a, b| a || b)
            }
            ExprKind::Member { name, .. } => {
                let dialect = match name.as_str() {
                    "Postgres" => Dialect::Postgres,
                    "MySql" => Dialect::MySql,
                    "Sqlite" => Dialect::Sqlite,
                    _ => return None,
                };
                Some(dialect == self.written.dialect())
            }
            _ => None,
        }
    }

    fn expr(&mut self, expr: ExprId) {
        match &self.module.expr(expr).kind {
            ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => self.expr(*inner),
            ExprKind::Do(block) => self.block(block),
            ExprKind::Call { callee, args, .. } => {
                let name = match &self.module.expr(*callee).kind {
                    ExprKind::Member { name, object, .. } => {
                        // `….await.map_err(…)`
                        if matches!(self.module.expr(*object).kind, ExprKind::Await(_)) {
                            return self.expr(*object);
                        }
                        *name
                    }
                    ExprKind::Name(name) => *name,
                    _ => return,
                };
                let at = self.module.expr(expr).range;
                match (name.as_str(), args.first()) {
                    ("execute_unprepared" | "execute_raw", Some(arg)) => self.raw(arg.value, at),
                    ("execute", Some(arg)) => self.raw(arg.value, at),
                    ("Ok", Some(arg)) => self.expr(arg.value),
                    (name, Some(arg)) if builders::is_operation(name) => {
                        if let Some(sql) = self.statement(arg.value) {
                            self.written.say(&sql, at);
                            self.written.say(";\n", at);
                        }
                    }
                    _ => self.call(expr),
                }
            }
            _ => {}
        }
    }

    /// A function of the same file.
    fn call(&mut self, expr: ExprId) {
        let Some(callee) = self.context.program.call(self.at(expr)).filter(|_| self.depth < MAX_DEPTH) else { return };
        if let [function] = callee.functions.as_slice()
            && function.module == self.id
            && let Some(body) = &self.module.function(function.function).body
        {
            self.depth += 1;
            self.block(body);
            self.depth -= 1;
        }
    }

    /// SQL as text: itself, or in `Statement::from_string(backend, sql)`.
    fn raw(&mut self, expr: ExprId, at: ir::Range) {
        let text = match &self.module.expr(expr).kind {
            ExprKind::Call { args, .. } => args.iter().rev().find_map(|a| self.context.string(self.at(a.value))),
            ExprKind::Unary { operand, .. } => self.context.string(self.at(*operand)),
            _ => self.context.string(self.at(expr)),
        };
        if let Some(text) = text {
            self.written.say(text.as_str().trim_end().trim_end_matches(';'), at);
            self.written.say(";\n", at);
        }
    }
}
