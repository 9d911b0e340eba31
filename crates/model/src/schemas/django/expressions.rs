//! Conditions and expressions of Django as SQL: `Q(…)`, `F(…)`, functions.

use ir::{BinaryOp, ExprId, ExprKind, UnaryOp};
use program::ExprRef;

use super::fields::Reading;
use super::state::Field;
use crate::constants::Constant;
use crate::schemas::written::literal;

/// Reads expressions over the fields of one model.
pub(crate) struct Expressions<'r, 'c> {
    pub reading: &'r Reading<'c>,
    pub fields: &'r [Field],
}

impl Expressions<'_, '_> {
    fn column(&self, name: &str) -> String {
        let field = self.fields.iter().find(|f| f.name == name);
        field.map_or_else(|| name.to_owned(), Field::column)
    }

    fn quoted(&self, name: &str) -> String {
        format!("\"{}\"", self.column(name))
    }

    /// A condition; what is not understood becomes a call that names the columns.
    pub(crate) fn condition(&self, at: ExprRef) -> String {
        self.condition_at(at, 0)
    }

    fn condition_at(&self, at: ExprRef, depth: usize) -> String {
        let module = self.reading.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if depth > 12 {
            return "true".to_owned();
        }
        match &module.expr(at.expr).kind {
            ExprKind::Binary { op, left, right } => {
                let word = if *op == BinaryOp::Meet || text_between(self, at, *left, *right).contains('&') {
                    "AND"
                } else {
                    "OR"
                };
                let (left, right) =
                    (self.condition_at(here(*left), depth + 1), self.condition_at(here(*right), depth + 1));
                format!("({left} {word} {right})")
            }
            ExprKind::Logical { op, left, right } => {
                let word = if *op == ir::LogicalOp::And { "AND" } else { "OR" };
                let (left, right) =
                    (self.condition_at(here(*left), depth + 1), self.condition_at(here(*right), depth + 1));
                format!("({left} {word} {right})")
            }
            ExprKind::Unary { op: UnaryOp::Other | UnaryOp::Not, operand } => {
                format!("NOT ({})", self.condition_at(here(*operand), depth + 1))
            }
            ExprKind::Name(_) | ExprKind::Member { .. } => match self.reading.context.program.definition(at) {
                Some(definition) => self.condition_at(definition, depth + 1),
                None => "true".to_owned(),
            },
            ExprKind::Call { .. } => self.call_condition(at, depth),
            _ => "true".to_owned(),
        }
    }

    /// `Q(a=1, b__gt=2)`, `Q(("a", 1), _connector="OR")`, `models.F("a")`
    fn call_condition(&self, at: ExprRef, depth: usize) -> String {
        let Some(call) = self.reading.call(at) else { return "true".to_owned() };
        if call.name != "Q" {
            return self.expression_at(at, depth);
        }
        let (mut parts, mut word, mut negated) = (Vec::new(), "AND", false);
        for arg in &call.args {
            let value = ExprRef { module: at.module, expr: arg.value };
            match arg.name.as_ref().map(|n| n.as_str()) {
                Some("_connector") if self.reading.string(value).as_deref() == Some("OR") => word = "OR",
                Some("_connector") => {}
                Some("_negated") => negated = self.reading.context.constant(value) == Some(Constant::Bool(true)),
                Some(lookup) => parts.push(self.lookup(lookup, value)),
                None => {
                    let items = self.reading.items(value);
                    match items.as_slice() {
                        [lookup, given] if self.reading.string(*lookup).is_some() => {
                            parts.push(self.lookup(&self.reading.string(*lookup).unwrap_or_default(), *given));
                        }
                        _ => parts.push(self.condition_at(value, depth + 1)),
                    }
                }
            }
        }
        let joined = parts.join(&format!(" {word} "));
        match (negated, parts.len()) {
            (_, 0) => "true".to_owned(),
            (true, _) => format!("NOT ({joined})"),
            (false, 1) => joined,
            (false, _) => format!("({joined})"),
        }
    }

