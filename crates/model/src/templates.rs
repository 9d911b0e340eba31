//! What page templates print without escaping.
//!
//! Templates are read for one thing only: outputs that switch escaping off around a plain value (a
//! variable, a member, a request parameter). Calls of helpers are left alone, since nobody knows what
//! they give.

use base::{FileId, FileRole, SourceMap, Span};

/// An output that is not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The whole output, delimiters included.
    pub span: Span,
    /// What is printed, as written: `comment.body`.
    pub value: String,
    /// Whether it is a part of the request itself.
    pub is_request: bool,
    /// What to write in its place.
    pub escaped: String,
}

/// How a template language prints without escaping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// `<%== x %>`, `<%= raw x %>`, `<%= x.html_safe %>`
    Erb,
    /// `<%- x %>`
    Ejs,
    /// `{{ x|safe }}`, `{% autoescape off %}`
    Jinja,
    /// `{{{ x }}}`, `{{& x }}`
    Mustache,
    /// `!= x`, `!{x}`
    Pug,
    /// `@Html.Raw(x)`
    Razor,
    /// `<%= x %>`
    Jsp,
    /// `th:utext="${x}"`
    Thymeleaf,
    /// `${x?no_esc}`
    Freemarker,
}

/// Whether a file is a template that is read.
pub fn is_template(path: &str) -> bool {
    !engines(path).is_empty()
}

fn engines(path: &str) -> &'static [Engine] {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else { return &[] };
    match extension {
        "erb" | "rhtml" => &[Engine::Erb],
        "ejs" => &[Engine::Ejs],
        "j2" | "jinja" | "jinja2" | "njk" | "twig" | "liquid" => &[Engine::Jinja],
        "hbs" | "handlebars" | "mustache" => &[Engine::Mustache],
        "pug" | "jade" => &[Engine::Pug],
        "cshtml" | "razor" => &[Engine::Razor],
        "jsp" | "jspx" => &[Engine::Jsp],
        "ftl" | "ftlh" => &[Engine::Freemarker],
        "html" | "htm" => {
            let served = ["templates", "template", "views", "view", "layouts"];
            match path.split('/').any(|d| served.contains(&d)) {
                true => &[Engine::Jinja, Engine::Thymeleaf, Engine::Mustache],
                false => &[],
            }
        }
        _ => &[],
    }
}

/// All outputs without escaping, in order.
pub fn collect(sources: &SourceMap) -> Vec<Output> {
    let mut found = Vec::new();
    for (id, file) in sources.files() {
        if matches!(file.role, FileRole::Production) {
            for engine in engines(&file.path) {
                read(*engine, id, &file.text, &mut found);
            }
        }
    }
    found.sort_by_key(|o| o.span);
    found.dedup_by_key(|o| o.span);
    found
}

fn read(engine: Engine, file: FileId, text: &str, found: &mut Vec<Output>) {
    match engine {
        Engine::Erb => erb(file, text, found),
        Engine::Ejs => between(file, text, "<%-", "%>", found, |inner| plain(inner.trim_end_matches('-')), "<%= {} %>"),
        Engine::Jinja => {
            between(
                file,
                text,
                "{{",
                "}}",
                found,
                |inner| {
                    let (value, filters) = inner.split_once('|')?;
                    let last = filters.rsplit('|').next()?.trim();
                    let makes_safe = filters.split('|').any(|f| {
                        let name = f.trim();
                        ["escape", "e", "striptags", "bleach", "sanitize", "json", "tojson", "markdown", "force_escape"]
                            .iter()
                            .any(|known| name.starts_with(known))
                    });
                    (matches!(last, "safe" | "raw") && !makes_safe).then(|| plain(value)).flatten()
                },
                "{{ {} }}",
            );
            autoescape_off(file, text, found);
        }
        Engine::Mustache => {
            between(file, text, "{{{", "}}}", found, plain, "{{ {} }}");
            between(file, text, "{{&", "}}", found, plain, "{{ {} }}");
        }
        Engine::Pug => {
            between(file, text, "!{", "}", found, plain, "#{{}}");
            pug_lines(file, text, found);
        }
        Engine::Razor => between(file, text, "@Html.Raw(", ")", found, plain, "@{}"),
        Engine::Jsp => {
            between(
                file,
                text,
                "<%=",
                "%>",
                found,
                |inner| {
                    let request = inner.trim();
                    match request.starts_with("request.get") {
                        true => Some(request.to_owned()),
                        false => plain(inner),
                    }
                },
                "<c:out value=\"${{}}\"/>",
            );
            between(
                file,
                text,
                "${param.",
                "}",
                found,
                |inner| Some(format!("param.{inner}")),
                "<c:out value=\"${{}}\"/>",
            );
        }
        Engine::Thymeleaf => between(file, text, "th:utext=\"${", "}", found, plain, "th:text=\"${{}}\""),
        Engine::Freemarker => {
            between(file, text, "${", "}", found, |inner| plain(inner.strip_suffix("?no_esc")?), "${{}}")
        }
    }
}

