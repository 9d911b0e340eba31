//! Values of expressions.

use std::rc::Rc;

use base::Symbol;
use ir::{Arg, CallKind, ExprId, ExprKind, Literal, LogicalOp, Part, Range, StmtKind, UnaryOp};
use program::{Binding, ExprRef, FnId, ModuleId, PathStep, Value};

use super::{Call, Entry, Env, MAX_DEPTH, MAX_STEPS, Run, Tool, Val, What};

impl Run<'_, '_> {
    pub(super) fn eval(&mut self, module: ModuleId, expr: ExprId, env: &Env, tool: &mut dyn Tool) -> Val {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH {
            return self.unknown(module, expr);
        }
        let item = self.context.program.module(module);
        let node = item.expr(expr);
        let at = self.place(module, node.range);
        let what = match &node.kind {
            ExprKind::Literal(literal) => literal_value(*literal),
            ExprKind::Template(parts) => self.template(module, parts, env, tool),
            ExprKind::Name(name) => return Val::new(self.name(module, expr, *name, env, tool), at),
            ExprKind::This => match env.as_ref().and_then(|e| e.get(Symbol::new("this"))) {
                Some(this) => this.what,
                None => What::Path("this".into()),
            },
            ExprKind::Member { object, name, .. } => {
                let object = self.eval(module, *object, env, tool);
                return self.member(&object, name.as_str(), at);
            }
            ExprKind::Index { object, index } => {
                let object = self.eval(module, *object, env, tool);
                let index = self.eval(module, *index, env, tool);
                return match (index.name(), index.number(), &object.what) {
                    (Some(key), ..) => self.member(&object, key, at),
                    (_, Some(number), What::List(items)) => {
                        let found = usize::try_from(number).ok().and_then(|n| items.get(n).cloned());
                        found.map_or(Val::new(What::Null, at), |v| Val::new(v.what, at))
                    }
                    _ => Val::new(What::Unknown, at),
                };
            }
            ExprKind::Call { .. } => return self.call(module, expr, env, tool),
            ExprKind::Lambda(function) => What::Function(FnId { module, function: *function }, env.clone()),
            ExprKind::List(items) => {
                let items: Vec<(ExprId, bool)> = items.iter().map(|e| (*e, false)).collect();
                What::List(Rc::new(self.spread(module, &items, env, tool)))
            }
            ExprKind::Map(entries) => self.map(module, entries, env, tool),
            ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => {
                return self.eval(module, *inner, env, tool);
            }
            ExprKind::Unary { op, operand } => self.unary(module, *op, *operand, env, tool),
            ExprKind::Binary { op, left, right } => {
                let (left, right) = (self.eval(module, *left, env, tool), self.eval(module, *right, env, tool));
                self.binary(*op, &left, &right)
            }
            ExprKind::Logical { op, left, right } => return self.logical(module, *op, *left, *right, env, tool),
            ExprKind::Ternary { cond, then, otherwise } => {
                let chosen = match self.eval(module, *cond, env, tool).truth() {
                    Some(false) => *otherwise,
                    _ => *then,
                };
                return self.eval(module, chosen, env, tool);
            }
            ExprKind::Assign { target, op: None, value } => {
                let value = self.eval(module, *value, env, tool);
                self.assign(module, *target, &value, env);
                return value;
            }
            _ => What::Unknown,
        };
        Val::new(what, at)
    }

