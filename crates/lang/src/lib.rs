//! Front ends: source text to the small tree of `ir`, by tree-sitter.
//!
//! The only crate that sees a grammar. Lowering never fails: it yields a module and its gaps. It does
//! no I/O, knows no library and no framework, and resolves no name.
//!
//! One folder per language; begin reading at [`lower`], then [`lowering::Lowering`] (what all front
//! ends share), then `python/`.

mod lowering;
mod text;
mod tree;

mod csharp;
mod ecmascript;
mod go;
mod java;
mod python;
mod ruby;
mod rust;

use std::{
    cell::RefCell,
    ops::ControlFlow,
    sync::OnceLock,
    time::{Duration, Instant},
};

use base::{FileId, Gap, GapKind, Language};
use lowering::Lowering;
use tree::Tree;

/// What a file became.
#[derive(Debug)]
pub struct Lowered {
    /// The tree.
    pub module: ir::Module,
    /// What was not understood.
    pub gaps: Vec<Gap>,
    /// Named syntax nodes in the file.
    pub nodes: usize,
    /// Named syntax nodes that were not understood (each stands in `gaps` by kind).
    pub nodes_unknown: usize,
    /// Time tree-sitter took.
    pub parse: Duration,
    /// Time lowering took.
    pub lower: Duration,
}

/// Parses with tree-sitter alone: the floor that benchmarks compare with.
pub fn parse(language: Language, text: &str) -> Option<tree_sitter::Tree> {
    parse_within(language, text, Duration::MAX)
}

/// Longest time that one file may take to parse. A megabyte takes well under a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most words and signs of one file that are read: each costs the parser a node or more. The densest megabyte
/// that people write has about 220,000 of them; tables of numbers have a million.
const MAX_TOKENS: usize = 400_000;

/// Where the text ends that is read: behind [`MAX_TOKENS`] words and signs.
fn end_of_read(text: &str) -> usize {
    if text.len() <= MAX_TOKENS {
        return text.len();
    }
    let (mut tokens, mut in_word) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        let begins = is_word && !in_word || byte.is_ascii_punctuation() && !is_word;
        if begins && tokens == MAX_TOKENS {
            return at;
        }
        tokens += usize::from(begins);
        in_word = is_word;
    }
    text.len()
}

fn parse_within(language: Language, text: &str, patience: Duration) -> Option<tree_sitter::Tree> {
    thread_local! {
        /// Kept from file to file, for its buffers.
        static PARSER: RefCell<tree_sitter::Parser> = RefCell::new(tree_sitter::Parser::new());
    }
    let started = Instant::now();
    let mut watch = |_: &tree_sitter::ParseState| match started.elapsed() > patience {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let options = tree_sitter::ParseOptions::new().progress_callback(&mut watch);
    let bytes = text.as_bytes();
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(grammar(language)).ok()?;
        let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

fn grammar(language: Language) -> &'static tree_sitter::Language {
    static GRAMMARS: [OnceLock<tree_sitter::Language>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    GRAMMARS[language as usize].get_or_init(|| match language {
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::Go => tree_sitter_go::LANGUAGE.into(),
        Language::Java => tree_sitter_java::LANGUAGE.into(),
        Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        Language::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
        Language::Ruby => tree_sitter_ruby::LANGUAGE.into(),
    })
}

/// Lowers one file. Needs a stack of about 8 MiB: the depth of the tree is bounded, see
/// [`lowering::MAX_DEPTH`].
pub fn lower(file: FileId, language: Language, text: &str) -> Lowered {
    let started = Instant::now();
    let end = end_of_read(text);
    let (whole, text) = (text, &text[..end]);
    let parsed = parse_within(language, text, PATIENCE);
    let parse = started.elapsed();
    let started = Instant::now();
    let tree = parsed.map(|parsed| {
        let typed = (language == Language::JavaScript && parsed.root_node().has_error()).then(|| typed(text)).flatten();
        let tree = Tree::new(language, &parsed);
        // Flow's types are read as TypeScript's
        match typed {
            Some(typed) if typed.errors() < tree.errors() => typed,
            _ => tree,
        }
    });
    let mut lowering = Lowering::new(file, language, text);
    if end < whole.len() {
        let rest = ir::Range { start: end as u32, end: whole.len() as u32 };
        lowering.gap(GapKind::Bound, "a file with more than 400,000 words and signs is not read to its end", rest);
    }
    if let Some(tree) = &tree {
        lowering.survey(tree);
        let root = tree.root();
        match language {
            Language::JavaScript | Language::TypeScript | Language::Tsx => ecmascript::lower(&mut lowering, root),
            Language::Python => python::lower(&mut lowering, root),
            Language::Go => go::lower(&mut lowering, root),
            Language::Java => java::lower(&mut lowering, root),
            Language::Rust => rust::lower(&mut lowering, root),
            Language::CSharp => csharp::lower(&mut lowering, root),
            Language::Ruby => ruby::lower(&mut lowering, root),
        }
    }
    if tree.is_none() {
        lowering.gap(GapKind::Bound, "parsing took longer than 20 s", ir::Range { start: 0, end: 0 });
    }
    let (module, gaps, nodes, nodes_unknown) = lowering.finish();
    Lowered { module, gaps, nodes, nodes_unknown, parse, lower: started.elapsed() }
}

/// JavaScript read by the grammar that knows types.
fn typed(text: &str) -> Option<Tree> {
    let parsed = parse_within(Language::Tsx, text, PATIENCE)?;
    Some(Tree::new(Language::Tsx, &parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parse_without_patience_ends() {
        let text = "f(a, b, c);\n".repeat(50_000);
        assert!(parse_within(Language::JavaScript, &text, Duration::ZERO).is_none());
        assert!(parse_within(Language::JavaScript, "f();", PATIENCE).is_some());
    }
}
