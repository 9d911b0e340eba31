//! The backend model: what the code is about, in the words of backends.
//!
//! Every source of evidence fills it and every rule reads only it. The program's expressions become
//! routes with their guards and inputs ([`entities`]), calls of libraries become effects by the facts
//! ([`facts`]), configuration files become settings ([`config`]).
//!
//! Library knowledge that fits a flat record is in `facts/<language>/<library>.toml`; what a framework
//! means by routing, guards and injection is in `adapters/<framework>.rs`. Nothing here judges: that is
//! for `rules`. No I/O.
//!
//! Begin reading at [`Model::build`], then [`entities::Route`] and [`adapters::Adapter`].

pub mod accesses;
pub mod adapters;
pub mod answers;
mod binding;
mod bodies;
pub mod caller;
pub mod config;
mod configured;
mod constants;
mod constraints;
pub mod edits;
pub mod effects;
pub mod entities;
mod exempt;
pub mod facts;
pub mod forgery;
pub mod guards;
mod inflections;
pub mod keyed;
pub mod literals;
pub mod lookups;
pub mod mappers;
mod marked;
pub mod markup;
pub mod options;
pub mod owners;
mod paths;
pub mod patterns;
mod reach;
pub mod running;
pub mod schemas;
mod script;
mod semantics;
mod settings;
pub mod stored;
pub mod templates;
mod versions;

use std::sync::{Arc, OnceLock};

use base::{FileId, FileRole, Gap, GapKind, SourceMap, Span};
use program::{FnId, ModuleId, Program};
use rayon::prelude::*;

pub use constants::Constant;
pub use effects::Effect;
pub use entities::{Auth, Guard, GuardKind, Handler, Input, Method, Place, Route, Service, Setting, SettingKind};
pub use facts::{Facts, FactsError, Kind, Record};
pub use flow::{self, Flow};

/// The backend under review.
pub struct Model {
    /// The files.
    pub sources: Arc<SourceMap>,
    /// The code.
    pub program: Program,
    /// What libraries mean.
    pub facts: Arc<Facts>,
    /// Routes, by service, path and method.
    pub routes: Vec<Route>,
    /// Services found in the repository.
    pub services: Vec<Service>,
    /// Frameworks found, by name.
    pub frameworks: Vec<&'static str>,
    /// What calls of libraries do, in order of place.
    pub effects: Vec<Effect>,
    /// Calls that go to databases, and what repeats them.
    pub accesses: accesses::Accesses,
    /// What the accesses ask of the tables of the schemas, in order of the accesses.
    pub questions: Vec<accesses::Question>,
    /// Classes and definitions whose instances are rows or documents.
    pub stored: stored::StoredThings,
    /// The schemas that migrations make, and classes where none does.
    pub schemas: Vec<schemas::DatabaseSchema>,
    /// Running databases.
    pub running: Vec<running::Running>,
    /// Settings of the application and its frameworks.
    pub settings: Vec<Setting>,
    /// Answers that send something of an error.
    pub answers: Vec<answers::Answer>,
    /// Entries of configuration files.
    pub config: Vec<config::ConfigEntry>,
    /// What was not understood.
    pub gaps: Vec<Gap>,
    /// Strings in code with the name that they are given.
    pub literals: Vec<literals::NamedLiteral>,
    /// Constants in the place of keys, nonces and salts.
    pub keyed: Vec<keyed::KeyedConstant>,
    /// Handlers of errors.
    pub catches: Vec<literals::CatchSite>,
    /// What page templates print without escaping.
    pub outputs: Vec<templates::Output>,
    /// Untrusted data that reaches dangerous calls.
    pub flows: Vec<Flow>,
    effects_of: rustc_hash::FxHashMap<FnId, Vec<u32>>,
    seen: guards::Known,
    /// Bases of classes that validate others, found when first asked for.
    validators: OnceLock<Vec<Span>>,
    /// Whether a filter of the project's own asks what was bound, found when first asked for.
    has_model_filter: OnceLock<bool>,
    tests: Vec<Span>,
}

