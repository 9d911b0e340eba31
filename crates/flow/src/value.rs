//! What is known of a value: where its data may come from, its parts, whether it is a constant.

use std::sync::Arc;

use base::Symbol;
use smallvec::SmallVec;

use crate::{Kind, Kinds, Source, Step};

/// How many origins one value keeps.
const MAX_TAINTS: usize = 8;
/// How many parts one value keeps apart.
const MAX_PARTS: usize = 32;
/// How deep parts are looked into.
const MAX_DEPTH: u32 = 4;
/// How many steps a way keeps.
const MAX_STEPS: u32 = 24;

/// The number of `this` among parameters.
pub const THIS: u8 = u8::MAX;

/// Steps into a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path([Option<Symbol>; 3]);

impl Path {
    fn then(self, name: Symbol) -> Path {
        let mut path = self;
        if let Some(free) = path.0.iter_mut().find(|s| s.is_none()) {
            *free = Some(name);
        }
        path
    }
}

/// Where data may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum From {
    /// A parameter of the function, or a part of it.
    Param(u8, Path),
    /// Outside.
    Outside(Source),
}

/// The way that data took, newest step first.
#[derive(Clone, Debug, Default)]
pub struct Way(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    step: Step,
    before: Way,
    length: u32,
}

impl Way {
    pub fn length(&self) -> u32 {
        self.0.as_ref().map_or(0, |n| n.length)
    }

    #[must_use]
    pub fn then(&self, step: Step) -> Way {
        let length = self.length();
        if length >= MAX_STEPS || self.0.as_ref().is_some_and(|n| n.step.span == step.span) {
            return self.clone();
        }
        Way(Some(Arc::new(Node { step, before: self.clone(), length: length + 1 })))
    }

    /// The steps, oldest first.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(node) = &at.0 {
            steps.push(node.step);
            at = &node.before;
        }
        steps.reverse();
        steps
    }

    #[must_use]
    pub fn followed_by(&self, other: &Way) -> Way {
        other.steps().into_iter().fold(self.clone(), |way, step| way.then(step))
    }
}

/// One origin of a value's data, and what it can no longer do.
#[derive(Clone, Debug)]
pub struct Taint {
    pub from: From,
    pub cleared: Kinds,
    pub way: Way,
}

/// A value that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    Str(Symbol),
    Int(i64),
    Bool(bool),
    Null,
    /// The request itself.
    Request,
}

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Name(Symbol),
    Index(u32),
}

