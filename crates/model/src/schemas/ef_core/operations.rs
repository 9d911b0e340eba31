//! What `Up` does, call by call.

use base::Symbol;
use ir::{Arg, Block, ExprId, ExprKind, Literal, Module, Range, StmtKind};
use program::{ExprRef, FnId, ModuleId};
use sql::Dialect;

use super::columns::{Column, Counting, clr_name, constant};
use super::last_name;
use crate::Constant;
use crate::adapters::Context;
use crate::schemas::written::{Written, quoted};

/// How deep calls of functions in the same file are followed.
const MAX_DEPTH: u32 = 3;

/// Reads the body of a migration.
pub(super) struct Reader<'c, 'p> {
    context: &'c Context<'p>,
    id: ModuleId,
    module: &'p Module,
    /// What was read.
    pub written: Written,
    /// Something runs outside the transaction.
    pub has_bare: bool,
    depth: u32,
}

/// A call on the builder, with the annotations behind it.
#[derive(Debug)]
struct Operation<'p> {
    name: &'static str,
    args: &'p [Arg],
    annotations: Vec<(String, ExprId)>,
    at: Range,
}

impl<'c, 'p> Reader<'c, 'p> {
    /// Nothing read yet.
    pub fn new(context: &'c Context<'p>, id: ModuleId, written: Written) -> Self {
        Self { context, id, module: context.program.module(id), written, has_bare: false, depth: 0 }
    }

    /// Reads a function.
    pub fn function(&mut self, function: FnId) {
        let Some(body) = &self.module.function(function.function).body else { return };
        self.block(body);
    }

    fn block(&mut self, block: &'p Block) {
        for stmt in block {
            match &self.module.stmt(*stmt).kind {
                StmtKind::Expr(expr) => self.statement(*expr),
                StmtKind::Return(Some(expr)) => self.statement(*expr),
                StmtKind::Block(inner) | StmtKind::With { body: inner, .. } | StmtKind::Try { body: inner, .. } => {
                    self.block(inner);
                }
                StmtKind::If { cond, then, otherwise } => match self.condition(*cond) {
                    Some(false) => self.block(otherwise),
                    _ => self.block(then),
                },
                _ => {}
            }
        }
    }

    fn statement(&mut self, expr: ExprId) {
        let Some(operation) = self.operation(expr) else {
            return self.call(expr);
        };
        self.apply(&operation);
    }

