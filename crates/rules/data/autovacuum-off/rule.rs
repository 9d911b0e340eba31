//! Autovacuum that is switched off, for all tables or one.

use base::Finding;
use base::{RuleInfo, Severity, Stage, Text};
use model::Model;

use crate::running::{proven, said};
use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "autovacuum-off",
            "Nothing cleans up after changed rows",
            Severity::Important,
            Stage::Data,
            &["C3.relational-databases-sql.10"],
            &[1089],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for running in &model.running {
        let settings = running.snapshot.settings.iter().zip(&running.lines.settings);
        let off = settings.filter(|(s, _)| matches!(&*s.name, "autovacuum" | "track_counts") && s.value == "off");
        for (setting, line) in off {
            let issue = Text::say("`{}` is off: nothing cleans up any table by itself.", &[&setting.name]);
            let mut finding = proven(report, format!("setting {}", setting.name), running.span(line), issue);
            finding.severity = Severity::Critical;
            let change = format!("ALTER SYSTEM SET {} = on;\nSELECT pg_reload_conf();", setting.name);
            finish(finding, change, report);
        }
        for table in running.tables() {
            let is_off = |option: &String| {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                name == "autovacuum_enabled" && matches!(value, "false" | "off" | "no" | "0")
            };
            if !table.measured().options.iter().any(is_off) {
                continue;
            }
            let name = table.name();
            let issue = Text::say("Nothing cleans up `{}` by itself: autovacuum is off for it.", &[&name]);
            let finding = proven(report, format!("table {name}"), table.span(), issue);
            let measured = table.measured();
            let change = format!("ALTER TABLE {} RESET (autovacuum_enabled);", said(&measured.schema, &measured.name));
            finish(finding, change, report);
        }
    }
}

fn finish(mut finding: Finding, change: String, report: &mut Report<'_>) {
    finding.impact = Text::from(
        "Rows that were changed or deleted stay where they are, so that tables and indexes grow and every query reads more; the planner's statistics grow old; and at the end transaction numbers run out.",
    );
    finding.fix =
        Text::from("Switch it on; where it disturbs, make it gentler instead (`autovacuum_vacuum_cost_limit`):")
            .block("sql", change);
    finding.verification =
        Text::from("`last_autovacuum` in `pg_stat_user_tables` has a time for tables that are written to.");
    report.add(finding);
}
