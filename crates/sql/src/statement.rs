//! A text into statements. One that is not understood is [`StatementKind::Unknown`]; its neighbours still count.

use crate::{
    Change, Dialect, Query, Range,
    cursor::Cursor,
    ddl,
    lex::{Kind, Token},
    query,
    split::split,
};

/// One statement of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// From its first to its last byte, without the terminator.
    pub range: Range,
    /// What it is.
    pub kind: StatementKind,
    /// Where the caller's holes stand in it.
    pub holes: Vec<Hole>,
}

impl Statement {
    /// A statement of one change that is written in another form than SQL.
    pub fn of(change: Change) -> Self {
        Statement { range: change.range, kind: StatementKind::Change(vec![change]), holes: Vec::new() }
    }

    /// Puts it, and all that changes a schema in it, where `to` says: for SQL that stands for something written in
    /// another form. Places within queries stay.
    pub fn relocate(&mut self, to: &impl Fn(Range) -> Range) {
        self.range = to(self.range);
        match &mut self.kind {
            StatementKind::Change(changes) => changes.iter_mut().for_each(|c| c.relocate(to)),
            StatementKind::Block(inner) => inner.iter_mut().for_each(|s| s.relocate(to)),
            _ => {}
        }
    }
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// It reads or writes rows.
    Query(Box<Query>),
    /// It changes the schema.
    Change(Vec<Change>),
    /// `BEGIN`, `COMMIT` and their kin.
    Transaction(Transaction),
    /// `SET name = value`, `PRAGMA name = value`.
    Set {
        /// In small letters.
        name: String,
        /// As written.
        value: String,
        /// `SET LOCAL`.
        local: bool,
    },
    /// `COPY … FROM`: rows from a file or the next lines.
    Load {
        /// The table.
        table: crate::Name,
    },
    /// `DO $$ … $$`, `BEGIN … END`, `IF … `: the statements inside that could be found.
    Block(Vec<Statement>),
    /// It was understood, and neither reads rows of tables nor changes the schema: `GRANT`, `COMMENT`, `EXPLAIN` …
    Other {
        /// Its first word, in small letters.
        word: String,
    },
    /// It was not understood.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Transaction {
    Begin,
    Commit,
    Rollback,
    Savepoint,
}

/// Where a hole of a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its bytes: the hole itself, or the whole name or string that it is part of.
    pub range: Range,
    /// What it stands for.
    pub position: HolePosition,
}

/// What a hole of a template stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HolePosition {
    /// A value, where a placeholder could stand.
    Value,
    /// Part of a string.
    InString,
    /// The name of a table.
    Table,
    /// The name of a column, or an expression of an order or projection.
    Name,
    /// A whole clause or condition.
    Clause,
}

/// The statements of a text, in order. It never fails, and takes time in proportion to the text.
///
/// Holes are the character [`crate::HOLE`]; `${…}` counts as one.
pub fn parse(text: &str, dialect: Dialect) -> Vec<Statement> {
    parse_nested(text, 0, text.len(), dialect, 0)
}

/// The statements of a part of a text; ranges are those of the whole text.
pub fn parse_part(text: &str, part: Range, dialect: Dialect) -> Vec<Statement> {
    parse_nested(text, part.start as usize, part.end as usize, dialect, 0)
}

fn parse_nested(text: &str, start: usize, end: usize, dialect: Dialect, depth: u8) -> Vec<Statement> {
    let Some(part) = text.get(start..end) else { return Vec::new() };
    let pieces = split(part, dialect);
    let mut statements = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut tokens = piece.tokens;
        for token in &mut tokens {
            token.start += start;
        }
        statements.push(statement(&tokens, text, dialect, depth));
    }
    statements
}

fn statement(tokens: &[Token], text: &str, dialect: Dialect, depth: u8) -> Statement {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        let kind = StatementKind::Unknown { reason: "empty".into() };
        return Statement { range: Range::default(), kind, holes: Vec::new() };
    };
    let range = Range::new(first.start, last.end());
    Statement { range, kind: kind(tokens, text, dialect, depth), holes: holes(tokens) }
}

