//! What the models are at a point of the migrations: Django's project state.

use std::collections::BTreeMap;
use std::sync::Arc;

use sql::Dialect;

use super::names;

/// The label of an app, and the name of a model in small letters.
pub(crate) type Key = (String, String);

/// All models.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub models: BTreeMap<Key, Arc<Model>>,
}

/// A model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub app: String,
    pub name: String,
    /// `db_table`, where it is written.
    pub db_table: Option<String>,
    pub fields: Vec<Field>,
    pub unique_together: Vec<Vec<String>>,
    pub index_together: Vec<Vec<String>>,
    pub indexes: Vec<Index>,
    pub constraints: Vec<Constraint>,
    pub is_unmanaged: bool,
    pub is_proxy: bool,
    /// The models that it inherits from, where they have tables.
    pub bases: Vec<Key>,
    pub range: ir::Range,
}

/// A field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Field {
    pub name: String,
    /// The name of Django's own class that it is or descends from: `CharField`; empty where it has no column.
    pub kind: String,
    /// The class is of a package: the kind is a guess by its name and options.
    pub is_guess: bool,
    pub range: ir::Range,
    pub null: bool,
    pub blank: bool,
    pub unique: bool,
    pub db_index: bool,
    pub primary_key: bool,
    pub max_length: Option<i64>,
    pub max_digits: i64,
    pub decimal_places: i64,
    pub db_column: Option<String>,
    pub db_collation: Option<String>,
    /// The type that a class of the project's own says.
    pub own_type: Option<String>,
    /// What an array holds.
    pub base: Option<Box<Field>>,
    pub relation: Option<Relation>,
    pub default: Default,
    /// A default that the database knows.
    pub db_default: Option<String>,
    /// The expression of a generated column.
    pub generated: Option<String>,
    /// A geometry's system of coordinates.
    pub srid: i64,
    /// Where a class of the project's own is used, its name: a change of it is a change of the field.
    pub class: String,
}

/// The value that rows which are there get.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Default {
    /// None.
    #[default]
    None,
    /// `NULL`.
    Null,
    /// This one, as SQL writes it.
    Sql(String),
    /// What a function of the project gives, once.
    Called,
}

/// What a field leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Relation {
    pub to: Key,
    pub to_field: Option<String>,
    /// Whether the database has the foreign key.
    pub db_constraint: bool,
    /// `related_name='+'`.
    pub is_hidden: bool,
    pub is_many: bool,
    /// The model of the join table; made by Django where the field does not name one.
    pub through: Option<Key>,
    /// The join table's name, where it is written.
    pub db_table: Option<String>,
}

/// An entry of `Meta.indexes`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Index {
    pub name: String,
    /// Names of fields, `-` before those that descend.
    pub fields: Vec<String>,
    /// What it has besides or instead of fields, as SQL.
    pub expressions: Vec<String>,
    pub condition: Option<String>,
    /// Fields that it carries.
    pub include: Vec<String>,
    pub method: String,
    pub suffix: &'static str,
    pub opclasses: Vec<String>,
    pub range: ir::Range,
}

/// An entry of `Meta.constraints`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    pub range: ir::Range,
}

/// What a constraint asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConstraintKind {
    /// A condition.
    Check(String),
    /// No two rows are the same in these fields or expressions.
    Unique {
        fields: Vec<String>,
        expressions: Vec<String>,
        condition: Option<String>,
        include: Vec<String>,
        opclasses: Vec<String>,
        deferrable: Option<&'static str>,
        nulls_not_distinct: bool,
    },
    /// `EXCLUDE`.
    Exclude { method: String, elements: Vec<(String, String)>, condition: Option<String> },
    /// Another class.
    Unknown,
}

impl Model {
    /// Its key.
    pub(crate) fn key(&self) -> Key {
        (self.app.clone(), self.name.to_lowercase())
    }

    /// Whether it has a table that Django makes.
    pub(crate) fn has_table(&self) -> bool {
        !self.is_proxy && !self.is_unmanaged
    }

    /// The field of a name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The column that a field's name means; the name itself where there is no such field.
    pub(crate) fn column(&self, name: &str) -> String {
        let by_column = || self.fields.iter().find(|f| f.column() == name);
        self.field(name).or_else(by_column).map_or_else(|| name.to_owned(), Field::column)
    }

