//! What calls do to data.

use base::Symbol;
use ir::{Arg, CallKind, ExprId, ExprKind, FunctionKind, ParamKind};
use program::{ExprRef, FnId};

use crate::{
    Event, Meaning, Source,
    interpret::Run,
    value::{Constant, From, Key, THIS, Value, along},
};

/// Methods whose answer holds nothing of what they are called on: sizes, comparisons.
const ANSWERS_ABOUT: [&str; 38] = [
    "length",
    "size",
    "count",
    "len",
    "indexof",
    "lastindexof",
    "equals",
    "equalsignorecase",
    "contains",
    "startswith",
    "endswith",
    "isempty",
    "hashcode",
    "compareto",
    "exists",
    "test",
    "matches",
    "includes",
    "has",
    "haskey",
    "containskey",
    "isblank",
    "isnullorempty",
    "empty?",
    "present?",
    "blank?",
    "nil?",
    "include?",
    "start_with?",
    "end_with?",
    "to_i",
    "to_f",
    "isdigit",
    "is_empty",
    "is_some",
    "is_none",
    "starts_with",
    "ends_with",
];

/// Methods that put their arguments into what they are called on.
const PUTS_IN: [&str; 22] = [
    "append",
    "add",
    "push",
    "put",
    "set",
    "insert",
    "write",
    "concat",
    "addall",
    "push_str",
    "extend",
    "update",
    "writestring",
    "unshift",
    "prepend",
    "setattribute",
    "offer",
    "addlast",
    "addfirst",
    "enqueue",
    "appendformat",
    "merge",
];

/// Methods and functions of any receiver that give back what they are given.
const PASSES_ON: [&str; 34] = [
    "format",
    "join",
    "concat",
    "valueof",
    "parse",
    "decode",
    "encode",
    "resolve",
    "replace",
    "from",
    "of",
    "wrap",
    "tostring",
    "normalize",
    "sub",
    "gsub",
    "substitute",
    "combine",
    "getbytes",
    "decodestring",
    "encodetostring",
    "from_utf8",
    "into",
    "to_owned",
    "unquote",
    "quote",
    "unescape",
    "interpolate",
    "loads",
    "tolist",
    "aslist",
    "copyof",
    "getstring",
    "sprintf",
];

