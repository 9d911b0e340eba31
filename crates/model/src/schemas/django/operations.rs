//! The operations of a migration: what each changes in the state, and what it sends to the database.

use std::sync::Arc;

use ir::ExprKind;
use program::{ExprRef, Value};
use sql::Dialect;

use super::editor::Editor;
use super::fields::{Call, Reading};
use super::state::{Field, Key, Model, State};

/// Carries out the operations of migrations.
pub(super) struct Run<'c> {
    pub reading: &'c Reading<'c>,
    pub editor: Editor,
    pub state: State,
    /// The kind of key that join tables get.
    pub id: &'static str,
    /// Whether statements are sent.
    pub sends: bool,
    /// Every operation so far has a way back.
    pub is_reversible: bool,
}

/// Names of operations that classes of a project's own may descend from.
const OPERATIONS: &[&str] = &[
    "CreateModel",
    "DeleteModel",
    "RenameModel",
    "AlterModelTable",
    "AlterUniqueTogether",
    "AlterIndexTogether",
    "AlterOrderWithRespectTo",
    "AlterModelOptions",
    "AddField",
    "RemoveField",
    "AlterField",
    "RenameField",
    "AddIndex",
    "RemoveIndex",
    "RenameIndex",
    "AddConstraint",
    "RemoveConstraint",
    "AlterConstraint",
    "RunSQL",
    "RunPython",
    "SeparateDatabaseAndState",
    "AddIndexConcurrently",
    "RemoveIndexConcurrently",
    "AddConstraintNotValid",
    "ValidateConstraint",
    "CreateExtension",
];

