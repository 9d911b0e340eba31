//! One session from sources to review: the only public API of the program.
//!
//! Walks the tree, lowers it, makes the model, runs the rules, and puts the review together. This is the
//! place that reads files; nothing below it does I/O, nothing of the reviewed project is ever run, and no
//! network is used.
//!
//! Begin reading at [`Session::open`] and [`Session::review`].

mod checklist;
mod compiled;
pub mod fix;
pub mod map;
mod own;
mod running;
mod suppress;
mod tracked;
mod walk;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use base::{Budget, EscalationCall, Finding, Gap, GapKind, Persona, Review, Severity, SourceMap, Span, Summary};
use model::{Facts, Model};
use rayon::prelude::*;

pub use base;
pub use model;

/// What can end a session before it has anything to say.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path is not a directory that can be read.
    #[error("cannot read {path}: {reason}. Give the directory of a project.")]
    Root {
        /// As given.
        path: String,
        /// Why.
        reason: String,
    },
    /// No source file in a language that is read.
    #[error(
        "nothing to review in {0}: no source file in JavaScript, TypeScript, Python, Go, Java, Rust, C# or Ruby, and no SQL."
    )]
    Nothing(String),
    /// Facts that are not as the schema has them.
    #[error(transparent)]
    Facts(#[from] model::FactsError),
    /// The project's own facts cannot be read.
    #[error("{file}: {reason}. `specialist schema facts` prints what such a file holds; --no-config leaves it out.")]
    OwnFacts {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A pattern of paths that is none.
    #[error("`{pattern}` is no pattern of paths: {reason}")]
    Pattern {
        /// As given.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A rule that does not exist.
    #[error("there is no rule `{0}`; `specialist rules` lists them.")]
    NoSuchRule(String),
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

/// How to look.
#[derive(Clone)]
pub struct Options {
    /// Threads; 0 for as many as there are cores.
    pub threads: usize,
    /// Files over this many bytes are left out.
    pub max_file_bytes: u64,
    /// Only these rules; empty for all.
    pub only: Vec<String>,
    /// Not these rules.
    pub skip: Vec<String>,
    /// Rules up to this persona speak.
    pub persona: Persona,
    /// Fingerprints that are known and not told again.
    pub baseline: Vec<String>,
    /// What holds for parts of the tree only.
    pub overrides: Vec<Override>,
    /// Whether the project's own facts (`.specialist/facts/<language>/<library>.toml`) are read.
    pub own_facts: bool,
    /// A directory of further facts (`<language>/<library>.toml`); a file named as one of ours replaces it.
    pub facts: Option<std::path::PathBuf>,
    /// The tree before the change under review: what is not there is new.
    pub before: Option<Arc<base::Before>>,
    /// What running systems said of themselves.
    pub snapshots: Vec<Arc<live::Snapshot>>,
    /// Running systems that should have been asked and were not, with the reason.
    pub unexamined: Vec<(String, String)>,
    /// Texts that stand in the place of files, by path; new files too.
    pub replaced: Arc<BTreeMap<String, String>>,
    /// Called with what is being done, from any thread, often.
    pub progress: Option<Progress>,
}

/// Hears what is being done.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What holds for the files that match.
#[derive(Clone, Debug, Default)]
pub struct Override {
    /// Globs of paths relative to the root: `legacy/**`.
    pub paths: Vec<String>,
    /// Rules that are not told there.
    pub skip: Vec<String>,
    /// Rules with another severity there.
    pub severity: BTreeMap<String, Severity>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            max_file_bytes: 1024 * 1024,
            only: Vec::new(),
            skip: Vec::new(),
            persona: Persona::Regular,
            baseline: Vec::new(),
            overrides: Vec::new(),
            own_facts: true,
            facts: None,
            before: None,
            snapshots: Vec::new(),
            unexamined: Vec::new(),
            replaced: Arc::default(),
            progress: None,
        }
    }
}

/// Where the time went; parse and lower are sums over all threads.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    /// Reading files.
    pub read: Duration,
    /// tree-sitter, summed over threads.
    pub parse: Duration,
    /// Lowering, summed over threads.
    pub lower: Duration,
    /// Parsing and lowering, by the clock.
    pub front: Duration,
    /// Program and model, by the clock.
    pub model: Duration,
    /// Rules, by the clock.
    pub rules: Duration,
}

