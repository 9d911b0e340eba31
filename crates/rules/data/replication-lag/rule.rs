//! Replicas that are behind.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::{size, span_of_time};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "replication-lag",
            "A replica that is behind",
            Severity::Important,
            Stage::Data,
            &["C3.relational-databases-sql.9"],
            &[400],
            &[],
        )
    },
    check,
};

/// Seconds and bytes that a replica may be behind.
const SECONDS: f64 = 30.0;
const BYTES: i64 = 100 << 20;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for (replica, line) in running.snapshot.replicas.iter().zip(&running.lines.replicas) {
            let (seconds, bytes) = (replica.behind_seconds.unwrap_or(0.0), replica.behind_bytes.unwrap_or(0));
            if seconds < SECONDS && bytes < BYTES {
                continue;
            }
            let issue = Text::say(
                "The replica `{}` is {} and {} behind.",
                &[&replica.name, &size(bytes), &span_of_time(seconds as i64)],
            );
            let mut finding = proven(report, format!("replica {}", replica.name), running.span(line), issue);
            finding.details = Text::say("Its state: `{}`.", &[replica.state.as_deref().unwrap_or("?")]);
            finding.impact = Text::from(
                "Whoever writes and then reads there does not find what was written; and what it lacks is lost if it must take over.",
            );
            finding.fix = Text::from(
                "Look for what it waits for: long queries there that replay must not disturb, a disk or network that is too slow, or one large change that should go in batches.",
            );
            finding.verification = Text::from(
                "`SELECT application_name, replay_lag FROM pg_stat_replication` stays below a few seconds under load.",
            );
            report.add(finding);
        }
    }
}
