//! Conditions: predicates on columns, and pairs of columns that join.

use sqlparser::ast::{self, Expr, Spanned, Value};

use super::{Reader, Stand, expressions::arguments, read};
use crate::{
    Range,
    query::{Column, Join, Operand, Operator, Predicate, Query, SubqueryPlace, parse::range_of},
};

impl Reader<'_> {
    pub(super) fn condition(&mut self, condition: &Expr, stand: Stand, query: &mut Query) {
        use ast::BinaryOperator as B;
        match condition {
            Expr::Nested(inner) => self.condition(inner, stand, query),
            Expr::BinaryOp { left, op: B::And, right } => {
                self.condition(left, stand, query);
                self.condition(right, stand, query);
            }
            Expr::BinaryOp { left, op: B::Or | B::Xor, right } => {
                let stand = Stand { alternative: true, ..stand };
                self.condition(left, stand, query);
                self.condition(right, stand, query);
            }
            Expr::UnaryOp { op: ast::UnaryOperator::Not, expr } => {
                self.condition(expr, Stand { negated: !stand.negated, ..stand }, query);
            }
            Expr::Exists { subquery, .. } => self.subquery(subquery, SubqueryPlace::Exists, query),
            Expr::InSubquery { expr, subquery, negated } => {
                let (operator, place) = match negated {
                    true => (Operator::NotIn, SubqueryPlace::NotIn),
                    false => (Operator::In, SubqueryPlace::In),
                };
                self.predicate(expr, operator, Operand::Subquery, condition, stand, query);
                self.subquery(subquery, place, query);
            }
            Expr::InList { expr, list, negated } => {
                let operator = if *negated { Operator::NotIn } else { Operator::In };
                let against = match list.as_slice() {
                    [one] => match self.operand(one) {
                        found @ (Operand::Placeholder(_) | Operand::Hole) => found,
                        _ => Operand::List(1),
                    },
                    _ => Operand::List(list.len()),
                };
                list.iter().for_each(|e| self.reads(e, query));
                self.predicate(expr, operator, against, condition, stand, query);
            }
            Expr::InUnnest { expr, negated, .. } => {
                let operator = if *negated { Operator::NotIn } else { Operator::In };
                self.predicate(expr, operator, Operand::Expression, condition, stand, query);
            }
            Expr::Between { expr, low, high, .. } => {
                self.reads(high, query);
                self.reads(low, query);
                let against = self.operand(low);
                self.predicate(expr, Operator::Between, against, condition, stand, query);
            }
            Expr::Like { negated, expr, pattern, .. } => {
                let operator = if *negated { Operator::NotLike } else { Operator::Like };
                self.like(expr, operator, pattern, condition, stand, query);
            }
            Expr::ILike { expr, pattern, .. } => self.like(expr, Operator::ILike, pattern, condition, stand, query),
            Expr::SimilarTo { expr, pattern, .. } | Expr::RLike { expr, pattern, .. } => {
                let against = self.operand(pattern);
                self.predicate(expr, Operator::Regex, against, condition, stand, query);
            }
            Expr::IsNull(expr) => self.predicate(expr, Operator::IsNull, Operand::Null, condition, stand, query),
            Expr::IsNotNull(expr) => self.predicate(expr, Operator::IsNotNull, Operand::Null, condition, stand, query),
            Expr::IsTrue(expr) | Expr::IsNotFalse(expr) | Expr::IsFalse(expr) | Expr::IsNotTrue(expr) => {
                let negated = matches!(condition, Expr::IsFalse(_) | Expr::IsNotTrue(_)) != stand.negated;
                self.predicate(
                    expr,
                    Operator::IsTrue,
                    Operand::Expression,
                    condition,
                    Stand { negated, ..stand },
                    query,
                );
            }
            Expr::AnyOp { left, right, compare_op, .. } => {
                let operator = if *compare_op == B::Eq { Operator::In } else { Operator::Other };
                if let Expr::Subquery(inner) = &**right {
                    self.subquery(inner, SubqueryPlace::In, query);
                } else {
                    self.reads(right, query);
                }
                let against = self.operand(right);
                self.predicate(left, operator, against, condition, stand, query);
            }
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, Operator::Eq, right, condition, stand, query),
            Expr::IsDistinctFrom(left, right) => self.compare(left, Operator::NotEq, right, condition, stand, query),
            Expr::BinaryOp { left, op, right } => {
                if matches!(op, B::PGLikeMatch | B::PGILikeMatch | B::PGNotLikeMatch | B::PGNotILikeMatch) {
                    return self.like(left, Operator::Like, right, condition, stand, query);
                }
                self.compare(left, operator(op), right, condition, stand, query);
            }
            Expr::MatchAgainst { columns, .. } => {
                for name in columns {
                    let idents: Vec<ast::Ident> = name.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
                    if let Some(column) = self.scopes.column(&idents) {
                        read(query, column.clone());
                        let made = plain_predicate(column, Operator::Contains, Operand::Expression, stand);
                        query.predicates.push(made);
                    }
                }
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.predicate(condition, Operator::IsTrue, Operand::Expression, condition, stand, query);
            }
            other => self.reads(other, query),
        }
    }

    fn compare(&mut self, left: &Expr, op: Operator, right: &Expr, whole: &Expr, stand: Stand, query: &mut Query) {
        // `(a, b) = ($1, $2)` and `(a, b) > (c, d)`
        if let (Expr::Tuple(lefts), Expr::Tuple(rights)) = (left, right)
            && lefts.len() == rights.len()
        {
            for (left, right) in lefts.iter().zip(rights) {
                self.compare(left, op, right, whole, stand, query);
            }
            return;
        }
        let (one, other) = (self.plain(left), self.plain(right));
        if let (Some(one), Some(other)) = (&one, &other)
            && op == Operator::Eq
            && !stand.alternative
            && (one.table != other.table || one.qualifier != other.qualifier || one.is_outer != other.is_outer)
        {
            read(query, one.clone());
            read(query, other.clone());
            query.joins.push(Join { left: one.clone(), right: other.clone(), is_outer: stand.outer_join });
            query.has_cross_join = false;
            return;
        }
        self.reads(right, query);
        let wrapped = one.is_none() && self.wrapped(left).is_none();
        if wrapped && (other.is_some() || self.wrapped(right).is_some()) {
            self.reads(left, query);
            let against = self.operand(left);
            return self.predicate(right, mirrored(op), against, whole, stand, query);
        }
        let against = self.operand(right);
        self.predicate(left, op, against, whole, stand, query);
    }

    fn like(&mut self, left: &Expr, op: Operator, pattern: &Expr, whole: &Expr, stand: Stand, query: &mut Query) {
        self.reads(pattern, query);
        let against = self.operand(pattern);
        let before = query.predicates.len();
        self.predicate(left, op, against, whole, stand, query);
        let leading = begins_open(pattern);
        query.predicates[before..].iter_mut().for_each(|p| p.leading_wildcard = leading);
    }

    fn predicate(
        &mut self,
        left: &Expr,
        operator: Operator,
        against: Operand,
        whole: &Expr,
        stand: Stand,
        query: &mut Query,
    ) {
        self.reads(left, query);
        let range = self.closed(range_of(whole.span()));
        if let Expr::Tuple(parts) = left {
            for part in parts {
                if let Some(column) = self.plain(part) {
                    query.predicates.push(plain_predicate(column, operator, against.clone(), stand));
                }
            }
            return;
        }
        let (column, function) = match self.plain(left) {
            Some(column) => (column, None),
            None => match self.wrapped(left) {
                Some((column, function)) => (column, Some(function)),
                None => return,
            },
        };
        let mut made = plain_predicate(column, operator, against, stand);
        made.expression = function.is_some().then(|| self.closed(range_of(left.span())));
        made.function = function;
        made.range = range;
        query.predicates.push(made);
    }

    /// A range with the parentheses closed that it opens: sqlparser's places of calls end before them.
    fn closed(&self, range: Range) -> Range {
        let Some(rest) = self.text.get(range.start as usize..) else { return range };
        let length = (range.end - range.start) as usize;
        let mut lexer = crate::lex::Lexer::new(rest, self.scopes.dialect);
        let (mut depth, mut end) = (0i32, length);
        for _ in 0..400 {
            let Some(token) = lexer.next_token() else { break };
            if token.start >= length && depth <= 0 {
                break;
            }
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            if depth < 0 {
                break;
            }
            end = end.max(token.end());
            if token.end() >= length && depth == 0 {
                return Range::new(range.start as usize, range.start as usize + end);
            }
        }
        range
    }
}

