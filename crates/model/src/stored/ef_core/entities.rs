//! The classes behind the sets of a context, and their properties.

use base::{Language, Span, Symbol};
use ir::{ClassKind, Range, TypeId, TypeKind, Visibility};
use program::{ClassRef, ModuleId, Value};
use rustc_hash::FxHashMap;

use super::super::annotated::Annotated;
use super::LIBRARY;
use crate::adapters::Context;
use crate::schemas::ef_columns;

/// A class with a table.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub class: ClassRef,
    pub name: String,
    /// By the set, an attribute or the configuration, the later ones before the earlier.
    pub table: Option<String>,
    pub schema: Option<String>,
    pub properties: Vec<Property>,
    /// Names of properties.
    pub key: Vec<String>,
    pub indexes: Vec<IndexOf>,
    /// No table, or that of what owns it.
    pub is_left_out: bool,
}

/// An index on properties.
#[derive(Clone, Debug)]
pub(super) struct IndexOf {
    pub properties: Vec<String>,
    pub name: Option<String>,
    pub is_unique: bool,
    pub filter: Option<String>,
    pub at: Range,
}

/// A property: a column, or what leads to other entities.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub name: Symbol,
    pub span: Span,
    /// In the file of the entity.
    pub at: Range,
    pub column: String,
    pub clr: String,
    pub written_type: Option<String>,
    pub max_length: Option<i64>,
    pub is_nullable: bool,
    /// The database does not number it.
    pub is_given: bool,
    pub target: Option<ClassRef>,
    pub is_many: bool,
    /// Names of the properties that hold the key.
    pub foreign_key: Vec<String>,
    pub inverse: Option<Symbol>,
    pub is_required: bool,
    pub on_delete: Option<&'static str>,
    pub has_key_mark: bool,
}

impl Entity {
    pub fn table_name(&self) -> &str {
        self.table.as_deref().unwrap_or(&self.name)
    }

    pub fn full_table(&self) -> String {
        self.schema.as_ref().map_or(self.table_name().to_owned(), |s| format!("{s}.{}", self.table_name()))
    }

    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name.as_str() == name)
    }

    /// Finds the key by its name where nothing says it.
    pub fn settle(&mut self) {
        if self.key.is_empty() {
            let marked = self.properties.iter().filter(|p| p.has_key_mark).map(|p| p.name.to_string());
            self.key = marked.collect();
        }
        if self.key.is_empty() {
            let own = format!("{}Id", self.name);
            let is_key = |p: &&Property| p.name.as_str().eq_ignore_ascii_case("id") || p.name.as_str() == own;
            self.key = self.properties.iter().find(is_key).map(|p| p.name.to_string()).into_iter().collect();
        }
    }
}

/// All entities: of sets, of configuration, and what these lead to.
pub(super) fn all(context: &Context<'_>) -> Vec<Entity> {
    let mut tables: Vec<(ClassRef, Option<String>)> = Vec::new();
    let program = context.program;
    for id in context.modules().filter(|id| program.module(*id).language == Language::CSharp) {
        if !context.imports(id, LIBRARY) && !has_sets(program.module(id)) {
            continue;
        }
        let module = program.module(id);
        for (_, class) in module.classes() {
            for field in &class.fields {
                if let Some((args, "DbSet")) = field.ty.and_then(|ty| generic(module, ty)) {
                    let found = args.first().and_then(|ty| class_of(context, id, *ty));
                    tables.extend(found.map(|c| (c, Some(field.name.to_string()))));
                }
            }
            for base in &class.bases {
                let Some((args, name)) = generic(module, *base) else { continue };
                if name == "IEntityTypeConfiguration" {
                    let found = args.first().and_then(|ty| class_of(context, id, *ty));
                    tables.extend(found.map(|c| (c, None)));
                } else if name == "IdentityDbContext" {
                    let identity = ["AspNetUsers", "AspNetRoles"];
                    for (ty, table) in args.iter().zip(identity) {
                        let found = class_of(context, id, *ty);
                        tables.extend(found.map(|c| (c, Some(table.to_owned()))));
                    }
                }
            }
        }
        tables.extend(super::fluent::named(context, id).into_iter().map(|c| (c, None)));
    }
    let mut found: Vec<Entity> = Vec::new();
    let mut at: FxHashMap<ClassRef, usize> = FxHashMap::default();
    let nullable = Nullable::read(context);
    let mut next = 0;
    while next < tables.len() && found.len() < 3000 {
        let (class, table) = tables[next].clone();
        next += 1;
        match at.get(&class) {
            Some(known) => {
                let known: &mut Entity = &mut found[*known];
                known.table = known.table.take().or(table);
            }
            None => {
                let made = entity(context, class, table, &nullable);
                // what lists and references lead to is stored as well
                tables.extend(made.properties.iter().filter_map(|p| p.target).map(|c| (c, None)));
                at.insert(class, found.len());
                found.push(made);
            }
        }
    }
    found.sort_by_key(|e| e.class);
    found
}

