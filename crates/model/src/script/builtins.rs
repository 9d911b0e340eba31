//! What the language's own objects do, as far as migrations use them.

use std::rc::Rc;

use ir::BinaryOp;
use sql::Dialect;

use super::{Call, Entry, MAX_ROUNDS, Run, Tool, Val, What};

impl Run<'_, '_> {
    /// A function of the language.
    pub(super) fn builtin(&mut self, call: &Call) -> Option<What> {
        match &*call.name {
            "String" => call.args.first().map(|v| v.what.clone()),
            "Boolean" => call.args.first().and_then(Val::truth).map(What::Bool),
            _ => None,
        }
    }

    /// A method of the language's own objects.
    pub(super) fn builtin_method(&mut self, on: &Val, call: &Rc<Call>, tool: &mut dyn Tool) -> Option<What> {
        match (&*call.name, &on.what) {
            // promises: what comes after is done after
            ("then" | "finally", what) => {
                let given = [on.clone()];
                Some(call.args.first().and_then(|f| self.call_value(f, &given, tool)).map_or(what.clone(), |v| v.what))
            }
            ("catch", what) => Some(what.clone()),
            (name, What::Path(path)) => self.static_method(path, name, call),
            (name, What::List(items)) => self.list_method(&Rc::clone(items), name, call, tool),
            (name, What::Text(text)) => text_method(text, name, call),
            _ => None,
        }
    }

    fn static_method(&mut self, object: &str, name: &str, call: &Call) -> Option<What> {
        let first = call.args.first();
        Some(match (object, name) {
            ("Promise", "all" | "allSettled" | "resolve" | "mapSeries") => first.map_or(What::Null, |v| v.what.clone()),
            ("Object", "freeze" | "seal") => first?.what.clone(),
            ("Object", "assign") => {
                let mut entries: Vec<Entry> = Vec::new();
                for entry in call.args.iter().flat_map(|a| a.entries()) {
                    entries.retain(|e| e.key != entry.key);
                    entries.push(entry.clone());
                }
                What::Map(Rc::new(entries))
            }
            ("Object", "keys" | "values" | "entries") => {
                let What::Map(entries) = &first?.what else { return None };
                let of = |e: &Entry| {
                    let key = Val::new(What::Text(Rc::clone(&e.key)), e.at);
                    match name {
                        "keys" => key,
                        "values" => e.value.clone(),
                        _ => Val::new(What::List(Rc::new(vec![key, e.value.clone()])), e.at),
                    }
                };
                What::List(Rc::new(entries.iter().map(of).collect()))
            }
            ("Array", "from") => first?.what.clone(),
            ("JSON", "stringify") => What::Text(sql::HOLE.to_string().into()),
            ("console", _) => What::Null,
            _ => return None,
        })
    }

    fn list_method(&mut self, items: &Rc<Vec<Val>>, name: &str, call: &Call, tool: &mut dyn Tool) -> Option<What> {
        let first = call.args.first();
        let limited = || items.iter().take(MAX_ROUNDS).enumerate();
        Some(match name {
            "map" | "forEach" | "flatMap" | "filter" | "some" | "every" | "find" => {
                let function = first?.clone();
                let mut made = Vec::new();
                for (at, item) in limited() {
                    let index = Val::new(What::Number(at.to_string()), item.at);
                    let found = self.call_value(&function, &[item.clone(), index], tool)?;
                    made.push(found);
                }
                match name {
                    "map" => What::List(Rc::new(made)),
                    "flatMap" => What::List(Rc::new(made.iter().flat_map(Val::listed).collect())),
                    "filter" => {
                        let kept = items.iter().zip(&made).filter(|(_, m)| m.truth() != Some(false));
                        What::List(Rc::new(kept.map(|(i, _)| i.clone()).collect()))
                    }
                    _ => What::Unknown,
                }
            }
            "reduce" => {
                let function = first?.clone();
                let mut so_far = call.args.get(1).cloned().unwrap_or(Val::new(What::Null, call.at));
                for (_, item) in limited() {
                    so_far = self.call_value(&function, &[so_far, item.clone()], tool)?;
                }
                so_far.what
            }
            "join" => {
                let between = first.and_then(Val::text).unwrap_or(",").to_owned();
                let parts: Vec<String> = items
                    .iter()
                    .map(|v| match &v.what {
                        What::Text(text) => text.to_string(),
                        What::Number(text) => text.clone(),
                        _ => sql::HOLE.to_string(),
                    })
                    .collect();
                What::Text(parts.join(&between).into())
            }
            "concat" => {
                let mut all = items.to_vec();
                all.extend(call.args.iter().flat_map(Val::listed));
                What::List(Rc::new(all))
            }
            "includes" | "has" => {
                let wanted = first?;
                let equal: Vec<Option<bool>> = items.iter().map(|i| self.are_equal(i, wanted)).collect();
                match (equal.contains(&Some(true)), equal.contains(&None)) {
                    (true, _) => What::Bool(true),
                    (false, false) => What::Bool(false),
                    _ => What::Unknown,
                }
            }
            "flat" => What::List(Rc::new(items.iter().flat_map(Val::listed).collect())),
            "reverse" => What::List(Rc::new(items.iter().rev().cloned().collect())),
            _ => return None,
        })
    }

