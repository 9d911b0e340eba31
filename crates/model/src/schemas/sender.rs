//! Statements that are sent one after the other, and what they have made so far: tools that look into the database
//! before they change it find it here.

use base::FileId;
use sql::{Dialect, Schema, Statement};

use super::written::Written;

/// Collects the statements of one file after the other.
pub(crate) struct Sender {
    pub dialect: Dialect,
    pub file: FileId,
    /// Where what is said now stands in the file.
    pub at: ir::Range,
    /// What all statements so far have made.
    pub shadow: Schema,
    statements: Vec<Statement>,
}

/// A statement under construction.
pub(crate) struct Line {
    written: Written,
    at: ir::Range,
}

impl Line {
    /// Adds SQL.
    pub(crate) fn sql(mut self, text: &str) -> Self {
        self.written.say(text, self.at);
        self
    }

    /// Adds a name.
    pub(crate) fn name(mut self, name: &str) -> Self {
        match name.contains('"') {
            // a name that is quoted by hand already: `schema"."table`
            true => self.written.say(&format!("\"{}\"", name.trim_matches('"')), self.at),
            false => self.written.name(name, self.at),
        }
        self
    }

    /// Adds names, with commas.
    pub(crate) fn names(mut self, names: &[String]) -> Self {
        for (at, name) in names.iter().enumerate() {
            self = self.sql(if at > 0 { ", " } else { "" }).name(name);
        }
        self
    }

    /// What follows stands here.
    pub(crate) fn place(mut self, at: ir::Range) -> Self {
        self.at = at;
        self
    }

    /// Where what is said now stands.
    pub(crate) fn placed(&self) -> ir::Range {
        self.at
    }
}

impl Sender {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let shadow = Schema::new(dialect);
        Sender { dialect, file: FileId(0), at: ir::Range::default(), shadow, statements: Vec::new() }
    }

    /// The statements since this was last asked.
    pub(crate) fn taken(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.statements)
    }

    /// Begins a statement.
    pub(crate) fn line(&self, sql: &str) -> Line {
        Line { written: Written::new(self.dialect), at: self.at }.sql(sql)
    }

    /// Sends a statement.
    pub(crate) fn send(&mut self, line: Line) {
        let statements = line.sql(";").written.statements();
        self.shadow.replay(&statements, self.file, 0);
        self.statements.extend(statements);
    }

    /// Sends SQL as it is.
    pub(crate) fn raw(&mut self, sql: &str, at: ir::Range) {
        let line = self.line("").place(at).sql(sql);
        self.send(line);
    }
}
