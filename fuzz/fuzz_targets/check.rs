//! What every front end promises for any text.

use base::{FileId, Language};

/// No panic; every span within the text and on character boundaries.
pub fn check(language: Language, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lowered = lang::lower(FileId(0), language, &text);
    for (_, expr) in lowered.module.exprs() {
        let (start, end) = (expr.range.start as usize, expr.range.end as usize);
        assert!(start <= end && text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end}");
    }
}
