//! Cross-origin rules that let every site in.

use base::{RuleInfo, Severity, Stage, Text};
use model::{Model, Setting, SettingKind};

use crate::support::{apply_mended, info, routes, settings_by_group};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: Some(6.5),
        ..info(
            "permissive-cors",
            "CORS lets every site in",
            Severity::Important,
            Stage::Security,
            &["W2.4", "C2.security-best-practices.4"],
            &[942],
            &["A05:2021", "API8:2023"],
        )
    },
    check,
};

fn allows_every_origin(setting: &Setting) -> bool {
    setting.value.as_deref().is_some_and(|v| v == "reflect" || v.split(',').any(|o| o.trim() == "*"))
}

fn check(model: &Model, report: &mut Report<'_>) {
    let kinds = [SettingKind::CorsOrigin, SettingKind::CorsCredentials];
    for group in settings_by_group(model, &kinds) {
        let Some(origin) = group.iter().find(|s| s.kind == SettingKind::CorsOrigin && allows_every_origin(s)) else {
            continue;
        };
        let credentials =
            group.iter().any(|s| s.kind == SettingKind::CorsCredentials && s.value.as_deref() == Some("true"));
        // what one answer alone says of itself, and browsers read without cookies, is meant for everyone
        let of_one_answer = routes(model)
            .any(|r| r.method.is_safe() && r.handler.as_ref().is_some_and(|h| h.span.contains(origin.span)));
        // a guard of a route or two that somebody opened on purpose
        let guarded = routes(model).filter(|r| r.guards.iter().any(|g| g.span == origin.group)).count();
        let of_one_answer = of_one_answer || (1..=2).contains(&guarded) && model.routes.len() > 5;
        if (of_one_answer || model.is_of_one_answer(origin)) && !credentials {
            continue;
        }
        let reflects = origin.value.as_deref() == Some("reflect");
        let issue = match (credentials, origin.is_default) {
            (true, _) => "Every site may call this API with the cookies of its visitor.",
            (false, true) => "Every site may read the answers of this API: no origin is named, and the default is all.",
            (false, false) => "Every site may read the answers of this API.",
        };
        let mut finding = report.finding(
            format!("cors {}", crate::support::path(model, origin.span)),
            origin.span,
            Text::from(issue),
        );
        finding.severity = if credentials { Severity::Important } else { Severity::Suggestion };
        finding.details = if reflects {
            Text::from("The origin of the caller is sent back whatever it is.")
        } else if credentials {
            Text::from(
                "All origins are allowed together with credentials. Browsers refuse the literal `*` then, but many libraries send back the origin of the caller instead, which they accept.",
            )
        } else {
            Text::from(
                "All origins are allowed, without credentials: harmless for public data, not for an API that trusts the network that it is reached from.",
            )
        };
        finding.impact = if credentials {
            Text::from("A page that a signed-in user visits can read and change that user's data in the background.")
        } else {
            Text::from(
                "Pages of others can read what this API answers to anyone, from the network of whoever visits them.",
            )
        };
        finding.fix = Text::from("Name the origins of your own front ends, from configuration:");
        apply_mended(model, &mut finding, origin.record);
        finding.verification = Text::from(
            "`curl -si -H 'Origin: https://evil.example' \"$BASE_URL/\" | grep -i access-control` must print nothing.",
        );
        report.add(finding);
    }
}
