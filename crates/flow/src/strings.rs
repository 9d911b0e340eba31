//! What becomes of data in strings.

use base::Symbol;

use crate::{Kind, Kinds, value::Constant, value::Value};

/// What data can no longer do after a fixed beginning: choose the host, leave the site.
pub fn cleared_by_prefix(text: &str) -> Kinds {
    // a view that sends the browser elsewhere
    let text = text.strip_prefix("redirect:").unwrap_or(text);
    let has_host = text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.contains('\u{0}') && rest.contains(['/', '?', '#']) && !rest.starts_with(['/', '\u{0}', '?'])
    });
    // `${BASE}/users/`: what nothing is known of, and a `/`, come before the data
    let has_base = text.strip_prefix('\u{0}').is_some_and(|rest| match rest.strip_prefix("://") {
        Some(rest) => rest.contains(['/', '?', '#']),
        // also before a separator that is chosen: `{address}{? or &}name=…`
        None => rest.trim_start_matches('\u{0}').is_empty() || rest.contains(['/', '?', '#']),
    });
    let has_host = has_host || has_base;
    // `/{section}/` has its path begun
    let own_path = text.strip_prefix('/').is_some_and(|rest| match rest.strip_prefix('\u{0}') {
        Some(rest) => rest.starts_with('/'),
        None => !rest.is_empty() && !rest.starts_with('/'),
    });
    // `{base}/users/{id}`, `{address}?next={page}`: the host is decided before
    let after_host = text.starts_with('&')
        || text.contains(['?', '#'])
        || text.split_once('\u{0}').is_some_and(|(before, rest)| match before.split_once("://") {
            Some((_, host)) => host.contains('/') || rest.contains('/'),
            None => before.is_empty() && rest.strip_prefix("://").unwrap_or(rest).contains('/'),
        });
    // `data/{id}` goes on from where it stands
    let is_relative = !text.contains(['\u{0}', ':', '\\'])
        && text.split_once('/').is_some_and(|(first, _)| first.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let mut kinds = Kinds::NONE;
    if has_host || own_path || after_host || is_relative {
        kinds = kinds.with(Kinds::only(Kind::Redirect));
    }
    // what a path of ours begins is no address of its own
    if has_host || after_host || is_relative || text.starts_with('/') {
        kinds = kinds.with(Kinds::only(Kind::Url));
    }
    kinds
}

/// What a string can no longer do that an object could.
pub fn cleared_by_string() -> Kinds {
    Kind::ALL.iter().copied().filter(|k| k.needs_object()).collect()
}

/// What data without this text can no longer do.
pub fn cleared_by_absence(text: &str) -> Kinds {
    match text {
        ".." | "../" | "/" | "/.." | "./" | "\\" | "..\\" => Kinds::only(Kind::Path),
        "'" | "\"" => Kinds::only(Kind::XPath),
        "\n" | "\r" | "\r\n" => [Kind::Header, Kind::Log].into_iter().collect(),
        "<" => Kinds::only(Kind::Html),
        _ => Kinds::NONE,
    }
}

/// What a text that a pattern is found in can no longer do: one that the pattern describes as a whole, without
/// "anything", is harmless; one that begins with a host or a path of ours stays there.
pub fn cleared_by_match(pattern: &str) -> Kinds {
    let begins = pattern.starts_with('^');
    let plain = pattern.replace("\\.", "");
    let is_open = [".*", ".+", "[\\s\\S]*", "[\\s\\S]+", "[^]*"].iter().any(|any| plain.contains(any));
    if begins && pattern.ends_with('$') && !pattern.ends_with("\\$") && !is_open {
        return Kinds::ALL;
    }
    let plain = pattern.replace('\\', "");
    let host =
        plain.split_once("://").is_some_and(|(_, host)| host.starts_with(|c: char| c.is_alphanumeric() || c == '('));
    match begins {
        true if host => [Kind::Url, Kind::Redirect].into_iter().collect(),
        true if plain.starts_with("^/") => Kinds::only(Kind::Redirect),
        _ => Kinds::NONE,
    }
}

/// What replacing every match of a pattern by fixed text takes from data: a class of all characters but
/// harmless ones takes everything.
pub fn cleared_by_replacement(pattern: &str) -> Kinds {
    let harmless = |allowed: &str| {
        let mut plain = allowed.replace("\\w", "").replace("\\d", "").replace("\\s", "");
        plain.retain(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | ' ' | '\\' | '.' | '@' | ':' | '+'));
        plain.is_empty()
    };
    let class = pattern.strip_prefix("[^").and_then(|p| p.split_once(']'));
    match class {
        Some((allowed, "" | "+" | "*")) if harmless(allowed) => {
            // dots keep a path dangerous
            match allowed.contains('.') {
                true => Kind::ALL.iter().copied().filter(|k| *k != Kind::Path).collect(),
                false => Kinds::ALL,
            }
        }
        _ if matches!(pattern, "\\W" | "\\W+" | "\\D" | "\\D+" | "[\\W_]" | "[\\W_]+") => Kinds::ALL,
        // what takes the separators out leaves the name of a file
        _ if pattern == "/" || is_class_with(pattern, "/") => Kinds::only(Kind::Path),
        _ if is_line_end(pattern) => [Kind::Header, Kind::Log].into_iter().collect(),
        _ => Kinds::NONE,
    }
}

