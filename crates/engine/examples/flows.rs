//! Prints the flows of untrusted data in a repository:
//! `cargo run -p specialist-engine --example flows -- DIR [PATTERN]`

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
    let place = |span: specialist_engine::base::Span| {
        format!("{}:{}", session.sources.file(span.file).path, session.sources.start(span).line)
    };
    for flow in &session.model.flows {
        let sink = session.model.program.span(flow.sink.at);
        let steps: Vec<String> = flow.steps.iter().map(|s| format!("{:?} {}", s.event, place(s.span))).collect();
        let line = format!(
            "{} {:?} from {:?} {} at {} through {}",
            place(sink),
            flow.sink.kind,
            flow.source.place,
            flow.source.name.map_or("", |n| n.as_str()),
            place(flow.source.span),
            steps.join(", ")
        );
        if line.contains(&pattern) {
            println!("{line}");
        }
    }
}
