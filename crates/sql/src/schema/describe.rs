//! A schema as lines of text, one for each object, so that two can be compared.

use super::{Index, IndexRole, Schema, Table};
use crate::{Dialect, IndexColumn, ReferentialAction, lex::Kind};

impl Schema {
    /// One line for each table, column, key, foreign key, check, index and enum, sorted. Temporary tables are left out.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for table in self.tables.values().filter(|t| !t.temporary) {
            self.describe_table(table, &mut lines);
        }
        for view in self.views.values().filter(|v| v.materialized) {
            for index in &view.indexes {
                lines.push(self.index_line(&view.name.to_string(), index));
            }
        }
        for found in self.enums.values() {
            lines.push(format!("enum {} ({})", found.name, found.values.join(", ")));
        }
        lines.sort();
        lines
    }

    fn describe_table(&self, table: &Table, lines: &mut Vec<String>) {
        let name = table.name.to_string();
        lines.push(format!("table {name}"));
        for column in &table.columns {
            let mut line = format!("column {name}.{} {}", column.name, column.data_type);
            if column.not_null {
                line.push_str(" not null");
            }
            if column.default.is_some() || column.identity == Some(crate::Identity::Serial) {
                line.push_str(" default");
            }
            if column.identity.is_some_and(|i| i != crate::Identity::Serial) {
                line.push_str(" identity");
            }
            if column.generated.is_some() {
                line.push_str(" generated");
            }
            lines.push(line);
        }
        for index in &table.indexes {
            match index.role {
                IndexRole::PrimaryKey => lines.push(format!("primary key {name} ({})", self.elements(&index.columns))),
                IndexRole::UniqueConstraint if self.dialect != Dialect::MySql => {
                    lines.push(format!("unique {name} {} ({})", index.name, self.elements(&index.columns)));
                }
                _ => {}
            }
            lines.push(self.index_line(&name, index));
        }
        for foreign in &table.foreign_keys {
            let mut line = format!(
                "foreign key {name} {} ({}) -> {} ({})",
                foreign.name,
                foreign.columns.join(", "),
                foreign.references,
                foreign.referenced.join(", ")
            );
            for (what, action) in [("delete", foreign.on_delete), ("update", foreign.on_update)] {
                let words = match action {
                    // MySQL takes the two for the same
                    ReferentialAction::NoAction => continue,
                    ReferentialAction::Restrict if self.dialect == Dialect::MySql => continue,
                    ReferentialAction::Restrict => "restrict",
                    ReferentialAction::Cascade => "cascade",
                    ReferentialAction::SetNull => "set null",
                    ReferentialAction::SetDefault => "set default",
                };
                line.push_str(&format!(" on {what} {words}"));
            }
            if !foreign.validated {
                line.push_str(" not valid");
            }
            lines.push(line);
        }
        for check in &table.checks {
            lines.push(format!("check {name} {}", check.name));
        }
    }

    fn elements(&self, columns: &[IndexColumn]) -> String {
        let one = |c: &IndexColumn| {
            let mut text = match (&c.column, &c.expression) {
                (Some(column), _) => column.clone(),
                (None, Some(expression)) => format!("<{}>", comparable(expression, self.dialect)),
                (None, None) => String::new(),
            };
            if c.descending {
                text.push_str(" desc");
            }
            text
        };
        columns.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn index_line(&self, table: &str, index: &Index) -> String {
        let unique = if index.unique { "unique " } else { "" };
        let columns = self.elements(&index.columns);
        let mut line = format!("{unique}index {table} {} {} ({columns})", index.name, index.method);
        if !index.include.is_empty() {
            line.push_str(&format!(" include ({})", index.include.join(", ")));
        }
        if let Some(predicate) = &index.predicate {
            line.push_str(&format!(" where {}", comparable(predicate, self.dialect)));
        }
        line
    }
}

/// An expression without what a catalog adds or drops: casts, parentheses, case, the two ways to write a list.
pub fn comparable(expression: &str, dialect: Dialect) -> String {
    let tokens = crate::lex::tokens(expression, dialect);
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.is_symbol("::") {
            at += 1;
            let is = |ahead: usize, word: &str| tokens.get(at..).and_then(|r| r.get(ahead)).is_some_and(|t| t.is(word));
            let long = [&["varying"][..], &["precision"], &["with", "time", "zone"], &["without", "time", "zone"]];
            let rest =
                long.iter().find(|rest| rest.iter().enumerate().all(|(i, w)| is(i, w))).map_or(0, |rest| rest.len());
            if rest > 0 {
                at += rest;
            }
            if tokens.get(at).is_some_and(|t| t.is_symbol(".")) {
                at += 2;
            }
            while tokens.get(at).is_some_and(|t| t.is_symbol("[") || t.is_symbol("]")) {
                at += 1;
            }
            continue;
        }
        if ["(", ")", "[", "]"].iter().any(|s| token.is_symbol(s)) || token.is("array") {
            continue;
        }
        words.push(match token.kind {
            Kind::Word => token.text.to_lowercase(),
            Kind::Quoted => token.name(),
            Kind::Symbol if token.text == "!=" => "<>".into(),
            _ => token.text.to_owned(),
        });
    }
    let text = words.join(" ");
    text.replace("= any ", "in ").replace("<> all ", "not in ").replace(" ~~ ", " like ")
}
