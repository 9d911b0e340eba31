//! Types, views, sequences, functions, triggers, policies, schemas.

use base::Span;

use super::{Domain, Enum, Function, Origin, Schema, Sequence, Trigger, View, keys::from_definition};
use crate::{EnumPlace, IndexDefinition, Name, Query, SqlType, Step};

impl Schema {
    pub(super) fn other_step(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateSchema { name, .. } => {
                if !self.schemas.contains(name) {
                    self.schemas.push(name.clone());
                }
                Ok(())
            }
            Step::DropSchema { names, .. } => {
                names.iter().for_each(|name| self.drop_schema(name));
                Ok(())
            }
            Step::RenameSchema { from, to } => {
                self.rename_schema(from, to);
                Ok(())
            }
            Step::CreateTrigger { .. }
            | Step::DropTrigger { .. }
            | Step::CreatePolicy { .. }
            | Step::AlterPolicy { .. }
            | Step::DropPolicy { .. } => self.on_table(step, at),
            Step::CreateView { .. } | Step::DropView { .. } | Step::RenameView { .. } => self.view_step(step, at),
            Step::CreateSequence { .. }
            | Step::AlterSequence { .. }
            | Step::DropSequence { .. }
            | Step::RenameSequence { .. } => self.sequence_step(step, at),
            Step::CreateFunction { name, procedure, security_definer, sets_search_path, .. } => {
                let full = self.full_name(name);
                let made = Function {
                    name: full.clone(),
                    procedure: *procedure,
                    security_definer: *security_definer,
                    sets_search_path: *sets_search_path,
                    origin: Origin::new(at),
                };
                self.functions.insert(self.key_of(&full), made);
                Ok(())
            }
            Step::DropFunction { names, cascade, .. } => {
                for name in names {
                    let Some(key) = self.find(&self.functions, name) else { continue };
                    self.functions.remove(&key);
                    if *cascade {
                        let calls = |t: &Trigger| t.function.as_ref().is_some_and(|f| f.name == key.name);
                        self.tables.values_mut().for_each(|t| t.triggers.retain(|_, trigger| !calls(trigger)));
                    }
                }
                Ok(())
            }
            Step::CreateExtension { name } => {
                self.extensions.entry(name.clone()).or_insert_with(|| Origin::new(at));
                Ok(())
            }
            Step::DropExtension { name, .. } => {
                self.extensions.remove(name);
                Ok(())
            }
            other => self.type_step(other, at),
        }
    }

    fn type_step(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateEnum { name, values } => {
                let full = self.full_name(name);
                let key = self.key_of(&full);
                if self.enums.contains_key(&key) {
                    return Err(format!("type `{name}` is there already"));
                }
                self.enums.insert(key, Enum { name: full, values: values.clone(), origin: Origin::new(at) });
                Ok(())
            }
            Step::AddEnumValue { name, value, place, if_not_exists } => {
                let key = self.find(&self.enums, name).ok_or_else(|| format!("no enum `{name}`"))?;
                let Some(found) = self.enums.get_mut(&key) else { return Ok(()) };
                if found.values.contains(value) {
                    return if *if_not_exists { Ok(()) } else { Err(format!("value `{value}` is there already")) };
                }
                let position = |other: &String| found.values.iter().position(|v| v == other);
                let place = match place {
                    EnumPlace::Last => None,
                    EnumPlace::Before(other) => position(other),
                    EnumPlace::After(other) => position(other).map(|p| p + 1),
                };
                found.values.insert(place.unwrap_or(found.values.len()), value.clone());
                found.origin.touch(at);
                Ok(())
            }
            Step::RenameEnumValue { name, from, to } => {
                let key = self.find(&self.enums, name).ok_or_else(|| format!("no enum `{name}`"))?;
                let Some(found) = self.enums.get_mut(&key) else { return Ok(()) };
                let value = found.values.iter_mut().find(|v| *v == from).ok_or_else(|| format!("no value `{from}`"))?;
                *value = to.clone();
                found.origin.touch(at);
                Ok(())
            }
            Step::CreateDomain { name, base, not_null, .. } => {
                let full = self.full_name(name);
                let made =
                    Domain { name: full.clone(), base: base.clone(), not_null: *not_null, origin: Origin::new(at) };
                self.domains.insert(self.key_of(&full), made);
                Ok(())
            }
            Step::CreateType { name } => {
                self.types.insert(self.new_key(name), Origin::new(at));
                Ok(())
            }
            Step::RenameType { from, to } => self.rename_type(from, to, None),
            Step::SetTypeSchema { name, schema } => self.rename_type(name, &name.name.clone(), Some(schema)),
            Step::DropType { names, if_exists, cascade } => {
                for name in names {
                    let enums = self.find(&self.enums, name).and_then(|key| self.enums.remove(&key)).is_some();
                    let domains = self.find(&self.domains, name).and_then(|key| self.domains.remove(&key)).is_some();
                    let types = self.find(&self.types, name).and_then(|key| self.types.remove(&key)).is_some();
                    if !(enums || domains || types || *if_exists) {
                        return Err(format!("no type `{name}`"));
                    }
                    if *cascade {
                        self.drop_columns_of(&name.name);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn drop_columns_of(&mut self, type_name: &str) {
        for table in self.tables.values_mut() {
            let gone: Vec<String> =
                table.columns.iter().filter(|c| c.data_type.name == type_name).map(|c| c.name.clone()).collect();
            table.columns.retain(|c| !gone.contains(&c.name));
            table.indexes.retain(|i| !i.leading_columns().any(|c| gone.iter().any(|g| g == c)));
        }
    }

    fn rename_type(&mut self, from: &Name, to: &str, schema: Option<&String>) -> Result<(), String> {
        let (old, new);
        if let Some(key) = self.find(&self.enums, from)
            && let Some(mut found) = self.enums.remove(&key)
        {
            old = self.type_name(&found.name);
            let schema = schema.cloned().or(found.name.schema.clone());
            found.name = Name { schema, name: to.to_owned() };
            new = self.type_name(&found.name);
            self.enums.insert(self.key_of(&found.name), found);
        } else if let Some(key) = self.find(&self.domains, from)
            && let Some(mut found) = self.domains.remove(&key)
        {
            old = self.type_name(&found.name);
            let schema = schema.cloned().or(found.name.schema.clone());
            found.name = Name { schema, name: to.to_owned() };
            new = self.type_name(&found.name);
            self.domains.insert(self.key_of(&found.name), found);
        } else if let Some(key) = self.find(&self.types, from)
            && let Some(found) = self.types.remove(&key)
        {
            old = self.type_name(&key);
            let schema = schema.cloned().or(key.schema.clone()).unwrap_or_default();
            new = self.type_name(&Name::new(schema.clone(), to));
            self.types.insert(self.key(&schema, to), found);
        } else {
            return Err(format!("no type `{from}`"));
        }
        for column in self.tables.values_mut().flat_map(|t| &mut t.columns) {
            if column.data_type.name == old {
                column.data_type.name = new.clone();
            }
        }
        Ok(())
    }

    fn view_step(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateView { name, materialized, or_replace, columns, query } => {
                let full = self.full_name(name);
                let key = self.key_of(&full);
                let known = self.views.remove(&key);
                let mut origin = Origin::new(at);
                if let (Some(known), true) = (&known, or_replace) {
                    origin = known.origin.clone();
                    origin.touch(at);
                }
                let mut results = query.as_deref().map(|q| self.result_columns(q)).unwrap_or_default();
                for (at, name) in columns.iter().enumerate() {
                    match results.get_mut(at) {
                        Some(result) => result.0 = name.clone(),
                        None => results.push((name.clone(), SqlType::unknown())),
                    }
                }
                let columns = results;
                let (materialized, query) = (*materialized, query.clone());
                self.views.insert(key, View { name: full, materialized, columns, query, indexes: Vec::new(), origin });
                Ok(())
            }
            Step::RenameView { from, to, .. } => {
                self.rename_other(from, &Name::bare(to)).then_some(()).ok_or_else(|| format!("no view `{from}`"))
            }
            Step::DropView { names, if_exists, cascade, .. } => {
                for name in names {
                    let Some(key) = self.find(&self.views, name) else {
                        if *if_exists {
                            continue;
                        }
                        return Err(format!("no view `{name}`"));
                    };
                    self.views.remove(&key);
                    if *cascade {
                        let uses = |q: &Query| q.all().iter().any(|q| q.tables.iter().any(|t| t.name.name == key.name));
                        self.views.retain(|_, view| !view.query.as_deref().is_some_and(uses));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An index of a materialized view.
    pub(super) fn create_view_index(&mut self, index: &IndexDefinition, at: Span) -> Result<(), String> {
        let key = self.find(&self.views, &index.table).ok_or_else(|| format!("no table `{}`", index.table))?;
        let Some(view) = self.views.get(&key) else { return Ok(()) };
        let (schema, table) = super::keys::parts(&view.name);
        let name = index.name.clone().unwrap_or_else(|| {
            self.made_name(&schema, &table, &super::names::joined_columns(index.columns.iter(), &index.include), "idx")
        });
        if let Some(view) = self.views.get_mut(&key) {
            view.indexes.push(from_definition(name, index, at));
        }
        Ok(())
    }

    /// Renames a view or sequence; whether there was one.
    pub(super) fn rename_other(&mut self, from: &Name, to: &Name) -> bool {
        if let Some(key) = self.find(&self.views, from)
            && let Some(mut view) = self.views.remove(&key)
        {
            view.name.name = to.name.clone();
            self.views.insert(self.key_of(&view.name), view);
            return true;
        }
        if let Some(key) = self.find(&self.sequences, from)
            && let Some(mut sequence) = self.sequences.remove(&key)
        {
            sequence.name.name = to.name.clone();
            self.sequences.insert(self.key_of(&sequence.name), sequence);
            return true;
        }
        false
    }

    fn sequence_step(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateSequence { name, data_type, owned_by, if_not_exists } => {
                let full = self.full_name(name);
                let key = self.key_of(&full);
                if self.sequences.contains_key(&key) {
                    return if *if_not_exists { Ok(()) } else { Err(format!("sequence `{name}` is there already")) };
                }
                let owned_by = self.owner(owned_by.as_ref());
                let data_type = data_type.clone().unwrap_or_else(|| SqlType::named("bigint"));
                self.sequences.insert(key, Sequence { name: full, data_type, owned_by, origin: Origin::new(at) });
                Ok(())
            }
            Step::AlterSequence { name, owned_by } => {
                let owner = self.owner(owned_by.as_ref());
                if let Some(found) = self.find(&self.sequences, name).and_then(|k| self.sequences.get_mut(&k)) {
                    found.owned_by = owner.or(found.owned_by.take());
                    found.origin.touch(at);
                }
                Ok(())
            }
            Step::RenameSequence { from, to } => {
                self.rename_other(from, &Name::bare(to)).then_some(()).ok_or_else(|| format!("no sequence `{from}`"))
            }
            Step::DropSequence { names, .. } => {
                for name in names {
                    if let Some(key) = self.find(&self.sequences, name) {
                        self.sequences.remove(&key);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn owner(&self, owned_by: Option<&(Name, String)>) -> Option<(Name, String)> {
        let (table, column) = owned_by?;
        Some((self.table(table)?.name.clone(), column.clone()))
    }

    fn on_table(&mut self, step: &Step, at: Span) -> Result<(), String> {
        match step {
            Step::CreateTrigger { name, table, timing, events, function } => {
                let made = Trigger {
                    timing: timing.clone(),
                    events: events.clone(),
                    function: function.clone(),
                    enabled: true,
                    origin: Origin::new(at),
                };
                let Some(key) = self.table_key(table) else {
                    let on_view = self.find(&self.views, table).is_some();
                    return if on_view { Ok(()) } else { Err(format!("no table `{table}`")) };
                };
                if let Some(table) = self.tables.get_mut(&key) {
                    table.triggers.insert(name.clone(), made);
                }
                Ok(())
            }
            Step::DropTrigger { name, table, .. } => {
                let key = table.as_ref().and_then(|t| self.table_key(t));
                let chosen = self.tables.iter_mut().filter(|(k, _)| key.as_ref().is_none_or(|key| *k == key));
                for (_, table) in chosen {
                    table.triggers.remove(name);
                }
                Ok(())
            }
            Step::CreatePolicy { name, table, policy } => {
                let key = self.table_key(table).ok_or_else(|| format!("no table `{table}`"))?;
                if let Some(table) = self.tables.get_mut(&key) {
                    table.policies.insert(name.clone(), (policy.clone(), Origin::new(at)));
                }
                Ok(())
            }
            Step::AlterPolicy { name, table } => {
                let policies = self.table_key(table).and_then(|k| self.tables.get_mut(&k)).map(|t| &mut t.policies);
                if let Some((_, origin)) = policies.and_then(|p| p.get_mut(name)) {
                    origin.touch(at);
                }
                Ok(())
            }
            Step::DropPolicy { name, table, .. } => {
                if let Some(table) = self.table_key(table).and_then(|k| self.tables.get_mut(&k)) {
                    table.policies.remove(name);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn drop_schema(&mut self, name: &str) {
        let name = self.dialect.key(name);
        self.schemas.retain(|s| self.dialect.key(s) != name);
        let stays = |key: &Name| key.schema.as_deref() != Some(name.as_str());
        let gone: Vec<Name> = self.tables.keys().filter(|k| !stays(k)).cloned().collect();
        gone.iter().for_each(|key| self.drop_table(key, true));
        self.enums.retain(|k, _| stays(k));
        self.domains.retain(|k, _| stays(k));
        self.types.retain(|k, _| stays(k));
        self.views.retain(|k, _| stays(k));
        self.sequences.retain(|k, _| stays(k));
        self.functions.retain(|k, _| stays(k));
    }

    fn rename_schema(&mut self, from: &str, to: &str) {
        let keys: Vec<Name> = self.tables.keys().filter(|k| k.schema.as_deref() == Some(from)).cloned().collect();
        for key in keys {
            let Some(made) = self.tables.get(&key).map(|t| (t.origin.made, t.name.name.clone())) else { continue };
            self.move_table(&key, &Name::new(to, made.1), made.0);
        }
        self.schemas.iter_mut().filter(|s| *s == from).for_each(|s| *s = to.to_owned());
    }
}
