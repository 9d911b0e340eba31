//! What a condition says of the values that it names.

use base::Symbol;
use ir::{BinaryOp, ExprId, ExprKind, Literal, LogicalOp, UnaryOp};

use crate::{Kind, Kinds, interpret::Run};

impl Run<'_> {
    /// Takes from the values that a condition checks what they can no longer do when it is `truth`.
    pub fn refine(&mut self, cond: ExprId, truth: bool) {
        match &self.module.expr(cond).kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.refine(*operand, !truth),
            ExprKind::Logical { op, left, right } => {
                if (*op == LogicalOp::And) == truth {
                    let (left, right) = (*left, *right);
                    self.refine(left, truth);
                    self.refine(right, truth);
                }
            }
            ExprKind::Binary { op, left, right } => {
                let (op, left, right) = (*op, *left, *right);
                let is = match op {
                    BinaryOp::Eq | BinaryOp::In | BinaryOp::Match => truth,
                    BinaryOp::Ne | BinaryOp::NotIn => !truth,
                    _ => false,
                };
                if !is {
                    // `list.indexOf(x) >= 0`, `ALLOWED.index(x) != -1`
                    self.position(op, left, right, truth);
                    return;
                }
                match op {
                    BinaryOp::Eq | BinaryOp::Ne => {
                        let names_value = |e: ExprId| matches!(&self.module.expr(e).kind, ExprKind::Literal(l) if !matches!(l, Literal::Null));
                        // `check(x) == true`
                        let yes =
                            |e: ExprId| matches!(self.module.expr(e).kind, ExprKind::Literal(Literal::Bool(true)));
                        if yes(right) {
                            self.refine(left, true);
                        } else if names_value(right) || self.is_constant(right) {
                            self.clear(left, Kinds::ALL);
                        } else if names_value(left) || self.is_constant(left) {
                            self.clear(right, Kinds::ALL);
                        }
                    }
                    BinaryOp::Match => {
                        self.clear(left, Kinds::ALL);
                        self.clear(right, Kinds::ALL);
                    }
                    // a clean collection names what is allowed
                    _ => {
                        if !self.eval(right).is_tainted() {
                            self.clear(left, Kinds::ALL);
                        }
                    }
                }
            }
            ExprKind::Call { callee, args, .. } => {
                if truth {
                    let args: Vec<ExprId> = args.iter().map(|a| a.value).collect();
                    self.checked(*callee, &args);
                }
            }
            ExprKind::Index { object, index } if truth => {
                // `if (ALLOWED[x])`, `if allowed[x]`
                let (object, index) = (*object, *index);
                if !self.eval(object).is_tainted() {
                    self.clear(index, Kinds::ALL);
                }
            }
            ExprKind::Await(inner) => self.refine(*inner, truth),
            _ => {}
        }
    }

    fn is_constant(&mut self, expr: ExprId) -> bool {
        self.eval(expr)
            .constant
            .is_some_and(|c| !matches!(c, crate::value::Constant::Null | crate::value::Constant::Request))
    }

    fn position(&mut self, op: BinaryOp, left: ExprId, right: ExprId, truth: bool) {
        let number = match &self.module.expr(right).kind {
            ExprKind::Literal(Literal::Int(Some(n))) => *n,
            ExprKind::Unary { op: UnaryOp::Neg, .. } => -1,
            _ => return,
        };
        let found = match (op, number) {
            (BinaryOp::Ge, 0) | (BinaryOp::Gt, -1) | (BinaryOp::Ne, -1) => truth,
            (BinaryOp::Lt, 0) | (BinaryOp::Eq, -1) => !truth,
            _ => return,
        };
        if found
            && let ExprKind::Call { callee, args, .. } = &self.module.expr(left).kind
            && let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind
            && matches!(name.as_str(), "indexOf" | "IndexOf" | "index" | "findIndex")
            && let Some(arg) = args.first()
        {
            let (object, value) = (*object, arg.value);
            if !self.eval(object).is_tainted() {
                self.clear(value, Kinds::ALL);
            }
        }
    }

    /// A call that said yes.
    fn checked(&mut self, callee: ExprId, args: &[ExprId]) {
        let (object, name) = match &self.module.expr(callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), *name),
            ExprKind::Name(name) => (None, *name),
            _ => return,
        };
        let lower = name.as_str().to_ascii_lowercase();
        match lower.as_str() {
            // `ALLOWED.includes(x)`
            "includes" | "contains" | "has" | "include?" | "containskey" | "member?" | "key?" | "has_key"
            | "haskey" | "contains_key" | "in_array" | "contain" | "hasownproperty" | "exists" | "some" => {
                if let (Some(object), Some(value)) = (object, args.first())
                    && !self.eval(object).is_tainted()
                {
                    // `slices.Contains(allowed, x)`
                    let value = args.get(1).unwrap_or(value);
                    self.clear(*value, Kinds::ALL);
                }
            }
            // `path.startsWith(base)`
            "startswith" | "starts_with" | "start_with?" | "hasprefix" | "is_relative_to" | "isrelativeto" => {
                let kinds = Kinds::from_iter([Kind::Path, Kind::Request, Kind::Redirect]);
                match (object, args) {
                    (_, [value, _]) => self.clear(*value, kinds),
                    (Some(object), [_]) => self.clear(object, kinds),
                    _ => {}
                }
            }
            "test" | "match" | "matches" | "fullmatch" | "ismatch" | "is_match" | "matchstring" | "match?"
            | "equals" | "equalsignorecase" => {
                args.iter().for_each(|a| self.clear(*a, Kinds::ALL));
                if let Some(object) = object {
                    self.clear(object, Kinds::ALL);
                }
            }
            "isdigit" | "isnumeric" | "isalnum" | "isalpha" | "isdecimal" => {
                if let Some(object) = object {
                    self.clear(object, Kinds::ALL);
                }
                args.iter().for_each(|a| self.clear(*a, Kinds::ALL));
            }
            _ => {
                if says_allowed(name) {
                    args.iter().for_each(|a| self.clear(*a, Kinds::ALL));
                }
            }
        }
    }
}

/// Whether a name says that what it is asked about is allowed: `isValidUrl`, `is_safe_path`, `allowedHost`.
fn says_allowed(name: Symbol) -> bool {
    let lower = name.as_str().to_ascii_lowercase();
    ["valid", "allow", "safe", "whitelist", "permitted", "trusted", "islocalurl", "isuuid", "isint", "isinteger"]
        .iter()
        .any(|w| lower.contains(w))
        && !lower.contains("invalid")
        && !lower.contains("unsafe")
}
