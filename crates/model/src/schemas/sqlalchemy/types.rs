//! Types of SQLAlchemy, as its dialects compile them.

use base::Symbol;
use ir::{ExprKind, TypeKind};
use program::{ClassRef, ExprRef, Value};
use sql::Dialect;

use super::{Call, Reading};
use crate::schemas::written::literal;

/// The type of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ColumnType {
    /// As SQL writes it.
    pub text: String,
    /// A whole number, which can count up.
    pub is_integer: bool,
    /// An enum of the database, with its values.
    pub made: Option<(String, Vec<String>)>,
    /// The enum is there already.
    pub is_there: bool,
    /// The schema of the enum.
    pub schema: Option<String>,
}

impl ColumnType {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let is_integer = matches!(text.as_str(), "INTEGER" | "BIGINT" | "SMALLINT");
        ColumnType { text, is_integer, ..ColumnType::default() }
    }

    /// The type that Python's type gives a column where no other is written.
    pub(crate) fn of_annotation(name: &str, dialect: Dialect) -> Option<Self> {
        let mysql = dialect == Dialect::MySql;
        Some(Self::of(match name {
            "int" => "INTEGER",
            "str" => "VARCHAR",
            "bool" => "BOOLEAN",
            "float" => "FLOAT",
            "bytes" if mysql => "BLOB",
            "bytes" => "BYTEA",
            "Decimal" => "NUMERIC",
            "datetime" if mysql => "DATETIME",
            "datetime" => "TIMESTAMP WITHOUT TIME ZONE",
            "date" => "DATE",
            "time" => "TIME",
            "timedelta" if mysql => "DATETIME",
            "timedelta" => "INTERVAL",
            "UUID" | "UUID4" if mysql => "CHAR(32)",
            "UUID" | "UUID4" => "UUID",
            "dict" | "list" => "JSON",
            _ => return None,
        }))
    }
}

