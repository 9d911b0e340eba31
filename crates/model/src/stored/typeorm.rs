//! TypeORM: classes with `@Entity()`.
//!
//! Columns and relations of all classes are read first; then each table is put together, since a foreign key has the
//! type of the column that it leads to. `typeorm/columns.rs` has the types.

mod columns;

use std::rc::Rc;

use base::{Span, Symbol};
use ir::Range;
use program::{ClassRef, ModuleId};
use rustc_hash::FxHashMap;
use sql::{Dialect, Name};

use super::words::{camel, snake};
use super::{Stored, StoredField, StoredRelation};
use crate::adapters::Context;
use crate::schemas::table::{Column, Foreign, Key, Table};
use crate::schemas::typeorm_names as names;
use crate::schemas::written::{Written, quoted};
use crate::script::{Call, Run, Val, What};

/// An entity as it is declared.
struct Entity {
    class: ClassRef,
    name: String,
    span: Span,
    table: String,
    is_document: bool,
    columns: Vec<columns::Told>,
    relations: Vec<Relation>,
    keys: Vec<DeclaredKey>,
    fields: Vec<StoredField>,
}

/// A relation.
struct Relation {
    property: String,
    kind: Kind,
    to: Option<ClassRef>,
    to_name: String,
    options: Val,
    /// `@JoinColumn`, each with its options.
    join_columns: Vec<Val>,
    /// `@JoinTable`.
    join_table: Option<Val>,
    /// It is part of the primary key.
    is_primary: bool,
    at: Range,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    ManyToOne,
    OneToOne,
    OneToMany,
    ManyToMany,
}

/// `@Index`, `@Unique`: by the names of properties.
struct DeclaredKey {
    name: Option<String>,
    properties: Vec<String>,
    is_unique: bool,
    is_constraint: bool,
    predicate: Option<String>,
    at: Range,
}

/// Reads all entities.
pub(super) fn read(context: &Context<'_>, dialect: Dialect) -> Vec<Stored> {
    let mut entities = Vec::new();
    let mut run: Option<Run<'_, '_>> = None;
    let is_snake = context.program.is_imported("typeorm-naming-strategies")
        || !context.program.classes().named(Symbol::new("SnakeNamingStrategy")).is_empty();
    for module in context.ecmascript_modules().filter(|m| context.imports(*m, "typeorm")) {
        for (id, class) in context.program.module(module).classes() {
            if class.annotations.is_empty() {
                continue;
            }
            let run = run.get_or_insert_with(|| Run::new(context, module, dialect));
            run.enter(module);
            let marks = run.decorators(module, &class.annotations);
            let Some(mark) = marks.iter().find(|c| matches!(c.last(), "Entity" | "ChildEntity")) else { continue };
            let class = ClassRef { module, class: id };
            entities.push(entity(context, run, class, mark, &marks, dialect, is_snake));
        }
    }
    let by_class: FxHashMap<ClassRef, usize> = entities.iter().enumerate().map(|(at, e)| (e.class, at)).collect();
    let project = Project { entities: &entities, by_class, dialect, is_snake };
    (0..entities.len()).flat_map(|at| project.stored(at)).collect()
}

fn entity(
    context: &Context<'_>,
    run: &mut Run<'_, '_>,
    class: ClassRef,
    mark: &Call,
    marks: &[Rc<Call>],
    dialect: Dialect,
    is_snake: bool,
) -> Entity {
    let item = context.program.class(class);
    let options = mark.args.iter().find(|a| !a.entries().is_empty());
    let named = mark.arg(0).and_then(Val::name).or_else(|| options?.given("name").and_then(Val::name));
    let bare = named.map_or_else(|| snake(item.name.as_str()), str::to_owned);
    let table = match options.and_then(|o| o.given("schema")).and_then(Val::name) {
        Some(schema) => format!("{schema}.{bare}"),
        None => bare,
    };
    let mut made = Entity {
        class,
        name: item.name.as_str().to_owned(),
        span: run.span(item.name_range),
        table,
        is_document: false,
        columns: Vec::new(),
        relations: Vec::new(),
        keys: marks.iter().filter_map(|m| class_key(run, m)).collect(),
        fields: Vec::new(),
    };
    let mut reader = columns::Reader { context, dialect, is_snake, whole: item.name_range, home: class.module };
    let line = context.program.classes().lineage(class);
    for part in line.into_iter().rev() {
        if part != class {
            let above = context.program.class(part);
            let marks = run.decorators(part.module, &above.annotations);
            made.keys.extend(marks.iter().filter_map(|m| class_key(run, m)));
        }
        fields(run, &mut reader, part, "", &mut made, 0);
    }
    made
}

