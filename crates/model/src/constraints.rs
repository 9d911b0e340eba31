//! Constraints of values, declared by annotations.

use ir::ExprKind;
use program::{ClassRef, Evaluator, ExprRef, ModuleId, Value};

use crate::adapters::Context;
use crate::facts::Kind;

/// Annotations that let a parameter or field through only in a fixed form: those of validation libraries, and
/// constraints of the repository's own.
pub(crate) fn of_module(context: &Context<'_>, id: ModuleId, evaluator: &mut Evaluator<'_>) -> Vec<ExprRef> {
    let mut found = Vec::new();
    let module = context.program.module(id);
    if module.language != base::Language::Java && !module.language.is_ecmascript() {
        return found;
    }
    let of_params = module.functions().flat_map(|(_, f)| f.params.iter().flat_map(|p| p.annotations.iter()));
    let of_fields = module.classes().flat_map(|(_, c)| c.fields.iter().flat_map(|f| f.annotations.iter()));
    for annotation in of_params.chain(of_fields) {
        let ExprKind::Call { callee, .. } = &module.expr(*annotation).kind else { continue };
        let is_constraint = |class: ClassRef| {
            let module = context.program.module(class.module);
            context.program.class(class).annotations.iter().any(|a| match &module.expr(*a).kind {
                ExprKind::Call { callee, .. } => module.dotted(*callee).is_some_and(|n| n.ends_with("Constraint")),
                _ => false,
            })
        };
        let checks = evaluator.eval(*callee).into_iter().any(|value| match value {
            Value::Class(class) => is_constraint(class),
            Value::External(name) => context.facts.of(module.language, name).any(|id| {
                let record = context.facts.record(id);
                record.kind == Kind::Validator && !record.clears.is_empty()
            }),
            _ => false,
        });
        if checks {
            found.push(ExprRef { module: id, expr: *annotation });
        }
    }
    found
}
