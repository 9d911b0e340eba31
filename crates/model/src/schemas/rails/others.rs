//! Constraints, enums and views of migrations.

use sql::Dialect;

use super::run::Runner;
use super::tables::quoted_one;
use super::types::hashed_name;
use super::values::{Given, Options, Value};
use crate::schemas::written::{literal, quoted};

impl Runner<'_> {
    /// A check, a unique constraint or an exclusion.
    pub(super) fn constraint_sql(
        &self,
        kind: &str,
        table: &str,
        first: Option<&Value>,
        options: &Options,
    ) -> Option<String> {
        let columns = first.and_then(Value::texts).unwrap_or_default();
        let written = columns.join("_and_");
        let (prefix, end) = match kind {
            "check_constraint" => ("chk", "chk"),
            "unique_constraint" => ("uniq", "unique"),
            _ => ("excl", "excl"),
        };
        let name = options.text("name").map(str::to_owned);
        let name = name.unwrap_or_else(|| hashed_name(prefix, &format!("{table}_{written}_{end}")));
        let name = quoted_one(self.dialect, &name);
        let list = || columns.iter().map(|c| quoted_one(self.dialect, c)).collect::<Vec<_>>().join(", ");
        let mut sql = match (kind, options.text("using_index")) {
            ("unique_constraint", Some(index)) => {
                format!(" CONSTRAINT {name} UNIQUE USING INDEX {}", quoted_one(self.dialect, index))
            }
            _ if columns.is_empty() => return None,
            ("unique_constraint", None) => format!(" CONSTRAINT {name} UNIQUE ({})", list()),
            ("check_constraint", _) => format!(" CONSTRAINT {name} CHECK ({})", columns[0]),
            _ => {
                let using = options.text("using").map_or(String::new(), |u| format!(" USING {u}"));
                let predicate = options.text("where").map_or(String::new(), |w| format!(" WHERE ({w})"));
                format!(" CONSTRAINT {name} EXCLUDE{using} ({}){predicate}", columns[0])
            }
        };
        if options.get("validate") == Some(&Value::Bool(false)) && self.dialect == Dialect::Postgres {
            sql.push_str(" NOT VALID");
        }
        Some(sql)
    }

    pub(super) fn remove_constraint(&mut self, table: &str, method: &str, given: &Given, at: ir::Range) {
        let options = &given.options;
        let name = match options.text("name") {
            Some(name) => name.to_owned(),
            None => {
                let written = given.values.first().and_then(Value::texts).unwrap_or_default().join("_and_");
                let (prefix, end) = match method {
                    "remove_check_constraint" => ("chk", "chk"),
                    "remove_unique_constraint" => ("uniq", "unique"),
                    _ => ("excl", "excl"),
                };
                hashed_name(prefix, &format!("{table}_{written}_{end}"))
            }
        };
        let exists = if options.is("if_exists") { "IF EXISTS " } else { "" };
        let name = quoted_one(self.dialect, &name);
        self.alter(table, &format!("DROP CONSTRAINT {exists}{name}"), at);
    }

    pub(super) fn change_enum(&mut self, method: &str, name: &str, given: &Given, at: ir::Range) {
        let name = quoted(self.dialect, name);
        let value = |v: Option<&str>| v.map(literal);
        let sql = match method {
            "create_enum" => {
                let values = given.values.get(1).and_then(Value::texts).unwrap_or_default();
                let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
                format!("CREATE TYPE {name} AS ENUM ({values});")
            }
            "drop_enum" => format!("DROP TYPE IF EXISTS {name};"),
            "add_enum_value" => {
                let Some(added) = value(given.text(1)) else { return };
                let place = |option: &str, word: &str| {
                    given.options.text(option).map_or(String::new(), |v| format!(" {word} {}", literal(v)))
                };
                let exists = if given.options.is("if_not_exists") { " IF NOT EXISTS" } else { "" };
                let (before, after) = (place("before", "BEFORE"), place("after", "AFTER"));
                format!("ALTER TYPE {name} ADD VALUE{exists} {added}{before}{after};")
            }
            "rename_enum" => {
                let to = given.text(1).or(given.options.text("to")).unwrap_or_default();
                format!("ALTER TYPE {name} RENAME TO {};", quoted(self.dialect, to))
            }
            _ => {
                let (from, to) = (value(given.options.text("from")), value(given.options.text("to")));
                let (Some(from), Some(to)) = (from, to) else { return };
                format!("ALTER TYPE {name} RENAME VALUE {from} TO {to};")
            }
        };
        self.say(|w| w.say(&sql, at));
    }

    /// Views, whose SQL stands in `db/views/NAME_v02.sql` or in the call.
    pub(super) fn change_view(&mut self, method: &str, name: &str, options: &Options, at: ir::Range) {
        let materialized = options.get("materialized").and_then(Value::truth) == Some(true);
        let materialized = if materialized { "MATERIALIZED " } else { "" };
        let quoted_name = quoted(self.dialect, name);
        if method != "create_view" {
            self.say(|w| w.say(&format!("DROP {materialized}VIEW IF EXISTS {quoted_name};"), at));
        }
        if method == "drop_view" {
            return;
        }
        let version = options.int("version").unwrap_or(1);
        let wanted = format!("db/views/{}_v{version:02}.sql", name.replace('.', "_"));
        let query = match options.text("sql_definition") {
            Some(query) => query.to_owned(),
            None => {
                let found = self.context.sources.files().find(|(_, f)| f.path.ends_with(&wanted));
                let Some((_, file)) = found else { return };
                file.text.to_string()
            }
        };
        let query = query.trim().trim_end_matches(';');
        self.say(|w| w.say(&format!("CREATE {materialized}VIEW {quoted_name} AS {query};"), at));
    }
}
