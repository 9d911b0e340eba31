//! The schemas of a repository, one line for each object:
//! `cargo run -p specialist-engine --example schema -- DIR [FOLDER [TOOL]]`. Without a folder it lists the schemas.

use specialist_engine::{Options, Session};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = args.first().cloned().unwrap_or_else(|| ".".to_owned());
    let session = match Session::open(std::path::Path::new(&dir), Options::default()) {
        Ok(session) => session,
        Err(error) => return eprintln!("{error}"),
    };
    for database in &session.model.schemas {
        let set = &database.set;
        let tool = format!("{:?}", set.tool);
        let is_asked = args.get(1).is_some_and(|d| *d == set.directory) && args.get(2).is_none_or(|t| *t == tool);
        if !is_asked {
            println!("{tool} {:?} {} {}", set.dialect, set.migrations.len(), set.directory);
            continue;
        }
        database.schema.describe().iter().for_each(|line| println!("{line}"));
        for misfit in &database.schema.misfits {
            let place = session.sources.start(misfit.at);
            let path = &session.sources.file(misfit.at.file).path;
            eprintln!("misfit {path}:{}: {}", place.line, misfit.reason);
        }
    }
}
