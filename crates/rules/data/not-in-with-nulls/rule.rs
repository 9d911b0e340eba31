//! `NOT IN` of a list that may hold NULL.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use sql::query::{Operator, Query, SubqueryPlace};

use crate::support::{around, info, is_production, path};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "not-in-with-nulls",
            "NOT IN finds nothing as soon as its list holds NULL",
            Severity::Important,
            Stage::Data,
            &["W3.2"],
            &[480],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for access in model.accesses.all.iter().filter(|a| is_production(model, a.span)) {
        let Some(query) = model.query_of(access) else { continue };
        let Some((table, column)) = nullable(model, &query, 0) else { continue };
        let subject = format!("not in {} {} {table}.{column}", path(model, access.span), around(model, access.call));
        let issue = Text::say("`NOT IN` a list of `{}.{}`, which may be NULL.", &[&table, &column]);
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        if let Some(route) = access.function.and_then(|f| model.route_served(f)) {
            finding.endpoint = Some(route.name());
            finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        }
        finding.impact = Text::from(
            "With one NULL in the list the condition is true for no row: the query finds nothing, without an error.",
        );
        finding.fix = Text::from("Ask `NOT EXISTS (SELECT 1 FROM … WHERE … = …)`, or leave NULL out of the list:");
        finding.fix = finding.fix.block("sql", format!("… WHERE {column} IS NOT NULL"));
        finding.verification =
            Text::say("Set `{}` of one row to NULL: the query must find what it found before.", &[&column]);
        report.add_for_auditors(finding);
    }
}

/// The column that may be NULL of a list that a query asks not to be in.
fn nullable(model: &Model, query: &Query, depth: u32) -> Option<(String, String)> {
    if depth > 4 {
        return None;
    }
    let of_list = |inner: &Query| {
        let [output] = inner.outputs.as_slice() else { return None };
        let column = output.column.as_ref()?;
        let is_checked = inner
            .predicates
            .iter()
            .any(|p| p.column.name == column.name && !matches!(p.operator, Operator::IsNull | Operator::Other));
        let table = column.table.as_ref().or_else(|| inner.tables.first().map(|t| &t.name))?;
        if is_checked || inner.is_grouped && inner.group_by.is_empty() {
            return None;
        }
        let of_schemas = model.schemas.iter().filter_map(|database| {
            let dialect = database.schema.dialect;
            let known = database.schema.tables.values().find(|t| dialect.is_same(&t.name.name, &table.name))?;
            known.column(&column.name, dialect).map(|c| !c.not_null)
        });
        let all: Vec<bool> = of_schemas.collect();
        (!all.is_empty() && all.iter().all(|n| *n)).then(|| (table.name.clone(), column.name.clone()))
    };
    let lists = query.subqueries.iter().filter(|s| s.place == SubqueryPlace::NotIn);
    let here = lists.filter_map(|s| of_list(&s.query)).next();
    here.or_else(|| query.subqueries.iter().find_map(|s| nullable(model, &s.query, depth + 1)))
}
