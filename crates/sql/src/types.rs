//! Types of columns, normalised as each database's catalog names them.

use serde::{Deserialize, Serialize};

use crate::Dialect;

/// A type in the catalog's words: `character varying(255)` and not `varchar(255)` in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SqlType {
    /// The name without arguments, in small letters where it is the database's own. A schema before it is kept.
    pub name: String,
    /// What stands in parentheses.
    pub arguments: Vec<String>,
    /// What comes after them: `unsigned`, `with time zone`, `without time zone`.
    pub suffix: String,
    /// Dimensions of an array; PostgreSQL does not tell one from two.
    pub array: bool,
    /// What was written, where it is more than a name: `serial`, `rowversion`.
    pub alias: Option<String>,
}

/// What kind of thing a type holds, for rules that do not care how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TypeClass {
    Integer {
        bytes: u8,
    },
    Decimal,
    Float,
    Money,
    Text,
    Bytes,
    Boolean,
    Date,
    Time,
    /// `zoned`: it knows which instant it means.
    Timestamp {
        zoned: bool,
    },
    Uuid,
    Json {
        binary: bool,
    },
    Enum,
    Other,
}

impl SqlType {
    /// A type by the catalog's name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), arguments: Vec::new(), suffix: String::new(), array: false, alias: None }
    }

    /// No type is known.
    pub fn unknown() -> Self {
        Self::named("unknown")
    }

    /// Whether the type is known.
    pub fn is_known(&self) -> bool {
        self.name != "unknown"
    }

    /// From the words as written (in small letters where not quoted) to the catalog's name.
    pub(crate) fn normalised(words: &str, arguments: Vec<String>, suffix: &str, array: bool, dialect: Dialect) -> Self {
        let mut made = Self { name: words.to_owned(), arguments, suffix: suffix.trim().to_owned(), array, alias: None };
        match dialect {
            Dialect::Postgres => made.normalise_postgres(),
            Dialect::MySql => made.normalise_mysql(),
            _ => {}
        }
        made
    }

    fn normalise_postgres(&mut self) {
        if let Some(own) = self.name.strip_prefix("pg_catalog.") {
            self.name = own.to_owned();
        }
        let written = self.name.clone();
        let (name, alias) = match written.as_str() {
            "int" | "int4" => ("integer", None),
            "int8" => ("bigint", None),
            "int2" => ("smallint", None),
            "serial" | "serial4" => ("integer", Some("serial")),
            "bigserial" | "serial8" => ("bigint", Some("bigserial")),
            "smallserial" | "serial2" => ("smallint", Some("smallserial")),
            "bool" => ("boolean", None),
            "varchar" | "char varying" | "national character varying" | "nchar varying" => ("character varying", None),
            "char" | "bpchar" | "nchar" | "national character" => ("character", None),
            "decimal" | "dec" => ("numeric", None),
            "float8" | "double" => ("double precision", None),
            "float4" => ("real", None),
            "float" => ("double precision", None),
            "timestamptz" => ("timestamp", None),
            "timetz" => ("time", None),
            "varbit" => ("bit varying", None),
            other => (other, None),
        };
        let zoned = matches!(self.name.as_str(), "timestamptz" | "timetz") || self.suffix == "with time zone";
        if self.name == "float" {
            let precision: u32 = self.arguments.first().and_then(|a| a.parse().ok()).unwrap_or(53);
            self.arguments.clear();
            self.name = if precision <= 24 { "real" } else { "double precision" }.into();
            return;
        }
        let bare_char = matches!(self.name.as_str(), "char" | "character" | "nchar") && self.arguments.is_empty();
        self.alias = alias.map(str::to_owned);
        self.name = name.to_owned();
        if bare_char {
            self.arguments.push("1".into());
        }
        if name == "bit" && self.arguments.is_empty() {
            self.arguments.push("1".into());
        }
        if name == "numeric" && self.arguments.len() == 1 {
            self.arguments.push("0".into());
        }
        if matches!(name, "timestamp" | "time") {
            self.suffix = if zoned { "with time zone" } else { "without time zone" }.into();
        } else {
            self.suffix.clear();
        }
    }

    fn normalise_mysql(&mut self) {
        let written = self.name.clone();
        let name = match written.as_str() {
            "integer" | "int4" => "int",
            "int8" => "bigint",
            "int2" => "smallint",
            "int1" => "tinyint",
            "int3" | "middleint" => "mediumint",
            "bool" | "boolean" => {
                self.arguments = vec!["1".into()];
                "tinyint"
            }
            "dec" | "numeric" | "fixed" => "decimal",
            "double precision" | "float8" => "double",
            "real" => "double",
            "float4" => "float",
            "character varying" | "national varchar" | "nvarchar" | "varcharacter" | "char varying" => "varchar",
            "character" | "nchar" | "national char" => "char",
            "long" | "long varchar" => "mediumtext",
            "long varbinary" => "mediumblob",
            // MariaDB: an alias of longtext with a check
            "json" => "longtext",
            "serial" => {
                self.suffix = "unsigned".into();
                "bigint"
            }
            other => other,
        };
        self.alias = (name != written).then(|| written.clone());
        self.name = name.to_owned();
        let width = match name {
            "int" if self.suffix.contains("unsigned") => Some("10"),
            "int" => Some("11"),
            "bigint" => Some("20"),
            "smallint" if self.suffix.contains("unsigned") => Some("5"),
            "smallint" => Some("6"),
            "tinyint" if self.suffix.contains("unsigned") => Some("3"),
            "tinyint" => Some("4"),
            "mediumint" if self.suffix.contains("unsigned") => Some("8"),
            "mediumint" => Some("9"),
            "char" | "binary" | "bit" => Some("1"),
            "year" => Some("4"),
            _ => None,
        };
        if self.arguments.is_empty()
            && let Some(width) = width
        {
            self.arguments.push(width.into());
        }
        if name == "decimal" {
            if self.arguments.is_empty() {
                self.arguments.push("10".into());
            }
            if self.arguments.len() == 1 {
                self.arguments.push("0".into());
            }
        }
        if matches!(name, "text" | "blob") {
            self.arguments.clear();
        }
        if name == "varchar" && self.suffix.contains("binary") {
            self.suffix.clear();
        }
    }

    /// What kind of thing it holds.
    pub fn class(&self) -> TypeClass {
        if self.array {
            return TypeClass::Other;
        }
        let name = self.name.to_ascii_lowercase();
        let zoned = self.suffix.contains("with time zone") || self.suffix.contains("with local time zone");
        match name.as_str() {
            "tinyint" if self.arguments.first().is_some_and(|a| a == "1") => TypeClass::Boolean,
            "tinyint" => TypeClass::Integer { bytes: 1 },
            "smallint" | "int2" | "smallserial" => TypeClass::Integer { bytes: 2 },
            "mediumint" => TypeClass::Integer { bytes: 3 },
            "int" | "integer" | "int4" | "serial" => TypeClass::Integer { bytes: 4 },
            "bigint" | "int8" | "bigserial" => TypeClass::Integer { bytes: 8 },
            "numeric" | "decimal" | "number" | "dec" => TypeClass::Decimal,
            "real" | "double" | "double precision" | "float" | "float4" | "float8" | "binary_float"
            | "binary_double" => TypeClass::Float,
            "money" | "smallmoney" => TypeClass::Money,
            "text" | "character varying" | "varchar" | "character" | "char" | "tinytext" | "mediumtext"
            | "longtext" | "citext" | "nvarchar" | "nchar" | "ntext" | "varchar2" | "nvarchar2" | "clob" | "nclob"
            | "string" => {
                if self.alias.as_deref() == Some("json") {
                    TypeClass::Json { binary: false }
                } else {
                    TypeClass::Text
                }
            }
            "bytea" | "blob" | "tinyblob" | "mediumblob" | "longblob" | "binary" | "varbinary" | "image" | "raw" => {
                TypeClass::Bytes
            }
            "boolean" | "bool" | "bit" => TypeClass::Boolean,
            "date" => TypeClass::Date,
            "time" | "timetz" => TypeClass::Time,
            "timestamptz" | "datetimeoffset" => TypeClass::Timestamp { zoned: true },
            "timestamp" => TypeClass::Timestamp { zoned },
            "datetime" | "datetime2" | "smalldatetime" => TypeClass::Timestamp { zoned: false },
            "uuid" | "uniqueidentifier" => TypeClass::Uuid,
            "json" => TypeClass::Json { binary: false },
            "jsonb" => TypeClass::Json { binary: true },
            "enum" | "set" => TypeClass::Enum,
            _ => TypeClass::Other,
        }
    }

    /// The first argument as a number: the length of a text, the precision of a decimal.
    pub fn length(&self) -> Option<u64> {
        self.arguments.first().and_then(|a| a.parse().ok())
    }
}

impl std::fmt::Display for SqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            write!(f, "({})", self.arguments.join(","))?;
        }
        if !self.suffix.is_empty() {
            write!(f, " {}", self.suffix)?;
        }
        if self.array { f.write_str("[]") } else { Ok(()) }
    }
}
