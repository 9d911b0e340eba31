//! What the rules about untrusted data share: one finding for each dangerous call that such data reaches,
//! with the way it takes, the mended form of the library, and a request that shows it.

use base::{Evidence, Finding, Related, Severity, Span, Text, TraceStep};
use model::effects::Effect;
use model::flow::{Event, Flow, Kind, Place};
use model::guards::words as named;
use model::templates::Output;
use model::{Guard, GuardKind, Kind as Fact, Method, Model, Route, edits};
use program::{ExprRef, FnId};
use rustc_hash::FxHashMap;

use crate::Report;
use crate::support::{apply_mended, around, is_production, path};

/// Functions that names of files, addresses, methods and fields are followed through.
const MAX_CROSSINGS: usize = 6;

/// What one rule says.
pub struct Words {
    /// The dangers that it speaks of.
    pub kinds: &'static [Kind],
    /// What becomes of the data: "becomes part of an SQL statement".
    pub becomes: &'static str,
    /// The last step of the trace.
    pub sink: &'static str,
    /// Why that is dangerous in general.
    pub details: &'static str,
    /// What a caller gains.
    pub impact: &'static str,
    /// The change.
    pub fix: &'static str,
    /// A harmless value that shows the weakness, as it stands in a URL.
    pub payload: &'static str,
    /// What the answer must look like afterwards.
    pub expect: &'static str,
    /// Whether it speaks of data that a database gave back, and only of that.
    pub stored: bool,
}

/// Reports every flow of the kinds. `judge` may change a finding, or drop it.
pub fn report(model: &Model, report: &mut Report<'_>, words: &Words, judge: &dyn Fn(&Flow, &mut Finding) -> bool) {
    let mut routes = RoutesOf::default();
    let mut told: FxHashMap<ExprRef, usize> = FxHashMap::default();
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let mut findings: Vec<Finding> = Vec::new();
    let mut causes: Vec<Cause> = Vec::new();
    let stored = words.stored;
    let is_ours = |f: &&Flow| words.kinds.contains(&f.sink.kind) && (f.source.place == Place::Stored) == stored;
    for flow in model.flows.iter().filter(is_ours) {
        let span = model.program.span(flow.sink.at);
        if !is_production(model, span) {
            continue;
        }
        if is_hardened(model, flow) || is_too_far(flow) {
            continue;
        }
        if let Some(at) = told.get(&flow.sink.at) {
            let finding = &mut findings[*at];
            let new = finding.trace.first().is_none_or(|s| s.span != flow.source.span);
            if new && finding.related.len() < 8 && finding.related.iter().all(|r| r.span != flow.source.span) {
                finding.related.push(Related { span: flow.source.span, message: entry(flow) });
            }
            continue;
        }
        let route = routes.of(model, flow.source.span).or_else(|| routes.of(model, span));
        if route.is_some_and(|r| is_checked_before(r, flow.sink.kind)) {
            continue;
        }
        let mut finding = say(model, report, words, flow, span, route, &mut numbers);
        if judge(flow, &mut finding) {
            told.insert(flow.sink.at, findings.len());
            findings.push(finding);
            causes.push(Cause::of(model, flow));
        }
    }
    by_cause(findings, causes).into_iter().for_each(|f| report.add(f));
}

/// What has to be mended once for all the dangerous calls that share it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Cause {
    /// The same data, taken in at one place, reaches several calls of one class or file.
    Taken { source: Span, given: Option<Span>, kind: Kind, within: Option<(u32, u32)>, file: u32 },
    /// Data of one name reaches calls of one class from several handlers, and nothing there checks it.
    Named { name: base::Symbol, kind: Kind, within: (u32, u32) },
}

impl Cause {
    fn of(model: &Model, flow: &Flow) -> Cause {
        let kind = flow.sink.kind;
        let at = flow.sink.at;
        let class = model.program.scopes(at.module).owner(at.expr).class.map(|c| (at.module.0, c.0));
        if let (Some(name), Some(within)) = (flow.source.name, class)
            && is_often_checked(kind)
        {
            return Cause::Named { name, kind, within };
        }
        // a function that takes in data for many handlers is told apart by who asks it
        let crossing = flow.steps.iter().find(|s| matches!(s.event, Event::Passed | Event::Returned));
        let given = crossing.filter(|s| matches!(s.event, Event::Returned)).map(|s| s.span);
        Cause::Taken { source: flow.source.span, given, kind, within: class, file: at.module.0 }
    }
}

