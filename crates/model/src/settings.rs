//! Settings of the application, from calls, assignments and configuration files, as the facts name them.

use base::{Language, Span, Symbol};
use ir::{ExprId, ExprKind, StmtKind};
use program::{ExprRef, FnId, ModuleId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::adapters::Context;
use crate::config::ConfigEntry;
use crate::effects::{Effect, argument};
use crate::facts::{RecordId, SettingFact};
use crate::options::OptionValue;
use crate::{Setting, SettingKind};

impl crate::Model {
    /// Whether a header set by hand is that of one answer: its function answers by itself and hands the request to
    /// nothing behind it, as a middleware or a filter would.
    pub fn is_of_one_answer(&self, setting: &Setting) -> bool {
        let Some(id) = self.program.module_of_file(setting.span.file) else { return false };
        let module = self.program.module(id);
        if !self.facts.record(setting.record).grouped || setting.group == setting.span {
            return false;
        }
        let (mut answers, mut passes_on) = (false, false);
        let range = ir::Range { start: setting.group.start, end: setting.group.end };
        let inside = |e: ExprId| {
            let r = module.expr(e).range;
            range.start <= r.start && r.end <= range.end
        };
        // `ctx.body = file`
        answers |= module.stmts().any(|s| {
            matches!(&s.kind, StmtKind::Assign { target, .. } if inside(*target)
                && matches!(&module.expr(*target).kind, ExprKind::Member { name, .. } if *name == "body"))
        });
        for (_, e) in module.exprs_within(range) {
            let ExprKind::Call { callee, .. } = &e.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { continue };
            match name.as_str().to_ascii_lowercase().as_str() {
                "json" | "send" | "end" | "write" | "println" | "render" | "pipe" | "sendfile" | "print" => {
                    answers = true;
                }
                "next" | "_next" | "dofilter" | "servehttp" | "invoke" | "call" | "proceed" => passes_on = true,
                _ => {}
            }
        }
        answers && !passes_on
    }
}

/// All settings, in order of place.
pub(crate) fn collect(context: &Context<'_>, effects: &[Effect], config: &[ConfigEntry]) -> Vec<Setting> {
    let mut all: Vec<Setting> = effects.par_iter().flat_map_iter(|e| of_call(context, e)).collect();
    let keys = Keys::new(context);
    all.extend(config.iter().flat_map(|entry| keys.of_entry(context, entry)));
    let modules: Vec<ModuleId> = context.program.ids().collect();
    let marks = crate::marked::Marks::new(context);
    all.par_extend(modules.into_par_iter().flat_map_iter(|m| {
        let mut found = keys.of_module(context, m);
        marks.of_module(context, m, &mut found);
        found
    }));
    all.sort_by_key(|s| (s.span, s.kind, s.record));
    all.dedup_by(|a, b| a.span == b.span && a.kind == b.kind && a.group == b.group);
    all
}

fn of_call(context: &Context<'_>, effect: &Effect) -> Vec<Setting> {
    let record = context.facts.record(effect.record);
    if record.settings.is_empty() {
        return Vec::new();
    }
    let subject = argument(context.program, effect.call, record.arg, record.keyword.as_deref())
        .map(|a| ExprRef { module: effect.call.module, expr: a.value })
        .or_else(|| match context.option(effect.call, record.keyword.as_slice()) {
            OptionValue::Set(at) => Some(at),
            _ => None,
        })
        .map(|at| match context.string(at) {
            Some(text) => text.to_string(),
            None => {
                from_callers(context, at).unwrap_or_else(|| context.sources.text(context.program.span(at)).to_owned())
            }
        })
        .or_else(|| record.label.clone());
    let group = match effect.function.filter(|_| record.grouped) {
        Some(function) => context.function_span(function),
        None => effect.span,
    };
    let development_only = context.is_development_only(effect.call) || is_development_path(context, effect.span);
    let mut found = Vec::new();
    for (kind, fact) in &record.settings {
        let mut setting = Setting {
            kind: *kind,
            value: None,
            span: effect.span,
            group,
            record: effect.record,
            is_default: false,
            subject: subject.clone(),
            development_only,
        };
        let by_position = argument(context.program, effect.call, fact.arg, None)
            .map(|a| OptionValue::Set(ExprRef { module: effect.call.module, expr: a.value }));
        let option = match by_position {
            Some(found) => found,
            None if fact.options.is_empty() => OptionValue::Unset,
            None => context.option(effect.call, &fact.options),
        };
        match option {
            OptionValue::Set(at) => {
                setting.value = value_of(context, at)
                    // `MediaType.APPLICATION_JSON` says it by its name
                    .or_else(|| (*kind == SettingKind::AnswerType).then(|| written(context, at)))
                    .map(|v| fact.meaning(v));
                setting.span = context.program.span(at);
                setting.development_only |= context.is_development_only(at);
            }
            OptionValue::On(at) => {
                setting.value = Some(fact.meaning("true".to_owned()));
                setting.span = context.program.span(at);
            }
            OptionValue::Unknown => {}
            OptionValue::Unset => {
                setting.is_default = fact.value.is_none();
                match fact.value.as_ref().or(fact.default.as_ref()) {
                    Some(value) => setting.value = Some(value.clone()),
                    None => continue,
                }
            }
        }
        found.push(setting);
    }
    found
}

/// Most callers whose constants are named.
const MAX_CALLERS: usize = 4;

/// What callers give to a parameter: a function of the project that sets every cookie is given their names.
fn from_callers(context: &Context<'_>, at: ExprRef) -> Option<String> {
    let module = context.program.module(at.module);
    let ExprKind::Name(name) = module.expr(at.expr).kind else { return None };
    let function = context.program.scopes(at.module).owner(at.expr).function?;
    let params = module.function(function).params.iter().filter(|p| p.kind != ir::ParamKind::Receiver);
    let position = params.clone().position(|p| p.name == name)?;
    let mut given: Vec<String> = Vec::new();
    for site in context.program.callers(FnId { module: at.module, function }) {
        let ExprKind::Call { args, .. } = &context.program.module(site.module).expr(site.expr).kind else { continue };
        let arg = args.iter().find(|a| a.name == Some(name)).or(args.get(position))?;
        if let Some(text) = context.string(ExprRef { module: site.module, expr: arg.value }) {
            let text = text.to_string();
            if !given.contains(&text) && given.len() < MAX_CALLERS {
                given.push(text);
            }
        }
    }
    (!given.is_empty()).then(|| given.join(", "))
}

fn written(context: &Context<'_>, at: ExprRef) -> String {
    context.sources.text(context.program.span(at)).to_owned()
}

/// The value as text; a function that says yes to everything is `reflect`.
pub(crate) fn value_of(context: &Context<'_>, at: ExprRef) -> Option<String> {
    if let Some(constant) = context.constant(at) {
        return Some(constant.text());
    }
    let module = context.program.module(at.module);
    if let Some(text) = turned(module, at.expr) {
        return Some(text);
    }
    match &module.expr(at.expr).kind {
        // `_ => true`, `(origin, callback) => callback(null, true)`, `func(string) bool { return true }`
        ExprKind::Lambda(function) => {
            let item = module.function(*function);
            let body = item.body.as_ref()?;
            let [only] = body.as_slice() else { return None };
            let (StmtKind::Return(Some(value)) | StmtKind::Expr(value)) = &module.stmt(*only).kind else { return None };
            let yes = |e| matches!(module.expr(e).kind, ExprKind::Literal(ir::Literal::Bool(true)));
            let always = yes(*value)
                || matches!(&module.expr(*value).kind, ExprKind::Call { args, .. } if args.len() == 2 && yes(args[1].value));
            always.then(|| "reflect".to_owned())
        }
        // `req.headers.origin`, `request.getHeader("Origin")`
        _ => {
            let text = context.sources.text(context.program.span(at));
            let said = crate::guards::words(text);
            let has = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
            let of_request = has(&["req", "request", "ctx", "context", "c", "header", "headers"]);
            (of_request && has(&["origin"]) && text.len() < 80).then(|| "reflect".to_owned())
        }
    }
}

/// `"*".parse().unwrap()`, `HeaderValue::from_static("*")`: a text by another type.
fn turned(module: &ir::Module, expr: ir::ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        ExprKind::Call { callee, args, .. } => {
            let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
            match (name.as_str(), args.as_slice()) {
                ("parse" | "unwrap" | "into", []) | ("expect", [_]) => turned(module, *object),
                ("from_static", [only]) => turned(module, only.value),
                _ => None,
            }
        }
        ExprKind::Unary { operand, .. } | ExprKind::Cast { value: operand, .. } => turned(module, *operand),
        _ => module.string(expr).map(|s| s.to_string()),
    }
}

