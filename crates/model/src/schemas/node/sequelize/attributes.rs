//! Attributes of Sequelize: columns of tables, in migrations and models.

use ir::Range;
use sql::Dialect;

use super::table_name;
use crate::schemas::table::{Column, Foreign, Key};
use crate::schemas::written::{literal, quoted};
use crate::script::{Call, Val, What, last};

/// A column as it is said.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) at: Range,
    data_type: String,
    values: Option<Vec<String>>,
    is_list: bool,
    not_null: bool,
    default: Option<String>,
    counts: bool,
    pub(crate) primary: bool,
    pub(crate) unique: bool,
    /// Several with the same name are one key.
    pub(crate) unique_name: Option<String>,
    pub(crate) foreign: Option<Foreign>,
    /// Nothing is stored.
    pub(crate) is_virtual: bool,
}

/// Reads `{ type, allowNull, … }`, or a type alone.
pub(crate) fn read(dialect: Dialect, name: &str, at: Range, given: &Val) -> Option<Attribute> {
    let is_alone = given.entries().is_empty();
    let options = |key: &str| if is_alone { None } else { given.given(key) };
    let is = |key: &str| options(key).is_some_and(Val::is_true);
    let word = if is_alone { Some(given) } else { options("type") };
    let read = word.map(|w| data_type(dialect, w)).unwrap_or_default();
    let name = options("field").and_then(Val::name).unwrap_or(name).to_owned();
    if read.word.is_empty() && read.values.is_none() && options("references").is_none() && !read.is_virtual {
        return None;
    }
    let values = options("values").and_then(Val::names).or(read.values);
    let action = |key: &str| options(key).and_then(Val::name).map(str::to_uppercase);
    let foreign = options("references").and_then(|references| {
        let model = references.given("model").or_else(|| references.given("table"));
        let table = match model {
            Some(model) => table_name(model)?,
            None => references.name()?.to_owned(),
        };
        let key = references.given("key").or_else(|| options("referencesKey")).and_then(Val::name).unwrap_or("id");
        Some(Foreign {
            name: None,
            columns: vec![name.clone()],
            at,
            references: table,
            referenced: vec![key.to_owned()],
            on_delete: action("onDelete"),
            on_update: action("onUpdate"),
            deferrable: references.given("deferrable").map(|_| "DEFERRABLE INITIALLY DEFERRED".to_owned()),
        })
    });
    let unique = options("unique");
    let unique_name = unique.and_then(|u| u.name().or_else(|| u.given("name").and_then(Val::name)));
    Some(Attribute {
        data_type: read.word,
        is_list: read.is_list,
        values,
        not_null: options("allowNull").is_some_and(Val::is_false),
        default: options("defaultValue").and_then(|v| expression(dialect, v)),
        counts: is("autoIncrement"),
        primary: is("primaryKey"),
        unique: unique.is_some_and(Val::is_true),
        unique_name: unique_name.map(str::to_owned),
        foreign,
        is_virtual: read.is_virtual,
        name,
        at,
    })
}

impl Attribute {
    /// The enum of PostgreSQL that it needs.
    pub(crate) fn create_type(&self, dialect: Dialect, table: &str) -> Option<String> {
        let values = self.values.as_ref().filter(|_| dialect == Dialect::Postgres)?;
        let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
        Some(format!("CREATE TYPE {} AS ENUM ({values});\n", self.type_name(dialect, table)))
    }

    fn type_name(&self, dialect: Dialect, table: &str) -> String {
        let (schema, bare) = table.rsplit_once('.').map_or((None, table), |(s, t)| (Some(s), t));
        let name = format!("enum_{bare}_{}", self.name);
        match schema {
            Some(schema) => quoted(dialect, &format!("{schema}.{name}")),
            None => quoted(dialect, &name),
        }
    }

    /// The column without its keys.
    pub(crate) fn column(&self, dialect: Dialect, table: &str) -> Column {
        let mut data_type = self.data_type.clone();
        if let Some(values) = &self.values {
            let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
            data_type = match dialect {
                Dialect::Postgres => self.type_name(dialect, table),
                Dialect::MySql => format!("ENUM({values})"),
                _ => "TEXT".to_owned(),
            };
        }
        if self.is_list && dialect == Dialect::Postgres {
            data_type.push_str("[]");
        }
        let mut more = String::new();
        if self.counts {
            match dialect {
                Dialect::Postgres => {
                    data_type = match data_type.as_str() {
                        "BIGINT" => "BIGSERIAL".to_owned(),
                        "SMALLINT" => "SMALLSERIAL".to_owned(),
                        _ => "SERIAL".to_owned(),
                    };
                }
                Dialect::MySql => more = "AUTO_INCREMENT".to_owned(),
                Dialect::SqlServer => more = "IDENTITY(1,1)".to_owned(),
                _ => {}
            }
        }
        Column {
            name: self.name.clone(),
            at: self.at,
            data_type,
            not_null: self.not_null,
            default: self.default.clone(),
            more,
        }
    }
}

