//! Untrusted data becomes markup.

use base::{Escalation, Evidence, RuleInfo, Severity, Stage, Text};
use ir::{ExprKind, Literal};
use model::Model;
use model::flow::Kind;
use program::ExprRef;

use crate::injection::{self, Words};
use crate::support::{info, path};
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
    injection::report(model, report, &WORDS, &|flow, _| {
        !injection::is_no_markup(model, flow)
            && !answers_otherwise(model, flow.sink.at)
            && !model::markup::is_declared_otherwise(&model.program, flow.sink.at)
    });
    in_templates(model, report);
}

/// Outputs of templates that switch escaping off.
fn in_templates(model: &Model, report: &mut Report<'_>) {
    for output in &model.outputs {
        let subject = format!("output {} {}", path(model, output.span), output.value);
        let issue = Text::say("The template prints `{}` without escaping it.", &[&output.value]);
        let mut finding = report.finding(subject, output.span, issue);
        match output.is_request {
            true => finding.severity = Severity::Important,
            false => {
                finding.severity = Severity::Suggestion;
                finding.evidence = Evidence::Suspected;
            }
        }
        finding.details = Text::from(WORDS.details);
        finding.impact =
            Text::from("Whoever can set the value can run a script in the browser of those who see the page.");
        finding.fix =
            Text::from("Print it escaped, or sanitize it where it is stored:").block("html", output.escaped.clone());
        finding.verification =
            Text::say("Give `{}` the value `<b>x</b>`: the page must show the brackets.", &[&output.value]);
        finding.trade_offs = Text::from("Values that are meant to hold markup must go through a sanitizer instead.");
        report.add(finding);
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
    let is_page = |ty: &&str| ty.starts_with("text/html") || ty.contains("xhtml") || ty.contains("x-www-form");
    !types.is_empty() && !types.iter().any(is_page)
}
