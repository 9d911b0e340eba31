//! What calls do where functions are values and objects are open: closures, globals of a project, methods of
//! the caller's choice, names of an object's keys.

use base::Symbol;
use ir::{CallKind, ExprId, ExprKind};
use program::{ExprRef, FnId};
use smallvec::SmallVec;

use crate::{
    Kind, Sink,
    calls::Call,
    interpret::Run,
    places::key_of,
    value::{From, Key, Path, THIS, Value},
};

impl Run<'_> {
    /// Whether a name is that of a library: where names may be anybody's globals, of an imported package or of
    /// the language.
    pub fn is_of_library(&self, name: &str) -> bool {
        if !self.module.language.is_ecmascript() {
            return true;
        }
        let root = name.split('.').next().unwrap_or(name);
        let is_built_in = matches!(
            root,
            "Object"
                | "Array"
                | "JSON"
                | "Buffer"
                | "Promise"
                | "URL"
                | "String"
                | "Reflect"
                | "Intl"
                | "Map"
                | "Set"
                | "Bun"
                | "Deno"
                | "Uint8Array"
                | "globalThis"
                | "global"
                | "util"
        );
        let mut ends = name.match_indices('.').map(|(end, _)| end).chain([name.len()]);
        is_built_in || ends.any(|end| self.program.is_imported(&name[..end]))
    }

    /// Whether an object is a module: a store behind it does not give back what it was given as it is.
    pub fn is_imported(&self, holder: ExprId) -> bool {
        let ExprKind::Name(name) = self.module.expr(holder).kind else { return false };
        let bindings = self.program.scopes(self.id).top.get(&name);
        self.module.language.is_ecmascript()
            && bindings.into_iter().flatten().any(|b| match b {
                program::Binding::Import(_) => true,
                program::Binding::Value(value, _) => matches!(&self.module.expr(*value).kind,
                    ExprKind::Call { callee, .. }
                        if matches!(&self.module.expr(*callee).kind, ExprKind::Name(n) if *n == "require")),
                _ => false,
            })
    }

    /// Whether a name is a parameter of the functions around.
    pub fn is_parameter(&self, name: Symbol) -> bool {
        let mut around = self.function;
        while let Some(function) = around {
            let item = self.module.function(function);
            if item.params.iter().any(|p| p.name == name) {
                return true;
            }
            around = item.parent;
        }
        false
    }

    /// Notes that a parameter is called: `callback(null, rows)`.
    pub fn calls_back(&mut self, call: &Call<'_>) {
        let (None, Some(name)) = (call.on, call.name) else { return };
        let held = self.env.get(&name).map(|v| v.taints.clone()).unwrap_or_default();
        for taint in held {
            let From::Param(number, path) = taint.from else { continue };
            if number == THIS || path != Path::default() {
                continue;
            }
            let given = call.positional().map(|(_, v)| v.clone());
            match self.out.calls_back.iter_mut().find(|(n, _)| *n == number) {
                Some((_, known)) => {
                    for (at, value) in given.enumerate() {
                        match known.get_mut(at) {
                            Some(known) => known.join(&value),
                            None => known.push(value),
                        }
                    }
                }
                None => self.out.calls_back.push((number, given.collect())),
            }
        }
    }

    /// Runs what a call hands to a function of the repository with what that calls it with. What is called
    /// when nothing was handed over is what a promise of it gives.
    pub fn called_back(
        &mut self,
        call: &Call<'_>,
        number: u8,
        handed: Option<ExprId>,
        values: &[Value],
    ) -> Option<Value> {
        let give = |at: usize| values.get(at).cloned().unwrap_or_default();
        match handed.map(|expr| (expr, &self.module.expr(expr).kind)) {
            Some((_, ExprKind::Lambda(function))) => {
                self.lambda_given(*function, &give);
                None
            }
            Some((expr, _)) => {
                if let Some(function) = self.function_named(expr) {
                    self.apply(function, call.expr, &|at| give(at as usize));
                }
                None
            }
            None if call.positional().count() == number as usize => values.get(1).cloned(),
            None => None,
        }
    }

    /// What a function within this one gives back of the variables around it, which its summary does not know.
    pub fn of_closure(&mut self, function: FnId, call: &Call<'_>) -> Option<Value> {
        let item = self.program.function(function);
        let is_within = function.module == self.id && item.parent.is_some() && item.parent == self.function;
        if !is_within || self.closures.contains(&function.function) {
            return None;
        }
        let module = self.module;
        let captures = module.exprs_within(item.range).any(|(_, e)| match &e.kind {
            ExprKind::Name(name) => {
                self.env.get(name).is_some_and(Value::is_tainted) && item.params.iter().all(|p| p.name != *name)
            }
            _ => false,
        });
        if !captures {
            return None;
        }
        self.closures.push(function.function);
        let values: SmallVec<[Value; 4]> = call.positional().map(|(_, v)| v.clone()).collect();
        let value = self.lambda_given(function.function, &|at| values.get(at).cloned().unwrap_or_default());
        self.closures.pop();
        Some(value)
    }

    /// `object[name](…)`: a method of the caller's choice, unless the object is a table of ours.
    pub fn chosen(&mut self, call: ExprId, object: ExprId, index: ExprId) {
        if !self.module.language.is_ecmascript() {
            return;
        }
        let given = self.eval(index);
        let at = ExprRef { module: self.id, expr: object };
        let at = self.program.definition(at).unwrap_or(at);
        let is_table = match &self.program.expr(at).kind {
            ExprKind::Map(_) | ExprKind::List(_) => true,
            ExprKind::Call { kind, .. } => *kind == CallKind::New,
            _ => false,
        };
        if given.is_tainted() && !is_table {
            let sink = Sink { kind: Kind::Reflection, at: ExprRef { module: self.id, expr: call }, record: u32::MAX };
            self.reaches(sink, &given);
        }
    }
}

/// `Object.keys(x)`, `Object.entries(x)`: names that are written here are not the caller's.
/// `Object.assign(x, y)` has the parts of both.
pub fn entries(call: &Call<'_>) -> Option<Value> {
    if call.name() == "assign" && call.on.is_some() {
        let mut all = Value::default();
        call.values.iter().for_each(|value| all.join(value));
        all.constant = None;
        return Some(all);
    }
    let [given] = call.values.as_slice() else { return None };
    let names = given.whole();
    let mut value = Value::default();
    match call.name() {
        "keys" if call.on.is_some() => value.put(Key::Index(0), names),
        "entries" if call.on.is_some() => {
            let mut entry = Value::default();
            entry.put(Key::Index(0), names);
            entry.put(Key::Index(1), given.element());
            value.put(Key::Index(0), entry);
        }
        _ => return None,
    }
    Some(value)
}

/// The key that the first arguments of a call say together.
pub fn keyed(call: &Call<'_>) -> Key {
    let values: Vec<&Value> = call.positional().map(|(_, v)| v).collect();
    match values.as_slice() {
        [] => Key::Any,
        // `get(section, key)`, but not `get(key, default)`
        [first, second] if call.receiver.parts().iter().any(|(k, _)| Some(*k) == keys(&[first, second])) => {
            keys(&[first, second]).unwrap_or(Key::Any)
        }
        [first, ..] => key_of(first).unwrap_or(Key::Any),
    }
}

pub fn keys(values: &[&Value]) -> Option<Key> {
    match values {
        [one] => key_of(one),
        many => {
            let mut name = String::new();
            for value in many {
                let Key::Name(part) = key_of(value)? else { return None };
                name.push_str(part.as_str());
                name.push('\u{0}');
            }
            Some(Key::Name(Symbol::new(&name)))
        }
    }
}
