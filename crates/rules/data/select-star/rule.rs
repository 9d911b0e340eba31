//! All columns of a wide table where a statement is sent by a request.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::accesses::Does;
use sql::TypeClass;

use crate::support::{around, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "select-star",
            "All columns of a wide table are read",
            Severity::Suggestion,
            Stage::Data,
            &["W3.2"],
            &[1049],
            &[],
        )
    },
    check,
};

/// How many columns are many.
const WIDE: usize = 12;

fn check(model: &Model, report: &mut Report<'_>) {
    for access in model.accesses.all.iter().filter(|a| a.does == Does::List && is_production(model, a.span)) {
        let Some(route) = access.function.and_then(|f| model.route_served(f)) else { continue };
        let Some(query) = model.query_of(access).filter(|q| q.is_star) else { continue };
        let Some(used) = query.tables.iter().find(|t| !t.is_derived) else { continue };
        let known = model.schemas.iter().find_map(|database| {
            let dialect = database.schema.dialect;
            database.schema.tables.values().find(|t| dialect.is_same(&t.name.name, &used.name.name))
        });
        let Some(table) = known else { continue };
        let has_large =
            table.columns.iter().any(|c| matches!(c.data_type.class(), TypeClass::Json { .. } | TypeClass::Bytes));
        if table.columns.len() < WIDE && !has_large {
            continue;
        }
        let subject = format!("star {} {}", path(model, access.span), around(model, access.call));
        let count = table.columns.len().to_string();
        let issue = Text::say("`SELECT *` reads all {} columns of `{}` for a list.", &[&count, &table.name.name]);
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        finding.impact = Text::from(
            "Every row is sent whole, no index can answer alone, and a column that is added later (a secret, a document) goes wherever the rows go.",
        );
        finding.fix = Text::from("Name the columns that are used.");
        finding.verification = Text::from("The statement that is sent must name its columns.");
        report.add_for_auditors(finding);
    }
}
