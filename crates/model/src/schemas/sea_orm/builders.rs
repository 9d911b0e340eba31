//! The builders of SeaQuery: `Table::create().table(X::Table).col(ColumnDef::new(X::Id).integer())`.

use ir::{Arg, ExprId, ExprKind};
use sql::Dialect;

use super::Reader;
use crate::Constant;
use crate::schemas::written::{literal, quoted};

/// A link of a chain.
struct Link<'p> {
    name: &'static str,
    args: &'p [Arg],
}

/// Whether a method of the manager changes the schema.
pub(super) fn is_operation(name: &str) -> bool {
    matches!(
        name,
        "create_table"
            | "alter_table"
            | "drop_table"
            | "rename_table"
            | "create_index"
            | "drop_index"
            | "create_foreign_key"
            | "drop_foreign_key"
            | "create_type"
            | "drop_type"
    )
}

impl<'p> Reader<'_, 'p> {
    /// What a chain begins with (`Table.create`) and its links.
    fn chain(&self, expr: ExprId, depth: u32) -> Option<(String, Vec<Link<'p>>, &'p [Arg])> {
        let mut links = Vec::new();
        let mut expr = expr;
        loop {
            match &self.module.expr(expr).kind {
                ExprKind::Unary { operand, .. } => expr = *operand,
                ExprKind::Call { callee, args, .. } => match &self.module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } => {
                        let is_path =
                            matches!(self.module.expr(*object).kind, ExprKind::Name(_) | ExprKind::Member { .. });
                        let dotted = self.module.dotted(*callee).filter(|_| is_path);
                        let begins = dotted
                            .filter(|d| d.split('.').rev().nth(1).is_some_and(|o| o.starts_with(char::is_uppercase)));
                        if let Some(begins) = begins {
                            let last: Vec<&str> = begins.rsplit('.').take(2).collect();
                            links.reverse();
                            return Some((format!("{}.{}", last[1], last[0]), links, args));
                        }
                        if is_path && self.module.dotted(*object).is_some_and(|o| o.contains('.')) {
                            // `schema::string(X::Y)`
                            links.reverse();
                            return Some((name.to_string(), links, args));
                        }
                        links.push(Link { name: name.as_str(), args });
                        expr = *object;
                    }
                    ExprKind::Name(name) => {
                        if let Some((begins, mut inner, args)) = self.returned(expr, depth) {
                            links.reverse();
                            inner.extend(links);
                            return Some((begins, inner, args));
                        }
                        links.reverse();
                        return Some((name.to_string(), links, args));
                    }
                    _ => return None,
                },
                ExprKind::Name(_) if depth < 4 => {
                    let definition = self.context.program.definition(self.at(expr)).filter(|d| d.module == self.id)?;
                    let (begins, mut inner, args) = self.chain(definition.expr, depth + 1)?;
                    links.reverse();
                    inner.extend(links);
                    return Some((begins, inner, args));
                }
                _ => return None,
            }
        }
    }

    /// The chain that a function of the same file gives.
    fn returned(&self, call: ExprId, depth: u32) -> Option<(String, Vec<Link<'p>>, &'p [Arg])> {
        let callee = self.context.program.call(self.at(call)).filter(|_| depth < 4)?;
        let [function] = callee.functions.as_slice() else { return None };
        if function.module != self.id {
            return None;
        }
        let last = *self.module.function(function.function).body.as_ref()?.last()?;
        match self.module.stmt(last).kind {
            ir::StmtKind::Return(Some(expr)) | ir::StmtKind::Expr(expr) => self.chain(expr, depth + 1),
            _ => None,
        }
    }

    fn quoted(&self, name: &str) -> String {
        quoted(self.written.dialect(), name)
    }

    fn quoted_arg(&self, link: &Link<'p>, at: usize) -> Option<String> {
        Some(self.quoted(&self.name(link.args.get(at)?.value)?))
    }

    fn find<'l>(links: &'l [Link<'p>], name: &str) -> Option<&'l Link<'p>> {
        links.iter().find(|l| l.name == name)
    }

    /// The statement that a builder makes.
    pub(super) fn statement(&self, expr: ExprId) -> Option<String> {
        let (begins, links, _) = self.chain(expr, 0)?;
        let table = || self.quoted_arg(Self::find(&links, "table")?, 0);
        let name = || self.quoted_arg(Self::find(&links, "name")?, 0);
        match begins.as_str() {
            "Table.create" => self.create_table(&links),
            "Table.alter" => self.alter_table(&links),
            "Table.drop" => {
                let if_exists = if Self::find(&links, "if_exists").is_some() { "IF EXISTS " } else { "" };
                Some(format!("DROP TABLE {if_exists}{}", table()?))
            }
            "Table.rename" => {
                let link = Self::find(&links, "table")?;
                Some(format!("ALTER TABLE {} RENAME TO {}", self.quoted_arg(link, 0)?, self.quoted_arg(link, 1)?))
            }
            "Index.create" => {
                let (table, name) = (table()?, name()?);
                let unique = if Self::find(&links, "unique").is_some() { "UNIQUE " } else { "" };
                let method = match Self::find(&links, "index_type").map(|l| self.last(l, 0)) {
                    Some(Some("Hash")) if self.written.dialect() == Dialect::Postgres => " USING hash",
                    _ => "",
                };
                let exists =
                    if Self::find(&links, "if_not_exists").is_some() && self.written.dialect() != Dialect::MySql {
                        "IF NOT EXISTS "
                    } else {
                        ""
                    };
                Some(format!("CREATE {unique}INDEX {exists}{name} ON {table}{method} ({})", self.index_columns(&links)))
            }
            "Index.drop" => match self.written.dialect() {
                Dialect::MySql => Some(format!("ALTER TABLE {} DROP INDEX {}", table()?, name()?)),
                _ => Some(format!("DROP INDEX IF EXISTS {}", name()?)),
            },
            "ForeignKey.create" => {
                let table =
                    self.quoted_arg(Self::find(&links, "from").or_else(|| Self::find(&links, "from_tbl"))?, 0)?;
                Some(format!("ALTER TABLE {table} ADD {}", self.foreign_key(&links)?))
            }
            "ForeignKey.drop" => match self.written.dialect() {
                Dialect::MySql => Some(format!("ALTER TABLE {} DROP FOREIGN KEY {}", table()?, name()?)),
                _ => Some(format!("ALTER TABLE {} DROP CONSTRAINT {}", table()?, name()?)),
            },
            "Type.create" => {
                let name = self.quoted_arg(Self::find(&links, "as_enum")?, 0)?;
                let values = match &self.module.expr(Self::find(&links, "values")?.args.first()?.value).kind {
                    ExprKind::List(items) => {
                        items.iter().filter_map(|i| self.name(*i)).map(|v| literal(&v)).collect::<Vec<_>>()
                    }
                    _ => return None,
                };
                Some(format!("CREATE TYPE {name} AS ENUM ({})", values.join(", ")))
            }
            "Type.drop" => Some(format!("DROP TYPE {}", name()?)),
            _ => None,
        }
    }

    fn last(&self, link: &Link<'p>, at: usize) -> Option<&'static str> {
        match &self.module.expr(link.args.get(at)?.value).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
            _ => None,
        }
    }

    fn index_columns(&self, links: &[Link<'p>]) -> String {
        let column = |link: &Link<'p>| {
            let arg = link.args.first()?.value;
            let is_down = match &self.module.expr(arg).kind {
                ExprKind::List(items) => items.get(1).is_some_and(
                    |o| matches!(&self.module.expr(*o).kind, ExprKind::Member { name, .. } if *name == "Desc"),
                ),
                _ => false,
            };
            Some(format!("{}{}", self.quoted(&self.name(arg)?), if is_down { " DESC" } else { "" }))
        };
        links.iter().filter(|l| l.name == "col").filter_map(column).collect::<Vec<_>>().join(", ")
    }

    fn create_table(&self, links: &[Link<'p>]) -> Option<String> {
        let table = self.quoted_arg(Self::find(links, "table")?, 0)?;
        let exists = if Self::find(links, "if_not_exists").is_some() { "IF NOT EXISTS " } else { "" };
        let mut parts = Vec::new();
        for link in links {
            let Some(arg) = link.args.first() else { continue };
            let inner = || self.chain(arg.value, 0).map(|(_, links, _)| links);
            match link.name {
                "col" => parts.extend(self.column(arg.value)),
                "primary_key" => {
                    let Some(links) = inner() else { continue };
                    let name = Self::find(&links, "name").and_then(|l| self.quoted_arg(l, 0));
                    let name = name.map_or(String::new(), |n| format!("CONSTRAINT {n} "));
                    parts.push(format!("{name}PRIMARY KEY ({})", self.index_columns(&links)));
                }
                "index" => {
                    let Some(links) = inner() else { continue };
                    let name = Self::find(&links, "name").and_then(|l| self.quoted_arg(l, 0));
                    let kind = match (Self::find(&links, "primary").is_some(), self.written.dialect()) {
                        (true, _) => "PRIMARY KEY",
                        _ if Self::find(&links, "unique").is_some() => "UNIQUE",
                        (_, Dialect::MySql) => "KEY",
                        _ => continue,
                    };
                    let name = match kind {
                        "KEY" => format!("KEY {}", name.unwrap_or_default()),
                        kind => format!("{}{kind}", name.map_or(String::new(), |n| format!("CONSTRAINT {n} "))),
                    };
                    parts.push(format!("{name} ({})", self.index_columns(&links)));
                }
                "foreign_key" => parts.extend(inner().and_then(|links| self.foreign_key(&links))),
                _ => {}
            }
        }
        Some(format!("CREATE TABLE {exists}{table} ({})", parts.join(", ")))
    }

    fn alter_table(&self, links: &[Link<'p>]) -> Option<String> {
        let table = self.quoted_arg(Self::find(links, "table")?, 0)?;
        let dialect = self.written.dialect();
        let mut actions = Vec::new();
        for link in links {
            let Some(arg) = link.args.first() else { continue };
            match link.name {
                "add_column" => actions.extend(self.column(arg.value).map(|c| format!("ADD COLUMN {c}"))),
                "add_column_if_not_exists" => {
                    let exists = if dialect == Dialect::Postgres { "IF NOT EXISTS " } else { "" };
                    actions.extend(self.column(arg.value).map(|c| format!("ADD COLUMN {exists}{c}")));
                }
                "drop_column" => actions.extend(self.quoted_arg(link, 0).map(|c| format!("DROP COLUMN {c}"))),
                "drop_foreign_key" => actions.extend(self.quoted_arg(link, 0).map(|c| match dialect {
                    Dialect::MySql => format!("DROP FOREIGN KEY {c}"),
                    _ => format!("DROP CONSTRAINT {c}"),
                })),
                "rename_column" => {
                    let names = self.quoted_arg(link, 0).zip(self.quoted_arg(link, 1));
                    actions.extend(names.map(|(from, to)| format!("RENAME COLUMN {from} TO {to}")));
                }
                "add_foreign_key" => {
                    let key = self.chain(arg.value, 0).and_then(|(_, links, _)| self.foreign_key(&links));
                    actions.extend(key.map(|k| format!("ADD {k}")));
                }
                "modify_column" => actions.extend(self.modify(arg.value)),
                _ => {}
            }
        }
        let statements = actions.iter().map(|a| format!("ALTER TABLE {table} {a}"));
        (!actions.is_empty()).then(|| statements.collect::<Vec<_>>().join(";\n"))
    }

    fn modify(&self, expr: ExprId) -> Vec<String> {
        let dialect = self.written.dialect();
        if dialect == Dialect::MySql {
            return self.column(expr).map(|c| format!("MODIFY COLUMN {c}")).into_iter().collect();
        }
        let Some((begins, links, args)) = self.chain(expr, 0) else { return Vec::new() };
        let Some(name) = args.first().and_then(|a| self.name(a.value)).map(|n| self.quoted(&n)) else {
            return Vec::new();
        };
        let mut actions = Vec::new();
        if let Some(ty) = self.data_type(&begins, &links, args) {
            actions.push(format!("ALTER COLUMN {name} TYPE {ty}"));
        }
        if Self::find(&links, "not_null").is_some() {
            actions.push(format!("ALTER COLUMN {name} SET NOT NULL"));
        }
        if Self::find(&links, "null").is_some() {
            actions.push(format!("ALTER COLUMN {name} DROP NOT NULL"));
        }
        if let Some(default) = Self::find(&links, "default") {
            actions.push(format!("ALTER COLUMN {name} SET DEFAULT {}", self.value(default)));
        }
        actions
    }

    fn foreign_key(&self, links: &[Link<'p>]) -> Option<String> {
        let name = Self::find(links, "name").and_then(|l| self.quoted_arg(l, 0));
        let side = |both: &str, table: &str, column: &str| {
            let mut columns = Vec::new();
            let mut of = Self::find(links, table).and_then(|l| self.quoted_arg(l, 0));
            for link in links.iter().filter(|l| l.name == both) {
                of = of.or_else(|| self.quoted_arg(link, 0));
                columns.extend(link.args.get(1).map(|a| self.columns(a.value)).unwrap_or_default());
            }
            for link in links.iter().filter(|l| l.name == column) {
                columns.extend(link.args.first().map(|a| self.columns(a.value)).unwrap_or_default());
            }
            (of, columns.join(", "))
        };
        let (_, from) = side("from", "from_tbl", "from_col");
        let (table, to) = side("to", "to_tbl", "to_col");
        let name = name.map_or(String::new(), |n| format!("CONSTRAINT {n} "));
        let mut sql = format!("{name}FOREIGN KEY ({from}) REFERENCES {} ({to})", table?);
        for (link, words) in [("on_delete", "ON DELETE"), ("on_update", "ON UPDATE")] {
            let action = match Self::find(links, link).and_then(|l| self.last(l, 0)) {
                Some("Cascade") => "CASCADE",
                Some("SetNull") => "SET NULL",
                Some("Restrict") => "RESTRICT",
                Some("SetDefault") => "SET DEFAULT",
                _ => continue,
            };
            sql.push_str(&format!(" {words} {action}"));
        }
        Some(sql)
    }

    /// One column, or a tuple of them.
    fn columns(&self, expr: ExprId) -> Vec<String> {
        match &self.module.expr(expr).kind {
            ExprKind::List(items) => items.iter().filter_map(|i| self.name(*i)).map(|n| self.quoted(&n)).collect(),
            _ => self.name(expr).map(|n| self.quoted(&n)).into_iter().collect(),
        }
    }

    /// `ColumnDef::new(X::Id).integer().not_null()`, `string(X::Name)`
    fn column(&self, expr: ExprId) -> Option<String> {
        let (begins, links, args) = self.chain(expr, 0)?;
        let name = self.quoted(&self.name(args.first()?.value)?);
        let dialect = self.written.dialect();
        let ty = self.data_type(&begins, &links, args)?;
        let has = |name: &str| Self::find(&links, name).is_some();
        let is_short = begins != "ColumnDef.new" && begins != "ColumnDef.new_with_type";
        let is_key = has("primary_key") || begins.contains("pk_");
        let mut sql = format!("{name} {ty}");
        let is_null = has("null") || begins.ends_with("_null");
        if (has("not_null") || is_short) && !is_null {
            sql.push_str(" NOT NULL");
        }
        if let Some(default) = Self::find(&links, "default") {
            sql.push_str(&format!(" DEFAULT {}", self.value(default)));
        }
        if (has("auto_increment") || begins.contains("pk_auto")) && dialect == Dialect::MySql {
            sql.push_str(" AUTO_INCREMENT");
        }
        if has("unique_key") || begins.ends_with("_uniq") {
            sql.push_str(" UNIQUE");
        }
        if is_key {
            sql.push_str(" PRIMARY KEY");
        }
        Some(sql)
    }

    fn value(&self, link: &Link<'p>) -> String {
        let Some(arg) = link.args.first() else { return "NULL".to_owned() };
        match self.context.constant(self.at(arg.value)) {
            Some(Constant::Str(text)) => literal(text.as_str()),
            Some(Constant::Bool(value)) => value.to_string(),
            Some(Constant::Int(value)) => value.to_string(),
            Some(Constant::Name(name)) if name.starts_with(|c: char| c.is_ascii_digit()) => name,
            _ => match self.module.dotted(arg.value) {
                Some(name) if name.ends_with("CurrentTimestamp") => "CURRENT_TIMESTAMP".to_owned(),
                // `Expr::current_timestamp()` and other expressions
                _ => "CURRENT_TIMESTAMP".to_owned(),
            },
        }
    }

    /// The type that links (or a short function) say.
    fn data_type(&self, begins: &str, links: &[Link<'p>], args: &'p [Arg]) -> Option<String> {
        let dialect = self.written.dialect();
        let counts = links.iter().any(|l| l.name == "auto_increment") || begins.contains("pk_auto");
        let int = |args: &[Arg], at: usize| match self.context.constant(self.at(args.get(at)?.value)) {
            Some(Constant::Int(value)) => Some(value),
            _ => None,
        };
        if !begins.starts_with("ColumnDef") {
            let base = begins.trim_end_matches("_null").trim_end_matches("_uniq");
            let base = match base {
                "pk_auto" => "integer",
                "big_pk_auto" => "big_integer",
                "small_pk_auto" => "small_integer",
                "pk_uuid" => "uuid",
                base => base,
            };
            return type_name(base, int(args, 1), int(args, 2), counts, dialect);
        }
        links.iter().find_map(|link| match link.name {
            "custom" | "enumeration" => self.name(link.args.first()?.value),
            "array" => Some("text[]".to_owned()),
            name => type_name(name, int(link.args, 0), int(link.args, 1), counts, dialect),
        })
    }
}

/// The type that a method of `ColumnDef` means.
fn type_name(method: &str, first: Option<i64>, second: Option<i64>, counts: bool, dialect: Dialect) -> Option<String> {
    let (is_pg, is_lite, is_my) = (dialect == Dialect::Postgres, dialect == Dialect::Sqlite, dialect == Dialect::MySql);
    let with = |name: &str, size: Option<i64>| size.map_or(name.to_owned(), |n| format!("{name}({n})"));
    let (method, is_unsigned) = match method
        .strip_suffix("_unsigned")
        .or_else(|| method.strip_suffix("unsigned").map(|m| m.trim_end_matches('_')))
    {
        Some("") => ("integer", true),
        Some(base) => (base, true),
        None => (method, false),
    };
    let number = |postgres: &str, serial: &str, other: &str| {
        let name = match (is_pg, counts) {
            (true, true) => serial,
            (true, false) => postgres,
            (false, true) if is_lite => "integer",
            _ => other,
        };
        format!("{name}{}", if is_unsigned && is_my { " unsigned" } else { "" })
    };
    Some(match method {
        "char" => with("char", None),
        "char_len" => with("char", first),
        "string" if is_my => "varchar(255)".to_owned(),
        "string" => "varchar".to_owned(),
        "string_len" => with("varchar", first),
        "text" => "text".to_owned(),
        "tiny_integer" => number("smallint", "smallserial", "tinyint"),
        "small_integer" => number("smallint", "smallserial", "smallint"),
        "integer" => number("integer", "serial", if is_my { "int" } else { "integer" }),
        "big_integer" | "big" => number("bigint", "bigserial", "bigint"),
        "float" => (if is_pg { "real" } else { "float" }).to_owned(),
        "double" => (if is_pg { "double precision" } else { "double" }).to_owned(),
        "decimal" => "decimal".to_owned(),
        "decimal_len" => match (first, second) {
            (Some(precision), Some(scale)) => format!("decimal({precision}, {scale})"),
            _ => "decimal".to_owned(),
        },
        "money" => "money".to_owned(),
        "date_time" | "timestamp_without_time_zone" => match dialect {
            Dialect::Postgres => "timestamp without time zone",
            Dialect::Sqlite => "datetime_text",
            _ => "datetime",
        }
        .to_owned(),
        "timestamp" => (if is_lite { "timestamp_text" } else { "timestamp" }).to_owned(),
        "timestamp_with_time_zone" => match dialect {
            Dialect::Postgres => "timestamp with time zone",
            Dialect::Sqlite => "timestamp_with_timezone_text",
            _ => "timestamp",
        }
        .to_owned(),
        "time" => (if is_lite { "time_text" } else { "time" }).to_owned(),
        "date" => (if is_lite { "date_text" } else { "date" }).to_owned(),
        "year" => "year".to_owned(),
        "interval" => "interval".to_owned(),
        "binary" | "blob" | "var_binary" | "binary_len" => (if is_pg { "bytea" } else { "blob" }).to_owned(),
        "boolean" => "boolean".to_owned(),
        "json" => (if is_lite { "json_text" } else { "json" }).to_owned(),
        "json_binary" => match dialect {
            Dialect::Postgres => "jsonb",
            Dialect::Sqlite => "jsonb_text",
            _ => "json",
        }
        .to_owned(),
        "uuid" => match dialect {
            Dialect::Postgres => "uuid",
            Dialect::Sqlite => "uuid_text",
            _ => "binary(16)",
        }
        .to_owned(),
        _ => return None,
    })
}