impl Run<'_> {
    /// One operation of an app's migration.
    pub(super) fn operation(&mut self, at: ExprRef, app: &str) {
        let Some(mut call) = self.reading.call(at) else { return };
        if !OPERATIONS.contains(&call.name.as_str()) && !call.name.ends_with("Extension") {
            let values = self.reading.context.eval(ExprRef { module: at.module, expr: call.callee });
            let own = values.iter().find_map(|v| match v {
                Value::Class(class) => Some(self.reading.context.program.classes().external_bases(*class)),
                _ => None,
            });
            let known = own.into_iter().flatten().find_map(|base| {
                let last = base.as_str().rsplit('.').next().unwrap_or_default().to_owned();
                OPERATIONS.contains(&last.as_str()).then_some(last)
            });
            let Some(known) = known else { return };
            call.name = known;
        }
        self.editor.at = self.reading.range(at);
        let model = || {
            let named = call.arg(0, "model_name").or_else(|| call.arg(0, "name")).and_then(|n| self.reading.string(n));
            named.map(|n| (app.to_owned(), n.to_lowercase()))
        };
        match call.name.as_str() {
            "CreateModel" => self.create_model(&call, app),
            "RunSQL" => self.run_sql(&call, app),
            "RunPython" => self.is_reversible &= call.arg(1, "reverse_code").is_some(),
            "SeparateDatabaseAndState" => self.separate(&call, app),
            name if name.ends_with("Extension") => self.extension(&call),
            name => {
                if let Some(key) = model() {
                    let before = self.state.clone();
                    match name.contains("Index") || name.contains("Constraint") {
                        true => self.on_indexes(&call, &before, &key),
                        false => self.on_model(&call, &before, &key),
                    }
                }
            }
        }
    }

    fn string(&self, call: &Call, position: usize, name: &str) -> Option<String> {
        call.arg(position, name).and_then(|a| self.reading.string(a))
    }

    fn create_model(&mut self, call: &Call, app: &str) {
        let Some(name) = self.string(call, 0, "name") else { return };
        let mut model = Model { app: app.to_owned(), name: name.clone(), range: self.editor.at, ..Model::default() };
        for entry in call.arg(1, "fields").map(|f| self.reading.items(f)).unwrap_or_default() {
            let pair = self.reading.items(entry);
            let [field, made] = pair.as_slice() else { continue };
            let Some(field) = self.reading.string(*field) else { continue };
            if let Some(mut read) = self.reading.field(*made, &field, app, &name) {
                read.range = self.reading.range(entry);
                model.fields.push(read);
            }
        }
        for base in call.arg(3, "bases").map(|b| self.reading.items(b)).unwrap_or_default() {
            model.bases.extend(self.reading.string(base).map(|b| self.reading.model_named(&b, app, &name)));
        }
        if let Some(options) = call.arg(2, "options") {
            let options = self.reading.context.program.definition(options).unwrap_or(options);
            let module = self.reading.context.program.module(options.module);
            if let ExprKind::Map(entries) = &module.expr(options.expr).kind {
                for entry in entries {
                    let Some(name) = entry.key.and_then(|k| module.string(k)) else { continue };
                    let value = ExprRef { module: options.module, expr: entry.value };
                    self.reading.option(&mut model, name.as_str(), value, self.editor.dialect, &self.state);
                }
            }
        }
        let key = model.key();
        self.state.add(model, self.id);
        if let Some(made) = self.state.model(&key).cloned().filter(|m| self.sends && m.has_table()) {
            self.editor.create_model(&self.state, &made);
        }
    }

    fn on_model(&mut self, call: &Call, before: &State, key: &Key) {
        let Some(old) = before.model(key).cloned() else { return };
        let sends = self.sends && old.has_table();
        match call.name.as_str() {
            "DeleteModel" => {
                if sends {
                    self.editor.delete_model(before, &old);
                }
                self.state.models.remove(key);
                for join in old.fields.iter().filter_map(|f| before.join_table(&old, f)) {
                    self.state.models.remove(&join.key());
                }
            }
            "RenameModel" => {
                if let (Some(from), Some(to)) = (self.string(call, 0, "old_name"), self.string(call, 1, "new_name")) {
                    let key = (key.0.clone(), from.to_lowercase());
                    self.rename_model(before, &key, &to);
                }
            }
            "AlterModelTable" => {
                let table = self.string(call, 1, "table").filter(|t| !t.is_empty());
                if let Some(model) = self.state.model_mut(key) {
                    model.db_table = table;
                }
                if sends {
                    self.move_tables(before, key, key);
                }
            }
            "AlterModelOptions" => {
                // only in the state
            }
            "AlterOrderWithRespectTo" => {
                let had = old.field("_order").cloned();
                let wants = self.string(call, 1, "order_with_respect_to").is_some();
                match (had, wants) {
                    (None, true) => {
                        let default = super::state::Default::Sql("0".to_owned());
                        let field = Field { range: self.editor.at, default, ..Field::new("_order", "OrderWrt") };
                        self.add_field(key, field, sends);
                    }
                    (Some(field), false) => self.remove_field(before, key, &old, &field, sends),
                    _ => {}
                }
            }
            "AlterUniqueTogether" => {
                let new = call.arg(1, "unique_together").map(|u| self.reading.together(u)).unwrap_or_default();
                if sends {
                    self.alter_together(before, &old, &old.unique_together, &new, true);
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.unique_together = new;
                }
            }
            "AddField" => {
                let Some(name) = self.string(call, 1, "name") else { return };
                let made = call.arg(2, "field").and_then(|f| self.reading.field(f, &name, &key.0, &key.1));
                if let Some(mut field) = made {
                    field.range = self.editor.at;
                    self.add_field(key, field, sends);
                }
            }
            "RemoveField" => {
                let found = self.string(call, 1, "name").and_then(|name| old.field(&name).cloned());
                if let Some(field) = found {
                    self.remove_field(before, key, &old, &field, sends);
                }
            }
            "AlterField" => {
                let Some(name) = self.string(call, 1, "name") else { return };
                let made = call.arg(2, "field").and_then(|f| self.reading.field(f, &name, &key.0, &key.1));
                if let (Some(field), Some(was)) = (made, old.field(&name).cloned()) {
                    self.alter_field(before, key, &was, Field { range: self.editor.at, ..field }, sends);
                }
            }
            "RenameField" => {
                let (from, to) = (self.string(call, 1, "old_name"), self.string(call, 2, "new_name"));
                if let (Some(from), Some(to)) = (from, to)
                    && let Some(was) = old.field(&from).cloned()
                {
                    self.rename_field(key, &from, &to);
                    self.alter_field(before, key, &was, Field { name: to, ..was.clone() }, sends);
                }
            }
            _ => {}
        }
    }

    fn add_field(&mut self, key: &Key, field: Field, sends: bool) {
        let name = field.name.clone();
        self.state.add_field(key, field, self.id);
        if let Some(model) = self.state.model(key).cloned().filter(|_| sends)
            && let Some(field) = model.field(&name)
        {
            self.editor.add_field(&self.state, &model, field);
        }
    }

    fn remove_field(&mut self, before: &State, key: &Key, old: &Arc<Model>, field: &Field, sends: bool) {
        if sends {
            self.editor.remove_field(before, old, field);
        }
        if let Some(join) = before.join_table(old, field) {
            self.state.models.remove(&join.key());
        }
        if let Some(model) = self.state.model_mut(key) {
            model.fields.retain(|f| f.name != field.name);
        }
    }

    /// Puts a field in the place of another, with its join table.
    fn alter_field(&mut self, before: &State, key: &Key, was: &Field, new: Field, sends: bool) {
        let Some(old) = before.model(key).cloned() else { return };
        let (dialect, name) = (self.editor.dialect, new.name.clone());
        let join = before.join_table(&old, was);
        if let Some(join) = &join {
            self.state.models.remove(&join.key());
        }
        let place =
            self.state.model(key).and_then(|m| m.fields.iter().position(|f| f.name == was.name || f.name == name));
        if let Some(model) = self.state.model_mut(key) {
            model.fields.retain(|f| f.name != was.name && f.name != name);
        }
        // a join table that Django made is found anew
        let mut new = new;
        if let (Some(join), Some(relation)) = (&join, new.relation.as_mut())
            && relation.through == Some(join.key())
        {
            relation.through = None;
        }
        self.state.add_field(key, new, self.id);
        if let (Some(model), Some(place)) = (self.state.model_mut(key), place)
            && let Some(field) = model.fields.pop()
        {
            model.fields.insert(place.min(model.fields.len()), field);
        }
        let Some(model) = self.state.model(key).cloned().filter(|_| sends) else { return };
        let Some(new) = model.field(&name).cloned() else { return };
        match (join, self.state.join_table(&model, &new)) {
            (Some(from), Some(to)) => {
                let tables = (before.table(&from, dialect), self.state.table(&to, dialect));
                self.editor.rename_table(&tables.0, &tables.1);
                let after = self.state.clone();
                // the far end first, as Django does
                for at in [2, 1] {
                    if let (Some(from), Some(end)) = (from.fields.get(at), to.fields.get(at)) {
                        self.editor.alter_column((before, &after), &to, (from, end));
                    }
                }
            }
            _ if was.has_column() && new.has_column() => {
                let after = self.state.clone();
                self.editor.alter_column((before, &after), &model, (was, &new));
            }
            _ => {}
        }
    }

    /// Names of a field in the rest of its model.
    fn rename_field(&mut self, key: &Key, from: &str, to: &str) {
        let rename = |names: &mut Vec<Vec<String>>| {
            names.iter_mut().flatten().filter(|n| *n == from).for_each(|n| *n = to.to_owned());
        };
        if let Some(model) = self.state.model_mut(key) {
            rename(&mut model.unique_together);
            rename(&mut model.index_together);
            for index in &mut model.indexes {
                for field in &mut index.fields {
                    if field.trim_start_matches('-') == from {
                        *field = field.replace(from, to);
                    }
                }
            }
        }
        let pointing = self.state.pointing_to(key);
        for (owner, field) in pointing {
            let by_name = field.relation.as_ref().is_some_and(|r| r.to_field.as_deref() == Some(from));
            if let Some(model) = self.state.model_mut(&owner).filter(|_| by_name) {
                for field in model.fields.iter_mut().filter(|f| f.name == field.name) {
                    if let Some(relation) = &mut field.relation {
                        relation.to_field = Some(to.to_owned());
                    }
                }
            }
        }
    }

    fn rename_model(&mut self, before: &State, key: &Key, to: &str) {
        let Some(old) = before.model(key).cloned() else { return };
        let new_key = (key.0.clone(), to.to_lowercase());
        let joins: Vec<(Field, Option<Arc<Model>>)> =
            old.fields.iter().map(|f| (f.clone(), before.join_table(&old, f))).collect();
        self.state.models.remove(key);
        for (_, join) in &joins {
            if let Some(join) = join {
                self.state.models.remove(&join.key());
            }
        }
        let mut renamed = Model { name: to.to_owned(), ..(*old).clone() };
        for (field, (_, join)) in renamed.fields.iter_mut().zip(&joins) {
            if let (Some(relation), Some(_)) = (field.relation.as_mut(), join) {
                relation.through = None;
            }
        }
        self.state.add(renamed, self.id);
        self.repoint(key, &new_key);
        if !(self.sends && old.has_table()) {
            return;
        }
        self.move_tables(before, key, &new_key);
        let dialect = self.editor.dialect;
        let tables = |state: &State, key: &Key| state.model(key).map(|m| state.table(m, dialect));
        if tables(before, key) == tables(&self.state, &new_key) {
            return;
        }
        let after = self.state.clone();
        for (owner, field) in after.pointing_to(&new_key) {
            let Some(model) = after.model(&owner).filter(|m| m.has_table()) else { continue };
            let hidden = field.relation.as_ref().is_some_and(|r| r.is_hidden) && after.model(&owner).is_some();
            let was_key = if owner == new_key { key } else { &owner };
            let was = before.model(was_key).and_then(|m| m.field(&field.name));
            match was {
                Some(was) if !hidden && field.has_column() => {
                    self.editor.alter_column((before, &after), model, (was, &field));
                }
                // join tables of other models have a column that is named after this one
                Some(was) if field.is_many() => self.rename_ends(before, &after, was_key, was, &owner, &field),
                _ => {}
            }
        }
        for (field, join) in joins.iter().filter(|(_, join)| join.is_some()) {
            let now = after.model(&new_key).and_then(|m| m.field(&field.name)).cloned();
            if join.is_some()
                && let Some(now) = now.filter(|n| n.relation.as_ref().is_some_and(|r| r.to != new_key))
            {
                self.rename_ends(before, &after, key, field, &new_key, &now);
            }
        }
    }

    fn rename_ends(&mut self, before: &State, after: &State, was: &Key, old: &Field, now: &Key, new: &Field) {
        let (Some(old_model), Some(new_model)) = (before.model(was), after.model(now)) else { return };
        let (Some(from), Some(to)) = (before.join_table(old_model, old), after.join_table(new_model, new)) else {
            return;
        };
        let tables = (before.table(&from, self.editor.dialect), after.table(&to, self.editor.dialect));
        if was == now {
            self.editor.rename_table(&tables.0, &tables.1);
        }
        for at in [2, 1] {
            if let (Some(from), Some(end)) = (from.fields.get(at), to.fields.get(at)) {
                self.editor.alter_column((before, after), &to, (from, end));
            }
        }
    }

    /// Relations to a model lead to its new name.
    fn repoint(&mut self, from: &Key, to: &Key) {
        for (owner, field) in self.state.pointing_to(from) {
            let Some(model) = self.state.model_mut(&owner) else { continue };
            let mut join = None;
            for field in model.fields.iter_mut().filter(|f| f.name == field.name) {
                if let Some(relation) = &mut field.relation {
                    relation.to = to.clone();
                    let made = (model.app.clone(), format!("{}_{}", model.name, field.name).to_lowercase());
                    join =
                        relation.through.clone().filter(|t| relation.is_many && *t == made).map(|_| relation.clone());
                }
            }
            if let (Some(relation), Some(model)) = (join, self.state.model(&owner).cloned()) {
                let made = super::state::join_model(&model, &field.name, &relation, self.id, field.range);
                let mut made = made;
                // the key that the table has is kept
                if let (Some(was), Some(id)) = (self.state.model(&made.key()), made.fields.first_mut())
                    && let Some(first) = was.fields.first()
                {
                    *id = first.clone();
                }
                self.state.models.insert(made.key(), Arc::new(made));
            }
        }
        let models: Vec<Key> = self.state.models.keys().cloned().collect();
        for key in models {
            let touches = self.state.model(&key).is_some_and(|m| {
                m.bases.contains(from)
                    || m.fields.iter().any(|f| f.relation.as_ref().is_some_and(|r| r.through.as_ref() == Some(from)))
            });
            if let Some(model) = self.state.model_mut(&key).filter(|_| touches) {
                model.bases.iter_mut().filter(|b| *b == from).for_each(|b| *b = to.clone());
                for relation in model.fields.iter_mut().filter_map(|f| f.relation.as_mut()) {
                    if relation.through.as_ref() == Some(from) {
                        relation.through = Some(to.clone());
                    }
                }
            }
        }
    }

    /// The table of a model, and its join tables, under their new names.
    fn move_tables(&mut self, before: &State, was: &Key, now: &Key) {
        let (Some(old), Some(new)) = (before.model(was), self.state.model(now).cloned()) else { return };
        let dialect = self.editor.dialect;
        self.editor.rename_table(&before.table(old, dialect), &self.state.table(&new, dialect));
        for field in &old.fields {
            let to = new.field(&field.name).and_then(|f| self.state.join_table(&new, f));
            if let (Some(from), Some(to)) = (before.join_table(old, field), to) {
                self.editor.rename_table(&before.table(&from, dialect), &self.state.table(&to, dialect));
            }
        }
    }

    fn alter_together(
        &mut self,
        before: &State,
        model: &Arc<Model>,
        old: &[Vec<String>],
        new: &[Vec<String>],
        unique: bool,
    ) {
        let table = before.table(model, self.editor.dialect);
        let meta: Vec<String> = model
            .indexes
            .iter()
            .map(|i| i.name.clone())
            .chain(model.constraints.iter().map(|c| c.name.clone()))
            .collect();
        for fields in old.iter().filter(|f| !new.contains(f)) {
            let columns: Vec<String> = fields.iter().map(|f| model.column(f)).collect();
            self.editor.drop_on(&table, &columns, unique, &meta);
        }
        for fields in new.iter().filter(|f| !old.contains(f)) {
            match unique {
                true => self.editor.add_unique_together(before, model, fields),
                false => self.editor.add_index_together(before, model, fields),
            }
        }
    }

    fn on_indexes(&mut self, call: &Call, before: &State, key: &Key) {
        let Some(old) = before.model(key).cloned() else { return };
        let sends = self.sends && old.has_table();
        let table = before.table(&old, self.editor.dialect);
        let name = || call.arg(1, "name").and_then(|n| self.reading.string(n));
        match call.name.as_str() {
            "AlterIndexTogether" => {
                let new = call.arg(1, "index_together").map(|u| self.reading.together(u)).unwrap_or_default();
                if sends {
                    self.alter_together(before, &old, &old.index_together, &new, false);
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.index_together = new;
                }
            }
            "AddIndex" | "AddIndexConcurrently" => {
                let Some(index) = call.arg(1, "index").and_then(|i| self.reading.index(i, &old, &table)) else {
                    return;
                };
                if sends {
                    self.editor.add_index(before, &old, &index, call.name == "AddIndexConcurrently");
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.indexes.push(index);
                }
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => {
                let Some(name) = name() else { return };
                if sends && old.indexes.iter().any(|i| i.name == name) {
                    self.editor.drop_index(&table, &name, call.name == "RemoveIndexConcurrently");
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.indexes.retain(|i| i.name != name);
                }
            }
            "RenameIndex" => self.rename_index(call, key, &old, &table, sends),
            "AddConstraint" | "AddConstraintNotValid" => {
                let Some(made) = call.arg(1, "constraint").and_then(|c| self.reading.constraint(c, &old)) else {
                    return;
                };
                if sends {
                    self.editor.add_constraint(before, &old, &made, call.name == "AddConstraintNotValid");
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.constraints.push(made);
                }
            }
            "RemoveConstraint" => {
                let Some(name) = name() else { return };
                if sends {
                    self.editor.drop_constraint(&table, &name);
                }
                if let Some(model) = self.state.model_mut(key) {
                    model.constraints.retain(|c| c.name != name);
                }
            }
            "ValidateConstraint" => {
                let Some(name) = name() else { return };
                let line = self.editor.line("ALTER TABLE ").name(&table).sql(" VALIDATE CONSTRAINT ").name(&name);
                self.editor.send(line);
            }
            _ => {}
        }
    }

    fn rename_index(&mut self, call: &Call, key: &Key, old: &Arc<Model>, table: &str, sends: bool) {
        let Some(to) = call.arg(1, "new_name").and_then(|n| self.reading.string(n)) else { return };
        let from = call.arg(2, "old_name").and_then(|n| self.reading.string(n));
        let fields = call.arg(3, "old_fields").map(|f| self.reading.strings(f)).unwrap_or_default();
        let from = from.or_else(|| {
            let columns: Vec<String> = fields.iter().map(|f| old.column(f)).collect();
            self.editor.index_between(table, &columns)
        });
        if let Some(from) = from.as_ref().filter(|f| sends && **f != to) {
            let line = match self.editor.dialect {
                Dialect::MySql => self.editor.line("ALTER TABLE ").name(table).sql(" RENAME INDEX ").name(from),
                _ => self.editor.line("ALTER INDEX ").name(from).sql(" RENAME"),
            };
            self.editor.send(line.sql(" TO ").name(&to));
        }
        let range = self.editor.at;
        let Some(model) = self.state.model_mut(key) else { return };
        match model.indexes.iter_mut().find(|i| Some(&i.name) == from.as_ref()) {
            Some(index) => index.name = to,
            None => {
                model.index_together.retain(|f| *f != fields);
                model.indexes.push(super::state::Index {
                    name: to,
                    fields,
                    expressions: Vec::new(),
                    condition: None,
                    include: Vec::new(),
                    method: String::new(),
                    suffix: "idx",
                    opclasses: Vec::new(),
                    range,
                });
            }
        }
    }

    /// SQL as it is, and what the state is told.
    fn run_sql(&mut self, call: &Call, app: &str) {
        let noop = |at: &ExprRef| {
            self.reading.context.program.module(at.module).dotted(at.expr).is_some_and(|d| d.ends_with(".noop"))
        };
        self.is_reversible &= call.arg(1, "reverse_sql").is_some();
        if let Some(sql) = call.arg(0, "sql").filter(|s| self.sends && !noop(s)) {
            let texts = match self.text(sql) {
                Some(text) => vec![(text, self.reading.range(sql))],
                None => self
                    .reading
                    .items(sql)
                    .into_iter()
                    .filter_map(|item| {
                        let text = self.text(item).or_else(|| self.text(*self.reading.items(item).first()?));
                        Some((text?, self.reading.range(item)))
                    })
                    .collect(),
            };
            let own = sql.module == call.at.module;
            for (text, range) in texts {
                let at = if own { range } else { self.editor.at };
                self.editor.raw(&text, at);
            }
        }
        let sends = std::mem::replace(&mut self.sends, false);
        for operation in call.arg(2, "state_operations").map(|o| self.reading.items(o)).unwrap_or_default() {
            self.operation(operation, app);
        }
        self.sends = sends;
    }

    /// A text, with holes where it is computed.
    fn text(&self, at: ExprRef) -> Option<String> {
        if let Some(text) = self.reading.string(at) {
            return Some(text);
        }
        let origin = self.reading.context.program.definition(at).unwrap_or(at);
        let module = self.reading.context.program.module(origin.module);
        let ExprKind::Template(parts) = &module.expr(origin.expr).kind else { return None };
        let part = |part: &ir::Part| match part {
            ir::Part::Text(text) => text.to_string(),
            ir::Part::Hole(hole) => {
                let known = self.reading.string(ExprRef { module: origin.module, expr: *hole });
                known.unwrap_or_else(|| sql::HOLE.to_string())
            }
        };
        Some(parts.iter().map(part).collect())
    }

    /// The database and the state go different ways.
    fn separate(&mut self, call: &Call, app: &str) {
        let (sends, kept) = (self.sends, self.state.clone());
        if sends {
            for operation in call.arg(0, "database_operations").map(|o| self.reading.items(o)).unwrap_or_default() {
                self.operation(operation, app);
            }
        }
        self.state = kept;
        self.sends = false;
        for operation in call.arg(1, "state_operations").map(|o| self.reading.items(o)).unwrap_or_default() {
            self.operation(operation, app);
        }
        self.sends = sends;
    }

    fn extension(&mut self, call: &Call) {
        let name = match call.name.as_str() {
            "CreateExtension" => self.string(call, 0, "name"),
            "TrigramExtension" => Some("pg_trgm".to_owned()),
            "BtreeGinExtension" => Some("btree_gin".to_owned()),
            "BtreeGistExtension" => Some("btree_gist".to_owned()),
            "CITextExtension" => Some("citext".to_owned()),
            "CryptoExtension" => Some("pgcrypto".to_owned()),
            "HStoreExtension" => Some("hstore".to_owned()),
            "UnaccentExtension" => Some("unaccent".to_owned()),
            "BloomExtension" => Some("bloom".to_owned()),
            "VectorExtension" => Some("vector".to_owned()),
            _ => None,
        };
        if let Some(name) = name.filter(|_| self.sends && self.editor.dialect == Dialect::Postgres) {
            let line = self.editor.line("CREATE EXTENSION IF NOT EXISTS ").name(&name);
            self.editor.send(line);
        }
    }
}
