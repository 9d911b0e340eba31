//! What a migration takes away from the code that runs, or from everybody.

use base::{Evidence, Related, RuleInfo, Severity, Stage, Text};
use model::Model;
use model::schemas::{DatabaseSchema, Told, Use, steps::NewStep};
use sql::{Name, Step, TableAction};

use crate::migrating::{because, finding, steps};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "destructive-change",
            "A migration takes away what code or rows still use",
            Severity::Important,
            Stage::Data,
            &["W3.8", "C3.schema-evolution.1"],
            &[],
            &[],
        )
    },
    check,
};

/// What is taken away.
struct Taken<'t> {
    /// What is done, as one word for all that is alike.
    group: &'static str,
    /// Its kind and name, as the finding's subject.
    subject: String,
    /// What happens.
    issue: Text,
    /// The word of the statement.
    word: &'t str,
    /// It goes on under another name.
    is_renamed: bool,
}

fn check(model: &Model, report: &mut Report<'_>) {
    for (database, step) in steps(model) {
        match step.change() {
            Some(Step::DropTable { names, cascade, if_exists }) => {
                for name in names.iter().filter(|n| step.tables.contains(n)) {
                    // written so that it can be run again: there was none
                    if *if_exists && step.before.table(name).is_none() && database.schema.table(name).is_some() {
                        continue;
                    }
                    // copied into another that takes its name
                    let renamed =
                        |s: &NewStep| matches!(s.change(), Some(Step::RenameTable { to, .. }) if to.name == name.name);
                    // or put aside under another name, which is told
                    if database.replaced.contains(name) || database.steps.iter().any(renamed) {
                        continue;
                    }
                    let issue = match database.schema.table(name).is_some() {
                        true => Text::say(
                            "The table `{}` is dropped and made anew, without its rows.",
                            &[&name.to_string()],
                        ),
                        false => Text::say("The table `{}` is dropped.", &[&name.to_string()]),
                    };
                    let subject = format!("drop table {name}");
                    let taken = Taken { group: "drop table", subject, issue, word: &name.name, is_renamed: false };
                    let uses = database.uses_of_table(model, name);
                    tell(model, report, (database, step), taken, &uses);
                    if *cascade {
                        cascades(model, report, (database, step), name, "dropped");
                    }
                }
            }
            Some(Step::Truncate { names, cascade: true }) => {
                for name in names.iter().filter(|n| step.tables.contains(n)) {
                    cascades(model, report, (database, step), name, "emptied");
                }
            }
            Some(Step::DropSchema { names, .. }) => {
                schema(model, report, (database, step), names, &Text::from("is dropped"))
            }
            Some(Step::RenameSchema { from, to }) => {
                let what = Text::say("becomes `{}`", &[to]);
                schema(model, report, (database, step), std::slice::from_ref(from), &what);
            }
            Some(Step::RenameEnumValue { name, from, to }) => {
                let subject = format!("rename value {name} {from}");
                let issue = Text::say("The value `{}` of `{}` becomes `{}`.", &[from, &name.to_string(), to]);
                tell(
                    model,
                    report,
                    (database, step),
                    Taken { group: "rename value", subject, issue, word: from, is_renamed: true },
                    &[],
                );
            }
            Some(Step::RenameTable { from, to }) if step.tables.contains(from) => {
                if database.schema.table(from).is_some() {
                    continue;
                }
                let issue = Text::say("The table `{}` becomes `{}`.", &[&from.to_string(), &to.to_string()]);
                let subject = format!("rename table {from}");
                let taken = Taken { group: "rename table", subject, issue, word: &from.name, is_renamed: true };
                let uses = database.uses_of_table(model, from);
                tell(model, report, (database, step), taken, &uses);
            }
            _ => column(model, report, (database, step)),
        }
    }
}

fn column(model: &Model, report: &mut Report<'_>, (database, step): (&DatabaseSchema, &NewStep)) {
    let Some((table, action)) = step.action() else { return };
    // swapped for another that takes its name
    let is_replaced = |name: &str| {
        let takes = |s: &NewStep| matches!(s.action(), Some((_, TableAction::RenameColumn { to, .. })) if to == name);
        database.steps.iter().any(|s| s.tables == step.tables && takes(s))
    };
    let (name, issue, is_renamed) = match action {
        TableAction::DropColumn { column, .. } => {
            let said = match database.has_column(table, column) {
                true => "The column `{}.{}` is dropped and made anew, without its values.",
                false => "The column `{}.{}` is dropped.",
            };
            (column, Text::say(said, &[&table.to_string(), column]), false)
        }
        TableAction::RenameColumn { from, to } => {
            (from, Text::say("The column `{}.{}` becomes `{}`.", &[&table.to_string(), from, to]), true)
        }
        _ => return,
    };
    if is_replaced(name) || (is_renamed && database.has_column(table, name)) {
        return;
    }
    let verb = if is_renamed { "rename" } else { "drop" };
    let group = if is_renamed { "rename columns" } else { "drop columns" };
    let taken = Taken { group, subject: format!("{verb} column {table} {name}"), issue, word: name, is_renamed };
    let uses = database.uses_of_column(model, &step.before, table, name);
    tell(model, report, (database, step), taken, &uses);
}

