//! For code scanning: SARIF 2.1.0, within the limits of GitHub's code scanning.

use std::collections::HashMap;

use base::{Evidence, Finding, Review, RuleInfo, Severity, SourceMap, Span};
use serde_json::{Value, json};

/// Most results in a file; GitHub shows no more.
const MAX_RESULTS: usize = 5_000;
/// Most places of a result.
const MAX_LOCATIONS: usize = 100;

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Important => "warning",
        Severity::Suggestion => "note",
    }
}

/// A relative URI: everything but unreserved characters and slashes is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn physical(sources: &SourceMap, span: Span) -> Value {
    let start = sources.start(span);
    let end = sources.end(span);
    // one line, so that pull requests show it
    let end_column = match end.line == start.line {
        true => end.column.max(start.column + 1),
        false => {
            sources.file(span.file).text[sources.file(span.file).line_range(start.line)].chars().count() as u32 + 1
        }
    };
    json!({
        "artifactLocation": {"uri": uri(&sources.file(span.file).path), "uriBaseId": "SRCROOT"},
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": start.line,
            "endColumn": end_column.max(start.column + 1),
        },
    })
}

fn rule(info: &RuleInfo) -> Value {
    let mut tags: Vec<String> = Vec::new();
    if info.security_severity.is_some() {
        tags.push("security".to_owned());
    }
    tags.extend(info.cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}")));
    tags.extend(info.owasp.iter().map(|o| format!("external/owasp/{}", o.to_lowercase().replace(':', "-"))));
    tags.truncate(10);
    let text: String = info.page.chars().take(1000).collect();
    let text = if text.is_empty() { info.title.to_owned() } else { text };
    let mut properties = json!({"tags": tags, "precision": "high"});
    match info.security_severity {
        Some(number) => properties["security-severity"] = json!(format!("{number:.1}")),
        None => {
            properties["problem.severity"] = json!(match info.severity {
                Severity::Critical => "error",
                Severity::Important => "warning",
                Severity::Suggestion => "recommendation",
            });
        }
    }
    json!({
        "id": info.id,
        "name": info.id,
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.title},
        "help": {"text": text, "markdown": if info.page.is_empty() { info.title } else { info.page }},
        "defaultConfiguration": {"level": level(info.severity)},
        "properties": properties,
    })
}

fn message(finding: &Finding) -> String {
    let mut text = finding.issue.plain();
    if !finding.impact.is_empty() {
        text.push(' ');
        text.push_str(&finding.impact.plain());
    }
    for at in 0..finding.related.len().min(MAX_LOCATIONS) {
        if at < 3 {
            text.push_str(&format!(" [related place]({})", at + 1));
        }
    }
    text
}

fn result(finding: &Finding, sources: &SourceMap, hash: String) -> Value {
    let mut value = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": [{"physicalLocation": physical(sources, finding.span)}],
        "partialFingerprints": {"primaryLocationLineHash": hash, "specialist/v1": finding.fingerprint},
        "properties": {"evidence": finding.evidence, "subject": finding.subject, "endpoint": finding.endpoint},
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().take(MAX_LOCATIONS).enumerate();
        value["relatedLocations"] = related
            .map(|(at, r)| {
                json!({"id": at + 1, "physicalLocation": physical(sources, r.span), "message": {"text": r.message.plain()}})
            })
            .collect();
    }
    if !finding.trace.is_empty() {
        let steps: Vec<Value> = finding
            .trace
            .iter()
            .map(|s| json!({"location": {"physicalLocation": physical(sources, s.span), "message": {"text": s.message.plain()}}}))
            .collect();
        value["codeFlows"] = json!([{"threadFlows": [{"locations": steps}]}]);
    }
    if finding.evidence == Evidence::Suspected {
        value["rank"] = json!(40.0);
    }
    value
}

