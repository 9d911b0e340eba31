//! What page templates ask the elements of a list for: `<% @posts.each do |post| %> … post.author.name`.
//!
//! A template is read as text: its pieces of code in order, the loops that they open, and the members of what the
//! loops bind. Partials that an element is handed to are read as if they stood there.

use base::{FileId, FileRole, SourceMap, Span, Symbol};
use rustc_hash::FxHashMap;

use super::relations::Through;

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

/// What a page goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// One of the lists that it was given.
    List(usize),
    /// What something leads to: `@post.comments`.
    Of(Through),
}

/// A member that an element of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What the page goes through.
    pub over: Over,
    /// What the page calls the element.
    pub element: Symbol,
    /// The member.
    pub member: Symbol,
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
        let mut reader = Reader { pages: self, sources, lists, found: &mut found };
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
            let Some((over, names)) = loops else { continue };
            let through = match root(over, self.lists) {
                // `@post.comments.each` of a post that the page was given
                list @ Some(_) => {
                    let rows = engine != Engine::Braces || is_plain(over);
                    through(over).map(Over::Of).or(list.filter(|_| rows).map(Over::List))
                }
                None => through(over).filter(|t| t.owner.as_str().starts_with('@')).map(Over::Of),
            };
            let through = through.filter(|_| gives_elements(over));
            bound.extend(names.into_iter().map(|name| Bound { name, over: through.clone(), eager: eager_in(over) }));
        }
    }

    fn members(&mut self, page: FileId, code: &str, start: usize, bound: &[Bound]) {
        if bound.is_empty() || self.found.len() > MAX_ASKED {
            return;
        }
        for (at, word) in words(code) {
            let Some(known) = bound.iter().rev().find(|b| b.name == word) else { continue };
            let Some(over) = &known.over else { continue };
            let rest = &code[at + word.len()..];
            let Some(rest) = rest.strip_prefix('.').or_else(|| rest.strip_prefix("&.")) else { continue };
            let member: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if member.is_empty() || known.eager.contains(&member) {
                continue;
            }
            let from = (start + at) as u32;
            let to = (start + code.len() - rest.len() + member.len()) as u32;
            self.found.push(Asked {
                over: over.clone(),
                element: Symbol::new(word),
                member: Symbol::new(&member),
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
        if let Some(list) = value("collection").and_then(|v| root(v, self.lists)) {
            let element = value("as").map(|v| v.trim_start_matches(':')).or(base);
            handed.extend(element.map(|name| Bound {
                name: name.to_owned(),
                over: Some(Over::List(list)),
                eager: Vec::new(),
            }));
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
                let one = match root(&word, self.lists) {
                    Some(list) => {
                        let one = word.trim_start_matches('@').strip_suffix('s').unwrap_or_default().to_owned();
                        handed.push(Bound { name: one.clone(), over: Some(Over::List(list)), eager: Vec::new() });
                        one
                    }
                    None => word,
                };
                self.pages.partial(self.sources, page, &format!("{one}s/{one}")).filter(|_| !one.is_empty())
            }
        };
        if let Some(partial) = partial.filter(|p| *p != page && !handed.is_empty()) {
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

/// Which list an expression goes through, by the first name in it that is one.
fn root(over: &str, lists: &[&str]) -> Option<usize> {
    words(over).into_iter().find_map(|(_, word)| lists.iter().position(|l| *l == word))
}

/// `posts`, `posts.all`, `page.object_list|slice:":5"`: the rows themselves.
fn is_plain(over: &str) -> bool {
    let over = over.split(['|', ' ']).next().unwrap_or(over);
    let Some((_, member)) = over.split_once('.') else { return true };
    let member = member.split(['(', '.']).next().unwrap_or(member);
    matches!(member, "all" | "items" | "object_list" | "filter" | "order_by")
}

/// The relation that an expression goes through: `@post.comments.recent.each`, `post.comments.all`.
fn through(over: &str) -> Option<Through> {
    let (at, owner) = words(over).into_iter().find(|(at, w)| over[at + w.len()..].starts_with('.'))?;
    let rest = &over[at + owner.len() + 1..];
    let relation: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let is_many = relation.ends_with('s') && !matches!(relation.as_str(), "items" | "keys" | "values" | "includes");
    is_many.then(|| Through { owner: Symbol::new(owner), relation: Symbol::new(&relation) })
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
            .map(|a| match &a.over {
                Over::List(list) => format!("{}.{} of {}", a.element, a.member, lists[*list]),
                Over::Of(t) => format!("{}.{} of {}.{}", a.element, a.member, t.owner, t.relation),
            })
            .collect()
    }

    #[test]
    fn loops_of_erb_end_with_their_end() {
        let page = "<% if @user %>\n<% @posts.each do |post| %>\n<%= post.author.name %>\n<% end %>\n<%= post.body %>\n<% end %>";
        assert_eq!(asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]), ["post.author of @posts"]);
    }

    #[test]
    fn what_the_page_loads_itself_is_not_asked_for() {
        let page =
            "<% @posts.includes(:author).each do |post| %><%= post.author.name %><%= post.tags.first %><% end %>";
        assert_eq!(asked(&[("app/views/posts/index.html.erb", page)], &["@posts"]), ["post.tags of @posts"]);
    }

    #[test]
    fn relations_of_what_a_page_is_given_are_lists() {
        let page = "<% @post.comments.each do |comment| %><%= comment.user.name %><% end %>";
        assert_eq!(asked(&[("app/views/posts/show.html.erb", page)], &["@post"]), ["comment.user of @post.comments"]);
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
        assert_eq!(asked(&files, &["@posts"]), ["entry.author of @posts", "post.tags of @posts"]);
    }

    #[test]
    fn indentation_ends_blocks_of_haml() {
        let page = "- @posts.each do |post|\n  %td= post.author.name\n%p= post.body\n";
        assert_eq!(asked(&[("app/views/posts/index.html.haml", page)], &["@posts"]), ["post.author of @posts"]);
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
        assert_eq!(asked(&files, &["activities"]), ["item.book of activities"]);
    }
}