/// Most further places of one finding.
const MAX_PLACES: usize = 40;

/// One finding for each cause: the gravest, and among those the first, with the places of the others.
fn by_cause(findings: Vec<Finding>, causes: Vec<Cause>) -> Vec<Finding> {
    let mut order: Vec<(Finding, Cause)> = findings.into_iter().zip(causes).collect();
    order.sort_by_key(|(f, _)| std::cmp::Reverse(f.severity));
    let mut first: FxHashMap<Cause, usize> = FxHashMap::default();
    let mut kept: Vec<Finding> = Vec::new();
    for (finding, cause) in order {
        let Some(at) = first.get(&cause) else {
            first.insert(cause, kept.len());
            kept.push(finding);
            continue;
        };
        let known = &mut kept[*at];
        if known.related.len() < MAX_PLACES && known.span != finding.span {
            known.related.push(Related::again(finding.span));
            let entry = finding.trace.first().filter(|s| known.trace.first().is_none_or(|k| k.span != s.span));
            let entry = entry.filter(|s| known.related.iter().all(|r| r.span != s.span));
            known.related.extend(entry.map(|s| Related { span: s.span, message: s.message.clone() }));
        }
    }
    kept
}

/// How many functions the data is given to or comes back from.
fn crossings(flow: &Flow) -> usize {
    flow.steps.iter().filter(|s| matches!(s.event, Event::Passed | Event::Returned)).count()
}

/// Whether code checks such data in many ways that do not look like checks.
fn is_often_checked(kind: Kind) -> bool {
    matches!(kind, Kind::Path | Kind::Url | Kind::Redirect | Kind::Reflection | Kind::MassAssignment)
}

/// Whether data goes through so many functions that it is more likely seen to than not.
fn is_too_far(flow: &Flow) -> bool {
    is_often_checked(flow.sink.kind) && crossings(flow) > MAX_CROSSINGS
}

/// Whether what stands before the handler lets only fields and values of a declared form through.
fn is_checked_before(route: &Route, kind: Kind) -> bool {
    let sanitizes = |g: &model::Guard| g.name.to_ascii_lowercase().contains("sanitiz");
    match kind {
        Kind::NoSql => route.has_guard(GuardKind::Validation) || route.guards.iter().any(sanitizes),
        Kind::MassAssignment => route.has_guard(GuardKind::Validation),
        _ => false,
    }
}

