//! Drizzle: tables that `pgTable`, `mysqlTable` and `sqliteTable` define.

use std::rc::Rc;

use base::{Span, Symbol};
use ir::Range;
use program::{ExprRef, ModuleId};
use sql::{Dialect, Name};

use super::words::snake;
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::node::typeorm::count;
use crate::schemas::table::{Column, Foreign, Key, Table};
use crate::schemas::written::{Written, literal, quoted};
use crate::script::{Call, Entry, Run, Tool, Val, What};

/// Reads all tables.
pub(super) fn read(context: &Context<'_>, _: Dialect) -> Vec<Stored> {
    let mut found = Drizzle::default();
    let mut run: Option<Run<'_, '_>> = None;
    for module in context.ecmascript_modules().filter(|m| context.imports(*m, "drizzle-orm")) {
        let run = run.get_or_insert_with(|| Run::new(context, module, Dialect::Postgres));
        run.enter(module);
        run.top(module, &mut found);
    }
    let tables = found.tables.iter().filter(|t| t.module.is_some());
    tables.map(|table| found.stored(context, table, run.as_mut())).collect()
}

/// The tables of the repository.
#[derive(Default)]
struct Drizzle {
    tables: Vec<Defined>,
}

/// `pgTable('users', { … }, (table) => …)`.
struct Defined {
    expr: ExprRef,
    /// The module that it is written in; none until that was run.
    module: Option<ModuleId>,
    name: String,
    /// The variable that holds it, or its name.
    called: String,
    dialect: Dialect,
    columns: Val,
    more: Option<Val>,
    at: Range,
}

fn dialect_of(function: &str) -> Option<Dialect> {
    Some(match function {
        "pgTable" => Dialect::Postgres,
        "mysqlTable" | "singlestoreTable" => Dialect::MySql,
        "sqliteTable" => Dialect::Sqlite,
        _ => return None,
    })
}

impl Tool for Drizzle {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        // `pgTableCreator((name) => `app_${name}`)` gives another function to make tables with
        let maker = call.on.as_ref().and_then(|on| on.as_call());
        if let Some(maker) = maker.filter(|m| m.last().ends_with("TableCreator")) {
            let dialect = dialect_of(maker.last().trim_end_matches("Creator"))?;
            let named = maker.args.first()?.clone();
            let name = run.call_value(&named, &[call.arg(0)?.clone()], self)?.name()?.to_owned();
            return self.table(run, call, dialect, name);
        }
        let schema = maker.filter(|m| m.last().ends_with("Schema")).and_then(|m| m.arg(0)).and_then(Val::name);
        let dialect = match (call.last(), maker.map(|m| m.last())) {
            ("table", Some("pgSchema")) => Dialect::Postgres,
            ("table", Some("mysqlSchema")) => Dialect::MySql,
            (function, _) => dialect_of(function)?,
        };
        let name = call.arg(0)?.name()?.to_owned();
        let name = schema.map_or_else(|| name.clone(), |schema| format!("{schema}.{name}"));
        self.table(run, call, dialect, name)
    }
}

impl Drizzle {
    fn table(&mut self, run: &mut Run<'_, '_>, call: &Call, dialect: Dialect, name: String) -> Option<Val> {
        let is_home = run.home() == call.expr.module;
        let given = call.arg(1)?.clone();
        // `(t) => ({ id: t.serial() })`
        let columns = run.call_value(&given, &[Val::path("t", call.at)], self).unwrap_or(given);
        let made = Defined {
            expr: call.expr,
            module: is_home.then_some(call.expr.module),
            called: name.clone(),
            name,
            dialect,
            columns,
            more: call.arg(2).cloned(),
            at: call.at,
        };
        let at = match self.tables.iter().position(|t| t.expr == call.expr) {
            Some(at) => {
                if let (true, Some(known)) = (is_home, self.tables.get_mut(at)) {
                    *known = made;
                }
                at
            }
            None => {
                self.tables.push(made);
                self.tables.len() - 1
            }
        };
        Some(Val::new(self.handle(at), call.at))
    }

