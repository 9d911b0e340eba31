//! What calls, parameters and names mean for data: the questions of the flow analysis, answered from the
//! facts and from what the adapters found.

use base::{FileRole, Symbol};
use flow::{Argument, Holds, Kind as Danger, Kinds, Meaning, Semantics};
use ir::{ExprId, ExprKind, StmtKind, TypeId, TypeKind};
use program::{ClassRef, Evaluator, ExprRef, FnId, ModuleId, Value};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::{
    Place, Route,
    adapters::Context,
    effects::{Effect, holds as applies},
    entities::{is_plain_converter, is_plain_form},
    facts::{Kind, Record, RecordId},
};

mod apart;

type Meanings = SmallVec<[Meaning; 2]>;

/// What is known, looked up.
pub struct Meaningful<'m> {
    context: &'m Context<'m>,
    calls: FxHashMap<ExprRef, Meanings>,
    params: FxHashMap<(FnId, u32), Holds>,
    requests: FxHashMap<(Symbol, Symbol), Holds>,
    names: FxHashMap<(ModuleId, Symbol), Holds>,
    inherited: FxHashMap<(ClassRef, Symbol), Holds>,
    returns: FxHashMap<FnId, Meanings>,
    declared: FxHashMap<FnId, Vec<flow::Declared>>,
    checking: FxHashSet<ExprRef>,
    /// Handlers of paths without parameters only.
    fixed: FxHashSet<FnId>,
    /// Names that some record of a request or source ends in.
    telling: FxHashSet<Symbol>,
    /// `*`: every member.
    any: Symbol,
}

impl Semantics for Meaningful<'_> {
    fn is_followed(&self, module: ModuleId) -> bool {
        let file = self.context.program.module(module).file;
        matches!(self.context.sources.file(file).role, FileRole::Production | FileRole::Generated)
    }

    fn of_call(&self, at: ExprRef) -> &[Meaning] {
        self.calls.get(&at).map_or(&[], SmallVec::as_slice)
    }

    fn of_param(&self, function: FnId, param: usize) -> Holds {
        self.params.get(&(function, param as u32)).copied().unwrap_or(Holds::Unknown)
    }

    fn of_request(&self, ty: Symbol, name: Symbol) -> Holds {
        let known = self.requests.get(&(ty, name)).or_else(|| self.requests.get(&(ty, self.any)));
        known.copied().unwrap_or(Holds::Unknown)
    }

    fn has_fixed_path(&self, function: FnId) -> bool {
        self.fixed.contains(&function)
    }

    fn of_name(&self, at: ExprRef, name: Symbol) -> Holds {
        if !self.telling.contains(&name) {
            return Holds::Unknown;
        }
        let owner = self.context.program.scopes(at.module).owner(at.expr);
        if let Some(holds) = self.names.get(&(at.module, name)) {
            let is_own = owner.class.is_some_and(|class| cannot_inherit(self.context, at.module, class, name));
            return if is_own { Holds::Unknown } else { *holds };
        }
        let mut class = owner.class;
        while let Some(id) = class {
            let this = self.context.program.classes().canonical(ClassRef { module: at.module, class: id });
            if let Some(holds) = self.inherited.get(&(this, name)) {
                return *holds;
            }
            class = self.context.program.module(at.module).class(id).outer;
        }
        Holds::Unknown
    }

    fn spares(&self, record: u32, place: flow::Place) -> bool {
        // matching with a pattern of ours is a sink of no library
        let record = self.context.facts.get(RecordId(record));
        record.is_some_and(|r| r.spares.iter().any(|label| place_of(Some(label)) == place))
    }

    fn is_checking(&self, annotation: ExprRef) -> bool {
        self.checking.contains(&annotation)
    }

    fn of_declaration(&self, function: FnId) -> &[flow::Declared] {
        self.declared.get(&function).map_or(&[], Vec::as_slice)
    }

    fn of_return(&self, function: FnId, given: ExprId) -> Meanings {
        let facts = self.context.facts;
        let at = ExprRef { module: function.module, expr: given };
        let counts = |meaning: &&Meaning| match meaning {
            Meaning::Sink { record, .. } => facts
                .record(RecordId(*record))
                .first
                .as_ref()
                .is_none_or(|first| crate::effects::says(self.context.program, at, first)),
            _ => true,
        };
        self.returns.get(&function).into_iter().flatten().filter(counts).cloned().collect()
    }
}

