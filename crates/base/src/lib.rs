//! Plain data that every other crate speaks: files and spans, interned names, findings and reviews.
//!
//! This crate knows no language, framework, rule or output format, and does no I/O. Everything in it
//! is data that can be built in a test by hand.
//!
//! Begin reading at [`span`] (where things are), then [`finding`] (what a rule says) and
//! [`review`] (what a session ends in).

pub mod finding;
pub mod language;
pub mod review;
pub mod source;
pub mod span;
pub mod symbol;
pub mod text;

pub use finding::{
    Edit, Escalation, Evidence, Finding, NewFile, Persona, Related, RuleInfo, Safety, Severity, Stage, Strength,
    TraceStep,
};
pub use language::Language;
pub use review::{Budget, CheckItem, CheckState, EscalationCall, Gap, GapKind, Review, StageReport, Summary};
pub use source::{Before, FileRole, LineColumn, SourceFile, SourceMap};
pub use span::{FileId, Span};
pub use symbol::Symbol;
pub use text::{Piece, Text};

/// A stable hash of parts, as 16 hexadecimal digits (the start of their SHA-256).
pub fn source_hash(parts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}
