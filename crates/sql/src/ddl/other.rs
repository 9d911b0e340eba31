//! `CREATE` and `DROP` of everything, and the statements that stand for an `ALTER TABLE`.

use super::{Steps, index::create_index, one, table::create_table};
use crate::{
    Dialect, Name, Policy, Step,
    cursor::{Cursor, Read},
    lex::Kind,
};

/// After `CREATE`. `None`: it makes nothing that a schema holds (roles, databases, publications …).
pub(super) fn create(cursor: &mut Cursor<'_, '_>) -> Option<Read<Steps>> {
    let start = cursor.at.checked_sub(1).map_or(0, |at| cursor.tokens[at].start);
    let or_replace = cursor.take(&["or", "replace"]) || cursor.take(&["or", "alter"]);
    let (mut temporary, mut unlogged, mut unique, mut method) = (false, false, false, "btree");
    loop {
        let Some(token) = cursor.peek() else { return Some(Err(cursor.expected("what to create"))) };
        match token.text.to_ascii_lowercase().as_str() {
            "temp" | "temporary" => temporary = true,
            "unlogged" => unlogged = true,
            "unique" => unique = true,
            "fulltext" => method = "fulltext",
            "spatial" => method = "spatial",
            "columnstore" => method = "columnstore",
            "global" | "local" | "virtual" | "force" | "noforce" | "editionable" | "clustered" | "nonclustered"
            | "bitmap" | "trusted" | "constraint" | "recursive" | "online" | "offline" | "aggregate" => {}
            // MySQL: `DEFINER = user@host`, `ALGORITHM = MERGE`, `SQL SECURITY DEFINER`
            "definer" | "algorithm" => {
                cursor.at += 1;
                while cursor.peek().is_some_and(|t| {
                    t.kind == Kind::Symbol || matches!(t.kind, Kind::Quoted | Kind::String | Kind::Placeholder)
                }) {
                    cursor.at += 1;
                }
                let named = !["sql", "view", "function", "procedure", "trigger", "event", "algorithm", "definer"]
                    .iter()
                    .any(|w| cursor.is(w));
                cursor.at += usize::from(named);
                while cursor.peek().is_some_and(|t| {
                    t.kind == Kind::Symbol || matches!(t.kind, Kind::Quoted | Kind::String | Kind::Placeholder)
                }) {
                    cursor.skip();
                }
                continue;
            }
            "sql" => cursor.at += 2,
            _ => break,
        }
        if token.is("sql") {
            continue;
        }
        cursor.at += 1;
    }
    Some(if cursor.word("table") {
        create_table(cursor).map(|mut table| {
            (table.temporary, table.unlogged, table.or_replace) = (temporary, unlogged, or_replace);
            one(Step::CreateTable(Box::new(table)))
        })
    } else if cursor.take(&["foreign", "table"]) {
        create_table(cursor).map(|table| one(Step::CreateTable(Box::new(table))))
    } else if cursor.word("index") {
        create_index(cursor, start, unique, method).map(|index| one(Step::CreateIndex(Box::new(index))))
    } else if cursor.take(&["materialized", "view"]) {
        create_view(cursor, true, or_replace)
    } else if cursor.word("view") {
        create_view(cursor, false, or_replace)
    } else if cursor.word("type") {
        create_type(cursor)
    } else if cursor.word("domain") {
        create_domain(cursor)
    } else if cursor.word("schema") {
        create_schema(cursor)
    } else if cursor.word("sequence") {
        create_sequence(cursor)
    } else if cursor.word("trigger") {
        create_trigger(cursor)
    } else if cursor.is("function") || cursor.is("procedure") || cursor.is("proc") {
        create_function(cursor, or_replace)
    } else if cursor.word("policy") {
        create_policy(cursor)
    } else if cursor.word("extension") {
        let _ = cursor.if_not_exists();
        cursor.identifier().map(|name| one(Step::CreateExtension { name }))
    } else {
        return None;
    })
}

