//! A review as SARIF 2.1.0, in the form that code scanning services accept and show.
//!
//! All rules that ran are listed, whether they fired or not. A result's region is the first line of its
//! span, since services show an alert on a change only where all its lines were changed. What was cut to
//! stay within the services' limits, and what was not examined, is said in notifications.

use std::collections::{BTreeSet, HashMap};

use base::{CheckState, FileId, Finding, GapKind, Persona, Review, RuleInfo, Severity, SourceMap, Span, Text};

use crate::{
    json, linehash, markdown,
    ordered::{Json, list, object},
    safe,
    words::{self, Field, GapGroup, Numbers, Place},
};

/// The most results: services show no more.
pub const RESULTS: usize = 5_000;
/// The most related locations of a result.
pub const LOCATIONS: usize = 100;
/// The most steps of a trace.
pub const STEPS: usize = 1_000;
/// The most tags of a rule.
pub const TAGS: usize = 10;
/// The most notifications.
const NOTIFICATIONS: usize = 1_000;
/// The longest message, in characters.
const MESSAGE: usize = 2_000;
/// The longest description, in characters.
const DESCRIPTION: usize = 1_024;

/// Renders the review.
pub fn render(review: &Review, sources: &SourceMap) -> String {
    let rules = listed_rules(review);
    let numbers = Numbers::of(review);
    let mut hashes = LineHashes::default();
    let results = review.findings.iter().enumerate().take(RESULTS);
    let results: Vec<Json> =
        results.map(|(at, f)| result(sources, &rules, &mut hashes, numbers.label(at), f)).collect();
    let cwe: BTreeSet<u32> = rules.iter().flat_map(|r| r.cwe.iter().copied()).collect();
    let driver = object([
        ("name", "specialist".into()),
        ("version", review.version.into()),
        ("semanticVersion", review.version.into()),
        ("rules", list(rules.iter().map(rule))),
        ("notifications", list(notification_kinds())),
        ("supportedTaxonomies", list([object([("name", "CWE".into())])])),
    ]);
    let run = object([
        ("tool", object([("driver", driver)])),
        ("columnKind", "unicodeCodePoints".into()),
        (
            "originalUriBaseIds",
            object([("SRCROOT", object([("description", text_object("The root of the reviewed repository."))]))]),
        ),
        (
            "invocations",
            list([object([
                ("executionSuccessful", (!review.incomplete).into()),
                ("toolExecutionNotifications", Json::List(notifications(review, sources))),
            ])]),
        ),
        ("taxonomies", list([taxonomy(&cwe)])),
        ("results", Json::List(results)),
    ]);
    object([
        ("$schema", "https://json.schemastore.org/sarif-2.1.0.json".into()),
        ("version", "2.1.0".into()),
        ("runs", list([run])),
    ])
    .document()
}

/// The rules that ran, and a stand-in for any finding whose rule is not among them.
fn listed_rules(review: &Review) -> Vec<RuleInfo> {
    let mut rules = review.rules.clone();
    let known: BTreeSet<&str> = rules.iter().map(|r| r.id).collect();
    let unknown: BTreeSet<&'static str> =
        review.findings.iter().map(|f| f.rule).filter(|id| !known.contains(id)).collect();
    rules.extend(unknown.into_iter().map(|id| RuleInfo {
        id,
        title: id,
        severity: Severity::Important,
        persona: Persona::Regular,
        stage: base::Stage::Api,
        rows: &[],
        cwe: &[],
        owasp: &[],
        security_severity: None,
        escalation: None,
        page: "",
        stacks: &[],
    }));
    rules
}

