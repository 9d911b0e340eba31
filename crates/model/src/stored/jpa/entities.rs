//! Entities with their properties, those of mapped superclasses and embedded classes among them.

use base::{Span, Symbol};
use ir::{ClassKind, ExprId, FunctionKind, Range, TypeId, TypeKind};
use program::{ClassRef, ModuleId, Value};

use super::super::annotated::Annotated;
use super::super::table::Index;
use super::{LIBRARIES, Naming, index_of, java_modules};
use crate::adapters::Context;

/// How deep classes are put into others.
const MAX_DEPTH: u32 = 6;

/// A class with a table, or with a part of one.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub class: ClassRef,
    pub name: String,
    pub name_range: Range,
    pub table: String,
    pub properties: Vec<Property>,
    /// With columns as written.
    pub indexes: Vec<Index>,
    /// The entity above, in whose table it lies.
    pub root_of_table: Option<ClassRef>,
    /// The entity above whose key its own table shares.
    pub joined_parent: Option<ClassRef>,
    pub is_joined: bool,
    pub has_subclasses: bool,
    pub discriminator: Option<String>,
}

impl Entity {
    pub fn keys(&self) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(|p| p.is_key)
    }
}

/// What leads from a property to others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Link {
    OneToOne,
    ManyToOne,
    OneToMany,
    ManyToMany,
    /// A list of values.
    Elements,
}

/// A table that a property names.
#[derive(Clone, Debug, Default)]
pub(super) struct JoinTable {
    pub name: Option<String>,
    pub own: Vec<String>,
    pub other: Vec<String>,
}

/// A property.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub name: Symbol,
    pub span: Span,
    /// In the file of the entity.
    pub at: Range,
    /// The last part of its type, or of its elements' type.
    pub java: String,
    /// As written.
    pub column: Option<String>,
    pub definition: Option<String>,
    pub length: Option<i64>,
    pub precision: Option<(i64, i64)>,
    pub temporal: Option<&'static str>,
    pub is_large: bool,
    pub is_enum: bool,
    pub is_enum_text: bool,
    pub is_nullable: bool,
    pub is_unique: bool,
    pub is_key: bool,
    /// The database numbers it.
    pub counts: bool,
    pub link: Option<Link>,
    /// The class that it leads to.
    pub target: Option<ClassRef>,
    pub is_many: bool,
    pub is_mapped: bool,
    pub is_set: bool,
    pub has_constraint: bool,
    pub on_delete: bool,
    pub join_table: Option<JoinTable>,
    pub join_columns: Vec<String>,
}

impl Property {
    /// Whether a column of the entity's own table holds it.
    pub fn has_column(&self) -> bool {
        match self.link {
            None => true,
            Some(Link::ManyToOne | Link::OneToOne) => !self.is_mapped && self.join_table.is_none(),
            Some(_) => false,
        }
    }
}

/// All entities.
pub(super) fn all(context: &Context<'_>, naming: Naming) -> Vec<Entity> {
    let mut found = Vec::new();
    for id in java_modules(context).filter(|id| LIBRARIES.iter().any(|l| context.imports(*id, l))) {
        let module = context.program.module(id);
        for (at, class) in module.classes().filter(|(_, c)| c.kind == ClassKind::Class) {
            let annotated = Annotated::new(context, id, &class.annotations);
            if annotated.has("Entity") {
                found.push(entity(context, naming, ClassRef { module: id, class: at }));
            }
        }
    }
    let above: Vec<ClassRef> = found.iter().filter_map(|e| e.root_of_table.or(e.joined_parent)).collect();
    for entity in &mut found {
        entity.has_subclasses = above.contains(&entity.class);
    }
    found
}

fn annotated<'c, 'p>(context: &'c Context<'p>, class: ClassRef) -> Annotated<'c, 'p> {
    Annotated::new(context, class.module, &context.program.class(class).annotations)
}

