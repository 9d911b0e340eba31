//! Runs JavaScript as far as all that it works with is written down: migrations, and what defines models.
//!
//! A [`Tool`] is told of every call that is not of the repository's own functions, in the order in which they happen,
//! and answers with a value. What nobody knows stays as it is written ([`What::Call`]), so that a chain such as
//! `varchar('name').notNull()` can be read as data. What depends on the running program is unknown: a condition that
//! is not known holds, a list that is not known is empty. Everything is bounded.

mod builtins;
mod expressions;
mod statements;

use std::cell::RefCell;
use std::rc::Rc;

use base::{FileId, Span, Symbol};
use ir::{ExprId, ExprKind, Range};
use program::{ClassRef, Evaluator, ExprRef, FnId, ModuleId};
use rustc_hash::FxHashMap;
use sql::Dialect;

use crate::adapters::Context;

pub(crate) use builtins::named_dialect;
use statements::Flow;

/// How many expressions one run looks at.
const MAX_STEPS: u32 = 400_000;

/// How deep calls and constants are followed.
const MAX_DEPTH: u32 = 24;

/// How many rounds of a loop are made.
const MAX_ROUNDS: usize = 500;

/// A value, and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Val {
    pub(crate) what: What,
    pub(crate) at: Range,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Unknown,
    Null,
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text; [`sql::HOLE`] stands for what is not known of it.
    Text(Rc<str>),
    List(Rc<Vec<Val>>),
    Map(Rc<Vec<Entry>>),
    /// A function of the repository, with what it sees around it.
    Function(FnId, Env),
    /// A class of the repository.
    Class(ClassRef),
    /// An instance of a class of the repository.
    Instance(ClassRef),
    /// A file of the repository, by what it exports one by one.
    Module(ModuleId),
    /// A thing of a library, or one that nothing defines, by its name: `sequelize.DataTypes.STRING`.
    Path(Rc<str>),
    /// What a call gave that nobody knows.
    Call(Rc<Call>),
    /// Something of the tool's own.
    Handle(u32),
}

/// An entry of an object.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Rc<str>,
    /// Where the key is written.
    pub(crate) at: Range,
    pub(crate) value: Val,
}

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What the method is called on; none for a function.
    pub(crate) on: Option<Val>,
    /// The method, or the whole name of a function: `sequelize.literal`.
    pub(crate) name: Rc<str>,
    pub(crate) args: Vec<Val>,
    /// Where all of it is written.
    pub(crate) at: Range,
    /// Where the name of the method is.
    pub(crate) name_at: Range,
    /// The expression.
    pub(crate) expr: ExprRef,
}

/// What a function sees.
pub(crate) type Env = Option<Rc<Scope>>;

/// Variables of a function.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    names: RefCell<FxHashMap<Symbol, Val>>,
    outer: Env,
}

/// What migrations or definitions are written with.
pub(crate) trait Tool {
    /// What a call does and gives; none where the tool knows nothing of it.
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val>;
}

/// Knows no tool.
pub(crate) struct NoTool;

impl Tool for NoTool {
    fn call(&mut self, _: &mut Run<'_, '_>, _: &Rc<Call>) -> Option<Val> {
        None
    }
}

/// One run, from one module.
pub(crate) struct Run<'c, 'a> {
    pub(crate) context: &'c Context<'a>,
    /// The database that the code is run for, where that is asked.
    pub(crate) dialect: Dialect,
    /// The module whose places count; what runs elsewhere stands where it is called.
    home: ModuleId,
    site: Range,
    evaluators: FxHashMap<ModuleId, Evaluator<'a>>,
    constants: FxHashMap<ExprRef, Val>,
    steps: u32,
    depth: u32,
}

impl<'c, 'a> Run<'c, 'a> {
    pub(crate) fn new(context: &'c Context<'a>, home: ModuleId, dialect: Dialect) -> Self {
        Self {
            context,
            dialect,
            home,
            site: Range::default(),
            evaluators: FxHashMap::default(),
            constants: FxHashMap::default(),
            steps: 0,
            depth: 0,
        }
    }

    /// Goes on in another module.
    pub(crate) fn enter(&mut self, home: ModuleId) {
        self.home = home;
        self.site = Range::default();
        self.constants.clear();
        self.steps = 0;
    }

    /// The file whose places count.
    pub(crate) fn file(&self) -> FileId {
        self.context.program.module(self.home).file
    }

    /// A place of it.
    pub(crate) fn span(&self, at: Range) -> Span {
        Span::new(self.file(), at.start, at.end)
    }

    /// The module whose places count.
    pub(crate) fn home(&self) -> ModuleId {
        self.home
    }

    /// Where an expression counts as written.
    pub(super) fn place(&self, module: ModuleId, range: Range) -> Range {
        if module == self.home { range } else { self.site }
    }