    fn template(&mut self, module: ModuleId, parts: &[Part], env: &Env, tool: &mut dyn Tool) -> What {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part.as_str()),
                Part::Hole(hole) => match self.eval(module, *hole, env, tool).what {
                    What::Text(part) => text.push_str(&part),
                    What::Number(part) => text.push_str(&part),
                    What::Bool(part) => text.push_str(if part { "true" } else { "false" }),
                    What::List(items) => {
                        let items: Option<Vec<&str>> = items.iter().map(Val::text).collect();
                        text.push_str(&items.map_or_else(|| sql::HOLE.to_string(), |i| i.join(",")));
                    }
                    _ => text.push(sql::HOLE),
                },
            }
        }
        What::Text(text.into())
    }

    fn map(&mut self, module: ModuleId, entries: &[ir::Entry], env: &Env, tool: &mut dyn Tool) -> What {
        let item = self.context.program.module(module);
        let mut made: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(key) = entry.key else {
                let ExprKind::Spread(inner) = item.expr(entry.value).kind else { continue };
                let inner = self.eval(module, inner, env, tool);
                made.extend(inner.entries().iter().cloned());
                continue;
            };
            let name: Option<Rc<str>> = match item.string(key) {
                Some(key) => Some(key.as_str().into()),
                None => {
                    let key = self.eval(module, key, env, tool);
                    match &key.what {
                        What::Number(number) => Some(number.as_str().into()),
                        _ => key.name().map(Rc::from),
                    }
                }
            };
            let at = self.place(module, item.expr(key).range);
            let value = self.eval(module, entry.value, env, tool);
            if let Some(key) = name {
                made.retain(|e| e.key != key);
                made.push(Entry { key, at, value });
            }
        }
        What::Map(Rc::new(made))
    }

    /// Elements with what is spread among them.
    fn spread(&mut self, module: ModuleId, items: &[(ExprId, bool)], env: &Env, tool: &mut dyn Tool) -> Vec<Val> {
        let item = self.context.program.module(module);
        let mut made = Vec::with_capacity(items.len());
        for (expr, _) in items {
            match item.expr(*expr).kind {
                ExprKind::Spread(inner) => {
                    let inner = self.eval(module, inner, env, tool);
                    made.extend(inner.items().iter().cloned());
                }
                _ => made.push(self.eval(module, *expr, env, tool)),
            }
        }
        made
    }

    fn unary(&mut self, module: ModuleId, op: UnaryOp, operand: ExprId, env: &Env, tool: &mut dyn Tool) -> What {
        let value = self.eval(module, operand, env, tool);
        match (op, value.what) {
            (UnaryOp::Not, what) => match Val::new(what, value.at).truth() {
                Some(truth) => What::Bool(!truth),
                None => What::Unknown,
            },
            (UnaryOp::Neg, What::Number(number)) => What::Number(format!("-{number}")),
            (UnaryOp::NonNull, what) => what,
            _ => What::Unknown,
        }
    }

    fn logical(
        &mut self,
        module: ModuleId,
        op: LogicalOp,
        left: ExprId,
        right: ExprId,
        env: &Env,
        tool: &mut dyn Tool,
    ) -> Val {
        let left = self.eval(module, left, env, tool);
        let takes_left = match op {
            LogicalOp::And => left.truth().map(|t| !t),
            LogicalOp::Or => left.truth(),
            LogicalOp::Coalesce => match left.what {
                What::Null => Some(false),
                What::Unknown => None,
                _ => Some(true),
            },
        };
        match (takes_left, op) {
            (Some(true), _) => left,
            (Some(false), _) => self.eval(module, right, env, tool),
            (None, _) => {
                let right = self.eval(module, right, env, tool);
                match op {
                    LogicalOp::And if right.truth() == Some(false) => right,
                    LogicalOp::And => Val::new(What::Unknown, left.at),
                    // `process.env.TABLE || 'users'`; a thing of a library stays what it is
                    _ if right.is_null() || matches!(right.what, What::Unknown) => left,
                    _ => right,
                }
            }
        }
    }

    /// What a name stands for: a variable, a constant or function of the repository, a thing of a library.
    fn name(&mut self, module: ModuleId, expr: ExprId, name: Symbol, env: &Env, tool: &mut dyn Tool) -> What {
        if let Some(found) = env.as_ref().and_then(|e| e.get(name)) {
            return found.what;
        }
        if self.depth >= MAX_DEPTH {
            return What::Unknown;
        }
        self.depth += 1;
        let found = self.global(ExprRef { module, expr }, name, tool);
        self.depth -= 1;
        found
    }

    fn global(&mut self, at: ExprRef, name: Symbol, tool: &mut dyn Tool) -> What {
        let program = self.context.program;
        if let Some(definition) = program.definition(at) {
            match self.constant(definition, tool).what {
                // `const Sequelize = require('sequelize')`: what the program knows says more
                What::Call(call) if call.on.is_none() && call.last() == "require" => {}
                found => return found,
            }
        }
        // `const { TABLE } = names`
        if let Some([Binding::Value(whole, path)]) =
            program.scopes(at.module).top.get(&name).map(|bindings| bindings.as_slice())
            && !path.is_empty()
        {
            let mut found = self.constant(ExprRef { module: at.module, expr: *whole }, tool);
            for step in path {
                found = match step {
                    PathStep::Key(key) => self.member(&found, key.as_str(), found.at),
                    _ => Val::new(What::Unknown, found.at),
                };
            }
            if !matches!(found.what, What::Unknown | What::Null) {
                return found.what;
            }
        }
        for value in self.evaluator(at.module).eval(at.expr) {
            match value {
                Value::Function(function) => return What::Function(function, None),
                Value::Class(class) => return What::Class(class),
                Value::Instance(class) => return What::Instance(class),
                Value::Object(object) => return self.constant(object, tool).what,
                Value::External(path) | Value::ExternalInstance(path) => return What::Path(path.as_str().into()),
                Value::Namespace(_) => {}
            }
        }
        What::Path(name.as_str().into())
    }

    /// A member of a value.
    pub(super) fn member(&mut self, object: &Val, name: &str, at: Range) -> Val {
        let what = match &object.what {
            What::Map(_) => object.get(name).map_or(What::Null, |v| v.what.clone()),
            What::Module(file) => self.exported(*file, name).map_or(What::Unknown, |v| v.what),
            What::Path(path) if is_module_object(path) => What::Path(name.into()),
            What::Path(path) => What::Path(format!("{path}.{name}").into()),
            What::List(items) if name == "length" => What::Number(items.len().to_string()),
            What::Class(class) | What::Instance(class) => {
                let field = self.context.program.classes().field(*class, Symbol::new(name));
                let init = field.and_then(|(part, index)| {
                    let expr = self.context.program.class(part).fields.get(index as usize)?.init?;
                    Some(ExprRef { module: part.module, expr })
                });
                match init {
                    Some(init) => self.constant(init, &mut super::NoTool).what,
                    None => match &object.what {
                        What::Class(_) => What::Path(format!("{}.{name}", self.class_name(*class)).into()),
                        _ => What::Path(format!("this.{name}").into()),
                    },
                }
            }
            // `Schema.Types.ObjectId` of a call, `getModel().schema`
            What::Call(call) => What::Call(Rc::new(Call {
                on: Some(object.clone()),
                name: format!(".{name}").into(),
                args: Vec::new(),
                at,
                name_at: at,
                expr: call.expr,
            })),
            What::Null | What::Unknown | What::Handle(_) => What::Unknown,
            _ => What::Unknown,
        };
        Val::new(what, at)
    }

    pub(super) fn class_name(&self, class: program::ClassRef) -> String {
        self.context.program.class(class).name.as_str().to_owned()
    }

    fn call(&mut self, module: ModuleId, expr: ExprId, env: &Env, tool: &mut dyn Tool) -> Val {
        let item = self.context.program.module(module);
        let node = item.expr(expr);
        let ExprKind::Call { callee, args, kind, .. } = &node.kind else { return self.unknown(module, expr) };
        if module == self.home {
            self.site = node.range;
        }
        let at = self.place(module, node.range);
        let is_new = *kind == CallKind::New;
        if let ExprKind::Member { object, name, name_range, .. } = &item.expr(*callee).kind
            && !matches!(item.expr(*object).kind, ExprKind::Super)
        {
            let on = self.eval(module, *object, env, tool);
            let args = self.args(module, args, env, tool);
            let name_at = self.place(module, *name_range);
            let call = Rc::new(Call {
                on: Some(on),
                name: name.as_str().into(),
                args,
                at,
                name_at,
                expr: ExprRef { module, expr },
            });
            return self.method(&call, is_new, tool);
        }
        let function = self.eval(module, *callee, env, tool);
        let args = self.args(module, args, env, tool);
        let name: Rc<str> = match &function.what {
            What::Path(path) => Rc::clone(path),
            What::Class(class) => self.class_name(*class).into(),
            _ => item.dotted(*callee).unwrap_or_default().into(),
        };
        let on = matches!(function.what, What::Handle(_) | What::Call(_)).then(|| function.clone());
        let name_at = self.place(module, item.expr(*callee).range);
        let call = Rc::new(Call { on, name, args, at, name_at, expr: ExprRef { module, expr } });
        if let Some(found) = tool.call(self, &call) {
            return Val::new(found.what, at);
        }
        match &function.what {
            What::Function(function, env) if !is_new => {
                let found = self.within(module, node.range, |run| run.invoke(*function, env, &call.args, tool));
                Val::new(found.what, at)
            }
            What::Class(class) if is_new => Val::new(What::Instance(*class), at),
            // a package; files of the repository are found by the program
            What::Path(path) if &**path == "require" && call.arg(0).is_some_and(is_package) => {
                Val::path(call.arg(0).and_then(Val::name).unwrap_or_default(), at)
            }
            What::Path(path) if &**path == "require" => {
                let named = call.arg(0).and_then(Val::name);
                match named.and_then(|n| self.context.program.module_named(module, n)) {
                    Some(file) => Val::new(self.file_value(file, tool), at),
                    None => Val::new(What::Call(call), at),
                }
            }
            What::Path(_) if !is_new => match self.builtin(&call) {
                Some(what) => Val::new(what, at),
                None => Val::new(What::Call(call), at),
            },
            _ => Val::new(What::Call(call), at),
        }
    }

    /// Runs what a call runs, which stands where the call does.
    fn within<T>(&mut self, module: ModuleId, range: Range, run: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.site;
        if module == self.home {
            self.site = range;
        }
        let found = run(self);
        self.site = before;
        found
    }

    fn args(&mut self, module: ModuleId, args: &[Arg], env: &Env, tool: &mut dyn Tool) -> Vec<Val> {
        let items: Vec<(ExprId, bool)> = args.iter().map(|a| (a.value, false)).collect();
        self.spread(module, &items, env, tool)
    }

    fn method(&mut self, call: &Rc<Call>, is_new: bool, tool: &mut dyn Tool) -> Val {
        let Some(on) = &call.on else { return Val::new(What::Unknown, call.at) };
        if is_new && let What::Path(path) = &on.what {
            let named = Call { on: None, name: format!("{path}.{}", call.name).into(), ..(**call).clone() };
            let named = Rc::new(named);
            return match tool.call(self, &named) {
                Some(found) => Val::new(found.what, call.at),
                None => Val::new(What::Call(named), call.at),
            };
        }
        if let Some(found) = tool.call(self, call) {
            return Val::new(found.what, call.at);
        }
        if let Some(what) = self.builtin_method(on, call, tool) {
            return Val::new(what, call.at);
        }
        let found = match &on.what {
            What::Map(_) => on.get(&call.name).cloned().and_then(|f| match f.what {
                What::Function(function, env) => {
                    Some(self.invoke_on(Some(on.clone()), function, &env, &call.args, tool))
                }
                _ => None,
            }),
            What::Module(file) => match self.exported(*file, &call.name).map(|f| f.what) {
                Some(What::Function(function, env)) => Some(self.invoke(function, &env, &call.args, tool)),
                _ => None,
            },
            What::Class(class) | What::Instance(class) => {
                let method = self.context.program.classes().method(*class, Symbol::new(&call.name)).first().copied();
                method.map(|m| self.invoke_on(Some(on.clone()), m, &None, &call.args, tool))
            }
            _ => None,
        };
        match found {
            Some(found) => Val::new(found.what, call.at),
            None => match &on.what {
                // a function of a library by its whole name: `sequelize.literal`
                What::Path(path) => {
                    let name = format!("{path}.{}", call.name).into();
                    Val::new(What::Call(Rc::new(Call { on: None, name, ..(**call).clone() })), call.at)
                }
                _ => Val::new(What::Call(Rc::clone(call)), call.at),
            },
        }
    }

    /// What `require` of a file gives.
    fn file_value(&mut self, file: ModuleId, tool: &mut dyn Tool) -> What {
        let item = self.context.program.module(file);
        let whole = item.body.iter().find_map(|s| match &item.stmt(*s).kind {
            StmtKind::Assign { target, value: Some(value), .. }
                if item.dotted(*target).is_some_and(|n| n == "module.exports") =>
            {
                Some(*value)
            }
            _ => None,
        });
        match whole {
            Some(expr) => self.constant(ExprRef { module: file, expr }, tool).what,
            None => What::Module(file),
        }
    }

    /// The calls of decorators.
    pub(crate) fn decorators(&mut self, module: ModuleId, annotations: &[ExprId]) -> Vec<Rc<Call>> {
        let found = annotations.iter().map(|a| self.eval(module, *a, &None, &mut super::NoTool)).collect::<Vec<_>>();
        found.iter().filter_map(|v| v.as_call().cloned()).collect()
    }

    /// The expression that a function without statements gives: `() => User`.
    pub(crate) fn given_by(&mut self, value: &Val) -> Option<Val> {
        let What::Function(function, env) = &value.what else { return None };
        let body = self.context.program.function(*function).body.as_ref()?;
        let item = self.context.program.module(function.module);
        let [only] = body.as_slice() else { return None };
        let StmtKind::Return(Some(expr)) = item.stmt(*only).kind else { return None };
        Some(self.eval(function.module, expr, env, &mut super::NoTool))
    }
}

/// Whether `require` is given a package and no file.
fn is_package(specifier: &Val) -> bool {
    specifier.name().is_some_and(|s| {
        !s.starts_with(['.', '/', '@', '~']) || s.starts_with('@') && s.len() > 2 && !s.starts_with("@/")
    })
}

/// `exports` and `module.exports` of the file itself.
fn is_module_object(path: &str) -> bool {
    path == "module.exports" || path == "exports"
}

fn literal_value(literal: Literal) -> What {
    match literal {
        Literal::Str(text) => What::Text(text.as_str().into()),
        Literal::Int(Some(number)) => What::Number(number.to_string()),
        Literal::Float(text) => What::Number(text.as_str().to_owned()),
        Literal::Bool(value) => What::Bool(value),
        Literal::Null => What::Null,
        Literal::Int(None) | Literal::Regex(_) => What::Unknown,
    }
}
