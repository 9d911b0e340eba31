//! What crosses functions: returns, parameters, fields and globals, computed in rounds.
//!
//! Each round reads only what the one before found. A module is evaluated again only where something that
//! it asked for has changed; for the others the round would find what it found before.

use base::Symbol;
use ir::{CallKind, ExprKind, Literal};
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smallvec::smallvec;
use std::hash::BuildHasher;

use crate::{Binding, ClassRef, Evaluator, FnId, Library, ModuleId, Owner, Program, Value, Values, eval::push};

/// Rounds over the tables. Three carry a value through a factory, a field and a parameter.
const ROUNDS: usize = 3;

/// Parts of the tables that are put together each by itself.
const SHARDS: usize = 16;

/// What crosses functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// What a function returns.
    Return(FnId),
    /// What a parameter is given.
    Param(FnId, u32),
    /// What a field of a class holds.
    Field(ClassRef, Symbol),
    /// What a variable of a module holds.
    Global(ModuleId, Symbol),
}

impl Key {
    fn shard(&self) -> usize {
        // the high bits: the table inside uses the low ones
        (FxBuildHasher.hash_one(self) >> 52) as usize % SHARDS
    }
}

/// What crosses functions, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    shards: Vec<FxHashMap<Key, Values>>,
}

impl Tables {
    pub fn get(&self, key: Key) -> Option<&Values> {
        self.shards.get(key.shard())?.get(&key)
    }

    /// What all modules found, in their order, with what is not as it was in `before`.
    fn merge(parts: &[Part], before: &Tables) -> (Tables, Vec<FxHashSet<Key>>) {
        let nothing = FxHashMap::default();
        let merged = (0..SHARDS).into_par_iter().map(|at| {
            let mut shard: FxHashMap<Key, Values> = FxHashMap::default();
            for (key, values) in parts.iter().flat_map(|part| &part.found[at]) {
                let all = shard.entry(*key).or_default();
                values.iter().for_each(|v| push(all, *v));
            }
            let before = before.shards.get(at).unwrap_or(&nothing);
            let fresh = shard.iter().filter(|(key, values)| before.get(key) != Some(values));
            let gone = before.keys().filter(|key| !shard.contains_key(key));
            let changed = fresh.map(|(key, _)| *key).chain(gone.copied()).collect();
            (shard, changed)
        });
        let (shards, changed) = merged.unzip();
        (Tables { shards }, changed)
    }
}

/// What a round found in one module.
#[derive(Default)]
struct Part {
    /// By shard.
    found: Vec<Vec<(Key, Values)>>,
    /// What it asked the tables.
    reads: FxHashSet<Key>,
    /// Whether something that it asked for has changed since.
    is_stale: bool,
}

/// Fills the program's tables.
pub(crate) fn run(program: &mut Program, library: &dyn Library) {
    let mut parts: Vec<Part> = program.ids().map(|_| Part { is_stale: true, ..Part::default() }).collect();
    for round in 1..=ROUNDS {
        parts.par_iter_mut().enumerate().filter(|(_, part)| part.is_stale).for_each(|(at, part)| {
            *part = evaluate(program, library, ModuleId(at as u32));
        });
        let (tables, changed) = Tables::merge(&parts, &program.tables);
        program.tables = tables;
        if round == ROUNDS {
            break;
        }
        parts.par_iter_mut().for_each(|part| {
            part.is_stale = part.reads.iter().any(|key| changed[key.shard()].contains(key));
        });
        if parts.iter().all(|part| !part.is_stale) {
            break;
        }
    }
}

/// One round over one module.
fn evaluate(program: &Program, library: &dyn Library, id: ModuleId) -> Part {
    let mut evaluator = Evaluator::of_all(program, library, id);
    evaluator.reads = Some(FxHashSet::default());
    let mut found: Vec<Vec<(Key, Values)>> = vec![Vec::new(); SHARDS];
    for (key, values) in cross(program, &mut evaluator, id) {
        found[key.shard()].push((key, values));
    }
    Part { found, reads: evaluator.reads.take().unwrap_or_default(), is_stale: false }
}

type Found = FxHashMap<Key, Values>;

