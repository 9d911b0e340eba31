//! What the backend stores that belongs to somebody, and by which field.

use ir::ExprKind;
use rustc_hash::FxHashMap;

use crate::Model;
use crate::guards::words;

/// Words of fields that name the owner of a record.
const OWNER: [&str; 12] = [
    "user", "owner", "author", "account", "customer", "creator", "uid", "userid", "username", "member", "buyer",
    "patient",
];

impl Model {
    /// Classes of stored things by the words of their name, with the field of their owner; empty for nobody's.
    pub fn owned_things(&self) -> FxHashMap<String, String> {
        let model = self;
        let mut owned = FxHashMap::default();
        for (class, _) in model.program.classes().all() {
            if model.module_role(class.module) == base::FileRole::Test {
                continue;
            }
            let item = model.program.class(class);
            let module = model.program.module(class.module);
            // an author who is a text is a name on a title page
            let is_byline = |f: &ir::Field| {
                let ty = f.ty.map_or("", |t| model.sources.text(module.span(module.ty(t).range)));
                f.name.as_str().eq_ignore_ascii_case("author") && words(ty).iter().any(|w| w == "string" || w == "str")
            };
            let names: Vec<Vec<String>> = item.fields.iter().map(|f| words(f.name.as_str())).collect();
            // who wrote a record last is kept of every record: neither that nor who wrote it first owns it
            let is_audited = names.iter().any(|n| {
                matches!(
                    n.join(" ").as_str(),
                    "modifier"
                        | "updater"
                        | "editor"
                        | "modified by"
                        | "updated by"
                        | "last modified by"
                        | "last updated by"
                )
            });
            // a name beside a password is what a machine signs in with
            // and one beside an address is how a guest signs what they write
            let has_password =
                names.iter().any(|n| n.iter().any(|w| matches!(w.as_str(), "password" | "passwd" | "pwd" | "email")));
            let is_noted = |f: &ir::Field| {
                let said = words(f.name.as_str());
                is_audited && said.iter().any(|w| matches!(w.as_str(), "creator" | "created"))
                    || has_password && said.join("") == "username"
            };
            let fields = item.fields.iter().filter(|f| !is_byline(f) && !is_noted(f));
            let owners = fields.into_iter().find_map(|f| owner_field(f.name.as_str()));
            let field = owners.or_else(|| {
                // Ruby's `belongs_to :user`
                item.body.iter().find_map(|s| match &module.stmt(*s).kind {
                ir::StmtKind::Expr(e) | ir::StmtKind::Return(Some(e)) => match &module.expr(*e).kind {
                    ExprKind::Call { callee, args, .. }
                        if matches!(&module.expr(*callee).kind, ExprKind::Name(n) if *n == "belongs_to") =>
                    {
                        owner_field(module.string(args.first()?.value)?.as_str())
                    }
                    _ => None,
                },
                _ => None,
            })
            });
            // what belongs to a project or a company is shared by its people
            let shared = model.program.classes().lineage(class).into_iter().any(|base| {
                let item = model.program.class(base);
                let module = model.program.module(base.module);
                let methods = item.methods.iter().filter_map(|m| module.function(*m).name);
                item.fields.iter().map(|f| f.name).chain(methods).flat_map(|n| words(n.as_str())).any(|w| {
                    matches!(
                        w.as_str(),
                        "project" | "organization" | "organisation" | "tenant" | "workspace" | "team" | "company"
                    )
                })
            });
            // nobody's: known all the same, so that it is not taken for another of a longer name
            let field = field.filter(|_| !shared).unwrap_or_default();
            let mut parts = words(item.name.as_str());
            // what only carries a thing says nothing of whose it is
            let carries =
                parts.iter().any(|p| matches!(p.as_str(), "dto" | "vo" | "request" | "response" | "input" | "form"));
            if field.is_empty() && carries {
                continue;
            }
            let kinds =
                ["model", "entity", "dto", "table", "record", "po", "do", "schema", "document", "entities", "db"];
            parts.retain(|p| !kinds.contains(&p.as_str()));
            if let Some(last) = parts.pop() {
                parts.push(singular(&last));
                let known = owned.entry(parts.join(" ")).or_insert_with(String::new);
                if known.is_empty() {
                    *known = field;
                }
            }
        }
        for (name, field) in schemas(model) {
            owned.insert(name, field);
        }
        owned
    }
}

