//! Servers that do not keep what they committed.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        escalation: Some(Escalation::Infrastructure),
        ..info(
            "durability-off",
            "What was committed can be lost",
            Severity::Critical,
            Stage::Data,
            &["C11.acid-properties.4"],
            &[1188],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let settings = running.snapshot.settings.iter().zip(&running.lines.settings);
        for (setting, line) in settings.filter(|(s, _)| s.value == "off") {
            let (severity, impact) = match setting.name.as_str() {
                "fsync" => (
                    Severity::Critical,
                    "After a crash of the machine or a loss of power the whole database can be beyond repair, and only a backup helps.",
                ),
                "full_page_writes" => (
                    Severity::Critical,
                    "A crash in the middle of writing a page leaves half of it old: rows are lost or wrong, and nobody notices until they are read.",
                ),
                "synchronous_commit" => (
                    Severity::Suggestion,
                    "A crash loses the transactions of the last moments, of which clients heard that they are safe. Nothing becomes inconsistent.",
                ),
                _ => continue,
            };
            let issue = Text::say("`{}` is off: what was committed can be lost.", &[&setting.name]);
            let mut finding = proven(report, format!("setting {}", setting.name), running.span(line), issue);
            finding.severity = severity;
            finding.impact = Text::from(impact);
            finding.fix = Text::from("Switch it on for the server; where one kind of write may be lost, say so for its transactions alone (`SET LOCAL synchronous_commit = off`):")
                .block("sql", format!("ALTER SYSTEM SET {} = on;\nSELECT pg_reload_conf();", setting.name));
            finding.verification = Text::say("`SHOW {}` says on.", &[&setting.name]);
            finding.trade_offs =
                Text::from("Each commit waits for the disk. Fewer and larger transactions make up for it.");
            report.add(finding);
        }
    }
}
