//! Passwords that may be shorter than eight characters.

use base::{Evidence, RuleInfo, Severity, Span, Stage, Text};
use ir::{BinaryOp, ExprId, ExprKind, Literal, Module, Range, StmtKind};
use model::Model;
use model::guards::words;

use crate::cleartext::is_plain_password;
use crate::support::{info, is_production};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(5.3),
        ..info(
            "weak-password-policy",
            "Short passwords are accepted",
            Severity::Suggestion,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.1"],
            &[521],
            &["A07:2021"],
        )
    },
    check,
};

/// Fewest characters of a password (NIST SP 800-63B, OWASP ASVS).
const LEAST: i64 = 8;

fn check(model: &Model, report: &mut Report<'_>) {
    for id in model.program.ids() {
        let module = model.program.module(id);
        if !is_production(model, module.span(Range { start: 0, end: 0 })) {
            continue;
        }
        let mut found: Vec<(Range, i64)> = Vec::new();
        of_annotations(model, module, &mut found);
        of_expressions(module, &mut found);
        of_settings(module, &mut found);
        found.sort_by_key(|(range, _)| (range.start, range.end));
        found.dedup_by_key(|(range, _)| *range);
        for (range, least) in found {
            if (1..LEAST).contains(&least) && !is_of_login(module, range) {
                tell(report, module.span(range), least);
            }
        }
    }
}

fn tell(report: &mut Report<'_>, span: Span, least: i64) {
    // one policy, wherever it is written
    let subject = "password length".to_owned();
    let issue = match least {
        1 => Text::from("Passwords of one character are accepted."),
        _ => Text::say(
            "Passwords of {} characters are accepted; at least {} are needed.",
            &[&least.to_string(), &LEAST.to_string()],
        ),
    };
    let mut finding = report.finding(subject, span, issue);
    finding.evidence = Evidence::Shown;
    finding.details =
        Text::from("Length is what makes a password hard to guess; rules about its characters add little.");
    finding.impact =
        Text::from("Short passwords are guessed at the login, and found within minutes in a copy of the table.");
    finding.fix = Text::say(
        "Ask for at least {} characters, allow 64 and more, and refuse passwords that are known from leaks.",
        &[&LEAST.to_string()],
    );
    finding.verification = Text::from("Sign up with a password of seven characters: it must be refused.");
    finding.trade_offs = Text::from("Users with shorter passwords must choose new ones when they next change them.");
    report.add(finding);
}

fn whole(module: &Module, at: ExprId) -> Option<i64> {
    match module.expr(at).kind {
        ExprKind::Literal(Literal::Int(number)) => number,
        _ => None,
    }
}

/// Whether a name says that something is the least: `min`, `minLength`, `MinimumLength`.
fn is_least(name: &str) -> bool {
    matches!(
        words(name).join("").as_str(),
        "min" | "minimum" | "minlength" | "minlen" | "minimumlength" | "minsize" | "minchars"
    )
}

/// The least length that an expression asks for: `min: 6`, `{ minimum: 6 }`, `within: 6..40`, `.min(6)`.
fn least_in(module: &Module, range: Range) -> Option<(Range, i64)> {
    module.exprs_within(range).find_map(|(_, e)| match &e.kind {
        ExprKind::Map(entries) => entries.iter().find_map(|entry| {
            let key = module.string(entry.key?)?;
            let value = match &module.expr(entry.value).kind {
                // `minlength: [6, "too short"]`
                ExprKind::List(items) => *items.first()?,
                _ => entry.value,
            };
            let least = match is_least(key.as_str()) {
                true => whole(module, value),
                false if matches!(key.as_str(), "within" | "in") => first_of_range(module, entry.value),
                false => None,
            }?;
            Some((module.expr(entry.value).range, least))
        }),
        ExprKind::Call { callee, args, .. } => {
            let named = args.iter().find(|a| a.name.is_some_and(|n| is_least(n.as_str())));
            if let Some(least) = named.and_then(|a| whole(module, a.value)) {
                return Some((e.range, least));
            }
            let name = match &module.expr(*callee).kind {
                ExprKind::Member { name, .. } | ExprKind::Name(name) => name,
                _ => return None,
            };
            let least = whole(module, args.first()?.value).filter(|_| is_least(name.as_str()))?;
            Some((module.expr(*callee).range, least))
        }
        _ => None,
    })
}

