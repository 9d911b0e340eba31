//! A foreign key that no index of its table serves.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::place_of;
use sql::ReferentialAction;
use sql::schema::ForeignKey;

use crate::support::info;
use crate::unserved::unserved;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unindexed-foreign-key",
            "A foreign key without an index",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.4"],
            &[1066, 1067],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    let asked = unserved(model);
    for (at, database) in model.schemas.iter().enumerate() {
        let schema = &database.schema;
        for table in schema.tables.values().filter(|t| t.partition_of.is_none()) {
            // where code asks by it, `missing-index` says so
            let is_asked = |key: &&ForeignKey| {
                asked.keys().any(|(schema, name, columns)| {
                    *schema == at as u32 && **name == table.name && columns.first() == key.columns.first()
                })
            };
            for key in table.unindexed_foreign_keys(schema.dialect).into_iter().filter(|key| !is_asked(key)) {
                let columns = key.columns.join(", ");
                let name = table.name.name.as_str();
                let first = key.columns.first().map_or("", String::as_str);
                let span = place_of(&model.sources, key.origin.made, first);
                let subject = format!("foreign key {name} {columns}");
                let mut finding = report.finding(
                    subject,
                    span,
                    Text::say("`{}.{}` references `{}` and has no index.", &[name, &columns, &key.references.name]),
                );
                let spreads = matches!(key.on_delete, ReferentialAction::Cascade | ReferentialAction::SetNull);
                if spreads {
                    finding.severity = Severity::Important;
                }
                finding.details = database.provenance();
                finding.impact = Text::from(match spreads {
                    true => {
                        "Whenever a row there is deleted, the database reads this whole table to find what goes with it, row by row, and holds locks meanwhile; joins and lists by this key read it as well."
                    }
                    false => {
                        "Deleting a row there, or changing its key, reads this whole table to see that nothing references it; joins and lists by this key read it as well."
                    }
                });
                finding.fix =
                    database.how_to_add().block(database.language(), database.index_statement(table, &key.columns));
                finding.new_files = database.index_migration(&model.sources, table, &key.columns);
                finding.verification = Text::say(
                    "`EXPLAIN SELECT * FROM {} WHERE {} = …` must show an index scan on a table with a realistic number of rows.",
                    &[name, first],
                );
                finding.trade_offs = Text::from("Each index makes writes a little slower and takes space.");
                report.add(finding);
            }
        }
    }
}