/// A tree that was read and understood.
pub struct Session {
    /// The model.
    pub model: Model,
    /// The files, with what must be masked.
    pub sources: SourceMap,
    /// Where the time went.
    pub timings: Timings,
    gaps: Vec<Gap>,
    nodes: usize,
    nodes_unknown: usize,
    options: Options,
}

/// Stack of a worker: front ends and analyses recurse over trees of bounded depth.
const STACK: usize = 64 * 1024 * 1024;

impl Session {
    /// Reads a tree and makes its model.
    ///
    /// # Errors
    /// The root cannot be read, or there is nothing to review in it.
    pub fn open(root: &Path, options: Options) -> Result<Session, Error> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .stack_size(STACK)
            .build()
            .map_err(|e| Error::Threads(e.to_string()))?;
        pool.install(|| Self::open_here(root, options))
    }

    fn open_here(root: &Path, options: Options) -> Result<Session, Error> {
        let say = |what: &str| {
            if let Some(progress) = &options.progress {
                progress(what);
            }
        };
        say("reading the tree");
        let own = if options.own_facts { own::read(root)? } else { Vec::new() };
        let given = match &options.facts {
            Some(dir) => own::read_from(dir, &dir.display().to_string())?,
            None => Vec::new(),
        };
        let overlay = given.iter().chain(&own).map(|(name, text)| (name.as_str(), text.as_str()));
        let facts = Arc::new(Facts::with_overlay(overlay)?);
        let mut timings = Timings::default();
        let started = Instant::now();
        let (mut files, mut gaps) = walk::read(root, options.max_file_bytes)?;
        walk::replace(&mut files, &options.replaced);
        timings.read = started.elapsed();
        gaps.extend(own.iter().map(|(name, _)| Gap {
            kind: GapKind::Configuration,
            what: "facts of the project's own are believed".into(),
            span: None,
            path: Some(name.clone()),
        }));
        let placed = running::place(&mut files, &options.snapshots);
        gaps.extend(running::gaps(&options));
        let mut sources = SourceMap::new(files);
        if let Some(before) = &options.before {
            sources.set_before(before.clone());
        }
        let sources = Arc::new(sources);
        let code: Vec<_> = sources.files().filter_map(|(id, f)| f.language.map(|l| (id, l))).collect();
        // migrations alone make a schema
        if code.is_empty()
            && placed.is_empty()
            && options.unexamined.is_empty()
            && !sources.files().any(|(_, f)| f.path.ends_with(".sql"))
        {
            return Err(Error::Nothing(root.display().to_string()));
        }
        let started = Instant::now();
        let read = std::sync::atomic::AtomicUsize::new(0);
        // the largest files first, one at a time, so that no thread is left with one at the end
        let mut by_size = code.clone();
        by_size.sort_by_key(|(id, _)| std::cmp::Reverse(sources.file(*id).text.len()));
        let mut lowered: Vec<_> = by_size
            .into_iter()
            .par_bridge()
            .map(|(id, language)| {
                let text = &sources.file(id).text;
                let at = read.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                say(&format!("reading {at} of {} files", code.len()));
                (id, catch_unwind(AssertUnwindSafe(|| lang::lower(id, language, text))))
            })
            .collect();
        lowered.sort_unstable_by_key(|(id, _)| *id);
        timings.front = started.elapsed();
        let (mut modules, mut nodes, mut nodes_unknown) = (Vec::with_capacity(lowered.len()), 0, 0);
        for (id, result) in lowered {
            match result {
                Ok(lowered) => {
                    timings.parse += lowered.parse;
                    timings.lower += lowered.lower;
                    nodes += lowered.nodes;
                    nodes_unknown += lowered.nodes_unknown;
                    gaps.extend(lowered.gaps);
                    modules.push(lowered.module);
                }
                Err(_) => gaps.push(Gap {
                    kind: GapKind::Internal,
                    what: "panic in the front end".into(),
                    span: Some(Span::new(id, 0, 0)),
                    path: None,
                }),
            }
        }
        let started = Instant::now();
        say("resolving names and calls");
        let snapshots =
            placed.into_iter().filter_map(|(path, snapshot)| Some((sources.find(&path)?, snapshot))).collect();
        let model = Model::build(modules, sources.clone(), facts, snapshots);
        timings.model = started.elapsed();
        gaps.extend(model.gaps.iter().cloned());
        gaps.sort_by(|a, b| (a.kind, &a.what, a.span, &a.path).cmp(&(b.kind, &b.what, b.span, &b.path)));
        let sources = (*sources).clone();
        Ok(Session { model, sources, timings, gaps, nodes, nodes_unknown, options })
    }

    /// Runs the rules and puts the review together. Afterwards `sources` masks every secret found.
    ///
    /// # Errors
    /// A rule named in the options does not exist.
    pub fn review(&mut self) -> Result<Review, Error> {
        let all = rules::all();
        let overridden = self.options.overrides.iter().flat_map(|o| o.skip.iter().chain(o.severity.keys()));
        for name in self.options.only.iter().chain(&self.options.skip).chain(overridden) {
            if !all.iter().any(|r| r.info.id == name) {
                return Err(Error::NoSuchRule(name.clone()));
            }
        }
        let chosen: Vec<_> = all
            .iter()
            .filter(|r| self.options.only.is_empty() || self.options.only.iter().any(|o| o == r.info.id))
            .filter(|r| !self.options.skip.iter().any(|s| s == r.info.id))
            .filter(|r| r.info.persona <= self.options.persona || !self.options.only.is_empty())
            .collect();
        if let Some(progress) = &self.options.progress {
            progress("judging");
        }
        let started = Instant::now();
        let model = &self.model;
        // a rule that was asked for by name says all it has to say
        let persona = if self.options.only.is_empty() { self.options.persona } else { Persona::Pedantic };
        let results: Vec<_> = chosen
            .par_iter()
            .map(|rule| {
                catch_unwind(AssertUnwindSafe(|| {
                    let mut report = rules::Report::new(&rule.info, persona);
                    (rule.check)(model, &mut report);
                    report.finish()
                }))
                .map_err(|_| rule.info.id)
            })
            .collect();
        let mut findings: Vec<Finding> = Vec::new();
        let mut masks: Vec<Span> = Vec::new();
        let mut refuted: Vec<base::review::Refuted> = Vec::new();
        let mut gaps = self.gaps.clone();
        for result in results {
            match result {
                Ok(said) => {
                    // nobody mends what a generator writes
                    let is_written = |f: &Finding| self.sources.file(f.span.file).role != base::FileRole::Generated;
                    findings.extend(said.findings.into_iter().filter(is_written));
                    masks.extend(said.masks);
                    refuted.extend(said.refuted);
                }
                Err(id) => gaps.push(Gap {
                    kind: GapKind::Internal,
                    what: format!("panic in rule {id}"),
                    span: None,
                    path: None,
                }),
            }
        }
        self.sources.set_masks(masks);
        suppress::fingerprint(&mut findings, &self.sources);
        let before = findings.len();
        let (unused, malformed) = suppress::apply(&mut findings, &self.model, &self.sources);
        gaps.extend(unused.into_iter().chain(malformed));
        findings.retain(|f| !self.options.baseline.contains(&f.fingerprint));
        own::override_findings(&mut findings, &self.options.overrides, &self.sources)?;
        let suppressed = before - findings.len();
        findings.sort_by(|a, b| {
            (std::cmp::Reverse(a.severity), std::cmp::Reverse(a.evidence), a.span, a.rule, &a.subject).cmp(&(
                std::cmp::Reverse(b.severity),
                std::cmp::Reverse(b.evidence),
                b.span,
                b.rule,
                &b.subject,
            ))
        });
        let strengths = rules::strengths::all(&self.model);
        let ran: Vec<_> = chosen.iter().map(|r| r.info.clone()).collect();
        let all: Vec<_> = rules::all().into_iter().map(|r| r.info).collect();
        let stages = checklist::fill(&self.model, &all, &ran, &findings, &strengths);
        refuted.sort_by(|a, b| (a.span, a.rule, &a.subject).cmp(&(b.span, b.rule, &b.subject)));
        self.timings.rules = started.elapsed();
        let escalations = escalations(&findings, &ran);
        Ok(Review {
            version: env!("CARGO_PKG_VERSION"),
            summary: self.summary(),
            findings,
            refuted,
            suppressed,
            strengths,
            stages,
            budgets: budgets(&self.model),
            escalations,
            gaps,
            rules: all,
            incomplete: running::is_incomplete(&self.options),
        })
    }

    /// What was looked at.
    pub fn summary(&self) -> Summary {
        let mut languages: BTreeMap<&'static str, usize> = BTreeMap::new();
        let (mut files, mut lines) = (0, 0);
        for (_, file) in self.sources.files() {
            if let Some(language) = file.language {
                *languages.entry(language.name()).or_default() += file.lines();
                files += 1;
                lines += file.lines();
            }
        }
        let program = &self.model.program;
        let calls: Vec<bool> = program.ids().flat_map(|m| program.calls(m).map(|(_, c)| c.is_resolved())).collect();
        Summary {
            files,
            lines,
            languages,
            frameworks: self.model.frameworks.iter().map(|f| (*f).to_owned()).collect(),
            services: self
                .model
                .services
                .iter()
                .map(|s| if s.root.is_empty() { "(root)".to_owned() } else { s.name.clone() })
                .collect(),
            routes: self.model.routes.len(),
            calls: calls.len(),
            calls_resolved: calls.iter().filter(|c| **c).count(),
            nodes: self.nodes,
            nodes_unknown: self.nodes_unknown,
        }
    }

    /// What was not understood, before the rules ran.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}

