//! Classes that declare what the migrations do not make.

use base::{Related, RuleInfo, Severity, Span, Stage, Text};
use model::Model;
use model::schemas::mismatch::{Difference, Mismatch, mismatches};

use crate::support::{info, is_production};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "model-schema-mismatch",
            "Classes and migrations that disagree",
            Severity::Important,
            Stage::Data,
            &["W3.1", "W3.6", "W3.8"],
            &[1108],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for found in mismatches(&model.stored, &model.schemas) {
        let (empty, breaking): (Vec<_>, Vec<_>) =
            found.differences.iter().partition(|(d, _)| matches!(d, Difference::MayBeNull(_)));
        for (differences, breaks) in [(breaking, true), (empty, false)] {
            if differences.first().is_some_and(|(_, span)| is_production(model, *span)) {
                add(report, &found, &differences, breaks);
            }
        }
    }
}

/// One finding for each class: whoever forgot a migration forgot it for all of them.
fn add(report: &mut Report<'_>, found: &Mismatch<'_>, differences: &[&(Difference, Span)], breaks: bool) {
    let table = found.table.name.name.as_str();
    let [(first, span), others @ ..] = differences else { return };
    let subject = format!("mismatch {table} {}", if breaks { "columns" } else { "null" });
    let mut finding = report.finding(subject, *span, said(table, first));
    finding.details = found.database.provenance();
    finding.related = others.iter().map(|(d, span)| Related { span: *span, message: said(table, d) }).collect();
    finding.related.push(Related { span: found.table.origin.made, message: Text::from("The table is made here.") });
    finding.impact = Text::from(match first {
        Difference::NoColumn(_) => {
            "Every query that names the column fails where the database is made by the migrations: on a new machine, in the next environment, after the next deployment."
        }
        Difference::Type { .. } => {
            "Values that the class takes are refused by the database, cut off or rounded, depending on its settings; the validation before it does not know."
        }
        Difference::MayBeNull(_) => {
            "Rows that come another way (an import, an older version, a statement by hand) can be without a value, and the code that reads them does not expect it."
        }
    });
    finding.fix = Text::say(
        "Write the migration that makes `{}` what the class `{}` says, and let CI compare the two after all migrations (most tools have a check for it), or take the change of the class back.",
        &[table, &found.stored.name],
    );
    finding.verification = Text::from(
        "Run all migrations on an empty database, then let the tool make a migration of its own: it must be empty.",
    );
    if breaks {
        report.add(finding);
    } else {
        finding.severity = Severity::Suggestion;
        report.add_for_auditors(finding);
    }
}

/// What differs, in a sentence.
fn said(table: &str, difference: &Difference) -> Text {
    match difference {
        Difference::NoColumn(column) => {
            Text::say("The class declares `{}`, and no migration adds it to `{}`.", &[column, table])
        }
        Difference::MayBeNull(column) => {
            Text::say("The class counts on a value in `{}`, and the column of `{}` may be `NULL`.", &[column, table])
        }
        Difference::Type { column, declared, made } => {
            Text::say("`{}.{}` is `{}` for the class and `{}` in the database.", &[table, column, declared, made])
        }
    }
}
