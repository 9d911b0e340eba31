//! Prints what each call of a repository resolves to:
//! `cargo run -p specialist-engine --example calls -- DIR [PATTERN]`

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
    let program = &session.model.program;
    for id in program.ids() {
        let mut calls: Vec<_> = program.calls(id).collect();
        calls.sort_by_key(|(expr, _)| *expr);
        for (expr, callee) in calls {
            let span = program.module(id).expr_span(expr);
            let functions: Vec<String> = callee.functions.iter().map(|f| program.function_name(*f)).collect();
            let line = format!(
                "{}:{} {} → {:?} {:?}",
                program.path(id),
                session.sources.start(span).line,
                callee.name.map_or("", |n| n.as_str()),
                callee.external,
                functions
            );
            if line.contains(&pattern) {
                println!("{line}");
            }
        }
    }
}
