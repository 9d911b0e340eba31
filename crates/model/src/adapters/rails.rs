//! Ruby on Rails: the routing DSL, and what stands before controllers' actions.

mod filters;

use base::Language;
use ir::{Arg, ExprId, ExprKind, FunctionId, StmtKind};
use program::{ClassRef, ExprRef, ModuleId};

use self::filters::action_guards;
use super::{Adapter, Context, Found};
use crate::entities::join_path;
use crate::guards::declared;
use crate::{Auth, Guard, GuardKind, Handler, Method, Route};

/// The adapter.
pub(crate) struct Rails;

impl Adapter for Rails {
    fn name(&self) -> &'static str {
        "Ruby on Rails"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        let path = context.program.path(module);
        context.program.module(module).language == Language::Ruby && is_routes(path)
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut reader =
            Reader { context, found, concerns: Vec::new(), within: Vec::new(), draws: 0, bound: Vec::new() };
        for id in context.modules() {
            let path = context.program.path(id);
            if context.program.module(id).language == Language::Ruby && path.ends_with("routes.rb") && is_routes(path) {
                let body = context.program.module(id).body.clone();
                reader.stmts(id, &body, &Scope::default());
            }
        }
    }
}

fn is_routes(path: &str) -> bool {
    path == "config/routes.rb" || path.ends_with("/config/routes.rb") || path.contains("config/routes/")
}

/// What the blocks around a line of the DSL say.
#[derive(Clone, Debug, Default)]
struct Scope {
    path: String,
    /// Module of the controllers: `Api.V1`.
    module: String,
    controller: Option<String>,
    /// The path of one member, and of the collection, within `resources`.
    member: Option<String>,
    collection: Option<String>,
    on: On,
    only: Option<Vec<String>>,
    except: Option<Vec<String>>,
    guards: Vec<Guard>,
    /// Where members of nested resources are: below this path alone.
    shallow: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum On {
    #[default]
    Outside,
    Nested,
    Member,
    Collection,
}

struct Reader<'c, 'f> {
    context: &'c Context<'c>,
    found: &'f mut Found,
    concerns: Vec<(String, ModuleId, FunctionId)>,
    /// The concerns that are being read: one may name itself.
    within: Vec<String>,
    draws: u32,
    /// Variables of loops around.
    bound: Vec<(base::Symbol, String)>,
}

const ACTIONS: [(&str, Method, bool, &str); 7] = [
    ("index", Method::Get, false, ""),
    ("create", Method::Post, false, ""),
    ("new", Method::Get, false, "new"),
    ("edit", Method::Get, true, "edit"),
    ("show", Method::Get, true, ""),
    ("update", Method::Patch, true, ""),
    ("destroy", Method::Delete, true, ""),
];

impl Reader<'_, '_> {
    fn stmts(&mut self, id: ModuleId, block: &[ir::StmtId], scope: &Scope) {
        let module = self.context.program.module(id);
        for stmt in block {
            match &module.stmt(*stmt).kind {
                StmtKind::Expr(e) | StmtKind::Return(Some(e)) => self.call(id, *e, scope),
                StmtKind::If { then, otherwise, .. } => {
                    self.stmts(id, then, scope);
                    self.stmts(id, otherwise, scope);
                }
                StmtKind::Block(inner) => self.stmts(id, inner, scope),
                _ => {}
            }
        }
    }

    fn block(&mut self, id: ModuleId, block: Option<FunctionId>, scope: &Scope) {
        if let Some(block) = block
            && let Some(body) = self.context.program.module(id).function(block).body.clone()
        {
            self.stmts(id, &body, scope);
        }
    }

    fn text(&self, id: ModuleId, expr: ExprId) -> Option<String> {
        let module = self.context.program.module(id);
        match &module.expr(expr).kind {
            ExprKind::Name(name) => {
                if let Some((_, value)) = self.bound.iter().rev().find(|(n, _)| n == name) {
                    return Some(value.clone());
                }
            }
            ExprKind::Template(parts) if !self.bound.is_empty() => {
                let part = |part: &ir::Part| match part {
                    ir::Part::Text(text) => Some(text.to_string()),
                    ir::Part::Hole(hole) => self.text(id, *hole),
                };
                return parts.iter().map(part).collect();
            }
            _ => {}
        }
        self.context.string(ExprRef { module: id, expr }).map(|s| s.to_string())
    }