/// All rules, for lists and pages.
pub fn all_rules() -> Vec<base::RuleInfo> {
    rules::all().into_iter().map(|r| r.info).collect()
}

/// Whether a review has a finding at or above a severity.
pub fn fails(review: &Review, threshold: Severity) -> bool {
    review.findings.iter().any(|f| f.severity >= threshold)
}

fn budgets(model: &Model) -> Vec<Budget> {
    [
        ("API Response Time (p95)", "≤ 200ms"),
        ("API Response Time (p99)", "≤ 500ms"),
        ("Database Query (p95)", "≤ 100ms"),
        ("Cache Hit Rate", "≥ 80%"),
        ("Error Rate", "< 0.1%"),
        ("Throughput", "Specified based on requirements"),
        ("99.9% Availability", "≤ 8.6 hours downtime/year"),
        ("99.99% Availability", "≤ 52 minutes downtime/year"),
    ]
    .into_iter()
    .map(|(name, target)| {
        let (measured, met) = running::measured(model, name);
        Budget { name, target, measured, met }
    })
    .collect()
}

fn escalations(findings: &[Finding], rules: &[base::RuleInfo]) -> Vec<EscalationCall> {
    let mut calls: BTreeMap<base::Escalation, Vec<String>> = BTreeMap::new();
    for finding in findings {
        let rule = rules.iter().find(|r| r.id == finding.rule);
        if let Some(escalation) = rule.and_then(|r| r.escalation) {
            calls.entry(escalation).or_default().push(finding.fingerprint.clone());
        }
    }
    calls.into_iter().map(|(escalation, findings)| EscalationCall { escalation, findings }).collect()
}
