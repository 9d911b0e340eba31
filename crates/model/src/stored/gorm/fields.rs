//! Fields of structs: tags, names of columns, types.

use base::{Span, Symbol};
use ir::{ClassKind, Module, Range, TypeId, TypeKind};
use program::{ClassRef, ModuleId, Value};
use sql::Dialect;

use super::{place, tag_of};
use crate::adapters::Context;

/// How deep structs are put into others.
const MAX_DEPTH: u32 = 6;

/// A field of a model, those of embedded structs among them.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: Symbol,
    pub span: Span,
    /// For statements: in the file of the model.
    pub at: Range,
    pub tag: Tag,
    /// None for what leads to other models.
    pub column: Option<String>,
    pub scalar: Scalar,
    /// The struct that it leads to, and whether to many.
    pub relation: Option<(ClassRef, bool)>,
}

impl Field {
    pub fn is_column(&self) -> bool {
        self.column.is_some()
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Bool,
    Int { bits: u8, unsigned: bool },
    Float { bits: u8 },
    Text,
    Time,
    Bytes,
    Json,
    None,
}

/// What a tag says: keys in capitals, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Tag {
    pub all: Vec<(String, String)>,
}

impl Tag {
    /// The tag `gorm:"…"` of a struct's tag.
    pub fn read(tag: &str) -> Tag {
        let Some((_, rest)) = tag.split_once("gorm:\"") else { return Tag::default() };
        let mut text = String::new();
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        let part = |part: &str| {
            let (key, value) = part.split_once(':').unwrap_or((part, ""));
            (key.trim().to_uppercase().replace('_', ""), value.trim().to_owned())
        };
        Tag { all: text.split(';').filter(|p| !p.trim().is_empty()).map(part).collect() }
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.all.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    pub fn has(&self, key: &str) -> bool {
        self.all.iter().any(|(k, value)| k == key && value != "false")
    }

    fn is_left_out(&self) -> bool {
        self.all.iter().any(|(key, value)| key == "-" && value != "migration")
    }
}

/// Whether a base is `gorm.Model`.
pub(super) fn is_model(module: &Module, base: TypeId) -> bool {
    match &module.ty(base).kind {
        TypeKind::Named { path, .. } => path.as_str() == "gorm.Model",
        TypeKind::Ref(inner) => is_model(module, *inner),
        _ => false,
    }
}

/// The structs that fields put in whole.
pub(super) fn embedded_classes(context: &Context<'_>, class: ClassRef) -> Vec<ClassRef> {
    let module = context.program.module(class.module);
    let fields = context.program.class(class).fields.iter();
    let embedded = fields.filter(|f| Tag::read(&tag_of(module, &f.annotations)).has("EMBEDDED"));
    embedded.filter_map(|f| struct_of(context, class.module, f.ty?)).collect()
}

/// All fields of a model.
pub(super) fn of(context: &Context<'_>, class: ClassRef) -> Vec<Field> {
    let mut found = Vec::new();
    add(context, class, class, "", 0, &mut found);
    found
}

fn add(context: &Context<'_>, model: ClassRef, class: ClassRef, prefix: &str, depth: u32, found: &mut Vec<Field>) {
    if depth > MAX_DEPTH {
        return;
    }
    let (item, module) = (context.program.class(class), context.program.module(class.module));
    for base in &item.bases {
        if is_model(module, *base) {
            add_own(context, model, class.module, *base, found);
        } else if let Some(base) = struct_of(context, class.module, *base) {
            add(context, model, base, prefix, depth + 1, found);
        }
    }
    for field in &item.fields {
        let tag = Tag::read(&tag_of(module, &field.annotations));
        let Some(ty) = field.ty.filter(|_| !tag.is_left_out()) else { continue };
        if !field.name.as_str().starts_with(char::is_uppercase) {
            continue;
        }
        if tag.has("EMBEDDED") {
            if let Some(inner) = struct_of(context, class.module, ty) {
                let prefix = format!("{prefix}{}", tag.get("EMBEDDEDPREFIX").unwrap_or(""));
                add(context, model, inner, &prefix, depth + 1, found);
            }
            continue;
        }
        let (scalar, relation) = kind(context, class.module, ty, &tag, 0);
        if scalar == Scalar::None && relation.is_none() {
            continue;
        }
        let name = tag.get("COLUMN").map_or_else(|| column_name(field.name.as_str()), str::to_owned);
        let made = Field {
            name: field.name,
            span: module.span(field.range),
            at: place(context, model, class.module, field.range),
            column: (scalar != Scalar::None).then(|| format!("{prefix}{name}")),
            scalar,
            relation: if scalar == Scalar::None { relation } else { None },
            tag,
        };
        // the field of the struct itself hides that of an embedded one
        match found.iter_mut().find(|f| f.name == made.name && depth == 0) {
            Some(hidden) => *hidden = made,
            None => found.push(made),
        }
    }
}

/// The fields of `gorm.Model`.
fn add_own(context: &Context<'_>, model: ClassRef, module: ModuleId, base: TypeId, found: &mut Vec<Field>) {
    let item = context.program.module(module);
    let range = item.ty(base).range;
    let time = Scalar::Time;
    let own = [
        ("ID", "id", Scalar::Int { bits: 64, unsigned: true }, "gorm:\"primarykey\""),
        ("CreatedAt", "created_at", time, ""),
        ("UpdatedAt", "updated_at", time, ""),
        ("DeletedAt", "deleted_at", time, "gorm:\"index\""),
    ];
    for (name, column, scalar, tag) in own {
        found.push(Field {
            name: Symbol::new(name),
            span: item.span(range),
            at: place(context, model, module, range),
            tag: Tag::read(tag),
            column: Some(column.to_owned()),
            scalar,
            relation: None,
        });
    }
}

/// The struct of the repository that a type is.
fn struct_of(context: &Context<'_>, module: ModuleId, ty: TypeId) -> Option<ClassRef> {
    context.evaluator(module).type_values(ty, None).iter().find_map(|value| match value {
        Value::Instance(class) => {
            let class = context.program.classes().canonical(*class);
            (context.program.class(class).kind == ClassKind::Struct).then_some(class)
        }
        _ => None,
    })
}

type Kind = (Scalar, Option<(ClassRef, bool)>);

/// What a type is: a column, or what it leads to.
fn kind(context: &Context<'_>, module: ModuleId, ty: TypeId, tag: &Tag, depth: u32) -> Kind {
    let nothing = (Scalar::None, None);
    if depth > MAX_DEPTH {
        return nothing;
    }
    let is_written = tag.get("TYPE").is_some() || tag.has("SERIALIZER");
    let item = context.program.module(module);
    match &item.ty(ty).kind {
        TypeKind::Ref(inner) => kind(context, module, *inner, tag, depth + 1),
        TypeKind::Array(inner) => match &item.ty(*inner).kind {
            TypeKind::Named { path, .. } if matches!(path.as_str(), "byte" | "uint8") => (Scalar::Bytes, None),
            _ if is_written => (Scalar::Text, None),
            _ => match kind(context, module, *inner, tag, depth + 1) {
                (_, Some((class, _))) => (Scalar::None, Some((class, true))),
                _ => nothing,
            },
        },
        TypeKind::Named { path, .. } => match named(path.as_str()) {
            Some(scalar) => (scalar, None),
            None => repository(context, module, ty, tag, depth),
        },
        _ if is_written => (Scalar::Text, None),
        _ => nothing,
    }
}

/// A type of the repository, or of a library that is not known.
fn repository(context: &Context<'_>, module: ModuleId, ty: TypeId, tag: &Tag, depth: u32) -> Kind {
    let is_written = tag.get("TYPE").is_some() || tag.has("SERIALIZER");
    let values = context.evaluator(module).type_values(ty, None);
    let class = values.iter().find_map(|value| match value {
        Value::Instance(class) => Some(context.program.classes().canonical(*class)),
        _ => None,
    });
    let Some(class) = class else {
        return if is_written { (Scalar::Text, None) } else { (Scalar::None, None) };
    };
    let methods = context.program.classes().info(class).map(|i| &i.methods);
    let has = |name: &str| methods.is_some_and(|m| m.contains_key(&Symbol::new(name)));
    let item = context.program.class(class);
    match item.kind {
        ClassKind::Alias if !has("Value") => match item.bases.first() {
            Some(base) => kind(context, class.module, *base, tag, depth + 1),
            None => (Scalar::None, None),
        },
        ClassKind::Struct if !is_written && !has("Value") => (Scalar::None, Some((class, false))),
        ClassKind::Interface => (Scalar::None, None),
        _ => (Scalar::Text, None),
    }
}

/// A type of the language or of a known library.
fn named(path: &str) -> Option<Scalar> {
    let int = |bits, unsigned| Some(Scalar::Int { bits, unsigned });
    match path {
        "bool" | "sql.NullBool" | "null.Bool" => Some(Scalar::Bool),
        "int" | "int64" | "sql.NullInt64" | "null.Int" | "time.Duration" => int(64, false),
        "int32" | "rune" | "sql.NullInt32" => int(32, false),
        "int16" | "sql.NullInt16" => int(16, false),
        "int8" => int(8, false),
        "uint" | "uint64" | "soft_delete.DeletedAt" => int(64, true),
        "uint32" => int(32, true),
        "uint16" => int(16, true),
        "uint8" | "byte" | "sql.NullByte" => int(8, true),
        "float64" | "sql.NullFloat64" | "null.Float" => Some(Scalar::Float { bits: 64 }),
        "float32" => Some(Scalar::Float { bits: 32 }),
        "string" | "sql.NullString" | "null.String" | "uuid.UUID" | "decimal.Decimal" | "ulid.ULID" => {
            Some(Scalar::Text)
        }
        "time.Time" | "sql.NullTime" | "null.Time" | "gorm.DeletedAt" => Some(Scalar::Time),
        "json.RawMessage" => Some(Scalar::Bytes),
        "datatypes.JSON" | "datatypes.JSONMap" => Some(Scalar::Json),
        _ if path.starts_with("datatypes.JSON") => Some(Scalar::Json),
        _ => None,
    }
}

/// What a column needs to know of its model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// It is the primary key, alone.
    pub counts: bool,
    /// It is in a key or an index, or has a default.
    pub is_short: bool,
    /// Of the first version of GORM.
    pub is_old: bool,
}

