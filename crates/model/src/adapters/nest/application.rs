//! What an application says for all its controllers: the prefix, versions, guards, pipes.

use ir::ExprKind;
use program::{ExprRef, ModuleId};

use super::{Context, class_of, object, strings, versions};
use crate::Method;

/// One `NestFactory.create`, with what its folder says.
pub(super) struct Application {
    /// The folder of its sources.
    root: String,
    /// `setGlobalPrefix`.
    pub prefix: String,
    excluded: Vec<(Method, String)>,
    /// What stands before a version in the path; `None` when paths hold no version.
    pub versions: Option<String>,
    /// Versions of what names none.
    pub default_versions: Vec<Option<String>>,
    /// Guards before every route.
    pub guards: Vec<ExprRef>,
    /// Middleware of modules.
    pub middleware: Vec<Middleware>,
    /// Whether a pipe validates every body.
    pub validates: bool,
}

/// `consumer.apply(…).exclude(…).forRoutes(…)`.
pub(super) struct Middleware {
    pub applied: Vec<ExprRef>,
    excluded: Vec<(Method, String)>,
    routes: Vec<(Method, String)>,
    controllers: Vec<program::ClassRef>,
}

impl Middleware {
    pub fn covers(&self, class: program::ClassRef, method: Method, local: &str) -> bool {
        let hits =
            |(verb, pattern): &(Method, String)| (*verb == Method::Any || *verb == method) && matches(pattern, local);
        (self.controllers.contains(&class) || self.routes.iter().any(hits)) && !self.excluded.iter().any(hits)
    }
}

/// Whether a path is what a pattern names; a star stands for the rest.
fn matches(pattern: &str, path: &str) -> bool {
    let of = |text: &str| text.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (pattern, path) = (of(pattern), of(path));
    for (at, segment) in pattern.iter().enumerate() {
        if segment.contains('*') || segment.starts_with("{*") {
            return true;
        }
        match path.get(at) {
            Some(other) if segment.starts_with('{') || segment == other => {}
            _ => return false,
        }
    }
    pattern.len() == path.len()
}

impl Application {
    /// The application that a file belongs to: the one in the nearest folder.
    pub fn of<'a>(all: &'a [Application], path: &str) -> Option<&'a Application> {
        let near = all.iter().filter(|a| path.starts_with(&a.root)).max_by_key(|a| a.root.len());
        near.or_else(|| all.first().filter(|_| all.len() == 1))
    }

    /// Whether the prefix does not stand before a route.
    pub fn excludes(&self, method: Method, local: &str) -> bool {
        self.excluded.iter().any(|(verb, p)| (*verb == Method::Any || *verb == method) && matches(p, local))
    }
}

/// The applications of a repository, by the folders of the files that make them.
pub(super) fn all(context: &Context<'_>) -> Vec<Application> {
    let modules: Vec<ModuleId> =
        context.modules().filter(|m| context.program.module(*m).language.is_ecmascript()).collect();
    let mut all: Vec<Application> = Vec::new();
    for id in &modules {
        let makes = context
            .program
            .calls(*id)
            .any(|(_, c)| c.external.iter().any(|n| n.as_str().starts_with("@nestjs/core.NestFactory")));
        if !makes {
            continue;
        }
        let root = context.program.path(*id).rsplit_once('/').map_or("", |(folder, _)| folder);
        // `src/workers/main.ts` belongs to what stands in `src`
        let root = root.find("src/").map_or(root, |at| &root[..at + 3]);
        let root = if root.is_empty() { String::new() } else { format!("{root}/") };
        if !all.iter().any(|a| a.root == root) {
            all.push(Application {
                root,
                prefix: String::new(),
                excluded: Vec::new(),
                versions: None,
                default_versions: Vec::new(),
                guards: Vec::new(),
                middleware: Vec::new(),
                validates: false,
            });
        }
    }
    let single = all.len() == 1;
    for id in modules {
        let path = context.program.path(id);
        let near = all.iter_mut().filter(|a| single || path.starts_with(&a.root)).max_by_key(|a| a.root.len());
        if let Some(application) = near {
            read(context, id, application);
        }
    }
    all
}

