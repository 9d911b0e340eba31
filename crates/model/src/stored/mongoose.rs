//! Mongoose: schemas and the models that are made of them, and classes of NestJS with `@Schema()`.

use std::rc::Rc;

use base::{Span, Symbol};
use ir::{Range, TypeKind};
use program::{ClassRef, ExprRef, FnId, ModuleId};
use sql::{Dialect, Name};

use super::words::plural;
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::table::{Column, Key, Table};
use crate::schemas::written::Written;
use crate::script::{Call, Run, Tool, Val, What, last};

/// What is known of the schemas of the repository.
#[derive(Default)]
struct Mongoose {
    schemas: Vec<Schema>,
    models: Vec<Model>,
}

/// `new Schema({ … })`, or what is made for a class.
struct Schema {
    made: Source,
    span: Span,
    definition: Val,
    options: Val,
    indexes: Vec<(Val, Option<Val>, Span)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Call(ExprRef),
    Class(ClassRef),
}

/// `model('User', schema)`.
struct Model {
    name: String,
    schema: usize,
    collection: Option<String>,
    span: Span,
}

/// Reads all models.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    let mut found = Mongoose::default();
    let mut run: Option<Run<'_, '_>> = None;
    for module in context.ecmascript_modules() {
        let uses = context.imports(module, "mongoose")
            || context.imports(module, "@nestjs/mongoose")
            // a file of the project's own gives Mongoose on
            || context.program.is_imported("mongoose")
                && context.program.path(module).to_ascii_lowercase().contains("model");
        let given = context
            .program
            .module(module)
            .functions()
            .find(|(_, f)| f.parent.is_none() && f.params.first().is_some_and(|p| p.name == "mongoose"));
        if !uses && given.is_none() {
            continue;
        }
        let run = run.get_or_insert_with(|| Run::new(context, module, dialect));
        run.enter(module);
        found.classes(context, run, module);
        run.top(module, &mut found);
        if let Some((function, _)) = given {
            let mongoose = Val::path("mongoose", Range::default());
            run.invoke(FnId { module, function }, &None, &[mongoose], &mut found);
        }
    }
    found.stored()
}

impl Tool for Mongoose {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        let what = match (&call.on, call.last()) {
            (None | Some(Val { what: What::Path(_), .. }), "Schema") => self.schema(run, call),
            (Some(Val { what: What::Handle(at), .. }), name) => self.schema_call(run, *at as usize, name, call),
            (_, "createForClass") => {
                let What::Class(class) = call.arg(0)?.what else { return None };
                let at = self.schemas.iter().position(|s| s.made == Source::Class(class))?;
                Some(What::Handle(at as u32))
            }
            (Some(Val { what: What::Path(path), .. }), "model" | "discriminator") if is_mongoose(path) => {
                self.model(run, call)
            }
            (None, "mongoose.model" | "model") => self.model(run, call),
            _ => None,
        };
        what.map(|what| Val::new(what, call.at))
    }
}

/// Mongoose, or a connection of it.
fn is_mongoose(path: &str) -> bool {
    let last = last(path).to_ascii_lowercase();
    last == "mongoose" || last.contains("connection") || last == "conn" || last == "db" || last == "default"
}

impl Mongoose {
    fn schema(&mut self, run: &mut Run<'_, '_>, call: &Call) -> Option<What> {
        let definition = call.arg(0).cloned().unwrap_or(Val::new(What::Null, call.at));
        let options = call.arg(1).cloned().unwrap_or(Val::new(What::Null, call.at));
        let made = Source::Call(call.expr);
        let is_home = run.home() == call.expr.module;
        let at = match self.schemas.iter().position(|s| s.made == made) {
            Some(at) => at,
            None => {
                let span = run.span(call.at);
                self.schemas.push(Schema {
                    made,
                    span,
                    definition: definition.clone(),
                    options: options.clone(),
                    indexes: Vec::new(),
                });
                self.schemas.len() - 1
            }
        };
        // places count where it is written
        if let (true, Some(schema)) = (is_home, self.schemas.get_mut(at)) {
            (schema.definition, schema.options, schema.span) = (definition, options, run.span(call.at));
        }
        Some(What::Handle(at as u32))
    }

