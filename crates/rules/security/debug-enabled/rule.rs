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
        report.add(finding);
    }
}
