//! Hostile strings in every place of a review, in every format.

mod common;

use base::{Severity, SourceMap, Text};
use pulldown_cmark::{Event, Options as MarkdownOptions, Parser, Tag};
use serde_json::Value;
use specialist_report::{Format, Options, render, safe};

fn options() -> Vec<Options> {
    let mut all = Vec::new();
    for width in [0, 80, 1_000] {
        for verbose in [false, true] {
            for color in [false, true] {
                all.push(Options { color, width, verbose, ..Options::default() });
            }
        }
    }
    all
}

/// Removes the sequences that we write ourselves: `ESC [ digits ; … m`.
fn without_sgr(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(sequence.len());
        assert!(sequence[end..].starts_with('m'), "not a colour: {:?}", &sequence[..end.min(20)]);
        rest = &sequence[end + 1..];
    }
    out + rest
}

fn assert_visible(text: &str) {
    // the selector of our own ⚠️
    let text = text.replace("⚠\u{fe0f}", "⚠");
    let hidden = text.chars().find(|c| *c != '\n' && safe::is_hidden(*c));
    assert_eq!(hidden, None);
}

fn assert_no_command(text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "a runner obeys {line:?}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "a runner obeys {line:?}");
    }
}

#[test]
fn a_terminal_has_nothing_to_obey() {
    let (review, sources) = common::hostile();
    for options in options() {
        let text = render(Format::Terminal, &review, &sources, &options);
        let plain = without_sgr(&text);
        if !options.color {
            assert_eq!(plain, text);
        }
        assert_visible(&plain);
        assert_no_command(&plain);
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let (review, sources) = common::hostile();
    let with = render(Format::Terminal, &review, &sources, &Options { color: true, ..Options::default() });
    let without = render(Format::Terminal, &review, &sources, &Options::default());
    let trimmed = |text: &str| text.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trimmed(&without_sgr(&with)), trimmed(&without));
}

fn assert_harmless_markdown(text: &str) {
    let mut in_code = false;
    for event in Parser::new_ext(text, MarkdownOptions::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("raw HTML: {html}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                panic!("a link to {dest_url}")
            }
            Event::Start(Tag::BlockQuote(_)) => panic!("a block quote of our own making"),
            Event::FootnoteReference(name) => panic!("a footnote {name}"),
            Event::InlineMath(text) | Event::DisplayMath(text) => panic!("mathematics {text}"),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => {
                for (mark, what) in [('@', "mention"), ('#', "reference")] {
                    for rest in text.split(mark).skip(1) {
                        assert!(!rest.starts_with(char::is_alphanumeric), "a {what} in {text:?}");
                    }
                }
                assert!(!text.contains("://") && !text.contains("www."), "an address in {text:?}");
                assert!(!text.contains("GH-7"), "a reference in {text:?}");
            }
            _ => {}
        }
    }
}

/// The headings of a Markdown text.
fn headings(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = false;
    for event in Parser::new_ext(text, MarkdownOptions::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                open = true;
                out.push(String::new());
            }
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => open = false,
            Event::Text(t) | Event::Code(t) if open => out.last_mut().expect("a heading is open").push_str(&t),
            _ => {}
        }
    }
    out
}

#[test]
fn markdown_holds_no_markup_from_outside() {
    let (review, sources) = common::hostile();
    for verbose in [false, true] {
        let text = render(Format::Markdown, &review, &sources, &Options { verbose, ..Options::default() });
        assert_visible(&text);
        assert_no_command(&text);
        assert_harmless_markdown(&text);
        // what is refuted has one more
        let expected = 1 + 3 + review.findings.len() + 3 + review.stages.len() + 3;
        assert_eq!(headings(&text).len(), expected, "{:#?}", headings(&text));
    }
}