impl Run<'_> {
    /// The value of a call, after all that it does.
    pub fn call(&mut self, expr: ExprId) -> Value {
        let module = self.module;
        let ExprKind::Call { callee, args, block, kind } = &module.expr(expr).kind else { return Value::default() };
        if *kind == CallKind::Annotation {
            return Value::default();
        }
        let at = ExprRef { module: self.id, expr };
        let (receiver_expr, name) = match &module.expr(*callee).kind {
            ExprKind::Member { object, name, .. } => (Some(*object), Some(*name)),
            ExprKind::Name(name) => (None, Some(*name)),
            _ => {
                self.eval(*callee);
                (None, None)
            }
        };
        let receiver = receiver_expr.map(|r| self.eval(r));
        let values: Vec<Value> = args
            .iter()
            .map(|a| match module.expr(a.value).kind {
                ExprKind::Lambda(_) => Value::default(),
                _ => self.eval(a.value),
            })
            .collect();
        let meanings = self.semantics.of_call(at);
        for meaning in meanings {
            if let Meaning::Sink { kind, arg, keyword } = meaning {
                self.sink(expr, *kind, *arg, *keyword, args, &values);
            }
        }
        let lower = name.map(|n| n.as_str().to_ascii_lowercase()).unwrap_or_default();
        let resolved = self.program.call(at);
        let functions: Vec<FnId> = resolved.map(|c| c.functions.to_vec()).unwrap_or_default();
        // a name that holds the request gives its parts by calls too
        let of_request = match (&receiver, name) {
            (Some(receiver), Some(name)) if receiver.constant == Some(Constant::Request) => {
                Some(self.of_request(name, expr))
            }
            (None, Some(name)) if args.is_empty() && functions.is_empty() => {
                self.free_name(name, expr).filter(|v| v.is_tainted() || v.constant.is_some())
            }
            _ => None,
        };
        let mut given = Value::default();
        let answers = meanings.iter().any(|m| matches!(m, Meaning::Answers));
        if !answers && functions.is_empty() {
            given = receiver.as_ref().map(Value::element).unwrap_or_default();
            values.iter().for_each(|v| given.join(&v.flat()));
            given.constant = None;
        }
        let source = meanings.iter().find_map(|m| match m {
            Meaning::Source(place) => Some(*place),
            _ => None,
        });
        let cleans = meanings.iter().find_map(|m| match m {
            Meaning::Cleans(kinds) => Some(*kinds),
            _ => None,
        });
        let passes = meanings.iter().any(|m| matches!(m, Meaning::Passes));
        let mut value = if let Some(place) = source {
            Value::of(From::Outside(Source { place, span: self.span(expr) }))
        } else if let Some(value) = of_request {
            if value.is_tainted() {
                given = value.clone();
            }
            value
        } else if let Some(kinds) = cleans {
            self.all(&receiver, &values).cleared(kinds)
        } else if passes {
            self.all(&receiver, &values)
        } else if answers {
            Value::default()
        } else if functions.is_empty() {
            self.unknown(expr, *kind, &lower, receiver_expr, &receiver, args, &values)
        } else {
            self.known(expr, *kind, &functions, receiver_expr, &receiver, args, &values)
        };
        let given = given.is_tainted().then_some(&given);
        let lambdas = args.iter().filter_map(|a| match module.expr(a.value).kind {
            ExprKind::Lambda(function) => Some(function),
            _ => None,
        });
        let lambdas: Vec<ir::FunctionId> = lambdas.chain(*block).collect();
        for function in lambdas {
            let back = self.lambda(function, given);
            if back.is_tainted() && functions.is_empty() && !answers {
                value.join(&back.flat());
                value.constant = None;
            }
        }
        value
    }

    fn free_name(&mut self, name: Symbol, expr: ExprId) -> Option<Value> {
        if self.env.contains_key(&name) {
            return None;
        }
        match self.semantics.of_name(self.id, name) {
            crate::Holds::Request => Some(Value::constant(Constant::Request)),
            crate::Holds::Data(place) => Some(Value::of(From::Outside(Source { place, span: self.span(expr) }))),
            _ => None,
        }
    }

    fn all(&self, receiver: &Option<Value>, values: &[Value]) -> Value {
        let mut all = receiver.as_ref().map(Value::flat).unwrap_or_default();
        values.iter().for_each(|v| all.join(&v.flat()));
        all.constant = None;
        all
    }

    fn sink(
        &mut self,
        expr: ExprId,
        kind: crate::Kind,
        arg: Option<u32>,
        keyword: Option<Symbol>,
        args: &[Arg],
        values: &[Value],
    ) {
        let by_keyword = keyword.and_then(|k| args.iter().position(|a| a.name == Some(k)));
        let positional: Vec<usize> = (0..args.len()).filter(|i| args[*i].name.is_none()).collect();
        match (by_keyword, arg) {
            (Some(at), _) => self.reaches(kind, expr, &values[at]),
            (None, Some(arg)) => {
                if let Some(at) = positional.get(arg as usize) {
                    self.reaches(kind, expr, &values[*at]);
                }
            }
            (None, None) if keyword.is_none() => values.iter().for_each(|v| self.reaches(kind, expr, v)),
            _ => {}
        }
    }

    /// A call of something that nothing is known of.
    #[allow(clippy::too_many_arguments)]
    fn unknown(
        &mut self,
        expr: ExprId,
        kind: CallKind,
        lower: &str,
        receiver_expr: Option<ExprId>,
        receiver: &Option<Value>,
        args: &[Arg],
        values: &[Value],
    ) -> Value {
        if kind == CallKind::New {
            return self.made(args, values);
        }
        if let Some(constant) = folded(lower, receiver, values) {
            return Value::constant(constant);
        }
        if ANSWERS_ABOUT.contains(&lower) {
            return Value::default();
        }
        let Some(receiver) = receiver else {
            return self.all(&None, values);
        };
        if let ("get" | "getordefault" | "at" | "elementat" | "fetch" | "dig" | "charat", Some(first)) =
            (lower, values.first())
        {
            let key = match first.constant {
                Some(Constant::Str(name)) => Some(Key::Name(name)),
                Some(Constant::Int(at)) => u32::try_from(at).ok().map(Key::Index),
                _ => None,
            };
            return match key {
                Some(key) => receiver.part(key),
                None => receiver.element(),
            };
        }
        if let Some(holder) = receiver_expr
            && PUTS_IN.contains(&lower)
        {
            self.put_in(lower, holder, args, values);
        }
        if let (Some(holder), "remove", Some(Constant::Int(at))) =
            (receiver_expr, lower, values.first().and_then(|v| v.constant))
        {
            self.change(holder, &mut |value| remove(value, at));
        }
        let mut value = Value::default();
        if receiver.is_tainted() {
            value = receiver.flat();
        }
        // `String.valueOf(x)`: what it is called on is a name of a library
        let of_library = self
            .program
            .call(ExprRef { module: self.id, expr })
            .is_some_and(|c| c.external.iter().any(|n| !n.as_str().contains('#')));
        if receiver.is_tainted() || of_library || PASSES_ON.contains(&lower) {
            values.iter().for_each(|v| value.join(&v.flat()));
        }
        value.constant = None;
        value
    }

    fn put_in(&mut self, lower: &str, holder: ExprId, args: &[Arg], values: &[Value]) {
        let keyed = matches!(lower, "put" | "set" | "setattribute") && values.len() == 2;
        if keyed {
            let key = match values[0].constant {
                Some(Constant::Str(name)) => Some(Key::Name(name)),
                Some(Constant::Int(at)) => u32::try_from(at).ok().map(Key::Index),
                _ => None,
            };
            let given = values[1].clone();
            self.change(holder, &mut |value| match key {
                Some(key) => *value.part_mut(key) = given.clone(),
                None => given.flat().taints.iter().for_each(|t| value.add(t.clone())),
            });
            return;
        }
        let is_list = matches!(lower, "add" | "push" | "append" | "addlast" | "offer" | "enqueue")
            && values.len() == 1
            && args[0].name.is_none();
        let given = values.first().cloned().unwrap_or_default();
        let mut all = Value::default();
        values.iter().for_each(|v| all.join(&v.flat()));
        self.change(holder, &mut |value| {
            // a builder of strings has no parts
            let is_builder = !value.taints.is_empty();
            if is_list && !is_builder && value.parts.iter().all(|(k, _)| matches!(k, Key::Index(_))) {
                let next = value.parts.len() as u32;
                *value.part_mut(Key::Index(next)) = given.clone();
            } else {
                all.taints.iter().for_each(|t| value.add(t.clone()));
            }
        });
    }

    /// `new T(…)`, a literal of a type with its fields.
    fn made(&mut self, args: &[Arg], values: &[Value]) -> Value {
        let mut value = Value::default();
        for (arg, given) in args.iter().zip(values) {
            match arg.name {
                Some(name) => *value.part_mut(Key::Name(name)) = given.clone(),
                None if matches!(self.module.expr(arg.value).kind, ExprKind::Map(_)) => {
                    value.join(given);
                }
                None => value.join(&given.flat()),
            }
        }
        value.constant = None;
        value
    }

    /// A call of functions of the repository.
    #[allow(clippy::too_many_arguments)]
    fn known(
        &mut self,
        expr: ExprId,
        kind: CallKind,
        functions: &[FnId],
        receiver_expr: Option<ExprId>,
        receiver: &Option<Value>,
        args: &[Arg],
        values: &[Value],
    ) -> Value {
        let summaries = self.summaries;
        let mut result = Value::default();
        let step = self.step(expr, Event::Passed);
        let back = self.step(expr, Event::Returned);
        for (nth, function) in functions.iter().enumerate() {
            let item = self.program.function(*function);
            let Some(summary) = summaries.get(function) else { continue };
            let params: Vec<&ir::Param> = item.params.iter().filter(|p| p.kind != ParamKind::Receiver).collect();
            let give = |number: u8| given_to(number, &params, receiver, args, values);
            for used in &summary.uses {
                let From::Param(number, path) = used.from else { continue };
                for taint in along(&give(number), path).dangerous(used.kind) {
                    let way = taint.way.then(step).followed_by(&used.way);
                    self.reach(used.kind, used.sink, taint.from, taint.cleared.with(used.cleared), &way);
                }
            }
            let makes = kind == CallKind::New || item.kind == FunctionKind::Constructor;
            for (number, changed) in &summary.changes {
                let value = changed.put_in(&give, step, 0);
                if *number == THIS && makes {
                    match nth {
                        0 => result = value,
                        _ => result.join(&value),
                    }
                    continue;
                }
                let holder = match *number {
                    THIS => receiver_expr,
                    number => argument_of(number, &params, args),
                };
                if let Some(holder) = holder {
                    self.change(holder, &mut |known| known.join(&value));
                }
            }
            if !makes {
                let value = summary.returns.put_in(&give, back, 0);
                match nth {
                    0 => result = value,
                    _ => result.join(&value),
                }
            }
        }
        result
    }
}

