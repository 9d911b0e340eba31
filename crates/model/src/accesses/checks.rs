//! Rows that are looked for and written when they are not there: two requests at once both find none.

use base::{Evidence, FileRole, Span, Symbol};
use ir::{BinaryOp, Block, ExprId, ExprKind, Literal, LogicalOp, Range, StmtKind, UnaryOp};
use program::{ExprRef, FnId};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use sql::StatementKind;

use super::relations::outermost_of;
use super::ways::Ways;
use super::{Access, Does, grouped, receiver, statements};
use crate::adapters::Context;
use crate::effects::Effect;

/// A row that is looked for, and written when it is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The function.
    pub function: FnId,
    /// What looks.
    pub read: ExprRef,
    /// What decides.
    pub decides: Span,
    /// What writes.
    pub write: ExprRef,
    /// What is written, in one word, without a plural.
    pub subject: String,
    /// What writes, as it is written.
    pub name: String,
    /// The columns that it is looked for by, as they are written.
    pub keys: Vec<String>,
    /// How sure it is.
    pub evidence: Evidence,
}

/// Words of what holds rows or leads to them, which say nothing of what the rows are.
const GENERAL: [&str; 46] = [
    "db",
    "database",
    "session",
    "repository",
    "repo",
    "this",
    "self",
    "context",
    "ctx",
    "prisma",
    "query",
    "tx",
    "trx",
    "conn",
    "connection",
    "pool",
    "client",
    "manager",
    "em",
    "entitymanager",
    "model",
    "object",
    "data",
    "service",
    "store",
    "dao",
    "mapper",
    "dbcontext",
    "knex",
    "sequelize",
    "orm",
    "engine",
    "gorm",
    "collection",
    "table",
    "storage",
    "app",
    "state",
    "cursor",
    "cur",
    "client",
    "dbsession",
    "unitofwork",
    "datasource",
    "appdatasource",
    "record",
];

/// Finds them.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], accesses: &[Access], ways: &Ways) -> Vec<Check> {
    let locked = grouped::locked(context, effects);
    let mut by_function = grouped::by_function(context, accesses);
    // functions that look or write by calling others
    for function in ways.of.keys() {
        for site in context.program.callers(*function) {
            if let Some(caller) = site.caller {
                by_function.entry(outermost_of(context, caller)).or_default();
            }
        }
    }
    let is_production =
        |f: &FnId| context.sources.file(context.program.module(f.module).file).role == FileRole::Production;
    let mut functions: Vec<(FnId, Vec<u32>)> =
        by_function.into_iter().filter(|(f, _)| !locked.contains(f) && is_production(f)).collect();
    functions.sort_unstable_by_key(|(f, _)| *f);
    functions
        .par_iter()
        .flat_map_iter(|(function, all)| {
            let module = context.program.module(function.module);
            Reader { context, module, function: *function, accesses, all, ways }.checks()
        })
        .collect()
}

/// A call that looks or writes.
#[derive(Clone, Debug)]
struct Step {
    call: ExprId,
    access: u32,
    words: FxHashSet<String>,
}

struct Reader<'c> {
    context: &'c Context<'c>,
    module: &'c ir::Module,
    function: FnId,
    accesses: &'c [Access],
    all: &'c [u32],
    ways: &'c Ways,
}

/// What a condition says of a row when it holds, and when it does not: whether the row is there.
type Sense = (Option<bool>, Option<bool>);

