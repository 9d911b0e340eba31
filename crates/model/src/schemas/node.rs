//! Migrations of JavaScript: Knex, Sequelize, TypeORM, MikroORM, node-pg-migrate and db-migrate.
//!
//! Each file gives a function `up`, or holds a class that has one. It is run as far as it is written down, and the tool
//! says the SQL that it would send.

mod db_migrate;
mod knex;
mod pgm;
pub(crate) mod sequelize;
pub(crate) mod typeorm;

use std::collections::BTreeMap;

use base::{FileRole, Symbol};
use ir::{ExprKind, Range};
use program::{ClassRef, FnId, ModuleId};
use sql::Dialect;
use sql::migrations::{Body, Migration, MigrationSet, Tool as ToolName, TransactionMode};

use super::written::{Written, quoted};
use crate::adapters::Context;
use crate::script::{Run, Scope, Tool, Val, What, named_dialect};

/// A migration's file.
struct Candidate {
    module: ModuleId,
    tool: ToolName,
    /// What it is sorted by within its folder.
    order: String,
    name: String,
    up: Way,
}

/// What is run.
enum Way {
    Function(Val),
    Method(ClassRef, FnId),
}

/// All sets of migrations.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    let mut folders: BTreeMap<(String, ToolName), (String, Vec<Candidate>)> = BTreeMap::new();
    let packages = packages(context);
    for module in context.ecmascript_modules() {
        let path = context.program.path(module);
        let role = context.sources.file(context.program.module(module).file).role;
        if !is_in_migrations(path) || matches!(role, FileRole::Example | FileRole::Generated) {
            continue;
        }
        if let Some(candidate) = candidate(context, module) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            // TypeORM is given patterns of files: folders of the same name in a package are run together
            let key = match candidate.tool {
                ToolName::TypeOrm => {
                    let package = packages.iter().find(|p| path.starts_with(p.as_str())).map_or("", |p| p.as_str());
                    format!("{package}*/{}", folder.rsplit('/').next().unwrap_or_default())
                }
                _ => folder.clone(),
            };
            let (named, found) = folders.entry((key, candidate.tool)).or_default();
            if found.is_empty() || folder.len() < named.len() {
                *named = folder;
            }
            found.push(candidate);
        }
    }
    let made = folders.into_iter().map(|((_, tool), (folder, mut found))| {
        found.sort_by(|a, b| (&a.order, a.module).cmp(&(&b.order, b.module)));
        set(context, folder, tool, &found, dialect)
    });
    let mut sets: Vec<MigrationSet> = made.collect();
    // the database that the project speaks to first, and the series that goes furthest
    sets.sort_by_key(|s| (s.dialect != dialect, std::cmp::Reverse(s.migrations.len())));
    sets
}

/// The folders of packages, deepest first.
fn packages(context: &Context<'_>) -> Vec<String> {
    let folder = |path: &str| path.strip_suffix("package.json").map(str::to_owned);
    let mut found: Vec<String> = context.sources.files().filter_map(|(_, f)| folder(&f.path)).collect();
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found
}

/// Whether a folder of the path says that it holds migrations.
fn is_in_migrations(path: &str) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else { return false };
    let named = folder.to_ascii_lowercase().split('/').any(|part| {
        part.split(['-', '_', '.']).any(|word| matches!(word, "migration" | "migrations" | "migrate" | "migrator"))
    });
    named && !file.contains(".d.ts") && !file.contains(".test.") && !file.contains(".spec.")
}

