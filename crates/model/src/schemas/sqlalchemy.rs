//! Columns, types and constraints of SQLAlchemy as they are written in code, and the statements that it sends for them.
//!
//! Alembic's operations and the classes of the declarative mapping both are made of these. `sqlalchemy/types.rs` reads
//! types, `sqlalchemy/made.rs` says the statements.

mod made;
mod types;

use base::Symbol;
use ir::{Arg, ExprId, ExprKind};
use program::ExprRef;
use sql::Dialect;

use super::written::literal;
use crate::adapters::Context;
use crate::constants::Constant;

pub(crate) use self::made::Maker;
pub(crate) use self::types::ColumnType;

/// Reads what is written, with the variables of loops and of functions of the same file.
pub(crate) struct Reading<'c> {
    pub context: &'c Context<'c>,
    pub dialect: Dialect,
    /// What variables stand for at this place, the innermost last.
    pub bound: Vec<(Symbol, ExprRef)>,
}

/// A call with what it is given.
#[derive(Clone)]
pub(crate) struct Call {
    pub at: ExprRef,
    pub callee: ExprId,
    /// The last part of the name of what is called.
    pub name: String,
    /// What it is called on.
    pub object: Option<ExprRef>,
    pub args: Vec<Arg>,
}

/// The name of a constraint or index, as given.
#[derive(Clone, Debug)]
pub(crate) struct GivenName {
    pub text: String,
    /// `op.f("…")`: no naming convention is applied to it.
    pub is_final: bool,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub name: String,
    pub range: ir::Range,
    pub of_type: ColumnType,
    pub nullable: Option<bool>,
    pub primary_key: bool,
    pub unique: bool,
    pub index: bool,
    /// As SQL writes it.
    pub server_default: Option<String>,
    pub autoincrement: Option<bool>,
    pub is_identity: bool,
    pub computed: Option<String>,
    pub foreign_keys: Vec<ForeignKey>,
}

/// A foreign key; that of a column has no columns of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForeignKey {
    pub name: Option<GivenName>,
    pub columns: Vec<String>,
    pub table: String,
    pub referenced: Vec<String>,
    /// What follows: `ON DELETE …`.
    pub clauses: String,
    pub range: ir::Range,
}

/// A constraint or index of a table.
#[derive(Clone, Debug)]
pub(crate) enum Constraint {
    PrimaryKey { name: Option<GivenName>, columns: Vec<String>, range: ir::Range },
    Unique { name: Option<GivenName>, columns: Vec<String>, clauses: String, range: ir::Range },
    Foreign(ForeignKey),
    Check { name: Option<GivenName>, condition: String, range: ir::Range },
    Index(Index),
}

/// An index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub name: Option<GivenName>,
    pub unique: bool,
    /// Columns by name, or expressions.
    pub elements: Vec<Element>,
    pub method: Option<String>,
    pub condition: Option<String>,
    pub include: Vec<String>,
    pub concurrently: bool,
    pub if_not_exists: bool,
    pub nulls_not_distinct: bool,
    pub range: ir::Range,
}

/// A part of an index.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// The column, where it is one.
    pub column: Option<String>,
    /// The expression, with class and direction where there are any.
    pub text: String,
    /// What follows a column.
    pub suffix: String,
}

impl Call {
    /// The argument of a name, or else at a position.
    pub(crate) fn arg(&self, position: usize, name: &str) -> Option<ExprRef> {
        self.named(name).or_else(|| self.positional().nth(position))
    }

    /// The argument of a name.
    pub(crate) fn named(&self, name: &str) -> Option<ExprRef> {
        let found = self.args.iter().find(|a| a.name.is_some_and(|n| n == name))?;
        Some(ExprRef { module: self.at.module, expr: found.value })
    }

    /// The arguments without a name.
    pub(crate) fn positional(&self) -> impl Iterator<Item = ExprRef> + '_ {
        let here = |a: &Arg| ExprRef { module: self.at.module, expr: a.value };
        self.args.iter().filter(|a| a.name.is_none()).map(here)
    }
}

