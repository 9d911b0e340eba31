//! What a value says of itself: whether it has the form of a secret, or only stands for one.

use base::Span;
use ir::{ExprKind, StmtKind};
use model::Model;
use model::guards::words;

/// Beginnings and lengths that only one kind of secret has.
const SHAPES: [(&str, &str, usize); 17] = [
    ("AKIA", "AWS access key id", 20),
    ("ASIA", "AWS temporary access key id", 20),
    ("ghp_", "GitHub personal access token", 40),
    ("gho_", "GitHub OAuth token", 40),
    ("ghs_", "GitHub app token", 40),
    ("github_pat_", "GitHub fine-grained token", 60),
    ("glpat-", "GitLab personal access token", 26),
    ("sk_live_", "Stripe secret key", 24),
    ("rk_live_", "Stripe restricted key", 24),
    ("xoxb-", "Slack bot token", 30),
    ("xoxp-", "Slack user token", 30),
    ("AIza", "Google API key", 39),
    ("SG.", "SendGrid API key", 60),
    ("sk-ant-", "Anthropic API key", 40),
    ("npm_", "npm access token", 40),
    ("dop_v1_", "DigitalOcean token", 60),
    ("-----BEGIN", "private key", 100),
];

/// What kind of secret a value is by its own form.
pub fn shape(value: &str) -> Option<&'static str> {
    // a private key once more encoded, as variables of the environment hold it
    if value.starts_with("LS0tLS1CRUdJTi") && value.len() > 100 && decoded(value, 48).contains("PRIVATE KEY") {
        return Some("private key");
    }
    let (prefix, kind, length) = SHAPES.iter().find(|(prefix, ..)| value.starts_with(prefix))?;
    let whole = value.len() >= *length && !is_placeholder(value);
    match *kind {
        "private key" => (value.contains("PRIVATE KEY") && whole).then_some(*kind),
        // `ghp_[a-zA-Z0-9]{36}` is what finds secrets
        _ => (whole
            && !value.contains(char::is_whitespace)
            && !value.contains(['[', '{', '*'])
            && !value[prefix.len()..].contains("EXAMPLE"))
        .then_some(*kind),
    }
}

/// The beginning of what is written in base 64.
fn decoded(value: &str, characters: usize) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut text) = (0u32, 0u32, String::new());
    for digit in value.chars().take(characters).map_while(|c| ALPHABET.find(c)) {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            text.push(char::from((bits >> held & 0xFF) as u8));
        }
    }
    text
}

/// A password in a connection string.
pub fn in_url(value: &str) -> Option<&'static str> {
    let (_, rest) = value.split_once("://")?;
    let (user, host) = rest.split_once('@')?;
    let (_, password) = user.split_once(':')?;
    let local =
        ["localhost", "127.0.0.1", "db", "postgres", "mysql", "redis", "mongo"].iter().any(|h| host.starts_with(h));
    // a name without a domain is a container next door, and its default password the image's
    let beside = !host.split(['/', '?']).next().unwrap_or("").contains('.')
        && (password == user.split("://").last().and_then(|u| u.split(':').next()).unwrap_or("")
            || password == "password");
    (!local && !beside && password.len() >= 4 && !is_placeholder(password) && !password.contains('/'))
        .then_some("password in a connection string")
}

/// Keys that are made to be seen by everyone.
const PUBLIC: [&str; 5] = ["phc_", "pk_live_", "pk_test_", "sha256:", "6LeIxAcTAAAAA"];