/// The fields of a class; those of embedded ones have a prefix.
fn fields(
    run: &mut Run<'_, '_>,
    reader: &mut columns::Reader<'_, '_>,
    class: ClassRef,
    prefix: &str,
    made: &mut Entity,
    depth: u32,
) {
    let item = reader.context.program.class(class);
    for field in &item.fields {
        if field.annotations.is_empty() {
            continue;
        }
        let marks = run.decorators(class.module, &field.annotations);
        let at = reader.place(class.module, field.range);
        let property = field.name.as_str();
        if let Some(embedded) = embedded(run, &marks).filter(|_| depth < 3) {
            let given = marks.iter().flat_map(|m| &m.args).find_map(|a| a.get("prefix"));
            let inner = match given.map(|v| (v.is_false(), v.name())) {
                Some((true, _)) | Some((_, Some(""))) => prefix.to_owned(),
                Some((_, Some(own))) => format!("{prefix}{own}_"),
                _ => format!("{prefix}{property}_"),
            };
            fields(run, reader, embedded, &inner, made, depth + 1);
            continue;
        }
        let mut stored = StoredField {
            name: field.name,
            span: Span::new(made.span.file, at.start, at.end),
            column: None,
            relation: None,
        };
        if let Some(relation) = relation(run, &marks, property, at) {
            let is_many = matches!(relation.kind, Kind::OneToMany | Kind::ManyToMany);
            stored.relation = Some(StoredRelation { to: relation.to_name.clone(), is_many, back: None });
            made.relations.push(relation);
        } else if let Some(told) = reader.column(run, &marks, property, prefix, field, class.module, at, &made.table) {
            made.is_document |= told.is_object_id;
            stored.column = Some(told.column.name.clone());
            made.columns.push(told);
        } else {
            continue;
        }
        made.keys.extend(marks.iter().filter_map(|m| field_key(m, property, at)));
        made.fields.push(stored);
    }
}

/// `@Column(() => Name)`.
fn embedded(run: &mut Run<'_, '_>, marks: &[Rc<Call>]) -> Option<ClassRef> {
    let column = marks.iter().find(|m| m.last() == "Column")?;
    let given = run.given_by(column.arg(0)?)?;
    match given.what {
        What::Class(class) => Some(class),
        _ => None,
    }
}

fn relation(run: &mut Run<'_, '_>, marks: &[Rc<Call>], property: &str, at: Range) -> Option<Relation> {
    let kind_of = |call: &Rc<Call>| {
        Some(match call.last() {
            "ManyToOne" => Kind::ManyToOne,
            "OneToOne" => Kind::OneToOne,
            "OneToMany" => Kind::OneToMany,
            "ManyToMany" => Kind::ManyToMany,
            _ => return None,
        })
    };
    let (kind, mark) = marks.iter().find_map(|m| Some((kind_of(m)?, m)))?;
    let first = mark.arg(0)?.clone();
    let given = run.given_by(&first).unwrap_or(first);
    let (to, to_name) = match &given.what {
        What::Class(class) => (Some(*class), run.context.program.class(*class).name.as_str().to_owned()),
        What::Text(name) => {
            let found = run.context.program.classes().named(Symbol::new(name));
            (if let [only] = found { Some(*only) } else { None }, name.to_string())
        }
        _ => (None, given.last().to_owned()),
    };
    let options = mark.args.iter().skip(1).find(|a| !a.entries().is_empty()).cloned();
    let join_columns = marks
        .iter()
        .filter(|m| m.last() == "JoinColumn")
        .flat_map(|m| match m.arg(0) {
            Some(given) => given.listed(),
            None => vec![Val::new(What::Null, m.at)],
        })
        .collect();
    let join_table = marks.iter().find(|m| m.last() == "JoinTable");
    Some(Relation {
        property: property.to_owned(),
        kind,
        to,
        to_name,
        options: options.unwrap_or(Val::new(What::Null, at)),
        join_columns,
        join_table: join_table.map(|m| m.arg(0).cloned().unwrap_or(Val::new(What::Null, m.at))),
        is_primary: marks.iter().any(|m| m.last() == "PrimaryColumn"),
        at,
    })
}

