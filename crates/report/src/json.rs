//! A review as data: `specialist-review/v1`.
//!
//! Every place is resolved to a file and positions, every text is there in plain words and as Markdown.
//! There is no absolute path, no clock and no source text in it. The rules' pages are not repeated
//! (`specialist explain RULE` prints them).
//!
//! Within `v1`, members are added but never removed, renamed or given another meaning.

use base::{CheckItem, CheckState, Finding, Gap, Review, RuleInfo, SourceMap, Span, Strength, Text};
use serde_json::{Value, json};

use crate::{
    markdown,
    ordered::{Json, list, object},
    safe,
    words::{self, Numbers},
};

/// The name and version of the format.
pub const SCHEMA: &str = "specialist-review/v1";

/// Renders the review.
pub fn render(review: &Review, sources: &SourceMap) -> String {
    let numbers = Numbers::of(review);
    let s = &review.summary;
    let [passed, failed, not_applicable, not_examined] = words::check_counts(review);
    let of = |severity| Json::from(review.of(severity).count());
    let document = object([
        ("schema", SCHEMA.into()),
        ("tool", object([("name", "specialist".into()), ("version", review.version.into())])),
        ("incomplete", review.incomplete.into()),
        (
            "summary",
            object([
                ("files", s.files.into()),
                ("lines", s.lines.into()),
                ("languages", Json::Object(s.languages.iter().map(|(n, l)| ((*n).to_owned(), (*l).into())).collect())),
                ("frameworks", list(&s.frameworks)),
                ("services", list(&s.services)),
                ("routes", s.routes.into()),
                ("calls", s.calls.into()),
                ("callsResolved", s.calls_resolved.into()),
                ("nodes", s.nodes.into()),
                ("nodesUnknown", s.nodes_unknown.into()),
            ]),
        ),
        (
            "counts",
            object([
                ("critical", of(base::Severity::Critical)),
                ("important", of(base::Severity::Important)),
                ("suggestion", of(base::Severity::Suggestion)),
                ("suppressed", review.suppressed.into()),
                ("strengths", review.strengths.len().into()),
                ("checksPassed", passed.into()),
                ("checksFailed", failed.into()),
                ("checksNotApplicable", not_applicable.into()),
                ("checksNotExamined", not_examined.into()),
                ("gaps", review.gaps.len().into()),
            ]),
        ),
        (
            "findings",
            list(review.findings.iter().enumerate().map(|(at, f)| finding(review, sources, numbers.label(at), f))),
        ),
        ("refuted", list(review.refuted.iter().map(|r| refuted(sources, r)))),
        ("strengths", list(review.strengths.iter().map(|s| strength(sources, s)))),
        (
            "stages",
            list(review.stages.iter().map(|stage| {
                object([
                    ("stage", stage_id(stage.stage).into()),
                    ("title", stage.stage.title().into()),
                    ("items", list(stage.items.iter().map(check_item))),
                ])
            })),
        ),
        (
            "budgets",
            list(review.budgets.iter().map(|b| {
                object([
                    ("name", b.name.into()),
                    ("target", b.target.into()),
                    ("measured", b.measured.as_deref().map(safe::prose).into()),
                    ("met", b.met.into()),
                ])
            })),
        ),
        (
            "escalations",
            list(review.escalations.iter().map(|call| {
                let (topic, whom) = call.escalation.words();
                object([("topic", topic.into()), ("whom", whom.into()), ("findings", list(&call.findings))])
            })),
        ),
        ("gaps", list(review.gaps.iter().map(|g| gap(sources, g)))),
        ("rules", list(review.rules.iter().map(rule))),
    ]);
    document.document()
}

/// A stage's identifier.
pub fn stage_id(stage: base::Stage) -> &'static str {
    match stage {
        base::Stage::Api => "api",
        base::Stage::Security => "security",
        base::Stage::Data => "data",
        base::Stage::Performance => "performance",
        base::Stage::Reliability => "reliability",
    }
}

fn refuted(sources: &SourceMap, refuted: &base::review::Refuted) -> Json {
    object([
        ("rule", refuted.rule.into()),
        ("subject", (&refuted.subject).into()),
        ("location", location(sources, refuted.span)),
        ("issue", text(&refuted.issue)),
        ("reason", text(&refuted.reason)),
    ])
}

