//! What Knex does to a table within `createTable` and `alterTable`.

use ir::Range;
use sql::Dialect;

use super::{Knex, Made};
use crate::schemas::table::{self, Column, Foreign, Key, one_name};
use crate::script::{Call, Run, Val, What};

/// What is done to the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    Create,
    CreateIfMissing,
    Alter,
}

/// The table that is being described.
#[derive(Debug)]
pub(super) struct Builder {
    name: String,
    how: How,
    columns: Vec<Told>,
    actions: Vec<Action>,
}

/// A column with what the builder knows of it.
#[derive(Clone, Debug)]
struct Told {
    column: Column,
    counts: bool,
    is_altered: bool,
    keeps_type: bool,
    keeps_null: bool,
}

/// What is done after the columns.
#[derive(Clone, Debug)]
enum Action {
    Primary(Key),
    Unique(Key),
    Index(Key),
    Foreign(Foreign),
    /// An action of `ALTER TABLE`.
    Alter(String, Range),
    DropIndex(String, Range),
    Check(table::Check),
}

impl Builder {
    /// The table's name without its schema, as names of keys begin with it.
    fn bare(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    fn schema(&self) -> Option<&str> {
        self.name.rsplit_once('.').map(|(schema, _)| schema)
    }

    /// The name that Knex makes.
    fn key_name(&self, columns: &[String], kind: &str) -> String {
        let table = self.bare().replace(['.', '-'], "_");
        format!("{table}_{}_{kind}", columns.join("_")).to_lowercase()
    }
}

impl Knex<'_> {
    pub(super) fn table(&mut self, run: &mut Run<'_, '_>, name: String, how: How, function: &Val, call: &Call) {
        let outer = self.open.replace(Builder { name, how, columns: Vec::new(), actions: Vec::new() });
        let handle = Val::new(self.make(Made::Table), call.at);
        if let What::Function(function, env) = &function.what {
            run.invoke_on(Some(handle.clone()), *function, env, &[handle], self);
        }
        let told = std::mem::replace(&mut self.open, outer);
        if let Some(told) = told {
            self.say_table(told, call);
        }
    }

    /// A method of the builder.
    pub(super) fn table_call(&mut self, call: &Call) -> Option<What> {
        let schema = self.open.as_ref()?.schema().map(str::to_owned);
        if let Some(made) = self.column_of(call, schema.as_deref()) {
            return Some(self.add_column(made.column, made.is_primary));
        }
        let first = call.arg(0).and_then(Val::names);
        let given = call.arg(1).and_then(Val::name).map(str::to_owned);
        let options = call.arg(1).filter(|o| !o.entries().is_empty());
        let option = |key: &str| options.and_then(|o| o.given(key)).and_then(Val::name).map(str::to_owned);
        match &*call.name {
            "timestamps" => self.timestamps(call),
            "dropTimestamps" => {
                let camel = call.arg(0).is_some_and(Val::is_true);
                let names = if camel { ["createdAt", "updatedAt"] } else { ["created_at", "updated_at"] };
                names.iter().for_each(|n| self.drop_column(n, call.at));
            }
            "dropColumn" | "dropColumns" => {
                let names = call.args.iter().filter_map(Val::names).flatten().collect::<Vec<_>>();
                names.iter().for_each(|n| self.drop_column(n, call.at));
            }
            "renameColumn" => {
                let dialect = self.written.dialect();
                let (from, to) = (first?.first()?.clone(), given?);
                self.alter(
                    format!("RENAME COLUMN {} TO {}", one_name(dialect, &from), one_name(dialect, &to)),
                    call.at,
                );
            }
            "setNullable" | "dropNullable" => {
                let verb = if &*call.name == "setNullable" { "DROP" } else { "SET" };
                let column = one_name(self.written.dialect(), first?.first()?);
                self.alter(format!("ALTER COLUMN {column} {verb} NOT NULL"), call.at);
            }
            "primary" => {
                let name = given.or_else(|| option("constraintName"));
                return Some(self.primary(first?, name, call.at));
            }
            "unique" => {
                let predicate = options.and_then(|o| o.given("predicate")).is_some();
                let is_index = predicate || options.and_then(|o| o.get("useConstraint")).is_some_and(Val::is_false);
                return Some(self.unique(first?, given.or_else(|| option("indexName")), !is_index, call.at));
            }
            "index" => {
                let kind =
                    call.arg(2).and_then(Val::name).map(str::to_owned).or_else(|| {
                        call.arg(2).and_then(|o| o.given("indexType")).and_then(Val::name).map(str::to_owned)
                    });
                let partial = call.arg(2).and_then(|o| o.given("predicate")).is_some();
                return Some(self.add_index(first?, given, kind, partial, call.at));
            }
            "foreign" => {
                let columns = first?;
                let name = given.or_else(|| Some(self.open.as_ref()?.key_name(&columns, "foreign")));
                let foreign = Foreign { name, columns, at: call.at, ..Foreign::default() };
                return Some(self.act(Action::Foreign(foreign)));
            }
            "check" => {
                let expression = call.arg(0).and_then(Val::name)?.to_owned();
                let name = call.arg(2).and_then(Val::name).map(str::to_owned);
                self.act(Action::Check(table::Check { name, expression, at: call.at }));
            }
            "dropForeign" | "dropUnique" | "dropIndex" | "dropPrimary" | "dropChecks" => {
                self.drop_key(&call.name, first, given, call.at);
            }
            _ => {}
        }
        Some(call.on.as_ref()?.what.clone())
    }

