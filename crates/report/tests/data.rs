//! The data formats hold what their readers require.

mod common;

use base::{Related, Severity, Text, TraceStep};
use serde_json::{Value, json};
use specialist_report::{Format, Options, json_schema, linehash::line_hashes, render};

fn parsed(format: Format, (review, sources): (base::Review, base::SourceMap)) -> Value {
    serde_json::from_str(&render(format, &review, &sources, &Options::default())).expect("valid JSON")
}

/// As much of JSON Schema as our schema uses.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for key in schema.as_object().expect("a schema").keys() {
        let known = [
            "$ref",
            "$schema",
            "$defs",
            "title",
            "description",
            "type",
            "const",
            "enum",
            "anyOf",
            "required",
            "properties",
            "additionalProperties",
            "items",
            "minimum",
            "pattern",
        ];
        assert!(known.contains(&key.as_str()), "this test does not know `{key}`");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").expect("a local reference");
        assert!(root["$defs"][name].is_object(), "{reference} is not defined");
        return validate(root, &root["$defs"][name], value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let errors: Vec<String> = any.iter().filter_map(|s| validate(root, s, value, at).err()).collect();
        return if errors.len() < any.len() { Ok(()) } else { Err(errors.join("; ")) };
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        return Err(format!("{at}: {value} is not {constant}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{at}: {value} is not one of {values:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_u64() || n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    let fits = types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    if !fits {
        return Err(format!("{at}: {kind} instead of {types:?}"));
    }
    if let (Some(minimum), Some(n)) = (schema["minimum"].as_i64(), value.as_i64())
        && n < minimum
    {
        return Err(format!("{at}: {n} < {minimum}"));
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() {
            return Err(format!("{at}: `{required}` is missing"));
        }
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(schema), _) => validate(root, schema, member, &at)?,
            (None, Value::Bool(false)) => return Err(format!("{at} is not in the schema")),
            (None, more @ Value::Object(_)) => validate(root, more, member, &at)?,
            _ => {}
        }
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            validate(root, &schema["items"], item, &format!("{at}[{n}]"))?;
        }
    }
    Ok(())
}

#[test]
fn json_satisfies_its_schema() {
    let schema = json_schema();
    for review in [common::bookshop(), common::hostile(), (common::empty(), base::SourceMap::default())] {
        let value = parsed(Format::Json, review);
        validate(&schema, &schema, &value, "").expect("the output satisfies the schema");
    }
    let mut broken = parsed(Format::Json, common::bookshop());
    broken["findings"][0]["severity"] = json!("high");
    assert!(validate(&schema, &schema, &broken, "").is_err());
}

#[test]
fn json_resolves_places() {
    let value = parsed(Format::Json, common::bookshop());
    assert_eq!(value["schema"], "specialist-review/v1");
    assert_eq!(
        value["findings"][0]["location"],
        json!({ "file": "shop/app.py", "line": 10, "column": 45, "endLine": 10, "endColumn": 91 })
    );
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// What code scanning refuses to do without.
fn assert_sarif(value: &Value) {
    assert!(text(&value["$schema"]).contains("sarif-2.1.0"));
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["tool"]["driver"]["name"], "specialist");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        for field in ["id", "name"] {
            assert!(!text(&rule[field]).is_empty());
        }
        assert!(text(&rule["name"]).chars().count() <= 255);
        for field in ["shortDescription", "fullDescription", "help"] {
            let words = text(&rule[field]["text"]);
            assert!(!words.trim().is_empty(), "{field} of {}", rule["id"]);
            assert!(field == "help" || words.chars().count() <= 1_024);
        }
        assert!(!text(&rule["help"]["markdown"]).is_empty());
        let properties = &rule["properties"];
        let tags: Vec<&str> = properties["tags"].as_array().expect("tags").iter().map(text).collect();
        assert!(tags.len() <= 10);
        assert_eq!(tags.contains(&"security"), properties["security-severity"].is_string());
        assert_ne!(properties["security-severity"].is_string(), properties["problem.severity"].is_string());
        assert!(["high", "medium", "low"].contains(&text(&properties["precision"])));
        assert!(["error", "warning", "note"].contains(&text(&rule["defaultConfiguration"]["level"])));
    }
    for result in run["results"].as_array().expect("results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!text(&result["message"]["text"]).trim().is_empty());
        let mut places = vec![&result["locations"][0]];
        places.extend(result["relatedLocations"].as_array().into_iter().flatten());
        for flow in result["codeFlows"].as_array().into_iter().flatten() {
            let steps = flow["threadFlows"][0]["locations"].as_array().expect("steps");
            places.extend(steps.iter().map(|s| &s["location"]));
        }
        for place in places {
            let physical = &place["physicalLocation"];
            assert_eq!(physical["artifactLocation"]["uriBaseId"], "SRCROOT");
            let uri = text(&physical["artifactLocation"]["uri"]);
            assert!(!uri.starts_with('/') && uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains(':'), "{uri}");
            let number = |key: &str| physical["region"][key].as_u64().expect("a number");
            assert_eq!(number("startLine"), number("endLine"));
            assert!(
                number("startLine") >= 1 && number("startColumn") >= 1 && number("endColumn") > number("startColumn")
            );
        }
        assert!(text(&result["partialFingerprints"]["primaryLocationLineHash"]).contains(':'));
        assert!(!text(&result["partialFingerprints"]["specialist/v1"]).is_empty());
        let message = text(&result["message"]["text"]);
        for id in 1..=result["relatedLocations"].as_array().map_or(0, |r| r.len().min(10)) {
            assert!(message.contains(&format!("]({id})")), "no link to {id} in {message}");
        }
    }
}

