//! Fields of Django as they are written in code.

use base::Symbol;
use ir::{Arg, ExprId, ExprKind, StmtKind};
use program::{ClassRef, ExprRef, Value};

use super::state::{Default, Field, Key, Relation};
use super::types::{guessed_kind, kind_of};
use crate::adapters::Context;
use crate::constants::Constant;
use crate::schemas::written::literal;

/// Reads fields, indexes and constraints.
pub(crate) struct Reading<'c> {
    pub context: &'c Context<'c>,
    /// The model of users, by the settings.
    pub user: Key,
}

/// A call with what it is given.
#[derive(Clone)]
pub(crate) struct Call {
    pub at: ExprRef,
    /// What is called, as written.
    pub callee: ExprId,
    /// The last part of its name.
    pub name: String,
    pub args: Vec<Arg>,
}

impl Call {
    /// The argument of a name, or else at a position.
    pub(crate) fn arg(&self, position: usize, name: &str) -> Option<ExprRef> {
        let named = self.args.iter().find(|a| a.name.is_some_and(|n| n == name));
        let found = named.or_else(|| self.args.iter().filter(|a| a.name.is_none()).nth(position));
        found.map(|a| ExprRef { module: self.at.module, expr: a.value })
    }

    /// The argument of a name.
    pub(crate) fn named(&self, name: &str) -> Option<ExprRef> {
        self.arg(usize::MAX, name)
    }
}

