//! An object fetched by an id from the request, whoever asks.

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use model::caller::{Heard, Speech};
use model::entities::path_parameters;
use model::guards::words;
use model::lookups::Lookup;
use model::owners::{owner_of, singular};
use model::{Auth, GuardKind, Method, Model, Place, Route};
use rustc_hash::FxHashMap;

use crate::roles::asks_for_role;
use crate::support::{handler, info, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(8.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "missing-ownership-check",
            "An object is given to whoever asks for it",
            Severity::Critical,
            Stage::Security,
            &["W2.3", "K.critical-issues.2", "C2.authorization-patterns.4"],
            &[639, 862, 285],
            &["A01:2021", "API1:2023"],
        )
    },
    check,
};

/// Things that one person's eyes are enough for. Reading others is often meant to be open.
const PRIVATE: [&str; 22] = [
    "order",
    "invoice",
    "payment",
    "address",
    "card",
    "account",
    "profile",
    "message",
    "notification",
    "cart",
    "wallet",
    "transaction",
    "subscription",
    "statement",
    "prescription",
    "record",
    "booking",
    "reservation",
    "balance",
    "contribution",
    "allocation",
    "ticket",
];

/// Words of ids that name somebody else on purpose, or the thing that others add to.
const OTHERS: [&str; 17] = [
    "target",
    "to",
    "recipient",
    "receiver",
    "other",
    "friend",
    "invitee",
    "invited",
    "assignee",
    "followed",
    "following",
    "peer",
    "contact",
    "reported",
    "blocked",
    "parent",
    "mentioned",
];

fn check(model: &Model, report: &mut Report<'_>) {
    let owned = model.owned_things();
    let mut heard = Heard::default();
    let mut told = rustc_hash::FxHashSet::default();
    for route in routes(model).filter(|r| r.auth != Auth::None) {
        let Some(function) = handler(route) else { continue };
        let is_write = !route.method.is_safe() && route.method != Method::Any;
        if route.auth == Auth::Optional && !is_write {
            continue;
        }
        // who has a role may touch what is not theirs
        if asks_for_role(model, route) || is_for_programs(route) || is_for_staff(route) || lets_in(route) {
            continue;
        }
        let speech = model.speech_of(route, function, &mut heard);
        if speech == Speech::Binds {
            continue;
        }
        let lookups = model.lookups(route, function);
        let named = by_path(route, &owned, &lookups, speech).or_else(|| by_input(route, &owned, &lookups, speech));
        let Some(named) = named.filter(|_| tells_callers_apart(model, route, &mut heard)) else { continue };
        // one handler may answer under several paths
        if told.insert(named.lookup.span) {
            report_one(report, route, &named, speech);
        }
    }
}

/// A thing that belongs to somebody, and the id in the request that names it.
struct Named<'l> {
    thing: String,
    owner: Option<String>,
    lookup: &'l Lookup,
}

/// The thing that the path names.
fn by_path<'l>(
    route: &Route,
    owned: &FxHashMap<String, String>,
    lookups: &'l [Lookup],
    speech: Speech,
) -> Option<Named<'l>> {
    let (thing, parameter, called) = addressed(route)?;
    let lookup = lookups.iter().find(|l| l.place == Place::Path && l.by_verb && l.name == parameter)?;
    let of_user = is_user(&thing);
    let owner = owner_of(owned, &called);
    if owner.is_none() && !of_user {
        return None;
    }
    let private = PRIVATE.contains(&thing.as_str());
    let is_last = ends_in_itself(route);
    if !is_changing(route) {
        // who somebody is, is often meant to be seen; what they have is not
        let is_ones_own = if of_user { !is_last && !is_shown(route) } else { private };
        return is_ones_own.then_some(Named { thing, owner, lookup });
    }
    // others may comment on what is not theirs
    let adds = route.method == Method::Post && !route.path.ends_with('}') && !private;
    (!(adds && speech == Speech::Names)).then_some(Named { thing, owner, lookup })
}