#[test]
fn sarif_has_what_code_scanning_requires() {
    let value = parsed(Format::Sarif, common::bookshop());
    assert_sarif(&value);
    assert_sarif(&parsed(Format::Sarif, common::hostile()));
    assert_sarif(&parsed(Format::Sarif, (common::empty(), base::SourceMap::default())));
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), common::RULES.len(), "rules are listed whether they fired or not");
    let injection = rules.iter().find(|r| r["id"] == "sql-injection").expect("the rule");
    assert_eq!(
        injection["properties"]["tags"],
        json!(["security", "external/cwe/cwe-089", "external/owasp/a03-2021", "stage/security"])
    );
    assert_eq!(injection["properties"]["security-severity"], "9.8");
    assert_eq!(injection["relationships"][0]["target"]["id"], "89");
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    let hashes = line_hashes(common::APP);
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], json!(hashes[9]));
    assert_eq!(result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().map(Vec::len), Some(2));
    assert!(text(&result["message"]["text"]).ends_with("See [This query passes its value as a parameter.](1)"));
}

#[test]
fn sarif_links_nothing_from_outside() {
    let value = parsed(Format::Sarif, common::hostile());
    let message = text(&value["runs"][0]["results"][0]["message"]["text"]);
    assert!(!message.contains("[l](https"), "{message}");
    assert!(message.contains("{{0}}") && !message.replace("{{0}}", "").contains("{0}"));
    assert!(message.contains("{{x}}"), "other braces stay as they are");
}

#[test]
fn sarif_keeps_the_limits_and_says_so() {
    let (mut review, sources) = common::bookshop();
    let mut finding = review.findings[0].clone();
    finding.severity = Severity::Suggestion;
    finding.related = vec![Related { span: finding.span, message: Text::from("x") }; 150];
    finding.trace = vec![TraceStep { span: finding.span, message: Text::from("x") }; 1_200];
    review.findings.push(finding.clone());
    finding.related.clear();
    finding.trace.clear();
    review.findings.extend(vec![finding; 5_000]);
    let value = parsed(Format::Sarif, (review, sources));
    let run = &value["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 5_000);
    assert!(results[4]["relatedLocations"].as_array().expect("related").len() < 100);
    assert_eq!(results[4]["codeFlows"][0]["threadFlows"][0]["locations"].as_array().map(Vec::len), Some(1_000));
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    let cut = notifications.iter().filter(|n| n["descriptor"]["id"] == "cut").count();
    assert_eq!(cut, 2);
}

#[test]
fn gaps_and_unexamined_lines_are_notified() {
    let value = parsed(Format::Sarif, common::bookshop());
    let notifications = &value["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    let ids: Vec<&str> =
        notifications.as_array().expect("a list").iter().map(|n| text(&n["descriptor"]["id"])).collect();
    assert_eq!(ids, ["not-examined", "not-examined", "not-examined", "construct", "left-out"]);
    assert_eq!(parsed(Format::Sarif, common::hostile())["runs"][0]["invocations"][0]["executionSuccessful"], false);
}