/// What one module gives to others.
fn cross(program: &Program, evaluator: &mut Evaluator<'_>, id: ModuleId) -> Found {
    let mut found = Found::default();
    let module = program.module(id);
    let scopes = program.scopes(id);
    for (function, item) in module.functions() {
        let mut values = Values::new();
        if let Some(ret) = item.ret {
            values = evaluator.type_values(ret, item.class);
        }
        // a declared type of a library (`Callable`, `Handler`) says less than a function that is returned
        let vague = values.iter().all(|v| matches!(v, Value::ExternalInstance(_)));
        if vague {
            let declared = !values.is_empty();
            for returned in scopes.returns[function.0 as usize].iter().take(8) {
                for value in evaluator.eval(*returned) {
                    if !declared || matches!(value, Value::Function(_) | Value::Object(_)) {
                        push(&mut values, value);
                    }
                }
            }
        }
        if !values.is_empty() {
            found.insert(Key::Return(FnId { module: id, function }), values);
        }
    }
    for (class, item) in module.classes() {
        let this = program.classes().canonical(ClassRef { module: id, class });
        for field in &item.fields {
            let mut values = Values::new();
            if let Some(ty) = field.ty {
                values = evaluator.type_values(ty, Some(class));
            }
            if values.is_empty()
                && let Some(init) = field.init
            {
                values = evaluator.eval(init);
            }
            if !values.is_empty() {
                found.insert(Key::Field(this, field.name), values);
            }
        }
    }
    for (class, function, name, value) in &scopes.members {
        let owner = Owner { function: *function, class: *class };
        for this in evaluator.this(owner) {
            let (Value::Instance(this) | Value::Class(this)) = this else { continue };
            if let Some((part, at)) = program.classes().field(this, *name)
                && program.class(part).fields[at as usize].ty.is_some()
                && found.contains_key(&Key::Field(this, *name))
            {
                continue;
            }
            let values = evaluator.eval(*value);
            if !values.is_empty() {
                let all = found.entry(Key::Field(this, *name)).or_default();
                values.into_iter().for_each(|v| push(all, v));
            }
        }
    }
    let is_variable = |b: &Binding| matches!(b, Binding::Value(..) | Binding::Typed(_) | Binding::Element(..));
    let mut variables: Vec<_> = scopes.top.iter().filter(|(_, bindings)| bindings.iter().any(is_variable)).collect();
    // where definitions go in circles, the order counts
    variables.sort_unstable_by_key(|(name, _)| **name);
    for (name, bindings) in variables {
        let values = evaluator.bindings(bindings, Owner::default());
        if !values.is_empty() {
            found.insert(Key::Global(id, *name), values);
        }
    }
    arguments(program, evaluator, &mut found);
    found
}

/// Passes the arguments of calls to the parameters of functions of the repository.
fn arguments(program: &Program, evaluator: &mut Evaluator<'_>, found: &mut Found) {
    let module = program.module(evaluator.module_id());
    for (_, expr) in module.exprs() {
        let ExprKind::Call { callee, args, kind, .. } = &expr.kind else { continue };
        if args.is_empty() || *kind == CallKind::Annotation {
            continue;
        }
        let interesting = args.iter().any(|a| {
            !matches!(
                module.expr(a.value).kind,
                ExprKind::Literal(Literal::Str(_) | Literal::Int(_) | Literal::Bool(_))
            )
        });
        if !interesting {
            continue;
        }
        for value in evaluator.eval(*callee) {
            let functions = match value {
                Value::Function(function) => smallvec![function],
                Value::Class(class) => program.classes().constructors(class),
                _ => continue,
            };
            for function in functions {
                let item = program.function(function);
                let skip = usize::from(item.params.first().is_some_and(|p| p.kind == ir::ParamKind::Receiver));
                for (at, arg) in args.iter().enumerate() {
                    let index = match arg.name {
                        Some(name) => item.params.iter().position(|p| p.name == name),
                        None => Some(at + skip),
                    };
                    let Some(index) = index.filter(|i| item.params.get(*i).is_some_and(|p| p.ty.is_none())) else {
                        continue;
                    };
                    let values = evaluator.eval(arg.value);
                    if !values.is_empty() {
                        let all = found.entry(Key::Param(function, index as u32)).or_default();
                        values.into_iter().for_each(|v| push(all, v));
                    }
                }
            }
        }
    }
}