/// Whether a value is made of what secrets are made of: no word, path, name or rate.
pub fn looks_secret(value: &str) -> bool {
    let length = value.chars().count();
    if !(8..=512).contains(&length) || value.contains(char::is_whitespace) || value.contains("://") {
        return false;
    }
    // names put together (`app/node/v1`, `token-{0}`) are keys of something, no secrets
    let has_hole = value.contains('{') && value.contains('}') || value.contains("%s");
    let is_path = value.contains('/') && !value.chars().any(|c| c.is_ascii_uppercase() || c == '+' || c == '=');
    if has_hole || is_path {
        return false;
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let upper = value.chars().any(|c| c.is_ascii_uppercase());
    let lower = value.chars().any(|c| c.is_ascii_lowercase());
    let special = value.chars().any(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.' | '/' | ':'));
    let plain_words = value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | '.' | ':' | '/' | ' '));
    // names of features and keys: lower-case words and numbers between dashes
    let separator = if value.contains('-') { '-' } else { '_' };
    let mut parts = value.split(separator);
    let is_name = value.matches(separator).count() >= 2
        && parts.all(|p| {
            !p.is_empty()
                && (p.chars().all(|c| c.is_ascii_lowercase())
                    || p.len() <= 6 && p.chars().all(|c| c.is_ascii_digit())
                    // `v2`, `b64`
                    || p.len() <= 4 && p.starts_with(|c: char| c.is_ascii_lowercase()))
        });
    // `5/m/ip`, `10/minute`
    let is_rate = value.split(',').all(|p| {
        p.trim().split_once('/').is_some_and(|(n, unit)| {
            n.len() <= 5 && n.chars().all(|c| c.is_ascii_digit()) && unit.starts_with(|c: char| c.is_ascii_alphabetic())
        })
    });
    if is_name || is_rate || PUBLIC.iter().any(|p| value.starts_with(p)) {
        return false;
    }
    // identifiers, paths and sentences are no secrets; digits or signs among letters are
    !plain_words
        && (digits >= 2 && (upper || lower) || special && digits >= 1 && (upper || lower))
        && !value.starts_with(['/', '.', '#', '$', '@', '<', '{', '%', '^', '('])
        && !value.contains('(')
        && entropy(value) >= 2.7
}

/// Whether a value in base 64 holds words or a placeholder: manifests write so what is to be put in.
pub fn encodes_filler(value: &str) -> bool {
    let is_whole = value.len() >= 8 && value.len().is_multiple_of(4);
    let text = decoded(value, value.len());
    let held = value.trim_end_matches('=').len() * 3 / 4;
    let is_text = is_whole && text.len() == held && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    is_text && (is_placeholder(&text) || text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ')))
}

/// Whether a value is a UUID: as a password, the identifier of something that is called so.
pub fn is_uuid(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Whether code around a place says that it is no production: a double of a service, a function for tests, a
/// value that tests a detector; or a list of values that are refused.
pub fn is_set_apart(model: &Model, span: Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return false };
    let module = model.program.module(id);
    let range = ir::Range { start: span.start, end: span.end };
    let says = |text: &str, list: &[&str]| words(text).iter().any(|w| list.contains(&w.as_str()));
    let doubles = module.classes().any(|(_, c)| c.range.contains(range) && says(c.name.as_str(), &DOUBLES));
    let for_tests = module.functions().any(|(_, f)| {
        f.range.contains(range)
            && f.name.is_some_and(|n| {
                words(n.as_str())
                    .windows(2)
                    .any(|w| w[0] == "for" && matches!(w[1].as_str(), "test" | "tests" | "testing"))
            })
    });
    // `TestValue::Single("…")`
    let given = module.exprs().any(|(_, e)| match &e.kind {
        ExprKind::Call { callee, args, .. } => {
            e.range.contains(range)
                && args.iter().any(|a| module.expr(a.value).range.contains(range))
                && matches!(&module.expr(*callee).kind, ExprKind::Member { object, .. }
                    if matches!(module.expr(*object).kind, ExprKind::Name(n) if says(n.as_str(), &["test"])))
        }
        _ => false,
    });
    let refused = module.stmts().any(|s| match &s.kind {
        StmtKind::Assign { target, value: Some(value), .. } => {
            let listed = module.expr(*value).range;
            listed.contains(range)
                && !matches!(module.expr(*value).kind, ExprKind::Literal(_))
                && matches!(&module.expr(*target).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. } if says(n.as_str(), &REFUSED))
        }
        _ => false,
    });
    doubles || for_tests || given || refused
}

/// Passwords that code compares with what was typed, beside the name that goes with them:
/// `name == "jack" && password == "jacktheripper"`.
pub fn compared(model: &Model) -> Vec<(Span, &'static str, &'static str)> {
    let mut found = Vec::new();
    for id in model.program.ids() {
        let module = model.program.module(id);
        for (_, item) in module.exprs() {
            let ExprKind::Logical { op: ir::LogicalOp::And, left, right } = &item.kind else { continue };
            let range = |e: ir::ExprId| module.expr(e).range;
            let inside = |e: ir::ExprId| {
                module.exprs_within(range(e)).filter_map(|(id, _)| equals_text(module, id)).collect::<Vec<_>>()
            };
            let all: Vec<_> = inside(*left).into_iter().chain(inside(*right)).collect();
            let names_account = all.iter().any(|(name, ..)| {
                words(name).iter().any(|w| {
                    matches!(w.as_str(), "user" | "username" | "uname" | "login" | "email" | "name" | "account")
                })
            });
            let of_password = |name: &&'static str| {
                words(name).last().is_some_and(|w| matches!(w.as_str(), "password" | "passwd" | "pwd" | "pass"))
            };
            let password = all.iter().find(|(name, ..)| of_password(name));
            if let Some((name, value, at)) = password.filter(|_| names_account)
                && value.len() >= 4
                && !value.chars().all(|c| !c.is_ascii_alphanumeric())
            {
                found.push((module.expr_span(*at), *name, *value));
            }
        }
    }
    found.sort_by_key(|f| f.0);
    found.dedup_by_key(|f| f.0);
    found
}

