//! Where handlers take the body of a request, and whether anything checks it.

use base::{Language, Span};
use ir::{ExprKind, Literal};
use program::{ClassRef, ExprRef, FnId, Value};

use crate::guards::words;
use crate::{Kind, Model, Place, Route};

/// How far below the handler a check still counts.
const DEPTH: usize = 3;

impl Model {
    /// Where a route takes its body, and whether a declaration checks it; `None` when it takes none, or when
    /// how it takes it is not known.
    pub fn body_of(&self, route: &Route, function: FnId) -> Option<(Span, bool)> {
        let module = self.program.module(function.module);
        match module.language {
            l if l.is_ecmascript() => self.raw_body(function).map(|span| (span, false)),
            Language::Go => self.bound_struct(function),
            Language::Java => {
                route.inputs.iter().find(|i| i.place == Place::Body)?;
                let item = module.function(function.function);
                let (param, annotation) = item.params.iter().find_map(|p| {
                    let named = |a: &ir::ExprId, wanted: &str| {
                        matches!(&module.expr(*a).kind, ExprKind::Call { callee, .. }
                        if module.dotted(*callee).is_some_and(|d| d.rsplit('.').next() == Some(wanted)))
                    };
                    let body = p.annotations.iter().find(|a| named(a, "RequestBody"))?;
                    let valid = p.annotations.iter().any(|a| named(a, "Valid") || named(a, "Validated"));
                    Some((p, (*body, valid)))
                })?;
                // constraints that are declared and never asked for, or a project that checks its other bodies
                let declared = param.ty.is_some_and(|t| self.has_constraints(function, t));
                let span = module.expr_span(annotation.0);
                (annotation.1 || declared).then_some((span, annotation.1))
            }
            _ => None,
        }
    }

    /// `req.body` in a handler or what it calls.
    fn raw_body(&self, function: FnId) -> Option<Span> {
        self.reachable(function, 1).into_iter().find_map(|f| {
            let module = self.program.module(f.module);
            let item = module.function(f.function);
            module.exprs_within(item.range).find_map(|(id, e)| {
                let ExprKind::Member { object, name, .. } = &e.kind else { return None };
                let ExprKind::Name(root) = module.expr(*object).kind else { return None };
                (*name == "body"
                    && item.params.iter().any(|p| p.name == root && matches!(root.as_str(), "req" | "request")))
                .then(|| module.expr_span(id))
            })
        })
    }

    /// Go: `c.ShouldBindJSON(&x)` with a struct that has no `binding` tags.
    fn bound_struct(&self, function: FnId) -> Option<(Span, bool)> {
        let context = self.context();
        self.reachable(function, 2).into_iter().find_map(|f| {
            let module = self.program.module(f.module);
            self.program.calls_in(f).iter().find_map(|call| {
                let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { return None };
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { return None };
                if !matches!(
                    name.as_str(),
                    "ShouldBindJSON" | "BindJSON" | "ShouldBind" | "Bind" | "ShouldBindBodyWith"
                ) {
                    return None;
                }
                let at = ExprRef { module: f.module, expr: args.first()?.value };
                let class = context.eval(at).into_iter().find_map(|v| match v {
                    Value::Instance(class) | Value::Class(class) => Some(class),
                    _ => None,
                })?;
                Some((module.expr_span(*call), self.has_tags(class, 0)))
            })
        })
    }

    fn has_tags(&self, class: ClassRef, depth: u32) -> bool {
        let module = self.program.module(class.module);
        let item = self.program.class(class);
        item.fields.iter().any(|f| {
            let tag = f.annotations.first().and_then(|t| module.string(*t));
            tag.is_some_and(|t| t.as_str().contains("binding:") || t.as_str().contains("validate:"))
                || depth < 3
                    && f.ty.is_some_and(|ty| {
                        self.context().evaluator(class.module).type_values(ty, None).iter().any(|v| match v {
                            Value::Instance(inner) | Value::Class(inner) if *inner != class => {
                                self.has_tags(*inner, depth + 1)
                            }
                            _ => false,
                        })
                    })
        }) || depth < 3
            && self
                .program
                .classes()
                .lineage(class)
                .into_iter()
                .any(|base| base != class && self.has_tags(base, depth + 1))
    }

    /// Java: whether the type of a body declares constraints on its fields.
    fn has_constraints(&self, function: FnId, ty: ir::TypeId) -> bool {
        const CONSTRAINTS: [&str; 16] = [
            "NotNull",
            "NotBlank",
            "NotEmpty",
            "Size",
            "Min",
            "Max",
            "Email",
            "Pattern",
            "Positive",
            "PositiveOrZero",
            "Past",
            "Future",
            "Length",
            "Range",
            "DecimalMin",
            "Digits",
        ];
        let values = self.context().evaluator(function.module).type_values(ty, None);
        values.iter().any(|value| {
            let (Value::Instance(class) | Value::Class(class)) = value else { return false };
            let item = self.program.class(*class);
            let module = self.program.module(class.module);
            item.fields.iter().flat_map(|f| &f.annotations).any(|a| {
                matches!(&module.expr(*a).kind, ExprKind::Call { callee, .. }
                if module.dotted(*callee).is_some_and(|d| CONSTRAINTS.contains(&d.rsplit('.').next().unwrap_or(""))))
            })
        })
    }

    /// Whether a validator, or an answer of 400 or 422, is in reach.
    pub fn checks_input(&self, function: FnId) -> bool {
        if self.effects_from(function, DEPTH).iter().any(|e| e.kind == Kind::Validator) {
            return true;
        }
        self.reachable(function, DEPTH).into_iter().any(|f| {
            let module = self.program.module(f.module);
            let item = module.function(f.function);
            let named = item.name.is_some_and(|n| {
                words(n.as_str())
                    .iter()
                    .any(|w| matches!(w.as_str(), "validate" | "validator" | "validation" | "sanitize"))
            });
            named
                || module.exprs_within(item.range).any(|(_, e)| match &e.kind {
                    ExprKind::Literal(Literal::Int(Some(status))) => matches!(status, 400 | 422),
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                        let plain: String =
                            name.as_str().chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
                        plain.contains("badrequest")
                            || plain.contains("unprocessable")
                            || plain.contains("valid")
                            || plain.contains("schema")
                    }
                    _ => false,
                })
        })
    }
}
