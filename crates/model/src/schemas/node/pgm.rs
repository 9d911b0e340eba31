//! node-pg-migrate: `pgm.createTable` and its kin.

use std::rc::Rc;

use ir::Range;
use sql::Dialect;

use super::super::table::{Column, Foreign, Key, Table, one_name};
use super::super::written::{Written, literal, quoted};
use super::write_rows;
use crate::script::{Call, Entry, Run, Tool, Val, What};

const DIALECT: Dialect = Dialect::Postgres;

/// What `pgm` was told.
pub(super) struct Pgm {
    pub(super) written: Written,
    /// `pgm.noTransaction()`.
    pub(super) without_transaction: bool,
}

impl Pgm {
    pub(super) fn new() -> Self {
        Self { written: Written::new(DIALECT), without_transaction: false }
    }
}

impl Tool for Pgm {
    fn call(&mut self, _: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        let path = call.on.as_ref()?.as_path()?;
        if path != "pgm" && path != "pgm.db" {
            return None;
        }
        let what = self.told(call)?;
        Some(Val::new(what, call.at))
    }
}

impl Pgm {
    fn told(&mut self, call: &Call) -> Option<What> {
        let at = call.at;
        let table = call.arg(0).and_then(name);
        let text = |at: usize| call.arg(at).and_then(Val::name).map(str::to_owned);
        let option = |at: usize, key: &str| call.arg(at).and_then(|o| o.given(key)).is_some_and(Val::is_true);
        match &*call.name {
            "sql" | "query" => {
                let sql = call.arg(0).and_then(Val::text)?.to_owned();
                self.written.raw(&sql, at);
            }
            "noTransaction" => self.without_transaction = true,
            // an expression stays one
            "func" => return None,
            "createTable" => self.create_table(table?, call),
            "dropTable" => {
                let exists = if option(1, "ifExists") { "IF EXISTS " } else { "" };
                let cascade = if option(1, "cascade") { " CASCADE" } else { "" };
                self.written.say(&format!("DROP TABLE {exists}{}{cascade};\n", quoted(DIALECT, &table?)), at);
            }
            "renameTable" => {
                let to = call.arg(1).and_then(name)?;
                self.written.alter(&table?, &format!("RENAME TO {}", quoted(DIALECT, &to)), at);
            }
            "addColumn" | "addColumns" => {
                let table = table?;
                for entry in call.arg(1)?.entries() {
                    let made = column(&table, entry);
                    let mut text = format!("ADD {} {}", one_name(DIALECT, &made.column.name), made.column.definition());
                    if let Some(foreign) = &made.foreign {
                        text.push(' ');
                        text.push_str(&foreign.clause(DIALECT));
                    }
                    self.written.alter(&table, &text, made.column.at);
                }
            }
            "dropColumn" | "dropColumns" => {
                let table = table?;
                let given = call.arg(1)?;
                let names =
                    given.names().unwrap_or_else(|| given.entries().iter().map(|e| e.key.to_string()).collect());
                for column in names {
                    self.written.alter(&table, &format!("DROP {}", one_name(DIALECT, &column)), at);
                }
            }
            "renameColumn" => {
                let action = format!("RENAME {} TO {}", one_name(DIALECT, &text(1)?), one_name(DIALECT, &text(2)?));
                self.written.alter(&table?, &action, at);
            }
            "alterColumn" => self.alter_column(&table?, &text(1)?, call.arg(2)?, at),
            "addIndex" | "createIndex" => {
                let table = table?;
                let key = index(&table, call)?;
                self.written.index(&table, &key);
            }
            "dropIndex" => {
                let table = table?;
                let given = call.arg(2).and_then(|o| o.given("name")).and_then(Val::name).map(str::to_owned);
                let name = given.or_else(|| Some(index_name(&table, &call.arg(1)?.names()?, call.arg(2))))?;
                self.written.drop_index(&table, &name, at);
            }
            "addConstraint" | "createConstraint" => self.add_constraint(&table?, text(1), call.arg(2)?, at)?,
            "dropConstraint" => {
                let name = one_name(DIALECT, &text(1)?);
                self.written.alter(&table?, &format!("DROP CONSTRAINT {name}"), at);
            }
            "renameConstraint" => {
                let action =
                    format!("RENAME CONSTRAINT {} TO {}", one_name(DIALECT, &text(1)?), one_name(DIALECT, &text(2)?));
                self.written.alter(&table?, &action, at);
            }
            "createType" | "addType" => {
                let values = call.arg(1)?.names()?.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
                self.written.say(&format!("CREATE TYPE {} AS ENUM ({values});\n", quoted(DIALECT, &table?)), at);
            }
            "addTypeValue" => {
                let text = format!("ALTER TYPE {} ADD VALUE {};\n", quoted(DIALECT, &table?), literal(&text(1)?));
                self.written.say(&text, at);
            }
            "dropType" => self.written.say(&format!("DROP TYPE {};\n", quoted(DIALECT, &table?)), at),
            "createExtension" | "addExtension" => {
                for extension in call.arg(0)?.names()? {
                    self.written.say(&format!("CREATE EXTENSION IF NOT EXISTS {};\n", quoted(DIALECT, &extension)), at);
                }
            }
            "createSchema" => self.written.say(&format!("CREATE SCHEMA {};\n", quoted(DIALECT, &table?)), at),
            "dropSchema" => self.written.say(&format!("DROP SCHEMA {};\n", quoted(DIALECT, &table?)), at),
            "insert" => write_rows(&mut self.written, "INSERT", &table?, call.arg(1), false, at),
            _ => return None,
        }
        Some(What::Unknown)
    }

