//! Models of XORM: structs whose tags say columns. `Sync` makes the tables of those that it is given.

use base::Language;
use ir::{ClassKind, ExprKind, Range, TypeId, TypeKind};
use program::{ClassRef, ModuleId, Value};
use sql::Dialect;

use super::gorm;
use super::naming::snake;
use super::table::{Column, Index, Table};
use super::{Stored, StoredField};
use crate::adapters::Context;

const LIBRARIES: [&str; 2] = ["xorm.io/xorm", "github.com/go-xorm/xorm"];

/// How deep structs are put into others.
const MAX_DEPTH: u32 = 5;

/// What a tag says.
#[derive(Debug, Default)]
struct Tag {
    name: Option<String>,
    ty: Option<String>,
    default: Option<String>,
    not_null: bool,
    is_key: bool,
    counts: bool,
    is_left_out: bool,
    extends: bool,
    /// Names of indexes, empty for the column's own; whether unique.
    indexes: Vec<(String, bool)>,
}

/// Reads all models.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !LIBRARIES.iter().any(|l| context.program.is_imported(l)) {
        return Vec::new();
    }
    let program = context.program;
    let is_gonic = says(context, "GonicMapper");
    let made = gorm::given_to(context, &["Sync", "Sync2", "CreateTables", "StoreEngine"], &LIBRARIES);
    let mut found: Vec<(ClassRef, String)> = Vec::new();
    for id in context.modules().filter(|id| program.module(*id).language == Language::Go) {
        let module = program.module(id);
        for (at, class) in module.classes().filter(|(_, c)| c.kind == ClassKind::Struct && c.function.is_none()) {
            let tags = class.fields.iter().flat_map(|f| &f.annotations).filter_map(|t| module.string(*t));
            if tags.into_iter().any(|t| t.as_str().contains("xorm:\"") && !t.as_str().contains("xorm:\"-\"")) {
                let class = ClassRef { module: id, class: at };
                let named = gorm::method_text(context, class, "TableName");
                let item = program.class(class);
                found.push((class, named.unwrap_or_else(|| mapped(item.name.as_str(), is_gonic))));
            }
        }
    }
    // what migrations keep of how a model once was
    let is_old = |class: ClassRef| gorm::is_old(context, class);
    let current: Vec<String> = found.iter().filter(|(c, _)| !is_old(*c)).map(|(_, table)| table.clone()).collect();
    let made: Vec<String> = found.iter().filter(|(c, _)| made.contains(c)).map(|(_, table)| table.clone()).collect();
    found.retain(|(class, table)| !is_old(*class) || !current.contains(table));
    let stored = found.into_iter().map(|(class, table)| {
        let is_made = made.contains(&table);
        stored(context, class, table, dialect, is_gonic, is_made)
    });
    stored.collect()
}

/// Whether some module that imports the library names a thing.
fn says(context: &Context<'_>, word: &str) -> bool {
    context.modules().any(|id| {
        let module = context.program.module(id);
        let names = || {
            module.exprs().any(|(_, e)| match &e.kind {
                ExprKind::Member { name, .. } | ExprKind::Name(name) => *name == word,
                ExprKind::TypeExpr(ty) => {
                    matches!(&module.ty(*ty).kind, TypeKind::Named { path, .. } if path.as_str().ends_with(word))
                }
                _ => false,
            })
        };
        module.language == Language::Go && LIBRARIES.iter().any(|l| context.imports(id, l)) && names()
    })
}

fn stored(
    context: &Context<'_>,
    class: ClassRef,
    name: String,
    dialect: Dialect,
    is_gonic: bool,
    is_made: bool,
) -> Stored {
    let item = context.program.class(class);
    let mut table = Table { name: name.clone(), at: item.name_range, ..Table::default() };
    let mut fields = Vec::new();
    add(context, class, class, dialect, is_gonic, 0, &mut table, &mut fields);
    Stored {
        class: Some(class),
        name: item.name.to_string(),
        library: "XORM",
        span: context.program.module(class.module).span(item.name_range),
        table: gorm::name_of(&name),
        is_document: false,
        is_made,
        fields,
        statements: table.statements(dialect),
        checked_unique: Vec::new(),
    }
}

/// The name of a table or column: `UserID` is `user_i_d`, or `user_id` where the mapper knows words of capitals.
fn mapped(name: &str, is_gonic: bool) -> String {
    if is_gonic {
        return snake(name);
    }
    let mut made = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            made.push('_');
        }
        made.extend(c.to_lowercase());
    }
    made
}

