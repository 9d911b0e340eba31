//! Rows that a request asks for by columns that no index begins with.

use std::collections::BTreeMap;

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::accesses::Question;
use model::schemas::{DatabaseSchema, place_of};
use sql::schema::Table;
use sql::{Dialect, Name, TypeClass};

use crate::support::{info, is_production};
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

/// How many columns an index that is proposed has at most.
const MAX_COLUMNS: usize = 3;

/// How many other places are shown.
const MAX_PLACES: usize = 5;

/// What asks for the same columns of the same table, in order of place.
type Unserved<'m> = BTreeMap<(u32, &'m Name, Vec<String>), Vec<&'m Question>>;

fn check(model: &Model, report: &mut Report<'_>) {
    let mut unserved: Unserved<'_> = BTreeMap::new();
    for question in &model.questions {
        let access = &model.accesses.all[question.access as usize];
        let database = &model.schemas[question.schema as usize];
        let Some(table) = database.schema.tables.get(&question.table) else { continue };
        if is_production(model, access.span)
            && let Some(columns) = wanted(question, database, table)
        {
            unserved.entry((question.schema, &question.table, columns)).or_default().push(question);
        }
    }
    for ((schema, table, columns), questions) in unserved {
        let database = &model.schemas[schema as usize];
        let Some(table) = database.schema.tables.get(table) else { continue };
        add(model, report, database, table, &columns, &questions);
    }
}

/// The columns of an index that would serve a question that none serves now.
fn wanted(question: &Question, database: &DatabaseSchema, table: &Table) -> Option<Vec<String>> {
    let dialect = database.schema.dialect;
    if question.is_partly_read || table.temporary {
        return None;
    }
    let asked = || question.equal.iter().chain(&question.ranges).chain(question.order.iter().map(|(name, _)| name));
    let begins = |name: &String| {
        let indexes = table.indexes.iter().filter_map(|i| i.columns.first());
        indexes.filter_map(|c| c.column.as_deref()).any(|first| dialect.is_same(first, name))
    };
    if asked().any(begins) {
        return None;
    }
    let tells = |name: &&String| tells_apart(table, name, dialect);
    let mut columns: Vec<String> = question.equal.iter().filter(tells).cloned().collect();
    columns.dedup();
    if columns.is_empty() {
        return None;
    }
    columns.extend(question.ranges.first().or(question.order.first().map(|(name, _)| name)).cloned());
    columns.truncate(MAX_COLUMNS);
    Some(columns)
}

/// Whether the values of a column tell many rows apart: a flag or a state does not.
fn tells_apart(table: &Table, name: &str, dialect: Dialect) -> bool {
    const FEW: [&str; 12] = [
        "status",
        "state",
        "type",
        "kind",
        "role",
        "gender",
        "level",
        "priority",
        "locale",
        "language",
        "currency",
        "visibility",
    ];
    let Some(column) = table.column(name, dialect) else { return false };
    let last = name.rsplit('_').next().unwrap_or(name).to_lowercase();
    let is_flag = ["is_", "has_", "was_", "can_"].iter().any(|p| name.starts_with(p));
    let is_small = matches!(column.data_type.name.as_str(), "tinyint" | "bit" | "smallint");
    !is_flag
        && !is_small
        && !FEW.contains(&last.as_str())
        && !matches!(column.data_type.class(), TypeClass::Boolean | TypeClass::Enum | TypeClass::Json { .. })
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
    let issue = Text::say("`{}` is asked for by `{}`, and no index of it begins with that.", &[name, &list]);
    let mut finding = report.finding(format!("index {name} {list}"), access(first).span, issue);
    finding.evidence = finding.evidence.min(access(first).evidence);
    finding.details = database.told();
    if let Some(route) = route(first) {
        finding.endpoint = Some(route.name());
        finding.severity = Severity::Important;
        finding.details = finding.details.and(" `{}` comes here.", &[&route.name()]);
    }
    if questions.iter().any(looped) {
        finding.severity = Severity::Important;
        finding.details = finding.details.and(" A loop asks again for each of its elements.", &[]);
    }
    finding.related = places(model, database, table, columns, first, questions);
    finding.impact = Text::from(
        "The database reads the whole table for it: a few rows in a test, all of them in production. The time grows with the table, and so does what it pushes out of the cache for everyone else.",
    );
    finding.fix =
        Text::from("Add the index in a migration of its own:").block("sql", database.index_statement(table, columns));
    finding.new_files = database.index_migration(&model.sources, table, columns);
    finding.verification = Text::say(
        "`EXPLAIN SELECT * FROM {} WHERE {} = …` must show an index scan on a table with a realistic number of rows.",
        &[name, columns.first().map_or("", String::as_str)],
    );
    finding.trade_offs =
        Text::from("Each index makes writes a little slower and takes space. A table that stays tiny needs none.");
    report.add(finding);
}

/// Where the column is made, and where else it is asked for.
fn places(
    model: &Model,
    database: &DatabaseSchema,
    table: &Table,
    columns: &[String],
    first: &Question,
    questions: &[&Question],
) -> Vec<Related> {
    let column = columns.first().map_or("", String::as_str);
    let made = table.column(column, database.schema.dialect).map_or(table.origin.made, |c| c.origin.made);
    let mut found = vec![Related {
        span: place_of(&model.sources, made, column),
        message: Text::say("`{}` is made here.", &[column]),
    }];
    let others = questions.iter().filter(|q| q.access != first.access);
    found.extend(others.take(MAX_PLACES).map(|q| Related {
        span: model.accesses.all[q.access as usize].span,
        message: Text::from("Asked for here as well."),
    }));
    found
}
