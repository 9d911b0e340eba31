//! What calls do to data.

use base::{Language, Symbol};
use ir::{Arg, CallKind, ExprId, ExprKind, FunctionKind, ParamKind, UnaryOp};
use program::{ExprRef, FnId};
use smallvec::SmallVec;

use crate::{
    Argument, Event, Kind, Kinds, Meaning, Place, Sink, Source,
    conditions::seen_to,
    deeds::replaced,
    dynamic::{entries, keyed, keys},
    interpret::Run,
    names::{answers_about, gives_all, gives_own_address, keeps_items, makes_text, names_no_host, passes_on, puts_in},
    places::Firsts,
    strings::{cleared_by_string, folded},
    types::is_harmless,
    value::{Constant, From, Key, THIS, Taint, Value, joined},
};

/// A call, taken apart.
pub struct Call<'m> {
    pub expr: ExprId,
    pub kind: CallKind,
    pub name: Option<Symbol>,
    /// What it is called on.
    pub on: Option<ExprId>,
    pub receiver: Value,
    pub args: &'m [Arg],
    pub values: SmallVec<[Value; 4]>,
    /// Functions of the repository that it calls.
    pub functions: SmallVec<[FnId; 1]>,
    /// Whether a thing of a library is called that is no method of a value.
    pub of_library: bool,
    /// Whether anything of a library is called.
    pub is_external: bool,
}

impl Call<'_> {
    pub fn name(&self) -> &str {
        self.name.map_or("", Symbol::as_str)
    }

    /// Whether it asks another system, which outside data chooses: whoever chooses the system chooses its answer.
    pub fn asks_a_chosen_one(&self, meanings: &[Meaning]) -> bool {
        let asks = meanings.iter().any(|m| matches!(m, Meaning::Sink { kind: Kind::Url, .. }));
        let chooses = |value: &Value| value.flat().taints.iter().any(|t| !t.cleared.has(Kind::Url));
        asks && self.values.iter().any(chooses)
    }

    pub fn positional(&self) -> impl Iterator<Item = (ExprId, &Value)> {
        self.args.iter().zip(&self.values).filter(|(a, _)| a.name.is_none()).map(|(a, v)| (a.value, v))
    }

    /// All that it is given, as one.
    pub fn all(&self) -> Value {
        let mut all = self.receiver.flat();
        self.values.iter().for_each(|v| all.join(&v.flat()));
        all.constant = None;
        all
    }
}

