//! Lowers files and prints their gaps by kind, and with `--tree` the small tree:
//! `cargo run -p specialist-lang --example dump -- [--tree] FILE…`

use std::collections::BTreeMap;

use base::{FileId, Language};

fn main() {
    let mut tree = false;
    let (mut nodes, mut unknown, mut bytes) = (0, 0, 0);
    let (mut parse, mut lower) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
    let mut kinds: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for path in std::env::args().skip(1) {
        if path == "--tree" {
            tree = true;
            continue;
        }
        let Some(language) = Language::of_path(&path) else { continue };
        let Ok(read) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&read);
        let lowered = specialist_lang::lower(FileId(0), language, &text);
        bytes += text.len();
        nodes += lowered.nodes;
        unknown += lowered.nodes_unknown;
        parse += lowered.parse;
        lower += lowered.lower;
        for gap in &lowered.gaps {
            let line = gap.span.map_or(0, |s| text[..s.start as usize].matches('\n').count() + 1);
            let entry = kinds.entry(format!("{:?} {}", gap.kind, gap.what)).or_insert((0, format!("{path}:{line}")));
            entry.0 += 1;
        }
        if tree {
            print!("{}", ir::print(&lowered.module));
        }
    }
    for (kind, (count, example)) in &kinds {
        println!("{count:6} {kind}  e.g. {example}");
    }
    println!(
        "{bytes} bytes, {nodes} nodes, {unknown} not understood ({:.3} %), parse {parse:?}, lower {lower:?} ({:.2} of parse)",
        100.0 * unknown as f64 / nodes.max(1) as f64,
        lower.as_secs_f64() / parse.as_secs_f64().max(1e-9)
    );
}
