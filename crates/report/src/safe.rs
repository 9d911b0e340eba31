//! Outside strings made safe for each output.

/// Whether a character must not reach a terminal or a reader as it is: C0 and C1 controls, DEL,
/// bidirectional controls, zero-width and tag characters (CWE-150).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{E0000}'..='\u{E007F}')
}

/// One line without hidden characters: tabs become spaces, others show as `U+XXXX`.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\n' | '\r' => out.push(' '),
            c if is_hidden(c) => out.push_str(&format!("<U+{:04X}>", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Several lines, each as [`line`].
pub fn lines(text: &str) -> String {
    text.split('\n').map(|l| line(l.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

/// Cuts a line to `width` characters.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).collect::<String>() + "…"
}

/// Prose for Markdown: no HTML, no links or images, no mentions, no automatic links.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '[' | ']' | '*' | '_' | '`' | '\\' | '|' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // a zero-width space keeps mentions and issue links from forming
            '@' | '#' => {
                out.push(c);
                out.push_str("&#8203;");
            }
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    out
}

/// Code within a line of Markdown, between enough backticks.
pub fn inline_code(text: &str) -> String {
    let text = line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fenced block, with a fence longer than any run of backticks inside.
pub fn fence(language: &str, code: &str) -> String {
    let code = lines(code);
    let ticks = "`".repeat(longest_run(&code).max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}", code.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_bidi_become_visible() {
        let shown = line("a\u{1b}[31mb\u{202e}c\u{e0041}d\n::error::x");
        assert!(!shown.chars().any(is_hidden), "{shown}");
        assert!(shown.contains("<U+001B>") && shown.contains("<U+202E>"));
    }

    #[test]
    fn a_fence_is_longer_than_what_is_inside() {
        assert!(fence("", "```\nx").starts_with("````"));
        assert_eq!(inline_code("a`b"), "``a`b``");
    }

    #[test]
    fn prose_cannot_link_mention_or_mark_up() {
        let safe = markdown("<b>@user #12 [x](http://y) ![i](z)");
        for bad in ["<b>", "@user", "#12", "[x](", "![i](", "http://"] {
            assert!(!safe.contains(bad), "{bad} in {safe}");
        }
    }
}
