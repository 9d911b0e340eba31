//! What a session ends in.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Escalation, Finding, RuleInfo, Span, Stage, Strength, Text};

/// Why something was not understood or not examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// The parser recovered from an error here.
    Syntax,
    /// A construct that the front end does not lower.
    Construct,
    /// Nested deeper than the limit.
    TooDeep,
    /// A file over the size limit.
    TooLarge,
    /// A file that could not be read (no permission, special file, link out of the root).
    Unreadable,
    /// Vendored, generated or minified: left out.
    LeftOut,
    /// A route, guard or mount that could not be resolved.
    Framework,
    /// A configuration file that could not be read, or facts of the project's own that were believed.
    Configuration,
    /// A bound of the analysis was reached.
    Bound,
    /// What a running system did not show.
    Unseen,
    /// A panic of ours, caught.
    Internal,
}

/// Something that was not understood or not examined. Counted and told, never silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// Groups gaps of the same cause: a syntax node's kind, a limit's name.
    pub what: String,
    /// Where, if it is in a file that was read.
    pub span: Option<Span>,
    /// The path, if the file was not read.
    pub path: Option<String>,
}

/// A finding that a running system refutes: it is told apart from the findings, with the reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refuted {
    /// The rule's id.
    pub rule: &'static str,
    /// What it was about.
    pub subject: String,
    /// Where it would have stood.
    pub span: Span,
    /// What it would have said.
    pub issue: Text,
    /// Why it is none.
    pub reason: Text,
}

/// One line of a stage's checklist, filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckItem {
    /// The row's id, such as `W2.4`.
    pub row: &'static str,
    /// The specification's words.
    pub text: &'static str,
    /// What was found.
    pub state: CheckState,
}

/// The state of a checklist line. Nothing unexamined is ever shown as fine.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum CheckState {
    /// Examined, and in order; `evidence` says what was seen.
    Passed {
        /// What was seen.
        evidence: Text,
    },
    /// Examined, with findings (fingerprints).
    Failed {
        /// Fingerprints of the findings.
        findings: Vec<String>,
    },
    /// There is nothing here to examine.
    NotApplicable {
        /// Why.
        reason: Text,
    },
    /// It could not be examined.
    NotExamined {
        /// Why, and what would make it possible.
        reason: Text,
    },
}

/// One of the specification's five stages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageReport {
    /// Which.
    pub stage: Stage,
    /// Its checklist in the specification's order.
    pub items: Vec<CheckItem>,
}

/// A performance target and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// The specification's name, such as `API Response Time (p95)`.
    pub name: &'static str,
    /// The specification's target, such as `≤ 200ms`.
    pub target: &'static str,
    /// What was measured, or `None`: not measured.
    pub measured: Option<String>,
    /// Whether the measurement meets the target; `None` without one.
    pub met: Option<bool>,
}

/// Whom to involve, with the findings that call for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EscalationCall {
    /// The topic.
    pub escalation: Escalation,
    /// Fingerprints.
    pub findings: Vec<String>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Lines by language name.
    pub languages: BTreeMap<&'static str, usize>,
    /// Frameworks found, by name.
    pub frameworks: Vec<String>,
    /// Names of the services found.
    pub services: Vec<String>,
    /// Routes found.
    pub routes: usize,
    /// Calls in the code, and how many of them were resolved to a definition or a library.
    pub calls: usize,
    /// See `calls`.
    pub calls_resolved: usize,
    /// Syntax nodes lowered, and those not understood.
    pub nodes: usize,
    /// See `nodes`.
    pub nodes_unknown: usize,
}

/// The whole review.
#[derive(Clone, Debug, Serialize)]
pub struct Review {
    /// Our version.
    pub version: &'static str,
    /// What was looked at.
    pub summary: Summary,
    /// Sorted: severity first, then evidence, path, position, rule.
    pub findings: Vec<Finding>,
    /// Findings that running systems refute, by place.
    pub refuted: Vec<Refuted>,
    /// Findings not shown: silenced in the code, or in the baseline.
    pub suppressed: usize,
    /// Controls in place.
    pub strengths: Vec<Strength>,
    /// The five stages.
    pub stages: Vec<StageReport>,
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// The escalations.
    pub escalations: Vec<EscalationCall>,
    /// What was not understood or not examined.
    pub gaps: Vec<Gap>,
    /// All rules that ran, whether they fired or not, by id.
    pub rules: Vec<RuleInfo>,
    /// A requested source could not be examined: the review is incomplete (exit status 4).
    pub incomplete: bool,
}

impl Review {
    /// The findings of one severity, in order.
    pub fn of(&self, severity: crate::Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.severity == severity)
    }

    /// The rule of a finding.
    pub fn rule(&self, id: &str) -> Option<&RuleInfo> {
        self.rules.iter().find(|r| r.id == id)
    }
}
