//! Entities of MyBatis-Plus: with `@TableName`, or what a mapper is for (`BaseMapper<User>`). The library makes no tables.

use base::Language;
use ir::{ClassKind, TypeKind};
use program::{ClassRef, Value};
use sql::Dialect;

use super::annotated::Annotated;
use super::{Stored, StoredField, gorm};
use crate::adapters::Context;

const LIBRARY: &str = "com.baomidou.mybatisplus";

/// Reads all entities.
pub(super) fn read(context: &Context<'_>, _: Dialect) -> Vec<Stored> {
    if !context.program.is_imported(LIBRARY) {
        return Vec::new();
    }
    let program = context.program;
    let mut classes = Vec::new();
    for id in context.modules().filter(|id| program.module(*id).language == Language::Java) {
        if !context.imports(id, LIBRARY) {
            continue;
        }
        let module = program.module(id);
        for (at, class) in module.classes() {
            if Annotated::new(context, id, &class.annotations).has("TableName") {
                classes.push(ClassRef { module: id, class: at });
            }
            for base in &class.bases {
                let TypeKind::Named { path, args } = &module.ty(*base).kind else { continue };
                if let ([entity], true) = (args.as_slice(), path.as_str().ends_with("BaseMapper")) {
                    let values = context.evaluator(id).type_values(*entity, Some(at));
                    let found = values.iter().find_map(|v| match v {
                        Value::Instance(class) => Some(program.classes().canonical(*class)),
                        _ => None,
                    });
                    classes.extend(found.filter(|c| program.class(*c).kind == ClassKind::Class));
                }
            }
        }
    }
    classes.sort_unstable();
    classes.dedup();
    classes.into_iter().map(|class| stored(context, class)).collect()
}

fn stored(context: &Context<'_>, class: ClassRef) -> Stored {
    let program = context.program;
    let item = program.class(class);
    let mark = Annotated::new(context, class.module, &item.annotations).get("TableName");
    let written = mark.and_then(|m| m.text("").or_else(|| m.text("value")));
    let table = written.unwrap_or_else(|| barred(item.name.as_str()));
    let mut fields: Vec<StoredField> = Vec::new();
    for part in program.classes().lineage(class) {
        let module = program.module(part.module);
        for field in program.class(part).fields.iter().filter(|f| !f.is_static) {
            let marks = Annotated::new(context, part.module, &field.annotations);
            let mark = marks.get("TableField").or_else(|| marks.get("TableId"));
            if mark.is_some_and(|m| m.bool("exist") == Some(false)) || fields.iter().any(|f| f.name == field.name) {
                continue;
            }
            let written = mark.and_then(|m| m.text("").or_else(|| m.text("value")));
            let column = written.unwrap_or_else(|| barred(field.name.as_str()));
            fields.push(StoredField {
                name: field.name,
                span: module.span(field.range),
                column: Some(column.trim_matches('`').to_owned()),
                relation: None,
            });
        }
    }
    Stored {
        class: Some(class),
        name: item.name.to_string(),
        library: "MyBatis-Plus",
        span: program.module(class.module).span(item.name_range),
        table: gorm::name_of(table.trim_matches('`')),
        is_document: false,
        is_made: false,
        fields,
        statements: Vec::new(),
        checked_unique: Vec::new(),
    }
}

/// `userName` as `user_name`: a bar before every capital.
fn barred(name: &str) -> String {
    let mut made = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}