    fn add_column(&mut self, column: Column, is_primary: bool) -> What {
        let counts = is_primary && column.data_type != "uuid";
        let key = (is_primary && !counts).then(|| (vec![column.name.clone()], column.at));
        let told = Told { column, counts, is_altered: false, keeps_type: false, keeps_null: false };
        let Some(open) = &mut self.open else { return What::Unknown };
        open.columns.push(told);
        let at = open.columns.len() - 1;
        if let Some((columns, at)) = key {
            self.primary(columns, None, at);
        }
        self.make(Made::Column(at))
    }

    fn act(&mut self, action: Action) -> What {
        let Some(open) = &mut self.open else { return What::Unknown };
        let is_foreign = matches!(action, Action::Foreign(_));
        open.actions.push(action);
        let at = open.actions.len() - 1;
        self.make(if is_foreign { Made::Foreign(at) } else { Made::Key })
    }

    fn alter(&mut self, action: String, at: Range) {
        self.act(Action::Alter(action, at));
    }

    fn drop_column(&mut self, name: &str, at: Range) {
        let column = one_name(self.written.dialect(), name);
        self.alter(format!("DROP COLUMN {column}"), at);
    }

    fn timestamps(&mut self, call: &Call) {
        let options = call.arg(0).filter(|o| !o.entries().is_empty());
        let flag = |at: usize, key: &str| match options {
            Some(options) => options.get(key).is_some_and(Val::is_true),
            None => call.args.get(at).is_some_and(Val::is_true),
        };
        let method = if flag(0, "useTimestamps") { "timestamp" } else { "datetime" };
        let names = match flag(2, "useCamelCase") {
            true => ["createdAt", "updatedAt"],
            false => ["created_at", "updated_at"],
        };
        for name in names {
            let named = Val::new(What::Text(name.into()), call.at);
            let made = Call { name: method.into(), args: vec![named], ..call.clone() };
            let Some(mut made) = self.column_of(&made, None) else { continue };
            if flag(1, "defaultToNow") {
                made.column.not_null = true;
                made.column.default = Some("CURRENT_TIMESTAMP".to_owned());
            }
            self.add_column(made.column, false);
        }
    }

    fn primary(&mut self, columns: Vec<String>, name: Option<String>, at: Range) -> What {
        let bare = self.open.as_ref().map_or(String::new(), |o| o.bare().to_owned());
        let name = name.or_else(|| Some(format!("{bare}_pkey")));
        self.act(Action::Primary(Key { name, ..Key::index(columns, at) }))
    }

    fn unique(&mut self, columns: Vec<String>, name: Option<String>, is_constraint: bool, at: Range) -> What {
        let name = name.or_else(|| Some(self.open.as_ref()?.key_name(&columns, "unique")));
        let predicate = (!is_constraint).then(|| "1 = ?".to_owned());
        self.act(Action::Unique(Key { name, is_constraint, predicate, ..Key::unique(columns, at) }))
    }

    fn add_index(
        &mut self,
        columns: Vec<String>,
        name: Option<String>,
        method: Option<String>,
        is_partial: bool,
        at: Range,
    ) -> What {
        let name = name.or_else(|| Some(self.open.as_ref()?.key_name(&columns, "index")));
        let predicate = is_partial.then(|| "1 = ?".to_owned());
        self.act(Action::Index(Key { name, method, predicate, ..Key::index(columns, at) }))
    }

