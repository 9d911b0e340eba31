//! `ALTER` of everything; `ALTER TABLE` yields one step per action.

use super::{
    Steps, one,
    table::{begins_constraint, column, column_after_name, constraint, default, partition_bound, plain_index},
};
use crate::{
    ColumnDefinition, Dialect, DroppedKind, EnumPlace, Identity, Name, Step, TableAction,
    cursor::{Cursor, Read},
    lex::Kind,
};

/// After `ALTER`. `None`: it changes nothing that a schema holds.
pub(super) fn alter(cursor: &mut Cursor<'_, '_>) -> Option<Read<Steps>> {
    let _ = cursor.word("online") || cursor.word("ignore");
    let _ = cursor.word("foreign") && !cursor.is("data");
    Some(if cursor.word("table") {
        alter_table(cursor)
    } else if cursor.word("index") {
        alter_index(cursor)
    } else if cursor.word("type") {
        alter_type(cursor)
    } else if cursor.word("sequence") {
        alter_sequence(cursor)
    } else if cursor.take(&["materialized", "view"]) {
        alter_view(cursor, true)
    } else if cursor.word("view") {
        alter_view(cursor, false)
    } else if cursor.word("schema") {
        rename_schema(cursor)
    } else if cursor.word("policy") {
        policy(cursor)
    } else {
        return None;
    })
}

fn alter_table(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let if_exists = cursor.if_exists();
    let only = cursor.word("only");
    let table = cursor.name()?;
    let _ = cursor.symbol("*");
    if cursor.dialect == Dialect::SqlServer {
        let _ = cursor.take(&["with", "check"]) || cursor.take(&["with", "nocheck"]);
    }
    let mut steps = Steps::new();
    loop {
        let start = cursor.position();
        let actions = action(cursor, &table)?;
        let range = cursor.range_from(start);
        for action in actions {
            let step = match action {
                Made::Action(action) => Step::AlterTable { table: table.clone(), if_exists, only, action },
                Made::Step(step) => *step,
            };
            steps.push((Some(range), step));
        }
        if cursor.symbol(",") {
            continue;
        }
        if cursor.is_done() {
            return Ok(steps);
        }
        return Err(cursor.expected("`,` or the end"));
    }
}

enum Made {
    Action(TableAction),
    Step(Box<Step>),
}

fn act(action: TableAction) -> Read<Vec<Made>> {
    Ok(vec![Made::Action(action)])
}

fn action(cursor: &mut Cursor<'_, '_>, table: &Name) -> Read<Vec<Made>> {
    if cursor.word("add") {
        add(cursor, table)
    } else if cursor.word("drop") {
        drop_action(cursor)
    } else if cursor.word("alter") {
        alter_column(cursor)
    } else if cursor.word("modify") {
        modify(cursor)
    } else if cursor.word("change") {
        let _ = cursor.word("column");
        let if_exists = cursor.if_exists();
        let from = cursor.identifier()?;
        let definition = Box::new(column(cursor)?);
        let _ = if_exists;
        act(TableAction::ModifyColumn { column: from, definition })
    } else if cursor.word("rename") {
        rename(cursor, table)
    } else if cursor.take(&["set", "schema"]) {
        let schema = cursor.identifier()?;
        Ok(vec![Made::Step(Box::new(Step::SetTableSchema { table: table.clone(), schema }))])
    } else if cursor.take(&["validate", "constraint"]) {
        act(TableAction::ValidateConstraint { name: cursor.identifier()? })
    } else if cursor.take(&["attach", "partition"]) {
        let partition = cursor.name()?;
        act(TableAction::AttachPartition { partition, bound: partition_bound(cursor) })
    } else if cursor.take(&["detach", "partition"]) {
        let partition = cursor.name()?;
        // `FINALIZE` ends what was begun concurrently
        let concurrently = cursor.word("concurrently") | cursor.word("finalize");
        act(TableAction::DetachPartition { partition, concurrently })
    } else if cursor.word("inherit") {
        act(TableAction::Inherit { parent: cursor.name()? })
    } else if cursor.take(&["no", "inherit"]) {
        act(TableAction::NoInherit { parent: cursor.name()? })
    } else {
        settings(cursor)
    }
}

