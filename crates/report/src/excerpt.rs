//! The lines of source text under a span, as an output may show them.
//!
//! Text comes only from [`SourceMap::shown_line`], which masks secrets. At most [`LINES`] lines of at most
//! [`COLUMNS`] columns are shown; a long line is cut around the span.

use base::{SourceMap, Span};
use unicode_width::UnicodeWidthChar;

use crate::safe;

/// The most lines shown.
pub const LINES: usize = 10;
/// The most columns shown.
pub const COLUMNS: usize = 200;

/// One line of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptLine {
    /// Its number in the file.
    pub number: u32,
    /// Its visible text.
    pub text: String,
    /// The columns of the span in `text`, from 0, half-open, at least one wide.
    pub marked: (usize, usize),
}

/// The lines under a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines.
    pub lines: Vec<ExcerptLine>,
    /// Lines of the span that are not shown.
    pub omitted: usize,
}

/// The excerpt of a span, no line wider than `columns` (and never wider than [`COLUMNS`]).
pub fn of(sources: &SourceMap, span: Span, columns: usize) -> Excerpt {
    let file = sources.file(span.file);
    let columns = columns.clamp(20, COLUMNS);
    let first = file.line_of(span.start);
    // a span that ends with a line break does not reach into the next line
    let last = file.line_of(span.end.saturating_sub(1).max(span.start)).max(first);
    let total = (last - first) as usize + 1;
    let shown = total.min(LINES);
    let lines: Vec<Line> = (first..)
        .take(shown)
        .map(|number| {
            let range = file.line_range(number);
            let original = &file.text[range.clone()];
            let text = sources.shown_line(span.file, number);
            let start =
                if number == first { (span.start as usize).saturating_sub(range.start) } else { indent(original) };
            let end = if number == last { (span.end as usize).saturating_sub(range.start) } else { original.len() };
            let (start, end) = through_mask(original, &text, start.min(original.len()), end.min(original.len()));
            Line { number, text, start, end }
        })
        .collect();
    let shared = shared_indent(&lines);
    let lines = lines.iter().map(|line| line.without_indent(shared).cut(columns)).collect();
    Excerpt { lines, omitted: total - shown }
}

/// A line as it may be shown, with the bytes that the span covers.
struct Line {
    number: u32,
    text: String,
    start: usize,
    end: usize,
}

