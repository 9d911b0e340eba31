//! The syntax tree of one file as a flat list in preorder, made in one pass over tree-sitter's.
//!
//! Front ends ask a node for its kind and its children many times. tree-sitter answers each time by
//! walking packed subtrees with their hidden nodes; here an answer is a step in an array.

use std::{cell::RefCell, sync::OnceLock};

use base::Language;

/// What tree-sitter calls the part of a file that it could not parse.
const ERROR: u16 = u16::MAX;

/// The names of a grammar by their numbers.
struct Names {
    kinds: Vec<&'static str>,
    /// Whether a kind has a rule of its own; keywords and punctuation have none.
    named: Vec<bool>,
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
            named: kinds.clone().map(|k| grammar.node_kind_is_named(k)).collect(),
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

thread_local! {
    /// The list of the tree before, emptied: asking the system for as much again, file after file, takes time.
    static SPARE: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// The longest list that is kept.
const MAX_SPARE: usize = 1 << 18;

impl Drop for Tree {
    fn drop(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        if entries.capacity() <= MAX_SPARE {
            entries.clear();
            SPARE.set(entries);
        }
    }
}

/// The nodes of one file.
pub struct Tree {
    names: &'static Names,
    entries: Vec<Entry>,
}

impl Tree {
    /// All nodes of a parsed file, without recursion.
    pub fn new(language: Language, parsed: &tree_sitter::Tree) -> Self {
        let names = names(language);
        let mut entries = SPARE.take();
        entries.reserve(parsed.root_node().descendant_count());
        // the nodes above with how many of their children are still to come: a cursor that is not sent
        // where nothing is has half the work
        let mut open: Vec<(u32, u32)> = Vec::new();
        let mut cursor = parsed.walk();
        'all: loop {
            let node = cursor.node();
            let (start, end, kind) = (node.start_byte() as u32, node.end_byte() as u32, node.kind_id());
            let at = entries.len() as u32;
            entries.push(Entry {
                start,
                end,
                after: at + 1,
                kind,
                field: cursor.field_id().map_or(0, |f| f.get()),
                named: names.named.get(kind as usize).copied().unwrap_or(true),
                extra: node.is_extra(),
                missing: start == end && node.is_missing(),
            });
            let children = node.child_count();
            if children > 0 && cursor.goto_first_child() {
                open.push((at, children - 1));
                continue;
            }
            loop {
                match open.last_mut() {
                    None => break 'all,
                    Some((_, left)) if *left > 0 => {
                        *left -= 1;
                        if cursor.goto_next_sibling() {
                            break;
                        }
                    }
                    Some(_) => {}
                }
                if let Some((done, _)) = open.pop() {
                    entries[done as usize].after = entries.len() as u32;
                }
                cursor.goto_parent();
            }
        }
        Self { names, entries }
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
