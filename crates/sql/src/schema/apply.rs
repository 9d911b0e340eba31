//! Replaying changes.

use base::{FileId, Span};

use super::{Column, IndexRole, Misfit, Origin, Schema, Table, keys::parts};
use crate::{
    Change, ColumnDefinition, Dialect, Identity, LikeClause, Name, Query, Range, SqlType, Statement, StatementKind,
    Step, TableDefinition,
};

impl Schema {
    /// Replays statements of one text. `offset` is where the text begins in the file.
    pub fn replay(&mut self, statements: &[Statement], file: FileId, offset: u32) {
        for statement in statements {
            let span = |range: Range| Span::new(file, range.start + offset, range.end + offset);
            match &statement.kind {
                StatementKind::Change(changes) => changes.iter().for_each(|c| self.apply(c, span(c.range))),
                StatementKind::Block(inner) => self.replay(inner, file, offset),
                StatementKind::Set { name, value, .. } if name == "search_path" => self.set_search_path(value),
                StatementKind::Query(query) => self.select_config(query, statement, span(statement.range)),
                _ => {}
            }
        }
    }

    fn set_search_path(&mut self, value: &str) {
        let tokens = crate::lex::tokens(value, self.dialect);
        let path: Vec<String> = tokens
            .iter()
            .filter(|t| !t.is_symbol(","))
            .map(|t| self.dialect.fold(&t.name(), t.kind != crate::lex::Kind::Word))
            .filter(|name| name != "$user" && !name.is_empty() && name != "pg_catalog")
            .collect();
        let default = path.first().is_some_and(|p| p == "default");
        self.search_path = if default { vec![self.dialect.default_schema().to_owned()] } else { path };
    }

    /// `SELECT pg_catalog.set_config('search_path', '', false)`, as dumps write it.
    fn select_config(&mut self, query: &Query, _statement: &Statement, _at: Span) {
        let calls = query.tables.is_empty() && query.outputs.iter().any(|o| o.name == "set_config");
        if calls && self.dialect == Dialect::Postgres {
            // everything in a dump is written with its schema
            self.search_path = Vec::new();
        }
    }

    /// Replays one change. What does not fit is noted in [`Schema::misfits`], unless the change is conditional.
    pub fn apply(&mut self, change: &Change, at: Span) {
        if let Err(reason) = self.step(&change.step, at)
            && !change.conditional
        {
            self.misfits.push(Misfit { at, reason });
        }
    }

