//! Whose a column is: the tables in sight, innermost query first.

use sqlparser::ast;

use super::{Column, TableUse, parse::range_of};
use crate::{Dialect, Name};

/// The tables that each query around a place has in sight.
pub(super) struct Scopes {
    pub dialect: Dialect,
    frames: Vec<Vec<TableUse>>,
    /// Common table expressions in sight.
    pub with: Vec<String>,
}

impl Scopes {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, frames: Vec::new(), with: Vec::new() }
    }

    pub fn open(&mut self) {
        self.frames.push(Vec::new());
    }

    pub fn close(&mut self) -> Vec<TableUse> {
        self.frames.pop().unwrap_or_default()
    }

    pub fn add(&mut self, table: TableUse) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push(table);
        }
    }

    pub fn tables(&self) -> &[TableUse] {
        self.frames.last().map_or(&[], Vec::as_slice)
    }

    pub fn tables_mut(&mut self) -> &mut [TableUse] {
        self.frames.last_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    pub fn fold(&self, ident: &ast::Ident) -> String {
        self.dialect.fold(&ident.value, ident.quote_style.is_some())
    }

    /// The name of a table, its last two parts.
    pub fn name(&self, object: &ast::ObjectName) -> Name {
        let mut parts: Vec<String> = object.0.iter().filter_map(super::parse::ident_of).map(|i| self.fold(i)).collect();
        let name = parts.pop().unwrap_or_default();
        Name { schema: parts.pop(), name }
    }

    fn is(&self, table: &TableUse, qualifier: &str) -> bool {
        let own = table.alias.as_deref().unwrap_or(&table.name.name);
        self.dialect.is_same(own, qualifier)
    }

    /// The column that the parts of a name mean.
    pub fn column(&self, parts: &[ast::Ident]) -> Option<Column> {
        let (last, before) = parts.split_last()?;
        let range = range_of(parts.first()?.span).to(range_of(last.span));
        let qualifier = before.last().map(|i| self.fold(i));
        let mut column = Column { table: None, qualifier, name: self.fold(last), is_outer: false, range };
        let own = |table: &TableUse| (!table.is_derived).then(|| table.name.clone());
        match column.qualifier.clone() {
            Some(qualifier) => {
                for (depth, frame) in self.frames.iter().rev().enumerate() {
                    if let Some(table) = frame.iter().find(|t| self.is(t, &qualifier)) {
                        column.table = own(table);
                        column.is_outer = depth > 0;
                        break;
                    }
                }
            }
            None => {
                if let Some([table]) = self.frames.last().map(Vec::as_slice) {
                    column.table = own(table);
                }
            }
        }
        Some(column)
    }
}