impl Key {
    pub fn symbol(self) -> Symbol {
        match self {
            Key::Name(name) => name,
            Key::Index(_) => Symbol::new("[]"),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Value {
    /// Origins of the whole.
    pub taints: SmallVec<[Taint; 2]>,
    /// Parts that are told apart.
    pub parts: Vec<(Key, Value)>,
    pub constant: Option<Constant>,
}

impl Value {
    pub fn constant(constant: Constant) -> Value {
        Value { constant: Some(constant), ..Value::default() }
    }

    pub fn of(from: From) -> Value {
        let taint = Taint { from, cleared: Kinds::NONE, way: Way::default() };
        Value { taints: SmallVec::from_iter([taint]), ..Value::default() }
    }

    pub fn add(&mut self, taint: Taint) {
        if taint.cleared.is_all() {
            return;
        }
        if let Some(known) = self.taints.iter_mut().find(|t| t.from == taint.from) {
            known.cleared = known.cleared.and(taint.cleared);
            if taint.way.length() < known.way.length() {
                known.way = taint.way;
            }
        } else if self.taints.len() < MAX_TAINTS {
            self.taints.push(taint);
        }
    }

    /// What either may be.
    pub fn join(&mut self, other: &Value) {
        for taint in &other.taints {
            self.add(taint.clone());
        }
        if self.constant != other.constant {
            self.constant = None;
        }
        for (key, part) in &mut self.parts {
            if other.parts.iter().all(|(k, _)| k != key) {
                part.join(&other.derived(key.symbol()));
            }
        }
        for (key, part) in &other.parts {
            self.part_mut(*key).join_part(part);
        }
    }

    fn join_part(&mut self, other: &Value) {
        let fresh = self.taints.is_empty() && self.parts.is_empty() && self.constant.is_none();
        match fresh {
            true => *self = other.clone(),
            false => self.join(other),
        }
    }

    /// The part under a key, made when it is not there.
    pub fn part_mut(&mut self, key: Key) -> &mut Value {
        let at = match self.parts.iter().position(|(k, _)| *k == key) {
            Some(at) => at,
            None => {
                if self.parts.len() >= MAX_PARTS {
                    // too many: the last stands for the rest
                    self.parts.len() - 1
                } else {
                    let before = self.derived(key.symbol());
                    self.parts.push((key, before));
                    self.parts.len() - 1
                }
            }
        };
        &mut self.parts[at].1
    }

    /// What a part holds when only the whole is known.
    fn derived(&self, name: Symbol) -> Value {
        let mut value = Value::default();
        for taint in &self.taints {
            let from = match taint.from {
                From::Param(param, path) => From::Param(param, path.then(name)),
                outside => outside,
            };
            value.add(Taint { from, ..taint.clone() });
        }
        value
    }

    /// The part under a key.
    pub fn part(&self, key: Key) -> Value {
        match self.parts.iter().find(|(k, _)| *k == key) {
            Some((_, part)) => part.clone(),
            None => self.derived(key.symbol()),
        }
    }

    /// Any one part.
    pub fn element(&self) -> Value {
        let mut value = self.derived(Symbol::new("[]"));
        for (_, part) in &self.parts {
            value.join(part);
        }
        value.constant = None;
        value
    }

    /// All its data, its parts' too, as one.
    pub fn flat(&self) -> Value {
        let mut value = Value::default();
        self.gather(&mut value, 0);
        value
    }

    fn gather(&self, all: &mut Value, depth: u32) {
        self.taints.iter().for_each(|t| all.add(t.clone()));
        if depth < MAX_DEPTH {
            self.parts.iter().for_each(|(_, part)| part.gather(all, depth + 1));
        }
    }

    /// Whether any data may come from elsewhere.
    pub fn is_tainted(&self) -> bool {
        !self.taints.is_empty() || self.parts.iter().any(|(_, p)| p.is_tainted())
    }

    /// Without what the kinds can do.
    #[must_use]
    pub fn cleared(mut self, kinds: Kinds) -> Value {
        for taint in &mut self.taints {
            taint.cleared = taint.cleared.with(kinds);
        }
        self.taints.retain(|t| !t.cleared.is_all());
        for (_, part) in &mut self.parts {
            *part = std::mem::take(part).cleared(kinds);
        }
        self
    }

    #[must_use]
    pub fn stepped(mut self, step: Step) -> Value {
        for taint in &mut self.taints {
            taint.way = taint.way.then(step);
        }
        self
    }

    /// The origins that are still dangerous for a kind.
    pub fn dangerous(&self, kind: Kind) -> impl Iterator<Item = &Taint> {
        self.taints.iter().filter(move |t| !t.cleared.has(kind))
    }

    /// Puts what a caller gives in the place of parameters. `give` gives the value of a parameter.
    pub fn put_in(&self, give: &dyn Fn(u8) -> Value, call: Step, depth: u32) -> Value {
        let mut value = Value { constant: self.constant, ..Value::default() };
        for taint in &self.taints {
            match taint.from {
                From::Outside(_) => value.add(Taint { way: taint.way.then(call), ..taint.clone() }),
                From::Param(param, path) => {
                    for given in along(&give(param), path).taints {
                        let way = given.way.followed_by(&taint.way).then(call);
                        value.add(Taint { from: given.from, cleared: given.cleared.with(taint.cleared), way });
                    }
                }
            }
        }
        if depth < MAX_DEPTH {
            for (key, part) in &self.parts {
                let part = part.put_in(give, call, depth + 1);
                value.parts.push((*key, part));
            }
        }
        value
    }

    /// What decides whether two summaries say the same.
    pub fn shape(&self, into: &mut Vec<(From, Kinds)>, depth: u32) {
        into.extend(self.taints.iter().map(|t| (t.from, t.cleared)));
        if depth < MAX_DEPTH {
            for (key, part) in &self.parts {
                into.push((From::Param(THIS, Path::default().then(key.symbol())), Kinds::NONE));
                part.shape(into, depth + 1);
            }
        }
    }
}

/// The part of a value that a path leads to, with all that is below.
pub fn along(value: &Value, path: Path) -> Value {
    let mut at = value.clone();
    for name in path.0.iter().flatten() {
        at = match *name == "[]" {
            true => at.element(),
            false => at.part(Key::Name(*name)),
        };
    }
    at.flat()
}