    fn step(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateTable(table) => self.create_table(table, at),
            Step::DropTable { names, if_exists, cascade } => {
                for name in names {
                    match self.table_key(name) {
                        Some(key) => self.drop_table(&key, *cascade),
                        None if *if_exists => {}
                        None => return Err(format!("no table `{name}`")),
                    }
                }
                Ok(())
            }
            Step::RenameTable { from, to } => self.rename_table(from, to, at),
            Step::SetTableSchema { table, schema } => {
                let key = self.table_key(table).ok_or_else(|| format!("no table `{table}`"))?;
                let name = key.name.clone();
                self.move_table(&key, &Name::new(schema, name), at);
                Ok(())
            }
            Step::AlterTable { table, if_exists, only, action } => match self.table_key(table) {
                Some(key) => self.alter_table(&key, action, *only, at),
                None => match self.alter_other(table, action) {
                    true => Ok(()),
                    false if *if_exists => Ok(()),
                    false => Err(format!("no table `{table}`")),
                },
            },
            Step::CreateIndex(index) => self.create_index(index, at),
            Step::DropIndex { names, table, if_exists, .. } => self.drop_indexes(names, table.as_ref(), *if_exists),
            Step::RenameIndex { table, from, to, if_exists } => {
                let renamed = self.rename_index(table.as_ref(), from, to, at);
                if *if_exists { Ok(()) } else { renamed }
            }
            Step::Truncate { .. }
            | Step::Reindex { .. }
            | Step::RefreshView { .. }
            | Step::RewriteTable { .. }
            | Step::LockTable { .. } => Ok(()),
            other => self.other_step(other, at),
        }
    }

    // --- tables ---

    fn create_table(&mut self, definition: &TableDefinition, at: Span) -> Result<(), String> {
        let mut full = self.full_name(&definition.name);
        if definition.temporary {
            full = Name::new("pg_temp", full.name);
        }
        let key = self.key_of(&full);
        if self.tables.contains_key(&key) {
            if definition.if_not_exists {
                return Ok(());
            }
            if !definition.or_replace {
                return Err(format!("table `{}` is there already", definition.name));
            }
        }
        let mut table = Table {
            name: full.clone(),
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            partition_by: definition.partition_by.clone(),
            partition_of: None,
            inherits: Vec::new(),
            row_security: false,
            forced_row_security: false,
            policies: Default::default(),
            triggers: Default::default(),
            options: definition.options.iter().cloned().collect(),
            temporary: definition.temporary,
            unlogged: definition.unlogged,
            origin: Origin::new(at),
        };
        for parent in definition.inherits.iter().chain(definition.partition_of.as_ref()) {
            let found = self.table(parent).ok_or_else(|| format!("no table `{parent}`"))?;
            inherit(&mut table, found, at, self.dialect);
            match &definition.partition_bound {
                Some(bound) => table.partition_of = Some((found.name.clone(), bound.clone())),
                None => table.inherits.push(found.name.clone()),
            }
        }
        let mut copied = Vec::new();
        for like in &definition.like {
            let found = self.table(&like.table).ok_or_else(|| format!("no table `{}`", like.table))?;
            copy_columns(&mut table, found, like, at);
            if like.indexes {
                copied.extend(found.indexes.clone());
            }
        }
        if let Some(query) = &definition.query {
            let results = self.result_columns(query);
            table.columns.extend(results.into_iter().map(|(name, data_type)| result_column(name, data_type, at)));
        }
        for column in &definition.columns {
            self.add_defined(&mut table, column, at);
        }
        self.tables.insert(key.clone(), table);
        for column in &definition.columns {
            self.own_sequence(&key, column, at);
        }
        // as PostgreSQL does: keys first, then the rest; foreign keys may name the table itself
        let of_columns = definition.columns.iter().flat_map(|c| &c.constraints);
        let all: Vec<_> = of_columns.chain(&definition.constraints).collect();
        let rank = |c: &crate::ConstraintKind| match c {
            crate::ConstraintKind::Check { .. } => 0,
            crate::ConstraintKind::PrimaryKey { .. } => 1,
            crate::ConstraintKind::ForeignKey { .. } => 4,
            _ => 2,
        };
        let mut problem = Ok(());
        for wanted in 0..=4 {
            if wanted == 3 {
                for index in &definition.indexes {
                    problem = problem.and(self.add_index(&key, index, at));
                }
            }
            for constraint in all.iter().filter(|c| rank(&c.kind) == wanted) {
                if self.dialect == Dialect::Postgres && self.has_key_like(&key, constraint) {
                    continue;
                }
                problem = problem.and(self.add_constraint(&key, constraint, at));
            }
        }
        for index in &copied {
            self.copy_index(&key, index, at);
        }
        let parents: Vec<Name> = definition.partition_of.iter().filter_map(|p| self.table_key(p)).collect();
        for parent in parents {
            let Some(parent) = self.tables.get(&parent) else { continue };
            let (indexes, foreign_keys) = (parent.indexes.clone(), parent.foreign_keys.clone());
            for index in &indexes {
                self.copy_index(&key, index, at);
            }
            if let Some(table) = self.tables.get_mut(&key) {
                table.foreign_keys.extend(foreign_keys);
            }
        }
        problem
    }

    /// Whether the table has a key over the same columns: PostgreSQL makes one of the two in `CREATE TABLE`.
    fn has_key_like(&self, key: &Name, constraint: &crate::ConstraintDefinition) -> bool {
        let crate::ConstraintKind::Unique { columns, include, .. } = &constraint.kind else { return false };
        let same = |index: &super::Index| index.unique && index.columns == *columns && index.include == *include;
        self.tables.get(key).is_some_and(|table| table.indexes.iter().any(same))
    }

    /// A column as defined, into the table.
    pub(super) fn add_defined(&self, table: &mut Table, definition: &ColumnDefinition, at: Span) {
        let mut made = self.column_of(definition, at);
        // a child's own definition of an inherited column
        if let Some(known) = table.columns.iter_mut().find(|c| self.dialect.is_same(&c.name, &made.name)) {
            known.is_inherited = false;
            known.not_null |= made.not_null;
            known.default = made.default.take().or(known.default.take());
            if made.data_type.is_known() && !made.data_type.name.is_empty() {
                known.data_type = made.data_type;
            }
            return;
        }
        let place = match &definition.place {
            crate::ColumnPlace::Last => table.columns.len(),
            crate::ColumnPlace::First => 0,
            crate::ColumnPlace::After(other) => {
                let found = table.columns.iter().position(|c| self.dialect.is_same(&c.name, other));
                found.map_or(table.columns.len(), |at| at + 1)
            }
        };
        table.columns.insert(place, made);
    }

    pub(super) fn column_of(&self, definition: &ColumnDefinition, at: Span) -> Column {
        let data_type = self.resolved_type(&definition.data_type);
        let is_null = |d: &&crate::Default| d.expression.trim().to_lowercase().starts_with("null");
        let default = definition.default.clone().filter(|d| !is_null(&d));
        Column {
            name: definition.name.clone(),
            data_type,
            not_null: definition.not_null.unwrap_or(false),
            default,
            identity: definition.identity,
            generated: definition.generated.clone(),
            collation: definition.collation.clone(),
            on_update: definition.on_update.clone(),
            is_inherited: false,
            origin: Origin::new(at),
        }
    }

    /// The sequence of `serial` and identity columns.
    pub(super) fn own_sequence(&mut self, key: &Name, definition: &ColumnDefinition, at: Span) {
        let wanted = matches!(definition.identity, Some(Identity::Serial | Identity::Always | Identity::ByDefault));
        if self.dialect == Dialect::Postgres && wanted {
            self.add_sequence(key, &definition.name, at);
        }
    }

    pub(super) fn add_sequence(&mut self, key: &Name, column: &str, at: Span) {
        let Some(table) = self.tables.get(key) else { return };
        let (schema, table_name) = parts(&table.name);
        let data_type = table.column(column, self.dialect).map_or(SqlType::named("bigint"), |c| c.data_type.clone());
        let name = Name::new(schema.clone(), self.made_name(&schema, &table_name, column, "seq"));
        let owned_by = Some((table.name.clone(), column.to_owned()));
        let sequence = super::Sequence { name: name.clone(), data_type, owned_by, origin: Origin::new(at) };
        self.sequences.insert(self.key_of(&name), sequence);
    }

    pub(super) fn drop_table(&mut self, key: &Name, cascade: bool) {
        let Some(gone) = self.tables.remove(key) else { return };
        if cascade {
            for table in self.tables.values_mut() {
                table.foreign_keys.retain(|f| f.references != gone.name);
            }
            let uses = |q: &Query| q.all().iter().any(|q| q.tables.iter().any(|t| t.name.name == gone.name.name));
            self.views.retain(|_, view| !view.query.as_deref().is_some_and(uses));
        }
        self.sequences.retain(|_, s| s.owned_by.as_ref().is_none_or(|(table, _)| *table != gone.name));
        let children: Vec<Name> = self
            .tables
            .iter()
            .filter(|(_, t)| {
                t.partition_of.as_ref().is_some_and(|(p, _)| *p == gone.name)
                    || (cascade && t.inherits.contains(&gone.name))
            })
            .map(|(k, _)| k.clone())
            .collect();
        for child in children {
            self.drop_table(&child, cascade);
        }
    }

    fn rename_table(&mut self, from: &Name, to: &Name, at: Span) -> Result<(), String> {
        let Some(key) = self.table_key(from) else {
            return self.rename_other(from, to).then_some(()).ok_or_else(|| format!("no table `{from}`"));
        };
        let schema = to.schema.clone().or_else(|| self.tables.get(&key).and_then(|t| t.name.schema.clone()));
        self.move_table(&key, &Name { schema, name: to.name.clone() }, at);
        Ok(())
    }

    /// Gives a table another full name, also where others name it.
    pub(super) fn move_table(&mut self, key: &Name, to: &Name, at: Span) {
        let Some(mut table) = self.tables.remove(key) else { return };
        let old = std::mem::replace(&mut table.name, to.clone());
        table.origin.touch(at);
        if self.dialect == Dialect::MySql {
            // names that it made up follow the table
            for foreign in &mut table.foreign_keys {
                if let Some(number) = foreign.name.strip_prefix(&format!("{}_ibfk_", old.name)) {
                    foreign.name = format!("{}_ibfk_{number}", to.name);
                }
            }
        }
        self.tables.insert(self.key_of(to), table);
        let change = |name: &mut Name| {
            if *name == old {
                *name = to.clone();
            }
        };
        for other in self.tables.values_mut() {
            other.foreign_keys.iter_mut().for_each(|f| change(&mut f.references));
            other.inherits.iter_mut().for_each(change);
            if let Some((parent, _)) = &mut other.partition_of {
                change(parent);
            }
        }
        let moved: Vec<Name> = self.sequences.keys().cloned().collect();
        for key in moved {
            let Some(mut sequence) = self.sequences.remove(&key) else { continue };
            if let Some((owner, _)) = &mut sequence.owned_by
                && *owner == old
            {
                *owner = to.clone();
                sequence.name.schema = to.schema.clone();
            }
            self.sequences.insert(self.key_of(&sequence.name), sequence);
        }
    }

    /// A table and the tables that take part in what is done to it.
    pub(super) fn with_children(&self, key: &Name) -> Vec<Name> {
        let mut found = vec![key.clone()];
        let mut at = 0;
        while let Some(one) = found.get(at).cloned() {
            at += 1;
            let Some(parent) = self.tables.get(&one).map(|t| t.name.clone()) else { continue };
            let is_child =
                |t: &Table| t.inherits.contains(&parent) || t.partition_of.as_ref().is_some_and(|(p, _)| *p == parent);
            let children = self.tables.iter().filter(|(_, t)| is_child(t)).map(|(k, _)| k.clone());
            let new: Vec<Name> = children.filter(|k| !found.contains(k)).collect();
            found.extend(new);
        }
        found
    }

    fn drop_indexes(&mut self, names: &[Name], table: Option<&Name>, if_exists: bool) -> Result<(), String> {
        for name in names {
            let place = match table.and_then(|t| self.table_key(t)) {
                Some(key) => {
                    let at = self
                        .tables
                        .get(&key)
                        .and_then(|t| t.indexes.iter().position(|i| self.dialect.is_same(&i.name, &name.name)));
                    at.map(|at| (key, at))
                }
                None => self.index_place(name),
            };
            let Some((key, at)) = place else {
                let of_view = self.views.values_mut().any(|v| {
                    let before = v.indexes.len();
                    v.indexes.retain(|i| i.name != name.name);
                    v.indexes.len() != before
                });
                if of_view || if_exists {
                    continue;
                }
                return Err(format!("no index `{name}`"));
            };
            let Some(gone) = self.tables.get_mut(&key).map(|t| t.indexes.remove(at)) else { continue };
            for partition in self.partitions_of(&key) {
                if let Some(table) = self.tables.get_mut(&partition) {
                    table.indexes.retain(|i| i.columns != gone.columns || i.role != IndexRole::Plain);
                }
            }
        }
        Ok(())
    }

    fn rename_index(&mut self, table: Option<&Name>, from: &Name, to: &str, at: Span) -> Result<(), String> {
        let place = match table.and_then(|t| self.table_key(t)) {
            Some(key) => self.tables.get(&key).and_then(|t| {
                let at = t.indexes.iter().position(|i| self.dialect.is_same(&i.name, &from.name))?;
                Some((key.clone(), at))
            }),
            None => self.index_place(from),
        };
        let Some((key, place)) = place else {
            // `ALTER INDEX` renames tables, views and sequences as well
            let to = Name::bare(to);
            return self.rename_other(from, &to).then_some(()).ok_or_else(|| format!("no index `{from}`"));
        };
        if let Some(table) = self.tables.get_mut(&key) {
            table.indexes[place].name = to.to_owned();
            table.indexes[place].origin.touch(at);
        }
        Ok(())
    }
}

