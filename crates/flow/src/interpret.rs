//! Follows values through one function, statement by statement.

use base::{Language, Span, Symbol};
use ir::{
    BinaryOp, Block, ExprId, ExprKind, FunctionId, Literal, LogicalOp, Module, ParamKind, Part, StmtId, StmtKind,
    TypeId, TypeKind, UnaryOp,
};
use program::{ExprRef, FnId, ModuleId, Program};
use rustc_hash::FxHashMap;

use crate::{
    Event, Flow, Holds, Kind, Kinds, Semantics, Source, Step,
    rounds::{Fields, Summaries},
    value::{Constant, From, Key, THIS, Value, Way},
};

/// Expressions that are looked at in one function, before the rest is left out.
const BUDGET: u32 = 60_000;
/// How many dangerous uses of its parameters a summary keeps.
const MAX_SINKS: usize = 48;

pub type Env = FxHashMap<Symbol, Value>;

/// A dangerous use of what a parameter holds.
#[derive(Clone, Debug)]
pub struct Use {
    pub kind: Kind,
    pub sink: ExprRef,
    pub from: From,
    pub cleared: Kinds,
    pub way: Way,
}

/// What calling a function does to data.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What it gives back.
    pub returns: Value,
    /// What it does to `this` ([`THIS`]) and its parameters.
    pub changes: Vec<(u8, Value)>,
    /// Dangerous uses of parameters.
    pub uses: Vec<Use>,
    /// Flows within it.
    pub flows: Vec<Flow>,
    /// Outside data kept in fields of objects: class and name.
    pub kept: Vec<(program::ClassRef, Symbol, Value)>,
}

impl Summary {
    pub fn shape(&self) -> Vec<(From, Kinds)> {
        let mut shape = Vec::new();
        self.returns.shape(&mut shape, 0);
        for (param, value) in &self.changes {
            shape.push((From::Param(*param, Default::default()), Kinds::ALL));
            value.shape(&mut shape, 0);
        }
        shape.extend(self.uses.iter().map(|u| (u.from, u.cleared.with(Kinds::only(u.kind)))));
        shape
    }
}

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
    pub summaries: &'a Summaries,
    pub fields: &'a Fields,
    pub module: &'a Module,
    pub id: ModuleId,
    pub function: Option<FunctionId>,
    pub env: Env,
    pub out: Summary,
    pub budget: u32,
    depth: u32,
}

/// Names of types whose values can do no harm.
const HARMLESS: [&str; 62] = [
    "int", "integer", "long", "short", "byte", "float", "double", "decimal", "number", "bool", "boolean", "bigint",
    "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "i8", "i16", "i32", "i64",
    "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64", "uuid", "guid", "date", "datetime",
    "localdate", "localdatetime", "instant", "offsetdatetime", "zoneddatetime", "bigdecimal", "biginteger", "time",
    "timedelta", "timestamp", "objectid", "naivedate", "naivedatetime", "duration", "char", "dateonly", "timeonly",
    "datetimeoffset", "uuid4", "positiveint", "primarykey", "float32", "float64",
];

pub fn is_harmless(module: &Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or("").to_ascii_lowercase();
            HARMLESS.contains(&last.as_str())
                || matches!(last.as_str(), "optional" | "nullable" | "path" | "query" | "annotated")
                    && args.first().is_some_and(|a| is_harmless(module, *a))
        }
        TypeKind::Optional(inner) | TypeKind::Ref(inner) | TypeKind::Array(inner) => is_harmless(module, *inner),
        TypeKind::Tuple(all) | TypeKind::Union(all) => !all.is_empty() && all.iter().all(|t| is_harmless(module, *t)),
        _ => false,
    }
}

impl<'a> Run<'a> {
    pub fn new(
        program: &'a Program,
        semantics: &'a dyn Semantics,
        summaries: &'a Summaries,
        fields: &'a Fields,
        id: ModuleId,
    ) -> Self {
        Self {
            program,
            semantics,
            summaries,
            fields,
            module: program.module(id),
            id,
            function: None,
            env: Env::default(),
            out: Summary::default(),
            budget: BUDGET,
            depth: 0,
        }
    }

