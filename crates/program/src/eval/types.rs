//! What written types mean.

use base::{Language, Symbol};
use ir::{ClassId, ExprId, ExprKind, TypeId, TypeKind};

use super::{Evaluator, MAX_STEPS, push};
use crate::{Binding, Owner, Value, Values};

impl Evaluator<'_> {
    /// What a value of a written type is.
    pub fn type_values(&mut self, ty: TypeId, class: Option<ClassId>) -> Values {
        let module = self.module;
        let mut out = Values::new();
        if self.depth >= MAX_STEPS {
            return out;
        }
        self.depth += 1;
        match &module.ty(ty).kind {
            TypeKind::Named { path, args } => {
                let owner = Owner { function: None, class };
                for value in self.dotted(*path, owner) {
                    match value {
                        Value::Class(c) | Value::Instance(c) => push(&mut out, Value::Instance(c)),
                        Value::External(name) if self.library.is_transparent(name) && !args.is_empty() => {
                            for value in self.type_values(args[0], class) {
                                push(&mut out, value);
                            }
                        }
                        Value::External(name) => push(&mut out, Value::ExternalInstance(name)),
                        _ => {}
                    }
                }
            }
            TypeKind::Ref(inner) | TypeKind::Optional(inner) => out = self.type_values(*inner, class),
            TypeKind::Union(items) => {
                for item in items {
                    for value in self.type_values(*item, class) {
                        push(&mut out, value);
                    }
                }
            }
            _ => {}
        }
        self.depth -= 1;
        out
    }

    /// What a method gives that says it gives what it is called on (`-> Self`): `OrderStore.opened(session)` is an
    /// `OrderStore`, whichever class declares `opened`.
    pub(super) fn given_itself(&mut self, call: ExprId, called: &Value) -> Option<Values> {
        let Value::Function(function) = called else { return None };
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        let ExprKind::Member { object, .. } = self.module.expr(*callee).kind else { return None };
        let module = self.program.module(function.module);
        let TypeKind::Named { path, .. } = &module.ty(module.function(function.function).ret?).kind else {
            return None;
        };
        let last = path.as_str().rsplit('.').next().unwrap_or_default();
        let is_itself = match module.language {
            Language::Python => last == "Self",
            language => language.is_ecmascript() && last == "this",
        };
        if !is_itself {
            return None;
        }
        let mut out = Values::new();
        for value in self.eval(object) {
            if let Value::Class(class) | Value::Instance(class) = value {
                push(&mut out, Value::Instance(class));
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// A dotted name as written in a type.
    fn dotted(&mut self, path: Symbol, owner: Owner) -> Values {
        let text = path.as_str();
        let mut parts = text.split('.');
        let Some(first) = parts.next() else { return Values::new() };
        if first == "Self" && self.module.language == Language::Rust {
            return self.this(owner);
        }
        let mut values = self.type_name(Symbol::new(first), owner);
        for part in parts {
            values = self.members(&values, Symbol::new(part));
        }
        values
    }

    /// A type's name: like a name, but never a variable.
    fn type_name(&mut self, name: Symbol, owner: Owner) -> Values {
        let scopes = self.program.scopes(self.id);
        if let Some(bindings) = scopes.top.get(&name) {
            let types: Vec<Binding> = bindings
                .iter()
                .filter(|b| match b {
                    Binding::Class(_) | Binding::Import(_) => true,
                    // `Session = Annotated[AsyncSession, Depends(session)]`
                    Binding::Value(value, _) => annotated(self.module, *value).is_some(),
                    _ => false,
                })
                .cloned()
                .collect();
            let values = self.bindings(&types, Owner::default());
            if !values.is_empty() {
                return values;
            }
        }
        if matches!(self.module.language, Language::Java | Language::CSharp | Language::Ruby) {
            let own = self.program.namespace_of[self.id.0 as usize];
            if let Some(value) = self.enclosing_namespaces(name, owner, own) {
                return [value].into_iter().collect();
            }
        }
        self.name(name, Owner::default())
    }
}

/// The type in Python's `Annotated[Type, …]`.
pub(super) fn annotated(module: &ir::Module, expr: ExprId) -> Option<ExprId> {
    let ExprKind::Index { object, index } = &module.expr(expr).kind else { return None };
    let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*object).kind else { return None };
    let ExprKind::List(items) = &module.expr(*index).kind else { return None };
    items.first().copied().filter(|_| module.language == Language::Python && *name == "Annotated")
}