/// What people show of themselves: `/users/{id}/followers`.
fn is_shown(route: &Route) -> bool {
    let last = route.path.rsplit('/').next().unwrap_or("");
    words(last).iter().any(|w| {
        matches!(
            w.as_str(),
            "followers"
                | "following"
                | "posts"
                | "articles"
                | "comments"
                | "friends"
                | "likes"
                | "repos"
                | "avatar"
                | "photo"
                | "picture"
                | "image"
                | "badges"
                | "reviews"
                | "public"
        )
    })
}

/// Whether a path ends in what its parameter names: `/users/{id}`, but not `/allocations/{userId}`.
fn ends_in_itself(route: &Route) -> bool {
    let mut parts = route.path.split('/').rev().filter(|p| !p.is_empty());
    parts.next().is_some_and(|p| p.starts_with('{'))
        && addressed(route).is_some_and(|(thing, ..)| {
            parts.next().is_none_or(|p| {
                words(p).iter().any(|w| singular(w) == thing || is_user(&singular(w)) && is_user(&thing))
            })
        })
}

/// The thing that a query or a body names: `userId`, `order_id`.
fn by_input<'l>(
    route: &Route,
    owned: &FxHashMap<String, String>,
    lookups: &'l [Lookup],
    speech: Speech,
) -> Option<Named<'l>> {
    if speech != Speech::Silent {
        return None;
    }
    lookups.iter().filter(|l| matches!(l.place, Place::Query | Place::Body) && l.by_verb).find_map(|lookup| {
        let mut named = words(&lookup.name);
        if !matches!(named.pop()?.as_str(), "id" | "uuid" | "number")
            || named.iter().any(|w| OTHERS.contains(&w.as_str()))
        {
            return None;
        }
        let thing = singular(named.last()?);
        let owner = owner_of(owned, &named);
        let of_route = is_changing(route) && words(&route.path).iter().any(|w| singular(w) == thing);
        let private = owner.is_some() && (PRIVATE.contains(&thing.as_str()) || of_route);
        (private || is_user(&thing)).then_some(Named { thing, owner, lookup })
    })
}

/// Whether some handler of the service does something with the caller; where none does, all callers are one.
fn tells_callers_apart(model: &Model, route: &Route, heard: &mut Heard) -> bool {
    routes(model)
        .filter(|r| r.service == route.service && r.auth == Auth::Required)
        .filter_map(|r| Some((r, handler(r)?)))
        .any(|(r, f)| model.speech_of(r, f, heard) > Speech::Silent)
}

fn is_changing(route: &Route) -> bool {
    !route.method.is_safe() && route.method != Method::Any
}

/// Behind a key or a password of its own stands a program and no person.
fn is_for_programs(route: &Route) -> bool {
    let mut guards = route.guards.iter().filter(|g| g.kind == GuardKind::Authentication).peekable();
    guards.peek().is_some()
        && guards.all(|g| {
            let named = words(&g.name);
            let has = |w: &str| named.iter().any(|x| x == w);
            has("basic")
                || has("apikey")
                || has("api") && has("key")
                || has("internal")
                || has("machine")
                || has("service")
        })
}

/// Signing in and coming back name a user who is not known yet.
fn lets_in(route: &Route) -> bool {
    // who is signed in and changes the password of a user whom the path names
    let changes = route.auth == Auth::Required && route.method == Method::Put && route.path.contains('{');
    words(&route.path).iter().filter(|w| !changes || *w != "password").any(|w| {
        matches!(
            w.as_str(),
            "login"
                | "signin"
                | "logout"
                | "register"
                | "signup"
                | "password"
                | "reset"
                | "forgot"
                | "verify"
                | "confirm"
                | "activate"
                | "token"
                | "refresh"
                | "oauth"
                | "callback"
                | "webhook"
                | "webhooks"
                | "hook"
                | "notify"
                | "ipn"
        )
    })
}

