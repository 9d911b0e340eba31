//! The columns that a query gives, with their types as far as they can be told.

use super::Schema;
use crate::{
    Query, SqlType,
    query::{Column, SubqueryPlace, TableUse},
};

impl Schema {
    /// The columns of a query's result.
    pub fn result_columns(&self, query: &Query) -> Vec<(String, SqlType)> {
        self.results(query, &[], 0)
    }

    /// `around` are the queries whose common table expressions are in sight.
    fn results(&self, query: &Query, around: &[&Query], depth: u8) -> Vec<(String, SqlType)> {
        if depth > 16 {
            return Vec::new();
        }
        let mut sight = around.to_vec();
        sight.push(query);
        // a UNION is named and typed by its first branch
        if query.tables.is_empty()
            && let Some(first) = query.subqueries.iter().find(|s| s.place == SubqueryPlace::Branch)
        {
            return self.results(&first.query, &sight, depth + 1);
        }
        let mut found = Vec::new();
        for output in &query.outputs {
            if output.name == "*" {
                let qualifier = output.column.as_ref().and_then(|c| c.qualifier.clone());
                let is_meant = |t: &&TableUse| qualifier.as_ref().is_none_or(|q| self.goes_by(t, q));
                for table in query.tables.iter().filter(is_meant) {
                    found.extend(self.columns_of_use(table, &sight, depth));
                }
                continue;
            }
            let of_column = output.typed_as.as_ref().and_then(|c| self.type_of(c, query, &sight, depth));
            let mut of_column = of_column;
            if output.column.is_none()
                && let Some(data_type) = &mut of_column
            {
                // what a function gives has no length or precision of its own
                data_type.arguments.clear();
            }
            let data_type = of_column.or_else(|| output.data_type.clone().map(|t| self.resolved_type(&t)));
            found.push((output.name.clone(), data_type.unwrap_or_else(SqlType::unknown)));
        }
        found
    }

    fn goes_by(&self, table: &TableUse, name: &str) -> bool {
        self.dialect.is_same(table.alias.as_deref().unwrap_or(&table.name.name), name)
    }

    fn type_of(&self, column: &Column, query: &Query, sight: &[&Query], depth: u8) -> Option<SqlType> {
        let is_meant = |t: &&TableUse| column.qualifier.as_ref().is_none_or(|q| self.goes_by(t, q));
        let mut all = query.tables.iter().filter(is_meant).flat_map(|t| self.columns_of_use(t, sight, depth));
        all.find(|(name, _)| self.dialect.is_same(name, &column.name)).map(|(_, data_type)| data_type)
    }

    /// The columns of a table, view, subquery or common table expression.
    fn columns_of_use(&self, table: &TableUse, sight: &[&Query], depth: u8) -> Vec<(String, SqlType)> {
        if table.is_derived {
            for query in sight.iter().rev() {
                let is_it = |place: &SubqueryPlace| match place {
                    SubqueryPlace::With(name) => *name == table.name.name,
                    SubqueryPlace::From(alias) => alias == table.alias.as_deref().unwrap_or_default(),
                    _ => false,
                };
                if let Some(inner) = query.subqueries.iter().find(|s| is_it(&s.place)) {
                    return self.results(&inner.query, sight, depth + 1);
                }
            }
            return Vec::new();
        }
        if let Some(found) = self.table(&table.name) {
            return found.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect();
        }
        let view = self.find(&self.views, &table.name).and_then(|key| self.views.get(&key));
        view.map(|v| v.columns.clone()).unwrap_or_default()
    }
}
