//! Entities of Entity Framework Core: what the sets of a `DbContext` hold, what configuration names, and what these lead
//! to, with the conventions for keys, foreign keys and their indexes.
//!
//! `ef_core/entities.rs` finds the classes and their properties, `ef_core/fluent.rs` reads `OnModelCreating` and
//! `IEntityTypeConfiguration`.

mod entities;
mod fluent;

use ir::ExprKind;
use program::ClassRef;
use sql::Dialect;

use super::table::{Column, ForeignKey, Index, Table};
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::ef_columns;
use entities::{Entity, Property};

const LIBRARY: &str = "Microsoft.EntityFrameworkCore";

/// Reads all entities.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    if !context.program.is_imported(LIBRARY) {
        return Vec::new();
    }
    let mut entities = entities::all(context);
    fluent::configure(context, &mut entities);
    entities.iter_mut().for_each(Entity::settle);
    entities.retain(|e| !e.is_left_out);
    let is_made = makes_tables(context);
    let tables = tables(context, &entities, dialect);
    let stored = entities
        .iter()
        .zip(tables)
        .map(|(entity, tables)| stored(context, entity, &entities, &tables, dialect, is_made));
    stored.collect()
}

/// Whether tables are made of the model: by migrations, or at the start.
fn makes_tables(context: &Context<'_>) -> bool {
    let calls = |module: &ir::Module| {
        module.exprs().any(|(_, e)| {
            matches!(&e.kind, ExprKind::Member { name, .. } if matches!(name.as_str(), "EnsureCreated" | "EnsureCreatedAsync"))
        })
    };
    context.program.is_imported("Microsoft.EntityFrameworkCore.Migrations")
        || context.modules().any(|id| context.imports(id, LIBRARY) && calls(context.program.module(id)))
}

/// The table of each entity, and those between entities with it.
fn tables(context: &Context<'_>, entities: &[Entity], dialect: Dialect) -> Vec<Vec<Table>> {
    let mut tables: Vec<Vec<Table>> = entities.iter().map(|e| vec![own_table(context, e, dialect)]).collect();
    for (at, entity) in entities.iter().enumerate() {
        for property in &entity.properties {
            if property.target.is_some() && !property.is_many {
                lead(entities, at, property, dialect, &mut tables);
            }
        }
    }
    for (at, entity) in entities.iter().enumerate() {
        for property in entity.properties.iter().filter(|p| p.is_many) {
            lead_back(context, entities, at, property, dialect, &mut tables);
        }
    }
    // foreign keys that nothing else serves get an index
    for (table, entity) in tables.iter_mut().zip(entities) {
        let table = &mut table[0];
        for key in table.foreign_keys.clone() {
            let serves = |columns: &[String]| columns.starts_with(&key.columns);
            let by_index =
                table.indexes.iter().any(|i| serves(&i.columns.iter().map(|c| c.0.clone()).collect::<Vec<_>>()));
            if !serves(&table.key) && !by_index {
                let name = format!("IX_{}_{}", entity.table_name(), key.columns.join("_"));
                table.indexes.push(Index::on(Some(name), key.columns.clone(), key.is_single, key.at));
            }
        }
    }
    tables
}

fn own_table(context: &Context<'_>, entity: &Entity, dialect: Dialect) -> Table {
    let item = context.program.class(entity.class);
    let name = entity.table_name().to_owned();
    let full = entity.schema.as_ref().map_or(name.clone(), |schema| format!("{schema}.{name}"));
    let mut table = Table { name: full, at: item.name_range, key_name: Some(format!("PK_{name}")), ..Table::default() };
    for property in entity.properties.iter().filter(|p| p.target.is_none()) {
        let is_key = entity.key.iter().any(|k| *k == property.name.as_str());
        let is_number = matches!(property.clr.as_str(), "int" | "long" | "short");
        let leads = entity
            .properties
            .iter()
            .any(|p| p.target.is_some() && p.foreign_key.first().is_some_and(|f| *f == property.name.as_str()));
        table.columns.push(Column {
            name: property.column.clone(),
            ty: property.data_type(dialect),
            not_null: is_key || !property.is_nullable,
            counts: is_key && entity.key.len() == 1 && is_number && !property.is_given && !leads,
            default: None,
            at: property.at,
        });
    }
    table.key = entity.key.iter().filter_map(|k| Some(entity.property(k)?.column.clone())).collect();
    for index in &entity.indexes {
        let columns: Vec<String> = index
            .properties
            .iter()
            .map(|p| entity.property(p).map_or_else(|| p.clone(), |p| p.column.clone()))
            .collect();
        let name = index.name.clone().unwrap_or_else(|| format!("IX_{name}_{}", columns.join("_")));
        let made = Index::on(Some(name), columns, index.is_unique, index.at);
        table.indexes.push(Index { predicate: index.filter.clone(), ..made });
    }
    table
}

