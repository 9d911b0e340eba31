//! What is known of a value: where its data may come from, its parts, whether it is a constant.

use std::sync::Arc;

use base::Symbol;
use smallvec::SmallVec;

use crate::{Kind, Kinds, Source, Step};

/// How many origins one value keeps.
const MAX_TAINTS: usize = 8;
/// How many parts one value keeps apart.
const MAX_PARTS: usize = 40;
/// How deep parts are looked into.
const MAX_DEPTH: u32 = 4;
/// How many steps a way keeps.
const MAX_STEPS: u32 = 24;

/// The number of `this` among parameters.
pub const THIS: u8 = u8::MAX;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A field, a key of a map.
    Name(Symbol),
    /// A place of a list.
    Index(u32),
    /// Some part.
    Any,
}

/// Steps into a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path([Option<Key>; 3]);

impl Path {
    pub fn then(self, key: Key) -> Path {
        let mut path = self;
        if let Some(free) = path.0.iter_mut().find(|s| s.is_none()) {
            *free = Some(key);
        }
        path
    }

    pub fn keys(self) -> impl Iterator<Item = Key> {
        self.0.into_iter().flatten()
    }
}

/// Where data may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum From {
    /// A parameter of the function, or a part of it.
    Param(u8, Path),
    /// The request itself, of this type: what its members give is outside data.
    Request(Symbol),
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
        let mut steps = Vec::with_capacity(self.length() as usize);
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
        if self.0.is_none() {
            return other.clone();
        }
        other.steps().into_iter().fold(self.clone(), |way, step| way.then(step))
    }

    /// Shorter first, then by where it goes: an order that no thread changes.
    fn is_better(&self, other: &Way) -> bool {
        self.length() < other.length()
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
    /// A regular expression.
    Regex(Symbol),
}

type Parts = Option<Arc<Vec<(Key, Value)>>>;

/// What is known of a value. Cloning is cheap: parts are shared.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// Origins of the whole.
    pub taints: SmallVec<[Taint; 1]>,
    /// Parts that are told apart.
    parts: Parts,
    pub constant: Option<Constant>,
    /// Whether it may be what tells a shell that its command follows: `-c`, `/c`.
    pub is_shell_flag: bool,
}

impl Value {
    pub fn constant(constant: Constant) -> Value {
        let is_shell_flag = match constant {
            Constant::Str(text) => matches!(text.as_str(), "-c" | "/c" | "/C" | "-Command" | "-e" | "-lc"),
            _ => false,
        };
        Value { constant: Some(constant), is_shell_flag, ..Value::default() }
    }

    pub fn of(from: From) -> Value {
        let taint = Taint { from, cleared: Kinds::NONE, way: Way::default() };
        Value { taints: SmallVec::from_iter([taint]), ..Value::default() }
    }

    /// It without its data.
    #[must_use]
    pub fn only_constant(&self) -> Value {
        Value { constant: self.constant, ..Value::default() }
    }

    /// It without its parts.
    #[must_use]
    pub fn whole(&self) -> Value {
        Value { taints: self.taints.clone(), ..Value::default() }
    }

    pub fn parts(&self) -> &[(Key, Value)] {
        self.parts.as_ref().map_or(&[], |p| p.as_slice())
    }

    /// Whether nothing at all is known of it.
    pub fn is_blank(&self) -> bool {
        self.taints.is_empty() && self.parts.is_none() && self.constant.is_none()
    }

    pub fn add(&mut self, taint: Taint) {
        if taint.cleared.is_all() {
            return;
        }
        if let Some(known) = self.taints.iter_mut().find(|t| t.from == taint.from) {
            known.cleared = known.cleared.and(taint.cleared);
            if taint.way.is_better(&known.way) {
                known.way = taint.way;
            }
        } else if self.taints.len() < MAX_TAINTS {
            self.taints.push(taint);
        }
    }

    /// What either may be.
    pub fn join(&mut self, other: &Value) {
        self.join_within(other, 0);
    }

