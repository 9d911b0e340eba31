//! An index that another one serves in its place.

use base::{Related, RuleInfo, Severity, Stage, Text};
use live::size;
use model::Model;
use sql::schema::Index;

use crate::running::{seen, seen_there};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "duplicate-index",
            "An index that another one makes needless",
            Severity::Suggestion,
            Stage::Data,
            &["W3.4"],
            &[1089],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        let schema = &database.schema;
        for table in schema.tables.values().filter(|t| t.partition_of.is_none()) {
            // mappers make the index of each foreign key by themselves: that it begins another is nobody's choice
            let is_of_key = |index: &Index| {
                let columns: Vec<&str> = index.leading_columns().collect();
                table.foreign_keys.iter().any(|k| k.columns.iter().map(String::as_str).eq(columns.iter().copied()))
            };
            let redundant = table.redundant_indexes(schema.dialect).into_iter();
            for (index, better) in redundant.filter(|(i, b)| i.columns.len() == b.columns.len() || !is_of_key(i)) {
                let name = table.name.name.as_str();
                let subject = format!("index {name} {}", index.name);
                let mut finding = report.finding(
                    subject,
                    index.origin.made,
                    Text::say("The index `{}` of `{}` is not needed beside `{}`.", &[&index.name, name, &better.name]),
                );
                finding.related =
                    vec![Related { span: better.origin.made, message: Text::from("This one serves in its place.") }];
                finding.impact = Text::from(
                    "Every write keeps it up to date, it takes memory that the cache could use, and no query is faster by it.",
                );
                let drop = database.drop_index_statement(table, &index.name);
                finding.fix = Text::from("Drop it in a migration of its own:").block(database.language(), drop);
                finding.verification = Text::from(
                    "`EXPLAIN` the queries that used it before and after: the plans must use the other one at the same cost.",
                );
                if let Some(running) = seen(model, database, table) {
                    let measured = running.index(&index.name).filter(|_| running.index(&better.name).is_some());
                    let Some(measured) = measured else {
                        let reason = Text::say("The running database does not have both of them on `{}`.", &[name]);
                        report.refute(finding, reason);
                        continue;
                    };
                    seen_there(&mut finding, &running);
                    let size = measured.bytes.map_or_else(|| "some space".to_owned(), size);
                    finding.details = finding.details.and(" There it takes {}.", &[&size]);
                }
                report.add(finding);
            }
        }
    }
}
