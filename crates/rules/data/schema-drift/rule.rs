//! Running databases that are not what the migrations make.

use base::{Finding, Related};
use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::place_of;
use sql::schema::Table;
use sql::{Dialect, TypeClass};

use crate::running::proven;
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "schema-drift",
            "The database is not what the migrations make",
            Severity::Important,
            Stage::Data,
            &["W3.1", "W3.8"],
            &[1188],
            &[],
        )
    },
    check,
};

/// Of a hundred tables of the migrations, how many the database must have to be taken for theirs.
const SHARED: usize = 50;
/// How many things are named in one finding.
const MOST: usize = 8;

fn check(model: &Model, report: &mut Report<'_>) {
    for database in model.schemas.iter().filter(|d| d.is_kept_up() && !d.is_live() && !d.is_document) {
        // where changes did not fit, the picture of the migrations is not whole
        if !database.schema.misfits.is_empty() {
            continue;
        }
        for running in model.running.iter().filter(|r| r.schema.dialect == database.schema.dialect) {
            let ours = || database.schema.tables.values().filter(|t| !t.temporary && t.partition_of.is_none());
            let (mut there, mut lacking) = (Vec::new(), Vec::new());
            for table in ours() {
                match running.table(&table.name) {
                    Some(found) => there.push((table, found)),
                    None => lacking.push(table),
                }
            }
            if there.is_empty() || there.len() * 100 < (there.len() + lacking.len()) * SHARED {
                continue;
            }
            for table in lacking {
                let issue = Text::say(
                    "The running database has no table `{}`, which the migrations make.",
                    &[&table.name.name],
                );
                let span = place_of(&model.sources, table.origin.made, &table.name.name);
                let finding = proven(report, format!("table {}", table.name.name), span, issue);
                finish(finding, report);
            }
            for (table, found) in there {
                let Some(made) = found.made() else { continue };
                let differences = differences(table, made, database.schema.dialect);
                let Some((first, span)) = differences.first() else { continue };
                let name = table.name.name.as_str();
                let issue =
                    Text::say("`{}` is not in the running database as the migrations leave it: {}.", &[name, first]);
                let at = span.map_or(place_of(&model.sources, table.origin.made, name), |(span, word)| {
                    place_of(&model.sources, span, word)
                });
                let mut finding = proven(report, format!("table {name}"), at, issue);
                if differences.len() > 1 {
                    let all: Vec<&str> = differences.iter().skip(1).take(MOST).map(|(said, _)| said.as_str()).collect();
                    finding.details = Text::say("And: {}.", &[&all.join("; ")]);
                }
                finding.related =
                    vec![Related { span: found.span(), message: Text::from("So it is in the running database.") }];
                finish(finding, report);
            }
        }
    }
}

/// What differs, in words, with where the migrations have it and by which word.
type Difference<'t> = (String, Option<(base::Span, &'t str)>);

/// What differs between a table of the migrations and the running one.
fn differences<'t>(table: &'t Table, made: &Table, dialect: Dialect) -> Vec<Difference<'t>> {
    let mut found: Vec<Difference<'t>> = Vec::new();
    for column in &table.columns {
        let place = Some((column.origin.made, column.name.as_str()));
        match made.column(&column.name, dialect) {
            None => found.push((format!("it has no column {}", column.name), place)),
            Some(there) => {
                let (ours, theirs) = (column.data_type.class(), there.data_type.class());
                let is_known = |class: &TypeClass| !matches!(class, TypeClass::Other);
                if is_known(&ours) && is_known(&theirs) && ours != theirs {
                    let said = format!("{} is {} there and {} here", column.name, there.data_type, column.data_type);
                    found.push((said, place));
                } else if column.not_null && !there.not_null {
                    found.push((format!("{} may be NULL there", column.name), place));
                }
            }
        }
    }
    for column in made.columns.iter().filter(|c| table.column(&c.name, dialect).is_none()) {
        found.push((format!("it has a column {} that no migration makes", column.name), None));
    }
    for index in table.indexes.iter().filter(|i| i.unique && i.predicate.is_none()) {
        let columns: Option<Vec<&str>> = index.columns.iter().map(|c| c.column.as_deref()).collect();
        let Some(columns) = columns else { continue };
        let is_whole = columns.iter().all(|c| made.column(c, dialect).is_some());
        if is_whole && !made.is_unique(&columns, dialect) {
            let said = format!("nothing keeps ({}) unique there", columns.join(", "));
            found.push((said, Some((index.origin.made, columns.first().copied().unwrap_or_default()))));
        }
    }
    for key in &table.foreign_keys {
        let is_there =
            made.foreign_keys.iter().any(|k| k.columns == key.columns && k.references.name == key.references.name);
        if !is_there && key.columns.iter().all(|c| made.column(c, dialect).is_some()) {
            let said = format!("no foreign key of ({}) to {} is there", key.columns.join(", "), key.references.name);
            found.push((said, Some((key.origin.made, key.columns.first().map_or("", String::as_str)))));
        }
    }
    found
}

fn finish(mut finding: Finding, report: &mut Report<'_>) {
    finding.impact = Text::from(
        "Code that was written for the one fails on the other; the next migration may fail halfway; and a database that is made anew from the migrations is not this one.",
    );
    finding.fix = Text::from(
        "Where a migration has not run yet, run it. Where somebody changed the database by hand, write that change as a migration that also runs where it is there already, or take it back.",
    );
    finding.verification = Text::from(
        "Run the migrations on an empty database and compare both with `pg_dump --schema-only`: there is no difference.",
    );
    report.add(finding);
}
