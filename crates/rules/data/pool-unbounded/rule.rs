//! Pools of connections without a maximum.

use base::{Evidence, RuleInfo, Severity, Stage, Text};
use ir::ExprKind;
use model::options::OptionValue;
use model::{Kind, Model};

use crate::support::{apply_mended, effects, info, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "pool-unbounded",
            "A pool opens as many connections as there are requests",
            Severity::Suggestion,
            Stage::Data,
            &["W4.5"],
            &[770, 400],
            &["API4:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let context = model.context();
    for effect in effects(model, Kind::Opens).filter(|e| e.evidence == Evidence::Shown) {
        let record = model.facts.record(effect.record);
        if record.bounds.is_empty() || context.option(effect.call, &record.bounds) != OptionValue::Unset {
            continue;
        }
        // a command that runs alone needs no bound, and what is bounded anywhere may be this one
        if model.routes.is_empty() || is_named(model, &record.bounds) || is_of_file(model, effect.call) {
            continue;
        }
        let subject = format!("pool {} {}", path(model, effect.span), effect.name);
        let issue = Text::say("The pool that `{}` opens has no maximum.", &[effect.name.as_str()]);
        let mut finding = report.finding(subject, effect.span, issue);
        finding.details = Text::say("{} sets no limit by itself.", &[model.facts.library(effect.record)]);
        finding.impact = Text::from(
            "Each request that finds no free connection opens another: under load the database refuses, and everything else that uses it fails too.",
        );
        finding.fix =
            Text::from("Say how many it may have: all instances together must stay below what the database allows.");
        apply_mended(model, &mut finding, effect.record);
        finding.verification = Text::from(
            "Send more requests at once than the maximum, and count the connections on the database: there must be no more than that.",
        );
        report.add_for_auditors(finding);
    }
}

/// Whether anything in the project calls a method of one of these names.
fn is_named(model: &Model, names: &[String]) -> bool {
    model.program.ids().any(|id| {
        model
            .program
            .calls(id)
            .any(|(_, callee)| callee.name.is_some_and(|n| names.iter().any(|name| n == name.as_str())))
    })
}

/// Whether the database is a file of the process's own.
fn is_of_file(model: &Model, call: program::ExprRef) -> bool {
    let module = model.program.module(call.module);
    let ExprKind::Call { args, .. } = &module.expr(call.expr).kind else { return false };
    let context = model.context();
    args.iter().any(|a| {
        let at = program::ExprRef { module: call.module, expr: a.value };
        let text = context
            .string(at)
            .map_or_else(|| model.sources.text(module.expr_span(a.value)).to_owned(), |s| s.to_string());
        text.to_ascii_lowercase().contains("sqlite")
    })
}
