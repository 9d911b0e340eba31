//! Expressions: the columns, aggregates, types and queries in them.

use sqlparser::ast::{self, Expr, Value};

use super::{Reader, conditions::operator, read};
use crate::{
    SqlType,
    query::{Aggregate, Column, Operand, Operator, Query, SubqueryPlace, parse::HOLE_NAME},
};

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "group_concat",
    "bool_and",
    "bool_or",
    "every",
    "stddev",
    "variance",
    "listagg",
    "total",
    "percentile_cont",
    "percentile_disc",
    "json_arrayagg",
    "json_group_array",
    "count_big",
];

impl Reader<'_> {
    /// The column that an expression is.
    pub(super) fn plain(&self, expr: &Expr) -> Option<Column> {
        match expr {
            Expr::Identifier(ident) if ident.value == HOLE_NAME => None,
            Expr::Identifier(ident) => self.scopes.column(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(parts) => self.scopes.column(parts),
            Expr::Nested(inner) => self.plain(inner),
            Expr::Collate { expr, .. } => self.plain(expr),
            Expr::OuterJoin(inner) | Expr::Prior(inner) => self.plain(inner),
            _ => None,
        }
    }

    /// The column that a function or operator is applied to, and which.
    pub(super) fn wrapped(&self, expr: &Expr) -> Option<(Column, String)> {
        let inner = |reader: &Self, e: &Expr| reader.plain(e).or_else(|| reader.wrapped(e).map(|(c, _)| c));
        match expr {
            Expr::Nested(nested) => self.wrapped(nested),
            Expr::Cast { expr, .. } | Expr::Convert { expr, .. } => Some((inner(self, expr)?, "cast".into())),
            Expr::Extract { expr, .. } => Some((inner(self, expr)?, "extract".into())),
            Expr::AtTimeZone { timestamp, .. } => Some((inner(self, timestamp)?, "at time zone".into())),
            Expr::Trim { expr, .. } => Some((inner(self, expr)?, "trim".into())),
            Expr::Substring { expr, .. } => Some((inner(self, expr)?, "substring".into())),
            Expr::Ceil { expr, .. } => Some((inner(self, expr)?, "ceil".into())),
            Expr::Floor { expr, .. } => Some((inner(self, expr)?, "floor".into())),
            Expr::BinaryOp { left, op, right } => {
                let found = inner(self, left).or_else(|| inner(self, right))?;
                Some((found, op.to_string()))
            }
            Expr::JsonAccess { value, .. } => Some((inner(self, value)?, "->".into())),
            Expr::CompoundFieldAccess { root, .. } => Some((inner(self, root)?, "[]".into())),
            Expr::UnaryOp { expr, op } => Some((inner(self, expr)?, op.to_string())),
            Expr::Function(function) => {
                let name = self.scopes.name(&function.name).name.to_ascii_lowercase();
                arguments(function).find_map(|e| inner(self, e)).map(|column| (column, name))
            }
            _ => None,
        }
    }

    /// The column whose type an expression has.
    pub(super) fn typed_as(&self, expr: &Expr) -> Option<Column> {
        match expr {
            Expr::Nested(inner) => self.typed_as(inner),
            Expr::Function(function) => {
                const SAME: &[&str] = &[
                    "max",
                    "min",
                    "coalesce",
                    "greatest",
                    "least",
                    "nullif",
                    "lag",
                    "lead",
                    "first_value",
                    "last_value",
                ];
                let name = self.scopes.name(&function.name).name.to_ascii_lowercase();
                SAME.contains(&name.as_str()).then(|| arguments(function).find_map(|e| self.typed_as(e)))?
            }
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|c| &c.result).chain(else_result.as_deref());
                results.into_iter().find_map(|e| self.typed_as(e))
            }
            other => self.plain(other),
        }
    }

    /// The type that an expression says itself.
    pub(super) fn data_type(&self, expr: &Expr) -> Option<SqlType> {
        match expr {
            Expr::Nested(inner) => self.data_type(inner),
            Expr::Cast { data_type, .. } => {
                let written = data_type.to_string();
                let tokens = crate::lex::tokens(&written, self.scopes.dialect);
                let lower = written.to_lowercase();
                let tokens =
                    if written.contains('"') { tokens } else { crate::lex::tokens(&lower, self.scopes.dialect) };
                crate::cursor::Cursor::new(&tokens, &written, self.scopes.dialect).data_type().ok()
            }
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) if text.bytes().all(|b| b.is_ascii_digit()) => Some(SqlType::named("integer")),
                Value::Number(..) => Some(SqlType::named("numeric")),
                Value::Boolean(_) => Some(SqlType::named("boolean")),
                Value::SingleQuotedString(_) => Some(SqlType::named("text")),
                _ => None,
            },
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::Exists { .. }
            | Expr::InList { .. }
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_) => Some(SqlType::named("boolean")),
            Expr::BinaryOp { op, .. } => match operator(op) {
                Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => {
                    Some(SqlType::named("boolean"))
                }
                _ => {
                    matches!(op, ast::BinaryOperator::And | ast::BinaryOperator::Or).then(|| SqlType::named("boolean"))
                }
            },
            Expr::Function(function) => {
                let name = self.scopes.name(&function.name).name.to_ascii_lowercase();
                match name.as_str() {
                    "count" | "row_number" | "rank" | "dense_rank" => Some(SqlType::named("bigint")),
                    "now" | "current_timestamp" => {
                        Some(SqlType { suffix: "with time zone".into(), ..SqlType::named("timestamp") })
                    }
                    "bool_or" | "bool_and" => Some(SqlType::named("boolean")),
                    "gen_random_uuid" | "uuid_generate_v4" => Some(SqlType::named("uuid")),
                    "lower" | "upper" | "concat" | "string_agg" | "md5" => Some(SqlType::named("text")),
                    "coalesce" => arguments(function).find_map(|e| self.data_type(e)),
                    _ => None,
                }
            }
            Expr::Case { conditions, .. } => conditions.iter().find_map(|c| self.data_type(&c.result)),
            _ => None,
        }
    }

    pub(super) fn operand(&self, expr: &Expr) -> Operand {
        match expr {
            Expr::Nested(inner) => self.operand(inner),
            Expr::Cast { expr, .. } => self.operand(expr),
            Expr::Identifier(ident) if ident.value.contains(HOLE_NAME) => Operand::Hole,
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.plain(expr).map_or(Operand::Expression, Operand::Column)
            }
            Expr::Value(value) => match &value.value {
                Value::Placeholder(text) => Operand::Placeholder(text.clone()),
                Value::Null => Operand::Null,
                Value::Number(text, _) => Operand::Literal { text: text.clone(), is_string: false },
                Value::Boolean(value) => Operand::Literal { text: value.to_string(), is_string: false },
                Value::SingleQuotedString(text) if text.contains(HOLE_NAME) => Operand::Hole,
                Value::SingleQuotedString(text) => Operand::Literal { text: text.clone(), is_string: true },
                _ => Operand::Expression,
            },
            Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => match self.operand(expr) {
                Operand::Literal { text, is_string: false } => {
                    Operand::Literal { text: format!("-{text}"), is_string: false }
                }
                _ => Operand::Expression,
            },
            Expr::Function(function) if self.wrapped(expr).is_none() => {
                Operand::Function(self.scopes.name(&function.name).name.to_ascii_lowercase())
            }
            Expr::Tuple(values) => Operand::List(values.len()),
            Expr::Array(array) => Operand::List(array.elem.len()),
            Expr::Subquery(_) => Operand::Subquery,
            _ => Operand::Expression,
        }
    }

    /// Notes all columns, aggregates and queries of an expression.
    pub(super) fn reads(&mut self, expr: &Expr, query: &mut Query) {
        match expr {
            Expr::Subquery(inner) => return self.subquery(inner, SubqueryPlace::Value, query),
            Expr::Exists { subquery, .. } => return self.subquery(subquery, SubqueryPlace::Exists, query),
            Expr::InSubquery { expr, subquery, negated } => {
                self.reads(expr, query);
                let place = if *negated { SubqueryPlace::NotIn } else { SubqueryPlace::In };
                return self.subquery(subquery, place, query);
            }
            Expr::Function(function) => self.function(function, query),
            _ => {}
        }
        if let Some(column) = self.plain(expr) {
            read(query, column);
            return;
        }
        for child in children(expr) {
            self.reads(child, query);
        }
    }

    fn function(&mut self, function: &ast::Function, query: &mut Query) {
        let name = self.scopes.name(&function.name).name.to_ascii_lowercase();
        if AGGREGATES.contains(&name.as_str()) && function.over.is_none() {
            let column = arguments(function).find_map(|e| self.plain(e));
            let is_distinct = matches!(&function.args, ast::FunctionArguments::List(list)
                if list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct));
            query.aggregates.push(Aggregate { function: name, column, is_distinct });
        }
        if let ast::FunctionArguments::Subquery(inner) = &function.args {
            self.subquery(inner, SubqueryPlace::Value, query);
        }
    }
}

