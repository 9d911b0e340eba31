//! A file's tree: the arenas and what is looked up in them.

use base::{FileId, Language, Span, Symbol};

use crate::*;

/// A byte range within the module's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Range {
    /// Whether another range lies within this one.
    #[must_use]
    pub fn contains(self, inner: Range) -> bool {
        self.start <= inner.start && inner.end <= self.end
    }

    /// Its length in bytes.
    #[must_use]
    pub fn width(self) -> u32 {
        self.end - self.start
    }
}

impl From<Span> for Range {
    fn from(span: Span) -> Range {
        Range { start: span.start, end: span.end }
    }
}

/// One file, lowered.
#[derive(Clone, Debug)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// Its language.
    pub language: Language,
    /// The declared package, namespace or module: Go `package x`, Java `package a.b`, the C# namespace
    /// of the file when it has exactly one (each class also has its own, see [`Class::namespace`]).
    pub package: Option<Symbol>,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Class-like things in order of their start, nested ones included.
    pub classes: Vec<Class>,
    /// Functions in order of creation, nested ones, lambdas and blocks included.
    pub functions: Vec<Function>,
    /// Statements outside any function or class.
    pub body: Block,
    /// Annotations of the file itself: Rust `#![…]`, C# `[assembly: …]`.
    pub annotations: Vec<ExprId>,
    /// Comments, by position. Text is read from the source.
    pub comments: Vec<Range>,
    pub(crate) exprs: Vec<Expr>,
    /// The first and the last start of each block of expressions, so that most are not looked at when some
    /// are looked for by their place. Blocks that have none here may hold anything.
    pub(crate) starts: Vec<(u32, u32)>,
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) types: Vec<Type>,
}

impl Module {
    /// The expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The statement.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }

    /// The type.
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The function.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The class.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0 as usize]
    }

    /// The import.
    pub fn import(&self, id: ImportId) -> &Import {
        &self.imports[id.0 as usize]
    }

    /// All expressions with their ids.
    pub fn exprs(&self) -> impl ExactSizeIterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(i, e)| (ExprId(i as u32), e))
    }

    /// All statements, in order of creation.
    pub fn stmts(&self) -> impl ExactSizeIterator<Item = &Stmt> {
        self.stmts.iter()
    }

    /// All functions with their ids.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = (FunctionId, &Function)> {
        self.functions.iter().enumerate().map(|(i, f)| (FunctionId(i as u32), f))
    }

    /// All classes with their ids.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = (ClassId, &Class)> {
        self.classes.iter().enumerate().map(|(i, c)| (ClassId(i as u32), c))
    }

    /// A range of this file as a span.
    pub fn span(&self, range: Range) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    /// The span of an expression.
    pub fn expr_span(&self, id: ExprId) -> Span {
        self.span(self.expr(id).range)
    }

    /// The string of a string literal, or of a template without holes.
    pub fn string(&self, id: ExprId) -> Option<Symbol> {
        match &self.expr(id).kind {
            ExprKind::Literal(Literal::Str(text)) => Some(*text),
            ExprKind::Template(parts) => match parts.as_slice() {
                [] => Some(Symbol::new("")),
                [Part::Text(text)] => Some(*text),
                _ => None,
            },
            _ => None,
        }
    }
}
