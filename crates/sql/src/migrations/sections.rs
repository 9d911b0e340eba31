//! The comments in SQL files that migration tools read.

use super::{Tool, TransactionMode};
use crate::Range;

/// What the comments of a file say.
pub(super) struct Sections {
    pub tool: Option<Tool>,
    pub forward: Vec<Range>,
    pub has_backward: bool,
    pub transaction: Option<TransactionMode>,
}

/// The lines of a text with the bytes where they begin and end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, at, line.trim())
    })
}

/// Reads the comments of a file.
pub(super) fn read(text: &str) -> Sections {
    let mut made = Sections { tool: None, forward: Vec::new(), has_backward: false, transaction: None };
    // where the part that goes forward began
    let mut open: Option<usize> = None;
    let mut marked = false;
    for (number, (start, end, line)) in lines(text).enumerate() {
        let Some(comment) = line.strip_prefix("--") else { continue };
        let words: Vec<String> = comment.split_whitespace().map(str::to_ascii_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (tool, forward) = match words.as_slice() {
            ["+goose", "up", ..] => (Tool::Goose, true),
            ["+goose", "down", ..] => (Tool::Goose, false),
            ["+migrate", "up", ..] => (Tool::SqlMigrate, true),
            ["+migrate", "down", ..] => (Tool::SqlMigrate, false),
            ["migrate:up", ..] => (Tool::Dbmate, true),
            ["migrate:down", ..] => (Tool::Dbmate, false),
            ["up", "migration", ..] => (Tool::NodePgMigrate, true),
            ["down", "migration", ..] => (Tool::NodePgMigrate, false),
            ["+goose", "no", "transaction"] | ["atlas:txmode", "none"] => {
                made.transaction = Some(TransactionMode::None);
                continue;
            }
            ["no-transaction"] if number < 3 => {
                made.transaction = Some(TransactionMode::None);
                continue;
            }
            _ => continue,
        };
        if words.contains(&"notransaction") || words.contains(&"transaction:false") {
            made.transaction = Some(TransactionMode::None);
        }
        if let Some(from) = open.take() {
            made.forward.push(Range::new(from, start));
        }
        made.tool = Some(tool);
        made.has_backward |= !forward;
        marked = true;
        if forward {
            open = Some(end);
        }
    }
    if let Some(from) = open {
        made.forward.push(Range::new(from, text.len()));
    }
    if !marked {
        made.forward = vec![Range::new(0, text.len())];
    }
    made
}

/// One change set of Liquibase's formatted SQL.
pub(super) struct FormattedChangeSet {
    pub id: String,
    pub range: Range,
    pub has_rollback: bool,
    pub transaction: TransactionMode,
    pub dbms: Option<String>,
}

/// The change sets of formatted SQL; `None` when it is none.
pub(super) fn formatted(text: &str) -> Option<Vec<FormattedChangeSet>> {
    let first = text.trim_start_matches('\u{feff}').trim_start().lines().next()?;
    let first: String = first.to_ascii_lowercase().split_whitespace().collect();
    if !first.starts_with("--liquibaseformattedsql") {
        return None;
    }
    let mut found: Vec<FormattedChangeSet> = Vec::new();
    for (start, end, line) in lines(text) {
        let Some(comment) = line.strip_prefix("--").map(str::trim) else { continue };
        let lower = comment.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("changeset") {
            if let Some(last) = found.last_mut() {
                last.range.end = start as u32;
            }
            let option = |name: &str| {
                let from = rest.find(&format!("{name}:"))? + name.len() + 1;
                rest[from..].split_whitespace().next().map(|v| v.trim_matches(['"', '\'']).to_owned())
            };
            let is_false = |name: &str| option(name).is_some_and(|v| v == "false");
            let id = comment["changeset".len()..].split_whitespace().next().unwrap_or("").to_owned();
            let transaction = if is_false("runintransaction") { TransactionMode::None } else { TransactionMode::Whole };
            let range = Range::new(end, text.len());
            found.push(FormattedChangeSet { id, range, has_rollback: false, transaction, dbms: option("dbms") });
        } else if lower.starts_with("rollback")
            && let Some(last) = found.last_mut()
        {
            last.has_rollback = true;
        }
    }
    Some(found)
}
