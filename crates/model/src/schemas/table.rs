//! A table as a tool makes it: put together first, then said in SQL.

use ir::Range;
use sql::Dialect;

use super::written::{Written, quoted};

/// A table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) at: Range,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) primary: Option<Key>,
    /// Unique keys and indexes.
    pub(crate) keys: Vec<Key>,
    pub(crate) foreign: Vec<Foreign>,
    pub(crate) checks: Vec<Check>,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) at: Range,
    /// The type, with what belongs to it: `int unsigned`.
    pub(crate) data_type: String,
    pub(crate) not_null: bool,
    /// The expression.
    pub(crate) default: Option<String>,
    /// What stands after all else: `AUTO_INCREMENT`, `UNIQUE`, `CHECK (…)`.
    pub(crate) more: String,
}

/// A key or an index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Key {
    pub(crate) name: Option<String>,
    /// Columns, quoted when they are said; an expression has its parentheses.
    pub(crate) columns: Vec<String>,
    pub(crate) at: Range,
    pub(crate) unique: bool,
    /// It is a constraint, and not an index.
    pub(crate) is_constraint: bool,
    pub(crate) method: Option<String>,
    pub(crate) predicate: Option<String>,
    pub(crate) concurrently: bool,
}

/// A foreign key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreign {
    pub(crate) name: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) at: Range,
    pub(crate) references: String,
    pub(crate) referenced: Vec<String>,
    pub(crate) on_delete: Option<String>,
    pub(crate) on_update: Option<String>,
    pub(crate) deferrable: Option<String>,
}

/// A check.
#[derive(Clone, Debug, Default)]
pub(crate) struct Check {
    pub(crate) name: Option<String>,
    pub(crate) expression: String,
    pub(crate) at: Range,
}

/// Stands after the name of a column of an index that goes downward.
pub(crate) const DESCENDING: char = '\u{2}';

/// Names in parentheses; what has parentheses of its own is an expression.
pub(crate) fn columns(dialect: Dialect, names: &[String]) -> String {
    let one = |name: &String| match name.strip_suffix(DESCENDING) {
        Some(name) => format!("{} DESC", one_name(dialect, name)),
        None if name.contains('(') => name.clone(),
        None => one_name(dialect, name),
    };
    format!("({})", names.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A name that is no `schema.table`.
pub(crate) fn one_name(dialect: Dialect, name: &str) -> String {
    quoted(dialect, &name.replace('.', "\u{1}")).replace('\u{1}', ".")
}

impl Key {
    pub(crate) fn index(columns: Vec<String>, at: Range) -> Self {
        Self { columns, at, ..Self::default() }
    }

    pub(crate) fn unique(columns: Vec<String>, at: Range) -> Self {
        Self { unique: true, is_constraint: true, ..Self::index(columns, at) }
    }

    /// As a constraint.
    fn constraint(&self, dialect: Dialect, kind: &str) -> String {
        let name = self.name.as_ref().map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(dialect, n)));
        format!("{name}{kind} {}", columns(dialect, &self.columns))
    }
}

impl Foreign {
    fn constraint(&self, dialect: Dialect) -> String {
        let name = self.name.as_ref().map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(dialect, n)));
        format!("{name}FOREIGN KEY {} {}", columns(dialect, &self.columns), self.clause(dialect))
    }

    /// `REFERENCES …`.
    pub(crate) fn clause(&self, dialect: Dialect) -> String {
        let mut text = format!("REFERENCES {}", quoted(dialect, &self.references));
        if !self.referenced.is_empty() {
            text.push(' ');
            text.push_str(&columns(dialect, &self.referenced));
        }
        for (what, action) in [("DELETE", &self.on_delete), ("UPDATE", &self.on_update)] {
            if let Some(action) = action {
                text.push_str(&format!(" ON {what} {action}"));
            }
        }
        if let Some(deferrable) = &self.deferrable {
            text.push(' ');
            text.push_str(deferrable);
        }
        text
    }
}

impl Column {
    /// All but the name.
    pub(crate) fn definition(&self) -> String {
        let mut text = self.data_type.clone();
        if let Some(default) = &self.default {
            text.push_str(&format!(" DEFAULT {default}"));
        }
        if self.not_null {
            text.push_str(" NOT NULL");
        }
        if !self.more.is_empty() {
            text.push(' ');
            text.push_str(&self.more);
        }
        text
    }
}

