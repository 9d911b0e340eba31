//! The actions of `ALTER TABLE`.

use base::Span;

use super::{Column, Index, IndexRole, Schema, Table, apply::inherit};
use crate::{ColumnDefinition, ColumnPlace, Dialect, DroppedKind, Identity, Name, SqlType, TableAction, lex::Kind};

impl Schema {
    pub(super) fn alter_table(&mut self, key: &Name, action: &TableAction, only: bool, at: Span) -> Result<(), String> {
        if let Some(table) = self.tables.get_mut(key) {
            table.origin.touch(at);
        }
        let family = if only { vec![key.clone()] } else { self.with_children(key) };
        match action {
            TableAction::AddColumn { column, if_not_exists } => {
                self.add_column(key, &family, column, *if_not_exists, at)
            }
            TableAction::DropColumn { column, if_exists, cascade } => {
                if self.column_in(key, column).is_none() {
                    return if *if_exists { Ok(()) } else { Err(format!("no column `{column}`")) };
                }
                family.iter().for_each(|key| self.drop_column(key, column, *cascade));
                Ok(())
            }
            TableAction::RenameColumn { from, to } => {
                self.column_in(key, from).ok_or_else(|| format!("no column `{from}`"))?;
                family.iter().for_each(|key| self.rename_column(key, from, to, at));
                Ok(())
            }
            TableAction::SetType { column, data_type, collation, .. } => {
                let data_type = self.resolved_type(data_type);
                self.each(&family, column, at, |c| {
                    c.data_type = data_type.clone();
                    if collation.is_some() {
                        c.collation = collation.clone();
                    }
                })
            }
            TableAction::ModifyColumn { column, definition } => self.modify_column(key, column, definition, at),
            TableAction::SetDefault { column, default } => self.each(&family, column, at, |c| {
                let is_null = |d: &crate::Default| d.expression.trim().to_lowercase().starts_with("null");
                c.default = default.clone().filter(|d| !is_null(d));
                if c.identity == Some(Identity::Serial) {
                    c.identity = None;
                }
            }),
            TableAction::SetNotNull { column } => self.each(&family, column, at, |c| c.not_null = true),
            TableAction::DropNotNull { column } => self.each(&family, column, at, |c| c.not_null = false),
            TableAction::AddIdentity { column, identity } => {
                self.each(&family, column, at, |c| c.identity = Some(*identity))?;
                self.add_sequence(key, column, at);
                Ok(())
            }
            TableAction::DropIdentity { column, .. } => {
                let owner = self.tables.get(key).map(|t| t.name.clone());
                self.sequences
                    .retain(|_, s| s.owned_by.as_ref().is_none_or(|(t, c)| Some(t) != owner.as_ref() || c != column));
                self.each(&family, column, at, |c| c.identity = None)
            }
            TableAction::DropExpression { column } => self.each(&family, column, at, |c| c.generated = None),
            TableAction::AddConstraint { constraint } => self.add_constraint(key, constraint, at),
            TableAction::DropConstraint { name, kind, if_exists, .. } => {
                let dropped = self.drop_constraint(key, name, *kind);
                if dropped || *if_exists { Ok(()) } else { Err(format!("no constraint `{name}`")) }
            }
            TableAction::ValidateConstraint { name } => {
                let Some(table) = self.tables.get_mut(key) else { return Ok(()) };
                table.checks.iter_mut().filter(|c| c.name == *name).for_each(|c| c.validated = true);
                table.foreign_keys.iter_mut().filter(|f| f.name == *name).for_each(|f| f.validated = true);
                Ok(())
            }
            TableAction::RenameConstraint { from, to } => self.rename_constraint(key, from, to),
            TableAction::AddIndex { index } => self.add_index(key, index, at),
            TableAction::DropIndex { name, if_exists } => {
                let dialect = self.dialect;
                let Some(table) = self.tables.get_mut(key) else { return Ok(()) };
                let before = table.indexes.len();
                table.indexes.retain(|i| !dialect.is_same(&i.name, name));
                let gone = table.indexes.len() != before;
                if gone || *if_exists { Ok(()) } else { Err(format!("no index `{name}`")) }
            }
            TableAction::RenameIndex { from, to } => {
                let dialect = self.dialect;
                let Some(table) = self.tables.get_mut(key) else { return Ok(()) };
                let index = table.indexes.iter_mut().find(|i| dialect.is_same(&i.name, from));
                let index = index.ok_or_else(|| format!("no index `{from}`"))?;
                index.name = to.clone();
                Ok(())
            }
            TableAction::AttachPartition { partition, bound } => self.attach(key, partition, bound, at),
            TableAction::DetachPartition { partition, .. } => {
                if let Some(child) = self.table_key(partition).and_then(|k| self.tables.get_mut(&k)) {
                    child.partition_of = None;
                    child.columns.iter_mut().for_each(|c| c.is_inherited = false);
                }
                Ok(())
            }
            TableAction::Inherit { parent } => {
                let Some(parent) = self.table(parent).cloned() else { return Err(format!("no table `{parent}`")) };
                let dialect = self.dialect;
                let Some(table) = self.tables.get_mut(key) else { return Ok(()) };
                inherit(table, &parent, at, dialect);
                table.inherits.push(parent.name);
                Ok(())
            }
            TableAction::NoInherit { parent } => {
                let parent = self.table(parent).map(|t| t.name.clone());
                if let Some(table) = self.tables.get_mut(key) {
                    table.inherits.retain(|p| Some(p) != parent.as_ref());
                }
                Ok(())
            }
            TableAction::RowSecurity { enabled, forced } => {
                if let Some(table) = self.tables.get_mut(key) {
                    table.row_security = enabled.unwrap_or(table.row_security);
                    table.forced_row_security = forced.unwrap_or(table.forced_row_security);
                }
                Ok(())
            }
            TableAction::SetStorage { what } => {
                if let Some(table) = self.tables.get_mut(key) {
                    match what.as_str() {
                        "logged" => table.unlogged = false,
                        "unlogged" => table.unlogged = true,
                        _ => {}
                    }
                }
                Ok(())
            }
            TableAction::SetOption { name, value } => {
                if let Some(table) = self.tables.get_mut(key) {
                    table.options.insert(name.clone(), value.clone());
                }
                Ok(())
            }
            TableAction::Trigger { name, enabled } => {
                let all = matches!(name.as_str(), "all" | "user");
                if let Some(table) = self.tables.get_mut(key) {
                    let chosen = table.triggers.iter_mut().filter(|(own, _)| all || *own == name);
                    chosen.for_each(|(_, trigger)| trigger.enabled = *enabled);
                }
                Ok(())
            }
            TableAction::AlterConstraint { .. } | TableAction::ReplicaIdentity { .. } | TableAction::Other { .. } => {
                Ok(())
            }
        }
    }