/// The number that a range begins with.
fn first_of_range(module: &Module, at: ExprId) -> Option<i64> {
    let range = module.expr(at).range;
    module.exprs_within(range).filter(|(_, e)| e.range.start == range.start).find_map(|(id, _)| whole(module, id))
}

/// Fields and parameters named for a password, with what is declared of them.
fn of_annotations(model: &Model, module: &Module, found: &mut Vec<(Range, i64)>) {
    let fields = module.classes().flat_map(|(_, c)| c.fields.iter().map(|f| (f.name, &f.annotations, f.init)));
    let params = module.functions().flat_map(|(_, f)| f.params.iter().map(|p| (p.name, &p.annotations, p.default)));
    for (_, annotations, init) in fields.chain(params).filter(|(name, ..)| is_plain_password(name.as_str())) {
        for at in annotations.iter().copied().chain(init) {
            let range = module.expr(at).range;
            let tag = module.string(at).and_then(|tag| least_of_tag(tag.as_str()).map(|least| (range, least)));
            let written = || least_of_text(model.sources.text(module.expr_span(at))).map(|least| (range, least));
            found.extend(tag.or_else(|| least_in(module, range)).or_else(written));
        }
    }
}

/// `validate(length(min = 4))`: what stands within another annotation.
fn least_of_text(text: &str) -> Option<i64> {
    let (before, rest) = text.split_once("min")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    before.ends_with(['(', ',', ' ']).then(|| digits.parse().ok()).flatten()
}

/// `validate:"required,min=6"`
fn least_of_tag(tag: &str) -> Option<i64> {
    let (_, rest) = [",min=", "\"min=", ",gte="].iter().find_map(|mark| tag.split_once(mark))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `password: string().min(6)`, `check("password").isLength({ min: 5 })`, `validates :password, length: { minimum: 6 }`,
/// `if (password.length < 6)`, `/^.{1,20}$/` for a password.
fn of_expressions(module: &Module, found: &mut Vec<(Range, i64)>) {
    let names = |at: ExprId| module.string(at).is_some_and(|n| is_plain_password(n.as_str()));
    for (_, item) in module.exprs() {
        match &item.kind {
            ExprKind::Map(entries) => {
                for entry in entries.iter().filter(|e| e.key.is_some_and(names)) {
                    let value = &module.expr(entry.value);
                    if matches!(value.kind, ExprKind::Call { .. } | ExprKind::Map(_)) && value.range.width() < 600 {
                        found.extend(least_in(module, value.range));
                    }
                }
            }
            ExprKind::Call { callee, args, .. } if item.range.width() < 800 => {
                // the field is named first: in this call or in the one that it is chained to
                let own = args.first().is_some_and(|a| names(a.value));
                let chained = match &module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => first_named(module, *object).is_some_and(names),
                    _ => false,
                };
                if own && args.len() > 1 || chained {
                    found.extend(args.iter().find_map(|a| {
                        match a.name {
                            Some(name) if is_least(name.as_str()) => whole(module, a.value).map(|n| (item.range, n)),
                            _ => matches!(module.expr(a.value).kind, ExprKind::Map(_))
                                .then(|| least_in(module, module.expr(a.value).range))
                                .flatten(),
                        }
                    }));
                }
            }
            // one or none is no policy, but the question whether anything was sent
            ExprKind::Binary { op: BinaryOp::Lt, left, right } if measures_password(module, *left) => {
                found.extend(whole(module, *right).filter(|n| *n > 2).map(|n| (item.range, n)));
            }
            _ => {}
        }
    }
}

/// The first argument of the innermost call of a chain.
fn first_named(module: &Module, mut at: ExprId) -> Option<ExprId> {
    loop {
        at = match &module.expr(at).kind {
            ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
                ExprKind::Member { object, .. }
                    if matches!(module.expr(*object).kind, ExprKind::Call { .. } | ExprKind::Member { .. }) =>
                {
                    *object
                }
                _ => return args.first().map(|a| a.value),
            },
            ExprKind::Member { object, .. } => *object,
            _ => return None,
        };
    }
}

