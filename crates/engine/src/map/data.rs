//! Tables with their indexes, and the queries that go to them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base::Span;
use model::accesses::{Access, Does, Question};
use model::schemas::DatabaseSchema;
use serde_json::{Value, json};
use sql::schema::{Index, IndexRole, Table};
use sql::{Name, ReferentialAction};

use crate::Session;

/// How often production code asks for a table and writes to it, as far as the queries could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Queries that read.
    pub reads: usize,
    /// Statements that write.
    pub writes: usize,
    /// Those of both that a loop repeats.
    pub repeated: usize,
}

impl Weight {
    /// All queries.
    pub fn all(self) -> usize {
        self.reads + self.writes
    }
}

/// The weight of each table, by the number of its schema and its name there.
pub(super) fn weights(session: &Session) -> BTreeMap<(u32, &Name), Weight> {
    let mut weights: BTreeMap<(u32, &Name), Weight> = BTreeMap::new();
    for question in &session.model.questions {
        let weight = weights.entry((question.schema, &question.table)).or_default();
        match session.model.accesses.all[question.access as usize].does.reads() {
            true => weight.reads += 1,
            false => weight.writes += 1,
        }
        weight.repeated += usize::from(is_repeated(session, question.access));
    }
    weights
}

fn is_repeated(session: &Session, access: u32) -> bool {
    session.model.accesses.repeats.iter().any(|r| r.access == access)
}

/// The schemas with their tables.
pub(super) fn schemas(session: &Session) -> Vec<Value> {
    let weights = weights(session);
    let schema = |(at, database): (usize, &DatabaseSchema)| {
        let tables: Vec<Value> = database
            .schema
            .tables
            .iter()
            .map(|(key, table)| {
                let weight = weights.get(&(at as u32, key)).copied().unwrap_or_default();
                table_json(session, table, weight)
            })
            .collect();
        json!({
            "dialect": database.schema.dialect,
            "directory": database.set.directory,
            "tool": database.set.tool,
            "migrations": if database.is_migrated() { database.set.migrations.len() } else { 0 },
            "tables": tables,
            "not_understood": database.schema.misfits.len(),
        })
    };
    session.model.schemas.iter().enumerate().map(schema).collect()
}

fn place(session: &Session, span: Span) -> Value {
    json!({"file": session.sources.file(span.file).path, "line": session.sources.start(span).line})
}

fn table_json(session: &Session, table: &Table, weight: Weight) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|c| {
            json!({
                "name": c.name,
                "type": c.data_type.to_string(),
                "not_null": c.not_null,
                "default": c.default.as_ref().map(|d| &d.expression),
            })
        })
        .collect();
    let indexes: Vec<Value> = table
        .indexes
        .iter()
        .map(|i| {
            json!({
                "name": i.name,
                "columns": elements(i),
                "unique": i.unique,
                "primary": i.role == IndexRole::PrimaryKey,
                "method": i.method,
                "where": i.predicate,
            })
        })
        .collect();
    let keys: Vec<Value> = table
        .foreign_keys
        .iter()
        .map(|k| {
            json!({
                "columns": k.columns,
                "table": k.references.name,
                "referenced": k.referenced,
                "on_delete": k.on_delete,
            })
        })
        .collect();
    json!({
        "name": table.name.name,
        "at": place(session, table.origin.made),
        "columns": columns,
        "indexes": indexes,
        "foreign_keys": keys,
        "queries": {"read": weight.reads, "write": weight.writes, "repeated": weight.repeated},
    })
}

/// The columns and expressions of an index.
fn elements(index: &Index) -> Vec<&str> {
    index.columns.iter().filter_map(|c| c.column.as_deref().or(c.expression.as_deref())).collect()
}

/// All queries of production code.
pub(super) fn queries(session: &Session) -> Vec<Value> {
    let mut asked: BTreeMap<u32, Vec<&Question>> = BTreeMap::new();
    for question in &session.model.questions {
        asked.entry(question.access).or_default().push(question);
    }
    let query = |(at, access): (usize, &Access)| {
        let questions = asked.get(&(at as u32)).map(Vec::as_slice).unwrap_or_default();
        let route = access.function.and_then(|f| session.model.route_served(f)).map(|r| r.name());
        let tables: Vec<Value> = questions
            .iter()
            .map(|q| {
                json!({
                    "schema": q.schema,
                    "table": q.table.name,
                    "equal": q.equal,
                    "range": q.ranges,
                    "order": q.order.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                    "complete": !q.is_partly_read,
                })
            })
            .collect();
        json!({
            "name": access.name,
            "does": word(access.does),
            "at": place(session, access.span),
            "route": route,
            "limited": access.is_limited,
            "repeated": is_repeated(session, at as u32),
            "tables": tables,
        })
    };
    session.model.accesses.all.iter().enumerate().map(query).collect()
}

