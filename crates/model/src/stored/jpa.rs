//! Entities of JPA, as Hibernate would make their tables.
//!
//! `jpa/entities.rs` finds the entities with their fields, `jpa/columns.rs` knows types, `jpa/relations.rs` makes columns
//! and tables of what leads to other entities.

mod columns;
mod entities;
mod relations;

use base::{FileRole, Language};
use program::{ClassRef, ModuleId};
use rustc_hash::FxHashMap;
use sql::Dialect;

use super::naming::{snake, snake_of_spring};
use super::table::{Index, Table};
use super::{Stored, StoredField, StoredRelation, gorm};
use crate::adapters::Context;
use entities::{Entity, Property};

const LIBRARIES: [&str; 2] = ["jakarta.persistence", "javax.persistence"];

/// How names of tables and columns are made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Naming {
    /// As written.
    Plain,
    /// Spring's: words with bars between, in small letters.
    Spring,
}

impl Naming {
    fn of(self, name: &str) -> String {
        match self {
            Naming::Plain => name.to_owned(),
            Naming::Spring => snake_of_spring(name),
        }
    }
}

/// All entities, and what the project says of all of them.
struct Entities<'c, 'p> {
    context: &'c Context<'p>,
    dialect: Dialect,
    naming: Naming,
    /// Hibernate makes the tables.
    is_made: bool,
    all: Vec<Entity>,
    by_class: FxHashMap<ClassRef, usize>,
}

/// Reads all entities.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !LIBRARIES.iter().any(|l| context.program.is_imported(l)) {
        return Vec::new();
    }
    let naming = naming(context);
    let is_made = makes_tables(context);
    let mut entities = Entities { context, dialect, naming, is_made, all: Vec::new(), by_class: FxHashMap::default() };
    for entity in entities::all(context, naming) {
        entities.by_class.insert(entity.class, entities.all.len());
        entities.all.push(entity);
    }
    let tables = entities.tables();
    entities.all.iter().zip(tables).map(|(entity, (table, more))| entities.stored(entity, &table, &more)).collect()
}

fn java_modules<'a>(context: &Context<'a>) -> impl Iterator<Item = ModuleId> + use<'a> {
    let program = context.program;
    context.modules().filter(move |id| program.module(*id).language == Language::Java)
}

/// Spring's strategy where Spring Boot is used and nothing says another.
fn naming(context: &Context<'_>) -> Naming {
    let says = |word: &str| settings(context).any(|text| text.contains(word));
    match context.program.is_imported("org.springframework.boot") && !says("PhysicalNamingStrategyStandardImpl") {
        true => Naming::Spring,
        false if says("CamelCaseToUnderscoresNamingStrategy") || says("SpringPhysicalNamingStrategy") => Naming::Spring,
        false => Naming::Plain,
    }
}

/// Files that hold settings of Hibernate.
fn settings<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let files = context.sources.files().map(|(_, file)| file);
    let is_setting = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let starts = ["application", "bootstrap", "hibernate", "persistence", "jpa"];
        let ends = [".yml", ".yaml", ".properties", ".xml"];
        starts.iter().any(|s| name.starts_with(s)) && ends.iter().any(|e| name.ends_with(e))
    };
    let read = files.filter(move |f| is_setting(&f.path) && f.role != FileRole::Test && f.text.len() < 200_000);
    read.map(|f| &*f.text)
}

/// Whether some setting lets Hibernate make or change tables.
fn makes_tables(context: &Context<'_>) -> bool {
    let makes = |line: &str| {
        let line = line.trim();
        let (key, value) = match line.split_once(['=', ':']) {
            Some(pair) if !line.starts_with('#') && !line.starts_with('<') => pair,
            _ => {
                // `<property name="hibernate.hbm2ddl.auto" value="update"/>`
                let is_key = line.contains("hbm2ddl.auto") && line.starts_with('<');
                return is_key && ["update", "create"].iter().any(|v| line.contains(v));
            }
        };
        let is_key = key.contains("ddl-auto") || key.contains("hbm2ddl.auto") || key.contains("generate-ddl");
        is_key && ["update", "create", "true"].iter().any(|v| value.contains(v))
    };
    settings(context).any(|text| text.contains("ddl") && text.lines().any(makes))
}

impl Entities<'_, '_> {
    fn entity(&self, class: ClassRef) -> Option<&Entity> {
        self.by_class.get(&class).map(|at| &self.all[*at])
    }

