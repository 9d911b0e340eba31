//! Columns of TypeORM's entities and their types.

use std::rc::Rc;

use ir::{Field, Range, TypeId, TypeKind};
use program::ModuleId;
use sql::Dialect;

use super::{Home, enum_name};
use crate::adapters::Context;
use crate::schemas::node::typeorm::count;
use crate::schemas::table::Column;
use crate::schemas::written::literal;
use crate::script::{Call, Run, Val, What};
use crate::stored::words::{camel, snake};

/// A column with what its table needs to know.
pub(super) struct Told {
    pub(super) property: String,
    pub(super) column: Column,
    pub(super) is_primary: bool,
    pub(super) is_unique: bool,
    /// An id of a document.
    pub(super) is_object_id: bool,
    /// The statement that makes its enum.
    pub(super) create_type: Option<String>,
}

/// Reads the fields of one entity.
pub(super) struct Reader<'c, 'a> {
    pub(super) context: &'c Context<'a>,
    pub(super) dialect: Dialect,
    pub(super) is_snake: bool,
    /// Where fields of classes of other files count as written.
    pub(super) whole: Range,
    pub(super) home: Home,
}

impl Reader<'_, '_> {
    pub(super) fn place(&self, module: ModuleId, range: Range) -> Range {
        if module == self.home { range } else { self.whole }
    }

    #[allow(clippy::too_many_arguments)] // a field, and where it is
    pub(super) fn column(
        &mut self,
        run: &mut Run<'_, '_>,
        marks: &[Rc<Call>],
        property: &str,
        prefix: &str,
        field: &Field,
        module: ModuleId,
        at: Range,
        table: &str,
    ) -> Option<Told> {
        let kind = |call: &&Rc<Call>| {
            matches!(
                call.last(),
                "Column"
                    | "PrimaryColumn"
                    | "PrimaryGeneratedColumn"
                    | "CreateDateColumn"
                    | "UpdateDateColumn"
                    | "DeleteDateColumn"
                    | "VersionColumn"
                    | "ObjectIdColumn"
                    | "ObjectIDColumn"
            )
        };
        let mark = marks.iter().find(kind)?;
        let options = mark.args.iter().find(|a| !a.entries().is_empty());
        let option = |name: &str| options.and_then(|o| o.given(name));
        let is = |name: &str| option(name).is_some_and(Val::is_true);
        let own = option("name").and_then(Val::name);
        let mut column = Column { name: self.name(property, prefix, own), at, ..Column::default() };
        let given = mark.arg(0).and_then(Val::name).or_else(|| option("type").and_then(Val::name));
        let given =
            given.map(str::to_owned).or_else(|| option("type").map(|t| t.last().to_owned())).filter(|w| !w.is_empty());
        let declared = self.declared(module, field.ty);
        column.not_null = !is("nullable");
        column.default = option("default").and_then(|v| self.default(run, v));
        let mut told = Told {
            property: property.to_owned(),
            is_primary: mark.last().starts_with("Primary") || mark.last().starts_with("Object") || is("primary"),
            is_unique: is("unique"),
            is_object_id: mark.last().starts_with("Object"),
            create_type: None,
            column: Column::default(),
        };
        let generated = marks
            .iter()
            .find(|m| m.last() == "Generated")
            .map(|m| m.arg(0).and_then(Val::name).unwrap_or("increment").to_owned());
        match mark.last() {
            "PrimaryGeneratedColumn" => {
                let strategy = mark.arg(0).and_then(Val::name).unwrap_or("increment");
                let word = option("type").and_then(Val::name);
                self.generated(&mut column, strategy, word);
            }
            "CreateDateColumn" | "UpdateDateColumn" | "DeleteDateColumn" => {
                let word = given.filter(|w| w != mark.last());
                column.data_type = word.map_or_else(|| self.moment().to_owned(), |w| self.normal(&w));
                match mark.last() {
                    "DeleteDateColumn" => column.not_null = false,
                    _ => column.default = column.default.or_else(|| Some(self.now())),
                }
            }
            "VersionColumn" => column.data_type = self.normal("integer"),
            _ => self.plain(&mut column, &mut told, given, &declared, options, table),
        }
        if let (Some(strategy), true) = (generated, mark.last() != "PrimaryGeneratedColumn") {
            let word = column.data_type.clone();
            self.generated(&mut column, &strategy, Some(&word));
        }
        column.not_null |= told.is_primary;
        told.column = column;
        Some(told)
    }