fn finding(review: &Review, sources: &SourceMap, label: &str, f: &Finding) -> Json {
    let info = review.rule(f.rule);
    object([
        ("id", label.into()),
        ("rule", f.rule.into()),
        ("title", info.map(|r| r.title).into()),
        ("severity", words::severity(f.severity).into()),
        ("evidence", words::evidence(f.evidence).into()),
        ("stage", info.map(|r| stage_id(r.stage)).into()),
        ("cwe", list(info.map_or(&[][..], |r| r.cwe).iter().copied())),
        ("owasp", list(info.map_or(&[][..], |r| r.owasp).iter().copied())),
        ("subject", (&f.subject).into()),
        ("endpoint", f.endpoint.as_ref().into()),
        ("location", location(sources, f.span)),
        ("issue", text(&f.issue)),
        ("details", text(&f.details)),
        ("impact", text(&f.impact)),
        ("fix", text(&f.fix)),
        ("verification", text(&f.verification)),
        ("tradeOffs", text(&f.trade_offs)),
        ("related", list(f.related.iter().map(|r| step(sources, r.span, &r.message)))),
        ("trace", list(f.trace.iter().map(|t| step(sources, t.span, &t.message)))),
        ("fingerprint", (&f.fingerprint).into()),
    ])
}

fn step(sources: &SourceMap, span: Span, message: &Text) -> Json {
    object([("location", location(sources, span)), ("message", text(message))])
}

fn strength(sources: &SourceMap, s: &Strength) -> Json {
    object([
        ("id", s.id.into()),
        ("text", text(&s.text)),
        ("count", s.count.into()),
        ("rows", list(s.rows.iter().copied())),
        ("locations", list(s.origins.iter().map(|span| location(sources, *span)))),
    ])
}

fn check_item(item: &CheckItem) -> Json {
    let mut out = object([("row", item.row.into()), ("text", item.text.into())]);
    let (state, key, value) = match &item.state {
        CheckState::Passed { evidence } => ("passed", "evidence", text(evidence)),
        CheckState::Failed { findings } => ("failed", "findings", list(findings)),
        CheckState::NotApplicable { reason } => ("not-applicable", "reason", text(reason)),
        CheckState::NotExamined { reason } => ("not-examined", "reason", text(reason)),
    };
    out.set("state", state);
    out.set(key, value);
    out
}

fn gap(sources: &SourceMap, gap: &Gap) -> Json {
    object([
        ("kind", words::gap_id(gap.kind).into()),
        ("what", (&gap.what).into()),
        ("location", gap.span.map_or(Json::Null, |s| location(sources, s))),
        ("path", gap.path.as_ref().into()),
    ])
}

fn rule(rule: &RuleInfo) -> Json {
    object([
        ("id", rule.id.into()),
        ("title", rule.title.into()),
        ("severity", words::severity(rule.severity).into()),
        ("persona", words::persona(rule.persona).into()),
        ("stage", stage_id(rule.stage).into()),
        ("rows", list(rule.rows.iter().copied())),
        ("cwe", list(rule.cwe.iter().copied())),
        ("owasp", list(rule.owasp.iter().copied())),
        ("securitySeverity", rule.security_severity.map_or(Json::Null, Json::Decimal)),
        ("escalation", rule.escalation.map(|e| e.words().0).into()),
    ])
}

fn text(text: &Text) -> Json {
    object([("text", safe::lines(&text.plain()).trim().into()), ("markdown", markdown::text(text).into())])
}

fn location(sources: &SourceMap, span: Span) -> Json {
    let (start, end) = (sources.start(span), sources.end(span));
    object([
        ("file", (&sources.file(span.file).path).into()),
        ("line", start.line.into()),
        ("column", start.column.into()),
        ("endLine", end.line.into()),
        ("endColumn", end.column.into()),
    ])
}

