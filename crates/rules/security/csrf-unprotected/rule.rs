//! Sessions in cookies, and nothing that keeps other sites from using them.

use base::{Evidence, Language, RuleInfo, Severity, Span, Stage, Text};
use model::forgery::{FAMILIES, Forgery};
use model::guards::words;
use model::{Auth, GuardKind, Kind, Method, Model, Route};

use crate::support::{handler, info, mended, path, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        ..info(
            "csrf-unprotected",
            "Other sites can act with a visitor's session",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.5"],
            &[352],
            &["A01:2021"],
        )
    },
    check,
};

/// As many routes without a guard are told one by one.
const ALONE: usize = 10;

fn check(model: &Model, report: &mut Report<'_>) {
    for language in FAMILIES {
        let writes: Vec<&Route> = routes(model).filter(|r| is_of(model, r, language) && is_write(r)).collect();
        if writes.is_empty() {
            continue;
        }
        exempted(model, report, &writes);
        let forgery = model.forgery(language);
        match forgery.by_route {
            true => without_guard(model, report, &forgery, &writes),
            false => without_any(model, report, &forgery, &writes),
        }
    }
}

fn is_of(model: &Model, route: &Route, language: Language) -> bool {
    let span = route.handler.as_ref().map_or(route.span, |h| h.span);
    let of = model.sources.file(span.file).language;
    of.is_some_and(|l| l == language || l.is_ecmascript() && language.is_ecmascript())
}

fn is_write(route: &Route) -> bool {
    matches!(route.method, Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Any)
}

/// The whole application: protection is switched off, or nothing protects.
fn without_any(model: &Model, report: &mut Report<'_>, forgery: &Forgery, writes: &[&Route]) {
    let is_off = !forgery.off.is_empty();
    if !forgery.guards.is_empty() || writes.iter().any(|r| r.has_guard(GuardKind::Csrf)) {
        return;
    }
    let places = match is_off {
        true => &forgery.off,
        false if forgery.takes_forms => &forgery.sessions,
        false => return,
    };
    // of several programs in one repository, the one that the place belongs to
    let in_reach = |span: &Span| -> Vec<&Route> {
        let of = service_of(model, *span);
        let own: Vec<&Route> = writes.iter().copied().filter(|r| service_of(model, r.span) == of).collect();
        if own.is_empty() && !is_off { writes.to_vec() } else { own }
    };
    let found = places.iter().find_map(|span| {
        let routes = in_reach(span);
        is_ridden(model, &routes, is_off).then_some((*span, routes))
    });
    let Some((span, writes)) = found else { return };
    let Some(route) = writes.iter().find(|r| r.method == Method::Post).or(writes.first()) else { return };
    let issue = match is_off {
        true => "Protection against forged requests is switched off, and callers are known by a cookie.",
        false => "Callers are known by a cookie, and nothing protects against forged requests.",
    };
    let subject = format!("forgery {}", path(model, span));
    add(model, report, subject, span, Text::from(issue), route, &[]);
}

/// Whether there is a session to ride on: not where everything is declared open, where nearly every guarded
/// route asks for a token in a header, or where people are only let in.
fn is_ridden(model: &Model, writes: &[&Route], is_off: bool) -> bool {
    let asks =
        |r: &&&Route| r.guards.iter().any(|g| matches!(g.kind, GuardKind::Authentication | GuardKind::Authorization));
    let guarded: Vec<&&Route> = writes.iter().filter(asks).collect();
    let by_token = guarded.iter().filter(|r| r.guards.iter().any(|g| model.asks_for_token(g))).count();
    let by_cookie = match is_off {
        true => !writes.iter().all(|r| r.has_guard(GuardKind::Anonymous)),
        false => guarded.is_empty() || by_token * 10 < guarded.len() * 9,
    };
    by_cookie && !writes.iter().all(|r| only_lets_in(r))
}

/// The root of the service that a place belongs to.
fn service_of(model: &Model, span: Span) -> &str {
    let file = path(model, span);
    let roots = model.services.iter().map(|s| s.root.as_str());
    roots.filter(|r| file.starts_with(r)).max_by_key(|r| r.len()).unwrap_or("")
}

/// Whether a place is a decorator of a function that hands requests on to the methods of views.
fn stands_on_dispatch(model: &Model, span: Span) -> bool {
    model.program.module_of_file(span.file).is_some_and(|id| {
        let module = model.program.module(id);
        module.functions().any(|(_, f)| {
            f.name.is_some_and(|n| n == "dispatch") && f.annotations.iter().any(|a| module.expr_span(*a) == span)
        })
    })
}