impl Reader<'_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef { module: self.function.module, expr }
    }

    fn range(&self) -> Range {
        self.module.function(self.function.function).range
    }

    fn checks(&self) -> Vec<Check> {
        let (reads, writes) = self.steps();
        let mut found: Vec<Check> = Vec::new();
        if reads.is_empty() || writes.is_empty() || self.is_guarded() {
            return found;
        }
        for write in &writes {
            for read in &reads {
                let same: Vec<&String> = read.words.intersection(&write.words).collect();
                let Some(subject) = same.iter().min().map(|s| (*s).clone()) else { continue };
                let Some(decides) = self.decision(read, write) else { continue };
                let keys = self.keys(read);
                if keys.is_empty() || self.is_taken_care_of(write.call) {
                    continue;
                }
                found.push(Check {
                    function: self.function,
                    read: self.at(read.call),
                    decides: self.module.span(decides),
                    write: self.at(write.call),
                    name: self.name(write.call).unwrap_or_else(|| subject.clone()),
                    subject,
                    keys,
                    evidence: self.accesses[read.access as usize]
                        .evidence
                        .min(self.accesses[write.access as usize].evidence),
                });
                break;
            }
        }
        found.sort_by_key(|c| c.write);
        found.dedup_by_key(|c| c.read);
        found
    }

    fn name(&self, call: ExprId) -> Option<String> {
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        self.module.dotted(*callee)
    }

    /// What looks for rows and what writes new ones, in order of place.
    fn steps(&self) -> (Vec<Step>, Vec<Step>) {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let mut commits = None;
        for at in self.all {
            let access = &self.accesses[*at as usize];
            let call = access.call.expr;
            let step = || Step { call, access: *at, words: self.words(access) };
            match access.does {
                Does::One | Does::Count if !access.is_lazy => reads.push(step()),
                Does::List if access.is_filtered => reads.push(step()),
                Does::Insert if !self.is_upsert(access) => writes.push(step()),
                Does::Update if matches!(&self.module.expr(call).kind, ExprKind::Call { args, .. } if args.is_empty()) =>
                {
                    commits = Some(*at);
                }
                _ => {}
            }
        }
        for (call, item) in self.module.exprs_within(self.range()) {
            let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
            // `session.add(user)`, sent by the commit that follows
            if let (Some(commit), ExprKind::Member { object, name, .. }) = (commits, &self.module.expr(*callee).kind)
                && matches!(name.as_str(), "add" | "Add" | "AddAsync" | "persist")
                && args.len() == 1
                && self.module.dotted(*object).is_some_and(|d| {
                    let plain = d.to_ascii_lowercase();
                    plain.ends_with("session") || plain.contains("context") || plain.ends_with("em")
                })
            {
                let words = self.words_of_call(call);
                writes.push(Step { call, access: commit, words });
            }
            let here = self.at(call);
            if self.all.iter().any(|a| self.accesses[*a as usize].call == here) {
                continue;
            }
            let Some(called) = self.context.program.call(here).filter(|c| c.certain && c.functions.len() == 1) else {
                continue;
            };
            let Some(access) = self.ways.access(called.functions[0]) else { continue };
            let name = called.name.map(|n| n.as_str().to_ascii_lowercase()).unwrap_or_default();
            let starts = |words: &[&str]| words.iter().any(|w| name.starts_with(w));
            let step = Step { call, access, words: self.words(&self.accesses[access as usize]) };
            match self.accesses[access as usize].does {
                Does::One | Does::Count
                    if starts(&["find", "get", "exist", "has", "is", "check", "by", "count", "lookup"]) =>
                {
                    reads.push(step);
                }
                Does::Insert if starts(&["create", "insert", "add", "save", "register", "store", "new"]) => {
                    writes.push(step);
                }
                _ => {}
            }
        }
        reads.sort_by_key(|s| self.module.expr(s.call).range.start);
        writes.sort_by_key(|s| self.module.expr(s.call).range.start);
        (reads, writes)
    }

    fn is_upsert(&self, access: &Access) -> bool {
        let record = self.context.facts.record(access.record);
        let text = self.context.sources.text(access.span);
        let plain = text.to_ascii_lowercase().replace(['_', ' ', '\n'], "");
        if [
            "onconflict",
            "onduplicate",
            "insertignore",
            "insertorignore",
            "insertorreplace",
            "upsert",
            "notexists",
            "ignoreduplicates",
            "ignoreconflicts",
            "updateorcreate",
            "skipduplicates",
            "doesnotexist",
        ]
        .iter()
        .any(|w| plain.contains(w))
        {
            return true;
        }
        let written = statements::written(self.context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
        let statement = sql::parse(&written, sql::Dialect::Generic);
        matches!(statement.first().map(|s| &s.kind), Some(StatementKind::Query(query)) if query.upsert.is_some() || query.rows == 0 && !query.subqueries.is_empty())
    }

    /// What the rows of an access are.
    fn words(&self, access: &Access) -> FxHashSet<String> {
        let program = self.context.program;
        let record = self.context.facts.record(access.record);
        if record.access == Some(crate::facts::AccessFact::Statement) {
            let text = statements::written(self.context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
            let parsed = sql::parse(&text, sql::Dialect::Generic);
            if let Some(StatementKind::Query(query)) = parsed.first().map(|s| &s.kind) {
                let first = query.written_table().or(query.tables.first());
                return first.map(|t| word(&t.name.name)).into_iter().collect();
            }
            return FxHashSet::default();
        }
        // a method that a declaration stands for: `UserRepository.findByEmail`
        if record.access == Some(crate::facts::AccessFact::Declared) {
            let class = access.name.rsplit_once('.').map_or("", |(class, _)| class);
            return [word(class)].into_iter().filter(|w| !GENERAL.contains(&w.as_str())).collect();
        }
        words_of_call(program.module(access.call.module), access.call.expr)
    }

    fn words_of_call(&self, call: ExprId) -> FxHashSet<String> {
        words_of_call(self.module, call)
    }

    /// The condition that lets `write` happen only when `read` found nothing.
    fn decision(&self, read: &Step, write: &Step) -> Option<Range> {
        let read_range = self.module.expr(read.call).range;
        let write_range = self.module.expr(write.call).range;
        if read_range.end > write_range.start {
            return None;
        }
        let names = self.names_of(read);
        for stmt in self.module.stmts().filter(|s| self.range().contains(s.range)) {
            let StmtKind::If { cond, then, otherwise } = &stmt.kind else { continue };
            let cond_range = self.module.expr(*cond).range;
            let is_direct = cond_range.contains(read_range);
            if cond_range.end > write_range.start || !is_direct && cond_range.start < read_range.end {
                continue;
            }
            let (holds, fails) = self.sense(*cond, &names, read.call);
            let within = |block: &Block| block.iter().any(|s| self.module.stmt(*s).range.contains(write_range));
            let absent = match () {
                () if within(then) => holds == Some(false),
                () if within(otherwise) => fails == Some(false),
                () if self.leaves(then) && !then.is_empty() => {
                    fails == Some(false) && self.follows(stmt.range, write_range)
                }
                () if self.leaves(otherwise) && !otherwise.is_empty() => {
                    holds == Some(false) && self.follows(stmt.range, write_range)
                }
                () => false,
            };
            if absent {
                return Some(cond_range);
            }
        }
        None
    }

    /// Whether something stands after a statement, in the block that it stands in.
    fn follows(&self, stmt: Range, write: Range) -> bool {
        write.start >= stmt.end
            && !self.module.stmts().any(|s| {
                let arms: Vec<&Block> = match &s.kind {
                    StmtKind::If { then, otherwise, .. } => vec![then, otherwise],
                    StmtKind::Switch { arms, .. } => arms.iter().map(|a| &a.body).collect(),
                    StmtKind::Loop { body, .. } => vec![body],
                    _ => return false,
                };
                // an arm that holds the condition and not the write
                arms.into_iter().any(|b| {
                    let holds = |r: Range| b.iter().any(|i| self.module.stmt(*i).range.contains(r));
                    holds(stmt) && !holds(write)
                })
            })
    }

    fn leaves(&self, block: &Block) -> bool {
        block.last().is_some_and(|s| match &self.module.stmt(*s).kind {
            StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Continue | StmtKind::Break => true,
            StmtKind::Expr(e) => {
                let ExprKind::Call { callee, .. } = &self.module.expr(*e).kind else { return false };
                match &self.module.expr(*callee).kind {
                    ExprKind::Name(n) | ExprKind::Member { name: n, .. } => {
                        matches!(n.as_str(), "abort" | "panic" | "fail" | "raise" | "throw")
                    }
                    _ => false,
                }
            }
            _ => false,
        })
    }

    /// Names that hold what a call found.
    fn names_of(&self, read: &Step) -> FxHashSet<Symbol> {
        let mut names = FxHashSet::default();
        let range = self.module.expr(read.call).range;
        let mut bind = |target: ExprId, value: ExprId| {
            let item = self.module.expr(value);
            if item.range.contains(range) && !self.is_in_lambda(value, range) {
                for (_, e) in self.module.exprs_within(self.module.expr(target).range) {
                    if let ExprKind::Name(name) = e.kind {
                        names.insert(name);
                    }
                }
            }
        };
        for stmt in self.module.stmts().filter(|s| self.range().contains(s.range)) {
            if let StmtKind::Assign { target, value: Some(value), .. } = stmt.kind {
                bind(target, value);
            }
        }
        for (_, item) in self.module.exprs_within(self.range()) {
            if let ExprKind::Assign { target, op: None, value } = item.kind {
                bind(target, value);
            }
        }
        // `db.First(&user)`, `db.QueryRow(…).Scan(&count)`
        let start = range.start;
        let links =
            self.module.exprs_within(self.range()).filter(|(_, e)| e.range.start == start && e.range.end >= range.end);
        for (_, item) in links {
            let ExprKind::Call { args, .. } = &item.kind else { continue };
            for arg in args {
                if let ExprKind::Unary { op: UnaryOp::Ref, operand } = self.module.expr(arg.value).kind
                    && let ExprKind::Name(name) = self.module.expr(operand).kind
                {
                    names.insert(name);
                }
            }
        }
        names
    }

    fn is_in_lambda(&self, value: ExprId, range: Range) -> bool {
        let outer = self.module.expr(value).range;
        self.module.functions().any(|(_, f)| outer.contains(f.range) && f.range.contains(range) && f.range != outer)
            || matches!(self.module.expr(value).kind, ExprKind::Lambda(_))
    }

    fn sense(&self, cond: ExprId, names: &FxHashSet<Symbol>, read: ExprId) -> Sense {
        let module = self.module;
        let same = |there: bool| (Some(there), Some(!there));
        let is_found = |e: ExprId| self.is_found(e, names, read);
        match &module.expr(cond).kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let (holds, fails) = self.sense(*operand, names, read);
                (fails, holds)
            }
            ExprKind::Logical { op: LogicalOp::And, left, right } => {
                let (left, right) = (self.sense(*left, names, read), self.sense(*right, names, read));
                (left.0.or(right.0), None)
            }
            ExprKind::Logical { op: LogicalOp::Or, left, right } => {
                let (left, right) = (self.sense(*left, names, read), self.sense(*right, names, read));
                (None, left.1.or(right.1))
            }
            ExprKind::Assign { value, .. } => self.sense(*value, names, read),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => self.sense(*inner, names, read),
            ExprKind::Binary { op, left, right } => {
                let (is_null, number) = match &module.expr(*right).kind {
                    ExprKind::Literal(Literal::Null) => (true, None),
                    ExprKind::Name(n) => (*n == "nil" || *n == "None" || *n == "undefined", None),
                    ExprKind::Literal(Literal::Int(n)) => (false, *n),
                    _ => (false, None),
                };
                // `err == sql.ErrNoRows`
                let says_none = |e: ExprId| {
                    self.context.sources.text(module.expr_span(e)).contains("NotFound")
                        || self.context.sources.text(module.expr_span(e)).contains("NoRows")
                };
                if !is_found(*left) {
                    return (None, None);
                }
                let is_error = matches!(module.expr(*left).kind, ExprKind::Name(n) if n == "err" || n == "error")
                    || matches!(&module.expr(*left).kind, ExprKind::Member { name, .. } if name == "Error");
                match (op, is_null, number) {
                    (BinaryOp::Eq, true, _) => same(is_error),
                    (BinaryOp::Ne, true, _) => same(!is_error),
                    (BinaryOp::Gt, _, Some(0))
                    | (BinaryOp::Ne, _, Some(0))
                    | (BinaryOp::Ge | BinaryOp::Eq, _, Some(1)) => same(true),
                    (BinaryOp::Eq, _, Some(0)) | (BinaryOp::Lt, _, Some(1)) | (BinaryOp::Le, _, Some(0)) => same(false),
                    (BinaryOp::Eq, ..) if says_none(*right) => same(false),
                    (BinaryOp::Ne, ..) if says_none(*right) => same(true),
                    _ => (None, None),
                }
            }
            ExprKind::Call { callee, args, .. } => {
                let (name, object) = match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } => (*name, Some(*object)),
                    ExprKind::Name(name) => (*name, None),
                    _ => return (None, None),
                };
                // `errors.Is(err, gorm.ErrRecordNotFound)`
                if name == "Is" && args.len() == 2 && is_found(args[0].value) {
                    return same(false);
                }
                if cond == read {
                    return same(true);
                }
                let of_found =
                    object.is_some_and(is_found) || args.first().is_some_and(|a| args.len() == 1 && is_found(a.value));
                if !of_found {
                    return match is_found(cond) {
                        true => same(true),
                        false => (None, None),
                    };
                }
                match name.as_str() {
                    "isEmpty" | "empty?" | "blank?" | "nil?" | "is_none" | "none?" | "IsNullOrEmpty" | "isNull"
                    | "empty" | "is_empty" => same(false),
                    "isPresent" | "exists" | "exists?" | "any" | "any?" | "Any" | "present?" | "is_some" | "first"
                    | "len" | "isNotEmpty" | "count" | "nonNull" => same(true),
                    _ => (None, None),
                }
            }
            _ => match is_found(cond) {
                true => same(true),
                false => (None, None),
            },
        }
    }

    /// Whether an expression is what was found: the call itself, a name that holds it, its length.
    fn is_found(&self, id: ExprId, names: &FxHashSet<Symbol>, read: ExprId) -> bool {
        if id == read {
            return true;
        }
        match &self.module.expr(id).kind {
            ExprKind::Name(name) => names.contains(name),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => self.is_found(*inner, names, read),
            ExprKind::Unary { op: UnaryOp::NonNull | UnaryOp::Try | UnaryOp::Deref, operand } => {
                self.is_found(*operand, names, read)
            }
            ExprKind::Member { object, name, .. } => {
                matches!(
                    name.as_str(),
                    "length"
                        | "rowCount"
                        | "RowsAffected"
                        | "count"
                        | "Count"
                        | "ID"
                        | "Id"
                        | "id"
                        | "Error"
                        | "rows"
                        | "size"
                        | "affectedRows"
                ) && self.is_found(*object, names, read)
            }
            ExprKind::Index { object, .. } => self.is_found(*object, names, read),
            ExprKind::Call { callee, args, .. } => match &self.module.expr(*callee).kind {
                ExprKind::Name(name) => {
                    name == "len" && args.first().is_some_and(|a| self.is_found(a.value, names, read))
                }
                ExprKind::Member { object, name, .. } => {
                    matches!(
                        name.as_str(),
                        "first"
                            | "exists"
                            | "count"
                            | "size"
                            | "one_or_none"
                            | "scalar"
                            | "length"
                            | "ConfigureAwait"
                            | "fetchone"
                            | "unwrap_or_default"
                    ) && self.is_found(*object, names, read)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The columns that rows are looked for by.
    fn keys(&self, read: &Step) -> Vec<String> {
        let access = &self.accesses[read.access as usize];
        let module = self.context.program.module(access.call.module);
        let mut keys = keys_of(self.context, module, access);
        // what is found by its own key is no duplicate
        if keys.iter().any(|k| matches!(plain(k).as_str(), "id" | "pk" | "uuid" | "guid")) {
            return Vec::new();
        }
        keys.retain(|k| !matches!(plain(k).as_str(), "isdeleted" | "deletedat" | "deleted" | ""));
        keys.sort();
        keys.dedup();
        keys
    }

    /// Whether something takes care that only one gets here at a time.
    fn is_guarded(&self) -> bool {
        let text = self.context.sources.text(self.module.span(self.range()));
        if ["FOR UPDATE", "SERIALIZABLE", "Serializable", "advisory", "synchronized"].iter().any(|w| text.contains(w)) {
            return true;
        }
        self.module.exprs_within(self.range()).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                let plain = plain(name.as_str());
                plain.contains("mutex")
                    || plain.contains("semaphore")
                    || plain.contains("redlock")
                    || (plain.starts_with("lock") || plain.ends_with("lock") || plain.contains("withlock"))
                        && !plain.ends_with("block")
                        && !plain.ends_with("clock")
                        && !plain.starts_with("locked")
            }
            _ => false,
        })
    }

    /// Whether what follows a write, or catches what it throws, speaks of a row that is there already.
    fn is_taken_care_of(&self, write: ExprId) -> bool {
        let span = self.module.span(self.range());
        let start = self.module.expr(write).range.start.max(self.range().start);
        let text = self.context.sources.text(Span { start, ..span });
        let plain = text.to_ascii_lowercase();
        ["integrity", "duplicate", "unique", "p2002", "23505", "11000", "1062", "dbupdateexception", "constraint"]
            .iter()
            .any(|w| plain.contains(w))
    }
}