    fn option(&self, id: ModuleId, args: &[Arg], name: &str) -> Option<String> {
        let arg = args.iter().find(|a| a.name.is_some_and(|n| n == name))?;
        self.text(id, arg.value)
    }

    /// A list of symbols: `only: [:a]`, `only: :a`, `%i[a b]`.
    fn list(&self, id: ModuleId, args: &[Arg], name: &str) -> Option<Vec<String>> {
        let arg = args.iter().find(|a| a.name.is_some_and(|n| n == name))?;
        Some(strings(self.context, id, arg.value))
    }

    fn call(&mut self, id: ModuleId, expr: ExprId, scope: &Scope) {
        let module = self.context.program.module(id);
        let ExprKind::Call { callee, args, block, .. } = &module.expr(expr).kind else { return };
        let (args, block) = (args.clone(), *block);
        let name = match &module.expr(*callee).kind {
            ExprKind::Name(name) => name.as_str(),
            // `Rails.application.routes.draw`, an engine's `Shop::Engine.routes.draw`, `Shop::Engine.add_routes`
            ExprKind::Member { object, name, .. } if matches!(name.as_str(), "draw" | "add_routes" | "append") => {
                let inner = self.engine(id, *object, scope);
                return self.block(id, block, &inner);
            }
            // `%w[terms imprint].each do |page|`
            ExprKind::Member { object, name, .. } if *name == "each" => {
                let param = block.and_then(|b| module.function(b).params.first().map(|p| p.name));
                let Some(param) = param else { return };
                for item in self.context.program.items(ExprRef { module: id, expr: *object }) {
                    let Some(value) = self.context.string(item) else { continue };
                    self.bound.push((param, value.to_string()));
                    self.block(id, block, scope);
                    self.bound.pop();
                }
                return;
            }
            // `with_options only: :index do |index| index.resources :users`
            ExprKind::Member { object, name, .. } if matches!(module.expr(*object).kind, ExprKind::Name(_)) => {
                name.as_str()
            }
            _ => return,
        };
        let positional: Vec<ExprId> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value).collect();
        let first = positional.first().and_then(|e| self.text(id, *e));
        match name {
            "namespace" => {
                let Some(first) = first else { return };
                let mut inner = scope.clone();
                let path = self.option(id, &args, "path").unwrap_or_else(|| first.clone());
                inner.path = join_path(&nest(scope), &path);
                inner.module = join_module(&scope.module, &self.option(id, &args, "module").unwrap_or(first));
                leave_resource(&mut inner);
                self.block(id, block, &inner);
            }
            "scope" => {
                let mut inner = scope.clone();
                let path = self.option(id, &args, "path").or(first).unwrap_or_default();
                inner.path = join_path(&nest(scope), &brace(&path));
                if let Some(module) = self.option(id, &args, "module") {
                    inner.module = join_module(&scope.module, &module);
                }
                if let Some(controller) = self.option(id, &args, "controller") {
                    inner.controller = Some(controller);
                }
                if scope.on != On::Outside && path.is_empty() {
                    inner.path = scope.path.clone();
                } else {
                    leave_resource(&mut inner);
                }
                self.block(id, block, &inner);
            }
            "controller" => {
                let mut inner = scope.clone();
                inner.controller = first;
                self.block(id, block, &inner);
            }
            "with_options" => {
                let mut inner = scope.clone();
                inner.only = self.list(id, &args, "only").or(inner.only);
                inner.except = self.list(id, &args, "except").or(inner.except);
                self.block(id, block, &inner);
            }
            "shallow" => {
                let mut inner = scope.clone();
                inner.shallow = Some(nest(scope));
                self.block(id, block, &inner);
            }
            "constraints" | "defaults" | "direct" | "resolve" | "unauthenticated" | "devise_scope" => {
                self.block(id, block, scope);
            }
            "authenticate" | "authenticated" => {
                let mut inner = scope.clone();
                inner.guards.push(declared(GuardKind::Authentication, name, module.expr_span(expr)));
                self.block(id, block, &inner);
            }
            "concern" => {
                if let (Some(first), Some(block)) = (first, block) {
                    self.concerns.push((first, id, block));
                }
            }
            "concerns" => {
                for arg in &args {
                    for concern in strings(self.context, id, arg.value) {
                        self.concern(&concern, scope);
                    }
                }
            }
            "resources" | "resource" => {
                for arg in positional {
                    if let Some(resource) = self.text(id, arg) {
                        self.resource(id, expr, name == "resource", &resource, &args, block, scope);
                    }
                }
            }
            "member" | "collection" | "nested" => {
                let mut inner = scope.clone();
                inner.on = match name {
                    "member" => On::Member,
                    "collection" => On::Collection,
                    _ => On::Nested,
                };
                self.block(id, block, &inner);
            }
            "get" | "post" | "put" | "patch" | "delete" | "match" => self.verb(id, expr, name, &args, scope),
            "root" => self.root(id, expr, &args, first, scope),
            "mount" => self.found.gap("a mounted engine or application", module.expr_span(expr)),
            "devise_for" => self.devise(id, expr, &args, first, scope),
            "draw" => {
                let Some(name) = first else { return };
                let path = format!("config/routes/{name}.rb");
                let base = self.context.program.path(id);
                let prefix = base.strip_suffix("config/routes.rb").unwrap_or("");
                if let Some(target) = self.context.program.module_at(&format!("{prefix}{path}"))
                    && self.draws < 64
                {
                    self.draws += 1;
                    let body = self.context.program.module(target).body.clone();
                    self.stmts(target, &body, scope);
                }
            }
            "use_doorkeeper" | "health_check_routes" => self.found.gap("routes of a library", module.expr_span(expr)),
            _ => self.block(id, block, scope),
        }
    }