/// Adds the foreign key of a property that leads to one.
fn lead(entities: &[Entity], at: usize, property: &Property, dialect: Dialect, tables: &mut [Vec<Table>]) {
    let entity = &entities[at];
    let Some(other) = entities.iter().position(|e| Some(e.class) == property.target) else { return };
    let target = &entities[other];
    let back = target.properties.iter().find(|p| p.target == Some(entity.class) && Some(p.name) == property.inverse);
    // of one to one, the side with the foreign key counts
    let one = back.or_else(|| {
        let mut leads = target.properties.iter().filter(|p| p.target == Some(entity.class));
        leads.next().filter(|_| leads.next().is_none())
    });
    let columns = foreign_columns(entity, property, target);
    let is_one = one.is_some_and(|p| !p.is_many);
    if is_one && columns.is_none() && foreign_columns(target, one.unwrap_or(property), entity).is_some() {
        return;
    }
    if is_one && columns.is_none() && other < at {
        return;
    }
    let columns = columns.unwrap_or_else(|| {
        shadow(property.name.as_str(), target, property.is_required, property.at, dialect, &mut tables[at][0])
    });
    add_key(entity, target, columns, property, is_one, &mut tables[at][0]);
}

/// The properties that hold the key of another entity, as columns.
fn foreign_columns(entity: &Entity, property: &Property, target: &Entity) -> Option<Vec<String>> {
    let column = |name: &str| entity.property(name).filter(|p| p.target.is_none()).map(|p| p.column.clone());
    if !property.foreign_key.is_empty() {
        let columns: Vec<String> =
            property.foreign_key.iter().map(|n| column(n).unwrap_or_else(|| n.clone())).collect();
        let all_there = property.foreign_key.iter().all(|n| column(n).is_some());
        return all_there.then_some(columns);
    }
    let key = target.key.first()?;
    let candidates = [
        format!("{}{key}", property.name),
        format!("{}Id", property.name),
        format!("{}{key}", target.name),
        format!("{}Id", target.name),
    ];
    // a name of the other class only where one property leads there
    let is_only = entity.properties.iter().filter(|p| p.target == property.target && !p.is_many).count() == 1;
    let tried = if is_only { 4 } else { 2 };
    candidates.iter().take(tried).find_map(|n| column(n)).map(|c| vec![c])
}

/// A column that no property stands for.
fn shadow(
    name: &str,
    target: &Entity,
    is_required: bool,
    at: ir::Range,
    dialect: Dialect,
    table: &mut Table,
) -> Vec<String> {
    let mut columns = Vec::new();
    for key in &target.key {
        let column = format!("{name}{key}");
        let ty = target.property(key).map_or("int".to_owned(), |p| p.data_type(dialect));
        if !table.columns.iter().any(|c| c.name == column) {
            table.columns.push(Column { name: column.clone(), ty, not_null: is_required, at, ..Column::default() });
        }
        columns.push(column);
    }
    columns
}