    /// Follows one function on its own.
    pub fn function(mut self, function: FunctionId) -> Summary {
        self.function = Some(function);
        self.env.insert(Symbol::new("this"), Value::of(From::Param(THIS, Default::default())));
        let item = self.module.function(function);
        let mut number: u8 = 0;
        for (at, param) in item.params.iter().enumerate() {
            if param.kind == ParamKind::Receiver {
                continue;
            }
            let span = self.module.span(param.range);
            let harmless = param.ty.is_some_and(|t| is_harmless(self.module, t));
            let value = match self.semantics.of_param(FnId { module: self.id, function }, at) {
                _ if harmless => Value::default(),
                Holds::Clean => Value::default(),
                Holds::Request => Value::constant(Constant::Request),
                Holds::Data(place) => Value::of(From::Outside(Source { place, span })),
                Holds::Unknown => Value::of(From::Param(number, Default::default())),
            };
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
        self.out
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
        let mut names: Vec<(u8, Symbol)> = vec![(THIS, Symbol::new("this"))];
        let params = item.params.iter().filter(|p| p.kind != ParamKind::Receiver);
        names.extend(params.enumerate().map(|(at, p)| ((at as u8).min(THIS - 1), p.name)));
        for (number, name) in names {
            let Some(value) = self.env.get(&name) else { continue };
            let own = |v: &Value| v.taints.iter().any(|t| !matches!(t.from, From::Param(p, _) if p == number));
            let changed = !value.parts.is_empty() && value.parts.iter().any(|(_, p)| own(&p.flat())) || own(value);
            if changed {
                let value = value.clone();
                self.out.changes.push((number, value));
            }
        }
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

    fn merge(&mut self, other: &Env) {
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

    fn stmt(&mut self, id: StmtId) -> After {
        let module = self.module;
        match &module.stmt(id).kind {
            StmtKind::Assign { target, ty, op, value, .. } => {
                let mut given = match value {
                    Some(value) => self.eval(*value),
                    None => Value::default(),
                };
                if ty.is_some_and(|t| is_harmless(module, t)) {
                    given = Value { constant: given.constant, ..Value::default() };
                }
                if value.is_some() {
                    if op.is_some() {
                        let before = self.eval(*target);
                        given = joined(before, &given);
                    }
                    self.assign(*target, given, *value);
                } else if let ExprKind::Name(name) = module.expr(*target).kind {
                    self.env.insert(name, Value::default());
                }
                After::Goes
            }
            StmtKind::Expr(e) | StmtKind::Defer(e) | StmtKind::Spawn(e) => {
                self.eval(*e);
                After::Goes
            }
            StmtKind::Assert(e) => {
                self.eval(*e);
                self.refine(*e, true);
                After::Goes
            }
            StmtKind::If { cond, then, otherwise } => {
                let known = self.eval(*cond).constant;
                let decided = match known {
                    Some(Constant::Bool(decided)) => Some(decided),
                    _ => None,
                };
                match decided {
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
                }
            }
            StmtKind::Loop { pattern, iter, cond, body } => {
                let items = iter.map(|iter| self.eval(iter));
                // twice: what one round keeps the next may use
                for _ in 0..2 {
                    let before = self.env.clone();
                    if let Some(cond) = cond {
                        self.eval(*cond);
                        self.refine(*cond, true);
                    }
                    if let (Some(pattern), Some(items)) = (pattern, &items) {
                        self.bind_element(*pattern, items);
                    }
                    self.block(body);
                    self.merge(&before);
                }
                After::Goes
            }
            StmtKind::Switch { subject, arms } => self.switch(*subject, arms),
            StmtKind::Try { body, catches, finally } => {
                let before = self.env.clone();
                let ends = self.block(body);
                let after = self.env.clone();
                let mut any = ends == After::Goes;
                for catch in catches {
                    self.env = before.clone();
                    self.merge(&after);
                    if let Some(name) = catch.binding {
                        self.env.insert(name, Value::default());
                    }
                    if self.block(&catch.body) == After::Goes {
                        let caught = std::mem::take(&mut self.env);
                        if any {
                            self.env = after.clone();
                            self.merge(&caught);
                        } else {
                            self.env = caught;
                        }
                        any = true;
                    } else {
                        self.env = after.clone();
                    }
                }
                if self.block(finally) == After::Leaves || !any {
                    return After::Leaves;
                }
                After::Goes
            }
            StmtKind::With { resources, body } => {
                self.block(resources);
                self.block(body)
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let value = self.eval(*value);
                    self.returned(value);
                }
                After::Leaves
            }
            StmtKind::Throw(value) => {
                if let Some(value) = value {
                    self.eval(*value);
                }
                After::Leaves
            }
            StmtKind::Break | StmtKind::Continue => After::Leaves,
            StmtKind::Block(block) => self.block(block),
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) => After::Goes,
        }
    }

    fn returned(&mut self, value: Value) {
        let fresh = !self.out.returns.is_tainted()
            && self.out.returns.parts.is_empty()
            && self.out.returns.constant.is_none();
        match fresh {
            true => self.out.returns = value,
            false => self.out.returns.join(&value),
        }
    }

    fn bind_element(&mut self, pattern: ExprId, items: &Value) {
        let element = items.element();
        match &self.module.expr(pattern).kind {
            // `for key, value in map`
            ExprKind::List(names) if names.len() == 2 => {
                let names = names.clone();
                let mut key = items.flat();
                key.constant = None;
                self.assign(names[0], if self.module.language == Language::Go { Value::default() } else { key }, None);
                self.assign(names[1], element, None);
            }
            _ => self.assign(pattern, element, None),
        }
    }

    fn switch(&mut self, subject: Option<ExprId>, arms: &[ir::Arm]) -> After {
        let value = subject.map(|s| self.eval(s));
        let known = value.as_ref().and_then(|v| v.constant);
        let before = self.env.clone();
        let mut ends: Option<Env> = None;
        let mut has_default = false;
        // a constant subject takes one arm
        let constant_of = |run: &mut Self, pattern: ExprId| run.eval(pattern).constant;
        if let Some(known) = known {
            let mut chosen = None;
            for (at, arm) in arms.iter().enumerate() {
                for pattern in &arm.patterns {
                    if constant_of(self, *pattern) == Some(known) && chosen.is_none() {
                        chosen = Some(at);
                    }
                }
            }
            let chosen = chosen.or_else(|| arms.iter().position(|a| a.patterns.is_empty()));
            if let Some(at) = chosen {
                // falling through to the next arm is kept by running on
                let mut after = After::Goes;
                for arm in &arms[at..] {
                    after = self.block(&arm.body);
                    if after == After::Leaves || !falls_through(self.module.language) {
                        break;
                    }
                }
                return match arms[at..].iter().any(|a| ends_with_break(self.module, &a.body)) {
                    true => After::Goes,
                    false => after,
                };
            }
        }
        for arm in arms {
            has_default |= arm.patterns.is_empty();
            self.env = before.clone();
            for pattern in &arm.patterns {
                if let (Some(subject), Some(value)) = (subject, &value) {
                    self.match_pattern(*pattern, subject, value);
                }
            }
            if let Some(guard) = arm.guard {
                self.eval(guard);
                self.refine(guard, true);
            }
            let after = self.block(&arm.body);
            if after == After::Goes || ends_with_break(self.module, &arm.body) {
                match &mut ends {
                    None => ends = Some(std::mem::take(&mut self.env)),
                    Some(all) => {
                        let this = std::mem::replace(&mut self.env, std::mem::take(all));
                        self.merge(&this);
                        *all = std::mem::take(&mut self.env);
                    }
                }
            }
        }
        match (ends, has_default) {
            (None, true) if !arms.is_empty() => After::Leaves,
            (None, _) => {
                self.env = before;
                After::Goes
            }
            (Some(ends), true) => {
                self.env = ends;
                After::Goes
            }
            (Some(ends), false) => {
                self.env = ends;
                self.merge(&before);
                After::Goes
            }
        }
    }

    fn match_pattern(&mut self, pattern: ExprId, subject: ExprId, value: &Value) {
        match &self.module.expr(pattern).kind {
            ExprKind::Literal(_) => self.clear(subject, Kinds::ALL),
            ExprKind::Member { .. } | ExprKind::Unary { .. } => {}
            // `Ok(x)`, `Some(x)`
            ExprKind::Call { args, .. } => {
                for arg in args.clone() {
                    self.match_pattern(arg.value, subject, value);
                }
            }
            ExprKind::Name(name) if name.as_str().starts_with(|c: char| c.is_lowercase()) => {
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
                self.env.insert(*name, value);
            }
            ExprKind::List(items) => {
                for (at, item) in items.clone().into_iter().enumerate() {
                    let part = match value.parts.is_empty() {
                        // `value, err := f()`: what a call gives is its first
                        true if at > 0 && module.language == Language::Go => Value::default(),
                        true => value.flat(),
                        false => value.part(Key::Index(at as u32)),
                    };
                    self.assign(item, part, written);
                }
            }
            ExprKind::Map(entries) => {
                let pairs: Vec<(Option<Symbol>, ExprId)> =
                    entries.iter().map(|e| (e.key.and_then(|k| module.string(k)), e.value)).collect();
                for (key, item) in pairs {
                    let part = match (key, value.constant) {
                        (Some(key), Some(Constant::Request)) => self.of_request(key, target),
                        (Some(key), _) => value.part(Key::Name(key)),
                        (None, _) => value.flat(),
                    };
                    self.assign(item, part, written);
                }
            }
            ExprKind::Assign { target, value: default, .. } => {
                let (target, default) = (*target, *default);
                let given = self.eval(default);
                self.assign(target, joined(value, &given), written);
            }
            ExprKind::Spread(inner) | ExprKind::Cast { value: inner, .. } => self.assign(*inner, value, written),
            ExprKind::Unary { operand, .. } => self.assign(*operand, value, written),
            ExprKind::Call { args, .. } => {
                for arg in args.clone() {
                    self.assign(arg.value, value.clone(), written);
                }
            }
            ExprKind::Member { object, name, .. } => {
                let (object, name) = (*object, *name);
                self.keep_field(object, name, &value);
                let key = Key::Name(name);
                self.change(object, &mut |holder| *holder.part_mut(key) = value.clone());
            }
            ExprKind::Index { object, index } => {
                let (object, index) = (*object, *index);
                match self.key(index) {
                    Some(key) => self.change(object, &mut |holder| *holder.part_mut(key) = value.clone()),
                    None => self.change(object, &mut |holder| {
                        value.flat().taints.iter().for_each(|t| holder.add(t.clone()));
                    }),
                }
            }
            _ => {}
        }
    }

    /// Outside data in a field of the object's class may be read by its other methods.
    fn keep_field(&mut self, object: ExprId, name: Symbol, value: &Value) {
        if !matches!(self.module.expr(object).kind, ExprKind::This) {
            return;
        }
        let outside: Vec<_> =
            value.flat().taints.into_iter().filter(|t| matches!(t.from, From::Outside(_))).collect();
        let Some(function) = self.function else { return };
        let class = self.program.classes().class_of(FnId { module: self.id, function });
        if let (Some(class), false) = (class, outside.is_empty()) {
            let mut value = Value::default();
            outside.into_iter().for_each(|t| value.add(t));
            self.out.kept.push((class, name, value));
        }
    }

    /// Changes the value that an expression names, if it can be named.
    pub fn change(&mut self, expr: ExprId, with: &mut dyn FnMut(&mut Value)) {
        let mut keys: Vec<Key> = Vec::new();
        let mut at = expr;
        let root = loop {
            match &self.module.expr(at).kind {
                ExprKind::Name(name) => break *name,
                ExprKind::This => break Symbol::new("this"),
                ExprKind::Member { object, name, .. } => {
                    keys.push(Key::Name(*name));
                    at = *object;
                }
                ExprKind::Index { object, index } => {
                    let Some(key) = self.key(*index) else { return };
                    keys.push(key);
                    at = *object;
                }
                // `a.append(x).append(y)`, `*x`, `(T) x`
                ExprKind::Call { callee, .. } => match &self.module.expr(*callee).kind {
                    ExprKind::Member { object, .. } => at = *object,
                    _ => return,
                },
                ExprKind::Unary { operand, .. } => at = *operand,
                ExprKind::Cast { value, .. } => at = *value,
                ExprKind::Await(inner) => at = *inner,
                _ => return,
            }
        };
        let mut value = self.env.entry(root).or_default();
        for key in keys.into_iter().rev() {
            value = value.part_mut(key);
        }
        value.constant = None;
        with(value);
    }

    /// Takes kinds of danger from what an expression names.
    pub fn clear(&mut self, expr: ExprId, kinds: Kinds) {
        if matches!(self.module.expr(expr).kind, ExprKind::Call { .. }) {
            return;
        }
        self.change(expr, &mut |value| *value = std::mem::take(value).cleared(kinds));
    }

    fn key(&mut self, index: ExprId) -> Option<Key> {
        match self.eval(index).constant? {
            Constant::Str(name) => Some(Key::Name(name)),
            Constant::Int(at) => u32::try_from(at).ok().map(Key::Index),
            _ => None,
        }
    }

    /// What a member of the request gives.
    pub fn of_request(&self, name: Symbol, at: ExprId) -> Value {
        match self.semantics.of_request(self.module.language, name) {
            Some(place) => Value::of(From::Outside(Source { place, span: self.span(at) })),
            None => Value::default(),
        }
    }

    /// The value of an expression, after all that it does.
    pub fn eval(&mut self, expr: ExprId) -> Value {
        if self.budget == 0 || self.depth > 300 {
            return Value::default();
        }
        self.budget -= 1;
        self.depth += 1;
        let value = self.eval_kind(expr);
        self.depth -= 1;
        value
    }

    fn eval_kind(&mut self, expr: ExprId) -> Value {
        let module = self.module;
        match &module.expr(expr).kind {
            ExprKind::Name(name) => self.name(*name, expr),
            ExprKind::This => self.env.get(&Symbol::new("this")).cloned().unwrap_or_default(),
            ExprKind::Super | ExprKind::TypeExpr(_) | ExprKind::ClassExpr(_) => Value::default(),
            ExprKind::Literal(literal) => match literal {
                Literal::Str(text) => Value::constant(Constant::Str(*text)),
                Literal::Int(Some(number)) => Value::constant(Constant::Int(*number)),
                Literal::Bool(yes) => Value::constant(Constant::Bool(*yes)),
                Literal::Null => Value::constant(Constant::Null),
                _ => Value::default(),
            },
            ExprKind::Template(parts) => self.template(expr, parts),
            ExprKind::Member { object, name, .. } => self.member(expr, *object, *name),
            ExprKind::Index { object, index } => {
                let holder = self.eval(*object);
                let key = self.key(*index);
                match (holder.constant, key) {
                    (Some(Constant::Request), Some(Key::Name(name))) => self.of_request(name, expr),
                    (_, Some(key)) if !holder.parts.is_empty() || !holder.taints.is_empty() => holder.part(key),
                    _ => holder.element(),
                }
            }
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Lambda(function) => {
                self.lambda(*function, None);
                Value::default()
            }
            ExprKind::List(items) => {
                let mut value = Value::default();
                for (at, item) in items.iter().enumerate() {
                    let spread = matches!(module.expr(*item).kind, ExprKind::Spread(_));
                    let item = self.eval(*item);
                    match spread {
                        true => value.join(&item.flat()),
                        false => *value.part_mut(Key::Index(at as u32)) = item,
                    }
                }
                value
            }
            ExprKind::Map(entries) => {
                let mut value = Value::default();
                for entry in entries {
                    let item = self.eval(entry.value);
                    let key = entry.key.map(|key| (self.eval(key), key));
                    match key.map(|(k, _)| k.constant) {
                        Some(Some(Constant::Str(name))) => *value.part_mut(Key::Name(name)) = item,
                        Some(_) => value.join(&item.flat()),
                        // a spread keeps its parts
                        None => {
                            value.join(&item);
                            value.constant = None;
                        }
                    }
                }
                value.constant = None;
                value
            }
            ExprKind::Unary { op, operand } => {
                let value = self.eval(*operand);
                match (op, value.constant) {
                    (UnaryOp::Not, Some(Constant::Bool(yes))) => Value::constant(Constant::Bool(!yes)),
                    (UnaryOp::Neg, Some(Constant::Int(n))) => Value::constant(Constant::Int(n.wrapping_neg())),
                    (UnaryOp::Not | UnaryOp::Neg | UnaryOp::Other | UnaryOp::Delete, _) => Value::default(),
                    _ => value,
                }
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, *left, *right),
            ExprKind::Logical { op, left, right } => {
                let first = self.eval(*left);
                match op {
                    LogicalOp::And | LogicalOp::Or => {
                        let before = self.env.clone();
                        self.refine(*left, *op == LogicalOp::And);
                        let second = self.eval(*right);
                        self.merge(&before);
                        if let (Some(Constant::Bool(a)), Some(Constant::Bool(b))) = (first.constant, second.constant) {
                            return Value::constant(Constant::Bool(if *op == LogicalOp::And { a && b } else { a || b }));
                        }
                        let mut value = joined(first, &second);
                        value.constant = None;
                        value
                    }
                    _ => {
                        let second = self.eval(*right);
                        joined(first, &second)
                    }
                }
            }
            ExprKind::Ternary { cond, then, otherwise } => {
                if let Some(Constant::Bool(yes)) = self.eval(*cond).constant {
                    return self.eval(if yes { *then } else { *otherwise });
                }
                let before = self.env.clone();
                self.refine(*cond, true);
                let first = self.eval(*then);
                self.env = before.clone();
                self.refine(*cond, false);
                let second = self.eval(*otherwise);
                self.env = before;
                joined(first, &second)
            }
            ExprKind::Assign { target, op, value } => {
                let mut given = self.eval(*value);
                if op.is_some() {
                    given = joined(self.eval(*target), &given);
                }
                self.assign(*target, given.clone(), Some(*value));
                given
            }
            ExprKind::Await(inner) | ExprKind::Spread(inner) => self.eval(*inner),
            ExprKind::Yield(inner) => {
                if let Some(inner) = inner {
                    let value = self.eval(*inner);
                    self.returned(value);
                }
                Value::default()
            }
            ExprKind::Cast { ty, value } => {
                let value = self.eval(*value);
                match is_harmless(module, *ty) {
                    true => Value { constant: value.constant, ..Value::default() },
                    false => value,
                }
            }
            ExprKind::IsType { value, binding, .. } => {
                let value = self.eval(*value);
                if let Some(name) = binding {
                    self.env.insert(*name, value);
                }
                Value::default()
            }
            ExprKind::Do(block) => self.value_of(block),
            ExprKind::Unknown(parts) => {
                let mut value = Value::default();
                for part in parts {
                    value.join(&self.eval(*part));
                }
                value.constant = None;
                value
            }
        }
    }

    /// A block as a value: that of its last expression, or of the arms of its last `if` or `match`.
    fn value_of(&mut self, block: &Block) -> Value {
        let Some((last, before)) = block.split_last() else { return Value::default() };
        for stmt in before {
            if self.stmt(*stmt) == After::Leaves {
                return Value::default();
            }
        }
        match &self.module.stmt(*last).kind {
            StmtKind::Expr(value) => self.eval(*value),
            StmtKind::If { cond, then, otherwise } => {
                self.eval(*cond);
                let kept = self.env.clone();
                self.refine(*cond, true);
                let first = self.value_of(then);
                let after = std::mem::replace(&mut self.env, kept);
                self.refine(*cond, false);
                let second = self.value_of(otherwise);
                self.merge(&after);
                joined(first, &second)
            }
            StmtKind::Switch { subject, arms } => {
                let subject = *subject;
                let value = subject.map(|s| self.eval(s));
                let kept = self.env.clone();
                let mut all: Option<Value> = None;
                for arm in arms {
                    self.env = kept.clone();
                    for pattern in &arm.patterns {
                        if let (Some(subject), Some(value)) = (subject, &value) {
                            self.match_pattern(*pattern, subject, value);
                        }
                    }
                    let given = self.value_of(&arm.body);
                    all = Some(match all {
                        None => given,
                        Some(all) => joined(all, &given),
                    });
                }
                self.env = kept;
                all.unwrap_or_default()
            }
            StmtKind::Block(inner) => self.value_of(inner),
            _ => {
                self.stmt(*last);
                Value::default()
            }
        }
    }

    fn name(&mut self, name: Symbol, expr: ExprId) -> Value {
        if let Some(value) = self.env.get(&name) {
            return value.clone();
        }
        match self.semantics.of_name(self.id, name) {
            Holds::Request => return Value::constant(Constant::Request),
            Holds::Data(place) => return Value::of(From::Outside(Source { place, span: self.span(expr) })),
            Holds::Clean => return Value::default(),
            Holds::Unknown => {}
        }
        // Ruby's `@name` is a field of the object
        if name.as_str().starts_with('@') {
            return self.field(name, expr);
        }
        // a constant of the module
        let at = ExprRef { module: self.id, expr };
        match self.program.definition(at).map(|d| &self.program.expr(d).kind) {
            Some(ExprKind::Literal(Literal::Str(text))) => Value::constant(Constant::Str(*text)),
            Some(ExprKind::Literal(Literal::Int(Some(number)))) => Value::constant(Constant::Int(*number)),
            Some(ExprKind::Literal(Literal::Bool(yes))) => Value::constant(Constant::Bool(*yes)),
            _ => Value::default(),
        }
    }

    fn member(&mut self, expr: ExprId, object: ExprId, name: Symbol) -> Value {
        let holder = self.eval(object);
        if holder.constant == Some(Constant::Request) {
            return self.of_request(name, expr);
        }
        let meanings = self.semantics.of_call(ExprRef { module: self.id, expr });
        if let Some(crate::Meaning::Source(place)) = meanings.first() {
            return Value::of(From::Outside(Source { place: *place, span: self.span(expr) }));
        }
        let mut value = match holder.parts.is_empty() && holder.taints.is_empty() {
            true => Value::default(),
            // sizes are numbers
            false if matches!(name.as_str(), "length" | "size" | "Length" | "Count" | "count") => Value::default(),
            false => holder.part(Key::Name(name)),
        };
        if matches!(self.module.expr(object).kind, ExprKind::This) {
            value.join(&self.field(name, expr));
        }
        value
    }

    /// Outside data that some method of the class keeps in a field.
    fn field(&self, name: Symbol, _: ExprId) -> Value {
        let Some(function) = self.function else { return Value::default() };
        let class = self.program.classes().class_of(FnId { module: self.id, function });
        class.and_then(|class| self.fields.get(&(class, name))).cloned().unwrap_or_default()
    }

    fn template(&mut self, expr: ExprId, parts: &[Part]) -> Value {
        let mut value = Value::default();
        let mut text = String::new();
        let mut constant = true;
        for part in parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed.as_str()),
                Part::Hole(hole) => {
                    let given = self.eval(*hole);
                    match given.constant {
                        Some(Constant::Str(fixed)) => text.push_str(fixed.as_str()),
                        Some(Constant::Int(number)) => text.push_str(&number.to_string()),
                        _ => {
                            let cleared = cleared_by_prefix(&text);
                            value.join(&given.flat().cleared(cleared));
                            constant = false;
                            text.push('\u{0}');
                        }
                    }
                }
            }
        }
        if constant && !parts.is_empty() {
            return Value::constant(Constant::Str(Symbol::new(&text)));
        }
        value.constant = None;
        value.stepped(self.step(expr, Event::Formatted))
    }

    fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> Value {
        let (a, b) = (self.eval(left), self.eval(right));
        let constant = match (op, a.constant, b.constant) {
            (_, Some(Constant::Int(x)), Some(Constant::Int(y))) => arithmetic(op, x, y),
            (BinaryOp::Eq, Some(x), Some(y)) => Some(Constant::Bool(x == y)),
            (BinaryOp::Ne, Some(x), Some(y)) => Some(Constant::Bool(x != y)),
            (BinaryOp::Add, Some(Constant::Str(x)), Some(Constant::Str(y))) => {
                Some(Constant::Str(Symbol::new(&format!("{x}{y}"))))
            }
            _ => None,
        };
        if let Some(constant) = constant {
            return Value::constant(constant);
        }
        match op {
            BinaryOp::Add | BinaryOp::Rem => {
                let cleared = match a.constant {
                    Some(Constant::Str(text)) => cleared_by_prefix(text.as_str()),
                    _ => Kinds::NONE,
                };
                let mut value = joined(a.flat(), &b.flat().cleared(cleared));
                value.constant = None;
                value
            }
            // `list << x`, `stream << x`
            BinaryOp::Shl => {
                let given = b.flat();
                self.change(left, &mut |value| given.taints.iter().for_each(|t| value.add(t.clone())));
                joined(a, &given)
            }
            // set operators of ORMs (`Q(…) | Q(…)`), pipes
            BinaryOp::Other => {
                let mut value = joined(a.flat(), &b.flat());
                value.constant = None;
                value
            }
            _ => Value::default(),
        }
    }

    /// Runs a lambda where it stands. `given` is what its parameters get.
    pub fn lambda(&mut self, function: FunctionId, given: Option<&Value>) -> Value {
        let item = self.module.function(function);
        let Some(body) = &item.body else { return Value::default() };
        if self.depth > 120 {
            return Value::default();
        }
        let before = self.env.clone();
        for (at, param) in item.params.iter().enumerate() {
            let harmless = param.ty.is_some_and(|t| is_harmless(self.module, t));
            let span = self.module.span(param.range);
            let value = match self.semantics.of_param(FnId { module: self.id, function }, at) {
                _ if harmless => Value::default(),
                Holds::Request => Value::constant(Constant::Request),
                Holds::Data(place) => Value::of(From::Outside(Source { place, span })),
                Holds::Clean => Value::default(),
                Holds::Unknown => given.cloned().unwrap_or_default(),
            };
            self.bind_param(param, value);
        }
        let outer = std::mem::take(&mut self.out.returns);
        self.depth += 4;
        self.block(body);
        self.depth -= 4;
        let value = std::mem::replace(&mut self.out.returns, outer);
        // its own names go, what it changed of ours stays
        let after = std::mem::replace(&mut self.env, before);
        for (name, value) in after {
            if let Some(known) = self.env.get_mut(&name)
                && !item.params.iter().any(|p| p.name == name)
            {
                known.join(&value);
            }
        }
        value
    }

    /// Data of a value that reaches a dangerous call.
    pub fn reaches(&mut self, kind: Kind, sink: ExprId, value: &Value) {
        let sink = ExprRef { module: self.id, expr: sink };
        for taint in value.flat().dangerous(kind) {
            self.reach(kind, sink, taint.from, taint.cleared, &taint.way);
        }
    }

    pub fn reach(&mut self, kind: Kind, sink: ExprRef, from: From, cleared: Kinds, way: &Way) {
        match from {
            From::Outside(source) => self.out.flows.push(Flow { kind, source, sink, steps: way.steps() }),
            from => {
                let known = self.out.uses.iter().any(|u| u.kind == kind && u.sink == sink && u.from == from);
                if !known && self.out.uses.len() < MAX_SINKS {
                    self.out.uses.push(Use { kind, sink, from, cleared, way: way.clone() });
                }
            }
        }
    }
}

