//! Money in columns that cannot hold it exactly.

use base::{RuleInfo, Severity, Stage, Text};
use model::Model;
use model::guards::words;
use model::schemas::place_of;
use sql::TypeClass;
use sql::schema::{Column, Table};

use crate::support::info;
use crate::{Report, Rule};

pub const RULE: Rule = Rule {
    info: RuleInfo {
        security_severity: None,
        ..info(
            "float-money",
            "Money in a column of floating point",
            Severity::Important,
            Stage::Data,
            &["W3.1", "W3.6"],
            &[682, 1339],
            &[],
        )
    },
    check,
};

fn check(model: &Model, report: &mut Report<'_>) {
    for database in &model.schemas {
        for table in database.schema.tables.values().filter(|t| t.partition_of.is_none() && !t.temporary) {
            for column in table.columns.iter().filter(|c| is_inexact(c) && is_money(table, c)) {
                let (name, of) = (column.name.as_str(), table.name.name.as_str());
                let issue = Text::say("`{}.{}` holds money as `{}`.", &[of, name, &column.data_type.to_string()]);
                let span =
                    place_of(&model.sources, column.origin.changed.last().copied().unwrap_or(column.origin.made), name);
                let mut finding = report.finding(format!("money {of} {name}"), span, issue);
                finding.details = database.provenance();
                finding.impact = Text::from(
                    "0.1 + 0.2 is not 0.3 there: sums drift by cents, comparisons for equality fail, and what is shown differs from what was paid.",
                );
                finding.fix = Text::say(
                    "Keep it as `numeric` with a fixed scale, or as a whole number of the smallest unit (`{}_cents bigint`), with the currency beside it.",
                    &[name],
                );
                finding.verification = Text::from(
                    "Add 0.1 ten times to a row and compare the sum with 1 in the database: it must be equal.",
                );
                finding.trade_offs = Text::from(
                    "Changing the type writes the table anew: add a column, fill it in batches, then switch.",
                );
                report.add(finding);
            }
        }
    }
}

fn is_inexact(column: &Column) -> bool {
    matches!(column.data_type.class(), TypeClass::Float | TypeClass::Money)
}

/// Whether a column is named after money: by its own name, or by an amount in a table that speaks of money.
fn is_money(table: &Table, column: &Column) -> bool {
    const MONEY: [&str; 8] = ["price", "salary", "wage", "fee", "revenue", "subtotal", "refund", "invoiced"];
    const AMOUNT: [&str; 7] = ["amount", "total", "cost", "balance", "discount", "deposit", "payment"];
    const SPEAKS: [&str; 14] = [
        "currency", "price", "payment", "payments", "invoice", "invoices", "order", "orders", "wallet", "billing",
        "expense", "expenses", "cart", "purchase",
    ];
    const OTHER: [&str; 13] = [
        "rate",
        "percent",
        "percentage",
        "ratio",
        "factor",
        "weight",
        "hours",
        "change",
        "score",
        "index",
        "days",
        "quantity",
        "tokens",
    ];
    let own = words(&column.name);
    let has = |list: &[&str]| own.iter().any(|w| list.contains(&w.as_str()));
    if matches!(column.data_type.class(), TypeClass::Money) {
        return true;
    }
    let around = || {
        let names = table.columns.iter().map(|c| c.name.as_str()).chain([table.name.name.as_str()]);
        names.flat_map(words).any(|w| SPEAKS.contains(&w.as_str()))
    };
    !has(&OTHER) && (has(&MONEY) || has(&AMOUNT) && around())
}