fn candidate(context: &Context<'_>, module: ModuleId) -> Option<Candidate> {
    let file = context.program.path(module).rsplit('/').next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or(file).to_owned();
    if let Some((class, up)) = class_with(context, module) {
        let item = context.program.class(class);
        let is_mikro = item.bases.iter().any(|b| named_type(context, module, *b) == "Migration");
        let name = item.name.as_str();
        // TypeORM sorts by the time at the end of the class's name
        let time = &name[name.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        let (tool, order) = match is_mikro {
            true => (ToolName::MikroOrm, file.to_owned()),
            false => (ToolName::TypeOrm, format!("{time:0>20}")),
        };
        return Some(Candidate { module, tool, order, name: name.to_owned(), up: Way::Method(class, up) });
    }
    let item = context.program.module(module);
    let has_up = item.functions().any(|(_, f)| f.name.is_some_and(|n| n == "up"))
        || item.body.iter().any(|s| match &item.stmt(*s).kind {
            ir::StmtKind::Assign { target, .. } => item
                .dotted(*target)
                .is_some_and(|n| n == "up" || n.ends_with("exports.up") || n == "module.exports" || n == "default"),
            ir::StmtKind::Expr(_) => true,
            _ => false,
        });
    if !has_up {
        return None;
    }
    let up = Run::new(context, module, Dialect::Generic).exported(module, "up")?;
    let What::Function(function, _) = &up.what else { return None };
    let tool = tool_of(context, *function)?;
    Some(Candidate { module, tool, order: file.to_owned(), name: stem, up: Way::Function(up) })
}

/// The class of a migration: it says so by a base, or by what its methods are given.
fn class_with(context: &Context<'_>, module: ModuleId) -> Option<(ClassRef, FnId)> {
    let item = context.program.module(module);
    item.classes().find_map(|(id, class)| {
        let up = class.methods.iter().find(|m| item.function(**m).name.is_some_and(|n| n == "up"))?;
        let says = class.bases.iter().any(|b| {
            let name = named_type(context, module, *b);
            name == "MigrationInterface" || name == "Migration"
        });
        let given = item.function(*up).params.first().is_some_and(|p| p.name == "queryRunner");
        (says || given).then_some((ClassRef { module, class: id }, FnId { module, function: *up }))
    })
}

/// The last part of a type's name.
fn named_type(context: &Context<'_>, module: ModuleId, ty: ir::TypeId) -> String {
    match &context.program.module(module).ty(ty).kind {
        ir::TypeKind::Named { path, .. } => path.as_str().rsplit('.').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The tool by what the function is given and what it calls on that.
fn tool_of(context: &Context<'_>, function: FnId) -> Option<ToolName> {
    let module = context.program.module(function.module);
    let item = module.function(function.function);
    let param = item.params.first()?;
    let ty = param.ty.map(|t| named_type(context, function.module, t)).unwrap_or_default();
    match (param.name.as_str(), ty.as_str()) {
        ("pgm", _) | (_, "MigrationBuilder") => return Some(ToolName::NodePgMigrate),
        ("queryRunner", _) | (_, "QueryRunner") => return Some(ToolName::TypeOrm),
        ("queryInterface", _) | (_, "QueryInterface") => return Some(ToolName::Sequelize),
        ("knex", _) | (_, "Knex") => return Some(ToolName::Knex),
        _ => {}
    }
    // `({ context: queryInterface }) => …`
    let mut named = param.name;
    if let Some(pattern) = param.pattern {
        let ExprKind::Map(entries) = &module.expr(pattern).kind else { return None };
        let context = entries.iter().find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == "context"))?;
        let mut bound = context.value;
        if let ExprKind::Map(inner) = &module.expr(bound).kind {
            bound = inner
                .iter()
                .find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == "queryInterface"))?
                .value;
        }
        let ExprKind::Name(name) = module.expr(bound).kind else { return None };
        named = name;
    }
    let mut found = None;
    for (_, expr) in module.exprs_within(item.range) {
        let ExprKind::Member { object, name, .. } = &expr.kind else { continue };
        let whole = module.dotted(*object).unwrap_or_default();
        let is_own = whole == named.as_str();
        match name.as_str() {
            "runSql" if is_own => return Some(ToolName::DbMigrate),
            _ if whole == format!("{named}.schema") => return Some(ToolName::Knex),
            "raw" if is_own => return Some(ToolName::Knex),
            "query" if whole.ends_with(".sequelize") => return Some(ToolName::Sequelize),
            "addColumn" | "createTable" | "removeColumn" | "addIndex" | "changeColumn" | "renameColumn"
            | "dropTable" | "addConstraint" | "removeIndex"
                if is_own =>
            {
                let takes_callback = item.params.len() > 1
                    && item.params[1..].iter().any(|p| matches!(p.name.as_str(), "cb" | "callback" | "done"));
                let is_old = takes_callback || named == Symbol::new("db");
                found = Some(if is_old { ToolName::DbMigrate } else { ToolName::Sequelize });
            }
            _ => {}
        }
    }
    found
}