impl<'c> Reading<'c> {
    pub(crate) fn new(context: &'c Context<'c>, dialect: Dialect) -> Self {
        Reading { context, dialect, bound: Vec::new() }
    }

    pub(crate) fn range(&self, at: ExprRef) -> ir::Range {
        self.context.program.module(at.module).expr(at.expr).range
    }

    /// What an expression is made by: through variables.
    pub(crate) fn resolved(&self, at: ExprRef) -> ExprRef {
        let mut found = at;
        for _ in 0..6 {
            let module = self.context.program.module(found.module);
            match &module.expr(found.expr).kind {
                ExprKind::Name(name) => {
                    let bound = self.bound.iter().rev().find(|(n, _)| n == name).map(|(_, at)| *at);
                    match bound.or_else(|| self.context.program.definition(found)).filter(|next| *next != found) {
                        Some(next) => found = next,
                        None => break,
                    }
                }
                ExprKind::Member { .. } => match self.context.program.definition(found) {
                    Some(next) => found = next,
                    None => break,
                },
                ExprKind::Cast { value, .. } => found.expr = *value,
                _ => break,
            }
        }
        found
    }

    pub(crate) fn call(&self, at: ExprRef) -> Option<Call> {
        let module = self.context.program.module(at.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
        let (name, object) = match &module.expr(*callee).kind {
            ExprKind::Name(name) => (name, None),
            ExprKind::Member { name, object, .. } => (name, Some(ExprRef { module: at.module, expr: *object })),
            _ => return None,
        };
        Some(Call { at, callee: *callee, name: name.to_string(), object, args: args.clone() })
    }

    /// A text that is always the same here.
    pub(crate) fn text(&self, at: ExprRef) -> Option<String> {
        self.text_at(at, false, 0)
    }

    /// A text, with holes where it is only known when the program runs.
    pub(crate) fn text_with_holes(&self, at: ExprRef) -> Option<String> {
        self.text_at(at, true, 0)
    }

    fn text_at(&self, at: ExprRef, holes: bool, depth: usize) -> Option<String> {
        if depth > 8 {
            return None;
        }
        let at = self.resolved(at);
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::Literal(ir::Literal::Str(text)) => Some(text.to_string()),
            ExprKind::Literal(ir::Literal::Int(Some(number))) if depth > 0 => Some(number.to_string()),
            ExprKind::Template(parts) => {
                let part = |part: &ir::Part| match part {
                    ir::Part::Text(text) => Some(text.to_string()),
                    ir::Part::Hole(hole) => {
                        let known = self.text_at(here(*hole), holes, depth + 1);
                        known.or_else(|| holes.then(|| sql::HOLE.to_string()))
                    }
                };
                parts.iter().map(part).collect()
            }
            ExprKind::Binary { op: ir::BinaryOp::Add, left, right } => {
                let (left, right) =
                    (self.text_at(here(*left), holes, depth + 1)?, self.text_at(here(*right), holes, depth + 1)?);
                Some(format!("{left}{right}"))
            }
            // `op.f("name")`, `sa.text("…")`, `textwrap.dedent("…")`, `quoted_name("…", True)`
            ExprKind::Call { .. } => {
                let call = self.call(at)?;
                match call.name.as_str() {
                    "f" | "text" | "dedent" | "quoted_name" | "literal_column" | "conv" | "strip" | "TextClause"
                    | "str" => {
                        let first = call.positional().next().or_else(|| call.named("text"));
                        let first = first.or(call.object.filter(|_| call.name == "strip"))?;
                        self.text_at(first, holes, depth + 1)
                    }
                    _ => None,
                }
            }
            ExprKind::Member { object, name, .. } if *name == "value" => self.text_at(here(*object), holes, depth + 1),
            _ => None,
        }
    }

