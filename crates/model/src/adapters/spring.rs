//! Spring Boot: mappings on classes, methods and interfaces, security filter chains, method security.

use base::{Language, Span, Symbol};
use ir::{ClassKind, ExprId, ExprKind};
use program::{ClassRef, ExprRef, FnId, ModuleId};

use super::contract::{self, Operation};
use super::interceptors::{self, Interceptor};
use super::{Adapter, Context, Found, webflux};
use crate::entities::join_path;
use crate::facts::Gives;
use crate::guards::declared;
use crate::{Guard, GuardKind, Handler, Input, Method, Place, Route};

/// The adapter.
pub(crate) struct Spring;

impl Adapter for Spring {
    fn name(&self) -> &'static str {
        "Spring Boot"
    }

    fn uses(&self, context: &Context<'_>, module: ModuleId) -> bool {
        context.program.module(module).language == Language::Java && context.imports(module, "org.springframework")
    }

    fn read(&self, context: &Context<'_>, found: &mut Found) {
        let mut all_chains: Vec<Rule> = Vec::new();
        let mut interceptors = Vec::new();
        for module in context.modules().filter(|m| context.program.module(*m).language == Language::Java) {
            if self.uses(context, module) {
                all_chains.extend(chain_rules(context, module));
            }
            all_chains.extend(interceptors::shiro(context, module));
            interceptors::read(context, module, &mut interceptors);
        }
        let roots: Vec<String> = context
            .program
            .classes()
            .all()
            .into_iter()
            .filter(|(c, _)| has(context, *c, &["RestController", "Controller"]))
            .map(|(c, _)| root_of(context.program.path(c.module)).to_owned())
            .collect();
        let base_path = servlet_path(context);
        let mut operations = None;
        for (class, info) in context.program.classes().all() {
            let item = context.program.class(class);
            if context.program.module(class.module).language != Language::Java
                || context.is_test(class.module)
                || item.kind == ClassKind::Interface
            {
                continue;
            }
            let is_controller = has(
                context,
                class,
                &["RestController", "Controller", "BasePathAwareController", "RepositoryRestController"],
            );
            if !is_controller {
                continue;
            }
            let prefixes = class_mapping(context, class);
            // a service's own chains; else those of the parts that serve nothing themselves
            let root = root_of(context.program.path(class.module));
            let mut chains: Vec<&Rule> = all_chains.iter().filter(|r| r.root == root).collect();
            if chains.is_empty() {
                chains = all_chains.iter().filter(|r| !roots.contains(&r.root)).collect();
            }
            let own = interceptors.iter().any(|i| i.root == root);
            let before: Vec<&Interceptor> =
                interceptors.iter().filter(|i| if own { i.root == root } else { !roots.contains(&i.root) }).collect();
            let mut methods: Vec<FnId> = info.methods.values().flatten().copied().collect();
            // methods that a base class of the repository gives
            for base in context.program.classes().lineage(class).into_iter().skip(1) {
                if context.program.class(base).kind == ClassKind::Class {
                    let inherited = context.program.classes().info(base).into_iter().flat_map(|i| i.methods.iter());
                    methods.extend(
                        inherited.filter(|(n, _)| !info.methods.contains_key(*n)).flat_map(|(_, m)| m.iter().copied()),
                    );
                }
            }
            methods.sort();
            let served = found.routes.len();
            let external = context.program.classes().external_bases(class);
            for method in methods {
                let mut mappings = method_mappings(context, class, method);
                if mappings.is_empty() && !external.is_empty() {
                    mappings = declared_mappings(
                        context,
                        operations.get_or_insert_with(|| contract::operations(context)),
                        method,
                    );
                }
                for (verb, path, at) in mappings {
                    for prefix in &prefixes {
                        let full = join_path(&base_path, &join_path(prefix, &path));
                        let route = route(
                            context,
                            class,
                            method,
                            verb,
                            full,
                            at,
                            &Before { chains: &chains, interceptors: &before },
                        );
                        found.routes.push(route);
                    }
                }
            }
            if found.routes.len() == served
                && let Some(base) = external.first()
            {
                let what = format!(
                    "a controller of which only `{base}`, which is not in the repository, can say what it serves"
                );
                found.gap(&what, context.program.module(class.module).span(item.range));
            }
        }
        for functional in webflux::read(context) {
            let module = context.program.module(functional.module);
            let root = root_of(context.program.path(functional.module));
            let own = all_chains.iter().any(|r| r.root == root);
            let path = join_path(&base_path, &clean(&functional.path));
            let guards = all_chains
                .iter()
                .filter(|r| if own { r.root == root } else { !roots.contains(&r.root) })
                .find(|r| r.matches(functional.method, &path))
                .map(|r| r.guard.clone());
            let handler = context.handler(functional.handler);
            let span = module.span(functional.range);
            let guards = guards.into_iter().collect();
            found.routes.push(Route::new("Spring Boot", functional.method, path, span, Some(handler), guards));
        }
    }
}

