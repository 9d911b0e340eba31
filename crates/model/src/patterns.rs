//! How long a backtracking engine may take for a regular expression.
//!
//! The pattern becomes an automaton whose states are its character classes (Glushkov 1961), with an edge
//! for each way to go from one to the next. Two ways around one loop for the same text make the time
//! exponential in the length of the input, two loops in a row that read the same text make it polynomial
//! (Weideman et al. 2016, "Analyzing matching time behavior of backtracking regular expression matchers").
//! What the parser does not know (references back, recursion, atomic groups) is not judged.

use base::Symbol;
use ir::{ExprKind, Literal};
use program::ExprRef;

use crate::adapters::Context;

/// A pattern that a call matches with, and where it is written.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Its text.
    pub pattern: Symbol,
    /// Where it stands.
    pub at: ExprRef,
}

/// The patterns that a call may match with: its own literals, constants, and what they were compiled from.
/// `strings` says that text counts too, not only literals of regular expressions.
pub fn of_call(context: &Context<'_>, call: ExprRef, strings: bool) -> Vec<Written> {
    let module = context.program.module(call.module);
    let parts: Vec<ir::ExprId> = match &module.expr(call.expr).kind {
        ExprKind::Call { callee, args, .. } => {
            let receiver = match &module.expr(*callee).kind {
                ExprKind::Member { object, .. } => Some(*object),
                _ => None,
            };
            receiver.into_iter().chain(args.iter().map(|a| a.value)).collect()
        }
        ExprKind::Binary { left, right, .. } => vec![*left, *right],
        _ => Vec::new(),
    };
    parts.into_iter().filter_map(|expr| written(context, ExprRef { expr, ..call }, strings, 0)).collect()
}

