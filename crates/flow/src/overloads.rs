//! Which of several functions of one name a call means, where the language decides by parameters.

use base::Language;
use ir::{ExprId, ExprKind, Literal, Module, Param, ParamKind, TypeId, TypeKind};
use program::{Binding, ExprRef, FnId};
use smallvec::SmallVec;

use crate::interpret::Run;

impl Run<'_> {
    /// Those of the functions that take these arguments; all where that cannot be told.
    pub fn taking(&self, functions: &[FnId], args: &[ir::Arg]) -> SmallVec<[FnId; 1]> {
        let all = || functions.iter().copied().collect();
        let by_parameters = matches!(self.module.language, Language::Java | Language::CSharp);
        if functions.len() < 2 || !by_parameters || args.iter().any(|a| a.name.is_some()) {
            return all();
        }
        let params = |function: FnId| -> SmallVec<[&Param; 6]> {
            self.program.function(function).params.iter().filter(|p| p.kind != ParamKind::Receiver).collect()
        };
        let mut left: SmallVec<[FnId; 1]> = functions
            .iter()
            .copied()
            .filter(|function| {
                let params = params(*function);
                let has_rest = params.last().is_some_and(|p| p.kind == ParamKind::Rest);
                let needed = params.iter().filter(|p| p.default.is_none() && p.kind != ParamKind::Rest).count();
                args.len() >= needed && (has_rest || args.len() <= params.len())
            })
            .collect();
        if left.is_empty() {
            return all();
        }
        for (at, arg) in args.iter().enumerate() {
            let Some(given) = self.written_type(arg.value) else { continue };
            let takes = |function: &FnId| {
                let param = params(*function).get(at).and_then(|p| p.ty);
                param.is_some_and(|ty| is_named(self.program.module(function.module), ty, &given))
            };
            if left.iter().any(takes) {
                left.retain(|f| takes(f));
            }
        }
        left
    }

    /// The last name of an expression's type, where it is written.
    fn written_type(&self, expr: ExprId) -> Option<String> {
        match &self.module.expr(expr).kind {
            ExprKind::Literal(Literal::Str(_)) | ExprKind::Template(_) => Some("String".to_owned()),
            ExprKind::Call { callee, kind: ir::CallKind::New, .. } => {
                let name = self.module.dotted(*callee)?;
                Some(name.rsplit('.').next().unwrap_or(&name).to_owned())
            }
            // `new Object[] {a, b}`
            ExprKind::List(_) => Some("[]".to_owned()),
            ExprKind::Cast { ty, .. } => name_of(self.module, *ty),
            ExprKind::Name(_) => self.declared_type(expr).and_then(|ty| name_of(self.module, ty)),
            ExprKind::Call { .. } => {
                let callee = self.program.call(ExprRef { module: self.id, expr })?;
                let mut types = callee.functions.iter().map(|f| {
                    let ty = self.program.function(*f).ret?;
                    name_of(self.program.module(f.module), ty)
                });
                let first = types.next()??;
                types.all(|ty| ty.as_ref() == Some(&first)).then_some(first)
            }
            _ => None,
        }
    }

    /// The type that a variable, a parameter or a field of the class around is declared with.
    pub fn declared_type(&self, expr: ExprId) -> Option<TypeId> {
        let ExprKind::Name(name) = &self.module.expr(expr).kind else { return None };
        let scopes = self.program.scopes(self.id);
        let owner = scopes.owner(expr);
        let mut function = owner.function;
        while let Some(id) = function {
            if let Some(bindings) = scopes.functions[id.0 as usize].get(name) {
                return bindings.iter().find_map(|binding| match binding {
                    Binding::Typed(ty) => Some(*ty),
                    Binding::Param(function, at, path) if path.is_empty() => {
                        self.module.function(*function).params.get(*at as usize)?.ty
                    }
                    _ => None,
                });
            }
            function = self.module.function(id).parent;
        }
        let class = self.module.class(owner.class?);
        class.fields.iter().find(|f| f.name == *name)?.ty
    }
}

fn name_of(module: &Module, ty: TypeId) -> Option<String> {
    match &module.ty(ty).kind {
        TypeKind::Named { path, .. } => Some(path.as_str().rsplit('.').next().unwrap_or("").to_owned()),
        TypeKind::Array(inner) => name_of(module, *inner).map(|name| format!("{name}[]")),
        TypeKind::Optional(inner) | TypeKind::Ref(inner) => name_of(module, *inner),
        _ => None,
    }
}

fn is_named(module: &Module, ty: TypeId, name: &str) -> bool {
    if name == "[]" {
        return matches!(module.ty(ty).kind, TypeKind::Array(_));
    }
    name_of(module, ty).is_some_and(|n| n.eq_ignore_ascii_case(name))
}