fn say(
    model: &Model,
    report: &Report<'_>,
    words: &Words,
    flow: &Flow,
    span: Span,
    route: Option<&Route>,
    numbers: &mut FxHashMap<String, u32>,
) -> Finding {
    let callee = callee(model, flow.sink.at);
    let mut subject =
        format!("{} {} {} {callee}", flow.sink.kind.label(), path(model, span), around(model, flow.sink.at));
    let number = numbers.entry(subject.clone()).or_default();
    *number += 1;
    if *number > 1 {
        subject.push_str(&format!(" #{number}"));
    }
    let issue = match flow.source.name {
        Some(name) => {
            Text::say(&format!("`{{}}` from {} {}.", place(flow.source.place), words.becomes), &[name.as_str()])
        }
        None => Text::say(&format!("Data from {} {}.", place(flow.source.place), words.becomes), &[]),
    };
    let mut finding = report.finding(subject, span, issue);
    finding.endpoint = route.map(Route::name);
    finding.details = Text::from(words.details);
    finding.impact = Text::from(words.impact);
    finding.fix = Text::from(words.fix);
    if let Some(effect) = effect_of(model, flow) {
        finding.evidence = effect.evidence;
        apply_mended(model, &mut finding, effect.record);
        finding.edits = edits::of_call(&model.context(), effect.call, model.facts.record(effect.record));
    }
    if matches!(flow.source.place, Place::Stored | Place::Message | Place::Archive) {
        finding.severity = finding.severity.min(Severity::Important);
    }
    if flow.source.place == Place::Operator {
        finding.severity = finding.severity.min(Severity::Important);
        finding.evidence = Evidence::Suspected;
    }
    if finding.evidence == Evidence::Suspected {
        finding.severity = finding.severity.min(Severity::Important);
    }
    // the longer the way, the more on it may check what is not seen to check
    let (crossings, is_common) = (crossings(flow), is_often_checked(flow.sink.kind));
    if crossings >= 3 && is_common || crossings >= 6 {
        finding.severity = finding.severity.min(Severity::Important);
        finding.evidence = Evidence::Suspected;
    }
    // who may do everything anyway gains little
    let is_for_few = |r: &Route| r.guards.iter().any(|g| is_for_few(model, g));
    if route.is_some_and(is_for_few) || refuses_others(model, flow.source.span) {
        finding.severity = finding.severity.min(Severity::Important);
    }
    finding.verification = verification(words, flow, route);
    let pieces = match flow.sink.kind {
        Kind::Sql => pieces(model, flow.sink.at),
        _ => Vec::new(),
    };
    finding.trace = trace(words, flow, pieces, span, &callee);
    finding
}

/// Whether a guard lets only administrators, or other programs of the same owner, through.
fn is_for_few(model: &Model, guard: &Guard) -> bool {
    let says = |text: &str, few: &[&str]| named(text).iter().any(|w| few.contains(&w.as_str()));
    match guard.kind {
        // `hasAnyAuthority('ADMIN', 'USER')` lets everyone through
        GuardKind::Authorization => {
            let text = around_guard(model, guard);
            says(
                &text,
                &["admin", "admins", "administrator", "superuser", "superadmin", "elevation", "root", "sysadmin"],
            ) && !says(&text, &["user", "customer", "member", "owner", "or"])
        }
        GuardKind::Authentication => says(&guard.name, &["private", "internal"]),
        _ => false,
    }
}

/// Whether the function that takes the data in turns away who is no administrator: `if (!user.isAdmin) …`.
fn refuses_others(model: &Model, source: Span) -> bool {
    let Some(function) = function_at(model, source) else { return false };
    let module = model.program.module(function.module);
    module.exprs_within(module.function(function.function).range).any(|(_, e)| {
        let ir::ExprKind::Unary { op: ir::UnaryOp::Not, operand } = &e.kind else { return false };
        let asked = match &module.expr(*operand).kind {
            ir::ExprKind::Call { callee, .. } => &module.expr(*callee).kind,
            kind => kind,
        };
        e.range.start < source.start
            && matches!(asked, ir::ExprKind::Member { name, .. } | ir::ExprKind::Name(name)
                if named(name.as_str()).iter().any(|w| matches!(w.as_str(), "admin" | "superuser" | "superadmin")))
    })
}

/// What a guard says: its name and, where it is short, all that is written there.
fn around_guard(model: &Model, guard: &Guard) -> String {
    let written = model.sources.text(guard.span);
    match written.len() < 200 {
        true => format!("{} {written}", guard.name),
        false => guard.name.clone(),
    }
}

/// The call that the data reaches, with what says that it is dangerous.
fn effect_of<'m>(model: &'m Model, flow: &Flow) -> Option<&'m Effect> {
    model.effects.iter().find(|e| e.call == flow.sink.at && e.kind == Fact::Sink && e.record.0 == flow.sink.record)
}

/// Whether only the name of a method, and a library that some other file imports, say that it is dangerous.
pub fn is_guess(model: &Model, flow: &Flow) -> bool {
    effect_of(model, flow).is_some_and(|e| e.evidence == Evidence::Suspected && model.facts.record(e.record).anywhere)
}

