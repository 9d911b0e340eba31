//! Statements that methods are declared with, in annotations and in mapper files: where `${name}` stands, the
//! parameter becomes part of the statement as it is.

use base::{Language, Symbol};
use flow::{Declared, Kind as Danger};
use ir::{ExprKind, ParamKind};
use program::{ExprRef, FnId};
use rustc_hash::FxHashMap;

use crate::adapters::Context;
use crate::effects::Effect;
use crate::facts::{Kind, RecordId};

/// Whether a file may hold statements of mappers, by its name.
pub fn is_mapper(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.ends_with(".xml") && ["mapper", "mybatis", "dao", "ibatis"].iter().any(|w| lower.contains(w))
}

/// Java's methods without a body, by their annotations and by class and name.
pub(crate) fn bodiless(context: &Context<'_>) -> (FxHashMap<ExprRef, FnId>, FxHashMap<String, Vec<FnId>>) {
    let mut by_annotation: FxHashMap<ExprRef, FnId> = FxHashMap::default();
    let mut methods: FxHashMap<String, Vec<FnId>> = FxHashMap::default();
    for id in context.modules() {
        let module = context.program.module(id);
        if module.language != Language::Java {
            continue;
        }
        for (function, item) in module.functions().filter(|(_, f)| f.body.is_none()) {
            let this = FnId { module: id, function };
            for annotation in &item.annotations {
                by_annotation.insert(ExprRef { module: id, expr: *annotation }, this);
            }
            methods.entry(context.program.function_name(this)).or_default().push(this);
        }
    }
    (by_annotation, methods)
}

/// The statements of a mapper file: the method that each is given to (`UserMapper.findById`), its kind and its text.
pub(crate) fn statements(text: &str) -> Vec<(String, &'static str, &str)> {
    let Some(namespace) = text.split_once("<mapper").and_then(|(_, rest)| attribute(rest, "namespace")) else {
        return Vec::new();
    };
    let class = namespace.rsplit('.').next().unwrap_or(namespace);
    let of_tag =
        |tag: &'static str| elements(text, tag).into_iter().map(move |(id, body)| (format!("{class}.{id}"), tag, body));
    ["select", "insert", "update", "delete"].into_iter().flat_map(of_tag).collect()
}

/// The statements of a generated file that are named in a comment: the name, what it gives (`one`, `many`, `exec`,
/// `batch`) and the statement.
pub(crate) fn named_statements(text: &str) -> Vec<(&str, &'static str, &str)> {
    let mut found = Vec::new();
    for rest in text.split("-- name: ").skip(1) {
        let Some((line, statement)) = rest.split_once('\n') else { continue };
        let Some((name, gives)) = line.trim().split_once(" :") else { continue };
        let gives = match gives.trim() {
            "one" => "one",
            "many" => "many",
            "copyfrom" => "batch",
            gives if gives.starts_with("batch") => "batch",
            _ => "exec",
        };
        let statement = statement.split('`').next().unwrap_or_default();
        found.push((name.trim(), gives, statement));
    }
    found
}

/// The dangerous uses that declared statements make of parameters.
pub(crate) fn declared(context: &Context<'_>, effects: &[Effect]) -> FxHashMap<FnId, Vec<Declared>> {
    let mut found: FxHashMap<FnId, Vec<Declared>> = FxHashMap::default();
    let (by_annotation, methods) = bodiless(context);
    let mut record = None;
    for effect in effects.iter().filter(|e| e.kind == Kind::Sink) {
        let Some(function) = by_annotation.get(&effect.call) else { continue };
        let Some(kind) = context.facts.record(effect.record).label.as_deref().and_then(Danger::of) else { continue };
        record = Some(effect.record);
        let module = context.program.module(effect.call.module);
        let texts: Vec<Symbol> = module
            .exprs_within(module.expr(effect.call.expr).range)
            .filter_map(|(expr, item)| match item.kind {
                ExprKind::Literal(_) => module.string(expr),
                _ => None,
            })
            .collect();
        for hole in texts.iter().flat_map(|text| holes(text.as_str())) {
            add(context, *function, hole, effect.record, kind, Some(effect.call), &mut found);
        }
    }
    let record = record.or_else(|| context.facts.sink_named(Language::Java, "org.apache.ibatis.annotations.Select"));
    if let Some(record) = record {
        for (_, file) in context.sources.files().filter(|(_, f)| is_mapper(&f.path)) {
            of_file(context, &file.text, record, &methods, &mut found);
        }
    }
    found
}