    fn name(&self, property: &str, prefix: &str, own: Option<&str>) -> String {
        let name = own.unwrap_or(property);
        match (self.is_snake, own, prefix.is_empty()) {
            (true, Some(own), true) => own.to_owned(),
            (true, _, _) => format!("{}{}", snake(prefix), if own.is_some() { name.to_owned() } else { snake(name) }),
            (false, _, true) => name.to_owned(),
            (false, _, false) => {
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
                format!("{}{first}{}", camel(prefix), chars.as_str())
            }
        }
    }

    fn plain(
        &self,
        column: &mut Column,
        told: &mut Told,
        given: Option<String>,
        declared: &str,
        options: Option<&Val>,
        table: &str,
    ) {
        let option = |name: &str| options.and_then(|o| o.given(name));
        let number = |name: &str| {
            let value = option(name)?;
            value.name().map(str::to_owned).or_else(|| value.number().map(|n| n.to_string()))
        };
        let word = given.unwrap_or_else(|| self.of_declared(declared).to_owned());
        if let "enum" | "simple-enum" = word.as_str() {
            let values = option("enum").map(|v| self.enum_values(v)).unwrap_or_default();
            let values = values.iter().map(|v| literal(v)).collect::<Vec<_>>().join(", ");
            let own = option("enumName").and_then(Val::name);
            column.data_type = match self.dialect {
                Dialect::Postgres if !values.is_empty() => {
                    let name = own.map_or_else(|| enum_name(self.dialect, table, &column.name), |n| format!("\"{n}\""));
                    told.create_type = Some(format!("CREATE TYPE {name} AS ENUM ({values});\n"));
                    name
                }
                Dialect::MySql if !values.is_empty() => format!("enum({values})"),
                _ => "varchar".to_owned(),
            };
        } else {
            column.data_type = self.normal(&word);
            match (number("length"), number("precision"), number("scale")) {
                (Some(length), ..) if !length.is_empty() => {
                    column.data_type = format!("{}({length})", bare(&column.data_type))
                }
                (_, Some(precision), Some(scale)) => column.data_type.push_str(&format!("({precision},{scale})")),
                (_, Some(precision), None) => column.data_type.push_str(&format!("({precision})")),
                _ => {}
            }
            if option("unsigned").is_some_and(Val::is_true) && self.dialect == Dialect::MySql {
                column.data_type.push_str(" unsigned");
            }
        }
        if option("array").is_some_and(Val::is_true) && self.dialect == Dialect::Postgres {
            column.data_type.push_str("[]");
        }
    }

    fn generated(&self, column: &mut Column, strategy: &str, word: Option<&str>) {
        match strategy {
            "uuid" => {
                column.data_type = match self.dialect {
                    Dialect::Postgres => "uuid",
                    Dialect::SqlServer => "uniqueidentifier",
                    Dialect::MySql => "varchar(36)",
                    _ => "varchar",
                }
                .to_owned();
                if self.dialect == Dialect::Postgres {
                    column.default = Some("uuid_generate_v4()".to_owned());
                }
            }
            "rowid" | "identity" => column.data_type = self.normal(word.unwrap_or("integer")),
            _ => {
                column.data_type = self.normal(word.unwrap_or("integer"));
                column.default = None;
                count(self.dialect, column, true);
            }
        }
    }

