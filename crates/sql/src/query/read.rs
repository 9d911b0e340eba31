//! The syntax tree into a [`Query`]: `read/conditions.rs` has conditions, `read/expressions.rs` expressions.

mod conditions;
mod expressions;

use sqlparser::ast::{self, Expr, SetExpr, Spanned, Statement};

use super::{
    Column, Join, Lock, LockStrength, LockWait, Operand, Operation, Order, Output, Query, Subquery, SubqueryPlace,
    TableUse, Upsert, UpsertAction, Write,
    parse::{Prepared, range_of},
    scope::Scopes,
};
use crate::{Dialect, Name, Range};

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
                let is_cte = found.schema.is_none() && self.scopes.with.contains(&found.name);
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
