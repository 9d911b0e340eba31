//! The statements that SQLAlchemy sends for tables, columns, constraints and indexes, with the names that naming
//! conventions give.

use std::ops::{Deref, DerefMut};

use sql::Dialect;

use super::{Column, ColumnType, Constraint, Element, ForeignKey, GivenName, Index};
use crate::schemas::digest::md5;
use crate::schemas::sender::{Line, Sender};
use crate::schemas::written::literal;

/// Makes the statements.
pub(crate) struct Maker {
    pub sender: Sender,
    /// Patterns by what they name: `fk` and `fk_%(table_name)s_%(column_0_name)s`.
    pub convention: Vec<(String, String)>,
}

impl Deref for Maker {
    type Target = Sender;

    fn deref(&self) -> &Sender {
        &self.sender
    }
}

impl DerefMut for Maker {
    fn deref_mut(&mut self) -> &mut Sender {
        &mut self.sender
    }
}

/// What a convention may speak of.
struct Named<'n> {
    table: &'n str,
    columns: &'n [String],
    referred: Option<&'n ForeignKey>,
    given: Option<&'n GivenName>,
}

impl Maker {
    pub(crate) fn new(dialect: Dialect, convention: Vec<(String, String)>) -> Self {
        Maker { sender: Sender::new(dialect), convention }
    }

    /// The name of a constraint: as given, or as the convention has it.
    fn name_for(&self, kind: &str, named: &Named<'_>) -> Option<String> {
        let pattern = self.convention.iter().find(|(k, _)| k == kind).map(|(_, p)| p.as_str());
        let pattern = match (pattern, kind) {
            (Some(pattern), _) => pattern,
            (None, "ix") => "ix_%(column_0_label)s",
            (None, _) => return named.given.map(|g| self.cut(&g.text)),
        };
        match named.given {
            // a name that is given goes into the convention's, where that asks for it
            Some(given) if given.is_final || !pattern.contains("%(constraint_name)s") => {
                return Some(self.cut(&given.text));
            }
            None if pattern.contains("%(constraint_name)s") => return None,
            _ => {}
        }
        let (schema, table) = named.table.rsplit_once('.').map_or(("", named.table), |(s, t)| (s, t));
        let first = named.columns.first().map_or("", String::as_str);
        let prefix = if schema.is_empty() { String::new() } else { format!("{}_", schema.replace('.', "_")) };
        let label = |column: &str| format!("{prefix}{table}_{column}");
        let joined = named.columns.join("_");
        let referred = named.referred.map_or("", |f| f.table.rsplit('.').next().unwrap_or(&f.table));
        let referred_column = named.referred.and_then(|f| f.referenced.first()).map_or("", String::as_str);
        let made = pattern
            .replace("%(table_name)s", table)
            .replace("%(column_0_name)s", first)
            .replace("%(column_0_key)s", first)
            .replace("%(column_0_label)s", &label(first))
            .replace("%(column_0_N_name)s", &joined)
            .replace("%(column_0_N_key)s", &joined)
            .replace("%(column_0N_name)s", &named.columns.concat())
            .replace("%(column_0_N_label)s", &named.columns.iter().map(|c| label(c)).collect::<Vec<_>>().join("_"))
            .replace("%(referred_table_name)s", referred)
            .replace("%(referred_column_0_name)s", referred_column)
            .replace("%(constraint_name)s", named.given.map_or("", |g| g.text.as_str()));
        // `"column_names": lambda …`, a convention's own
        let made = made.replace("%(all_column_names)s", &joined).replace("%(column_names)s", &joined);
        Some(self.cut(&without_tokens(&made)))
    }

    /// Names that are too long end in a hash.
    fn cut(&self, name: &str) -> String {
        let longest = if self.dialect == Dialect::MySql { 64 } else { 63 };
        if name.chars().count() <= longest {
            return name.to_owned();
        }
        let kept: String = name.chars().take(longest - 8).collect();
        let hash = md5(name);
        format!("{kept}_{}", &hash[hash.len() - 4..])
    }

