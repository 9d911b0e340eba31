//! Statements of DDL into [`Change`]s. `table.rs` has tables and their columns, `alter.rs` `ALTER`, `other.rs` the rest.

mod alter;
mod index;
mod other;
mod table;

use crate::{
    Change, Range, Step,
    cursor::{Cursor, Read},
};

/// The changes of one statement; `None` when it is no DDL that changes what a schema holds.
pub(crate) fn read(cursor: &mut Cursor<'_, '_>) -> Option<Read<Vec<Change>>> {
    let start = cursor.position();
    let made = if cursor.word("create") {
        other::create(cursor)
    } else if cursor.word("alter") {
        alter::alter(cursor)
    } else if cursor.word("drop") {
        other::drop(cursor)
    } else {
        other::rest(cursor)
    }?;
    let range = whole(cursor, start);
    Some(made.map(|steps| {
        let one = |(own, step): (Option<Range>, Step)| Change { range: own.unwrap_or(range), conditional: false, step };
        steps.into_iter().map(one).collect()
    }))
}

/// Steps with the range of an action within the statement.
type Steps = Vec<(Option<Range>, Step)>;

/// One step for the whole statement.
fn one(step: Step) -> Steps {
    vec![(None, step)]
}

fn whole(cursor: &Cursor<'_, '_>, start: usize) -> Range {
    Range::new(start, cursor.tokens.last().map_or(start, |t| t.end()))
}