/// Whether a pattern is a class of characters with this one.
fn is_class_with(pattern: &str, wanted: &str) -> bool {
    let inner = pattern.strip_prefix('[').and_then(|p| p.trim_end_matches(['+', '*']).strip_suffix(']'));
    inner.is_some_and(|inner| !inner.starts_with('^') && !inner.contains(['[', ']']) && inner.contains(wanted))
}

fn is_line_end(pattern: &str) -> bool {
    let written = pattern.trim_matches(['[', ']', '(', ')', '+', '*', '|', '?', ':']);
    !written.is_empty()
        && written
            .replace("\\r", "")
            .replace("\\n", "")
            .replace(['\r', '\n', '|', '_', '\t'], "")
            .replace("\\t", "")
            .is_empty()
}

/// Methods that give their text back, changed in form only.
pub fn keeps_text(name: &str) -> bool {
    matches!(
        name,
        "trim"
            | "strip"
            | "toLowerCase"
            | "toUpperCase"
            | "ToLower"
            | "ToUpper"
            | "Trim"
            | "lower"
            | "upper"
            | "downcase"
            | "upcase"
            | "toString"
            | "ToString"
            | "to_s"
            | "to_lowercase"
            | "to_uppercase"
            | "as_str"
            | "to_string"
            | "clone"
            | "as_ref"
            | "normalize"
            | "toLocaleLowerCase"
            | "ToLowerInvariant"
            | "ToUpperInvariant"
    )
}

/// Methods that give the same thing in another form: checked, it is checked.
pub fn names_the_same(name: &str) -> bool {
    keeps_text(name)
        || matches!(
            name,
            "getCanonicalPath"
                | "getCanonicalFile"
                | "getAbsolutePath"
                | "getAbsoluteFile"
                | "toAbsolutePath"
                | "toRealPath"
                | "toPath"
                | "toFile"
                | "getPath"
                | "toUri"
                | "getHost"
                | "getScheme"
                | "getProtocol"
        )
}

/// What a method of a constant gives.
pub fn folded(name: &str, receiver: &Value, values: &[Value]) -> Option<Constant> {
    let Some(Constant::Str(text)) = receiver.constant else { return None };
    let text = text.as_str();
    match (name, values.first().and_then(|v| v.constant)) {
        ("charAt", Some(Constant::Int(at))) => {
            let c = text.chars().nth(usize::try_from(at).ok()?)?;
            Some(Constant::Str(Symbol::new(c.encode_utf8(&mut [0; 4]))))
        }
        ("substring", Some(Constant::Int(from))) => {
            let from = usize::try_from(from).ok()?;
            let to = match values.get(1).map(|v| v.constant) {
                None => text.len(),
                Some(Some(Constant::Int(to))) => usize::try_from(to).ok()?,
                Some(_) => return None,
            };
            text.get(from..to).map(|t| Constant::Str(Symbol::new(t)))
        }
        ("equals", Some(other)) => Some(Constant::Bool(Constant::Str(Symbol::new(text)) == other)),
        ("contains" | "includes", Some(Constant::Str(part))) => Some(Constant::Bool(text.contains(part.as_str()))),
        ("startsWith" | "startswith" | "starts_with", Some(Constant::Str(part))) => {
            Some(Constant::Bool(text.starts_with(part.as_str())))
        }
        ("length" | "len", None) => i64::try_from(text.len()).ok().map(Constant::Int),
        (name, None) if values.is_empty() && keeps_text(name) => Some(Constant::Str(Symbol::new(&match name {
            "trim" | "strip" | "Trim" => text.trim().to_owned(),
            "toLowerCase" | "lower" | "downcase" | "ToLower" | "to_lowercase" => text.to_lowercase(),
            "toUpperCase" | "upper" | "upcase" | "ToUpper" | "to_uppercase" => text.to_uppercase(),
            _ => text.to_owned(),
        }))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{cleared_by_match, cleared_by_prefix};
    use crate::{Kind, Kinds};

    #[test]
    fn only_a_pattern_of_the_whole_text_makes_it_harmless() {
        assert_eq!(cleared_by_match("^[a-z0-9_-]+$"), Kinds::ALL);
        assert_eq!(cleared_by_match("^img\\.(png|jpg)$"), Kinds::ALL);
        assert_eq!(cleared_by_match("[a-z]+"), Kinds::NONE);
        assert_eq!(cleared_by_match("^(http.*) \"$"), Kinds::NONE);
        assert_eq!(cleared_by_match("^https?:\\/\\/"), Kinds::NONE);
        assert!(cleared_by_match("^https:\\/\\/cdn\\.example\\.com\\/").has(Kind::Url));
        assert!(cleared_by_match("^\\/(?!\\/)").has(Kind::Redirect));
    }

    #[test]
    fn a_base_that_is_not_the_callers_decides_the_host() {
        assert!(cleared_by_prefix("\u{0}").has(Kind::Url));
        assert!(cleared_by_prefix("\u{0}/users/").has(Kind::Url));
        assert!(!cleared_by_prefix("https://").has(Kind::Url));
        assert!(!cleared_by_prefix("\u{0}://").has(Kind::Url));
        assert!(!cleared_by_prefix("").has(Kind::Url));
        assert!(cleared_by_prefix("data/").has(Kind::Redirect));
        assert!(!cleared_by_prefix("data").has(Kind::Redirect));
        assert!(!cleared_by_prefix("//").has(Kind::Redirect));
    }
}
