//! The language of Prisma's schema files.

use ir::Range;

/// A block `model`, `view`, `type`, `enum` or `datasource`.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) name: String,
    /// Where the name is.
    pub(super) at: Range,
    pub(super) fields: Vec<Field>,
    /// `@@…`
    pub(super) attributes: Vec<Attribute>,
    /// `name = value`
    pub(super) settings: Vec<(String, Argument)>,
}

/// A field, or a value of an enum, which has no type.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) at: Range,
    pub(super) ty: String,
    /// What `Unsupported("…")` holds.
    pub(super) unsupported: Option<String>,
    pub(super) is_optional: bool,
    pub(super) is_list: bool,
    pub(super) attributes: Vec<Attribute>,
}

/// `@name(…)`, without the at sign.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) at: Range,
    pub(super) args: Vec<(Option<String>, Argument)>,
}

/// What an attribute is given.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Text(String),
    /// A word or a number.
    Word(String),
    Call(String, Vec<Argument>),
    List(Vec<Argument>),
}

impl Attribute {
    /// The argument of a name; the first without one stands for `first`.
    pub(super) fn argument(&self, name: &str) -> Option<&Argument> {
        self.args.iter().find(|(n, _)| n.as_deref() == Some(name)).map(|(_, a)| a)
    }

    /// The first argument without a name.
    pub(super) fn first(&self) -> Option<&Argument> {
        self.args.iter().find(|(n, _)| n.is_none()).map(|(_, a)| a)
    }

    /// A text by its name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.argument(name).and_then(Argument::text)
    }
}

impl Argument {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Argument::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Argument::Word(word) => Some(word),
            Argument::Call(name, _) => Some(name),
            _ => None,
        }
    }

    /// Whether each of the words of a list goes downward: `name(sort: Desc)`.
    pub(super) fn descends(&self) -> Vec<bool> {
        let one = |item: &Argument| match item {
            Argument::Call(_, args) => args.iter().any(|a| a.word() == Some("Desc")),
            _ => false,
        };
        match self {
            Argument::List(items) => items.iter().filter(|i| i.word().is_some()).map(one).collect(),
            other => vec![one(other)],
        }
    }

    /// The words of a list: names of fields, `name(sort: Desc)` among them.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Argument::List(items) => items.iter().filter_map(|i| i.word().map(str::to_owned)).collect(),
            other => other.word().map(str::to_owned).into_iter().collect(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
    /// `@@`
    Double,
    Line,
}

/// The blocks of a file; what is not understood is passed over.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens, at: 0 };
    let mut found = Vec::new();
    while parser.at < parser.tokens.len() {
        match parser.block() {
            Some(block) => found.push(block),
            None => parser.at += 1,
        }
    }
    found
}

fn tokens(text: &str) -> Vec<(Token, Range)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-') || *b >= 0x80;
        let token = match byte {
            b'\n' => {
                at += 1;
                Token::Line
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => {
                let mut made = Vec::new();
                at += 1;
                while let Some(byte) = bytes.get(at).filter(|b| **b != b'"') {
                    if *byte == b'\\' {
                        at += 1;
                    }
                    made.extend(bytes.get(at));
                    at += 1;
                }
                at += 1;
                Token::Text(String::from_utf8_lossy(&made).into_owned())
            }
            b'@' if bytes.get(at + 1) == Some(&b'@') => {
                at += 2;
                Token::Double
            }
            byte if is_part(byte) => {
                while bytes.get(at).is_some_and(is_part) {
                    at += 1;
                }
                Token::Word(text.get(start..at).unwrap_or_default().to_owned())
            }
            byte => {
                at += 1;
                if byte.is_ascii_whitespace() {
                    continue;
                }
                Token::Mark(char::from(*byte))
            }
        };
        found.push((token, Range { start: start as u32, end: at.min(bytes.len()) as u32 }));
    }
    found
}