fn name_of(context: &Context<'_>, module: ModuleId, annotation: ExprId) -> Symbol {
    let module = context.program.module(module);
    match &module.expr(annotation).kind {
        ExprKind::Call { callee, .. } => match &module.expr(*callee).kind {
            ExprKind::Name(n) | ExprKind::Member { name: n, .. } => *n,
            _ => Symbol::new(""),
        },
        _ => Symbol::new(""),
    }
}

/// Annotations of a class, with those of its own annotations (meta-annotations of the repository).
fn has(context: &Context<'_>, class: ClassRef, names: &[&str]) -> bool {
    let mut queue = vec![class];
    let mut next = 0;
    while let Some(class) = queue.get(next).copied() {
        next += 1;
        for annotation in &context.program.class(class).annotations {
            if names.contains(&name_of(context, class.module, *annotation).as_str()) {
                return true;
            }
            // annotations may annotate each other
            queue.extend(meta(context, class.module, *annotation).filter(|m| !queue.contains(m)));
        }
    }
    false
}

fn meta(context: &Context<'_>, module: ModuleId, annotation: ExprId) -> Option<ClassRef> {
    let ExprKind::Call { callee, .. } = &context.program.module(module).expr(annotation).kind else { return None };
    context.eval(ExprRef { module, expr: *callee }).iter().find_map(|v| match v {
        program::Value::Class(class) => Some(*class),
        _ => None,
    })
}

fn verb_of(name: &str) -> Option<Method> {
    Some(match name {
        "GetMapping" => Method::Get,
        "PostMapping" => Method::Post,
        "PutMapping" => Method::Put,
        "PatchMapping" => Method::Patch,
        "DeleteMapping" => Method::Delete,
        "RequestMapping" => Method::Any,
        _ => return None,
    })
}

/// Paths of a mapping annotation; one empty path when it names none.
fn mapping_paths(context: &Context<'_>, module_id: ModuleId, annotation: ExprId) -> Vec<String> {
    let module = context.program.module(module_id);
    let ExprKind::Call { args, .. } = &module.expr(annotation).kind else { return vec![String::new()] };
    let arg = args.iter().find(|a| a.name.is_none_or(|n| n == "value" || n == "path"));
    let Some(arg) = arg else { return vec![String::new()] };
    let items = match &module.expr(arg.value).kind {
        ExprKind::List(items) => items.clone(),
        _ => vec![arg.value],
    };
    let text = |e: &ExprId| context.string(ExprRef { module: module_id, expr: *e });
    let paths: Vec<String> =
        items.iter().map(|e| text(e).map_or_else(|| "/{?}".to_owned(), |p| clean(p.as_str()))).collect();
    if paths.is_empty() { vec![String::new()] } else { paths }
}

/// `{id:[0-9]+}` as `{id}`, `**` as a parameter; placeholders with a default as the default.
fn clean(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let Some((inner, after)) = rest[at + 2..].split_once('}') else { break };
        out.push_str(inner.split_once(':').map_or("", |(_, default)| default));
        rest = after;
    }
    out.push_str(rest);
    let mut cleaned = String::new();
    let mut depth = 0u32;
    let mut in_pattern = false;
    for c in out.chars() {
        match c {
            '{' => {
                depth += 1;
                if depth == 1 {
                    cleaned.push(c);
                }
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    in_pattern = false;
                    cleaned.push(c);
                }
            }
            ':' if depth > 0 => in_pattern = true,
            '*' if depth == 1 => {}
            c if !in_pattern => cleaned.push(c),
            _ => {}
        }
    }
    cleaned.replace("/**", "/{*}")
}