    /// Parts of parts are told apart to some depth; below it they are one.
    fn join_within(&mut self, other: &Value, depth: u32) {
        if depth > MAX_DEPTH && (self.parts.is_some() || other.parts.is_some()) {
            let mut all = self.flat();
            other.flat().taints.into_iter().for_each(|t| all.add(t));
            *self = all;
            return;
        }
        if other.is_blank() && !other.is_shell_flag && !self.has_constants(depth) {
            return;
        }
        self.is_shell_flag |= other.is_shell_flag;
        if self.constant != other.constant {
            self.constant = None;
        }
        if other.parts.is_some() || self.parts.is_some() {
            let shared = match (&self.parts, &other.parts) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            if !shared {
                self.join_parts(other, depth);
            }
        }
        for taint in &other.taints {
            self.add(taint.clone());
        }
    }

    /// Whether it, or a part of it, is known as a constant; what is nested too deep for parts to be told apart
    /// counts as such.
    fn has_constants(&self, depth: u32) -> bool {
        self.constant.is_some()
            || depth > MAX_DEPTH && self.parts.is_some()
            || self.parts().iter().any(|(_, part)| part.has_constants(depth + 1))
    }

    fn is_request(&self) -> bool {
        self.taints.iter().any(|t| matches!(t.from, From::Request(_)))
    }

    fn join_parts(&mut self, other: &Value, depth: u32) {
        // what one of the two never told apart is asked of the request again
        if other.is_request()
            && let Some(parts) = &mut self.parts
        {
            Arc::make_mut(parts).retain(|(key, _)| other.parts().iter().any(|(k, _)| k == key));
        }
        let whole = self.is_request();
        let missing: Vec<Key> = self
            .parts()
            .iter()
            .map(|(key, _)| *key)
            .filter(|key| other.parts().iter().all(|(k, _)| k != key))
            .collect();
        for key in missing {
            // there it is whatever the whole holds
            let derived = other.derived(key);
            self.part_mut(key).join_within(&derived, depth + 1);
        }
        for (key, part) in other.parts() {
            let own = self.parts().iter().any(|(k, _)| k == key);
            if whole && !own {
                continue;
            }
            let into = self.part_mut(*key);
            match own || !into.is_blank() {
                true => into.join_within(part, depth + 1),
                false => *into = part.clone(),
            }
        }
    }

    /// The part under a key, made when it is not there.
    pub fn part_mut(&mut self, key: Key) -> &mut Value {
        let before = match self.parts().iter().any(|(k, _)| *k == key) {
            true => None,
            false => Some(self.derived(key)),
        };
        let parts = Arc::make_mut(self.parts.get_or_insert_with(Arc::default));
        if let Some(before) = before {
            if parts.len() >= MAX_PARTS {
                // too many: the last stands for the rest
                let last = parts.len() - 1;
                return &mut parts[last].1;
            }
            parts.push((key, before));
        }
        let at = parts.iter().position(|(k, _)| *k == key).unwrap_or(parts.len() - 1);
        &mut parts[at].1
    }

    /// Puts a part in its place.
    pub fn put(&mut self, key: Key, value: Value) {
        if key == Key::Any {
            // which one is not known: the whole holds its data
            value.flat().taints.into_iter().for_each(|t| self.add(t));
            return;
        }
        *self.part_mut(key) = value;
    }

    /// Takes the place `at` out of a list.
    pub fn remove(&mut self, at: u32) {
        let Some(parts) = &mut self.parts else { return };
        let parts = Arc::make_mut(parts);
        parts.retain(|(key, _)| *key != Key::Index(at));
        for (key, _) in parts {
            if let Key::Index(index) = key
                && *index > at
            {
                *index -= 1;
            }
        }
    }

    /// What a part holds when only the whole is known. The parts of a request are asked elsewhere.
    fn derived(&self, key: Key) -> Value {
        let mut value = Value::default();
        for taint in &self.taints {
            let from = match taint.from {
                From::Param(param, path) => From::Param(param, path.then(key)),
                From::Outside(source) => From::Outside(source.part(key)),
                From::Request(_) => continue,
            };
            value.add(Taint { from, ..taint.clone() });
        }
        value
    }

    /// The part under a key.
    pub fn part(&self, key: Key) -> Value {
        if key == Key::Any {
            return self.element();
        }
        match self.parts().iter().find(|(k, _)| *k == key) {
            Some((_, part)) => part.clone(),
            None => {
                let mut value = self.derived(key);
                if let Some((_, any)) = self.parts().iter().find(|(k, _)| *k == Key::Any) {
                    value.join(any);
                }
                value
            }
        }
    }