    fn schema_call(&mut self, run: &mut Run<'_, '_>, at: usize, name: &str, call: &Call) -> Option<What> {
        let span = run.span(call.at);
        let schema = self.schemas.get_mut(at)?;
        if name == "index" {
            let known = schema.indexes.iter().any(|(_, _, s)| *s == span);
            if let (false, Some(fields)) = (known, call.arg(0)) {
                schema.indexes.push((fields.clone(), call.arg(1).cloned(), span));
            }
        }
        matches!(name, "index" | "plugin" | "set" | "pre" | "post" | "add" | "clone").then(|| What::Handle(at as u32))
    }

    fn model(&mut self, run: &mut Run<'_, '_>, call: &Call) -> Option<What> {
        let name = call.arg(0)?.name()?.to_owned();
        let What::Handle(schema) = call.arg(1)?.what else { return None };
        let collection = call.arg(2).and_then(Val::name).map(str::to_owned);
        let span = run.span(call.args.first()?.at);
        if !self.models.iter().any(|m| m.name == name && m.schema == schema as usize) {
            self.models.push(Model { name, schema: schema as usize, collection, span });
        }
        Some(What::Path("mongoose.Model".into()))
    }

    /// Classes with `@Schema()` of NestJS.
    fn classes(&mut self, context: &Context<'_>, run: &mut Run<'_, '_>, module: ModuleId) {
        for (id, class) in context.program.module(module).classes() {
            let marks = run.decorators(module, &class.annotations);
            let Some(mark) = marks.iter().find(|c| c.last() == "Schema") else { continue };
            let at = class.name_range;
            let mut entries = Vec::new();
            let line = context.program.classes().lineage(ClassRef { module, class: id });
            for part in line.into_iter().rev() {
                let item = context.program.class(part);
                for field in &item.fields {
                    let props = run.decorators(part.module, &field.annotations);
                    let Some(prop) = props.iter().find(|c| c.last() == "Prop") else { continue };
                    let written = prop.arg(0).cloned().unwrap_or(Val::new(What::Null, prop.at));
                    let declared = Val::new(declared_type(context, part.module, field.ty), prop.at);
                    let value = match &written.what {
                        What::Null => declared,
                        What::Map(entries) if written.get("type").is_none() => {
                            let own = crate::script::Entry { key: "type".into(), at: prop.at, value: declared };
                            let all = std::iter::once(own).chain(entries.iter().cloned());
                            Val::new(What::Map(Rc::new(all.collect())), prop.at)
                        }
                        _ => written,
                    };
                    let place = match part.module == module {
                        true => Range { start: field.range.start, end: field.range.end },
                        false => at,
                    };
                    entries.push(crate::script::Entry { key: field.name.as_str().into(), at: place, value });
                }
            }
            let name = class.name.as_str().to_owned();
            let options = mark.arg(0).cloned().unwrap_or(Val::new(What::Null, at));
            let made = Source::Class(ClassRef { module, class: id });
            let definition = Val::new(What::Map(Rc::new(entries)), at);
            let span = run.span(at);
            self.schemas.push(Schema { made, span, definition, options, indexes: Vec::new() });
            self.models.push(Model { name, schema: self.schemas.len() - 1, collection: None, span });
        }
    }

    fn stored(&self) -> Vec<Stored> {
        self.models.iter().filter_map(|model| self.stored_model(model)).collect()
    }

    fn stored_model(&self, model: &Model) -> Option<Stored> {
        let schema = self.schemas.get(model.schema)?;
        let class = match schema.made {
            Source::Class(class) => Some(class),
            Source::Call(_) => None,
        };
        // one that is part of others is no collection of its own
        let is_embedded = class.is_some() && schema.options.get("_id").is_some_and(Val::is_false);
        if is_embedded || schema.definition.entries().is_empty() {
            return None;
        }
        let named = schema.options.given("collection").and_then(Val::name).map(str::to_owned);
        let collection = model.collection.clone().or(named).unwrap_or_else(|| plural(&model.name.to_lowercase()));
        let mut read = Read { fields: Vec::new(), keys: Vec::new() };
        self.fields(schema, "", &mut read, 0);
        let is_stamped = schema.options.get("timestamps").and_then(Val::truth) == Some(true);
        if is_stamped {
            for name in ["createdAt", "updatedAt"] {
                read.fields.push(Told { name: name.to_owned(), span: schema.span, relation: None });
            }
        }
        let statements = statements(&collection, schema, &read);
        Some(Stored {
            class,
            name: model.name.clone(),
            library: "Mongoose",
            span: model.span,
            table: Name::bare(collection),
            is_document: true,
            is_made: true,
            fields: read.fields.into_iter().map(Told::stored).collect(),
            statements,
            checked_unique: Vec::new(),
        })
    }

