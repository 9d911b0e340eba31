//! What a statement in SQL does, by its first words.

use ir::{ExprKind, Part};
use program::ExprRef;

use super::Does;
use crate::adapters::Context;

/// What is known of a statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub does: Does,
    pub is_limited: bool,
    pub is_filtered: bool,
}

impl Default for Statement {
    fn default() -> Self {
        Self { does: Does::Other, is_limited: true, is_filtered: true }
    }
}

/// The statement that an argument of a call is, as far as it is written down.
pub(crate) fn read(context: &Context<'_>, call: ExprRef, arg: u32) -> Option<Statement> {
    let ExprKind::Call { args, .. } = &context.program.expr(call).kind else { return None };
    let given = args.iter().filter(|a| a.name.is_none()).nth(arg as usize)?;
    let text = text(context, ExprRef { module: call.module, expr: given.value }, 0)?;
    Some(of_text(&text))
}

fn text(context: &Context<'_>, at: ExprRef, depth: u32) -> Option<String> {
    let module = context.program.module(at.module);
    if depth > 4 {
        return None;
    }
    if let Some(text) = module.string(at.expr) {
        return Some(text.as_str().to_owned());
    }
    match &module.expr(at.expr).kind {
        ExprKind::Template(parts) => Some(parts.iter().map(|p| part(*p)).collect()),
        // `text("SELECT …")`, `{ text: "SELECT …" }`
        ExprKind::Call { args, .. } => {
            text(context, ExprRef { module: at.module, expr: args.first()?.value }, depth + 1)
        }
        ExprKind::Map(entries) => {
            let entry = entries
                .iter()
                .find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == "text" || k == "sql"))?;
            text(context, ExprRef { module: at.module, expr: entry.value }, depth + 1)
        }
        ExprKind::Unary { operand, .. } => text(context, ExprRef { module: at.module, expr: *operand }, depth + 1),
        _ => text(context, context.program.definition(at)?, depth + 1),
    }
}

fn part(part: Part) -> String {
    match part {
        Part::Text(text) => text.as_str().to_owned(),
        Part::Hole(_) => "?".to_owned(),
    }
}

/// Whether a statement has a place for a value: `?`, `$1`, `:name`, `%s`, `@p`, `#{name}`.
pub(crate) fn has_placeholder(text: &str) -> bool {
    text.contains(['?', '$', '@', '#'])
        || text.contains("%s")
        || text.contains("%(")
        || text.contains(" :")
        || text.contains("=:")
}

fn of_text(text: &str) -> Statement {
    let upper: String = text.to_ascii_uppercase();
    let words: Vec<&str> =
        upper.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).filter(|w| !w.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    let does = match words.first().copied() {
        Some("SELECT" | "WITH" | "TABLE") => {
            let aggregate = |w: &&str| matches!(*w, "COUNT" | "SUM" | "MAX" | "MIN" | "AVG" | "EXISTS");
            let is_aggregate = words.get(1..3).is_some_and(|w| w.iter().any(aggregate)) && !has("GROUP");
            let one = words.windows(2).any(|w| w == ["LIMIT", "1"] || w == ["TOP", "1"]);
            if is_aggregate {
                Does::Count
            } else if one {
                Does::One
            } else {
                Does::List
            }
        }
        Some("INSERT" | "REPLACE" | "MERGE") => Does::Insert,
        Some("UPDATE") => Does::Update,
        Some("DELETE" | "TRUNCATE") => Does::Delete,
        _ => Does::Other,
    };
    Statement {
        does,
        is_limited: has("LIMIT") || has("TOP") || has("FETCH") || has("ROWNUM"),
        is_filtered: (has("WHERE") || has("HAVING") || has("JOIN")) && has_placeholder(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_say_how_much_comes_back() {
        let of = |text: &str| {
            let s = of_text(text);
            (s.does, s.is_limited, s.is_filtered)
        };
        assert_eq!(of("select * from users"), (Does::List, false, false));
        assert_eq!(of("SELECT count(*) FROM users WHERE a = ?"), (Does::Count, false, true));
        assert_eq!(of("SELECT name FROM users WHERE state = 'open'"), (Does::List, false, false));
        assert_eq!(of("select id from users where a = $1 limit 1"), (Does::One, true, true));
        assert_eq!(of("  UPDATE users SET a = 1"), (Does::Update, false, false));
        assert_eq!(of("select status, count(*) from t group by status"), (Does::List, false, false));
    }
}
