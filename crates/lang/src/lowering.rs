//! What all front ends share: text of nodes, ranges, depth, gaps, comments.

use base::{FileId, Gap, GapKind, Language, Span, Symbol};
use ir::{Builder, ClassId, ExprId, ExprKind, FunctionId, Range};
use smallvec::SmallVec;

use crate::tree::{Node, Tree};

/// How deep expressions and statements may nest before the rest is left out, as a gap.
pub const MAX_DEPTH: u32 = 400;

/// The state of lowering one file.
pub struct Lowering<'t> {
    /// The module being made.
    pub ir: Builder,
    /// The text of the file.
    pub text: &'t str,
    /// The function being lowered.
    pub function: Option<FunctionId>,
    /// The class being lowered.
    pub class: Option<ClassId>,
    /// Ruby: the local variables in sight; any other lone name is a call.
    pub locals: Vec<Symbol>,
    /// Rust: the inline modules around.
    pub namespaces: Vec<Symbol>,
    /// Ruby: where each heredoc is opened, with its body, by position.
    heredocs: Vec<(usize, Option<Node<'t>>)>,
    depth: u32,
    gaps: Vec<Gap>,
    nodes: usize,
    nodes_unknown: usize,
}

/// The byte range of a node.
pub fn range(node: Node<'_>) -> Range {
    Range { start: node.start_byte() as u32, end: node.end_byte() as u32 }
}

/// A few nodes: most have few children.
pub type Nodes<'t> = SmallVec<[Node<'t>; 8]>;

/// The named children of a node without comments, in order.
pub fn named_children<'t>(node: Node<'t>) -> Nodes<'t> {
    node.children().filter(|n| n.is_named() && !n.is_extra()).collect()
}

/// The alternatives of a pattern, `a | b | c`, which grammars nest.
pub fn alternatives(node: Node<'_>) -> Vec<Node<'_>> {
    let mut out = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match node.kind() {
            "or_pattern" => open.extend(named_children(node).into_iter().rev()),
            _ => out.push(node),
        }
    }
    out
}

/// All children of a node, anonymous ones too.
pub fn children<'t>(node: Node<'t>) -> Nodes<'t> {
    node.children().collect()
}

/// The children in a field.
pub fn field_children<'t>(node: Node<'t>, field: &str) -> Nodes<'t> {
    node.children().filter(|n| n.is_field(field) && n.is_named() && !n.is_extra()).collect()
}

/// Whether a node has an anonymous child such as the keyword `async`.
pub fn has_token(node: Node<'_>, token: &str) -> bool {
    node.children().any(|n| !n.is_named() && n.kind() == token)
}

impl<'t> Lowering<'t> {
    /// Nothing lowered yet.
    pub fn new(file: FileId, language: Language, text: &'t str) -> Self {
        Self {
            ir: Builder::new(file, language),
            text,
            function: None,
            class: None,
            locals: Vec::new(),
            namespaces: Vec::new(),
            heredocs: Vec::new(),
            depth: 0,
            gaps: Vec::new(),
            nodes: 0,
            nodes_unknown: 0,
        }
    }

    /// One pass over the syntax tree: counts named nodes, keeps comments, notes where the parser
    /// recovered from an error.
    pub fn survey(&mut self, tree: &'t Tree) {
        let is_ruby = self.ir.module.language == Language::Ruby;
        // bodies follow in the order of their beginnings
        let mut bodies = 0;
        for node in tree.nodes() {
            if is_ruby && node.kind() == "heredoc_beginning" {
                self.heredocs.push((node.start_byte(), None));
            } else if is_ruby
                && node.kind() == "heredoc_body"
                && let Some(open) = self.heredocs.get_mut(bodies)
            {
                open.1 = Some(node);
                bodies += 1;
            }
            if node.is_named() {
                self.nodes += 1;
                if node.is_extra() && node.kind().ends_with("comment") {
                    self.ir.module.comments.push(range(node));
                }
            }
            // the `!` that TypeScript's grammar misses in `f<T>`…`` is not missing
            let is_typed_tag = node.is_missing() && node.kind() == "!" && self.ir.module.language.is_ecmascript();
            if (node.is_error() || node.is_missing()) && !is_typed_tag {
                self.nodes_unknown += 1;
                self.gap(GapKind::Syntax, if node.is_missing() { "missing" } else { "error" }, range(node));
            }
        }
        self.ir.reserve(self.nodes);
    }

    /// The inline modules around, dotted.
    pub fn namespace(&self) -> Option<Symbol> {
        let joined = self.namespaces.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(".");
        (!joined.is_empty()).then(|| Symbol::new(&joined))
    }