    /// Evaluates an expression outside every function.
    pub(crate) fn value(&mut self, at: ExprRef, tool: &mut dyn Tool) -> Val {
        self.eval(at.module, at.expr, &None, tool)
    }

    /// Calls a function of the code with these values.
    pub(crate) fn invoke(&mut self, function: FnId, env: &Env, args: &[Val], tool: &mut dyn Tool) -> Val {
        let this = env.as_ref().and_then(|e| e.get(Symbol::new("this")));
        self.invoke_on(this, function, env, args, tool)
    }

    /// Calls a method.
    pub(crate) fn invoke_on(
        &mut self,
        this: Option<Val>,
        function: FnId,
        env: &Env,
        args: &[Val],
        tool: &mut dyn Tool,
    ) -> Val {
        let item = self.context.program.function(function);
        let unknown = Val { what: What::Unknown, at: self.site };
        let Some(body) = &item.body else { return unknown };
        if self.depth >= MAX_DEPTH {
            return unknown;
        }
        let scope = Rc::new(Scope { names: RefCell::default(), outer: env.clone() });
        if let Some(this) = this {
            scope.set(Symbol::new("this"), this);
        }
        let inner: Env = Some(Rc::clone(&scope));
        for (at, param) in item.params.iter().enumerate() {
            let given = match param.kind {
                ir::ParamKind::Rest => {
                    let rest = args.get(at..).unwrap_or_default().to_vec();
                    Some(Val { what: What::List(Rc::new(rest)), at: self.place(function.module, param.range) })
                }
                _ => args.get(at).cloned(),
            };
            let value = match (given, param.default) {
                (Some(value), _) if !matches!(value.what, What::Null) => value,
                (_, Some(default)) => self.eval(function.module, default, &inner, tool),
                (Some(null), None) => null,
                (None, None) => Val { what: What::Null, at: self.place(function.module, param.range) },
            };
            match param.pattern {
                Some(pattern) => self.bind(function.module, pattern, value, &inner, tool),
                None => scope.set(param.name, value),
            }
        }
        self.depth += 1;
        let flow = self.block(function.module, body, &inner, tool);
        self.depth -= 1;
        match flow {
            Flow::Return(value) => value,
            _ => Val { what: What::Null, at: self.site },
        }
    }

    /// Runs what stands outside every function of a module.
    pub(crate) fn top(&mut self, module: ModuleId, tool: &mut dyn Tool) {
        let scope: Env = Some(Rc::new(Scope::default()));
        let body = &self.context.program.module(module).body;
        self.block(module, body, &scope, tool);
    }

    /// Calls a value where it is a function.
    pub(crate) fn call_value(&mut self, value: &Val, args: &[Val], tool: &mut dyn Tool) -> Option<Val> {
        match &value.what {
            What::Function(function, env) => Some(self.invoke(*function, env, args, tool)),
            _ => None,
        }
    }

    /// What a module gives under a name, by any of the ways to export: the function `up` of a migration.
    pub(crate) fn exported(&mut self, module: ModuleId, name: &str) -> Option<Val> {
        let item = self.context.program.module(module);
        let top = item.functions().find(|(_, f)| {
            f.parent.is_none()
                && f.class.is_none()
                && f.name.is_some_and(|n| n == *name)
                && f.kind == ir::FunctionKind::Function
        });
        if let Some((function, f)) = top {
            let at = self.place(module, f.name_range);
            return Some(Val { what: What::Function(FnId { module, function }, None), at });
        }
        for stmt in &item.body {
            let (target, value) = match &item.stmt(*stmt).kind {
                ir::StmtKind::Assign { target, value: Some(value), .. } => (*target, *value),
                ir::StmtKind::Expr(expr) => match &item.expr(*expr).kind {
                    ExprKind::Assign { target, value, .. } => (*target, *value),
                    _ => continue,
                },
                _ => continue,
            };
            let names = item.dotted(target).unwrap_or_default();
            let last = names.rsplit('.').next().unwrap_or_default();
            if last == name && (names == name || names.starts_with("exports.") || names.starts_with("module.exports."))
            {
                return Some(self.eval(module, value, &None, &mut NoTool));
            }
            if matches!(names.as_str(), "module.exports" | "default" | "exports") {
                let whole = self.eval(module, value, &None, &mut NoTool);
                if let Some(found) = whole.get(name) {
                    return Some(found.clone());
                }
            }
        }
        None
    }

    fn evaluator(&mut self, module: ModuleId) -> &mut Evaluator<'a> {
        let context = self.context;
        self.evaluators.entry(module).or_insert_with(|| context.evaluator(module))
    }

    fn unknown(&self, module: ModuleId, expr: ExprId) -> Val {
        Val { what: What::Unknown, at: self.place(module, self.context.program.module(module).expr(expr).range) }
    }
}

