//! Constraints and indexes, with the names that the database gives them.

use base::Span;

use super::{Check, ForeignKey, Index, IndexRole, Origin, Schema, Table, names::joined_columns};
use crate::{ConstraintDefinition, ConstraintKind, Dialect, IndexColumn, IndexDefinition, Name, lex::Kind};

impl Schema {
    /// Adds a constraint to the table at `key`; gives why it does not fit.
    pub(super) fn add_constraint(
        &mut self,
        key: &Name,
        constraint: &ConstraintDefinition,
        at: Span,
    ) -> Result<(), String> {
        match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, using_index, include } => {
                let made = NewKey { columns, include, role: IndexRole::PrimaryKey, nulls_not_distinct: false };
                self.add_key(key, constraint, using_index.as_deref(), &made, at)
            }
            ConstraintKind::Unique { columns, using_index, include, nulls_not_distinct } => {
                let nulls_not_distinct = *nulls_not_distinct;
                let made = NewKey { columns, include, role: IndexRole::UniqueConstraint, nulls_not_distinct };
                self.add_key(key, constraint, using_index.as_deref(), &made, at)
            }
            ConstraintKind::ForeignKey { .. } => self.add_foreign_key(key, constraint, at),
            ConstraintKind::Check { expression, .. } => self.add_check(key, constraint, expression, at),
            ConstraintKind::Exclude { method, elements, predicate } => {
                let table = self.tables.get(key).ok_or("no such table")?;
                let (schema, name) = parts(&table.name);
                let name = match &constraint.name {
                    Some(name) => name.clone(),
                    None => self.made_name(&schema, &name, &joined_columns(elements.iter(), &[]), "excl"),
                };
                let index = Index {
                    name,
                    role: IndexRole::Exclusion,
                    unique: false,
                    method: method.clone(),
                    columns: elements.clone(),
                    include: Vec::new(),
                    predicate: predicate.clone(),
                    nulls_not_distinct: false,
                    is_generated: false,
                    origin: Origin::new(at),
                };
                self.push_index(key, index, at);
                Ok(())
            }
        }
    }

    fn add_key(
        &mut self,
        key: &Name,
        constraint: &ConstraintDefinition,
        using_index: Option<&str>,
        made: &NewKey,
        at: Span,
    ) -> Result<(), String> {
        let dialect = self.dialect;
        let table = self.tables.get_mut(key).ok_or("no such table")?;
        let (schema, table_name) = parts(&table.name);
        if let Some(using) = using_index {
            let index = table.indexes.iter_mut().find(|i| dialect.is_same(&i.name, using));
            let index = index.ok_or_else(|| format!("no index `{using}`"))?;
            index.role = made.role;
            if let Some(name) = &constraint.name {
                index.name = name.clone();
            }
            index.origin.touch(at);
            let columns: Vec<String> = index.leading_columns().map(str::to_owned).collect();
            if made.role == IndexRole::PrimaryKey {
                self.require(key, &columns);
            }
            return Ok(());
        }
        if made.role == IndexRole::PrimaryKey && table.primary_key().is_some() {
            return Err("it has a primary key already".into());
        }
        let name = match (&constraint.name, dialect, made.role) {
            (_, Dialect::MySql, IndexRole::PrimaryKey) => "PRIMARY".to_owned(),
            (Some(name), _, _) => name.clone(),
            (None, Dialect::MySql, _) => mysql_name(table, made.columns),
            (None, _, IndexRole::PrimaryKey) => self.made_name(&schema, &table_name, "", "pkey"),
            (None, _, _) => {
                self.made_name(&schema, &table_name, &joined_columns(made.columns.iter(), made.include), "key")
            }
        };
        let index = Index {
            name,
            role: made.role,
            unique: true,
            method: "btree".into(),
            columns: made.columns.to_vec(),
            include: made.include.to_vec(),
            predicate: None,
            nulls_not_distinct: made.nulls_not_distinct,
            is_generated: false,
            origin: Origin::new(at),
        };
        let columns: Vec<String> = index.leading_columns().map(str::to_owned).collect();
        let table = self.tables.get(key).ok_or("no such table")?;
        if let Some(missing) = columns.iter().find(|c| table.column(c, dialect).is_none()) {
            return Err(format!("no column `{missing}`"));
        }
        self.push_index(key, index, at);
        if made.role == IndexRole::PrimaryKey {
            self.require(key, &columns);
        }
        Ok(())
    }

    /// The columns of a primary key refuse `NULL`.
    fn require(&mut self, key: &Name, columns: &[String]) {
        let dialect = self.dialect;
        // SQLite: only what counts as the rowid, or is declared so
        if dialect == Dialect::Sqlite {
            return;
        }
        let Some(table) = self.tables.get_mut(key) else { return };
        for column in &mut table.columns {
            if columns.iter().any(|c| dialect.is_same(c, &column.name)) {
                column.not_null = true;
            }
        }
    }

    /// Adds an index, and to the partitions below an index like it.
    pub(super) fn push_index(&mut self, key: &Name, index: Index, at: Span) {
        let dialect = self.dialect;
        let partitions: Vec<Name> = self.partitions_of(key);
        let Some(table) = self.tables.get_mut(key) else { return };
        if dialect == Dialect::MySql && !index.is_generated {
            // an index made for a foreign key goes when another serves as well
            let serves = |old: &Index| old.is_generated && is_prefix(&old.columns, &index.columns, dialect);
            table.indexes.retain(|old| !serves(old));
        }
        table.indexes.push(index.clone());
        for partition in partitions {
            self.copy_index(&partition, &index, at);
        }
    }

    /// A partition's own index for one of its parent.
    pub(super) fn copy_index(&mut self, key: &Name, index: &Index, at: Span) {
        let Some(table) = self.tables.get(key) else { return };
        let (schema, name) = parts(&table.name);
        let already = table.indexes.iter().any(|own| {
            own.columns == index.columns
                && own.unique == index.unique
                && own.predicate == index.predicate
                && (own.role == index.role || index.role == IndexRole::Plain)
        });
        if already {
            return;
        }
        let columns = joined_columns(index.columns.iter(), &index.include);
        let name = match index.role {
            IndexRole::PrimaryKey => self.made_name(&schema, &name, "", "pkey"),
            IndexRole::UniqueConstraint => self.made_name(&schema, &name, &columns, "key"),
            IndexRole::Exclusion => self.made_name(&schema, &name, &columns, "excl"),
            IndexRole::Plain => self.made_name(&schema, &name, &columns, "idx"),
        };
        let copy = Index { name, origin: Origin::new(at), ..index.clone() };
        if copy.role == IndexRole::PrimaryKey {
            let columns: Vec<String> = copy.leading_columns().map(str::to_owned).collect();
            self.require(key, &columns);
        }
        self.push_index(key, copy, at);
    }

    pub(super) fn partitions_of(&self, key: &Name) -> Vec<Name> {
        let is_part = |t: &Table| t.partition_of.as_ref().is_some_and(|(parent, _)| self.key_of(parent) == *key);
        self.tables.iter().filter(|(_, t)| is_part(t)).map(|(k, _)| k.clone()).collect()
    }

    /// The key of a full name.
    pub(super) fn key_of(&self, name: &Name) -> Name {
        self.key(name.schema.as_deref().unwrap_or_default(), &name.name)
    }

    fn add_foreign_key(&mut self, key: &Name, constraint: &ConstraintDefinition, at: Span) -> Result<(), String> {
        let ConstraintKind::ForeignKey {
            columns,
            references,
            referenced,
            on_delete,
            on_update,
            match_full,
            index_name,
        } = &constraint.kind
        else {
            return Ok(());
        };
        let target_key = self.table_key(references);
        let target = target_key.as_ref().and_then(|k| self.tables.get(k));
        if target.is_none() && self.dialect == Dialect::Postgres {
            return Err(format!("no table `{references}`"));
        }
        let referenced = match (referenced.as_slice(), target) {
            ([], Some(target)) => {
                let own = target.primary_key().map(|k| k.leading_columns().map(str::to_owned).collect());
                own.unwrap_or_default()
            }
            (given, _) => given.to_vec(),
        };
        let references = target.map_or_else(|| self.full_name(references), |t| t.name.clone());
        let table = self.tables.get(key).ok_or("no such table")?;
        let (schema, table_name) = parts(&table.name);
        if let Some(missing) = columns.iter().find(|c| table.column(c, self.dialect).is_none()) {
            return Err(format!("no column `{missing}`"));
        }
        let name = match (&constraint.name, self.dialect) {
            (Some(name), _) => name.clone(),
            (None, Dialect::MySql) => {
                let prefix = format!("{table_name}_ibfk_");
                let numbers =
                    table.foreign_keys.iter().filter_map(|f| f.name.strip_prefix(&prefix)?.parse::<u32>().ok());
                format!("{prefix}{}", numbers.max().unwrap_or(0) + 1)
            }
            (None, _) => self.made_constraint_name(&schema, &table_name, &columns.join("_"), "fkey"),
        };
        let foreign_key = ForeignKey {
            name,
            columns: columns.clone(),
            references,
            referenced,
            on_delete: *on_delete,
            on_update: *on_update,
            match_full: *match_full,
            validated: !constraint.not_valid,
            deferrable: constraint.deferrable,
            of_column: constraint.of_column,
            origin: Origin::new(at),
        };
        if self.dialect == Dialect::MySql {
            self.index_for(key, constraint.name.as_ref(), index_name.as_ref(), columns, at);
        }
        let partitions = self.partitions_of(key);
        if let Some(table) = self.tables.get_mut(key) {
            table.foreign_keys.push(foreign_key.clone());
        }
        for partition in partitions {
            if let Some(table) = self.tables.get_mut(&partition) {
                table.foreign_keys.push(foreign_key.clone());
            }
        }
        Ok(())
    }

    /// MySQL makes an index for a foreign key where none serves.
    fn index_for(&mut self, key: &Name, name: Option<&String>, given: Option<&String>, columns: &[String], at: Span) {
        let dialect = self.dialect;
        let Some(table) = self.tables.get(key) else { return };
        let wanted: Vec<IndexColumn> = columns.iter().map(IndexColumn::plain).collect();
        if table.indexes.iter().any(|i| is_prefix(&wanted, &i.columns, dialect)) {
            return;
        }
        let name = name.or(given).cloned().unwrap_or_else(|| mysql_name(table, &wanted));
        let index = Index {
            name,
            role: IndexRole::Plain,
            unique: false,
            method: "btree".into(),
            columns: wanted,
            include: Vec::new(),
            predicate: None,
            nulls_not_distinct: false,
            is_generated: true,
            origin: Origin::new(at),
        };
        self.push_index(key, index, at);
    }

    fn add_check(&mut self, key: &Name, constraint: &ConstraintDefinition, text: &str, at: Span) -> Result<(), String> {
        let table = self.tables.get(key).ok_or("no such table")?;
        let (schema, table_name) = parts(&table.name);
        let columns = columns_of(text, table, self.dialect);
        let name = match (&constraint.name, self.dialect) {
            (Some(name), _) => name.clone(),
            (None, Dialect::MySql) if constraint.of_column && !columns.is_empty() => columns[0].clone(),
            (None, Dialect::MySql) => {
                let number = (1..).find(|n| !table.checks.iter().any(|c| c.name == format!("CONSTRAINT_{n}")));
                format!("CONSTRAINT_{}", number.unwrap_or(1))
            }
            (None, _) => {
                let part = if let [one] = columns.as_slice() { one.as_str() } else { "" };
                self.made_constraint_name(&schema, &table_name, part, "check")
            }
        };
        let check = Check {
            name,
            expression: text.to_owned(),
            columns,
            validated: !constraint.not_valid,
            origin: Origin::new(at),
        };
        for key in self.with_children(key) {
            if let Some(table) = self.tables.get_mut(&key) {
                table.checks.push(check.clone());
            }
        }
        Ok(())
    }

    pub(super) fn create_index(&mut self, index: &IndexDefinition, at: Span) -> Result<(), String> {
        let Some(key) = self.table_key(&index.table) else {
            return self.create_view_index(index, at);
        };
        self.add_index(&key, index, at)
    }

    pub(super) fn add_index(&mut self, key: &Name, index: &IndexDefinition, at: Span) -> Result<(), String> {
        let dialect = self.dialect;
        let table = self.tables.get(key).ok_or("no such table")?;
        let (schema, table_name) = parts(&table.name);
        let taken = |name: &String| match dialect {
            Dialect::Postgres => self.index_place(&Name::new(schema.clone(), name.clone())).is_some(),
            _ => table.indexes.iter().any(|i| dialect.is_same(&i.name, name)),
        };
        if index.name.as_ref().is_some_and(taken) {
            return if index.if_not_exists { Ok(()) } else { Err("an index of that name is there".into()) };
        }
        let plain = index.columns.iter().filter_map(|c| c.column.as_ref());
        if let Some(missing) = plain.clone().find(|c| table.column(c, dialect).is_none()) {
            return Err(format!("no column `{missing}`"));
        }
        let name = match (&index.name, dialect) {
            (Some(name), _) => name.clone(),
            (None, Dialect::MySql) => mysql_name(table, &index.columns),
            (None, _) => {
                self.made_name(&schema, &table_name, &joined_columns(index.columns.iter(), &index.include), "idx")
            }
        };
        let made = from_definition(name, index, at);
        if index.only {
            if let Some(table) = self.tables.get_mut(key) {
                table.indexes.push(made);
            }
        } else {
            self.push_index(key, made, at);
        }
        Ok(())
    }
}

