//! What accesses ask of the tables of the schemas: by which columns, in which order.

use base::Symbol;
use ir::{ExprId, ExprKind, StmtKind};
use program::{ClassRef, ExprRef, FnId, ModuleId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use sql::migrations;
use sql::query::Query;
use sql::schema::Table;
use sql::{Dialect, Name};

use super::conditions::{Asked, Conditions, How};
use super::derived;
use super::targets::Targets;
use super::{Access, Does, MAX_CHAIN, statements};
use crate::adapters::Context;
use crate::facts::{AccessFact, Kind};
use crate::schemas::DatabaseSchema;
use crate::stored::{Stored, StoredThings};

/// What one access asks of one table.
#[derive(Clone, Debug)]
pub struct Question {
    /// The access, among all.
    pub access: u32,
    /// The schema, among all, and the table in it.
    pub schema: u32,
    /// The table's key in the schema.
    pub table: Name,
    /// Columns of the table that equal a value, or one of several.
    pub equal: Vec<String>,
    /// Columns that lie in a range.
    pub ranges: Vec<String>,
    /// All other conditions, with how.
    pub others: Vec<(String, How)>,
    /// The order, with `true` for descending.
    pub order: Vec<(String, bool)>,
    /// It may ask for more or for less than that: alternatives, or conditions that were not understood.
    pub is_partly_read: bool,
}

/// Reads the questions of all accesses. Those whose table no schema has are none.
pub(crate) fn collect(
    context: &Context<'_>,
    accesses: &[Access],
    stored: &StoredThings,
    schemas: &[DatabaseSchema],
) -> Vec<Question> {
    let tables = Tables::new(schemas);
    if tables.of.is_empty() {
        return Vec::new();
    }
    let mut of_module: Vec<(ModuleId, Vec<u32>)> = Vec::new();
    for (at, access) in accesses.iter().enumerate() {
        if !matches!(access.does, Does::List | Does::One | Does::Count | Does::Update | Does::Delete) {
            continue;
        }
        match of_module.last_mut() {
            Some((module, all)) if *module == access.call.module => all.push(at as u32),
            _ => of_module.push((access.call.module, vec![at as u32])),
        }
    }
    let read = |(module, all): &(ModuleId, Vec<u32>)| {
        let targets = Targets::new(context, stored, *module);
        let path = context.program.path(*module);
        let spoken = migrations::dialect_of_path(path);
        let mut reader = Reader { context, stored, tables: &tables, targets, path, spoken };
        let mut found = Vec::new();
        for at in all {
            reader.read(*at, &accesses[*at as usize], &mut found);
        }
        found
    };
    of_module.par_iter().map(read).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The tables of all schemas by their names in small letters.
struct Tables<'s> {
    of: FxHashMap<String, Vec<Known<'s>>>,
}

/// A table of a schema.
struct Known<'s> {
    schema: u32,
    key: &'s Name,
    table: &'s Table,
    dialect: Dialect,
    /// Where the migrations are.
    directory: &'s str,
}

impl<'s> Tables<'s> {
    fn new(schemas: &'s [DatabaseSchema]) -> Self {
        let mut of: FxHashMap<String, Vec<_>> = FxHashMap::default();
        for (at, database) in schemas.iter().enumerate() {
            for (key, table) in &database.schema.tables {
                let known = of.entry(key.name.to_lowercase()).or_default();
                known.push(Known {
                    schema: at as u32,
                    key,
                    table,
                    dialect: database.schema.dialect,
                    directory: &database.set.directory,
                });
            }
        }
        Self { of }
    }
}

struct Reader<'c> {
    context: &'c Context<'c>,
    stored: &'c StoredThings,
    tables: &'c Tables<'c>,
    targets: Targets<'c>,
    /// The file, and the dialect that its path says.
    path: &'c str,
    spoken: Option<Dialect>,
}

