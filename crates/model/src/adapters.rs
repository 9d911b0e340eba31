//! Frameworks: what no flat record can say of routing, guards and injection.
//!
//! An adapter reads the program and yields routes and gaps. It judges nothing. To support a
//! framework is to write `adapters/<framework>.rs` and to name it in [`ALL`].

mod actix;
mod aspnet;
mod axum;
mod connexion;
mod contract;
mod django;
mod echo;
mod express;
mod fastapi;
mod fastify;
mod flask;
mod gin;
mod go_routers;
pub(crate) mod graphql;
mod hapi;
mod interceptors;
mod koa;
mod nest;
mod net_http;
mod rails;
mod rocket;
mod rounds;
mod routers;
pub(crate) mod spring;
pub(crate) mod views;
mod warp;
mod webflux;

use base::{Gap, GapKind, SourceMap, Span, Symbol};
use ir::{ExprId, ExprKind};
use program::{ClassRef, Evaluator, ExprRef, FnId, ModuleId, Program, Value, Values};

use crate::{Facts, Handler, Route};

pub(crate) use django::serializers;
pub(crate) use express::checked_params;

/// Every adapter.
pub(crate) const ALL: &[&dyn Adapter] = &[
    &actix::Actix,
    &aspnet::AspNet,
    &connexion::Connexion,
    &axum::Axum,
    &django::Django,
    &echo::Echo,
    &echo::Fiber,
    &express::Express,
    &fastapi::FastApi,
    &fastify::Fastify,
    &flask::Flask,
    &gin::Gin,
    &hapi::Hapi,
    &koa::Koa,
    &nest::Nest,
    &net_http::NetHttp,
    &rails::Rails,
    &rocket::Rocket,
    &spring::Spring,
    &warp::Warp,
];

/// What an adapter reads.
pub struct Context<'a> {
    /// The code.
    pub program: &'a Program,
    /// What libraries mean.
    pub facts: &'a Facts,
    /// The files, for those that are not code.
    pub sources: &'a SourceMap,
    /// What functions were seen to do as guards.
    pub seen: &'a crate::guards::Known,
}

/// What an adapter found.
#[derive(Debug, Default)]
pub struct Found {
    /// The framework.
    pub framework: &'static str,
    /// Whether it is used here at all.
    pub detected: bool,
    /// Routes.
    pub routes: Vec<Route>,
    /// What was not understood.
    pub gaps: Vec<Gap>,
}

impl Found {
    /// Notes something that the adapter could not resolve.
    pub fn gap(&mut self, what: &str, span: Span) {
        self.gaps.push(Gap { kind: GapKind::Framework, what: what.to_owned(), span: Some(span), path: None });
    }
}

/// One framework.
pub trait Adapter: Sync {
    /// Its name for people, such as `Express`.
    fn name(&self) -> &'static str;

    /// Whether a module belongs to it, by its imports (or what else shows it).
    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool;

    /// Reads the program. Called when any module belongs to it.
    fn read(&self, context: &Context<'_>, found: &mut Found);
}

pub(crate) fn run(adapter: &dyn Adapter, context: &Context<'_>) -> Found {
    let mut found = Found { framework: adapter.name(), ..Found::default() };
    found.detected = context.modules().any(|m| adapter.uses(context, m));
    if found.detected {
        adapter.read(context, &mut found);
    }
    found
}

impl<'a> Context<'a> {
    /// Modules that are no tests, in order.
    pub fn modules(&self) -> impl Iterator<Item = ModuleId> + use<'a> {
        let (program, sources) = (self.program, self.sources);
        program.ids().filter(move |m| sources.file(program.module(*m).file).role != base::FileRole::Test)
    }

    /// Whether the library of a record is imported anywhere, if it has packages.
    pub(crate) fn is_used(&self, record: crate::facts::RecordId) -> bool {
        let packages = self.facts.packages(record);
        packages.is_empty() || packages.iter().any(|p| self.program.is_imported(p))
    }

    /// Whether a module is a test.
    pub fn is_test(&self, module: ModuleId) -> bool {
        self.sources.file(self.program.module(module).file).role == base::FileRole::Test
    }

    /// What makes the value of an expression, outside tests.
    pub fn origins(&self, at: ExprRef) -> Vec<ExprRef> {
        let mut origins = self.program.origins(at, self.facts);
        origins.retain(|o| !self.is_test(o.module));
        origins
    }

    /// The modules of JavaScript and TypeScript.
    pub fn ecmascript_modules(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.modules().filter(|id| self.program.module(*id).language.is_ecmascript())
    }