fn tell(
    model: &Model,
    report: &mut Report<'_>,
    (database, step): (&DatabaseSchema, &NewStep),
    taken: Taken<'_>,
    uses: &[Use],
) {
    let renamed = taken.is_renamed;
    let certain = uses.iter().any(|u| u.is_certain);
    // what code does not use is one finding for each table
    let subject = match uses.is_empty() {
        true => format!("{} {} {}", taken.group, database.set.migrations[step.migration].version, step.table_name()),
        false => taken.subject,
    };
    let mut finding = finding(report, model, database, step, taken.word, (subject, taken.issue));
    let why = match (uses.is_empty(), certain) {
        (true, _) => {
            finding.severity = if renamed { Severity::Important } else { Severity::Suggestion };
            "No code here names it any more, as far as can be seen; the version that runs until the deployment may."
        }
        (false, true) => {
            // whether it has run already is only known against a base
            let is_new = database.told == Told::ByBase;
            finding.severity = if is_new { Severity::Critical } else { Severity::Important };
            "Code here still uses it by this name."
        }
        (false, false) => {
            finding.evidence = Evidence::Suspected;
            "Code here still says this name, which may mean something else."
        }
    };
    because(&mut finding, Text::from(why));
    finding.related = uses
        .iter()
        .filter(|u| u.is_certain == certain)
        .map(|u| Related { span: u.span, message: Text::from("It is named here.") })
        .collect();
    finding.impact = match (certain, renamed) {
        (true, _) => Text::from("Every request that comes to that code fails from the migration on."),
        (false, true) => Text::from(
            "While the new version is rolled out the old one still runs, and each of its queries that names it fails; a rollback of the code alone fails too.",
        ),
        (false, false) => Text::from(
            "While the new version is rolled out the old one still runs and may still select or write it; what it held is gone, and a rollback of the code alone fails.",
        ),
    };
    finding.fix = Text::from(match renamed {
        true => {
            "Make the new one beside the old one, write both, move the readers in a deployment, and drop the old one in a later deployment. A view of the old name over the new table serves reads meanwhile."
        }
        false => {
            "Deploy code that does not name it first, ORM models included; drop it in a later deployment, when no old version runs and a backup holds its rows."
        }
    });
    finding.verification = Text::from(
        "Run the tests of the version that is in production against the schema after the migration: they must pass.",
    );
    report.add(finding);
}

fn cascades(
    model: &Model,
    report: &mut Report<'_>,
    (database, step): (&DatabaseSchema, &NewStep),
    name: &Name,
    what: &str,
) {
    let table = step.before.table(name);
    let hanging: Vec<String> = table
        .map(|t| {
            step.before
                .references_to(t)
                .map(|(other, _)| other.name.name.clone())
                .filter(|o| *o != t.name.name)
                .collect()
        })
        .unwrap_or_default();
    // known, and nothing hangs on it
    if table.is_some() && hanging.is_empty() {
        return;
    }
    let subject = format!("cascade {what} {name}");
    let issue = match what {
        "emptied" => Text::say("`CASCADE` empties with `{}` every table that references it.", &[&name.to_string()]),
        _ => Text::say("`CASCADE` drops with `{}` the keys and views of others that hang on it.", &[&name.to_string()]),
    };
    let mut finding = finding(report, model, database, step, "CASCADE", (subject, issue));
    if !hanging.is_empty() {
        because(&mut finding, Text::say("These reference it: `{}`.", &[&hanging.join("`, `")]));
    }
    finding.impact =
        Text::from("What else goes is not written anywhere, and it is more with every table that is added.");
    finding.fix = Text::from("Name each thing that is meant to go, in its order, without `CASCADE`.");
    finding.verification =
        Text::from("Run it without `CASCADE` on a copy of the production schema: the database names what hangs on it.");
    report.add(finding);
}

fn schema(
    model: &Model,
    report: &mut Report<'_>,
    (database, step): (&DatabaseSchema, &NewStep),
    names: &[String],
    what: &Text,
) {
    for name in names {
        if !step.before.tables.values().any(|t| t.name.schema.as_deref() == Some(name)) {
            continue;
        }
        let subject = format!("schema {name}");
        let mut issue = Text::say("The schema `{}` with its tables ", &[name]);
        issue.0.extend(what.0.clone());
        let mut finding = finding(report, model, database, step, name, (subject, issue));
        finding.impact = Text::from("Code that names one of its tables by it fails from the migration on.");
        finding.fix = Text::from(
            "Deploy code that does not name it first; take it away in a later deployment, by the name of each table.",
        );
        finding.verification = Text::from("Run the tests of the version in production against the schema after it.");
        report.add(finding);
    }
}