/// The owner's field of a thing that a path or a parameter calls by a name. `OrderItem` is `order item`; an
/// `order` may be an `AppOrder`, but an `item` is not yet an `OrderItem`.
pub fn owner_of(owned: &FxHashMap<String, String>, called: &[String]) -> Option<String> {
    const VAGUE: [&str; 21] = [
        "type", "item", "record", "entry", "data", "info", "detail", "source", "form", "status", "line", "link",
        "setting", "config", "option", "result", "event", "request", "response", "history", "log",
    ];
    let (last, before) = called.split_last()?;
    let mut wanted = before.to_vec();
    wanted.push(singular(last));
    let whole = wanted.join(" ");
    if let Some(field) = owned.get(&whole) {
        return Some(field.clone()).filter(|f| !f.is_empty());
    }
    let last = wanted.last()?;
    if VAGUE.contains(&last.as_str()) {
        return None;
    }
    // prefixes that say whose or of what kind, such as `AppUserSmartFilter`
    let mut found: Vec<(&String, &String)> = owned
        .iter()
        .filter(|(name, field)| {
            let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with(' '));
            !field.is_empty() && (ends(name, &whole) || ends(&whole, name))
        })
        .collect();
    found.sort();
    found.first().map(|(_, field)| (*field).clone())
}

/// The one of a word for many: `orders`, `categories`, `addresses`.
pub fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") {
        return word[..word.len() - 2].to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && stem.len() > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Stored things that a call declares: `new Schema({ user: … })`, `define('order', { userId: … })`,
/// `Order.belongsTo(User)`.
fn schemas(model: &Model) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for id in model.program.ids().filter(|m| model.module_role(*m) != base::FileRole::Test) {
        let module = model.program.module(id);
        let last_word = |name: &str| {
            let mut parts = words(name);
            parts.retain(|p| !matches!(p.as_str(), "schema" | "model" | "table" | "entity"));
            let last = parts.pop()?;
            parts.push(singular(&last));
            Some(parts.join(" "))
        };
        for (expr, item) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &item.kind else { continue };
            let (name, object) = match &module.expr(*callee).kind {
                ExprKind::Name(name) => (name.as_str(), None),
                ExprKind::Member { name, object, .. } => (name.as_str(), Some(*object)),
                _ => continue,
            };
            if name == "belongsTo"
                && let Some(thing) = object.and_then(|o| module.dotted(o)).and_then(|o| last_word(&o))
                && let Some(owner) = args.first().and_then(|a| module.dotted(a.value)).and_then(|o| last_word(&o))
                && OWNER.contains(&owner.as_str())
            {
                found.push((thing, owner));
            }
            if !matches!(name, "Schema" | "define" | "pgTable" | "mysqlTable" | "sqliteTable" | "model") {
                continue;
            }
            let field = args.iter().find_map(|a| match &module.expr(a.value).kind {
                ExprKind::Map(entries) => entries.iter().find_map(|e| owner_field(module.string(e.key?)?.as_str())),
                _ => None,
            });
            let Some(field) = field else { continue };
            let by_string = args.first().and_then(|a| module.string(a.value)).and_then(|s| last_word(s.as_str()));
            let by_variable = module.stmts().find_map(|s| match &s.kind {
                ir::StmtKind::Assign { target, value: Some(value), .. } if *value == expr => {
                    last_word(&module.dotted(*target)?)
                }
                _ => None,
            });
            let by_file =
                model.sources.file(module.file).path.rsplit('/').next().and_then(|f| last_word(f.split('.').next()?));
            found.extend(by_string.or(by_variable).or(by_file).map(|thing| (thing, field)));
        }
    }
    found
}

fn owner_field(name: &str) -> Option<String> {
    let mut parts = words(name);
    if matches!(parts.last().map(String::as_str), Some("id")) {
        parts.pop();
    }
    let created_by = parts.ends_with(&["by".to_owned()]) && parts.iter().any(|p| p == "created" || p == "owned");
    // ASP.NET's and Spring's users are often `AppUser` and `ApplicationUser`
    let prefixed =
        parts.len() == 2 && matches!(parts[0].as_str(), "app" | "application" | "identity" | "posted" | "created");
    let alone = parts.len() <= 1 || prefixed;
    (created_by || alone && parts.last().is_some_and(|p| OWNER.contains(&p.as_str()))).then(|| name.to_owned())
}
