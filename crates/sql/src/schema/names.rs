//! Finding what a name means, and the names that databases make up.

use super::Schema;
use crate::{Dialect, IndexColumn, Name};

impl Schema {
    /// The key of a name in this schema.
    pub(super) fn key(&self, schema: &str, name: &str) -> Name {
        Name::new(self.dialect.key(schema), self.dialect.key(name))
    }

    /// Where a new thing of this name goes.
    pub(super) fn new_key(&self, name: &Name) -> Name {
        let first = self.search_path.first().map(String::as_str).unwrap_or_default();
        self.key(name.schema.as_deref().unwrap_or(first), &name.name)
    }

    /// The full name of a new thing, as it is shown.
    pub(super) fn full_name(&self, name: &Name) -> Name {
        let first = self.search_path.first().map(String::as_str).unwrap_or_default();
        Name::new(name.schema.as_deref().unwrap_or(first), &name.name)
    }

    /// The key of a name in one of the maps.
    pub(super) fn find<T>(&self, map: &std::collections::BTreeMap<Name, T>, name: &Name) -> Option<Name> {
        if let Some(schema) = &name.schema {
            let key = self.key(schema, &name.name);
            // MySQL and SQLite: a database before the name is the one that we replay
            let own = self.key(self.dialect.default_schema(), &name.name);
            let single = matches!(self.dialect, Dialect::MySql | Dialect::Sqlite | Dialect::Oracle | Dialect::Generic);
            return Some(key).filter(|k| map.contains_key(k)).or((single && map.contains_key(&own)).then_some(own));
        }
        let temporary = std::iter::once("pg_temp");
        let path = self.search_path.iter().map(String::as_str);
        temporary.chain(path).map(|schema| self.key(schema, &name.name)).find(|key| map.contains_key(key))
    }

    pub(super) fn table_key(&self, name: &Name) -> Option<Name> {
        self.find(&self.tables, name)
    }

    /// The table and the place of the index of this name.
    pub(super) fn index_place(&self, name: &Name) -> Option<(Name, usize)> {
        let schemas: Vec<&str> = match &name.schema {
            Some(schema) => vec![schema.as_str()],
            None => self.search_path.iter().map(String::as_str).collect(),
        };
        let has =
            |key: &Name| key.schema.as_deref().is_some_and(|s| schemas.iter().any(|o| self.dialect.is_same(o, s)));
        self.tables.iter().filter(|(key, _)| has(key)).find_map(|(key, table)| {
            let at = table.indexes.iter().position(|i| self.dialect.is_same(&i.name, &name.name))?;
            Some((key.clone(), at))
        })
    }

    /// Whether a table, index, view or sequence of this name is there.
    fn has_relation(&self, schema: &str, name: &str) -> bool {
        let key = self.key(schema, name);
        self.tables.contains_key(&key)
            || self.views.contains_key(&key)
            || self.sequences.contains_key(&key)
            || self.index_place(&Name::new(schema, name)).is_some()
            || self.views.values().any(|v| v.indexes.iter().any(|i| i.name == name))
    }

    /// A name for a relation as PostgreSQL makes it: parts, shortened, with a number if it is taken.
    pub(super) fn made_name(&self, schema: &str, table: &str, parts: &str, label: &str) -> String {
        for pass in 0..1000 {
            let label = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
            let name = object_name(table, parts, &label);
            if !self.has_relation(schema, &name) {
                return name;
            }
        }
        object_name(table, parts, label)
    }

    /// A name for a constraint that no constraint of the schema has.
    pub(super) fn made_constraint_name(&self, schema: &str, table: &str, parts: &str, label: &str) -> String {
        let key = self.dialect.key(schema);
        let taken = |name: &str| {
            self.tables
                .iter()
                .filter(|(k, _)| k.schema.as_deref() == Some(key.as_str()))
                .any(|(_, t)| t.foreign_keys.iter().any(|f| f.name == name) || t.checks.iter().any(|c| c.name == name))
        };
        for pass in 0..1000 {
            let label = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
            let name = object_name(table, parts, &label);
            if !taken(&name) {
                return name;
            }
        }
        object_name(table, parts, label)
    }
}

/// `table_parts_label`, no longer than PostgreSQL's 63 bytes: the longer of the first two is cut.
fn object_name(table: &str, parts: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!parts.is_empty());
    let available = 63usize.saturating_sub(overhead);
    let (mut one, mut two) = (table.len(), parts.len());
    while one + two > available {
        if one > two {
            one -= 1;
        } else {
            two -= 1;
        }
    }
    let table = crate::dialect::shortened(table.to_owned(), one);
    let parts = crate::dialect::shortened(parts.to_owned(), two);
    if parts.is_empty() { format!("{table}_{label}") } else { format!("{table}_{parts}_{label}") }
}

/// The columns as PostgreSQL joins them in a name; expressions go by their function, or `expr`.
pub(super) fn joined_columns<'c>(columns: impl Iterator<Item = &'c IndexColumn>, include: &[String]) -> String {
    let mut names: Vec<String> = Vec::new();
    let given = columns.map(|c| match (&c.column, &c.expression) {
        (Some(column), _) => column.clone(),
        (None, Some(expression)) => expression_name(expression),
        (None, None) => "expr".into(),
    });
    for name in given.chain(include.iter().cloned()) {
        let mut one = name.clone();
        let mut number = 1;
        while names.contains(&one) {
            one = format!("{name}{number}");
            number += 1;
        }
        names.push(one);
    }
    let mut joined = String::new();
    for name in names {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(&name);
        if joined.len() >= 63 {
            break;
        }
    }
    joined
}

/// How PostgreSQL calls the column of an index over an expression.
fn expression_name(expression: &str) -> String {
    let tokens = crate::lex::tokens(expression, Dialect::Postgres);
    let called = tokens.windows(2).find(|w| w[0].kind == crate::lex::Kind::Word && w[1].is_symbol("("));
    match (tokens.first(), called) {
        (Some(first), Some(found)) if first.start == found[0].start => first.text.to_ascii_lowercase(),
        _ => "expr".into(),
    }
}
