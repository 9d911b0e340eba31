//! Words for people, with the strings that came from outside kept apart from ours.

use serde::{Deserialize, Serialize};

/// One piece of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// Prose. Formats escape it.
    Plain(String),
    /// Code within a line: often a name from the reviewed project. Formats quote it.
    Code(String),
    /// Lines of code on their own, with the tag of their language (empty when there is none).
    Block {
        /// A Markdown fence tag such as `python`.
        language: String,
        /// The code.
        code: String,
    },
}

/// A message in pieces, so that each output format can make outside strings safe in its own way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text(pub Vec<Piece>);

impl Text {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Prose with `inline code` between backticks; each `{}` takes the next of `args`.
    /// The template is ours, the arguments may come from anywhere: they never open or close a piece.
    pub fn say(template: &str, args: &[&str]) -> Self {
        let mut args = args.iter();
        let mut text = Self::new();
        for (at, part) in template.split('`').enumerate() {
            let mut filled = String::new();
            let mut rest = part;
            while let Some((before, after)) = rest.split_once("{}") {
                filled.push_str(before);
                filled.push_str(args.next().unwrap_or(&""));
                rest = after;
            }
            filled.push_str(rest);
            if !filled.is_empty() {
                text.0.push(if at % 2 == 0 { Piece::Plain(filled) } else { Piece::Code(filled) });
            }
        }
        text
    }

    /// Adds prose made as in [`Text::say`].
    pub fn and(mut self, template: &str, args: &[&str]) -> Self {
        self.0.extend(Self::say(template, args).0);
        self
    }

    /// Adds a block of code.
    pub fn block(mut self, language: &str, code: impl Into<String>) -> Self {
        self.0.push(Piece::Block { language: language.into(), code: code.into() });
        self
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without markup, for formats that have none and for identities.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Plain(s) | Piece::Code(s) => out.push_str(s),
                Piece::Block { code, .. } => {
                    out.push('\n');
                    out.push_str(code);
                    out.push('\n');
                }
            }
        }
        out
    }
}

impl From<&str> for Text {
    fn from(template: &str) -> Self {
        Self::say(template, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_cannot_leave_its_piece() {
        let text = Text::say("Route `{}` is open.", &["GET /`x`{}"]);
        assert_eq!(
            text.0,
            vec![Piece::Plain("Route ".into()), Piece::Code("GET /`x`{}".into()), Piece::Plain(" is open.".into())]
        );
    }
}
