//! The values of expressions.

use base::{Language, Symbol};
use ir::{BinaryOp, Block, ExprId, ExprKind, FunctionId, LogicalOp, Part, StmtKind, UnaryOp};
use program::{ExprRef, FnId};

use crate::{
    Event, Holds, Kind, Kinds, Meaning, Source,
    interpret::{After, Run, literal},
    places::key_of,
    strings::{cleared_by_prefix, cleared_by_string},
    summaries::Slot,
    types::is_harmless,
    value::{Constant, From, Key, Value, joined},
};

/// How deep expressions may be nested.
const MAX_DEPTH: u32 = 300;
/// How deep lambdas may be nested.
const MAX_LAMBDAS: u32 = 120;

impl Run<'_> {
    /// The value of an expression, after all that it does.
    pub fn eval(&mut self, expr: ExprId) -> Value {
        if self.budget == 0 || self.depth > MAX_DEPTH {
            self.out.is_cut = true;
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
            ExprKind::This => self.env.get(&self.this).cloned().unwrap_or_default(),
            ExprKind::Super | ExprKind::TypeExpr(_) | ExprKind::ClassExpr(_) => Value::default(),
            ExprKind::Literal(written) => literal(written).map(Value::constant).unwrap_or_default(),
            ExprKind::Template(parts) => self.template(expr, parts),
            ExprKind::Member { object, name, .. } => {
                let value = self.member(expr, *object, *name);
                self.remembered(expr, value)
            }
            ExprKind::Index { object, index } => {
                if matches!(self.semantics.of_call(ExprRef { module: self.id, expr }), [Meaning::Answers]) {
                    return Value::default();
                }
                let holder = self.eval(*object);
                if matches!(module.expr(*index).kind, ExprKind::List(_)) {
                    // `text[4:-1]` is text still
                    self.eval(*index);
                    let mut slice = holder.flat();
                    slice.constant = None;
                    return slice;
                }
                let index = self.eval(*index);
                if let Some(letter) = letter_at(module.language, &holder, &index) {
                    return Value::constant(letter);
                }
                // a key of the caller's choice is still a key of ours
                self.part(&holder, key_of(&index).unwrap_or(Key::Any), expr)
            }
            ExprKind::Call { .. } => {
                let value = self.call(expr);
                self.remembered(expr, value)
            }
            ExprKind::Lambda(function) => {
                self.lambda(*function, None);
                Value::default()
            }
            ExprKind::List(items) => self.list(items),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Unary { op, operand } => {
                let value = self.eval(*operand);
                match (op, value.constant) {
                    (UnaryOp::Not, Some(Constant::Bool(yes))) => Value::constant(Constant::Bool(!yes)),
                    (UnaryOp::Neg, Some(Constant::Int(n))) => Value::constant(Constant::Int(n.wrapping_neg())),
                    (UnaryOp::Not | UnaryOp::Neg | UnaryOp::Other | UnaryOp::Delete, _) => Value::default(),
                    _ => value,
                }
            }
            ExprKind::Binary { op, left, right } => {
                let (a, b) = (self.eval(*left), self.eval(*right));
                if *op == BinaryOp::Match {
                    self.matched(expr, &a, std::slice::from_ref(&b));
                }
                if *op == BinaryOp::Shl {
                    // `list << x`, `stream << x`
                    let given = b.flat();
                    self.change(*left, &mut |value| given.taints.iter().for_each(|t| value.add(t.clone())));
                    return joined(a, &given);
                }
                let one_slash = matches!(a.constant, Some(Constant::Str(slash)) if slash == "/");
                let value = self.combined(*op, expr, a, b);
                match one_slash && *op == BinaryOp::Add && self.is_without_slashes(*right) {
                    true => value.cleared(Kinds::from_iter([Kind::Redirect, Kind::Url])),
                    false => value,
                }
            }
            ExprKind::Logical { op, left, right } => self.logical(*op, *left, *right),
            ExprKind::Ternary { cond, then, otherwise } => {
                if let Some(yes) = self.decided(*cond) {
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
                if let Some(op) = op {
                    let before = self.eval(*target);
                    given = self.combined(*op, *target, before, given);
                }
                self.assign(*target, given.clone(), Some(*value));
                given
            }
            ExprKind::Await(inner) | ExprKind::Spread(inner) => self.eval(*inner),
            ExprKind::Yield(inner) => {
                if let Some(inner) = inner {
                    let value = self.eval(*inner);
                    self.returned(value, None);
                }
                Value::default()
            }
            ExprKind::Cast { ty, value } => {
                let value = self.eval(*value);
                match is_harmless(self.program, self.id, *ty) {
                    true => value.only_constant(),
                    // what is a file already was no text of the caller's
                    false if crate::types::is_file(module, *ty) => value.cleared(Kinds::only(Kind::Path)),
                    false => value,
                }
            }
            ExprKind::IsType { value, binding, ty } => {
                let mut value = self.eval(*value);
                if let Some(name) = binding {
                    if is_harmless(self.program, self.id, *ty) {
                        value = Value::default();
                    }
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

    fn list(&mut self, items: &[ExprId]) -> Value {
        let mut value = Value::default();
        for (at, item) in items.iter().enumerate() {
            let spread = matches!(self.module.expr(*item).kind, ExprKind::Spread(_));
            let item = self.eval(*item);
            match spread {
                true => value.join(&item.flat()),
                false => value.put(Key::Index(at as u32), item),
            }
        }
        value
    }

    fn map(&mut self, entries: &[ir::Entry]) -> Value {
        let mut value = Value::default();
        for entry in entries {
            let item = self.eval(entry.value);
            match entry.key {
                Some(key) => {
                    let key = self.eval(key);
                    match key.constant {
                        Some(Constant::Str(name)) => value.put(Key::Name(name), item),
                        // keys of the caller's choice are operators to a document store
                        _ => {
                            let data = [Kind::Sql, Kind::Command, Kind::Code, Kind::Path, Kind::Url, Kind::Html];
                            value.join(&key.flat().cleared(data.into_iter().collect()));
                            value.part_mut(Key::Any).join(&item);
                        }
                    }
                }
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

    fn logical(&mut self, op: LogicalOp, left: ExprId, right: ExprId) -> Value {
        let first = self.eval(left);
        if op == LogicalOp::Coalesce {
            let second = self.eval(right);
            return joined(first, &second);
        }
        let is_and = op == LogicalOp::And;
        if let Some(Constant::Bool(yes)) = first.constant
            && yes != is_and
        {
            return first;
        }
        let before = self.env.clone();
        self.refine(left, is_and);
        let second = self.eval(right);
        self.merge(&before);
        if let (Some(Constant::Bool(_)), Some(Constant::Bool(b))) = (first.constant, second.constant) {
            return Value::constant(Constant::Bool(b));
        }
        let mut value = joined(first, &second);
        value.constant = None;
        value
    }

    /// A block as a value: that of its last expression, or of the arms of its last `if` or `match`.
    pub fn value_of(&mut self, block: &Block) -> Value {
        let Some((last, before)) = block.split_last() else { return Value::default() };
        for stmt in before {
            if self.stmt(*stmt) == After::Leaves {
                return Value::default();
            }
        }
        match &self.module.stmt(*last).kind {
            StmtKind::Expr(value) => self.eval(*value),
            StmtKind::If { cond, then, otherwise } => {
                if let Some(yes) = self.decided(*cond) {
                    return self.value_of(if yes { then } else { otherwise });
                }
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
                    if let Some(guard) = arm.guard {
                        self.eval(guard);
                        self.refine(guard, true);
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
            // `[f(x) for x in all if x in known]`
            StmtKind::Loop { pattern: Some(pattern), iter: Some(iter), body, .. }
                if self.module.language == Language::Python =>
            {
                let items = self.eval(*iter);
                self.bind_element(*pattern, &items);
                let mut all = self.value_of(body).flat();
                all.constant = None;
                all
            }
            StmtKind::Block(inner) => self.value_of(inner),
            StmtKind::Try { body, catches, .. } => {
                let before = self.env.clone();
                let mut value = self.value_of(body);
                for catch in catches {
                    let after = std::mem::replace(&mut self.env, before.clone());
                    value.join(&self.value_of(&catch.body));
                    self.merge(&after);
                }
                value
            }
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
        if let Some(value) = self.held(name, expr) {
            return value;
        }
        let slot = self.slot(name, expr);
        if let Some(slot) = slot {
            let value = self.read(slot);
            if !value.is_blank() {
                return value;
            }
        }
        match slot {
            Some(Slot::Field(..)) if self.module.language == Language::Java => self.own_field(name, expr),
            _ => self.defined(expr),
        }
    }

    /// A field of `this` that is named alone.
    fn own_field(&mut self, name: Symbol, expr: ExprId) -> Value {
        let key = Key::Name(name);
        let this = self.env.get(&self.this).cloned().unwrap_or_default();
        if let Some((_, written)) = this.parts().iter().find(|(k, _)| *k == key) {
            return written.clone();
        }
        let defined = self.defined(expr);
        let field = self.class.and_then(|class| self.program.classes().field(class, name));
        if field.is_some_and(|(part, at)| self.program.class(part).fields[at as usize].is_static) {
            return defined;
        }
        if defined.is_blank() { self.part(&this, key, expr) } else { defined }
    }

    /// What frameworks say that a name holds.
    pub fn held(&self, name: Symbol, expr: ExprId) -> Option<Value> {
        let span = self.span(expr);
        match self.semantics.of_name(ExprRef { module: self.id, expr }, name) {
            Holds::Request(ty) => Some(Value::of(From::Request(ty))),
            Holds::Data(place) => Some(Value::of(From::Outside(Source::of(place, span)))),
            Holds::Named(place, name) => {
                Some(Value::of(From::Outside(Source { name: Some(name), ..Source::of(place, span) })))
            }
            Holds::Clean => Some(Value::default()),
            Holds::Unknown => None,
        }
    }

    fn read(&mut self, slot: Slot) -> Value {
        self.out.reads.insert(slot);
        self.slots.get(&slot).cloned().unwrap_or_default()
    }

    /// The constant that a name or member of a module, class or object stands for.
    fn defined(&mut self, expr: ExprId) -> Value {
        let Some(at) = self.program.definition(ExprRef { module: self.id, expr }) else { return Value::default() };
        match &self.program.expr(at).kind {
            ExprKind::Literal(written) => literal(written).map(Value::constant).unwrap_or_default(),
            ExprKind::Template(_) | ExprKind::Binary { .. } if at.module == self.id && at.expr < expr => {
                let constant = self.eval(at.expr).constant;
                constant.map(Value::constant).unwrap_or_default()
            }
            _ => Value::default(),
        }
    }

    fn member(&mut self, expr: ExprId, object: ExprId, name: Symbol) -> Value {
        let is_this = matches!(self.module.expr(object).kind, ExprKind::This);
        if is_this && let Some(value) = self.held(name, expr) {
            return value;
        }
        let holder = self.eval(object);
        let meanings = self.semantics.of_call(ExprRef { module: self.id, expr });
        for meaning in meanings {
            match meaning {
                Meaning::Source(place) => {
                    return Value::of(From::Outside(Source::of(*place, self.span(expr))));
                }
                Meaning::Request(ty) => return Value::of(From::Request(*ty)),
                Meaning::Cleans(kinds) => return self.part(&holder, Key::Name(name), expr).cleared(*kinds),
                Meaning::Answers => return Value::default(),
                _ => {}
            }
        }
        let mut value = match holder.is_blank() {
            true => Value::default(),
            false if self.is_key_of_library(object, name) => Value::default(),
            // sizes are numbers
            false if matches!(name.as_str(), "length" | "size" | "Length" | "Count" | "count" | "byteLength") => {
                Value::default()
            }
            false => self.part(&holder, Key::Name(name), expr),
        };
        if matches!(name.as_str(), "pathname" | "search" | "hash") && self.is_address(object) {
            // they name no host
            value = value.cleared(Kinds::from_iter([Kind::Url, Kind::Redirect]));
        }
        // a host has no separators
        if crate::conditions::is_host(name) && self.is_address(object) {
            value = value.cleared(Kinds::only(Kind::Path));
        }
        if is_this && let Some(class) = self.class {
            let kept = self.read(Slot::Field(class, name));
            value.join(&kept);
        }
        if value.is_blank() { self.defined(expr) } else { value }
    }

    /// Whether an expression is an address that was taken apart.
    pub fn is_address(&self, expr: ExprId) -> bool {
        match &self.module.expr(expr).kind {
            ExprKind::Name(name) => self.parsed.contains_key(name),
            _ => self.parsed_address(expr).is_some(),
        }
    }

    fn template(&mut self, expr: ExprId, parts: &[Part]) -> Value {
        let mut value = Value::default();
        let mut text = String::new();
        let mut constant = true;
        let mut has_data = false;
        for part in parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed.as_str()),
                Part::Hole(hole) => {
                    let given = self.eval(*hole);
                    match given.constant {
                        Some(Constant::Str(fixed)) => text.push_str(fixed.as_str()),
                        Some(Constant::Int(number)) => text.push_str(&number.to_string()),
                        Some(Constant::Bool(yes)) => text.push_str(if yes { "true" } else { "false" }),
                        _ => {
                            let mut cleared = cleared_by_prefix(&text);
                            if parts.first().is_some_and(
                                |p| matches!(p, Part::Hole(h) if h != hole && !has_data && self.names_address(*h)),
                            ) {
                                cleared = cleared.with(Kinds::only(Kind::Url));
                            }
                            has_data |= given.is_tainted();
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
        value.cleared(cleared_by_string()).stepped(self.step(expr, Event::Formatted))
    }

    /// Whether an expression is named for an address: `baseUrl`, `getEndpoint()`.
    pub fn names_address(&self, expr: ExprId) -> bool {
        let name = match &self.module.expr(expr).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
            ExprKind::Call { callee, args, .. } if args.is_empty() => return self.names_address(*callee),
            _ => return false,
        };
        let lower = name.as_str().to_ascii_lowercase();
        ["url", "uri", "endpoint", "domain", "address"].iter().any(|w| lower.ends_with(w))
    }

    /// Two values and an operator.
    pub fn combined(&mut self, op: BinaryOp, at: ExprId, a: Value, b: Value) -> Value {
        let constant = match (op, a.constant, b.constant) {
            (_, Some(Constant::Int(x)), Some(Constant::Int(y))) => arithmetic(op, x, y),
            (BinaryOp::Eq, Some(x), Some(y)) => Some(Constant::Bool(x == y)),
            (BinaryOp::Ne, Some(x), Some(y)) => Some(Constant::Bool(x != y)),
            (BinaryOp::Add, Some(Constant::Str(x)), Some(Constant::Str(y))) => {
                Some(Constant::Str(Symbol::new(&format!("{x}{y}"))))
            }
            (BinaryOp::In, Some(Constant::Str(x)), Some(Constant::Str(y))) => {
                Some(Constant::Bool(y.as_str().contains(x.as_str())))
            }
            (BinaryOp::NotIn, Some(Constant::Str(x)), Some(Constant::Str(y))) => {
                Some(Constant::Bool(!y.as_str().contains(x.as_str())))
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
                    // a base that is not the caller's: `config.api + path`
                    _ if op == BinaryOp::Add && !a.is_tainted() => cleared_by_prefix("\u{0}"),
                    // `address + "?" + query` in a function: who hands over the address answers for the host
                    _ if op == BinaryOp::Add && !a.is_from_outside() && !self.ends_in_scheme(at) => {
                        Kinds::from_iter([Kind::Redirect, Kind::Url]).and(cleared_by_prefix("\u{0}"))
                    }
                    _ => Kinds::NONE,
                };
                let is_list = !a.parts().is_empty() || !b.parts().is_empty();
                let mut value = joined(a.flat(), &b.flat().cleared(cleared));
                value.constant = None;
                match is_list || !value.is_tainted() {
                    true => value,
                    false => value.cleared(cleared_by_string()).stepped(self.step(at, Event::Formatted)),
                }
            }
            // of what the caller named, what is in a list of ours
            BinaryOp::Meet if !a.is_tainted() || !b.is_tainted() => Value::default(),
            // set operators of ORMs (`Q(…) | Q(…)`), pipes, `path / name`
            BinaryOp::Other | BinaryOp::Div | BinaryOp::Meet => {
                let mut value = joined(a.flat(), &b.flat());
                value.constant = None;
                value
            }
            _ => Value::default(),
        }
    }

    /// `scheme + "://" + host`: the host is still to come.
    fn ends_in_scheme(&self, expr: ExprId) -> bool {
        let ExprKind::Binary { left, .. } = &self.module.expr(expr).kind else { return false };
        let ExprKind::Binary { right, .. } = &self.module.expr(*left).kind else { return false };
        self.module.string(*right).is_some_and(|text| text.as_str().ends_with("//"))
    }

    /// `path.lstrip("/")`: no slash begins it.
    fn is_without_slashes(&self, expr: ExprId) -> bool {
        let ExprKind::Call { callee, args, .. } = &self.module.expr(expr).kind else { return false };
        let ExprKind::Member { name, .. } = &self.module.expr(*callee).kind else { return false };
        matches!(name.as_str(), "lstrip" | "strip" | "TrimLeft" | "TrimStart" | "trim_start_matches")
            && args.last().is_some_and(|a| self.module.string(a.value).is_some_and(|text| text.as_str().contains('/')))
    }

    /// Runs a lambda where it stands. `given` is what its parameters get.
    pub fn lambda(&mut self, function: FunctionId, given: Option<&Value>) -> Value {
        self.lambda_given(function, &|_| given.cloned().unwrap_or_default())
    }

    /// The same, each parameter with a value of its own.
    pub fn lambda_given(&mut self, function: FunctionId, given: &dyn Fn(usize) -> Value) -> Value {
        let item = self.module.function(function);
        let Some(body) = &item.body else { return Value::default() };
        if self.depth > MAX_LAMBDAS {
            self.out.is_cut = true;
            return Value::default();
        }
        let before = self.env.clone();
        let own = &self.program.scopes(self.id).functions[function.0 as usize];
        self.env.retain(|name, _| !own.contains_key(name));
        for (at, param) in item.params.iter().enumerate() {
            // `(error, rows) => …`
            let is_error = at == 0 && self.module.language.is_ecmascript() && names_error(param.name);
            let given = if is_error { Value::default() } else { given(at) };
            let value = self.entering(function, at, param, given);
            self.bind_param(param, value);
        }
        let outer = std::mem::take(&mut self.out.returns);
        let outer_returned = std::mem::take(&mut self.has_returned);
        let around = self.function.replace(function);
        self.depth += 4;
        self.block(body);
        self.depth -= 4;
        self.function = around;
        let value = std::mem::replace(&mut self.out.returns, outer);
        self.has_returned = outer_returned;
        // its own names go, what it changed of ours stays
        let after = std::mem::replace(&mut self.env, before);
        for (name, value) in after {
            if let Some(known) = self.env.get_mut(&name)
                && !own.contains_key(&name)
            {
                known.join(&value);
            }
        }
        value
    }

    /// The function of this module that a name means, where it is given as a value.
    pub fn function_named(&self, expr: ExprId) -> Option<FnId> {
        let ExprKind::Name(name) = self.module.expr(expr).kind else { return None };
        if self.env.contains_key(&name) {
            return None;
        }
        let bindings = self.program.scopes(self.id).top.get(&name)?;
        bindings.iter().find_map(|b| match b {
            program::Binding::Function(function) => Some(FnId { module: self.id, function: *function }),
            _ => None,
        })
    }
}

/// `"abc"[0]`, where that is a string.
fn letter_at(language: Language, holder: &Value, index: &Value) -> Option<Constant> {
    let (Some(Constant::Str(text)), Some(Constant::Int(at))) = (holder.constant, index.constant) else { return None };
    if !language.is_ecmascript() && !matches!(language, Language::Python | Language::Ruby | Language::CSharp) {
        return None;
    }
    let letter = text.as_str().chars().nth(usize::try_from(at).ok()?)?;
    Some(Constant::Str(Symbol::new(letter.encode_utf8(&mut [0; 4]))))
}

fn names_error(name: Symbol) -> bool {
    matches!(name.as_str(), "err" | "error" | "_err" | "_error" | "exception" | "reason")
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
