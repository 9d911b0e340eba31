//! Tokens with their bytes. Comments and white space are dropped; what MySQL executes inside `/*! */` is kept.

use crate::{Dialect, HOLE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string, with its quotes and prefix.
    String,
    /// A string between dollars.
    Dollar,
    Number,
    Placeholder,
    /// A hole of a template that is a token of its own.
    Hole,
    Symbol,
    /// A quote that never ends.
    Broken,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl<'a> Token<'a> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// The name without its quotes.
    pub fn name(&self) -> String {
        if self.kind != Kind::Quoted && self.kind != Kind::String {
            return self.text.to_owned();
        }
        let inner = self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or("");
        match self.text.as_bytes().first() {
            Some(b'"') => inner.replace("\"\"", "\""),
            Some(b'`') => inner.replace("``", "`"),
            Some(b'[') => inner.replace("]]", "]"),
            Some(b'\'') => inner.replace("''", "'"),
            _ => inner.to_owned(),
        }
    }

    /// What a string holds.
    pub fn string(&self) -> String {
        let quote = if self.kind == Kind::Dollar { '$' } else { '\'' };
        if self.kind == Kind::Dollar {
            let tag = self.text[1..].find('$').map_or(0, |at| at + 2);
            return self.text.get(tag..self.text.len().saturating_sub(tag)).unwrap_or("").to_owned();
        }
        let open = self.text.find([quote, '"']).unwrap_or(0);
        let inner = self.text.get(open + 1..self.text.len().saturating_sub(1)).unwrap_or("");
        inner.replace("''", "'")
    }
}

/// Words after which an operand begins, so that `?` and `%s` are placeholders there.
const BEFORE_OPERANDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "like",
    "ilike",
    "between",
    "limit",
    "offset",
    "values",
    "select",
    "where",
    "set",
    "then",
    "else",
    "when",
    "by",
    "on",
    "having",
    "is",
    "any",
    "all",
    "escape",
    "interval",
    "returning",
    "case",
    "similar",
    "regexp",
    "rlike",
    "top",
    "fetch",
    "first",
    "next",
    "as",
    "from",
    "into",
    "using",
    "distinct",
    "call",
    "exec",
];

