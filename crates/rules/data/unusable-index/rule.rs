//! Conditions that the index of their column cannot serve.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::accesses::{How, Question};
use model::schemas::DatabaseSchema;
use sql::Dialect;
use sql::schema::{Index, Table};

use crate::support::{info, is_production};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unusable-index",
            "A condition that its index cannot serve",
            Severity::Suggestion,
            Stage::Data,
            &["W3.2", "W3.4", "W3.7"],
            &[1067],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for question in &model.questions {
        let access = &model.accesses.all[question.access as usize];
        let database = &model.schemas[question.schema as usize];
        let Some(table) = database.schema.tables.get(&question.table) else { continue };
        if !is_production(model, access.span) || is_served(question, database, table) {
            continue;
        }
        for (column, how) in &question.others {
            let Some(index) = unused(table, column, database.schema.dialect) else { continue };
            let (name, of) = (column.as_str(), table.name.name.as_str());
            let (issue, fix) = match how {
                How::Function => (
                    Text::say("A function of `{}.{}` is compared, which the index on it cannot serve.", &[of, name]),
                    "Compare the column itself (store it in one form), or make an index on the expression:",
                ),
                How::Holds => (
                    Text::say(
                        "`{}.{}` is searched for a text anywhere in it, which the index on it cannot serve.",
                        &[of, name],
                    ),
                    "Ask for the beginning only (`LIKE 'text%'`), or make an index that serves such searches (trigrams, full text):",
                ),
                _ => continue,
            };
            let mut finding = report.finding(format!("unusable {of} {name} {how:?}"), access.span, issue);
            finding.evidence = finding.evidence.min(access.evidence);
            if let Some(route) = access.function.and_then(|f| model.route_served(f)) {
                finding.endpoint = Some(route.name());
                finding.details = Text::say("`{}` comes here.", &[&route.name()]);
            }
            finding.related =
                vec![Related { span: index.origin.made, message: Text::say("The index `{}`.", &[&index.name]) }];
            finding.impact = Text::from(
                "The whole table is read for each such query, though the column has an index: what was fast in the test gets slower with each row.",
            );
            let statement = database.text_index_statement(table, name, *how == How::Holds);
            finding.fix = match statement {
                Some(statement) => Text::from(fix).block("sql", statement),
                None => Text::from(fix.trim_end_matches(':')).and(".", &[]),
            };
            finding.verification = Text::from(
                "`EXPLAIN` the query on a table with a realistic number of rows: it must show an index scan.",
            );
            report.add(finding);
        }
    }
}

/// Whether an index serves the question by another of its conditions.
fn is_served(question: &Question, database: &DatabaseSchema, table: &Table) -> bool {
    let dialect = database.schema.dialect;
    question.is_partly_read
        || question.equal.iter().chain(&question.ranges).any(|name| {
            let first = table.indexes.iter().filter_map(|i| i.columns.first()?.column.as_deref());
            first.into_iter().any(|c| dialect.is_same(c, name))
        })
}

/// The plain index that begins with a column, where none is of a kind or an expression that could serve.
fn unused<'t>(table: &'t Table, column: &str, dialect: Dialect) -> Option<&'t Index> {
    let names = |text: &str| text.to_lowercase().contains(&column.to_lowercase());
    let serves = |index: &Index| {
        index.columns.iter().any(|c| {
            c.expression.as_deref().is_some_and(names)
                || index.method != "btree" && c.column.as_deref().is_some_and(|own| dialect.is_same(own, column))
        })
    };
    // a type of text that compares without case needs no function
    let of_type = table.column(column, dialect)?;
    if table.indexes.iter().any(serves) || of_type.data_type.name == "citext" {
        return None;
    }
    table.indexes.iter().find(|i| {
        let first = i.columns.first().and_then(|c| c.column.as_deref());
        i.method == "btree" && first.is_some_and(|own| dialect.is_same(own, column))
    })
}
