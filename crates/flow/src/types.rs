//! Types whose values can do no harm.

use base::{Language, Symbol};
use ir::{ClassKind, ExprId, Module, TypeId, TypeKind};
use program::{ModuleId, Program};

use crate::interpret::Run;

/// Whether no value of a written type is dangerous: numbers, truth values, times, identifiers of a fixed
/// form, and enums of the repository.
pub fn is_harmless(program: &Program, id: ModuleId, ty: TypeId) -> bool {
    of(program, id, program.module(id), ty)
}

fn of(program: &Program, id: ModuleId, module: &Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or("");
            if is_known(last) {
                return true;
            }
            if !args.is_empty() {
                // wrappers whose value is the inner one
                let wraps = matches!(
                    last,
                    "Optional"
                        | "Nullable"
                        | "Path"
                        | "Query"
                        | "Annotated"
                        | "Option"
                        | "List"
                        | "Vec"
                        | "Set"
                        | "Sequence"
                        | "list"
                        | "set"
                        | "Json"
                        | "Form"
                        | "Array"
                        | "Iterable"
                        | "Collection"
                        | "IEnumerable"
                        | "ParseIntPipe"
                );
                return wraps && of_many(program, id, module, args[0]);
            }
            program.class_named(id, *path).is_some_and(|at| {
                let (class, module) = (program.class(at), program.module(at.module));
                is_of_numbers(program, class, module, at.module)
                    || class.kind == ClassKind::Enum
                    || class.bases.iter().any(|b| match &module.ty(*b).kind {
                        TypeKind::Named { path, .. } => {
                            matches!(path.as_str().rsplit('.').next(), Some("Enum" | "IntEnum" | "StrEnum"))
                        }
                        _ => false,
                    })
            })
        }
        TypeKind::Optional(inner) | TypeKind::Ref(inner) => of(program, id, module, *inner),
        TypeKind::Array(inner) => of_many(program, id, module, *inner),
        TypeKind::Tuple(all) | TypeKind::Union(all) => {
            !all.is_empty() && all.iter().all(|t| of(program, id, module, *t))
        }
        _ => false,
    }
}

/// Whether a type of Rust or Go wraps one value that is harmless: `struct OrderId(u64)`.
fn is_of_numbers(program: &Program, class: &ir::Class, module: &Module, id: ModuleId) -> bool {
    use base::Language::{Go, Rust};
    matches!(module.language, Rust | Go)
        && class.kind != ClassKind::Enum
        && class.fields.len() == 1
        && class.fields[0].ty.is_some_and(|ty| match &module.ty(ty).kind {
            TypeKind::Named { path, .. } => {
                is_known(path.as_str().rsplit('.').next().unwrap_or("")) && *path != class.name
            }
            TypeKind::Ref(_) | TypeKind::Optional(_) | TypeKind::Tuple(_) => false,
            _ => of(program, id, module, ty),
        })
}

impl Run<'_> {
    /// Whether a member is the key or a time of a record that an embedded type of a library brings: the `ID` of
    /// what embeds `gorm.Model`.
    pub fn is_key_of_library(&self, object: ExprId, name: Symbol) -> bool {
        if self.module.language != Language::Go
            || !matches!(name.as_str(), "ID" | "CreatedAt" | "UpdatedAt" | "DeletedAt")
        {
            return false;
        }
        let class = self.declared_type(object).and_then(|ty| self.class_of_type(self.id, ty));
        class.is_some_and(|class| {
            let classes = self.program.classes();
            classes.field(class, name).is_none() && !classes.external_bases(class).is_empty()
        })
    }
}

/// Whether a written type is that of a file of the system.
pub fn is_file(module: &Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Named { path, .. } => {
            module.language == base::Language::Java && matches!(path.as_str().rsplit('.').next(), Some("File" | "Path"))
        }
        _ => false,
    }
}

/// Whether values of a written type hold many of another.
pub fn is_collection(module: &Module, ty: TypeId) -> bool {
    match &module.ty(ty).kind {
        TypeKind::Array(_) => true,
        TypeKind::Optional(inner) | TypeKind::Ref(inner) => is_collection(module, *inner),
        TypeKind::Named { path, args } => {
            let last = path.as_str().rsplit('.').next().unwrap_or("");
            let last = last.strip_prefix('I').filter(|l| l.starts_with(char::is_uppercase)).unwrap_or(last);
            args.len() == 1
                && ["List", "list", "Set", "set", "Collection", "Enumerable", "Iterable", "Vec", "Array", "Sequence"]
                    .iter()
                    .any(|name| last.ends_with(name))
        }
        _ => false,
    }
}

/// Whether many values of a type are harmless: one byte or character is, but many are a text.
fn of_many(program: &Program, id: ModuleId, module: &Module, ty: TypeId) -> bool {
    let is_part_of_text = match &module.ty(ty).kind {
        TypeKind::Named { path, .. } => {
            matches!(path.as_str(), "byte" | "Byte" | "sbyte" | "uint8" | "u8" | "i8" | "char" | "Character" | "rune")
        }
        _ => false,
    };
    !is_part_of_text && of(program, id, module, ty)
}

/// Whether values of a written type are strings, which the language or the framework sees to.
pub fn is_text(module: &Module, ty: TypeId) -> bool {
    if module.language.is_ecmascript() {
        return false;
    }
    match &module.ty(ty).kind {
        TypeKind::Named { path, args } if args.is_empty() => {
            matches!(path.as_str().rsplit('.').next(), Some("str" | "String" | "string"))
        }
        TypeKind::Optional(inner) | TypeKind::Ref(inner) => is_text(module, *inner),
        _ => false,
    }
}

fn is_known(last: &str) -> bool {
    matches!(
        last,
        // whole numbers
        "int" | "Int" | "Integer" | "long" | "Long" | "short" | "Short" | "byte" | "Byte" | "BigInteger" | "bigint"
            | "BigInt" | "uint" | "ulong" | "ushort" | "sbyte" | "int8" | "int16" | "int32" | "int64" | "uint8"
            | "uint16" | "uint32" | "uint64" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32"
            | "u64" | "u128" | "usize" | "Int32" | "Int64" | "UInt32" | "UInt64" | "NonZeroU32" | "NonZeroU64"
            | "PositiveInt" | "NonNegativeInt" | "conint"
        // others
            | "float" | "Float" | "double" | "Double" | "decimal" | "Decimal" | "number" | "Number" | "BigDecimal"
            | "f32" | "f64" | "float32" | "float64" | "bool" | "Boolean" | "boolean" | "Bool" | "char" | "Character"
        // identifiers of a fixed form
            | "uuid" | "UUID" | "Uuid" | "Guid" | "UUID4" | "UUID1" | "ObjectId" | "ObjectID" | "PydanticObjectId"
        // times
            | "date" | "Date" | "datetime" | "DateTime" | "LocalDate" | "LocalDateTime" | "LocalTime" | "Instant"
            | "OffsetDateTime" | "ZonedDateTime" | "DateOnly" | "TimeOnly" | "DateTimeOffset" | "TimeSpan" | "Duration"
            | "NaiveDate" | "NaiveDateTime" | "timedelta" | "Timestamp" | "Time" | "YearMonth" | "Year"
    )
}
