//! What each operation of Alembic sends.

use ir::ExprKind;
use program::ExprRef;
use sql::Dialect;

use super::run::Run;
use crate::schemas::sqlalchemy::{Call, ColumnType, Constraint, ForeignKey, Index};

impl Run<'_> {
    /// An operation; whether it is one.
    pub(super) fn operation(&mut self, call: &Call) -> bool {
        let Some(object) = call.object else { return false };
        let program = self.reading.context.program;
        let module = program.module(object.module);
        let batch = match &module.expr(object.expr).kind {
            ExprKind::Name(name) => self.batches.iter().rev().find(|(n, _)| n == name).map(|(_, table)| table.clone()),
            _ => None,
        };
        if let Some(table) = batch {
            self.change(call, Some(&table));
            return true;
        }
        let on = module.dotted(object.expr).unwrap_or_default();
        if on == "op" || on.ends_with(".op") || on == "operations" {
            self.change(call, None);
            return true;
        }
        match call.name.as_str() {
            // `connection.execute(sa.text("UPDATE …"))`
            "execute" | "exec_driver_sql" => {
                self.execute(call);
                true
            }
            // `sa.Enum("a", name="status").create(op.get_bind())`
            "create" | "drop" => self.own_type(call, object),
            _ => false,
        }
    }

    /// The name of a table, with its schema.
    pub(super) fn table(&self, call: &Call, position: usize, name: &str, schema: &str) -> Option<String> {
        let table = self.text(call, position, name)?;
        match call.named(schema).and_then(|s| self.reading.text(s)) {
            Some(schema) => Some(format!("{schema}.{table}")),
            None => Some(table),
        }
    }

    fn text(&self, call: &Call, position: usize, name: &str) -> Option<String> {
        call.arg(position, name).and_then(|a| self.reading.text(a))
    }

    fn flag(&self, call: &Call, name: &str) -> bool {
        self.reading.truth(call.named(name)) == Some(true)
    }

    fn is_postgres(&self) -> bool {
        self.reading.dialect == Dialect::Postgres
    }

    /// An operation; in a batch the table is given and left out of the arguments.
    fn change(&mut self, call: &Call, batch: Option<&str>) {
        let after = |position: usize| if batch.is_some() { position - 1 } else { position };
        let table = |run: &Self, position: usize, name: &str| match batch {
            Some(table) => Some(table.to_owned()),
            None => run.table(call, position, name, "schema"),
        };
        match call.name.as_str() {
            "create_table" => self.create_table(call),
            "drop_table" => {
                if let Some(table) = table(self, 0, "table_name") {
                    let start = if self.flag(call, "if_exists") { "DROP TABLE IF EXISTS " } else { "DROP TABLE " };
                    let line = self.maker.line(start).name(&table);
                    self.maker.send(line);
                }
            }
            "rename_table" => {
                if let (Some(from), Some(to)) = (table(self, 0, "old_table_name"), self.text(call, 1, "new_table_name"))
                {
                    let line = self.maker.line("ALTER TABLE ").name(&from).sql(" RENAME TO ").name(&to);
                    self.maker.send(line);
                }
            }
            "add_column" => {
                let column = call.arg(after(1), "column").and_then(|c| self.reading.column(c));
                if let (Some(table), Some(mut column)) = (table(self, 0, "table_name"), column) {
                    column.range = self.maker.at;
                    column.foreign_keys.iter_mut().for_each(|f| f.range = column.range);
                    self.maker.add_column(&table, &column, self.flag(call, "if_not_exists"));
                }
            }
            "drop_column" => {
                let column = call.arg(after(1), "column_name").and_then(|c| self.reading.text(c));
                if let (Some(table), Some(column)) = (table(self, 0, "table_name"), column) {
                    let start = if self.flag(call, "if_exists") { " DROP COLUMN IF EXISTS " } else { " DROP COLUMN " };
                    let line = self.maker.line("ALTER TABLE ").name(&table).sql(start).name(&column);
                    self.maker.send(line);
                }
            }
            "alter_column" => {
                let column = self.text(call, after(1), "column_name");
                if let (Some(table), Some(column)) = (table(self, 0, "table_name"), column) {
                    self.alter_column(call, &table, &column);
                }
            }
            "create_index" => self.create_index(call, table(self, 1, "table_name"), after(2)),
            "drop_index" => self.drop_index(call, batch),
            "drop_constraint" => self.drop_constraint(call, table(self, 1, "table_name"), after(2)),
            "create_unique_constraint" | "create_check_constraint" | "create_primary_key" | "create_foreign_key" => {
                self.create_constraint(call, batch);
            }
            "execute" => self.execute(call),
            "sync_enum_values" => self.sync_enum(call),
            _ => {}
        }
    }

    /// An enum with other values, and the columns that have it (alembic-postgresql-enum).
    fn sync_enum(&mut self, call: &Call) {
        let (Some(schema), Some(name)) = (self.text(call, 0, "enum_schema"), self.text(call, 1, "enum_name")) else {
            return;
        };
        let values = call.arg(2, "new_values").map(|v| self.reading.texts(v)).unwrap_or_default();
        let columns = call.arg(3, "affected_columns").map(|c| self.reading.items(c)).unwrap_or_default();
        let name = if schema == "public" { name } else { format!("{schema}.{name}") };
        let old = format!("{}_old", name.rsplit('.').next().unwrap_or(&name));
        let values: Vec<String> = values.iter().map(|v| crate::schemas::written::literal(v)).collect();
        let line = self.maker.line("ALTER TYPE ").name(&name).sql(" RENAME TO ").name(&old);
        self.maker.send(line);
        let line = self.maker.line("CREATE TYPE ").name(&name).sql(&format!(" AS ENUM ({})", values.join(", ")));
        self.maker.send(line);
        for at in columns {
            // `("orders", "status")` or `TableReference(table_name="orders", column_name="status")`
            let call = self.reading.call(self.reading.resolved(at));
            let pair = self.reading.items(at);
            let text = |name: &str, position: usize| {
                let by_call = call.as_ref().and_then(|c| c.arg(position, name));
                by_call.or_else(|| pair.get(position).copied()).and_then(|a| self.reading.text(a))
            };
            let (Some(table), Some(column)) = (text("table_name", 0), text("column_name", 1)) else { continue };
            let many = call.as_ref().and_then(|c| c.named("column_type"));
            let many = many.and_then(|m| self.reading.context.program.module(m.module).dotted(m.expr));
            let many = if many.is_some_and(|m| m.ends_with("ARRAY")) { "[]" } else { "" };
            let line = self.maker.line("ALTER TABLE ").name(&table).sql(" ALTER COLUMN ").name(&column).sql(" TYPE ");
            let line = line.name(&name).sql(many).sql(" USING ").name(&column);
            self.maker.send(line.sql(&format!("::text{many}::")).name(&name).sql(many));
        }
        let line = self.maker.line("DROP TYPE ").name(&old);
        self.maker.send(line);
    }

    fn create_table(&mut self, call: &Call) {
        let Some(table) = self.table(call, 0, "table_name", "schema") else { return };
        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        let parts: Vec<ExprRef> = call.positional().skip(1).flat_map(|part| self.spread(part)).collect();
        for part in parts {
            if let Some(column) = self.reading.column(part) {
                columns.push(column);
            } else if let Some(constraint) = self.reading.constraint(part) {
                constraints.push(constraint);
            }
        }
        // what stands in another file lies where the operation lies
        let at = self.maker.at;
        let own = |range: &mut ir::Range| {
            if !at.contains(*range) {
                *range = at;
            }
        };
        for column in &mut columns {
            own(&mut column.range);
            column.foreign_keys.iter_mut().for_each(|f| own(&mut f.range));
        }
        for constraint in &mut constraints {
            match constraint {
                Constraint::PrimaryKey { range, .. }
                | Constraint::Unique { range, .. }
                | Constraint::Check { range, .. }
                | Constraint::Foreign(ForeignKey { range, .. })
                | Constraint::Index(Index { range, .. }) => own(range),
            }
        }
        self.maker.create_table(&table, &columns, &constraints, self.flag(call, "if_not_exists"));
    }

    /// The elements behind `*columns`.
    fn spread(&self, at: ExprRef) -> Vec<ExprRef> {
        let module = self.reading.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Spread(inner) => self.reading.items(ExprRef { module: at.module, expr: *inner }),
            _ => vec![at],
        }
    }

    fn alter_column(&mut self, call: &Call, table: &str, column: &str) {
        let column = column.to_owned();
        let nullable = self.reading.truth(call.named("nullable"));
        let of_type =
            call.named("type_").filter(|t| !self.reading.is_none(*t)).and_then(|t| self.reading.column_type(t));
        let default = call.named("server_default");
        if self.reading.dialect == Dialect::MySql {
            self.modify_column(call, table, &column, nullable, of_type);
        } else {
            let start = |run: &Self| run.maker.line("ALTER TABLE ").name(table).sql(" ALTER COLUMN ").name(&column);
            if let Some(nullable) = nullable {
                let line = start(self).sql(if nullable { " DROP NOT NULL" } else { " SET NOT NULL" });
                self.maker.send(line);
            }
            if let Some(of_type) = of_type {
                let using = call.named("postgresql_using").and_then(|u| self.reading.text(u));
                let using = using.map_or(String::new(), |u| format!(" USING {u}"));
                let line = start(self).sql(&format!(" TYPE {}{using}", of_type.text));
                self.maker.send(line);
            }
            if let Some(default) = default.filter(|d| self.reading.truth(Some(*d)) != Some(false)) {
                let what = match self.reading.default(default) {
                    Some(default) => format!(" SET DEFAULT {default}"),
                    None => " DROP DEFAULT".to_owned(),
                };
                let line = start(self).sql(&what);
                self.maker.send(line);
            }
        }
        let renamed = call.named("new_column_name").or_else(|| call.named("name"));
        if let Some(to) = renamed.and_then(|n| self.reading.text(n)).filter(|to| *to != column) {
            let line = self.maker.line("ALTER TABLE ").name(table).sql(" RENAME COLUMN ").name(&column);
            self.maker.send(line.sql(" TO ").name(&to));
        }
    }

    /// MySQL writes the whole column anew.
    fn modify_column(
        &mut self,
        call: &Call,
        table: &str,
        column: &str,
        nullable: Option<bool>,
        new: Option<ColumnType>,
    ) {
        let existing = call.named("existing_type").and_then(|t| self.reading.column_type(t));
        let of_type = new.or(existing);
        let was = self.reading.truth(call.named("existing_nullable"));
        let null = match nullable.or(was) {
            Some(false) => " NOT NULL",
            _ => " NULL",
        };
        let default = call.named("server_default").or_else(|| call.named("existing_server_default"));
        let default = default.and_then(|d| self.reading.default(d)).map_or(String::new(), |d| format!(" DEFAULT {d}"));
        if let Some(of_type) = of_type {
            let line = self.maker.line("ALTER TABLE ").name(table).sql(" MODIFY ").name(column);
            self.maker.send(line.sql(&format!(" {}{null}{default}", of_type.text)));
        }
    }

    fn create_index(&mut self, call: &Call, table: Option<String>, columns: usize) {
        let Some(table) = table else { return };
        let elements = call.arg(columns, "columns").map(|c| self.reading.items(c)).unwrap_or_default();
        let elements = elements.into_iter().filter_map(|e| self.reading.element(e)).collect();
        let index = Index {
            name: call.arg(0, "index_name").and_then(|n| self.reading.given_name(n)),
            elements,
            range: self.maker.at,
            ..Index::default()
        };
        let index = self.reading.index_options(call, index);
        // `unique` may stand by position
        let unique = self.reading.truth(call.positional().nth(columns + 1)) == Some(true);
        self.maker.create_index(&table, &Index { unique: index.unique || unique, ..index });
    }

    fn drop_index(&mut self, call: &Call, batch: Option<&str>) {
        let Some(name) = self.text(call, 0, "index_name") else { return };
        let table = batch.map(str::to_owned).or_else(|| self.text(call, 1, "table_name"));
        let schema = call.named("schema").and_then(|s| self.reading.text(s));
        let schema = schema.or_else(|| table.as_ref().and_then(|t| t.split_once('.')).map(|(s, _)| s.to_owned()));
        let line = match (self.reading.dialect, table) {
            (Dialect::MySql | Dialect::SqlServer, Some(table)) => {
                self.maker.line("DROP INDEX ").name(&name).sql(" ON ").name(&table)
            }
            _ => {
                let mut start = "DROP INDEX ".to_owned();
                if self.is_postgres() && self.flag(call, "postgresql_concurrently") {
                    start.push_str("CONCURRENTLY ");
                }
                if self.flag(call, "if_exists") {
                    start.push_str("IF EXISTS ");
                }
                let full = schema.map_or_else(|| name.clone(), |s| format!("{s}.{name}"));
                self.maker.line(&start).name(&full)
            }
        };
        self.maker.send(line);
    }

    fn drop_constraint(&mut self, call: &Call, table: Option<String>, kind: usize) {
        let (Some(name), Some(table)) = (self.text(call, 0, "constraint_name"), table) else { return };
        let kind = call.arg(kind, "type_").and_then(|k| self.reading.text(k));
        let line = self.maker.line("ALTER TABLE ").name(&table);
        let line = match (self.reading.dialect, kind.as_deref()) {
            (Dialect::MySql, Some("foreignkey")) => line.sql(" DROP FOREIGN KEY ").name(&name),
            (Dialect::MySql, Some("unique")) => line.sql(" DROP INDEX ").name(&name),
            (Dialect::MySql, Some("primary")) => line.sql(" DROP PRIMARY KEY"),
            _ if self.flag(call, "if_exists") => line.sql(" DROP CONSTRAINT IF EXISTS ").name(&name),
            _ => line.sql(" DROP CONSTRAINT ").name(&name),
        };
        self.maker.send(line);
    }

    fn create_constraint(&mut self, call: &Call, batch: Option<&str>) {
        let name = call.arg(0, "constraint_name").and_then(|n| self.reading.given_name(n));
        let range = self.maker.at;
        let after = |position: usize| if batch.is_some() { position - 1 } else { position };
        let texts = |run: &Self, position: usize, name: &str| {
            call.arg(position, name).map(|c| run.reading.texts(c)).unwrap_or_default()
        };
        let (own, option) = match call.name.as_str() {
            "create_foreign_key" => ("source_table", "source_schema"),
            _ => ("table_name", "schema"),
        };
        let table = batch.map(str::to_owned).or_else(|| self.table(call, 1, own, option));
        let Some(table) = table else { return };
        let constraint = match call.name.as_str() {
            "create_foreign_key" => {
                let Some(to) = self.table(call, after(2), "referent_table", "referent_schema") else { return };
                Constraint::Foreign(ForeignKey {
                    name,
                    columns: texts(self, after(3), "local_cols"),
                    table: to,
                    referenced: texts(self, after(4), "remote_cols"),
                    clauses: self.reading.clauses(call),
                    range,
                })
            }
            "create_check_constraint" => {
                let condition = call.arg(after(2), "condition").map(|c| self.reading.condition(c));
                let Some(condition) = condition else { return };
                Constraint::Check { name, condition, range }
            }
            kind => {
                let columns = texts(self, after(2), "columns");
                if columns.is_empty() {
                    return;
                }
                match kind {
                    "create_primary_key" => Constraint::PrimaryKey { name, columns, range },
                    _ => Constraint::Unique { name, columns, clauses: self.reading.clauses(call), range },
                }
            }
        };
        self.maker.add_constraint(&table, &constraint);
    }

    /// Raw SQL.
    fn execute(&mut self, call: &Call) {
        let Some(given) = call.arg(0, "sqltext").or_else(|| call.named("statement")) else { return };
        if let Some(text) = self.reading.text_with_holes(given) {
            let at = self.maker.at;
            self.maker.raw(&text, at);
        }
    }

    /// An enum that is made or dropped by itself; whether it is one.
    fn own_type(&mut self, call: &Call, object: ExprRef) -> bool {
        let Some(of_type) = self.reading.column_type(object).filter(|t| t.made.is_some()) else { return false };
        if !self.is_postgres() {
            return true;
        }
        match call.name.as_str() {
            "create" => self.maker.make_enum(&ColumnType { is_there: false, ..of_type }),
            _ => {
                if let Some((name, _)) = of_type.made {
                    let line = self.maker.line("DROP TYPE IF EXISTS ").name(&name);
                    self.maker.send(line);
                }
            }
        }
        true
    }
}