    /// The fields of a schema, those of schemas within it with their path.
    fn fields(&self, schema: &Schema, prefix: &str, read: &mut Read, depth: u32) {
        self.entries(&schema.definition, schema.span, prefix, read, depth);
        for (fields, options, span) in &schema.indexes {
            let columns: Option<Vec<(String, String)>> = fields
                .entries()
                .iter()
                .map(|e| {
                    let way = match &e.value.what {
                        What::Number(number) => number.clone(),
                        What::Text(text) => text.to_string(),
                        _ => return None,
                    };
                    Some((format!("{prefix}{}", e.key), way))
                })
                .collect();
            if let Some(columns) = columns.filter(|c| !c.is_empty()) {
                read.key(&columns, options.as_ref(), *span);
            }
        }
    }

    fn entries(&self, definition: &Val, whole: Span, prefix: &str, read: &mut Read, depth: u32) {
        if depth > 4 {
            return;
        }
        for entry in definition.entries() {
            let name = format!("{prefix}{}", entry.key);
            let end = entry.value.at.end.max(entry.at.end);
            let span = Span::new(whole.file, entry.at.start, if end >= entry.at.start { end } else { entry.at.end });
            self.field(&name, span, &entry.value, false, read, depth);
        }
    }

    fn field(&self, name: &str, span: Span, value: &Val, is_many: bool, read: &mut Read, depth: u32) {
        if let What::List(items) = &value.what {
            return match items.first() {
                Some(first) => self.field(name, span, first, true, read, depth + 1),
                None => read.fields.push(Told { name: name.to_owned(), span, relation: None }),
            };
        }
        if let What::Handle(at) = value.what {
            read.fields.push(Told { name: name.to_owned(), span, relation: None });
            if let Some(inner) = self.schemas.get(at as usize).filter(|_| depth < 4) {
                let inner_schema = Schema {
                    made: inner.made,
                    span,
                    definition: Val::new(inner.definition.what.clone(), inner.definition.at),
                    options: inner.options.clone(),
                    indexes: inner.indexes.iter().map(|(f, o, _)| (f.clone(), o.clone(), span)).collect(),
                };
                let mut below = Read { fields: Vec::new(), keys: Vec::new() };
                self.fields(&inner_schema, &format!("{name}."), &mut below, depth + 1);
                // they are written elsewhere
                read.fields.extend(below.fields.into_iter().map(|f| Told { span, ..f }));
                read.keys.extend(below.keys.into_iter().map(|k| (k.0, span)));
            }
            return;
        }
        let given = value.get("type");
        // `{ type: { type: String } }` is a field that is called so
        let is_nested = !value.entries().is_empty()
            && given.is_none_or(|t| t.get("type").is_some() && value.get("required").is_none());
        if is_nested {
            let whole = Span::new(span.file, span.start, span.end);
            return self.entries(value, whole, &format!("{name}."), read, depth + 1);
        }
        let inner = given.filter(|t| matches!(t.what, What::List(_) | What::Handle(_)));
        if let Some(inner) = inner {
            let before = read.fields.len();
            self.field(name, span, inner, is_many, read, depth + 1);
            if read.fields.len() == before {
                read.fields.push(Told { name: name.to_owned(), span, relation: None });
            }
        } else {
            let to = value.given("ref").and_then(|r| match &r.what {
                What::Class(_) => None,
                What::Path(path) => path.strip_suffix(".name").map(|p| last(p).to_owned()),
                _ => r.name().map(str::to_owned),
            });
            let relation = to.map(|to| StoredRelation { to, is_many, back: None });
            read.fields.push(Told { name: name.to_owned(), span, relation });
        }
        let is = |key: &str| value.get(key).and_then(Val::truth) == Some(true);
        let way = value.given("index").and_then(Val::name).filter(|w| *w != "true").unwrap_or("1");
        if is("unique") || is("index") || is("text") || value.given("expires").is_some() {
            let way = if is("text") { "text" } else { way };
            read.key(&[(name.to_owned(), way.to_owned())], Some(value), span);
        }
    }
}

