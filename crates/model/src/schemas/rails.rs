//! Ruby on Rails: `db/migrate`, `db/NAME_migrate`, those of engines, and the schema that Rails writes down after them.
//!
//! `rails/run.rs` runs migrations as far as their values are written down, `statements.rs` and `tables.rs` say what
//! their methods send, `types.rs` what the database and the version of the migration make of types and names.

mod others;
mod run;
mod statements;
mod tables;
mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use base::{FileRole, Language};
use ir::{ClassId, ExprKind, StmtKind};
use program::{ClassRef, ModuleId};
use sql::migrations::{self, Body, Migration, MigrationSet, Tool, TransactionMode};
use sql::{Dialect, Range};

use self::run::Runner;
use self::types::Version;
use self::values::Given;
use crate::adapters::Context;
use crate::inflections::Inflections;

/// A file of a migration.
struct Found {
    module: ModuleId,
    /// The folder of migrations: `db/migrate`.
    directory: String,
    version: u64,
    written: String,
    name: String,
}

/// Which database of which application.
type Place = (String, String);

/// All migrations, by database.
pub(super) fn sets(context: &Context<'_>, dialect: Dialect) -> Vec<MigrationSet> {
    let mut places: BTreeMap<Place, Vec<Found>> = BTreeMap::new();
    let dumps = dumps(context);
    let applications = applications(context, &dumps);
    for module in context.modules() {
        let Some((root, database, found)) = migration(context, module) else { continue };
        places.entry((application(&applications, &root), database)).or_default().push(found);
    }
    for place in dumps.keys() {
        places.entry(place.clone()).or_default();
    }
    if places.is_empty() {
        return Vec::new();
    }
    let words = Inflections::read(context);
    let set = |(place, mut found): (Place, Vec<Found>)| {
        found.sort_by(|a, b| (a.version, &a.name).cmp(&(b.version, &b.name)));
        let dump = dumps.get(&place);
        made(context, &words, dialect, &place, &found, dump)
    };
    places.into_iter().map(set).filter(|s| !s.migrations.is_empty() || s.dump.is_some()).collect()
}

/// What a path says: the root above `db`, the database where it is not the first one, and the migration.
fn migration(context: &Context<'_>, id: ModuleId) -> Option<(String, String, Found)> {
    let (program, module) = (context.program, context.program.module(id));
    let path = program.path(id);
    if module.language != Language::Ruby || !path.contains("migrate/") {
        return None;
    }
    if matches!(context.sources.file(module.file).role, FileRole::Example | FileRole::Generated) {
        return None;
    }
    let (folder, file) = path.rsplit_once('/')?;
    let (version, name) = file.strip_suffix(".rb")?.split_once('_')?;
    let parts: Vec<&str> = folder.split('/').collect();
    let is_migrate = |p: &&str| matches!(*p, "migrate" | "post_migrate") || p.ends_with("_migrate");
    let at = parts.iter().rposition(is_migrate)?;
    let database = parts[at].strip_suffix("_migrate").filter(|n| *n != "post").unwrap_or_default();
    let db = parts[..at].iter().rposition(|p| *p == "db")?;
    // those of examples, and those that a generator copies elsewhere
    let is_other = |p: &&str| {
        matches!(*p, "templates" | "generators" | "example" | "examples" | "dummy" | "demo" | "samples")
            || p.starts_with("sample_")
    };
    if parts[..db].iter().any(is_other) {
        return None;
    }
    // `db/analytics/migrate`
    let database = if database.is_empty() { parts[db + 1..at].join("_") } else { database.to_owned() };
    let found = Found {
        module: id,
        directory: parts[..=at].join("/"),
        version: version.parse().ok()?,
        written: version.to_owned(),
        name: name.to_owned(),
    };
    Some((parts[..db].join("/"), database, found))
}

