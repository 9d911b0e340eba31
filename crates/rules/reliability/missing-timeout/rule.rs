//! A call of another system that may wait for ever.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::facts::RecordId;
use model::options::OptionValue;
use model::{Effect, Kind, Model, SettingKind};
use program::FnId;

use crate::support::{apply_mended, around, effects, info, path, production_settings, tag};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-timeout",
            "A call of another system, or a server, has no timeout",
            Severity::Important,
            Stage::Reliability,
            &["W5.3"],
            &[1088, 400],
            &["API4:2023"],
        )
    },
    check,
};

const IMPACT: &str = "When the other system hangs, so does this worker or thread; under load all of them do, and the service stops answering although nothing in it is broken.";
const SLOW_CALLERS: &str = "A few hundred connections that send a byte now and then hold as many workers and descriptors, and the server stops answering everyone else.";
const VERIFICATION: &str = "Point the call at a server that accepts and never answers: it must fail within the limit.";

fn check(model: &Model, report: &mut Report<'_>) {
    unlimited_calls(model, report);
    switched_off(model, report);
}

fn unlimited_calls(model: &Model, report: &mut Report<'_>) {
    let context = model.context();
    let calls = effects(model, Kind::Outbound).chain(effects(model, Kind::Opens));
    for effect in calls.filter(|e| e.evidence > Evidence::Suspected) {
        let record = model.facts.record(effect.record);
        if record.timeout.is_empty() || context.option(effect.call, &record.timeout) != OptionValue::Unset {
            continue;
        }
        let module = model.program.module(effect.call.module);
        let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { continue };
        // a client that is given something (a factory, a transport) may have its limit there
        let given = |value| match &module.expr(value).kind {
            ExprKind::Map(_) | ExprKind::Literal(_) => false,
            ExprKind::List(items) => !items.is_empty(),
            _ => true,
        };
        let is_client = effect.kind == Kind::Opens && record.label.is_none();
        if is_client && args.iter().any(|a| a.name.is_none() && given(a.value)) {
            continue;
        }
        if !record.finished_by.is_empty() && context.option(effect.call, &record.finished_by) == OptionValue::Unset {
            continue;
        }
        let is_server = record.label.as_deref() == Some("server");
        // a deadline near a server is that of its end
        if sets_default(model, effect.record) || !is_server && is_limited_around(model, effect.function) {
            continue;
        }
        let name = effect.name.as_str();
        let function = around(model, effect.call);
        let subject = format!("call {} {function} {name}", path(model, effect.span));
        // a platform that gives up by itself, but late: in what runs in browsers nobody else waits
        let is_patient = record.label.as_deref() == Some("patient");
        if is_patient && !is_of_server(model, effect) {
            continue;
        }
        let issue = match is_server {
            _ if is_patient => {
                Text::say("`{}` is called without a timeout: it waits for minutes before it gives up.", &[name])
            }
            true => Text::say(
                "`{}` serves without a limit in time: slow callers may keep their connections for ever.",
                &[name],
            ),
            false => Text::say("`{}` is called without a timeout and may wait for ever.", &[name]),
        };
        let mut finding = report.finding(subject, effect.span, issue);
        // a connection is kept open: the limit matters only when the other side is gone
        if record.label.as_deref() == Some("database") {
            finding.severity = Severity::Suggestion;
        }
        finding.details = match is_patient {
            true => Text::from("The platform gives up by itself only after minutes."),
            false => Text::say("{} sets no limit by itself.", &[model.facts.library(effect.record)]),
        };
        finding.impact = Text::from(if is_server { SLOW_CALLERS } else { IMPACT });
        finding.fix = Text::from(match is_server {
            true => "Limit how long a request may take to arrive:",
            false => "Set a limit that is shorter than your own callers wait:",
        });
        if let Some(mended) = &record.mended {
            finding.fix = finding.fix.block(tag(model, effect.span), mended.with(&[]));
        }
        finding.verification = Text::from(match is_server {
            true => "Open a connection, send half a header and wait: the server must close it within the limit.",
            false => VERIFICATION,
        });
        if is_server || is_patient {
            finding.severity = Severity::Suggestion;
        }
        match is_patient {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}

/// Whether a call is made by a server, by the route that comes to it or by the folders of its file.
fn is_of_server(model: &Model, effect: &Effect) -> bool {
    let of_server = |folder: &str| {
        let folder = folder.to_ascii_lowercase();
        folder.starts_with("server") || folder.starts_with("worker") || matches!(folder.as_str(), "backend" | "api")
    };
    effect.function.is_some_and(|f| model.route_served(f).is_some())
        || path(model, effect.span).split('/').rev().skip(1).any(of_server)
}

/// Limits that a project takes away from a library that has one.
fn switched_off(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model) {
        if setting.kind != SettingKind::Timeout || setting.value.as_deref() != Some("never") {
            continue;
        }
        let subject = format!("limit {} {}", path(model, setting.span), model.sources.text(setting.span));
        let issue = Text::from("The limit in time of a client is switched off: it may wait for ever.");
        let mut finding = report.finding(subject, setting.span, issue);
        finding.severity = Severity::Suggestion;
        finding.details = Text::say("{} has a limit by itself.", &[model.facts.library(setting.record)]);
        finding.impact = Text::from(IMPACT);
        finding.fix = Text::from("Keep a limit that is shorter than your own callers wait:");
        apply_mended(model, &mut finding, setting.record);
        finding.verification = Text::from(VERIFICATION);
        report.add(finding);
    }
}

/// Whether the function around sets a limit by other means: a context with a deadline, a race with a clock.
fn is_limited_around(model: &Model, function: Option<FnId>) -> bool {
    let Some(function) = function else { return false };
    let module = model.program.module(function.module);
    model.program.calls_in(function).iter().any(|call| {
        let ExprKind::Call { callee, .. } = &module.expr(*call).kind else { return false };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { return false };
        let plain = name.as_str().to_ascii_lowercase().replace('_', "");
        ["timeout", "deadline", "waitfor"].iter().any(|w| plain.contains(w))
    })
}

/// Whether the project sets the library's limit for all calls: `axios.defaults.timeout = 5000`.
fn sets_default(model: &Model, record: RecordId) -> bool {
    model.settings.iter().any(|s| s.kind == SettingKind::Timeout && s.record == record && !s.is_default)
}
