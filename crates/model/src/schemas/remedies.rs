//! What is written instead of a statement that blocks, in the words of the dialect and of the tool.

use sql::migrations::Tool;
use sql::{ConstraintDefinition, ConstraintKind, Dialect, IndexColumn, IndexDefinition, Name, Step, TableAction};

use super::{DatabaseSchema, steps::NewStep};

/// What to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// In a sentence.
    pub say: String,
    /// As statements.
    pub sql: String,
}

impl Remedy {
    fn new(say: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { say: say.into(), sql: sql.into() }
    }
}

impl DatabaseSchema {
    /// How this tool is told to run a migration without a transaction.
    pub fn outside_transaction(&self) -> &'static str {
        match self.set.tool {
            Tool::Sqlx => "The first line of such a migration is `-- no-transaction`.",
            Tool::Goose => "Such a migration has the line `-- +goose NO TRANSACTION`.",
            Tool::SqlMigrate => "Such a migration begins with `-- +migrate Up notransaction`.",
            Tool::Dbmate => "Such a migration begins with `-- migrate:up transaction:false`.",
            Tool::Diesel => "Such a migration has `run_in_transaction = false` in a `metadata.toml` beside it.",
            Tool::Liquibase => "Such a change set has `runInTransaction:false`.",
            Tool::Flyway => "Such a migration holds nothing else, so that it is run without a transaction.",
            Tool::GolangMigrate | Tool::Prisma | Tool::Postgrator => {
                "Such a migration holds this one statement: several in one file run in one transaction."
            }
            _ => "Such a migration must be run without a transaction.",
        }
    }

    /// What to do instead of a step, where more than one sentence can be said of it.
    pub fn remedy(&self, step: &NewStep) -> Option<Remedy> {
        match step.change()? {
            Step::CreateIndex(index) => match step.table() {
                Some(table) if table.partition_by.is_some() => Some(partitioned(index)),
                _ => self.index_remedy(index),
            },
            Step::DropIndex { names, .. } => {
                let names: Vec<String> = names.iter().map(Name::to_string).collect();
                let sql = format!("DROP INDEX CONCURRENTLY {};", names.join(", "));
                Some(Remedy::new("Drop it without blocking, in a migration of its own.", sql))
            }
            Step::Reindex { .. } => Some(Remedy::new(
                "Build it anew beside the old one, outside a transaction.",
                "REINDEX INDEX CONCURRENTLY …;",
            )),
            Step::AlterTable { table, action, .. } => self.action_remedy(step, table, action),
            _ => None,
        }
    }

    fn index_remedy(&self, index: &IndexDefinition) -> Option<Remedy> {
        match self.schema.dialect {
            Dialect::Postgres => {
                Some(Remedy::new("Build it without blocking, in a migration of its own.", concurrent_index(index)))
            }
            Dialect::SqlServer => {
                let made = create_index("CREATE INDEX", index);
                Some(Remedy::new("Build it online where the edition can.", format!("{made} WITH (ONLINE = ON);")))
            }
            _ => None,
        }
    }

    fn action_remedy(&self, step: &NewStep, table: &Name, action: &TableAction) -> Option<Remedy> {
        let postgres = self.schema.dialect == Dialect::Postgres;
        match action {
            TableAction::SetNotNull { column } if postgres => Some(not_null(table, column)),
            TableAction::AddConstraint { constraint } if postgres => Some(self.constraint(step, table, constraint)),
            TableAction::DetachPartition { partition, .. } => Some(Remedy::new(
                "Detach it without blocking, outside a transaction (since PostgreSQL 14).",
                format!("ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY;"),
            )),
            TableAction::AddColumn { column, .. } => {
                let (name, of_type) = (&column.name, shown_type(&column.data_type));
                let default = column.default.as_ref().map(|d| d.expression.clone());
                let mut sql = format!("ALTER TABLE {table} ADD COLUMN {name} {of_type};\n");
                if let Some(default) = &default {
                    sql += &format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};\n");
                }
                let value = default.unwrap_or_else(|| "…".to_owned());
                sql += &format!(
                    "-- in a later migration or a job, some thousand rows at a time:\nUPDATE {table} SET {name} = {value} WHERE {name} IS NULL AND id BETWEEN … AND …;"
                );
                if column.not_null == Some(true) && postgres {
                    sql += &format!("\n-- then, again later:\n{}", not_null(table, name).sql);
                } else if column.not_null == Some(true) {
                    sql += &format!("\n-- then, again later, make {name} NOT NULL");
                }
                Some(Remedy::new("Add it without values, fill it in batches, and then make it what it is to be.", sql))
            }
            TableAction::SetType { column, data_type, .. } => Some(new_column(table, column, &shown_type(data_type))),
            TableAction::ModifyColumn { column, definition } => {
                Some(new_column(table, column, &shown_type(&definition.data_type)))
            }
            _ => None,
        }
    }

    fn constraint(&self, step: &NewStep, table: &Name, constraint: &ConstraintDefinition) -> Remedy {
        match &constraint.kind {
            ConstraintKind::ForeignKey { columns, references, referenced, .. } => {
                let name =
                    constraint.name.clone().unwrap_or_else(|| format!("{}_{}_fkey", table.name, columns.join("_")));
                let target =
                    if referenced.is_empty() { String::new() } else { format!(" ({})", referenced.join(", ")) };
                let what = format!("FOREIGN KEY ({}) REFERENCES {references}{target}", columns.join(", "));
                in_two_steps(table, &name, &what)
            }
            ConstraintKind::Check { expression, .. } => {
                let name = constraint.name.clone().unwrap_or_else(|| format!("{}_check", table.name));
                in_two_steps(table, &name, &format!("CHECK ({})", expression.trim()))
            }
            ConstraintKind::PrimaryKey { columns, .. } => {
                by_index(step, table, constraint, columns, "PRIMARY KEY", "pkey")
            }
            ConstraintKind::Unique { columns, .. } => by_index(step, table, constraint, columns, "UNIQUE", "key"),
            ConstraintKind::Exclude { .. } => Remedy::new(
                "It cannot be built beside running writes: do it while the table is small, or in a window without traffic.",
                "",
            ),
        }
    }
}