impl Field {
    /// Its type in a dialect.
    pub fn data_type(&self, dialect: Dialect, usage: Use) -> String {
        if let Some(written) = self.tag.get("TYPE")
            && !matches!(written, "string" | "int" | "uint" | "float" | "time" | "bytes" | "bool")
        {
            return match (dialect, usage.counts) {
                (Dialect::Postgres, true) if written.eq_ignore_ascii_case("bigint") => "bigserial".to_owned(),
                (Dialect::Postgres, true) if written.eq_ignore_ascii_case("integer") => "serial".to_owned(),
                _ => written.to_owned(),
            };
        }
        let size = self.tag.get("SIZE").and_then(|s| s.parse::<i64>().ok());
        let precision = self.tag.get("PRECISION").and_then(|s| s.parse::<u32>().ok());
        let scale = self.tag.get("SCALE").and_then(|s| s.parse::<u32>().ok()).unwrap_or(0);
        let bits = |bits: u8| size.unwrap_or(i64::from(bits));
        let exact = |name: &str| precision.map(|p| format!("{name}({p},{scale})"));
        match (dialect, self.scalar) {
            (Dialect::Sqlite, scalar) => match scalar {
                Scalar::Bool => "numeric",
                Scalar::Int { .. } => "integer",
                Scalar::Float { .. } => "real",
                Scalar::Time => "datetime",
                Scalar::Bytes => "blob",
                Scalar::Json => "JSON",
                _ => "text",
            }
            .to_owned(),
            (Dialect::MySql, Scalar::Bool) => "boolean".to_owned(),
            (Dialect::MySql, Scalar::Int { bits: own, unsigned }) => {
                let name = match bits(own) {
                    ..=8 => "tinyint",
                    9..=16 => "smallint",
                    17..=24 => "mediumint",
                    25..=32 => "int",
                    _ => "bigint",
                };
                format!("{name}{}", if unsigned { " unsigned" } else { "" })
            }
            (Dialect::MySql, Scalar::Float { bits: own }) => {
                exact("decimal").unwrap_or_else(|| if bits(own) <= 32 { "float" } else { "double" }.to_owned())
            }
            (Dialect::MySql, Scalar::Text) => match (size, usage.is_old) {
                (None, true) => "varchar(255)".to_owned(),
                (None | Some(0), _) if usage.is_short => "varchar(191)".to_owned(),
                (None | Some(0), _) => "longtext".to_owned(),
                (Some(65536..=16_777_216), _) => "mediumtext".to_owned(),
                (Some(size), _) if !(0..=16_777_216).contains(&size) => "longtext".to_owned(),
                (Some(size), _) => format!("varchar({size})"),
            },
            (Dialect::MySql, Scalar::Time) if usage.is_old => "datetime".to_owned(),
            (Dialect::MySql, Scalar::Time) => format!("datetime({})", precision.unwrap_or(3)),
            (Dialect::MySql, Scalar::Bytes) => match size {
                Some(size @ 1..65536) => format!("varbinary({size})"),
                Some(65536..=16_777_216) => "mediumblob".to_owned(),
                _ => "longblob".to_owned(),
            },
            (Dialect::MySql, _) => "JSON".to_owned(),
            (Dialect::SqlServer, scalar) => match (scalar, size) {
                (Scalar::Bool, _) => "bit".to_owned(),
                (Scalar::Int { bits: own, .. }, _) => match bits(own) {
                    ..=16 => "smallint",
                    17..=32 => "int",
                    _ => "bigint",
                }
                .to_owned(),
                (Scalar::Float { .. }, _) => exact("decimal").unwrap_or_else(|| "float".to_owned()),
                (Scalar::Time, _) => "datetimeoffset".to_owned(),
                (Scalar::Bytes, Some(size)) => format!("varbinary({size})"),
                (Scalar::Bytes, None) => "varbinary(max)".to_owned(),
                (_, Some(size @ 1..=4000)) => format!("nvarchar({size})"),
                (_, None) if usage.is_short => "nvarchar(256)".to_owned(),
                _ => "nvarchar(max)".to_owned(),
            },
            (_, Scalar::Bool) => "boolean".to_owned(),
            (_, Scalar::Int { bits: own, .. }) => match (bits(own), usage.counts) {
                (..=16, true) => "smallserial",
                (..=16, false) => "smallint",
                (17..=32, true) => "serial",
                (17..=32, false) => "integer",
                (_, true) => "bigserial",
                (_, false) => "bigint",
            }
            .to_owned(),
            (_, Scalar::Float { .. }) => exact("numeric").unwrap_or_else(|| "decimal".to_owned()),
            (_, Scalar::Text) => match size {
                Some(size) if size > 0 => format!("varchar({size})"),
                _ => "text".to_owned(),
            },
            (_, Scalar::Time) => precision.map_or("timestamptz".to_owned(), |p| format!("timestamptz({p})")),
            (_, Scalar::Bytes) => "bytea".to_owned(),
            (_, _) => "jsonb".to_owned(),
        }
    }
}

