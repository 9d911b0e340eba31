//! Options of a call, however the language writes them: keyword arguments, an options object, an object
//! initialiser, a chain of builder methods, setters on the variable that holds the result, a configuring
//! lambda.

use ir::{Arg, ExprId, ExprKind, Range, StmtKind};
use program::{ExprRef, ModuleId};

use crate::adapters::Context;

/// What is known of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// Set to this value.
    Set(ExprRef),
    /// Switched on by a method without arguments, here.
    On(ExprRef),
    /// Not set.
    Unset,
    /// It may be set where it cannot be seen: a spread, an object from elsewhere.
    Unknown,
}

impl Context<'_> {
    /// The option of one of these names of a call. `httpOnly` stands for `setHttpOnly`, `HttpOnly` and
    /// `http_only` too.
    pub fn option(&self, call: ExprRef, names: &[String]) -> OptionValue {
        let module = self.program.module(call.module);
        let ExprKind::Call { args, callee, .. } = &module.expr(call.expr).kind else { return OptionValue::Unset };
        let mut unknown = false;
        for arg in args {
            match self.in_argument(call.module, arg, names) {
                OptionValue::Unset => {}
                OptionValue::Unknown => unknown = true,
                found => return found,
            }
        }
        // the call's own chain: what was set before (`.secure(true).finish()`) and what comes after
        let mut below = *callee;
        while let ExprKind::Member { object, .. } = &module.expr(below).kind {
            let ExprKind::Call { callee, .. } = &module.expr(*object).kind else { break };
            if let Some(found) = self.setter_call(call.module, *object, names) {
                return found;
            }
            below = *callee;
        }
        if let found @ (OptionValue::Set(_) | OptionValue::On(_)) = self.set_later(call, names) {
            return found;
        }
        if unknown { OptionValue::Unknown } else { OptionValue::Unset }
    }

    /// An option that was set when a value, such as a parser that is given on, was made.
    pub(crate) fn option_of(&self, value: ExprRef, names: &[String]) -> OptionValue {
        self.in_argument(value.module, &Arg { name: None, value: value.expr }, names)
    }

    fn in_argument(&self, module: ModuleId, arg: &Arg, names: &[String]) -> OptionValue {
        let at = ExprRef { module, expr: arg.value };
        if let Some(name) = arg.name {
            return match &self.program.expr(at).kind {
                _ if matches(name.as_str(), names) => OptionValue::Set(at),
                // `options={"verify_signature": False}`, `Transport: &http.Transport{…}`
                _ if is_structure(self.program.module(module), arg.value) => {
                    self.in_argument(module, &Arg { name: None, value: arg.value }, names)
                }
                _ => OptionValue::Unset,
            };
        }
        match &self.program.expr(at).kind {
            ExprKind::Spread(_) => OptionValue::Unknown,
            ExprKind::Lambda(function) => {
                let item = self.program.module(module);
                match self.set_within(module, item.function(*function).range, None, names) {
                    // a function that is asked for the options at each request
                    OptionValue::Unset if item.language.is_ecmascript() => OptionValue::Unknown,
                    found => found,
                }
            }
            ExprKind::Map(_) => self.in_map(at, names),
            ExprKind::Unary { operand, .. } => self.in_argument(module, &Arg { name: None, value: *operand }, names),
            // `new CookieOptions { … }`, `cors::Config{…}`, or a variable that holds one
            ExprKind::Call { .. } | ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Cast { .. } => {
                let mut found = OptionValue::Unset;
                for origin in self.origins(at) {
                    let here = match &self.program.expr(origin).kind {
                        ExprKind::Map(_) => self.in_map(origin, names),
                        ExprKind::Call { args, .. } => {
                            let maps = args.iter().filter(|a| {
                                a.name.is_some()
                                    || matches!(self.program.module(origin.module).expr(a.value).kind, ExprKind::Map(_))
                            });
                            let inner = maps.map(|a| self.in_argument(origin.module, a, names));
                            let inner = inner.fold(OptionValue::Unset, stronger);
                            stronger(inner, self.set_later(origin, names))
                        }
                        // a value from elsewhere that may be an options object
                        ExprKind::Name(name) | ExprKind::Member { name, .. } if may_hold_options(name.as_str()) => {
                            OptionValue::Unknown
                        }
                        _ => OptionValue::Unset,
                    };
                    found = stronger(found, here);
                }
                if let ExprKind::Name(name) = &self.program.expr(at).kind {
                    found = stronger(found, self.set_on(at, *name, names));
                }
                found
            }
            _ => OptionValue::Unset,
        }
    }

    pub(crate) fn in_map(&self, map: ExprRef, names: &[String]) -> OptionValue {
        let module = self.program.module(map.module);
        let ExprKind::Map(entries) = &module.expr(map.expr).kind else { return OptionValue::Unset };
        let mut unknown = false;
        for entry in entries {
            match entry.key.and_then(|k| module.string(k)) {
                Some(key) if matches(key.as_str(), names) => {
                    return OptionValue::Set(ExprRef { module: map.module, expr: entry.value });
                }
                // one level down: `cookie: { httpOnly: … }`, `Transport: &http.Transport{…}`
                Some(_) if is_structure(module, entry.value) => {
                    let inner = self.in_argument(map.module, &Arg { name: None, value: entry.value }, names);
                    if matches!(inner, OptionValue::Set(_)) {
                        return inner;
                    }
                }
                Some(_) => {}
                None => unknown = true,
            }
        }
        if unknown { OptionValue::Unknown } else { OptionValue::Unset }
    }

    /// What the chain after a call, and the variable that holds its result, set.
    fn set_later(&self, call: ExprRef, names: &[String]) -> OptionValue {
        let module = self.program.module(call.module);
        let mut whole = call.expr;
        // the chain: the next call whose callee's object is this one
        for (id, item) in module.exprs().skip(call.expr.0 as usize) {
            if let ExprKind::Call { callee, .. } = &item.kind
                && let ExprKind::Member { object, .. } = &module.expr(*callee).kind
                && *object == whole
            {
                whole = id;
                if let Some(found) = self.setter_call(call.module, id, names) {
                    return found;
                }
            }
        }
        let range = module.expr(whole).range;
        let mut wanted = None;
        for stmt in module.stmts() {
            if let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind
                && let ExprKind::Name(name) = module.expr(*target).kind
                && module.expr(*value).range.contains(range)
                && module.expr(*value).range.end - range.end <= 2
            {
                wanted = Some(name);
            }
        }
        match wanted {
            Some(name) => self.set_on(call, name, names),
            None => OptionValue::Unset,
        }
    }

    /// What the function around an expression sets on a variable of it.
    fn set_on(&self, at: ExprRef, name: base::Symbol, names: &[String]) -> OptionValue {
        let module = self.program.module(at.module);
        match self.program.scopes(at.module).owner(at.expr).function {
            Some(function) => {
                let range = module.function(function).range;
                self.set_within(at.module, range, Some(name), names)
            }
            None => self.set_within(at.module, Range { start: 0, end: u32::MAX }, Some(name), names),
        }
    }

    /// Setter calls and assignments to members within a range of a module, on `variable` or on anything.
    fn set_within(
        &self,
        module_id: ModuleId,
        range: Range,
        variable: Option<base::Symbol>,
        names: &[String],
    ) -> OptionValue {
        let module = self.program.module(module_id);
        let on_variable = |object: ExprId| variable.is_none_or(|v| root_name(module, object) == Some(v));
        for stmt in module.stmts().filter(|s| range.contains(s.range)) {
            if let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind
                && let ExprKind::Member { object, name, .. } = &module.expr(*target).kind
                && matches(name.as_str(), names)
                && on_variable(*object)
            {
                return OptionValue::Set(ExprRef { module: module_id, expr: *value });
            }
            // `response.headers["Content-Type"] = …`
            if let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind
                && variable.is_some()
                && let ExprKind::Index { object, index } = &module.expr(*target).kind
                && module.string(*index).is_some_and(|key| matches(key.as_str(), names))
                && on_variable(*object)
            {
                return OptionValue::Set(ExprRef { module: module_id, expr: *value });
            }
        }
        for (id, item) in module.exprs_within(range) {
            match &item.kind {
                ExprKind::Assign { target, value, .. } => {
                    if let ExprKind::Member { object, name, .. } = &module.expr(*target).kind
                        && matches(name.as_str(), names)
                        && on_variable(*object)
                    {
                        return OptionValue::Set(ExprRef { module: module_id, expr: *value });
                    }
                }
                ExprKind::Call { callee, .. } => {
                    if let ExprKind::Member { object, .. } = &module.expr(*callee).kind
                        && on_variable(*object)
                        && let Some(found) = self.setter_call(module_id, id, names)
                    {
                        return found;
                    }
                }
                _ => {}
            }
        }
        OptionValue::Unset
    }

    /// The value that a call of a setter or builder method gives an option.
    fn setter_call(&self, module: ModuleId, call: ExprId, names: &[String]) -> Option<OptionValue> {
        let tree = self.program.module(module);
        let ExprKind::Call { callee, args, .. } = &tree.expr(call).kind else { return None };
        let ExprKind::Member { name, .. } = &tree.expr(*callee).kind else { return None };
        // `parser.setFeature(feature, true)`
        if matches!(
            name.as_str(),
            "setFeature" | "setProperty" | "setAttribute" | "setOption" | "set_option" | "setopt"
        ) && let [option, value] = args.as_slice()
            && let Some(option) = last_name(tree, option.value)
            && matches(option.as_str(), names)
        {
            return Some(OptionValue::Set(ExprRef { module, expr: value.value }));
        }
        if !matches(name.as_str(), names) {
            return None;
        }
        let at = |expr| ExprRef { module, expr };
        Some(match args.first() {
            Some(arg) => OptionValue::Set(at(arg.value)),
            None => OptionValue::On(at(call)),
        })
    }

    /// Whether code stands under a condition that asks for a development environment.
    pub fn is_development_only(&self, at: ExprRef) -> bool {
        let module = self.program.module(at.module);
        let place = module.expr(at.expr).range;
        // `class DevConfig(Config)`
        let class = self.program.scopes(at.module).owner(at.expr).class;
        if class.is_some_and(|c| says_development(module.class(c).name.as_str())) {
            return true;
        }
        self.program.scopes(at.module).conditionals.iter().filter(|c| c.code.contains(place)).any(|c| {
            let written = self.sources.text(module.expr_span(c.cond));
            let cond = written.to_ascii_lowercase();
            if c.holds {
                asks_development(&cond) || says_development(written) && !cond.contains('!')
            } else {
                asks_production(&cond)
            }
        })
    }
}

