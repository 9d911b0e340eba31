//! Which condition lets a write happen, by what was found before.

use ir::{BinaryOp, Block, ExprId, ExprKind, Literal, LogicalOp, Range, StmtKind};

use super::{Check, Manner, Reader, Step, cleaned, keys_of};
use crate::accesses::Does;

impl Reader<'_> {
    /// The condition that lets `write` happen only when `read` found nothing.
    pub(super) fn decision(&self, read: &Step, write: &Step) -> Option<Range> {
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
        self.otherwise(read_range, write_range)
    }

    /// `find(…) || create(…)`; `try: get(…) except NotFound: create(…)`.
    fn otherwise(&self, read: Range, write: Range) -> Option<Range> {
        for (_, item) in self.module.exprs_within(self.range()) {
            if let ExprKind::Logical { op: LogicalOp::Or | LogicalOp::Coalesce, left, right } = item.kind
                && self.module.expr(left).range.contains(read)
                && self.module.expr(right).range.contains(write)
            {
                return Some(item.range);
            }
        }
        for stmt in self.module.stmts().filter(|s| self.range().contains(s.range)) {
            let StmtKind::Try { body, catches, .. } = &stmt.kind else { continue };
            let within = |block: &Block, range: Range| block.iter().any(|s| self.module.stmt(*s).range.contains(range));
            if !within(body, read) {
                continue;
            }
            let caught = catches.iter().find(|c| within(&c.body, write));
            let Some(caught) = caught else { continue };
            let begin = caught.body.first().map_or(caught.range.end, |s| self.module.stmt(*s).range.start);
            let head = Range { start: caught.range.start, end: begin.max(caught.range.start) };
            let text = self.context.sources.text(self.module.span(head));
            if ["NotExist", "NotFound", "NoResult", "Missing"].iter().any(|w| text.contains(w)) {
                return Some(head);
            }
        }
        None
    }

    /// Whether a condition compares how many were found with how many may be.
    pub(super) fn is_limit(&self, cond: Range, read: &Step) -> bool {
        let names = self.names_of(read);
        self.module.exprs_within(cond).any(|(_, e)| match &e.kind {
            ExprKind::Binary { op: BinaryOp::Ge | BinaryOp::Gt | BinaryOp::Lt | BinaryOp::Le, left, right } => {
                !matches!(self.module.expr(*right).kind, ExprKind::Literal(Literal::Int(Some(0 | 1))))
                    && self.is_found(*left, &names, read.call)
            }
            _ => false,
        })
    }

    /// Where the next number is made of the highest one that was found, before it is written.
    pub(super) fn next(&self, read: &Step, write: &Step) -> Option<Range> {
        let access = &self.accesses[read.access? as usize];
        let read_range = self.module.expr(read.call).range;
        let write_range = self.module.expr(write.call).range;
        if access.does == Does::List || !self.asks_for_highest(access) {
            return None;
        }
        let names = self.names_of(read);
        let mut sums = self.module.exprs_within(self.range()).filter(|(_, e)| {
            let ExprKind::Binary { op: BinaryOp::Add, left, right } = e.kind else { return false };
            let is_one = matches!(self.module.expr(right).kind, ExprKind::Literal(Literal::Int(Some(1))));
            let is_before = e.range.start < write_range.end && e.range.end > read_range.start;
            is_one && is_before && self.holds(left, &names, read_range)
        });
        sums.next().map(|(_, e)| e.range)
    }

    /// Whether an access asks for the highest value of a column.
    fn asks_for_highest(&self, access: &super::Access) -> bool {
        let text = self.context.sources.text(access.span).to_ascii_lowercase();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("max") {
            let before = rest[..at].chars().last();
            let after = rest[at + 3..].trim_start_matches("imum").chars().next();
            if !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|c| matches!(c, '(' | '{' | ':' | ' ')) {
                return true;
            }
            rest = &rest[at + 3..];
        }
        false
    }

    fn holds(&self, expr: ExprId, names: &rustc_hash::FxHashSet<base::Symbol>, read: Range) -> bool {
        let range = self.module.expr(expr).range;
        range.contains(read)
            || self.module.exprs_within(range).any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if names.contains(&n)))
    }

    /// A value that is changed until no row has it: `while slug_exists(slug)`.
    pub(super) fn freed(&self, read: &Step) -> Option<Check> {
        let range = self.module.expr(read.call).range;
        let asked = self.asked_variables(read.call);
        for stmt in self.module.stmts().filter(|s| self.range().contains(s.range)) {
            let StmtKind::Loop { cond: Some(cond), iter: None, body, .. } = &stmt.kind else { continue };
            if !self.module.expr(*cond).range.contains(range) {
                continue;
            }
            let names = self.names_of(read);
            if self.sense(*cond, &names, read.call).0 != Some(true) {
                continue;
            }
            let begin = stmt.range.start;
            let value = asked.iter().copied().find(|name| {
                let inside = |r: Range| body.iter().any(|s| self.module.stmt(*s).range.contains(r));
                let mut set = self.assigned(*name);
                set.any(inside) && !self.assigned(*name).filter(|r| r.start < begin).any(|r| self.is_random(r))
            })?;
            let keys = cleaned(match read.access.filter(|_| read.keys.is_empty()) {
                Some(access) => {
                    let access = &self.accesses[access as usize];
                    keys_of(self.context, self.context.program.module(access.call.module), access)
                }
                None => read.keys.clone(),
            });
            let mut subjects: Vec<String> = read.words.iter().cloned().collect();
            subjects.sort();
            if keys.is_empty() || subjects.is_empty() {
                return None;
            }
            return Some(Check {
                function: self.function,
                read: self.at(read.call),
                decides: self.module.expr_span(*cond),
                write: self.at(read.call),
                name: value.to_string(),
                subjects,
                keys,
                owners: self.owners(read),
                manner: Manner::Free,
                is_expected: false,
                is_caught: self.is_caught(read.call),
                evidence: read.evidence,
            });
        }
        None
    }

    /// Variables that a call is given, in its conditions too.
    fn asked_variables(&self, call: ExprId) -> Vec<base::Symbol> {
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return Vec::new() };
        let within = |a: &ir::Arg| {
            let all = self.module.exprs_within(self.module.expr(a.value).range);
            all.filter_map(|(_, e)| match e.kind {
                ExprKind::Name(name) => Some(name),
                _ => None,
            })
            .collect::<Vec<_>>()
        };
        args.iter().flat_map(within).collect()
    }

    /// Where a variable is set.
    fn assigned(&self, name: base::Symbol) -> impl Iterator<Item = Range> {
        let is_it = move |target: ExprId| matches!(self.module.expr(target).kind, ExprKind::Name(n) if n == name);
        let by_stmt =
            self.module.stmts().filter(|s| self.range().contains(s.range)).filter_map(move |s| match s.kind {
                StmtKind::Assign { target, .. } if is_it(target) => Some(s.range),
                _ => None,
            });
        let by_expr = self.module.exprs_within(self.range()).filter_map(move |(_, e)| match e.kind {
            ExprKind::Assign { target, .. } if is_it(target) => Some(e.range),
            _ => None,
        });
        by_stmt.chain(by_expr)
    }

    /// Whether what stands there is made so that it hardly comes twice.
    fn is_random(&self, range: Range) -> bool {
        let plain = self.context.sources.text(self.module.span(range)).to_ascii_lowercase();
        ["rand", "uuid", "guid", "token", "secret", "nanoid", "ulid", "hex", "generate", "gen_", "shuffle"]
            .iter()
            .any(|w| plain.contains(w))
    }

    /// A call that looks and writes at once: the library sends two statements.
    pub(super) fn at_once(&self, call: ExprId) -> Option<Check> {
        let (keys, defaults) = super::keys::keys_of_call(self.module, call);
        let keys = cleaned(keys);
        if keys.is_empty() || defaults {
            return None;
        }
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        // rows of something that a parameter holds belong to what nobody knows
        if let ExprKind::Member { object, .. } = self.module.expr(*callee).kind
            && let ExprKind::Name(name) = self.module.expr(object).kind
            && name.as_str().starts_with(|c: char| c.is_lowercase())
        {
            return None;
        }
        let mut subjects: Vec<String> = super::words_of_call(self.module, call).into_iter().collect();
        subjects.sort();
        let first = subjects.first()?.clone();
        Some(Check {
            function: self.function,
            read: self.at(call),
            decides: self.module.expr_span(call),
            write: self.at(call),
            name: self.name(call).unwrap_or(first),
            owners: subjects.clone(),
            subjects,
            keys,
            manner: Manner::GetOrCreate,
            is_expected: false,
            is_caught: false,
            evidence: base::Evidence::Shown,
        })
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
}