/// Actions that change how a table is kept or guarded.
fn settings(cursor: &mut Cursor<'_, '_>) -> Read<Vec<Made>> {
    let security = ["row", "level", "security"];
    if cursor.word("enable") || cursor.is("disable") {
        let enabled = !cursor.word("disable");
        if cursor.take(&security) {
            return act(TableAction::RowSecurity { enabled: Some(enabled), forced: None });
        }
        let _ = cursor.word("always") || cursor.word("replica");
        if cursor.word("trigger") {
            return act(TableAction::Trigger { name: cursor.identifier()?, enabled });
        }
        return other(cursor);
    }
    if cursor.word("force") || cursor.are(&["no", "force"]) {
        let forced = !cursor.take(&["no", "force"]);
        return if cursor.take(&security) {
            act(TableAction::RowSecurity { enabled: None, forced: Some(forced) })
        } else {
            other(cursor)
        };
    }
    if cursor.take(&["replica", "identity"]) {
        let from = cursor.at;
        while !cursor.is_done() && !cursor.is_symbol(",") {
            cursor.skip();
        }
        return act(TableAction::ReplicaIdentity { identity: cursor.slice(from, cursor.at).to_lowercase() });
    }
    for what in ["logged", "unlogged", "tablespace", "access"] {
        if cursor.take(&["set", what]) {
            while !cursor.is_done() && !cursor.is_symbol(",") {
                cursor.skip();
            }
            return act(TableAction::SetStorage { what: what.into() });
        }
    }
    if cursor.take(&["convert", "to"]) {
        let from = cursor.at;
        while !cursor.is_done() && !cursor.is_symbol(",") {
            cursor.skip();
        }
        let value = cursor.slice(from, cursor.at).to_lowercase();
        return act(TableAction::SetOption { name: "convert to".into(), value });
    }
    let is_option = cursor.peek().is_some_and(|t| t.kind == Kind::Word)
        && (cursor.tokens.get(cursor.at + 1).is_some_and(|t| t.is_symbol("="))
            || ["engine", "algorithm", "lock", "auto_increment", "comment"].iter().any(|w| cursor.is(w)));
    if is_option && cursor.dialect != Dialect::Postgres {
        let name = cursor.identifier()?.to_lowercase();
        let _ = cursor.symbol("=");
        let value = cursor.value_text().to_lowercase();
        return act(TableAction::SetOption { name, value });
    }
    if cursor.take(&["set"]) && cursor.is_symbol("(") {
        let value = cursor.group_text()?.to_lowercase();
        return act(TableAction::SetOption { name: "storage".into(), value });
    }
    other(cursor)
}

/// The rest of the action, as it is written.
fn other(cursor: &mut Cursor<'_, '_>) -> Read<Vec<Made>> {
    let from = cursor.at;
    while !cursor.is_done() && !cursor.is_symbol(",") {
        cursor.skip();
    }
    if cursor.at == from {
        return Err(cursor.expected("an action"));
    }
    act(TableAction::Other { what: cursor.slice(from, cursor.at) })
}

fn add(cursor: &mut Cursor<'_, '_>, table: &Name) -> Read<Vec<Made>> {
    if let Some(index) = plain_index(cursor, table)? {
        return act(TableAction::AddIndex { index: Box::new(index) });
    }
    if begins_constraint(cursor) {
        // SQL Server: `ADD CONSTRAINT name DEFAULT value FOR column`
        if cursor.is_ahead(2, "default") {
            cursor.at += 3;
            let default = Some(default_for(cursor)?);
            return act(TableAction::SetDefault { column: cursor.identifier()?, default });
        }
        return act(TableAction::AddConstraint { constraint: Box::new(constraint(cursor)?) });
    }
    if cursor.is("default") && cursor.dialect == Dialect::SqlServer {
        cursor.at += 1;
        let default = Some(default_for(cursor)?);
        return act(TableAction::SetDefault { column: cursor.identifier()?, default });
    }
    if cursor.word("partition") || cursor.word("period") {
        return other(cursor);
    }
    let _ = cursor.word("column");
    let if_not_exists = cursor.if_not_exists();
    // MySQL and Oracle: several in parentheses
    if cursor.symbol("(") {
        let mut made = Vec::new();
        loop {
            if begins_constraint(cursor) {
                made.push(Made::Action(TableAction::AddConstraint { constraint: Box::new(constraint(cursor)?) }));
            } else {
                let column = Box::new(column(cursor)?);
                made.push(Made::Action(TableAction::AddColumn { column, if_not_exists }));
            }
            if !cursor.symbol(",") {
                break;
            }
        }
        cursor.expect_symbol(")")?;
        return Ok(made);
    }
    let mut made = vec![Made::Action(TableAction::AddColumn { column: Box::new(column(cursor)?), if_not_exists })];
    // SQL Server: `ADD a int, b int`
    while cursor.dialect == Dialect::SqlServer && cursor.symbol(",") {
        if begins_constraint(cursor) {
            made.push(Made::Action(TableAction::AddConstraint { constraint: Box::new(constraint(cursor)?) }));
        } else {
            let column = Box::new(column(cursor)?);
            made.push(Made::Action(TableAction::AddColumn { column, if_not_exists }));
        }
    }
    Ok(made)
}

