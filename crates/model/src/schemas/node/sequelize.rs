//! Sequelize's query interface.
//!
//! `sequelize/attributes.rs` reads attributes, which models have as well.

pub(crate) mod attributes;

use std::rc::Rc;

use ir::{ExprKind, Range};
use sql::Dialect;

use super::super::table::{Foreign, Key, Table, one_name};
use super::super::written::{Written, quoted};
use super::knex::named;
use super::{There, Way, write_rows};
use crate::adapters::Context;
use crate::script::{Call, Entry, Run, Tool, Val, What};
use attributes::Attribute;

/// What the query interface was told.
pub(super) struct Sequelize<'s> {
    pub(super) written: Written,
    /// The code opens a transaction itself.
    pub(super) in_transaction: bool,
    there: There<'s>,
}

/// What `up` is given: the query interface, or an object that has it as `context`.
pub(super) fn argument(up: &Way, context: &Context<'_>, at: Range) -> Val {
    let interface = Val::path("queryInterface", at);
    let Way::Function(Val { what: What::Function(function, _), .. }) = up else { return interface };
    let module = context.program.module(function.module);
    let pattern = context.program.function(*function).params.first().and_then(|p| p.pattern);
    let Some(pattern) = pattern else {
        return match context.program.function(*function).params.first().is_some_and(|p| p.name == "params") {
            true => object(at, [("context", interface)]),
            false => interface,
        };
    };
    let ExprKind::Map(entries) = &module.expr(pattern).kind else { return interface };
    let inner = entries.iter().find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == "context"));
    let is_taken_apart = inner.is_some_and(|e| matches!(module.expr(e.value).kind, ExprKind::Map(_)));
    let given = match is_taken_apart {
        true => {
            let sequelize = Val::path("queryInterface.sequelize", at);
            object(at, [("queryInterface", interface), ("sequelize", sequelize)])
        }
        false => interface,
    };
    object(at, [("context", given)])
}

fn object<const N: usize>(at: Range, entries: [(&str, Val); N]) -> Val {
    let entries = entries.into_iter().map(|(key, value)| Entry { key: key.into(), at, value });
    Val::new(What::Map(Rc::new(entries.collect())), at)
}

impl<'s> Sequelize<'s> {
    pub(super) fn new(dialect: Dialect, before: &'s [sql::Statement]) -> Self {
        Self { written: Written::new(dialect), in_transaction: false, there: There { dialect, before } }
    }
}

impl Tool for Sequelize<'_> {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        let path = call.on.as_ref()?.as_path()?;
        let what = match path.rsplit('.').next()? {
            "queryInterface" => self.interface_call(call)?,
            "sequelize" => match &*call.name {
                "query" => {
                    self.raw(call)?;
                    // `const [rows] = …`
                    What::Unknown
                }
                "transaction" => {
                    let function = call.args.iter().find(|a| matches!(a.what, What::Function(..)))?.clone();
                    self.in_transaction = true;
                    run.call_value(&function, &[Val::new(What::Unknown, call.at)], self)?.what
                }
                "getDialect" => What::Unknown,
                "getQueryInterface" => What::Path("queryInterface".into()),
                _ => return None,
            },
            _ => return None,
        };
        Some(Val::new(what, call.at))
    }
}

