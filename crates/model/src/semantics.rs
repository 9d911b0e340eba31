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
mod index;

use index::{Index, OfModule, cannot_inherit};

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
    if record.is_of_data_layer() {
        return None;
    }
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
        Kind::Sanitizer => match record.from {
            Some(from) => Meaning::CleansArguments(kinds_of(&record.clears), from),
            None => Meaning::Cleans(kinds_of(&record.clears)),
        },
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