    /// A table as a value: its columns by their fields, each a path that says which it is.
    fn handle(&self, at: usize) -> What {
        let Some(table) = self.tables.get(at) else { return What::Unknown };
        let entry =
            |e: &Entry| Entry { key: Rc::clone(&e.key), at: e.at, value: Val::path(&format!("#{at}.{}", e.key), e.at) };
        What::Map(Rc::new(table.columns.entries().iter().map(entry).collect()))
    }

    /// The table and the column that such a path says.
    fn column_at(&self, value: &Val) -> Option<(&Defined, String)> {
        let path = match &value.what {
            What::Path(path) => Rc::clone(path),
            // `users.id.desc()`
            What::Call(call) => Rc::from(call.on.as_ref()?.as_path()?),
            _ => return None,
        };
        let (at, field) = path.strip_prefix('#')?.split_once('.')?;
        let table = self.tables.get(at.parse::<usize>().ok()?)?;
        let entry = table.columns.entries().iter().find(|e| *e.key == *field)?;
        Some((table, column_name(table, entry)))
    }

    fn stored(&self, context: &Context<'_>, table: &Defined, run: Option<&mut Run<'_, '_>>) -> Stored {
        let file = context.program.module(table.expr.module).file;
        let mut made = Table { name: table.name.clone(), at: table.at, ..Table::default() };
        let mut fields = Vec::new();
        let mut types = String::new();
        let (mut run, mut primary) = (run, Vec::new());
        for entry in table.columns.entries() {
            let chain = column_chain(&entry.value);
            let Some(first) = chain.first() else { continue };
            let at = Range { start: entry.at.start, end: entry.value.at.end.max(entry.at.end) };
            let name = column_name(table, entry);
            let mut column =
                Column { name: name.clone(), at, data_type: data_type(table.dialect, first), ..Column::default() };
            if let Some(create) = enumeration(&mut column, first) {
                types.push_str(&create);
            }
            let mut relation = None;
            for call in &chain {
                match &*call.name {
                    "notNull" => column.not_null = true,
                    "primaryKey" => primary.push(name.clone()),
                    "default" => column.default = call.arg(0).and_then(expression),
                    "defaultNow" | "defaultRandom" => column.default = Some(stamped(table.dialect, &call.name)),
                    "autoincrement" => count(table.dialect, &mut column, true),
                    "array" => column.data_type.push_str("[]"),
                    "generatedAlwaysAsIdentity" => column.more = "GENERATED ALWAYS AS IDENTITY".to_owned(),
                    "generatedByDefaultAsIdentity" => column.more = "GENERATED BY DEFAULT AS IDENTITY".to_owned(),
                    "unique" => {
                        let named = call.arg(0).and_then(Val::name).map(str::to_owned);
                        let key = named.unwrap_or_else(|| format!("{}_{name}_unique", bare(&table.name)));
                        made.keys.push(Key { name: Some(key), ..Key::unique(vec![name.clone()], at) });
                    }
                    "references" => {
                        let given = call.arg(0).and_then(|f| run.as_mut()?.given_by(f));
                        if let Some((to, column)) = given.as_ref().and_then(|v| self.column_at(v)) {
                            relation = Some(StoredRelation { to: to.called.clone(), is_many: false, back: None });
                            made.foreign.push(reference(table, &name, to, &column, call.arg(1), at));
                        }
                    }
                    _ => {}
                }
            }
            if is_mysql_serial(table.dialect, first) {
                column.more = "AUTO_INCREMENT".to_owned();
            }
            fields.push(StoredField {
                name: Symbol::new(&entry.key),
                span: Span::new(file, at.start, at.end),
                column: Some(name),
                relation,
            });
            made.columns.push(column);
        }
        if !primary.is_empty() {
            made.primary = Some(Key::index(primary, table.at));
        }
        if let (Some(more), Some(run)) = (&table.more, run.as_mut()) {
            self.more(table, more, run, &mut made);
        }
        let mut written = Written::new(table.dialect);
        if !types.is_empty() {
            written.say(&types, table.at);
        }
        written.create_apart(&made);
        Stored {
            class: None,
            name: table.called.clone(),
            library: "Drizzle",
            span: Span::new(file, table.at.start, table.at.end),
            table: table.name.rsplit_once('.').map_or_else(|| Name::bare(&table.name), |(s, n)| Name::new(s, n)),
            is_document: false,
            is_made: true,
            fields,
            statements: written.statements(),
            checked_unique: Vec::new(),
        }
    }

