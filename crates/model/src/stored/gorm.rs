//! Models of GORM: structs whose tags say columns, and those that calls of it are given.
//!
//! `AutoMigrate` makes the tables of the structs that it is given, so only these have statements; `gorm/fields.rs` reads
//! tags and types, `gorm/relations.rs` what leads to other models.

mod fields;
mod relations;

use base::{Language, Symbol};
use ir::{ClassKind, ExprId, ExprKind, Range};
use program::{ClassRef, ExprRef, ModuleId, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use sql::{Dialect, Name};

use super::naming::plural;
use super::table::Table;
use super::{Stored, StoredField};
use crate::Constant;
use crate::adapters::Context;
use fields::Field;

const LIBRARIES: [&str; 2] = ["gorm.io/gorm", "github.com/jinzhu/gorm"];

/// Methods whose argument is a model, or a list of them.
const TAKERS: &[&str] = &["Model", "Create", "First", "Find", "Take", "Last", "Save", "FirstOrCreate", "FirstOrInit"];

/// What the project says for all models.
#[derive(Debug, Default)]
struct Settings {
    is_singular: bool,
    prefix: String,
    without_foreign_keys: bool,
    /// The first version.
    is_old: bool,
}

/// A struct with its table.
#[derive(Debug)]
struct Model {
    class: ClassRef,
    class_name: String,
    table: String,
    fields: Vec<Field>,
    is_made: bool,
}

/// All models.
struct Models<'c, 'p> {
    context: &'c Context<'p>,
    settings: Settings,
    dialect: Dialect,
    all: Vec<Model>,
    by_class: FxHashMap<ClassRef, usize>,
}

/// Reads all models.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !LIBRARIES.iter().any(|l| context.program.is_imported(l)) {
        return Vec::new();
    }
    let (made, used) = given(context);
    let settings = settings(context);
    let mut models = Models { context, settings, dialect, all: Vec::new(), by_class: FxHashMap::default() };
    for class in structs(context, &made, &used) {
        let fields = fields::of(context, class);
        if !fields.iter().any(Field::is_column) {
            continue;
        }
        let table = table_name(context, class, &models.settings);
        models.by_class.insert(class, models.all.len());
        let class_name = context.program.class(class).name.to_string();
        models.all.push(Model { class, class_name, table, fields, is_made: made.contains(&class) });
    }
    models.forget_old();
    let mut tables: Vec<(Table, Vec<Table>)> = models.all.iter().map(|m| (models.table(m), Vec::new())).collect();
    models.relate(&mut tables);
    let stored = models.all.iter().zip(tables).map(|(model, (table, joins))| models.stored(model, &table, &joins));
    stored.collect()
}

/// The classes given to `AutoMigrate`, and to other calls.
fn given(context: &Context<'_>) -> (FxHashSet<ClassRef>, FxHashSet<ClassRef>) {
    (given_to(context, &["AutoMigrate", "CreateTable"], &[]), given_to(context, TAKERS, &LIBRARIES))
}

/// The classes given to calls of these names, in modules that import one of the libraries (none: all).
pub(super) fn given_to(context: &Context<'_>, calls: &[&str], libraries: &[&str]) -> FxHashSet<ClassRef> {
    let mut found = FxHashSet::default();
    for id in go_modules(context) {
        if !libraries.is_empty() && !libraries.iter().any(|l| context.imports(id, l)) {
            continue;
        }
        let module = context.program.module(id);
        for (_, expr) in module.exprs() {
            let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
            let name = match &module.expr(*callee).kind {
                ExprKind::Member { name, .. } | ExprKind::Name(name) => name.as_str(),
                _ => continue,
            };
            if calls.contains(&name) {
                args.iter().for_each(|arg| classes_of(context, ExprRef { module: id, expr: arg.value }, &mut found));
            }
        }
    }
    found
}

/// The classes whose instances an argument is, or holds.
fn classes_of(context: &Context<'_>, at: ExprRef, found: &mut FxHashSet<ClassRef>) {
    let module = context.program.module(at.module);
    let inner = match &module.expr(at.expr).kind {
        ExprKind::Spread(inner) => {
            for item in context.program.items(ExprRef { module: at.module, expr: *inner }) {
                classes_of(context, item, found);
            }
            return;
        }
        ExprKind::Unary { operand, .. } => *operand,
        _ => at.expr,
    };
    if let Some(variable) = context.program.loop_variable(ExprRef { module: at.module, expr: inner }) {
        for item in context.program.items(variable.list) {
            if item != at {
                instances(context, item, found);
            }
        }
    }
    instances(context, ExprRef { module: at.module, expr: inner }, found);
}

