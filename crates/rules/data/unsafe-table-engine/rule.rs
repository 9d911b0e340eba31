//! Tables of an engine without transactions.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use sql::Dialect;
use sql::schema::Table;

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unsafe-table-engine",
            "Tables without transactions",
            Severity::Important,
            Stage::Data,
            &["W3.1", "W3.5", "W3.6"],
            &[1051],
            &[],
        )
    },
    check,
};

/// Engines that lose rows in a crash, or pass over transactions and foreign keys.
const UNSAFE: [&str; 6] = ["myisam", "memory", "heap", "isam", "merge", "mrg_myisam"];

/// How many tables are shown.
const MAX_PLACES: usize = 5;

/// One finding for each database: it is one decision.
fn check(model: &Model, report: &mut Report<'_>) {
    for database in model.schemas.iter().filter(|d| d.schema.dialect == Dialect::MySql) {
        let engine = |t: &Table| t.options.get("engine").map(|e| e.to_ascii_lowercase()).unwrap_or_default();
        let found: Vec<&Table> =
            database.schema.tables.values().filter(|t| !t.temporary && UNSAFE.contains(&engine(t).as_str())).collect();
        let [first, others @ ..] = found.as_slice() else { continue };
        let written = first.options.get("engine").map_or("", String::as_str);
        let issue = match others.len() {
            0 => Text::say("`{}` is a table of the engine `{}`.", &[&first.name.name, written]),
            more => Text::say(
                "`{}` and {} more are tables of the engine `{}`.",
                &[&first.name.name, &more.to_string(), written],
            ),
        };
        let mut finding = report.finding(format!("engine {}", database.set.directory), first.origin.made, issue);
        finding.details = database.provenance();
        let related = |t: &&Table| Related { span: t.origin.made, message: Text::say("`{}`.", &[&t.name.name]) };
        finding.related = others.iter().take(MAX_PLACES).map(related).collect();
        finding.impact = Text::from(
            "A transaction that is rolled back leaves their rows changed, foreign keys are passed over, every write locks the whole table, and a crash can lose or break them.",
        );
        finding.fix = Text::from("Move each of them to the engine that has transactions:")
            .block("sql", format!("ALTER TABLE {} ENGINE = InnoDB;", database.table_said(first)));
        finding.verification = Text::from(
            "`SELECT table_name FROM information_schema.tables WHERE engine <> 'InnoDB' AND table_schema = database()` gives no rows.",
        );
        finding.trade_offs = Text::from("The change writes the table anew and takes more space.");
        report.add(finding);
    }
}