    /// Its own primary key.
    pub(crate) fn primary_key(&self) -> Option<&Field> {
        self.fields.iter().find(|f| f.primary_key)
    }
}

impl Field {
    /// A field of a kind, with what that kind has by itself.
    pub(crate) fn new(name: &str, kind: &str) -> Field {
        let mut field = Field { name: name.to_owned(), kind: kind.to_owned(), ..Field::default() };
        field.max_length = match kind {
            "EmailField" | "CIEmailField" => Some(254),
            "URLField" => Some(200),
            "FileField" | "ImageField" | "FilePathField" => Some(100),
            "SlugField" => Some(50),
            _ => None,
        };
        field.db_index = matches!(kind, "SlugField" | "ForeignKey");
        field.unique = kind == "OneToOneField";
        field.null = kind == "NullBooleanField";
        field
    }

    /// A primary key that Django adds.
    pub(crate) fn id(kind: &str, range: ir::Range) -> Field {
        Field { primary_key: true, range, ..Field::new("id", kind) }
    }

    /// A foreign key.
    pub(crate) fn foreign_key(name: &str, to: Key, range: ir::Range) -> Field {
        let relation = Relation {
            to,
            to_field: None,
            db_constraint: true,
            is_hidden: false,
            is_many: false,
            through: None,
            db_table: None,
        };
        Field { relation: Some(relation), range, ..Field::new(name, "ForeignKey") }
    }

    /// Whether its table has a column for it.
    pub(crate) fn has_column(&self) -> bool {
        !self.kind.is_empty() && !self.is_many()
    }

    /// Whether it has a join table.
    pub(crate) fn is_many(&self) -> bool {
        self.relation.as_ref().is_some_and(|r| r.is_many)
    }

    /// The column.
    pub(crate) fn column(&self) -> String {
        match (&self.db_column, &self.relation) {
            (Some(column), _) => column.clone(),
            (None, Some(_)) => format!("{}_id", self.name),
            (None, None) => self.name.clone(),
        }
    }

    /// Whether no two rows have the same, as Django counts it.
    pub(crate) fn is_unique(&self) -> bool {
        self.unique || self.primary_key
    }

    /// Whether the database sees no difference.
    pub(crate) fn is_same_column(&self, other: &Field) -> bool {
        let bare = |field: &Field| {
            let mut bare = field.clone();
            bare.name = bare.column();
            bare.range = ir::Range::default();
            (bare.db_column, bare.blank) = (None, false);
            if let Some(relation) = &mut bare.relation {
                relation.is_hidden = false;
            }
            if let Some(base) = &mut bare.base {
                base.range = ir::Range::default();
            }
            bare
        };
        bare(self) == bare(other)
    }
}

impl State {
    /// The model.
    pub(crate) fn model(&self, key: &Key) -> Option<&Arc<Model>> {
        self.models.get(key)
    }

    /// The model, to change it.
    pub(crate) fn model_mut(&mut self, key: &Key) -> Option<&mut Model> {
        self.models.get_mut(key).map(Arc::make_mut)
    }

    /// Adds a model with the join tables of its fields. `id` is the kind of key that join tables get.
    pub(crate) fn add(&mut self, mut model: Model, id: &str) {
        let key = model.key();
        let fields: Vec<Field> = std::mem::take(&mut model.fields);
        self.models.insert(key.clone(), Arc::new(model));
        for field in fields {
            self.add_field(&key, field, id);
        }
    }

    /// Adds a field, with its join table.
    pub(crate) fn add_field(&mut self, key: &Key, mut field: Field, id: &str) {
        if let (Some(relation), Some(model)) = (field.relation.as_mut(), self.models.get(key))
            && relation.is_many
            && relation.through.is_none()
        {
            let made = join_model(model, &field.name, relation, id, field.range);
            relation.through = Some(made.key());
            self.models.insert(made.key(), Arc::new(made));
        }
        if let Some(model) = self.model_mut(key) {
            model.fields.push(field);
        }
    }

