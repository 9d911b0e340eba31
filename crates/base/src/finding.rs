//! What a rule says: findings and strengths, in the specification's words.

use serde::{Deserialize, Serialize};

use crate::{Span, Text};

/// The specification's severities, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 💡 Consider.
    Suggestion,
    /// ⚠️ Should fix.
    Important,
    /// 🚨 Must fix.
    Critical,
}

/// What a finding rests on, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// A heuristic.
    Suspected,
    /// A complete argument from code or schema.
    Shown,
    /// Seen on a running system.
    Proven,
}

/// For whom a rule speaks by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    /// Precise rules: on by default.
    Regular,
    /// For an auditor who reads every report: less precise.
    Auditor,
    /// Opinions on style.
    Pedantic,
}

/// The five stages of the specification's workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// 1. API Structure Analysis.
    Api,
    /// 2. Authentication & Security Review.
    Security,
    /// 3. Database Analysis.
    Data,
    /// 4. Performance Review.
    Performance,
    /// 5. Testing & Reliability.
    Reliability,
}

impl Stage {
    /// All stages in the specification's order.
    pub const ALL: [Stage; 5] = [Stage::Api, Stage::Security, Stage::Data, Stage::Performance, Stage::Reliability];

    /// The heading in the specification.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Api => "API Structure Analysis",
            Stage::Security => "Authentication & Security Review",
            Stage::Data => "Database Analysis",
            Stage::Performance => "Performance Review",
            Stage::Reliability => "Testing & Reliability",
        }
    }
}

/// The specification's "When to Escalate".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escalation {
    /// Infrastructure Issues: Coordinate with DevOps/SRE.
    Infrastructure,
    /// Database Scaling: Discuss with database team.
    DatabaseScaling,
    /// Third-party Integration: Evaluate vendor and terms.
    ThirdParty,
    /// Security Compliance: Involve security team.
    SecurityCompliance,
    /// Data Privacy: Consult legal/compliance.
    DataPrivacy,
    /// Architecture Changes: Review with tech leads.
    Architecture,
    /// Performance Budget: Validate against requirements.
    PerformanceBudget,
}

impl Escalation {
    /// The topic and whom to involve, as the specification words them.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Escalation::Infrastructure => ("Infrastructure Issues", "Coordinate with DevOps/SRE"),
            Escalation::DatabaseScaling => ("Database Scaling", "Discuss with database team"),
            Escalation::ThirdParty => ("Third-party Integration", "Evaluate vendor and terms"),
            Escalation::SecurityCompliance => ("Security Compliance", "Involve security team"),
            Escalation::DataPrivacy => ("Data Privacy", "Consult legal/compliance"),
            Escalation::Architecture => ("Architecture Changes", "Review with tech leads"),
            Escalation::PerformanceBudget => ("Performance Budget", "Validate against requirements"),
        }
    }
}

/// What is always true of a rule: the part that a report needs, whether or not the rule fired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleInfo {
    /// Kebab-case, names the defect, never changes.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// The severity of its findings unless one says otherwise.
    pub severity: Severity,
    /// Who sees it.
    pub persona: Persona,
    /// The stage that it belongs to.
    pub stage: Stage,
    /// Ids of `spec/rows.tsv`.
    pub rows: &'static [&'static str],
    /// CWE numbers.
    pub cwe: &'static [u32],
    /// OWASP categories such as `A01:2021`, `API1:2023`.
    pub owasp: &'static [&'static str],
    /// CVSS-like number for SARIF's `security-severity`; `None` for rules that are not about security.
    pub security_severity: Option<f32>,
    /// Whom to involve.
    pub escalation: Option<Escalation>,
    /// Its page in Markdown.
    pub page: &'static str,
    /// The languages that it has fixtures in, by name.
    pub stacks: &'static [&'static str],
}

/// A further place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What it has to do with the finding.
    pub message: Text,
}

/// What is said of a further place of the same defect.
const AGAIN: &str = "Also here.";

impl Related {
    /// A further place where the same defect stands and must be mended too.
    pub fn again(span: Span) -> Self {
        Self { span, message: Text::from(AGAIN) }
    }

    /// Whether the same defect stands here once more.
    pub fn is_again(&self) -> bool {
        self.message.plain() == AGAIN
    }
}

/// One step on the way from a source to a sink, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Where.
    pub span: Span,
    /// What happens there.
    pub message: Text,
}

/// Whether a change keeps what the code does for inputs that were fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// It does.
    Safe,
    /// Somebody should read it first.
    Unsafe,
}

/// A change of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// By what.
    pub text: String,
    /// Whether it may be made unread.
    pub safety: Safety,
}

/// A file that mends something by being there, such as a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// Its path, relative to the root of the review.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What only one new file can have, such as the number of a migration.
    pub slot: String,
    /// Whether it may be made unread.
    pub safety: Safety,
}

/// One judgement: rule × subject.
///
/// The fields carry the specification's three forms. Critical: Issue, Location, Impact, Fix,
/// Verification. Important: Issue, Details, Recommendation (= `fix`), Impact. Suggestion:
/// Opportunity (= `issue`), Rationale (= `details`), Implementation (= `fix`), Trade-offs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What it rests on.
    pub evidence: Evidence,
    /// The entity it is about, as a stable key (`route POST /users`, `secret src/a.py JWT_KEY`).
    /// Findings of one rule about one subject are one finding, and the fingerprint is made of it.
    pub subject: String,
    /// The endpoint, where there is one, such as `POST /users`.
    pub endpoint: Option<String>,
    /// Where it is.
    pub span: Span,
    /// What is wrong, in one sentence.
    pub issue: Text,
    /// Explanation and context.
    pub details: Text,
    /// Why it matters here.
    pub impact: Text,
    /// Specific change, for this library at this place.
    pub fix: Text,
    /// How a person proves that it is mended.
    pub verification: Text,
    /// What the fix costs.
    pub trade_offs: Text,
    /// Other places.
    pub related: Vec<Related>,
    /// The way through the code, first step first; empty when there is none.
    pub trace: Vec<TraceStep>,
    /// The change that mends it, where it is mechanical.
    pub edits: Vec<Edit>,
    /// The files that mend it, in the same way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_files: Vec<NewFile>,
    /// Stable identity, 16 hexadecimal digits; filled in by the engine.
    pub fingerprint: String,
}

/// A control found in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Strength {
    /// A stable kebab-case id such as `password-hashing`.
    pub id: &'static str,
    /// The sentence.
    pub text: Text,
    /// Where it was seen, first places first; `count` may be larger.
    pub origins: Vec<Span>,
    /// In how many places.
    pub count: usize,
    /// Rows of the specification that it answers.
    pub rows: &'static [&'static str],
}
