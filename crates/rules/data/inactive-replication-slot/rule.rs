//! Replication slots that nobody reads.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use live::size;
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "inactive-replication-slot",
            "A replication slot that nobody reads",
            Severity::Suggestion,
            Stage::Data,
            &["C3.relational-databases-sql.9"],
            &[770],
            &[],
        )
    },
    check,
};

/// Bytes of log that are kept for it from which the disk is in danger.
const KEPT: i64 = 1 << 30;

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let slots = running.snapshot.slots.iter().zip(&running.lines.slots);
        for (slot, line) in slots.filter(|(s, _)| !s.active && !s.temporary) {
            let kept = slot.kept_bytes.unwrap_or(0);
            let issue = Text::say(
                "Nobody reads from the replication slot `{}`, for which {} of the write-ahead log are kept.",
                &[&slot.name, &size(kept)],
            );
            let mut finding = proven(report, format!("slot {}", slot.name), running.span(line), issue);
            if kept >= KEPT {
                finding.severity = Severity::Important;
            }
            finding.impact = Text::from(
                "All that is written is kept until somebody reads it, so that the disk fills up and the server stops; and VACUUM leaves what the slot might still need.",
            );
            finding.fix = Text::from(
                "Start its reader again, or drop it where there is none any more; and bound what any of them may keep:",
            )
            .block(
                "sql",
                format!(
                    "SELECT pg_drop_replication_slot('{}');\nALTER SYSTEM SET max_slot_wal_keep_size = '10GB';",
                    slot.name.replace('\'', "''")
                ),
            );
            finding.verification =
                Text::from("`SELECT slot_name, active FROM pg_replication_slots` shows every slot active.");
            finding.trade_offs = Text::from("A reader that was bounded out must be made anew from a copy.");
            report.add(finding);
        }
    }
}
