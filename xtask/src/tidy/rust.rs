//! Enough of Rust's lexical structure to look at names and strings without comments and tests.

/// A token of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Name(String),
    /// A string literal's content, escapes as written.
    Text(String),
    /// Any other character.
    Mark(char),
}

/// The tokens of a file with their lines, without comments and without items under `#[cfg(test)]`.
#[derive(Debug)]
pub struct Tokens {
    /// The tokens outside tests.
    pub tokens: Vec<(Token, usize)>,
    /// Lines outside tests.
    pub lines: usize,
}

impl Tokens {
    /// Reads a source file.
    pub fn of(text: &str) -> Self {
        let all = lex(text);
        let total = text.lines().count();
        let mut tokens = Vec::with_capacity(all.len());
        let mut in_tests = 0;
        let mut at = 0;
        while at < all.len() {
            if is_test_attribute(&all[at..]) {
                let end = item_end(&all, at + TEST_ATTRIBUTE.len());
                let last = all.get(end.saturating_sub(1)).map_or(total, |t| t.1);
                in_tests += last + 1 - all[at].1;
                at = end;
            } else {
                tokens.push(all[at].clone());
                at += 1;
            }
        }
        Self { tokens, lines: total.saturating_sub(in_tests) }
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.tokens.iter().filter_map(|(t, line)| match t {
            Token::Name(name) => Some((name.as_str(), *line)),
            _ => None,
        })
    }

    /// The string literals in order.
    pub fn texts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.tokens.iter().filter_map(|(t, line)| match t {
            Token::Text(text) => Some((text.as_str(), *line)),
            _ => None,
        })
    }

    /// Lines on which `name!` stands.
    pub fn macros<'t>(&'t self, name: &'t str) -> impl Iterator<Item = usize> + 't {
        self.tokens.windows(2).filter_map(move |pair| match pair {
            [(Token::Name(found), line), (Token::Mark('!'), _)] if found == name => Some(*line),
            _ => None,
        })
    }

    /// Modules of the standard library that are named, alone or within braces: `std::fs`, `std::{fs, io}`.
    pub fn std_modules(&self) -> Vec<(&str, usize)> {
        let mut found = Vec::new();
        let tokens = &self.tokens;
        let is = |at: usize, c: char| matches!(tokens.get(at), Some((Token::Mark(m), _)) if *m == c);
        let name = |at: usize| match tokens.get(at) {
            Some((Token::Name(name), line)) => Some((name.as_str(), *line)),
            _ => None,
        };
        for at in 0..tokens.len() {
            if name(at).is_none_or(|(n, _)| n != "std") || !is(at + 1, ':') || !is(at + 2, ':') {
                continue;
            }
            if !is(at + 3, '{') {
                found.extend(name(at + 3));
                continue;
            }
            let (mut depth, mut next) = (1, at + 4);
            while depth > 0 && next < tokens.len() {
                if is(next, '{') {
                    depth += 1;
                } else if is(next, '}') {
                    depth -= 1;
                } else if depth == 1 && (is(next - 1, '{') || is(next - 1, ',')) {
                    found.extend(name(next));
                }
                next += 1;
            }
        }
        found
    }
}

const TEST_ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn is_test_attribute(tokens: &[(Token, usize)]) -> bool {
    tokens.len() >= TEST_ATTRIBUTE.len()
        && TEST_ATTRIBUTE.iter().zip(tokens).all(|(wanted, (token, _))| match token {
            Token::Name(name) => name == wanted,
            Token::Mark(mark) => wanted.len() == 1 && wanted.starts_with(*mark),
            Token::Text(_) => false,
        })
}

/// One past the item that begins at `at`: its closing brace or semicolon.
fn item_end(tokens: &[(Token, usize)], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some((token, _)) = tokens.get(at) {
        at += 1;
        match token {
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark('}') if depth == 1 => return at,
            Token::Mark('}' | ')' | ']') => depth -= 1,
            Token::Mark(';') if depth == 0 => return at,
            _ => {}
        }
    }
    at
}

fn lex(text: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or('\0');
        let start = at;
        match c {
            '/' if next == '/' => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            '/' if next == '*' => {
                let mut depth = 0;
                while at < chars.len() {
                    let pair = (chars[at], chars.get(at + 1).copied().unwrap_or('\0'));
                    at += match pair {
                        ('/', '*') => {
                            depth += 1;
                            2
                        }
                        ('*', '/') => {
                            depth -= 1;
                            2
                        }
                        _ => 1,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => {
                at = string_end(&chars, at + 1);
                tokens.push((Token::Text(chars[start + 1..at.max(start + 2) - 1].iter().collect()), line));
            }
            'r' | 'b' | 'c' if raw_start(&chars, at).is_some() => {
                let (open, hashes) = raw_start(&chars, at).unwrap_or((at, 0));
                let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                let mut end = open + 1;
                while end < chars.len() && !chars[end..].starts_with(&closing) {
                    end += 1;
                }
                tokens.push((Token::Text(chars[open + 1..end].iter().collect()), line));
                at = (end + closing.len()).min(chars.len());
            }
            '\'' => at = char_end(&chars, at),
            c if is_name(c) => {
                at += chars[at..].iter().take_while(|c| is_name(**c)).count();
                tokens.push((Token::Name(chars[start..at].iter().collect()), line));
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push((Token::Mark(c), line));
                }
                at += 1;
            }
        }
        line += chars[start..at].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// The opening quote of a raw string that begins here, and its number of `#`.
fn raw_start(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let prefix = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let name: String = chars[at..at + prefix].iter().collect();
    if !matches!(name.as_str(), "r" | "br" | "cr") {
        return None;
    }
    let hashes = chars[at + prefix..].iter().take_while(|c| **c == '#').count();
    let open = at + prefix + hashes;
    (chars.get(open) == Some(&'"')).then_some((open, hashes))
}

/// One past a character literal, or past the quote of a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let closing = chars[(at + 3).min(chars.len())..].iter().position(|c| *c == '\'');
            closing.map_or(chars.len(), |n| at + 3 + n + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_passed_over() {
        let text = "// a\n/* b /* c */ */ fn d() {}\n#[cfg(test)]\nmod tests { fn e() { \"}\"; } }\nfn f() {}\n";
        let tokens = Tokens::of(text);
        assert_eq!(tokens.names().map(|n| n.0).collect::<Vec<_>>(), ["fn", "d", "fn", "f"]);
        assert_eq!(tokens.lines, 3);
    }

    #[test]
    fn strings_characters_and_lifetimes_are_told_apart() {
        let tokens =
            Tokens::of(r####"let x: &'a str = "b\"c"; let y = '"'; let z = r#"d"e"#; let w = b"f"; '\'' g"####);
        assert_eq!(tokens.texts().map(|t| t.0).collect::<Vec<_>>(), [r#"b\"c"#, "d\"e", "f"]);
        assert!(tokens.names().any(|n| n.0 == "g"));
    }

    #[test]
    fn modules_of_std_are_found_within_braces() {
        let tokens = Tokens::of("use std::{collections::{fs}, fs, io::Read};\nlet x = std::env::var(\"A\");");
        assert_eq!(tokens.std_modules(), [("collections", 1), ("fs", 1), ("io", 1), ("env", 2)]);
    }
}