fn request_methods(context: &Context<'_>, module_id: ModuleId, annotation: ExprId) -> Vec<Method> {
    let module = context.program.module(module_id);
    let ExprKind::Call { args, .. } = &module.expr(annotation).kind else { return Vec::new() };
    let Some(arg) = args.iter().find(|a| a.name.is_some_and(|n| n == "method")) else { return Vec::new() };
    let items = match &module.expr(arg.value).kind {
        ExprKind::List(items) => items.clone(),
        _ => vec![arg.value],
    };
    let name = |e: &ExprId| match &module.expr(*e).kind {
        ExprKind::Name(n) | ExprKind::Member { name: n, .. } => Method::of(n.as_str()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

fn class_mapping(context: &Context<'_>, class: ClassRef) -> Vec<String> {
    for class in context.program.classes().lineage(class) {
        for part in context.program.classes().info(class).map(|i| i.parts.clone()).unwrap_or_default() {
            for annotation in &context.program.class(part).annotations {
                if name_of(context, part.module, *annotation) == "RequestMapping" {
                    return mapping_paths(context, part.module, *annotation);
                }
            }
        }
    }
    vec![String::new()]
}

/// Verb, path and place of each mapping of a method; the mapping may stand on the interface.
fn method_mappings(context: &Context<'_>, class: ClassRef, method: FnId) -> Vec<(Method, String, Span)> {
    let own = mappings_of(context, method);
    if !own.is_empty() {
        return own;
    }
    let Some(name) = context.program.function(method).name else { return Vec::new() };
    for base in context.program.classes().lineage(class).into_iter().skip(1) {
        let Some(info) = context.program.classes().info(base) else { continue };
        for inherited in info.methods.get(&name).into_iter().flatten() {
            let found = mappings_of(context, *inherited);
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}

/// The operation of a contract that a method stands for by its name, as generators of interfaces have it:
/// `list-owners` is `listOwners`.
fn declared_mappings(context: &Context<'_>, operations: &[Operation], method: FnId) -> Vec<(Method, String, Span)> {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let item = context.program.function(method);
    let Some(name) = item.name.map(|n| plain(n.as_str())) else { return Vec::new() };
    let span = context.function_span(method);
    let of_name = operations.iter().filter(|o| plain(&o.id) == name);
    of_name.map(|o| (o.method, clean(&o.path), span)).collect()
}

fn mappings_of(context: &Context<'_>, method: FnId) -> Vec<(Method, String, Span)> {
    let module = context.program.module(method.module);
    let mut found = Vec::new();
    for annotation in &module.function(method.function).annotations {
        let Some(verb) = verb_of(name_of(context, method.module, *annotation).as_str()) else { continue };
        let mut verbs = vec![verb];
        if verb == Method::Any {
            let named = request_methods(context, method.module, *annotation);
            if !named.is_empty() {
                verbs = named;
            }
        }
        for path in mapping_paths(context, method.module, *annotation) {
            found.extend(verbs.iter().map(|v| (*v, path.clone(), module.expr_span(*annotation))));
        }
    }
    found
}

/// What stands before the controllers of a service.
struct Before<'a> {
    chains: &'a [&'a Rule],
    interceptors: &'a [&'a Interceptor],
}

fn route(
    context: &Context<'_>,
    class: ClassRef,
    method: FnId,
    verb: Method,
    path: String,
    at: Span,
    before: &Before<'_>,
) -> Route {
    let mut guards: Vec<Guard> =
        before.chains.iter().find(|r| r.matches(verb, &path)).map(|r| r.guard.clone()).into_iter().collect();
    let of_class = context.program.class(class).annotations.iter().map(|a| name_of(context, class.module, *a));
    let of_method = context.program.function(method).annotations.iter().map(|a| name_of(context, method.module, *a));
    let annotated: Vec<Symbol> = of_class.chain(of_method).collect();
    guards.extend(before.interceptors.iter().filter_map(|i| i.guard(&path, &annotated)));
    let annotations = context.program.class(class).annotations.iter().map(|a| (class.module, *a));
    let item = context.program.function(method);
    for (module, annotation) in annotations.chain(item.annotations.iter().map(|a| (method.module, *a))) {
        let span = context.program.module(module).expr_span(annotation);
        let name = name_of(context, module, annotation);
        let text = context.sources.text(span);
        let kind = match name.as_str() {
            "PreAuthorize" if text.contains("permitAll") => GuardKind::Anonymous,
            "PreAuthorize" if text.contains("isAuthenticated") => GuardKind::Authentication,
            "PreAuthorize"
            | "Secured"
            | "RolesAllowed"
            | "PostAuthorize"
            | "RequiresPermissions"
            | "RequiresRoles"
            | "SaCheckPermission"
            | "SaCheckRole" => GuardKind::Authorization,
            "SaCheckLogin" | "RequiresAuthentication" | "RequiresUser" => GuardKind::Authentication,
            "PermitAll" | "Anonymous" | "SaIgnore" | "AnonymousAccess" => GuardKind::Anonymous,
            "RateLimiter" | "RateLimit" => GuardKind::RateLimit,
            _ => continue,
        };
        guards.push(declared(kind, &format!("@{name}"), span));
    }
    let handler = Handler {
        name: context.program.function_name(method),
        function: Some(method),
        span: context.function_span(method),
    };
    let mut route = Route::new("Spring Boot", verb, path, at, Some(handler), guards);
    inputs(context, method, &mut route);
    route.gives = gives(context, class, method);
    route
}

/// What a handler gives back, where its type says that it is a string.
pub(crate) fn gives(context: &Context<'_>, class: ClassRef, method: FnId) -> Option<Gives> {
    let module = context.program.module(method.module);
    let item = module.function(method.function);
    let ty = context.sources.text(module.span(module.ty(item.ret?).range));
    let ty: String = ty.chars().filter(|c| !c.is_whitespace()).collect();
    let is_body = item.annotations.iter().any(|a| name_of(context, method.module, *a) == "ResponseBody")
        || has(context, class, &["RestController", "ResponseBody"]);
    match ty.as_str() {
        "String" | "Mono<String>" if is_body => Some(Gives::Text),
        "String" | "Mono<String>" => Some(Gives::View),
        "ResponseEntity<String>" | "HttpEntity<String>" | "Mono<ResponseEntity<String>>" => Some(Gives::Text),
        _ => None,
    }
}

const TYPED: [&str; 14] = [
    "int",
    "long",
    "Integer",
    "Long",
    "boolean",
    "Boolean",
    "UUID",
    "double",
    "Double",
    "LocalDate",
    "LocalDateTime",
    "BigDecimal",
    "Instant",
    "Pageable",
];

/// Annotations of parameters that do not say where the value comes from.
const SAY_NOTHING: [&str; 12] = [
    "NotNull",
    "NotEmpty",
    "NotBlank",
    "Nullable",
    "NonNull",
    "Size",
    "Pattern",
    "ApiParam",
    "Parameter",
    "ParameterObject",
    "Schema",
    "SuppressWarnings",
];

fn inputs(context: &Context<'_>, method: FnId, route: &mut Route) {
    let module = context.program.module(method.module);
    for param in &module.function(method.function).params {
        let mut place = None;
        let mut name = param.name.to_string();
        let mut validated = false;
        let mut constraints = Vec::new();
        for annotation in &param.annotations {
            let simple = name_of(context, method.module, *annotation);
            let found = match simple.as_str() {
                "PathVariable" => Some(Place::Path),
                "RequestParam" | "ModelAttribute" => Some(Place::Query),
                "RequestBody" => Some(Place::Body),
                "RequestHeader" => Some(Place::Header),
                "CookieValue" => Some(Place::Cookie),
                "RequestPart" => Some(Place::File),
                "Valid" | "Validated" => {
                    validated = true;
                    None
                }
                other => {
                    constraints.push(other.to_owned());
                    None
                }
            };
            if found.is_some() {
                place = found;
                let arg = crate::effects::argument(
                    context.program,
                    ExprRef { module: method.module, expr: *annotation },
                    Some(0),
                    Some("value"),
                );
                let given = arg.and_then(|a| context.string(ExprRef { module: method.module, expr: a.value }));
                name = given.map_or(name, |g| g.to_string());
            }
        }
        // `@CurrentUser User user`: an annotation of the application says where it comes from
        let is_told = constraints.iter().any(|c| !SAY_NOTHING.contains(&c.as_str()));
        if place.is_none() && !is_told && is_bound(context, method, param) {
            place = Some(Place::Query);
        }
        let Some(place) = place else { continue };
        let ty = param.ty.map(|t| context.sources.text(module.span(module.ty(t).range)).to_owned());
        validated |= ty.as_deref().is_some_and(|t| TYPED.contains(&t));
        let input = Input { name, place, ty, constraints, validated, span: Some(module.span(param.range)) };
        match route.inputs.iter_mut().find(|i| i.place == place && i.name == input.name) {
            Some(existing) => *existing = input,
            None => route.inputs.push(input),
        }
    }
}

/// Whether a parameter that says nothing is filled from parameters of the request: strings, and objects of
/// plain classes of the repository.
fn is_bound(context: &Context<'_>, method: FnId, param: &ir::Param) -> bool {
    let module = context.program.module(method.module);
    let Some(ty) = param.ty else { return false };
    let element = match &module.ty(ty).kind {
        ir::TypeKind::Array(inner) => *inner,
        _ => ty,
    };
    let ir::TypeKind::Named { path, args } = &module.ty(element).kind else { return false };
    if *path == "String" {
        return true;
    }
    // a base class for all, or a type that something else resolves
    args.is_empty()
        && element == ty
        && context.program.class_named(method.module, *path).is_some_and(|class| {
            let class = context.program.class(class);
            class.kind == ClassKind::Class && !class.fields.is_empty()
        })
}

/// `server.servlet.context-path`.
fn servlet_path(context: &Context<'_>) -> String {
    let (entries, _) = crate::config::read(context.sources);
    let keys = [
        "server.servlet.context-path",
        "server.servlet.contextPath",
        "spring.mvc.servlet.path",
        "spring.webflux.base-path",
    ];
    let found = entries.iter().find(|e| {
        keys.contains(&e.key.as_str())
            && context.sources.file(e.span.file).path.contains("src/main/resources/application.")
    });
    found.map(|e| clean(&e.value)).filter(|p| p != "/").unwrap_or_default()
}

/// One line of a security filter chain, in order: which requests, and what it asks of them.
pub(super) struct Rule {
    pub method: Option<Method>,
    /// Ant patterns; empty is any request.
    pub patterns: Vec<String>,
    pub guard: Guard,
    /// The part of the repository that it is written in.
    pub root: String,
}

/// The directory above a file's `src`.
pub(super) fn root_of(path: &str) -> &str {
    path.split("/src/").next().filter(|root| *root != path).unwrap_or("")
}

impl Rule {
    fn matches(&self, method: Method, path: &str) -> bool {
        self.method.is_none_or(|m| m == method || method == Method::Any)
            && (self.patterns.is_empty() || self.patterns.iter().any(|p| ant(p, path)))
    }
}

/// Ant-style matching: `?`, `*` within a segment, `**` across segments; `{x}` as `*`.
pub(super) fn ant(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').filter(|s| !s.is_empty()).collect();
    let path: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    segments(&pattern, &path)
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.first(), path.first()) {
        (None, None) => true,
        (Some(&"**"), _) => segments(&pattern[1..], path) || !path.is_empty() && segments(pattern, &path[1..]),
        (Some(p), Some(s)) => {
            let same = *p == "*" || p.starts_with('{') || s.starts_with('{') && p.contains('*') || p == s || wild(p, s);
            same && segments(&pattern[1..], &path[1..])
        }
        _ => false,
    }
}

fn wild(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
        None => false,
    }
}