fn read(context: &Context<'_>, id: ModuleId, application: &mut Application) {
    let module = context.program.module(id);
    if !["@nestjs/common", "@nestjs/core"].iter().any(|l| context.imports(id, l)) {
        return;
    }
    for (expr, kind) in module.exprs().map(|(e, x)| (e, &x.kind)) {
        let here = |expr| ExprRef { module: id, expr };
        match kind {
            ExprKind::Call { callee, args, .. } => {
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
                let args: Vec<ExprRef> = args.iter().map(|a| here(a.value)).collect();
                match name.as_str() {
                    "setGlobalPrefix" => prefix(context, &args, application),
                    "enableVersioning" => versioning(context, args.first().copied(), application),
                    "useGlobalGuards" => application.guards.extend(args),
                    "useGlobalPipes" => application.validates |= !args.is_empty(),
                    "forRoutes" => application.middleware.extend(middleware(context, here(expr))),
                    _ => {}
                }
            }
            // `{ provide: APP_GUARD, useClass: AuthGuard }`
            ExprKind::Map(_) => {
                let Some(token) = context.entry(here(expr), "provide") else { continue };
                let token = module.dotted(token.expr).unwrap_or_default();
                let class = ["useClass", "useExisting", "useValue"].iter().find_map(|k| context.entry(here(expr), k));
                match (token.as_str(), class) {
                    ("APP_GUARD", Some(class)) => application.guards.push(class),
                    ("APP_PIPE", _) => application.validates = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn prefix(context: &Context<'_>, args: &[ExprRef], application: &mut Application) {
    let Some(first) = args.first() else { return };
    application.prefix = strings(context, *first).into_iter().next().unwrap_or_default();
    let excluded = args.get(1).and_then(|o| object(context, *o)).and_then(|o| context.entry(o, "exclude"));
    if let Some(list) = excluded {
        application.excluded = places(context, items(context, list));
    }
}

fn versioning(context: &Context<'_>, options: Option<ExprRef>, application: &mut Application) {
    let mut letter = "v".to_owned();
    if let Some(options) = options.and_then(|o| object(context, o)) {
        let kind = context.entry(options, "type").and_then(|t| context.program.module(t.module).dotted(t.expr));
        if kind.is_some_and(|k| !k.ends_with("URI")) {
            return;
        }
        if let Some(prefix) = context.entry(options, "prefix") {
            letter = context.string(prefix).map(|p| p.to_string()).unwrap_or_default();
        }
        if let Some(default) = context.entry(options, "defaultVersion") {
            application.default_versions = versions(context, default);
        }
    }
    application.versions = Some(letter);
}

fn items(context: &Context<'_>, at: ExprRef) -> Vec<ExprRef> {
    let at = match context.program.expr(at).kind {
        ExprKind::List(_) => at,
        _ => context.program.definition(at).unwrap_or(at),
    };
    match &context.program.expr(at).kind {
        ExprKind::List(items) => items.iter().map(|e| ExprRef { module: at.module, expr: *e }).collect(),
        _ => vec![at],
    }
}

/// `'users'`, `{ path: 'users', method: RequestMethod.GET }`.
fn places(context: &Context<'_>, items: Vec<ExprRef>) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for item in items {
        let (path, method) = match object(context, item) {
            Some(object) => (context.entry(object, "path"), context.entry(object, "method")),
            None => (Some(item), None),
        };
        let method = method.and_then(|m| context.program.module(m.module).dotted(m.expr));
        let method = method.and_then(|m| Method::of(m.rsplit('.').next().unwrap_or_default())).unwrap_or(Method::Any);
        let path = path.and_then(|p| context.string(p));
        found.extend(path.map(|p| (method, super::brace(p.as_str()))));
    }
    found
}

fn middleware(context: &Context<'_>, at: ExprRef) -> Option<Middleware> {
    let module = context.program.module(at.module);
    let mut found =
        Middleware { applied: Vec::new(), excluded: Vec::new(), routes: Vec::new(), controllers: Vec::new() };
    let mut next = at.expr;
    while let ExprKind::Call { callee, args, .. } = &module.expr(next).kind {
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { break };
        let args: Vec<ExprRef> = args.iter().map(|a| ExprRef { module: at.module, expr: a.value }).collect();
        match name.as_str() {
            "forRoutes" => {
                for arg in args {
                    match class_of(context, arg) {
                        Some(class) => found.controllers.push(class),
                        None => found.routes.extend(places(context, items(context, arg))),
                    }
                }
            }
            "exclude" => found.excluded.extend(places(context, args)),
            "apply" => {
                found.applied = args;
                return Some(found);
            }
            _ => {}
        }
        next = *object;
    }
    None
}
