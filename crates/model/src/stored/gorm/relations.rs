//! Tables of models: columns, keys, indexes, and what leads to other models.

use ir::Range;
use program::ClassRef;
use sql::Dialect;

use super::fields::{Field, Scalar, Use, column_name};
use super::{Model, Models};
use crate::stored::table::{Column, ForeignKey, Index, Table};

impl Model {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name.as_str() == name && f.is_column())
    }

    /// The fields of its primary key.
    fn keys(&self) -> Vec<&Field> {
        let tagged: Vec<&Field> = self.fields.iter().filter(|f| f.is_column() && f.tag.has("PRIMARYKEY")).collect();
        match tagged.is_empty() {
            true => self
                .fields
                .iter()
                .find(|f| f.is_column() && matches!(f.name.as_str(), "ID" | "Id"))
                .into_iter()
                .collect(),
            false => tagged,
        }
    }
}

impl Models<'_, '_> {
    /// The table of a model, without what other models say of it.
    pub(super) fn table(&self, model: &Model) -> Table {
        let class = self.context.program.class(model.class);
        let mut table = Table { name: model.table.clone(), at: class.name_range, ..Table::default() };
        let keys: Vec<&str> = model.keys().iter().filter_map(|f| f.column.as_deref()).collect();
        table.key = keys.iter().map(|k| (*k).to_owned()).collect();
        for field in model.fields.iter().filter(|f| f.is_column()) {
            self.add_indexes(field, &mut table);
        }
        for field in &model.fields {
            let Some(name) = field.column.clone() else { continue };
            let is_key = keys.contains(&name.as_str());
            let is_number = matches!(field.scalar, Scalar::Int { .. });
            let counts = is_key
                && is_number
                && keys.len() == 1
                && !field.tag.all.iter().any(|(k, v)| k == "AUTOINCREMENT" && v == "false")
                || field.tag.has("AUTOINCREMENT");
            let default = field.tag.get("DEFAULT").filter(|d| !d.eq_ignore_ascii_case("null"));
            let is_indexed = table.indexes.iter().any(|i| i.columns.iter().any(|(c, _)| *c == name));
            let usage =
                Use { counts, is_short: is_key || is_indexed || default.is_some(), is_old: self.settings.is_old };
            table.columns.push(Column {
                ty: field.data_type(self.dialect, usage),
                not_null: field.tag.has("NOT NULL"),
                default: default.map(|d| default_text(field, d)),
                counts: counts && self.dialect != Dialect::Postgres,
                at: field.at,
                name,
            });
        }
        table
    }

    /// The indexes that a field's tag is part of.
    fn add_indexes(&self, field: &Field, table: &mut Table) {
        let Some(column) = field.column.clone() else { return };
        for (key, value) in &field.tag.all {
            let (is_unique, is_index) = match key.as_str() {
                "INDEX" => (false, true),
                "UNIQUEINDEX" => (true, true),
                "UNIQUE" if value != "false" => (true, false),
                _ => continue,
            };
            if !is_index {
                let name = match self.settings.is_old {
                    true => None,
                    false => Some(format!("uni_{}_{column}", table.name.replace('.', "_"))),
                };
                table
                    .indexes
                    .push(Index { is_constraint: true, ..Index::on(name, vec![column.clone()], true, field.at) });
                continue;
            }
            let mut options = value.split(',').map(str::trim);
            let name = options.next().unwrap_or_default();
            let option = |key: &str| {
                let mut options = value.split(',').skip(1).filter_map(|o| o.split_once(':'));
                options.find(|(k, _)| k.trim().eq_ignore_ascii_case(key)).map(|(_, v)| v.trim())
            };
            let is_unique = is_unique || value.split(',').skip(1).any(|o| o.trim().eq_ignore_ascii_case("unique"));
            let prefix = match (is_unique, self.settings.is_old) {
                (true, true) => "uix",
                _ => "idx",
            };
            let name = match (name, option("composite")) {
                ("", Some(composite)) => format!("{prefix}_{}_{composite}", table.name),
                ("", None) => format!("{prefix}_{}_{column}", table.name.replace('.', "_")),
                (name, _) => name.to_owned(),
            };
            let priority = option("priority").and_then(|p| p.parse::<i32>().ok()).unwrap_or(10);
            let behind = if option("sort").is_some_and(|s| s.eq_ignore_ascii_case("desc")) { " DESC" } else { "" };
            // the place of a column in an index of several is found by its priority
            let entry = (column.clone(), behind.to_owned());
            match table.indexes.iter_mut().find(|i| i.name.as_deref() == Some(&name)) {
                Some(index) => {
                    index.is_unique |= is_unique;
                    let place = index.priorities.partition_point(|p| *p <= priority);
                    index.priorities.insert(place, priority);
                    index.columns.insert(place, entry);
                }
                None => table.indexes.push(Index {
                    name: Some(name),
                    columns: vec![entry],
                    priorities: vec![priority],
                    is_unique,
                    method: option("type").map(str::to_lowercase).filter(|m| m != "fulltext"),
                    predicate: option("where").map(str::to_owned),
                    at: field.at,
                    ..Index::default()
                }),
            }
        }
    }

