//! Rows that a request asks for by columns that no index begins with.

use base::{Related, RuleInfo, Severity, Stage, Text, TraceStep};
use model::Model;
use model::accesses::Question;
use model::schemas::DatabaseSchema;
use sql::schema::{Index, Table};

use crate::running::add_missing_index;
use crate::support::info;
use crate::unserved::{declarations, unserved};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-index",
            "A query by columns without an index",
            Severity::Suggestion,
            Stage::Data,
            &["W3.2", "W3.4", "W3.7"],
            &[1066, 1067],
            &[],
        )
    },
    check,
};

/// How many other places are shown.
const MAX_PLACES: usize = 5;

fn check(model: &Model, report: &mut Report<'_>) {
    for ((schema, table, columns), questions) in unserved(model) {
        let database = &model.schemas[schema as usize];
        let Some(table) = database.schema.tables.get(table) else { continue };
        add(model, report, database, table, &columns, &questions);
    }
}

fn add(
    model: &Model,
    report: &mut Report<'_>,
    database: &DatabaseSchema,
    table: &Table,
    columns: &[String],
    questions: &[&Question],
) {
    let access = |q: &&Question| &model.accesses.all[q.access as usize];
    let route = |q: &&Question| access(q).function.and_then(|f| model.route_served(f));
    let looped = |q: &&Question| model.accesses.repeats.iter().any(|r| r.access == q.access);
    // what a request asks for comes first
    let Some(first) = questions.iter().find(|q| route(q).is_some()).or(questions.first()) else { return };
    let name = table.name.name.as_str();
    let list = columns.join(", ");
    let is_ordered = questions.iter().all(|q| q.equal.is_empty() && q.ranges.is_empty());
    let issue = match is_ordered {
        false => Text::say("`{}` is asked for by `{}`, and no index of it begins with that.", &[name, &list]),
        true => Text::say(
            "Pages of `{}` are read in the order of `{}`, and no index of it begins with that.",
            &[name, &list],
        ),
    };
    let mut finding = report.finding(format!("index {name} {list}"), access(first).span, issue);
    finding.evidence = finding.evidence.min(access(first).evidence);
    finding.details = database.provenance();
    if let Some(route) = route(first) {
        finding.endpoint = Some(route.name());
        finding.severity = Severity::Important;
        finding.details = finding.details.and(" `{}` comes here.", &[&route.name()]);
    }
    if questions.iter().any(looped) {
        finding.severity = Severity::Important;
        finding.details = finding.details.and(" A loop asks again for each of its elements.", &[]);
    }
    finding.related = places(model, first, questions);
    let asked = TraceStep { span: finding.span, message: Text::from("It is asked for here.") };
    finding.trace = std::iter::once(asked).chain(declarations(model, database, table, columns)).collect();
    finding.impact = Text::from(
        "The database reads the whole table for it: a few rows in a test, all of them in production. The time grows with the table, and so does what it pushes out of the cache for everyone else.",
    );
    finding.fix = database.how_to_add().block(database.language(), database.index_statement(table, columns));
    finding.new_files = database.index_migration(&model.sources, table, columns);
    finding.verification = Text::say(
        "`EXPLAIN SELECT * FROM {} WHERE {} = …` must show an index scan on a table with a realistic number of rows.",
        &[&database.table_said(table), &database.said(columns.first().map_or("", String::as_str))],
    );
    finding.trade_offs =
        Text::from("Each index makes writes a little slower and takes space. A table that stays tiny needs none.");
    let dialect = database.schema.dialect;
    let serves = |index: &Index| {
        let first = index.columns.first().and_then(|c| c.column.as_deref());
        first.is_some_and(|first| columns.iter().any(|c| dialect.is_same(c, first)))
    };
    add_missing_index(model, report, (database, table), finding, serves);
}

/// Where else it is asked for.
fn places(model: &Model, first: &Question, questions: &[&Question]) -> Vec<Related> {
    let others = questions.iter().filter(|q| q.access != first.access);
    let of = |q: &&Question| Related {
        span: model.accesses.all[q.access as usize].span,
        message: Text::from("Asked for here as well."),
    };
    others.take(MAX_PLACES).map(of).collect()
}