    fn column_in(&self, key: &Name, column: &str) -> Option<&Column> {
        self.tables.get(key)?.column(column, self.dialect)
    }

    /// Changes a column of a table and of those that inherit it.
    fn each(&mut self, family: &[Name], column: &str, at: Span, change: impl Fn(&mut Column)) -> Result<(), String> {
        let dialect = self.dialect;
        let mut found = false;
        for key in family {
            let Some(table) = self.tables.get_mut(key) else { continue };
            for own in table.columns.iter_mut().filter(|c| dialect.is_same(&c.name, column)) {
                change(own);
                own.origin.touch(at);
                found = true;
            }
        }
        if found { Ok(()) } else { Err(format!("no column `{column}`")) }
    }

    fn add_column(
        &mut self,
        key: &Name,
        family: &[Name],
        column: &ColumnDefinition,
        if_not_exists: bool,
        at: Span,
    ) -> Result<(), String> {
        if self.column_in(key, &column.name).is_some() {
            return if if_not_exists { Ok(()) } else { Err(format!("column `{}` is there already", column.name)) };
        }
        for one in family {
            let Some(mut table) = self.tables.remove(one) else { continue };
            self.add_defined(&mut table, column, at);
            if let Some(own) = table.columns.iter_mut().find(|c| c.name == column.name) {
                own.is_inherited = one != key;
            }
            self.tables.insert(one.clone(), table);
        }
        self.own_sequence(key, column, at);
        column.constraints.iter().try_for_each(|constraint| self.add_constraint(key, constraint, at))
    }

    fn drop_column(&mut self, key: &Name, column: &str, cascade: bool) {
        let dialect = self.dialect;
        let Some(table) = self.tables.get_mut(key) else { return };
        let name = table.name.clone();
        let is = |other: &str| dialect.is_same(other, column);
        table.columns.retain(|c| !is(&c.name));
        let names = |text: &str| names_column(text, column, dialect);
        if dialect == Dialect::MySql {
            // the column leaves its keys, and the last one takes the key with it
            table.indexes.iter_mut().for_each(|i| i.columns.retain(|c| !c.column.as_deref().is_some_and(is)));
            table.indexes.retain(|i| !i.columns.is_empty());
        } else {
            let touches = |i: &Index| {
                i.columns
                    .iter()
                    .any(|c| c.column.as_deref().is_some_and(is) || c.expression.as_deref().is_some_and(names))
                    || i.include.iter().any(|c| is(c))
                    || i.predicate.as_deref().is_some_and(names)
            };
            table.indexes.retain(|i| !touches(i));
        }
        table.foreign_keys.retain(|f| !f.columns.iter().any(|c| is(c)));
        table.checks.retain(|c| !c.columns.iter().any(|c| is(c)));
        self.sequences.retain(|_, s| s.owned_by.as_ref().is_none_or(|(t, c)| *t != name || !is(c)));
        if cascade {
            for other in self.tables.values_mut() {
                other.foreign_keys.retain(|f| f.references != name || !f.referenced.iter().any(|c| is(c)));
            }
        }
    }