    /// The scope of an engine's routes: where it is mounted, and the namespace of its controllers.
    fn engine(&self, id: ModuleId, receiver: ExprId, scope: &Scope) -> Scope {
        let mut inner = scope.clone();
        let module = self.context.program.module(id);
        let written = dotted_call(module, receiver).unwrap_or_default();
        let engine = written.strip_suffix(".routes").unwrap_or(&written);
        if !engine.ends_with("Engine") {
            return inner;
        }
        inner.module = self.isolated(engine).unwrap_or_else(|| engine.split('.').next().unwrap_or("").to_owned());
        inner.path = self.mount_of(engine).unwrap_or_default();
        inner
    }

    /// `isolate_namespace Shop` in the class of an engine.
    fn isolated(&self, engine: &str) -> Option<String> {
        let program = self.context.program;
        program.classes().all().into_iter().filter(|(_, i)| i.full_name.is_some_and(|n| n == engine)).find_map(
            |(class, _)| {
                let module = program.module(class.module);
                program.class(class).body.iter().find_map(|s| match &module.stmt(*s).kind {
                    StmtKind::Expr(e) | StmtKind::Return(Some(e)) => match &module.expr(*e).kind {
                        ExprKind::Call { callee, args, .. }
                            if matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "isolate_namespace") =>
                        {
                            module.dotted(args.first()?.value)
                        }
                        _ => None,
                    },
                    _ => None,
                })
            },
        )
    }

    /// `mount Shop::Engine, at: "/shop"` and `mount Shop::Engine => "/shop"`, in any routes of the repository.
    fn mount_of(&self, engine: &str) -> Option<String> {
        let program = self.context.program;
        self.context.modules().filter(|m| is_routes(program.path(*m))).find_map(|id| {
            let module = program.module(id);
            module.exprs().find_map(|(_, e)| {
                let ExprKind::Call { callee, args, .. } = &e.kind else { return None };
                if !matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "mount") {
                    return None;
                }
                let is_engine = |e: ExprId| module.dotted(e).is_some_and(|d| d == engine);
                let first = args.first()?.value;
                if is_engine(first) {
                    return self.option(id, args, "at");
                }
                let ExprKind::Map(entries) = &module.expr(first).kind else { return None };
                let entry = entries.iter().find(|e| e.key.is_some_and(is_engine))?;
                self.text(id, entry.value)
            })
        })
    }

    fn concern(&mut self, name: &str, scope: &Scope) {
        let found = self.concerns.iter().find(|(n, ..)| n == name).cloned();
        if let Some((name, id, block)) = found
            && !self.within.contains(&name)
        {
            self.within.push(name);
            self.block(id, Some(block), scope);
            self.within.pop();
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn resource(
        &mut self,
        id: ModuleId,
        expr: ExprId,
        singular: bool,
        name: &str,
        args: &[Arg],
        block: Option<FunctionId>,
        scope: &Scope,
    ) {
        let path = self.option(id, args, "path").unwrap_or_else(|| name.to_owned());
        let collection = join_path(&nest(scope), &brace(&path));
        let param = self.option(id, args, "param").unwrap_or_else(|| "id".to_owned());
        let is_shallow = args.iter().any(|a| {
            a.name.is_some_and(|n| n == "shallow")
                && matches!(
                    self.context.program.module(id).expr(a.value).kind,
                    ExprKind::Literal(ir::Literal::Bool(true))
                )
        });
        let shallow = scope.shallow.clone().or_else(|| is_shallow.then(|| nest(scope)));
        let alone = shallow.as_ref().map_or_else(|| collection.clone(), |base| join_path(base, &brace(&path)));
        let member = if singular { collection.clone() } else { format!("{alone}/{{{param}}}") };
        let controller = self.option(id, args, "controller");
        let controller = controller.unwrap_or_else(|| if singular { plural(name) } else { name.to_owned() });
        let mut inner = scope.clone();
        if let Some(module) = self.option(id, args, "module") {
            inner.module = join_module(&scope.module, &module);
        }
        inner.controller = Some(controller);
        inner.on = On::Nested;
        inner.collection = Some(collection.clone());
        inner.member = Some(member.clone());
        inner.path = match singular {
            true => collection.clone(),
            false => format!("{alone}/{{{}_{param}}}", single(name)),
        };
        inner.shallow = shallow;
        let renamed = args
            .iter()
            .find(|a| a.name.is_some_and(|n| n == "path_names"))
            .map(|a| ExprRef { module: id, expr: a.value });
        let only = self.list(id, args, "only").or_else(|| scope.only.clone());
        let except = self.list(id, args, "except").or_else(|| scope.except.clone());
        let api_only = self.api_only();
        for (action, method, on_member, suffix) in ACTIONS {
            let wanted = match (&only, &except) {
                (Some(only), _) => only.iter().any(|o| o == action),
                (None, Some(except)) => !except.iter().any(|e| e == action),
                (None, None) => !(api_only && matches!(action, "new" | "edit")),
            };
            if !wanted || singular && action == "index" {
                continue;
            }
            let base = if on_member { &member } else { &collection };
            let suffix = renamed
                .filter(|_| !suffix.is_empty())
                .and_then(|m| self.context.entry(m, suffix))
                .and_then(|e| self.context.string(e))
                .map_or(suffix, |s| s.as_str());
            let path = join_path(base, suffix);
            self.add(id, expr, method, path.clone(), &inner, action);
            if action == "update" {
                self.add(id, expr, Method::Put, path, &inner, action);
            }
        }
        inner.only = None;
        inner.except = None;
        if let Some(list) = self.list(id, args, "concerns") {
            for concern in list {
                self.concern(&concern, &inner);
            }
        }
        self.block(id, block, &inner);
    }

    /// `config.api_only = true`
    fn api_only(&self) -> bool {
        let found = self.context.program.module_at("config/application.rb");
        found.is_some_and(|m| {
            let module = self.context.program.module(m);
            self.context.sources.file(module.file).text.contains("api_only = true")
        })
    }

    fn verb(&mut self, id: ModuleId, expr: ExprId, verb: &str, args: &[Arg], scope: &Scope) {
        let module = self.context.program.module(id);
        let mut methods: Vec<Method> = Method::of(verb).into_iter().collect();
        if verb == "match" {
            let via = self.list(id, args, "via").unwrap_or_default();
            methods = via.iter().filter_map(|v| Method::of(v)).collect();
            if methods.is_empty() {
                methods.push(Method::Any);
            }
        }
        let to = self.option(id, args, "to");
        let action = self.option(id, args, "action");
        let on = match self.option(id, args, "on").as_deref() {
            Some("member") => On::Member,
            Some("collection") => On::Collection,
            _ => scope.on,
        };
        let mut targets: Vec<(String, Option<String>)> = Vec::new();
        for arg in args.iter().filter(|a| a.name.is_none()) {
            match &module.expr(arg.value).kind {
                // `get "path" => "controller#action"`
                ExprKind::Map(entries) => {
                    for entry in entries {
                        let path = entry.key.and_then(|k| self.text(id, k));
                        targets.extend(path.map(|p| (p, self.text(id, entry.value))));
                    }
                }
                _ => targets.extend(self.text(id, arg.value).map(|p| (p, None))),
            }
        }
        for (path, target) in targets {
            let base = match on {
                On::Member => scope.member.clone().unwrap_or_else(|| scope.path.clone()),
                On::Collection => scope.collection.clone().unwrap_or_else(|| scope.path.clone()),
                On::Nested | On::Outside => scope.path.clone(),
            };
            let full = join_path(&base, &brace(path.split("(.").next().unwrap_or(&path)));
            let target = target.or_else(|| to.clone());
            let mut inner = scope.clone();
            let name = match target.as_deref().and_then(|t| t.split_once('#')) {
                Some((controller, action)) => {
                    if !controller.is_empty() {
                        inner.controller = Some(controller.to_owned());
                    }
                    action.to_owned()
                }
                None => match (&action, &target) {
                    (Some(action), _) => action.clone(),
                    (None, Some(target)) if !target.is_empty() => target.clone(),
                    _ => {
                        // `get "photos/show"` is photos#show
                        let plain = path.trim_start_matches('/');
                        match plain.rsplit_once('/').filter(|_| scope.on == On::Outside && !plain.contains(':')) {
                            Some((controller, action)) => {
                                inner.controller = Some(controller.to_owned());
                                action.to_owned()
                            }
                            None => plain.replace('-', "_"),
                        }
                    }
                },
            };
            if let Some(controller) = self.option(id, args, "controller") {
                inner.controller = Some(controller);
            }
            if let Some(module) = self.option(id, args, "module") {
                inner.module = join_module(&scope.module, &module);
            }
            for method in &methods {
                self.add(id, expr, *method, full.clone(), &inner, &name);
            }
        }
    }

    fn root(&mut self, id: ModuleId, expr: ExprId, args: &[Arg], first: Option<String>, scope: &Scope) {
        let target = self.option(id, args, "to").or(first).unwrap_or_default();
        let mut inner = scope.clone();
        let (controller, action) = target.split_once('#').unwrap_or((&target, "index"));
        inner.controller = Some(controller.to_owned());
        let path = join_path(&scope.path, "");
        self.add(id, expr, Method::Get, path, &inner, action);
    }

    /// Devise's own routes: sessions and registrations of a mapping.
    fn devise(&mut self, id: ModuleId, expr: ExprId, args: &[Arg], first: Option<String>, scope: &Scope) {
        let Some(name) = first else { return };
        let span = self.context.program.module(id).expr_span(expr);
        let path = self.option(id, args, "path").unwrap_or(name.clone());
        let base = join_path(&nest(scope), &path);
        let names = args
            .iter()
            .find(|a| a.name.is_some_and(|n| n == "path_names"))
            .map(|a| ExprRef { module: id, expr: a.value });
        let named = |key: &str, default: &str| {
            let entry = names.and_then(|m| self.context.entry(m, key));
            entry.and_then(|e| self.context.string(e)).map_or(default.to_owned(), |s| s.to_string())
        };
        let sign_in = named("sign_in", "sign_in");
        let sign_out = named("sign_out", "sign_out");
        let sign_up = named("sign_up", "sign_up");
        let controllers = args
            .iter()
            .find(|a| a.name.is_some_and(|n| n == "controllers"))
            .map(|a| ExprRef { module: id, expr: a.value });
        let skipped = self.list(id, args, "skip").unwrap_or_default();
        let only = self.list(id, args, "only");
        let wanted = |part: &str| {
            !skipped.iter().any(|s| s == part || s == "all")
                && only.as_ref().is_none_or(|o| o.iter().any(|x| x == part))
        };
        let mut table: Vec<(Method, String, &str, bool)> = Vec::new();
        if wanted("sessions") {
            table.push((Method::Get, sign_in.clone(), "sessions#new", false));
            table.push((Method::Post, sign_in, "sessions#create", false));
            let via = self.list(id, args, "sign_out_via").unwrap_or_else(|| vec!["delete".to_owned()]);
            for method in via.iter().filter_map(|m| Method::of(m)) {
                table.push((method, sign_out.clone(), "sessions#destroy", false));
            }
        }
        if wanted("registrations") {
            table.push((Method::Get, sign_up, "registrations#new", false));
            table.push((Method::Post, String::new(), "registrations#create", false));
            table.push((Method::Put, String::new(), "registrations#update", true));
            table.push((Method::Patch, String::new(), "registrations#update", true));
            table.push((Method::Delete, String::new(), "registrations#destroy", true));
            table.push((Method::Get, "edit".into(), "registrations#edit", true));
            table.push((Method::Get, "cancel".into(), "registrations#cancel", false));
        }
        if wanted("passwords") && self.devise_module(&name, "recoverable") {
            for (method, suffix, action) in [
                (Method::Get, "password/new", "passwords#new"),
                (Method::Get, "password/edit", "passwords#edit"),
                (Method::Post, "password", "passwords#create"),
                (Method::Put, "password", "passwords#update"),
                (Method::Patch, "password", "passwords#update"),
            ] {
                table.push((method, suffix.into(), action, false));
            }
        }
        for (method, suffix, action, required) in table {
            let mut guards = scope.guards.clone();
            if required {
                guards.push(declared(GuardKind::Authentication, "authenticate_scope!", span));
            }
            let mut handler = Handler { name: format!("devise/{action}"), function: None, span };
            // a controller of the project's own
            let (part, method_name) = action.split_once('#').unwrap_or((action, ""));
            let own = controllers.and_then(|c| self.context.entry(c, part)).and_then(|e| self.context.string(e));
            if let Some(own) = own {
                handler.name = format!("{own}#{method_name}");
                let class = controller_class(self.context, "", own.as_str());
                if let Some(function) = class.and_then(|c| self.context.method(c, method_name)) {
                    handler.function = Some(function);
                    handler.span = self.context.function_span(function);
                }
            }
            let path = join_path(&base, &suffix);
            self.found.routes.push(Route::new("Ruby on Rails", method, path, span, Some(handler), guards));
        }
    }

    /// Whether a model names a module of Devise.
    fn devise_module(&self, mapping: &str, part: &str) -> bool {
        let class = camel(&single(mapping));
        self.context.program.classes().all().iter().any(|(class_ref, _)| {
            let item = self.context.program.class(*class_ref);
            item.name == class.as_str() && {
                let module = self.context.program.module(class_ref.module);
                self.context.sources.text(module.span(item.range)).contains(&format!(":{part}"))
            }
        })
    }

    fn add(&mut self, id: ModuleId, expr: ExprId, method: Method, path: String, scope: &Scope, action: &str) {
        let span = self.context.program.module(id).expr_span(expr);
        let controller = scope.controller.clone().unwrap_or_default();
        let name = format!("{}#{action}", join_module(&scope.module, &controller).replace('.', "/"));
        let class = controller_class(self.context, &scope.module, &controller);
        let function = class.and_then(|c| self.context.method(c, action));
        let mut guards = scope.guards.clone();
        let handler = match (class, function) {
            (Some(class), function) => {
                // a controller opens what its own filters closed, and not what the routes ask for
                let is_closed = Route::auth_of(&guards) == Auth::Required;
                let opens = |g: &Guard| g.kind == GuardKind::Anonymous;
                guards.extend(
                    action_guards(self.context, class, action).into_iter().filter(|g| !(is_closed && opens(g))),
                );
                let at = match function {
                    Some(function) => self.context.function_span(function),
                    None => {
                        let module = self.context.program.module(class.module);
                        module.span(self.context.program.class(class).name_range)
                    }
                };
                Handler { name, function, span: at }
            }
            (None, _) => Handler { name, function: None, span },
        };
        // the routing table names it, but nothing answers: only these may be a template alone
        let template = matches!(action, "index" | "show" | "new" | "edit") || method == Method::Get;
        let answers = class.is_none() || function.is_some() || template;
        let handler = answers.then_some(handler);
        self.found.routes.push(Route::new("Ruby on Rails", method, path, span, handler, guards));
    }
}

/// Where nested lines go: below a member of the resource around.
fn nest(scope: &Scope) -> String {
    match scope.on {
        On::Member => scope.member.clone().unwrap_or_else(|| scope.path.clone()),
        On::Collection => scope.collection.clone().unwrap_or_else(|| scope.path.clone()),
        _ => scope.path.clone(),
    }
}

fn leave_resource(scope: &mut Scope) {
    scope.member = None;
    scope.collection = None;
    scope.on = On::Outside;
}

fn join_module(outer: &str, inner: &str) -> String {
    let inner = inner.trim_start_matches('/');
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}/{inner}") }
}