impl<'a> Run<'a> {
    /// The value of a call, after all that it does.
    pub fn call(&mut self, expr: ExprId) -> Value {
        let module = self.module;
        let ExprKind::Call { callee, args, block, kind } = &module.expr(expr).kind else { return Value::default() };
        if *kind == CallKind::Annotation {
            return Value::default();
        }
        let at = ExprRef { module: self.id, expr };
        let (on, name) = match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), Some(*name)),
            ExprKind::Name(name) => (None, Some(*name)),
            ExprKind::Index { object, index } => {
                self.chosen(expr, *object, *index);
                self.eval(*callee);
                (None, None)
            }
            _ => {
                self.eval(*callee);
                (None, None)
            }
        };
        let receiver = on.map(|r| self.eval(r)).unwrap_or_default();
        let values: SmallVec<[Value; 4]> = args
            .iter()
            .map(|a| match module.expr(a.value).kind {
                ExprKind::Lambda(_) => Value::default(),
                _ => self.eval(a.value),
            })
            .collect();
        let program = self.program;
        let resolved = program.call(at);
        let functions = resolved.map_or(&[] as &[FnId], |c| c.functions.as_slice());
        // a parameter that is given several functions: which one is called is not known here
        let is_given = functions.len() > 1 && on.is_none() && name.is_some_and(|n| self.is_parameter(n));
        let functions = self.taking(if is_given { &[] } else { functions }, args);
        let is_of_library = |name: &Symbol| !name.as_str().contains('#') && self.is_of_library(name.as_str());
        let of_library = resolved.is_some_and(|c| c.external.iter().any(is_of_library));
        let is_external = resolved.is_some_and(|c| !c.external.is_empty());
        let call = Call { expr, kind: *kind, name, on, receiver, args, values, functions, of_library, is_external };
        let meanings = self.semantics.of_call(at);
        self.calls_back(&call);
        self.sinks(&call, meanings);
        let value = self.result(&call, meanings);
        self.fills(&call, meanings);
        self.callbacks(&call, *block, meanings, value)
    }

    /// The dangers of a call.
    fn sinks(&mut self, call: &Call<'_>, meanings: &[Meaning]) {
        for meaning in meanings {
            let Meaning::Sink { kind, arg, keyword, record } = meaning else { continue };
            let sink = Sink { kind: *kind, at: ExprRef { module: self.id, expr: call.expr }, record: *record };
            if *kind == Kind::Command && self.module.language == Language::Rust {
                // what is added to a program is an argument, unless the program is a shell
                if matches!(call.name(), "arg" | "args") && !self.adds_to_a_shell(call) {
                    continue;
                }
            } else if *kind == Kind::Command && self.runs_a_shell(call) {
                let all = call.all();
                self.reaches(sink, &all);
                continue;
            }
            if self.is_whole_request(call, *kind) {
                continue;
            }
            // `db.First(&user, id)` with `id UserID`: only a text of Go's own type is a condition
            if *kind == Kind::Sql
                && let Some(Argument::At(at)) = arg
                && call.positional().nth(*at as usize).is_some_and(|(given, _)| self.is_of_own_type(given))
            {
                continue;
            }
            // `db.prepare(sql).run(name)`: values of a statement that stands
            if *kind == Kind::Sql && call.on.is_some_and(|on| self.is_prepared(on)) {
                continue;
            }
            if let Some(keyword) = keyword {
                let mut found = false;
                for (at, arg) in call.args.iter().enumerate() {
                    if arg.name == Some(*keyword) {
                        self.reaches(sink, &call.values[at]);
                        found = true;
                    }
                    let option = call.values[at].parts().iter().find(|(key, _)| *key == Key::Name(*keyword));
                    if let Some((_, option)) = option {
                        self.reaches(sink, option);
                        found = true;
                    }
                }
                if found {
                    continue;
                }
            }
            match arg {
                Some(Argument::At(at)) => {
                    if let Some((arg, value)) = call.positional().nth(*at as usize) {
                        // `run(*command)`
                        let value = match self.module.expr(arg).kind {
                            ExprKind::Spread(_) if !value.parts().is_empty() => value.part(Key::Index(*at)),
                            _ => value.clone(),
                        };
                        self.reaches(sink, &value);
                    }
                }
                Some(Argument::Within(at)) => {
                    if let Some((_, value)) = call.positional().nth(*at as usize) {
                        self.reaches(sink, &value.flat());
                    }
                }
                Some(Argument::From(at)) => {
                    let values: Vec<Value> = call.positional().skip(*at as usize).map(|(_, v)| v.clone()).collect();
                    values.iter().for_each(|v| self.reaches(sink, v));
                }
                Some(Argument::Receiver) => self.reaches(sink, &call.receiver),
                None if keyword.is_none() => {
                    for (arg, value) in call.args.iter().zip(&call.values) {
                        if *kind != Kind::MassAssignment || self.module.language != Language::Python {
                            self.reaches(sink, value);
                        } else if matches!(self.module.expr(arg.value).kind, ExprKind::Spread(_)) {
                            // only the keys of `**body` are of the caller's choice
                            self.reaches(sink, &value.whole());
                        }
                    }
                }
                None => {}
            }
        }
    }

    /// What a call gives.
    fn result(&mut self, call: &Call<'_>, meanings: &[Meaning]) -> Value {
        let mut checked = Kinds::NONE;
        let mut given: Option<Value> = None;
        let is_chosen = call.asks_a_chosen_one(meanings);
        for meaning in meanings {
            match meaning {
                Meaning::Source(place) => {
                    let name = call.positional().find_map(|(_, v)| match v.constant {
                        Some(Constant::Str(name)) => Some(name),
                        _ => None,
                    });
                    let source = Source { name, is_part: name.is_some(), ..Source::of(*place, self.span(call.expr)) };
                    given = Some(Value::of(From::Outside(source)));
                }
                Meaning::Request(ty) => given = Some(Value::of(From::Request(*ty))),
                // what a source gives may be harmless for some
                Meaning::Cleans(kinds) => given = Some(given.unwrap_or_else(|| call.all()).cleared(*kinds)),
                Meaning::CleansArguments(kinds, from) => {
                    let mut value = call.receiver.flat();
                    for (at, given) in call.values.iter().enumerate() {
                        let is_clean = at >= *from as usize;
                        value.join(&given.flat().cleared(if is_clean { *kinds } else { Kinds::NONE }));
                    }
                    given = Some(value);
                }
                Meaning::Checks(kinds) => checked = checked.with(*kinds),
                Meaning::ChecksReceiver(kinds) => {
                    if let Some(on) = call.on {
                        self.clear(on, *kinds);
                    }
                }
                Meaning::Passes => {
                    given.get_or_insert_with(|| entries(call).unwrap_or_else(|| call.all()));
                }
                Meaning::Answers if !is_chosen => {
                    given.get_or_insert_with(Value::default);
                }
                Meaning::Answers | Meaning::Sink { .. } | Meaning::Fills(..) | Meaning::Ends => {}
            }
        }
        if checked != Kinds::NONE {
            let args: Vec<ExprId> = call.args.iter().map(|a| a.value).collect();
            args.into_iter().for_each(|arg| self.clear(arg, checked));
        }
        if let Some(given) = given {
            return given;
        }
        // reqwest and its like only begin a request
        if Self::asks_elsewhere(call, meanings) && self.module.language != Language::Rust && !is_chosen {
            return Value::default();
        }
        if let Some(value) = self.of_request(call) {
            return value;
        }
        match call.functions.is_empty() {
            true => {
                let mut given = self.unknown(call).cleared(self.seen_to_by(call));
                // `chain.transform(request, resource)` gives no request
                if call.args.len() > 1 {
                    given.taints.retain(|t| !matches!(t.from, From::Request(_)));
                }
                given
            }
            // `next = validate_next_url(next)`
            false => self.repository(call).cleared(self.seen_to_by(call)),
        }
    }

    /// A method of the request, or a name that stands for a part of it.
    fn of_request(&mut self, call: &Call<'_>) -> Option<Value> {
        let name = call.name?;
        let Some(on) = call.on else {
            if self.module.language == Language::Ruby
                && call.args.is_empty()
                && let Some(known) = self.env.get(&name)
            {
                return Some(known.clone());
            }
            let free = call.functions.is_empty() && !self.env.contains_key(&name);
            return if free { self.held(name, call.expr) } else { None };
        };
        if matches!(self.module.expr(on).kind, ExprKind::This)
            && call.args.is_empty()
            && let Some(value) = self.held(name, call.expr)
        {
            return Some(value);
        }
        let is_request = call.receiver.taints.iter().any(|t| matches!(t.from, From::Request(_)));
        if !is_request {
            return None;
        }
        let mut value = self.part(&call.receiver.whole(), Key::Name(name), call.expr);
        value.taints.retain(|t| !matches!(t.from, From::Param(..)));
        // `request.getParameter("id")`
        if let Some((_, first)) = call.positional().next()
            && let Some(Constant::Str(name)) = first.constant
        {
            for taint in &mut value.taints {
                if let From::Outside(source) = &mut taint.from {
                    source.name.get_or_insert(name);
                    source.is_part = true;
                }
            }
        }
        let filled = value.clone();
        if filled.is_from_outside() {
            self.fill_references(call, &filled);
        }
        (value.is_tainted() || call.functions.is_empty()).then_some(value)
    }

    /// `decoder.Decode(&x)`, `json.Unmarshal(data, &x)`: what is given by reference holds what is read.
    fn fill_references(&mut self, call: &Call<'_>, data: &Value) {
        let flat = data.flat();
        if self.module.language != Language::Go || !flat.is_tainted() {
            return;
        }
        for arg in call.args {
            if let ExprKind::Unary { op: UnaryOp::Ref, operand } = self.module.expr(arg.value).kind {
                self.fill(operand, &flat);
            }
        }
    }

    /// Puts data into a variable. Where its class is written down, fields of harmless types stay harmless.
    fn fill(&mut self, target: ExprId, data: &Value) {
        let mut given = Value::default();
        data.taints.iter().for_each(|t| given.add(t.clone()));
        if let Some(class) = self.class_of_variable(target) {
            self.fields_of(&mut given, class, 0);
        }
        self.change(target, &mut |value| value.join(&given));
    }

    /// The class of `x` in `var x T`, `x := T{}`, `x := new(T)`.
    fn class_of_variable(&self, mut at: ExprId) -> Option<program::ClassRef> {
        while let ExprKind::Unary { operand, .. } = self.module.expr(at).kind {
            at = operand;
        }
        if let Some(ty) = self.declared_type(at) {
            return self.class_of_type(self.id, ty);
        }
        let defined = self.program.definition(ExprRef { module: self.id, expr: at })?;
        let module = self.program.module(defined.module);
        let mut made = defined.expr;
        while let ExprKind::Unary { operand, .. } = module.expr(made).kind {
            made = operand;
        }
        let ExprKind::Call { callee, args, kind, .. } = &module.expr(made).kind else { return None };
        let name = match (&module.expr(*callee).kind, args.as_slice()) {
            (ExprKind::Name(name), [of]) if *name == "new" => module.dotted(of.value),
            _ if *kind == CallKind::New => module.dotted(*callee),
            _ => None,
        };
        self.program.class_named(defined.module, Symbol::new(&name?))
    }

    /// Arguments that a call puts outside data into.
    fn fills(&mut self, call: &Call<'_>, meanings: &[Meaning]) {
        for meaning in meanings {
            let Meaning::Fills(arg, place) = meaning else { continue };
            let target = match arg {
                Argument::At(at) | Argument::Within(at) => call.positional().nth(*at as usize).map(|(e, _)| e),
                Argument::From(at) => call.positional().nth(*at as usize).map(|(e, _)| e),
                Argument::Receiver => call.on,
            };
            let source = Source::of(*place, self.span(call.expr));
            if let Some(target) = target {
                self.fill(target, &Value::of(From::Outside(source)));
            }
        }
    }

    /// A call of something that nothing is known of.
    fn unknown(&mut self, call: &Call<'_>) -> Value {
        let name = call.name();
        if call.kind == CallKind::New {
            return self.made(call);
        }
        if call.on.is_some()
            && let Some(constant) = folded(name, &call.receiver, &call.values)
        {
            return Value::constant(constant);
        }
        if matches!(name, "toString" | "digest")
            && let Some(Some(Constant::Str(form))) = call.values.first().map(|v| v.constant)
            && matches!(form.as_str(), "base64" | "base64url" | "hex")
        {
            // letters, digits and slashes
            let kinds = Kind::ALL.iter().copied().filter(|k| !matches!(k, Kind::Path | Kind::Deserialization));
            return call.receiver.flat().cleared(kinds.collect());
        }
        self.matched(call.expr, &call.receiver, &call.values);
        // the names that `permit` lets through are those of the application
        let is_permitted = |t: &Taint| t.cleared.has(Kind::MassAssignment);
        if name == "keys" && self.module.language == Language::Ruby && call.receiver.taints.iter().all(is_permitted) {
            return Value::default();
        }
        // `client.query_one(sql, &[&id])`: a row
        let asks_rows = self.module.language == Language::Rust && name.starts_with("query_") && !call.args.is_empty();
        if answers_about(name) || asks_rows {
            return Value::default();
        }
        let Some(on) = call.on else {
            // what a library's method makes of the arguments that are passed on to it is its own
            if let ExprKind::Call { callee, .. } = &self.module.expr(call.expr).kind
                && matches!(self.module.expr(*callee).kind, ExprKind::Super)
                && self.module.language == Language::Ruby
            {
                return Value::default();
            }
            if self.module.language == Language::Ruby && gives_own_address(name) {
                return call.all().cleared([Kind::Redirect, Kind::Url].into_iter().collect());
            }
            let all = call.all();
            self.fill_references(call, &all);
            return all;
        };
        if name == "pop"
            && let Some(Constant::Int(at)) = call.values.first().and_then(|v| v.constant)
            && let Ok(at) = u32::try_from(at)
            && !call.receiver.parts().is_empty()
        {
            let value = self.part(&call.receiver, Key::Index(at), call.expr);
            self.change(on, &mut |value| value.remove(at));
            return value;
        }
        if self.module.language == Language::Ruby
            && matches!(name, "fetch" | "dig" | "key" | "values_at" | "index")
            && !call.receiver.is_tainted()
            && call.receiver.parts().is_empty()
        {
            // a key of the caller's choice chooses among values of ours: `COLUMNS.fetch(key, "name")`
            return call.values.get(1).filter(|_| name == "fetch").cloned().unwrap_or_default();
        }
        if matches!(
            name,
            "get"
                | "getOrDefault"
                | "at"
                | "elementAt"
                | "ElementAt"
                | "fetch"
                | "dig"
                | "charAt"
                | "Get"
                | "get_item"
                | "getString"
                | "optString"
                | "pop"
                | "getlist"
                | "getFirst"
                | "GetString"
                | "TryGetValue"
                | "getProperty"
                | "getAttribute"
        ) && (call.receiver.is_tainted() || !call.receiver.parts().is_empty())
            && !call.values.is_empty()
        {
            let value = self.part(&call.receiver, keyed(call), call.expr);
            if matches!(name, "TryGetValue") {
                self.fill_out(call, &value);
            }
            return value;
        }
        if let Some(part) = self.accessed(call) {
            return part;
        }
        // `path.into_inner()` has the fields that `path` has
        if call.args.is_empty()
            && self.module.language == Language::Rust
            && matches!(name, "into_inner" | "unwrap" | "clone" | "as_ref" | "to_owned" | "borrow" | "deref")
        {
            let mut same = call.receiver.clone();
            same.constant = None;
            return same;
        }
        if keeps_items(name) && !call.receiver.parts().is_empty() && call.values.iter().all(|v| !v.is_tainted()) {
            let mut items = call.receiver.clone();
            items.constant = None;
            return items;
        }
        if puts_in(name) && !self.is_store(on) {
            self.put_in(call, on);
        }
        if name == "remove"
            && let Some(Constant::Int(at)) = call.values.first().and_then(|v| v.constant)
            && let Ok(at) = u32::try_from(at)
        {
            self.change(on, &mut |value| value.remove(at));
        }
        // `order.folder` of an order whose `note` was set: another attribute
        let is_attribute = self.module.language == Language::Ruby && call.args.is_empty() && !gives_all(name);
        let is_other = is_attribute && has_named_parts(&call.receiver);
        let mut value = Value::default();
        if call.receiver.is_tainted() {
            value = if is_other { call.receiver.whole() } else { call.receiver.flat() };
            if matches!(name, "substring" | "Substring" | "slice" | "substr")
                && call.args.len() == 1
                && self.is_last_of(call.args[0].value, 0)
            {
                // no separator, or no dots, are left
                value = value.cleared(Kinds::only(Kind::Path));
            }
            value.taints.retain(|t| !matches!(t.from, From::Request(_)));
        }
        if matches!(
            name,
            "replace" | "replaceAll" | "gsub" | "Replace" | "sub" | "ReplaceAllString" | "ReplaceAll" | "replace_all"
        ) && let Some(cleaned) = replaced(call)
        {
            return cleaned;
        }
        // what an object keeps for its work (`this.orders.find(id)`) takes nothing in, nor does a stored record
        let takes = |t: &Taint| match t.from {
            From::Param(THIS, _) => false,
            From::Outside(source) => source.place != Place::Stored,
            _ => true,
        };
        let holds = value.taints.iter().any(takes);
        if holds || call.of_library || passes_on(name) {
            // `urlparse(address)._replace(query=query)`
            let after_host = |arg: &Arg| name == "_replace" && arg.name.is_some_and(|n| names_no_host(n.as_str()));
            // `String.format(webhookUrl, channel)`: the address is that of the setting
            let has_base = name == "format" && call.args.first().is_some_and(|a| self.names_address(a.value));
            let cleared = if has_base { Kinds::only(Kind::Url) } else { Kinds::NONE };
            for (arg, given) in call.args.iter().zip(&call.values) {
                let of_address = Kinds::from_iter([Kind::Url, Kind::Redirect]);
                value.join(&given.flat().cleared(if after_host(arg) { of_address } else { cleared }));
            }
        }
        self.fill_references(call, &value.clone());
        value.constant = None;
        // what makes a page of a template escapes
        if matches!(name, "render" | "Render") {
            value = value.cleared(Kinds::only(Kind::Html));
        }
        let is_text = matches!(name, "toString" | "ToString" | "to_s" | "join" | "concat" | "to_string" | "format");
        if is_text || self.module.language.is_ecmascript() && makes_text(name) {
            value = value.cleared(cleared_by_string());
        }
        value
    }

    /// `session.add(row)`: what a database is given is not what it gives.
    fn is_store(&self, holder: ExprId) -> bool {
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &self.module.expr(holder).kind else {
            return false;
        };
        let lower = name.as_str().to_ascii_lowercase();
        self.module.language == Language::Python
            && (lower.ends_with("session") || matches!(lower.as_str(), "db" | "database" | "conn" | "connection"))
    }

    /// `out var x`
    fn fill_out(&mut self, call: &Call<'_>, data: &Value) {
        if let Some(last) = call.args.last() {
            self.assign(last.value, data.clone(), None);
        }
    }

    /// Data that a regular expression of ours is matched with.
    pub fn matched(&mut self, expr: ExprId, on: &Value, values: &[Value]) {
        let is_pattern = |v: &Value| matches!(v.constant, Some(Constant::Regex(_)));
        let sink = Sink { kind: Kind::Matched, at: ExprRef { module: self.id, expr }, record: u32::MAX };
        if is_pattern(on) {
            if let Some(first) = values.first() {
                self.reaches(sink, first);
            }
        } else if values.iter().any(is_pattern) {
            self.reaches(sink, on);
        }
    }

    fn put_in(&mut self, call: &Call<'_>, holder: ExprId) {
        if self.is_imported(holder) {
            return;
        }
        let name = call.name();
        // `url.searchParams.set("page", page)` leaves the host as it is
        let is_after_host = matches!(&self.module.expr(holder).kind, ExprKind::Member { object, name, .. }
            if names_no_host(name.as_str()) && self.is_address(*object));
        let cleared = match is_after_host {
            true => Kinds::from_iter([Kind::Url, Kind::Redirect]),
            false => Kinds::NONE,
        };
        let values: Vec<Value> = call.positional().map(|(_, v)| v.clone().cleared(cleared)).collect();
        let values: Vec<&Value> = values.iter().collect();
        let keyed_by_name = matches!(
            name,
            "put"
                | "set"
                | "Set"
                | "setAttribute"
                | "store"
                | "insert"
                | "setProperty"
                | "Add"
                | "TryAdd"
                | "putIfAbsent"
                | "setdefault"
        );
        if keyed_by_name && values.len() >= 2 {
            let key = keys(&values[..values.len() - 1]);
            let given = values[values.len() - 1].clone();
            self.change(holder, &mut |value| value.put(key.unwrap_or(Key::Any), given.clone()));
            return;
        }
        let is_list = matches!(name, "add" | "Add" | "push" | "append" | "addLast" | "offer" | "enqueue" | "push_back")
            && values.len() == 1
            && call.args.len() == 1;
        let given = values.first().map(|v| (*v).clone()).unwrap_or_default();
        let mut all = Value::default();
        call.values.iter().for_each(|v| all.join(&v.flat().cleared(cleared)));
        let is_of_places = |value: &Value| {
            value.taints.is_empty() && value.parts().iter().all(|(key, _)| matches!(key, Key::Index(_)))
        };
        if matches!(name, "extend" | "addAll" | "AddRange") && values.len() == 1 && is_of_places(&given) {
            self.change(holder, &mut |value| {
                for (_, part) in given.parts() {
                    match is_of_places(value) {
                        true => value.put(Key::Index(value.parts().len() as u32), part.clone()),
                        false => part.flat().taints.into_iter().for_each(|t| value.add(t)),
                    }
                }
            });
            return;
        }
        let in_string = self.module.language != Language::Python
            && matches!(name, "append" | "Append" | "push_str" | "WriteString" | "concat");
        self.change(holder, &mut |value| {
            // a builder of strings has no parts
            let is_builder = !value.taints.is_empty();
            if is_list && !is_builder && value.parts().iter().all(|(k, _)| matches!(k, Key::Index(_))) {
                let next = value.parts().len() as u32;
                value.put(Key::Index(next), given.clone());
                if in_string {
                    // the builder may be asked for its text as a whole
                    all.taints.iter().for_each(|t| value.add(t.clone()));
                }
            } else {
                all.taints.iter().for_each(|t| value.add(t.clone()));
            }
        });
    }

    /// `new T(…)`, a literal of a type with its fields.
    fn made(&mut self, call: &Call<'_>) -> Value {
        let mut value = Value::default();
        for (arg, given) in call.args.iter().zip(&call.values) {
            match arg.name {
                // `url.URL{Path: path, RawQuery: query}`
                Some(name) if call.name().ends_with("URL") && names_no_host(name.as_str()) => {
                    let after_host = Kinds::from_iter([Kind::Url, Kind::Redirect]);
                    value.put(Key::Name(name), given.clone().cleared(after_host));
                }
                Some(name) => value.put(Key::Name(name), given.clone()),
                None if matches!(self.module.expr(arg.value).kind, ExprKind::Map(_)) => value.join(given),
                // a collection of a collection, a wrapper
                None if call.args.len() == 1 && !given.parts().is_empty() => value.join(given),
                None => value.join(&given.flat()),
            }
        }
        value.taints.retain(|t| !matches!(t.from, From::Request(_)) || call.args.len() == 1);
        value.constant = None;
        value
    }

    /// A call of functions of the repository.
    fn repository(&mut self, call: &Call<'_>) -> Value {
        let known = self.known;
        let mut result = Value::default();
        let step = self.step(call.expr, Event::Passed);
        let back = self.step(call.expr, Event::Returned);
        let mut summed = 0;
        for function in &call.functions {
            let item = self.program.function(*function);
            let Some(summary) = known.of(*function) else { continue };
            summed += 1;
            let params: SmallVec<[&ir::Param; 6]> =
                item.params.iter().filter(|p| p.kind != ParamKind::Receiver).collect();
            let (give, firsts) = (|number: u8| given_to(number, &params, call), Firsts::default());
            for used in &summary.uses {
                let From::Param(number, path) = used.from else { continue };
                let given = self.along_given(number, path, &give, &firsts, call.expr);
                self.used(used, &given, step);
            }
            let makes = call.kind == CallKind::New || item.kind == FunctionKind::Constructor;
            let run: &Run<'_> = self;
            let fill = |number, path| run.along_given(number, path, &give, &firsts, call.expr);
            let changes: Vec<(u8, Value)> =
                summary.changes.iter().map(|(number, changed)| (*number, changed.put_in(&fill, step, 0))).collect();
            let mut returned = summary.returns.put_in(&fill, back, 0);
            if item.ret.is_some_and(|ty| is_harmless(self.program, function.module, ty)) {
                returned = returned.only_constant();
            }
            for (number, value) in changes {
                if number == THIS && makes {
                    result = if summed == 1 { value } else { joined(result, &value) };
                    continue;
                }
                let holder = match number {
                    THIS => call.on,
                    number => argument_of(number, &params, call.args),
                };
                if let Some(holder) = holder {
                    self.change(holder, &mut |known| known.join(&value));
                }
            }
            for (number, kinds) in &summary.checks {
                // only where every function that may be called checks it
                if call.functions.len() == 1
                    && let Some(holder) = argument_of(*number, &params, call.args)
                {
                    self.clear(holder, *kinds);
                }
            }
            if !makes {
                result = if summed == 1 { returned } else { joined(result, &returned) };
            }
            for (number, values) in &summary.calls_back {
                let handed = argument_of(*number, &params, call.args);
                let run: &Run<'_> = self;
                let fill = |number, path| run.along_given(number, path, &give, &firsts, call.expr);
                let values: Vec<Value> = values.iter().map(|v| v.put_in(&fill, back, 0)).collect();
                if let Some(promised) = self.called_back(call, *number, handed, &values) {
                    result.join(&promised);
                }
            }
            if let Some(captured) = self.of_closure(*function, call) {
                result.join(&captured);
            }
        }
        if summed == 0 {
            // an interface whose implementations nobody sees, or code that is not followed
            return if call.kind == CallKind::New { self.made(call) } else { Value::default() };
        }
        if call.kind == CallKind::New && result.is_blank() {
            return Value::default();
        }
        // `checkPath(path)` gives the path back, or does not come back
        result.cleared(seen_to(call.name(), &["check", "ensure"]))
    }
}

