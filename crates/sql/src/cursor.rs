//! Reading tokens one after the other. Whatever is not understood is an `Err` with its reason, never a panic.

use crate::{
    Dialect, Name, Range, SqlType,
    lex::{Kind, Token},
};

pub(crate) type Read<T> = Result<T, String>;

pub(crate) struct Cursor<'t, 'a> {
    pub tokens: &'t [Token<'a>],
    pub at: usize,
    pub text: &'a str,
    pub dialect: Dialect,
}

impl<'t, 'a> Cursor<'t, 'a> {
    pub fn new(tokens: &'t [Token<'a>], text: &'a str, dialect: Dialect) -> Self {
        Self { tokens, at: 0, text, dialect }
    }

    pub fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at)
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn is(&self, word: &str) -> bool {
        self.is_ahead(0, word)
    }

    pub fn is_ahead(&self, ahead: usize, word: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|t| t.is(word))
    }

    /// Whether the next tokens are these keywords.
    pub fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, w)| self.is_ahead(i, w))
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|t| t.is_symbol(symbol))
    }

    /// Passes over the keywords if they are next.
    pub fn take(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        if found {
            self.at += words.len();
        }
        found
    }

    pub fn word(&mut self, word: &str) -> bool {
        self.take(&[word])
    }

    pub fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.at += 1;
        }
        found
    }

    pub fn expect_word(&mut self, word: &str) -> Read<()> {
        if self.word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    pub fn expect_symbol(&mut self, symbol: &str) -> Read<()> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    pub fn expected(&self, what: &str) -> String {
        match self.peek() {
            Some(token) => {
                let shown: String = token.text.chars().take(30).collect();
                format!("expected {what} before `{shown}`")
            }
            None => format!("expected {what} at the end"),
        }
    }

    /// The byte where the next token begins.
    pub fn position(&self) -> usize {
        self.peek().map_or_else(|| self.tokens.last().map_or(0, Token::end), |t| t.start)
    }

    /// From a byte to the end of the last token read.
    pub fn range_from(&self, start: usize) -> Range {
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, Token::end);
        Range::new(start, end.max(start))
    }

    /// A name, folded.
    pub fn identifier(&mut self) -> Read<String> {
        let token = self.peek().ok_or_else(|| self.expected("a name"))?;
        let text_as_name = token.kind == Kind::String && self.dialect != Dialect::Postgres;
        match token.kind {
            Kind::Word | Kind::Hole => {
                self.at += 1;
                Ok(self.dialect.fold(token.text, false))
            }
            Kind::Quoted => {
                self.at += 1;
                Ok(self.dialect.fold(&token.name(), true))
            }
            _ if text_as_name => {
                self.at += 1;
                Ok(token.name())
            }
            _ => Err(self.expected("a name")),
        }
    }

    /// A name with its schema; a database before both is dropped.
    pub fn name(&mut self) -> Read<Name> {
        // a schema that a template fills in is the one that we replay
        if self.peek().is_some_and(|t| t.kind == Kind::Hole)
            && self.tokens.get(self.at + 1).is_some_and(|t| t.is_symbol("."))
        {
            self.at += 2;
        }
        let mut parts = vec![self.identifier()?];
        while self.is_symbol(".") && self.tokens.len() > self.at + 1 {
            self.at += 1;
            if self.is_symbol(".") {
                parts.push(String::new());
                continue;
            }
            parts.push(self.identifier()?);
        }
        let name = parts.pop().unwrap_or_default();
        Ok(Name { schema: parts.pop().filter(|s| !s.is_empty()), name })
    }

    pub fn names(&mut self) -> Read<Vec<Name>> {
        let mut names = vec![self.name()?];
        while self.symbol(",") {
            names.push(self.name()?);
        }
        Ok(names)
    }

    /// `(a, b)`.
    pub fn columns(&mut self) -> Read<Vec<String>> {
        self.expect_symbol("(")?;
        let mut columns = Vec::new();
        loop {
            columns.push(self.identifier()?);
            // a prefix length or a direction says nothing here
            if self.is_symbol("(") {
                self.skip_group();
            }
            let _ = self.word("asc") || self.word("desc");
            if !self.symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Ok(columns)
    }

    /// A string's content.
    pub fn string(&mut self) -> Read<String> {
        match self.peek() {
            Some(t) if matches!(t.kind, Kind::String | Kind::Dollar) => {
                self.at += 1;
                Ok(t.string())
            }
            _ => Err(self.expected("a string")),
        }
    }

    /// Passes over one token, or a whole group in parentheses.
    pub fn skip(&mut self) {
        if self.is_symbol("(") {
            self.skip_group();
        } else {
            self.at += 1;
        }
    }

    /// From an opening parenthesis past its end.
    pub fn skip_group(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// The text inside a group, without its parentheses.
    pub fn group_text(&mut self) -> Read<String> {
        if !self.is_symbol("(") {
            return Err(self.expected("("));
        }
        let from = self.at;
        self.skip_group();
        Ok(self.slice(from + 1, self.at.saturating_sub(1)))
    }

    /// The source text of tokens.
    pub fn slice(&self, from: usize, to: usize) -> String {
        let (Some(first), Some(last)) = (self.tokens.get(from), self.tokens.get(to.wrapping_sub(1))) else {
            return String::new();
        };
        self.text.get(first.start..last.end()).unwrap_or("").to_owned()
    }

    /// An expression as written: up to a comma, a closing parenthesis or one of the words, outside of groups.
    pub fn expression(&mut self, ends: &[&str]) -> Read<String> {
        let from = self.at;
        let (mut cases, mut brackets) = (0, true);
        while let Some(token) = self.peek() {
            if token.is_symbol(",") || token.is_symbol(")") || token.is_symbol(";") {
                break;
            }
            if token.is("case") {
                cases += 1;
            } else if token.is("end") && cases > 0 {
                cases -= 1;
            } else if cases == 0
                && self.at > from
                && !self.tokens[self.at - 1].is_symbol("::")
                && ends.iter().any(|w| token.is(w))
            {
                break;
            }
            if token.is_symbol("[") && brackets {
                let end = self.tokens[self.at..].iter().position(|t| t.is_symbol("]"));
                brackets = end.is_some();
                self.at += end.unwrap_or(0);
            }
            self.skip();
        }
        if self.at == from {
            return Err(self.expected("an expression"));
        }
        Ok(self.slice(from, self.at))
    }

    /// `(…)` or a bare value, as text.
    pub fn value_text(&mut self) -> String {
        let from = self.at;
        let _ = self.symbol("-");
        self.skip();
        self.slice(from, self.at.min(self.tokens.len()))
    }

    pub fn dialect_is(&self, dialect: Dialect) -> bool {
        self.dialect == dialect
    }

    /// `IF EXISTS`.
    pub fn if_exists(&mut self) -> bool {
        self.take(&["if", "exists"])
    }

    /// `IF NOT EXISTS`.
    pub fn if_not_exists(&mut self) -> bool {
        self.take(&["if", "not", "exists"])
    }

    /// `CASCADE` or `RESTRICT`.
    pub fn cascade(&mut self) -> bool {
        if self.take(&["cascade", "constraints"]) {
            return true;
        }
        let cascade = self.word("cascade");
        let _ = self.word("restrict") || self.word("purge");
        cascade
    }

    /// A type.
    pub fn data_type(&mut self) -> Read<SqlType> {
        const SECOND: &[(&str, &str)] = &[
            ("double", "precision"),
            ("character", "varying"),
            ("char", "varying"),
            ("bit", "varying"),
            ("long", "varchar"),
            ("long", "varbinary"),
            ("long", "raw"),
            ("national", "character"),
            ("national", "char"),
            ("national", "varchar"),
            ("nchar", "varying"),
        ];
        let token = self.peek().ok_or_else(|| self.expected("a type"))?;
        let mut words = match token.kind {
            Kind::Word => {
                self.at += 1;
                token.text.to_ascii_lowercase()
            }
            Kind::Hole => {
                self.at += 1;
                return Ok(SqlType::unknown());
            }
            Kind::Quoted => self.identifier()?,
            _ => return Err(self.expected("a type")),
        };
        if token.kind == Kind::Word {
            for (first, second) in SECOND {
                if words == *first && self.word(second) {
                    words = format!("{words} {second}");
                    if words == "national character" && self.word("varying") {
                        words.push_str(" varying");
                    }
                }
            }
            let _ = words == "signed" && (self.word("integer") || self.word("int"));
            if words == "interval" {
                while ["year", "month", "day", "hour", "minute", "second", "to"].iter().any(|w| self.word(w)) {}
            }
        }
        while self.is_symbol(".") {
            self.at += 1;
            words = format!("{words}.{}", self.identifier()?);
        }
        let arguments = self.type_arguments();
        let mut suffix = Vec::new();
        loop {
            if self.take(&["with", "time", "zone"]) {
                suffix.push("with time zone");
            } else if self.take(&["without", "time", "zone"]) {
                suffix.push("without time zone");
            } else if self.take(&["with", "local", "time", "zone"]) {
                suffix.push("with local time zone");
            } else if self.dialect != Dialect::Postgres && self.word("unsigned") {
                suffix.push("unsigned");
            } else if self.dialect == Dialect::MySql && self.word("zerofill") {
                suffix.push("zerofill");
            } else if self.dialect != Dialect::Postgres && self.word("signed") {
            } else {
                break;
            }
        }
        // SQLite takes any text for a type: `varchar[10]`
        if self.dialect == Dialect::Sqlite && self.peek().is_some_and(|t| t.text.starts_with('[')) {
            self.at += 1;
        }
        let mut array = self.word("array");
        while self.is_symbol("[") {
            while !self.is_done() && !self.is_symbol("]") {
                self.at += 1;
            }
            let _ = self.symbol("]");
            array = true;
        }
        Ok(SqlType::normalised(&words, arguments, &suffix.join(" "), array, self.dialect))
    }

    /// What stands in parentheses after a type.
    fn type_arguments(&mut self) -> Vec<String> {
        if !self.is_symbol("(") {
            return Vec::new();
        }
        let from = self.at + 1;
        self.skip_group();
        let to = self.at.saturating_sub(1);
        let inner = self.tokens.get(from..to).unwrap_or(&[]);
        inner
            .split(|t| t.is_symbol(","))
            .map(|part| part.iter().map(|t| t.text).collect::<Vec<_>>().join(" "))
            .collect()
    }
}

/// Whether an expression gives the same for every row.
pub(crate) fn volatility(expression: &str, dialect: Dialect) -> crate::Volatility {
    use crate::Volatility::{Constant, Stable, Volatile};
    const STABLE: &[&str] = &[
        "now",
        "current_timestamp",
        "current_date",
        "current_time",
        "localtime",
        "localtimestamp",
        "current_user",
        "session_user",
        "current_setting",
        "transaction_timestamp",
        "statement_timestamp",
        "getdate",
        "sysdatetime",
        "sysdate",
        "systimestamp",
        "curdate",
        "curtime",
        "utc_timestamp",
        "unix_timestamp",
        "getutcdate",
        "to_char",
        "date_trunc",
        "timezone",
        "date_part",
        "age",
        "current_schema",
        "strftime",
        "datetime",
        "date",
        "to_timestamp",
    ];
    const IMMUTABLE: &[&str] = &[
        "array",
        "lower",
        "upper",
        "coalesce",
        "abs",
        "concat",
        "md5",
        "jsonb_build_object",
        "json_build_object",
        "to_tsvector",
        "decode",
        "encode",
        "row",
        "cast",
        "char",
        "varchar",
        "numeric",
        "decimal",
        "interval",
        "make_interval",
        "jsonb_build_array",
        "json_build_array",
        "json_object",
        "json_array",
        "bit",
        "timestamp",
        "character",
        "varying",
        "nullif",
        "length",
        "date_part",
        "int4range",
        "tstzrange",
        "in",
        "pi",
        "round",
        "floor",
        "ceil",
        "ceiling",
        "greatest",
        "least",
        "replace",
        "substring",
        "substr",
        "trim",
        "btrim",
        "left",
        "right",
        "repeat",
        "power",
        "sqrt",
        "mod",
        "sign",
        "make_date",
        "make_time",
        "to_json",
        "to_jsonb",
        "string_to_array",
        "array_fill",
        "array_length",
        "int8range",
        "daterange",
        "numrange",
    ];
    let tokens = crate::lex::tokens(expression, dialect);
    let mut worst = Constant;
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text.to_ascii_lowercase();
        let called = tokens.get(at + 1).is_some_and(|t| t.is_symbol("("));
        let one = match token.kind {
            Kind::Word if STABLE.contains(&word.as_str()) => Stable,
            Kind::Word if called && !IMMUTABLE.contains(&word.as_str()) => Volatile,
            Kind::Quoted if called => Volatile,
            _ => Constant,
        };
        worst = worst.max(one);
    }
    worst
}
