//! The benchmarks are in `benches/`: `cargo bench --package specialist-benches`.