fn partitioned(index: &IndexDefinition) -> Remedy {
    let (table, name) = (&index.table, index.name.clone().unwrap_or_else(|| "…".to_owned()));
    let whole = create_index("CREATE INDEX", index).replacen(" ON ", " ON ONLY ", 1);
    Remedy::new(
        "Make it for the partitioned table alone, build it on each partition without blocking, and attach those.",
        format!(
            "{whole};\n-- for each partition, outside a transaction:\nCREATE INDEX CONCURRENTLY {name}_1 ON {table}_1 …;\nALTER INDEX {name} ATTACH PARTITION {name}_1;"
        ),
    )
}

fn in_two_steps(table: &Name, name: &str, what: &str) -> Remedy {
    Remedy::new(
        "Add it without checking the rows that are there, and check them in a later migration, which blocks nobody.",
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {what} NOT VALID;\n-- in the next migration:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"
        ),
    )
}

fn by_index(
    _step: &NewStep,
    table: &Name,
    constraint: &ConstraintDefinition,
    columns: &[IndexColumn],
    kind: &str,
    end: &str,
) -> Remedy {
    let columns: Vec<&str> = columns.iter().filter_map(|c| c.column.as_deref()).collect();
    let name = constraint.name.clone().unwrap_or_else(|| match end {
        "pkey" => format!("{}_pkey", table.name),
        _ => format!("{}_{}_{end}", table.name, columns.join("_")),
    });
    Remedy::new(
        "Build its index without blocking, in a migration of its own, and give that to the constraint.",
        format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({});\n-- in the next migration:\nALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};",
            columns.join(", ")
        ),
    )
}

fn not_null(table: &Name, column: &str) -> Remedy {
    let name = format!("{}_{column}_not_null", table.name);
    Remedy::new(
        "Let a check be proved first, which blocks nobody; the column then takes its word.",
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n-- in the next migration:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\nALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {name};"
        ),
    )
}

fn new_column(table: &Name, column: &str, data_type: &str) -> Remedy {
    Remedy::new(
        "Add a column of the new type beside it, let the code write both, fill it in batches, read from it, and drop the old one last.",
        format!(
            "ALTER TABLE {table} ADD COLUMN {column}_new {data_type};\n-- when all code writes both, some thousand rows at a time:\nUPDATE {table} SET {column}_new = {column} WHERE {column}_new IS NULL AND id BETWEEN … AND …;"
        ),
    )
}

fn shown_type(data_type: &sql::SqlType) -> String {
    data_type.alias.clone().unwrap_or_else(|| data_type.to_string())
}

fn concurrent_index(index: &IndexDefinition) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("{};", create_index(&format!("CREATE {unique}INDEX CONCURRENTLY"), index))
}

fn create_index(begin: &str, index: &IndexDefinition) -> String {
    let column = |c: &IndexColumn| {
        let name = c.column.clone().unwrap_or_else(|| format!("({})", c.expression.as_deref().unwrap_or("…")));
        let class = c.operator_class.as_ref().map(|o| format!(" {o}")).unwrap_or_default();
        format!("{name}{class}{}", if c.descending { " DESC" } else { "" })
    };
    let columns: Vec<String> = index.columns.iter().map(column).collect();
    let name = index.name.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
    let method =
        if matches!(index.method.as_str(), "btree" | "") { String::new() } else { format!(" USING {}", index.method) };
    let include =
        if index.include.is_empty() { String::new() } else { format!(" INCLUDE ({})", index.include.join(", ")) };
    let predicate = index.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    format!("{begin}{name} ON {}{method} ({}){include}{predicate}", index.table, columns.join(", "))
}