impl Written {
    /// `CREATE TABLE`, with its keys of kind constraint, and without what `without` leaves for later.
    pub(crate) fn create(&mut self, table: &Table, foreign_within: bool) {
        let (dialect, at) = (self.dialect(), table.at);
        self.say(if table.if_not_exists { "CREATE TABLE IF NOT EXISTS " } else { "CREATE TABLE " }, at);
        self.name(&table.name, at);
        self.say(" (", at);
        let mut first = true;
        let mut next = |written: &mut Self| {
            if !std::mem::take(&mut first) {
                written.say(", ", at);
            }
        };
        for column in &table.columns {
            next(self);
            let text = format!("{} {}", one_name(dialect, &column.name), column.definition());
            self.say(&text, column.at);
        }
        if let Some(primary) = &table.primary {
            next(self);
            self.say(&primary.constraint(dialect, "PRIMARY KEY"), primary.at);
        }
        for key in table.keys.iter().filter(|k| k.is_constraint) {
            next(self);
            self.say(&key.constraint(dialect, "UNIQUE"), key.at);
        }
        for foreign in table.foreign.iter().filter(|_| foreign_within) {
            next(self);
            self.say(&foreign.constraint(dialect), foreign.at);
        }
        for check in &table.checks {
            next(self);
            let name = check.name.as_ref().map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(dialect, n)));
            self.say(&format!("{name}CHECK ({})", check.expression), check.at);
        }
        self.say(");\n", at);
        for key in table.keys.iter().filter(|k| !k.is_constraint) {
            self.index(&table.name, key);
        }
    }

    /// The table, then its foreign keys as statements of their own.
    pub(crate) fn create_apart(&mut self, table: &Table) {
        self.create(table, false);
        for foreign in &table.foreign {
            self.foreign(&table.name, foreign);
        }
    }

    /// `CREATE INDEX`.
    pub(crate) fn index(&mut self, table: &str, key: &Key) {
        let dialect = self.dialect();
        let kind = match key.method.as_deref() {
            Some(kind)
                if dialect == Dialect::MySql
                    && matches!(kind.to_ascii_lowercase().as_str(), "fulltext" | "spatial") =>
            {
                format!("{kind} ")
            }
            _ if key.unique => "UNIQUE ".to_owned(),
            _ => String::new(),
        };
        let concurrently = if key.concurrently && dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
        let name = key.name.as_ref().map_or(String::new(), |n| format!("{} ", one_name(dialect, n)));
        let method = match &key.method {
            Some(method) if dialect == Dialect::Postgres => format!(" USING {method}"),
            _ => String::new(),
        };
        let predicate = key.predicate.as_ref().map_or(String::new(), |p| format!(" WHERE {p}"));
        let text = format!(
            "CREATE {kind}INDEX {concurrently}{name}ON {}{method} {}{predicate};\n",
            quoted(dialect, table),
            columns(dialect, &key.columns)
        );
        self.say(&text, key.at);
    }

    /// A unique constraint or a primary key, added.
    pub(crate) fn constraint(&mut self, table: &str, key: &Key, kind: &str) {
        let dialect = self.dialect();
        if dialect == Dialect::Sqlite {
            return self.index(table, key);
        }
        let text = format!("ALTER TABLE {} ADD {};\n", quoted(dialect, table), key.constraint(dialect, kind));
        self.say(&text, key.at);
    }

    /// A foreign key, added.
    pub(crate) fn foreign(&mut self, table: &str, foreign: &Foreign) {
        let dialect = self.dialect();
        let text = format!("ALTER TABLE {} ADD {};\n", quoted(dialect, table), foreign.constraint(dialect));
        self.say(&text, foreign.at);
    }

    /// `ALTER TABLE table …`.
    pub(crate) fn alter(&mut self, table: &str, action: &str, at: Range) {
        let text = format!("ALTER TABLE {} {action};\n", quoted(self.dialect(), table));
        self.say(&text, at);
    }

    /// `DROP INDEX`, as the dialect says it.
    pub(crate) fn drop_index(&mut self, table: &str, name: &str, at: Range) {
        let dialect = self.dialect();
        let index = one_name(dialect, name);
        let text = match dialect {
            Dialect::MySql => format!("ALTER TABLE {} DROP INDEX {index};\n", quoted(dialect, table)),
            Dialect::SqlServer => format!("DROP INDEX {index} ON {};\n", quoted(dialect, table)),
            // of the table's schema
            _ => match table.rsplit_once('.') {
                Some((schema, _)) => format!("DROP INDEX {}.{index};\n", quoted(dialect, schema)),
                None => format!("DROP INDEX {index};\n"),
            },
        };
        self.say(&text, at);
    }

    /// A statement as it is written.
    pub(crate) fn raw(&mut self, sql: &str, at: Range) {
        self.say(sql.trim().trim_end_matches(';'), at);
        // a comment at its end goes no further
        self.say("\n;\n", at);
    }
}
