//! Knex: `knex.schema`, `knex.raw`, and rows that migrations write.
//!
//! `knex/columns.rs` has the types, `knex/tables.rs` what is done to a table.

mod columns;
mod tables;

use std::rc::Rc;

use sql::Dialect;

use super::super::written::{Written, quoted};
use super::{There, write_rows};
use crate::script::{Call, Run, Tool, Val, What};

/// What a handle stands for.
#[derive(Clone, Debug)]
enum Made {
    Table,
    /// A column of the open table.
    Column(usize),
    /// A key or an index.
    Key,
    Foreign(usize),
    /// Rows of a table, and whether a condition was said.
    Query {
        table: Option<String>,
        is_filtered: bool,
    },
    /// `knex.raw(…)`.
    Raw(String),
}

/// What Knex was told.
pub(super) struct Knex<'s> {
    pub(super) written: Written,
    there: There<'s>,
    made: Vec<Made>,
    open: Option<tables::Builder>,
}

impl<'s> Knex<'s> {
    pub(super) fn new(dialect: Dialect, before: &'s [sql::Statement]) -> Self {
        Self { written: Written::new(dialect), there: There { dialect, before }, made: Vec::new(), open: None }
    }

    fn make(&mut self, made: Made) -> What {
        self.made.push(made);
        What::Handle(self.made.len() as u32 - 1)
    }

    fn of(&self, value: &Val) -> Option<&Made> {
        match value.what {
            What::Handle(at) => self.made.get(at as usize),
            _ => None,
        }
    }

    /// An expression that stands for a value: a literal, `knex.fn.now()`, `knex.raw(…)`.
    fn expression(&self, value: &Val) -> Option<String> {
        match &value.what {
            What::Null => None,
            What::Bool(value) => Some(match (self.written.dialect(), value) {
                (Dialect::Postgres, value) => value.to_string(),
                (_, true) => "1".to_owned(),
                (_, false) => "0".to_owned(),
            }),
            What::Number(text) => Some(text.clone()),
            What::Text(text) => Some(super::super::written::literal(text)),
            What::Handle(_) => match self.of(value) {
                Some(Made::Raw(text)) => Some(text.clone()),
                _ => Some("'?'".to_owned()),
            },
            What::Call(call) => match call.last() {
                "now" => Some("CURRENT_TIMESTAMP".to_owned()),
                "uuid" => Some("gen_random_uuid()".to_owned()),
                _ => Some("'?'".to_owned()),
            },
            _ => Some("'?'".to_owned()),
        }
    }
}

/// The schema that a schema builder works in, where the value is one: `knex.schema`, `knex.schema:public`.
fn builder(value: &Val) -> Option<Option<&str>> {
    let last = value.as_path()?.rsplit('.').next()?;
    match last.split_once(':') {
        Some(("schema", schema)) => Some(Some(schema)),
        _ => (last == "schema").then_some(None),
    }
}

/// Whether a value is Knex itself or a transaction of it.
fn is_knex(value: &Val) -> bool {
    value.as_path().is_some_and(|p| matches!(p.rsplit('.').next(), Some("knex" | "trx")))
}

impl Tool for Knex<'_> {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        let what = match &call.on {
            None => self.function(call),
            Some(on) => match (builder(on), self.of(on).cloned()) {
                (Some(schema), _) => {
                    let schema = schema.map(str::to_owned);
                    self.schema_call(run, schema, call)
                }
                (_, Some(Made::Table)) => self.table_call(call),
                (_, Some(Made::Column(column))) => self.column_call(column, call),
                (_, Some(Made::Key)) => Some(on.what.clone()),
                (_, Some(Made::Foreign(at))) => self.foreign_call(at, call),
                (_, Some(Made::Query { table, is_filtered })) => self.query_call(on, table, is_filtered, call),
                (_, Some(Made::Raw(_))) => matches!(&*call.name, "wrap" | "transacting").then(|| on.what.clone()),
                _ if is_knex(on) => self.own_call(run, call),
                _ => None,
            },
        };
        what.map(|what| Val::new(what, call.at))
    }
}

