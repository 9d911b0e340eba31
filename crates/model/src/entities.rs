//! The things in a backend.

use base::{Evidence, SourceMap, Span};
use program::FnId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::RecordId;

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Every method.
    Any,
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// TRACE
    Trace,
    /// CONNECT
    Connect,
}

impl Method {
    /// The method of this name, in any case; `all` and `any` are [`Method::Any`].
    pub fn of(name: &str) -> Option<Method> {
        Some(match name.to_ascii_uppercase().as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "TRACE" => Method::Trace,
            "CONNECT" => Method::Connect,
            "ANY" | "ALL" | "*" => Method::Any,
            _ => return None,
        })
    }

    /// The name as on the wire; `ANY` for every method.
    pub fn name(self) -> &'static str {
        match self {
            Method::Any => "ANY",
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Connect => "CONNECT",
        }
    }

    /// Whether a call must not change state (RFC 9110, section 9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options | Method::Trace)
    }
}

/// Whether a route needs a caller who proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Anyone may call.
    None,
    /// Anyone may call; a caller who is known is told apart.
    Optional,
    /// Only authenticated callers.
    Required,
}

/// What a guard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardKind {
    /// Turns away callers who are not authenticated.
    Authentication,
    /// Recognises a caller where there is one, turns nobody away.
    OptionalAuthentication,
    /// Turns away callers who lack a role, permission or scope (and those who are not authenticated).
    Authorization,
    /// Opens a route that an outer guard closed (`AllowAnonymous`, `permitAll`, `skip_before_action`):
    /// what stands before it no longer authenticates.
    Anonymous,
    /// Checks a CSRF token.
    Csrf,
    /// Limits the rate.
    RateLimit,
    /// Validates input.
    Validation,
    /// Cross-origin resource sharing.
    Cors,
    /// Anything else that stands before the handler.
    Other,
}

/// Something that stands before a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// What it does.
    pub kind: GuardKind,
    /// Its name as written, such as `auth.required`, `IsAuthenticated`.
    pub name: String,
    /// Where it is put before the route.
    pub span: Span,
    /// Its code, if it is the repository's.
    pub function: Option<FnId>,
    /// How sure its kind is.
    pub evidence: Evidence,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A path parameter.
    Path,
    /// A query parameter.
    Query,
    /// The body or a field of it.
    Body,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// An uploaded file.
    File,
}

/// An input of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name; empty for the body as a whole.
    pub name: String,
    /// Where it comes from.
    pub place: Place,
    /// The declared type as written.
    pub ty: Option<String>,
    /// Declared constraints as written.
    pub constraints: Vec<String>,
    /// Whether a declaration or a validator checks it before the handler sees it.
    pub validated: bool,
    /// Where it is declared.
    pub span: Option<Span>,
}

/// The code that answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// Its name, such as `ArticleController.create`.
    pub name: String,
    /// Its code, if found.
    pub function: Option<FnId>,
    /// Where it is.
    pub span: Span,
}

/// A route: one method on one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The full path with every prefix, parameters as `{name}`, a rest as `{name}` too.
    pub path: String,
    /// Where it is registered.
    pub span: Span,
    /// The code that answers.
    pub handler: Option<Handler>,
    /// What stands before it, outermost first.
    pub guards: Vec<Guard>,
    /// Whether a caller must be authenticated; [`Route::auth_of`] derives it from the guards.
    pub auth: Auth,
    /// What it takes.
    pub inputs: Vec<Input>,
    /// The adapter's name.
    pub framework: &'static str,
    /// The service, see [`Service`].
    pub service: String,
    /// What the handler gives back, where that is a string.
    pub gives: Option<crate::facts::Gives>,
}

impl Route {
    /// A route with its authentication derived from its guards and its path parameters as inputs.
    pub fn new(
        framework: &'static str,
        method: Method,
        path: String,
        span: Span,
        handler: Option<Handler>,
        guards: Vec<Guard>,
    ) -> Route {
        let inputs = path_parameters(&path)
            .map(|name| Input {
                name: name.trim_end_matches(PLAIN).to_owned(),
                place: Place::Path,
                // numbers, words and the like, whatever the converter's name
                ty: name.ends_with(PLAIN).then(|| "int".to_owned()),
                constraints: Vec::new(),
                validated: false,
                span: None,
            })
            .collect();
        let auth = Self::auth_of(&guards);
        let path = path.replace(PLAIN, "");
        Route { method, path, span, handler, guards, auth, inputs, framework, service: String::new(), gives: None }
    }

    /// What guards in order amount to: the last word counts.
    pub fn auth_of(guards: &[Guard]) -> Auth {
        let mut auth = Auth::None;
        for guard in guards {
            match guard.kind {
                GuardKind::Authentication | GuardKind::Authorization => auth = Auth::Required,
                GuardKind::OptionalAuthentication if auth == Auth::None => auth = Auth::Optional,
                GuardKind::Anonymous => auth = Auth::None,
                _ => {}
            }
        }
        auth
    }

    /// Method and path, for people: `POST /users/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.name(), self.path)
    }

    /// Whether a guard of this kind stands before it.
    pub fn has_guard(&self, kind: GuardKind) -> bool {
        self.guards.iter().any(|g| g.kind == kind)
    }
}

/// Stands after the name of a parameter that a pattern of the path keeps harmless, until the route is made.
const PLAIN: char = '\u{1f}';

/// A parameter in a path.
pub(crate) fn parameter(name: &str, is_plain: bool) -> String {
    match is_plain {
        true => format!("{{{name}{PLAIN}}}"),
        false => format!("{{{name}}}"),
    }
}

