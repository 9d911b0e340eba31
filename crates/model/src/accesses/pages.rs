//! What page templates ask the elements of a list for: `<% @posts.each do |post| %> … post.author.name`.
//!
//! A template is read as text: its pieces of code in order, the loops that they open, and the members of what the
//! loops bind. Partials that an element is handed to are read as if they stood there.

use base::{FileId, FileRole, SourceMap, Span, Symbol};
use rustc_hash::FxHashMap;

/// How many partials deep is followed.
const MAX_DEPTH: usize = 3;

/// How many answers one page gives at most.
const MAX_ASKED: usize = 200;

/// How a page says its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    /// `<% … %>`; blocks end with `end`.
    Erb,
    /// HAML, Slim, and builders in Ruby: blocks end with their indentation.
    Lines,
    /// `{% … %}`, `{{ … }}`.
    Braces,
}

/// Where what a page goes through begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// One of the things that it was given.
    Given(usize),
    /// Something of which only the name is known.
    Named(Symbol),
}

/// What a page goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Over {
    /// Where it begins.
    pub base: Base,
    /// For each loop, the outermost first, the members that lead to what it goes through.
    pub steps: Vec<Vec<Symbol>>,
}

/// What an element of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What the page goes through.
    pub over: Over,
    /// What the page calls the element.
    pub element: Symbol,
    /// The members, one after another.
    pub members: Vec<Symbol>,
    /// The function that the element is handed to, and in which place.
    pub handed: Option<(Symbol, u32)>,
    /// Where it asks.
    pub span: Span,
}

/// All templates by name.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// By path without the extensions.
    plain: FxHashMap<String, Vec<FileId>>,
    /// By path from the folder of templates on.
    served: FxHashMap<String, Vec<FileId>>,
}

/// What a name in a page stands for: an element of a list.
#[derive(Clone, Debug)]
struct Bound {
    name: String,
    /// None for another thing by a name that was bound before.
    over: Option<Over>,
    /// Relations that the page itself asks for with the list.
    eager: Vec<String>,
}

/// A block that is open.
struct Open {
    indent: usize,
    bound: usize,
}

impl Pages {
    /// Names every template.
    pub(super) fn index(sources: &SourceMap) -> Pages {
        let mut pages = Pages::default();
        for (id, file) in sources.files() {
            if file.role != FileRole::Production || engine(&file.path).is_none() {
                continue;
            }
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let stem = name.split('.').next().unwrap_or(name);
            pages.plain.entry(format!("{folder}/{stem}")).or_default().push(id);
            for folder in ["templates/", "jinja2/"] {
                if let Some((_, rest)) = file.path.rsplit_once(folder) {
                    pages.served.entry(rest.to_owned()).or_default().push(id);
                }
            }
        }
        pages
    }

    /// The templates at a path without extensions.
    pub(super) fn at(&self, path: &str) -> &[FileId] {
        self.plain.get(path).map_or(&[], Vec::as_slice)
    }

    /// The templates that a framework finds by this name in its folders.
    pub(super) fn named(&self, name: &str) -> &[FileId] {
        self.served.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a page asks the elements of the lists that it is given for.
    pub(super) fn asked(&self, sources: &SourceMap, page: FileId, lists: &[&str]) -> Vec<Asked> {
        let mut found = Vec::new();
        let mut reader = Reader { pages: self, sources, lists, found: &mut found, visited: Vec::new() };
        reader.page(page, Vec::new(), 0);
        found
    }

    /// The partial that a page calls by a name.
    fn partial(&self, sources: &SourceMap, from: FileId, name: &str) -> Option<FileId> {
        let path = &sources.file(from).path;
        let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
        let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = path.find("/views/").map_or("", |at| &path[..at + "/views".len()]);
        let folder = match folder {
            "" => here.to_owned(),
            _ => format!("{root}/{folder}"),
        };
        self.at(&format!("{folder}/_{base}")).first().copied()
    }
}

struct Reader<'r> {
    pages: &'r Pages,
    sources: &'r SourceMap,
    lists: &'r [&'r str],
    found: &'r mut Vec<Asked>,
    /// Partials that were read before.
    visited: Vec<FileId>,
}

