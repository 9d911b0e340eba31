//! What a statement in SQL that code sends does, and what bounds it.

use ir::{ExprId, ExprKind, Module, Part};
use program::ExprRef;
use sql::query::{Operand, Operation, Query};
use sql::{Dialect, HOLE, StatementKind};

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
    Some(of_text(&written(context, call, arg)?))
}

/// The first word of a statement that a call sends, in capitals.
pub(super) fn first_word(context: &Context<'_>, call: ExprRef, arg: u32) -> Option<String> {
    let text = written(context, call, arg)?;
    let word = text.trim_start().chars().take_while(|c| c.is_alphabetic());
    Some(word.collect::<String>().to_ascii_uppercase())
}

/// The statement that a call sends, as far as it is written down.
pub(super) fn written(context: &Context<'_>, call: ExprRef, arg: u32) -> Option<String> {
    let ExprKind::Call { args, .. } = &context.program.expr(call).kind else { return None };
    let given = args.iter().filter(|a| a.name.is_none()).nth(arg as usize)?;
    text(context, ExprRef { module: call.module, expr: given.value }, 0)
}

/// The query that an argument of a call is.
pub(crate) fn query(context: &Context<'_>, call: ExprRef, arg: u32) -> Option<Box<Query>> {
    query_of(&written(context, call, arg)?)
}

/// The query that a text is.
pub(crate) fn query_of(text: &str) -> Option<Box<Query>> {
    match sql::parse(text, Dialect::Generic).into_iter().next()?.kind {
        StatementKind::Query(query) => Some(query),
        _ => None,
    }
}

/// The text that an expression is, with holes for what is only known later.
pub(crate) fn text(context: &Context<'_>, at: ExprRef, depth: u32) -> Option<String> {
    let module = context.program.module(at.module);
    if depth > 4 {
        return None;
    }
    if let Some(text) = written_at(module, at.expr) {
        return Some(text);
    }
    match &module.expr(at.expr).kind {
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

/// The text that stands at a place itself.
pub(crate) fn written_at(module: &Module, expr: ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        ExprKind::Template(parts) => Some(parts.iter().map(|p| part(*p)).collect()),
        _ => module.string(expr).map(|text| text.as_str().to_owned()),
    }
}

/// Whether a text begins as a statement does that reads or changes rows.
pub(crate) fn begins_query(text: &str) -> bool {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
    matches!(word.to_ascii_uppercase().as_str(), "SELECT" | "WITH" | "UPDATE" | "DELETE" | "INSERT")
}

fn part(part: Part) -> String {
    match part {
        Part::Text(text) => text.as_str().to_owned(),
        Part::Hole(_) => HOLE.to_string(),
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
    let statements = sql::parse(text, Dialect::Generic);
    match statements.first().map(|s| &s.kind) {
        Some(StatementKind::Query(query)) => of_query(query),
        // what is not understood may be bounded in any way
        _ => Statement { does: by_first_word(text), ..Statement::default() },
    }
}

fn of_query(query: &Query) -> Statement {
    let is_one = matches!(&query.limit, Some(Operand::Literal { text, .. }) if text == "1");
    let does = match query.operation {
        Operation::Select if !query.aggregates.is_empty() && !query.is_grouped => Does::Count,
        Operation::Select if is_one => Does::One,
        Operation::Select => Does::List,
        Operation::Insert if query.rows > 1 => Does::InsertMany,
        Operation::Insert | Operation::Merge => Does::Insert,
        Operation::Update => Does::Update,
        Operation::Delete => Does::Delete,
    };
    // what only names constants holds for more rows each day
    let is_given = |against: &Operand| !matches!(against, Operand::Literal { .. } | Operand::Null);
    let is_filtered = query.predicates.iter().any(|p| is_given(&p.against))
        || query.has_where && query.predicates.is_empty()
        || query.subqueries.iter().any(|s| of_query(&s.query).is_filtered);
    Statement { does, is_limited: query.limit.is_some() || query.is_grouped, is_filtered }
}

fn by_first_word(text: &str) -> Does {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
    match word.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" => Does::List,
        "INSERT" | "REPLACE" | "MERGE" => Does::Insert,
        "UPDATE" => Does::Update,
        "DELETE" | "TRUNCATE" => Does::Delete,
        _ => Does::Other,
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
        assert_eq!(of("select status, count(*) from t group by status"), (Does::List, true, false));
        assert_eq!(of("INSERT INTO tags (name) VALUES ($1), ($2)"), (Does::InsertMany, false, false));
        assert_eq!(of(&format!("SELECT id FROM users WHERE {HOLE}")), (Does::List, false, true));
        assert_eq!(of("SELECT id FROM users WHERE (((a = "), (Does::List, true, true), "not understood");
    }
}