fn report_one(report: &mut Report<'_>, route: &Route, named: &Named<'_>, speech: Speech) {
    let Named { thing, owner, lookup } = named;
    let is_write = is_changing(route);
    let name = route.name();
    let does = match route.method {
        Method::Delete => "deletes",
        _ if is_write => "changes",
        _ => "reads",
    };
    let of_user = is_user(thing);
    let below =
        of_user && (lookup.place != Place::Path || !ends_in_itself(route) || path_parameters(&route.path).count() > 1);
    let issue = match below {
        true => {
            Text::say("`{}` {} what belongs to the {} that the request names, whoever asks.", &[&name, does, thing])
        }
        false => Text::say("`{}` {} the {} that the request names, whoever asks.", &[&name, does, thing]),
    };
    let mut finding = report.finding(format!("route {name}"), lookup.span, issue);
    finding.endpoint = Some(name.clone());
    finding.severity = if is_write { Severity::Critical } else { Severity::Important };
    finding.evidence = Evidence::Suspected;
    let place = match lookup.place {
        Place::Body => "of the body",
        Place::Query => "of the query",
        _ => "of the path",
    };
    let silence = match speech {
        Speech::Silent => "nothing in the handler or in what it calls asks who the caller is",
        _ => "the handler knows the caller, but neither compares them with the owner nor looks it up by them",
    };
    finding.details = match owner {
        Some(owner) => Text::say(
            "It has an owner (`{}`), it is looked up here by `{}` {}, and {}.",
            &[owner, &lookup.name, place, silence],
        ),
        None => Text::say("It is looked up here by `{}` {}, and {}.", &[&lookup.name, place, silence]),
    };
    finding.impact =
        Text::say("Any signed-in user who counts through the ids, or guesses one, {} what belongs to others.", &[does]);
    finding.fix = match (below, owner) {
        (true, _) => Text::say(
            "Take the {} from the session or the token, not from the request; or answer 403 when `{}` is not the caller's.",
            &[thing, &lookup.name],
        ),
        (false, owner) => Text::say(
            "Look the {} up among those of the caller (`… WHERE id = ? AND {} = ?`), and answer 404 when there is none; or compare its owner with the caller before anything else.",
            &[thing, owner.as_deref().unwrap_or("user_id")],
        ),
    };
    finding.verification = Text::say(
        "As one user make a {}; as another call `{}` with its id: the answer must be 404 or 403.",
        &[thing, &name],
    );
    if lookup.taken != lookup.span && !lookup.span.contains(lookup.taken) {
        let taken = Text::say("`{}` is taken from the request.", &[&lookup.name]);
        let used = Text::say("The {} is looked up by it.", &[thing]);
        finding.trace = vec![
            base::TraceStep { span: lookup.taken, message: taken },
            base::TraceStep { span: lookup.span, message: used },
        ];
    }
    report.add(finding);
}

/// The last thing of a path that a parameter names: `/orders/{id}/items` → `order` and `id`.
fn addressed(route: &Route) -> Option<(String, String, Vec<String>)> {
    let parts: Vec<&str> = route.path.split('/').filter(|p| !p.is_empty()).collect();
    let at = parts.iter().rposition(|p| p.contains('{'))?;
    let parameter = path_parameters(parts[at]).next()?.to_owned();
    let named = words(&parameter);
    // `{userId}`, `{order_id}` say themselves what they name
    let own: Vec<String> =
        named.into_iter().filter(|w| !matches!(w.as_str(), "id" | "uuid" | "pk" | "slug" | "key" | "name")).collect();
    let before = parts[..at].iter().rev().find(|p| !p.contains('{'));
    let called = if own.is_empty() { words(before?) } else { own };
    Some((singular(called.last()?), parameter, called))
}

fn is_user(thing: &str) -> bool {
    matches!(thing, "user" | "account" | "customer" | "member" | "profile")
}

fn is_for_staff(route: &Route) -> bool {
    let mut all = words(&route.path);
    all.extend(words(&route.service));
    all.extend(route.handler.iter().flat_map(|h| words(&h.name)));
    all.extend(route.guards.iter().flat_map(|g| words(&g.name)));
    all.iter().any(|w| {
        matches!(
            w.as_str(),
            "admin" | "root" | "superuser" | "staff" | "internal" | "manage" | "management" | "backoffice" | "mod"
        )
    })
}
