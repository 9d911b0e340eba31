//! Reviews made by hand.
#![allow(dead_code)]

use base::{review::Refuted, *};

pub const APP: &str = r#"from flask import Flask, request
import sqlite3

app = Flask(__name__)
API_KEY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"

@app.get("/books")
def list_books():
	title = request.args.get("title")
	rows = sqlite3.connect("books.db").execute(f"SELECT * FROM books WHERE title = '{title}'")
	return [dict(row, author=author_of(row)) for row in rows]

def author_of(row):
    return sqlite3.connect("books.db").execute(
        "SELECT * FROM authors WHERE id = ?",
        (row["author_id"],),
    ).fetchone()
"#;

pub const SCHEMA: &str = "CREATE TABLE books (\n  id integer PRIMARY KEY,\n  author_id integer NOT NULL REFERENCES authors (id),\n  title text NOT NULL\n);\n";

pub const RULES: &[RuleInfo] = &[
    RuleInfo {
        id: "hardcoded-secret",
        title: "A secret is written in the code",
        severity: Severity::Critical,
        persona: Persona::Regular,
        stage: Stage::Security,
        rows: &["W2.7"],
        cwe: &[798],
        owasp: &["A07:2021"],
        security_severity: Some(7.5),
        escalation: Some(Escalation::SecurityCompliance),
        page: "# hardcoded-secret\n\nA password, key or token stands in the code, where everyone with a copy can read it.\n\n## Why it matters\n\nIt stays in the history.\n",
        stacks: &[],
    },
    RuleInfo {
        id: "missing-foreign-key-index",
        title: "A foreign key has no index",
        severity: Severity::Important,
        persona: Persona::Regular,
        stage: Stage::Data,
        rows: &["W3.4"],
        cwe: &[],
        owasp: &[],
        security_severity: None,
        escalation: Some(Escalation::DatabaseScaling),
        page: "# missing-foreign-key-index\n\nA foreign key is searched by every join and every delete of its parent.\n",
        stacks: &[],
    },
    RuleInfo {
        id: "missing-pagination",
        title: "A list is returned whole",
        severity: Severity::Suggestion,
        persona: Persona::Auditor,
        stage: Stage::Performance,
        rows: &["W4.3"],
        cwe: &[770],
        owasp: &["API4:2023"],
        security_severity: None,
        escalation: None,
        page: "",
        stacks: &[],
    },
    RuleInfo {
        id: "sql-injection",
        title: "Outside input becomes part of an SQL statement",
        severity: Severity::Critical,
        persona: Persona::Regular,
        stage: Stage::Security,
        rows: &["W2.6", "K.critical-issues.1"],
        cwe: &[89],
        owasp: &["A03:2021"],
        security_severity: Some(9.8),
        escalation: Some(Escalation::SecurityCompliance),
        page: "# sql-injection\n\nInput from outside is put into the text of an SQL statement, so that whoever sends it\nwrites the statement.\n\n## How to fix it\n\n```python\ncursor.execute(\"… = ?\", (title,))\n```\n",
        stacks: &[],
    },
    RuleInfo {
        id: "unbounded-retry",
        title: "A call is retried without end",
        severity: Severity::Important,
        persona: Persona::Regular,
        stage: Stage::Reliability,
        rows: &["W5.4"],
        cwe: &[],
        owasp: &[],
        security_severity: None,
        escalation: None,
        page: "# unbounded-retry\n\nA loop tries again until it succeeds.\n",
        stacks: &[],
    },
];

pub fn file(path: &str, text: &str, language: Option<Language>) -> SourceFile {
    SourceFile::new(path.into(), text.into(), language, FileRole::Production)
}

/// The span of `part` in a file of the map.
pub fn span(sources: &SourceMap, path: &str, part: &str) -> Span {
    let id = sources.find(path).expect("the file is in the map");
    let start = sources.file(id).text.find(part).expect("the part is in the file") as u32;
    Span::new(id, start, start + part.len() as u32)
}

pub fn finding(rule: &'static str, severity: Severity, span: Span, fingerprint: &str) -> Finding {
    Finding {
        rule,
        severity,
        evidence: Evidence::Shown,
        subject: format!("subject {fingerprint}"),
        endpoint: None,
        span,
        issue: Text::new(),
        details: Text::new(),
        impact: Text::new(),
        fix: Text::new(),
        verification: Text::new(),
        trade_offs: Text::new(),
        related: Vec::new(),
        trace: Vec::new(),
        edits: Vec::new(),
        new_files: Vec::new(),
        fingerprint: fingerprint.into(),
    }
}

