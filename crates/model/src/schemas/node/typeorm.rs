//! TypeORM's query runner, and MikroORM's `addSql`.

use std::rc::Rc;

use ir::Range;
use sql::Dialect;

use super::super::table::{Check, Column, Foreign, Key, Table, one_name};
use super::super::typeorm_names as names;
use super::super::written::{Written, literal, quoted};
use super::There;
use super::knex::named;
use crate::script::{Call, Run, Tool, Val, What};

/// What the query runner was told.
pub(super) struct TypeOrm<'s> {
    pub(super) written: Written,
    there: There<'s>,
}

impl<'s> TypeOrm<'s> {
    pub(super) fn new(dialect: Dialect, before: &'s [sql::Statement]) -> Self {
        Self { written: Written::new(dialect), there: There { dialect, before } }
    }
}

impl Tool for TypeOrm<'_> {
    fn call(&mut self, _: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        let what = match &call.on.as_ref()?.what {
            What::Instance(_) => match &*call.name {
                "addSql" | "execute" => {
                    self.raw(call)?;
                    What::Unknown
                }
                _ => return None,
            },
            What::Path(path) if path.split('.').any(|part| part == "queryRunner") => self.runner_call(call)?,
            _ => return None,
        };
        Some(Val::new(what, call.at))
    }
}