fn kind(tokens: &[Token], text: &str, dialect: Dialect, depth: u8) -> StatementKind {
    let first = &tokens[0];
    let second = tokens.get(1);
    if let Some(broken) = tokens.iter().find(|t| t.kind == Kind::Broken) {
        return StatementKind::Unknown { reason: format!("a quote opened at byte {} never ends", broken.start) };
    }
    if query::begins_query(tokens) {
        return match query::parse_tokens(tokens, text, dialect) {
            Ok(query) => StatementKind::Query(Box::new(query)),
            Err(reason) => StatementKind::Unknown { reason },
        };
    }
    if let Some(step) = transaction(tokens) {
        return StatementKind::Transaction(step);
    }
    let is_block = first.is("do") || first.is("if") || first.is("begin") || first.is("declare") || first.is("while");
    if is_block {
        return StatementKind::Block(block(tokens, text, dialect, depth));
    }
    if first.is("set") || first.is("pragma") {
        return set(tokens, text, dialect);
    }
    let mut cursor = Cursor::new(tokens, text, dialect);
    if first.is("copy") {
        cursor.at = 1;
        if let Ok(table) = cursor.name() {
            return StatementKind::Load { table };
        }
    }
    match ddl::read(&mut cursor) {
        Some(Ok(changes)) if changes.is_empty() => StatementKind::Other { word: first.text.to_lowercase() },
        Some(Ok(changes)) => StatementKind::Change(changes),
        Some(Err(reason)) => StatementKind::Unknown { reason },
        None if first.kind == Kind::Word && is_known(first, second) => {
            StatementKind::Other { word: first.text.to_lowercase() }
        }
        None => {
            let shown: String = first.text.chars().take(30).collect();
            StatementKind::Unknown { reason: format!("no statement begins with `{shown}`") }
        }
    }
}

/// First words of statements that change no schema that we keep.
fn is_known(first: &Token, _second: Option<&Token>) -> bool {
    const WORDS: &[&str] = &[
        "grant",
        "revoke",
        "comment",
        "explain",
        "analyze",
        "analyse",
        "vacuum",
        "call",
        "exec",
        "execute",
        "use",
        "show",
        "describe",
        "desc",
        "listen",
        "notify",
        "unlisten",
        "discard",
        "reset",
        "prepare",
        "deallocate",
        "declare",
        "fetch",
        "close",
        "checkpoint",
        "create",
        "alter",
        "drop",
        "lock",
        "unlock",
        "attach",
        "detach",
        "security",
        "reassign",
        "load",
        "flush",
        "optimize",
        "repair",
        "check",
        "kill",
        "print",
        "raiserror",
        "return",
        "handler",
        "table",
        "values",
        "import",
        "reload",
        "purge",
        "shutdown",
        "install",
        "uninstall",
        "disable",
        "enable",
        "deny",
        "dbcc",
        "waitfor",
        "throw",
        "whenever",
        "prompt",
        "spool",
        "refresh",
        "reindex",
        "cluster",
        "truncate",
        "rename",
        "move",
        "perform",
        "raise",
        "open",
        "get",
        "signal",
        "resignal",
        "leave",
        "iterate",
        "next",
        "exit",
        "continue",
    ];
    WORDS.iter().any(|w| first.is(w))
}

fn transaction(tokens: &[Token]) -> Option<Transaction> {
    let first = &tokens[0];
    let second = tokens.get(1);
    let short = tokens.len() <= 8;
    let plain = second.is_none_or(|t| {
        ["transaction", "tran", "work", "isolation", "immediate", "exclusive", "deferred", "read"]
            .iter()
            .any(|w| t.is(w))
    });
    if first.is("begin") && plain || (first.is("start") && second.is_some_and(|t| t.is("transaction"))) {
        Some(Transaction::Begin)
    } else if (first.is("commit") && short) || (first.is("end") && plain) {
        Some(Transaction::Commit)
    } else if first.is("rollback") || first.is("abort") {
        Some(Transaction::Rollback)
    } else if first.is("savepoint") || first.is("release") || first.is("save") {
        Some(Transaction::Savepoint)
    } else {
        None
    }
}