fn create_view(cursor: &mut Cursor<'_, '_>, materialized: bool, or_replace: bool) -> Read<Steps> {
    let _ = cursor.if_not_exists();
    let name = cursor.name()?;
    let columns = if cursor.is_symbol("(") { cursor.columns()? } else { Vec::new() };
    while !cursor.is_done() && !cursor.is("as") {
        cursor.skip();
    }
    cursor.expect_word("as")?;
    let mut rest = cursor.tokens.get(cursor.at..).unwrap_or(&[]);
    // `WITH [NO] DATA`, `WITH CHECK OPTION` at the end
    for ends in
        [&["with", "no", "data"][..], &["with", "data"], &["with", "check", "option"], &["with", "read", "only"]]
    {
        let from = rest.len().saturating_sub(ends.len());
        if rest[from..].iter().zip(ends).all(|(t, w)| t.is(w)) && rest.len() > ends.len() {
            rest = &rest[..from];
        }
    }
    let query = crate::query::parse_tokens(rest, cursor.text, cursor.dialect).ok().map(Box::new);
    cursor.at = cursor.tokens.len();
    Ok(one(Step::CreateView { name, materialized, or_replace, columns, query }))
}

fn create_type(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let name = cursor.name()?;
    if !cursor.take(&["as", "enum"]) {
        return Ok(one(Step::CreateType { name }));
    }
    cursor.expect_symbol("(")?;
    let mut values = Vec::new();
    while !cursor.is_done() && !cursor.symbol(")") {
        values.push(cursor.string()?);
        let _ = cursor.symbol(",");
    }
    Ok(one(Step::CreateEnum { name, values }))
}

fn create_domain(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let name = cursor.name()?;
    let _ = cursor.word("as");
    let base = cursor.data_type()?;
    let (mut not_null, mut has_check) = (false, false);
    while !cursor.is_done() {
        if cursor.take(&["not", "null"]) {
            not_null = true;
        } else {
            has_check |= cursor.is("check");
            cursor.skip();
        }
    }
    Ok(one(Step::CreateDomain { name, base, not_null, has_check }))
}

fn create_schema(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let if_not_exists = cursor.if_not_exists();
    let _ = cursor.word("authorization");
    Ok(one(Step::CreateSchema { name: cursor.identifier()?, if_not_exists }))
}

fn create_sequence(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let if_not_exists = cursor.if_not_exists();
    let name = cursor.name()?;
    let (mut data_type, mut owned_by) = (None, None);
    while !cursor.is_done() {
        if cursor.word("as") {
            data_type = Some(cursor.data_type()?);
        } else if cursor.take(&["owned", "by"]) {
            owned_by = owner(cursor)?;
        } else {
            cursor.skip();
        }
    }
    Ok(one(Step::CreateSequence { name, data_type, owned_by, if_not_exists }))
}

/// After `OWNED BY`: the table and its column.
pub(super) fn owner(cursor: &mut Cursor<'_, '_>) -> Read<Option<(Name, String)>> {
    let mut parts = vec![cursor.identifier()?];
    while cursor.symbol(".") {
        parts.push(cursor.identifier()?);
    }
    let Some(column) = parts.pop() else { return Ok(None) };
    let Some(name) = parts.pop() else { return Ok(None) };
    Ok(Some((Name { schema: parts.pop(), name }, column)))
}

fn create_trigger(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let _ = cursor.if_not_exists();
    let name = cursor.name()?.name;
    let mut table = None;
    if cursor.dialect == Dialect::SqlServer && cursor.word("on") {
        table = Some(cursor.name()?);
    }
    let timing = if cursor.take(&["instead", "of"]) {
        "instead of".to_owned()
    } else if cursor.is("before") || cursor.is("after") || cursor.is("for") {
        cursor.identifier()?.to_lowercase()
    } else {
        String::new()
    };
    let mut events = Vec::new();
    while !cursor.is_done() && !cursor.is("on") && !cursor.is("as") {
        for event in ["insert", "update", "delete", "truncate"] {
            if cursor.is(event) {
                events.push(event.to_owned());
            }
        }
        cursor.skip();
    }
    if table.is_none() {
        cursor.expect_word("on")?;
        table = Some(cursor.name()?);
    }
    let mut function = None;
    while !cursor.is_done() {
        if cursor.is("execute") && (cursor.is_ahead(1, "function") || cursor.is_ahead(1, "procedure")) {
            cursor.at += 2;
            function = cursor.name().ok();
            break;
        }
        cursor.skip();
    }
    let table = table.ok_or_else(|| cursor.expected("a table"))?;
    Ok(one(Step::CreateTrigger { name, table, timing, events, function }))
}

fn create_function(cursor: &mut Cursor<'_, '_>, or_replace: bool) -> Read<Steps> {
    let procedure = !cursor.is("function");
    cursor.at += 1;
    let _ = cursor.if_not_exists();
    let name = cursor.name()?;
    let (mut security_definer, mut sets_search_path) = (false, false);
    while !cursor.is_done() {
        security_definer |= cursor.are(&["security", "definer"]);
        sets_search_path |= cursor.are(&["set", "search_path"]);
        cursor.skip();
    }
    Ok(one(Step::CreateFunction { name, or_replace, procedure, security_definer, sets_search_path }))
}

