//! A list without a limit.

use std::collections::{BTreeMap, BTreeSet};

use base::{Related, RuleInfo, Severity, Stage, Text, TraceStep};
use model::accesses::{Access, Amount, Does, Overfetch, Question, Says};
use model::guards::words;
use model::{Method, Model};

use crate::running::weigh_by_rows;
use crate::support::{apply_paged, around, info, is_production, numbered, path, words_of};
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "unbounded-query",
            "A request reads as many rows as there are",
            Severity::Suggestion,
            Stage::Data,
            &["W3.7", "W4.3", "W4.6"],
            &[770, 1049],
            &["API4:2023"],
        )
    },
    check,
};

const IMPACT: &str = "The answer grows with the table: latency and memory with it, until a few requests at once exhaust the process. Whoever may call it can do that on purpose.";

/// What one row has more of with each day that it is used.
const GROWS: [&str; 44] = [
    "comment",
    "message",
    "post",
    "article",
    "order",
    "event",
    "log",
    "notification",
    "activity",
    "transaction",
    "payment",
    "invoice",
    "review",
    "follower",
    "like",
    "vote",
    "audit",
    "history",
    "visit",
    "view",
    "reply",
    "ticket",
    "entry",
    "favorite",
    "favourite",
    "follow",
    "subscriber",
    "execution",
    "delivery",
    "attempt",
    "session",
    "issue",
    "story",
    "photo",
    "bookmark",
    "download",
    "change",
    "revision",
    "version",
    "job",
    "run",
    "metric",
    "measurement",
    "reading",
];

fn check(model: &Model, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for (at, access) in model.accesses.all.iter().enumerate().filter(|(_, a)| a.does == Does::List && !a.is_limited) {
        if !is_shown(model, access) {
            continue;
        }
        if !access.is_filtered {
            seen.insert(at);
            whole_table(model, report, at);
        } else if let Some(table) = growing(model, at as u32).filter(|_| !access.is_lazy) {
            seen.insert(at);
            of_one(model, report, at, &table);
        }
    }
    for pick in &model.accesses.picks {
        let access = &model.accesses.all[pick.access as usize];
        if !access.is_limited && is_shown(model, access) && seen.insert(pick.access as usize) {
            picked(model, report, access);
        }
    }
    for brought in &model.accesses.overfetches {
        brought_along(model, report, brought);
    }
    let (mut told, mut numbers) = (BTreeSet::new(), BTreeMap::new());
    for amount in model.accesses.amounts.iter().filter(|a| a.says == Says::Limit && !a.is_capped) {
        let span = model.program.span(amount.value);
        if is_production(model, span) && told.insert((around(model, amount.value), amount.way.first().copied())) {
            chosen(model, report, amount, &mut numbers);
        }
    }
}

/// Whether a request that reads comes to an access, and nothing around it speaks of pages.
fn is_shown(model: &Model, access: &Access) -> bool {
    let Some(function) = access.function else { return false };
    let Some(route) = model.route_served(function) else { return false };
    (route.method.is_safe() || route.method == Method::Any) && !model.speaks_of_pages(function)
}

fn whole_table(model: &Model, report: &mut Report<'_>, at: usize) {
    let access = &model.accesses.all[at];
    let issue = Text::say("`{}` reads all rows of its table, however many there are.", &[&access.name]);
    let mut finding = finding(model, report, access, "unbounded", issue);
    finding.impact = Text::from(IMPACT);
    finding.fix = Text::from(
        "Give it a limit with a maximum of your own and a way to the next page (by the last key seen rather than by an offset).",
    );
    apply_paged(model, &mut finding, access.record, &words_of(model, at as u32));
    weigh_by_rows(model, access, &mut finding);
    report.add(finding);
}

/// All that belongs to one row, where that only becomes more.
fn of_one(model: &Model, report: &mut Report<'_>, at: usize, table: &str) {
    let access = &model.accesses.all[at];
    let issue =
        Text::say("`{}` reads every row of `{}` that belongs to one other, however many.", &[&access.name, table]);
    let mut finding = finding(model, report, access, "unbounded list of one", issue);
    finding.impact = Text::from(
        "What belongs to one row here only becomes more: the busiest ones get the slowest and largest answers, and whoever may add to it decides how large.",
    );
    finding.fix = Text::from(
        "Give it a limit with a maximum of your own and a way to the next page (by the last key seen rather than by an offset).",
    );
    apply_paged(model, &mut finding, access.record, &words_of(model, at as u32));
    weigh_by_rows(model, access, &mut finding);
    report.add(finding);
}