/// Whether a converter (`int` of `<int:id>`) lets nothing dangerous through.
pub(crate) fn is_plain_converter(converter: &str) -> bool {
    matches!(converter.split('(').next(), Some("int" | "float" | "uuid" | "slug" | "number"))
}

/// A folder of the repository as seen from another (`../routes`), with a slash at the end; `None` where that
/// leads out of the repository.
pub(crate) fn folder_from(own: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = own.split('/').filter(|s| !s.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            part => segments.push(part),
        }
    }
    Some(segments.iter().map(|s| format!("{s}/")).collect())
}

/// A path with parameters in angle brackets, `<int:id>`, with them in braces.
pub(crate) fn braced(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once('>') else { break };
        let (converter, name) = inner.rsplit_once(':').unwrap_or(("", inner));
        out.push_str(&parameter(name, is_plain_converter(converter)));
        rest = tail;
    }
    out + rest
}

/// Whether an expression (`[0-9]+`) lets only letters, digits, `-` and `_` through.
pub(crate) fn is_plain_form(form: &str) -> bool {
    !form.is_empty()
        && form.chars().all(|c| c.is_ascii_alphanumeric() || "\\[]-_+*{},".contains(c))
        && !["\\S", "\\D", "\\W"].iter().any(|class| form.contains(class))
}

/// The names of `{…}` in a path.
pub fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|p| p.split('}').next()).map(|p| p.trim_start_matches('*'))
}

/// Joins two parts of a path: one slash between, one in front, none at the end (but for the root).
pub fn join_path(prefix: &str, path: &str) -> String {
    let mut joined = String::new();
    for part in prefix.split('/').chain(path.split('/')).filter(|p| !p.is_empty()) {
        joined.push('/');
        joined.push_str(part);
    }
    if joined.is_empty() { "/".to_owned() } else { joined }
}

/// A deployable part of the repository: the directory of the nearest build file above its routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The directory's name; the repository's own is `.`.
    pub name: String,
    /// The directory, relative; empty for the root.
    pub root: String,
}

const BUILD_FILES: [&str; 11] = [
    "package.json",
    "pyproject.toml",
    "setup.py",
    "manage.py",
    "requirements.txt",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Cargo.toml",
    "Gemfile",
];

/// Finds the services by the build files above the routes, and names them in the routes.
pub(crate) fn services(sources: &SourceMap, routes: &mut [Route]) -> Vec<Service> {
    let mut roots: Vec<String> = sources
        .files()
        .filter_map(|(_, file)| {
            let (dir, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            (BUILD_FILES.contains(&name) || name.ends_with(".csproj")).then(|| dir.to_owned())
        })
        .collect();
    roots.sort_by_key(|r| std::cmp::Reverse(r.len()));
    roots.dedup();
    let mut services = Vec::new();
    for route in routes.iter_mut() {
        let path = &sources.file(route.span.file).path;
        let root = roots.iter().find(|r| r.is_empty() || path.starts_with(&format!("{r}/")));
        let root = root.cloned().unwrap_or_default();
        route.service = if root.is_empty() { ".".to_owned() } else { root.clone() };
        let service = Service { name: route.service.clone(), root };
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services
}

/// A setting of the application that rules ask about.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which.
    pub kind: SettingKind,
    /// Its value as text as far as it is known: `true`, `false`, a number, a string, `*`; lists are joined
    /// by commas. `None` when it is computed.
    pub value: Option<String>,
    /// Where it is set; the whole of what it belongs to when it is a default.
    pub span: Span,
    /// What it belongs to: the call, the configuration file. Settings of one group hold together.
    pub group: Span,
    /// The record that says so.
    pub record: RecordId,
    /// Whether nothing sets it, and the library's default holds.
    pub is_default: bool,
    /// What the group is about: the name of a cookie.
    pub subject: Option<String>,
    /// Whether it holds only in development (the file, a branch, a profile say so).
    pub development_only: bool,
}

/// Settings that rules ask about. The facts say which option of a library each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    /// Debug mode: `true` shows internals to callers.
    Debug,
    /// The allowed origin of CORS: `*`, `reflect` (whatever the caller sends), or a list.
    CorsOrigin,
    /// Whether CORS allows credentials.
    CorsCredentials,
    /// `Secure` of a cookie.
    CookieSecure,
    /// `HttpOnly` of a cookie.
    CookieHttpOnly,
    /// `SameSite` of a cookie.
    CookieSameSite,
    /// Every cookie goes over encrypted connections only, whatever it says itself.
    SecureCookies,
    /// Whether signatures of tokens are verified.
    TokenSignature,
    /// Whether the expiry of tokens is verified.
    TokenExpiry,
    /// The algorithms that tokens may be signed with.
    TokenAlgorithm,
    /// Whether CSRF protection is on.
    Csrf,
    /// Error details (stack traces) shown to callers.
    ErrorDetails,
    /// Internal pages (consoles, actuators, profilers) served to callers.
    InternalPages,
    /// Whether the templates of pages escape what they print.
    TemplateEscaping,
    /// The cost of password hashing: rounds, iterations.
    HashCost,
    /// Whether accounts are locked after too many attempts.
    Lockout,
    /// A limit in time.
    Timeout,
    /// Whether certificates of other systems are verified.
    TlsVerification,
    /// The type of an answer's content: `application/json`.
    AnswerType,
    /// The mode of a cipher, such as `ECB`.
    CipherMode,
    /// The length of a key of RSA in bits.
    RsaBits,
}
