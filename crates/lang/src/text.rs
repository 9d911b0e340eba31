//! The text that a string literal stands for, and the formats that languages share.

use base::Symbol;
use ir::{Builder, ExprId, ExprKind, Part};

/// What a language's escapes are, beside `\n`, `\t`, `\r` and the quotes.
pub struct Escapes {
    /// One-letter escapes that it has of `a b f v e s`.
    pub letters: &'static str,
    /// `\101`
    pub octal: bool,
    /// The most digits of `\x41`; 0 where there is none.
    pub hex: usize,
    /// `\U0001F600`
    pub long_unicode: bool,
    /// A backslash before anything else stays.
    pub keeps_unknown: bool,
    /// A backslash at the end of a line takes the spaces of the next line with it.
    pub joins_lines_trimmed: bool,
}

pub const ECMASCRIPT: Escapes = Escapes {
    letters: "bfv",
    octal: false,
    hex: 2,
    long_unicode: false,
    keeps_unknown: false,
    joins_lines_trimmed: false,
};
pub const PYTHON: Escapes = Escapes {
    letters: "abfv",
    octal: true,
    hex: 2,
    long_unicode: true,
    keeps_unknown: true,
    joins_lines_trimmed: false,
};
pub const GO: Escapes = Escapes { keeps_unknown: false, ..PYTHON };
pub const JAVA: Escapes = Escapes { letters: "bfs", octal: true, hex: 0, ..ECMASCRIPT };
pub const RUST: Escapes = Escapes { letters: "", joins_lines_trimmed: true, ..ECMASCRIPT };
pub const CSHARP: Escapes = Escapes { letters: "abfve", hex: 4, long_unicode: true, ..ECMASCRIPT };
pub const RUBY: Escapes = Escapes { letters: "abfves", octal: true, ..ECMASCRIPT };

/// `text` with its escapes resolved. What names no character becomes U+FFFD.
pub fn unescape(text: &str, escapes: &Escapes) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = one_escape(rest, escapes, &mut out);
    }
    out.push_str(rest);
    out
}

/// Resolves the escape behind a backslash; what follows it is returned.
fn one_escape<'s>(text: &'s str, escapes: &Escapes, out: &mut String) -> &'s str {
    let Some(c) = text.chars().next() else { return text };
    let rest = &text[c.len_utf8()..];
    let letter = match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        c if !escapes.letters.contains(c) => None,
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        'e' => Some('\u{1b}'),
        's' => Some(' '),
        _ => None,
    };
    if let Some(letter) = letter {
        out.push(letter);
        return rest;
    }
    match c {
        '\r' | '\n' => {
            let rest = if c == '\r' { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
            if escapes.joins_lines_trimmed { rest.trim_start() } else { rest }
        }
        '0'..='7' if escapes.octal => {
            let (number, rest) = digits(text, 8, 3);
            out.push(character(number));
            rest
        }
        '0' => {
            out.push('\0');
            rest
        }
        'x' if escapes.hex > 0 => {
            let (number, rest) = digits(rest, 16, escapes.hex);
            out.push(character(number));
            rest
        }
        'u' if rest.starts_with('{') => {
            let (inner, after) = rest[1..].split_once('}').unwrap_or((&rest[1..], ""));
            out.extend(inner.split_whitespace().map(|n| character(u32::from_str_radix(&n.replace('_', ""), 16).ok())));
            after
        }
        'u' => unicode(rest, out),
        'U' if escapes.long_unicode => {
            let (number, rest) = digits(rest, 16, 8);
            out.push(character(number));
            rest
        }
        // Python's `\N{BULLET}`: the names of characters are not here
        'N' if escapes.keeps_unknown && rest.starts_with('{') => {
            out.push(char::REPLACEMENT_CHARACTER);
            rest.split_once('}').map_or("", |(_, after)| after)
        }
        c => {
            if escapes.keeps_unknown && !matches!(c, '\\' | '\'' | '"') {
                out.push('\\');
            }
            out.push(c);
            rest
        }
    }
}