    /// Makes an enum of the database, where it is not there.
    pub(crate) fn make_enum(&mut self, of_type: &ColumnType) {
        let Some((name, values)) = of_type.made.as_ref().filter(|_| !of_type.is_there) else { return };
        let is_same = |n: &sql::Name| n.to_string() == *name || n.name == *name;
        if self.shadow.enums.keys().any(is_same) || values.is_empty() {
            return;
        }
        let values: Vec<String> = values.iter().map(|v| literal(v)).collect();
        let line = self.line("CREATE TYPE ").name(name).sql(&format!(" AS ENUM ({})", values.join(", ")));
        self.send(line);
    }

    /// `CREATE TABLE`, and the indexes of its columns.
    pub(crate) fn create_table(
        &mut self,
        table: &str,
        columns: &[Column],
        constraints: &[Constraint],
        if_not_exists: bool,
    ) {
        for column in columns {
            self.make_enum(&column.of_type);
        }
        let by_column: Vec<String> = columns.iter().filter(|c| c.primary_key).map(|c| c.name.clone()).collect();
        let by_constraint = constraints.iter().find_map(|c| match c {
            Constraint::PrimaryKey { name, columns, .. } => Some((name.clone(), columns.clone())),
            _ => None,
        });
        let (key_name, key) = match by_constraint {
            Some((name, columns)) if !columns.is_empty() => (name, columns),
            Some((name, _)) => (name, by_column),
            None => (None, by_column),
        };
        let counting = counting_column(columns, constraints, &key);
        let start = if if_not_exists { "CREATE TABLE IF NOT EXISTS " } else { "CREATE TABLE " };
        let mut line = self.line(start).name(table).sql(" (");
        let mut is_first = true;
        let whole = self.at;
        for column in columns {
            line = line.place(column.range).sql(if is_first { "" } else { ", " });
            let is_key = key.contains(&column.name);
            line =
                self.definition(line, column, is_key, counting.as_deref() == Some(column.name.as_str())).place(whole);
            is_first = false;
        }
        if !key.is_empty() {
            let named = Named { table, columns: &key, referred: None, given: key_name.as_ref() };
            line = line.sql(if is_first { "" } else { ", " });
            line = constraint_name(line, self.name_for("pk", &named)).sql("PRIMARY KEY (").names(&key).sql(")");
            is_first = false;
        }
        for column in columns {
            for foreign in &column.foreign_keys {
                let foreign = ForeignKey { columns: vec![column.name.clone()], ..foreign.clone() };
                line = line.place(foreign.range).sql(if is_first { "" } else { ", " });
                line = self.foreign_key(line, table, &foreign).place(whole);
                is_first = false;
            }
            if column.unique && !column.index {
                let own = [column.name.clone()];
                let named = Named { table, columns: &own, referred: None, given: None };
                line = line.place(column.range).sql(if is_first { "" } else { ", " });
                line = constraint_name(line, self.name_for("uq", &named))
                    .sql("UNIQUE (")
                    .names(&own)
                    .sql(")")
                    .place(whole);
                is_first = false;
            }
        }
        for constraint in constraints {
            if let Some(range) = range_in_table(constraint) {
                line = line.place(range).sql(if is_first { "" } else { ", " });
                line = self.constraint(line, table, constraint).place(whole);
                is_first = false;
            }
        }
        self.send(line.sql(")"));
        self.indexes_of(table, columns, constraints);
    }

    fn indexes_of(&mut self, table: &str, columns: &[Column], constraints: &[Constraint]) {
        for column in columns.iter().filter(|c| c.index) {
            self.create_index(table, &index_of(column));
        }
        for constraint in constraints {
            if let Constraint::Index(index) = constraint {
                self.create_index(table, index);
            }
        }
    }