impl Reading<'_> {
    /// What a call calls and is given.
    pub(crate) fn call(&self, at: ExprRef) -> Option<Call> {
        let module = self.context.program.module(at.module);
        let ExprKind::Call { callee, args, .. } = &module.expr(at.expr).kind else { return None };
        let (ExprKind::Name(name) | ExprKind::Member { name, .. }) = &module.expr(*callee).kind else { return None };
        Some(Call { at, callee: *callee, name: name.to_string(), args: args.clone() })
    }

    /// The elements of a list, through `+` and names. Elements of tuples and sets are the same.
    pub(crate) fn items(&self, at: ExprRef) -> Vec<ExprRef> {
        self.items_at(at, 0)
    }

    fn items_at(&self, at: ExprRef, depth: usize) -> Vec<ExprRef> {
        let module = self.context.program.module(at.module);
        let here = |expr: ExprId| ExprRef { module: at.module, expr };
        if depth > 6 {
            return Vec::new();
        }
        match &module.expr(at.expr).kind {
            ExprKind::List(items) => items
                .iter()
                .flat_map(|item| match &module.expr(*item).kind {
                    ExprKind::Spread(inner) => self.items_at(here(*inner), depth + 1),
                    _ => vec![here(*item)],
                })
                .collect(),
            ExprKind::Binary { op: ir::BinaryOp::Add, left, right } => {
                let mut all = self.items_at(here(*left), depth + 1);
                all.extend(self.items_at(here(*right), depth + 1));
                all
            }
            ExprKind::Name(_) | ExprKind::Member { .. } => {
                self.context.program.definition(at).map(|d| self.items_at(d, depth + 1)).unwrap_or_default()
            }
            ExprKind::Call { args, .. } => match args.as_slice() {
                // `set([("a", "b")])`
                [only] if self.call(at).is_some_and(|c| matches!(c.name.as_str(), "set" | "list" | "tuple")) => {
                    self.items_at(here(only.value), depth + 1)
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The strings of a list.
    pub(crate) fn strings(&self, at: ExprRef) -> Vec<String> {
        self.items(at).into_iter().filter_map(|i| self.string(i)).collect()
    }

    /// A string.
    pub(crate) fn string(&self, at: ExprRef) -> Option<String> {
        self.context.string(at).map(|s| s.to_string())
    }

    pub(crate) fn range(&self, at: ExprRef) -> ir::Range {
        self.context.program.module(at.module).expr(at.expr).range
    }

    fn is_true(&self, at: Option<ExprRef>) -> Option<bool> {
        match self.context.constant(at?)? {
            Constant::Bool(value) => Some(value),
            Constant::Int(value) => Some(value != 0),
            _ => None,
        }
    }

    fn number(&self, at: Option<ExprRef>) -> Option<i64> {
        match self.context.constant(at?)? {
            Constant::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The class of a field: Django's name for the kind, and the repository's own class where it is one.
    pub(crate) fn kind(&self, call: &Call) -> Option<(String, Option<ClassRef>)> {
        let module = self.context.program.module(call.at.module);
        let dotted = module.dotted(call.callee).unwrap_or_default();
        if let Some(kind) = kind_of(&call.name)
            && (dotted.starts_with("models.") || dotted.starts_with("django."))
        {
            return Some((kind.to_owned(), None));
        }
        let values = self.context.eval(ExprRef { module: call.at.module, expr: call.callee });
        let own = values.iter().find_map(|v| match v {
            Value::Class(class) => Some(*class),
            _ => None,
        });
        let Some(class) = own else {
            let looks = call.name.ends_with("Field") || call.name.ends_with("Key") || kind_of(&call.name).is_some();
            return looks.then(|| {
                let guessed = guessed_kind(&call.name).unwrap_or_else(|| self.by_options(call));
                (kind_of(&call.name).unwrap_or(guessed).to_owned(), None)
            });
        };
        let classes = self.context.program.classes();
        for part in classes.lineage(class) {
            if let Some(kind) = self.said_kind(part) {
                return Some((kind, Some(class)));
            }
        }
        let known = classes.external_bases(class);
        let last = |name: &Symbol| name.as_str().rsplit('.').next().unwrap_or_default().to_owned();
        if let Some(kind) = known.iter().find_map(|b| kind_of(&last(b))) {
            return Some((kind.to_owned(), Some(class)));
        }
        let is_field = known.iter().any(|b| last(b).ends_with("Field") || last(b) == "Field");
        is_field.then(|| (guessed_kind(&call.name).unwrap_or_else(|| self.by_options(call)).to_owned(), Some(class)))
    }

    /// Whether a class of fields says nothing of its column, and only descends from `Field` or a class of a package.
    fn is_of_package(&self, class: ClassRef) -> bool {
        let classes = self.context.program.classes();
        let said = classes.lineage(class).iter().any(|part| self.said_kind(*part).is_some());
        let last = |name: &Symbol| name.as_str().rsplit('.').next().unwrap_or_default().to_owned();
        !said && !classes.external_bases(class).iter().any(|b| kind_of(&last(b)).is_some())
    }

    /// What `get_internal_type` of a class always gives.
    fn said_kind(&self, class: ClassRef) -> Option<String> {
        let said = self.returned(class, "get_internal_type")?;
        kind_of(&said).map(str::to_owned)
    }

    /// The string that a class's own method always gives.
    fn returned(&self, class: ClassRef, method: &str) -> Option<String> {
        let info = self.context.program.classes().info(class)?;
        let function = info.methods.get(&Symbol::new(method))?.first()?;
        let module = self.context.program.module(function.module);
        let mut given =
            module.function(function.function).body.iter().flatten().filter_map(|s| match &module.stmt(*s).kind {
                StmtKind::Return(Some(value)) => Some(*value),
                _ => None,
            });
        self.string(ExprRef { module: function.module, expr: given.next()? })
    }

    fn by_options(&self, call: &Call) -> &'static str {
        match (call.named("to").is_some(), call.named("max_length").is_some()) {
            (true, _) if call.named("on_delete").is_some() => "ForeignKey",
            (true, _) => "ManyToManyField",
            (false, true) => "CharField",
            (false, false) => "TextField",
        }
    }

    /// The field that a call makes. `app` and `model` are where it stands.
    pub(crate) fn field(&self, at: ExprRef, name: &str, app: &str, model: &str) -> Option<Field> {
        let call = self.call(at)?;
        let (kind, class) = self.kind(&call)?;
        let is_many = kind == "ManyToManyField";
        let mut field = Field::new(name, &kind);
        field.range = self.range(at);
        field.is_guess = kind_of(&call.name).is_none() && class.is_none_or(|c| self.is_of_package(c));
        self.defaults_of_class(&call.name, class, &mut field);
        let flag = |name: &str| self.is_true(call.named(name));
        field.null = flag("null").unwrap_or(field.null);
        field.blank = flag("blank").unwrap_or(false);
        field.unique = flag("unique").unwrap_or(field.unique);
        field.db_index = flag("db_index").unwrap_or(field.db_index);
        field.primary_key = flag("primary_key").unwrap_or(field.primary_key);
        field.max_length = self.number(call.named("max_length")).or(field.max_length);
        field.max_digits = self.number(call.named("max_digits")).unwrap_or(field.max_digits);
        field.decimal_places = self.number(call.named("decimal_places")).unwrap_or(field.decimal_places);
        if kind == "VectorField" {
            field.max_digits = self.number(call.named("dimensions")).unwrap_or(0);
        }
        if super::types::is_geometry(&kind) {
            field.srid = self.number(call.named("srid")).unwrap_or(4326);
            if flag("spatial_index") == Some(false) {
                field.srid = -field.srid;
            }
        }
        field.db_column = call.named("db_column").and_then(|a| self.string(a));
        field.db_collation = call.named("db_collation").and_then(|a| self.string(a));
        field.default = call.named("default").map_or(Default::None, |d| self.default(d));
        if let Some(default) = call.named("db_default") {
            field.db_default = Some(match self.default(default) {
                Default::Sql(sql) => sql,
                _ => super::expressions::Expressions { reading: self, fields: &[] }.expression(default),
            });
        }
        if kind == "ArrayField" {
            let base = call.arg(0, "base_field").and_then(|b| self.field(b, name, app, model));
            field.base = base.map(Box::new);
        }
        if kind == "GeneratedField" {
            let output = call.named("output_field").and_then(|o| self.field(o, name, app, model))?;
            let expression = call.named("expression")?;
            field.generated =
                Some(super::expressions::Expressions { reading: self, fields: &[] }.expression(expression));
            (field.kind, field.max_length) = (output.kind, output.max_length);
            (field.max_digits, field.decimal_places) = (output.max_digits, output.decimal_places);
            field.null = true;
        }
        if matches!(kind.as_str(), "ForeignKey" | "OneToOneField" | "ManyToManyField") {
            let to = call.arg(0, "to").and_then(|t| self.model_key(t, app, model))?;
            let hidden = call.named("related_name").and_then(|r| self.string(r)).is_some_and(|r| r.ends_with('+'));
            field.relation = Some(Relation {
                to,
                to_field: call.named("to_field").and_then(|t| self.string(t)),
                db_constraint: flag("db_constraint").unwrap_or(true),
                is_hidden: hidden,
                is_many,
                through: call.named("through").filter(|_| is_many).and_then(|t| self.model_key(t, app, model)),
                db_table: call.named("db_table").filter(|_| is_many).and_then(|t| self.string(t)),
            });
        }
        Some(field)
    }

    /// What a class gives its fields: options that its constructor sets, its own type, lengths of known packages.
    fn defaults_of_class(&self, name: &str, class: Option<ClassRef>, field: &mut Field) {
        field.max_length = match name {
            "PhoneNumberField" => Some(128),
            "CountryField" => Some(2),
            "TimeZoneField" => Some(63),
            "ShortUUIDField" => Some(22),
            "StatusField" => Some(100),
            "CurrencyField" => Some(3),
            "LanguageField" => Some(3),
            "ColorField" => Some(25),
            _ => field.max_length,
        };
        let Some(class) = class else { return };
        field.class = name.to_owned();
        let program = &self.context.program;
        let mut lineage = program.classes().lineage(class);
        lineage.reverse();
        for part in lineage {
            if let Some(own) = self.returned(part, "db_type") {
                field.own_type = Some(own);
            }
            let Some(info) = program.classes().info(part) else { continue };
            let constructors =
                info.methods.get(&Symbol::new("constructor")).or(info.methods.get(&Symbol::new("__init__")));
            let Some(constructor) = constructors.and_then(|c| c.first()) else { continue };
            let module = program.module(constructor.module);
            let function = module.function(constructor.function);
            let here = |expr: ExprId| ExprRef { module: constructor.module, expr };
            for param in &function.params {
                if let Some(default) = param.default {
                    self.set(field, param.name.as_str(), here(default));
                }
            }
            for stmt in function.body.iter().flatten() {
                match &module.stmt(*stmt).kind {
                    StmtKind::Assign { target, value: Some(value), .. } => {
                        if let ExprKind::Index { index, .. } = &module.expr(*target).kind
                            && let Some(key) = module.string(*index)
                        {
                            self.set(field, key.as_str(), here(*value));
                        }
                    }
                    StmtKind::Expr(call) => self.set_by_call(field, here(*call)),
                    _ => {}
                }
            }
        }
    }

    /// `kwargs.setdefault("max_length", 20)`, `kwargs.update(null=True)`, `super().__init__(max_length=20)`
    fn set_by_call(&self, field: &mut Field, at: ExprRef) {
        let Some(call) = self.call(at) else { return };
        match call.name.as_str() {
            "setdefault" => {
                if let (Some(key), Some(value)) =
                    (call.arg(0, "key").and_then(|k| self.string(k)), call.arg(1, "default"))
                {
                    self.set(field, &key, value);
                }
            }
            "update" | "__init__" => {
                for arg in &call.args {
                    if let Some(name) = arg.name {
                        self.set(field, name.as_str(), ExprRef { module: at.module, expr: arg.value });
                    }
                }
            }
            _ => {}
        }
    }

    fn set(&self, field: &mut Field, option: &str, value: ExprRef) {
        match (option, self.context.constant(value)) {
            ("max_length", Some(Constant::Int(length))) => field.max_length = Some(length),
            ("max_digits", Some(Constant::Int(digits))) => field.max_digits = digits,
            ("decimal_places", Some(Constant::Int(places))) => field.decimal_places = places,
            ("null", Some(Constant::Bool(null))) => field.null = null,
            ("unique", Some(Constant::Bool(unique))) => field.unique = unique,
            ("db_index", Some(Constant::Bool(index))) => field.db_index = index,
            ("primary_key", Some(Constant::Bool(key))) => field.primary_key = key,
            _ => {}
        }
    }

    /// The value of `default=`.
    fn default(&self, at: ExprRef) -> Default {
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Literal(ir::Literal::Float(text)) => return Default::Sql(text.to_string()),
            ExprKind::Map(entries) if entries.is_empty() => return Default::Sql("'{}'".to_owned()),
            _ => {}
        }
        match self.context.constant(at) {
            Some(Constant::Str(text)) => Default::Sql(literal(text.as_str())),
            Some(Constant::Int(number)) => Default::Sql(number.to_string()),
            Some(Constant::Bool(value)) => Default::Sql(value.to_string()),
            Some(Constant::Null) => Default::Null,
            _ => match &module.expr(at.expr).kind {
                // `dict`, `list`, a function
                ExprKind::Name(name) if *name == "dict" => Default::Sql("'{}'".to_owned()),
                ExprKind::Name(name) if *name == "list" => Default::Sql("'[]'".to_owned()),
                _ => Default::Called,
            },
        }
    }

    /// The model that a text or a class means.
    pub(crate) fn model_key(&self, at: ExprRef, app: &str, model: &str) -> Option<Key> {
        if let Some(text) = self.string(at) {
            return Some(self.model_named(&text, app, model));
        }
        let module = self.context.program.module(at.module);
        if let Some(dotted) = module.dotted(at.expr) {
            if dotted.ends_with("AUTH_USER_MODEL") {
                return Some(self.user.clone());
            }
            // `User.groups.through`
            if let Some(field) = dotted.strip_suffix(".through") {
                let (owner, field) = field.rsplit_once('.')?;
                let owner = owner.rsplit('.').next()?;
                return Some((app.to_owned(), format!("{owner}_{field}").to_lowercase()));
            }
        }
        match self.call(at) {
            // `get_user_model()`, `settings.get("X")`
            Some(call) if call.name == "get_user_model" => return Some(self.user.clone()),
            Some(call) if call.name == "getattr" => {
                let default = call.arg(2, "default").and_then(|d| self.string(d));
                return default.map(|d| self.model_named(&d, app, model));
            }
            _ => {}
        }
        for value in self.context.eval(at) {
            match value {
                Value::Class(class) => {
                    let path = self.context.program.path(class.module);
                    let name = self.context.program.class(class).name.to_string();
                    return Some((super::order::app_of(self.context, path), name.to_lowercase()));
                }
                Value::External(name) => return external_key(name.as_str()),
                _ => {}
            }
        }
        None
    }

    /// `app.Model`, `Model`, `self`.
    pub(crate) fn model_named(&self, text: &str, app: &str, model: &str) -> Key {
        match text.split_once('.') {
            Some((app, name)) => (app.to_owned(), name.to_lowercase()),
            None if text == "self" => (app.to_owned(), model.to_lowercase()),
            None => (app.to_owned(), text.to_lowercase()),
        }
    }
}

/// A model of a package, by its qualified name: `django.contrib.auth.models.User`.
fn external_key(name: &str) -> Option<Key> {
    let (path, name) = name.rsplit_once('.')?;
    let app = path.trim_end_matches(".models").rsplit('.').next()?;
    Some((app.to_owned(), name.to_lowercase()))
}
