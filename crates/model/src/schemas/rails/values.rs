//! What expressions of a migration stand for while it runs.

use super::tables::TableAt;

/// A value, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// It is known only when the program runs.
    Unknown,
    /// `nil`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number, as written.
    Float(String),
    /// A string or symbol.
    Str(String),
    /// SQL that a lambda gives: `-> { "now()" }`.
    Sql(String),
    /// A list.
    List(Vec<Value>),
    /// A hash.
    Map(Vec<(String, Value)>),
    /// The table that a block is given.
    Table(TableAt),
    /// What `reversible` gives to its block.
    Direction,
}

impl Value {
    /// A string or symbol.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether Ruby takes it for true; none where that is not known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Value::Unknown => None,
            Value::Null | Value::Bool(false) => Some(false),
            _ => Some(true),
        }
    }

    /// As it stands in a text.
    pub(super) fn shown(&self) -> Option<String> {
        Some(match self {
            Value::Str(text) | Value::Float(text) => text.clone(),
            Value::Int(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Null => String::new(),
            _ => return None,
        })
    }

    /// The strings of a list, or of one string: names of columns.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Value::Str(text) => Some(vec![text.clone()]),
            Value::List(items) => items.iter().map(|i| i.text().map(str::to_owned)).collect(),
            _ => None,
        }
    }
}

/// Options of a call, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Options(pub(super) Vec<(String, Value)>);

impl Options {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// A string or symbol.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Whether an option is true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).and_then(Value::truth) == Some(true)
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Int(n) => Some(*n),
            Value::Str(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What a hash as the value of an option says.
    pub(super) fn within(&self, name: &str) -> Options {
        match self.get(name) {
            Some(Value::Map(entries)) => Options(entries.clone()),
            _ => Options::default(),
        }
    }

    /// The same with one more.
    pub(super) fn with(mut self, name: &str, value: Value) -> Options {
        self.0.push((name.to_owned(), value));
        self
    }

    /// Only some of them.
    pub(super) fn only(&self, names: &[&str]) -> Options {
        Options(self.0.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect())
    }

    /// All but some of them.
    pub(super) fn without(&self, names: &[&str]) -> Options {
        Options(self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())).cloned().collect())
    }
}

/// A call, evaluated.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// Arguments by position.
    pub(super) values: Vec<Value>,
    /// Those with names.
    pub(super) options: Options,
}

impl Given {
    /// The string or symbol at a position.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        self.values.get(at)?.text()
    }
}