fn plain_predicate(column: Column, operator: Operator, against: Operand, stand: Stand) -> Predicate {
    let range = column.range;
    Predicate {
        column,
        function: None,
        expression: None,
        operator,
        against,
        leading_wildcard: false,
        negated: stand.negated,
        alternative: stand.alternative,
        range,
    }
}

pub(super) fn operator(op: &ast::BinaryOperator) -> Operator {
    use ast::BinaryOperator as B;
    match op {
        B::Eq | B::Spaceship => Operator::Eq,
        B::NotEq => Operator::NotEq,
        B::Lt => Operator::Lt,
        B::LtEq => Operator::LtEq,
        B::Gt => Operator::Gt,
        B::GtEq => Operator::GtEq,
        B::Regexp | B::PGRegexMatch | B::PGRegexIMatch | B::PGRegexNotMatch | B::PGRegexNotIMatch => Operator::Regex,
        B::AtArrow
        | B::ArrowAt
        | B::AtAt
        | B::AtQuestion
        | B::Question
        | B::QuestionAnd
        | B::QuestionPipe
        | B::PGOverlap => Operator::Contains,
        _ => Operator::Other,
    }
}

fn mirrored(op: Operator) -> Operator {
    match op {
        Operator::Lt => Operator::Gt,
        Operator::LtEq => Operator::GtEq,
        Operator::Gt => Operator::Lt,
        Operator::GtEq => Operator::LtEq,
        other => other,
    }
}

/// Whether a pattern begins with a wildcard.
fn begins_open(pattern: &Expr) -> bool {
    match pattern {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => begins_open(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.starts_with(['%', '_']),
            _ => false,
        },
        Expr::BinaryOp { left, op: ast::BinaryOperator::StringConcat, .. } => begins_open(left),
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            name == "concat" && arguments(function).next().is_some_and(begins_open)
        }
        _ => false,
    }
}
