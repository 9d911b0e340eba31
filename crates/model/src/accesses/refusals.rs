//! Whether the project answers refused rows in one place, whoever wrote them.

use base::FileRole;
use ir::ExprKind;

use crate::Model;

/// Names of what libraries throw when a unique index refuses a row, in part, and the codes of databases for it.
const REFUSALS: [&str; 15] = [
    "IntegrityError",
    "NotUnique",
    "DuplicateKey",
    "UniqueViolation",
    "DataIntegrityViolation",
    "DbUpdateException",
    "ConstraintViolation",
    "UniqueConstraint",
    "P2002",
    "23505",
    "11000",
    "1062",
    "unique_violation",
    "duplicate key",
    "Duplicate entry",
];

impl Model {
    /// Whether something that handles the errors of all requests speaks of rows that are there already.
    pub fn answers_refusals(&self) -> bool {
        self.program.ids().any(|id| {
            let module = self.program.module(id);
            self.sources.file(module.file).role == FileRole::Production && self.answers_in(module)
        })
    }

    fn answers_in(&self, module: &ir::Module) -> bool {
        let names_one = |text: &str| REFUSALS.iter().any(|r| text.contains(r));
        if !names_one(&self.sources.file(module.file).text) {
            return false;
        }
        // `errorHandler`, `GlobalExceptionFilter`
        let handles = |name: &str| {
            let plain = name.to_ascii_lowercase().replace('_', "");
            ["error", "exception"].iter().any(|w| plain.contains(w))
                && ["handle", "filter", "middleware", "advice", "mapper", "translat", "interceptor"]
                    .iter()
                    .any(|w| plain.contains(w))
        };
        let speaks = |range: ir::Range| names_one(self.sources.text(module.span(range)));
        let by_function =
            module.functions().any(|(_, f)| f.name.is_some_and(|n| handles(n.as_str())) && speaks(f.range));
        let by_class = || module.classes().any(|(_, c)| handles(c.name.as_str()) && speaks(c.range));
        // `rescue_from RecordNotUnique`, `@app.errorhandler(IntegrityError)`
        let by_call = || {
            module.exprs().any(|(_, e)| {
                let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
                let name = match &module.expr(*callee).kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str().to_ascii_lowercase(),
                    _ => return false,
                };
                ["handle", "rescue", "catch", "exception"].iter().any(|w| name.contains(w))
                    && args.iter().any(|a| {
                        let text = self.sources.text(module.expr_span(a.value));
                        text.len() < 200 && names_one(text)
                    })
            })
        };
        by_function || by_class() || by_call()
    }
}
