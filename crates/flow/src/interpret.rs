//! Follows values through one function, statement by statement.

use base::{Language, Span, Symbol};
use ir::{Block, ExprId, ExprKind, FunctionId, Literal, Module, ParamKind, StmtId, StmtKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Event, Holds, Kind, Kinds, Meaning, Semantics, Sink, Source, Step,
    places::is_asked,
    strings::cleared_by_string,
    summaries::{Known, Slot, Slots, Summary},
    types::is_harmless,
    value::{Constant, From, Key, Path, THIS, Taint, Value, Way},
};

/// Expressions that are looked at in one function, before the rest is left out.
const BUDGET: u32 = 60_000;

pub type Env = FxHashMap<Symbol, Value>;

/// Whether what follows a statement is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    Goes,
    Leaves,
}

/// The state of following one function.
pub struct Run<'a> {
    pub program: &'a Program,
    pub semantics: &'a dyn Semantics,
    pub known: &'a Known,
    pub slots: &'a Slots,
    pub module: &'a Module,
    pub id: ModuleId,
    pub function: Option<FunctionId>,
    pub class: Option<ClassRef>,
    pub env: Env,
    pub out: Summary,
    pub budget: u32,
    pub depth: u32,
    /// What holds where a loop or switch was left from within.
    broken: Option<Env>,
    /// Whether a `return` was seen: what comes later may be given back too.
    pub has_returned: bool,
    /// Names that were given another value.
    pub renewed: FxHashSet<Symbol>,
    /// Variables that hold an address taken apart, with the text that it was.
    pub parsed: FxHashMap<Symbol, ExprId>,
    /// Variables that hold the host of an address, with its text.
    pub hosts: FxHashMap<Symbol, ExprId>,
    /// Variables that hold where a path lies from another: the call that gave it.
    pub relatives: FxHashMap<Symbol, ExprId>,
    /// What variables were given last.
    pub given: FxHashMap<Symbol, ExprId>,
    /// Functions within this one that are being followed with the variables around them.
    pub closures: Vec<FunctionId>,
    pub this: Symbol,
}

impl<'a> Run<'a> {
    pub fn new(
        program: &'a Program,
        semantics: &'a dyn Semantics,
        known: &'a Known,
        slots: &'a Slots,
        id: ModuleId,
    ) -> Self {
        Self {
            program,
            semantics,
            known,
            slots,
            module: program.module(id),
            id,
            function: None,
            class: None,
            env: Env::default(),
            out: Summary::default(),
            budget: BUDGET,
            depth: 0,
            broken: None,
            has_returned: false,
            renewed: FxHashSet::default(),
            parsed: FxHashMap::default(),
            hosts: FxHashMap::default(),
            relatives: FxHashMap::default(),
            given: FxHashMap::default(),
            closures: Vec::new(),
            this: Symbol::new("this"),
        }
    }

    /// Follows one function on its own.
    pub fn function(mut self, function: FunctionId) -> Summary {
        self.function = Some(function);
        self.class = self.program.classes().class_of(FnId { module: self.id, function });
        self.env.insert(self.this, Value::of(From::Param(THIS, Path::default())));
        let item = self.module.function(function);
        let mut number: u8 = 0;
        for (at, param) in item.params.iter().enumerate() {
            if param.kind == ParamKind::Receiver {
                continue;
            }
            let whole = From::Param(number, Path::default());
            let value = self.entering(function, at, param, Value::of(whole));
            if param.pattern.is_none() && value.taints.iter().any(|t| t.from == whole) {
                self.out.entered.push(number);
            }
            self.bind_param(param, value);
            number = number.saturating_add(1).min(THIS - 1);
        }
        match &item.body {
            Some(body) => {
                self.block(body);
            }
            None => self.declared(function),
        }
        self.finish(function)
    }

