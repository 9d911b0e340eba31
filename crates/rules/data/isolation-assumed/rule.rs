//! Transactions that count on more, or on less, than the database's isolation gives.

use std::collections::BTreeMap;

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::accesses::Manner;

use crate::races;
use crate::support::{around, info, numbered, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "isolation-assumed",
            "A transaction counts on an isolation that it does not have",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C11.isolation-levels.2", "C11.isolation-levels.4", "I.race-conditions.5"],
            &[362, 667],
            &["API6:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    of_numbers(model, report);
    refused(model, report);
}

/// A number is read, decides, and a row is written, in a transaction that keeps nobody else from doing the same.
fn of_numbers(model: &Model, report: &mut Report<'_>) {
    let said = model.uniques();
    let mut seen = BTreeMap::new();
    for check in &model.accesses.checks {
        let is_number = matches!(check.manner, Manner::Limit | Manner::Next);
        if !is_number || check.is_expected || !races::is_in_transaction(model, check) {
            continue;
        }
        let uniqueness = races::uniqueness(model, check, &said);
        let mut finding = races::finding(model, report, check, uniqueness, &mut seen);
        finding.details = std::mem::take(&mut finding.details)
            .and(" The transaction around it does not help: at the usual isolation level (read committed) it sees no rows that others have not committed yet.", &[]);
        report.add_for_auditors(finding);
    }
}

/// A serializable transaction that the database may refuse, and that nothing does again.
fn refused(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for opened in &model.accesses.refused {
        let span = model.program.span(*opened);
        let subject = format!("refused {} {}", path(model, span), around(model, *opened));
        let issue = Text::from(
            "This transaction is serializable, and nothing does it again when the database refuses it because another went first.",
        );
        let mut finding = report.finding(numbered(&mut seen, subject), span, issue);
        finding.severity = Severity::Suggestion;
        finding.trace.push(TraceStep {
            span,
            message: Text::from(
                "1. Requests A and B both begin. 2. Each reads what the other will change. 3. A commits. 4. B is refused (`40001`), and its request fails.",
            ),
        });
        finding.impact = Text::from(
            "Under load some requests fail with a server error though nothing is wrong with them; PostgreSQL, CockroachDB and MySQL all ask callers to try such transactions again.",
        );
        finding.fix = Text::from(
            "Run the whole transaction in a loop that begins again when the database says `40001` (serialization failure) or `40P01` (deadlock), a few times with a short pause; nothing in it may leave the database before the commit.",
        );
        finding.verification =
            Text::from("Send twenty requests for the same rows at once: none may answer with a server error.");
        report.add_for_auditors(finding);
    }
}