fn set(tokens: &[Token], text: &str, dialect: Dialect) -> StatementKind {
    let mut cursor = Cursor::new(tokens, text, dialect);
    cursor.at = 1;
    let local = cursor.word("local");
    let _ = cursor.word("session") || cursor.word("global");
    let from = cursor.at;
    while !cursor.is_done() && !cursor.is_symbol("=") && !cursor.is("to") && !cursor.is_symbol(":=") {
        cursor.at += 1;
    }
    let whole = cursor.is_done();
    let to = if whole { (from + 1).min(tokens.len()) } else { cursor.at };
    let name = cursor.slice(from, to).to_lowercase();
    let value = cursor.slice(if whole { to } else { to + 1 }, tokens.len());
    StatementKind::Set { name, value, local }
}

/// Statements inside a block: those that begin after `THEN`, `ELSE`, `BEGIN`, `LOOP` or a semicolon.
fn block(tokens: &[Token], text: &str, dialect: Dialect, depth: u8) -> Vec<Statement> {
    if depth >= 4 {
        return Vec::new();
    }
    // `DO $$ … $$`
    if let Some(body) = tokens.iter().find(|t| t.kind == Kind::Dollar) {
        let tag = body.text[1..].find('$').map_or(0, |at| at + 2);
        let (start, end) = (body.start + tag, body.end().saturating_sub(tag));
        let inner = text.get(start..end).map(|t| crate::lex::tokens(t, dialect)).unwrap_or_default();
        let inner: Vec<Token> = inner.into_iter().map(|t| Token { start: t.start + start, ..t }).collect();
        return inside(&inner, text, dialect, depth);
    }
    inside(tokens, text, dialect, depth)
}

fn inside(tokens: &[Token], text: &str, dialect: Dialect, depth: u8) -> Vec<Statement> {
    const STARTS: &[&str] =
        &["create", "alter", "drop", "insert", "update", "delete", "truncate", "with", "rename", "set"];
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let opens = at == 0
            || tokens[at - 1].is_symbol(";")
            || ["then", "else", "begin", "loop"].iter().any(|w| tokens[at - 1].is(w))
            || (dialect == Dialect::SqlServer && tokens[at - 1].is_symbol(")"));
        if opens && STARTS.iter().any(|w| tokens[at].is(w)) {
            let end = tokens[at..].iter().position(|t| t.is_symbol(";")).map_or(tokens.len(), |e| at + e);
            // without semicolons a block ends with its word
            let ends = tokens[at..end].iter().position(|t| t.is("end") && dialect == Dialect::SqlServer);
            let end = ends.map_or(end, |e| at + e).max(at + 1);
            let mut one = statement(&tokens[at..end], text, dialect, depth + 1);
            if let StatementKind::Change(changes) = &mut one.kind {
                changes.iter_mut().for_each(|c| c.conditional = true);
            }
            found.push(one);
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

fn holes(tokens: &[Token]) -> Vec<Hole> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let has_hole = token.kind == Kind::Hole || token.text.contains(crate::HOLE);
        if !has_hole {
            continue;
        }
        let before = at.checked_sub(1).map(|b| &tokens[b]);
        let after_word = |words: &[&str]| before.is_some_and(|t| words.iter().any(|w| t.is(w)));
        let position = if matches!(token.kind, Kind::String | Kind::Dollar) {
            HolePosition::InString
        } else if after_word(&["from", "join", "into", "update", "table"]) {
            HolePosition::Table
        } else if token.kind == Kind::Word
            || after_word(&["by", "select", "set", "distinct"])
            || before.is_some_and(|t| t.is_symbol("."))
            || tokens.get(at + 1).is_some_and(|t| t.is_symbol("."))
        {
            HolePosition::Name
        } else if before.is_some_and(|t| t.kind == Kind::Symbol && t.text != ")")
            || after_word(&["in", "like", "ilike", "limit", "offset", "between", "values", "then", "else", "top"])
        {
            HolePosition::Value
        } else {
            HolePosition::Clause
        };
        found.push(Hole { range: Range::new(token.start, token.end()), position });
    }
    found
}
