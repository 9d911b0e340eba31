//! The syntax tree of one file as a flat list in preorder, made in one pass over tree-sitter's.
//!
//! Front ends ask a node for its kind and its children many times. tree-sitter answers each time by
//! walking packed subtrees with their hidden nodes; here an answer is a step in an array.

use std::sync::OnceLock;

use base::Language;

/// What tree-sitter calls the part of a file that it could not parse.
const ERROR: u16 = u16::MAX;

/// The names of a grammar by their numbers.
struct Names {
    kinds: Vec<&'static str>,
    fields: Vec<&'static str>,
}

/// The names of the grammar of `language`.
fn names(language: Language) -> &'static Names {
    static NAMES: [OnceLock<Names>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
    NAMES[language as usize].get_or_init(|| {
        let grammar = crate::grammar(language);
        let kinds = 0..grammar.node_kind_count() as u16;
        // number 0 is "no field"
        let fields = 0..=grammar.field_count() as u16;
        Names {
            kinds: kinds.map(|k| grammar.node_kind_for_id(k).unwrap_or("")).collect(),
            fields: fields.map(|f| grammar.field_name_for_id(f).unwrap_or("")).collect(),
        }
    })
}

struct Entry {
    start: u32,
    end: u32,
    /// Where the next node that is not below this one stands.
    after: u32,
    kind: u16,
    field: u16,
    named: bool,
    extra: bool,
    missing: bool,
}

/// The nodes of one file.
pub struct Tree {
    names: &'static Names,
    entries: Vec<Entry>,
}

impl Tree {
    /// All nodes of a parsed file, without recursion.
    pub fn new(language: Language, parsed: &tree_sitter::Tree) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(parsed.root_node().descendant_count());
        let mut open: Vec<usize> = Vec::new();
        let mut cursor = parsed.walk();
        'all: loop {
            let node = cursor.node();
            open.push(entries.len());
            entries.push(Entry {
                start: node.start_byte() as u32,
                end: node.end_byte() as u32,
                after: 0,
                kind: node.kind_id(),
                field: cursor.field_id().map_or(0, |f| f.get()),
                named: node.is_named(),
                extra: node.is_extra(),
                missing: node.is_missing(),
            });
            if cursor.goto_first_child() {
                continue;
            }
            loop {
                if let Some(done) = open.pop() {
                    entries[done].after = entries.len() as u32;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    break 'all;
                }
            }
        }
        Self { names: names(language), entries }
    }

    /// How many nodes the parser could not tell or made up.
    pub fn errors(&self) -> usize {
        self.nodes().filter(|n| n.is_error() || n.is_missing()).count()
    }

    /// The node that spans the file.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    /// All nodes in the order of their beginnings, each before what is below it.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.entries.len() as u32).map(|at| Node { tree: self, at })
    }
}

/// One node: a place in its tree.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    at: u32,
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        &self.tree.entries[self.at as usize]
    }

    /// Its kind, as the grammar calls it.
    pub fn kind(self) -> &'static str {
        self.tree.names.kinds.get(self.entry().kind as usize).copied().unwrap_or("ERROR")
    }

    /// Its number in the tree.
    pub fn id(self) -> u32 {
        self.at
    }

    /// Its first byte in the file.
    pub fn start_byte(self) -> usize {
        self.entry().start as usize
    }

    /// The byte after its last.
    pub fn end_byte(self) -> usize {
        self.entry().end as usize
    }

    /// Whether the grammar has a rule for it; keywords and punctuation have none.
    pub fn is_named(self) -> bool {
        self.entry().named
    }

    /// Whether it may stand anywhere, as comments do.
    pub fn is_extra(self) -> bool {
        self.entry().extra
    }

    /// Whether the parser made it up to go on.
    pub fn is_missing(self) -> bool {
        self.entry().missing
    }

    /// Whether the parser could not tell what it is.
    pub fn is_error(self) -> bool {
        self.entry().kind == ERROR
    }

    /// Its children in order, keywords and punctuation too.
    pub fn children(self) -> Children<'t> {
        Children { tree: self.tree, next: self.at + 1, end: self.entry().after }
    }

    /// Its first child in a field of the grammar.
    pub fn child_by_field_name(self, field: &str) -> Option<Node<'t>> {
        self.children().find(|c| c.is_field(field))
    }

    /// Whether it stands in this field of its parent.
    pub fn is_field(self, field: &str) -> bool {
        match self.entry().field {
            0 => false,
            id => self.tree.names.fields[id as usize] == field,
        }
    }
}

/// The children of a node.
#[derive(Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.next >= self.end {
            return None;
        }
        let child = Node { tree: self.tree, at: self.next };
        self.next = child.entry().after;
        Some(child)
    }
}