#[allow(clippy::too_many_arguments)]
fn add(
    context: &Context<'_>,
    model: ClassRef,
    class: ClassRef,
    dialect: Dialect,
    is_gonic: bool,
    depth: u32,
    table: &mut Table,
    fields: &mut Vec<StoredField>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let module = context.program.module(class.module);
    let item = context.program.class(class);
    for field in item.fields.iter().filter(|f| f.name.as_str().starts_with(char::is_uppercase)) {
        let written = field.annotations.iter().find_map(|a| module.string(*a)).map_or(String::new(), |t| t.to_string());
        let tag = Tag::read(&written);
        let Some(ty) = field.ty.filter(|_| !tag.is_left_out) else { continue };
        if tag.extends {
            let inner = context.evaluator(class.module).type_values(ty, None).iter().find_map(|v| match v {
                Value::Instance(class) => Some(context.program.classes().canonical(*class)),
                _ => None,
            });
            if let Some(inner) = inner {
                add(context, model, inner, dialect, is_gonic, depth + 1, table, fields);
            }
            continue;
        }
        let at = if class.module == model.module { field.range } else { context.program.class(model).name_range };
        let name = tag.name.clone().unwrap_or_else(|| mapped(field.name.as_str(), is_gonic));
        add_column(context, class.module, ty, &tag, name.clone(), at, dialect, table);
        fields.push(StoredField {
            name: field.name,
            span: module.span(field.range),
            column: Some(name),
            relation: None,
        });
    }
}

#[allow(clippy::too_many_arguments)]
fn add_column(
    context: &Context<'_>,
    module: ModuleId,
    ty: TypeId,
    tag: &Tag,
    name: String,
    at: Range,
    dialect: Dialect,
    table: &mut Table,
) {
    let written = tag.ty.clone().unwrap_or_else(|| go_type(context, module, ty, 0));
    let ty = data_type(&written, dialect, tag.counts);
    if tag.is_key {
        table.key.push(name.clone());
    }
    let short = table.name.replace(['.', '"'], "_");
    for (index, is_unique) in &tag.indexes {
        let prefix = if *is_unique { "UQE" } else { "IDX" };
        let own = if index.is_empty() { &name } else { index };
        let full = match own.starts_with("UQE_") || own.starts_with("IDX_") {
            true => own.clone(),
            false => format!("{prefix}_{short}_{own}"),
        };
        match table.indexes.iter_mut().find(|i| i.name.as_ref() == Some(&full)) {
            Some(made) => made.columns.push((name.clone(), String::new())),
            None => table.indexes.push(Index::on(Some(full), vec![name.clone()], *is_unique, at)),
        }
    }
    table.columns.push(Column {
        ty,
        not_null: tag.not_null,
        default: tag.default.clone(),
        counts: tag.counts && dialect != Dialect::Postgres,
        at,
        name,
    });
}

impl Tag {
    /// The words of `xorm:"…"`; what stands in quotes or brackets is one.
    fn read(written: &str) -> Tag {
        let mut tag = Tag::default();
        let Some((_, rest)) = written.split_once("xorm:\"") else { return tag };
        let text = rest.split('"').next().unwrap_or_default();
        let words = words(text);
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let lower = word.to_lowercase();
            let (key, inner) =
                lower.split_once('(').map_or((lower.as_str(), ""), |(key, rest)| (key, rest.trim_end_matches(')')));
            let original = word.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
            match key {
                "-" => tag.is_left_out = true,
                "->" | "<-" | "created" | "updated" | "deleted" | "version" | "local" | "utc" | "json" | "nocache" => {}
                "pk" => tag.is_key = true,
                "autoincr" => tag.counts = true,
                "extends" => tag.extends = true,
                "notnull" => tag.not_null = true,
                "not" => {
                    tag.not_null = true;
                    at += 1;
                }
                "null" => {}
                "index" | "unique" => tag.indexes.push((original.to_owned(), key == "unique")),
                "default" => {
                    tag.default = match inner {
                        "" => words.get(at).cloned(),
                        _ => Some(original.to_owned()),
                    };
                    at += usize::from(inner.is_empty());
                }
                "comment" | "collate" => at += usize::from(inner.is_empty() && key == "collate"),
                _ if word.starts_with('\'') => tag.name = Some(word.trim_matches('\'').to_owned()),
                _ if tag.ty.is_none() && is_type(key) => tag.ty = Some(lower.clone()),
                // a name without quotes
                _ => tag.name = Some(word.clone()),
            }
        }
        tag
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut depth, mut is_quoted) = (String::new(), 0, false);
    for c in text.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            ' ' if !is_quoted && depth == 0 => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

