//! Tokens to the syntax tree of `sqlparser`. Its locations carry our bytes: the column is the byte plus one.

use sqlparser::{
    ast,
    parser::Parser,
    tokenizer::{Location, Span, Token as Theirs, TokenWithSpan},
};

use super::{LockStrength, Query, dialect::Limited, read};
use crate::{
    Dialect, Range,
    lex::{Kind, Token},
};

/// How deep queries may nest.
const DEPTH: usize = 60;

/// Beyond this many tokens a statement is data and no query.
const TOKENS: usize = 60_000;

/// A chain of operators makes a tree as deep as it is long; beyond this many a statement is not read.
const OPERATORS: usize = 5_000;

/// The name that stands for a hole in the syntax tree.
pub(super) const HOLE_NAME: &str = "\u{fffc}";

/// Whether the tokens begin a query and not a statement of DDL.
pub(crate) fn begins_query(tokens: &[Token]) -> bool {
    let first = tokens.iter().find(|t| !t.is_symbol("("));
    first.is_some_and(|t| {
        ["select", "with", "insert", "update", "delete", "merge", "replace", "values"].iter().any(|w| t.is(w))
    })
}

/// The query that the tokens are.
pub(crate) fn parse_tokens(tokens: &[Token], text: &str, dialect: Dialect) -> Result<Query, String> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return Err("empty".into()) };
    let range = Range::new(first.start, last.end());
    if let Some(broken) = tokens.iter().find(|t| t.kind == Kind::Broken) {
        return Err(format!("a quote opened at byte {} never ends", broken.start));
    }
    let mut tokens = tokens.to_vec();
    let rows = cut_rows(&mut tokens);
    if tokens.len() > TOKENS {
        return Err(format!("{} tokens are too many for one query", tokens.len()));
    }
    let holes: Vec<usize> = (0..tokens.len()).filter(|at| tokens[*at].kind == Kind::Hole).collect();
    let mut found = attempt(&tokens, text, dialect, range);
    // what a program fills in may stand for a name, a subquery, rows or a whole clause
    if found.is_err() {
        let has_verbs = tokens.iter().any(|t| t.kind == Kind::Placeholder && t.text.starts_with('%'));
        if has_verbs || !holes.is_empty() {
            let filled = filled(&tokens);
            found = attempt(&filled, text, dialect, range).or(found);
            if found.is_err() {
                let clause = |at: &usize| filled[*at].kind == Kind::Hole && is_clause(&filled, *at);
                let kept = (0..filled.len()).filter(|at| !clause(at)).map(|at| filled[at]);
                found = attempt(&kept.collect::<Vec<_>>(), text, dialect, range).or(found);
            }
        }
    }
    if rows > 0
        && let Ok(query) = &mut found
    {
        query.rows += rows;
    }
    found
}

/// The tokens with holes where they can be read: `FROM (hole)` as a table, `AS (hole)` and `IN (hole)` as they are,
/// `VALUES hole` as rows; a verb such as `%s` in the place of a name is a hole.
fn filled<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut made: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let is_hole = |t: Option<&Token<'a>>| {
            t.is_some_and(|t| t.kind == Kind::Hole || (t.kind == Kind::Placeholder && t.text.starts_with('%')))
        };
        let after = |words: &[&str]| made.last().is_some_and(|t| words.iter().any(|w| t.is(w)));
        let in_group =
            token.is_symbol("(") && is_hole(tokens.get(at + 1)) && tokens.get(at + 2).is_some_and(|t| t.is_symbol(")"));
        if in_group && after(&["from", "join"]) {
            made.push(Token { kind: Kind::Hole, ..tokens[at + 1] });
            at += 3;
            continue;
        }
        if in_group && after(&["as", "exists", "union", "all"]) {
            // something that is a query: its words stand where the hole does
            let inner = tokens[at + 1];
            made.push(*token);
            made.push(Token { kind: Kind::Word, text: "select", ..inner });
            made.push(Token { kind: Kind::Hole, ..inner });
            made.push(tokens[at + 2]);
            at += 3;
            continue;
        }
        if is_hole(Some(token)) && after(&["values"]) {
            made.push(Token { kind: Kind::Symbol, text: "(", ..*token });
            made.push(Token { kind: Kind::Hole, ..*token });
            made.push(Token { kind: Kind::Symbol, text: ")", ..*token });
        } else if is_hole(Some(token)) {
            made.push(Token { kind: Kind::Hole, ..*token });
        } else {
            made.push(*token);
        }
        at += 1;
    }
    made
}

