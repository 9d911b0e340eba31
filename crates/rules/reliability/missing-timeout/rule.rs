//! A call of another system that may wait for ever.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::{Kind, Model};

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
    for effect in effects(model, Kind::Outbound).filter(|e| e.evidence > Evidence::Suspected) {
        let record = model.facts.record(effect.record);
        if record.timeout.is_empty() {
            continue;
        }
        let module = model.program.module(effect.call.module);
        let ExprKind::Call { args, .. } = &module.expr(effect.call.expr).kind else { continue };
        let set = args.iter().any(|a| {
            a.name.is_some_and(|n| record.timeout.iter().any(|t| n == t.as_str()))
                // what is spread may hold it
                || matches!(module.expr(a.value).kind, ExprKind::Spread(_))
        });
        if set {
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
