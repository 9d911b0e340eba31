//! A route that changes state without authentication, in an application that has authentication.

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::caller::{Heard, Speech};
use model::guards::words;
use model::{Auth, GuardKind, Model, Route};
use rustc_hash::FxHashSet;

use crate::passwords::{names_password, speaks_of_password};
use crate::roles::asks_for_role;
use crate::support::{info, is_login, path, place_of, routes, way_in};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(9.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "unguarded-write",
            "A route changes state without authentication",
            Severity::Critical,
            Stage::Security,
            &["W2.3", "K.critical-issues.2", "I.insufficient-authorization.3"],
            &[306, 862],
            &["A01:2021", "API5:2023"],
        )
    },
    check,
};

/// Words of routes that must be open: getting in, coming back, being called by others.
const OPEN: [&str; 46] = [
    "login",
    "signin",
    "logout",
    "signout",
    "register",
    "registration",
    "registrations",
    "signup",
    "token",
    "tokens",
    "refresh",
    "password",
    "passwords",
    "forgot",
    "reset",
    "verify",
    "verification",
    "confirm",
    "confirmation",
    "activate",
    "activation",
    "oauth",
    "oauth2",
    "callback",
    "webhook",
    "webhooks",
    "hook",
    "hooks",
    "session",
    "sessions",
    "captcha",
    "otp",
    "sso",
    "saml",
    "contact",
    "newsletter",
    "subscribe",
    "unsubscribe",
    "auth",
    "authenticate",
    "install",
    "installation",
    "setup",
    "ping",
    "bot",
    "initiate",
];

fn is_write(route: &Route) -> bool {
    !route.method.is_safe() && route.method != model::Method::Any
}

/// Words of what visitors send unasked: what they looked at, what they want to say.
const SENT_BY_VISITORS: [&str; 23] = [
    "webmention",
    "pingback",
    "trackback",
    "telemetry",
    "analytics",
    "beacon",
    "csp",
    "track",
    "tracking",
    "inbox",
    "view",
    "views",
    "visit",
    "visits",
    "click",
    "clicks",
    "hit",
    "hits",
    "enquiry",
    "enquiries",
    "inquiry",
    "feedback",
    "subscriber",
];

/// What a visitor chooses for themselves: a language, a theme.
const CHOICES: [&str; 7] = ["language", "locale", "lang", "culture", "theme", "currency", "consent"];

/// `/user/resetpassword`, `/doLogin`: such a word at the end or the beginning of a part of a path.
fn runs_together(path: &str) -> bool {
    const TOGETHER: [&str; 9] = [
        "forgetpassword",
        "forgotpassword",
        "resetpassword",
        "recoverpassword",
        "login",
        "logout",
        "signup",
        "signin",
        "register",
    ];
    let plain = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    path.split('/').map(plain).any(|p| TOGETHER.iter().any(|w| p.ends_with(w) || p.starts_with(w)))
}

fn must_be_open(route: &Route) -> bool {
    let mut all = words(&route.path);
    let has = |list: &[&str]| all.iter().any(|w| list.contains(&w.as_str()));
    if runs_together(&route.path)
        || route.method == model::Method::Post && has(&SENT_BY_VISITORS)
        || has(&CHOICES) && has(&["set", "change", "switch", "select", "choose"])
    {
        return true;
    }
    if let Some(handler) = &route.handler {
        all.extend(words(&handler.name));
    }
    all.iter().any(|w| OPEN.contains(&w.as_str()) || w.starts_with("health") || w == "graphql")
        || route.path.to_lowercase().contains("sign_in")
        || route.path.to_lowercase().contains("sign-in")
        || route.path.to_lowercase().contains("sign-up")
        || route.path.to_lowercase().contains("sign_up")
        || creates_account(route)
}

/// Whether the request itself carries what it is let in with: a secret part of the path, a key in the
/// query or in a field that the handler reads.
fn carries_credential(model: &Model, route: &Route) -> bool {
    let is_credential = |name: &str| {
        let words = words(name);
        let has = |w: &str| words.iter().any(|x| x == w);
        has("secret")
            || has("password")
            || has("token")
            || has("signature")
            || has("nonce")
            || has("hmac")
            || has("apikey")
            || has("api") && has("key")
    };
    // `/invitations/{code}`, `/callbacks/{hash}`: who was given it may call
    let is_secret = |name: &str| {
        let last = words(name).pop().unwrap_or_default();
        route.method == model::Method::Post && matches!(last.as_str(), "code" | "hash" | "digest")
    };
    let parameters = || route.path.split('/').filter(|s| s.starts_with('{'));
    let in_path = parameters().any(|p| is_credential(p) || is_secret(p));
    in_path
        || route.inputs.iter().any(|i| is_credential(&i.name))
        || route.handler.as_ref().and_then(|h| h.function).is_some_and(|function| {
            let module = model.program.module(function.module);
            let item = module.function(function.function);
            let is_named = |e| matches!(module.expr(e).kind, ExprKind::Name(n) if item.params.iter().any(|p| p.name == n));
            // `req.body.password` as well as `dto.password`
            let is_param = |e| is_named(e) || matches!(module.expr(e).kind, ExprKind::Member { object, .. } if is_named(object));
            module.exprs_within(item.range).any(|(_, e)| {
                matches!(&e.kind, ExprKind::Member { object, name, .. } if is_param(*object) && is_credential(name.as_str()))
            })
        })
}

