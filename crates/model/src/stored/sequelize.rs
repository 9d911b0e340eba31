//! Sequelize: `sequelize.define`, `Model.init`, and classes of sequelize-typescript.

use std::rc::Rc;

use base::{Span, Symbol};
use ir::{Range, TypeKind};
use program::{ClassRef, ExprRef, FnId, ModuleId};
use sql::{Dialect, Name};

use super::words::{plural, snake};
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::node::sequelize::attributes::{self, Attribute, underscored};
use crate::schemas::node::sequelize::table_name;
use crate::schemas::table::{Column, Foreign, Key, Table};
use crate::schemas::written::Written;
use crate::script::{Call, Run, Tool, Val, What};

/// The models of the repository.
#[derive(Default)]
struct Sequelize {
    models: Vec<Model>,
    /// `Post.belongsTo(User, { foreignKey })`.
    relations: Vec<(usize, Rc<Call>, String)>,
    /// `new Sequelize(…, { define: { … } })`: what holds for all models.
    defaults: Option<Val>,
}

/// A model as it is defined.
struct Model {
    expr: Option<ExprRef>,
    class: Option<ClassRef>,
    name: String,
    span: Span,
    /// Attributes by their names in the code.
    attributes: Vec<(String, Attribute)>,
    relations: Vec<StoredField>,
    options: Val,
    is_typescript: bool,
}

/// Reads all models.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    let mut found = Sequelize::default();
    let mut run: Option<Run<'_, '_>> = None;
    for module in context.ecmascript_modules() {
        let uses = context.imports(module, "sequelize") || context.imports(module, "sequelize-typescript");
        // `module.exports = (sequelize, DataTypes) => …`
        let given = context.program.module(module).functions().find(|(_, f)| {
            f.parent.is_none() && f.class.is_none() && f.params.first().is_some_and(|p| p.name == "sequelize")
        });
        if !uses && given.is_none() {
            continue;
        }
        let run = run.get_or_insert_with(|| Run::new(context, module, dialect));
        run.enter(module);
        found.classes(context, run, module, dialect);
        run.top(module, &mut found);
        if let Some((function, _)) = given {
            let at = Range::default();
            let args = [Val::path("sequelize", at), Val::path("DataTypes", at)];
            run.invoke(FnId { module, function }, &None, &args, &mut found);
        }
    }
    found.relate();
    (0..found.models.len()).filter_map(|at| found.stored(at, dialect)).collect()
}

impl Tool for Sequelize {
    fn call(&mut self, run: &mut Run<'_, '_>, call: &Rc<Call>) -> Option<Val> {
        if call.on.is_none() && call.last() == "Sequelize" {
            let given = call.args.iter().find_map(|a| a.given("define")).cloned();
            self.defaults = self.defaults.take().or(given);
            return None;
        }
        let on = call.on.as_ref()?;
        let what = match (&*call.name, &on.what) {
            ("define", _) => self.define(run, call)?,
            ("init", What::Class(class)) => {
                let class = *class;
                self.init(run, class, call)?
            }
            // `super.init({ … }, { sequelize })` stands in a method of the class
            ("belongsTo" | "hasMany" | "hasOne" | "belongsToMany", _) => {
                let at = self.model_of(on)?;
                let to = self.model_of(call.arg(0)?).and_then(|to| self.models.get(to)).map(|m| m.name.clone());
                let to = to.unwrap_or_else(|| call.args.first().map_or(String::new(), |a| a.last().to_owned()));
                if !self.relations.iter().any(|(_, c, _)| c.expr == call.expr) {
                    self.relations.push((at, Rc::clone(call), to));
                }
                What::Unknown
            }
            _ => return None,
        };
        Some(Val::new(what, call.at))
    }
}

impl Sequelize {
    fn model_of(&self, value: &Val) -> Option<usize> {
        match &value.what {
            What::Handle(at) => Some(*at as usize),
            What::Class(class) => self.models.iter().position(|m| m.class == Some(*class)),
            // `models.User`
            What::Path(path) => {
                let name = path.rsplit('.').next()?;
                self.models.iter().position(|m| m.name.eq_ignore_ascii_case(name))
            }
            _ => None,
        }
    }