fn default_for(cursor: &mut Cursor<'_, '_>) -> Read<crate::Default> {
    let expression = cursor.expression(&["for"])?;
    let volatility = crate::cursor::volatility(&expression, cursor.dialect);
    cursor.expect_word("for")?;
    Ok(crate::Default { expression, volatility })
}

fn drop_action(cursor: &mut Cursor<'_, '_>) -> Read<Vec<Made>> {
    let named = |cursor: &mut Cursor<'_, '_>, kind| {
        let if_exists = cursor.if_exists();
        let name = cursor.identifier()?;
        act(TableAction::DropConstraint { name, kind, if_exists, cascade: cursor.cascade() })
    };
    if cursor.take(&["primary", "key"]) {
        let name = String::new();
        return act(TableAction::DropConstraint {
            name,
            kind: DroppedKind::PrimaryKey,
            if_exists: false,
            cascade: false,
        });
    }
    if cursor.take(&["foreign", "key"]) {
        return named(cursor, DroppedKind::ForeignKey);
    }
    if cursor.word("constraint") {
        return named(cursor, DroppedKind::Constraint);
    }
    let is_column = cursor.tokens.get(cursor.at + 1).is_none_or(|t| t.is_symbol(",") || t.is("cascade"));
    if cursor.is("check") && !is_column {
        cursor.at += 1;
        return named(cursor, DroppedKind::Check);
    }
    if (cursor.is("index") || cursor.is("key")) && !is_column {
        cursor.at += 1;
        let if_exists = cursor.if_exists();
        return act(TableAction::DropIndex { name: cursor.identifier()?, if_exists });
    }
    if cursor.word("partition") {
        return other(cursor);
    }
    let _ = cursor.word("column");
    let if_exists = cursor.if_exists();
    let grouped = cursor.symbol("(");
    let mut made = Vec::new();
    loop {
        let column = cursor.identifier()?;
        let cascade = cursor.cascade();
        made.push(Made::Action(TableAction::DropColumn { column, if_exists, cascade }));
        let more = (grouped || cursor.dialect == Dialect::SqlServer)
            && cursor.is_symbol(",")
            && !["add", "drop", "alter", "constraint"].iter().any(|w| cursor.is_ahead(1, w));
        if !more {
            break;
        }
        cursor.at += 1;
    }
    if grouped {
        cursor.expect_symbol(")")?;
        let _ = cursor.cascade();
    }
    Ok(made)
}

fn alter_column(cursor: &mut Cursor<'_, '_>) -> Read<Vec<Made>> {
    if cursor.word("constraint") || cursor.word("check") {
        let name = cursor.identifier()?;
        while !cursor.is_done() && !cursor.is_symbol(",") {
            cursor.skip();
        }
        return act(TableAction::AlterConstraint { name });
    }
    if cursor.word("index") {
        return other(cursor);
    }
    let _ = cursor.word("column");
    let _ = cursor.if_exists();
    let start = cursor.position();
    let column = cursor.identifier()?;
    if cursor.take(&["set", "data", "type"]) || cursor.word("type") {
        let data_type = cursor.data_type()?;
        let collation = if cursor.word("collate") { Some(cursor.name()?.name) } else { None };
        let using = if cursor.word("using") { Some(cursor.expression(&[])?) } else { None };
        return act(TableAction::SetType { column, data_type, using, collation });
    }
    if cursor.take(&["set", "default"]) {
        return act(TableAction::SetDefault { column, default: Some(default(cursor)?) });
    }
    if cursor.take(&["drop", "default"]) {
        return act(TableAction::SetDefault { column, default: None });
    }
    if cursor.take(&["set", "not", "null"]) {
        return act(TableAction::SetNotNull { column });
    }
    if cursor.take(&["drop", "not", "null"]) {
        return act(TableAction::DropNotNull { column });
    }
    if cursor.take(&["drop", "identity"]) {
        return act(TableAction::DropIdentity { column, if_exists: cursor.if_exists() });
    }
    if cursor.take(&["drop", "expression"]) {
        let _ = cursor.if_exists();
        return act(TableAction::DropExpression { column });
    }
    if cursor.take(&["add", "generated"]) {
        let identity = if cursor.take(&["by", "default"]) { Identity::ByDefault } else { Identity::Always };
        let _ = cursor.word("always");
        cursor.expect_word("as")?;
        cursor.expect_word("identity")?;
        if cursor.is_symbol("(") {
            cursor.skip_group();
        }
        return act(TableAction::AddIdentity { column, identity });
    }
    if cursor.is("set") || cursor.is("reset") || cursor.is("restart") {
        return other(cursor);
    }
    let definition = Box::new(column_after_name(cursor, start, column.clone())?);
    act(TableAction::ModifyColumn { column, definition })
}

