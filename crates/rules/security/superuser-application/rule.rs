//! Applications that connect as superuser.

use base::Evidence;
use base::{Escalation, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.2),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "superuser-application",
            "The application is superuser of its database",
            Severity::Important,
            Stage::Security,
            &["W2.3"],
            &[250],
            &["A01:2021", "A05:2021"],
        )
    },
    check,
};

/// What people and tools call themselves that are no application.
const TOOLS: [&str; 10] = [
    "psql",
    "pgadmin",
    "pg_dump",
    "pg_restore",
    "pg_basebackup",
    "dbeaver",
    "datagrip",
    "specialist",
    "tableplus",
    "check",
];

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let snapshot = &running.snapshot;
        let is_tool = |name: &str| TOOLS.iter().any(|t| name.to_lowercase().contains(t));
        let session = snapshot.sessions.iter().zip(&running.lines.sessions).find(|(s, _)| {
            s.is_superuser
                && s.database.as_deref() == Some(&*snapshot.server.database)
                && !s.application.as_deref().is_some_and(is_tool)
        });
        let (role, span, evidence) = match (session, snapshot.accounts.as_slice()) {
            (Some((session, line)), _) => {
                (session.role.as_deref().unwrap_or("?"), running.span(line), Evidence::Proven)
            }
            // who else should it be
            (None, [only]) if only.is_superuser && !snapshot.tables.is_empty() => {
                (only.name.as_str(), running.span(&running.lines.accounts[0]), Evidence::Shown)
            }
            _ => continue,
        };
        let issue = match evidence {
            Evidence::Proven => Text::say("An application is connected as the superuser `{}`.", &[role]),
            _ => Text::say("The superuser `{}` is the only account, so that the application must use it.", &[role]),
        };
        let mut finding = proven(report, format!("superuser {role}"), span, issue);
        finding.evidence = evidence;
        finding.impact = Text::from(
            "Nothing is refused to it: with one injection an attacker reads and changes every database of the server, its files, and runs programs on the machine (`COPY … TO PROGRAM`). Row-level security does not hold for it.",
        );
        finding.fix = Text::from("Give the application a role of its own that may do what it does, and the migrations another that owns the tables:").block(
            "sql",
            "CREATE ROLE app LOGIN PASSWORD '…';\nGRANT USAGE ON SCHEMA public TO app;\nGRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;\nGRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;\nALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;",
        );
        finding.verification = Text::from(
            "`SELECT usename, usesuper FROM pg_stat_activity JOIN pg_user USING (usename)` shows no superuser for the application.",
        );
        report.add(finding);
    }
}