    fn drop_key(&mut self, method: &str, columns: Option<Vec<String>>, given: Option<String>, at: Range) {
        let dialect = self.written.dialect();
        let Some(open) = &self.open else { return };
        let made = |kind: &str| Some(open.key_name(columns.as_ref()?, kind));
        let (name, drops) = match method {
            "dropForeign" => (given.or_else(|| made("foreign")), "FOREIGN KEY"),
            "dropUnique" => (given.or_else(|| made("unique")), "INDEX"),
            "dropIndex" => (given.or_else(|| made("index")), ""),
            "dropPrimary" => {
                let name = columns.as_ref().and_then(|c| c.first().cloned());
                (name.or_else(|| Some(format!("{}_pkey", open.bare()))), "PRIMARY KEY")
            }
            _ => (columns.as_ref().and_then(|c| c.first().cloned()), "CONSTRAINT"),
        };
        let Some(name) = name else { return };
        let quoted = one_name(dialect, &name);
        match (dialect, drops) {
            (_, "") | (Dialect::Sqlite, "INDEX") => {
                self.act(Action::DropIndex(name, at));
            }
            (Dialect::MySql, "PRIMARY KEY") => self.alter("DROP PRIMARY KEY".to_owned(), at),
            (Dialect::MySql, drops) => self.alter(format!("DROP {drops} {quoted}"), at),
            _ => self.alter(format!("DROP CONSTRAINT {quoted}"), at),
        }
    }

    /// A method of a column.
    pub(super) fn column_call(&mut self, at: usize, call: &Call) -> Option<What> {
        let on = call.on.as_ref()?.what.clone();
        let told = self.open.as_ref()?.columns.get(at)?;
        let (name, counts, place) = (told.column.name.clone(), told.counts, told.column.at.start..call.at.end);
        let place = Range { start: place.start.min(call.at.start), end: place.end };
        let given = call.arg(0).and_then(Val::name).map(str::to_owned);
        match &*call.name {
            "primary" if !counts => {
                self.primary(vec![name], given, place);
            }
            "unique" if !counts => {
                let option = call.arg(0).and_then(|o| o.given("indexName")).and_then(Val::name).map(str::to_owned);
                let is_index = call.arg(0).and_then(|o| o.get("useConstraint")).is_some_and(Val::is_false);
                self.unique(vec![name], given.or(option), !is_index, place);
            }
            "index" if !counts => {
                let kind = call.arg(1).and_then(Val::name).map(str::to_owned);
                self.add_index(vec![name], given, kind, false, place);
            }
            "references" => {
                let foreign = Foreign { columns: vec![name], at: place, ..Foreign::default() };
                let made = self.act(Action::Foreign(foreign));
                let What::Handle(_) = made else { return Some(on) };
                let at = self.open.as_ref()?.actions.len() - 1;
                self.reference(at, call);
                let default = self.open.as_ref()?;
                let Some(Action::Foreign(f)) = default.actions.get(at) else { return Some(made) };
                let made_name = default.key_name(&f.columns, "foreign");
                if let Some(Action::Foreign(f)) = self.open.as_mut()?.actions.get_mut(at) {
                    f.name = Some(made_name);
                }
                return Some(on);
            }
            "inTable" | "on" | "onDelete" | "onUpdate" | "deferrable" | "withKeyName" => {
                let is_own = |a: &Action| matches!(a, Action::Foreign(f) if f.columns == [name.clone()]);
                let at = self.open.as_ref()?.actions.iter().rposition(is_own)?;
                self.foreign_call(at, call);
            }
            _ => self.modify(at, call),
        }
        Some(on)
    }

    fn modify(&mut self, at: usize, call: &Call) {
        let mysql = self.written.dialect() == Dialect::MySql;
        let default = call.arg(0).and_then(|v| self.expression(v));
        let Some(told) = self.open.as_mut().and_then(|o| o.columns.get_mut(at)) else { return };
        told.column.at.end = told.column.at.end.max(call.at.end);
        told.column.at.start = told.column.at.start.min(call.at.start);
        match &*call.name {
            "notNullable" | "notNull" => told.column.not_null = true,
            "nullable" => told.column.not_null = call.arg(0).is_some_and(Val::is_false),
            "defaultTo" => told.column.default = default,
            "unsigned" if mysql && !told.column.data_type.contains("unsigned") => {
                told.column.data_type.push_str(" unsigned");
            }
            "alter" => {
                told.is_altered = true;
                let keeps = |key: &str| call.arg(0).and_then(|o| o.get(key)).is_some_and(Val::is_false);
                (told.keeps_type, told.keeps_null) = (keeps("alterType"), keeps("alterNullable"));
            }
            _ => {}
        }
    }

