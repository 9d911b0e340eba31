//! Bytes of a text.

/// A half-open range of bytes of the text that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Range {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The smallest range that holds both.
    pub fn to(self, other: Range) -> Range {
        Range { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether a byte lies in it.
    pub fn holds(self, byte: usize) -> bool {
        (self.start as usize) <= byte && byte < self.end as usize
    }

    /// The text of it.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The same range in a text that holds this one from `offset` on.
    pub fn shifted(self, offset: u32) -> Range {
        Range { start: self.start + offset, end: self.end + offset }
    }
}