/// The file that has the whole schema of each database, by root and name.
fn dumps(context: &Context<'_>) -> BTreeMap<Place, base::FileId> {
    let mut found: BTreeMap<Place, base::FileId> = BTreeMap::new();
    for (id, file) in context.sources.files() {
        if matches!(file.role, FileRole::Test | FileRole::Example | FileRole::Generated) {
            continue;
        }
        let Some((folder, name)) = file.path.rsplit_once('/') else { continue };
        let Some(root) = folder.strip_suffix("db").filter(|r| r.is_empty() || r.ends_with('/')) else { continue };
        let is_sql = name.ends_with("structure.sql");
        let database = match name {
            "schema.rb" | "structure.sql" => "",
            _ => match name.strip_suffix("_schema.rb").or_else(|| name.strip_suffix("_structure.sql")) {
                Some(database) => database,
                None => continue,
            },
        };
        let is_rails = if is_sql { file.text.contains("schema_migrations") } else { file.text.contains("Schema") };
        let place = (root.trim_end_matches('/').to_owned(), database.to_owned());
        // `schema_format = :sql` leaves an old `schema.rb` behind
        let keeps = |old: &base::FileId| context.sources.file(*old).path.ends_with(".sql");
        if is_rails && !found.get(&place).is_some_and(keeps) {
            found.insert(place, id);
        }
    }
    found
}

/// The roots of applications; engines have none of what shows one.
fn applications(context: &Context<'_>, dumps: &BTreeMap<Place, base::FileId>) -> BTreeSet<String> {
    let of = |path: &str| path.strip_suffix("config/application.rb").map(|r| r.trim_end_matches('/').to_owned());
    let files = context.sources.files().filter(|(_, f)| f.role != FileRole::Test);
    files.filter_map(|(_, f)| of(&f.path)).chain(dumps.keys().map(|(root, _)| root.clone())).collect()
}

/// The application that a folder belongs to: itself, or the nearest one around it. Engines without one are taken
/// together.
fn application(applications: &BTreeSet<String>, root: &str) -> String {
    let mut at = root;
    loop {
        if applications.contains(at) {
            return at.to_owned();
        }
        match at.rsplit_once('/') {
            Some((above, _)) => at = above,
            None => return String::new(),
        }
    }
}

fn made(
    context: &Context<'_>,
    words: &Inflections,
    dialect: Dialect,
    place: &Place,
    found: &[Found],
    dump: Option<&base::FileId>,
) -> MigrationSet {
    let structure = dump.map(|d| context.sources.file(*d)).filter(|f| f.path.ends_with(".sql"));
    let dialect = match structure.map(|f| migrations::dialect_of(&f.text)) {
        Some(Dialect::Generic) | None => dialect,
        Some(said) => said,
    };
    let mut runner = Runner::new(context, words, dialect);
    let migrations: Vec<Migration> = found.iter().filter_map(|f| read(&mut runner, f)).collect();
    let dump = dump.and_then(|d| match structure {
        Some(file) => Some(whole(*d, Body::Sql(vec![Range::new(0, file.text.len())]))),
        None => schema_file(&mut runner, *d),
    });
    let usual = match place.1.as_str() {
        "" => "db/migrate".to_owned(),
        name => format!("db/{name}_migrate"),
    };
    let usual = if place.0.is_empty() { usual } else { format!("{}/{usual}", place.0) };
    let is_usual = found.is_empty() || found.iter().any(|f| f.directory == usual);
    let directory = if is_usual { usual } else { found[0].directory.clone() };
    MigrationSet { directory, tool: Tool::Rails, dialect, migrations, dump }
}

fn whole(file: base::FileId, forward: Body) -> Migration {
    Migration {
        version: String::new(),
        name: "schema".to_owned(),
        file: file.0 as usize,
        forward,
        is_reversible: false,
        transaction: TransactionMode::None,
        is_repeatable: false,
    }
}

/// Runs one migration.
fn read(runner: &mut Runner<'_>, found: &Found) -> Option<Migration> {
    let context = runner.context;
    let module = context.program.module(found.module);
    let (class, function) = module.classes().find_map(|(id, class)| {
        let method = |name: &str| class.methods.iter().find(|f| module.function(**f).name.is_some_and(|n| n == name));
        Some((id, *method("change").or_else(|| method("up"))?))
    })?;
    let this = ClassRef { module: found.module, class };
    runner.enter(found.module, Some(this), version(context, this));
    runner.one_way_counts = module.function(function).name.is_some_and(|n| n == "change");
    runner.method(found.module, function, &Given::default());
    let is_reversible = match runner.one_way_counts {
        true => !runner.is_one_way,
        false => goes_back(module, class),
    };
    Some(Migration {
        version: found.written.clone(),
        name: found.name.clone(),
        file: module.file.0 as usize,
        forward: Body::Statements(std::mem::take(&mut runner.made)),
        is_reversible,
        transaction: match calls(module, class, "disable_ddl_transaction!") {
            true => TransactionMode::None,
            false => TransactionMode::Whole,
        },
        is_repeatable: false,
    })
}