/// Whether a path is of a development or test environment.
pub(crate) fn is_development_path(context: &Context<'_>, span: Span) -> bool {
    let path = context.sources.file(span.file).path.to_ascii_lowercase();
    let words: Vec<&str> = path.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|w| {
        matches!(
            *w,
            "dev"
                | "devel"
                | "development"
                | "local"
                | "test"
                | "tests"
                | "testing"
                | "ci"
                | "debug"
                | "example"
                | "examples"
                | "sample"
                | "samples"
                | "demo"
                | "e2e"
        ) || w.ends_with("dev") && w.len() < 12
    })
}

/// Settings by the keys of configuration.
struct Keys<'f> {
    by_last: FxHashMap<String, Vec<(RecordId, SettingKind, &'f SettingFact, &'f str)>>,
    /// The last names before the star of keys such as `cookies.*`.
    before_star: FxHashSet<String>,
}

impl<'f> Keys<'f> {
    fn new(context: &Context<'f>) -> Self {
        let mut by_last: FxHashMap<String, Vec<_>> = FxHashMap::default();
        let mut before_star = FxHashSet::default();
        for (id, record) in context.facts.records() {
            for (kind, fact) in &record.settings {
                for key in &fact.keys {
                    let last = plain(last_part(key));
                    by_last.entry(last).or_default().push((id, *kind, fact, key.as_str()));
                    before_star.extend(key.strip_suffix(".*").map(|k| plain(last_part(k))));
                }
            }
        }
        Self { by_last, before_star }
    }