fn word(does: Does) -> &'static str {
    match does {
        Does::List => "list",
        Does::One => "one",
        Does::Count => "count",
        Does::Insert => "insert",
        Does::InsertMany => "insert-many",
        Does::Update => "update",
        Does::Delete => "delete",
        Does::Other => "other",
    }
}

/// The JSON schemas of [`schemas`] and [`queries`].
pub(super) fn json_schemas(place: &Value) -> (Value, Value) {
    let text = || json!({"type": "string"});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    let number = || json!({"type": "integer", "minimum": 0});
    let truth = || json!({"type": "boolean"});
    let optional = || json!({"type": ["string", "null"]});
    let object = |properties: Value| {
        let required: Vec<String> = properties.as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect();
        json!({"type": "object", "required": required, "properties": properties})
    };
    let list = |items: Value| json!({"type": "array", "items": items});
    let column = object(json!({"name": text(), "type": text(), "not_null": truth(), "default": optional()}));
    let index = object(json!({
        "name": text(), "columns": texts(), "unique": truth(), "primary": truth(), "method": text(),
        "where": optional(),
    }));
    let actions = [
        ReferentialAction::NoAction,
        ReferentialAction::Restrict,
        ReferentialAction::Cascade,
        ReferentialAction::SetNull,
        ReferentialAction::SetDefault,
    ];
    let key = object(json!({
        "columns": texts(), "table": text(), "referenced": texts(), "on_delete": {"enum": actions},
    }));
    let weight = object(json!({"read": number(), "write": number(), "repeated": number()}));
    let table = object(json!({
        "name": text(), "at": place, "columns": list(column), "indexes": list(index), "foreign_keys": list(key),
        "queries": weight,
    }));
    let schema = object(json!({
        "dialect": text(), "directory": text(), "tool": text(), "migrations": number(), "tables": list(table),
        "not_understood": number(),
    }));
    let asked = object(json!({
        "schema": number(), "table": text(), "equal": texts(), "range": texts(), "order": texts(), "complete": truth(),
    }));
    let words =
        [Does::List, Does::One, Does::Count, Does::Insert, Does::InsertMany, Does::Update, Does::Delete, Does::Other];
    let query = object(json!({
        "name": text(), "does": {"enum": words.map(word)}, "at": place, "route": optional(), "limited": truth(),
        "repeated": truth(), "tables": list(asked),
    }));
    (list(schema), list(query))
}

/// The tables as text: columns with their types, keys, indexes, how often code asks.
pub(super) fn table(session: &Session, out: &mut String) {
    let weights = weights(session);
    for (at, database) in session.model.schemas.iter().enumerate() {
        let tables = &database.schema.tables;
        let _ = match database.is_migrated() {
            true => writeln!(
                out,
                "\n{} tables after {} migrations in {}",
                tables.len(),
                database.set.migrations.len(),
                database.set.directory
            ),
            false if database.is_live() => {
                writeln!(out, "\n{} tables that {} alone has", tables.len(), database.set.directory)
            }
            false => writeln!(out, "\n{} tables that code declares and no migration makes", tables.len()),
        };
        for (key, table) in tables {
            let weight = weights.get(&(at as u32, key)).copied().unwrap_or_default();
            let place = session.sources.start(table.origin.made);
            let _ = writeln!(
                out,
                "  {}  {} columns  {} read, {} write it{}  {}:{}",
                table.name.name,
                table.columns.len(),
                weight.reads,
                weight.writes,
                if weight.repeated > 0 { format!(", {} in loops", weight.repeated) } else { String::new() },
                session.sources.file(table.origin.made.file).path,
                place.line
            );
            for index in &table.indexes {
                let what = match (index.role, index.unique) {
                    (IndexRole::PrimaryKey, _) => "primary key",
                    (_, true) => "unique",
                    _ => "index",
                };
                let condition = index.predicate.as_ref().map(|p| format!(" where {p}")).unwrap_or_default();
                let _ = writeln!(out, "    {what} ({}){condition}", elements(index).join(", "));
            }
            for key in &table.foreign_keys {
                let _ = writeln!(out, "    ({}) references {}", key.columns.join(", "), key.references.name);
            }
        }
    }
}