pub(super) fn arguments(function: &ast::Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        ast::FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|argument| {
        let (ast::FunctionArg::Named { arg, .. }
        | ast::FunctionArg::ExprNamed { arg, .. }
        | ast::FunctionArg::Unnamed(arg)) = argument;
        match arg {
            ast::FunctionArgExpr::Expr(expr) => Some(expr),
            _ => None,
        }
    })
}

/// The expressions directly inside an expression.
fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::IsFalse(e)
        | Expr::IsNotFalse(e)
        | Expr::IsTrue(e)
        | Expr::IsNotTrue(e)
        | Expr::IsNull(e)
        | Expr::IsNotNull(e)
        | Expr::IsUnknown(e)
        | Expr::IsNotUnknown(e)
        | Expr::Nested(e)
        | Expr::OuterJoin(e)
        | Expr::Prior(e) => vec![e],
        Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => vec![a, b],
        Expr::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        Expr::InUnnest { expr, array_expr, .. } => vec![expr, array_expr],
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::BinaryOp { left, right, .. } | Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
            vec![left, right]
        }
        Expr::Like { expr, pattern, .. }
        | Expr::ILike { expr, pattern, .. }
        | Expr::SimilarTo { expr, pattern, .. }
        | Expr::RLike { expr, pattern, .. } => vec![expr, pattern],
        Expr::UnaryOp { expr, .. }
        | Expr::Cast { expr, .. }
        | Expr::Convert { expr, .. }
        | Expr::Extract { expr, .. }
        | Expr::Ceil { expr, .. }
        | Expr::Floor { expr, .. }
        | Expr::Collate { expr, .. }
        | Expr::Trim { expr, .. }
        | Expr::IsJson { expr, .. }
        | Expr::IsNormalized { expr, .. }
        | Expr::Named { expr, .. } => vec![expr],
        Expr::AtTimeZone { timestamp, time_zone } => vec![timestamp, time_zone],
        Expr::Position { expr, r#in } => vec![expr, r#in],
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let parts = [substring_from, substring_for].into_iter().flatten().map(|e| &**e);
            std::iter::once(&**expr).chain(parts).collect()
        }
        Expr::Function(function) => {
            let mut found: Vec<&Expr> = arguments(function).collect();
            found.extend(function.filter.as_deref());
            found.extend(function.within_group.iter().map(|o| &o.expr));
            if let Some(ast::WindowType::WindowSpec(window)) = &function.over {
                found.extend(&window.partition_by);
                found.extend(window.order_by.iter().map(|o| &o.expr));
            }
            found
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut found: Vec<&Expr> = operand.as_deref().into_iter().collect();
            found.extend(conditions.iter().flat_map(|c| [&c.condition, &c.result]));
            found.extend(else_result.as_deref());
            found
        }
        Expr::Tuple(values) => values.iter().collect(),
        Expr::Array(array) => array.elem.iter().collect(),
        Expr::Interval(interval) => vec![&interval.value],
        Expr::JsonAccess { value, .. } => vec![value],
        Expr::CompoundFieldAccess { root, .. } => vec![root],
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => sets.iter().flatten().collect(),
        _ => Vec::new(),
    }
}
