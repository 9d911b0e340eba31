//! The syntax tree into a [`Query`].

use sqlparser::ast::{self, Expr, SetExpr, Spanned, Statement, Value};

use super::{
    Aggregate, Column, Join, Lock, LockStrength, LockWait, Operand, Operation, Operator, Order, Output, Predicate,
    Query, Subquery, SubqueryPlace, TableUse, Upsert, UpsertAction, Write,
    parse::{HOLE_NAME, Prepared, range_of},
    scope::Scopes,
};
use crate::{Dialect, Name, Range, SqlType};

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

const RANDOM: &[&str] = &["random", "rand", "newid", "dbms_random"];

pub(super) struct Reader<'p> {
    text: &'p str,
    scopes: Scopes,
    prepared: &'p Prepared,
    /// How many `ON CONFLICT` were read.
    conflicts: usize,
}

/// Where a condition stands.
#[derive(Clone, Copy, Default)]
struct Stand {
    negated: bool,
    alternative: bool,
    outer_join: bool,
}

impl<'p> Reader<'p> {
    pub fn new(text: &'p str, dialect: Dialect, prepared: &'p Prepared) -> Self {
        Self { text, scopes: Scopes::new(dialect), prepared, conflicts: 0 }
    }

    pub fn statement(&mut self, statement: &Statement, range: Range) -> Option<Query> {
        match statement {
            Statement::Query(query) => Some(self.query(query, range)),
            Statement::Insert(insert) => Some(self.insert(insert, range)),
            Statement::Update(update) => Some(self.update(update, range)),
            Statement::Delete(delete) => Some(self.delete(delete, range)),
            Statement::Merge(merge) => Some(self.merge(merge, range)),
            _ => None,
        }
    }

    /// One query in a frame of its own.
    fn framed(&mut self, operation: Operation, range: Range, read: impl FnOnce(&mut Self, &mut Query)) -> Query {
        let mut query = Query::new(operation, range);
        self.scopes.open();
        read(self, &mut query);
        query.tables = self.scopes.close();
        query
    }

    fn query(&mut self, from: &ast::Query, range: Range) -> Query {
        let known = self.scopes.with.len();
        let made = self.framed(Operation::Select, range, |reader, query| {
            reader.with(from.with.as_ref(), query);
            reader.body(&from.body, query);
            reader.tail(from, query);
        });
        self.scopes.with.truncate(known);
        // `WITH … INSERT`: the write is the query, what stands before it are its parts
        match &*from.body {
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => lifted(made),
            _ => made,
        }
    }

    fn with(&mut self, with: Option<&ast::With>, query: &mut Query) {
        for cte in with.map(|w| w.cte_tables.as_slice()).unwrap_or_default() {
            let name = self.scopes.fold(&cte.alias.name);
            self.scopes.with.push(name.clone());
            self.subquery(&cte.query, SubqueryPlace::With(name), query);
        }
    }

    fn subquery(&mut self, from: &ast::Query, place: SubqueryPlace, query: &mut Query) {
        let made = self.query(from, range_of(from.span()));
        let is_correlated = made.all().iter().any(|q| q.reads.iter().any(|c| c.is_outer));
        query.subqueries.push(Subquery { place, is_correlated, query: made });
    }

    fn body(&mut self, body: &SetExpr, query: &mut Query) {
        match body {
            SetExpr::Select(select) => self.select(select, query),
            SetExpr::Query(inner) => self.subquery(inner, SubqueryPlace::Branch, query),
            SetExpr::SetOperation { left, right, .. } => {
                for side in [left, right] {
                    // a chain of branches is as deep as it is long: only the last ones have a place of their own
                    let range = match &**side {
                        SetExpr::Select(select) => range_of(select.span()),
                        _ => query.range,
                    };
                    let made = self.framed(Operation::Select, range, |reader, query| reader.body(side, query));
                    if query.outputs.is_empty() {
                        query.outputs = made.outputs.clone();
                    }
                    let subquery = Subquery { place: SubqueryPlace::Branch, is_correlated: false, query: made };
                    query.subqueries.push(subquery);
                }
            }
            SetExpr::Values(values) => {
                query.rows = values.rows.len();
                for value in values.rows.iter().flat_map(|row| &row.content) {
                    self.reads(value, query);
                }
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                if let Some(made) = self.statement(statement, query.range) {
                    query.subqueries.push(Subquery { place: SubqueryPlace::Source, is_correlated: false, query: made });
                }
            }
            SetExpr::Table(table) => {
                query.is_star = true;
                if let Some(name) = &table.table_name {
                    let name = Name { schema: table.schema_name.clone(), name: name.clone() };
                    self.scopes.add(plain_table(name, query.range));
                }
            }
        }
    }

