//! Connections that are not encrypted.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use std::collections::BTreeSet;

use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "unencrypted-connection",
            "Connections to the database are not encrypted",
            Severity::Important,
            Stage::Security,
            &["C3.relational-databases-sql.11"],
            &[319],
            &["A02:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let sessions = running.snapshot.sessions.iter().zip(&running.lines.sessions);
        let mut told = BTreeSet::new();
        for (session, line) in sessions.filter(|(s, _)| s.is_remote && s.encrypted == Some(false)) {
            let role = session.role.as_deref().unwrap_or("?");
            if !told.insert(role) {
                continue;
            }
            let application = session.application.as_deref().unwrap_or("?");
            let issue = Text::say("`{}` comes over the network without encryption (`{}`).", &[role, application]);
            let mut finding = proven(report, format!("connection {role}"), running.span(line), issue);
            if running.snapshot.setting("ssl") == Some("off") {
                finding.details = Text::from("The server offers none: `ssl` is off.");
            }
            finding.impact = Text::from(
                "Whoever is on the way reads every row and every password that goes over it, and can change what is asked and answered.",
            );
            finding.fix = Text::from(
                "Switch on `ssl` with a certificate, connect with `sslmode=verify-full`, and let `pg_hba.conf` have `hostssl` lines only for other machines.",
            );
            finding.verification = Text::from(
                "`SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE NOT ssl AND client_addr IS NOT NULL` gives 0.",
            );
            finding.trade_offs = Text::from("Connecting takes a few milliseconds more, which a pool pays once.");
            report.add(finding);
        }
    }
}