/// Whether an expression is a structure written out: a map, or a literal of a type with named fields.
fn is_structure(module: &ir::Module, at: ExprId) -> bool {
    match &module.expr(at).kind {
        ExprKind::Map(_) => true,
        ExprKind::Unary { operand, .. } => is_structure(module, *operand),
        ExprKind::Call { kind: ir::CallKind::New, args, .. } => {
            args.iter().any(|a| a.name.is_some() || matches!(module.expr(a.value).kind, ExprKind::Map(_)))
        }
        _ => false,
    }
}

/// Whether a value from elsewhere is options by its name.
fn may_hold_options(name: &str) -> bool {
    crate::guards::words(name).iter().any(|w| {
        matches!(
            w.as_str(),
            "opt"
                | "opts"
                | "option"
                | "options"
                | "config"
                | "configuration"
                | "settings"
                | "args"
                | "kwargs"
                | "params"
                | "claims"
                | "payload"
                | "data"
                | "attributes"
                | "attrs"
                | "cookie"
                | "cors"
        )
    })
}

/// Whether one of the words of a name is a development environment's.
fn says_development(name: &str) -> bool {
    crate::guards::words(name).iter().any(|w| matches!(w.as_str(), "dev" | "development" | "testing" | "test"))
}

fn asks_production(cond: &str) -> bool {
    cond.contains("prod") && !cond.contains('!') && !cond.contains("not ")
}

