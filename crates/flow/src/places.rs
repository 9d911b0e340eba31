//! Where values are kept, what is taken from them, and where they do harm.

use std::cell::RefCell;

use base::{Language, Symbol};
use ir::{ExprId, ExprKind};
use program::{ExprRef, FnId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::{
    Event, Flow, Holds, Kind, Kinds, Meaning, Place, Sink, Source,
    interpret::Run,
    names::{joins_paths, names_no_host},
    summaries::{Slot, Use},
    value::{Constant, From, Key, Path, Taint, Value, Way, joined},
};

/// The first parts that were asked for of what a call gives, by the parameter's number.
pub type Firsts = RefCell<FxHashMap<(u8, Key), Value>>;

/// How many dangerous uses of its parameters a summary keeps.
const MAX_USES: usize = 64;

/// What the names of parts of the request that were asked for begin with.
const ASKED: char = '\u{0}';

/// Whether a name of the env is that of a part of the request that was asked for.
pub fn is_asked(name: Symbol) -> bool {
    name.as_str().starts_with(ASKED)
}

impl Run<'_> {
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
                match written {
                    Some(text) => self.given.insert(*name, text),
                    None => self.given.remove(name),
                };
                match written.and_then(|w| self.host_of(w)) {
                    Some(text) => self.hosts.insert(*name, text),
                    None => self.hosts.remove(name),
                };
                match written.and_then(|w| self.parsed_address(w)) {
                    Some(text) => self.parsed.insert(*name, text),
                    None => self.parsed.remove(name),
                };
                match written.filter(|w| self.is_relative(*w)) {
                    Some(call) => self.relatives.insert(*name, call),
                    None => self.relatives.remove(name),
                };
                self.renewed.insert(*name);
                self.forget(*name);
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
                let mut value = value;
                if names_no_host(name.as_str()) && self.is_address(*object) {
                    value = value.cleared([Kind::Url, Kind::Redirect].into_iter().collect());
                }
                self.written_sink(target, &value);
                self.keep_field(*object, *name, &value);
                if (crate::conditions::is_host(*name) || *name == "href") && self.is_address(*object) {
                    // the address as a whole leads there
                    let leads = value.flat();
                    self.change(*object, &mut |holder| leads.taints.iter().for_each(|t| holder.add(t.clone())));
                }
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
    pub fn written_sink(&mut self, target: ExprId, value: &Value) {
        let at = ExprRef { module: self.id, expr: target };
        for meaning in self.semantics.of_call(at) {
            if let Meaning::Sink { kind, record, .. } = meaning {
                self.reaches(Sink { kind: *kind, at, record: *record }, value);
            }
        }
    }

    /// A key of the caller's choice, where names do harm too: `session[name] = …`, `headers[name] = …`.
    pub fn written_key(&mut self, target: ExprId, key: &Value) {
        let at = ExprRef { module: self.id, expr: target };
        for meaning in self.semantics.of_call(at) {
            if let Meaning::Sink { kind: kind @ (Kind::Trust | Kind::Header), record, .. } = meaning {
                self.reaches(Sink { kind: *kind, at, record: *record }, key);
            }
        }
    }

    /// `object[key][name] = value`, where the caller chooses both, may change the prototype of all objects;
    /// `object[key] = value` too, in a function that goes into `object[key]` itself.
    pub fn polluted(&mut self, target: ExprId, index: &Value) {
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

    /// `source[key]`, or a variable that holds it.
    fn is_keyed(&self, expr: ExprId) -> bool {
        let at = ExprRef { module: self.id, expr };
        let is_index = |at: ExprRef| matches!(self.program.expr(at).kind, ExprKind::Index { .. });
        is_index(at) || self.program.definition(at).is_some_and(is_index)
    }

    /// Whether the functions around go into the parts of a variable by keys that are no constants:
    /// `merge(object[key], …)` calls itself, `object = object[key]` goes on.
    pub fn descends(&self, name: Symbol) -> bool {
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
            // what is merged comes from another object: `merge(object[key], source[key])`
            let is_of_other = |expr: ExprId| match &module.expr(expr).kind {
                ExprKind::Index { object, .. } => !matches!(module.expr(*object).kind, ExprKind::Name(n) if n == name),
                ExprKind::Name(n) => *n != name,
                _ => false,
            };
            let calls_itself = self.program.callers(this).iter().any(|site| {
                site.module == self.id
                    && range.start <= module.expr(site.expr).range.start
                    && module.expr(site.expr).range.end <= range.end
                    && matches!(&module.expr(site.expr).kind,
                        ExprKind::Call { args, .. } if args.iter().any(|a| is_part(a.value))
                            && args.iter().any(|a| is_of_other(a.value) && self.is_keyed(a.value)))
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
    pub fn keep_field(&mut self, object: ExprId, name: Symbol, value: &Value) {
        if let (ExprKind::This, Some(class)) = (&self.module.expr(object).kind, self.class) {
            self.keep(Slot::Field(class, name), value);
        }
    }

    /// Outside data in a variable of the module, or in a field that is written by its name alone.
    pub fn keep_name(&mut self, name: Symbol, at: ExprId, value: &Value) {
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
        // `@x` is the object's, wherever it is written
        let is_field = self.module.language == Language::Ruby && name.as_str().starts_with('@');
        let mut function = scopes.owner(at).function.filter(|_| !is_field);
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

    pub fn keep(&mut self, slot: Slot, value: &Value) {
        // `config.name = x` says nothing of `config.path`
        let kept = value.kept_from_outside(0);
        if kept.is_from_outside() {
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
                ExprKind::Call { callee, args, .. } => match &self.module.expr(*callee).kind {
                    // `app.Store().Set(key, value)` leaves the rest of `app` as it is
                    ExprKind::Member { object, name, .. }
                        if args.is_empty() && self.module.language == Language::Go =>
                    {
                        keys.push(Key::Name(*name));
                        at = *object;
                    }
                    ExprKind::Member { object, .. } => at = *object,
                    // Ruby's `params` is a call
                    ExprKind::Name(name) if args.is_empty() && self.module.language == Language::Ruby => break *name,
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
        let mut whole = self.env.remove(&root).unwrap_or_default();
        self.change_within(&mut whole, keys, at, with);
        self.env.insert(root, whole);
    }

    fn change_within(&self, value: &mut Value, keys: Vec<Key>, at: ExprId, with: &mut dyn FnMut(&mut Value)) {
        let mut value = value;
        // what code adds to the request is its own: `request.session["device"] = agent`
        if self.module.language == Language::Python && value.taints.iter().any(|t| matches!(t.from, From::Request(_))) {
            return;
        }
        value.constant = None;
        for key in keys.into_iter().rev() {
            // a part of the request is asked for before it is told apart
            let is_new = value.parts().iter().all(|(k, _)| *k != key);
            if is_new && value.taints.iter().any(|t| matches!(t.from, From::Request(_))) {
                let part = self.part(value, key, at);
                value.put(key, part);
            }
            value = value.part_mut(key);
        }
        value.constant = None;
        with(value);
    }

    /// `full = path.join(base, name)` checked is `name` checked, as a path.
    fn clear_joined(&mut self, expr: ExprId, kinds: Kinds) {
        if !kinds.has(Kind::Path) {
            return;
        }
        let here = self.module.expr(expr).range.start;
        let given = match self.module.expr(expr).kind {
            ExprKind::Name(name) => self.given.get(&name).copied(),
            _ => None,
        };
        // a variable may have been given other paths before
        if let Some(given) = given.filter(|g| self.module.expr(*g).range.end <= here) {
            return self.clear_parts_of_path(given, 0);
        }
        let defined = self.program.definition(ExprRef { module: self.id, expr });
        if let Some(at) = defined.filter(|at| at.module == self.id && at.expr < expr) {
            self.clear_parts_of_path(at.expr, 0);
        }
    }

    /// What a path is put together of: `Path.GetFullPath(Path.Combine(base, name))`, `base + name`.
    fn clear_parts_of_path(&mut self, expr: ExprId, depth: u32) {
        let module = self.module;
        let parts: SmallVec<[ExprId; 4]> = match &module.expr(expr).kind {
            ExprKind::Call { callee, args, .. } => {
                let (on, name) = match &module.expr(*callee).kind {
                    ExprKind::Member { object, name, .. } => (Some(*object), *name),
                    ExprKind::Name(name) => (None, *name),
                    _ => return,
                };
                if !joins_paths(name.as_str()) {
                    return;
                }
                // `base.resolve(name).normalize()`
                let on = on.filter(|on| matches!(module.expr(*on).kind, ExprKind::Call { .. }));
                args.iter().map(|a| a.value).chain(on).collect()
            }
            ExprKind::Binary { op: ir::BinaryOp::Add | ir::BinaryOp::Div, left, right } => {
                [*left, *right].into_iter().collect()
            }
            ExprKind::Logical { left, .. } => [*left].into_iter().collect(),
            ExprKind::Template(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    ir::Part::Hole(hole) => Some(*hole),
                    ir::Part::Text(_) => None,
                })
                .collect(),
            ExprKind::Name(_) | ExprKind::Member { .. } if depth > 0 => {
                return self.clear(expr, Kinds::only(Kind::Path));
            }
            _ => return,
        };
        if depth < 4 {
            parts.into_iter().for_each(|part| self.clear_parts_of_path(part, depth + 1));
        }
    }

    /// Takes kinds of danger from what an expression names.
    pub fn clear(&mut self, expr: ExprId, kinds: Kinds) {
        if kinds == Kinds::NONE {
            return;
        }
        if let Some(url) = self.host_of(expr) {
            let of_hosts = kinds.and([Kind::Url, Kind::Redirect].into_iter().collect());
            self.clear(url, of_hosts);
            // the address that was made of the text goes on
            let read = match &self.module.expr(expr).kind {
                // `url.Hostname()`
                ExprKind::Call { callee, args, .. } if args.is_empty() => *callee,
                _ => expr,
            };
            if let ExprKind::Member { object, .. } = self.module.expr(read).kind
                && let ExprKind::Name(_) = self.module.expr(object).kind
            {
                self.change(object, &mut |value| *value = std::mem::take(value).cleared(of_hosts));
            }
        }
        match &self.module.expr(expr).kind {
            // `case name = params[:name]`
            ExprKind::Assign { target, .. } => {
                let target = *target;
                self.clear(target, kinds);
            }
            // `x.trim()` checked is `x` checked
            ExprKind::Call { callee, args, .. } => {
                self.remember(expr, kinds);
                let (callee, first) = (*callee, args.first().map(|a| a.value));
                match &self.module.expr(callee).kind {
                    ExprKind::Member { object, name, .. } if crate::strings::names_the_same(name.as_str()) => {
                        let object = *object;
                        self.clear(object, kinds);
                    }
                    // `ALLOWED.contains(page.getSort())`
                    ExprKind::Member { object, name, .. } if args.is_empty() => {
                        if let Some(field) = crate::accessors::field_read(name.as_str()) {
                            let object = *object;
                            self.change(object, &mut |holder| {
                                let part = holder.part_mut(Key::Name(field));
                                *part = std::mem::take(part).cleared(kinds);
                            });
                        }
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
                self.clear_joined(expr, kinds);
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
            _ => {
                self.remember(expr, kinds);
                self.change(expr, &mut |value| *value = std::mem::take(value).cleared(kinds));
            }
        }
    }

    /// What a text of ours is put together of: `LISTED.includes(`${folder}/${name}`)`.
    pub fn clear_holes(&mut self, expr: ExprId) {
        let ExprKind::Template(parts) = &self.module.expr(expr).kind else { return };
        for part in parts {
            if let ir::Part::Hole(hole) = part {
                self.clear(*hole, Kinds::ALL);
            }
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
        // Go keeps the last segment of the name of an uploaded file
        if matches!(key, Key::Name(name) if name == "Filename") && self.module.language == Language::Go {
            let is_file = |t: &Taint| matches!(t.from, From::Outside(source) if source.place == Place::File);
            if part.taints.iter().all(is_file) {
                part = part.cleared(Kinds::only(Kind::Path));
            }
        }
        part
    }

    /// Under what name the env holds a call that asks for the same part of the request again and again:
    /// `request.args.get("next")`.
    fn asked(&self, expr: ExprId) -> Option<Symbol> {
        match &self.module.expr(expr).kind {
            ExprKind::Call { callee, args, block: None, .. } => {
                let [arg] = args.as_slice() else { return None };
                let name = self.module.string(arg.value)?;
                Some(Symbol::new(&format!("{ASKED}{}.({name})", self.module.dotted(*callee)?)))
            }
            ExprKind::Member { .. } => {
                let meanings = self.semantics.of_call(ExprRef { module: self.id, expr });
                let is_source = meanings.iter().any(|m| matches!(m, Meaning::Source(_)));
                is_source.then(|| self.module.dotted(expr)).flatten().map(|at| Symbol::new(&format!("{ASKED}{at}")))
            }
            _ => None,
        }
    }

    /// A variable that holds something else is asked anew.
    fn forget(&mut self, variable: Symbol) {
        let of_it = format!("{ASKED}{variable}.");
        self.env.retain(|name, _| !name.as_str().starts_with(&of_it));
    }

    /// Keeps what was found out about a part of the request for the next time it is asked for.
    fn remember(&mut self, expr: ExprId, kinds: Kinds) {
        let Some(name) = self.asked(expr) else { return };
        let value = self.eval(expr);
        let is_asked = |t: &Taint| matches!(t.from, From::Outside(_));
        if !value.taints.is_empty() && value.taints.iter().all(is_asked) && value.parts().is_empty() {
            self.env.insert(name, value.cleared(kinds));
        }
    }

    /// What is known of a part of the request that was asked for before.
    pub fn remembered(&self, expr: ExprId, value: Value) -> Value {
        if value.taints.is_empty() || !self.env.keys().any(|name| is_asked(*name)) {
            return value;
        }
        self.asked(expr).and_then(|name| self.env.get(&name)).cloned().unwrap_or(value)
    }

    /// The part of a value that a path leads to.
    pub fn along(&self, value: &Value, path: Path, at: ExprId) -> Value {
        path.keys().fold(value.clone(), |value, key| self.part(&value, key, at))
    }

    /// The part that a path leads to of what a call gives to a parameter. A summary asks for many parts behind
    /// the same first step, which is kept.
    pub fn along_given(
        &self,
        number: u8,
        path: Path,
        give: &dyn Fn(u8) -> Value,
        firsts: &Firsts,
        at: ExprId,
    ) -> Value {
        let mut keys = path.keys();
        let Some(first) = keys.next() else { return give(number) };
        let known = firsts.borrow().get(&(number, first)).cloned();
        let value = known.unwrap_or_else(|| {
            let value = self.part(&give(number), first, at);
            firsts.borrow_mut().insert((number, first), value.clone());
            value
        });
        keys.fold(value, |value, key| self.part(&value, key, at))
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
    pub fn does_harm(&self, kind: Kind, source: Source) -> bool {
        match kind {
            // parts of paths and headers are strings; a schema types arguments
            Kind::NoSql => !matches!(source.place, Place::Path | Place::Header | Place::Argument),
            Kind::MassAssignment => !matches!(source.place, Place::Path | Place::Header),
            // an object is sent as JSON
            Kind::Html => {
                let is_parsed = matches!(source.place, Place::Path | Place::Query | Place::Body);
                // nobody can make another's browser send a header of their choice, but for the page it comes from
                let is_of_browser = source.place == Place::Header
                    && source
                        .name
                        .is_some_and(|n| !matches!(n.as_str().to_ascii_lowercase().as_str(), "referer" | "referrer"));
                !(is_of_browser || self.module.language.is_ecmascript() && is_parsed && !source.is_part)
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
                if self.semantics.spares(sink.record, source.place) {
                    return;
                }
                // the address that was asked for leads back to where the caller is
                let of_go = source.place == Place::Query && self.module.language == Language::Go;
                let is_own_address = !source.is_part && (of_go || matches!(source.place, Place::Path | Place::Request));
                if is_own_address && source.name.is_none() && matches!(sink.kind, Kind::Redirect | Kind::Url) {
                    return;
                }
                // a schema declares what arguments hold
                let is_open = !source.is_part && source.place != Place::Argument;
                let whole = !matches!(sink.kind, Kind::MassAssignment) || is_open;
                // what functions give back as it is, is an object that is sent as JSON
                let is_object = sink.kind == Kind::Html && self.module.language.is_ecmascript() && {
                    let steps = way.steps();
                    let has = |event: Event| steps.iter().any(|s| s.event == event);
                    has(Event::Returned) && !has(Event::Formatted)
                };
                if whole && !is_object && self.does_harm(sink.kind, source) {
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
    if kind == Kind::NoSql {
        return outside_operators(value, 0, found);
    }
    if !kind.needs_string() {
        value.flat().dangerous(kind).for_each(&mut *found);
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

/// The taints of a filter. What an operator is given (`{ $in: names }`) is a value, whatever it looks like.
fn outside_operators(value: &Value, depth: u32, found: &mut dyn FnMut(&Taint)) {
    value.dangerous(Kind::NoSql).for_each(&mut *found);
    for (key, part) in value.parts() {
        let is_operator = matches!(key, Key::Name(name) if matches!(name.as_str(),
            "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$all" | "$size" | "$exists" | "$mod"));
        if !is_operator && depth < 4 {
            outside_operators(part, depth + 1, found);
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
