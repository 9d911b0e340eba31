//! Sessions that hold up others.

use base::{RuleInfo, Severity, Stage, Text};
use std::collections::BTreeMap;

use base::Related;
use live::span_of_time;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "blocking-session",
            "A session that holds up others",
            Severity::Important,
            Stage::Data,
            &["C4.common-problems-solutions.6", "W4.4"],
            &[833],
            &[],
        )
    },
    check,
};

/// Seconds for which a session may wait.
const WAITS: i64 = 5;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let sessions = &running.snapshot.sessions;
        let of = |pid: i64| sessions.iter().position(|s| s.pid == pid);
        let mut held_up: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, session) in sessions.iter().enumerate() {
            if session.blocked_by.is_empty() || session.state_seconds.unwrap_or(0) < WAITS {
                continue;
            }
            // to the one that waits for nobody; a circle of them is a deadlock, which the server ends
            let mut first = at;
            for _ in 0..sessions.len() {
                match sessions[first].blocked_by.iter().find_map(|pid| of(*pid)) {
                    Some(next) => first = next,
                    None => break,
                }
            }
            if first != at && sessions[first].blocked_by.is_empty() {
                held_up.entry(first).or_default().push(at);
            }
        }
        for (first, waiting) in held_up {
            let session = &sessions[first];
            let longest = waiting.iter().filter_map(|at| sessions[*at].state_seconds).max().unwrap_or(0);
            let role = session.role.as_deref().unwrap_or("?");
            let application = session.application.as_deref().unwrap_or("?");
            let issue = Text::say(
                "A session of `{}` holds up {}, the longest of them for {}.",
                &[role, &waiting.len().to_string(), &span_of_time(longest)],
            );
            let subject = format!("blocking {role} {application}");
            let mut finding = proven(report, subject, running.span(&running.lines.sessions[first]), issue);
            let state = session.state.as_deref().unwrap_or("?");
            finding.details = Text::say(
                "It is `{}`; its last statement: `{}`.",
                &[state, session.statement.as_deref().unwrap_or("?")],
            );
            finding.related = waiting
                .iter()
                .map(|at| Related {
                    span: running.span(&running.lines.sessions[*at]),
                    message: Text::from("Waits for it, or for one that does."),
                })
                .collect();
            finding.impact = Text::from(
                "Each that waits keeps a connection and a request; when the pool is empty everything waits, whatever it asks for.",
            );
            finding.fix = Text::from(
                "Make its transaction short: take the lock last, and wait for nothing while it is held. Limit how long others wait with `lock_timeout`. Now: `SELECT pg_cancel_backend(pid)`, then `pg_terminate_backend(pid)`.",
            );
            finding.verification = Text::from(
                "`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'` stays at 0 or so under load.",
            );
            report.add(finding);
        }
    }
}