impl Reader<'_> {
    fn page(&mut self, page: FileId, mut bound: Vec<Bound>, depth: usize) {
        let file = self.sources.file(page);
        let Some(engine) = engine(&file.path) else { return };
        let text = file.text.clone();
        let mut open: Vec<Open> = Vec::new();
        for (start, end) in pieces(engine, &text) {
            let code = &text[start..end];
            let indent = start - text[..start].rfind('\n').map_or(0, |at| at + 1);
            match engine {
                Engine::Lines => {
                    while open.last().is_some_and(|o| o.indent >= indent) {
                        bound.truncate(open.pop().map_or(0, |o| o.bound));
                    }
                }
                Engine::Erb if is_end(code) => {
                    bound.truncate(open.pop().map_or(0, |o| o.bound));
                    continue;
                }
                Engine::Braces if code.trim_start().starts_with("endfor") => {
                    bound.truncate(open.pop().map_or(0, |o| o.bound));
                    continue;
                }
                _ => {}
            }
            self.members(page, code, start, &bound);
            if depth < MAX_DEPTH {
                self.partials(page, code, &bound, engine, depth);
            }
            let opens = match engine {
                Engine::Erb => opens_block(code),
                Engine::Lines => true,
                Engine::Braces => code.trim_start().starts_with("for "),
            };
            if !opens {
                continue;
            }
            open.push(Open { indent, bound: bound.len() });
            let loops = match engine {
                Engine::Braces => counted(code.trim()),
                _ => block_of(code).or_else(|| counted(code.trim_start_matches(['-', '=', ' ']))),
            };
            let Some((over, names)) = loops else {
                continue;
            };
            let through = self.over(over, &bound, engine).filter(|_| gives_elements(over));
            let eager = eager_in(over);
            // `for key, value in pairs`: the first, as of rows with what belongs to them
            for (at, name) in names.into_iter().enumerate() {
                let over = through.clone().filter(|_| at == 0);
                bound.push(Bound { name, over, eager: eager.clone() });
            }
        }
    }

    /// What an expression of a page goes through.
    fn over(&self, code: &str, bound: &[Bound], engine: Engine) -> Option<Over> {
        let all = words(code);
        let place = |(at, word): &(usize, &str)| at + word.len();
        if let Some(found) = all.iter().find(|(_, w)| self.lists.contains(w)) {
            let list = self.lists.iter().position(|l| *l == found.1)?;
            return Some(Over { base: Base::Given(list), steps: vec![chain(&code[place(found)..])] });
        }
        for found in &all {
            let Some(known) = bound.iter().rev().find(|b| b.name == found.1) else { continue };
            let mut over = known.over.clone()?;
            over.steps.push(chain(&code[place(found)..]));
            return Some(over);
        }
        let first = all.iter().find(|(_, w)| *w != "json" && *w != "xml")?;
        let rest = &code[place(first)..];
        let is_name = match engine {
            Engine::Braces => !rest.starts_with('('),
            _ => first.1.starts_with('@') && rest.starts_with('.'),
        };
        is_name.then(|| Over { base: Base::Named(Symbol::new(first.1)), steps: vec![chain(rest)] })
    }

    fn members(&mut self, page: FileId, code: &str, start: usize, bound: &[Bound]) {
        if bound.is_empty() || self.found.len() > MAX_ASKED {
            return;
        }
        for (at, word) in words(code) {
            let Some(known) = bound.iter().rev().find(|b| b.name == word) else { continue };
            let Some(over) = &known.over else { continue };
            let rest = &code[at + word.len()..];
            let members = chain(rest);
            if members.first().is_some_and(|m| known.eager.iter().any(|e| *m == e.as_str())) {
                continue;
            }
            let handed = if members.is_empty() { handed(code, at, rest) } else { None };
            if members.is_empty() && handed.is_none() {
                continue;
            }
            let length = members.first().map_or(0, |m| m.as_str().len() + 1);
            let from = (start + at) as u32;
            let to = (start + (at + word.len() + length).min(code.len())) as u32;
            self.found.push(Asked {
                over: over.clone(),
                element: Symbol::new(word),
                members,
                handed,
                span: Span { file: page, start: from, end: to },
            });
        }
    }

    /// Partials that elements are handed to.
    fn partials(&mut self, page: FileId, code: &str, bound: &[Bound], engine: Engine, depth: usize) {
        if engine == Engine::Braces {
            let Some(rest) = code.trim_start().strip_prefix("include ") else { return };
            let Some((name, rest)) = quoted(rest) else { return };
            let Some(partial) = self.pages.named(name).first().copied() else { return };
            let mut handed = bound.to_vec();
            for (key, value) in pairs(rest) {
                if let Some(known) = bound.iter().rev().find(|b| b.name == value) {
                    handed.push(Bound { name: key.to_owned(), ..known.clone() });
                }
            }
            self.page(partial, handed, depth + 1);
            return;
        }
        let Some((at, _)) = words(code).into_iter().find(|(_, w)| *w == "render") else { return };
        let given = code[at + "render".len()..].trim_start_matches(['(', ' ']);
        let given_pairs = pairs(given);
        let value = |name: &str| given_pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        let mut handed: Vec<Bound> = Vec::new();
        let name = quoted(given).map(|(name, _)| name);
        let base = name.map(|n| n.rsplit('/').next().unwrap_or(n));
        if let Some(over) = value("collection").and_then(|v| self.over(v, bound, engine)) {
            let element = value("as").map(|v| v.trim_start_matches(':')).or(base);
            handed.extend(element.map(|name| Bound { name: name.to_owned(), over: Some(over), eager: Vec::new() }));
        }
        for (key, value) in &given_pairs {
            if let Some(known) = bound.iter().rev().find(|b| b.name == *value) {
                handed.push(Bound { name: (*key).to_owned(), ..known.clone() });
            }
        }
        let partial = match name {
            Some(name) => self.pages.partial(self.sources, page, name),
            None => {
                // `render @posts`, `render post`
                let word: String =
                    given.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '@')).collect();
                let one = match self.lists.iter().position(|l| *l == word) {
                    Some(list) => {
                        let one = word.trim_start_matches('@').strip_suffix('s').unwrap_or_default().to_owned();
                        let over = Over { base: Base::Given(list), steps: vec![Vec::new()] };
                        handed.push(Bound { name: one.clone(), over: Some(over), eager: Vec::new() });
                        one
                    }
                    None => word,
                };
                self.pages.partial(self.sources, page, &format!("{one}s/{one}")).filter(|_| !one.is_empty())
            }
        };
        // what the page was given is there in its partials as well, once
        let is_new = |p: &FileId| !handed.is_empty() || !self.visited.contains(p);
        if let Some(partial) = partial.filter(|p| *p != page && is_new(p)) {
            self.visited.push(partial);
            self.page(partial, handed, depth + 1);
        }
    }
}

