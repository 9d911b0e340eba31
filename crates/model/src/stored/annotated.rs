//! Annotations of Java and attributes of C#, Rust: found by the last part of their names.

use ir::{Arg, ExprId, ExprKind, Module};
use program::{ExprRef, ModuleId};

use crate::Constant;
use crate::adapters::Context;

/// The annotations of a class, field or method.
#[derive(Clone, Copy)]
pub(super) struct Annotated<'c, 'p> {
    context: &'c Context<'p>,
    module: ModuleId,
    list: &'c [ExprId],
}

/// One annotation.
#[derive(Clone, Copy)]
pub(super) struct Annotation<'c, 'p> {
    context: &'c Context<'p>,
    module: ModuleId,
    /// The whole of it.
    pub expr: ExprId,
    args: &'p [Arg],
}

impl<'c, 'p> Annotated<'c, 'p> {
    pub fn new(context: &'c Context<'p>, module: ModuleId, list: &'c [ExprId]) -> Self {
        Self { context, module, list }
    }

    /// All of a name: `Column`, `ColumnAttribute`.
    pub fn all(self, name: &'static str) -> impl Iterator<Item = Annotation<'c, 'p>> {
        let (context, id) = (self.context, self.module);
        self.list.iter().filter_map(move |expr| annotation(context, id, *expr).filter(|a| a.is(name)))
    }

    /// The first of a name.
    pub fn get(self, name: &'static str) -> Option<Annotation<'c, 'p>> {
        self.all(name).next()
    }

    pub fn has(self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// Whether one of these is there.
    pub fn has_any(self, names: &[&'static str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

/// An expression as an annotation.
pub(super) fn annotation<'c, 'p>(
    context: &'c Context<'p>,
    module: ModuleId,
    expr: ExprId,
) -> Option<Annotation<'c, 'p>> {
    match &context.program.module(module).expr(expr).kind {
        ExprKind::Call { args, .. } => Some(Annotation { context, module, expr, args }),
        _ => None,
    }
}

impl<'c, 'p> Annotation<'c, 'p> {
    fn item(self) -> &'p Module {
        self.context.program.module(self.module)
    }

    fn is(self, name: &str) -> bool {
        let ExprKind::Call { callee, .. } = &self.item().expr(self.expr).kind else { return false };
        match &self.item().expr(*callee).kind {
            ExprKind::Name(n) | ExprKind::Member { name: n, .. } => {
                n.as_str() == name || n.as_str().strip_suffix("Attribute") == Some(name)
            }
            _ => false,
        }
    }

    /// What is given under a name; `""` is what has none (`@Table("users")`).
    pub fn arg(self, name: &str) -> Option<ExprId> {
        let is = |a: &&Arg| a.name.map_or(name.is_empty(), |n| n.as_str() == name);
        self.args.iter().find(is).map(|a| a.value)
    }

    /// What is given without names, in order.
    pub fn plain(self) -> impl Iterator<Item = ExprId> {
        self.args.iter().filter(|a| a.name.is_none()).map(|a| a.value)
    }

    pub fn constant(self, expr: ExprId) -> Option<Constant> {
        self.context.constant(ExprRef { module: self.module, expr })
    }

    /// A text that is not empty.
    pub fn text(self, name: &str) -> Option<String> {
        match self.constant(self.arg(name)?)? {
            Constant::Str(text) if !text.as_str().is_empty() => Some(text.to_string()),
            _ => None,
        }
    }

    pub fn bool(self, name: &str) -> Option<bool> {
        match self.constant(self.arg(name)?)? {
            Constant::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn int(self, name: &str) -> Option<i64> {
        match self.constant(self.arg(name)?)? {
            Constant::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The last part of a name given: `CascadeType.ALL`, `EnumType.STRING`.
    pub fn word(self, name: &str) -> Option<&'static str> {
        match &self.item().expr(self.arg(name)?).kind {
            ExprKind::Name(n) | ExprKind::Member { name: n, .. } => Some(n.as_str()),
            _ => None,
        }
    }

    /// A text or a list of texts.
    pub fn texts(self, name: &str) -> Vec<String> {
        self.items(name)
            .into_iter()
            .filter_map(|e| match self.constant(e)? {
                Constant::Str(text) => Some(text.to_string()),
                _ => None,
            })
            .collect()
    }

    /// A value or the values of a list: `{…}`, `[…]`.
    pub fn items(self, name: &str) -> Vec<ExprId> {
        let Some(expr) = self.arg(name) else { return Vec::new() };
        match &self.item().expr(expr).kind {
            ExprKind::List(items) => items.clone(),
            _ => vec![expr],
        }
    }

    /// The annotations in a list: `indexes = { @Index(…) }`.
    pub fn inner(self, name: &str) -> Vec<Annotation<'c, 'p>> {
        let (context, module) = (self.context, self.module);
        self.items(name).into_iter().filter_map(|e| annotation(context, module, e)).collect()
    }

    /// Where it is.
    pub fn range(self) -> ir::Range {
        self.item().expr(self.expr).range
    }
}
