//! Constraints that never checked the rows that were there.

use base::{RuleInfo, Severity, Span, Stage, Text};
use model::Model;

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
            &["W3.1", "W3.6", "W3.8"],
            &[1289],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in model.schemas.iter().filter(|d| d.is_migrated()) {
        for table in database.schema.tables.values() {
            let keys = table.foreign_keys.iter().map(|k| (k.name.as_str(), k.validated, k.origin.made));
            let checks = table.checks.iter().map(|c| (c.name.as_str(), c.validated, c.origin.made));
            let open: Vec<(&str, bool, Span)> = keys.chain(checks).filter(|(_, validated, _)| !validated).collect();
            for (name, _, span) in open {
                let of = table.name.name.as_str();
                let issue = Text::say("`{}` of `{}` is added without a check of the rows that are there.", &[name, of]);
                let mut finding = report.finding(format!("unvalidated {of} {name}"), span, issue);
                finding.details = Text::from("No later migration validates it.");
                finding.impact = Text::from(
                    "New rows keep to it, old ones may not: code and joins that count on it meet rows that should not be there, and the planner cannot use it.",
                );
                finding.fix = Text::from(
                    "Mend the rows that break it, then validate it in a migration of its own; that reads the table and does not stop writes:",
                )
                .block(
                    "sql",
                    format!("ALTER TABLE {} VALIDATE CONSTRAINT {};", database.table_said(table), database.said(name)),
                );
                finding.verification =
                    Text::say("`SELECT convalidated FROM pg_constraint WHERE conname = '{}'` gives true.", &[name]);
                report.add(finding);
            }
        }
    }
}
