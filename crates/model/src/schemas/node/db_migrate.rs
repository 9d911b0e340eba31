//! db-migrate: `db.runSql`, `db.createTable` and its kin, with callbacks or promises.

use std::rc::Rc;

use ir::Range;
use sql::Dialect;

use super::super::table::{Column, Foreign, Key, Table, one_name};
use super::super::written::{Written, literal, quoted};
use crate::script::{Call, Run, Tool, Val, What};

/// What `db` was told.
pub(super) struct DbMigrate {
    pub(super) written: Written,
}

impl DbMigrate {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { written: Written::new(dialect) }
    }
}

impl Tool for DbMigrate {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        // `async.series([db.createTable.bind(db, …), …], callback)`
        if call.last() == "bind" && call.on.as_ref()?.as_path()?.starts_with("db.") {
            let method = call.on.as_ref()?.last().to_owned();
            let db = call.args.first()?.clone();
            let made =
                Call { on: Some(db), name: method.into(), args: call.args.get(1..)?.to_vec(), ..(**call).clone() };
            let made = Rc::new(made);
            return self.call(run, &made);
        }
        if call.on.as_ref()?.as_path()? != "db" {
            return None;
        }
        let what = self.told(call);
        // what comes after is in the callback
        if let Some(after) = call.args.last().filter(|a| matches!(a.what, What::Function(..))).cloned() {
            run.call_value(&after, &[], self);
        }
        Some(Val::new(what.unwrap_or(What::Unknown), call.at))
    }
}

impl DbMigrate {
    fn told(&mut self, call: &Call) -> Option<What> {
        let dialect = self.written.dialect();
        let at = call.at;
        let text = |at: usize| call.arg(at).and_then(Val::name).map(str::to_owned);
        match &*call.name {
            "runSql" | "all" => {
                let sql = call.arg(0).and_then(Val::text)?.to_owned();
                self.written.raw(&sql, at);
            }
            "createTable" => self.create_table(text(0)?, call),
            "dropTable" => {
                let exists = call.arg(1).and_then(|o| o.get("ifExists")).is_some_and(Val::is_true);
                let exists = if exists { "IF EXISTS " } else { "" };
                self.written.say(&format!("DROP TABLE {exists}{};\n", quoted(dialect, &text(0)?)), at);
            }
            "renameTable" => {
                self.written.alter(&text(0)?, &format!("RENAME TO {}", one_name(dialect, &text(1)?)), at);
            }
            "addColumn" => {
                let table = text(0)?;
                let made = column(dialect, &table, &text(1)?, at, call.arg(2)?);
                let key = if made.is_primary { " PRIMARY KEY" } else { "" };
                let text =
                    format!("ADD COLUMN {} {}{key}", one_name(dialect, &made.column.name), made.column.definition());
                self.written.alter(&table, &text, at);
                if let Some(foreign) = made.foreign {
                    self.written.foreign(&table, &foreign);
                }
            }
            "removeColumn" => {
                let column = one_name(dialect, &text(1)?);
                self.written.alter(&text(0)?, &format!("DROP COLUMN {column}"), at);
            }
            "renameColumn" => {
                let action =
                    format!("RENAME COLUMN {} TO {}", one_name(dialect, &text(1)?), one_name(dialect, &text(2)?));
                self.written.alter(&text(0)?, &action, at);
            }
            "changeColumn" => self.change_column(&text(0)?, &text(1)?, call.arg(2)?, at),
            "addIndex" => {
                let (table, name, columns) = (text(0)?, text(1)?, call.arg(2)?.names()?);
                let unique = call.args.get(3).is_some_and(Val::is_true);
                self.written.index(&table, &Key { name: Some(name), unique, ..Key::index(columns, at) });
            }
            "removeIndex" => {
                let (table, name) = match text(1) {
                    Some(name) => (text(0)?, name),
                    None => (String::new(), text(0)?),
                };
                self.written.drop_index(&table, &name, at);
            }
            "addForeignKey" => {
                let mapping = call.arg(3)?.entries();
                let rules = call.arg(4);
                let rule = |key: &str| rules.and_then(|r| r.given(key)).and_then(Val::name).map(str::to_uppercase);
                let foreign = Foreign {
                    name: text(2),
                    columns: mapping.iter().map(|e| e.key.to_string()).collect(),
                    at,
                    references: text(1)?,
                    referenced: mapping.iter().filter_map(|e| e.value.name().map(str::to_owned)).collect(),
                    on_delete: rule("onDelete"),
                    on_update: rule("onUpdate"),
                    deferrable: None,
                };
                self.written.foreign(&text(0)?, &foreign);
            }
            "removeForeignKey" => {
                let kind = if dialect == Dialect::MySql { "FOREIGN KEY" } else { "CONSTRAINT" };
                let name = one_name(dialect, &text(1)?);
                self.written.alter(&text(0)?, &format!("DROP {kind} {name}"), at);
            }
            "insert" => {
                let columns = call.arg(1)?.names()?;
                let quoted_columns: Vec<String> = columns.iter().map(|c| quoted(dialect, c)).collect();
                let marks = vec!["?"; columns.len()].join(", ");
                let table = quoted(dialect, &text(0)?);
                let text = format!("INSERT INTO {table} ({}) VALUES ({marks});\n", quoted_columns.join(", "));
                self.written.say(&text, at);
            }
            _ => return None,
        }
        Some(What::Unknown)
    }

