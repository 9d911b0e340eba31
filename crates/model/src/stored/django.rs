//! Models of Django.

use std::sync::Arc;

use base::{FileRole, Language, Span, Symbol};
use program::{ClassRef, ExprRef};
use sql::{Dialect, Name};

use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::constants::Constant;
use crate::schemas::django::{Editor, Field, Key, Model, Reading, State, app_of, contrib, setting, user_model};
use crate::schemas::written::UNKNOWN;

/// Reads every model.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !context.program.is_imported("django") {
        return Vec::new();
    }
    let reading = Reading { context, user: user_model(context) };
    let key_kind = kind_of_keys(setting(context, "DEFAULT_AUTO_FIELD").as_deref());
    let classes: Vec<ClassRef> =
        context.program.classes().all().into_iter().map(|(class, _)| class).filter(|c| is_model(context, *c)).collect();
    let models = Models { reading: &reading, dialect, key_kind };
    let mut state = State::default();
    for app in ["contenttypes", "auth", "sites"] {
        contrib::add(&mut state, app, &reading.user, "AutoField");
    }
    let mut made: Vec<(ClassRef, Key)> = Vec::new();
    for class in classes {
        if models.is_abstract(class) {
            continue;
        }
        let model = models.model(class, &state);
        let key = model.key();
        state.add(model, key_kind);
        made.push((class, key));
    }
    models.finish(&mut state, &made);
    made.iter().filter_map(|(class, key)| models.stored(&state, *class, key)).collect()
}

/// Django's class of keys, by its path.
fn kind_of_keys(said: Option<&str>) -> &'static str {
    match said.and_then(|s| s.rsplit('.').next()) {
        Some("BigAutoField") => "BigAutoField",
        Some("SmallAutoField") => "SmallAutoField",
        _ => "AutoField",
    }
}

/// Base classes of packages whose subclasses are models.
const BASES: &[&str] = &[
    "MPTTModel",
    "TimeStampedModel",
    "PolymorphicModel",
    "SoftDeletableModel",
    "SafeDeleteModel",
    "ClusterableModel",
    "AbstractUser",
    "AbstractBaseUser",
    "AbstractBaseSession",
    "PermissionsMixin",
    "MP_Node",
    "NS_Node",
    "TreeNodeModel",
];

fn is_model(context: &Context<'_>, class: ClassRef) -> bool {
    let program = context.program;
    let module = program.module(class.module);
    let role = context.sources.file(module.file).role;
    if module.language != Language::Python || matches!(role, FileRole::Test | FileRole::Example) {
        return false;
    }
    if program.path(class.module).contains("migrations/") || context.is_test(class.module) {
        return false;
    }
    let is_base = |name: &Symbol| {
        let last = name.as_str().rsplit('.').next().unwrap_or_default();
        name.as_str().starts_with("django.") && name.as_str().ends_with("models.Model") || BASES.contains(&last)
    };
    program.classes().external_bases(class).iter().any(is_base)
}

struct Models<'r, 'c> {
    reading: &'r Reading<'c>,
    dialect: Dialect,
    key_kind: &'static str,
}

impl Models<'_, '_> {
    /// An option of a class's own `Meta`.
    fn own_meta(&self, class: ClassRef) -> Option<ir::ClassId> {
        let module = self.reading.context.program.module(class.module);
        module.classes().find(|(_, c)| c.outer == Some(class.class) && c.name == "Meta").map(|(id, _)| id)
    }

    fn is_abstract(&self, class: ClassRef) -> bool {
        let module = self.reading.context.program.module(class.module);
        let Some(meta) = self.own_meta(class) else { return false };
        let said = module.class(meta).fields.iter().find(|f| f.name == "abstract").and_then(|f| f.init);
        let at = said.map(|expr| ExprRef { module: class.module, expr });
        at.and_then(|at| self.reading.context.constant(at)) == Some(Constant::Bool(true))
    }

    fn key(&self, class: ClassRef) -> Key {
        let program = self.reading.context.program;
        let label = self.options(class).into_iter().find(|(name, _)| name == "app_label");
        let label = label.and_then(|(_, at)| self.reading.string(at));
        let app = label.unwrap_or_else(|| app_of(self.reading.context, program.path(class.module)));
        (app, program.class(class).name.as_str().to_lowercase())
    }

