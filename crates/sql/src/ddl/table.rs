//! `CREATE TABLE`: columns, constraints, keys and options.

use super::index::{index_column, index_columns, index_options, parameters};
use crate::{
    ColumnDefinition, ColumnPlace, ConstraintDefinition, ConstraintKind, Default, Dialect, Generated, Identity,
    IndexColumn, IndexDefinition, LikeClause, Name, PartitionBy, Range, ReferentialAction, SqlType, TableDefinition,
    cursor::{Cursor, Read, volatility},
    lex::Kind,
};

/// Words that end the expression of a default or a check.
const COLUMN_WORDS: &[&str] = &[
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "references",
    "check",
    "constraint",
    "collate",
    "generated",
    "auto_increment",
    "autoincrement",
    "comment",
    "on",
    "identity",
    "as",
    "key",
    "first",
    "after",
    "deferrable",
    "initially",
    "enable",
    "visible",
    "invisible",
    "storage",
    "compression",
    "character",
    "charset",
    "sparse",
    "using",
];

/// After `CREATE TABLE`; the flags are filled in by the caller.
pub(super) fn create_table(cursor: &mut Cursor<'_, '_>) -> Read<TableDefinition> {
    let if_not_exists = cursor.if_not_exists();
    let name = cursor.name()?;
    let mut table = TableDefinition {
        name,
        if_not_exists,
        or_replace: false,
        temporary: false,
        unlogged: false,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        like: Vec::new(),
        inherits: Vec::new(),
        partition_of: None,
        partition_bound: None,
        partition_by: None,
        options: Vec::new(),
        query: None,
    };
    if cursor.take(&["partition", "of"]) {
        table.partition_of = Some(cursor.name()?);
        if cursor.is_symbol("(") {
            elements(cursor, &mut table)?;
        }
        table.partition_bound = Some(partition_bound(cursor));
    } else if cursor.word("of") {
        cursor.name()?;
        if cursor.is_symbol("(") {
            elements(cursor, &mut table)?;
        }
    } else if cursor.is("like") {
        like_clause(cursor, &mut table)?;
    } else if cursor.is_symbol("(") && !cursor.is_ahead(1, "select") && !cursor.is_ahead(1, "with") {
        elements(cursor, &mut table)?;
    } else if !(cursor.is("as")
        || cursor.is("select")
        || cursor.is_symbol("(")
        || cursor.is("with")
        || cursor.is("using")
        || cursor.are(&["on", "commit"]))
    {
        return Err(cursor.expected("`(`"));
    }
    table_options(cursor, &mut table)?;
    Ok(table)
}

/// What the parentheses hold.
fn elements(cursor: &mut Cursor<'_, '_>, table: &mut TableDefinition) -> Read<()> {
    cursor.expect_symbol("(")?;
    loop {
        if cursor.symbol(")") {
            return Ok(());
        }
        element(cursor, table)?;
        if cursor.symbol(",") {
            continue;
        }
        return cursor.expect_symbol(")");
    }
}

fn element(cursor: &mut Cursor<'_, '_>, table: &mut TableDefinition) -> Read<()> {
    if cursor.is("like") && !cursor.dialect_is(Dialect::MySql) {
        return like_clause(cursor, table);
    }
    if cursor.is("period") && cursor.is_ahead(1, "for") {
        cursor.at += 3;
        cursor.skip();
        return Ok(());
    }
    if let Some(index) = plain_index(cursor, &table.name)? {
        table.indexes.push(index);
    } else if begins_constraint(cursor) {
        table.constraints.push(constraint(cursor)?);
    } else {
        let column = column(cursor)?;
        table.columns.push(column);
    }
    Ok(())
}

