//! Untrusted data changes an SQL statement.

use base::{Escalation, Finding, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::{Event, Flow, Kind};

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.8),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "sql-injection",
            "Untrusted data changes an SQL statement",
            Severity::Critical,
            Stage::Security,
            &["K.critical-issues.1", "C10.sanitization.2", "W2.6"],
            &[89],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Sql],
    becomes: "becomes part of an SQL statement",
    sink: "the database reads the statement.",
    details: "The statement is put together as text, so a value can end its string and go on with SQL of its own.",
    impact: "A caller can read, change or delete any row that the database account may touch.",
    fix: "Give the value to the driver as a parameter; names of columns and directions come from a list of your own:",
    payload: "1%27%20OR%20%271%27=%271",
    expect: "The answer must be that of a value that does not exist: no rows of others, no database error.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    // `engine.query(text)` of an unknown thing: a statement is put together, a search is passed on as it is
    let judge = |flow: &Flow, _: &mut Finding| {
        flow.steps.iter().any(|s| s.event == Event::Formatted) || !injection::is_guess(model, flow)
    };
    injection::report(model, report, &WORDS, &judge);
}
