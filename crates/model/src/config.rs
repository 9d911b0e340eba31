//! Configuration files as flat entries: `.env`, YAML, JSON, TOML, properties.
//!
//! Values keep their place in the file, which general parsers do not give, so the formats are read line
//! by line here: keys by indentation (YAML), sections (TOML), or as they stand. What is only structure
//! for people (anchors, multi-line strings) is passed over.

use base::{FileId, FileRole, Gap, SourceMap, Span};

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// The dotted key.
    pub key: String,
    /// The value as written, quotes off.
    pub value: String,
    /// Where the value is.
    pub span: Span,
    /// What the file is for.
    pub role: FileRole,
}

/// Documents of an interface: no configuration, but what some frameworks take their routes from.
const CONTRACTS: [&str; 3] = ["openapi.json", "swagger.json", "openapi.yaml"];

/// Whether a file describes an interface, by its name.
pub fn is_contract(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| CONTRACTS.contains(&name))
}

/// Whether a file is read as configuration, by its name.
pub fn is_config(path: &str) -> bool {
    format_of(path).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Env,
    Yaml,
    Json,
    Toml,
    Properties,
}

fn format_of(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == ".env" || name.starts_with(".env.") || name.ends_with(".env") {
        return Some(Format::Env);
    }
    const NOT_SETTINGS: [&str; 6] =
        ["package-lock.json", "composer.lock", "tsconfig.json", "package.json", "pnpm-lock.yaml", "Cargo.toml"];
    if NOT_SETTINGS.contains(&name) || is_contract(path) {
        return None;
    }
    match name.rsplit_once('.')?.1 {
        "yml" | "yaml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        "toml" => Some(Format::Toml),
        "properties" | "ini" | "conf" => Some(Format::Properties),
        _ => None,
    }
}

/// Reads every configuration file of at most 256 KiB; larger ones are data.
pub(crate) fn read(sources: &SourceMap) -> (Vec<ConfigEntry>, Vec<Gap>) {
    let mut entries = Vec::new();
    for (id, file) in sources.files() {
        let Some(format) = format_of(&file.path) else { continue };
        if file.text.len() > 256 * 1024 || file.role == FileRole::Generated {
            continue;
        }
        let mut reader = Reader { file: id, role: file.role, text: &file.text, entries: &mut entries };
        match format {
            Format::Yaml => reader.yaml(),
            Format::Json => reader.json(),
            Format::Env | Format::Properties => reader.lines(""),
            Format::Toml => reader.toml(),
        }
    }
    (entries, Vec::new())
}

/// Reads the OpenAPI documents among the files of at most 4 MiB, document after document.
pub(crate) fn contracts(sources: &SourceMap) -> Vec<ConfigEntry> {
    let mut entries = Vec::new();
    for (id, file) in sources.files() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let format = match name.rsplit_once('.') {
            Some((_, "yml" | "yaml")) => Format::Yaml,
            Some((_, "json")) => Format::Json,
            _ => continue,
        };
        let head = file.text.get(..600.min(file.text.len())).unwrap_or(&file.text);
        let is_contract = ["openapi", "swagger"].iter().any(|w| head.contains(w)) && file.text.contains("operationId");
        if !is_contract || file.text.len() > 4 * 1024 * 1024 {
            continue;
        }
        let mut reader = Reader { file: id, role: file.role, text: &file.text, entries: &mut entries };
        match format {
            Format::Json => reader.json(),
            _ => reader.yaml(),
        }
    }
    entries
}

struct Reader<'s> {
    file: FileId,
    role: FileRole,
    text: &'s str,
    entries: &'s mut Vec<ConfigEntry>,
}

impl<'s> Reader<'s> {
    fn add(&mut self, key: String, raw: &str, start: usize) {
        let trimmed = raw.trim();
        let start = start + (raw.len() - raw.trim_start().len());
        let (value, start) = unquote(trimmed, start);
        if value.is_empty() || key.is_empty() {
            return;
        }
        let span = Span::new(self.file, start as u32, (start + value.len()) as u32);
        self.entries.push(ConfigEntry { key, value: value.to_owned(), span, role: self.role });
    }

