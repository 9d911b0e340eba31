//! A call of another system that may wait for ever.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::facts::RecordId;
use model::options::OptionValue;
use model::{Kind, Model, SettingKind};

use crate::support::{around, effects, info, path, tag};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-timeout",
            "A call of another system has no timeout",
            Severity::Important,
            Stage::Reliability,
            &["W5.3"],
            &[1088, 400],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
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
        let given = |value| !matches!(module.expr(value).kind, ExprKind::Map(_) | ExprKind::Literal(_));
        if effect.kind == Kind::Opens && args.iter().any(|a| a.name.is_none() && given(a.value)) {
            continue;
        }
        if sets_default(model, effect.record) {
            continue;
        }
        let name = effect.name.as_str();
        let function = around(model, effect.call);
        let subject = format!("call {} {function} {name}", path(model, effect.span));
        let issue = Text::say("`{}` is called without a timeout and may wait for ever.", &[name]);
        let mut finding = report.finding(subject, effect.span, issue);
        finding.details = Text::say("{} sets no limit by itself.", &[model.facts.library(effect.record)]);
        finding.impact = Text::from(
            "When the other system hangs, so does this worker or thread; under load all of them do, and the service stops answering although nothing in it is broken.",
        );
        finding.fix = Text::from("Set a limit that is shorter than your own callers wait:");
        if let Some(mended) = &record.mended {
            finding.fix = finding.fix.block(tag(model, effect.span), mended.clone());
        }
        finding.verification =
            Text::from("Point the call at a server that accepts and never answers: it must fail within the limit.");
        report.add(finding);
    }
}

/// Whether the project sets the library's limit for all calls: `axios.defaults.timeout = 5000`.
fn sets_default(model: &Model, record: RecordId) -> bool {
    model.settings.iter().any(|s| s.kind == SettingKind::Timeout && s.record == record && !s.is_default)
}
