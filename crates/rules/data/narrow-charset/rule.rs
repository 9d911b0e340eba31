//! Text that cannot hold every character.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use sql::schema::Table;
use sql::{Dialect, TypeClass};

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "narrow-charset",
            "Text in a character set that lacks characters",
            Severity::Suggestion,
            Stage::Data,
            &["W3.1", "W3.6"],
            &[176],
            &[],
        )
    },
    check,
};

/// How many tables are shown.
const MAX_PLACES: usize = 5;

/// One finding for each database: it is one decision.
fn check(model: &Model, report: &mut Report<'_>) {
    for database in model.schemas.iter().filter(|d| d.schema.dialect == Dialect::MySql) {
        let found: Vec<(&Table, &str)> = database
            .schema
            .tables
            .values()
            .filter(|t| !t.temporary && t.columns.iter().any(|c| c.data_type.class() == TypeClass::Text))
            .filter_map(|t| Some((t, narrow_charset(t)?)))
            .collect();
        let [(first, charset), others @ ..] = found.as_slice() else { continue };
        let issue = match others.len() {
            0 => Text::say("`{}` keeps its text in `{}`.", &[&first.name.name, charset]),
            more => Text::say(
                "`{}` and {} more tables keep their text in `{}`.",
                &[&first.name.name, &more.to_string(), charset],
            ),
        };
        let mut finding = report.finding(format!("charset {}", database.set.directory), first.origin.made, issue);
        finding.details = database.provenance();
        let related =
            |(t, _): &(&Table, &str)| Related { span: t.origin.made, message: Text::say("`{}`.", &[&t.name.name]) };
        finding.related = others.iter().take(MAX_PLACES).map(related).collect();
        finding.impact = Text::from(
            "MySQL's `utf8` has three bytes for a character: an emoji or a rare letter in a name is refused, or cut off with all that follows, depending on the mode. Joins with tables of another set convert, and use no index.",
        );
        finding.fix = Text::from("Move each of them to `utf8mb4`, and the connection with them:")
            .block("sql", format!("ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4;", database.table_said(first)));
        finding.verification = Text::from("Store a name with an emoji and read it back: it is the same.");
        finding.trade_offs = Text::from(
            "The change writes the table anew; indexes on long columns may need a prefix, since a character takes four bytes.",
        );
        report.add(finding);
    }
}

/// A character set of a table that lacks characters.
fn narrow_charset(table: &Table) -> Option<&str> {
    let keys = ["charset", "default charset", "character set", "default character set"];
    let written = keys.iter().find_map(|k| table.options.get(*k))?;
    let lower = written.to_ascii_lowercase();
    ["utf8", "utf8mb3", "latin1", "ascii"].contains(&lower.trim_matches(['\'', '"'])).then_some(written)
}