/// The way, step by step.
fn trace(words: &Words, flow: &Flow, pieces: Vec<Span>, sink: Span, callee: &str) -> Vec<TraceStep> {
    let mut steps = vec![TraceStep { span: flow.source.span, message: entry(flow) }];
    for step in &flow.steps {
        let message = match step.event {
            Event::Assigned => "It is kept here.",
            Event::Passed => "It is passed on here.",
            Event::Returned => "It comes back here.",
            Event::Formatted => "It becomes part of a string here.",
            Event::Kept => "It is kept where other functions read it.",
        };
        if steps.last().is_none_or(|s| s.span != step.span) {
            steps.push(TraceStep { span: step.span, message: Text::from(message) });
        }
    }
    for span in pieces {
        if steps.iter().all(|s| s.span != span) {
            steps.push(TraceStep { span, message: Text::from("A piece of the text is put together here.") });
        }
    }
    let message = match callee.is_empty() {
        true => Text::from(words.sink),
        false => Text::say(&format!("`{{}}`: {}", words.sink), &[callee]),
    };
    steps.push(TraceStep { span: sink, message });
    steps
}

/// Most pieces of a text that are told.
const MAX_PIECES: usize = 8;

/// Where a statement that stands in a variable is put together in the function around: each place that puts
/// values into it has to be mended.
fn pieces(model: &Model, at: ExprRef) -> Vec<Span> {
    let module = model.program.module(at.module);
    let values: Vec<ir::ExprId> = match &module.expr(at.expr).kind {
        ir::ExprKind::Call { args, .. } => args.iter().map(|a| a.value).collect(),
        _ => module
            .statement_around(module.expr(at.expr).range)
            .and_then(|s| match &s.kind {
                ir::StmtKind::Assign { value, .. } => *value,
                ir::StmtKind::Expr(e) => match module.expr(*e).kind {
                    ir::ExprKind::Assign { value, .. } => Some(value),
                    _ => None,
                },
                _ => None,
            })
            .into_iter()
            .collect(),
    };
    let name_of = |e: ir::ExprId| match module.expr(e).kind {
        ir::ExprKind::Name(name) => Some(name),
        _ => None,
    };
    let Some(name) = values.into_iter().find_map(name_of) else { return Vec::new() };
    let Some(function) = function_at(model, model.program.span(at)) else { return Vec::new() };
    let (body, place) = (module.function(function.function).range, module.expr(at.expr).range);
    let is_built = |e: ir::ExprId| {
        let range = module.expr(e).range;
        module.exprs_within(range).any(|(_, e)| matches!(&e.kind, ir::ExprKind::Template(parts) if parts.iter().any(|p| matches!(p, ir::Part::Hole(_)))))
    };
    let assigned = module.stmts().filter_map(|s| match &s.kind {
        ir::StmtKind::Assign { target, value: Some(value), .. } => Some((*target, *value, s.range)),
        ir::StmtKind::Expr(e) => match module.expr(*e).kind {
            ir::ExprKind::Assign { target, value, .. } => Some((target, value, s.range)),
            _ => None,
        },
        _ => None,
    });
    let of_name = assigned.filter(|(target, value, range)| {
        body.contains(*range) && range.start < place.start && name_of(*target) == Some(name) && is_built(*value)
    });
    let mut found: Vec<Span> = of_name.map(|(_, value, _)| module.expr_span(value)).collect();
    found.sort();
    found.truncate(MAX_PIECES);
    found
}

/// Where the data comes in.
fn entry(flow: &Flow) -> Text {
    match flow.source.name {
        Some(name) => Text::say(&format!("`{{}}` comes from {}.", place(flow.source.place)), &[name.as_str()]),
        None => Text::say(&format!("Data comes from {}.", place(flow.source.place)), &[]),
    }
}

/// The name of what is called or assigned.
pub fn callee(model: &Model, at: ExprRef) -> String {
    let module = model.program.module(at.module);
    match &module.expr(at.expr).kind {
        ir::ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
            ir::ExprKind::Name(name) | ir::ExprKind::Member { name, .. } => name.to_string(),
            _ => String::new(),
        },
        ir::ExprKind::Member { name, .. } => name.to_string(),
        ir::ExprKind::Index { object, .. } => match &module.expr(*object).kind {
            ir::ExprKind::Name(name) | ir::ExprKind::Member { name, .. } => name.to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A place in words.
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "the path",
        Place::Query => "the query",
        Place::Body => "the body",
        Place::Header => "a header",
        Place::Cookie => "a cookie",
        Place::File => "an uploaded file",
        Place::Request => "the request",
        Place::Argument => "an argument of the query",
        Place::Message => "a message",
        Place::Archive => "the name of an entry in an archive",
        Place::Stored => "the database",
        Place::Operator => "the command line, the environment or a file",
    }
}

