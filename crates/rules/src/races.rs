//! What rules about races share: a look that decides about a write, and what two requests at once make of it.

use std::collections::BTreeMap;

use base::{Evidence, Finding, Severity, Text, TraceStep};
use model::Model;
use model::accesses::{Check, Manner, Uniqueness, Uniques};

use crate::Report;
use crate::support::{around, numbered, path};

/// What is said of one manner of looking first.
struct Texts {
    severity: Severity,
    issue: &'static str,
    looks: &'static str,
    decides: &'static str,
    writes: &'static str,
    impact: &'static str,
    fix: &'static str,
    verification: &'static str,
}

/// Whether a transaction is open around what looks or writes.
pub fn is_in_transaction(model: &Model, check: &Check) -> bool {
    model.accesses.transactions.iter().any(|t| t.calls.contains(&check.write) || t.calls.contains(&check.read))
}

/// What is known of two rows of the same values, by any of the words that say what they are.
pub fn uniqueness(model: &Model, check: &Check, said: &Uniques) -> Uniqueness {
    let mut found = Uniqueness::Unknown;
    for subject in &check.subjects {
        match model.uniqueness(subject, &check.keys, &check.owners, said) {
            Uniqueness::Unique => return Uniqueness::Unique,
            Uniqueness::Many => found = Uniqueness::Many,
            Uniqueness::Said if found == Uniqueness::Unknown => found = Uniqueness::Said,
            Uniqueness::Said | Uniqueness::Unknown => {}
        }
    }
    found
}

pub fn finding(
    model: &Model,
    report: &Report<'_>,
    check: &Check,
    uniqueness: Uniqueness,
    seen: &mut BTreeMap<String, u32>,
) -> Finding {
    let span = model.program.span(check.write);
    let keys = check.keys.join(", ");
    let said = texts(check.manner, uniqueness == Uniqueness::Unique);
    let subject = format!("check {} {} {}", path(model, span), around(model, check.write), check.subjects.join(" "));
    let issue = Text::say(said.issue, &[&check.name, &keys]);
    let mut finding = report.finding(numbered(seen, subject), span, issue);
    finding.severity = said.severity;
    finding.evidence = finding.evidence.min(check.evidence);
    let mut details = match model.route_served(check.function) {
        Some(route) => {
            finding.endpoint = Some(route.name());
            Text::say("`{}` comes here.", &[&route.name()])
        }
        None => {
            finding.severity = Severity::Suggestion;
            Text::from("No route was found that comes here.")
        }
    };
    match (uniqueness, check.manner) {
        (_, Manner::Limit) => {}
        (Uniqueness::Many, _) if !keys.is_empty() => {
            details = details.and(" The schema has no unique index on `{}`.", &[&keys]);
        }
        (Uniqueness::Unique, _) => {
            details = details
                .and(" A unique index keeps the second row out; nothing was found that expects its refusal.", &[]);
        }
        (_, Manner::Next) => {}
        _ => {
            finding.evidence = Evidence::Suspected;
            details = details.and(" Nothing in the repository says that `{}` is unique.", &[&keys]);
        }
    }
    finding.details = details;
    finding.trace = vec![TraceStep { span: model.program.span(check.read), message: Text::from(said.looks) }];
    if check.manner != Manner::GetOrCreate {
        finding.trace.push(TraceStep { span: check.decides, message: Text::from(said.decides) });
    }
    finding.trace.push(TraceStep { span, message: Text::from(said.writes) });
    finding.impact = Text::from(said.impact);
    finding.fix = Text::from(said.fix);
    finding.verification = Text::from(said.verification);
    finding
}

const TWENTY: &str = "Send the same request twenty times at once with a fresh value: one row must be there afterwards.";