/// Literal strings: one, or a list of them.
fn strings(context: &Context<'_>, id: ModuleId, expr: ExprId) -> Vec<String> {
    let module = context.program.module(id);
    match &module.expr(expr).kind {
        ExprKind::List(items) => items.iter().filter_map(|i| module.string(*i)).map(|s| s.to_string()).collect(),
        _ => context.string(ExprRef { module: id, expr }).map(|s| s.to_string()).into_iter().collect(),
    }
}

/// `:id` and `*path` as `{id}`; optional parts are left out.
fn brace(path: &str) -> String {
    let path = path.split('(').next().unwrap_or(path);
    super::express::brace(path)
}

fn camel(name: &str) -> String {
    name.split('_').map(|part| part[..part.len().min(1)].to_uppercase() + part.get(1..).unwrap_or("")).collect()
}

fn plural(name: &str) -> String {
    match name {
        // plural already: `resource :preferences`
        n if n.ends_with('s') && !n.ends_with("ss") && !n.ends_with("us") && !n.ends_with("is") => n.to_owned(),
        n if n.ends_with('s') || n.ends_with("ch") || n.ends_with('x') => format!("{n}es"),
        n if n.ends_with('y') && !n.ends_with("ey") && !n.ends_with("ay") && !n.ends_with("oy") => {
            format!("{}ies", &n[..n.len() - 1])
        }
        n => format!("{n}s"),
    }
}