impl Sequelize<'_> {
    fn raw(&mut self, call: &Call) -> Option<()> {
        let first = call.arg(0)?;
        let text = first.text().or_else(|| first.given("query").and_then(Val::text))?.to_owned();
        self.written.raw(&text, call.at);
        Some(())
    }

    fn interface_call(&mut self, call: &Call) -> Option<What> {
        let dialect = self.written.dialect();
        let at = call.at;
        let table = call.arg(0).and_then(table_name);
        let text = |at: usize| call.arg(at).and_then(Val::name).map(str::to_owned);
        match &*call.name {
            "createTable" => self.create_table(table?, call),
            "dropTable" => {
                let cascade = call.arg(1).and_then(|o| o.get("cascade")).is_some_and(Val::is_true);
                let cascade = if cascade { " CASCADE" } else { "" };
                self.written.say(&format!("DROP TABLE IF EXISTS {}{cascade};\n", quoted(dialect, &table?)), at);
            }
            "renameTable" => {
                let to = call.arg(1).and_then(table_name)?;
                self.written.alter(&table?, &format!("RENAME TO {}", one_name(dialect, last_part(&to))), at);
            }
            "addColumn" => {
                let (table, name) = (table?, text(1)?);
                let attribute = attributes::read(dialect, &name, call.at, call.arg(2)?)?;
                self.add_column(&table, &attribute);
            }
            "removeColumn" => {
                let column = one_name(dialect, &text(1)?);
                self.written.alter(&table?, &format!("DROP COLUMN {column}"), at);
            }
            "renameColumn" => {
                let (from, to) = (one_name(dialect, &text(1)?), one_name(dialect, &text(2)?));
                self.written.alter(&table?, &format!("RENAME COLUMN {from} TO {to}"), at);
            }
            "changeColumn" => {
                let (table, name) = (table?, text(1)?);
                let attribute = attributes::read(dialect, &name, call.at, call.arg(2)?)?;
                self.change_column(&table, &attribute);
            }
            "addIndex" => {
                let key = index(call, &table.clone()?, at)?;
                self.written.index(&table?, &key);
            }
            "removeIndex" => {
                let name = match call.arg(1)? {
                    Val { what: What::List(_), .. } => attributes::index_name(&table.clone()?, &call.arg(1)?.names()?),
                    other => other.name()?.to_owned(),
                };
                self.drop_index(&table?, &name, at);
            }
            "addConstraint" => self.add_constraint(&table?, call)?,
            "removeConstraint" => {
                let name = one_name(dialect, &text(1)?);
                self.written.alter(&table?, &format!("DROP CONSTRAINT {name}"), at);
            }
            "bulkInsert" | "insert" => write_rows(&mut self.written, "INSERT", &table?, call.arg(1), false, at),
            "bulkUpdate" => write_rows(&mut self.written, "UPDATE", &table?, call.arg(1), call.arg(2).is_some(), at),
            "bulkDelete" => write_rows(&mut self.written, "DELETE", &table?, None, call.arg(1).is_some(), at),
            "createSchema" => self.written.say(&format!("CREATE SCHEMA {};\n", quoted(dialect, &table?)), at),
            "dropSchema" => {
                self.written.say(&format!("DROP SCHEMA IF EXISTS {} CASCADE;\n", quoted(dialect, &table?)), at)
            }
            "describeTable" => {
                let schema = self.there.schema(&self.written);
                let found = schema.table(&named(&table?))?;
                let entry = |c: &sql::schema::Column| Entry {
                    key: c.name.as_str().into(),
                    at,
                    value: object(at, [("allowNull", Val::new(What::Bool(!c.not_null), at))]),
                };
                return Some(What::Map(Rc::new(found.columns.iter().map(entry).collect())));
            }
            "showAllTables" => {
                let schema = self.there.schema(&self.written);
                let tables = schema.tables.keys().map(|n| Val::new(What::Text(n.name.as_str().into()), at));
                return Some(What::List(Rc::new(tables.collect())));
            }
            "tableExists" => {
                let schema = self.there.schema(&self.written);
                return Some(What::Bool(schema.table(&named(&table?)).is_some()));
            }
            _ => return None,
        }
        Some(What::Unknown)
    }

    fn create_table(&mut self, name: String, call: &Call) {
        let dialect = self.written.dialect();
        let options = call.arg(2);
        let schema = options.and_then(|o| o.given("schema")).and_then(Val::name);
        let name = match schema.filter(|_| !name.contains('.')) {
            Some(schema) => format!("{schema}.{name}"),
            None => name,
        };
        let mut table = Table { name: name.clone(), at: call.at, if_not_exists: true, ..Table::default() };
        let mut primary = Vec::new();
        for entry in call.arg(1).map(Val::entries).unwrap_or_default() {
            let at = Range { start: entry.at.start, end: entry.value.at.end.max(entry.at.end) };
            let Some(attribute) = attributes::read(dialect, &entry.key, at, &entry.value) else { continue };
            if attribute.primary {
                primary.push(attribute.name.clone());
            }
            if attribute.unique {
                table.keys.push(Key::unique(vec![attribute.name.clone()], at));
            }
            table.foreign.extend(attribute.foreign.clone());
            let column = self.column(&name, &attribute);
            table.columns.push(column);
        }
        if !primary.is_empty() {
            table.primary = Some(Key::index(primary, call.at));
        }
        for entry in options.and_then(|o| o.given("uniqueKeys")).map(Val::entries).unwrap_or_default() {
            let columns = entry.value.get("fields").and_then(Val::names);
            table.keys.extend(columns.map(|c| Key::unique(c, entry.at)));
        }
        self.written.create(&table, true);
    }

    /// The column; its enum is made first.
    fn column(&mut self, table: &str, attribute: &Attribute) -> super::super::table::Column {
        if let Some(create) = attribute.create_type(self.written.dialect(), table) {
            self.written.say(&create, attribute.at);
        }
        attribute.column(self.written.dialect(), table)
    }

    fn add_column(&mut self, table: &str, attribute: &Attribute) {
        let dialect = self.written.dialect();
        let column = self.column(table, attribute);
        let name = one_name(dialect, &column.name);
        let mut text = format!("ADD COLUMN {name} {}", column.definition());
        if attribute.unique {
            text.push_str(" UNIQUE");
        }
        if attribute.primary {
            text.push_str(" PRIMARY KEY");
        }
        match (&attribute.foreign, dialect) {
            (Some(foreign), Dialect::MySql) => {
                self.written.alter(table, &text, attribute.at);
                let made = format!("{}_{}_foreign_idx", last_part(table), column.name);
                self.written.foreign(table, &Foreign { name: Some(made), ..foreign.clone() });
            }
            (foreign, _) => {
                if let Some(foreign) = foreign {
                    text.push(' ');
                    text.push_str(&foreign.clause(dialect));
                }
                self.written.alter(table, &text, attribute.at);
            }
        }
    }

    fn change_column(&mut self, table: &str, attribute: &Attribute) {
        let dialect = self.written.dialect();
        let at = attribute.at;
        let column = self.column(table, attribute);
        let name = one_name(dialect, &column.name);
        let foreign = attribute.foreign.as_ref().map(|f| format!("ADD FOREIGN KEY ({name}) {}", f.clause(dialect)));
        if dialect == Dialect::MySql {
            match foreign {
                Some(foreign) => self.written.alter(table, &foreign, at),
                None => self.written.alter(table, &format!("CHANGE {name} {name} {}", column.definition()), at),
            }
            return;
        }
        let is_foreign = foreign.is_some();
        let mut say = |action: &str| self.written.alter(table, action, at);
        match column.not_null {
            true => say(&format!("ALTER COLUMN {name} SET NOT NULL")),
            false if !is_foreign => say(&format!("ALTER COLUMN {name} DROP NOT NULL")),
            false => {}
        }
        match &column.default {
            Some(default) => say(&format!("ALTER COLUMN {name} SET DEFAULT {default}")),
            None if !is_foreign => say(&format!("ALTER COLUMN {name} DROP DEFAULT")),
            None => {}
        }
        if attribute.unique {
            say(&format!("ADD UNIQUE ({name})"));
        }
        match foreign {
            Some(foreign) => say(&foreign),
            None => say(&format!("ALTER COLUMN {name} TYPE {}", column.data_type)),
        }
    }

    fn drop_index(&mut self, table: &str, name: &str, at: Range) {
        let dialect = self.written.dialect();
        match dialect {
            Dialect::Postgres | Dialect::Sqlite => {
                let schema = table.rsplit_once('.').map_or(String::new(), |(s, _)| format!("{}.", quoted(dialect, s)));
                self.written.say(&format!("DROP INDEX IF EXISTS {schema}{};\n", one_name(dialect, name)), at);
            }
            _ => self.written.drop_index(table, name, at),
        }
    }

    fn add_constraint(&mut self, table: &str, call: &Call) -> Option<()> {
        let options = call.args.iter().skip(1).find(|a| !a.entries().is_empty())?;
        let columns = match options.given("fields") {
            Some(fields) => attributes::fields(fields)?,
            None => call.arg(1)?.names()?,
        };
        let kind = options.get("type")?.name()?.to_ascii_lowercase();
        let ending = match kind.as_str() {
            "unique" => "uk".to_owned(),
            "primary key" => "pk".to_owned(),
            "check" => "ck".to_owned(),
            "foreign key" => {
                let references = options.get("references")?;
                format!("{}_fk", references.get("table").and_then(table_name)?)
            }
            _ => return None,
        };
        let given = options.given("name").and_then(Val::name).map(str::to_owned);
        let name = given.unwrap_or_else(|| format!("{table}_{}_{ending}", columns.join("_")));
        let (at, name) = (call.at, Some(name));
        match kind.as_str() {
            "unique" => self.written.constraint(table, &Key { name, ..Key::unique(columns, at) }, "UNIQUE"),
            "primary key" => self.written.constraint(table, &Key { name, ..Key::index(columns, at) }, "PRIMARY KEY"),
            "check" => {
                let quoted = one_name(self.written.dialect(), &name?);
                self.written.alter(
                    table,
                    &format!("ADD CONSTRAINT {quoted} CHECK ({} IS NOT NULL)", columns.first()?),
                    at,
                );
            }
            _ => {
                let references = options.get("references")?;
                let action = |key: &str| options.given(key).and_then(Val::name).map(str::to_uppercase);
                let referenced = references.given("field").or_else(|| references.given("fields"));
                let foreign = Foreign {
                    name,
                    columns,
                    at,
                    references: references.get("table").and_then(table_name)?,
                    referenced: referenced.and_then(Val::names).unwrap_or_default(),
                    on_delete: action("onDelete"),
                    on_update: action("onUpdate"),
                    deferrable: None,
                };
                self.written.foreign(table, &foreign);
            }
        }
        Some(())
    }
}

/// A table by its name, or `{ tableName, schema }`.
pub(crate) fn table_name(value: &Val) -> Option<String> {
    if let Some(name) = value.name() {
        return Some(name.to_owned());
    }
    let name = value.get("tableName")?.name()?;
    match value.given("schema").and_then(Val::name) {
        Some(schema) => Some(format!("{schema}.{name}")),
        None => Some(name.to_owned()),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// `addIndex(table, columns, options)`, `addIndex(table, { fields, … })`.
fn index(call: &Call, table: &str, at: Range) -> Option<Key> {
    let second = call.arg(1)?;
    let (columns, options) = match second.entries().is_empty() {
        true => (attributes::fields(second)?, call.arg(2)),
        false => (attributes::fields(second.get("fields")?)?, Some(second)),
    };
    Some(attributes::index(table, columns, options, at))
}