fn instances(context: &Context<'_>, at: ExprRef, found: &mut FxHashSet<ClassRef>) {
    let module = context.program.module(at.module);
    let at = match &module.expr(at.expr).kind {
        ExprKind::Unary { operand, .. } => ExprRef { module: at.module, expr: *operand },
        _ => at,
    };
    // `new(User)`
    let made = match &module.expr(at.expr).kind {
        ExprKind::Call { callee, args, .. } if matches!(module.expr(*callee).kind, ExprKind::Name(n) if n == "new") => {
            args.first()
        }
        _ => None,
    };
    let written = made.map(|a| match &module.expr(a.value).kind {
        ExprKind::TypeExpr(ty) => context.evaluator(at.module).type_values(*ty, None),
        _ => context.eval(ExprRef { module: at.module, expr: a.value }),
    });
    for value in context.eval(at).into_iter().chain(written.into_iter().flatten()) {
        if let Value::Instance(class) | Value::Class(class) = value
            && context.program.class(class).kind == ClassKind::Struct
        {
            found.insert(context.program.classes().canonical(class));
        }
    }
}

fn go_modules<'a>(context: &Context<'a>) -> impl Iterator<Item = ModuleId> + use<'a> {
    let program = context.program;
    context.modules().filter(move |id| program.module(*id).language == Language::Go)
}

/// Structs that are models: given to calls, with `gorm.Model` or tags of it, or with a name for their table. What others
/// only embed is a part of them.
fn structs(context: &Context<'_>, made: &FxHashSet<ClassRef>, used: &FxHashSet<ClassRef>) -> Vec<ClassRef> {
    let program = context.program;
    let (mut found, mut parts) = (Vec::new(), FxHashSet::default());
    for id in go_modules(context) {
        let module = program.module(id);
        for (at, class) in module.classes().filter(|(_, c)| c.kind == ClassKind::Struct && c.function.is_none()) {
            let class_ref = ClassRef { module: id, class: at };
            let tags = class.fields.iter().flat_map(|f| &f.annotations);
            let has_tag = tags.filter_map(|t| module.string(*t)).any(|t| t.as_str().contains("gorm:\""));
            let info = program.classes().info(class_ref);
            let has_name = info.is_some_and(|i| i.methods.contains_key(&Symbol::new("TableName")));
            let has_base = class.bases.iter().any(|b| fields::is_model(module, *b));
            let is_given = made.contains(&class_ref) || used.contains(&class_ref);
            if is_given || has_name || has_base || has_tag {
                found.push((class_ref, is_given || has_name));
            }
            for base in info.iter().flat_map(|i| &i.bases) {
                if let Value::Class(base) = base {
                    parts.insert(*base);
                }
            }
            parts.extend(fields::embedded_classes(context, class_ref));
        }
    }
    found.into_iter().filter(|(class, is_sure)| *is_sure || !parts.contains(class)).map(|(class, _)| class).collect()
}

fn settings(context: &Context<'_>) -> Settings {
    let mut made = Settings { is_old: !context.program.is_imported(LIBRARIES[0]), ..Settings::default() };
    for id in go_modules(context) {
        let module = context.program.module(id);
        if !LIBRARIES.iter().any(|l| context.imports(id, l)) {
            continue;
        }
        for (_, expr) in module.exprs() {
            match &expr.kind {
                ExprKind::Map(entries) => {
                    for entry in entries {
                        let Some(key) = entry.key.and_then(|k| module.string(k)) else { continue };
                        let value = || context.constant(ExprRef { module: id, expr: entry.value });
                        match key.as_str() {
                            "SingularTable" => made.is_singular |= value() == Some(Constant::Bool(true)),
                            "DisableForeignKeyConstraintWhenMigrating" => {
                                made.without_foreign_keys |= value() == Some(Constant::Bool(true));
                            }
                            "TablePrefix" => {
                                if let Some(Constant::Str(prefix)) = value() {
                                    made.prefix = prefix.to_string();
                                }
                            }
                            _ => {}
                        }
                    }
                }
                ExprKind::Call { callee, args, .. } if matches!(&module.expr(*callee).kind, ExprKind::Member { name, .. } if *name == "SingularTable") =>
                {
                    let first = args.first().and_then(|a| context.constant(ExprRef { module: id, expr: a.value }));
                    made.is_singular |= first == Some(Constant::Bool(true));
                }
                _ => {}
            }
        }
    }
    made
}