impl<'c> Reader<'c> {
    fn read(&mut self, at: u32, access: &Access, found: &mut Vec<Question>) {
        let record = self.context.facts.record(access.record);
        match record.access {
            Some(AccessFact::Statement) => {
                let Some(query) = statements::query(self.context, access.call, record.arg.unwrap_or(0)) else { return };
                self.add_query(at, &query, found, 0);
            }
            Some(AccessFact::Declared) => self.declared(at, access, found),
            _ => {
                if let Some(query) = self.statement_below(access) {
                    return self.add_query(at, &query, found, 0);
                }
                // a table by its own path stands for itself, whatever structs its rows are read into
                let path = self.targets.table_of_call(access.call.expr);
                if let Some(path) = path.filter(|p| self.tables.of.contains_key(p.table.as_str())) {
                    let table = path.table.as_str();
                    let stored = self.stored.all.iter().find(|s| s.table.name == table);
                    let asked = self.asked(access, stored, path.has_columns.then_some(table));
                    return self.add(at, &Name::bare(table), stored, &asked, found);
                }
                let Some(stored) = self.targets.of_call(access.call.expr) else { return };
                let asked = self.asked(access, Some(stored), None);
                self.add(at, &stored.table, Some(stored), &asked, found);
            }
        }
    }

    /// The statement that a chain of calls begins with: `sqlx::query("SELECT …").bind(id).fetch_one(&pool)`.
    fn statement_below(&self, access: &Access) -> Option<Box<Query>> {
        let module = self.context.program.module(access.call.module);
        let mut at = access.call.expr;
        for _ in 0..MAX_CHAIN {
            at = match &module.expr(at).kind {
                ExprKind::Call { callee, args, .. } => {
                    let text = args.iter().find_map(|a| {
                        let text = statements::written_at(module, a.value)?;
                        statements::begins_query(&text).then_some(text)
                    });
                    if let Some(text) = text {
                        return statements::query_of(&text);
                    }
                    match module.expr(*callee).kind {
                        ExprKind::Member { object, .. } => object,
                        _ => return None,
                    }
                }
                ExprKind::Await(inner) | ExprKind::Unary { operand: inner, .. } => *inner,
                _ => return None,
            };
        }
        None
    }

    /// What the calls of a chain ask.
    fn asked(&self, access: &Access, stored: Option<&Stored>, table: Option<&'c str>) -> Asked {
        let module = self.context.program.module(access.call.module);
        let mut conditions = Conditions { module, table, asked: Asked::default() };
        for (call, record) in &access.links {
            let record = self.context.facts.record(*record);
            if record.kind == Kind::Query {
                match (access.does, record.arg) {
                    // what is written says nothing of which rows
                    (Does::Update, None) => {}
                    (Does::Update, Some(arg)) => conditions.read_argument(*call, arg as usize),
                    (_, arg) => conditions.read_call(*call, arg.unwrap_or(0) as usize),
                }
                continue;
            }
            match record.label.as_deref() {
                Some("filter") => match called(module, *call) {
                    // `exclude(state=…)` asks for all others
                    "exclude" | "Not" | "whereNot" | "not" => {}
                    // what joins brings in conditions of other tables
                    name if name.to_lowercase().contains("join") => conditions.asked.is_partly_read = true,
                    _ => conditions.read_call(*call, 0),
                },
                Some("order") => {
                    let ExprKind::Call { args, .. } = &module.expr(*call).kind else { continue };
                    let before = conditions.asked.order.len();
                    for arg in args {
                        match arg.name {
                            Some(name) => {
                                conditions.asked.order.push((name.to_string(), is_descending(module, arg.value)))
                            }
                            None => conditions.order(arg.value),
                        }
                    }
                    if called(module, *call).to_lowercase().contains("desc") {
                        conditions.asked.order[before..].iter_mut().for_each(|(_, descending)| *descending = true);
                    }
                }
                _ => {}
            }
        }
        conditions.asked.is_partly_read |= self.is_begun_elsewhere(access, stored);
        conditions.asked
    }