    fn rename_column(&mut self, key: &Name, from: &str, to: &str, at: Span) {
        let dialect = self.dialect;
        let Some(table) = self.tables.get_mut(key) else { return };
        let change = |name: &mut String| {
            if dialect.is_same(name, from) {
                *name = to.to_owned();
            }
        };
        for column in table.columns.iter_mut().filter(|c| dialect.is_same(&c.name, from)) {
            column.name = to.to_owned();
            column.origin.touch(at);
        }
        for column in &mut table.columns {
            if let Some(generated) = &mut column.generated {
                renamed(&mut generated.expression, from, to, dialect);
            }
        }
        for index in &mut table.indexes {
            for column in &mut index.columns {
                column.column.iter_mut().for_each(change);
                column.expression.iter_mut().for_each(|e| renamed(e, from, to, dialect));
            }
            index.include.iter_mut().for_each(change);
            index.predicate.iter_mut().for_each(|e| renamed(e, from, to, dialect));
        }
        for check in &mut table.checks {
            check.columns.iter_mut().for_each(change);
            renamed(&mut check.expression, from, to, dialect);
        }
        table.foreign_keys.iter_mut().for_each(|f| f.columns.iter_mut().for_each(change));
        if let Some(by) = &mut table.partition_by {
            by.columns.iter_mut().for_each(change);
        }
        let name = table.name.clone();
        for other in self.tables.values_mut() {
            for foreign in other.foreign_keys.iter_mut().filter(|f| f.references == name) {
                foreign.referenced.iter_mut().for_each(change);
            }
        }
        for sequence in self.sequences.values_mut() {
            if let Some((table, column)) = &mut sequence.owned_by
                && *table == name
            {
                change(column);
            }
        }
    }

    /// MySQL's `MODIFY` and `CHANGE`, SQL Server's `ALTER COLUMN`, Oracle's `MODIFY`.
    fn modify_column(
        &mut self,
        key: &Name,
        column: &str,
        definition: &ColumnDefinition,
        at: Span,
    ) -> Result<(), String> {
        let dialect = self.dialect;
        let old = self.column_in(key, column).ok_or_else(|| format!("no column `{column}`"))?.clone();
        if !dialect.is_same(column, &definition.name) || column != definition.name {
            self.rename_column(key, column, &definition.name, at);
        }
        let mut made = self.column_of(definition, at);
        made.origin = old.origin.clone();
        made.origin.touch(at);
        if dialect != Dialect::MySql {
            // only what is written changes
            made.default = made.default.or(old.default.clone());
            made.identity = made.identity.or(old.identity);
            if definition.data_type.name.is_empty() {
                made.data_type = old.data_type.clone();
            }
            if dialect == Dialect::Oracle && definition.not_null.is_none() {
                made.not_null = old.not_null;
            }
        }
        let Some(table) = self.tables.get_mut(key) else { return Ok(()) };
        let in_key =
            table.primary_key().is_some_and(|k| k.leading_columns().any(|c| dialect.is_same(c, &definition.name)));
        made.not_null |= in_key;
        let Some(place) = table.columns.iter().position(|c| dialect.is_same(&c.name, &definition.name)) else {
            return Ok(());
        };
        table.columns.remove(place);
        let place = match &definition.place {
            ColumnPlace::Last => place,
            ColumnPlace::First => 0,
            ColumnPlace::After(other) => {
                table.columns.iter().position(|c| dialect.is_same(&c.name, other)).map_or(place, |at| at + 1)
            }
        };
        table.columns.insert(place.min(table.columns.len()), made);
        definition.constraints.iter().try_for_each(|constraint| self.add_constraint(key, constraint, at))
    }