pub(crate) struct Lexer<'a> {
    pub text: &'a str,
    pub at: usize,
    dialect: Dialect,
    /// Inside `/*! … */`.
    executed: bool,
    previous_is_operand: bool,
    /// A comment with others inside never ended: from then on they do not nest.
    unended: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect, executed: false, previous_is_operand: false, unended: false }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over white space and comments.
    pub fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            self.at += blank;
            let hash = self.byte(0) == b'#' && self.dialect == Dialect::MySql && self.byte(1) != b'{';
            if (self.byte(0) == b'-' && self.byte(1) == b'-') || hash {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.executed && self.rest().starts_with("*/") {
                self.executed = false;
                self.at += 2;
            } else if self.rest().starts_with("/*!") || self.rest().starts_with("/*M!") {
                self.executed = true;
                self.at += self.rest().find('!').unwrap_or(0) + 1;
                while self.byte(0).is_ascii_digit() {
                    self.at += 1;
                }
            } else if self.rest().starts_with("/*") {
                self.skip_comment();
            } else if blank == 0 {
                return;
            }
        }
    }

    fn skip_comment(&mut self) {
        let nests = matches!(self.dialect, Dialect::Postgres | Dialect::SqlServer) && !self.unended;
        let (mut depth, start) = (0usize, self.at);
        while self.at < self.text.len() {
            if self.rest().as_bytes().starts_with(b"/*") && (nests || depth == 0) {
                depth += 1;
                self.at += 2;
            } else if self.rest().as_bytes().starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.step();
            }
        }
        if nests && depth > 0 {
            // one that never ends: as far as the first end, else the whole rest
            self.unended = true;
            self.at = self.text[start + 2..].find("*/").map_or(self.text.len(), |end| start + end + 4);
        }
    }

    fn step(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }

    /// The next token, if there is one.
    pub fn next_token(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let kind = self.scan();
        debug_assert!(self.at > start);
        let text = &self.text[start..self.at];
        self.previous_is_operand = match kind {
            Kind::Word => !BEFORE_OPERANDS.iter().any(|w| text.eq_ignore_ascii_case(w)),
            Kind::Symbol => matches!(text, ")" | "]"),
            _ => true,
        };
        Some(Token { kind, text, start })
    }

    fn scan(&mut self) -> Kind {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '\'' => self.quoted('\'', Kind::String, self.dialect.has_backslash_escapes()),
            '"' if self.dialect == Dialect::MySql => self.quoted('"', Kind::String, true),
            '"' => self.quoted('"', Kind::Quoted, false),
            '`' if self.dialect != Dialect::Postgres => self.quoted('`', Kind::Quoted, false),
            '[' if self.dialect.has_bracket_names() => self.quoted(']', Kind::Quoted, false),
            '$' => self.dollar(),
            ':' | '@' | '?' | '%' | '#' => self.marked(first),
            HOLE => self.word(),
            '{' if rest.starts_with("{{") && rest.contains("}}") => self.braces(),
            '0'..='9' => self.number(),
            '.' if self.byte(1).is_ascii_digit() && !self.previous_is_operand => self.number(),
            _ if first == '_' || first.is_alphabetic() => self.word(),
            _ => self.symbol(),
        }
    }

    /// From a quote to its end; doubled quotes stay inside.
    fn quoted(&mut self, close: char, kind: Kind, backslash: bool) -> Kind {
        let start = self.at;
        self.step();
        let close = close as u8;
        while self.at < self.text.len() {
            let byte = self.byte(0);
            if backslash && byte == b'\\' {
                self.at += 1;
                if self.at < self.text.len() {
                    self.step();
                }
            } else if byte == close {
                if self.byte(1) != close {
                    self.at += 1;
                    return kind;
                }
                self.at += 2;
            } else {
                self.step();
            }
        }
        // it never ends: the rest of the line is lost, and no more
        self.at = self.text[start..].find('\n').map_or(self.text.len(), |end| start + end).max(start + 1);
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Kind::Broken
    }

    fn dollar(&mut self) -> Kind {
        if self.byte(1) == b'{'
            && let Some(end) = self.rest().find('}')
        {
            self.at += end + 1;
            return Kind::Hole;
        }
        if self.rest()[1..].starts_with(HOLE) {
            self.at += 1 + HOLE.len_utf8();
            return Kind::Placeholder;
        }
        let digits = self.rest()[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.at += 1 + digits;
            return Kind::Placeholder;
        }
        let tag = self.rest()[1..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if self.byte(1 + tag) == b'$' {
            let mark = &self.rest()[..tag + 2];
            if let Some(end) = self.rest()[mark.len()..].find(mark) {
                self.at += mark.len() * 2 + end;
                return Kind::Dollar;
            }
            self.at += mark.len();
            return Kind::Broken;
        }
        self.at += 1 + tag;
        if tag == 0 { Kind::Symbol } else { Kind::Placeholder }
    }

    /// `{{ … }}` of a template.
    fn braces(&mut self) -> Kind {
        self.at += self.rest().find("}}").unwrap_or(0) + 2;
        while self.byte(0) == b'}' {
            self.at += 1;
        }
        Kind::Hole
    }

    /// What begins with a sign that drivers use for placeholders.
    fn marked(&mut self, first: char) -> Kind {
        let rest = self.rest();
        let name = rest[1..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let begins_name = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match first {
            ':' if begins_name && !self.text[..self.at].ends_with(':') => self.at += 1 + name,
            '@' if begins_name => self.at += 1 + name,
            '@' if rest.starts_with("@@") && self.dialect != Dialect::Postgres => {
                self.at += 2 + rest[2..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                return Kind::Word;
            }
            '?' if !self.previous_is_operand || self.dialect != Dialect::Postgres => {
                self.at += 1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count();
            }
            '%' if rest.starts_with("%(") && rest.find(')').is_some_and(|at| rest[at + 1..].starts_with('s')) => {
                self.at += rest.find(")s").unwrap_or(0) + 2;
            }
            '%' if is_verb(rest) && !self.previous_is_operand => self.at += rest.find(']').unwrap_or(0) + 2,
            '%' if name == 1
                && (rest.starts_with("%s")
                    || (rest[1..].starts_with(['d', 'v', 'q']) && !self.previous_is_operand)) =>
            {
                self.at += 2;
            }
            '#' if rest.starts_with("#{") && rest.contains('}') => self.at += rest.find('}').unwrap_or(0) + 1,
            '#' if matches!(self.dialect, Dialect::SqlServer) && name > 0 => {
                self.at += 1 + name;
                return Kind::Word;
            }
            _ => return self.symbol(),
        }
        Kind::Placeholder
    }

    fn number(&mut self) -> Kind {
        let bytes = self.rest().as_bytes();
        let mut end = 0;
        if bytes.starts_with(b"0x") || bytes.starts_with(b"0X") {
            end = 2;
            while bytes.get(end).is_some_and(u8::is_ascii_hexdigit) {
                end += 1;
            }
        } else {
            while let Some(byte) = bytes.get(end) {
                let exponent = end > 0 && matches!(bytes[end - 1], b'e' | b'E') && matches!(byte, b'+' | b'-');
                let begins_exponent = matches!(byte, b'e' | b'E')
                    && end > 0
                    && bytes.get(end + 1).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'));
                let range = *byte == b'.' && bytes.get(end + 1) == Some(&b'.');
                if range || !(byte.is_ascii_digit() || matches!(byte, b'.' | b'_') || exponent || begins_exponent) {
                    break;
                }
                end += 1;
            }
        }
        self.at += end.max(1);
        Kind::Number
    }

    fn word(&mut self) -> Kind {
        let rest = self.rest();
        let hash = matches!(self.dialect, Dialect::SqlServer | Dialect::Oracle);
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$' || c == HOLE || (hash && c == '#')))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let next = rest[end..].chars().next();
        let prefix = word.len() <= 2 && matches!(word.to_ascii_lowercase().as_str(), "e" | "n" | "x" | "b" | "q");
        if next == Some('\'') && (prefix || word.starts_with('_')) {
            self.at += end;
            let escapes = word.eq_ignore_ascii_case("e") || self.dialect.has_backslash_escapes();
            return self.quoted('\'', Kind::String, escapes);
        }
        if word.eq_ignore_ascii_case("u") && rest[end..].starts_with("&'") {
            self.at += end + 1;
            return self.quoted('\'', Kind::String, false);
        }
        self.at += end.max(1);
        if word.chars().all(|c| c == HOLE) && word.chars().count() == 1 { Kind::Hole } else { Kind::Word }
    }

    fn symbol(&mut self) -> Kind {
        const LONG: &[&str] = &[
            "<=>", "->>", "#>>", "!~~*", "!~~", "~~*", "!~*", "<->", "<#>", "<<=", ">>=", "::", "||", "<=", ">=", "<>",
            "!=", ":=", "->", "#>", "@>", "<@", "?|", "?&", "@@", "@?", "~~", "~*", "!~", "&&", "<<", ">>", "#-", "==",
            "=>", "^@",
        ];
        for symbol in LONG {
            if self.rest().starts_with(symbol) {
                self.at += symbol.len();
                return Kind::Symbol;
            }
        }
        self.step();
        Kind::Symbol
    }
}

/// `%[1]s`: a verb that names its argument.
fn is_verb(rest: &str) -> bool {
    let Some(inner) = rest.strip_prefix("%[") else { return false };
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && inner[digits..].starts_with(']') && inner[digits + 1..].starts_with(['s', 'd', 'v', 'q'])
}

/// All tokens of a text.
pub(crate) fn tokens(text: &str, dialect: Dialect) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(text, dialect);
    std::iter::from_fn(|| lexer.next_token()).collect()
}
