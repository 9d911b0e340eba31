//! The types of Knex, by dialect.

use sql::Dialect;

use super::Knex;
use crate::schemas::table::Column;
use crate::schemas::written::{literal, quoted};
use crate::script::{Call, Val, What};

/// What a method of a table's builder makes: the type, with what follows the name, and whether it is the primary key.
pub(super) struct Made {
    pub(super) column: Column,
    pub(super) is_primary: bool,
}

impl Knex<'_> {
    /// The column that a method makes; none for methods that make none.
    pub(super) fn column_of(&mut self, call: &Call, schema: Option<&str>) -> Option<Made> {
        let dialect = self.written.dialect();
        let method = &*call.name;
        let name = match call.arg(0).and_then(Val::name) {
            Some(name) => name.to_owned(),
            None if method.to_ascii_lowercase().contains("increments") => "id".to_owned(),
            None => return None,
        };
        let mut column = Column { name, at: call.at, ..Column::default() };
        let mut is_primary = false;
        if let "increments" | "bigIncrements" | "bigincrements" = method {
            is_primary = !call.arg(1).and_then(|o| o.get("primaryKey")).is_some_and(Val::is_false);
            let is_big = method != "increments";
            (column.data_type, column.more) = counting(dialect, is_big, is_primary);
            column.not_null = dialect != Dialect::Postgres;
            return Some(Made { column, is_primary });
        }
        if let "enu" | "enum" = method {
            self.enumeration(call, &mut column, schema);
            return Some(Made { column, is_primary });
        }
        column.data_type = data_type(dialect, method, call)?;
        if method == "uuid" {
            is_primary = call.arg(1).and_then(|o| o.get("primaryKey")).is_some_and(Val::is_true);
        }
        Some(Made { column, is_primary })
    }

    fn enumeration(&mut self, call: &Call, column: &mut Column, schema: Option<&str>) {
        let dialect = self.written.dialect();
        let values = call.arg(1).and_then(Val::names).unwrap_or_default();
        let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
        let options = call.arg(2);
        let native = options.filter(|o| o.get("useNative").is_some_and(Val::is_true));
        let type_name = native.and_then(|o| o.given("enumName")).and_then(Val::name);
        match (dialect, type_name) {
            (Dialect::MySql, _) => column.data_type = format!("enum({values})"),
            (Dialect::Postgres, Some(name)) => {
                let schema = options.and_then(|o| o.given("schemaName")).and_then(Val::name).or(schema);
                let name = match schema {
                    Some(schema) => quoted(dialect, &format!("{schema}.{name}")),
                    None => quoted(dialect, name),
                };
                if !options.and_then(|o| o.get("existingType")).is_some_and(Val::is_true) {
                    self.written.say(&format!("CREATE TYPE {name} AS ENUM ({values});\n"), call.at);
                }
                column.data_type = name;
            }
            _ => {
                column.data_type = "text".to_owned();
                if !values.is_empty() {
                    column.more = format!("CHECK ({} IN ({values}))", quoted(dialect, &column.name));
                }
            }
        }
    }
}

/// A column that counts up.
fn counting(dialect: Dialect, is_big: bool, is_primary: bool) -> (String, String) {
    let key = if is_primary { "PRIMARY KEY" } else { "" };
    match dialect {
        Dialect::Postgres => ((if is_big { "bigserial" } else { "serial" }).to_owned(), key.to_owned()),
        Dialect::MySql => {
            ((if is_big { "bigint unsigned" } else { "int unsigned" }).to_owned(), format!("AUTO_INCREMENT {key}"))
        }
        Dialect::SqlServer => ((if is_big { "bigint" } else { "int" }).to_owned(), format!("IDENTITY(1,1) {key}")),
        _ => ("integer".to_owned(), format!("{key} AUTOINCREMENT")),
    }
}

fn data_type(dialect: Dialect, method: &str, call: &Call) -> Option<String> {
    let number = |at: usize| call.args.get(at).and_then(Val::number);
    let postgres = dialect == Dialect::Postgres;
    let mysql = dialect == Dialect::MySql;
    let text = |text: &str| Some(text.to_owned());
    match method {
        "integer" | "int" => text(if postgres || dialect == Dialect::Sqlite { "integer" } else { "int" }),
        "tinyint" => text(if postgres { "smallint" } else { "tinyint" }),
        "smallint" => text("smallint"),
        "mediumint" => text(if mysql { "mediumint" } else { "integer" }),
        "bigint" | "bigInteger" | "biginteger" => text("bigint"),
        "text" => match (mysql, call.arg(1).and_then(Val::name)) {
            (true, Some(kind @ ("mediumtext" | "longtext" | "tinytext"))) => text(kind),
            _ => text("text"),
        },
        "string" => {
            let length = number(1).unwrap_or(255);
            Some(format!("varchar({length})"))
        }
        "char" => Some(format!("char({})", number(1).unwrap_or(255))),
        "float" => match dialect {
            Dialect::Postgres => text("real"),
            Dialect::MySql => Some(format!("float({}, {})", number(1).unwrap_or(8), number(2).unwrap_or(2))),
            _ => text("float"),
        },
        "double" => text(if postgres { "double precision" } else { "double" }),
        "decimal" => match call.args.get(1) {
            Some(Val { what: What::Null, .. }) => text("decimal"),
            _ => Some(format!("decimal({}, {})", number(1).unwrap_or(8), number(2).unwrap_or(2))),
        },
        "boolean" | "bool" => text(if dialect == Dialect::SqlServer { "bit" } else { "boolean" }),
        "date" => text("date"),
        "time" => text("time"),
        "datetime" | "dateTime" | "timestamp" => Some(moment(dialect, method, call)),
        "binary" => match (dialect, number(1)) {
            (Dialect::Postgres, _) => text("bytea"),
            (Dialect::MySql, Some(length)) => Some(format!("varbinary({length})")),
            _ => text("blob"),
        },
        "json" => text(if postgres || mysql || dialect == Dialect::Sqlite { "json" } else { "nvarchar(max)" }),
        "jsonb" => text(if postgres { "jsonb" } else { "json" }),
        "uuid" => text(match dialect {
            Dialect::Postgres => "uuid",
            Dialect::SqlServer => "uniqueidentifier",
            _ => "char(36)",
        }),
        "geometry" | "geography" | "point" => text(method),
        "bit" => Some(number(1).map_or("bit".to_owned(), |n| format!("bit({n})"))),
        "specificType" => call.arg(1).and_then(Val::name).map(str::to_owned),
        _ => None,
    }
}

/// A date with a time.
fn moment(dialect: Dialect, method: &str, call: &Call) -> String {
    let (mut zone, mut precision) = (true, call.args.get(2).and_then(Val::number));
    match call.arg(1) {
        Some(options) if !options.entries().is_empty() => {
            zone = !options.get("useTz").is_some_and(Val::is_false);
            precision = options.get("precision").and_then(Val::number);
        }
        Some(first) if dialect == Dialect::Postgres => zone = first.truth() != Some(true),
        Some(first) => precision = first.number(),
        None => {}
    }
    let precision = precision.map_or(String::new(), |p| format!("({p})"));
    match (dialect, zone) {
        (Dialect::Postgres, true) => format!("timestamptz{precision}"),
        (Dialect::Postgres, false) => format!("timestamp{precision}"),
        (Dialect::MySql, _) if method == "timestamp" => format!("timestamp{precision}"),
        (Dialect::SqlServer, _) => "datetime2".to_owned(),
        _ => format!("datetime{precision}"),
    }
}