    /// The entity whose table holds the columns: of a hierarchy in one table, its root.
    fn holder(&self, at: usize) -> usize {
        let mut at = at;
        for _ in 0..8 {
            match self.all[at].root_of_table.and_then(|root| self.by_class.get(&root)) {
                Some(root) if *root != at => at = *root,
                _ => break,
            }
        }
        at
    }

    /// The table of each entity (empty where it shares another's), and those between entities.
    fn tables(&self) -> Vec<(Table, Vec<Table>)> {
        let mut tables: Vec<(Table, Vec<Table>)> = self
            .all
            .iter()
            .map(|entity| {
                let table = Table { name: entity.table.clone(), at: entity.name_range, ..Table::default() };
                (table, Vec::new())
            })
            .collect();
        for at in 0..self.all.len() {
            let holder = self.holder(at);
            for property in &self.all[at].properties {
                self.add_property(at, holder, property, &mut tables);
            }
        }
        for (at, entity) in self.all.iter().enumerate() {
            let holder = self.holder(at);
            for index in &entity.indexes {
                let mut index = index.clone();
                // columns may be named by the field
                for (column, _) in &mut index.columns {
                    let by_field = entity.properties.iter().find(|p| p.name.as_str() == *column);
                    let has = |name: &str| tables[holder].0.columns.iter().any(|c| self.dialect.is_same(&c.name, name));
                    *column = match by_field {
                        Some(property) if !has(&self.naming.of(column)) => self.column_name(property),
                        _ => self.naming.of(column),
                    };
                }
                if holder == at || entity.class == self.all[holder].class {
                    tables[holder].0.indexes.push(index);
                }
            }
            if let Some(parent) = entity.joined_parent.and_then(|p| self.by_class.get(&p).copied()) {
                self.join_parent(at, self.holder(parent), &mut tables);
            }
            if entity.has_subclasses && holder == at && !entity.is_joined {
                tables[at].0.columns.push(super::table::Column {
                    name: entity.discriminator.clone().unwrap_or_else(|| self.naming.of("DTYPE")),
                    ty: columns::text(self.dialect, 31),
                    not_null: true,
                    at: entity.name_range,
                    ..super::table::Column::default()
                });
            }
        }
        tables
    }

    fn stored(&self, entity: &Entity, table: &Table, more: &[Table]) -> Stored {
        let fields = entity.properties.iter().map(|property| StoredField {
            name: property.name,
            span: property.span,
            column: property.has_column().then(|| self.column_name(property)),
            relation: property.target.map(|to| StoredRelation {
                to: self.context.program.class(to).name.to_string(),
                is_many: property.is_many,
                back: None,
            }),
        });
        let mut statements = table.statements(self.dialect);
        more.iter().for_each(|t| statements.extend(t.statements(self.dialect)));
        let holder = self.by_class.get(&entity.class).map_or(entity, |at| &self.all[self.holder(*at)]);
        let name = if entity.joined_parent.is_some() { &entity.table } else { &holder.table };
        Stored {
            class: Some(entity.class),
            name: entity.name.clone(),
            library: "JPA",
            span: self.context.program.module(entity.class.module).span(entity.name_range),
            table: gorm::name_of(name),
            is_document: false,
            is_made: self.is_made,
            fields: fields.collect(),
            statements,
            checked_unique: Vec::new(),
        }
    }

    /// The column of a property that has one.
    fn column_name(&self, property: &Property) -> String {
        if let Some(column) = &property.column {
            return self.naming.of(column);
        }
        match property.target {
            Some(target) => {
                let key = self.entity(target).and_then(|e| e.keys().next().map(|k| self.column_name(k)));
                let name = property.name.as_str();
                let of = |key: &str| format!("{}_{key}", self.naming.of(name));
                key.map_or_else(|| of("id"), |k| of(&k))
            }
            None => self.naming.of(property.name.as_str()),
        }
    }
}

/// Words of a name as Hibernate's own table of a collection has them.
fn collection_table(naming: Naming, entity: &str, property: &str) -> String {
    match naming {
        Naming::Spring => format!("{}_{}", snake(entity), snake_of_spring(property)),
        Naming::Plain => format!("{entity}_{property}"),
    }
}

/// An index that an annotation names, its columns as written.
fn index_of(name: Option<String>, list: &str, is_unique: bool, at: ir::Range) -> Index {
    let column = |part: &str| {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default().trim_matches(['"', '`', '[', ']']).to_owned();
        let is_down = words.next().is_some_and(|w| w.eq_ignore_ascii_case("desc"));
        (name, if is_down { " DESC".to_owned() } else { String::new() })
    };
    let columns = list.split(',').filter(|p| !p.trim().is_empty()).map(column).collect();
    Index { name, columns, is_unique, at, ..Index::default() }
}
