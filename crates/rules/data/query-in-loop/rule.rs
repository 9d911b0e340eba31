//! A query that a loop sends again for each element: the N+1 problem.

use base::{RuleInfo, Severity, Stage};
use model::Model;
use model::accesses::{Does, Repeat};

use crate::support::info;
use crate::{Report, Rule, repeated};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "query-in-loop",
            "A query is sent again for each element of a list",
            Severity::Important,
            Stage::Data,
            &[
                "W3.3",
                "K.critical-issues.6",
                "K.performance-issues.1",
                "C4.common-problems-solutions.1",
                "I.n-1-query-problem.1",
                "I.n-1-query-problem.4",
            ],
            &[1073, 1050],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let reads = |repeat: &&Repeat| model.accesses.all[repeat.access as usize].does.reads();
    for repeat in model.accesses.repeats.iter().filter(reads) {
        let access = &model.accesses.all[repeat.access as usize];
        let what = match access.does {
            Does::Count => "counts",
            _ => "reads",
        };
        repeated::report(
            model,
            report,
            repeat,
            &repeated::Words {
                what,
                impact: "A list of a hundred elements costs a hundred and one round trips. It is fast with the ten rows of a test and slow with those of a year; under load the waiting requests use up the pool of connections.",
                fix: "Ask for all of them at once, before the loop, and look each one up in what came back; or let the first query bring them along (a join, an eager load).",
                verification: "Log the statements of one request with ten elements and with a hundred: their number must stay the same.",
            },
        );
    }
}