/// Whether a function sends requests: Go's `RoundTrip(*http.Request) (*http.Response, error)`.
fn is_client(module: &ir::Module, function: &ir::Function) -> bool {
    fn gives_response(module: &ir::Module, ty: TypeId) -> bool {
        match &module.ty(ty).kind {
            TypeKind::Named { path, .. } => *path == "http.Response",
            TypeKind::Ref(inner) => gives_response(module, *inner),
            TypeKind::Tuple(all) => all.iter().any(|ty| gives_response(module, *ty)),
            _ => false,
        }
    }
    module.language == base::Language::Go && function.ret.is_some_and(|ty| gives_response(module, ty))
}

/// Whether a function belongs to what sends requests: it does so itself, or is a method beside one that does.
fn is_of_client(context: &Context<'_>, function: FnId) -> bool {
    let program = context.program;
    if program.module(function.module).language != base::Language::Go {
        return false;
    }
    let methods = program.classes().class_of(function).and_then(|class| program.classes().info(class));
    let mut all = methods.into_iter().flat_map(|info| info.methods.values().flatten()).chain([&function]);
    all.any(|f| is_client(program.module(f.module), program.function(*f)))
}

/// The place that a label of a source names.
fn place_of(label: Option<&str>) -> flow::Place {
    use flow::Place as P;
    match label.unwrap_or("request") {
        "path" => P::Path,
        "query" => P::Query,
        "body" => P::Body,
        "header" => P::Header,
        "cookie" => P::Cookie,
        "file" => P::File,
        "argument" => P::Argument,
        "message" => P::Message,
        "archive" => P::Archive,
        "stored" => P::Stored,
        "operator" => P::Operator,
        _ => P::Request,
    }
}

fn place_of_input(place: Place) -> flow::Place {
    match place {
        Place::Path => flow::Place::Path,
        Place::Query => flow::Place::Query,
        Place::Body => flow::Place::Body,
        Place::Header => flow::Place::Header,
        Place::Cookie => flow::Place::Cookie,
        Place::File => flow::Place::File,
    }
}

fn kinds_of(labels: &[String]) -> Kinds {
    labels.iter().fold(Kinds::NONE, |all, label| match Danger::of(label) {
        Some(kind) => all.with(Kinds::only(kind)),
        None if label == "all" => Kinds::ALL,
        None => all,
    })
}

/// What a value that a record speaks of holds.
fn holds(record: &Record) -> Option<Holds> {
    match record.kind {
        Kind::Source if record.arg.is_none() => Some(Holds::Data(place_of(record.label.as_deref()))),
        Kind::Request => record.ty.as_ref().map(|ty| Holds::Request(Symbol::new(ty))),
        _ => None,
    }
}

fn meaning(id: RecordId, record: &Record) -> Option<Meaning> {
    Some(match record.kind {
        Kind::Source => match record.arg {
            Some(arg) => Meaning::Fills(Argument::At(arg), place_of(record.label.as_deref())),
            None => Meaning::Source(place_of(record.label.as_deref())),
        },
        Kind::Request => Meaning::Request(Symbol::new(record.ty.as_ref()?)),
        Kind::Sink => {
            let arg = match (record.on_receiver, record.arg, record.from) {
                (true, ..) => Some(Argument::Receiver),
                (_, Some(at), _) if record.within => Some(Argument::Within(at)),
                (_, Some(at), _) => Some(Argument::At(at)),
                (_, _, Some(from)) => Some(Argument::From(from)),
                _ => None,
            };
            let kind = Danger::of(record.label.as_deref()?)?;
            Meaning::Sink { kind, arg, keyword: record.keyword.as_deref().map(Symbol::new), record: id.0 }
        }
        Kind::Sanitizer if record.from.is_some() => Meaning::CleansArguments(kinds_of(&record.clears)),
        Kind::Sanitizer => Meaning::Cleans(kinds_of(&record.clears)),
        Kind::Validator if record.on_receiver => Meaning::ChecksReceiver(kinds_of(&record.clears)),
        Kind::Validator if !record.clears.is_empty() => Meaning::Checks(kinds_of(&record.clears)),
        Kind::Propagates => Meaning::Passes,
        Kind::Ends => Meaning::Ends,
        Kind::Query if record.operation.as_deref() == Some("read") => Meaning::Source(flow::Place::Stored),
        Kind::Query
        | Kind::Cache
        | Kind::Outbound
        | Kind::Hashes
        | Kind::PasswordHash
        | Kind::VerifiesToken
        | Kind::SignsToken
        | Kind::Random
        | Kind::Answers => Meaning::Answers,
        _ => return None,
    })
}