/// `password.length`, `len(password)`, `user.getPassword().length()`.
fn measures_password(module: &Module, at: ExprId) -> bool {
    let is_measure =
        |n: &str| matches!(n, "length" | "Length" | "len" | "size" | "strlen" | "count" | "RuneCountInString");
    let named = |at: ExprId| match &module.expr(at).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => is_plain_password(name.as_str()),
        ExprKind::Call { callee, args, .. } if args.is_empty() => {
            matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } | ExprKind::Name(name) if is_plain_password(name.as_str().trim_start_matches("get")))
        }
        _ => false,
    };
    match &module.expr(at).kind {
        ExprKind::Member { object, name, .. } => is_measure(name.as_str()) && named(*object),
        ExprKind::Call { callee, args, .. } => match (&module.expr(*callee).kind, args.as_slice()) {
            (ExprKind::Member { object, name, .. }, []) => is_measure(name.as_str()) && named(*object),
            (ExprKind::Name(name) | ExprKind::Member { name, .. }, [arg]) => {
                is_measure(name.as_str()) && named(arg.value)
            }
            _ => false,
        },
        _ => false,
    }
}

/// `options.Password.RequiredLength = 2`, `MIN_PASSWORD_LENGTH = 4`, `PASS_RE = /^.{1,20}$/`.
fn of_settings(module: &Module, found: &mut Vec<(Range, i64)>) {
    let assigned = module.stmts().filter_map(|s| match &s.kind {
        StmtKind::Assign { target, value: Some(value), op: None, .. } => Some((*target, *value)),
        _ => None,
    });
    let within = module.exprs().filter_map(|(_, e)| match &e.kind {
        ExprKind::Assign { target, value, op: None } => Some((*target, *value)),
        _ => None,
    });
    let plain = assigned.chain(within).filter_map(|(t, v)| Some((module.dotted(t)?, v)));
    let fields =
        module.classes().flat_map(|(_, c)| c.fields.iter()).filter_map(|f| Some((f.name.to_string(), f.init?)));
    for (name, value) in plain.map(|(n, v)| (n.to_string(), v)).chain(fields) {
        let said = words(&name);
        let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
        if !has(&["password", "passwd", "pwd", "pass"])
            || has(&["generated", "random", "max", "maximum", "default", "temporary"])
        {
            continue;
        }
        let range = module.expr(value).range;
        if has(&["min", "minimum", "required", "least"]) && has(&["length", "len", "size", "chars", "characters"]) {
            found.extend(whole(module, value).map(|n| (range, n)));
        }
        if has(&["re", "regex", "regexp", "pattern"]) {
            let pattern = module.exprs_within(range).find_map(|(id, e)| match &e.kind {
                ExprKind::Literal(Literal::Regex(pattern)) => Some(*pattern),
                _ => module.string(id),
            });
            found.extend(pattern.and_then(|p| least_of_pattern(p.as_str())).map(|n| (range, n)));
        }
    }
}

/// The least length that a pattern of one repeated class takes: `^.{1,20}$`, `^[a-z0-9]{4,}$`.
fn least_of_pattern(pattern: &str) -> Option<i64> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let (class, count) = inner.rsplit_once('{')?;
    let is_class = matches!(class, "." | "\\S" | "\\w")
        || class.starts_with('[') && class.ends_with(']') && !class[1..].contains('[');
    let (least, _) = count.strip_suffix('}')?.split_once(',')?;
    is_class.then(|| least.parse().ok()).flatten()
}

/// Whether code around only takes a password to sign in, whose form says nothing of what may be chosen.
fn is_of_login(module: &Module, range: Range) -> bool {
    let says = |name: &str| {
        let words = words(name);
        words.iter().any(|w| matches!(w.as_str(), "login" | "signin" | "logon" | "authenticate"))
            || words.windows(2).any(|w| matches!(w[0].as_str(), "sign" | "log") && w[1] == "in")
    };
    let small = |r: Range| r.contains(range) && r.width() < 1_500;
    let class = module.classes().filter(|(_, c)| small(c.range)).min_by_key(|(_, c)| c.range.width());
    let functions = module.functions().filter(|(_, f)| small(f.range) && f.name.is_some());
    let function = functions.min_by_key(|(_, f)| f.range.width()).and_then(|(_, f)| f.name);
    let holders = module.stmts().filter(|s| small(s.range)).filter_map(|s| match &s.kind {
        StmtKind::Assign { target, .. } => module.dotted(*target).map(|n| n.to_string()),
        _ => None,
    });
    class.is_some_and(|(_, c)| says(c.name.as_str()))
        || function.is_some_and(|n| says(n.as_str()))
        || holders.into_iter().any(|n| says(&n))
}