    fn define(&mut self, run: &mut Run<'_, '_>, call: &Call) -> Option<What> {
        let name = call.arg(0)?.name()?.to_owned();
        let definition = call.arg(1).filter(|d| !d.entries().is_empty())?;
        if let Some(at) = self.models.iter().position(|m| m.expr == Some(call.expr)) {
            return Some(What::Handle(at as u32));
        }
        // a definition that is only called from here is read where it stands
        if run.home() != call.expr.module {
            return None;
        }
        self.models.push(Model {
            expr: Some(call.expr),
            class: None,
            name,
            span: run.span(call.args.first()?.at),
            attributes: read_attributes(run.dialect, definition),
            relations: Vec::new(),
            options: call.arg(2).cloned().unwrap_or(Val::new(What::Null, call.at)),
            is_typescript: false,
        });
        Some(What::Handle(self.models.len() as u32 - 1))
    }

    fn init(&mut self, run: &mut Run<'_, '_>, class: ClassRef, call: &Call) -> Option<What> {
        let definition = call.arg(0).filter(|d| !d.entries().is_empty())?;
        if self.models.iter().any(|m| m.class == Some(class)) || run.home() != call.expr.module {
            return None;
        }
        let options = call.arg(1).cloned().unwrap_or(Val::new(What::Null, call.at));
        let named = options.given("modelName").and_then(Val::name).map(str::to_owned);
        self.models.push(Model {
            expr: Some(call.expr),
            class: Some(class),
            name: named.unwrap_or_else(|| run.context.program.class(class).name.as_str().to_owned()),
            span: run.span(call.name_at),
            attributes: read_attributes(run.dialect, definition),
            relations: Vec::new(),
            options,
            is_typescript: false,
        });
        Some(What::Class(class))
    }

    /// Classes with `@Table` of sequelize-typescript.
    fn classes(&mut self, context: &Context<'_>, run: &mut Run<'_, '_>, module: ModuleId, dialect: Dialect) {
        if !context.imports(module, "sequelize-typescript") {
            return;
        }
        for (id, item) in context.program.module(module).classes() {
            let marks = run.decorators(module, &item.annotations);
            let Some(mark) = marks.iter().find(|m| m.last() == "Table") else { continue };
            let class = ClassRef { module, class: id };
            let mut model = Model {
                expr: None,
                class: Some(class),
                name: item.name.as_str().to_owned(),
                span: run.span(item.name_range),
                attributes: Vec::new(),
                relations: Vec::new(),
                options: mark.arg(0).cloned().unwrap_or(Val::new(What::Null, mark.at)),
                is_typescript: true,
            };
            for part in context.program.classes().lineage(class).into_iter().rev() {
                for field in &context.program.class(part).fields {
                    let marks = run.decorators(part.module, &field.annotations);
                    let at = if part.module == module { field.range } else { item.name_range };
                    self.field(context, run, part.module, field, &marks, at, dialect, &mut model);
                }
            }
            self.models.push(model);
        }
    }