    /// Any one part.
    pub fn element(&self) -> Value {
        if let [(Key::Any, item)] = self.parts() {
            return item.clone();
        }
        let mut value = self.derived(Key::Any);
        for (_, part) in self.parts() {
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
            self.parts().iter().for_each(|(_, part)| part.gather(all, depth + 1));
        }
    }

    /// Whether any data may come from elsewhere.
    pub fn is_tainted(&self) -> bool {
        !self.taints.is_empty() || self.parts().iter().any(|(_, p)| p.is_tainted())
    }

    /// Whether it may hold data that is known to come from outside, or the request.
    pub fn is_from_outside(&self) -> bool {
        self.taints.iter().any(|t| !matches!(t.from, From::Param(..)))
            || self.parts().iter().any(|(_, p)| p.is_from_outside())
    }

    /// What is outside data in it, each part in its place.
    pub fn kept_from_outside(&self, depth: u32) -> Value {
        let mut kept = Value::default();
        let whole = if depth < MAX_DEPTH { self.taints.clone() } else { self.flat().taints };
        whole.into_iter().filter(|t| !matches!(t.from, From::Param(..))).for_each(|t| kept.add(t));
        if depth < MAX_DEPTH {
            for (key, part) in self.parts() {
                let part = part.kept_from_outside(depth + 1);
                if part.is_from_outside() {
                    *kept.part_mut(*key) = part;
                }
            }
        }
        kept
    }

    /// Without what the kinds can do.
    #[must_use]
    pub fn cleared(mut self, kinds: Kinds) -> Value {
        if kinds == Kinds::NONE {
            return self;
        }
        for taint in &mut self.taints {
            taint.cleared = taint.cleared.with(kinds);
        }
        self.taints.retain(|t| !t.cleared.is_all());
        if let Some(parts) = &mut self.parts {
            for (_, part) in Arc::make_mut(parts) {
                *part = std::mem::take(part).cleared(kinds);
            }
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

    /// Puts what a caller gives in the place of parameters. `give` gives the part of a parameter.
    pub fn put_in(&self, give: &dyn Fn(u8, Path) -> Value, call: Step, depth: u32) -> Value {
        let mut value = Value { constant: self.constant, ..Value::default() };
        for taint in &self.taints {
            match taint.from {
                From::Outside(_) | From::Request(_) => {
                    value.add(Taint { way: taint.way.then(call), ..taint.clone() });
                }
                From::Param(param, path) => {
                    let given = give(param, path);
                    // what is given back whole keeps its parts
                    if given.parts.is_some() && taint.cleared == Kinds::NONE && value.parts.is_none() {
                        value.parts.clone_from(&given.parts);
                    }
                    if self.taints.len() == 1 && self.parts.is_none() && taint.cleared == Kinds::NONE {
                        value.constant = given.constant;
                    }
                    for given in &given.taints {
                        let way = given.way.followed_by(&taint.way).then(call);
                        value.add(Taint { from: given.from, cleared: given.cleared.with(taint.cleared), way });
                    }
                    if taint.cleared != Kinds::NONE {
                        for given in given.flat().taints {
                            let way = given.way.followed_by(&taint.way).then(call);
                            value.add(Taint { from: given.from, cleared: given.cleared.with(taint.cleared), way });
                        }
                    }
                }
            }
        }
        if depth < MAX_DEPTH {
            for (key, part) in self.parts() {
                let part = part.put_in(give, call, depth + 1);
                *value.part_mut(*key) = part;
            }
        }
        value
    }

    /// What decides whether two summaries say the same.
    pub fn shape(&self, into: &mut Vec<(From, Kinds)>, depth: u32) {
        into.extend(self.taints.iter().map(|t| (t.from, t.cleared)));
        if depth < MAX_DEPTH {
            for (key, part) in self.parts() {
                into.push((From::Param(THIS, Path::default().then(*key)), Kinds::NONE));
                part.shape(into, depth + 1);
            }
        }
    }
}

pub fn joined(mut a: Value, b: &Value) -> Value {
    a.join(b);
    a
}