/// A type as it is read.
#[derive(Default)]
struct Type {
    word: String,
    values: Option<Vec<String>>,
    is_list: bool,
    is_virtual: bool,
}

/// `Sequelize.STRING(100)`, `DataTypes.INTEGER.UNSIGNED`, `'UUID'`, `DataTypes.ENUM('a', 'b')`.
fn data_type(dialect: Dialect, value: &Val) -> Type {
    if let Some(text) = value.name() {
        return Type { word: text.to_owned(), ..Type::default() };
    }
    let (mut name, mut args, mut more) = (String::new(), Vec::new(), Vec::new());
    for call in value.chain() {
        match (call.name.strip_prefix('.'), name.is_empty()) {
            (Some(suffix), _) => more.push(suffix.to_owned()),
            (None, true) => {
                name = type_word(&call.name, &mut more);
                args = call.args.clone();
                if let (true, Some(on)) = (name.is_empty(), call.on.as_ref()) {
                    name = on.last().to_owned();
                }
            }
            (None, false) => more.push(call.last().to_owned()),
        }
    }
    if let Some(path) = value.as_path() {
        name = type_word(path, &mut more);
    }
    let unsigned = if dialect == Dialect::MySql && more.iter().any(|m| m == "UNSIGNED") { " UNSIGNED" } else { "" };
    let binary = more.iter().any(|m| m == "BINARY");
    spelled(dialect, &name, &args, unsigned, binary)
}

/// The word of a type within a path: `INTEGER` of `DataTypes.INTEGER.UNSIGNED`.
fn type_word(path: &str, more: &mut Vec<String>) -> String {
    let mut words =
        path.split('.').filter(|w| w.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    let first = words.next().unwrap_or_default().to_owned();
    more.extend(words.map(str::to_owned));
    first
}

fn spelled(dialect: Dialect, name: &str, args: &[Val], unsigned: &str, binary: bool) -> Type {
    let number = |at: usize| {
        let value = args.get(at)?;
        value.number().or_else(|| value.get("length").or_else(|| value.get("precision"))?.number())
    };
    let (postgres, mysql) = (dialect == Dialect::Postgres, dialect == Dialect::MySql);
    let sized = |word: &str| match (number(0), number(1)) {
        (Some(first), Some(second)) => format!("{word}({first},{second})"),
        (Some(first), None) => format!("{word}({first})"),
        _ => word.to_owned(),
    };
    let word = match name {
        "STRING" if binary && postgres => "BYTEA".to_owned(),
        "STRING" => format!("VARCHAR({}){}", number(0).unwrap_or(255), if binary && mysql { " BINARY" } else { "" }),
        "CHAR" => format!("CHAR({})", number(0).unwrap_or(255)),
        "TEXT" => match args.first().and_then(Val::name).map(str::to_lowercase).as_deref() {
            Some("tiny") if mysql => "TINYTEXT".to_owned(),
            Some("medium") if mysql => "MEDIUMTEXT".to_owned(),
            Some("long") if mysql => "LONGTEXT".to_owned(),
            _ => "TEXT".to_owned(),
        },
        "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "MEDIUMINT" => match mysql {
            true => format!("{}{unsigned}", sized(name)),
            false => name.to_owned(),
        },
        "NUMBER" => "INTEGER".to_owned(),
        "BOOLEAN" if mysql => "TINYINT(1)".to_owned(),
        "DATE" | "NOW" if postgres => "TIMESTAMP WITH TIME ZONE".to_owned(),
        "DATE" | "NOW" => number(0).filter(|_| mysql).map_or("DATETIME".to_owned(), |n| format!("DATETIME({n})")),
        "DATEONLY" => "DATE".to_owned(),
        "DECIMAL" | "NUMERIC" => sized("DECIMAL"),
        "DOUBLE" | "DOUBLEPRECISION" => {
            if postgres {
                "DOUBLE PRECISION".to_owned()
            } else {
                sized("DOUBLE PRECISION")
            }
        }
        "FLOAT" => {
            if postgres {
                "FLOAT".to_owned()
            } else {
                sized("FLOAT")
            }
        }
        "UUID" | "UUIDV4" | "UUIDV1" if mysql => "CHAR(36) BINARY".to_owned(),
        "UUID" | "UUIDV4" | "UUIDV1" => "UUID".to_owned(),
        "BLOB" if postgres => "BYTEA".to_owned(),
        "BLOB" => match args.first().and_then(Val::name).map(str::to_lowercase).as_deref() {
            Some("tiny") => "TINYBLOB".to_owned(),
            Some("medium") => "MEDIUMBLOB".to_owned(),
            Some("long") => "LONGBLOB".to_owned(),
            _ => "BLOB".to_owned(),
        },
        "RANGE" => match args.first().map_or("INTEGER", Val::last) {
            "BIGINT" => "int8range".to_owned(),
            "DECIMAL" => "numrange".to_owned(),
            "DATE" => "tstzrange".to_owned(),
            "DATEONLY" => "daterange".to_owned(),
            _ => "int4range".to_owned(),
        },
        "JSONB" if mysql => "JSON".to_owned(),
        "VIRTUAL" => return Type { is_virtual: true, ..Type::default() },
        "ENUM" => {
            let listed = args.first().map(|v| v.given("values").unwrap_or(v));
            let values = match (args, listed) {
                ([_], Some(first)) => first.names(),
                _ => args
                    .iter()
                    .map(|v| v.name().map(str::to_owned))
                    .collect::<Option<Vec<_>>>()
                    .filter(|v| !v.is_empty()),
            };
            return Type {
                values: values.or(Some(Vec::new())).filter(|v| !v.is_empty()),
                word: "TEXT".to_owned(),
                ..Type::default()
            };
        }
        "ARRAY" => {
            let inner = args.first().map(|v| data_type(dialect, v)).unwrap_or_default();
            return match postgres {
                true => Type { is_list: true, ..inner },
                false => Type { word: "TEXT".to_owned(), ..Type::default() },
            };
        }
        other => sized(other),
    };
    Type { word, ..Type::default() }
}

