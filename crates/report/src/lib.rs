//! A review in words: one file per format.
//!
//! [`render`] turns a [`base::Review`] into the text of one [`Format`]. It is a pure function: it reads
//! no file, no clock, no environment, and prints nothing; the same review gives the same bytes.
//!
//! What it must never do:
//! - let a string from outside (source text, a path, a name) act on the reader's terminal, page or CI log:
//!   every such string goes through [`safe`];
//! - show source text other than through [`base::SourceMap::shown_line`], which masks secrets: see [`excerpt`];
//! - show anything unexamined as fine.
//!
//! The headings and field names are the specification's, word for word; they are in [`words`], and every
//! format takes them from there. Begin reading at [`terminal`], the format that people see first, then
//! [`markdown`]; [`json`] and [`sarif`] are for machines and are written through [`ordered`], so that their
//! keys keep one order.

pub mod excerpt;
pub mod json;
pub mod linehash;
pub mod markdown;
pub mod ordered;
pub mod safe;
pub mod sarif;
pub mod terminal;
pub mod words;

use base::{Review, SourceMap};

pub use json::json_schema;

/// The formats of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// For a person at a terminal.
    Terminal,
    /// For a pull request's comment or a file.
    Markdown,
    /// All data, versioned: `specialist-review/v1`.
    Json,
    /// SARIF 2.1.0, as code scanning services read it.
    Sarif,
}

impl Format {
    /// Every format, in a fixed order.
    pub const ALL: [Format; 4] = [Format::Terminal, Format::Markdown, Format::Json, Format::Sarif];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Terminal => "terminal",
            Format::Markdown => "markdown",
            Format::Json => "json",
            Format::Sarif => "sarif",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(pub String);

impl std::fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = Format::ALL.iter().map(|f| f.name()).collect();
        write!(f, "unknown format `{}`; known formats: {}", safe::line(&self.0), names.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Format::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// How to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Colours in the terminal format. The caller knows about `NO_COLOR` and terminals.
    pub color: bool,
    /// Columns of the terminal; prose is wrapped to it.
    pub width: usize,
    /// Show lines of source text. They are masked either way.
    pub show_excerpts: bool,
    /// Show every place and every kind of gap instead of the first few.
    pub verbose: bool,
    /// Markdown: at most this many characters; whole findings are cut, and the text says how many.
    pub max_chars: Option<usize>,
}

impl Options {
    /// What a comment on GitHub may hold.
    pub const COMMENT_CHARS: usize = 65_536;
}

impl Default for Options {
    fn default() -> Self {
        Self { color: false, width: 100, show_excerpts: true, verbose: false, max_chars: None }
    }
}

/// The review in one format, ending in a newline.
pub fn render(format: Format, review: &Review, sources: &SourceMap, options: &Options) -> String {
    match format {
        Format::Terminal => terminal::render(review, sources, options),
        Format::Markdown => markdown::render(review, sources, options),
        Format::Json => json::render(review, sources),
        Format::Sarif => sarif::render(review, sources),
    }
}
