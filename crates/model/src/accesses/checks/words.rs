//! What rows are, by the words of the code that reads and writes them.

use base::Symbol;
use ir::{ExprId, ExprKind, StmtKind};
use rustc_hash::FxHashSet;

/// Words of what holds rows or leads to them, which say nothing of what the rows are.
pub(super) const GENERAL: [&str; 46] = [
    "db",
    "database",
    "session",
    "repository",
    "repo",
    "this",
    "self",
    "context",
    "ctx",
    "prisma",
    "query",
    "tx",
    "trx",
    "conn",
    "connection",
    "pool",
    "client",
    "manager",
    "em",
    "entitymanager",
    "model",
    "object",
    "data",
    "service",
    "store",
    "dao",
    "mapper",
    "dbcontext",
    "knex",
    "sequelize",
    "orm",
    "engine",
    "gorm",
    "collection",
    "table",
    "storage",
    "app",
    "state",
    "cursor",
    "cur",
    "client",
    "dbsession",
    "unitofwork",
    "datasource",
    "appdatasource",
    "record",
];

/// The words of a chain of calls that name what the rows are; of its arguments, where the chain names nothing.
pub(super) fn words_of_call(module: &ir::Module, call: ExprId) -> FxHashSet<String> {
    let mut words: FxHashSet<String> = FxHashSet::default();
    let mut given: Vec<ExprId> = Vec::new();
    let mut at = Some(call);
    for _ in 0..24 {
        let Some(here) = at else { break };
        at = match &module.expr(here).kind {
            ExprKind::Call { callee, args, .. } => {
                given.extend(args.iter().filter(|a| a.name.is_none()).map(|a| a.value));
                match &module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => Some(*object),
                    _ => None,
                }
            }
            ExprKind::Member { object, name, .. } => {
                words.insert(word(name.as_str()));
                Some(*object)
            }
            ExprKind::Name(name) => {
                words.insert(word(name.as_str()));
                None
            }
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => Some(*inner),
            ExprKind::Unary { operand, .. } | ExprKind::Index { object: operand, .. } => Some(*operand),
            _ => None,
        };
    }
    let says = |w: &String| !w.is_empty() && !GENERAL.contains(&w.as_str());
    words.retain(|w| says(w));
    if words.is_empty() {
        for value in &given {
            // `query(User)`, `save(new User(…))`, `First(&user)`
            let value = match module.expr(*value).kind {
                ExprKind::Unary { operand, .. } => operand,
                _ => *value,
            };
            let name = match &module.expr(value).kind {
                ExprKind::Name(name) => Some(*name),
                ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                    ExprKind::Name(name) if name.as_str().starts_with(|c: char| c.is_uppercase()) => Some(*name),
                    _ => None,
                },
                _ => None,
            };
            words.extend(name.map(|n| word(n.as_str())).filter(says));
            // what a variable was made of: `user = User(…)`
            if let ExprKind::Name(name) = module.expr(value).kind {
                words.extend(made_of(module, value, name).filter(says));
            }
        }
    }
    words
}

/// The class that a variable was made of.
fn made_of(module: &ir::Module, at: ExprId, name: Symbol) -> Option<String> {
    let end = module.expr(at).range.start;
    let values = module.stmts().filter_map(|s| match s.kind {
        StmtKind::Assign { target, value, ty, .. } if s.range.end <= end => match module.expr(target).kind {
            ExprKind::Name(n) if n == name => Some((value, ty)),
            _ => None,
        },
        _ => None,
    });
    let (value, ty) = values.last()?;
    if let Some(ir::TypeKind::Named { path, .. }) = ty.map(|t| &module.ty(t).kind) {
        return Some(word(path.as_str().rsplit('.').next().unwrap_or_default()));
    }
    let value = match &module.expr(value?).kind {
        ExprKind::Unary { operand, .. } => *operand,
        _ => value?,
    };
    let ExprKind::Call { callee, .. } = &module.expr(value).kind else { return None };
    match &module.expr(*callee).kind {
        ExprKind::Name(n) | ExprKind::Member { name: n, .. } if n.as_str().starts_with(|c: char| c.is_uppercase()) => {
            Some(word(n.as_str()))
        }
        _ => None,
    }
}

/// A name as one word: no plural, no `Repository`.
pub(crate) fn word(name: &str) -> String {
    let mut plain = plain(name.rsplit('.').next().unwrap_or(name));
    for suffix in ["repository", "repo", "dao", "mapper", "service", "model", "store", "entity", "jpa", "table"] {
        if plain.len() > suffix.len() && plain.ends_with(suffix) && !plain.ends_with("identity") {
            plain.truncate(plain.len() - suffix.len());
        }
    }
    if let Some(stem) = plain.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if plain.len() > 3 && plain.ends_with('s') && !plain.ends_with("ss") {
        plain.pop();
    }
    plain
}

pub(super) fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '`', '"', '$', '@', ':'], "")
}