/// Whether the hole at `at` follows something complete, so that it stands for a clause.
fn is_clause(tokens: &[Token], at: usize) -> bool {
    const OPEN: &[&str] = &[
        "select",
        "from",
        "where",
        "and",
        "or",
        "on",
        "by",
        "in",
        "like",
        "set",
        "values",
        "join",
        "into",
        "update",
        "limit",
        "offset",
        "having",
        "between",
        "not",
        "distinct",
        "as",
        "when",
        "then",
        "else",
        "returning",
        "using",
    ];
    let Some(before) = at.checked_sub(1).map(|b| &tokens[b]) else { return true };
    match before.kind {
        Kind::Symbol => before.text == ")",
        Kind::Word => !OPEN.iter().any(|w| before.is(w)),
        _ => true,
    }
}

/// Long `VALUES` are read by their first rows only; gives how many rows were cut.
fn cut_rows(tokens: &mut Vec<Token>) -> usize {
    const KEPT: usize = 3;
    let Some(values) = tokens.iter().position(|t| t.is("values")) else { return 0 };
    let (mut depth, mut rows, mut cut_from, mut at) = (0usize, 0, None, values + 1);
    while let Some(token) = tokens.get(at) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                rows += 1;
                if rows == KEPT {
                    cut_from = Some(at + 1);
                }
            }
        } else if depth == 0 && !token.is_symbol(",") {
            break;
        }
        at += 1;
    }
    match cut_from {
        Some(from) if rows > KEPT => {
            tokens.drain(from..at);
            rows - KEPT
        }
        _ => 0,
    }
}

fn attempt(tokens: &[Token], text: &str, dialect: Dialect, range: Range) -> Result<Query, String> {
    let mut prepared =
        Prepared { tokens: Vec::with_capacity(tokens.len()), strengths: Vec::new(), targets: Vec::new() };
    prepared.fill(tokens, dialect);
    let operators = tokens.iter().filter(|t| is_operator(t)).count();
    if operators > OPERATORS {
        return Err(format!("{operators} operators are too many for one query"));
    }
    // the syntax tree is walked and dropped in recursion: room for its depth
    let (base, each) = if cfg!(debug_assertions) { (16 << 20, 24 << 10) } else { (4 << 20, 4 << 10) };
    let stack = base + operators * each;
    stacker::maybe_grow(stack, stack, || attempt_here(prepared, text, dialect, range))
}

/// Whether a token may make the syntax tree deeper without opening a parenthesis.
fn is_operator(token: &Token) -> bool {
    match token.kind {
        Kind::Symbol => !matches!(token.text, "," | "(" | ")" | "." | ";"),
        Kind::Word => ["and", "or", "union", "except", "intersect", "minus", "join"].iter().any(|w| token.is(w)),
        _ => false,
    }
}

fn attempt_here(mut prepared: Prepared, text: &str, dialect: Dialect, range: Range) -> Result<Query, String> {
    let limited = Limited::new(dialect, prepared.tokens.len());
    let mut parser = Parser::new(&limited)
        .with_recursion_limit(DEPTH)
        .with_tokens_with_locations(std::mem::take(&mut prepared.tokens));
    let statement = parser.parse_statement().map_err(|e| e.to_string())?;
    let next = parser.peek_token();
    if next.token != Theirs::EOF {
        return Err(format!("expected the end before `{}`", next.token));
    }
    let mut reader = read::Reader::new(text, dialect, &prepared);
    reader.statement(&statement, range).ok_or_else(|| "no query".to_owned())
}