fn create_policy(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let name = cursor.identifier()?;
    cursor.expect_word("on")?;
    let table = cursor.name()?;
    let mut policy = Policy { command: "all".into(), restrictive: false, roles: Vec::new(), using: None, check: None };
    while !cursor.is_done() {
        if cursor.word("as") {
            policy.restrictive = cursor.is("restrictive");
            cursor.at += 1;
        } else if cursor.word("for") {
            policy.command = cursor.identifier()?.to_lowercase();
        } else if cursor.word("to") {
            policy.roles.push(cursor.identifier()?);
            while cursor.symbol(",") {
                policy.roles.push(cursor.identifier()?);
            }
        } else if cursor.word("using") {
            policy.using = Some(cursor.group_text()?);
        } else if cursor.take(&["with", "check"]) {
            policy.check = Some(cursor.group_text()?);
        } else {
            return Err(cursor.expected("a clause of a policy"));
        }
    }
    Ok(one(Step::CreatePolicy { name, table, policy }))
}

/// After `DROP`.
pub(super) fn drop(cursor: &mut Cursor<'_, '_>) -> Option<Read<Steps>> {
    let _ = cursor.word("temporary") || cursor.word("foreign");
    Some(if cursor.word("table") {
        dropped(cursor, |names, if_exists, cascade| Step::DropTable { names, if_exists, cascade })
    } else if cursor.word("index") {
        drop_index(cursor)
    } else if cursor.take(&["materialized", "view"]) {
        dropped(cursor, |names, if_exists, cascade| Step::DropView { names, materialized: true, if_exists, cascade })
    } else if cursor.word("view") {
        dropped(cursor, |names, if_exists, cascade| Step::DropView { names, materialized: false, if_exists, cascade })
    } else if cursor.word("type") || cursor.word("domain") {
        dropped(cursor, |names, if_exists, cascade| Step::DropType { names, if_exists, cascade })
    } else if cursor.word("schema") {
        dropped(cursor, |names, if_exists, cascade| {
            let names = names.into_iter().map(|n| n.name).collect();
            Step::DropSchema { names, if_exists, cascade }
        })
    } else if cursor.word("sequence") {
        dropped(cursor, |names, if_exists, cascade| Step::DropSequence { names, if_exists, cascade })
    } else if cursor.word("function") || cursor.word("procedure") || cursor.word("routine") || cursor.word("aggregate")
    {
        drop_function(cursor)
    } else if cursor.is("trigger") || cursor.is("policy") {
        drop_on_table(cursor)
    } else if cursor.word("extension") {
        let _ = cursor.if_exists();
        let name = cursor.identifier();
        name.map(|name| one(Step::DropExtension { name, cascade: cursor.cascade() }))
    } else {
        return None;
    })
}

fn dropped(cursor: &mut Cursor<'_, '_>, step: impl FnOnce(Vec<Name>, bool, bool) -> Step) -> Read<Steps> {
    let if_exists = cursor.if_exists();
    let names = cursor.names()?;
    let cascade = cursor.cascade();
    Ok(one(step(names, if_exists, cascade)))
}

fn drop_index(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let concurrently = cursor.word("concurrently");
    let if_exists = cursor.if_exists();
    let names = cursor.names()?;
    let table = if cursor.word("on") { Some(cursor.name()?) } else { None };
    let cascade = cursor.cascade();
    Ok(one(Step::DropIndex { names, table, concurrently, if_exists, cascade }))
}

fn drop_function(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let if_exists = cursor.if_exists();
    let mut names = Vec::new();
    loop {
        names.push(cursor.name()?);
        if cursor.is_symbol("(") {
            cursor.skip_group();
        }
        if !cursor.symbol(",") {
            break;
        }
    }
    let cascade = cursor.cascade();
    Ok(one(Step::DropFunction { names, if_exists, cascade }))
}

fn drop_on_table(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let trigger = cursor.is("trigger");
    cursor.at += 1;
    let if_exists = cursor.if_exists();
    let name = cursor.name()?.name;
    let table = if cursor.word("on") { Some(cursor.name()?) } else { None };
    let _ = cursor.cascade();
    Ok(one(match table {
        table if trigger => Step::DropTrigger { name, table, if_exists },
        Some(table) => Step::DropPolicy { name, table, if_exists },
        None => return Err(cursor.expected("on")),
    }))
}