fn written(context: &Context<'_>, at: ExprRef, strings: bool, depth: u32) -> Option<Written> {
    if depth > 3 {
        return None;
    }
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Literal(Literal::Regex(pattern)) => Some(Written { pattern: *pattern, at }),
        ExprKind::Literal(Literal::Str(pattern)) if strings => Some(Written { pattern: *pattern, at }),
        ExprKind::Name(_) | ExprKind::Member { .. } => {
            written(context, context.program.definition(at)?, strings, depth + 1)
        }
        // compiled from its first argument, or asked for a matcher
        ExprKind::Call { callee, args, .. } => {
            let first = args.first().and_then(|a| written(context, ExprRef { expr: a.value, ..at }, true, depth + 1));
            first.or_else(|| match &module.expr(*callee).kind {
                ExprKind::Member { object, .. } => {
                    written(context, ExprRef { expr: *object, ..at }, strings, depth + 1)
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// How time grows with the length of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Growth {
    /// Two loops in a row may read the same text: at least with its square.
    Polynomial,
    /// A loop may read the same text in several ways: doubled by each further character.
    Exponential,
}

/// Patterns with more classes are not judged.
const MAX_STATES: usize = 100;
/// Groups may be nested this deep.
const MAX_DEPTH: usize = 50;

/// How time grows for inputs that do not match; `None` where it is linear or the pattern is not judged.
/// `whole` says that all of the input must match, as if the pattern ended in `$`.
pub fn growth(pattern: &str, whole: bool) -> Option<Growth> {
    let mut parser = Parser { text: pattern.chars().collect(), at: 0, depth: 0, ends: whole };
    let node = parser.alternatives()?;
    if parser.at != parser.text.len() {
        return None;
    }
    let mut automaton = Automaton { states: Vec::new(), edges: Vec::new() };
    let part = automaton.add(&node)?;
    automaton.judge(&part.last, parser.ends)
}

/// Characters as ranges.
#[derive(Clone, Debug, PartialEq)]
struct Set(Vec<(u32, u32)>);

const LAST: u32 = char::MAX as u32;

impl Set {
    fn one(c: char) -> Set {
        Set(vec![(c as u32, c as u32)])
    }

    fn digits() -> Set {
        Set(vec![('0' as u32, '9' as u32)])
    }

    fn words() -> Set {
        Set(vec![
            ('0' as u32, '9' as u32),
            ('A' as u32, 'Z' as u32),
            ('_' as u32, '_' as u32),
            ('a' as u32, 'z' as u32),
        ])
    }

    fn spaces() -> Set {
        Set(vec![(9, 13), (32, 32), (0xA0, 0xA0), (0x2028, 0x2029)])
    }

    fn except(mut self) -> Set {
        self.0.sort_unstable();
        let mut out = Vec::new();
        let mut next = 0;
        for (from, to) in self.0 {
            if from > next {
                out.push((next, from - 1));
            }
            next = next.max(to + 1);
        }
        if next <= LAST {
            out.push((next, LAST));
        }
        Set(out)
    }

    fn meets(&self, other: &Set) -> bool {
        self.0.iter().any(|a| other.0.iter().any(|b| a.0 <= b.1 && b.0 <= a.1))
    }

    fn both(&self, other: &Set) -> Set {
        let mut out = Vec::new();
        for a in &self.0 {
            out.extend(other.0.iter().filter(|b| a.0 <= b.1 && b.0 <= a.1).map(|b| (a.0.max(b.0), a.1.min(b.1))));
        }
        Set(out)
    }
}

#[derive(Clone, Debug)]
enum Node {
    Nothing,
    Class(Set),
    Row(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, usize, Option<usize>),
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
    /// Whether the end of the input is asked for.
    ends: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, c: char) -> bool {
        let is = self.peek() == Some(c);
        self.at += usize::from(is);
        is
    }

    fn alternatives(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut all = vec![self.row()?];
        while self.eat('|') {
            all.push(self.row()?);
        }
        self.depth -= 1;
        Some(if all.len() == 1 { all.remove(0) } else { Node::Either(all) })
    }

    fn row(&mut self) -> Option<Node> {
        let mut row = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            let atom = self.atom()?;
            row.push(self.repeated(atom)?);
        }
        Some(Node::Row(row))
    }

    fn repeated(&mut self, atom: Node) -> Option<Node> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => counts,
                None => return Some(atom),
            },
            _ => return Some(atom),
        };
        self.at += 1;
        self.eat('?');
        // possessive: gives nothing back
        if self.peek() == Some('+') {
            return None;
        }
        Some(Node::Repeat(Box::new(atom), min, max))
    }

    /// `{2}`, `{2,}`, `{2,5}`; leaves the position at its last character.
    fn counts(&mut self) -> Option<(usize, Option<usize>)> {
        let close = self.text[self.at..].iter().position(|c| *c == '}')? + self.at;
        let inner: String = self.text[self.at + 1..close].iter().collect();
        let counts = match inner.split_once(',') {
            None => {
                let n = inner.parse().ok()?;
                (n, Some(n))
            }
            Some((min, "")) => (min.parse().ok()?, None),
            Some((min, max)) => (min.parse().unwrap_or(0), Some(max.parse().ok()?)),
        };
        self.at = close;
        Some(counts)
    }

    fn atom(&mut self) -> Option<Node> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            '(' => return self.group(),
            '[' => Node::Class(self.class()?),
            '.' => Node::Class(Set::one('\n').except()),
            '^' => Node::Nothing,
            '$' => {
                self.ends = true;
                Node::Nothing
            }
            '\\' => return self.escape(),
            c => Node::Class(Set::one(c)),
        })
    }

    fn group(&mut self) -> Option<Node> {
        let mut looks = false;
        if self.eat('?') {
            match self.peek()? {
                ':' => self.at += 1,
                '=' | '!' => {
                    self.at += 1;
                    looks = true;
                }
                '<' | 'P' | '\'' => {
                    self.eat('P');
                    self.at += 1;
                    if matches!(self.peek(), Some('=' | '!')) {
                        self.at += 1;
                        looks = true;
                    } else {
                        while !matches!(self.peek()?, '>' | '\'') {
                            self.at += 1;
                        }
                        self.at += 1;
                    }
                }
                'i' | 'm' | 's' | 'x' | 'u' | '-' => {
                    while matches!(self.peek()?, 'i' | 'm' | 's' | 'x' | 'u' | '-') {
                        self.at += 1;
                    }
                    if self.eat(')') {
                        return Some(Node::Nothing);
                    }
                    if !self.eat(':') {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        let ends = self.ends;
        let inner = self.alternatives()?;
        if !self.eat(')') {
            return None;
        }
        if looks {
            self.ends = ends;
            return Some(Node::Nothing);
        }
        Some(inner)
    }

    fn escape(&mut self) -> Option<Node> {
        let c = self.peek()?;
        match c {
            'b' | 'B' | 'A' | 'G' => {
                self.at += 1;
                return Some(Node::Nothing);
            }
            'z' | 'Z' => {
                self.at += 1;
                self.ends = true;
                return Some(Node::Nothing);
            }
            '1'..='9' | 'k' | 'g' => return None,
            _ => {}
        }
        self.escaped().map(Node::Class)
    }

    /// The characters that an escape means, inside a class or out of it.
    fn escaped(&mut self) -> Option<Set> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'd' => Set::digits(),
            'D' => Set::digits().except(),
            'w' => Set::words(),
            'W' => Set::words().except(),
            's' => Set::spaces(),
            'S' => Set::spaces().except(),
            'n' => Set::one('\n'),
            'r' => Set::one('\r'),
            't' => Set::one('\t'),
            'f' => Set::one('\u{c}'),
            'v' => Set::one('\u{b}'),
            '0' => Set::one('\0'),
            'x' => Set::one(self.hex(2)?),
            'u' => match self.eat('{') {
                true => {
                    let mut value = 0;
                    while !self.eat('}') {
                        value = value * 16 + self.peek()?.to_digit(16)?;
                        self.at += 1;
                        if value > LAST {
                            return None;
                        }
                    }
                    Set::one(char::from_u32(value)?)
                }
                false => Set::one(self.hex(4)?),
            },
            // a property of characters: letters, most often
            'p' | 'P' => {
                let negated = c == 'P';
                if self.eat('{') {
                    while !self.eat('}') {
                        self.peek()?;
                        self.at += 1;
                    }
                } else {
                    self.at += 1;
                }
                let letters = Set(vec![('A' as u32, 'Z' as u32), ('a' as u32, 'z' as u32), (0xAA, 0xFFFF)]);
                if negated { letters.except() } else { letters }
            }
            c if c.is_alphanumeric() => return None,
            c => Set::one(c),
        })
    }

    fn hex(&mut self, digits: usize) -> Option<char> {
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + self.peek()?.to_digit(16)?;
            self.at += 1;
        }
        char::from_u32(value)
    }

    fn class(&mut self) -> Option<Set> {
        let negated = self.eat('^');
        let mut set = Set(Vec::new());
        let start = self.at;
        loop {
            let c = self.peek()?;
            if c == ']' && self.at > start {
                self.at += 1;
                break;
            }
            self.at += 1;
            let item = match c {
                '\\' if self.peek() == Some('b') => {
                    self.at += 1;
                    Set::one('\u{8}')
                }
                '\\' => self.escaped()?,
                '[' if self.peek() == Some(':') => {
                    while !self.eat(']') {
                        self.peek()?;
                        self.at += 1;
                    }
                    Set::words()
                }
                // classes of classes
                '&' if self.peek() == Some('&') => return None,
                c => Set::one(c),
            };
            let single = |s: &Set| matches!(s.0.as_slice(), [(a, b)] if a == b);
            let is_range = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']');
            if is_range && single(&item) {
                self.at += 1;
                let end = match self.peek()? {
                    '\\' => {
                        self.at += 1;
                        self.escaped()?
                    }
                    c => {
                        self.at += 1;
                        Set::one(c)
                    }
                };
                match single(&end) {
                    true => set.0.push((item.0[0].0, end.0[0].1)),
                    false => set.0.extend(item.0.into_iter().chain(end.0)),
                }
            } else {
                set.0.extend(item.0);
            }
        }
        Some(if negated { set.except() } else { set })
    }
}