/// Answers from a context, the effects of its calls and its routes.
pub fn prepare<'m>(context: &'m Context<'m>, effects: &[Effect], routes: &[Route]) -> Meaningful<'m> {
    let facts = context.facts;
    let mut calls: FxHashMap<ExprRef, Meanings> = FxHashMap::default();
    for effect in effects {
        if let Some(meaning) = meaning(effect.record, facts.record(effect.record)) {
            calls.entry(effect.call).or_default().push(meaning);
        }
    }
    let index = Index::new(context);
    let per_module: Vec<OfModule> =
        context.program.ids().collect::<Vec<_>>().into_par_iter().map(|id| index.module(context, id)).collect();
    let mut checking = FxHashSet::default();
    let (mut params, mut names, mut inherited) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
    for part in per_module {
        calls.extend(part.members);
        params.extend(part.params);
        names.extend(part.names);
        inherited.extend(part.inherited);
        checking.extend(part.checking);
    }
    let mut returns: FxHashMap<FnId, Meanings> = FxHashMap::default();
    for route in routes {
        of_route(context, route, &mut params, &mut returns);
    }
    apart::handlers(context, &params, &mut returns);
    let fixed = fixed(context, routes);
    let (requests, telling, any) = (index.requests, index.telling, Symbol::new("*"));
    let declared = crate::mappers::declared(context, effects);
    Meaningful { context, calls, params, requests, names, inherited, returns, declared, checking, fixed, telling, any }
}

/// Whether a parameter of a Python handler may be taken from the query: sessions, services and other things
/// that a framework injects under an alias are not.
fn may_be_text(context: &Context<'_>, id: ModuleId, param: &ir::Param) -> bool {
    let module = context.program.module(id);
    let Some(ty) = param.ty.filter(|_| module.language == base::Language::Python) else { return true };
    let text = context.sources.text(module.span(module.ty(ty).range));
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|w| {
        matches!(w, "str" | "bytes" | "Any" | "list" | "List" | "dict" | "Dict" | "set" | "tuple" | "Json" | "Sequence")
            || w.ends_with("Url")
            || w.ends_with("Str")
    })
}

/// The handlers that are reached by paths without parameters only. (Elsewhere a path has more than segments:
/// `/users;x=1`.)
fn fixed(context: &Context<'_>, routes: &[Route]) -> FxHashSet<FnId> {
    let mut fixed = FxHashSet::default();
    let mut others = FxHashSet::default();
    for route in routes {
        let Some(handler) = route.handler.as_ref().and_then(|h| h.function) else { continue };
        let is_fixed = context.program.module(handler.module).language == base::Language::Python
            && !route.path.contains(['{', '*', '<', '(', ':']);
        if is_fixed { &mut fixed } else { &mut others }.insert(handler);
    }
    fixed.retain(|handler| !others.contains(handler));
    fixed
}