impl Knex<'_> {
    /// `knex('users')`.
    fn function(&mut self, call: &Call) -> Option<What> {
        let named = matches!(call.last(), "knex" | "trx");
        named.then(|| {
            let table = call.arg(0).and_then(Val::name).map(str::to_owned);
            self.make(Made::Query { table, is_filtered: false })
        })
    }

    /// A method of Knex itself.
    fn own_call(&mut self, run: &mut Run<'_, '_>, call: &Call) -> Option<What> {
        Some(match &*call.name {
            "raw" => {
                let text = call.arg(0).and_then(Val::text).unwrap_or_default().to_owned();
                if self.open.is_none() && is_statement(&text) {
                    self.written.raw(&text, call.at);
                }
                self.make(Made::Raw(text))
            }
            "transaction" => {
                let given = [Val::path("knex", call.at)];
                let function = call.args.iter().find(|a| matches!(a.what, What::Function(..)))?.clone();
                run.call_value(&function, &given, self)?.what
            }
            "table" | "from" | "into" | "queryBuilder" | "withSchema" => {
                let table = call.arg(0).and_then(Val::name).map(str::to_owned);
                self.make(Made::Query { table: table.filter(|_| &*call.name != "withSchema"), is_filtered: false })
            }
            "insert" => self.make(Made::Query { table: None, is_filtered: false }),
            "batchInsert" => {
                let table = call.arg(0).and_then(Val::name)?.to_owned();
                write_rows(&mut self.written, "INSERT", &table, call.arg(1), false, call.at);
                What::Unknown
            }
            "ref" => {
                let text = call.arg(0).and_then(Val::name)?.to_owned();
                self.make(Made::Raw(text))
            }
            _ => return None,
        })
    }

    /// A method of rows of a table.
    fn query_call(&mut self, on: &Val, table: Option<String>, is_filtered: bool, call: &Call) -> Option<What> {
        let writes = match &*call.name {
            "insert" => "INSERT",
            "update" | "increment" | "decrement" => "UPDATE",
            "del" | "delete" => "DELETE",
            "truncate" => "TRUNCATE",
            "from" | "into" | "table" => {
                let table = call.arg(0).and_then(Val::name).map(str::to_owned);
                return Some(self.make(Made::Query { table, is_filtered }));
            }
            name if name.to_ascii_lowercase().contains("where") => {
                return Some(self.make(Made::Query { table, is_filtered: true }));
            }
            // rows that are read are not known
            "then" | "first" | "pluck" | "select" | "count" | "catch" | "stream" => return None,
            _ => return Some(on.what.clone()),
        };
        if let Some(table) = &table {
            write_rows(&mut self.written, writes, table, call.arg(0), is_filtered, call.at);
        }
        Some(on.what.clone())
    }

    /// A method of `knex.schema`.
    fn schema_call(&mut self, run: &mut Run<'_, '_>, schema: Option<String>, call: &Call) -> Option<What> {
        let dialect = self.written.dialect();
        let on = call.on.as_ref()?;
        let full = |name: &str| match &schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_owned(),
        };
        let first = call.arg(0).and_then(Val::name).map(full);
        let at = call.at;
        match &*call.name {
            "withSchema" => {
                let name = call.arg(0).and_then(Val::name)?;
                return Some(What::Path(format!("knex.schema:{name}").into()));
            }
            "createTable" | "createTableIfNotExists" | "table" | "alterTable" => {
                let how = match &*call.name {
                    "createTable" => tables::How::Create,
                    "createTableIfNotExists" => tables::How::CreateIfMissing,
                    _ => tables::How::Alter,
                };
                if let (Some(name), Some(function)) = (first, call.args.get(1)) {
                    self.table(run, name, how, function, call);
                }
            }
            "createTableLike" => {
                let (name, like) = (first?, call.arg(1).and_then(Val::name)?.to_owned());
                let text = match dialect {
                    Dialect::MySql => {
                        format!("CREATE TABLE {} LIKE {};\n", quoted(dialect, &name), quoted(dialect, &like))
                    }
                    _ => format!(
                        "CREATE TABLE {} (LIKE {} INCLUDING ALL);\n",
                        quoted(dialect, &name),
                        quoted(dialect, &like)
                    ),
                };
                self.written.say(&text, at);
            }
            name @ ("dropTable" | "dropTableIfExists" | "dropView" | "dropViewIfExists" | "dropMaterializedView") => {
                let kind = match name {
                    "dropTable" | "dropTableIfExists" => "TABLE",
                    "dropMaterializedView" => "MATERIALIZED VIEW",
                    _ => "VIEW",
                };
                let exists = if name.ends_with("IfExists") { "IF EXISTS " } else { "" };
                self.written.say(&format!("DROP {kind} {exists}{};\n", quoted(dialect, &first?)), at);
            }
            "renameTable" => {
                let to = call.arg(1).and_then(Val::name)?.to_owned();
                let to = super::super::table::one_name(dialect, &to);
                self.written.alter(&first?, &format!("RENAME TO {to}"), at);
            }
            "raw" => {
                let text = call.arg(0).and_then(Val::text)?.to_owned();
                self.written.raw(&text, at);
            }
            name @ ("createSchema" | "createSchemaIfNotExists" | "dropSchema" | "dropSchemaIfExists") => {
                let schema = call.arg(0).and_then(Val::name)?;
                let verb = if name.starts_with("create") { "CREATE" } else { "DROP" };
                let exists = match name {
                    "createSchemaIfNotExists" => "IF NOT EXISTS ",
                    "dropSchemaIfExists" => "IF EXISTS ",
                    _ => "",
                };
                self.written.say(&format!("{verb} SCHEMA {exists}{};\n", quoted(dialect, schema)), at);
            }
            name @ ("createExtension" | "createExtensionIfNotExists") => {
                let exists = if name.ends_with("Exists") { "IF NOT EXISTS " } else { "" };
                let extension = call.arg(0).and_then(Val::name)?;
                self.written.say(&format!("CREATE EXTENSION {exists}{};\n", quoted(dialect, extension)), at);
            }
            "hasTable" => {
                let name = first?;
                let schema = self.there.schema(&self.written);
                return Some(What::Bool(schema.table(&named(&name)).is_some()));
            }
            "hasColumn" => {
                let (name, column) = (first?, call.arg(1).and_then(Val::name)?);
                let schema = self.there.schema(&self.written);
                return Some(What::Bool(
                    schema.table(&named(&name)).is_some_and(|t| t.column(column, dialect).is_some()),
                ));
            }
            "then" | "catch" | "finally" => return None,
            _ => {}
        }
        Some(on.what.clone())
    }
}

/// A name as the crate for SQL takes it.
pub(super) fn named(name: &str) -> sql::Name {
    match name.rsplit_once('.') {
        Some((schema, name)) => sql::Name::new(schema, name),
        None => sql::Name::bare(name),
    }
}

/// Whether a text is a statement, and not an expression.
fn is_statement(text: &str) -> bool {
    let first = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    matches!(
        first.to_ascii_lowercase().as_str(),
        "create"
            | "alter"
            | "drop"
            | "update"
            | "insert"
            | "delete"
            | "with"
            | "truncate"
            | "comment"
            | "set"
            | "do"
            | "grant"
            | "revoke"
            | "lock"
            | "refresh"
            | "rename"
            | "replace"
            | "reindex"
            | "vacuum"
            | "pragma"
            | "merge"
    ) || text.trim_start().starts_with("--")
        || text.trim_start().starts_with("/*")
}