    fn create_table(&mut self, name: String, call: &Call) {
        let dialect = self.written.dialect();
        let Some(options) = call.arg(1) else { return };
        let has_columns = options.given("columns").filter(|c| !c.entries().is_empty());
        let mut table = Table { name: name.clone(), at: call.at, ..Table::default() };
        table.if_not_exists = options.get("ifNotExists").is_some_and(Val::is_true);
        let mut primary = Vec::new();
        for entry in has_columns.unwrap_or(options).entries() {
            let at = Range { start: entry.at.start, end: entry.value.at.end.max(entry.at.end) };
            let made = column(dialect, &name, &entry.key, at, &entry.value);
            if made.is_primary {
                primary.push(entry.key.to_string());
            }
            table.foreign.extend(made.foreign);
            table.columns.push(made.column);
        }
        if !primary.is_empty() {
            table.primary = Some(Key::index(primary, call.at));
        }
        self.written.create(&table, true);
    }

    fn change_column(&mut self, table: &str, column: &str, options: &Val, at: Range) {
        let name = one_name(self.written.dialect(), column);
        let mut say = |action: String| self.written.alter(table, &format!("ALTER COLUMN {name} {action}"), at);
        match options.get("notNull").and_then(Val::truth) {
            Some(true) => say("SET NOT NULL".to_owned()),
            Some(false) => say("DROP NOT NULL".to_owned()),
            None => {}
        }
        if let Some(default) = options.given("defaultValue").and_then(expression) {
            say(format!("SET DEFAULT {default}"));
        }
    }
}

struct Made {
    column: Column,
    is_primary: bool,
    foreign: Option<Foreign>,
}

fn column(dialect: Dialect, table: &str, name: &str, at: Range, given: &Val) -> Made {
    let mut made = Column { name: name.to_owned(), at, ..Column::default() };
    let is = |key: &str| given.get(key).is_some_and(Val::is_true);
    let word = given.name().or_else(|| given.given("type").and_then(|t| t.name().or(Some(t.last()))));
    made.data_type = data_type(dialect, word.unwrap_or("string"), given.given("length").and_then(Val::number));
    made.not_null = is("notNull");
    made.default = given.given("defaultValue").and_then(expression);
    if is("autoIncrement") {
        super::typeorm::count(dialect, &mut made, is("primaryKey"));
    }
    if is("unique") {
        made.more.push_str(" UNIQUE");
    }
    let foreign = given.given("foreignKey").and_then(|key| {
        let referenced = match key.given("mapping")? {
            mapping if mapping.name().is_some() => mapping.name()?.to_owned(),
            mapping => mapping.entries().first()?.value.name()?.to_owned(),
        };
        let rule = |name: &str| key.given("rules")?.given(name)?.name().map(str::to_uppercase);
        Some(Foreign {
            name: key
                .given("name")
                .and_then(Val::name)
                .map(str::to_owned)
                .or_else(|| Some(format!("{table}_{name}_fkey"))),
            columns: vec![name.to_owned()],
            at,
            references: key.get("table")?.name()?.to_owned(),
            referenced: vec![referenced],
            on_delete: rule("onDelete"),
            on_update: rule("onUpdate"),
            deferrable: None,
        })
    });
    Made { column: made, is_primary: is("primaryKey"), foreign }
}

fn data_type(dialect: Dialect, word: &str, length: Option<i64>) -> String {
    let length = length.map_or(String::new(), |l| format!("({l})"));
    let postgres = dialect == Dialect::Postgres;
    match word.to_ascii_lowercase().as_str() {
        "string" | "varchar" if length.is_empty() && !postgres => "varchar(255)".to_owned(),
        "string" | "varchar" => format!("varchar{length}"),
        "char" => format!("char{length}"),
        "int" | "integer" => "integer".to_owned(),
        "bigint" => "bigint".to_owned(),
        "smallint" => "smallint".to_owned(),
        "datetime" if postgres => "timestamp".to_owned(),
        "timestamp" if postgres => "timestamp".to_owned(),
        "timestamptz" => "timestamptz".to_owned(),
        "blob" | "binary" if postgres => "bytea".to_owned(),
        other => other.to_owned(),
    }
}

fn expression(value: &Val) -> Option<String> {
    match &value.what {
        What::Null => None,
        What::Bool(value) => Some(value.to_string()),
        What::Number(text) => Some(text.clone()),
        What::Text(text) if text.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP") => Some(text.to_string()),
        What::Text(text) => Some(literal(text)),
        _ => Some("'?'".to_owned()),
    }
}
