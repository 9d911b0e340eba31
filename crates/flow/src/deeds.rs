//! What functions and places in texts say by how they are named.

use ir::{ExprId, ExprKind};
use program::ExprRef;

use crate::{Kind, Kinds, calls::Call, conditions::seen_to, interpret::Run};

impl Run<'_> {
    /// What a function sees to by its name.
    pub fn seen_to_by(&self, call: &Call<'_>) -> Kinds {
        let kinds = seen_to(call.name(), &["valid", "safe_"]);
        let lower = call.name().to_ascii_lowercase();
        if ["extension", "suffix"].iter().any(|w| lower.contains(w)) {
            // `getExtension(name)`: what follows the last dot
            return kinds.with(Kinds::only(Kind::Path));
        }
        // `escapeHtml(text)`, `XssFilter.clean(text)`
        let on_name = call.on.and_then(|on| self.module.dotted(on)).unwrap_or_default().to_ascii_lowercase();
        let makes_harmless =
            ["escape", "encode", "sanitiz", "clean", "strip", "filter"].iter().any(|w| lower.contains(w));
        if makes_harmless && ["html", "xss"].iter().any(|w| lower.contains(w) || on_name.contains(w)) {
            return kinds.with(Kinds::only(Kind::Html));
        }
        // `writeToTempFile(content)`: a name of the system's choice
        let is_temporary =
            lower.contains("temp") && ["file", "dir", "path", "folder"].iter().any(|w| lower.contains(w));
        if is_temporary {
            return kinds.with(Kinds::only(Kind::Path));
        }
        // `pathSanitizer.sanitize(path)`, `PathEncoder.instance().encode(path)`
        let on_name = match call.on.map(|on| &self.module.expr(on).kind) {
            Some(ExprKind::Call { callee, .. }) => self.module.dotted(*callee).unwrap_or_default().to_ascii_lowercase(),
            _ => on_name,
        };
        let kinds = match on_name.contains("path") {
            true => kinds.with(seen_to(&format!("{on_name}_{lower}"), &["encode"])),
            false => kinds,
        };
        let on = call.on.and_then(|on| self.module.dotted(on)).unwrap_or_default();
        kinds.with(seen_to(&format!("{on}_{lower}"), &["sanitiz"]))
    }

    /// Whether a place in a text is that of the last dot or separator, or after it.
    pub fn is_last_of(&self, expr: ExprId, depth: u32) -> bool {
        match &self.module.expr(expr).kind {
            ExprKind::Call { callee, args, .. } => {
                let ExprKind::Member { name, .. } = &self.module.expr(*callee).kind else { return false };
                matches!(name.as_str(), "lastIndexOf" | "LastIndexOf")
                    && args.first().is_some_and(|a| match self.module.string(a.value) {
                        Some(text) => matches!(text.as_str(), "." | "/" | "\\"),
                        None => {
                            self.module.dotted(a.value).is_some_and(|n| n.to_ascii_lowercase().contains("separator"))
                        }
                    })
            }
            ExprKind::Binary { left, right, .. } => self.is_last_of(*left, depth) || self.is_last_of(*right, depth),
            ExprKind::Name(_) if depth < 3 => {
                let defined = self.program.definition(ExprRef { module: self.id, expr });
                defined.is_some_and(|at| at.module == self.id && self.is_last_of(at.expr, depth + 1))
            }
            _ => false,
        }
    }
}