    fn select(&mut self, select: &ast::Select, query: &mut Query) {
        self.from(&select.from, query);
        query.is_distinct = matches!(&select.distinct, Some(ast::Distinct::Distinct | ast::Distinct::On(_)));
        if let Some(ast::Distinct::On(keys)) = &select.distinct {
            for key in keys {
                self.reads(key, query);
            }
        }
        for item in &select.projection {
            self.item(item, query);
        }
        if let Some(top) = &select.top {
            query.limit = Some(match &top.quantity {
                Some(ast::TopQuantity::Expr(e)) => self.operand(e),
                Some(ast::TopQuantity::Constant(n)) => Operand::Literal { text: n.to_string(), is_string: false },
                None => Operand::Expression,
            });
        }
        if let Some(condition) = &select.selection {
            query.has_where = true;
            self.condition(condition, Stand::default(), query);
        }
        for connect in &select.connect_by {
            if let ast::ConnectByKind::StartWith { condition, .. } = connect {
                self.condition(condition, Stand::default(), query);
            }
        }
        match &select.group_by {
            ast::GroupByExpr::All(_) => query.is_grouped = true,
            ast::GroupByExpr::Expressions(keys, _) => {
                query.is_grouped = !keys.is_empty();
                for key in keys {
                    match self.plain(key) {
                        Some(column) => {
                            read(query, column.clone());
                            query.group_by.push(column);
                        }
                        None => self.reads(key, query),
                    }
                }
            }
        }
        if let Some(condition) = &select.having {
            self.condition(condition, Stand::default(), query);
        }
    }

    fn item(&mut self, item: &ast::SelectItem, query: &mut Query) {
        let (expr, alias) = match item {
            ast::SelectItem::UnnamedExpr(expr) => (expr, None),
            ast::SelectItem::ExprWithAlias { expr, alias } => (expr, Some(self.scopes.fold(alias))),
            ast::SelectItem::ExprWithAliases { expr, .. } => (expr, None),
            ast::SelectItem::QualifiedWildcard(kind, _) => {
                query.is_star = true;
                let mut column = None;
                if let ast::SelectItemQualifiedWildcardKind::ObjectName(name) = kind {
                    let mut parts: Vec<ast::Ident> = name.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
                    parts.push(ast::Ident::with_quote('"', "*"));
                    if let Some(last) = parts.len().checked_sub(2) {
                        parts[last + 1].span = parts[last].span;
                    }
                    column = self.scopes.column(&parts);
                }
                query.outputs.push(Output { name: "*".into(), column, typed_as: None, data_type: None });
                return;
            }
            ast::SelectItem::Wildcard(_) => {
                query.is_star = true;
                query.outputs.push(Output { name: "*".into(), column: None, typed_as: None, data_type: None });
                return;
            }
        };
        let column = self.plain(expr);
        let name = alias.or_else(|| column.as_ref().map(|c| c.name.clone())).unwrap_or_else(|| match expr {
            Expr::Function(f) => self.scopes.name(&f.name).name,
            Expr::Cast { expr, .. } => self.plain(expr).map_or(String::new(), |c| c.name),
            Expr::Case { .. } => "case".into(),
            _ => String::new(),
        });
        let typed_as = self.typed_as(expr);
        query.outputs.push(Output { name, column, typed_as, data_type: self.data_type(expr) });
        self.reads(expr, query);
    }