    /// The name of a constraint or index.
    pub(crate) fn given_name(&self, at: ExprRef) -> Option<GivenName> {
        let is_final = self.call(self.resolved(at)).is_some_and(|c| matches!(c.name.as_str(), "f" | "conv"));
        self.text(at).map(|text| GivenName { text, is_final })
    }

    /// The elements of a list.
    pub(crate) fn items(&self, at: ExprRef) -> Vec<ExprRef> {
        let at = self.resolved(at);
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        match &module.expr(at.expr).kind {
            ExprKind::List(items) => items
                .iter()
                .flat_map(|item| match &module.expr(*item).kind {
                    ExprKind::Spread(inner) => self.items(here(*inner)),
                    _ => vec![here(*item)],
                })
                .collect(),
            ExprKind::Binary { op: ir::BinaryOp::Add, left, right } => {
                let mut all = self.items(here(*left));
                all.extend(self.items(here(*right)));
                all
            }
            ExprKind::Call { args, .. } => match (self.call(at), args.as_slice()) {
                (Some(call), [only]) if matches!(call.name.as_str(), "list" | "tuple" | "set" | "sorted") => {
                    self.items(here(only.value))
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    pub(crate) fn texts(&self, at: ExprRef) -> Vec<String> {
        match self.text(at) {
            Some(one) => vec![one],
            None => self.items(at).into_iter().filter_map(|i| self.text(i)).collect(),
        }
    }

    pub(crate) fn truth(&self, at: Option<ExprRef>) -> Option<bool> {
        match self.context.constant(self.resolved(at?))? {
            Constant::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn number(&self, at: Option<ExprRef>) -> Option<i64> {
        match self.context.constant(self.resolved(at?))? {
            Constant::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is written that there is none.
    pub(crate) fn is_none(&self, at: ExprRef) -> bool {
        self.context.constant(self.resolved(at)) == Some(Constant::Null)
    }

    /// `sa.Column("name", Type, …)`, `mapped_column(Type, …)`.
    pub(crate) fn column(&self, at: ExprRef) -> Option<Column> {
        let at = self.resolved(at);
        let call = self.call(at)?;
        if !matches!(call.name.as_str(), "Column" | "mapped_column" | "deferred" | "Field") {
            return None;
        }
        let mut column = Column { range: self.range(at), ..Column::default() };
        let mut has_type = false;
        let named_type = call.named("type_");
        for arg in call.positional().chain(named_type) {
            let made = self.resolved(arg);
            if let Some(text) = self.text(made).filter(|_| column.name.is_empty() && !has_type) {
                column.name = text;
                continue;
            }
            match self.call(made).as_ref().map(|c| c.name.as_str()) {
                Some("ForeignKey") => column.foreign_keys.extend(self.foreign_key(made)),
                Some("Identity") => column.is_identity = true,
                Some("Computed") => {
                    column.computed = self.call(made).and_then(|c| c.arg(0, "sqltext")).and_then(|t| self.text(t));
                }
                Some("Sequence" | "CheckConstraint" | "FetchedValue" | "DefaultClause") => {}
                _ if !has_type => {
                    if let Some(of_type) = self.column_type(arg) {
                        column.of_type = of_type;
                        has_type = true;
                    }
                }
                _ => {}
            }
        }
        if let Some(name) = call.named("name").and_then(|n| self.text(n)) {
            column.name = name;
        }
        // a key is found by its column
        column.foreign_keys.iter_mut().for_each(|f| f.range = column.range);
        let flag = |name: &str| self.truth(call.named(name));
        column.nullable = flag("nullable");
        column.primary_key = flag("primary_key").unwrap_or(false);
        column.unique = flag("unique").unwrap_or(false);
        column.index = flag("index").unwrap_or(false);
        column.autoincrement = flag("autoincrement");
        column.server_default = call.named("server_default").and_then(|d| self.default(d));
        Some(column)
    }

    /// A default of the database as SQL writes it.
    pub(crate) fn default(&self, at: ExprRef) -> Option<String> {
        let at = self.resolved(at);
        let module = self.context.program.module(at.module);
        if let ExprKind::Literal(ir::Literal::Str(_)) | ExprKind::Template(_) = &module.expr(at.expr).kind {
            return self.text(at).map(|t| literal(&t));
        }
        if self.is_none(at) {
            return None;
        }
        let Some(call) = self.call(at) else {
            return match self.context.constant(at) {
                Some(Constant::Bool(value)) => Some(value.to_string()),
                Some(Constant::Int(value)) => Some(value.to_string()),
                _ => None,
            };
        };
        match call.name.as_str() {
            "text" | "literal_column" | "DefaultClause" => call.positional().next().and_then(|t| self.text(t)),
            "false" | "true" => Some(call.name),
            "now" | "current_timestamp" | "utcnow" => Some("now()".to_owned()),
            "FetchedValue" | "Identity" | "Sequence" => None,
            "literal" => call.positional().next().and_then(|t| self.default(t)),
            "cast" => call.positional().next().and_then(|t| self.default(t)),
            name => Some(format!("{name}()")),
        }
    }

    /// `ForeignKey("table.column", ondelete="CASCADE")`.
    pub(crate) fn foreign_key(&self, at: ExprRef) -> Option<ForeignKey> {
        let call = self.call(at)?;
        let target = call.arg(0, "column")?;
        let text = self.text(target).or_else(|| {
            // `ForeignKey(User.id)`: the class is looked up by whoever reads classes
            self.context.program.module(target.module).dotted(target.expr)
        })?;
        let (table, column) = text.rsplit_once('.').unwrap_or((&text, "id"));
        Some(ForeignKey {
            name: call.named("name").and_then(|n| self.given_name(n)),
            columns: Vec::new(),
            table: table.to_owned(),
            referenced: vec![column.to_owned()],
            clauses: self.clauses(&call),
            range: self.range(at),
        })
    }

    /// `ON DELETE`, `ON UPDATE`, `DEFERRABLE` of a foreign key.
    pub(crate) fn clauses(&self, call: &Call) -> String {
        let mut clauses = String::new();
        for (option, words) in [("ondelete", " ON DELETE "), ("onupdate", " ON UPDATE ")] {
            if let Some(action) = call.named(option).and_then(|a| self.text(a)) {
                clauses.push_str(words);
                clauses.push_str(&action);
            }
        }
        if let Some(deferrable) = self.truth(call.named("deferrable")) {
            clauses.push_str(if deferrable { " DEFERRABLE" } else { " NOT DEFERRABLE" });
        }
        if let Some(initially) = call.named("initially").and_then(|a| self.text(a)) {
            clauses.push_str(&format!(" INITIALLY {initially}"));
        }
        if self.truth(call.named("postgresql_not_valid")) == Some(true) {
            clauses.push_str(" NOT VALID");
        }
        clauses
    }

    /// A constraint or an index among the arguments of a table.
    pub(crate) fn constraint(&self, at: ExprRef) -> Option<Constraint> {
        let at = self.resolved(at);
        let call = self.call(at)?;
        let range = self.range(at);
        let name = call.named("name").and_then(|n| self.given_name(n));
        let columns = || call.positional().filter_map(|c| self.column_named(c)).collect::<Vec<_>>();
        match call.name.as_str() {
            "PrimaryKeyConstraint" => Some(Constraint::PrimaryKey { name, columns: columns(), range }),
            "UniqueConstraint" => {
                let mut clauses = self.clauses(&call);
                if self.truth(call.named("postgresql_nulls_not_distinct")) == Some(true) {
                    clauses = format!("NULLS NOT DISTINCT{clauses}");
                }
                Some(Constraint::Unique { name, columns: columns(), clauses, range })
            }
            "ForeignKeyConstraint" => {
                let own = call.arg(0, "columns").map(|c| self.texts(c)).unwrap_or_default();
                let to = call.arg(1, "refcolumns").map(|c| self.texts(c)).unwrap_or_default();
                let split = |text: &String| text.rsplit_once('.').map(|(t, c)| (t.to_owned(), c.to_owned()));
                let to: Vec<(String, String)> = to.iter().filter_map(split).collect();
                let (table, _) = to.first()?.clone();
                let referenced = to.into_iter().map(|(_, column)| column).collect();
                let name = name.or_else(|| call.positional().nth(2).and_then(|n| self.given_name(n)));
                Some(Constraint::Foreign(ForeignKey {
                    name,
                    columns: own,
                    table,
                    referenced,
                    clauses: self.clauses(&call),
                    range,
                }))
            }
            "CheckConstraint" => {
                let condition = call.arg(0, "sqltext").map(|c| self.condition(c))?;
                Some(Constraint::Check { name, condition, range })
            }
            "Index" => {
                let mut positional = call.positional();
                let name = match call.named("name") {
                    Some(name) => self.given_name(name),
                    None => positional.next().and_then(|n| self.given_name(n)),
                };
                let elements = positional.filter_map(|e| self.element(e)).collect();
                Some(Constraint::Index(self.index_options(&call, Index { name, elements, range, ..Index::default() })))
            }
            _ => None,
        }
    }

    /// The options of an index.
    pub(crate) fn index_options(&self, call: &Call, index: Index) -> Index {
        let text = |name: &str| call.named(name).and_then(|a| self.text(a));
        let flag = |name: &str| self.truth(call.named(name)) == Some(true);
        let mut index = Index {
            unique: flag("unique"),
            method: text("postgresql_using"),
            condition: call.named("postgresql_where").filter(|w| !self.is_none(*w)).map(|c| self.condition(c)),
            include: call.named("postgresql_include").map(|i| self.texts(i)).unwrap_or_default(),
            concurrently: flag("postgresql_concurrently"),
            if_not_exists: flag("if_not_exists"),
            nulls_not_distinct: flag("postgresql_nulls_not_distinct"),
            ..index
        };
        if let Some(classes) = call.named("postgresql_ops").filter(|_| self.dialect == Dialect::Postgres) {
            for element in &mut index.elements {
                let column = element.column.clone().unwrap_or_default();
                let class = self.context.entry(self.resolved(classes), &column).and_then(|c| self.text(c));
                if let Some(class) = class {
                    element.suffix = format!(" {class}{}", element.suffix);
                }
            }
        }
        index
    }

    /// The column that an argument means: a text, a column, an attribute of a class.
    pub(crate) fn column_named(&self, at: ExprRef) -> Option<String> {
        if let Some(text) = self.text(at) {
            return Some(text);
        }
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.to_string()),
            _ => None,
        }
    }

    /// A part of an index: a column, `sa.text("lower(name)")`, `column.desc()`, `func.lower(column)`.
    pub(crate) fn element(&self, at: ExprRef) -> Option<Element> {
        let made = self.resolved(at);
        let Some(call) = self.call(made) else {
            let column = self.column_named(at)?;
            return Some(Element { text: column.clone(), column: Some(column), suffix: String::new() });
        };
        match call.name.as_str() {
            "text" | "literal_column" => {
                let text = call.positional().next().and_then(|t| self.text(t))?;
                Some(Element { column: None, text, suffix: String::new() })
            }
            "desc" | "asc" => {
                let inner =
                    call.object.filter(|o| self.column_named(*o).is_some_and(|n| n != "sa" && n != "sqlalchemy"));
                let inner = inner.or_else(|| call.positional().next())?;
                let mut element = self.element(inner)?;
                if call.name == "desc" {
                    element.suffix.push_str(" DESC");
                }
                Some(element)
            }
            "column" | "Column" | "f" => {
                let column = call.positional().next().and_then(|t| self.text(t))?;
                Some(Element { text: column.clone(), column: Some(column), suffix: String::new() })
            }
            "nullslast" | "nulls_last" | "nullsfirst" | "nulls_first" => {
                self.element(call.object.or(call.positional().next())?)
            }
            name => {
                let args: Vec<String> = call.positional().filter_map(|a| self.element(a)).map(|e| e.text).collect();
                Some(Element { column: None, text: format!("{name}({})", args.join(", ")), suffix: String::new() })
            }
        }
    }

    /// A condition: a text, or an expression over columns.
    pub(crate) fn condition(&self, at: ExprRef) -> String {
        if let Some(text) = self.text(at) {
            return text;
        }
        let at = self.resolved(at);
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        let operand = |expr: ExprId| self.operand(here(expr));
        match &module.expr(at.expr).kind {
            ExprKind::Binary { op, left, right } => {
                let sign = match op {
                    ir::BinaryOp::Eq => "=",
                    ir::BinaryOp::Ne => "!=",
                    ir::BinaryOp::Lt => "<",
                    ir::BinaryOp::Le => "<=",
                    ir::BinaryOp::Gt => ">",
                    ir::BinaryOp::Ge => ">=",
                    ir::BinaryOp::Meet => {
                        return format!("({} AND {})", self.condition(here(*left)), self.condition(here(*right)));
                    }
                    _ => return format!("({} OR {})", self.condition(here(*left)), self.condition(here(*right))),
                };
                match operand(*right).as_str() {
                    "NULL" if sign == "=" => format!("{} IS NULL", operand(*left)),
                    "NULL" => format!("{} IS NOT NULL", operand(*left)),
                    right => format!("{} {sign} {right}", operand(*left)),
                }
            }
            ExprKind::Unary { operand, .. } => format!("NOT ({})", self.condition(here(*operand))),
            ExprKind::Call { .. } => {
                let Some(call) = self.call(at) else { return "true".to_owned() };
                let of = call.object.map(|o| self.operand(o)).unwrap_or_default();
                let first = call.positional().next();
                let all = |word: &str| {
                    let parts: Vec<String> = call.positional().map(|p| self.condition(p)).collect();
                    format!("({})", parts.join(word))
                };
                match call.name.as_str() {
                    "and_" => all(" AND "),
                    "or_" => all(" OR "),
                    "not_" => format!("NOT {}", all(" AND ")),
                    "is_" | "is_not" | "isnot" => {
                        let not = if call.name == "is_" { "" } else { "NOT " };
                        format!("{of} IS {not}{}", first.map_or("NULL".to_owned(), |f| self.operand(f)))
                    }
                    "in_" | "notin_" | "not_in" => {
                        let not = if call.name == "in_" { "" } else { "NOT " };
                        let values = first.map(|f| self.items(f)).unwrap_or_default();
                        let values: Vec<String> = values.into_iter().map(|v| self.operand(v)).collect();
                        format!("{of} {not}IN ({})", values.join(", "))
                    }
                    _ => "true".to_owned(),
                }
            }
            _ => self.operand(at),
        }
    }

    fn operand(&self, at: ExprRef) -> String {
        if let Some(call) = self.call(at) {
            let first = call.positional().next();
            return match call.name.as_str() {
                "column" | "literal_column" | "text" => first.and_then(|f| self.text(f)).unwrap_or_default(),
                "true" | "false" => call.name,
                "null" => "NULL".to_owned(),
                name => {
                    format!("{name}({})", call.positional().map(|a| self.operand(a)).collect::<Vec<_>>().join(", "))
                }
            };
        }
        match self.context.constant(at) {
            Some(Constant::Str(text)) => literal(text.as_str()),
            Some(Constant::Int(number)) => number.to_string(),
            Some(Constant::Bool(value)) => value.to_string(),
            Some(Constant::Null) => "NULL".to_owned(),
            _ => self.column_named(at).unwrap_or_else(|| "NULL".to_owned()),
        }
    }
}
