//! Settings that a name alone makes, wherever it stands: a key of any map, a member that is assigned, a
//! constant that is mentioned, a method that is left empty.

use ir::{Entry, ExprId, ExprKind, Module, StmtKind};
use program::{ExprRef, ModuleId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::adapters::Context;
use crate::facts::{RecordId, SettingFact};
use crate::settings::{is_development_path, value_of};
use crate::{Setting, SettingKind};

type Known<'f> = Vec<(RecordId, SettingKind, &'f SettingFact)>;

/// The names, indexed by their last part.
pub(crate) struct Marks<'f> {
    entries: FxHashMap<&'f str, Known<'f>>,
    mentions: FxHashMap<&'f str, Vec<(RecordId, SettingKind, &'f SettingFact, &'f str)>>,
    methods: FxHashMap<&'f str, Known<'f>>,
}

impl<'f> Marks<'f> {
    pub(crate) fn new(context: &Context<'f>) -> Self {
        let mut marks = Self { entries: Default::default(), mentions: Default::default(), methods: Default::default() };
        for (id, record) in context.facts.records() {
            for (kind, fact) in &record.settings {
                for name in &fact.entries {
                    marks.entries.entry(name).or_default().push((id, *kind, fact));
                }
                for name in &fact.mentions {
                    let last = name.rsplit('.').next().unwrap_or(name);
                    marks.mentions.entry(last).or_default().push((id, *kind, fact, name));
                }
                for name in &fact.empty_methods {
                    marks.methods.entry(name).or_default().push((id, *kind, fact));
                }
            }
        }
        marks
    }

    pub(crate) fn of_module(&self, context: &Context<'_>, id: ModuleId, found: &mut Vec<Setting>) {
        let module = context.program.module(id);
        let set = |name: &str, value: ExprId, found: &mut Vec<Setting>| {
            for (record, kind, fact) in self.entries.get(name).into_iter().flatten() {
                if context.facts.is_for(*record, module.language) {
                    let at = ExprRef { module: id, expr: value };
                    let said = value_of(context, at).map(|v| fact.meaning(v));
                    found.push(setting(context, at, *record, *kind, said));
                }
            }
        };
        for (_, item) in module.exprs() {
            match &item.kind {
                ExprKind::Map(entries) => {
                    for Entry { key, value } in entries {
                        if let Some(name) = key.and_then(|k| module.string(k)) {
                            set(name.as_str(), *value, found);
                        }
                    }
                }
                ExprKind::Call { args, .. } => {
                    for arg in args {
                        if let Some(name) = arg.name {
                            set(name.as_str(), arg.value, found);
                        }
                    }
                }
                ExprKind::Assign { target, value, .. } => {
                    if let ExprKind::Member { name, .. } = module.expr(*target).kind {
                        set(name.as_str(), *value, found);
                    }
                }
                _ => {}
            }
        }
        for stmt in module.stmts() {
            if let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind
                && let ExprKind::Member { name, .. } = module.expr(*target).kind
            {
                set(name.as_str(), *value, found);
            }
        }
        self.mentioned(context, id, module, found);
        self.emptied(context, module, found);
    }

    /// Constants that are given to something; what only compares with one sets nothing.
    fn mentioned(&self, context: &Context<'_>, id: ModuleId, module: &Module, found: &mut Vec<Setting>) {
        let mut compared: FxHashSet<ExprId> = FxHashSet::default();
        for (_, item) in module.exprs() {
            match &item.kind {
                ExprKind::Binary { left, right, .. } => compared.extend([*left, *right]),
                ExprKind::Map(entries) => compared.extend(entries.iter().filter_map(|e| e.key)),
                _ => {}
            }
        }
        for (expr, item) in module.exprs() {
            let (ExprKind::Member { name, .. } | ExprKind::Name(name)) = &item.kind else { continue };
            let Some(known) = self.mentions.get(name.as_str()) else { continue };
            if compared.contains(&expr) {
                continue;
            }
            let Some(written) = module.dotted(expr) else { continue };
            for (record, kind, fact, wanted) in known {
                let alike = written == *wanted || written.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('.'));
                if alike && context.facts.is_for(*record, module.language) {
                    let at = ExprRef { module: id, expr };
                    found.push(setting(context, at, *record, *kind, fact.value.clone()));
                }
            }
        }
    }

    /// Methods that do nothing, or answer yes to everything.
    fn emptied(&self, context: &Context<'_>, module: &Module, found: &mut Vec<Setting>) {
        for (_, function) in module.functions() {
            let Some(known) = function.name.and_then(|n| self.methods.get(n.as_str())) else { continue };
            let Some(body) = &function.body else { continue };
            let says_yes = body.iter().all(|stmt| match &module.stmt(*stmt).kind {
                StmtKind::Return(None) => true,
                StmtKind::Return(Some(value)) | StmtKind::Expr(value) => is_yes(module, *value),
                StmtKind::Block(inner) => inner.is_empty(),
                _ => false,
            });
            if !says_yes {
                continue;
            }
            let span = module.span(function.name_range);
            for (record, kind, fact) in known {
                if context.facts.is_for(*record, module.language) {
                    found.push(Setting {
                        kind: *kind,
                        value: fact.value.clone(),
                        span,
                        group: span,
                        record: *record,
                        is_default: false,
                        subject: None,
                        development_only: is_development_path(context, span),
                    });
                }
            }
        }
    }
}

/// `true`, `null`, `Ok(ServerCertVerified::assertion())`.
fn is_yes(module: &Module, value: ExprId) -> bool {
    match &module.expr(value).kind {
        ExprKind::Literal(ir::Literal::Bool(yes)) => *yes,
        ExprKind::Literal(ir::Literal::Null) => true,
        ExprKind::Call { callee, args, .. } => {
            let name = match &module.expr(*callee).kind {
                ExprKind::Name(name) | ExprKind::Member { name, .. } => name.as_str(),
                _ => "",
            };
            match name {
                "Ok" => args.first().is_some_and(|a| is_yes(module, a.value)),
                "assertion" => args.is_empty(),
                _ => false,
            }
        }
        _ => false,
    }
}

fn setting(context: &Context<'_>, at: ExprRef, record: RecordId, kind: SettingKind, value: Option<String>) -> Setting {
    let span = context.program.span(at);
    Setting {
        kind,
        value,
        span,
        group: span,
        record,
        is_default: false,
        subject: None,
        development_only: context.is_development_only(at) || is_development_path(context, span),
    }
}
