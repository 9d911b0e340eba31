//! Queries that the name of a declared method stands for: `findByEmailAndStateOrderByCreatedDesc`.
//!
//! Source: Spring Data, "Query creation"; Micronaut Data and Quarkus read the same words.

use super::conditions::{Asked, How};

/// What a name asks; none where it is no such name.
pub(super) fn asked(name: &str) -> Option<Asked> {
    const BEGINS: [&str; 10] =
        ["find", "read", "get", "query", "search", "stream", "exists", "count", "delete", "remove"];
    if !BEGINS.iter().any(|b| name.starts_with(b)) {
        return None;
    }
    let mut asked = Asked::default();
    let (before, order) = match name.split_once("OrderBy") {
        Some((before, order)) => (before, Some(order)),
        None => (name, None),
    };
    let conditions = before.split_once("By").map(|(_, conditions)| conditions);
    if conditions.is_none() && order.is_none() {
        return None;
    }
    for alternative in split(conditions.unwrap_or_default(), "Or") {
        for part in split(alternative, "And") {
            let (column, how) = condition(part);
            asked.add(column, how);
        }
    }
    asked.has_alternatives = split(conditions.unwrap_or_default(), "Or").len() > 1;
    let mut rest = order.unwrap_or_default();
    while !rest.is_empty() {
        let end = [rest.find("Desc").map(|at| (at, 4, true)), rest.find("Asc").map(|at| (at, 3, false))];
        let (at, length, descending) = end.into_iter().flatten().min().unwrap_or((rest.len(), 0, false));
        asked.order.push((rest[..at].to_owned(), descending));
        rest = rest.get(at + length..).unwrap_or_default().trim_start_matches("And");
    }
    Some(asked)
}

/// Parts between a word, where a new word begins after it: `Order` has no `Or` in it.
fn split<'n>(text: &'n str, word: &str) -> Vec<&'n str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(word) {
        let next = text[at + word.len()..].chars().next();
        if at > start && next.is_some_and(char::is_uppercase) {
            found.push(&text[start..at]);
            start = at + word.len();
        }
    }
    found.push(&text[start..]);
    found.retain(|part| !part.is_empty());
    found
}

fn condition(part: &str) -> (&str, How) {
    const ENDS: [(&str, How); 28] = [
        ("IgnoreCase", How::Function),
        ("IgnoringCase", How::Function),
        ("GreaterThanEqual", How::Range),
        ("LessThanEqual", How::Range),
        ("GreaterThan", How::Range),
        ("LessThan", How::Range),
        ("Between", How::Range),
        ("Before", How::Range),
        ("After", How::Range),
        ("StartingWith", How::Range),
        ("StartsWith", How::Range),
        ("EndingWith", How::Holds),
        ("EndsWith", How::Holds),
        ("Containing", How::Holds),
        ("Contains", How::Holds),
        ("NotLike", How::Other),
        ("Like", How::Holds),
        ("IsNotNull", How::State),
        ("NotNull", How::State),
        ("IsNull", How::State),
        ("Null", How::State),
        ("True", How::State),
        ("False", How::State),
        ("NotIn", How::Other),
        ("In", How::Equal),
        ("IsNot", How::Other),
        ("Not", How::Other),
        ("Equals", How::Equal),
    ];
    let found = ENDS.iter().find_map(|(end, how)| part.strip_suffix(end).map(|column| (column, *how)));
    let (column, how) = found.unwrap_or((part, How::Equal));
    (column.strip_suffix("Is").unwrap_or(column), how)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_queries() {
        let of = |name: &str| asked(name).map(|a| (a.conditions, a.order, a.has_alternatives));
        let is = |name: &str, how| super::super::conditions::Condition { name: name.to_owned(), how };
        assert_eq!(
            of("findByEmailAndCreatedAfterOrderByCreatedDescNameAsc"),
            Some((
                vec![is("Email", How::Equal), is("Created", How::Range)],
                vec![("Created".to_owned(), true), ("Name".to_owned(), false)],
                false
            ))
        );
        assert_eq!(
            of("countByOrderIdOrStateIn"),
            Some((vec![is("OrderId", How::Equal), is("State", How::Equal)], vec![], true))
        );
        assert_eq!(of("findTop5ByNameIgnoreCase"), Some((vec![is("Name", How::Function)], vec![], false)));
        assert_eq!(of("findAll"), None);
        assert_eq!(of("save"), None);
    }
}