    fn from(&mut self, tables: &[ast::TableWithJoins], query: &mut Query) {
        // all first: conditions of joins may name any of them
        let mut conditions = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            self.joined(table, query, &mut conditions);
            // `FROM a, b WHERE a.x = b.x` joins as well; seen again below
            query.has_cross_join |= at > 0;
        }
        for (condition, outer_join) in conditions {
            self.condition(condition, Stand { outer_join, ..Stand::default() }, query);
        }
    }

    fn joined<'e>(&mut self, from: &'e ast::TableWithJoins, query: &mut Query, conditions: &mut Vec<(&'e Expr, bool)>) {
        self.factor(&from.relation, false, query, conditions);
        for join in &from.joins {
            use ast::JoinOperator as J;
            let (constraint, left, right) = match &join.join_operator {
                J::Join(c)
                | J::Inner(c)
                | J::StraightJoin(c)
                | J::Semi(c)
                | J::LeftSemi(c)
                | J::RightSemi(c)
                | J::Anti(c)
                | J::LeftAnti(c)
                | J::RightAnti(c) => (Some(c), false, false),
                J::Left(c) | J::LeftOuter(c) => (Some(c), false, true),
                J::Right(c) | J::RightOuter(c) => (Some(c), true, false),
                J::FullOuter(c) => (Some(c), true, true),
                J::CrossJoin(c) => (Some(c), false, false),
                J::AsOf { constraint, .. } => (Some(constraint), false, false),
                J::CrossApply | J::ArrayJoin | J::InnerArrayJoin => (None, false, false),
                J::OuterApply | J::LeftArrayJoin => (None, false, true),
            };
            if left {
                self.scopes.tables_mut().iter_mut().for_each(|t| t.is_optional = true);
            }
            let before = self.scopes.tables().len();
            self.factor(&join.relation, right, query, conditions);
            match constraint {
                Some(ast::JoinConstraint::On(condition)) => conditions.push((condition, left || right)),
                Some(ast::JoinConstraint::Using(columns)) => self.using(columns, before, left || right, query),
                Some(ast::JoinConstraint::None)
                    if matches!(join.join_operator, J::CrossJoin(_) | J::Join(_) | J::Inner(_)) =>
                {
                    query.has_cross_join = true;
                }
                _ => {}
            }
        }
    }

    /// `USING (a)`: the column of both sides.
    fn using(&mut self, columns: &[ast::ObjectName], at: usize, is_outer: bool, query: &mut Query) {
        let tables = self.scopes.tables();
        let (Some(left), Some(right)) = (at.checked_sub(1).and_then(|l| tables.get(l)), tables.get(at)) else { return };
        let own = |t: &TableUse| (!t.is_derived).then(|| t.name.clone());
        let (left, right) = (own(left), own(right));
        for column in columns {
            let Some(ident) = column.0.last().and_then(|p| p.as_ident()) else { continue };
            let name = self.scopes.fold(ident);
            let of = |table: &Option<Name>| Column {
                table: table.clone(),
                qualifier: None,
                name: name.clone(),
                is_outer: false,
                range: range_of(ident.span),
            };
            let (left, right) = (of(&left), of(&right));
            read(query, left.clone());
            read(query, right.clone());
            query.joins.push(Join { left, right, is_outer });
        }
    }

    fn factor<'e>(
        &mut self,
        factor: &'e ast::TableFactor,
        is_optional: bool,
        query: &mut Query,
        conditions: &mut Vec<(&'e Expr, bool)>,
    ) {
        let alias_of =
            |reader: &Self, alias: &Option<ast::TableAlias>| alias.as_ref().map(|a| reader.scopes.fold(&a.name));
        let range = range_of(factor.span());
        match factor {
            ast::TableFactor::Table { name, alias, args, with_hints, .. } => {
                let found = self.scopes.name(name);
                let is_cte = found.schema.is_none() && self.scopes.with.iter().any(|w| *w == found.name);
                let alias = alias_of(self, alias);
                let is_derived = is_cte || args.is_some();
                self.scopes.add(TableUse { name: found, alias, is_derived, is_written: false, is_optional, range });
                for hint in with_hints {
                    let hint = hint.to_string().to_ascii_lowercase();
                    if hint.contains("updlock") || hint.contains("xlock") {
                        let wait = if hint.contains("readpast") { LockWait::SkipsLocked } else { LockWait::Blocks };
                        query.lock = Some(Lock { strength: LockStrength::Update, wait });
                    }
                }
            }
            ast::TableFactor::Derived { subquery, alias, .. } => {
                let alias = alias_of(self, alias);
                let name = Name::bare(alias.clone().unwrap_or_default());
                self.subquery(subquery, SubqueryPlace::From(name.name.clone()), query);
                self.scopes.add(TableUse { name, alias, is_derived: true, is_written: false, is_optional, range });
            }
            ast::TableFactor::NestedJoin { table_with_joins, .. } => self.joined(table_with_joins, query, conditions),
            ast::TableFactor::Function { name, alias, .. } => {
                let alias = alias_of(self, alias);
                let name = self.scopes.name(name);
                self.scopes.add(TableUse { name, alias, is_derived: true, is_written: false, is_optional, range });
            }
            ast::TableFactor::UNNEST { alias, .. }
            | ast::TableFactor::TableFunction { alias, .. }
            | ast::TableFactor::JsonTable { alias, .. }
            | ast::TableFactor::OpenJsonTable { alias, .. }
            | ast::TableFactor::XmlTable { alias, .. } => {
                let alias = alias_of(self, alias);
                let name = Name::bare(alias.clone().unwrap_or_default());
                self.scopes.add(TableUse { name, alias, is_derived: true, is_written: false, is_optional, range });
            }
            ast::TableFactor::Pivot { table, .. }
            | ast::TableFactor::Unpivot { table, .. }
            | ast::TableFactor::MatchRecognize { table, .. } => self.factor(table, is_optional, query, conditions),
            _ => {}
        }
    }

    /// What follows the body: order, limit, locks.
    fn tail(&mut self, from: &ast::Query, query: &mut Query) {
        if let Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(keys), .. }) = &from.order_by {
            self.order(keys, query);
        }
        match &from.limit_clause {
            Some(ast::LimitClause::LimitOffset { limit, offset, .. }) => {
                query.limit = limit.as_ref().map(|e| self.operand(e)).or(query.limit.take());
                query.offset = offset.as_ref().map(|o| self.operand(&o.value));
            }
            Some(ast::LimitClause::OffsetCommaLimit { offset, limit }) => {
                query.limit = Some(self.operand(limit));
                query.offset = Some(self.operand(offset));
            }
            None => {}
        }
        if let Some(fetch) = &from.fetch {
            let one = Operand::Literal { text: "1".into(), is_string: false };
            query.limit = Some(fetch.quantity.as_ref().map_or(one, |e| self.operand(e)));
        }
        for lock in &from.locks {
            // the strength that stood nearest before, since sqlparser keeps no place of it
            let known = self.prepared.strengths.iter().filter(|(at, _)| query.range.holds(*at)).map(|(_, s)| *s).max();
            let plain = match lock.lock_type {
                ast::LockType::Share => LockStrength::Share,
                ast::LockType::Update => LockStrength::Update,
            };
            let same_family =
                |s: &LockStrength| (*s >= LockStrength::NoKeyUpdate) == (plain >= LockStrength::NoKeyUpdate);
            let wait = match lock.nonblock {
                Some(ast::NonBlock::Nowait) => LockWait::NoWait,
                Some(ast::NonBlock::SkipLocked) => LockWait::SkipsLocked,
                None => LockWait::Blocks,
            };
            query.lock = Some(Lock { strength: known.filter(same_family).unwrap_or(plain), wait });
        }
        if from.locks.is_empty() && query.lock.is_none() && !self.prepared.strengths.is_empty() {
            // `LOCK IN SHARE MODE` was taken out
            let share = self.prepared.strengths.iter().find(|(at, _)| {
                self.text.get(*at..).is_some_and(|t| t.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("lock")))
            });
            query.lock = share.map(|(_, strength)| Lock { strength: *strength, wait: LockWait::Blocks });
        }
    }

    fn order(&mut self, keys: &[ast::OrderByExpr], query: &mut Query) {
        for key in keys {
            let column = self.plain(&key.expr);
            let is_random = matches!(&key.expr, Expr::Function(f)
                if RANDOM.contains(&self.scopes.name(&f.name).name.to_ascii_lowercase().as_str()));
            let descending = matches!(key.options.sort, Some(ast::OrderBySort::Desc));
            query.order_by.push(Order { column, descending, is_random, range: range_of(key.expr.span()) });
            self.reads(&key.expr, query);
        }
    }

    fn insert(&mut self, insert: &ast::Insert, range: Range) -> Query {
        self.framed(Operation::Insert, range, |reader, query| {
            if let ast::TableObject::TableName(name) = &insert.table {
                let mut table = plain_table(reader.scopes.name(name), range_of(name.span()));
                table.alias = insert.table_alias.as_ref().map(|a| reader.scopes.fold(&a.alias));
                table.is_written = true;
                reader.scopes.add(table);
            }
            let values: Option<&[Expr]> = insert.source.as_ref().and_then(|source| match &*source.body {
                SetExpr::Values(values) => {
                    query.rows = values.rows.len();
                    values.rows.first().map(|row| row.content.as_slice())
                }
                _ => None,
            });
            for (at, name) in insert.columns.iter().enumerate() {
                let idents: Vec<ast::Ident> = name.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
                let Some(column) = reader.scopes.column(&idents[idents.len().saturating_sub(1)..]) else { continue };
                let value = values.and_then(|v| v.get(at)).map_or(Operand::Expression, |e| reader.operand(e));
                query.writes.push(Write { column, value, reads_itself: false });
            }
            reader.assignments(&insert.assignments, query);
            if let Some(source) = &insert.source {
                match &*source.body {
                    SetExpr::Values(values) => {
                        for value in values.rows.iter().take(3).flat_map(|row| &row.content) {
                            reader.reads(value, query);
                        }
                    }
                    _ => reader.subquery(source, SubqueryPlace::Source, query),
                }
            }
            query.upsert = reader.upsert(insert, query);
            query.is_returning = insert.returning.is_some() || insert.output.is_some();
        })
    }

    fn upsert(&mut self, insert: &ast::Insert, query: &mut Query) -> Option<Upsert> {
        let mut upsert = Upsert { columns: Vec::new(), constraint: None, action: UpsertAction::Nothing };
        match &insert.on {
            Some(ast::OnInsert::DuplicateKeyUpdate(assignments)) => {
                upsert.action = UpsertAction::Update;
                self.upsert_assignments(assignments, query);
                return Some(upsert);
            }
            Some(ast::OnInsert::OnConflict(conflict)) => {
                upsert.columns = self.prepared.targets.get(self.conflicts).cloned().unwrap_or_default();
                self.conflicts += 1;
                if let Some(ast::ConflictTarget::OnConstraint(name)) = &conflict.conflict_target {
                    upsert.constraint = Some(self.scopes.name(name).name);
                }
                if let ast::OnConflictAction::DoUpdate(update) = &conflict.action {
                    upsert.action = UpsertAction::Update;
                    self.upsert_assignments(&update.assignments, query);
                    if let Some(condition) = &update.selection {
                        self.reads(condition, query);
                    }
                }
                return Some(upsert);
            }
            _ => {}
        }
        let replaces = insert.replace_into || matches!(insert.or, Some(ast::SqliteOnConflict::Replace));
        if replaces {
            upsert.action = UpsertAction::Replace;
        }
        let ignores = insert.ignore || matches!(insert.or, Some(ast::SqliteOnConflict::Ignore));
        (replaces || ignores).then_some(upsert)
    }

    /// Assignments of an upsert write columns that the insert may have named already.
    fn upsert_assignments(&mut self, assignments: &[ast::Assignment], query: &mut Query) {
        let before = query.writes.len();
        self.assignments(assignments, query);
        let added = query.writes.split_off(before);
        for write in added {
            if write.reads_itself || !query.writes.iter().any(|w| w.column.name == write.column.name) {
                query.writes.push(write);
            }
        }
    }

    fn assignments(&mut self, assignments: &[ast::Assignment], query: &mut Query) {
        for assignment in assignments {
            let targets = match &assignment.target {
                ast::AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                ast::AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            let before = query.reads.len();
            self.reads(&assignment.value, query);
            for target in targets {
                let idents: Vec<ast::Ident> = target.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
                let Some(mut column) = self.scopes.column(&idents) else { continue };
                if column.table.is_none() && column.qualifier.is_none() {
                    column.table = self.scopes.tables().iter().find(|t| t.is_written).map(|t| t.name.clone());
                }
                let reads_itself = self.names_column(&assignment.value, &column)
                    || query.reads[before..]
                        .iter()
                        .any(|c| c.name == column.name && c.qualifier.as_deref() != Some("excluded"));
                let value = self.operand(&assignment.value);
                query.writes.push(Write { column, value, reads_itself });
            }
        }
    }

    /// Whether an expression names the column itself.
    fn names_column(&mut self, expr: &Expr, column: &Column) -> bool {
        let mut inner = Query::new(Operation::Select, Range::default());
        self.reads(expr, &mut inner);
        inner.reads.iter().any(|c| c.name == column.name && c.qualifier.as_deref() != Some("excluded"))
    }

    fn update(&mut self, update: &ast::Update, range: Range) -> Query {
        self.framed(Operation::Update, range, |reader, query| {
            reader.from(std::slice::from_ref(&update.table), query);
            if let Some(first) = reader.scopes.tables_mut().first_mut() {
                first.is_written = true;
            }
            match &update.from {
                Some(ast::UpdateTableFromKind::BeforeSet(tables) | ast::UpdateTableFromKind::AfterSet(tables)) => {
                    reader.from(tables, query);
                }
                None => {}
            }
            reader.assignments(&update.assignments, query);
            if let Some(condition) = &update.selection {
                query.has_where = true;
                reader.condition(condition, Stand::default(), query);
            }
            reader.order(&update.order_by, query);
            query.limit = update.limit.as_ref().map(|e| reader.operand(e));
            query.is_returning = update.returning.is_some() || update.output.is_some();
        })
    }

    fn delete(&mut self, delete: &ast::Delete, range: Range) -> Query {
        self.framed(Operation::Delete, range, |reader, query| {
            let (ast::FromTable::WithFromKeyword(tables) | ast::FromTable::WithoutKeyword(tables)) = &delete.from;
            reader.from(tables, query);
            let named = delete.tables.first().map(|n| reader.scopes.name(n).name);
            let written = reader
                .scopes
                .tables()
                .iter()
                .position(|t| named.as_ref().is_none_or(|n| t.alias.as_ref() == Some(n) || t.name.name == *n));
            if let Some(at) = written {
                reader.scopes.tables_mut()[at].is_written = true;
            }
            if let Some(using) = &delete.using {
                reader.from(using, query);
            }
            if let Some(condition) = &delete.selection {
                query.has_where = true;
                reader.condition(condition, Stand::default(), query);
            }
            reader.order(&delete.order_by, query);
            query.limit = delete.limit.as_ref().map(|e| reader.operand(e));
            query.is_returning = delete.returning.is_some() || delete.output.is_some();
        })
    }

    fn merge(&mut self, merge: &ast::Merge, range: Range) -> Query {
        self.framed(Operation::Merge, range, |reader, query| {
            let mut conditions = Vec::new();
            reader.factor(&merge.table, false, query, &mut conditions);
            if let Some(first) = reader.scopes.tables_mut().first_mut() {
                first.is_written = true;
            }
            reader.factor(&merge.source, false, query, &mut conditions);
            reader.condition(&merge.on, Stand::default(), query);
            for (condition, outer_join) in conditions {
                reader.condition(condition, Stand { outer_join, ..Stand::default() }, query);
            }
            for clause in &merge.clauses {
                match &clause.action {
                    ast::MergeAction::Insert(insert) => {
                        for name in &insert.columns {
                            let name = reader.scopes.name(name).name;
                            let table = reader.scopes.tables().first().map(|t| t.name.clone());
                            let column = Column { table, qualifier: None, name, is_outer: false, range };
                            query.writes.push(Write { column, value: Operand::Expression, reads_itself: false });
                        }
                    }
                    ast::MergeAction::Update(update) => {
                        if let ast::MergeUpdateKind::Set(assignments) = &update.kind {
                            reader.assignments(assignments, query);
                        }
                    }
                    _ => {}
                }
            }
        })
    }

    // --- conditions ---

    fn condition(&mut self, condition: &Expr, stand: Stand, query: &mut Query) {
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

    // --- expressions ---

    /// The column that an expression is.
    fn plain(&self, expr: &Expr) -> Option<Column> {
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
    fn wrapped(&self, expr: &Expr) -> Option<(Column, String)> {
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
    fn typed_as(&self, expr: &Expr) -> Option<Column> {
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
    fn data_type(&self, expr: &Expr) -> Option<SqlType> {
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

    fn operand(&self, expr: &Expr) -> Operand {
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
    fn reads(&mut self, expr: &Expr, query: &mut Query) {
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

/// `WITH a AS (…) INSERT …`: the write, with the parts of the whole.
fn lifted(mut whole: Query) -> Query {
    let Some(at) = whole.subqueries.iter().position(|s| s.place == SubqueryPlace::Source) else { return whole };
    let mut write = whole.subqueries.remove(at).query;
    let mut parts = whole.subqueries;
    parts.append(&mut write.subqueries);
    write.subqueries = parts;
    write
}

fn read(query: &mut Query, column: Column) {
    let known = |c: &Column| c.name == column.name && c.table == column.table && c.qualifier == column.qualifier;
    if !query.reads.iter().any(known) {
        query.reads.push(column);
    }
}

fn plain_table(name: Name, range: Range) -> TableUse {
    TableUse { name, alias: None, is_derived: false, is_written: false, is_optional: false, range }
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

fn operator(op: &ast::BinaryOperator) -> Operator {
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

fn arguments(function: &ast::Function) -> impl Iterator<Item = &Expr> {
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