/// The first and last states of a part, and whether it may read nothing.
struct Span {
    first: Vec<usize>,
    last: Vec<usize>,
    is_empty: bool,
}

struct Automaton {
    states: Vec<Set>,
    /// To which states, one entry for each way.
    edges: Vec<Vec<usize>>,
}

impl Automaton {
    fn add(&mut self, node: &Node) -> Option<Span> {
        Some(match node {
            Node::Nothing => Span { first: Vec::new(), last: Vec::new(), is_empty: true },
            Node::Class(set) => {
                if self.states.len() >= MAX_STATES {
                    return None;
                }
                let at = self.states.len();
                self.states.push(set.clone());
                self.edges.push(Vec::new());
                Span { first: vec![at], last: vec![at], is_empty: false }
            }
            Node::Row(parts) => {
                let mut whole = Span { first: Vec::new(), last: Vec::new(), is_empty: true };
                for part in parts {
                    let part = self.add(part)?;
                    whole = self.join(whole, part);
                }
                whole
            }
            Node::Either(parts) => {
                let mut whole = Span { first: Vec::new(), last: Vec::new(), is_empty: false };
                for part in parts {
                    let part = self.add(part)?;
                    whole.first.extend(part.first);
                    whole.last.extend(part.last);
                    whole.is_empty |= part.is_empty;
                }
                whole
            }
            Node::Repeat(inner, min, max) => {
                let mut whole = Span { first: Vec::new(), last: Vec::new(), is_empty: true };
                // a few rounds stand for many
                let copies = match max {
                    None => (*min).clamp(1, 3),
                    Some(max) => (*max).min(8),
                };
                for copy in 0..copies {
                    let mut part = self.add(inner)?;
                    if max.is_none() && copy + 1 == copies {
                        self.connect(&part.last.clone(), &part.first.clone());
                    }
                    part.is_empty |= copy >= *min;
                    whole = self.join(whole, part);
                }
                whole
            }
        })
    }

