//! `create_table`, `change_table` and what their blocks say of columns.

use ir::{Arg, ExprId, FunctionId};
use sql::Dialect;

use super::run::Runner;
use super::statements::column_list;
use super::types::{self, Version, index_name, named_columns};
use super::values::{Options, Value};
use crate::schemas::written::{Written, literal, quoted};

/// The table that a block speaks of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TableAt {
    /// One that is being made, by its place.
    New(usize),
    /// One that is there.
    Existing(String),
}

/// A table that is being made.
#[derive(Clone, Debug)]
pub(super) struct NewTable {
    pub(super) name: String,
    columns: Vec<Line>,
    constraints: Vec<Line>,
    /// Said after the table, so that each lies where it is written.
    foreign_keys: Vec<Line>,
    indexes: Vec<(Vec<String>, Options, ir::Range)>,
}

/// A column or constraint with its place.
#[derive(Clone, Debug)]
struct Line {
    name: Option<String>,
    sql: String,
    at: ir::Range,
}

/// Methods of a table that make columns of the type of their name.
const TYPES: &[&str] = &[
    "string",
    "text",
    "integer",
    "bigint",
    "float",
    "decimal",
    "numeric",
    "datetime",
    "timestamp",
    "timestamptz",
    "time",
    "date",
    "binary",
    "blob",
    "boolean",
    "json",
    "jsonb",
    "uuid",
    "inet",
    "cidr",
    "macaddr",
    "hstore",
    "citext",
    "ltree",
    "tsvector",
    "tsquery",
    "xml",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "bit",
    "bit_varying",
    "money",
    "interval",
    "oid",
    "daterange",
    "numrange",
    "tsrange",
    "tstzrange",
    "int4range",
    "int8range",
    "enum",
    "virtual",
    "serial",
    "bigserial",
    "smallint",
    "tinyint",
    "mediumint",
    "tinytext",
    "mediumtext",
    "longtext",
    "tinyblob",
    "mediumblob",
    "longblob",
    "unsigned_integer",
    "unsigned_bigint",
    "unsigned_float",
    "unsigned_decimal",
    "geometry",
    "geography",
    "st_point",
    "st_polygon",
    "multi_polygon",
    "vector",
    "halfvec",
    "year",
    "set",
];