    pub(super) fn binary(&self, op: BinaryOp, left: &Val, right: &Val) -> What {
        let known = |found: Option<bool>| found.map_or(What::Unknown, What::Bool);
        match op {
            BinaryOp::Eq => known(self.are_equal(left, right)),
            BinaryOp::Ne => known(self.are_equal(left, right).map(|e| !e)),
            BinaryOp::Add => match (&left.what, &right.what) {
                (What::Text(left), What::Text(right)) => What::Text(format!("{left}{right}").into()),
                (What::Text(left), What::Number(right)) => What::Text(format!("{left}{right}").into()),
                (What::Text(left), _) => What::Text(format!("{left}{}", sql::HOLE).into()),
                (_, What::Text(right)) => What::Text(format!("{}{right}", sql::HOLE).into()),
                _ => arithmetic(op, left, right),
            },
            BinaryOp::Sub | BinaryOp::Mul => arithmetic(op, left, right),
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => match (left.number(), right.number()) {
                (Some(left), Some(right)) => What::Bool(match op {
                    BinaryOp::Lt => left < right,
                    BinaryOp::Le => left <= right,
                    BinaryOp::Gt => left > right,
                    _ => left >= right,
                }),
                _ => What::Unknown,
            },
            _ => What::Unknown,
        }
    }

    /// Whether two values are the same. What the running program says of its database is what the migrations are for:
    /// `config.client === 'mysql2'`.
    pub(super) fn are_equal(&self, left: &Val, right: &Val) -> Option<bool> {
        match (&left.what, &right.what) {
            (What::Text(left), What::Text(right)) if left.contains(sql::HOLE) || right.contains(sql::HOLE) => None,
            (What::Text(left), What::Text(right)) => Some(left == right),
            (What::Number(left), What::Number(right)) => Some(left == right),
            (What::Bool(left), What::Bool(right)) => Some(left == right),
            (What::Null, What::Null) => Some(true),
            (What::Unknown | What::Path(_) | What::Call(_), What::Text(name))
            | (What::Text(name), What::Unknown | What::Path(_) | What::Call(_)) => {
                Some(named_dialect(name)? == self.dialect)
            }
            (What::Unknown | What::Path(_) | What::Call(_), _) | (_, What::Unknown | What::Path(_) | What::Call(_)) => {
                None
            }
            _ => Some(false),
        }
    }
}

/// The database that a name of a driver or dialect means.
pub(crate) fn named_dialect(name: &str) -> Option<Dialect> {
    Some(match name.to_ascii_lowercase().as_str() {
        "pg" | "postgres" | "postgresql" | "cockroachdb" | "pg-native" | "aurora-postgres" | "postgis" => {
            Dialect::Postgres
        }
        "mysql" | "mysql2" | "mariadb" | "aurora-mysql" => Dialect::MySql,
        "sqlite" | "sqlite3" | "better-sqlite3" | "sqljs" | "libsql" | "turso" => Dialect::Sqlite,
        "mssql" | "sqlserver" | "tedious" => Dialect::SqlServer,
        "oracle" | "oracledb" => Dialect::Oracle,
        _ => return None,
    })
}

fn arithmetic(op: BinaryOp, left: &Val, right: &Val) -> What {
    let (Some(left), Some(right)) = (left.number(), right.number()) else { return What::Unknown };
    let found = match op {
        BinaryOp::Add => left.checked_add(right),
        BinaryOp::Sub => left.checked_sub(right),
        _ => left.checked_mul(right),
    };
    found.map_or(What::Unknown, |n| What::Number(n.to_string()))
}

fn text_method(text: &Rc<str>, name: &str, call: &Call) -> Option<What> {
    let argument = |at: usize| call.args.get(at).and_then(Val::text);
    Some(match name {
        "toLowerCase" => What::Text(text.to_lowercase().into()),
        "toUpperCase" => What::Text(text.to_uppercase().into()),
        "trim" => What::Text(text.trim().into()),
        "toString" | "valueOf" => What::Text(Rc::clone(text)),
        "replace" => What::Text(text.replacen(argument(0)?, argument(1)?, 1).into()),
        "replaceAll" => What::Text(text.replace(argument(0)?, argument(1)?).into()),
        "concat" => What::Text(format!("{text}{}", argument(0)?).into()),
        "startsWith" => What::Bool(text.starts_with(argument(0)?)),
        "endsWith" => What::Bool(text.ends_with(argument(0)?)),
        "includes" => What::Bool(text.contains(argument(0)?)),
        "split" => {
            let between = argument(0)?;
            let parts = text.split(between).map(|p| Val::new(What::Text(p.into()), call.at));
            What::List(Rc::new(parts.collect()))
        }
        _ => return None,
    })
}
