//! An object fetched by an id from the request, whoever asks.

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::entities::path_parameters;
use model::guards::words;
use model::{Auth, GuardKind, Model, Route};
use program::FnId;
use rustc_hash::FxHashMap;

use crate::support::{HANDLER_DEPTH, handler, info, routes};
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

/// Words of fields that name the owner of a record.
const OWNER: [&str; 12] = [
    "user", "owner", "author", "account", "customer", "creator", "uid", "userid", "username", "member", "buyer",
    "patient",
];

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

fn check(model: &Model, report: &mut Report<'_>) {
    let owned = owned_things(model);
    let mut mentions: FxHashMap<FnId, bool> = FxHashMap::default();
    for route in routes(model).filter(|r| r.auth != Auth::None) {
        let Some(function) = handler(route) else { continue };
        let is_write = !route.method.is_safe() && route.method != model::Method::Any;
        if route.auth == Auth::Optional && !is_write {
            continue;
        }
        // who has a role may touch what is not theirs
        if route.guards.iter().any(|g| g.kind == GuardKind::Authorization) || is_for_staff(route) {
            continue;
        }
        let Some((thing, parameter)) = addressed(route) else { continue };
        let of_user = is_user(&thing);
        let Some(owner) = owned.get(&thing).cloned().or_else(|| of_user.then(|| "itself".to_owned())) else { continue };
        if !is_write && !PRIVATE.contains(&thing.as_str()) && !of_user {
            continue;
        }
        if model.speaks_of_caller(route, function, &mut mentions) || !fetches(model, function) {
            continue;
        }
        let name = route.name();
        let does = match route.method {
            model::Method::Delete => "deletes",
            _ if is_write => "changes",
            _ => "reads",
        };
        let mut finding = report.finding(
            format!("route {name}"),
            route.handler.as_ref().map_or(route.span, |h| h.span),
            Text::say("`{}` {} the {} that the request names, whoever asks.", &[&name, does, &thing]),
        );
        finding.endpoint = Some(name.clone());
        finding.severity = if is_write { Severity::Critical } else { Severity::Important };
        finding.evidence = Evidence::Suspected;
        finding.details = match of_user {
            true => Text::say(
                "The user is named by `{}`, and nothing in the handler or in what it calls asks who the caller is.",
                &[&parameter],
            ),
            false => Text::say(
                "A {} has an owner (`{}`), it is named by `{}`, and nothing in the handler or in what it calls asks who the caller is.",
                &[&thing, &owner, &parameter],
            ),
        };
        finding.impact = Text::say(
            "Any signed-in user who counts through the ids, or guesses one, {} what belongs to others.",
            &[does],
        );
        finding.fix = Text::say(
            "Look the {} up among those of the caller (`… WHERE id = ? AND {} = ?`), and answer 404 when there is none; or compare its owner with the caller before anything else.",
            &[&thing, if of_user { "user_id" } else { &owner }],
        );
        finding.verification = Text::say(
            "As one user make a {}; as another call `{}` with its id: the answer must be 404 or 403.",
            &[&thing, &name],
        );
        report.add(finding);
    }
}

/// The last thing of a path that a parameter names: `/orders/{id}/items` → `order` and `id`.
fn addressed(route: &Route) -> Option<(String, String)> {
    let parts: Vec<&str> = route.path.split('/').filter(|p| !p.is_empty()).collect();
    let at = parts.iter().rposition(|p| p.contains('{'))?;
    let parameter = path_parameters(parts[at]).next()?.to_owned();
    let named = words(&parameter);
    // `{userId}`, `{order_id}` say themselves what they name
    let own: Vec<&String> =
        named.iter().filter(|w| !matches!(w.as_str(), "id" | "uuid" | "pk" | "slug" | "key" | "name")).collect();
    let before = parts[..at].iter().rev().find(|p| !p.contains('{'));
    let thing = match (own.last(), before) {
        (Some(own), _) => singular(own),
        (None, Some(before)) => singular(words(before).last()?),
        (None, None) => return None,
    };
    Some((thing, parameter))
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") {
        return word[..word.len() - 2].to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && stem.len() > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
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

/// Classes of stored things that have an owner, by the last word of their name, with the owner's field.
fn owned_things(model: &Model) -> FxHashMap<String, String> {
    let mut owned = FxHashMap::default();
    for (class, _) in model.program.classes().all() {
        if model.module_role(class.module) == base::FileRole::Test {
            continue;
        }
        let item = model.program.class(class);
        let field = item.fields.iter().find_map(|f| owner_field(f.name.as_str())).or_else(|| {
            // Ruby's `belongs_to :user`
            let module = model.program.module(class.module);
            item.body.iter().find_map(|s| match &module.stmt(*s).kind {
                ir::StmtKind::Expr(e) | ir::StmtKind::Return(Some(e)) => match &module.expr(*e).kind {
                    ExprKind::Call { callee, args, .. }
                        if matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "belongs_to") =>
                    {
                        owner_field(module.string(args.first()?.value)?.as_str())
                    }
                    _ => None,
                },
                _ => None,
            })
        });
        let Some(field) = field else { continue };
        let mut parts = words(item.name.as_str());
        let kinds = ["model", "entity", "dto", "table", "record", "po", "do", "schema", "document", "entities", "db"];
        parts.retain(|p| !kinds.contains(&p.as_str()));
        if let Some(last) = parts.last() {
            owned.entry(singular(last)).or_insert(field);
        }
    }
    owned
}

fn owner_field(name: &str) -> Option<String> {
    let mut parts = words(name);
    if matches!(parts.last().map(String::as_str), Some("id")) {
        parts.pop();
    }
    let created_by = parts.ends_with(&["by".to_owned()]) && parts.iter().any(|p| p == "created" || p == "owned");
    (created_by || parts.len() <= 1 && parts.last().is_some_and(|p| OWNER.contains(&p.as_str())))
        .then(|| name.to_owned())
}

/// Whether something in reach looks up, changes or deletes stored things by its name.
fn fetches(model: &Model, function: FnId) -> bool {
    const VERBS: [&str; 22] = [
        "find", "get", "first", "where", "delete", "update", "save", "remove", "destroy", "select", "query", "execute",
        "exec", "filter", "load", "fetch", "findone", "take", "set", "create", "insert", "lookup",
    ];
    let mut calls = 0;
    for f in model.reachable(function, HANDLER_DEPTH) {
        let module = model.program.module(f.module);
        for call in model.program.calls_in(f) {
            if let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind
                && !args.is_empty()
                && let ExprKind::Member { name, .. } = &module.expr(*callee).kind
                && words(name.as_str()).first().is_some_and(|w| VERBS.contains(&w.as_str()))
            {
                calls += 1;
            }
        }
    }
    calls > 0
}