    /// Indexes and keys: `(t) => ({ byName: index('name').on(t.name) })`, or a list of them.
    fn more(&self, table: &Defined, more: &Val, run: &mut Run<'_, '_>, made: &mut Table) {
        let Some(at) = self.tables.iter().position(|t| t.expr == table.expr) else { return };
        let given = Val::new(self.handle(at), table.at);
        run.enter(table.expr.module);
        let Some(found) = run.call_value(more, &[given], &mut crate::script::NoTool) else { return };
        let all = found.entries().iter().map(|e| &e.value).chain(found.items());
        for value in all {
            let chain = value.chain();
            let Some(first) = chain.first() else { continue };
            let named = first.arg(0).and_then(Val::name).map(str::to_owned);
            let on = chain.iter().find(|c| matches!(&*c.name, "on" | "using" | "onOnly"));
            let columns: Option<Vec<String>> = on.map(|c| {
                let method = usize::from(&*c.name == "using");
                c.args.iter().skip(method).map(|v| self.key_column(v)).collect()
            });
            let at = value.at;
            match (first.last(), columns) {
                ("index" | "uniqueIndex", Some(columns)) => {
                    let method = on.filter(|c| &*c.name == "using").and_then(|c| c.arg(0)).and_then(Val::name);
                    let partial = chain.iter().any(|c| &*c.name == "where");
                    made.keys.push(Key {
                        name: named.or_else(|| Some(format!("{}_{}_index", bare(&table.name), columns.join("_")))),
                        unique: first.last() == "uniqueIndex",
                        method: method.map(str::to_owned),
                        predicate: partial.then(|| "1 = ?".to_owned()),
                        ..Key::index(columns, at)
                    });
                }
                ("unique", Some(columns)) => {
                    let name = named.unwrap_or_else(|| format!("{}_{}_unique", bare(&table.name), columns.join("_")));
                    made.keys.push(Key { name: Some(name), ..Key::unique(columns, at) });
                }
                ("primaryKey", _) => {
                    let listed = first.arg(0).and_then(|o| o.given("columns"));
                    let columns = listed.map_or_else(|| first.args.clone(), Val::listed);
                    let names = columns.iter().map(|v| self.key_column(v)).collect();
                    made.primary = Some(Key::index(names, at));
                }
                ("foreignKey", _) => made.foreign.extend(self.foreign(first, &chain, at)),
                _ => {}
            }
        }
    }

    fn foreign(&self, first: &Call, chain: &[Rc<Call>], at: Range) -> Option<Foreign> {
        let options = first.arg(0)?;
        let listed = |key: &str| options.given(key).map(Val::listed).unwrap_or_default();
        let to = self.column_at(listed("foreignColumns").first()?)?.0;
        let action = |name: &str| {
            let call = chain.iter().find(|c| &*c.name == name)?;
            call.arg(0)?.name().map(str::to_uppercase)
        };
        Some(Foreign {
            name: options.given("name").and_then(Val::name).map(str::to_owned),
            columns: listed("columns").iter().map(|v| self.key_column(v)).collect(),
            at,
            references: to.name.clone(),
            referenced: listed("foreignColumns").iter().map(|v| self.key_column(v)).collect(),
            on_delete: action("onDelete"),
            on_update: action("onUpdate"),
            deferrable: None,
        })
    }