/// The rules in a chain's calls: `requestMatchers(…).permitAll()`, `anyRequest().authenticated()`.
fn chain_rules(context: &Context<'_>, id: ModuleId) -> Vec<Rule> {
    let module = context.program.module(id);
    let mut rules = Vec::new();
    for (call, callee) in context.program.calls(id) {
        let Some(name) = callee.name else { continue };
        let kind = match name.as_str() {
            "permitAll" | "anonymous" => GuardKind::Anonymous,
            "authenticated" | "fullyAuthenticated" | "rememberMe" => GuardKind::Authentication,
            "hasRole" | "hasAnyRole" | "hasAuthority" | "hasAnyAuthority" | "access" | "denyAll" | "hasIpAddress"
            | "hasScope" => GuardKind::Authorization,
            _ => continue,
        };
        let ExprKind::Call { callee, .. } = &module.expr(call).kind else { continue };
        let ExprKind::Member { object, .. } = &module.expr(*callee).kind else { continue };
        let ExprKind::Call { callee: matcher, args, .. } = &module.expr(*object).kind else { continue };
        let matcher = match &module.expr(*matcher).kind {
            ExprKind::Member { name, .. } | ExprKind::Name(name) => name.as_str(),
            _ => continue,
        };
        if !matches!(
            matcher,
            "requestMatchers"
                | "antMatchers"
                | "mvcMatchers"
                | "regexMatchers"
                | "pathMatchers"
                | "anyRequest"
                | "anyExchange"
        ) {
            continue;
        }
        let (mut method, mut patterns, mut unknown) = (None, Vec::new(), false);
        for arg in args {
            match &module.expr(arg.value).kind {
                ExprKind::Member { name, .. } if Method::of(name.as_str()).is_some() => {
                    method = Method::of(name.as_str())
                }
                ExprKind::Name(name) if Method::of(name.as_str()).is_some() => method = Method::of(name.as_str()),
                ExprKind::Call { args, .. } => {
                    let inner = args.iter().filter_map(|a| context.string(ExprRef { module: id, expr: a.value }));
                    patterns.extend(inner.map(|p| p.to_string()));
                }
                _ => {
                    let values = strings(context, ExprRef { module: id, expr: arg.value });
                    unknown |= values.is_empty();
                    patterns.extend(values);
                }
            }
        }
        // matchers that cannot be read apply to nobody knows what
        let any = matcher.starts_with("any") || method.is_some() && args.len() == 1;
        if patterns.is_empty() && (unknown || !any) {
            continue;
        }
        // `http.antMatcher("/api/**")…anyRequest()`: every request of this chain, not of all
        if patterns.is_empty() {
            match chain_paths(context, id, call) {
                Some(of_chain) if of_chain.is_empty() => continue,
                Some(of_chain) => patterns = of_chain,
                None => {}
            }
        }
        let guard = declared(kind, name.as_str(), module.expr_span(call));
        rules.push((
            module.span(module.expr(*callee).range).end,
            Rule { method, patterns, guard, root: root_of(context.program.path(id)).to_owned() },
        ));
    }
    // calls nest from the last to the first: order by where each rule ends
    rules.sort_by_key(|(end, _)| *end);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// The paths that a chain of filters is for; `None` for all, empty when they cannot be read.
fn chain_paths(context: &Context<'_>, id: ModuleId, rule: ExprId) -> Option<Vec<String>> {
    let module = context.program.module(id);
    let mut owner = context.program.scopes(id).owner(rule).function?;
    // `authorizeHttpRequests(requests -> requests.anyRequest()…)`
    while module.function(owner).kind == ir::FunctionKind::Lambda {
        owner = module.function(owner).parent?;
    }
    let mut chain = module.exprs_within(module.function(owner).range).filter_map(|(_, e)| match &e.kind {
        ExprKind::Call { callee, args, .. } => match &module.expr(*callee).kind {
            ExprKind::Member { name, .. }
                if matches!(name.as_str(), "antMatcher" | "securityMatcher" | "mvcMatcher") =>
            {
                Some(args)
            }
            _ => None,
        },
        _ => None,
    });
    let args = chain.next()?;
    // two chains in one function: which rule is whose is not known
    if chain.next().is_some() {
        return None;
    }
    Some(args.iter().flat_map(|a| strings(context, ExprRef { module: id, expr: a.value })).collect())
}

/// A string, or the strings of a constant array.
pub(super) fn strings(context: &Context<'_>, at: ExprRef) -> Vec<String> {
    if let Some(text) = context.string(at) {
        return vec![text.to_string()];
    }
    let origin = context.program.definition(at).unwrap_or(at);
    let module = context.program.module(origin.module);
    match &module.expr(origin.expr).kind {
        ExprKind::List(items) => items
            .iter()
            .filter_map(|i| context.string(ExprRef { module: origin.module, expr: *i }))
            .map(|s| s.to_string())
            .collect(),
        _ => Vec::new(),
    }
}
