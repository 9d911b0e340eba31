//! Types, defaults and names as Active Record makes them, by database and version of the migration.

use sha2::{Digest, Sha256};
use sql::Dialect;

use super::values::{Options, Value};
use crate::schemas::written::literal;

/// The version that a migration was written for: `ActiveRecord::Migration[5.0]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32);

impl Version {
    /// What migrations without a version are.
    pub(super) const OLD: Version = Version(4, 2);
    /// What is newest.
    pub(super) const NEW: Version = Version(99, 0);

    /// Reads `5.0` at the start of a text.
    pub(super) fn read(text: &str) -> Option<Version> {
        let text = text.trim_start_matches(['"', '\'', ' ']);
        let (major, rest) = text.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Version(major.trim().parse().ok()?, minor.parse().ok()?))
    }

    /// The type of primary keys where nothing is said.
    pub(super) fn has_long_ids(self) -> bool {
        self >= Version(5, 1)
    }
}

/// The type of a column in SQL.
pub(super) fn sql_type(dialect: Dialect, version: Version, kind: &str, options: &Options) -> String {
    let made = match dialect {
        Dialect::MySql => mysql(version, kind, options),
        Dialect::Postgres => postgres(version, kind, options),
        _ => other(dialect, version, kind, options),
    };
    match options.is("array") && dialect == Dialect::Postgres {
        true => format!("{made}[]"),
        false => made,
    }
}

fn limited(name: &str, limit: Option<i64>) -> String {
    limit.map_or_else(|| name.to_owned(), |limit| format!("{name}({limit})"))
}

/// Fractions of seconds: six digits where a migration of 7.0 or later says nothing.
fn precise(version: Version, name: &str, kind: &str, options: &Options) -> String {
    let precision = match options.get("precision") {
        None if kind == "datetime" && version >= Version(7, 0) => Some(6),
        _ => options.int("precision"),
    };
    limited(name, precision)
}

fn decimal(name: &str, options: &Options) -> String {
    match (options.int("precision"), options.int("scale")) {
        (Some(precision), Some(scale)) => format!("{name}({precision},{scale})"),
        (Some(precision), None) => format!("{name}({precision})"),
        _ => name.to_owned(),
    }
}

fn postgres(version: Version, kind: &str, options: &Options) -> String {
    let limit = options.int("limit");
    match kind {
        "primary_key" if version.has_long_ids() => "bigserial".to_owned(),
        "primary_key" => "serial".to_owned(),
        "string" => limited("character varying", limit),
        "text" => "text".to_owned(),
        "integer" => match limit {
            Some(1 | 2) => "smallint",
            Some(5..) => "bigint",
            _ => "integer",
        }
        .to_owned(),
        "float" => limited("float", limit),
        "decimal" | "numeric" => decimal("decimal", options),
        "datetime" => precise(version, "timestamp", kind, options),
        "timestamp" | "timestamptz" | "time" | "interval" => precise(version, kind, kind, options),
        "binary" | "blob" => "bytea".to_owned(),
        "bit" => limited("bit", limit),
        "bit_varying" => limited("bit varying", limit),
        "enum" => options.text("enum_type").or(options.text("as")).map_or("text".to_owned(), quoted_type),
        "virtual" => {
            options.text("type").map_or("text".to_owned(), |t| postgres(version, t, &options.without(&["as"])))
        }
        other => limited(other, limit.filter(|_| !other.contains('('))),
    }
}

