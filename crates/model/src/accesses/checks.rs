//! Rows that are looked for and written when they are not there: two requests at once both find none.

mod decided;
mod handled;
mod keys;
mod reach;
mod sense;
mod words;

use base::{Evidence, FileRole, Span, Symbol};
use ir::{ExprId, ExprKind, Range, StmtKind, UnaryOp};
use program::{Callee, ExprRef, FnId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sql::StatementKind;

pub(in crate::accesses) use self::handled::keeps_out;
use self::keys::{keys_of, named, parts};
use self::reach::{Reach, Reached};
pub(crate) use self::words::word;
use self::words::{GENERAL, plain, words_of_call};
use super::relations::outermost_of;
use super::ways::Ways;
use super::{Access, Does, grouped, statements};
use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::Kind;

/// What is looked for, and what the answer lets happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A row, which is written when it is not there.
    Row,
    /// How many rows there are: one more is written while they are few enough.
    Limit,
    /// The highest number, which the next row has one more than.
    Next,
    /// A value that no row has, which is handed on.
    Free,
    /// A row, which the same call of a library makes when it is not there.
    GetOrCreate,
}

/// A row that is looked for, and written when it is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The function.
    pub function: FnId,
    /// What looks.
    pub read: ExprRef,
    /// What decides.
    pub decides: Span,
    /// What writes.
    pub write: ExprRef,
    /// What is written, in one word each, without a plural; the likeliest first.
    pub subjects: Vec<String>,
    /// What writes, as it is written.
    pub name: String,
    /// The columns that it is looked for by, as they are written.
    pub keys: Vec<String>,
    /// What it is looked for in, which may say more columns: `user` of `user.likes.find_by(post_id: 1)`.
    pub owners: Vec<String>,
    /// What is looked for.
    pub manner: Manner,
    /// Whether what follows speaks of a row that is there already.
    pub is_expected: bool,
    /// Whether that, what is called, or what calls this does.
    pub is_caught: bool,
    /// How sure it is.
    pub evidence: Evidence,
}

/// Finds them.
pub(super) fn collect(context: &Context<'_>, effects: &[Effect], accesses: &[Access], ways: &Ways) -> Vec<Check> {
    let locked = grouped::locked(context, effects);
    let reach = reach::reach(context, effects, accesses);
    let mut by_function = grouped::by_function(context, accesses);
    // functions that look or write by calling others
    for function in ways.of.keys().chain(reach.looks.keys()).chain(reach.writes.keys()) {
        for site in context.program.callers(*function) {
            if let Some(caller) = site.caller {
                by_function.entry(outermost_of(context, caller)).or_default();
            }
        }
    }
    let mut both: FxHashMap<FnId, Vec<ExprId>> = FxHashMap::default();
    for effect in effects.iter().filter(|e| e.kind == Kind::Clause) {
        if context.facts.record(effect.record).label.as_deref() == Some("get-or-create")
            && let Some(function) = effect.function
        {
            both.entry(outermost_of(context, function)).or_default().push(effect.call.expr);
        }
    }
    for function in both.keys() {
        by_function.entry(*function).or_default();
    }
    let is_production =
        |f: &FnId| context.sources.file(context.program.module(f.module).file).role == FileRole::Production;
    let mut functions: Vec<(FnId, Vec<u32>)> =
        by_function.into_iter().filter(|(f, _)| !locked.contains(f) && is_production(f)).collect();
    functions.sort_unstable_by_key(|(f, _)| *f);
    let mut found: Vec<Check> = functions
        .par_iter()
        .flat_map_iter(|(function, all)| {
            let module = context.program.module(function.module);
            let both = both.get(function).map_or(&[][..], Vec::as_slice);
            Reader { context, module, function: *function, accesses, all, ways, reach: &reach, both }.checks()
        })
        .collect();
    // what looks by itself once more tells it itself
    let own: FxHashSet<FnId> = found.iter().map(|c| c.function).collect();
    found.retain(|c| {
        let called = context.program.call(c.write);
        c.read == c.write || !called.is_some_and(|c| c.functions.iter().any(|f| own.contains(f)))
    });
    found
}

/// A call that looks or writes.
#[derive(Clone, Debug)]
struct Step {
    call: ExprId,
    access: Option<u32>,
    words: FxHashSet<String>,
    /// The columns, where the name of what is called says them.
    keys: Vec<String>,
    evidence: Evidence,
}