#[test]
fn markdown_keeps_its_limit_and_says_what_was_cut() {
    let (mut review, sources) = common::hostile();
    let template = review.findings.clone();
    for at in 0..60 {
        let mut finding = template[at % template.len()].clone();
        finding.severity = Severity::Suggestion;
        review.findings.push(finding);
    }
    for max in [Options::COMMENT_CHARS, 30_000, 5_000, 500, 60] {
        let options = Options { max_chars: Some(max), ..Options::default() };
        let text = render(Format::Markdown, &review, &sources, &options);
        assert!(text.chars().count() <= max, "{} > {max}", text.chars().count());
        assert_harmless_markdown(&text);
        if max >= 30_000 {
            assert!(text.contains("findings are not shown here"), "{max}");
            assert!(headings(&text).iter().any(|h| h == "💡 Suggestions (62 suggestions)"));
            assert!(headings(&text).iter().any(|h| h == "Not examined, and why"), "{max}");
        }
    }
    let (review, sources) = common::bookshop();
    let options = Options { max_chars: Some(Options::COMMENT_CHARS), ..Options::default() };
    let limited = render(Format::Markdown, &review, &sources, &options);
    assert_eq!(limited, render(Format::Markdown, &review, &sources, &Options::default()));
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(s) => out.push(s.clone()),
        Value::Array(items) => items.iter().for_each(|v| strings(v, out)),
        Value::Object(members) => members.values().for_each(|v| strings(v, out)),
        _ => {}
    }
}

#[test]
fn data_formats_parse_back_and_print_harmlessly() {
    let (review, sources) = common::hostile();
    for format in [Format::Json, Format::Sarif] {
        let text = render(format, &review, &sources, &Options::default());
        assert_visible(&text);
        assert_no_command(&text);
        let value: Value = serde_json::from_str(&text).expect("valid JSON");
        let mut all = Vec::new();
        strings(&value, &mut all);
        if format == Format::Json {
            // data keeps the exact string
            assert!(all.iter().any(|s| s == common::POISON));
            assert!(all.iter().any(|s| s.starts_with("a\n::error::forged")));
        }
    }
}

#[test]
fn markdown_within_json_is_harmless_too() {
    let (review, sources) = common::hostile();
    let value: Value =
        serde_json::from_str(&render(Format::Json, &review, &sources, &Options::default())).expect("valid JSON");
    for field in ["issue", "details", "impact", "fix", "verification", "tradeOffs"] {
        let markdown = value["findings"][0][field]["markdown"].as_str().expect("a string");
        assert_harmless_markdown(markdown);
        assert_visible(markdown);
    }
}

#[test]
fn no_output_shows_a_secret() {
    let (review, sources) = common::hostile();
    for format in Format::ALL {
        for options in options() {
            let text = render(format, &review, &sources, &options);
            assert!(!text.contains(common::CANARY), "{format}");
            for part in ["CANARY", "hunter2", "C0FFEE"] {
                assert!(!text.contains(part), "{format}: {part}");
            }
        }
    }
    let (review, sources) = common::bookshop();
    for format in Format::ALL {
        let text = render(format, &review, &sources, &Options::default());
        assert!(!text.contains("sk_live"), "{format}");
    }
}

#[test]
fn excerpts_can_be_left_out() {
    let (review, sources) = common::bookshop();
    for format in [Format::Terminal, Format::Markdown] {
        let text = render(format, &review, &sources, &Options { show_excerpts: false, ..Options::default() });
        assert!(!text.contains("def ") && !text.contains("for row in rows"), "{format}");
    }
}

#[test]
fn lines_of_source_are_cut() {
    let line = format!("x = 1; {}", "y".repeat(100_000));
    let sources = SourceMap::new(vec![common::file("a.py", &line, None)]);
    let span = common::span(&sources, "a.py", "x = 1");
    let mut finding = common::finding("sql-injection", Severity::Critical, span, "f");
    finding.issue = Text::from("Long.");
    let review = base::Review { findings: vec![finding], ..common::empty() };
    for format in Format::ALL {
        let text = render(format, &review, &sources, &Options { width: 1_000, ..Options::default() });
        assert!(!text.contains(&"y".repeat(201)), "{format}");
    }
}

#[test]
fn the_same_review_gives_the_same_bytes() {
    for format in Format::ALL {
        let of = || {
            let (review, sources) = common::hostile();
            render(format, &review, &sources, &Options::default())
        };
        assert_eq!(of(), of());
    }
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    let error = "x\u{1b}".parse::<Format>().expect_err("no such format").to_string();
    assert_eq!(error, "unknown format `x␛`; known formats: terminal, markdown, json, sarif");
}
