//! Rows that are counted to see whether there are any.

use base::{Related, RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::repeated::is_run_by_hand;
use crate::support::{around, info, is_production, path, tag};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "count-for-existence",
            "Rows are counted to see whether there are any",
            Severity::Suggestion,
            Stage::Data,
            &["W3.2"],
            &[1049],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for existence in &model.accesses.existences {
        let access = &model.accesses.all[existence.access as usize];
        let is_request = access.function.is_some_and(|f| model.route_served(f).is_some());
        let is_script = !is_request && is_run_by_hand(path(model, access.span));
        if !is_production(model, access.span) || is_script || is_one_row(model, existence.access) {
            continue;
        }
        let subject = format!("count {} {}", path(model, access.span), around(model, access.call));
        let issue = match existence.loads {
            false => Text::say("`{}` counts rows only to see whether there are any.", &[&access.name]),
            true => Text::say("`{}` loads rows only to see whether there are any.", &[&access.name]),
        };
        let mut finding = report.finding(subject, access.span, issue);
        finding.evidence = finding.evidence.min(access.evidence);
        let asked = model.program.span(existence.asked);
        if asked != access.span {
            let message = Text::from("Here it is compared with nothing, and that is all.");
            finding.related.push(Related { span: asked, message });
        }
        if let Some(route) = access.function.and_then(|f| model.route_served(f)) {
            finding.endpoint = Some(route.name());
            finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        }
        finding.impact = Text::from(match existence.loads {
            false => "The database goes through every row that fits, where the first one would do.",
            true => "Every row that fits is read, sent and kept in memory, where the first one would do.",
        });
        finding.fix = Text::from("Ask whether there is any; the database stops at the first:");
        if let Some(form) = &model.facts.record(access.record).exists {
            finding.fix = finding.fix.block(tag(model, access.span), form.clone());
        } else {
            finding.fix =
                finding.fix.block("sql", "SELECT EXISTS (SELECT 1 FROM orders WHERE customer_id = $1)".to_owned());
        }
        finding.verification =
            Text::from("`EXPLAIN ANALYZE` of the statement that is sent must show that one row was read.");
        report.add(finding);
    }
}

/// Whether few rows fit at most: a key is asked for, or what the database says of itself.
fn is_one_row(model: &Model, access: u32) -> bool {
    if model.is_by_key(&model.accesses.all[access as usize]) {
        return true;
    }
    model.questions.iter().filter(|q| q.access == access).any(|question| {
        let database = &model.schemas[question.schema as usize];
        let dialect = database.schema.dialect;
        let Some(table) = database.schema.tables.get(&question.table) else { return false };
        let asked: Vec<&str> = question.equal.iter().map(String::as_str).collect();
        table.is_unique(&asked, dialect)
    })
}
