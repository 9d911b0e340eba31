//! What stands before Django's views: decorators, mixins, permission classes, middleware.

use base::{Span, Symbol};
use ir::ExprKind;
use program::{ClassRef, ExprRef, FnId};

use super::Reader;
use crate::guards::declared;
use crate::{Guard, GuardKind, Method};

impl Reader<'_, '_> {
    /// Decorators and mixins of a class, its permission classes or the defaults.
    pub(super) fn class_guards(&self, class: ClassRef, action: &str, method: Method) -> Vec<Guard> {
        let mut guards = Vec::new();
        let item = self.context.program.class(class);
        for part in self.context.program.classes().lineage(class) {
            for annotation in &self.context.program.class(part).annotations {
                let annotation = ExprRef { module: part.module, expr: *annotation };
                // `@method_decorator(login_required, name="get")` is of that method alone
                let (_, args) = self.callee(annotation);
                let name = args.iter().find(|a| a.name.is_some_and(|n| n == "name"));
                let name = name.and_then(|a| self.context.string(ExprRef { module: part.module, expr: a.value }));
                if name.is_none_or(|n| n == "dispatch" || n == action || n.as_str().eq_ignore_ascii_case(method.name()))
                {
                    guards.extend(self.decorators(annotation));
                }
            }
        }
        // every request goes through `dispatch`
        for name in ["dispatch", "setup"] {
            let Some(dispatch) = self.context.method(class, name) else { continue };
            let module = self.context.program.module(dispatch.module);
            for annotation in &module.function(dispatch.function).annotations {
                guards.extend(self.decorators(ExprRef { module: dispatch.module, expr: *annotation }));
            }
        }
        let bases = self.context.program.classes().external_bases(class);
        let at = self.context.program.module(class.module).span(item.name_range);
        let mut is_rest = false;
        for base in &bases {
            let last = base.as_str().rsplit('.').next().unwrap_or("");
            is_rest |= base.as_str().starts_with("rest_framework");
            let kind = match last {
                "LoginRequiredMixin" | "AccessMixin" => GuardKind::Authentication,
                "PermissionRequiredMixin" | "UserPassesTestMixin" => GuardKind::Authorization,
                _ => continue,
            };
            guards.push(declared(kind, last, at));
        }
        for class in self.context.program.classes().lineage(class) {
            let name = self.context.program.class(class).name;
            let words = crate::guards::words(name.as_str());
            if words.iter().any(|w| w == "mixin") && self.context.method(class, "dispatch").is_some() {
                let kind = crate::guards::by_name(name.as_str());
                guards.push(declared(kind, name.as_str(), at));
            }
        }
        if let Some(method_id) = self.context.method(class, "get_permissions")
            && let Some(chosen) = self.chosen_permissions(method_id, action)
        {
            guards.extend(self.weigh(chosen, method));
            return guards;
        }
        match self.context.program.classes().field(class, Symbol::new("permission_classes")) {
            Some((part, index)) => {
                if let Some(init) = self.context.program.class(part).fields[index as usize].init {
                    let found = self.permissions(ExprRef { module: part.module, expr: init });
                    guards.extend(self.weigh(found, method));
                }
            }
            None if is_rest => guards.extend(self.weigh(self.defaults.clone(), method)),
            None => {}
        }
        guards
    }

    /// `IsAuthenticatedOrReadOnly` opens reading.
    pub(super) fn weigh(&self, guards: Vec<Guard>, method: Method) -> Vec<Guard> {
        let weigh = |mut guard: Guard| {
            if guard.name.contains("ReadOnly") {
                guard.kind =
                    if method.is_safe() { GuardKind::OptionalAuthentication } else { GuardKind::Authentication };
            }
            guard
        };
        guards.into_iter().map(weigh).collect()
    }

    /// What `get_permissions` gives for an action: the branch that names it, or else the others.
    pub(super) fn chosen_permissions(&self, method: FnId, action: &str) -> Option<Vec<Guard>> {
        let module = self.context.program.module(method.module);
        let body = module.function(method.function).body.as_ref()?;
        let mut open = false;
        let mut guards = Vec::new();
        for stmt in body {
            if let ir::StmtKind::If { cond, then, otherwise } = &module.stmt(*stmt).kind {
                let text = self.context.sources.text(module.expr_span(*cond));
                let names = text.contains(&format!("'{action}'")) || text.contains(&format!("\"{action}\""));
                let negated = text.contains("not in") || text.contains("!=");
                let branch = if names != negated { then } else { otherwise };
                for inner in branch {
                    let range = module.span(module.stmt(*inner).range);
                    open = true;
                    guards.extend(self.permission_names(self.context.sources.text(range), range));
                }
            }
        }
        open.then_some(guards).filter(|g| !g.is_empty())
    }

    pub(super) fn permission_names(&self, text: &str, span: Span) -> Vec<Guard> {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let named = words.filter(|w| w.starts_with("Is") || w.starts_with("Allow") || w.ends_with("Permission"));
        named.map(|w| declared(permission_kind(w), w, span)).collect()
    }