fn engine(path: &str) -> Option<Engine> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    match extension {
        "erb" | "rhtml" => Some(Engine::Erb),
        "haml" | "slim" | "jbuilder" | "builder" | "rabl" => Some(Engine::Lines),
        "html" | "htm" | "txt" | "xml" | "jinja" | "jinja2" | "j2"
            if path.contains("templates/") || path.contains("jinja2/") =>
        {
            Some(Engine::Braces)
        }
        _ => None,
    }
}

/// The pieces of code of a page, as places in its text.
fn pieces(engine: Engine, text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    match engine {
        Engine::Lines => {
            let mut at = 0;
            for line in text.split_inclusive('\n') {
                let start = at + line.len() - line.trim_start().len();
                let end = at + line.trim_end().len();
                if start < end && !text[start..end].starts_with(['/', '#']) {
                    found.push((start, end));
                }
                at += line.len();
            }
        }
        Engine::Erb => between(text, "<%", "%>", &mut found),
        Engine::Braces => {
            between(text, "{%", "%}", &mut found);
            between(text, "{{", "}}", &mut found);
            found.sort_unstable();
        }
    }
    found
}

fn between(text: &str, opening: &str, closing: &str, found: &mut Vec<(usize, usize)>) {
    let mut at = 0;
    while let Some(start) = text[at..].find(opening).map(|s| at + s + opening.len()) {
        let Some(end) = text[start..].find(closing).map(|e| start + e) else { return };
        let skipped = text[start..end].len() - text[start..end].trim_start_matches(['=', '-', ' ', '\n']).len();
        if !text[start..end].starts_with(['#', '%']) {
            found.push((start + skipped, end.max(start + skipped)));
        }
        at = end + closing.len();
    }
}

fn is_end(code: &str) -> bool {
    let code = code.trim().trim_end_matches('-').trim();
    code == "end" || code == "}" || code.starts_with("end ") || code.starts_with("end.")
}

fn opens_block(code: &str) -> bool {
    let code = code.trim().trim_end_matches('-').trim();
    let first = code.split([' ', '(']).next().unwrap_or_default();
    let word = matches!(first, "if" | "unless" | "case" | "while" | "until" | "for" | "begin");
    (word && !code.ends_with(" end")) || code.ends_with(" do") || code.ends_with('{') || ends_with_names(code)
}

/// `… do |post|`, `… { |post|`
fn ends_with_names(code: &str) -> bool {
    let Some(before) = code.strip_suffix('|').and_then(|c| c.rsplit_once('|')).map(|(before, _)| before) else {
        return false;
    };
    let before = before.trim_end();
    before.ends_with(" do") || before.ends_with('{')
}