fn like_clause(cursor: &mut Cursor<'_, '_>, table: &mut TableDefinition) -> Read<()> {
    cursor.expect_word("like")?;
    let mysql = cursor.dialect != Dialect::Postgres;
    let name = cursor.name()?;
    let mut like = like_all(name, mysql);
    loop {
        let on = cursor.word("including");
        if !on && !cursor.word("excluding") {
            break;
        }
        let what = cursor.identifier()?.to_lowercase();
        match what.as_str() {
            "all" => like = like_all(like.table, on),
            "defaults" => like.defaults = on,
            "constraints" => like.constraints = on,
            "indexes" => like.indexes = on,
            "identity" => like.identity = on,
            "generated" => like.generated = on,
            _ => {}
        }
    }
    table.like.push(like);
    Ok(())
}

fn like_all(table: Name, on: bool) -> LikeClause {
    LikeClause { table, defaults: on, constraints: on, indexes: on, identity: on, generated: on }
}

/// `FOR VALUES …` or `DEFAULT`, as written.
pub(super) fn partition_bound(cursor: &mut Cursor<'_, '_>) -> String {
    let from = cursor.at;
    while !cursor.is_done() && !cursor.is("partition") && !cursor.is("tablespace") && !cursor.are(&["with", "("]) {
        if cursor.at > from && cursor.is("with") && !cursor.tokens.get(cursor.at + 1).is_some_and(|t| t.is_symbol("("))
        {
            break;
        }
        cursor.skip();
    }
    cursor.slice(from, cursor.at)
}

fn table_options(cursor: &mut Cursor<'_, '_>, table: &mut TableDefinition) -> Read<()> {
    while let Some(token) = cursor.peek() {
        if cursor.take(&["partition", "by"]) {
            table.partition_by = Some(partition_by(cursor)?);
        } else if cursor.word("inherits") {
            cursor.expect_symbol("(")?;
            table.inherits = cursor.names()?;
            cursor.expect_symbol(")")?;
        } else if cursor.is("as") || cursor.is("select") || token.is_symbol("(") || cursor.are(&["with", "recursive"]) {
            let _ = cursor.word("as");
            let rest = cursor.tokens.get(cursor.at..).unwrap_or(&[]);
            table.query = crate::query::parse_tokens(rest, cursor.text, cursor.dialect).ok().map(Box::new);
            cursor.at = cursor.tokens.len();
        } else if cursor.is("with") && cursor.tokens.get(cursor.at + 1).is_some_and(|t| t.is_symbol("(")) {
            cursor.at += 1;
            table.options.extend(parameters(cursor)?);
        } else if cursor.take(&["without", "rowid"]) {
            table.options.push(("without_rowid".into(), String::new()));
        } else if matches!(token.kind, Kind::Word) {
            let mut name = token.text.to_lowercase();
            cursor.at += 1;
            while ["default", "character", "data", "index", "row", "on", "auto", "access"].contains(&name.as_str())
                || name.ends_with("character")
            {
                let Some(next) = cursor.peek().filter(|t| t.kind == Kind::Word) else { break };
                name = if name == "default" {
                    next.text.to_lowercase()
                } else {
                    format!("{name} {}", next.text.to_lowercase())
                };
                cursor.at += 1;
            }
            let assigned = cursor.symbol("=");
            let takes_value = assigned
                || ["engine", "charset", "collate", "character set", "tablespace", "using", "comment", "on commit"]
                    .contains(&name.as_str())
                || cursor.peek().is_some_and(|t| matches!(t.kind, Kind::String | Kind::Number));
            let value = if takes_value && !cursor.is_done() { cursor.value_text() } else { String::new() };
            table.options.push((name, value.trim_matches('\'').to_owned()));
        } else {
            cursor.skip();
        }
    }
    Ok(())
}

fn partition_by(cursor: &mut Cursor<'_, '_>) -> Read<PartitionBy> {
    let _ = cursor.word("linear");
    let strategy = cursor.identifier()?.to_lowercase();
    let _ = cursor.word("columns");
    let mut columns = Vec::new();
    if cursor.symbol("(") {
        while !cursor.is_done() && !cursor.symbol(")") {
            let one = index_column(cursor)?;
            columns.push(one.column.or(one.expression).unwrap_or_default());
            let _ = cursor.symbol(",");
        }
    }
    Ok(PartitionBy { strategy, columns })
}