pub fn joined(mut a: Value, b: &Value) -> Value {
    a.join(b);
    a
}

/// What data can no longer do after a fixed beginning: choose the host, leave the site.
fn cleared_by_prefix(text: &str) -> Kinds {
    let has_host = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.contains('\u{0}') && rest.contains('/') && !rest.starts_with(['/', '\u{0}']));
    let own_path = text.starts_with('/') && text.len() > 1 && !text.starts_with("//") && !text.starts_with("/\u{0}");
    let mut kinds = Kinds::NONE;
    if has_host || own_path || text.starts_with('?') || text.starts_with('#') {
        kinds = kinds.with(Kinds::only(Kind::Redirect));
    }
    if has_host {
        kinds = kinds.with(Kinds::only(Kind::Request));
    }
    kinds
}

fn arithmetic(op: BinaryOp, x: i64, y: i64) -> Option<Constant> {
    Some(match op {
        BinaryOp::Add => Constant::Int(x.checked_add(y)?),
        BinaryOp::Sub => Constant::Int(x.checked_sub(y)?),
        BinaryOp::Mul => Constant::Int(x.checked_mul(y)?),
        BinaryOp::Div => Constant::Int(x.checked_div(y)?),
        BinaryOp::Rem => Constant::Int(x.checked_rem(y)?),
        BinaryOp::Eq => Constant::Bool(x == y),
        BinaryOp::Ne => Constant::Bool(x != y),
        BinaryOp::Lt => Constant::Bool(x < y),
        BinaryOp::Le => Constant::Bool(x <= y),
        BinaryOp::Gt => Constant::Bool(x > y),
        BinaryOp::Ge => Constant::Bool(x >= y),
        _ => return None,
    })
}

fn falls_through(language: Language) -> bool {
    language.is_ecmascript() || matches!(language, Language::Java | Language::CSharp)
}

fn ends_with_break(module: &Module, block: &Block) -> bool {
    block.last().is_some_and(|s| match &module.stmt(*s).kind {
        StmtKind::Break => true,
        StmtKind::Block(inner) => ends_with_break(module, inner),
        _ => false,
    })
}
