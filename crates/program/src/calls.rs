//! The call graph.

use base::{Language, Symbol};
use ir::{ExprId, ExprKind, FunctionKind};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::{Evaluator, FnId, Library, ModuleId, Program, Value};

/// How many implementations a call through an interface may reach before the rest is dropped.
pub const MAX_DISPATCH: usize = 8;

/// What a call calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Callee {
    /// Functions of the repository.
    pub functions: SmallVec<[FnId; 1]>,
    /// Qualified names in libraries.
    pub external: SmallVec<[Symbol; 1]>,
    /// The last name as written.
    pub name: Option<Symbol>,
    /// Whether anything was resolved without guessing. A guess is by the only method of that name.
    pub certain: bool,
}

impl Callee {
    /// Whether it is known what is called.
    pub fn is_resolved(&self) -> bool {
        self.certain
    }
}

/// A place that calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallSite {
    /// The module.
    pub module: ModuleId,
    /// The call.
    pub expr: ExprId,
    /// The function it stands in.
    pub caller: Option<FnId>,
}

/// What all calls of a module call, in order of the tree.
pub(crate) fn resolve_module(program: &Program, library: &dyn Library, id: ModuleId) -> Vec<(ExprId, Callee)> {
    let module = program.module(id);
    let mut evaluator = Evaluator::of_all(program, library, id);
    let is_call = |item: &ir::Expr| match item.kind {
        ExprKind::Call { callee, .. } => Some(callee),
        _ => None,
    };
    let calls = module.exprs().filter_map(|(expr, item)| Some((expr, is_call(item)?)));
    calls.map(|(expr, callee)| (expr, resolve(program, library, &mut evaluator, callee))).collect()
}

fn resolve(program: &Program, library: &dyn Library, evaluator: &mut Evaluator<'_>, callee: ExprId) -> Callee {
    let mut found = Callee::default();
    let module = program.module(evaluator.module_id());
    found.name = match &module.expr(callee).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        _ => None,
    };
    for value in evaluator.eval(callee) {
        match value {
            Value::Function(function) => add(&mut found, program, function),
            Value::Class(class) => {
                found.certain = true;
                let constructors = program.classes().constructors(class);
                constructors.into_iter().for_each(|c| add(&mut found, program, c));
                // a class that a library's class is the base of: its construction is the library's too
                for base in program.classes().external_bases(class) {
                    found.external.push(base);
                }
            }
            Value::External(name) => {
                found.certain = true;
                found.external.push(name);
            }
            Value::ExternalInstance(name) => {
                found.certain = true;
                found.external.push(Symbol::new(&format!("{name}#call")));
            }
            // `check = KeyChecker(…); check(request)`
            Value::Instance(class) if module.language == Language::Python => {
                let called = program.classes().method(class, Symbol::new("__call__"));
                called.into_iter().for_each(|c| add(&mut found, program, c));
            }
            _ => {}
        }
    }
    let is_of_method = match module.expr(callee).kind {
        ExprKind::Member { .. } => true,
        // a method of `self`, that a mixin may bring
        ExprKind::Name(name) => module.language == Language::Ruby && !library.names_method(name),
        _ => false,
    };
    // a name that nothing declares is told as it stands
    let is_unknown = found.external.iter().all(|name| Some(*name) == found.name);
    if found.functions.is_empty()
        && is_unknown
        && is_of_method
        && let Some(name) = found.name
        && name.as_str().len() > 3
        && let Some(function) = program.unique_method(name)
        && program.module(function.module).language.tag() == module.language.tag()
        && program.resolver.reaches(module.language, program.path(evaluator.module_id()), program.path(function.module))
        && may_mean(program, evaluator.module_id(), callee, function)
    {
        found.functions.push(function);
    }
    found
}

/// Whether what a method is called on may be of the class that has the only method of the name. `user.email` is
/// not the action `email` of a controller, nor a method of `Order` where there is a class `User`.
fn may_mean(program: &Program, id: ModuleId, callee: ExprId, function: FnId) -> bool {
    let module = program.module(id);
    let ExprKind::Member { object, .. } = &module.expr(callee).kind else { return true };
    let Some(class) = program.classes().class_of(function) else { return true };
    let on = match &module.expr(*object).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
        ExprKind::Call { callee, args, .. } if args.is_empty() => match &module.expr(*callee).kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => *name,
            _ => return true,
        },
        ExprKind::This | ExprKind::Super => return true,
        _ => Symbol::new(""),
    };
    let plain = |text: &str| text.replace(['_', '@', '$'], "").to_ascii_lowercase();
    let last = |class: crate::ClassRef| {
        let name = program.class(class).name;
        plain(name.as_str().rsplit('.').next().unwrap_or(""))
    };
    let (on, has) = (plain(on.as_str()), last(class));
    // the framework calls what controllers have
    if has.ends_with("controller") && module.language == Language::Ruby && !on.ends_with("controller") {
        return false;
    }
    let classes = program.classes();
    let named = classes.called(&on);
    let related = |other: &crate::ClassRef| {
        classes.line(*other).any(|c| c == classes.canonical(class)) || classes.line(class).any(|c| last(c) == on)
    };
    let same = |c: &&crate::ClassRef| program.module(c.module).language.tag() == module.language.tag();
    let mut named = named.iter().filter(same).peekable();
    named.peek().is_none() || named.any(related)
}

fn add(found: &mut Callee, program: &Program, function: FnId) {
    found.certain = true;
    if !found.functions.contains(&function) {
        found.functions.push(function);
    }
    if program.function(function).body.is_none() && program.function(function).kind != FunctionKind::Lambda {
        for implementation in program.classes().overrides(program, function, MAX_DISPATCH) {
            if !found.functions.contains(&implementation) {
                found.functions.push(implementation);
            }
        }
    }
}

/// For each function of each module, the calls that reach it, in order.
pub(crate) fn callers(program: &Program) -> Vec<Vec<Vec<CallSite>>> {
    let sites_of = |id: ModuleId| {
        program.calls(id).flat_map(move |(expr, callee)| {
            let owner = program.scopes(id).owner(expr).function;
            let caller = owner.map(|function| FnId { module: id, function });
            callee.functions.iter().map(move |function| (*function, CallSite { module: id, expr, caller }))
        })
    };
    let ids: Vec<ModuleId> = program.ids().collect();
    let sites: Vec<Vec<_>> = ids.into_par_iter().map(|id| sites_of(id).collect()).collect();
    let mut callers: Vec<Vec<Vec<CallSite>>> =
        program.ids().map(|id| vec![Vec::new(); program.module(id).functions.len()]).collect();
    for (function, site) in sites.into_iter().flatten() {
        callers[function.module.0 as usize][function.function.0 as usize].push(site);
    }
    callers
}

/// For each function of each module, the calls that stand in it, in order of the tree.
pub(crate) fn calls_in(program: &Program) -> Vec<Vec<Vec<ExprId>>> {
    let in_module = |id: ModuleId| {
        let mut calls = vec![Vec::new(); program.module(id).functions.len()];
        for (expr, _) in program.calls(id) {
            if let Some(function) = program.scopes(id).owner(expr).function {
                calls[function.0 as usize].push(expr);
            }
        }
        calls
    };
    program.ids().collect::<Vec<_>>().into_par_iter().map(in_module).collect()
}