/// `KEY name (…)`, `INDEX`, `FULLTEXT KEY`, `SPATIAL INDEX`: keys that are no constraints.
pub(super) fn plain_index(cursor: &mut Cursor<'_, '_>, table: &Name) -> Read<Option<IndexDefinition>> {
    if cursor.dialect == Dialect::Postgres {
        return Ok(None);
    }
    let start = cursor.position();
    let from = cursor.at;
    let special = ["fulltext", "spatial"].into_iter().find(|w| cursor.is(w));
    if special.is_some() {
        cursor.at += 1;
    }
    let keyword = cursor.word("key") || cursor.word("index");
    if !keyword && special.is_none() {
        return Ok(None);
    }
    let if_not_exists = cursor.if_not_exists();
    // a column may be named `key`; then a type follows
    let mut name = None;
    if !cursor.is_symbol("(") && !cursor.is("using") {
        let Ok(found) = cursor.identifier() else {
            cursor.at = from;
            return Ok(None);
        };
        name = Some(found);
    }
    let mut method = special.unwrap_or("btree").to_owned();
    if cursor.word("using") {
        method = cursor.identifier()?.to_lowercase();
    }
    let looks_like_type = name.is_some()
        && special.is_none()
        && cursor.tokens.get(cursor.at + 1).is_some_and(|t| t.kind == Kind::Number)
        && cursor.is_symbol("(");
    if !cursor.is_symbol("(") || looks_like_type {
        cursor.at = from;
        return Ok(None);
    }
    let columns = index_columns(cursor)?;
    let mut index = IndexDefinition {
        name,
        range: cursor.range_from(start),
        table: table.clone(),
        only: false,
        method,
        unique: false,
        columns,
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        concurrently: false,
        if_not_exists,
        options: Vec::new(),
    };
    index_options(cursor, &mut index)?;
    index.range = cursor.range_from(start);
    Ok(Some(index))
}

/// Whether a constraint of the table comes next, and not a column.
pub(super) fn begins_constraint(cursor: &Cursor<'_, '_>) -> bool {
    let next = cursor.tokens.get(cursor.at + 1);
    let opens = next.is_some_and(|t| t.is_symbol("("));
    cursor.is("constraint")
        || cursor.are(&["primary", "key"])
        || cursor.are(&["foreign", "key"])
        || (cursor.is("check") && opens)
        || (cursor.is("exclude") && (opens || cursor.is_ahead(1, "using")))
        || (cursor.is("unique")
            && (opens
                || ["key", "index", "nulls", "using", "clustered", "nonclustered"]
                    .iter()
                    .any(|w| cursor.is_ahead(1, w))
                || cursor.tokens.get(cursor.at + 2).is_some_and(|t| t.is_symbol("("))))
}

/// A constraint of a table.
pub(super) fn constraint(cursor: &mut Cursor<'_, '_>) -> Read<ConstraintDefinition> {
    let start = cursor.position();
    let mut name = None;
    if cursor.word("constraint") {
        let unnamed = ["primary", "unique", "foreign", "check"].iter().any(|w| cursor.is(w));
        if !unnamed {
            let _ = cursor.if_not_exists();
            name = Some(cursor.name()?.name);
        }
    }
    let kind = if cursor.take(&["primary", "key"]) {
        let (_, columns, using_index) = key_columns(cursor)?;
        ConstraintKind::PrimaryKey { columns, using_index, include: include(cursor)? }
    } else if cursor.word("unique") {
        let _ = cursor.word("key") || cursor.word("index");
        let nulls_not_distinct = cursor.take(&["nulls", "not", "distinct"]);
        let _ = cursor.take(&["nulls", "distinct"]);
        let (own, columns, using_index) = key_columns(cursor)?;
        name = name.or(own);
        ConstraintKind::Unique { columns, using_index, include: include(cursor)?, nulls_not_distinct }
    } else if cursor.take(&["foreign", "key"]) {
        let _ = cursor.if_not_exists();
        let index_name = if cursor.is_symbol("(") { None } else { Some(cursor.identifier()?) };
        let columns = cursor.columns()?;
        cursor.expect_word("references")?;
        references(cursor, columns, index_name)?
    } else if cursor.word("check") {
        let expression = cursor.group_text()?;
        ConstraintKind::Check { expression, no_inherit: cursor.take(&["no", "inherit"]) }
    } else if cursor.word("exclude") {
        exclude(cursor)?
    } else {
        return Err(cursor.expected("a constraint"));
    };
    finish_constraint(cursor, start, name, kind)
}