/// The words of a chain of calls that name what the rows are; of its arguments, where the chain names nothing.
fn words_of_call(module: &ir::Module, call: ExprId) -> FxHashSet<String> {
    let mut words: FxHashSet<String> = FxHashSet::default();
    let mut given: Vec<ExprId> = Vec::new();
    let mut at = Some(call);
    for _ in 0..24 {
        let Some(here) = at else { break };
        at = match &module.expr(here).kind {
            ExprKind::Call { callee, args, .. } => {
                given.extend(args.iter().map(|a| a.value));
                match &module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => Some(*object),
                    _ => None,
                }
            }
            ExprKind::Member { object, name, .. } => {
                words.insert(word(name.as_str()));
                Some(*object)
            }
            ExprKind::Name(name) => {
                words.insert(word(name.as_str()));
                None
            }
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => Some(*inner),
            ExprKind::Unary { operand, .. } | ExprKind::Index { object: operand, .. } => Some(*operand),
            _ => None,
        };
    }
    let says = |w: &String| !w.is_empty() && !GENERAL.contains(&w.as_str());
    words.retain(|w| says(w));
    if words.is_empty() {
        for value in &given {
            // `query(User)`, `save(new User(…))`, `First(&user)`
            let value = match module.expr(*value).kind {
                ExprKind::Unary { operand, .. } => operand,
                _ => *value,
            };
            let name = match &module.expr(value).kind {
                ExprKind::Name(name) => Some(*name),
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Name(name) if name.as_str().starts_with(|c: char| c.is_uppercase()) => Some(*name),
                    _ => None,
                },
                _ => None,
            };
            words.extend(name.map(|n| word(n.as_str())).filter(says));
            // what a variable was made of: `user = User(…)`
            if let ExprKind::Name(name) = module.expr(value).kind {
                words.extend(made_of(module, value, name).filter(says));
            }
        }
    }
    words
}