/// `POST /users` is how accounts begin.
fn creates_account(route: &Route) -> bool {
    let last = route.path.rsplit('/').next().unwrap_or("").to_lowercase();
    route.method == model::Method::Post
        && matches!(last.as_str(), "users" | "user" | "accounts" | "customers" | "clients" | "members")
}

fn check(model: &Model, report: &mut Report<'_>) {
    if model.asks_every_request() {
        return;
    }
    let mut heard = Heard::default();
    without_role(model, report, &mut heard);
    let mut told = FxHashSet::default();
    for service in &model.services {
        // what cannot be read says nothing of what is usual here
        let is_unread = |r: &Route| r.guards.iter().any(model::Guard::is_unread) && r.auth != Auth::Required;
        let of_service = || routes(model).filter(|r| r.service == service.name && !must_be_open(r) && !is_unread(r));
        let writes: Vec<&Route> = of_service().filter(|r| is_write(r)).collect();
        let guarded = writes.iter().filter(|r| r.auth == Auth::Required).count();
        // most writes are guarded: what is not is an exception. Where few are and people sign in, what takes away
        // or gives power should be
        let is_usual = guarded >= 2 && guarded * 2 >= writes.len();
        let login = routes(model).find(|r| r.service == service.name && takes_password(model, r));
        if !is_usual && login.is_none() {
            continue;
        }
        let asking = routes(model).filter(|r| r.service == service.name && r.auth == Auth::Required);
        let guarded_folders: FxHashSet<&str> = asking.map(|r| folder(model, r, &service.root)).collect();
        // a safe method by its name alone
        let deleting = of_service()
            .filter(|r| r.method == model::Method::Get)
            .filter(|r| r.handler.as_ref().and_then(|h| h.function).is_some_and(|f| model.destroys(f)));
        // a change beside guarded ones, in one controller
        let file = |r: &Route| r.handler.as_ref().map_or(r.span.file, |h| h.span.file);
        let beside_guarded = |r: &Route| {
            matches!(r.method, model::Method::Put | model::Method::Patch)
                && writes.iter().any(|w| w.auth == Auth::Required && file(w) == file(r))
        };
        let candidates: Vec<&Route> =
            writes.iter().copied().chain(deleting).filter(|r| is_usual || is_grave(r) || beside_guarded(r)).collect();
        for route in candidates.iter().filter(|r| r.auth != Auth::Required && r.handler.is_some()) {
            let opened = route.guards.iter().find(|g| g.kind == GuardKind::Anonymous);
            if carries_credential(model, route)
                || route.handler.as_ref().and_then(|h| h.function).is_some_and(|f| model.asks_for_signature(f))
                || route.has_guard(GuardKind::Csrf) && route.guards.iter().any(|g| g.name.contains("signature"))
            {
                continue;
            }
            let function = route.handler.as_ref().and_then(|h| h.function);
            // what cannot be read may ask
            if function.is_none_or(|f| model.class_asks(f)) {
                continue;
            }
            // a handler that asks by itself; one that changes nothing
            let speech = function.map_or(Speech::Silent, |f| match route.method {
                // deep below, what is made anew has owners too
                model::Method::Get => model.speech_nearby(f, &mut heard),
                _ => model.speech_of(route, f, &mut heard),
            });
            let is_empty = function.is_some_and(|f| model.program.function(f).body.as_ref().is_some_and(Vec::is_empty));
            if speech == Speech::Binds
                || is_empty
                || route.method == model::Method::Post && function.is_some_and(|f| !model.may_change_state(f))
            {
                continue;
            }
            // one handler may answer under several paths
            if !told.insert((route.span, function)) {
                continue;
            }
            let name = route.name();
            let mut finding = report.finding(
                format!("route {name}"),
                place_of(model, route),
                Text::say("Anyone can call `{}`: no guard before it asks who is calling.", &[&name]),
            );
            finding.endpoint = Some(name.clone());
            finding.trace = way_in(model, route);
            finding.evidence =
                if opened.is_some() || speech != Speech::Silent { Evidence::Suspected } else { Evidence::Shown };
            // somebody decided so: whether rightly, only people know
            if opened.is_some() {
                finding.severity = Severity::Suggestion;
                finding.issue = Text::say("`{}` is open to everyone, by its own declaration.", &[&name]);
            }
            finding.details = match (is_usual, login) {
                (false, Some(login)) => Text::say(
                    "People sign in here (`{}`), and nothing before this route asks who they are.",
                    &[&login.name()],
                ),
                _ => Text::say(
                    "{} of the {} routes of this service that change state require an authenticated caller; this one does not.",
                    &[&guarded.to_string(), &writes.len().to_string()],
                ),
            };
            finding.impact = Text::from(
                "Whoever can reach the service can change or delete this data without an account, and nobody can tell who did it.",
            );
            let example = writes.iter().find(|r| r.auth == Auth::Required);
            let guard = example.and_then(|r| {
                r.guards.iter().find(|g| matches!(g.kind, GuardKind::Authentication | GuardKind::Authorization))
            });
            finding.fix = match (guard, example) {
                (Some(guard), Some(example)) => Text::say(
                    "Put the guard before it that its siblings have: `{}`, as on `{}`.",
                    &[&guard.name, &example.name()],
                ),
                _ => Text::from("Put an authentication guard before it."),
            };
            if let (Some(guard), Some(_)) = (guard, example) {
                finding.related.push(base::Related { span: guard.span, message: Text::from("A guard in use.") });
            }
            let path = route.path.replace(['{', '}', '\'', '"', '`', '$', '\\'], "");
            finding.verification = Text::say(
                "`{}` must answer 401.",
                &[&format!("curl -i -X {} \"$BASE_URL{}\"", route.method.name(), path)],
            );
            // what is opened on purpose is nearly always meant so, unless it can take away what others have
            let is_meant = opened.is_some() && route.method != model::Method::Delete && !is_for_staff(route);
            let is_doubtful = route.method == model::Method::Post && function.is_some_and(|f| !model.alters(f));
            // a program of its own that asks nobody, such as a worker beside the application
            let is_apart = is_usual && !guarded_folders.contains(folder(model, route, &service.root));
            match is_meant || is_doubtful || is_apart {
                true => report.add_for_auditors(finding),
                false => report.add(finding),
            }
        }
    }
}