fn has_sets(module: &ir::Module) -> bool {
    let is_set = |f: &ir::Field| f.ty.and_then(|ty| generic(module, ty)).is_some_and(|(_, name)| name == "DbSet");
    module.classes().any(|(_, c)| c.fields.iter().any(is_set))
}

/// The last part of a generic type's name, with its arguments.
pub(super) fn generic(module: &ir::Module, ty: TypeId) -> Option<(&[TypeId], &str)> {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => Some((args, path.as_str().rsplit('.').next()?)),
        TypeKind::Optional(inner) => generic(module, *inner),
        _ => None,
    }
}

/// The class that a type is.
pub(super) fn class_of(context: &Context<'_>, module: ModuleId, ty: TypeId) -> Option<ClassRef> {
    context.evaluator(module).type_values(ty, None).iter().find_map(|value| match value {
        Value::Instance(class) | Value::Class(class) => {
            let class = context.program.classes().canonical(*class);
            matches!(context.program.class(class).kind, ClassKind::Class).then_some(class)
        }
        _ => None,
    })
}

/// Where references that are not marked with `?` are never null.
struct Nullable {
    folders: Vec<String>,
}

impl Nullable {
    fn read(context: &Context<'_>) -> Self {
        let files = context.sources.files().map(|(_, file)| file);
        let says = files.filter(|f| {
            (f.path.ends_with(".csproj") || f.path.ends_with("Directory.Build.props"))
                && f.text.to_ascii_lowercase().contains("<nullable>enable")
        });
        let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Self { folders: says.map(|f| folder(&f.path)).collect() }
    }

    fn holds(&self, context: &Context<'_>, module: ModuleId) -> bool {
        let file = context.sources.file(context.program.module(module).file);
        file.text.contains("#nullable enable") || self.folders.iter().any(|f| file.path.starts_with(f.as_str()))
    }
}

fn entity(context: &Context<'_>, class: ClassRef, table: Option<String>, nullable: &Nullable) -> Entity {
    let program = context.program;
    let item = program.class(class);
    let marks = Annotated::new(context, class.module, &item.annotations);
    let mark = marks.get("Table");
    let mut properties: Vec<Property> = Vec::new();
    for part in program.classes().lineage(class) {
        let parts = program.classes().info(part).map_or(vec![part], |i| i.parts.clone());
        for part in parts {
            let is_strict = nullable.holds(context, part.module);
            for field in &program.class(part).fields {
                if properties.iter().any(|p| p.name == field.name) {
                    continue;
                }
                properties.extend(property(context, class, part, field, is_strict));
            }
        }
    }
    let externals = program.classes().external_bases(class);
    let is_identity =
        externals.iter().any(|b| b.as_str().contains(".IdentityUser") || b.as_str().contains(".IdentityRole"));
    if is_identity && !properties.iter().any(|p| p.name == "Id") {
        properties.insert(0, identity_key(context, class));
    }
    // a property of a foreign key may name what it leads to
    let named: Vec<(Symbol, String)> = properties
        .iter()
        .filter(|p| p.target.is_none())
        .filter_map(|p| Some((p.name, p.foreign_key.first()?.clone())))
        .collect();
    for (column, leads) in named {
        if let Some(led) = properties.iter_mut().find(|p| p.name.as_str() == leads && p.target.is_some()) {
            led.foreign_key = vec![column.to_string()];
        }
    }
    let texts = |mark: super::super::annotated::Annotation<'_, '_>| -> Vec<String> {
        mark.plain().filter_map(|e| name_in(context, class.module, e)).collect()
    };
    let indexes = marks.all("Index").map(|index| IndexOf {
        properties: texts(index),
        name: index.text("Name"),
        is_unique: index.bool("IsUnique").unwrap_or(false),
        filter: None,
        at: index.range(),
    });
    Entity {
        class,
        name: item.name.to_string(),
        table: mark.and_then(|m| m.text("")).or(table),
        schema: mark.and_then(|m| m.text("Schema")),
        properties,
        key: marks.get("PrimaryKey").map(texts).unwrap_or_default(),
        indexes: indexes.collect(),
        is_left_out: marks.has_any(&["NotMapped", "Owned", "Keyless", "ComplexType"]),
    }
}

/// `nameof(X)`, `"X"`.
pub(super) fn name_in(context: &Context<'_>, module: ModuleId, expr: ir::ExprId) -> Option<String> {
    let item = context.program.module(module);
    match &item.expr(expr).kind {
        ir::ExprKind::Call { callee, args, .. } if item.dotted(*callee).as_deref() == Some("nameof") => {
            item.dotted(args.first()?.value)?.rsplit('.').next().map(str::to_owned)
        }
        _ => context.string(program::ExprRef { module, expr }).map(|s| s.to_string()),
    }
}