/// An index as defined.
pub(super) fn from_definition(name: String, index: &IndexDefinition, at: Span) -> Index {
    Index {
        name,
        role: IndexRole::Plain,
        unique: index.unique,
        method: index.method.clone(),
        columns: index.columns.clone(),
        include: index.include.clone(),
        predicate: index.predicate.clone(),
        nulls_not_distinct: index.nulls_not_distinct,
        is_generated: false,
        origin: Origin::new(at),
    }
}

struct NewKey<'c> {
    columns: &'c [IndexColumn],
    include: &'c [String],
    role: IndexRole,
    nulls_not_distinct: bool,
}

pub(super) fn parts(name: &Name) -> (String, String) {
    (name.schema.clone().unwrap_or_default(), name.name.clone())
}

/// MySQL names a key after its first column, with a number if that is taken.
fn mysql_name(table: &Table, columns: &[IndexColumn]) -> String {
    let first = columns.first().and_then(|c| c.column.clone()).unwrap_or_else(|| "functional_index".into());
    let taken = |name: &str| table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(name));
    if !taken(&first) {
        return first;
    }
    (2..).map(|n| format!("{first}_{n}")).find(|n| !taken(n)).unwrap_or(first)
}

/// Whether the columns are the first ones of others.
pub(super) fn is_prefix(columns: &[IndexColumn], of: &[IndexColumn], dialect: Dialect) -> bool {
    columns.len() <= of.len()
        && columns.iter().zip(of).all(|(a, b)| match (&a.column, &b.column) {
            (Some(a), Some(b)) => dialect.is_same(a, b),
            _ => false,
        })
}

/// The columns of the table that an expression names.
pub(super) fn columns_of(expression: &str, table: &Table, dialect: Dialect) -> Vec<String> {
    let mut found = Vec::new();
    for token in crate::lex::tokens(expression, dialect) {
        if !matches!(token.kind, Kind::Word | Kind::Quoted) {
            continue;
        }
        let name = dialect.fold(&token.name(), token.kind == Kind::Quoted);
        if let Some(column) = table.column(&name, dialect)
            && !found.contains(&column.name)
        {
            found.push(column.name.clone());
        }
    }
    found
}
