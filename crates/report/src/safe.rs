//! Strings from outside, made safe for each output.
//!
//! A path, a line of source text or a name in the reviewed project may hold anything: an escape sequence
//! that rewrites the reader's terminal, a bidirectional override that reorders the code shown, a newline
//! followed by `::error::` that a CI runner obeys, HTML, a mention of a stranger. Nothing is dropped
//! silently: what cannot be shown is shown as what it is, such as `␛` or `[U+202E]`.

use std::borrow::Cow;

/// The longest inline piece of code shown.
const LONGEST_CODE: usize = 240;
/// The longest piece of prose shown.
const LONGEST_PROSE: usize = 2_000;
/// The longest block of code shown, in lines.
pub const LONGEST_BLOCK: usize = 60;
/// The widest line shown, in columns.
pub const WIDEST_LINE: usize = 200;

/// Whether a character has no honest look of its own: controls, bidirectional controls, zero-width and
/// filler characters, line separators, tags and variation selectors that carry hidden text.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The visible form of a hidden character.
fn push_visible(out: &mut String, c: char) {
    match c {
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + c as u32)),
        '\u{7f}' => out.push('\u{2421}'),
        _ => out.push_str(&format!("[U+{:04X}]", c as u32)),
    }
}

/// One character in its visible form; a tab is four spaces.
pub fn visible_char(c: char) -> Cow<'static, str> {
    match c {
        '\t' => Cow::Borrowed("    "),
        c if is_hidden(c) => {
            let mut out = String::new();
            push_visible(&mut out, c);
            Cow::Owned(out)
        }
        c => Cow::Owned(c.into()),
    }
}

/// Text for one line: nothing in it can end the line or act on a terminal.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) { push_visible(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Prose for one line: line endings and tabs become spaces, and it is not endless.
pub fn prose(text: &str) -> String {
    let joined: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    shortened(&line(&joined), LONGEST_PROSE)
}

/// Inline code for one line, of bounded length.
pub fn code(text: &str) -> String {
    shortened(&line(&text.replace('\t', " ")), LONGEST_CODE)
}

/// The lines of a block of code: tabs become spaces, long lines and long blocks are cut and say so.
pub fn block(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_end_matches('\n').trim_start_matches('\n');
    let total = text.split('\n').count();
    let shown = if total > LONGEST_BLOCK { LONGEST_BLOCK - 1 } else { total };
    let mut lines: Vec<String> = text
        .split('\n')
        .take(shown)
        .map(|l| no_command(&shortened(&line(&l.replace('\t', "    ")), WIDEST_LINE)).trim_end().to_owned())
        .collect();
    if shown < total {
        lines.push(format!("… {} more lines", total - shown));
    }
    lines
}

/// Several lines in their visible form, for text fields of data formats.
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// At most `max` characters, the last of them an ellipsis where something was cut.
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A line that no CI runner takes for a command: `::name::` at its start, `##[name]` or `##vso[` anywhere.
pub fn no_command(line: &str) -> Cow<'_, str> {
    let starts = line.trim_start().starts_with("::");
    if !starts && !line.contains("##[") && !line.contains("##vso[") {
        return Cow::Borrowed(line);
    }
    let mut line = line.replace("##[", "# #[").replace("##vso[", "# #vso[");
    if starts {
        line = line.replacen("::", ": :", 1);
    }
    Cow::Owned(line)
}

/// Markdown prose. No character of it is markup; what a forge would turn into a mention, a reference or a
/// link (`@name`, `#12`, `GH-12`, addresses, commit hashes) becomes inline code, where nothing is linked.
pub fn markdown(text: &str) -> String {
    let text = prose(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        if is_linked_by_forges(word) {
            let bare = word.trim_matches(|c| matches!(c, '.' | ',' | ';' | ')' | '(' | '"' | '\'' | '!' | '?'));
            let start = word.find(bare).unwrap_or(0);
            escape_into(&mut out, &word[..start]);
            out.push_str(&markdown_code(bare));
            escape_into(&mut out, &word[start + bare.len()..]);
        } else {
            escape_into(&mut out, word);
        }
    }
    out
}

fn is_linked_by_forges(word: &str) -> bool {
    let follows = |mark: char| {
        word.split(mark).skip(1).any(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'))
    };
    let lower = word.to_ascii_lowercase();
    let numbered = lower.find("gh-").is_some_and(|at| lower[at + 3..].starts_with(|c: char| c.is_ascii_digit()));
    let hash = lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        (7..=40).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_hexdigit())
            && part.bytes().any(|b| b.is_ascii_digit())
    });
    follows('@')
        || follows('#')
        || word.contains("://")
        || lower.contains("www.")
        || lower.contains("mailto:")
        || word.contains('$')
        || numbered
        || hash
}