    /// Whether a field's join table is Django's own.
    pub(crate) fn join_table(&self, model: &Model, field: &Field) -> Option<Arc<Model>> {
        let through = field.relation.as_ref().filter(|r| r.is_many)?.through.as_ref()?;
        let made = (model.app.clone(), format!("{}_{}", model.name, field.name).to_lowercase());
        self.models.get(through).filter(|_| *through == made).cloned()
    }

    /// The model that has the table of a model: a proxy has its base's.
    pub(crate) fn concrete<'s>(&'s self, model: &'s Arc<Model>) -> &'s Arc<Model> {
        let mut found = model;
        for _ in 0..8 {
            match found.bases.iter().find_map(|b| self.models.get(b)) {
                Some(base) if found.is_proxy => found = base,
                _ => break,
            }
        }
        found
    }

    /// The table of a model.
    pub(crate) fn table(&self, model: &Arc<Model>, dialect: Dialect) -> String {
        let model = self.concrete(model);
        if let Some(table) = &model.db_table {
            return table.clone();
        }
        // join tables are named after the table of their model
        if let Some((owner, field)) = self.joins(model)
            && let Some(relation) = owner.field(&field).and_then(|f| f.relation.as_ref())
        {
            return match &relation.db_table {
                Some(table) => table.clone(),
                None => names::table_name(dialect, &format!("{}_{field}", self.table(&owner, dialect))),
            };
        }
        names::table_name(dialect, &format!("{}_{}", model.app, model.name.to_lowercase()))
    }

    /// The model and the field that a join table was made for.
    fn joins(&self, model: &Model) -> Option<(Arc<Model>, String)> {
        let at = model.name.match_indices('_').map(|(at, _)| at);
        at.into_iter().find_map(|at| {
            let owner = self.models.get(&(model.app.clone(), model.name[..at].to_lowercase()))?;
            let field = &model.name[at + 1..];
            let is_its = |f: &&Field| f.relation.as_ref().is_some_and(|r| r.through == Some(model.key()));
            owner.field(field).filter(is_its).map(|f| (owner.clone(), f.name.clone()))
        })
    }

    /// The table, the column and the field that a relation leads to.
    pub(crate) fn target(&self, relation: &Relation, dialect: Dialect) -> (String, Option<Field>) {
        let Some(model) = self.models.get(&relation.to) else {
            let (app, name) = &relation.to;
            return (names::table_name(dialect, &format!("{app}_{name}")), None);
        };
        let model = self.concrete(model);
        let field = match &relation.to_field {
            Some(name) => model.field(name).cloned(),
            None => self.key_of(model),
        };
        (self.table(model, dialect), field)
    }

    /// The primary key of a model.
    fn key_of(&self, model: &Arc<Model>) -> Option<Field> {
        model.primary_key().cloned()
    }

    /// The relations that lead to a model: which model has them, and the field.
    pub(crate) fn pointing_to(&self, key: &Key) -> Vec<(Key, Field)> {
        let of = |(owner, model): (&Key, &Arc<Model>)| {
            let to = model.fields.iter().filter(|f| f.relation.as_ref().is_some_and(|r| r.to == *key));
            to.map(|f| (owner.clone(), f.clone())).collect::<Vec<_>>()
        };
        self.models.iter().flat_map(of).collect()
    }
}

/// The model of a join table.
pub(super) fn join_model(model: &Model, field: &str, relation: &Relation, id: &str, range: ir::Range) -> Model {
    let from = model.name.to_lowercase();
    let to = relation.to.1.clone();
    let (first, second) = match relation.to == model.key() {
        true => (format!("from_{from}"), format!("to_{to}")),
        false => (from, to),
    };
    let mut ends =
        [Field::foreign_key(&first, model.key(), range), Field::foreign_key(&second, relation.to.clone(), range)];
    for end in &mut ends {
        if let Some(made) = &mut end.relation {
            made.db_constraint = relation.db_constraint;
            made.is_hidden = true;
        }
    }
    let [one, other] = ends;
    Model {
        app: model.app.clone(),
        name: format!("{}_{field}", model.name),
        fields: vec![Field::id(id, range), one, other],
        unique_together: vec![vec![first, second]],
        is_unmanaged: !model.has_table(),
        range,
        ..Model::default()
    }
}
