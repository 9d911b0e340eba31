//! Servers with few connections left.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "connections-near-limit",
            "Almost all connections are in use",
            Severity::Important,
            Stage::Data,
            &["W4.5", "K.performance-issues.6", "C12.metrics-kpis.9"],
            &[770],
            &[],
        )
    },
    check,
};

/// Of a hundred connections, how many may be open.
const USED: [i64; 2] = [80, 95];

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let server = &running.snapshot.server;
        let (Some(used), Some(most)) = (server.connections, server.max_connections.filter(|m| *m > 0)) else {
            continue;
        };
        let share = used * 100 / most;
        if share < USED[0] {
            continue;
        }
        let issue = Text::say(
            "{} of {} connections are open: {} in a hundred.",
            &[&count(used), &count(most), &share.to_string()],
        );
        let mut finding = proven(report, "connections".to_owned(), running.span(&running.lines.connections), issue);
        if share >= USED[1] {
            finding.severity = Severity::Critical;
        }
        let idle = running.snapshot.sessions.iter().filter(|s| s.state.as_deref() == Some("idle")).count();
        if idle > 0 {
            finding.details = Text::say("{} of them do nothing.", &[&idle.to_string()]);
        }
        finding.impact = Text::from("The next one is refused: requests fail, and so does whoever wants to look why.");
        finding.fix = Text::from(
            "Add up the pools of all processes, jobs and tools: that sum must stay below the limit. Make each pool smaller (a few connections for each core of the database are enough), or put a pooler such as PgBouncer before it.",
        );
        finding.verification = Text::from(
            "`SELECT sum(numbackends) FROM pg_stat_database` under full load stays below 80 in a hundred of `max_connections`.",
        );
        finding.trade_offs = Text::from(
            "A smaller pool lets requests wait for a connection, which is shorter than what they wait for in a database that is overrun. A higher limit takes memory for each.",
        );
        report.add(finding);
    }
}