    #[allow(clippy::too_many_arguments)] // a field, and where it is
    fn field(
        &self,
        context: &Context<'_>,
        run: &mut Run<'_, '_>,
        module: ModuleId,
        field: &ir::Field,
        marks: &[Rc<Call>],
        at: Range,
        dialect: Dialect,
        model: &mut Model,
    ) {
        let mark = |name: &str| marks.iter().find(|m| m.last() == name);
        let relation = marks.iter().find(|m| matches!(m.last(), "BelongsTo" | "HasMany" | "HasOne" | "BelongsToMany"));
        if let Some(relation) = relation {
            let given = relation.arg(0).and_then(|f| run.given_by(f));
            let to = given.map_or(String::new(), |v| match &v.what {
                What::Class(class) => context.program.class(*class).name.as_str().to_owned(),
                _ => v.last().to_owned(),
            });
            let is_many = matches!(relation.last(), "HasMany" | "BelongsToMany");
            model.relations.push(StoredField {
                name: field.name,
                span: Span::new(model.span.file, at.start, at.end),
                column: None,
                relation: Some(StoredRelation { to, is_many, back: None }),
            });
            return;
        }
        let stamp = marks.iter().any(|m| matches!(m.last(), "CreatedAt" | "UpdatedAt" | "DeletedAt"));
        let Some(column) = mark("Column").or_else(|| mark("PrimaryKey")).or(marks.first().filter(|_| stamp)) else {
            return;
        };
        let mut given = column.arg(0).cloned().unwrap_or(Val::new(What::Null, column.at));
        if given.is_null() || (!given.entries().is_empty() && given.given("type").is_none()) {
            let word = declared(context, module, field.ty);
            let word = Val::path(&format!("DataTypes.{word}"), at);
            given = with(&given, "type", word, at);
        }
        let flag = |value: bool| Val::new(What::Bool(value), at);
        for (name, key, value) in [
            ("PrimaryKey", "primaryKey", flag(true)),
            ("AutoIncrement", "autoIncrement", flag(true)),
            ("Unique", "unique", flag(true)),
        ] {
            if mark(name).is_some() {
                given = with(&given, key, value, at);
            }
        }
        if let Some(allows) = mark("AllowNull") {
            let value = allows.arg(0).cloned().unwrap_or(flag(true));
            given = with(&given, "allowNull", value, at);
        }
        if let Some(default) = mark("Default").and_then(|d| d.arg(0)) {
            given = with(&given, "defaultValue", default.clone(), at);
        }
        let Some(mut attribute) = attributes::read(dialect, field.name.as_str(), at, &given) else { return };
        let to = mark("ForeignKey").and_then(|m| m.arg(0)).and_then(|f| run.given_by(f));
        if let Some(What::Class(class)) = to.map(|v| v.what) {
            let name = context.program.class(class).name.as_str().to_owned();
            attribute.foreign = Some(Foreign {
                columns: vec![attribute.name.clone()],
                at,
                references: name,
                referenced: vec!["id".to_owned()],
                ..Foreign::default()
            });
        }
        model.attributes.push((field.name.as_str().to_owned(), attribute));
    }

    fn option<'m>(&'m self, model: &'m Model, key: &str) -> Option<&'m Val> {
        model.options.given(key).or_else(|| self.defaults.as_ref()?.given(key))
    }

    fn table_of(&self, model: &Model) -> String {
        let is = |key: &str| self.option(model, key).is_some_and(Val::is_true);
        let named = self.option(model, "tableName").and_then(Val::name).map(str::to_owned);
        let made = || {
            let name = match is("underscored") {
                true => snake(&model.name),
                false => model.name.clone(),
            };
            if is("freezeTableName") || model.is_typescript && !is("underscored") { name } else { plural(&name) }
        };
        let name = named.unwrap_or_else(made);
        match self.option(model, "schema").and_then(Val::name) {
            Some(schema) => format!("{schema}.{name}"),
            None => name,
        }
    }

    /// Foreign keys that `belongsTo` brings.
    fn relate(&mut self) {
        for (at, call, to) in std::mem::take(&mut self.relations) {
            let target = self.models.iter().position(|m| m.name == to);
            let options = call.arg(1);
            let foreign = options.and_then(|o| o.given("foreignKey"));
            let key = foreign.and_then(|f| f.name().or_else(|| f.given("name").and_then(Val::name))).map(str::to_owned);
            let alias =
                options.and_then(|o| o.given("as")).and_then(|a| a.name().or_else(|| a.given("singular")?.name()));
            let name = alias.map_or_else(|| to.clone(), str::to_owned);
            let table = target.and_then(|t| self.models.get(t)).map(|m| self.table_of(m));
            let Some(model) = self.models.get_mut(at) else { continue };
            let span = Span::new(model.span.file, call.at.start, call.at.end);
            let is_many = matches!(&*call.name, "hasMany" | "belongsToMany");
            model.relations.push(StoredField {
                name: Symbol::new(&name),
                span,
                column: None,
                relation: Some(StoredRelation { to: to.clone(), is_many, back: None }),
            });
            if let ("belongsTo", Some(table)) = (&*call.name, table) {
                let key = key.unwrap_or_else(|| format!("{}Id", lower_first(&name)));
                let known = model.attributes.iter_mut().find(|(n, _)| *n == key);
                if let Some((_, attribute)) = known.filter(|(_, a)| a.foreign.is_none()) {
                    attribute.foreign = Some(Foreign {
                        columns: vec![attribute.name.clone()],
                        at: attribute.at,
                        references: table,
                        referenced: vec!["id".to_owned()],
                        ..Foreign::default()
                    });
                }
            }
        }
    }

