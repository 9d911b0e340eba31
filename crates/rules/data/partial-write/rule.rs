//! Several writes that belong together, without a transaction.

use base::{RuleInfo, Severity, Stage, Text, TraceStep};
use model::{Kind, Model};

use crate::support::{info, mended, path, tag};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "partial-write",
            "Several writes belong together and no transaction holds them",
            Severity::Important,
            Stage::Data,
            &["W3.5", "C11.acid-properties.1"],
            &[662, 460],
            &["API6:2023"],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for partial in &model.accesses.partials {
        let Some(first) = partial.writes.first() else { continue };
        let Some(route) = model.route_served(partial.function) else { continue };
        let span = model.accesses.all[*first as usize].span;
        let name = model.program.function_name(partial.function);
        let number = partial.writes.len().to_string();
        let subject = format!("partial {} {name}", path(model, span));
        let mut finding = report.finding(
            subject,
            span,
            Text::say("`{}` sends {} writes one after the other without a transaction.", &[&name, &number]),
        );
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        for access in &partial.writes {
            let access = &model.accesses.all[*access as usize];
            finding.evidence = finding.evidence.min(access.evidence);
            let message = Text::say("`{}`", &[&access.name]);
            finding.trace.push(TraceStep { span: access.span, message });
        }
        finding.impact = Text::from(
            "When the process, the connection or the second write fails, the first stays: the data contradicts itself, and the caller's next attempt meets what the first left behind.",
        );
        finding.fix = Text::from(
            "Put them into one transaction, and send nothing else (mails, calls of other systems) from within it.",
        );
        if let Some(text) = mended(model, Kind::Transaction, span) {
            finding.fix = std::mem::take(&mut finding.fix).block(tag(model, span), text);
        }
        finding.verification = Text::from(
            "Let the last write fail (a value that a constraint refuses): the first must not be there afterwards.",
        );
        report.add(finding);
    }
}
