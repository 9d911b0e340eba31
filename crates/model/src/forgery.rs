//! Sessions that browsers send along by themselves, and what keeps other sites from using them: where both are
//! set up or switched off, language by language.

use base::{FileRole, Language, Span, Symbol};
use ir::{ExprId, ExprKind, Literal, Module, StmtKind};
use program::{FnId, ModuleId};
use rustc_hash::FxHashMap;

use crate::guards::words;
use crate::{Guard, Kind, Model, Route, SettingKind};

/// One language for each part of an application that has libraries of its own.
pub const FAMILIES: [Language; 7] = [
    Language::JavaScript,
    Language::Python,
    Language::Go,
    Language::Java,
    Language::Rust,
    Language::CSharp,
    Language::Ruby,
];

/// What one language's part of an application says of cross-site request forgery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forgery {
    /// Where sessions in cookies are set up that other sites may use.
    pub sessions: Vec<Span>,
    /// Where something asks for proof that a request comes from the application's own pages.
    pub guards: Vec<Span>,
    /// Where the protection that a framework has by itself is switched off for all.
    pub off: Vec<Span>,
    /// Whether bodies of forms are read.
    pub takes_forms: bool,
    /// Whether each route has its own guard, so that a route is what lacks one.
    pub by_route: bool,
}

impl Model {
    /// What the code in a language says of cross-site request forgery.
    pub fn forgery(&self, language: Language) -> Forgery {
        let mut found = Forgery { by_route: language == Language::CSharp, ..Forgery::default() };
        let mut guards = FxHashMap::default();
        for id in self.program.ids() {
            let module = self.program.module(id);
            if module.language.is_ecmascript() != language.is_ecmascript()
                || !language.is_ecmascript() && module.language != language
                || self.module_role(id) != FileRole::Production
            {
                continue;
            }
            self.guards_of(id, module, &mut guards, &mut found);
            found.takes_forms |= takes_forms(module);
            match language {
                Language::Python => self.python(id, module, &mut found),
                Language::Ruby => self.ruby(id, module, &mut found),
                Language::Java => java(module, &mut found),
                Language::CSharp => self.bearers(module, &mut found),
                _ => {}
            }
        }
        self.libraries(language, &mut found);
        found
    }

    /// Whether a route is one of pages, which take forms; what takes JSON no page of another site can send.
    pub fn takes_forms(&self, route: &Route, function: FnId) -> bool {
        let module = self.program.module(function.module);
        let item = module.function(function.function);
        let says = |annotations: &[ExprId], module: &Module, name: &str| {
            annotations.iter().any(|a| {
                let ExprKind::Call { callee, .. } = &module.expr(*a).kind else { return false };
                module.dotted(*callee).is_some_and(|n| n.rsplit('.').next() == Some(name))
            })
        };
        if item.params.iter().any(|p| says(&p.annotations, module, "FromBody")) {
            return false;
        }
        let Some(class) = self.program.classes().class_of(function) else { return false };
        let line = self.program.classes().lineage(class);
        let is_api = line
            .iter()
            .any(|c| says(&self.program.class(*c).annotations, self.program.module(c.module), "ApiController"));
        // pages have controllers with views; endpoints and bare controllers answer programs
        let mut bases = line.iter().flat_map(|c| self.program.classes().external_bases(*c));
        !is_api && bases.any(|b| b.as_str().ends_with("Controller")) && !words(&route.path).iter().any(|w| w == "api")
    }

    /// Whether a function asks its request for the session, or for who signed in by it.
    pub fn reads_session(&self, function: FnId) -> bool {
        let module = self.program.module(function.module);
        module.exprs_within(module.function(function.function).range).any(|(_, e)| match &e.kind {
            ExprKind::Member { object, name, .. } => {
                let of_request = module.dotted(*object).is_some_and(|o| o == "request" || o == "request.user");
                of_request && matches!(name.as_str(), "session" | "is_authenticated")
            }
            _ => false,
        })
    }

    /// Imports, calls and mentions that are named for the protection.
    /// `guards` keeps which names are guards: most stand in many places.
    fn guards_of(&self, id: ModuleId, module: &Module, guards: &mut FxHashMap<Symbol, bool>, found: &mut Forgery) {
        let imported = module
            .imports
            .iter()
            .filter(|i| protects(i.module.as_str()) || i.name.is_some_and(|n| protects(n.as_str())));
        found
            .guards
            .extend(imported.filter(|i| !exempts(i.name.map_or("", |n| n.as_str()))).map(|i| module.span(i.range)));
        let named = module.exprs().filter_map(|(e, item)| match &item.kind {
            ExprKind::Name(name) | ExprKind::Member { name, .. } => Some((e, *name)),
            _ => None,
        });
        // Java names the protection where it is switched off; there its default counts
        let by_name = module.language != Language::Java;
        let mut guards = |n: Symbol| *guards.entry(n).or_insert_with(|| protects(n.as_str()) && !exempts(n.as_str()));
        found.guards.extend(
            named
                .filter(|(_, n)| by_name && guards(*n))
                .filter(|(e, _)| !self.context().is_development_only(program::ExprRef { module: id, expr: *e }))
                .map(|(e, _)| module.expr_span(e)),
        );
    }

