//! Rows that a loop writes one by one.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::accesses::Does;

use crate::support::info;
use crate::{Report, Rule, repeated};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "row-by-row-write",
            "Rows are written one by one in a loop",
            Severity::Suggestion,
            Stage::Data,
            &["W3.3", "K.performance-issues.1", "C4.common-problems-solutions.1"],
            &[1073, 1050],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for repeat in &model.accesses.repeats {
        let access = &model.accesses.all[repeat.access as usize];
        let what = match access.does {
            Does::Insert => "writes a row",
            Does::Update => "changes rows",
            Does::Delete => "deletes rows",
            _ => continue,
        };
        repeated::report(
            model,
            report,
            repeat,
            &repeated::Words {
                what,
                impact: "Each row costs a round trip, and without a transaction around the loop a commit: a thousand rows take seconds in which locks are held, and a failure in the middle leaves half of them written.",
                fix: "Write them in one statement (a bulk insert, one UPDATE or DELETE with a list of ids), in batches of some hundreds when there are many",
                verification: "Log the statements of one request with ten rows and with a hundred: their number must stay the same.",
            },
        );
    }
}