/// Routes for administrators that ask for a login alone, where their siblings ask for a role.
fn without_role(model: &Model, report: &mut Report<'_>, heard: &mut Heard) {
    for service in &model.services {
        let of_staff: Vec<&Route> = routes(model)
            .filter(|r| r.service == service.name && is_write(r) && is_for_staff(r) && !must_be_open(r))
            .filter(|r| !r.guards.iter().any(model::Guard::is_unread))
            .collect();
        let mut asks = |route: &Route| {
            let function = route.handler.as_ref().and_then(|h| h.function);
            let by_code = |f| model.class_asks(f) || model.speech_of(route, f, heard) == Speech::Binds;
            asks_for_role(model, route) || function.is_none_or(by_code)
        };
        let (with, without): (Vec<&Route>, Vec<&Route>) = of_staff.into_iter().partition(|r| asks(r));
        let with: Vec<&Route> = with.into_iter().filter(|r| r.auth == Auth::Required).collect();
        let example = with.iter().find(|r| asks_for_role(model, r));
        let Some(example) = example.filter(|_| with.len() >= 2 && with.len() > without.len()) else { continue };
        for route in without.into_iter().filter(|r| r.auth == Auth::Required) {
            let name = route.name();
            let mut finding = report.finding(
                format!("role {name}"),
                place_of(model, route),
                Text::say("`{}` is for administrators and asks for a login alone.", &[&name]),
            );
            finding.endpoint = Some(name.clone());
            finding.trace = way_in(model, route);
            finding.evidence = Evidence::Suspected;
            finding.details = Text::say(
                "{} other routes for administrators ask for a role, such as `{}`; neither a guard of this one nor its handler does.",
                &[&with.len().to_string(), &example.name()],
            );
            finding.impact = Text::from("Every signed-in user can do what only administrators should.");
            finding.fix = Text::say("Put the guard before it that `{}` has.", &[&example.name()]);
            finding.verification = Text::say("As an ordinary user call `{}`: it must answer 403.", &[&name]);
            report.add(finding);
        }
    }
}

/// The folder below a service's root that a route stands in.
fn folder<'m>(model: &'m Model, route: &Route, root: &str) -> &'m str {
    let span = route.handler.as_ref().map_or(route.span, |h| h.span);
    let below = path(model, span).strip_prefix(root).unwrap_or(path(model, span)).trim_start_matches('/');
    below.split_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a route lets people in by a password.
fn takes_password(model: &Model, route: &Route) -> bool {
    is_login(route)
        && (route.inputs.iter().any(|i| names_password(&i.name))
            || route.handler.as_ref().and_then(|h| h.function).is_some_and(|f| speaks_of_password(model, f)))
}

/// What takes away what others have, or gives power.
fn is_grave(route: &Route) -> bool {
    let gives_power = || {
        words(&route.path)
            .iter()
            .any(|w| matches!(w.as_str(), "promote" | "role" | "roles" | "permissions" | "privileges"))
    };
    route.method == model::Method::Delete || is_for_staff(route) || gives_power()
}

/// Whether a path names those who run the application.
fn is_for_staff(route: &Route) -> bool {
    words(&route.path)
        .iter()
        .any(|w| matches!(w.as_str(), "admin" | "administration" | "superuser" | "staff" | "internal"))
}