fn quoted_type(name: &str) -> String {
    let part = |part: &str| format!("\"{part}\"");
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

fn mysql(version: Version, kind: &str, options: &Options) -> String {
    let limit = options.int("limit");
    let sized = |of: &str| {
        let size = match (options.text("size"), limit) {
            (Some(size), _) => size.to_owned(),
            (None, Some(..=0xff)) => "tiny".to_owned(),
            (None, None | Some(0x100..=0xffff)) => String::new(),
            (None, Some(0x1_0000..=0xff_ffff)) => "medium".to_owned(),
            (None, Some(_)) => "long".to_owned(),
        };
        format!("{size}{of}")
    };
    let kind_of_integer = |kind: &str| match (kind, limit) {
        ("bigint", _) | (_, Some(5..)) => "bigint",
        (_, Some(1)) => "tinyint",
        (_, Some(2)) => "smallint",
        (_, Some(3)) => "mediumint",
        _ => "int",
    };
    let (kind, unsigned) = match kind.strip_prefix("unsigned_") {
        Some(kind) => (kind, true),
        None => (kind, options.is("unsigned")),
    };
    let made = match kind {
        "primary_key" if version.has_long_ids() => "bigint".to_owned(),
        "primary_key" => "int".to_owned(),
        "string" => limited("varchar", limit.or(Some(255))),
        "integer" | "bigint" => kind_of_integer(kind).to_owned(),
        // the catalog keeps no digits: those of up to 24 bits are floats
        "float" => if limit.is_some_and(|l| l > 24) { "double" } else { "float" }.to_owned(),
        "decimal" | "numeric" => decimal("decimal", options),
        "datetime" | "timestamp" => precise(version, "datetime", "datetime", options),
        "time" => precise(version, "time", kind, options),
        "text" => sized("text"),
        "tinytext" | "mediumtext" | "longtext" | "tinyblob" | "mediumblob" | "longblob" => kind.to_owned(),
        "binary" if limit.is_some_and(|l| l <= 0xfff) => limited("varbinary", limit),
        "binary" | "blob" => sized("blob"),
        "boolean" => "tinyint(1)".to_owned(),
        "virtual" => options.text("type").map_or("text".to_owned(), |t| mysql(version, t, &options.without(&["as"]))),
        other => limited(other, limit.filter(|_| !other.contains('('))),
    };
    if unsigned { format!("{made} unsigned") } else { made }
}

fn other(dialect: Dialect, version: Version, kind: &str, options: &Options) -> String {
    let limit = options.int("limit");
    match kind {
        "primary_key" if dialect == Dialect::SqlServer => "bigint".to_owned(),
        "primary_key" => "integer".to_owned(),
        "string" if dialect == Dialect::SqlServer => limited("nvarchar", limit.or(Some(4000))),
        "string" => limited("varchar", limit),
        "decimal" | "numeric" => decimal("decimal", options),
        "datetime" | "timestamp" => precise(version, "datetime", "datetime", options),
        "binary" => limited("blob", limit),
        "integer" if limit == Some(8) => "bigint".to_owned(),
        other => limited(other, limit.filter(|_| !other.contains('('))),
    }
}

/// A default in SQL; none for `nil`.
pub(super) fn default(dialect: Dialect, kind: &str, value: &Value, options: &Options) -> Option<String> {
    let is_number = matches!(kind, "integer" | "bigint" | "float" | "decimal" | "numeric" | "primary_key" | "smallint");
    let truth = |yes: bool| match (dialect, yes) {
        (Dialect::Postgres, true) => "TRUE",
        (Dialect::Postgres, false) => "FALSE",
        (_, true) => "1",
        (_, false) => "0",
    };
    Some(match value {
        Value::Null => return None,
        Value::Sql(text) => match dialect {
            Dialect::Sqlite => format!("({text})"),
            _ => text.clone(),
        },
        Value::Str(text) if options.is("array") => literal(if text.starts_with('{') { text } else { "{}" }),
        Value::Bool(yes) if is_number => i64::from(*yes).to_string(),
        Value::Bool(yes) if kind == "boolean" => truth(*yes).to_owned(),
        Value::Bool(yes) => literal(&yes.to_string()),
        Value::Int(n) if kind == "boolean" => truth(*n != 0).to_owned(),
        Value::Int(n) if is_number => n.to_string(),
        Value::Float(text) if is_number => text.clone(),
        Value::Str(text) if is_number => text.parse::<f64>().map_or("0".to_owned(), |_| text.clone()),
        Value::Str(text) if kind == "boolean" => truth(matches!(text.as_str(), "t" | "true" | "1")).to_owned(),
        Value::Str(text) if kind == "uuid" && text.contains("()") => text.clone(),
        Value::List(items) if options.is("array") => {
            let items: Option<Vec<String>> = items.iter().map(Value::shown).collect();
            literal(&format!("{{{}}}", items.unwrap_or_default().join(",")))
        }
        Value::List(_) => literal("[]"),
        Value::Map(_) => literal("{}"),
        Value::Int(n) => literal(&n.to_string()),
        Value::Str(text) | Value::Float(text) => literal(text),
        // it has one, and what it is only the program knows
        Value::Unknown | Value::Table(_) | Value::Direction if is_number => "0".to_owned(),
        Value::Unknown | Value::Table(_) | Value::Direction if kind == "boolean" => truth(false).to_owned(),
        Value::Unknown | Value::Table(_) | Value::Direction => literal(""),
    })
}

/// The name that an index gets.
pub(super) fn index_name(version: Version, table: &str, columns: &[String]) -> String {
    let name = format!("index_{table}_on_{}", columns.join("_and_"));
    if name.len() <= 62 || version < Version(7, 1) {
        return name;
    }
    let hashed = format!("_{}", hash(&name));
    let short = format!("idx_on_{}", columns.join("_"));
    let mut end = (62 - hashed.len()).min(short.len());
    while !short.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{hashed}", &short[..end])
}

/// The columns of an index for its name: of an expression its words.
pub(super) fn named_columns(columns: &[String]) -> Vec<String> {
    let words = |c: &String| match is_expression(c) {
        true => {
            c.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect::<Vec<_>>().join("_")
        }
        false => c.clone(),
    };
    columns.iter().map(words).collect()
}

/// Whether what stands for a column is an expression.
pub(super) fn is_expression(column: &str) -> bool {
    column.chars().any(|c| !c.is_alphanumeric() && c != '_')
}

/// A name with ten digits of a hash: `fk_rails_…`.
pub(super) fn hashed_name(prefix: &str, identifier: &str) -> String {
    format!("{prefix}_rails_{}", hash(identifier))
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_active_record() {
        // as `db/schema.rb` of an application has them
        assert_eq!(hashed_name("fk", "articles_author_id_fk"), "fk_rails_e74ce85cbc");
        let columns = ["organization_id".to_owned(), "external_identifier".to_owned()];
        let long = index_name(Version(7, 1), "organization_membership_invitations", &columns);
        assert_eq!(long.len(), 58.min(long.len()));
        assert!(long.starts_with("idx_on_organization_id_external_identifier_"), "{long}");
        assert_eq!(
            index_name(Version(7, 0), "organization_membership_invitations", &columns),
            "index_organization_membership_invitations_on_organization_id_and_external_identifier"
        );
        assert_eq!(named_columns(&["lower(email)".to_owned()]), ["lower_email"]);
    }
}