/// `MODIFY` of MySQL and Oracle.
fn modify(cursor: &mut Cursor<'_, '_>) -> Read<Vec<Made>> {
    let _ = cursor.word("column");
    let _ = cursor.if_exists();
    let one = |definition: ColumnDefinition| {
        let column = definition.name.clone();
        Made::Action(TableAction::ModifyColumn { column, definition: Box::new(definition) })
    };
    if !cursor.symbol("(") {
        return Ok(vec![one(column(cursor)?)]);
    }
    let mut made = Vec::new();
    loop {
        made.push(one(column(cursor)?));
        if !cursor.symbol(",") {
            break;
        }
    }
    cursor.expect_symbol(")")?;
    Ok(made)
}

fn rename(cursor: &mut Cursor<'_, '_>, table: &Name) -> Read<Vec<Made>> {
    if cursor.word("constraint") {
        let from = cursor.identifier()?;
        cursor.expect_word("to")?;
        return act(TableAction::RenameConstraint { from, to: cursor.identifier()? });
    }
    if cursor.is("index") || cursor.is("key") {
        cursor.at += 1;
        let from = cursor.identifier()?;
        cursor.expect_word("to")?;
        return act(TableAction::RenameIndex { from, to: cursor.identifier()? });
    }
    let to_table = cursor.word("to") || cursor.word("as");
    if to_table || cursor.symbol("=") {
        let to = cursor.name()?;
        return Ok(vec![Made::Step(Box::new(Step::RenameTable { from: table.clone(), to }))]);
    }
    let _ = cursor.word("column");
    let _ = cursor.if_exists();
    let from = cursor.identifier()?;
    if !cursor.word("to") {
        // MySQL: `RENAME name` renames the table
        let to = Name::bare(from);
        return Ok(vec![Made::Step(Box::new(Step::RenameTable { from: table.clone(), to }))]);
    }
    act(TableAction::RenameColumn { from, to: cursor.identifier()? })
}

fn alter_index(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let if_exists = cursor.if_exists();
    let from = cursor.name()?;
    if cursor.take(&["rename", "to"]) {
        return Ok(one(Step::RenameIndex { table: None, from, to: cursor.identifier()?, if_exists }));
    }
    cursor.at = cursor.tokens.len();
    Ok(Steps::new())
}

fn alter_type(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let name = cursor.name()?;
    if cursor.take(&["add", "value"]) {
        let if_not_exists = cursor.if_not_exists();
        let value = cursor.string()?;
        let place = if cursor.word("before") {
            EnumPlace::Before(cursor.string()?)
        } else if cursor.word("after") {
            EnumPlace::After(cursor.string()?)
        } else {
            EnumPlace::Last
        };
        return Ok(one(Step::AddEnumValue { name, value, place, if_not_exists }));
    }
    if cursor.take(&["rename", "value"]) {
        let from = cursor.string()?;
        cursor.expect_word("to")?;
        return Ok(one(Step::RenameEnumValue { name, from, to: cursor.string()? }));
    }
    if cursor.take(&["rename", "to"]) {
        return Ok(one(Step::RenameType { from: name, to: cursor.identifier()? }));
    }
    if cursor.take(&["set", "schema"]) {
        return Ok(one(Step::SetTypeSchema { name, schema: cursor.identifier()? }));
    }
    cursor.at = cursor.tokens.len();
    Ok(Steps::new())
}

fn alter_sequence(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let _ = cursor.if_exists();
    let name = cursor.name()?;
    if cursor.take(&["rename", "to"]) {
        return Ok(one(Step::RenameSequence { from: name, to: cursor.identifier()? }));
    }
    let mut owned_by = None;
    while !cursor.is_done() {
        if cursor.take(&["owned", "by"]) {
            owned_by = super::other::owner(cursor)?;
        } else {
            cursor.skip();
        }
    }
    Ok(one(Step::AlterSequence { name, owned_by }))
}

fn alter_view(cursor: &mut Cursor<'_, '_>, materialized: bool) -> Read<Steps> {
    let _ = cursor.if_exists();
    let from = cursor.name()?;
    if cursor.take(&["rename", "to"]) {
        return Ok(one(Step::RenameView { from, to: cursor.identifier()?, materialized }));
    }
    cursor.at = cursor.tokens.len();
    Ok(Steps::new())
}

fn rename_schema(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let from = cursor.identifier()?;
    if cursor.take(&["rename", "to"]) {
        return Ok(one(Step::RenameSchema { from, to: cursor.identifier()? }));
    }
    cursor.at = cursor.tokens.len();
    Ok(Steps::new())
}

fn policy(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let name = cursor.identifier()?;
    cursor.expect_word("on")?;
    let table = cursor.name()?;
    Ok(one(Step::AlterPolicy { name, table }))
}