fn include(cursor: &mut Cursor<'_, '_>) -> Read<Vec<String>> {
    if cursor.word("include") { cursor.columns() } else { Ok(Vec::new()) }
}

/// The name, the columns and the index of a key.
#[allow(clippy::type_complexity)]
fn key_columns(cursor: &mut Cursor<'_, '_>) -> Read<(Option<String>, Vec<IndexColumn>, Option<String>)> {
    if cursor.take(&["using", "index"]) {
        return Ok((None, Vec::new(), Some(cursor.name()?.name)));
    }
    let _ = cursor.word("clustered") || cursor.word("nonclustered");
    let mut name = None;
    if !cursor.is_symbol("(") && !cursor.is("using") {
        name = Some(cursor.identifier()?);
    }
    if cursor.word("using") {
        cursor.identifier()?;
    }
    Ok((name, index_columns(cursor)?, None))
}

fn exclude(cursor: &mut Cursor<'_, '_>) -> Read<ConstraintKind> {
    let method = if cursor.word("using") { cursor.identifier()? } else { "btree".into() };
    let elements = index_columns(cursor)?;
    let predicate = if cursor.word("where") { Some(cursor.group_text()?) } else { None };
    Ok(ConstraintKind::Exclude { method, elements, predicate })
}

/// After `REFERENCES`.
fn references(cursor: &mut Cursor<'_, '_>, columns: Vec<String>, index_name: Option<String>) -> Read<ConstraintKind> {
    let references = cursor.name()?;
    let referenced = if cursor.is_symbol("(") { cursor.columns()? } else { Vec::new() };
    let (mut on_delete, mut on_update) = (ReferentialAction::NoAction, ReferentialAction::NoAction);
    let mut match_full = false;
    loop {
        if cursor.take(&["on", "delete"]) {
            on_delete = action(cursor)?;
        } else if cursor.take(&["on", "update"]) {
            on_update = action(cursor)?;
        } else if cursor.word("match") {
            match_full = cursor.is("full");
            cursor.at += 1;
        } else {
            break;
        }
    }
    Ok(ConstraintKind::ForeignKey { columns, references, referenced, on_delete, on_update, match_full, index_name })
}

fn action(cursor: &mut Cursor<'_, '_>) -> Read<ReferentialAction> {
    let action = if cursor.word("cascade") {
        ReferentialAction::Cascade
    } else if cursor.word("restrict") {
        ReferentialAction::Restrict
    } else if cursor.take(&["set", "null"]) {
        ReferentialAction::SetNull
    } else if cursor.take(&["set", "default"]) {
        ReferentialAction::SetDefault
    } else if cursor.take(&["no", "action"]) {
        ReferentialAction::NoAction
    } else {
        return Err(cursor.expected("an action"));
    };
    if cursor.is_symbol("(") {
        cursor.skip_group();
    }
    Ok(action)
}

