//! A call that blocks its thread, where one thread serves everyone.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use model::guards::words;
use model::{Effect, Kind, Model};
use program::FnId;

use crate::support::{apply_mended, around, effects, info, path, routes};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "blocking-call-in-async",
            "A blocking call in asynchronous code",
            Severity::Important,
            Stage::Performance,
            &["K.performance-issues.3", "W4.6"],
            &[1322, 400],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for effect in effects(model, Kind::Blocks).filter(|e| e.evidence > Evidence::Suspected) {
        let Some(function) = effect.function else { continue };
        // `if (async) await Delay() else Sleep()`
        let chosen = model.conditions_at(effect.span).iter().any(|(c, _)| c.to_ascii_lowercase().contains("async"));
        if chosen || is_awaited(model, effect, function) || is_entry(model, function) || starts_up(model, function) {
            continue;
        }
        let Some(whom) = serves(model, function) else { continue };
        let record = model.facts.record(effect.record);
        let on = record.label.as_deref().unwrap_or("something else");
        let name = effect.name.as_str();
        let subject = format!("blocking {} {} {name}", path(model, effect.span), around(model, effect.call));
        let mut finding = report.finding(
            subject,
            effect.span,
            Text::say("`{}` blocks the thread that serves everyone, waiting for {}.", &[name, on]),
        );
        finding.details = Text::say("It stands in {}.", &[&whom]);
        finding.impact = Text::from(
            "While it waits, this thread answers nobody: the latency of every other request grows by as much, and a slow moment becomes an outage.",
        );
        finding.fix = Text::from("Use the asynchronous form, or give the work to a pool of threads:");
        apply_mended(model, &mut finding, effect.record);
        finding.verification = Text::from(
            "Call this and a trivial endpoint at the same time, fifty at once: the trivial one must stay as fast as it is alone.",
        );
        // a command, an application on a desk: nobody else waits
        match reaches(model, function) {
            true => report.add(finding),
            false => report.add_for_auditors(finding),
        }
    }
}

/// Whether a function is where the program starts: what blocks there holds up nobody yet.
fn is_entry(model: &Model, function: FnId) -> bool {
    let item = model.program.function(function);
    item.name.is_some_and(|n| n == "main" || n == "Main")
        || item.parent.is_some_and(|p| is_entry(model, FnId { module: function.module, function: p }))
}

/// Whether a function makes or starts something by its name, and no request reaches it.
fn starts_up(model: &Model, function: FnId) -> bool {
    let name = model.program.function(function).name;
    let starts = name.is_some_and(|n| {
        let first = words(n.as_str()).into_iter().next().unwrap_or_default();
        matches!(
            first.as_str(),
            "new"
                | "init"
                | "initialize"
                | "setup"
                | "start"
                | "startup"
                | "bootstrap"
                | "configure"
                | "run"
                | "serve"
                | "lifespan"
                | "migrate"
        )
    });
    starts && !reaches(model, function)
}

/// Whether what is waited for was awaited in the same function before: it is done.
fn is_awaited(model: &Model, effect: &Effect, function: FnId) -> bool {
    let module = model.program.module(function.module);
    let range = module.function(function.function).range;
    let ir::ExprKind::Call { callee, .. } = &module.expr(effect.call.expr).kind else { return false };
    let mut root = *callee;
    loop {
        root = match &module.expr(root).kind {
            ir::ExprKind::Member { object, .. } => *object,
            ir::ExprKind::Call { callee, .. } => *callee,
            _ => break,
        };
    }
    let ir::ExprKind::Name(name) = module.expr(root).kind else { return false };
    module.exprs_within(range).any(|(_, e)| {
        let ir::ExprKind::Await(awaited) = e.kind else { return false };
        let awaited = module.expr(awaited).range;
        module.exprs_within(awaited).any(|(_, e)| matches!(e.kind, ir::ExprKind::Name(n) if n == name))
    })
}

/// What the call holds up: an asynchronous function, or a handler on the event loop.
fn serves(model: &Model, function: FnId) -> Option<String> {
    let module = model.program.module(function.module);
    let mut at = Some(function.function);
    let mut innermost = true;
    while let Some(id) = at {
        let item = module.function(id);
        let name = model.program.function_name(FnId { module: function.module, function: id });
        if item.is_async && (innermost || module.language.is_ecmascript()) {
            // what starts up or runs by hand may block; only what requests reach counts in ECMAScript
            let reached =
                !module.language.is_ecmascript() || reaches(model, FnId { module: function.module, function: id });
            return reached.then(|| format!("the asynchronous `{name}`"));
        }
        // a lambda or block given elsewhere may run on another thread
        innermost &= matches!(item.kind, ir::FunctionKind::Block);
        if !innermost && !module.language.is_ecmascript() {
            return None;
        }
        at = item.parent;
    }
    (module.language.is_ecmascript() && reaches(model, function))
        .then(|| format!("`{}`, which answers requests on the event loop", model.program.function_name(function)))
}

/// Whether requests reach a function: it is a handler, or called by one within five steps.
fn reaches(model: &Model, function: FnId) -> bool {
    let mut queue = vec![(function, 0)];
    let mut seen = vec![function];
    while let Some((here, depth)) = queue.pop() {
        let answers = routes(model).any(|r| {
            r.handler.as_ref().and_then(|h| h.function) == Some(here)
                || r.guards.iter().any(|g| g.function == Some(here))
        });
        if answers {
            return true;
        }
        if depth == 5 {
            continue;
        }
        let callers = model.program.callers(here).iter().filter_map(|c| c.caller);
        // a callback belongs to the function that it stands in
        let parent = model.program.function(here).parent.map(|p| FnId { module: here.module, function: p });
        for next in callers.chain(parent) {
            if !seen.contains(&next) && seen.len() < 60 {
                seen.push(next);
                queue.push((next, depth + 1));
            }
        }
    }
    false
}