/// Tokens for `sqlparser`, and what was taken out since it does not know it.
pub(super) struct Prepared {
    tokens: Vec<TokenWithSpan>,
    /// Strengths of locks by the byte of their `FOR`.
    pub strengths: Vec<(usize, LockStrength)>,
    /// Columns of `ON CONFLICT (…)`, in order; of those with expressions the columns only.
    pub targets: Vec<Vec<String>>,
}

impl Prepared {
    fn fill(&mut self, tokens: &[Token], dialect: Dialect) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let are =
                |words: &[&str]| words.iter().enumerate().all(|(i, w)| tokens.get(at + i).is_some_and(|t| t.is(w)));
            if token.is("for") {
                // sqlparser knows `UPDATE` and `SHARE` only
                for (words, strength, stands) in [
                    (&["for", "no", "key", "update"][..], LockStrength::NoKeyUpdate, 3),
                    (&["for", "key", "share"], LockStrength::KeyShare, 2),
                    (&["for", "update"], LockStrength::Update, 1),
                    (&["for", "share"], LockStrength::Share, 1),
                ] {
                    if are(words) {
                        self.strengths.push((token.start, strength));
                        self.push(token, dialect);
                        self.push(&tokens[at + stands], dialect);
                        at += words.len();
                        break;
                    }
                }
                if tokens.get(at).is_none_or(|t| t.start != token.start) {
                    continue;
                }
            } else if are(&["lock", "in", "share", "mode"]) {
                self.strengths.push((token.start, LockStrength::Share));
                at += 4;
                continue;
            } else if are(&["on", "conflict"]) {
                at = self.conflict(tokens, at, dialect);
                continue;
            } else if token.is("values") && tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Placeholder) {
                // `VALUES ?`: the driver fills in the rows
                self.push(token, dialect);
                self.raw(Theirs::LParen, &tokens[at + 1]);
                self.push(&tokens[at + 1], dialect);
                self.raw(Theirs::RParen, &tokens[at + 1]);
                at += 2;
                continue;
            } else if token.text == "?" && tokens.get(at + 1).is_some_and(|t| t.text == "?" && t.start == token.end()) {
                // `??`: the driver fills in a name
                self.raw(Theirs::make_word(HOLE_NAME, Some('"')), token);
                at += 2;
                continue;
            } else if token.is("straight_join") || token.is("sql_calc_found_rows") || token.is("high_priority") {
                at += 1;
                continue;
            }
            self.push(token, dialect);
            at += 1;
        }
    }

    /// `ON CONFLICT (…) WHERE …`: only the columns are kept.
    fn conflict(&mut self, tokens: &[Token], from: usize, dialect: Dialect) -> usize {
        self.push(&tokens[from], dialect);
        self.push(&tokens[from + 1], dialect);
        let mut at = from + 2;
        let mut columns = Vec::new();
        if tokens.get(at).is_some_and(|t| t.is_symbol("(")) {
            let mut depth = 0usize;
            while let Some(token) = tokens.get(at) {
                at += 1;
                if token.is_symbol("(") {
                    depth += 1;
                } else if token.is_symbol(")") {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                } else if depth == 1 && matches!(token.kind, Kind::Word | Kind::Quoted) {
                    let called = tokens.get(at).is_some_and(|t| t.is_symbol("("));
                    if !called {
                        columns.push(dialect.fold(&token.name(), token.kind == Kind::Quoted));
                    }
                }
            }
        }
        if tokens.get(at).is_some_and(|t| t.is("where")) {
            while tokens.get(at).is_some_and(|t| !t.is("do")) {
                at += 1;
            }
        }
        self.targets.push(columns);
        at
    }

    fn raw(&mut self, token: Theirs, place: &Token) {
        let location = |byte: usize| Location { line: 1, column: byte as u64 + 1 };
        let span = Span { start: location(place.start), end: location(place.end()) };
        self.tokens.push(TokenWithSpan { token, span });
    }

    fn push(&mut self, token: &Token, dialect: Dialect) {
        let theirs = match token.kind {
            Kind::Word if token.text.contains(crate::HOLE) => Theirs::make_word(token.text, Some('"')),
            Kind::Word => Theirs::make_word(token.text, None),
            Kind::Quoted => Theirs::make_word(&token.name(), Some('"')),
            Kind::Hole => Theirs::make_word(HOLE_NAME, Some('"')),
            Kind::String | Kind::Dollar => Theirs::SingleQuotedString(token.string()),
            Kind::Number => Theirs::Number(token.text.to_owned(), false),
            Kind::Placeholder => Theirs::Placeholder(token.text.to_owned()),
            Kind::Symbol | Kind::Broken => symbol(token.text, dialect),
        };
        self.raw(theirs, token);
    }
}