/// What may follow any constraint.
fn finish_constraint(
    cursor: &mut Cursor<'_, '_>,
    start: usize,
    name: Option<String>,
    kind: ConstraintKind,
) -> Read<ConstraintDefinition> {
    let mut made = ConstraintDefinition {
        name,
        range: Range::new(start, start),
        kind,
        not_valid: false,
        deferrable: false,
        initially_deferred: false,
        not_enforced: false,
        of_column: false,
    };
    loop {
        if cursor.take(&["not", "valid"]) {
            made.not_valid = true;
        } else if cursor.take(&["not", "deferrable"]) {
        } else if cursor.word("deferrable") {
            made.deferrable = true;
        } else if cursor.take(&["initially", "deferred"]) {
            made.deferrable = true;
            made.initially_deferred = true;
        } else if cursor.take(&["initially", "immediate"]) || cursor.word("enforced") {
        } else if cursor.take(&["not", "enforced"]) {
            made.not_enforced = true;
        } else if cursor.take(&["not", "for", "replication"]) || cursor.take(&["no", "inherit"]) {
        } else if cursor.take(&["on", "conflict"]) {
            cursor.at += 1;
        } else if cursor.take(&["enable", "novalidate"]) {
            made.not_valid = true;
        } else if cursor.word("enable") || cursor.word("validate") || cursor.word("rely") {
        } else if cursor.is("with") && cursor.tokens.get(cursor.at + 1).is_some_and(|t| t.is_symbol("(")) {
            cursor.at += 1;
            cursor.skip_group();
        } else if cursor.word("using") {
            let _ = cursor.take(&["index", "tablespace"]) || cursor.word("index");
            cursor.skip();
        } else if cursor.word("comment") || (cursor.dialect == Dialect::SqlServer && cursor.word("on")) {
            cursor.skip();
        } else {
            break;
        }
    }
    made.range = cursor.range_from(start);
    Ok(made)
}

/// A column with its options.
pub(super) fn column(cursor: &mut Cursor<'_, '_>) -> Read<ColumnDefinition> {
    let start = cursor.position();
    let name = cursor.identifier()?;
    column_after_name(cursor, start, name)
}

pub(super) fn column_after_name(cursor: &mut Cursor<'_, '_>, start: usize, name: String) -> Read<ColumnDefinition> {
    let untyped = cursor.is_done()
        || cursor.is_symbol(",")
        || cursor.is_symbol(")")
        || (cursor.dialect != Dialect::Postgres
            && cursor.peek().is_some_and(|t| COLUMN_WORDS.contains(&t.text.to_lowercase().as_str()))
            && !cursor.is("character"));
    let data_type = if untyped { SqlType::named("") } else { cursor.data_type()? };
    let mut column = ColumnDefinition {
        name,
        range: Range::new(start, start),
        identity: match data_type.alias.as_deref() {
            Some("serial" | "bigserial" | "smallserial") if cursor.dialect == Dialect::Postgres => {
                Some(Identity::Serial)
            }
            Some("serial") => Some(Identity::AutoIncrement),
            _ => None,
        },
        data_type,
        not_null: None,
        default: None,
        generated: None,
        collation: None,
        on_update: None,
        comment: None,
        constraints: Vec::new(),
        place: ColumnPlace::Last,
    };
    if column.identity.is_some() {
        column.not_null = Some(true);
    }
    while !cursor.is_done() && !cursor.is_symbol(",") && !cursor.is_symbol(")") {
        column_option(cursor, &mut column)?;
    }
    column.constraints.iter_mut().for_each(|c| c.of_column = true);
    column.range = cursor.range_from(start);
    Ok(column)
}

