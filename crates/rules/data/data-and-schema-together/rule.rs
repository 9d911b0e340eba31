//! Rows that are changed while the same transaction holds a lock that its change of the schema took.

use std::collections::BTreeSet;

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::steps::{Deed, NewStep};
use sql::locks::Blocked;

use crate::migrating::{finding, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "data-and-schema-together",
            "A migration changes rows while it holds a lock on their table",
            Severity::Important,
            Stage::Data,
            &["W3.8", "C3.schema-evolution.3"],
            &[667],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let mut told = BTreeSet::new();
    for (database, step) in steps(model) {
        let Deed::Write(query) = &step.deed else { continue };
        let Some(transaction) = step.transaction.filter(|_| step.writes_many(query)) else { continue };
        let locks = |s: &&NewStep| s.transaction == Some(transaction) && s.span < step.span && s.blocks();
        let Some(first) = database.steps.iter().filter(locks).max_by_key(|s| (s.blocks, std::cmp::Reverse(s.span)))
        else {
            continue;
        };
        if !told.insert((database.set.directory.clone(), transaction.number)) {
            continue;
        }
        let (table, locked) = (step.table_name(), first.table_name());
        let whom = if first.blocks == Blocked::Everything { "everybody" } else { "every write" };
        let subject = format!("together {} {table} {locked}", database.set.migrations[step.migration].version);
        let issue = Text::say("Rows of `{}` are changed while the transaction keeps ", &[&table])
            .and(whom, &[])
            .and(" out of `{}`.", &[&locked]);
        let mut finding = finding(report, model, database, step, &table, (subject, issue));
        finding.related.push(Related { span: first.span, message: Text::from("The lock is taken here.") });
        finding.impact = Text::from(
            "A change of the schema holds its lock to the end of the transaction: requests wait until all rows are written, which may take minutes, where the change alone would have taken milliseconds.",
        );
        finding.fix = Text::from(
            "Change the schema in one migration and the rows in another, which runs after it has committed; many rows some thousand at a time, by a job or a migration without a transaction.",
        );
        finding.verification = Text::from(
            "Run the migration on a copy of the production data, and read the locked table from a second connection meanwhile: it must not wait.",
        );
        finding.trade_offs = Text::from(
            "Between the two, rows are there that are not filled yet: the code must bear them. On a table that stays small it is not worth it.",
        );
        report.add(finding);
    }
}