fn asks_development(cond: &str) -> bool {
    ["develop", "isdev", "is_dev", "\"dev\"", "'dev'", ".dev", "debug", "local", "test"]
        .iter()
        .any(|w| cond.contains(w))
        || cond == "dev"
        || cond.contains("prod") && (cond.contains('!') || cond.contains("not "))
}

fn stronger(a: OptionValue, b: OptionValue) -> OptionValue {
    match (&a, &b) {
        (OptionValue::Set(_) | OptionValue::On(_), _) | (OptionValue::Unknown, OptionValue::Unset) => a,
        _ => b,
    }
}

/// The last name of a constant, or its text.
fn last_name(module: &ir::Module, expr: ExprId) -> Option<base::Symbol> {
    match &module.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        _ => module.string(expr),
    }
}

fn root_name(module: &ir::Module, expr: ExprId) -> Option<base::Symbol> {
    match &module.expr(expr).kind {
        ExprKind::Name(name) => Some(*name),
        ExprKind::Member { object, .. } => root_name(module, *object),
        ExprKind::Call { callee, .. } => root_name(module, *callee),
        _ => None,
    }
}

/// Whether a name as written is one of the option's: case, underscores and a leading `set` or `with` apart.
fn matches(written: &str, names: &[String]) -> bool {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let written = plain(written);
    names.iter().any(|name| {
        let name = plain(name);
        written == name
            || written.strip_prefix("set").is_some_and(|w| w == name)
            || written.strip_prefix("with").is_some_and(|w| w == name)
    })
}