    /// Whether a target's last name is a key's, so that putting its key together is worth it.
    fn may_know(&self, module: &ir::Module, target: ExprId) -> bool {
        let object = match &module.expr(target).kind {
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => last_name(module, *object),
            _ => None,
        };
        let is_in_star = object.is_some_and(|name| self.before_star.contains(&plain(last_part(name.as_str()))));
        is_in_star
            || last_name(module, target).is_some_and(|name| self.by_last.contains_key(&plain(last_part(name.as_str()))))
    }

    fn lookup(&self, key: &str) -> impl Iterator<Item = &(RecordId, SettingKind, &'f SettingFact, &'f str)> {
        let last = plain(last_part(key));
        self.by_last.get(&last).into_iter().flatten()
    }

    /// Keys of files are dotted; a constant's name alone is too little, a variable's of the environment is not.
    fn of_entry(&self, context: &Context<'_>, entry: &ConfigEntry) -> Vec<Setting> {
        let variable = |key: &str| key.bytes().filter(|b| *b == b'_').count() > 1 && key == key.to_ascii_uppercase();
        self.lookup(&entry.key)
            .filter(|(.., key)| (key.contains('.') || variable(key)) && ends_with(&entry.key, key))
            .map(|(record, kind, fact, _)| Setting {
                kind: *kind,
                value: Some(fact.meaning(entry.value.trim().to_owned())),
                span: entry.span,
                group: Span::new(entry.span.file, 0, 0),
                record: *record,
                is_default: false,
                subject: None,
                development_only: is_development_path(context, entry.span),
            })
            .collect()
    }

