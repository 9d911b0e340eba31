//! Django and Django REST framework: URLconfs, views, viewsets and routers, permissions, defaults.

mod patterns;
mod permissions;
pub(crate) mod serializers;

use base::{Language, Span, Symbol};
use ir::{ExprId, ExprKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};

use self::patterns::{UNKNOWN, clean_path, clean_pattern, library_view};
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::guards::declared;
use crate::{Guard, GuardKind, Handler, Method, Route};

/// The adapter.
pub(crate) struct Django;

impl Adapter for Django {
    fn name(&self) -> &'static str {
        "Django"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Python
            && (context.imports(module, "django") || context.imports(module, "rest_framework"))
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let confs: Vec<ModuleId> = context
            .modules()
            .filter(|m| context.program.module(*m).language == Language::Python)
            .filter(|m| context.program.scopes(*m).top.contains_key(&Symbol::new("urlpatterns")))
            .collect();
        let mut reader = Reader { context, found, defaults: Vec::new(), included: Vec::new(), within: Vec::new() };
        reader.defaults = reader.rest_defaults();
        // the roots first: settings name them, or nothing includes them
        for conf in &confs {
            reader.note_includes(*conf);
        }
        let roots: Vec<ModuleId> = confs.iter().copied().filter(|m| !reader.included.contains(m)).collect();
        let everywhere = reader.login_middleware();
        for root in roots {
            reader.conf(root, "", &everywhere);
        }
    }
}

struct Reader<'c, 'f> {
    context: &'c Context<'c>,
    found: &'f mut Found,
    /// REST framework's `DEFAULT_PERMISSION_CLASSES`.
    defaults: Vec<Guard>,
    included: Vec<ModuleId>,
    /// The entries that are being read.
    within: Vec<ExprRef>,
}