fn escape_into(out: &mut String, text: &str) {
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let is_markup = match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '@' | '$' | '^' => {
                true
            }
            '&' => next.is_some_and(|n| n.is_alphanumeric() || n == '#'),
            _ => false,
        };
        if is_markup {
            out.push('\\');
        }
        out.push(c);
    }
}

/// A list mark, heading underline or workflow command at the start of escaped prose stays prose.
pub fn markdown_start(text: String) -> String {
    let Some(first) = text.chars().next() else { return text };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if matches!(first, '-' | '+' | '=') || text.starts_with("::") {
        format!("\\{text}")
    } else if digits > 0 && text[digits..].starts_with(['.', ')']) {
        format!("{}\\{}", &text[..digits], &text[digits..])
    } else {
        text
    }
}

/// Inline code in Markdown, between more backticks than it holds in a row.
pub fn markdown_code(text: &str) -> String {
    let text = code(text);
    if text.is_empty() {
        return String::new();
    }
    let marks = "`".repeat(longest_run(&text) + 1);
    let edge = |c: char| c == '`' || c == ' ';
    if text.starts_with(edge) || text.ends_with(edge) {
        format!("{marks} {text} {marks}")
    } else {
        format!("{marks}{text}{marks}")
    }
}

/// A fenced block in Markdown, each line behind `indent`, its fence longer than any inside.
pub fn markdown_block(language: &str, lines: &[String], indent: &str) -> String {
    let longest = lines.iter().map(|l| longest_run(l)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let tag: String =
        language.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-')).take(20).collect();
    let mut out = format!("{indent}{fence}{tag}\n");
    for line in lines {
        out.push_str(format!("{indent}{line}").trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{indent}{fence}\n"));
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Escapes every hidden character of a JSON document, and what a CI runner would obey in its log. They can
/// only stand inside its strings, where `\u` means the same character, so readers get the exact string and
/// terminals get nothing to obey.
pub fn json_document(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for (at, c) in text.char_indices() {
        let command = || text[at..].starts_with("##[") || text[at..].starts_with("##vso[");
        if (c != '\n' && is_hidden(c)) || (c == '#' && command()) {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A relative path as a URI reference: every byte that is not unreserved is percent-encoded.
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(
            line("a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{200b}\u{e0041}\n"),
            "a␛[31m␡[U+009B][U+202E][U+200B][U+E0041]␊"
        );
        assert_eq!(line("plain ünïcode 漢字"), "plain ünïcode 漢字");
    }

    #[test]
    fn markdown_prose_holds_no_markup() {
        assert_eq!(markdown("a <b> *c* [d](e) & ![f] &lt;"), r"a \<b\> \*c\* \[d\](e) & \!\[f\] \&lt;");
        assert_eq!(markdown("thanks @user, see #123 and GH-7."), "thanks `@user`, see `#123` and `GH-7`.");
        assert_eq!(markdown("at https://x.example/?q=1."), "at `https://x.example/?q=1`.");
        assert_eq!(markdown_start(markdown("- 1")), r"\- 1");
        assert_eq!(markdown_start(markdown("1. x")), r"1\. x");
        assert_eq!(markdown_start(markdown("::error::")), r"\::error::");
        assert_eq!(markdown("x\n::error::y"), "x ::error::y");
        assert_eq!(markdown("reverts 0123abc"), "reverts `0123abc`");
    }

    #[test]
    fn inline_code_outlasts_its_backticks() {
        assert_eq!(markdown_code("a"), "`a`");
        assert_eq!(markdown_code("a``b"), "```a``b```");
        assert_eq!(markdown_code("`a`"), "`` `a` ``");
        assert_eq!(markdown_code("a\nb"), "`a␊b`");
    }

    #[test]
    fn fences_outlast_their_content() {
        assert_eq!(markdown_block("py`<", &["````".into()], "  "), "  `````py\n  ````\n  `````\n");
    }

    #[test]
    fn no_line_is_a_workflow_command() {
        assert_eq!(no_command("  ::error::x"), "  : :error::x");
        assert_eq!(no_command("a ##[command] ##vso[x]"), "a # #[command] # #vso[x]");
        assert_eq!(no_command("std::fs"), "std::fs");
    }

    #[test]
    fn json_strings_keep_their_value() {
        let value = "\u{7f}\u{202e}\u{e0041}é";
        let text = json_document(&serde_json::to_string(value).expect("a string"));
        assert!(text.is_ascii() || text.contains('é'));
        assert!(!text.chars().any(is_hidden));
        assert_eq!(serde_json::from_str::<String>(&text).expect("valid"), value);
    }

    #[test]
    fn paths_are_percent_encoded() {
        assert_eq!(uri("a b/ü:#?%.py"), "a%20b/%C3%BC%3A%23%3F%25.py");
    }

    #[test]
    fn long_text_is_cut_with_an_ellipsis() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }
}
