//! What Spring applications put before controllers beside Spring Security: interceptors with paths, servlet
//! filters, Shiro's filter chain.

use base::{Evidence, Symbol};
use ir::{ExprId, ExprKind};
use program::{ClassRef, ExprRef, FnId, ModuleId, Value};

use super::Context;
use super::spring::{Rule, ant, root_of, strings};
use crate::guards::{declared, words};
use crate::{Guard, GuardKind};

/// An interceptor or filter, with the paths that it stands before.
pub(super) struct Interceptor {
    guard: Guard,
    /// Ant patterns; empty is every path.
    include: Vec<String>,
    exclude: Vec<String>,
    /// Annotations without which it lets a handler's callers through.
    only: Vec<Symbol>,
    /// Annotations with which it does.
    except: Vec<Symbol>,
    /// The part of the repository that it is written in.
    pub root: String,
}

impl Interceptor {
    /// The guard that it is for a path and the annotations of its handler.
    pub(super) fn guard(&self, path: &str, annotations: &[Symbol]) -> Option<Guard> {
        let on_path = (self.include.is_empty() || self.include.iter().any(|p| ant(p, path)))
            && !self.exclude.iter().any(|p| ant(p, path));
        let marked = |list: &[Symbol]| list.iter().any(|a| annotations.contains(a));
        let asks = (self.only.is_empty() || marked(&self.only)) && !marked(&self.except);
        (on_path && asks).then(|| self.guard.clone())
    }
}

/// The interceptors and filters of a module.
pub(super) fn read(context: &Context<'_>, id: ModuleId, found: &mut Vec<Interceptor>) {
    registered(context, id, found);
    filters(context, id, found);
}

