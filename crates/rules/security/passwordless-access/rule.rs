//! Servers that ask for no password.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.8),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "passwordless-access",
            "Whoever reaches the database is let in",
            Severity::Critical,
            Stage::Security,
            &["W2.1"],
            &[287, 306],
            &["A07:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let entries = running.snapshot.entries.iter().zip(&running.lines.entries);
        for (entry, line) in entries.filter(|(e, _)| e.method == "trust" && e.kind.starts_with("host")) {
            let address = entry.address.as_deref().unwrap_or("?");
            let is_local = address.starts_with("127.") || address.starts_with("::1") || address == "samehost";
            let (databases, roles) = (entry.databases.join(", "), entry.roles.join(", "));
            // replication of the machine itself is how backups are made
            if is_local && entry.databases.iter().all(|d| d == "replication") {
                continue;
            }
            let issue = Text::say(
                "Whoever comes from `{}` is let in as `{}` without a password (databases: `{}`).",
                &[address, &roles, &databases],
            );
            let subject = format!("entry {} {address} {databases} {roles}", entry.kind);
            let mut finding = proven(report, subject, running.span(line), issue);
            if is_local {
                finding.severity = Severity::Suggestion;
            }
            finding.details = Text::say("It is line {} of `pg_hba.conf`.", &[&entry.line.to_string()]);
            finding.impact = Text::from(match is_local {
                true => {
                    "Every program on the machine can be any of these roles, and so can a request that the application is made to send to itself."
                }
                false => {
                    "Who can open a connection can read and change everything; as a superuser also the files and programs of the machine."
                }
            });
            finding.fix = Text::say(
                "Say `scram-sha-256` in place of `trust` in this line, give the roles passwords, and reload.",
                &[],
            );
            finding.verification = Text::from("`psql -h … -U …` without a password is refused.");
            report.add(finding);
        }
    }
}