    /// Sessions that libraries set up, by the facts.
    fn libraries(&self, language: Language, found: &mut Forgery) {
        for effect in &self.effects {
            let file = self.sources.file(effect.span.file);
            let same = file.language.is_some_and(|l| l == language || l.is_ecmascript() && language.is_ecmascript());
            if !same || effect.kind != Kind::Session || self.role(effect.span) != FileRole::Production {
                continue;
            }
            // `if (OIDC_ENABLED) app.use(session(…))`: only a step of signing in may need it
            if language.is_ecmascript() && !self.conditions_at(effect.span).is_empty() {
                continue;
            }
            let same_site = self.settings.iter().any(|s| {
                s.kind == SettingKind::CookieSameSite
                    && (s.group.end == 0 || s.span.file == effect.span.file)
                    && !s.value.as_deref().is_some_and(|v| matches!(v.to_ascii_lowercase().as_str(), "none" | "false"))
            });
            match same_site || self.program.module_of_file(effect.span.file).is_some_and(|m| self.keeps_to_site(m)) {
                true => found.guards.push(effect.span),
                false => found.sessions.push(effect.span),
            }
        }
    }

    /// `options.DefaultAuthenticateScheme = JwtBearerDefaults.AuthenticationScheme`: callers come with a token.
    fn bearers(&self, module: &Module, found: &mut Forgery) {
        for (_, e) in module.exprs() {
            let ExprKind::Assign { target, value, .. } = &e.kind else { continue };
            found.guards.extend(self.by_bearer(module, *target, *value));
        }
        for stmt in module.stmts() {
            let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind else { continue };
            found.guards.extend(self.by_bearer(module, *target, *value));
        }
    }

    fn by_bearer(&self, module: &Module, target: ExprId, value: ExprId) -> Option<Span> {
        let is_scheme = matches!(&module.expr(target).kind, ExprKind::Member { name, .. }
            if matches!(name.as_str(), "DefaultAuthenticateScheme" | "DefaultScheme"));
        let span = module.expr_span(value);
        (is_scheme && self.sources.text(span).contains("Bearer")).then_some(span)
    }

    /// Whether a file sets cookies to be sent from their own site only: `options.SameSite = http.SameSiteLaxMode`.
    fn keeps_to_site(&self, module: ModuleId) -> bool {
        let module = self.program.module(module);
        let is_strict = |value: ExprId| {
            let said = words(self.sources.text(module.expr_span(value)));
            said.iter().any(|w| matches!(w.as_str(), "lax" | "strict"))
        };
        let is_named = |target: ExprId| matches!(&module.expr(target).kind, ExprKind::Member { name, .. } if name.as_str().eq_ignore_ascii_case("samesite"));
        module.stmts().any(|s| match &s.kind {
            StmtKind::Assign { target, value: Some(value), .. } => is_named(*target) && is_strict(*value),
            _ => false,
        })
    }

    /// Whether a guard knows callers by what a page of another site cannot send: a token in a header.
    pub fn asks_for_token(&self, guard: &Guard) -> bool {
        let says = |name: &str| {
            let said = words(name);
            (
                said.iter().any(|w| matches!(w.as_str(), "jwt" | "bearer" | "apikey")),
                said.iter().any(|w| w == "session" || w == "sessions" || w == "cookie" || w == "cookies"),
            )
        };
        let (mut by_token, mut by_session) = says(&guard.name);
        let mut functions: Vec<FnId> = guard.function.into_iter().collect();
        // `unlessPublic(this.asks.bind(this))`: what the guard is made of
        if let Some(id) = self.program.module_of_file(guard.span.file) {
            let module = self.program.module(id);
            let named = module.exprs_within(ir::Range { start: guard.span.start, end: guard.span.end });
            let context = self.context();
            functions.extend(
                named
                    .filter(|(_, e)| matches!(e.kind, ExprKind::Name(_) | ExprKind::Member { .. }))
                    .filter_map(|(expr, _)| context.function(program::ExprRef { module: id, expr })),
            );
        }
        for function in functions.into_iter().flat_map(|f| self.reachable(f, 2).into_iter().chain([f])) {
            let module = self.program.module(function.module);
            for (id, e) in module.exprs_within(module.function(function.function).range) {
                match &e.kind {
                    ExprKind::Name(name) | ExprKind::Member { name, .. } => {
                        let (token, session) = says(name.as_str());
                        by_token |= token;
                        by_session |= session;
                    }
                    // `authenticate('jwt', { session: false })`
                    _ => by_token |= module.string(id).is_some_and(|s| says(s.as_str()).0),
                }
            }
        }
        by_token && !by_session
    }