/// `\u00e9`, and two of them where they are halves of one character.
fn unicode<'s>(text: &'s str, out: &mut String) -> &'s str {
    let (number, rest) = digits(text.trim_start_matches('u'), 16, 4);
    if let Some(high @ 0xd800..0xdc00) = number
        && let Some(next) = rest.strip_prefix("\\u")
        && let (Some(low @ 0xdc00..0xe000), after) = digits(next, 16, 4)
    {
        out.push(character(Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))));
        return after;
    }
    out.push(character(number));
    rest
}

fn character(number: Option<u32>) -> char {
    number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The number that up to `most` digits at the beginning make, and what follows.
fn digits(text: &str, radix: u32, most: usize) -> (Option<u32>, &str) {
    let end = text.bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
    (u32::from_str_radix(&text[..end], radix).ok(), &text[end..])
}

/// The shortest indentation of the lines of a text that are not blank.
pub fn indentation<'s>(lines: impl Iterator<Item = &'s str>) -> usize {
    lines.filter(|l| !l.trim().is_empty()).map(|l| l.len() - l.trim_start().len()).min().unwrap_or(0)
}

/// A line without `width` bytes of spaces before it.
pub fn outdented(line: &str, width: usize) -> &str {
    let spaces = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[spaces.min(width)..]
}

/// A part of a format.
#[derive(Debug, PartialEq)]
pub enum Piece {
    /// Fixed text.
    Text(String),
    /// The next value.
    Next,
    /// The value at a position, from 0.
    At(usize),
    /// The value of a name.
    Named(String),
}

/// A format of `%s` and its kin: `%05.2f`, `%-*d`, `%2$s`, `%[2]s`, `%(name)s`, `%{name}`, `%<name>s`.
/// `new_line` is whether `%n` is one.
pub fn percent(text: &str, new_line: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('%') {
        pieces.push(Piece::Text(rest[..open].to_owned()));
        rest = &rest[open + 1..];
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            pieces.push(Piece::Named(name.to_owned()));
            rest = after;
            continue;
        }
        rest = conversion(rest, new_line, &mut pieces);
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

fn conversion<'s>(text: &'s str, new_line: bool, pieces: &mut Vec<Piece>) -> &'s str {
    let mut rest = text;
    let mut value = Piece::Next;
    loop {
        let Some(c) = rest.chars().next() else {
            pieces.push(Piece::Text("%".to_owned()));
            return text;
        };
        let after = &rest[c.len_utf8()..];
        match c {
            '(' | '<' => {
                let close = if c == '(' { ')' } else { '>' };
                match after.split_once(close) {
                    Some((name, after)) => {
                        value = Piece::Named(name.to_owned());
                        rest = after;
                    }
                    None => rest = after,
                }
            }
            '[' => match after.split_once(']') {
                Some((number, after)) => {
                    value = number.parse::<usize>().map_or(Piece::Next, |n| Piece::At(n.saturating_sub(1)));
                    rest = after;
                }
                None => rest = after,
            },
            '*' => {
                pieces.push(std::mem::replace(&mut value, Piece::Next));
                rest = after;
            }
            '1'..='9' => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let number = rest[..end].parse::<usize>();
                rest = &rest[end..];
                if let Some(after) = rest.strip_prefix('$') {
                    value = number.map_or(Piece::Next, |n| Piece::At(n - 1));
                    rest = after;
                }
            }
            '0' | '#' | '-' | '+' | ' ' | ',' | '.' | '\'' | 'l' | 'h' => rest = after,
            '%' => {
                pieces.push(Piece::Text("%".to_owned()));
                return after;
            }
            'n' if new_line => {
                pieces.push(Piece::Text("\n".to_owned()));
                return after;
            }
            c if c.is_ascii_alphabetic() => {
                pieces.push(value);
                return match c {
                    // `%tY`
                    't' | 'T' if new_line => after.get(1..).unwrap_or(""),
                    _ => after,
                };
            }
            _ => {
                pieces.push(Piece::Text("%".to_owned()));
                return text;
            }
        }
    }
}

/// A format of `{}`, `{0}`, `{name}`, `{x:>width$}`, `{:{}}`; `{{` and `}}` are braces.
pub fn braces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut fixed = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        fixed.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            fixed.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            continue;
        }
        pieces.push(Piece::Text(std::mem::take(&mut fixed)));
        let Some(close) = closing(rest) else { break };
        field(&rest[..close], &mut pieces);
        rest = &rest[close + 1..];
    }
    fixed.push_str(rest);
    pieces.push(Piece::Text(fixed));
    pieces
}