    /// What the declaration of a function without code does with its parameters.
    fn declared(&mut self, function: FunctionId) {
        let semantics = self.semantics;
        for declared in semantics.of_declaration(FnId { module: self.id, function }) {
            let path = declared.part.map_or_else(Path::default, |part| Path::default().then(Key::Name(part)));
            let sink = Sink { kind: declared.kind, at: declared.at, record: declared.record };
            self.reach(sink, From::Param(declared.param, path), Kinds::NONE, &Way::default());
        }
    }

    /// Follows what stands outside any function.
    pub fn top(mut self) -> Summary {
        let module = self.module;
        self.block(&module.body);
        for (_, class) in module.classes() {
            self.block(&class.body);
            for field in &class.fields {
                if let Some(init) = field.init {
                    self.eval(init);
                }
            }
        }
        let kept: Vec<(Symbol, Value)> =
            self.env.iter().filter(|(_, v)| v.is_from_outside()).map(|(n, v)| (*n, v.clone())).collect();
        for (name, value) in kept {
            self.keep(Slot::Global(self.id, name), &value);
        }
        self.out.kept.sort_by_key(|(slot, _)| *slot);
        self.out
    }

    /// What a parameter holds when the function is entered from outside.
    pub fn entering(&mut self, function: FunctionId, at: usize, param: &ir::Param, otherwise: Value) -> Value {
        if param.annotations.iter().any(|a| self.semantics.is_checking(ExprRef { module: self.id, expr: *a })) {
            return Value::default();
        }
        if param.ty.is_some_and(|t| is_harmless(self.program, self.id, t)) {
            return Value::default();
        }
        let span = self.module.span(param.range);
        let id = FnId { module: self.id, function };
        match self.semantics.of_param(id, at) {
            Holds::Unknown => otherwise,
            // what others of the class have checked before they call it
            Holds::Request(_) | Holds::Data(_) if self.is_asked_by_own(id) => otherwise,
            Holds::Clean => Value::default(),
            Holds::Request(ty) => Value::of(From::Request(ty)),
            Holds::Data(place) => self.typed(Value::of(From::Outside(Source::of(place, span))), param.ty, 0),
            Holds::Named(place, name) => {
                let source = Source { name: Some(name), ..Source::of(place, span) };
                self.typed(Value::of(From::Outside(source)), param.ty, 0)
            }
        }
    }

    /// `if (base != null) checkPath(path);`: without a base there is no folder to stay in.
    fn is_given_a_base(&self, cond: ExprId, then: &ir::Block) -> bool {
        let module = self.module;
        let ExprKind::Binary { op: ir::BinaryOp::Ne, left, right } = &module.expr(cond).kind else { return false };
        let ExprKind::Name(name) = module.expr(*left).kind else { return false };
        matches!(module.expr(*right).kind, ExprKind::Literal(ir::Literal::Null))
            && self.is_parameter(name)
            && then.iter().all(|stmt| match &module.stmt(*stmt).kind {
                StmtKind::Expr(expr) => matches!(&module.expr(*expr).kind, ExprKind::Call { callee, .. }
                    if matches!(&module.expr(*callee).kind, ExprKind::Name(n) | ExprKind::Member { name: n, .. }
                        if !crate::conditions::seen_to(n.as_str(), &["check", "ensure", "valid", "verify"]).is_none())),
                _ => false,
            })
    }

    /// Whether a function is called by its own class only, which gives it what it got itself.
    fn is_asked_by_own(&self, function: FnId) -> bool {
        self.module.language == Language::CSharp
            && self.program.function(function).visibility == ir::Visibility::Private
            && !self.program.callers(function).is_empty()
    }

