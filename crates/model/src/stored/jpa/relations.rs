//! Columns of properties, foreign keys, and the tables between entities.

use super::super::table::{Column, ForeignKey, Index, Table};
use super::entities::{Entity, JoinTable, Link, Property};
use super::{Entities, collection_table, columns};

impl Entities<'_, '_> {
    /// Adds what a property means: to the table of `holder`, or tables of its own.
    pub(super) fn add_property(
        &self,
        at: usize,
        holder: usize,
        property: &Property,
        tables: &mut [(Table, Vec<Table>)],
    ) {
        let entity = &self.all[at];
        match property.link {
            _ if property.has_column() => self.add_column(at == holder, holder, property, tables),
            Some(Link::OneToMany)
                if !property.is_mapped && property.join_table.is_none() && !property.join_columns.is_empty() =>
            {
                self.add_to_many(entity, property, tables);
            }
            Some(Link::OneToMany | Link::ManyToMany) if !property.is_mapped => {
                if let Some(table) = self.between(entity, property)
                    && !tables.iter().any(|(t, more)| t.name == table.name || more.iter().any(|m| m.name == table.name))
                {
                    tables[at].1.push(table);
                }
            }
            Some(Link::Elements) => {
                if let Some(table) = self.elements(entity, property) {
                    tables[at].1.push(table);
                }
            }
            _ => {}
        }
    }

    fn add_column(&self, is_own: bool, holder: usize, property: &Property, tables: &mut [(Table, Vec<Table>)]) {
        let name = self.column_name(property);
        let target = property.target.and_then(|t| self.entity(t));
        let table = &mut tables[holder].0;
        if table.columns.iter().any(|c| self.dialect.is_same(&c.name, &name)) {
            // another property writes it; what it leads to counts all the same
            if let Some(target) = target {
                self.add_foreign_key(table, name, property, target);
            }
            return;
        }
        let ty = match target {
            Some(target) => self.key_type(target),
            None => columns::data_type(property, self.dialect),
        };
        table.columns.push(Column {
            name: name.clone(),
            ty,
            // what only some of the classes in a table have may be missing
            not_null: !property.is_nullable && is_own,
            counts: property.counts,
            at: property.at,
            ..Column::default()
        });
        if property.is_key {
            table.key.push(name.clone());
        }
        if property.is_unique || property.link == Some(Link::OneToOne) && !property.is_key {
            let index = Index::on(None, vec![name.clone()], true, property.at);
            table.indexes.push(Index { is_constraint: true, ..index });
        }
        if let Some(target) = target {
            self.add_foreign_key(table, name, property, target);
        }
    }

    fn add_foreign_key(&self, table: &mut Table, column: String, property: &Property, target: &Entity) {
        if !property.has_constraint || table.foreign_keys.iter().any(|k| k.columns == [column.clone()]) {
            return;
        }
        let holder = self.by_class.get(&target.class).map_or(target, |at| &self.all[self.holder(*at)]);
        table.foreign_keys.push(ForeignKey {
            columns: vec![column],
            table: holder.table.clone(),
            on_delete: property.on_delete.then(|| "CASCADE".to_owned()),
            at: property.at,
            ..ForeignKey::default()
        });
    }

    /// The type of an entity's key, for columns that lead to it.
    fn key_type(&self, target: &Entity) -> String {
        let parents = self.by_class.get(&target.class).map(|at| &self.all[self.holder(*at)]);
        let parent = target.joined_parent.and_then(|p| self.entity(p));
        let key = target.keys().next().or_else(|| parents?.keys().next()).or_else(|| parent?.keys().next());
        key.map_or_else(|| "bigint".to_owned(), |key| columns::data_type(key, self.dialect))
    }

    fn key_name(&self, entity: &Entity) -> String {
        let holder = self.by_class.get(&entity.class).map_or(entity, |at| &self.all[self.holder(*at)]);
        let parent = entity.joined_parent.and_then(|p| self.entity(p));
        let found = holder.keys().next().map(|k| self.column_name(k));
        found.or_else(|| parent.map(|p| self.key_name(p))).unwrap_or_else(|| "id".to_owned())
    }

