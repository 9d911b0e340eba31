//! A query that a loop sends again for each element: the N+1 problem.

use base::{RuleInfo, Severity, Stage};
use model::accesses::{Does, Repeat};
use model::{Kind, Model};

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

/// What to do in a loop.
const BEFORE: &str = "Ask for all of them at once, before the loop, and look each one up in what came back; or let the first query bring them along (a join, an eager load)";

/// What to do where a relation is read late.
const EAGER: &str = "Let the query of the list bring it along, in one statement for all rows (an eager load)";

/// What to do in a resolver of GraphQL.
const BATCHED: &str = "Ask through a dataloader that lives as long as the request: it collects the keys of all objects and asks once for all of them. Its batch function holds one query";

fn check(model: &Model, report: &mut Report<'_>) {
    let reads = |repeat: &&Repeat| model.accesses.all[repeat.access as usize].does.reads();
    for repeat in model.accesses.repeats.iter().filter(reads) {
        let access = &model.accesses.all[repeat.access as usize];
        let what = match access.does {
            Does::Count => "counts",
            _ => "reads",
        };
        let fix = match model.facts.record(access.record).kind {
            _ if repeat.field.is_some() => BATCHED,
            Kind::Relation => EAGER,
            _ => BEFORE,
        };
        repeated::report(
            model,
            report,
            repeat,
            &repeated::Words {
                what,
                impact: "A list of a hundred elements costs a hundred and one round trips. It is fast with the ten rows of a test and slow with those of a year; under load the waiting requests use up the pool of connections.",
                fix,
                verification: "Log the statements of one request with ten elements and with a hundred: their number must stay the same.",
            },
        );
    }
}
