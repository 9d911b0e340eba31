//! Names as libraries of JavaScript make them of others.

/// Words that have no plural.
const UNCOUNTABLE: &[&str] = &[
    "advice",
    "energy",
    "excretion",
    "digestion",
    "cooperation",
    "health",
    "justice",
    "labour",
    "machinery",
    "equipment",
    "information",
    "pollution",
    "sewage",
    "paper",
    "money",
    "species",
    "series",
    "rain",
    "rice",
    "fish",
    "sheep",
    "moose",
    "deer",
    "news",
    "expertise",
    "status",
    "media",
];

/// Ends of words and what they become, first come first.
const ENDS: &[(&str, &str)] = &[
    ("human", "humans"),
    ("man", "men"),
    ("person", "people"),
    ("child", "children"),
    ("axis", "axes"),
    ("testis", "testes"),
    ("octopus", "octopi"),
    ("virus", "viri"),
    ("alias", "aliases"),
    ("status", "statuses"),
    ("bus", "buses"),
    ("buffalo", "buffaloes"),
    ("tomato", "tomatoes"),
    ("potato", "potatoes"),
    ("tum", "ta"),
    ("ium", "ia"),
    ("sis", "ses"),
    ("lf", "lves"),
    ("rf", "rves"),
    ("hive", "hives"),
    ("quy", "quies"),
    ("matrix", "matrices"),
    ("vertex", "vertices"),
    ("index", "indices"),
    ("mouse", "mice"),
    ("quiz", "quizzes"),
    ("goose", "geese"),
    ("x", "xes"),
    ("ch", "ches"),
    ("ss", "sses"),
    ("sh", "shes"),
];

/// The plural of the last word of a name.
pub(crate) fn plural(name: &str) -> String {
    let lower = name.to_lowercase();
    let last = lower.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if UNCOUNTABLE.contains(&last) || lower.ends_with(|c: char| !c.is_alphabetic()) {
        return name.to_owned();
    }
    if let Some((end, made)) = ENDS.iter().find(|(end, _)| lower.ends_with(end)) {
        return format!("{}{made}", &name[..name.len() - end.len()]);
    }
    let before = |count: usize| lower.chars().rev().nth(count).unwrap_or(' ');
    if lower.ends_with("fe") && before(2) != 'f' {
        return format!("{}ves", &name[..name.len() - 2]);
    }
    if lower.ends_with('y') && !"aeiouy".contains(before(1)) {
        return format!("{}ies", &name[..name.len() - 1]);
    }
    if lower.ends_with('s') { name.to_owned() } else { format!("{name}s") }
}

/// `UserProfile` and `userProfile` as `user_profile`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| chars.get(b));
        let after = chars.get(at + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || b.is_ascii_digit() || b.is_uppercase() && after.is_some_and(|a| a.is_lowercase())
            });
        if begins {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}

/// `user_id` as `userId`.
pub(crate) fn camel(name: &str) -> String {
    let mut made = String::new();
    for (at, part) in name.split('_').filter(|p| !p.is_empty()).enumerate() {
        let mut chars = part.chars();
        match (at, chars.next()) {
            (0, Some(first)) => made.extend(first.to_lowercase()),
            (_, Some(first)) => made.extend(first.to_uppercase()),
            (_, None) => {}
        }
        made.push_str(chars.as_str());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_plural_that_libraries_give_them() {
        let pairs = [
            ("user", "users"),
            ("Category", "Categories"),
            ("toy", "toys"),
            ("box", "boxes"),
            ("person", "people"),
            ("news", "news"),
            ("leaf", "leafs"),
            ("wolf", "wolves"),
            ("wife", "wives"),
            ("class", "classes"),
            ("users", "users"),
        ];
        for (one, many) in pairs {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn names_change_their_form() {
        assert_eq!(snake("UserProfile"), "user_profile");
        assert_eq!(snake("HTMLPage"), "html_page");
        assert_eq!(camel("author_id"), "authorId");
    }
}