pub fn empty() -> Review {
    Review {
        version: "0.1.0",
        summary: Summary::default(),
        findings: Vec::new(),
        refuted: Vec::new(),
        suppressed: 0,
        strengths: Vec::new(),
        stages: Vec::new(),
        budgets: Vec::new(),
        escalations: Vec::new(),
        gaps: Vec::new(),
        rules: RULES.to_vec(),
        incomplete: false,
    }
}

fn item(row: &'static str, text: &'static str, state: CheckState) -> CheckItem {
    CheckItem { row, text, state }
}

/// A small bookshop with something of everything.
pub fn bookshop() -> (Review, SourceMap) {
    let mut sources =
        SourceMap::new(vec![file("schema.sql", SCHEMA, None), file("shop/app.py", APP, Some(Language::Python))]);
    let app = "shop/app.py";
    let secret = span(&sources, app, "sk_live_4eC39HqLyjWDarjtT1zdp7dc");
    sources.set_masks(vec![secret]);
    let statement = span(&sources, app, "f\"SELECT * FROM books WHERE title = '{title}'\"");
    let source = span(&sources, app, "request.args.get(\"title\")");
    let key = span(&sources, "schema.sql", "author_id integer NOT NULL REFERENCES authors (id)");
    let list = span(&sources, app, "return [dict(row, author=author_of(row)) for row in rows]");
    let inner = span(
        &sources,
        app,
        "sqlite3.connect(\"books.db\").execute(\n        \"SELECT * FROM authors WHERE id = ?\",\n        (row[\"author_id\"],),\n    )",
    );

    let injection = Finding {
        subject: "query shop/app.py list_books".into(),
        endpoint: Some("GET /books".into()),
        issue: Text::say("The query parameter `{}` becomes part of an SQL statement.", &["title"]),
        impact: Text::say(
            "Whoever calls `{}` can read and change every table that this connection can.",
            &["GET /books"],
        ),
        fix: Text::say("Pass the value as a parameter of `{}`.", &["sqlite3.Connection.execute"])
            .block("python", "connection.execute(\"SELECT * FROM books WHERE title = ?\", (title,))"),
        verification: Text::say(
            "Send `{}`: the answer must be an empty list, not every book.",
            &["curl 'http://localhost:8000/books?title=%27%20OR%201=1--'"],
        ),
        trace: vec![
            TraceStep { span: source, message: Text::say("`{}` comes from the request", &["title"]) },
            TraceStep { span: statement, message: "it is put into the statement's text".into() },
        ],
        related: vec![Related { span: inner, message: "This query passes its value as a parameter.".into() }],
        ..finding("sql-injection", Severity::Critical, statement, "0123456789abcdef")
    };
    let secret = Finding {
        issue: Text::say("A payment key (`{}`, 32 characters) is written in the code.", &["sk_l…"]),
        impact: "Everyone who can read the repository can take payments in your name.".into(),
        fix: Text::say("Revoke the key, then read its successor from the environment.", &[])
            .block("python", "API_KEY = os.environ[\"API_KEY\"]"),
        verification: "Call the payment service with the old key: it must be refused.".into(),
        ..finding("hardcoded-secret", Severity::Critical, secret, "1111111111111111")
    };
    let index = Finding {
        evidence: Evidence::Proven,
        issue: Text::say("The foreign key `{}` has no index.", &["books.author_id"]),
        details: "Each delete of an author reads the whole table of books.".into(),
        impact: "A hypothetical index lowers the plan's cost from 4,120 to 8.".into(),
        fix: Text::from("Add an index.").block("sql", "CREATE INDEX books_author_id ON books (author_id);"),
        trade_offs: "Each insert writes one more index entry.".into(),
        ..finding("missing-foreign-key-index", Severity::Important, key, "2222222222222222")
    };
    let pages = Finding {
        evidence: Evidence::Suspected,
        endpoint: Some("GET /books".into()),
        issue: Text::say("`{}` returns all books at once.", &["GET /books"]),
        details: "Its answer grows with the table.".into(),
        fix: "Take a `limit` of at most 100 and a cursor.".into(),
        trade_offs: "Clients must follow the cursor.".into(),
        related: vec![Related { span: inner, message: "For each book, one more query.".into() }],
        ..finding("missing-pagination", Severity::Suggestion, list, "3333333333333333")
    };

    let passed = |text: &str| CheckState::Passed { evidence: text.into() };
    let stage = |stage, items| StageReport { stage, items };
    let review = Review {
        summary: Summary {
            files: 2,
            lines: 1_234,
            languages: [("Python", 1_200), ("SQL", 34)].into(),
            frameworks: vec!["Flask".into()],
            services: vec!["shop".into()],
            routes: 1,
            calls: 12,
            calls_resolved: 9,
            nodes: 240,
            nodes_unknown: 1,
        },
        findings: vec![injection, secret, index, pages],
        refuted: vec![Refuted {
            rule: "missing-index",
            subject: "index users mail".into(),
            span: inner,
            issue: Text::say("`{}` is asked for by `{}`, and no index of it begins with that.", &["users", "mail"]),
            reason: Text::say("The running database has the index `{}` for it.", &["users_mail_idx"]),
        }],
        suppressed: 1,
        strengths: vec![Strength {
            id: "parameterised-queries",
            text: Text::say("Queries pass their values as parameters of `{}`.", &["execute"]),
            origins: vec![inner],
            count: 4,
            rows: &["W2.6"],
        }],
        stages: vec![
            stage(
                Stage::Api,
                vec![
                    item("W1.1", "Review endpoint design and URLs", passed("1 route, named after a resource.")),
                    item(
                        "W1.6",
                        "Review API documentation",
                        CheckState::NotExamined { reason: "no contract was given or found (`--contract FILE`)".into() },
                    ),
                ],
            ),
            stage(
                Stage::Security,
                vec![
                    item(
                        "W2.6",
                        "Verify sanitization",
                        CheckState::Failed { findings: vec!["0123456789abcdef".into()] },
                    ),
                    item(
                        "W2.7",
                        "Check for hardcoded secrets",
                        CheckState::Failed { findings: vec!["1111111111111111".into(), "9999999999999999".into()] },
                    ),
                ],
            ),
            stage(
                Stage::Data,
                vec![
                    item(
                        "W3.4",
                        "Verify index usage",
                        CheckState::Failed { findings: vec!["2222222222222222".into()] },
                    ),
                    item(
                        "W3.8",
                        "Review migration approach",
                        CheckState::NotApplicable { reason: "there are no migrations".into() },
                    ),
                ],
            ),
            stage(
                Stage::Performance,
                vec![
                    item(
                        "W4.3",
                        "Check pagination implementation",
                        CheckState::Failed { findings: vec!["3333333333333333".into()] },
                    ),
                    item(
                        "W4.7",
                        "Verify load testing results",
                        CheckState::NotExamined { reason: "no load run was given".into() },
                    ),
                ],
            ),
            stage(
                Stage::Reliability,
                vec![item(
                    "W5.1",
                    "Review test coverage",
                    CheckState::NotExamined { reason: "no tests were found".into() },
                )],
            ),
        ],
        budgets: vec![
            Budget {
                name: "API Response Time (p95)",
                target: "≤ 200ms",
                measured: Some("143 ms over 600 requests".into()),
                met: Some(true),
            },
            Budget {
                name: "API Response Time (p99)",
                target: "≤ 500ms",
                measured: Some("812 ms over 600 requests".into()),
                met: Some(false),
            },
            Budget { name: "Cache Hit Rate", target: "≥ 80%", measured: None, met: None },
        ],
        escalations: vec![
            EscalationCall { escalation: Escalation::DatabaseScaling, findings: vec!["2222222222222222".into()] },
            EscalationCall {
                escalation: Escalation::SecurityCompliance,
                findings: vec!["0123456789abcdef".into(), "1111111111111111".into()],
            },
        ],
        gaps: vec![
            Gap {
                kind: GapKind::LeftOut,
                what: "vendored".into(),
                span: None,
                path: Some("static/jquery.min.js".into()),
            },
            Gap { kind: GapKind::Construct, what: "match_statement".into(), span: Some(list), path: None },
            Gap { kind: GapKind::Construct, what: "match_statement".into(), span: Some(source), path: None },
        ],
        ..empty()
    };
    (review, sources)
}