    /// Whether the project adds to the query what is not seen here: a function of its own, or what the class declares
    /// under that name (`scope :published, …`).
    fn is_begun_elsewhere(&self, access: &Access, stored: Option<&Stored>) -> bool {
        let module = self.context.program.module(access.call.module);
        let declared = stored.and_then(|s| s.class).map(|class| self.declared_names(class)).unwrap_or_default();
        let mut at = access.call.expr;
        for _ in 0..MAX_CHAIN {
            at = match &module.expr(at).kind {
                ExprKind::Call { callee, .. } => {
                    let call = ExprRef { module: access.call.module, expr: at };
                    let is_own = self.context.program.call(call).is_some_and(|c| !c.functions.is_empty());
                    if at != access.call.expr && (is_own || declared.contains(&called(module, at))) {
                        return true;
                    }
                    match module.expr(*callee).kind {
                        ExprKind::Member { object, .. } => object,
                        _ => return false,
                    }
                }
                ExprKind::Await(inner) | ExprKind::Member { object: inner, .. } => *inner,
                _ => return false,
            };
        }
        false
    }

    /// The names that calls in the body of a class declare.
    fn declared_names(&self, class: ClassRef) -> Vec<&'static str> {
        let classes = self.context.program.classes();
        let mut names = Vec::new();
        for part in classes.lineage(classes.canonical(class)) {
            let module = self.context.program.module(part.module);
            for stmt in &module.class(part.class).body {
                let (StmtKind::Expr(expr) | StmtKind::Return(Some(expr))) = module.stmt(*stmt).kind else { continue };
                let ExprKind::Call { args, .. } = &module.expr(expr).kind else { continue };
                names.extend(args.first().and_then(|a| module.string(a.value)).map(Symbol::as_str));
            }
        }
        names
    }

    /// A method that an interface declares: its statement, or the words of its name.
    fn declared(&mut self, at: u32, access: &Access, found: &mut Vec<Question>) {
        let Some(callee) = self.context.program.call(access.call) else { return };
        let Some(method) = callee.functions.first().copied() else { return };
        if let Some(query) = annotated_query(self.context, method) {
            return self.add_query(at, &query, found, 0);
        }
        let Some(class) = self.context.program.classes().class_of(method) else { return };
        let Some(stored) = self.targets.of_repository(class) else { return };
        let name = self.context.program.function(method).name;
        let Some(asked) = name.and_then(|n| derived::asked(n.as_str())) else { return };
        self.add(at, &stored.table, Some(stored), &asked, found);
    }

    /// A statement, with the queries inside it. In languages of objects the tables are the names of classes.
    fn add_query(&mut self, at: u32, query: &Query, found: &mut Vec<Question>, depth: u32) {
        if depth > 4 {
            return;
        }
        let mut names: Vec<&Name> = query.tables.iter().filter(|t| !t.is_derived).map(|t| &t.name).collect();
        names.sort();
        names.dedup();
        for name in names {
            let mut asked = Asked::of_query(query, name);
            // conditions whose columns were not told apart
            asked.is_partly_read |= query.has_where && query.predicates.is_empty();
            let of_class = self.stored.named(&name.name);
            match of_class {
                Some(stored) if !self.tables.of.contains_key(&name.name.to_lowercase()) => {
                    self.add(at, &stored.table, Some(stored), &asked, found);
                }
                _ => self.add(at, name, of_class, &asked, found),
            }
        }
        for inner in &query.subqueries {
            self.add_query(at, &inner.query, found, depth + 1);
        }
    }

    fn add(&self, at: u32, table: &Name, stored: Option<&Stored>, asked: &Asked, found: &mut Vec<Question>) {
        let Some(known) = self.tables.of.get(&table.name.to_lowercase()) else { return };
        // `store/mysql/users.go` asks the tables of MySQL, where there are such; and a package its own
        let spoken = known.iter().any(|t| Some(t.dialect) == self.spoken).then_some(self.spoken).flatten();
        let known = || known.iter().filter(|t| spoken.is_none_or(|s| s == t.dialect));
        let near = |t: &&Known<'_>| common(self.path, t.directory);
        let nearest = known().map(|t| near(&t)).max().unwrap_or_default();
        for Known { schema, key, table, dialect, .. } in known().filter(|t| near(t) == nearest) {
            let mut question = Question {
                access: at,
                schema: *schema,
                table: (*key).clone(),
                equal: Vec::new(),
                ranges: Vec::new(),
                others: Vec::new(),
                order: Vec::new(),
                is_partly_read: asked.is_partly_read || asked.has_alternatives,
            };
            for condition in &asked.conditions {
                let Some(column) = column_of(table, stored, &condition.name, *dialect) else {
                    question.is_partly_read = true;
                    continue;
                };
                match condition.how {
                    How::Equal => {
                        question.equal.extend(kind_beside(table, &condition.name, &column, *dialect));
                        question.equal.push(column);
                    }
                    How::Range => question.ranges.push(column),
                    how => question.others.push((column, how)),
                }
            }
            for (name, descending) in &asked.order {
                match column_of(table, stored, name, *dialect) {
                    Some(column) => question.order.push((column, *descending)),
                    None => {
                        question.order.clear();
                        break;
                    }
                }
            }
            found.push(question);
        }
    }
}

