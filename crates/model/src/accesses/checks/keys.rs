//! The columns that rows are looked for by.

use ir::{BinaryOp, ExprId, ExprKind, Literal};
use sql::StatementKind;

use super::super::{Access, is_filter, receiver, statements};
use crate::adapters::Context;

/// The columns that an access asks for rows by, as written.
pub(super) fn keys_of(context: &Context<'_>, module: &ir::Module, access: &Access) -> Vec<String> {
    let record = context.facts.record(access.record);
    if record.access == Some(crate::facts::AccessFact::Statement) {
        let text = statements::written(context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
        let parsed = sql::parse(&text, sql::Dialect::Generic);
        let Some(StatementKind::Query(query)) = parsed.first().map(|s| &s.kind) else { return Vec::new() };
        let is_equal = |p: &&sql::query::Predicate| !matches!(p.against, sql::query::Operand::Null);
        return query.predicates.iter().filter(is_equal).map(|p| p.column.name.clone()).collect();
    }
    if record.access == Some(crate::facts::AccessFact::Declared) {
        let method = access.name.rsplit('.').next().unwrap_or_default();
        let Some((_, by)) = method.split_once("By") else { return Vec::new() };
        return by
            .split("And")
            .map(|k| k.trim_end_matches("IgnoreCase").trim_end_matches("Equals").trim_end_matches("Is").to_owned())
            .filter(|k| !k.is_empty() && !k.ends_with("Not"))
            .collect();
    }
    let mut keys: Vec<String> = Vec::new();
    let mut at = Some(access.call.expr);
    for _ in 0..24 {
        let Some(here) = at else { break };
        if let ExprKind::Call { args, .. } = &module.expr(here).kind {
            for arg in args {
                if let Some(name) = arg.name {
                    let is_map = matches!(module.expr(arg.value).kind, ExprKind::Map(_));
                    if !is_map && is_filter(name) {
                        keys.push(name.as_str().split("__").next().unwrap_or_default().to_owned());
                    }
                }
                keys_within(module, arg.value, &mut keys);
            }
        }
        at = match &module.expr(here).kind {
            ExprKind::Call { .. } => receiver(module, here),
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => Some(*object),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => Some(*inner),
            ExprKind::Unary { operand, .. } => Some(*operand),
            _ => None,
        };
    }
    keys
}

/// The columns that a call itself asks by, and whether it is given more that only a new row gets.
pub(super) fn keys_of_call(module: &ir::Module, call: ExprId) -> (Vec<String>, bool) {
    let ExprKind::Call { args, .. } = &module.expr(call).kind else { return (Vec::new(), false) };
    let mut keys = Vec::new();
    for arg in args {
        match arg.name {
            Some(name) if matches!(name.as_str(), "defaults" | "create_defaults") => {}
            Some(name) => keys.push(name.as_str().split("__").next().unwrap_or_default().to_owned()),
            None => keys_within(module, arg.value, &mut keys),
        }
    }
    let has_spread = args.iter().any(|a| matches!(module.expr(a.value).kind, ExprKind::Spread(_)));
    (keys, has_spread)
}

/// Columns that conditions within an expression compare.
fn keys_within(module: &ir::Module, value: ExprId, keys: &mut Vec<String>) {
    // options that say what comes back, and not for which rows
    let maps = module.exprs_within(module.expr(value).range).filter_map(|(_, e)| match &e.kind {
        ExprKind::Map(entries) => Some(entries),
        _ => None,
    });
    let is_aside = |e: &&ir::Entry| e.key.and_then(|k| module.string(k)).is_some_and(|k| !is_filter(k));
    let aside: Vec<ir::Range> = maps.flatten().filter(is_aside).map(|e| module.expr(e.value).range).collect();
    for (id, item) in module.exprs_within(module.expr(value).range) {
        if aside.iter().any(|range| range.contains(item.range)) {
            continue;
        }
        match &item.kind {
            ExprKind::Map(entries) => {
                for entry in entries {
                    let Some(key) = entry.key.and_then(|k| module.string(k)) else { continue };
                    let name = key.as_str();
                    let nested = matches!(module.expr(entry.value).kind, ExprKind::Map(_) | ExprKind::List(_));
                    let is_word = !name.is_empty() && !name.starts_with('$') && is_filter(key);
                    if is_word
                        && (!nested || !matches!(name, "where" | "AND" | "OR" | "filter" | "options"))
                        && !matches!(name, "where" | "limit" | "take" | "transaction" | "equals" | "mode")
                    {
                        keys.push(name.split("__").next().unwrap_or(name).to_owned());
                    }
                }
            }
            ExprKind::Binary { op: BinaryOp::Eq, left, .. } => {
                if let ExprKind::Member { name, .. } = &module.expr(*left).kind {
                    keys.push(name.as_str().to_owned());
                }
            }
            ExprKind::Literal(Literal::Str(_)) => {
                let Some(text) = module.string(id) else { continue };
                for part in text.as_str().split(" AND ").flat_map(|p| p.split(" and ")) {
                    if let Some((column, rest)) = part.split_once('=')
                        && (rest.trim_start().starts_with(['?', '$', ':', '@', '%']))
                    {
                        let column =
                            column.trim().rsplit('.').next().unwrap_or_default().trim_matches(['(', ' ', '`', '"']);
                        if !column.is_empty() && column.chars().all(|c| c.is_alphanumeric() || c == '_') {
                            keys.push(column.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// What the name of a function says that looks for a row: what it is, and by which columns.
/// `findUserByEmailAndPhone`, `get_by_source_and_external_id`, `slug_exists`, `isUsernameTaken`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Named {
    pub subject: Option<String>,
    pub keys: Vec<String>,
}

/// Reads the name of a function that looks for a row; none where it is no such name.
pub(super) fn named(name: &str) -> Option<Named> {
    const LOOKS: [&str; 12] =
        ["find", "get", "fetch", "load", "lookup", "exists", "exist", "has", "is", "check", "count", "by"];
    const SAYS: [&str; 12] = [
        "exists",
        "exist",
        "taken",
        "used",
        "registered",
        "available",
        "free",
        "in",
        "use",
        "already",
        "unique",
        "does",
    ];
    let parts = parts(name);
    let first = parts.first()?.as_str();
    if parts.iter().any(|p| matches!(p.as_str(), "update" | "lock" | "locked" | "create" | "all" | "list")) {
        return None;
    }
    let clean = |from: &[String]| {
        let words = from.iter().map(String::as_str);
        words
            .filter(|w| !LOOKS.contains(w) && !SAYS.contains(w) && *w != "one" && *w != "a")
            .collect::<Vec<_>>()
            .concat()
    };
    let subject = |text: String| (!text.is_empty()).then(|| super::words::word(&text));
    if let Some(by) = parts.iter().position(|p| p == "by" || p == "with")
        && LOOKS.contains(&first)
    {
        let end = parts.iter().position(|p| matches!(p.as_str(), "or" | "async" | "sync")).unwrap_or(parts.len());
        let keys = parts.get(by + 1..end.max(by + 1))?.split(|p| p == "and").map(<[String]>::concat);
        return Some(Named { subject: subject(clean(&parts[..by])), keys: keys.filter(|k| !k.is_empty()).collect() });
    }
    let last = parts.last()?.as_str();
    let says =
        matches!(last, "exists" | "exist" | "taken" | "used" | "registered") || first == "exists" || first == "exist";
    let key = clean(&parts);
    (says && !key.is_empty()).then(|| Named { subject: None, keys: vec![key] })
}

/// The words of a name: `getByEmail`, `get_by_email`, `GetByEmail`.
pub(super) fn parts(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = '_';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_alphanumeric() {
            before = '_';
            continue;
        }
        // `ExternalIDAndIssuer`: the last capital of a run begins a word where a small letter follows
        let goes_on = before.is_uppercase() && !rest.peek().is_some_and(|n| n.is_lowercase());
        let begins = before == '_' || c.is_uppercase() && !goes_on;
        if begins {
            found.push(String::new());
        }
        if let Some(last) = found.last_mut() {
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Named, named};

    fn said(subject: Option<&str>, keys: &[&str]) -> Option<Named> {
        Some(Named { subject: subject.map(str::to_owned), keys: keys.iter().map(|k| (*k).to_owned()).collect() })
    }

    #[test]
    fn the_names_of_functions_say_what_is_looked_for() {
        assert_eq!(named("findUserByEmailAndPhone"), said(Some("user"), &["email", "phone"]));
        assert_eq!(named("get_by_source_and_external_id"), said(None, &["source", "externalid"]));
        assert_eq!(named("slug_exists"), said(None, &["slug"]));
        assert_eq!(named("isUsernameTaken"), said(None, &["username"]));
        assert_eq!(named("GetByEmailAsync"), said(None, &["email"]));
        assert_eq!(named("GetTeamByExternalIDAndIssuer"), said(Some("team"), &["externalid", "issuer"]));
        assert_eq!(named("getOrCreateByEmail"), None);
        assert_eq!(named("sendMail"), None);
    }
}
