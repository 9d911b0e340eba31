//! The facts that speak of names, members, types and annotations, and what they say of a module.

use super::*;

/// The facts that speak of names, members, types and annotations.
pub(super) struct Index {
    pub(super) requests: FxHashMap<(Symbol, Symbol), Holds>,
    pub(super) telling: FxHashSet<Symbol>,
    /// Last names of members that are sinks, sources, requests or sanitizers.
    pub(super) members: FxHashSet<Symbol>,
    /// Last names of types and annotations of parameters.
    pub(super) types: FxHashSet<Symbol>,
    /// `Base#name` by base.
    pub(super) by_base: FxHashMap<Symbol, Vec<(Symbol, Holds)>>,
    pub(super) conventions: Vec<(RecordId, Holds)>,
}

#[derive(Default)]
pub(super) struct OfModule {
    pub(super) members: Vec<(ExprRef, Meanings)>,
    pub(super) params: Vec<((FnId, u32), Holds)>,
    pub(super) names: Vec<((ModuleId, Symbol), Holds)>,
    pub(super) inherited: Vec<((ClassRef, Symbol), Holds)>,
    pub(super) checking: Vec<ExprRef>,
}

impl Index {
    pub(super) fn new(context: &Context<'_>) -> Index {
        let facts = context.facts;
        let mut index = Index {
            requests: FxHashMap::default(),
            telling: FxHashSet::default(),
            members: FxHashSet::default(),
            types: FxHashSet::default(),
            by_base: FxHashMap::default(),
            conventions: Vec::new(),
        };
        let types: FxHashSet<&str> =
            facts.records().filter(|(_, r)| r.kind == Kind::Request).filter_map(|(_, r)| r.ty.as_deref()).collect();
        for (id, record) in facts.records() {
            let found = holds(record);
            if !(record.parameters.is_empty() && record.after.is_empty())
                && record.kind != Kind::Returns
                && let Some(holds) = holds_of_param(record)
            {
                index.conventions.push((id, holds));
            }
            for name in &record.names {
                let last = Symbol::new(name.rsplit(['#', '.']).next().unwrap_or(name));
                match (name.split_once('#'), found) {
                    (Some((ty, member)), Some(holds)) if types.contains(ty) => {
                        index.requests.insert((Symbol::new(ty), Symbol::new(member)), holds);
                    }
                    (Some((base, member)), Some(holds)) => {
                        index.telling.insert(last);
                        index.members.insert(last);
                        index.by_base.entry(Symbol::new(base)).or_default().push((Symbol::new(member), holds));
                    }
                    (None, Some(_)) => {
                        index.telling.insert(last);
                        index.types.insert(last);
                        index.members.insert(last);
                    }
                    (Some(_), None) if matches!(record.kind, Kind::Sink | Kind::Sanitizer) => {
                        index.members.insert(last);
                    }
                    // `session[name] = value`
                    (None, None) if record.kind == Kind::Sink && record.arg.is_none() => {
                        index.members.insert(last);
                    }
                    _ => {}
                }
            }
            if found.is_some() {
                index.telling.extend(record.methods.iter().map(|m| Symbol::new(m)));
            }
            if matches!(record.kind, Kind::Sink) {
                index.members.extend(record.methods.iter().map(|m| Symbol::new(m)));
            }
        }
        index
    }

    pub(super) fn module(&self, context: &Context<'_>, id: ModuleId) -> OfModule {
        let mut found = OfModule::default();
        let module = context.program.module(id);
        if context.is_test(id) {
            return found;
        }
        let mut evaluator = context.evaluator(id);
        self.names(context, id, &mut evaluator, &mut found);
        self.classes(context, id, &mut found);
        self.params(context, id, &mut evaluator, &mut found);
        found.checking = crate::constraints::of_module(context, id, &mut evaluator);
        for (expr, item) in module.exprs() {
            match &item.kind {
                ExprKind::Member { name, .. } if self.members.contains(name) => {
                    self.member(context, id, expr, *name, false, &mut evaluator, &mut found);
                }
                ExprKind::Assign { target, .. } => self.written(context, id, *target, &mut evaluator, &mut found),
                ExprKind::Index { object, index } if is_own_key(context, module, *object, *index) => {
                    found.members.push((ExprRef { module: id, expr }, smallvec::smallvec![Meaning::Answers]));
                }
                _ => {}
            }
        }
        for stmt in module.stmts() {
            if let StmtKind::Assign { target, .. } = &stmt.kind {
                self.written(context, id, *target, &mut evaluator, &mut found);
            }
        }
        found
    }