    fn create_table(&mut self, name: String, call: &Call) {
        let mut table = Table { name: name.clone(), at: call.at, ..Table::default() };
        table.if_not_exists = call.arg(2).and_then(|o| o.get("ifNotExists")).is_some_and(Val::is_true);
        let mut primary = Vec::new();
        for entry in call.arg(1).map(Val::entries).unwrap_or_default() {
            let made = column(&name, entry);
            if made.is_primary {
                primary.push(made.column.name.clone());
            }
            table.foreign.extend(made.foreign);
            table.columns.push(made.column);
        }
        if !primary.is_empty() {
            table.primary = Some(Key::index(primary, call.at));
        }
        self.written.create(&table, true);
        if let Some(constraints) = call.arg(2).and_then(|o| o.given("constraints")) {
            self.add_constraint(&name, None, constraints, call.at);
        }
    }

    fn alter_column(&mut self, table: &str, column: &str, options: &Val, at: Range) {
        let name = one_name(DIALECT, column);
        let mut say = |action: String| self.written.alter(table, &format!("ALTER {name} {action}"), at);
        match options.get("default") {
            Some(Val { what: What::Null, .. }) => say("DROP DEFAULT".to_owned()),
            Some(default) => say(format!("SET DEFAULT {}", expression(default))),
            None => {}
        }
        if let Some(word) = options.given("type").and_then(Val::name) {
            say(format!("SET DATA TYPE {}", data_type(word)));
        }
        let not_null = options.get("notNull").and_then(Val::truth);
        let not_null = not_null.or_else(|| options.get("allowNull").and_then(Val::truth).map(|allows| !allows));
        match not_null {
            Some(true) => say("SET NOT NULL".to_owned()),
            Some(false) => say("DROP NOT NULL".to_owned()),
            None => {}
        }
    }

    fn add_constraint(&mut self, table: &str, given: Option<String>, options: &Val, at: Range) -> Option<()> {
        if let Some(sql) = options.name() {
            let name = given.map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(DIALECT, &n)));
            self.written.alter(table, &format!("ADD {name}{sql}"), at);
            return Some(());
        }
        let bare = table.rsplit('.').next().unwrap_or(table);
        if let Some(columns) = options.given("primaryKey").and_then(Val::names) {
            let name = given.clone().or_else(|| Some(format!("{bare}_pkey")));
            self.written.constraint(table, &Key { name, ..Key::index(columns, at) }, "PRIMARY KEY");
        }
        if let Some(unique) = options.given("unique") {
            let lists = match unique.items().first().map(|v| &v.what) {
                Some(What::List(_)) => unique.items().iter().filter_map(Val::names).collect(),
                _ => vec![unique.names()?],
            };
            for columns in lists {
                let name = given.clone().or_else(|| Some(format!("{bare}_uniq_{}", columns.join("_"))));
                self.written.constraint(table, &Key { name, ..Key::unique(columns, at) }, "UNIQUE");
            }
        }
        for foreign in options.given("foreignKeys").map(Val::listed).unwrap_or_default() {
            let columns = foreign.get("columns")?.names()?;
            let name = given.clone().or_else(|| Some(format!("{bare}_{}_fkey", columns.join("_"))));
            let made = references(columns, foreign.get("references")?, &foreign, at)?;
            self.written.foreign(table, &Foreign { name, ..made });
        }
        if let Some(check) = options.given("check").and_then(Val::name) {
            let name = given.map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(DIALECT, &n)));
            self.written.alter(table, &format!("ADD {name}CHECK ({check})"), at);
        }
        Some(())
    }
}

/// `'users'`, `{ schema, name }`.
fn name(value: &Val) -> Option<String> {
    if let Some(name) = value.name() {
        return Some(name.to_owned());
    }
    let name = value.get("name")?.name()?;
    match value.given("schema").and_then(Val::name) {
        Some(schema) => Some(format!("{schema}.{name}")),
        None => Some(name.to_owned()),
    }
}