/// The class that a variable was made of.
fn made_of(module: &ir::Module, at: ExprId, name: Symbol) -> Option<String> {
    let end = module.expr(at).range.start;
    let values = module.stmts().filter_map(|s| match s.kind {
        StmtKind::Assign { target, value, ty, .. } if s.range.end <= end => match module.expr(target).kind {
            ExprKind::Name(n) if n == name => Some((value, ty)),
            _ => None,
        },
        _ => None,
    });
    let (value, ty) = values.last()?;
    if let Some(ir::TypeKind::Named { path, .. }) = ty.map(|t| &module.ty(t).kind) {
        return Some(word(path.as_str().rsplit('.').next().unwrap_or_default()));
    }
    let value = match &module.expr(value?).kind {
        ExprKind::Unary { operand, .. } => *operand,
        _ => value?,
    };
    let ExprKind::Call { callee, .. } = &module.expr(value).kind else { return None };
    match &module.expr(*callee).kind {
        ExprKind::Name(n) | ExprKind::Member { name: n, .. } if n.as_str().starts_with(|c: char| c.is_uppercase()) => {
            Some(word(n.as_str()))
        }
        _ => None,
    }
}

/// A name as one word: no plural, no `Repository`.
pub(crate) fn word(name: &str) -> String {
    let mut plain = plain(name.rsplit('.').next().unwrap_or(name));
    for suffix in ["repository", "repo", "dao", "mapper", "service", "model", "store", "entity", "jpa", "table"] {
        if plain.len() > suffix.len() && plain.ends_with(suffix) {
            plain.truncate(plain.len() - suffix.len());
        }
    }
    if let Some(stem) = plain.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if plain.len() > 3 && plain.ends_with('s') && !plain.ends_with("ss") {
        plain.pop();
    }
    plain
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '`', '"', '$', '@', ':'], "")
}