impl Runner<'_> {
    /// `create_table :orders, id: :uuid do |t|`
    pub(super) fn create_table(
        &mut self,
        at: ir::Range,
        name: &str,
        options: &Options,
        block: Option<FunctionId>,
        first: &[(String, Options)],
    ) {
        if options.get("force").and_then(Value::truth) == Some(true) && self.table_named(name).is_some() {
            let cascade = if self.dialect == Dialect::Postgres { " CASCADE" } else { "" };
            self.say(|w| drop_table(w, name, "IF EXISTS ", cascade, at));
        }
        let place = self.tables.len();
        self.tables.push(NewTable {
            name: name.to_owned(),
            columns: Vec::new(),
            constraints: Vec::new(),
            foreign_keys: Vec::new(),
            indexes: Vec::new(),
        });
        let table = TableAt::New(place);
        self.primary_key(&table, options, at);
        for (reference, options) in first {
            self.reference(&table, reference, options, at);
        }
        if let Some(block) = block {
            self.yielded(block, &[Value::Table(table)]);
        }
        let made = self.tables.remove(place);
        self.tables.truncate(place);
        self.say_table(&made, options, at);
    }

    fn primary_key(&mut self, table: &TableAt, options: &Options, at: ir::Range) {
        let named = options.get("primary_key").and_then(Value::texts);
        let within = options.within("id");
        let kind = match options.get("id") {
            Some(Value::Bool(false)) => return,
            Some(Value::Map(_)) => within.text("type").unwrap_or("primary_key").to_owned(),
            Some(Value::Str(kind)) => kind.clone(),
            _ if self.version < Version(5, 1) => "integer".to_owned(),
            _ => "primary_key".to_owned(),
        };
        if let Some(columns) = named.as_ref().filter(|n| n.len() > 1) {
            let list = columns.iter().map(|c| quoted_one(self.dialect, c)).collect::<Vec<_>>().join(", ");
            return self.line(table, None, format!("PRIMARY KEY ({list})"), at);
        }
        let name = named.and_then(|n| n.into_iter().next()).unwrap_or_else(|| "id".to_owned());
        let mut own = options.only(&["default", "limit", "precision", "unsigned", "auto_increment"]);
        own.0.extend(within.without(&["type"]).0);
        self.key_column(table, &name, &kind, own, at);
    }

    fn key_column(&mut self, table: &TableAt, name: &str, kind: &str, mut options: Options, at: ir::Range) {
        let counts = options.get("default").is_none();
        let long = kind == "bigint" || options.int("limit") == Some(8);
        let kind = match (kind, self.dialect) {
            ("uuid", Dialect::Postgres) => {
                if options.get("default").is_none() {
                    let make = if self.version < Version(5, 1) { "uuid_generate_v4()" } else { "gen_random_uuid()" };
                    options = options.with("default", Value::Sql(make.to_owned()));
                }
                kind
            }
            ("integer" | "bigint", Dialect::Postgres) if counts => match long {
                true => "bigserial",
                false => "serial",
            },
            ("integer" | "bigint", Dialect::Sqlite) if counts => "primary_key",
            _ => kind,
        };
        let mut sql = format!(" {}", types::sql_type(self.dialect, self.version, kind, &options));
        let number = matches!(kind, "primary_key" | "integer" | "bigint");
        match self.dialect {
            Dialect::MySql if number && counts => sql.push_str(" NOT NULL AUTO_INCREMENT"),
            Dialect::SqlServer if number && counts => sql.push_str(" NOT NULL IDENTITY(1,1)"),
            _ => {
                let default = options.get("default").and_then(|d| types::default(self.dialect, kind, d, &options));
                if let Some(default) = default {
                    sql.push_str(&format!(" DEFAULT {default}"));
                }
                sql.push_str(" NOT NULL");
            }
        }
        sql.push_str(" PRIMARY KEY");
        self.line(table, Some(name), sql, at);
    }

    /// A line of `CREATE TABLE`, or what adds it to a table that is there.
    fn line(&mut self, table: &TableAt, name: Option<&str>, sql: String, at: ir::Range) {
        match table {
            TableAt::New(place) => {
                let Some(new) = self.tables.get_mut(*place) else { return };
                let line = Line { name: name.map(str::to_owned), sql, at };
                match name {
                    Some(_) => {
                        // a second definition takes the place of the first
                        new.columns.retain(|c| c.name != line.name);
                        new.columns.push(line);
                    }
                    None => new.constraints.push(line),
                }
            }
            TableAt::Existing(table) => {
                let dialect = self.dialect;
                self.say(|w| {
                    w.say("ALTER TABLE ", at);
                    w.name(table, at);
                    match name {
                        Some(name) => {
                            w.say(" ADD COLUMN ", at);
                            w.say(&quoted_one(dialect, name), at);
                        }
                        None => w.say(" ADD ", at),
                    }
                    w.say(&sql, at);
                    w.say(";", at);
                });
            }
        }
    }

    fn say_table(&mut self, made: &NewTable, options: &Options, at: ir::Range) {
        let (dialect, version) = (self.dialect, self.version);
        let temporary = if options.is("temporary") { "TEMPORARY " } else { "" };
        let exists = if options.is("if_not_exists") { "IF NOT EXISTS " } else { "" };
        self.say(|w| {
            w.say(&format!("CREATE {temporary}TABLE {exists}"), at);
            w.name(&made.name, at);
            let query = options.text("as");
            if !made.columns.is_empty() || !made.constraints.is_empty() || query.is_none() {
                w.say(" (", at);
                for (place, line) in made.columns.iter().chain(&made.constraints).enumerate() {
                    w.say(if place == 0 { "" } else { ", " }, line.at);
                    if let Some(name) = &line.name {
                        w.say(&quoted_one(dialect, name), line.at);
                    }
                    w.say(&line.sql, line.at);
                }
                if dialect == Dialect::MySql {
                    for (columns, options, at) in &made.indexes {
                        let name = options.text("name").map(str::to_owned);
                        let name = name.unwrap_or_else(|| index_name(version, &made.name, &named_columns(columns)));
                        w.say(&format!(", {}INDEX {}", unique(options), quoted_one(dialect, &name)), *at);
                        w.say(&format!(" ({})", column_list(dialect, columns, options)), *at);
                    }
                }
                w.say(")", at);
            }
            if let Some(written) = options.text("options") {
                w.say(&format!(" {written}"), at);
            }
            if let Some(query) = query {
                w.say(&format!(" AS {query}"), at);
            }
            w.say(";", at);
        });
        if dialect != Dialect::MySql {
            for (columns, options, at) in &made.indexes {
                self.add_index(&made.name, columns, options, *at);
            }
        }
        for key in &made.foreign_keys {
            self.alter(&made.name, &format!("ADD{}", key.sql), key.at);
        }
    }

    /// A column, with its index where the options ask for one.
    pub(super) fn column(&mut self, table: &TableAt, name: &str, kind: &str, options: &Options, at: ir::Range) {
        // SQL of its own: `t.column :kind, "enum('a','b')"`
        let mut sql = format!(" {}", types::sql_type(self.dialect, self.version, kind, options));
        sql.push_str(&self.column_options(kind, options));
        if kind == "primary_key" || options.is("primary_key") {
            return self.key_column(table, name, kind, options.without(&["primary_key"]), at);
        }
        let is_there = match table {
            TableAt::Existing(table) if options.is("if_not_exists") => self.has_column(table, name),
            _ => false,
        };
        if !is_there {
            self.line(table, Some(name), sql, at);
        }
        if let Some(index) = options.get("index").filter(|i| i.truth() == Some(true)) {
            let own = match index {
                Value::Map(entries) => Options(entries.clone()),
                _ => Options::default(),
            };
            self.index(table, vec![name.to_owned()], &own, at);
        }
    }

    /// What follows the type.
    pub(super) fn column_options(&self, kind: &str, options: &Options) -> String {
        let mut sql = String::new();
        if let Some(collation) = options.text("collation") {
            match self.dialect {
                Dialect::Postgres => sql.push_str(&format!(" COLLATE \"{collation}\"")),
                _ => sql.push_str(&format!(" COLLATE {collation}")),
            }
        }
        if let Some(as_sql) = options.text("as").filter(|_| kind == "virtual" || options.get("stored").is_some()) {
            let stored = options.is("stored") || self.dialect == Dialect::Postgres;
            sql.push_str(&format!(" GENERATED ALWAYS AS ({as_sql})"));
            sql.push_str(if stored { " STORED" } else { "" });
        }
        let default = options.get("default").and_then(|d| types::default(self.dialect, kind, d, options));
        if let Some(default) = default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        if options.get("null") == Some(&Value::Bool(false)) {
            sql.push_str(" NOT NULL");
        }
        if let (Dialect::MySql, Some(comment)) = (self.dialect, options.text("comment")) {
            sql.push_str(&format!(" COMMENT {}", literal(comment)));
        }
        if let (Dialect::MySql, Some(after)) = (self.dialect, options.text("after")) {
            sql.push_str(&format!(" AFTER {}", quoted_one(self.dialect, after)));
        }
        if self.dialect == Dialect::MySql && options.is("first") {
            sql.push_str(" FIRST");
        }
        sql
    }

    /// `t.references :account, foreign_key: true`
    pub(super) fn reference(&mut self, table: &TableAt, name: &str, options: &Options, at: ir::Range) {
        let is_polymorphic = options.get("polymorphic").and_then(Value::truth) == Some(true);
        let id = format!("{name}_id");
        let own = options.without(&["polymorphic", "index", "foreign_key", "type"]);
        let mut columns = vec![id.clone()];
        if is_polymorphic {
            let mut of_type = options.within("polymorphic");
            of_type.0.extend(options.only(&["null", "first", "after", "if_not_exists"]).0);
            columns.insert(0, format!("{name}_type"));
            self.column(table, &columns[0], "string", &of_type, at);
        }
        let usual = if self.version.has_long_ids() { "bigint" } else { "integer" };
        self.column(table, &id, options.text("type").unwrap_or(usual), &own, at);
        let indexed = match options.get("index") {
            None => self.version >= Version(5, 0),
            Some(index) => index.truth() == Some(true),
        };
        if indexed {
            let mut index = options.within("index");
            index.0.extend(options.only(&["if_not_exists"]).0);
            if is_polymorphic && self.version >= Version(6, 1) && index.get("name").is_none() {
                let table = self.name_of(table);
                index = index.with("name", Value::Str(format!("index_{table}_on_{name}")));
            }
            self.index(table, columns, &index, at);
        }
        if options.get("foreign_key").and_then(Value::truth) == Some(true) && !is_polymorphic {
            let foreign = options.within("foreign_key").with("column", Value::Str(id));
            let to = foreign.text("to_table").map_or_else(|| self.words.plural(name), str::to_owned);
            self.foreign_key(table, &to, &foreign, at);
        }
    }

    fn name_of(&self, table: &TableAt) -> String {
        match table {
            TableAt::New(place) => self.tables.get(*place).map(|t| t.name.clone()).unwrap_or_default(),
            TableAt::Existing(name) => name.clone(),
        }
    }

    fn index(&mut self, table: &TableAt, columns: Vec<String>, options: &Options, at: ir::Range) {
        match table {
            TableAt::New(place) => {
                if let Some(new) = self.tables.get_mut(*place) {
                    new.indexes.push((columns, options.clone(), at));
                }
            }
            TableAt::Existing(name) => self.add_index(name, &columns, options, at),
        }
    }

    /// A foreign key, within `CREATE TABLE` or of its own.
    pub(super) fn foreign_key(&mut self, table: &TableAt, to: &str, options: &Options, at: ir::Range) {
        let from = self.name_of(table);
        let sql = self.foreign_key_sql(&from, to, options);
        match table {
            TableAt::New(place) => {
                // a new table has no rows to be checked
                let sql = sql.trim_end_matches(" NOT VALID").to_owned();
                if self.dialect == Dialect::Sqlite {
                    return self.line(table, None, sql, at);
                }
                if let Some(new) = self.tables.get_mut(*place) {
                    new.foreign_keys.push(Line { name: None, sql, at });
                }
            }
            TableAt::Existing(_) => self.line(table, None, sql, at),
        }
    }

    /// A method of the table in a block: `t.string :name`.
    pub(super) fn column_method(
        &mut self,
        table: &TableAt,
        expr: ExprId,
        name: &str,
        args: &[Arg],
        block: Option<FunctionId>,
    ) -> Value {
        let at = self.at(expr);
        let given = self.given(args);
        let options = &given.options;
        let names = || given.values.iter().flat_map(|v| v.texts().unwrap_or_default());
        match name {
            "column" => {
                if let (Some(column), Some(kind)) = (given.text(0), given.text(1)) {
                    self.column(table, column, kind, options, at);
                }
            }
            "references" | "belongs_to" => names().for_each(|n| self.reference(table, &n, options, at)),
            "timestamps" => self.timestamps(table, options, at),
            "primary_key" => {
                if let Some(column) = given.text(0) {
                    let kind = given.text(1).unwrap_or("primary_key");
                    let kind = if kind == "primary_key" && self.version < Version(5, 1) { "integer" } else { kind };
                    self.key_column(table, column, kind, options.clone(), at);
                }
            }
            "index" => {
                if let Some(columns) = given.values.first().and_then(Value::texts) {
                    self.index(table, columns, options, at);
                }
            }
            "foreign_key" => {
                if let Some(to) = given.text(0) {
                    self.foreign_key(table, to, options, at);
                }
            }
            "check_constraint" | "unique_constraint" | "exclusion_constraint" => {
                let from = self.name_of(table);
                if let Some(sql) = self.constraint_sql(name, &from, given.values.first(), options) {
                    self.line(table, None, sql, at);
                }
            }
            // Paperclip
            "attachment" | "has_attached_file" => {
                names().for_each(|n| self.attachment(table, &n, at));
            }
            "name" => return Value::Str(self.name_of(table)),
            _ if TYPES.contains(&name) => names().for_each(|n| self.column(table, &n, name, options, at)),
            _ => {
                if let TableAt::Existing(table) = table {
                    let table = table.clone();
                    self.change_method(&table, name, &given, at);
                } else if let Some(block) = block {
                    self.yielded(block, &[]);
                }
            }
        }
        Value::Unknown
    }

    fn attachment(&mut self, table: &TableAt, name: &str, at: ir::Range) {
        for (part, kind) in
            [("file_name", "string"), ("content_type", "string"), ("file_size", "integer"), ("updated_at", "datetime")]
        {
            self.column(table, &format!("{name}_{part}"), kind, &Options::default(), at);
        }
    }

    pub(super) fn timestamps(&mut self, table: &TableAt, options: &Options, at: ir::Range) {
        let mut options = options.clone();
        if options.get("null").is_none_or(|n| *n == Value::Null) {
            options = options.with("null", Value::Bool(self.version < Version(5, 0)));
        }
        if options.get("precision").is_none() && self.version >= Version(6, 0) {
            options = options.with("precision", Value::Int(6));
        } else if options.get("precision").is_none() {
            options = options.with("precision", Value::Null);
        }
        for name in ["created_at", "updated_at"] {
            self.column(table, name, "datetime", &options, at);
        }
    }
}

pub(super) fn unique(options: &Options) -> &'static str {
    match (options.is("unique"), options.text("type")) {
        (true, _) => "UNIQUE ",
        (_, Some("fulltext")) => "FULLTEXT ",
        (_, Some("spatial")) => "SPATIAL ",
        _ => "",
    }
}

pub(super) fn drop_table(w: &mut Written, name: &str, exists: &str, cascade: &str, at: ir::Range) {
    w.say(&format!("DROP TABLE {exists}"), at);
    w.name(name, at);
    w.say(&format!("{cascade};"), at);
}

/// A name in quotes that is no path: an index or a column may have a point in its name.
pub(super) fn quoted_one(dialect: Dialect, name: &str) -> String {
    match name.contains('.') {
        false => quoted(dialect, name),
        true => match dialect {
            Dialect::MySql => format!("`{name}`"),
            Dialect::SqlServer => format!("[{name}]"),
            _ => format!("\"{name}\""),
        },
    }
}