fn add_key(
    entity: &Entity,
    target: &Entity,
    columns: Vec<String>,
    property: &Property,
    is_one: bool,
    table: &mut Table,
) {
    if columns.is_empty() || table.foreign_keys.iter().any(|k| k.columns == columns) {
        return;
    }
    let is_required = table.columns.iter().filter(|c| columns.contains(&c.name)).all(|c| c.not_null);
    let on_delete = match property.on_delete {
        Some("Cascade") => Some("CASCADE"),
        Some("SetNull") => Some("SET NULL"),
        Some("Restrict") => Some("RESTRICT"),
        Some(_) => None,
        None => is_required.then_some("CASCADE"),
    };
    table.foreign_keys.push(ForeignKey {
        name: Some(format!("FK_{}_{}_{}", entity.table_name(), target.table_name(), columns.join("_"))),
        columns,
        table: target.full_table(),
        on_delete: on_delete.map(str::to_owned),
        is_single: is_one,
        at: property.at,
        ..ForeignKey::default()
    });
}

/// A list: the other side holds the key, or a table between.
fn lead_back(
    context: &Context<'_>,
    entities: &[Entity],
    at: usize,
    property: &Property,
    dialect: Dialect,
    tables: &mut [Vec<Table>],
) {
    let entity = &entities[at];
    let Some(other) = entities.iter().position(|e| Some(e.class) == property.target) else { return };
    let target = &entities[other];
    let mut back = target.properties.iter().filter(|p| p.target == Some(entity.class));
    match back.next() {
        Some(one) if !one.is_many => {}
        // many to many, without a class between
        Some(_) if other != at && at < other => {
            let mut names = [(entity, format!("{}s", entity.name)), (target, format!("{}s", target.name))];
            if let Some(theirs) = target.properties.iter().find(|p| p.target == Some(entity.class)) {
                names = [(entity, theirs.name.to_string()), (target, property.name.to_string())];
            }
            let mut table_name = [entity.name.clone(), target.name.clone()];
            table_name.sort();
            let mut table = Table {
                name: table_name.concat(),
                at: context.program.class(entity.class).name_range,
                ..Table::default()
            };
            for (side, name) in names {
                let columns = shadow(&name, side, true, table.at, dialect, &mut table);
                table.key.extend(columns.clone());
                table.foreign_keys.push(ForeignKey {
                    columns: columns.clone(),
                    table: side.full_table(),
                    on_delete: Some("CASCADE".to_owned()),
                    at: table.at,
                    ..ForeignKey::default()
                });
                if table.key.len() > 1 {
                    table.indexes.push(Index::on(None, columns, false, table.at));
                }
            }
            tables[at].push(table);
        }
        Some(_) => {}
        None => {
            let named = foreign_columns(
                target,
                &Property { name: base::Symbol::new(&entity.name), target: None, ..property.clone() },
                entity,
            );
            let place = context.program.class(target.class).name_range;
            let columns = match named {
                Some(columns) => columns,
                None => shadow(&entity.name, entity, false, place, dialect, &mut tables[other][0]),
            };
            let led = Property { at: place, ..property.clone() };
            add_key(target, entity, columns, &led, false, &mut tables[other][0]);
        }
    }
}

fn stored(
    context: &Context<'_>,
    entity: &Entity,
    entities: &[Entity],
    tables: &[Table],
    dialect: Dialect,
    is_made: bool,
) -> Stored {
    let item = context.program.class(entity.class);
    let name_of = |class: ClassRef| entities.iter().find(|e| e.class == class).map(|e| e.name.clone());
    let fields = entity.properties.iter().map(|property| StoredField {
        name: property.name,
        span: property.span,
        column: property.target.is_none().then(|| property.column.clone()),
        relation: property.target.and_then(name_of).map(|to| StoredRelation {
            to,
            is_many: property.is_many,
            back: None,
        }),
    });
    Stored {
        class: Some(entity.class),
        name: entity.name.clone(),
        library: "Entity Framework Core",
        span: context.program.module(entity.class.module).span(item.name_range),
        table: super::gorm::name_of(&entity.full_table()),
        is_document: false,
        is_made,
        fields: fields.collect(),
        statements: tables.iter().flat_map(|t| t.statements(dialect)).collect(),
        checked_unique: Vec::new(),
    }
}

impl Property {
    fn data_type(&self, dialect: Dialect) -> String {
        let column = ef_columns::Column {
            ty: self.written_type.clone(),
            clr: Some(self.clr.clone()),
            max_length: self.max_length,
            ..ef_columns::Column::default()
        };
        column.data_type(dialect)
    }
}