/// One use; without a place of its own it is told at the parameter's annotation.
fn add(
    context: &Context<'_>,
    function: FnId,
    hole: &str,
    record: RecordId,
    kind: Danger,
    at: Option<ExprRef>,
    found: &mut FxHashMap<FnId, Vec<Declared>>,
) {
    let module = context.program.module(function.module);
    let params = &module.function(function.function).params;
    let (first, rest) = hole.split_once('.').map_or((hole, None), |(first, rest)| (first, Some(rest)));
    // conditions of the library's own
    if first == "ew" {
        return;
    }
    let named = params.iter().enumerate().filter(|(_, p)| p.kind != ParamKind::Receiver).find(|(_, p)| {
        let declared = p.annotations.iter().find_map(|a| match &module.expr(*a).kind {
            ExprKind::Call { args, .. } => args.first().and_then(|a| module.string(a.value)),
            _ => None,
        });
        declared.unwrap_or(p.name) == first
    });
    let (param, part) = match (named, params.as_slice()) {
        (Some((at, _)), _) => (at, rest),
        // the only one: its fields are named, or it goes by any name
        (None, [only]) if only.annotations.is_empty() => {
            let is_text = only
                .ty
                .is_some_and(|ty| matches!(&module.ty(ty).kind, ir::TypeKind::Named { path, .. } if *path == "String"));
            (0, (!is_text).then_some(first))
        }
        _ => return,
    };
    let told =
        at.or_else(|| params[param].annotations.first().map(|expr| ExprRef { module: function.module, expr: *expr }));
    let Some(at) = told else { return };
    let part = part.map(|p| Symbol::new(p.split(['.', '[']).next().unwrap_or(p)));
    let declared = Declared { param: param as u8, part, kind, at, record: record.0 };
    let all = found.entry(function).or_default();
    if !all.contains(&declared) {
        all.push(declared);
    }
}

/// The statements of a mapper file, with the fragments that they include.
fn of_file(
    context: &Context<'_>,
    text: &str,
    record: RecordId,
    methods: &FxHashMap<String, Vec<FnId>>,
    found: &mut FxHashMap<FnId, Vec<Declared>>,
) {
    let Some(namespace) = text.split_once("<mapper").and_then(|(_, rest)| attribute(rest, "namespace")) else { return };
    let class = namespace.rsplit('.').next().unwrap_or(namespace);
    let fragments: Vec<(&str, &str)> = elements(text, "sql");
    for tag in ["select", "insert", "update", "delete"] {
        for (id, body) in elements(text, tag) {
            let functions = methods.get(&format!("{class}.{id}")).map_or(&[][..], Vec::as_slice);
            let included = body.split("<include").skip(1).filter_map(|rest| attribute(rest, "refid"));
            let included = included.filter_map(|name| fragments.iter().find(|(id, _)| *id == name)).map(|(_, b)| *b);
            // names that the file gives to its fragments
            let given: Vec<&str> = body.split("<property").skip(1).filter_map(|rest| attribute(rest, "name")).collect();
            let all = std::iter::once(body).chain(included).flat_map(holes);
            for hole in all.filter(|hole| !given.contains(hole)) {
                for function in functions {
                    add(context, *function, hole, record, Danger::Sql, None, found);
                }
            }
        }
    }
}

/// The elements of a name with their `id` and what stands in them.
fn elements<'t>(text: &'t str, tag: &str) -> Vec<(&'t str, &'t str)> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(open.as_str()) {
        rest = after;
        if !after.starts_with(char::is_whitespace) {
            continue;
        }
        let Some((body, next)) = after.split_once(close.as_str()) else { break };
        if let Some(id) = attribute(body, "id") {
            found.push((id, body));
        }
        rest = next;
    }
    found
}

/// An attribute of the tag that a text begins in.
fn attribute<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (tag, _) = text.split_once('>')?;
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once(name) {
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        if before.ends_with(char::is_whitespace)
            && let Some(value) = value
        {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            return value[1..].split_once(quote).map(|(inner, _)| inner);
        }
        rest = after;
    }
    None
}

/// The names within `${…}`.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim())
}
