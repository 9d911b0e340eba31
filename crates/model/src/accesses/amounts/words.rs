//! What names say of amounts, where nothing else is known of what is called.

use crate::guards::words;

/// Whether something is called as what says how many.
pub(super) fn is_amount_name(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['_', '-'], "");
    ["limit", "size", "perpage", "take", "count", "first", "top", "rows", "max", "num", "length"]
        .iter()
        .any(|w| plain.contains(w))
}

/// Whether a declaration gives a maximum.
pub(super) fn says_maximum(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["max", "le=", "lte", "lt=", "less", "range", "between", "oneof", "enum", "literal[", "isin", "cap"]
        .iter()
        .any(|w| text.contains(w))
}

/// Whether a call by this name keeps a value below another.
pub(super) fn is_cap(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    has(&["min", "minimum", "clamp", "cap", "capped", "bound", "bounded", "between", "coerce", "constrain", "restrict"])
        || has(&["validate", "validated", "validator", "check", "ensure", "sanitize", "normalize"])
}

/// Whether a call by this name only turns a value into another.
pub(super) fn turns(name: &str) -> bool {
    const TURNS: [&str; 31] = [
        "parse", "int", "integer", "number", "atoi", "uint", "str", "string", "value", "of", "to", "i", "float",
        "long", "double", "trim", "strip", "unwrap", "or", "default", "else", "convert", "int32", "int64", "abs",
        "floor", "round", "trunc", "max", "cast", "ok",
    ];
    words(name).iter().any(|w| TURNS.contains(&w.as_str()) || w.starts_with("parse") || w.starts_with("int"))
}
