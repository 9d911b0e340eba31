//! What several rules ask of the model.

use std::collections::BTreeMap;

use base::{FileRole, Severity, Span, Stage, Text, TraceStep};
use model::facts::RecordId;
use model::guards::words;
use model::{Effect, Kind, Method, Model, Route, Setting, SettingKind};
use program::{ExprRef, FnId};

/// Calls below a handler that are still its doing.
pub const HANDLER_DEPTH: usize = 5;

/// Whether a place is production code.
pub fn is_production(model: &Model, span: Span) -> bool {
    matches!(model.role(span), FileRole::Production)
}

/// Routes of production code.
pub fn routes(model: &Model) -> impl Iterator<Item = &Route> {
    model.routes.iter().filter(|r| is_production(model, r.span))
}

/// The function that answers a route.
pub fn handler(route: &Route) -> Option<FnId> {
    route.handler.as_ref().and_then(|h| h.function)
}

/// Where a finding about a route stands: at its declaration in code, else (in a contract) at what answers it.
pub fn place_of(model: &Model, route: &Route) -> Span {
    let is_code = model.sources.file(route.span.file).language.is_some();
    handler(route).filter(|_| !is_code).map_or(route.span, |f| name_of(model, f))
}

/// The way of a request into the code: the declaration of its route, then what answers it; empty where both
/// stand together.
pub fn way_in(model: &Model, route: &Route) -> Vec<TraceStep> {
    let Some(function) = handler(route) else { return Vec::new() };
    let answers = name_of(model, function);
    let line = |span: Span| model.sources.start(span).line;
    if answers.file == route.span.file && line(answers).abs_diff(line(route.span)) < 6 {
        return Vec::new();
    }
    vec![
        TraceStep { span: route.span, message: Text::say("`{}` is declared here.", &[&route.name()]) },
        TraceStep { span: answers, message: Text::from("This answers it.") },
    ]
}

fn name_of(model: &Model, function: FnId) -> Span {
    let module = model.program.module(function.module);
    module.span(module.function(function.function).name_range)
}

/// Whether a route takes a password, by its path.
pub fn is_login(route: &Route) -> bool {
    if route.method != Method::Post && route.method != Method::Any {
        return false;
    }
    // codes and assertions of an identity provider cannot be guessed as passwords can
    const ELSEWHERE: [&str; 15] = [
        "oidc",
        "saml",
        "callback",
        "sso",
        "external",
        "google",
        "facebook",
        "apple",
        "github",
        "twitter",
        "microsoft",
        "linkedin",
        "social",
        "passkey",
        "webauthn",
    ];
    if words(&route.path).iter().any(|w| ELSEWHERE.contains(&w.as_str())) {
        return false;
    }
    // a key in the query is too long to be guessed
    let by_key = |name: &str| {
        let said = words(name);
        said.iter().any(|w| w == "apikey") || said.iter().any(|w| w == "api") && said.iter().any(|w| w == "key")
    };
    if route.inputs.iter().any(|i| by_key(&i.name)) {
        return false;
    }
    let last: Vec<String> =
        route.path.rsplit('/').find(|p| !p.is_empty()).filter(|p| !p.contains('{')).map(words).unwrap_or_default();
    let joined = last.join("");
    matches!(joined.as_str(), "login" | "dologin" | "signin" | "authenticate" | "logon" | "token")
        || joined == "sessions" && route.handler.as_ref().is_some_and(|h| h.name.contains("create"))
}

/// The effects of a route's handler and what it calls.
pub fn route_effects<'m>(model: &'m Model, route: &Route) -> Vec<&'m Effect> {
    handler(route).map(|f| model.effects_from(f, HANDLER_DEPTH)).unwrap_or_default()
}

/// Effects of one kind in production code.
pub fn effects(model: &Model, kind: Kind) -> impl Iterator<Item = &Effect> {
    model.effects.iter().filter(move |e| e.kind == kind && is_production(model, e.span))
}

/// Settings of production code and configuration that do not hold in development only.
pub fn production_settings(model: &Model) -> impl Iterator<Item = &Setting> {
    model.settings.iter().filter(|s| !s.development_only && is_production(model, s.span))
}

/// Production settings of these kinds, those that hold together in one group.
pub fn settings_by_group<'m>(model: &'m Model, kinds: &[SettingKind]) -> Vec<Vec<&'m Setting>> {
    let mut all: Vec<&Setting> = production_settings(model).filter(|s| kinds.contains(&s.kind)).collect();
    all.sort_by_key(|s| (s.group, s.subject.clone(), s.kind, s.is_default));
    all.chunk_by(|a, b| a.group == b.group && a.subject == b.subject).map(<[_]>::to_vec).collect()
}

/// Adds the library's own mended form to a finding's fix.
pub fn apply_mended(model: &Model, finding: &mut base::Finding, record: RecordId) {
    if let Some(text) = &model.facts.record(record).mended {
        let language = tag(model, finding.span);
        finding.fix = std::mem::take(&mut finding.fix).block(language, text.clone());
    }
}

/// The mended form of a library of this kind that the project uses, else of any for the language at `span`.
pub fn mended(model: &Model, kind: Kind, span: Span) -> Option<String> {
    let used =
        model.effects.iter().filter(|e| e.kind == kind).find_map(|e| model.facts.record(e.record).mended.clone());
    used.or_else(|| {
        let language = model.sources.file(span.file).language?;
        model.facts.of_kind(language, kind).find_map(|r| r.mended.clone())
    })
}

/// The function around an expression, by its name; empty at the top of a file.
pub fn around(model: &Model, at: ExprRef) -> String {
    let owner = model.program.scopes(at.module).owner(at.expr);
    owner
        .function
        .map_or_else(String::new, |function| model.program.function_name(FnId { module: at.module, function }))
}

/// A subject that occurs again in the same function with the number of its occurrence, so that each is told.
pub fn numbered(seen: &mut BTreeMap<String, u32>, subject: String) -> String {
    let count = seen.entry(subject.clone()).or_default();
    *count += 1;
    match *count {
        1 => subject,
        number => format!("{subject} {number}"),
    }
}

/// The path of a span's file.
pub fn path(model: &Model, span: Span) -> &str {
    &model.sources.file(span.file).path
}

/// The language tag for code blocks at a span.
pub fn tag(model: &Model, span: Span) -> &'static str {
    model.sources.file(span.file).language.map_or("", |l| l.tag())
}

/// The stage and severity that a rule's metadata starts from; keeps rule files short.
pub const fn info(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    stage: Stage,
    rows: &'static [&'static str],
    cwe: &'static [u32],
    owasp: &'static [&'static str],
) -> base::RuleInfo {
    base::RuleInfo {
        id,
        title,
        severity,
        persona: base::Persona::Regular,
        stage,
        rows,
        cwe,
        owasp,
        security_severity: None,
        escalation: None,
        page: "",
        stacks: &[],
    }
}
