//! Follows values through one function, statement by statement.

use base::{Language, Span, Symbol};
use ir::{Block, ExprId, ExprKind, FunctionId, Literal, Module, ParamKind, StmtId, StmtKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Event, Flow, Holds, Kind, Kinds, Meaning, Place, Semantics, Sink, Source, Step,
    strings::cleared_by_string,
    summaries::{Known, Slot, Slots, Summary, Use},
    types::is_harmless,
    value::{Constant, From, Key, Path, THIS, Taint, Value, Way, joined},
};

/// Expressions that are looked at in one function, before the rest is left out.
const BUDGET: u32 = 60_000;
/// How many dangerous uses of its parameters a summary keeps.
const MAX_USES: usize = 64;

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
    renewed: FxHashSet<Symbol>,
    /// Variables that hold an address taken apart, with the text that it was.
    pub parsed: FxHashMap<Symbol, ExprId>,
    /// Variables that hold the host of an address, with its text.
    pub hosts: FxHashMap<Symbol, ExprId>,
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
        if let Some(body) = &item.body {
            self.block(body);
        }
        self.finish(function)
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
        if param.ty.is_some_and(|t| is_harmless(self.program, self.id, t)) {
            return Value::default();
        }
        let span = self.module.span(param.range);
        match self.semantics.of_param(FnId { module: self.id, function }, at) {
            Holds::Unknown => otherwise,
            Holds::Clean => Value::default(),
            Holds::Request(ty) => Value::of(From::Request(ty)),
            Holds::Data(place) => self.typed(Value::of(From::Outside(Source::of(place, span))), param.ty, 0),
            Holds::Named(place, name) => {
                let source = Source { name: Some(name), ..Source::of(place, span) };
                self.typed(Value::of(From::Outside(source)), param.ty, 0)
            }
        }
    }

    /// Outside data of a declared class: fields of harmless types are harmless.
    fn typed(&self, mut value: Value, ty: Option<ir::TypeId>, depth: u32) -> Value {
        let Some(ty) = ty else { return value };
        if crate::types::is_text(self.module, ty) {
            return value.cleared(cleared_by_string());
        }
        let Some(class) = self.class_of_type(self.id, ty) else {
            // a pipe or schema lets only strings through where a string is declared
            let is_text = self.module.language.is_ecmascript() && is_string(self.module, ty);
            return if is_text { value.cleared(cleared_by_string()) } else { value };
        };
        if self.module.language.is_ecmascript() {
            // the class says which fields there are
            value = value.cleared(Kinds::only(Kind::MassAssignment));
        }
        self.fields_of(&mut value, class, depth);
        // a declared body has the declared fields only
        match self.module.language {
            Language::Python => value.cleared(Kinds::only(Kind::MassAssignment)),
            _ => value,
        }
    }

    fn class_of_type(&self, id: ModuleId, ty: ir::TypeId) -> Option<ClassRef> {
        match &self.program.module(id).ty(ty).kind {
            ir::TypeKind::Named { path, args } => self
                .program
                .class_named(id, *path)
                .or_else(|| args.first().and_then(|inner| self.class_of_type(id, *inner))),
            ir::TypeKind::Ref(inner) | ir::TypeKind::Optional(inner) => self.class_of_type(id, *inner),
            _ => None,
        }
    }

    fn fields_of(&self, value: &mut Value, class: ClassRef, depth: u32) {
        for class in self.program.classes().lineage(class) {
            let Some(info) = self.program.classes().info(class) else { continue };
            for part in &info.parts {
                for field in &self.program.class(*part).fields {
                    let Some(ty) = field.ty else { continue };
                    let module = self.program.module(part.module);
                    if is_harmless(self.program, part.module, ty) {
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
                        self.fields_of(value.part_mut(Key::Name(field.name)), inner, depth + 1);
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
        for (name, value) in &mut self.env {
            if !other.contains_key(name) {
                value.constant = None;
            }
        }
        for (name, value) in other {
            match self.env.get_mut(name) {
                Some(known) => known.join(value),
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
            // `for key, value in map`
            ExprKind::List(names) if names.len() == 2 => {
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
        let before = self.env.clone();
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
            ExprKind::Member { .. } | ExprKind::Unary { .. } => {}
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

    /// Puts a value where a target says. `written` is the expression that gave it.
    pub fn assign(&mut self, target: ExprId, value: Value, written: Option<ExprId>) {
        let module = self.module;
        match &module.expr(target).kind {
            ExprKind::Name(name) => {
                let mut value = value;
                if written.is_some() {
                    value = value.stepped(self.step(target, Event::Assigned));
                }
                self.keep_name(*name, target, &value);
                if module.language == Language::Java
                    && !self.env.contains_key(name)
                    && let Some(Slot::Field(..)) = self.slot(*name, target)
                {
                    // a field that is named alone
                    let key = Key::Name(*name);
                    self.env.entry(self.this).or_default().put(key, value);
                    return;
                }
                match written.and_then(|w| self.host_of(w)) {
                    Some(text) => self.hosts.insert(*name, text),
                    None => self.hosts.remove(name),
                };
                match written.and_then(|w| self.parsed_address(w)) {
                    Some(text) => self.parsed.insert(*name, text),
                    None => self.parsed.remove(name),
                };
                self.renewed.insert(*name);
                self.env.insert(*name, value);
            }
            ExprKind::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    let part = match value.parts().is_empty() {
                        // `value, err := f()`: what a call gives is its first
                        true if at > 0 && module.language == Language::Go => Value::default(),
                        true => value.clone(),
                        false => value.part(Key::Index(at as u32)),
                    };
                    self.assign(*item, part, written);
                }
            }
            ExprKind::Map(entries) => {
                for entry in entries {
                    let part = match entry.key.and_then(|k| module.string(k)) {
                        Some(key) => self.part(&value, Key::Name(key), target),
                        None => value.clone(),
                    };
                    self.assign(entry.value, part, written);
                }
            }
            ExprKind::Assign { target, value: default, .. } => {
                let given = self.eval(*default);
                self.assign(*target, joined(value, &given), written);
            }
            ExprKind::Spread(inner) | ExprKind::Cast { value: inner, .. } => self.assign(*inner, value, written),
            ExprKind::Unary { operand, .. } => self.assign(*operand, value, written),
            ExprKind::Call { args, .. } => {
                for arg in args {
                    self.assign(arg.value, value.clone(), written);
                }
            }
            ExprKind::Member { object, name, .. } => {
                self.written_sink(target, &value);
                self.keep_field(*object, *name, &value);
                let key = Key::Name(*name);
                self.change(*object, &mut |holder| holder.put(key, value.clone()));
            }
            ExprKind::Index { object, index } => {
                self.written_sink(target, &value);
                let index_value = self.eval(*index);
                self.written_key(target, &index_value);
                self.polluted(target, &index_value);
                let key = key_of(&index_value).unwrap_or(Key::Any);
                self.change(*object, &mut |holder| holder.put(key, value.clone()));
            }
            _ => {}
        }
    }

    /// What is assigned to a member that a record speaks of.
    fn written_sink(&mut self, target: ExprId, value: &Value) {
        let at = ExprRef { module: self.id, expr: target };
        for meaning in self.semantics.of_call(at) {
            if let Meaning::Sink { kind, record, .. } = meaning {
                self.reaches(Sink { kind: *kind, at, record: *record }, value);
            }
        }
    }

    /// A key of the caller's choice, where names do harm too: `session[name] = …`, `headers[name] = …`.
    fn written_key(&mut self, target: ExprId, key: &Value) {
        let at = ExprRef { module: self.id, expr: target };
        for meaning in self.semantics.of_call(at) {
            if let Meaning::Sink { kind: kind @ (Kind::Trust | Kind::Header), record, .. } = meaning {
                self.reaches(Sink { kind: *kind, at, record: *record }, key);
            }
        }
    }

    /// `object[key][name] = value`, where the caller chooses both, may change the prototype of all objects;
    /// `object[key] = value` too, in a function that goes into `object[key]` itself.
    fn polluted(&mut self, target: ExprId, index: &Value) {
        if !self.module.language.is_ecmascript() || !index.is_tainted() {
            return;
        }
        let ExprKind::Index { object, .. } = self.module.expr(target).kind else { return };
        let goes_deeper = match self.module.expr(object).kind {
            ExprKind::Index { index: outer, .. } => self.eval(outer).is_tainted(),
            ExprKind::Name(name) => self.descends(name),
            _ => false,
        };
        if goes_deeper {
            let at = ExprRef { module: self.id, expr: target };
            self.reaches(Sink { kind: Kind::Prototype, at, record: u32::MAX }, &index.flat());
        }
    }

    /// Whether the functions around go into the parts of a variable by keys that are no constants:
    /// `merge(object[key], …)` calls itself, `object = object[key]` goes on.
    fn descends(&self, name: Symbol) -> bool {
        let module = self.module;
        let scopes = self.program.scopes(self.id);
        let is_part = |expr: ExprId| match &module.expr(expr).kind {
            ExprKind::Index { object, index } => {
                matches!(module.expr(*object).kind, ExprKind::Name(n) if n == name)
                    && !matches!(module.expr(*index).kind, ExprKind::Literal(_))
            }
            _ => false,
        };
        let part_or_new = |expr: ExprId| match &module.expr(expr).kind {
            ExprKind::Logical { left, .. } => is_part(*left),
            ExprKind::Assign { target, .. } => is_part(*target),
            _ => is_part(expr),
        };
        let mut around = self.function;
        while let Some(function) = around {
            let this = FnId { module: self.id, function };
            let range = module.function(function).range;
            let calls_itself = self.program.callers(this).iter().any(|site| {
                site.module == self.id
                    && range.start <= module.expr(site.expr).range.start
                    && module.expr(site.expr).range.end <= range.end
                    && matches!(&module.expr(site.expr).kind,
                        ExprKind::Call { args, .. } if args.iter().any(|a| is_part(a.value)))
            });
            let goes_on = || {
                scopes.functions[function.0 as usize]
                    .get(&name)
                    .into_iter()
                    .flatten()
                    .any(|binding| matches!(binding, program::Binding::Value(value, _) if part_or_new(*value)))
            };
            if calls_itself || goes_on() {
                return true;
            }
            around = module.function(function).parent;
        }
        false
    }

    /// Outside data in a field of the object's class may be read by its other methods.
    fn keep_field(&mut self, object: ExprId, name: Symbol, value: &Value) {
        if let (ExprKind::This, Some(class)) = (&self.module.expr(object).kind, self.class) {
            self.keep(Slot::Field(class, name), value);
        }
    }

    /// Outside data in a variable of the module, or in a field that is written by its name alone.
    fn keep_name(&mut self, name: Symbol, at: ExprId, value: &Value) {
        if self.function.is_none() || !value.is_from_outside() {
            return;
        }
        if let Some(slot) = self.slot(name, at) {
            self.keep(slot, value);
        }
    }

    /// The slot that a name stands for, if it is no variable of the functions around.
    pub fn slot(&self, name: Symbol, at: ExprId) -> Option<Slot> {
        let scopes = self.program.scopes(self.id);
        let mut function = scopes.owner(at).function;
        while let Some(id) = function {
            if scopes.functions[id.0 as usize].contains_key(&name) {
                return None;
            }
            function = self.module.function(id).parent;
        }
        if let Some(class) = self.class
            && (name.as_str().starts_with('@') || self.program.classes().field(class, name).is_some())
        {
            return Some(Slot::Field(class, name));
        }
        scopes.top.contains_key(&name).then_some(Slot::Global(self.id, name))
    }

    fn keep(&mut self, slot: Slot, value: &Value) {
        let mut kept = Value::default();
        for taint in value.flat().taints {
            if matches!(taint.from, From::Outside(_) | From::Request(_)) {
                kept.add(taint);
            }
        }
        if !kept.is_blank() {
            self.out.kept.push((slot, kept));
        }
    }

    /// Changes the value that an expression names, if it can be named.
    pub fn change(&mut self, expr: ExprId, with: &mut dyn FnMut(&mut Value)) {
        let mut keys: Vec<Key> = Vec::new();
        let mut at = expr;
        let root = loop {
            match &self.module.expr(at).kind {
                ExprKind::Name(name) => break *name,
                ExprKind::This => break self.this,
                ExprKind::Member { object, name, .. } => {
                    keys.push(Key::Name(*name));
                    at = *object;
                }
                ExprKind::Index { object, index } => {
                    let index = self.eval(*index);
                    keys.push(key_of(&index).unwrap_or(Key::Any));
                    at = *object;
                }
                // `a.append(x).append(y)`, `*x`, `(T) x`
                ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => at = *object,
                    _ => return,
                },
                ExprKind::Unary { operand, .. } => at = *operand,
                ExprKind::Cast { value, .. } => at = *value,
                ExprKind::Await(inner) | ExprKind::Spread(inner) => at = *inner,
                ExprKind::Assign { target, .. } => at = *target,
                _ => return,
            }
        };
        if !self.env.contains_key(&root) && root != self.this {
            // a name of the module or of a framework keeps what it holds
            let held = self.eval(at);
            self.env.insert(root, held);
        }
        let mut value = self.env.entry(root).or_default();
        // what code adds to the request is its own: `request.session["device"] = agent`
        if self.module.language == Language::Python && value.taints.iter().any(|t| matches!(t.from, From::Request(_))) {
            return;
        }
        value.constant = None;
        for key in keys.into_iter().rev() {
            value = value.part_mut(key);
        }
        value.constant = None;
        with(value);
    }

    /// Takes kinds of danger from what an expression names.
    pub fn clear(&mut self, expr: ExprId, kinds: Kinds) {
        if kinds == Kinds::NONE {
            return;
        }
        if let Some(url) = self.host_of(expr) {
            self.clear(url, kinds.and([Kind::Url, Kind::Redirect].into_iter().collect()));
        }
        match &self.module.expr(expr).kind {
            // `x.trim()` checked is `x` checked
            ExprKind::Call { callee, args, .. } => {
                let (callee, first) = (*callee, args.first().map(|a| a.value));
                match &self.module.expr(callee).kind {
                    ExprKind::Member { object, name, .. } if crate::strings::names_the_same(name.as_str()) => {
                        let object = *object;
                        self.clear(object, kinds);
                    }
                    ExprKind::Name(_) | ExprKind::Member { .. } => {
                        if let Some(first) = first
                            && matches!(self.module.expr(first).kind, ExprKind::Name(_) | ExprKind::Member { .. })
                            && args.len() == 1
                        {
                            self.clear(first, kinds);
                        }
                    }
                    _ => {}
                }
            }
            ExprKind::Literal(_) => {}
            ExprKind::Name(_) => {
                self.change(expr, &mut |value| *value = std::mem::take(value).cleared(kinds));
                // `String full = file.getCanonicalPath();` checked is `file` checked
                let defined = self.program.definition(ExprRef { module: self.id, expr });
                if let Some(at) = defined.filter(|at| at.module == self.id && at.expr < expr)
                    && let ExprKind::Call { callee, .. } = &self.module.expr(at.expr).kind
                    && let ExprKind::Member { object, name, .. } = &self.module.expr(*callee).kind
                    && crate::strings::names_the_same(name.as_str())
                    && matches!(self.module.expr(*object).kind, ExprKind::Name(_) | ExprKind::Call { .. })
                {
                    self.clear(*object, kinds);
                }
            }
            _ => self.change(expr, &mut |value| *value = std::mem::take(value).cleared(kinds)),
        }
    }

    /// The part of a value, the request's included.
    pub fn part(&self, value: &Value, key: Key, at: ExprId) -> Value {
        let mut part = value.part(key);
        for taint in &value.taints {
            let From::Request(ty) = taint.from else { continue };
            // `request.files[0]`
            let name = match key {
                Key::Name(name) => name,
                _ => Symbol::new("*"),
            };
            let span = self.span(at);
            let is_fixed =
                || self.function.is_some_and(|f| self.semantics.has_fixed_path(FnId { module: self.id, function: f }));
            let from = match self.semantics.of_request(ty, name) {
                Holds::Data(Place::Path) if is_fixed() => continue,
                Holds::Request(ty) => From::Request(ty),
                Holds::Data(place) => From::Outside(Source::of(place, span)),
                Holds::Named(place, name) => From::Outside(Source { name: Some(name), ..Source::of(place, span) }),
                Holds::Unknown | Holds::Clean => continue,
            };
            part.add(Taint { from, ..taint.clone() });
        }
        part
    }

    /// The part of a value that a path leads to.
    pub fn along(&self, value: &Value, path: Path, at: ExprId) -> Value {
        path.keys().fold(value.clone(), |value, key| self.part(&value, key, at))
    }

    /// Data of a value that reaches a dangerous place.
    pub fn reaches(&mut self, sink: Sink, value: &Value) {
        let mut found: Vec<Taint> = Vec::new();
        harmful(sink.kind, value, &mut |taint| found.push(taint.clone()));
        for taint in found {
            self.reach(sink, taint.from, taint.cleared, &taint.way);
        }
    }

    /// Whether data of this origin has the form that does harm.
    fn does_harm(&self, kind: Kind, source: Source) -> bool {
        match kind {
            // parts of paths and headers are strings
            Kind::NoSql | Kind::MassAssignment => !matches!(source.place, Place::Path | Place::Header),
            // an object is sent as JSON
            Kind::Html => {
                let is_parsed = matches!(source.place, Place::Path | Place::Query | Place::Body);
                !(self.module.language.is_ecmascript() && is_parsed && !source.is_part)
            }
            _ => true,
        }
    }

    pub fn reach(&mut self, sink: Sink, from: From, cleared: Kinds, way: &Way) {
        match from {
            From::Request(_) => {}
            From::Outside(source) => {
                // the operator may run what they like; a statement made of text is a mistake all the same
                if source.place == Place::Operator && !matches!(sink.kind, Kind::Sql | Kind::Html) {
                    return;
                }
                // the address that was asked for leads back to where the caller is
                let is_own_address = !source.is_part && matches!(source.place, Place::Path | Place::Request);
                if is_own_address && source.name.is_none() && matches!(sink.kind, Kind::Redirect | Kind::Url) {
                    return;
                }
                // a schema declares what arguments hold
                let is_open = !source.is_part && source.place != Place::Argument;
                let whole = !matches!(sink.kind, Kind::MassAssignment) || is_open;
                if whole && self.does_harm(sink.kind, source) {
                    self.out.flows.push(Flow { source, sink, steps: way.steps() });
                }
            }
            from => {
                let known = self.out.uses.iter_mut().find(|u| u.sink == sink && u.from == from);
                if let Some(known) = known {
                    known.cleared = known.cleared.and(cleared);
                } else if self.out.uses.len() < MAX_USES {
                    self.out.uses.push(Use { sink, from, cleared, way: way.clone() });
                } else {
                    self.out.is_cut = true;
                }
            }
        }
    }
}

/// The taints of a value that do harm at a sink of a kind.
pub fn harmful(kind: Kind, value: &Value, found: &mut dyn FnMut(&Taint)) {
    if !kind.needs_string() {
        value.flat().dangerous(kind).for_each(|t| found(t));
        return;
    }
    value.dangerous(kind).for_each(&mut *found);
    // the first of a list is the statement or the program, the others are values
    for (key, part) in value.parts() {
        match (key, kind) {
            (Key::Index(0), _) | (Key::Index(_), Kind::Path | Kind::Html | Kind::Template | Kind::Url) => {
                part.dangerous(kind).for_each(&mut *found);
            }
            _ => {}
        }
    }
}

/// The key that a value is, as an index.
pub fn key_of(index: &Value) -> Option<Key> {
    match index.constant? {
        Constant::Str(name) => Some(Key::Name(name)),
        Constant::Int(at) => u32::try_from(at).ok().map(Key::Index),
        _ => None,
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
