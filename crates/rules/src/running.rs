//! What running databases say of findings: that they are none, how much they cost, or nothing.

use base::{Evidence, Finding, Related, Severity, Span, Text};
use live::{count, size, span_of_time};
use model::Model;
use model::accesses::{Access, Question};
use model::running::{Running, RunningTable};
use model::schemas::DatabaseSchema;
use sql::StatementKind;
use sql::query::Operation;
use sql::schema::{Index, Table};

use crate::Report;

/// Rows of a table under which nobody notices that it is read as a whole.
pub const FEW_ROWS: i64 = 1_000;
/// Rows of a table from which everybody does.
pub const MANY_ROWS: i64 = 100_000;

/// A finding about what a running system itself shows.
pub fn proven(report: &Report<'_>, subject: String, span: Span, issue: Text) -> Finding {
    Finding { evidence: Evidence::Proven, ..report.finding(subject, span, issue) }
}

/// The running table of a table of a schema, where there is one that was examined.
pub fn seen<'m>(model: &'m Model, database: &DatabaseSchema, table: &Table) -> Option<RunningTable<'m>> {
    model.running_table(database, table).filter(|t| t.made().is_some())
}

/// How large a table is, and how often it was read as a whole.
pub fn how_large(table: &RunningTable<'_>) -> Text {
    let measured = table.measured();
    let Some(rows) = measured.rows else { return Text::new() };
    let mut said = format!(" The running database has {} rows in it", count(rows));
    if let Some(bytes) = measured.bytes {
        said.push_str(&format!(" ({})", size(bytes)));
    }
    if let (Some(scans), Some(since)) =
        (measured.sequential_scans.filter(|n| *n > 0), table.running.snapshot.activity.seconds)
    {
        said.push_str(&format!(" and read it as a whole {} times in {}", count(scans), span_of_time(since)));
    }
    Text::say("{}.", &[&said])
}

/// Adds what the running database says of a table to a finding about it: the lack was seen there.
pub fn seen_there(finding: &mut Finding, table: &RunningTable<'_>) {
    // a database does not prove what may be no query at all
    if finding.evidence > Evidence::Suspected {
        finding.evidence = Evidence::Proven;
    }
    finding.details.0.extend(how_large(table).0);
    if table.span() != finding.span {
        finding.related.push(Related { span: table.span(), message: Text::from("So it is in the running database.") });
    }
}

/// Reports that an index is missing, by what the running database has: away where it has one, down where the table has
/// few rows, up where it has many.
pub fn add_missing_index(
    model: &Model,
    report: &mut Report<'_>,
    (database, table): (&DatabaseSchema, &Table),
    mut finding: Finding,
    serves: impl Fn(&Index) -> bool,
) {
    let Some(running) = seen(model, database, table) else { return report.add(finding) };
    let usable = |index: &&Index| running.index(&index.name).is_none_or(|i| !i.invalid) && serves(index);
    if let Some(index) = running.made().and_then(|t| t.indexes.iter().find(usable)) {
        let reason =
            Text::say("The running database has the index `{}` for it, which nothing here makes.", &[&index.name]);
        return report.refute(finding, reason);
    }
    seen_there(&mut finding, &running);
    match running.measured().rows {
        Some(rows) if rows < FEW_ROWS => {
            finding.severity = Severity::Suggestion;
            finding.details = finding.details.and(" As long as it stays so small nobody notices.", &[]);
        }
        Some(rows) if rows >= MANY_ROWS => finding.severity = finding.severity.max(Severity::Important),
        _ => {}
    }
    report.add(finding);
}

/// The running table that an access asks for.
pub fn asked<'m>(model: &'m Model, access: &Access) -> Option<RunningTable<'m>> {
    if model.running.is_empty() {
        return None;
    }
    let is_its = |q: &&Question| std::ptr::eq(&model.accesses.all[q.access as usize], access);
    let question = model.questions.iter().find(is_its)?;
    let database = &model.schemas[question.schema as usize];
    seen(model, database, database.schema.tables.get(&question.table)?)
}

/// Grades a finding about a query that reads a whole table by how many rows the running one has.
pub fn weigh_by_rows(model: &Model, access: &Access, finding: &mut Finding) {
    let Some(table) = asked(model, access) else { return };
    let Some(rows) = table.measured().rows else { return };
    seen_there(finding, &table);
    match rows {
        rows if rows < FEW_ROWS => {
            finding.severity = Severity::Suggestion;
            finding.details =
                std::mem::take(&mut finding.details).and(" As long as it stays so small nobody notices.", &[]);
        }
        rows if rows >= MANY_ROWS => finding.severity = finding.severity.max(Severity::Important),
        _ => {}
    }
}

/// The name of a thing of a schema, as a statement says it.
pub fn said(schema: &str, name: &str) -> String {
    format!("\"{}\".\"{}\"", schema.replace('"', "\"\""), name.replace('"', "\"\""))
}

/// Where the code sends a statement: the accesses that ask the same table by the same columns. Nothing where a statement
/// has several tables or no conditions, by which others could be meant.
pub fn senders<'m>(model: &'m Model, running: &Running, text: &str) -> Vec<&'m Access> {
    let dialect = running.schema.dialect;
    // a kept text has a mark in the place of values
    let text = text.replace('?', "$1");
    let query = sql::parse(&text, dialect).into_iter().find_map(|s| match s.kind {
        StatementKind::Query(query) => Some(query),
        _ => None,
    });
    let Some(query) = query.filter(|q| q.subqueries.is_empty()) else { return Vec::new() };
    let [table] = query.tables.as_slice() else { return Vec::new() };
    let mut wanted: Vec<&str> = query.predicates.iter().map(|p| p.column.name.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let asks = |question: &&Question| {
        let others = question.others.iter().map(|(name, _)| name);
        let mut asked: Vec<&str> =
            question.equal.iter().chain(&question.ranges).chain(others).map(String::as_str).collect();
        asked.sort_unstable();
        asked.dedup();
        dialect.is_same(&question.table.name, &table.name.name) && !question.is_partly_read && asked == wanted
    };
    let reads = query.operation == Operation::Select;
    let of = |question: &Question| &model.accesses.all[question.access as usize];
    let mut found: Vec<&Access> =
        model.questions.iter().filter(asks).map(of).filter(|a| a.does.reads() == reads).collect();
    found.dedup_by_key(|a| a.span);
    if wanted.is_empty() { Vec::new() } else { found }
}

/// Since when the statistics of a database count, for people; nothing where nobody knows.
pub fn since(running: &Running) -> String {
    running.snapshot.activity.seconds.map(|s| format!(" in {}", span_of_time(s))).unwrap_or_default()
}