fn entity(context: &Context<'_>, naming: Naming, class: ClassRef) -> Entity {
    let item = context.program.class(class);
    let marks = annotated(context, class);
    let own_name = marks.get("Entity").and_then(|e| e.text("name"));
    let table = marks.get("Table");
    let name = table.and_then(|t| t.text("name")).or_else(|| own_name.clone());
    let name = naming.of(&name.unwrap_or_else(|| item.name.to_string()));
    let schema = table.and_then(|t| t.text("schema")).map(|s| naming.of(&s));
    let mut indexes = Vec::new();
    if let Some(table) = table {
        for index in table.inner("indexes") {
            let Some(list) = index.text("columnList") else { continue };
            let is_unique = index.bool("unique").unwrap_or(false);
            indexes.push(index_of(index.text("name"), &list, is_unique, index.range()));
        }
        for unique in table.inner("uniqueConstraints") {
            let columns = unique.texts("columnNames").join(",");
            let made = index_of(unique.text("name"), &columns, true, unique.range());
            indexes.push(Index { is_constraint: true, ..made });
        }
    }
    let parent = parents(context, class).into_iter().find(|p| annotated(context, *p).has("Entity"));
    let strategy = std::iter::once(class)
        .chain(parents(context, class))
        .find_map(|c| annotated(context, c).get("Inheritance").map(|i| i.word("strategy").unwrap_or("SINGLE_TABLE")));
    let is_joined = strategy == Some("JOINED");
    let is_apart = strategy == Some("TABLE_PER_CLASS");
    let is_single = parent.is_some() && !is_joined && !is_apart;
    let mut properties = Vec::new();
    let by_getters = uses_getters(context, class);
    // what the entity above holds is in its own table
    let stops = if is_apart { None } else { parent };
    add(context, class, class, stops, by_getters, 0, &mut properties);
    Entity {
        class,
        name: item.name.to_string(),
        name_range: item.name_range,
        table: schema.map_or(name.clone(), |s| format!("{s}.{name}")),
        properties,
        indexes,
        root_of_table: parent.filter(|_| is_single),
        joined_parent: parent.filter(|_| is_joined),
        is_joined: is_joined || is_apart,
        has_subclasses: false,
        discriminator: marks.get("DiscriminatorColumn").and_then(|d| d.text("name")).map(|n| naming.of(&n)),
    }
}

/// The classes above, nearest first.
fn parents(context: &Context<'_>, class: ClassRef) -> Vec<ClassRef> {
    context.program.classes().lineage(class).into_iter().skip(1).collect()
}

/// Whether annotations stand at getters: the key's place says so for all.
fn uses_getters(context: &Context<'_>, class: ClassRef) -> bool {
    let classes = context.program.classes().lineage(class);
    classes.iter().any(|c| {
        let (item, module) = (context.program.class(*c), context.program.module(c.module));
        item.methods.iter().any(|m| {
            let annotations = &module.function(*m).annotations;
            Annotated::new(context, c.module, annotations).has_any(&["Id", "EmbeddedId"])
        })
    })
}

#[allow(clippy::too_many_arguments)]
fn add(
    context: &Context<'_>,
    entity: ClassRef,
    class: ClassRef,
    stops: Option<ClassRef>,
    by_getters: bool,
    depth: u32,
    found: &mut Vec<Property>,
) {
    if depth > MAX_DEPTH || Some(class) == stops {
        return;
    }
    let (item, module) = (context.program.class(class), context.program.module(class.module));
    let bases = context.program.classes().info(class).map(|i| i.bases.clone()).unwrap_or_default();
    for base in bases {
        let Value::Class(base) = base else { continue };
        let marks = annotated(context, base);
        if marks.has_any(&["MappedSuperclass", "Entity", "Embeddable"]) {
            add(context, entity, base, stops, by_getters, depth + 1, found);
        }
    }
    let mut see = |name: Symbol, ty: Option<TypeId>, annotations: &[ExprId], range: Range| {
        let Some(ty) = ty else { return };
        let marks = Annotated::new(context, class.module, annotations);
        if marks.has_any(&["Transient", "Formula", "Any"]) {
            return;
        }
        let is_embedded = marks.has_any(&["Embedded", "EmbeddedId"]);
        let embedded = class_of(context, class.module, ty)
            .filter(|c| is_embedded || annotated(context, *c).has("Embeddable"))
            .filter(|_| !marks.has("ElementCollection"));
        if let Some(embedded) = embedded {
            let before = found.len();
            // columns are named after the innermost property
            add(context, entity, embedded, None, uses_getters(context, embedded), depth + 1, found);
            for property in &mut found[before..] {
                property.is_key |= marks.has("EmbeddedId");
                override_column(marks, property);
            }
            return;
        }
        if let Some(property) = property(context, entity, class.module, name, ty, marks, range) {
            found.retain(|p| p.name != property.name);
            found.push(property);
        }
    };
    match by_getters {
        false => {
            for field in item.fields.iter().filter(|f| !f.is_static && !is_transient(context, class.module, f.range)) {
                see(field.name, field.ty, &field.annotations, field.range);
            }
        }
        true => {
            for method in &item.methods {
                let function = module.function(*method);
                let Some(name) = function.name.and_then(|n| property_of(n.as_str())) else { continue };
                let is_getter =
                    function.kind == FunctionKind::Method && function.params.is_empty() && !function.is_static;
                let setter = Symbol::new(&format!("set{}", capital(&name)));
                if is_getter && !context.program.classes().method(class, setter).is_empty() {
                    see(Symbol::new(&name), function.ret, &function.annotations, function.range);
                }
            }
        }
    }
}