impl TypeOrm<'_> {
    fn raw(&mut self, call: &Call) -> Option<()> {
        let text = call.arg(0).and_then(Val::text)?.to_owned();
        self.written.raw(&text, call.at);
        Some(())
    }

    fn runner_call(&mut self, call: &Call) -> Option<What> {
        let dialect = self.written.dialect();
        let at = call.at;
        let table = call.arg(0).and_then(table_name);
        match &*call.name {
            "query" => self.raw(call)?,
            "hasTable" => {
                let schema = self.there.schema(&self.written);
                return Some(What::Bool(schema.table(&named(&table?)).is_some()));
            }
            "hasColumn" => {
                let schema = self.there.schema(&self.written);
                let found = schema.table(&named(&table?))?.column(call.arg(1)?.name()?, dialect).is_some();
                return Some(What::Bool(found));
            }
            "createTable" => {
                let made = self.described(options(call.arg(0)?)?)?;
                let if_not_exists = call.args.get(1).is_some_and(Val::is_true);
                self.written.create(&Table { if_not_exists, at, ..made }, true);
            }
            "dropTable" => {
                let exists = if call.args.get(1).is_some_and(Val::is_true) { "IF EXISTS " } else { "" };
                self.written.say(&format!("DROP TABLE {exists}{};\n", quoted(dialect, &table?)), at);
            }
            "renameTable" => {
                let to = call.arg(1).and_then(table_name)?;
                self.written.alter(&table?, &format!("RENAME TO {}", one_name(dialect, &to)), at);
            }
            "addColumn" | "addColumns" => {
                let table = table?;
                for given in call.arg(1)?.listed() {
                    self.add_column(&table, &given);
                }
            }
            "dropColumn" | "dropColumns" => {
                let table = table?;
                for given in call.arg(1)?.listed() {
                    let Some(name) = column_name(&given) else { continue };
                    self.written.alter(&table, &format!("DROP COLUMN {}", one_name(dialect, &name)), at);
                }
            }
            "renameColumn" => {
                let (from, to) = (column_name(call.arg(1)?)?, column_name(call.arg(2)?)?);
                let action = format!("RENAME COLUMN {} TO {}", one_name(dialect, &from), one_name(dialect, &to));
                self.written.alter(&table?, &action, at);
            }
            "changeColumn" => {
                let (from, to) = (column_name(call.arg(1)?)?, call.arg(2)?);
                self.change_column(&table?, &from, to, at);
            }
            "createIndex" | "createIndices" => {
                let table = table?;
                for given in call.arg(1)?.listed() {
                    if let Some(key) = options(&given).and_then(|o| index(&table, o)) {
                        self.written.index(&table, &key);
                    }
                }
            }
            "dropIndex" => {
                let name = call.arg(1).and_then(column_name)?;
                self.written.drop_index(&table?, &name, at);
            }
            "createForeignKey" | "createForeignKeys" => {
                let table = table?;
                for given in call.arg(1)?.listed() {
                    if let Some(foreign) = options(&given).and_then(|o| foreign(&table, o)) {
                        self.written.foreign(&table, &foreign);
                    }
                }
            }
            "createUniqueConstraint" => {
                let table = table?;
                let key = options(call.arg(1)?).and_then(|o| unique(&table, o))?;
                self.written.constraint(&table, &key, "UNIQUE");
            }
            "createPrimaryKey" => {
                let (table, columns) = (table?, call.arg(1)?.names()?);
                let name = Some(names::name("PK", &table, &columns, None));
                self.written.constraint(&table, &Key { name, ..Key::index(columns, at) }, "PRIMARY KEY");
            }
            "dropForeignKey" | "dropUniqueConstraint" | "dropCheckConstraint" => {
                let name = one_name(dialect, &column_name(call.arg(1)?)?);
                let kind = match (dialect, &*call.name) {
                    (Dialect::MySql, "dropForeignKey") => "FOREIGN KEY",
                    (Dialect::MySql, "dropUniqueConstraint") => "INDEX",
                    _ => "CONSTRAINT",
                };
                self.written.alter(&table?, &format!("DROP {kind} {name}"), at);
            }
            _ => return None,
        }
        Some(What::Unknown)
    }

    /// The table of `new Table({ … })`.
    fn described(&mut self, options: &Val) -> Option<Table> {
        let name = table_name(options)?;
        let mut table = Table { name: name.clone(), at: options.at, ..Table::default() };
        let mut primary = Vec::new();
        for given in options.get("columns").map(Val::listed).unwrap_or_default() {
            let Some(given) = self::options(&given) else { continue };
            let Some(column) = self.column(&name, given) else { continue };
            if given.get("isPrimary").is_some_and(Val::is_true) {
                primary.push(column.name.clone());
            }
            if given.get("isUnique").is_some_and(Val::is_true) {
                let columns = vec![column.name.clone()];
                let name = Some(names::name("UQ", &name, &columns, None));
                table.keys.push(Key { name, ..Key::unique(columns, given.at) });
            }
            table.columns.push(column);
        }
        if !primary.is_empty() {
            let key = Some(names::name("PK", &name, &primary, None));
            table.primary = Some(Key { name: key, ..Key::index(primary, options.at) });
        }
        let list = |key: &str| options.get(key).map(Val::listed).unwrap_or_default();
        table.keys.extend(list("uniques").iter().filter_map(|v| unique(&name, self::options(v)?)));
        table.keys.extend(list("indices").iter().filter_map(|v| index(&name, self::options(v)?)));
        table.foreign.extend(list("foreignKeys").iter().filter_map(|v| foreign(&name, self::options(v)?)));
        for check in list("checks") {
            let Some(given) = self::options(&check) else { continue };
            let expression = given.given("expression").and_then(Val::name);
            let name = given.given("name").and_then(Val::name).map(str::to_owned);
            table.checks.extend(expression.map(|e| Check { name, expression: e.to_owned(), at: given.at }));
        }
        Some(table)
    }

    fn column(&mut self, table: &str, given: &Val) -> Option<Column> {
        let dialect = self.written.dialect();
        let name = given.get("name")?.name()?.to_owned();
        let is = |key: &str| given.get(key).is_some_and(Val::is_true);
        let word = given.given("type").and_then(Val::name).unwrap_or("varchar").to_owned();
        let strategy = given.given("generationStrategy").and_then(Val::name).unwrap_or_default();
        let counts = is("isGenerated") && strategy != "uuid" || strategy == "increment";
        let mut column =
            Column { name, at: given.at, data_type: word, not_null: !is("isNullable"), ..Column::default() };
        column.default = given.given("default").and_then(|v| match &v.what {
            What::Number(text) => Some(text.clone()),
            What::Bool(value) => Some(value.to_string()),
            _ => v.text().map(str::to_owned),
        });
        let number = |key: &str| {
            let value = given.given(key)?;
            value.name().map(str::to_owned).or_else(|| value.number().map(|n| n.to_string()))
        };
        match (number("length"), number("precision"), number("scale")) {
            (Some(length), ..) if !length.is_empty() => column.data_type.push_str(&format!("({length})")),
            (_, Some(precision), Some(scale)) => column.data_type.push_str(&format!("({precision},{scale})")),
            (_, Some(precision), None) => column.data_type.push_str(&format!("({precision})")),
            _ if dialect == Dialect::MySql && column.data_type == "varchar" => column.data_type.push_str("(255)"),
            _ => {}
        }
        if let Some(values) = given.given("enum").and_then(Val::names) {
            let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
            column.data_type = match dialect {
                Dialect::Postgres => {
                    let made = given.given("enumName").and_then(Val::name).map(str::to_owned);
                    let name = made.unwrap_or_else(|| format!("{table}_{}_enum", column.name));
                    let name = quoted(dialect, &name);
                    self.written.say(&format!("CREATE TYPE {name} AS ENUM ({values});\n"), given.at);
                    name
                }
                Dialect::MySql => format!("enum({values})"),
                _ => "varchar".to_owned(),
            };
        }
        if is("unsigned") && dialect == Dialect::MySql {
            column.data_type.push_str(" unsigned");
        }
        if counts {
            count(dialect, &mut column, is("isPrimary"));
        } else if strategy == "uuid" && dialect == Dialect::Postgres && column.default.is_none() {
            column.default = Some("uuid_generate_v4()".to_owned());
        }
        if is("isArray") && dialect == Dialect::Postgres {
            column.data_type.push_str(" array");
        }
        Some(column)
    }

    fn add_column(&mut self, table: &str, given: &Val) {
        let Some(given) = options(given) else { return };
        let Some(column) = self.column(table, given) else { return };
        let dialect = self.written.dialect();
        let text = format!("ADD {} {}", one_name(dialect, &column.name), column.definition());
        self.written.alter(table, &text, given.at);
        if given.get("isUnique").is_some_and(Val::is_true) {
            let columns = vec![column.name];
            let name = Some(names::name("UQ", table, &columns, None));
            self.written.constraint(table, &Key { name, ..Key::unique(columns, given.at) }, "UNIQUE");
        }
    }

    fn change_column(&mut self, table: &str, from: &str, to: &Val, at: Range) {
        let Some(given) = options(to) else { return };
        let Some(column) = self.column(table, given) else { return };
        let dialect = self.written.dialect();
        let (old, new) = (one_name(dialect, from), one_name(dialect, &column.name));
        if dialect == Dialect::MySql {
            return self.written.alter(table, &format!("CHANGE {old} {new} {}", column.definition()), at);
        }
        if from != column.name {
            self.written.alter(table, &format!("RENAME COLUMN {old} TO {new}"), at);
        }
        let mut say = |action: String| self.written.alter(table, &format!("ALTER COLUMN {new} {action}"), at);
        say(format!("TYPE {}", column.data_type));
        say(format!("{} NOT NULL", if column.not_null { "SET" } else { "DROP" }));
        say(match &column.default {
            Some(default) => format!("SET DEFAULT {default}"),
            None => "DROP DEFAULT".to_owned(),
        });
    }
}

