//! Large tables that are read as a whole again and again.

use base::Related;
use base::{RuleInfo, Severity, Stage, Text};
use live::count;
use model::Model;

use crate::running::{MANY_ROWS, proven, since};
use crate::support::info;
use crate::unserved::unserved;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "sequential-scans",
            "A large table that is read as a whole again and again",
            Severity::Suggestion,
            Stage::Data,
            &["W3.4", "W3.7", "W4.4"],
            &[1067],
            &[],
        )
    },
    check,
};

/// Rows from which a table is large.
const ROWS: i64 = 10_000;
/// Scans that are more than a report now and then.
const SCANS: i64 = 100;
/// Of all ways into the table, how many in a hundred are scans of the whole.
const SHARE: i64 = 5;
/// How many places of the code are shown.
const MAX_PLACES: usize = 5;

fn check(model: &Model, report: &mut Report<'_>) {
    let unserved = unserved(model);
    for running in &model.running {
        for table in running.tables() {
            let measured = table.measured();
            let (Some(rows), Some(scans)) = (measured.rows, measured.sequential_scans) else { continue };
            let read = measured.sequential_rows.unwrap_or(0);
            let all = scans + measured.index_scans.unwrap_or(0);
            // a scan that a LIMIT ends early reads few rows
            let reads_most = read / scans.max(1) >= rows / 2;
            if rows < ROWS || scans < SCANS || scans * 100 < all * SHARE || !reads_most {
                continue;
            }
            let name = table.name();
            let issue = Text::say(
                "`{}` was read as a whole {} times{}, by {} rows each time.",
                &[&name, &count(scans), &since(running), &count(read / scans)],
            );
            let mut finding = proven(report, format!("scans {name}"), table.span(), issue);
            if rows >= MANY_ROWS {
                finding.severity = Severity::Important;
            }
            finding.details = Text::say(
                "It has {} rows; of {} ways into it {} in a hundred read all of them.",
                &[&count(rows), &count(all), &(scans * 100 / all.max(1)).to_string()],
            );
            let asks = unserved.iter().filter(|((_, asked, _), _)| asked.name == measured.name);
            for ((_, _, columns), questions) in asks {
                let said = Text::say("Asks for it by `{}`, which no index begins with.", &[&columns.join(", ")]);
                let places = questions.iter().map(|q| model.accesses.all[q.access as usize].span);
                finding.related.extend(places.map(|span| Related { span, message: said.clone() }));
            }
            finding.related.truncate(MAX_PLACES);
            finding.impact = Text::from(
                "Each of these takes longer the more rows there are, and pushes out of the cache what others need.",
            );
            finding.fix = Text::say(
                "Find what asks so: the statements on `{}` with most blocks per call in `pg_stat_statements`, and their `EXPLAIN`. Give each an index that begins with the columns of its conditions.",
                &[&name],
            );
            finding.verification = Text::say(
                "`seq_scan` of `{}` in `pg_stat_user_tables` no longer grows while the application works.",
                &[&name],
            );
            finding.trade_offs = Text::from(
                "A query that needs most rows is rightly answered by reading all of them: then it should run less often.",
            );
            report.add(finding);
        }
    }
}