/// Words that GORM takes for one, in the order in which it looks for them.
const INITIALS: &[(&str, &str)] = &[
    ("API", "Api"),
    ("ASCII", "Ascii"),
    ("CPU", "Cpu"),
    ("CSS", "Css"),
    ("DNS", "Dns"),
    ("EOF", "Eof"),
    ("GUID", "Guid"),
    ("HTML", "Html"),
    ("HTTP", "Http"),
    ("HTTPS", "Https"),
    ("ID", "Id"),
    ("IP", "Ip"),
    ("JSON", "Json"),
    ("LHS", "Lhs"),
    ("QPS", "Qps"),
    ("RAM", "Ram"),
    ("RHS", "Rhs"),
    ("RPC", "Rpc"),
    ("SLA", "Sla"),
    ("SMTP", "Smtp"),
    ("SSH", "Ssh"),
    ("TLS", "Tls"),
    ("TTL", "Ttl"),
    ("UID", "Uid"),
    ("UI", "Ui"),
    ("UUID", "Uuid"),
    ("URI", "Uri"),
    ("URL", "Url"),
    ("UTF8", "Utf8"),
    ("VM", "Vm"),
    ("XML", "Xml"),
    ("XSRF", "Xsrf"),
    ("XSS", "Xss"),
];

/// The column of a field, the table of a struct (but for the plural).
pub(in crate::stored) fn column_name(name: &str) -> String {
    let mut value = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        match INITIALS.iter().find(|(from, _)| rest.starts_with(from)) {
            Some((from, to)) => {
                value.push_str(to);
                rest = &rest[from.len()..];
            }
            None => {
                value.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    let chars: Vec<char> = value.chars().collect();
    let upper = |at: usize| chars.get(at).is_some_and(|c| c.is_ascii_uppercase());
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let is_last = at + 1 == chars.len();
        let was_upper = at > 0 && upper(at - 1);
        if upper(at) && at > 0 {
            let next = chars.get(at + 1).copied().unwrap_or(' ');
            let goes_on = match is_last {
                true => was_upper,
                false => was_upper && (next.is_ascii_uppercase() || next.is_ascii_digit()),
            };
            if !goes_on && chars[at - 1] != '_' && next != '_' {
                made.push('_');
            }
        }
        made.push(c.to_ascii_lowercase());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_gorm_names_them() {
        let names = [
            ("ID", "id"),
            ("UserID", "user_id"),
            ("CreatedAt", "created_at"),
            ("HTTPServer", "http_server"),
            ("PIN", "pin"),
            ("WebsiteSSLID", "website_ssl_id"),
            ("IPV6", "ip_v6"),
            ("Name", "name"),
            ("AppKeyV2", "app_key_v2"),
        ];
        for (field, column) in names {
            assert_eq!(column_name(field), column, "{field}");
        }
    }

    #[test]
    fn tags_are_read() {
        let tag = Tag::read("json:\"a\" gorm:\"column:b;not null;uniqueIndex:idx,priority:2;default:'x'\" form:\"c\"");
        assert_eq!(tag.get("COLUMN"), Some("b"));
        assert!(tag.has("NOT NULL"));
        assert_eq!(tag.get("UNIQUEINDEX"), Some("idx,priority:2"));
        assert_eq!(tag.get("DEFAULT"), Some("'x'"));
    }
}
