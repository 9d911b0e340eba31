//! How libraries make names of tables and columns from those of classes and fields.

/// `UserName` and `userName` as `user_name`; capitals in a row stay together where the last of them begins a word
/// (`HTTPServer` is `http_server`).
pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|b| chars[b]);
        let after = chars.get(at + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|b| b != '_' && (!b.is_uppercase() || after.is_some_and(|a| a.is_lowercase())));
        if begins {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}

/// `orderItems` of `createdAt` as Spring's strategy for Hibernate makes it: a bar only between a small letter and a
/// capital that a small letter follows or that ends a word.
pub(super) fn snake_of_spring(name: &str) -> String {
    let chars: Vec<char> = name.replace('.', "_").chars().collect();
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let is_between = at > 0 && at + 1 < chars.len();
        let small = |c: char| c.is_lowercase() || c.is_ascii_digit();
        if is_between && small(chars[at - 1]) && c.is_uppercase() && small(chars[at + 1]) {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}

const UNCOUNTABLE: &[&str] =
    &["equipment", "information", "rice", "money", "species", "series", "fish", "sheep", "jeans", "police"];

const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("people", "people"),
    ("men", "men"),
    ("children", "children"),
];

/// Ends of words, with how much of them goes and what comes instead; the first that fits counts.
const ENDS: &[(&str, usize, &str)] = &[
    ("quiz", 0, "zes"),
    ("matrix", 2, "ices"),
    ("vertex", 2, "ices"),
    ("index", 2, "ices"),
    ("ss", 0, "es"),
    ("sh", 0, "es"),
    ("ch", 0, "es"),
    ("x", 0, "es"),
    ("hive", 0, "s"),
    ("ife", 2, "ves"),
    ("lf", 1, "ves"),
    ("rf", 1, "ves"),
    ("sis", 2, "es"),
    ("tum", 2, "a"),
    ("ium", 2, "a"),
    ("ta", 0, ""),
    ("ia", 0, ""),
    ("buffalo", 0, "es"),
    ("tomato", 0, "es"),
    ("bus", 0, "es"),
    ("alias", 0, "es"),
    ("status", 0, "es"),
    ("octopus", 2, "i"),
    ("virus", 2, "i"),
    ("s", 0, ""),
];

/// The plural, as Rails and what copies its rules make it.
pub(super) fn plural(name: &str) -> String {
    let lower = name.to_lowercase();
    if UNCOUNTABLE.contains(&lower.as_str()) || name.is_empty() {
        return name.to_owned();
    }
    if let Some((one, many)) = IRREGULAR.iter().find(|(one, _)| lower.ends_with(one)) {
        return format!("{}{many}", &name[..name.len() - one.len()]);
    }
    if lower.ends_with('y') && !["a", "e", "i", "o", "u"].iter().any(|v| lower.ends_with(&format!("{v}y")))
        || lower.ends_with("quy")
    {
        return format!("{}ies", &name[..name.len() - 1]);
    }
    match ENDS.iter().find(|(end, ..)| lower.ends_with(end)) {
        Some((_, less, more)) => format!("{}{more}", &name[..name.len() - less]),
        None if lower.ends_with(|c: char| c.is_ascii_alphabetic()) => format!("{name}s"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_libraries_make_them() {
        assert_eq!(snake("OrderItem"), "order_item");
        assert_eq!(snake("HTTPServer"), "http_server");
        assert_eq!(snake_of_spring("createdAt"), "created_at");
        assert_eq!(snake_of_spring("userID"), "userid");
        let plurals = [
            ("user", "users"),
            ("category", "categories"),
            ("box", "boxes"),
            ("sales_person", "sales_people"),
            ("status", "statuses"),
            ("address", "addresses"),
            ("news", "news"),
            ("key", "keys"),
            ("series", "series"),
            ("wife", "wives"),
            ("datum", "data"),
        ];
        for (one, many) in plurals {
            assert_eq!(plural(one), many);
        }
    }
}
