//! Tables and their references as a picture, with how often code asks for each.

use std::fmt::Write as _;

use model::schemas::DatabaseSchema;
use sql::schema::{IndexRole, Table};

use super::data::{Weight, weights};
use crate::Session;

/// An entity-relationship diagram for Mermaid. Each reference is labelled with its columns, each table with its queries.
pub fn mermaid(session: &Session) -> String {
    let mut out = String::from("erDiagram\n");
    let weights = weights(session);
    for (at, database) in session.model.schemas.iter().enumerate() {
        let name = |table: &str| identifier(&in_schema(session, at, table));
        for (key, table) in &database.schema.tables {
            let weight = weights.get(&(at as u32, key)).copied().unwrap_or_default();
            let _ = writeln!(out, "    %% {}: {}", name(&key.name), told(weight));
            let _ = writeln!(out, "    {} {{", name(&key.name));
            for column in &table.columns {
                let ty = identifier(&column.data_type.to_string());
                let _ = writeln!(out, "        {ty} {}{}", identifier(&column.name), marks(table, &column.name));
            }
            let _ = writeln!(out, "    }}");
        }
        for (key, table) in &database.schema.tables {
            for foreign in table.foreign_keys.iter().filter(|f| is_there(database, &f.references.name)) {
                let columns: Vec<&str> = foreign.columns.iter().map(String::as_str).collect();
                let optional =
                    columns.iter().any(|c| table.column(c, database.schema.dialect).is_some_and(|c| !c.not_null));
                let one = if optional { "|o" } else { "||" };
                let many = if table.is_unique(&columns, database.schema.dialect) { "o|" } else { "o{" };
                let from = name(&foreign.references.name);
                let _ =
                    writeln!(out, "    {from} {one}--{many} {} : \"{}\"", name(&key.name), plain(&columns.join(", ")));
            }
        }
    }
    out
}

/// The same for Graphviz. The line around a table is the thicker the more queries go to it.
pub fn dot(session: &Session) -> String {
    let mut out = String::from("digraph tables {\n    rankdir=LR;\n    node [shape=plain, fontname=\"sans-serif\"];\n");
    let weights = weights(session);
    for (at, database) in session.model.schemas.iter().enumerate() {
        let name = |table: &str| format!("\"{}\"", quoted(&in_schema(session, at, table)));
        for (key, table) in &database.schema.tables {
            let weight = weights.get(&(at as u32, key)).copied().unwrap_or_default();
            let border = 1 + weight.all().checked_ilog2().unwrap_or(0);
            let mut rows = String::new();
            for column in &table.columns {
                let marks = marks(table, &column.name);
                let text = html(&format!("{} {}{marks}", column.name, column.data_type));
                let _ = write!(rows, "<tr><td align=\"left\" port=\"{}\">{text}</td></tr>", html(&column.name));
            }
            let _ = writeln!(
                out,
                "    {} [label=<<table border=\"{border}\" cellborder=\"0\" cellspacing=\"0\"><tr><td><b>{}</b></td></tr><tr><td><i>{}</i></td></tr>{rows}</table>>];",
                name(&key.name),
                html(&key.name),
                told(weight)
            );
        }
        for (key, table) in &database.schema.tables {
            for foreign in table.foreign_keys.iter().filter(|f| is_there(database, &f.references.name)) {
                let label = quoted(&foreign.columns.join(", "));
                let _ =
                    writeln!(out, "    {} -> {} [label=\"{label}\"];", name(&key.name), name(&foreign.references.name));
            }
        }
    }
    out.push_str("}\n");
    out
}

fn told(weight: Weight) -> String {
    let repeated = if weight.repeated > 0 { format!(", {} in loops", weight.repeated) } else { String::new() };
    format!("{} read, {} write it{repeated}", weight.reads, weight.writes)
}

/// A table's name, with the number of its schema where there are several.
fn in_schema(session: &Session, at: usize, table: &str) -> String {
    if session.model.schemas.len() > 1 { format!("{table}_{}", at + 1) } else { table.to_owned() }
}

fn is_there(database: &DatabaseSchema, table: &str) -> bool {
    database.schema.tables.keys().any(|k| database.schema.dialect.is_same(&k.name, table))
}

/// ` PK, FK, UK` of a column, as far as they hold.
fn marks(table: &Table, column: &str) -> String {
    let alone =
        |index: &sql::schema::Index| index.columns.len() == 1 && index.columns[0].column.as_deref() == Some(column);
    let within = |index: &sql::schema::Index| index.columns.iter().any(|c| c.column.as_deref() == Some(column));
    let mut marks = Vec::new();
    if table.indexes.iter().any(|i| i.role == IndexRole::PrimaryKey && within(i)) {
        marks.push("PK");
    }
    if table.foreign_keys.iter().any(|f| f.columns.iter().any(|c| c == column)) {
        marks.push("FK");
    }
    if table.indexes.iter().any(|i| i.unique && i.role != IndexRole::PrimaryKey && alone(i)) {
        marks.push("UK");
    }
    if marks.is_empty() { String::new() } else { format!(" {}", marks.join(", ")) }
}

/// A name that Mermaid takes.
fn identifier(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        None => "_".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("t{plain}"),
        _ => plain.to_owned(),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '"' | '\\' | '\n' | '\r' | ';')).collect()
}

fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().replace('\\', "\\\\").replace('"', "\\\"")
}

fn html(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).collect();
    kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