/// The columns that an access asks for rows by, as written.
fn keys_of(context: &Context<'_>, module: &ir::Module, access: &Access) -> Vec<String> {
    let record = context.facts.record(access.record);
    if record.access == Some(crate::facts::AccessFact::Statement) {
        let text = statements::written(context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
        let parsed = sql::parse(&text, sql::Dialect::Generic);
        let Some(StatementKind::Query(query)) = parsed.first().map(|s| &s.kind) else { return Vec::new() };
        let is_equal = |p: &&sql::query::Predicate| !matches!(p.against, sql::query::Operand::Null);
        return query.predicates.iter().filter(is_equal).map(|p| p.column.name.clone()).collect();
    }
    if record.access == Some(crate::facts::AccessFact::Declared) {
        let method = access.name.rsplit('.').next().unwrap_or_default();
        let Some((_, by)) = method.split_once("By") else { return Vec::new() };
        return by
            .split("And")
            .map(|k| k.trim_end_matches("IgnoreCase").trim_end_matches("Equals").trim_end_matches("Is").to_owned())
            .filter(|k| !k.is_empty() && !k.ends_with("Not"))
            .collect();
    }
    let mut keys: Vec<String> = Vec::new();
    let mut at = Some(access.call.expr);
    for _ in 0..24 {
        let Some(here) = at else { break };
        if let ExprKind::Call { args, .. } = &module.expr(here).kind {
            for arg in args {
                if let Some(name) = arg.name {
                    let is_map = matches!(module.expr(arg.value).kind, ExprKind::Map(_));
                    if !is_map && super::is_filter(name) {
                        keys.push(name.as_str().split("__").next().unwrap_or_default().to_owned());
                    }
                }
                keys_within(module, arg.value, &mut keys);
            }
        }
        at = match &module.expr(here).kind {
            ExprKind::Call { .. } => receiver(module, here),
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => Some(*object),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => Some(*inner),
            ExprKind::Unary { operand, .. } => Some(*operand),
            _ => None,
        };
    }
    keys
}

/// Columns that conditions within an expression compare.
fn keys_within(module: &ir::Module, value: ExprId, keys: &mut Vec<String>) {
    for (id, item) in module.exprs_within(module.expr(value).range) {
        match &item.kind {
            ExprKind::Map(entries) => {
                for entry in entries {
                    let Some(key) = entry.key.and_then(|k| module.string(k)) else { continue };
                    let name = key.as_str();
                    let nested = matches!(module.expr(entry.value).kind, ExprKind::Map(_) | ExprKind::List(_));
                    let is_word = !name.is_empty() && !name.starts_with('$') && super::is_filter(key);
                    if is_word
                        && (!nested || !matches!(name, "where" | "AND" | "OR" | "filter" | "options"))
                        && !matches!(name, "where" | "limit" | "take" | "transaction" | "equals" | "mode")
                    {
                        keys.push(name.split("__").next().unwrap_or(name).to_owned());
                    }
                }
            }
            ExprKind::Binary { op: BinaryOp::Eq, left, .. } => {
                if let ExprKind::Member { name, .. } = &module.expr(*left).kind {
                    keys.push(name.as_str().to_owned());
                }
            }
            ExprKind::Literal(Literal::Str(_)) => {
                let Some(text) = module.string(id) else { continue };
                for part in text.as_str().split(" AND ").flat_map(|p| p.split(" and ")) {
                    if let Some((column, rest)) = part.split_once('=')
                        && (rest.trim_start().starts_with(['?', '$', ':', '@', '%']))
                    {
                        let column =
                            column.trim().rsplit('.').next().unwrap_or_default().trim_matches(['(', ' ', '`', '"']);
                        if !column.is_empty() && column.chars().all(|c| c.is_alphanumeric() || c == '_') {
                            keys.push(column.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
