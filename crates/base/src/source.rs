//! The files under review, their lines, and the places that must be masked when shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{FileId, Language, Span};

/// What a file is for. Rules on production code pass over the other roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    /// Code or configuration that runs in production.
    Production,
    /// Tests, fixtures and mocks: read for stage five, not reviewed as production code.
    Test,
    /// Examples, documentation, development scripts.
    Example,
    /// A schema migration.
    Migration,
    /// Runs in browsers: a package whose dependencies are those of a user interface.
    Browser,
    /// Written by a generator.
    Generated,
    /// No file of the tree: what a running system said of itself.
    Live,
}

/// One file of the tree.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the root of the review, with `/`.
    pub path: String,
    /// Its text as UTF-8 (invalid bytes replaced).
    pub text: Arc<str>,
    /// The language, if a front end reads it.
    pub language: Option<Language>,
    /// What it is for.
    pub role: FileRole,
    /// Shared by copies.
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    /// A file with its lines indexed. LF, CRLF and lone CR end a line.
    pub fn new(path: String, text: Arc<str>, language: Option<Language>, role: FileRole) -> Self {
        let bytes = text.as_bytes();
        let mut line_starts = vec![0];
        match text.contains('\r') {
            true => {
                for (at, byte) in bytes.iter().enumerate() {
                    if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                        line_starts.push(at as u32 + 1);
                    }
                }
            }
            false => line_starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1)),
        }
        Self { path, text, language, role, line_starts: line_starts.into() }
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// The 1-based line of byte `offset`.
    pub fn line_of(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|start| *start <= offset) as u32
    }

    /// The 1-based line and column (in Unicode code points) of byte `offset`.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let line = self.line_of(offset);
        let start = self.line_starts[line as usize - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |t| t.chars().count()) as u32 + 1;
        LineColumn { line, column }
    }

    /// The byte range of the 1-based `line`, without its line ending.
    pub fn line_range(&self, line: u32) -> std::ops::Range<usize> {
        let at = (line.max(1) as usize - 1).min(self.line_starts.len() - 1);
        let start = self.line_starts[at] as usize;
        let end = self.line_starts.get(at + 1).map_or(self.text.len(), |end| *end as usize);
        let trimmed = self.text[start..end].trim_end_matches(['\n', '\r']).len();
        start..start + trimmed
    }
}

/// A place as people and editors count: both from 1, columns in Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in code points, from 1.
    pub column: u32,
}

/// All files of a review. [`FileId`]s index it.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    masks: Vec<Span>,
    before: Option<Arc<Before>>,
}

/// What is known of the tree that a change starts from: the merge base of a branch.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// How it was named: `origin/main`.
    pub name: String,
    /// The paths of its files, relative to the root of the review.
    pub paths: BTreeSet<String>,
    /// Texts of those whose newer text only adds to them, as change logs are written on.
    pub texts: BTreeMap<String, String>,
}

impl SourceMap {
    /// A map over `files`, which the caller has sorted by path.
    pub fn new(files: Vec<SourceFile>) -> Self {
        Self { files, masks: Vec::new(), before: None }
    }

    /// Says what the tree was before the change under review.
    pub fn set_before(&mut self, before: Arc<Before>) {
        self.before = Some(before);
    }

    /// The tree before the change under review, where it is known.
    pub fn before(&self) -> Option<&Before> {
        self.before.as_deref()
    }

    /// The file.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Every file with its id, in order.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    /// The file at a relative path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|f| f.path.as_str().cmp(path)).ok().map(|i| FileId(i as u32))
    }

    /// The text of a span, unmasked: for analysis, never for output.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The first place of a span.
    pub fn start(&self, span: Span) -> LineColumn {
        self.file(span.file).line_column(span.start)
    }

    /// One past the last place of a span.
    pub fn end(&self, span: Span) -> LineColumn {
        self.file(span.file).line_column(span.end)
    }

    /// Spans that no output may show (secrets). See [`SourceMap::shown_line`].
    pub fn set_masks(&mut self, mut masks: Vec<Span>) {
        masks.sort();
        masks.dedup();
        self.masks = masks;
    }

    /// A line as an output may show it: every masked byte range is replaced by `•` marks.
    /// This is the only way by which source text may reach an output.
    pub fn shown_line(&self, file: FileId, line: u32) -> String {
        let range = self.file(file).line_range(line);
        let text = &self.file(file).text;
        let mut shown = String::with_capacity(range.len());
        let mut at = range.start;
        for mask in self.masks.iter().filter(|m| m.file == file) {
            let (start, end) = (mask.start as usize, (mask.end as usize).min(range.end));
            if end <= at || start >= range.end {
                continue;
            }
            shown.push_str(text.get(at..start.max(at)).unwrap_or(""));
            shown.push_str("••••••");
            at = end;
        }
        shown.push_str(text.get(at..range.end).unwrap_or(""));
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("a.py".into(), text.into(), Some(Language::Python), FileRole::Production)
    }

    #[test]
    fn lines_end_at_lf_crlf_and_lone_cr() {
        let file = file("a\r\nb\rc\nd");
        assert_eq!(file.lines(), 4);
        assert_eq!(file.line_of(3), 2);
        assert_eq!(&file.text[file.line_range(2)], "b");
    }

    #[test]
    fn columns_count_code_points() {
        assert_eq!(file("é = x").line_column(5), LineColumn { line: 1, column: 5 });
    }

    #[test]
    fn masked_text_is_never_shown() {
        let mut map = SourceMap::new(vec![file("key = 'hunter2'\nx = 1")]);
        map.set_masks(vec![Span::new(FileId(0), 7, 14)]);
        assert_eq!(map.shown_line(FileId(0), 1), "key = '••••••'");
        assert_eq!(map.shown_line(FileId(0), 2), "x = 1");
    }
}