    /// A function of the same file that is handed the builder.
    fn call(&mut self, expr: ExprId) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        let Some(callee) = self.context.program.call(ExprRef { module: self.id, expr }) else { return };
        if let [function] = callee.functions.as_slice()
            && function.module == self.id
        {
            self.depth += 1;
            self.function(*function);
            self.depth -= 1;
        }
    }

    /// `migrationBuilder.X(…).Annotation(…)`
    fn operation(&self, expr: ExprId) -> Option<Operation<'p>> {
        let at = self.module.expr(expr).range;
        let mut annotations = Vec::new();
        let mut expr = expr;
        loop {
            let ExprKind::Call { callee, args, .. } = &self.module.expr(expr).kind else { return None };
            let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { return None };
            match name.as_str() {
                "Annotation" | "OldAnnotation" => {
                    if let [key, value, ..] = args.as_slice()
                        && *name == "Annotation"
                        && let Some(key) = self.text(key.value)
                    {
                        annotations.push((key, value.value));
                    }
                    expr = *object;
                }
                name => {
                    let is_builder = matches!(self.module.expr(*object).kind, ExprKind::Name(_));
                    return is_builder.then_some(Operation { name, args, annotations, at });
                }
            }
        }
    }

    /// Whether a condition on the provider holds.
    fn condition(&self, expr: ExprId) -> Option<bool> {
        match &self.module.expr(expr).kind {
            ExprKind::Unary { op: ir::UnaryOp::Not, operand } => self.condition(*operand).map(|c| !c),
            ExprKind::Call { callee, .. } => {
                let dialect = match last_name(self.module, *callee)? {
                    "IsNpgsql" => Dialect::Postgres,
                    "IsSqlServer" => Dialect::SqlServer,
                    "IsSqlite" => Dialect::Sqlite,
                    "IsMySql" => Dialect::MySql,
                    _ => return None,
                };
                Some(self.written.dialect() == dialect)
            }
            ExprKind::Binary { op: op @ (ir::BinaryOp::Eq | ir::BinaryOp::Ne), left, right } => {
                let provider = self.text(*right).or_else(|| self.text(*left))?;
                let dialect = [
                    ("Npgsql", Dialect::Postgres),
                    ("SqlServer", Dialect::SqlServer),
                    ("Sqlite", Dialect::Sqlite),
                    ("MySql", Dialect::MySql),
                ];
                let dialect = dialect.into_iter().find(|(name, _)| provider.contains(name))?.1;
                Some((self.written.dialect() == dialect) == (*op == ir::BinaryOp::Eq))
            }
            _ => match self.constant(expr)? {
                Constant::Bool(value) => Some(value),
                _ => None,
            },
        }
    }

    fn constant(&self, expr: ExprId) -> Option<Constant> {
        match &self.module.expr(expr).kind {
            ExprKind::Ternary { cond, then, otherwise } => {
                self.constant(if self.condition(*cond)? { *then } else { *otherwise })
            }
            _ => self.context.constant(ExprRef { module: self.id, expr }),
        }
    }

    fn text(&self, expr: ExprId) -> Option<String> {
        match self.constant(expr)? {
            Constant::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn arg(&self, args: &[Arg], name: &str, position: usize) -> Option<ExprId> {
        let named = args.iter().find(|a| a.name.is_some_and(|n| n == name));
        let plain = || args.get(position).filter(|a| a.name.is_none());
        named.or_else(plain).map(|a| a.value)
    }

    fn text_arg(&self, args: &[Arg], name: &str, position: usize) -> Option<String> {
        self.text(self.arg(args, name, position)?)
    }

    fn is_set(&self, args: &[Arg], name: &str, otherwise: bool) -> bool {
        match self.arg(args, name, usize::MAX).and_then(|a| self.constant(a)) {
            Some(Constant::Bool(value)) => value,
            _ => otherwise,
        }
    }

    /// Names in `column:` or `columns:`.
    fn names(&self, args: &[Arg], one: &str, many: &str, position: usize) -> Vec<String> {
        let list = |expr: ExprId| match self.context.constant(ExprRef { module: self.id, expr }) {
            Some(Constant::Str(text)) => vec![text.to_string()],
            Some(Constant::List(items)) => items.iter().map(Constant::text).collect(),
            _ => match self.new_array(expr) {
                Some(items) => items.iter().filter_map(|i| self.text(*i)).collect(),
                None => Vec::new(),
            },
        };
        let found = self.arg(args, many, usize::MAX).or_else(|| self.arg(args, one, position));
        found.map(list).unwrap_or_default()
    }

    /// `new[] { … }`, `new string[] { … }`
    fn new_array(&self, expr: ExprId) -> Option<&'p [ExprId]> {
        match &self.module.expr(expr).kind {
            ExprKind::List(items) => Some(items),
            ExprKind::Call { args, .. } => match &self.module.expr(args.last()?.value).kind {
                ExprKind::List(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    fn quoted(&self, name: &str) -> String {
        quoted(self.written.dialect(), name)
    }

    fn list(&self, names: &[String]) -> String {
        names.iter().map(|n| self.quoted(n)).collect::<Vec<_>>().join(", ")
    }

    /// A table with its schema.
    fn table(&self, args: &[Arg], name: &str, schema: &str, position: usize) -> Option<String> {
        let table = self.quoted(&self.text_arg(args, name, position)?);
        Some(match self.text_arg(args, schema, usize::MAX) {
            // MySQL's schemas are databases, SQLite has none
            Some(schema) if !matches!(self.written.dialect(), Dialect::MySql | Dialect::Sqlite) => {
                format!("{}.{table}", self.quoted(&schema))
            }
            _ => table,
        })
    }

    fn say(&mut self, sql: &str, at: Range) {
        self.written.say(sql, at);
        self.written.say(";\n", at);
    }

    fn apply(&mut self, operation: &Operation<'p>) {
        let (args, at) = (operation.args, operation.at);
        if operation.name == "CreateTable" {
            self.create_table(operation);
            return;
        }
        let said = match operation.name {
            "AddColumn" => self.add_column(operation),
            "AlterColumn" => self.alter_column(operation),
            "Sql" | "SqlResource" => self.raw(operation),
            "CreateIndex" => self.create_index(operation),
            "AlterDatabase" => self.alter_database(operation),
            "InsertData" | "UpdateData" | "DeleteData" => self.data(operation),
            "RenameTable" => self.rename_table(args),
            "RenameColumn" => self.rename_column(args),
            "RenameIndex" => self.rename_index(args),
            "DropIndex" => self.drop_index(args),
            "DropTable" => self.table(args, "name", "schema", 0).map(|t| format!("DROP TABLE {t}")),
            "EnsureSchema" => {
                self.text_arg(args, "name", 0).map(|n| format!("CREATE SCHEMA IF NOT EXISTS {}", self.quoted(&n)))
            }
            "CreateSequence" => self.table(args, "name", "schema", 0).map(|n| format!("CREATE SEQUENCE {n}")),
            "DropSequence" => self.table(args, "name", "schema", 0).map(|n| format!("DROP SEQUENCE {n}")),
            _ => self.alter_table(operation),
        };
        if let Some(said) = said {
            self.say(&said, at);
        }
    }

    /// What is an `ALTER TABLE` with one name.
    fn alter_table(&self, operation: &Operation<'p>) -> Option<String> {
        let args = operation.args;
        let (table, name) = (self.table(args, "table", "schema", 1)?, self.quoted(&self.text_arg(args, "name", 0)?));
        let is_mysql = self.written.dialect() == Dialect::MySql;
        let action = match operation.name {
            "DropColumn" => format!("DROP COLUMN {name}"),
            "DropForeignKey" if is_mysql => format!("DROP FOREIGN KEY {name}"),
            "DropPrimaryKey" if is_mysql => "DROP PRIMARY KEY".to_owned(),
            "DropUniqueConstraint" if is_mysql => format!("DROP KEY {name}"),
            "DropForeignKey" | "DropPrimaryKey" | "DropUniqueConstraint" | "DropCheckConstraint" => {
                format!("DROP CONSTRAINT {name}")
            }
            "AddForeignKey" => {
                let columns = self.names(args, "column", "columns", 2);
                format!("ADD {}", self.foreign_key(args, &columns, 3)?)
            }
            "AddPrimaryKey" | "AddUniqueConstraint" => {
                let kind = if operation.name == "AddPrimaryKey" { "PRIMARY KEY" } else { "UNIQUE" };
                let columns = self.list(&self.names(args, "column", "columns", 2));
                format!("ADD CONSTRAINT {name} {kind} ({columns})")
            }
            "AddCheckConstraint" | "CreateCheckConstraint" => {
                format!("ADD CONSTRAINT {name} CHECK ({})", self.text_arg(args, "sql", 2)?)
            }
            _ => return None,
        };
        Some(format!("ALTER TABLE {table} {action}"))
    }

    fn raw(&mut self, operation: &Operation<'p>) -> Option<String> {
        if self.is_set(operation.args, "suppressTransaction", false) {
            self.has_bare = true;
        }
        let sql = self.arg(operation.args, "sql", 0)?;
        let text = self.text(sql).or_else(|| {
            let at = ExprRef { module: self.id, expr: sql };
            self.context.known_part(at).filter(|text| !text.contains("{?}"))
        })?;
        // `GO` parts batches for other clients
        let lines = text.lines().filter(|l| !l.trim().eq_ignore_ascii_case("go"));
        Some(lines.collect::<Vec<_>>().join("\n").trim_end().trim_end_matches(';').to_owned())
    }

    fn create_table(&mut self, operation: &Operation<'p>) {
        let (args, at) = (operation.args, operation.at);
        let Some(table) = self.table(args, "name", "schema", 0) else { return };
        let mut columns = self.arg(args, "columns", 1).map(|e| self.columns(e)).unwrap_or_default();
        let constraints = self.arg(args, "constraints", 3).or_else(|| self.arg(args, "constraints", 2));
        let constraints = constraints.map(|e| self.constraints(e, &mut columns)).unwrap_or_default();
        self.written.say(&format!("CREATE TABLE {table} ("), at);
        let dialect = self.written.dialect();
        let columns = columns
            .iter()
            .map(|(_, name, column, at)| (format!("{} {}", quoted(dialect, name), column.definition(dialect)), *at));
        for (position, (part, at)) in columns.chain(constraints).enumerate() {
            self.written.say(&format!("{}{part}", if position == 0 { "\n" } else { ",\n" }), at);
        }
        self.written.say(");\n", at);
    }

    /// `table => new { Id = table.Column<int>(…) }`: each with the name of its property.
    fn columns(&self, lambda: ExprId) -> Vec<(Symbol, String, Column, Range)> {
        let Some(entries) = self.body_of(lambda).and_then(|e| match &self.module.expr(e).kind {
            ExprKind::Map(entries) => Some(entries),
            _ => None,
        }) else {
            return Vec::new();
        };
        let mut columns = Vec::new();
        for entry in entries {
            let Some(property) = entry.key.and_then(|k| self.module.string(k)) else { continue };
            let Some(operation) = self.operation(entry.value).filter(|o| o.name == "Column") else { continue };
            let name = self.text_arg(operation.args, "name", usize::MAX).unwrap_or_else(|| property.to_string());
            let start = entry.key.map_or(operation.at.start, |k| self.module.expr(k).range.start);
            let at = Range { start, end: operation.at.end };
            columns.push((property, name, self.column(&operation), at));
        }
        columns
    }

    /// The expression that a lambda gives.
    fn body_of(&self, lambda: ExprId) -> Option<ExprId> {
        let ExprKind::Lambda(function) = &self.module.expr(lambda).kind else { return None };
        let last = *self.module.function(*function).body.as_ref()?.last()?;
        match self.module.stmt(last).kind {
            StmtKind::Return(expr) => expr,
            StmtKind::Expr(expr) => Some(expr),
            _ => None,
        }
    }

    fn constraints(&self, lambda: ExprId, columns: &mut [(Symbol, String, Column, Range)]) -> Vec<(String, Range)> {
        let ExprKind::Lambda(function) = &self.module.expr(lambda).kind else { return Vec::new() };
        let Some(body) = &self.module.function(*function).body else { return Vec::new() };
        let (mut made, mut keyed) = (Vec::new(), Vec::new());
        for stmt in body {
            let (StmtKind::Expr(expr) | StmtKind::Return(Some(expr))) = self.module.stmt(*stmt).kind else { continue };
            let Some(operation) = self.operation(expr) else { continue };
            let args = operation.args;
            let Some(name) = self.text_arg(args, "name", 0) else { continue };
            let of = |name: &str, position: usize| -> Vec<String> {
                let properties = self.arg(args, name, position).map(|e| self.properties(e)).unwrap_or_default();
                let column =
                    |p: Symbol| columns.iter().find(|c| c.0 == p).map_or_else(|| p.to_string(), |c| c.1.clone());
                properties.into_iter().map(column).collect()
            };
            let part = match operation.name {
                "PrimaryKey" | "UniqueConstraint" => {
                    let kind = if operation.name == "PrimaryKey" { "PRIMARY KEY" } else { "UNIQUE" };
                    let columns = of("columns", 1);
                    keyed.extend(columns.clone());
                    Some(format!("CONSTRAINT {} {kind} ({})", self.quoted(&name), self.list(&columns)))
                }
                "ForeignKey" => {
                    let mut from = of("column", 1);
                    if from.is_empty() {
                        from = of("columns", usize::MAX);
                    }
                    keyed.extend(from.clone());
                    self.foreign_key(args, &from, 2)
                }
                "CheckConstraint" => {
                    self.text_arg(args, "sql", 1).map(|sql| format!("CONSTRAINT {} CHECK ({sql})", self.quoted(&name)))
                }
                _ => None,
            };
            made.extend(part.map(|part| (part, operation.at)));
        }
        // MySQL's keys cannot hold a text of any length
        let is_mysql = self.written.dialect() == Dialect::MySql;
        for (_, name, column, _) in columns.iter_mut().filter(|_| is_mysql) {
            if keyed.contains(name) && column.clr.as_deref() == Some("string") && column.ty.is_none() {
                column.max_length.get_or_insert(255);
            }
        }
        made
    }

    /// `x => x.Id`, `x => new { x.A, x.B }`
    fn properties(&self, lambda: ExprId) -> Vec<Symbol> {
        let one = |expr: ExprId| match &self.module.expr(expr).kind {
            ExprKind::Member { name, .. } => Some(*name),
            _ => None,
        };
        let Some(body) = self.body_of(lambda) else { return Vec::new() };
        match &self.module.expr(body).kind {
            ExprKind::Map(entries) => entries.iter().filter_map(|e| one(e.value)).collect(),
            _ => one(body).into_iter().collect(),
        }
    }

    /// `position` is that of the table that it leads to, where arguments have no names.
    fn foreign_key(&self, args: &[Arg], columns: &[String], position: usize) -> Option<String> {
        let name = self.quoted(&self.text_arg(args, "name", 0)?);
        let table = self.table(args, "principalTable", "principalSchema", position)?;
        let behind = if position == 2 { 3 } else { 6 };
        let referenced = self.names(args, "principalColumn", "principalColumns", behind);
        let mut sql = format!("CONSTRAINT {name} FOREIGN KEY ({}) REFERENCES {table}", self.list(columns));
        if !referenced.is_empty() {
            sql.push_str(&format!(" ({})", self.list(&referenced)));
        }
        for (arg, words) in [("onDelete", "ON DELETE"), ("onUpdate", "ON UPDATE")] {
            let action = self.arg(args, arg, usize::MAX).and_then(|a| last_name(self.module, a));
            let action = match action {
                Some("Cascade") => "CASCADE",
                Some("SetNull") => "SET NULL",
                Some("SetDefault") => "SET DEFAULT",
                // SQL Server knows no RESTRICT
                Some("Restrict") if self.written.dialect() != Dialect::SqlServer => "RESTRICT",
                _ => continue,
            };
            sql.push_str(&format!(" {words} {action}"));
        }
        Some(sql)
    }

    fn column(&self, operation: &Operation<'p>) -> Column {
        let args = operation.args;
        let int = |name: &str| match self.arg(args, name, usize::MAX).and_then(|a| self.constant(a)) {
            Some(Constant::Int(value)) => Some(value),
            _ => None,
        };
        let clr = args.iter().find(|a| a.name.is_some_and(|n| n == "<type>")).and_then(|a| {
            match &self.module.expr(a.value).kind {
                ExprKind::TypeExpr(ty) => clr_name(self.module, *ty),
                _ => None,
            }
        });
        let dialect = self.written.dialect();
        let written = self.text_arg(args, "defaultValueSql", usize::MAX);
        let value = || {
            let expr = self.arg(args, "defaultValue", usize::MAX)?;
            self.value(expr, dialect)
        };
        Column {
            ty: self.text_arg(args, "type", usize::MAX),
            clr,
            max_length: int("maxLength"),
            precision: int("precision").map(|p| (p, int("scale").unwrap_or(0))),
            is_narrow: !self.is_set(args, "unicode", true),
            is_fixed: self.is_set(args, "fixedLength", false),
            is_row_version: self.is_set(args, "rowVersion", false),
            is_nullable: self.is_set(args, "nullable", false),
            default: written.or_else(value),
            computed: self.text_arg(args, "computedColumnSql", usize::MAX),
            is_stored: self.is_set(args, "stored", false),
            collation: self.text_arg(args, "collation", usize::MAX),
            counts: operation.annotations.iter().find_map(|(key, value)| self.counting(key, *value)),
        }
    }

    /// A value as SQL; none for null.
    fn value(&self, expr: ExprId, dialect: Dialect) -> Option<String> {
        match self.constant(expr) {
            Some(value) => constant(&value, dialect),
            None if matches!(self.module.expr(expr).kind, ExprKind::Literal(Literal::Null)) => None,
            // `new DateTime(…)`, `Guid.Empty`: some constant
            None => Some("''".to_owned()),
        }
    }

    fn counting(&self, key: &str, value: ExprId) -> Option<Counting> {
        match key {
            "SqlServer:Identity" | "Sqlite:Autoincrement" => Some(Counting::Identity),
            _ if key.ends_with(":ValueGenerationStrategy") => match last_name(self.module, value)? {
                "IdentityColumn" | "IdentityByDefaultColumn" => Some(Counting::Identity),
                "IdentityAlwaysColumn" => Some(Counting::IdentityAlways),
                "SerialColumn" => Some(Counting::Serial),
                _ => None,
            },
            // of the first providers
            "Npgsql:ValueGeneratedOnAdd" | "MySql:ValueGeneratedOnAdd" => match self.constant(value) {
                Some(Constant::Bool(true)) if key.starts_with("MySql") => Some(Counting::Identity),
                _ => None,
            },
            _ => None,
        }
    }

    fn add_column(&self, operation: &Operation<'p>) -> Option<String> {
        let table = self.table(operation.args, "table", "schema", 1)?;
        let name = self.quoted(&self.text_arg(operation.args, "name", 0)?);
        let column = self.column(operation).definition(self.written.dialect());
        let word = if self.written.dialect() == Dialect::SqlServer { "ADD" } else { "ADD COLUMN" };
        Some(format!("ALTER TABLE {table} {word} {name} {column}"))
    }

    fn alter_column(&self, operation: &Operation<'p>) -> Option<String> {
        let dialect = self.written.dialect();
        let table = self.table(operation.args, "table", "schema", 1)?;
        let name = self.quoted(&self.text_arg(operation.args, "name", 0)?);
        let mut column = self.column(operation);
        if dialect == Dialect::MySql && column.ty.is_none() && column.clr.as_deref() == Some("string") {
            // what was short stays short: it is in a key or an index
            let before = self.text_arg(operation.args, "oldType", usize::MAX);
            let before = before.filter(|t| t.starts_with("varchar") && column.max_length.is_none());
            column.ty = before.and_then(|t| t.split_whitespace().next().map(str::to_owned));
        }
        Some(match dialect {
            Dialect::MySql => format!("ALTER TABLE {table} MODIFY COLUMN {name} {}", column.definition(dialect)),
            Dialect::SqlServer => {
                let null = if column.is_nullable { "NULL" } else { "NOT NULL" };
                let mut sql = format!("ALTER TABLE {table} ALTER COLUMN {name} {} {null}", column.data_type(dialect));
                if let Some(default) = &column.default {
                    sql.push_str(&format!(";\nALTER TABLE {table} ADD DEFAULT {default} FOR {name}"));
                }
                sql
            }
            // SQLite's table is made anew
            _ => {
                let null = if column.is_nullable { "DROP" } else { "SET" };
                let mut sql = format!(
                    "ALTER TABLE {table} ALTER COLUMN {name} TYPE {};\nALTER TABLE {table} ALTER COLUMN {name} {null} NOT NULL",
                    column.data_type(dialect)
                );
                let default = column.default.map_or("DROP DEFAULT".to_owned(), |d| format!("SET DEFAULT {d}"));
                sql.push_str(&format!(";\nALTER TABLE {table} ALTER COLUMN {name} {default}"));
                if column.counts == Some(Counting::Identity) && dialect == Dialect::Postgres {
                    sql.push_str(&format!(
                        ";\nALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY"
                    ));
                }
                sql
            }
        })
    }

    fn create_index(&self, operation: &Operation<'p>) -> Option<String> {
        let args = operation.args;
        let dialect = self.written.dialect();
        let table = self.table(args, "table", "schema", 1)?;
        let name = self.quoted(&self.text_arg(args, "name", 0)?);
        let columns = self.names(args, "column", "columns", 2);
        if columns.is_empty() {
            return None;
        }
        let annotation = |key: &str| operation.annotations.iter().find(|(k, _)| k == key).map(|(_, value)| *value);
        let descending: Vec<bool> = match self.arg(args, "descending", usize::MAX) {
            Some(list) => {
                let items = self.new_array(list).unwrap_or_default();
                let one = |i: &ExprId| self.constant(*i) == Some(Constant::Bool(true));
                // none of them: all go down
                if items.is_empty() { vec![true; columns.len()] } else { items.iter().map(one).collect() }
            }
            None => Vec::new(),
        };
        let column = |(at, name): (usize, &String)| {
            let down = if descending.get(at) == Some(&true) { " DESC" } else { "" };
            format!("{}{down}", self.quoted(name))
        };
        let columns: Vec<String> = columns.iter().enumerate().map(column).collect();
        let mut sql = String::from("CREATE ");
        if self.is_set(args, "unique", false) {
            sql.push_str("UNIQUE ");
        }
        sql.push_str("INDEX ");
        if annotation("Npgsql:CreatedConcurrently").is_some() {
            sql.push_str("CONCURRENTLY ");
        }
        sql.push_str(&format!("{name} ON {table}"));
        if let Some(method) = annotation("Npgsql:IndexMethod").and_then(|m| self.text(m)) {
            sql.push_str(&format!(" USING {method}"));
        }
        sql.push_str(&format!(" ({})", columns.join(", ")));
        let include = annotation("Npgsql:IndexInclude").or_else(|| annotation("SqlServer:Include"));
        if let Some(include) = include.and_then(|i| self.new_array(i)) {
            let names: Vec<String> = include.iter().filter_map(|i| self.text(*i)).collect();
            sql.push_str(&format!(" INCLUDE ({})", self.list(&names)));
        }
        if let Some(filter) = self.text_arg(args, "filter", usize::MAX)
            && dialect != Dialect::MySql
        {
            sql.push_str(&format!(" WHERE {filter}"));
        }
        Some(sql)
    }

    fn drop_index(&self, args: &[Arg]) -> Option<String> {
        let name = self.quoted(&self.text_arg(args, "name", 0)?);
        let schema = self.text_arg(args, "schema", usize::MAX).filter(|_| self.written.dialect() == Dialect::Postgres);
        let schema = schema.map_or(String::new(), |s| format!("{}.", self.quoted(&s)));
        let table = self.table(args, "table", "schema", 1);
        match (self.written.dialect(), table) {
            (Dialect::MySql, Some(table)) => Some(format!("ALTER TABLE {table} DROP INDEX {name}")),
            (Dialect::SqlServer, Some(table)) => Some(format!("DROP INDEX {name} ON {table}")),
            (Dialect::MySql | Dialect::SqlServer, None) => None,
            _ => Some(format!("DROP INDEX {schema}{name}")),
        }
    }

    fn rename_table(&self, args: &[Arg]) -> Option<String> {
        let from = self.table(args, "name", "schema", 0)?;
        let dialect = self.written.dialect();
        let schema = self.text_arg(args, "newSchema", usize::MAX).filter(|_| dialect == Dialect::Postgres);
        let mut sql = Vec::new();
        if let Some(new) = self.text_arg(args, "newName", 2) {
            let old = self.text_arg(args, "name", 0)?;
            if new != old {
                sql.push(match dialect {
                    Dialect::SqlServer => format!("EXEC sp_rename N'{old}', N'{new}'"),
                    _ => format!("ALTER TABLE {from} RENAME TO {}", self.quoted(&new)),
                });
            }
        }
        if let Some(schema) = schema {
            let now = self.text_arg(args, "newName", 2).map_or(from, |n| self.quoted(&n));
            sql.push(format!("ALTER TABLE {now} SET SCHEMA {}", self.quoted(&schema)));
        }
        (!sql.is_empty()).then(|| sql.join(";\n"))
    }

    fn rename_column(&self, args: &[Arg]) -> Option<String> {
        let (from, to) = (self.text_arg(args, "name", 0)?, self.text_arg(args, "newName", 2)?);
        let table = self.table(args, "table", "schema", 1)?;
        Some(match self.written.dialect() {
            Dialect::SqlServer => {
                format!("EXEC sp_rename N'{}.{from}', N'{to}', N'COLUMN'", self.text_arg(args, "table", 1)?)
            }
            _ => format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", self.quoted(&from), self.quoted(&to)),
        })
    }

    fn rename_index(&self, args: &[Arg]) -> Option<String> {
        let (from, to) = (self.text_arg(args, "name", 0)?, self.text_arg(args, "newName", 1)?);
        let table = self.table(args, "table", "schema", 2);
        Some(match self.written.dialect() {
            Dialect::SqlServer => {
                format!("EXEC sp_rename N'{}.{from}', N'{to}', N'INDEX'", self.text_arg(args, "table", 2)?)
            }
            Dialect::MySql => {
                format!("ALTER TABLE {} RENAME INDEX {} TO {}", table?, self.quoted(&from), self.quoted(&to))
            }
            _ => format!("ALTER INDEX {} RENAME TO {}", self.quoted(&from), self.quoted(&to)),
        })
    }

    fn alter_database(&self, operation: &Operation<'p>) -> Option<String> {
        let mut sql = Vec::new();
        for (key, value) in &operation.annotations {
            if key.strip_prefix("Npgsql:PostgresExtension:").is_some() {
                let name = key.rsplit([':', '.']).next().unwrap_or_default();
                sql.push(format!("CREATE EXTENSION IF NOT EXISTS {}", self.quoted(name)));
            } else if let (Some(name), Some(values)) = (key.strip_prefix("Npgsql:Enum:"), self.text(*value)) {
                let values: Vec<String> = values.split(',').map(super::super::written::literal).collect();
                sql.push(format!("CREATE TYPE {} AS ENUM ({})", self.quoted(name), values.join(", ")));
            }
        }
        (!sql.is_empty()).then(|| sql.join(";\n"))
    }

    /// Rows: their columns count, and as much of their values as is known.
    fn data(&self, operation: &Operation<'p>) -> Option<String> {
        let args = operation.args;
        let table = self.table(args, "table", "schema", 0)?;
        let dialect = self.written.dialect();
        let values = |name: &str| -> Vec<String> {
            let found = self.arg(args, &format!("{name}s"), usize::MAX).or_else(|| self.arg(args, name, usize::MAX));
            let one = |e: &ExprId| self.value(*e, dialect).unwrap_or_else(|| "NULL".to_owned());
            match found.map(|e| (e, self.new_array(e))) {
                Some((_, Some(items))) => items.iter().map(one).collect(),
                Some((single, None)) => vec![one(&single)],
                None => Vec::new(),
            }
        };
        let pairs = |names: &[String], values: &[String], between: &str| {
            let value = |at: usize| values.get(at).map_or("NULL", String::as_str);
            let pairs = names.iter().enumerate().map(|(at, n)| format!("{} = {}", self.quoted(n), value(at)));
            pairs.collect::<Vec<_>>().join(between)
        };
        let columns = self.names(args, "column", "columns", 1);
        let keys = self.names(args, "keyColumn", "keyColumns", 1);
        Some(match operation.name {
            "InsertData" => {
                let mut row = values("value");
                row.resize(columns.len(), "NULL".to_owned());
                format!("INSERT INTO {table} ({}) VALUES ({})", self.list(&columns), row.join(", "))
            }
            "UpdateData" => {
                let (set, found) =
                    (pairs(&columns, &values("value"), ", "), pairs(&keys, &values("keyValue"), " AND "));
                format!("UPDATE {table} SET {set} WHERE {found}")
            }
            _ => format!("DELETE FROM {table} WHERE {}", pairs(&keys, &values("keyValue"), " AND ")),
        })
    }
}
