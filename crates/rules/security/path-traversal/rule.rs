//! Untrusted data names a file.

use std::cell::RefCell;

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::flow::{Flow, Kind};

use crate::injection::{self, Words, callee};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.6),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "path-traversal",
            "Untrusted data names a file",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.6", "W2.6"],
            &[22, 73],
            &["A01:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Path],
    becomes: "names a file on the server",
    sink: "the file is opened.",
    details: "With `..` or an absolute path the name leaves the directory that was meant.",
    impact: "A caller can read files such as configuration and keys, or overwrite what the server runs.",
    fix: "Take the base name only, or resolve the path and check that it is still inside the directory:",
    payload: "..%2f..%2f..%2fetc%2fpasswd",
    expect: "The answer must be 400 or 404, without the contents of that file.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let told = RefCell::new(Vec::new());
    let only_asks = |flow: &Flow| asks(&callee(model, flow.sink.at));
    injection::report(model, report, &WORDS, &|flow, finding| {
        if model.is_one_segment(flow) {
            finding.severity = Severity::Suggestion;
            finding.evidence = Evidence::Suspected;
            finding.impact =
                Text::from("The framework lets no separator into this part of the path, so only one folder is open.");
            return !only_asks(flow);
        }
        if model.is_usually_one_segment(flow) {
            finding.severity = finding.severity.min(Severity::Important);
            finding.evidence = Evidence::Suspected;
            finding.impact = Text::from(
                "The server or the framework lets no separator in here unless it is told otherwise; a caller then reads files such as configuration and keys, or overwrites what the server runs.",
            );
        }
        if !only_asks(flow) {
            return true;
        }
        finding.severity = finding.severity.min(Severity::Important);
        finding.impact = Text::from("A caller learns which files are on the server.");
        // the same was asked near by
        let question = (flow.source, flow.sink.at.module);
        if told.borrow().contains(&question) {
            return false;
        }
        told.borrow_mut().push(question);
        // the file is opened near by, and that is told
        let opens = |f: &&Flow| f.sink.kind == Kind::Path && !only_asks(f);
        !model.flows.iter().filter(opens).any(|f| f.source == flow.source && f.sink.at.module == flow.sink.at.module)
    });
}

/// Whether a call only asks about a file.
fn asks(name: &str) -> bool {
    matches!(
        name,
        "exists"
            | "isfile"
            | "isdir"
            | "is_file"
            | "is_dir"
            | "isFile"
            | "isDirectory"
            | "getsize"
            | "existsSync"
            | "Exists"
            | "notExists"
            | "isRegularFile"
            | "canRead"
            | "canWrite"
            | "lastModified"
            | "exist?"
            | "file?"
            | "directory?"
    )
}
