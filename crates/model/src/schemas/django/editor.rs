//! The statements that Django's schema editor sends.
//!
//! As the real one, it looks into the database for the constraints and indexes that it drops: `shadow` is what all
//! statements so far have made.

use std::ops::{Deref, DerefMut};

use sql::Dialect;
use sql::schema::{IndexRole, Table};

use super::names::index_name;
use super::state::{ConstraintKind, Default, Field, Index, Model, State};
use super::types::{check, column_type, counts_up, is_geometry, is_limited, is_text};
use crate::schemas::sender::{Line, Sender};
use crate::schemas::written::quoted;

/// Makes the statements.
pub(crate) struct Editor {
    pub sender: Sender,
    /// Keys count up as identity columns and not as `serial`.
    pub has_identity: bool,
    /// Collations under which texts that differ may be the same: `LIKE` cannot use an index of them.
    pub loose_collations: Vec<String>,
}

impl Deref for Editor {
    type Target = Sender;

    fn deref(&self) -> &Sender {
        &self.sender
    }
}

impl DerefMut for Editor {
    fn deref_mut(&mut self) -> &mut Sender {
        &mut self.sender
    }
}

impl Editor {
    pub(crate) fn new(dialect: Dialect, has_identity: bool) -> Self {
        Editor { sender: Sender::new(dialect), has_identity, loose_collations: Vec::new() }
    }

    fn table_in_shadow(&self, table: &str) -> Option<&Table> {
        let name = match table.split_once("\".\"") {
            Some((schema, name)) => sql::Name::new(schema.trim_matches('"'), name.trim_matches('"')),
            None => match table.split_once('.') {
                Some((schema, name)) => sql::Name::new(schema, name),
                None => sql::Name::bare(table),
            },
        };
        self.shadow.table(&name)
    }

    fn columns_are(&self, columns: &[String], of: &[String]) -> bool {
        columns.len() == of.len() && columns.iter().zip(of).all(|(a, b)| self.dialect.is_same(a, b))
    }

    /// The indexes on exactly these columns, with what they are.
    fn indexes_on(&self, table: &str, columns: &[String], except: &[String]) -> Vec<(String, IndexRole, bool)> {
        let Some(table) = self.table_in_shadow(table) else { return Vec::new() };
        let on = |index: &&sql::schema::Index| {
            let own: Vec<String> = index.columns.iter().filter_map(|c| c.column.clone()).collect();
            own.len() == index.columns.len() && self.columns_are(&own, columns) && !except.contains(&index.name)
        };
        table.indexes.iter().filter(on).map(|i| (i.name.clone(), i.role, i.unique)).collect()
    }

    /// The name of an index that is no key on exactly these columns.
    pub(super) fn index_between(&self, table: &str, columns: &[String]) -> Option<String> {
        self.indexes_on(table, columns, &[]).into_iter().find(|(_, _, unique)| !unique).map(|(name, _, _)| name)
    }

    /// `CREATE TABLE`, with all that belongs to it.
    pub(crate) fn create_model(&mut self, state: &State, model: &std::sync::Arc<Model>) {
        let table = state.table(model, self.dialect);
        let mut line = self.line("CREATE TABLE ").name(&table).sql(" (");
        for (at, field) in model.fields.iter().filter(|f| f.has_column()).enumerate() {
            let whole = line.placed();
            line = line.place(field.range).sql(if at > 0 { ", " } else { "" }).name(&field.column());
            line = self.definition(line, state, field, false).place(whole);
        }
        for constraint in &model.constraints {
            if let ConstraintKind::Check(condition) = &constraint.kind {
                let whole = line.placed();
                line = line.place(constraint.range).sql(", CONSTRAINT ").name(&constraint.name);
                line = line.sql(&format!(" CHECK ({condition})")).place(whole);
            }
        }
        self.send(line.sql(")"));
        for unique in &model.unique_together {
            self.add_unique_together(state, model, unique);
        }
        let whole = self.at;
        for field in model.fields.iter().filter(|f| f.has_column()) {
            self.at = field.range;
            self.indexes_of_field(state, &table, field);
            self.add_foreign_key(state, &table, field);
        }
        self.at = whole;
        for index in &model.index_together {
            self.add_index_together(state, model, index);
        }
        for index in &model.indexes {
            self.add_index(state, model, index, false);
        }
        for constraint in &model.constraints {
            if !matches!(constraint.kind, ConstraintKind::Check(_)) {
                self.add_constraint(state, model, constraint, false);
            }
        }
        for field in &model.fields {
            if let Some(join) = state.join_table(model, field).filter(|j| j.has_table()) {
                self.create_model(state, &join);
            }
        }
    }

