//! Entities of SeaORM: a struct `Model` in a module of its own. Tables are made of them only where the project asks for
//! it (`create_table_from_entity`). Each is named after its module: `orders::Entity`.

use base::{Language, Symbol};
use ir::{ExprKind, TypeId, TypeKind};
use program::{ClassRef, ExprRef, ModuleId};
use sql::{Dialect, Name};

use super::annotated::Annotated;
use super::naming::snake;
use super::table::{Column, ForeignKey, Index, Table};
use super::{Stored, StoredField, StoredRelation, StoredThings};
use crate::adapters::Context;
use crate::schemas::written::UNKNOWN;

const LIBRARY: &str = "SeaORM";

/// Reads all entities.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    let program = context.program;
    if !program.is_imported("sea_orm") {
        return Vec::new();
    }
    let modules: Vec<ModuleId> =
        context.modules().filter(|id| program.module(*id).language == Language::Rust).collect();
    let is_made = modules.iter().any(|id| context.imports(*id, "sea_orm") && makes_tables(program.module(*id)));
    let mut found = Vec::new();
    for id in modules {
        for (at, class) in program.module(id).classes() {
            let marks = Annotated::new(context, id, &class.annotations);
            let Some(mark) = marks.all("sea_orm").find(|m| m.text("table_name").is_some()) else { continue };
            let is_entity = marks.all("derive").any(|d| {
                d.plain().any(|e| matches!(&program.module(id).expr(e).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if *n == "DeriveEntityModel"))
            });
            if let (Some(table), true) = (mark.text("table_name"), is_entity) {
                found.push(entity(context, ClassRef { module: id, class: at }, table, dialect, is_made));
            }
        }
    }
    found
}

fn makes_tables(module: &ir::Module) -> bool {
    module.exprs().any(|(_, e)| {
        matches!(&e.kind, ExprKind::Member { name, .. } if matches!(name.as_str(), "create_table_from_entity" | "get_schema_registry"))
    })
}

/// The table of an entity: `post::Entity`, `Entity` where it is declared, `Post` of a prelude.
pub(super) fn table_at(context: &Context<'_>, stored: &StoredThings, at: ExprRef) -> Option<Symbol> {
    if !context.program.imports_library(at.module, "sea_orm") {
        return None;
    }
    let module = context.program.module(at.module);
    let named = |name: &str| stored.named(name).filter(|s| s.library == LIBRARY);
    let found = match &module.expr(at.expr).kind {
        ExprKind::Member { object, name, .. } if *name == "Entity" => match &module.expr(*object).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => named(name.as_str()),
            _ => None,
        },
        ExprKind::Name(name) if *name == "Entity" => {
            let mut here = stored.all.iter().filter(|s| s.library == LIBRARY && s.span.file == module.file);
            here.next().filter(|_| here.next().is_none())
        }
        ExprKind::Name(name) if name.as_str().starts_with(char::is_uppercase) => named(&snake(name.as_str())),
        _ => None,
    };
    found.map(|s| Symbol::new(&s.table.name))
}

fn entity(context: &Context<'_>, class: ClassRef, table: String, dialect: Dialect, is_made: bool) -> Stored {
    let program = context.program;
    let (item, module) = (program.class(class), program.module(class.module));
    let mut made = Table { name: table.clone(), at: item.name_range, ..Table::default() };
    let mut fields = Vec::new();
    for field in &item.fields {
        let marks = Annotated::new(context, class.module, &field.annotations);
        let says = |word: &str| {
            marks
                .all("sea_orm")
                .any(|m| m.plain().any(|e| matches!(&module.expr(e).kind, ExprKind::Name(n) if *n == word)))
        };
        if says("ignore") {
            continue;
        }
        let text = |key: &str| marks.all("sea_orm").find_map(|m| m.text(key));
        let name = text("column_name").unwrap_or_else(|| snake(field.name.as_str().trim_start_matches("r#")));
        let (ty, is_optional) = data_type(module, field.ty, text("column_type"), dialect);
        if says("primary_key") {
            made.key.push(name.clone());
        }
        if says("unique") {
            made.indexes.push(Index { is_constraint: true, ..Index::on(None, vec![name.clone()], true, field.range) });
        }
        if says("indexed") {
            let index = format!("idx-{table}-{name}");
            made.indexes.push(Index::on(Some(index), vec![name.clone()], false, field.range));
        }
        let counts = says("primary_key")
            && ty.contains("int")
            && !marks.all("sea_orm").any(|m| m.bool("auto_increment") == Some(false));
        let not_null = !is_optional && !says("nullable");
        made.columns.push(Column { name: name.clone(), ty, not_null, counts, at: field.range, ..Column::default() });
        fields.push(StoredField {
            name: field.name,
            span: module.span(field.range),
            column: Some(name),
            relation: None,
        });
    }
    relations(context, class, &mut made, &mut fields);
    let stem = program.path(class.module).rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let stem = if stem == "mod" { table.as_str() } else { stem };
    Stored {
        class: Some(class),
        name: stem.to_owned(),
        library: LIBRARY,
        span: module.span(item.name_range),
        table: Name::bare(table.clone()),
        is_document: false,
        is_made,
        fields,
        statements: made.statements(dialect),
        checked_unique: Vec::new(),
    }
}