    /// The options of `Meta`, those of abstract bases where it inherits them.
    fn options(&self, class: ClassRef) -> Vec<(Symbol, ExprRef)> {
        let program = self.reading.context.program;
        let mut found: Vec<(Symbol, ExprRef)> = Vec::new();
        for part in program.classes().lineage(class) {
            if part != program.classes().canonical(class) && !self.is_abstract(part) {
                continue;
            }
            let Some(meta) = self.own_meta(part) else { continue };
            let item = program.module(part.module).class(meta);
            for field in &item.fields {
                let Some(expr) = field.init.filter(|_| !found.iter().any(|(n, _)| *n == field.name)) else { continue };
                found.push((field.name, ExprRef { module: part.module, expr }));
            }
            // `class Meta(Base.Meta)` adds to its base's, `class Meta` stands alone
            if item.bases.is_empty() {
                break;
            }
        }
        found.retain(|(name, _)| *name != "abstract");
        found
    }

    /// The model of a class. Its parents in other tables are found when all are known.
    fn model(&self, class: ClassRef, state: &State) -> Model {
        let program = self.reading.context.program;
        let item = program.class(class);
        let (app, _) = self.key(class);
        let mut model =
            Model { app: app.clone(), name: item.name.to_string(), range: item.name_range, ..Model::default() };
        let lineage = program.classes().lineage(class);
        let concrete = lineage.iter().skip(1).position(|p| is_model(self.reading.context, *p) && !self.is_abstract(*p));
        let parent = concrete.and_then(|at| lineage.get(at + 1)).copied();
        // what a parent in another table has is there
        let beyond: Vec<ClassRef> = parent.map(|p| program.classes().lineage(p)).unwrap_or_default();
        for name in program.classes().external_bases(class) {
            self.of_package(&name, &mut model);
        }
        for part in lineage.iter().rev().filter(|p| !beyond.contains(p)) {
            self.fields_of(*part, class, &mut model);
        }
        let options = self.options(class);
        // the table's name comes into the names of indexes
        for early in [true, false] {
            for (name, value) in &options {
                if (*name == "db_table" || *name == "proxy" || *name == "managed") == early {
                    self.reading.option(&mut model, name.as_str(), *value, self.dialect, state);
                }
            }
        }
        self.place(class, &mut model);
        if let Some(parent) = parent {
            let key = self.key(parent);
            model.bases.push(key.clone());
            let has_link = model.primary_key().is_some();
            if !model.is_proxy && !has_link {
                let link = Field::foreign_key(&format!("{}_ptr", key.1), key, item.name_range);
                let link =
                    Field { primary_key: true, unique: true, db_index: false, kind: "OneToOneField".into(), ..link };
                model.fields.insert(0, link);
            }
        } else if model.primary_key().is_none() {
            model.fields.insert(0, Field::id(self.key_of_app(class), item.name_range));
        }
        model
    }