/// Where the brace closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `name.of[it]!r:spec`, the values that the specification asks for behind it.
fn field(text: &str, pieces: &mut Vec<Piece>) {
    let (head, spec) = text.split_once(':').unwrap_or((text, ""));
    let name = head.split(['!', '.', '[', ',']).next().unwrap_or("").trim();
    if spec.contains(".*") {
        pieces.push(Piece::Next);
    }
    pieces.push(named(name));
    let mut rest = spec;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        let end = rest.find('}').unwrap_or(rest.len());
        pieces.push(named(rest[..end].trim()));
        rest = &rest[end..];
    }
    for (at, _) in spec.match_indices('$') {
        let start = spec[..at].rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |s| s + 1);
        // `0width$`: a flag
        let name = spec[start..at].trim_start_matches('0');
        pieces.push(named(if name.is_empty() { "0" } else { name }));
    }
}

fn named(name: &str) -> Piece {
    match name.parse::<usize>() {
        Ok(number) => Piece::At(number),
        Err(_) if name.is_empty() => Piece::Next,
        Err(_) => Piece::Named(name.to_owned()),
    }
}

/// The parts of a format with its values put in. A spread gives whatever its position and those behind
/// it ask for. `by_name` finds a named value.
pub fn fill(
    ir: &mut Builder,
    pieces: Vec<Piece>,
    values: &[ExprId],
    mut by_name: impl FnMut(&mut Builder, &str) -> Option<ExprId>,
) -> Vec<Part> {
    let spread = values.iter().position(|v| matches!(ir.module.expr(*v).kind, ExprKind::Spread(_)));
    let at = |position: usize| values.get(spread.map_or(position, |s| s.min(position))).copied();
    let mut parts = Vec::new();
    let mut next = 0;
    for piece in pieces {
        let value = match piece {
            Piece::Text(text) => {
                parts.push(Part::Text(Symbol::new(&text)));
                continue;
            }
            Piece::Next => {
                next += 1;
                at(next - 1)
            }
            Piece::At(position) => {
                next = position + 1;
                at(position)
            }
            Piece::Named(name) => by_name(ir, &name),
        };
        if let Some(value) = value {
            parts.extend(ir.parts_of(value));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_cut_into_their_pieces() {
        let text = |t: &str| Piece::Text(t.to_owned());
        let name = |n: &str| Piece::Named(n.to_owned());
        let cut = |pieces: Vec<Piece>| pieces.into_iter().filter(|p| *p != text("")).collect::<Vec<_>>();
        assert_eq!(
            cut(percent("%d%% of %-*s", false)),
            [Piece::Next, text("%"), text(" of "), Piece::Next, Piece::Next]
        );
        assert_eq!(cut(percent("%2$s%[1]d%n", true)), [Piece::At(1), Piece::At(0), text("\n")]);
        assert_eq!(cut(percent("%(a)05.2f%{b}%<c>s", false)), [name("a"), name("b"), name("c")]);
        assert_eq!(cut(percent("50%", false)), [text("50"), text("%")]);
        assert_eq!(
            cut(braces("{{{a.b!r:>5}}} {:{}} {0:w$}")),
            [text("{"), name("a"), text("} "), Piece::Next, Piece::Next, text(" "), Piece::At(0), name("w")]
        );
    }

    #[test]
    fn escapes_are_those_of_the_language() {
        assert_eq!(unescape(r"\x41\101\u00e9\u{1F600}\e", &RUBY), "AAé😀\u{1b}");
        assert_eq!(unescape(r"\ud83d\ude00\d", &ECMASCRIPT), "😀d");
        assert_eq!(unescape(r"\d\'\N{BULLET}\x4", &PYTHON), "\\d'\u{fffd}\u{4}");
        assert_eq!(unescape("a\\\n   b", &RUST), "ab");
        assert_eq!(unescape(r"\x41\u0041\ud800", &CSHARP), "AA\u{fffd}");
    }
}