    fn connect(&mut self, from: &[usize], to: &[usize]) {
        from.iter().for_each(|f| self.edges[*f].extend_from_slice(to));
    }

    fn join(&mut self, a: Span, b: Span) -> Span {
        self.connect(&a.last, &b.first);
        let mut first = a.first;
        if a.is_empty {
            first.extend(&b.first);
        }
        let mut last = b.last;
        if b.is_empty {
            last.extend(a.last);
        }
        Span { first, last, is_empty: a.is_empty && b.is_empty }
    }

    fn judge(&self, last: &[usize], ends: bool) -> Option<Growth> {
        // a loop after which nothing more is asked for never fails
        let may_fail = |state: usize| ends || !last.contains(&state);
        let around = self.reach();
        let n = self.states.len();
        for state in (0..n).filter(|s| around[*s][*s] && may_fail(*s)) {
            if self.has_two_ways(state, &around) {
                return Some(Growth::Exponential);
            }
        }
        for one in (0..n).filter(|s| self.edges[*s].contains(s)) {
            for two in (0..n).filter(|s| *s != one && self.edges[*s].contains(s) && may_fail(*s)) {
                if around[one][two] && !around[two][one] && self.reads_same(one, two) {
                    return Some(Growth::Polynomial);
                }
            }
        }
        None
    }

    /// Which states can be reached from which, by at least one edge.
    fn reach(&self) -> Vec<Vec<bool>> {
        let n = self.states.len();
        let mut all = vec![vec![false; n]; n];
        for (start, reached) in all.iter_mut().enumerate() {
            let mut work = vec![start];
            while let Some(at) = work.pop() {
                for to in &self.edges[at] {
                    if !reached[*to] {
                        reached[*to] = true;
                        work.push(*to);
                    }
                }
            }
        }
        all
    }