/// `@Index('name', ['a', 'b'], { unique: true })`, `@Unique(['a', 'b'])` of a class.
fn class_key(run: &mut Run<'_, '_>, mark: &Call) -> Option<DeclaredKey> {
    let is_constraint = match mark.last() {
        "Index" => false,
        "Unique" => true,
        _ => return None,
    };
    let list = mark.args.iter().find(|a| matches!(a.what, What::List(_) | What::Function(..)))?.clone();
    let properties = match &list.what {
        // `(user) => [user.name, user.email]`
        What::Function(function, env) => {
            let given = Val::path("row", list.at);
            let found = run.invoke(*function, env, &[given], &mut crate::script::NoTool);
            let names: Vec<String> = found.items().iter().map(|v| v.last().to_owned()).collect();
            Some(names).filter(|n| !n.is_empty())?
        }
        _ => list.names()?,
    };
    Some(key(mark, properties, is_constraint, mark.at))
}

fn key(mark: &Call, properties: Vec<String>, is_constraint: bool, at: Range) -> DeclaredKey {
    let options = mark.args.iter().find(|a| !a.entries().is_empty());
    let option = |name: &str| options.and_then(|o| o.given(name));
    DeclaredKey {
        name: mark.arg(0).and_then(Val::name).map(str::to_owned),
        properties,
        is_unique: is_constraint || option("unique").is_some_and(Val::is_true),
        is_constraint,
        predicate: option("where").and_then(Val::name).map(str::to_owned),
        at,
    }
}

/// `@Index()` of a property.
fn field_key(mark: &Call, property: &str, at: Range) -> Option<DeclaredKey> {
    let is_constraint = match mark.last() {
        "Index" => false,
        "Unique" => true,
        _ => return None,
    };
    let at = Range { start: at.start.min(mark.at.start), end: at.end };
    Some(key(mark, vec![property.to_owned()], is_constraint, at))
}

struct Project<'e> {
    entities: &'e [Entity],
    by_class: FxHashMap<ClassRef, usize>,
    dialect: Dialect,
    is_snake: bool,
}