    fn drop_constraint(&mut self, key: &Name, name: &str, kind: DroppedKind) -> bool {
        let dialect = self.dialect;
        let mut found = false;
        for one in self.with_children(key) {
            let Some(table) = self.tables.get_mut(&one) else { continue };
            let counts = |t: &Table| (t.indexes.len(), t.foreign_keys.len(), t.checks.len());
            let before = counts(table);
            let is = |other: &str| dialect.is_same(other, name);
            let any = kind == DroppedKind::Constraint;
            let own = one == *key;
            if kind == DroppedKind::PrimaryKey && own {
                table.indexes.retain(|i| i.role != IndexRole::PrimaryKey);
            }
            if any && own {
                table.indexes.retain(|i| i.role == IndexRole::Plain || !is(&i.name));
            }
            if (any || kind == DroppedKind::ForeignKey) && (own || table.partition_of.is_some()) {
                table.foreign_keys.retain(|f| !is(&f.name));
            }
            if any || kind == DroppedKind::Check {
                table.checks.retain(|c| !is(&c.name));
            }
            found |= counts(table) != before;
        }
        // SQL Server names defaults, which are not kept
        found || dialect == Dialect::SqlServer
    }

    fn rename_constraint(&mut self, key: &Name, from: &str, to: &str) -> Result<(), String> {
        let mut found = false;
        for one in self.with_children(key) {
            let Some(table) = self.tables.get_mut(&one) else { continue };
            let indexes = table.indexes.iter_mut().filter(|i| i.role != IndexRole::Plain).map(|i| &mut i.name);
            let foreign = table.foreign_keys.iter_mut().map(|f| &mut f.name);
            let checks = table.checks.iter_mut().map(|c| &mut c.name);
            for name in indexes.chain(foreign).chain(checks).filter(|n| *n == from) {
                *name = to.to_owned();
                found = true;
            }
        }
        if found { Ok(()) } else { Err(format!("no constraint `{from}`")) }
    }

    fn attach(&mut self, key: &Name, partition: &Name, bound: &str, at: Span) -> Result<(), String> {
        let child = self.table_key(partition).ok_or_else(|| format!("no table `{partition}`"))?;
        let Some(parent) = self.tables.get(key).cloned() else { return Ok(()) };
        if let Some(table) = self.tables.get_mut(&child) {
            table.partition_of = Some((parent.name.clone(), bound.to_owned()));
            for foreign in &parent.foreign_keys {
                let same = |f: &super::ForeignKey| f.columns == foreign.columns && f.references == foreign.references;
                if !table.foreign_keys.iter().any(same) {
                    table.foreign_keys.push(foreign.clone());
                }
            }
        }
        for index in &parent.indexes {
            self.copy_index(&child, index, at);
        }
        Ok(())
    }

    /// `ALTER TABLE` of a view or sequence; whether there is one.
    pub(super) fn alter_other(&mut self, name: &Name, _action: &TableAction) -> bool {
        self.find(&self.views, name).is_some() || self.find(&self.sequences, name).is_some()
    }

    /// The name of a type of the project's own: with its schema, unless that is the dialect's own one.
    pub(super) fn type_name(&self, name: &Name) -> String {
        match &name.schema {
            Some(schema) if schema != self.dialect.default_schema() => format!("{schema}.{}", name.name),
            _ => name.name.clone(),
        }
    }

    /// The type, by the name that the catalog gives it.
    pub(super) fn resolved_type(&self, data_type: &SqlType) -> SqlType {
        let mut made = data_type.clone();
        if self.dialect != Dialect::Postgres {
            return made;
        }
        let written = match made.name.split_once('.') {
            Some((schema, name)) => Name::new(schema, name),
            None => Name::bare(made.name.clone()),
        };
        let found = self.find(&self.enums, &written).or_else(|| self.find(&self.domains, &written));
        let found = found.or_else(|| self.find(&self.types, &written)).unwrap_or(written);
        made.name = self.type_name(&found);
        made
    }
}

/// Whether an expression names a column.
fn names_column(text: &str, column: &str, dialect: Dialect) -> bool {
    crate::lex::tokens(text, dialect).iter().any(|t| {
        matches!(t.kind, Kind::Word | Kind::Quoted)
            && dialect.is_same(&dialect.fold(&t.name(), t.kind == Kind::Quoted), column)
    })
}

/// The expression with a column by its new name.
fn renamed(text: &mut String, from: &str, to: &str, dialect: Dialect) {
    if !names_column(text, from, dialect) {
        return;
    }
    let mut made = String::with_capacity(text.len());
    let mut end = 0;
    for token in crate::lex::tokens(text, dialect) {
        made.push_str(&text[end..token.start]);
        let is_name = matches!(token.kind, Kind::Word | Kind::Quoted);
        let same = is_name && dialect.is_same(&dialect.fold(&token.name(), token.kind == Kind::Quoted), from);
        made.push_str(if same { to } else { token.text });
        end = token.end();
    }
    made.push_str(&text[end..]);
    *text = made;
}
