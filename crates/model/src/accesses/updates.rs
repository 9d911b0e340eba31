//! Values that are read, changed in memory and written back: two requests at once lose one of the changes.

use base::{FileRole, Span, Symbol};
use ir::{BinaryOp, ExprId, ExprKind, Literal, StmtKind, UnaryOp};
use program::{ExprRef, FnId, ModuleId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::ways::Ways;
use super::{Access, Does, grouped};
use crate::adapters::Context;
use crate::effects::Effect;

/// A value that is read, changed and written back.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The function.
    pub function: FnId,
    /// What reads the row.
    pub read: ExprRef,
    /// Where the new value is made from the old one.
    pub change: Span,
    /// The value: `account.balance`.
    pub what: String,
    /// Its last name.
    pub field: Symbol,
    /// What writes it back.
    pub write: ExprRef,
    /// The access that writes, among all.
    pub access: u32,
    /// Whether it is a whole of which a part is changed: a list, a map, a document.
    pub is_whole: bool,
}

/// Finds them, where nothing locks the row.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], accesses: &[Access], ways: &Ways) -> Vec<Update> {
    let locked = grouped::locked(context, effects);
    let by_function = grouped::by_function(context, accesses);
    let mut functions: Vec<(FnId, Vec<u32>)> = by_function
        .into_iter()
        .filter(|(f, _)| !locked.contains(f))
        .filter(|(f, _)| is_production(context, f.module))
        .collect();
    functions.sort_unstable_by_key(|(f, _)| *f);
    functions
        .par_iter()
        .flat_map_iter(|(function, all)| {
            let reader = Reader {
                context,
                module: context.program.module(function.module),
                function: *function,
                accesses,
                all,
                ways,
            };
            reader.updates()
        })
        .collect()
}

fn is_production(context: &Context<'_>, id: ModuleId) -> bool {
    context.sources.file(context.program.module(id).file).role == FileRole::Production
}

struct Reader<'c> {
    context: &'c Context<'c>,
    module: &'c ir::Module,
    function: FnId,
    accesses: &'c [Access],
    all: &'c [u32],
    ways: &'c Ways,
}

