//! Types of columns as Hibernate takes them for types of Java.

use sql::Dialect;

use super::entities::Property;

/// A text of a length.
pub(super) fn text(dialect: Dialect, length: i64) -> String {
    match dialect {
        Dialect::Oracle => format!("varchar2({length})"),
        Dialect::SqlServer => format!("varchar({length})"),
        Dialect::Sqlite => format!("varchar({length})"),
        _ => format!("varchar({length})"),
    }
}

/// The type of a property; none where a class of Java says nothing of it.
pub(super) fn data_type(property: &Property, dialect: Dialect) -> String {
    if let Some(written) = &property.definition {
        // `VARCHAR(20) NOT NULL DEFAULT 'x'`: the type is what stands before
        return written.clone();
    }
    let length = property.length.unwrap_or(255);
    if property.is_large {
        return match (dialect, property.java.as_str()) {
            (Dialect::Postgres, "String") => "text",
            (Dialect::Postgres, _) => "oid",
            (Dialect::MySql, "String") => "longtext",
            (Dialect::MySql, _) => "longblob",
            (Dialect::Oracle, "String") => "clob",
            (Dialect::SqlServer, "String") => "varchar(max)",
            (Dialect::SqlServer, _) => "varbinary(max)",
            (_, "String") => "clob",
            _ => "blob",
        }
        .to_owned();
    }
    if property.is_enum {
        return match property.is_enum_text {
            true => text(dialect, length),
            false => "integer".to_owned(),
        };
    }
    let (postgres, mysql, other) = match property.java.as_str() {
        "int" | "Integer" | "AtomicInteger" | "Year" => ("integer", "int", "int"),
        "long" | "Long" | "Duration" | "BigInteger" => ("bigint", "bigint", "bigint"),
        "short" | "Short" => ("smallint", "smallint", "smallint"),
        "byte" | "Byte" => ("smallint", "tinyint", "tinyint"),
        "boolean" | "Boolean" => ("boolean", "bit(1)", "bit"),
        "double" | "Double" => ("double precision", "double", "float"),
        "float" | "Float" => ("real", "float", "real"),
        "char" | "Character" => ("char(1)", "char(1)", "char(1)"),
        "BigDecimal" => {
            let (precision, scale) = property.precision.unwrap_or((19, 2));
            let name = if dialect == Dialect::Postgres { "numeric" } else { "decimal" };
            return format!("{name}({precision},{scale})");
        }
        "LocalDate" => ("date", "date", "date"),
        "LocalTime" | "Time" => ("time", "time", "time"),
        "Date" | "Calendar" if property.temporal == Some("DATE") => ("date", "date", "date"),
        "Date" | "Calendar" if property.temporal == Some("TIME") => ("time", "time", "time"),
        "Date" | "Calendar" | "LocalDateTime" | "Timestamp" => ("timestamp", "datetime(6)", "datetime2"),
        "Instant" | "OffsetDateTime" | "ZonedDateTime" => ("timestamp with time zone", "datetime(6)", "datetimeoffset"),
        "UUID" => ("uuid", "binary(16)", "uniqueidentifier"),
        "byte[]" | "Byte[]" => ("bytea", "varbinary(255)", "varbinary(255)"),
        "Blob" => ("oid", "longblob", "varbinary(max)"),
        "Clob" => ("text", "longtext", "varchar(max)"),
        _ => return text(dialect, length),
    };
    match dialect {
        Dialect::MySql => mysql,
        Dialect::SqlServer => other,
        _ => postgres,
    }
    .to_owned()
}
