//! What an expression always is: literals and constants of the repository, put together.

use base::Symbol;
use ir::{ExprId, ExprKind, Literal, Part, UnaryOp};
use program::ExprRef;

use crate::adapters::Context;

/// How many definitions are followed.
const MAX_DEPTH: u32 = 6;

/// A value known before the program runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Str(Symbol),
    /// `null`, `nil`, `None`.
    Null,
    /// A list, its unknown elements left out.
    List(Vec<Constant>),
    /// A name or member that the repository does not define, as written: `SameSiteMode.None`.
    Name(String),
}

impl Constant {
    /// As text, the way settings are compared: lists joined by commas.
    pub fn text(&self) -> String {
        match self {
            Constant::Bool(value) => value.to_string(),
            Constant::Int(value) => value.to_string(),
            Constant::Str(value) => value.to_string(),
            Constant::Null => "null".to_owned(),
            Constant::List(values) => values.iter().map(Constant::text).collect::<Vec<_>>().join(","),
            Constant::Name(name) => name.clone(),
        }
    }
}

impl Context<'_> {
    /// A string put together of what is known and of what is not, with `{?}` for that.
    pub(crate) fn known_part(&self, at: ExprRef) -> Option<String> {
        let module = self.program.module(at.module);
        let ExprKind::Template(parts) = &module.expr(at.expr).kind else { return None };
        let part = |part: &ir::Part| match part {
            ir::Part::Text(text) => text.to_string(),
            ir::Part::Hole(hole) => self
                .string(ExprRef { module: at.module, expr: *hole })
                .map_or_else(|| "{?}".to_owned(), |s| s.to_string()),
        };
        Some(parts.iter().map(part).collect())
    }

    /// The string that an expression always is: a literal, or a constant of the repository.
    pub fn string(&self, at: ExprRef) -> Option<Symbol> {
        match self.constant(at)? {
            Constant::Str(text) => Some(text),
            _ => None,
        }
    }

    /// What an expression always is; `None` when that is not known.
    pub fn constant(&self, at: ExprRef) -> Option<Constant> {
        self.constant_at(at, 0)
    }

    fn constant_at(&self, at: ExprRef, depth: u32) -> Option<Constant> {
        if depth > MAX_DEPTH {
            return None;
        }
        let module = self.program.module(at.module);
        let inner = |expr: ExprId| self.constant_at(ExprRef { module: at.module, expr }, depth + 1);
        match &module.expr(at.expr).kind {
            ExprKind::Literal(literal) => match literal {
                Literal::Str(text) => Some(Constant::Str(*text)),
                Literal::Int(value) => value.map(Constant::Int),
                Literal::Bool(value) => Some(Constant::Bool(*value)),
                Literal::Null => Some(Constant::Null),
                Literal::Float(text) => Some(Constant::Name(text.to_string())),
                Literal::Regex(_) => None,
            },
            ExprKind::Template(parts) => {
                let mut joined = String::new();
                for part in parts {
                    match part {
                        Part::Text(text) => joined.push_str(text.as_str()),
                        Part::Hole(hole) => match inner(*hole)? {
                            Constant::Name(_) | Constant::List(_) | Constant::Null => return None,
                            known => joined.push_str(&known.text()),
                        },
                    }
                }
                Some(Constant::Str(Symbol::new(&joined)))
            }
            // `VERSION + "/orders"`
            ExprKind::Binary { op: ir::BinaryOp::Add, left, right } => match (inner(*left)?, inner(*right)?) {
                (Constant::Str(left), Constant::Str(right)) => {
                    Some(Constant::Str(Symbol::new(&format!("{left}{right}"))))
                }
                _ => None,
            },
            ExprKind::Name(_) | ExprKind::Member { .. } => match self.program.definition(at) {
                Some(definition) => self.constant_at(definition, depth + 1),
                // only what no value can be behind: `SameSiteMode.None`, `http.SameSiteNoneMode`
                None => module
                    .dotted(at.expr)
                    .filter(|d| d.rsplit('.').next().is_some_and(|l| l.starts_with(char::is_uppercase)))
                    .map(Constant::Name),
            },
            ExprKind::Logical { right, .. } => inner(*right).filter(|c| matches!(c, Constant::Str(_))),
            ExprKind::List(items) => Some(Constant::List(items.iter().filter_map(|i| inner(*i)).collect())),
            ExprKind::Cast { value, .. } => inner(*value),
            ExprKind::Unary { op: UnaryOp::Not, operand } => match inner(*operand)? {
                Constant::Bool(value) => Some(Constant::Bool(!value)),
                _ => None,
            },
            ExprKind::Unary { op: UnaryOp::Neg, operand } => match inner(*operand)? {
                Constant::Int(value) => value.checked_neg().map(Constant::Int),
                _ => None,
            },
            ExprKind::Unary { op: UnaryOp::Ref | UnaryOp::NonNull, operand } => inner(*operand),
            // `List.of("*")`, `Arrays.asList("*")`, `Some(false)`, `vec!["*"]`, `set(["*"])`
            ExprKind::Call { callee, args, .. } => {
                let last = match &module.expr(*callee).kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                    _ => "",
                };
                match last {
                    "of" | "asList" | "singletonList" | "vec" | "set" | "tuple" | "list" | "frozenset" => {
                        Some(Constant::List(args.iter().filter_map(|a| inner(a.value)).collect()))
                    }
                    "Some" | "new_array" | "Int" | "Bool" => inner(args.first()?.value),
                    "into" | "to_string" | "to_owned" | "freeze" | "to_s" => match &module.expr(*callee).kind {
                        ExprKind::Member { object, .. } if args.is_empty() => inner(*object),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