/// The columns and checks of a parent.
pub(super) fn inherit(table: &mut Table, parent: &Table, at: Span, dialect: Dialect) {
    for column in &parent.columns {
        match table.columns.iter_mut().find(|c| dialect.is_same(&c.name, &column.name)) {
            Some(known) => known.not_null |= column.not_null,
            None => {
                let identity = column.identity.filter(|i| *i == Identity::Serial);
                table.columns.push(Column { is_inherited: true, identity, origin: Origin::new(at), ..column.clone() });
            }
        }
    }
    for check in &parent.checks {
        if !table.checks.iter().any(|c| c.name == check.name) {
            table.checks.push(check.clone());
        }
    }
}

fn copy_columns(table: &mut Table, from: &Table, like: &LikeClause, at: Span) {
    for column in &from.columns {
        let mut made = bare_copy(column, at);
        made.not_null = column.not_null;
        if like.defaults {
            made.default = column.default.clone();
            made.identity = column.identity.filter(|i| *i == Identity::Serial);
        }
        if like.generated {
            made.generated = column.generated.clone();
        }
        if like.identity {
            made.identity = column.identity;
        }
        table.columns.push(made);
    }
    if like.constraints {
        table.checks.extend(from.checks.iter().cloned());
    }
}

/// A column's name and type alone.
fn bare_copy(column: &Column, at: Span) -> Column {
    Column {
        not_null: false,
        default: None,
        identity: None,
        generated: None,
        on_update: None,
        is_inherited: false,
        origin: Origin::new(at),
        ..column.clone()
    }
}

fn result_column(name: String, data_type: SqlType, at: Span) -> Column {
    Column {
        name,
        data_type,
        not_null: false,
        default: None,
        identity: None,
        generated: None,
        collation: None,
        on_update: None,
        is_inherited: false,
        origin: Origin::new(at),
    }
}
