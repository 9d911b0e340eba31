//! The methods of migrations outside blocks of tables, as the SQL that they send.

use ir::{Arg, ExprId, FunctionId};
use sql::Dialect;
use sql::schema::{ForeignKey, Index, IndexRole, Table};

use super::run::Runner;
use super::tables::{TableAt, drop_table, quoted_one, unique};
use super::types::{self, hashed_name, index_name, is_expression, named_columns};
use super::values::{Given, Options, Value};
use crate::schemas::written::{literal, quoted};

impl Runner<'_> {
    /// A method of the tool by its name; others with a block run it.
    pub(super) fn tool(&mut self, expr: ExprId, name: &str, args: &[Arg], block: Option<FunctionId>) -> Value {
        let at = self.at(expr);
        match name {
            "reversible" => {
                let kept = std::mem::replace(&mut self.one_way_counts, false);
                if let Some(block) = block {
                    self.yielded(block, &[Value::Direction]);
                }
                self.one_way_counts = kept;
                return Value::Unknown;
            }
            "revert" | "down" | "down_only" | "suppress" | "lambda" | "proc" | "raise" | "puts" => {
                return Value::Unknown;
            }
            // MySQL has none of these indexes; all the others have
            "supports_partial_index?" | "supports_expression_index?" | "supports_ddl_transactions?" => {
                return Value::Bool(self.dialect != Dialect::MySql);
            }
            "adapter_name" => return Value::Str(adapter(self.dialect).to_owned()),
            _ => {}
        }
        let given = self.given(args);
        let options = &given.options;
        let (first, second) = (given.text(0).map(str::to_owned), given.text(1).map(str::to_owned));
        match (name, first, second) {
            ("create_table", Some(table), _) => self.create_table(at, &table, options, block, &[]),
            ("create_join_table", Some(one), Some(other)) => self.create_join_table(at, &one, &other, options, block),
            ("change_table", Some(table), _) => {
                if let Some(block) = block {
                    self.yielded(block, &[Value::Table(TableAt::Existing(table))]);
                }
            }
            (_, Some(table), second) => match self.asked(name, &table, second.as_deref(), &given) {
                Some(value) => return value,
                None => self.statement(name, &table, &given, at, block),
            },
            _ => {
                if let Some(block) = block {
                    return self.yielded(block, &[]);
                }
            }
        }
        Value::Unknown
    }

    /// Questions about the schema.
    fn asked(&self, name: &str, table: &str, second: Option<&str>, given: &Given) -> Option<Value> {
        let answer = match name {
            "table_exists?" | "data_source_exists?" => self.table_named(table).is_some(),
            "column_exists?" => self.has_column(table, second?),
            "index_exists?" => {
                let columns = given.values.get(1).and_then(Value::texts).unwrap_or_default();
                let named = given.options.text("name");
                let table = self.table_named(table);
                table.is_some_and(|t| match named {
                    Some(name) => t.indexes.iter().any(|i| i.name == name),
                    None => index_on(t, &columns).is_some(),
                })
            }
            "index_name_exists?" => {
                let table = self.table_named(table);
                table.is_some_and(|t| t.indexes.iter().any(|i| Some(i.name.as_str()) == second))
            }
            "foreign_key_exists?" => self.foreign_key_of(table, second, &given.options).is_some(),
            "quote_table_name" | "quote_column_name" => return Some(Value::Str(quoted(self.dialect, table))),
            "quote" | "quote_string" => return Some(Value::Str(literal(table))),
            "extension_enabled?" | "view_exists?" | "respond_to?" | "method_defined?" => return Some(Value::Unknown),
            _ => return None,
        };
        Some(Value::Bool(answer))
    }

    /// A method whose first argument is a string: mostly the table.
    fn statement(&mut self, name: &str, table: &str, given: &Given, at: ir::Range, block: Option<FunctionId>) {
        let options = &given.options;
        let existing = TableAt::Existing(table.to_owned());
        let dialect = self.dialect;
        match name {
            "execute" | "exec_query" | "exec_update" | "update" | "insert" | "delete" | "query" | "exec_delete" => {
                self.one_way();
                self.say(|w| {
                    w.say(table, at);
                    w.say(if table.trim_end().ends_with(';') { "" } else { ";" }, at);
                });
            }
            "add_column" => {
                if let (Some(column), Some(kind)) = (given.text(1), given.text(2)) {
                    self.column(&existing, column, kind, &options.without(&["index"]), at);
                }
            }
            "add_columns" => {
                let kind = options.text("type").unwrap_or("string");
                let own = options.without(&["type"]);
                for column in given.values[1..].iter().flat_map(|v| v.texts().unwrap_or_default()) {
                    self.column(&existing, &column, kind, &own, at);
                }
            }
            "add_index" | "add_concurrent_index" => {
                if let Some(columns) = given.values.get(1).and_then(Value::texts) {
                    self.add_index(table, &columns, options, at);
                }
            }
            "add_foreign_key" => {
                if let Some(to) = given.text(1)
                    && !(options.is("if_not_exists") && self.foreign_key_of(table, Some(to), options).is_some())
                {
                    self.foreign_key(&existing, to, options, at);
                }
            }
            "add_reference" | "add_belongs_to" => {
                if let Some(reference) = given.text(1) {
                    self.reference(&existing, reference, options, at);
                }
            }
            "add_timestamps" => self.timestamps(&existing, options, at),
            "add_attachment" | "add_check_constraint" | "add_unique_constraint" | "add_exclusion_constraint" => {
                if name == "add_attachment" {
                    let as_given = Given { values: given.values[1..].to_vec(), options: options.clone() };
                    return self.change_method(table, "attachment", &as_given, at);
                }
                if let Some(sql) = self.constraint_sql(&name[4..], table, given.values.get(1), options) {
                    self.alter(table, &format!("ADD {sql}"), at);
                }
            }
            "drop_table" | "drop_join_table" => {
                if block.is_none() && name == "drop_table" {
                    self.one_way();
                }
                let exists = if options.is("if_exists") { "IF EXISTS " } else { "" };
                let cascade = if options.text("force") == Some("cascade") { " CASCADE" } else { "" };
                let names = match name {
                    "drop_table" => given.values.iter().filter_map(|v| v.text().map(str::to_owned)).collect(),
                    _ => vec![self.join_table(table, given.text(1).unwrap_or_default(), options)],
                };
                for name in names {
                    self.say(|w| drop_table(w, &name, exists, cascade, at));
                }
            }
            "rename_table" => {
                if let Some(to) = given.text(1) {
                    self.rename_table(table, to, at);
                }
            }
            "enable_extension" => {
                self.say(|w| w.say(&format!("CREATE EXTENSION IF NOT EXISTS {};", quoted_one(dialect, table)), at));
            }
            "disable_extension" => {
                self.say(|w| w.say(&format!("DROP EXTENSION IF EXISTS {};", quoted_one(dialect, table)), at));
            }
            "create_schema" | "drop_schema" => {
                let what = if name == "create_schema" { "CREATE SCHEMA" } else { "DROP SCHEMA IF EXISTS" };
                self.say(|w| w.say(&format!("{what} {};", quoted_one(dialect, table)), at));
            }
            "create_enum" | "drop_enum" | "add_enum_value" | "rename_enum" | "rename_enum_value" => {
                self.change_enum(name, table, given, at);
            }
            "create_view" | "update_view" | "replace_view" | "drop_view" => self.change_view(name, table, options, at),
            "validate_foreign_key" => {
                let found = self.foreign_key_of(table, given.text(1), options).map(|f| f.name.clone());
                if let Some(name) = found {
                    self.alter(table, &format!("VALIDATE CONSTRAINT {}", quoted_one(dialect, &name)), at);
                }
            }
            "validate_check_constraint" | "validate_constraint" => {
                if let Some(name) = options.text("name").or(given.text(1)) {
                    self.alter(table, &format!("VALIDATE CONSTRAINT {}", quoted_one(dialect, name)), at);
                }
            }
            _ if name.starts_with("remove_")
                || name.starts_with("rename_")
                || name.starts_with("change_")
                || name == "drop_attached_file" =>
            {
                let rest = Given { values: given.values[1..].to_vec(), options: options.clone() };
                self.change_method(table, name, &rest, at);
            }
            _ => {
                if let Some(block) = block {
                    self.yielded(block, &[]);
                }
            }
        }
    }

    /// A change of a table that is there, by its method in `change_table` or in the migration itself.
    pub(super) fn change_method(&mut self, table: &str, name: &str, given: &Given, at: ir::Range) {
        let options = &given.options;
        let existing = TableAt::Existing(table.to_owned());
        match name {
            "remove" | "remove_column" | "remove_columns" => {
                let kind_given = name == "remove_column" && given.values.len() > 1 || options.get("type").is_some();
                if !kind_given {
                    self.one_way();
                }
                let count = if name == "remove_column" { 1 } else { given.values.len() };
                let columns: Vec<String> =
                    given.values.iter().take(count).flat_map(|v| v.texts().unwrap_or_default()).collect();
                columns.iter().for_each(|c| self.drop_column(table, c, options, at));
            }
            "remove_timestamps" => {
                ["created_at", "updated_at"].iter().for_each(|c| self.drop_column(table, c, options, at));
            }
            "remove_references" | "remove_reference" | "remove_belongs_to" => {
                for name in given.values.iter().flat_map(|v| v.texts().unwrap_or_default()) {
                    self.remove_reference(table, &name, options, at);
                }
            }
            "remove_attachment" | "remove_attachments" | "drop_attached_file" => {
                for name in given.values.iter().flat_map(|v| v.texts().unwrap_or_default()) {
                    for part in ["file_name", "content_type", "file_size", "updated_at"] {
                        self.drop_column(table, &format!("{name}_{part}"), options, at);
                    }
                }
            }
            "attachment" => {
                for name in given.values.iter().flat_map(|v| v.texts().unwrap_or_default()) {
                    for (part, kind) in [
                        ("file_name", "string"),
                        ("content_type", "string"),
                        ("file_size", "integer"),
                        ("updated_at", "datetime"),
                    ] {
                        self.column(&existing, &format!("{name}_{part}"), kind, &Options::default(), at);
                    }
                }
            }
            "remove_index" => self.remove_index(table, given, at),
            "remove_foreign_key" => {
                let found = self.foreign_key_of(table, given.text(0), options).map(|f| f.name.clone());
                if let Some(name) = found {
                    self.drop_foreign_key(table, &name, at);
                }
            }
            "remove_check_constraint" | "remove_unique_constraint" | "remove_exclusion_constraint" => {
                self.remove_constraint(table, name, given, at);
            }
            "rename" | "rename_column" => {
                if let (Some(from), Some(to)) = (given.text(0), given.text(1)) {
                    self.rename_column(table, from, to, at);
                }
            }
            "rename_index" => {
                if let (Some(from), Some(to)) = (given.text(0), given.text(1)) {
                    self.rename_index(table, from, to, at);
                }
            }
            "change" | "change_column" => {
                self.one_way();
                if let (Some(column), Some(kind)) = (given.text(0), given.text(1)) {
                    self.change_column(table, column, kind, options, at);
                }
            }
            "change_default" | "change_column_default" => {
                let Some(column) = given.text(0) else { return };
                let to = match options.get("to") {
                    Some(to) => to.clone(),
                    None => {
                        self.one_way();
                        given.values.get(1).cloned().unwrap_or(Value::Null)
                    }
                };
                self.change_default(table, column, &to, at);
            }
            "change_null" | "change_column_null" => {
                if let (Some(column), Some(null)) = (given.text(0), given.values.get(1).and_then(Value::truth)) {
                    self.change_null(table, column, null, given.values.get(2), at);
                }
            }
            _ => {}
        }
    }

    pub(super) fn table_named(&self, name: &str) -> Option<&Table> {
        let name = match name.split_once('.') {
            Some((schema, table)) => sql::Name::new(schema, table),
            None => sql::Name::bare(name),
        };
        self.schema.table(&name)
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.table_named(table).is_some_and(|t| t.column(column, self.dialect).is_some())
    }

    pub(super) fn alter(&mut self, table: &str, action: &str, at: ir::Range) {
        self.say(|w| {
            w.say("ALTER TABLE ", at);
            w.name(table, at);
            w.say(&format!(" {action};"), at);
        });
    }

    pub(super) fn add_index(&mut self, table: &str, columns: &[String], options: &Options, at: ir::Range) {
        let dialect = self.dialect;
        let name = options.text("name").map(str::to_owned);
        let name = name.unwrap_or_else(|| index_name(self.version, table, &named_columns(columns)));
        let taken = |t: &Table| t.indexes.iter().any(|i| i.name == name);
        if options.is("if_not_exists") && self.table_named(table).is_some_and(taken) {
            return;
        }
        let concurrently = options.text("algorithm") == Some("concurrently") && dialect == Dialect::Postgres;
        let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
        let using = options.text("using").filter(|_| dialect == Dialect::Postgres);
        let using = using.map_or(String::new(), |u| format!(" USING {u}"));
        self.say(|w| {
            w.say(&format!("CREATE {}INDEX {concurrently}{} ON ", unique(options), quoted_one(dialect, &name)), at);
            w.name(table, at);
            w.say(&format!("{using} ({})", column_list(dialect, columns, options)), at);
            if let Some(include) = options.get("include").and_then(Value::texts) {
                let include = include.iter().map(|c| quoted_one(dialect, c)).collect::<Vec<_>>().join(", ");
                w.say(&format!(" INCLUDE ({include})"), at);
            }
            if options.is("nulls_not_distinct") {
                w.say(" NULLS NOT DISTINCT", at);
            }
            if let Some(predicate) = options.text("where").filter(|_| dialect != Dialect::MySql) {
                w.say(&format!(" WHERE {predicate}"), at);
            }
            w.say(";", at);
        });
    }

    fn remove_index(&mut self, table: &str, given: &Given, at: ir::Range) {
        let options = &given.options;
        let columns = given.values.first().or(options.get("column")).and_then(Value::texts);
        if columns.is_none() {
            self.one_way();
        }
        let found = match (options.text("name"), &columns) {
            (Some(name), _) => Some(name.to_owned()),
            (None, Some(columns)) => {
                let usual = index_name(self.version, table, &named_columns(columns));
                let own = self.table_named(table);
                let named = own.filter(|t| t.indexes.iter().any(|i| i.name == usual)).map(|_| usual.clone());
                let by_columns = || own.and_then(|t| index_on(t, columns)).map(|i| i.name.clone());
                // an expression, or a table that is not known here
                named.or_else(by_columns).or_else(|| (!options.is("if_exists")).then_some(usual))
            }
            (None, None) => None,
        };
        if let Some(name) = found {
            self.drop_index(table, &name, options, at);
        }
    }

    fn drop_index(&mut self, table: &str, name: &str, options: &Options, at: ir::Range) {
        let dialect = self.dialect;
        let is_there = self.table_named(table).is_some_and(|t| t.indexes.iter().any(|i| i.name == name));
        if options.is("if_exists") && !is_there {
            return;
        }
        let concurrently = options.text("algorithm") == Some("concurrently") && dialect == Dialect::Postgres;
        let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
        let schema = table.split_once('.').filter(|_| dialect == Dialect::Postgres);
        let schema = schema.map_or(String::new(), |(schema, _)| format!("{}.", quoted_one(dialect, schema)));
        self.say(|w| {
            w.say(&format!("DROP INDEX {concurrently}{schema}{}", quoted_one(dialect, name)), at);
            if matches!(dialect, Dialect::MySql | Dialect::SqlServer) {
                w.say(" ON ", at);
                w.name(table, at);
            }
            w.say(";", at);
        });
    }

    fn rename_index(&mut self, table: &str, from: &str, to: &str, at: ir::Range) {
        let (old, new) = (quoted_one(self.dialect, from), quoted_one(self.dialect, to));
        match self.dialect {
            Dialect::MySql => self.alter(table, &format!("RENAME INDEX {old} TO {new}"), at),
            _ => self.say(|w| w.say(&format!("ALTER INDEX {old} RENAME TO {new};"), at)),
        }
    }

    fn rename_table(&mut self, from: &str, to: &str, at: ir::Range) {
        let (version, dialect) = (self.version, self.dialect);
        self.alter(from, &format!("RENAME TO {}", quoted(dialect, to)), at);
        let Some(table) = self.table_named(to) else { return };
        let columns = |i: &Index| i.columns.iter().filter_map(|c| c.column.clone()).collect::<Vec<_>>();
        let by_name = |i: &&Index| i.role == IndexRole::Plain && i.name == index_name(version, from, &columns(i));
        let mut renamed: Vec<(String, String)> = table
            .indexes
            .iter()
            .filter(by_name)
            .map(|i| (i.name.clone(), index_name(version, to, &columns(i))))
            .collect();
        let counts = |i: &&Index| {
            let column = i.columns.first().and_then(|c| table.column(c.column.as_deref()?, dialect));
            i.columns.len() == 1 && column.is_some_and(|c| c.identity.is_some() || c.default.is_some())
        };
        if let (Dialect::Postgres, Some(key)) = (dialect, table.primary_key().filter(counts))
            && key.name == format!("{from}_pkey")
        {
            renamed.push((key.name.clone(), format!("{to}_pkey")));
        }
        renamed.iter().for_each(|(old, new)| self.rename_index(to, old, new, at));
    }

    fn rename_column(&mut self, table: &str, from: &str, to: &str, at: ir::Range) {
        let (version, dialect) = (self.version, self.dialect);
        self.alter(table, &format!("RENAME COLUMN {} TO {}", quoted_one(dialect, from), quoted_one(dialect, to)), at);
        let Some(found) = self.table_named(table) else { return };
        let renamed = |i: &Index| {
            let new: Vec<String> = i.columns.iter().filter_map(|c| c.column.clone()).collect();
            let old: Vec<String> = new.iter().map(|c| if c == to { from.to_owned() } else { c.clone() }).collect();
            let fits = new != old && i.name == index_name(version, table, &old);
            fits.then(|| (i.name.clone(), index_name(version, table, &new)))
        };
        let renamed: Vec<(String, String)> = found.indexes.iter().filter_map(renamed).collect();
        renamed.iter().for_each(|(old, new)| self.rename_index(table, old, new, at));
    }

    fn drop_column(&mut self, table: &str, column: &str, options: &Options, at: ir::Range) {
        if options.is("if_exists") && !self.has_column(table, column) {
            return;
        }
        let column = quoted_one(self.dialect, column);
        self.alter(table, &format!("DROP COLUMN {column}"), at);
    }

    fn remove_reference(&mut self, table: &str, name: &str, options: &Options, at: ir::Range) {
        let id = format!("{name}_id");
        if options.get("foreign_key").and_then(Value::truth) == Some(true) {
            let by_column = Options::default().with("column", Value::Str(id.clone()));
            let found = self.foreign_key_of(table, None, &by_column).map(|f| f.name.clone());
            if let Some(name) = found {
                self.drop_foreign_key(table, &name, at);
            }
        }
        if options.is("polymorphic") {
            self.drop_column(table, &format!("{name}_type"), options, at);
        }
        self.drop_column(table, &id, options, at);
    }

    fn drop_foreign_key(&mut self, table: &str, name: &str, at: ir::Range) {
        let what = if self.dialect == Dialect::MySql { "FOREIGN KEY" } else { "CONSTRAINT" };
        let name = quoted_one(self.dialect, name);
        self.alter(table, &format!("DROP {what} {name}"), at);
    }

    /// The foreign key that a call means: by its name, its column or the table that it leads to.
    fn foreign_key_of(&self, table: &str, to: Option<&str>, options: &Options) -> Option<&ForeignKey> {
        let table = self.table_named(table)?;
        if let Some(name) = options.text("name") {
            return table.foreign_keys.iter().find(|f| f.name == name);
        }
        if let Some(columns) = options.get("column").and_then(Value::texts) {
            return table.foreign_keys.iter().find(|f| f.columns == columns);
        }
        let to = to.or(options.text("to_table"))?;
        let bare = to.rsplit('.').next().unwrap_or(to);
        let usual = format!("{}_id", self.words.singular(bare));
        let leads = |f: &&ForeignKey| f.references.name == bare;
        let mut all = table.foreign_keys.iter().filter(leads);
        all.clone().find(|f| f.columns == [usual.as_str()]).or_else(|| all.next())
    }

    /// `CONSTRAINT … FOREIGN KEY …`
    pub(super) fn foreign_key_sql(&self, from: &str, to: &str, options: &Options) -> String {
        let bare = to.rsplit('.').next().unwrap_or(to);
        let columns = options.get("column").and_then(Value::texts);
        let columns = columns.unwrap_or_else(|| vec![format!("{}_id", self.words.singular(bare))]);
        let referenced = options.get("primary_key").and_then(Value::texts).unwrap_or_else(|| vec!["id".to_owned()]);
        let name = options.text("name").map(str::to_owned);
        let name = name.unwrap_or_else(|| hashed_name("fk", &format!("{from}_{}_fk", columns.join("_and_"))));
        let list = |c: &[String]| c.iter().map(|c| quoted_one(self.dialect, c)).collect::<Vec<_>>().join(", ");
        let mut sql = format!(
            " CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
            quoted_one(self.dialect, &name),
            list(&columns),
            quoted(self.dialect, to),
            list(&referenced)
        );
        for (option, word) in [("on_delete", "DELETE"), ("on_update", "UPDATE")] {
            let action = match options.text(option) {
                Some("cascade") => "CASCADE",
                Some("nullify") => "SET NULL",
                Some("restrict") => "RESTRICT",
                _ => continue,
            };
            sql.push_str(&format!(" ON {word} {action}"));
        }
        match options.get("deferrable") {
            Some(Value::Str(when)) if when == "deferred" => sql.push_str(" DEFERRABLE INITIALLY DEFERRED"),
            Some(Value::Str(_) | Value::Bool(true)) => sql.push_str(" DEFERRABLE"),
            _ => {}
        }
        if options.get("validate") == Some(&Value::Bool(false)) && self.dialect == Dialect::Postgres {
            sql.push_str(" NOT VALID");
        }
        sql
    }

    fn change_column(&mut self, table: &str, column: &str, kind: &str, options: &Options, at: ir::Range) {
        let name = quoted_one(self.dialect, column);
        let made = types::sql_type(self.dialect, self.version, kind, options);
        if self.dialect == Dialect::MySql {
            let before = self.table_named(table).and_then(|t| t.column(column, self.dialect)).cloned();
            let mut rest = self.column_options(kind, options);
            if options.get("null").is_none() && before.as_ref().is_some_and(|c| c.not_null) {
                rest.push_str(" NOT NULL");
            }
            if options.get("default").is_none()
                && let Some(default) = before.as_ref().and_then(|c| c.default.as_ref())
            {
                rest.push_str(&format!(" DEFAULT {}", default.expression));
            }
            if before.is_some_and(|c| c.identity.is_some()) {
                rest.push_str(" AUTO_INCREMENT");
            }
            return self.alter(table, &format!("MODIFY {name} {made}{rest}"), at);
        }
        let mut sql = format!("ALTER COLUMN {name} TYPE {made}");
        if let Some(collation) = options.text("collation") {
            sql.push_str(&format!(" COLLATE \"{collation}\""));
        }
        match (options.text("using"), options.text("cast_as")) {
            (Some(using), _) => sql.push_str(&format!(" USING {using}")),
            (None, Some(cast)) => {
                let cast = types::sql_type(self.dialect, self.version, cast, options);
                sql.push_str(&format!(" USING CAST({name} AS {cast})"));
            }
            _ => {}
        }
        self.alter(table, &sql, at);
        if let Some(default) = options.get("default") {
            self.set_default(table, column, kind, default, options, at);
        }
        if let Some(null) = options.get("null").and_then(Value::truth) {
            self.change_null(table, column, null, None, at);
        }
    }

    fn set_default(&mut self, table: &str, column: &str, kind: &str, to: &Value, options: &Options, at: ir::Range) {
        let name = quoted_one(self.dialect, column);
        match types::default(self.dialect, kind, to, options) {
            Some(default) => self.alter(table, &format!("ALTER COLUMN {name} SET DEFAULT {default}"), at),
            None => self.alter(table, &format!("ALTER COLUMN {name} DROP DEFAULT"), at),
        }
    }

    fn change_default(&mut self, table: &str, column: &str, to: &Value, at: ir::Range) {
        let found = self.table_named(table).and_then(|t| t.column(column, self.dialect));
        let is_array = found.is_some_and(|c| c.data_type.array);
        let kind = found.map_or("string", |c| kind_of(&c.data_type));
        let options = Options::default().with("array", Value::Bool(is_array));
        self.set_default(table, column, kind, to, &options, at);
    }

    fn change_null(&mut self, table: &str, column: &str, null: bool, default: Option<&Value>, at: ir::Range) {
        let dialect = self.dialect;
        let name = quoted_one(dialect, column);
        let found = self.table_named(table).and_then(|t| t.column(column, dialect)).cloned();
        if let Some(default) = default.filter(|d| !null && **d != Value::Null) {
            let kind = found.as_ref().map_or("string", |c| kind_of(&c.data_type));
            let value = types::default(dialect, kind, default, &Options::default());
            let quoted_table = quoted(dialect, table);
            let value = value.unwrap_or_else(|| "NULL".to_owned());
            self.say(|w| w.say(&format!("UPDATE {quoted_table} SET {name} = {value} WHERE {name} IS NULL;"), at));
        }
        if dialect == Dialect::MySql {
            let Some(found) = found else { return };
            let default = found.default.as_ref().map_or(String::new(), |d| format!(" DEFAULT {}", d.expression));
            let not = if null { " NULL" } else { " NOT NULL" };
            return self.alter(table, &format!("MODIFY {name} {}{not}{default}", found.data_type), at);
        }
        let what = if null { "DROP" } else { "SET" };
        self.alter(table, &format!("ALTER COLUMN {name} {what} NOT NULL"), at);
    }

    /// The name of a table that joins two.
    fn join_table(&self, one: &str, other: &str, options: &Options) -> String {
        if let Some(name) = options.text("table_name") {
            return name.to_owned();
        }
        let mut names = [one, other];
        names.sort_unstable();
        // `catalog_categories` and `catalog_products` join as `catalog_categories_products`
        let joined = format!("{}\0{}", names[0], names[1]);
        let mut prefix =
            names[0].match_indices('_').map(|(at, _)| &names[0][..=at]).filter(|p| names[1].starts_with(p));
        match prefix.next_back() {
            Some(prefix) => joined.replacen(&format!("\0{prefix}"), "_", 1),
            None => joined.replace('\0', "_"),
        }
    }

    fn create_join_table(
        &mut self,
        at: ir::Range,
        one: &str,
        other: &str,
        options: &Options,
        block: Option<FunctionId>,
    ) {
        let name = self.join_table(one, other, options);
        let mut column = options.within("column_options");
        if column.get("null").is_none() {
            column = column.with("null", Value::Bool(false));
        }
        if column.get("index").is_none() {
            column = column.with("index", Value::Bool(false));
        }
        let reference = |table: &str| (self.words.singular(table), column.clone());
        let first = [reference(one), reference(other)];
        let own = match options.get("primary_key") {
            Some(_) => options.clone(),
            None => options.clone().with("id", Value::Bool(false)),
        };
        self.create_table(at, &name, &own, block, &first);
    }

    /// `User.where(…).update_all(admin: false)`: rows that are changed together with the schema.
    pub(super) fn rows_changed(&mut self, expr: ExprId, object: ExprId, method: &str, args: &[Arg]) {
        let module = self.context.program.module(self.module);
        let mut at = object;
        // the class at the start of the chain
        while let ir::ExprKind::Call { callee, .. } = &module.expr(at).kind {
            match &module.expr(*callee).kind {
                ir::ExprKind::Member { object, .. } => at = *object,
                _ => return,
            }
        }
        let Value::Str(table) = self.table_of_class(at) else { return };
        let table = quoted(self.dialect, &table);
        let place = self.at(expr);
        let given = self.given(args);
        let dialect = self.dialect;
        let sql = match method {
            "delete_all" => format!("DELETE FROM {table};"),
            "update_all" | "update_columns" => {
                let columns = given.options.0.iter().map(|(c, _)| format!("{} = NULL", quoted_one(dialect, c)));
                let columns: Vec<String> = given.text(0).map(str::to_owned).into_iter().chain(columns).collect();
                if columns.is_empty() {
                    return;
                }
                format!("UPDATE {table} SET {};", columns.join(", "))
            }
            _ => return,
        };
        self.say(|w| w.say(&sql, place));
    }
}