fn set(context: &Context<'_>, folder: String, tool: ToolName, found: &[Candidate], known: Dialect) -> MigrationSet {
    let dialect = dialect_of(context, &folder, tool, found, known);
    let mut run = Run::new(context, found[0].module, dialect);
    let mut state = State::default();
    let migrations = found.iter().map(|c| migration(&mut run, c, &mut state)).collect();
    MigrationSet { directory: folder, tool, dialect, migrations, dump: None }
}

/// The database that a folder's migrations are for: as its name says, as their SQL says, else the project's.
fn dialect_of(context: &Context<'_>, folder: &str, tool: ToolName, found: &[Candidate], known: Dialect) -> Dialect {
    let words = folder.rsplit('/').flat_map(|part| part.split(['-', '_', '.']));
    if let Some(named) = words.filter_map(named_dialect).next() {
        return named;
    }
    match tool {
        ToolName::NodePgMigrate => return Dialect::Postgres,
        ToolName::TypeOrm | ToolName::MikroOrm => {}
        _ => return known,
    }
    let mut text = String::new();
    for candidate in found {
        let module = context.program.module(candidate.module);
        for (id, _) in module.exprs() {
            if let Some(literal) = module.string(id).filter(|s| s.as_str().contains(' ')) {
                text.push_str(literal.as_str());
                text.push_str(";\n");
            }
        }
    }
    match sql::migrations::dialect_of(&text) {
        Dialect::Generic => known,
        said => said,
    }
}

/// What one migration leaves for the next.
#[derive(Default)]
struct State {
    /// Statements of those before, for code that asks what is there.
    before: Vec<sql::Statement>,
}

fn migration(run: &mut Run<'_, '_>, candidate: &Candidate, state: &mut State) -> Migration {
    let context = run.context;
    let module = candidate.module;
    run.enter(module);
    let at = Range::default();
    let dialect = run.dialect;
    let given = |name: &str| Val::path(name, at);
    let (statements, plain) = {
        let mut go = |tool: &mut dyn Tool, args: &[Val]| match &candidate.up {
            Way::Function(up) => {
                run.call_value(up, args, tool);
            }
            Way::Method(class, up) => {
                let this = Val::new(What::Instance(*class), at);
                run.invoke_on(Some(this), *up, &Scope::of([]), args, tool);
            }
        };
        match candidate.tool {
            ToolName::Knex => {
                let mut tool = knex::Knex::new(dialect, &state.before);
                go(&mut tool, &[given("knex"), given("Promise")]);
                (tool.written.statements(), false)
            }
            ToolName::Sequelize => {
                let mut tool = sequelize::Sequelize::new(dialect, &state.before);
                let first = sequelize::argument(&candidate.up, context, at);
                go(&mut tool, &[first, given("Sequelize")]);
                (tool.written.statements(), !tool.in_transaction)
            }
            ToolName::NodePgMigrate => {
                let mut tool = pgm::Pgm::new();
                go(&mut tool, &[given("pgm")]);
                (tool.written.statements(), tool.without_transaction)
            }
            ToolName::DbMigrate => {
                let mut tool = db_migrate::DbMigrate::new(dialect);
                go(&mut tool, &[given("db")]);
                (tool.written.statements(), true)
            }
            _ => {
                let mut tool = typeorm::TypeOrm::new(dialect, &state.before);
                go(&mut tool, &[given("queryRunner")]);
                (tool.written.statements(), false)
            }
        }
    };
    state.before.extend(statements.iter().cloned());
    let opens = transaction(run, candidate);
    Migration {
        version: candidate.order.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().to_owned(),
        name: candidate.name.clone(),
        file: context.program.module(module).file.0 as usize,
        forward: Body::Statements(statements),
        is_reversible: is_reversible(run, candidate),
        transaction: if plain || opens == Some(false) { TransactionMode::None } else { TransactionMode::Whole },
        is_repeatable: false,
    }
}