/// Makes a column count up.
pub(crate) fn count(dialect: Dialect, column: &mut Column, is_primary: bool) {
    let is_big = column.data_type.contains("big");
    let is_small = column.data_type.contains("small");
    match dialect {
        Dialect::Postgres => {
            let word = match (is_big, is_small) {
                (true, _) => "bigserial",
                (_, true) => "smallserial",
                _ => "serial",
            };
            column.data_type = word.to_owned();
        }
        Dialect::MySql => column.more = "AUTO_INCREMENT".to_owned(),
        Dialect::SqlServer => column.more = "IDENTITY(1,1)".to_owned(),
        _ if is_primary => column.data_type = "integer".to_owned(),
        _ => {}
    }
}

/// What `new Table({ … })` and its kin are given, or the object itself.
fn options(value: &Val) -> Option<&Val> {
    match &value.what {
        What::Call(call) => call.args.first().filter(|a| !a.entries().is_empty()),
        What::Map(_) => Some(value),
        _ => None,
    }
}

/// A table by its name, or `new Table({ name })`.
fn table_name(value: &Val) -> Option<String> {
    if let Some(name) = value.name() {
        return Some(name.to_owned());
    }
    let options = options(value)?;
    let name = options.get("name")?.name()?;
    match options.given("schema").and_then(Val::name) {
        Some(schema) => Some(format!("{schema}.{name}")),
        None => Some(name.to_owned()),
    }
}

/// A column, index or key by its name, or as an object with one.
fn column_name(value: &Val) -> Option<String> {
    value.name().map(str::to_owned).or_else(|| options(value)?.get("name")?.name().map(str::to_owned))
}

fn index(table: &str, given: &Val) -> Option<Key> {
    let columns = given.get("columnNames")?.names()?;
    let predicate = given.given("where").and_then(Val::name).map(str::to_owned);
    let named = given.given("name").and_then(Val::name).map(str::to_owned);
    let name = named.unwrap_or_else(|| names::name("IDX", table, &columns, predicate.as_deref()));
    let unique = given.get("isUnique").is_some_and(Val::is_true);
    Some(Key { name: Some(name), unique, predicate, ..Key::index(columns, given.at) })
}

fn unique(table: &str, given: &Val) -> Option<Key> {
    let columns = given.get("columnNames")?.names()?;
    let named = given.given("name").and_then(Val::name).map(str::to_owned);
    let name = Some(named.unwrap_or_else(|| names::name("UQ", table, &columns, None)));
    Some(Key { name, ..Key::unique(columns, given.at) })
}

fn foreign(table: &str, given: &Val) -> Option<Foreign> {
    let columns = given.get("columnNames")?.names()?;
    let text = |key: &str| given.given(key).and_then(Val::name).map(str::to_owned);
    Some(Foreign {
        name: text("name").or_else(|| Some(names::name("FK", table, &columns, None))),
        at: given.at,
        references: given.get("referencedTableName").and_then(table_name)?,
        referenced: given.get("referencedColumnNames").and_then(Val::names).unwrap_or_default(),
        on_delete: text("onDelete"),
        on_update: text("onUpdate"),
        columns,
        deferrable: None,
    })
}