    /// A column's name and what follows it.
    fn definition(&self, line: Line, column: &Column, is_key: bool, counts: bool) -> Line {
        let text = match (self.dialect, column.of_type.text.as_str()) {
            (Dialect::Postgres, "INTEGER") if counts => "SERIAL",
            (Dialect::Postgres, "BIGINT") if counts => "BIGSERIAL",
            (Dialect::Postgres, "SMALLINT") if counts => "SMALLSERIAL",
            (_, "") => "TEXT",
            (_, text) => text,
        };
        let mut line = line.name(&column.name).sql(" ").sql(text);
        if let Some(default) = &column.server_default {
            line = line.sql(&format!(" DEFAULT {default}"));
        }
        if let Some(computed) = &column.computed {
            line = line.sql(&format!(" GENERATED ALWAYS AS ({computed}) STORED"));
        }
        if column.is_identity {
            line = line.sql(" GENERATED BY DEFAULT AS IDENTITY");
        }
        if column.nullable == Some(false) || is_key && column.nullable != Some(true) {
            line = line.sql(" NOT NULL");
        }
        match counts && self.dialect == Dialect::MySql {
            true => line.sql(" AUTO_INCREMENT"),
            false => line,
        }
    }

    fn foreign_key(&self, line: Line, table: &str, foreign: &ForeignKey) -> Line {
        let named = Named { table, columns: &foreign.columns, referred: Some(foreign), given: foreign.name.as_ref() };
        let line = constraint_name(line, self.name_for("fk", &named)).sql("FOREIGN KEY (").names(&foreign.columns);
        line.sql(") REFERENCES ")
            .name(&foreign.table)
            .sql(" (")
            .names(&foreign.referenced)
            .sql(")")
            .sql(&foreign.clauses)
    }

    fn constraint(&self, line: Line, table: &str, constraint: &Constraint) -> Line {
        match constraint {
            Constraint::Foreign(foreign) => self.foreign_key(line, table, foreign),
            Constraint::Unique { name, columns, clauses, .. } => {
                let named = Named { table, columns, referred: None, given: name.as_ref() };
                let (nulls, rest) = match clauses.strip_prefix("NULLS NOT DISTINCT") {
                    Some(rest) => (" NULLS NOT DISTINCT", rest),
                    None => ("", clauses.as_str()),
                };
                let line = constraint_name(line, self.name_for("uq", &named)).sql(&format!("UNIQUE{nulls} ("));
                line.names(columns).sql(")").sql(rest)
            }
            Constraint::Check { name, condition, .. } => {
                let named = Named { table, columns: &[], referred: None, given: name.as_ref() };
                constraint_name(line, self.name_for("ck", &named)).sql(&format!("CHECK ({condition})"))
            }
            Constraint::PrimaryKey { name, columns, .. } => {
                let named = Named { table, columns, referred: None, given: name.as_ref() };
                constraint_name(line, self.name_for("pk", &named)).sql("PRIMARY KEY (").names(columns).sql(")")
            }
            Constraint::Index(_) => line,
        }
    }

    /// `ALTER TABLE … ADD CONSTRAINT`.
    pub(crate) fn add_constraint(&mut self, table: &str, constraint: &Constraint) {
        if let Constraint::Index(index) = constraint {
            return self.create_index(table, index);
        }
        let line = self.line("ALTER TABLE ").name(table).sql(" ADD ");
        let line = self.constraint(line, table, constraint);
        self.send(line);
    }

    /// `ALTER TABLE … ADD COLUMN`, with what the column brings along.
    pub(crate) fn add_column(&mut self, table: &str, column: &Column, if_not_exists: bool) {
        let start = if if_not_exists { " ADD COLUMN IF NOT EXISTS " } else { " ADD COLUMN " };
        let line = self.line("ALTER TABLE ").name(table).sql(start);
        let counts = column.primary_key && column.of_type.is_integer && column.server_default.is_none();
        let line = self.definition(line, column, column.primary_key, counts);
        self.send(line);
        for foreign in &column.foreign_keys {
            let foreign = ForeignKey { columns: vec![column.name.clone()], ..foreign.clone() };
            self.add_constraint(table, &Constraint::Foreign(foreign));
        }
        if column.unique && !column.index {
            let columns = vec![column.name.clone()];
            let unique = Constraint::Unique { name: None, columns, clauses: String::new(), range: column.range };
            self.add_constraint(table, &unique);
        }
        if column.index {
            self.create_index(table, &index_of(column));
        }
    }