/// What a migration says itself of its transaction: `exports.config = { transaction: false }`, `transaction = false`.
fn transaction(run: &mut Run<'_, '_>, candidate: &Candidate) -> Option<bool> {
    match &candidate.up {
        Way::Function(_) => {
            let config = run.exported(candidate.module, "config")?;
            config.get("transaction").and_then(Val::truth)
        }
        Way::Method(class, _) => {
            let item = run.context.program.class(*class);
            let field = item.fields.iter().find(|f| f.name == "transaction")?;
            let at = program::ExprRef { module: candidate.module, expr: field.init? };
            run.value(at, &mut crate::script::NoTool).truth()
        }
    }
}

fn is_reversible(run: &mut Run<'_, '_>, candidate: &Candidate) -> bool {
    let context = run.context;
    let has_body = |function: FnId| context.program.function(function).body.as_ref().is_some_and(|b| !b.is_empty());
    match &candidate.up {
        Way::Function(_) => match run.exported(candidate.module, "down").map(|v| v.what) {
            Some(What::Function(function, _)) => has_body(function),
            _ => false,
        },
        Way::Method(class, _) => context.method(*class, "down").is_some_and(has_body),
    }
}

/// Rows that a migration writes: which columns, and whether all rows or some.
fn write_rows(written: &mut Written, writes: &str, table: &str, values: Option<&Val>, is_filtered: bool, at: Range) {
    let dialect = written.dialect();
    let name = quoted(dialect, table);
    let first = values.map(|v| v.items().first().unwrap_or(v));
    let columns: Vec<String> = match first.map(|v| (v.entries(), v.name())) {
        Some((entries @ [_, ..], _)) => entries.iter().map(|e| quoted(dialect, &e.key)).collect(),
        Some((_, Some(column))) => vec![quoted(dialect, column)],
        _ => Vec::new(),
    };
    let condition = if is_filtered { " WHERE 1 = ?" } else { "" };
    let text = match writes {
        "INSERT" if columns.is_empty() => format!("INSERT INTO {name} VALUES (?);\n"),
        "INSERT" => {
            let marks = vec!["?"; columns.len()].join(", ");
            format!("INSERT INTO {name} ({}) VALUES ({marks});\n", columns.join(", "))
        }
        "UPDATE" if columns.is_empty() => return,
        "UPDATE" => {
            let set: Vec<String> = columns.iter().map(|c| format!("{c} = ?")).collect();
            format!("UPDATE {name} SET {}{condition};\n", set.join(", "))
        }
        "TRUNCATE" => format!("TRUNCATE TABLE {name};\n"),
        _ => format!("DELETE FROM {name}{condition};\n"),
    };
    written.say(&text, at);
}

/// The schema as migrations before have left it, for code that asks for it.
struct There<'s> {
    dialect: Dialect,
    before: &'s [sql::Statement],
}

impl There<'_> {
    fn schema(&self, so_far: &Written) -> sql::Schema {
        let mut schema = sql::Schema::new(self.dialect);
        schema.replay(self.before, base::FileId(0), 0);
        schema.replay(&so_far.so_far(), base::FileId(0), 0);
        schema
    }
}