impl Reading<'_> {
    /// `sa.String(255)`, `sa.Integer`, `postgresql.JSONB(…)`, a class of the project's own.
    pub(crate) fn column_type(&self, at: ExprRef) -> Option<ColumnType> {
        self.column_type_at(at, 0)
    }

    fn column_type_at(&self, at: ExprRef, depth: usize) -> Option<ColumnType> {
        if depth > 5 {
            return None;
        }
        let at = self.resolved(at);
        let module = self.context.program.module(at.module);
        match &module.expr(at.expr).kind {
            ExprKind::Call { .. } => {
                let call = self.call(at)?;
                if call.name == "with_variant" {
                    return self.variant(&call, depth);
                }
                if matches!(call.name.as_str(), "as_mutable" | "MutableDict" | "MutableList" | "as_generic") {
                    return self.column_type_at(call.positional().next()?, depth + 1);
                }
                let name = call.name.clone();
                let named = ExprRef { module: at.module, expr: call.callee };
                self.of_class(&name, named, Some(&call), depth)
            }
            ExprKind::Name(name) | ExprKind::Member { name, .. } => self.of_class(name.as_str(), at, None, depth),
            _ => None,
        }
    }

    /// `JSON().with_variant(JSONB(), "postgresql")`
    fn variant(&self, call: &Call, depth: usize) -> Option<ColumnType> {
        let names = match self.dialect {
            Dialect::MySql => ["mysql", "mariadb"],
            Dialect::Sqlite => ["sqlite", ""],
            _ => ["postgresql", ""],
        };
        let is_ours = call.positional().skip(1).any(|d| self.text(d).is_some_and(|d| names.contains(&d.as_str())));
        let chosen = if is_ours { call.positional().next() } else { call.object };
        self.column_type_at(chosen?, depth + 1)
    }

    fn of_class(&self, name: &str, at: ExprRef, call: Option<&Call>, depth: usize) -> Option<ColumnType> {
        if matches!(name, "Enum" | "ENUM" | "PgEnum") {
            return call.and_then(|c| self.enum_type(c));
        }
        if matches!(name, "ARRAY" | "Array") {
            let item = call.and_then(|c| c.arg(0, "item_type")).and_then(|t| self.column_type_at(t, depth + 1))?;
            return Some(ColumnType { text: format!("{}[]", item.text), is_integer: false, ..item });
        }
        if let Some(text) = self.builtin(name, call) {
            // a class of the project may have the same name
            let own = self.own_class(at);
            if own.is_none() {
                return Some(ColumnType::of(text));
            }
        }
        let class = self.own_class(at)?;
        self.of_own_class(class, call, depth)
    }

    fn own_class(&self, at: ExprRef) -> Option<ClassRef> {
        self.context.eval(at).iter().find_map(|v| match v {
            Value::Class(class) => Some(*class),
            _ => None,
        })
    }

    /// `class Email(TypeDecorator): impl = String(320)`, a subclass of a type.
    fn of_own_class(&self, class: ClassRef, call: Option<&Call>, depth: usize) -> Option<ColumnType> {
        let classes = self.context.program.classes();
        for part in classes.lineage(class) {
            let module = self.context.program.module(part.module);
            let own = module.class(part.class).fields.iter().find(|f| f.name == "impl").and_then(|f| f.init);
            if let Some(implementation) = own {
                let at = ExprRef { module: part.module, expr: implementation };
                let name = module.dotted(implementation).unwrap_or_default();
                let last = name.rsplit('.').next().unwrap_or_default();
                // options of the call belong to the type within
                if let Some(text) = self.builtin(last, call).filter(|_| call.is_some_and(|c| !c.args.is_empty())) {
                    return Some(ColumnType::of(text));
                }
                if last == "TypeEngine" {
                    break;
                }
                return self.column_type_at(at, depth + 1);
            }
            if let Some(text) = self.said_type(part) {
                return Some(ColumnType::of(text));
            }
        }
        let known = classes.external_bases(class);
        known.iter().find_map(|b| {
            let last = b.as_str().rsplit('.').next().unwrap_or_default().to_owned();
            self.builtin(&last, call).map(ColumnType::of)
        })
    }

    /// What `get_col_spec` of a class always gives.
    fn said_type(&self, class: ClassRef) -> Option<String> {
        let info = self.context.program.classes().info(class)?;
        let function = info.methods.get(&Symbol::new("get_col_spec"))?.first()?;
        let module = self.context.program.module(function.module);
        let mut given =
            module.function(function.function).body.iter().flatten().filter_map(|s| match &module.stmt(*s).kind {
                ir::StmtKind::Return(Some(value)) => Some(*value),
                _ => None,
            });
        self.text(ExprRef { module: function.module, expr: given.next()? })
    }

    /// `Enum("a", "b", name="x")`, `Enum(Status)`.
    fn enum_type(&self, call: &Call) -> Option<ColumnType> {
        let first = call.positional().next();
        let mut values: Vec<String> = call.positional().flat_map(|v| self.texts(v)).collect();
        let mut name = call.named("name").and_then(|n| self.text(n));
        if values.is_empty()
            && let Some(class) = first.and_then(|f| self.own_class(f))
        {
            let module = self.context.program.module(class.module);
            let item = module.class(class.class);
            name = name.or_else(|| Some(item.name.as_str().to_lowercase()));
            let by_value = call.named("values_callable").is_some();
            values = item
                .fields
                .iter()
                .filter(|f| f.init.is_some() && !f.name.as_str().starts_with('_'))
                .filter_map(|f| match by_value {
                    true => self.text(ExprRef { module: class.module, expr: f.init? }),
                    false => Some(f.name.to_string()),
                })
                .collect();
        }
        let listed = || values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
        let longest = values.iter().map(|v| v.chars().count()).max().unwrap_or(0).max(1);
        let native = self.truth(call.named("native_enum")) != Some(false);
        match (self.dialect, name) {
            (Dialect::Postgres, Some(name)) if native => {
                let schema = call.named("schema").and_then(|s| self.text(s));
                let full = schema.as_ref().map_or_else(|| name.clone(), |s| format!("{s}.{name}"));
                Some(ColumnType {
                    text: crate::schemas::written::quoted(self.dialect, &full),
                    is_integer: false,
                    made: Some((full, values)),
                    is_there: self.truth(call.named("create_type")) == Some(false),
                    schema,
                })
            }
            (Dialect::MySql, _) if native => Some(ColumnType::of(format!("ENUM({})", listed()))),
            _ => {
                let length = self.number(call.named("length")).unwrap_or(longest as i64);
                Some(ColumnType::of(format!("VARCHAR({length})")))
            }
        }
    }

    /// A type that SQLAlchemy or a well-known package has.
    fn builtin(&self, name: &str, call: Option<&Call>) -> Option<String> {
        let arg = |position: usize, name: &str| self.number(call.and_then(|c| c.arg(position, name)));
        let flag = |name: &str| self.truth(call.and_then(|c| c.named(name))) == Some(true);
        let by = |postgres: &str, mysql: &str, sqlite: &str| {
            match self.dialect {
                Dialect::MySql => mysql,
                Dialect::Sqlite => sqlite,
                _ => postgres,
            }
            .to_owned()
        };
        let length = |word: &str| match arg(0, "length") {
            Some(length) => format!("{word}({length})"),
            None => word.to_owned(),
        };
        let zone = || {
            let positional = self.truth(call.and_then(|c| c.positional().next())) == Some(true);
            flag("timezone") || positional
        };
        let precise = |word: &str| match arg(0, "precision") {
            Some(precision) => match arg(1, "scale") {
                Some(scale) => format!("{word}({precision}, {scale})"),
                None => format!("{word}({precision})"),
            },
            None => word.to_owned(),
        };
        Some(match name {
            "String"
            | "Unicode"
            | "VARCHAR"
            | "NVARCHAR"
            | "AutoString"
            | "EmailType"
            | "URLType"
            | "StringEncryptedType"
            | "PasswordType"
            | "ChoiceType" => length("VARCHAR"),
            "CHAR" | "NCHAR" => length("CHAR"),
            "Text" | "UnicodeText" | "TEXT" | "CLOB" => by("TEXT", &length("TEXT"), "TEXT"),
            "LONGTEXT" | "MEDIUMTEXT" | "TINYTEXT" | "LONGBLOB" | "MEDIUMBLOB" | "TINYBLOB" | "YEAR" => name.to_owned(),
            "Integer" | "INTEGER" | "INT" => "INTEGER".to_owned(),
            "BigInteger" | "BIGINT" => "BIGINT".to_owned(),
            "SmallInteger" | "SMALLINT" => "SMALLINT".to_owned(),
            "TINYINT" => by(
                "SMALLINT",
                &arg(0, "display_width").map_or("TINYINT".to_owned(), |w| format!("TINYINT({w})")),
                "TINYINT",
            ),
            "Boolean" | "BOOLEAN" | "BOOL" => by("BOOLEAN", "BOOL", "BOOLEAN"),
            "DateTime" | "DATETIME" | "TIMESTAMP" | "UTCDateTime" | "TZDateTime" => {
                let known = if zone() { "TIMESTAMP WITH TIME ZONE" } else { "TIMESTAMP WITHOUT TIME ZONE" };
                by(known, if name == "TIMESTAMP" { "TIMESTAMP" } else { "DATETIME" }, "DATETIME")
            }
            "ArrowType" => by("TIMESTAMP WITHOUT TIME ZONE", "DATETIME", "DATETIME"),
            "TIMESTAMPAware" | "TIMESTAMPTZ" => by("TIMESTAMP WITH TIME ZONE", "DATETIME", "DATETIME"),
            "Date" | "DATE" => "DATE".to_owned(),
            "Time" | "TIME" => {
                by(if zone() { "TIME WITH TIME ZONE" } else { "TIME WITHOUT TIME ZONE" }, "TIME", "TIME")
            }
            "Interval" | "INTERVAL" => by("INTERVAL", "DATETIME", "DATETIME"),
            "Float" | "FLOAT" => precise("FLOAT"),
            "REAL" => "REAL".to_owned(),
            "Double" | "DOUBLE_PRECISION" | "DOUBLE" => by("DOUBLE PRECISION", "DOUBLE", "DOUBLE"),
            "Numeric" | "NUMERIC" | "DECIMAL" => precise("NUMERIC"),
            "LargeBinary" | "BYTEA" | "BLOB" | "BINARY" | "VARBINARY" | "PickleType" => by("BYTEA", "BLOB", "BLOB"),
            "JSON" | "JSONType" => by("JSON", "JSON", "JSON"),
            "JSONB" => "JSONB".to_owned(),
            "UUID" | "Uuid" | "GUID" | "UUIDType" => by("UUID", "CHAR(32)", "CHAR(32)"),
            "INET" | "CIDR" | "MACADDR" | "TSVECTOR" | "HSTORE" | "CITEXT" | "OID" | "MONEY" | "REGCLASS" | "LTREE"
            | "INT4RANGE" | "INT8RANGE" | "NUMRANGE" | "DATERANGE" | "TSRANGE" | "TSTZRANGE" | "JSONPATH" | "XML" => {
                name.to_owned()
            }
            "LtreeType" => "LTREE".to_owned(),
            "TSVectorType" => "TSVECTOR".to_owned(),
            "BIT" => match arg(0, "length") {
                Some(length) if flag("varying") => format!("BIT VARYING({length})"),
                Some(length) => format!("BIT({length})"),
                None => "BIT".to_owned(),
            },
            "Vector" | "VECTOR" => arg(0, "dim").map_or("VECTOR".to_owned(), |d| format!("VECTOR({d})")),
            "Geometry" | "Geography" => name.to_uppercase(),
            "NullType" => return None,
            _ => return None,
        })
    }

    /// The type that an annotation gives: `Mapped[int]`, `str | None`. With whether it may be missing.
    pub(crate) fn annotated(&self, module: program::ModuleId, ty: ir::TypeId) -> Option<(ColumnType, bool)> {
        let ir = self.context.program.module(module);
        match &ir.ty(ty).kind {
            TypeKind::Optional(inner) => self.annotated(module, *inner).map(|(found, _)| (found, true)),
            TypeKind::Union(parts) => parts.iter().find_map(|p| self.annotated(module, *p)),
            TypeKind::Named { path, args } => {
                let last = path.as_str().rsplit('.').next().unwrap_or_default();
                match (last, args.as_slice()) {
                    ("Optional", [inner]) => self.annotated(module, *inner).map(|(found, _)| (found, true)),
                    ("Mapped" | "Annotated" | "Final" | "ClassVar", [inner, ..]) => self.annotated(module, *inner),
                    _ => self.annotated_name(module, *path, last),
                }
            }
            _ => None,
        }
    }

    fn annotated_name(&self, module: program::ModuleId, path: Symbol, last: &str) -> Option<(ColumnType, bool)> {
        if let Some(found) = ColumnType::of_annotation(last, self.dialect) {
            return Some((found, false));
        }
        // `class Status(enum.Enum)`
        let class = self.context.program.class_named(module, path)?;
        let classes = self.context.program.classes();
        let is_enum = classes.external_bases(class).iter().any(|b| b.as_str().ends_with("Enum"));
        if !is_enum {
            return None;
        }
        let item = self.context.program.class(class);
        let values: Vec<String> = item
            .fields
            .iter()
            .filter(|f| f.init.is_some() && !f.name.as_str().starts_with('_'))
            .map(|f| f.name.to_string())
            .collect();
        let name = item.name.as_str().to_lowercase();
        Some((
            match self.dialect {
                Dialect::Postgres => ColumnType {
                    text: crate::schemas::written::quoted(self.dialect, &name),
                    made: Some((name, values)),
                    ..ColumnType::default()
                },
                _ => ColumnType::of("VARCHAR(255)"),
            },
            false,
        ))
    }
}