impl Reader<'_, '_> {
    fn callee(&self, at: ExprRef) -> (String, Vec<ir::Arg>) {
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Call { callee, args, .. } => {
                let name = module.dotted(*callee).unwrap_or_default();
                (name.rsplit('.').next().unwrap_or("").to_owned(), args.clone())
            }
            _ => (String::new(), Vec::new()),
        }
    }

    /// The entries of a list expression, through `+`, names and starred parts.
    fn items(&self, at: ExprRef, depth: usize) -> Vec<ExprRef> {
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if depth > 6 {
            return Vec::new();
        }
        match &module.expr(at.expr).kind {
            ExprKind::List(items) => items
                .iter()
                .flat_map(|i| match &module.expr(*i).kind {
                    ExprKind::Spread(inner) => self.items(here(*inner), depth + 1),
                    _ => vec![here(*i)],
                })
                .collect(),
            ExprKind::Binary { left, right, .. } => {
                let mut all = self.items(here(*left), depth + 1);
                all.extend(self.items(here(*right), depth + 1));
                all
            }
            ExprKind::Name(_) => {
                self.context.program.definition(at).map(|d| self.items(d, depth + 1)).unwrap_or_default()
            }
            // `[…, *router.urls]`, `urlpatterns += router.urls`
            ExprKind::Member { name, .. } if *name == "urls" => vec![at],
            // `format_suffix_patterns([…])`, `i18n_patterns(…)`
            ExprKind::Call { args, .. } => {
                let (name, _) = self.callee(at);
                match name.as_str() {
                    "i18n_patterns" | "patterns" => args.iter().map(|a| here(a.value)).collect(),
                    "format_suffix_patterns" => {
                        args.first().map(|a| self.items(here(a.value), depth + 1)).unwrap_or_default()
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Everything assigned or added to `urlpatterns` in a module.
    fn patterns(&self, id: ModuleId) -> Vec<ExprRef> {
        let module = self.context.program.module(id);
        let mut all = Vec::new();
        let mut stmts: Vec<ir::StmtId> = module.body.clone();
        let mut at = 0;
        while at < stmts.len() {
            match &module.stmt(stmts[at]).kind {
                ir::StmtKind::Assign { target, value: Some(value), .. } => {
                    if matches!(&module.expr(*target).kind, ExprKind::Name(n) if *n == "urlpatterns") {
                        all.extend(self.items(ExprRef { module: id, expr: *value }, 0));
                    }
                }
                ir::StmtKind::If { then, otherwise, .. } => {
                    let inner: Vec<_> = then.iter().chain(otherwise).copied().collect();
                    stmts.extend(inner);
                }
                ir::StmtKind::Expr(call) => {
                    if let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind
                        && matches!(
                            module.dotted(*callee).as_deref(),
                            Some("urlpatterns.append" | "urlpatterns.extend")
                        )
                        && let Some(arg) = args.first()
                    {
                        let value = ExprRef { module: id, expr: arg.value };
                        let items = self.items(value, 0);
                        if items.is_empty() { all.push(value) } else { all.extend(items) }
                    }
                }
                _ => {}
            }
            at += 1;
        }
        all
    }

    /// The module that an `include(…)` names.
    fn include_target(&self, at: ExprRef) -> Option<ModuleId> {
        let (name, args) = self.callee(at);
        if name != "include" {
            return None;
        }
        let mut target = ExprRef { module: at.module, expr: args.first()?.value };
        let module = self.context.program.module(at.module);
        if let ExprKind::List(items) = &module.expr(target.expr).kind {
            target.expr = *items.first()?;
        }
        if let Some(text) = self.context.string(target) {
            return self.context.program.module_named(at.module, text.as_str());
        }
        self.context.eval(target).iter().find_map(|v| match v {
            Value::Namespace(path) => self.context.program.module_at(path.as_str()),
            _ => None,
        })
    }

    fn note_includes(&mut self, id: ModuleId) {
        for (call, _) in self.context.program.calls(id) {
            if let Some(target) = self.include_target(ExprRef { module: id, expr: call })
                && target != id
            {
                self.included.push(target);
            }
        }
    }

    fn conf(&mut self, id: ModuleId, prefix: &str, guards: &[Guard]) {
        for entry in self.patterns(id) {
            self.entry(entry, prefix, guards);
        }
    }

    fn entry(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        // URLconfs may include each other
        if !self.within.contains(&at) {
            self.within.push(at);
            self.read_entry(at, prefix, guards);
            self.within.pop();
        }
    }

    fn read_entry(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        let (name, args) = self.callee(at);
        let span = self.context.program.span(at);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if name == "include" {
            self.include(at, prefix, guards);
            return;
        }
        if let ExprKind::Member { object, name, .. } = &self.context.program.module(at.module).expr(at.expr).kind
            && *name == "urls"
        {
            self.router(here(*object), prefix, guards);
            return;
        }
        if !matches!(name.as_str(), "path" | "re_path" | "url") {
            return;
        }
        let positional: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
        let view = args.iter().find(|a| a.name.is_some_and(|n| n == "view")).map(|a| a.value);
        let (Some(pattern), Some(view)) = (positional.first(), positional.get(1).copied().or(view)) else { return };
        let pattern = self.pattern(here(*pattern), 0);
        let pattern = if name == "path" { clean_path(&pattern) } else { clean_pattern(&pattern) };
        let full = join_path(prefix, &pattern);
        let (inner, _) = self.callee(here(view));
        if inner == "include" {
            self.include(here(view), &full, guards);
            return;
        }
        self.view(here(view), &full, span, guards, 0);
    }

    /// A pattern as text, with [`UNKNOWN`] where it is computed.
    fn pattern(&self, at: ExprRef, depth: usize) -> String {
        if let Some(text) = self.context.string(at) {
            return text.to_string();
        }
        // `_("about/")`
        let (name, args) = self.callee(at);
        if matches!(name.as_str(), "_" | "gettext_lazy" | "pgettext_lazy")
            && let Some(text) = args.last()
        {
            return self.pattern(ExprRef { module: at.module, expr: text.value }, depth + 1);
        }
        let origin = self.context.program.definition(at).unwrap_or(at);
        let module = self.context.program.module(origin.module);
        match &module.expr(origin.expr).kind {
            ExprKind::Template(parts) if depth < 6 => parts
                .iter()
                .map(|part| match part {
                    ir::Part::Text(text) => text.to_string(),
                    ir::Part::Hole(hole) => self.pattern(ExprRef { module: origin.module, expr: *hole }, depth + 1),
                })
                .collect(),
            _ => UNKNOWN.to_owned(),
        }
    }

    fn include(&mut self, at: ExprRef, prefix: &str, guards: &[Guard]) {
        if let Some(module) = self.include_target(at) {
            self.conf(module, prefix, guards);
            return;
        }
        let (_, args) = self.callee(at);
        let Some(arg) = args.first() else { return };
        let mut target = ExprRef { module: at.module, expr: arg.value };
        let module = self.context.program.module(at.module);
        // `include((patterns, "app"))`
        if let ExprKind::List(items) = &module.expr(target.expr).kind
            && let Some(first) = items.first()
            && !self.callee(ExprRef { module: at.module, expr: *first }).0.contains("path")
        {
            target.expr = *first;
        }
        if let ExprKind::Member { object, name, .. } = &module.expr(target.expr).kind
            && *name == "urls"
        {
            self.router(ExprRef { module: at.module, expr: *object }, prefix, guards);
            return;
        }
        let items = self.items(target, 0);
        if items.is_empty() && self.context.string(target).is_none_or(|t| self.is_ours(t.as_str())) {
            self.found.gap("an include that names no URLconf of the project", self.context.program.span(at));
        }
        for item in items {
            self.entry(item, prefix, guards);
        }
    }

    /// Whether a dotted module may be the project's own: its first part is a directory or file here.
    fn is_ours(&self, dotted: &str) -> bool {
        let first = dotted.split('.').next().unwrap_or("");
        self.context.program.ids().any(|m| self.context.program.path(m).starts_with(&format!("{first}/")))
    }

    /// The routes of a REST framework router, by what is registered on it.
    fn router(&mut self, router: ExprRef, prefix: &str, guards: &[Guard]) {
        if self.within.contains(&router) || self.within.len() > 40 {
            return;
        }
        self.within.push(router);
        let origins = self.context.origins(router);
        let around = origins.first().map_or(String::new(), |o| self.parent_path(*o, 0));
        let prefix = &join_path(prefix, &around);
        self.registered(&origins, prefix, guards);
        self.within.pop();
    }

    /// Where a nested router's routes begin: `NestedSimpleRouter(parent, "shops", lookup="shop")` is at
    /// `shops/{shop_pk}`.
    fn parent_path(&self, router: ExprRef, depth: usize) -> String {
        let (name, args) = self.callee(router);
        let here = |expr: ExprId| ExprRef { module: router.module, expr };
        let (true, [parent, path, ..]) = (name.contains("Nested") && depth < 5, args.as_slice()) else {
            return String::new();
        };
        let outer = self.context.origins(here(parent.value));
        let outer = outer.first().filter(|o| **o != router).map_or(String::new(), |o| self.parent_path(*o, depth + 1));
        let path = self.context.string(here(path.value)).map_or("{?}".to_owned(), |p| clean_pattern(p.as_str()));
        let lookup = args.iter().find(|a| a.name.is_some_and(|n| n == "lookup"));
        let lookup = lookup.and_then(|a| self.context.string(here(a.value))).map_or("parent".into(), |l| l.to_string());
        join_path(&join_path(&outer, &path), &format!("{{{lookup}_pk}}"))
    }

    fn registered(&mut self, origins: &[ExprRef], prefix: &str, guards: &[Guard]) {
        for id in self.context.modules() {
            let module = self.context.program.module(id);
            for (call, callee) in self.context.program.calls(id) {
                if callee.name.is_none_or(|n| n != "register" && n != "extend") {
                    continue;
                }
                let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
                let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                let here = |expr: ExprId| ExprRef { module: id, expr };
                let same = |expr: ExprId| self.context.origins(here(expr)).iter().any(|o| origins.contains(o));
                // `router.registry.extend(other.registry)`
                if *name == "extend" {
                    if let ExprKind::Member { object, name, .. } = &module.expr(*object).kind
                        && *name == "registry"
                        && let Some(arg) = args.first()
                        && let ExprKind::Member { object: other, name, .. } = &module.expr(arg.value).kind
                        && *name == "registry"
                        && same(*object)
                    {
                        self.router(here(*other), prefix, guards);
                    }
                    continue;
                }
                let same = same(*object);
                let by = |position: usize, name: &str| {
                    let named = args.iter().find(|a| a.name.is_some_and(|n| n == name));
                    named.or_else(|| args.iter().filter(|a| a.name.is_none()).nth(position)).map(|a| a.value)
                };
                let (true, Some(path), Some(view)) = (same, by(0, "prefix"), by(1, "viewset")) else { continue };
                let path = self.context.string(here(path)).map_or("{?}".to_owned(), |p| clean_pattern(p.as_str()));
                let full = join_path(prefix, &path);
                let span = module.expr_span(call);
                for value in self.context.eval(here(view)) {
                    if let Value::Class(class) = value {
                        self.viewset(class, &full, span, guards);
                    }
                }
            }
        }
    }

    fn viewset(&mut self, class: ClassRef, path: &str, span: Span, guards: &[Guard]) {
        let lookup = self.class_string(class, "lookup_url_kwarg").or(self.class_string(class, "lookup_field"));
        let lookup = lookup.unwrap_or_else(|| "pk".to_owned());
        let one = format!("{path}/{{{lookup}}}");
        let actions = [
            ("list", Method::Get, path),
            ("create", Method::Post, path),
            ("retrieve", Method::Get, &one),
            ("update", Method::Put, &one),
            ("partial_update", Method::Patch, &one),
            ("destroy", Method::Delete, &one),
        ];
        for (action, method, path) in actions {
            let function = self.context.method(class, action);
            if function.is_none() && !self.inherits_action(class, action) {
                continue;
            }
            self.add(class, function, method, path, span, guards, action);
        }
        for class_part in self.context.program.classes().lineage(class) {
            let Some(info) = self.context.program.classes().info(class_part) else { continue };
            let mut methods: Vec<FnId> = info.methods.values().flatten().copied().collect();
            methods.sort();
            for method in methods {
                self.extra_action(class, method, path, &one, guards);
            }
        }
    }

    /// `@action(detail=True, methods=["post"], url_path="x")`
    fn extra_action(&mut self, class: ClassRef, method: FnId, many: &str, one: &str, guards: &[Guard]) {
        let module = self.context.program.module(method.module);
        let item = module.function(method.function);
        for annotation in &item.annotations {
            let at = ExprRef { module: method.module, expr: *annotation };
            let (name, args) = self.callee(at);
            let detail_default = match name.as_str() {
                "action" => false,
                "detail_route" => true,
                "list_route" => false,
                _ => continue,
            };
            let by = |name: &str| args.iter().find(|a| a.name.is_some_and(|n| n == name)).map(|a| a.value);
            let detail = by("detail")
                .map_or(detail_default, |d| matches!(module.expr(d).kind, ExprKind::Literal(ir::Literal::Bool(true))));
            let path = by("url_path").and_then(|p| self.context.string(ExprRef { module: method.module, expr: p }));
            let path =
                path.map_or_else(|| item.name.map_or(String::new(), |n| n.to_string()), |p| clean_pattern(p.as_str()));
            let mut methods: Vec<Method> = match by("methods").map(|m| &module.expr(m).kind) {
                Some(ExprKind::List(items)) => {
                    items.iter().filter_map(|i| module.string(*i)).filter_map(|m| Method::of(m.as_str())).collect()
                }
                _ => vec![Method::Get],
            };
            // `@name.mapping.delete` adds a method to the action of that name
            methods.extend(self.mapped(class, item.name));
            let mut own = guards.to_vec();
            if let Some(list) = by("permission_classes") {
                own = self.permissions(ExprRef { module: method.module, expr: list });
                own.push(declared(GuardKind::Other, "permission_classes", module.expr_span(*annotation)));
            }
            let base = if detail { one } else { many };
            let span = module.expr_span(*annotation);
            let replaces = by("permission_classes").is_some();
            for verb in methods {
                let path = join_path(base, &path);
                if replaces {
                    self.push(Some(method), verb, path, span, own.clone());
                } else {
                    self.add(class, Some(method), verb, &path, span, guards, item.name.map_or("", Symbol::as_str));
                }
            }
        }
    }

    fn mapped(&self, class: ClassRef, action: Option<Symbol>) -> Vec<Method> {
        let Some(action) = action else { return Vec::new() };
        let Some(info) = self.context.program.classes().info(class) else { return Vec::new() };
        let mut found = Vec::new();
        for method in info.methods.values().flatten() {
            let module = self.context.program.module(method.module);
            for annotation in &module.function(method.function).annotations {
                if let ExprKind::Call { callee, .. } = &module.expr(*annotation).kind
                    && let Some(dotted) = module.dotted(*callee)
                    && let Some(verb) = dotted.strip_prefix(&format!("{action}.mapping."))
                {
                    found.extend(Method::of(verb));
                }
            }
        }
        found.sort();
        found
    }

    fn inherits_action(&self, class: ClassRef, action: &str) -> bool {
        let bases = self.context.program.classes().external_bases(class);
        bases.iter().any(|b| {
            let last = b.as_str().rsplit('.').next().unwrap_or("");
            match action {
                "list" => matches!(last, "ModelViewSet" | "ReadOnlyModelViewSet" | "ListModelMixin"),
                "retrieve" => matches!(last, "ModelViewSet" | "ReadOnlyModelViewSet" | "RetrieveModelMixin"),
                "create" => matches!(last, "ModelViewSet" | "CreateModelMixin"),
                "destroy" => matches!(last, "ModelViewSet" | "DestroyModelMixin"),
                _ => matches!(last, "ModelViewSet" | "UpdateModelMixin"),
            }
        })
    }

    fn class_string(&self, class: ClassRef, name: &str) -> Option<String> {
        let (part, index) = self.context.program.classes().field(class, Symbol::new(name))?;
        let init = self.context.program.class(part).fields[index as usize].init?;
        self.context.string(ExprRef { module: part.module, expr: init }).map(|s| s.to_string())
    }

    /// A view: a function, `View.as_view()`, a wrapped one.
    fn view(&mut self, at: ExprRef, path: &str, span: Span, guards: &[Guard], depth: usize) {
        let (name, args) = self.callee(at);
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if name == "as_view" {
            let ExprKind::Call { callee, .. } = &module.expr(at.expr).kind else { return };
            let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { return };
            let class = self.context.eval(here(*object)).into_iter().find_map(|v| match v {
                Value::Class(class) => Some(class),
                _ => None,
            });
            match class {
                Some(class) => self.class_view(class, &args, at.module, path, span, guards),
                None => {
                    let name = module.dotted(*object).unwrap_or_default();
                    let verbs = library_view(name.rsplit('.').next().unwrap_or(""));
                    // Django opens its own login page
                    let mut all = guards.to_vec();
                    all.retain(|g| g.name != "LoginRequiredMiddleware" || !name.ends_with("LoginView"));
                    let handler = Handler { name, function: None, span };
                    for verb in verbs {
                        let route =
                            Route::new("Django", *verb, path.to_owned(), span, Some(handler.clone()), all.clone());
                        self.found.routes.push(route);
                    }
                }
            }
            return;
        }
        // `login_required(view)`, `csrf_exempt(View.as_view())`
        if !name.is_empty() && depth < 4 {
            let mut all = guards.to_vec();
            all.extend(self.decorator(at));
            let inner = args.iter().map(|a| here(a.value)).find(|a| {
                self.callee(*a).0 == "as_view" || self.context.function(*a).is_some() || !self.callee(*a).0.is_empty()
            });
            if let Some(inner) = inner {
                self.view(inner, path, span, &all, depth + 1);
                return;
            }
        }
        let text = module.dotted(at.expr).unwrap_or_default();
        if text.ends_with("site.urls") {
            let guard = declared(GuardKind::Authorization, "admin site", span);
            let handler = Handler { name: "admin.site".into(), function: None, span };
            let path = join_path(path, "{*}");
            self.found.routes.push(Route::new("Django", Method::Any, path, span, Some(handler), vec![guard]));
            return;
        }
        if text.ends_with(".urls")
            && let ExprKind::Member { object, .. } = &module.expr(at.expr).kind
        {
            self.router(here(*object), path, guards);
            return;
        }
        let mut all = guards.to_vec();
        let Some(function) = self.context.function(at) else {
            let handler = Handler { name: text, function: None, span };
            self.found.routes.push(Route::new("Django", Method::Any, path.to_owned(), span, Some(handler), all));
            return;
        };
        let mut methods = Vec::new();
        let item_module = self.context.program.module(function.module);
        let mut rest_view = false;
        let mut own = Vec::new();
        for annotation in &item_module.function(function.function).annotations {
            let annotation = ExprRef { module: function.module, expr: *annotation };
            let (name, args) = self.callee(annotation);
            let listed = || match args.first().map(|a| &item_module.expr(a.value).kind) {
                Some(ExprKind::List(items)) => {
                    items.iter().filter_map(|i| item_module.string(*i)).filter_map(|m| Method::of(m.as_str())).collect()
                }
                _ => Vec::new(),
            };
            match name.as_str() {
                "api_view" => {
                    rest_view = true;
                    methods = listed();
                    if methods.is_empty() {
                        methods.push(Method::Get);
                    }
                }
                "require_http_methods" => methods = listed(),
                "require_POST" => methods = vec![Method::Post],
                "require_GET" | "require_safe" => methods = vec![Method::Get],
                "permission_classes" => {
                    if let Some(arg) = args.first() {
                        own = self.permissions(ExprRef { module: function.module, expr: arg.value });
                        own.push(declared(
                            GuardKind::Other,
                            "permission_classes",
                            self.context.program.span(annotation),
                        ));
                    }
                }
                _ => all.extend(self.decorator(annotation)),
            }
        }
        if rest_view && own.is_empty() {
            all.extend(self.defaults.iter().cloned());
        }
        all.extend(own);
        if methods.is_empty() {
            methods.push(Method::Any);
        }
        for method in methods {
            self.push(Some(function), method, path.to_owned(), span, all.clone());
        }
    }

    fn class_view(
        &mut self,
        class: ClassRef,
        args: &[ir::Arg],
        module_id: ModuleId,
        path: &str,
        span: Span,
        guards: &[Guard],
    ) {
        // `ViewSet.as_view({"get": "list"})`
        let module = self.context.program.module(module_id);
        if let Some(arg) = args.first()
            && let ExprKind::Map(entries) = &module.expr(arg.value).kind
        {
            for entry in entries {
                let verb = entry.key.and_then(|k| module.string(k)).and_then(|k| Method::of(k.as_str()));
                let action = module.string(entry.value);
                if let (Some(verb), Some(action)) = (verb, action) {
                    let function = self.context.method(class, action.as_str());
                    self.add(class, function, verb, path, span, guards, action.as_str());
                }
            }
            return;
        }
        let mut any = false;
        for verb in ["get", "post", "put", "patch", "delete"] {
            let function = self.context.method(class, verb);
            if function.is_some() || self.inherits_verb(class, verb) {
                any = true;
                if let Some(method) = Method::of(verb) {
                    self.add(class, function, method, path, span, guards, verb);
                }
            }
        }
        if !any {
            self.add(class, None, Method::Any, path, span, guards, "dispatch");
        }
    }

    fn inherits_verb(&self, class: ClassRef, verb: &str) -> bool {
        let Some(verb) = Method::of(verb) else { return false };
        let bases = self.context.program.classes().external_bases(class);
        bases.iter().any(|b| {
            let last = b.as_str().rsplit('.').next().unwrap_or("");
            let verbs = library_view(last);
            verbs.contains(&verb)
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn add(
        &mut self,
        class: ClassRef,
        function: Option<FnId>,
        method: Method,
        path: &str,
        span: Span,
        guards: &[Guard],
        action: &str,
    ) {
        let mut all = guards.to_vec();
        all.extend(self.class_guards(class, action, method));
        if let Some(function) = function {
            let module = self.context.program.module(function.module);
            for annotation in module.function(function.function).annotations.clone() {
                all.extend(self.decorators(ExprRef { module: function.module, expr: annotation }));
            }
        }
        match function {
            Some(_) => self.push(function, method, path.to_owned(), span, all),
            None => {
                let name = format!("{}.{action}", self.context.program.class(class).name);
                let item = self.context.program.module(class.module);
                let at = item.span(self.context.program.class(class).name_range);
                let handler = Handler { name, function: None, span: at };
                self.found.routes.push(Route::new("Django", method, path.to_owned(), span, Some(handler), all));
            }
        }
    }

    fn push(&mut self, function: Option<FnId>, method: Method, path: String, span: Span, guards: Vec<Guard>) {
        let handler = function.map(|f| Handler {
            name: self.context.program.function_name(f),
            function: Some(f),
            span: self.context.function_span(f),
        });
        self.found.routes.push(Route::new("Django", method, path, span, handler, guards));
    }
}