    /// An assignment to a member, or to a keyed part of one (`response.headers[name] = value`).
    fn written(
        &self,
        context: &Context<'_>,
        id: ModuleId,
        target: ExprId,
        evaluator: &mut Evaluator<'_>,
        found: &mut OfModule,
    ) {
        let module = context.program.module(id);
        let member = match &module.expr(target).kind {
            ExprKind::Member { .. } => target,
            ExprKind::Index { object, .. } => *object,
            _ => return,
        };
        let name = match &module.expr(member).kind {
            ExprKind::Member { name, .. } => name,
            // `session[name] = value` of an imported `session`
            ExprKind::Name(name) if member != target => name,
            _ => return,
        };
        if self.members.contains(name) {
            let before = found.members.len();
            self.member(context, id, member, *name, true, evaluator, found);
            for (at, _) in &mut found.members[before..] {
                at.expr = target;
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn member(
        &self,
        context: &Context<'_>,
        id: ModuleId,
        expr: ExprId,
        name: Symbol,
        is_written: bool,
        evaluator: &mut Evaluator<'_>,
        found: &mut OfModule,
    ) {
        let module = context.program.module(id);
        if !is_written && module.language == base::Language::Go {
            let owner = context.program.scopes(id).owner(expr).function;
            if owner.is_some_and(|function| is_of_client(context, FnId { module: id, function })) {
                return;
            }
        }
        let mut meanings = Meanings::new();
        let mut add = |id: RecordId| {
            let record = context.facts.record(id);
            let counts = match record.kind {
                // conditions on arguments speak of calls
                Kind::Sink => is_written && record.only.is_empty() && record.first.is_none(),
                Kind::Source | Kind::Request | Kind::Sanitizer => !is_written,
                _ => false,
            };
            if counts && let Some(meaning) = meaning(id, record) {
                meanings.push(meaning);
            }
        };
        let mut known = false;
        for value in evaluator.eval(expr) {
            if let Value::External(full) = value {
                for record in context.facts.of(module.language, full) {
                    add(record);
                    known = true;
                }
            }
        }
        if !known && is_written && matches!(module.expr(expr).kind, ExprKind::Member { .. }) {
            for (record, imports) in context.facts.of_method(module.language, name) {
                let receiver = context.facts.record(record).receiver.as_deref();
                if receiver.is_some_and(|r| receiver_name(module, expr).is_none_or(|n| n != r)) {
                    continue;
                }
                let of = context.facts.record(record);
                // a record of a method's argument does not speak of a member
                if of.arg.is_some() || of.from.is_some() || of.keyword.is_some() {
                    continue;
                }
                let here = |library: &String| match of.anywhere {
                    true => context.program.is_imported(library),
                    false => context.program.imports_library(id, library),
                };
                if of.distinctive || imports.iter().any(here) {
                    add(record);
                }
            }
        }
        if !meanings.is_empty() {
            found.members.push((ExprRef { module: id, expr }, meanings));
        }
    }

    /// Imported names, and names that a library gives to a file.
    fn names(&self, context: &Context<'_>, id: ModuleId, evaluator: &mut Evaluator<'_>, found: &mut OfModule) {
        let module = context.program.module(id);
        for import in &module.imports {
            if !self.telling.contains(&import.alias) && import.name.is_none_or(|n| !self.telling.contains(&n)) {
                continue;
            }
            for value in evaluator.lookup(import.alias) {
                let Value::External(full) = value else { continue };
                let records = context.facts.of(module.language, full);
                if let Some(holds) = records.filter_map(|r| holds(context.facts.record(r))).next() {
                    found.names.push(((id, import.alias), holds));
                }
            }
        }
        for name in &self.telling {
            for (record, imports) in context.facts.of_method(module.language, *name) {
                let record = context.facts.record(record);
                if let Some(holds) = holds(record)
                    && record.names.is_empty()
                    && (record.distinctive || imports.iter().any(|i| context.program.imports_library(id, i)))
                {
                    found.names.push(((id, *name), holds));
                }
            }
        }
        found.names.sort_by_key(|(key, _)| *key);
    }

    /// What classes inherit from a library.
    fn classes(&self, context: &Context<'_>, id: ModuleId, found: &mut OfModule) {
        for (class, _) in context.program.module(id).classes() {
            let class = context.program.classes().canonical(ClassRef { module: id, class });
            for base in context.program.classes().external_bases(class) {
                for (name, holds) in self.by_base.get(&base).into_iter().flatten() {
                    found.inherited.push(((class, *name), *holds));
                }
            }
        }
    }

    fn params(&self, context: &Context<'_>, id: ModuleId, evaluator: &mut Evaluator<'_>, found: &mut OfModule) {
        let module = context.program.module(id);
        for (function, item) in module.functions() {
            let this = FnId { module: id, function };
            let by_function =
                item.annotations.iter().find_map(|a| self.annotated(context, id, *a).map(|holds| (holds, *a)));
            for (at, param) in item.params.iter().enumerate() {
                if param.kind == ir::ParamKind::Receiver {
                    continue;
                }
                let mut holds = param.annotations.iter().find_map(|a| self.annotated(context, id, *a));
                if holds.is_none()
                    && let Some(ty) = param.ty
                    && !is_of_client(context, this)
                {
                    holds = self.typed(context, id, ty, item.class, evaluator);
                }
                let holds = holds
                    .or_else(|| self.filled(context, this, item))
                    .or_else(|| self.conventional(context, id, item, at))
                    .or(match by_function {
                        Some((Holds::Data(flow::Place::Path), annotation)) => of_path(module, annotation, param.name),
                        Some((holds, _)) if param.ty.is_none() || module.language == base::Language::Python => {
                            Some(holds)
                        }
                        _ => None,
                    });
                if let Some(holds) = holds {
                    found.params.push(((this, at as u32), holds));
                }
            }
        }
    }

    /// A setter of a class whose objects a framework fills from the request (`Action#set*`).
    fn filled(&self, context: &Context<'_>, function: FnId, item: &ir::Function) -> Option<Holds> {
        let name = item.name.filter(|n| item.params.len() == 1 && n.as_str().starts_with("set"))?;
        let class = context.program.classes().class_of(function)?;
        let bases = context.program.classes().external_bases(class);
        let (_, holds) =
            bases.iter().flat_map(|b| self.by_base.get(b)).flatten().find(|(member, _)| *member == "set*")?;
        match holds {
            Holds::Data(place) => {
                let field = name.as_str()[3..].to_owned();
                let lower = field[..1.min(field.len())].to_lowercase() + field.get(1..).unwrap_or("");
                Some(Holds::Named(*place, Symbol::new(&lower)))
            }
            holds => Some(*holds),
        }
    }

    fn annotated(&self, context: &Context<'_>, id: ModuleId, annotation: ExprId) -> Option<Holds> {
        let callee = context.program.call(ExprRef { module: id, expr: annotation })?;
        if callee.name.is_none_or(|n| !self.types.contains(&n) && !self.telling.contains(&n)) {
            return None;
        }
        let language = context.program.module(id).language;
        let names = callee.external.iter().chain(&callee.name);
        let records = names.flat_map(|name| context.facts.of(language, *name)).map(|r| context.facts.record(r));
        records.filter(|r| applies(context, id, r, annotation)).find_map(holds)
    }

    fn typed(
        &self,
        context: &Context<'_>,
        id: ModuleId,
        ty: TypeId,
        class: Option<ir::ClassId>,
        evaluator: &mut Evaluator<'_>,
    ) -> Option<Holds> {
        let module = context.program.module(id);
        let mut inner = ty;
        while let TypeKind::Ref(next) | TypeKind::Optional(next) = &module.ty(inner).kind {
            inner = *next;
        }
        let TypeKind::Named { path, args } = &module.ty(inner).kind else { return None };
        let last = Symbol::new(path.as_str().rsplit('.').next().unwrap_or(""));
        if self.types.contains(&last) {
            for value in evaluator.type_values(inner, class) {
                let (Value::ExternalInstance(name) | Value::External(name)) = value else { continue };
                let records = context.facts.of(module.language, name);
                if let Some(holds) = records.filter_map(|r| holds(context.facts.record(r))).next() {
                    return Some(holds);
                }
            }
        }
        // `Result<Json<T>, E>`, `Option<Query<T>>`, `Annotated[str, Query()]`
        for arg in args {
            if let TypeKind::Expr(expr) = module.ty(*arg).kind
                && let Some(holds) = self.annotated(context, id, expr)
            {
                return Some(holds);
            }
        }
        args.first().and_then(|arg| match matches!(last.as_str(), "Result" | "Option" | "Either") {
            true => self.typed(context, id, *arg, class, evaluator),
            false => None,
        })
    }

    /// Parameters without a type that are known by their names: `(req, res)`.
    fn conventional(&self, context: &Context<'_>, id: ModuleId, item: &ir::Function, at: usize) -> Option<Holds> {
        let param = &item.params[at];
        let module = context.program.module(id);
        let language = module.language;
        let is_typed = param.ty.is_some() && !language.is_ecmascript();
        let names: SmallVec<[Symbol; 4]> = item.params.iter().map(|p| p.name).collect();
        let home = id;
        let (_, holds) = self.conventions.iter().find(|(id, _)| {
            let record = context.facts.record(*id);
            if !record.after.is_empty() {
                let is_named = |name: &String| match name.strip_suffix('*') {
                    Some(start) => item.name.is_some_and(|n| n.as_str().starts_with(start)),
                    None => item.name.is_some_and(|n| n == name.as_str()),
                };
                return !param.name.is_empty()
                    && context.facts.is_for(*id, language)
                    && (item.annotations.iter().any(|a| registers(module, *a))
                        || record.functions.iter().any(is_named))
                    && item.params[..at].iter().any(|p| record.after.iter().any(|n| p.name == n.as_str()))
                    && context.facts.packages(*id).iter().any(|i| context.program.imports_library(home, i));
            }
            !is_typed
                && context.facts.is_for(*id, language)
                && record.is_parameter(&names, at)
                && (!language.is_ecmascript() || context.is_used(*id))
        })?;
        Some(*holds)
    }
}

/// Whether an annotation hands the function to a library: not `@classmethod` and its kin.
fn registers(module: &ir::Module, annotation: ExprId) -> bool {
    let ExprKind::Call { callee, .. } = &module.expr(annotation).kind else { return false };
    let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { return false };
    !matches!(name.as_str(), "classmethod" | "staticmethod" | "property" | "abstractmethod" | "cached_property")
}

/// Whether a key of a source names what is the application's own: `params[:action]`.
fn is_own_key(context: &Context<'_>, module: &ir::Module, object: ExprId, index: ExprId) -> bool {
    let ExprKind::Call { callee, args, .. } = &module.expr(object).kind else { return false };
    let ExprKind::Name(name) = module.expr(*callee).kind else { return false };
    args.is_empty()
        && module.string(index).is_some_and(|key| {
            let names = |id| context.facts.record(id).except.iter().any(|own| key == own.as_str());
            context.facts.of_method(module.language, name).any(|(id, _)| names(id))
        })
}

/// Whether a class of Ruby's cannot have inherited a method: nothing stands above it, or it has one of its own.
pub(super) fn cannot_inherit(context: &Context<'_>, module: ModuleId, class: ir::ClassId, name: Symbol) -> bool {
    let (program, classes) = (context.program, context.program.classes());
    if program.module(module).language != base::Language::Ruby {
        return false;
    }
    let this = classes.canonical(ClassRef { module, class });
    let lineage = classes.lineage(this);
    let item = program.class(this);
    let is_alone = item.kind != ir::ClassKind::Module
        && item.bases.is_empty()
        // a controller that is opened again where its base is not seen
        && !item.name.as_str().ends_with("Controller")
        && lineage.len() <= 1
        && classes.external_bases(this).is_empty();
    is_alone || lineage.iter().any(|class| has_reader(program, *class, name))
}

/// Whether `attr_reader :name` or the like stands in a class.
fn has_reader(program: &program::Program, class: ClassRef, name: Symbol) -> bool {
    let module = program.module(class.module);
    program.class(class).body.iter().any(|stmt| {
        let StmtKind::Expr(call) = module.stmt(*stmt).kind else { return false };
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { return false };
        matches!(&module.expr(*callee).kind, ExprKind::Name(n) if matches!(n.as_str(), "attr_reader" | "attr_accessor"))
            && args.iter().any(|a| module.string(a.value).is_some_and(|n| n == name))
    })
}

/// The last name of what a member is taken from.
fn receiver_name(module: &ir::Module, member: ExprId) -> Option<Symbol> {
    let ExprKind::Member { object, .. } = &module.expr(member).kind else { return None };
    match &module.expr(*object).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        _ => None,
    }
}
