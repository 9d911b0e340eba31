//! SQL text and DDL of each dialect, as plain data: queries, changes of a schema, the schema that they make.
//!
//! [`parse`] takes a text apart into statements, and what is not understood is a gap between its neighbours. A query
//! becomes a [`Query`], a statement of DDL a list of [`Change`]s, which [`Schema::apply`] replays in order.
//! [`migrations::find`] says which files are migrations, in which order and which part of them goes forward.
//! [`locks`] says what a change does to a live table.
//!
//! This crate reads no files and knows no programming language, library or rule. It takes texts and gives data.
//!
//! Begin reading at [`Statement`], then [`Schema`].

mod change;
mod cursor;
mod ddl;
mod dialect;
mod fingerprint;
mod lex;
pub mod locks;
pub mod migrations;
pub mod query;
mod range;
pub mod schema;
mod split;
mod statement;
mod types;

pub use change::*;
pub use dialect::Dialect;
pub use fingerprint::fingerprint;
pub use query::Query;
pub use range::Range;
pub use schema::Schema;
pub use statement::{Hole, HolePosition, Statement, StatementKind, Transaction, parse, parse_part};
pub use types::{SqlType, TypeClass};

/// The character that stands for a hole of a template: a part of the text that is only known when the program runs.
pub const HOLE: char = '\u{fffc}';