/// Statements that begin with another word.
pub(super) fn rest(cursor: &mut Cursor<'_, '_>) -> Option<Read<Steps>> {
    Some(if cursor.word("truncate") {
        truncate(cursor)
    } else if cursor.take(&["rename", "table"]) {
        rename_tables(cursor)
    } else if cursor.is("exec") || cursor.is("execute") {
        return sp_rename(cursor);
    } else if cursor.take(&["refresh", "materialized", "view"]) {
        let concurrently = cursor.word("concurrently");
        cursor.name().map(|name| one(Step::RefreshView { name, concurrently }))
    } else if cursor.word("reindex") {
        Ok(one(Step::Reindex { concurrently: is_on(cursor, "concurrently") }))
    } else if cursor.word("cluster") || cursor.are(&["vacuum", "full"]) || vacuum_full(cursor) {
        let last = cursor.tokens.len().saturating_sub(1);
        cursor.at = cursor.at.max(last);
        Ok(one(Step::RewriteTable { table: cursor.name().ok() }))
    } else if cursor.take(&["lock", "table"]) || cursor.take(&["lock", "tables"]) {
        lock(cursor)
    } else {
        return None;
    })
}

fn vacuum_full(cursor: &Cursor<'_, '_>) -> bool {
    cursor.is("vacuum") && is_on(cursor, "full")
}

/// Whether an option is written, and not switched off: `VACUUM (FULL false)`.
fn is_on(cursor: &Cursor<'_, '_>, option: &str) -> bool {
    let written = cursor.tokens.iter().take(12).position(|t| t.is(option));
    let is_off = |at: usize| {
        let next = cursor.tokens.get(at + 1);
        next.is_some_and(|t| t.is("false") || t.is("off") || t.text == "0")
    };
    written.is_some_and(|at| !is_off(at))
}

fn truncate(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let _ = cursor.word("table");
    let _ = cursor.word("only");
    let names = cursor.names()?;
    let _ = cursor.take(&["restart", "identity"]) || cursor.take(&["continue", "identity"]);
    let cascade = cursor.cascade();
    Ok(one(Step::Truncate { names, cascade }))
}

fn rename_tables(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let mut steps = Steps::new();
    loop {
        let from = cursor.name()?;
        cursor.expect_word("to")?;
        let to = cursor.name()?;
        steps.push((None, Step::RenameTable { from, to }));
        if !cursor.symbol(",") {
            return Ok(steps);
        }
    }
}

fn lock(cursor: &mut Cursor<'_, '_>) -> Read<Steps> {
    let _ = cursor.word("only");
    let names = cursor.names()?;
    let _ = cursor.word("in");
    let from = cursor.at;
    while !cursor.is_done() && !cursor.is("mode") {
        cursor.at += 1;
    }
    let mode = cursor.slice(from, cursor.at).to_lowercase();
    Ok(one(Step::LockTable { names, mode }))
}

/// SQL Server's `EXEC sp_rename 'table.column', 'new', 'COLUMN'`.
fn sp_rename(cursor: &mut Cursor<'_, '_>) -> Option<Read<Steps>> {
    cursor.at += 1;
    let name = cursor.name().ok()?;
    if !name.name.eq_ignore_ascii_case("sp_rename") {
        return None;
    }
    let strings: Vec<String> =
        cursor.tokens.iter().filter(|t| t.kind == Kind::String).map(crate::lex::Token::string).collect();
    let [from, to, rest @ ..] = strings.as_slice() else { return None };
    let mut parts: Vec<String> = from.split('.').map(|p| p.trim_matches(['[', ']', '"']).to_owned()).collect();
    let last = parts.pop()?;
    let step = match rest.first().map(|k| k.to_lowercase()) {
        Some(kind) if kind == "column" => {
            let table = Name { name: parts.pop()?, schema: parts.pop() };
            let action = crate::TableAction::RenameColumn { from: last, to: to.clone() };
            Step::AlterTable { table, if_exists: false, only: false, action }
        }
        Some(kind) if kind == "index" => {
            let table = parts.pop().map(|name| Name { name, schema: parts.pop() });
            Step::RenameIndex { table, from: Name::bare(last), to: to.clone(), if_exists: false }
        }
        _ => Step::RenameTable { from: Name { schema: parts.pop(), name: last }, to: Name::bare(to.clone()) },
    };
    Some(Ok(one(step)))
}