/// A variable or a chain of members, without calls: what is printed is that value itself.
fn plain(inner: &str) -> Option<String> {
    let value = inner.trim();
    let is_chain = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '?' | '[' | ']' | ':' | '\'' | '"' | '&' | '!' | '$')
    };
    if value.is_empty() || value.len() > 120 || !value.chars().all(is_chain) {
        return None;
    }
    // a literal, or markup by its own name
    if value.starts_with(['\'', '"']) || value.chars().next().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let last = value.rsplit(['.', '[']).next().unwrap_or(value);
    let last: String =
        last.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect::<String>().to_ascii_lowercase();
    let is_alone = !value.contains(['.', '[', '@']);
    let markup = [
        "html",
        "markup",
        "svg",
        "icon",
        "css",
        "style",
        "script",
        "csrf",
        "token",
        "json",
        "yield",
        "children",
        "form",
        "nonce",
        "rendered",
        "safe",
        "sanitized",
        "schema",
        "url",
        "toc",
        "snippet",
    ];
    if markup.iter().any(|m| last.ends_with(m) || last.starts_with(m)) {
        return None;
    }
    // what a layout is given
    if is_alone
        && [
            "content",
            "contents",
            "body",
            "defaultcontent",
            "main",
            "page",
            "layout",
            "head",
            "scripts",
            "styles",
            "foot",
            "footer",
            "header",
            "sidebar",
            "nav",
            "menu",
        ]
        .contains(&last.as_str())
    {
        return None;
    }
    Some(value.to_owned())
}

fn is_request(value: &str) -> bool {
    let first = value.trim_start_matches(['@', '$']).split(['.', '[', '(']).next().unwrap_or("");
    matches!(first, "params" | "request" | "req" | "query" | "param" | "cookies")
}

#[allow(clippy::too_many_arguments)]
fn between(
    file: FileId,
    text: &str,
    open: &str,
    close: &str,
    found: &mut Vec<Output>,
    printed: impl Fn(&str) -> Option<String>,
    escaped: &str,
) {
    let mut at = 0;
    while let Some(start) = text[at..].find(open).map(|s| s + at) {
        let inner = start + open.len();
        let Some(end) = text[inner..].find(close).map(|e| e + inner) else { return };
        at = end + close.len();
        if let Some(value) = printed(&text[inner..end]) {
            push(file, start, at, value, escaped, found);
        }
    }
}

fn push(file: FileId, start: usize, end: usize, value: String, escaped: &str, found: &mut Vec<Output>) {
    found.push(Output {
        span: Span::new(file, start as u32, end as u32),
        is_request: is_request(&value),
        escaped: escaped.replacen("{}", &value, 1),
        value,
    });
}

fn erb(file: FileId, text: &str, found: &mut Vec<Output>) {
    between(file, text, "<%==", "%>", found, |inner| plain(inner.trim_end_matches('-')), "<%= {} %>");
    between(
        file,
        text,
        "<%=",
        "%>",
        found,
        |inner| {
            let inner = inner.trim_end_matches('-').trim();
            if let Some(value) = inner.strip_prefix("raw") {
                let value = value.trim();
                return plain(value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(value));
            }
            plain(inner.strip_suffix(".html_safe")?)
        },
        "<%= {} %>",
    );
}

/// Plain outputs between `{% autoescape off %}` (or `false`) and its end.
fn autoescape_off(file: FileId, text: &str, found: &mut Vec<Output>) {
    let mut at = 0;
    while let Some(start) = text[at..].find("{% autoescape ").map(|s| s + at) {
        let rest = &text[start..];
        let end = rest.find("{% endautoescape").map_or(text.len(), |e| e + start);
        at = end.max(start + 1);
        let switch = rest["{% autoescape ".len()..].trim_start();
        if switch.starts_with("off") || switch.starts_with("false") {
            let mut inside = Vec::new();
            between(file, &text[start..end], "{{", "}}", &mut inside, plain, "{{ {} }}");
            for mut output in inside {
                output.span = Span::new(file, output.span.start + start as u32, output.span.end + start as u32);
                found.push(output);
            }
        }
    }
}

/// `p!= comment.body`
fn pug_lines(file: FileId, text: &str, found: &mut Vec<Output>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some((tag, value)) = line.split_once("!=")
            && tag.trim().chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '#' | '-' | '_'))
            && let Some(value) = plain(value)
        {
            push(file, start + tag.len(), start + line.trim_end().len(), value, "= {}", found);
        }
        start += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(engine: Engine, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        read(engine, FileId(0), text, &mut found);
        found.into_iter().map(|o| o.value).collect()
    }

    #[test]
    fn plain_values_without_escaping_are_found() {
        assert_eq!(
            values(Engine::Erb, "<%= raw @post.body %><%== params[:q] %><%= c.text.html_safe %>"),
            ["params[:q]", "@post.body", "c.text"]
        );
        assert_eq!(values(Engine::Ejs, "<%- user.name %>"), ["user.name"]);
        assert_eq!(
            values(Engine::Jinja, "{{ comment.text|safe }}{% autoescape off %}{{ user.bio }}{% endautoescape %}"),
            ["comment.text", "user.bio"]
        );
        assert_eq!(values(Engine::Mustache, "{{{ bio }}} {{& post.title }}"), ["bio", "post.title"]);
        assert_eq!(values(Engine::Pug, "p!= comment.text\ndiv !{user.name}"), ["user.name", "comment.text"]);
        assert_eq!(values(Engine::Razor, "<p>@Html.Raw(Model.Comment)</p>"), ["Model.Comment"]);
        assert_eq!(values(Engine::Jsp, "<%= request.getParameter(\"q\") %>"), ["request.getParameter(\"q\")"]);
        assert_eq!(values(Engine::Thymeleaf, "<p th:utext=\"${comment.text}\"></p>"), ["comment.text"]);
    }

    #[test]
    fn helpers_markup_and_escaped_outputs_are_left_alone() {
        assert_eq!(values(Engine::Erb, "<%= @post.body %><%= raw render('x') %><%= raw t('.title') %>"), [""; 0]);
        assert_eq!(values(Engine::Ejs, "<%- include('head') %><%- body %><%- contentHtml %>"), [""; 0]);
        assert_eq!(values(Engine::Jinja, "{{ x|striptags|safe }}{{ name }}{{ page_html|safe }}"), [""; 0]);
        assert_eq!(values(Engine::Mustache, "{{{ body }}}{{ name }}"), [""; 0]);
    }
}