/// The bytes of indentation that all lines share.
fn shared_indent(lines: &[Line]) -> usize {
    let written = || lines.iter().map(|l| l.text.as_str()).filter(|t| !t.trim().is_empty());
    let shortest = written().map(indent).min().unwrap_or(0);
    let Some(first) = written().next() else { return 0 };
    if written().all(|t| t.as_bytes()[..shortest] == first.as_bytes()[..shortest]) { shortest } else { 0 }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Byte offsets of the original line, moved to where they are once secrets have been masked.
fn through_mask(original: &str, shown: &str, start: usize, end: usize) -> (usize, usize) {
    if original == shown {
        return (start, end);
    }
    let same = |a: &mut dyn Iterator<Item = (char, char)>| {
        a.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let before = same(&mut original.chars().zip(shown.chars()));
    let after = same(&mut original[before..].chars().rev().zip(shown[before..].chars().rev()));
    let moved = |offset: usize, inside: usize| {
        if offset <= before {
            offset
        } else if offset >= original.len() - after {
            shown.len() - (original.len() - offset)
        } else {
            inside
        }
    };
    let (start, end) = (moved(start, before), moved(end, shown.len() - after));
    (start, end.max(start))
}

impl Line {
    fn without_indent(&self, bytes: usize) -> Line {
        let text = self.text.get(bytes..).unwrap_or("").to_owned();
        let (start, end) = (self.start.saturating_sub(bytes), self.end.saturating_sub(bytes));
        Line { number: self.number, text, start, end }
    }

    /// The line in visible characters, cut to `columns` around its span.
    fn cut(&self, columns: usize) -> ExcerptLine {
        let Line { number, ref text, start, end } = *self;
        let line = text.as_str();
        // every character with its visible form, its column, and whether the span covers it
        let mut cells: Vec<(String, usize, usize)> = Vec::new();
        let (mut column, mut from, mut to) = (0, None, 0);
        for (at, c) in line.char_indices() {
            if at >= start && from.is_none() {
                from = Some(column);
            }
            let form = safe::visible_char(c).into_owned();
            let width: usize = form.chars().map(|c| c.width().unwrap_or(0)).sum();
            cells.push((form, column, width));
            column += width;
            if at < end {
                to = column;
            }
        }
        let (from, total) = (from.unwrap_or(column), column);
        let to = to.max(from + 1);
        if total <= columns {
            let text: String = cells.into_iter().map(|c| c.0).collect();
            return ExcerptLine { number, text: text.trim_end().to_owned(), marked: (from, to) };
        }
        // keep a third of the room before the span, unless the line's start fits
        let first = if from + (to - from).min(columns / 2) < columns { 0 } else { from - columns / 3 };
        let mut text = String::new();
        let mut used = 0;
        let mut skipped_to = 0;
        if first > 0 {
            text.push('…');
            used = 1;
        }
        let mut cut_after = false;
        for (form, column, width) in cells {
            if column < first {
                skipped_to = column + width;
                continue;
            }
            if used + width + 1 > columns {
                cut_after = true;
                break;
            }
            text.push_str(&form);
            used += width;
        }
        if cut_after {
            text.push('…');
            used += 1;
        }
        let shift = |c: usize| if first > 0 { (c + 1).saturating_sub(skipped_to.max(first)) } else { c };
        let marked_from = shift(from).min(used.saturating_sub(1));
        let marked_to = shift(to).min(used).max(marked_from + 1);
        ExcerptLine { number, text, marked: (marked_from, marked_to) }
    }
}

#[cfg(test)]
mod tests {
    use base::{FileId, FileRole, SourceFile};

    use super::*;

    fn map(text: &str) -> SourceMap {
        SourceMap::new(vec![SourceFile::new("a.py".into(), text.into(), None, FileRole::Production)])
    }

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).expect("the part is in the text") as u32;
        Span::new(FileId(0), start, start + part.len() as u32)
    }

    fn marked(line: &ExcerptLine) -> String {
        let mut column = 0;
        let mut out = String::new();
        for c in line.text.chars() {
            if (line.marked.0..line.marked.1).contains(&column) {
                out.push(c);
            }
            column += c.width().unwrap_or(0);
        }
        out
    }

    #[test]
    fn tabs_wide_characters_and_controls_keep_the_mark_in_place() {
        let text = "x = 1\n\tname = '漢字\u{1b}[31m'\t+ call(漢)\n";
        let excerpt = of(&map(text), span(text, "call(漢)"), 200);
        assert_eq!(excerpt.lines[0].number, 2);
        assert_eq!(excerpt.lines[0].text, "name = '漢字␛[31m'    + call(漢)");
        assert_eq!(marked(&excerpt.lines[0]), "call(漢)");
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let text = format!("{} target() {}", "a".repeat(3_000), "b".repeat(3_000));
        for columns in [40, 80, 200] {
            let excerpt = of(&map(&text), span(&text, "target()"), columns);
            let line = &excerpt.lines[0];
            assert!(line.text.starts_with('…') && line.text.ends_with('…'));
            assert!(line.text.chars().count() <= columns);
            assert_eq!(marked(line), "target()");
        }
    }

    #[test]
    fn at_most_ten_lines_are_shown() {
        let text = "line\n".repeat(30);
        let excerpt = of(&map(&text), Span::new(FileId(0), 0, text.len() as u32), 200);
        assert_eq!((excerpt.lines.len(), excerpt.omitted), (10, 20));
    }

    #[test]
    fn a_masked_secret_keeps_the_mark_in_place() {
        let text = "connect('hunter2-hunter2', retry())";
        let mut map = map(text);
        map.set_masks(vec![span(text, "hunter2-hunter2")]);
        assert_eq!(marked(&of(&map, span(text, "retry()"), 200).lines[0]), "retry()");
        assert_eq!(marked(&of(&map, span(text, "hunter2-hunter2"), 200).lines[0]), "••••••");
        assert_eq!(marked(&of(&map, span(text, "ter2-h"), 200).lines[0]), "••••••");
    }

    #[test]
    fn odd_spans_do_no_harm() {
        let text = "ab\n\nc";
        for (start, end) in [(0, 0), (2, 2), (3, 3), (3, 4), (0, 5), (5, 5), (4, 5)] {
            let excerpt = of(&map(text), Span::new(FileId(0), start, end), 200);
            assert!(!excerpt.lines.is_empty());
        }
    }
}
