//! Prints the schemas of a repository, as migrations and classes make them, one line for each object:
//! `cargo run -p specialist-engine --example schema -- DIR [FOLDER] [--stored] [--statements]`.
//!
//! Without a folder all sets are printed. `--statements` prints what each migration does instead, `--stored` the classes
//! that are stored. Changes that do not fit go to the error output.

use specialist_engine::{Options, Session, base, model::schemas::DatabaseSchema};
use sql::StatementKind;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (flags, rest): (Vec<&String>, Vec<&String>) = args.iter().partition(|a| a.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|f| *f == flag);
    let dir = rest.first().map_or(".", |d| d.as_str());
    let session = match Session::open(std::path::Path::new(dir), Options::default()) {
        Ok(session) => session,
        Err(error) => {
            eprintln!("{error}");
            return;
        }
    };
    if has("--stored") {
        return stored(&session);
    }
    for found in &session.model.schemas {
        let set = &found.set;
        if rest.get(1).is_some_and(|folder| **folder != set.directory) {
            continue;
        }
        let dump = set.dump.as_ref().map_or(String::new(), |d| format!(" dump {}", d.name));
        println!("# {:?} {:?} {} {}{dump}", set.tool, set.dialect, set.migrations.len(), set.directory);
        if has("--statements") {
            statements(&session, found);
            continue;
        }
        found.schema.describe().iter().for_each(|line| println!("{line}"));
        for misfit in &found.schema.misfits {
            let place = session.sources.start(misfit.at);
            let path = &session.sources.file(misfit.at.file).path;
            eprintln!("misfit {path}:{}: {}", place.line, misfit.reason);
        }
    }
}

/// What each migration does: the line, and the statement as it was understood.
fn statements(session: &Session, found: &DatabaseSchema) {
    let all = found.set.dump.iter().chain(&found.set.migrations);
    for migration in all {
        let file = session.sources.file(base::FileId(migration.file as u32));
        println!("## {} {:?} reversible={}", file.path, migration.transaction, migration.is_reversible);
        for statement in migration.statements(&file.text, found.set.dialect) {
            let span = base::Span::new(base::FileId(migration.file as u32), statement.range.start, statement.range.end);
            let line = session.sources.start(span).line;
            match &statement.kind {
                StatementKind::Change(changes) => {
                    changes.iter().for_each(|change| println!("{line}: {:?}", change.step))
                }
                other => println!("{line}: {other:?}"),
            }
        }
    }
}

fn stored(session: &Session) {
    for stored in &session.model.stored.all {
        let place = session.sources.start(stored.span);
        let path = &session.sources.file(stored.span.file).path;
        println!("{} {} -> {} ({path}:{})", stored.library, stored.name, stored.table, place.line);
        for field in &stored.fields {
            let column = field.column.as_deref().unwrap_or("-");
            let relation = field.relation.as_ref();
            let leads =
                relation.map_or(String::new(), |r| format!(" -> {}{}", r.to, if r.is_many { "[]" } else { "" }));
            println!("  {} {column}{leads}", field.name);
        }
        for (columns, _) in &stored.checked_unique {
            println!("  unique in code ({})", columns.join(", "));
        }
    }
}