/// The key that users and roles of ASP.NET Identity have.
fn identity_key(context: &Context<'_>, class: ClassRef) -> Property {
    let item = context.program.class(class);
    let base = item.bases.iter().find_map(|b| generic(context.program.module(class.module), *b));
    let key = base.and_then(|(args, _)| ef_columns::clr_name(context.program.module(class.module), *args.first()?));
    Property {
        name: Symbol::new("Id"),
        span: context.program.module(class.module).span(item.name_range),
        at: item.name_range,
        column: "Id".to_owned(),
        clr: key.unwrap_or_else(|| "string".to_owned()),
        written_type: None,
        max_length: None,
        is_nullable: false,
        is_given: false,
        target: None,
        is_many: false,
        foreign_key: Vec::new(),
        inverse: None,
        is_required: false,
        on_delete: None,
        has_key_mark: false,
    }
}

/// Types that have columns.
const SCALARS: &[&str] = &[
    "int",
    "long",
    "short",
    "byte",
    "bool",
    "string",
    "Guid",
    "DateTime",
    "DateTimeOffset",
    "DateOnly",
    "TimeOnly",
    "TimeSpan",
    "decimal",
    "double",
    "float",
    "byte[]",
    "char",
    "uint",
    "ulong",
    "ushort",
    "sbyte",
    "string[]",
    "int[]",
    "long[]",
    "Guid[]",
    "JsonDocument",
    "Instant",
    "LocalDate",
];

const LISTS: &[&str] = &[
    "ICollection",
    "IList",
    "List",
    "IEnumerable",
    "HashSet",
    "ISet",
    "Collection",
    "IReadOnlyCollection",
    "IReadOnlyList",
    "ObservableCollection",
];

fn property(
    context: &Context<'_>,
    entity: ClassRef,
    part: ClassRef,
    field: &ir::Field,
    is_strict: bool,
) -> Option<Property> {
    let module = context.program.module(part.module);
    let ty = field.ty?;
    let marks = Annotated::new(context, part.module, &field.annotations);
    // columns are properties that can be read and written by all
    let text = context.sources.text(module.span(field.range));
    let is_property = text.contains("get;") || text.contains("get ") || text.contains("=>");
    let can_write = text.contains("set") || text.contains("init");
    if field.is_static || field.visibility != Visibility::Public || marks.has("NotMapped") || !is_property || !can_write
    {
        return None;
    }
    let is_optional = matches!(module.ty(ty).kind, TypeKind::Optional(_));
    let (args, last) = generic(module, ty).unwrap_or((&[], ""));
    let is_many = LISTS.contains(&last);
    let inner = if is_many { *args.first()? } else { ty };
    let clr = ef_columns::clr_name(module, inner).unwrap_or_default();
    let is_scalar = SCALARS.contains(&clr.as_str());
    let class = class_of(context, part.module, inner).filter(|_| !is_scalar);
    let is_enum = context.evaluator(part.module).type_values(inner, None).iter().any(|value| match value {
        Value::Instance(class) | Value::Class(class) => context.program.class(*class).kind == ClassKind::Enum,
        _ => false,
    });
    let is_column = (is_scalar || is_enum) && !is_many || marks.has("Column") && class.is_none();
    if !is_column && class.is_none() {
        return None;
    }
    let column = marks.get("Column");
    let is_reference = matches!(clr.as_str(), "string" | "byte[]" | "string[]");
    let must = marks.has_any(&["Required", "Key"]);
    let foreign_key =
        marks.get("ForeignKey").and_then(|m| m.plain().next()).and_then(|e| name_in(context, part.module, e));
    let given = marks.get("DatabaseGenerated").is_some_and(|m| m.word("") == Some("None"));
    let length = marks.get("MaxLength").or_else(|| marks.get("StringLength")).and_then(|m| m.int(""));
    Some(Property {
        name: field.name,
        span: module.span(field.range),
        at: if part.module == entity.module { field.range } else { context.program.class(entity).name_range },
        column: column.and_then(|c| c.text("")).unwrap_or_else(|| field.name.to_string()),
        clr: if is_enum { "int".to_owned() } else { clr },
        written_type: column.and_then(|c| c.text("TypeName")),
        max_length: length,
        is_nullable: !must && (is_optional || is_reference && !is_strict),
        is_given: given,
        target: if is_column { None } else { class },
        is_many,
        foreign_key: foreign_key.map(|k| k.split(',').map(|p| p.trim().to_owned()).collect()).unwrap_or_default(),
        inverse: marks
            .get("InverseProperty")
            .and_then(|m| m.plain().next())
            .and_then(|e| name_in(context, part.module, e))
            .map(|n| Symbol::new(&n)),
        is_required: must || is_strict && !is_optional,
        on_delete: None,
        has_key_mark: marks.has("Key"),
    })
}
