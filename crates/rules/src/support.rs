//! What several rules ask of the model.

use std::collections::BTreeMap;

use base::{FileRole, Severity, Span, Stage, Text, TraceStep};
use model::facts::RecordId;
use model::guards::words;
use model::stored::{Stored, StoredField};
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
    apply_mended_with(model, finding, record, &[]);
}

/// As [`apply_mended`], in the words of the place.
pub fn apply_mended_with(model: &Model, finding: &mut base::Finding, record: RecordId, words: &[(&str, String)]) {
    if let Some(mended) = &model.facts.record(record).mended {
        let language = tag(model, finding.span);
        finding.fix = std::mem::take(&mut finding.fix).block(language, mended.with(words));
    }
}

/// Adds how the library asks for a page, else its mended form.
pub fn apply_paged(model: &Model, finding: &mut base::Finding, record: RecordId, words: &[(&str, String)]) {
    let record = model.facts.record(record);
    if let Some(form) = record.paged.as_ref().or(record.mended.as_ref()) {
        let language = tag(model, finding.span);
        finding.fix = std::mem::take(&mut finding.fix).block(language, form.with(words));
    }
}

/// The words of an access for a mended form: the stored class (`model`, and with a small first letter `object`), its
/// `table`, and the first column that is compared, in the database (`column`) and in the code (`field`).
pub fn words_of(model: &Model, access: u32) -> Vec<(&'static str, String)> {
    let named = |stored: &Stored| {
        let mut letters = stored.name.chars();
        let small = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>());
        [("model", stored.name.clone()), ("object", small.unwrap_or_default())]
    };
    let asked = model.questions.partition_point(|q| q.access < access);
    let Some(question) = model.questions.get(asked).filter(|q| q.access == access) else {
        // `User.find`
        let first = model.accesses.all[access as usize].name.split(['.', '…']).next().unwrap_or_default();
        return model.stored.named(first).map_or_else(Vec::new, |stored| named(stored).into());
    };
    let mut words = vec![("table", question.table.name.clone())];
    let dialect = model.schemas[question.schema as usize].schema.dialect;
    let is_stored_there = |s: &&Stored| dialect.is_same(&s.table.name, &question.table.name);
    let mut of_table = model.stored.all.iter().filter(is_stored_there);
    let stored = of_table.next().filter(|_| of_table.next().is_none());
    words.extend(stored.into_iter().flat_map(named));
    if let Some(column) = question.equal.first() {
        let is_field = |f: &&StoredField| f.column.as_deref().is_some_and(|c| dialect.is_same(c, column));
        let field = stored.and_then(|s| s.fields.iter().find(is_field));
        words.extend(field.map(|f| ("field", f.name.to_string())));
        words.push(("column", column.clone()));
    }
    words
}

/// The mended form of a library of this kind that the project uses, else of any for the language at `span`.
pub fn mended(model: &Model, kind: Kind, span: Span) -> Option<String> {
    let used = model.effects.iter().filter(|e| e.kind == kind);
    let mended = used.map(|e| model.facts.record(e.record)).find_map(|r| r.mended.as_ref()).or_else(|| {
        let language = model.sources.file(span.file).language?;
        model.facts.of_kind(language, kind).find_map(|r| r.mended.as_ref())
    });
    mended.map(|m| m.with(&[]))
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