fn texts(manner: Manner, is_refused: bool) -> Texts {
    let row = Texts {
        severity: Severity::Important,
        issue: "`{}` writes because none with the same `{}` was found: two requests at once both find none and both write.",
        looks: "1. Request A looks and finds none. 2. Request B looks and finds none either.",
        decides: "3. Each decides by what it found, which no longer holds.",
        writes: "4. A writes its row. 5. B writes a second one.",
        impact: "There are two rows where the code believes in one: a name taken twice, a coupon used twice, a thing counted twice; and code that expects one row fails later, elsewhere. A transaction around both does not help at the usual isolation level (read committed).",
        fix: "Let the database keep the second one out: a unique index on these columns, and an insert that takes its refusal as the answer (`INSERT … ON CONFLICT DO NOTHING`, or catch the violation). The look before may stay, as a kind answer for the usual case.",
        verification: TWENTY,
    };
    match manner {
        Manner::Row if is_refused => Texts {
            severity: Severity::Suggestion,
            issue: "`{}` writes because none with the same `{}` was found: of two requests at once the second is refused by the unique index, and fails.",
            writes: "4. A writes its row. 5. B's row is refused: its request fails with an error that nobody expects.",
            impact: "The data stays right, but the second request answers with a server error instead of what it would have answered a moment later (\"taken already\", or the row that is there now), and what it had done before is lost or left half done.",
            fix: "Take the refusal as an answer: catch the violation of the unique index and read the row again, or insert with `ON CONFLICT DO NOTHING` and look at what came back. In a larger transaction put a savepoint around the insert.",
            verification: "Send the same request twenty times at once with a fresh value: one row must be there afterwards, and no answer may be a server error.",
            ..row
        },
        Manner::Row => row,
        Manner::GetOrCreate => Texts {
            issue: "`{}` looks for a row by `{}` and makes one when there is none: two requests at once both make one.",
            writes: "1. Request A looks and finds none. 2. Request B looks and finds none either. 3. A makes its row. 4. B makes a second one.",
            impact: "There are two rows where the code believes in one. From then on the same call may find either, or fail because there is more than one.",
            ..row
        },
        Manner::Limit => Texts {
            issue: "`{}` writes while the number found is within a limit: two requests at once both find room for one more.",
            looks: "1. Request A counts and finds room for one more. 2. Request B counts the same number.",
            writes: "4. A writes its row. 5. B writes its own: there is one more than may be.",
            impact: "The limit holds only for callers who wait: who sends requests at once gets more seats, coupons or uses than there are. A transaction does not help at the usual isolation level (read committed), and neither does a unique index.",
            fix: "Lock the row that the limit belongs to (`SELECT … FOR UPDATE` of the event, the account, the coupon) before counting, or keep the number in that row and change it with the condition in the statement (`UPDATE … SET used = used + 1 WHERE id = … AND used < max`).",
            verification: "Bring the number to one below the limit and send twenty requests at once: exactly one may succeed.",
            ..row
        },
        Manner::Next => Texts {
            severity: match is_refused {
                true => Severity::Suggestion,
                false => Severity::Important,
            },
            issue: "`{}` takes the highest number and one more: two requests at once take the same.",
            looks: "1. Request A reads the highest number. 2. Request B reads the same one.",
            decides: "3. Each adds one.",
            writes: "4. A writes its row. 5. B writes another one with the same number, or is refused where the number is unique.",
            impact: "Two rows bear the same number: invoices, orders or places in a list that should be told apart. Where a unique index refuses the second, its request fails.",
            fix: "Take the number from a sequence or an identity column. Where numbers must have no gaps or begin anew for each parent, keep the last one in the parent's row and lock that row first, or change it in one statement (`UPDATE … SET last = last + 1 … RETURNING last`).",
            verification: "Send the same request twenty times at once: twenty different numbers must be there afterwards.",
        },
        Manner::Free => Texts {
            severity: Severity::Suggestion,
            issue: "`{}` is changed until no row with the same `{}` is found, and then handed on: two requests at once get the same.",
            looks: "1. Request A looks and finds none. 2. Request B looks for the same value and finds none either.",
            decides: "3. Each takes the value for free.",
            writes: "4. A writes a row with it. 5. So does B, or it is refused where the value is unique.",
            fix: "Write the row with the value and take the refusal of a unique index as the sign to try the next one, instead of looking first.",
            ..row
        },
    }
}