/// The column that says what an owner of any kind is, where code asks by the owner: `subject` is `subject_type` and
/// `subject_id`.
fn kind_beside(table: &Table, name: &str, column: &str, dialect: Dialect) -> Option<String> {
    let stem = column.strip_suffix("_id").filter(|_| name != column)?;
    table.column(&format!("{stem}_type"), dialect).map(|c| c.name.clone())
}

/// How many folders two paths have in common.
fn common(one: &str, other: &str) -> usize {
    one.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count()
}

/// The name of what a call calls.
fn called(module: &ir::Module, call: ExprId) -> &'static str {
    let ExprKind::Call { callee, .. } = &module.expr(call).kind else { return "" };
    match &module.expr(*callee).kind {
        ExprKind::Member { name, .. } | ExprKind::Name(name) => name.as_str(),
        _ => "",
    }
}

fn is_descending(module: &ir::Module, way: ExprId) -> bool {
    module.string(way).is_some_and(|w| w.as_str().eq_ignore_ascii_case("desc"))
}

/// The column that the code calls by a name: `CreatedAt`, `createdAt` and `created_at` are the same.
fn column_of(table: &Table, stored: Option<&Stored>, name: &str, dialect: Dialect) -> Option<String> {
    if let Some(column) = stored.and_then(|s| s.column_of(name))
        && let Some(column) = table.column(column, dialect)
    {
        return Some(column.name.clone());
    }
    if let Some(column) = table.column(name, dialect) {
        return Some(column.name.clone());
    }
    let plain = |name: &str| name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let wanted = plain(name);
    if wanted == "pk" {
        let first = table.primary_key()?.columns.first()?.column.clone()?;
        return Some(first);
    }
    let mut same = table.columns.iter().filter(|c| plain(&c.name) == wanted);
    let column = same.next()?;
    same.next().is_none().then(|| column.name.clone())
}

/// The statement in an annotation of a method: `@Query("select …")`.
fn annotated_query(context: &Context<'_>, method: FnId) -> Option<Box<Query>> {
    let module = context.program.module(method.module);
    let item = module.function(method.function);
    item.annotations.iter().find_map(|annotation| {
        let ExprKind::Call { args, .. } = &module.expr(*annotation).kind else { return None };
        let text = args
            .iter()
            .filter(|a| a.name.is_none_or(|n| n == "value"))
            .find_map(|a| statements::text(context, ExprRef { module: method.module, expr: a.value }, 0))?;
        statements::query_of(&text)
    })
}