    /// Outside data of a declared class: fields of harmless types are harmless.
    fn typed(&self, mut value: Value, ty: Option<ir::TypeId>, depth: u32) -> Value {
        let Some(ty) = ty else { return value };
        if crate::types::is_text(self.module, ty) {
            return value.cleared(cleared_by_string());
        }
        self.tuple_of(&mut value, ty);
        let Some(class) = self.class_of_type(self.id, ty) else {
            // a pipe or schema lets only strings through where a string is declared
            let is_text = self.module.language.is_ecmascript() && is_string(self.module, ty);
            return if is_text { value.cleared(cleared_by_string()) } else { value };
        };
        if self.module.language.is_ecmascript() || self.module.language == Language::Python {
            // the class says which fields there are
            value = value.cleared(Kinds::only(Kind::MassAssignment));
        }
        let holder = match crate::types::is_collection(self.module, ty) {
            true => value.part_mut(Key::Any),
            false => &mut value,
        };
        self.fields_of(holder, class, depth);
        // a declared body has the declared fields only
        match self.module.language {
            Language::Python => value.cleared(Kinds::only(Kind::MassAssignment)),
            _ => value,
        }
    }

    pub fn class_of_type(&self, id: ModuleId, ty: ir::TypeId) -> Option<ClassRef> {
        match &self.program.module(id).ty(ty).kind {
            ir::TypeKind::Named { path, args } => self
                .program
                .class_named(id, *path)
                .or_else(|| args.first().and_then(|inner| self.class_of_type(id, *inner))),
            ir::TypeKind::Ref(inner) | ir::TypeKind::Optional(inner) | ir::TypeKind::Array(inner) => {
                self.class_of_type(id, *inner)
            }
            _ => None,
        }
    }

    /// `Path<(Uuid, String)>`: places of harmless types are harmless.
    fn tuple_of(&self, value: &mut Value, ty: ir::TypeId) {
        match &self.module.ty(ty).kind {
            ir::TypeKind::Named { args, .. } if args.len() == 1 => self.tuple_of(value, args[0]),
            ir::TypeKind::Tuple(items) => {
                for (at, item) in items.iter().enumerate() {
                    if is_harmless(self.program, self.id, *item) {
                        value.put(Key::Index(at as u32), Value::default());
                        value.put(Key::Name(Symbol::new(&at.to_string())), Value::default());
                    }
                }
            }
            _ => {}
        }
    }

    pub fn fields_of(&self, value: &mut Value, class: ClassRef, depth: u32) {
        for class in self.program.classes().lineage(class) {
            let Some(info) = self.program.classes().info(class) else { continue };
            for part in &info.parts {
                for field in &self.program.class(*part).fields {
                    let Some(ty) = field.ty else { continue };
                    let module = self.program.module(part.module);
                    let checks = |a: &ExprId| self.semantics.is_checking(ExprRef { module: part.module, expr: *a });
                    if is_harmless(self.program, part.module, ty) || field.annotations.iter().any(checks) {
                        value.put(Key::Name(field.name), Value::default());
                    } else if crate::types::is_text(module, ty)
                        || module.language.is_ecmascript() && is_string(module, ty)
                    {
                        let text = value.part(Key::Name(field.name)).cleared(cleared_by_string());
                        value.put(Key::Name(field.name), text);
                    } else if depth < 2
                        && let Some(inner) = self.class_of_type(part.module, ty)
                        && inner != class
                    {
                        let mut holder = value.part_mut(Key::Name(field.name));
                        if crate::types::is_collection(module, ty) {
                            holder = holder.part_mut(Key::Any);
                        }
                        self.fields_of(holder, inner, depth + 1);
                    }
                }
                self.validated(value, *part);
            }
        }
    }

    /// What methods of a class check before its fields are set: `@field_validator("locale")`.
    fn validated(&self, value: &mut Value, class: ClassRef) {
        let module = self.program.module(class.module);
        for (function, item) in module.functions().filter(|(_, f)| f.class == Some(class.class)) {
            for annotation in &item.annotations {
                let ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { continue };
                let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else {
                    continue;
                };
                if !matches!(name.as_str(), "field_validator" | "validator" | "validates") {
                    continue;
                }
                let known = self.known.of(FnId { module: class.module, function });
                let checks = known.and_then(|s| s.checks.iter().find(|(number, _)| *number == 0));
                let Some((_, kinds)) = checks else { continue };
                for field in args.iter().filter_map(|a| module.string(a.value)) {
                    let part = value.part(Key::Name(field)).cleared(*kinds);
                    value.put(Key::Name(field), part);
                }
            }
        }
    }

