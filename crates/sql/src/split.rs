//! A text into statements: quotes, comments, `DELIMITER`, `GO`, `/`, bodies of routines, data of `COPY`.

use crate::{
    Dialect,
    lex::{Kind, Lexer, Token},
};

/// One statement's tokens; `end` is past its last byte without the terminator.
pub(crate) struct Piece<'a> {
    pub tokens: Vec<Token<'a>>,
}

pub(crate) fn split(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut splitter = Splitter { lexer: Lexer::new(text, dialect), dialect, delimiter: None, pieces: Vec::new() };
    splitter.run();
    splitter.pieces
}

struct Splitter<'a> {
    lexer: Lexer<'a>,
    dialect: Dialect,
    /// Set by `DELIMITER`.
    delimiter: Option<&'a str>,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Splitter<'a> {
    fn run(&mut self) {
        let mut tokens: Vec<Token<'a>> = Vec::new();
        let mut block = Block::default();
        loop {
            self.lexer.skip_blank();
            if self.begins_line() && self.directive(&mut tokens) {
                block = Block::default();
                continue;
            }
            if let Some(delimiter) = self.delimiter
                && self.lexer.text[self.lexer.at..].starts_with(delimiter)
            {
                self.lexer.at += delimiter.len();
                self.finish(&mut tokens);
                block = Block::default();
                continue;
            }
            let begins_line = self.begins_line();
            let Some(token) = self.lexer.next_token() else { break };
            if token.is_symbol(";") && self.delimiter.is_none() && !block.is_open() {
                self.finish(&mut tokens);
                block = Block::default();
                continue;
            }
            if begins_line && self.dialect == Dialect::SqlServer && !block.is_open() && !tokens.is_empty() {
                let next = self.peek_word();
                if begins_statement(&token, next, tokens.last()) {
                    self.finish(&mut tokens);
                    block = Block::default();
                }
            }
            tokens.push(token);
            block.see(&tokens, self.dialect);
        }
        self.finish(&mut tokens);
    }

    fn peek_word(&mut self) -> &'a str {
        let at = self.lexer.at;
        let rest = self.lexer.text[at..].trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Whether only blanks stand between the last line break and here.
    fn begins_line(&self) -> bool {
        let before = self.lexer.text[..self.lexer.at].trim_end_matches([' ', '\t', '\u{feff}']);
        before.is_empty() || before.ends_with('\n') || before.ends_with('\r')
    }

    /// A line that speaks to the client and not to the server.
    fn directive(&mut self, tokens: &mut Vec<Token<'a>>) -> bool {
        let rest = &self.lexer.text[self.lexer.at..];
        let end = rest.find('\n').unwrap_or(rest.len());
        let line = rest[..end].trim();
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or("");
        let is_go = first.eq_ignore_ascii_case("go")
            && words.clone().all(|w| w.bytes().all(|b| b.is_ascii_digit() || b == b';'))
            && matches!(self.dialect, Dialect::SqlServer | Dialect::Generic);
        let is_slash = line == "/" && matches!(self.dialect, Dialect::Oracle | Dialect::Generic);
        if is_go || is_slash {
            self.finish(tokens);
        } else if first.eq_ignore_ascii_case("delimiter") && words.clone().next().is_some() {
            self.finish(tokens);
            let delimiter = words.next().unwrap_or(";");
            self.delimiter = (delimiter != ";").then_some(delimiter);
        } else if tokens.is_empty() && line.starts_with('\\') {
            // psql's own commands
        } else {
            return false;
        }
        self.lexer.at += end;
        true
    }

    fn finish(&mut self, tokens: &mut Vec<Token<'a>>) {
        if tokens.is_empty() {
            return;
        }
        let is_copy = tokens[0].is("copy")
            && tokens
                .windows(2)
                .any(|w| w[0].is("from") && (w[1].is("stdin") || w[1].text.eq_ignore_ascii_case("stdin")));
        self.pieces.push(Piece { tokens: std::mem::take(tokens) });
        if is_copy {
            // the data follow on the next lines, up to `\.`
            let rest = &self.lexer.text[self.lexer.at..];
            let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let end = if rest[line..].starts_with("\\.") { Some(line) } else { rest.find("\n\\.").map(|at| at + 1) };
            if let Some(end) = end {
                self.lexer.at += end + 2;
            }
        }
    }
}

/// Whether a line that begins so is a new statement, where statements need no semicolon.
fn begins_statement(token: &Token, next: &str, previous: Option<&Token>) -> bool {
    let next = next.to_ascii_lowercase();
    if previous.is_some_and(|p| p.is("then") || p.is("as") || p.is("begin") || p.is("else") || p.is_symbol(",")) {
        return false;
    }
    let object = matches!(
        next.as_str(),
        "table" | "index" | "view" | "procedure" | "function" | "trigger" | "schema" | "type" | "sequence" | "database"
    );
    (token.is("create") && (object || matches!(next.as_str(), "unique" | "clustered" | "nonclustered" | "or")))
        || ((token.is("alter") || token.is("drop")) && object)
        || ((token.is("insert") || token.is("merge")) && next == "into")
        || ["exec", "execute", "print", "declare"].iter().any(|w| token.is(w))
}

/// How deep in the body of a routine the splitter is.
#[derive(Default)]
struct Block {
    /// The statement may hold a body: it makes a routine or trigger, or is an anonymous block.
    holds_body: bool,
    depth: u32,
    /// Oracle: the declarations before `BEGIN`.
    declares: bool,
}

impl Block {
    fn is_open(&self) -> bool {
        self.depth > 0 || self.declares
    }

    fn see(&mut self, tokens: &[Token], dialect: Dialect) {
        let Some(last) = tokens.last() else { return };
        if last.kind != Kind::Word {
            return;
        }
        let routine = ["procedure", "function", "trigger", "event", "package"];
        if tokens.len() <= 12 && tokens[0].is("create") && routine.iter().any(|w| last.is(w)) {
            self.holds_body = true;
        }
        let anonymous = match dialect {
            Dialect::Oracle => tokens[0].is("declare") || tokens[0].is("begin"),
            Dialect::SqlServer => tokens[0].is("if") || tokens[0].is("while") || tokens[0].is("begin"),
            Dialect::MySql => tokens[0].is("begin") && tokens.get(1).is_some_and(|t| t.is("not")),
            _ => false,
        };
        if tokens.len() == 1 && dialect == Dialect::Oracle && last.is("declare") {
            self.declares = true;
        }
        if !self.holds_body && !anonymous {
            return;
        }
        let before = tokens.len().checked_sub(2).map(|at| &tokens[at]);
        let after_end = before.is_some_and(|t| t.is("end"));
        if self.holds_body && dialect == Dialect::Oracle && self.depth == 0 && (last.is("as") || last.is("is")) {
            self.declares = true;
        }
        if last.is("begin") && !after_end {
            self.declares = false;
            self.depth += 1;
        } else if last.is("case") && !after_end && self.depth > 0 {
            self.depth += 1;
        } else if last.is("end") {
            self.depth = self.depth.saturating_sub(1);
        } else if after_end && ["if", "loop", "while", "repeat", "for"].iter().any(|w| last.is(w)) {
            // `END IF` closed what was never counted
            self.depth += 1;
        } else if ["tran", "transaction"].iter().any(|w| last.is(w)) && before.is_some_and(|t| t.is("begin")) {
            self.depth = self.depth.saturating_sub(1);
        }
    }
}
