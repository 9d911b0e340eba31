//! Documents of Spring Data MongoDB: `@Document`, with the indexes that annotations ask for.

use base::Language;
use program::ClassRef;
use sql::{Dialect, Name};

use super::annotated::Annotated;
use super::table::{Column, Index, Table};
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;

const LIBRARY: &str = "org.springframework.data.mongodb";

/// Reads all documents.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !context.program.is_imported(LIBRARY) {
        return Vec::new();
    }
    let program = context.program;
    let mut found = Vec::new();
    for id in context.modules().filter(|id| program.module(*id).language == Language::Java) {
        if !context.imports(id, LIBRARY) {
            continue;
        }
        for (at, class) in program.module(id).classes() {
            if Annotated::new(context, id, &class.annotations).has("Document") {
                found.push(document(context, ClassRef { module: id, class: at }, dialect));
            }
        }
    }
    found
}

fn document(context: &Context<'_>, class: ClassRef, dialect: Dialect) -> Stored {
    let program = context.program;
    let item = program.class(class);
    let marks = Annotated::new(context, class.module, &item.annotations);
    let mark = marks.get("Document");
    let written = mark.and_then(|m| ["", "collection", "value"].iter().find_map(|key| m.text(key)));
    let name = written.unwrap_or_else(|| {
        let name = item.name.as_str();
        let first = name.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
        format!("{first}{}", name.chars().skip(1).collect::<String>())
    });
    let mut table = Table { name: name.clone(), at: item.name_range, ..Table::default() };
    let mut fields: Vec<StoredField> = Vec::new();
    for part in program.classes().lineage(class) {
        let module = program.module(part.module);
        for field in program.class(part).fields.iter().filter(|f| !f.is_static) {
            let marks = Annotated::new(context, part.module, &field.annotations);
            if marks.has("Transient") || fields.iter().any(|f| f.name == field.name) {
                continue;
            }
            let written = marks.get("Field").and_then(|m| ["", "name", "value"].iter().find_map(|key| m.text(key)));
            let is_key = marks.has_any(&["Id", "MongoId"]);
            let column = match is_key || field.name == "id" {
                true => "_id".to_owned(),
                false => written.unwrap_or_else(|| field.name.to_string()),
            };
            let at = if part.module == class.module { field.range } else { item.name_range };
            if let Some(index) = marks.get("Indexed") {
                let is_unique = index.bool("unique").unwrap_or(false);
                table.indexes.push(Index::on(index.text("name"), vec![column.clone()], is_unique, at));
            }
            table.columns.push(Column { name: column.clone(), ty: "text".to_owned(), at, ..Column::default() });
            if column == "_id" {
                table.key.push(column.clone());
            }
            let values = field.ty.map(|ty| context.evaluator(part.module).type_values(ty, Some(part.class)));
            let target = values.into_iter().flatten().find_map(|v| match v {
                program::Value::Instance(class) => Some(program.class(class).name.to_string()),
                _ => None,
            });
            let relation = target.filter(|_| marks.has_any(&["DBRef", "DocumentReference"]));
            fields.push(StoredField {
                name: field.name,
                span: module.span(field.range),
                column: Some(column),
                relation: relation.map(|to| StoredRelation { to, is_many: false, back: None }),
            });
        }
    }
    let inner = marks.get("CompoundIndexes").map(|all| {
        let key = if all.arg("value").is_some() { "value" } else { "" };
        all.inner(key)
    });
    for index in marks.all("CompoundIndex").chain(inner.into_iter().flatten()) {
        let Some(definition) = index.text("def") else { continue };
        let columns = definition.trim_matches(['{', '}', ' ']).split(',').filter_map(|part| {
            let (name, way) = part.split_once(':')?;
            let behind = if way.contains("-1") { " DESC" } else { "" };
            Some((name.trim().trim_matches(['\'', '"']).to_owned(), behind.to_owned()))
        });
        table.indexes.push(Index {
            name: index.text("name"),
            columns: columns.collect(),
            is_unique: index.bool("unique").unwrap_or(false),
            at: index.range(),
            ..Index::default()
        });
    }
    Stored {
        class: Some(class),
        name: item.name.to_string(),
        library: "Spring Data MongoDB",
        span: program.module(class.module).span(item.name_range),
        table: Name::bare(name),
        is_document: true,
        is_made: true,
        fields,
        statements: table.statements(dialect),
        checked_unique: Vec::new(),
    }
}