impl Scope {
    /// Of variables given.
    pub(crate) fn of(names: impl IntoIterator<Item = (Symbol, Val)>) -> Env {
        Some(Rc::new(Scope { names: RefCell::new(names.into_iter().collect()), outer: None }))
    }

    fn get(&self, name: Symbol) -> Option<Val> {
        if let Some(found) = self.names.borrow().get(&name) {
            return Some(found.clone());
        }
        self.outer.as_ref()?.get(name)
    }

    fn set(&self, name: Symbol, value: Val) {
        self.names.borrow_mut().insert(name, value);
    }

    /// Sets a variable where it is declared.
    fn assign(&self, name: Symbol, value: &Val) -> bool {
        if let Some(found) = self.names.borrow_mut().get_mut(&name) {
            *found = value.clone();
            return true;
        }
        self.outer.as_ref().is_some_and(|outer| outer.assign(name, value))
    }
}

impl Val {
    pub(crate) fn new(what: What, at: Range) -> Self {
        Self { what, at }
    }

    /// A thing of a library.
    pub(crate) fn path(name: &str, at: Range) -> Self {
        Self { what: What::Path(name.into()), at }
    }

    /// The text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text where all of it is known.
    pub(crate) fn name(&self) -> Option<&str> {
        self.text().filter(|t| !t.contains(sql::HOLE))
    }

    /// The number.
    pub(crate) fn number(&self) -> Option<i64> {
        match &self.what {
            What::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is `true` or `false`, as JavaScript takes it; none where that is not known.
    pub(crate) fn truth(&self) -> Option<bool> {
        Some(match &self.what {
            What::Null => false,
            What::Bool(value) => *value,
            What::Number(text) => text != "0",
            What::Text(text) => !text.is_empty(),
            What::List(_)
            | What::Map(_)
            | What::Function(..)
            | What::Class(_)
            | What::Instance(_)
            | What::Module(_)
            | What::Handle(_) => true,
            What::Unknown | What::Path(_) | What::Call(_) => return None,
        })
    }

    /// Whether it is said to be true.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self.what, What::Bool(true))
    }

    /// Whether it is said to be false.
    pub(crate) fn is_false(&self) -> bool {
        matches!(self.what, What::Bool(false))
    }

    /// Whether there is nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.what, What::Null)
    }

    /// The entry of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Val> {
        self.entries().iter().rev().find(|e| &*e.key == key).map(|e| &e.value)
    }

    /// The entry of an object, where it is not null.
    pub(crate) fn given(&self, key: &str) -> Option<&Val> {
        self.get(key).filter(|v| !v.is_null())
    }

    /// The entries of an object.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.what {
            What::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Val] {
        match &self.what {
            What::List(items) => items,
            _ => &[],
        }
    }

    /// The elements of a list, or the value alone.
    pub(crate) fn listed(&self) -> Vec<Val> {
        match &self.what {
            What::List(items) => items.to_vec(),
            What::Null | What::Unknown => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The names in it: a text, or a list of texts. None where one is not known.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let listed = self.listed();
        let names: Option<Vec<String>> = listed.iter().map(|v| v.name().map(str::to_owned)).collect();
        names.filter(|n| !n.is_empty())
    }

    /// The texts of a list; none of a text alone.
    pub(crate) fn names_of_list(&self) -> Option<Vec<String>> {
        if self.items().is_empty() { None } else { self.names() }
    }

    /// The call that nobody knew.
    pub(crate) fn as_call(&self) -> Option<&Rc<Call>> {
        match &self.what {
            What::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The name of a thing of a library.
    pub(crate) fn as_path(&self) -> Option<&str> {
        match &self.what {
            What::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The last part of the name of a thing of a library, or of the function that was called.
    pub(crate) fn last(&self) -> &str {
        let whole = match &self.what {
            What::Path(path) => path,
            What::Call(call) => &call.name,
            _ => "",
        };
        last(whole)
    }

    /// A chain of calls, from its first one on.
    pub(crate) fn chain(&self) -> Vec<Rc<Call>> {
        let mut found = Vec::new();
        let mut next = self.as_call().cloned();
        while let Some(call) = next {
            next = call.on.as_ref().and_then(|on| on.as_call().cloned());
            found.push(call);
        }
        found.reverse();
        found
    }
}

impl Call {
    /// An argument that is there and not null.
    pub(crate) fn arg(&self, at: usize) -> Option<&Val> {
        self.args.get(at).filter(|v| !v.is_null())
    }

    /// The last part of its name.
    pub(crate) fn last(&self) -> &str {
        last(&self.name)
    }
}

/// The last part of a dotted name.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit(['.', '#']).next().unwrap_or(name)
}