    /// Settings with a list of middleware that keeps sessions; what protects stands in it or does not.
    fn python(&self, id: ModuleId, module: &Module, found: &mut Forgery) {
        for stmt in module.stmts() {
            let StmtKind::Assign { target, value: Some(value), .. } = &stmt.kind else { continue };
            let ExprKind::Name(name) = module.expr(*target).kind else { continue };
            let text = match name.as_str() {
                "MIDDLEWARE" | "MIDDLEWARE_CLASSES" => self.items_text(id, *value),
                "SESSION_COOKIE_SAMESITE" => {
                    let is_set = module.string(*value).is_some_and(|s| !s.as_str().eq_ignore_ascii_case("none"));
                    if is_set {
                        found.guards.push(module.expr_span(*value));
                    }
                    continue;
                }
                _ => continue,
            };
            if !text.iter().any(|t| t.ends_with("SessionMiddleware")) {
                continue;
            }
            match text.iter().any(|t| protects(t)) {
                true => found.guards.push(module.expr_span(*value)),
                false => found.off.push(module.expr_span(*target)),
            }
        }
    }

    fn items_text(&self, module: ModuleId, list: ExprId) -> Vec<String> {
        let items = self.program.items(program::ExprRef { module, expr: list });
        items.into_iter().filter_map(|i| Some(self.context().string(i)?.to_string())).collect()
    }

    /// The controllers' common base; whether the framework's defaults of a release that protects are loaded.
    fn ruby(&self, id: ModuleId, module: &Module, found: &mut Forgery) {
        for (at, class) in module.classes() {
            let at = program::ClassRef { module: id, class: at };
            if class.name == "ApplicationController"
                && self
                    .program
                    .classes()
                    .external_bases(at)
                    .iter()
                    .any(|b| b.as_str().ends_with("ActionController.Base"))
            {
                found.sessions.push(module.span(class.name_range));
                found.takes_forms = true;
            }
        }
        for (e, item) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { continue };
            let release = args.first().map(|a| &module.expr(a.value).kind);
            let protects = match (name.as_str(), release) {
                ("load_defaults", Some(ExprKind::Literal(Literal::Str(s) | Literal::Float(s)))) => {
                    is_from_5_2(s.as_str())
                }
                ("load_defaults" | "protect_from_forgery", _) => true,
                _ => false,
            };
            if protects {
                found.guards.push(module.expr_span(e));
            }
        }
    }
}

fn is_from_5_2(release: &str) -> bool {
    release.parse::<f32>().is_ok_and(|r| r >= 5.2)
}

/// A chain that signs in by forms, with the protection switched off: `http.csrf().disable()…formLogin()`.
fn java(module: &Module, found: &mut Forgery) {
    for (_, function) in module.functions() {
        let mut off = None;
        let (mut by_form, mut stateless) = (false, false);
        for (e, item) in module.exprs_within(function.range) {
            match &item.kind {
                ExprKind::Call { callee, args, .. } => {
                    let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { continue };
                    let on = |e: ExprId, wanted: &str| match &module.expr(e).kind {
                        ExprKind::Call { callee, .. } => {
                            matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if name == wanted)
                        }
                        _ => false,
                    };
                    let disables = |e: ExprId| {
                        module.exprs_within(module.expr(e).range).any(|(_, x)| {
                            matches!(&x.kind, ExprKind::Member { name, .. } | ExprKind::Name(name) if name == "disable")
                        })
                    };
                    if name == "disable" && on(*object, "csrf")
                        || name == "csrf" && args.iter().any(|a| disables(a.value))
                    {
                        off = Some(module.expr_span(e));
                    }
                    by_form |= matches!(name.as_str(), "formLogin" | "oauth2Login" | "rememberMe")
                        && !args.iter().any(|a| disables(a.value));
                }
                ExprKind::Member { name, .. } | ExprKind::Name(name) => stateless |= name == "STATELESS",
                _ => {}
            }
        }
        if let Some(off) = off.filter(|_| by_form && !stateless) {
            found.off.push(off);
        }
    }
}

/// `csurf`, `CSRFProtect`, `AutoValidateAntiforgeryToken`, `flask_wtf`, `nosurf`.
fn protects(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    [
        "csrf",
        "xsrf",
        "csurf",
        "antiforgery",
        "nosurf",
        "seasurf",
        "lusca",
        "flaskwtf",
        "flaskform",
        "crossoriginprotection",
    ]
    .iter()
    .any(|w| plain.contains(w))
        && !["validateantiforgerytoken", "addantiforgery"].iter().any(|w| plain.contains(w))
        || plain.contains("autovalidateantiforgery")
}

/// `csrf_exempt`: it switches off what protects.
fn exempts(name: &str) -> bool {
    let said = words(name);
    said.iter().any(|w| matches!(w.as_str(), "exempt" | "ignore" | "skip" | "disable" | "none"))
}

/// `express.urlencoded()`, `request.form`, `r.PostForm`, `c.PostForm("name")`.
fn takes_forms(module: &Module) -> bool {
    module.exprs().any(|(_, e)| match &e.kind {
        ExprKind::Member { name, .. } => matches!(
            name.as_str(),
            "urlencoded" | "form" | "POST" | "PostForm" | "FormValue" | "PostFormValue" | "ParseForm" | "ShouldBind"
        ),
        _ => false,
    })
}
