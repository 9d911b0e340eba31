//! What a condition says of a row that was looked for.

use base::Symbol;
use ir::{BinaryOp, ExprId, ExprKind, Literal, LogicalOp, UnaryOp};
use rustc_hash::FxHashSet;

use super::Reader;

/// What a condition says of a row when it holds, and when it does not: whether the row is there.
pub(super) type Sense = (Option<bool>, Option<bool>);

impl Reader<'_> {
    pub(super) fn sense(&self, cond: ExprId, names: &FxHashSet<Symbol>, read: ExprId) -> Sense {
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
                    // how many there are, and how many may be
                    (BinaryOp::Ge | BinaryOp::Gt, false, _) if !is_error => same(true),
                    (BinaryOp::Le | BinaryOp::Lt, false, _) if !is_error => same(false),
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
    pub(super) fn is_found(&self, id: ExprId, names: &FxHashSet<Symbol>, read: ExprId) -> bool {
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
}
