//! Structs of Diesel: `#[diesel(table_name = users)]`. Its tables come from migrations.

use base::{Language, Symbol};
use ir::{ExprKind, Module};
use program::{ClassRef, ExprRef};
use sql::{Dialect, Name};

use super::annotated::Annotated;
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;

/// The table that `table!` makes a path for: `posts::table`, and `posts` where its columns are imported with it.
pub(super) fn table_at(context: &Context<'_>, at: ExprRef) -> Option<Symbol> {
    let imports = |library: &str| context.program.imports_library(at.module, library);
    if !imports("diesel") && !imports("diesel_async") {
        return None;
    }
    let module = context.program.module(at.module);
    match &module.expr(at.expr).kind {
        ExprKind::Member { object, name, .. } if *name == "table" => match &module.expr(*object).kind {
            ExprKind::Name(table) | ExprKind::Member { name: table, .. } => Some(*table),
            _ => None,
        },
        ExprKind::Name(table) if context.program.definition(at).is_none_or(|made| made == at) => Some(*table),
        _ => None,
    }
}

/// Reads all structs.
pub(super) fn read(context: &Context<'_>, _: Dialect) -> Vec<Stored> {
    let program = context.program;
    if !program.is_imported("diesel") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for id in context.modules().filter(|id| program.module(*id).language == Language::Rust) {
        for (at, class) in program.module(id).classes().filter(|(_, c)| !c.annotations.is_empty()) {
            found.extend(stored(context, ClassRef { module: id, class: at }, class));
        }
    }
    found
}

fn stored(context: &Context<'_>, class: ClassRef, item: &ir::Class) -> Option<Stored> {
    let module = context.program.module(class.module);
    let marks = Annotated::new(context, class.module, &item.annotations);
    let mut table = None;
    let mut relations = Vec::new();
    for mark in marks.all("diesel") {
        table = table.or_else(|| mark.arg("table_name").and_then(|e| last(module, e)));
        for belongs in mark.inner("") {
            if belongs.plain().next().is_some() {
                relations.extend(belongs.plain().filter_map(|e| last(module, e)));
            }
        }
    }
    // of the first version: `#[table_name = "users"]`
    let old = || marks.get("table_name").and_then(|mark| mark.text(""));
    let table = table.or_else(old)?;
    let fields = item.fields.iter().filter_map(|field| {
        let marks = Annotated::new(context, class.module, &field.annotations);
        if marks.all("diesel").any(|m| m.plain().any(|e| last(module, e).as_deref() == Some("embed"))) {
            return None;
        }
        let written = marks.all("diesel").find_map(|m| m.arg("column_name").and_then(|e| last(module, e)));
        let column = written.unwrap_or_else(|| field.name.as_str().trim_start_matches("r#").to_owned());
        let to = relations.iter().find(|to| format!("{}_id", super::naming::snake(to)) == column);
        Some(StoredField {
            name: field.name,
            span: module.span(field.range),
            relation: to.map(|to| StoredRelation { to: to.clone(), is_many: false, back: None }),
            column: Some(column),
        })
    });
    Some(Stored {
        class: Some(class),
        name: item.name.to_string(),
        library: "Diesel",
        span: module.span(item.name_range),
        table: Name::bare(table),
        is_document: false,
        is_made: true,
        fields: fields.collect(),
        statements: Vec::new(),
        checked_unique: Vec::new(),
    })
}

/// The last part of a path, or a text.
fn last(module: &Module, expr: ir::ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str().trim_start_matches("r#").to_owned()),
        _ => module.string(expr).map(|s| s.to_string()),
    }
}