fn symbol(text: &str, dialect: Dialect) -> Theirs {
    match text {
        "," => Theirs::Comma,
        "==" => Theirs::DoubleEq,
        "=" => Theirs::Eq,
        "<>" | "!=" => Theirs::Neq,
        "<" => Theirs::Lt,
        ">" => Theirs::Gt,
        "<=" => Theirs::LtEq,
        ">=" => Theirs::GtEq,
        "<=>" => Theirs::Spaceship,
        "+" => Theirs::Plus,
        "-" => Theirs::Minus,
        "*" => Theirs::Mul,
        "/" => Theirs::Div,
        "%" => Theirs::Mod,
        "||" => Theirs::StringConcat,
        "(" => Theirs::LParen,
        ")" => Theirs::RParen,
        "." => Theirs::Period,
        ":" => Theirs::Colon,
        "::" => Theirs::DoubleColon,
        ":=" => Theirs::Assignment,
        ";" => Theirs::SemiColon,
        "\\" => Theirs::Backslash,
        "[" => Theirs::LBracket,
        "]" => Theirs::RBracket,
        "&" => Theirs::Ampersand,
        "|" => Theirs::Pipe,
        "^" => Theirs::Caret,
        "{" => Theirs::LBrace,
        "}" => Theirs::RBrace,
        "=>" => Theirs::RArrow,
        "#" => Theirs::Sharp,
        "~" => Theirs::Tilde,
        "~*" => Theirs::TildeAsterisk,
        "!~" => Theirs::ExclamationMarkTilde,
        "!~*" => Theirs::ExclamationMarkTildeAsterisk,
        "~~" => Theirs::DoubleTilde,
        "~~*" => Theirs::DoubleTildeAsterisk,
        "!~~" => Theirs::ExclamationMarkDoubleTilde,
        "!~~*" => Theirs::ExclamationMarkDoubleTildeAsterisk,
        "<<" => Theirs::ShiftLeft,
        ">>" => Theirs::ShiftRight,
        "&&" => Theirs::Overlap,
        "!" => Theirs::ExclamationMark,
        "@" => Theirs::AtSign,
        "^@" => Theirs::CaretAt,
        "->" => Theirs::Arrow,
        "->>" => Theirs::LongArrow,
        "#>" => Theirs::HashArrow,
        "#>>" => Theirs::HashLongArrow,
        "@>" => Theirs::AtArrow,
        "<@" => Theirs::ArrowAt,
        "#-" => Theirs::HashMinus,
        "@?" => Theirs::AtQuestion,
        "@@" => Theirs::AtAt,
        "?" if dialect == Dialect::Postgres => Theirs::Question,
        "?&" => Theirs::QuestionAnd,
        "?|" => Theirs::QuestionPipe,
        "<->" | "<#>" | "<<=" | ">>=" => Theirs::CustomBinaryOperator(text.to_owned()),
        other => Theirs::Char(other.chars().next().unwrap_or(' ')),
    }
}

/// Our bytes of a span of theirs.
pub(super) fn range_of(span: Span) -> Range {
    let byte = |l: Location| (l.column as usize).saturating_sub(1);
    Range::new(byte(span.start), byte(span.end).max(byte(span.start)))
}

/// The last name of theirs.
pub(super) fn ident_of(part: &ast::ObjectNamePart) -> Option<&ast::Ident> {
    part.as_ident()
}