/// `registry.addInterceptor(x).addPathPatterns(…).excludePathPatterns(…)`
fn registered(context: &Context<'_>, id: ModuleId, found: &mut Vec<Interceptor>) {
    let module = context.program.module(id);
    let mut paths: Vec<(ExprId, bool, Vec<String>)> = Vec::new();
    for (call, callee) in context.program.calls(id) {
        let includes = match callee.name.map_or("", |n| n.as_str()) {
            "addPathPatterns" => true,
            "excludePathPatterns" => false,
            _ => continue,
        };
        let ExprKind::Call { callee, args, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { continue };
        let Some(start) = registration(context, ExprRef { module: id, expr: *object }) else { continue };
        let values = args.iter().flat_map(|a| patterns(context, ExprRef { module: id, expr: a.value })).collect();
        paths.push((start, includes, values));
    }
    for (call, callee) in context.program.calls(id) {
        if callee.name.is_none_or(|n| n != "addInterceptor") {
            continue;
        }
        let ExprKind::Call { args, .. } = &module.expr(call).kind else { continue };
        let Some(arg) = args.first() else { continue };
        let at = ExprRef { module: id, expr: arg.value };
        let Some((guard, class)) = stands_for(context, at, "preHandle") else { continue };
        let of = |includes: bool| {
            let own = paths.iter().filter(|(start, i, _)| *start == call && *i == includes);
            own.flat_map(|(.., values)| values.iter().cloned()).collect::<Vec<_>>()
        };
        let (only, except) = class.map_or((Vec::new(), Vec::new()), |c| asked_annotations(context, c, "preHandle"));
        let root = root_of(context.program.path(id)).to_owned();
        found.push(Interceptor { guard, include: of(true), exclude: of(false), only, except, root });
    }
}

/// The `addInterceptor` call that a chain or a variable goes back to.
fn registration(context: &Context<'_>, at: ExprRef) -> Option<ExprId> {
    let module = context.program.module(at.module);
    let mut current = context.program.definition(at).filter(|d| d.module == at.module).unwrap_or(at).expr;
    for _ in 0..30 {
        let ExprKind::Call { callee, .. } = &module.expr(current).kind else { return None };
        let ExprKind::Member { object, name, .. } = &module.expr(*callee).kind else { return None };
        if *name == "addInterceptor" {
            return Some(current);
        }
        let object = ExprRef { module: at.module, expr: *object };
        current = context.program.definition(object).filter(|d| d.module == at.module).unwrap_or(object).expr;
    }
    None
}

/// Strings, constant arrays, lists that are added to.
fn patterns(context: &Context<'_>, at: ExprRef) -> Vec<String> {
    let known = strings(context, at);
    if !known.is_empty() {
        return known;
    }
    context.program.items(at).into_iter().flat_map(|i| strings(context, i)).collect()
}

/// What an interceptor or filter does, by the code of its method, else by its name.
fn stands_for(context: &Context<'_>, at: ExprRef, method: &str) -> Option<(Guard, Option<ClassRef>)> {
    let module = context.program.module(at.module);
    let span = module.expr_span(at.expr);
    for value in context.eval(at) {
        if let Value::Instance(class) | Value::Class(class) = value
            && let Some(function) = context.method(class, method)
        {
            return Some((by_code(context, class, function, span), Some(class)));
        }
    }
    // Sa-Token's interceptor does what it is given
    let text = context.sources.text(span);
    let (name, kind) = match text {
        _ if text.contains("checkLogin") => ("checkLogin", GuardKind::Authentication),
        _ if text.contains("checkPermission") || text.contains("checkRole") => ("checkRole", GuardKind::Authorization),
        _ => return None,
    };
    Some((declared(kind, name, span), None))
}

fn by_code(context: &Context<'_>, class: ClassRef, function: FnId, span: base::Span) -> Guard {
    let name = context.program.class(class).name;
    let (kind, evidence) = context.function_guard(function, name.as_str());
    Guard { kind, name: name.to_string(), span, function: Some(function), evidence }
}

/// The annotations that the code asks a handler for: those it acts on, those it spares.
fn asked_annotations(context: &Context<'_>, class: ClassRef, method: &str) -> (Vec<Symbol>, Vec<Symbol>) {
    let (mut only, mut except) = (Vec::new(), Vec::new());
    let Some(function) = context.method(class, method) else { return (only, except) };
    let module = context.program.module(function.module);
    for call in context.program.calls_in(function) {
        let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { continue };
        let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
        if !name.as_str().contains("nnotation") {
            continue;
        }
        for arg in args {
            let ExprKind::TypeExpr(ty) = module.expr(arg.value).kind else { continue };
            let ir::TypeKind::Named { path, .. } = &module.ty(ty).kind else { continue };
            let simple = Symbol::new(path.as_str().rsplit('.').next().unwrap_or(path.as_str()));
            let spares = words(simple.as_str()).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "pass"
                        | "ignore"
                        | "skip"
                        | "anonymous"
                        | "anon"
                        | "public"
                        | "no"
                        | "not"
                        | "open"
                        | "permit"
                        | "free"
                        | "without"
                        | "exclude"
                        | "unauthenticated"
                )
            });
            if spares { except.push(simple) } else { only.push(simple) }
        }
    }
    (only, except)
}

/// Servlet filters that turn callers away by themselves.
fn filters(context: &Context<'_>, id: ModuleId, found: &mut Vec<Interceptor>) {
    let module = context.program.module(id);
    for (class_id, item) in module.classes() {
        let class = context.program.classes().canonical(ClassRef { module: id, class: class_id });
        let bases = context.program.classes().external_bases(class);
        let is_filter = bases.iter().any(|b| {
            matches!(b.as_str().rsplit('.').next(), Some("OncePerRequestFilter" | "Filter" | "GenericFilterBean"))
        });
        if !is_filter {
            continue;
        }
        let method = context.method(class, "doFilterInternal").or_else(|| context.method(class, "doFilter"));
        let Some(function) = method else { continue };
        if !context.seen(function).rejects_401 {
            continue;
        }
        let guard = by_code(context, class, function, module.span(item.name_range));
        let mut include = Vec::new();
        let mut is_bean = false;
        for annotation in &item.annotations {
            let ExprKind::Call { callee, args, .. } = &module.expr(*annotation).kind else { continue };
            let name = module.dotted(*callee).unwrap_or_default();
            match name.as_str() {
                "Component" => is_bean = true,
                "WebFilter" => {
                    is_bean = true;
                    let of = args.iter().filter(|a| a.name.is_none_or(|n| n == "urlPatterns" || n == "value"));
                    include.extend(of.flat_map(|a| patterns(context, ExprRef { module: id, expr: a.value })));
                }
                _ => {}
            }
        }
        if let Some(urls) = registration_bean(context, item.name) {
            is_bean = true;
            include.extend(urls);
        }
        if !is_bean {
            continue;
        }
        let mut exclude = Vec::new();
        if let Some(skips) = context.method(class, "shouldNotFilter") {
            let inner = context.program.module(skips.module);
            let range = inner.function(skips.function).range;
            for (_, node) in inner.exprs_within(range) {
                if let ExprKind::Literal(ir::Literal::Str(text)) = &node.kind
                    && text.as_str().starts_with('/')
                {
                    let text = text.as_str();
                    exclude.push(text.to_owned());
                    if !text.ends_with('*') {
                        exclude.push(format!("{}/**", text.trim_end_matches('/')));
                    }
                }
            }
        }
        let include = include.into_iter().map(servlet_pattern).collect();
        let root = root_of(context.program.path(id)).to_owned();
        found.push(Interceptor { guard, include, exclude, only: Vec::new(), except: Vec::new(), root });
    }
}

