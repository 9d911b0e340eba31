//! Rows that are counted, or loaded, only to see whether there are any; and rows that are loaded to pick some of them.

use base::Symbol;
use ir::{BinaryOp, Child, ExprId, ExprKind, FunctionId, Literal, Module, StmtKind, UnaryOp};
use program::{ExprRef, ModuleId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{Access, Does};
use crate::adapters::Context;
use crate::guards::words;

/// How far up a value is followed.
const MAX_STEPS: usize = 12;

/// A count that only answers whether there is anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Existence {
    /// The access, among all.
    pub access: u32,
    /// Where its number is compared with nothing.
    pub asked: ExprRef,
    /// Whether the rows themselves are loaded for it.
    pub loads: bool,
}

/// Rows that are loaded and then picked from in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// The access, among all.
    pub access: u32,
    /// The call that picks.
    pub call: ExprRef,
}

/// Whether an access is called for counting, and not for sums or for whether there is any.
fn is_counting(name: &str) -> bool {
    let last = name.rsplit(['.', '…']).next().unwrap_or(name);
    words(last).iter().any(|w| w == "count")
}

/// Finds both.
pub(super) fn collect(context: &Context<'_>, accesses: &[Access]) -> (Vec<Existence>, Vec<Pick>) {
    let mut of_module: Vec<(ModuleId, Vec<u32>)> = Vec::new();
    for (at, access) in accesses.iter().enumerate() {
        let counts = access.does == Does::Count && is_counting(&access.name);
        if !counts && access.does != Does::List || access.is_limited {
            continue;
        }
        match of_module.last_mut() {
            Some((module, all)) if *module == access.call.module => all.push(at as u32),
            _ => of_module.push((access.call.module, vec![at as u32])),
        }
    }
    let found: Vec<(Vec<Existence>, Vec<Pick>)> = of_module
        .par_iter()
        .map(|(id, all)| {
            let module = context.program.module(*id);
            let reader = Reader { context, id: *id, module, parents: parents(module) };
            let of = |at: &u32| {
                let access = &accesses[*at as usize];
                let is_list = access.does == Does::List;
                let asked = reader.asked(access.call.expr, is_list)?;
                // a query that is not sent yet is counted by the database
                let text = context.sources.text(module.expr_span(asked));
                let loads = is_list && !(access.is_lazy && text.contains("count()"));
                Some(Existence { access: *at, asked: ExprRef { module: *id, expr: asked }, loads })
            };
            let picked = |at: &u32| {
                let access = &accesses[*at as usize];
                let call = reader.picks(access.call.expr).filter(|_| access.does == Does::List)?;
                Some(Pick { access: *at, call: ExprRef { module: *id, expr: call } })
            };
            (all.iter().filter_map(of).collect(), all.iter().filter_map(picked).collect())
        })
        .collect();
    let mut both = (Vec::new(), Vec::new());
    for (existences, picks) in found {
        both.0.extend(existences);
        both.1.extend(picks);
    }
    both
}

fn parents(module: &Module) -> FxHashMap<ExprId, ExprId> {
    let mut parents = FxHashMap::default();
    for (id, _) in module.exprs() {
        module.children(id, |child| {
            if let Child::Expr(child) = child {
                parents.insert(child, id);
            }
        });
    }
    parents
}

struct Reader<'c> {
    context: &'c Context<'c>,
    id: ModuleId,
    module: &'c Module,
    parents: FxHashMap<ExprId, ExprId>,
}

