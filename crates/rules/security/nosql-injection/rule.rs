//! Untrusted data changes a query of a document or search store.

use base::{Escalation, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "nosql-injection",
            "Untrusted data changes a query of a document or search store",
            Severity::Critical,
            Stage::Security,
            &["K.critical-issues.1", "C10.sanitization.3", "W2.6"],
            &[943, 89],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::NoSql, Kind::NoSqlCode],
    becomes: "becomes part of a query",
    sink: "the store reads the query.",
    details: "Where the store expects a value the caller can give an object with operators, or end the text and go on with a query of their own.",
    impact: "A caller can match documents that are not theirs, such as every account for any password.",
    fix: "Check that the value is a string (or a number), and hand it over as a value:",
    payload: "%24ne",
    expect: "With an object such as `{\"$ne\": null}` in place of the value the answer must be 400 or match nothing.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