/// The JSON schema of [`render`]'s output.
pub fn json_schema() -> Value {
    let string = || json!({ "type": "string" });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let strings = || json!({ "type": "array", "items": { "type": "string" } });
    let optional = || json!({ "type": ["string", "null"] });
    let text = || json!({ "$ref": "#/$defs/text" });
    let place = || json!({ "$ref": "#/$defs/location" });
    let severity = || json!({ "enum": ["critical", "important", "suggestion"] });
    let stage = || json!({ "enum": ["api", "security", "data", "performance", "reliability"] });
    let list_of = |name: &str| json!({ "type": "array", "items": { "$ref": format!("#/$defs/{name}") } });

    let item = |state: &str, key: &str, value: Value| {
        closed([("row", string()), ("text", string()), ("state", json!({ "const": state })), (key, value)])
    };
    let kinds: Vec<&str> = [
        base::GapKind::Syntax,
        base::GapKind::Construct,
        base::GapKind::TooDeep,
        base::GapKind::TooLarge,
        base::GapKind::Unreadable,
        base::GapKind::LeftOut,
        base::GapKind::Framework,
        base::GapKind::Configuration,
        base::GapKind::Bound,
        base::GapKind::Unseen,
        base::GapKind::Internal,
    ]
    .map(words::gap_id)
    .to_vec();
    let nullable_place = json!({ "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/location" }] });

    let mut schema = closed([
        ("schema", json!({ "const": SCHEMA })),
        ("tool", closed([("name", json!({ "const": "specialist" })), ("version", string())])),
        ("incomplete", json!({ "type": "boolean", "description": "A requested source could not be examined." })),
        (
            "summary",
            closed([
                ("files", number()),
                ("lines", number()),
                (
                    "languages",
                    json!({ "type": "object", "additionalProperties": { "type": "integer" }, "description": "Lines by language." }),
                ),
                ("frameworks", strings()),
                ("services", strings()),
                ("routes", number()),
                ("calls", number()),
                ("callsResolved", number()),
                ("nodes", number()),
                ("nodesUnknown", number()),
            ]),
        ),
        (
            "counts",
            closed(
                [
                    "critical",
                    "important",
                    "suggestion",
                    "suppressed",
                    "strengths",
                    "checksPassed",
                    "checksFailed",
                    "checksNotApplicable",
                    "checksNotExamined",
                    "gaps",
                ]
                .map(|name| (name, number())),
            ),
        ),
        ("findings", list_of("finding")),
        ("refuted", list_of("refuted")),
        ("strengths", list_of("strength")),
        (
            "stages",
            json!({ "type": "array", "items": closed([
                ("stage", stage()),
                ("title", string()),
                ("items", json!({ "type": "array", "items": { "$ref": "#/$defs/item" } })),
            ]) }),
        ),
        (
            "budgets",
            json!({ "type": "array", "items": closed([
                ("name", string()),
                ("target", string()),
                ("measured", optional()),
                ("met", json!({ "type": ["boolean", "null"] })),
            ]) }),
        ),
        (
            "escalations",
            json!({ "type": "array", "items": closed([("topic", string()), ("whom", string()), ("findings", strings())]) }),
        ),
        ("gaps", list_of("gap")),
        ("rules", list_of("rule")),
    ]);
    let definitions = json!({
        "text": closed([("text", string()), ("markdown", string())]),
        "location": closed([
            ("file", json!({ "type": "string", "description": "Path relative to the root of the review." })),
            ("line", json!({ "type": "integer", "minimum": 1 })),
            ("column", json!({ "type": "integer", "minimum": 1, "description": "In Unicode code points." })),
            ("endLine", json!({ "type": "integer", "minimum": 1 })),
            ("endColumn", json!({ "type": "integer", "minimum": 1, "description": "One past the last." })),
        ]),
        "step": closed([("location", place()), ("message", text())]),
        "finding": closed([
            ("id", json!({ "type": "string", "pattern": "^[CIS][0-9]+$" })),
            ("rule", string()),
            ("title", optional()),
            ("severity", severity()),
            ("evidence", json!({ "enum": ["suspected", "shown", "proven"] })),
            ("stage", json!({ "anyOf": [{ "type": "null" }, stage()] })),
            ("cwe", json!({ "type": "array", "items": { "type": "integer" } })),
            ("owasp", strings()),
            ("subject", string()),
            ("endpoint", optional()),
            ("location", place()),
            ("issue", text()),
            ("details", text()),
            ("impact", text()),
            ("fix", text()),
            ("verification", text()),
            ("tradeOffs", text()),
            ("related", list_of("step")),
            ("trace", list_of("step")),
            ("fingerprint", json!({ "type": "string", "description": "Stable identity across moved lines." })),
        ]),
        "refuted": closed([
            ("rule", string()),
            ("subject", string()),
            ("location", place()),
            ("issue", text()),
            ("reason", text()),
        ]),
        "strength": closed([
            ("id", string()),
            ("text", text()),
            ("count", number()),
            ("rows", strings()),
            ("locations", list_of("location")),
        ]),
        "item": { "anyOf": [
            item("passed", "evidence", text()),
            item("failed", "findings", strings()),
            item("not-applicable", "reason", text()),
            item("not-examined", "reason", text()),
        ] },
        "gap": closed([
            ("kind", json!({ "enum": kinds })),
            ("what", string()),
            ("location", nullable_place),
            ("path", optional()),
        ]),
        "rule": closed([
            ("id", string()),
            ("title", string()),
            ("severity", severity()),
            ("persona", json!({ "enum": ["regular", "auditor", "pedantic"] })),
            ("stage", stage()),
            ("rows", strings()),
            ("cwe", json!({ "type": "array", "items": { "type": "integer" } })),
            ("owasp", strings()),
            ("securitySeverity", json!({ "type": ["number", "null"] })),
            ("escalation", optional()),
        ]),
    });
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        members.insert("title".into(), json!("A review by specialist, version 1"));
        members.insert("$defs".into(), definitions);
    }
    schema
}

/// An object that has all these members and no other.
fn closed<const N: usize>(members: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}