    pub fn bind_param(&mut self, param: &ir::Param, value: Value) {
        match param.pattern {
            Some(pattern) => self.assign(pattern, value, None),
            None => {
                self.env.insert(param.name, value);
            }
        }
    }

    fn finish(mut self, function: FunctionId) -> Summary {
        let item = self.module.function(function);
        let mut names: Vec<(u8, Symbol, bool)> = vec![(THIS, self.this, true)];
        let params = item.params.iter().filter(|p| p.kind != ParamKind::Receiver);
        names.extend(params.enumerate().map(|(at, p)| ((at as u8).min(THIS - 1), p.name, false)));
        for (number, name, is_this) in names {
            let Some(value) = self.env.get(&name) else { continue };
            let own = |t: &Taint| matches!(t.from, From::Param(p, _) if p == number);
            let whole = From::Param(number, Path::default());
            if !is_this && !self.renewed.contains(&name) && self.out.entered.contains(&number) {
                // what is still there of the parameter was checked for these
                let checks = value.taints.iter().find(|t| t.from == whole).map_or(Kinds::ALL, |t| t.cleared);
                if checks != Kinds::NONE {
                    self.out.checks.push((number, checks));
                }
            }
            let changed = value.parts().iter().any(|(_, p)| p.flat().taints.iter().any(|t| !own(t)) || !p.parts().is_empty())
                // a parameter that is given another value says nothing to the caller
                || is_this && value.taints.iter().any(|t| !own(t))
                || !is_this && value.taints.iter().any(own) && value.taints.iter().any(|t| !own(t));
            if changed {
                self.out.changes.push((number, value.clone()));
            }
        }
        self.out.is_cut |= self.budget == 0;
        self.out.kept.sort_by_key(|(slot, _)| *slot);
        self.out
    }

    pub fn span(&self, expr: ExprId) -> Span {
        self.module.expr_span(expr)
    }

    pub fn step(&self, expr: ExprId, event: Event) -> Step {
        Step { span: self.span(expr), event }
    }

    pub fn block(&mut self, block: &Block) -> After {
        for stmt in block {
            if self.stmt(*stmt) == After::Leaves {
                return After::Leaves;
            }
        }
        After::Goes
    }

    /// Two ways of going on; both come together afterwards.
    fn branch(&mut self, first: impl FnOnce(&mut Self) -> After, second: impl FnOnce(&mut Self) -> After) -> After {
        let before = self.env.clone();
        let one = first(self);
        let after_one = std::mem::replace(&mut self.env, before);
        let two = second(self);
        match (one, two) {
            (After::Leaves, After::Leaves) => After::Leaves,
            (After::Leaves, After::Goes) => After::Goes,
            (After::Goes, After::Leaves) => {
                self.env = after_one;
                After::Goes
            }
            (After::Goes, After::Goes) => {
                self.merge(&after_one);
                After::Goes
            }
        }
    }

    pub fn merge(&mut self, other: &Env) {
        // what was found out on one way only is not known afterwards
        self.env.retain(|name, _| !is_asked(*name) || other.contains_key(name));
        for (name, value) in &mut self.env {
            if !other.contains_key(name) {
                value.constant = None;
            }
        }
        for (name, value) in other {
            match self.env.get_mut(name) {
                Some(known) => known.join(value),
                None if is_asked(*name) => {}
                None => {
                    let mut value = value.clone();
                    value.constant = None;
                    self.env.insert(*name, value);
                }
            }
        }
    }