const TYPES: &[&str] = &[
    "bit",
    "tinyint",
    "smallint",
    "mediumint",
    "int",
    "integer",
    "bigint",
    "unsigned",
    "char",
    "varchar",
    "nvarchar",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
    "binary",
    "varbinary",
    "date",
    "datetime",
    "time",
    "timestamp",
    "timestampz",
    "real",
    "float",
    "double",
    "decimal",
    "numeric",
    "tinyblob",
    "blob",
    "mediumblob",
    "longblob",
    "bytea",
    "bool",
    "boolean",
    "serial",
    "bigserial",
    "json",
    "jsonb",
    "uuid",
    "enum",
];

fn is_type(word: &str) -> bool {
    TYPES.contains(&word)
}

/// The type that XORM takes for one of Go.
fn go_type(context: &Context<'_>, module: ModuleId, ty: TypeId, depth: u32) -> String {
    let item = context.program.module(module);
    let name = match &item.ty(ty).kind {
        TypeKind::Ref(inner) if depth < MAX_DEPTH => return go_type(context, module, *inner, depth + 1),
        TypeKind::Array(inner) => match &item.ty(*inner).kind {
            TypeKind::Named { path, .. } if matches!(path.as_str(), "byte" | "uint8") => "blob",
            _ => "text",
        },
        TypeKind::Named { path, .. } => match path.as_str() {
            "int" | "int32" | "int16" | "int8" | "uint" | "uint32" | "uint16" | "uint8" => "int",
            "int64" | "uint64" | "time.Duration" => "bigint",
            "string" => "varchar(255)",
            "bool" => "bool",
            "float64" => "double",
            "float32" => "float",
            "time.Time" => "datetime",
            _ => {
                let values = context.evaluator(module).type_values(ty, None);
                let alias = values.iter().find_map(|value| match value {
                    Value::Instance(class) => Some(context.program.classes().canonical(*class)),
                    _ => None,
                });
                match alias.map(|class| (class, context.program.class(class))) {
                    Some((class, item)) if item.kind == ClassKind::Alias && depth < MAX_DEPTH => {
                        let base = item.bases.first();
                        return base.map_or("text".to_owned(), |b| go_type(context, class.module, *b, depth + 1));
                    }
                    _ => "text",
                }
            }
        },
        _ => "text",
    };
    name.to_owned()
}

/// A type as written in the words of a dialect.
fn data_type(written: &str, dialect: Dialect, counts: bool) -> String {
    let base = written.split('(').next().unwrap_or_default();
    match (dialect, base) {
        (Dialect::Postgres, "bigint") if counts => "bigserial".to_owned(),
        (Dialect::Postgres, "int" | "integer") if counts => "serial".to_owned(),
        (Dialect::Postgres, "bigint" | "int" | "integer" | "smallint") => base.to_owned(),
        (Dialect::Postgres, "tinyint") => "smallint".to_owned(),
        (Dialect::Postgres, "mediumint") => "integer".to_owned(),
        (Dialect::Postgres, "longtext" | "mediumtext" | "tinytext") => "text".to_owned(),
        (Dialect::Postgres, "datetime" | "timestamp") => "timestamp".to_owned(),
        (Dialect::Postgres, "double") => "double precision".to_owned(),
        (Dialect::Postgres, "float") => "real".to_owned(),
        (Dialect::Postgres, "blob" | "longblob" | "mediumblob" | "tinyblob" | "binary" | "varbinary") => {
            "bytea".to_owned()
        }
        (Dialect::Sqlite, "bigint" | "int" | "tinyint" | "smallint" | "bool" | "bit") => "integer".to_owned(),
        (Dialect::Sqlite, "varchar" | "longtext" | "mediumtext" | "char") => "text".to_owned(),
        (Dialect::MySql, "bool") => "tinyint(1)".to_owned(),
        _ => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read() {
        let tag = Tag::read("xorm:\"not null default 'a b' VARCHAR(250) unique(pair) index 'the_name'\" json:\"x\"");
        assert!(tag.not_null);
        assert_eq!(tag.default.as_deref(), Some("'a b'"));
        assert_eq!(tag.ty.as_deref(), Some("varchar(250)"));
        assert_eq!(tag.indexes, [("pair".to_owned(), true), (String::new(), false)]);
        assert_eq!(tag.name.as_deref(), Some("the_name"));
    }
}
