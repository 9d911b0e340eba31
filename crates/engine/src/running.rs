//! Running systems in a review: their texts stand among the files, what they did not show among the gaps, what they
//! measured in the budgets.

use std::sync::Arc;

use base::{FileRole, Gap, GapKind, SourceFile};
use live::{Snapshot, count};
use model::Model;

use crate::Options;

/// Milliseconds that a statement may take, by the specification.
const STATEMENT_MS: f64 = 100.0;
/// The share of a cache's answers that must be hits, by the specification.
const HIT_RATE: f64 = 0.8;
/// Blocks asked for under which a share of hits says nothing.
const FEW_BLOCKS: i64 = 100_000;

/// Puts the text of each snapshot among the files, which stay sorted; gives their paths.
pub(crate) fn place(files: &mut Vec<SourceFile>, snapshots: &[Arc<Snapshot>]) -> Vec<(String, Arc<Snapshot>)> {
    let mut placed: Vec<(String, Arc<Snapshot>)> = Vec::new();
    for snapshot in snapshots {
        let mut path = snapshot.path();
        while files.iter().any(|f| f.path == path) {
            path.push('\'');
        }
        let (text, _) = live::written(snapshot);
        let at = files.partition_point(|f| f.path < path);
        files.insert(at, SourceFile::new(path.clone(), text.into(), None, FileRole::Live));
        placed.push((path, snapshot.clone()));
    }
    placed
}

/// What was asked for and not seen.
pub(crate) fn gaps(options: &Options) -> Vec<Gap> {
    let gap = |what: String, path: String| Gap { kind: GapKind::Unseen, what, span: None, path: Some(path) };
    let of = |snapshot: &Arc<Snapshot>| {
        let unseen = snapshot.unseen.iter().map(|u| format!("{}: {}", u.what, u.why));
        let stopped = snapshot.stopped.iter().map(|why| format!("all but the connections: {why}"));
        unseen.chain(stopped).map(|what| gap(what, snapshot.path())).collect::<Vec<_>>()
    };
    let seen = options.snapshots.iter().flat_map(of);
    let others = options.unexamined.iter().map(|(name, why)| gap(why.clone(), name.clone()));
    seen.chain(others).collect()
}

/// Whether a running system that was asked for could not be examined.
pub(crate) fn is_incomplete(options: &Options) -> bool {
    !options.unexamined.is_empty() || options.snapshots.iter().any(|s| s.stopped.is_some())
}

/// What running systems measured for a budget, and whether it is met.
pub(crate) fn measured(model: &Model, budget: &str) -> (Option<String>, Option<bool>) {
    let snapshots = || model.running.iter().map(|r| &*r.snapshot);
    match budget {
        "Database Query (p95)" => {
            let all: Vec<_> = snapshots().flat_map(|s| &s.statements).collect();
            let calls: i64 = all.iter().map(|s| s.calls).sum();
            if calls == 0 {
                return (None, None);
            }
            let slow = all.iter().filter(|s| s.mean_ms() > STATEMENT_MS);
            let slow: i64 = slow.map(|s| s.calls).sum();
            let share = 100.0 * slow as f64 / calls as f64;
            let said = format!(
                "{share:.1} % of {} calls are of statements that take more than 100 ms on average (the server keeps no p95)",
                count(calls)
            );
            // means below the budget say nothing of the slowest twentieth
            (Some(said), (share > 5.0).then_some(false))
        }
        "Cache Hit Rate" => {
            let sum = |of: fn(&live::Activity) -> Option<i64>| snapshots().filter_map(|s| of(&s.activity)).sum::<i64>();
            let (hit, read) = (sum(|a| a.blocks_hit), sum(|a| a.blocks_read));
            if hit + read < FEW_BLOCKS {
                return (None, None);
            }
            let rate = hit as f64 / (hit + read) as f64;
            (Some(format!("{:.1} % of the blocks of the database", 100.0 * rate)), Some(rate >= HIT_RATE))
        }
        _ => (None, None),
    }
}