/// `transient` before a field.
fn is_transient(context: &Context<'_>, module: ModuleId, range: Range) -> bool {
    let text = context.sources.text(context.program.module(module).span(range));
    text.split_whitespace().take(8).any(|w| w == "transient")
}

/// `getName`, `isActive`: the property.
fn property_of(method: &str) -> Option<String> {
    let name = method.strip_prefix("get").or_else(|| method.strip_prefix("is"))?;
    let first = name.chars().next()?;
    first.is_uppercase().then(|| format!("{}{}", first.to_lowercase(), &name[first.len_utf8()..]))
}

fn capital(name: &str) -> String {
    let first = name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", name.chars().skip(1).collect::<String>())
}

/// `@AttributeOverride(name = "street", column = @Column(name = "home_street"))`
fn override_column(marks: Annotated<'_, '_>, property: &mut Property) {
    let all = marks.all("AttributeOverride").chain(marks.all("AttributeOverrides").flat_map(|o| {
        let name = if o.arg("value").is_some() { "value" } else { "" };
        o.inner(name)
    }));
    for one in all {
        if one.text("name").is_some_and(|n| n.rsplit('.').next() == Some(property.name.as_str()))
            && let Some(column) = one.inner("column").first()
        {
            if let Some(name) = column.text("name") {
                property.column = Some(name);
            }
            if let Some(value) = column.bool("nullable") {
                property.is_nullable = value;
            }
        }
    }
}

/// The class of the repository that a type is, or that its elements are.
fn class_of(context: &Context<'_>, module: ModuleId, ty: TypeId) -> Option<ClassRef> {
    let item = context.program.module(module);
    let ty = match &item.ty(ty).kind {
        TypeKind::Named { args, .. } if !args.is_empty() => *args.last()?,
        TypeKind::Array(inner) => *inner,
        _ => ty,
    };
    context.evaluator(module).type_values(ty, None).iter().find_map(|value| match value {
        Value::Instance(class) => Some(context.program.classes().canonical(*class)),
        _ => None,
    })
}

/// The last part of a type's name.
fn java_name(context: &Context<'_>, module: ModuleId, ty: TypeId) -> String {
    let item = context.program.module(module);
    match &item.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or_default();
            match (last, args.last()) {
                ("List" | "Set" | "Collection" | "SortedSet" | "Map" | "Optional", Some(inner)) => {
                    java_name(context, module, *inner)
                }
                _ => last.to_owned(),
            }
        }
        TypeKind::Array(inner) => format!("{}[]", java_name(context, module, *inner)),
        _ => String::new(),
    }
}