    /// Lowers a node of another tree, whose text is a part of this file with `shift` as the distance
    /// between their places, into this module. What it adds gets its place in this file.
    pub fn lower_part(
        &mut self,
        text: &str,
        shift: i64,
        node: Node<'_>,
        lower: for<'n> fn(&mut Lowering<'n>, Node<'n>) -> ExprId,
    ) -> ExprId {
        let file = self.ir.module.file;
        let empty = Builder::new(file, self.ir.module.language);
        let mut part = Lowering {
            ir: std::mem::replace(&mut self.ir, empty),
            text,
            function: self.function,
            class: self.class,
            locals: Vec::new(),
            namespaces: self.namespaces.clone(),
            heredocs: Vec::new(),
            depth: self.depth,
            gaps: Vec::new(),
            nodes: 0,
            nodes_unknown: 0,
        };
        let mark = part.ir.mark();
        let id = lower(&mut part, node);
        part.ir.shift(mark, shift, self.text.len() as u32);
        self.nodes_unknown += part.nodes_unknown;
        self.gaps.extend(part.gaps.into_iter().map(|mut gap| {
            gap.span = gap.span.map(|s| {
                let move_by = |at: u32| (i64::from(at) + shift).clamp(0, self.text.len() as i64) as u32;
                Span::new(file, move_by(s.start), move_by(s.end))
            });
            gap
        }));
        self.ir = part.ir;
        id
    }

    /// The body of the heredoc that a node opens.
    pub fn heredocs(&self, opening: Node<'_>) -> Option<Node<'t>> {
        let at = self.heredocs.binary_search_by_key(&opening.start_byte(), |(at, _)| *at).ok()?;
        self.heredocs[at].1
    }

    /// The text of a node.
    pub fn str(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.start_byte()..node.end_byte()).unwrap_or("")
    }

    /// The text of a node, interned.
    pub fn symbol(&self, node: Node<'_>) -> Symbol {
        Symbol::new(self.str(node))
    }

    /// Notes something that was not understood.
    pub fn gap(&mut self, kind: GapKind, what: &str, at: Range) {
        let span = Span::new(self.ir.module.file, at.start, at.end);
        self.gaps.push(Gap { kind, what: what.to_owned(), span: Some(span), path: None });
    }

    /// An expression that the front end has no case for: a gap by the node's kind, with what could be
    /// read below. `lower` lowers a child.
    pub fn unknown(&mut self, node: Node<'t>, lower: fn(&mut Self, Node<'t>) -> ExprId) -> ExprId {
        self.not_understood(node);
        let parts = named_children(node).into_iter().map(|child| lower(self, child)).collect();
        self.ir.expr(ExprKind::Unknown(parts), range(node))
    }

    /// Counts a node that the front end has no case for. Parse errors are counted by [`Self::survey`].
    pub fn not_understood(&mut self, node: Node<'_>) {
        if !node.is_error() && !node.is_missing() {
            self.nodes_unknown += 1;
            self.gap(GapKind::Construct, node.kind(), range(node));
        }
    }

    /// Counts what stands in a macro and is no expression, statement or map.
    pub fn tokens_not_understood(&mut self, at: Range) {
        self.nodes_unknown += 1;
        self.gap(GapKind::Construct, "tokens of a macro", at);
    }

    /// Goes one level deeper, or notes that it is too deep and gives an empty unknown. Every
    /// recursive lowering of an expression, statement, type or pattern goes through here.
    pub fn deeper(&mut self, node: Node<'t>, lower: fn(&mut Self, Node<'t>) -> ExprId) -> ExprId {
        match self.enter(node) {
            true => {
                let id = lower(self, node);
                self.leave();
                id
            }
            false => self.ir.expr(ExprKind::Unknown(Vec::new()), range(node)),
        }
    }

    /// Enters a nested construct; `false` when it is too deep (then do not go in and do not call
    /// [`Self::leave`]).
    pub fn enter(&mut self, node: Node<'_>) -> bool {
        if self.depth >= MAX_DEPTH {
            self.gap(GapKind::TooDeep, node.kind(), range(node));
            return false;
        }
        self.depth += 1;
        true
    }

    /// Leaves a nested construct.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The module, the gaps, the number of nodes and of those not understood.
    pub fn finish(mut self) -> (ir::Module, Vec<Gap>, usize, usize) {
        self.ir.end();
        (self.ir.module, self.gaps, self.nodes, self.nodes_unknown)
    }
}