    /// Adds foreign keys and tables between two models.
    pub(super) fn relate(&self, tables: &mut [(Table, Vec<Table>)]) {
        for (at, model) in self.all.iter().enumerate() {
            for field in &model.fields {
                let Some((to, is_many)) = field.relation else { continue };
                let Some(other) = self.model(to) else { continue };
                if field.tag.get("MANY2MANY").is_some() {
                    let join = self.join(model, field, other);
                    let is_there = tables
                        .iter()
                        .any(|(t, joins)| t.name == join.name || joins.iter().any(|j| j.name == join.name));
                    if !is_there {
                        tables[at].1.push(join);
                    }
                    continue;
                }
                if self.settings.without_foreign_keys || self.settings.is_old || field.tag.get("POLYMORPHIC").is_some()
                {
                    continue;
                }
                self.add_foreign_key(at, field, to, is_many, tables);
            }
        }
    }

    fn add_foreign_key(
        &self,
        at: usize,
        field: &Field,
        to: ClassRef,
        is_many: bool,
        tables: &mut [(Table, Vec<Table>)],
    ) {
        if field.tag.all.iter().any(|(k, v)| k == "CONSTRAINT" && matches!(v.as_str(), "false" | "-")) {
            return;
        }
        let model = &self.all[at];
        let Some(other_at) = self.by_class.get(&to).copied() else { return };
        let other = &self.all[other_at];
        let names: Vec<&str> =
            field.tag.get("FOREIGNKEY").map_or(Vec::new(), |n| n.split(',').map(str::trim).collect());
        let references: Vec<&str> =
            field.tag.get("REFERENCES").map_or(Vec::new(), |n| n.split(',').map(str::trim).collect());
        let belongs = if is_many { None } else { columns_of(model, other, field.name.as_str(), &names, &references) };
        let name = format!("fk_{}_{}", model.table.replace('.', "_"), column_name(field.name.as_str()));
        let on_delete = field.tag.all.iter().find(|(k, _)| k == "CONSTRAINT").and_then(|(_, v)| on_delete(v));
        let (holder, columns, referenced, table) = match belongs {
            Some((columns, referenced)) => {
                // the other side says the same, and its name counts
                let says_too = other.fields.iter().any(|f| {
                    f.relation.is_some_and(|(class, _)| class == model.class)
                        && f.tag.get("MANY2MANY").is_none()
                        && has_columns(other, model, f).is_some_and(|(c, _)| c == columns)
                });
                if says_too {
                    return;
                }
                (at, columns, referenced, &other.table)
            }
            None => match has_columns(model, other, field) {
                Some((columns, referenced)) => (other_at, columns, referenced, &model.table),
                None => return,
            },
        };
        let place = match holder == at {
            true => field.at,
            false => self.place_of(other, columns.first()),
        };
        let key = ForeignKey {
            name: Some(name),
            columns,
            table: table.clone(),
            referenced,
            on_delete,
            is_single: false,
            at: place,
        };
        let keys = &mut tables[holder].0.foreign_keys;
        if !keys.iter().any(|k| k.columns == key.columns && k.table == key.table) {
            keys.push(key);
        }
    }

    /// Where a column of a model is.
    fn place_of(&self, model: &Model, column: Option<&String>) -> Range {
        let field = model.fields.iter().find(|f| f.column.as_ref() == column);
        field.map_or_else(|| self.context.program.class(model.class).name_range, |f| f.at)
    }