    /// The lines with where each begins.
    fn each_line(&self) -> impl Iterator<Item = (usize, &'s str)> + use<'s> {
        let mut at = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let start = at;
            at += line.len();
            (start, line.trim_end_matches(['\n', '\r']))
        })
    }

    fn lines(&mut self, _section: &str) {
        for (at, line) in self.each_line() {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            if body.starts_with(['#', '!', ';', '[']) {
                continue;
            }
            let body = body.strip_prefix("export ").map_or((body, 0), |b| (b, 7));
            if let Some((key, value)) = body.0.split_once(['=', ':']) {
                self.add(key.trim().to_owned(), value, at + indent + body.1 + key.len() + 1);
            }
        }
    }

    fn toml(&mut self) {
        let mut section = String::new();
        for (at, line) in self.each_line() {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            if let Some(name) = body.strip_prefix('[') {
                section = name.trim_end().trim_end_matches(']').trim_start_matches('[').to_owned();
            } else if !body.starts_with('#')
                && let Some((key, value)) = body.split_once('=')
            {
                let full = if section.is_empty() { key.trim().to_owned() } else { format!("{section}.{}", key.trim()) };
                self.add(full, value, at + indent + key.len() + 1);
            }
        }
    }

    fn yaml(&mut self) {
        let mut stack: Vec<(usize, String)> = Vec::new();
        for (at, line) in self.each_line() {
            let mut body = line.trim_start();
            let mut indent = line.len() - body.len();
            if body.starts_with('#') || body.is_empty() || body.starts_with("---") {
                continue;
            }
            while let Some(rest) = body.strip_prefix("- ") {
                indent += 2 + (rest.len() - rest.trim_start().len());
                body = rest.trim_start();
            }
            while stack.last().is_some_and(|(i, _)| *i >= indent) {
                stack.pop();
            }
            let Some((key, value)) = split_yaml(body) else { continue };
            let name = key.trim().trim_matches(['"', '\'']);
            let full = match stack.last() {
                Some((_, prefix)) => [prefix.as_str(), ".", name].concat(),
                None => name.to_owned(),
            };
            let content = value.trim();
            if content.is_empty() || content.starts_with(['|', '>', '&', '*']) || content.starts_with('#') {
                stack.push((indent, full));
            } else {
                let offset = line.len() - body.len() + key.len() + 1;
                self.add(full, strip_comment(value), at + offset);
            }
        }
    }

    /// `"key": "value"` pairs, with the keys of the objects around them.
    fn json(&mut self) {
        let bytes = self.text.as_bytes();
        let mut path: Vec<Option<String>> = Vec::new();
        let mut key: Option<String> = None;
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'{' | b'[' => {
                    path.push(key.take());
                    if path.len() > 64 {
                        return;
                    }
                }
                b'}' | b']' => {
                    path.pop();
                    key = None;
                }
                b',' => key = None,
                b't' | b'f' | b'0'..=b'9' | b'-' if key.is_some() => {
                    let start = at;
                    while at < bytes.len() && !matches!(bytes[at], b',' | b'}' | b']' | b'\n' | b' ') {
                        at += 1;
                    }
                    let mut parts: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
                    parts.extend(key.as_deref());
                    let full = parts.join(".");
                    self.add(full, self.text.get(start..at).unwrap_or(""), start);
                    continue;
                }
                b'"' => {
                    let start = at + 1;
                    at = start;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    let end = at.min(bytes.len());
                    let content = self.text.get(start..end).unwrap_or("").to_owned();
                    let is_key = self.text.get(end + 1..).is_some_and(|r| r.trim_start().starts_with(':'));
                    if is_key && key.is_none() {
                        key = Some(content);
                    } else if let Some(key) = &key {
                        let mut parts: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
                        parts.push(key);
                        let full = parts.join(".");
                        self.add(full, &content, start);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

fn split_yaml(body: &str) -> Option<(&str, &str)> {
    let colon = body.as_bytes().windows(2).position(|two| two == b": ");
    let at = colon.or_else(|| body.ends_with(':').then(|| body.len() - 1))?;
    Some((&body[..at], &body[at + 1..]))
}

fn strip_comment(value: &str) -> &str {
    let quoted = value.trim_start().starts_with(['"', '\'']);
    if quoted { value } else { value.split(" #").next().unwrap_or(value) }
}

fn unquote(value: &str, start: usize) -> (&str, usize) {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return (rest.split(quote).next().unwrap_or(rest), start + 1);
        }
    }
    (value.trim_end_matches(','), start)
}

#[cfg(test)]
mod tests {
    use base::{Language, SourceFile};

    use super::*;

    fn entries(path: &str, text: &str) -> Vec<(String, String)> {
        let file = SourceFile::new(path.into(), text.into(), None::<Language>, FileRole::Production);
        let map = SourceMap::new(vec![file]);
        let (entries, _) = read(&map);
        for entry in &entries {
            assert_eq!(map.text(entry.span), entry.value);
        }
        entries.into_iter().map(|e| (e.key, e.value)).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn nested_yaml_keys_are_dotted() {
        let read =
            entries("application.yml", "spring:\n  datasource:\n    password: s3cret # x\n  list:\n    - name: a\n");
        assert_eq!(read, [pair("spring.datasource.password", "s3cret"), pair("spring.list.name", "a")]);
    }

    #[test]
    fn env_json_and_toml_are_read_with_places() {
        assert_eq!(entries(".env", "export A=\"b c\"\n# no\nD=e\n"), [pair("A", "b c"), pair("D", "e")]);
        assert_eq!(
            entries("appsettings.json", "{\"Jwt\": {\"Key\": \"k\\\"x\", \"n\": 1}}"),
            [pair("Jwt.Key", "k\\\"x"), pair("Jwt.n", "1")]
        );
        assert_eq!(entries("x.toml", "[a.b]\nc = 'd'\n"), [pair("a.b.c", "d")]);
    }
}