struct Reader<'c> {
    context: &'c Context<'c>,
    module: &'c ir::Module,
    function: FnId,
    accesses: &'c [Access],
    all: &'c [u32],
    ways: &'c Ways,
    reach: &'c Reach,
    /// Calls that look and write at once.
    both: &'c [ExprId],
}

/// Names of variables that say nothing of what they hold.
const ANYTHING: [&str; 12] =
    ["err", "error", "ok", "_", "result", "res", "response", "data", "exists", "count", "ret", "rows"];

impl Reader<'_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef { module: self.function.module, expr }
    }

    fn range(&self) -> Range {
        self.module.function(self.function.function).range
    }

    fn checks(&self) -> Vec<Check> {
        let (reads, writes) = self.steps();
        let mut found: Vec<Check> = Vec::new();
        if reads.is_empty() && self.both.is_empty() || self.is_guarded() {
            return found;
        }
        for write in &writes {
            let end = self.module.expr(write.call).range.end;
            let of_read = reads.iter().find_map(|read| self.check(read, write).map(|check| (check, read)));
            let Some((mut check, read)) = of_read else { continue };
            // the same look once more afterwards: what another was first with is found then
            let is_again = |r: &&Step| {
                self.module.expr(r.call).range.start > end && r.words == read.words && self.keys(r) == check.keys
            };
            let is_looked_again = reads.iter().any(|r| is_again(&r));
            check.is_expected |= is_looked_again;
            check.is_caught |= is_looked_again;
            found.push(check);
        }
        found.extend(reads.iter().filter_map(|read| self.freed(read)));
        found.extend(self.both.iter().filter_map(|call| self.at_once(*call)));
        found.sort_by_key(|c| (c.write, c.manner as u8));
        found.dedup_by_key(|c| c.read);
        found
    }

    /// A look that lets a write happen.
    fn check(&self, read: &Step, write: &Step) -> Option<Check> {
        let subjects = self.subjects(read, write)?;
        let (decides, manner) = match self.decision(read, write) {
            Some(decides) if self.is_limit(decides, read) => (decides, Manner::Limit),
            Some(decides) => (decides, Manner::Row),
            None => (self.next(read, write)?, Manner::Next),
        };
        let keys = self.keys(read);
        if keys.is_empty() && manner != Manner::Next {
            return None;
        }
        Some(Check {
            function: self.function,
            read: self.at(read.call),
            decides: self.module.span(decides),
            write: self.at(write.call),
            name: self.name(write.call).unwrap_or_else(|| subjects[0].clone()),
            subjects,
            owners: self.owners(read),
            keys,
            manner,
            is_expected: self.is_taken_care_of(write.call),
            is_caught: self.is_caught(write.call),
            evidence: read.evidence.min(write.evidence),
        })
    }

    /// Whether the function's own name says that it looks and makes what is not there.
    fn is_get_or_create(&self) -> bool {
        let name = self.module.function(self.function.function).name;
        name.is_some_and(|n| {
            let plain = plain(n.as_str());
            ["orcreate", "ornew", "orinsert", "oradd", "ensure", "createifnot", "orregister"]
                .iter()
                .any(|w| plain.contains(w))
        })
    }

    /// What both are about: words that both say, or a variable that holds what either gives.
    fn subjects(&self, read: &Step, write: &Step) -> Option<Vec<String>> {
        // `ts` of Go's `(ts *TagService)` is no word
        let item = self.module.function(self.function.function);
        let own = item.params.iter().filter(|p| p.kind == ir::ParamKind::Receiver).map(|p| plain(p.name.as_str()));
        let own: Vec<String> = own.collect();
        let both = read.words.intersection(&write.words);
        let mut same: Vec<String> = both.filter(|w| w.len() > 2 && !own.contains(w)).cloned().collect();
        same.sort();
        if same.is_empty() && self.is_get_or_create() {
            same = read.words.iter().filter(|w| w.len() > 2).cloned().collect();
            same.extend(self.word_of_class(self.function));
            same.sort();
        }
        if same.is_empty() {
            let held = self.names_of(read);
            let is_same = |n: &&Symbol| !ANYTHING.contains(&n.as_str()) && held.contains(*n);
            let kept = self.names_of(write);
            let mut names: Vec<String> = kept.iter().filter(is_same).map(|n| word(n.as_str())).collect();
            names.sort();
            same = names;
        }
        (!same.is_empty()).then_some(same)
    }

    fn name(&self, call: ExprId) -> Option<String> {
        let ExprKind::Call { callee, .. } = &self.module.expr(call).kind else { return None };
        self.module.dotted(*callee)
    }

    /// What looks for rows and what writes new ones, in order of place.
    fn steps(&self) -> (Vec<Step>, Vec<Step>) {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let mut commits = None;
        for at in self.all {
            let access = &self.accesses[*at as usize];
            let call = access.call.expr;
            if self.both.contains(&call) {
                continue;
            }
            let step = || {
                let mut words = self.words(access);
                // `find_by(…)` of the class itself
                if words.is_empty() && self.is_bare(call) {
                    words.extend(self.word_of_class(self.function));
                }
                Step { call, access: Some(*at), words, keys: Vec::new(), evidence: access.evidence }
            };
            match access.does {
                Does::One | Does::Count if !access.is_lazy => reads.push(step()),
                Does::List if access.is_filtered => reads.push(step()),
                Does::Insert if !self.is_upsert(access) => writes.push(step()),
                Does::Update if matches!(&self.module.expr(call).kind, ExprKind::Call { args, .. } if args.is_empty()) =>
                {
                    commits = Some(*at);
                }
                _ => {}
            }
        }
        for (call, item) in self.module.exprs_within(self.range()) {
            let ExprKind::Call { callee, .. } = &item.kind else { continue };
            // `session.add(user)`, sent by the commit that follows
            if let (Some(commit), ExprKind::Member { name, .. }) = (commits, &self.module.expr(*callee).kind)
                && is_add(name.as_str())
                && adds_to_session(self.module, call)
            {
                let words = words_of_call(self.module, call);
                let evidence = self.accesses[commit as usize].evidence;
                writes.push(Step { call, access: Some(commit), words, keys: Vec::new(), evidence });
            }
            let here = self.at(call);
            if self.all.iter().any(|a| self.accesses[*a as usize].call == here) {
                continue;
            }
            let Some(called) = self.context.program.call(here).filter(|c| c.functions.len() == 1) else {
                continue;
            };
            let name = called.name.map(|n| n.as_str().to_owned()).unwrap_or_default();
            let first = parts(&name).into_iter().next().unwrap_or_default();
            const WRITES: [&str; 9] =
                ["create", "insert", "add", "save", "register", "store", "new", "persist", "make"];
            match WRITES.contains(&first.as_str()) {
                true => writes.extend(self.writing(call, called, &name)),
                false => reads.extend(self.looking(call, called, &name)),
            }
        }
        reads.sort_by_key(|s| self.module.expr(s.call).range.start);
        writes.sort_by_key(|s| self.module.expr(s.call).range.start);
        (reads, writes)
    }

    /// Whether a call is of a name alone.
    fn is_bare(&self, call: ExprId) -> bool {
        matches!(&self.module.expr(call).kind, ExprKind::Call { callee, .. }
            if matches!(self.module.expr(*callee).kind, ExprKind::Name(_)))
    }

    /// A call of a function that looks for a row.
    fn looking(&self, call: ExprId, called: &Callee, name: &str) -> Option<Step> {
        const LOOKS: [&str; 9] = ["find", "get", "exist", "has", "is", "check", "by", "count", "lookup"];
        let function = called.functions[0];
        let said = named(name);
        let plain = plain(name);
        let direct = self.ways.access(function).filter(|a| {
            matches!(self.accesses[*a as usize].does, Does::One | Does::Count)
                && called.certain
                && LOOKS.iter().any(|w| plain.starts_with(w))
        });
        let reached = match (self.reach.looks.get(&function), direct) {
            (_, Some(access)) => Reached { access: Some(access), is_own: true },
            (Some(reached), None) if said.is_some() => *reached,
            _ => return None,
        };
        // what makes the row itself when it is not there
        if plain.contains("create") || self.reach.writes.contains_key(&function) {
            return None;
        }
        let mut words = self.words_of_called(call, &reached);
        let subject = said.as_ref().and_then(|s| s.subject.clone());
        words.extend(subject.or_else(|| self.word_of_class(function)));
        let keys = match said {
            Some(said) if plain.contains("by") || plain.contains("with") => self.split_by_params(function, said.keys),
            Some(said) => Some(self.names_given(call)).filter(|k| !k.is_empty()).unwrap_or(said.keys),
            None => Vec::new(),
        };
        let evidence = self.evidence(called, reached);
        Some(Step { call, access: reached.access.filter(|_| reached.is_own), words, keys, evidence })
    }

    /// `get_by_type_currency_customer(type, currency, customer)` asks by three columns.
    fn split_by_params(&self, function: FnId, keys: Vec<String>) -> Vec<String> {
        let [all] = keys.as_slice() else { return keys };
        let params = self.context.program.function(function).params.iter().map(|p| plain(p.name.as_str()));
        let mut rest = all.as_str();
        let mut found = Vec::new();
        for param in params.filter(|p| !p.is_empty()) {
            if let Some(after) = rest.strip_prefix(param.as_str()) {
                rest = after;
                found.push(param);
            }
        }
        if rest.is_empty() && found.len() > 1 { found } else { keys }
    }

    /// A call of a function that writes a new row.
    fn writing(&self, call: ExprId, called: &Callee, name: &str) -> Option<Step> {
        let function = called.functions[0];
        let reached = self.reach.writes.get(&function).copied()?;
        let mut words = self.words_of_called(call, &reached);
        let all = parts(name);
        let ends =
            |p: &String| matches!(p.as_str(), "by" | "with" | "from" | "for" | "in" | "if" | "to" | "async" | "and");
        let end = all.iter().position(ends).unwrap_or(all.len());
        let what = word(&all.get(1..end).unwrap_or_default().concat());
        match what.is_empty() || matches!(what.as_str(), "new" | "one" | "entity") {
            true => words.extend(self.word_of_class(function)),
            false => words.extend([what]),
        }
        let evidence = self.evidence(called, reached);
        Some(Step { call, access: reached.access, words, keys: Vec::new(), evidence })
    }

    fn evidence(&self, called: &Callee, reached: Reached) -> Evidence {
        let of_access = reached.access.map_or(Evidence::Suspected, |a| self.accesses[a as usize].evidence);
        if called.certain { of_access } else { Evidence::Suspected }
    }

    /// What a function that is called is about: what it sends itself, and what it is given.
    fn words_of_called(&self, call: ExprId, reached: &Reached) -> FxHashSet<String> {
        let mut words = words_of_call(self.module, call);
        if let Some(access) = reached.access.filter(|_| reached.is_own) {
            words.extend(self.words(&self.accesses[access as usize]));
        }
        words
    }

    /// What the class is about that a method is called on: `UserRepository` is about users.
    fn word_of_class(&self, function: FnId) -> Option<String> {
        let class = self.context.program.classes().class_of(function)?;
        let word = word(self.context.program.class(class).name.as_str());
        (!GENERAL.contains(&word.as_str()) && word.len() > 2).then_some(word)
    }

    /// The names of what a call is given.
    fn names_given(&self, call: ExprId) -> Vec<String> {
        let ExprKind::Call { args, .. } = &self.module.expr(call).kind else { return Vec::new() };
        let mut found = Vec::new();
        for arg in args {
            let name = match &self.module.expr(arg.value).kind {
                _ if arg.name.is_some() => arg.name,
                ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
                _ => None,
            };
            let name = name.map(|n| plain(n.as_str())).unwrap_or_default();
            if !name.is_empty() && !GENERAL.contains(&name.as_str()) {
                found.push(name);
            }
        }
        found
    }

    fn is_upsert(&self, access: &Access) -> bool {
        let record = self.context.facts.record(access.record);
        let text = self.context.sources.text(access.span);
        let plain = text.to_ascii_lowercase().replace(['_', ' ', '\n'], "");
        if [
            "onconflict",
            "onduplicate",
            "insertignore",
            "insertorignore",
            "insertorreplace",
            "upsert",
            "notexists",
            "ignoreduplicates",
            "ignoreconflicts",
            "updateorcreate",
            "skipduplicates",
            "doesnotexist",
        ]
        .iter()
        .any(|w| plain.contains(w))
        {
            return true;
        }
        let written = statements::written(self.context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
        let statement = sql::parse(&written, sql::Dialect::Generic);
        matches!(statement.first().map(|s| &s.kind), Some(StatementKind::Query(query)) if query.upsert.is_some() || query.rows == 0 && !query.subqueries.is_empty())
    }

    /// What the rows of an access are.
    fn words(&self, access: &Access) -> FxHashSet<String> {
        let program = self.context.program;
        let record = self.context.facts.record(access.record);
        if record.access == Some(crate::facts::AccessFact::Statement) {
            let text = statements::written(self.context, access.call, record.arg.unwrap_or(0)).unwrap_or_default();
            let parsed = sql::parse(&text, sql::Dialect::Generic);
            if let Some(StatementKind::Query(query)) = parsed.first().map(|s| &s.kind) {
                let first = query.written_table().or(query.tables.first());
                return first.map(|t| word(&t.name.name)).into_iter().collect();
            }
            return FxHashSet::default();
        }
        // a method that a declaration stands for: `UserRepository.findByEmail`
        if record.access == Some(crate::facts::AccessFact::Declared) {
            let class = access.name.rsplit_once('.').map_or("", |(class, _)| class);
            return [word(class)].into_iter().filter(|w| !GENERAL.contains(&w.as_str())).collect();
        }
        words_of_call(program.module(access.call.module), access.call.expr)
    }

    /// Names that hold what a call found.
    fn names_of(&self, read: &Step) -> FxHashSet<Symbol> {
        let mut names = FxHashSet::default();
        let range = self.module.expr(read.call).range;
        let mut bind = |target: ExprId, value: ExprId| {
            let item = self.module.expr(value);
            if item.range.contains(range) && !self.is_in_lambda(value, range) {
                for (_, e) in self.module.exprs_within(self.module.expr(target).range) {
                    if let ExprKind::Name(name) = e.kind {
                        names.insert(name);
                    }
                }
            }
        };
        for stmt in self.module.stmts().filter(|s| self.range().contains(s.range)) {
            if let StmtKind::Assign { target, value: Some(value), .. } = stmt.kind {
                bind(target, value);
            }
        }
        for (_, item) in self.module.exprs_within(self.range()) {
            if let ExprKind::Assign { target, op: None, value } = item.kind {
                bind(target, value);
            }
        }
        // `db.First(&user)`, `db.QueryRow(…).Scan(&count)`
        let start = range.start;
        let links =
            self.module.exprs_within(self.range()).filter(|(_, e)| e.range.start == start && e.range.end >= range.end);
        for (_, item) in links {
            let ExprKind::Call { args, .. } = &item.kind else { continue };
            for arg in args {
                if let ExprKind::Unary { op: UnaryOp::Ref, operand } = self.module.expr(arg.value).kind
                    && let ExprKind::Name(name) = self.module.expr(operand).kind
                {
                    names.insert(name);
                }
            }
        }
        names
    }

    fn is_in_lambda(&self, value: ExprId, range: Range) -> bool {
        let outer = self.module.expr(value).range;
        self.module.functions().any(|(_, f)| outer.contains(f.range) && f.range.contains(range) && f.range != outer)
            || matches!(self.module.expr(value).kind, ExprKind::Lambda(_))
    }

    /// The columns that rows are looked for by.
    fn keys(&self, read: &Step) -> Vec<String> {
        let mut keys = read.keys.clone();
        if let Some(access) = read.access.filter(|_| keys.is_empty()) {
            let access = &self.accesses[access as usize];
            keys = keys_of(self.context, self.context.program.module(access.call.module), access);
        }
        cleaned(keys)
    }

    /// What rows are looked for in: `user` of `user.likes.find_by(post_id: 1)`.
    fn owners(&self, read: &Step) -> Vec<String> {
        let mut owners: Vec<String> = words_of_call(self.module, read.call).into_iter().collect();
        owners.sort();
        owners
    }
}

fn cleaned(mut keys: Vec<String>) -> Vec<String> {
    // what is found by its own key is no duplicate
    if keys.iter().any(|k| matches!(plain(k).as_str(), "id" | "pk" | "uuid" | "guid")) {
        return Vec::new();
    }
    keys.retain(|k| !matches!(plain(k).as_str(), "isdeleted" | "deletedat" | "deleted" | ""));
    keys.sort();
    keys.dedup();
    keys
}

/// `add`, `persist`: what it is given is written with the rest.
fn is_add(name: &str) -> bool {
    matches!(name, "add" | "Add" | "AddAsync" | "persist")
}

/// Whether a call adds one thing to a session of the database.
fn adds_to_session(module: &ir::Module, call: ExprId) -> bool {
    let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return false };
    let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { return false };
    args.len() == 1
        && module.dotted(*object).is_some_and(|d| {
            let plain = d.to_ascii_lowercase();
            plain.ends_with("session") || plain.contains("context") || plain.ends_with("em")
        })
}