fn rule(rule: &RuleInfo) -> Json {
    let page = if rule.page.trim().is_empty() { rule.title } else { rule.page.trim() };
    let mut properties = object([
        ("tags", list(tags(rule))),
        ("precision", precision(rule.persona).into()),
        ("persona", words::persona(rule.persona).into()),
        ("rows", list(rule.rows.iter().copied())),
    ]);
    match rule.security_severity {
        Some(severity) => properties.set("security-severity", format!("{severity:.1}")),
        None => properties.set("problem.severity", problem_severity(rule.severity)),
    }
    if let Some(escalation) = rule.escalation {
        let (topic, whom) = escalation.words();
        properties.set("escalation", format!("{topic}: {whom}"));
    }
    let mut out = object([
        ("id", rule.id.into()),
        ("name", safe::shortened(rule.title, 255).into()),
        ("shortDescription", text_object(&safe::shortened(rule.title, DESCRIPTION))),
        ("fullDescription", text_object(&safe::shortened(&first_paragraph(page, rule.title), DESCRIPTION))),
        ("help", object([("text", page.into()), ("markdown", page.into())])),
        ("defaultConfiguration", object([("level", level(rule.severity).into())])),
        ("properties", properties),
    ]);
    if !rule.cwe.is_empty() {
        let relationships = rule.cwe.iter().map(|number| {
            object([
                (
                    "target",
                    object([
                        ("id", number.to_string().into()),
                        ("toolComponent", object([("name", "CWE".into()), ("index", 0usize.into())])),
                    ]),
                ),
                ("kinds", list(["relevant"])),
            ])
        });
        out.set("relationships", list(relationships));
    }
    out
}

