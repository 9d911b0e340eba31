//! How long a review takes, as multiples of the floor: what tree-sitter takes to parse the same files on the
//! same cores, in the same run.
//!
//! `cargo bench --package specialist-benches -- DIR…`; without a directory the bundled example is measured,
//! which is too small to say much. Machines are noisy: each part is the least of several rounds.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use engine::{Options, Session};
use rayon::prelude::*;

const ROUNDS: usize = 5;

fn main() {
    let dirs: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bookshop").to_owned();
    let dirs = if dirs.is_empty() { vec![bundled] } else { dirs };
    println!("multiples of the floor, on {} threads, least of {ROUNDS} rounds", rayon::current_num_threads());
    println!(
        "{:28} {:>9} {:>9} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "project", "lines", "floor", "read", "front", "model", "rules", "all"
    );
    for dir in dirs {
        measure(Path::new(&dir));
    }
}

fn measure(dir: &Path) {
    let least = |best: &mut Duration, time: Duration| *best = (*best).min(time);
    let [mut floor, mut read, mut front, mut model, mut rules, mut all] = [Duration::MAX; 6];
    let mut lines = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut session = Session::open(dir, Options::default()).unwrap();
        let review = session.review().unwrap();
        least(&mut all, started.elapsed());
        lines = review.summary.lines;
        let t = session.timings.clone();
        least(&mut read, t.read);
        least(&mut front, t.front);
        least(&mut model, t.model);
        least(&mut rules, t.rules);
        let files: Vec<_> = session.sources.files().filter_map(|(_, f)| Some((f.language?, f.text.clone()))).collect();
        let started = Instant::now();
        let parsed = files.par_iter().filter(|(language, text)| lang::parse(*language, text).is_some()).count();
        least(&mut floor, started.elapsed());
        assert_eq!(parsed, files.len());
    }
    let ratio = |time: Duration| format!("{:.2}", time.as_secs_f64() / floor.as_secs_f64());
    let name = dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned());
    println!(
        "{name:28} {lines:>9} {:>9} {:>6} {:>6} {:>6} {:>6} {:>6}",
        format!("{:.0} ms", floor.as_secs_f64() * 1000.0),
        ratio(read),
        ratio(front),
        ratio(model),
        ratio(rules),
        ratio(all)
    );
}
