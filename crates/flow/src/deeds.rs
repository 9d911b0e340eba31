//! What functions and places in texts say by how they are named.

use ir::{ExprId, ExprKind};
use program::ExprRef;

use crate::{
    Kind, Kinds,
    calls::Call,
    conditions::seen_to,
    interpret::Run,
    strings::{cleared_by_absence, cleared_by_replacement, cleared_by_string},
    value::{Constant, Value},
};

impl Run<'_> {
    /// What a function sees to by its name.
    pub fn seen_to_by(&self, call: &Call<'_>) -> Kinds {
        let kinds = seen_to(call.name(), &["valid", "safe_"]);
        let lower = call.name().to_ascii_lowercase();
        if ["extension", "suffix"].iter().any(|w| lower.contains(w)) {
            // `getExtension(name)`: what follows the last dot
            return kinds.with(Kinds::only(Kind::Path));
        }
        // `provider.authorization_url(state)`: where the provider is, and what it is told
        let plain = lower.replace('_', "");
        let of_provider = ["authurl", "authorizationurl", "authorizeurl", "authcodeurl", "loginurl", "logouturl"];
        let of_provider = of_provider.iter().any(|w| plain.ends_with(w)) && !plain.starts_with("is");
        let kinds = match of_provider {
            true => kinds.with([Kind::Redirect, Kind::Url].into_iter().collect()),
            false => kinds,
        };
        // `escapeHtml(text)`, `XssFilter.clean(text)`
        let on_name = call.on.and_then(|on| self.module.dotted(on)).unwrap_or_default().to_ascii_lowercase();
        let makes_harmless =
            ["escape", "encode", "sanitiz", "clean", "strip", "filter"].iter().any(|w| lower.contains(w));
        if makes_harmless && ["html", "xss"].iter().any(|w| lower.contains(w) || on_name.contains(w)) {
            return kinds.with(Kinds::only(Kind::Html));
        }
        // `sqlGenerator.escape(column)`, `escapeSqlIdentifier(name)`, `clean.SqlString(text)`
        if ["escape", "quote", "sanitiz", "clean"].iter().any(|w| lower.contains(w) || on_name.contains(w))
            && (lower.contains("sql") || on_name.contains("sql"))
        {
            return kinds.with(Kinds::only(Kind::Sql));
        }
        // `SqlInjectionUtil.fieldOf(name)`
        if on_name.contains("sqlinject") && ["util", "utils", "filter", "guard"].iter().any(|w| on_name.ends_with(w)) {
            return kinds.with(Kinds::only(Kind::Sql));
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

    /// The text in which a place is looked for: `name` of `name.lastIndexOf("/")`, also through variables.
    pub fn searched(&self, expr: ExprId, depth: u32) -> Option<ExprId> {
        match &self.module.expr(expr).kind {
            ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                ExprKind::Member { object, .. } => Some(*object),
                _ => None,
            },
            ExprKind::Ternary { then, .. } => self.searched(*then, depth),
            ExprKind::Name(_) if depth < 3 => {
                let defined = self.program.definition(ExprRef { module: self.id, expr })?;
                (defined.module == self.id).then(|| self.searched(defined.expr, depth + 1)).flatten()
            }
            _ => None,
        }
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
            // the later of two: `windows > unix ? windows : unix`
            ExprKind::Ternary { then, otherwise, .. } => {
                self.is_last_of(*then, depth) && self.is_last_of(*otherwise, depth)
            }
            ExprKind::Name(_) if depth < 3 => {
                let defined = self.program.definition(ExprRef { module: self.id, expr });
                defined.is_some_and(|at| at.module == self.id && self.is_last_of(at.expr, depth + 1))
            }
            _ => false,
        }
    }
}

/// `x.replace(/[^a-z]/g, "")`, `re.sub("[^a-z]", "", x)`, `strings.ReplaceAll(x, "..", "")`: what is left of
/// the data.
pub fn replaced(call: &Call<'_>) -> Option<Value> {
    let all = match call.values.as_slice() {
        [_, _, _, count] => call.name() == "Replace" && count.constant == Some(Constant::Int(-1)),
        _ => call.name() == "ReplaceAll",
    };
    if all
        && let [_, old, new, ..] = call.values.as_slice()
        && let (Some(Constant::Str(old)), Some(Constant::Str(new))) = (old.constant, new.constant)
        && !new.as_str().contains(old.as_str())
        // "....//" without "../" is "../"
        && old.as_str() != "../"
    {
        return Some(call.all().cleared(cleared_by_absence(old.as_str())));
    }
    let pattern = |v: &Value| match v.constant {
        Some(Constant::Regex(pattern) | Constant::Str(pattern)) => Some(pattern),
        _ => None,
    };
    let first = call.values.first()?;
    let pattern = pattern(first).or_else(|| pattern(&call.receiver))?;
    let mut kinds = cleared_by_replacement(pattern.as_str());
    // without any two dots nothing leads upward
    if matches!(pattern.as_str(), ".." | "\\.\\.")
        && matches!(call.name(), "gsub" | "gsub!" | "Replace")
        && let Some(Constant::Str(new)) = call.values.get(1).and_then(|v| v.constant)
        && !new.as_str().contains('.')
    {
        kinds = kinds.with(Kinds::only(Kind::Path));
    }
    if let Some(Constant::Str(new)) = call.values.get(1).and_then(|v| v.constant)
        && matches!(pattern.as_str(), "'" | "\"" | "<")
        && !new.as_str().contains(pattern.as_str())
    {
        kinds = kinds.with(cleared_by_absence(pattern.as_str()));
    }
    if kinds == Kinds::NONE {
        return None;
    }
    Some(call.all().cleared(kinds).cleared(cleared_by_string()))
}