/// The variants of the enum beside it.
fn relations(context: &Context<'_>, class: ClassRef, table: &mut Table, fields: &mut Vec<StoredField>) {
    let module = context.program.module(class.module);
    let Some((_, relations)) = module.classes().find(|(_, c)| c.name == "Relation") else { return };
    for variant in &relations.fields {
        let marks = Annotated::new(context, class.module, &variant.annotations);
        let text = |key: &str| marks.all("sea_orm").find_map(|m| m.text(key));
        let Some((to, is_many)) = (text("belongs_to").map(|t| (t, false)))
            .or_else(|| text("has_one").map(|t| (t, false)))
            .or_else(|| text("has_many").map(|t| (t, true)))
        else {
            continue;
        };
        // `super::orders::Entity`
        let to = to.rsplit("::").nth(1).unwrap_or(&to).to_owned();
        let last = |path: String| snake(path.rsplit("::").next().unwrap_or_default());
        let column = text("from").map(last).filter(|_| text("belongs_to").is_some());
        if let (Some(column), Some(key)) = (&column, text("to").map(last)) {
            let on_delete = text("on_delete").map(|a| snake(&a).replace('_', " ").to_uppercase());
            table.foreign_keys.push(ForeignKey {
                columns: vec![column.clone()],
                table: to.clone(),
                referenced: vec![key],
                on_delete,
                at: variant.range,
                ..ForeignKey::default()
            });
        }
        let relation = Some(StoredRelation { to, is_many, back: None });
        fields.push(StoredField { name: variant.name, span: module.span(variant.range), column, relation });
    }
}

/// The type of a column, and whether it may be null.
fn data_type(module: &ir::Module, ty: Option<TypeId>, written: Option<String>, dialect: Dialect) -> (String, bool) {
    let Some(ty) = ty else { return (UNKNOWN.to_owned(), false) };
    if let TypeKind::Optional(inner) = &module.ty(ty).kind {
        return (data_type(module, Some(*inner), written, dialect).0, true);
    }
    let (path, args) = match &module.ty(ty).kind {
        TypeKind::Named { path, args } => (path.as_str().rsplit('.').next().unwrap_or_default(), args.as_slice()),
        _ => ("", &[][..]),
    };
    if let ("Option", [inner]) = (path, args) {
        return (data_type(module, Some(*inner), written, dialect).0, true);
    }
    let is_postgres = dialect == Dialect::Postgres;
    let ty = match (path, written.as_deref()) {
        (_, Some("Text")) => "text",
        (_, Some("JsonBinary")) if is_postgres => "jsonb",
        (_, Some("Json" | "JsonBinary")) | ("Json", _) => "json",
        ("i8" | "u8" | "i16" | "u16", _) => "smallint",
        ("i32", _) => "integer",
        ("u32" | "i64" | "u64", _) => "bigint",
        ("f32", _) if is_postgres => "real",
        ("f32", _) => "float",
        ("f64", _) if is_postgres => "double precision",
        ("f64", _) => "double",
        ("bool", _) => "boolean",
        ("Uuid", _) if is_postgres => "uuid",
        ("Uuid", _) => "binary(16)",
        ("DateTime" | "ChronoDateTime" | "TimeDateTime", _) if is_postgres => "timestamp without time zone",
        ("DateTimeWithTimeZone" | "DateTimeUtc" | "DateTimeLocal", _) if is_postgres => "timestamp with time zone",
        ("DateTime" | "DateTimeWithTimeZone" | "DateTimeUtc" | "DateTimeLocal", _) => "timestamp",
        ("Date", _) => "date",
        ("Time", _) => "time",
        ("Decimal", _) => "decimal",
        ("Vec", _) if is_postgres => "bytea",
        ("Vec", _) => "blob",
        ("String", _) if is_postgres => "varchar",
        ("String", _) => "varchar(255)",
        // an enum of the project, or a type that it stores by a trait
        _ => UNKNOWN,
    };
    (ty.to_owned(), false)
}