impl Model {
    /// Makes the model of a repository, and of the running databases whose texts are among the sources.
    pub fn build(
        modules: Vec<ir::Module>,
        sources: Arc<SourceMap>,
        facts: Arc<Facts>,
        snapshots: Vec<(FileId, Arc<live::Snapshot>)>,
    ) -> Model {
        let (program, (config, config_gaps)) =
            rayon::join(|| Program::build(modules, &sources, &*facts), || config::read(&sources));
        let seen = guards::Known::default();
        let context = adapters::Context { program: &program, facts: &facts, sources: &sources, seen: &seen };
        let running: Vec<running::Running> =
            snapshots.into_iter().map(|(file, said)| running::Running::read(said, file, &sources)).collect();
        let run = |adapter: &&dyn adapters::Adapter| adapters::run(*adapter, &context);
        let (mut found, (stored, schemas, unread)): (Vec<adapters::Found>, _) =
            rayon::join(|| adapters::ALL.par_iter().map(run).collect(), || schemas::read(&context, &running));
        let mut routes: Vec<Route> = found.iter_mut().flat_map(|f| std::mem::take(&mut f.routes)).collect();
        exempt::open(&context, &mut routes);
        guards::in_handlers(&context, &mut routes);
        let services = entities::services(&sources, &mut routes);
        routes.sort_by(|a, b| (&a.service, &a.path, a.method, a.span).cmp(&(&b.service, &b.path, b.method, b.span)));
        routes.dedup_by(|a, b| a.service == b.service && a.path == b.path && a.method == b.method && a.span == b.span);
        let mut frameworks: Vec<_> = found.iter().filter(|f| f.detected).map(|f| f.framework).collect();
        frameworks.sort_unstable();
        let mut gaps: Vec<Gap> = found.iter_mut().flat_map(|f| std::mem::take(&mut f.gaps)).collect();
        let effects = effects::collect(&context, &versions::Versions::read(&sources));
        let settings = settings::collect(&context, &effects, &config);
        let mut accesses = accesses::collect(&context, &effects, &routes, &stored);
        let questions = accesses::questions(&context, &accesses.all, &stored, &schemas);
        let answers = answers::collect(&context, &effects);
        let (literals, catches) = rayon::join(|| literals::collect(&program), || literals::catches(&program, &sources));
        let keyed = keyed::collect(&context, &effects);
        let semantics = semantics::prepare(&context, &effects, &routes);
        let (mut flows, amounts) = rayon::join(
            || flow::analyze(&program, &semantics),
            || accesses::amounts(&context, &semantics, &routes, &effects, &accesses),
        );
        accesses.amounts = amounts;
        accesses.overfetches = accesses::overfetches(&context, &stored, &accesses.all);
        let checked = adapters::checked_params(&context);
        let is_checked =
            |f: &Flow| f.source.place == flow::Place::Path && f.source.name.is_some_and(|n| checked.contains(&n));
        let is_plain_name = |f: &Flow| paths::is_taken_apart(&program, f) || paths::is_named_by_framework(&sources, f);
        flows.all.retain(|f| !is_checked(f) && !is_plain_name(f));
        gaps.extend(flows.cut.iter().map(|function| Gap {
            kind: GapKind::Bound,
            what: "data is not followed to the end of a very large function".to_owned(),
            span: Some(context.function_span(*function)),
            path: None,
        }));
        gaps.extend(config_gaps);
        gaps.extend(unread);
        gaps.sort_by(|a, b| (a.span, &a.what).cmp(&(b.span, &b.what)));
        let mut effects_of: rustc_hash::FxHashMap<FnId, Vec<u32>> = Default::default();
        for (at, effect) in effects.iter().enumerate() {
            if let Some(function) = effect.function {
                effects_of.entry(function).or_default().push(at as u32);
            }
        }
        let outputs = templates::collect(&sources);
        let tests = program.ids().flat_map(|id| tests_in(program.module(id))).collect();
        Model {
            sources,
            program,
            facts,
            routes,
            services,
            frameworks,
            effects,
            accesses,
            questions,
            stored,
            schemas,
            running,
            settings,
            answers,
            config,
            gaps,
            literals,
            keyed,
            catches,
            outputs,
            flows: flows.all,
            effects_of,
            seen,
            validators: OnceLock::new(),
            has_model_filter: OnceLock::new(),
            tests,
        }
    }