/// The index on these columns, in this order.
fn index_on<'t>(table: &'t Table, columns: &[String]) -> Option<&'t Index> {
    table.indexes.iter().find(|i| {
        i.role != IndexRole::PrimaryKey
            && i.columns.len() == columns.len()
            && i.columns.iter().zip(columns).all(|(own, wanted)| own.column.as_deref() == Some(wanted.as_str()))
    })
}

/// The columns of an index with what options say of each: order, class, length.
pub(super) fn column_list(dialect: Dialect, columns: &[String], options: &Options) -> String {
    if let [one] = columns
        && is_expression(one)
    {
        return one.clone();
    }
    let of = |option: &str, column: &str| match options.get(option)? {
        Value::Map(entries) => entries.iter().find(|(c, _)| c == column).and_then(|(_, v)| v.shown()),
        other => other.shown(),
    };
    let one = |column: &String| {
        let mut sql = if is_expression(column) { column.clone() } else { quoted_one(dialect, column) };
        if let (Dialect::MySql, Some(length)) = (dialect, of("length", column)) {
            sql.push_str(&format!("({length})"));
        }
        if let (Dialect::Postgres, Some(class)) = (dialect, of("opclass", column)) {
            sql.push_str(&format!(" {class}"));
        }
        if let Some(order) = of("order", column) {
            sql.push_str(&format!(" {}", order.to_uppercase()));
        }
        sql
    };
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The word of Rails for a type of the catalog, as far as defaults are written by it.
fn kind_of(data_type: &sql::SqlType) -> &'static str {
    match data_type.class() {
        sql::TypeClass::Integer { .. } => "integer",
        sql::TypeClass::Decimal | sql::TypeClass::Float | sql::TypeClass::Money => "decimal",
        sql::TypeClass::Boolean => "boolean",
        sql::TypeClass::Uuid => "uuid",
        _ => "string",
    }
}

fn adapter(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "Mysql2",
        Dialect::Sqlite => "SQLite",
        Dialect::SqlServer => "SQLServer",
        Dialect::Oracle => "OracleEnhanced",
        _ => "PostgreSQL",
    }
}