/// A servlet's `/api/*` reaches below, as `/api/**` does elsewhere.
fn servlet_pattern(pattern: String) -> String {
    match pattern.strip_suffix("/*") {
        Some(prefix) => format!("{prefix}/**"),
        None => pattern,
    }
}

/// The paths that a `FilterRegistrationBean` gives a filter of this name; `None` where none registers it.
fn registration_bean(context: &Context<'_>, filter: Symbol) -> Option<Vec<String>> {
    for id in context.modules() {
        let module = context.program.module(id);
        if module.language != base::Language::Java {
            continue;
        }
        for (function, item) in module.functions() {
            let ret = item.ret.map_or("", |t| context.sources.text(module.span(module.ty(t).range)));
            if !ret.starts_with("FilterRegistrationBean") {
                continue;
            }
            let text = context.sources.text(module.span(item.range));
            let speaks = text.split(|c: char| !c.is_alphanumeric()).any(|w| w == filter.as_str());
            if !speaks {
                continue;
            }
            let mut urls = Vec::new();
            for call in context.program.calls_in(FnId { module: id, function }) {
                let ExprKind::Call { callee, args, .. } = &module.expr(*call).kind else { continue };
                let ExprKind::Member { name, .. } = &module.expr(*callee).kind else { continue };
                if matches!(name.as_str(), "addUrlPatterns" | "setUrlPatterns") {
                    urls.extend(args.iter().flat_map(|a| patterns(context, ExprRef { module: id, expr: a.value })));
                }
            }
            return Some(urls);
        }
    }
    None
}

/// Shiro's filter chain: `chain.put("/admin/**", "authc")`, in order.
pub(super) fn shiro(context: &Context<'_>, id: ModuleId) -> Vec<Rule> {
    let module = context.program.module(id);
    if !context.imports(id, "org.apache.shiro") {
        return Vec::new();
    }
    let mut rules = Vec::new();
    for (call, callee) in context.program.calls(id) {
        if callee.name.is_none_or(|n| n != "put" && n != "addPathDefinition") {
            continue;
        }
        let ExprKind::Call { args, .. } = &module.expr(call).kind else { continue };
        let [path, filter] = args.as_slice() else { continue };
        let string = |expr| context.string(ExprRef { module: id, expr });
        let (Some(path), Some(filter)) = (string(path.value), string(filter.value)) else { continue };
        if !path.as_str().starts_with('/') {
            continue;
        }
        let kind = match filter.as_str() {
            "logout" => continue,
            f if f.split(',').any(|f| f.trim() == "anon") => GuardKind::Anonymous,
            f if f.contains("roles[") || f.contains("perms[") => GuardKind::Authorization,
            _ => GuardKind::Authentication,
        };
        let mut guard = declared(kind, filter.as_str(), module.expr_span(call));
        guard.evidence = Evidence::Shown;
        rules.push((
            call,
            Rule {
                method: None,
                patterns: vec![path.to_string()],
                guard,
                root: root_of(context.program.path(id)).to_owned(),
            },
        ));
    }
    rules.sort_by_key(|(call, _)| module.expr(*call).range.start);
    rules.into_iter().map(|(_, rule)| rule).collect()
}