    /// The type that a field of a class is declared with.
    fn declared(&self, module: ModuleId, ty: Option<TypeId>) -> String {
        let Some(ty) = ty else { return String::new() };
        let item = self.context.program.module(module);
        match &item.ty(ty).kind {
            TypeKind::Named { path, .. } => path.as_str().to_owned(),
            TypeKind::Optional(inner) => self.declared(module, Some(*inner)),
            TypeKind::Union(parts) => {
                let words: Vec<String> = parts.iter().map(|p| self.declared(module, Some(*p))).collect();
                words.into_iter().find(|w| !w.is_empty()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    fn of_declared(&self, declared: &str) -> &'static str {
        match declared {
            "number" | "Number" => "integer",
            "boolean" | "Boolean" => "boolean",
            "Date" => "datetime",
            "Buffer" => "blob",
            _ => "varchar",
        }
    }

    fn moment(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "timestamp",
            Dialect::MySql => "datetime(6)",
            Dialect::SqlServer => "datetime2",
            _ => "datetime",
        }
    }

    fn now(&self) -> String {
        match self.dialect {
            Dialect::MySql => "CURRENT_TIMESTAMP(6)",
            Dialect::Sqlite => "(datetime('now'))",
            Dialect::SqlServer => "getdate()",
            _ => "now()",
        }
        .to_owned()
    }

    /// A type as the database calls it.
    fn normal(&self, word: &str) -> String {
        let made = match (self.dialect, word) {
            (_, "simple-array" | "simple-json") => "text",
            (_, "Number" | "number") => return self.normal("integer"),
            (_, "Boolean" | "bool") => return self.normal("boolean"),
            (_, "String" | "string") => return self.normal("varchar"),
            (Dialect::Postgres, "datetime" | "Date") => "timestamp",
            (Dialect::Postgres, "blob") => "bytea",
            (Dialect::Postgres, "int" | "int4" | "mediumint") => "integer",
            (Dialect::Postgres, "tinyint") => "smallint",
            (Dialect::Postgres, "double") => "double precision",
            (Dialect::MySql, "varchar") => "varchar(255)",
            (Dialect::MySql, "integer") => "int",
            (Dialect::MySql, "boolean") => "tinyint",
            (Dialect::MySql, "uuid") => "varchar(36)",
            (Dialect::MySql, "Date") => "datetime",
            (Dialect::Sqlite, "uuid") => "varchar",
            (_, "Date") => "datetime",
            _ => word,
        };
        made.to_owned()
    }

    /// The values of an enum: a list, an object, an enum of TypeScript.
    fn enum_values(&self, value: &Val) -> Vec<String> {
        if let What::Class(class) = value.what {
            let module = self.context.program.module(class.module);
            let values = self.context.program.class(class).fields.iter().filter_map(|f| module.string(f.init?));
            return values.map(|v| v.as_str().to_owned()).collect();
        }
        let entries = value.entries().iter().filter_map(|e| e.value.name().map(str::to_owned));
        value.names().unwrap_or_else(|| entries.collect())
    }

    fn default(&self, run: &mut Run<'_, '_>, value: &Val) -> Option<String> {
        match &value.what {
            What::Bool(value) => Some(value.to_string()),
            What::Number(text) => Some(text.clone()),
            What::Text(text) => Some(literal(text)),
            // `() => 'CURRENT_TIMESTAMP'`
            What::Function(..) => run.given_by(value)?.text().map(str::to_owned),
            What::Null => None,
            _ => Some("'?'".to_owned()),
        }
    }
}

/// `varchar(255)` without its length.
fn bare(word: &str) -> &str {
    word.split('(').next().unwrap_or(word)
}

/// The type of a column that leads to another.
pub(super) fn referencing(data_type: &str) -> String {
    match data_type {
        "serial" => "integer".to_owned(),
        "bigserial" => "bigint".to_owned(),
        "smallserial" => "smallint".to_owned(),
        other => other.to_owned(),
    }
}