    /// Whether two different ways lead around from a state to itself with the same text.
    fn has_two_ways(&self, start: usize, around: &[Vec<bool>]) -> bool {
        let n = self.states.len();
        let within = |s: usize| around[start][s] && around[s][start];
        // twice the same edge within the loop
        for at in (0..n).filter(|s| within(*s)) {
            let edges: Vec<usize> = self.edges[at].iter().copied().filter(|t| within(*t)).collect();
            if edges.iter().enumerate().any(|(i, t)| edges[..i].contains(t)) {
                return true;
            }
        }
        // a pair of different states, reached from the pair (start, start) and leading back to it
        let next = |a: usize, b: usize| {
            let mut pairs = Vec::new();
            for x in self.edges[a].iter().filter(|t| within(**t)) {
                for y in self.edges[b].iter().filter(|t| within(**t)) {
                    if self.states[*x].meets(&self.states[*y]) {
                        pairs.push((*x, *y));
                    }
                }
            }
            pairs
        };
        let closure = |from: (usize, usize)| {
            let mut seen = vec![false; n * n];
            let mut work = vec![from];
            while let Some((a, b)) = work.pop() {
                for (x, y) in next(a, b) {
                    if !seen[x * n + y] {
                        seen[x * n + y] = true;
                        work.push((x, y));
                    }
                }
            }
            seen
        };
        let forward = closure((start, start));
        let apart: Vec<(usize, usize)> =
            (0..n * n).filter(|p| forward[*p] && p / n != p % n).map(|p| (p / n, p % n)).take(40).collect();
        apart.into_iter().any(|pair| closure(pair)[start * n + start])
    }

    /// Whether a text that both loops read leads from one to the other.
    fn reads_same(&self, one: usize, two: usize) -> bool {
        let common = self.states[one].both(&self.states[two]);
        if common.0.is_empty() {
            return false;
        }
        let mut seen = vec![false; self.states.len()];
        let mut work = vec![one];
        while let Some(at) = work.pop() {
            for to in &self.edges[at] {
                if *to == two {
                    return true;
                }
                if !seen[*to] && self.states[*to].meets(&common) {
                    seen[*to] = true;
                    work.push(*to);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_within_loops_are_exponential() {
        for pattern in [
            "^(a+)+$",
            "^(a*)*b",
            "^(\\w+\\s?)*$",
            "^([a-zA-Z0-9]+)*@x",
            "(a|a)*$",
            "^(([a-z])+.)+[A-Z]([a-z])+$",
            "^(.*?,)+x",
            "(?:\\d|\\w)+!",
            "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
        ] {
            assert_eq!(growth(pattern, false), Some(Growth::Exponential), "{pattern}");
        }
    }

    #[test]
    fn loops_in_a_row_that_read_the_same_are_polynomial() {
        for pattern in ["^\\s*\\s*x", "\\d+\\w+!", "^.*foo.*=.*$", "a*b?a*c"] {
            assert_eq!(growth(pattern, false), Some(Growth::Polynomial), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_fail_or_reads_in_one_way_is_linear() {
        for pattern in [
            "(a+)+",
            "^[a-z]+$",
            "^\\d{3}-\\d{4}$",
            "^(ab+)+$",
            "^[\\w.]+@[a-z]+\\.com$",
            "^(\\w+,)*\\w+$",
            "^https?://",
            "^[0-9a-f]{8}-[0-9a-f]{4}$",
            "^(?:[a-z0-9]+-)*[a-z0-9]+$",
        ] {
            assert_eq!(growth(pattern, false), None, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_judged() {
        for pattern in ["(a)\\1+$", "(?>a+)+$", "a++$", "((", "[a", "\\"] {
            assert_eq!(growth(pattern, false), None, "{pattern}");
        }
    }

    #[test]
    fn the_end_of_the_input_may_be_asked_for_by_the_call() {
        assert_eq!(growth("(a+)+", true), Some(Growth::Exponential));
    }
}