    /// The same for a model that no code of the project declares: all of it lies where the operation lies.
    pub(super) fn create_placed(&mut self, state: &State, model: &std::sync::Arc<Model>) {
        let mut placed = (**model).clone();
        placed.fields.iter_mut().for_each(|f| f.range = self.at);
        let mut joins = Vec::new();
        for field in &model.fields {
            if let Some(join) = state.join_table(model, field) {
                joins.push(join);
            }
        }
        placed.fields.retain(|f| !f.is_many());
        self.create_model(state, &std::sync::Arc::new(placed));
        for join in joins {
            self.create_placed(state, &join);
        }
    }

    /// What follows a column's name.
    fn definition(&self, line: Line, state: &State, field: &Field, with_default: bool) -> Line {
        let of_type = column_type(state, field, self.dialect);
        let counts = counts_up(field);
        let shown = match (self.dialect, of_type.as_str()) {
            (Dialect::Postgres, "integer") if counts && !self.has_identity => "serial",
            (Dialect::Postgres, "bigint") if counts && !self.has_identity => "bigserial",
            (Dialect::Postgres, "smallint") if counts && !self.has_identity => "smallserial",
            _ => &of_type,
        };
        let mut line = line.sql(" ").sql(shown);
        if let Some(collation) = &field.db_collation {
            line = line.sql(" COLLATE ").sql(&quoted(self.dialect, collation));
        }
        if let Some(expression) = &field.generated {
            line = line.sql(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
        }
        let default = match &field.db_default {
            Some(default) => Some(default.clone()),
            None => self.default_of(field).filter(|_| with_default),
        };
        if let Some(default) = default {
            line = line.sql(&format!(" DEFAULT {default}"));
        }
        line = line.sql(if field.null { " NULL" } else { " NOT NULL" });
        if field.primary_key {
            line = line.sql(" PRIMARY KEY");
        } else if field.unique && !is_limited(&of_type, self.dialect) {
            line = line.sql(" UNIQUE");
        }
        if counts {
            line = match self.dialect {
                Dialect::MySql => line.sql(" AUTO_INCREMENT"),
                Dialect::Sqlite => line.sql(" AUTOINCREMENT"),
                Dialect::Postgres if !self.has_identity => line,
                _ => line.sql(" GENERATED BY DEFAULT AS IDENTITY"),
            };
        }
        if let Some(check) = check(field, self.dialect) {
            line = line.sql(" CHECK (").name(&field.column()).sql(check).sql(")");
        }
        line
    }

    /// What rows that are there get, as SQL writes it.
    fn default_of(&self, field: &Field) -> Option<String> {
        match &field.default {
            Default::Sql(default) => Some(default.clone()),
            Default::Called => Some("''".to_owned()),
            Default::None if !field.null && field.blank && is_text(field) => Some("''".to_owned()),
            Default::None | Default::Null => None,
        }
    }

    fn indexes_of_field(&mut self, state: &State, table: &str, field: &Field) {
        if self.is_indexed(state, field) {
            let column = [field.column()];
            self.create_index(table, &index_name(self.dialect, table, &column, ""), &column, None);
        }
        self.add_like_index(state, table, field);
        if is_geometry(&field.kind) && self.dialect == Dialect::Postgres && field.srid >= 0 {
            let column = [field.column()];
            let name = index_name(self.dialect, table, &column, "_id");
            let line = self.line("CREATE INDEX ").name(&name).sql(" ON ").name(table);
            self.send(line.sql(" USING GIST (").names(&column).sql(")"));
        }
    }

    /// Whether a field has an index of its own.
    fn is_indexed(&self, state: &State, field: &Field) -> bool {
        let by_foreign_key = self.dialect == Dialect::MySql
            && field.kind == "ForeignKey"
            && field.relation.as_ref().is_some_and(|r| r.db_constraint);
        field.db_index
            && !field.is_unique()
            && !by_foreign_key
            && !is_limited(&column_type(state, field, self.dialect), self.dialect)
    }

    /// PostgreSQL needs another index for `LIKE`.
    fn add_like_index(&mut self, state: &State, table: &str, field: &Field) {
        if self.dialect != Dialect::Postgres || !(field.db_index || field.is_unique()) {
            return;
        }
        let of_type = column_type(state, field, self.dialect);
        let class = match of_type.as_str() {
            _ if of_type.contains('[') => return,
            _ if field.db_collation.as_ref().is_some_and(|c| self.loose_collations.contains(c)) => return,
            _ if of_type.starts_with("varchar") => "varchar_pattern_ops",
            _ if of_type.starts_with("text") => "text_pattern_ops",
            _ => return,
        };
        let column = [field.column()];
        self.create_index(table, &index_name(self.dialect, table, &column, "_like"), &column, Some(class));
    }

    fn create_index(&mut self, table: &str, name: &str, columns: &[String], class: Option<&str>) {
        let line = self.line("CREATE INDEX ").name(name).sql(" ON ").name(table).sql(" (").names(columns);
        let line = match class {
            Some(class) => line.sql(" ").sql(class),
            None => line,
        };
        self.send(line.sql(")"));
    }

    fn add_foreign_key(&mut self, state: &State, table: &str, field: &Field) {
        self.foreign_key(state, table, field, true);
    }

    /// A foreign key; one that is made again has a name that does not speak of where it leads.
    fn foreign_key(&mut self, state: &State, table: &str, field: &Field, is_new: bool) {
        let Some(relation) = field.relation.as_ref().filter(|r| r.db_constraint && !r.is_many) else { return };
        let (to, target) = state.target(relation, self.dialect);
        let to_column = target.map_or_else(|| "id".to_owned(), |t| t.column());
        let column = [field.column()];
        let bare = to.rsplit('.').next().unwrap_or(&to).trim_matches('"').to_owned();
        let suffix = if is_new { format!("_fk_{bare}_{to_column}") } else { "_fk".to_owned() };
        let name = index_name(self.dialect, table, &column, &suffix);
        let line = self.line("ALTER TABLE ").name(table).sql(" ADD CONSTRAINT ").name(&name);
        let line = line.sql(" FOREIGN KEY (").names(&column).sql(") REFERENCES ").name(&to).sql(" (").name(&to_column);
        let end = if self.dialect == Dialect::MySql { ")" } else { ") DEFERRABLE INITIALLY DEFERRED" };
        self.send(line.sql(end));
    }

    fn drop_foreign_keys(&mut self, table: &str, column: &str) {
        let column = [column.to_owned()];
        let Some(found) = self.table_in_shadow(table) else { return };
        let on = found.foreign_keys.iter().filter(|f| self.columns_are(&f.columns, &column));
        let names: Vec<String> = on.map(|f| f.name.clone()).collect();
        for name in names {
            let what = if self.dialect == Dialect::MySql { " DROP FOREIGN KEY " } else { " DROP CONSTRAINT " };
            let line = self.line("ALTER TABLE ").name(table).sql(what).name(&name);
            self.send(line);
        }
    }

    pub(super) fn add_unique_together(&mut self, state: &State, model: &std::sync::Arc<Model>, fields: &[String]) {
        let table = state.table(model, self.dialect);
        let columns: Vec<String> = fields.iter().map(|f| model.column(f)).collect();
        self.add_unique(&table, &columns);
    }

    fn add_unique(&mut self, table: &str, columns: &[String]) {
        let name = index_name(self.dialect, table, columns, "_uniq");
        let line = match self.dialect {
            Dialect::Sqlite => self.line("CREATE UNIQUE INDEX ").name(&name).sql(" ON ").name(table).sql(" ("),
            _ => self.line("ALTER TABLE ").name(table).sql(" ADD CONSTRAINT ").name(&name).sql(" UNIQUE ("),
        };
        self.send(line.names(columns).sql(")"));
    }

    pub(super) fn add_index_together(&mut self, state: &State, model: &std::sync::Arc<Model>, fields: &[String]) {
        let table = state.table(model, self.dialect);
        let columns: Vec<String> = fields.iter().map(|f| model.column(f)).collect();
        self.create_index(&table, &index_name(self.dialect, &table, &columns, "_idx"), &columns, None);
    }

    /// Drops what holds exactly these columns: unique constraints, or indexes.
    pub(super) fn drop_on(&mut self, table: &str, columns: &[String], unique: bool, except: &[String]) {
        for (name, role, is_unique) in self.indexes_on(table, columns, except) {
            if is_unique != unique || role == IndexRole::PrimaryKey {
                continue;
            }
            match role {
                IndexRole::UniqueConstraint => self.drop_constraint(table, &name),
                _ => self.drop_index(table, &name, false),
            }
        }
    }

    pub(super) fn drop_constraint(&mut self, table: &str, name: &str) {
        let is_index = |table: &Table| {
            table
                .indexes
                .iter()
                .any(|i| i.name == name && (i.role == IndexRole::Plain || self.dialect == Dialect::MySql))
        };
        if self.table_in_shadow(table).is_some_and(is_index) {
            return self.drop_index(table, name, false);
        }
        let line = self.line("ALTER TABLE ").name(table).sql(" DROP CONSTRAINT ").name(name);
        self.send(line);
    }

    pub(super) fn drop_index(&mut self, table: &str, name: &str, concurrently: bool) {
        let line = match self.dialect {
            Dialect::MySql | Dialect::SqlServer => self.line("DROP INDEX ").name(name).sql(" ON ").name(table),
            Dialect::Postgres if concurrently => self.line("DROP INDEX CONCURRENTLY IF EXISTS ").name(name),
            _ => self.line("DROP INDEX IF EXISTS ").name(name),
        };
        self.send(line);
    }

    /// An entry of `Meta.indexes`.
    pub(super) fn add_index(&mut self, state: &State, model: &Model, index: &Index, concurrently: bool) {
        let model = std::sync::Arc::new(model.clone());
        let table = state.table(&model, self.dialect);
        let start = match self.dialect {
            Dialect::Postgres if concurrently => "CREATE INDEX CONCURRENTLY ",
            _ => "CREATE INDEX ",
        };
        let mut line = self.line(start).name(&index.name).sql(" ON ").name(&table);
        if !index.method.is_empty() && self.dialect == Dialect::Postgres {
            line = line.sql(&format!(" USING {}", index.method));
        }
        line = self.elements(line.sql(" ("), &model, &index.fields, &index.expressions, &index.opclasses).sql(")");
        self.send(Self::rest(line, &model, &index.include, index.condition.as_deref()));
    }

    fn elements(
        &self,
        mut line: Line,
        model: &Model,
        fields: &[String],
        expressions: &[String],
        opclasses: &[String],
    ) -> Line {
        let mut first = true;
        for (at, field) in fields.iter().enumerate() {
            line = line.sql(if first { "" } else { ", " }).name(&model.column(field.trim_start_matches('-')));
            if let Some(class) = opclasses.get(at).filter(|_| self.dialect == Dialect::Postgres) {
                line = line.sql(&format!(" {class}"));
            }
            if field.starts_with('-') {
                line = line.sql(" DESC");
            }
            first = false;
        }
        for expression in expressions {
            line = line.sql(if first { "" } else { ", " }).sql(expression);
            first = false;
        }
        line
    }

    fn rest(mut line: Line, model: &Model, include: &[String], condition: Option<&str>) -> Line {
        if !include.is_empty() {
            let columns: Vec<String> = include.iter().map(|f| model.column(f)).collect();
            line = line.sql(" INCLUDE (").names(&columns).sql(")");
        }
        match condition {
            Some(condition) => line.sql(&format!(" WHERE {condition}")),
            None => line,
        }
    }

    /// An entry of `Meta.constraints`.
    pub(super) fn add_constraint(
        &mut self,
        state: &State,
        model: &Model,
        constraint: &super::state::Constraint,
        not_valid: bool,
    ) {
        let model = std::sync::Arc::new(model.clone());
        let table = state.table(&model, self.dialect);
        let add =
            |editor: &Self| editor.line("ALTER TABLE ").name(&table).sql(" ADD CONSTRAINT ").name(&constraint.name);
        let valid = if not_valid { " NOT VALID" } else { "" };
        let line = match &constraint.kind {
            ConstraintKind::Check(condition) => add(self).sql(&format!(" CHECK ({condition}){valid}")),
            ConstraintKind::Unique {
                fields,
                expressions,
                condition,
                include,
                opclasses,
                deferrable,
                nulls_not_distinct,
            } => {
                let plain = expressions.is_empty() && condition.is_none() && include.is_empty() && opclasses.is_empty();
                let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
                if plain && self.dialect != Dialect::Sqlite {
                    let columns: Vec<String> = fields.iter().map(|f| model.column(f)).collect();
                    let line = add(self).sql(&format!(" UNIQUE{nulls} (")).names(&columns).sql(")");
                    line.sql(deferrable.unwrap_or(""))
                } else {
                    let line = self.line("CREATE UNIQUE INDEX ").name(&constraint.name).sql(" ON ").name(&table);
                    let line =
                        self.elements(line.sql(" ("), &model, fields, expressions, opclasses).sql(")").sql(nulls);
                    Self::rest(line, &model, include, condition.as_deref())
                }
            }
            ConstraintKind::Exclude { method, elements, condition } => {
                let elements: Vec<String> =
                    elements.iter().map(|(what, operator)| format!("{what} WITH {operator}")).collect();
                let condition = condition.as_ref().map_or(String::new(), |c| format!(" WHERE ({c})"));
                add(self).sql(&format!(" EXCLUDE USING {method} ({}){condition}", elements.join(", ")))
            }
            ConstraintKind::Unknown => return,
        };
        self.send(line);
    }

    /// A new column, or the join table of a new field.
    pub(super) fn add_field(&mut self, state: &State, model: &std::sync::Arc<Model>, field: &Field) {
        if let Some(join) = state.join_table(model, field) {
            if join.has_table() {
                self.create_model(state, &join);
            }
            return;
        }
        if !field.has_column() {
            return;
        }
        let table = state.table(model, self.dialect);
        let line = self.line("ALTER TABLE ").name(&table).sql(" ADD COLUMN ").name(&field.column());
        let line = self.definition(line, state, field, true);
        self.send(line);
        if self.default_of(field).is_some() && field.db_default.is_none() && self.dialect != Dialect::Sqlite {
            let line = self.line("ALTER TABLE ").name(&table).sql(" ALTER COLUMN ").name(&field.column());
            self.send(line.sql(" DROP DEFAULT"));
        }
        self.indexes_of_field(state, &table, field);
        self.add_foreign_key(state, &table, field);
    }

    pub(super) fn remove_field(&mut self, state: &State, model: &std::sync::Arc<Model>, field: &Field) {
        if let Some(join) = state.join_table(model, field) {
            return self.delete_model(state, &join);
        }
        if !field.has_column() {
            return;
        }
        let table = state.table(model, self.dialect);
        if field.relation.is_some() {
            self.drop_foreign_keys(&table, &field.column());
        }
        let line = self.line("ALTER TABLE ").name(&table).sql(" DROP COLUMN ").name(&field.column());
        let line = line.sql(if self.dialect == Dialect::Postgres { " CASCADE" } else { "" });
        self.send(line);
    }

    pub(super) fn delete_model(&mut self, state: &State, model: &std::sync::Arc<Model>) {
        for field in &model.fields {
            if let Some(join) = state.join_table(model, field).filter(|j| j.has_table()) {
                self.delete_model(state, &join);
            }
        }
        if !model.has_table() {
            return;
        }
        let table = state.table(model, self.dialect);
        let line = self.line("DROP TABLE ").name(&table);
        let line = line.sql(if self.dialect == Dialect::Sqlite { "" } else { " CASCADE" });
        self.send(line);
    }

    pub(super) fn rename_table(&mut self, from: &str, to: &str) {
        if from != to {
            let line = self.line("ALTER TABLE ").name(from).sql(" RENAME TO ").name(to);
            self.send(line);
        }
    }

    /// A column changed from one field to another, in a model of the new state.
    pub(super) fn alter_column(
        &mut self,
        (before, after): (&State, &State),
        model: &std::sync::Arc<Model>,
        (old, new): (&Field, &Field),
    ) {
        if old.is_same_column(new) && self.reaches_the_same(before, after, old, new) {
            return;
        }
        let table = after.table(model, self.dialect);
        let meta: Vec<String> = model
            .indexes
            .iter()
            .map(|i| i.name.clone())
            .chain(model.constraints.iter().map(|c| c.name.clone()))
            .collect();
        let had_key = old.relation.as_ref().is_some_and(|r| r.db_constraint);
        if had_key {
            self.drop_foreign_keys(&table, &old.column());
        }
        let column = [old.column()];
        let together = model.unique_together.contains(&vec![new.name.clone()]);
        if old.is_unique() && (!new.is_unique() || (new.primary_key && !old.primary_key)) && !together {
            self.drop_on(&table, &column, true, &meta);
        }
        let types = (column_type(before, old, self.dialect), column_type(after, new, self.dialect));
        let pointing = match types.0 != types.1 && (old.is_unique() && new.is_unique()) {
            true => self.pointing(after, model, new),
            false => Vec::new(),
        };
        for (table, field) in &pointing {
            self.drop_foreign_keys(table, &field.column());
        }
        if old.db_index && !old.is_unique() && (!new.db_index || new.is_unique()) {
            self.drop_on(&table, &column, false, &meta);
        }
        self.alter_shape(&table, (old, new), &types, after);
        if !old.is_unique() && new.is_unique() && !new.primary_key || old.primary_key && !new.primary_key && new.unique
        {
            self.add_unique(&table, &[new.column()]);
        }
        if self.is_indexed(after, new) && (!old.db_index || old.is_unique()) {
            self.create_index(&table, &index_name(self.dialect, &table, &[new.column()], ""), &[new.column()], None);
        }
        if new.primary_key && !old.primary_key {
            self.become_key(&table, new);
        }
        for (table, field) in &pointing {
            self.alter_type(table, field, &column_type(after, field, self.dialect), false);
        }
        if new.relation.as_ref().is_some_and(|r| r.db_constraint) {
            self.add_foreign_key(after, &table, new);
        }
        for (table, field) in &pointing {
            self.foreign_key(after, table, field, false);
        }
        let (had, has) = ((old.db_index, old.is_unique()), (new.db_index, new.is_unique()));
        if !(had.0 || had.1) && has.0 || !had.1 && has.1 {
            self.add_like_index(after, &table, new);
        }
        if had.1 && !(has.0 || has.1) && self.dialect == Dialect::Postgres {
            self.drop_like_index(&table, &old.column());
        }
    }

    fn drop_like_index(&mut self, table: &str, column: &str) {
        let name = index_name(self.dialect, table, &[column.to_owned()], "_like");
        if self.table_in_shadow(table).is_some_and(|t| t.indexes.iter().any(|i| i.name == name)) {
            self.drop_index(table, &name, false);
        }
    }

    fn reaches_the_same(&self, before: &State, after: &State, old: &Field, new: &Field) -> bool {
        let of = |state: &State, field: &Field| field.relation.as_ref().map(|r| state.target(r, self.dialect).0);
        of(before, old) == of(after, new)
            && column_type(before, old, self.dialect) == column_type(after, new, self.dialect)
    }

    /// The columns that reference a field, with their tables.
    fn pointing(&self, state: &State, model: &std::sync::Arc<Model>, field: &Field) -> Vec<(String, Field)> {
        let mut found = Vec::new();
        let mut asked = vec![(model.key(), field.clone())];
        while let Some((key, target)) = asked.pop() {
            for (owner, pointing) in state.pointing_to(&key) {
                let Some(owner) = state.model(&owner).filter(|_| !pointing.is_many()) else { continue };
                let by = pointing.relation.as_ref().and_then(|r| r.to_field.as_deref());
                let is_it = by.map_or(target.primary_key, |name| name == target.name);
                if is_it && owner.has_table() && found.len() < 500 {
                    found.push((state.table(owner, self.dialect), pointing.clone()));
                    if pointing.is_unique() {
                        asked.push((owner.key(), pointing));
                    }
                }
            }
        }
        found
    }

    /// Name, type, default and nullability.
    fn alter_shape(&mut self, table: &str, (old, new): (&Field, &Field), types: &(String, String), after: &State) {
        let (was, now) = (old.column(), new.column());
        if check(old, self.dialect) != check(new, self.dialect) && check(old, self.dialect).is_some() {
            let named = |t: &Table| {
                let own = |c: &&sql::schema::Check| c.columns.len() == 1 && self.dialect.is_same(&c.columns[0], &was);
                t.checks.iter().find(own).map(|c| c.name.clone())
            };
            if let Some(name) = self.table_in_shadow(table).and_then(named) {
                self.drop_constraint(table, &name);
            }
        }
        if was != now {
            let line = self.line("ALTER TABLE ").name(table).sql(" RENAME COLUMN ").name(&was).sql(" TO ").name(&now);
            self.send(line);
        }
        let changed = types.0 != types.1 || old.db_collation != new.db_collation;
        if self.dialect == Dialect::MySql {
            // the whole column is written anew
            if changed || old.null != new.null || old.db_default != new.db_default || counts_up(old) != counts_up(new) {
                let bare = Field { unique: false, primary_key: false, ..new.clone() };
                self.fill(table, old, new);
                let line = self.line("ALTER TABLE ").name(table).sql(" MODIFY ").name(&now);
                let line = self.definition(line, after, &bare, false);
                self.send(line);
            }
        } else {
            if changed && self.dialect == Dialect::Postgres && (old.db_index || old.is_unique()) {
                let left = |start: &str| types.0.starts_with(start) && !types.1.starts_with(start);
                if left("varchar") || left("text") || left("citext") {
                    self.drop_like_index(table, &was);
                }
            }
            if changed {
                let bare = |t: &str| t.split('(').next().unwrap_or(t).to_owned();
                self.alter_type(table, new, &types.1, bare(&types.0) != bare(&types.1));
            }
            if counts_up(new) != counts_up(old) && self.dialect == Dialect::Postgres {
                let what =
                    if counts_up(new) { " ADD GENERATED BY DEFAULT AS IDENTITY" } else { " DROP IDENTITY IF EXISTS" };
                let line = self.line("ALTER TABLE ").name(table).sql(" ALTER COLUMN ").name(&now).sql(what);
                self.send(line);
            }
            if old.db_default != new.db_default {
                let what = new.db_default.as_ref().map_or(" DROP DEFAULT".to_owned(), |d| format!(" SET DEFAULT {d}"));
                let line = self.line("ALTER TABLE ").name(table).sql(" ALTER COLUMN ").name(&now).sql(&what);
                self.send(line);
            }
            if old.null != new.null {
                self.fill(table, old, new);
                let what = if new.null { " DROP NOT NULL" } else { " SET NOT NULL" };
                let line = self.line("ALTER TABLE ").name(table).sql(" ALTER COLUMN ").name(&now).sql(what);
                self.send(line);
            }
        }
        if check(old, self.dialect) != check(new, self.dialect)
            && let Some(check) = check(new, self.dialect)
        {
            let name = index_name(self.dialect, table, std::slice::from_ref(&now), "_check");
            let line = self.line("ALTER TABLE ").name(table).sql(" ADD CONSTRAINT ").name(&name).sql(" CHECK (");
            self.send(line.name(&now).sql(check).sql(")"));
        }
    }

    /// A column that will refuse `NULL` gets its default in the rows that are there.
    fn fill(&mut self, table: &str, old: &Field, new: &Field) {
        if let Some(default) = self.default_of(new).filter(|_| old.null && !new.null) {
            let column = new.column();
            let line = self.line("UPDATE ").name(table).sql(" SET ").name(&column).sql(&format!(" = {default}"));
            self.send(line.sql(" WHERE ").name(&column).sql(" IS NULL"));
        }
    }

    fn alter_type(&mut self, table: &str, field: &Field, to: &str, using: bool) {
        let column = &field.column();
        let line = match self.dialect {
            Dialect::MySql => {
                let null = if field.null { "NULL" } else { "NOT NULL" };
                self.line("ALTER TABLE ").name(table).sql(" MODIFY ").name(column).sql(&format!(" {to} {null}"))
            }
            _ => {
                let line = self.line("ALTER TABLE ").name(table).sql(" ALTER COLUMN ").name(column);
                let line = line.sql(&format!(" TYPE {to}"));
                match using && self.dialect == Dialect::Postgres {
                    true => line.sql(" USING ").name(column).sql(&format!("::{to}")),
                    false => line,
                }
            }
        };
        self.send(line);
    }

    fn become_key(&mut self, table: &str, new: &Field) {
        let old = self.table_in_shadow(table).and_then(|t| t.primary_key()).map(|k| k.name.clone());
        if let Some(old) = old {
            let line = self.line("ALTER TABLE ").name(table);
            let line = match self.dialect {
                Dialect::MySql => line.sql(" DROP PRIMARY KEY"),
                _ => line.sql(" DROP CONSTRAINT ").name(&old),
            };
            self.send(line);
        }
        let column = [new.column()];
        let name = index_name(self.dialect, table, &column, "_pk");
        let line = self.line("ALTER TABLE ").name(table).sql(" ADD CONSTRAINT ").name(&name).sql(" PRIMARY KEY (");
        self.send(line.names(&column).sql(")"));
    }
}