/// What a stranger's repository may hold, in one string.
pub const POISON: &str = "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{1b}\\x\u{7}\u{9b}2J\u{7f} \u{202e}txt\u{2066} zero\u{200b}width\u{feff} \u{e0049}\u{e0047} `tick` ``` <script>alert(1)</script> <img src=x onerror=y> ![i](https://evil.example/i.png) [l](https://evil.example) https://evil.example/?a=b www.evil.example @user @org/team #123 GH-7 org/repo#4 {0} {{x}} | pipe $a$ &lt; ##[error]x ##vso[task]y\n::error::forged\r\n::set-output name=a::b\r# heading\n- item\n> quote\n```\n</details>";

/// A canary that no output may hold.
pub const CANARY: &str = "CANARY-hunter2-0xC0FFEE";

/// A review in which every outside string is hostile.
pub fn hostile() -> (Review, SourceMap) {
    let long = format!("{}\u{1b}[2J evil(漢字, \"{CANARY}\")\t{}\n", "a\t".repeat(150), "語".repeat(300));
    let text =
        format!("x = \"{CANARY}\" # {}\n{long}\ty = '{CANARY}'\n::error::from source\n", POISON.replace('\n', " "));
    let name = "a\n::error::forged \u{1b}[31m`<script>`@user#1.py";
    let mut sources =
        SourceMap::new(vec![file(name, &text, Some(Language::Python)), file("b.py", &text, Some(Language::Python))]);
    let mut masks = Vec::new();
    for (id, f) in sources.files() {
        for (at, _) in f.text.match_indices(CANARY) {
            masks.push(Span::new(id, at as u32, (at + CANARY.len()) as u32));
        }
    }
    sources.set_masks(masks.clone());
    let poisoned =
        || Text::say("Plain {} and `{}` code.", &[POISON, POISON]).block(POISON, POISON).and(" After {}.", &[POISON]);
    let whole = Span::new(FileId(0), 0, text.len() as u32);
    let mut spans = vec![
        whole,
        masks[0],
        masks[1],
        masks[2],
        span(&sources, "b.py", "::error::from source"),
        span(&sources, "b.py", "evil(漢字"),
    ];
    spans.push(Span::new(FileId(1), text.len() as u32, text.len() as u32));
    let findings: Vec<Finding> = spans
        .iter()
        .enumerate()
        .map(|(at, span)| Finding {
            subject: POISON.into(),
            endpoint: Some(POISON.into()),
            issue: poisoned(),
            details: poisoned(),
            impact: poisoned(),
            fix: poisoned(),
            verification: poisoned(),
            trade_offs: poisoned(),
            related: spans.iter().map(|s| Related { span: *s, message: poisoned() }).collect(),
            trace: spans.iter().map(|s| TraceStep { span: *s, message: poisoned() }).collect(),
            ..finding(
                RULES[at % RULES.len()].id,
                [Severity::Critical, Severity::Important, Severity::Suggestion][at % 3],
                *span,
                &format!("{at:016x}"),
            )
        })
        .collect();
    let review = Review {
        summary: Summary {
            frameworks: vec![POISON.into()],
            services: vec![POISON.into(), "::error::x".into()],
            ..Summary::default()
        },
        refuted: vec![Refuted {
            rule: "s",
            subject: POISON.into(),
            span: whole,
            issue: poisoned(),
            reason: poisoned(),
        }],
        strengths: vec![Strength { id: "s", text: poisoned(), origins: spans.clone(), count: 9, rows: &[] }],
        stages: vec![StageReport {
            stage: Stage::Api,
            items: vec![
                item("W1.1", "a", CheckState::Passed { evidence: poisoned() }),
                item("W1.2", "b", CheckState::Failed { findings: vec![POISON.into(), "0000000000000000".into()] }),
                item("W1.3", "c", CheckState::NotApplicable { reason: poisoned() }),
                item("W1.4", "d", CheckState::NotExamined { reason: poisoned() }),
            ],
        }],
        budgets: vec![Budget { name: "Error Rate", target: "< 0.1%", measured: Some(POISON.into()), met: None }],
        escalations: vec![EscalationCall { escalation: Escalation::DataPrivacy, findings: vec![POISON.into()] }],
        gaps: vec![
            Gap { kind: GapKind::Unreadable, what: POISON.into(), span: None, path: Some(POISON.into()) },
            Gap { kind: GapKind::Syntax, what: POISON.into(), span: Some(whole), path: None },
            Gap { kind: GapKind::Internal, what: "::error::y".into(), span: None, path: None },
        ],
        findings,
        incomplete: true,
        ..empty()
    };
    (review, sources)
}