    /// The key of a class whose columns lie apart from those of the class above.
    pub(super) fn join_parent(&self, at: usize, parent: usize, tables: &mut [(Table, Vec<Table>)]) {
        let (entity, parent) = (&self.all[at], &self.all[parent]);
        let name = self.key_name(parent);
        let ty = self.key_type(parent);
        let table = &mut tables[at].0;
        if table.columns.iter().any(|c| c.name == name) {
            return;
        }
        table
            .columns
            .insert(0, Column { name: name.clone(), ty, not_null: true, at: entity.name_range, ..Column::default() });
        table.key.push(name.clone());
        table.foreign_keys.push(ForeignKey {
            columns: vec![name],
            table: parent.table.clone(),
            at: entity.name_range,
            ..ForeignKey::default()
        });
    }

    /// `@OneToMany @JoinColumn`: a column in the table of the many.
    fn add_to_many(&self, entity: &Entity, property: &Property, tables: &mut [(Table, Vec<Table>)]) {
        let Some(other) = property.target.and_then(|t| self.by_class.get(&t).copied()) else { return };
        let other = self.holder(other);
        let Some(name) = property.join_columns.first().map(|n| self.naming.of(n)) else { return };
        let at = self.all[other].name_range;
        let ty = self.key_type(entity);
        let table = &mut tables[other].0;
        if !table.columns.iter().any(|c| self.dialect.is_same(&c.name, &name)) {
            table.columns.push(Column {
                name: name.clone(),
                ty,
                not_null: !property.is_nullable,
                at,
                ..Column::default()
            });
        }
        if property.has_constraint && !table.foreign_keys.iter().any(|k| k.columns == [name.clone()]) {
            let to = entity.table.clone();
            table.foreign_keys.push(ForeignKey { columns: vec![name], table: to, at, ..ForeignKey::default() });
        }
    }

    /// The table between two entities.
    fn between(&self, entity: &Entity, property: &Property) -> Option<Table> {
        let other = self.entity(property.target?)?;
        let named = property.join_table.clone().unwrap_or_default();
        let name = match &named.name {
            Some(name) => self.naming.of(name),
            None if self.naming == super::Naming::Spring => {
                collection_table(self.naming, &entity.table, property.name.as_str())
            }
            None => format!("{}_{}", entity.table, other.table),
        };
        let own = self.join_column(named.own.first(), &entity.name, entity);
        let theirs = self.join_column(named.other.first(), property.name.as_str(), other);
        let mut table = self.joined(name, property, (own.clone(), entity), None);
        table.columns.push(Column {
            name: theirs.clone(),
            ty: self.key_type(other),
            not_null: true,
            at: property.at,
            ..Column::default()
        });
        table.foreign_keys.push(ForeignKey {
            columns: vec![theirs.clone()],
            table: other.table.clone(),
            at: property.at,
            ..ForeignKey::default()
        });
        if property.is_set {
            table.key = vec![own, theirs.clone()];
        }
        if property.link == Some(Link::OneToMany) {
            table.indexes.push(Index { is_constraint: true, ..Index::on(None, vec![theirs], true, property.at) });
        }
        Some(table)
    }

    fn join_column(&self, written: Option<&String>, name: &str, to: &Entity) -> String {
        match written {
            Some(name) => self.naming.of(name),
            None => format!("{}_{}", self.naming.of(name), self.key_name(to)),
        }
    }

    /// The table of a list of values.
    fn elements(&self, entity: &Entity, property: &Property) -> Option<Table> {
        let JoinTable { name, own, .. } = property.join_table.clone().unwrap_or_default();
        let name = match name {
            Some(name) => self.naming.of(&name),
            None => collection_table(self.naming, &entity.name, property.name.as_str()),
        };
        let own = self.join_column(own.first(), &entity.name, entity);
        let column = self.naming.of(property.column.as_deref().unwrap_or(property.name.as_str()));
        let value = Column {
            name: column.clone(),
            ty: columns::data_type(property, self.dialect),
            not_null: property.is_set && !property.is_nullable,
            at: property.at,
            ..Column::default()
        };
        let mut table = self.joined(name, property, (own.clone(), entity), Some(value));
        if property.is_set && !property.is_nullable {
            table.key = vec![own, column];
        }
        Some(table)
    }

    /// A table that leads to an entity, with one more column.
    fn joined(&self, name: String, property: &Property, own: (String, &Entity), more: Option<Column>) -> Table {
        let (column, entity) = own;
        let mut table = Table { name, at: property.at, ..Table::default() };
        table.columns.push(Column {
            name: column.clone(),
            ty: self.key_type(entity),
            not_null: true,
            at: property.at,
            ..Column::default()
        });
        table.columns.extend(more);
        table.foreign_keys.push(ForeignKey {
            columns: vec![column],
            table: entity.table.clone(),
            at: property.at,
            ..ForeignKey::default()
        });
        table
    }
}