fn column_option(cursor: &mut Cursor<'_, '_>, column: &mut ColumnDefinition) -> Read<()> {
    let start = cursor.position();
    let mut name = None;
    if cursor.word("constraint") {
        let unnamed =
            ["not", "null", "primary", "unique", "references", "check", "default"].iter().any(|w| cursor.is(w));
        name = if unnamed { None } else { Some(cursor.name()?.name) };
    }
    if cursor.take(&["not", "null"]) {
        column.not_null = Some(true);
        let _ = cursor.take(&["on", "conflict"]).then(|| cursor.at += 1);
    } else if cursor.word("null") {
        column.not_null = Some(false);
    } else if cursor.word("default") {
        column.default = Some(default(cursor)?);
    } else if cursor.take(&["primary", "key"]) || (cursor.dialect != Dialect::Postgres && cursor.is("key")) {
        let _ = cursor.word("key");
        let _ = cursor.word("asc") || cursor.word("desc") || cursor.word("clustered") || cursor.word("nonclustered");
        let kind = ConstraintKind::PrimaryKey {
            columns: vec![IndexColumn::plain(&column.name)],
            using_index: None,
            include: Vec::new(),
        };
        column.constraints.push(finish_constraint(cursor, start, name, kind)?);
    } else if cursor.word("unique") {
        let _ = cursor.word("key");
        let nulls_not_distinct = cursor.take(&["nulls", "not", "distinct"]);
        let kind = ConstraintKind::Unique {
            columns: vec![IndexColumn::plain(&column.name)],
            using_index: None,
            include: Vec::new(),
            nulls_not_distinct,
        };
        column.constraints.push(finish_constraint(cursor, start, name, kind)?);
    } else if cursor.word("references") {
        let kind = references(cursor, vec![column.name.clone()], None)?;
        column.constraints.push(finish_constraint(cursor, start, name, kind)?);
    } else if cursor.word("check") {
        let expression = cursor.group_text()?;
        let kind = ConstraintKind::Check { expression, no_inherit: false };
        column.constraints.push(finish_constraint(cursor, start, name, kind)?);
    } else if cursor.word("collate") {
        column.collation = Some(cursor.name()?.name);
    } else if cursor.is("generated") || (cursor.is("as") && column.generated.is_none()) {
        generated(cursor, column)?;
    } else if cursor.word("auto_increment") || cursor.word("autoincrement") || cursor.word("identity") {
        if cursor.is_symbol("(") {
            cursor.skip_group();
        }
        column.identity = Some(Identity::AutoIncrement);
        if cursor.dialect == Dialect::SqlServer {
            column.not_null = column.not_null.or(Some(true));
        }
    } else if cursor.take(&["on", "update"]) {
        column.on_update = Some(cursor.expression(COLUMN_WORDS)?);
    } else if cursor.word("comment") {
        column.comment = Some(cursor.string()?);
    } else if cursor.word("first") {
        column.place = ColumnPlace::First;
    } else if cursor.word("after") {
        column.place = ColumnPlace::After(cursor.identifier()?);
    } else if cursor.take(&["character", "set"]) || cursor.word("charset") {
        cursor.identifier()?;
    } else if cursor.word("storage") || cursor.word("compression") || cursor.word("encode") {
        cursor.skip();
    } else if cursor.peek().is_some_and(|t| t.kind == Kind::Word) {
        // `VISIBLE`, `SPARSE`, `ROWGUIDCOL`, `BINARY` and their like
        cursor.at += 1;
    } else {
        return Err(cursor.expected("an option of a column"));
    }
    Ok(())
}

/// After `DEFAULT`.
pub(super) fn default(cursor: &mut Cursor<'_, '_>) -> Read<Default> {
    let expression = cursor.expression(COLUMN_WORDS)?;
    let volatility = volatility(&expression, cursor.dialect);
    Ok(Default { expression, volatility })
}

fn generated(cursor: &mut Cursor<'_, '_>, column: &mut ColumnDefinition) -> Read<()> {
    let _ = cursor.word("generated");
    let by_default = cursor.take(&["by", "default"]);
    let _ = cursor.take(&["on", "null"]);
    let _ = cursor.word("always");
    cursor.expect_word("as")?;
    if cursor.word("identity") {
        if cursor.is_symbol("(") {
            cursor.skip_group();
        }
        column.identity = Some(if by_default { Identity::ByDefault } else { Identity::Always });
        column.not_null = Some(true);
        return Ok(());
    }
    if cursor.word("row") {
        // SQL Server's period columns
        cursor.at += 1;
        return Ok(());
    }
    let expression = cursor.group_text()?;
    let stored = cursor.word("stored") || cursor.word("persistent") || cursor.word("persisted");
    let _ = cursor.word("virtual");
    column.generated = Some(Generated { expression, stored });
    Ok(())
}