/// A request that shows the weakness.
fn verification(words: &Words, flow: &Flow, route: Option<&Route>) -> Text {
    let Some(route) = route else { return Text::from(words.expect) };
    let mut command = String::from("curl -i");
    let method = match (route.method, flow.source.place) {
        (Method::Any, Place::Body | Place::File) => "POST",
        (Method::Any, _) => "GET",
        (method, _) => method.name(),
    };
    if method != "GET" {
        command.push_str(&format!(" -X {method}"));
    }
    let name = flow.source.name.map_or("name", |n| n.as_str());
    let mut url = String::from("http://localhost:8080");
    for part in route.path.split('/').filter(|p| !p.is_empty()) {
        url.push('/');
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(param) if flow.source.place == Place::Path && (param == name || flow.source.name.is_none()) => {
                url.push_str(words.payload);
            }
            Some(_) => url.push('1'),
            None => url.push_str(part),
        }
    }
    match flow.source.place {
        Place::Query | Place::Request => url.push_str(&format!("?{name}={}", words.payload)),
        Place::Body => command.push_str(&format!(" --data '{name}={}'", words.payload)),
        Place::Header => command.push_str(&format!(" -H '{name}: {}'", words.payload)),
        Place::Cookie => command.push_str(&format!(" -b '{name}={}'", words.payload)),
        Place::File => command.push_str(&format!(" -F 'file=@sample.txt;filename={}'", words.payload)),
        _ => {}
    }
    Text::from("Send the request below. ").and(words.expect, &[]).block("sh", format!("{command} '{url}'"))
}

/// The routes whose handlers reach a function.
#[derive(Default)]
struct RoutesOf {
    by_handler: FxHashMap<FnId, usize>,
    found: FxHashMap<Option<FnId>, Option<usize>>,
    is_filled: bool,
}

/// How many callers up a handler is looked for.
const MAX_CALLERS: usize = 6;
/// How many functions are asked.
const MAX_ASKED: usize = 200;

impl RoutesOf {
    fn of<'m>(&mut self, model: &'m Model, span: Span) -> Option<&'m Route> {
        if !self.is_filled {
            self.is_filled = true;
            for (at, route) in model.routes.iter().enumerate() {
                if let Some(function) = route.handler.as_ref().and_then(|h| h.function) {
                    self.by_handler.entry(function).or_insert(at);
                }
            }
        }
        let function = function_at(model, span);
        if let Some(known) = self.found.get(&function) {
            return known.map(|at| &model.routes[at]);
        }
        let at = self.search(model, function?);
        self.found.insert(function, at);
        at.map(|at| &model.routes[at])
    }

    fn search(&self, model: &Model, start: FnId) -> Option<usize> {
        let mut asked = vec![start];
        let mut from = 0;
        for _ in 0..MAX_CALLERS {
            let to = asked.len();
            for at in from..to {
                let function = asked[at];
                if let Some(route) = self.by_handler.get(&function) {
                    return Some(*route);
                }
                let parent = model.program.function(function).parent;
                let around = parent.map(|function| FnId { module: asked[at].module, function });
                let callers = model.program.callers(function).iter().filter_map(|c| c.caller);
                let next: Vec<FnId> = around.into_iter().chain(callers).collect();
                for function in next {
                    if !asked.contains(&function) && asked.len() < MAX_ASKED {
                        asked.push(function);
                    }
                }
            }
            from = to;
        }
        None
    }
}

/// The innermost function around a place.
fn function_at(model: &Model, span: Span) -> Option<FnId> {
    let module = model.program.module_of_file(span.file)?;
    let (function, _) = model.program.module(module).function_around(span.into())?;
    Some(FnId { module, function })
}

