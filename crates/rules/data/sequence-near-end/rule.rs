//! Sequences that come to the end of what their columns hold.

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
            "sequence-near-end",
            "Keys that come to their end",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1"],
            &[190],
            &[],
        )
    },
    check,
};

/// Of a hundred numbers, how many are used when it is time to plan, to act, and to hurry.
const USED: [i64; 3] = [50, 70, 90];

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for (sequence, line) in running.snapshot.sequences.iter().zip(&running.lines.sequences) {
            let Some(last) = sequence.last.filter(|_| !sequence.cycles && sequence.end > 0) else { continue };
            let used = i64::try_from(i128::from(last) * 100 / i128::from(sequence.end)).unwrap_or(100);
            if used < USED[0] {
                continue;
            }
            let name = match (&sequence.table, &sequence.column) {
                (Some(table), Some(column)) => format!("{table}.{column}"),
                _ => sequence.name.clone(),
            };
            let issue = Text::say(
                "`{}` has used {} in a hundred of its numbers: {} of {}.",
                &[&name, &used.to_string(), &count(last), &count(sequence.end)],
            );
            let mut finding = proven(report, format!("sequence {name}"), running.span(line), issue);
            finding.severity = match used {
                used if used >= USED[2] => Severity::Critical,
                used if used >= USED[1] => Severity::Important,
                _ => Severity::Suggestion,
            };
            finding.impact = Text::from(
                "After the last one no row can be inserted, from one moment to the next, and the change that helps writes the whole table anew.",
            );
            finding.fix = Text::from(
                "Make the column and all that reference it `bigint` while there is time: a second column that a trigger fills, copied in batches, then exchanged in one short transaction.",
            );
            finding.verification = Text::from(
                "The type of the column is `bigint`, those of the columns that reference it too, and the sequence's end is 9,223,372,036,854,775,807.",
            );
            finding.trade_offs = Text::from("Four more bytes for each key and each reference to it.");
            report.add(finding);
        }
    }
}
