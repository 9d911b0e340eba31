//! Online DDL of MySQL 8.0 (and MariaDB since 10.4) for InnoDB tables.

use super::{Blocked, Effect, Work};
use crate::{
    ColumnDefinition, ConstraintDefinition, ConstraintKind, Dialect, DroppedKind, IndexDefinition, Name, Schema,
    SqlType, Step, TableAction, schema::Column,
};

fn effect(table: &Name, blocks: Blocked, work: Work) -> Effect {
    Effect { table: table.clone(), lock: None, blocks, work, fails_on_rows: false }
}

pub(super) fn step(step: &Step, before: &Schema) -> Vec<Effect> {
    match step {
        Step::DropTable { names, .. } | Step::Truncate { names, .. } => {
            names.iter().map(|n| effect(n, Blocked::Everything, Work::Catalog)).collect()
        }
        Step::RenameTable { from, .. } => vec![effect(from, Blocked::Nothing, Work::Catalog)],
        Step::CreateIndex(index) => vec![build(&index.table, index)],
        Step::DropIndex { table: Some(table), .. } => vec![effect(table, Blocked::Nothing, Work::Catalog)],
        Step::CreateTrigger { table, .. } => vec![effect(table, Blocked::Nothing, Work::Catalog)],
        Step::LockTable { names, mode } => {
            let blocks = if mode.contains("write") { Blocked::Everything } else { Blocked::Writes };
            names.iter().map(|n| effect(n, blocks, Work::Catalog)).collect()
        }
        Step::AlterTable { table, action, .. } => action_effects(table, action, before),
        _ => Vec::new(),
    }
}

fn build(table: &Name, index: &IndexDefinition) -> Effect {
    let special = matches!(index.method.as_str(), "fulltext" | "spatial");
    effect(table, if special { Blocked::Writes } else { Blocked::Nothing }, Work::BuildIndex)
}

fn action_effects(table: &Name, action: &TableAction, before: &Schema) -> Vec<Effect> {
    let one = |blocks, work| vec![effect(table, blocks, work)];
    match action {
        TableAction::AddColumn { column, .. } => add_column(table, column),
        TableAction::ModifyColumn { column, definition } => {
            let from = before.table(table).and_then(|t| t.column(column, Dialect::MySql));
            let (blocks, work) = from.map_or((Blocked::Writes, Work::Rewrite), |from| modify(from, definition));
            one(blocks, work)
        }
        TableAction::AddIndex { index } => vec![build(table, index)],
        TableAction::AddConstraint { constraint } => add_constraint(table, constraint),
        TableAction::DropConstraint { kind: DroppedKind::PrimaryKey, .. } => one(Blocked::Writes, Work::Rewrite),
        TableAction::SetOption { name, .. } => match name.as_str() {
            "engine" | "convert to" | "row_format" | "key_block_size" => one(Blocked::Writes, Work::Rewrite),
            // what the statement asks of the server, and no change
            "algorithm" | "lock" => Vec::new(),
            _ => one(Blocked::Nothing, Work::Catalog),
        },
        _ => one(Blocked::Nothing, Work::Catalog),
    }
}

fn add_column(table: &Name, column: &ColumnDefinition) -> Vec<Effect> {
    let mut own = if column.identity.is_some() || column.generated.as_ref().is_some_and(|g| g.stored) {
        effect(table, Blocked::Writes, Work::Rewrite)
    } else {
        effect(table, Blocked::Nothing, Work::Catalog)
    };
    for constraint in &column.constraints {
        for other in add_constraint(table, constraint).into_iter().take(1) {
            own.blocks = own.blocks.max(other.blocks);
            own.work = own.work.max(other.work);
        }
    }
    vec![own]
}

fn add_constraint(table: &Name, constraint: &ConstraintDefinition) -> Vec<Effect> {
    match &constraint.kind {
        ConstraintKind::PrimaryKey { .. } => vec![effect(table, Blocked::Nothing, Work::Rewrite)],
        ConstraintKind::Unique { .. } => vec![effect(table, Blocked::Nothing, Work::BuildIndex)],
        // in place only with the session's checks switched off
        ConstraintKind::ForeignKey { references, .. } => {
            vec![effect(table, Blocked::Writes, Work::Rewrite), effect(references, Blocked::Writes, Work::Catalog)]
        }
        _ => vec![effect(table, Blocked::Writes, Work::Rewrite)],
    }
}

/// What a column written anew costs.
fn modify(from: &Column, to: &ColumnDefinition) -> (Blocked, Work) {
    let same_null = from.not_null == to.not_null.unwrap_or(false);
    if !is_free(&from.data_type, &to.data_type) {
        return (Blocked::Writes, Work::Rewrite);
    }
    if same_null { (Blocked::Nothing, Work::Catalog) } else { (Blocked::Nothing, Work::Rewrite) }
}

/// Whether a type changes in the catalog only.
fn is_free(from: &SqlType, to: &SqlType) -> bool {
    if from.name != to.name || from.suffix != to.suffix {
        return false;
    }
    match from.name.as_str() {
        "varchar" => {
            // the length of a value takes one byte up to 255 bytes: 63 characters of utf8mb4
            let (old, new) = (from.length().unwrap_or(0), to.length().unwrap_or(0));
            let same_bytes = (old > 63) == (new > 63) || old > 255;
            new >= old && same_bytes
        }
        "enum" | "set" => to.arguments.starts_with(&from.arguments),
        // the width is shown and not kept
        "int" | "bigint" | "smallint" | "tinyint" | "mediumint" => true,
        _ => from.arguments == to.arguments,
    }
}