    pub fn stmt(&mut self, id: StmtId) -> After {
        let module = self.module;
        match &module.stmt(id).kind {
            StmtKind::Assign { target, ty, op, value, .. } => {
                let mut given = match value {
                    Some(value) => self.eval(*value),
                    None => Value::default(),
                };
                if ty.is_some_and(|t| is_harmless(self.program, self.id, t)) {
                    given = given.only_constant();
                }
                if value.is_some() {
                    if let Some(op) = op {
                        let before = self.eval(*target);
                        given = self.combined(*op, *target, before, given);
                    }
                    self.assign(*target, given, *value);
                } else if let ExprKind::Name(name) = module.expr(*target).kind {
                    self.env.insert(name, Value::default());
                }
                After::Goes
            }
            StmtKind::Expr(e) => {
                self.eval(*e);
                self.demanded(*e);
                self.ends(*e)
            }
            StmtKind::Defer(e) | StmtKind::Spawn(e) => {
                self.eval(*e);
                After::Goes
            }
            StmtKind::Assert(e) => {
                self.eval(*e);
                self.refine(*e, true);
                After::Goes
            }
            StmtKind::If { cond, then, otherwise } => match self.decided(*cond) {
                Some(true) => self.block(then),
                Some(false) => self.block(otherwise),
                None if otherwise.is_empty() && self.is_given_a_base(*cond, then) => {
                    self.refine(*cond, true);
                    self.block(then)
                }
                None => self.branch(
                    |run| {
                        run.refine(*cond, true);
                        run.block(then)
                    },
                    |run| {
                        run.refine(*cond, false);
                        run.block(otherwise)
                    },
                ),
            },
            StmtKind::Loop { pattern, iter, cond, body } => self.repeat(*pattern, *iter, *cond, body),
            StmtKind::Switch { subject, arms } => self.switch(*subject, arms),
            StmtKind::Try { body, catches, finally } => self.attempt(body, catches, finally),
            StmtKind::With { resources, body } => {
                self.block(resources);
                self.block(body)
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let given = self.eval(*value);
                    self.returned(given, Some(*value));
                }
                After::Leaves
            }
            StmtKind::Throw(value) => {
                if let Some(value) = value {
                    self.eval(*value);
                }
                After::Leaves
            }
            StmtKind::Break | StmtKind::Continue => {
                let here = self.env.clone();
                self.broken = Some(match self.broken.take() {
                    None => here,
                    Some(before) => {
                        let now = std::mem::replace(&mut self.env, before);
                        self.merge(&here);
                        std::mem::replace(&mut self.env, now)
                    }
                });
                After::Leaves
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) => After::Goes,
        }
    }

    /// Whether a condition is the same every time.
    pub fn decided(&mut self, cond: ExprId) -> Option<bool> {
        match self.eval(cond).constant {
            Some(Constant::Bool(decided)) => Some(decided),
            _ => None,
        }
    }

    /// Whether a call comes back.
    fn ends(&self, expr: ExprId) -> After {
        let meanings = self.semantics.of_call(ExprRef { module: self.id, expr });
        match meanings.iter().any(|m| matches!(m, Meaning::Ends)) {
            true => After::Leaves,
            false => After::Goes,
        }
    }

    fn repeat(&mut self, pattern: Option<ExprId>, iter: Option<ExprId>, cond: Option<ExprId>, body: &Block) -> After {
        let items = iter.map(|iter| self.eval(iter));
        let outer = self.broken.take();
        // twice: what one round keeps the next may use
        for _ in 0..2 {
            let before = self.env.clone();
            if let Some(cond) = cond {
                self.eval(cond);
                self.refine(cond, true);
            }
            if let (Some(pattern), Some(items)) = (pattern, &items) {
                self.bind_element(pattern, items);
            }
            self.block(body);
            self.merge(&before);
            if let Some(broken) = self.broken.take() {
                self.merge(&broken);
            }
        }
        self.broken = outer;
        After::Goes
    }

    fn attempt(&mut self, body: &Block, catches: &[ir::Catch], finally: &Block) -> After {
        let before = self.env.clone();
        let ends = self.block(body);
        let after = self.env.clone();
        let mut all: Option<Env> = (ends == After::Goes).then(|| after.clone());
        for catch in catches {
            self.env = before.clone();
            self.merge(&after);
            if let Some(name) = catch.binding {
                self.env.insert(name, Value::default());
            }
            if self.block(&catch.body) == After::Goes {
                all = Some(match all {
                    None => self.env.clone(),
                    Some(known) => {
                        let caught = std::mem::replace(&mut self.env, known);
                        self.merge(&caught);
                        self.env.clone()
                    }
                });
            }
        }
        let goes = all.is_some();
        self.env = all.unwrap_or(after);
        match self.block(finally) == After::Leaves || !goes {
            true => After::Leaves,
            false => After::Goes,
        }
    }

    pub fn returned(&mut self, value: Value, at: Option<ExprId>) {
        if let (Some(function), Some(at)) = (self.function, at) {
            for meaning in self.semantics.of_return(FnId { module: self.id, function }, at) {
                if let Meaning::Sink { kind, record, .. } = meaning {
                    self.reaches(Sink { kind, at: ExprRef { module: self.id, expr: at }, record }, &value);
                }
            }
        }
        if self.has_returned {
            self.out.returns.join(&value);
        } else {
            self.out.returns = value;
            self.has_returned = true;
        }
    }

    pub fn bind_element(&mut self, pattern: ExprId, items: &Value) {
        let element = self.part(items, Key::Any, pattern);
        match &self.module.expr(pattern).kind {
            // `for key, value in map`; entries that are told apart bring both
            ExprKind::List(names) if names.len() == 2 && element.parts().iter().all(|(k, _)| *k != Key::Index(1)) => {
                let (first, second) = (names[0], names[1]);
                let by_place = self.module.language == Language::Go;
                let mut key = items.flat();
                key.constant = None;
                self.assign(first, if by_place { Value::default() } else { key }, None);
                self.assign(second, element, None);
            }
            _ => self.assign(pattern, element, None),
        }
    }

    fn switch(&mut self, subject: Option<ExprId>, arms: &[ir::Arm]) -> After {
        let value = subject.map(|s| self.eval(s));
        let outer = self.broken.take();
        if let Some(known) = value.as_ref().and_then(|v| v.constant) {
            let after = self.taken_arm(known, arms);
            if let Some(after) = after {
                if let Some(broken) = self.broken.take() {
                    match after {
                        After::Leaves => self.env = broken,
                        After::Goes => self.merge(&broken),
                    }
                    self.broken = outer;
                    return After::Goes;
                }
                self.broken = outer;
                return after;
            }
        }
        let mut before = self.env.clone();
        let mut ends: Option<Env> = None;
        let mut falls: Option<Env> = None;
        let mut has_default = false;
        for arm in arms {
            has_default |= arm.patterns.is_empty() && arm.guard.is_none();
            self.env = before.clone();
            if let Some(falls) = falls.take() {
                self.merge(&falls);
            }
            for pattern in &arm.patterns {
                if let (Some(subject), Some(value)) = (subject, &value) {
                    self.match_pattern(*pattern, subject, value);
                } else {
                    self.eval(*pattern);
                    self.refine(*pattern, true);
                }
            }
            if let Some(guard) = arm.guard {
                self.eval(guard);
                self.refine(guard, true);
            }
            if self.block(&arm.body) == After::Goes {
                if falls_through(self.module.language) {
                    falls = Some(self.env.clone());
                }
                self.join_into(&mut ends);
            }
            if subject.is_none() && arm.guard.is_none() {
                // `switch { case strings.Contains(name, ".."): return … }`: what comes later is not that
                self.env = before;
                arm.patterns.iter().for_each(|pattern| self.refine(*pattern, false));
                before = std::mem::take(&mut self.env);
            }
        }
        if let Some(broken) = self.broken.take() {
            self.env = broken;
            self.join_into(&mut ends);
        }
        self.broken = outer;
        match (ends, has_default) {
            (None, true) if !arms.is_empty() => After::Leaves,
            (None, _) => {
                self.env = before;
                After::Goes
            }
            (Some(ends), has_default) => {
                self.env = ends;
                if !has_default {
                    self.merge(&before);
                }
                After::Goes
            }
        }
    }

    fn join_into(&mut self, all: &mut Option<Env>) {
        let here = std::mem::take(&mut self.env);
        *all = Some(match all.take() {
            None => here,
            Some(known) => {
                self.env = known;
                self.merge(&here);
                std::mem::take(&mut self.env)
            }
        });
    }

    /// A constant subject takes one arm.
    fn taken_arm(&mut self, known: Constant, arms: &[ir::Arm]) -> Option<After> {
        let mut chosen = None;
        for (at, arm) in arms.iter().enumerate() {
            for pattern in &arm.patterns {
                if chosen.is_none() && self.eval(*pattern).constant == Some(known) {
                    chosen = Some(at);
                }
            }
        }
        let at = chosen.or_else(|| arms.iter().position(|a| a.patterns.is_empty()))?;
        let mut after = After::Goes;
        for arm in &arms[at..] {
            after = self.block(&arm.body);
            if after == After::Leaves || !falls_through(self.module.language) {
                break;
            }
        }
        Some(after)
    }

    pub fn match_pattern(&mut self, pattern: ExprId, subject: ExprId, value: &Value) {
        match &self.module.expr(pattern).kind {
            ExprKind::Literal(_) => self.clear(subject, Kinds::ALL),
            ExprKind::Unary { .. } => {}
            // `case Sort.NEWEST`
            ExprKind::Member { .. } if self.eval(pattern).constant.is_some_and(|c| c != Constant::Null) => {
                self.clear(subject, Kinds::ALL);
            }
            // a regular expression that is put together
            ExprKind::Call { kind: ir::CallKind::New, .. } if self.module.language == Language::Ruby => {
                self.clear(subject, Kinds::ALL);
            }
            // `Ok(x)`, `Some(x)`
            ExprKind::Call { args, .. } => {
                for arg in args {
                    self.match_pattern(arg.value, subject, value);
                }
            }
            ExprKind::Name(name) if name.as_str().starts_with(|c: char| c.is_lowercase() || c == '_') => {
                let mut value = value.clone();
                value.constant = None;
                self.env.insert(*name, value);
            }
            // `name: Type`
            ExprKind::Cast { value: inner, .. } => self.match_pattern(*inner, subject, value),
            // `name @ pattern`
            ExprKind::Assign { target, value: inner, .. } => {
                let (target, inner) = (*target, *inner);
                self.match_pattern(target, subject, value);
                self.match_pattern(inner, subject, value);
            }
            // `a | b`
            ExprKind::Logical { left, right, .. } => {
                let (left, right) = (*left, *right);
                self.match_pattern(left, subject, value);
                self.match_pattern(right, subject, value);
            }
            ExprKind::List(_) | ExprKind::Map(_) => self.assign(pattern, value.clone(), None),
            _ => {}
        }
    }
}

/// The constant of a literal.
pub fn literal(literal: &Literal) -> Option<Constant> {
    Some(match literal {
        Literal::Str(text) => Constant::Str(*text),
        Literal::Int(number) => Constant::Int((*number)?),
        Literal::Bool(yes) => Constant::Bool(*yes),
        Literal::Null => Constant::Null,
        Literal::Regex(pattern) => Constant::Regex(*pattern),
        Literal::Float(_) => return None,
    })
}

fn is_string(module: &Module, ty: ir::TypeId) -> bool {
    match &module.ty(ty).kind {
        ir::TypeKind::Named { path, .. } => *path == "string",
        ir::TypeKind::Optional(inner) => is_string(module, *inner),
        _ => false,
    }
}

fn falls_through(language: Language) -> bool {
    language.is_ecmascript() || matches!(language, Language::Java | Language::CSharp)
}