/// A name that is compared with a text: `x == "…"`, `"…".equals(x)`.
fn equals_text(module: &ir::Module, at: ir::ExprId) -> Option<(&'static str, &'static str, ir::ExprId)> {
    let (a, b) = match &module.expr(at).kind {
        ExprKind::Binary { op: ir::BinaryOp::Eq, left, right } => (*left, *right),
        ExprKind::Call { callee, args, .. } => match (&module.expr(*callee).kind, args.as_slice()) {
            (ExprKind::Member { object, name, .. }, [arg]) if matches!(name.as_str(), "equals" | "Equals") => {
                (*object, arg.value)
            }
            _ => return None,
        },
        _ => return None,
    };
    let name_of = |e: ir::ExprId| match &module.expr(e).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(name.as_str()),
        ExprKind::Index { index, .. } => module.string(*index).map(|s| s.as_str()),
        ExprKind::Call { callee, args, .. } => match (&module.expr(*callee).kind, args.as_slice()) {
            (ExprKind::Member { name, .. }, []) => Some(name.as_str()),
            (ExprKind::Member { .. }, [first, ..]) => module.string(first.value).map(|s| s.as_str()),
            _ => None,
        },
        _ => None,
    };
    match (module.string(a), module.string(b)) {
        (None, Some(text)) => Some((name_of(a)?, text.as_str(), b)),
        (Some(text), None) => Some((name_of(b)?, text.as_str(), a)),
        _ => None,
    }
}

/// Names of classes that stand in for a service.
const DOUBLES: [&str; 4] = ["mock", "fake", "dummy", "stub"];

/// Names of lists whose values are no longer, or never, accepted.
const REFUSED: [&str; 6] = ["placeholder", "placeholders", "weak", "insecure", "forbidden", "rejected"];

/// Bits per character (Shannon).
fn entropy(value: &str) -> f64 {
    let length = value.chars().count() as f64;
    let mut counts: std::collections::BTreeMap<char, f64> = std::collections::BTreeMap::new();
    value.chars().for_each(|c| *counts.entry(c).or_default() += 1.0);
    counts.values().map(|n| -(n / length) * (n / length).log2()).sum()
}

/// Whether a value only says what should stand there.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let marks = [
        "example",
        "changeme",
        "change_me",
        "change-me",
        "your",
        "xxxx",
        "placeholder",
        "dummy",
        "todo",
        "insert",
        "replace",
        "${",
        "{{",
        "<%",
        "%{",
        "****",
        "....",
        "sample",
        "abcdef",
        "123456789",
        "redacted",
        "fake",
        "test",
        "process.env",
        "secretsmanager",
        "vault:",
    ];
    // `secretKey123` says what should stand there
    let only_names = words(value.trim_end_matches(|c: char| c.is_ascii_digit() || c == '!')).iter().all(|w| {
        matches!(w.as_str(), "my" | "the" | "secret" | "key" | "access" | "token" | "api" | "app" | "super" | "jwt")
    });
    if only_names {
        return true;
    }
    // `^_^password^_^`, `__TOKEN__`: what is put in later
    let mark = |c: char| !c.is_ascii_alphanumeric();
    let inner = value.trim_matches(mark);
    let is_hole = value.starts_with(mark)
        && value.ends_with(mark)
        && value.chars().next() == value.chars().next_back()
        && words(inner).last().is_some_and(|w| matches!(w.as_str(), "password" | "secret" | "key" | "token"));
    if is_hole {
        return true;
    }
    let mut chars = value.chars();
    let first = chars.next();
    marks.iter().any(|m| lower.contains(m)) || first.is_some_and(|f| chars.all(|c| c == f))
}