    /// A method of a foreign key.
    pub(super) fn foreign_call(&mut self, at: usize, call: &Call) -> Option<What> {
        if &*call.name == "references" {
            self.reference(at, call);
            return Some(call.on.as_ref()?.what.clone());
        }
        let given = call.arg(0).and_then(Val::name).map(str::to_owned);
        let schema = self.open.as_ref()?.schema().map(str::to_owned);
        let Some(Action::Foreign(foreign)) = self.open.as_mut()?.actions.get_mut(at) else { return None };
        foreign.at.end = foreign.at.end.max(call.at.end);
        match (&*call.name, given) {
            ("inTable" | "on", Some(table)) => {
                foreign.references = match schema.filter(|_| !table.contains('.')) {
                    Some(schema) => format!("{schema}.{table}"),
                    None => table,
                };
            }
            ("onDelete", Some(action)) => foreign.on_delete = Some(action),
            ("onUpdate", Some(action)) => foreign.on_update = Some(action),
            ("withKeyName", Some(name)) => foreign.name = Some(name),
            ("deferrable", Some(kind)) if kind == "deferred" || kind == "immediate" => {
                foreign.deferrable = Some(format!("DEFERRABLE INITIALLY {}", kind.to_uppercase()));
            }
            _ => {}
        }
        Some(call.on.as_ref()?.what.clone())
    }

    /// `references('id')`, `references('users.id')`.
    fn reference(&mut self, at: usize, call: &Call) {
        let names = call.arg(0).and_then(Val::names).unwrap_or_default();
        let Some(Action::Foreign(foreign)) = self.open.as_mut().and_then(|o| o.actions.get_mut(at)) else { return };
        match names.as_slice() {
            [one] if one.contains('.') => {
                let (table, column) = one.rsplit_once('.').unwrap_or(("", one));
                foreign.references = table.to_owned();
                foreign.referenced = vec![column.to_owned()];
            }
            _ => foreign.referenced = names,
        }
    }

    fn say_table(&mut self, told: Builder, call: &Call) {
        match told.how {
            How::Alter => {
                let dialect = self.written.dialect();
                for column in told.columns.iter().filter(|c| !c.is_altered) {
                    let name = one_name(dialect, &column.column.name);
                    let text = format!("ADD COLUMN {name} {}", column.column.definition());
                    self.written.alter(&told.name, &text, column.column.at);
                }
                for column in told.columns.iter().filter(|c| c.is_altered) {
                    self.say_altered(&told.name, column);
                }
                told.actions.iter().for_each(|a| self.say_action(&told.name, a));
            }
            _ => {
                let mut table = table::Table {
                    name: told.name.clone(),
                    at: call.at,
                    if_not_exists: told.how == How::CreateIfMissing,
                    columns: told.columns.iter().map(|c| c.column.clone()).collect(),
                    ..table::Table::default()
                };
                let mut later = Vec::new();
                for action in told.actions {
                    match action {
                        Action::Primary(key) if table.primary.is_none() => table.primary = Some(key),
                        Action::Check(check) => table.checks.push(check),
                        other => later.push(other),
                    }
                }
                self.written.create(&table, false);
                later.iter().for_each(|a| self.say_action(&told.name, a));
            }
        }
    }

    fn say_altered(&mut self, table: &str, told: &Told) {
        let dialect = self.written.dialect();
        let column = &told.column;
        let name = one_name(dialect, &column.name);
        if dialect == Dialect::MySql {
            let text = format!("MODIFY COLUMN {name} {}", column.definition());
            return self.written.alter(table, &text, column.at);
        }
        let mut say = |action: String| self.written.alter(table, &format!("ALTER COLUMN {name} {action}"), column.at);
        say("DROP DEFAULT".to_owned());
        if !told.keeps_null {
            say("DROP NOT NULL".to_owned());
        }
        if !told.keeps_type {
            say(format!("TYPE {} USING ({name}::{})", column.data_type, column.data_type));
        }
        if let Some(default) = &column.default {
            say(format!("SET DEFAULT {default}"));
        }
        if column.not_null && !told.keeps_null {
            say("SET NOT NULL".to_owned());
        }
    }

    fn say_action(&mut self, table: &str, action: &Action) {
        match action {
            Action::Primary(key) => self.written.constraint(table, key, "PRIMARY KEY"),
            Action::Unique(key) if key.is_constraint => self.written.constraint(table, key, "UNIQUE"),
            Action::Unique(key) | Action::Index(key) => self.written.index(table, key),
            // one that says no table was not understood
            Action::Foreign(foreign) if foreign.references.is_empty() => {}
            Action::Foreign(foreign) => self.written.foreign(table, foreign),
            Action::Alter(text, at) => self.written.alter(table, text, *at),
            Action::DropIndex(name, at) => self.written.drop_index(table, name, *at),
            Action::Check(check) => {
                let name = check
                    .name
                    .as_ref()
                    .map_or(String::new(), |n| format!("CONSTRAINT {} ", one_name(self.written.dialect(), n)));
                self.written.alter(table, &format!("ADD {name}CHECK ({})", check.expression), check.at);
            }
        }
    }
}