    fn stored(&self, at: usize, dialect: Dialect) -> Option<Stored> {
        let model = self.models.get(at)?;
        let is = |key: &str| self.option(model, key).is_some_and(Val::is_true);
        let is_underscored = is("underscored");
        let table_name = self.table_of(model);
        let cased = |property: &str, attribute: &Attribute| match is_underscored && attribute.name == property {
            true => underscored(property),
            false => attribute.name.clone(),
        };
        let span_of = |at: Range| Span::new(model.span.file, at.start, at.end);
        let mut table = Table {
            name: table_name.clone(),
            at: Range { start: model.span.start, end: model.span.end },
            ..Table::default()
        };
        let (mut fields, mut primary, mut types) = (Vec::new(), Vec::new(), String::new());
        let mut shared: Vec<(String, Vec<String>, Range)> = Vec::new();
        for (property, attribute) in &model.attributes {
            if attribute.is_virtual {
                continue;
            }
            let name = cased(property, attribute);
            types.push_str(&attribute.create_type(dialect, &table_name).unwrap_or_default());
            let column = Column { name: name.clone(), ..attribute.column(dialect, &table_name) };
            table.columns.push(column);
            fields.push(StoredField {
                name: Symbol::new(property),
                span: span_of(attribute.at),
                column: Some(name.clone()),
                relation: None,
            });
            if attribute.primary {
                primary.push(name.clone());
            }
            if attribute.unique {
                table.keys.push(Key::unique(vec![name.clone()], attribute.at));
            }
            if let Some(key) = &attribute.unique_name {
                match shared.iter_mut().find(|(n, ..)| n == key) {
                    Some((_, columns, _)) => columns.push(name.clone()),
                    None => shared.push((key.clone(), vec![name.clone()], attribute.at)),
                }
            }
            if let Some(foreign) = &attribute.foreign {
                // a class stands for its table
                let to = self.models.iter().find(|m| m.name == foreign.references).map(|m| self.table_of(m));
                let references = to.unwrap_or_else(|| foreign.references.clone());
                table.foreign.push(Foreign { columns: vec![name], references, ..foreign.clone() });
            }
        }
        if primary.is_empty() && !table.columns.iter().any(|c| c.name == "id") {
            let id = Column {
                name: "id".to_owned(),
                at: table.at,
                data_type: "INTEGER".to_owned(),
                not_null: true,
                ..Column::default()
            };
            let mut id = id;
            crate::schemas::node::typeorm::count(dialect, &mut id, true);
            table.columns.insert(0, id);
            fields.push(StoredField {
                name: Symbol::new("id"),
                span: model.span,
                column: Some("id".to_owned()),
                relation: None,
            });
            primary.push("id".to_owned());
        }
        if !primary.is_empty() {
            table.primary = Some(Key::index(primary, table.at));
        }
        table
            .keys
            .extend(shared.into_iter().map(|(name, columns, at)| Key { name: Some(name), ..Key::unique(columns, at) }));
        self.stamps(model, is_underscored, dialect, &mut table, &mut fields);
        self.indexes(model, &mut table, &fields);
        fields.extend(model.relations.iter().cloned());
        let mut written = Written::new(dialect);
        if !types.is_empty() {
            written.say(&types, table.at);
        }
        written.create_apart(&table);
        Some(Stored {
            class: model.class,
            name: model.name.clone(),
            library: "Sequelize",
            span: model.span,
            table: table_name.rsplit_once('.').map_or_else(|| Name::bare(&table_name), |(s, n)| Name::new(s, n)),
            is_document: false,
            is_made: true,
            fields,
            statements: written.statements(),
            checked_unique: Vec::new(),
        })
    }

