//! A statement that changes or deletes every row of a table.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use sql::HOLE;
use sql::query::Operation;

use crate::support::{around, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "write-without-where",
            "A statement changes or deletes every row",
            Severity::Important,
            Stage::Data,
            &["W3.2"],
            &[1049],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for access in model.accesses.all.iter().filter(|a| is_production(model, a.span)) {
        let Some(text) = model.statement_of(access).filter(|text| !text.contains(HOLE)) else { continue };
        let Some(query) = model.query_of(access) else { continue };
        let verb = match query.operation {
            Operation::Update => "changes",
            Operation::Delete => "deletes",
            _ => continue,
        };
        if query.has_where || query.limit.is_some() || !query.joins.is_empty() || !query.subqueries.is_empty() {
            continue;
        }
        let Some(table) = query.tables.first().filter(|t| query.tables.len() == 1 && !t.is_derived) else { continue };
        let subject = format!("all rows {} {} {text}", path(model, access.span), around(model, access.call));
        let issue = Text::say("This statement {} every row of `{}`.", &[verb, &table.name.name]);
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        if let Some(route) = access.function.and_then(|f| model.route_served(f)) {
            finding.endpoint = Some(route.name());
            finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        }
        finding.impact = Text::from(
            "Where a condition was forgotten, all data is gone or the same. Where it is meant so, it locks every row for as long as it takes.",
        );
        finding.fix = Text::from(
            "Say which rows are meant. Where all are: do it in batches, or say so with `specialist: allow write-without-where, because …`.",
        );
        finding.verification = Text::from("Run it on two rows of which one is meant: the other must stay as it was.");
        report.add_for_auditors(finding);
    }
}