/// What a block goes through and the names that it binds: `@posts.each do |post|`, `json.array! @posts do |post|`.
fn block_of(code: &str) -> Option<(&str, Vec<String>)> {
    let at = [" do |", "{ |", "{|"].iter().filter_map(|w| code.find(w).map(|at| (at, at + w.len()))).min()?;
    let names = code[at.1..].split('|').next()?;
    let first = names.split(',').next()?.trim_matches(['(', ')', ' ']).to_owned();
    Some((&code[..at.0], vec![first]))
}

/// `for post in posts`
fn counted(code: &str) -> Option<(&str, Vec<String>)> {
    let (names, over) = code.strip_prefix("for ")?.split_once(" in ")?;
    let names = names.split(',').map(|n| n.trim_matches(['(', ')', ' ']).to_owned()).collect();
    Some((over, names))
}

/// The members after a name: `comments`, `recent` of `.comments.recent(5)`.
fn chain(code: &str) -> Vec<Symbol> {
    let mut found = Vec::new();
    let mut rest = code;
    loop {
        let Some(after) = rest.strip_prefix('.').or_else(|| rest.strip_prefix("&.")) else { return found };
        let end = after.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '?' | '!')).unwrap_or(after.len());
        if end == 0 {
            return found;
        }
        found.push(Symbol::new(&after[..end]));
        rest = &after[end..];
        if rest.starts_with('(') {
            let Some(close) = closing(rest) else { return found };
            rest = &rest[close + 1..];
        }
    }
}

/// Where the bracket that a text begins with is closed.
fn closing(code: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The function that a name alone is handed to: `avatar(size, user)`, `user|avatar`; with its place.
fn handed(code: &str, at: usize, rest: &str) -> Option<(Symbol, u32)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '?');
    if let Some(filter) = rest.trim_start().strip_prefix('|').map(str::trim_start) {
        let end = filter.find(|c| !is_word(c)).unwrap_or(filter.len());
        return (end > 0).then(|| (Symbol::new(&filter[..end]), 0));
    }
    if !rest.trim_start().starts_with([',', ')']) && !rest.trim().is_empty() {
        return None;
    }
    let mut place = 0;
    let mut depth = 0usize;
    for (open, c) in code[..at].char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => {
                let name: String = code[..open].chars().rev().take_while(|c| is_word(*c)).collect();
                let name: String = name.chars().rev().collect();
                let is_method = code[..open - name.len()].ends_with('.');
                return (!name.is_empty() && !is_method).then(|| (Symbol::new(&name), place));
            }
            '(' | '[' | '{' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => place += 1,
            _ => {}
        }
    }
    None
}

/// Whether what is gone through are the elements of the list, and not groups or values of them.
fn gives_elements(over: &str) -> bool {
    !["group_by", "each_slice", "in_groups", ".map", "pluck", ".zip", ".keys", ".values", "index_by", ".to_h", "tally"]
        .iter()
        .any(|w| match over.rfind(w) {
            // `@posts.map do |post|` goes through posts
            Some(at) => *w != ".map" || over[at + w.len()..].contains(['.', '(', '{']),
            None => false,
        })
}

/// Names that an eager load in the page itself gives.
fn eager_in(over: &str) -> Vec<String> {
    match ["includes", "preload", "eager_load"].iter().any(|w| over.contains(w)) {
        true => words_after_colons(over),
        false => Vec::new(),
    }
}

fn words_after_colons(code: &str) -> Vec<String> {
    let named = |part: &str| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found: Vec<String> = code.split(':').skip(1).map(|p| named(p.trim_start())).collect();
    found.extend(code.split(':').filter_map(|p| {
        let word: String = p.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        Some(word.chars().rev().collect::<String>()).filter(|w| !w.is_empty())
    }));
    found.retain(|w| !w.is_empty());
    found
}

