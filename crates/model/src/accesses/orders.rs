//! In which order rows come, as far as a query says so.

use ir::{ExprId, ExprKind, Module};
use sql::query::Query;

use super::{Access, statements};
use crate::Model;
use crate::facts::{AccessFact, Kind};
use crate::guards::words;

/// Ways to write an order that differs each time.
const BY_CHANCE: [&str; 5] = ["random()", "rand()", "newid()", "newguid()", "dbms_random"];

/// Whether a call says an order by its name.
fn is_ordering(module: &Module, call: ExprId) -> bool {
    let ExprKind::Call { callee, .. } = &module.expr(call).kind else { return false };
    match &module.expr(*callee).kind {
        ExprKind::Member { name, .. } => {
            words(name.as_str()).iter().any(|w| matches!(w.as_str(), "order" | "reorder" | "sort"))
        }
        _ => false,
    }
}

impl Model {
    /// Whether an access says in which order its rows come; `None` where that is not seen: the query is put together
    /// elsewhere, or the class has an order of its own.
    pub fn is_ordered(&self, access: &Access) -> Option<bool> {
        if self.facts.record(access.record).access == Some(AccessFact::Statement) {
            let query = self.query_of(access)?;
            let is_whole = !self.statement_of(access)?.contains(sql::HOLE);
            return match (query.order_by.is_empty(), is_whole) {
                (false, _) => Some(true),
                (true, true) => Some(false),
                _ => None,
            };
        }
        let module = self.program.module(access.call.module);
        let mut is_seen = false;
        for (call, record) in &access.links {
            let record = self.facts.record(*record);
            if record.label.as_deref() == Some("order") || is_ordering(module, *call) {
                return Some(true);
            }
            if record.kind == Kind::Clause {
                continue;
            }
            let ExprKind::Call { args, .. } = &module.expr(*call).kind else { continue };
            for arg in args {
                let orders = |name: &str| {
                    let name = name.to_ascii_lowercase();
                    name.contains("order") || name.contains("sort") || name.contains("cursor")
                };
                if arg.name.is_some_and(|n| orders(n.as_str())) {
                    return Some(true);
                }
                let ExprKind::Map(entries) = &module.expr(arg.value).kind else { continue };
                for entry in entries {
                    match entry.key.and_then(|k| module.string(k)) {
                        Some(key) if orders(key.as_str()) => return Some(true),
                        Some(_) => is_seen = true,
                        None => return None,
                    }
                }
            }
        }
        is_seen.then_some(false)
    }

    /// Whether an access asks for one row by its key, or for what the database says of itself, as far as it says so
    /// itself.
    pub fn is_by_key(&self, access: &Access) -> bool {
        let is_key = |name: &str| matches!(name, "id" | "_id" | "pk" | "Id" | "ID" | "uuid" | "uid" | "guid");
        let module = self.program.module(access.call.module);
        module.exprs_within(access.span.into()).any(|(expr, item)| match &item.kind {
            ExprKind::Map(entries) => {
                entries.iter().any(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| is_key(k.as_str())))
            }
            ExprKind::Call { args, .. } => args.iter().any(|a| a.name.is_some_and(|n| is_key(n.as_str()))),
            ExprKind::Literal(_) | ExprKind::Template(_) => {
                let text = statements::written_at(module, expr).unwrap_or_default().to_lowercase();
                let first = text.split(['=', ' ']).next().unwrap_or("");
                is_key(first) && text.contains('=')
                    || ["information_schema", "sqlite_master", "pg_catalog"].iter().any(|w| text.contains(w))
            }
            _ => false,
        })
    }

    /// Where an access sorts rows by chance.
    pub fn sorts_by_chance(&self, access: &Access) -> bool {
        let by_chance = |text: &str| {
            let text = text.to_ascii_lowercase().replace(' ', "");
            BY_CHANCE.iter().any(|w| text.contains(w)) || matches!(text.as_str(), "\"?\"" | "'?'")
        };
        let of_statement = || {
            self.statement_of(access).is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                text.rfind("order by").is_some_and(|at| by_chance(text.get(at..).unwrap_or("")))
            })
        };
        let module = self.program.module(access.call.module);
        let of_links = || {
            access.links.iter().any(|(call, record)| {
                let record = self.facts.record(*record);
                let ExprKind::Call { args, .. } = &module.expr(*call).kind else { return false };
                let is_order = record.label.as_deref() == Some("order") || is_ordering(module, *call);
                args.iter().any(|a| {
                    is_order && by_chance(self.sources.text(module.expr_span(a.value)))
                        || matches!(&module.expr(a.value).kind, ExprKind::Map(entries) if entries.iter().any(|e| {
                            e.key.and_then(|k| module.string(k)).is_some_and(|k| k.as_str().to_ascii_lowercase().contains("order"))
                                && by_chance(self.sources.text(module.expr_span(e.value)))
                        }))
                })
            })
        };
        of_links() || of_statement()
    }

    /// The statement that an access sends, as far as it is written down.
    pub fn statement_of(&self, access: &Access) -> Option<String> {
        let record = self.facts.record(access.record);
        if record.access != Some(AccessFact::Statement) {
            return None;
        }
        statements::written(&self.context(), access.call, record.arg.unwrap_or(0))
    }

    /// The query that an access sends, where it is a statement.
    pub fn query_of(&self, access: &Access) -> Option<Box<Query>> {
        statements::query_of(&self.statement_of(access)?)
    }
}