    /// `field__lookup = value`
    fn lookup(&self, lookup: &str, value: ExprRef) -> String {
        let (field, how) = lookup.rsplit_once("__").unwrap_or((lookup, "exact"));
        let column = self.quoted(field);
        let given = || self.value(value);
        match how {
            "exact" if self.reading.context.constant(value) == Some(Constant::Null) => format!("{column} IS NULL"),
            "exact" => match self.reading.context.constant(value) {
                Some(Constant::Bool(true)) => column,
                Some(Constant::Bool(false)) => format!("NOT {column}"),
                _ => format!("{column} = {}", given()),
            },
            "gt" => format!("{column} > {}", given()),
            "gte" => format!("{column} >= {}", given()),
            "lt" => format!("{column} < {}", given()),
            "lte" => format!("{column} <= {}", given()),
            "isnull" => match self.reading.context.constant(value) {
                Some(Constant::Bool(false)) => format!("{column} IS NOT NULL"),
                _ => format!("{column} IS NULL"),
            },
            "in" => {
                let values: Vec<String> = self.reading.items(value).into_iter().map(|i| self.value(i)).collect();
                format!("{column} IN ({})", values.join(", "))
            }
            "startswith" => match self.reading.string(value) {
                Some(text) => format!("{column}::text LIKE {}", literal(&format!("{text}%"))),
                None => format!("{column}::text LIKE {}", given()),
            },
            "contains" | "icontains" | "regex" | "iregex" | "iexact" | "endswith" | "range" | "len" | "overlap" => {
                format!("{how}({column})")
            }
            // a field of a relation, or no lookup after all
            _ => format!("{} = {}", self.quoted(lookup), given()),
        }
    }

    fn value(&self, at: ExprRef) -> String {
        let module = self.reading.context.program.module(at.module);
        if let ExprKind::Literal(ir::Literal::Float(text)) = &module.expr(at.expr).kind {
            return text.to_string();
        }
        match self.reading.context.constant(at) {
            Some(Constant::Str(text)) => literal(text.as_str()),
            Some(Constant::Int(number)) => number.to_string(),
            Some(Constant::Bool(value)) => value.to_string(),
            Some(Constant::Null) => "NULL".to_owned(),
            _ => self.expression_at(at, 1),
        }
    }

    /// An expression: `F("a")`, `Lower("name").desc()`, `"field"`.
    pub(crate) fn expression(&self, at: ExprRef) -> String {
        self.expression_at(at, 0)
    }

    fn expression_at(&self, at: ExprRef, depth: usize) -> String {
        let module = self.reading.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if depth > 12 {
            return "NULL".to_owned();
        }
        if let Some(name) = self.reading.string(at) {
            return self.quoted(&name);
        }
        if let ExprKind::Binary { op, left, right } = &module.expr(at.expr).kind {
            let sign = match op {
                BinaryOp::Add => "+",
                BinaryOp::Sub => "-",
                BinaryOp::Mul => "*",
                _ => "/",
            };
            let (left, right) =
                (self.expression_at(here(*left), depth + 1), self.expression_at(here(*right), depth + 1));
            return format!("({left} {sign} {right})");
        }
        let Some(call) = self.reading.call(at) else { return self.constant(at) };
        let first = call.arg(0, "expression");
        let inner = |expressions: &Self| first.map_or("NULL".to_owned(), |f| expressions.expression_at(f, depth + 1));
        match call.name.as_str() {
            "F" | "OpClass" | "ExpressionWrapper" | "Collate" => inner(self),
            "Value" => first.map_or("NULL".to_owned(), |f| self.value(f)),
            "Q" => self.condition_at(at, depth + 1),
            "Now" => "now()".to_owned(),
            "OrderBy" => match call.named("descending").map(|d| self.reading.context.constant(d)) {
                Some(Some(Constant::Bool(true))) => format!("{} DESC", inner(self)),
                _ => inner(self),
            },
            "asc" | "desc" | "bitand" => match &module.expr(call.callee).kind {
                ExprKind::Member { object, .. } => {
                    let inner = self.expression_at(here(*object), depth + 1);
                    if call.name == "desc" { format!("{inner} DESC") } else { inner }
                }
                _ => "NULL".to_owned(),
            },
            name => {
                let args = call.args.iter().filter(|a| a.name.is_none());
                let args: Vec<String> = args.map(|a| self.expression_at(here(a.value), depth + 1)).collect();
                format!("{}({})", name.to_lowercase(), args.join(", "))
            }
        }
    }

    fn constant(&self, at: ExprRef) -> String {
        match self.reading.context.constant(at) {
            Some(Constant::Int(number)) => number.to_string(),
            Some(Constant::Bool(value)) => value.to_string(),
            _ => "NULL".to_owned(),
        }
    }
}

/// What stands between two operands.
fn text_between(expressions: &Expressions<'_, '_>, at: ExprRef, left: ExprId, right: ExprId) -> String {
    let context = expressions.reading.context;
    let module = context.program.module(at.module);
    let (start, end) = (module.expr(left).range.end, module.expr(right).range.start);
    if start >= end {
        return String::new();
    }
    context.sources.text(module.span(ir::Range { start, end })).to_owned()
}
