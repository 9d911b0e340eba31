//! What the rules about accesses in loops say in common.

use base::{Evidence, Severity, Text, TraceStep};
use model::accesses::Repeat;
use model::{Method, Model};

use crate::Report;
use crate::support::{apply_mended_with, around, path, words_of};

/// The words of one rule.
pub struct Words {
    /// What the access does: "reads".
    pub what: &'static str,
    /// Why it matters.
    pub impact: &'static str,
    /// What to do, without a stop at its end: the library's example may follow.
    pub fix: &'static str,
    /// How to see it.
    pub verification: &'static str,
}

/// How long what is gone through may be as it is shown.
const MAX_SHOWN: usize = 60;

/// Reports an access that a loop repeats, where requests reach it; where none is known to, as a suggestion.
pub fn report(model: &Model, report: &mut Report<'_>, repeat: &Repeat, words: &Words) {
    let access = &model.accesses.all[repeat.access as usize];
    // what a page reaches by itself is only seen there
    let span = match (repeat.over, repeat.page.first()) {
        (None, Some(place)) => *place,
        _ => model.program.span(repeat.call),
    };
    let route = match repeat.view {
        Some(view) => model.route_of_view(view),
        None => repeat.function.and_then(|f| model.route_served(f)),
    };
    // where nothing is known to come here, a guess is not worth the reader's time
    if route.is_none() && repeat.field.is_none() && access.evidence == Evidence::Suspected {
        return;
    }
    if route.is_none() && is_run_by_hand(path(model, span)) {
        return;
    }
    // the further away, the more a reader must believe; a list that is shown is worth more of it than a change
    let reads = route.is_some_and(|r| r.method.is_safe() || r.method == Method::Any) || repeat.field.is_some();
    let depth = if repeat.view.is_some() || !repeat.page.is_empty() { 0 } else { repeat.way.len() };
    let asks = access.does.reads();
    if depth > if reads || route.is_none() && asks { 3 } else { usize::from(route.is_some()) } {
        return;
    }
    // far from what is known to answer requests, it may be work that nobody waits for
    let is_hidden = route.is_none() && depth > 0 && repeat.field.is_none();
    let within = around(model, repeat.call);
    let over = repeat
        .over
        .map(|over| model.sources.text(model.program.span(over)))
        .filter(|t| t.len() <= MAX_SHOWN && !t.contains('\n'));
    let subject = format!("repeated {} {within} {} {}", path(model, span), access.name, over.unwrap_or_default());
    let issue = match over {
        _ if repeat.field.is_some() => Text::say(
            "`{}` {} once for each object whose `{}` is asked for.",
            &[&access.name, words.what, repeat.field.as_deref().unwrap_or_default()],
        ),
        _ if !repeat.page.is_empty() => {
            Text::say("`{}` is read once for each row that the page shows.", &[&access.name])
        }
        _ if repeat.view.is_some() => Text::say("`{}` is read once for each row that is serialized.", &[&access.name]),
        Some(over) => Text::say("`{}` {} once for each element of `{}`.", &[&access.name, words.what, over]),
        None => Text::say("`{}` {} once for each round of a loop.", &[&access.name, words.what]),
    };
    let mut finding = report.finding(subject, span, issue);
    match route {
        Some(route) => {
            finding.endpoint = Some(route.name());
            finding.details = Text::say("`{}` comes here.", &[&route.name()]);
        }
        None if repeat.field.is_some() => {
            finding.details = Text::from("A query for a list of such objects calls this resolver for each of them.");
        }
        None => {
            finding.severity = Severity::Suggestion;
            finding.details = Text::from("No route was found that comes here.");
        }
    }
    finding.evidence = finding.evidence.min(access.evidence);
    if !repeat.page.is_empty() {
        finding.trace.push(TraceStep { span, message: Text::from("The page goes through these rows.") });
    }
    for place in &repeat.page {
        let message = Text::from("This asks each of them for what was not loaded with it.");
        finding.trace.push(TraceStep { span: *place, message });
    }
    if let Some(made) = repeat.made {
        let message = Text::from("The query for the rows stands here.");
        finding.trace.push(TraceStep { span: model.program.span(made), message });
    }
    for (at, call) in repeat.way.iter().enumerate() {
        if at == 0 && repeat.page.is_empty() {
            let message = match repeat.view {
                Some(_) => "The rows are serialized one by one.",
                None => "The loop calls this for each element.",
            };
            finding.trace.push(TraceStep { span, message: Text::from(message) });
        }
        let message = match at + 1 == repeat.way.len() {
            _ if repeat.view.is_some() && repeat.page.is_empty() => {
                Text::from("This asks each of them for what was not loaded with it.")
            }
            true => Text::from("This goes to the database."),
            false => Text::from("This leads on."),
        };
        finding.trace.push(TraceStep { span: model.program.span(*call), message });
    }
    finding.impact = Text::from(words.impact);
    let has_example = model.facts.record(access.record).mended.is_some();
    finding.fix = Text::from(words.fix).and(if has_example { ":" } else { "." }, &[]);
    let mut said = words_of(model, repeat.access);
    if let Some((_, relation)) = access.name.rsplit_once('.') {
        said.push(("relation", relation.trim_end_matches("()").to_owned()));
    }
    said.extend(over.filter(|o| is_plain(o)).map(|list| ("list", list.to_owned())));
    apply_mended_with(model, &mut finding, access.record, &said);
    finding.verification = Text::from(words.verification);
    match is_hidden {
        true => report.add_for_auditors(finding),
        false => report.add(finding),
    }
}

/// Whether an expression can be written on: a name, a member, or calls of these.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '(' | ')'))
}

/// Whether a file is run by hand or by a clock, by the folders it stands in.
pub fn is_run_by_hand(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        let stem = part.split('.').next().unwrap_or_default();
        matches!(
            stem,
            "commands"
                | "command"
                | "scripts"
                | "script"
                | "bin"
                | "cli"
                | "cmd"
                | "seeds"
                | "seed"
                | "seeder"
                | "seeders"
                | "tasks"
                | "tools"
                | "jobs"
                | "cron"
                | "rake"
                | "management"
                | "import"
                | "export"
                | "upgrade"
                | "upgrades"
        )
    })
}
