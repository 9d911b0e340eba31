//! Whether what stands before a route asks for more than being signed in.

use model::guards::words;
use model::{Guard, GuardKind, Model, Route};

/// Whether a guard of a route asks for a role or a right that not every user has.
pub fn asks_for_role(model: &Model, route: &Route) -> bool {
    route.guards.iter().any(|g| match g.kind {
        GuardKind::Authorization => !is_everyones(model, g),
        GuardKind::Authentication => asks_for_a_right(model, g) || asks_for_more(model, g),
        _ => false,
    })
}

/// A role that every user has: `hasRole('USER')`, `authorize('customer', 'admin')`.
fn is_everyones(model: &Model, guard: &Guard) -> bool {
    const ROLES: [&str; 9] = ["user", "users", "customer", "member", "client", "buyer", "student", "patient", "reader"];
    let text = model.sources.text(guard.span);
    text.split(['\'', '"', '`']).flat_map(|t| t.split(',')).any(|role| {
        let role = role.trim().to_lowercase();
        ROLES.contains(&role.strip_prefix("role_").unwrap_or(&role))
    })
}

/// `auth('manageUsers')`: a guard of the project's own that is told what the caller must be allowed.
fn asks_for_a_right(model: &Model, guard: &Guard) -> bool {
    let text = model.sources.text(guard.span);
    let told = text.split_once('(').map_or("", |(_, told)| told);
    // `signedIn(Permission.MANAGE_ORDERS)`
    let names_right = words(told)
        .iter()
        .any(|w| matches!(w.as_str(), "permission" | "permissions" | "role" | "roles" | "scope" | "right" | "rights"));
    let by_name = guard.function.is_some() && told.contains(['\'', '"']);
    text.len() < 120 && (by_name || names_right) && !is_everyones(model, guard)
}

/// `mustPush`: a guard that turns away whom it does not know, and is not named for that alone.
fn asks_for_more(model: &Model, guard: &Guard) -> bool {
    let own = guard.name.rsplit(['.', ':']).next().unwrap_or("");
    let of_caller = words(own).iter().any(|w| {
        matches!(
            w.as_str(),
            "user" | "token" | "session" | "account" | "identity" | "current" | "middleware" | "caller"
        )
    });
    !of_caller
        && model::guards::by_name(own) == GuardKind::Other
        && guard.function.is_some_and(|f| model.weighs_rights(f))
}
