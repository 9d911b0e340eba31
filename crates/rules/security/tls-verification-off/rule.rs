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
        match is_named_so(model, setting.span) {
            true => report.add_for_auditors(finding),
            false => report.add(finding),
        }
    }
}

/// Whether the function, class or variable around says by its name that nothing is verified, or that it looks at
/// certificates or asks whether the service itself answers: whoever uses it has chosen it.
fn is_named_so(model: &Model, span: base::Span) -> bool {
    let Some(id) = model.program.module_of_file(span.file) else { return false };
    let module = model.program.module(id);
    let range = ir::Range { start: span.start, end: span.end };
    let says = |text: &str| {
        let plain = text.to_ascii_lowercase().replace('_', "");
        [
            "insecure",
            "untrusted",
            "skipcert",
            "skipssl",
            "skiptls",
            "ignoressl",
            "ignorecert",
            "noverify",
            "trustall",
            "selfsigned",
            "healthcheck",
            "certificatecollect",
            "checkcert",
            "probe",
        ]
        .iter()
        .any(|w| plain.contains(w))
    };
    let file = path(model, span).rsplit('/').next().unwrap_or("");
    says(file)
        || module.functions().any(|(_, f)| f.range.contains(range) && f.name.is_some_and(|n| says(n.as_str())))
        || module.classes().any(|(_, c)| c.range.contains(range) && says(c.name.as_str()))
        || module.stmts().any(|s| match &s.kind {
            ir::StmtKind::Assign { target, .. } => {
                s.range.contains(range)
                    && matches!(&module.expr(*target).kind,
                        ir::ExprKind::Name(n) | ir::ExprKind::Member { name: n, .. } if says(n.as_str()))
            }
            _ => false,
        })
}

/// Whether a condition asks for a setting about certificates.
fn is_choice(condition: &str) -> bool {
    let lower = condition.to_ascii_lowercase();
    [
        "insecure",
        "verif",
        "skip",
        "ssl",
        "tls",
        "cert",
        "trust",
        "selfsigned",
        "self_signed",
        "self-signed",
        "unauthorized",
        "strict",
    ]
    .iter()
    .any(|w| lower.contains(w))
}
