//! SQL that a tool would send for what is written in code, with the place in the code of each part.
//!
//! A reader of migrations or classes says the statements that its tool sends; the parser of SQL does the rest, and
//! every range in the statements leads back to the code.

use sql::{Dialect, Range, Statement};

/// The type of a column of which only the name is known.
pub(crate) const UNKNOWN: &str = "unknown";

/// SQL under construction.
#[derive(Debug)]
pub(crate) struct Written {
    dialect: Dialect,
    text: String,
    /// Where each part begins in the text, and what it stands for; in order.
    parts: Vec<(u32, Range)>,
}

impl Written {
    /// No SQL yet.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), parts: Vec::new() }
    }

    /// The dialect.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Adds a part of a statement, as it is; whoever calls ends statements with `;`.
    pub(crate) fn say(&mut self, sql: &str, at: ir::Range) {
        self.parts.push((self.text.len() as u32, Range { start: at.start, end: at.end }));
        self.text.push_str(sql);
    }

    /// Adds a name, quoted as the dialect does. A name that is `schema.table` already is quoted in parts.
    pub(crate) fn name(&mut self, name: &str, at: ir::Range) {
        let quoted = quoted(self.dialect, name);
        self.say(&quoted, at);
    }

    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The statements as far as they are said, with places in this text.
    pub(crate) fn so_far(&self) -> Vec<Statement> {
        sql::parse(&self.text, self.dialect)
    }

    /// The statements. Each lies where its parts lie together.
    pub(crate) fn statements(self) -> Vec<Statement> {
        let part_at = |at: u32| self.parts.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let to = |range: Range| {
            let (first, last) = (part_at(range.start), part_at(range.end.saturating_sub(1).max(range.start)));
            let places = self.parts.get(first..=last).unwrap_or_default();
            places.iter().map(|(_, place)| *place).reduce(Range::to).unwrap_or_default()
        };
        let mut statements = sql::parse(&self.text, self.dialect);
        statements.iter_mut().for_each(|s| s.relocate(&to));
        statements
    }
}

/// A name in the quotes of a dialect; each part of `schema.table` for itself.
pub(crate) fn quoted(dialect: Dialect, name: &str) -> String {
    name.split('.').map(|part| quoted_name(dialect, part)).collect::<Vec<_>>().join(".")
}

/// One name in the quotes of a dialect.
pub(crate) fn quoted_name(dialect: Dialect, name: &str) -> String {
    let (open, close) = match dialect {
        Dialect::MySql => ('`', '`'),
        Dialect::SqlServer => ('[', ']'),
        _ => ('"', '"'),
    };
    format!("{open}{}{close}", name.replace(close, &format!("{close}{close}")))
}

/// A text in the quotes of SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_lie_where_the_code_lies() {
        let at = |start, end| ir::Range { start, end };
        let mut written = Written::new(Dialect::Postgres);
        written.say("CREATE TABLE ", at(100, 200));
        written.name("odd \"name", at(110, 120));
        written.say(" (id bigint PRIMARY KEY); CREATE INDEX ON t (", at(100, 200));
        written.name("a", at(210, 220));
        written.say(");", at(100, 200));
        let statements = written.statements();
        assert_eq!(statements.len(), 2, "{statements:?}");
        assert_eq!(statements[0].range, Range { start: 100, end: 200 });
        assert_eq!(statements[1].range, Range { start: 100, end: 220 });
        let mut schema = sql::Schema::new(Dialect::Postgres);
        schema.replay(&statements, base::FileId(0), 0);
        assert!(schema.table(&sql::Name::bare("odd \"name")).is_some(), "{schema:?}");
    }
}
