//! Certificates of other systems are not verified.

use base::{RuleInfo, Severity, Stage, Text};
use model::{Model, SettingKind};

use crate::support::{apply_mended, info, path, production_settings};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(7.4),
        ..info(
            "tls-verification-off",
            "Certificates of other systems are not verified",
            Severity::Important,
            Stage::Security,
            &["C2.security-best-practices.1", "W2.7"],
            &[295, 297],
            &["A02:2021", "A07:2021"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for setting in production_settings(model) {
        if setting.kind != SettingKind::TlsVerification || setting.value.as_deref() != Some("false") {
            continue;
        }
        // whoever runs the service may ask for it by a setting: that is their decision
        if model.conditions_at(setting.span).iter().any(|(condition, _)| is_choice(condition)) {
            continue;
        }
        let subject = format!("certificates {} {}", path(model, setting.span), model.sources.text(setting.span));
        let issue = Text::from("The certificate of the other system is not verified.");
        let mut finding = report.finding(subject, setting.span, issue);
        finding.details = Text::from("Verification is switched off here, whatever the environment.");
        finding.impact = Text::from(
            "Anyone on the way can pose as the other system, read what is sent (credentials too) and answer in its name.",
        );
        finding.fix = Text::from("Leave verification on; trust an internal authority by its certificate:");
        apply_mended(model, &mut finding, setting.record);
        finding.verification = Text::from("Point the call at a server with a self-signed certificate: it must fail.");
        report.add(finding);
    }
}

/// Whether a condition asks for a setting about certificates.
fn is_choice(condition: &str) -> bool {
    let lower = condition.to_ascii_lowercase();
    ["insecure", "verif", "skip", "ssl", "tls", "cert", "trust", "selfsigned", "self_signed", "unauthorized", "strict"]
        .iter()
        .any(|w| lower.contains(w))
}