    /// The kind of keys that the configuration of the class's app says.
    fn key_of_app(&self, class: ClassRef) -> &'static str {
        let program = self.reading.context.program;
        let path = program.path(class.module);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).trim_end_matches("/models");
        let Some(config) = program.module_at(&format!("{folder}/apps.py")) else { return self.key_kind };
        let fields = program.module(config).classes().flat_map(|(_, c)| &c.fields);
        let said = fields.into_iter().find(|f| f.name == "default_auto_field").and_then(|f| f.init);
        let text = said.and_then(|expr| self.reading.string(ExprRef { module: config, expr }));
        text.map_or(self.key_kind, |text| kind_of_keys(Some(&text)))
    }

    fn fields_of(&self, part: ClassRef, class: ClassRef, model: &mut Model) {
        let program = self.reading.context.program;
        let module = program.module(part.module);
        for field in &module.class(part.class).fields {
            let Some(init) = field.init else { continue };
            let at = ExprRef { module: part.module, expr: init };
            let name = field.name.as_str();
            let made = self.reading.field(at, name, &model.app, &model.name);
            let is_said = made.is_some() || self.reading.context.constant(at) == Some(Constant::Null);
            if is_said {
                model.fields.retain(|f| f.name != name);
            }
            if let Some(mut made) = made {
                let own = part.module == class.module;
                made.range = if own { field.range } else { program.class(class).name_range };
                if made.is_guess {
                    made.own_type = Some(UNKNOWN.to_owned());
                }
                model.fields.push(made);
            }
        }
    }

    /// Indexes of a base in another file lie where the class lies.
    fn place(&self, class: ClassRef, model: &mut Model) {
        let item = self.reading.context.program.class(class);
        let own = |range: &mut ir::Range| {
            if !item.range.contains(*range) {
                *range = item.name_range;
            }
        };
        model.indexes.iter_mut().for_each(|i| own(&mut i.range));
        model.constraints.iter_mut().for_each(|c| own(&mut c.range));
        model.fields.iter_mut().for_each(|f| own(&mut f.range));
    }

    /// The fields of bases in packages.
    fn of_package(&self, name: &Symbol, model: &mut Model) {
        let last = name.as_str().rsplit('.').next().unwrap_or_default();
        let fields = match last {
            "AbstractUser" => contrib::user_fields(),
            "AbstractBaseUser" => contrib::user_fields().into_iter().take(2).collect(),
            "PermissionsMixin" => {
                let named = |f: &Field| ["is_superuser", "groups", "user_permissions"].contains(&f.name.as_str());
                contrib::user_fields().into_iter().filter(named).collect()
            }
            "TimeStampedModel" => vec![Field::new("created", "DateTimeField"), Field::new("modified", "DateTimeField")],
            _ => Vec::new(),
        };
        for field in fields {
            if model.field(&field.name).is_none() {
                model.fields.push(field);
            }
        }
    }

    /// Names that lead to models of the same name in another app, where there is one of them.
    fn finish(&self, state: &mut State, made: &[(ClassRef, Key)]) {
        let known: Vec<Key> = state.models.keys().cloned().collect();
        let corrected = |to: &Key| -> Option<Key> {
            if state.model(to).is_some() {
                return None;
            }
            let mut same = known.iter().filter(|k| k.1 == to.1);
            match (same.next(), same.next()) {
                (Some(only), None) => Some(only.clone()),
                _ => None,
            }
        };
        let mut changes: Vec<(Key, String, Key)> = Vec::new();
        for (_, key) in made {
            for field in state.model(key).into_iter().flat_map(|m| &m.fields) {
                if let Some(to) = field.relation.as_ref().and_then(|r| corrected(&r.to)) {
                    changes.push((key.clone(), field.name.clone(), to));
                }
            }
        }
        for (key, field, to) in changes {
            let Some(model) = state.model_mut(&key) else { continue };
            for relation in model.fields.iter_mut().filter(|f| f.name == field).filter_map(|f| f.relation.as_mut()) {
                relation.to = to.clone();
            }
        }
    }

    /// The name by which rows lead back over a field: the written one, else that of the class.
    fn back(&self, class: ClassRef, field: &Field) -> Option<(Symbol, bool)> {
        field.relation.as_ref().filter(|r| !r.is_hidden)?;
        let program = self.reading.context.program;
        let (part, at) = program.classes().field(class, Symbol::new(&field.name))?;
        let expr = program.class(part).fields[at as usize].init?;
        let call = self.reading.call(ExprRef { module: part.module, expr })?;
        let written = call.named("related_name").and_then(|r| self.reading.string(r));
        let is_many = field.kind != "OneToOneField";
        let lower = program.class(class).name.as_str().to_lowercase();
        let by_class = if is_many { format!("{lower}_set") } else { lower.clone() };
        let name = written.map_or(by_class, |n| n.replace("%(class)s", &lower));
        Some((Symbol::new(&name), is_many))
    }

    fn stored(&self, state: &State, class: ClassRef, key: &Key) -> Option<Stored> {
        let program = self.reading.context.program;
        let model: &Arc<Model> = state.model(key)?;
        let module = program.module(class.module);
        let item = program.class(class);
        let span = |range: ir::Range| Span::new(module.file, range.start, range.end);
        let mut editor = Editor::new(self.dialect, true);
        editor.file = module.file;
        editor.at = item.name_range;
        if model.has_table() {
            editor.create_model(state, model);
        }
        let concrete = state.concrete(model);
        let of = |field: &Field| StoredField {
            name: Symbol::new(&field.name),
            span: span(if concrete.key() == *key { field.range } else { item.name_range }),
            column: field.has_column().then(|| field.column()),
            relation: field.relation.as_ref().map(|r| StoredRelation {
                to: state.model(&r.to).map_or_else(|| r.to.1.clone(), |m| m.name.clone()),
                is_many: r.is_many,
                back: self.back(class, field),
            }),
        };
        let table = state.table(model, self.dialect);
        let table = match table.split_once("\".\"") {
            Some((schema, table)) => Name::new(schema.trim_matches('"'), table.trim_matches('"')),
            None => Name::bare(table.trim_matches('"')),
        };
        Some(Stored {
            class: Some(program.classes().canonical(class)),
            name: item.name.to_string(),
            library: "Django",
            span: span(item.name_range),
            table,
            is_document: false,
            is_made: true,
            fields: concrete.fields.iter().map(of).collect(),
            statements: editor.taken(),
            checked_unique: Vec::new(),
        })
    }
}