/// The version in the base of a migration; those of Rails before 5 have none.
fn version(context: &Context<'_>, class: ClassRef) -> Version {
    let module = context.program.module(class.module);
    let Some(base) = module.class(class.class).bases.first() else { return Version::NEW };
    let written = context.sources.text(module.span(module.ty(*base).range));
    // the subscript may stand outside of the type's name
    let rest = &context.sources.file(module.file).text[module.ty(*base).range.end as usize..];
    let line = rest.lines().next().unwrap_or_default();
    let in_brackets = written.split_once('[').or_else(|| line.split_once('['));
    match in_brackets.and_then(|(_, inner)| Version::read(inner)) {
        // a project's own base has versions of its own
        Some(version) if written.contains("ActiveRecord") => version,
        Some(_) => Version(7, 0),
        None => Version::OLD,
    }
}

/// Whether `down` does something else than refuse.
fn goes_back(module: &ir::Module, class: ClassId) -> bool {
    let down = module.class(class).methods.iter().find(|f| module.function(**f).name.is_some_and(|n| n == "down"));
    let body = down.and_then(|f| module.function(*f).body.as_ref());
    body.is_some_and(|b| !b.iter().any(|s| matches!(module.stmt(*s).kind, StmtKind::Throw(_))))
}

/// Whether a class calls a method in its body.
fn calls(module: &ir::Module, class: ClassId, name: &str) -> bool {
    module.class(class).body.iter().any(|s| {
        let StmtKind::Expr(e) = &module.stmt(*s).kind else { return false };
        let ExprKind::Call { callee, .. } = &module.expr(*e).kind else { return false };
        matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == name)
    })
}

/// `db/schema.rb`.
fn schema_file(runner: &mut Runner<'_>, file: base::FileId) -> Option<Migration> {
    let context = runner.context;
    let id = context.program.module_of_file(file)?;
    let module = context.program.module(id);
    let (block, version) = module.exprs().find_map(|(_, e)| {
        let ExprKind::Call { callee, block: Some(block), .. } = &e.kind else { return None };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
        if *name != "define" {
            return None;
        }
        let (schema, version) = match &module.expr(*object).kind {
            ExprKind::Index { object, index } => {
                (*object, Version::read(context.sources.text(module.expr_span(*index))))
            }
            _ => (*object, None),
        };
        let dotted = module.dotted(schema)?;
        (dotted == "ActiveRecord.Schema").then_some((*block, version))
    })?;
    let version = version.unwrap_or_else(|| dumped_by(context, file));
    runner.enter(id, None, version);
    runner.is_dump = true;
    runner.yielded(block, &[]);
    Some(whole(file, Body::Statements(std::mem::take(&mut runner.made))))
}

/// The version of Rails that wrote a `schema.rb` without a version: what the lock file says, else what the form shows.
fn dumped_by(context: &Context<'_>, file: base::FileId) -> Version {
    let path = &context.sources.file(file).path;
    let text = &context.sources.file(file).text;
    let root = path.strip_suffix("db/schema.rb").unwrap_or_default();
    let lock = format!("{root}Gemfile.lock");
    let locked = context.sources.files().find(|(_, f)| f.path == lock).and_then(|(_, f)| {
        let line = f.text.lines().find_map(|l| l.trim().strip_prefix("activerecord ("))?;
        Version::read(line)
    });
    let shown = match text.contains("id: :serial") || text.contains("id: :integer") || text.contains("t.bigint") {
        true => Version(5, 2),
        false if text.contains("using: :btree") || !text.contains("    t.index ") => Version(4, 2),
        false => Version(5, 2),
    };
    // what is newer writes its version
    locked.filter(|v| *v < Version(7, 0)).unwrap_or(shown)
}