impl Reader<'_> {
    /// Where what a call gives is only compared with nothing. A list must be asked for its size before (`is_list`).
    fn asked(&self, call: ExprId, is_list: bool) -> Option<ExprId> {
        // `Count(&n)`
        if let Some(name) = self.filled_by(call).filter(|_| !is_list) {
            return self.of_variable(name, call, false);
        }
        let mut at = call;
        let mut is_list = is_list;
        for _ in 0..MAX_STEPS {
            let Some(parent) = self.parents.get(&at).copied() else { break };
            match &self.module.expr(parent).kind {
                ExprKind::Await(_) | ExprKind::Cast { .. } => {}
                ExprKind::Unary { op: UnaryOp::Try | UnaryOp::NonNull | UnaryOp::Deref | UnaryOp::Ref, .. } => {}
                ExprKind::Binary { op, left, right } => {
                    let other = if *left == at { *right } else { *left };
                    return (!is_list && self.is_nothing(*op, other, *left == at)).then_some(parent);
                }
                ExprKind::Member { name, object, .. } if *object == at => match name.as_str() {
                    // `rows.length`, `.Count`
                    "length" | "Count" | "Length" if is_list && !self.is_called(parent) => is_list = false,
                    // `count.positive?`
                    "positive?" | "zero?" if !is_list && self.is_called(parent) => {
                        return self.parents.get(&parent).copied();
                    }
                    "size" | "count" | "Count" | "len" if is_list && self.is_called_plainly(parent) => {
                        at = *self.parents.get(&parent)?;
                        is_list = false;
                        continue;
                    }
                    // `(await pool.query(…)).rows`, `fetch_one(&pool)`: goes on
                    _ if self.is_called(parent) && !is_list && self.fills(parent).is_some() => {
                        return self.of_variable(self.fills(parent)?, call, false);
                    }
                    _ => return None,
                },
                // `len(rows)`
                ExprKind::Call { callee, args, .. } => {
                    let is_len = matches!(&self.module.expr(*callee).kind, ExprKind::Name(n) if *n == "len");
                    if !(is_len && is_list && args.len() == 1) {
                        return None;
                    }
                    is_list = false;
                }
                _ => return None,
            }
            at = parent;
        }
        // `n = …; if n > 0`
        let name = self.module.stmts().find_map(|s| match s.kind {
            StmtKind::Assign { target, value: Some(value), op: None, .. } if value == at => {
                match &self.module.expr(target).kind {
                    ExprKind::Name(name) => Some(*name),
                    ExprKind::List(items) => match items.first().map(|i| &self.module.expr(*i).kind) {
                        Some(ExprKind::Name(name)) => Some(*name),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        });
        self.of_variable(name?, call, is_list)
    }

    /// The call right after that goes through the rows for some of them: `.ToList().Where(p => …)`.
    fn picks(&self, call: ExprId) -> Option<ExprId> {
        let mut at = call;
        for _ in 0..4 {
            let parent = self.parents.get(&at).copied()?;
            match &self.module.expr(parent).kind {
                ExprKind::Await(_) | ExprKind::Cast { .. } => at = parent,
                ExprKind::Unary { op: UnaryOp::Try | UnaryOp::NonNull, .. } => at = parent,
                ExprKind::Member { name, object, .. } if *object == at && self.is_called(parent) => {
                    let above = self.parents.get(&parent).copied()?;
                    if matches!(name.as_str(), "stream" | "iter" | "into_iter") {
                        at = above;
                        continue;
                    }
                    let ExprKind::Call { args, block, .. } = &self.module.expr(above).kind else { return None };
                    let picks = matches!(
                        name.as_str(),
                        "Where"
                            | "filter"
                            | "find"
                            | "First"
                            | "FirstOrDefault"
                            | "Single"
                            | "SingleOrDefault"
                            | "select"
                            | "detect"
                            | "reject"
                    );
                    let is_told = block.is_some()
                        || args.iter().any(|a| matches!(self.module.expr(a.value).kind, ExprKind::Lambda(_)));
                    return (picks && is_told).then_some(above);
                }
                _ => return None,
            }
        }
        None
    }

    fn is_called(&self, member: ExprId) -> bool {
        self.parents.get(&member).is_some_and(
            |call| matches!(&self.module.expr(*call).kind, ExprKind::Call { callee, .. } if *callee == member),
        )
    }

    fn is_called_plainly(&self, member: ExprId) -> bool {
        self.parents.get(&member).is_some_and(|call| {
            matches!(&self.module.expr(*call).kind, ExprKind::Call { callee, args, block, .. }
                if *callee == member && args.is_empty() && block.is_none())
        })
    }

    /// The variable that a call is given to fill: `Count(&n)`.
    fn filled_by(&self, call: ExprId) -> Option<Symbol> {
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return None };
        args.iter().find_map(|a| match &self.module.expr(a.value).kind {
            ExprKind::Unary { op: UnaryOp::Ref, operand } => match &self.module.expr(*operand).kind {
                ExprKind::Name(name) => Some(*name),
                _ => None,
            },
            _ => None,
        })
    }

    /// The variable that a call of this member fills: `.Scan(&n)`.
    fn fills(&self, member: ExprId) -> Option<Symbol> {
        self.filled_by(*self.parents.get(&member)?)
    }

    /// Where a variable is compared with nothing, when that is all that is done with it.
    fn of_variable(&self, name: Symbol, call: ExprId, is_list: bool) -> Option<ExprId> {
        let mut function = self.context.program.scopes(self.id).owner(call).function?;
        let is_own = |f: FunctionId| self.context.program.scopes(self.id).functions[f.0 as usize].contains_key(&name);
        while !is_own(function) {
            function = self.module.function(function).parent?;
        }
        let range = self.module.function(function).range;
        let call_range = self.module.expr(call).range;
        let mut first = None;
        for (id, item) in self.module.exprs_within(range) {
            if !matches!(item.kind, ExprKind::Name(n) if n == name) || call_range.contains(item.range) {
                continue;
            }
            if self.is_target(id) {
                continue;
            }
            if item.range.end <= call_range.start || self.is_given_to_fill(id) {
                continue;
            }
            let at = self.asked_of_use(id, is_list)?;
            first = first.or(Some(at));
        }
        first
    }

    fn asked_of_use(&self, at: ExprId, is_list: bool) -> Option<ExprId> {
        let parent = *self.parents.get(&at)?;
        match &self.module.expr(parent).kind {
            ExprKind::Binary { op, left, right } if !is_list => {
                let other = if *left == at { *right } else { *left };
                self.is_nothing(*op, other, *left == at).then_some(parent)
            }
            ExprKind::Member { name, .. } if !is_list && matches!(name.as_str(), "positive?" | "zero?") => Some(parent),
            ExprKind::Member { name, .. }
                if is_list && !self.is_called(parent) && matches!(name.as_str(), "length" | "Count" | "Length") =>
            {
                self.asked_of_use(parent, false)
            }
            // with a condition it asks for some of the rows
            ExprKind::Member { name, .. } if is_list && self.is_called_plainly(parent) => match name.as_str() {
                "size" | "count" | "Count" | "len" => self.asked_of_use(*self.parents.get(&parent)?, false),
                "isEmpty" | "is_empty" | "empty?" | "any?" | "Any" | "none?" => self.parents.get(&parent).copied(),
                _ => None,
            },
            ExprKind::Call { callee, .. }
                if is_list && matches!(&self.module.expr(*callee).kind, ExprKind::Name(n) if *n == "len") =>
            {
                self.asked_of_use(parent, false)
            }
            ExprKind::Cast { .. } => self.asked_of_use(parent, is_list),
            _ => None,
        }
    }

    fn is_target(&self, id: ExprId) -> bool {
        self.module.stmts().any(|s| match s.kind {
            StmtKind::Assign { target, .. } => {
                target == id || matches!(&self.module.expr(target).kind, ExprKind::List(items) if items.contains(&id))
            }
            _ => false,
        })
    }

    fn is_given_to_fill(&self, id: ExprId) -> bool {
        self.parents
            .get(&id)
            .is_some_and(|p| matches!(self.module.expr(*p).kind, ExprKind::Unary { op: UnaryOp::Ref, .. }))
    }

    /// Whether a comparison of a number with `other` asks only whether it is nothing.
    fn is_nothing(&self, op: BinaryOp, other: ExprId, is_left: bool) -> bool {
        let ExprKind::Literal(Literal::Int(Some(number))) = self.module.expr(other).kind else { return false };
        use BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne};
        match (number, is_left) {
            (0, true) => matches!(op, Eq | Ne | Gt | Le),
            (0, false) => matches!(op, Eq | Ne | Lt | Ge),
            (1, true) => matches!(op, Ge | Lt),
            (1, false) => matches!(op, Le | Gt),
            _ => false,
        }
    }
}