/// The first paragraph of prose on a page.
fn first_paragraph(page: &str, title: &str) -> String {
    let paragraphs = page.split("\n\n").map(str::trim);
    let mut prose = paragraphs.filter(|p| !p.is_empty() && !p.starts_with(['#', '`', '|', '-', '<']));
    prose.next().map_or_else(|| title.to_owned(), |p| p.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn tags(rule: &RuleInfo) -> Vec<String> {
    let mut tags = Vec::new();
    if rule.security_severity.is_some() {
        tags.push("security".to_owned());
    }
    tags.extend(rule.cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}")));
    tags.extend(rule.owasp.iter().map(|o| format!("external/owasp/{}", o.to_ascii_lowercase().replace(':', "-"))));
    tags.truncate(TAGS - 1);
    tags.push(format!("stage/{}", json::stage_id(rule.stage)));
    tags
}

fn precision(persona: Persona) -> &'static str {
    match persona {
        Persona::Regular => "high",
        Persona::Auditor => "medium",
        Persona::Pedantic => "low",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Important => "warning",
        Severity::Suggestion => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Important => "warning",
        Severity::Suggestion => "recommendation",
    }
}

fn taxonomy(cwe: &BTreeSet<u32>) -> Json {
    object([
        ("name", "CWE".into()),
        ("organization", "MITRE".into()),
        ("shortDescription", text_object("The Common Weakness Enumeration.")),
        ("isComprehensive", false.into()),
        ("taxa", list(cwe.iter().map(|n| object([("id", n.to_string().into()), ("name", format!("CWE-{n}").into())])))),
    ])
}

fn result(sources: &SourceMap, rules: &[RuleInfo], hashes: &mut LineHashes, label: &str, f: &Finding) -> Json {
    let mut place = object([("physicalLocation", physical(sources, f.span))]);
    if let Some(endpoint) = &f.endpoint {
        let logical = object([("fullyQualifiedName", endpoint.into()), ("kind", "endpoint".into())]);
        place.set("logicalLocations", list([logical]));
    }
    // SARIF's further locations are those that must be mended too
    let again = f.related.iter().filter(|r| r.is_again()).take(LOCATIONS - 1);
    let again = again.map(|r| object([("physicalLocation", physical(sources, r.span))]));
    let places: Vec<Json> = std::iter::once(place).chain(again).collect();
    let related: Vec<(Span, &Text)> = f.related.iter().take(LOCATIONS - 1).map(|r| (r.span, &r.message)).collect();
    let mut out = object([
        ("ruleId", f.rule.into()),
        ("ruleIndex", rules.iter().position(|r| r.id == f.rule).into()),
        ("level", level(f.severity).into()),
        ("message", object([("text", message(f, &related).into()), ("markdown", markdown::fields(f).into())])),
        ("locations", Json::List(places)),
    ]);
    if !related.is_empty() {
        let locations = related.iter().enumerate().map(|(at, (span, message))| {
            let mut location = object([("id", (at + 1).into())]);
            location.set("physicalLocation", physical(sources, *span));
            location.set("message", text_object(&plain(message)));
            location
        });
        out.set("relatedLocations", list(locations));
    }
    if !f.trace.is_empty() {
        let steps = f.trace.iter().take(STEPS).map(|step| {
            let location = object([
                ("physicalLocation", physical(sources, step.span)),
                ("message", text_object(&plain(&step.message))),
            ]);
            object([("location", location)])
        });
        out.set("codeFlows", list([object([("threadFlows", list([object([("locations", list(steps))])]))])]));
    }
    let line = sources.start(f.span).line;
    let mut fingerprints = object([]);
    if let Some(hash) = hashes.of(sources, f.span.file, line) {
        fingerprints.set("primaryLocationLineHash", hash);
    }
    fingerprints.set("specialist/v1", &f.fingerprint);
    out.set("partialFingerprints", fingerprints);
    let properties = object([
        ("id", label.into()),
        ("severity", words::severity(f.severity).into()),
        ("evidence", words::evidence(f.evidence).into()),
        ("endpoint", f.endpoint.as_ref().into()),
        ("subject", (&f.subject).into()),
    ]);
    out.set("properties", properties);
    out
}

/// The message in plain text: the issue first, then what a reader of the alert needs, then links to the
/// related places (services show a related place only where the message links it).
fn message(f: &Finding, related: &[(Span, &Text)]) -> String {
    let mut words = String::new();
    for field in words::fields(f) {
        let Field::Words(name, text) = field else { continue };
        let text = safe::lines(&text.plain());
        let text = text.trim();
        if words.is_empty() { words.push_str(text) } else { words.push_str(&format!("\n{name}: {text}")) }
    }
    let mut out = escaped(&safe::shortened(&words, MESSAGE));
    for (at, (_, message)) in related.iter().enumerate().take(10) {
        let words = safe::shortened(&safe::prose(&message.plain()), 120);
        let words = if words.trim().is_empty() { "related place".to_owned() } else { escaped(&words) };
        out.push_str(&format!("{}[{words}]({})", if at == 0 { "\nSee " } else { ", " }, at + 1));
    }
    if out.trim().is_empty() { f.rule.to_owned() } else { out }
}

/// Plain message text: no link, no placeholder.
fn plain(text: &Text) -> String {
    let words = escaped(safe::lines(&text.plain()).trim());
    if words.is_empty() { "here".to_owned() } else { words }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\\' | '[' | ']' => out.extend(['\\', c]),
            // `{0}` would be a placeholder, `{id}` is none
            '{' if is_placeholder(&text[at + 1..]) => out.push_str("{{"),
            '}' if text[..at].rsplit_once('{').is_some_and(|(_, inside)| is_placeholder(&format!("{inside}}}"))) => {
                out.push_str("}}");
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows an opening brace is a number and a closing one.
fn is_placeholder(rest: &str) -> bool {
    rest.split_once('}').is_some_and(|(inside, _)| !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()))
}

fn text_object(text: &str) -> Json {
    object([("text", text.into())])
}

/// The first line of a span.
fn physical(sources: &SourceMap, span: Span) -> Json {
    let file = sources.file(span.file);
    let (start, end) = (sources.start(span), sources.end(span));
    let end_column = if end.line == start.line {
        end.column
    } else {
        let range = file.line_range(start.line);
        file.line_column(range.end as u32).column
    };
    object([
        ("artifactLocation", artifact(&file.path)),
        (
            "region",
            object([
                ("startLine", start.line.into()),
                ("startColumn", start.column.into()),
                ("endLine", start.line.into()),
                ("endColumn", end_column.max(start.column + 1).into()),
            ]),
        ),
    ])
}

fn artifact(path: &str) -> Json {
    object([("uri", safe::uri(path).into()), ("uriBaseId", "SRCROOT".into())])
}

/// The line hashes of the files that have results.
#[derive(Default)]
struct LineHashes {
    files: HashMap<FileId, Vec<String>>,
}

impl LineHashes {
    fn of(&mut self, sources: &SourceMap, file: FileId, line: u32) -> Option<String> {
        let hashes = self.files.entry(file).or_insert_with(|| linehash::line_hashes(&sources.file(file).text));
        hashes.get(line as usize - 1).cloned()
    }
}

const CUT: &str = "cut";
const NOT_EXAMINED: &str = "not-examined";

fn notification_kinds() -> Vec<Json> {
    let kind = |id: &str, words: &str| object([("id", id.into()), ("shortDescription", text_object(words))]);
    let mut kinds: Vec<Json> = [
        GapKind::Syntax,
        GapKind::Construct,
        GapKind::TooDeep,
        GapKind::TooLarge,
        GapKind::Unreadable,
        GapKind::LeftOut,
        GapKind::Framework,
        GapKind::Configuration,
        GapKind::Bound,
        GapKind::Unseen,
        GapKind::Internal,
    ]
    .iter()
    .map(|gap| kind(words::gap_id(*gap), words::gap_kind(*gap)))
    .collect();
    kinds.push(kind(NOT_EXAMINED, "A line of the checklist that was not examined"));
    kinds.push(kind(CUT, "Left out to stay within the limits of this format's readers"));
    kinds
}

fn notification(id: &str, level: &str, text: &str, locations: Vec<Json>) -> Json {
    let mut out =
        object([("descriptor", object([("id", id.into())])), ("level", level.into()), ("message", text_object(text))]);
    if !locations.is_empty() {
        out.set("locations", Json::List(locations));
    }
    out
}

fn notifications(review: &Review, sources: &SourceMap) -> Vec<Json> {
    let mut out = Vec::new();
    if review.findings.len() > RESULTS {
        let text = format!("{} findings, of which the first {RESULTS} are listed.", review.findings.len());
        out.push(notification(CUT, "warning", &text, Vec::new()));
    }
    let long = review.findings.iter().filter(|f| f.related.len() >= LOCATIONS || f.trace.len() > STEPS).count();
    if long > 0 {
        let text = format!("{long} results have more places than are listed with them.");
        out.push(notification(CUT, "note", &text, Vec::new()));
    }
    for item in review.stages.iter().flat_map(|s| &s.items) {
        if let CheckState::NotExamined { reason } = &item.state {
            let text = format!("{}: not examined, because {}", item.text, plain(reason));
            out.push(notification(NOT_EXAMINED, "note", &text, Vec::new()));
        }
    }
    let groups = words::gap_groups(review, sources);
    let room = NOTIFICATIONS.saturating_sub(out.len() + 1);
    out.extend(groups.iter().take(room).map(gap_notification));
    if groups.len() > room {
        let text = format!("{} more kinds of gaps.", groups.len() - room);
        out.push(notification(CUT, "note", &text, Vec::new()));
    }
    out
}

fn gap_notification(group: &GapGroup) -> Json {
    let level = match group.kind {
        GapKind::Internal => "error",
        GapKind::LeftOut => "note",
        _ => "warning",
    };
    let text = format!(
        "{}: {}, {}.",
        words::gap_kind(group.kind),
        escaped(&safe::code(&group.what)),
        words::count(group.count, "place", "places")
    );
    let locations = group.places.iter().map(|Place { path, at }| {
        let mut physical = object([("artifactLocation", artifact(path))]);
        if let Some((line, column)) = at {
            let region = object([("startLine", (*line).into()), ("startColumn", (*column).into())]);
            physical.set("region", region);
        }
        object([("physicalLocation", physical)])
    });
    notification(words::gap_id(group.kind), level, &text, locations.collect())
}
