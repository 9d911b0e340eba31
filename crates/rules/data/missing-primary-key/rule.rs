//! A table without a primary key.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::place_of;

use sql::Dialect;
use sql::schema::Table;

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "missing-primary-key",
            "A table without a primary key",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1"],
            &[1066],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let schema = &database.schema;
        // SQLite numbers the rows of every table
        if schema.dialect == Dialect::Sqlite {
            continue;
        }
        for table in
            schema.tables_without_key().filter(|t| t.inherits.is_empty() && !t.unlogged && !has_key(t, schema.dialect))
        {
            let name = table.name.name.as_str();
            let subject = format!("table {name}");
            let issue = Text::say("The table `{}` has no primary key.", &[name]);
            let mut finding = report.finding(subject, place_of(&model.sources, table.origin.made, name), issue);
            finding.details = Text::say(
                "So the migrations of `{}` leave it, up to the last one.",
                &[database.set.directory.as_str()],
            );
            finding.impact = Text::from(
                "The same row can be there twice and cannot be told apart; logical replication cannot update or delete its rows, and tools that change tables online refuse it.",
            );
            finding.fix = Text::from("Make the columns that tell its rows apart its key, or give it one of its own:")
                .block("sql", format!("ALTER TABLE {} ADD PRIMARY KEY (…);", table.name));
            finding.verification = Text::from("Insert the same row twice: the second must be refused.");
            report.add(finding);
        }
    }
}

/// Whether a unique index on columns that are never null tells the rows apart.
fn has_key(table: &Table, dialect: Dialect) -> bool {
    table.indexes.iter().any(|index| {
        index.unique
            && index.predicate.is_none()
            && index.columns.iter().all(|c| {
                let column = c.column.as_deref().and_then(|name| table.column(name, dialect));
                column.is_some_and(|column| column.not_null)
            })
    })
}
