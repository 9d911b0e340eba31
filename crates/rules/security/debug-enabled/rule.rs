//! Debug modes, error pages and internal pages that callers see.

use base::{RuleInfo, Severity, Stage, Text};
use model::{Model, SettingKind};

use crate::support::{apply_mended, info, production_settings};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.5),
        ..info(
            "debug-enabled",
            "Debugging is on in production",
            Severity::Important,
            Stage::Security,
            &["C8.error-response-design.6", "W2.8"],
            &[489, 215, 209],
            &["A05:2021", "API8:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model) {
        let (issue, impact) = match setting.kind {
            SettingKind::Debug => (
                "Debug mode is on, whatever the environment.",
                "Errors show source code, settings and variables to whoever causes them; some frameworks let callers run code.",
            ),
            SettingKind::ErrorDetails => (
                "Callers are shown stack traces, whatever the environment.",
                "Paths, versions, queries and values help an attacker with the next step.",
            ),
            SettingKind::InternalPages => (
                "Internal pages are served, whatever the environment.",
                "Consoles, profilers and dumps of the environment are open to whoever finds them, unless something in front forbids it.",
            ),
            _ => continue,
        };
        if setting.value.as_deref() != Some("true") || setting.is_default {
            continue;
        }
        let mut finding = report.finding(
            format!("debug {:?} {}", setting.kind, crate::support::path(model, setting.span)),
            setting.span,
            Text::from(issue),
        );
        finding.details = Text::from(
            "No condition on the environment stands around it, and the file is not one of a development environment by its name.",
        );
        finding.impact = Text::from(impact);
        finding.fix = Text::from("Switch it off unless the environment says otherwise:");
        apply_mended(model, &mut finding, setting.record);
        finding.verification =
            Text::from("Start as in production and cause an error: the answer must not hold a stack trace.");
        match is_of_one_machine(model, setting.span) {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}

/// `app.run(debug=True, host="127.0.0.1")`: a server for whoever develops.
fn is_of_one_machine(model: &Model, span: base::Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return false };
    let module = model.program.module(id);
    let range = ir::Range { start: span.start, end: span.end };
    let Some(statement) = module.statement_around(range) else { return false };
    statement.range.width() < 400
        && module.exprs_within(statement.range).any(|(e, _)| {
            module.string(e).is_some_and(|text| matches!(text.as_str(), "127.0.0.1" | "localhost" | "::1"))
        })
}
