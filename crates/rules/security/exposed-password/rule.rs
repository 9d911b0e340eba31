//! Answers that hold the password, or its hash, of an account.

use base::{Evidence, Persona, RuleInfo, Severity, Span, Stage, Text, TraceStep};
use ir::{ExprId, ExprKind, Module, Range, TypeId, TypeKind};
use model::{Kind, Model, Route};
use program::{ExprRef, FnId};

use crate::cleartext::is_account;
use crate::support::{around, handler, info, is_production, path, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        persona: Persona::Auditor,
        ..info(
            "exposed-password",
            "Answers hold the passwords of accounts",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.1"],
            &[200, 213, 522],
            &["A01:2021", "API3:2023"],
        )
    },
    check,
};

/// Whether a name is that of a password or its hash, and of nothing about it.
fn is_password(name: &str) -> bool {
    matches!(
        model::guards::words(name).join("").as_str(),
        "password"
            | "passwd"
            | "pwd"
            | "userpassword"
            | "passwordhash"
            | "hashedpassword"
            | "encryptedpassword"
            | "passworddigest"
    )
}

/// How many calls below a handler a representation is made.
const DEPTH: usize = 4;

fn check(model: &Model, report: &mut Report<'_>) {
    for route in routes(model) {
        let Some(function) = handler(route) else { continue };
        for reached in model.reachable(function, DEPTH).into_iter().chain([function]) {
            for (at, span) in written_out(model, reached, reached == function) {
                let subject = format!("password {} {}", path(model, span), around(model, at));
                tell(model, report, route, subject, span);
            }
        }
        if let Some((name, span)) = entity_given(model, route, function) {
            tell(model, report, route, format!("password of {name}"), span);
        }
    }
}

fn tell(model: &Model, report: &mut Report<'_>, route: &Route, subject: String, span: Span) {
    if !is_production(model, span) {
        return;
    }
    let mut finding =
        report.finding(subject, span, Text::from("The answer holds the password of an account, or its hash."));
    finding.evidence = Evidence::Shown;
    finding.endpoint = Some(route.name());
    finding.details = Text::from("The whole object is given out, though callers need a few of its fields.");
    finding.impact = Text::from(
        "Whoever may call the route collects what is needed to sign in as others: the passwords, or hashes to guess them from in peace.",
    );
    finding.fix =
        Text::from("Give out a type of its own that names the fields callers need; keep the password out of it.");
    finding.verification = Text::from("Call the route and search the answer for `password`: nothing may be found.");
    finding.trace = crate::support::way_in(model, route);
    if !finding.trace.is_empty() {
        finding.trace.push(TraceStep { span, message: Text::from("The password is put into the answer here.") });
    }
    report.add(finding);
}

/// `{ "name": self.name, "password": self.password }` that a function gives back or answers with.
fn written_out(model: &Model, function: FnId, is_handler: bool) -> Vec<(ExprRef, Span)> {
    let module = model.program.module(function.module);
    let body = model.program.function(function).range;
    let returns = &model.program.scopes(function.module).returns[function.function.0 as usize];
    let given = |range: Range| returns.iter().any(|e| module.expr(*e).range.contains(range));
    let answered = |range: Range| {
        model.effects_of(function).any(|e| e.kind == Kind::Responds && module.expr(e.call.expr).range.contains(range))
    };
    // what makes a representation by its name, and what answers
    let represents = model.program.function(function).name.is_some_and(|n| {
        model::guards::words(n.as_str()).iter().any(|w| {
            matches!(
                w.as_str(),
                "json"
                    | "dict"
                    | "serialize"
                    | "representation"
                    | "hash"
                    | "object"
                    | "map"
                    | "view"
                    | "debug"
                    | "response"
            )
        })
    });
    let mut found = Vec::new();
    for (id, item) in module.exprs_within(body) {
        let ExprKind::Map(entries) = &item.kind else { continue };
        let is_out = answered(item.range) || (represents || is_handler) && given(item.range);
        let entry = entries.iter().find(|e| {
            e.key.and_then(|k| module.string(k)).is_some_and(|k| is_password(k.as_str()))
                && is_kept_password(module, e.value)
        });
        if let Some(entry) = entry.filter(|_| is_out) {
            found.push((ExprRef { module: function.module, expr: id }, module.expr_span(entry.value)));
        }
    }
    found
}

/// `self.password`, `user.password`
fn is_kept_password(module: &Module, value: ExprId) -> bool {
    let member = match &module.expr(value).kind {
        ExprKind::Call { callee, args, .. } if args.is_empty() => *callee,
        _ => value,
    };
    matches!(&module.expr(member).kind, ExprKind::Member { object, name, .. }
        if is_password(name.as_str().trim_start_matches("get"))
            && (matches!(module.expr(*object).kind, ExprKind::This) || is_account(module, *object)))
}

/// A stored account whose class the handler declares to give back, with a password that nothing hides.
fn entity_given(model: &Model, route: &Route, function: FnId) -> Option<(String, Span)> {
    let module = model.program.module(function.module);
    // a page that is made of the object shows what it names
    if route.framework.is_empty() {
        return None;
    }
    let ret = model.program.function(function).ret?;
    let (name, field) = account_of(model, module, ret)?;
    Some((name, field))
}

fn account_of(model: &Model, module: &Module, ty: TypeId) -> Option<(String, Span)> {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let name = path.as_str().rsplit('.').next().unwrap_or("");
            let Some(stored) = model.stored.named(name) else {
                return args.iter().find_map(|a| account_of(model, module, *a));
            };
            let field = stored.fields.iter().find(|f| is_password(f.name.as_str()))?;
            (!is_hidden(model, field.span)).then(|| (name.to_owned(), field.span))
        }
        TypeKind::Array(inner) | TypeKind::Ref(inner) | TypeKind::Optional(inner) => account_of(model, module, *inner),
        _ => None,
    }
}

/// Whether a field is left out when objects are written: by an annotation of its own, of its accessor or of its class.
fn is_hidden(model: &Model, span: Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return true };
    let module = model.program.module(id);
    let range: Range = span.into();
    let Some((_, class)) =
        module.classes().filter(|(_, c)| c.range.contains(range)).min_by_key(|(_, c)| c.range.width())
    else {
        return true;
    };
    let says = |at: &ExprId| {
        let text = model.sources.text(module.expr_span(*at)).to_ascii_lowercase();
        ["ignore", "write_only", "writeonly", "skip", "exclude", "transient", "json:\"-", "serializ", "hidden"]
            .iter()
            .any(|w| text.contains(w))
    };
    let of_class = class.annotations.iter().any(says);
    let of_fields = class
        .fields
        .iter()
        .filter(|f| f.range.contains(range) || range.contains(f.range))
        .flat_map(|f| &f.annotations)
        .any(says);
    let accessors = module.functions().filter(|(_, f)| class.range.contains(f.range));
    let of_accessors = accessors
        .filter(|(_, f)| f.name.is_some_and(|n| n.as_str().to_ascii_lowercase().contains("passw")))
        .flat_map(|(_, f)| &f.annotations)
        .any(says);
    of_class || of_fields || of_accessors
}