    /// `config.force_ssl = false`, `app.config["DEBUG"] = True`, and constants of settings modules.
    fn of_module(&self, context: &Context<'_>, id: ModuleId) -> Vec<Setting> {
        let module = context.program.module(id);
        let mut settings_module = None;
        let mut found = Vec::new();
        let statements = module.stmts().filter_map(|s| match &s.kind {
            StmtKind::Assign { target, value: Some(value), op: None, .. } => Some((target, value, s.range)),
            _ => None,
        });
        let expressions = module.exprs().filter_map(|(_, e)| match &e.kind {
            ExprKind::Assign { target, op: None, value } => Some((target, value, e.range)),
            _ => None,
        });
        for (target, value, range) in statements.chain(expressions) {
            if !self.may_know(module, *target) {
                continue;
            }
            let Some(written) = dotted_key(module, *target) else { continue };
            let keyed = written.rsplit_once('.').map(|(parent, last)| (format!("{parent}.*"), last));
            let known = self.lookup(&written).chain(keyed.iter().flat_map(|(key, _)| self.lookup(key)));
            for (record, kind, fact, key) in known {
                let constant = !key.contains('.');
                let at = ExprRef { module: id, expr: *value };
                // `AddSession(options => { options.Cookie.HttpOnly = false; })`: each closure sets its own
                let closure = module.function_around(range).filter(|(_, f)| f.kind == ir::FunctionKind::Lambda);
                let mut setting = Setting {
                    kind: *kind,
                    value: None,
                    span: module.expr_span(*value),
                    group: closure.map_or(Span::new(module.file, 0, 0), |(_, f)| module.span(f.range)),
                    record: *record,
                    is_default: false,
                    subject: None,
                    development_only: context.is_development_only(at)
                        || is_development_path(context, module.expr_span(*value)),
                };
                if let Some(parent) = key.strip_suffix(".*") {
                    let Some((written, last)) = &keyed else { continue };
                    if !context.facts.is_for(*record, module.language)
                        || !ends_with(written.trim_end_matches(".*"), parent)
                    {
                        continue;
                    }
                    // `cookies[:token] = nil` deletes; options made elsewhere are not known here
                    let named = match &module.expr(*value).kind {
                        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
                        ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
                            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
                            _ => None,
                        },
                        ExprKind::Literal(ir::Literal::Null) => continue,
                        _ => None,
                    };
                    let is_options = |w: &String| matches!(w.as_str(), "option" | "options" | "opts" | "attributes");
                    if named.is_some_and(|n| crate::guards::words(n.as_str()).iter().any(is_options)) {
                        continue;
                    }
                    setting.subject = Some((*last).to_owned());
                    setting.group = module.span(range);
                    match context.in_map(at, &fact.options) {
                        OptionValue::Set(at) => {
                            setting.value = value_of(context, at).map(|v| fact.meaning(v));
                            setting.span = context.program.span(at);
                        }
                        OptionValue::Unset => {
                            setting.value.clone_from(&fact.default);
                            setting.is_default = true;
                        }
                        _ => {}
                    }
                    found.push(setting);
                    continue;
                }
                if !context.facts.is_for(*record, module.language)
                    || constant
                        && (written != *key || !*settings_module.get_or_insert_with(|| is_settings(context, id)))
                    || !constant && !ends_with(&written, key)
                {
                    continue;
                }
                setting.value = value_of(context, at).map(|v| fact.meaning(v));
                found.push(setting);
            }
        }
        found
    }
}

/// A module of constants that configures an application: Django's and its like.
fn is_settings(context: &Context<'_>, id: ModuleId) -> bool {
    let module = context.program.module(id);
    if module.language != Language::Python {
        return false;
    }
    let top = &context.program.scopes(id).top;
    let has = |name: &str| top.contains_key(&base::Symbol::new(name));
    has("INSTALLED_APPS")
        || has("ROOT_URLCONF")
        || has("MIDDLEWARE")
        || context.program.path(id).rsplit('/').next().is_some_and(|n| n.starts_with("settings"))
        || context.program.path(id).contains("settings/")
}

/// `a.b.c` and `a.config["B"]` as a dotted key.
fn dotted_key(module: &ir::Module, target: ir::ExprId) -> Option<String> {
    match &module.expr(target).kind {
        ExprKind::Index { object, index } => {
            Some(format!("{}.{}", dotted_key(module, *object)?, module.string(*index)?))
        }
        ExprKind::Member { object, name, .. } => Some(match dotted_key(module, *object) {
            Some(object) => format!("{object}.{name}"),
            None => format!("().{name}"),
        }),
        ExprKind::Call { callee, args, .. } if args.is_empty() => dotted_key(module, *callee),
        _ => module.dotted(target),
    }
}

impl SettingFact {
    pub(crate) fn meaning(&self, written: String) -> String {
        self.means.get(&written).cloned().unwrap_or(written)
    }
}

/// The name at the end of a dotted key, as [`dotted_key`] has it.
fn last_name(module: &ir::Module, target: ExprId) -> Option<Symbol> {
    match &module.expr(target).kind {
        ExprKind::Name(name) | ExprKind::Member { name, .. } => Some(*name),
        ExprKind::Index { index, .. } => module.string(*index),
        ExprKind::Call { callee, args, .. } if args.is_empty() => last_name(module, *callee),
        _ => None,
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn plain(key: &str) -> String {
    let kept = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '*');
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a key ends in another, part by part; case, dashes and underscores apart.
fn ends_with(key: &str, wanted: &str) -> bool {
    let parts = |k: &str| k.split(['.', ':']).map(plain).filter(|p| !p.is_empty()).collect::<Vec<_>>();
    parts(key).ends_with(&parts(wanted))
}