    fn stamps(
        &self,
        model: &Model,
        underscored: bool,
        dialect: Dialect,
        table: &mut Table,
        fields: &mut Vec<StoredField>,
    ) {
        let off = |key: &str| self.option(model, key).is_some_and(Val::is_false);
        if off("timestamps") {
            return;
        }
        let mut stamps = vec![("createdAt", true), ("updatedAt", true)];
        if self.option(model, "paranoid").is_some_and(Val::is_true) {
            stamps.push(("deletedAt", false));
        }
        for (name, not_null) in stamps.into_iter().filter(|(n, _)| !off(n)) {
            let given = self.option(model, name).and_then(Val::name).map(str::to_owned);
            let property = given.clone().unwrap_or_else(|| name.to_owned());
            let column = if underscored { attributes::underscored(&property) } else { property.clone() };
            if table.columns.iter().any(|c| c.name == column) {
                continue;
            }
            let data_type = if dialect == Dialect::Postgres { "TIMESTAMP WITH TIME ZONE" } else { "DATETIME" };
            let made = Column {
                name: column.clone(),
                at: table.at,
                data_type: data_type.to_owned(),
                not_null,
                ..Column::default()
            };
            table.columns.push(made);
            fields.push(StoredField {
                name: Symbol::new(&property),
                span: model.span,
                column: Some(column),
                relation: None,
            });
        }
    }

    fn indexes(&self, model: &Model, table: &mut Table, fields: &[StoredField]) {
        for given in self.option(model, "indexes").map(Val::listed).unwrap_or_default() {
            let Some(columns) = given.get("fields").and_then(attributes::fields) else { continue };
            let column = |name: String| {
                let field = fields.iter().find(|f| f.name == name.as_str());
                field.and_then(|f| f.column.clone()).unwrap_or(name)
            };
            let columns = columns.into_iter().map(column).collect();
            table.keys.push(attributes::index(&table.name, columns, Some(&given), given.at));
        }
    }
}

fn read_attributes(dialect: Dialect, definition: &Val) -> Vec<(String, Attribute)> {
    let one = |e: &crate::script::Entry| {
        let at = Range { start: e.at.start, end: e.value.at.end.max(e.at.end) };
        Some((e.key.to_string(), attributes::read(dialect, &e.key, at, &e.value)?))
    };
    let mut found: Vec<(String, Attribute)> = definition.entries().iter().filter_map(one).collect();
    // `references: { model: User }` gives a model and no name
    for (entry, (_, attribute)) in definition.entries().iter().zip(found.iter_mut()) {
        let model = entry.value.get("references").and_then(|r| r.get("model"));
        if let (Some(foreign), Some(name)) = (&mut attribute.foreign, model.and_then(table_name)) {
            foreign.references = name;
        }
    }
    found
}

/// An object with an entry more.
fn with(value: &Val, key: &str, entry: Val, at: Range) -> Val {
    let mut entries = value.entries().to_vec();
    if entries.is_empty() && !value.is_null() && !matches!(value.what, What::Map(_)) {
        entries.push(crate::script::Entry { key: "type".into(), at, value: value.clone() });
    }
    entries.retain(|e| *e.key != *key);
    entries.push(crate::script::Entry { key: key.into(), at, value: entry });
    Val::new(What::Map(Rc::new(entries)), value.at)
}

/// The type of Sequelize for the declared type of a field.
fn declared(context: &Context<'_>, module: ModuleId, ty: Option<ir::TypeId>) -> &'static str {
    let Some(ty) = ty else { return "STRING" };
    match &context.program.module(module).ty(ty).kind {
        TypeKind::Named { path, .. } => match path.as_str() {
            "number" => "INTEGER",
            "boolean" => "BOOLEAN",
            "Date" => "DATE",
            "bigint" => "BIGINT",
            "Buffer" => "BLOB",
            _ => "STRING",
        },
        TypeKind::Optional(inner) => declared(context, module, Some(*inner)),
        TypeKind::Union(parts) => parts.first().map_or("STRING", |p| declared(context, module, Some(*p))),
        _ => "STRING",
    }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}