    /// What reads constants, options and origins of expressions.
    pub fn context(&self) -> adapters::Context<'_> {
        adapters::Context { program: &self.program, facts: &self.facts, sources: &self.sources, seen: &self.seen }
    }

    /// The effects of a function's own calls, in order.
    pub fn effects_of(&self, function: FnId) -> impl Iterator<Item = &Effect> {
        self.effects_of.get(&function).into_iter().flatten().map(|at| &self.effects[*at as usize])
    }

    /// What a running database has for a table of a schema.
    pub fn running_table(
        &self,
        database: &schemas::DatabaseSchema,
        table: &sql::schema::Table,
    ) -> Option<running::RunningTable<'_>> {
        let of_itself = |r: &&running::Running| {
            database.set.tool != sql::migrations::Tool::Live || database.files.contains(&r.file)
        };
        let like_it = self.running.iter().filter(|r| r.schema.dialect == database.schema.dialect);
        like_it.filter(of_itself).find_map(|r| r.table(&table.name))
    }

    /// Whether the project limits rates anywhere: a guard, or a library, call or setting named for it.
    pub fn limits_rates(&self) -> bool {
        let named = |text: &str| {
            let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
            ["ratelimit", "throttl", "limiter", "rackattack", "bruteforce", "slowapi", "bucket4j"]
                .iter()
                .any(|w| plain.contains(w))
        };
        // `devise :database_authenticatable, :lockable`
        self.locks_accounts()
            || self.routes.iter().any(|r| r.has_guard(GuardKind::RateLimit))
            || self.program.ids().any(|m| {
                self.program
                    .module(m)
                    .imports
                    .iter()
                    .any(|i| named(i.module.as_str()) || i.name.is_some_and(|n| named(n.as_str())))
                    || self.program.calls(m).any(|(_, c)| c.name.is_some_and(|n| named(n.as_str())))
            })
            || self.literals.iter().any(|l| named(l.name))
            || self.keeps_attempts()
    }

    /// Whether a library is told to lock accounts: `devise :database_authenticatable, :lockable`.
    pub fn locks_accounts(&self) -> bool {
        self.effects.iter().filter(|e| e.kind == Kind::CountsAttempts).any(|e| {
            let (module, record) = (self.program.module(e.call.module), self.facts.record(e.record));
            let ir::ExprKind::Call { args, .. } = &module.expr(e.call.expr).kind else { return false };
            record
                .keyword
                .as_ref()
                .is_some_and(|k| args.iter().any(|a| module.string(a.value).is_some_and(|s| s.as_str() == k)))
        })
    }

    /// Whether a part of the project imports what tells people from programs.
    pub fn knows_captchas(&self) -> bool {
        let named = |text: &str| text.to_ascii_lowercase().contains("captcha");
        self.program.ids().filter(|m| self.module_role(*m) == FileRole::Production).any(|m| {
            self.program
                .module(m)
                .imports
                .iter()
                .any(|i| named(i.module.as_str()) || i.name.is_some_and(|n| named(n.as_str())))
        })
    }

    /// Whether something of the project keeps how often signing in failed: `login_attempts`.
    fn keeps_attempts(&self) -> bool {
        self.program.ids().filter(|m| self.module_role(*m) == FileRole::Production).any(|m| {
            self.program.module(m).classes().flat_map(|(_, c)| &c.fields).any(|f| {
                let plain = f.name.as_str().to_lowercase().replace('_', "");
                ["loginattem", "failedattem", "failedlogin", "signinattem"].iter().any(|w| plain.contains(w))
            })
        })
    }

    /// Whether code in reach of a function counts attempts or locks accounts: `failed_attempts`,
    /// `lockoutOnFailure: true`.
    pub fn counts_attempts(&self, function: FnId) -> bool {
        let named = |text: &str| {
            let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
            [
                "attemp",
                "lockout",
                "lockedout",
                "islocked",
                "lockeduntil",
                "lockedat",
                "throttl",
                "ratelimit",
                "toomany",
                "bruteforce",
                // what a program cannot answer keeps it from trying
                "captcha",
                "turnstile",
                "verifycode",
            ]
            .iter()
            .any(|w| plain.contains(w))
        };
        let by_library =
            self.effects_from(function, 4).into_iter().filter(|e| e.kind == Kind::CountsAttempts).any(|e| {
                let argument = e.argument(&self.program, self.facts.record(e.record));
                argument.is_some_and(|a| {
                    let at = program::ExprRef { module: e.call.module, expr: a.value };
                    self.context().constant(at).is_some_and(|c| c.text() == "true")
                })
            });
        by_library
            || self.reachable(function, 4).into_iter().any(|f| {
                let module = self.program.module(f.module);
                let range = module.function(f.function).range;
                let off =
                    |e: ir::ExprId| matches!(module.expr(e).kind, ir::ExprKind::Literal(ir::Literal::Bool(false)));
                module.exprs_within(range).any(|(_, e)| match &e.kind {
                    ir::ExprKind::Name(name) => named(name.as_str()),
                    ir::ExprKind::Member { name, .. } => named(name.as_str()) && !name.as_str().starts_with("Is"),
                    ir::ExprKind::Call { args, .. } => {
                        args.iter().any(|a| a.name.is_some_and(|n| named(n.as_str())) && !off(a.value))
                    }
                    _ => false,
                })
            })
    }

    /// The conditions under which the code at a place runs, as written, and whether each must hold.
    pub fn conditions_at(&self, span: Span) -> Vec<(&str, bool)> {
        let Some(id) = self.program.module_of_file(span.file) else { return Vec::new() };
        let module = self.program.module(id);
        let all = self.program.scopes(id).conditionals.iter().filter(|c| c.code.contains(span.into()));
        all.map(|c| (self.sources.text(module.expr_span(c.cond)), c.holds)).collect()
    }

    /// What the code at a place is for: as its file, but for tests that stand among the code they test.
    pub fn role(&self, span: Span) -> FileRole {
        let role = self.sources.file(span.file).role;
        let around = |t: &Span| t.file == span.file && t.start <= span.start && span.end <= t.end;
        if role == FileRole::Production && self.tests.iter().any(around) { FileRole::Test } else { role }
    }

    /// What a module's file is for.
    pub fn module_role(&self, module: ModuleId) -> FileRole {
        self.sources.file(self.program.module(module).file).role
    }
}

/// Modules and functions that are marked as tests: `#[cfg(test)]`, `#[tokio::test]`.
fn tests_in(module: &ir::Module) -> Vec<Span> {
    let is_test = |annotation: &ir::ExprId| {
        let ir::ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { return false };
        let name = module.dotted(*callee).unwrap_or_default();
        match name.rsplit(['.', ':']).next() {
            Some("test") => true,
            Some("cfg") => args.iter().any(|a| module.dotted(a.value).is_some_and(|d| d == "test")),
            _ => false,
        }
    };
    let classes = module.classes().map(|(_, c)| (&c.annotations, c.range));
    let functions = module.functions().map(|(_, f)| (&f.annotations, f.range));
    let marked = classes.chain(functions).filter(|(annotations, _)| annotations.iter().any(is_test));
    marked.map(|(_, range)| module.span(range)).collect()
}
