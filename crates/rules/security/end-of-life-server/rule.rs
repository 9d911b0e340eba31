//! Servers whose version gets no more releases.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.0),
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "end-of-life-server",
            "A server that gets no more mends",
            Severity::Important,
            Stage::Security,
            &["C14.infrastructure-considerations.7"],
            &[1104],
            &["A06:2021"],
        )
    },
    check,
};

/// The day after which a major version gets no more releases, as its makers say it.
const LAST_DAYS: [(u32, &str); 10] = [
    (9, "2021-11-11"),
    (10, "2022-11-10"),
    (11, "2023-11-09"),
    (12, "2024-11-21"),
    (13, "2025-11-13"),
    (14, "2026-11-12"),
    (15, "2027-11-11"),
    (16, "2028-11-09"),
    (17, "2029-11-08"),
    (18, "2030-11-14"),
];

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let server = &running.snapshot.server;
        let Some((_, last)) = LAST_DAYS.iter().find(|(major, _)| *major == server.major) else { continue };
        // both are written so that the order of days is that of texts
        if server.taken_at.get(..10).is_none_or(|today| today <= *last) {
            continue;
        }
        let name = running.snapshot.system.name();
        let issue = Text::say("{} {} gets no more mends since {}.", &[name, &server.major.to_string(), last]);
        let mut finding = proven(report, format!("version {name}"), running.span(&running.lines.server), issue);
        finding.impact = Text::from("Holes that are found from now on stay open, and so do faults that lose data.");
        finding.fix = Text::from(
            "Go to a major version that is supported: by `pg_upgrade`, or by logical replication where it must not stand still. Try it on a copy first.",
        );
        finding.verification = Text::from(
            "`SHOW server_version` is one that https://www.postgresql.org/support/versioning/ lists as supported.",
        );
        finding.trade_offs = Text::from("The planner's statistics are taken anew afterwards, and plans may change.");
        report.add(finding);
    }
}