fn single(name: &str) -> String {
    match name {
        n if n.ends_with("ies") => format!("{}y", &n[..n.len() - 3]),
        n if n.ends_with("sses") || n.ends_with("ches") || n.ends_with("xes") => n[..n.len() - 2].to_owned(),
        n if n.ends_with('s') && !n.ends_with("ss") => n[..n.len() - 1].to_owned(),
        n => n.to_owned(),
    }
}

/// The controller class of `api/v1` and `users`.
fn controller_class(context: &Context<'_>, module: &str, controller: &str) -> Option<ClassRef> {
    let full = join_module(module, controller);
    let dotted: Vec<String> = full.split('/').filter(|p| !p.is_empty()).map(camel).collect();
    let wanted = format!("{}Controller", dotted.join("."));
    let exact = context.program.classes().all().into_iter().find(|(class, info)| {
        info.full_name.is_some_and(|n| n.as_str().eq_ignore_ascii_case(&wanted)) && !context.is_test(class.module)
    });
    exact.map(|(class, _)| class)
}

/// A chain of names and calls without arguments, dotted: `Shop::Engine.routes`.
fn dotted_call(module: &ir::Module, expr: ExprId) -> Option<String> {
    match &module.expr(expr).kind {
        ExprKind::Call { callee, .. } => dotted_call(module, *callee),
        ExprKind::Member { object, name, .. } => Some(format!("{}.{name}", dotted_call(module, *object)?)),
        _ => module.dotted(expr),
    }
}