    /// The classes in a `permission_classes` list or tuple.
    pub(super) fn permissions(&self, at: ExprRef) -> Vec<Guard> {
        // a list is often named, and the name imported under another
        let mut at = at;
        for _ in 0..8 {
            match self.context.program.definition(at) {
                Some(definition) if !matches!(self.context.program.expr(at).kind, ExprKind::List(_)) => at = definition,
                _ => break,
            }
        }
        let module = self.context.program.module(at.module);
        let items = match &module.expr(at.expr).kind {
            ExprKind::List(items) => items.clone(),
            _ => vec![at.expr],
        };
        let mut guards = Vec::new();
        for item in items {
            let span = module.expr_span(item);
            let text = self.context.sources.text(span).to_owned();
            let name = module.dotted(item).unwrap_or(text);
            let last = name.rsplit('.').next().unwrap_or(&name).to_owned();
            guards.push(declared(permission_kind(&last), &last, span));
        }
        guards
    }

    /// The guards of a decorator; `method_decorator([a, b])` has several.
    pub(super) fn decorators(&self, at: ExprRef) -> Vec<Guard> {
        let (name, args) = self.callee(at);
        let module = self.context.program.module(at.module);
        if name == "method_decorator"
            && let Some(first) = args.first()
            && let ExprKind::List(items) = &module.expr(first.value).kind
        {
            let each = items.iter().map(|expr| ExprRef { module: at.module, expr: *expr });
            return each.filter_map(|d| self.named_decorator(d).or_else(|| self.decorator(d))).collect();
        }
        self.decorator(at).into_iter().collect()
    }

    /// A decorator that is named and not called: `login_required` in a list.
    pub(super) fn named_decorator(&self, at: ExprRef) -> Option<Guard> {
        let module = self.context.program.module(at.module);
        let text = module.dotted(at.expr)?;
        let name = text.rsplit('.').next().unwrap_or("");
        let kind = match name {
            "login_required" => GuardKind::Authentication,
            "staff_member_required" => GuardKind::Authorization,
            "csrf_protect" => GuardKind::Csrf,
            "login_not_required" => GuardKind::Anonymous,
            _ => {
                let guard = self.context.guard(at);
                return (guard.kind != GuardKind::Other && guard.evidence > base::Evidence::Suspected).then_some(guard);
            }
        };
        Some(declared(kind, name, self.context.program.span(at)))
    }

    pub(super) fn decorator(&self, at: ExprRef) -> Option<Guard> {
        let (name, args) = self.callee(at);
        let span = self.context.program.span(at);
        let kind = match name.as_str() {
            "login_required" => GuardKind::Authentication,
            "permission_required" | "user_passes_test" | "staff_member_required" | "superuser_required" => {
                GuardKind::Authorization
            }
            "csrf_protect" => GuardKind::Csrf,
            "csrf_exempt" => GuardKind::Other,
            "login_not_required" | "login_exempt" => GuardKind::Anonymous,
            "ratelimit" => GuardKind::RateLimit,
            "method_decorator" => {
                let inner = ExprRef { module: at.module, expr: args.first()?.value };
                return self.named_decorator(inner).or_else(|| self.decorator(inner));
            }
            "" => return None,
            _ => {
                let guard = self.context.guard(at);
                return (guard.kind != GuardKind::Other && guard.evidence > base::Evidence::Suspected).then_some(guard);
            }
        };
        Some(declared(kind, &name, span))
    }

    /// A middleware in `MIDDLEWARE` that asks every request for a login.
    pub(super) fn login_middleware(&self) -> Vec<Guard> {
        for id in self.context.modules() {
            let module = self.context.program.module(id);
            for name in ["MIDDLEWARE", "MIDDLEWARE_CLASSES"] {
                for (at, list) in self.context.program.named_values(id, Symbol::new(name)) {
                    for item in self.context.program.items(ExprRef { module: at, expr: list }) {
                        let text = self.context.string(item).map_or("", |t| t.as_str());
                        let last = text.rsplit('.').next().unwrap_or("");
                        if text == "django.contrib.auth.middleware.LoginRequiredMiddleware" {
                            let span = module.span(self.context.program.expr(item).range);
                            return vec![declared(GuardKind::Authentication, last, span)];
                        }
                    }
                }
            }
        }
        Vec::new()
    }

    /// `REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"]`
    pub(super) fn rest_defaults(&self) -> Vec<Guard> {
        for id in self.context.modules() {
            let module = self.context.program.module(id);
            for (expr, item) in module.exprs() {
                if !matches!(item.kind, ExprKind::Map(_)) {
                    continue;
                }
                let at = ExprRef { module: id, expr };
                let Some(list) = self.context.entry(at, "DEFAULT_PERMISSION_CLASSES") else { continue };
                let ExprKind::List(items) = &module.expr(list.expr).kind else { continue };
                return items
                    .iter()
                    .map(|i| {
                        let text = module.string(*i).map_or(String::new(), |s| s.to_string());
                        let last = text.rsplit('.').next().unwrap_or("").to_owned();
                        declared(permission_kind(&last), &last, module.expr_span(*i))
                    })
                    .collect();
            }
        }
        Vec::new()
    }
}

fn permission_kind(name: &str) -> GuardKind {
    match name {
        "AllowAny" => GuardKind::Anonymous,
        "IsAuthenticated" => GuardKind::Authentication,
        _ if name.contains("ReadOnly") => GuardKind::OptionalAuthentication,
        _ => GuardKind::Authorization,
    }
}