    /// A column of a key; an expression in parentheses.
    fn key_column(&self, value: &Val) -> String {
        self.column_at(value).map_or_else(|| "(?)".to_owned(), |(_, column)| column)
    }
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The calls that make a column, without what made the function that is called first: `role('role')` of
/// `const role = pgEnum(…)`.
fn column_chain(value: &Val) -> Vec<Rc<Call>> {
    let mut chain = value.chain();
    if chain.len() > 1 && chain.first().is_some_and(|c| matches!(c.last(), "pgEnum" | "enum" | "customType")) {
        chain.remove(0);
    }
    chain
}

/// The name that a column is given, or that of its field.
fn column_name(table: &Defined, entry: &Entry) -> String {
    let chain = column_chain(&entry.value);
    let named = chain.first().and_then(|c| c.arg(0)).and_then(Val::name);
    let _ = table;
    named.map_or_else(|| entry.key.to_string(), str::to_owned)
}

fn reference(table: &Defined, name: &str, to: &Defined, column: &str, options: Option<&Val>, at: Range) -> Foreign {
    let action = |key: &str| options.and_then(|o| o.given(key)).and_then(Val::name).map(str::to_uppercase);
    let made = format!("{}_{name}_{}_{column}_fk", bare(&table.name), bare(&to.name));
    Foreign {
        name: Some(made),
        columns: vec![name.to_owned()],
        at,
        references: to.name.clone(),
        referenced: vec![column.to_owned()],
        on_delete: action("onDelete"),
        on_update: action("onUpdate"),
        deferrable: None,
    }
}

fn is_mysql_serial(dialect: Dialect, call: &Call) -> bool {
    dialect == Dialect::MySql && call.last() == "serial"
}

fn stamped(dialect: Dialect, method: &str) -> String {
    match (method, dialect) {
        ("defaultRandom", _) => "gen_random_uuid()".to_owned(),
        (_, Dialect::Postgres) => "now()".to_owned(),
        (_, Dialect::Sqlite) => "CURRENT_TIMESTAMP".to_owned(),
        _ => "(now())".to_owned(),
    }
}

fn expression(value: &Val) -> Option<String> {
    match &value.what {
        What::Null => None,
        What::Bool(value) => Some(value.to_string()),
        What::Number(text) => Some(text.clone()),
        What::Text(text) => Some(literal(text)),
        // sql`now()`
        What::Call(call) => match call.arg(0).map(Val::items) {
            Some([only]) => only.name().map(str::to_owned),
            _ => Some("'?'".to_owned()),
        },
        _ => Some("'?'".to_owned()),
    }
}

/// `roleEnum('role')` of `const roleEnum = pgEnum('role', ['a', 'b'])`: the enum's own name and how it is made.
fn enumeration(column: &mut Column, call: &Call) -> Option<String> {
    let maker = call.on.as_ref()?.as_call()?;
    if maker.last() != "pgEnum" {
        return None;
    }
    let name = quoted(Dialect::Postgres, maker.arg(0)?.name()?);
    let values = maker.arg(1)?.names()?.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
    column.data_type = name.clone();
    Some(format!("CREATE TYPE {name} AS ENUM ({values});\n"))
}

fn data_type(dialect: Dialect, call: &Call) -> String {
    // `varchar('name', { length: 100 })`, `varchar({ length: 100 })`
    let options = call.args.iter().find(|a| !a.entries().is_empty());
    let option = |key: &str| options.and_then(|o| o.given(key));
    let number = |key: &str| option(key).and_then(Val::number);
    let sized = |word: &str| number("length").map_or_else(|| word.to_owned(), |n| format!("{word}({n})"));
    let exact = |word: &str| match (number("precision"), number("scale")) {
        (Some(precision), Some(scale)) => format!("{word}({precision}, {scale})"),
        (Some(precision), None) => format!("{word}({precision})"),
        _ => word.to_owned(),
    };
    let word = call.last();
    let plain = match (dialect, word) {
        (_, "varchar" | "char" | "varbinary" | "binary") => return sized(word),
        (_, "numeric" | "decimal") => return exact(word),
        (Dialect::Postgres, "timestamp") => {
            let precision = number("precision").map_or(String::new(), |n| format!("({n})"));
            let zone = if option("withTimezone").is_some_and(Val::is_true) { " with time zone" } else { "" };
            return format!("timestamp{precision}{zone}");
        }
        (Dialect::Postgres, "doublePrecision") => "double precision",
        (Dialect::Postgres, "bigserial" | "serial" | "smallserial") => word,
        (Dialect::MySql, "serial") => "bigint unsigned",
        (Dialect::MySql, "mysqlEnum") => {
            let values = call.args.iter().find_map(Val::names_of_list).unwrap_or_default();
            let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
            return format!("enum({values})");
        }
        (Dialect::Sqlite, "integer" | "text" | "real" | "blob") => word,
        (_, "customType") => "text",
        (_, other) => return snake(other),
    };
    plain.to_owned()
}