/// A default that the database keeps; `NOW` and `UUIDV4` are made by the code.
fn expression(dialect: Dialect, value: &Val) -> Option<String> {
    match &value.what {
        What::Bool(value) => Some(match (dialect, value) {
            (Dialect::Postgres, value) => value.to_string(),
            (_, true) => "1".to_owned(),
            (_, false) => "0".to_owned(),
        }),
        What::Number(text) => Some(text.clone()),
        What::Text(text) => Some(literal(text)),
        What::List(_) | What::Map(_) => Some("'{}'".to_owned()),
        What::Call(call) => called(dialect, call),
        _ => None,
    }
}

/// `Sequelize.literal('…')`, `Sequelize.fn('now')`.
fn called(dialect: Dialect, call: &Call) -> Option<String> {
    let text = call.arg(0).and_then(Val::name)?;
    match last(&call.name) {
        "literal" => Some(text.to_owned()),
        "fn" => {
            let args: Option<Vec<String>> = call.args.iter().skip(1).map(|a| expression(dialect, a)).collect();
            Some(format!("{text}({})", args?.join(", ")))
        }
        "col" => Some(quoted(dialect, text)),
        _ => None,
    }
}

/// Columns of an index: texts, objects with a name, expressions.
pub(crate) fn fields(value: &Val) -> Option<Vec<String>> {
    let one = |field: &Val| {
        if let Some(name) = field.name() {
            return Some(name.to_owned());
        }
        if let Some(name) = field.given("name").or_else(|| field.given("attribute")).and_then(Val::name) {
            return Some(name.to_owned());
        }
        let call = field.as_call()?;
        let text = called(Dialect::Postgres, call)?;
        Some(if text.contains('(') { text } else { format!("({text})") })
    };
    value.listed().iter().map(one).collect::<Option<Vec<_>>>().filter(|f| !f.is_empty())
}

/// The name that Sequelize makes: in small letters with underscores.
pub(crate) fn index_name(table: &str, columns: &[String]) -> String {
    let bare = table.rsplit('.').next().unwrap_or(table);
    underscored(&format!("{bare}_{}", columns.join("_")))
}

/// `userId` as `user_id`.
pub(crate) fn underscored(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| chars.get(b));
        let after = chars.get(at + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || b.is_ascii_digit() || b.is_uppercase() && after.is_some_and(|a| a.is_lowercase())
            });
        if begins {
            made.push('_');
        }
        made.extend(if *c == '-' { '_' } else { *c }.to_lowercase());
    }
    made
}

/// An index with its options.
pub(crate) fn index(table: &str, columns: Vec<String>, options: Option<&Val>, at: Range) -> Key {
    let option = |key: &str| options.and_then(|o| o.given(key));
    let text = |key: &str| option(key).and_then(Val::name).map(str::to_owned);
    let name = text("name").or_else(|| text("indexName")).unwrap_or_else(|| index_name(table, &columns));
    let kind = text("type").or_else(|| text("indicesType")).unwrap_or_default().to_lowercase();
    let unique = option("unique").is_some_and(Val::is_true) || kind == "unique";
    let method = text("using").or_else(|| text("method")).or_else(|| Some(kind).filter(|k| k == "fulltext"));
    Key {
        name: Some(name),
        unique,
        method,
        predicate: option("where").map(condition),
        concurrently: option("concurrently").is_some_and(Val::is_true),
        ..Key::index(columns, at)
    }
}

/// The condition of a partial index, as far as it is simple.
fn condition(value: &Val) -> String {
    let one = |entry: &crate::script::Entry| {
        let column = quoted(Dialect::Postgres, &entry.key);
        match &entry.value.what {
            What::Null => Some(format!("{column} IS NULL")),
            _ => Some(format!("{column} = {}", expression(Dialect::Postgres, &entry.value)?)),
        }
    };
    let parts: Option<Vec<String>> = value.entries().iter().map(one).collect();
    parts.filter(|p| !p.is_empty()).map_or_else(|| "1 = ?".to_owned(), |p| p.join(" AND "))
}