#[allow(clippy::too_many_arguments)]
fn property(
    context: &Context<'_>,
    entity: ClassRef,
    module: ModuleId,
    name: Symbol,
    ty: TypeId,
    marks: Annotated<'_, '_>,
    range: Range,
) -> Option<Property> {
    let item = context.program.module(module);
    let java = java_name(context, module, ty);
    let class = class_of(context, module, ty);
    let is_enum = class.is_some_and(|c| context.program.class(c).kind == ClassKind::Enum);
    let links = [
        ("ManyToOne", Link::ManyToOne),
        ("OneToOne", Link::OneToOne),
        ("OneToMany", Link::OneToMany),
        ("ManyToMany", Link::ManyToMany),
        ("ElementCollection", Link::Elements),
    ];
    let found = links.iter().find_map(|(name, link)| Some((*link, marks.get(name)?)));
    let link = found.map(|(link, _)| link);
    let mark = found.map(|(_, mark)| mark);
    let is_many = matches!(link, Some(Link::OneToMany | Link::ManyToMany | Link::Elements));
    let column = marks.get("Column");
    let join = marks.get("JoinColumn").or_else(|| marks.get("JoinColumns").and_then(|j| j.inner("").first().copied()));
    let is_collection = matches!(&item.ty(ty).kind, TypeKind::Named { path, .. } if matches!(path.as_str().rsplit('.').next(), Some("List" | "Set" | "Map" | "Collection")));
    // a collection without a mark is not stored as one, but for a converter
    if link.is_none() && is_collection && !marks.has_any(&["Convert", "Column", "Type", "JdbcTypeCode"]) {
        return None;
    }
    let is_primitive = java.starts_with(char::is_lowercase) && !java.ends_with("[]");
    let demands = marks.has_any(&["NotNull", "NotBlank", "NotEmpty", "Id"]);
    let nullable = column.and_then(|c| c.bool("nullable")).or_else(|| join.and_then(|j| j.bool("nullable")));
    let is_optional = mark.and_then(|m| m.bool("optional")).unwrap_or(true);
    let converted = marks.has("Convert");
    let join_table = marks.get("JoinTable").or_else(|| marks.get("CollectionTable")).map(|t| {
        let names = |key: &str| t.inner(key).into_iter().filter_map(|j| j.text("name")).collect::<Vec<_>>();
        JoinTable { name: t.text("name"), own: names("joinColumns"), other: names("inverseJoinColumns") }
    });
    let foreign_keys: Vec<_> = join.iter().flat_map(|j| j.inner("foreignKey")).collect();
    let is_free = foreign_keys.iter().any(|k| [k.word(""), k.word("value")].contains(&Some("NO_CONSTRAINT")));
    let precision = column.and_then(|c| Some((c.int("precision")?, c.int("scale").unwrap_or(0))));
    let strategy = marks.get("GeneratedValue").and_then(|g| g.word("strategy"));
    Some(Property {
        name,
        span: item.span(range),
        at: if module == entity.module { range } else { context.program.class(entity).name_range },
        java: if converted { "String".to_owned() } else { java },
        column: match link {
            None => column.and_then(|c| c.text("name")),
            Some(_) => join.and_then(|j| j.text("name")),
        },
        definition: column.and_then(|c| c.text("columnDefinition")),
        length: column.and_then(|c| c.int("length")).or_else(|| marks.get("Size").and_then(|s| s.int("max"))),
        precision,
        temporal: marks.get("Temporal").and_then(|t| t.word("").or_else(|| t.word("value"))),
        is_large: marks.has("Lob"),
        is_enum: is_enum && !converted,
        is_enum_text: marks.get("Enumerated").is_some_and(|e| [e.word(""), e.word("value")].contains(&Some("STRING"))),
        is_nullable: nullable.unwrap_or(!is_primitive && !demands && is_optional),
        is_unique: column.and_then(|c| c.bool("unique")).unwrap_or(false)
            || join.and_then(|j| j.bool("unique")).unwrap_or(false)
            || marks.has("NaturalId"),
        is_key: marks.has_any(&["Id", "EmbeddedId"]),
        counts: strategy == Some("IDENTITY"),
        link,
        target: class.filter(|_| link.is_some() && link != Some(Link::Elements)),
        is_many,
        is_mapped: mark.is_some_and(|m| m.text("mappedBy").is_some())
            || link == Some(Link::OneToOne) && marks.has("PrimaryKeyJoinColumn"),
        is_set: matches!(&item.ty(ty).kind, TypeKind::Named { path, .. } if path.as_str().ends_with("Set")),
        has_constraint: !is_free,
        on_delete: marks.get("OnDelete").is_some_and(|o| o.word("action") == Some("CASCADE")),
        join_table,
        join_columns: join.and_then(|j| j.text("name")).into_iter().collect(),
    })
}
