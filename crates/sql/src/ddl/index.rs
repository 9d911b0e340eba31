//! `CREATE INDEX`, and the lists of columns that keys and indexes share.

use crate::{
    IndexColumn, IndexDefinition, Name,
    cursor::{Cursor, Read},
    lex::Kind,
};

/// After `CREATE … INDEX`.
pub(super) fn create_index(
    cursor: &mut Cursor<'_, '_>,
    start: usize,
    unique: bool,
    method: &str,
) -> Read<IndexDefinition> {
    let concurrently = cursor.word("concurrently");
    let if_not_exists = cursor.if_not_exists();
    let name = if cursor.is("on") && !cursor.is_ahead(1, "on") { None } else { Some(cursor.name()?.name) };
    let mut method = method.to_owned();
    if cursor.word("using") {
        method = cursor.identifier()?.to_lowercase();
    }
    cursor.expect_word("on")?;
    let only = cursor.word("only");
    let table = cursor.name()?;
    if cursor.word("using") {
        method = cursor.identifier()?.to_lowercase();
    }
    let columns = index_columns(cursor)?;
    let mut index = IndexDefinition {
        name,
        range: cursor.range_from(start),
        table,
        only,
        method,
        unique,
        columns,
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        concurrently,
        if_not_exists,
        options: Vec::new(),
    };
    index_options(cursor, &mut index)?;
    index.range = cursor.range_from(start);
    Ok(index)
}

/// What may follow the columns of an index.
pub(super) fn index_options(cursor: &mut Cursor<'_, '_>, index: &mut IndexDefinition) -> Read<()> {
    while !cursor.is_done() && !cursor.is_symbol(",") && !cursor.is_symbol(")") {
        if cursor.word("include") {
            index.include = cursor.columns()?;
        } else if cursor.take(&["nulls", "not", "distinct"]) {
            index.nulls_not_distinct = true;
        } else if cursor.take(&["nulls", "distinct"]) {
        } else if cursor.word("where") {
            index.predicate = Some(cursor.expression(&["with", "on", "tablespace"])?);
        } else if cursor.word("using") {
            index.method = cursor.identifier()?.to_lowercase();
        } else if cursor.word("with") && cursor.is_symbol("(") {
            index.options.extend(parameters(cursor)?);
        } else if cursor.word("comment") || cursor.word("tablespace") || cursor.word("on") {
            let _ = cursor.symbol("=");
            cursor.skip();
            if cursor.is_symbol("(") {
                cursor.skip_group();
            }
        } else {
            let name = cursor.peek().map(|t| t.text.to_lowercase()).unwrap_or_default();
            cursor.at += 1;
            let value = if cursor.symbol("=") { cursor.value_text() } else { String::new() };
            index.options.push((name, value));
        }
    }
    Ok(())
}

/// `(fillfactor = 70, autovacuum_enabled)`.
pub(super) fn parameters(cursor: &mut Cursor<'_, '_>) -> Read<Vec<(String, String)>> {
    cursor.expect_symbol("(")?;
    let mut found = Vec::new();
    while !cursor.is_done() && !cursor.symbol(")") {
        let from = cursor.at;
        while !cursor.is_done() && !cursor.is_symbol("=") && !cursor.is_symbol(",") && !cursor.is_symbol(")") {
            cursor.at += 1;
        }
        let name = cursor.slice(from, cursor.at).to_lowercase();
        let value = if cursor.symbol("=") { cursor.value_text() } else { String::new() };
        found.push((name, value));
        let _ = cursor.symbol(",");
    }
    Ok(found)
}

/// `(a, lower(b), c DESC NULLS LAST, d gin_trgm_ops, e(10))`.
pub(super) fn index_columns(cursor: &mut Cursor<'_, '_>) -> Read<Vec<IndexColumn>> {
    cursor.expect_symbol("(")?;
    let mut columns = Vec::new();
    loop {
        columns.push(index_column(cursor)?);
        if !cursor.symbol(",") {
            break;
        }
    }
    cursor.expect_symbol(")")?;
    Ok(columns)
}

/// One element; `WITH operator` of an exclusion is its operator class.
pub(super) fn index_column(cursor: &mut Cursor<'_, '_>) -> Read<IndexColumn> {
    let from = cursor.at;
    let mut column = IndexColumn::plain("");
    column.column = None;
    if cursor.is_symbol("(") {
        column.expression = Some(cursor.group_text()?);
    } else {
        let token = cursor.peek().ok_or_else(|| cursor.expected("a column"))?;
        let is_name = matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Hole)
            || (token.kind == Kind::String && cursor.dialect != crate::Dialect::Postgres);
        let next = cursor.tokens.get(cursor.at + 1);
        let ends = |t: &crate::lex::Token| {
            t.is_symbol(",") || t.is_symbol(")") || (t.kind == Kind::Word && !t.is("and") && !t.is("or"))
        };
        if is_name && next.is_none_or(|t| ends(t) || t.kind == Kind::Quoted) {
            column.column = Some(cursor.identifier()?);
        } else if is_name && prefix_length(cursor).is_some() {
            column.length = prefix_length(cursor);
            column.column = Some(cursor.identifier()?);
            cursor.skip_group();
        } else {
            // an expression up to what can follow it
            let called = is_name && next.is_some_and(|t| t.is_symbol("(") || t.is_symbol("."));
            if called {
                cursor.name()?;
                cursor.skip_group();
                if !cursor.is_symbol(",")
                    && !cursor.is_symbol(")")
                    && cursor.peek().is_some_and(|t| t.kind == Kind::Symbol)
                {
                    cursor.expression(&["asc", "desc", "nulls", "collate", "with"])?;
                }
            } else {
                cursor.expression(&["asc", "desc", "nulls", "collate", "with"])?;
            }
            column.expression = Some(cursor.slice(from, cursor.at));
        }
    }
    while !cursor.is_done() && !cursor.is_symbol(",") && !cursor.is_symbol(")") {
        if cursor.word("asc") {
        } else if cursor.word("desc") {
            column.descending = true;
        } else if cursor.take(&["nulls", "first"]) {
            column.nulls_first = Some(true);
        } else if cursor.take(&["nulls", "last"]) {
            column.nulls_first = Some(false);
        } else if cursor.word("collate") {
            column.collation = Some(cursor.name().map(|n: Name| n.name)?);
        } else if cursor.word("with") {
            column.operator_class = cursor.peek().map(|t| t.text.to_owned());
            cursor.at += 1;
        } else if cursor.peek().is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Quoted)) {
            column.operator_class = Some(cursor.name()?.name);
            if cursor.is_symbol("(") {
                cursor.skip_group();
            }
        } else {
            return Err(cursor.expected("`,` or `)`"));
        }
    }
    Ok(column)
}

/// `name(20)`: the number.
fn prefix_length(cursor: &Cursor<'_, '_>) -> Option<u32> {
    let next = cursor.tokens.get(cursor.at + 1..cursor.at + 4)?;
    let whole = next[0].is_symbol("(") && next[1].kind == Kind::Number && next[2].is_symbol(")");
    if whole { next[1].text.parse().ok() } else { None }
}