/// Fields and indexes of one collection.
struct Read {
    fields: Vec<Told>,
    keys: Vec<(Key, Span)>,
}

struct Told {
    name: String,
    span: Span,
    relation: Option<StoredRelation>,
}

impl Told {
    fn stored(self) -> StoredField {
        StoredField { name: Symbol::new(&self.name), span: self.span, column: Some(self.name), relation: self.relation }
    }
}

impl Read {
    fn key(&mut self, columns: &[(String, String)], options: Option<&Val>, span: Span) {
        let option = |key: &str| options.and_then(|o| o.given(key));
        let given = |key: &str| option(key).is_some_and(|v| v.truth() != Some(false));
        let named = option("name").and_then(Val::name).map(str::to_owned);
        let parts: Vec<String> = columns.iter().map(|(c, way)| format!("{c}_{way}")).collect();
        let name = named.unwrap_or_else(|| parts.join("_"));
        let special = columns.iter().find(|(_, way)| way.parse::<i64>().is_err()).map(|(_, way)| way.clone());
        // one that expires rows, or holds some only, is not served by another
        let is_partial = ["expires", "expireAfterSeconds", "sparse", "partialFilterExpression", "collation"]
            .iter()
            .any(|key| given(key));
        // the same columns are the same index
        let columns: Vec<String> = columns.iter().map(|(c, _)| c.clone()).collect();
        if self.keys.iter().any(|(k, _)| k.columns == columns && k.method.is_some() == special.is_some()) {
            return;
        }
        let key = Key {
            name: Some(name),
            unique: given("unique"),
            method: special.map(|_| "gin".to_owned()),
            predicate: is_partial.then(|| "1 = ?".to_owned()),
            ..Key::index(columns, Range { start: span.start, end: span.end })
        };
        self.keys.push((key, span));
    }
}

/// The collection as a table with its indexes. Where a schema is written in another file, all stands in one place.
fn statements(collection: &str, schema: &Schema, read: &Read) -> Vec<sql::Statement> {
    let at = |span: Span| Range { start: span.start, end: span.end };
    let columns = read.fields.iter().map(|f| Column {
        name: f.name.clone(),
        at: at(f.span),
        data_type: "varchar(255)".to_owned(),
        ..Column::default()
    });
    let mut columns: Vec<Column> = columns.collect();
    if !columns.iter().any(|c| c.name == "_id") {
        columns.insert(
            0,
            Column {
                name: "_id".to_owned(),
                at: at(schema.span),
                data_type: "varchar(255)".to_owned(),
                ..Column::default()
            },
        );
    }
    let mut seen: Vec<String> = Vec::new();
    columns.retain(|c| {
        let is_new = !seen.contains(&c.name);
        seen.push(c.name.clone());
        is_new
    });
    let table = Table {
        name: collection.to_owned(),
        at: at(schema.span),
        columns,
        primary: Some(Key { name: Some("_id_".to_owned()), ..Key::index(vec!["_id".to_owned()], at(schema.span)) }),
        keys: read
            .keys
            .iter()
            .filter(|(k, _)| k.columns.iter().all(|c| seen.contains(c)))
            .map(|(k, _)| k.clone())
            .collect(),
        ..Table::default()
    };
    let mut written = Written::new(Dialect::MySql);
    written.create(&table, false);
    written.statements()
}

/// What a field of a class is declared as.
fn declared_type(context: &Context<'_>, module: ModuleId, ty: Option<ir::TypeId>) -> What {
    let Some(ty) = ty else { return What::Unknown };
    match &context.program.module(module).ty(ty).kind {
        TypeKind::Array(_) => What::List(Rc::new(Vec::new())),
        _ => What::Path("String".into()),
    }
}