/// How many calls down a setting is looked for.
const MAX_CALLS: usize = 2;

/// Whether a setting of the library takes the danger away: in the function around the dangerous call, in what
/// that calls, or where the objects of the class are made. Records of settings say so by the label of the danger.
fn is_hardened(model: &Model, flow: &Flow) -> bool {
    let label = flow.sink.kind.label();
    let mut settings = model
        .effects
        .iter()
        .filter(|e| e.kind == Fact::Setting && model.facts.record(e.record).label.as_deref() == Some(label))
        .peekable();
    if settings.peek().is_none() {
        return false;
    }
    let around = model.program.scopes(flow.sink.at.module).owner(flow.sink.at.expr).function;
    let called = around.map(|function| FnId { module: flow.sink.at.module, function });
    let called = called.map(|function| model.effects_from(function, MAX_CALLS)).unwrap_or_default();
    // parsers and the like that are made once for the class
    let is_made_once = |e: &model::Effect| {
        e.call.module == flow.sink.at.module
            && e.function.is_none_or(|f| {
                let function = model.program.function(f);
                let prepares =
                    |name: base::Symbol| matches!(name.as_str(), "init" | "setup" | "configure" | "initialize");
                function.kind == ir::FunctionKind::Constructor || function.name.is_some_and(prepares)
            })
    };
    settings.any(|e| is_made_once(e) || called.iter().any(|c| c.call == e.call && c.record == e.record))
}

/// The functions that the data goes through.
pub fn functions_of(model: &Model, flow: &Flow) -> Vec<FnId> {
    let mut functions: Vec<FnId> = Vec::new();
    let places = flow.steps.iter().map(|s| s.span).chain([flow.source.span, model.program.span(flow.sink.at)]);
    for function in places.filter_map(|span| function_at(model, span)) {
        if !functions.contains(&function) {
            functions.push(function);
        }
    }
    functions
}

/// Whether an answer is declared to be of a type that a browser does not take as markup, in one of the
/// functions that the data goes through.
pub fn is_no_markup(model: &Model, flow: &Flow) -> bool {
    let functions = functions_of(model, flow);
    let types: Vec<&str> = model
        .settings
        .iter()
        .filter(|s| s.kind == model::SettingKind::AnswerType)
        .filter(|s| function_at(model, s.span).is_some_and(|f| functions.contains(&f)))
        .filter_map(|s| s.value.as_deref())
        .collect();
    let has = |text: &str, words: &[&str]| {
        let lower = text.to_ascii_lowercase();
        words.iter().any(|w| lower.contains(w))
    };
    !types.iter().any(|t| has(t, &["html", "svg"]))
        && types.iter().any(|t| {
            has(t, &["json", "plain", "octet", "xml", "javascript", "csv", "pdf", "event-stream", "event_stream"])
                || has(t, &["image/", "image_", "audio", "video", "excel", "msword", "zip", "text/css"])
        })
}

/// An output of a template that switches escaping off.
pub fn unescaped(model: &Model, report: &Report<'_>, output: &Output) -> Finding {
    let subject = format!("output {} {}", path(model, output.span), output.value);
    let issue = Text::say("The template prints `{}` without escaping it.", &[&output.value]);
    let mut finding = report.finding(subject, output.span, issue);
    finding.severity = finding.severity.min(Severity::Important);
    finding.details =
        Text::from("The text is put into HTML without escaping, so it can bring its own elements and scripts.");
    finding.impact = Text::from("Whoever can set the value can run a script in the browser of those who see the page.");
    finding.fix =
        Text::from("Print it escaped, or sanitize it where it is stored:").block("html", output.escaped.clone());
    finding.verification =
        Text::say("Give `{}` the value `<b>x</b>`: the page must show the brackets.", &[&output.value]);
    finding.trade_offs = Text::from("Values that are meant to hold markup must go through a sanitizer instead.");
    finding
}

/// Nothing to change.
pub fn as_is(_: &Flow, _: &mut Finding) -> bool {
    true
}
