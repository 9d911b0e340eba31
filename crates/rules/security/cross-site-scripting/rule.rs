//! Untrusted data becomes markup.

use base::{Escalation, RuleInfo, Severity, Stage, Text};
use ir::{ExprKind, Literal};
use model::flow::{Kind, Place};
use model::{Model, SettingKind};
use program::ExprRef;

use crate::injection::{self, Words};
use crate::support::{apply_mended, info, path, production_settings};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.1),
        escalation: Some(Escalation::SecurityCompliance),
        ..info(
            "cross-site-scripting",
            "Untrusted data becomes markup",
            Severity::Critical,
            Stage::Security,
            &["C10.sanitization.1", "W2.6"],
            &[79],
            &["A03:2021"],
        )
    },
    check,
};

const WORDS: Words = Words {
    kinds: &[Kind::Html],
    becomes: "is sent to the browser as markup",
    sink: "it becomes part of the page.",
    details: "The text is put into HTML without escaping, so it can bring its own elements and scripts.",
    impact: "A script of somebody else runs in the visitor's session and does what the visitor may do.",
    fix: "Let the template escape it, escape it yourself, or answer with a type that is not HTML:",
    payload: "%3Cb%3Ex%3C%2Fb%3E",
    expect: "The answer must hold `&lt;b&gt;`, not `<b>`, or not be HTML.",
    stored: false,
};

fn check(model: &Model, report: &mut Report<'_>) {
    injection::report(model, report, &WORDS, &|flow, finding| {
        // no link sends a body: a page of a stranger must, and the session must come along
        if matches!(flow.source.place, Place::Body | Place::File) {
            finding.severity = finding.severity.min(Severity::Important);
        }
        !injection::is_no_markup(model, flow)
            && !answers_otherwise(model, flow.sink.at)
            && !model::markup::is_given_as_text(&model.program, flow.sink.at)
            && !model::markup::is_declared_otherwise(&model.program, flow.sink.at)
            && !model::markup::is_found_to_be_text(&model.program, flow.sink.at)
    });
    in_templates(model, report);
    escaping_off(model, report);
}

/// Templates of pages that escape nothing, in a project that answers requests.
fn escaping_off(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model) {
        let is_off = setting.kind == SettingKind::TemplateEscaping && setting.value.as_deref() == Some("false");
        if !is_off || setting.is_default || model.routes.is_empty() {
            continue;
        }
        let mut finding = report.finding(
            format!("template escaping {}", path(model, setting.span)),
            setting.span,
            Text::from("Templates print every value without escaping it."),
        );
        finding.details = Text::from(
            "Escaping is switched off for all templates, so each value that a page shows can bring its own elements and scripts.",
        );
        finding.impact = Text::from(WORDS.impact);
        finding.fix = Text::from("Let templates escape, and mark the few values that are markup:");
        apply_mended(model, &mut finding, setting.record);
        finding.verification = Text::from(
            "Store a name such as `<b>x</b>` and open a page that shows it. The answer must hold `&lt;b&gt;`, not `<b>`.",
        );
        report.add(finding);
    }
}

/// Parts of the request that a template prints with escaping off.
fn in_templates(model: &Model, report: &mut Report<'_>) {
    for output in model.outputs.iter().filter(|o| o.is_request) {
        report.add(injection::unescaped(model, report, output));
    }
}

/// Whether the function around a sink says that its answer is no page: a type such as `application/json`.
fn answers_otherwise(model: &Model, at: ExprRef) -> bool {
    let module = model.program.module(at.module);
    let Some(function) = model.program.scopes(at.module).owner(at.expr).function else { return false };
    // headers that every answer of a class gets are made where its objects are
    let class = module.function(function).class;
    let makes = |f: &ir::Function| f.kind == ir::FunctionKind::Constructor && class.is_some() && f.class == class;
    let functions = module.functions().filter(|(id, f)| *id == function || makes(f));
    let types: Vec<&str> = functions
        .flat_map(|(_, f)| module.exprs_within(f.range))
        .filter_map(|(_, e)| match e.kind {
            ExprKind::Literal(Literal::Str(text)) => Some(text.as_str()),
            _ => None,
        })
        .filter(|text| ["application/", "text/", "image/", "audio/", "video/"].iter().any(|t| text.starts_with(t)))
        .collect();
    // `handler(w, r, contentType)`: whoever calls it chose the type
    let chosen = around(module, function).any(|f| {
        module.exprs_within(module.function(f).range).any(|(_, e)| {
            let ExprKind::Call { args, .. } = &e.kind else { return false };
            let [name, value] = args.as_slice() else { return false };
            let is_header = |t: base::Symbol| t.as_str().eq_ignore_ascii_case("content-type");
            module.string(name.value).is_some_and(is_header)
                && module.function(f).params.iter().any(|p| {
                    module
                        .exprs_within(module.expr(value.value).range)
                        .any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == p.name))
                })
        })
    });
    if chosen {
        return true;
    }
    let is_page = |ty: &&str| ty.starts_with("text/html") || ty.contains("xhtml") || ty.contains("x-www-form");
    !types.is_empty() && !types.iter().any(is_page)
}

/// A function and those that it stands in.
fn around(module: &ir::Module, function: ir::FunctionId) -> impl Iterator<Item = ir::FunctionId> {
    std::iter::successors(Some(function), |f| module.function(*f).parent)
}