    /// `CREATE INDEX`.
    pub(crate) fn create_index(&mut self, table: &str, index: &Index) {
        let columns: Vec<String> = index.elements.iter().filter_map(|e| e.column.clone()).collect();
        let name = match &index.name {
            Some(name) => Some(self.cut(&name.text)),
            None => self.name_for("ix", &Named { table, columns: &columns, referred: None, given: None }),
        };
        let is_postgres = self.dialect == Dialect::Postgres;
        let mut line =
            self.line(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " }).place(index.range);
        if index.concurrently && is_postgres {
            line = line.sql("CONCURRENTLY ");
        }
        if index.if_not_exists {
            line = line.sql("IF NOT EXISTS ");
        }
        if let Some(name) = name {
            line = line.name(&name);
        }
        line = line.sql(" ON ").name(table);
        if let Some(method) = index.method.as_ref().filter(|_| is_postgres) {
            line = line.sql(&format!(" USING {method}"));
        }
        line = line.sql(" (");
        for (at, element) in index.elements.iter().enumerate() {
            line = line.sql(if at > 0 { ", " } else { "" });
            line = element_of(line, element);
        }
        line = line.sql(")");
        if !index.include.is_empty() && is_postgres {
            line = line.sql(" INCLUDE (").names(&index.include).sql(")");
        }
        if index.nulls_not_distinct {
            line = line.sql(" NULLS NOT DISTINCT");
        }
        if let Some(condition) = index.condition.as_ref().filter(|_| is_postgres) {
            line = line.sql(&format!(" WHERE {condition}"));
        }
        self.send(line);
    }
}

/// A name without the tokens that a project's own functions fill in.
fn without_tokens(name: &str) -> String {
    let mut made = String::new();
    let mut rest = name;
    while let Some((before, token)) = rest.split_once("%(") {
        made.push_str(before);
        rest = token.split_once(")s").map_or("", |(_, after)| after);
    }
    made + rest
}

fn element_of(line: Line, element: &Element) -> Line {
    let line = match &element.column {
        Some(column) => line.name(column),
        None => {
            // whatever is no call needs parentheses
            let is_plain =
                element.text.ends_with(')') && !element.text.starts_with('(') || element.text.starts_with('(');
            let words = element.text.split_whitespace().count();
            match is_plain || words <= 2 {
                true => line.sql(&element.text),
                false => line.sql(&format!("({})", element.text)),
            }
        }
    };
    line.sql(&element.suffix)
}

fn constraint_name(line: Line, name: Option<String>) -> Line {
    match name {
        Some(name) => line.sql("CONSTRAINT ").name(&name).sql(" "),
        None => line,
    }
}

/// The index that `index=True` asks for.
fn index_of(column: &Column) -> Index {
    let element = Element { column: Some(column.name.clone()), text: column.name.clone(), suffix: String::new() };
    Index { unique: column.unique, elements: vec![element], range: column.range, ..Index::default() }
}

/// Where a constraint stands that is written within the table.
fn range_in_table(constraint: &Constraint) -> Option<ir::Range> {
    match constraint {
        Constraint::Unique { range, columns, .. } => Some(*range).filter(|_| !columns.is_empty()),
        Constraint::Check { range, .. } => Some(*range),
        Constraint::Foreign(foreign) => Some(foreign.range),
        Constraint::PrimaryKey { .. } | Constraint::Index(_) => None,
    }
}

/// The column that counts up by itself: the only one of the key, a whole number that references nothing.
fn counting_column(columns: &[Column], constraints: &[Constraint], key: &[String]) -> Option<String> {
    let asked = columns.iter().find(|c| key.contains(&c.name) && c.autoincrement == Some(true) && c.of_type.is_integer);
    if let Some(asked) = asked {
        return Some(asked.name.clone());
    }
    let [only] = key else { return None };
    let column = columns.iter().find(|c| c.name == *only)?;
    let references = constraints.iter().any(|c| matches!(c, Constraint::Foreign(f) if f.columns.contains(only)));
    let counts = column.of_type.is_integer
        && column.autoincrement != Some(false)
        && column.server_default.is_none()
        && !column.is_identity
        && column.foreign_keys.is_empty()
        && !references;
    counts.then(|| column.name.clone())
}
