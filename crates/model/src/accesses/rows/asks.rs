//! What each row of a list is asked for: directly, by methods of the row, and by functions that it is handed to.

use base::{FileRole, Language, Symbol};
use ir::{BinaryOp, ExprId, ExprKind, StmtKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::{Known, Path, Root, Rows};
/// How many calls lie between the list and what is asked.
const MAX_CALLS: usize = 3;

/// How many relations follow each other at most.
const MAX_PATH: usize = 4;

/// How many answers one function gives at most.
const MAX_ASKED: usize = 40;

/// That a row is asked for a relation.
#[derive(Clone, Debug)]
pub(in crate::accesses) struct Ask {
    /// Whose row it is.
    pub root: Root,
    /// The class of the row.
    pub start: ClassRef,
    /// Over which relations; the last is asked for.
    pub path: Path,
    /// Where, in the code that has the root.
    pub at: ExprRef,
    /// The places below that, to the relation itself.
    pub way: SmallVec<[ExprRef; 3]>,
    /// The query goes out even where the relation was loaded before.
    pub is_again: bool,
    /// Functions that gave the row.
    pub via: SmallVec<[FnId; 2]>,
    pub evidence: base::Evidence,
}

/// All that rows are asked for.
#[derive(Debug, Default)]
pub(in crate::accesses) struct Asks {
    /// Of elements of lists.
    pub of_elements: Vec<Ask>,
    /// Of what functions are given, by function.
    pub of_functions: FxHashMap<FnId, Vec<Ask>>,
}

impl Asks {
    /// Reads all production code.
    pub(in crate::accesses) fn read(known: &Known<'_>) -> Asks {
        let mut asks = Asks::default();
        if known.is_empty() {
            return asks;
        }
        let context = known.context;
        let modules: Vec<ModuleId> = context
            .program
            .ids()
            .filter(|id| {
                let module = context.program.module(*id);
                matches!(module.language, Language::Ruby | Language::Python)
                    && context.sources.file(module.file).role == FileRole::Production
            })
            .collect();
        let mut level: Vec<Ask> = modules.par_iter().flat_map_iter(|id| Reader::new(known, *id).directly()).collect();
        for depth in 0..MAX_CALLS {
            let next = asks.add(known, level);
            if depth + 1 == MAX_CALLS || next.is_empty() {
                break;
            }
            let names: FxHashSet<Symbol> = next.keys().filter_map(|f| context.program.function(*f).name).collect();
            level = modules.par_iter().flat_map_iter(|id| Reader::new(known, *id).by_calls(&next, &names)).collect();
        }
        asks
    }

    /// The only function of a name outside the classes of rows that asks what it is given for something.
    pub(in crate::accesses) fn only_named(&self, known: &Known<'_>, name: Symbol) -> Option<FnId> {
        let program = known.context.program;
        let is_row = |f: FnId| program.classes().class_of(f).is_some_and(|c| known.has_rows(c));
        let mut named = self.of_functions.keys().filter(|f| program.function(**f).name == Some(name) && !is_row(**f));
        match (named.next(), named.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }

    /// Adds answers; gives those that functions did not have before.
    fn add(&mut self, known: &Known<'_>, level: Vec<Ask>) -> FxHashMap<FnId, Vec<Ask>> {
        let mut new: FxHashMap<FnId, Vec<Ask>> = FxHashMap::default();
        for ask in level {
            if let Some(ask) = ask.resolved(known, 0)
                && let Root::Receiver(function) | Root::Param(function, _) = ask.root
            {
                let all = self.of_functions.entry(function).or_default();
                let is_known =
                    all.iter().any(|a| a.root == ask.root && a.path == ask.path && a.is_again == ask.is_again);
                if !is_known && all.len() < MAX_ASKED {
                    all.push(ask.clone());
                    new.entry(function).or_default().push(ask);
                }
            }
            if matches!(ask.root, Root::Element(_)) {
                self.of_elements.push(ask);
            }
        }
        new
    }
}

impl Ask {
    /// The same as seen from the function around: an element of a list that a parameter leads to.
    fn resolved(&self, known: &Known<'_>, depth: usize) -> Option<Ask> {
        let Root::Element(list) = self.root else { return Some(self.clone()) };
        let rows = known.rows(list).filter(|_| depth < 3)?;
        let mut path = rows.path.clone();
        path.extend(self.path.iter().copied());
        if path.len() > MAX_PATH {
            return None;
        }
        let ask = Ask { root: rows.root?, start: rows.start, path, ..self.clone() };
        ask.resolved(known, depth + 1)
    }
}

struct Reader<'k, 'c> {
    known: &'k Known<'c>,
    id: ModuleId,
    module: &'c ir::Module,
}

impl<'k, 'c> Reader<'k, 'c> {
    fn new(known: &'k Known<'c>, id: ModuleId) -> Self {
        Self { known, id, module: known.context.program.module(id) }
    }

    fn here(&self, expr: ExprId) -> ExprRef {
        ExprRef { module: self.id, expr }
    }

    fn ask(&self, rows: &Rows, name: Symbol, at: ExprId, is_again: bool) -> Option<Ask> {
        let mut path = rows.path.clone();
        path.push(name);
        let ask = Ask {
            root: rows.root.filter(|_| path.len() <= MAX_PATH)?,
            start: rows.start,
            path,
            at: self.here(at),
            way: SmallVec::new(),
            is_again,
            via: rows.via.clone(),
            evidence: rows.evidence,
        };
        Some(ask)
    }

    /// Relations that code asks rows for.
    fn directly(&self) -> Vec<Ask> {
        let mut found = Vec::new();
        let mut changed: FxHashSet<ExprId> = FxHashSet::default();
        let mut again: FxHashSet<ExprId> = FxHashSet::default();
        for stmt in self.module.stmts() {
            if let StmtKind::Assign { target, .. } = stmt.kind {
                changed.insert(target);
            }
        }
        for (_, expr) in self.module.exprs() {
            match &expr.kind {
                ExprKind::Assign { target, .. } => {
                    changed.insert(*target);
                }
                ExprKind::Binary { op: BinaryOp::Shl, left, .. } => {
                    changed.insert(self.called(*left));
                }
                ExprKind::Call { callee, .. } => {
                    let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind else { continue };
                    if changes(*name) {
                        changed.insert(self.called(*object));
                    } else if self.known.asks_again_in(self.module.language, *name) {
                        again.insert(self.called(*object));
                    }
                }
                _ => {}
            }
        }
        for (id, expr) in self.module.exprs() {
            match &expr.kind {
                ExprKind::Member { object, name, .. } if !changed.contains(&id) => {
                    let name = match self.link_of_keys(*name) {
                        Some(link) => link,
                        None if self.known.is_link(*name) => *name,
                        None => continue,
                    };
                    let Some(rows) = self.known.rows(self.here(*object)).filter(|r| !r.is_many && !r.is_class) else {
                        continue;
                    };
                    if self.known.link(rows.class, name).is_some() {
                        found.extend(self.ask(&rows, name, id, again.contains(&id)));
                    }
                }
                // `author` in a method of the class
                ExprKind::Call { callee, args, .. } if args.is_empty() && self.module.language == Language::Ruby => {
                    let ExprKind::Name(name) = self.module.expr(*callee).kind else { continue };
                    if !self.known.is_link(name) || changed.contains(callee) {
                        continue;
                    }
                    let Some(own) = self.known.own(self.here(*callee)).filter(|o| !o.is_class) else { continue };
                    if self.known.link(own.class, name).is_some() {
                        found.extend(self.ask(&own, name, id, again.contains(callee)));
                    }
                }
                // `posts.map(&:author)`
                ExprKind::Call { .. } if self.module.language == Language::Ruby => {
                    found.extend(self.by_symbol(id, |rows, name| {
                        self.known.link(rows.class, name)?;
                        self.ask(rows, name, id, false)
                    }));
                }
                _ => {}
            }
        }
        found
    }

    fn by_symbol(&self, id: ExprId, ask: impl Fn(&Rows, Symbol) -> Option<Ask>) -> Option<Ask> {
        let (list, name) = self.known.by_symbol(self.here(id))?;
        let rows = self.known.rows(list).filter(|r| r.is_many)?;
        ask(&Rows { is_many: false, ..rows }.rooted(Root::Element(list)), name)
    }

    /// The relation whose keys a row is asked for: `version_ids`.
    fn link_of_keys(&self, name: Symbol) -> Option<Symbol> {
        let stem = name.as_str().strip_suffix("_ids").filter(|_| self.module.language == Language::Ruby)?;
        let link = Symbol::new(&format!("{stem}s"));
        self.known.is_link(link).then_some(link)
    }

    /// The callee of a call, else the expression itself.
    fn called(&self, id: ExprId) -> ExprId {
        match self.module.expr(id).kind {
            ExprKind::Call { callee, .. } => callee,
            _ => id,
        }
    }

    /// What functions ask that rows are handed to, or that are methods of rows.
    fn by_calls(&self, asking: &FxHashMap<FnId, Vec<Ask>>, names: &FxHashSet<Symbol>) -> Vec<Ask> {
        let mut found = Vec::new();
        for (id, expr) in self.module.exprs() {
            match &expr.kind {
                ExprKind::Member { object, name, .. } if names.contains(name) => {
                    let Some(rows) = self.known.rows(self.here(*object)).filter(|r| !r.is_many && !r.is_class) else {
                        continue;
                    };
                    found.extend(self.by_method(&rows, *name, id, asking));
                }
                ExprKind::Call { callee, args, .. } => {
                    if self.module.language == Language::Ruby {
                        if args.is_empty()
                            && let ExprKind::Name(name) = self.module.expr(*callee).kind
                            && names.contains(&name)
                            && let Some(own) = self.known.own(self.here(*callee)).filter(|o| !o.is_class)
                        {
                            found.extend(self.by_method(&own, name, id, asking));
                            continue;
                        }
                        let by_symbol = self.known.by_symbol(self.here(id)).filter(|(_, name)| names.contains(name));
                        if let Some((list, name)) = by_symbol
                            && let Some(rows) = self.known.rows(list).filter(|r| r.is_many)
                        {
                            let element = Rows { is_many: false, ..rows }.rooted(Root::Element(list));
                            found.extend(self.by_method(&element, name, id, asking));
                        }
                    }
                    if !args.is_empty() {
                        self.handed(id, args, asking, &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn by_method(&self, rows: &Rows, name: Symbol, at: ExprId, asking: &FxHashMap<FnId, Vec<Ask>>) -> Vec<Ask> {
        if self.known.link(rows.class, name).is_some() {
            return Vec::new();
        }
        let methods = self.known.context.program.classes().method(rows.class, name);
        let Some(method) = methods.first() else { return Vec::new() };
        let of = |ask: &Ask| ask.root == Root::Receiver(*method);
        let asks = asking.get(method).into_iter().flatten().filter(|a| of(a));
        asks.filter_map(|ask| self.joined(rows, ask, at)).collect()
    }

    /// Functions that rows are handed to; and lists with a function for each of their rows.
    fn handed(&self, id: ExprId, args: &[ir::Arg], asking: &FxHashMap<FnId, Vec<Ask>>, found: &mut Vec<Ask>) {
        let program = self.known.context.program;
        let Some(callee) = program.call(self.here(id)) else { return };
        if let [function] = callee.functions.as_slice()
            && callee.certain
            && let Some(asks) = asking.get(function)
        {
            let item = program.function(*function);
            let skip = usize::from(item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver));
            for (at, param) in item.params.iter().enumerate().skip(skip) {
                let of: Vec<&Ask> = asks.iter().filter(|a| a.root == Root::Param(*function, at as u32)).collect();
                if of.is_empty() {
                    continue;
                }
                let arg = args.iter().find(|a| a.name.is_some_and(|n| n == param.name));
                let arg = arg.or_else(|| args.iter().filter(|a| a.name.is_none()).nth(at - skip));
                let Some(arg) = arg else { continue };
                let Some(rows) = self.known.rows(self.here(arg.value)).filter(|r| !r.is_many && !r.is_class) else {
                    continue;
                };
                found
                    .extend(of.into_iter().filter(|a| a.start == rows.class).filter_map(|a| self.joined(&rows, a, id)));
            }
        }
        // `paginate(articles, page, serialize)`, `map(serialize, articles)`
        let mut given = args.iter().filter(|a| matches!(self.module.expr(a.value).kind, ExprKind::Name(_)));
        let handed = given.find_map(|a| {
            let values = program.evaluator(self.id, self.known.context.facts).eval(a.value);
            let function = values.iter().find_map(|v| match v {
                Value::Function(function) => Some(*function),
                _ => None,
            })?;
            asking.get(&function).map(|asks| (function, asks))
        });
        let Some((function, asks)) = handed else { return };
        let lists = args.iter().filter_map(|a| {
            let list = self.here(a.value);
            self.known.rows(list).filter(|r| r.is_many).map(|rows| (list, rows))
        });
        for (list, rows) in lists {
            let element = Rows { is_many: false, ..rows }.rooted(Root::Element(list));
            let of = asks.iter().filter(|a| a.root == Root::Param(function, 0) && a.start == element.class);
            found.extend(of.filter_map(|a| self.joined(&element, a, id)));
        }
    }

    fn joined(&self, rows: &Rows, ask: &Ask, at: ExprId) -> Option<Ask> {
        let mut path = rows.path.clone();
        path.extend(ask.path.iter().copied());
        let mut via = rows.via.clone();
        via.extend(ask.via.iter().copied());
        let way = std::iter::once(ask.at).chain(ask.way.iter().copied()).collect();
        Some(Ask {
            root: rows.root.filter(|_| path.len() <= MAX_PATH)?,
            start: rows.start,
            path,
            at: self.here(at),
            way,
            is_again: ask.is_again,
            via,
            evidence: rows.evidence.min(ask.evidence),
        })
    }
}

/// Whether a method adds to a relation or takes from it.
fn changes(name: Symbol) -> bool {
    matches!(
        name.as_str(),
        "add" | "remove" | "set" | "clear" | "create" | "build" | "append" | "push" | "extend" | "new" | "delete"
    )
}
