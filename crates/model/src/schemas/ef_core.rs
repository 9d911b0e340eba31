//! Migrations of Entity Framework Core: classes with `Up(MigrationBuilder)`.
//!
//! Their order is that of the ids in `[Migration("…")]`, or in the names of their files where these stand in the generated
//! part. A folder (with those of years below) holds the migrations of one context and one database.

pub(crate) mod columns;
mod operations;

use ir::{ExprId, ExprKind, Module};
use program::{ClassRef, ExprRef, FnId};
use rustc_hash::FxHashMap;
use sql::Dialect;
use sql::migrations::{Body, Migration, MigrationSet, Tool, TransactionMode};

use super::written::Written;
use crate::adapters::Context;

/// Where the classes come from.
const LIBRARY: &str = "Microsoft.EntityFrameworkCore.Migrations";

/// A class of migrations.
struct Found {
    folder: String,
    id: String,
    class: ClassRef,
    up: FnId,
    has_down: bool,
}

/// All sets.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    if !context.program.is_imported(LIBRARY) {
        return Vec::new();
    }
    let mut folders: FxHashMap<String, Vec<Found>> = FxHashMap::default();
    for found in classes(context) {
        folders.entry(found.folder.clone()).or_default().push(found);
    }
    let mut sets: Vec<MigrationSet> = folders
        .into_iter()
        .map(|(folder, mut found)| {
            found.sort_by(|a, b| (&a.id, a.class).cmp(&(&b.id, b.class)));
            let dialect = dialect_of(context, &found).unwrap_or(dialect);
            let migrations = found.iter().map(|f| migration(context, f, dialect)).collect();
            MigrationSet { directory: folder, tool: Tool::EfCore, dialect, migrations, dump: None }
        })
        .collect();
    sets.sort_by(|a, b| a.directory.cmp(&b.directory));
    sets
}

/// The folder of a migration, without those of years.
fn folder_of(path: &str) -> &str {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    while let Some((above, last)) = folder.rsplit_once('/')
        && last.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
    {
        folder = above;
    }
    folder
}

/// The classes of migrations.
fn classes(context: &Context<'_>) -> Vec<Found> {
    let program = context.program;
    let mut found = Vec::new();
    for id in context.modules().filter(|id| context.imports(*id, LIBRARY)) {
        let module = program.module(id);
        let path = program.path(id);
        let folder = folder_of(path);
        for (at, class) in module.classes() {
            let method = |name: &str| {
                let named = |f: &&ir::FunctionId| module.function(**f).name.is_some_and(|n| n == name);
                class.methods.iter().find(named).copied()
            };
            let Some(up) = method("Up") else { continue };
            let takes_builder = |p: &ir::Param| {
                p.ty.is_some_and(|ty| matches!(&module.ty(ty).kind, ir::TypeKind::Named { path, .. } if path.as_str().ends_with("MigrationBuilder")))
            };
            if !module.function(up).params.first().is_some_and(takes_builder) {
                continue;
            }
            let class = ClassRef { module: id, class: at };
            let down = method("Down").and_then(|d| module.function(d).body.as_ref());
            let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".cs");
            found.push(Found {
                folder: folder.to_owned(),
                id: attribute(context, class, "Migration").unwrap_or_else(|| stem.to_owned()),
                class,
                up: FnId { module: id, function: up },
                has_down: down.is_some_and(|body| !body.is_empty()),
            });
        }
    }
    found
}

/// The text of an attribute of a class, whichever part it stands with.
fn attribute(context: &Context<'_>, class: ClassRef, name: &str) -> Option<String> {
    let parts = context.program.classes().info(class).map_or(vec![class], |i| i.parts.clone());
    parts.iter().find_map(|part| {
        let module = context.program.module(part.module);
        context.program.class(*part).annotations.iter().find_map(|annotation| {
            let ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { return None };
            let called = module.dotted(*callee)?;
            let last = called.rsplit('.').next()?.trim_end_matches("Attribute");
            let text = context.string(ExprRef { module: part.module, expr: args.first()?.value })?;
            (last == name).then(|| text.to_string())
        })
    })
}

/// The database of a folder, by what only one provider writes.
fn dialect_of(context: &Context<'_>, found: &[Found]) -> Option<Dialect> {
    const SIGNS: &[(&str, Dialect)] = &[
        ("Npgsql", Dialect::Postgres),
        ("timestamp with", Dialect::Postgres),
        ("SqlServer", Dialect::SqlServer),
        ("nvarchar", Dialect::SqlServer),
        ("MySql", Dialect::MySql),
        ("longtext", Dialect::MySql),
        ("Sqlite", Dialect::Sqlite),
        ("\"INTEGER\"", Dialect::Sqlite),
    ];
    let texts = found.iter().rev().map(|f| {
        let module = context.program.module(f.class.module);
        &*context.sources.file(module.file).text
    });
    let mut votes: Vec<(usize, Dialect)> = Vec::new();
    for text in texts.take(30) {
        for (sign, dialect) in SIGNS {
            let count = text.matches(sign).count();
            match votes.iter_mut().find(|v| v.1 == *dialect) {
                Some(vote) => vote.0 += count,
                None => votes.push((count, *dialect)),
            }
        }
    }
    let best = votes.into_iter().max_by_key(|(count, dialect)| (*count, std::cmp::Reverse(*dialect)))?;
    (best.0 > 0).then_some(best.1)
}

fn migration(context: &Context<'_>, found: &Found, dialect: Dialect) -> Migration {
    let module: &Module = context.program.module(found.class.module);
    let mut reader = operations::Reader::new(context, found.class.module, Written::new(dialect));
    reader.function(found.up);
    let has_bare = reader.has_bare;
    let statements = reader.written.statements();
    let (version, name) = found.id.split_once('_').unwrap_or((&found.id, ""));
    Migration {
        version: version.to_owned(),
        name: match name {
            "" => context.program.class(found.class).name.to_string(),
            name => name.to_owned(),
        },
        file: module.file.0 as usize,
        forward: Body::Statements(statements),
        is_reversible: found.has_down,
        transaction: if has_bare { TransactionMode::None } else { TransactionMode::Whole },
        is_repeatable: false,
    }
}

/// The last part of a name as written.
fn last_name(module: &Module, expr: ExprId) -> Option<&'static str> {
    match &module.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
        _ => None,
    }
}