/// Signing up, in and out.
fn only_lets_in(route: &Route) -> bool {
    words(&route.path)
        .last()
        .is_some_and(|w| matches!(w.as_str(), "login" | "signin" | "register" | "signup" | "logout" | "signout"))
}

/// Routes that lack the guard that each must have.
fn without_guard(model: &Model, report: &mut Report<'_>, forgery: &Forgery, writes: &[&Route]) {
    if forgery.sessions.is_empty() || !forgery.guards.is_empty() {
        return;
    }
    let mut told = rustc_hash::FxHashSet::default();
    let bare: Vec<&Route> = writes
        .iter()
        .copied()
        .filter(|r| r.auth == Auth::Required && r.method != Method::Any && !r.has_guard(GuardKind::Csrf))
        .filter(|r| handler(r).is_some_and(|f| model.takes_forms(r, f) && told.insert(f)))
        .collect();
    // of several programs in one repository, those that set the session up
    let programs: Vec<&str> =
        forgery.sessions.iter().map(|s| path(model, *s).rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
    let is_of_program = |r: &Route| programs.iter().any(|p| path(model, r.span).starts_with(p));
    let bare = match writes.iter().any(|r| is_of_program(r)) {
        true => bare.into_iter().filter(|r| is_of_program(r)).collect(),
        false => bare,
    };
    let groups: Vec<&[&Route]> = match bare.len() {
        0 => return,
        n if n <= ALONE => bare.chunks(1).collect(),
        _ => vec![bare.as_slice()],
    };
    for group in groups {
        let Some(first) = group.first() else { continue };
        let name = first.name();
        let issue = match group.len() {
            1 => Text::say("`{}` takes forms and asks for no token against forged requests.", &[&name]),
            n => Text::say("{} routes take forms and ask for no token against forged requests.", &[&n.to_string()]),
        };
        add(model, report, format!("forgery {name}"), first.span, issue, first, &group[1..]);
    }
}

/// Routes that a declaration takes out of the protection, though they know their caller by the session.
fn exempted(model: &Model, report: &mut Report<'_>, writes: &[&Route]) {
    let mut told = rustc_hash::FxHashSet::default();
    for route in writes {
        let says = |name: &str, list: &[&str]| words(name).iter().any(|w| list.contains(&w.as_str()));
        let exempt = route.guards.iter().find(|g| {
            says(&g.name, &["csrf", "xsrf", "antiforgery"]) && says(&g.name, &["exempt", "ignore", "skip", "disable"])
        });
        // other guards may know callers by keys, which browsers do not send by themselves
        let by_session = handler(route).is_some_and(|f| model.reads_session(f))
            || route.guards.iter().any(|g| {
                matches!(g.kind, GuardKind::Authentication | GuardKind::Authorization)
                    && says(&g.name, &["login", "permission", "staff", "superuser", "session"])
            });
        let changes = handler(route).is_some_and(|f| model.may_change_state(f));
        // a base of all views that asks for the proof itself, once it knows how the caller came in
        let exempt = exempt.filter(|g| by_session && changes && !stands_on_dispatch(model, g.span));
        let Some(exempt) = exempt.filter(|g| told.insert(g.span)) else { continue };
        let name = route.name();
        let issue = Text::say("`{}` knows its caller by the session and is exempt from protection.", &[&name]);
        add(model, report, format!("forgery {name}"), exempt.span, issue, route, &[]);
    }
}

fn add(
    model: &Model,
    report: &mut Report<'_>,
    subject: String,
    span: Span,
    issue: Text,
    route: &Route,
    others: &[&Route],
) {
    let name = route.name();
    let mut finding = report.finding(subject, span, issue);
    finding.endpoint = Some(name.clone());
    finding.evidence = Evidence::Suspected;
    finding.details = Text::say(
        "Browsers send the cookie along whoever wrote the page. `{}` is one of the routes that change something then.",
        &[&name],
    );
    finding.impact = Text::from(
        "A page that a signed-in visitor opens can post forms in their name: change their data, their address, their password.",
    );
    finding.fix = Text::from(
        "Switch the framework's protection on for the whole application, put its token into every form, and set `SameSite` on the session's cookie:",
    );
    if let Some(text) = mended(model, Kind::Session, span) {
        finding.fix = std::mem::take(&mut finding.fix).block(crate::support::tag(model, span), text);
    }
    finding.verification = Text::say(
        "Signed in, send `{}` from a page of another origin, without the token: the answer must be 403 or 400.",
        &[&name],
    );
    for other in others.iter().take(20) {
        let message = Text::say("`{}` too.", &[&other.name()]);
        finding.related.push(base::Related { span: other.span, message });
    }
    report.add(finding);
}