impl Project<'_> {
    fn stored(&self, at: usize) -> Vec<Stored> {
        let Some(entity) = self.entities.get(at) else { return Vec::new() };
        let mut written = Written::new(self.dialect);
        let table = self.table(entity);
        // an entity of what is merged into another table, or of nothing
        if !entity.columns.is_empty() && !entity.is_document {
            for (create, place) in
                entity.columns.iter().filter_map(|c| c.create_type.as_ref().map(|t| (t, c.column.at)))
            {
                written.say(create, place);
            }
            written.create_apart(&table);
        }
        let name = match entity.table.rsplit_once('.') {
            Some((schema, name)) => Name::new(schema, name),
            None => Name::bare(&entity.table),
        };
        let mut fields = entity.fields.clone();
        for relation in &entity.relations {
            let joined = self.join_columns(entity, relation);
            let field = fields.iter_mut().find(|f| f.name == relation.property.as_str());
            if let (Some(field), Some((column, _))) = (field, joined.first()) {
                field.column = Some(column.name.clone());
            }
        }
        let mut found = vec![Stored {
            class: Some(entity.class),
            name: entity.name.clone(),
            library: "TypeORM",
            span: entity.span,
            table: name,
            is_document: entity.is_document,
            is_made: true,
            fields,
            statements: written.statements(),
            checked_unique: Vec::new(),
        }];
        found.extend(entity.relations.iter().filter_map(|r| self.join_table(entity, r)));
        found
    }

    fn entity_of(&self, class: Option<ClassRef>) -> Option<&Entity> {
        self.by_class.get(&class?).and_then(|at| self.entities.get(*at))
    }

    fn primary(entity: &Entity) -> Vec<&columns::Told> {
        entity.columns.iter().filter(|c| c.is_primary).collect()
    }

    fn cased(&self, name: &str) -> String {
        if self.is_snake { snake(name) } else { camel(name) }
    }

    /// The columns that a relation keeps, with those that they lead to.
    fn join_columns(&self, entity: &Entity, relation: &Relation) -> Vec<(Column, String)> {
        let keeps =
            relation.kind == Kind::ManyToOne || relation.kind == Kind::OneToOne && !relation.join_columns.is_empty();
        let Some(to) = self.entity_of(relation.to).filter(|_| keeps) else { return Vec::new() };
        let not_null = relation.options.get("nullable").is_some_and(Val::is_false) || relation.is_primary;
        let one = |referenced: &columns::Told, options: Option<&Val>| {
            let named = options.and_then(|o| o.given("name")).and_then(Val::name).map(str::to_owned);
            let name = named.unwrap_or_else(|| self.cased(&format!("{}_{}", relation.property, referenced.property)));
            let data_type = columns::referencing(&referenced.column.data_type);
            let column = Column { name, at: relation.at, data_type, not_null, ..Column::default() };
            (column, referenced.column.name.clone())
        };
        let by_name = |options: &Val| {
            let wanted = options.given("referencedColumnName").and_then(Val::name);
            to.columns.iter().find(|c| Some(c.property.as_str()) == wanted || Some(c.column.name.as_str()) == wanted)
        };
        let primary = Self::primary(to);
        let found: Vec<(Column, String)> = match relation.join_columns.as_slice() {
            [] => primary.iter().map(|p| one(p, None)).collect(),
            given => given
                .iter()
                .filter_map(|options| Some(one(by_name(options).or(primary.first().copied())?, Some(options))))
                .collect(),
        };
        let _ = entity;
        found
    }

    fn table(&self, entity: &Entity) -> Table {
        let bare = entity.table.as_str();
        let mut table = Table {
            name: entity.table.clone(),
            at: Range { start: entity.span.start, end: entity.span.end },
            ..Table::default()
        };
        table.columns = entity.columns.iter().map(|c| c.column.clone()).collect();
        let mut primary: Vec<String> = Self::primary(entity).iter().map(|c| c.column.name.clone()).collect();
        for told in entity.columns.iter().filter(|c| c.is_unique) {
            let columns = vec![told.column.name.clone()];
            let name = Some(names::name("UQ", bare, &columns, None));
            table.keys.push(Key { name, ..Key::unique(columns, told.column.at) });
        }
        for relation in &entity.relations {
            self.relation(entity, relation, &mut table, &mut primary);
        }
        if !primary.is_empty() {
            let name = Some(names::name("PK", bare, &primary, None));
            table.primary = Some(Key { name, ..Key::index(primary, table.at) });
        }
        for key in &entity.keys {
            let columns: Vec<String> = key.properties.iter().flat_map(|p| self.column_names(entity, p)).collect();
            if columns.is_empty() {
                continue;
            }
            let prefix = if key.is_constraint { "UQ" } else { "IDX" };
            let made = names::name(prefix, bare, &columns, key.predicate.as_deref());
            let name = Some(key.name.clone().unwrap_or(made));
            table.keys.push(Key {
                name,
                unique: key.is_unique,
                is_constraint: key.is_constraint,
                predicate: key.predicate.clone(),
                ..Key::index(columns, key.at)
            });
        }
        table
    }

    fn relation(&self, entity: &Entity, relation: &Relation, table: &mut Table, primary: &mut Vec<String>) {
        let joined = self.join_columns(entity, relation);
        let Some(to) = self.entity_of(relation.to).filter(|_| !joined.is_empty()) else { return };
        let columns: Vec<String> = joined.iter().map(|(c, _)| c.name.clone()).collect();
        for (column, _) in &joined {
            if relation.is_primary && !primary.contains(&column.name) {
                primary.push(column.name.clone());
            }
            // the class may have the column as a field of its own
            if !table.columns.iter().any(|c| c.name == column.name) {
                table.columns.push(column.clone());
            }
        }
        if relation.kind == Kind::OneToOne {
            let name = Some(names::name("REL", &table.name, &columns, None));
            table.keys.push(Key { name, ..Key::unique(columns.clone(), relation.at) });
        }
        if relation.options.get("createForeignKeyConstraints").is_some_and(Val::is_false) {
            return;
        }
        let action = |name: &str| relation.options.given(name).and_then(Val::name).map(str::to_owned);
        table.foreign.push(Foreign {
            name: Some(names::name("FK", &table.name, &columns, None)),
            columns,
            at: relation.at,
            references: to.table.clone(),
            referenced: joined.iter().map(|(_, r)| r.clone()).collect(),
            on_delete: action("onDelete"),
            on_update: action("onUpdate"),
            deferrable: action("deferrable").map(|d| format!("DEFERRABLE {d}")),
        });
    }

    /// The columns of a property.
    fn column_names(&self, entity: &Entity, property: &str) -> Vec<String> {
        let own = entity.columns.iter().find(|c| c.property == property || c.column.name == property);
        if let Some(column) = own {
            return vec![column.column.name.clone()];
        }
        let relation = entity.relations.iter().find(|r| r.property == property);
        relation.map_or(Vec::new(), |r| self.join_columns(entity, r).into_iter().map(|(c, _)| c.name).collect())
    }

    /// The table between two entities.
    fn join_table(&self, entity: &Entity, relation: &Relation) -> Option<Stored> {
        let options = relation.join_table.as_ref().filter(|_| relation.kind == Kind::ManyToMany)?;
        let to = self.entity_of(relation.to)?;
        let named = options.given("name").and_then(Val::name).map(str::to_owned);
        let name = named.unwrap_or_else(|| snake(&format!("{}_{}_{}", entity.table, relation.property, to.table)));
        let side = |key: &str, of: &Entity, turned: bool| {
            let primary = Self::primary(of).first().copied()?;
            let given =
                options.given(key).or_else(|| options.given(&format!("{key}s")).and_then(|l| l.items().first()));
            let own = given.and_then(|g| g.given("name")).and_then(Val::name).map(str::to_owned);
            let end = if turned && of.table == entity.table { "_2" } else { "_1" };
            let end = if entity.table == to.table { end } else { "" };
            let made = || format!("{}{end}", self.cased(&format!("{}_{}", of.table, primary.property)));
            let column = own.unwrap_or_else(made);
            let data_type = columns::referencing(&primary.column.data_type);
            let made = Column { name: column.clone(), at: relation.at, data_type, not_null: true, ..Column::default() };
            let foreign = Foreign {
                name: Some(names::name("FK", &name, std::slice::from_ref(&column), None)),
                columns: vec![column],
                at: relation.at,
                references: of.table.clone(),
                referenced: vec![primary.column.name.clone()],
                on_delete: Some("CASCADE".to_owned()),
                on_update: Some("CASCADE".to_owned()),
                deferrable: None,
            };
            Some((made, foreign))
        };
        let (first, to_first) = side("joinColumn", entity, false)?;
        let (second, to_second) = side("inverseJoinColumn", to, true)?;
        let both = vec![first.name.clone(), second.name.clone()];
        let index = |column: &Column| {
            let columns = vec![column.name.clone()];
            Key { name: Some(names::name("IDX", &name, &columns, None)), ..Key::index(columns, relation.at) }
        };
        // the index of the first one, which the key serves, is left out: nobody wrote it
        let table = Table {
            name: name.clone(),
            at: relation.at,
            keys: vec![index(&second)],
            primary: Some(Key { name: Some(names::name("PK", &name, &both, None)), ..Key::index(both, relation.at) }),
            columns: vec![first, second],
            foreign: vec![to_first, to_second],
            ..Table::default()
        };
        let mut written = Written::new(self.dialect);
        written.create_apart(&table);
        Some(Stored {
            class: None,
            name: name.clone(),
            library: "TypeORM",
            span: Span::new(entity.span.file, relation.at.start, relation.at.end),
            table: Name::bare(name),
            is_document: false,
            is_made: true,
            fields: Vec::new(),
            statements: written.statements(),
            checked_unique: Vec::new(),
        })
    }
}

/// The name of an enum of PostgreSQL.
fn enum_name(dialect: Dialect, table: &str, column: &str) -> String {
    quoted(dialect, &format!("{table}_{}_enum", column.to_lowercase()))
}

/// The module whose places count.
type Home = ModuleId;