impl Reader<'_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef { module: self.function.module, expr }
    }

    fn updates(&self) -> Vec<Update> {
        let rows = self.rows();
        let mut found: Vec<Update> = Vec::new();
        if rows.is_empty() || self.is_versioned() || self.is_guarded() {
            return found;
        }
        let range = self.module.function(self.function.function).range;
        for stmt in self.module.stmts().filter(|s| range.contains(s.range)) {
            if let StmtKind::Assign { target, op, value: Some(value), .. } = stmt.kind {
                self.change(target, op, value, stmt.range, &rows, &mut found);
            }
        }
        for (expr, item) in self.module.exprs_within(range) {
            match &item.kind {
                ExprKind::Assign { target, op, value } => {
                    self.change(*target, *op, *value, item.range, &rows, &mut found);
                }
                // `account.count++`
                ExprKind::Unary { op: UnaryOp::Other, operand } if self.is_counted(expr) => {
                    if let Some((row, field)) = self.field(*operand) {
                        self.add(row, field, item.range, None, &rows, &mut found);
                    }
                }
                // `account.setBalance(account.getBalance() - amount)`
                ExprKind::Call { callee, args, .. } => {
                    if let (ExprKind::Member { object, name, .. }, [only]) =
                        (&self.module.expr(*callee).kind, args.as_slice())
                        && let ExprKind::Name(row) = self.module.expr(*object).kind
                        && let Some(field) = name.as_str().strip_prefix("set")
                        && self.is_from_old(only.value, row, Symbol::new(&format!("get{field}")))
                    {
                        self.add(row, Symbol::new(field), item.range, None, &rows, &mut found);
                    }
                    self.written_at_once(expr, &rows, &mut found);
                }
                _ => {}
            }
        }
        found.sort_by_key(|u| (u.change, u.field));
        found.dedup_by_key(|u| (u.field, u.write));
        found
    }

    /// Variables that hold a row of the database, with what reads it.
    fn rows(&self) -> FxHashMap<Symbol, ExprRef> {
        let mut rows = FxHashMap::default();
        let range = self.module.function(self.function.function).range;
        let mut bind = |target: ExprId, value: ExprId| {
            let target = match &self.module.expr(target).kind {
                // `account, err := repo.Find(id)`
                ExprKind::List(items) => items.first().copied(),
                _ => Some(target),
            };
            let Some(ExprKind::Name(name)) = target.map(|t| &self.module.expr(t).kind) else { return };
            if let Some(read) = self.reads_row(value) {
                rows.insert(*name, read);
            }
        };
        for stmt in self.module.stmts().filter(|s| range.contains(s.range)) {
            if let StmtKind::Assign { target, value: Some(value), op: None, .. } = stmt.kind {
                bind(target, value);
            }
        }
        for (_, item) in self.module.exprs_within(range) {
            if let ExprKind::Assign { target, op: None, value } = item.kind {
                bind(target, value);
            }
        }
        // `db.First(&account, id)`
        for access in self.all.iter().map(|a| &self.accesses[*a as usize]).filter(|a| a.does == Does::One) {
            let ExprKind::Call { args, .. } = &self.module.expr(access.call.expr).kind else { continue };
            for arg in args {
                if let ExprKind::Unary { op: UnaryOp::Ref, operand } = self.module.expr(arg.value).kind
                    && let ExprKind::Name(name) = self.module.expr(operand).kind
                {
                    rows.insert(name, access.call);
                }
            }
        }
        rows
    }

    /// What reads the row that an expression gives: an access to one row, or a function that leads to one.
    fn reads_row(&self, value: ExprId) -> Option<ExprRef> {
        let mut at = value;
        for _ in 0..12 {
            let here = self.at(at);
            if let Some(access) = self.all.iter().map(|a| &self.accesses[*a as usize]).find(|a| a.call == here) {
                return (access.does == Does::One).then_some(here);
            }
            at = match &self.module.expr(at).kind {
                ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => *inner,
                ExprKind::Unary { op: UnaryOp::Try | UnaryOp::NonNull, operand } => *operand,
                ExprKind::Call { callee, .. } => {
                    let called = self.context.program.call(here).filter(|c| c.certain && c.functions.len() == 1);
                    if let Some(function) = called.map(|c| c.functions[0]) {
                        let access = self.ways.access(function)?;
                        return (self.accesses[access as usize].does == Does::One).then_some(here);
                    }
                    // `repository.findById(id).orElseThrow()`
                    match &self.module.expr(*callee).kind {
                        ExprKind::Member { object, .. } => *object,
                        _ => return None,
                    }
                }
                _ => return None,
            };
        }
        None
    }

    fn change(
        &self,
        target: ExprId,
        op: Option<BinaryOp>,
        value: ExprId,
        range: ir::Range,
        rows: &FxHashMap<Symbol, ExprRef>,
        found: &mut Vec<Update>,
    ) {
        let Some((row, field)) = self.field(target) else { return };
        let is_change = match op {
            Some(BinaryOp::Add | BinaryOp::Sub) => self.is_number(value),
            None => self.is_from_old(value, row, field),
            _ => false,
        };
        let is_whole = op.is_none() && rows.contains_key(&row) && self.is_old_whole(value, row, field);
        if is_change || is_whole {
            let before = found.len();
            self.add(row, field, range, None, rows, found);
            found[before..].iter_mut().for_each(|u| u.is_whole = is_whole);
        }
    }

    /// `account.balance` of a variable.
    fn field(&self, expr: ExprId) -> Option<(Symbol, Symbol)> {
        let (object, field) = match &self.module.expr(expr).kind {
            ExprKind::Member { object, name, .. } => (*object, *name),
            ExprKind::Call { callee, args, .. } if args.is_empty() => match &self.module.expr(*callee).kind {
                ExprKind::Member { object, name, .. } => (*object, *name),
                _ => return None,
            },
            _ => return None,
        };
        match self.module.expr(object).kind {
            ExprKind::Name(row) => Some((row, field)),
            _ => None,
        }
    }

    /// Whether a value is the old one plus or minus something.
    fn is_from_old(&self, value: ExprId, row: Symbol, field: Symbol) -> bool {
        let ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Sub, left, right } = self.module.expr(value).kind else {
            return false;
        };
        let is_old = |expr: ExprId| self.field(expr) == Some((row, field));
        is_old(left) && self.is_number(right) || is_old(right) && self.is_number(left)
    }

    /// Whether a value is the old one with something put into it or taken out of it: a list, a map, a document that
    /// was taken apart. What is written is the whole of it.
    fn is_old_whole(&self, value: ExprId, row: Symbol, field: Symbol) -> bool {
        let is_old = |expr: ExprId| self.field(expr) == Some((row, field)) || self.is_taken_apart(expr, row, field);
        let holds_old = |expr: ExprId| {
            let mut all = self.module.exprs_within(self.module.expr(expr).range);
            all.any(|(e, _)| is_old(e))
        };
        let at = match self.module.expr(value).kind {
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => inner,
            _ => value,
        };
        match &self.module.expr(at).kind {
            // `{ ...row.settings, [key]: value }`, `[...row.tags, tag]`, `{**row.settings, key: value}`
            ExprKind::Map(entries) if entries.len() > 1 => {
                entries.iter().any(|e| e.key.is_none() && holds_old(e.value))
            }
            ExprKind::List(items) if items.len() > 1 => {
                items.iter().any(|i| matches!(self.module.expr(*i).kind, ExprKind::Spread(inner) if is_old(inner)))
            }
            ExprKind::Call { callee, args, .. } => {
                let (name, object) = match &self.module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } => (*name, Some(*object)),
                    ExprKind::Name(name) => (*name, None),
                    _ => return false,
                };
                let plain = name.as_str().to_ascii_lowercase().replace(['_', '!'], "");
                let puts = ["append", "concat", "merge", "union", "push", "without", "except", "deepmerge", "assign"]
                    .contains(&plain.as_str());
                let given = args.iter().any(|a| is_old(a.value) || self.spreads(a.value, &is_old));
                let others = args
                    .iter()
                    .any(|a| !is_old(a.value) && !matches!(self.module.expr(a.value).kind, ExprKind::Literal(_)));
                // `JSON.stringify(settings)`, `settings.ToString()` of what was made of the row's text
                let writes = [
                    "stringify",
                    "dumps",
                    "tostring",
                    "serialize",
                    "tojson",
                    "encode",
                    "marshal",
                    "serializeobject",
                    "writevalueasstring",
                ]
                .contains(&plain.as_str());
                puts && others && (given || object.is_some_and(is_old))
                    || writes
                        && (args.iter().any(|a| self.is_taken_apart(a.value, row, field))
                            || object.is_some_and(|o| self.is_taken_apart(o, row, field)))
            }
            _ => false,
        }
    }

    fn spreads(&self, value: ExprId, is_old: &dyn Fn(ExprId) -> bool) -> bool {
        matches!(self.module.expr(value).kind, ExprKind::Spread(inner) if is_old(inner))
    }

    /// Whether a variable holds what the row's text was taken apart into: `settings = json.loads(row.settings)`.
    fn is_taken_apart(&self, expr: ExprId, row: Symbol, field: Symbol) -> bool {
        let ExprKind::Name(name) = self.module.expr(expr).kind else { return false };
        let range = self.module.function(self.function.function).range;
        let reads = |value: ExprId| {
            self.module.exprs_within(self.module.expr(value).range).any(|(_, e)| {
                let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
                let name = match &self.module.expr(*callee).kind {
                    ExprKind::Member { name, .. } | ExprKind::Name(name) => *name,
                    _ => return false,
                };
                let plain = name.as_str().to_ascii_lowercase().replace('_', "");
                ["parse", "loads", "deserialize", "decode", "unmarshal", "readvalue", "fromjson", "deserializeobject"]
                    .contains(&plain.as_str())
                    && args.iter().any(|a| self.field(a.value) == Some((row, field)))
            })
        };
        self.module.stmts().filter(|s| range.contains(s.range)).any(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => {
                matches!(self.module.expr(target).kind, ExprKind::Name(n) if n == name) && reads(value)
            }
            _ => false,
        })
    }

    /// Whether a lock keeps others out, by the names of what is called.
    fn is_guarded(&self) -> bool {
        let range = self.module.function(self.function.function).range;
        self.module.exprs_within(range).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => super::checks::keeps_out(name.as_str()),
            _ => false,
        })
    }

    /// Whether something notices that another was first: what it writes is refused then.
    fn is_versioned(&self) -> bool {
        let range = self.module.function(self.function.function).range;
        let text = self.context.sources.text(self.module.span(range)).to_ascii_lowercase();
        [
            "concurrencyexception",
            "optimisticlock",
            "staleobject",
            "stale_object",
            "versionconflict",
            "stalestate",
            "staledata",
        ]
        .iter()
        .any(|w| text.contains(w))
    }

    /// Whether something may be a number: text and lists are put together otherwise.
    fn is_number(&self, value: ExprId) -> bool {
        !matches!(
            self.module.expr(value).kind,
            ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_) | ExprKind::List(_) | ExprKind::Map(_)
        )
    }

    /// Whether a unary operator is `++` or `--`.
    fn is_counted(&self, expr: ExprId) -> bool {
        let text = self.context.sources.text(self.module.expr_span(expr));
        ["++", "--"].iter().any(|op| text.starts_with(op) || text.ends_with(op))
    }

    /// `Product.update({ stock: product.stock - 1 })`.
    fn written_at_once(&self, call: ExprId, rows: &FxHashMap<Symbol, ExprRef>, found: &mut Vec<Update>) {
        let here = self.at(call);
        let Some(at) = self.all.iter().find(|a| self.accesses[**a as usize].call == here) else { return };
        if self.accesses[*at as usize].does != Does::Update {
            return;
        }
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return };
        for arg in args {
            for (_, item) in self.module.exprs_within(self.module.expr(arg.value).range) {
                let entries: Vec<(Symbol, ExprId)> = match &item.kind {
                    ExprKind::Map(entries) => {
                        entries.iter().filter_map(|e| Some((self.module.string(e.key?)?, e.value))).collect()
                    }
                    _ => continue,
                };
                for (field, value) in entries {
                    for row in rows.keys() {
                        if self.is_from_old(value, *row, field) {
                            self.add(*row, field, self.module.expr(value).range, Some(*at), rows, found);
                        }
                    }
                }
            }
            if let Some(field) = arg.name {
                for row in rows.keys() {
                    if self.is_from_old(arg.value, *row, field) {
                        self.add(*row, field, self.module.expr(arg.value).range, Some(*at), rows, found);
                    }
                }
            }
        }
    }

    fn add(
        &self,
        row: Symbol,
        field: Symbol,
        range: ir::Range,
        write: Option<u32>,
        rows: &FxHashMap<Symbol, ExprRef>,
        found: &mut Vec<Update>,
    ) {
        let Some(read) = rows.get(&row) else { return };
        if self.module.expr(read.expr).range.start > range.start {
            return;
        }
        let written = write.or_else(|| self.write_of(row, range)).map(|a| (self.accesses[a as usize].call, a));
        let Some((write, access)) = written.or_else(|| self.saved(row, range)) else { return };
        found.push(Update {
            function: self.function,
            read: *read,
            change: self.module.span(range),
            what: format!("{row}.{field}"),
            field,
            write,
            access,
            is_whole: false,
        });
    }

    /// `account.save()` of something that came from the database, with what is known of the libraries in use.
    fn saved(&self, row: Symbol, changed: ir::Range) -> Option<(ExprRef, u32)> {
        let range = self.module.function(self.function.function).range;
        let mut calls = self.module.exprs_within(range).filter(|(_, e)| e.range.start >= changed.end);
        let call = calls.find_map(|(expr, item)| {
            let ExprKind::Call { callee, .. } = &item.kind else { return None };
            let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { return None };
            let of_row = matches!(self.module.expr(*object).kind, ExprKind::Name(n) if n == row);
            let saves = matches!(name.as_str(), "save" | "save!" | "Save" | "SaveAsync" | "update" | "update!");
            (of_row && saves).then_some(expr)
        })?;
        Some((self.at(call), *self.all.first()?))
    }

    /// The access that writes a row back after it was changed: `account.save()`, `repository.save(account)`, or one
    /// that writes all that was changed.
    fn write_of(&self, row: Symbol, changed: ir::Range) -> Option<u32> {
        self.all.iter().copied().find(|at| {
            let access = &self.accesses[*at as usize];
            let item = self.module.expr(access.call.expr);
            let ExprKind::Call { args, callee, .. } = &item.kind else { return false };
            let is_after = item.range.start >= changed.end;
            let mentions = |expr: ExprId| {
                let mut all = self.module.exprs_within(self.module.expr(expr).range);
                all.any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == row))
            };
            let about = args.iter().any(|a| mentions(a.value)) || mentions(*callee);
            is_after && matches!(access.does, Does::Update | Does::Insert) && (about || args.is_empty())
        })
    }
}