/// Rows that are loaded to pick some of them.
fn picked(model: &Model, report: &mut Report<'_>, access: &Access) {
    let issue = Text::say("`{}` loads all rows, and some are picked in memory.", &[&access.name]);
    let mut finding = finding(model, report, access, "picked", issue);
    finding.impact = Text::from(IMPACT);
    finding.fix =
        Text::from("Ask the database for the ones that are wanted: put the condition before what loads the rows.");
    // the database may not know how
    report.add_for_auditors(finding);
}

/// Related rows of each row that nothing needs but their number.
fn brought_along(model: &Model, report: &mut Report<'_>, brought: &Overfetch) {
    let access = &model.accesses.all[brought.access as usize];
    if !is_production(model, access.span) {
        return;
    }
    let name = brought.relation.as_str();
    let issue =
        Text::say("All of `{}` is loaded with each row, only to be counted or looked through for one.", &[name]);
    let mut finding = finding(model, report, access, &format!("brought {name}"), issue);
    finding.span = model.program.span(brought.option);
    for place in brought.uses.iter().take(3) {
        let message = Text::say("`{}` is used here, for no more than that.", &[name]);
        finding.related.push(Related { span: model.program.span(*place), message });
    }
    finding.impact = Text::from(
        "Every related row is read, sent and kept in memory: the rows that most belongs to are the ones that are asked for most.",
    );
    finding.fix = Text::from(
        "Let the database count (`_count`, an aggregate), and ask for the one row that is looked for by its key.",
    );
    report.add(finding);
}

/// A limit that the caller chooses.
fn chosen(model: &Model, report: &mut Report<'_>, amount: &Amount, seen: &mut BTreeMap<String, u32>) {
    let span = model.program.span(amount.value);
    let written = model.sources.text(span);
    let subject = format!("chosen limit {} {} {written}", path(model, span), around(model, amount.value));
    let issue = Text::say("The caller chooses how many rows come back (`{}`), and nothing caps it.", &[written]);
    let mut finding = report.finding(numbered(seen, subject), span, issue);
    let function = model.program.scopes(amount.value.module).owner(amount.value.expr).function;
    let function = function.map(|function| program::FnId { module: amount.value.module, function });
    if let Some(route) = function.and_then(|f| model.route_served(f)) {
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
    }
    for (at, place) in amount.way.iter().enumerate() {
        let message = if at == 0 { "The request says how many." } else { "It goes on here." };
        finding.trace.push(TraceStep { span: *place, message: Text::from(message) });
    }
    finding.impact = Text::from(
        "One request with a large number reads the whole table, as if there were no limit: memory and latency follow, until a few at once exhaust the process.",
    );
    finding.fix = Text::from("Take the smaller of what is asked for and a maximum of your own, such as 100.");
    finding.verification = Text::from("Ask for a million rows: the answer must hold no more than the maximum.");
    report.add(finding);
}

fn finding(model: &Model, report: &Report<'_>, access: &Access, kind: &str, issue: Text) -> base::Finding {
    let subject = format!("{kind} {} {} {}", path(model, access.span), around(model, access.call), access.name);
    let mut finding = report.finding(subject, access.span, issue);
    if let Some(route) = access.function.and_then(|f| model.route_served(f)) {
        finding.endpoint = Some(route.name());
        finding.details = Text::say("`{}` comes here.", &[&route.name()]);
    }
    finding.evidence = finding.evidence.min(access.evidence);
    finding.verification =
        Text::from("Put 100,000 rows into the table and call it: size and time of the answer must not follow.");
    finding
}

/// The table that an access reads by one reference alone, when what belongs to one row there only becomes more.
fn growing(model: &Model, access: u32) -> Option<String> {
    let mut asked = model.questions.iter().filter(|q| q.access == access);
    let question = asked.next()?;
    if asked.next().is_some() {
        return None;
    }
    let table = model.schemas[question.schema as usize].schema.tables.get(&question.table)?;
    let name = table.name.name.as_str();
    let said = words(name);
    let last = said.last()?;
    let is_word = |w: &&str| {
        last == w
            || last.strip_suffix('s') == Some(*w)
            || last.strip_suffix("ies").is_some_and(|s| w.strip_suffix('y') == Some(s))
    };
    let grows = GROWS.iter().any(is_word);
    (grows && is_by_reference(question)).then(|| name.to_owned())
}

fn is_by_reference(question: &Question) -> bool {
    let refers = |column: &String| {
        let plain = column.to_ascii_lowercase();
        plain.ends_with("_id") && plain.len() > 3
            || column.len() > 2 && (column.ends_with("Id") || column.ends_with("ID"))
    };
    !question.is_partly_read
        && question.equal.len() == 1
        && question.ranges.is_empty()
        && question.others.is_empty()
        && question.equal.iter().all(refers)
}
