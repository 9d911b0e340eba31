//! Transaction numbers that come to their end.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::DatabaseScaling),
        ..info(
            "transaction-wraparound",
            "Transaction numbers come to their end",
            Severity::Important,
            Stage::Data,
            &["C3.relational-databases-sql.10"],
            &[190],
            &[],
        )
    },
    check,
};

/// Transactions since the oldest one that are far more than VACUUM leaves.
const MANY: i64 = 1_000_000_000;
/// Those from which it is urgent: at about 2,147 million the server takes no more writes.
const URGENT: i64 = 1_500_000_000;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let server = &running.snapshot.server;
        for (what, oldest) in [("transaction", server.oldest_transaction), ("multixact", server.oldest_multixact)] {
            let Some(age) = oldest.filter(|age| *age >= MANY) else { continue };
            let database = server.oldest_database.as_deref().unwrap_or(&server.database);
            let issue = Text::say(
                "The oldest {} that `{}` still needs lies {} back, of about 2,147,000,000 that there can be.",
                &[what, database, &count(age)],
            );
            let mut finding = proven(report, format!("wraparound {what}"), running.span(&running.lines.oldest), issue);
            if age >= URGENT {
                finding.severity = Severity::Critical;
            }
            finding.details = Text::from(
                "VACUUM freezes old rows so that numbers can be used again. It does not come through: it is switched off or too slow, or something holds the oldest transaction: a session, a prepared transaction, a replication slot.",
            );
            finding.impact = Text::from(
                "Three million numbers before the end the server takes no more writes until VACUUM went over the tables.",
            );
            finding.fix = Text::from("End what holds the oldest transaction, then freeze the oldest tables:").block(
                "sql",
                "SELECT c.oid::regclass, age(c.relfrozenxid) FROM pg_class c WHERE c.relkind IN ('r', 't', 'm') ORDER BY 2 DESC LIMIT 10;\nVACUUM (FREEZE, VERBOSE) the_oldest;",
            );
            finding.verification =
                Text::from("`SELECT max(age(datfrozenxid)) FROM pg_database` falls below 200,000,000.");
            report.add(finding);
        }
    }
}