    /// An evaluator for a module.
    pub fn evaluator(&self, module: ModuleId) -> Evaluator<'a> {
        self.program.evaluator(module, self.facts)
    }

    /// What an expression may stand for.
    pub fn eval(&self, at: ExprRef) -> Values {
        self.evaluator(at.module).eval(at.expr)
    }

    /// Whether a file imports a library, by the name of its package or a prefix of it.
    pub fn imports(&self, module: ModuleId, library: &str) -> bool {
        self.program.imports_library(module, library)
    }

    /// The handler that an expression stands for.
    pub fn handler(&self, at: ExprRef) -> Handler {
        let function = self.function(at);
        let module = self.program.module(at.module);
        let name = match function {
            Some(function) if self.program.function(function).name.is_some() => self.program.function_name(function),
            _ => module.dotted(at.expr).unwrap_or_else(|| crate::guards::UNREAD.to_owned()),
        };
        let span = function.map_or_else(|| self.program.span(at), |f| self.function_span(f));
        Handler { name, function, span }
    }

    /// The function of the repository that an expression stands for. A call that wraps one (`asyncHandler(f)`,
    /// `f.bind(this)`) stands for what it wraps.
    pub fn function(&self, at: ExprRef) -> Option<FnId> {
        self.function_of(at, &mut Vec::new())
    }

    /// `asked` are the expressions on the way: `view = guard(view)` leads back to itself.
    fn function_of(&self, at: ExprRef, asked: &mut Vec<ExprRef>) -> Option<FnId> {
        if asked.contains(&at) {
            return None;
        }
        asked.push(at);
        if let Some(wrapped) = self.wrapped(at, asked) {
            return Some(wrapped);
        }
        for value in self.eval(at) {
            if let Value::Function(function) = value {
                return Some(function);
            }
        }
        let module = self.program.module(at.module);
        if let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind {
            for arg in args.iter().rev() {
                let found = self.function_of(ExprRef { module: at.module, expr: arg.value }, asked);
                if found.is_some() {
                    return found;
                }
            }
            if let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind
                && *name == "bind"
            {
                return self.function_of(ExprRef { module: at.module, expr: *object }, asked);
            }
        }
        None
    }

    /// What a wrapper of the repository's own wraps: `asyncHandler(f)` gives a function that hands on all that
    /// it is called with to `f`.
    fn wrapped(&self, at: ExprRef, asked: &mut Vec<ExprRef>) -> Option<FnId> {
        for at in self.program.origins_before_calls(at, self.facts) {
            let module = self.program.module(at.module);
            let ExprKind::Call { args, .. } = &module.expr(at.expr).kind else { continue };
            let Some(callee) = self.program.call(at).filter(|c| c.certain) else { continue };
            for maker in &callee.functions {
                for (position, arg) in args.iter().enumerate() {
                    let param = self.program.function(*maker).params.get(position).map(|p| p.name);
                    if param.is_some_and(|p| self.hands_on(*maker, p)) {
                        return self.function_of(ExprRef { module: at.module, expr: arg.value }, asked);
                    }
                }
            }
        }
        None
    }

    /// Whether a function within `maker` calls `inner` with all of its own parameters.
    fn hands_on(&self, maker: FnId, inner: Symbol) -> bool {
        let module = self.program.module(maker.module);
        let within = module.functions().filter(|(_, f)| f.parent == Some(maker.function));
        within.into_iter().any(|(_, f)| {
            module.exprs_within(f.range).any(|(_, e)| {
                let ExprKind::Call { callee, args, .. } = &e.kind else { return false };
                let called = match &module.expr(*callee).kind {
                    ExprKind::Name(name) => *name == inner,
                    ExprKind::Member { object, name, .. } => {
                        matches!(name.as_str(), "call" | "apply")
                            && matches!(module.expr(*object).kind, ExprKind::Name(n) if n == inner)
                    }
                    _ => false,
                };
                let spread = args.iter().any(|a| matches!(module.expr(a.value).kind, ExprKind::Spread(_)));
                let own = args.iter().filter(
                    |a| matches!(module.expr(a.value).kind, ExprKind::Name(n) if f.params.iter().any(|p| p.name == n)),
                );
                called && (spread || own.count() >= 2)
            })
        })
    }

    /// A method of a class, bases included.
    pub fn method(&self, class: ClassRef, name: &str) -> Option<FnId> {
        self.program.classes().method(class, Symbol::new(name)).first().copied()
    }

    /// The first line of a function, from its name on.
    pub fn function_span(&self, function: FnId) -> Span {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        module.span(ir::Range { start: item.name_range.start, end: item.range.end.max(item.name_range.start) })
    }

    /// The entry of an object literal (or keyword-like map) by its key.
    pub fn entry(&self, map: ExprRef, key: &str) -> Option<ExprRef> {
        let module = self.program.module(map.module);
        let ExprKind::Map(entries) = &module.expr(map.expr).kind else { return None };
        entries
            .iter()
            .find(|e| e.key.and_then(|k| module.string(k)).is_some_and(|k| k == key))
            .map(|e| ExprRef { module: map.module, expr: e.value })
    }

    /// The annotations of a function or class whose name ends in `name`, with the resolved names.
    pub fn annotation_names(&self, module: ModuleId, annotation: ExprId) -> Vec<Symbol> {
        let mut names: Vec<Symbol> = Vec::new();
        if let Some(callee) = self.program.call(ExprRef { module, expr: annotation }) {
            names.extend(callee.external.iter().copied());
            names.extend(callee.name);
        }
        names
    }
}