struct Made {
    column: Column,
    is_primary: bool,
    foreign: Option<Foreign>,
}

/// The short words for types.
fn data_type(word: &str) -> String {
    match word {
        "int" => "integer",
        "string" => "text",
        "float" => "real",
        "double" => "double precision",
        "datetime" => "timestamp",
        "bool" => "boolean",
        other => other,
    }
    .to_owned()
}

fn column(table: &str, entry: &Entry) -> Made {
    let at = Range { start: entry.at.start, end: entry.value.at.end.max(entry.at.end) };
    let given = &entry.value;
    let mut made = Column { name: entry.key.to_string(), at, ..Column::default() };
    if let Some(word) = given.name() {
        let is_id = word == "id";
        made.data_type = if is_id { "serial".to_owned() } else { data_type(word) };
        return Made { column: made, is_primary: is_id, foreign: None };
    }
    let is = |key: &str| given.get(key).is_some_and(Val::is_true);
    let word = given.given("type").and_then(Val::name).unwrap_or("text");
    made.data_type = if word == "id" { "serial".to_owned() } else { data_type(word) };
    made.not_null = is("notNull") || given.get("allowNull").is_some_and(Val::is_false);
    made.default = given.given("default").map(expression);
    if is("unique") {
        made.more.push_str("UNIQUE ");
    }
    if let Some(check) = given.given("check").and_then(Val::name) {
        made.more.push_str(&format!("CHECK ({check}) "));
    }
    if let Some(identity) = given.given("sequenceGenerated") {
        let precedence = identity.given("precedence").and_then(Val::name).unwrap_or("ALWAYS");
        made.more.push_str(&format!("GENERATED {precedence} AS IDENTITY "));
    }
    let foreign = given.given("references").and_then(|to| {
        let bare = table.rsplit('.').next().unwrap_or(table);
        let name = given.given("referencesConstraintName").and_then(Val::name).map(str::to_owned);
        let found = references(vec![entry.key.to_string()], to, given, at)?;
        Some(Foreign { name: name.or_else(|| Some(format!("{bare}_{}_fkey", entry.key))), ..found })
    });
    Made { column: made, is_primary: is("primaryKey") || word == "id", foreign }
}

/// `references: 'users'`, `'users(id)'`, `'"users"'`, `{ schema, name }`.
fn references(columns: Vec<String>, to: &Val, options: &Val, at: Range) -> Option<Foreign> {
    let text = name(to)?.replace('"', "");
    let (table, column) = match text.split_once('(') {
        Some((table, rest)) => (table.trim().to_owned(), Some(rest.trim_end_matches(')').trim().to_owned())),
        None => (text.clone(), None),
    };
    let action = |key: &str| options.given(key).and_then(Val::name).map(str::to_uppercase);
    Some(Foreign {
        columns,
        at,
        references: table,
        referenced: column.into_iter().collect(),
        on_delete: action("onDelete"),
        on_update: action("onUpdate"),
        ..Foreign::default()
    })
}

fn expression(value: &Val) -> String {
    match &value.what {
        What::Null => "NULL".to_owned(),
        What::Bool(value) => value.to_string(),
        What::Number(text) => text.clone(),
        What::Text(text) => literal(text),
        What::Call(call) => call.arg(0).and_then(Val::name).unwrap_or("'?'").to_owned(),
        _ => "'?'".to_owned(),
    }
}

fn index_name(table: &str, columns: &[String], options: Option<&Val>) -> String {
    let bare = table.rsplit('.').next().unwrap_or(table);
    let unique = options.and_then(|o| o.get("unique")).is_some_and(Val::is_true);
    let plain: String =
        columns.join("_").chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    format!("{bare}_{plain}{}_index", if unique { "_unique" } else { "" })
}

fn index(table: &str, call: &Call) -> Option<Key> {
    let options = call.arg(2);
    let given = call.arg(1)?.listed();
    let one = |v: &Val| v.name().or_else(|| v.get("name").and_then(Val::name)).map(str::to_owned);
    let columns: Vec<String> = given.iter().map(one).collect::<Option<Vec<_>>>()?;
    let text = |key: &str| options.and_then(|o| o.given(key)).and_then(Val::name).map(str::to_owned);
    let is = |key: &str| options.and_then(|o| o.get(key)).is_some_and(Val::is_true);
    Some(Key {
        name: text("name").or_else(|| Some(index_name(table, &columns, options))),
        unique: is("unique"),
        method: text("method"),
        predicate: text("where"),
        concurrently: is("concurrently"),
        ..Key::index(columns, call.at)
    })
}