/// Whether what is known of a value are fields of an object, by their names.
fn has_named_parts(value: &Value) -> bool {
    !value.parts().is_empty() && value.parts().iter().all(|(key, _)| matches!(key, Key::Name(_)))
}

/// The argument for a parameter.
fn argument_of(number: u8, params: &[&ir::Param], args: &[Arg]) -> Option<ExprId> {
    let param = params.get(number as usize)?;
    let by_name = args.iter().find(|a| a.name == Some(param.name));
    by_name.or_else(|| args.iter().filter(|a| a.name.is_none()).nth(number as usize)).map(|a| a.value)
}

/// What a parameter gets.
fn given_to(number: u8, params: &[&ir::Param], call: &Call<'_>) -> Value {
    if number == THIS {
        return call.receiver.clone();
    }
    let Some(param) = params.get(number as usize) else { return Value::default() };
    if let Some(at) = call.args.iter().position(|a| a.name == Some(param.name)) {
        return call.values[at].clone();
    }
    match param.kind {
        ParamKind::Rest => {
            let mut value = Value::default();
            for (at, (_, given)) in call.positional().skip(number as usize).enumerate() {
                value.put(Key::Index(at as u32), given.clone());
            }
            value
        }
        ParamKind::KeywordRest => {
            let mut value = Value::default();
            for (arg, given) in call.args.iter().zip(&call.values) {
                if let Some(name) = arg.name
                    && params.iter().all(|p| p.name != name)
                {
                    value.put(Key::Name(name), given.clone());
                }
            }
            value
        }
        _ => call.positional().nth(number as usize).map(|(_, v)| v.clone()).unwrap_or_default(),
    }
}
