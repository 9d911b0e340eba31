//! Constraints that were never validated.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::{proven, said};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unvalidated-constraint",
            "A constraint that old rows may break",
            Severity::Suggestion,
            Stage::Data,
            &["W3.6"],
            &[1173],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        for table in running.tables() {
            let lines = &running.lines.constraints[table.at];
            for (constraint, line) in table.measured().constraints.iter().zip(lines).filter(|(c, _)| c.unvalidated) {
                let name = table.name();
                let issue =
                    Text::say("Rows of `{}` that were there before it may break `{}`.", &[&name, &constraint.name]);
                let subject = format!("constraint {name} {}", constraint.name);
                let mut finding = proven(report, subject, running.span(line), issue);
                finding.details = Text::from("It was added with `NOT VALID`, and never validated.");
                finding.impact = Text::from(
                    "Code that relies on it meets rows for which it does not hold, and the planner does not rely on it at all. A later change of such a row fails.",
                );
                let measured = table.measured();
                let change = format!(
                    "ALTER TABLE {} VALIDATE CONSTRAINT \"{}\";",
                    said(&measured.schema, &measured.name),
                    constraint.name.replace('"', "\"\"")
                );
                finding.fix =
                    Text::from("Mend the rows that break it, then validate it; reading and writing go on meanwhile:")
                        .block("sql", change);
                finding.verification =
                    Text::from("`SELECT conname FROM pg_constraint WHERE NOT convalidated` gives no rows.");
                report.add(finding);
            }
        }
    }
}