struct Parser {
    tokens: Vec<(Token, Range)>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(t, _)| t)
    }

    fn range(&self) -> Range {
        self.tokens.get(self.at).map(|(_, r)| *r).unwrap_or_default()
    }

    fn word(&mut self) -> Option<(String, Range)> {
        let range = self.range();
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Some((word, range))
            }
            _ => None,
        }
    }

    fn takes(&mut self, mark: char) -> bool {
        let is = self.peek() == Some(&Token::Mark(mark));
        self.at += usize::from(is);
        is
    }

    fn skip_lines(&mut self) {
        while self.peek() == Some(&Token::Line) {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|t| !matches!(t, Token::Line | Token::Mark('}'))) {
            self.at += 1;
        }
    }

    fn block(&mut self) -> Option<Block> {
        let (kind, _) = self.word()?;
        if !matches!(kind.as_str(), "model" | "view" | "type" | "enum" | "datasource" | "generator") {
            return None;
        }
        let (name, at) = self.word()?;
        if !self.takes('{') {
            return None;
        }
        let mut block = Block { kind, name, at, fields: Vec::new(), attributes: Vec::new(), settings: Vec::new() };
        loop {
            self.skip_lines();
            match self.peek() {
                None => break,
                Some(Token::Mark('}')) => {
                    self.at += 1;
                    break;
                }
                Some(Token::Double) => {
                    let start = self.range().start;
                    self.at += 1;
                    block.attributes.extend(self.attribute(start));
                }
                Some(Token::Word(_)) => self.line(&mut block),
                Some(_) => self.at += 1,
            }
        }
        Some(block)
    }

    fn line(&mut self, block: &mut Block) {
        let Some((name, at)) = self.word() else { return };
        if self.takes('=') {
            block.settings.extend(self.argument().map(|a| (name, a)));
            return self.skip_line();
        }
        let mut field = Field {
            name,
            at,
            ty: String::new(),
            unsupported: None,
            is_optional: false,
            is_list: false,
            attributes: Vec::new(),
        };
        if let Some((ty, _)) = self.word() {
            field.ty = ty;
            if self.takes('(') {
                field.unsupported = self.argument().and_then(|a| a.text().map(str::to_owned));
                self.takes(')');
            }
        }
        loop {
            let start = self.range().start;
            match self.peek() {
                Some(Token::Mark('?')) => field.is_optional = true,
                Some(Token::Mark('[')) => field.is_list = true,
                Some(Token::Mark('@')) => {
                    self.at += 1;
                    field.attributes.extend(self.attribute(start));
                    continue;
                }
                None | Some(Token::Line | Token::Mark('}')) => break,
                Some(_) => {}
            }
            self.at += 1;
        }
        block.fields.push(field);
    }

    fn attribute(&mut self, start: u32) -> Option<Attribute> {
        let (name, range) = self.word()?;
        let mut made = Attribute { name, at: Range { start, end: range.end }, args: Vec::new() };
        if self.takes('(') {
            loop {
                self.skip_lines();
                if self.peek().is_none() || self.takes(')') {
                    break;
                }
                let before = self.at;
                let name = match (self.peek(), self.tokens.get(self.at + 1)) {
                    (Some(Token::Word(name)), Some((Token::Mark(':'), _))) => {
                        let name = name.clone();
                        self.at += 2;
                        Some(name)
                    }
                    _ => None,
                };
                self.skip_lines();
                made.args.extend(self.argument().map(|a| (name, a)));
                self.takes(',');
                if self.at == before {
                    self.at += 1;
                }
            }
            made.at.end = self.tokens.get(self.at - 1).map_or(made.at.end, |(_, r)| r.end);
        }
        Some(made)
    }

    fn argument(&mut self) -> Option<Argument> {
        match self.peek()?.clone() {
            Token::Text(text) => {
                self.at += 1;
                Some(Argument::Text(text))
            }
            Token::Word(word) => {
                self.at += 1;
                match self.peek() {
                    Some(Token::Mark('(')) => Some(Argument::Call(word, self.list('(', ')'))),
                    _ => Some(Argument::Word(word)),
                }
            }
            Token::Mark('[') => Some(Argument::List(self.list('[', ']'))),
            _ => None,
        }
    }

    /// What stands between two marks; names before a colon are left out.
    fn list(&mut self, open: char, close: char) -> Vec<Argument> {
        let mut found = Vec::new();
        if !self.takes(open) {
            return found;
        }
        while self.peek().is_some() && !self.takes(close) {
            if let (Some(Token::Word(_)), Some((Token::Mark(':'), _))) = (self.peek(), self.tokens.get(self.at + 1)) {
                self.at += 2;
            }
            match self.argument() {
                Some(argument) => found.push(argument),
                None => self.at += 1,
            }
        }
        found
    }
}