    /// The table between two models.
    fn join(&self, model: &Model, field: &Field, other: &Model) -> Table {
        let name = field.tag.get("MANY2MANY").unwrap_or_default();
        let program = self.context.program;
        let mut table = Table {
            name: format!("{}{name}", if name.starts_with(&self.settings.prefix) { "" } else { &self.settings.prefix }),
            at: field.at,
            ..Table::default()
        };
        let sides = [(model, "JOINFOREIGNKEY", "FOREIGNKEY"), (other, "JOINREFERENCES", "REFERENCES")];
        for (position, (side, own, key)) in sides.into_iter().enumerate() {
            let class = program.class(side.class).name;
            let by = field.tag.get(key).and_then(|n| side.field(n));
            let Some(key) = by.or_else(|| side.keys().first().copied()) else { continue };
            let column = match field.tag.get(own) {
                Some(name) => column_name(name),
                // of itself by the name of the field
                None if position == 1 && model.class == other.class => {
                    let name = field.name.as_str();
                    column_name(&format!("{}{}", name.strip_suffix('s').unwrap_or(name), key.name))
                }
                None => column_name(&format!("{class}{}", key.name)),
            };
            let usage = Use { counts: false, is_short: true, is_old: self.settings.is_old };
            table.columns.push(Column {
                name: column.clone(),
                ty: key.data_type(self.dialect, usage),
                not_null: true,
                at: field.at,
                ..Column::default()
            });
            table.key.push(column.clone());
            if !self.settings.without_foreign_keys && !self.settings.is_old {
                let of = column_name(class.as_str());
                table.foreign_keys.push(ForeignKey {
                    name: Some(format!("fk_{}_{of}", table.name)),
                    columns: vec![column],
                    table: side.table.clone(),
                    referenced: key.column.clone().into_iter().collect(),
                    at: field.at,
                    ..ForeignKey::default()
                });
            }
        }
        table
    }
}

/// The columns of a model that lead to another one by a field: `CompanyID` of `Company`.
fn columns_of(
    model: &Model,
    other: &Model,
    field: &str,
    names: &[&str],
    references: &[&str],
) -> Option<(Vec<String>, Vec<String>)> {
    let keys = other.keys();
    let referenced: Vec<&Field> = match references.is_empty() {
        true => keys,
        false => references.iter().filter_map(|r| other.field(r)).collect(),
    };
    let columns: Vec<&Field> = match names.is_empty() {
        true => {
            let of = |key: &&Field| {
                let found = model.field(&format!("{field}{}", key.name));
                found.or_else(|| model.field(&format!("{field}Id")).filter(|_| key.name.as_str() == "ID"))
            };
            referenced.iter().filter_map(of).collect()
        }
        false => names.iter().filter_map(|n| model.field(n)).collect(),
    };
    (!columns.is_empty() && columns.len() == referenced.len()).then(|| {
        let names = |fields: &[&Field]| fields.iter().filter_map(|f| f.column.clone()).collect::<Vec<_>>();
        (names(&columns), names(&referenced))
    })
}

/// The columns of the other model that lead here by a field of this one: `UserID` of the cards of a `User`.
fn has_columns(model: &Model, other: &Model, field: &Field) -> Option<(Vec<String>, Vec<String>)> {
    let names: Vec<&str> = field.tag.get("FOREIGNKEY").map_or(Vec::new(), |n| n.split(',').map(str::trim).collect());
    let references: Vec<&str> =
        field.tag.get("REFERENCES").map_or(Vec::new(), |n| n.split(',').map(str::trim).collect());
    columns_of(other, model, &model.class_name, &names, &references)
}

/// `OnUpdate:CASCADE,OnDelete:SET NULL;`
fn on_delete(text: &str) -> Option<String> {
    let part = text.split(',').find_map(|p| p.trim().strip_prefix("OnDelete:"))?;
    Some(part.trim().to_uppercase()).filter(|p| !p.is_empty())
}

fn default_text(field: &Field, text: &str) -> String {
    let is_quoted = text.starts_with('\'') || text.contains('(') || text.eq_ignore_ascii_case("current_timestamp");
    match field.scalar {
        Scalar::Text | Scalar::Json if !is_quoted => crate::schemas::written::literal(text),
        _ => text.to_owned(),
    }
}