/// The words of a piece of code that are no members, with their places.
fn words(code: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@');
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in code.char_indices().chain([(code.len(), ' ')]) {
        match (is_word(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if !code[..from].ends_with(['.', ':']) {
                    found.push((from, &code[from..at]));
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// The first string in quotes, and what follows it.
fn quoted(code: &str) -> Option<(&str, &str)> {
    let start = code.find(['"', '\''])?;
    let quote = code[start..].chars().next()?;
    let rest = &code[start + 1..];
    let end = rest.find(quote)?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// `key: value`, `:key => value`, `key=value`.
fn pairs(code: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for part in code.split([',', '{', '(', '}', ')', ' ']).collect::<Vec<_>>().windows(3) {
        let (a, b, c) = (part[0].trim(), part[1].trim(), part[2].trim());
        if let Some(key) = a.strip_suffix(':').filter(|k| !k.is_empty()) {
            found.push((key, if b.is_empty() { c } else { b }));
        } else if b == "=>" {
            found.push((a.trim_start_matches(':'), c));
        }
    }
    for part in code.split([',', ' ']) {
        if let Some((key, value)) = part.split_once('=').filter(|(k, v)| !k.is_empty() && !v.starts_with(['=', '>'])) {
            found.push((key, value));
        }
    }
    // the last pair has nothing after it
    let last: Vec<&str> = code.split([',', '{', '(', '}', ')', ' ']).filter(|p| !p.is_empty()).collect();
    if let [.., key, value] = last.as_slice()
        && let Some(key) = key.strip_suffix(':')
    {
        found.push((key, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Language;

    fn asked(files: &[(&str, &str)], lists: &[&str]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| {
            base::SourceFile::new((*path).into(), (*text).into(), Language::of_path(path), FileRole::Production)
        };
        let sources = SourceMap::new(files.iter().map(file).collect());
        let pages = Pages::index(&sources);
        let first = sources.files().find(|(_, f)| f.path == files[0].0).map(|(id, _)| id).unwrap();
        pages
            .asked(&sources, first, lists)
            .iter()
            .map(|a| {
                let base = match a.over.base {
                    Base::Given(list) => lists[list].to_owned(),
                    Base::Named(name) => name.to_string(),
                };
                let words = |all: &[Symbol]| all.iter().map(|m| format!(".{m}")).collect::<String>();
                let steps: Vec<String> = a.over.steps.iter().map(|s| words(s)).collect();
                let handed = a.handed.map_or(String::new(), |(name, place)| format!(" to {name} {place}"));
                format!("{}{}{handed} of {base}{}", a.element, words(&a.members), steps.join(" / "))
            })
            .collect()
    }

    #[test]
    fn loops_of_erb_end_with_their_end() {
        let page = "<% if @user %>\n<% @posts.each do |post| %>\n<%= post.author.name %>\n<% end %>\n<%= post.body %>\n<% end %>";
        assert_eq!(
            asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]),
            ["post.author.name of @posts.each"]
        );
    }

    #[test]
    fn what_the_page_loads_itself_is_not_asked_for() {
        let page =
            "<% @posts.includes(:author).each do |post| %><%= post.author.name %><%= post.tags.first %><% end %>";
        assert_eq!(
            asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]),
            ["post.tags.first of @posts.includes.each"]
        );
    }

    #[test]
    fn relations_of_what_a_page_is_given_are_lists() {
        let page = "<% @post.comments.each do |comment| %><%= comment.user.name %><% end %>";
        assert_eq!(
            asked(&[("app/views/posts/show.html.erb", page)], &["@post"]),
            ["comment.user.name of @post.comments.each"]
        );
    }

    #[test]
    fn loops_within_loops_and_functions_are_told() {
        let page = "<% @posts.each do |post| %><% post.comments.recent(3).each do |c| %><%= link_to_user(1, c) %><% end %><% end %>";
        assert_eq!(
            asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]),
            ["post.comments.recent.each of @posts.each", "c to link_to_user 1 of @posts.each / .comments.recent.each"]
        );
    }

    #[test]
    fn groups_are_no_elements() {
        let page = "<% @posts.group_by(&:day).each do |post| %><%= post.author %><% end %>";
        assert!(asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]).is_empty());
    }

    #[test]
    fn partials_are_followed() {
        let files = [
            (
                "app/views/posts/index.html.erb",
                "<%= render partial: 'row', collection: @posts, as: :entry %><% @posts.each do |p| %><%= render 'shared/card', post: p %><% end %>",
            ),
            ("app/views/posts/_row.html.erb", "<%= entry.author.name %>"),
            ("app/views/shared/_card.html.erb", "<%= post.tags.size %>"),
        ];
        assert_eq!(asked(&files, &["@posts"]), ["entry.author.name of @posts", "post.tags.size of @posts.each"]);
    }

    #[test]
    fn indentation_ends_blocks_of_haml() {
        let page = "- @posts.each do |post|\n  %td= post.author.name\n%p= post.body\n";
        assert_eq!(
            asked(&[("app/views/posts/index.html.haml", page)], &["@posts"]),
            ["post.author.name of @posts.each"]
        );
    }

    #[test]
    fn braces_are_read() {
        let files = [
            (
                "web/templates/feed.html",
                "{% for status in activities %}{% include \"row.html\" with item=status %}{% endfor %}{{ status.user }}",
            ),
            ("web/templates/row.html", "{{ item.book.title|safe }}"),
        ];
        assert_eq!(asked(&files, &["activities"]), ["item.book.title of activities"]);
    }
}
