//! Prints the accesses of a repository, what loops repeat, and which route each function answers:
//! `cargo run -p specialist-engine --example accesses -- DIR [PATTERN]`

use specialist_engine::{Options, Session};

fn main() {
    let mut args = std::env::args().skip(1);
    let dir = args.next().unwrap_or_else(|| ".".to_owned());
    let pattern = args.next().unwrap_or_default();
    let session = match Session::open(std::path::Path::new(&dir), Options::default()) {
        Ok(session) => session,
        Err(error) => {
            eprintln!("{error}");
            return;
        }
    };
    let model = &session.model;
    let program = &model.program;
    let place = |span: base::Span| {
        let file = session.sources.file(span.file);
        format!("{}:{}", file.path, session.sources.start(span).line)
    };
    let accesses = &model.accesses;
    for access in &accesses.all {
        let route = access.function.and_then(|f| model.route_served(f)).map(|r| r.name()).unwrap_or_default();
        let lazy = if access.is_lazy { " lazy" } else { "" };
        let line =
            format!("{} {:?}{lazy} {} {:?} {route}", place(access.span), access.does, access.name, access.evidence);
        if line.contains(&pattern) {
            println!("{line}");
        }
    }
    for repeat in &accesses.repeats {
        let route = repeat.function.and_then(|f| model.route_served(f)).map(|r| r.name()).unwrap_or_default();
        let way: Vec<String> = repeat.way.iter().map(|call| place(program.span(*call))).collect();
        let access = &accesses.all[repeat.access as usize];
        let line = format!("repeat {} {} {way:?} {route}", place(program.span(repeat.call)), access.name);
        if line.contains(&pattern) {
            println!("{line}");
        }
    }
}
