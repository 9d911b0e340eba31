//! What code around a place is called: the evidence that a value is a secret, a password or a checksum.

use ir::{ExprId, ExprKind, Module, Range, StmtKind};
use model::Model;
use model::guards::words;
use program::{ExprRef, FnId};

/// Statements longer than this hold too much to speak of one call in them.
pub const LONGEST: u32 = 600;

/// Words by which code near a call is named.
#[derive(Debug, Default)]
pub struct Names {
    /// Of the statement, what it is assigned to, what is done with that, and the functions around.
    pub near: Vec<Vec<String>>,
    /// Of the class and the file.
    pub far: Vec<Vec<String>>,
}

impl Names {
    /// Whether a name near by holds one of these words.
    pub fn near_has(&self, list: &[&str]) -> bool {
        has(&self.near, list)
    }

    /// Whether the class or the file is named by one of these words.
    pub fn far_has(&self, list: &[&str]) -> bool {
        has(&self.far, list)
    }
}

fn has(names: &[Vec<String>], list: &[&str]) -> bool {
    names.iter().flatten().any(|w| list.contains(&w.as_str()))
}

/// The names around a call.
pub fn around_call(model: &Model, call: ExprRef, function: Option<FnId>) -> Names {
    let module = model.program.module(call.module);
    let mut names = Names::default();
    let mut at = function.map(|f| f.function);
    while let Some(id) = at {
        let item = module.function(id);
        names.near.extend(item.name.map(|n| words(n.as_str())));
        at = item.parent;
    }
    if let Some(class) = model.program.scopes(call.module).owner(call.expr).class {
        names.far.push(words(module.class(class).name.as_str()));
    }
    let path = model.program.path(call.module);
    names.far.push(words(path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or("")));
    let range = module.expr(call.expr).range;
    let Some(statement) = module.statement_around(range) else {
        mentioned(module, range, &mut names.near);
        return names;
    };
    let short = statement.range.width() <= LONGEST;
    mentioned(module, if short { statement.range } else { range }, &mut names.near);
    let holder = match &statement.kind {
        StmtKind::Assign { target, .. } => target_name(module, *target),
        _ => None,
    };
    let (Some(holder), Some(function)) = (holder, function) else { return names };
    // what is done with the variable that holds it: `digest.update(token)`, `etag = digest.hexdigest()`
    let body = model.program.function(function).range;
    let inside = |r: Range| body.contains(r) && r.width() <= LONGEST;
    for stmt in module.stmts().filter(|s| inside(s.range)) {
        if matches!(stmt.kind, StmtKind::Assign { .. } | StmtKind::Expr(_) | StmtKind::Return(_))
            && module.exprs_within(stmt.range).any(|(_, e)| matches!(e.kind, ExprKind::Name(n) if n == holder))
        {
            mentioned(module, stmt.range, &mut names.near);
        }
    }
    names
}

fn target_name(module: &Module, target: ExprId) -> Option<base::Symbol> {
    match module.expr(target).kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

fn mentioned(module: &Module, range: Range, found: &mut Vec<Vec<String>>) {
    for (_, item) in module.exprs_within(range) {
        match &item.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => found.push(words(name.as_str())),
            ExprKind::Call { args, .. } => {
                found.extend(args.iter().filter_map(|a| a.name).map(|n| words(n.as_str())));
            }
            ExprKind::Map(entries) => {
                let keys = entries.iter().filter_map(|e| e.key.and_then(|k| module.string(k)));
                found.extend(keys.map(|k| words(k.as_str())));
            }
            // `headers["ETag"]`
            ExprKind::Index { index, .. } => found.extend(module.string(*index).map(|s| words(s.as_str()))),
            _ => {}
        }
    }
}