pub fn render(review: &Review, sources: &SourceMap) -> String {
    let mut hashes: HashMap<base::FileId, HashMap<u32, String>> = HashMap::new();
    let results: Vec<Value> = review
        .findings
        .iter()
        .take(MAX_RESULTS)
        .map(|f| {
            let by_line = hashes.entry(f.span.file).or_insert_with(|| line_hashes(&sources.file(f.span.file).text));
            let hash = by_line.get(&sources.start(f.span).line).cloned().unwrap_or_default();
            result(f, sources, hash)
        })
        .collect();
    let mut notes: Vec<Value> = review
        .gaps
        .iter()
        .filter(|g| g.kind != base::GapKind::Construct)
        .take(1000)
        .map(|g| {
            let mut note = json!({"level": "note", "message": {"text": format!("not examined: {}", g.what)}});
            if let Some(span) = g.span {
                note["locations"] = json!([{"physicalLocation": physical(sources, span)}]);
            } else if let Some(path) = &g.path {
                note["message"]["text"] = json!(format!("not examined: {}: {path}", g.what));
            }
            note
        })
        .collect();
    if review.findings.len() > MAX_RESULTS {
        let text = format!("{} further findings were left out", review.findings.len() - MAX_RESULTS);
        notes.push(json!({"level": "warning", "message": {"text": text}}));
    }
    let rules: Vec<Value> = review.rules.iter().map(rule).collect();
    let whole = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "specialist",
                "semanticVersion": review.version,
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the reviewed tree."}}},
            "invocations": [{"executionSuccessful": !review.incomplete, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    });
    let mut out = serde_json::to_string_pretty(&whole).unwrap_or_default();
    out.push('\n');
    out
}

/// The hash of each line as GitHub's code scanning computes it: a rolling hash, base 37, over 100
/// characters from the start of the line on without spaces and tabs, with a counter for repeats
/// (`codeql-action/src/fingerprints.ts`).
fn line_hashes(text: &str) -> HashMap<u32, String> {
    const WINDOW: usize = 100;
    const MOD: i64 = 37;
    const EOF: i64 = 65535;
    let first_mod = (0..WINDOW).fold(1i64, |power, _| power.wrapping_mul(MOD));
    let mut window = [0i64; WINDOW];
    let mut line_numbers = [-1i64; WINDOW];
    let (mut hash, mut index, mut line, mut line_start, mut previous_cr) = (0i64, 0usize, 0i64, true, false);
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut found: HashMap<u32, String> = HashMap::new();
    let mut output = |hash: i64, at: i64, found: &mut HashMap<u32, String>| {
        let key = format!("{:x}", hash as u64);
        let count = counts.entry(key.clone()).or_insert(0);
        *count += 1;
        found.insert(at as u32, format!("{key}:{count}"));
    };
    let mut step = |current: i64, found: &mut HashMap<u32, String>| {
        if line_numbers[index] != -1 {
            output(hash, line_numbers[index], found);
        }
        line_numbers[index] = -1;
        if line_start {
            line_start = false;
            line += 1;
            line_numbers[index] = line;
        }
        if current == 10 {
            line_start = true;
        }
        let begin = window[index];
        window[index] = current;
        hash = MOD.wrapping_mul(hash).wrapping_add(current).wrapping_sub(first_mod.wrapping_mul(begin));
        index = (index + 1) % WINDOW;
    };
    for unit in text.encode_utf16() {
        let mut current = i64::from(unit);
        if current == 32 || current == 9 || previous_cr && current == 10 {
            previous_cr = false;
            continue;
        }
        if current == 13 {
            current = 10;
            previous_cr = true;
        } else {
            previous_cr = false;
        }
        step(current, &mut found);
    }
    step(EOF, &mut found);
    for _ in 0..WINDOW {
        step(0, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_hashes_are_those_of_code_scanning() {
        // vectors of the action's own tests
        let hashes = line_hashes("");
        assert_eq!(hashes.get(&1).map(String::as_str), Some("c129715d7a2bc9a3:1"));
        let hashes = line_hashes(" a\nb\n  \t\tc\n d");
        assert_eq!(hashes.get(&1).map(String::as_str), Some("271789c17abda88f:1"));
        assert_eq!(hashes.get(&2).map(String::as_str), Some("54703d4cd895b18:1"));
        assert_eq!(hashes.get(&3).map(String::as_str), Some("180aee12dab6264:1"));
        assert_eq!(hashes.get(&4).map(String::as_str), Some("a23a3dc5e078b07b:1"));
    }

    #[test]
    fn paths_are_relative_and_encoded() {
        assert_eq!(uri("src/a b#c.py"), "src/a%20b%23c.py");
    }
}