/// `TableName()`, or the plural of the struct's name.
fn table_name(context: &Context<'_>, class: ClassRef, settings: &Settings) -> String {
    if let Some(name) = method_text(context, class, "TableName") {
        return name;
    }
    let name = fields::column_name(context.program.class(class).name.as_str());
    let name = if settings.is_singular { name } else { plural(&name) };
    format!("{}{name}", settings.prefix)
}

/// The text that a method without arguments gives.
pub(super) fn method_text(context: &Context<'_>, class: ClassRef, method: &str) -> Option<String> {
    let method = context.method(class, method)?;
    let module = context.program.module(method.module);
    let body = module.function(method.function).body.as_ref()?;
    let returned = body.iter().rev().find_map(|s| match module.stmt(*s).kind {
        ir::StmtKind::Return(Some(expr)) => Some(expr),
        _ => None,
    })?;
    let at = ExprRef { module: method.module, expr: returned };
    let known = || Some(context.known_part(at)?.replace("{?}", "").trim_start_matches('.').to_owned());
    context.string(at).map(|s| s.to_string()).or_else(known).filter(|name| !name.is_empty())
}

impl Models<'_, '_> {
    fn model(&self, class: ClassRef) -> Option<&Model> {
        self.by_class.get(&class).map(|at| &self.all[*at])
    }

    /// Structs that migrations keep of how a model once was count only where nothing else stands for their table.
    fn forget_old(&mut self) {
        let context = self.context;
        let made: FxHashSet<String> = self.all.iter().filter(|m| m.is_made).map(|m| m.table.clone()).collect();
        let current: FxHashSet<String> =
            self.all.iter().filter(|m| !is_old(context, m.class)).map(|m| m.table.clone()).collect();
        self.all.retain(|m| !is_old(context, m.class) || !current.contains(&m.table));
        self.all.iter_mut().for_each(|m| m.is_made = made.contains(&m.table));
        self.by_class = self.all.iter().enumerate().map(|(at, m)| (m.class, at)).collect();
    }

    fn stored(&self, model: &Model, table: &Table, joins: &[Table]) -> Stored {
        let program = self.context.program;
        let (class, module) = (program.class(model.class), program.module(model.class.module));
        let fields = model.fields.iter().map(|field| StoredField {
            name: field.name,
            span: field.span,
            column: field.column.clone(),
            relation: field.relation.map(|(to, is_many)| super::StoredRelation {
                to: program.class(to).name.to_string(),
                is_many,
                back: None,
            }),
        });
        let mut statements = table.statements(self.dialect);
        joins.iter().for_each(|j| statements.extend(j.statements(self.dialect)));
        Stored {
            class: Some(model.class),
            name: class.name.to_string(),
            library: "GORM",
            span: module.span(class.name_range),
            table: name_of(&model.table),
            is_document: false,
            is_made: model.is_made,
            fields: fields.collect(),
            statements,
            checked_unique: Vec::new(),
        }
    }
}

/// Whether a class stands in a migration.
pub(super) fn is_old(context: &Context<'_>, class: ClassRef) -> bool {
    context.sources.file(context.program.module(class.module).file).role == base::FileRole::Migration
}

/// `schema.table` in its parts.
pub(super) fn name_of(table: &str) -> Name {
    match table.rsplit_once('.') {
        Some((schema, name)) => Name::new(schema, name),
        None => Name::bare(table),
    }
}

/// Where a field lies for a class: itself, or the class's name where another file holds it.
fn place(context: &Context<'_>, class: ClassRef, module: ModuleId, range: Range) -> Range {
    if module == class.module { range } else { context.program.class(class).name_range }
}

/// The string of a tag.
fn tag_of(module: &ir::Module, annotations: &[ExprId]) -> String {
    annotations.iter().find_map(|a| module.string(*a)).map_or(String::new(), |t| t.to_string())
}
