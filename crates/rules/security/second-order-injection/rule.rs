//! Stored data becomes part of a statement, command or program.

use base::{Persona, RuleInfo, Severity, Stage};
use model::Model;
use model::flow::Kind;

use crate::injection::{self, Words};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.5),
        persona: Persona::Auditor,
        ..info(
            "second-order-injection",
            "Stored data becomes part of a statement, command or program",
            Severity::Important,
            Stage::Security,
            &["C10.security-libraries.1", "W2.6"],
            &[89, 78, 94],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Sql, Kind::Command, Kind::Code, Kind::Template, Kind::Deserialization],
    becomes: "becomes part of a statement, command or program",
    sink: "it is read as code.",
    details: "What is in the database was written by somebody: a value that was stored safely is dangerous again when it is put into text.",
    impact: "Whoever could store the value can change the statement, or run programs, when it is read back.",
    fix: "Treat stored values as any other input: give them as parameters or arguments:",
    payload: "x",
    expect: "Store the value `a'b` through the form that writes it, then use this function: nothing may fail or change.",
    stored: true,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &injection::as_is);
}