/// The argument for a parameter.
fn argument_of(number: u8, params: &[&ir::Param], args: &[Arg]) -> Option<ExprId> {
    let param = params.get(number as usize)?;
    let by_name = args.iter().find(|a| a.name == Some(param.name));
    by_name.or_else(|| args.iter().filter(|a| a.name.is_none()).nth(number as usize)).map(|a| a.value)
}

/// What a parameter gets.
fn given_to(number: u8, params: &[&ir::Param], receiver: &Option<Value>, args: &[Arg], values: &[Value]) -> Value {
    if number == THIS {
        return receiver.clone().unwrap_or_default();
    }
    let Some(param) = params.get(number as usize) else { return Value::default() };
    if let Some(at) = args.iter().position(|a| a.name == Some(param.name)) {
        return values[at].clone();
    }
    let positional: Vec<&Value> = args.iter().zip(values).filter(|(a, _)| a.name.is_none()).map(|(_, v)| v).collect();
    match param.kind {
        ParamKind::Rest => {
            let mut value = Value::default();
            for (at, given) in positional.iter().skip(number as usize).enumerate() {
                *value.part_mut(Key::Index(at as u32)) = (*given).clone();
            }
            value
        }
        ParamKind::KeywordRest => {
            let mut value = Value::default();
            for (arg, given) in args.iter().zip(values) {
                if let Some(name) = arg.name
                    && params.iter().all(|p| p.name != name)
                {
                    *value.part_mut(Key::Name(name)) = given.clone();
                }
            }
            value
        }
        _ => positional.get(number as usize).map(|v| (*v).clone()).unwrap_or_default(),
    }
}

fn remove(value: &mut Value, at: i64) {
    let Ok(at) = u32::try_from(at) else { return };
    value.parts.retain(|(key, _)| *key != Key::Index(at));
    for (key, _) in &mut value.parts {
        if let Key::Index(index) = key
            && *index > at
        {
            *index -= 1;
        }
    }
}

/// What a method of a constant gives.
fn folded(lower: &str, receiver: &Option<Value>, values: &[Value]) -> Option<Constant> {
    let Some(Constant::Str(text)) = receiver.as_ref()?.constant else { return None };
    match (lower, values.first().and_then(|v| v.constant)) {
        ("charat", Some(Constant::Int(at))) => {
            let c = text.as_str().chars().nth(usize::try_from(at).ok()?)?;
            Some(Constant::Str(Symbol::new(c.encode_utf8(&mut [0; 4]))))
        }
        ("equals", Some(other)) => Some(Constant::Bool(Constant::Str(text) == other)),
        ("tostring" | "trim" | "strip" | "to_string" | "to_owned" | "to_s", None) => Some(Constant::Str(text)),
        _ => None,
    }
}