/// What the handler of a route is given, and what it must not give back.
fn of_route(
    context: &Context<'_>,
    route: &Route,
    params: &mut FxHashMap<(FnId, u32), Holds>,
    returns: &mut FxHashMap<FnId, Meanings>,
) {
    let Some(handler) = route.handler.as_ref().and_then(|h| h.function) else { return };
    let item = context.program.function(handler);
    let module = context.program.module(handler.module);
    for (at, param) in item.params.iter().enumerate() {
        let input = route.inputs.iter().find(|i| !i.name.is_empty() && param.name == i.name.as_str());
        if let Some(input) = input {
            let name = Symbol::new(&input.name);
            if input.place == Place::Query && !may_be_text(context, handler.module, param) {
                continue;
            }
            if input.place == Place::Path
                && module.language == base::Language::Python
                && input.ty.as_deref() == Some("int")
            {
                params.insert((handler, at as u32), Holds::Clean);
                continue;
            }
            // a decorator with a pipe that checks has said that it is harmless
            if module.language.is_ecmascript() && !params.contains_key(&(handler, at as u32)) {
                continue;
            }
            let holds = params.entry((handler, at as u32)).or_insert(Holds::Unknown);
            if matches!(holds, Holds::Unknown | Holds::Data(_)) {
                *holds = Holds::Named(place_of_input(input.place), name);
            }
        }
    }
    let language = context.program.module(handler.module).language;
    for (id, record) in context.facts.records() {
        let Some(framework) = &record.handler_of else { continue };
        if framework != route.framework || !context.facts.is_for(id, language) {
            continue;
        }
        match (record.kind, record.arg) {
            (Kind::Request | Kind::Source, Some(arg)) => {
                let skip = item.params.iter().filter(|p| p.kind == ir::ParamKind::Receiver).count();
                let at = arg as usize + skip;
                // handlers of errors get the error first
                let at = if language.is_ecmascript() && item.params.len() == 4 { at + 1 } else { at };
                if let (Some(param), Some(holds)) = (item.params.get(at), holds_of_param(record))
                    && param.ty.is_none_or(|_| language.is_ecmascript() || language == base::Language::Python)
                {
                    params.insert((handler, at as u32), holds);
                }
            }
            (Kind::Sink, _) if record.gives.is_none() || record.gives == route.gives => {
                if let Some(meaning) = meaning(id, record) {
                    let known = returns.entry(handler).or_default();
                    if !known.contains(&meaning) {
                        known.push(meaning);
                    }
                }
            }
            _ => {}
        }
    }
}

fn holds_of_param(record: &Record) -> Option<Holds> {
    match record.kind {
        Kind::Source => Some(Holds::Data(place_of(record.label.as_deref()))),
        _ => holds(record),
    }
}

/// What the text of an annotation says of a parameter: `@app.route("/users/<int:id>")`.
fn of_path(module: &ir::Module, annotation: ExprId, name: Symbol) -> Option<Holds> {
    let ExprKind::Call { args, .. } = &module.expr(annotation).kind else { return None };
    let text = args.first().and_then(|a| module.string(a.value));
    match text {
        Some(text) => path_part(text.as_str(), name.as_str()).map(|is_plain| match is_plain {
            true => Holds::Clean,
            false => Holds::Named(flow::Place::Path, name),
        }),
        None => Some(Holds::Named(flow::Place::Path, name)),
    }
}

/// Whether a pattern of paths has a part of this name, and whether that is of a harmless form:
/// `<int:id>`, `(?P<id>[0-9]+)`.
fn path_part(pattern: &str, name: &str) -> Option<bool> {
    for (at, _) in pattern.match_indices('<') {
        let Some((inner, after)) = pattern[at + 1..].split_once('>') else { break };
        let (converter, inner) = match inner.split_once(':') {
            // bottle writes `<id:int>`
            Some((first, second)) if first == name => (second, first),
            Some((converter, inner)) => (converter, inner),
            None => ("", inner),
        };
        if inner == name {
            let is_expression = pattern[..at].ends_with("(?P");
            let plain = match is_expression {
                true => after.split_once(')').is_some_and(|(form, _)| is_plain_form(form)),
                false => is_plain_converter(converter),
            };
            return Some(plain);
        }
    }
    None
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
fn cannot_inherit(context: &Context<'_>, module: ModuleId, class: ir::ClassId, name: Symbol) -> bool {
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

/// The facts that speak of names, members, types and annotations.
struct Index {
    requests: FxHashMap<(Symbol, Symbol), Holds>,
    telling: FxHashSet<Symbol>,
    /// Last names of members that are sinks, sources, requests or sanitizers.
    members: FxHashSet<Symbol>,
    /// Last names of types and annotations of parameters.
    types: FxHashSet<Symbol>,
    /// `Base#name` by base.
    by_base: FxHashMap<Symbol, Vec<(Symbol, Holds)>>,
    conventions: Vec<(RecordId, Holds)>,
}

#[derive(Default)]
struct OfModule {
    members: Vec<(ExprRef, Meanings)>,
    params: Vec<((FnId, u32), Holds)>,
    names: Vec<((ModuleId, Symbol), Holds)>,
    inherited: Vec<((ClassRef, Symbol), Holds)>,
    checking: Vec<ExprRef>,
}

impl Index {
    fn new(context: &Context<'_>) -> Index {
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

    fn module(&self, context: &Context<'_>, id: ModuleId) -> OfModule {
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
