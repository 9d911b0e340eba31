//! Transactions that stay open.

use base::Finding;
use base::{RuleInfo, Severity, Stage, Text};
use live::span_of_time;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "long-transaction",
            "A transaction that stays open",
            Severity::Important,
            Stage::Data,
            &["C11.transaction-patterns.2", "C4.common-problems-solutions.6"],
            &[400],
            &[],
        )
    },
    check,
};

/// Seconds for which a transaction may do nothing.
const IDLE: i64 = 60;
/// Seconds for which one may work.
const ACTIVE: i64 = 3_600;
/// Seconds for which one may be prepared.
const PREPARED: i64 = 3_600;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let snapshot = &running.snapshot;
        for (session, line) in snapshot.sessions.iter().zip(&running.lines.sessions) {
            let Some(open) = session.transaction_seconds else { continue };
            let role = session.role.as_deref().unwrap_or("?");
            let is_idle = session.state.as_deref().is_some_and(|s| s.starts_with("idle in transaction"));
            let issue = if is_idle && session.state_seconds.unwrap_or(0) >= IDLE {
                let idle = span_of_time(session.state_seconds.unwrap_or(0));
                Text::say("A transaction of `{}` is open and has done nothing for {}.", &[role, &idle])
            } else if !is_idle && open >= ACTIVE {
                Text::say("A transaction of `{}` has been open for {}.", &[role, &span_of_time(open)])
            } else {
                continue;
            };
            let application = session.application.as_deref().unwrap_or("?");
            let mut finding = proven(report, format!("transaction {role} {application}"), running.span(line), issue);
            finding.details =
                Text::say("The client calls itself `{}`, its session is {}.", &[application, &session.pid.to_string()]);
            if let Some(statement) = &session.statement {
                finding.details = finding.details.and(" Its last statement: `{}`.", &[statement]);
            }
            finding.fix = Text::from(
                "In the code: no waiting for a network, a queue or a person inside a transaction, and every way out ends it. And let the server end those that stay:",
            )
            .block("sql", "ALTER ROLE … SET idle_in_transaction_session_timeout = '60s';");
            finish(finding, report);
        }
        for (prepared, line) in snapshot.prepared.iter().zip(&running.lines.prepared) {
            if prepared.seconds < PREPARED {
                continue;
            }
            let issue = Text::say(
                "The transaction `{}` was prepared {} ago and never ended.",
                &[&prepared.name, &span_of_time(prepared.seconds)],
            );
            let mut finding = proven(report, format!("prepared {}", prepared.name), running.span(line), issue);
            finding.fix = Text::from(
                "Find out what became of its coordinator, then `COMMIT PREPARED` or `ROLLBACK PREPARED` it.",
            );
            finish(finding, report);
        }
    }
}

fn finish(mut finding: Finding, report: &mut Report<'_>) {
    finding.impact = Text::from(
        "It keeps its locks, so that migrations and others wait; VACUUM cannot clean up what was changed since it began, in any table; and it keeps a connection.",
    );
    finding.verification =
        Text::from("`SELECT max(now() - xact_start) FROM pg_stat_activity` stays below a minute in the usual work.");
    report.add(finding);
}
